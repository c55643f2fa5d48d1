/* The state file of the venue: what save (state.c) and load (state_load.c) share.
 *
 *   head          magic, version, sizes and counts; CRC32C of the file with 0 in its place
 *   coins         VENUE_TEXT_MAX bytes each
 *   instruments   struct state_instrument each
 *   pots          int64 a coin
 *   accounts      struct state_account each, the market's first
 *   orders        struct state_order each, by number
 *   executions    struct venue_execution each, by number
 *
 * Rows are the structs of this program as they lie in memory: a file of another version or with
 * other sizes is refused, not converted. */
#ifndef PITWALL_VENUE_STATE_INSIDE_H
#define PITWALL_VENUE_STATE_INSIDE_H

#include "journal/crc32c.h"
#include "venue/inside.h"

#define STATE_MAGIC "PWVENUE"
#define STATE_VERSION 2

struct state_head {
    char magic[8];
    uint32_t version, crc;
    uint64_t bytes; /* behind the head */
    uint32_t instrument_size, account_size, order_size, execution_size;
    uint32_t instruments, coins, accounts, orders, executions, life;
    uint64_t next_order, next_execution, queued, salt;
};

struct state_instrument {
    struct venue_instrument row; /* as the operator left it */
    uint64_t seq, trades;
    int64_t last_ticks, next_funding_ns;
};

struct state_account {
    uint64_t uid;
    int64_t balance_e8[VENUE_COINS_MAX]; /* what orders lock is counted anew */
    struct venue_position position[VENUE_INSTRUMENTS_MAX];
};

struct state_order {
    struct venue_order order;
    uint64_t queued; /* 0: not active */
};

/* Bytes behind the head. */
static inline uint64_t state_bytes(const struct state_head *head)
{
    return (uint64_t)head->coins * (VENUE_TEXT_MAX + sizeof(int64_t)) +
           head->instruments * sizeof(struct state_instrument) +
           head->accounts * sizeof(struct state_account) +
           head->orders * sizeof(struct state_order) +
           head->executions * sizeof(struct venue_execution);
}

static inline uint32_t state_crc(struct state_head head, const uint8_t *behind)
{
    head.crc = 0;
    return crc32c(crc32c(0, &head, sizeof head), behind, head.bytes);
}

#endif
