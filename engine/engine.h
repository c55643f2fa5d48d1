/* The engine: the deterministic core of Pitwall, and the only header that server/ includes.
 *
 * One thread owns it. Time and every input come in through the calls below, stamped by the caller;
 * everything it says goes out as events on its lane, order messages on the gateways' rings, and
 * telemetry. It makes no system call and has no heap, clock or float; the one thing that reaches it
 * by the side door is the kill page, which it reads at each step and before each order.
 *
 * A step: if the doorbell of the kill page has moved, block the scopes, say so (KILL_SEEN), cancel
 * their resting orders; then take the input: apply a market update and let strategies act on it,
 * take an execution, or obey a command. The one function that puts an order on a ring is
 * oms_submit() in oms/oms.c, and it calls the gate a few lines earlier. */
#ifndef PITWALL_ENGINE_H
#define PITWALL_ENGINE_H

#include "base/error.h"
#include "base/histogram.h"
#include "base/lane.h"
#include "base/ring.h"
#include "book/book.h"
#include "carry.h"
#include "domain/command.h"
#include "domain/day.h"
#include "domain/event.h"
#include "domain/input.h"
#include "domain/instrument.h"
#include "domain/kill_page.h"
#include "domain/trigger.h"
#include "domain/units.h"
#include "position/position.h"
#include "rerun.h"
#include "risk/explain.h"
#include "sim/exchange.h"
#include "sim/l3.h"
#include "sim/sim.h"
#include "strategy/strategy.h"

struct engine;

/* Which inputs stand in the lane beside the events: without market data no run is replayed. */
enum record_inputs { RECORD_NONE, RECORD_ORDERS, RECORD_ALL };

struct engine_config {
    struct scope_map scopes;
    uint16_t gateways;
    uint16_t venue_gateway[MAX_VENUES]; /* which gateway's order ring serves a venue */
    uint16_t currencies, reporting;
    struct currency currency[MAX_CURRENCIES];
    struct instrument instrument[MAX_INSTRUMENTS];
    struct {
        enum strategy_kind kind;
        bool enabled;
        uint64_t version;                               /* of enabled and params */
        bool instruments[MAX_INSTRUMENTS];              /* which it may trade */
        struct strategy_params params[MAX_INSTRUMENTS]; /* lots differ wildly between them */
    } strategy[MAX_STRATEGIES];
    struct limits limits[MAX_SCOPES];
    uint64_t limits_generation[MAX_SCOPES]; /* when a scope's limits last changed */
    uint64_t generation;                    /* the newest of them */
    struct {
        enum trading_state state;
        uint64_t version, incident;
    } initial[MAX_SCOPES]; /* the stricter of what was and what the config says */
    struct limits caps[MAX_SCOPES];
    int64_t capital_e8; /* reporting currency: equity before any trade */
    uint64_t epoch;     /* of this start, below MAX_EPOCH; never repeats in a data directory */
    uint16_t instance;  /* tag of the instance, below MAX_INSTANCE: part of every order id */
    uint64_t config_hash;
    int64_t day_start_ns; /* when the trading day began that the daily figures begin with */
    uint8_t build[32], config_sha256[32]; /* of program and file, for the record */
    struct engine_rules {
        enum record_inputs record;
        bool cancel_old_on_self_match; /* else the new order is refused */
        bool virtual_time;             /* speed max: nobody's real-time beat can be missed */
        int64_t ack_timeout_ns, query_every_ns, void_after_ns; /* ack_timeout 0: never unknown */
        uint32_t batch_messages; /* outgoing messages are published so many at once.. */
        int64_t batch_wait_ns;   /* ..or when the oldest has waited this long; 0 and 0: at once */
        struct trigger_rule trigger[TRIGGER_COUNT];
    } rules;
};

/* Memory and rings that the caller made; they outlive the engine. */
struct engine_io {
    struct lane *events;
    struct ring *telemetry; /* may be NULL */
    struct ring *orders[MAX_GATEWAYS];
    struct kill_page *kill;
    struct histogram *order_ack, *fill_latency; /* sent to ack, sent to fill; may be NULL */
};

/* Bytes that engine_init() wants, 128-byte aligned, for this configuration. */
size_t engine_size(const struct engine_config *config);
/* Emits START and the states and limits in force. Panics on a configuration that the check in
 * server/config should have refused. */
struct engine *engine_init(void *memory, const struct engine_config *config, struct engine_io io,
                           int64_t now_ns);

/* A row of what an earlier life left (carry.h), by the numbers of this configuration; all of them
 * in order, after engine_init() and before the first step. Emits what it takes on. False: a row
 * that does not fit; the engine must then not run. */
bool engine_carry(struct engine *engine, const void *row, uint32_t length, int64_t now_ns);

/* The inputs. Each first looks at the kill page. Cost: below 1 us in the median with two
 * strategies; a kill or a cancel-all costs about 100 ns an order. */
void engine_market(struct engine *engine, const struct market_update *update, int64_t now_ns);
void engine_execution(struct engine *engine, const struct execution *execution, int64_t now_ns);
void engine_command(struct engine *engine, const struct command *command, int64_t now_ns);
/* About every ms: ages, time-outs, strategies' timers; every 100 ms telemetry. Does nothing, and
 * leaves no input, while nothing is due. */
void engine_timer(struct engine *engine, int64_t now_ns);
/* The market step that has just returned used up its budget of time: the strategies that ran in it
 * are disabled, their orders cancelled, until people enable them again. */
void engine_overran(struct engine *engine, int64_t now_ns);
/* Only the look at the kill page; the thread calls it when nothing else comes in. Returns the
 * doorbell that is now blocked everywhere: the thread publishes it with engine_publish_kill(). */
uint64_t engine_kill(struct engine *engine, int64_t now_ns);
/* Writes the engine's answer to the page, with every batch on its ring published: whatever was sent
 * is before the position that the answer names. `block_ns`: real clock, read after engine_kill. */
void engine_publish_kill(struct engine *engine, uint64_t doorbell, int64_t block_ns);

/* False while the lane has too little room for the worst step: the thread then feeds nothing but
 * engine_kill() until the persister has caught up. */
bool engine_has_room(struct engine *engine);

/* Plain reads for tests, benches and the replay verb; engine thread. */
const struct book *engine_book(const struct engine *engine, uint16_t instrument);
/* What a strategy would be shown if it were called now. */
void engine_look(struct engine *engine, uint16_t strategy, uint16_t instrument,
                 struct strategy_view *view);
const struct position *engine_position(const struct engine *engine, uint16_t instrument);
uint64_t engine_orders_sent(const struct engine *engine);
uint32_t engine_open_orders(const struct engine *engine);
uint64_t engine_state_hash(const struct engine *engine); /* state_hash.h */
uint64_t engine_books_hash(const struct engine *engine); /* all levels of all books */
enum trading_state engine_effective_state(const struct engine *engine, uint16_t instrument,
                                          uint16_t strategy);

#endif
