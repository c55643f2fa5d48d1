/* What the fold holds; private to carry*.c and to the tests that break it. */
#ifndef PITWALL_CARRY_STATE_H
#define PITWALL_CARRY_STATE_H

#include "carry.h"
#include "state_hash.h"

struct carry {
    bool named;
    uint64_t epoch; /* of the newest start */
    struct input_names names;
    struct scope_map scopes;
    struct order_pool orders;
    struct fill_set fills;
    struct position total[MAX_INSTRUMENTS]; /* unrealised is not kept */
    struct position own[MAX_STRATEGIES][MAX_INSTRUMENTS];
    struct limits limits[MAX_SCOPES];
    uint64_t limits_generation[MAX_SCOPES];
    struct scope_state states[MAX_SCOPES]; /* version 0: not said */
    struct event_money money;
    struct money_mark mark[MAX_INSTRUMENTS];
    struct money_scope scope[MAX_SCOPES];
    struct carry_pending pending;
};

#endif
