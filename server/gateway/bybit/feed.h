/* Paper: the public market of Bybit as a live feed (gateway/feed.h), which a simulated gateway
 * plays. Its net is its own; next() serves it, and keeps the owner's state, connects and gaps. */
#ifndef PITWALL_GATEWAY_BYBIT_FEED_H
#define PITWALL_GATEWAY_BYBIT_FEED_H

#include "gateway/bybit/bybit.h"
#include "gateway/feed.h"

struct bybit_mark;

/* Of `config`: io.instruments, venue, is_spot, stream, ca_file, standby, depth, stale_ns and
 * heartbeat_ns are used; no key. Connects later. ERR_CONFIG: what is wrong, and where. */
enum status bybit_feed_open(const struct bybit_config *config, struct feed **feed, struct err *err);
/* The newest mark and funding of an instrument of the feed; has 0: none yet. Same thread. */
struct bybit_mark bybit_feed_mark(const struct feed *feed, uint16_t instrument);

#endif
