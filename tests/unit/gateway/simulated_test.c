#include "gateway/simulated/simulated.h"

#include "thread/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FAKE_MAX = 64, SMALL_RING = 4096, BIG_RING = 1 << 20 };

#define FED_NS 1000000000000LL /* the fake feed's clock is far in the past */
#define MS 1000000LL

/* ---- a feed made by hand ---------------------------------------------------------------- */

struct fake {
    struct feed feed;
    struct feed_instruments instruments;
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + 2 * sizeof(struct level)];
    } updates[FAKE_MAX];
    int count, at, rewinds;
};

static const struct market_update *fake_next(struct feed *feed)
{
    struct fake *fake = (struct fake *)feed;

    return fake->at < fake->count ? &fake->updates[fake->at++].update : NULL;
}

static enum status fake_rewind(struct feed *feed, struct err *err)
{
    struct fake *fake = (struct fake *)feed;

    (void)err;
    fake->at = 0;
    fake->rewinds++;
    return OK;
}

static void fake_close(struct feed *feed)
{
    (void)feed;
}

static const struct feed_ops fake_ops = {fake_next, fake_rewind, fake_close};

/* ---- the bench: a gateway between its rings --------------------------------------------- */

static struct fake fake;
static struct instrument rows[2];
static struct ring market, executions, orders;
static struct kill_page *page;
static struct gateway *gateway;
static struct simulated_config config;
static char ledger_path[64];
static uint64_t order_seq;

static void make_ring(struct ring *ring, uint64_t capacity)
{
    ring_init(ring, aligned_alloc(CACHE_LINES_APART, capacity), capacity);
}

static void name_row(struct instrument *row, const char *name)
{
    *row = (struct instrument){.price_decimals = 1,
                               .tick_units = 1,
                               .qty_decimals = 3,
                               .lot_units = 1,
                               .tick_value_e8 = 1};
    strcpy(row->name, name);
}

static void open_bench(void)
{
    name_row(&rows[0], "sim:AAA");
    name_row(&rows[1], "sim:BBB");
    fake = (struct fake){.feed = {.ops = &fake_ops, .instruments = &fake.instruments}};
    fake.instruments.count = 1;
    fake.instruments.row[0] = rows[1]; /* the feed's first is our second */
    make_ring(&market, BIG_RING);
    make_ring(&executions, SMALL_RING);
    make_ring(&orders, SMALL_RING);
    page = aligned_alloc(CACHE_LINES_APART, sizeof *page);
    memset(page, 0, sizeof *page);
    order_seq = 0;
    strcpy(ledger_path, "/tmp/pitwall_ledger_XXXXXX");
    close(mkstemp(ledger_path));
    config = (struct simulated_config){.io = {.instruments = rows,
                                              .instrument_count = 2,
                                              .market = &market,
                                              .executions = &executions,
                                              .orders = &orders,
                                              .kill = page},
                                       .feed = &fake.feed,
                                       .ledger_path = ledger_path};
    gateway = NULL;
}

static void close_bench(void)
{
    gateway_close(gateway);
    unlink(ledger_path);
    free(market.bytes);
    free(executions.bytes);
    free(orders.bytes);
    free(page);
}

static void start(void)
{
    struct err err;

    cr_assert(eq(int, simulated_open(&gateway, &config, &err), OK), "%s", err.text);
}

static void feed_snapshot(int64_t after_ns)
{
    struct market_update *update = &fake.updates[fake.count++].update;

    *update = (struct market_update){.kind = MARKET_SNAPSHOT,
                                     .bid_count = 1,
                                     .ask_count = 1,
                                     .received_ns = FED_NS + after_ns,
                                     .venue_ns = FED_NS + after_ns - 7,
                                     .update_id = fake.count};
    update->levels[0] = (struct level){1000, 50};
    update->levels[1] = (struct level){1002, 50};
}

/* A market that is there and says nothing more for an hour. */
static void feed_quiet_market(void)
{
    feed_snapshot(0);
    feed_snapshot(3600 * 1000 * MS);
}

static bool take_update(struct market_update *update)
{
    size_t length;
    const void *slot = ring_peek(&market, &length);

    if (!slot)
        return false;
    memcpy(update, slot, sizeof *update);
    ring_release(&market);
    return true;
}

static bool take_execution(struct execution *execution)
{
    size_t length;
    const void *slot = ring_peek(&executions, &length);

    if (!slot)
        return false;
    memcpy(execution, slot, sizeof *execution);
    ring_release(&executions);
    return true;
}

