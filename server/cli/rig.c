#include "cli/rig.h"

#include "thread/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANE_BYTES = 4 << 20, RING_BYTES = 1 << 20, MAKER = 1 };

struct rig {
    struct engine_config config;
    struct engine *engine;
    struct sim *sim; /* NULL: no venue */
    struct lane_shared shared;
    struct lane lane;
    struct ring orders;
    struct kill_page page;
    void *lane_memory, *ring_memory, *engine_memory, *sim_memory;
    int64_t now_ns;
};

static void *memory_of(size_t size)
{
    size_t rounded = (size + CACHE_LINES_APART - 1) / CACHE_LINES_APART * CACHE_LINES_APART;
    void *memory = aligned_alloc(CACHE_LINES_APART, rounded);

    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

/* About a hundredth of a coin, or one contract. */
static struct strategy_params maker_params(const struct instrument *row)
{
    int64_t coin = row->inverse ? 1 : decimal_one(row->qty_decimals);
    int64_t order_lots = coin / 100 > 0 ? coin / 100 : 1;

    return (struct strategy_params){.order_lots = order_lots,
                                    .max_position_lots = 20 * order_lots,
                                    .half_spread_ticks = 3,
                                    .requote_ticks = 2,
                                    .min_quote_life_ns = 100000000};
}

static void open_limits(struct engine_config *config)
{
    int64_t *firm = config->limits[0].value;

    for (unsigned scope = 0; scope < MAX_SCOPES; scope++) {
        config->limits_generation[scope] = 1;
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            config->limits[scope].value[id] = config->caps[scope].value[id] = LIMIT_UNSET;
    }
    config->generation = 1;
    firm[LIMIT_MAX_ORDER_LOTS] = firm[LIMIT_MAX_POSITION_LOTS] = MAX_LOTS;
    firm[LIMIT_MAX_ORDER_NOTIONAL] = firm[LIMIT_MAX_DAILY_LOSS] = 1000000000 * MONEY_ONE_E8;
    firm[LIMIT_MAX_OPEN_ORDERS] = 1000;
    firm[LIMIT_MAX_MESSAGES_PER_S] = 1000000;
    firm[LIMIT_PRICE_COLLAR_RATIO] = RATIO_ONE_E8 / 10;
    firm[LIMIT_MAX_DATA_AGE_MS] = 60000;
    firm[LIMIT_MAX_GROSS_NOTIONAL] = firm[LIMIT_MAX_NET_NOTIONAL] = 1000000000 * MONEY_ONE_E8;
    firm[LIMIT_MAX_ORDERS_PER_DAY] = firm[LIMIT_MAX_REPEATED_EXECUTIONS] = 1000000000;
    firm[LIMIT_DUPLICATE_WINDOW_MS] = firm[LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO] = 0;
    firm[LIMIT_MAX_DRAWDOWN_RATIO] = firm[LIMIT_MAX_MARGIN_RATIO] = RATIO_ONE_E8;
}

/* Number of a name, added when it is new. When no more fit, the last stands for the rest: a rig
 * counts all money at the same rate anyhow. */
static uint16_t number_of(const char *name, const char *names[], uint16_t *count, uint16_t most)
{
    for (uint16_t at = 0; at < *count; at++)
        if (names[at] && strcmp(names[at], name) == 0)
            return at;
    if (*count == most)
        return (uint16_t)(most - 1);
    names[*count] = name;
    return (*count)++;
}

static void add_instruments(struct engine_config *config, const struct feed_instruments *from)
{
    const char *venues[MAX_VENUES] = {0};
    const char *currencies[MAX_CURRENCIES] = {0};

    config->scopes.instruments = from->count;
    for (uint16_t at = 0; at < from->count; at++) {
        struct instrument *row = &config->instrument[at];

        *row = from->row[at];
        row->venue = number_of(from->venue[at], venues, &config->scopes.venues, MAX_VENUES);
        row->currency =
            number_of(from->currency[at], currencies, &config->currencies, MAX_CURRENCIES);
        config->currency[row->currency] = (struct currency){.fixed = true, .rate_e8 = MONEY_ONE_E8};
        snprintf(config->currency[row->currency].name, sizeof config->currency[0].name, "%s",
                 from->currency[at]);
        config->strategy[MAKER].params[at] = maker_params(row);
        /* Money of 1e-8 cannot hold the value of such a lot: it is watched, not traded. */
        config->strategy[MAKER].instruments[at] = row->inverse || row->tick_value_e8 > 0;
    }
}

static void configure(struct rig *rig, const struct feed_instruments *instruments, bool maker,
                      int64_t start_ns)
{
    struct engine_config *config = &rig->config;

    config->scopes = (struct scope_map){.strategies = MAKER + 1};
    config->gateways = 1;
    config->strategy[MAKER].kind = STRATEGY_KIND_MAKER;
    config->strategy[MAKER].enabled = maker;
    config->strategy[MAKER].version = 1;
    open_limits(config);
    add_instruments(config, instruments);
    config->capital_e8 = 1000000 * MONEY_ONE_E8;
    config->epoch = 1;
    config->day_start_ns = day_start_ns(start_ns, 0);
}

static bool report(void *ctx, const struct execution *execution)
{
    struct rig *rig = ctx;

    engine_execution(rig->engine, execution, rig->now_ns);
    return true;
}

static bool create_sim(struct rig *rig)
{
    struct sim_config config = {.seed = 1,
                                .order_latency_ns = 1000000,
                                .ack_latency_ns = 1000000,
                                .jitter_ns = 200000,
                                .instruments = rig->config.scopes.instruments,
                                .instrument_rows = rig->config.instrument};

    rig->sim_memory = memory_of(sim_size(&config));
    rig->sim = rig->sim_memory;
    if (rig->sim)
        sim_init(rig->sim, &config, report, rig);
    return rig->sim != NULL;
}

enum status rig_create(struct rig **made, const struct feed_instruments *instruments,
                       struct rig_options options, int64_t start_ns, struct err *err)
{
    struct rig *rig = memory_of(sizeof *rig);

    if (!rig)
        return err_set(err, ERR_INTERNAL, "out of memory");
    configure(rig, instruments, options.maker, start_ns);
    rig->lane_memory = memory_of(LANE_BYTES);
    rig->ring_memory = memory_of(RING_BYTES);
    rig->engine_memory = memory_of(engine_size(&rig->config));
    if (!rig->lane_memory || !rig->ring_memory || !rig->engine_memory ||
        (options.venue && !create_sim(rig))) {
        rig_destroy(rig);
        return err_set(err, ERR_INTERNAL, "out of memory");
    }
    lane_init(&rig->lane, &rig->shared, rig->lane_memory, LANE_BYTES, 0, 0);
    ring_init(&rig->orders, rig->ring_memory, RING_BYTES);
    rig->engine = engine_init(
        rig->engine_memory, &rig->config,
        (struct engine_io){.events = &rig->lane, .kill = &rig->page, .orders = {&rig->orders}},
        start_ns);
    *made = rig;
    return OK;
}

void rig_destroy(struct rig *rig)
{
    if (!rig)
        return;
    free(rig->lane_memory);
    free(rig->ring_memory);
    free(rig->engine_memory);
    free(rig->sim_memory);
    free(rig);
}

struct engine *rig_engine(struct rig *rig)
{
    return rig->engine;
}

void rig_advance(struct rig *rig, int64_t now_ns)
{
    rig->now_ns = now_ns;
    if (rig->sim && sim_next_ns(rig->sim) <= now_ns)
        sim_advance(rig->sim, now_ns);
}

void rig_settle(struct rig *rig, const struct market_update *update, int64_t now_ns)
{
    struct order_message *message;
    size_t length;

    if (rig->sim)
        sim_market(rig->sim, update, now_ns);
    while ((message = ring_peek(&rig->orders, &length)) != NULL) {
        if (rig->sim)
            sim_order(rig->sim, message, now_ns);
        ring_release(&rig->orders);
    }
}

void rig_market(struct rig *rig, const struct market_update *update, struct histogram *step_ns)
{
    int64_t now_ns = update->received_ns;
    int64_t started_ns = 0;

    rig_advance(rig, now_ns);
    if (step_ns)
        started_ns = clock_mono_ns();
    engine_market(rig->engine, update, now_ns);
    if (step_ns)
        histogram_record(step_ns, clock_mono_ns() - started_ns);
    rig_settle(rig, update, now_ns);
}
