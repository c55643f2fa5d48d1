#include "api/repeats.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KIND "repeat"
#define LIFE_NS (24 * 3600 * 1000000000LL)

enum { REPEATS_MAX = 1024, KEY_MAX = 128, TEXT_MAX = 64 * 1024, TRIM_EVERY = 64, HASH_BYTES = 32 };
enum { HEX_MAX = 2 * HASH_BYTES + 1 };

enum state { FREE, RUNNING, ANSWERED, UNKNOWN, NOT_KEPT, STATES };
static const char *const state_names[STATES] = {"", "begun", "answered", "unknown", "not_kept"};

struct repeat {
    enum state state;
    bool names_body;                           /* `what` is known */
    uint8_t who[HASH_BYTES], what[HASH_BYTES]; /* of person, key, method, path; of the body */
    int64_t at_ns;
    char request_id[REQUEST_ID_MAX]; /* of the first try */
    int http_code;
    char *text; /* of ANSWERED */
    size_t text_length;
    const char *content_type;
    char etag[32], location[128];
};

struct repeats {
    struct keep *keep;
    _Atomic uint32_t puts;
    pthread_mutex_t lock;       /* what stands below */
    uint32_t next;              /* place of the next new row: the oldest */
    uint64_t head[REPEATS_MAX]; /* of each row's `who`: what a look-up walks */
    struct repeat row[REPEATS_MAX];
};

/* --- rows; under the lock --- */

static uint64_t head_of(const uint8_t who[HASH_BYTES])
{
    uint64_t head;

    memcpy(&head, who, sizeof head);
    return head;
}

static void row_free(struct repeat *row)
{
    free(row->text);
    *row = (struct repeat){.state = FREE};
}

static struct repeat *row_find(struct repeats *repeats, const uint8_t who[HASH_BYTES],
                               int64_t now_ns)
{
    uint64_t head = head_of(who);

    for (uint32_t i = 0; i < REPEATS_MAX; i++) {
        struct repeat *row = &repeats->row[i];

        if (repeats->head[i] != head || row->state == FREE ||
            memcmp(row->who, who, HASH_BYTES) != 0)
            continue;
        if (row->state == RUNNING || now_ns - row->at_ns < LIFE_NS)
            return row;
        row_free(row);
    }
    return NULL;
}

/* The oldest place that is not running, emptied; NULL: all are. */
static struct repeat *row_take(struct repeats *repeats, const uint8_t who[HASH_BYTES])
{
    for (uint32_t tries = 0; tries < REPEATS_MAX; tries++) {
        uint32_t at = repeats->next;
        struct repeat *row = &repeats->row[at];

        repeats->next = (at + 1) % REPEATS_MAX;
        if (row->state == RUNNING)
            continue;
        row_free(row);
        memcpy(row->who, who, HASH_BYTES);
        repeats->head[at] = head_of(who);
        return row;
    }
    return NULL;
}

static bool row_set_text(struct repeat *row, const char *text, size_t length)
{
    row->text = malloc(length + 1);
    if (!row->text)
        return false;
    memcpy(row->text, text ? text : "", length);
    row->text[length] = '\0';
    row->text_length = length;
    return true;
}

/* --- what is stored --- */

static const char *const stored_types[] = {"application/json", "application/problem+json"};

static const char *type_find(const char *text)
{
    for (size_t at = 0; text && at < sizeof stored_types / sizeof stored_types[0]; at++)
        if (strcmp(text, stored_types[at]) == 0)
            return stored_types[at];
    return NULL;
}

static void hex(char out[HEX_MAX], const uint8_t hash[HASH_BYTES])
{
    sodium_bin2hex(out, HEX_MAX, hash, HASH_BYTES);
}

static bool unhex(uint8_t hash[HASH_BYTES], const char *text)
{
    size_t length = 0;

    return text && sodium_hex2bin(hash, HASH_BYTES, text, strlen(text), NULL, &length, NULL) == 0 &&
           length == HASH_BYTES;
}

