#include "gateway/bybit/pace.h"

#include "engine.h"

#define WINDOW_NS 1000000000LL

void bybit_pace_init(struct bybit_pace *pace, uint32_t most)
{
    assert(most >= 2 && most <= BYBIT_PACE_MAX);
    *pace = (struct bybit_pace){.most = most, .kept = (most * BYBIT_PACE_KEPT_PERCENT + 99) / 100};
}

/* Whether fewer than `most` went within the last second. */
static bool has_room(const struct bybit_pace *pace, uint32_t most, int64_t now_ns)
{
    return pace->sent < most || now_ns - pace->at_ns[(pace->sent - most) % pace->most] >= WINDOW_NS;
}

bool bybit_pace_take(struct bybit_pace *pace, bool is_cancel, int64_t now_ns)
{
    if ((!is_cancel && now_ns < pace->held_until_ns) ||
        !has_room(pace, is_cancel ? pace->most : pace->most - pace->kept, now_ns))
        return false;
    pace->at_ns[pace->sent++ % pace->most] = now_ns;
    return true;
}

uint32_t bybit_pace_room(const struct bybit_pace *pace, int64_t now_ns)
{
    uint32_t room = 0;

    while (room < pace->most &&
           (pace->sent + room < pace->most ||
            now_ns - pace->at_ns[(pace->sent + room - pace->most) % pace->most] >= WINDOW_NS))
        room++;
    return room;
}

void bybit_pace_hold(struct bybit_pace *pace, int64_t until_ns)
{
    if (until_ns > pace->held_until_ns)
        pace->held_until_ns = until_ns;
}
