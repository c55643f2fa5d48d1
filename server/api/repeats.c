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

enum { KEY_MAX = 128, TEXT_MAX = 64 * 1024, HASH_BYTES = 32, OWNER_BYTES = 8 };
enum { TRIM_EVERY = 64, TRIM_MOST = 1024, FULL_RETRY_S = 60 };
/* A row's key in control.db begins with its owner, so that those of one can be counted. */
enum { OWNER_HEX = 2 * OWNER_BYTES, HEX_MAX = OWNER_HEX + 2 * HASH_BYTES + 1 };

enum state { FREE, RUNNING, ANSWERED, UNKNOWN, NOT_KEPT, STATES };
static const char *const state_names[STATES] = {"", "begun", "answered", "unknown", "not_kept"};

struct repeat {
    enum state state;
    bool names_body;            /* `what` is known */
    bool is_stored;             /* control.db has it too: its place may be taken */
    uint8_t owner[OWNER_BYTES]; /* the first of the hash of who asks */
    uint8_t who[HASH_BYTES];    /* of who asks, key, method, path */
    uint8_t what[HASH_BYTES];   /* of If-Match, the query, the body */
    int64_t at_ns;
    char request_id[REQUEST_ID_MAX]; /* of the first try */
    int http_code;
    char *text; /* of ANSWERED */
    size_t text_length;
    const char *content_type;
    char etag[32], location[128];
};

/* The hashes of a request; see struct repeat. */
struct asked {
    uint8_t owner[OWNER_BYTES], who[HASH_BYTES], what[HASH_BYTES];
};

