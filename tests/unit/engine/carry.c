/* What one life of the engine leaves to the next: folded from its events, given as rows, taken
 * on. */
#include "../engine_fixture.h"
#include "carry_state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define SECOND_NS 1000000000LL
#define HOUR_NS (3600 * SECOND_NS)

TestSuite(carry, .fini = fixture_end);

static struct input_names names(void)
{
    struct input_names all = {.venues = 1, .strategies = 2, .instruments = 2};

    snprintf(all.venue[0], MAX_NAME, "sim");
    snprintf(all.strategy[0], MAX_NAME, "manual");
    snprintf(all.strategy[1], MAX_NAME, "maker");
    for (unsigned at = 0; at < 2; at++) {
        snprintf(all.instrument[at].name, MAX_NAME, "sim:%c", 'A' + (char)at);
        snprintf(all.instrument[at].currency, sizeof all.instrument[at].currency, "USDT");
        all.instrument[at].tick_units = all.instrument[at].lot_units = 1;
    }
    return all;
}

/* A first life: long 4 of instrument 0, bought at 1000, with two orders alive. */
struct life {
    struct fixture *f;
    struct carry *carry;
    uint64_t part_filled, amended;
};

static struct carry *new_carry(void)
{
    return carry_init(fixture_memory(carry_size()));
}

static struct carry *fold(struct fixture *f)
{
    static uint8_t payload[LANE_RECORD_MAX];
    struct carry *carry = new_carry();
    struct input_names all = names();
    struct lane_reader reader;
    struct lane_record record;

    cr_assert(eq(int, carry_take(carry, INPUT_NAMES, 0, &all, sizeof all), CARRY_TAKEN));
    reader = (struct lane_reader){.lane = &f->lane, .next_seq = 1};
    while (lane_read(&reader, &record, payload) == LANE_RECORD)
        cr_assert(eq(int, carry_take(carry, record.kind, record.at_ns, payload, record.length),
                     CARRY_TAKEN));
    return carry;
}

static void timer(struct fixture *f, int64_t after_ns)
{
    f->now_ns += after_ns;
    engine_timer(f->engine, f->now_ns);
    fixture_drain(f);
}

static struct life first_life(void)
{
    struct fixture *f = fixture_memory(sizeof *f);
    struct life life = {.f = f};
    struct command amend = {.kind = COMMAND_AMEND_ORDER};

    fixture_configure(f);
    f->config.rules.ack_timeout_ns = f->config.rules.query_every_ns = SECOND_NS;
    f->config.rules.void_after_ns = 10 * SECOND_NS;
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    life.part_filled = fixture_order(f, 0, SIDE_BUY, 1000, 10);
    fixture_report(f, life.part_filled, REPORT_VENUE_ACK);
    fixture_fill(f, life.part_filled, SIDE_BUY, 77, 1000, 4);
    life.amended = fixture_order(f, 0, SIDE_BUY, 999, 5);
    fixture_report(f, life.amended, REPORT_VENUE_ACK);
    amend.amend_order = (struct command_amend_order){.order_id = life.amended, .qty_lots = 20};
    cr_assert(eq(int, fixture_command(f, &amend)->status, OK));
    fixture_book(f, 0, 1010, 1011); /* a gain of 10.5 ticks a lot */
    timer(f, 2 * SECOND_NS);
    life.carry = fold(f);
    return life;
}

struct rows {
    uint32_t count;
    struct {
        uint32_t length;
        _Alignas(8) uint8_t bytes[INPUT_PART_MAX];
    } row[64];
};

static bool keep(void *ctx, const void *row, uint32_t length)
{
    struct rows *rows = ctx;

    cr_assert(lt(u32, rows->count, 64));
    rows->row[rows->count].length = length;
    memcpy(rows->row[rows->count++].bytes, row, length);
    return true;
}

static struct rows *rows_of(const struct carry *carry)
{
    struct rows *rows = fixture_memory(sizeof *rows);

    cr_assert(carry_each(carry, keep, rows));
    return rows;
}

/* The next life, `after_ns` later. */
static struct fixture *next_life(const struct life *life, int64_t after_ns)
{
    struct rows *rows = rows_of(life->carry);
    struct fixture *f = fixture_memory(sizeof *f);

