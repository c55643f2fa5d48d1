/* What REST knows of our account, after each connect of the private stream and periodically.
 *
 * In this order: open orders of each of our instruments (all pages), executions since the last time
 * (all pages), positions or balance. The rows go the way of the stream's. An order of ours that
 * should rest, was sent before this began, and is not among the open ones, is asked about by
 * itself. No new order leaves before the first is whole; one that fails begins anew a second later.
 * The rows of a page are taken as there is room for what they say (the outbox is empty), the rest
 * in later turns; and a page is asked for when the budget of requests allows it.
 * Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_RECONCILE_H
#define PITWALL_GATEWAY_BYBIT_RECONCILE_H

#include "gateway/bybit/rest.h"

#include <stdbool.h>
#include <stdint.h>

enum bybit_step { BYBIT_STEP_OPEN, BYBIT_STEP_FILLS, BYBIT_STEP_POSITIONS, BYBIT_STEP_MISSING };

/* That was answered and is not taken yet. */
struct bybit_page {
    json_t *rows; /* ours; NULL: none */
    size_t at;
    char cursor[BYBIT_CURSOR_MAX];
    int64_t time_ms, received_ns;
};

struct bybit;
enum { BYBIT_PAGES_MAX = 2000 };
struct bybit_reconcile {
    bool is_wanted; /* soon, whenever it was due */
    bool is_done;   /* one is whole since the private stream stands */
    bool is_running;
    bool has_failed; /* the newest attempt; said once */
    bool is_unasked; /* the next page: its request could not be made yet */
    uint8_t step;
    uint32_t pages;             /* that were followed by another */
    uint32_t number;            /* of the one that runs */
    uint32_t at;                /* instrument or row of the step */
    int64_t begun_ns, due_ns;   /* monotonic */
    int64_t begun_ms, since_ms; /* the venue's clock */
    uint64_t runs;              /* that were whole */
    struct bybit_page page;
};

/* The private stream stands anew: what was known before it is old. */
void bybit_reconcile_restart(struct bybit *bybit);
void bybit_reconcile_turn(struct bybit *bybit);
void bybit_reconcile_close(struct bybit *bybit);

#endif
