/* Orders on their way into the book, and what the exchange says of them. */
#include "venue/inside.h"

#include <string.h>

void venue_begin(struct venue *venue, uint16_t instrument, int64_t now_ns)
{
    int64_t last_ns = venue->call.now_ns;

    memset(&venue->call, 0, sizeof venue->call);
    venue->call.now_ns = now_ns > last_ns ? now_ns : last_ns;
    venue->call.instrument = instrument;
    venue->call.exec_type = VENUE_EXEC_TRADE;
}

/* ---- how an order ends ------------------------------------------------------------------ */

static uint8_t ended_status(const struct venue *venue, const struct venue_order *order)
{
    if (venue_leaves(order) <= 0)
        return VENUE_ORDER_FILLED;
    if (!venue_is_linear(venue, order->instrument) && order->filled_lots > 0)
        return VENUE_ORDER_PARTLY_CANCELLED;
    return VENUE_ORDER_CANCELLED;
}

void venue_end(struct venue *venue, struct venue_slot *slot, enum venue_end why)
{
    struct venue_order *order = &slot->order;
    int64_t leaves = venue_leaves(order);

    if (leaves > 0)
        venue_count(venue, order, leaves, -1);
    order->status = order->qty_lots > 0 ? ended_status(venue, order) : VENUE_ORDER_CANCELLED;
    order->end = (uint8_t)why;
    order->updated_ns = venue->call.now_ns;
    order->exchange_id = 0;
    venue_deactivate(venue, slot);
}

static void tell_locked(const struct venue *venue, const struct venue_order *order)
{
    const struct venue_instrument *row = &venue->instrument[order->instrument];

    if (row->category == VENUE_SPOT && order->type == TYPE_LIMIT)
        venue_tell_wallet(venue, order->account, order->side == SIDE_BUY ? row->quote : row->base);
}

/* ---- events of the exchange ------------------------------------------------------------- */

/* NULL: an order of the market's own. */
static struct venue_slot *maker_of(struct venue *venue, const struct exchange_event *event)
{
    uint32_t at = venue->book[venue->call.instrument].slots[exchange_place(event->maker_id)];

    return at == VENUE_NO_SLOT ? NULL : &venue->slots[at];
}

void venue_note_eaten(struct venue_book *book, uint32_t price_ticks, uint8_t side)
{
    const struct venue_eaten *last =
        &book->eaten[book->eaten_count > 0 ? book->eaten_count - 1 : 0];

    if (book->eaten_count > 0 && last->price_ticks == price_ticks && last->side == side)
        return;
    if (book->eaten_count < VENUE_EATEN_MAX)
        book->eaten[book->eaten_count++] =
            (struct venue_eaten){.price_ticks = price_ticks, .side = side};
}

static void forget_place(struct venue *venue, const struct exchange_event *event)
{
    venue->book[venue->call.instrument].slots[exchange_place(event->maker_id)] = VENUE_NO_SLOT;
}

/* What a reduce-only order may still close: the sweep that meets it may have met others of its
 * account before. */
static int64_t closable(const struct venue *venue, const struct venue_order *order)
{
    int64_t lots = venue->account[order->account].position[order->instrument].lots;

    lots = order->side == SIDE_SELL ? lots : -lots;
    return lots > 0 ? lots : 0;
}

/* The exchange has traded `lots`; what the order may not have of them the market takes over, as if
 * the order had been made smaller in time. Returns what it has. */
static int64_t trim_reducing(struct venue *venue, struct venue_order *order, int64_t lots,
                             int64_t ticks)
{
    int64_t excess = lots - closable(venue, order);

    if (!(order->flags & ORDER_REDUCE_ONLY) || excess <= 0)
        return lots;
    excess = excess < lots ? excess : lots;
    venue_count(venue, order, excess, -1);
    order->qty_lots -= excess;
    venue_fill_market(venue, order->instrument, (enum side)order->side, ticks, excess);
    return lots - excess;
}

static void fill_client(struct venue *venue, struct venue_slot *maker,
                        const struct exchange_event *event)
{
    int64_t lots = trim_reducing(venue, &maker->order, event->lots, event->price_ticks);

    if (lots > 0)
        venue_fill(venue, maker, event->price_ticks, lots, true);
    if (event->maker_leaves_lots == 0) {
        venue_end(venue, maker, lots < event->lots ? VENUE_END_REDUCE_ONLY : VENUE_END_NONE);
        forget_place(venue, event);
    }
    venue_tell_order(venue, &maker->order);
}

