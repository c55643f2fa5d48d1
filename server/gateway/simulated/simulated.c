#include "gateway/simulated/simulated.h"

#include "gateway/fault_script.h"
#include "gateway/simulated/ledger.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    TURN_ORDERS_MAX = 256,
    TURN_UPDATES_MAX = 256,
    NOT_OURS = UINT16_MAX, /* an instrument of the feed that is not configured */
};

/* At SPEED max the engine's now must not run ahead of what it has been given: updates go out in
 * bursts of at most this much recorded time, each when the engine has taken the one before. */
#define VIRTUAL_BURST_NS 1000000

/* The ledger is flushed when a turn has nothing to do, and at least this often. */
#define LEDGER_FLUSH_NS 5000000

/* How far the end of the market has been told. */
enum ending { ENDING_NOT, ENDING_TELLING, ENDING_TOLD };

struct simulated {
    struct gateway base;
    struct simulated_config config;
    struct sim *sim;
    struct ledger *ledger;
    struct owed owed;
    uint32_t owed_told;
    struct market_update *copy; /* of the update that goes by way of the venue; NULL: none does */
    uint16_t map[MAX_INSTRUMENTS]; /* the feed's instrument -> ours */

    const struct market_update *pending; /* the feed's next, not yet given to the engine */
    bool started;
    int64_t first_ns; /* of the feed, and when it was played (this lap) */
    int64_t begun_ns;
    int64_t now_ns;         /* never goes back */
    int64_t burst_until_ns; /* SPEED max */
    enum ending ending;
    uint16_t ended_told;
    int64_t flushed_ns;
    int64_t stamp_ns; /* of the message being sent */
};

/* ---- opening and closing ---------------------------------------------------------------- */

static uint16_t find_instrument(const struct simulated_config *config, const char *name)
{
    for (uint16_t at = 0; at < config->io.instrument_count; at++)
        if (!config->served_elsewhere[at] && strcmp(config->io.instruments[at].name, name) == 0)
            return at;
    return NOT_OURS;
}

static bool same_steps(const struct instrument *a, const struct instrument *b)
{
    return a->price_decimals == b->price_decimals && a->tick_units == b->tick_units &&
           a->qty_decimals == b->qty_decimals && a->lot_units == b->lot_units;
}

static enum status map_instruments(struct simulated *simulated, struct err *err)
{
    const struct simulated_config *config = &simulated->config;
    const struct feed_instruments *fed = config->feed->instruments;
    uint16_t found = 0;

    for (uint16_t at = 0; at < fed->count; at++) {
        uint16_t ours = find_instrument(config, fed->row[at].name);

        simulated->map[at] = ours;
        if (ours == NOT_OURS)
            continue;
        found++;
        if (!same_steps(&fed->row[at], &config->io.instruments[ours]))
            return err_format(err, ERR_CONFIG,
                              "%s: tick or lot of the configuration differs from the market's",
                              fed->row[at].name);
    }
    for (uint16_t at = 0; config->feed->l3 && at < fed->count; at++)
        if (simulated->map[at] != at)
            return err_set(err, ERR_CONFIG,
                           "market.matching l3 wants the instruments of the synthetic market, all "
                           "and in its order");
    if (found == 0)
        return err_set(err, ERR_CONFIG, "the market has none of the configured instruments");
    return OK;
}

static bool deliver(void *ctx, const struct execution *execution);
static bool deliver_data(void *ctx, const struct market_update *update);

/* The venue's own count: what it did, whether it comes to be told or not. */
static void count_fill(struct simulated *simulated, const struct execution *execution)
{
    struct dropcopy_fill fill = {.exec_id = execution->exec_id,
                                 .order_id = execution->order_id,
                                 .price_ticks = execution->price_ticks,
                                 .qty_lots = execution->qty_lots,
                                 .fee_e8 = execution->fee_e8,
                                 .venue_ns = execution->venue_ns,
                                 .noted_ns = simulated->now_ns,
                                 .instrument = execution->instrument,
                                 .side = execution->side};

    gateway_list_fill(&simulated->base, &fill);
    gateway_tell_fills(&simulated->base, execution->instrument, simulated->now_ns);
}

static bool is_new_fill(const struct sim_entry *entry)
{
    return entry->execution && entry->execution->report == REPORT_FILL_PART &&
           (entry->status == SIM_PLAIN || entry->status == SIM_LOST);
}