struct repeats {
    struct keep *keep;
    _Atomic uint32_t puts;
    _Atomic int64_t full_trim_s; /* the second of the last trimming because an owner was full */
    pthread_mutex_t lock;        /* what stands below */
    uint32_t next;               /* where the next new row looks for its place */
    uint64_t head[REPEATS_MAX];  /* of each row's `who`: what a look-up walks */
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
    if (row->text)
        sodium_memzero(row->text, row->text_length);
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

/* A row that is young and only here is the one thing that knows that its write was done. */
static bool row_may_go(const struct repeat *row, int64_t now_ns)
{
    return row->state != RUNNING && (row->is_stored || now_ns - row->at_ns >= LIFE_NS);
}

static bool owner_is_full(const struct repeats *repeats, const uint8_t owner[OWNER_BYTES],
                          int64_t now_ns)
{
    uint32_t own = 0;

    for (uint32_t i = 0; i < REPEATS_MAX; i++)
        own += repeats->row[i].state != FREE && !row_may_go(&repeats->row[i], now_ns) &&
               memcmp(repeats->row[i].owner, owner, OWNER_BYTES) == 0;
    return own >= REPEATS_OWN_MAX;
}

/* The next place whose row is not needed here, emptied; NULL: there is none, or the owner has his
 * share of such. */
static struct repeat *row_take(struct repeats *repeats, const struct asked *asked, int64_t now_ns)
{
    if (owner_is_full(repeats, asked->owner, now_ns))
        return NULL;
    for (uint32_t tries = 0; tries < REPEATS_MAX; tries++) {
        uint32_t at = repeats->next;
        struct repeat *row = &repeats->row[at];

        repeats->next = (at + 1) % REPEATS_MAX;
        if (row->state != FREE && !row_may_go(row, now_ns))
            continue;
        row_free(row);
        memcpy(row->owner, asked->owner, OWNER_BYTES);
        memcpy(row->who, asked->who, HASH_BYTES);
        memcpy(row->what, asked->what, HASH_BYTES);
        repeats->head[at] = head_of(asked->who);
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

static void row_key(char out[HEX_MAX], const struct repeat *row)
{
    sodium_bin2hex(out, HEX_MAX, row->owner, OWNER_BYTES);
    sodium_bin2hex(out + OWNER_HEX, HEX_MAX - OWNER_HEX, row->who, HASH_BYTES);
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

    sodium_bin2hex(what, sizeof what, row->what, HASH_BYTES);
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
static void row_read(struct repeat *row, const json_t *json)
{
    const char *state = text_of(json, "state");

    row->at_ns = strtoll(text_of(json, "at_ns"), NULL, 10);
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
    if (keep)
        status = keep_trim_before(keep, KIND, clock_real_ns() - LIFE_NS, TRIM_MOST, err);
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
        row_free(&repeats->row[i]);
    pthread_mutex_destroy(&repeats->lock);
    free(repeats);
}

/* --- looking up --- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* A person stays the same over log-ins; a token is its secret: one made anew is another, whatever
 * its name. */
static void hash_owner(const struct actor *actor, uint8_t out[HASH_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    hash_text(&state, actor->is_session ? "session" : actor->is_local ? "local" : "token");
    hash_text(&state, actor->is_session || actor->is_local ? actor->name : actor->session_key);
    hash_text(&state, actor->person);
    crypto_generichash_final(&state, out, HASH_BYTES);
}

static void hash_who(const struct exchange *exchange, const char *key, struct asked *asked)
{
    crypto_generichash_state state;
    uint8_t owner[HASH_BYTES];

    hash_owner(&exchange->request.actor, owner);
    memcpy(asked->owner, owner, OWNER_BYTES);
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    crypto_generichash_update(&state, owner, HASH_BYTES);
    hash_text(&state, key);
    hash_text(&state, exchange->request.method);
    hash_text(&state, exchange->route->path);
    for (uint32_t i = 0; i < ROUTE_ARGS; i++)
        hash_text(&state, or_empty(exchange->request.arg[i]));
    crypto_generichash_final(&state, asked->who, HASH_BYTES);
}

static void hash_what(const struct exchange *exchange, struct asked *asked)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    hash_text(&state, or_empty(header(exchange, "If-Match")));
    for (uint32_t i = 0; i < exchange->arg_count; i++) {
        hash_text(&state, or_empty(exchange->args[i].name));
        hash_text(&state, or_empty(exchange->args[i].value));
    }
    hash_text(&state, ""); /* no argument has an empty name: here they end */
    crypto_generichash_update(&state, (const unsigned char *)or_empty(exchange->body),
                              exchange->body_length);
    crypto_generichash_final(&state, asked->what, HASH_BYTES);
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

static enum status refuse_full(struct exchange *exchange)
{
    exchange->reply.retry_after_s = FULL_RETRY_S;
    return err_set(&exchange->reply.err, ERR_UNAVAILABLE,
                   "too many Idempotency-Keys younger than 24 hours; nothing was done: send it "
                   "later, or without a key if it may be done twice");
}

static enum status row_begin(struct repeats *repeats, struct exchange *exchange,
                             const struct asked *asked, bool *again)
{
    int64_t now_ns = exchange->request.read_ns;
    struct repeat *row = row_find(repeats, asked->who, now_ns);

    if (row)
        return row_again(row, exchange, asked->what, again);
    row = row_take(repeats, asked, now_ns);
    if (!row)
        return refuse_full(exchange);
    row->state = RUNNING;
    row->names_body = true;
    row->at_ns = now_ns;
    strcpy(row->request_id, exchange->request.request_id);
    exchange->repeat = row;
    return OK;
}

/* What runs on a listener's thread does no harm when it is done again: no row for it, or whoever
 * may ask for a stream's ticket could take the places of orders. */
static bool is_looked_up(const struct exchange *exchange)
{
    return strcmp(exchange->route->method, "GET") != 0 && exchange->route->role != ROUTE_NONE &&
           exchange->route->where != WHERE_INLINE && exchange->route->where != WHERE_STREAM;
}

enum status repeats_begin(struct repeats *repeats, struct exchange *exchange, bool *again)
{
    const char *key;
    struct asked asked;
    enum status status;

    *again = false;
    if (!is_looked_up(exchange) || !(key = header(exchange, "Idempotency-Key")))
        return OK;
    if (strlen(key) == 0 || strlen(key) > KEY_MAX)
        return err_set(&exchange->reply.err, ERR_MALFORMED, "Idempotency-Key: 1 to 128 bytes");
    hash_who(exchange, key, &asked);
    hash_what(exchange, &asked);
    pthread_mutex_lock(&repeats->lock);
    status = row_begin(repeats, exchange, &asked, again);
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

static enum status trim(struct repeats *repeats, struct err *err)
{
    return keep_trim_before(repeats->keep, KIND, clock_real_ns() - LIFE_NS, TRIM_MOST, err);
}

/* `write` is keep_add or keep_put. */
static enum status row_write(struct repeats *repeats, const struct exchange *exchange,
                             const struct repeat *row,
                             enum status (*write)(struct keep *, const char *, const char *,
                                                  const json_t *, struct err *),
                             struct err *err)
{
    char key[HEX_MAX];
    char does[160];
    json_t *json;
    enum status status;

    row_key(key, row);
    (void)snprintf(does, sizeof does, "%s %s", exchange->route->method, exchange->route->path);
    json = row_json(row, does);
    status = json ? write(repeats->keep, KIND, key, json, err)
                  : err_set(err, ERR_INTERNAL, "out of memory");
    json_decref(json);
    if (status == OK && atomic_fetch_add(&repeats->puts, 1) % TRIM_EVERY == TRIM_EVERY - 1)
        status = trim(repeats, err);
    return status;
}

/* ERR_UNAVAILABLE: the owner has his share of control.db, and it is young. */
static enum status owner_check(struct repeats *repeats, const struct repeat *row, struct err *err)
{
    int64_t now_s = clock_real_ns() / 1000000000;
    char owner[OWNER_HEX + 1];
    uint32_t count = 0;
    enum status status;

    sodium_bin2hex(owner, sizeof owner, row->owner, OWNER_BYTES);
    status = keep_count(repeats->keep, KIND, owner, &count, err);
    if (status != OK || count < REPEATS_STORED_OWN_MAX)
        return status;
    if (atomic_exchange(&repeats->full_trim_s, now_s) != now_s) {
        status = trim(repeats, err);
        if (status == OK)
            status = keep_count(repeats->keep, KIND, owner, &count, err);
    }
    if (status != OK || count < REPEATS_STORED_OWN_MAX)
        return status;
    return err_set(err, ERR_UNAVAILABLE, "the share is full");
}

/* What control.db has of this key, in *row. ERR_NOT_FOUND; one too old is removed. */
static enum status row_load(struct repeats *repeats, struct repeat *row, struct err *err)
{
    int64_t now_ns = row->at_ns;
    char key[HEX_MAX];
    json_t *json = NULL;
    enum status status;

    row_key(key, row);
    status = keep_get(repeats->keep, KIND, key, &json, err);
    if (status != OK)
        return status;
    row_read(row, json);
    json_decref(json);
    if (now_ns - row->at_ns < LIFE_NS)
        return OK;
    row_free(row);
    status = keep_delete(repeats->keep, KIND, key, err);
    return status == OK ? err_set(err, ERR_NOT_FOUND, "too old") : status;
}

/* Nothing is to be run: the row is what control.db knew (`found`), or none. */
static void row_replace(struct repeats *repeats, struct exchange *exchange,
                        const struct repeat *found)
{
    struct repeat *row = exchange->repeat;

    exchange->repeat = NULL;
    pthread_mutex_lock(&repeats->lock);
    row_free(row);
    if (found)
        *row = *found;
    pthread_mutex_unlock(&repeats->lock);
}

static enum status answer_from(struct repeats *repeats, struct exchange *exchange,
                               struct repeat *found, bool *again)
{
    uint8_t what[HASH_BYTES];
    enum status status;

    memcpy(what, exchange->repeat->what, HASH_BYTES);
    found->is_stored = true;
    status = row_again(found, exchange, what, again);
    row_replace(repeats, exchange, found);
    return status;
}

enum status repeats_promise(struct repeats *repeats, struct exchange *exchange, bool *again)
{
    struct repeat found, begun;
    struct err inner;
    enum status status;

    *again = false;
    if (!exchange->repeat || !repeats->keep)
        return OK;
    begun = found = *exchange->repeat; /* running: nobody else changes it */
    begun.names_body = !is_secret(exchange);
    status = row_load(repeats, &found, &inner);
    if (status == OK)
        return answer_from(repeats, exchange, &found, again);
    if (status == ERR_NOT_FOUND)
        status = owner_check(repeats, &begun, &inner);
    if (status == OK)
        status = row_write(repeats, exchange, &begun, keep_add, &inner);
    if (status == OK)
        return OK;
    row_replace(repeats, exchange, NULL);
    if (status == ERR_UNAVAILABLE)
        return refuse_full(exchange);
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

/* The row as it will be kept; its text is still the exchange's. */
static struct repeat settled_row(const struct repeat *row, const struct exchange *exchange)
{
    struct repeat settled = *row;

    settled.state = outcome(exchange);
    settled.http_code = exchange->http_code;
    settled.content_type = exchange->content_type;
    settled.text = exchange->text ? exchange->text : (char *)"";
    settled.text_length = exchange->text_length;
    strcpy(settled.etag, exchange->reply.etag);
    strcpy(settled.location, exchange->reply.location);
    if (is_secret(exchange)) {
        settled.names_body = false;
        sodium_memzero(settled.what, HASH_BYTES);
        settled.state = settled.state == ANSWERED ? NOT_KEPT : settled.state;
    }
    return settled;
}

static void row_settle(struct repeat *row, const struct repeat *settled)
{
    *row = *settled;
    row->text = NULL;
    row->text_length = 0;
    if (row->state == ANSWERED && !row_set_text(row, settled->text, settled->text_length))
        row->state = NOT_KEPT;
    if (row->state == FREE)
        row_free(row);
}

/* "begun" stands there already, and says as much as "unknown". False: control.db knows less. */
static bool store(struct repeats *repeats, const struct exchange *exchange,
                  const struct repeat *settled)
{
    char key[HEX_MAX];
    struct err err;
    enum status status = OK;

    row_key(key, settled);
    if (settled->state == FREE)
        status = keep_delete(repeats->keep, KIND, key, &err);
    else if (settled->state != UNKNOWN)
        status = row_write(repeats, exchange, settled, keep_put, &err);
    if (status != OK)
        log_line(LOG_ERROR, "api", "the answer of an Idempotency-Key is not stored", "request=%s",
                 exchange->request.request_id);
    return status == OK;
}

void repeats_keep(struct repeats *repeats, struct exchange *exchange, bool durable)
{
    struct repeat *row = exchange->repeat;
    struct repeat settled;

    if (!row)
        return;
    exchange->repeat = NULL;
    settled = settled_row(row, exchange); /* running: nobody else changes it */
    if (durable && repeats->keep)
        settled.is_stored = store(repeats, exchange, &settled);
    pthread_mutex_lock(&repeats->lock);
    row_settle(row, &settled);
    pthread_mutex_unlock(&repeats->lock);
}
