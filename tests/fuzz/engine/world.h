/* The engine under fuzz, and an oracle beside it.
 *
 * The oracle is built from what the engine was told (executions, kills, commands) and from what it
 * has said on its lane; after each step that is compared with what the engine holds. What a gateway
 * or the control plane promise the engine (numbers in bounds, execution ids that are unique) is
 * kept; what they do not promise is broken as often as possible. */
#ifndef PITWALL_TESTS_FUZZ_ENGINE_WORLD_H
#define PITWALL_TESTS_FUZZ_ENGINE_WORLD_H

#include "engine_state.h"
#include "fuzz/fuzz.h"

enum {
    FUZZ_VENUES = 2,
    FUZZ_STRATEGIES = 5, /* manual, and one of each kind */
    FUZZ_INSTRUMENTS = 3,
    FUZZ_SCOPES = 1 + FUZZ_VENUES + FUZZ_STRATEGIES + FUZZ_INSTRUMENTS,
    FUZZ_ORDERS_MAX = 1024,
    FUZZ_EXECS_MAX = 1024,
    FUZZ_LANE_BYTES = 2 << 20,
    FUZZ_RING_BYTES = 16 << 10,   /* small: full rings are part of it */
    FUZZ_OPS_MAX = 400,           /* of one input */
    FUZZ_TOTAL = FUZZ_STRATEGIES, /* place of an instrument's total among the strategies' own */
};

/* An order that the engine has said to have sent, or to have found. */
struct known {
    uint64_t id, seq; /* seq 0: somebody else's */
    uint16_t instrument, strategy;
    uint8_t side, flags, state;
    int64_t price_ticks, qty_lots;
    int64_t amend_price_ticks, amend_qty_lots; /* of the newest amend */
    uint32_t amend_no;
    int64_t filled_lots; /* distinct fills told */
};

struct said_scope {
    uint8_t state;
    uint64_t version, incident;
};

struct world {
    struct bytes in;
    struct engine_config config;
    struct engine *engine;
    struct kill_page page;
    struct lane_shared shared;
    struct lane lane;
    struct lane_reader reader;
    struct ring orders[FUZZ_VENUES];
    int64_t now_ns;
    uint64_t commands, next_exec, last_seq;
    int64_t book_id[FUZZ_INSTRUMENTS], price_ticks[FUZZ_INSTRUMENTS];

    uint32_t order_count, exec_count;
    struct known order[FUZZ_ORDERS_MAX];
    struct execution exec[FUZZ_EXECS_MAX]; /* that were told, for repeats */
    int64_t lots[FUZZ_STRATEGIES + 1][FUZZ_INSTRUMENTS];
    __int128 turnover_e8[FUZZ_INSTRUMENTS]; /* bound of every figure of an instrument */
    struct said_scope scope[FUZZ_SCOPES];
    bool enabled[FUZZ_STRATEGIES];
    uint64_t cleared[FUZZ_SCOPES]; /* of the page, before the step */
    bool killed[FUZZ_SCOPES];      /* before the step: no order may leave in it */
    uint64_t taken_seq[FUZZ_VENUES];

    struct command command; /* of this step; kind 0: it is none */
    struct execution *told; /* of this step, if it can move a position; else NULL */
    uint32_t answers;       /* COMMAND_DONE of this step */
    uint8_t status;         /* and what the last one said */
};

/* Prepares, does something to the engine, listens and compares. */
void world_start(struct world *world, const uint8_t *data, size_t size);
void world_before(struct world *world);
void world_after(struct world *world);
void world_op(struct world *world);

struct known *known_find(struct world *world, uint64_t id);
/* A gateway's look at what lies on its ring. */
void check_message(struct world *world, const struct order_message *message);

#endif
