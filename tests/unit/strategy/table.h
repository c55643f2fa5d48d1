/* A strategy at its table, for the unit tests: one book, a view of it, a state, its intents. */
#ifndef PITWALL_TESTS_STRATEGY_TABLE_H
#define PITWALL_TESTS_STRATEGY_TABLE_H

#include "engine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000LL
#define SECOND (1000 * MS)

static struct strategy_view view;
static struct strategy_state state;
static struct book *book;

static inline struct book *table_book(void)
{
    struct book *made = aligned_alloc(CACHE_LINES_APART, (book_size() + 127) / 128 * 128);

    book_init(made, 0);
    return made;
}

static inline void table_levels(struct book *of, int64_t bid, int64_t bid_lots, int64_t ask,
                                int64_t ask_lots)
{
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + 2 * sizeof(struct level)];
    } out = {.update = {.kind = MARKET_SNAPSHOT,
                        .bid_count = 1,
                        .ask_count = 1,
                        .received_ns = view.now_ns,
                        .update_id = 1}};

    out.update.levels[0] = (struct level){bid, bid_lots};
    out.update.levels[1] = (struct level){ask, ask_lots};
    book_apply(of, &out.update);
}

static inline void table_work(struct working *working, uint32_t *count, uint64_t id, enum side side,
                              int64_t price, int64_t lots, enum order_state order_state,
                              int64_t age_ns)
{
    working[(*count)++] = (struct working){.order_id = id,
                                           .price_ticks = price,
                                           .leaves_lots = lots,
                                           .sent_ns = view.now_ns - age_ns,
                                           .side = (uint8_t)side,
                                           .state = (uint8_t)order_state};
}

static inline void table_open(void)
{
    view = (struct strategy_view){.now_ns = 1000 * SECOND, .strategy = 1};
    state = (struct strategy_state){0};
    view.book = book = table_book();
    table_levels(book, 1000, 10, 1002, 10);
}

static inline void table_close(void)
{
    free(book);
}

#endif
