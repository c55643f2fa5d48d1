/* An engine with one venue, two instruments, a lane, rings and a kill page, for unit tests.
 *
 * Time is what the test says. Whatever the engine states is drained into `events` (the newest of
 * each kind and a count), whatever it sends into `sent`. */
#ifndef PITWALL_TESTS_ENGINE_FIXTURE_H
#define PITWALL_TESTS_ENGINE_FIXTURE_H

#include "engine_state.h"

#include <stdlib.h>
#include <string.h>

enum { FIXTURE_LANE_BYTES = 4 << 20, FIXTURE_RING_BYTES = 1 << 20, FIXTURE_SENT_MAX = 4096 };

struct fixture {
    struct engine_config config;
    struct engine *engine;
    struct lane_shared shared;
    struct lane lane;
    struct lane_reader reader;
    struct ring orders;
    struct kill_page page;
    int64_t now_ns;
    uint64_t commands;
    int64_t book_id;
    uint32_t counts[EVENT_COUNT];
    union {
#define EVENT(ID, name) struct event_##name name;
#include "tables/events.def"
#undef EVENT
        uint8_t bytes[LANE_RECORD_MAX];
    } newest[EVENT_COUNT];
    uint32_t sent_count;
    struct order_message sent[FIXTURE_SENT_MAX];
};

static inline void fixture_configure(struct fixture *f)
{
    struct engine_config *c = &f->config;

    memset(c, 0, sizeof *c);
    c->scopes = (struct scope_map){.venues = 1, .strategies = 2, .instruments = 2};
    c->gateways = 1;
    c->currencies = 1;
    c->currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    for (unsigned at = 0; at < 2; at++)
        c->instrument[at] = (struct instrument){.price_decimals = 1,
                                                .qty_decimals = 3,
                                                .tick_units = 1,
                                                .lot_units = 1,
                                                .tick_value_e8 = 10000};
    c->strategy[1].enabled = true; /* what it has working is let live; its kind asks for nothing */
    for (unsigned strategy = 0; strategy < 2; strategy++)
        c->strategy[strategy].instruments[0] = c->strategy[strategy].instruments[1] = true;
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        c->limits_generation[scope] = 1;
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            c->limits[scope].value[id] = c->caps[scope].value[id] = LIMIT_UNSET;
    }
    c->generation = 1;
    c->limits[0].value[LIMIT_MAX_ORDER_LOTS] = 100;
    c->limits[0].value[LIMIT_MAX_ORDER_NOTIONAL] = 1000000 * MONEY_ONE_E8;
    c->limits[0].value[LIMIT_MAX_POSITION_LOTS] = 1000;
    c->limits[0].value[LIMIT_MAX_OPEN_ORDERS] = 1000;
    c->limits[0].value[LIMIT_MAX_MESSAGES_PER_S] = 100000;
    c->limits[0].value[LIMIT_PRICE_COLLAR_RATIO] = RATIO_ONE_E8 / 10;
    c->limits[0].value[LIMIT_MAX_DATA_AGE_MS] = 1000;
    c->limits[0].value[LIMIT_MAX_DAILY_LOSS] = 1000000 * MONEY_ONE_E8;
    c->limits[0].value[LIMIT_MAX_GROSS_NOTIONAL] = 1000000 * MONEY_ONE_E8;
    c->limits[0].value[LIMIT_MAX_NET_NOTIONAL] = 1000000 * MONEY_ONE_E8;
    c->limits[0].value[LIMIT_MAX_ORDERS_PER_DAY] = 1000000;
    c->limits[0].value[LIMIT_MAX_REPEATED_EXECUTIONS] = 1000000;
    c->limits[0].value[LIMIT_DUPLICATE_WINDOW_MS] = 0;
    c->limits[0].value[LIMIT_MAX_DRAWDOWN_RATIO] = RATIO_ONE_E8;
    c->limits[0].value[LIMIT_MAX_MARGIN_RATIO] = RATIO_ONE_E8;
    c->limits[0].value[LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO] = 0;
    c->capital_e8 = 1000000 * MONEY_ONE_E8;
    c->caps[0].value[LIMIT_MAX_ORDER_LOTS] = 200;
    c->epoch = 3;
}

enum { FIXTURE_PIECES_MAX = 64 };

static void *fixture_pieces[FIXTURE_PIECES_MAX];
static unsigned fixture_piece_count;

/* Zeroed, and given back by fixture_end, the .fini of each suite. */
static inline void *fixture_memory(size_t size)
{
    void *memory = aligned_alloc(CACHE_LINES_APART, (size + 127) & ~(size_t)127);

    if (fixture_piece_count == FIXTURE_PIECES_MAX || !memory)
        abort();
    fixture_pieces[fixture_piece_count++] = memory;
    memset(memory, 0, size);
    return memory;
}

static void fixture_end(void)
{
    while (fixture_piece_count > 0)
        free(fixture_pieces[--fixture_piece_count]);
}

