#include "gateway/gateway.h"

#include "thread/clock.h"

const char *gateway_state_name(enum gateway_state state)
{
    static const char *const names[GATEWAY_STATE_COUNT] = {
        [GATEWAY_DOWN] = "DOWN",       [GATEWAY_CONNECTING] = "CONNECTING",
        [GATEWAY_SYNCING] = "SYNCING", [GATEWAY_READY] = "READY",
        [GATEWAY_STALE] = "STALE",     [GATEWAY_BANNED] = "BANNED",
    };

    assert(state < GATEWAY_STATE_COUNT);
    return names[state];
}

void gateway_init(struct gateway *gateway, const struct gateway_ops *ops,
                  const struct gateway_io *io)
{
    gateway->ops = ops;
    gateway->io = *io;
    atomic_store(&gateway->clock_offset_ns, INT64_MIN);
    atomic_store(&gateway->state_ns, clock_real_ns());
}

void gateway_close(struct gateway *gateway)
{
    if (gateway)
        gateway->ops->close(gateway);
}

static void time_reconciling(struct gateway *gateway, enum gateway_state state)
{
    int64_t now_ns = clock_mono_ns();

    if (gateway->syncing_mono_ns != 0 && state == GATEWAY_READY)
        histogram_record(&gateway->reconcile, now_ns - gateway->syncing_mono_ns);
    else if (gateway->syncing_mono_ns != 0)
        gateway_add(&gateway->reconcile_failures, 1);
    gateway->syncing_mono_ns = state == GATEWAY_SYNCING ? now_ns : 0;
}

void gateway_set_state(struct gateway *gateway, enum gateway_state state)
{
    if (atomic_load_explicit(&gateway->state, memory_order_relaxed) == (int)state)
        return;
    time_reconciling(gateway, state);
    atomic_store_explicit(&gateway->state_ns, clock_real_ns(), memory_order_relaxed);
    atomic_store_explicit(&gateway->state, (int)state, memory_order_release);
}

void gateway_count_update(struct gateway *gateway, uint16_t instrument)
{
    atomic_store_explicit(&gateway->last_update_ns[instrument], clock_real_ns(),
                          memory_order_relaxed);
    gateway_add(&gateway->updates, 1);
}

void gateway_count_position(struct gateway *gateway, uint16_t instrument, int64_t lots)
{
    atomic_store_explicit(&gateway->venue_lots[instrument], lots, memory_order_relaxed);
    /* Pairs with the acquire of whoever shows it: the count is there. */
    atomic_store_explicit(&gateway->venue_lots_ns[instrument], clock_real_ns(),
                          memory_order_release);
}

void gateway_tell_balance(struct gateway *gateway, const struct gateway_balance *balance)
{
    told_set(&gateway->balance, balance, sizeof *balance);
}

void gateway_tally_add(struct gateway_tally *tally, int64_t day_ns, int64_t fee_e8)
{
    if (day_ns < tally->day_ns)
        return;
    if (day_ns > tally->day_ns)
        *tally = (struct gateway_tally){.day_ns = day_ns};
    tally->fills++;
    if (tally->fee_e8 == GATEWAY_UNKNOWN ||
        __builtin_add_overflow(tally->fee_e8, fee_e8, &tally->fee_e8))
        tally->fee_e8 = GATEWAY_UNKNOWN;
}

void gateway_count_fill(struct gateway *gateway, uint16_t instrument, int64_t venue_ns,
                        int64_t fee_e8)
{
    gateway_tally_add(&gateway->counted[instrument],
                      day_start_ns(venue_ns, gateway->io.day_roll_hour), fee_e8);
}

void gateway_list_fill(struct gateway *gateway, const struct dropcopy_fill *fill)
{
    dropcopy_note(&gateway->dropcopy, fill);
    gateway_count_fill(gateway, fill->instrument, fill->venue_ns, fill->fee_e8);
}

void gateway_tell_fills(struct gateway *gateway, uint16_t instrument, int64_t now_ns)
{
    gateway->counted[instrument].told_ns = now_ns;
    told_set(&gateway->tally[instrument], &gateway->counted[instrument],
             sizeof gateway->counted[instrument]);
}

/* ---- sending ---------------------------------------------------------------------------- */

void gateway_answer_kill(struct gateway *gateway)
{
    struct kill_page *page = gateway->io.kill;

    /* Every order of earlier turns is done, and none of this turn has been looked at: whatever
     * leaves from here on has seen the kills of this doorbell. */
    atomic_store_explicit(&page->gateway[gateway->io.index].seen, kill_page_doorbell(page),
                          memory_order_release);
}

static bool is_blocked(const struct gateway *gateway, const struct order_message *message)
{
#ifdef PITWALL_BREAK_GATEWAY_IGNORES_KILL
    (void)gateway;
    (void)message;
    return false; /* built only to prove that the kill bench notices */
#else
    return (message->kind == ORDER_MESSAGE_NEW || message->kind == ORDER_MESSAGE_AMEND) &&
           gateway_is_killed(gateway, message);
#endif
}

static bool is_repeat(const struct gateway *gateway, const struct order_message *message)
{
    return message->kind == ORDER_MESSAGE_NEW && message->seq <= gateway->newest_order;
}