static void write_ledger(void *ctx, const struct sim_entry *entry)
{
    struct simulated *simulated = ctx;

    if (is_new_fill(entry))
        count_fill(simulated, entry->execution);

    if (simulated->ledger)
        ledger_write(simulated->ledger, entry,
                     entry->message ? simulated->stamp_ns : clock_real_ns());
}

static bool has_data_faults(const struct sim_config *config)
{
    for (uint32_t at = 0; at < config->fault_count; at++)
        if (FAULTS_DATA & (1U << config->faults[at].on))
            return true;
    return false;
}

/* Data goes by way of the venue only when something happens to it there. */
static enum status open_data(struct simulated *simulated, struct err *err)
{
    size_t largest = sizeof(struct market_update) + MAX_MARKET_LEVELS * sizeof(struct level);

    if (simulated->config.sim.data_latency_ns == 0 && !has_data_faults(&simulated->config.sim))
        return OK;
    simulated->config.sim.data = deliver_data;
    simulated->copy = malloc(largest);
    return simulated->copy ? OK : err_set(err, ERR_INTERNAL, "no memory for market data");
}

static void open_positions(struct simulated *simulated)
{
    int64_t *lots = simulated->config.opening_lots;

    for (uint32_t at = 0; at < simulated->owed.count; at++) {
        const struct execution *fill = &simulated->owed.fill[at];

        lots[fill->instrument] += fill->side == SIDE_BUY ? fill->qty_lots : -fill->qty_lots;
    }
    for (uint16_t at = 0; at < simulated->base.io.instrument_count; at++) {
        sim_open_position(simulated->sim, at, lots[at]);
        if (!simulated->config.served_elsewhere[at])
            gateway_tell_fills(&simulated->base, at, clock_real_ns()); /* there are none yet */
    }
}

static enum status make_sim(struct simulated *simulated, struct err *err)
{
    struct sim_config *config = &simulated->config.sim;
    enum status status = open_data(simulated, err);

    if (status != OK)
        return status;
    simulated->sim = aligned_alloc(CACHE_LINES_APART, sim_size(config));
    if (!simulated->sim)
        return err_set(err, ERR_INTERNAL, "no memory for the simulated venue");
    sim_init(simulated->sim, config, deliver, simulated);
    open_positions(simulated);
    return OK;
}

static enum status open_sim(struct simulated *simulated, struct err *err)
{
    struct sim_config *config = &simulated->config.sim;
    struct fault_rule faults[FAULT_RULES_MAX];
    enum status status = OK;

    config->instruments = simulated->base.io.instrument_count;
    config->instrument_rows = simulated->base.io.instruments;
    config->ledger = write_ledger;
    config->l3 = simulated->config.feed->l3;
    if (simulated->config.faults_path) {
        config->faults = faults;
        status = fault_script_read(simulated->config.faults_path, config->instrument_rows,
                                   config->instruments, faults, &config->fault_count, err);
    }
    if (status == OK)
        status = make_sim(simulated, err);
    config->faults = NULL; /* the venue has its copy */
    return status;
}

static enum status open_parts(struct simulated *simulated, struct err *err)
{
    const struct simulated_config *config = &simulated->config;
    enum status status = map_instruments(simulated, err);

    assert(!config->feed->is_live || config->speed == SPEED_REAL);
    if (status == OK && config->ledger_path)
        status = ledger_open(&simulated->ledger, config->ledger_path, config->io.instruments, err);
    if (status == OK && config->ledger_path && config->is_news)
        status = owed_read(&simulated->owed, config->ledger_path, config->io.instruments,
                           config->is_news, config->is_news_ctx, err);
    return status == OK ? open_sim(simulated, err) : status;
}

static void simulated_close(struct gateway *gateway)
{
    struct simulated *simulated = (struct simulated *)gateway;

    ledger_close(simulated->ledger);
    free(simulated->owed.fill);
    free(simulated->copy);
    free(simulated->sim);
    simulated->config.feed->ops->close(simulated->config.feed);
    free(simulated);
}

static uint32_t simulated_poll(struct gateway *gateway);

static const struct gateway_ops simulated_ops = {.poll = simulated_poll, .close = simulated_close};

