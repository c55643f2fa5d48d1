/* Market data on its way from the venue to the engine: later than the venue has it, and sometimes
 * not as it was.
 *
 * A ring of updates, first in first out. After a fault that spoils the engine's book the venue's
 * own book follows as a snapshot, as a gateway would fetch one: nobody else can heal it. */
#include "sim/venue.h"

#include "base/assert.h"

#include <string.h>

enum { SNAPSHOT_LEVELS_MAX = MAX_MARKET_LEVELS / 2 }; /* of a side */

static size_t largest_update(void)
{
    return sizeof(struct market_update) + MAX_MARKET_LEVELS * sizeof(struct level);
}

size_t sim_data_size(void)
{
    return SIM_DATA_BYTES + 2 * largest_update();
}

void sim_data_init(struct sim *sim, uint8_t *memory)
{
    struct sim_data *data = &sim->data;

    ring_init(&data->line, memory, SIM_DATA_BYTES);
    data->first_due_ns = INT64_MAX;
    data->aside = (struct market_update *)(void *)(memory + SIM_DATA_BYTES);
    data->built = (struct market_update *)(void *)(memory + SIM_DATA_BYTES + largest_update());
}

bool sim_data_has_room(const struct sim *sim)
{
    return sim->data.line.write_at - sim->data.line.read_at < SIM_DATA_BYTES - SIM_DATA_RESERVE;
}

/* A ring message is the time it is due, then the update. */
static void line_put(struct sim *sim, const struct market_update *update, int64_t now_ns,
                     int64_t extra_ns)
{
    struct sim_data *data = &sim->data;
    size_t size = market_update_size(update);
    uint8_t *slot = ring_reserve(&data->line, sizeof(int64_t) + size);
    int64_t due_ns = now_ns > data->newest_due_ns ? now_ns : data->newest_due_ns;

    assert(slot); /* sim_data_has_room() kept the reserve */
    if (sim->config.data_latency_ns > 0)
        due_ns = sim_due_ns(sim, now_ns, sim->config.data_latency_ns, data->newest_due_ns);
    due_ns += extra_ns;
    memcpy(slot, &due_ns, sizeof due_ns);
    memcpy(slot + sizeof due_ns, update, size);
    ring_publish(&data->line);
    data->newest_due_ns = due_ns;
    if (data->first_due_ns == INT64_MAX)
        data->first_due_ns = due_ns;
}

static void let_go(struct sim *sim, int64_t now_ns)
{
    if (!sim->data.held || now_ns < sim->data.held_due_ns)
        return;
    sim->data.held = false;
    line_put(sim, sim->data.aside, now_ns, 0);
}

static void set_aside(struct sim *sim, const struct market_update *update, int64_t until_ns)
{
    memcpy(sim->data.aside, update, market_update_size(update));
    sim->data.held = true;
    sim->data.held_due_ns = until_ns;
}

/* One tick above the best ask: no market has that. */
static void put_crossed(struct sim *sim, const struct market_update *update, int64_t now_ns)
{
    struct touch touch = book_touch(sim->markets[update->instrument].book);
    struct market_update *crossed = sim->data.built;

    if (touch.ask.price_ticks == 0 || touch.ask.price_ticks >= MAX_PRICE_TICKS)
        return;
    *crossed = *update;
    crossed->kind = MARKET_DELTA;
    crossed->bid_count = 1;
    crossed->ask_count = 0;
    crossed->prev_update_id = update->update_id;
    crossed->update_id = update->update_id + 1;
    crossed->levels[0] = (struct level){touch.ask.price_ticks + 1, 1};
    line_put(sim, crossed, now_ns, 0);
}

static bool is_silent(const struct sim_market *market, const struct market_update *update,
                      int64_t now_ns)
{
    return now_ns < market->silent_until_ns &&
           (update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA ||
            update->kind == MARKET_TICKER);
}

