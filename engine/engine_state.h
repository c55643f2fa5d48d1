/* What the engine holds; private to engine.c and telemetry.c. */
#ifndef PITWALL_ENGINE_STATE_H
#define PITWALL_ENGINE_STATE_H

#include "engine.h"
#include "oms/oms.h"

/* After a denial a strategy is not asked about that instrument for a while: it would ask the same
 * on every update, and each answer is an audit row. */
#define DENIAL_PAUSE_NS 100000000LL
#define SLOW_TIMER_NS 100000000LL
/* A book without an update for this long has its quotes pulled; the gate's own age limit decides
 * what may be sent. */
#define QUIET_BOOK_NS 2000000000LL

#define MONEY_EVERY_NS 1000000000LL
enum { HASH_EVERY_EVENTS = 4096 };

/* EVENT_MONEY, as it was said last. */
struct money_said {
    struct event_money money;
    struct money_mark mark[MAX_INSTRUMENTS];
    struct money_scope scope[MAX_SCOPES];
};

struct cell {
    struct strategy_state state;
    int64_t paused_until_ns;
};

struct engine {
    struct engine_config config;
    struct engine_io io;
    struct oms oms;
    struct cell cells[MAX_STRATEGIES][MAX_INSTRUMENTS];
    struct book *books[MAX_INSTRUMENTS];
    int64_t venue_ns[MAX_INSTRUMENTS];       /* the venue's newest stamp; 0: it gives none */
    int64_t venue_moved_ns[MAX_INSTRUMENTS]; /* our clock when that stamp last rose */
    bool pulled[MAX_INSTRUMENTS];            /* quotes of a quiet or stale book have been pulled */
    uint32_t ran; /* a bit per strategy that has run in the newest step */
    int64_t slow_timer_ns;
    int64_t shown_update_id[MAX_INSTRUMENTS]; /* telemetry: last book sent */
    uint8_t shown_status[MAX_INSTRUMENTS];
    uint64_t telemetry_dropped;
    bool gapped; /* inputs are recorded no more, in this run */
    struct money_said money_said;
    int64_t money_ns;        /* when that was */
    uint64_t hash_said;      /* events of this run before the newest STATE_HASH */
    int64_t carried_peak_e8; /* above the capital of then */
};

/* Writes an input to the lane, as the rules want it; before the step that it stands for. */
void engine_record(struct engine *engine, enum input_kind kind, const void *payload, size_t length,
                   int64_t now_ns);
/* The head of a run: all that the engine comes up with. */
void engine_record_start(struct engine *engine, int64_t now_ns);

/* carried.c. What outlives this run: `state` on the slow timer, what is due of it; the others at
 * once. Never from the hot path. */
void engine_say_state(struct engine *engine);
void engine_say_money(struct engine *engine);
void engine_say_hash(struct engine *engine);

/* Obeys SET_STRATEGY, in parameters.c: all or none. ERR_NOT_FOUND, ERR_STALE_VERSION, or
 * ERR_OUT_OF_RANGE; *version is that after it. */
enum status engine_set_strategy(struct engine *engine, const struct command_set_strategy *command,
                                uint64_t *version);
/* Switches a strategy, says so, and cancels what a disabled one has working. */
void engine_enable_strategy(struct engine *engine, uint16_t strategy, bool enabled);
/* Cancels what rests of disabled strategies; also on a timer. */
void engine_chase_disabled(struct engine *engine);
/* States what every strategy comes up with. */
void engine_state_strategies(struct engine *engine);

/* Sends what people look at; drops when the ring is full, because newer is on its way. */
void telemetry_send(struct engine *engine, int64_t now_ns);

#endif
