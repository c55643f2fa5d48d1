/* The past of a scope's limits, out of the audit: who changed what, when, why, and what stood
 * then.
 *
 * The engine's own rows of kind `limits` count (they name a generation); what was asked for and
 * never applied is no past. Workers: each call reads the database. */
#ifndef PITWALL_API_LIMITS_PAST_H
#define PITWALL_API_LIMITS_PAST_H

#include "store/store.h"

/* {"items":[{"seq","at_ns","actor","person","reason","generation","base","old","new","approval",
 * "request_id"}],"next"}, newest first; at most `limit`, rows before `before_seq` (0: newest). */
enum status limits_past_page(struct store *store, const char *scope, uint32_t limit,
                             uint64_t before_seq, json_t **list, struct err *err);
/* What stood at that generation, of the limits that have changed since: {name: value|null}.
 * `now` is the generation in force. ERR_NOT_FOUND: it is no generation of this scope, or older than
 * what is kept. */
enum status limits_past_at(struct store *store, const char *scope, uint64_t generation,
                           uint64_t now, json_t **values, struct err *err);

#endif
