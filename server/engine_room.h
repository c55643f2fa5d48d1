/* The engine room: the engine with its memory, rings, kill page and gateway, and their threads.
 *
 * Everything is made before the threads start, prefaulted by writing, and stays until the process
 * ends: no allocation, no mapping, no fork while it trades. Main thread. */
#ifndef PITWALL_ENGINE_ROOM_H
#define PITWALL_ENGINE_ROOM_H

#include "gateway/feed.h"
#include "gateway/gateway.h"
#include "journal/state_fold.h"
#include "store/store.h"
#include "thread/engine_thread.h"
#include "thread/watchdog.h"
#include "view/view.h"

struct engine_room {
    struct engine_config config;
    struct engine *engine;
    struct gateway *gateway;
    struct kill_page *kill;
    struct ring *market, *executions, *orders, *commands, *telemetry;
    struct histogram *step, *tick_to_order, *order_ack, *fill_latency;
    _Atomic int64_t beat_ns;
    struct engine_thread engine_thread;
    pthread_t engine_id, gateway_id;
    bool inline_gateway;
    enum idle idle;
    int64_t step_budget_ns;
    struct watchdog watchdog;
    struct carry *carried; /* until the engine has it; NULL: nothing is known of earlier runs */
    struct input_names names;
};

/* What was saved, what the journal says and what the configuration says, the strictest of them; and
 * which scopes come up killed, on the kill page. `found` is NULL or what state_fold_open() gave; it
 * gets the names of this configuration. ERR_CONFIG: something that is held is not configured. */
enum status engine_room_open(struct engine_room *room, const struct config *config,
                             const struct store_saved *saved, const struct state_found *found,
                             uint64_t epoch, struct err *err);
/* The gateway takes over the feed (also when it fails). */
enum status engine_room_gateway(struct engine_room *room, const struct config *config,
                                struct feed *feed, struct err *err);
/* Emits the events of the start, and gives the engine what an earlier run left: whoever must not
 * miss that reads by now. */
enum status engine_room_engine(struct engine_room *room, struct journal *journal, struct err *err);
enum status engine_room_start(struct engine_room *room, struct err *err);
/* Waits for a beat of the engine's thread. False: it is silent, so it would not end; where it has
 * not stopped trading either, that is clear after 2 s, however long it may be silent otherwise. */
bool engine_room_can_stop(const struct engine_room *room, bool stopped_trading);
/* After thread_stopping is set: waits for both threads, closes the gateway. */
void engine_room_stop(struct engine_room *room);

#endif
