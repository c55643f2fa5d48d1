#include "sim/queue.h"

#include "base/assert.h"
#include "domain/bounds.h"

#define ONE_Q32 (1ULL << 32)

/* log2(value), value >= 1, in 2^-32: the whole part is the highest bit, each further bit says
 * whether squaring the mantissa reaches 2. */
static uint64_t log2_q32(uint64_t value)
{
    unsigned whole = 63U - (unsigned)__builtin_clzll(value);
    uint64_t mantissa = value << (63U - whole); /* 1.63 */
    uint64_t result = (uint64_t)whole << 32;

    for (int bit = 31; bit >= 0; bit--) {
        unsigned __int128 square = ((unsigned __int128)mantissa * mantissa) >> 63;

        if (square >> 64) {
            result |= 1ULL << bit;
            square >>= 1;
        }
        mantissa = (uint64_t)square;
    }
    return result;
}

/* a^n / (a^n + b^n): by the larger of both, so that the power never exceeds one. */
static uint64_t power_share_q32(uint64_t ahead, uint64_t behind, uint32_t power)
{
    uint64_t large = ahead > behind ? ahead : behind;
    uint64_t small = ahead > behind ? behind : ahead;
    uint64_t ratio = (uint64_t)(((unsigned __int128)small << 32) / large);
    uint64_t raised = ONE_Q32;
    uint64_t share;

    while (power-- > 0)
        raised = (uint64_t)(((unsigned __int128)raised * ratio) >> 32);
    share = (uint64_t)(((unsigned __int128)ONE_Q32 << 32) / (ONE_Q32 + raised));
    return ahead > behind ? share : ONE_Q32 - share;
}

static uint64_t log_share_q32(uint64_t ahead, uint64_t behind)
{
    unsigned __int128 of_ahead = log2_q32(1 + ahead);

    return (uint64_t)((of_ahead << 32) / (of_ahead + log2_q32(1 + behind)));
}

uint64_t queue_share_q32(const struct queue_model *model, int64_t ahead_lots, int64_t behind_lots)
{
    assert(ahead_lots >= 0 && behind_lots >= 0);
    if (ahead_lots == 0 || model->kind == QUEUE_FRONT)
        return 0;
    if (model->kind == QUEUE_POWER)
        return power_share_q32((uint64_t)ahead_lots, (uint64_t)behind_lots, model->power);
    return log_share_q32((uint64_t)ahead_lots, (uint64_t)behind_lots);
}

int64_t queue_left_ahead(const struct queue_model *model, int64_t ahead_lots, int64_t behind_lots,
                         int64_t left_lots, uint64_t draw)
{
    unsigned __int128 believed =
        (unsigned __int128)queue_share_q32(model, ahead_lots, behind_lots) * model->decay_e8 *
        (uint64_t)left_lots / RATIO_ONE_E8;
    int64_t lots = (int64_t)(believed >> 32);

    assert(left_lots > 0);
    lots += (draw >> 32) < (uint64_t)(believed & (ONE_Q32 - 1));
    if (left_lots - lots > behind_lots)
        lots = left_lots - behind_lots;
    return lots < ahead_lots ? lots : ahead_lots;
}
