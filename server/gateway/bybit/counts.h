/* What the venue counts of our positions, beside what the executions say.
 *
 * A count of the stream that the executions do not bear out is not told: one of them may be on its
 * way, or lost. It waits for them, and after COUNT_WAITS_NS the account is read; what that says of
 * the position, after its executions, is told whatever it is.
 *
 * Spot has no positions but a balance of the base coin, and the account may hold of it what is not
 * ours. At the first reading that rest is taken down as the account's own holding; a fee that is
 * charged in the coin is paid out of it. Ever after
 *
 *     balance = our lots + holding + drift
 *
 * so that a transfer, a lost fill, or a trade of an instrument that is not of the configuration
 * shows as drift, in whole lots. What is below half a lot (a fee finer than 1e-8) goes into the
 * holding. Less in the account than our carried lots is drift at once, but for what buying them
 * cost in fees. Two instruments of one base coin share its balance: a drift shows in both.
 *
 * A coin that is the base of one instrument and the quote of another is not told apart: its
 * balance drifts. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_COUNTS_H
#define PITWALL_GATEWAY_BYBIT_COUNTS_H

#include "engine.h"

struct bybit;
struct bybit_count {
    bool is_based;
    int64_t lots, net_lots; /* the venue's newest; ours: carried over, and all executions since */
    int64_t base_lots;      /* count less ours when it was last read by a query */
    int64_t waits_ns;       /* monotonic, since when both differ; 0: they do not */
};
/* Of a base coin, in 1e-8. */
struct bybit_coin {
    bool is_known;
    int64_t balance_e8, holding_e8;
    int64_t known_ms; /* the venue's clock, at the first reading */
};
struct bybit_counts {
    struct bybit_count count[MAX_INSTRUMENTS];
    struct bybit_coin coin[MAX_INSTRUMENTS]; /* at the first symbol that has it as base */
};
struct bybit_wallet_read {
    bool is_queried;
    int64_t at_ms; /* when the venue said so; 0: it does not tell */
    int64_t received_ns;
};

void bybit_counts_init(struct bybit *bybit);
/* Linear: the venue's count of a position, all sides of it. */
void bybit_count_take(struct bybit *bybit, uint16_t instrument, int64_t lots, bool is_queried,
                      int64_t received_ns);
/* Spot: the balance of the base coin of the symbol `at`, which leads those of that coin. */
bool bybit_count_leads(const struct bybit *bybit, uint16_t at);
void bybit_count_coin(struct bybit *bybit, uint16_t at, int64_t balance_e8,
                      const struct bybit_wallet_read *read);
/* An execution that the engine is told of; once each. */
void bybit_count_fill(struct bybit *bybit, const struct execution *fill, int64_t base_fee_e8);
/* Linear: always; spot: the holding is known. */
bool bybit_count_is_known(const struct bybit *bybit, uint16_t instrument);
/* Has the account read when a count waits too long. */
void bybit_counts_turn(struct bybit *bybit);

#endif