/* The row as control.db holds it; an answer joins only where it is ANSWERED. */
static json_t *row_json(const struct repeat *row, const char *does)
{
    char what[HEX_MAX];
    char at[24];
    json_t *json;

    hex(what, row->what);
    (void)snprintf(at, sizeof at, "%" PRId64, row->at_ns);
    json = json_pack("{s:s, s:s, s:o, s:s, s:s, s:i}", "state", state_names[row->state], "does",
                     does, "what", row->names_body ? json_string(what) : json_null(), "at_ns", at,
                     "request_id", row->request_id, "http", row->http_code);
    if (json && row->state == ANSWERED)
        json_object_update_new(json, json_pack("{s:s, s:s, s:s, s:s}", "text", row->text, "type",
                                               row->content_type, "etag", row->etag, "location",
                                               row->location));
    return json;
}

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text ? text : "";
}

static void row_read_answer(struct repeat *row, const json_t *json)
{
    const char *text = json_string_value(json_object_get(json, "text"));

    row->content_type = type_find(text_of(json, "type"));
    (void)snprintf(row->etag, sizeof row->etag, "%s", text_of(json, "etag"));
    (void)snprintf(row->location, sizeof row->location, "%s", text_of(json, "location"));
    if (!text || !row->content_type || !row_set_text(row, text, strlen(text)))
        row->state = NOT_KEPT; /* rather than a wrong one */
}

/* A begun one whose end is not there is one whose end nobody knows. */
static void row_read(void *ctx, const char *key, const json_t *json)
{
    struct repeats *repeats = ctx;
    const char *state = text_of(json, "state");
    int64_t at_ns = strtoll(text_of(json, "at_ns"), NULL, 10);
    uint8_t who[HASH_BYTES];
    struct repeat *row;

    if (!unhex(who, key) || clock_real_ns() - at_ns >= LIFE_NS || !(row = row_take(repeats, who)))
        return;
    row->at_ns = at_ns;
    row->names_body = unhex(row->what, json_string_value(json_object_get(json, "what")));
    row->http_code = (int)json_integer_value(json_object_get(json, "http"));
    (void)snprintf(row->request_id, sizeof row->request_id, "%s", text_of(json, "request_id"));
    row->state = UNKNOWN;
    if (strcmp(state, state_names[NOT_KEPT]) == 0)
        row->state = NOT_KEPT;
    if (strcmp(state, state_names[ANSWERED]) == 0) {
        row->state = ANSWERED;
        row_read_answer(row, json);
    }
}

/* --- opening --- */

enum status repeats_open(struct repeats **out, struct keep *keep, struct err *err)
{
    struct repeats *repeats = calloc(1, sizeof *repeats);
    enum status status = OK;

    if (!repeats)
        return err_set(err, ERR_INTERNAL, "out of memory");
    pthread_mutex_init(&repeats->lock, NULL);
    repeats->keep = keep;
    if (keep && (status = keep_trim(keep, KIND, REPEATS_MAX, err)) == OK)
        status = keep_each(keep, KIND, row_read, repeats, err);
    if (status != OK) {
        repeats_close(repeats);
        return status;
    }
    *out = repeats;
    return OK;
}

void repeats_close(struct repeats *repeats)
{
    if (!repeats)
        return;
    for (uint32_t i = 0; i < REPEATS_MAX; i++)
        free(repeats->row[i].text);
    pthread_mutex_destroy(&repeats->lock);
    free(repeats);
}