static bool send(enum order_message_kind kind, uint64_t counter, int64_t price)
{
    struct order_message *message = ring_reserve(&orders, sizeof *message);

    if (!message)
        return false;
    *message = (struct order_message){.kind = (uint8_t)kind,
                                      .instrument = 1,
                                      .strategy = 1,
                                      .scopes = {0, 1, 2, 3},
                                      .order_id = 5ULL << 32 | counter,
                                      .seq = ++order_seq,
                                      .price_ticks = price,
                                      .qty_lots = 3};
    ring_publish(&orders);
    return true;
}

static void poll_for(int64_t ns)
{
    int64_t until_ns = clock_mono_ns() + ns;

    while (clock_mono_ns() < until_ns)
        if (gateway_poll(gateway) == 0)
            usleep(100);
}

static int ledger_lines(char lines[][512], int most)
{
    FILE *file = fopen(ledger_path, "r");
    int count = 0;

    while (count < most && fgets(lines[count], 512, file))
        count++;
    fclose(file);
    return count;
}

static int64_t stamp_of(const char *line)
{
    const char *at = strstr(line, "\"at_ns\":\"");

    return at ? strtoll(at + 9, NULL, 10) : 0;
}

TestSuite(gateway, .init = open_bench, .fini = close_bench);

/* ---- playing ---------------------------------------------------------------------------- */

Test(gateway, real_speed_keeps_the_recorded_pace_on_our_clock)
{
    struct market_update first;
    struct market_update second;
    int64_t begun_ns = clock_real_ns();

    feed_snapshot(0);
    feed_snapshot(30 * MS);
    feed_snapshot(3600 * 1000 * MS);
    start();
    cr_assert(eq(int, gateway_market_state(gateway), MARKET_STATE_STARTING));
    gateway_poll(gateway);
    cr_assert(take_update(&first));
    cr_assert(eq(int, gateway_market_state(gateway), MARKET_STATE_PLAYING));
    cr_assert(eq(int, first.instrument, 1), "numbered as the engine numbers");
    cr_assert(ge(i64, first.received_ns, begun_ns), "shifted onto now");
    cr_assert(eq(i64, first.venue_ns, first.received_ns - 7));
    gateway_poll(gateway);
    cr_assert(not(take_update(&second)), "not before its time");
    poll_for(40 * MS);
    cr_assert(take_update(&second));
    cr_assert(eq(i64, second.received_ns - first.received_ns, 30 * MS));
    cr_assert(le(i64, second.received_ns, clock_real_ns()));
    cr_assert(ge(i64, gateway_last_update_ns(gateway, 1), second.received_ns));
    cr_assert(eq(i64, gateway_last_update_ns(gateway, 0), 0));
}

Test(gateway, times_n_is_n_times_as_fast)
{
    struct market_update update;

    config.speed = SPEED_TIMES;
    config.times = 1000;
    feed_snapshot(0);
    feed_snapshot(500000 * MS); /* 500 seconds: half of one */
    start();
    gateway_poll(gateway);
    cr_assert(take_update(&update));
    poll_for(4 * MS);
    cr_assert(not(take_update(&update)));
    poll_for(700 * MS);
    cr_assert(take_update(&update));
    cr_assert(lt(i64, clock_real_ns() - update.received_ns, 100000 * MS), "a moment of our clock");
}

Test(gateway, max_speed_waits_for_the_engine_and_keeps_virtual_time)
{
    struct market_update update;
    int64_t first_ns;

    config.speed = SPEED_MAX;
    for (int at = 0; at < 5; at++)
        feed_snapshot(at * 1000 * MS);
    start();
    gateway_poll(gateway);
    cr_assert(take_update(&update));
    first_ns = update.received_ns;
    cr_assert(eq(i64, gateway_virtual_ns(gateway), first_ns));
    for (int at = 1; at < 5; at++) {
        gateway_poll(gateway);
        gateway_poll(gateway);
        cr_assert(eq(i64, gateway_virtual_ns(gateway), first_ns + at * 1000 * MS),
                  "one second is one step, and no more while the engine has not taken it");
        cr_assert(take_update(&update));
        cr_assert(eq(i64, update.received_ns, first_ns + at * 1000 * MS));
    }
}

