/* What happens to an order: it is looked at, takes what it can, and rests or ends. */
#include "sim/exchange_inside.h"

#include <string.h>

/* An order that arrives, or that an amend sends in again. */
struct taker {
    uint64_t id;
    int64_t limit_rank;
    uint32_t lots; /* left */
    uint16_t account;
    uint8_t side;
    bool stopped; /* by EXCHANGE_CANCEL_NEW */
};

/* ---- memory ----------------------------------------------------------------------------- */

static size_t rounded(size_t size)
{
    return (size + CACHE_LINES_APART - 1) & ~(size_t)(CACHE_LINES_APART - 1);
}

/* The smallest power of two that is at least twice the orders. */
static uint32_t table_bits(const struct exchange_config *config)
{
    return config->orders == 1 ? 1 : 33 - (uint32_t)__builtin_clz(config->orders - 1);
}

static size_t table_size(const struct exchange_config *config)
{
    return config->ids == EXCHANGE_IDS_FOREIGN ? sizeof(uint64_t) << table_bits(config) : 0;
}

/* Orders start at an even cell, so that one never lies on two cache lines. */
static uint32_t orders_at(const struct exchange_config *config)
{
    return EXCHANGE_WINDOW_TICKS + config->orders + config->orders % 2;
}

static size_t cells_size(const struct exchange_config *config)
{
    return ((size_t)orders_at(config) + 2 * (size_t)config->orders) * sizeof(union exchange_cell);
}

static size_t deep_size(const struct exchange_config *config)
{
    return config->orders * sizeof(struct exchange_deep);
}

static size_t policies_size(const struct exchange_config *config)
{
    return (size_t)config->accounts * config->accounts;
}

size_t exchange_size(const struct exchange_config *config)
{
    return rounded(sizeof(struct exchange)) + rounded(cells_size(config)) +
           2 * rounded(deep_size(config)) + rounded(table_size(config)) +
           rounded(policies_size(config));
}

static void *carve(uint8_t **from, size_t size)
{
    void *part = *from;

    *from += rounded(size);
    return part;
}

void exchange_init(struct exchange *exchange, const struct exchange_config *config,
                   exchange_event_fn tell, void *ctx)
{
    uint8_t *rest = (uint8_t *)exchange + rounded(sizeof *exchange);

    assert(((uintptr_t)exchange & (CACHE_LINES_APART - 1)) == 0);
    assert(config->orders > 0 && config->orders <= EXCHANGE_ORDERS_MAX);
    assert(config->accounts > 0 && config->accounts <= EXCHANGE_ACCOUNTS_MAX);
    memset(exchange, 0, sizeof *exchange);
    exchange->config = *config;
    exchange->tell = tell;
    exchange->ctx = ctx;
    exchange->table_bits = table_bits(config);
    exchange->orders_at = orders_at(config);
    exchange->cells = carve(&rest, cells_size(config));
    exchange->half[SIDE_BUY].deep = carve(&rest, deep_size(config));
    exchange->half[SIDE_SELL].deep = carve(&rest, deep_size(config));
    exchange->table = carve(&rest, table_size(config));
    exchange->policies = carve(&rest, policies_size(config));
    memset(exchange->policies, EXCHANGE_TRADE_ANY, policies_size(config));
    exchange_levels_init(exchange);
    exchange_ids_init(exchange);
}

void exchange_set_policy(struct exchange *exchange, uint16_t taker, uint16_t maker,
                         enum exchange_policy policy)
{
    assert(taker < exchange->config.accounts && maker < exchange->config.accounts);
    exchange->policies[taker * exchange->config.accounts + maker] = (uint8_t)policy;
}

static enum exchange_policy policy_of(const struct exchange *exchange, uint16_t taker,
                                      uint16_t maker)
{
    return (enum exchange_policy)exchange->policies[taker * exchange->config.accounts + maker];
}

/* ---- in the book, and out of it --------------------------------------------------------- */

/* Puts an order at the end of the queue at its price. */
static inline void link_order(struct exchange *exchange, uint32_t order, uint8_t side,
                              uint32_t price_ticks, uint32_t lots)
{
    union exchange_cell *cells = exchange->cells;
    uint32_t level = exchange_open(exchange, side, price_ticks);
    uint32_t last = cells[level].links.previous;

    cells[order].order.links = (struct exchange_links){.next = level, .previous = last};
    cells[order].order.lots = lots;
    cells[order].order.price_ticks = price_ticks;
    cells[last].links.next = order;
    cells[level].links.previous = order;
    cells[level].level.lots += lots;
    if (last == level)
        exchange_level_opened(exchange, side, price_ticks);
}