/* --- looking up --- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void hash_who(const struct exchange *exchange, const char *key, uint8_t out[HASH_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    hash_text(&state, exchange->request.actor.name);
    hash_text(&state, exchange->request.actor.is_session ? "session" : "token");
    hash_text(&state, key);
    hash_text(&state, exchange->request.method);
    hash_text(&state, exchange->route->path);
    for (uint32_t i = 0; i < ROUTE_ARGS; i++)
        hash_text(&state, exchange->request.arg[i] ? exchange->request.arg[i] : "");
    crypto_generichash_final(&state, out, HASH_BYTES);
}

static enum status row_answer(const struct repeat *row, struct exchange *exchange)
{
    exchange->text = malloc(row->text_length + 1);
    if (!exchange->text)
        return err_set(&exchange->reply.err, ERR_INTERNAL, "out of memory");
    memcpy(exchange->text, row->text, row->text_length + 1);
    exchange->text_length = row->text_length;
    exchange->content_type = row->content_type;
    exchange->http_code = row->http_code;
    exchange->is_replay = true;
    strcpy(exchange->reply.etag, row->etag);
    strcpy(exchange->reply.location, row->location);
    return OK;
}

static enum status row_again(const struct repeat *row, struct exchange *exchange,
                             const uint8_t what[HASH_BYTES], bool *again)
{
    struct err *err = &exchange->reply.err;

    if (row->names_body && memcmp(row->what, what, HASH_BYTES) != 0)
        return err_set(err, ERR_CONFLICT, "this Idempotency-Key was used for another request");
    if (row->state == RUNNING)
        return err_set(err, ERR_CONFLICT, "the first try is still running");
    if (row->state == UNKNOWN)
        return err_format(err, ERR_OUTCOME_UNKNOWN,
                          "the first try (request %s) was begun, and whether it was done is not "
                          "known; look for that request in GET /api/v1/audit and at what it was to "
                          "change, then send what is still wanted with a new key",
                          row->request_id);
    if (row->state == NOT_KEPT)
        return err_format(err, ERR_ANSWER_NOT_KEPT,
                          "the first try (request %s) was answered %d; that answer is not stored, "
                          "because it is too long or could hold a secret: look at what it changed, "
                          "or do it anew with a new key",
                          row->request_id, row->http_code);
    *again = true;
    return row_answer(row, exchange);
}

static enum status row_begin(struct repeats *repeats, struct exchange *exchange,
                             const uint8_t who[HASH_BYTES], const uint8_t what[HASH_BYTES],
                             bool *again)
{
    struct repeat *row = row_find(repeats, who, exchange->request.read_ns);

    if (row)
        return row_again(row, exchange, what, again);
    row = row_take(repeats, who);
    if (!row)
        return err_set(&exchange->reply.err, ERR_UNAVAILABLE, "too many writes at once");
    row->state = RUNNING;
    row->names_body = true;
    row->at_ns = exchange->request.read_ns;
    memcpy(row->what, what, HASH_BYTES);
    strcpy(row->request_id, exchange->request.request_id);
    exchange->repeat = row;
    return OK;
}

enum status repeats_begin(struct repeats *repeats, struct exchange *exchange, bool *again)
{
    const char *key;
    uint8_t who[HASH_BYTES], what[HASH_BYTES];
    enum status status;

    *again = false;
    if (strcmp(exchange->route->method, "GET") == 0 ||
        !(key = header(exchange, "Idempotency-Key")) ||
        exchange->route->handler == handle_kill_post || exchange->route->role == ROUTE_NONE)
        return OK;
    if (strlen(key) == 0 || strlen(key) > KEY_MAX)
        return err_set(&exchange->reply.err, ERR_MALFORMED, "Idempotency-Key: 1 to 128 bytes");
    hash_who(exchange, key, who);
    crypto_generichash(what, HASH_BYTES,
                       (const unsigned char *)(exchange->body ? exchange->body : ""),
                       exchange->body_length, NULL, 0);
    pthread_mutex_lock(&repeats->lock);
    status = row_begin(repeats, exchange, who, what, again);
    pthread_mutex_unlock(&repeats->lock);
    return status;
}

/* --- keeping --- */

/* Its body may hold a password, its answer a new token. */
static bool is_secret(const struct exchange *exchange)
{
    static const char *const paths[] = {"/api/v1/me", "/api/v1/users", "/api/v1/tokens",
                                        "/api/v1/session"};

    for (size_t at = 0; at < sizeof paths / sizeof paths[0]; at++)
        if (strncmp(exchange->route->path, paths[at], strlen(paths[at])) == 0)
            return true;
    return false;
}

