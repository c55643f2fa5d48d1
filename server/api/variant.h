/* Which variant of a read is sent; variant.c tells the rules. */
#ifndef PITWALL_API_VARIANT_H
#define PITWALL_API_VARIANT_H

#include "api/exchange.h"

struct variants;

enum status variants_open(struct variants **variants, struct err *err);
void variants_close(struct variants *variants);

/* Of a finished answer (reply_finish): sets ETag, packs, or makes it a 304. Nothing but answers 200
 * to reads of a route changes. On the listener's thread, or on a worker. */
void variant_choose(struct exchange *exchange);
void variant_choose_on_worker(struct exchange *exchange);
/* It is to be packed and so large that a listener's thread may not: over 64 KiB. */
bool variant_is_slow(const struct exchange *exchange);

bool variant_is_read(const struct exchange *exchange); /* GET or HEAD */
/* Another reader may get it packed: Vary says so. */
bool variant_may_pack(const struct exchange *exchange);
bool variant_wants_packed(const struct exchange *exchange);
/* It asks for the metrics, and for OpenMetrics rather than text. */
bool variant_wants_openmetrics(const struct exchange *exchange);
/* The client has this very variant. */
bool variant_is_held(const struct exchange *exchange, const char *etag);
/* A strong tag of these bytes. */
void variant_tag(const void *bytes, size_t length, char etag[ETAG_MAX]);

#endif
