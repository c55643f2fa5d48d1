/* The stream's topics: a channel each, on which is said what has changed since the tick before.
 *
 * Stream thread only. A topic is looked at while somebody subscribes to it, at most once a tick and
 * only when its version moved (ages of books and positions are refreshed twice a second besides).
 * A topic of items remembers each item's text by its key; a delta holds the items whose text
 * changed; an order that has left the list is told once more when it has ended since. A log (fills,
 * audit) asks for what follows the newest item told, so that none is left out. Cost: one JSON
 * object of the view, about 1 ms for 200 orders. */
#ifndef PITWALL_STREAM_TOPICS_H
#define PITWALL_STREAM_TOPICS_H

#include "stream/channel.h"
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

/* Looks at a topic, and says on its channel what changed. `now` true: a subscriber waits, do not
 * wait for the topic's own tick. Called while somebody subscribes; what changes between is told at
 * the next look. */
void topics_tick(struct topics *topics, enum topic_id topic, uint64_t tick, bool now);
struct channel *topics_channel(struct topics *topics, enum topic_id topic);

#endif