    f->config = life->f->config;
    f->config.epoch++;
    fixture_start(f);
    f->now_ns = life->f->now_ns + after_ns;
    for (uint32_t at = 0; at < rows->count; at++)
        cr_assert(engine_carry(f->engine, rows->row[at].bytes, rows->row[at].length, f->now_ns));
    fixture_drain(f);
    return f;
}

static const struct order *order_of(const struct fixture *f, uint64_t id)
{
    return order_find(&f->engine->oms.pool, id);
}

/* --- the next life --- */

Test(carry, what_is_held_and_earned_goes_on)
{
    struct life life = first_life();
    struct fixture *f = next_life(&life, SECOND_NS);
    const struct accounts *was = &life.f->engine->oms.accounts;
    const struct accounts *is = &f->engine->oms.accounts;

    cr_assert(eq(i64, is->total[0].lots, 4));
    cr_assert(eq(i64, is->total[0].cost_e8, was->total[0].cost_e8));
    cr_assert(eq(i64, is->own[1][0].lots, 4));
    cr_assert(gt(i64, was->scope_e8[0], 0));
    for (uint16_t scope = 0; scope < scope_count(is->scopes); scope++)
        cr_assert(eq(i64, is->scope_e8[scope], was->scope_e8[scope]), "scope %u", scope);
    cr_assert(eq(i64, accounts_day_e8(is, 0), accounts_day_e8(was, 0)));
    cr_assert(eq(i64, is->peak_e8, was->peak_e8));
    cr_assert(eq(i64, accounts_drawdown_e8(is), accounts_drawdown_e8(was)));
    cr_assert(eq(i64, is->mark_ns[0], was->mark_ns[0])); /* as old as it was */
    cr_assert(
        eq(u32, f->engine->oms.tally.orders_today[0], life.f->engine->oms.tally.orders_today[0]));
    cr_assert(eq(u32, f->engine->oms.tally.executions[0], life.f->engine->oms.tally.executions[0]));
}

Test(carry, orders_come_back_unknown_and_count_in_full)
{
    struct life life = first_life();
    struct fixture *f = next_life(&life, SECOND_NS);
    const struct oms *oms = &f->engine->oms;

    cr_assert(eq(u32, f->counts[EVENT_ORDER_CARRIED], 2));
    cr_assert(eq(int, order_of(f, life.part_filled)->state, ORDER_UNKNOWN));
    cr_assert(eq(int, order_of(f, life.amended)->state, ORDER_UNKNOWN));
    cr_assert(eq(i64, oms->working_total[SIDE_BUY][0], 6 + 20)); /* the larger of 5 and 20 */
    cr_assert(eq(i64, oms->working_own[SIDE_BUY][1][0], 6 + 20));
    cr_assert(eq(u32, oms->open_orders[0], 2));
    cr_assert(eq(i64, oms->own_book.best_ticks[SIDE_BUY][0], 1000));
    cr_assert(
        eq(i64, oms->exposure.total[0].gross_e8, life.f->engine->oms.exposure.total[0].gross_e8));
    cr_assert(eq(i64, (int64_t)order_of(f, life.part_filled)->filled_price_lots, 4000));
}

Test(carry, they_are_asked_about_at_once_and_void_by_the_rules_only)
{
    struct life life = first_life();
    struct fixture *f = next_life(&life, SECOND_NS);
    struct execution absent = {.report = REPORT_QUERY_ABSENT, .order_id = life.part_filled};

    timer(f, SLOW_TIMER_NS);
    cr_assert(eq(u32, f->sent_count, 2));
    cr_assert(eq(int, f->sent[0].kind, ORDER_MESSAGE_QUERY));
    for (unsigned times = 0; times < 3; times++) /* the receive window is not over */
        engine_execution(f->engine, &absent, f->now_ns);
    cr_assert(eq(int, order_of(f, life.part_filled)->state, ORDER_UNKNOWN));
    timer(f, 20 * SECOND_NS);
    engine_execution(f->engine, &absent, f->now_ns);
    cr_assert(eq(int, order_of(f, life.part_filled)->state, ORDER_UNKNOWN));
    engine_execution(f->engine, &absent, f->now_ns);
    cr_assert(eq(int, order_of(f, life.part_filled)->state, ORDER_CANCELLED));
}

