/* What the venue says that our account has: for people alone, nothing is decided by it.
 *
 * Each wallet row of the private stream tells it, and on linear venues a question of its own about
 * as often as the account is read (on spot that reading has the row). A figure that the row does
 * not have is not known. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_BALANCE_H
#define PITWALL_GATEWAY_BYBIT_BALANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct bybit;
struct bybit_balance {
    bool is_asked;
    bool has_failed; /* the newest question; said once */
    int64_t due_ns;  /* monotonic */
    int64_t at_ms;   /* of the newest row, by the venue's clock */
};

/* One that is older than another says nothing. */
void bybit_balance_take(struct bybit *bybit, const json_t *row, int64_t at_ms, int64_t received_ns);
void bybit_balance_turn(struct bybit *bybit);

#endif