static inline void unlink_order(struct exchange *exchange, uint32_t order)
{
    union exchange_cell *cells = exchange->cells;
    struct exchange_links links = cells[order].links;
    uint32_t price_ticks = cells[order].order.price_ticks;
    uint8_t side = cells[order + 1].owner.side;
    uint32_t level = exchange_level(exchange, side, price_ticks);

    cells[links.next].links.previous = links.previous;
    cells[links.previous].links.next = links.next;
    cells[level].level.lots -= cells[order].order.lots;
    if (links.next == links.previous) /* it was alone: both are the level */
        exchange_level_closed(exchange, side, price_ticks);
}

/* ---- taking ----------------------------------------------------------------------------- */

static void tell(struct exchange *exchange, enum exchange_event_kind kind,
                 const struct taker *taker, uint32_t maker, uint32_t lots)
{
    const union exchange_cell *cells = &exchange->cells[maker];
    struct exchange_event event = {
        .maker_id = cells[1].owner.id,
        .taker_id = taker->id,
        .price_ticks = cells[0].order.price_ticks,
        .lots = lots,
        .maker_leaves_lots = cells[0].order.lots - lots,
        .maker_account = cells[1].owner.account,
        .taker_account = taker->account,
        .kind = (uint8_t)kind,
        .taker_side = taker->side,
    };

    if (kind == EXCHANGE_EVENT_TRADE)
        event.exec = ++exchange->execs;
    exchange->tell(exchange->ctx, &event);
}

static void remove_maker(struct exchange *exchange, uint32_t maker)
{
    uint32_t at;

    exchange_order_find(exchange, exchange->cells[maker + 1].owner.id, &at);
    unlink_order(exchange, maker);
    exchange_order_free(exchange, maker, at);
}

static void trade(struct exchange *exchange, struct taker *taker, uint32_t level, uint32_t maker)
{
    union exchange_cell *cells = exchange->cells;
    uint32_t held = cells[maker].order.lots;
    uint32_t lots = held < taker->lots ? held : taker->lots;

    tell(exchange, EXCHANGE_EVENT_TRADE, taker, maker, lots);
    taker->lots -= lots;
    if (lots == held) {
        remove_maker(exchange, maker);
        return;
    }
    cells[maker].order.lots -= lots;
    cells[level].level.lots -= lots;
}

/* Meets the first order of the opposite touch. */
static void meet(struct exchange *exchange, struct taker *taker)
{
    uint8_t side = exchange_opposite(taker->side);
    uint32_t price_ticks = exchange_rank_ticks(side, exchange->half[side].best_rank);
    uint32_t level = exchange_level(exchange, side, price_ticks);
    uint32_t maker = exchange->cells[level].links.next;

    switch (policy_of(exchange, taker->account, exchange->cells[maker + 1].owner.account)) {
    case EXCHANGE_TRADE_ANY:
        trade(exchange, taker, level, maker);
        break;
    case EXCHANGE_CANCEL_NEW:
        taker->stopped = true;
        break;
    case EXCHANGE_CANCEL_OLD:
        tell(exchange, EXCHANGE_EVENT_CANCEL, taker, maker, exchange->cells[maker].order.lots);
        remove_maker(exchange, maker);
        break;
    }
}

static void take(struct exchange *exchange, struct taker *taker)
{
    while (taker->lots > 0 && !taker->stopped &&
           exchange_crosses(exchange, taker->side, taker->limit_rank))
        meet(exchange, taker);
}

/* What a level would give the taker, at most its lots. False: an order of EXCHANGE_CANCEL_NEW is
 * in the way of the rest. */
static bool count_level(const struct exchange *exchange, const struct taker *taker, uint32_t level,
                        uint64_t *lots)
{
    const union exchange_cell *cells = exchange->cells;

    for (uint32_t at = cells[level].links.next; at != level && *lots < taker->lots;
         at = cells[at].links.next)
        switch (policy_of(exchange, taker->account, cells[at + 1].owner.account)) {
        case EXCHANGE_TRADE_ANY:
            *lots += cells[at].order.lots;
            break;
        case EXCHANGE_CANCEL_NEW:
            return false;
        case EXCHANGE_CANCEL_OLD:
            break;
        }
    return true;
}

