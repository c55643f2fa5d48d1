#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(triggers, .fini = fixture_end);

static struct fixture *armed_by(enum limit_id id, int64_t limit)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    for (unsigned at = 0; at < TRIGGER_COUNT; at++)
        f->config.rules.trigger[at] = trigger_default((enum trigger_id)at);
    f->config.limits[0].value[id] = limit;
    f->config.capital_e8 = MONEY_ONE_E8;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    return f;
}

static struct fixture *armed(void)
{
    return armed_by(LIMIT_MAX_DAILY_LOSS, 100);
}

/* One look; the book of instrument 0 stays fresh at a bid. */
static void look(struct fixture *f, int64_t bid)
{
    f->now_ns += SLOW_TIMER_NS;
    fixture_book(f, 0, bid, bid + 1);
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
}

static const struct event_trigger *fired(const struct fixture *f)
{
    return &f->newest[EVENT_TRIGGER].trigger;
}

static enum trading_state state(const struct fixture *f, uint16_t scope)
{
    return f->engine->oms.states[scope].state;
}

/* 10 lots of 0.0001 a tick: a tick is 100000 units of 1e-8, a thousandth of the capital. */
static void hold(struct fixture *f)
{
    fixture_fill(f, 777, SIDE_BUY, 1, 1000, 10);
}

Test(triggers, a_loss_is_confirmed_over_samples_and_kills_with_its_numbers)
{
    struct fixture *f = armed();

    hold(f);
    look(f, 990);
    look(f, 990);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0), "two looks of three");
    cr_assert(eq(int, state(f, 0), STATE_ACTIVE));
    look(f, 990);
    cr_assert(eq(int, state(f, 0), STATE_HALTED));
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_DAILY_LOSS));
    cr_assert(eq(int, fired(f)->action, TRIGGER_KILL));
    cr_assert(eq(int, fired(f)->samples, 3));
    cr_assert(gt(i64, fired(f)->measured, 100));
    cr_assert(eq(i64, fired(f)->limit, 100));
    cr_assert(eq(u64, fired(f)->incident, f->newest[EVENT_KILL_SEEN].kill_seen.incident));
    cr_assert(eq(u64, atomic_load(&f->page.word[0]), fired(f)->incident),
              "the gateways have it by the page");
    for (int more = 0; more < 10; more++)
        look(f, 990);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 1), "once");
}

Test(triggers, noise_does_not_fire_and_a_lifted_scope_may_fire_again)
{
    struct fixture *f = armed();
    struct command resume = {.kind = COMMAND_SET_STATE};

    hold(f);
    for (int turn = 0; turn < 12; turn++)
        look(f, turn % 3 == 0 ? 990 : 1000); /* one look of three, two at most of five */
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0));
    for (int turn = 0; turn < 3; turn++)
        look(f, 990);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 1));
    resume.set_state = (struct command_set_state){.base = f->engine->oms.states[0].version,
                                                  .clears = fired(f)->incident,
                                                  .state = STATE_ACTIVE};
    cr_assert(eq(int, fixture_command(f, &resume)->status, OK));
    for (int turn = 0; turn < 3; turn++)
        look(f, 990);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 2), "the cause still holds");
    cr_assert(eq(int, state(f, 0), STATE_HALTED));
}

Test(triggers, a_position_over_its_limit_lets_only_reducing_orders_pass)
{
    struct fixture *f = armed();

    f->engine->oms.limits[0].value[LIMIT_MAX_DAILY_LOSS] = LIMIT_UNSET;
    hold(f);
    f->engine->oms.limits[0].value[LIMIT_MAX_POSITION_LOTS] = 9;
    for (int turn = 0; turn < 3; turn++)
        look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_POSITION));
    cr_assert(eq(i64, fired(f)->measured, 10));
    cr_assert(eq(int, state(f, scope_of_instrument(f->config.scopes, 0)), STATE_REDUCING));
    cr_assert(eq(int, state(f, 0), STATE_ACTIVE), "that instrument only");
}

Test(triggers, a_fall_from_the_peak_kills_though_the_day_is_within_its_limit)
{
    struct fixture *f = armed_by(LIMIT_MAX_DRAWDOWN_RATIO, RATIO_ONE_E8 / 100);

    hold(f);
    for (int turn = 0; turn < 5; turn++)
        look(f, 991);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0), "less than a hundredth");
    for (int turn = 0; turn < 3; turn++)
        look(f, 980);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_DRAWDOWN));
    cr_assert(gt(i64, fired(f)->measured, RATIO_ONE_E8 / 100));
    cr_assert(eq(i64, fired(f)->limit, RATIO_ONE_E8 / 100));
    cr_assert(eq(int, state(f, 0), STATE_HALTED));
}

