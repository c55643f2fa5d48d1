#include "desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANE_BYTES = 4 << 20,
    RING_BYTES = 1 << 20,
    TAKER = 1,
    TOUCH_TICKS = 617736, /* of the bid at its highest */
    SPREAD_TICKS = 2,
    DEPTH_TICKS = 40,
    LOTS = 1001,
};

#define START_NS 1723161600000000000LL
#define FRAME_NS 1000000

static const struct binance_grid grid = {.price_decimals = 1, .qty_decimals = 3};

/* xorshift64*; a fixed seed, so that every run sees the same frames. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dULL;
}

/* The frame's own touch: each frame moves it by a tick, down and up again. */
static int64_t bid_of(uint32_t frame)
{
    return TOUCH_TICKS - (int64_t)(frame % 2);
}

static size_t print_level(char *at, size_t room, int64_t price_ticks, int64_t lots, bool first)
{
    return (size_t)snprintf(
        at, room, "%s[\"%" PRId64 ".%" PRId64 "\",\"%" PRId64 ".%03" PRId64 "\"]", first ? "" : ",",
        price_ticks / 10, price_ticks % 10, lots / 1000, lots % 1000);
}

size_t desk_print_side(char *at, size_t room, uint32_t frame, enum side side, uint64_t *random)
{
    int64_t sign = side == SIDE_BUY ? -1 : 1;
    int64_t touch = side == SIDE_BUY ? TOUCH_TICKS : TOUCH_TICKS - 1 + SPREAD_TICKS;
    bool shown = side == SIDE_BUY ? frame % 2 == 0 : frame % 2 == 1;
    uint32_t more = 1 + (uint32_t)(draw(random) % 3);
    size_t used = print_level(at, room, touch, shown ? LOTS : 0, true);

    for (uint32_t level = 0; level < more; level++) {
        int64_t behind = 2 + (int64_t)(draw(random) % DEPTH_TICKS);
        int64_t lots = draw(random) % 4 == 0 ? 0 : 1 + (int64_t)(draw(random) % 5000);

        used += print_level(at + used, room - used, touch + sign * behind, lots, false);
    }
    return used;
}

size_t desk_print_whole(char *at, size_t room, enum side side, uint32_t levels)
{
    int64_t sign = side == SIDE_BUY ? -1 : 1;
    int64_t touch = bid_of(1) + (side == SIDE_BUY ? 0 : SPREAD_TICKS + 1);
    size_t used = 0;

    for (uint32_t level = 0; level < levels; level++)
        used += print_level(at + used, room - used, touch + sign * level, LOTS, level == 0);
    return used;
}

static void print_frame(struct desk *desk, uint32_t frame, uint64_t *random)
{
    char *text = desk->text[frame];
    int64_t ms = START_NS / 1000000 + frame;
    int64_t id = 4807198631260 + (int64_t)frame * 10;
    size_t used = (size_t)snprintf(
        text, DESK_TEXT_BYTES,
        "{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":%" PRId64
        ",\"T\":%" PRId64 ",\"s\":\"BTCUSDT\",\"U\":%" PRId64 ",\"u\":%" PRId64 ",\"pu\":%" PRId64
        ",\"b\":[",
        ms, ms - 8, id + 1, id + 10, id);

    used += desk_print_side(text + used, DESK_TEXT_BYTES - used, frame, SIDE_BUY, random);
    used += (size_t)snprintf(text + used, DESK_TEXT_BYTES - used, "],\"a\":[");
    used += desk_print_side(text + used, DESK_TEXT_BYTES - used, frame, SIDE_SELL, random);
    used += (size_t)snprintf(text + used, DESK_TEXT_BYTES - used, "]}}");
    assert(used + BINANCE_PADDING < DESK_TEXT_BYTES);
    desk->length[frame] = (uint32_t)used;
}

static void *memory_of(size_t size)
{
    size_t rounded = (size + 4095) & ~(size_t)4095;
    void *memory = aligned_alloc(4096, rounded);

    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

void desk_open_limits(struct engine_config *config)
{
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        config->limits_generation[scope] = 1;
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            config->limits[scope].value[id] = config->caps[scope].value[id] = LIMIT_UNSET;
    }
    config->generation = 1;
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);

        config->limits[0].value[id] = row->sense == LIMIT_MOST ? row->max : row->min;
    }
}

static void configure(struct engine_config *config)
{
    config->scopes = (struct scope_map){.venues = 1, .strategies = TAKER + 1, .instruments = 1};
    config->gateways = 1;
    config->currencies = 1;
    config->currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    config->instrument[0] = (struct instrument){.price_decimals = 1,
                                                .qty_decimals = 3,
                                                .tick_units = 1,
                                                .lot_units = 1,
                                                .tick_value_e8 = 10000};
    config->strategy[STRATEGY_MANUAL].instruments[0] = true;
    config->strategy[TAKER].kind = STRATEGY_KIND_MOMENTUM;
    config->strategy[TAKER].enabled = true;
    config->strategy[TAKER].instruments[0] = true;
    config->strategy[TAKER].params[0] = (struct strategy_params){
        .order_lots = 1, .max_position_lots = 1000, .fast_ns = 1, .slow_ns = 1000 * FRAME_NS};
    desk_open_limits(config);
    config->capital_e8 = 1000000 * MONEY_ONE_E8;
    config->epoch = 1;
    config->day_start_ns = START_NS / 86400000000000LL * 86400000000000LL;
}

