#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(flatten, .fini = fixture_end);

static void pass(struct fixture *f)
{
    f->now_ns += SLOW_TIMER_NS;
    fixture_book(f, 0, 1000, 1001);
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
}

/* Strategy 1 holds lots of instrument 0. */
static struct fixture *holding(int64_t lots)
{
    struct fixture *f = fixture_make();

    fixture_fill(f, 777, lots > 0 ? SIDE_BUY : SIDE_SELL, 1, 1000, lots > 0 ? lots : -lots);
    return f;
}

static uint64_t kill(struct fixture *f, uint16_t scope)
{
    uint64_t incident = kill_page_set(&f->page, scope);

    engine_kill(f->engine, f->now_ns);
    fixture_drain(f);
    return incident;
}

static enum status flatten(struct fixture *f, uint64_t incident, uint16_t scope)
{
    struct command command = {.kind = COMMAND_FLATTEN, .flatten = {incident, scope}};

    return (enum status)fixture_command(f, &command)->status;
}

static const struct order_message *newest(const struct fixture *f)
{
    return &f->sent[f->sent_count - 1];
}

Test(flatten, what_is_held_is_sold_reduce_only_in_pieces_and_never_more)
{
    struct fixture *f = holding(150);
    uint64_t incident = kill(f, 0);
    int64_t left = 150;

    cr_assert(eq(int, flatten(f, incident, 0), OK));
    for (uint64_t exec = 2; left > 0; exec++) {
        const struct order_message *exit = newest(f);

        cr_assert(eq(int, exit->kind, ORDER_MESSAGE_NEW));
        cr_assert(eq(int, exit->side, SIDE_SELL));
        cr_assert(eq(int, exit->flags, ORDER_REDUCE_ONLY | ORDER_EXIT));
        cr_assert(eq(int, exit->tif, TIF_IOC));
        cr_assert(eq(i64, exit->qty_lots, left < 100 ? left : 100), "max_order_lots is 100");
        fixture_fill(f, exit->order_id, SIDE_SELL, exec, 1000, exit->qty_lots);
        left -= exit->qty_lots;
        pass(f);
    }
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 0));
    cr_assert(eq(u32, f->sent_count, 2));
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.done, 1));
    cr_assert(eq(u32, f->newest[EVENT_FLATTEN].flatten.orders, 2));
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.refused, FLATTEN_FINE));
    pass(f);
    cr_assert(eq(u32, f->sent_count, 2));
}

Test(flatten, it_waits_until_nothing_of_ours_works_and_nothing_is_unknown)
{
    struct fixture *f = holding(-20);
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 5);
    uint64_t incident;

    fixture_report(f, id, REPORT_TIMEOUT);
    incident = kill(f, 0);
    flatten(f, incident, 0);
    for (int turn = 0; turn < FLATTEN_FAILURES_MAX + 5; turn++)
        pass(f);
    cr_assert(eq(u32, f->counts[EVENT_ORDER_DENIED], 0), "nor does it ask the gate, and give up");
    for (uint32_t at = 1; at < f->sent_count; at++)
        cr_assert(ne(int, f->sent[at].kind, ORDER_MESSAGE_NEW), "blind");
    fixture_fill(f, id, SIDE_BUY, 2, 1000, 5);
    pass(f);
    cr_assert(eq(int, newest(f)->kind, ORDER_MESSAGE_NEW));
    cr_assert(eq(i64, newest(f)->qty_lots, 15),
              "what the unknown order had bought is not bought twice");
}

Test(flatten, it_is_not_done_while_an_order_may_still_fill)
{
    struct fixture *f = fixture_make();
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 5);
    uint64_t incident = kill(f, 0);

    flatten(f, incident, 0);
    pass(f);
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.done, 0), "flat, but not for sure");
    fixture_fill(f, id, SIDE_BUY, 1, 1000, 5);
    pass(f);
    cr_assert(eq(int, newest(f)->side, SIDE_SELL));
    fixture_fill(f, newest(f)->order_id, SIDE_SELL, 2, 1000, 5);
    pass(f);
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.done, 1));
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 0));
}

static void fill_of(struct fixture *f, uint16_t strategy, enum side side, uint64_t id,
                    uint64_t exec, int64_t lots)
{
    struct execution fill = {.report = REPORT_FILL_PART,
                             .side = (uint8_t)side,
                             .strategy = strategy,
                             .order_id = id,
                             .exec_id = exec,
                             .price_ticks = 1000,
                             .qty_lots = lots};

    engine_execution(f->engine, &fill, f->now_ns);
    fixture_drain(f);
}

