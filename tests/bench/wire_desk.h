/* A desk for benches over sockets: engine, journal with its persister, rings, and one or two
 * gateways to Bybit whose venues are a wire_venue.h each; as the engine room wires them, so that
 * the turn of the engine's thread is the production one (thread/engine_thread.h).
 *
 * Every venue has one instrument. The strategy takes (IOC) on every update of the last venue's, as
 * desk.h says; limits are at their widest; all inputs are recorded. Whoever owns it turns the
 * engine, and the gateways, or has them turned inline. */
#ifndef PITWALL_TESTS_BENCH_WIRE_DESK_H
#define PITWALL_TESTS_BENCH_WIRE_DESK_H

#include "cli/bench_journal.h"
#include "thread/engine_thread.h"

enum { WIRE_DESK_VENUES = 2, WIRE_DESK_MEMORIES = 16 };

struct wire_desk {
    struct bench_journal folder;
    struct engine_config config;
    struct engine_thread thread;
    struct engine_turn turn;
    struct ring market[WIRE_DESK_VENUES], executions[WIRE_DESK_VENUES], orders[WIRE_DESK_VENUES];
    struct ring commands;
    _Atomic int64_t beat_ns;
    _Atomic uint32_t stops; /* how often a gateway stopped a scope: none is expected */
    void *memory[WIRE_DESK_MEMORIES];
    uint32_t memories;
};

struct wire_desk_options {
    uint16_t venues;
    uint16_t port[WIRE_DESK_VENUES];
    bool inline_gateways;
};

/* The gateways do not connect before their first turn. ERR_*: why not, and nothing is left. */
enum status wire_desk_open(struct wire_desk **desk, const struct wire_desk_options *options,
                           struct err *err);
void wire_desk_close(struct wire_desk *desk);

/* Every gateway is READY and has a book. */
bool wire_desk_is_ready(const struct wire_desk *desk);

#endif
