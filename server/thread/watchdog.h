/* The watchdog: a thread of its own that sees when the engine stops beating.
 *
 * The engine's thread stores the time at the end of each turn. Two things are told apart, because
 * a machine that is busy is not an engine that is stuck:
 *   stuck   the engine's thread has used stuck_ns of its own CPU time without a beat: a strategy
 *           that does not return. The program leaves by panic(): kill page, sweep, exit 70; it
 *           comes up HALTED.
 *   silent  no beat for silent_ns of real time, whatever the reason: the firm is killed on the page
 *           and the gateways cancel by themselves. The program stays, so that people can look;
 *           `note_silence` hears of it, so that the kill gets a name and a record.
 * It looks every WATCH_EVERY_NS, allocates nothing and waits for nobody. */
#ifndef PITWALL_THREAD_WATCHDOG_H
#define PITWALL_THREAD_WATCHDOG_H

#include "engine.h"
#include "thread/thread.h"

#define WATCH_EVERY_NS 5000000L

struct watchdog {
    pthread_t engine;
    const _Atomic int64_t *beat_ns; /* monotonic clock, stored by the engine's thread */
    struct kill_page *kill;
    uint16_t gateways;
    _Atomic int64_t stuck_ns, silent_ns; /* stored by whoever tunes; read at each look */
    void (*note_kills)(void *ctx); /* called at each look: keeps what stands on the page; NULL */
    void (*note_silence)(void *ctx, uint64_t incident); /* it has killed; must not wait; NULL */
    void *note_ctx;                                     /* of both */
    /* Of its own thread. */
    int64_t seen_beat_ns, cpu_at_beat_ns;
    bool told; /* that it is silent, since the last beat */
    pthread_t thread;
    _Atomic bool stop;
};

enum watch_verdict { WATCH_WELL, WATCH_SILENT, WATCH_STUCK };

/* One look, with the clocks given: monotonic, and the CPU time of the engine's thread. */
enum watch_verdict watchdog_look(struct watchdog *watchdog, int64_t mono_ns, int64_t cpu_ns);

enum status watchdog_start(struct watchdog *watchdog, struct err *err);
void watchdog_stop(struct watchdog *watchdog);

/* The way out of a program that does not trust itself: kills the firm on the page, has the gateways
 * cancel, and gives them up to `patience_ns`. Any thread but a gateway's; no allocation, no lock.
 * */
void leave_safely(struct kill_page *kill, uint16_t gateways, int64_t patience_ns);

#endif