/* Whether the update itself goes on its way, and how. */
static void put_as(struct sim *sim, const struct market_update *update,
                   const struct fault_rule *fault, int64_t now_ns)
{
    struct sim_market *market = &sim->markets[update->instrument];
    int64_t then_ns = now_ns + fault->for_ns;
    bool is_book = fault->on == FAULT_ON_BOOK;

    switch ((enum fault_verb)fault->verb) {
    case FAULT_SEQ_GAP:
        market->resync_ns = then_ns;
        return;
    case FAULT_STALE_BOOK:
        market->silent_until_ns = market->resync_ns = then_ns;
        return;
    case FAULT_REORDER:
        if (sim->data.held)
            break; /* one at a time */
        set_aside(sim, update, then_ns);
        market->resync_ns = is_book ? then_ns : market->resync_ns;
        return;
    default:
        break;
    }
    line_put(sim, update, now_ns, fault->verb == FAULT_DELAY ? fault->for_ns : 0);
    if (fault->verb == FAULT_DUP)
        line_put(sim, update, now_ns, 0);
    if (fault->verb == FAULT_CROSSED_BOOK) {
        put_crossed(sim, update, now_ns);
        market->resync_ns = then_ns;
    }
}

void sim_data_put(struct sim *sim, const struct market_update *update, int64_t now_ns)
{
    struct sim_market *market = &sim->markets[update->instrument];
    const struct fault_rule *fault = NULL;
    enum fault_kind kind;

    let_go(sim, now_ns);
    if (is_silent(market, update, now_ns))
        return;
    if (fault_kind_of_update(update, &kind))
        fault = faults_draw(&sim->faults, kind, update->instrument);
    if (!fault) {
        if (update->kind == MARKET_SNAPSHOT)
            market->resync_ns = 0; /* this one heals */
        line_put(sim, update, now_ns, 0);
        return;
    }
    put_as(sim, update, fault, now_ns);
    sim_befall(sim, fault, update->instrument, now_ns);
}

static void put_snapshot(struct sim *sim, uint16_t instrument, int64_t now_ns)
{
    const struct book *book = sim->markets[instrument].book;
    struct market_update *update = sim->data.built;

    *update = (struct market_update){.kind = MARKET_SNAPSHOT,
                                     .instrument = instrument,
                                     .venue_ns = now_ns,
                                     .update_id = book_update_id(book)};
    update->bid_count = (uint16_t)book_levels(book, SIDE_BUY, update->levels, SNAPSHOT_LEVELS_MAX);
    update->ask_count = (uint16_t)book_levels(book, SIDE_SELL, update->levels + update->bid_count,
                                              SNAPSHOT_LEVELS_MAX);
    line_put(sim, update, now_ns, 0);
}

/* A book that is stale here too has nothing to give: it waits for the market's own snapshot. */
static void resync(struct sim *sim, int64_t now_ns)
{
    for (uint16_t at = 0; at < sim->config.instruments; at++) {
        struct sim_market *market = &sim->markets[at];

        if (market->resync_ns == 0 || now_ns < market->resync_ns || !sim_data_has_room(sim))
            continue;
        market->resync_ns = 0;
        if (!book_is_stale(market->book))
            put_snapshot(sim, at, now_ns);
    }
}

static bool deliver_next(struct sim *sim, int64_t now_ns)
{
    struct sim_data *data = &sim->data;
    struct market_update *update;
    uint8_t *slot;
    size_t length;

    if (data->first_due_ns > now_ns)
        return false;
    slot = ring_peek(&data->line, &length);
    update = (struct market_update *)(void *)(slot + sizeof(int64_t));
    update->received_ns = data->first_due_ns;
    if (!sim->config.data(sim->ctx, update))
        return false;
    ring_release(&data->line);
    slot = ring_peek(&data->line, &length);
    data->first_due_ns = INT64_MAX;
    if (slot)
        memcpy(&data->first_due_ns, slot, sizeof data->first_due_ns);
    return true;
}

void sim_data_advance(struct sim *sim, int64_t now_ns)
{
    let_go(sim, now_ns);
    resync(sim, now_ns);
    while (deliver_next(sim, now_ns))
        ;
}

int64_t sim_data_next_ns(const struct sim *sim)
{
    int64_t next_ns = sim->data.first_due_ns;

    if (sim->data.held && sim->data.held_due_ns < next_ns)
        next_ns = sim->data.held_due_ns;
    for (uint16_t at = 0; at < sim->config.instruments; at++) {
        int64_t resync_ns = sim->markets[at].resync_ns;

        next_ns = resync_ns != 0 && resync_ns < next_ns ? resync_ns : next_ns;
    }
    return next_ns;
}
