/* The whole way of a kill, built with the thread sanitizer: the engine's thread, a gateway with the
 * simulated venue and a market that never rests, people who kill and somebody who resumes.
 *
 * After each kill that both engine and gateway have acknowledged, the venue must get no new order
 * until a resume of that scope; each kill must have been said by the engine; and in the end what
 * the engine said it sent is what the gateway sent and sent back, and what stands in the ledger. */
#include "control/kill_wait.h"
#include "gateway/simulated/simulated.h"
#include "gateway/synthetic/synthetic.h"
#include "thread/clock.h"
#include "thread/engine_thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KILLERS = 3, SCOPES = 2, SECONDS = 8, MAKER = 1, JOINER = 2 };
enum { LANE_BYTES = 8 << 20, RING_BYTES = 1 << 20, MARKET_BYTES = 4 << 20 };

static struct engine_config config;
static struct engine *engine;
static struct gateway *gateway;
static struct kill_page page;
static struct lane lane;
static struct lane_shared shared;
static struct ring market, executions, orders, commands;
static struct histogram step, tick_to_order;
static _Atomic int64_t beat_ns;
static char ledger_path[] = "/tmp/pitwall-tsan-XXXXXX";

/* The firm and the venue: a kill of either stops all there is. What the engine has said of them. */
static pthread_mutex_t view_lock = PTHREAD_MUTEX_INITIALIZER;
static struct said {
    uint64_t version, incident;
    uint8_t state;
    uint64_t halts, resumes;
} view[SCOPES];
static _Atomic uint64_t heard; /* up to this record */
static uint64_t sent, refused, resumed;

static _Atomic int people_stop, gateway_stop, listener_stop;
static _Atomic uint64_t kills, windows, late_orders, lost, silent;

/* ---- the engine's world ----------------------------------------------------------------- */

static void *memory_of(size_t size)
{
    size_t rounded = (size + CACHE_LINES_APART - 1) / CACHE_LINES_APART * CACHE_LINES_APART;
    void *memory = aligned_alloc(CACHE_LINES_APART, rounded);

    if (!memory)
        abort();
    return memset(memory, 0, rounded);
}

/* Nothing but kills shall stop it. */
static void open_limits(void)
{
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            config.limits[scope].value[id] = config.caps[scope].value[id] = LIMIT_UNSET;
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);

        config.limits[0].value[id] = row->sense == LIMIT_MOST ? row->max : row->min;
    }
    config.limits[0].value[LIMIT_DUPLICATE_WINDOW_MS] = 0;
}

static void configure(void)
{
    struct feed_instruments fed = {0};

    synthetic_instruments(&fed);
    config.scopes =
        (struct scope_map){.venues = 1, .strategies = JOINER + 1, .instruments = fed.count};
    config.gateways = 1;
    config.currencies = 1;
    config.currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    config.strategy[MAKER].kind = STRATEGY_KIND_MAKER;
    config.strategy[JOINER].kind = STRATEGY_KIND_JOINER;
    for (uint16_t at = 0; at < fed.count; at++) {
        config.instrument[at] = fed.row[at];
        for (unsigned strategy = MAKER; strategy <= JOINER; strategy++) {
            config.strategy[strategy].enabled = config.strategy[strategy].instruments[at] = true;
            parameters_default(&config.strategy[strategy].params[at]);
            config.strategy[strategy].params[at].min_quote_life_ns = 0;
        }
    }
    open_limits();
    config.capital_e8 = 1000000 * MONEY_ONE_E8;
    config.epoch = 1;
    config.day_start_ns = clock_real_ns();
}

static void open_gateway(void)
{
    struct simulated_config wanted = {.io = {.instruments = config.instrument,
                                             .instrument_count = config.scopes.instruments,
                                             .market = &market,
                                             .executions = &executions,
                                             .orders = &orders,
                                             .kill = &page},
                                      .speed = SPEED_TIMES,
                                      .times = 5,
                                      .sim = {.seed = 1, .order_latency_ns = 100000},
                                      .ledger_path = ledger_path};
    struct err err;

    if (synthetic_open(1, clock_real_ns(), &wanted.feed, &err) != OK ||
        simulated_open(&gateway, &wanted, &err) != OK) {
        printf("kill path: %s\n", err.text);
        exit(1);
    }
}

