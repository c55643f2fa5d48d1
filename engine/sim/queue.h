/* Where a resting order stands in its queue, when the market shows only the size of the level.
 *
 * Joining, everything shown is ahead of us. A trade at the price eats from the front. What leaves
 * the level otherwise (cancels) left from ahead of us or from behind us, nobody says which:
 *
 *   front   all of it from behind, until the level is shorter than our queue: the pessimist
 *   power   the share from ahead is  a^n / (a^n + b^n)
 *   log     the share from ahead is  ln(1+a) / (ln(1+a) + ln(1+b))
 *
 * with a lots ahead of us and b behind: the probability models known from hftbacktest's
 * ProbQueueModel (its `prob` is the share from behind). `decay` is what we believe of the models'
 * share: of the size that a model takes to leave from ahead, that part does (0.9 by default), the
 * rest is taken to have left from behind. What cannot have left from behind, because fewer lots
 * were there, left from ahead in any model, undecayed. Plausible, not calibrated to any venue.
 *
 * Whole lots leave: the fraction is a chance (`draw`, 64 random bits), so that many small changes
 * add up to the share. Integers only: shares and logarithms in 2^-32. Pure; a call costs some
 * 20 ns (power) or 200 ns (log). */
#ifndef PITWALL_SIM_QUEUE_H
#define PITWALL_SIM_QUEUE_H

#include <stdint.h>

enum queue_kind { QUEUE_FRONT, QUEUE_POWER, QUEUE_LOG };

struct queue_model {
    uint8_t kind;
    uint8_t power;     /* n, 1..16 */
    uint32_t decay_e8; /* ratio, 0..1 */
};

/* The model's share from ahead, undecayed, in 2^-32; 0 for QUEUE_FRONT. ahead, behind >= 0. */
uint64_t queue_share_q32(const struct queue_model *model, int64_t ahead_lots, int64_t behind_lots);
/* How many of the `left_lots` > 0 that left the level left from ahead of us; at most ahead_lots. */
int64_t queue_left_ahead(const struct queue_model *model, int64_t ahead_lots, int64_t behind_lots,
                         int64_t left_lots, uint64_t draw);

#endif
