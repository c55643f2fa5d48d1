#include "api/repeats.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS_MAX = 256, KEY_MAX = 128, TEXT_MAX = 256 * 1024 };

struct repeat {
    bool used, running;
    uint64_t age;
    uint8_t who[32], what[32]; /* hashes: of person, key, method, path; of the body */
    int http_code;
    char *text;
    size_t text_length;
    const char *content_type;
    char etag[32], location[128];
};

struct repeats {
    pthread_mutex_t lock;
    uint64_t clock;
    struct repeat row[REPEATS_MAX];
};

enum status repeats_open(struct repeats **out, struct err *err)
{
    struct repeats *repeats = calloc(1, sizeof *repeats);

    if (!repeats)
        return err_set(err, ERR_INTERNAL, "out of memory");
    pthread_mutex_init(&repeats->lock, NULL);
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

static void hash_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void hash_who(const struct exchange *exchange, const char *key, uint8_t out[32])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 32);
    hash_text(&state, exchange->request.actor.name);
    hash_text(&state, exchange->request.actor.is_session ? "session" : "token");
    hash_text(&state, key);
    hash_text(&state, exchange->request.method);
    hash_text(&state, exchange->route->path);
    for (uint32_t i = 0; i < ROUTE_ARGS; i++)
        hash_text(&state, exchange->request.arg[i] ? exchange->request.arg[i] : "");
    crypto_generichash_final(&state, out, 32);
}

/* The row of `who`, else the oldest that is not running; NULL: all are. */
static struct repeat *row_for(struct repeats *repeats, const uint8_t who[32])
{
    struct repeat *oldest = NULL;

    for (uint32_t i = 0; i < REPEATS_MAX; i++) {
        struct repeat *row = &repeats->row[i];
        if (row->used && memcmp(row->who, who, 32) == 0)
            return row;
        if (!row->running && (!oldest || row->age < oldest->age))
            oldest = row;
    }
    if (oldest) {
        free(oldest->text);
        *oldest = (struct repeat){0};
    }
    return oldest;
}

static enum status row_answer(const struct repeat *row, struct exchange *exchange)
{
    exchange->text = malloc(row->text_length + 1);
    if (!exchange->text)
        return err_set(&exchange->reply.err, ERR_INTERNAL, "out of memory");
    memcpy(exchange->text, row->text ? row->text : "", row->text_length);
    exchange->text[row->text_length] = '\0';
    exchange->text_length = row->text_length;
    exchange->content_type = row->content_type;
    exchange->http_code = row->http_code;
    strcpy(exchange->reply.etag, row->etag);
    strcpy(exchange->reply.location, row->location);
    return OK;
}

static enum status row_begin(struct repeats *repeats, struct exchange *exchange,
                             const uint8_t who[32], const uint8_t what[32], bool *again)
{
    struct repeat *row = row_for(repeats, who);

    if (!row)
        return err_set(&exchange->reply.err, ERR_UNAVAILABLE, "too many writes at once");
    if (row->used && memcmp(row->what, what, 32) != 0)
        return err_set(&exchange->reply.err, ERR_CONFLICT,
                       "this Idempotency-Key was used for another request");
    if (row->running)
        return err_set(&exchange->reply.err, ERR_CONFLICT, "the first try is still running");
    if (row->used) {
        *again = true;
        return row_answer(row, exchange);
    }
    row->used = row->running = true;
    row->age = ++repeats->clock;
    memcpy(row->who, who, 32);
    memcpy(row->what, what, 32);
    exchange->repeat = row;
    return OK;
}

enum status repeats_begin(struct repeats *repeats, struct exchange *exchange, bool *again)
{
    const char *key;
    uint8_t who[32], what[32];
    enum status status;

    *again = false;
    if (strcmp(exchange->route->method, "GET") == 0 ||
        !(key = header(exchange, "Idempotency-Key")) ||
        exchange->route->handler == handle_kill_post || exchange->route->role == ROUTE_NONE)
        return OK;
    if (strlen(key) == 0 || strlen(key) > KEY_MAX)
        return err_set(&exchange->reply.err, ERR_MALFORMED, "Idempotency-Key: 1 to 128 bytes");
    hash_who(exchange, key, who);
    crypto_generichash(what, 32, (const unsigned char *)(exchange->body ? exchange->body : ""),
                       exchange->body_length, NULL, 0);
    pthread_mutex_lock(&repeats->lock);
    status = row_begin(repeats, exchange, who, what, again);
    pthread_mutex_unlock(&repeats->lock);
    return status;
}

static bool is_worth_keeping(const struct exchange *exchange)
{
    return exchange->http_code < 500 && exchange->http_code != 429 && exchange->http_code != 401 &&
           exchange->http_code != 403 && exchange->text_length <= TEXT_MAX;
}

void repeats_keep(struct repeats *repeats, struct exchange *exchange)
{
    struct repeat *row = exchange->repeat;

    if (!row)
        return;
    exchange->repeat = NULL;
    pthread_mutex_lock(&repeats->lock);
    row->running = false;
    row->text = is_worth_keeping(exchange) ? malloc(exchange->text_length + 1) : NULL;
    if (!row->text) {
        *row = (struct repeat){0};
    } else {
        memcpy(row->text, exchange->text ? exchange->text : "", exchange->text_length);
        row->text_length = exchange->text_length;
        row->content_type = exchange->content_type;
        row->http_code = exchange->http_code;
        strcpy(row->etag, exchange->reply.etag);
        strcpy(row->location, exchange->reply.location);
    }
    pthread_mutex_unlock(&repeats->lock);
}
