/* A tape that is read while it is written: every trade that is read is whole, newest first. */
#include "gateway/tape.h"

#include <pthread.h>
#include <stdio.h>

enum { LOOKS = 300000, NEWEST = 4, TRADES_LEAST = 100000 };

static struct tape tape;
static _Atomic bool has_looked;

/* For as long as somebody looks. */
static void *note(void *unused)
{
    struct {
        struct market_update update;
        struct level level;
    } out = {.update = {.kind = MARKET_TRADE}};

    for (int64_t number = 1; number <= TRADES_LEAST || !atomic_load(&has_looked); number++) {
        out.update.received_ns = out.update.venue_ns = out.update.update_id = number;
        out.level = (struct level){.price_ticks = number, .qty_lots = number};
        tape_note(&tape, &out.update);
    }
    return unused;
}

static bool is_torn(const struct tape_trade *trade)
{
    int64_t number = (int64_t)trade->number;

    return trade->received_ns != number || trade->venue_ns != number || trade->id != number ||
           trade->price_ticks != number || trade->qty_lots != number;
}

static bool is_well(const struct tape_trade *trades, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        if (is_torn(&trades[at]) || (at > 0 && trades[at].number >= trades[at - 1].number))
            return false;
    return true;
}

int main(void)
{
    struct tape_trade trades[TAPE_TRADES];
    pthread_t writer;
    bool well = true;

    if (pthread_create(&writer, NULL, note, NULL) != 0)
        return 1;
    for (int look = 0; well && look < LOOKS; look++)
        well = is_well(trades, tape_read(&tape, trades, NEWEST));
    atomic_store(&has_looked, true);
    pthread_join(writer, NULL);
    well = well && tape_read(&tape, trades, TAPE_TRADES) == TAPE_TRADES &&
           is_well(trades, TAPE_TRADES);
    if (!well)
        printf("tape: a trade is torn, missing or out of order\n");
    return !well;
}