Test(carry, a_repeated_execution_counts_once_over_lives)
{
    struct life life = first_life();
    struct fixture *f = next_life(&life, SECOND_NS);

    fixture_fill(f, life.part_filled, SIDE_BUY, 77, 1000, 4);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 4));
    fixture_fill(f, life.part_filled, SIDE_BUY, 78, 1000, 6);
    cr_assert(eq(i64, engine_position(f->engine, 0)->lots, 10));
    cr_assert(eq(int, order_of(f, life.part_filled)->state, ORDER_FILLED));
}

Test(carry, a_kill_of_the_next_life_claims_them)
{
    struct life life = first_life();
    struct fixture *f = next_life(&life, SECOND_NS);

    kill_page_set(&f->page, 0);
    engine_kill(f->engine, f->now_ns);
    fixture_drain(f);
    cr_assert(eq(u32, f->newest[EVENT_KILL_SEEN].kill_seen.resting, 2));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.unknown, 2));
    fixture_report(f, life.part_filled, REPORT_VENUE_CANCEL);
    fixture_report(f, life.amended, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.confirmed, 2));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.unknown, 0));
}

Test(carry, a_day_that_has_ended_meanwhile_ends)
{
    struct life life = first_life();
    struct fixture *f;
    const struct accounts *accounts;

    life.f->config.day_start_ns += TRADING_DAY_NS;
    f = fixture_memory(sizeof *f);
    f->config = life.f->config;
    fixture_start(f); /* sets the day to now */
    f->engine->config.day_start_ns = f->now_ns + TRADING_DAY_NS;
    for (uint32_t at = 0; at < rows_of(life.carry)->count; at++) {
        struct rows *rows = rows_of(life.carry);

        cr_assert(engine_carry(f->engine, rows->row[at].bytes, rows->row[at].length,
                               f->now_ns + TRADING_DAY_NS));
    }
    accounts = &f->engine->oms.accounts;
    cr_assert(gt(i64, accounts->scope_e8[0], 0));
    cr_assert(eq(i64, accounts_day_e8(accounts, 0), 0));
    cr_assert(eq(u32, f->engine->oms.tally.orders_today[0], 0));
    cr_assert(gt(u32, f->engine->oms.tally.executions[0], 0)); /* only a person sets these back */
}

Test(carry, the_next_life_folds_to_the_same)
{
    struct life life = first_life();
    struct fixture *f = next_life(&life, SECOND_NS);
    struct input_names all = names();
    struct lane_reader reader = {.lane = &f->lane, .next_seq = 1};
    struct lane_record record;
    static uint8_t payload[LANE_RECORD_MAX];

    /* The fold of the first life goes on with the second's records, as the persister's does. */
    (void)carry_take(life.carry, INPUT_NAMES, 0, &all, sizeof all);
    while (lane_read(&reader, &record, payload) == LANE_RECORD)
        (void)carry_take(life.carry, record.kind, record.at_ns, payload, record.length);
    cr_assert(eq(u64, carry_hash(life.carry), engine_state_hash(f->engine)));
}

/* For those who look while the fold goes on. */
Test(carry, a_copy_stays_as_it_was)
{
    struct life life = first_life();
    struct carry *copy = carry_copy(fixture_memory(carry_size()), life.carry);
    struct event_position more = {.lots = 99, .strategy = UINT16_MAX};
    struct execution fill;

    cr_assert(eq(int, carry_take(life.carry, EVENT_POSITION, 0, &more, sizeof more), CARRY_TAKEN));
    cr_assert(eq(i64, carry_lots(copy, 0), 4));
    cr_assert(eq(u32, carry_live_orders(copy), 2));
    cr_assert(carry_misses(copy, life.part_filled, 78, &fill));
    cr_assert(not(carry_misses(copy, life.part_filled, 77, &fill)));
}

Test(carry, the_oldest_order_that_may_be_alive_says_how_far_to_look_back)
{
    struct life life = first_life();

    cr_assert(eq(i64, carry_oldest_order_ns(new_carry()), 0));
    cr_assert(eq(i64, carry_oldest_order_ns(life.carry), life.f->now_ns - 2 * SECOND_NS));
}

