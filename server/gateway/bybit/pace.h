/* How often we may send orders: so many in any second, of which a share is kept for cancels.
 *
 * Plain arithmetic on times that the caller brings. A new order or an amend beyond its share is
 * refused, never queued: it would leave at a price of the past. A cancel waits. */
#ifndef PITWALL_GATEWAY_BYBIT_PACE_H
#define PITWALL_GATEWAY_BYBIT_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { BYBIT_PACE_MAX = 1024, BYBIT_PACE_KEPT_PERCENT = 30 };

struct bybit_pace {
    uint32_t most, kept;   /* in a second; of them for cancels alone, rounded up */
    uint64_t sent;         /* the newest `most` of them have their times below */
    int64_t held_until_ns; /* the venue said so */
    int64_t at_ns[BYBIT_PACE_MAX];
};

void bybit_pace_init(struct bybit_pace *pace, uint32_t most);
/* True: it may go now, and has been counted. */
bool bybit_pace_take(struct bybit_pace *pace, bool is_cancel, int64_t now_ns);
/* How many cancels may go now. */
uint32_t bybit_pace_room(const struct bybit_pace *pace, int64_t now_ns);
/* The venue refuses new orders until then; cancels have a budget of their own there. */
void bybit_pace_hold(struct bybit_pace *pace, int64_t until_ns);

#endif