/* For FOK: whether take() would fill it whole. */
static bool can_fill(struct exchange *exchange, const struct taker *taker)
{
    uint8_t side = exchange_opposite(taker->side);
    int64_t rank = exchange->half[side].best_rank;
    uint64_t lots = 0;

    while (lots < taker->lots && taker->limit_rank + rank >= 0) {
        uint32_t level = exchange_level(exchange, side, exchange_rank_ticks(side, rank));

        if (!count_level(exchange, taker, level, &lots))
            break;
        rank = exchange_rank_after(exchange, side, rank);
    }
    return lots >= taker->lots;
}

/* ---- a new order ------------------------------------------------------------------------ */

static bool is_price(uint32_t price_ticks)
{
    return price_ticks - 1 < MAX_PRICE_TICKS;
}

static bool is_valid(const struct exchange *exchange, const struct exchange_order *order)
{
    if (order->lots == 0 || order->account >= exchange->config.accounts ||
        order->side > SIDE_SELL || order->type > TYPE_MARKET || order->tif > TIF_FOK)
        return false;
    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN && order->id == 0)
        return false;
    return order->type == TYPE_LIMIT ? is_price(order->price_ticks) : order->tif != TIF_GTC;
}

/* The worst rank that the order accepts. */
static int64_t limit_rank(const struct exchange *exchange, const struct exchange_order *order)
{
    const struct exchange_half *opposite = &exchange->half[exchange_opposite(order->side)];

    if (order->type == TYPE_LIMIT)
        return exchange_rank(order->side, order->price_ticks);
    /* A bound of minus the opposite best is the touch; an empty side is never met. */
    return opposite->best_rank == EXCHANGE_NO_RANK
               ? EXCHANGE_NO_RANK
               : exchange->config.market_band_ticks - opposite->best_rank;
}

static struct exchange_result answer(const struct taker *taker, enum exchange_answer answer)
{
    return (struct exchange_result){taker->id, taker->lots, answer};
}

static enum exchange_answer end_of(const struct taker *taker)
{
    if (taker->lots == 0)
        return EXCHANGE_FILLED;
    return taker->stopped ? EXCHANGE_SELF : EXCHANGE_EXPIRED;
}

/* Rests `lots` of an order in the place taken for it; `at` is where the table has room for its id.
 */
static inline struct exchange_result rest(struct exchange *exchange,
                                          const struct exchange_order *order, uint64_t id,
                                          uint32_t place, uint32_t at, uint32_t lots)
{
    union exchange_cell *owner = &exchange->cells[place + 1];

    owner->owner.id = id;
    owner->owner.account = order->account;
    owner->owner.side = order->side;
    owner->owner.flags = order->flags;
    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN)
        exchange_table_put(exchange, at, id, place);
    link_order(exchange, place, order->side, order->price_ticks, lots);
    return (struct exchange_result){id, lots, EXCHANGE_RESTS};
}

/* Where an id that does not rest would go. */
static uint32_t room_for(const struct exchange *exchange, uint64_t id)
{
    return exchange->config.ids == EXCHANGE_IDS_FOREIGN ? exchange_table_at(exchange, id) : 0;
}

/* An order that meets the touch or may not rest. Its place is free again if it ends. */
EXCHANGE_SELDOM static struct exchange_result take_and_rest(struct exchange *exchange,
                                                            const struct exchange_order *order,
                                                            uint64_t id, uint32_t place)
{
    struct taker taker = {
        id, limit_rank(exchange, order), order->lots, order->account, order->side, false};
    enum exchange_answer as = EXCHANGE_WOULD_TAKE;

    if (!(order->flags & ORDER_POST_ONLY) ||
        !exchange_crosses(exchange, taker.side, taker.limit_rank)) {
        if (order->tif != TIF_FOK || can_fill(exchange, &taker))
            take(exchange, &taker);
        if (taker.lots > 0 && !taker.stopped && order->tif == TIF_GTC)
            return rest(exchange, order, id, place, room_for(exchange, id), taker.lots);
        as = end_of(&taker);
    }
    exchange_place_free(exchange, place);
    return answer(&taker, as);
}

struct exchange_result exchange_new(struct exchange *exchange, const struct exchange_order *order)
{
    uint64_t id = order->id;
    uint32_t place = exchange->free_order;
    uint32_t at;