enum status simulated_open(struct gateway **gateway, const struct simulated_config *config,
                           struct err *err)
{
    struct simulated *simulated = calloc(1, sizeof *simulated);
    enum status status;

    if (!simulated) {
        config->feed->ops->close(config->feed);
        return err_set(err, ERR_INTERNAL, "no memory for the gateway");
    }
    gateway_init(&simulated->base, &simulated_ops, &config->io);
    gateway_set_state(&simulated->base, config->feed->is_live ? GATEWAY_DOWN : GATEWAY_READY);
    config->feed->owner = &simulated->base;
    simulated->config = *config;
    if (config->speed == SPEED_MAX) {
        simulated->now_ns = clock_real_ns();
        atomic_store(&simulated->base.virtual_ns, simulated->now_ns);
    }
    status = open_parts(simulated, err);
    if (status != OK) {
        simulated_close(&simulated->base);
        return status;
    }
    *gateway = &simulated->base;
    return OK;
}

/* ---- time ------------------------------------------------------------------------------- */

static bool is_virtual(const struct simulated *simulated)
{
    return simulated->config.speed == SPEED_MAX;
}

static void move_now(struct simulated *simulated, int64_t now_ns)
{
    if (now_ns > simulated->now_ns)
        simulated->now_ns = now_ns;
}

/* When an update of the feed is to be played. What is live has come just now. */
static int64_t due_ns(const struct simulated *simulated, const struct market_update *update)
{
    int64_t passed_ns = update->received_ns - simulated->first_ns;

    if (simulated->config.feed->is_live)
        return update->received_ns;
    if (simulated->config.speed == SPEED_TIMES && simulated->config.times > 1)
        passed_ns /= simulated->config.times;
    return simulated->begun_ns + passed_ns;
}

/* ---- orders ----------------------------------------------------------------------------- */

/* Sends it, or sends it back; false: not now. In this order: stamp, kill page, ledger, venue. */
static bool handle(struct simulated *simulated, const struct order_message *message)
{
    simulated->stamp_ns = clock_real_ns();
    switch (gateway_judge(&simulated->base, message, simulated->now_ns)) {
    case GATEWAY_NOT_NOW:
        return false;
    case GATEWAY_DONE:
        return true;
    case GATEWAY_SEND:
        sim_order(simulated->sim, message, simulated->now_ns);
        gateway_count_sent(&simulated->base, message);
        break;
    }
    return true;
}

static bool take_order(struct simulated *simulated)
{
    struct ring *orders = simulated->base.io.orders;
    size_t length;
    const struct order_message *message;

    if (!sim_has_room(simulated->sim))
        return false;
    message = ring_peek(orders, &length);
    if (!message)
        return false;
    assert(length == sizeof *message);
    if (!handle(simulated, message))
        return false;
    ring_release(orders);
    return true;
}

static bool is_killed(void *ctx, const struct order_message *message)
{
    struct simulated *simulated = ctx;

    return gateway_is_killed(&simulated->base, message);
}

/* Somebody does not trust the engine to cancel what is killed. */
static void sweep(struct simulated *simulated)
{
    uint64_t wanted = gateway_sweep_wanted(&simulated->base);

    if (wanted == 0)
        return;
    simulated->stamp_ns = clock_real_ns();
    sim_cancel_those(simulated->sim, is_killed, simulated, simulated->now_ns);
    gateway_sweep_done(&simulated->base, wanted);
}

static uint32_t take_orders(struct simulated *simulated)
{
    uint32_t taken = 0;

    gateway_answer_kill(&simulated->base);
    while (taken < TURN_ORDERS_MAX && take_order(simulated))
        taken++;
    return taken;
}

/* ---- executions ------------------------------------------------------------------------- */

/* What the venue has said is in its ledger's file before anybody hears it: a kill may come in
 * between, and then the ledger is who knows. */
static bool deliver(void *ctx, const struct execution *execution)
{
    struct simulated *simulated = ctx;
    struct execution *slot = ring_reserve(simulated->base.io.executions, sizeof *slot);

    if (!slot)
        return false; /* the venue keeps it */
    if (simulated->ledger)
        ledger_flush(simulated->ledger);
    *slot = *execution;
    ring_publish(simulated->base.io.executions);
    gateway_add(&simulated->base.executions, 1);
    if (execution->report == REPORT_POSITION) {
        gateway_count_position(&simulated->base, execution->instrument, execution->qty_lots);
        gateway_tell_fills(&simulated->base, execution->instrument, simulated->now_ns);
    }
    return true;
}

