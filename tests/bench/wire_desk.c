#include "wire_desk.h"

#include "desk.h"
#include "gateway/bybit/bybit.h"
#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING_BYTES = 1 << 20, TAKER = 1 };
#define HOT_BYTES (256LL << 20)
#define DAY_NS 86400000000000LL
#define SECOND_NS 1000000000LL

static void *memory_of(struct wire_desk *desk, size_t size)
{
    size_t rounded = (size + 4095) & ~(size_t)4095;
    void *memory = aligned_alloc(4096, rounded);

    assert(desk->memories < WIRE_DESK_MEMORIES);
    if (memory)
        memset(memory, 0, rounded);
    desk->memory[desk->memories++] = memory;
    return memory;
}

/* ---- the engine ------------------------------------------------------------------------- */

static void add_instrument(struct engine_config *config, uint16_t at)
{
    config->instrument[at] = (struct instrument){.venue = at,
                                                 .price_decimals = 1,
                                                 .qty_decimals = 3,
                                                 .tick_units = 1,
                                                 .lot_units = 1,
                                                 .tick_value_e8 = 10000};
    snprintf(config->instrument[at].name, sizeof config->instrument[at].name, "bench%u:BTCUSDT",
             at);
    config->venue_gateway[at] = at;
    config->strategy[STRATEGY_MANUAL].instruments[at] = true;
}

static void configure(struct engine_config *config, uint16_t venues)
{
    uint16_t traded = (uint16_t)(venues - 1);

    config->scopes =
        (struct scope_map){.venues = venues, .strategies = TAKER + 1, .instruments = venues};
    config->gateways = venues;
    config->currencies = 1;
    config->currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    for (uint16_t at = 0; at < venues; at++)
        add_instrument(config, at);
    config->strategy[TAKER].kind = STRATEGY_KIND_MOMENTUM;
    config->strategy[TAKER].enabled = true;
    config->strategy[TAKER].instruments[traded] = true;
    config->strategy[TAKER].params[traded] = (struct strategy_params){
        .order_lots = 1, .max_position_lots = 1000, .fast_ns = 1, .slow_ns = SECOND_NS};
    desk_open_limits(config);
    config->capital_e8 = 1000000 * MONEY_ONE_E8;
    config->epoch = 1;
    config->day_start_ns = clock_real_ns() / DAY_NS * DAY_NS;
    config->rules.record = RECORD_ALL;
}

static bool make_rings(struct wire_desk *desk)
{
    struct ring *ring[] = {&desk->market[0],     &desk->market[1], &desk->executions[0],
                           &desk->executions[1], &desk->orders[0], &desk->orders[1],
                           &desk->commands};

    for (unsigned at = 0; at < sizeof ring / sizeof ring[0]; at++) {
        void *memory = memory_of(desk, RING_BYTES);

        if (!memory)
            return false;
        ring_init(ring[at], memory, RING_BYTES);
    }
    return true;
}

static bool make_engine(struct wire_desk *desk, const struct wire_desk_options *options)
{
    struct engine_thread *thread = &desk->thread;
    struct kill_page *page = memory_of(desk, sizeof *page);
    void *memory = memory_of(desk, engine_size(&desk->config));
    struct engine_io io = {.events = journal_lane(desk->folder.journal, JOURNAL_ENGINE),
                           .kill = page};

    if (!page || !memory || !make_rings(desk))
        return false;
    *thread = (struct engine_thread){.gateways = options->venues,
                                     .inline_gateways = options->inline_gateways,
                                     .kill = page,
                                     .commands = &desk->commands,
                                     .step = memory_of(desk, sizeof(struct histogram)),
                                     .tick_to_order = memory_of(desk, sizeof(struct histogram)),
                                     .idle = IDLE_SPIN,
                                     .step_budget_ns = SECOND_NS,
                                     .beat_ns = &desk->beat_ns};
    for (uint16_t at = 0; at < options->venues; at++) {
        thread->executions[at] = &desk->executions[at];
        thread->market[at] = &desk->market[at];
        io.orders[at] = &desk->orders[at];
    }
    thread->engine = engine_init(memory, &desk->config, io, clock_real_ns());
    return thread->step && thread->tick_to_order;
}

/* ---- the gateways ----------------------------------------------------------------------- */

static void note_stop(void *ctx, uint16_t scope, const char *says)
{
    struct wire_desk *desk = ctx;

    fprintf(stderr, "benches: scope %u stopped: %s\n", scope, says);
    atomic_fetch_add(&desk->stops, 1);
}

static enum status open_gateway(struct wire_desk *desk, uint16_t at, uint16_t port, struct err *err)
{
    struct bybit_config config = {
        .io = {.index = at,
               .instruments = desk->config.instrument,
               .instrument_count = desk->config.scopes.instruments,
               .market = &desk->market[at],
               .executions = &desk->executions[at],
               .orders = &desk->orders[at],
               .kill = desk->thread.kill,
               .stop = note_stop,
               .stop_ctx = desk},
        .scopes = desk->config.scopes,
        .venue = at,
        .key = "bench",
        .secret = "bench",
        .depth = 50,
        .recv_window_ms = 5000,
        .stale_ns = 60 * SECOND_NS,
        .private_silence_ns = 60 * SECOND_NS,
        .heartbeat_ns = 20 * SECOND_NS,
        .reconcile_ns = 600 * SECOND_NS,
        .reference_ns = 600 * SECOND_NS,
        .clock_alarm_ns = SECOND_NS,
        .orders_per_s = 1000,
        .engine_beat_ns = &desk->beat_ns,
    };

    snprintf(config.rest, sizeof config.rest, "http://127.0.0.1:%u", port);
    snprintf(config.stream, sizeof config.stream, "ws://127.0.0.1:%u", port);
    return bybit_open(&desk->thread.gateway[at], &config, err);
}

enum status wire_desk_open(struct wire_desk **made, const struct wire_desk_options *options,
                           struct err *err)
{
    struct wire_desk *desk = calloc(1, sizeof *desk);
    enum status status;

    if (!desk)
        return err_set(err, ERR_INTERNAL, "out of memory");
    assert(options->venues >= 1 && options->venues <= WIRE_DESK_VENUES);
    configure(&desk->config, options->venues);
    status = bench_journal_open(&desk->folder, HOT_BYTES, err);
    if (status == OK && !make_engine(desk, options))
        status = err_set(err, ERR_INTERNAL, "out of memory");
    for (uint16_t at = 0; status == OK && at < options->venues; at++)
        status = open_gateway(desk, at, options->port[at], err);
    if (status != OK) {
        wire_desk_close(desk);
        return status;
    }
    engine_turn_init(&desk->turn, &desk->thread);
    *made = desk;
    return OK;
}

void wire_desk_close(struct wire_desk *desk)
{
    for (uint32_t at = 0; at < WIRE_DESK_VENUES; at++)
        gateway_close(desk->thread.gateway[at]);
    bench_journal_close(&desk->folder);
    for (uint32_t at = 0; at < desk->memories; at++)
        free(desk->memory[at]);
    free(desk);
}

bool wire_desk_is_ready(const struct wire_desk *desk)
{
    for (uint16_t at = 0; at < desk->thread.gateways; at++)
        if (gateway_state(desk->thread.gateway[at]) != GATEWAY_READY ||
            gateway_counters(desk->thread.gateway[at]).updates == 0)
            return false;
    return true;
}
