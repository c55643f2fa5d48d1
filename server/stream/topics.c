#include "stream/builders.h"

#include "thread/clock.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_PAGES_PER_TICK = 8, RETRY_TICKS = 10 };

static const struct topic_row {
    const char *name, *key;
    uint32_t ticks;
    enum channel_kind kind;
    enum { NEEDS_VIEWER, NEEDS_RISK, NEEDS_AUDIT } needs;
} rows[TOPIC_COUNT] = {
#define TOPIC(ID, title, sort, member, every, who, says)                                           \
    {.name = #title, .key = member, .ticks = every, .kind = CHANNEL_##sort, .needs = NEEDS_##who},
#include "tables/topics.def"
#undef TOPIC
};

struct topic {
    enum topic_id id;
    struct topics *topics;
    struct channel channel;
    bool built;
    bool behind; /* a log of which more waits to be told */
    uint64_t version;
    uint64_t retry_tick; /* not looked at before, because a look failed */
    int64_t ts_ns;
    json_t *data; /* the newest whole; of a log: not held */
    json_t *seen; /* key -> text of each item last sent; of states in "states" apart */
    json_t *seen_states;
    char *text;    /* of a topic that is one object */
    char *whole;   /* as last asked for */
    uint64_t upto; /* of a log: the newest item told */
};

struct topics {
    struct stream_sources sources;
    size_t instruments;
    uint64_t tick;
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

/* {"items":[..]} of what changed; NULL: nothing. */
static char *items_delta(struct topic *topic)
{
    json_t *delta = json_object();
    json_t *items =
        changed_items(json_object_get(topic->data, "items"), rows[topic->id].key, &topic->seen);
    size_t count = json_array_size(items);
    char *text;

    json_object_set_new(delta, "items", items);
    if (topic->id == TOPIC_KILL) {
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

/* --- a look at a topic --- */

static struct topic_source source_of(const struct topic *topic)
{
    return (struct topic_source){.sources = &topic->topics->sources,
                                 .instruments = topic->topics->instruments,
                                 .tick = topic->topics->tick,
                                 .upto = INT64_MAX};
}

static bool say(struct topic *topic, char *delta)
{
    topic->ts_ns = clock_real_ns();
    if (delta)
        channel_say(&topic->channel, topic->ts_ns, delta);
    free(delta);
    return true;
}

static bool whole_look(struct topic *topic)
{
    struct topic_source from = source_of(topic);
    json_t *data = topic_build(topic->id, &from);

    if (!data)
        return false;
    json_decref(topic->data);
    topic->data = data;
    channel_renew(&topic->channel); /* what has left the list changes no item */
    if (topic->id == TOPIC_ORDERS)
        add_departed_orders(topic, topic->topics->sources.view);
    return say(topic, *rows[topic->id].key ? items_delta(topic) : object_delta(topic));
}

static uint64_t newest_seq(const json_t *items)
{
    return (uint64_t)json_integer_value(json_object_get(json_array_get(items, 0), "seq"));
}

/* Where a log begins for us: what is older is in the snapshot. */
static bool log_begin(struct topic *topic)
{
    struct topic_source from = source_of(topic);
    json_t *data = topic_build(topic->id, &from);

    if (!data)
        return false;
    topic->upto = newest_seq(json_object_get(data, "items"));
    json_decref(data);
    return say(topic, NULL);
}

/* Tells a page. *more: another one waits. */
static bool log_page(struct topic *topic, bool *more)
{
    struct topic_source from = source_of(topic);
    bool lost = false;
    json_t *items = topic_log_after(topic->id, &from, topic->upto, more, &lost), *delta;

    if (!items)
        return false;
    if (lost)
        channel_gap(&topic->channel);
    if (json_array_size(items) == 0) {
        json_decref(items);
        return true;
    }
    topic->upto = newest_seq(items);
    delta = json_pack("{s:o}", "items", items);
    say(topic, json_dumps(delta, JSON_COMPACT));
    json_decref(delta);
    return true;
}

static bool log_look(struct topic *topic)
{
    bool told = topic->built || log_begin(topic);

    topic->behind = topic->built;
    for (int pages = 0; told && topic->behind && pages < LOG_PAGES_PER_TICK; pages++)
        told = log_page(topic, &topic->behind);
    return told;
}

static void look(struct topic *topic, uint64_t version)
{
    if (topic_is_log(topic->id) ? log_look(topic) : whole_look(topic)) {
        topic->built = true;
        topic->version = version;
    } else {
        topic->retry_tick = topic->topics->tick + RETRY_TICKS;
    }
}

void topics_tick(struct topics *topics, enum topic_id id, uint64_t tick, bool now)
{
    struct topic *topic = &topics->topic[id];
    struct topic_source from;
    uint64_t version;

    topics->tick = tick;
    if (tick < topic->retry_tick || (tick % rows[id].ticks != 0 && !(now && !topic->built)))
        return;
    from = source_of(topic);
    version = topic_version(id, &from);
    if (!topic->built || topic->behind || version != topic->version)
        look(topic, version);
}

struct channel *topics_channel(struct topics *topics, enum topic_id topic)
{
    return &topics->topic[topic].channel;
}

/* What channel_snapshot asks for: as of the newest frame, not of now. */
static const char *topic_whole(void *ctx, int64_t *ts_ns)
{
    struct topic *topic = ctx;
    struct topic_source from = source_of(topic);
    json_t *data;

    if (!topic->built)
        return NULL;
    from.upto = topic->upto;
    data = topic_is_log(topic->id) ? topic_build(topic->id, &from) : json_incref(topic->data);
    free(topic->whole);
    topic->whole = data ? json_dumps(data, JSON_COMPACT) : NULL;
    json_decref(data);
    *ts_ns = topic->ts_ns;
    return topic->whole;
}

static bool topic_open(struct topics *topics, enum topic_id id, int64_t real_ns)
{
    struct topic *topic = &topics->topic[id];

    topic->id = id;
    topic->topics = topics;
    if (!channel_open(&topic->channel, rows[id].name, rows[id].kind, real_ns))
        return false;
    topic->channel.whole = topic_whole;
    topic->channel.ctx = topic;
    return true;
}

static void topic_close(struct topic *topic)
{
    channel_close(&topic->channel);
    json_decref(topic->data);
    json_decref(topic->seen);
    json_decref(topic->seen_states);
    free(topic->text);
    free(topic->whole);
}

enum status topics_open(struct topics **out, const struct stream_sources *sources, struct err *err)
{
    struct topics *topics = calloc(1, sizeof *topics);
    int64_t real_ns = clock_real_ns();
    json_t *instruments;

    if (!topics)
        return err_set(err, ERR_INTERNAL, "out of memory");
    topics->sources = *sources;
    for (int id = 0; id < TOPIC_COUNT; id++)
        if (!topic_open(topics, (enum topic_id)id, real_ns)) {
            topics_close(topics);
            return err_set(err, ERR_INTERNAL, "out of memory");
        }
    instruments = view_instruments(sources->view);
    topics->instruments = json_array_size(json_object_get(instruments, "items"));
    json_decref(instruments);
    *out = topics;
    return OK;
}

void topics_close(struct topics *topics)
{
    for (int id = 0; topics && id < TOPIC_COUNT; id++)
        topic_close(&topics->topic[id]);
    free(topics);
}
