#include "control/throttle.h"

#include <arpa/inet.h>
#include <string.h>

#define SECOND_NS 1000000000LL

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * 0x100000001b3ULL;
    return (hash ^ 0xff) * 0x100000001b3ULL; /* "ab","c" is not "a","bc" */
}

/* Whoever has one address of IPv6 has its /64. */
static uint64_t hash_address(uint64_t hash, const char *address)
{
    struct in6_addr network;

    if (inet_pton(AF_INET6, address, &network) == 1 && !IN6_IS_ADDR_V4MAPPED(&network))
        return hash_bytes(hash, &network, 8);
    return hash_bytes(hash, address, strlen(address));
}

static uint64_t key_of(const char *user, const char *address)
{
    return hash_address(hash_bytes(0xcbf29ce484222325ULL, user, strlen(user)), address) | 1;
}

/* Does `row` make room before `other`? */
static bool goes_first(const struct throttle_row *row, const struct throttle_row *other)
{
    if ((row->key == 0) != (other->key == 0))
        return row->key == 0;
    if (row->is_known != other->is_known)
        return !row->is_known;
    return row->used_ns < other->used_ns;
}

/* The key's row, or the one that makes room for it. */
static struct throttle_row *find(struct throttle_row *rows, int count, uint64_t key)
{
    struct throttle_row *first = &rows[0];

    for (int i = 0; i < count; i++) {
        if (rows[i].key == key)
            return &rows[i];
        if (goes_first(&rows[i], first))
            first = &rows[i];
    }
    return first;
}

static struct throttle_row *take(struct throttle_row *rows, int count, uint64_t key, int64_t now_ns)
{
    struct throttle_row *row = find(rows, count, key);

    if (row->key != key)
        *row = (struct throttle_row){.key = key, .used_ns = now_ns};
    return row;
}

static int64_t wait_s(uint32_t tries, uint32_t free, int64_t max_s)
{
    uint32_t doublings = tries - free;
    int64_t wait = doublings < 16 ? (int64_t)1 << doublings : max_s;

    return wait < max_s ? wait : max_s;
}

static int left_s(const struct throttle_row *row, int64_t now_ns)
{
    if (now_ns >= row->open_ns)
        return 0;
    return (int)((row->open_ns - now_ns + SECOND_NS - 1) / SECOND_NS);
}

static void charge(struct throttle_row *row, uint32_t free, int64_t max_s, int64_t now_ns)
{
    row->tries++;
    row->used_ns = now_ns;
    row->open_ns = row->tries < free ? 0 : now_ns + wait_s(row->tries, free, max_s) * SECOND_NS;
}

int throttle_try(struct throttle *throttle, const char *user, const char *address, int64_t now_ns)
{
    struct throttle_row *pair = take(throttle->pair, THROTTLE_ROWS, key_of(user, address), now_ns);
    struct throttle_row *place =
        take(throttle->address, THROTTLE_ADDRESSES, key_of("", address), now_ns);
    int wait = left_s(pair, now_ns);

    if (now_ns - place->used_ns > THROTTLE_QUIET_S * SECOND_NS)
        place->tries = 0;
    if (wait == 0 && !pair->is_known)
        wait = left_s(place, now_ns);
    if (wait > 0)
        return wait;
    charge(pair, THROTTLE_FREE, THROTTLE_WAIT_MAX_S, now_ns);
    charge(place, THROTTLE_ADDRESS_FREE, THROTTLE_ADDRESS_WAIT_MAX_S, now_ns);
    return 0;
}

int throttle_try_pair(struct throttle *throttle, const char *user, const char *what, int64_t now_ns)
{
    struct throttle_row *pair = take(throttle->pair, THROTTLE_ROWS, key_of(user, what), now_ns);
    int wait = left_s(pair, now_ns);

    if (wait == 0)
        charge(pair, THROTTLE_FREE, THROTTLE_WAIT_MAX_S, now_ns);
    return wait;
}

void throttle_forgive(struct throttle *throttle, const char *user, const char *address)
{
    uint64_t key = key_of(user, address);
    struct throttle_row *pair = find(throttle->pair, THROTTLE_ROWS, key);
    struct throttle_row *place = find(throttle->address, THROTTLE_ADDRESSES, key_of("", address));

    if (pair->key == key) {
        pair->tries = 0;
        pair->open_ns = 0;
        pair->is_known = true;
    }
    /* This try alone: who has one account must not buy guesses at others with it. */
    if (place->key == key_of("", address) && place->tries > 0 &&
        --place->tries < THROTTLE_ADDRESS_FREE)
        place->open_ns = 0;
}
