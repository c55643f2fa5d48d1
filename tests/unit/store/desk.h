/* A small desk for tests of store, view and metrics: one venue, two instruments, two strategies;
 * a data directory of its own that is removed with everything in it. */
#ifndef TESTS_UNIT_STORE_DESK_H
#define TESTS_UNIT_STORE_DESK_H

#include "config/config.h"
#include "store/store.h"

struct desk {
    struct config config;
    char dir[64];
};

enum { BTC, ETH };
enum { MANUAL, MAKER };

void desk_open(struct desk *desk);
void desk_close(struct desk *desk);
uint16_t desk_scope(const struct desk *desk, const char *name);

/* All values of column 0, joined by blanks; static memory. */
const char *desk_ask(const struct desk *desk, const char *sql);
/* Runs SQL as somebody with the file in his hands would. */
void desk_tamper(const struct desk *desk, const char *sql);

struct event_order_sent desk_order(uint64_t id, int64_t price_ticks, int64_t lots);

#endif
