#include "api/workers.h"

#include "thread/thread.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 2 };

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool closing;
    uint32_t head, count, queue; /* of jobs: the first, how many, how many at most */
    struct {
        void (*run)(void *job);
        void *job;
    } jobs[WORKERS_QUEUE_MAX];
    uint32_t threads;
    pthread_t thread[WORKERS];
    char name[WORKERS][16];
};

/* Waits for a job; false: closing and nothing left. */
static bool job_take(struct workers *workers, void (**run)(void *), void **job)
{
    bool found;

    pthread_mutex_lock(&workers->lock);
    while (workers->count == 0 && !workers->closing)
        pthread_cond_wait(&workers->work, &workers->lock);
    found = workers->count > 0;
    if (found) {
        *run = workers->jobs[workers->head].run;
        *job = workers->jobs[workers->head].job;
        workers->head = (workers->head + 1) % WORKERS_QUEUE_MAX;
        workers->count--;
    }
    pthread_mutex_unlock(&workers->lock);
    return found;
}

static void *worker_body(void *ctx)
{
    void (*run)(void *);
    void *job;

    while (job_take(ctx, &run, &job))
        run(job);
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

        (void)snprintf(workers->name[at], sizeof workers->name[at], "%.14s%u", name, at % 10);
        status = thread_start(&workers->thread[at], workers->name[at], false, IDLE_PARK,
                              worker_body, workers, err);
        workers->threads += status == OK;
    }
    if (status != OK) {
        workers_close(workers);
        return status;
    }
    *out = workers;
    return OK;
}

bool workers_submit(struct workers *workers, void (*run)(void *job), void *job)
{
    bool taken;

    pthread_mutex_lock(&workers->lock);
    taken = !workers->closing && workers->count < workers->queue;
    if (taken) {
        uint32_t at = (workers->head + workers->count++) % WORKERS_QUEUE_MAX;
        workers->jobs[at].run = run;
        workers->jobs[at].job = job;
        pthread_cond_signal(&workers->work);
    }
    pthread_mutex_unlock(&workers->lock);
    return taken;
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
        pthread_join(workers->thread[i], NULL);
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