/* The firm's is looked at before the strategy's: an earlier one has held the place between. */
Test(flatten, a_strategys_and_the_firms_at_once_leave_nothing)
{
    struct fixture *f = holding(50);
    uint16_t scope = scope_of_strategy(f->config.scopes, 1);
    uint16_t elsewhere = scope_of_instrument(f->config.scopes, 1);
    uint64_t waits, earlier, of_strategy, of_firm;

    fill_of(f, STRATEGY_MANUAL, SIDE_SELL, 888, 2, 30); /* 50 and -30: 20 in all */
    fixture_book(f, 1, 1000, 1001);
    waits = fixture_order(f, 1, SIDE_BUY, 999, 1);
    earlier = kill(f, elsewhere);
    of_strategy = kill(f, scope);
    of_firm = kill(f, 0);
    cr_assert(eq(int, flatten(f, earlier, elsewhere), OK));
    cr_assert(eq(int, flatten(f, of_firm, 0), OK));
    fixture_report(f, waits, REPORT_VENUE_CANCEL);
    pass(f);
    cr_assert(eq(int, flatten(f, of_strategy, scope), OK));
    for (uint64_t turn = 0; turn < 20; turn++) {
        const struct order_message *exit = newest(f);

        if (exit->kind == ORDER_MESSAGE_NEW && engine_open_orders(f->engine) > 0)
            fill_of(f, exit->strategy, (enum side)exit->side, exit->order_id, 100 + turn,
                    exit->qty_lots);
        pass(f);
    }
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 0));
    cr_assert(eq(i64, f->engine->oms.accounts.own[1][0].lots, 0));
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.done, 1));
}

Test(flatten, a_strategys_does_not_wait_for_what_others_quote)
{
    struct fixture *f = holding(20);
    struct command other = {.kind = COMMAND_NEW_ORDER};
    uint16_t scope = scope_of_strategy(f->config.scopes, 1);
    uint64_t incident;

    other.new_order.intent = (struct intent){
        .side = SIDE_BUY, .price_ticks = 995, .qty_lots = 1, .strategy = STRATEGY_MANUAL};
    cr_assert(eq(int, fixture_command(f, &other)->status, OK));
    incident = kill(f, scope);
    flatten(f, incident, scope);
    pass(f);
    cr_assert(eq(int, newest(f)->kind, ORDER_MESSAGE_NEW));
    cr_assert(eq(i64, newest(f)->qty_lots, 20));
}

Test(flatten, it_belongs_to_its_incident_and_ends_with_it)
{
    struct fixture *f = holding(20);
    uint64_t incident = kill(f, 0);
    struct command resume = {.kind = COMMAND_SET_STATE};

    cr_assert(eq(int, flatten(f, incident + 1, 0), ERR_CONFLICT));
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.refused, FLATTEN_NOT_KILLED));
    cr_assert(eq(u32, f->sent_count, 0));
    cr_assert(eq(int, flatten(f, incident, 0), OK));
    cr_assert(eq(int, flatten(f, incident, 0), OK), "it is under way");
    cr_assert(eq(u32, f->sent_count, 1));
    fixture_report(f, newest(f)->order_id, REPORT_VENUE_EXPIRE);
    resume.set_state = (struct command_set_state){
        .base = f->engine->oms.states[0].version, .clears = incident, .state = STATE_ACTIVE};
    cr_assert(eq(int, fixture_command(f, &resume)->status, OK));
    pass(f);
    cr_assert(eq(u32, f->sent_count, 1));
    cr_assert(eq(int, f->newest[EVENT_FLATTEN].flatten.refused, FLATTEN_NOT_KILLED));
}

Test(flatten, a_strategys_own_is_left_even_when_the_total_is_flat)
{
    struct fixture *f = holding(10);
    struct execution others = {.report = REPORT_FILL_PART,
                               .side = SIDE_SELL,
                               .order_id = 888,
                               .exec_id = 2,
                               .price_ticks = 1000,
                               .qty_lots = 10};
    uint64_t incident;

    engine_execution(f->engine, &others, f->now_ns); /* strategy manual: -10, total 0 */
    incident = kill(f, scope_of_strategy(f->config.scopes, 1));
    cr_assert(eq(int, flatten(f, incident, scope_of_strategy(f->config.scopes, 1)), OK));
    cr_assert(eq(int, newest(f)->side, SIDE_SELL));
    cr_assert(eq(i64, newest(f)->qty_lots, 10));
    cr_assert(eq(int, newest(f)->strategy, 1));
}

Test(flatten, a_persons_reduce_only_order_leaves_a_halted_scope_and_nothing_else_does)
{
    struct fixture *f = holding(20);
    struct command exit = {.kind = COMMAND_NEW_ORDER};

    kill(f, 0);
    exit.new_order.intent = (struct intent){
        .side = SIDE_SELL, .price_ticks = 1000, .qty_lots = 21, .flags = ORDER_REDUCE_ONLY};
    cr_assert(eq(int, fixture_command(f, &exit)->denial, DENY_REDUCING_ONLY));
    exit.new_order.intent.qty_lots = 12;
    cr_assert(eq(int, fixture_command(f, &exit)->status, OK));
    cr_assert(eq(int, newest(f)->flags, ORDER_REDUCE_ONLY | ORDER_EXIT));
    cr_assert(eq(int, fixture_command(f, &exit)->denial, DENY_REDUCING_ONLY),
              "12 work already: working exits are counted");
    exit.new_order.intent.qty_lots = 1;
    exit.new_order.intent.flags = 0;
    cr_assert(eq(int, fixture_command(f, &exit)->denial, DENY_HALTED));
    exit.new_order.intent.flags = ORDER_REDUCE_ONLY | ORDER_EXIT;
    exit.new_order.intent.strategy = 1;
    cr_assert(eq(int, fixture_command(f, &exit)->denial, DENY_HALTED), "a strategy's is not");
}
