/* Margin ratio and liquidation price against brute force: the firm is marked at the price that was
 * named, and must then be at the point of liquidation. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "position/accounts.h"

#include <string.h>

enum { BTC, COIN, ETH, SPOT, INSTRUMENTS };

static const struct scope_map scopes = {.venues = 1, .strategies = 2, .instruments = INSTRUMENTS};
/* BTC: linear perpetual, and the rate of the coin. COIN: inverse, settles in BTC, rated by BTC.
 * ETH: inverse, settles in ETH, its own rate. SPOT: not margined. */
static const struct instrument rows[INSTRUMENTS] = {
    [BTC] = {.price_decimals = 1,
             .qty_decimals = 3,
             .tick_units = 1,
             .lot_units = 1,
             .tick_value_e8 = 10000,
             .maintenance_margin_e8 = 500000},
    [COIN] = {.price_decimals = 1,
              .tick_units = 1,
              .lot_units = 1,
              .inverse = true,
              .currency = 1,
              .inverse_value_e8_ticks = 100LL * 10 * MONEY_ONE_E8,
              .maintenance_margin_e8 = 1000000},
    [ETH] = {.price_decimals = 2,
             .tick_units = 1,
             .lot_units = 1,
             .inverse = true,
             .currency = 2,
             .inverse_value_e8_ticks = 10LL * 100 * MONEY_ONE_E8,
             .maintenance_margin_e8 = 2000000},
    [SPOT] = {.price_decimals = 2,
              .qty_decimals = 2,
              .tick_units = 1,
              .lot_units = 1,
              .tick_value_e8 = 10000},
};
static const struct currency currencies[] = {
    {.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8},
    {.name = "BTC", .rate_instrument = BTC},
    {.name = "ETH", .rate_instrument = ETH}};
static struct accounts accounts, moved;

static void open_with(int64_t capital)
{
    accounts_init(&accounts, scopes, rows, currencies, 3, capital * MONEY_ONE_E8, 0);
    accounts_mark(&accounts, BTC, 600000 * PRICE_ONE_E8, 1);
    accounts_mark(&accounts, COIN, 600000 * PRICE_ONE_E8, 1);
    accounts_mark(&accounts, ETH, 300000 * PRICE_ONE_E8, 1);
    accounts_mark(&accounts, SPOT, 10000 * PRICE_ONE_E8, 1);
}

static int64_t ratio_at(uint16_t instrument, int64_t mark_e8_ticks)
{
    memcpy(&moved, &accounts, sizeof moved);
    accounts_mark(&moved, instrument, mark_e8_ticks, 2);
    return accounts_margin_ratio_e8(&moved);
}

Test(margin, a_linear_long_ends_where_its_loss_has_eaten_the_equity_but_the_margin)
{
    open_with(10000);
    accounts_fill(&accounts, 1, BTC, SIDE_BUY, 600000, 1000, 0); /* 1 BTC, 60,000 */
    cr_assert(eq(i64, accounts.margin_e8[BTC], 300 * MONEY_ONE_E8));
    cr_assert(eq(i64, accounts_margin_ratio_e8(&accounts), 3000000));
    /* 10,000 - (60,000 - p) = 0.005 p:  p = 50,000 / 0.995 */
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, BTC), 50251256281408));
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, BTC), 16247906));
}

Test(margin, a_linear_short_ends_above)
{
    open_with(10000);
    accounts_fill(&accounts, 1, BTC, SIDE_SELL, 600000, 1000, 0);
    /* 10,000 - (p - 60,000) = 0.005 p:  p = 70,000 / 1.005 */
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, BTC), 69651741293532));
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, BTC), 16086235));
}

Test(margin, an_inverse_contract_ends_where_its_coin_says)
{
    open_with(10000);
    accounts_fill(&accounts, 1, COIN, SIDE_BUY, 600000, 600, 0); /* 60,000 USD: 1 BTC */
    /* At a rate of 60,000: 10,000 + 60,000 (1 - 60,000/p) = 600 * 60,000/p:
     * p = 60,000 * 60,600 / 70,000 */
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, COIN), 51942857142858));
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, COIN), 13428571));
}

Test(margin, what_cannot_end_by_this_price_alone_says_none)
{
    open_with(100000);
    cr_assert(eq(i64, accounts_margin_ratio_e8(&accounts), 0), "nothing is held");
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, BTC), 0));
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, BTC), INT64_MAX));
    accounts_fill(&accounts, 1, BTC, SIDE_BUY, 600000, 1000, 0);
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, BTC), 0), "more equity than value");
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, BTC), INT64_MAX));
    accounts_fill(&accounts, 1, SPOT, SIDE_BUY, 10000, 1000, 0);
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, SPOT), 0), "not margined");
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, SPOT), INT64_MAX));
}

