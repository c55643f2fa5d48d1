/* The rig: the real engine, the simulated venue and the wire between them, under a clock that the
 * story moves. One thread, no file, no real time: a story gives the same events every time. */
#ifndef PITWALL_SCENARIO_RIG_H
#define PITWALL_SCENARIO_RIG_H

#include "engine.h"

enum {
    RIG_INSTRUMENTS = 2, /* sim:BTCUSDT and sim:ETHUSDT: a tick is 1 USDT, a lot is 1 */
    RIG_STRATEGIES = 3,  /* manual, maker, momentum */
    RIG_ORDERS_MAX = 4096,
    RIG_MESSAGES_MAX = 4096,
    RIG_FAULTS_MAX = 8,
};

/* An order as its events told it. */
struct rig_order {
    uint64_t id;
    uint8_t state, side;
    bool denied, killed_unsent;
    uint16_t instrument, strategy;
    int64_t price_ticks, qty_lots, filled_lots, leaves_lots;
    struct verdict verdict;
};

struct rig {
    struct engine_config config;
    int64_t order_latency_ns, ack_latency_ns;
    struct fault_rule faults[RIG_FAULTS_MAX]; /* of the venue */
    uint32_t fault_count;
    bool gateway_stopped; /* orders stay on the ring */
    bool venue_silent;    /* messages reach the venue and are never answered */

    struct engine *engine;
    struct sim *sim;
    struct kill_page *kill;
    struct lane lane;
    struct lane_reader reader;
    struct ring orders_ring;
    int64_t now_ns;
    int64_t update_ids[RIG_INSTRUMENTS];
    uint64_t commands;

    struct rig_order orders[RIG_ORDERS_MAX];
    uint32_t order_count;
    uint64_t sent;                               /* orders that passed the gate */
    struct command_set_state states[MAX_SCOPES]; /* base: version; state; clears: incident */
    struct command_set_limits limits[MAX_SCOPES];
    struct event_position positions[RIG_INSTRUMENTS];
    uint8_t book_status[RIG_INSTRUMENTS];
    struct event_command_done done;      /* the latest */
    struct event_kill_progress progress; /* the latest */

    /* Since rig_forget(). */
    uint32_t events[EVENT_COUNT];
    uint64_t cancels[RIG_MESSAGES_MAX]; /* order ids of the cancels that reached the venue */
    uint32_t cancel_count;
};

/* Everything set for a plain day: all limits wide, both strategies off. Not started. */
struct rig *rig_make(void);
void rig_start(struct rig *rig);
void rig_free(struct rig *rig);

/* Inputs. Each lets everything that is due happen. */
void rig_market(struct rig *rig, const struct market_update *update);
void rig_execution(struct rig *rig, const struct execution *execution);
/* Gives it an id and returns the answer. */
struct event_command_done rig_command(struct rig *rig, struct command command);
void rig_kill(struct rig *rig, uint16_t scope);
void rig_advance(struct rig *rig, int64_t by_ns);
void rig_settle(struct rig *rig);

void rig_forget(struct rig *rig);
struct rig_order *rig_order_find(struct rig *rig, uint64_t id);
/* "firm", "venue/sim", "strategy/maker", "instrument/BTCUSDT"; false: no such scope. */
bool rig_scope_find(const char *name, uint16_t *scope);
bool rig_instrument_find(const char *name, uint16_t *instrument);
bool rig_strategy_find(const char *name, uint16_t *strategy);

#endif
