#include "sim/venue.h"

#include "base/assert.h"

#include <string.h>

static size_t rounded(size_t size)
{
    return (size + CACHE_LINES_APART - 1) & ~(size_t)(CACHE_LINES_APART - 1);
}

size_t sim_size(const struct sim_config *config)
{
    return rounded(sizeof(struct sim)) + config->instruments * rounded(book_size()) +
           (config->data ? rounded(sim_data_size()) : 0);
}

static void check(const struct sim_config *config)
{
    assert(config->instruments <= MAX_INSTRUMENTS);
    assert(config->epoch < 1ULL << 31);
    assert(config->order_latency_ns >= 0 && config->ack_latency_ns >= 0);
    assert(config->data_latency_ns >= 0 && config->jitter_ns >= 0);
    assert(config->queue.decay_e8 <= RATIO_ONE_E8);
    assert(config->queue.kind != QUEUE_POWER || config->queue.power > 0);
}

/* Streams of chance that do not disturb each other: a rule or a queue more moves no latency. */
static void init_chance(struct sim *sim)
{
    uint64_t seeds = sim->config.seed;

    sim->random = sim->config.seed;
    sim->chance = random_draw(&seeds);
    faults_init(&sim->faults, sim->config.faults, sim->config.fault_count, random_draw(&seeds));
}

void sim_init(struct sim *sim, const struct sim_config *config, sim_report_fn report, void *ctx)
{
    uint8_t *books = (uint8_t *)sim + rounded(sizeof *sim);

    check(config);
    memset(sim, 0, sizeof *sim);
    sim->config = *config;
    sim->report = report;
    sim->ctx = ctx;
    init_chance(sim);
    sim_pool_init(sim);
    for (uint16_t at = 0; at < config->instruments; at++) {
        struct sim_market *market = &sim->markets[at];

        market->first = market->last = SIM_NONE;
        market->book = (struct book *)(void *)(books + at * rounded(book_size()));
        book_init(market->book, at);
    }
    if (config->l3)
        sim_l3_init(sim);
    if (config->data)
        sim_data_init(sim, books + config->instruments * rounded(book_size()));
}

int64_t sim_due_ns(struct sim *sim, int64_t now_ns, int64_t latency_ns, int64_t newest_ns)
{
    int64_t due = now_ns + latency_ns;

    if (sim->config.jitter_ns > 0)
        due += (int64_t)(random_draw(&sim->random) % ((uint64_t)sim->config.jitter_ns + 1));
    return due > newest_ns ? due : newest_ns;
}

/* ---- messages in ------------------------------------------------------------------------ */

static bool is_verb(const struct fault_rule *fault, enum fault_verb verb)
{
    return fault && fault->verb == verb;
}

/* Behind everything that is due no later. */
static void put(struct sim *sim, const struct sim_inbound *message)
{
    uint64_t at = sim->in_tail;

    assert(sim->in_tail - sim->in_head < SIM_INBOUND_MAX);
    while (at != sim->in_head &&
           sim->inbound[(at - 1) % SIM_INBOUND_MAX].due_ns > message->due_ns) {
        sim->inbound[at % SIM_INBOUND_MAX] = sim->inbound[(at - 1) % SIM_INBOUND_MAX];
        at--;
    }
    sim->inbound[at % SIM_INBOUND_MAX] = *message;
    sim->in_tail++;
}

void sim_order(struct sim *sim, const struct order_message *message, int64_t now_ns)
{
    const struct fault_rule *fault =
        faults_draw(&sim->faults, fault_kind_of_message(message), message->instrument);
    struct sim_inbound in = {.fault = fault, .message = *message};

    sim_ledger(sim, &(struct sim_entry){is_verb(fault, FAULT_DROP_REQ) ? SIM_DROPPED : SIM_PLAIN, 0,
                                        now_ns, message, NULL});
    if (is_verb(fault, FAULT_DROP_REQ))
        return;
    sim->in_due_ns = sim_due_ns(sim, now_ns, sim->config.order_latency_ns, sim->in_due_ns);
    if (is_verb(fault, FAULT_DELAY))
        sim->in_due_ns += fault->for_ns;
    in.due_ns = sim->in_due_ns + (is_verb(fault, FAULT_REORDER) ? fault->for_ns : 0);
    put(sim, &in);
    if (is_verb(fault, FAULT_DUP))
        put(sim, &in);
}

