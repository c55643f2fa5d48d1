/* Orders, fills, and why the gate answered as it did. */
#include "view/earlier.h"
#include "view/shapes.h"

#include <sched.h>
#include <stdio.h>

enum { ORDERS_AT_ONCE = 100 };

static const struct instrument *instrument_of(const struct view *view, uint16_t instrument)
{
    return &view->from.config->instrument[instrument % MAX_INSTRUMENTS];
}

static json_t *reason_json(uint8_t reason)
{
    if (reason == DENIAL_NONE || reason >= DENIAL_COUNT)
        return json_null();
    return json_string(denial_name((enum denial)reason));
}

static json_t *order_json(const struct view *view, const struct view_order *order)
{
    const struct instrument *instrument = instrument_of(view, order->instrument);

    return json_pack(
        "{s:o, s:I, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o,"
        " s:b, s:b, s:b, s:b}",
        "id", shape_order_id(order->id), "seq", (json_int_t)order->seq, "instrument",
        instrument->name, "strategy", earlier_strategy_name(view, order->strategy), "actor",
        shape_text(order->actor), "side", side_name((enum side)order->side), "type",
        order_type_name((enum order_type)order->type), "tif", tif_name((enum tif)order->tif),
        "price", shape_price(instrument, order->price_ticks), "qty",
        shape_qty(instrument, order->qty_lots), "filled", shape_qty(instrument, order->filled_lots),
        "leaves", shape_qty(instrument, order->leaves_lots), "avg_price",
        shape_average(instrument, order->average_e8_ticks), "state",
        order_state_name((enum order_state)order->state), "sent_ns",
        json_ns_or_null(order->sent_ns), "acked_ns", json_ns_or_null(order->acked_ns), "reason",
        reason_json(order->reason), "post_only", (order->flags & ORDER_POST_ONLY) != 0,
        "reduce_only", (order->flags & ORDER_REDUCE_ONLY) != 0, "simulated",
        view->from.config->mode != MODE_LIVE, "earlier", (int)order->is_earlier);
}

static bool order_matches(const struct view_order *order, const struct view_filter *filter)
{
    if (filter->cursor != 0 && order->place >= filter->cursor)
        return false;
    if (filter->instrument >= 0 && order->instrument != filter->instrument)
        return false;
    if (filter->strategy >= 0 && order->strategy != filter->strategy)
        return false;
    if (filter->state == -2)
        return view_order_is_live(order);
    return filter->state < 0 || order->state == filter->state;
}

/* At most `filter->limit` rows, under the lock; true when there are more. */
static bool add_orders(struct view *view, const struct view_filter *filter, json_t *items,
                       uint64_t *last)
{
    uint32_t added = 0;
    bool more = false;

    view_enter(view);
    for (const struct view_order *order = view_orders_newest(&view->orders); order && !more;
         order = view_orders_older(&view->orders, order)) {
        if (!order_matches(order, filter))
            continue;
        more = added == filter->limit;
        if (more)
            break;
        json_array_append_new(items, order_json(view, order));
        *last = order->place;
        added++;
    }
    view_leave(view);
    return more;
}

/* A row takes about 10 us, and whoever kills waits for the view: so a long page is made of short
 * ones. */
json_t *view_orders(struct view *view, const struct view_filter *filter)
{
    struct view_filter run = *filter;
    uint32_t left = filter->limit;
    json_t *items = json_array();
    uint64_t last = 0;
    bool more = true;

    for (; more && left > 0; left -= run.limit, run.cursor = last) {
        if (last != 0)
            sched_yield(); /* between two, for whoever waits */
        run.limit = left < ORDERS_AT_ONCE ? left : ORDERS_AT_ONCE;
        more = add_orders(view, &run, items, &last);
    }
    return shape_list(items, more ? last : 0);
}

json_t *view_order(struct view *view, uint64_t order_id)
{
    const struct view_order *order;
    json_t *json = NULL;

    view_enter(view);
    order = view_orders_find(&view->orders, order_id);
    if (order)
        json = order_json(view, order);
    view_leave(view);
    return json;
}

/* --- why --- */

static json_t *known_json(enum limit_id id, bool known, int64_t value)
{
    return known ? limit_value_json(id, value) : json_null();
}

static json_t *limit_json(const struct view *view, enum limit_id id, const struct check *check)
{
    bool is_measured = check->measured != INT64_MAX;
    bool has_limit = check_has_limit(check);

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:b}", "name", limit_row(id)->name, "scope",
        has_limit || check->limit == LIMIT_DENY ? shape_scope(view, check->scope) : json_null(),
        "measured", known_json(id, is_measured, check->measured), "limit",
        known_json(id, has_limit, check->limit), "headroom",
        known_json(id, is_measured && has_limit, check->headroom), "passed", (int)check->passed);
}

