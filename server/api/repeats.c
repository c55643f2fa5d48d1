#include "api/repeats.h"

#include "api/repeat_row.h"
#include "control/keep.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KIND "repeat"
#define LIFE_NS (24 * 3600 * 1000000000LL)

enum { KEY_MAX = 128, TEXT_MAX = 64 * 1024 };
enum { TRIM_EVERY = 64, TRIM_MOST = 1024, FULL_RETRY_S = 60 };
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

static uint64_t head_of(const uint8_t who[REPEAT_HASH_BYTES])
{
    uint64_t head;

    memcpy(&head, who, sizeof head);
    return head;
}

static struct repeat *row_find(struct repeats *repeats, const uint8_t who[REPEAT_HASH_BYTES],
                               int64_t now_ns)
{
    uint64_t head = head_of(who);

    for (uint32_t i = 0; i < REPEATS_MAX; i++) {
        struct repeat *row = &repeats->row[i];

        if (repeats->head[i] != head || row->state == REPEAT_FREE ||
            memcmp(row->who, who, REPEAT_HASH_BYTES) != 0)
            continue;
        if (row->state == REPEAT_RUNNING || now_ns - row->at_ns < LIFE_NS)
            return row;
        repeat_free(row);
    }
    return NULL;
}

/* A row that is young and only here is the one thing that knows that its write was done. */
static bool row_may_go(const struct repeat *row, int64_t now_ns)
{
    return row->state != REPEAT_RUNNING && (row->is_stored || now_ns - row->at_ns >= LIFE_NS);
}

static bool owner_is_full(const struct repeats *repeats, const uint8_t owner[REPEAT_OWNER_BYTES],
                          int64_t now_ns)
{
    uint32_t own = 0;

    for (uint32_t i = 0; i < REPEATS_MAX; i++)
        own += repeats->row[i].state != REPEAT_FREE && !row_may_go(&repeats->row[i], now_ns) &&
               memcmp(repeats->row[i].owner, owner, REPEAT_OWNER_BYTES) == 0;
    return own >= REPEATS_OWN_MAX;
}

/* The next place whose row is not needed here, emptied; NULL: there is none, or the owner has his
 * share of such. */
static struct repeat *row_take(struct repeats *repeats, const struct repeat_asked *asked,
                               int64_t now_ns)
{
    if (owner_is_full(repeats, asked->owner, now_ns))
        return NULL;
    for (uint32_t tries = 0; tries < REPEATS_MAX; tries++) {
        uint32_t at = repeats->next;
        struct repeat *row = &repeats->row[at];

        repeats->next = (at + 1) % REPEATS_MAX;
        if (row->state != REPEAT_FREE && !row_may_go(row, now_ns))
            continue;
        repeat_free(row);
        memcpy(row->owner, asked->owner, REPEAT_OWNER_BYTES);
        memcpy(row->who, asked->who, REPEAT_HASH_BYTES);
        memcpy(row->what, asked->what, REPEAT_HASH_BYTES);
        repeats->head[at] = head_of(asked->who);
        return row;
    }
    return NULL;
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
        repeat_free(&repeats->row[i]);
    pthread_mutex_destroy(&repeats->lock);
    free(repeats);
}

