/* What clients ask for: create, amend, cancel. */
#include "venue/inside.h"

/* ---- create ----------------------------------------------------------------------------- */

enum venue_answer venue_create(struct venue *venue, const struct venue_new *wanted, int64_t now_ns,
                               uint64_t *order_no)
{
    struct venue_order order;
    struct venue_slot *slot;
    enum venue_answer answer;

    assert(wanted->account < venue->accounts);
    if (wanted->instrument >= venue->instruments)
        return VENUE_NO_INSTRUMENT;
    venue_begin(venue, wanted->instrument, now_ns);
    answer = venue_check_new(venue, wanted, &order);
    if (answer != VENUE_OK)
        return answer;
    if (exchange_resting(venue->book[order.instrument].exchange) == VENUE_BOOK_ORDERS)
        return VENUE_FULL;
    answer = venue_reserve(venue, &order, order.qty_lots);
    if (answer != VENUE_OK)
        return answer;
    slot = venue_slot_take(venue, order.account);
    order.no = slot->order.no;
    order.life = slot->order.life;
    slot->order = order;
    venue_link_add(venue, slot);
    venue_activate(venue, slot);
    *order_no = order.no;
    venue_enter(venue, slot);
    venue_finish(venue);
    return VENUE_OK;
}

/* ---- finding one ------------------------------------------------------------------------ */

/* An active order of the account; else what is wrong. */
static enum venue_answer find_active(struct venue *venue, uint16_t account, uint64_t no,
                                     const char *link, struct venue_slot **found)
{
    const struct venue_order *order = venue_order(venue, no);

    assert(account < venue->accounts);
    *found = NULL;
    if (no == 0 && link && link[0] != 0)
        order = venue_order_by_link(venue, account, link);
    if (!order || order->account != account)
        return VENUE_NO_ORDER;
    *found = venue_slot(venue, order->no);
    if ((*found)->active)
        return VENUE_OK;
    return order->status == VENUE_ORDER_FILLED ? VENUE_ALREADY_FILLED : VENUE_ALREADY_ENDED;
}

/* ---- amend ------------------------------------------------------------------------------ */

static enum venue_answer check_amended(struct venue *venue, const struct venue_slot *slot,
                                       struct venue_order *changed)
{
    const struct venue_order *order = &slot->order;
    int64_t leaves = venue_leaves(order);
    enum venue_answer answer;

    if (changed->price_ticks == order->price_ticks && changed->qty_lots == order->qty_lots)
        return VENUE_UNCHANGED;
    if (changed->qty_lots <= order->filled_lots)
        return VENUE_BAD_QTY;
    if (order->flags & ORDER_REDUCE_ONLY) {
        int64_t most = order->filled_lots + venue_reducible_lots(venue, order, leaves);

        changed->qty_lots = changed->qty_lots < most ? changed->qty_lots : most;
    }
    answer = venue_check_price(venue, changed);
    return answer == VENUE_OK ? venue_check_qty(venue, changed) : answer;
}

static bool shrinks(const struct venue_order *order, const struct venue_order *changed)
{
    return changed->price_ticks == order->price_ticks && changed->qty_lots < order->qty_lots;
}

/* Counts the order as changed instead of as it is, if that can be afforded. */
static enum venue_answer recount(struct venue *venue, const struct venue_slot *slot,
                                 const struct venue_order *changed)
{
    const struct venue_order *order = &slot->order;
    enum venue_answer answer = VENUE_OK;

    venue_count(venue, order, venue_leaves(order), -1);
    if (shrinks(order, changed))
        venue_count(venue, changed, venue_leaves(changed), 1);
    else
        answer = venue_reserve(venue, changed, venue_leaves(changed));
    if (answer != VENUE_OK)
        venue_count(venue, order, venue_leaves(order), 1);
    return answer;
}

