#include "risk/tally.h"

#include <string.h>

void tally_roll(struct tally *tally, int64_t day_start_ns)
{
    if (tally->day_start_ns == day_start_ns)
        return;
    tally->day_start_ns = day_start_ns;
    memset(tally->orders_today, 0, sizeof tally->orders_today);
}

static void count(uint32_t *counts, struct order_scopes scopes)
{
    const uint16_t numbers[] = {scopes.firm, scopes.venue, scopes.strategy, scopes.instrument};

    for (unsigned at = 0; at < sizeof numbers / sizeof numbers[0]; at++)
        if (counts[numbers[at]] < UINT32_MAX)
            counts[numbers[at]]++;
}

void tally_order(struct tally *tally, struct order_scopes scopes)
{
    count(tally->orders_today, scopes);
}

void tally_execution(struct tally *tally, struct order_scopes scopes)
{
    count(tally->executions, scopes);
}