Test(carry, rows_that_do_not_fit_are_refused)
{
    struct life life = first_life();
    struct rows *rows = rows_of(life.carry);
    struct fixture *f = fixture_make();
    struct {
        struct carry_row head;
        struct event_order_carried order;
    } order = {.head = {.kind = CARRY_ORDER, .count = 1}};

    for (uint32_t at = 0; at < rows->count; at++) {
        struct carry_row head;

        memcpy(&head, rows->row[at].bytes, sizeof head);
        if (head.kind == CARRY_ORDER)
            memcpy(&order, rows->row[at].bytes, sizeof order);
    }
    order.order.instrument = 2;
    cr_assert(not(engine_carry(f->engine, &order, sizeof order, f->now_ns)));
    order.order.instrument = 0;
    order.order.qty_lots = 0;
    cr_assert(not(engine_carry(f->engine, &order, sizeof order, f->now_ns)));
    cr_assert(not(engine_carry(f->engine, &order, 3, f->now_ns)));
}

/* --- rows --- */

Test(carry, rows_make_the_same_again)
{
    struct life life = first_life();
    struct rows *rows = rows_of(life.carry);
    struct carry *again = new_carry();

    for (uint32_t at = 0; at < rows->count; at++)
        cr_assert(carry_put(again, rows->row[at].bytes, rows->row[at].length), "row %u", at);
    cr_assert(eq(u64, carry_hash(again), carry_hash(life.carry)));
    cr_assert(eq(int, memcmp(again->mark, life.carry->mark, sizeof again->mark), 0));
    cr_assert(eq(int, memcmp(&again->money, &life.carry->money, sizeof again->money), 0));
    cr_assert(eq(u32, again->fills.count, 1));
    cr_assert(
        eq(i64, (int64_t)order_find(&again->orders, life.part_filled)->filled_price_lots, 4000));
}

Test(carry, a_row_that_is_left_out_shows_at_the_end)
{
    struct life life = first_life();
    struct rows *rows = rows_of(life.carry);
    struct carry *again = new_carry();
    bool well = true;

    for (uint32_t at = 0; at < rows->count; at++) {
        struct carry_row head;

        memcpy(&head, rows->row[at].bytes, sizeof head);
        if (head.kind != CARRY_POSITION)
            well = carry_put(again, rows->row[at].bytes, rows->row[at].length);
    }
    cr_assert(not(well));
}

/* --- the hash --- */

