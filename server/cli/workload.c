#include "cli/workload.h"

#include <stdlib.h>

enum {
    FIRST_PASSIVE = 12000,
    RESTING_FLOOR = 8000,
    NEWEST_IDS = 512,
    MID_TICKS = 100000,
};

/* The generator plays what it makes, so that it knows the touch and what rests. */
struct maker {
    struct exchange *exchange;
    uint64_t random;
    int64_t mid_ticks;
    uint32_t ids;      /* given so far */
    uint32_t *resting; /* ids, in no order */
    uint32_t *place;   /* by id: place in `resting` + 1; 0: does not rest */
    uint32_t resting_count;
};

static uint64_t draw(struct maker *maker)
{
    maker->random ^= maker->random >> 12;
    maker->random ^= maker->random << 25;
    maker->random ^= maker->random >> 27;
    return maker->random * 0x2545F4914F6CDD1DULL;
}

static uint32_t below(struct maker *maker, uint32_t bound)
{
    return (uint32_t)(draw(maker) % bound);
}

/* ---- what rests ------------------------------------------------------------------------- */

static void note_resting(struct maker *maker, uint32_t id)
{
    maker->resting[maker->resting_count++] = id;
    maker->place[id] = maker->resting_count;
}

static void note_gone(struct maker *maker, uint32_t id)
{
    uint32_t place = maker->place[id];
    uint32_t last = maker->resting[--maker->resting_count];

    maker->resting[place - 1] = last;
    maker->place[last] = place;
    maker->place[id] = 0;
}

static void hear(void *ctx, const struct exchange_event *event)
{
    if (event->maker_leaves_lots == 0)
        note_gone(ctx, (uint32_t)event->maker_id);
}

static struct exchange *open_exchange(uint8_t ids, exchange_event_fn tell, void *ctx)
{
    struct exchange_config config = {.orders = WORKLOAD_RESTING_MAX, .accounts = 1, .ids = ids};
    size_t size = (exchange_size(&config) + 4095) & ~(size_t)4095;
    struct exchange *exchange = aligned_alloc(4096, size);

    if (exchange)
        exchange_init(exchange, &config, tell, ctx);
    return exchange;
}

/* ---- the messages ----------------------------------------------------------------------- */

static int64_t touch_ticks(const struct maker *maker, enum side side)
{
    return exchange_best_ticks(maker->exchange, side);
}

static void move_mid(struct maker *maker)
{
    int64_t bid = touch_ticks(maker, SIDE_BUY);
    int64_t ask = touch_ticks(maker, SIDE_SELL);

    if (below(maker, 64) == 0)
        maker->mid_ticks += below(maker, 2) == 0 ? 1 : -1;
    if (bid != 0 && maker->mid_ticks < bid)
        maker->mid_ticks = bid;
    if (ask != 0 && maker->mid_ticks > ask)
        maker->mid_ticks = ask;
}

static int64_t passive_distance(struct maker *maker)
{
    int64_t ticks = 1;

    if (below(maker, 10) == 0)
        return 21 + below(maker, 180);
    while (ticks < 20 && below(maker, 10) < 8)
        ticks++;
    return ticks;
}

static struct workload_message passive(struct maker *maker)
{
    uint8_t side = (uint8_t)below(maker, 2);
    int64_t ticks = passive_distance(maker);
    int64_t price = maker->mid_ticks + (side == SIDE_BUY ? -ticks : ticks);
    int64_t opposite = touch_ticks(maker, side == SIDE_BUY ? SIDE_SELL : SIDE_BUY);

    if (side == SIDE_BUY && opposite != 0 && price >= opposite)
        price = opposite - 1;
    if (side == SIDE_SELL && price <= opposite)
        price = opposite + 1;
    return (struct workload_message){.price_ticks = (uint32_t)price,
                                     .lots = (uint16_t)(1 + below(maker, 100)),
                                     .kind = WORKLOAD_NEW,
                                     .side = side};
}

