/* What the engine's thread takes in, and in which order: two gateways whose rings are full before
 * it begins; the inputs that it records tell. */
#include "thread/engine_thread.h"
#include "unit/engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <time.h>

enum { LINES = 2, FLOOD = 2000, TRICKLE = 8, EXECUTIONS = 40 };

static struct fixture *f;
static struct engine_thread *thread;
static struct histogram *histograms;
static struct ring *commands, *orders;
static struct ring *market[LINES], *executions[LINES];
static _Atomic int64_t beat_ns;
static int polls[LINES], sends[LINES];

static uint32_t poll_nothing(struct gateway *gateway)
{
    polls[gateway->io.index]++;
    return 0;
}

static uint32_t count_send(struct gateway *gateway)
{
    sends[gateway->io.index]++;
    return 0;
}

static const struct gateway_ops idle_ops = {.poll = poll_nothing, .send = count_send};
static struct gateway gateways[LINES];

static struct ring *new_ring(void)
{
    struct ring *ring = fixture_memory(sizeof *ring);

    ring_init(ring, fixture_memory(FIXTURE_RING_BYTES), FIXTURE_RING_BYTES);
    return ring;
}

/* Two venues of one instrument each, a gateway for each. */
static void start_engine(void)
{
    struct engine_io io;

    f->config.scopes.venues = LINES;
    f->config.gateways = LINES;
    f->config.instrument[1].venue = 1;
    f->config.venue_gateway[1] = 1;
    f->config.rules.record = RECORD_ALL;
    io = (struct engine_io){.events = &f->lane, .kill = &f->page, .orders = {orders, new_ring()}};
    lane_init(&f->lane, &f->shared, fixture_memory(FIXTURE_LANE_BYTES), FIXTURE_LANE_BYTES, 1, 0);
    lane_reader_init(&f->reader, &f->lane, true);
    f->engine = engine_init(fixture_memory(engine_size(&f->config)), &f->config, io, 1);
}

static void open_thread(void)
{
    f = fixture_memory(sizeof *f);
    fixture_configure(f);
    commands = new_ring();
    orders = new_ring();
    start_engine();
    histograms = fixture_memory(2 * sizeof *histograms);
    thread = fixture_memory(sizeof *thread);
    *thread = (struct engine_thread){.engine = f->engine,
                                     .gateways = LINES,
                                     .inline_gateways = true,
                                     .kill = &f->page,
                                     .commands = commands,
                                     .step = &histograms[0],
                                     .tick_to_order = &histograms[1],
                                     .idle = IDLE_PARK,
                                     .step_budget_ns = 1000000000,
                                     .beat_ns = &beat_ns};
    for (int at = 0; at < LINES; at++) {
        gateways[at] = (struct gateway){.ops = &idle_ops, .io = {.index = (uint16_t)at}};
        thread->gateway[at] = &gateways[at];
        thread->market[at] = market[at] = new_ring();
        thread->executions[at] = executions[at] = new_ring();
    }
}

TestSuite(engine_thread, .init = open_thread, .fini = fixture_end);

static void put_updates(uint16_t line, int count)
{
    for (int at = 0; at < count; at++) {
        struct market_update *update =
            ring_reserve(market[line], sizeof *update + sizeof(struct level));

        *update = (struct market_update){
            .kind = MARKET_TRADE, .instrument = line, .received_ns = 1, .update_id = at};
        update->levels[0] = (struct level){1000, 1};
    }
    ring_publish(market[line]);
}

static void put_executions(uint16_t line, int count)
{
    for (int at = 0; at < count; at++) {
        struct execution *execution = ring_reserve(executions[line], sizeof *execution);

        *execution =
            (struct execution){.report = REPORT_POSITION, .instrument = line, .received_ns = 1};
    }
    ring_publish(executions[line]);
}

static bool all_is_taken(void)
{
    for (int at = 0; at < LINES; at++)
        if (ring_depth(market[at]) != 0 || ring_depth(executions[at]) != 0)
            return false;
    return true;
}

