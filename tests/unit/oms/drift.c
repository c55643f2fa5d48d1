/* Our position and the venue's count differ, and a person decides. */
#include "../engine_fixture.h"

#include "carry_state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

TestSuite(drift, .fini = fixture_end);

static uint16_t scope_of(const struct fixture *f)
{
    return scope_of_instrument(f->config.scopes, 0);
}

static enum trading_state state(const struct fixture *f)
{
    return f->engine->oms.states[scope_of(f)].state;
}

/* One look of the triggers; the book stays fresh, the mid at 1000.5. */
static void look(struct fixture *f)
{
    f->now_ns += SLOW_TIMER_NS;
    fixture_book(f, 0, 1000, 1001);
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
}

static void looks(struct fixture *f, int count)
{
    while (count-- > 0)
        look(f);
}

static void venue_counts(struct fixture *f, int64_t lots)
{
    struct execution count = {.report = REPORT_POSITION, .qty_lots = lots};

    f->now_ns++;
    engine_execution(f->engine, &count, f->now_ns);
    fixture_drain(f);
}

/* Strategy 1 holds 10 lots by what we heard, and the venue counts 12: the instrument is HALTED. */
static struct fixture *drifted(void)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    f->config.rules.trigger[TRIGGER_POSITION_DRIFT] = trigger_default(TRIGGER_POSITION_DRIFT);
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    fixture_fill(f, 777, SIDE_BUY, 1, 1000, 10);
    looks(f, 12);
    venue_counts(f, 12);
    looks(f, 2);
    cr_assert(eq(int, state(f), STATE_HALTED));
    return f;
}

static enum status settle(struct fixture *f, int64_t our_lots, int64_t venue_lots, bool adopt)
{
    struct command command = {
        .kind = COMMAND_SETTLE_DRIFT,
        .settle_drift = {.our_lots = our_lots, .venue_lots = venue_lots, .adopt = adopt}};

    return (enum status)fixture_command(f, &command)->status;
}

static void resume(struct fixture *f)
{
    struct command command = {.kind = COMMAND_SET_STATE,
                              .set_state = {.base = f->engine->oms.states[scope_of(f)].version,
                                            .clears = f->engine->oms.states[scope_of(f)].incident,
                                            .scope = scope_of(f),
                                            .state = STATE_ACTIVE}};

    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
    cr_assert(eq(int, state(f), STATE_ACTIVE));
}

Test(drift, adopted_it_is_the_manual_strategy_s_at_the_mark_and_without_a_fee)
{
    struct fixture *f = drifted();
    const struct event_drift *said = &f->newest[EVENT_DRIFT].drift;
    uint32_t fills = f->counts[EVENT_FILL];

    cr_assert(eq(int, settle(f, 10, 12, true), OK));
    cr_assert(eq(u32, f->counts[EVENT_DRIFT], 1));
    cr_assert(eq(u32, f->counts[EVENT_FILL], fills), "no fill is invented");
    cr_assert(eq(i64, said->our_lots, 10));
    cr_assert(eq(i64, said->venue_lots, 12));
    cr_assert(eq(i64, said->price_ticks, 1001), "1000.5, rounded");
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 12));
    cr_assert(eq(i64, engine_position(f->engine, 0)->fee_e8, 0));
    cr_assert(eq(i64, f->engine->oms.accounts.own[STRATEGY_MANUAL][0].lots, 2));
    cr_assert(eq(i64, f->engine->oms.accounts.own[1][0].lots, 10));
    cr_assert(eq(int, state(f), STATE_HALTED), "resuming is another decision");
    resume(f);
    venue_counts(f, 12);
    looks(f, 15);
    cr_assert(eq(int, state(f), STATE_ACTIVE));
    venue_counts(f, 11);
    looks(f, 2);
    cr_assert(eq(int, state(f), STATE_HALTED), "the next one is found like the first");
}

Test(drift, a_smaller_count_is_adopted_as_a_sale)
{
    struct fixture *f = drifted();

    venue_counts(f, -3);
    cr_assert(eq(int, settle(f, 10, -3, true), OK));
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, -3));
    cr_assert(eq(i64, f->engine->oms.accounts.own[STRATEGY_MANUAL][0].lots, -13));
}