/* Each field of each kind of thing, once: another value is another hash, and back. */
#define FLIPS(carry, field)                                                                        \
    do {                                                                                           \
        uint64_t before = carry_hash(carry);                                                       \
        (field) ^= 1;                                                                              \
        cr_assert(ne(u64, carry_hash(carry), before), "%s", #field);                               \
        (field) ^= 1;                                                                              \
        cr_assert(eq(u64, carry_hash(carry), before));                                             \
    } while (0)

Test(carry, any_field_that_changes_changes_the_hash)
{
    struct life life = first_life();
    struct carry *carry = life.carry;
    struct order *order = order_find(&carry->orders, life.amended);

    FLIPS(carry, order->id);
    FLIPS(carry, order->state);
    FLIPS(carry, order->price_ticks);
    FLIPS(carry, order->qty_lots);
    FLIPS(carry, order->filled_lots);
    FLIPS(carry, order->amend_price_ticks);
    FLIPS(carry, order->amend_qty_lots);
    FLIPS(carry, carry->total[0].lots);
    FLIPS(carry, carry->total[0].cost_e8);
    FLIPS(carry, carry->total[0].realised_e8);
    FLIPS(carry, carry->total[0].fee_e8);
    FLIPS(carry, carry->total[0].rebate_e8);
    FLIPS(carry, carry->total[0].funding_e8);
    FLIPS(carry, carry->total[1].lots);
    FLIPS(carry, carry->own[1][0].lots);
    FLIPS(carry, carry->own[1][0].realised_e8);
    FLIPS(carry, carry->own[0][1].fee_e8);
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        FLIPS(carry, carry->limits[0].value[id]);
    FLIPS(carry, carry->limits_generation[4]);
    FLIPS(carry, carry->states[0].version);
    FLIPS(carry, carry->states[0].incident);
    carry->states[1].state = STATE_HALTED;
    cr_assert(ne(u64, carry_hash(carry), engine_state_hash(life.f->engine)));
    carry->states[1].state = STATE_ACTIVE;
    cr_assert(eq(u64, carry_hash(carry), engine_state_hash(life.f->engine)));
}

Test(carry, the_engine_says_its_hash_when_it_stops)
{
    struct life life = first_life();
    struct command stop = {.kind = COMMAND_STOP};

    fixture_command(life.f, &stop);
    cr_assert(eq(u32, life.f->counts[EVENT_STATE_HASH], 1));
    cr_assert(eq(u64, life.f->newest[EVENT_STATE_HASH].state_hash.hash,
                 engine_state_hash(life.f->engine)));
    (void)fold(life.f); /* asserts that it agrees */
}

/* --- names --- */

Test(carry, nothing_is_known_before_the_names)
{
    struct life life = first_life();
    struct carry *carry = new_carry();
    struct event_position position = {.lots = 5, .strategy = UINT16_MAX};

    (void)carry_take(carry, EVENT_POSITION, 0, &position, sizeof position);
    cr_assert(eq(ptr, (void *)carry_names(carry), NULL));
    cr_assert(eq(i64, carry_lots(carry, 0), 0));
    cr_assert(ne(ptr, (void *)carry_names(life.carry), NULL));
}

Test(carry, names_that_cannot_be_are_not_taken)
{
    struct carry *carry = new_carry();
    struct input_names bad = names();

    (void)carry_take(carry, INPUT_NAMES, 0, &bad, sizeof bad);
    bad.instrument[0].venue = UINT16_MAX;
    cr_assert(eq(int, carry_take(carry, INPUT_NAMES, 0, &bad, sizeof bad), CARRY_DIFFERS));
    cr_assert(eq(int, carry_names(carry)->instrument[0].venue, 0));
    bad = names();
    bad.strategies = 0;
    cr_assert(eq(int, carry_take(carry, INPUT_NAMES, 0, &bad, sizeof bad), CARRY_DIFFERS));
    cr_assert(eq(int, carry_take(carry, INPUT_NAMES, 0, &bad, 8), CARRY_DIFFERS));
}

Test(carry, numbers_change_and_names_stay)
{
    struct life life = first_life();
    struct input_names all = names();
    struct input_instrument first = all.instrument[0];

    all.instrument[0] = all.instrument[1];
    all.instrument[1] = first;
    all.strategies = 3;
    snprintf(all.strategy[1], MAX_NAME, "another");
    snprintf(all.strategy[2], MAX_NAME, "maker");
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_FITS));
    carry_rename(life.carry, &all);
    cr_assert(eq(i64, carry_lots(life.carry, 1), 4));
    cr_assert(eq(i64, carry_lots(life.carry, 0), 0));
    cr_assert(eq(i64, life.carry->own[2][1].lots, 4));
    cr_assert(eq(int, order_find(&life.carry->orders, life.amended)->instrument, 1));
    cr_assert(eq(int, order_find(&life.carry->orders, life.amended)->strategy, 2));
    cr_assert(eq(u32, life.carry->scope[4].executions, 1)); /* strategy/maker: 1 + 1 + 2 */
    cr_assert(not(fill_set_add(&life.carry->fills, 0, 77)));
}

Test(carry, what_is_held_must_stay_what_it_was)
{
    struct life life = first_life();
    struct input_names all = names();

    all.instrument[0].tick_units = 2;
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_OTHER_STEP));
    all = names();
    all.instrument[0].currency[0] = 'B';
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_OTHER_CURRENCY));
    all = names();
    all.instrument[0].name[4] = 'C';
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_NO_INSTRUMENT));
    cr_assert(eq(i64, carry_fault(life.carry, &all).lots, 4));
    cr_assert(eq(u32, carry_fault(life.carry, &all).orders, 2));
    all = names();
    all.venue[0][0] = 'x';
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_OTHER_VENUE));
    all = names();
    all.strategies = 1;
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_NO_STRATEGY));
    all = names(); /* the other one is free to go */
    all.instruments = 1;
    cr_assert(eq(int, carry_fault(life.carry, &all).kind, CARRY_FITS));
}

Test(carry, what_is_gone_leaves_its_loss_in_the_day)
{
    struct life life = first_life();
    struct input_names all = names();
    struct money_scope *firm = &life.carry->scope[0];
    int64_t day_open_e8 = firm->day_open_e8, peak_e8 = life.carry->money.peak_e8;

    life.carry->scope[5].total_e8 = -700; /* instrument 1, flat */
    all.instruments = 1;
    carry_rename(life.carry, &all);
    /* The firm's total will be 700 better for want of it: so is what it is compared with. */
    cr_assert(eq(i64, firm->day_open_e8, day_open_e8 + 700));
    cr_assert(eq(i64, life.carry->money.peak_e8, peak_e8 + 700));
}