static void run_until_all_is_taken(void)
{
    static const struct timespec step = {.tv_nsec = 1000000};
    pthread_t id;

    cr_assert(eq(int, pthread_create(&id, NULL, engine_thread_run, thread), 0));
    while (!all_is_taken())
        nanosleep(&step, NULL);
    atomic_store(&thread_stopping, true);
    pthread_join(id, NULL);
}

/* The next input that is of that kind; its line, -1: none is left. *before counts the updates of
 * the first line that came before it. */
static int next_input(enum input_kind kind, int *before)
{
    static uint8_t payload[LANE_RECORD_MAX];
    struct lane_record record;
    int line = -1;

    while (line < 0 && lane_read(&f->reader, &record, payload) == LANE_RECORD) {
        const struct market_update *update = (const void *)payload;
        const struct execution *execution = (const void *)payload;

        if (record.kind == kind)
            line = kind == INPUT_MARKET ? update->instrument : execution->instrument;
        if (record.kind == INPUT_MARKET && update->instrument == 0)
            (*before)++;
    }
    return line;
}

/* Whichever of the two begins. */
static void flood_market(uint16_t line)
{
    int other = 1 - line, flood = 0, heard = 0, unused = 0;

    put_updates(line, FLOOD);
    put_updates((uint16_t)other, TRICKLE);
    run_until_all_is_taken();
    while (heard < TRICKLE) {
        int next = next_input(INPUT_MARKET, &unused);

        cr_assert(ge(int, next, 0), "all are recorded");
        heard += next == other;
        flood += next == line;
    }
    cr_assert(le(int, flood, 16), "%d of the flood before the last of %d", flood, TRICKLE);
}

Test(engine_thread, a_flood_on_the_first_market_ring_does_not_delay_the_second, .timeout = 60)
{
    flood_market(0);
}

Test(engine_thread, a_flood_on_the_second_market_ring_does_not_delay_the_first, .timeout = 60)
{
    flood_market(1);
}

Test(engine_thread, executions_of_every_gateway_go_before_market_data, .timeout = 60)
{
    int flood = 0;

    put_updates(0, FLOOD);
    put_executions(0, 4);
    put_executions(1, 4);
    run_until_all_is_taken();
    for (int at = 0; at < 8; at++)
        cr_assert(ge(int, next_input(INPUT_EXECUTION, &flood), 0));
    cr_assert(eq(int, flood, 0));
}

static void flood_executions(uint16_t line)
{
    int other = 1 - line, heard = 0, taken = 0, unused = 0;

    put_executions(line, FLOOD);
    put_executions((uint16_t)other, EXECUTIONS);
    run_until_all_is_taken();
    for (; heard < EXECUTIONS; taken++) {
        int next = next_input(INPUT_EXECUTION, &unused);

        cr_assert(ge(int, next, 0), "all are recorded");
        heard += next == other;
    }
    cr_assert(le(int, taken, 3 * EXECUTIONS), "%d executions for %d", taken, EXECUTIONS);
}

Test(engine_thread, a_flood_of_executions_delays_no_others, .timeout = 60)
{
    flood_executions(0);
}

Test(engine_thread, whichever_gateway_they_come_from, .timeout = 60)
{
    flood_executions(1);
}

Test(engine_thread, inline_gateways_are_all_polled, .timeout = 60)
{
    put_updates(0, 1);
    run_until_all_is_taken();
    cr_assert(gt(int, polls[0], 0));
    cr_assert(eq(int, polls[0], polls[1]), "each turn");
}

/* Not in the next turn, behind whatever the gateway then finds. */
Test(engine_thread, what_an_inline_gateway_has_to_send_leaves_in_the_same_turn)
{
    struct engine_turn turn;

    engine_turn_init(&turn, thread);
    cr_assert(eq(u32, engine_turn_take(&turn), 0));
    cr_assert(eq(int, sends[0] + sends[1], 0), "nothing came in");
    put_updates(0, 1);
    cr_assert(eq(u32, engine_turn_take(&turn), 1));
    cr_assert(eq(int, sends[0], 1));
    cr_assert(eq(int, sends[1], 1), "an order may be the other venue's");
    thread->inline_gateways = false;
    put_updates(0, 1);
    cr_assert(eq(u32, engine_turn_take(&turn), 1));
    cr_assert(eq(int, sends[0], 1), "it is another thread's to send");
}