Test(gateway, a_full_market_ring_keeps_the_update_and_loses_nothing)
{
    struct market_update update;
    uint64_t seen = 0;

    free(market.bytes);
    make_ring(&market, 256); /* room for two */
    config.speed = SPEED_TIMES;
    config.times = 1000000;
    for (int at = 0; at < 20; at++)
        feed_snapshot(at);
    start();
    while (seen < 20) {
        gateway_poll(gateway);
        cr_assert(take_update(&update), "update %d", (int)seen);
        cr_assert(eq(i64, update.update_id, (int64_t)++seen));
    }
}

Test(gateway, hold_ends_every_book_and_stays)
{
    struct market_update update;

    config.speed = SPEED_TIMES;
    config.times = 1000;
    feed_snapshot(0);
    start();
    poll_for(5 * MS);
    cr_assert(take_update(&update));
    for (int at = 0; at < 2; at++) {
        cr_assert(take_update(&update));
        cr_assert(eq(int, update.kind, MARKET_ENDED));
        cr_assert(eq(int, update.instrument, at));
    }
    cr_assert(eq(int, gateway_market_state(gateway), MARKET_STATE_ENDED));
    cr_assert(not(gateway_wants_exit(gateway)));
    poll_for(2 * MS);
    cr_assert(not(take_update(&update)), "told once");
    cr_assert(eq(int, fake.rewinds, 0));
}

Test(gateway, exit_asks_to_leave)
{
    config.at_end = AT_END_EXIT;
    feed_snapshot(0);
    start();
    poll_for(2 * MS);
    cr_assert(gateway_wants_exit(gateway));
}

Test(gateway, loop_ends_and_begins_again_later_on_our_clock)
{
    struct market_update update;
    int64_t before_ns = 0;
    int snapshots = 0;
    int ends = 0;

    config.at_end = AT_END_LOOP;
    feed_snapshot(0);
    start();
    for (int turn = 0; turn < 12; turn++) {
        gateway_poll(gateway);
        while (take_update(&update)) {
            snapshots += update.kind == MARKET_SNAPSHOT;
            ends += update.kind == MARKET_ENDED;
            cr_assert(ge(i64, update.received_ns, before_ns));
            before_ns = update.received_ns;
        }
    }
    cr_assert(gt(int, snapshots, 3));
    cr_assert(ge(int, ends, 2 * (snapshots - 1)));
    cr_assert(eq(int, fake.rewinds, ends / 2));
}

Test(gateway, an_instrument_that_is_not_configured_is_left_out)
{
    struct market_update update;

    fake.instruments.count = 2;
    name_row(&fake.instruments.row[1], "sim:ELSE");
    feed_snapshot(0);
    fake.updates[0].update.instrument = 1;
    feed_snapshot(0);
    start();
    gateway_poll(gateway);
    cr_assert(take_update(&update));
    cr_assert(eq(i64, update.update_id, 2));
}

Test(gateway, another_tick_or_nothing_in_common_is_refused)
{
    struct err err;

    fake.instruments.row[0].price_decimals = 2;
    cr_assert(eq(int, simulated_open(&gateway, &config, &err), ERR_CONFIG));
    cr_assert(strstr(err.text, "sim:BBB") != NULL);
    name_row(&fake.instruments.row[0], "sim:ELSE");
    cr_assert(eq(int, simulated_open(&gateway, &config, &err), ERR_CONFIG));
    fake.instruments.row[0] = rows[1];
    config.ledger_path = "/nowhere/at/all";
    cr_assert(eq(int, simulated_open(&gateway, &config, &err), ERR_IO));
    cr_assert(strstr(err.text, "/nowhere/at/all") != NULL);
}

/* ---- orders and the kill ---------------------------------------------------------------- */

Test(gateway, an_order_goes_to_the_venue_and_its_answers_come_back)
{
    struct execution execution;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 1002));
    gateway_poll(gateway);
    cr_assert(take_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_VENUE_ACK));
    cr_assert(take_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_FILL_PART));
    cr_assert(eq(i64, execution.price_ticks, 1002));
    cr_assert(eq(u64, gateway_counters(gateway).orders, 1));
}

Test(gateway, a_killed_order_comes_back_unsent_in_each_of_its_scopes)
{
    for (uint16_t scope = 0; scope < 4; scope++) {
        struct execution execution;
        char lines[4][512];

        memset(page, 0, sizeof *page);
        start();
        cr_assert(send(ORDER_MESSAGE_NEW, 1, 990));
        kill_page_set(page, scope);
        gateway_poll(gateway);
        cr_assert(take_execution(&execution));
        cr_assert(eq(int, execution.report, REPORT_KILLED_UNSENT));
        cr_assert(eq(u64, execution.order_id, 5ULL << 32 | 1));
        cr_assert(not(take_execution(&execution)));
        gateway_poll(gateway);
        cr_assert(eq(int, ledger_lines(lines, 4), 0), "the venue never heard of it");
        gateway_close(gateway);
    }
    gateway = NULL;
}

