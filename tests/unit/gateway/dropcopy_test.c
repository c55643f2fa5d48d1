/* The venue's list of our fills: the newest are held, and what is not held is known by its time. */
#include "gateway/gateway.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct dropcopy copy;
static struct dropcopy_fill held[DROPCOPY_FILLS];
static int64_t forgotten_ns;

static void note(uint64_t number, uint16_t instrument, int64_t venue_ns)
{
    struct dropcopy_fill fill = {.exec_id = number,
                                 .order_id = number + 1,
                                 .price_ticks = 1000 + (int64_t)number,
                                 .qty_lots = 3,
                                 .fee_e8 = -40,
                                 .venue_ns = venue_ns,
                                 .noted_ns = venue_ns + 7,
                                 .instrument = instrument,
                                 .side = SIDE_SELL};

    dropcopy_note(&copy, &fill);
}

static uint32_t read(uint16_t instrument)
{
    return dropcopy_read(&copy, instrument, held, &forgotten_ns);
}

static void begin(void)
{
    copy = (struct dropcopy){0};
    forgotten_ns = -1;
}

TestSuite(dropcopy, .init = begin);

Test(dropcopy, an_empty_one_has_nothing_and_misses_nothing)
{
    cr_assert(eq(u32, read(0), 0));
    cr_assert(eq(i64, forgotten_ns, 0));
}

Test(dropcopy, a_fill_is_kept_as_it_came_with_those_of_its_instrument)
{
    note(1, 2, 100);
    note(2, 5, 200);
    note(3, 2, 300);
    cr_assert(eq(u32, read(2), 2));
    cr_assert(eq(u64, held[0].exec_id, 3), "the newest first");
    cr_assert(eq(u64, held[1].exec_id, 1));
    cr_assert(eq(u64, held[1].order_id, 2));
    cr_assert(eq(i64, held[1].price_ticks, 1001));
    cr_assert(eq(i64, held[1].qty_lots, 3));
    cr_assert(eq(i64, held[1].fee_e8, -40));
    cr_assert(eq(i64, held[1].venue_ns, 100));
    cr_assert(eq(i64, held[1].noted_ns, 107));
    cr_assert(eq(int, held[1].side, SIDE_SELL));
    cr_assert(eq(i64, forgotten_ns, 0));
    cr_assert(eq(u32, read(5), 1));
    cr_assert(eq(u32, read(3), 0));
}

/* A venue lists the newest first, so what gives way may be newer than what stays. */
Test(dropcopy, what_gives_way_leaves_the_newest_time_of_its_instrument_behind)
{
    note(1, 2, 900);
    note(2, 2, 800);
    note(3, 5, 5000);
    for (uint64_t number = 4; number <= DROPCOPY_FILLS; number++)
        note(number, 2, 1000 + (int64_t)number);
    cr_assert(eq(u32, read(2), DROPCOPY_FILLS - 1));
    cr_assert(eq(i64, forgotten_ns, 0), "all are held");
    note(DROPCOPY_FILLS + 1, 2, 9000);
    cr_assert(eq(u32, read(2), DROPCOPY_FILLS - 1));
    cr_assert(eq(i64, forgotten_ns, 900));
    note(DROPCOPY_FILLS + 2, 2, 9001);
    (void)read(2);
    cr_assert(eq(i64, forgotten_ns, 900), "800 is older");
    cr_assert(eq(u32, read(5), 1));
    cr_assert(eq(i64, forgotten_ns, 0), "another instrument's");
    note(DROPCOPY_FILLS + 3, 2, 9002);
    cr_assert(eq(u32, read(5), 0));
    cr_assert(eq(i64, forgotten_ns, 5000));
}

Test(dropcopy, one_that_is_being_written_is_left_out)
{
    for (uint64_t number = 1; number <= 3; number++)
        note(number, 0, (int64_t)number);
    atomic_store(&copy.slot[2].number, 0);
    cr_assert(eq(u32, read(0), 2));
    cr_assert(eq(u64, held[0].exec_id, 3));
    cr_assert(eq(u64, held[1].exec_id, 1));
}

Test(dropcopy, what_a_gateway_lists_is_counted_and_held)
{
    static struct gateway gateway;
    struct gateway_tally tally;
    struct dropcopy_fill fill = {.exec_id = 4, .fee_e8 = 25, .venue_ns = 77, .instrument = 1};

    gateway_list_fill(&gateway, &fill);
    gateway_tell_fills(&gateway, 1, 99);
    cr_assert(gateway_tally(&gateway, 1, &tally));
    cr_assert(eq(i64, tally.fills, 1));
    cr_assert(eq(i64, tally.fee_e8, 25));
    cr_assert(eq(u32, dropcopy_read(&gateway.dropcopy, 1, held, &forgotten_ns), 1));
    cr_assert(eq(u64, held[0].exec_id, 4));
}
