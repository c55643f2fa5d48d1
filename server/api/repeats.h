/* Idempotency-Key: a write that is sent again gets the first answer again, and is done once.
 *
 * A row is known by the hash of who asks (a person by account and name, a token by its secret), the
 * key, method and path; it holds the hash of If-Match, query and body, and what became of the first
 * try:
 *   RUNNING   not answered yet: the same key is refused, 409 conflict
 *   ANSWERED  the answer, given again byte for byte, with `Idempotency-Replayed: true`
 *   UNKNOWN   begun, and nobody knows how it ended: 409 outcome_unknown. The program ended in
 *             between, or the engine or the disk did not confirm (500, 503 storage, 504)
 *   NOT_KEPT  done, but its answer is not stored: 409 answer_not_kept
 * 401, 403, 429 and 503 unavailable did nothing, and are forgotten: the next try is a real one. The
 * same key with another body, query or If-Match is refused, 409 conflict.
 *
 * control.db, kind "repeat", is what counts: "begun" is on disk before the handler runs, the answer
 * before it is sent: two syncs for a keyed write, none for one without a key. Nothing that is
 * younger than 24 h is removed or written over there: "begun" is only ever added, and where a row
 * is, that row answers. Each person or token has a share of 10,000 such rows; beyond it a keyed
 * write is refused, 503 with Retry-After, and nobody else's is. Memory has the last ones used, so
 * that a clerk is not asked twice; a row that the disk does not know (there is none) never goes
 * young: 503 instead, for one owner at 256 of them.
 *
 * An answer of /me, /users, /tokens or /session may hold a secret: of those only that it was done
 * is kept, in memory too, and no hash of the body; so of an answer above 64 KiB. INLINE rows
 * (log-out, stream ticket) and a kill are never looked up: they are harmless to repeat, must not
 * wait, and whoever may ask for a ticket must not take the places of orders.
 *
 * Any thread, one short lock; promise and keep wait for the disk: never a listener's or the control
 * thread, but http.c's clerks. */
#ifndef PITWALL_API_REPEATS_H
#define PITWALL_API_REPEATS_H

#include "api/exchange.h"

struct repeats;

enum {
    REPEATS_MAX = 1024,            /* in memory; each up to 64 KiB of text */
    REPEATS_OWN_MAX = 256,         /* of one owner, of those that are only there */
    REPEATS_STORED_OWN_MAX = 10000 /* of one owner in control.db */
};

/* `keep` is borrowed; NULL: memory only. ERR_IO, ERR_DAMAGED of control.db. */
enum status repeats_open(struct repeats **repeats, struct keep *keep, struct err *err);
void repeats_close(struct repeats *repeats);

/* OK with exchange->repeat set: do it, then repeats_keep(). OK without: no key. OK with *again: the
 * exchange now holds the first answer. Else the refusal. */
enum status repeats_begin(struct repeats *repeats, struct exchange *exchange, bool *again);
/* Makes "begun" durable, unless control.db knows the key. OK without *again: run it. OK with *again:
 * the exchange now holds the first answer. Else the refusal, and the exchange's row is settled. */
enum status repeats_promise(struct repeats *repeats, struct exchange *exchange, bool *again);
/* Keeps the finished answer of the exchange. Not durable: for this process only; after the next
 * start its outcome is unknown. */
void repeats_keep(struct repeats *repeats, struct exchange *exchange, bool durable);

#endif
