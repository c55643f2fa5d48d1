/* The tape of public trades: the newest are held, and all are counted. */
#include "gateway/gateway.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct tape tape;
static struct tape_trade read[TAPE_TRADES + 1];

static void note(uint8_t kind, int64_t number, uint8_t flags)
{
    struct {
        struct market_update update;
        struct level level;
    } out = {.update = {.kind = kind,
                        .flags = flags,
                        .bid_count = 1,
                        .received_ns = 1000 * number,
                        .venue_ns = 900 * number,
                        .update_id = 7000 + number},
             .level = {.price_ticks = 100 + number, .qty_lots = 10 + number}};

    tape_note(&tape, &out.update);
}

static void begin(void)
{
    tape = (struct tape){0};
}

TestSuite(tape, .init = begin);

Test(tape, an_empty_one_has_nothing)
{
    cr_assert(eq(u32, tape_read(&tape, read, TAPE_TRADES), 0));
}

Test(tape, a_trade_is_kept_as_it_came)
{
    note(MARKET_TRADE, 1, MARKET_BUYER_IS_MAKER);
    cr_assert(eq(u32, tape_read(&tape, read, TAPE_TRADES), 1));
    cr_assert(eq(u64, read[0].number, 1));
    cr_assert(eq(i64, read[0].received_ns, 1000));
    cr_assert(eq(i64, read[0].venue_ns, 900));
    cr_assert(eq(i64, read[0].price_ticks, 101));
    cr_assert(eq(i64, read[0].qty_lots, 11));
    cr_assert(eq(i64, read[0].id, 7001));
    cr_assert(eq(int, read[0].taker, SIDE_SELL));
}

Test(tape, only_trades_are_on_it)
{
    note(MARKET_TRADE, 1, 0);
    note(MARKET_MARK, 2, 0);
    note(MARKET_TICKER, 3, 0);
    note(MARKET_TRADE, 4, 0);
    cr_assert(eq(u32, tape_read(&tape, read, TAPE_TRADES), 2));
    cr_assert(eq(i64, read[0].id, 7004));
    cr_assert(eq(u64, read[0].number, 2));
    cr_assert(eq(int, read[0].taker, SIDE_BUY));
}

Test(tape, the_newest_take_the_place_of_the_oldest_and_the_numbers_tell)
{
    for (int64_t number = 1; number <= 3 * TAPE_TRADES + 5; number++)
        note(MARKET_TRADE, number, 0);
    cr_assert(eq(u32, tape_read(&tape, read, TAPE_TRADES), TAPE_TRADES));
    for (uint64_t at = 0; at < TAPE_TRADES; at++) {
        cr_assert(eq(u64, read[at].number, 3 * TAPE_TRADES + 5 - at));
        cr_assert(eq(i64, read[at].id, 7000 + (int64_t)read[at].number));
    }
    cr_assert(eq(u32, tape_read(&tape, read, 3), 3));
    cr_assert(eq(u64, read[2].number, 3 * TAPE_TRADES + 3));
}

Test(tape, one_that_is_being_written_is_left_out)
{
    for (int64_t number = 1; number <= 3; number++)
        note(MARKET_TRADE, number, 0);
    atomic_store(&tape.slot[2].number, 0);
    cr_assert(eq(u32, tape_read(&tape, read, TAPE_TRADES), 2));
    cr_assert(eq(u64, read[0].number, 3));
    cr_assert(eq(u64, read[1].number, 1));
}

Test(tape, a_gateway_has_one_for_each_instrument)
{
    static struct gateway gateway;
    struct market_update trade = {.kind = MARKET_TRADE, .instrument = 2, .received_ns = 1};
    struct market_update delta = {.kind = MARKET_DELTA, .instrument = 2, .received_ns = 1};
    struct {
        struct market_update update;
        struct level level;
    } out = {.update = trade};

    gateway_note_trade(&gateway, &out.update);
    gateway_note_trade(&gateway, &delta);
    cr_assert(eq(u32, tape_read(&gateway.tape[2], read, TAPE_TRADES), 1));
    cr_assert(eq(u32, tape_read(&gateway.tape[1], read, TAPE_TRADES), 0));
}
