/* Which variant of a read is sent: whole, packed, or only "you have it already" (304).
 *
 * Every answer 200 to a GET or HEAD gets a strong ETag: of what changes by version, the version
 * (the handler sets it); else 96 bits of BLAKE2b over the plain body, with "-gzip" behind it when
 * that is what is sent, so that no two byte strings share a tag.
 *
 * A version does not stand for all of a body: a proposal may be pending, figures of use move. So a
 * versioned answer is 304 only while every body sent under that version was the same as this one;
 * whoever holds that tag then holds these bytes. Of a version that stood already when its resource
 * was first asked for, since the start or since another took its place here, nobody knows what was
 * sent under it: no 304 until the next version. */
#include "api/variant.h"

#include "api/negotiate.h"
#include "api/pack.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* One packet carries a body up to about here, packed or not; packing 1,400 bytes takes 20 us. */
enum { PACK_MIN = 1400 };
/* What a listener's own thread packs within 1 ms; more is for a worker. */
enum { PACK_INLINE_MAX = 64 * 1024 };
enum { SEEN_MAX = 128, LEVEL_FAST = 1, HASH_BYTES = 12 };

struct seen {
    uint64_t resource; /* 0: free */
    uint64_t version;
    uint8_t hash[HASH_BYTES];
    bool alike; /* every body that was ever sent under this version */
};

struct variants {
    struct packer *packer[LISTENERS], *workers_packer;
    pthread_mutex_t lock; /* of what follows */
    struct seen seen[SEEN_MAX];
};

enum status variants_open(struct variants **out, struct err *err)
{
    struct variants *variants = calloc(1, sizeof *variants);
    bool made = variants != NULL;

    for (int i = 0; made && i < LISTENERS; i++)
        made = (variants->packer[i] = packer_open(LEVEL_FAST)) != NULL;
    made = made && (variants->workers_packer = packer_open(LEVEL_FAST)) != NULL;
    if (variants)
        pthread_mutex_init(&variants->lock, NULL);
    *out = variants;
    return made ? OK : err_set(err, ERR_INTERNAL, "out of memory");
}

void variants_close(struct variants *variants)
{
    if (!variants)
        return;
    for (int i = 0; i < LISTENERS; i++)
        packer_close(variants->packer[i]);
    packer_close(variants->workers_packer);
    pthread_mutex_destroy(&variants->lock);
    free(variants);
}

bool variant_is_read(const struct exchange *exchange)
{
    return strcmp(exchange->request.method, "GET") == 0 ||
           strcmp(exchange->request.method, "HEAD") == 0;
}

/* Beside secrets no length may tell what somebody else has put into the same answer (BREACH). */
static bool holds_secret(const struct route *route)
{
    return route->handler == handle_me_get || route->handler == handle_tokens_get ||
           route->handler == handle_users_get;
}

bool variant_may_pack(const struct exchange *exchange)
{
    return exchange->route && variant_is_read(exchange) && !holds_secret(exchange->route) &&
           exchange->reply.etag[0] == '\0';
}

bool variant_wants_packed(const struct exchange *exchange)
{
    return accepts_gzip(header(exchange, MHD_HTTP_HEADER_ACCEPT_ENCODING));
}

bool variant_wants_openmetrics(const struct exchange *exchange)
{
    return exchange->route && exchange->route->handler == handle_metrics &&
           accepts_openmetrics(header(exchange, MHD_HTTP_HEADER_ACCEPT));
}

static bool is_answered_read(const struct exchange *exchange)
{
    return exchange->route && exchange->http_code == 200 && exchange->text &&
           !exchange->reply.pieces && variant_is_read(exchange);
}

static bool is_to_be_packed(const struct exchange *exchange)
{
    return exchange->text_length >= PACK_MIN && variant_may_pack(exchange) &&
           variant_wants_packed(exchange);
}

bool variant_is_slow(const struct exchange *exchange)
{
    return is_answered_read(exchange) && exchange->text_length > PACK_INLINE_MAX &&
           is_to_be_packed(exchange);
}

