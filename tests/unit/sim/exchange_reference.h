/* The plainest matcher that keeps price-time priority: what the exchange is compared with.
 *
 * Per side a list of prices, best first; per price a list of orders, first come first. Written from
 * the words of exchange.h, not from its code: no window, no bits, no indices, memory from malloc.
 * Ids are the caller's: for an exchange that names orders itself, what it has named them. */
#ifndef PITWALL_TESTS_EXCHANGE_REFERENCE_H
#define PITWALL_TESTS_EXCHANGE_REFERENCE_H

#include "sim/exchange.h"

enum { REFERENCE_BUCKETS = 1 << 14 };

struct reference_order {
    uint64_t id;
    uint32_t lots;
    uint16_t account;
    uint8_t side;
    bool post_only;
    struct reference_price *price;
    struct reference_order *before, *after; /* in the queue */
    struct reference_order *in_bucket;
};

struct reference_price {
    uint32_t ticks;
    struct reference_order *first, *last;
    struct reference_price *better, *worse;
};

struct reference {
    struct exchange_config config;
    exchange_event_fn tell;
    void *ctx;
    uint64_t execs;
    uint32_t resting;
    struct reference_price *best[2];
    struct reference_order *buckets[REFERENCE_BUCKETS];
    uint8_t policy[EXCHANGE_ACCOUNTS_MAX][EXCHANGE_ACCOUNTS_MAX];
};

struct reference *reference_open(const struct exchange_config *config, exchange_event_fn tell,
                                 void *ctx);
void reference_close(struct reference *reference);
struct exchange_result reference_new(struct reference *reference, struct exchange_order order);
struct exchange_result reference_cancel(struct reference *reference, uint16_t account, uint64_t id);
struct exchange_result reference_amend(struct reference *reference, uint16_t account, uint64_t id,
                                       uint32_t price_ticks, uint32_t lots);
uint32_t reference_levels(const struct reference *reference, enum side side, struct level *levels,
                          uint32_t most);

#endif
