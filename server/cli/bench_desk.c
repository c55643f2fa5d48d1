#include "cli/bench_desk.h"

#include "gateway/simulated/simulated.h"

#include "thread/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARKET_BYTES = 1 << 20, EXECUTION_BYTES = 1 << 20, ORDER_BYTES = 1 << 20, TAKER = 1 };

/* Far enough that the feed never ends while a bench runs. */
#define NEVER_NS 3600000000000LL

static void *memory_of(size_t size)
{
    size_t rounded = (size + 4095) & ~(size_t)4095;
    void *memory = aligned_alloc(4096, rounded);

    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

/* --- the market: one snapshot of each instrument, and then nothing that is ever due --- */

static struct bench_desk *desk_of(struct feed *feed)
{
    return (struct bench_desk *)(void *)((uint8_t *)feed - offsetof(struct bench_desk, feed));
}

static const struct market_update *next_update(struct feed *feed)
{
    struct bench_desk *desk = desk_of(feed);

    desk->snapshot->instrument = (uint16_t)(desk->told % BENCH_DESK_INSTRUMENTS);
    desk->snapshot->update_id = desk->told + 1;
    desk->snapshot->received_ns = 1 + (desk->told < BENCH_DESK_INSTRUMENTS ? desk->told : NEVER_NS);
    desk->told++;
    return desk->snapshot;
}

static enum status rewind_feed(struct feed *feed, struct err *err)
{
    (void)err;
    desk_of(feed)->told = 0;
    return OK;
}

static void close_feed(struct feed *feed)
{
    (void)feed; /* the desk's own */
}

static const struct feed_ops feed_ops = {next_update, rewind_feed, close_feed};

static bool open_feed(struct bench_desk *desk)
{
    desk->feed = (struct feed){.ops = &feed_ops, .instruments = &desk->fed};
    desk->fed.count = BENCH_DESK_INSTRUMENTS;
    memcpy(desk->fed.row, desk->engine_config.instrument, sizeof desk->fed.row);
    desk->snapshot = memory_of(sizeof *desk->snapshot + 2 * sizeof(struct level));
    if (!desk->snapshot)
        return false;
    desk->snapshot->kind = MARKET_SNAPSHOT;
    desk->snapshot->bid_count = desk->snapshot->ask_count = 1;
    desk->snapshot->levels[0] = (struct level){BENCH_DESK_BID_TICKS, 1000};
    desk->snapshot->levels[1] = (struct level){BENCH_DESK_BID_TICKS + 2, 1000};
    return true;
}

/* --- the engine --- */

static int64_t widest(unsigned id)
{
    const struct limit_row *row = limit_row((enum limit_id)id);

    return row->sense == LIMIT_MOST ? row->max : row->min;
}

/* Messages are limited per instrument only: four times what one scope may be allowed. */
static void open_limits(struct engine_config *config)
{
    uint16_t first = scope_of_instrument(config->scopes, 0);

    for (uint16_t scope = 0; scope != MAX_SCOPES; scope++) {
        bool wide = scope == scope_of_firm() || scope >= first;

        config->limits_generation[scope] = 1;
        for (unsigned id = 0; id < LIMIT_COUNT; id++) {
            config->caps[scope].value[id] = LIMIT_UNSET;
            config->limits[scope].value[id] = wide ? widest(id) : LIMIT_UNSET;
        }
    }
    config->limits[0].value[LIMIT_MAX_MESSAGES_PER_S] = LIMIT_UNSET;
    config->generation = 1;
}

static void configure(struct engine_config *config)
{
    int64_t day_ns = 86400000000000LL;

    config->scopes = (struct scope_map){
        .venues = 1, .strategies = TAKER + 1, .instruments = BENCH_DESK_INSTRUMENTS};
    config->gateways = 1;
    config->currencies = 1;
    config->currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    for (uint16_t at = 0; at != BENCH_DESK_INSTRUMENTS; at++) {
        config->instrument[at] = (struct instrument){.price_decimals = 1,
                                                     .qty_decimals = 3,
                                                     .tick_units = 1,
                                                     .lot_units = 1,
                                                     .tick_value_e8 = 10000};
        snprintf(config->instrument[at].name, sizeof config->instrument[at].name, "bench:%u", at);
        config->strategy[STRATEGY_MANUAL].instruments[at] = true;
        config->strategy[TAKER].instruments[at] = true;
    }
    open_limits(config);
    config->capital_e8 = 1000000 * MONEY_ONE_E8;
    config->epoch = 1;
    config->day_start_ns = clock_real_ns() / day_ns * day_ns;
}

static bool open_engine(struct bench_desk *desk)
{
    struct engine_io io = {.events = journal_lane(desk->journal, JOURNAL_ENGINE)};

    desk->memory[0] = memory_of(MARKET_BYTES);
    desk->memory[1] = memory_of(EXECUTION_BYTES);
    desk->memory[2] = memory_of(ORDER_BYTES);
    desk->memory[3] = memory_of(engine_size(&desk->engine_config));
    desk->memory[4] = desk->page = memory_of(sizeof *desk->page);
    for (unsigned at = 0; at < 5; at++)
        if (!desk->memory[at])
            return false;
    ring_init(&desk->market, desk->memory[0], MARKET_BYTES);
    ring_init(&desk->executions, desk->memory[1], EXECUTION_BYTES);
    ring_init(&desk->orders, desk->memory[2], ORDER_BYTES);
    io.kill = desk->page;
    io.orders[0] = &desk->orders;
    desk->engine = engine_init(desk->memory[3], &desk->engine_config, io, clock_real_ns());
    return true;
}

static enum status open_gateway(struct bench_desk *desk, struct err *err)
{
    struct simulated_config config = {.io = {.instruments = desk->engine_config.instrument,
                                             .instrument_count = BENCH_DESK_INSTRUMENTS,
                                             .market = &desk->market,
                                             .executions = &desk->executions,
                                             .orders = &desk->orders,
                                             .kill = desk->page},
                                      .feed = &desk->feed,
                                      .speed = SPEED_REAL,
                                      .at_end = AT_END_HOLD,
                                      .sim = {.seed = 1}};

    return simulated_open(&desk->gateway, &config, err);
}

enum status bench_desk_open(struct bench_desk **made, int64_t hot_bytes, struct err *err)
{
    struct bench_desk *desk = memory_of(sizeof *desk);
    enum status status;

    if (!desk)
        return err_set(err, ERR_INTERNAL, "out of memory");
    configure(&desk->engine_config);
    status = bench_journal_open(&desk->folder, hot_bytes, err);
    desk->journal = desk->folder.journal;
    if (status == OK && (!open_feed(desk) || !open_engine(desk)))
        status = err_set(err, ERR_INTERNAL, "out of memory");
    if (status == OK)
        status = open_gateway(desk, err);
    if (status == OK)
        *made = desk;
    else
        bench_desk_close(desk);
    return status;
}

void bench_desk_close(struct bench_desk *desk)
{
    gateway_close(desk->gateway);
    bench_journal_close(&desk->folder);
    for (unsigned at = 0; at < 5; at++)
        free(desk->memory[at]);
    free(desk->snapshot);
    free(desk);
}

/* --- afterwards --- */

bool bench_desk_catch_up(struct bench_desk *desk, uint16_t kind, uint64_t *records,
                         uint64_t *of_kind)
{
    static _Alignas(8) uint8_t payload[LANE_RECORD_MAX];
    struct lane *lane = journal_lane(desk->journal, JOURNAL_ENGINE);
    struct lane_reader reader = {.lane = lane, .next_seq = 1};
    struct lane_record record;
    enum lane_result result;

    *records = *of_kind = 0;
    while ((result = lane_read(&reader, &record, payload)) == LANE_RECORD) {
        (*records)++;
        *of_kind += record.kind == kind;
    }
    lane_gate_release(&reader, JOURNAL_GATE_AUDIT);
    return result == LANE_EMPTY;
}

enum status bench_desk_verify(struct bench_desk *desk, uint16_t kind, uint64_t *records,
                              uint64_t *of_kind, struct err *err)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    enum status status = journal_reader_open(&reader, desk->folder.dir, JOURNAL_ENGINE, 1, err);

    *records = *of_kind = 0;
    if (status != OK)
        return status;
    while ((status = journal_reader_next(reader, &record, &payload, err)) == OK) {
        (*records)++;
        *of_kind += record.kind == kind;
    }
    journal_reader_close(reader);
    return status == ERR_NOT_FOUND ? OK : status;
}