/* False: no room yet. */
static bool tell_owed(struct simulated *simulated)
{
    while (simulated->owed_told < simulated->owed.count) {
        struct execution fill = simulated->owed.fill[simulated->owed_told];

        fill.received_ns = simulated->now_ns;
        if (!deliver(simulated, &fill))
            return false;
        count_fill(simulated, &fill);
        write_ledger(simulated,
                     &(struct sim_entry){SIM_REPEATED, 0, simulated->now_ns, NULL, &fill});
        simulated->owed_told++;
    }
    return true;
}

static uint32_t advance_venue(struct simulated *simulated)
{
    uint64_t before = atomic_load_explicit(&simulated->base.executions, memory_order_relaxed);

    if (tell_owed(simulated))
        sim_advance(simulated->sim, simulated->now_ns);
    return (uint32_t)(atomic_load_explicit(&simulated->base.executions, memory_order_relaxed) -
                      before);
}

/* ---- market ----------------------------------------------------------------------------- */

static void shift(struct market_update *update, uint16_t instrument, int64_t received_ns)
{
    if (update->venue_ns != 0)
        update->venue_ns = received_ns + (update->venue_ns - update->received_ns);
    update->instrument = instrument;
    update->received_ns = received_ns;
}

/* What the venue passes on, later than it had it. */
static bool deliver_data(void *ctx, const struct market_update *update)
{
    struct simulated *simulated = ctx;
    size_t size = market_update_size(update);
    struct market_update *slot = ring_reserve(simulated->base.io.market, size);

    if (!slot)
        return false;
    memcpy(slot, update, size);
    gateway_note_trade(&simulated->base, update);
    ring_publish(simulated->base.io.market);
    gateway_count_update(&simulated->base, update->instrument);
    return true;
}

/* Puts an update before the venue and on the ring; false when it does not fit. */
static bool play(struct simulated *simulated, const struct market_update *update,
                 uint16_t instrument, int64_t received_ns)
{
    size_t size = market_update_size(update);
    struct market_update *slot = simulated->copy;

    if (!slot)
        slot = ring_reserve(simulated->base.io.market, size);
    if (!slot)
        return false;
    memcpy(slot, update, size);
    shift(slot, instrument, received_ns);
    /* The venue first: it reads the slot, which is the engine's after the publish. */
    if (!sim_market(simulated->sim, slot, simulated->now_ns))
        return false;
    if (slot == simulated->copy)
        return true; /* deliver_data() has it, or will */
    gateway_note_trade(&simulated->base, slot);
    ring_publish(simulated->base.io.market);
    gateway_count_update(&simulated->base, instrument);
    return true;
}

static bool engine_has_taken_all(const struct simulated *simulated)
{
    struct ring *market = simulated->base.io.market;

    return ring_consumed(market) == ring_published(market);
}

/* True when the pending update may go now; at SPEED max that moves the virtual time to it. */
static bool is_due(struct simulated *simulated, int64_t update_due_ns)
{
    if (simulated->config.feed->is_live)
        move_now(simulated, update_due_ns); /* the turn's time was read before it came */
    if (!is_virtual(simulated))
        return update_due_ns <= simulated->now_ns;
    if (update_due_ns > simulated->burst_until_ns) {
        if (!engine_has_taken_all(simulated))
            return false;
        simulated->burst_until_ns = update_due_ns + VIRTUAL_BURST_NS;
    }
    move_now(simulated, update_due_ns);
    sim_advance(simulated->sim, simulated->now_ns);
    atomic_store_explicit(&simulated->base.virtual_ns, simulated->now_ns, memory_order_release);
    return true;
}

/* The next update of an instrument that is ours; NULL at the end. */
static const struct market_update *fetch(struct simulated *simulated)
{
    const struct market_update *update;

    do {
        update = feed_next(simulated->config.feed);
    } while (update && simulated->map[update->instrument] == NOT_OURS);
    atomic_store_explicit(&simulated->base.refused_frames, simulated->config.feed->refused_frames,
                          memory_order_relaxed);
    return update;
}

