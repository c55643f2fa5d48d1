/* The stream's topics: their newest data as text, and what changed since the tick before.
 *
 * Stream thread only. A topic is built while somebody subscribes to it, at most once a tick and
 * only when its version moved (ages of books and positions are refreshed twice a second besides).
 * A topic of items remembers each item's text by its key; a delta holds the items whose text
 * changed; an order that has left the list is told once more when it has ended since. Cost: one
 * JSON object of the view, about 1 ms for 200 orders. */
#ifndef PITWALL_STREAM_TOPICS_H
#define PITWALL_STREAM_TOPICS_H

#include "stream/stream.h"

enum topic_id {
#define TOPIC(ID, ...) TOPIC_##ID,
#include "tables/topics.def"
#undef TOPIC
    TOPIC_COUNT
};

struct topics;

enum status topics_open(struct topics **topics, const struct stream_sources *sources,
                        struct err *err);
void topics_close(struct topics *topics);

const char *topic_name(enum topic_id topic);
enum topic_id topic_find(const char *name); /* TOPIC_COUNT: there is none of that name */
bool topic_is_for(enum topic_id topic, const struct actor *actor);

/* Looks at a topic. `wanted` false: nobody subscribes, forget it. `now` true: a subscriber waits,
 * do not wait for the topic's own tick. */
void topics_tick(struct topics *topics, enum topic_id topic, uint64_t tick, bool wanted, bool now);

/* JSON text of the data; valid until the next topics_tick of the topic. NULL: no change. */
const char *topics_delta(const struct topics *topics, enum topic_id topic);
/* NULL: could not be built. */
const char *topics_snapshot(struct topics *topics, enum topic_id topic);
int64_t topics_ts_ns(const struct topics *topics, enum topic_id topic);

#endif
