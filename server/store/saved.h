/* What a restart takes from the database, matched to this run's scopes by name. */
#ifndef PITWALL_STORE_SAVED_H
#define PITWALL_STORE_SAVED_H

#include "store/projection.h"

/* After projection_begin_run(). All but `found`, which the caller knows. */
enum status saved_fill(const struct projection *projection, const struct config *config,
                       struct store_saved *saved, struct err *err);

#endif
