#include "unit/sim/exchange_reference.h"

#include <stdlib.h>

static struct reference_order **bucket_of(struct reference *reference, uint64_t id)
{
    return &reference->buckets[id % REFERENCE_BUCKETS];
}

static struct reference_order *find(struct reference *reference, uint64_t id)
{
    struct reference_order *order = *bucket_of(reference, id);

    while (order && order->id != id)
        order = order->in_bucket;
    return order;
}

/* ---- the lists -------------------------------------------------------------------------- */

static bool is_better(enum side side, uint32_t ticks, uint32_t than)
{
    return side == SIDE_BUY ? ticks > than : ticks < than;
}

/* The price of that side, made in its place among the others if it is not there. */
static struct reference_price *price_at(struct reference *reference, enum side side, uint32_t ticks)
{
    struct reference_price *better = NULL;
    struct reference_price *at = reference->best[side];
    struct reference_price *made;

    while (at && is_better(side, at->ticks, ticks)) {
        better = at;
        at = at->worse;
    }
    if (at && at->ticks == ticks)
        return at;
    made = calloc(1, sizeof *made);
    *made = (struct reference_price){.ticks = ticks, .better = better, .worse = at};
    if (at)
        at->better = made;
    if (better)
        better->worse = made;
    else
        reference->best[side] = made;
    return made;
}

static void remove_price(struct reference *reference, enum side side, struct reference_price *price)
{
    if (price->better)
        price->better->worse = price->worse;
    else
        reference->best[side] = price->worse;
    if (price->worse)
        price->worse->better = price->better;
    free(price);
}

static void join(struct reference *reference, struct reference_order *order, uint32_t ticks)
{
    struct reference_price *price = price_at(reference, (enum side)order->side, ticks);

    order->price = price;
    order->before = price->last;
    order->after = NULL;
    if (price->last)
        price->last->after = order;
    else
        price->first = order;
    price->last = order;
}

static void leave(struct reference *reference, struct reference_order *order)
{
    struct reference_price *price = order->price;

    if (order->before)
        order->before->after = order->after;
    else
        price->first = order->after;
    if (order->after)
        order->after->before = order->before;
    else
        price->last = order->before;
    if (!price->first)
        remove_price(reference, (enum side)order->side, price);
}

static void forget(struct reference *reference, struct reference_order *order)
{
    struct reference_order **link = bucket_of(reference, order->id);

    while (*link != order)
        link = &(*link)->in_bucket;
    *link = order->in_bucket;
    reference->resting--;
    free(order);
}

/* ---- taking ----------------------------------------------------------------------------- */

struct incoming {
    uint64_t id;
    uint16_t account;
    enum side side;
    bool bounded; /* a market order into an empty side is not */
    int64_t bound_ticks;
    uint32_t lots;
    bool stopped;
};

static enum side other(enum side side)
{
    return side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

static bool accepts(const struct incoming *in, const struct reference_price *price)
{
    if (!price || !in->bounded)
        return false;
    return in->side == SIDE_BUY ? price->ticks <= in->bound_ticks : price->ticks >= in->bound_ticks;
}

static void tell(struct reference *reference, const struct incoming *in,
                 const struct reference_order *maker, enum exchange_event_kind kind, uint32_t lots)
{
    struct exchange_event event = {.maker_id = maker->id,
                                   .taker_id = in->id,
                                   .price_ticks = maker->price->ticks,
                                   .lots = lots,
                                   .maker_leaves_lots = maker->lots - lots,
                                   .maker_account = maker->account,
                                   .taker_account = in->account,
                                   .kind = (uint8_t)kind,
                                   .taker_side = (uint8_t)in->side};

    if (kind == EXCHANGE_EVENT_TRADE)
        event.exec = ++reference->execs;
    reference->tell(reference->ctx, &event);
}

static void meet(struct reference *reference, struct incoming *in, struct reference_order *maker)
{
    uint8_t policy = reference->policy[in->account][maker->account];
    uint32_t lots = in->lots < maker->lots ? in->lots : maker->lots;

    if (policy == EXCHANGE_CANCEL_NEW) {
        in->stopped = true;
        return;
    }
    if (policy == EXCHANGE_CANCEL_OLD) {
        tell(reference, in, maker, EXCHANGE_EVENT_CANCEL, maker->lots);
        leave(reference, maker);
        forget(reference, maker);
        return;
    }
    tell(reference, in, maker, EXCHANGE_EVENT_TRADE, lots);
    in->lots -= lots;
    maker->lots -= lots;
    if (maker->lots == 0) {
        leave(reference, maker);
        forget(reference, maker);
    }
}

static void take(struct reference *reference, struct incoming *in)
{
    while (in->lots > 0 && !in->stopped && accepts(in, reference->best[other(in->side)]))
        meet(reference, in, reference->best[other(in->side)]->first);
}

static bool could_fill(struct reference *reference, const struct incoming *in)
{
    int64_t wanted = in->lots;

    for (struct reference_price *price = reference->best[other(in->side)]; accepts(in, price);
         price = price->worse)
        for (struct reference_order *maker = price->first; maker && wanted > 0;
             maker = maker->after) {
            uint8_t policy = reference->policy[in->account][maker->account];

            if (policy == EXCHANGE_CANCEL_NEW)
                return false;
            if (policy == EXCHANGE_TRADE_ANY)
                wanted -= maker->lots;
        }
    return wanted <= 0;
}

/* ---- the four calls --------------------------------------------------------------------- */

struct reference *reference_open(const struct exchange_config *config, exchange_event_fn tell_fn,
                                 void *ctx)
{
    struct reference *reference = calloc(1, sizeof *reference);

    reference->config = *config;
    reference->tell = tell_fn;
    reference->ctx = ctx;
    return reference;
}

void reference_close(struct reference *reference)
{
    for (int side = SIDE_BUY; side <= SIDE_SELL; side++)
        while (reference->best[side]) {
            struct reference_order *order = reference->best[side]->first;

            leave(reference, order);
            forget(reference, order);
        }
    free(reference);
}

static struct exchange_result result(uint64_t id, uint32_t leaves_lots, enum exchange_answer answer)
{
    return (struct exchange_result){id, leaves_lots, answer};
}

static bool is_sound(const struct reference *reference, const struct exchange_order *order)
{
    bool named = reference->config.ids == EXCHANGE_IDS_OWN || order->id != 0;
    bool priced = order->type == TYPE_MARKET
                      ? order->tif != TIF_GTC
                      : order->price_ticks >= 1 && order->price_ticks <= MAX_PRICE_TICKS;

    return named && priced && order->lots > 0 && order->account < reference->config.accounts &&
           order->side <= SIDE_SELL && order->type <= TYPE_MARKET && order->tif <= TIF_FOK;
}

static struct incoming incoming(const struct reference *reference,
                                const struct exchange_order *order)
{
    struct incoming in = {order->id, order->account,     (enum side)order->side,
                          true,      order->price_ticks, order->lots,
                          false};
    const struct reference_price *touch = reference->best[other(in.side)];
    int64_t band = reference->config.market_band_ticks;

    if (order->type == TYPE_MARKET) {
        in.bounded = touch != NULL;
        in.bound_ticks = !touch                ? 0
                         : in.side == SIDE_BUY ? touch->ticks + band
                                               : touch->ticks - band;
    }
    return in;
}

static void add(struct reference *reference, const struct exchange_order *from, uint32_t lots)
{
    struct reference_order *order = calloc(1, sizeof *order);

    *order = (struct reference_order){.id = from->id,
                                      .lots = lots,
                                      .account = from->account,
                                      .side = from->side,
                                      .post_only = (from->flags & ORDER_POST_ONLY) != 0,
                                      .in_bucket = *bucket_of(reference, from->id)};
    *bucket_of(reference, from->id) = order;
    join(reference, order, from->price_ticks);
    reference->resting++;
}

struct exchange_result reference_new(struct reference *reference, struct exchange_order order)
{
    struct incoming in;

