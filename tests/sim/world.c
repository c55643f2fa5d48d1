/* A run: the seed chooses a world, steps happen to it, engines die and start again. */
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world *the_world; /* for the hook and for panic() */

/* ---- chance ----------------------------------------------------------------------------- */

/* splitmix64 */
uint64_t draw(struct world *world)
{
    uint64_t mixed = world->random += 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

int64_t draw_from(struct world *world, int64_t least, int64_t most)
{
    return least + (int64_t)(draw(world) % (uint64_t)(most - least + 1));
}

bool chance(struct world *world, uint32_t of_1000)
{
    return draw(world) % 1000 < of_1000;
}

/* ---- ends of a run ---------------------------------------------------------------------- */

void violate(struct world *world, const char *invariant, const char *format, ...)
{
    va_list arguments;

    snprintf(world->violation.invariant, sizeof world->violation.invariant, "%s", invariant);
    va_start(arguments, format);
    vsnprintf(world->violation.text, sizeof world->violation.text, format, arguments);
    va_end(arguments);
    world->violation.step = world->step;
    longjmp(world->violated, 1);
}

/* The engine's own assertions: a failure of the run, but none of an invariant. */
_Noreturn void panic(const char *file, int line, const char *claim)
{
    if (!the_world) {
        fprintf(stderr, "sim: %s:%d: %s\n", file, line, claim);
        abort();
    }
    violate(the_world, "panic", "%s:%d: %s", file, line, claim);
}

void time_passes(struct world *world, int64_t by_ns)
{
    world->now_ns += by_ns;
}

/* ---- the hook on each append ------------------------------------------------------------ */

uint64_t __real_lane_append(struct lane *lane, uint16_t kind, int64_t at_ns, uint64_t cause,
                            const void *payload, uint32_t length);
uint64_t __wrap_lane_append(struct lane *lane, uint16_t kind, int64_t at_ns, uint64_t cause,
                            const void *payload, uint32_t length);

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
    return hash ^ hash >> 29;
}

uint64_t chain_next(uint64_t chain, uint16_t kind, int64_t at_ns, uint64_t cause,
                    const void *payload, uint32_t length)
{
    const uint8_t *bytes = payload;
    uint64_t word;

    chain = mix(mix(mix(chain, (uint64_t)kind << 32 | length), (uint64_t)at_ns), cause);
    for (uint32_t at = 0; at < length; at += 8) {
        word = 0;
        memcpy(&word, bytes + at, length - at < 8 ? length - at : 8);
        chain = mix(chain, word);
    }
    return chain;
}

/* A person's kill, or the end of the process, between any two records of a step. */
static void strike(struct world *world, struct lane *lane, uint16_t kind)
{
    uint64_t seq = lane->next_seq;
    bool counts = !world->kill_at_order || (kind == EVENT_ORDER_SENT && !world->in_command);

    if (world->kill_in_appends > 0 && counts && --world->kill_in_appends == 0) {
        /* The record under way was decided before; the next order is not. */
        oracle_killed(world, world->kill_scope, seq);
        world->struck_now = true;
    }
    if (world->crash_in_appends > 0 && --world->crash_in_appends == 0) {
        /* Torn: bytes of a record that was never committed. */
        uint64_t at = lane->write_at & (lane->capacity - 1);

        if (lane->capacity - at > sizeof(struct lane_record) + 64)
            memset(lane->bytes + at + sizeof(uint64_t), 0xEE, sizeof(struct lane_record) + 48);
        longjmp(world->crash, 1);
    }
}

static void live_append(struct world *world, struct lane *lane, uint64_t seq, uint64_t chain,
                        uint16_t kind, const void *payload, uint32_t length)
{
    if (seq != world->last_seq + 1)
        violate(world, "I7", "record %llu follows record %llu", (unsigned long long)seq,
                (unsigned long long)world->last_seq);
    (void)lane;
    world->chain[seq - world->first_seq] = chain;
    world->last_seq = seq;
    world->call_bytes += sizeof(struct lane_record) + length;
    if (!input_is_one(kind))
        oracle_hear(world, seq, kind, payload, length);
    fold_hear(world, kind, payload, length);
}

