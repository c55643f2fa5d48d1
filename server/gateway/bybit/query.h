/* What has become of an order: the venue asked by REST, and its answer told.
 *
 * First among the open and recently closed orders (realtime), then in the history; only when both
 * answer, and neither has it, it is absent. Of one that ended its executions are fetched before the
 * end is said. An answer of another kind (a limit, a time-out, a row that is refused) is none: the
 * engine asks again. So that nobody asks without end, an order is asked about again after 300 ms at
 * the earliest, twice as long after each try in vain, up to 30 s; and all requests have a budget
 * (rest.h).
 *
 * The engine's questions are answered as it expects (VENUE_ACK with how the order stands, and the
 * amend_no of the question; QUERY_ABSENT). Our own (a cancel that came too late, an order that a
 * reconciliation missed, an end without its fills) are told as the stream would have told it; one
 * that is absent is TIMEOUT, so that the engine asks for itself. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_QUERY_H
#define PITWALL_GATEWAY_BYBIT_QUERY_H

#include "gateway/bybit/known.h"
#include "gateway/bybit/reports.h"

enum { BYBIT_QUERIES_MAX = 8 };

enum bybit_stage { BYBIT_REALTIME, BYBIT_HISTORY, BYBIT_EXECUTIONS };
struct bybit_query {
    uint64_t order_id; /* 0: free */
    uint32_t number, amend_no, pages;
    uint8_t stage;
    bool for_engine, fills_only;
    struct bybit_order_row row; /* that was found, while its executions are fetched */
};
struct bybit_queries {
    uint32_t number;
    struct bybit_query query[BYBIT_QUERIES_MAX];
};

struct bybit;
/* False: not yet; too many are under way, it was asked in vain just now, or REST is held.
 * True as well when one of it is under way. */
bool bybit_ask(struct bybit *bybit, struct bybit_known *known, uint32_t amend_no, bool for_engine);
bool bybit_ask_fills(struct bybit *bybit, struct bybit_known *known);

#endif