Test(gateway, another_scope_s_kill_and_a_cleared_one_block_nothing)
{
    struct execution execution;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    kill_page_set(page, 9);
    kill_page_set(page, 2);
    atomic_store(&page->cleared[2], atomic_load(&page->word[2]));
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 990));
    gateway_poll(gateway);
    cr_assert(take_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_VENUE_ACK));
}

Test(gateway, a_cancel_goes_through_a_kill)
{
    struct execution execution;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 990));
    gateway_poll(gateway);
    cr_assert(take_execution(&execution));
    kill_page_set(page, 0);
    cr_assert(send(ORDER_MESSAGE_CANCEL, 1, 990));
    gateway_poll(gateway);
    cr_assert(take_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_VENUE_CANCEL));
}

Test(gateway, the_answer_on_the_kill_page_is_the_doorbell_before_the_orders_of_the_turn)
{
    config.io.index = 3;
    start();
    kill_page_set(page, 0);
    kill_page_set(page, 1);
    cr_assert(eq(u64, atomic_load(&page->gateway[3].seen), 0));
    gateway_poll(gateway);
    cr_assert(eq(u64, atomic_load(&page->gateway[3].seen), 2));
}

Test(gateway, a_full_execution_ring_holds_back_and_loses_nothing)
{
    struct execution execution;
    uint64_t heard = 0;

    free(executions.bytes);
    make_ring(&executions, 512); /* room for four or so */
    feed_quiet_market();
    start();
    gateway_poll(gateway);
    for (uint64_t id = 1; id <= 20; id++)
        cr_assert(send(ORDER_MESSAGE_NEW, id, 990));
    gateway_poll(gateway);
    kill_page_set(page, 0);
    for (uint64_t id = 21; id <= 30; id++)
        cr_assert(send(ORDER_MESSAGE_NEW, id, 990));
    for (int turn = 0; turn < 200; turn++) {
        gateway_poll(gateway);
        if (take_execution(&execution)) {
            heard++;
            cr_assert(eq(int, execution.report,
                         (execution.order_id & 0xffffffff) > 20 ? REPORT_KILLED_UNSENT
                                                                : REPORT_VENUE_ACK));
        }
    }
    cr_assert(eq(u64, heard, 30));
    cr_assert(eq(u64, gateway_counters(gateway).unsent, 10));
}

/* ---- what may leave --------------------------------------------------------------------- */

static bool send_flagged(enum order_message_kind kind, uint64_t counter, uint64_t seq,
                         uint8_t flags)
{
    struct order_message *message = ring_reserve(&orders, sizeof *message);

    if (!message)
        return false;
    *message = (struct order_message){.kind = (uint8_t)kind,
                                      .flags = flags,
                                      .instrument = 1,
                                      .strategy = 1,
                                      .scopes = {0, 1, 2, 3},
                                      .order_id = 5ULL << 32 | counter,
                                      .seq = seq,
                                      .price_ticks = 990,
                                      .qty_lots = 3};
    ring_publish(&orders);
    return true;
}

/* Turns until an execution comes; false: none came. */
static bool next_execution(struct execution *execution)
{
    for (int turn = 0; turn < 4; turn++) {
        if (take_execution(execution))
            return true;
        gateway_poll(gateway);
    }
    return false;
}

Test(gateway, an_exit_leaves_through_a_kill)
{
    struct execution execution;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    kill_page_set(page, 0);
    cr_assert(send_flagged(ORDER_MESSAGE_NEW, 1, 1, ORDER_EXIT | ORDER_REDUCE_ONLY));
    cr_assert(send_flagged(ORDER_MESSAGE_NEW, 2, 2, ORDER_REDUCE_ONLY));
    cr_assert(next_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_KILLED_UNSENT));
    cr_assert(eq(u64, execution.order_id, 5ULL << 32 | 2));
    cr_assert(next_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_VENUE_ACK));
    cr_assert(eq(u64, execution.order_id, 5ULL << 32 | 1));
}