uint64_t __wrap_lane_append(struct lane *lane, uint16_t kind, int64_t at_ns, uint64_t cause,
                            const void *payload, uint32_t length)
{
    struct world *world = the_world;
    struct lane_record record;
    uint64_t before;
    uint64_t chain;
    uint64_t seq;

    if (lane != &world->live.lane)
        return __real_lane_append(lane, kind, at_ns, cause, payload, length);
    strike(world, lane, kind);
    check_append(world, kind);
    before =
        world->last_seq >= world->first_seq ? world->chain[world->last_seq - world->first_seq] : 0;
    chain = chain_next(before, kind, at_ns, cause, payload, length);
    seq = __real_lane_append(lane, kind, at_ns, cause, payload, length);
    record = (struct lane_record){
        .commit = seq, .length = length, .kind = kind, .at_ns = at_ns, .cause = cause};
    journal_keep(world, &record, payload);
    live_append(world, lane, seq, chain, kind, payload, length);
    return seq;
}

/* ---- the engine's inputs ---------------------------------------------------------------- */

static bool begin_call(struct world *world)
{
    world->call_bytes = 0;
    world->struck_now = false;
    return engine_has_room(world->live.engine);
}

bool feed_market(struct world *world, const struct market_update *update)
{
    if (!begin_call(world))
        return false;
    engine_market(world->live.engine, update, world->now_ns);
    check_call(world);
    return true;
}

bool feed_execution(struct world *world, const struct execution *execution)
{
    if (!begin_call(world))
        return false;
    engine_execution(world->live.engine, execution, world->now_ns);
    check_call(world);
    return true;
}

bool feed_command(struct world *world, struct command *command)
{
    if (!begin_call(world))
        return false;
    command->id = (uint64_t)world->life << 32 | ++world->commands;
    world->answered_now = false;
    world->in_command = true;
    engine_command(world->live.engine, command, world->now_ns);
    world->in_command = false;
    check_call(world);
    if (!world->answered_now && command->kind != COMMAND_BEAT)
        violate(world, "I12", "command %u got no answer", command->kind);
    return true;
}

bool feed_timer(struct world *world)
{
    if (!begin_call(world))
        return false;
    oracle_roll_day(world);
    if (world->now_ns - world->slow_timer_ns >= SLOW_TIMER_NS) {
        world->slow_timer_ns = world->now_ns;
        world->pnl_due++;
    }
    engine_timer(world->live.engine, world->now_ns);
    check_telemetry(world);
    check_call(world);
    return true;
}

bool feed_overrun(struct world *world)
{
    if (!begin_call(world))
        return false;
    engine_overran(world->live.engine, world->now_ns);
    check_call(world);
    return true;
}

/* The look at the page goes on without room: the reserve of the lane is for it. */
void feed_kill_answer(struct world *world)
{
    uint64_t doorbell;

    begin_call(world);
    doorbell = engine_kill(world->live.engine, world->now_ns);
    engine_publish_kill(world->live.engine, doorbell, world->now_ns);
    check_call(world);
}

void feed_kill(struct world *world, uint16_t scope)
{
    oracle_killed(world, scope, world->last_seq);
}

/* ---- configuration ---------------------------------------------------------------------- */

static const struct {
    enum limit_id id;
    int64_t least, most;
} plain_limits[] = {
    {LIMIT_MAX_ORDER_LOTS, 20, 60},
    {LIMIT_MAX_ORDER_NOTIONAL, 2500 * MONEY_ONE_E8, 20000 * MONEY_ONE_E8},
    {LIMIT_MAX_POSITION_LOTS, 20, 300},
    {LIMIT_MAX_OPEN_ORDERS, 5, 60},
    {LIMIT_MAX_MESSAGES_PER_S, 20, 400},
    {LIMIT_PRICE_COLLAR_RATIO, RATIO_ONE_E8 / 200, RATIO_ONE_E8 / 10},
    {LIMIT_MAX_DATA_AGE_MS, 200, 3000},
    {LIMIT_MAX_DAILY_LOSS, 20 * MONEY_ONE_E8, 5000 * MONEY_ONE_E8},
    {LIMIT_MAX_ORDERS_PER_DAY, 10, 200},
    {LIMIT_MAX_REPEATED_EXECUTIONS, 2, 60},
    {LIMIT_DUPLICATE_WINDOW_MS, 1, 1000},
    {LIMIT_MAX_GROSS_NOTIONAL, 5000 * MONEY_ONE_E8, 100000 * MONEY_ONE_E8},
    {LIMIT_MAX_NET_NOTIONAL, 3000 * MONEY_ONE_E8, 60000 * MONEY_ONE_E8},
    {LIMIT_MAX_DRAWDOWN_RATIO, RATIO_ONE_E8 / 20000, RATIO_ONE_E8 / 200},
};

