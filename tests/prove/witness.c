/* The contract of gate_check() is about something: here are a table and inputs that meet its
 * preconditions, an order that passes and one that is denied. Run by tests/prove/self-test. */
#include "risk/gate.h"

#include <stdio.h>

static struct limits firm, unset;

static enum denial judge(enum trading_state state)
{
    struct gate_limits limits = {.scope = {&firm, &unset, &unset, &unset}, .generation = 1};
    struct gate_input in = {.price_ticks = 1000,
                            .qty_lots = 1,
                            .mid_twice_ticks = 2000,
                            .now_ns = 2,
                            .book_ns = 1,
                            .state = state,
                            .buy = true};
    struct gate_table table;
    struct verdict verdict;

    gate_compile(&limits, &table);
    gate_measure(&verdict, (struct gate_measures){.duplicate_age_ns = INT64_MAX,
                                                  .liquidation_distance_e8 = INT64_MAX});
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        gate_use(&verdict, at, (struct gate_use){.open_orders = 1, .messages = 1});
    if (!gate_input_is_sound(&in) || table.collar_ratio_e8 < -1 ||
        table.collar_ratio_e8 > RATIO_ONE_E8)
        return DENIAL_COUNT;
    gate_check(&table, &in, &verdict);
    return (enum denial)verdict.denial;
}

int main(void)
{
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        firm.value[id] = 100;
        unset.value[id] = LIMIT_UNSET;
    }
    if (!gate_limits_hold(&firm) || judge(STATE_ACTIVE) != DENIAL_NONE ||
        judge(STATE_HALTED) != DENY_HALTED) {
        puts("FAIL witness: the preconditions do not hold of an ordinary order");
        return 1;
    }
    puts("ok witness: preconditions hold, one order passes and one is denied");
    return 0;
}
