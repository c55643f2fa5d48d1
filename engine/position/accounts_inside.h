/* What the files of accounts share with each other; nobody else includes it. Engine thread. */
#ifndef PITWALL_POSITION_ACCOUNTS_INSIDE_H
#define PITWALL_POSITION_ACCOUNTS_INSIDE_H

#include "position/accounts.h"

/* The lowest member of a set of bits, which it takes out; `set` is not empty. */
static inline uint16_t take_lowest(uint32_t *set)
{
    uint16_t lowest = (uint16_t)__builtin_ctz(*set);

    *set &= *set - 1;
    return lowest;
}

static inline uint32_t bit(uint16_t number)
{
    return (uint32_t)1 << number;
}

/* Settlement into reporting currency. False on overflow. */
static inline bool convert(const struct accounts *accounts, uint16_t instrument, int64_t amount_e8,
                           int64_t *converted_e8)
{
    int64_t rate_e8 = accounts->rate_e8[accounts->instruments[instrument].currency];

    if (rate_e8 == MONEY_ONE_E8 && amount_e8 <= MAX_MONEY_E8 && amount_e8 >= -MAX_MONEY_E8) {
        *converted_e8 = amount_e8;
        return true;
    }
    return money_scale(amount_e8, rate_e8, converted_e8);
}

/* Adds to the scopes of an instrument's total: firm, its venue, itself; all three or none. */
bool accounts_post_total(struct accounts *accounts, uint16_t instrument, int64_t change_e8);
bool accounts_post_own(struct accounts *accounts, uint16_t strategy, int64_t change_e8);

/* Converts the figures of an instrument anew after its marks or its rate have moved. What does not
 * fit stays as it was and raises `overflowed`. */
void accounts_reconvert(struct accounts *accounts, uint16_t instrument);
void accounts_raise_peak(struct accounts *accounts);

/* Value and maintenance margin of a margined instrument. */
void accounts_margin_measure(struct accounts *accounts, uint16_t instrument);

/* After the lots, the mark or the rate of an instrument have moved. */
static inline void accounts_margin_refresh(struct accounts *accounts, uint16_t instrument)
{
    if (accounts->instruments[instrument].maintenance_margin_e8 != 0)
        accounts_margin_measure(accounts, instrument);
}

#endif
