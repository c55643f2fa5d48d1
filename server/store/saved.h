/* What a restart takes from the database, matched to this run's scopes by name. */
#ifndef PITWALL_STORE_SAVED_H
#define PITWALL_STORE_SAVED_H

#include "store/projection.h"

/* After projection_begin_run(). All but `found`, which the caller knows. */
enum status saved_fill(const struct projection *projection, const struct config *config,
                       struct store_saved *saved, struct err *err);
/* Who killed, for those that are not named yet. */
void saved_name_kills(const struct projection *projection, struct store_saved *saved);
/* Its part for strategies. A saved parameter that does not fit any more is passed over, and said in
 * the log; a set that does not fit as a whole leaves the strategy with the configuration's. */
enum status saved_fill_strategies(sqlite3 *db, const struct config *config,
                                  struct store_saved *saved, struct err *err);

#endif
