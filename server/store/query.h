/* One page of the audit trail. Any thread, with a reading connection of its own; at most 500 ms. */
#ifndef PITWALL_STORE_QUERY_H
#define PITWALL_STORE_QUERY_H

#include "store/database.h"
#include "store/store.h"

enum status query_run(sqlite3 *db, const struct store_query *query, json_t **list, struct err *err);

#endif
