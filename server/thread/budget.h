/* So many a second, of one and of all: what bounds how often something is put on record, so that a
 * flood of it pushes nothing else out, and one who floods hides nobody. Any thread; no lock. */
#ifndef PITWALL_THREAD_BUDGET_H
#define PITWALL_THREAD_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_ROWS = 256 };

/* All zero is unspent. Each cell is a second, and in its lower 16 bits what was spent in it. */
struct budget {
    _Atomic uint64_t all, of[BUDGET_ROWS]; /* those who share a row share what one may spend */
};

/* One more at `now_ns` (any clock, always the same); false: that was too many. `who`: fair_who().
 * Both bounds are below 65535. */
bool budget_spend(struct budget *budget, uint64_t who, int64_t now_ns, uint32_t most_of_one,
                  uint32_t most);

#endif