static int64_t widest(enum limit_id id)
{
    return limit_row(id)->sense == LIMIT_MOST ? limit_row(id)->max : limit_row(id)->min;
}

/* The firm sets every limit, most within a plain range; other scopes some of them. */
static void choose_limits(struct world *world, uint16_t scope, struct limits *limits)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        limits->value[id] = scope == scope_of_firm() ? widest((enum limit_id)id) : LIMIT_UNSET;
    for (unsigned at = 0; at < sizeof plain_limits / sizeof plain_limits[0]; at++)
        if (chance(world, scope == scope_of_firm() ? 550 : 70))
            limits->value[plain_limits[at].id] =
                draw_from(world, plain_limits[at].least, plain_limits[at].most);
    if (chance(world, 20))
        limits->value[draw(world) % LIMIT_COUNT] = chance(world, 500) ? LIMIT_UNSET : LIMIT_DENY;
}

static void choose_caps(struct world *world, uint16_t scope, const struct limits *limits,
                        struct limits *caps)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);
        int64_t value = limits->value[id];

        caps->value[id] = LIMIT_UNSET;
        if (value > 0 && value <= row->max / 2 && scope == scope_of_firm() && chance(world, 500) &&
            row->sense == LIMIT_MOST)
            caps->value[id] = value + value / 2;
    }
}

static void choose_instruments(struct world *world, struct engine_config *config)
{
    static const char *const names[SIM_INSTRUMENTS] = {"east:BTC", "east:ETH", "west:BTCPERP"};

    config->currencies = SIM_CURRENCIES;
    config->currency[0] = (struct currency){.name = "USD", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    config->currency[1] = (struct currency){.name = "BTC", .rate_instrument = 0};
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        struct instrument *row = &config->instrument[at];

        *row = (struct instrument){.venue = at / 2,
                                   .price_decimals = 2,
                                   .tick_units = 1,
                                   .lot_units = 1,
                                   .tick_value_e8 = MONEY_ONE_E8 / 100,
                                   .maker_fee_e8 = -5000,
                                   .taker_fee_e8 = 40000};
        snprintf(row->name, sizeof row->name, "%s", names[at]);
    }
    /* A contract of 100 USD that settles in the coin. */
    config->instrument[2].currency = 1;
    config->instrument[2].inverse = true;
    config->instrument[2].inverse_value_e8_ticks = 100 * MONEY_ONE_E8 * 100;
    for (unsigned at = 0; at < SIM_INSTRUMENTS; at++)
        if (chance(world, 300)) {
            config->instrument[at].initial_margin_e8 = RATIO_ONE_E8 / draw_from(world, 1, 10);
            config->instrument[at].maintenance_margin_e8 =
                config->instrument[at].initial_margin_e8 / draw_from(world, 2, 5);
        }
}

int64_t draw_parameter(struct world *world, enum parameter_id id)
{
    const struct parameter_row *row = parameter_row(id);

    switch ((int)id) {
    case PARAMETER_ORDER_LOTS:
    case PARAMETER_HALF_SPREAD_TICKS:
        return draw_from(world, 1, 25);
    case PARAMETER_MAX_POSITION_LOTS:
        return draw_from(world, 20, 300);
    case PARAMETER_REQUOTE_TICKS:
        return draw_from(world, 1, 5);
    case PARAMETER_MIN_QUOTE_LIFE_MS:
    case PARAMETER_COOLDOWN_MS:
        return draw_from(world, 0, 20) * 1000000;
    case PARAMETER_FAST_MS:
        return draw_from(world, 1, 10) * 1000000;
    case PARAMETER_SLOW_MS:
        return draw_from(world, 11, 100) * 1000000;
    case PARAMETER_ENTRY_RATIO:
    case PARAMETER_EDGE_RATIO:
        return draw_from(world, 100, 100000);
    case PARAMETER_USE_AMEND:
        return draw_from(world, 0, 1);
    case PARAMETER_OTHER:
        return draw_from(world, NO_INSTRUMENT, SIM_INSTRUMENTS - 1);
    default:
        return row->fallback;
    }
}