/* 10 lots at 1000 are worth 1.0. */
Test(triggers, gross_exposure_over_its_limit_lets_only_reducing_orders_pass)
{
    struct fixture *f = armed_by(LIMIT_MAX_GROSS_NOTIONAL, MONEY_ONE_E8 / 2);

    hold(f);
    for (int turn = 0; turn < 3; turn++)
        look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_EXPOSURE));
    cr_assert(ge(i64, fired(f)->measured, MONEY_ONE_E8));
    cr_assert(eq(i64, fired(f)->limit, MONEY_ONE_E8 / 2));
    cr_assert(eq(int, state(f, 0), STATE_REDUCING));
}

Test(triggers, net_exposure_over_its_limit_does_the_same_and_names_the_net)
{
    struct fixture *f = armed_by(LIMIT_MAX_NET_NOTIONAL, MONEY_ONE_E8 / 4);

    hold(f);
    for (int turn = 0; turn < 3; turn++)
        look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_EXPOSURE));
    cr_assert(ge(i64, fired(f)->measured, MONEY_ONE_E8));
    cr_assert(eq(i64, fired(f)->limit, MONEY_ONE_E8 / 4));
    cr_assert(eq(int, state(f, 0), STATE_REDUCING));
}

Test(triggers, too_many_executions_since_a_person_last_looked_kill)
{
    struct fixture *f = armed_by(LIMIT_MAX_REPEATED_EXECUTIONS, 2);

    fixture_fill(f, 777, SIDE_BUY, 1, 1000, 1);
    fixture_fill(f, 777, SIDE_SELL, 2, 1000, 1);
    look(f, 1000);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0), "as many as may be");
    fixture_fill(f, 777, SIDE_BUY, 3, 1000, 1);
    look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_REPEATED_EXECUTION));
    cr_assert(eq(i64, fired(f)->measured, 3));
    cr_assert(eq(int, state(f, 0), STATE_HALTED));
}

/* Looks at a book that has been lost. */
static void look_at_lost(struct fixture *f, int looks)
{
    struct market_update lost = {.kind = MARKET_LOST};

    engine_market(f->engine, &lost, f->now_ns);
    for (int turn = 0; turn < looks; turn++) {
        f->now_ns += SLOW_TIMER_NS;
        engine_timer(f->engine, f->now_ns);
    }
    fixture_drain(f);
}

Test(triggers, a_stale_book_is_told_while_something_depends_on_it_and_stops_nothing)
{
    struct fixture *f = armed_by(LIMIT_MAX_OPEN_ORDERS, 10);

    look_at_lost(f, 5);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0), "nothing is held, nothing works");
    fixture_book(f, 0, 1000, 1001);
    hold(f);
    look_at_lost(f, 3);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_MARKET_DATA));
    cr_assert(eq(int, fired(f)->action, TRIGGER_NOTIFY));
    cr_assert(eq(i64, fired(f)->measured, 10));
    cr_assert(eq(u64, fired(f)->incident, 0));
    cr_assert(eq(int, state(f, scope_of_instrument(f->config.scopes, 0)), STATE_ACTIVE));
}

Test(triggers, a_journal_that_is_suspect_is_told_and_stops_nothing)
{
    struct fixture *f = armed();

    lane_distrust(&f->lane);
    look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_STORAGE));
    cr_assert(eq(int, fired(f)->action, TRIGGER_NOTIFY));
    cr_assert(eq(int, state(f, 0), STATE_ACTIVE));
}

static void venue_counts(struct fixture *f, int64_t lots)
{
    struct execution count = {.report = REPORT_POSITION, .qty_lots = lots};

    engine_execution(f->engine, &count, f->now_ns);
    fixture_drain(f);
}

Test(triggers, the_venues_other_count_stops_the_instrument_when_it_stays)
{
    struct fixture *f = armed();

    hold(f);
    f->engine->oms.limits[0].value[LIMIT_MAX_DAILY_LOSS] = LIMIT_UNSET;
    venue_counts(f, 0); /* its count was made before the fill, and arrives behind it */
    for (int turn = 0; turn < 8; turn++)
        look(f, 1000);
    cr_assert(eq(int, state(f, scope_of_instrument(f->config.scopes, 0)), STATE_ACTIVE));
    for (int turn = 0; turn < 5; turn++)
        look(f, 1000);
    venue_counts(f, 10);
    for (int turn = 0; turn < 5; turn++)
        look(f, 1000);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0), "it agrees");
    venue_counts(f, 12);
    look(f, 1000);
    look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_POSITION_DRIFT));
    cr_assert(eq(i64, fired(f)->measured, 12));
    cr_assert(eq(i64, fired(f)->limit, 10), "both figures side by side");
    cr_assert(eq(int, state(f, scope_of_instrument(f->config.scopes, 0)), STATE_HALTED));
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 10), "no fill is invented");
}

