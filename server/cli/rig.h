/* A rig: an engine with all that it needs, in one thread: lane, rings, kill page, and on request a
 * simulated venue that answers its orders. For the replay verb and the benches; a running server
 * wires the same parts to threads.
 *
 * Time is the updates' own received_ns. The lane has no gating reader, so what the engine states
 * is overwritten in time. One maker quotes every instrument, behind limits wide enough that it
 * trades. No allocation after rig_create. */
#ifndef PITWALL_CLI_RIG_H
#define PITWALL_CLI_RIG_H

#include "gateway/feed.h"

struct rig;

struct rig_options {
    bool maker; /* else no strategy is enabled */
    bool venue; /* orders are acknowledged and filled by engine/sim; else they are thrown away */
};

enum status rig_create(struct rig **rig, const struct feed_instruments *instruments,
                       struct rig_options options, int64_t start_ns, struct err *err);
void rig_destroy(struct rig *rig);
struct engine *rig_engine(struct rig *rig);

/* What comes before the update: the venue's reports that are due. */
void rig_advance(struct rig *rig, int64_t now_ns);
/* What comes after engine_market(): the venue sees the update, then the orders that were sent. */
void rig_settle(struct rig *rig, const struct market_update *update, int64_t now_ns);
/* Both around engine_market(); the time of that call alone goes into `step_ns` when it is given. */
void rig_market(struct rig *rig, const struct market_update *update, struct histogram *step_ns);

#endif
