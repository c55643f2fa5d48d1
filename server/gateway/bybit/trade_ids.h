/* Which trades have been seen: the newest few thousand of an instrument, so that a copy by the
 * other connection is known. Two sets; when the newer is full the older is forgotten.
 * One thread. */
#ifndef PITWALL_GATEWAY_BYBIT_TRADE_IDS_H
#define PITWALL_GATEWAY_BYBIT_TRADE_IDS_H

#include <stdbool.h>
#include <stdint.h>

enum { TRADE_IDS_SLOTS = 8192, TRADE_IDS_MAX = 4096 };

struct trade_ids {
    uint32_t newer, used;
    uint64_t slot[2][TRADE_IDS_SLOTS]; /* 0: empty */
};

/* True: not seen among the newest 4,096 at least; it is from now on. */
bool trade_ids_add(struct trade_ids *ids, uint64_t id);

#endif
