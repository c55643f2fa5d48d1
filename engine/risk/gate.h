/* The gate: every new order passes it or is denied, and the verdict says why either way.
 *
 * A pure function of plain numbers: what the order is, what the four scopes that apply to it (firm,
 * venue, strategy, instrument) have in use, and what their limits are. It fills every row, whatever
 * fails, so a pass can be explained as well as a denial. Of the scopes that set a limit the one
 * with the least headroom stands in the row. A limit that no applicable scope sets denies; so does
 * one that was set to null. There is no bypass.
 *
 * Engine thread, called by oms_submit() only; about 30 ns. */
#ifndef PITWALL_RISK_GATE_H
#define PITWALL_RISK_GATE_H

#include "domain/limit.h"
#include "domain/order.h"
#include "domain/scope.h"

enum { GATE_FIRM, GATE_VENUE, GATE_STRATEGY, GATE_INSTRUMENT, GATE_SCOPES };

struct gate_input {
    /* The order. */
    enum side side;
    int64_t price_ticks, qty_lots;
    int64_t notional_e8; /* reporting currency */
    bool reduce_only;
    /* What forbids it outright. */
    enum trading_state state; /* effective */
    bool permitted;           /* the strategy may trade the instrument */
    bool busy;                /* no room in journal, ring or pool */
    bool book_stale;
    bool reference_known; /* mid and conversion are there and fresh */
    /* The market. */
    int64_t mid_e8_ticks;
    int64_t now_ns, book_ns; /* book_ns 0: no book yet */
    /* Use, per scope where it differs. */
    int64_t position_lots[GATE_SCOPES];
    int64_t working_lots[GATE_SCOPES]; /* of the order's own side */
    uint32_t open_orders[GATE_SCOPES];
    uint32_t messages[GATE_SCOPES];
    int64_t day_pnl_e8[GATE_SCOPES];
};

struct gate_limits {
    const struct limits *scope[GATE_SCOPES];
    uint16_t number[GATE_SCOPES]; /* the scopes' numbers, for the verdict */
    uint64_t generation;
};

struct verdict gate_check(const struct gate_limits *limits, const struct gate_input *in);

#endif