enum venue_answer venue_amend(struct venue *venue, uint16_t account, uint64_t *order_no,
                              const char *link, int64_t price_ticks, int64_t qty_lots,
                              int64_t now_ns)
{
    struct venue_slot *slot;
    struct venue_order changed;
    bool keeps_place;
    enum venue_answer answer = find_active(venue, account, *order_no, link, &slot);

    if (answer != VENUE_OK)
        return answer;
    venue_begin(venue, slot->order.instrument, now_ns);
    *order_no = slot->order.no;
    if (venue->instrument[slot->order.instrument].status != VENUE_TRADING)
        return VENUE_NOT_TRADING;
    changed = slot->order;
    changed.price_ticks = price_ticks != 0 ? price_ticks : changed.price_ticks;
    changed.qty_lots = qty_lots != 0 ? qty_lots : changed.qty_lots;
    changed.updated_ns = now_ns;
    answer = check_amended(venue, slot, &changed);
    if (answer == VENUE_OK)
        answer = recount(venue, slot, &changed);
    if (answer != VENUE_OK)
        return answer;
    keeps_place = shrinks(&slot->order, &changed);
    slot->order = changed;
    venue_reenter(venue, slot, keeps_place);
    venue_finish(venue);
    return VENUE_OK;
}

/* ---- cancel ----------------------------------------------------------------------------- */

void venue_take_out(struct venue *venue, struct venue_slot *slot, enum venue_end why)
{
    struct venue_order *order = &slot->order;
    const struct venue_instrument *row = &venue->instrument[order->instrument];
    struct venue_book *book = &venue->book[order->instrument];
    uint64_t id = order->exchange_id;
    struct exchange_result result = exchange_cancel(book->exchange, order->account, id);

    assert(result.answer == EXCHANGE_CANCELLED && result.leaves_lots == venue_leaves(order));
    book->slots[exchange_place(id)] = VENUE_NO_SLOT;
    book->seq++;
    venue_end(venue, slot, why);
    venue_tell_order(venue, order);
    if (row->category == VENUE_SPOT)
        venue_tell_wallet(venue, order->account, order->side == SIDE_BUY ? row->quote : row->base);
}

/* It was filled while the cancel was under way: whoever listens hears of it once more. */
static void tell_too_late(const struct venue *venue, const struct venue_slot *slot, int64_t now_ns)
{
    struct venue_order late = slot->order;

    if (now_ns - late.updated_ns > VENUE_TOO_LATE_NS)
        return;
    late.end = VENUE_END_TOO_LATE;
    venue_tell_order(venue, &late);
}

enum venue_answer venue_cancel(struct venue *venue, uint16_t account, uint64_t *order_no,
                               const char *link, enum venue_end why, int64_t now_ns)
{
    struct venue_slot *slot;
    enum venue_answer answer = find_active(venue, account, *order_no, link, &slot);

    if (slot)
        *order_no = slot->order.no;
    if (answer == VENUE_ALREADY_FILLED)
        tell_too_late(venue, slot, now_ns);
    if (answer != VENUE_OK)
        return answer;
    venue_begin(venue, slot->order.instrument, now_ns);
    venue_take_out(venue, slot, why);
    return VENUE_OK;
}

uint32_t venue_cancel_those(struct venue *venue, uint16_t account, venue_pick_fn which, void *ctx,
                            enum venue_end why, int64_t now_ns, uint64_t nos[VENUE_ACTIVE_MAX])
{
    uint32_t count = 0;
    uint32_t next;

    assert(account < venue->accounts);
    for (uint32_t at = venue->account[account].active_first;
         at != VENUE_NO_SLOT && count < VENUE_ACTIVE_MAX; at = next) {
        struct venue_slot *slot = &venue->slots[at];

        next = slot->active_next;
        if (which && !which(ctx, &slot->order))
            continue;
        venue_begin(venue, slot->order.instrument, now_ns);
        venue_take_out(venue, slot, why);
        nos[count++] = slot->order.no;
    }
    return count;
}
