/* An engine in a small world: two venues, three instruments (one inverse, two that should cost the
 * same), a person and a strategy of each kind, limits that are reached, every trigger on. */
#include "fuzz/engine/world.h"

#include <stdlib.h>
#include <string.h>

#define START_NS 1723161600000000000LL

/* Made once; what an earlier input left in it is cleared by those who use it. */
static void *memory_of(void **place, size_t size)
{
    if (!*place)
        *place = aligned_alloc(CACHE_LINES_APART, (size + 127) & ~(size_t)127);
    assert(*place != NULL);
    return *place;
}

static void set_instruments(struct engine_config *config)
{
    static const struct instrument linear = {.price_decimals = 1,
                                             .qty_decimals = 3,
                                             .tick_units = 1,
                                             .lot_units = 1,
                                             .tick_value_e8 = 10000,
                                             .maker_fee_e8 = -10000,
                                             .taker_fee_e8 = 50000};

    config->currencies = 2;
    config->currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    config->currency[1] = (struct currency){.name = "BTC", .rate_instrument = 0};
    config->instrument[0] = config->instrument[2] = linear;
    config->instrument[2].venue = 1;
    config->instrument[1] = (struct instrument){.venue = 1,
                                                .currency = 1,
                                                .price_decimals = 1,
                                                .tick_units = 1,
                                                .lot_units = 1,
                                                .inverse = true,
                                                .inverse_value_e8_ticks = 1000 * MONEY_ONE_E8,
                                                .taker_fee_e8 = 50000};
    for (unsigned at = 0; at < FUZZ_INSTRUMENTS; at++)
        assert(instrument_is_within_bounds(&config->instrument[at]));
}

/* Quick enough that a few updates make them act. */
static struct strategy_params quick_params(void)
{
    struct strategy_params params;

    parameters_default(&params);
    params.order_lots = 5;
    params.max_position_lots = 20;
    params.min_quote_life_ns = 0;
    params.fast_ns = 1000000;
    params.slow_ns = 10000000;
    params.cooldown_ns = 1000000;
    return params;
}

static void set_strategies(struct engine_config *config)
{
    for (unsigned kind = 0; kind < FUZZ_STRATEGIES; kind++) {
        config->strategy[kind].kind = (enum strategy_kind)kind;
        config->strategy[kind].enabled = kind != STRATEGY_MANUAL;
        config->strategy[kind].version = 1;
        for (unsigned instrument = 0; instrument < FUZZ_INSTRUMENTS; instrument++) {
            config->strategy[kind].instruments[instrument] = true;
            config->strategy[kind].params[instrument] = quick_params();
        }
    }
    config->strategy[STRATEGY_KIND_ARB].params[0].other = 2;
}

/* What the table has is set for the firm: its largest value, unless reaching it is of interest. */
static void set_limits(struct engine_config *config)
{
    int64_t *firm = config->limits[0].value;

    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        config->limits_generation[scope] = 1;
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            config->limits[scope].value[id] = config->caps[scope].value[id] = LIMIT_UNSET;
    }
    config->generation = 1;
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        firm[id] = limit_row((enum limit_id)id)->max;
    firm[LIMIT_MAX_ORDER_LOTS] = 50;
    firm[LIMIT_MAX_POSITION_LOTS] = 200;
    firm[LIMIT_MAX_OPEN_ORDERS] = 60;
    firm[LIMIT_MAX_MESSAGES_PER_S] = 200;
    firm[LIMIT_PRICE_COLLAR_RATIO] = RATIO_ONE_E8 / 5;
    firm[LIMIT_MAX_DATA_AGE_MS] = 5000;
    firm[LIMIT_MAX_DAILY_LOSS] = 100000 * MONEY_ONE_E8;
}

static void set_rules(struct engine_config *config, uint8_t choice)
{
    config->rules = (struct engine_rules){.cancel_old_on_self_match = (choice & 1) != 0,
                                          .batch_messages = (choice & 2) != 0 ? 4 : 0,
                                          .batch_wait_ns = (choice & 2) != 0 ? 1000000 : 0,
                                          .ack_timeout_ns = (choice & 4) != 0 ? 1000000000 : 0,
                                          .query_every_ns = 1000000000,
                                          .void_after_ns = 5000000000};
    for (unsigned id = 0; id < TRIGGER_COUNT; id++)
        config->rules.trigger[id] = trigger_default((enum trigger_id)id);
}

static void configure(struct world *world)
{
    struct engine_config *config = &world->config;
    uint8_t choice = take_byte(&world->in);

    config->scopes = (struct scope_map){
        .venues = FUZZ_VENUES, .strategies = FUZZ_STRATEGIES, .instruments = FUZZ_INSTRUMENTS};
    config->gateways = FUZZ_VENUES;
    config->venue_gateway[1] = 1;
    set_instruments(config);
    set_strategies(config);
    set_limits(config);
    set_rules(config, choice);
    config->capital_e8 = 1000000 * MONEY_ONE_E8;
    config->epoch = 7;
    config->day_start_ns = START_NS;
}

static void start_engine(struct world *world)
{
    static void *lane_bytes, *ring_bytes[FUZZ_VENUES], *engine_memory;
    struct engine_io io = {.events = &world->lane, .kill = &world->page};

    memset(memory_of(&lane_bytes, FUZZ_LANE_BYTES), 0, FUZZ_LANE_BYTES);
    lane_init(&world->lane, &world->shared, lane_bytes, FUZZ_LANE_BYTES, 1, 0);
    lane_reader_init(&world->reader, &world->lane, true);
    for (unsigned at = 0; at < FUZZ_VENUES; at++) {
        ring_init(&world->orders[at], memory_of(&ring_bytes[at], FUZZ_RING_BYTES), FUZZ_RING_BYTES);
        io.orders[at] = &world->orders[at];
    }
    world->engine = engine_init(memory_of(&engine_memory, engine_size(&world->config)),
                                &world->config, io, world->now_ns);
}

void world_start(struct world *world, const uint8_t *data, size_t size)
{
    memset(world, 0, sizeof *world);
    world->in = (struct bytes){.at = data, .left = size};
    world->now_ns = START_NS;
    atomic_store(&world->page.ticket, 7ULL << 32);
    for (unsigned at = 0; at < FUZZ_INSTRUMENTS; at++)
        world->price_ticks[at] = 1000;
    configure(world);
    for (unsigned at = 0; at < FUZZ_STRATEGIES; at++)
        world->enabled[at] = world->config.strategy[at].enabled;
    world_before(world);
    start_engine(world);
    world_after(world);
}
