/* Idempotency-Key: a write that is sent again gets the first answer again, and is done once.
 *
 * The newest 256 keyed answers are kept in memory for at least the time it takes to fill them, per
 * person or token, key, method and path; a restart forgets them. The same key with another body is
 * refused, and so is one whose first try is still running (409). A kill is never looked up here: it
 * is harmless to repeat and must not wait. Any thread; one short lock. */
#ifndef PITWALL_API_REPEATS_H
#define PITWALL_API_REPEATS_H

#include "api/exchange.h"

struct repeats;

enum status repeats_open(struct repeats **repeats, struct err *err);
void repeats_close(struct repeats *repeats);

/* OK with exchange->repeat set: do it, then repeats_keep(). OK without: no key. OK with *again: the
 * exchange now holds the first answer. Else the refusal. */
enum status repeats_begin(struct repeats *repeats, struct exchange *exchange, bool *again);
/* Keeps the finished answer of the exchange; answers of 429 and 5xx are forgotten instead, so that
 * the next try is a real one. */
void repeats_keep(struct repeats *repeats, struct exchange *exchange);

#endif
