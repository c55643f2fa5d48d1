#include "engine_room.h"

#include "build_hash.h"
#include "gateway/simulated/simulated.h"
#include "restore.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    MARKET_BYTES = 4 << 20,
    EXECUTION_BYTES = 1 << 20,
    ORDER_BYTES = 1 << 20,
    COMMAND_BYTES = 64 << 10,
    TELEMETRY_BYTES = 1 << 20,
};

/* How long an engine that has not stopped trading may be silent before the program ends anyway. */
static const int64_t unstopped_patience_ns = 2000000000;

/* Prefaulted by writing: a page that is first touched while trading costs a microsecond. */
static void *take_memory(size_t size)
{
    size_t rounded = (size + 4095) & ~(size_t)4095;
    void *memory = aligned_alloc(4096, rounded);

    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

static struct ring *take_ring(uint64_t bytes)
{
    struct ring *ring = take_memory(sizeof *ring);
    void *memory = take_memory(bytes);

    if (!ring || !memory) {
        free(ring);
        free(memory);
        return NULL;
    }
    ring_init(ring, memory, bytes);
    return ring;
}

static bool take_parts(struct engine_room *room)
{
    room->kill = take_memory(sizeof *room->kill);
    room->market = take_ring(MARKET_BYTES);
    room->executions = take_ring(EXECUTION_BYTES);
    room->orders = take_ring(ORDER_BYTES);
    room->commands = take_ring(COMMAND_BYTES);
    room->telemetry = take_ring(TELEMETRY_BYTES);
    room->step = take_memory(sizeof *room->step);
    room->tick_to_order = take_memory(sizeof *room->tick_to_order);
    room->order_ack = take_memory(sizeof *room->order_ack);
    room->fill_latency = take_memory(sizeof *room->fill_latency);
    return room->kill && room->market && room->executions && room->orders && room->commands &&
           room->telemetry && room->step && room->tick_to_order && room->order_ack &&
           room->fill_latency;
}

/* FNV-1a of the instance's name: two processes that share an account at a venue draw different
 * order
 * ids. Of names with equal tags (one pair in 2048) one must be renamed: `status` shows the tag. */
static uint16_t instance_tag(const char *name)
{
    uint32_t hash = 2166136261U;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619U;
    return (uint16_t)((hash ^ hash >> 16) % MAX_INSTANCE);
}

/* --- what an earlier run left --- */

static enum status refuse(const struct config *config, const struct carry_fault *fault,
                          struct err *err)
{
    static const char *const says[] = {
        [CARRY_FITS] = "",
        [CARRY_NO_INSTRUMENT] = "it is not among the instruments any more",
        [CARRY_OTHER_VENUE] = "its venue is another one now",
        [CARRY_OTHER_CURRENCY] = "its settlement currency is another one now",
        [CARRY_OTHER_STEP] = "its tick or lot is another one now",
        [CARRY_NO_STRATEGY] = "it is not among the strategies any more",
    };

    return err_format(err, ERR_CONFIG,
                      "%s: %s holds %lld lots and has %u orders that may be alive, but %s: start "
                      "with it as it was, get flat, then change it; or give another data directory",
                      config->path, fault->name, (long long)fault->lots, fault->orders,
                      says[fault->kind]);
}

static enum status take_over(struct engine_room *room, const struct config *config,
                             const struct state_found *found, struct err *err)
{
    struct carry_fault fault;

    config_names(config, &room->names);
    if (!found || !carry_names(found->carry))
        return OK;
    fault = carry_fault(found->carry, &room->names);
    if (fault.kind != CARRY_FITS)
        return refuse(config, &fault, err);
    carry_rename(found->carry, &room->names);
    if (!carry_settle(found->carry, config->instrument))
        return err_set(err, ERR_DAMAGED,
                       "the newest execution in the journal does not fit the position it is of");
    room->carried = found->carry;
    return OK;
}

static void restore(struct engine_room *room, const struct config *config,
                    const struct store_saved *saved, const struct state_found *found,
                    uint64_t epoch)
{
    enum trading_state first = restore_first_state(config->initial_state, config->mode == MODE_LIVE,
                                                   !found || found->is_sure);

    restore_scopes(&room->config, room->kill, saved, first, epoch);
    if (room->carried)
        restore_carried(&room->config, room->kill, saved, room->carried);
    restore_strategies(&room->config, saved);
}

enum status engine_room_open(struct engine_room *room, const struct config *config,
                             const struct store_saved *saved, const struct state_found *found,
                             uint64_t epoch, struct err *err)
{
    int64_t now_ns = clock_real_ns();
    enum status status;

    memset(room, 0, sizeof *room);
    if (!take_parts(room))
        return err_set(err, ERR_INTERNAL, "no memory for the engine's rings");
    status = take_over(room, config, found, err);
    if (status != OK)
        return status;
    config_engine(config, &room->config);
    if (!build_hash(room->config.build))
        log_line(LOG_WARN, "engine", "the program cannot be read: its records name no build", NULL);
    room->config.gateways = 1; /* one simulated venue serves all */
    room->config.epoch = epoch;
    room->config.instance = instance_tag(config->instance);
    room->config.day_start_ns = day_start_ns(now_ns, config->money.day_roll_hour);
    restore(room, config, saved, found, epoch);
    room->inline_gateway = config->engine.inline_gateway;
    room->step_budget_ns = config->engine.step_budget_ns;
    room->watchdog = (struct watchdog){.beat_ns = &room->beat_ns,
                                       .kill = room->kill,
                                       .gateways = room->config.gateways,
                                       .stuck_ns = config->engine.stuck_ns,
                                       .silent_ns = config->engine.silent_ns};
    room->idle = thread_idle_policy(config->engine.idle);
    /* At speed max gateway and engine wait for each other many times a millisecond: a park each
     * time would make it a tenth as fast. */
    if (config->engine.idle == IDLE_AUTO && room->idle == IDLE_PARK &&
        strcmp(config->market.speed, "max") == 0)
        room->idle = IDLE_YIELD;
    return OK;
}

static enum speed_kind speed_of(const char *text, uint32_t *times)
{
    *times = 1;
    if (strcmp(text, "max") == 0)
        return SPEED_MAX;
    if (text[0] != 'x')
        return SPEED_REAL;
    *times = (uint32_t)strtoul(text + 1, NULL, 10);
    return SPEED_TIMES;
}

static enum at_end at_end_of(const char *text)
{
    return strcmp(text, "loop") == 0   ? AT_END_LOOP
           : strcmp(text, "exit") == 0 ? AT_END_EXIT
                                       : AT_END_HOLD;
}

static struct sim_config sim_of(const struct config *config, uint64_t epoch)
{
    return (struct sim_config){.seed = config->seed,
                               .epoch = epoch,
                               .order_latency_ns = config->market.order_latency_ns,
                               .ack_latency_ns = config->market.ack_latency_ns,
                               .data_latency_ns = config->market.data_latency_ns,
                               .jitter_ns = config->market.jitter_ns,
                               .queue = {.kind = (uint8_t)config->market.queue_model,
                                         .power = (uint8_t)config->market.queue_power,
                                         .decay_e8 = (uint32_t)config->market.queue_decay_e8},
                               .adverse_probability_e8 =
                                   (uint32_t)config->market.adverse_probability_e8,
                               .adverse_ticks = config->market.adverse_ticks,
                               .position_interval_ns = config->market.position_interval_ns,
                               .funding_interval_ns = config->market.funding_interval_ns};
}

static bool is_news(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill)
{
    return carry_misses(ctx, order_id, exec_id, fill);
}

enum status engine_room_gateway(struct engine_room *room, const struct config *config,
                                struct feed *feed, struct err *err)
{
    struct simulated_config gateway = {
        .io = {.instruments = config->instrument,
               .instrument_count = config->instruments,
               .market = room->market,
               .executions = room->executions,
               .orders = room->orders,
               .kill = room->kill},
        .feed = feed,
        .at_end = at_end_of(config->market.at_end),
        .sim = sim_of(config, room->config.epoch),
        .faults_path = config->market.faults[0] != '\0' ? config->market.faults : NULL,
        .ledger_path = config->market.ledger[0] != '\0' ? config->market.ledger : NULL};

    if (room->carried)
        gateway.is_news = is_news;
    gateway.is_news_ctx = room->carried;
    for (uint16_t at = 0; room->carried && at < config->instruments; at++)
        gateway.opening_lots[at] = carry_lots(room->carried, at);
    gateway.speed = speed_of(config->market.speed, &gateway.times);
    return simulated_open(&room->gateway, &gateway, err);
}

/* Only the engine's own memory is locked: locking all that comes would starve password hashing. */
static void lock_memory(void *memory, size_t size)
{
    if (mlock(memory, size) != 0)
        log_line(LOG_WARN, "engine", "memory is not locked", "bytes=%zu errno=%d", size, errno);
}

struct giving {
    struct engine_room *room;
    struct lane *lane;
    bool is_full;
};

/* Nobody empties the lane yet: what the rows lead to must fit. */
static bool give(void *ctx, const void *row, uint32_t length)
{
    struct giving *giving = ctx;

    giving->is_full = lane_room(giving->lane) < 2 * LANE_RECORD_MAX;
    return !giving->is_full && engine_carry(giving->room->engine, row, length, clock_real_ns());
}

static enum status give_carried(struct engine_room *room, struct lane *lane, struct err *err)
{
    struct giving giving = {.room = room, .lane = lane};

    if (!room->carried || carry_each(room->carried, give, &giving))
        return OK;
    return giving.is_full ? err_set(err, ERR_CONFIG,
                                    "journal.hot_bytes: too small for the orders and positions "
                                    "that an earlier run left")
                          : err_set(err, ERR_DAMAGED,
                                    "the engine does not take what an earlier run left: the "
                                    "journal and its snapshots are damaged");
}

enum status engine_room_engine(struct engine_room *room, struct journal *journal, struct err *err)
{
    size_t size = engine_size(&room->config);
    void *memory = take_memory(size);
    struct engine_io io = {.events = journal_lane(journal, JOURNAL_ENGINE),
                           .telemetry = room->telemetry,
                           .orders = {room->orders},
                           .kill = room->kill,
                           .order_ack = room->order_ack,
                           .fill_latency = room->fill_latency};

    if (!memory)
        return err_set(err, ERR_INTERNAL, "no memory for the engine");
    lock_memory(memory, size);
    (void)lane_append(io.events, INPUT_NAMES, clock_real_ns(), 0, &room->names, sizeof room->names);
    room->engine = engine_init(memory, &room->config, io, clock_real_ns());
    return give_carried(room, io.events, err);
}

static void *gateway_run(void *context)
{
    struct engine_room *room = context;
    uint32_t empty = 0;

    (void)thread_hurry(HURRY_GATEWAY);
    while (!atomic_load_explicit(&thread_stopping, memory_order_acquire)) {
        if (gateway_poll(room->gateway) != 0)
            empty = 0;
        else
            thread_idle(room->idle, &empty);
    }
    return NULL;
}

enum status engine_room_start(struct engine_room *room, struct err *err)
{
    enum status status;

    room->engine_thread = (struct engine_thread){.engine = room->engine,
                                                 .gateway = room->gateway,
                                                 .inline_gateway = room->inline_gateway,
                                                 .kill = room->kill,
                                                 .commands = room->commands,
                                                 .executions = room->executions,
                                                 .market = room->market,
                                                 .step = room->step,
                                                 .tick_to_order = room->tick_to_order,
                                                 .idle = room->idle,
                                                 .step_budget_ns = room->step_budget_ns,
                                                 .beat_ns = &room->beat_ns};
    atomic_store(&room->beat_ns, clock_mono_ns());
    status = thread_start(&room->engine_id, "engine", true, room->idle, engine_thread_run,
                          &room->engine_thread, err);
    if (status == OK && !room->inline_gateway)
        status =
            thread_start(&room->gateway_id, "gateway", false, room->idle, gateway_run, room, err);
    if (status != OK)
        return status;
    room->watchdog.engine = room->engine_id;
    return watchdog_start(&room->watchdog, err);
}

bool engine_room_can_stop(const struct engine_room *room, bool stopped_trading)
{
    static const struct timespec step = {.tv_nsec = 1000000};
    int64_t beat_ns = atomic_load(&room->beat_ns);
    int64_t patience_ns = room->watchdog.silent_ns;

    if (!stopped_trading && patience_ns > unstopped_patience_ns)
        patience_ns = unstopped_patience_ns;
    if (!room->engine_id)
        return true; /* it has not started, so it ends */
    while (atomic_load(&room->beat_ns) == beat_ns) {
        if (clock_mono_ns() - beat_ns > patience_ns)
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

void engine_room_stop(struct engine_room *room)
{
    watchdog_stop(&room->watchdog); /* before the engine ends its beat */
    if (room->engine_id)
        pthread_join(room->engine_id, NULL);
    if (room->gateway_id)
        pthread_join(room->gateway_id, NULL);
    gateway_close(room->gateway);
    room->gateway = NULL;
}