    if (!is_sound(reference, &order))
        return result(order.id, order.lots, EXCHANGE_INVALID);
    if (find(reference, order.id))
        return result(order.id, order.lots, EXCHANGE_DUPLICATE);
    if (reference->resting == reference->config.orders)
        return result(order.id, order.lots, EXCHANGE_FULL);
    in = incoming(reference, &order);
    if (order.flags & ORDER_POST_ONLY && accepts(&in, reference->best[other(in.side)]))
        return result(order.id, order.lots, EXCHANGE_WOULD_TAKE);
    if (order.tif != TIF_FOK || could_fill(reference, &in))
        take(reference, &in);
    if (in.lots == 0)
        return result(order.id, 0, EXCHANGE_FILLED);
    if (in.stopped)
        return result(order.id, in.lots, EXCHANGE_SELF);
    if (order.tif != TIF_GTC)
        return result(order.id, in.lots, EXCHANGE_EXPIRED);
    add(reference, &order, in.lots);
    return result(order.id, in.lots, EXCHANGE_RESTS);
}

struct exchange_result reference_cancel(struct reference *reference, uint16_t account, uint64_t id)
{
    struct reference_order *order = find(reference, id);
    uint32_t lots;

    if (!order || order->account != account)
        return result(id, 0, EXCHANGE_UNKNOWN);
    lots = order->lots;
    leave(reference, order);
    forget(reference, order);
    return result(id, lots, EXCHANGE_CANCELLED);
}

struct exchange_result reference_amend(struct reference *reference, uint16_t account, uint64_t id,
                                       uint32_t price_ticks, uint32_t lots)
{
    struct reference_order *order = find(reference, id);
    struct incoming in;

    if (price_ticks < 1 || price_ticks > MAX_PRICE_TICKS || lots == 0)
        return result(id, lots, EXCHANGE_INVALID);
    if (!order || order->account != account)
        return result(id, lots, EXCHANGE_UNKNOWN);
    if (price_ticks == order->price->ticks && lots <= order->lots) {
        order->lots = lots;
        return result(id, lots, EXCHANGE_RESTS);
    }
    in = (struct incoming){id, account, (enum side)order->side, true, price_ticks, lots, false};
    if (order->post_only && accepts(&in, reference->best[other(in.side)]))
        return result(id, lots, EXCHANGE_WOULD_TAKE);
    leave(reference, order);
    take(reference, &in);
    order->lots = in.lots;
    if (in.lots > 0 && !in.stopped) {
        join(reference, order, price_ticks);
        return result(id, in.lots, EXCHANGE_RESTS);
    }
    forget(reference, order);
    return result(id, in.lots, in.lots == 0 ? EXCHANGE_FILLED : EXCHANGE_SELF);
}

uint32_t reference_levels(const struct reference *reference, enum side side, struct level *levels,
                          uint32_t most)
{
    uint32_t count = 0;

    for (const struct reference_price *price = reference->best[side]; price && count < most;
         price = price->worse) {
        int64_t lots = 0;

        for (const struct reference_order *order = price->first; order; order = order->after)
            lots += order->lots;
        levels[count++] = (struct level){price->ticks, lots};
    }
    return count;
}
