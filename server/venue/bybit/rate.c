#include "venue/bybit/rate.h"

#define NS_PER_MS 1000000

uint32_t rate_limit(enum rate rate, uint8_t category)
{
    static const uint8_t limits[RATE_COUNT][VENUE_CATEGORY_COUNT] = {
#define RATE(ID, linear, spot) [RATE_##ID] = {linear, spot},
#include "venue/bybit/rates.def"
#undef RATE
    };

    assert(rate < RATE_COUNT && category < VENUE_CATEGORY_COUNT);
    return limits[rate][category];
}

static int64_t oldest(const struct rate_window *window)
{
    return window->stamps_ns[window->from];
}

static void forget_old(struct rate_window *window, int64_t before_ns)
{
    while (window->count > 0 && oldest(window) <= before_ns) {
        window->from = (uint16_t)((window->from + 1U) % RATE_PER_WINDOW_MAX);
        window->count--;
    }
}

static void note(struct rate_window *window, int64_t now_ns)
{
    window->stamps_ns[(window->from + window->count) % RATE_PER_WINDOW_MAX] = now_ns;
    window->count++;
}

struct rate_verdict rate_take(struct rate_window *window, uint32_t limit, uint32_t cost,
                              int64_t window_ns, int64_t now_ns)
{
    struct rate_verdict verdict = {.limit = limit};

    assert(limit > 0 && limit <= RATE_PER_WINDOW_MAX);
    forget_old(window, now_ns - window_ns);
    verdict.passes = window->count + cost <= limit || window->count == 0;
    for (uint32_t at = 0; verdict.passes && at < cost && window->count < limit; at++)
        note(window, now_ns);
    verdict.left = (int64_t)limit - window->count;
    verdict.reset_ms =
        (window->count > 0 && verdict.left == 0 ? oldest(window) + window_ns : now_ns) / NS_PER_MS;
    if (!verdict.passes && verdict.left > 0)
        verdict.reset_ms = (oldest(window) + window_ns) / NS_PER_MS;
    return verdict;
}