static struct workload_message aggressive(struct maker *maker)
{
    uint8_t side = (uint8_t)below(maker, 2);
    int64_t through = below(maker, 4);
    int64_t opposite = touch_ticks(maker, side == SIDE_BUY ? SIDE_SELL : SIDE_BUY);
    int64_t price = opposite + (side == SIDE_BUY ? through : -through);

    return (struct workload_message){.price_ticks = (uint32_t)price,
                                     .lots = (uint16_t)(1 + below(maker, 150)),
                                     .kind = WORKLOAD_NEW,
                                     .side = side};
}

static struct workload_message cancel(struct maker *maker)
{
    uint32_t id = 0;

    if (below(maker, 10) < 6)
        id = maker->ids - below(maker, NEWEST_IDS);
    if (maker->place[id] == 0)
        id = maker->resting[below(maker, maker->resting_count)];
    return (struct workload_message){.kind = WORKLOAD_CANCEL, .id = id};
}

static struct workload_message choose(struct maker *maker, uint32_t at)
{
    uint32_t kind;

    move_mid(maker);
    if (at < FIRST_PASSIVE || maker->resting_count < RESTING_FLOOR)
        return passive(maker);
    kind = below(maker, 1000);
    if (kind < 500)
        return passive(maker);
    return kind < 955 ? cancel(maker) : aggressive(maker);
}

static void play(struct maker *maker, struct workload_message *message)
{
    struct exchange_order order = {
        .price_ticks = message->price_ticks, .lots = message->lots, .side = message->side};

    if (message->kind == WORKLOAD_CANCEL) {
        exchange_cancel(maker->exchange, 0, message->id);
        note_gone(maker, (uint32_t)message->id);
        return;
    }
    order.id = message->id = ++maker->ids;
    if (exchange_new(maker->exchange, &order).answer == EXCHANGE_RESTS)
        note_resting(maker, maker->ids);
}

static void make_all(struct maker *maker, struct workload_message *messages, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        messages[at] = choose(maker, at);
        play(maker, &messages[at]);
    }
}

bool workload_make(struct workload_message *messages, uint32_t count)
{
    struct maker maker = {.random = 0x9E3779B97F4A7C15ULL, .mid_ticks = MID_TICKS};
    bool made;

    maker.exchange = open_exchange(EXCHANGE_IDS_FOREIGN, hear, &maker);
    maker.resting = calloc(WORKLOAD_RESTING_MAX, sizeof *maker.resting);
    maker.place = calloc((size_t)count + 1, sizeof *maker.place);
    made = maker.exchange && maker.resting && maker.place;
    if (made)
        make_all(&maker, messages, count);
    free(maker.exchange);
    free(maker.resting);
    free(maker.place);
    return made;
}

uint64_t workload_checksum(const struct workload_message *messages, uint32_t count)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (uint32_t at = 0; at < count; at++) {
        const struct workload_message *message = &messages[at];
        uint64_t second = (uint64_t)message->price_ticks << 32 | (uint64_t)message->lots << 16 |
                          (uint64_t)message->kind << 8 | message->side;

        hash = (hash ^ message->id) * 0x100000001b3ULL;
        hash = (hash ^ second) * 0x100000001b3ULL;
    }
    return hash;
}

static void hear_nothing(void *ctx, const struct exchange_event *event)
{
    (void)ctx;
    (void)event;
}

bool workload_rename(struct workload_message *messages, uint32_t count)
{
    struct exchange *exchange = open_exchange(EXCHANGE_IDS_OWN, hear_nothing, NULL);
    uint64_t *names = calloc((size_t)count + 1, sizeof *names);

    for (uint32_t at = 0; exchange && names && at < count; at++) {
        struct workload_message *message = &messages[at];
        struct exchange_order order = {
            .price_ticks = message->price_ticks, .lots = message->lots, .side = message->side};

        if (message->kind == WORKLOAD_NEW) {
            names[message->id] = exchange_new(exchange, &order).id;
            message->id = 0;
        } else {
            message->id = names[message->id];
            exchange_cancel(exchange, 0, message->id);
        }
    }
    free(exchange);
    free(names);
    return exchange && names;
}
