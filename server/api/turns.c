#include "api/turns.h"

#include "thread/thread.h"

#include <stdlib.h>

struct turns {
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool closing, started;
    pthread_t thread;
    struct turn_queue queue;
};

/* ------------------------------------------------------------------------------- the queue */

uint64_t turns_who(const char *who, bool is_known)
{
    uint64_t hash = 0xcbf29ce484222325ULL + is_known;

    for (; *who != '\0'; who++)
        hash = (hash ^ (uint8_t)*who) * 0x100000001b3ULL;
    return hash != 0 ? hash : 1;
}

/* Somebody's n-th waiting job has the n-th turn from now, whatever others have queued before. */
enum turn turn_queue_put(struct turn_queue *queue, const char *who, bool is_known,
                         void (*run)(void *job), void *job)
{
    uint64_t key = turns_who(who, is_known);
    uint64_t after = 0; /* those of his that wait already */
    uint32_t own = 0, alike = 0;

    for (uint32_t i = 0; i < queue->count; i++) {
        own += queue->row[i].who == key;
        alike += queue->row[i].is_known == is_known;
        if (queue->row[i].who == key && queue->row[i].turn >= after)
            after = queue->row[i].turn + 1;
    }
    if (own >= TURNS_OF_ONE)
        return TURN_SHARE_FULL;
    if (alike >= TURNS_MAX)
        return TURN_ALL_FULL;
    queue->row[queue->count++] =
        (struct turn_row){.run = run,
                          .job = job,
                          .who = key,
                          .turn = queue->turn + own > after ? queue->turn + own : after,
                          .order = queue->order++,
                          .is_known = is_known};
    return TURN_TAKEN;
}

static bool goes_first(const struct turn_row *row, const struct turn_row *other)
{
    return row->turn != other->turn ? row->turn < other->turn : row->order < other->order;
}

bool turn_queue_take(struct turn_queue *queue, struct turn_row *row)
{
    uint32_t first = 0;

    if (queue->count == 0)
        return false;
    for (uint32_t i = 1; i < queue->count; i++)
        if (goes_first(&queue->row[i], &queue->row[first]))
            first = i;
    *row = queue->row[first];
    queue->row[first] = queue->row[--queue->count];
    /* Who comes again now comes after those who have waited through this turn. */
    if (row->turn >= queue->turn)
        queue->turn = row->turn + 1;
    return true;
}

/* ------------------------------------------------------------------------------ the thread */

static bool wait_for_turn(struct turns *turns, struct turn_row *row)
{
    bool found;

    pthread_mutex_lock(&turns->lock);
    while (turns->queue.count == 0 && !turns->closing)
        pthread_cond_wait(&turns->work, &turns->lock);
    found = turn_queue_take(&turns->queue, row);
    pthread_mutex_unlock(&turns->lock);
    return found;
}

static void *turns_body(void *ctx)
{
    struct turn_row row;

    while (wait_for_turn(ctx, &row))
        row.run(row.job);
    return NULL;
}

enum status turns_open(struct turns **out, struct err *err)
{
    struct turns *turns = calloc(1, sizeof *turns);
    enum status status;

    if (!turns)
        return err_set(err, ERR_INTERNAL, "out of memory");
    pthread_mutex_init(&turns->lock, NULL);
    pthread_cond_init(&turns->work, NULL);
    status = thread_start(&turns->thread, "access", false, IDLE_PARK, turns_body, turns, err);
    turns->started = status == OK;
    if (status != OK) {
        turns_close(turns);
        return status;
    }
    *out = turns;
    return OK;
}

enum turn turns_submit(struct turns *turns, const char *who, bool is_known, void (*run)(void *job),
                       void *job)
{
    enum turn turn = TURN_ALL_FULL;

    pthread_mutex_lock(&turns->lock);
    if (!turns->closing)
        turn = turn_queue_put(&turns->queue, who, is_known, run, job);
    if (turn == TURN_TAKEN)
        pthread_cond_signal(&turns->work);
    pthread_mutex_unlock(&turns->lock);
    return turn;
}

void turns_stop(struct turns *turns)
{
    if (!turns)
        return;
    pthread_mutex_lock(&turns->lock);
    turns->closing = true;
    pthread_cond_broadcast(&turns->work);
    pthread_mutex_unlock(&turns->lock);
    if (turns->started)
        pthread_join(turns->thread, NULL);
    turns->started = false;
}

void turns_close(struct turns *turns)
{
    if (!turns)
        return;
    turns_stop(turns);
    pthread_cond_destroy(&turns->work);
    pthread_mutex_destroy(&turns->lock);
    free(turns);
}
