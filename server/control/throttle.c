#include "control/throttle.h"

#define SECOND_NS 1000000000LL

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
    return (hash ^ 0xff) * 0x100000001b3ULL; /* "ab","c" is not "a","bc" */
}

static uint64_t pair_of(const char *user, const char *address)
{
    return hash_text(hash_text(0xcbf29ce484222325ULL, user), address) | 1;
}

/* The pair's row, or the one that was unused for longest. */
static struct throttle_row *find(struct throttle *throttle, uint64_t pair)
{
    struct throttle_row *oldest = &throttle->row[0];

    for (int i = 0; i < THROTTLE_ROWS; i++) {
        struct throttle_row *row = &throttle->row[i];

        if (row->pair == pair)
            return row;
        if (row->pair == 0 || (oldest->pair != 0 && row->used_ns < oldest->used_ns))
            oldest = row;
    }
    return oldest;
}

static int64_t wait_s(uint32_t tries)
{
    uint32_t doublings = tries - THROTTLE_FREE;
    int64_t wait = doublings < 16 ? (int64_t)1 << doublings : THROTTLE_WAIT_MAX_S;

    return wait < THROTTLE_WAIT_MAX_S ? wait : THROTTLE_WAIT_MAX_S;
}

int throttle_try(struct throttle *throttle, const char *user, const char *address, int64_t now_ns)
{
    uint64_t pair = pair_of(user, address);
    struct throttle_row *row = find(throttle, pair);

    if (row->pair != pair)
        *row = (struct throttle_row){.pair = pair};
    if (now_ns < row->open_ns)
        return (int)((row->open_ns - now_ns + SECOND_NS - 1) / SECOND_NS);
    row->tries++;
    row->used_ns = now_ns;
    row->open_ns = row->tries < THROTTLE_FREE ? 0 : now_ns + wait_s(row->tries) * SECOND_NS;
    return 0;
}

void throttle_forgive(struct throttle *throttle, const char *user, const char *address)
{
    uint64_t pair = pair_of(user, address);
    struct throttle_row *row = find(throttle, pair);

    if (row->pair == pair)
        *row = (struct throttle_row){0};
}
