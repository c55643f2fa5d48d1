#include "gateway/gateway.h"

#include "gateway/ledger.h"
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

struct gateway {
    struct gateway_config config;
    struct sim *sim;
    struct ledger *ledger;
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

    _Atomic int market_state;
    _Atomic bool wants_exit;
    _Atomic int64_t virtual_ns;
    _Atomic int64_t last_update_ns[MAX_INSTRUMENTS];
    _Atomic uint64_t updates, orders, cancels, unsent, executions, refused_frames;
};

static void count(_Atomic uint64_t *counter)
{
    /* One writer: a plain load and store will do, and costs no locked instruction. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* ---- opening and closing ---------------------------------------------------------------- */

static uint16_t find_instrument(const struct gateway_config *config, const char *name)
{
    for (uint16_t at = 0; at < config->instrument_count; at++)
        if (strcmp(config->instruments[at].name, name) == 0)
            return at;
    return NOT_OURS;
}

static bool same_steps(const struct instrument *a, const struct instrument *b)
{
    return a->price_decimals == b->price_decimals && a->tick_units == b->tick_units &&
           a->qty_decimals == b->qty_decimals && a->lot_units == b->lot_units;
}

static enum status map_instruments(struct gateway *gateway, struct err *err)
{
    const struct gateway_config *config = &gateway->config;
    const struct feed_instruments *fed = config->feed->instruments;
    uint16_t found = 0;

    for (uint16_t at = 0; at < fed->count; at++) {
        uint16_t ours = find_instrument(config, fed->row[at].name);

        gateway->map[at] = ours;
        if (ours == NOT_OURS)
            continue;
        found++;
        if (!same_steps(&fed->row[at], &config->instruments[ours]))
            return err_format(err, ERR_CONFIG,
                              "%s: tick or lot of the configuration differs from the market's",
                              fed->row[at].name);
    }
    if (found == 0)
        return err_set(err, ERR_CONFIG, "the market has none of the configured instruments");
    return OK;
}

static bool deliver(void *ctx, const struct execution *execution);

static enum status open_sim(struct gateway *gateway, struct err *err)
{
    struct sim_config *config = &gateway->config.sim;

    config->instruments = gateway->config.instrument_count;
    config->instrument_rows = gateway->config.instruments;
    gateway->sim = aligned_alloc(CACHE_LINES_APART, sim_size(config));
    if (!gateway->sim)
        return err_set(err, ERR_INTERNAL, "no memory for the simulated venue");
    sim_init(gateway->sim, config, deliver, gateway);
    return OK;
}

static enum status open_parts(struct gateway *gateway, struct err *err)
{
    const struct gateway_config *config = &gateway->config;
    enum status status = map_instruments(gateway, err);

    if (status == OK)
        status = open_sim(gateway, err);
    if (status == OK && config->ledger_path)
        status = ledger_open(&gateway->ledger, config->ledger_path, config->instruments, err);
    return status;
}

enum status gateway_open(struct gateway **opened, const struct gateway_config *config,
                         struct err *err)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);
    enum status status;

    if (!gateway) {
        config->feed->ops->close(config->feed);
        return err_set(err, ERR_INTERNAL, "no memory for the gateway");
    }
    gateway->config = *config;
    if (config->speed == SPEED_MAX) {
        gateway->now_ns = clock_real_ns();
        atomic_store(&gateway->virtual_ns, gateway->now_ns);
    }
    status = open_parts(gateway, err);
    if (status != OK) {
        gateway_close(gateway);
        return status;
    }
    *opened = gateway;
    return OK;
}

void gateway_close(struct gateway *gateway)
{
    if (!gateway)
        return;
    ledger_close(gateway->ledger);
    free(gateway->sim);
    gateway->config.feed->ops->close(gateway->config.feed);
    free(gateway);
}

/* ---- time ------------------------------------------------------------------------------- */

static bool is_virtual(const struct gateway *gateway)
{
    return gateway->config.speed == SPEED_MAX;
}