/* False: the execution ring is full, and the message stays where it is. */
static bool send_back(struct gateway *gateway, const struct order_message *message, int64_t now_ns)
{
    struct execution *execution = ring_reserve(gateway->io.executions, sizeof *execution);
    bool is_new = message->kind == ORDER_MESSAGE_NEW;

    if (!execution)
        return false;
    *execution = (struct execution){.report = is_new ? REPORT_KILLED_UNSENT : REPORT_AMEND_REJECT,
                                    .side = message->side,
                                    .instrument = message->instrument,
                                    .strategy = message->strategy,
                                    .amend_no = message->amend_no,
                                    .order_id = message->order_id,
                                    .received_ns = now_ns};
    ring_publish(gateway->io.executions);
    return true;
}

static void count_unsent(struct gateway *gateway, const struct order_message *message)
{
    if (message->kind == ORDER_MESSAGE_AMEND) {
        gateway_add(&gateway->unsent_amends, 1);
        return;
    }
    gateway_add(&gateway->unsent, 1);
    gateway_add(&gateway->unsent_lots, (uint64_t)message->qty_lots);
}

void gateway_count_sent(struct gateway *gateway, const struct order_message *message)
{
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW:
        gateway_add(&gateway->orders, 1);
        gateway_add(&gateway->lots, (uint64_t)message->qty_lots);
        break;
    case ORDER_MESSAGE_AMEND:
        gateway_add(&gateway->amends, 1);
        break;
    case ORDER_MESSAGE_CANCEL:
        gateway_add(&gateway->cancels, 1);
        break;
    case ORDER_MESSAGE_QUERY:
        gateway_add(&gateway->queries, 1);
        break;
    }
}

static void note_newest(struct gateway *gateway, const struct order_message *message)
{
    if (message->kind == ORDER_MESSAGE_NEW)
        gateway->newest_order = message->seq;
}

enum gateway_verdict gateway_judge(struct gateway *gateway, const struct order_message *message,
                                   int64_t now_ns)
{
    /* The engine, told that more was to leave than it had sent, stops the firm. */
    if (is_repeat(gateway, message)) {
        gateway_add(&gateway->refused_repeats, 1);
        return GATEWAY_DONE;
    }
    if (!is_blocked(gateway, message)) {
        note_newest(gateway, message);
        return GATEWAY_SEND;
    }
    if (!send_back(gateway, message, now_ns))
        return GATEWAY_NOT_NOW;
    count_unsent(gateway, message);
    note_newest(gateway, message);
    return GATEWAY_DONE;
}

/* ---- the sweep -------------------------------------------------------------------------- */

bool gateway_is_killed(const struct gateway *gateway, const struct order_message *message)
{
    return !(message->flags & ORDER_EXIT) && kill_page_blocks(gateway->io.kill, message->scopes);
}

uint64_t gateway_sweep_wanted(const struct gateway *gateway)
{
    const struct kill_page *page = gateway->io.kill;
    uint64_t wanted = atomic_load_explicit(&page->sweep, memory_order_acquire);
    uint64_t done =
        atomic_load_explicit(&page->gateway[gateway->io.index].swept, memory_order_relaxed);

    return wanted == done ? 0 : wanted;
}

void gateway_sweep_done(struct gateway *gateway, uint64_t sweep)
{
    /* Pairs with the acquire of whoever leaves the program: the cancels are on their way. */
    atomic_store_explicit(&gateway->io.kill->gateway[gateway->io.index].swept, sweep,
                          memory_order_release);
}

/* ---- what others may ask ---------------------------------------------------------------- */

enum market_state gateway_market_state(const struct gateway *gateway)
{
    return (enum market_state)atomic_load(&gateway->market_state);
}

enum gateway_state gateway_state(const struct gateway *gateway)
{
    return (enum gateway_state)atomic_load_explicit(&gateway->state, memory_order_acquire);
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

bool gateway_balance(const struct gateway *gateway, struct gateway_balance *balance)
{
    return told_get(&gateway->balance, balance, sizeof *balance);
}

bool gateway_tally(const struct gateway *gateway, uint16_t instrument, struct gateway_tally *tally)
{
    assert(instrument < MAX_INSTRUMENTS);
    return told_get(&gateway->tally[instrument], tally, sizeof *tally);
}

const char *refusal_name(enum refusal refusal)
{
    static const char *const names[REFUSAL_COUNT] = {
#define REFUSAL(ID, name, ...) [REFUSAL_##ID] = name,
#include "gateway/refusals.def"
#undef REFUSAL
    };

    assert(refusal < REFUSAL_COUNT);
    return names[refusal];
}

uint64_t gateway_refusals(const struct gateway *gateway, enum refusal why)
{
    assert(why < REFUSAL_COUNT);
    return atomic_load_explicit(&gateway->refusals[why], memory_order_relaxed);
}

void gateway_count_refusal(struct gateway *gateway, enum refusal why)
{
    assert(why < REFUSAL_COUNT);
    if (why != REFUSAL_NONE)
        gateway_add(&gateway->refusals[why], 1);
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
    READ(connects);
    READ(first_connects);
    READ(gaps);
#undef READ
    return counters;
}