static void fill_maker(struct venue *venue, struct venue_slot *maker,
                       const struct exchange_event *event)
{
    if (maker) {
        fill_client(venue, maker, event);
        return;
    }
    venue_fill_market(venue, venue->call.instrument, (enum side)(event->taker_side ^ 1),
                      event->price_ticks, event->lots);
    venue_note_eaten(&venue->book[venue->call.instrument], event->price_ticks,
                     event->taker_side ^ 1);
}

static void fill_taker(struct venue *venue, const struct exchange_event *event)
{
    if (venue->call.taker)
        venue_fill(venue, venue->call.taker, event->price_ticks, event->lots, false);
    else
        venue_fill_market(venue, venue->call.instrument, (enum side)event->taker_side,
                          event->price_ticks, event->lots);
}

static void hear_trade(struct venue *venue, const struct exchange_event *event)
{
    struct venue_slot *maker = maker_of(venue, event);

    venue_record_trade(venue, venue->call.instrument, event->price_ticks, event->lots,
                       (enum side)event->taker_side);
    if (!maker && !venue->call.taker) { /* the market among itself: nobody's money */
        venue_note_eaten(&venue->book[venue->call.instrument], event->price_ticks,
                         event->taker_side ^ 1);
        return;
    }
    fill_taker(venue, event);
    fill_maker(venue, maker, event);
}

void venue_hear(void *ctx, const struct exchange_event *event)
{
    struct venue *venue = ctx;
    struct venue_slot *maker = maker_of(venue, event);

    if (event->kind == EXCHANGE_EVENT_TRADE) {
        hear_trade(venue, event);
        return;
    }
    venue->book[venue->call.instrument].seq++;
    if (!maker)
        return;
    maker->order.smp_order_no = venue->call.taker ? venue->call.taker->order.no : 0;
    venue_end(venue, maker, VENUE_END_SELF_MATCH);
    forget_place(venue, event);
    venue_tell_order(venue, &maker->order);
    tell_locked(venue, &maker->order);
}

/* ---- self match ------------------------------------------------------------------------- */

static void set_self_match(struct venue *venue, const struct venue_order *order)
{
    static const uint8_t policies[] = {
        [VENUE_SMP_NONE] = EXCHANGE_TRADE_ANY,
        [VENUE_SMP_CANCEL_MAKER] = EXCHANGE_CANCEL_OLD,
        [VENUE_SMP_CANCEL_TAKER] = EXCHANGE_CANCEL_NEW,
        [VENUE_SMP_CANCEL_BOTH] = EXCHANGE_CANCEL_NEW,
    };

    exchange_set_policy(venue->book[order->instrument].exchange, order->account, order->account,
                        (enum exchange_policy)policies[order->smp]);
}

/* The order that stopped it: the account's first in the queue at the opposite touch; 0: one of the
 * market's that has no number. */
static uint64_t resting_self_no(const struct venue *venue, const struct venue_order *order)
{
    enum side opposite = order->side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
    uint32_t ticks = exchange_best_ticks(venue->book[order->instrument].exchange, opposite);
    const struct venue_slot *first = NULL;
    const struct venue_slot *slot;

    for (uint32_t at = venue->account[order->account].active_first; at != VENUE_NO_SLOT;
         at = slot->active_next) {
        slot = &venue->slots[at];
        if (slot->order.instrument == order->instrument && slot->order.side == opposite &&
            slot->order.price_ticks == ticks && (!first || slot->queued < first->queued))
            first = slot;
    }
    return first ? first->order.no : 0;
}

static void end_resting_self(struct venue *venue, const struct venue_order *order)
{
    struct venue_slot *other = venue_slot(venue, order->smp_order_no);

    if (order->smp != VENUE_SMP_CANCEL_BOTH || !other)
        return;
    other->order.smp_order_no = order->no;
    venue_take_out(venue, other, VENUE_END_SELF_MATCH);
}

/* ---- entering --------------------------------------------------------------------------- */

static void rest(struct venue *venue, struct venue_slot *slot, uint64_t id)
{
    struct venue_book *book = &venue->book[slot->order.instrument];

    slot->order.exchange_id = id;
    slot->queued = ++venue->queued;
    book->slots[exchange_place(id)] = venue_slot_at(venue, slot);
    book->seq++;
}

static enum venue_end why_not_whole(const struct venue_order *order)
{
    return order->tif == TIF_FOK ? VENUE_END_NOT_WHOLE : VENUE_END_NOTHING_THERE;
}

