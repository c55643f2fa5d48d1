/* Execution ids that were booked, so that each counts once.
 *
 * Remembers the newest FILL_SET_KEPT of them per engine: open addressing with backward-shift
 * delete, and a queue that says which is the oldest. Engine thread; a few ns. */
#ifndef PITWALL_OMS_FILL_SET_H
#define PITWALL_OMS_FILL_SET_H

#include <stdbool.h>
#include <stdint.h>

enum { FILL_SET_KEPT = 16384, FILL_SET_SLOTS = 4 * FILL_SET_KEPT };

struct fill_key {
    uint64_t exec_id;
    uint64_t venue; /* number + 1; 0: empty */
};

struct fill_set {
    uint32_t next, count;
    struct fill_key queue[FILL_SET_KEPT];
    struct fill_key slot[FILL_SET_SLOTS];
};

bool fill_set_has(const struct fill_set *set, uint16_t venue, uint64_t exec_id);
/* True when it was not there; it is afterwards. */
bool fill_set_add(struct fill_set *set, uint16_t venue, uint64_t exec_id);

#endif
