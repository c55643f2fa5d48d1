/* A bounded queue of jobs in which one asker's many do not delay another's few. Not locked.
 *
 * Somebody's n-th waiting job has the n-th turn from now, whatever others have queued before, and
 * is never taken before an earlier one of the same asker. A job is of one of two kinds, which have
 * places of their own; of those of a kind one asker's waiting jobs take at most a share. */
#ifndef PITWALL_THREAD_FAIR_H
#define PITWALL_THREAD_FAIR_H

#include <stdbool.h>
#include <stdint.h>

enum { FAIR_KINDS = 2, FAIR_PLACES_MAX = 384, FAIR_NOBODY = 0 };
enum place { PLACE_TAKEN, PLACE_SHARE_FULL, PLACE_ALL_FULL };

struct fair_kind {
    uint32_t places, share; /* share >= places: one asker may take all */
    bool goes_first;        /* before all that do not, in the order in which they came */
};

struct fair_job {
    void (*run)(void *job);
    void *job;
    uint64_t who, turn;
    uint32_t kind;
};

/* All zero but for the kinds is empty. */
struct fair_queue {
    struct fair_kind kind[FAIR_KINDS];    /* together at most FAIR_PLACES_MAX places */
    struct fair_job row[FAIR_PLACES_MAX]; /* in the order in which they came */
    uint32_t count;
    uint64_t turn; /* the last one taken */
};

/* Tells askers apart by a name or an address, which do not meet; never FAIR_NOBODY. */
uint64_t fair_who(const char *text, bool is_known);
/* Unless PLACE_TAKEN `run` will not be called. Linear in what waits. */
enum place fair_put(struct fair_queue *queue, uint32_t kind, uint64_t who, void (*run)(void *job),
                    void *job);
/* Takes the next, of those that `may` go (NULL: all). False: there is none. Linear likewise. */
bool fair_take(struct fair_queue *queue, bool (*may)(const void *ctx, const struct fair_job *job),
               const void *ctx, struct fair_job *job);

#endif
