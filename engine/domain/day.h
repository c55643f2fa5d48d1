/* Trading days: from one striking of a configured hour, UTC, to the next. Any thread. */
#ifndef PITWALL_DOMAIN_DAY_H
#define PITWALL_DOMAIN_DAY_H

#include <stdint.h>

#define TRADING_DAY_NS 86400000000000LL

/* When the day that holds now_ns >= 0 began; roll_hour is 0..23. */
static inline int64_t day_start_ns(int64_t now_ns, int32_t roll_hour)
{
    int64_t since_ns = (now_ns - roll_hour * (TRADING_DAY_NS / 24)) % TRADING_DAY_NS;

    return now_ns - (since_ns < 0 ? since_ns + TRADING_DAY_NS : since_ns);
}

#endif
