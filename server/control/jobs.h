/* What waits for the control thread. Not locked.
 *
 * A job takes the control thread some 20 ms (it waits for the disk), so whoever sends many at once
 * would keep others' cancels and tightenings from it. The queue is fair, like that of api/turns.h:
 * somebody's n-th waiting job has the n-th turn from now, whatever others have queued before, and
 * of one asker half of the places are taken at most. The program's own jobs go first, and have
 * places that nobody else takes, more than all alerts that may end in one look: a stop is never
 * turned away by a flood. */
#ifndef PITWALL_CONTROL_JOBS_H
#define PITWALL_CONTROL_JOBS_H

#include <stdbool.h>
#include <stdint.h>

enum { JOBS_MAX = 64, JOBS_OF_ONE = JOBS_MAX / 2, JOBS_OWN_MAX = 320, JOBS_FOR_NOBODY = 0 };
enum job_place { JOB_TAKEN, JOB_SHARE_FULL, JOB_ALL_FULL };

struct job {
    void (*run)(void *job);
    void *job;
    uint64_t who, turn;
};

/* In the order in which they came. */
struct jobs {
    struct job row[JOBS_MAX + JOBS_OWN_MAX];
    uint32_t count;
    uint64_t turn; /* of the last one taken */
};

/* `who` tells askers apart; JOBS_FOR_NOBODY: the program itself. Somebody's jobs run in the order
 * in which they came. */
enum job_place jobs_put(struct jobs *jobs, uint64_t who, void (*run)(void *job), void *job);
/* False: nothing waits. */
bool jobs_take(struct jobs *jobs, struct job *job);

#endif