Test(drift, kept_it_stops_nothing_until_it_changes)
{
    struct fixture *f = drifted();

    cr_assert(eq(int, settle(f, 10, 12, false), OK));
    cr_assert(eq(i64, f->newest[EVENT_DRIFT].drift.price_ticks, 0));
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 10));
    resume(f);
    looks(f, 15);
    cr_assert(eq(int, state(f), STATE_ACTIVE));
    /* Both move alike; the fill is heard before the count. */
    fixture_fill(f, 778, SIDE_BUY, 2, 1000, 1);
    looks(f, 5);
    venue_counts(f, 13);
    looks(f, 15);
    cr_assert(eq(int, state(f), STATE_ACTIVE), "the same difference");
    venue_counts(f, 14);
    looks(f, 2);
    cr_assert(eq(int, state(f), STATE_HALTED));
}

Test(drift, one_that_was_gone_for_a_while_is_news)
{
    struct fixture *f = drifted();

    cr_assert(eq(int, settle(f, 10, 12, false), OK));
    resume(f);
    venue_counts(f, 10);
    looks(f, 3);
    cr_assert(eq(int, state(f), STATE_ACTIVE), "it agrees");
    venue_counts(f, 12);
    looks(f, 2);
    cr_assert(eq(int, state(f), STATE_HALTED));
}

Test(drift, what_has_moved_since_it_was_seen_is_refused)
{
    struct fixture *f = drifted();

    cr_assert(eq(int, settle(f, 10, 11, true), ERR_CONFLICT), "the venue's count");
    cr_assert(eq(int, settle(f, 9, 12, true), ERR_CONFLICT), "ours");
    venue_counts(f, 10);
    cr_assert(eq(int, settle(f, 10, 10, true), ERR_CONFLICT), "nothing differs");
    cr_assert(eq(u32, f->counts[EVENT_DRIFT], 0));
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 10));
}

Test(drift, nothing_is_adopted_while_the_instrument_may_trade)
{
    struct fixture *f = drifted();

    resume(f);
    cr_assert(eq(int, settle(f, 10, 12, true), ERR_CONFLICT));
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 10));
}

/* The next life: whole, and cut off before either position was said. */
static struct carry *fold(struct fixture *f, uint64_t without_positions_from)
{
    static uint8_t payload[LANE_RECORD_MAX];
    struct carry *carry = carry_init(fixture_memory(carry_size()));
    struct input_names names = {.venues = 1, .strategies = 2, .instruments = 2};
    struct lane_reader reader = {.lane = &f->lane, .next_seq = 1};
    struct lane_record record;

    for (unsigned at = 0; at < 2; at++) {
        (void)snprintf(names.strategy[at], MAX_NAME, "s%u", at);
        (void)snprintf(names.instrument[at].name, MAX_NAME, "sim:%u", at);
        (void)snprintf(names.instrument[at].currency, 16, "USDT");
        names.instrument[at].tick_units = names.instrument[at].lot_units = 1;
    }
    (void)snprintf(names.venue[0], MAX_NAME, "sim");
    cr_assert(eq(int, carry_take(carry, INPUT_NAMES, 0, &names, sizeof names), CARRY_TAKEN));
    while (lane_read(&reader, &record, payload) == LANE_RECORD)
        if (record.kind != EVENT_POSITION || record.commit < without_positions_from)
            cr_assert(eq(int, carry_take(carry, record.kind, record.at_ns, payload, record.length),
                         CARRY_TAKEN));
    cr_assert(carry_settle(carry, f->config.instrument));
    return carry;
}

Test(drift, what_was_adopted_is_there_in_the_next_life)
{
    struct fixture *f = drifted();
    uint64_t before = lane_head_seq(&f->lane);
    struct carry *carry;

    cr_assert(eq(int, settle(f, 10, 12, true), OK));
    for (int cut_off = 0; cut_off < 2; cut_off++) {
        carry = fold(f, cut_off ? before : UINT64_MAX);
        cr_assert(eq(i64, carry_lots(carry, 0), 12));
        cr_assert(eq(i64, carry->own[STRATEGY_MANUAL][0].lots, 2));
        cr_assert(eq(i64, carry->own[1][0].lots, 10));
        cr_assert(eq(i64, carry->total[0].cost_e8, engine_position(f->engine, 0)->cost_e8));
    }
}
