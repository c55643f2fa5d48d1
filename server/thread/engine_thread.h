/* The engine's thread: feeds the engine, and nothing else.
 *
 * A turn: the doorbell of the kill page; then, while the lane has room, commands, executions of
 * every gateway, and market updates of every gateway, in small batches, so that an execution never
 * waits behind a burst of updates; a timer every ms. The batch is shared out evenly: of one
 * gateway's flood a turn takes no more than its share, and the next gateway begins the next turn.
 * Of inline gateways an order leaves as soon as the step that sent it has returned. When the lane
 * has no room only kills are served, until the persister and the audit have caught up. `now` is the
 * real clock, or the gateway's virtual time at SPEED_MAX.
 *
 * When trading has stopped it says the final record: a STOP, behind everything else of the run.
 *
 * After start it makes no system call but the idling of its policy, and allocates nothing. */
#ifndef PITWALL_THREAD_ENGINE_THREAD_H
#define PITWALL_THREAD_ENGINE_THREAD_H

#include "gateway/gateway.h"
#include "thread/thread.h"

struct engine_thread {
    struct engine *engine;
    uint16_t gateways; /* only where there is one can its time be virtual */
    struct gateway *gateway[MAX_GATEWAYS];
    struct ring *executions[MAX_GATEWAYS], *market[MAX_GATEWAYS]; /* by gateway */
    bool inline_gateways;                                         /* polled here */
    struct kill_page *kill;
    struct ring *commands;
    struct histogram *step;          /* engine_market() of each depth update */
    struct histogram *tick_to_order; /* receive stamp of the update to the order on the ring */
    enum idle idle;
    int64_t step_budget_ns;   /* of one market step: a strategy that uses it up is disabled */
    _Atomic int64_t *beat_ns; /* monotonic, of the latest turn: what health looks at */
};

/* Time-stamp counter ticks to ns: a factor of 2^-32 ns a tick, measured once at start. */
struct engine_tsc {
    uint64_t factor;
};

/* What one turn leaves for the next. */
struct engine_turn {
    struct engine_thread *thread;
    struct engine_tsc tsc;
    uint64_t answered; /* doorbell whose block has been published */
    int64_t virtual_ns, timer_ns;
    int64_t timer_cpu_ns; /* CPU time of this thread at the newest timer */
    uint16_t first;       /* the gateway that begins this turn */
};

/* The thread's body by hand, for benches: takes 20 ms; then a turn, which returns how many messages
 * it moved (0: nothing to do). Engine thread. */
void engine_turn_init(struct engine_turn *turn, struct engine_thread *thread);
uint32_t engine_turn_take(struct engine_turn *turn);

/* Body for thread_start(..., true, ...); returns when thread_stopping is set: trading has stopped
 * by then. */
void *engine_thread_run(void *engine_thread);

#endif