/* --- looking up --- */

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
                             const uint8_t what[REPEAT_HASH_BYTES], bool *again)
{
    struct err *err = &exchange->reply.err;

    if (row->names_body && memcmp(row->what, what, REPEAT_HASH_BYTES) != 0)
        return err_set(err, ERR_CONFLICT, "this Idempotency-Key was used for another request");
    if (row->state == REPEAT_RUNNING)
        return err_set(err, ERR_CONFLICT, "the first try is still running");
    if (row->state == REPEAT_UNKNOWN)
        return err_format(err, ERR_OUTCOME_UNKNOWN,
                          "the first try (request %s) was begun, and whether it was done is not "
                          "known; look for that request in GET /api/v1/audit and at what it was to "
                          "change, then send what is still wanted with a new key",
                          row->request_id);
    if (row->state == REPEAT_NOT_KEPT)
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
                             const struct repeat_asked *asked, bool *again)
{
    int64_t now_ns = exchange->request.read_ns;
    struct repeat *row = row_find(repeats, asked->who, now_ns);

    if (row)
        return row_again(row, exchange, asked->what, again);
    row = row_take(repeats, asked, now_ns);
    if (!row)
        return refuse_full(exchange);
    row->state = REPEAT_RUNNING;
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
    struct repeat_asked asked;
    enum status status;

    *again = false;
    if (!is_looked_up(exchange) || !(key = header(exchange, "Idempotency-Key")))
        return OK;
    if (strlen(key) == 0 || strlen(key) > KEY_MAX)
        return err_set(&exchange->reply.err, ERR_MALFORMED, "Idempotency-Key: 1 to 128 bytes");
    repeat_ask(exchange, key, &asked);
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
    char key[REPEAT_KEY_MAX];
    char does[160];
    json_t *json;
    enum status status;

    repeat_key(key, row);
    (void)snprintf(does, sizeof does, "%s %s", exchange->route->method, exchange->route->path);
    json = repeat_json(row, does);
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
    char owner[REPEAT_OWNER_HEX + 1];
    uint32_t count = 0;
    enum status status;

    sodium_bin2hex(owner, sizeof owner, row->owner, REPEAT_OWNER_BYTES);
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
    char key[REPEAT_KEY_MAX];
    json_t *json = NULL;
    enum status status;

    repeat_key(key, row);
    status = keep_get(repeats->keep, KIND, key, &json, err);
    if (status != OK)
        return status;
    repeat_read(row, json);
    json_decref(json);
    if (now_ns - row->at_ns < LIFE_NS)
        return OK;
    repeat_free(row);
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
    repeat_free(row);
    if (found)
        *row = *found;
    pthread_mutex_unlock(&repeats->lock);
}

static enum status answer_from(struct repeats *repeats, struct exchange *exchange,
                               struct repeat *found, bool *again)
{
    uint8_t what[REPEAT_HASH_BYTES];
    enum status status;

    memcpy(what, exchange->repeat->what, REPEAT_HASH_BYTES);
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
static enum repeat_state outcome(const struct exchange *exchange)
{
    int http = exchange->http_code;

    if (http == 401 || http == 403 || http == 429 ||
        (http == 503 && exchange->reply.err.status == ERR_UNAVAILABLE))
        return REPEAT_FREE;
    if (http >= 500 && http != 501)
        return REPEAT_UNKNOWN;
    return exchange->text_length <= TEXT_MAX && repeat_type(exchange->content_type)
               ? REPEAT_ANSWERED
               : REPEAT_NOT_KEPT;
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
        sodium_memzero(settled.what, REPEAT_HASH_BYTES);
        settled.state = settled.state == REPEAT_ANSWERED ? REPEAT_NOT_KEPT : settled.state;
    }
    return settled;
}

static void row_settle(struct repeat *row, const struct repeat *settled)
{
    *row = *settled;
    row->text = NULL;
    row->text_length = 0;
    if (row->state == REPEAT_ANSWERED && !repeat_set_text(row, settled->text, settled->text_length))
        row->state = REPEAT_NOT_KEPT;
    if (row->state == REPEAT_FREE)
        repeat_free(row);
}

/* "begun" stands there already, and says as much as "unknown". False: control.db knows less. */
static bool store(struct repeats *repeats, const struct exchange *exchange,
                  const struct repeat *settled)
{
    char key[REPEAT_KEY_MAX];
    struct err err;
    enum status status = OK;

    repeat_key(key, settled);
    if (settled->state == REPEAT_FREE)
        status = keep_delete(repeats->keep, KIND, key, &err);
    else if (settled->state != REPEAT_UNKNOWN)
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