static void cancel_one(struct sim *sim, const struct order_message *message, sim_pick_fn which,
                       void *ctx, int64_t now_ns)
{
    struct order_message cancel = *message;

    if ((message->flags & ORDER_EXTERNAL) || !which(ctx, message) || !sim_has_room(sim))
        return;
    cancel.kind = ORDER_MESSAGE_CANCEL;
    sim_order(sim, &cancel, now_ns);
}

void sim_cancel_those(struct sim *sim, sim_pick_fn which, void *ctx, int64_t now_ns)
{
    uint64_t sent_before = sim->in_tail; /* the cancels themselves go behind it */

    for (uint16_t market = 0; market < sim->config.instruments; market++)
        for (uint32_t at = sim->markets[market].first; at != SIM_NONE; at = sim->orders[at].next)
            cancel_one(sim, &sim->orders[at].message, which, ctx, now_ns);
    for (uint64_t at = sim->in_head; at != sent_before; at++)
        if (sim->inbound[at % SIM_INBOUND_MAX].message.kind == ORDER_MESSAGE_NEW) {
            /* Copied: what is sent is put among the messages that are looked at here. */
            struct order_message message = sim->inbound[at % SIM_INBOUND_MAX].message;

            cancel_one(sim, &message, which, ctx, now_ns);
        }
}

/* Lets the oldest message reach the venue if it is due by then. */
static bool arrive_next(struct sim *sim, int64_t now_ns)
{
    const struct sim_inbound *in = &sim->inbound[sim->in_head % SIM_INBOUND_MAX];

    if (sim->in_head == sim->in_tail || in->due_ns > now_ns || !sim_can_report(sim))
        return false;
    sim_arrive(sim, in);
    sim->in_head++;
    return true;
}

/* ---- time ------------------------------------------------------------------------------- */

bool sim_market(struct sim *sim, const struct market_update *update, int64_t now_ns)
{
    assert(update->instrument < sim->config.instruments);
    if (sim->config.data && !sim_data_has_room(sim))
        return false;
    /* A step of a market of orders can fill all that we have there. */
    if (sim->config.l3 && sim->out_tail - sim->out_head > SIM_OUTBOUND_MAX - 2 * SIM_ORDERS_MAX)
        return false;
    while (arrive_next(sim, now_ns))
        ;
    sim->l3_ns = now_ns;
    sim_match_update(sim, update, now_ns);
    if (sim->config.data)
        sim_data_put(sim, update, now_ns);
    return true;
}

/* Hands over the oldest report if it is due and the receiver has room. */
static bool deliver_next(struct sim *sim, int64_t now_ns)
{
    struct sim_outbound *out = &sim->outbound[sim->out_head % SIM_OUTBOUND_MAX];

    if (sim->out_head == sim->out_tail || out->due_ns > now_ns)
        return false;
    out->execution.received_ns = now_ns;
    if (!out->in_ledger)
        sim_ledger(sim, &(struct sim_entry){(enum sim_status)out->status, out->code, now_ns, NULL,
                                            &out->execution});
    out->in_ledger = true;
    if (!sim->report(sim->ctx, &out->execution))
        return false;
    sim->out_head++;
    return true;
}

void sim_advance(struct sim *sim, int64_t now_ns)
{
    for (uint16_t at = 0; at < sim->config.instruments; at++)
        if (sim->markets[at].ended && sim->markets[at].first != SIM_NONE)
            sim_close_market(sim, &sim->markets[at], now_ns);
    sim_account_tick(sim, now_ns);
    /* Arrivals first: a report is never due before the arrival that caused it, and the queue
     * keeps reports in the order of their times. */
    do {
        while (arrive_next(sim, now_ns))
            ;
    } while (deliver_next(sim, now_ns));
    if (sim->config.data)
        sim_data_advance(sim, now_ns);
}

int64_t sim_next_ns(const struct sim *sim)
{
    int64_t next = sim->config.data ? sim_data_next_ns(sim) : INT64_MAX;

    if (sim->in_head != sim->in_tail) {
        int64_t due = sim->inbound[sim->in_head % SIM_INBOUND_MAX].due_ns;

        next = due < next ? due : next;
    }
    if (sim->out_head != sim->out_tail) {
        int64_t due = sim->outbound[sim->out_head % SIM_OUTBOUND_MAX].due_ns;

        next = due < next ? due : next;
    }
    return next;
}

bool sim_has_room(const struct sim *sim)
{
    return sim->in_tail - sim->in_head < SIM_INBOUND_MAX - 2; /* a fault may double a message */
}

uint32_t sim_resting(const struct sim *sim)
{
    return sim->resting;
}