/* Defaults where what was drawn does not go together. */
static void choose_parameters(struct world *world, struct engine_config *config, unsigned strategy)
{
    struct strategy_setup setup = {.kind = config->strategy[strategy].kind,
                                   .instruments = SIM_INSTRUMENTS,
                                   .trades = config->strategy[strategy].instruments,
                                   .params = config->strategy[strategy].params,
                                   .rows = config->instrument};
    uint16_t where;

    for (unsigned at = 0; at < MAX_INSTRUMENTS; at++)
        parameters_default(&config->strategy[strategy].params[at]);
    for (unsigned at = 0; at < SIM_INSTRUMENTS; at++) {
        struct strategy_params *params = &config->strategy[strategy].params[at];

        for (unsigned id = 0; id < PARAMETER_COUNT; id++)
            parameter_set(params, (enum parameter_id)id,
                          draw_parameter(world, (enum parameter_id)id));
        if (strategy_fault(&setup, &where) != NULL)
            parameters_default(params);
    }
}

static void choose_strategies(struct world *world, struct engine_config *config)
{
    for (unsigned strategy = 0; strategy < SIM_STRATEGIES; strategy++) {
        config->strategy[strategy].kind = STRATEGY_KIND_MANUAL;
        if (strategy != STRATEGY_MANUAL)
            config->strategy[strategy].kind = (enum strategy_kind)draw_from(
                world, STRATEGY_KIND_MANUAL + 1, STRATEGY_KIND_COUNT - 1);
        config->strategy[strategy].enabled = strategy != STRATEGY_MANUAL && chance(world, 600);
        config->strategy[strategy].version = 1;
        for (unsigned at = 0; at < SIM_INSTRUMENTS; at++)
            config->strategy[strategy].instruments[at] = !chance(world, 50);
        choose_parameters(world, config, strategy);
    }
}

static void choose_rules(struct world *world, struct engine_rules *rules)
{
    rules->record = RECORD_ALL;
    rules->cancel_old_on_self_match = chance(world, 400);
    if (!chance(world, 300)) {
        rules->ack_timeout_ns = draw_from(world, 5000000, 150000000);
        rules->query_every_ns = draw_from(world, 5000000, 150000000);
        rules->void_after_ns = SIM_VENUE_WINDOW_NS + draw_from(world, 100000000, 1000000000);
    }
    if (chance(world, 300)) {
        rules->batch_messages = (uint32_t)draw_from(world, 2, 8);
        rules->batch_wait_ns = draw_from(world, 100000, 5000000);
    }
    for (unsigned id = 0; id < TRIGGER_COUNT; id++) {
        rules->trigger[id] = trigger_default((enum trigger_id)id);
        if (chance(world, 400))
            rules->trigger[id].action = TRIGGER_OFF;
    }
}

static void choose_config(struct world *world)
{
    struct engine_config *config = &world->file;

    memset(config, 0, sizeof *config);
    config->scopes = (struct scope_map){SIM_VENUES, SIM_STRATEGIES, SIM_INSTRUMENTS};
    config->gateways = SIM_GATEWAYS;
    for (uint16_t at = 0; at < SIM_VENUES; at++)
        config->venue_gateway[at] = at;
    choose_instruments(world, config);
    choose_strategies(world, config);
    for (uint16_t scope = 0; scope < MAX_SCOPES; scope++) {
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            config->limits[scope].value[id] = config->caps[scope].value[id] = LIMIT_UNSET;
        if (scope >= SIM_SCOPES)
            continue;
        choose_limits(world, scope, &config->limits[scope]);
        choose_caps(world, scope, &config->limits[scope], &config->caps[scope]);
    }
    config->capital_e8 = (chance(world, 300) ? 20000 : 1000000) * MONEY_ONE_E8;
    config->instance = (uint16_t)draw_from(world, 0, MAX_INSTANCE - 1);
    choose_rules(world, &config->rules);
}

/* ---- lives ------------------------------------------------------------------------------ */

