/* The gateways of a configuration: which there are, and what each is given.
 *
 *   mode sim, replay  one simulated gateway, with the feed of the program, for all venues
 *   mode paper        each real venue has a simulated gateway, whose feed is that venue's market as
 *                     it is now; simulated venues share one, as in sim
 *   mode live         each venue has its own
 * Main thread. */
#ifndef PITWALL_GATEWAYS_H
#define PITWALL_GATEWAYS_H

#include "config/config.h"
#include "gateway/bybit/bybit.h"
#include "gateway/feed.h"

struct carry;

/* Opens the market of a venue as it is now. NULL in its place: Bybit's; tests have their own. */
typedef enum status (*live_feed_fn)(const struct bybit_config *bybit, struct feed **feed,
                                    struct err *err);

struct gateways_plan {
    const struct config *config;
    const struct engine_config *engine; /* its gateways and venue_gateway */
    struct carry *carried; /* NULL: nothing is known of earlier runs; read by the gateways' threads,
                            * so it is nobody's else, and outlives them */
    const _Atomic int64_t *engine_beat_ns; /* monotonic, of the engine's latest turn */
    live_feed_fn live_feed;
    struct gateway_io io[MAX_GATEWAYS];
};

/* Whether `feed` of gateways_open() is wanted: some venue is simulated. */
bool gateways_want_feed(const struct config *config);

/* Opens them all, or none. Takes over the feed (also when it fails): a recording or a synthetic
 * market for the gateway that serves the simulated venues; NULL when there is none of those.
 * ERR_CONFIG: what is wrong, and with which venue. */
enum status gateways_open(struct gateway *gateway[MAX_GATEWAYS], const struct gateways_plan *plan,
                          struct feed *feed, struct err *err);

/* What is said of the venue, but no key: struct bybit_config without io, key, secret, is_ours. Also
 * for the feed on paper and for `pitwall check --connect`. */
void gateways_bybit_config(const struct config *config, uint16_t venue, struct bybit_config *out);

/* Where the key file is: a name without a slash is a credential of the service. ERR_CONFIG: it is
 * one, and there is no $CREDENTIALS_DIRECTORY. */
enum status gateways_key_path(const struct venue_settings *settings, char path[CONFIG_TEXT_MAX * 2],
                              struct err *err);

#endif
