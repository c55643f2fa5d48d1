/* `pitwall venue --protocol bybit-v5`: Bybit's v5 API, REST and WebSocket, in front of the venue's
 * core. Linear and spot; inverse and option are known and empty. Source: VENUES.md and Bybit's
 * documentation; the surface is in routes.def, session.c and trade.c. */
#ifndef PITWALL_VENUE_BYBIT_BYBIT_H
#define PITWALL_VENUE_BYBIT_BYBIT_H

#include "venue/market.h"

struct bybit_config {
    const char *listen;               /* "127.0.0.1:9700" */
    const char *cert_file, *key_file; /* NULL: plain */
    const char *accounts_file;        /* NULL: the demo's two */
    const char *state_file;           /* NULL: none is kept */
    const char *faults_file;          /* NULL: none */
    const char *ledger_file;          /* NULL: none */
    bool ledger_public;               /* public frames too */
    bool no_limits;                   /* no rate and connection limits */
    struct venue_market_options market;
    uint64_t seed;
    bool has_seed;        /* it was asked for: ids are the same each time too */
    int64_t dcp_delay_ns; /* from asking to being in force */
};

struct bybit;

enum status bybit_serve(struct bybit **bybit, const struct bybit_config *config, struct err *err);
/* Serves until *stop is set. ERR_IO: the state could not be saved. */
enum status bybit_run(struct bybit *bybit, const volatile int *stop, struct err *err);
void bybit_wake(struct bybit *bybit); /* from a signal handler's thread */
void bybit_close(struct bybit *bybit);

const char *bybit_url(const struct bybit *bybit);
/* False: no such key. `at` from 0. */
bool bybit_key(const struct bybit *bybit, uint16_t at, uint64_t *uid, const char **key,
               const char **secret);

#endif