/* Between two lives somebody may have edited the file: other limits, lower caps. */
static void edit_file(struct world *world)
{
    world->tally.restarts += world->life > 1;
    if (world->life == 1 || !chance(world, 200))
        return;
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++) {
        choose_limits(world, scope, &world->file.limits[scope]);
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            if (world->file.caps[scope].value[id] != LIMIT_UNSET && chance(world, 500))
                world->file.caps[scope].value[id] /= 2;
    }
}

static void start_life(struct world *world, bool power_lost)
{
    world->life++;
    world->stopped = false;
    rig_reset(&world->live, world->ring_bytes, world->lane_bytes, disk_recover(world, power_lost));
    edit_file(world);
    world->config = world->file;
    world->config.epoch = ++world->disk.epoch;
    world->config.day_start_ns = world->now_ns - world->now_ns % SIM_DAY_NS;
    disk_begin_life(world);
    disk_restore(world);
    world->first_seq = world->last_seq + 1;
    world->journal_bytes = 0;
    fold_begin_life(world);
    oracle_new_life(world);
    gateway_reset(world);
    world->call_bytes = 0;
    world->live.engine =
        engine_init(world->live.memory, &world->config, world->live.io, world->now_ns);
    fold_give(world);
    check_call(world);
    check_restart(world);
}

void world_crash(struct world *world, bool power_lost)
{
    world->kill_in_appends = world->crash_in_appends = 0;
    replay_life(world, false);
    venue_disconnect(world, 0, chance(world, 700));
    venue_disconnect(world, 1, chance(world, 700));
    time_passes(world, draw_from(world, 1000000, 3000000000));
    start_life(world, power_lost);
    market_reset(world);
}

static void reset(struct world *world, const struct run *run)
{
    memset((uint8_t *)world + offsetof(struct world, run), 0,
           offsetof(struct world, chain) - offsetof(struct world, run));
    memset(world->slots, 0xFF, sizeof world->slots);
    world->run = *run;
    world->random = run->seed * 0xD1B54A32D192ED03ULL + 1;
    world->now_ns = SIM_START_NS + draw_from(world, 0, SIM_DAY_NS);
    world->ring_bytes = 1ULL << draw_from(world, 12, 20);
    world->lane_bytes = run->seed % 4 == 0 ? SIM_LANE_SMALL : SIM_LANE_LARGE;
    ops_choose(world);
    choose_config(world);
}

/* The world's own memory: a run that fills it ends there. */
static bool is_full(const struct world *world)
{
    return world->placed_count > SIM_PLACED_MAX - 512 || world->exec_count > SIM_EXECS_MAX - 16 ||
           world->disk.fact_count > SIM_FACTS_MAX - 1024 ||
           world->last_seq - world->first_seq > SIM_RECORDS_MAX - 8192 ||
           world->journal_bytes > SIM_JOURNAL_BYTES - (1 << 20);
}

static void run_steps(struct world *world)
{
    /* volatile would hide it from no one: the step lives in the world, longjmp keeps it. */
    if (setjmp(world->crash) != 0) {
        say(world, "the engine dies in the middle of a step");
        world_crash(world, false);
        check_step(world);
        world->step++;
    }
    for (; world->step < world->run.steps; world->step++) {
        if (world->run.skip && world->run.skip[world->step])
            continue;
        /* Its own random numbers: a step does the same whatever is left out before it. */
        world->random = (world->run.seed << 20 ^ world->step) * 0x9E3779B97F4A7C15ULL;
        if (is_full(world))
            break;
        ops_step(world);
        check_step(world);
    }
    replay_life(world, true);
}

bool world_run(struct world *world, const struct run *run)
{
    the_world = world;
    if (setjmp(world->violated) != 0)
        return false;
    reset(world, run);
    fold_begin_run(world);
    start_life(world, false);
    market_reset(world);
    run_steps(world);
    return true;
}

struct world *world_make(void)
{
    struct world *world = calloc(1, sizeof *world);

    if (world)
        world->journal = malloc(SIM_JOURNAL_BYTES);
    if (world) {
        world->fold = malloc(carry_size());
        world->on_disk = malloc(carry_size());
    }
    if (!world || !world->journal || !world->fold || !world->on_disk) {
        fputs("sim: out of memory\n", stderr);
        exit(70);
    }
    rig_make(&world->live);
    return world;
}