/* Both sides full, and a mid that no frame has: from the first on the averages differ. */
static void give_snapshot(struct desk *desk)
{
    struct market_update *update = desk->update;

    *update = (struct market_update){.kind = MARKET_SNAPSHOT,
                                     .bid_count = DEPTH_TICKS,
                                     .ask_count = DEPTH_TICKS,
                                     .received_ns = desk->now_ns,
                                     .update_id = 4807198631260};
    for (int64_t at = 0; at < DEPTH_TICKS; at++) {
        update->levels[at] = (struct level){bid_of(1) - at, LOTS};
        update->levels[DEPTH_TICKS + at] = (struct level){bid_of(1) + SPREAD_TICKS + 1 + at, LOTS};
    }
    desk_step(desk);
    desk_answer(desk);
}

static bool take_memory(struct desk *desk)
{
    void *lane = memory_of(LANE_BYTES);
    void *ring = memory_of(RING_BYTES);
    void *engine = memory_of(engine_size(&desk->config));

    desk->text = memory_of(DESK_FRAMES * sizeof *desk->text);
    desk->update = memory_of(sizeof *desk->update + MAX_MARKET_LEVELS * sizeof(struct level));
    if (!lane || !ring || !engine || !desk->text || !desk->update)
        return false;
    lane_init(&desk->lane, &desk->shared, lane, LANE_BYTES, 0, 0);
    ring_init(&desk->orders, ring, RING_BYTES);
    desk->engine = engine_init(
        engine, &desk->config,
        (struct engine_io){.events = &desk->lane, .kill = &desk->page, .orders = {&desk->orders}},
        desk->now_ns);
    return true;
}

struct desk *desk_open(void)
{
    struct desk *desk = memory_of(sizeof *desk);
    uint64_t random = 0x9e3779b97f4a7c15ULL;

    if (!desk)
        return NULL;
    desk->now_ns = START_NS;
    configure(&desk->config);
    if (!take_memory(desk)) {
        desk_close(desk);
        return NULL;
    }
    for (uint32_t frame = 0; frame < DESK_FRAMES; frame++)
        print_frame(desk, frame, &random);
    return desk;
}

void desk_close(struct desk *desk)
{
    free(desk->lane.bytes);
    free(desk->orders.bytes);
    free(desk->engine);
    free(desk->text);
    free(desk->update);
    free(desk);
}

void desk_decode(struct desk *desk)
{
    uint32_t at = desk->next % DESK_FRAMES;
    struct market_update *update = desk->update;
    struct binance_frame frame;
    enum binance_reason reason;

    if (at == 0)
        give_snapshot(desk);
    desk->next++;
    desk->now_ns += FRAME_NS;
    reason = binance_decode(desk->text[at], desk->length[at], &grid, &frame, update->levels,
                            MAX_MARKET_LEVELS);
    assert(reason == BINANCE_FINE);
    *update = (struct market_update){.kind = MARKET_DELTA,
                                     .bid_count = frame.bid_count,
                                     .ask_count = frame.ask_count,
                                     .received_ns = desk->now_ns,
                                     .venue_ns = frame.event_ms * 1000000,
                                     .prev_update_id = frame.prev_id,
                                     .update_id = frame.last_id};
}

static void report(struct desk *desk, const struct order_message *message, enum report what)
{
    struct execution execution = {.report = (uint8_t)what,
                                  .side = message->side,
                                  .instrument = message->instrument,
                                  .strategy = message->strategy,
                                  .order_id = message->order_id,
                                  .venue_ns = desk->now_ns,
                                  .received_ns = desk->now_ns};

    engine_execution(desk->engine, &execution, desk->now_ns);
}

uint32_t desk_answer(struct desk *desk)
{
    const struct order_message *message;
    size_t length;
    uint32_t orders = 0;

    while ((message = ring_peek(&desk->orders, &length)) != NULL) {
        if (message->kind == ORDER_MESSAGE_NEW) {
            report(desk, message, REPORT_VENUE_ACK);
            report(desk, message, REPORT_VENUE_EXPIRE);
            orders++;
        }
        ring_release(&desk->orders);
    }
    return orders;
}

void desk_submit(struct desk *desk)
{
    struct command command = {.kind = COMMAND_NEW_ORDER, .id = ++desk->commands};

    desk->now_ns += FRAME_NS;
    command.new_order.intent = (struct intent){.kind = INTENT_NEW,
                                               .side = (uint8_t)(desk->commands % 2),
                                               .type = TYPE_LIMIT,
                                               .tif = TIF_IOC,
                                               .price_ticks = TOUCH_TICKS,
                                               .qty_lots = 1 + (int64_t)(desk->commands % 100)};
    engine_command(desk->engine, &command, desk->now_ns);
}