static void move_now(struct gateway *gateway, int64_t now_ns)
{
    if (now_ns > gateway->now_ns)
        gateway->now_ns = now_ns;
}

/* When an update of the feed is to be played. */
static int64_t due_ns(const struct gateway *gateway, const struct market_update *update)
{
    int64_t passed_ns = update->received_ns - gateway->first_ns;

    if (gateway->config.speed == SPEED_TIMES && gateway->config.times > 1)
        passed_ns /= gateway->config.times;
    return gateway->begun_ns + passed_ns;
}

/* ---- orders ----------------------------------------------------------------------------- */

static bool is_blocked(struct gateway *gateway, const struct order_message *message)
{
#ifdef PITWALL_BREAK_GATEWAY_IGNORES_KILL
    (void)gateway;
    (void)message;
    return false; /* built only to prove that the kill bench notices */
#else
    return message->kind == ORDER_MESSAGE_NEW &&
           kill_page_blocks(gateway->config.kill, message->scopes);
#endif
}

/* False: the execution ring is full, and the order stays where it is. */
static bool send_back(struct gateway *gateway, const struct order_message *message)
{
    struct execution *execution = ring_reserve(gateway->config.executions, sizeof *execution);

    if (!execution)
        return false;
    *execution = (struct execution){.report = REPORT_KILLED_UNSENT,
                                    .side = message->side,
                                    .instrument = message->instrument,
                                    .strategy = message->strategy,
                                    .order_id = message->order_id,
                                    .received_ns = gateway->now_ns};
    ring_publish(gateway->config.executions);
    count(&gateway->unsent);
    return true;
}

static void send_to_venue(struct gateway *gateway, const struct order_message *message,
                          int64_t at_ns)
{
    if (gateway->ledger)
        ledger_in(gateway->ledger, message, at_ns);
    sim_order(gateway->sim, message, gateway->now_ns);
    count(message->kind == ORDER_MESSAGE_NEW ? &gateway->orders : &gateway->cancels);
}

/* The order matters: stamp, kill page, ledger, venue. */
static bool take_order(struct gateway *gateway)
{
    struct ring *orders = gateway->config.orders;
    size_t length;
    const struct order_message *message;
    int64_t at_ns;

    if (!sim_has_room(gateway->sim))
        return false;
    message = ring_peek(orders, &length);
    if (!message)
        return false;
    assert(length == sizeof *message);
    at_ns = clock_real_ns();
    if (!is_blocked(gateway, message))
        send_to_venue(gateway, message, at_ns);
    else if (!send_back(gateway, message))
        return false;
    ring_release(orders);
    return true;
}

static uint32_t take_orders(struct gateway *gateway)
{
    uint32_t taken = 0;
    /* Every order of earlier turns is done, and none of this turn has been looked at: whatever
     * leaves from here on has seen the kills of this doorbell. */
    uint64_t doorbell = kill_page_doorbell(gateway->config.kill);

    atomic_store_explicit(&gateway->config.kill->gateway[gateway->config.index].seen, doorbell,
                          memory_order_release);
    while (taken < TURN_ORDERS_MAX && take_order(gateway))
        taken++;
    return taken;
}

/* ---- executions ------------------------------------------------------------------------- */

static bool deliver(void *ctx, const struct execution *execution)
{
    struct gateway *gateway = ctx;
    struct execution *slot = ring_reserve(gateway->config.executions, sizeof *slot);

    if (!slot)
        return false; /* the venue keeps it */
    if (gateway->ledger)
        ledger_out(gateway->ledger, execution, clock_real_ns());
    *slot = *execution;
    ring_publish(gateway->config.executions);
    count(&gateway->executions);
    return true;
}

static uint32_t advance_venue(struct gateway *gateway)
{
    uint64_t before = atomic_load_explicit(&gateway->executions, memory_order_relaxed);

    sim_advance(gateway->sim, gateway->now_ns);
    return (uint32_t)(atomic_load_explicit(&gateway->executions, memory_order_relaxed) - before);
}

/* ---- market ----------------------------------------------------------------------------- */