Test(gateway, an_amend_does_not_leave_through_a_kill_but_a_query_does)
{
    struct execution execution;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    cr_assert(send_flagged(ORDER_MESSAGE_NEW, 1, 1, 0));
    cr_assert(next_execution(&execution));
    kill_page_set(page, 2);
    cr_assert(send_flagged(ORDER_MESSAGE_AMEND, 1, 1, 0));
    cr_assert(next_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_AMEND_REJECT));
    cr_assert(send_flagged(ORDER_MESSAGE_QUERY, 1, 1, 0));
    cr_assert(next_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_VENUE_ACK));
    cr_assert(eq(u64, gateway_counters(gateway).amends, 0));
    cr_assert(eq(u64, gateway_counters(gateway).unsent_amends, 1));
    cr_assert(eq(u64, gateway_counters(gateway).queries, 1));
    cr_assert(eq(u64, gateway_counters(gateway).unsent, 0));
}

Test(gateway, a_new_order_is_sent_once_and_in_its_turn)
{
    static const uint64_t seqs[] = {4, 4, 3, 7, 5};
    struct execution execution;
    int unsent = 0;
    int taken = 0;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    for (uint64_t at = 0; at < 5; at++)
        cr_assert(send_flagged(ORDER_MESSAGE_NEW, at + 1, seqs[at], 0));
    while (next_execution(&execution)) {
        unsent += execution.report == REPORT_KILLED_UNSENT;
        taken += execution.report == REPORT_VENUE_ACK;
    }
    cr_assert(eq(int, unsent, 0), "the orders that they repeat live");
    cr_assert(eq(int, taken, 2));
    cr_assert(eq(u64, gateway_counters(gateway).refused_repeats, 3));
    cr_assert(eq(u64, gateway_counters(gateway).orders, 2));
    cr_assert(eq(u64, gateway_counters(gateway).lots, 6));
}

Test(gateway, an_order_that_a_kill_stopped_is_not_sent_when_it_comes_again)
{
    struct execution execution;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    kill_page_set(page, 0);
    cr_assert(send_flagged(ORDER_MESSAGE_NEW, 1, 9, 0));
    cr_assert(next_execution(&execution));
    atomic_store(&page->cleared[0], atomic_load(&page->word[0]));
    cr_assert(eq(int, execution.report, REPORT_KILLED_UNSENT));
    cr_assert(send_flagged(ORDER_MESSAGE_NEW, 1, 9, 0));
    cr_assert(not(next_execution(&execution)));
    cr_assert(eq(u64, gateway_counters(gateway).unsent, 1));
    cr_assert(eq(u64, gateway_counters(gateway).unsent_lots, 3));
    cr_assert(eq(u64, gateway_counters(gateway).refused_repeats, 1));
    cr_assert(eq(u64, gateway_counters(gateway).orders, 0));
}

Test(gateway, a_sweep_cancels_what_is_killed_resting_or_on_its_way_and_says_when)
{
    struct execution execution;
    int cancelled = 0;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    for (uint64_t at = 1; at <= 3; at++)
        cr_assert(send_flagged(ORDER_MESSAGE_NEW, at, at, at == 3 ? ORDER_EXIT : 0));
    while (next_execution(&execution))
        ;
    gateway_poll(gateway);
    atomic_fetch_add(&page->sweep, 1);
    gateway_poll(gateway);
    cr_assert(eq(u64, gateway_counters(gateway).cancels, 0));
    while (next_execution(&execution))
        cancelled += execution.report == REPORT_VENUE_CANCEL;
    cr_assert(eq(int, cancelled, 0), "nothing is killed");
    kill_page_set(page, 0);
    kill_page_sweep(page);
    for (int turn = 0; turn < 4; turn++) {
        gateway_poll(gateway);
        while (next_execution(&execution))
            cancelled += execution.report == REPORT_VENUE_CANCEL;
    }
    cr_assert(eq(int, cancelled, 2), "the exit stays");
    cr_assert(eq(u64, atomic_load(&page->gateway[0].swept), 2));
}

/* ---- data by way of the venue, and faults ----------------------------------------------- */

