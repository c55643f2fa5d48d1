/* A small venue for tests: one linear and one spot instrument of BTC, a few accounts with money,
 * and a listener that writes down what it hears. */
#ifndef PITWALL_TESTS_VENUE_PIT_H
#define PITWALL_TESTS_VENUE_PIT_H

#include "venue/venue.h"

enum { USDT, BTC, COINS };
enum { PERP, SPOT, INSTRUMENTS };
enum { ANN = 1, BOB, CID, PIT_ACCOUNTS };
#define PIT_E8 100000000LL
#define PIT_MS 1000000LL
#define PIT_START_NS 1700000000000000000LL

enum { PIT_HEARD_MAX = 4096 };

struct pit {
    struct venue *venue;
    int64_t now_ns;
    uint32_t orders, executions, positions, wallets, trades;
    struct venue_order order[PIT_HEARD_MAX];
    struct venue_execution execution[PIT_HEARD_MAX];
    struct venue_trade trade[PIT_HEARD_MAX];
};

/* A tick is 0.1 USDT, a lot 0.001 BTC; 10,000 ticks are 1,000 USDT. Each account has 10,000 USDT
 * and 1 BTC. */
void pit_config(struct venue_config *config);
struct pit *pit_open(void);
void pit_close(struct pit *pit);
void pit_forget(struct pit *pit); /* what was heard */

/* Answers are asserted to be VENUE_OK; the number is returned. */
uint64_t pit_limit(struct pit *pit, uint16_t account, uint16_t instrument, enum side side,
                   int64_t lots, int64_t ticks);
uint64_t pit_market(struct pit *pit, uint16_t account, uint16_t instrument, enum side side,
                    int64_t lots);
/* The answer of an order with everything said. */
enum venue_answer pit_try(struct pit *pit, struct venue_new wanted, uint64_t *no);
const struct venue_order *pit_order(const struct pit *pit, uint64_t no);

#endif
