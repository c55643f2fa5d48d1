/* Pages of the audit trail, by key-set: newest first, or oldest first for an export.
 *
 * A page costs what it shows. A filter drives the scan by the index of the rarest value; a range of
 * time becomes a range of rows by audit_blocks; `q` goes to the full-text index (of what: chain.h).
 * Each of these gives rows in the order of seq, so nothing is sorted, counted or skipped. Filters
 * that seldom match together end by the time budget, and `next` says where to go on.
 *
 * Any thread, with a reading connection of its own; at most QUERY_BUDGET_NS. */
#ifndef PITWALL_STORE_QUERY_H
#define PITWALL_STORE_QUERY_H

#include "store/database.h"
#include "store/store.h"

#define QUERY_BUDGET_NS 500000000LL

/* ERR_MALFORMED, and what is wrong, where a filter cannot be meant. */
enum status query_check(const struct store_query *query, struct err *err);

/* What a page came to. */
struct query_page {
    uint32_t rows;
    uint64_t next; /* the cursor to go on from; 0: that was all */
};

/* Calls `each` with every row (columns: ITEM_COLUMNS); false from it ends the page there, that row
 * not counted. */
enum status query_rows(sqlite3 *db, const struct store_query *query,
                       bool (*each)(void *ctx, sqlite3_stmt *row), void *ctx,
                       struct query_page *page, struct err *err);

/* The same as a list object. */
enum status query_run(sqlite3 *db, const struct store_query *query, json_t **list, struct err *err);

#endif