Test(gateway, data_latency_lets_the_venue_know_first)
{
    struct market_update update;
    struct execution execution;
    int64_t asked_ns;

    config.sim.data_latency_ns = 500 * MS;
    feed_quiet_market();
    start();
    gateway_poll(gateway);
    asked_ns = clock_real_ns();
    cr_assert(not(take_update(&update)));
    cr_assert(eq(u64, gateway_counters(gateway).updates, 0));
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 1002));
    cr_assert(next_execution(&execution));
    cr_assert(next_execution(&execution));
    cr_assert(eq(int, execution.report, REPORT_FILL_PART), "the venue has the book");
    poll_for(600 * MS);
    cr_assert(take_update(&update));
    cr_assert(eq(int, update.kind, MARKET_SNAPSHOT));
    cr_assert(eq(int, update.instrument, 1));
    cr_assert(eq(i64, update.received_ns - update.venue_ns, 500 * MS + 7));
    cr_assert(ge(i64, update.received_ns, asked_ns + 100 * MS));
    cr_assert(eq(u64, gateway_counters(gateway).updates, 1));
}

Test(gateway, virtual_time_waits_for_delayed_data_too)
{
    struct market_update update;
    int64_t seen = 0;

    config.speed = SPEED_MAX;
    config.sim.data_latency_ns = 30 * MS;
    for (int at = 0; at < 10; at++)
        feed_snapshot(at * 50 * MS);
    start();
    for (int turn = 0; turn < 200; turn++) {
        gateway_poll(gateway);
        while (take_update(&update)) {
            cr_assert(ge(i64, gateway_virtual_ns(gateway), update.received_ns));
            if (update.kind != MARKET_ENDED)
                cr_assert(eq(i64, update.update_id, ++seen));
        }
    }
    cr_assert(eq(i64, seen, 10));
    cr_assert(eq(int, update.kind, MARKET_ENDED), "and hears of the end");
}

static void feed_trade(int64_t after_ns, int64_t price_ticks)
{
    feed_snapshot(after_ns);
    fake.updates[fake.count - 1].update.kind = MARKET_TRADE;
    fake.updates[fake.count - 1].update.levels[0].price_ticks = price_ticks;
}

/* What people see of the trades of our second instrument: the prices, newest first. */
static void expect_tape(uint32_t count, int64_t newest_ticks)
{
    struct tape_trade trades[TAPE_TRADES];

    cr_assert(eq(u32, tape_read(&gateway->tape[1], trades, TAPE_TRADES), count));
    cr_assert(eq(i64, trades[0].price_ticks, newest_ticks));
    cr_assert(eq(u32, tape_read(&gateway->tape[0], trades, TAPE_TRADES), 0));
}

Test(gateway, trades_are_on_the_tape_when_they_are_played)
{
    feed_snapshot(0);
    feed_trade(0, 1001);
    feed_trade(0, 1000);
    feed_trade(3600 * 1000 * MS, 999);
    start();
    poll_for(20 * MS);
    expect_tape(2, 1000);
}

Test(gateway, trades_by_way_of_the_venue_are_on_the_tape_when_they_come)
{
    config.sim.data_latency_ns = 300 * MS;
    feed_snapshot(0);
    feed_trade(0, 1001);
    feed_trade(3600 * 1000 * MS, 999);
    start();
    gateway_poll(gateway);
    cr_assert(eq(u64, atomic_load(&gateway->tape[1].count), 0), "it is on its way");
    poll_for(400 * MS);
    expect_tape(1, 1001);
}

static const char *write_script(const char *text)
{
    static char script_path[] = "/tmp/pitwall_script_XXXXXX";
    int fd = mkstemp(script_path);

    cr_assert(eq(sz, (size_t)write(fd, text, strlen(text)), strlen(text)));
    close(fd);
    return script_path;
}

/* The venue's own count of fills in our second instrument. */
static int64_t venue_fills(void)
{
    struct gateway_tally tally;

    cr_assert(gateway_tally(gateway, 1, &tally));
    return tally.fills;
}

/* Ids as they were sent: orders 1 and 2, the newest first. */
static void expect_listed_both(void)
{
    static struct dropcopy_fill fills[DROPCOPY_FILLS];
    int64_t forgotten_ns;

    cr_assert(eq(u32, dropcopy_read(&gateway->dropcopy, 1, fills, &forgotten_ns), 2));
    cr_assert(eq(u64, fills[0].order_id & UINT32_MAX, 2));
    cr_assert(eq(u64, fills[1].order_id & UINT32_MAX, 1));
    cr_assert(ne(u64, fills[0].exec_id, fills[1].exec_id));
    cr_assert(eq(i64, fills[0].price_ticks, 1002));
    cr_assert(gt(i64, fills[0].venue_ns, 0));
}

