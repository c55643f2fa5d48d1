/* Idempotency-Key: a write that is sent again gets the first answer again, and is done once.
 *
 * A row is known by the hash of who asks (person or token), the key, method and path; it holds the
 * hash of the body, and what became of the first try:
 *   RUNNING   not answered yet: the same key is refused, 409 conflict
 *   ANSWERED  the answer, given again byte for byte, with `Idempotency-Replayed: true`
 *   UNKNOWN   begun, and nobody knows how it ended: 409 outcome_unknown. The program ended in
 *             between, or the engine or the disk did not confirm (500, 503 storage, 504)
 *   NOT_KEPT  done, but its answer is not stored: 409 answer_not_kept
 * 401, 403, 429 and 503 unavailable did nothing, and are forgotten: the next try is a real one. The
 * same key with another body is refused, 409 conflict.
 *
 * In memory, and of the CONTROL and WORKER rows also in control.db, kind "repeat": "begun" is on
 * disk before the handler runs, the answer before it is sent: two syncs for a keyed write, none for
 * one without a key. An answer of /me, /users, /tokens or /session may hold a secret: of those only
 * that it was done is stored, and no hash of the body either; so of an answer above 64 KiB. The
 * newest 1,024 are kept, at most 24 h. INLINE rows (log-out, stream ticket) stay in memory; a kill
 * is never looked up here: it is harmless to repeat and must not wait.
 *
 * Any thread, one short lock; promise and keep wait for the disk: never a listener's or the control
 * thread, but http.c's clerks. */
#ifndef PITWALL_API_REPEATS_H
#define PITWALL_API_REPEATS_H

#include "api/exchange.h"

struct repeats;

/* `keep` is borrowed; NULL: memory only. ERR_IO, ERR_DAMAGED of control.db. */
enum status repeats_open(struct repeats **repeats, struct keep *keep, struct err *err);
void repeats_close(struct repeats *repeats);

/* OK with exchange->repeat set: do it, then repeats_keep(). OK without: no key. OK with *again: the
 * exchange now holds the first answer. Else the refusal. */
enum status repeats_begin(struct repeats *repeats, struct exchange *exchange, bool *again);
/* Makes "begun" durable. Not OK: it must not be run; the row is forgotten. */
enum status repeats_promise(struct repeats *repeats, struct exchange *exchange);
/* Keeps the finished answer of the exchange. Not durable: for this process only; after the next
 * start its outcome is unknown. */
void repeats_keep(struct repeats *repeats, struct exchange *exchange, bool durable);

#endif
