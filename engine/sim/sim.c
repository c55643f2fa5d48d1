#include "sim/venue.h"

#include "base/assert.h"

#include <string.h>

static size_t rounded(size_t size)
{
    return (size + CACHE_LINES_APART - 1) & ~(size_t)(CACHE_LINES_APART - 1);
}

size_t sim_size(const struct sim_config *config)
{
    return rounded(sizeof(struct sim)) + config->instruments * rounded(book_size());
}

static void init_pool(struct sim *sim)
{
    for (uint32_t at = 0; at < SIM_BUCKETS; at++)
        sim->buckets[at] = SIM_NONE;
    for (uint32_t at = 0; at < SIM_ORDERS_MAX; at++)
        sim->orders[at].next_in_bucket = at + 1 < SIM_ORDERS_MAX ? at + 1 : SIM_NONE;
    sim->free = 0;
}

void sim_init(struct sim *sim, const struct sim_config *config, sim_report_fn report, void *ctx)
{
    uint8_t *books = (uint8_t *)sim + rounded(sizeof *sim);

    assert(config->instruments <= MAX_INSTRUMENTS);
    assert(config->order_latency_ns >= 0 && config->ack_latency_ns >= 0 && config->jitter_ns >= 0);
    memset(sim, 0, sizeof *sim);
    sim->config = *config;
    sim->report = report;
    sim->ctx = ctx;
    sim->random = config->seed;
    init_pool(sim);
    for (uint16_t at = 0; at < config->instruments; at++) {
        struct sim_market *market = &sim->markets[at];

        market->first = market->last = SIM_NONE;
        market->book = (struct book *)(void *)(books + at * rounded(book_size()));
        book_init(market->book, at);
    }
}

