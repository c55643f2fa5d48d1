#include "engine_room.h"

#include "build_hash.h"
#include "restore.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    MARKET_BYTES = 4 << 20, /* these three for each gateway */
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
    room->commands = take_ring(COMMAND_BYTES);
    room->telemetry = take_ring(TELEMETRY_BYTES);
    room->step = take_memory(sizeof *room->step);
    room->tick_to_order = take_memory(sizeof *room->tick_to_order);
    room->order_ack = take_memory(sizeof *room->order_ack);
    room->fill_latency = take_memory(sizeof *room->fill_latency);
    return room->kill && room->commands && room->telemetry && room->step && room->tick_to_order &&
           room->order_ack && room->fill_latency;
}

/* Of each gateway that there is, and no other. */
static bool take_seats(struct engine_room *room, const struct config *config)
{
    bool taken = true;

    for (uint16_t at = 0; at < room->config.gateways; at++) {
        struct gateway_seat *seat = &room->seat[at];

        seat->room = room;
        seat->market = take_ring(MARKET_BYTES);
        seat->executions = take_ring(EXECUTION_BYTES);
        seat->orders = take_ring(ORDER_BYTES);
        (void)snprintf(seat->name, sizeof seat->name, "%s", config_gateway_name(config, at));
        taken = taken && seat->market && seat->executions && seat->orders;
    }
    return taken;
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
    room->kept = take_memory(carry_size());
    if (!room->kept)
        return err_set(err, ERR_INTERNAL, "no memory for what an earlier run left");
    (void)carry_copy(room->kept, room->carried);
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
    if (!take_seats(room, config))
        return err_set(err, ERR_INTERNAL, "no memory for the gateways' rings");
    if (!build_hash(room->config.build))
        log_line(LOG_WARN, "engine", "the program cannot be read: its records name no build", NULL);
    room->config.epoch = epoch;
    room->config.instance = instance_tag(config->instance);
    room->config.day_start_ns = day_start_ns(now_ns, config->money.day_roll_hour);
    restore(room, config, saved, found, epoch);
    room->inline_gateways = config->engine.inline_gateway;
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

/* Kills the scope at once; who hears of it gives the kill its name. */
static void stop_scope(void *ctx, uint16_t scope, const char *says)
{
    const struct gateway_seat *seat = ctx;
    const struct engine_room *room = seat->room;
    uint64_t incident = kill_page_set(room->kill, scope);

    if (room->note_stop)
        room->note_stop(room->note_ctx, incident, scope, seat->name, says);
}

static struct gateway_io io_of(struct engine_room *room, const struct config *config,
                               uint16_t index)
{
    struct gateway_seat *seat = &room->seat[index];

    return (struct gateway_io){.index = index,
                               .instruments = config->instrument,
                               .instrument_count = config->instruments,
                               .market = seat->market,
                               .executions = seat->executions,
                               .orders = seat->orders,
                               .kill = room->kill,
                               .day_roll_hour = config->money.day_roll_hour,
                               .stop = stop_scope,
                               .stop_ctx = seat};
}

enum status engine_room_gateways(struct engine_room *room, const struct config *config,
                                 struct feed *feed, struct err *err)
{
    struct gateways_plan plan = {.config = config,
                                 .engine = &room->config,
                                 .carried = room->kept,
                                 .engine_beat_ns = &room->beat_ns,
                                 .live_feed = room->live_feed};
    struct gateway *gateway[MAX_GATEWAYS] = {NULL};
    enum status status;

    for (uint16_t at = 0; at < room->config.gateways; at++)
        plan.io[at] = io_of(room, config, at);
    status = gateways_open(gateway, &plan, feed, err);
    for (uint16_t at = 0; at < room->config.gateways; at++)
        room->seat[at].gateway = gateway[at];
    return status;
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
                           .kill = room->kill,
                           .order_ack = room->order_ack,
                           .fill_latency = room->fill_latency};

    if (!memory)
        return err_set(err, ERR_INTERNAL, "no memory for the engine");
    for (uint16_t at = 0; at < room->config.gateways; at++)
        io.orders[at] = room->seat[at].orders;
    lock_memory(memory, size);
    (void)lane_append(io.events, INPUT_NAMES, clock_real_ns(), 0, &room->names, sizeof room->names);
    room->engine = engine_init(memory, &room->config, io, clock_real_ns());
    return give_carried(room, io.events, err);
}

static void *gateway_run(void *context)
{
    const struct gateway_seat *seat = context;
    uint32_t empty = 0;

    (void)thread_hurry(HURRY_GATEWAY);
    while (!atomic_load_explicit(&thread_stopping, memory_order_acquire)) {
        if (gateway_poll(seat->gateway) != 0)
            empty = 0;
        else
            thread_idle(seat->room->idle, &empty);
    }
    return NULL;
}

static enum status start_gateways(struct engine_room *room, struct err *err)
{
    enum status status = OK;

    for (uint16_t at = 0; status == OK && at < room->config.gateways; at++) {
        struct gateway_seat *seat = &room->seat[at];
        char name[THREAD_NAME_MAX] = "gateway";

        if (room->config.gateways > 1)
            (void)snprintf(name, sizeof name, "gw-%.12s", seat->name);
        status = thread_start(&seat->thread, name, false, room->idle, gateway_run, seat, err);
    }
    return status;
}

static void fill_engine_thread(struct engine_room *room)
{
    struct engine_thread *thread = &room->engine_thread;

    *thread = (struct engine_thread){.engine = room->engine,
                                     .gateways = room->config.gateways,
                                     .inline_gateways = room->inline_gateways,
                                     .kill = room->kill,
                                     .commands = room->commands,
                                     .step = room->step,
                                     .tick_to_order = room->tick_to_order,
                                     .idle = room->idle,
                                     .step_budget_ns = room->step_budget_ns,
                                     .beat_ns = &room->beat_ns};
    for (uint16_t at = 0; at < room->config.gateways; at++) {
        thread->gateway[at] = room->seat[at].gateway;
        thread->executions[at] = room->seat[at].executions;
        thread->market[at] = room->seat[at].market;
    }
}

enum status engine_room_start(struct engine_room *room, struct err *err)
{
    enum status status;

    fill_engine_thread(room);
    atomic_store(&room->beat_ns, clock_mono_ns());
    status = thread_start(&room->engine_id, "engine", true, room->idle, engine_thread_run,
                          &room->engine_thread, err);
    if (status == OK && !room->inline_gateways)
        status = start_gateways(room, err);
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
    for (uint16_t at = 0; at < room->config.gateways; at++) {
        struct gateway_seat *seat = &room->seat[at];

        if (seat->thread)
            pthread_join(seat->thread, NULL);
        gateway_close(seat->gateway);
        seat->gateway = NULL;
    }
    free(room->kept);
    room->kept = NULL;
}

void engine_room_outbound(const struct engine_room *room, uint64_t *orders, uint64_t *lots)
{
    bool repeated = false;

    *orders = *lots = 0;
    for (uint16_t at = 0; at < room->config.gateways; at++) {
        struct gateway_counters counters = gateway_counters(room->seat[at].gateway);

        *orders += counters.orders + counters.unsent;
        *lots += counters.lots + counters.unsent_lots;
        repeated = repeated || counters.refused_repeats > 0;
    }
    if (repeated)
        *orders = UINT64_MAX;
}

bool engine_room_wants_exit(const struct engine_room *room)
{
    for (uint16_t at = 0; at < room->config.gateways; at++)
        if (gateway_wants_exit(room->seat[at].gateway))
            return true;
    return false;
}