static void begin(struct simulated *simulated, const struct market_update *update)
{
    simulated->started = true;
    simulated->first_ns = update->received_ns;
    simulated->begun_ns = simulated->now_ns;
    simulated->burst_until_ns = simulated->now_ns;
    atomic_store(&simulated->base.market_state, MARKET_STATE_PLAYING);
}

/* Plays one update if one is due and fits. */
static bool play_next(struct simulated *simulated)
{
    const struct market_update *update;
    int64_t update_due_ns;

    if (!simulated->pending)
        simulated->pending = fetch(simulated);
    update = simulated->pending;
    if (!update && simulated->config.feed->is_live)
        return false;
    if (!update) {
        simulated->ending = ENDING_TELLING;
        simulated->ended_told = 0;
        return false;
    }
    if (!simulated->started)
        begin(simulated, update);
    update_due_ns = due_ns(simulated, update);
    if (!is_due(simulated, update_due_ns) ||
        !play(simulated, update, simulated->map[update->instrument],
              simulated->config.speed == SPEED_REAL ? update_due_ns : simulated->now_ns))
        return false;
    simulated->pending = NULL;
    return true;
}

/* ---- the end of a recording ------------------------------------------------------------- */

static void start_again(struct simulated *simulated)
{
    struct feed *feed = simulated->config.feed;
    struct err err;

    if (feed->ops->rewind(feed, &err) != OK) {
        char why[ERR_TEXT_MAX];

        log_line(LOG_ERROR, "gateway", "cannot start the recording again", "why=%s",
                 log_escape(why, sizeof why, err.text));
        return; /* it stays ended */
    }
    simulated->started = false;
    simulated->ending = ENDING_NOT;
}

/* Tells every book that the market has ended, as far as it fits. */
static uint32_t tell_end(struct simulated *simulated)
{
    uint32_t told = 0;

    while (simulated->ended_told < simulated->base.io.instrument_count) {
        struct market_update end = {.kind = MARKET_ENDED, .received_ns = simulated->now_ns};

        if (!simulated->config.served_elsewhere[simulated->ended_told] &&
            !play(simulated, &end, simulated->ended_told, simulated->now_ns))
            return told;
        simulated->ended_told++;
        told++;
    }
    simulated->ending = ENDING_TOLD;
    atomic_store(&simulated->base.market_state, MARKET_STATE_ENDED);
    if (simulated->config.at_end == AT_END_EXIT)
        atomic_store(&simulated->base.wants_exit, true);
    if (simulated->config.at_end == AT_END_LOOP)
        start_again(simulated);
    return told;
}

static uint32_t play_market(struct simulated *simulated)
{
    uint32_t played = 0;

    while (simulated->ending == ENDING_NOT && played < TURN_UPDATES_MAX && play_next(simulated))
        played++;
    if (simulated->ending == ENDING_TELLING)
        played += tell_end(simulated);
    return played;
}

/* ---- the turn --------------------------------------------------------------------------- */

/* Virtual time stands still between updates. After the end nothing would ever be due, so it then
 * goes on by what the venue waits for. */
static void keep_time(struct simulated *simulated, int64_t real_ns)
{
    int64_t next_ns;

    if (!is_virtual(simulated)) {
        move_now(simulated, real_ns);
        return;
    }
    next_ns = sim_next_ns(simulated->sim);
    if (simulated->ending == ENDING_TOLD && next_ns != INT64_MAX)
        move_now(simulated, next_ns);
    atomic_store_explicit(&simulated->base.virtual_ns, simulated->now_ns, memory_order_release);
}

static void flush_ledger(struct simulated *simulated, uint32_t moved, int64_t real_ns)
{
    int64_t since_ns = real_ns - simulated->flushed_ns;

    if (!simulated->ledger || (moved > 0 && since_ns >= 0 && since_ns < LEDGER_FLUSH_NS))
        return;
    ledger_flush(simulated->ledger);
    simulated->flushed_ns = real_ns;
}

static uint32_t simulated_poll(struct gateway *gateway)
{
    struct simulated *simulated = (struct simulated *)gateway;
    int64_t real_ns = clock_real_ns();
    uint32_t moved;

    keep_time(simulated, real_ns);
    moved = take_orders(simulated);
    sweep(simulated);
    moved += advance_venue(simulated);
    moved += play_market(simulated);
    flush_ledger(simulated, moved, real_ns);
    return moved;
}
