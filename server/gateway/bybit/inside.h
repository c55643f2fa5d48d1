/* What the parts of the Bybit gateway share. Gateway's thread alone.
 *
 * A turn reads the clocks once (mono_ns, real_ns); only a message that is about to leave is stamped
 * anew. What the gateway has to say goes through the outbox: the engine's ring when it has room,
 * else a bounded queue in front of it, and while something waits there nothing more is read from
 * the sockets. */
#ifndef PITWALL_GATEWAY_BYBIT_INSIDE_H
#define PITWALL_GATEWAY_BYBIT_INSIDE_H

#include "gateway/bybit/balance.h"
#include "gateway/bybit/bybit.h"
#include "gateway/bybit/known.h"
#include "gateway/bybit/orders.h"
#include "gateway/bybit/pace.h"
#include "gateway/bybit/public.h"
#include "gateway/bybit/query.h"
#include "gateway/bybit/reconcile.h"
#include "gateway/bybit/reference.h"
#include "gateway/bybit/reports.h"
#include "gateway/bybit/rest.h"
#include "gateway/bybit/session.h"
#include "gateway/bybit/sign.h"
#include "gateway/bybit/symbol.h"
#include "gateway/net/net.h"

enum { BYBIT_OUTBOX_MAX = 8192 };

#define SECOND_NS ((int64_t)1000000000)
#define MS_NS ((int64_t)1000000)

/* The way out, apart from the net so that tests can stand in for it. */
struct bybit_port {
    void *ctx;
    /* A frame on the trade socket, now or not at all; NET_HEADROOM writable bytes lie in front of
     * it. False: no byte of it left or will. */
    bool (*order)(void *ctx, char *text, size_t length);
    /* Nothing of what order() took waits on our side of the trade socket. */
    bool (*is_drained)(void *ctx);
    bool (*request)(void *ctx, const struct net_request *request); /* as net_request() */
};

struct bybit_outbox {
    uint64_t first, last; /* free-running */
    bool has_lost;        /* since it was empty */
    struct execution item[BYBIT_OUTBOX_MAX];
};

struct bybit {
    struct gateway base;
    struct bybit_config config;
    char name[MAX_NAME]; /* of the venue, for the log */
    struct net *net;     /* NULL: not connected yet, or a test */
    struct bybit_port port;
    void *checking; /* of bybit_check() alone */
    struct bybit_signer signer;
    int64_t mono_ns, real_ns;
    int64_t kept_ns;        /* monotonic: when what nobody waits for was done last */
    int64_t opened_ns;      /* real */
    int64_t banned_mono_ns; /* until then; 0: not banned */
    uint16_t symbol_count;
    struct bybit_symbol symbol[MAX_INSTRUMENTS];
    struct bybit_outbox outbox;
    struct bybit_known_table known;
    struct bybit_once executions;
    struct bybit_once listed; /* of those, what the account's lists have told */
    struct bybit_pace pace;
    struct bybit_rest rest;
    struct bybit_session session;
    struct bybit_public public;
    struct bybit_orders orders;
    struct bybit_reports reports;
    struct bybit_counts counts;
    struct bybit_queries queries;
    struct bybit_reconcile reconcile;
    struct bybit_reference reference;
    struct bybit_balance balance;
};

/* Everything but the net and the port. */
enum status bybit_make(struct bybit **bybit, const struct bybit_config *config, struct err *err);
void bybit_unmake(struct bybit *bybit);
/* The net and the way out; no socket yet. */
enum status bybit_connect(struct bybit *bybit, struct err *err);

/* NULL: not one of ours. */
struct bybit_symbol *bybit_symbol_named(struct bybit *bybit, const char *name);
struct bybit_symbol *bybit_symbol_at(struct bybit *bybit, uint16_t instrument);

/* What the kill page has for an order. */
struct order_scopes bybit_scopes_of(const struct bybit *bybit, const struct bybit_known *known);

/* To the engine: now, or when its ring has room. */
void bybit_say(struct bybit *bybit, const struct execution *execution);
/* Moves what waits; true when nothing is left. */
bool bybit_outbox_flush(struct bybit *bybit);

/* Stops trading in a scope, through io.stop. */
void bybit_stop_instrument(struct bybit *bybit, uint16_t instrument, const char *says);
void bybit_stop_venue(struct bybit *bybit, const char *says);

/* The venue refuses us until then (monotonic). */
void bybit_ban(struct bybit *bybit, int64_t until_mono_ns, const char *why);
static inline bool bybit_is_banned(const struct bybit *bybit)
{
    return bybit->mono_ns < bybit->banned_mono_ns;
}

/* Our clock, put right by the venue's, in ms. */
int64_t bybit_venue_ms(const struct bybit *bybit, int64_t real_ns);
/* NULL, or why no new order may be sent. */
const char *bybit_not_ready(const struct bybit *bybit, uint16_t instrument);

#endif
