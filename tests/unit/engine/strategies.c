/* Strategies changed while the engine runs, and one that trades two instruments. */
#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(strategies, .fini = fixture_end);

static struct fixture *with(enum strategy_kind kind)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.strategy[1].kind = kind;
    f->config.strategy[1].enabled = true;
    f->config.strategy[1].version = 4;
    for (int at = 0; at < 2; at++) {
        parameters_default(&f->config.strategy[1].params[at]);
        f->config.strategy[1].params[at].max_position_lots = 50;
        f->config.strategy[1].params[at].risk_aversion_e8 = 0;
        f->config.strategy[1].params[at].flow_e8 = 0;
    }
    if (kind == STRATEGY_KIND_ARB)
        f->config.strategy[1].params[0].other = 1;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1010);
    return f;
}

static void acknowledge_all(struct fixture *f)
{
    for (uint32_t at = 0; at < f->sent_count; at++)
        if (f->sent[at].kind == ORDER_MESSAGE_NEW)
            fixture_report(f, f->sent[at].order_id, REPORT_VENUE_ACK);
}

static struct command change(uint64_t base, bool enabled)
{
    return (struct command){.kind = COMMAND_SET_STRATEGY,
                            .set_strategy = {.base = base, .strategy = 1, .enabled = enabled}};
}

static void add(struct command *command, uint16_t instrument, enum parameter_id id, int64_t value)
{
    command->set_strategy.change[command->set_strategy.count++] = (struct parameter_change){
        .value = value, .instrument = instrument, .parameter = (uint16_t)id};
}

static const struct event_strategy *said(const struct fixture *f)
{
    return (const void *)f->newest[EVENT_STRATEGY].bytes;
}

Test(strategies, each_is_stated_at_the_start)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);

    cr_assert(eq(u32, f->counts[EVENT_STRATEGY], 1), "not people's own orders");
    cr_assert(eq(int, said(f)->strategy, 1));
    cr_assert(eq(int, said(f)->enabled, 1));
    cr_assert(eq(u64, said(f)->version, 4));
}

Test(strategies, a_parameter_is_in_force_at_the_next_update)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);
    struct command command = change(4, true);
    const struct event_parameters *event = (const void *)f->newest[EVENT_PARAMETERS].bytes;

    cr_assert(eq(i64, f->sent[0].qty_lots, 1));
    add(&command, 0, PARAMETER_ORDER_LOTS, 7);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    cr_assert(eq(u64, f->newest[EVENT_COMMAND_DONE].command_done.value, 5));
    cr_assert(eq(u32, f->counts[EVENT_PARAMETERS], 1));
    cr_assert(eq(i64, event->value, 7));
    cr_assert(eq(i64, event->old, 1));
    cr_assert(eq(int, event->parameter, PARAMETER_ORDER_LOTS));
    cr_assert(eq(int, event->instrument, 0));
    cr_assert(eq(u64, said(f)->version, 5));
    for (uint32_t at = 0; at < 2; at++)
        fixture_report(f, f->sent[at].order_id, REPORT_VENUE_REJECT);
    f->now_ns += 200000000;
    fixture_book(f, 0, 1000, 1010);
    cr_assert(eq(u32, f->sent_count, 4));
    cr_assert(eq(i64, f->sent[2].qty_lots, 7));
}

Test(strategies, all_instruments_or_one_and_all_changes_or_none)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);
    struct command command = change(4, true);

    add(&command, UINT16_MAX, PARAMETER_ORDER_LOTS, 7);
    add(&command, 1, PARAMETER_HALF_SPREAD_TICKS, 9);
    add(&command, 0, PARAMETER_REQUOTE_TICKS, 0); /* out of its range */
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_OUT_OF_RANGE));
    cr_assert(eq(u32, f->counts[EVENT_PARAMETERS], 0));
    cr_assert(eq(u64, said(f)->version, 4));
    command.set_strategy.count = 2;
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    cr_assert(eq(u32, f->counts[EVENT_PARAMETERS], 3), "two instruments, and one");
    cr_assert(eq(i64, f->engine->config.strategy[1].params[0].order_lots, 7));
    cr_assert(eq(i64, f->engine->config.strategy[1].params[0].half_spread_ticks, 1));
    cr_assert(eq(i64, f->engine->config.strategy[1].params[1].half_spread_ticks, 9));
}

Test(strategies, what_does_not_fit_is_refused)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);
    struct command command = change(3, true);

    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_STALE_VERSION));
    command = change(4, true);
    command.set_strategy.strategy = STRATEGY_MANUAL;
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_NOT_FOUND));
    command.set_strategy.strategy = 2;
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_NOT_FOUND));
    command = change(4, true);
    add(&command, 0, PARAMETER_FAST_MS, 1000000); /* momentum's */
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_OUT_OF_RANGE));
    command = change(4, true);
    add(&command, 2, PARAMETER_ORDER_LOTS, 2); /* no such instrument */
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_OUT_OF_RANGE));
    command = change(4, true);
    add(&command, 0, PARAMETER_COUNT, 2);
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_OUT_OF_RANGE));
    command = change(4, true);
    command.set_strategy.count = PARAMETER_CHANGES_MAX + 1;
    cr_assert(eq(int, fixture_command(f, &command)->status, ERR_OUT_OF_RANGE));
    cr_assert(eq(u32, f->counts[EVENT_STRATEGY], 1), "nothing was changed");
}