static void make_world(void)
{
    struct engine_io io = {.events = &lane, .kill = &page, .orders = {&orders}};

    ring_init(&market, memory_of(MARKET_BYTES), MARKET_BYTES);
    ring_init(&executions, memory_of(RING_BYTES), RING_BYTES);
    ring_init(&orders, memory_of(RING_BYTES), RING_BYTES);
    ring_init(&commands, memory_of(RING_BYTES), RING_BYTES);
    lane_init(&lane, &shared, memory_of(LANE_BYTES), LANE_BYTES, 1, 0);
    configure();
    atomic_store(&page.ticket, config.epoch << 32);
    open_gateway();
    engine = engine_init(memory_of(engine_size(&config)), &config, io, clock_real_ns());
}

static void *run_gateway(void *unused)
{
    while (atomic_load(&gateway_stop) == 0)
        if (gateway_poll(gateway) == 0)
            (void)sched_yield();
    /* What the engine has handed over by now is looked at. */
    while (ring_depth(&orders) != 0)
        (void)gateway_poll(gateway);
    return unused;
}

/* ---- listening -------------------------------------------------------------------------- */

static void hear_state(const struct event_state_changed *said)
{
    struct said *scope = &view[said->scope];

    pthread_mutex_lock(&view_lock);
    scope->halts += said->state == STATE_HALTED;
    scope->resumes += said->state < scope->state;
    scope->version = said->version;
    scope->incident = said->incident;
    scope->state = said->state;
    pthread_mutex_unlock(&view_lock);
}

static void hear(uint16_t kind, const void *payload)
{
    const struct event_state_changed *state = payload;
    const struct event_command_done *done = payload;

    sent += kind == EVENT_ORDER_SENT;
    if (kind == EVENT_STATE_CHANGED && state->scope < SCOPES)
        hear_state(state);
    if (kind == EVENT_COMMAND_DONE) {
        resumed += done->status == OK;
        refused += done->status != OK;
    }
}

static void *listen(void *unused)
{
    static _Alignas(16) uint8_t payload[LANE_RECORD_MAX];
    struct lane_reader reader;
    struct lane_record header;

    lane_reader_init(&reader, &lane, true);
    for (;;) {
        int last = atomic_load(&listener_stop);

        while (lane_read(&reader, &header, payload) == LANE_RECORD)
            hear(header.kind, payload);
        lane_gate_release(&reader, 0);
        atomic_store(&heard, reader.next_seq - 1);
        if (last != 0)
            return unused;
        (void)sched_yield();
    }
}

/* As the engine has said it by now. */
static struct said look(uint16_t scope)
{
    uint64_t head = lane_head_seq(&lane);
    struct said said;

    while (atomic_load(&heard) < head)
        (void)sched_yield();
    pthread_mutex_lock(&view_lock);
    said = view[scope];
    pthread_mutex_unlock(&view_lock);
    return said;
}

/* ---- people ----------------------------------------------------------------------------- */

static uint64_t orders_at_venue(void)
{
    return gateway_counters(gateway).orders;
}

static void kill_once(uint16_t scope, uint32_t watch_ms)
{
    static struct ring *const rings[] = {&orders};
    struct kill_target target = {.page = &page,
                                 .order_rings = rings,
                                 .gateways = 1,
                                 .scope = scope,
                                 .patience_ns = 5000000000};
    struct said before = look(scope);
    struct kill_result result = kill_and_wait(&target);
    uint64_t at_venue = orders_at_venue();
    struct said after = look(scope);

    atomic_fetch_add(&kills, 1);
    atomic_fetch_add(&silent, !result.engine_answered || !result.gateways_answered);
    atomic_fetch_add(&lost, after.halts == before.halts);
    thread_sleep_ms(watch_ms);
    at_venue = orders_at_venue() - at_venue;
    /* Somebody may have seen our kill and resumed: then nothing can be said. */
    if (look(scope).resumes != before.resumes)
        return;
    atomic_fetch_add(&windows, 1);
    atomic_fetch_add(&late_orders, at_venue);
}

static void *kill_often(void *number)
{
    unsigned seed = *(const unsigned *)number;

    while (atomic_load(&people_stop) == 0) {
        kill_once((uint16_t)(rand_r(&seed) % SCOPES), (uint32_t)(rand_r(&seed) % 4));
        thread_sleep_ms(rand_r(&seed) % 60);
    }
    return number;
}

