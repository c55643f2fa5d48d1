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

enum { ORDER_POST_ONLY = 1, ORDER_REDUCE_ONLY = 2 }; /* flags */
enum { STRATEGY_MANUAL = 0 };

/* What a strategy or a person wants; becomes an order when the gate passes it. */
enum intent_kind { INTENT_NEW, INTENT_CANCEL };

struct intent {
    uint8_t kind;
    uint8_t side;
    uint8_t type;
    uint8_t tif;
    uint8_t flags;
    uint16_t instrument;
    uint16_t strategy;
    int64_t price_ticks; /* market: 0, the engine bounds it by the collar */
    int64_t qty_lots;
    uint64_t order_id; /* of the order to cancel */
    uint64_t cause;    /* command id of a person's order; 0: a strategy's own */
};

struct order {
    uint64_t id;  /* epoch << 32 | counter: never repeats, restarts included */
    uint64_t seq; /* position in the order of sending, from 1 */
    uint16_t instrument, strategy, venue;
    struct order_scopes scopes;
    uint8_t side, type, tif, flags, state, state_before_cancel;
    bool cancel_counted; /* within an incident's receipt */
    int64_t price_ticks;
    int64_t qty_lots;
    int64_t filled_lots;
    __int128 filled_price_lots; /* sum of price_ticks * lots: the average price */
    int64_t sent_ns, acked_ns;
    uint64_t cause;
    uint64_t incident;             /* kill generation whose receipt counts it; 0: none */
    uint32_t live_at;              /* oms: place among the live orders */
    uint32_t cell_prev, cell_next; /* oms: the live orders of its strategy in its instrument */
};

static inline int64_t order_leaves_lots(const struct order *order)
{
    return order->qty_lots > order->filled_lots ? order->qty_lots - order->filled_lots : 0;
}

/* Engine to gateway. */
enum order_message_kind { ORDER_MESSAGE_NEW = 1, ORDER_MESSAGE_CANCEL };

struct order_message {
    uint8_t kind, side, type, tif, flags;
    uint16_t instrument, strategy, venue;
    struct order_scopes scopes;
    uint64_t order_id, seq;
    int64_t price_ticks, qty_lots, sent_ns;
};

/* Gateway to engine. `report` is one of the venue's (FILL_PART stands for any fill: the engine
 * decides whether it is the last). Everything needed to book a fill of an order we have forgotten
 * is in it. */
struct execution {
    uint8_t report, side;
    bool maker;
    uint16_t instrument, strategy;
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

/* "PW" epoch "-" counter, both upper-case hexadecimal; out has ORDER_ID_TEXT_MAX bytes. */
enum { ORDER_ID_TEXT_MAX = 24 };
void order_id_print(char *out, uint64_t id);
bool order_id_parse(const char *text, uint64_t *id);

#endif
