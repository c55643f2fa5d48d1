/* Answers that are sent again as they are: the hot reads of the view, without arguments.
 *
 * Within a moment of 1 ms, and never across a change of what the view holds, whoever may read a
 * route gets the same bytes: the response that was made for the first of them, headers included.
 * So ages in it are at most 1 ms too small, and nobody reads a state that the control plane
 * already knows to be over. Only the metrics, which are read by the second and are large, stay for
 * 10 ms, whatever happens meanwhile: they are as old as a scrape may be late.
 * Who asks, and whether he may, is settled before, for every request.
 * Kept answers carry no X-Request-Id: they are nobody's own.
 *
 * One store per listener, used by that listener's thread only; it ends after the daemons. */
#ifndef PITWALL_API_KEPT_H
#define PITWALL_API_KEPT_H

#include "api/exchange.h"

struct kept;

struct kept_answer {
    struct MHD_Response *response; /* NULL: none */
    char etag[ETAG_MAX];
    int64_t made_mono_ns;
    uint64_t changes; /* of the view, before it was made */
};

struct kept *kept_open(void); /* NULL: out of memory */
void kept_close(struct kept *kept);

/* Is this a read whose answer may be kept? Also notes on the exchange the view's state of now:
 * call it before the handler runs. */
bool kept_begin(struct exchange *exchange);
/* After kept_begin: what may be sent again; NULL: make it. */
const struct kept_answer *kept_find(struct exchange *exchange);
/* Keeps the answer of an exchange that kept_begin was for; takes the caller's reference. */
void kept_put(struct exchange *exchange, struct MHD_Response *response);

#endif
