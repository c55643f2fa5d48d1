#include "gate_case.h"

#include "base/assert.h"
#include "risk/gate.h"

#define NOW_NS 1723161600000000000LL

static struct limits widest(void)
{
    struct limits limits;

    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);

        limits.value[id] = row->sense == LIMIT_MOST ? row->max : row->min;
    }
    return limits;
}

uint64_t gate_case_run(uint32_t count)
{
    struct limits limits = widest();
    struct gate_limits four = {
        .scope = {&limits, &limits, &limits, &limits}, .number = {0, 1, 2, 3}, .generation = 1};
    struct gate_input in = {.side = SIDE_BUY,
                            .notional_e8 = 1000 * MONEY_ONE_E8,
                            .permitted = true,
                            .reference_known = true,
                            .mid_e8_ticks = 617736 * PRICE_ONE_E8,
                            .now_ns = NOW_NS,
                            .book_ns = NOW_NS - 5000};
    uint64_t sum = 0;

    for (uint32_t at = 0; at < count; at++) {
        struct verdict verdict;

        in.price_ticks = 617736 - (int64_t)(at % 8);
        in.qty_lots = 1 + (int64_t)(at % 16);
        verdict = gate_check(&four, &in);
        assert(verdict.denial == DENIAL_NONE);
        sum += (uint64_t)verdict.checks[at % LIMIT_COUNT].measured;
        __asm__ volatile("" : "+r"(sum) : "r"(&verdict) : "memory");
    }
    return sum;
}
