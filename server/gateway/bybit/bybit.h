/* The gateway to Bybit (v5): one venue, linear or spot, of one account.
 *
 * A gateway as gateway.h says. Its parts:
 *   market.h     public sockets: books, trades, tickers, in hot standby
 *   session.h    private and trade sockets, authentication, DCP, clock
 *   orders.h     orders out: encode.h, outcome.h (by codes.def), pace.h, what is under way
 *   reports.h    private stream in: orders, executions, positions to the engine's reports
 *   query.h      one order, asked by REST
 *   reconcile.h  what REST knows: after each connect and periodically
 *   reference.h  instruments, ticks, lots, status, fees: fetched, compared every few minutes
 * All on one net (net/net.h), on the gateway's thread.
 *
 * An order is sent on the trade socket, or by REST when that is down and the order is a cancel or a
 * query (a new order waits for nothing: without a trade socket it is refused at once, unsent). Its
 * outcome is that of codes.def: refused, void, limited, banned, there already, or not known; a code
 * that is not in the table is "not known", and the engine then asks. An acknowledgement of Bybit
 * only means "received": the state comes on the private stream.
 *
 * Source: Bybit's v5 documentation. */
#ifndef PITWALL_GATEWAY_BYBIT_H
#define PITWALL_GATEWAY_BYBIT_H

#include "gateway/gateway.h"

enum { BYBIT_URL_MAX = 256, BYBIT_KEY_MAX = 128 };

struct bybit_config {
    struct gateway_io io;
    struct scope_map scopes;     /* of the run: what io.stop and the kill page number */
    uint16_t venue;              /* of io.instruments: it serves those of this venue */
    bool is_spot;                /* else linear */
    char rest[BYBIT_URL_MAX];    /* https://api.bybit.com */
    char stream[BYBIT_URL_MAX];  /* wss://stream.bybit.com */
    char ca_file[BYBIT_URL_MAX]; /* empty: the system's authorities */
    char record[BYBIT_URL_MAX];  /* folder for the public frames; empty: not recorded */
    char key[BYBIT_KEY_MAX], secret[BYBIT_KEY_MAX]; /* wiped at the close */
    bool standby;                                   /* two public connections */
    uint16_t depth;                                 /* of the books: 1, 50, 200, 1000 */
    int64_t recv_window_ms;                         /* 5000 */
    int64_t stale_ns;           /* of a book: by receive clock, and by the venue's progress */
    int64_t private_silence_ns; /* of the private stream */
    int64_t heartbeat_ns;       /* 20 s */
    int64_t reconcile_ns;       /* so often besides each connect */
    int64_t reference_ns;       /* instruments and fees are compared so often */
    int64_t dcp_ns;             /* window of disconnect-cancel-all; 0: not wanted */
    int64_t clock_alarm_ns;     /* 250 ms: new orders stop beyond it */
    uint32_t connects_max;      /* as struct net_config has it */
    uint32_t orders_per_s;      /* of the venue for this account; 30 % are kept for cancels */
    /* Whether an order id of our form is of a run of this instance; one that is not is of others.
     * NULL: each is. Any thread. */
    bool (*is_ours)(void *ctx, uint64_t order_id);
    void *is_ours_ctx;
    /* Of an order of ours that no message of this run has named: whether the engine was given it by
     * an earlier run (it may be alive) and does not have that execution (0: whether it was given it
     * at all); *fill then has instrument and strategy. What it answers no to is an order of others,
     * and an old execution that is booked. Gateway's thread; as carry_misses(). NULL: nothing was
     * carried over. */
    bool (*is_news)(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill);
    void *is_news_ctx;
    int64_t opening_lots[MAX_INSTRUMENTS]; /* ours, of earlier runs; of spot nobody else knows */
    int64_t executions_since_ns; /* real: what was executed since is asked for; 0: the open */
    /* Monotonic, of the engine's latest turn: while it is silent the venue's disconnect-cancel-all
     * is left to fire. NULL: nobody beats. */
    const _Atomic int64_t *engine_beat_ns;
};

/* Checks the configuration and takes memory; connects later, on its own thread. ERR_CONFIG: what
 * is wrong, and where. */
enum status bybit_open(struct gateway **gateway, const struct bybit_config *config,
                       struct err *err);

/* Key file: JSON {"key":..,"secret":..}, a regular file of mode 0600 or stricter that is ours.
 * ERR_CONFIG names what is wrong, never what is in it. */
enum status bybit_read_key(const char *path, char key[BYBIT_KEY_MAX], char secret[BYBIT_KEY_MAX],
                           struct err *err);

/* `pitwall check --connect`: keys, permissions (a key that may withdraw is refused), clock, DCP,
 * instruments against the configuration; sends no order. Without a key (on paper) what is public
 * alone is asked: clock and instruments. One line a finding through `say`; returns
 * how many are bad. Main thread; some seconds. */
enum bybit_finding { BYBIT_GOOD, BYBIT_WARN, BYBIT_BAD };
typedef void (*bybit_say_fn)(void *ctx, enum bybit_finding finding, const char *what,
                             const char *found);
uint32_t bybit_check(const struct bybit_config *config, bybit_say_fn say, void *ctx);

#endif