/* What no limit bounds; the balance alone has numbers. */
static json_t *outright_json(const struct verdict *verdict, enum denial denial)
{
    bool has_numbers =
        denial == DENY_BALANCE && (verdict->required_e8 != 0 || verdict->available_e8 != 0);

    return json_pack("{s:s, s:n, s:o, s:o, s:o, s:b}", "name", denial_name(denial), "scope",
                     "measured", shape_money(has_numbers, verdict->required_e8), "limit",
                     shape_money(has_numbers, verdict->available_e8), "headroom",
                     shape_money(has_numbers, verdict->available_e8 - verdict->required_e8),
                     "passed", (int)explain_outright(verdict, denial));
}

static json_t *age_json(int64_t age_ns)
{
    return age_ns < 0 || age_ns == INT64_MAX ? json_null() : shape_decimal(age_ns, 0);
}

static json_t *checks_json(const struct view *view, const struct view_verdict *why)
{
    json_t *checks = json_array();

    for (int id = 0; id < LIMIT_COUNT; id++)
        json_array_append_new(checks, limit_json(view, (enum limit_id)id, &why->limit[id]));
    for (int denial = FIRST_OUTRIGHT; denial <= LAST_OUTRIGHT; denial++)
        json_array_append_new(checks, outright_json(&why->verdict, (enum denial)denial));
    return checks;
}

static json_t *why_json(const struct view *view, uint64_t order_id, const struct view_verdict *why)
{
    const struct verdict *verdict = &why->verdict;
    bool by_limit = verdict->denied_by < LIMIT_COUNT;

    return json_pack(
        "{s:o, s:b, s:o, s:o, s:o, s:I, s:o, s:{s:o, s:o, s:o}}", "order", shape_order_id(order_id),
        "passed", verdict->denial == DENIAL_NONE, "reason", reason_json(verdict->denial),
        "denied_by",
        by_limit ? json_string(limit_row((enum limit_id)verdict->denied_by)->name) : json_null(),
        "state_of",
        denial_is_by_state((enum denial)verdict->denial) ? shape_scope(view, verdict->scope)
                                                         : json_null(),
        "generation", (json_int_t)verdict->generation, "checks", checks_json(view, why), "ages_ns",
        "book", age_json(verdict->book_age_ns), "venue", age_json(verdict->venue_age_ns), "rate",
        age_json(verdict->rate_age_ns));
}

static const struct view_verdict *denied_verdict(const struct view *view, uint64_t order_id)
{
    uint64_t kept = view->denial_count < KEPT_DENIALS ? view->denial_count : KEPT_DENIALS;

    for (uint64_t i = 0; i < kept; i++) {
        if (view->denials[i].order_id == order_id)
            return &view->denials[i].why;
    }
    return NULL;
}

json_t *view_order_why(struct view *view, uint64_t order_id)
{
    const struct view_order *order;
    const struct view_verdict *why;
    json_t *json = NULL;

    view_enter(view);
    order = view_orders_find(&view->orders, order_id);
    why = !order ? denied_verdict(view, order_id) : order->is_explained ? &order->why : NULL;
    if (why)
        json = why_json(view, order_id, why);
    view_leave(view);
    return json;
}

/* --- fills --- */

/* `number`: as fill_count counts. */
static json_t *fill_json(const struct view *view, uint64_t number)
{
    const struct config *config = view->from.config;
    const struct view_fill *fill = &view->fills[number % KEPT_FILLS];
    const struct instrument *instrument = instrument_of(view, fill->instrument);

    return json_pack(
        "{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:b, s:o, s:I, s:b, s:b}", "id",
        shape_fill_id(instrument, fill->exec_id), "order", shape_order_id(fill->order_id),
        "instrument", instrument->name, "strategy", earlier_strategy_name(view, fill->strategy),
        "side", side_name((enum side)fill->side), "qty", shape_qty(instrument, fill->qty_lots),
        "price", shape_price(instrument, fill->price_ticks), "fee", shape_decimal(fill->fee_e8, 8),
        "fee_currency", config->currency[instrument->currency].name, "maker", (int)fill->maker,
        "at_ns", json_ns_or_null(fill->at_ns), "seq", (json_int_t)fill->seq, "simulated",
        config->mode != MODE_LIVE, "earlier", (int)earlier_is_fill(view, number));
}

static bool fill_matches(const struct view_fill *fill, const struct view_filter *filter)
{
    return (filter->cursor == 0 || fill->seq < filter->cursor) &&
           (filter->instrument < 0 || fill->instrument == filter->instrument) &&
           (filter->strategy < 0 || fill->strategy == filter->strategy);
}

json_t *view_fills(struct view *view, const struct view_filter *filter)
{
    json_t *items = json_array();
    uint64_t kept, last = 0;
    bool more = false;

    view_enter(view);
    kept = model_fills_listed(view);
    for (uint64_t back = 1; back <= kept && !more; back++) {
        uint64_t number = view->fill_count - back;
        const struct view_fill *fill = &view->fills[number % KEPT_FILLS];

        if (!fill_matches(fill, filter))
            continue;
        more = json_array_size(items) >= filter->limit;
        if (more)
            break;
        json_array_append_new(items, fill_json(view, number));
        last = fill->seq;
    }
    view_leave(view);
    return shape_list(items, more ? last : 0);
}