/* splitmix64 */
static uint64_t draw(struct sim *sim)
{
    uint64_t mixed = sim->random += 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

static int64_t due_ns(struct sim *sim, int64_t now_ns, int64_t latency_ns, int64_t newest_ns)
{
    int64_t due = now_ns + latency_ns;

    if (sim->config.jitter_ns > 0)
        due += (int64_t)(draw(sim) % ((uint64_t)sim->config.jitter_ns + 1));
    return due > newest_ns ? due : newest_ns;
}

bool sim_can_report(const struct sim *sim)
{
    return sim->out_tail - sim->out_head < SIM_OUTBOUND_MAX - SIM_OUTBOUND_RESERVE;
}

static struct execution *put_report(struct sim *sim, const struct order_message *message,
                                    enum report report, int64_t venue_ns)
{
    struct sim_outbound *out = &sim->outbound[sim->out_tail % SIM_OUTBOUND_MAX];

    assert(sim->out_tail - sim->out_head < SIM_OUTBOUND_MAX);
    sim->out_tail++;
    sim->out_due_ns = due_ns(sim, venue_ns, sim->config.ack_latency_ns, sim->out_due_ns);
    out->due_ns = sim->out_due_ns;
    out->execution = (struct execution){.report = (uint8_t)report,
                                        .side = message->side,
                                        .instrument = message->instrument,
                                        .strategy = message->strategy,
                                        .order_id = message->order_id,
                                        .venue_ns = venue_ns};
    return &out->execution;
}

void sim_report(struct sim *sim, const struct order_message *message, enum report report,
                int64_t venue_ns)
{
    put_report(sim, message, report, venue_ns);
}

static int64_t fee_e8(const struct instrument *row, int64_t price_ticks, int64_t lots, bool maker)
{
    int64_t value = 0;
    int64_t fee = 0;

    /* An order within the bounds of the gate cannot overflow; money that could is not charged. */
    if (instrument_value_e8(row, price_ticks, lots, &value) &&
        money_scale(value, maker ? row->maker_fee_e8 : row->taker_fee_e8, &fee))
        return fee;
    return 0;
}

void sim_fill(struct sim *sim, struct sim_order *order, int64_t price_ticks, int64_t lots,
              bool maker, int64_t venue_ns)
{
    const struct order_message *message = &order->message;
    struct execution *fill = put_report(sim, message, REPORT_FILL_PART, venue_ns);

    assert(lots > 0 && lots <= order->leaves_lots);
    fill->maker = maker;
    fill->price_ticks = price_ticks;
    fill->qty_lots = lots;
    fill->fee_e8 =
        fee_e8(&sim->config.instrument_rows[message->instrument], price_ticks, lots, maker);
    /* Of this epoch, so that no exec id repeats after a restart either. */
    fill->exec_id = (message->order_id & 0xffffffff00000000ULL) | ++sim->execs;
    order->leaves_lots -= lots;
    if (order->leaves_lots == 0)
        sim_order_remove(sim, order);
}

static uint32_t *bucket_of(struct sim *sim, uint64_t order_id)
{
    return &sim->buckets[order_id % SIM_BUCKETS];
}

struct sim_order *sim_order_find(struct sim *sim, uint64_t order_id)
{
    uint32_t at = *bucket_of(sim, order_id);

    while (at != SIM_NONE && sim->orders[at].message.order_id != order_id)
        at = sim->orders[at].next_in_bucket;
    return at == SIM_NONE ? NULL : &sim->orders[at];
}

struct sim_order *sim_order_add(struct sim *sim, const struct order_message *message)
{
    struct sim_market *market = &sim->markets[message->instrument];
    uint32_t *bucket = bucket_of(sim, message->order_id);
    uint32_t at = sim->free;
    struct sim_order *order;

    if (at == SIM_NONE)
        return NULL;
    order = &sim->orders[at];
    sim->free = order->next_in_bucket;
    *order = (struct sim_order){.message = *message,
                                .leaves_lots = message->qty_lots,
                                .next = SIM_NONE,
                                .previous = market->last,
                                .next_in_bucket = *bucket};
    *bucket = at;
    if (market->last != SIM_NONE)
        sim->orders[market->last].next = at;
    else
        market->first = at;
    market->last = at;
    sim->resting++;
    return order;
}

static void unlink_from_market(struct sim *sim, const struct sim_order *order)
{
    struct sim_market *market = &sim->markets[order->message.instrument];

    if (order->previous != SIM_NONE)
        sim->orders[order->previous].next = order->next;
    else
        market->first = order->next;
    if (order->next != SIM_NONE)
        sim->orders[order->next].previous = order->previous;
    else
        market->last = order->previous;
}

void sim_order_remove(struct sim *sim, struct sim_order *order)
{
    uint32_t at = (uint32_t)(order - sim->orders);
    uint32_t *link = bucket_of(sim, order->message.order_id);

    unlink_from_market(sim, order);
    while (*link != at)
        link = &sim->orders[*link].next_in_bucket;
    *link = order->next_in_bucket;
    order->message.order_id = 0;
    order->next_in_bucket = sim->free;
    sim->free = at;
    sim->resting--;
}

static void arrive_cancel(struct sim *sim, const struct order_message *message, int64_t venue_ns)
{
    struct sim_order *order = sim_order_find(sim, message->order_id);

    if (!order) {
        sim_report(sim, message, REPORT_CANCEL_REJECT, venue_ns);
        return;
    }
    sim_report(sim, &order->message, REPORT_VENUE_CANCEL, venue_ns);
    sim_order_remove(sim, order);
}

/* Lets the oldest message reach the venue if it is due by then. */
static bool arrive_next(struct sim *sim, int64_t now_ns)
{
    const struct sim_inbound *in = &sim->inbound[sim->in_head % SIM_INBOUND_MAX];

    if (sim->in_head == sim->in_tail || in->due_ns > now_ns || !sim_can_report(sim))
        return false;
    if (in->message.kind == ORDER_MESSAGE_NEW)
        sim_arrive_new(sim, &in->message, in->due_ns);
    else
        arrive_cancel(sim, &in->message, in->due_ns);
    sim->in_head++;
    return true;
}

void sim_order(struct sim *sim, const struct order_message *message, int64_t now_ns)
{
    struct sim_inbound *in = &sim->inbound[sim->in_tail % SIM_INBOUND_MAX];

    assert(sim->in_tail - sim->in_head < SIM_INBOUND_MAX);
    sim->in_tail++;
    sim->in_due_ns = due_ns(sim, now_ns, sim->config.order_latency_ns, sim->in_due_ns);
    in->due_ns = sim->in_due_ns;
    in->message = *message;
}

void sim_market(struct sim *sim, const struct market_update *update, int64_t now_ns)
{
    assert(update->instrument < sim->config.instruments);
    while (arrive_next(sim, now_ns))
        ;
    sim_match_update(sim, update, now_ns);
}

/* Hands over the oldest report if it is due and the receiver has room. */
static bool deliver_next(struct sim *sim, int64_t now_ns)
{
    struct sim_outbound *out = &sim->outbound[sim->out_head % SIM_OUTBOUND_MAX];

    if (sim->out_head == sim->out_tail || out->due_ns > now_ns)
        return false;
    out->execution.received_ns = now_ns;
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
    /* Arrivals first: a report is never due before the arrival that caused it, and the queue
     * keeps reports in the order of their times. */
    do {
        while (arrive_next(sim, now_ns))
            ;
    } while (deliver_next(sim, now_ns));
}

int64_t sim_next_ns(const struct sim *sim)
{
    int64_t next = INT64_MAX;

    if (sim->in_head != sim->in_tail)
        next = sim->inbound[sim->in_head % SIM_INBOUND_MAX].due_ns;
    if (sim->out_head != sim->out_tail) {
        int64_t due = sim->outbound[sim->out_head % SIM_OUTBOUND_MAX].due_ns;

        next = due < next ? due : next;
    }
    return next;
}

bool sim_has_room(const struct sim *sim)
{
    return sim->in_tail - sim->in_head < SIM_INBOUND_MAX - 1;
}

uint32_t sim_resting(const struct sim *sim)
{
    return sim->resting;
}