static void resume(uint16_t scope, uint64_t number, uint32_t late_ms)
{
    struct said said = look(scope);
    struct command *command;

    if (said.state != STATE_HALTED)
        return;
    thread_sleep_ms(late_ms);
    command = ring_reserve(&commands, sizeof *command);
    if (!command)
        return;
    memset(command, 0, sizeof *command);
    command->id = number;
    command->kind = COMMAND_SET_STATE;
    command->set_state = (struct command_set_state){
        .base = said.version, .clears = said.incident, .scope = scope, .state = STATE_ACTIVE};
    ring_publish(&commands);
}

static void *resume_often(void *unused)
{
    unsigned seed = 7;

    for (uint64_t number = 1; atomic_load(&people_stop) == 0; number++) {
        resume((uint16_t)(number % SCOPES), number, (uint32_t)(rand_r(&seed) % 3));
        thread_sleep_ms(rand_r(&seed) % 6);
    }
    return unused;
}

/* ---- what must hold --------------------------------------------------------------------- */

static uint64_t ledger_lines(void)
{
    char line[2048];
    uint64_t lines = 0;
    FILE *file = fopen(ledger_path, "re");

    while (file && fgets(line, sizeof line, file))
        lines += strstr(line, "\"dir\":\"in\"") != NULL && strstr(line, "\"kind\":\"new\"") != NULL;
    if (file)
        fclose(file);
    return lines;
}

static bool claim(bool holds, const char *says)
{
    if (!holds)
        printf("kill path: not so: %s\n", says);
    return holds;
}

static bool all_is_well(const struct gateway_counters *counters, uint64_t lines)
{
    bool well = claim(late_orders == 0, "no new order reached the venue after an acknowledgement");

    well &= claim(lost == 0, "the engine has said each kill");
    well &= claim(silent == 0, "engine and gateway answered each kill");
    well &= claim(sent == counters->orders + counters->unsent, "what was sent left or came back");
    well &= claim(lines == counters->orders, "what left stands in the ledger");
    well &= claim(counters->refused_repeats == 0, "no order was handed over twice");
    well &= claim(kills >= 30 && windows >= 10, "there were kills to look at");
    well &= claim(resumed >= 5 && counters->orders >= 50, "it traded in between");
    printf("kill path: %lu kills, %lu windows, %lu resumes and %lu refused, %lu orders sent, "
           "%lu came back\n",
           (unsigned long)kills, (unsigned long)windows, (unsigned long)resumed,
           (unsigned long)refused, (unsigned long)sent, (unsigned long)counters->unsent);
    return well;
}

static void start(pthread_t *thread, void *(*body)(void *), void *ctx)
{
    if (pthread_create(thread, NULL, body, ctx) != 0)
        abort();
}

static void run_people(void)
{
    static unsigned seeds[KILLERS] = {1, 2, 3};
    pthread_t killers[KILLERS], resumer;

    start(&resumer, resume_often, NULL);
    for (int at = 0; at < KILLERS; at++)
        start(&killers[at], kill_often, &seeds[at]);
    thread_sleep_ms(SECONDS * 1000);
    atomic_store(&people_stop, 1);
    for (int at = 0; at < KILLERS; at++)
        pthread_join(killers[at], NULL);
    pthread_join(resumer, NULL);
}

int main(void)
{
    struct engine_thread turn = {.kill = &page,
                                 .commands = &commands,
                                 .gateways = 1,
                                 .executions = {&executions},
                                 .market = {&market},
                                 .step = &step,
                                 .tick_to_order = &tick_to_order,
                                 .idle = IDLE_YIELD,
                                 .step_budget_ns = INT64_MAX,
                                 .beat_ns = &beat_ns};
    struct gateway_counters counters;
    pthread_t engine_id, gateway_id, listener_id;
    bool well;

    close(mkstemp(ledger_path));
    make_world();
    turn.engine = engine;
    turn.gateway[0] = gateway;
    start(&listener_id, listen, NULL);
    start(&gateway_id, run_gateway, NULL);
    start(&engine_id, engine_thread_run, &turn);
    run_people();
    atomic_store(&thread_stopping, true);
    pthread_join(engine_id, NULL);
    atomic_store(&gateway_stop, 1);
    pthread_join(gateway_id, NULL);
    atomic_store(&listener_stop, 1);
    pthread_join(listener_id, NULL);
    counters = gateway_counters(gateway);
    gateway_close(gateway);
    well = all_is_well(&counters, ledger_lines());
    (void)unlink(ledger_path);
    return well ? 0 : 1;
}
