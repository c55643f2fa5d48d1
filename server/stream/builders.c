#include "stream/builders.h"

#include "control/approvals.h"

#include <string.h>

enum { BOOK_DEPTH = 10, ITEMS_MAX = 200, FILLS_PAGE = 32, FILLS_KEPT = 4096, AGES_TICKS = 5 };

/* --- what a topic holds --- */

static json_t *items_object(json_t *items)
{
    return json_pack("{s:o}", "items", items);
}

static json_t *build_books(const struct topic_source *from)
{
    json_t *items = json_array();

    for (size_t i = 0; i < from->instruments; i++)
        json_array_append_new(items, view_book(from->sources->view, (uint16_t)i, BOOK_DEPTH));
    return items_object(items);
}

/* Whatever is open, however old, and the newest of the rest. */
static json_t *build_orders(const struct topic_source *from)
{
    struct view *view = from->sources->view;
    struct view_filter newest = {-1, -1, -1, 0, ITEMS_MAX}, open = {-1, -1, -2, 0, MAX_LIVE_ORDERS};
    json_t *list = view_orders(view, &newest), *more = view_orders(view, &open);
    json_t *items = json_object_get(list, "items"), *ids = json_object(), *item, *whole;
    size_t i;

    json_array_foreach(items, i, item)
        json_object_set(ids, json_string_value(json_object_get(item, "id")), json_true());
    json_array_foreach(
        json_object_get(more, "items"), i,
        item) if (!json_object_get(ids, json_string_value(json_object_get(item, "id"))))
        json_array_append(items, item);
    whole = items_object(json_incref(items));
    json_decref(ids);
    json_decref(more);
    json_decref(list);
    return whole;
}

static uint64_t seq_of(const json_t *item)
{
    return (uint64_t)json_integer_value(json_object_get(item, "seq"));
}

/* What a list that goes back in time begins before. */
static uint64_t cursor_of(const struct topic_source *from)
{
    return from->upto == INT64_MAX ? 0 : from->upto + 1;
}

static json_t *build_fills(const struct topic_source *from)
{
    struct view_filter filter = {-1, -1, -1, cursor_of(from), ITEMS_MAX};

    return view_fills(from->sources->view, &filter);
}

static json_t *build_kill(const struct topic_source *from)
{
    struct view *view = from->sources->view;
    json_t *receipts = view_receipts(view), *states = view_trading_states(view);
    json_t *whole = json_pack("{s:O, s:O}", "items", json_object_get(receipts, "items"), "states",
                              json_object_get(states, "items"));

    json_decref(receipts);
    json_decref(states);
    return whole;
}

static json_t *build_limits(const struct topic_source *from)
{
    const struct stream_sources *sources = from->sources;
    json_t *states = view_trading_states(sources->view), *items = json_array(), *state;
    size_t i;

    /* Scopes are numbered as their states are listed. */
    json_array_foreach(json_object_get(states, "items"), i, state)
    {
        json_array_append_new(items, control_limits(sources->control, (uint16_t)i));
    }
    json_decref(states);
    return items_object(items);
}

static json_t *build_strategies(const struct topic_source *from)
{
    const struct stream_sources *sources = from->sources;
    json_t *items = json_array();
    uint16_t strategies = view_strategy_count(sources->view);

    for (uint16_t at = STRATEGY_MANUAL + 1; at < strategies; at++) {
        json_t *strategy = control_strategy(sources->control, at);

        json_object_del(strategy, "schema"); /* it never changes */
        json_array_append_new(items, strategy);
    }
    return items_object(items);
}

static json_t *build_audit(const struct topic_source *from)
{
    struct store_query query = {.before_seq = cursor_of(from), .limit = ITEMS_MAX};
    json_t *list = NULL;
    struct err err;

    return store_audit_query(from->sources->store, &query, &list, &err) == OK ? list : NULL;
}

static json_t *build_status(const struct topic_source *from)
{
    return view_status(from->sources->view);
}

static json_t *build_positions(const struct topic_source *from)
{
    return view_positions(from->sources->view);
}

static json_t *build_pnl(const struct topic_source *from)
{
    return view_pnl(from->sources->view);
}

static json_t *build_approvals(const struct topic_source *from)
{
    return control_approvals(from->sources->control, -1, 0, APPROVALS_MAX);
}

static json_t *build_alerts(const struct topic_source *from)
{
    return alerts_topic(from->sources->alerts);
}

static json_t *build_latency(const struct topic_source *from)
{
    return view_latency(from->sources->view, false);
}

/* --- when it has changed --- */

static uint64_t version_status(const struct topic_source *from)
{
    return from->tick; /* it holds a clock */
}

