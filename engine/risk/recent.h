/* Orders of the recent past, so that one that repeats another can be told.
 *
 * Remembers the newest RECENT_MAX new orders by strategy, instrument, side, price and size, and
 * when each was last sent. Beyond that the oldest is forgotten; the message limit keeps a sane flow
 * far below. Engine thread; a look and a note cost a few ns. */
#ifndef PITWALL_RISK_RECENT_H
#define PITWALL_RISK_RECENT_H

#include <stdint.h>

enum { RECENT_MAX = 4096, RECENT_BUCKETS = 4096 };

struct recent_order {
    int64_t price_ticks, qty_lots;
    uint16_t strategy, instrument;
    uint8_t side;
};

struct recent_entry {
    struct recent_order order;
    int64_t sent_ns;
    uint32_t older; /* of the same bucket: place + 1; 0: none */
};

struct recent {
    uint64_t noted;
    uint32_t bucket[RECENT_BUCKETS]; /* place + 1; 0: none */
    struct recent_entry entry[RECENT_MAX];
};

/* How long ago an equal order was sent; INT64_MAX: none is remembered. */
int64_t recent_age_ns(const struct recent *recent, const struct recent_order *order,
                      int64_t now_ns);
void recent_note(struct recent *recent, const struct recent_order *order, int64_t now_ns);

#endif