static void hash_body(const void *bytes, size_t length, uint8_t hash[HASH_BYTES])
{
    uint8_t whole[crypto_generichash_BYTES_MIN];

    _Static_assert(HASH_BYTES <= crypto_generichash_BYTES_MIN, "a part of the hash is kept");
    crypto_generichash(whole, sizeof whole, bytes, length, NULL, 0);
    memcpy(hash, whole, HASH_BYTES);
}

void variant_tag(const void *bytes, size_t length, char etag[ETAG_MAX])
{
    uint8_t hash[HASH_BYTES];

    _Static_assert(2 * HASH_BYTES + sizeof "-gzip" <= ETAG_MAX, "a tag fits");
    hash_body(bytes, length, hash);
    sodium_bin2hex(etag, ETAG_MAX, hash, sizeof hash);
}

/* --- what changes by version --- */

static uint64_t resource_of(const struct exchange *exchange)
{
    crypto_generichash_state state;
    uint8_t hash[crypto_generichash_BYTES_MIN];
    uint64_t resource;

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)exchange->route->path,
                              strlen(exchange->route->path) + 1);
    for (int i = 0; i < ROUTE_ARGS && exchange->request.arg[i]; i++)
        crypto_generichash_update(&state, (const uint8_t *)exchange->request.arg[i],
                                  strlen(exchange->request.arg[i]) + 1);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&resource, hash, sizeof resource);
    return resource | 1;
}

/* Notes that this body goes out under this version; true: no other did. */
static bool version_stands_for(struct variants *variants, const struct exchange *exchange)
{
    uint64_t resource = resource_of(exchange);
    struct seen *seen = &variants->seen[resource / 2 % SEEN_MAX];
    uint64_t version = strtoull(exchange->reply.etag, NULL, 10);
    uint8_t hash[HASH_BYTES];
    bool same = false;

    hash_body(exchange->text, exchange->text_length, hash);
    pthread_mutex_lock(&variants->lock);
    if (seen->resource != resource || version > seen->version) {
        *seen = (struct seen){
            .resource = resource, .version = version, .alike = seen->resource == resource};
        memcpy(seen->hash, hash, HASH_BYTES);
    } else if (version == seen->version) { /* an older one was overtaken on its way here */
        seen->alike = seen->alike && memcmp(seen->hash, hash, HASH_BYTES) == 0;
        same = seen->alike;
    }
    pthread_mutex_unlock(&variants->lock);
    return same;
}

/* --- choosing --- */

static void pack(struct exchange *exchange, struct packer *packer)
{
    size_t length;
    void *packed;

    if (!packer_pack(packer, exchange->text, exchange->text_length, &packed, &length))
        return;
    free(exchange->text);
    exchange->text = packed;
    exchange->text_length = length;
    exchange->packed = true;
    strcat(exchange->reply.etag, "-gzip");
}

bool variant_is_held(const struct exchange *exchange, const char *etag)
{
    return none_match_names(header(exchange, MHD_HTTP_HEADER_IF_NONE_MATCH), etag);
}

static void choose(struct exchange *exchange, struct packer *packer)
{
    struct variants *variants = exchange->listener->http->variants;
    bool versioned = exchange->reply.etag[0] != '\0';
    bool packs = is_to_be_packed(exchange);
    bool stands;

    if (!is_answered_read(exchange))
        return;
    exchange->varies = variant_may_pack(exchange);
    stands = !versioned || version_stands_for(variants, exchange);
    if (!versioned)
        variant_tag(exchange->text, exchange->text_length, exchange->reply.etag);
    if (packs)
        pack(exchange, packer);
    if (stands && variant_is_held(exchange, exchange->reply.etag))
        exchange->http_code = MHD_HTTP_NOT_MODIFIED;
}

void variant_choose(struct exchange *exchange)
{
    choose(exchange, exchange->listener->http->variants->packer[exchange->listener->kind]);
}

void variant_choose_on_worker(struct exchange *exchange)
{
    choose(exchange, exchange->listener->http->variants->workers_packer);
}
