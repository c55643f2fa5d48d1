/* An audit row as people and programs read it. Any thread. */
#ifndef PITWALL_STORE_ITEM_H
#define PITWALL_STORE_ITEM_H

#include "store/database.h"

#include <jansson.h>

/* What item_of() wants, in this order. */
#define ITEM_COLUMNS                                                                               \
    "seq, at_ns, actor, person, role, kind, scope, old, new, reason, request_id, hash"
enum { ITEM_COLUMN_COUNT = 12 };

/* The object of the contract: {"seq","at_ns","actor","person","role","kind","scope","old","new",
 * "reason","request_id","hash"}; owned by the caller. */
json_t *item_of(sqlite3_stmt *row);

#endif
