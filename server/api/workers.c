#include "api/workers.h"

#include "thread/thread.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    struct workers *workers;
    pthread_t thread;
    char name[16];
    uint64_t who; /* whose job it runs; FAIR_NOBODY: nobody's, or none */
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool closing;
    struct fair_queue jobs;
    uint32_t threads;
    struct worker worker[WORKERS_MAX];
};

/* Nobody has two jobs running; when it is closing, whatever waits may run. */
static bool may_run(const void *ctx, const struct fair_job *job)
{
    const struct workers *workers = ctx;

    for (uint32_t i = 0; i < WORKERS_MAX; i++)
        if (job->who != FAIR_NOBODY && workers->worker[i].who == job->who && !workers->closing)
            return false;
    return true;
}

/* Waits for a job; false: closing and nothing left. */
static bool job_take(struct worker *worker, struct fair_job *job)
{
    struct workers *workers = worker->workers;
    bool found;

    pthread_mutex_lock(&workers->lock);
    worker->who = FAIR_NOBODY;
    while (!(found = fair_take(&workers->jobs, may_run, workers, job)) && !workers->closing)
        pthread_cond_wait(&workers->work, &workers->lock);
    if (found)
        worker->who = job->who;
    pthread_mutex_unlock(&workers->lock);
    return found;
}

static void *worker_body(void *ctx)
{
    struct fair_job job;

    while (job_take(ctx, &job))
        job.run(job.job);
    return NULL;
}

enum status workers_open(struct workers **out, const char *name, uint32_t threads,
                         const struct fair_kind *kinds, uint32_t count, struct err *err)
{
    struct workers *workers = calloc(1, sizeof *workers);
    enum status status = OK;

    if (!workers)
        return err_set(err, ERR_INTERNAL, "out of memory");
    assert(threads <= WORKERS_MAX && count <= FAIR_KINDS);
    memcpy(workers->jobs.kind, kinds, count * sizeof *kinds);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work, NULL);
    while (status == OK && workers->threads < threads) {
        uint32_t at = workers->threads;
        struct worker *worker = &workers->worker[at];

        worker->workers = workers;
        if (threads > 1)
            (void)snprintf(worker->name, sizeof worker->name, "%.14s%u", name, at % 10);
        else
            (void)snprintf(worker->name, sizeof worker->name, "%.15s", name);
        status =
            thread_start(&worker->thread, worker->name, false, IDLE_PARK, worker_body, worker, err);
        workers->threads += status == OK;
    }
    if (status != OK) {
        workers_close(workers);
        return status;
    }
    *out = workers;
    return OK;
}

enum place workers_submit(struct workers *workers, uint32_t kind, uint64_t who,
                          void (*run)(void *job), void *job)
{
    enum place place = PLACE_ALL_FULL;

    pthread_mutex_lock(&workers->lock);
    if (!workers->closing)
        place = fair_put(&workers->jobs, kind, who, run, job);
    if (place == PLACE_TAKEN)
        pthread_cond_signal(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    return place;
}

void workers_stop(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    for (uint32_t i = 0; i < workers->threads; i++)
        pthread_join(workers->worker[i].thread, NULL);
    workers->threads = 0;
}

void workers_close(struct workers *workers)
{
    if (!workers)
        return;
    workers_stop(workers);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
