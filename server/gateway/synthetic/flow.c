#include "gateway/synthetic/flow.h"

enum { FIRST_MAKER = L3_OURS + 1, FIRST_TAKER = FIRST_MAKER + FLOW_MAKERS };

/* splitmix64 */
static uint32_t below(struct flow *flow, uint32_t bound)
{
    uint64_t mixed = flow->random += 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return (uint32_t)((mixed ^ (mixed >> 31)) % bound);
}

void flow_init(struct flow *flow, struct l3 *l3, uint16_t instrument, uint64_t seed)
{
    flow->l3 = l3;
    flow->instrument = instrument;
    flow->random = seed * 1000003 + instrument + 500;
    flow->ids = L3_OTHERS_BIT;
    flow->count = 0;
}

/* ---- makers ----------------------------------------------------------------------------- */

/* What the makers have at a level. Orders that are gone leave the list on the way. */
static int64_t lots_at(struct flow *flow, uint8_t side, uint32_t price_ticks)
{
    const struct exchange *exchange = l3_exchange(flow->l3, flow->instrument);
    struct exchange_resting resting;
    int64_t lots = 0;
    uint32_t kept = 0;

    for (uint32_t at = 0; at < flow->count; at++) {
        if (!exchange_find(exchange, flow->orders[at].id, &resting))
            continue;
        flow->orders[kept++] = flow->orders[at];
        if (resting.side == side && resting.price_ticks == price_ticks)
            lots += resting.lots;
    }
    flow->count = kept;
    return lots;
}

static void add(struct flow *flow, uint8_t side, struct level level)
{
    struct exchange_order order = {.id = ++flow->ids,
                                   .price_ticks = (uint32_t)level.price_ticks,
                                   .lots = (uint32_t)level.qty_lots,
                                   .account = (uint16_t)(FIRST_MAKER + below(flow, FLOW_MAKERS)),
                                   .side = side};

    if (flow->count == FLOW_ORDERS_MAX)
        return; /* the level stays smaller */
    if (l3_new(flow->l3, flow->instrument, &order).answer == EXCHANGE_RESTS)
        flow->orders[flow->count++] =
            (struct flow_order){order.id, order.price_ticks, order.account, side};
}

/* Takes lots off a level, the newest orders first. */
static void lower(struct flow *flow, uint8_t side, uint32_t price_ticks, int64_t lots)
{
    const struct exchange *exchange = l3_exchange(flow->l3, flow->instrument);
    struct exchange_resting resting;

    for (uint32_t at = flow->count; at-- > 0 && lots > 0;) {
        const struct flow_order *order = &flow->orders[at];

        if (order->side != side || order->price_ticks != price_ticks ||
            !exchange_find(exchange, order->id, &resting))
            continue;
        if (resting.lots <= lots)
            l3_cancel(flow->l3, flow->instrument, order->account, order->id);
        else
            l3_amend(flow->l3, flow->instrument, order->account, order->id, price_ticks,
                     resting.lots - (uint32_t)lots);
        lots -= resting.lots;
    }
}

/* ---- takers ----------------------------------------------------------------------------- */

static void take(struct flow *flow, const struct walk_trade *trade)
{
    struct exchange_order order = {.id = ++flow->ids,
                                   .price_ticks = (uint32_t)trade->level.price_ticks,
                                   .lots = (uint32_t)trade->level.qty_lots,
                                   .account = (uint16_t)(FIRST_TAKER + below(flow, FLOW_TAKERS)),
                                   .side = trade->buyer_is_maker ? SIDE_SELL : SIDE_BUY,
                                   .tif = TIF_IOC};

    l3_new(flow->l3, flow->instrument, &order);
}

/* ---- a step ----------------------------------------------------------------------------- */

void flow_open(struct flow *flow, const struct walk *walk)
{
    for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++)
        for (uint32_t at = 0; at < SYNTHETIC_LEVELS; at++)
            add(flow, side, walk->levels[side][at]);
}

/* One side of the difference of a level: first all that shrinks, so that what grows meets none of
 * their own. */
static void put_right(struct flow *flow, const struct walk_news *news, bool grows)
{
    for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++)
        for (uint16_t at = 0; at < news->change_count[side]; at++) {
            struct level level = news->changes[side][at];
            int64_t has_lots = lots_at(flow, side, (uint32_t)level.price_ticks);

            if (grows && level.qty_lots > has_lots)
                add(flow, side, (struct level){level.price_ticks, level.qty_lots - has_lots});
            if (!grows && level.qty_lots < has_lots)
                lower(flow, side, (uint32_t)level.price_ticks, has_lots - level.qty_lots);
        }
}

void flow_follow(struct flow *flow, const struct walk_news *news)
{
    for (uint32_t at = 0; at < news->trade_count; at++)
        take(flow, &news->trades[at]);
    put_right(flow, news, false);
    put_right(flow, news, true);
}