static uint64_t version_latency(const struct topic_source *from)
{
    return from->tick;
}

static uint64_t version_positions(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_POSITIONS) + from->tick / AGES_TICKS;
}

static uint64_t version_orders(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_ORDERS);
}

static uint64_t version_fills(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_FILLS);
}

static uint64_t version_pnl(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_PNL);
}

static uint64_t version_books(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_BOOKS) + from->tick / AGES_TICKS;
}

/* Once a second as well: a trigger's kill becomes durable, and the engine says nothing of that. */
static uint64_t version_kill(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_KILL) +
           view_version(from->sources->view, VIEW_STATUS);
}

static uint64_t version_approvals(const struct topic_source *from)
{
    return control_approvals_version(from->sources->control);
}

static uint64_t version_alerts(const struct topic_source *from)
{
    return alerts_version(from->sources->alerts);
}

static uint64_t version_limits(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_LIMITS) + version_approvals(from);
}

/* Open orders and PnL once a second. */
static uint64_t version_strategies(const struct topic_source *from)
{
    return view_version(from->sources->view, VIEW_STRATEGIES) +
           view_version(from->sources->view, VIEW_STATUS) + version_approvals(from);
}

static uint64_t version_audit(const struct topic_source *from)
{
    return store_audit_seq(from->sources->store);
}

static const struct {
    json_t *(*build)(const struct topic_source *from);
    uint64_t (*version)(const struct topic_source *from);
} builders[TOPIC_COUNT] = {
#define TOPIC(ID, name, ...) {.build = build_##name, .version = version_##name},
#include "tables/topics.def"
#undef TOPIC
};

json_t *topic_build(enum topic_id topic, const struct topic_source *from)
{
    json_t *whole = builders[topic].build(from);

    if (whole)
        json_object_del(whole, "next"); /* a page's, not a stream's */
    return whole;
}

uint64_t topic_version(enum topic_id topic, const struct topic_source *from)
{
    return builders[topic].version(from);
}

/* --- logs --- */

/* Takes over the reference; an empty list has no end. */
static json_t *items_taken(json_t *list)
{
    json_t *items = json_incref(json_object_get(list, "items"));

    json_decref(list);
    return items;
}

/* Adds the fills of one page that are newer than `seq`. False: there are no older ones to add. */
static bool fills_add_page(json_t *fills, struct view *view, uint64_t *cursor, uint64_t seq)
{
    struct view_filter filter = {-1, -1, -1, *cursor, FILLS_PAGE};
    json_t *page = items_taken(view_fills(view, &filter)), *fill;
    bool full = json_array_size(page) == FILLS_PAGE;
    size_t i;

    json_array_foreach(page, i, fill)
    {
        *cursor = seq_of(fill);
        if (*cursor > seq)
            json_array_append(fills, fill);
    }
    json_decref(page);
    return full && *cursor > seq;
}

/* The view's fills go back in time: as far as `seq`, and of more than a page the oldest. */
static json_t *fills_after(struct view *view, uint64_t seq, bool *more, bool *lost)
{
    json_t *fills = json_array(), *oldest;
    uint64_t cursor = 0;
    size_t count;

    while (fills_add_page(fills, view, &cursor, seq))
        continue;
    count = json_array_size(fills);
    *lost = count >= FILLS_KEPT;
    *more = count > LOG_PAGE;
    if (!*more)
        return fills;
    oldest = json_array();
    for (size_t i = count - LOG_PAGE; i < count; i++)
        json_array_append(oldest, json_array_get(fills, i));
    json_decref(fills);
    return oldest;
}

static json_t *audit_after(struct store *store, uint64_t seq, bool *more)
{
    struct store_query query = {.after_seq = seq, .oldest_first = true, .limit = LOG_PAGE};
    json_t *list = NULL, *rows, *newest_first;
    struct err err;

    if (store_audit_query(store, &query, &list, &err) != OK)
        return NULL;
    *more = !json_is_null(json_object_get(list, "next"));
    rows = items_taken(list);
    newest_first = json_array();
    for (size_t i = json_array_size(rows); i > 0; i--)
        json_array_append(newest_first, json_array_get(rows, i - 1));
    json_decref(rows);
    return newest_first;
}

bool topic_is_log(enum topic_id topic)
{
    return topic == TOPIC_FILLS || topic == TOPIC_AUDIT;
}

json_t *topic_log_after(enum topic_id topic, const struct topic_source *from, uint64_t seq,
                        bool *more, bool *lost)
{
    *more = *lost = false;
    if (topic == TOPIC_FILLS)
        return fills_after(from->sources->view, seq, more, lost);
    return audit_after(from->sources->store, seq, more);
}
