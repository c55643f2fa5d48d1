#include "gateway/tape.h"

static void fill(struct tape_slot *slot, const struct market_update *update)
{
    bool sold = update->flags & MARKET_BUYER_IS_MAKER;

#define STORE(name, value) atomic_store_explicit(&slot->name, value, memory_order_release)
    /* Each pairs with its acquire in read_slot: who sees it sees that the slot is being written. */
    STORE(received_ns, update->received_ns);
    STORE(venue_ns, update->venue_ns);
    STORE(price_ticks, update->levels[0].price_ticks);
    STORE(qty_lots, update->levels[0].qty_lots);
    STORE(id, update->update_id);
    STORE(taker, sold ? SIDE_SELL : SIDE_BUY);
#undef STORE
}

void tape_note(struct tape *tape, const struct market_update *update)
{
    uint64_t number = atomic_load_explicit(&tape->count, memory_order_relaxed) + 1;
    struct tape_slot *slot = &tape->slot[number % TAPE_TRADES];

    if (update->kind != MARKET_TRADE)
        return;
    atomic_store_explicit(&slot->number, 0, memory_order_relaxed);
    fill(slot, update);
    /* Pairs with the first acquire in read_slot: all of the trade is there. */
    atomic_store_explicit(&slot->number, number, memory_order_release);
    atomic_store_explicit(&tape->count, number, memory_order_release);
}

/* False: it has been overwritten, or is being. */
static bool read_slot(const struct tape_slot *slot, uint64_t number, struct tape_trade *trade)
{
    if (atomic_load_explicit(&slot->number, memory_order_acquire) != number)
        return false;
    trade->number = number;
#define LOAD(name) atomic_load_explicit(&slot->name, memory_order_acquire)
    trade->received_ns = LOAD(received_ns);
    trade->venue_ns = LOAD(venue_ns);
    trade->price_ticks = LOAD(price_ticks);
    trade->qty_lots = LOAD(qty_lots);
    trade->id = LOAD(id);
    trade->taker = (enum side)LOAD(taker);
#undef LOAD
    return atomic_load_explicit(&slot->number, memory_order_relaxed) == number;
}

uint32_t tape_read(const struct tape *tape, struct tape_trade *trades, uint32_t most)
{
    uint64_t newest = atomic_load_explicit(&tape->count, memory_order_acquire);
    uint32_t found = 0;

    for (uint64_t back = 0; back < TAPE_TRADES && back < newest && found < most; back++) {
        uint64_t number = newest - back;

        found += read_slot(&tape->slot[number % TAPE_TRADES], number, &trades[found]);
    }
    return found;
}
