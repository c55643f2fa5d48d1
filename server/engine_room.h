/* The engine room: the engine with its memory, rings, kill page and gateways, and their threads.
 *
 * Everything is made before the threads start, prefaulted by writing, and stays until the process
 * ends: no allocation, no mapping, no fork while it trades. Main thread. */
#ifndef PITWALL_ENGINE_ROOM_H
#define PITWALL_ENGINE_ROOM_H

#include "gateway/feed.h"
#include "gateway/gateway.h"
#include "gateways.h"
#include "journal/state_fold.h"
#include "store/store.h"
#include "thread/engine_thread.h"
#include "thread/watchdog.h"
#include "view/view.h"

struct engine_room;

/* A gateway and what is between it and the engine. */
struct gateway_seat {
    struct engine_room *room;
    struct gateway *gateway;
    struct ring *market, *executions, *orders;
    pthread_t thread; /* 0: in the engine's */
    char name[MAX_NAME];
};

struct engine_room {
    struct engine_config config; /* how many gateways there are, and which serves a venue */
    struct engine *engine;
    struct gateway_seat seat[MAX_GATEWAYS];
    struct kill_page *kill;
    struct ring *commands, *telemetry;
    struct histogram *step, *tick_to_order, *order_ack, *fill_latency;
    _Atomic int64_t beat_ns;
    struct engine_thread engine_thread;
    pthread_t engine_id;
    bool inline_gateways;
    enum idle idle;
    int64_t step_budget_ns;
    live_feed_fn live_feed; /* gateways.h; NULL: Bybit's */
    struct watchdog watchdog;
    /* A gateway has killed a scope on the page; any thread, never blocks; set before the start. */
    void (*note_stop)(void *ctx, uint64_t incident, uint16_t scope, const char *gateway,
                      const char *says);
    void *note_ctx;
    struct carry *carried; /* until the engine has it; NULL: nothing is known of earlier runs */
    struct carry *kept;    /* as it was then: the gateways' */
    struct input_names names;
};

/* What was saved, what the journal says and what the configuration says, the strictest of them; and
 * which scopes come up killed, on the kill page. `found` is NULL or what state_fold_open() gave; it
 * gets the names of this configuration. ERR_CONFIG: something that is held is not configured. */
enum status engine_room_open(struct engine_room *room, const struct config *config,
                             const struct store_saved *saved, const struct state_found *found,
                             uint64_t epoch, struct err *err);
/* As gateways_open(). */
enum status engine_room_gateways(struct engine_room *room, const struct config *config,
                                 struct feed *feed, struct err *err);
/* Emits the events of the start, and gives the engine what an earlier run left: whoever must not
 * miss that reads by now. */
enum status engine_room_engine(struct engine_room *room, struct journal *journal, struct err *err);
enum status engine_room_start(struct engine_room *room, struct err *err);
/* Waits for a beat of the engine's thread. False: it is silent, so it would not end; where it has
 * not stopped trading either, that is clear after 2 s, however long it may be silent otherwise. */
bool engine_room_can_stop(const struct engine_room *room, bool stopped_trading);
/* After thread_stopping is set: waits for all the threads, closes the gateways. */
void engine_room_stop(struct engine_room *room);

/* --- any thread, between start and stop --- */
/* New orders that reached the gateways to leave, and their lots; a repeat is more than the engine
 * meant, whatever the sum: UINT64_MAX. */
void engine_room_outbound(const struct engine_room *room, uint64_t *orders, uint64_t *lots);
bool engine_room_wants_exit(const struct engine_room *room);

#endif