/* What the exchange said of an order that was sent in, new or amended. */
static void obey(struct venue *venue, struct venue_slot *slot, struct exchange_result result)
{
    switch ((enum exchange_answer)result.answer) {
    case EXCHANGE_RESTS:
        rest(venue, slot, result.id);
        break;
    case EXCHANGE_FILLED:
        venue_end(venue, slot, VENUE_END_NONE);
        break;
    case EXCHANGE_EXPIRED:
        venue_end(venue, slot, why_not_whole(&slot->order));
        break;
    case EXCHANGE_SELF:
        slot->order.smp_order_no = resting_self_no(venue, &slot->order);
        venue_end(venue, slot, VENUE_END_SELF_MATCH);
        break;
    case EXCHANGE_WOULD_TAKE:
        venue_end(venue, slot, VENUE_END_WOULD_TAKE);
        break;
    default: /* the checks let nothing else through */
        assert(false);
    }
}

void venue_enter(struct venue *venue, struct venue_slot *slot)
{
    struct venue_order *order = &slot->order;
    struct exchange *exchange = venue->book[order->instrument].exchange;
    struct exchange_order sent = {.price_ticks = (uint32_t)order->price_ticks,
                                  .lots = (uint32_t)venue_leaves(order),
                                  .account = order->account,
                                  .side = order->side,
                                  .type = TYPE_LIMIT, /* market: to its bound */
                                  .tif = order->tif,
                                  .flags = order->flags};
    struct exchange_result result = {0, 0, EXCHANGE_EXPIRED}; /* nothing could be afforded */

    venue->call.taker = slot;
    set_self_match(venue, order);
    if (sent.lots > 0)
        result = exchange_new(exchange, &sent);
    obey(venue, slot, result);
    venue->call.taker = NULL;
    venue_tell_order(venue, order);
    tell_locked(venue, order);
    if (result.answer == EXCHANGE_SELF)
        end_resting_self(venue, order);
}

void venue_reenter(struct venue *venue, struct venue_slot *slot, bool keeps_place)
{
    struct venue_order *order = &slot->order;
    struct venue_book *book = &venue->book[order->instrument];
    uint64_t id = order->exchange_id;
    uint64_t queued = slot->queued;
    struct exchange_result result;

    venue->call.taker = slot;
    set_self_match(venue, order);
    result = exchange_amend(book->exchange, order->account, id, (uint32_t)order->price_ticks,
                            (uint32_t)venue_leaves(order));
    if (result.answer == EXCHANGE_WOULD_TAKE)
        (void)exchange_cancel(book->exchange, order->account, id);
    if (result.answer != EXCHANGE_RESTS)
        book->slots[exchange_place(id)] = VENUE_NO_SLOT;
    obey(venue, slot, result);
    slot->queued = keeps_place ? queued : slot->queued;
    venue->call.taker = NULL;
    venue_tell_order(venue, order);
    tell_locked(venue, order);
    if (result.answer == EXCHANGE_SELF)
        end_resting_self(venue, order);
}

/* ---- after a trade ---------------------------------------------------------------------- */

/* Lowers it to `leaves`, or takes it out when that is nothing. */
static void shrink(struct venue *venue, struct venue_slot *slot, int64_t leaves)
{
    struct venue_order *order = &slot->order;

    if (leaves == 0) {
        venue_take_out(venue, slot, VENUE_END_REDUCE_ONLY);
        return;
    }
    venue_count(venue, order, venue_leaves(order) - leaves, -1);
    order->qty_lots = order->filled_lots + leaves;
    order->updated_ns = venue->call.now_ns;
    (void)exchange_amend(venue->book[order->instrument].exchange, order->account,
                         order->exchange_id, (uint32_t)order->price_ticks, (uint32_t)leaves);
    venue->book[order->instrument].seq++;
    venue_tell_order(venue, order);
}

static void fit_reducing(struct venue *venue, uint16_t account)
{
    int64_t lots = venue->account[account].position[venue->call.instrument].lots;
    int64_t room = lots < 0 ? -lots : lots;
    uint8_t side = lots > 0 ? SIDE_SELL : SIDE_BUY;
    uint32_t next;

    for (uint32_t at = venue->account[account].active_first; at != VENUE_NO_SLOT; at = next) {
        struct venue_slot *slot = &venue->slots[at];
        int64_t leaves = venue_leaves(&slot->order);
        int64_t fits = slot->order.side != side ? 0 : leaves < room ? leaves : room;

        next = slot->active_next;
        if (slot->order.instrument != venue->call.instrument ||
            !(slot->order.flags & ORDER_REDUCE_ONLY))
            continue;
        if (fits < leaves)
            shrink(venue, slot, fits);
        room -= fits;
    }
}

void venue_finish(struct venue *venue)
{
    for (uint16_t at = 0; at < venue->accounts; at++)
        if (venue->call.moved[at] && at != VENUE_MARKET)
            fit_reducing(venue, at);
}