    if (!is_valid(exchange, order))
        return (struct exchange_result){id, order->lots, EXCHANGE_INVALID};
    at = room_for(exchange, id);
    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN && exchange->table[at] != 0)
        return (struct exchange_result){id, order->lots, EXCHANGE_DUPLICATE};
    if (place == EXCHANGE_NONE)
        return (struct exchange_result){id, order->lots, EXCHANGE_FULL};
    exchange_place_take(exchange);
    if (exchange->config.ids == EXCHANGE_IDS_OWN)
        id = exchange->cells[place + 1].owner.id;
    if (order->tif == TIF_GTC &&
        !exchange_crosses(exchange, order->side, exchange_rank(order->side, order->price_ticks)))
        return rest(exchange, order, id, place, at, order->lots);
    return take_and_rest(exchange, order, id, place);
}

/* ---- cancel and amend ------------------------------------------------------------------- */

static uint32_t find_owned(const struct exchange *exchange, uint16_t account, uint64_t id,
                           uint32_t *at)
{
    uint32_t order = exchange_order_find(exchange, id, at);

    if (order == EXCHANGE_NONE || exchange->cells[order + 1].owner.account != account)
        return EXCHANGE_NONE;
    return order;
}

struct exchange_result exchange_cancel(struct exchange *exchange, uint16_t account, uint64_t id)
{
    uint32_t at;
    uint32_t order = find_owned(exchange, account, id, &at);
    uint32_t lots;

    if (order == EXCHANGE_NONE)
        return (struct exchange_result){id, 0, EXCHANGE_UNKNOWN};
    lots = exchange->cells[order].order.lots;
    unlink_order(exchange, order);
    exchange_order_free(exchange, order, at);
    return (struct exchange_result){id, lots, EXCHANGE_CANCELLED};
}

static struct exchange_result shrink(struct exchange *exchange, uint32_t order, uint32_t lots)
{
    union exchange_cell *cells = &exchange->cells[order];
    uint32_t level = exchange_level(exchange, cells[1].owner.side, cells[0].order.price_ticks);

    exchange->cells[level].level.lots -= cells[0].order.lots - lots;
    cells[0].order.lots = lots;
    return (struct exchange_result){cells[1].owner.id, lots, EXCHANGE_RESTS};
}

/* Out of its queue, through what it can take, and into the new queue. */
static struct exchange_result requeue(struct exchange *exchange, uint32_t order,
                                      uint32_t price_ticks, uint32_t lots)
{
    const union exchange_cell *owner = &exchange->cells[order + 1];
    struct taker taker = {owner->owner.id,
                          exchange_rank(owner->owner.side, price_ticks),
                          lots,
                          owner->owner.account,
                          owner->owner.side,
                          false};
    uint32_t at;

    if (owner->owner.flags & ORDER_POST_ONLY &&
        exchange_crosses(exchange, taker.side, taker.limit_rank))
        return answer(&taker, EXCHANGE_WOULD_TAKE);
    unlink_order(exchange, order);
    take(exchange, &taker);
    if (taker.lots == 0 || taker.stopped) {
        exchange_order_find(exchange, taker.id, &at);
        exchange_order_free(exchange, order, at);
        return answer(&taker, end_of(&taker));
    }
    link_order(exchange, order, taker.side, price_ticks, taker.lots);
    return answer(&taker, EXCHANGE_RESTS);
}

struct exchange_result exchange_amend(struct exchange *exchange, uint16_t account, uint64_t id,
                                      uint32_t price_ticks, uint32_t lots)
{
    uint32_t at;
    uint32_t order = find_owned(exchange, account, id, &at);

    if (!is_price(price_ticks) || lots == 0)
        return (struct exchange_result){id, lots, EXCHANGE_INVALID};
    if (order == EXCHANGE_NONE)
        return (struct exchange_result){id, lots, EXCHANGE_UNKNOWN};
    if (price_ticks == exchange->cells[order].order.price_ticks &&
        lots <= exchange->cells[order].order.lots)
        return shrink(exchange, order, lots);
    return requeue(exchange, order, price_ticks, lots);
}

/* ---- what others may ask ---------------------------------------------------------------- */

bool exchange_find(const struct exchange *exchange, uint64_t id, struct exchange_resting *resting)
{
    uint32_t at;
    uint32_t order = exchange_order_find(exchange, id, &at);
    const union exchange_cell *cells;

    if (order == EXCHANGE_NONE)
        return false;
    cells = &exchange->cells[order];
    *resting = (struct exchange_resting){cells[0].order.price_ticks, cells[0].order.lots,
                                         cells[1].owner.account, cells[1].owner.side};
    return true;
}

uint32_t exchange_resting(const struct exchange *exchange)
{
    return exchange->resting;
}
