/* What a restart comes up with: the stricter of what was in force and what the file says. Pure. */
#ifndef PITWALL_RESTORE_H
#define PITWALL_RESTORE_H

#include "engine.h"
#include "store/store.h"

/* Limits, trading states and generations of each scope into `engine`, which holds the file's limits
 * and caps, and the scopes that come up killed onto the page. `initial_state` is the firm's by the
 * file. Main thread, before anything trades. */
void restore_scopes(struct engine_config *engine, struct kill_page *page,
                    const struct store_saved *saved, enum trading_state initial_state,
                    uint64_t epoch);

/* What the firm comes up in by itself: what the file says, but HALTED until a person resumes when
 * the orders are real, or when it is not sure what is held. */
enum trading_state restore_first_state(enum trading_state configured, bool is_live, bool is_sure);

/* After restore_scopes: what the journal says was in force, by the numbers of `engine`. A stricter
 * state holds; limits hold where the database has none, or older ones. Nothing loosens. */
void restore_carried(struct engine_config *engine, struct kill_page *page,
                     const struct store_saved *saved, const struct carry *carry);

/* Switches and parameters of the strategies; see store_saved. */
void restore_strategies(struct engine_config *engine, const struct store_saved *saved);

#endif
