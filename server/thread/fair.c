#include "thread/fair.h"

#include <assert.h>
#include <string.h>

uint64_t fair_who(const char *text, bool is_known)
{
    uint64_t hash = 0xcbf29ce484222325ULL + is_known;

    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
    return hash != FAIR_NOBODY ? hash : 1;
}

static enum place place_for(const struct fair_queue *queue, uint32_t kind, uint64_t who)
{
    uint32_t alike = 0, own = 0;

    for (uint32_t at = 0; at < queue->count; at++)
        if (queue->row[at].kind == kind) {
            alike++;
            own += queue->row[at].who == who;
        }
    if (alike >= queue->kind[kind].places)
        return PLACE_ALL_FULL;
    return own < queue->kind[kind].share ? PLACE_TAKEN : PLACE_SHARE_FULL;
}

/* The next of this asker: never before one that waits already, though others' turns have passed. */
static uint64_t turn_for(const struct fair_queue *queue, uint32_t kind, uint64_t who)
{
    uint64_t after = queue->turn;
    uint32_t own = 0;

    if (queue->kind[kind].goes_first)
        return 0;
    for (uint32_t at = 0; at < queue->count; at++)
        if (queue->row[at].who == who) {
            own++;
            if (queue->row[at].turn > after)
                after = queue->row[at].turn;
        }
    return (queue->turn + own > after ? queue->turn + own : after) + 1;
}

enum place fair_put(struct fair_queue *queue, uint32_t kind, uint64_t who, void (*run)(void *job),
                    void *job)
{
    enum place place;
    uint64_t turn;

    assert(kind < FAIR_KINDS);
    place = place_for(queue, kind, who);
    if (place != PLACE_TAKEN)
        return place;
    assert(queue->count < FAIR_PLACES_MAX);
    turn = turn_for(queue, kind, who);
    queue->row[queue->count++] =
        (struct fair_job){.run = run, .job = job, .who = who, .turn = turn, .kind = kind};
    return PLACE_TAKEN;
}

bool fair_take(struct fair_queue *queue, bool (*may)(const void *ctx, const struct fair_job *job),
               const void *ctx, struct fair_job *job)
{
    uint32_t first = queue->count;

    for (uint32_t at = 0; at < queue->count; at++)
        if ((first == queue->count || queue->row[at].turn < queue->row[first].turn) &&
            (!may || may(ctx, &queue->row[at])))
            first = at;
    if (first == queue->count)
        return false;
    *job = queue->row[first];
    queue->count--;
    memmove(&queue->row[first], &queue->row[first + 1], (queue->count - first) * sizeof *job);
    /* Who comes again now comes after those who have waited through this turn. */
    if (job->turn > queue->turn)
        queue->turn = job->turn;
    return true;
}