Test(strategies, a_disabled_one_leaves_nothing_resting_and_asks_for_nothing)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);
    struct command command = change(4, false);

    acknowledge_all(f);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    cr_assert(eq(int, said(f)->enabled, 0));
    cr_assert(eq(u32, f->sent_count, 4), "both quotes are cancelled");
    cr_assert(eq(int, f->sent[2].kind, ORDER_MESSAGE_CANCEL));
    for (uint32_t at = 0; at < 2; at++)
        fixture_report(f, f->sent[at].order_id, REPORT_VENUE_CANCEL);
    f->now_ns += 1000000000;
    fixture_book(f, 0, 1000, 1012);
    cr_assert(eq(u32, f->sent_count, 4));
    command = change(5, true);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    fixture_book(f, 0, 1000, 1014);
    cr_assert(eq(u32, f->sent_count, 6));
}

Test(strategies, the_timer_cancels_what_a_disabled_one_could_not)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);
    struct command command = change(4, false);

    acknowledge_all(f);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    fixture_report(f, f->sent[0].order_id, REPORT_CANCEL_REJECT);
    f->now_ns += 100000000;
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->sent_count, 5));
    cr_assert(eq(int, f->sent[4].kind, ORDER_MESSAGE_CANCEL));
    cr_assert(eq(u64, f->sent[4].order_id, f->sent[0].order_id));
}

Test(strategies, the_engine_may_disable_one_itself)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);

    acknowledge_all(f);
    engine_enable_strategy(f->engine, 1, false);
    engine_enable_strategy(f->engine, 1, false);
    fixture_drain(f);
    cr_assert(eq(u32, f->counts[EVENT_STRATEGY], 2), "said once");
    cr_assert(eq(u64, said(f)->version, 5));
}

Test(strategies, a_maker_may_amend_what_is_off)
{
    struct fixture *f = with(STRATEGY_KIND_MAKER);
    struct command command = change(4, true);

    add(&command, UINT16_MAX, PARAMETER_USE_AMEND, 1);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    acknowledge_all(f);
    f->now_ns += 200000000;
    fixture_book(f, 0, 1010, 1020);
    cr_assert(eq(u32, f->sent_count, 4), "both quotes move");
    for (uint32_t at = 2; at < 4; at++) {
        cr_assert(eq(int, f->sent[at].kind, ORDER_MESSAGE_AMEND));
        cr_assert(eq(u64, f->sent[at].order_id, f->sent[at - 2].order_id));
        cr_assert(eq(i64, f->sent[at].price_ticks, f->sent[at - 2].price_ticks + 10));
    }
    f->now_ns += 200000000;
    fixture_book(f, 0, 1020, 1030);
    cr_assert(eq(u32, f->sent_count, 4), "nothing while the venue has not answered");
}

Test(strategies, two_legs_trade_on_an_update_of_either)
{
    struct fixture *f = with(STRATEGY_KIND_ARB);

    cr_assert(eq(u32, f->sent_count, 0), "the other leg has no book");
    fixture_book(f, 1, 980, 985);
    cr_assert(eq(u32, f->sent_count, 2), "an update of the second leg");
    cr_assert(eq(int, f->sent[0].instrument, 0));
    cr_assert(eq(int, f->sent[0].side, SIDE_SELL));
    cr_assert(eq(i64, f->sent[0].price_ticks, 1000));
    cr_assert(eq(int, f->sent[1].instrument, 1));
    cr_assert(eq(int, f->sent[1].side, SIDE_BUY));
    cr_assert(eq(i64, f->sent[1].price_ticks, 985));
    fixture_fill(f, f->sent[0].order_id, SIDE_SELL, 1, 1000, 1);
    fixture_report(f, f->sent[1].order_id, REPORT_VENUE_EXPIRE);
    fixture_book(f, 0, 1000, 1010);
    cr_assert(eq(u32, f->sent_count, 3), "one leg filled: the other is asked for again");
    cr_assert(eq(int, f->sent[2].instrument, 1));
    cr_assert(eq(int, f->sent[2].side, SIDE_BUY));
}

Test(strategies, each_leg_is_judged_by_its_own_market)
{
    struct fixture *f = with(STRATEGY_KIND_ARB);

    /* 985 is 10 % under the first leg's mid, but at the touch of its own book. */
    fixture_book(f, 0, 1100, 1110);
    fixture_book(f, 1, 980, 985);
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 0));
    cr_assert(eq(u32, f->sent_count, 2));
}

Test(strategies, a_halted_leg_halts_the_pair)
{
    struct fixture *f = with(STRATEGY_KIND_ARB);
    struct command command = {.kind = COMMAND_SET_STATE};

    command.set_state.scope = scope_of_instrument(f->config.scopes, 1);
    command.set_state.state = STATE_HALTED;
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    fixture_book(f, 1, 980, 985);
    fixture_book(f, 0, 1000, 1010);
    cr_assert(eq(u32, f->sent_count, 0));
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 0));
}
