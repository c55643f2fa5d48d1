/* Turns: one thread for what hashes a password or changes who may do what (rows that say ACCESS).
 *
 * A hash takes 60 ms and 64 MiB, so there is one at a time, apart from the worker pool: a flood of
 * log-ins costs neither memory nor the audit's queries their turn. The queue is fair: whoever has
 * fewer waiting goes first, so that a person waits for one of a flooder's tries and not for all of
 * them. Of strangers 16 may wait, 4 of one address; as many places again are for those already
 * known (a session's writes and its confirmation), so that no stranger can take them. */
#ifndef PITWALL_API_TURNS_H
#define PITWALL_API_TURNS_H

#include "engine.h"

enum { TURNS_MAX = 16, TURNS_OF_ONE = 4 };
enum turn { TURN_TAKEN, TURN_SHARE_FULL, TURN_ALL_FULL };

struct turns;

enum status turns_open(struct turns **turns, struct err *err);
/* Any thread. `who` is an address, or, when known, a name. Unless TURN_TAKEN `run` will not be
 * called. */
enum turn turns_submit(struct turns *turns, const char *who, bool is_known, void (*run)(void *job),
                       void *job);
/* Runs what is queued, then joins; more is refused. Main thread; as often as one likes. */
void turns_stop(struct turns *turns);
void turns_close(struct turns *turns);

/* Tells askers apart, here and in workers.h; never 0. */
uint64_t turns_who(const char *who, bool is_known);

/* The queue by itself; not locked. */
struct turn_queue {
    struct turn_row {
        void (*run)(void *job);
        void *job;
        uint64_t who, turn, order;
        bool is_known;
    } row[2 * TURNS_MAX];
    uint32_t count;
    uint64_t turn, order; /* of the last one taken; counter */
};

enum turn turn_queue_put(struct turn_queue *queue, const char *who, bool is_known,
                         void (*run)(void *job), void *job);
/* False: nothing waits. */
bool turn_queue_take(struct turn_queue *queue, struct turn_row *row);

#endif
