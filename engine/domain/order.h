/* Orders, and the messages about them between engine, gateway and strategies. */
#ifndef PITWALL_DOMAIN_ORDER_H
#define PITWALL_DOMAIN_ORDER_H

#include "domain/bounds.h"
#include "domain/kill_page.h"

#include <stdbool.h>
#include <stdint.h>

enum side { SIDE_BUY, SIDE_SELL };
enum order_type { TYPE_LIMIT, TYPE_MARKET }; /* market leaves as a bounded IOC limit order */
enum tif { TIF_GTC, TIF_IOC, TIF_FOK };

enum order_state {
#define ORDER_STATE(ID, ...) ORDER_##ID,
#include "tables/order_states.def"
#undef ORDER_STATE
    ORDER_STATE_COUNT
};

enum report {
#define REPORT(ID, ...) REPORT_##ID,
#include "tables/reports.def"
#undef REPORT
    REPORT_COUNT
};

/* Flags. The first two are asked for, the others the engine alone sets.
 * ORDER_EXIT: a person's or a flatten's reduce-only order, the one kind of new order that leaves in
 * a HALTED or killed scope. ORDER_EXIT_OWN: an exit that is judged by its strategy's own position,
 * not by the instrument's. ORDER_EXTERNAL: found at the venue, not sent by us; it counts in every
 * limit, and only a cancel that names it touches it. */
enum {
    ORDER_POST_ONLY = 1,
    ORDER_REDUCE_ONLY = 2,
    ORDER_ASKED_FLAGS = 3,
    ORDER_EXIT = 4,
    ORDER_EXTERNAL = 8,
    ORDER_EXIT_OWN = 16
};
enum { STRATEGY_MANUAL = 0 };

/* What a strategy or a person wants; becomes an order when the gate passes it. */
enum intent_kind { INTENT_NEW, INTENT_CANCEL, INTENT_AMEND };

struct intent {
    uint8_t kind;
    uint8_t side;
    uint8_t type;
    uint8_t tif;
    uint8_t flags;
    uint16_t instrument;
    uint16_t strategy;
    int64_t price_ticks; /* market: 0, the engine bounds it by the collar */
    int64_t qty_lots;    /* amend: the new total, what is filled included */
    uint64_t order_id;   /* of the order to cancel or to amend */
    uint64_t cause;      /* command id of a person's order; 0: a strategy's own */
};

struct order {
    /* instance (12 bits), epoch of the start (20), counter (32): never repeats, restarts included.
     * Of
     * a foreign order: drawn by its gateway, top bit set. */
    uint64_t id;
    uint64_t seq; /* position in the order of sending, from 1 */
    uint16_t instrument, strategy, venue;
    struct order_scopes scopes;
    uint8_t side, type, tif, flags, state;
    uint8_t state_before;   /* that a cancel or an amend under way has found */
    uint8_t cancel_outcome; /* as counted in the receipts of its incidents */
    bool cancel_refused;    /* the newest cancel was, and nothing was heard of it since */
    int64_t price_ticks;
    int64_t qty_lots;
    int64_t amend_price_ticks, amend_qty_lots; /* asked for and not yet answered; qty 0: none */
    uint32_t amend_no;                         /* of the newest amend, from 1 */
    int64_t filled_lots;
    __int128 filled_price_lots; /* sum of price_ticks * lots: the average price */
    int64_t sent_ns, acked_ns;
    int64_t asked_ns;   /* the newest message about it: what a time-out is measured from */
    int64_t unknown_ns; /* since when its fate is unknown; 0: it is known */
    int64_t cancel_ns;  /* the newest cancel; 0: none was sent */
    int64_t amend_ns;   /* the newest amend */
    uint8_t absent;     /* clean answers that the venue does not know it */
    uint64_t cause;
    uint64_t incident;             /* kill generation whose receipt counts it; 0: none */
    uint32_t live_at;              /* oms: place among the live orders */
    uint32_t cell_prev, cell_next; /* oms: the live orders of its strategy in its instrument */
};

static inline int64_t order_leaves_lots(const struct order *order)
{
    return order->qty_lots > order->filled_lots ? order->qty_lots - order->filled_lots : 0;
}

/* What it may still fill: while an amend is on its way, the larger of both. */
static inline int64_t order_exposed_lots(const struct order *order)
{
    int64_t qty = order->amend_qty_lots > order->qty_lots ? order->amend_qty_lots : order->qty_lots;

    return qty > order->filled_lots ? qty - order->filled_lots : 0;
}

/* Engine to gateway. */
enum order_message_kind {
    ORDER_MESSAGE_NEW = 1,
    ORDER_MESSAGE_CANCEL,
    ORDER_MESSAGE_AMEND, /* price_ticks and qty_lots are the new ones, qty the new total */
    ORDER_MESSAGE_QUERY, /* what has become of it? answered by a report of what it is, or absent */
};

struct order_message {
    uint8_t kind, side, type, tif, flags;
    uint16_t instrument, strategy, venue;
    struct order_scopes scopes;
    uint32_t amend_no; /* of this order, from 1; an answer repeats it */
    uint64_t order_id, seq;
    int64_t price_ticks, qty_lots, sent_ns;
};

/* Gateway to engine. `report` is one of the venue's or the gateway's (FILL_PART stands for any
 * fill: the engine decides whether it is the last; CANCEL_SENT, AMEND_SENT and VOID are the
 * engine's own: passed in here they are an anomaly and nothing else). Everything needed to book a
 * fill of an order that we have forgotten is in it. Of the other reports:
 *   VENUE_AMEND   price_ticks and qty_lots (the total) as they now stand
 *   VENUE_ACK     in answer to a query: the same, of an order that rests, and the amend_no that the
 *                 query carried; else all 0
 *   FOREIGN       an order that is not ours rests: side, price_ticks, qty_lots are its own,
 *                 order_id is drawn by the gateway (top bit set) and stays in later reports
 *   POSITION      the venue's own count of our position: qty_lots, signed; about no order
 *   VENUE_REJECT  the order never lived. Of an id that the venue knows already it is not said: that
 *                 is DUPLICATE_ID, about the request and not about the order that has the id
 *   FUNDING       fee_e8 was paid (positive) or received for holding; exec_id unique per venue */
struct execution {
    uint8_t report, side;
    bool maker;
    uint16_t instrument, strategy;
    uint32_t amend_no;          /* of VENUE_AMEND and AMEND_REJECT: which one is answered */
    uint64_t order_id, exec_id; /* exec_id of a fill: unique per venue */
    int64_t price_ticks, qty_lots;
    int64_t fee_e8; /* settlement currency; a cost is positive, a rebate negative */
    int64_t venue_ns, received_ns;
};

const char *side_name(enum side side);                /* "buy" */
const char *order_type_name(enum order_type type);    /* "limit" */
const char *tif_name(enum tif tif);                   /* "GTC" */
const char *order_state_name(enum order_state state); /* "WORKING" */
const char *report_name(enum report report);
bool order_state_is_terminal(enum order_state state);

/* "PW" prefix "-" counter, both upper-case hexadecimal, and a check character, so that one that was
 * misread or mistyped is not another order. out has ORDER_ID_TEXT_MAX bytes. */
enum { ORDER_ID_TEXT_MAX = 24 };
void order_id_print(char *out, uint64_t id);
bool order_id_parse(const char *text, uint64_t *id);

#endif
