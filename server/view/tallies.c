#include "view/tallies.h"

#include <string.h>

static const int64_t bucket_ns = 100000000;

void tallies_count(uint32_t counts[MAX_SCOPES], struct order_scopes scopes)
{
    const uint16_t numbers[] = {scopes.firm, scopes.venue, scopes.strategy, scopes.instrument};

    for (unsigned at = 0; at < sizeof numbers / sizeof *numbers; at++)
        if (counts[numbers[at] % MAX_SCOPES] < UINT32_MAX)
            counts[numbers[at] % MAX_SCOPES]++;
}

/* One that is older than what its bucket counts by now is no message of this second. */
void tallies_message(struct view_tallies *tallies, struct order_scopes scopes, int64_t at_ns)
{
    int64_t number = at_ns / bucket_ns;
    struct tally_bucket *bucket = &tallies->bucket[(uint64_t)number % TALLY_BUCKETS];

    if (bucket->number > number)
        return;
    if (bucket->number < number)
        *bucket = (struct tally_bucket){.number = number};
    tallies_count(bucket->messages, scopes);
}

/* A scope that is not among the rows has none. A payload read from disk need not be aligned. */
void tallies_stated(struct view_tallies *tallies, const void *payload, uint32_t length)
{
    const uint8_t *bytes = payload;
    struct event_money money;
    struct money_scope row;
    size_t at = sizeof money;

    if (length < sizeof money)
        return;
    memcpy(&money, bytes, sizeof money);
    memset(tallies->orders_today, 0, sizeof tallies->orders_today);
    memset(tallies->executions, 0, sizeof tallies->executions);
    at += money.marks * sizeof(struct money_mark);
    for (uint16_t i = 0; i < money.scopes && at + sizeof row <= length; i++, at += sizeof row) {
        memcpy(&row, bytes + at, sizeof row);
        tallies->orders_today[row.scope % MAX_SCOPES] = row.orders_today;
        tallies->executions[row.scope % MAX_SCOPES] = row.executions;
    }
}

uint32_t tallies_messages(const struct view_tallies *tallies, uint16_t scope, int64_t now_ns)
{
    int64_t newest = now_ns / bucket_ns;
    uint32_t messages = 0;

    for (unsigned at = 0; at < TALLY_BUCKETS; at++)
        if (tallies->bucket[at].number > newest - TALLY_BUCKETS &&
            tallies->bucket[at].number <= newest)
            messages += tallies->bucket[at].messages[scope];
    return messages;
}
