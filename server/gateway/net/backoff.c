#include "gateway/net/backoff.h"

#include <assert.h>

/* splitmix64 */
static uint64_t draw(uint64_t *random)
{
    uint64_t mixed = *random += 0x9E3779B97F4A7C15ULL;

    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBULL;
    return mixed ^ mixed >> 31;
}

int64_t backoff_after_failure(struct backoff *backoff, uint64_t *random)
{
    int64_t wait_ns = BACKOFF_FIRST_NS;
    int64_t spread_ns;

    for (uint32_t at = 0; at < backoff->failures && wait_ns < BACKOFF_MOST_NS; at++)
        wait_ns *= 2;
    if (wait_ns < BACKOFF_MOST_NS)
        backoff->failures++;
    else
        wait_ns = BACKOFF_MOST_NS;
    spread_ns = wait_ns / 100 * BACKOFF_JITTER_PERCENT;
    return wait_ns - spread_ns + (int64_t)(draw(random) % (uint64_t)(2 * spread_ns + 1));
}

void backoff_proved(struct backoff *backoff)
{
    backoff->failures = 0;
}

bool budget_take(struct budget *budget, int64_t now_ns, int64_t *free_ns)
{
    assert(budget->most > 0 && budget->most <= BUDGET_MAX);
    if (budget->used == budget->most && now_ns - budget->at_ns[budget->next] < BUDGET_WINDOW_NS) {
        *free_ns = budget->at_ns[budget->next] + BUDGET_WINDOW_NS;
        return false;
    }
    budget->at_ns[budget->next] = now_ns;
    budget->next = (budget->next + 1) % budget->most;
    if (budget->used < budget->most)
        budget->used++;
    return true;
}
