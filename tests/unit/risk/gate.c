#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "risk/gate.h"

/* An order that passes with every limit exactly used up. */
static struct limits firm, none;

static struct gate_limits all_of(const struct limits *first)
{
    return (struct gate_limits){
        .scope = {first, &none, &none, &none}, .number = {0, 1, 2, 3}, .generation = 7};
}

static struct gate_input good(void)
{
    struct gate_input in = {.side = SIDE_BUY,
                            .price_ticks = 1010,
                            .qty_lots = 10,
                            .notional_e8 = 500,
                            .permitted = true,
                            .reference_known = true,
                            .mid_e8_ticks = 1000 * PRICE_ONE_E8,
                            .now_ns = 2000000000,
                            .book_ns = 1900000000};

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        in.position_lots[at] = 20;
        in.working_lots[at] = 30;
        in.open_orders[at] = 4;
        in.messages[at] = 9;
        in.day_pnl_e8[at] = -1000;
    }
    return in;
}

static void set_up(void)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        none.value[id] = LIMIT_UNSET;
    firm.value[LIMIT_MAX_ORDER_LOTS] = 10;
    firm.value[LIMIT_MAX_ORDER_NOTIONAL] = 500;
    firm.value[LIMIT_MAX_POSITION_LOTS] = 60; /* 20 held + 30 working + 10 */
    firm.value[LIMIT_MAX_OPEN_ORDERS] = 5;
    firm.value[LIMIT_MAX_MESSAGES_PER_S] = 10;
    firm.value[LIMIT_PRICE_COLLAR_RATIO] = RATIO_ONE_E8 / 100;
    firm.value[LIMIT_MAX_DATA_AGE_MS] = 100;
    firm.value[LIMIT_MAX_DAILY_LOSS] = 1000;
}

TestSuite(gate, .init = set_up);

Test(gate, what_uses_up_every_limit_exactly_passes_and_is_explained)
{
    struct gate_input in = good();
    struct gate_limits limits = all_of(&firm);
    struct verdict verdict = gate_check(&limits, &in);

    cr_assert(eq(int, verdict.denial, DENIAL_NONE));
    cr_assert(eq(u64, verdict.generation, 7));
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        cr_assert(verdict.checks[id].passed, "%s", limit_row((enum limit_id)id)->name);
        cr_assert(eq(i64, verdict.checks[id].measured, verdict.checks[id].limit), "%s",
                  limit_row((enum limit_id)id)->name);
    }
}

/* One step over each limit, by moving the limit; and the other rows are still filled. */
Test(gate, one_unit_less_denies_by_that_limit_alone)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        struct gate_input in = good();
        struct gate_limits limits;
        struct verdict verdict;

        set_up();
        firm.value[id]--;
        limits = all_of(&firm);
        verdict = gate_check(&limits, &in);
        cr_assert(eq(int, verdict.denial, (int)id + 1), "%s", limit_row((enum limit_id)id)->name);
        for (unsigned other = 0; other < LIMIT_COUNT; other++)
            cr_assert(eq(int, verdict.checks[other].passed, other != id));
    }
}

Test(gate, a_limit_that_no_scope_sets_denies)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        struct gate_input in = good();
        struct gate_limits limits;

        set_up();
        firm.value[id] = LIMIT_UNSET;
        limits = all_of(&firm);
        cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_LIMIT_NOT_SET));
    }
}

Test(gate, a_limit_taken_away_denies_though_another_scope_sets_it)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        struct gate_input in = good();
        struct limits strategy;
        struct gate_limits limits;

        set_up();
        strategy = none;
        strategy.value[id] = LIMIT_DENY;
        limits = all_of(&firm);
        limits.scope[GATE_STRATEGY] = &strategy;
        cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_LIMIT_NOT_SET));
    }
}

Test(gate, the_tightest_scope_wins_and_is_named)
{
    struct gate_input in = good();
    struct limits instrument = none;
    struct gate_limits limits = all_of(&firm);
    struct verdict verdict;

    instrument.value[LIMIT_MAX_ORDER_LOTS] = 9;
    limits.scope[GATE_INSTRUMENT] = &instrument;
    verdict = gate_check(&limits, &in);
    cr_assert(eq(int, verdict.denial, DENY_MAX_ORDER_LOTS));
    cr_assert(eq(int, verdict.checks[LIMIT_MAX_ORDER_LOTS].scope, 3));
    cr_assert(eq(i64, verdict.checks[LIMIT_MAX_ORDER_LOTS].limit, 9));
}

Test(gate, working_orders_of_the_other_side_are_not_netted)
{
    struct gate_input in = good();
    struct gate_limits limits = all_of(&firm);

    in.side = SIDE_SELL; /* 20 long: 10 + 30 sold leaves 20 short, far from 60 */
    cr_assert(eq(i64, gate_check(&limits, &in).checks[LIMIT_MAX_POSITION_LOTS].measured, 20));
}

Test(gate, a_price_just_outside_the_collar_denies_on_both_sides)
{
    struct gate_input in = good();
    struct gate_limits limits = all_of(&firm);

    in.price_ticks = 1011;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_PRICE_COLLAR_RATIO));
    in.price_ticks = 989;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_PRICE_COLLAR_RATIO));
    in.price_ticks = 990;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENIAL_NONE));
}

Test(gate, what_forbids_outright_is_named_first)
{
    struct gate_limits limits = all_of(&firm);
    struct gate_input in = good();

    in.state = STATE_HALTED;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_HALTED));
    in = good();
    in.permitted = false;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_NOT_PERMITTED));
    in = good();
    in.book_stale = true;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_STALE_DATA));
    in = good();
    in.reference_known = false;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_NO_REFERENCE));
    in = good();
    in.busy = true;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_BUSY));
    in = good();
    in.price_ticks = 0;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_OFF_TICK));
    in = good();
    in.qty_lots = 0;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_OFF_LOT));
}

Test(gate, reducing_lets_only_what_shrinks_the_position_pass)
{
    struct gate_limits limits = all_of(&firm);
    struct gate_input in = good();

    in.state = STATE_REDUCING;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_REDUCING_ONLY));
    in.side = SIDE_SELL;
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        in.working_lots[at] = 10; /* 20 long, 10 being sold, 10 more: flat */
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENIAL_NONE));
    in.qty_lots = 11; /* would cross zero */
    firm.value[LIMIT_MAX_ORDER_LOTS] = 100;
    cr_assert(eq(int, gate_check(&limits, &in).denial, DENY_REDUCING_ONLY));
}

Test(gate, a_book_that_never_came_is_too_old)
{
    struct gate_limits limits = all_of(&firm);
    struct gate_input in = good();
    struct verdict verdict;

    in.book_ns = 0;
    verdict = gate_check(&limits, &in);
    cr_assert(eq(int, verdict.denial, DENY_MAX_DATA_AGE_MS));
    cr_assert(eq(i64, verdict.data_age_ns, -1));
}