Test(gateway, the_venue_counts_a_fill_once_whether_it_tells_it_or_not)
{
    struct execution execution;

    config.faults_path = write_script("{\"on\":\"fill\",\"nth\":1,\"do\":\"lost_fill\"}\n"
                                      "{\"on\":\"fill\",\"nth\":2,\"do\":\"dup\"}\n");
    feed_quiet_market();
    start();
    unlink(config.faults_path);
    gateway_poll(gateway);
    cr_assert(eq(i64, venue_fills(), 0));
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 1002));
    while (next_execution(&execution))
        cr_assert(ne(int, execution.report, REPORT_FILL_PART));
    cr_assert(eq(i64, venue_fills(), 1));
    cr_assert(send(ORDER_MESSAGE_QUERY, 1, 1002));
    cr_assert(send(ORDER_MESSAGE_NEW, 2, 1002));
    while (next_execution(&execution))
        ;
    cr_assert(eq(i64, venue_fills(), 2));
    expect_listed_both();
}

Test(gateway, a_fault_script_acts_and_the_ledger_tells_what_was_not_told)
{
    char lines[16][512];
    struct execution execution;

    config.faults_path = write_script("{\"on\":\"fill\",\"nth\":1,\"do\":\"lost_fill\"}\n"
                                      "{\"on\":\"cancel\",\"nth\":1,\"do\":\"drop_req\"}\n"
                                      "{\"on\":\"amend\",\"nth\":1,\"do\":\"reject\",\"code\":51}\n"
                                      "{\"on\":\"query\",\"nth\":1,\"do\":\"foreign_order\"}\n");
    feed_quiet_market();
    start();
    unlink(config.faults_path);
    gateway_poll(gateway);
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 1002));
    cr_assert(send(ORDER_MESSAGE_CANCEL, 1, 1002));
    cr_assert(send(ORDER_MESSAGE_AMEND, 1, 1002));
    cr_assert(send(ORDER_MESSAGE_QUERY, 1, 1002));
    while (next_execution(&execution))
        ;
    cr_assert(eq(int, ledger_lines(lines, 16), 10));
    cr_assert_str_eq(strstr(lines[0], "\"status\""), "\"status\":null,\"exec_id\":null,"
                                                     "\"body\":null}\n");
    cr_assert(ne(ptr, strstr(lines[1], "\"kind\":\"cancel\""), NULL));
    cr_assert(ne(ptr, strstr(lines[1], "\"status\":\"dropped\""), NULL));
    cr_assert(ne(ptr, strstr(lines[2], "\"kind\":\"amend\""), NULL));
    cr_assert(ne(ptr, strstr(lines[2], "\"qty\":\"0.003\",\"price\":\"100.2\""), NULL));
    cr_assert(ne(ptr, strstr(lines[3], "\"kind\":\"query\""), NULL));
    cr_assert(ne(ptr, strstr(lines[4], "\"kind\":\"fill\""), NULL), "at the venue first");
    cr_assert(ne(ptr,
                 strstr(lines[4], "\"status\":\"lost\",\"exec_id\":\"21474836481\","
                                  "\"body\":{\"fee\":\"0"),
                 NULL),
              "%s", lines[4]);
    cr_assert(ne(ptr, strstr(lines[5], "\"kind\":\"ack\""), NULL));
    cr_assert(ne(ptr, strstr(lines[6], "\"kind\":\"amend_rejected\""), NULL));
    cr_assert(ne(ptr, strstr(lines[6], "\"status\":\"refused-51\""), NULL));
    cr_assert(ne(ptr,
                 strstr(lines[7], "\"kind\":\"foreign\",\"account\":null,"
                                  "\"order_link_id\":null,\"order_id\":\"92233720"),
                 NULL),
              "%s", lines[7]);
    cr_assert(
        ne(ptr, strstr(lines[8], "\"status\":\"repeated\",\"exec_id\":\"21474836481\""), NULL));
    cr_assert(ne(ptr, strstr(lines[9], "\"kind\":\"ack\""), NULL), "and how it stands");
}

