#include "gateway/gateway.h"

#include "gateway/fault_script.h"
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
    uint64_t swept; /* of the kill page's sweeps */
    uint16_t ended_told;
    int64_t flushed_ns;
    int64_t stamp_ns;      /* of the message being sent */
    uint64_t newest_order; /* seq of the newest new order that came */

    _Atomic int market_state;
    _Atomic bool wants_exit;
    _Atomic int64_t virtual_ns;
    _Atomic int64_t last_update_ns[MAX_INSTRUMENTS];
    _Atomic uint64_t updates, orders, lots, amends, cancels, queries;
    _Atomic uint64_t unsent, unsent_lots, unsent_amends, refused_repeats;
    _Atomic uint64_t executions, refused_frames;
};

static void add(_Atomic uint64_t *counter, uint64_t amount)
{
    /* One writer: a plain load and store will do, and costs no locked instruction. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

static void count(_Atomic uint64_t *counter)
{
    add(counter, 1);
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
    for (uint16_t at = 0; config->feed->l3 && at < fed->count; at++)
        if (gateway->map[at] != at)
            return err_set(err, ERR_CONFIG,
                           "market.matching l3 wants the instruments of the synthetic market, all "
                           "and in its order");
    if (found == 0)
        return err_set(err, ERR_CONFIG, "the market has none of the configured instruments");
    return OK;
}

static bool deliver(void *ctx, const struct execution *execution);
static bool deliver_data(void *ctx, const struct market_update *update);

static void write_ledger(void *ctx, const struct sim_entry *entry)
{
    struct gateway *gateway = ctx;

    if (gateway->ledger)
        ledger_write(gateway->ledger, entry, entry->message ? gateway->stamp_ns : clock_real_ns());
}

static bool has_data_faults(const struct sim_config *config)
{
    for (uint32_t at = 0; at < config->fault_count; at++)
        if (FAULTS_DATA & (1U << config->faults[at].on))
            return true;
    return false;
}

/* Data goes by way of the venue only when something happens to it there. */
static enum status open_data(struct gateway *gateway, struct err *err)
{
    size_t largest = sizeof(struct market_update) + MAX_MARKET_LEVELS * sizeof(struct level);

    if (gateway->config.sim.data_latency_ns == 0 && !has_data_faults(&gateway->config.sim))
        return OK;
    gateway->config.sim.data = deliver_data;
    gateway->copy = malloc(largest);
    return gateway->copy ? OK : err_set(err, ERR_INTERNAL, "no memory for market data");
}

static void open_positions(struct gateway *gateway)
{
    int64_t *lots = gateway->config.opening_lots;

    for (uint32_t at = 0; at < gateway->owed.count; at++) {
        const struct execution *fill = &gateway->owed.fill[at];

        lots[fill->instrument] += fill->side == SIDE_BUY ? fill->qty_lots : -fill->qty_lots;
    }
    for (uint16_t at = 0; at < gateway->config.instrument_count; at++)
        sim_open_position(gateway->sim, at, lots[at]);
}

static enum status make_sim(struct gateway *gateway, struct err *err)
{
    struct sim_config *config = &gateway->config.sim;
    enum status status = open_data(gateway, err);

    if (status != OK)
        return status;
    gateway->sim = aligned_alloc(CACHE_LINES_APART, sim_size(config));
    if (!gateway->sim)
        return err_set(err, ERR_INTERNAL, "no memory for the simulated venue");
    sim_init(gateway->sim, config, deliver, gateway);
    open_positions(gateway);
    return OK;
}

static enum status open_sim(struct gateway *gateway, struct err *err)
{
    struct sim_config *config = &gateway->config.sim;
    struct fault_rule faults[FAULT_RULES_MAX];
    enum status status = OK;

    config->instruments = gateway->config.instrument_count;
    config->instrument_rows = gateway->config.instruments;
    config->ledger = write_ledger;
    config->l3 = gateway->config.feed->l3;
    if (gateway->config.faults_path) {
        config->faults = faults;
        status = fault_script_read(gateway->config.faults_path, config->instrument_rows,
                                   config->instruments, faults, &config->fault_count, err);
    }
    if (status == OK)
        status = make_sim(gateway, err);
    config->faults = NULL; /* the venue has its copy */
    return status;
}

static enum status open_parts(struct gateway *gateway, struct err *err)
{
    const struct gateway_config *config = &gateway->config;
    enum status status = map_instruments(gateway, err);

    if (status == OK && config->ledger_path)
        status = ledger_open(&gateway->ledger, config->ledger_path, config->instruments, err);
    if (status == OK && config->ledger_path && config->is_news)
        status = owed_read(&gateway->owed, config->ledger_path, config->instruments,
                           config->is_news, config->is_news_ctx, err);
    return status == OK ? open_sim(gateway, err) : status;
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
    free(gateway->owed.fill);
    free(gateway->copy);
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

/* Cancels lower, queries ask, exits are what a person or a flatten wants in spite of the kill. */
static bool is_blocked(struct gateway *gateway, const struct order_message *message)
{
#ifdef PITWALL_BREAK_GATEWAY_IGNORES_KILL
    (void)gateway;
    (void)message;
    return false; /* built only to prove that the kill bench notices */
#else
    return (message->kind == ORDER_MESSAGE_NEW || message->kind == ORDER_MESSAGE_AMEND) &&
           !(message->flags & ORDER_EXIT) &&
           kill_page_blocks(gateway->config.kill, message->scopes);
#endif
}

static bool is_repeat(const struct gateway *gateway, const struct order_message *message)
{
    return message->kind == ORDER_MESSAGE_NEW && message->seq <= gateway->newest_order;
}

/* False: the execution ring is full, and the message stays where it is. */
static bool send_back(struct gateway *gateway, const struct order_message *message)
{
    struct execution *execution = ring_reserve(gateway->config.executions, sizeof *execution);
    bool is_new = message->kind == ORDER_MESSAGE_NEW;

    if (!execution)
        return false;
    *execution = (struct execution){.report = is_new ? REPORT_KILLED_UNSENT : REPORT_AMEND_REJECT,
                                    .side = message->side,
                                    .instrument = message->instrument,
                                    .strategy = message->strategy,
                                    .amend_no = message->amend_no,
                                    .order_id = message->order_id,
                                    .received_ns = gateway->now_ns};
    ring_publish(gateway->config.executions);
    return true;
}

static void count_unsent(struct gateway *gateway, const struct order_message *message)
{
    if (message->kind == ORDER_MESSAGE_AMEND) {
        count(&gateway->unsent_amends);
        return;
    }
    count(&gateway->unsent);
    add(&gateway->unsent_lots, (uint64_t)message->qty_lots);
}

static void count_sent(struct gateway *gateway, const struct order_message *message)
{
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW:
        count(&gateway->orders);
        add(&gateway->lots, (uint64_t)message->qty_lots);
        break;
    case ORDER_MESSAGE_AMEND:
        count(&gateway->amends);
        break;
    case ORDER_MESSAGE_CANCEL:
        count(&gateway->cancels);
        break;
    case ORDER_MESSAGE_QUERY:
        count(&gateway->queries);
        break;
    }
}

/* Sends it, or sends it back; false: not now. The order matters: stamp, kill page, ledger, venue.
 * A repeat is dropped and counted, and nothing is said of it: the order that it repeats may be at
 * the venue. The engine, told that more was to leave than it had sent, stops the firm. */
static bool handle(struct gateway *gateway, const struct order_message *message)
{
    if (is_repeat(gateway, message)) {
        count(&gateway->refused_repeats);
        return true;
    }
    gateway->stamp_ns = clock_real_ns();
    if (is_blocked(gateway, message)) {
        if (!send_back(gateway, message))
            return false;
        count_unsent(gateway, message);
    } else {
        sim_order(gateway->sim, message, gateway->now_ns);
        count_sent(gateway, message);
    }
    if (message->kind == ORDER_MESSAGE_NEW)
        gateway->newest_order = message->seq;
    return true;
}

static bool take_order(struct gateway *gateway)
{
    struct ring *orders = gateway->config.orders;
    size_t length;
    const struct order_message *message;

    if (!sim_has_room(gateway->sim))
        return false;
    message = ring_peek(orders, &length);
    if (!message)
        return false;
    assert(length == sizeof *message);
    if (!handle(gateway, message))
        return false;
    ring_release(orders);
    return true;
}

static bool is_killed(void *ctx, const struct order_message *message)
{
    struct gateway *gateway = ctx;

    return !(message->flags & ORDER_EXIT) &&
           kill_page_blocks(gateway->config.kill, message->scopes);
}

/* Somebody does not trust the engine to cancel what is killed. */
static void sweep(struct gateway *gateway)
{
    struct kill_page *page = gateway->config.kill;
    uint64_t wanted = atomic_load_explicit(&page->sweep, memory_order_acquire);

    if (wanted == gateway->swept)
        return;
    gateway->stamp_ns = clock_real_ns();
    sim_cancel_those(gateway->sim, is_killed, gateway, gateway->now_ns);
    gateway->swept = wanted;
    /* Pairs with the acquire of whoever leaves the program: the cancels are on their way. */
    atomic_store_explicit(&page->gateway[gateway->config.index].swept, wanted,
                          memory_order_release);
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

/* What the venue has said is in its ledger's file before anybody hears it: a kill may come in
 * between, and then the ledger is who knows. */
static bool deliver(void *ctx, const struct execution *execution)
{
    struct gateway *gateway = ctx;
    struct execution *slot = ring_reserve(gateway->config.executions, sizeof *slot);

    if (!slot)
        return false; /* the venue keeps it */
    if (gateway->ledger)
        ledger_flush(gateway->ledger);
    *slot = *execution;
    ring_publish(gateway->config.executions);
    count(&gateway->executions);
    return true;
}

/* False: no room yet. */
static bool tell_owed(struct gateway *gateway)
{
    while (gateway->owed_told < gateway->owed.count) {
        struct execution fill = gateway->owed.fill[gateway->owed_told];

        fill.received_ns = gateway->now_ns;
        if (!deliver(gateway, &fill))
            return false;
        write_ledger(gateway, &(struct sim_entry){SIM_REPEATED, 0, gateway->now_ns, NULL, &fill});
        gateway->owed_told++;
    }
    return true;
}

static uint32_t advance_venue(struct gateway *gateway)
{
    uint64_t before = atomic_load_explicit(&gateway->executions, memory_order_relaxed);

    if (tell_owed(gateway))
        sim_advance(gateway->sim, gateway->now_ns);
    return (uint32_t)(atomic_load_explicit(&gateway->executions, memory_order_relaxed) - before);
}

/* ---- market ----------------------------------------------------------------------------- */

static void shift(struct market_update *update, uint16_t instrument, int64_t received_ns)
{
    if (update->venue_ns != 0)
        update->venue_ns = received_ns + (update->venue_ns - update->received_ns);
    update->instrument = instrument;
    update->received_ns = received_ns;
}

static void count_update(struct gateway *gateway, uint16_t instrument)
{
    atomic_store_explicit(&gateway->last_update_ns[instrument], clock_real_ns(),
                          memory_order_relaxed);
    count(&gateway->updates);
}

/* What the venue passes on, later than it had it. */
static bool deliver_data(void *ctx, const struct market_update *update)
{
    struct gateway *gateway = ctx;
    size_t size = market_update_size(update);
    struct market_update *slot = ring_reserve(gateway->config.market, size);

    if (!slot)
        return false;
    memcpy(slot, update, size);
    ring_publish(gateway->config.market);
    count_update(gateway, update->instrument);
    return true;
}

/* Puts an update before the venue and on the ring; false when it does not fit. */
static bool play(struct gateway *gateway, const struct market_update *update, uint16_t instrument,
                 int64_t received_ns)
{
    size_t size = market_update_size(update);
    struct market_update *slot = gateway->copy;

    if (!slot)
        slot = ring_reserve(gateway->config.market, size);
    if (!slot)
        return false;
    memcpy(slot, update, size);
    shift(slot, instrument, received_ns);
    /* The venue first: it reads the slot, which is the engine's after the publish. */
    if (!sim_market(gateway->sim, slot, gateway->now_ns))
        return false;
    if (slot == gateway->copy)
        return true; /* deliver_data() has it, or will */
    ring_publish(gateway->config.market);
    count_update(gateway, instrument);
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
    sweep(gateway);
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
    struct gateway_counters counters;

#define READ(name) counters.name = atomic_load_explicit(&gateway->name, memory_order_relaxed)
    READ(updates);
    READ(orders);
    READ(lots);
    READ(amends);
    READ(cancels);
    READ(queries);
    READ(unsent);
    READ(unsent_lots);
    READ(unsent_amends);
    READ(refused_repeats);
    READ(executions);
    READ(refused_frames);
#undef READ
    return counters;
}
