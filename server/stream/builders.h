/* What the topics hold: their data as JSON, by the rows of tables/topics.def.
 *
 * Stream thread. A build is one look at the view, the store or control, about 1 ms for 200 rows. */
#ifndef PITWALL_STREAM_BUILDERS_H
#define PITWALL_STREAM_BUILDERS_H

#include "stream/topics.h"

struct topic_source {
    const struct stream_sources *sources;
    size_t instruments;
    uint64_t tick;
    uint64_t upto; /* of a log: nothing after it; INT64_MAX: open */
};

/* The whole, a new reference; NULL: cannot be told now. */
json_t *topic_build(enum topic_id topic, const struct topic_source *from);
/* Moves whenever the whole has changed. */
uint64_t topic_version(enum topic_id topic, const struct topic_source *from);

/* Topics whose items never change and are numbered ("seq"): what follows a number is asked for, so
 * that nothing is left out however much happens between two looks. */
bool topic_is_log(enum topic_id topic);
enum { LOG_PAGE = 200 };
/* A log's items after `seq`, the newest first: all, or LOG_PAGE of them, the oldest, when `more`.
 * `lost`: some are kept no longer. NULL: cannot be told now. */
json_t *topic_log_after(enum topic_id topic, const struct topic_source *from, uint64_t seq,
                        bool *more, bool *lost);

#endif