Test(gateway, the_account_is_in_the_ledger)
{
    char lines[16][512];
    struct execution execution;

    config.sim.position_interval_ns = 1 * MS;
    config.sim.funding_interval_ns = 2 * MS;
    rows[1].funding_rate_e8 = 10000000;
    feed_quiet_market();
    start();
    gateway_poll(gateway);
    cr_assert(send(ORDER_MESSAGE_NEW, 1, 1002));
    execution.report = REPORT_COUNT;
    for (int turn = 0; turn < 1000 && execution.report != REPORT_FUNDING; turn++) {
        poll_for(1 * MS);
        while (execution.report != REPORT_FUNDING && take_execution(&execution))
            ;
    }
    cr_assert(eq(int, execution.report, REPORT_FUNDING));
    cr_assert(ge(int, ledger_lines(lines, 16), 5));
    for (int at = 3; at < 5; at++)
        if (strstr(lines[at], "position"))
            cr_assert(ne(ptr,
                         strstr(lines[at], "\"order_id\":null,\"symbol\":\"BBB\",\"side\":"
                                           "null,\"qty\":\"0.003\",\"price\":null"),
                         NULL));
        else
            cr_assert(ne(ptr, strstr(lines[at], "\"kind\":\"funding\""), NULL), "%s", lines[at]);
}

Test(gateway, a_script_that_is_wrong_stops_the_start)
{
    struct err err;

    config.faults_path = write_script("{\"on\":\"new\",\"nth\":1,\"do\":\"half_open\"}\n");
    cr_assert(eq(int, simulated_open(&gateway, &config, &err), ERR_CONFIG));
    cr_assert(ne(ptr, strstr(err.text, ":1: \"do\": 'half_open' needs the wire simulator"), NULL),
              "%s", err.text);
    unlink(config.faults_path);
}

/* ---- the ledger ------------------------------------------------------------------------- */

Test(gateway, the_ledger_tells_what_reached_the_venue_and_what_left_it)
{
    char lines[8][512];
    int64_t before_ns = clock_real_ns();
    int64_t after_ns;

    config.speed = SPEED_MAX; /* virtual time: the stamps stay real */
    feed_quiet_market();
    start();
    gateway_poll(gateway);
    cr_assert(send(ORDER_MESSAGE_NEW, 0xAB, 1002));
    gateway_poll(gateway);
    after_ns = clock_real_ns();
    cr_assert(send(ORDER_MESSAGE_CANCEL, 0xAB, 1002));
    gateway_poll(gateway);
    gateway_poll(gateway); /* idle: flushed */
    cr_assert(eq(int, ledger_lines(lines, 8), 5));
    cr_assert(strstr(lines[0], "\"seq\":1,") != NULL);
    cr_assert(strstr(lines[0], "\"dir\":\"in\",\"kind\":\"new\"") != NULL);
    cr_assert(strstr(lines[0], "\"order_link_id\":\"PW5-ABD\"") != NULL);
    cr_assert(strstr(lines[0], "\"symbol\":\"BBB\",\"side\":\"buy\",\"qty\":\"0.003\","
                               "\"price\":\"100.2\"") != NULL);
    cr_assert(strstr(lines[1], "\"dir\":\"out\",\"kind\":\"ack\"") != NULL);
    cr_assert(strstr(lines[1], "\"price\":null") != NULL);
    cr_assert(strstr(lines[2], "\"kind\":\"fill\"") != NULL);
    cr_assert(strstr(lines[2], "\"exec_id\":\"21474836481\"") != NULL, "%s", lines[2]);
    cr_assert(strstr(lines[3], "\"dir\":\"in\",\"kind\":\"cancel\"") != NULL);
    cr_assert(strstr(lines[4], "\"kind\":\"cancel_rejected\"") != NULL);
    cr_assert(ge(i64, stamp_of(lines[0]), before_ns));
    cr_assert(le(i64, stamp_of(lines[0]), after_ns));
    cr_assert(ge(i64, stamp_of(lines[3]), after_ns));
}

/* The stamp is taken before the page is read: no line can be later than a block it did not see. */
Test(gateway, no_new_order_in_the_ledger_is_stamped_after_a_kill)
{
    char lines[64][512];
    int64_t killed_ns;
    int count;

    feed_quiet_market();
    start();
    gateway_poll(gateway);
    for (uint64_t id = 1; id <= 10; id++)
        cr_assert(send(ORDER_MESSAGE_NEW, id, 990));
    gateway_poll(gateway);
    kill_page_set(page, 0);
    killed_ns = clock_real_ns();
    for (uint64_t id = 11; id <= 20; id++)
        cr_assert(send(ORDER_MESSAGE_NEW, id, 990));
    poll_for(2 * MS);
    count = ledger_lines(lines, 64);
    cr_assert(eq(int, count, 20), "ten in, ten acks");
    for (int at = 0; at < count; at++)
        if (strstr(lines[at], "\"kind\":\"new\""))
            cr_assert(le(i64, stamp_of(lines[at]), killed_ns));
}