Test(triggers, an_overfill_is_booked_and_latched_at_once)
{
    struct fixture *f = armed();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 5);

    fixture_fill(f, id, SIDE_BUY, 1, 1000, 8);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 8));
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_OVERFILL));
    cr_assert(eq(int, state(f, scope_of_instrument(f->config.scopes, 0)), STATE_HALTED));
    cr_assert(eq(u64, fixture_order(f, 0, SIDE_SELL, 1001, 1), 0));
}

Test(triggers, a_strategy_that_is_refused_too_often_is_stopped_alone)
{
    struct fixture *f = armed();

    for (int turn = 0; turn <= REJECTS_MAX; turn++)
        fixture_report(f, fixture_order(f, 0, SIDE_BUY, 1000, 1), REPORT_VENUE_REJECT);
    look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_REJECT_RATE));
    cr_assert(eq(int, state(f, scope_of_strategy(f->config.scopes, 1)), STATE_HALTED));
    cr_assert(eq(int, state(f, 0), STATE_ACTIVE));
}

Test(triggers, rejects_long_ago_do_not_add_up)
{
    struct fixture *f = armed();

    for (int turn = 0; turn < 2 * REJECTS_MAX; turn++) {
        fixture_report(f, fixture_order(f, 0, SIDE_BUY, 1000, 1), REPORT_VENUE_REJECT);
        for (int quiet = 0; quiet < 10; quiet++)
            look(f, 1000);
    }
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0));
}

Test(triggers, a_venue_whose_books_are_all_lost_is_down)
{
    struct fixture *f = armed();

    for (uint16_t at = 0; at < 2; at++) {
        struct market_update lost = {.kind = MARKET_LOST, .instrument = at};

        if (at == 1)
            fixture_book(f, 1, 500, 501);
        engine_market(f->engine, &lost, f->now_ns);
    }
    for (int turn = 0; turn < 5; turn++) {
        f->now_ns += SLOW_TIMER_NS;
        engine_timer(f->engine, f->now_ns);
    }
    fixture_drain(f);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_VENUE_DOWN));
    cr_assert(eq(int, state(f, scope_of_venue(f->config.scopes, 0)), STATE_HALTED));
}

static void beat(struct fixture *f, uint64_t orders, uint64_t lots)
{
    struct command command = {.kind = COMMAND_BEAT, .beat = {orders, lots}};

    engine_command(f->engine, &command, f->now_ns);
    fixture_drain(f);
}

Test(triggers, a_control_plane_that_stops_beating_stops_the_firm)
{
    struct fixture *f = armed();

    for (int turn = 0; turn < 200; turn++)
        look(f, 1000);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0), "it has never beaten: nobody to miss");
    beat(f, 0, 0);
    cr_assert(eq(u32, f->counts[EVENT_COMMAND_DONE], 0), "a beat is not answered");
    for (int64_t turn = 0; turn * SLOW_TIMER_NS < CONTROL_LOST_NS + 2 * SLOW_TIMER_NS; turn++)
        look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_CONTROL_LOST));
    cr_assert(eq(int, state(f, 0), STATE_HALTED));
}

static void left_is_too_much(uint64_t orders, uint64_t lots)
{
    struct fixture *f = armed();

    fixture_order(f, 0, SIDE_BUY, 1000, 7);
    beat(f, 1, 7);
    look(f, 1000);
    cr_assert(eq(u32, f->counts[EVENT_TRIGGER], 0));
    beat(f, orders, lots);
    look(f, 1000);
    cr_assert(eq(int, fired(f)->trigger, TRIGGER_CONSERVATION));
    cr_assert(eq(int, state(f, 0), STATE_HALTED));
}

Test(triggers, more_that_left_than_was_intended_stops_the_firm)
{
    left_is_too_much(2, 14); /* a ring or a gateway said it twice */
    left_is_too_much(2, 7);  /* an order without a lot is one too many as well */
    left_is_too_much(1, 8);
}

Test(triggers, every_row_has_a_name_a_reason_and_a_window)
{
    for (unsigned id = 0; id < TRIGGER_COUNT; id++) {
        struct trigger_rule rule = trigger_default((enum trigger_id)id);

        cr_assert(ne(int, trigger_name((enum trigger_id)id)[0], 0));
        cr_assert(ne(int, trigger_says((enum trigger_id)id)[0], 0));
        cr_assert(rule.samples >= 1 && rule.samples <= rule.window && rule.window <= 32);
        cr_assert(lt(int, (int)rule.action, TRIGGER_ACTIONS));
    }
}
