#include "stream/topics.h"

#include "control/approvals.h"
#include "thread/clock.h"

#include <stdlib.h>
#include <string.h>

enum { BOOK_DEPTH = 10, ITEMS_MAX = 200, AGES_TICKS = 5 };

static const struct topic_row {
    const char *name, *key;
    uint32_t ticks;
    enum { NEEDS_VIEWER, NEEDS_RISK, NEEDS_AUDIT } needs;
} rows[TOPIC_COUNT] = {
#define TOPIC(ID, title, member, every, who, says)                                                 \
    {.name = #title, .key = member, .ticks = every, .needs = NEEDS_##who},
#include "tables/topics.def"
#undef TOPIC
};

struct topic {
    bool built;
    uint64_t version;
    int64_t ts_ns;
    json_t *data; /* the newest whole */
    json_t *seen; /* key -> text of each item last sent; of states in "states" apart */
    json_t *seen_states;
    char *text;     /* of a topic that is one object */
    char *snapshot; /* made when asked for */
    char *delta;
};

struct topics {
    struct stream_sources sources;
    size_t instruments;
    struct topic topic[TOPIC_COUNT];
};

const char *topic_name(enum topic_id topic)
{
    return rows[topic].name;
}

enum topic_id topic_find(const char *name)
{
    enum topic_id topic = 0;

    while (topic < TOPIC_COUNT && strcmp(rows[topic].name, name) != 0)
        topic++;
    return topic;
}

bool topic_is_for(enum topic_id topic, const struct actor *actor)
{
    switch (rows[topic].needs) {
    case NEEDS_VIEWER:
        return actor->role >= ROLE_VIEWER;
    case NEEDS_RISK:
        return actor->role >= ROLE_RISK;
    case NEEDS_AUDIT:
        return actor->role >= ROLE_RISK || (actor->scopes & TOKEN_SCOPE_AUDIT_READ);
    }
    return false;
}

/* --- what a topic holds --- */

static json_t *items_object(json_t *items)
{
    return json_pack("{s:o}", "items", items);
}

static json_t *books_build(struct topics *topics)
{
    json_t *items = json_array();

    for (size_t i = 0; i < topics->instruments; i++)
        json_array_append_new(items, view_book(topics->sources.view, (uint16_t)i, BOOK_DEPTH));
    return items_object(items);
}

/* Whatever is open, however old, and the newest of the rest. */
static json_t *orders_build(struct view *view)
{
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

static json_t *fills_build(struct view *view)
{
    struct view_filter filter = {-1, -1, -1, 0, ITEMS_MAX};

    return view_fills(view, &filter);
}

static json_t *kill_build(struct view *view)
{
    json_t *receipts = view_receipts(view), *states = view_trading_states(view);
    json_t *whole = json_pack("{s:O, s:O}", "items", json_object_get(receipts, "items"), "states",
                              json_object_get(states, "items"));

    json_decref(receipts);
    json_decref(states);
    return whole;
}

static json_t *limits_build(const struct stream_sources *sources)
{
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

static json_t *strategies_build(const struct stream_sources *sources)
{
    json_t *items = json_array();
    uint16_t strategies = view_strategy_count(sources->view);

    for (uint16_t at = STRATEGY_MANUAL + 1; at < strategies; at++) {
        json_t *strategy = control_strategy(sources->control, at);

        json_object_del(strategy, "schema"); /* it never changes */
        json_array_append_new(items, strategy);
    }
    return items_object(items);
}

static json_t *audit_build(struct store *store)
{
    struct store_query query = {.limit = ITEMS_MAX};
    json_t *list = NULL;
    struct err err;

    return store_audit_query(store, &query, &list, &err) == OK ? list : NULL;
}

static json_t *topic_build(struct topics *topics, enum topic_id topic)
{
    const struct stream_sources *sources = &topics->sources;

    switch (topic) {
    case TOPIC_STATUS:
        return view_status(sources->view);
    case TOPIC_POSITIONS:
        return view_positions(sources->view);
    case TOPIC_ORDERS:
        return orders_build(sources->view);
    case TOPIC_FILLS:
        return fills_build(sources->view);
    case TOPIC_PNL:
        return view_pnl(sources->view);
    case TOPIC_BOOKS:
        return books_build(topics);
    case TOPIC_KILL:
        return kill_build(sources->view);
    case TOPIC_LIMITS:
        return limits_build(sources);
    case TOPIC_STRATEGIES:
        return strategies_build(sources);
    case TOPIC_APPROVALS:
        return control_approvals(sources->control, -1, 0, APPROVALS_MAX);
    case TOPIC_AUDIT:
        return audit_build(sources->store);
    case TOPIC_LATENCY:
        return view_latency(sources->view, false);
    case TOPIC_COUNT:
        break;
    }
    return NULL;
}

static uint64_t topic_version(const struct topics *topics, enum topic_id topic, uint64_t tick)
{
    struct view *view = topics->sources.view;

    switch (topic) {
    case TOPIC_POSITIONS:
        return view_version(view, VIEW_POSITIONS) + tick / AGES_TICKS;
    case TOPIC_ORDERS:
        return view_version(view, VIEW_ORDERS);
    case TOPIC_FILLS:
        return view_version(view, VIEW_FILLS);
    case TOPIC_PNL:
        return view_version(view, VIEW_PNL);
    case TOPIC_BOOKS:
        return view_version(view, VIEW_BOOKS) + tick / AGES_TICKS;
    case TOPIC_KILL:
        return view_version(view, VIEW_KILL);
    case TOPIC_LIMITS:
        return view_version(view, VIEW_LIMITS) + control_approvals_version(topics->sources.control);
    case TOPIC_STRATEGIES: /* open orders and PnL once a second */
        return view_version(view, VIEW_STRATEGIES) + view_version(view, VIEW_STATUS) +
               control_approvals_version(topics->sources.control);
    case TOPIC_APPROVALS:
        return control_approvals_version(topics->sources.control);
    case TOPIC_AUDIT:
        return store_audit_seq(topics->sources.store);
    case TOPIC_STATUS:
    case TOPIC_LATENCY:
    case TOPIC_COUNT:
        break;
    }
    return tick; /* it holds a clock */
}

/* --- what changed --- */

static void key_print(const json_t *item, const char *key, char out[96])
{
    const json_t *value = json_object_get(item, key);

    if (json_is_integer(value))
        snprintf(out, 96, "%lld", (long long)json_integer_value(value));
    else
        snprintf(out, 96, "%s", json_is_string(value) ? json_string_value(value) : "");
}

/* The items whose text is not the one seen before; *seen then holds the texts of now. */
static json_t *changed_items(const json_t *items, const char *key, json_t **seen)
{
    json_t *changed = json_array(), *now = json_object(), *item;
    char name[96];
    size_t i;

    json_array_foreach(items, i, item)
    {
        char *text = json_dumps(item, JSON_COMPACT);
        const char *before;
        if (!text)
            continue;
        key_print(item, key, name);
        before = json_string_value(json_object_get(*seen, name));
        if (!before || strcmp(before, text) != 0)
            json_array_append(changed, item);
        json_object_set_new(now, name, json_string_nocheck(text));
        free(text);
    }
    json_decref(*seen);
    *seen = now;
    return changed;
}

static json_t *keys_of(const json_t *items, const char *key)
{
    json_t *keys = json_object(), *item;
    char name[96];
    size_t i;

    json_array_foreach(items, i, item)
    {
        key_print(item, key, name);
        json_object_set_new(keys, name, json_true());
    }
    return keys;
}

/* The order as the view knows it, when that is not what was sent last; else NULL. */
static json_t *order_untold(struct view *view, const char *id, const char *told)
{
    uint64_t order_id;
    json_t *order = order_id_parse(id, &order_id) ? view_order(view, order_id) : NULL;
    char *text = order ? json_dumps(order, JSON_COMPACT) : NULL;

    if (!text || strcmp(text, told) == 0) {
        json_decref(order);
        order = NULL;
    }
    free(text);
    return order;
}

/* An order that ends when it is older than the newest ones is in no list any more: its end is told
 * once all the same, or it would work for ever on the page of whoever has seen it open. */
static void add_departed_orders(struct topic *topic, struct view *view)
{
    json_t *items = json_object_get(topic->data, "items"), *told;
    json_t *listed = keys_of(items, rows[TOPIC_ORDERS].key);
    const char *id;

    json_object_foreach(topic->seen, id, told)
    {
        json_t *order =
            json_object_get(listed, id) ? NULL : order_untold(view, id, json_string_value(told));

        if (order)
            json_array_append_new(items, order);
    }
    json_decref(listed);
}

static char *items_delta(struct topic *topic, enum topic_id id)
{
    json_t *delta = json_object();
    json_t *items =
        changed_items(json_object_get(topic->data, "items"), rows[id].key, &topic->seen);
    size_t count = json_array_size(items);
    char *text;

    json_object_set_new(delta, "items", items);
    if (id == TOPIC_KILL) {
        json_t *states =
            changed_items(json_object_get(topic->data, "states"), "scope", &topic->seen_states);
        count += json_array_size(states);
        json_object_set_new(delta, "states", states);
    }
    text = count ? json_dumps(delta, JSON_COMPACT) : NULL;
    json_decref(delta);
    return text;
}

static char *object_delta(struct topic *topic)
{
    char *text = json_dumps(topic->data, JSON_COMPACT);
    bool same = text && topic->text && strcmp(text, topic->text) == 0;

    free(topic->text);
    topic->text = text;
    return same || !text ? NULL : strdup(text);
}

static void topic_forget(struct topic *topic)
{
    json_decref(topic->data);
    json_decref(topic->seen);
    json_decref(topic->seen_states);
    free(topic->text);
    free(topic->snapshot);
    free(topic->delta);
    *topic = (struct topic){0};
}

static void topic_refresh(struct topics *topics, enum topic_id id, uint64_t version)
{
    struct topic *topic = &topics->topic[id];
    json_t *data = topic_build(topics, id);

    if (!data)
        return;
    json_decref(topic->data);
    free(topic->snapshot);
    topic->data = data;
    topic->snapshot = NULL;
    topic->version = version;
    topic->ts_ns = clock_real_ns();
    topic->built = true;
    if (id == TOPIC_ORDERS)
        add_departed_orders(topic, topics->sources.view);
    topic->delta = *rows[id].key ? items_delta(topic, id) : object_delta(topic);
}

void topics_tick(struct topics *topics, enum topic_id id, uint64_t tick, bool wanted, bool now)
{
    struct topic *topic = &topics->topic[id];
    uint64_t version;

    if (!wanted) {
        if (topic->built)
            topic_forget(topic);
        return;
    }
    free(topic->delta);
    topic->delta = NULL;
    if (tick % rows[id].ticks != 0 && !(now && !topic->built))
        return;
    version = topic_version(topics, id, tick);
    if (!topic->built || version != topic->version)
        topic_refresh(topics, id, version);
}

const char *topics_delta(const struct topics *topics, enum topic_id topic)
{
    return topics->topic[topic].delta;
}

const char *topics_snapshot(struct topics *topics, enum topic_id id)
{
    struct topic *topic = &topics->topic[id];

    if (!topic->snapshot && topic->data) {
        json_object_del(topic->data, "next"); /* a page's, not a stream's */
        topic->snapshot = json_dumps(topic->data, JSON_COMPACT);
    }
    return topic->snapshot;
}

int64_t topics_ts_ns(const struct topics *topics, enum topic_id topic)
{
    return topics->topic[topic].ts_ns;
}

enum status topics_open(struct topics **out, const struct stream_sources *sources, struct err *err)
{
    struct topics *topics = calloc(1, sizeof *topics);
    json_t *instruments;

    if (!topics)
        return err_set(err, ERR_INTERNAL, "out of memory");
    topics->sources = *sources;
    instruments = view_instruments(sources->view);
    topics->instruments = json_array_size(json_object_get(instruments, "items"));
    json_decref(instruments);
    *out = topics;
    return OK;
}

void topics_close(struct topics *topics)
{
    for (int i = 0; topics && i < TOPIC_COUNT; i++)
        topic_forget(&topics->topic[i]);
    free(topics);
}
