#include "control/jobs.h"

#include <string.h>

static uint32_t waiting_of(const struct jobs *jobs, uint64_t who)
{
    uint32_t own = 0;

    for (uint32_t at = 0; at < jobs->count; at++)
        own += jobs->row[at].who == who;
    return own;
}

static enum job_place place_for(const struct jobs *jobs, uint64_t who, uint32_t own)
{
    if (who == JOBS_FOR_NOBODY)
        return own < JOBS_OWN_MAX ? JOB_TAKEN : JOB_ALL_FULL;
    if (own >= JOBS_OF_ONE)
        return JOB_SHARE_FULL;
    return jobs->count - waiting_of(jobs, JOBS_FOR_NOBODY) < JOBS_MAX ? JOB_TAKEN : JOB_ALL_FULL;
}

/* The next of this asker: never before one that waits already, though others' turns have passed. */
static uint64_t turn_for(const struct jobs *jobs, uint64_t who, uint32_t own)
{
    uint64_t turn = jobs->turn + 1 + own;

    if (who == JOBS_FOR_NOBODY)
        return 0;
    for (uint32_t at = 0; at < jobs->count; at++)
        if (jobs->row[at].who == who && jobs->row[at].turn >= turn)
            turn = jobs->row[at].turn + 1;
    return turn;
}

enum job_place jobs_put(struct jobs *jobs, uint64_t who, void (*run)(void *job), void *job)
{
    uint32_t own = waiting_of(jobs, who);
    enum job_place place = place_for(jobs, who, own);

    if (place == JOB_TAKEN)
        jobs->row[jobs->count++] =
            (struct job){.run = run, .job = job, .who = who, .turn = turn_for(jobs, who, own)};
    return place;
}

bool jobs_take(struct jobs *jobs, struct job *job)
{
    uint32_t first = 0;

    if (jobs->count == 0)
        return false;
    for (uint32_t at = 1; at < jobs->count; at++)
        if (jobs->row[at].turn < jobs->row[first].turn)
            first = at;
    *job = jobs->row[first];
    jobs->count--;
    memmove(&jobs->row[first], &jobs->row[first + 1], (jobs->count - first) * sizeof *job);
    /* Who comes again now comes after those who have waited through this turn. */
    if (job->who != JOBS_FOR_NOBODY && job->turn > jobs->turn)
        jobs->turn = job->turn;
    return true;
}
