#include "api/workers.h"

#include "thread/thread.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2 };

struct job {
    void (*run)(void *job);
    void *job;
    uint64_t who;
};

struct worker {
    struct workers *workers;
    pthread_t thread;
    char name[16];
    uint64_t who; /* whose job it runs; WORKERS_FOR_NOBODY: nobody's, or none */
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool closing;
    uint32_t count, queue; /* of jobs: how many wait, how many may */
    struct job jobs[WORKERS_QUEUE_MAX];
    uint32_t threads;
    struct worker worker[WORKERS];
};

static uint32_t running_of(const struct workers *workers, uint64_t who)
{
    uint32_t running = 0;

    for (uint32_t i = 0; i < WORKERS; i++)
        running += workers->worker[i].who == who;
    return running;
}

/* The first whose asker has no other running; when it is closing, the first. `count`: none. */
static uint32_t job_find(const struct workers *workers)
{
    uint32_t at = 0;

    if (workers->closing)
        return 0;
    while (at < workers->count && workers->jobs[at].who != WORKERS_FOR_NOBODY &&
           running_of(workers, workers->jobs[at].who) > 0)
        at++;
    return at;
}

/* Waits for a job; false: closing and nothing left. */
static bool job_take(struct worker *worker, struct job *job)
{
    struct workers *workers = worker->workers;
    uint32_t at;
    bool found;

    pthread_mutex_lock(&workers->lock);
    worker->who = WORKERS_FOR_NOBODY;
    while ((at = job_find(workers)) == workers->count && !workers->closing)
        pthread_cond_wait(&workers->work, &workers->lock);
    found = at < workers->count;
    if (found) {
        *job = workers->jobs[at];
        worker->who = job->who;
        workers->count--;
        memmove(&workers->jobs[at], &workers->jobs[at + 1], (workers->count - at) * sizeof *job);
    }
    pthread_mutex_unlock(&workers->lock);
    return found;
}

static void *worker_body(void *ctx)
{
    struct job job;

    while (job_take(ctx, &job))
        job.run(job.job);
    return NULL;
}

enum status workers_open(struct workers **out, const char *name, uint32_t queue, struct err *err)
{
    struct workers *workers = calloc(1, sizeof *workers);
    enum status status = OK;

    if (!workers)
        return err_set(err, ERR_INTERNAL, "out of memory");
    assert(queue <= WORKERS_QUEUE_MAX);
    workers->queue = queue;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work, NULL);
    while (status == OK && workers->threads < WORKERS) {
        uint32_t at = workers->threads;
        struct worker *worker = &workers->worker[at];

        worker->workers = workers;
        (void)snprintf(worker->name, sizeof worker->name, "%.14s%u", name, at % 10);
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

static bool share_is_full(const struct workers *workers, uint64_t who)
{
    uint32_t own = running_of(workers, who);

    for (uint32_t i = 0; i < workers->count; i++)
        own += workers->jobs[i].who == who;
    return who != WORKERS_FOR_NOBODY && own >= workers->queue / 2;
}

enum worker_place workers_submit(struct workers *workers, uint64_t who, void (*run)(void *job),
                                 void *job)
{
    enum worker_place place = PLACE_TAKEN;

    pthread_mutex_lock(&workers->lock);
    if (workers->closing || workers->count >= workers->queue)
        place = PLACE_ALL_FULL;
    else if (share_is_full(workers, who))
        place = PLACE_SHARE_FULL;
    if (place == PLACE_TAKEN) {
        workers->jobs[workers->count++] = (struct job){.run = run, .job = job, .who = who};
        pthread_cond_signal(&workers->work);
    }
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