static size_t update_size(const struct market_update *update)
{
    size_t levels = (size_t)update->bid_count + update->ask_count;

    if (update->kind == MARKET_TRADE)
        levels = 1;
    else if (update->kind == MARKET_TICKER)
        levels = 2;
    return sizeof *update + levels * sizeof update->levels[0];
}

/* Puts an update on the ring and before the venue; false when it does not fit. */
static bool play(struct gateway *gateway, const struct market_update *update, uint16_t instrument,
                 int64_t received_ns)
{
    size_t size = update_size(update);
    struct market_update *slot = ring_reserve(gateway->config.market, size);

    if (!slot)
        return false;
    memcpy(slot, update, size);
    slot->instrument = instrument;
    slot->received_ns = received_ns;
    if (update->venue_ns != 0)
        slot->venue_ns = received_ns + (update->venue_ns - update->received_ns);
    /* The venue first: it reads the slot, which is the engine's after the publish. */
    sim_market(gateway->sim, slot, gateway->now_ns);
    ring_publish(gateway->config.market);
    atomic_store_explicit(&gateway->last_update_ns[instrument], clock_real_ns(),
                          memory_order_relaxed);
    count(&gateway->updates);
    return true;
}

static bool engine_has_taken_all(const struct gateway *gateway)
{
    struct ring *market = gateway->config.market;

    return ring_consumed(market) == ring_published(market);
}

/* True when the pending update may go now; at SPEED max that moves the virtual time to it. */
static bool is_due(struct gateway *gateway, int64_t update_due_ns)
{
    if (!is_virtual(gateway))
        return update_due_ns <= gateway->now_ns;
    if (update_due_ns > gateway->burst_until_ns) {
        if (!engine_has_taken_all(gateway))
            return false;
        gateway->burst_until_ns = update_due_ns + VIRTUAL_BURST_NS;
    }
    move_now(gateway, update_due_ns);
    sim_advance(gateway->sim, gateway->now_ns);
    atomic_store_explicit(&gateway->virtual_ns, gateway->now_ns, memory_order_release);
    return true;
}

/* The next update of an instrument that is ours; NULL at the end. */
static const struct market_update *fetch(struct gateway *gateway)
{
    const struct market_update *update;

    do {
        update = feed_next(gateway->config.feed);
    } while (update && gateway->map[update->instrument] == NOT_OURS);
    atomic_store_explicit(&gateway->refused_frames, gateway->config.feed->refused_frames,
                          memory_order_relaxed);
    return update;
}

static void begin(struct gateway *gateway, const struct market_update *update)
{
    gateway->started = true;
    gateway->first_ns = update->received_ns;
    gateway->begun_ns = gateway->now_ns;
    gateway->burst_until_ns = gateway->now_ns;
    atomic_store(&gateway->market_state, MARKET_STATE_PLAYING);
}

/* Plays one update if one is due and fits. */
static bool play_next(struct gateway *gateway)
{
    const struct market_update *update;
    int64_t update_due_ns;

    if (!gateway->pending)
        gateway->pending = fetch(gateway);
    update = gateway->pending;
    if (!update) {
        gateway->ending = ENDING_TELLING;
        gateway->ended_told = 0;
        return false;
    }
    if (!gateway->started)
        begin(gateway, update);
    update_due_ns = due_ns(gateway, update);
    if (!is_due(gateway, update_due_ns) ||
        !play(gateway, update, gateway->map[update->instrument],
              gateway->config.speed == SPEED_REAL ? update_due_ns : gateway->now_ns))
        return false;
    gateway->pending = NULL;
    return true;
}

/* ---- the end of a recording ------------------------------------------------------------- */

static void start_again(struct gateway *gateway)
{
    struct feed *feed = gateway->config.feed;
    struct err err;

    if (feed->ops->rewind(feed, &err) != OK) {
        char why[ERR_TEXT_MAX];

        log_line(LOG_ERROR, "gateway", "cannot start the recording again", "why=%s",
                 log_escape(why, sizeof why, err.text));
        return; /* it stays ended */
    }
    gateway->started = false;
    gateway->ending = ENDING_NOT;
}