static enum status row_put(struct repeats *repeats, const struct exchange *exchange,
                           const struct repeat *row, struct err *err)
{
    char key[HEX_MAX];
    char does[160];
    json_t *json;
    enum status status;

    hex(key, row->who);
    (void)snprintf(does, sizeof does, "%s %s", exchange->route->method, exchange->route->path);
    json = row_json(row, does);
    status = json ? keep_put(repeats->keep, KIND, key, json, err)
                  : err_set(err, ERR_INTERNAL, "out of memory");
    json_decref(json);
    if (status == OK && atomic_fetch_add(&repeats->puts, 1) % TRIM_EVERY == TRIM_EVERY - 1)
        status = keep_trim(repeats->keep, KIND, REPEATS_MAX, err);
    return status;
}

enum status repeats_promise(struct repeats *repeats, struct exchange *exchange)
{
    struct repeat begun;
    struct err inner;

    if (!exchange->repeat || !repeats->keep)
        return OK;
    begun = *exchange->repeat; /* running: nobody else changes it */
    begun.names_body = !is_secret(exchange);
    if (row_put(repeats, exchange, &begun, &inner) == OK)
        return OK;
    pthread_mutex_lock(&repeats->lock);
    row_free(exchange->repeat);
    pthread_mutex_unlock(&repeats->lock);
    exchange->repeat = NULL;
    return err_format(&exchange->reply.err, ERR_STORAGE, "the Idempotency-Key cannot be stored: %s",
                      inner.text);
}

/* What an answer says about the outcome; FREE: nothing was done. */
static enum state outcome(const struct exchange *exchange)
{
    int http = exchange->http_code;

    if (http == 401 || http == 403 || http == 429 ||
        (http == 503 && exchange->reply.err.status == ERR_UNAVAILABLE))
        return FREE;
    if (http >= 500 && http != 501)
        return UNKNOWN;
    return exchange->text_length <= TEXT_MAX && type_find(exchange->content_type) ? ANSWERED
                                                                                  : NOT_KEPT;
}

/* The row as it will be stored; its text is still the exchange's. */
static struct repeat stored_row(const struct repeat *row, const struct exchange *exchange)
{
    struct repeat stored = *row;

    stored.state = outcome(exchange);
    stored.http_code = exchange->http_code;
    stored.content_type = exchange->content_type;
    stored.text = exchange->text ? exchange->text : (char *)"";
    strcpy(stored.etag, exchange->reply.etag);
    strcpy(stored.location, exchange->reply.location);
    if (is_secret(exchange)) {
        stored.names_body = false;
        stored.state = stored.state == ANSWERED ? NOT_KEPT : stored.state;
    }
    return stored;
}

static void row_settle(struct repeat *row, const struct exchange *exchange)
{
    row->state = outcome(exchange);
    row->http_code = exchange->http_code;
    row->content_type = exchange->content_type;
    strcpy(row->etag, exchange->reply.etag);
    strcpy(row->location, exchange->reply.location);
    if (row->state == ANSWERED && !row_set_text(row, exchange->text, exchange->text_length))
        row->state = NOT_KEPT;
    if (row->state == FREE)
        row_free(row);
}

/* "begun" stands there already, and says as much as "unknown". */
static void store(struct repeats *repeats, const struct exchange *exchange,
                  const struct repeat *stored)
{
    char key[HEX_MAX];
    struct err err;
    enum status status = OK;

    hex(key, stored->who);
    if (stored->state == FREE)
        status = keep_delete(repeats->keep, KIND, key, &err);
    else if (stored->state != UNKNOWN)
        status = row_put(repeats, exchange, stored, &err);
    if (status != OK)
        log_line(LOG_ERROR, "api", "the answer of an Idempotency-Key is not stored", "request=%s",
                 exchange->request.request_id);
}

void repeats_keep(struct repeats *repeats, struct exchange *exchange, bool durable)
{
    struct repeat *row = exchange->repeat;

    if (!row)
        return;
    exchange->repeat = NULL;
    if (durable && repeats->keep) {
        struct repeat stored = stored_row(row, exchange); /* running: nobody else changes it */

        store(repeats, exchange, &stored);
    }
    pthread_mutex_lock(&repeats->lock);
    row_settle(row, exchange);
    pthread_mutex_unlock(&repeats->lock);
}
