/* Orders of the recent past, so that one that repeats another can be told.
 *
 * Remembers the RECENT_MAX different orders (strategy, instrument, side, price, size) that were
 * sent last, each with when it was last sent; for one more, that which was not repeated for longest
 * is forgotten. The message limit keeps a sane flow far below. Engine thread; a look and a note
 * cost a few ns, whatever repeats. */
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
    uint16_t next; /* of the same bucket; this and all links: place + 1, 0: none */
    uint16_t older, newer;
    int64_t sent_ns;
};

struct recent {
    uint32_t count;
    uint16_t oldest, newest;
    uint16_t bucket[RECENT_BUCKETS];
    struct recent_entry entry[RECENT_MAX];
};

_Static_assert(RECENT_MAX < UINT16_MAX, "a link holds a place + 1");

/* How long ago an equal order was sent; INT64_MAX: none is remembered. */
int64_t recent_age_ns(const struct recent *recent, const struct recent_order *order,
                      int64_t now_ns);
void recent_note(struct recent *recent, const struct recent_order *order, int64_t now_ns);

#endif
