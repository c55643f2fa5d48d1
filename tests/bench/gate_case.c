#include "gate_case.h"

#include "base/assert.h"
#include "risk/gate.h"

#define NOW_NS 1723161600000000000LL
#define MID_TICKS 617736

static struct limits widest(void)
{
    struct limits limits;

    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);

        limits.value[id] = row->sense == LIMIT_MOST ? row->max : row->min;
    }
    return limits;
}

static void compile(struct gate_table *table)
{
    struct limits limits = widest();
    struct gate_limits four = {
        .scope = {&limits, &limits, &limits, &limits}, .number = {0, 1, 2, 3}, .generation = 1};

    gate_compile(&four, table);
}

/* What the caller measures before it asks. */
static void measure(struct verdict *verdict)
{
    struct gate_measures measures = {.notional_e8 = 1000 * MONEY_ONE_E8,
                                     .duplicate_age_ns = INT64_MAX,
                                     .liquidation_distance_e8 = INT64_MAX,
                                     .venue_age_ns = 3000,
                                     .rate_age_ns = -1};
    struct gate_use use = {.gross_e8 = 1000 * MONEY_ONE_E8,
                           .net_e8 = 1000 * MONEY_ONE_E8,
                           .open_orders = 3,
                           .messages = 100,
                           .orders_today = 5000};

    gate_measure(verdict, measures);
    for (unsigned scope = 0; scope < GATE_SCOPES; scope++)
        gate_use(verdict, scope, use);
}

uint64_t gate_case_run(uint32_t count)
{
    struct gate_table table;
    struct verdict verdict = {0};
    struct gate_input in = {
        .mid_twice_ticks = 2 * MID_TICKS, .now_ns = NOW_NS, .book_ns = NOW_NS - 5000, .buy = true};
    uint64_t sum = 0;

    compile(&table);
    measure(&verdict);
    for (uint32_t at = 0; at < count; at++) {
        in.price_ticks = MID_TICKS - (int64_t)(at % 8);
        in.qty_lots = 1 + (int64_t)(at % 16);
        gate_check(&table, &in, &verdict);
        assert(verdict.denial == DENIAL_NONE);
        sum += (uint64_t)verdict.wide[WIDE_ORDER_LOTS];
        __asm__ volatile("" : "+r"(sum) : "r"(&verdict) : "memory");
    }
    return sum;
}