/* Tells every book that the market has ended, as far as it fits. */
static uint32_t tell_end(struct gateway *gateway)
{
    uint32_t told = 0;

    while (gateway->ended_told < gateway->config.instrument_count) {
        struct market_update end = {.kind = MARKET_ENDED, .received_ns = gateway->now_ns};

        if (!play(gateway, &end, gateway->ended_told, gateway->now_ns))
            return told;
        gateway->ended_told++;
        told++;
    }
    gateway->ending = ENDING_TOLD;
    atomic_store(&gateway->market_state, MARKET_STATE_ENDED);
    if (gateway->config.at_end == AT_END_EXIT)
        atomic_store(&gateway->wants_exit, true);
    if (gateway->config.at_end == AT_END_LOOP)
        start_again(gateway);
    return told;
}

static uint32_t play_market(struct gateway *gateway)
{
    uint32_t played = 0;

    while (gateway->ending == ENDING_NOT && played < TURN_UPDATES_MAX && play_next(gateway))
        played++;
    if (gateway->ending == ENDING_TELLING)
        played += tell_end(gateway);
    return played;
}

/* ---- the turn --------------------------------------------------------------------------- */

/* Virtual time stands still between updates. After the end nothing would ever be due, so it then
 * goes on by what the venue waits for. */
static void keep_time(struct gateway *gateway, int64_t real_ns)
{
    int64_t next_ns;

    if (!is_virtual(gateway)) {
        move_now(gateway, real_ns);
        return;
    }
    next_ns = sim_next_ns(gateway->sim);
    if (gateway->ending == ENDING_TOLD && next_ns != INT64_MAX)
        move_now(gateway, next_ns);
    atomic_store_explicit(&gateway->virtual_ns, gateway->now_ns, memory_order_release);
}

static void flush_ledger(struct gateway *gateway, uint32_t moved, int64_t real_ns)
{
    int64_t since_ns = real_ns - gateway->flushed_ns;

    if (!gateway->ledger || (moved > 0 && since_ns >= 0 && since_ns < LEDGER_FLUSH_NS))
        return;
    ledger_flush(gateway->ledger);
    gateway->flushed_ns = real_ns;
}

uint32_t gateway_poll(struct gateway *gateway)
{
    int64_t real_ns = clock_real_ns();
    uint32_t moved;

    keep_time(gateway, real_ns);
    moved = take_orders(gateway);
    moved += advance_venue(gateway);
    moved += play_market(gateway);
    flush_ledger(gateway, moved, real_ns);
    return moved;
}

/* ---- what others may ask ---------------------------------------------------------------- */

enum market_state gateway_market_state(const struct gateway *gateway)
{
    return (enum market_state)atomic_load(&gateway->market_state);
}

bool gateway_wants_exit(const struct gateway *gateway)
{
    return atomic_load(&gateway->wants_exit);
}

int64_t gateway_virtual_ns(const struct gateway *gateway)
{
    return atomic_load_explicit(&gateway->virtual_ns, memory_order_acquire);
}

int64_t gateway_last_update_ns(const struct gateway *gateway, uint16_t instrument)
{
    assert(instrument < MAX_INSTRUMENTS);
    return atomic_load_explicit(&gateway->last_update_ns[instrument], memory_order_relaxed);
}

struct gateway_counters gateway_counters(const struct gateway *gateway)
{
    struct gateway_counters counters = {
        .updates = atomic_load_explicit(&gateway->updates, memory_order_relaxed),
        .orders = atomic_load_explicit(&gateway->orders, memory_order_relaxed),
        .cancels = atomic_load_explicit(&gateway->cancels, memory_order_relaxed),
        .unsent = atomic_load_explicit(&gateway->unsent, memory_order_relaxed),
        .executions = atomic_load_explicit(&gateway->executions, memory_order_relaxed),
        .refused_frames = atomic_load_explicit(&gateway->refused_frames, memory_order_relaxed),
    };

    return counters;
}