static inline void fixture_drain(struct fixture *f)
{
    struct lane_record header;
    struct order_message *message;
    size_t length;
    static uint8_t payload[LANE_RECORD_MAX];

    while (lane_read(&f->reader, &header, payload) == LANE_RECORD) {
        if (input_is_one(header.kind))
            continue;
        f->counts[header.kind]++;
        memcpy(&f->newest[header.kind], payload, header.length);
    }
    lane_gate_release(&f->reader, 0);
    while ((message = ring_peek(&f->orders, &length)) != NULL) {
        f->sent[f->sent_count++ % FIXTURE_SENT_MAX] = *message;
        ring_release(&f->orders);
    }
}

static inline void fixture_start(struct fixture *f)
{
    struct engine_io io = {.events = &f->lane, .kill = &f->page, .orders = {&f->orders}};

    lane_init(&f->lane, &f->shared, fixture_memory(FIXTURE_LANE_BYTES), FIXTURE_LANE_BYTES, 1, 0);
    lane_reader_init(&f->reader, &f->lane, true);
    ring_init(&f->orders, fixture_memory(FIXTURE_RING_BYTES), FIXTURE_RING_BYTES);
    f->now_ns = 1723161600000000000;
    f->config.day_start_ns = f->now_ns;
    f->engine = engine_init(fixture_memory(engine_size(&f->config)), &f->config, io, f->now_ns);
    fixture_drain(f);
}

/* A snapshot of one level a side. */
static inline void fixture_book(struct fixture *f, uint16_t instrument, int64_t bid, int64_t ask)
{
    struct {
        struct market_update update;
        struct level levels[2];
    } message = {.update = {.kind = MARKET_SNAPSHOT,
                            .instrument = instrument,
                            .bid_count = 1,
                            .ask_count = 1,
                            .received_ns = f->now_ns,
                            .update_id = ++f->book_id},
                 .levels = {{bid, 1000}, {ask, 1000}}};

    engine_market(f->engine, &message.update, f->now_ns);
    fixture_drain(f);
}

/* The venue's own mark, in 1e-8 of a tick. */
static inline void fixture_venue_mark(struct fixture *f, uint16_t instrument, int64_t mark_e8_ticks)
{
    struct {
        struct market_update update;
        struct level level;
    } message = {
        .update = {.kind = MARKET_MARK, .instrument = instrument, .received_ns = f->now_ns},
        .level = {.price_ticks = mark_e8_ticks}};

    engine_market(f->engine, &message.update, f->now_ns);
    fixture_drain(f);
}

static inline const struct event_command_done *fixture_command(struct fixture *f,
                                                               struct command *command)
{
    command->id = ++f->commands;
    engine_command(f->engine, command, f->now_ns);
    fixture_drain(f);
    return &f->newest[EVENT_COMMAND_DONE].command_done;
}

/* A limit order of strategy 1; its id, or 0 when it was denied. */
static inline uint64_t fixture_order(struct fixture *f, uint16_t instrument, enum side side,
                                     int64_t price_ticks, int64_t lots)
{
    struct command command = {.kind = COMMAND_NEW_ORDER};
    const struct event_command_done *done;

    command.new_order.intent = (struct intent){.kind = INTENT_NEW,
                                               .side = (uint8_t)side,
                                               .instrument = instrument,
                                               .strategy = 1,
                                               .price_ticks = price_ticks,
                                               .qty_lots = lots};
    done = fixture_command(f, &command);
    return done->status == OK ? done->value : 0;
}

static inline enum status fixture_cancel(struct fixture *f, uint64_t order_id)
{
    struct command command = {.kind = COMMAND_CANCEL_ORDER};

    command.cancel_order.order_id = order_id;
    return (enum status)fixture_command(f, &command)->status;
}

static inline void fixture_report(struct fixture *f, uint64_t order_id, enum report report)
{
    struct execution execution = {
        .report = (uint8_t)report, .order_id = order_id, .strategy = 1, .received_ns = f->now_ns};

    engine_execution(f->engine, &execution, f->now_ns);
    fixture_drain(f);
}

static inline void fixture_fill(struct fixture *f, uint64_t order_id, enum side side,
                                uint64_t exec_id, int64_t price_ticks, int64_t lots)
{
    struct execution execution = {.report = REPORT_FILL_PART,
                                  .side = (uint8_t)side,
                                  .order_id = order_id,
                                  .exec_id = exec_id,
                                  .strategy = 1,
                                  .price_ticks = price_ticks,
                                  .qty_lots = lots,
                                  .received_ns = f->now_ns};

    engine_execution(f->engine, &execution, f->now_ns);
    fixture_drain(f);
}

static inline struct fixture *fixture_make(void)
{
    struct fixture *f = fixture_memory(sizeof *f);

    fixture_configure(f);
    fixture_start(f);
    fixture_book(f, 0, 1000, 1001);
    return f;
}

#endif