Test(margin, without_equity_or_without_a_mark_it_is_the_worst)
{
    open_with(1000);
    accounts_fill(&accounts, 1, SPOT, SIDE_BUY, 10000, 10000, 0);
    accounts_mark(&accounts, SPOT, 9000 * PRICE_ONE_E8, 2);
    cr_assert(eq(i64, accounts_equity_e8(&accounts), 0));
    cr_assert(eq(i64, accounts_margin_ratio_e8(&accounts), INT64_MAX), "something is held");
    accounts_init(&accounts, scopes, rows, currencies, 3, 1000 * MONEY_ONE_E8, 0);
    accounts_fill(&accounts, 1, BTC, SIDE_BUY, 600000, 1, 0);
    cr_assert(eq(i64, accounts_margin_ratio_e8(&accounts), INT64_MAX), "held without a mark");
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, BTC), 0));
    accounts_mark(&accounts, BTC, 600000 * PRICE_ONE_E8, 2);
    cr_assert(eq(i64, accounts_margin_ratio_e8(&accounts), 30000));
}

Test(margin, a_firm_beyond_its_margins_has_no_distance_left)
{
    open_with(10000);
    accounts_fill(&accounts, 1, BTC, SIDE_BUY, 600000, 1000, 0);
    accounts_mark(&accounts, BTC, 502000 * PRICE_ONE_E8, 2);
    cr_assert(gt(i64, accounts_margin_ratio_e8(&accounts), RATIO_ONE_E8));
    cr_assert(eq(i64, accounts_liquidation_distance_e8(&accounts, BTC), 0));
    cr_assert(eq(i64, accounts_liquidation_e8_ticks(&accounts, BTC), 50251256281407),
              "where it would be safe again");
}

/* --- random portfolios --- */

static uint64_t seed;

static int64_t draw(int64_t below)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int64_t)((seed >> 24) % (uint64_t)below);
}

static void hold_at_random(void)
{
    static const int64_t most[INSTRUMENTS] = {2000, 1500, 8000, 3000}; /* about 100,000 each */

    open_with(20000 + draw(200000));
    for (int fill = 0; fill < 12; fill++) {
        uint16_t instrument = (uint16_t)draw(INSTRUMENTS);
        int64_t mark = accounts.mark_e8_ticks[instrument] / PRICE_ONE_E8;

        cr_assert(accounts_fill(&accounts, (uint16_t)draw(2), instrument,
                                draw(2) ? SIDE_BUY : SIDE_SELL, mark + draw(mark / 50) - mark / 100,
                                1 + draw(most[instrument]), draw(1000000)));
        accounts_mark(&accounts, instrument,
                      (mark + draw(mark / 50) - mark / 100) * PRICE_ONE_E8 + draw(99999999), 1);
    }
}

/* Between the present mark and the end the ratio only rises, and beyond it it is above one. */
static void check_end(uint16_t instrument, int round)
{
    int64_t from = accounts.mark_e8_ticks[instrument];
    int64_t end = accounts_liquidation_e8_ticks(&accounts, instrument);
    int64_t distance = accounts_liquidation_distance_e8(&accounts, instrument);
    __int128 gap = end > from ? (__int128)end - from : (__int128)from - end;
    int64_t at_end = ratio_at(instrument, end);
    int64_t beyond = end + (end - from) / 50;
    int64_t last = accounts_margin_ratio_e8(&accounts);

    cr_assert(at_end > RATIO_ONE_E8 - 10000 && at_end < RATIO_ONE_E8 + 10000,
              "round %d instrument %d: %ld at %ld from %ld", round, instrument, (long)at_end,
              (long)end, (long)from);
    cr_assert(gap * RATIO_ONE_E8 / from - distance <= 1 &&
                  gap * RATIO_ONE_E8 / from >= distance - 1,
              "round %d", round);
    for (int step = 1; step < 8; step++) {
        int64_t ratio = ratio_at(instrument, from + (end - from) / 8 * step);

        cr_assert(ratio >= last && ratio < RATIO_ONE_E8, "round %d step %d", round, step);
        last = ratio;
    }
    if (beyond / PRICE_ONE_E8 <= MAX_PRICE_TICKS && beyond > 0)
        cr_assert(ratio_at(instrument, beyond) > RATIO_ONE_E8, "round %d", round);
}

/* No mark from a thousandth to a thousand times this one comes to the point. */
static void check_no_end(uint16_t instrument, int round)
{
    __int128 from = accounts.mark_e8_ticks[instrument];

    for (int step = -30; step <= 30; step++) {
        __int128 mark = step < 0 ? from >> (-step / 3) : from << (step / 3);

        if (mark / PRICE_ONE_E8 > MAX_PRICE_TICKS / 2)
            break;
        cr_assert(ratio_at(instrument, (int64_t)mark) <= RATIO_ONE_E8 + 10,
                  "round %d instrument %d step %d", round, instrument, step);
    }
}

Test(margin, the_named_price_is_where_the_ratio_is_one)
{
    int ends = 0;
    int none = 0;

    seed = 20417;
    for (int round = 0; round < 3000; round++) {
        hold_at_random();
        if (accounts_margin_ratio_e8(&accounts) >= RATIO_ONE_E8)
            continue;
        for (uint16_t at = BTC; at <= ETH; at++) {
            if (accounts.total[at].lots == 0)
                continue;
            if (accounts_liquidation_e8_ticks(&accounts, at) != 0) {
                check_end(at, round);
                ends++;
            } else {
                check_no_end(at, round);
                none++;
            }
        }
    }
    cr_assert(ends > 1000 && none > 300, "%d ends, %d without", ends, none);
}
