/* The state file: what is damaged or foreign is refused by name, and nothing is changed then. */
#include "pit.h"

#include "venue/state_inside.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pit *pit;
static struct venue *other;
static char path[64];
static struct err err;

static void save(void)
{
    struct venue_config config;

    pit = pit_open();
    (void)snprintf(path, sizeof path, "/tmp/pitwall-venue-state-XXXXXX");
    (void)close(mkstemp(path));
    pit_limit(pit, ANN, PERP, SIDE_SELL, 1000, 10000);
    pit_limit(pit, BOB, PERP, SIDE_BUY, 400, 10000);
    pit_limit(pit, BOB, SPOT, SIDE_BUY, 400, 9000);
    cr_assert(eq(int, (int)venue_save(pit->venue, path, &err), OK), "%s", err.text);
    pit_config(&config);
    other = venue_open(&config);
}

static void forget(void)
{
    (void)unlink(path);
    venue_close(other);
    pit_close(pit);
}

TestSuite(venue_state, .init = save, .fini = forget);

static void change(long at, uint8_t with)
{
    FILE *file = fopen(path, "r+be");
    int byte;

    cr_assert(file != NULL);
    (void)fseek(file, at, SEEK_SET);
    byte = fgetc(file);
    (void)fseek(file, at, SEEK_SET);
    (void)fputc(byte ^ with, file);
    cr_assert(eq(int, fclose(file), 0));
}

static long size_of_file(void)
{
    FILE *file = fopen(path, "rbe");
    long size;

    (void)fseek(file, 0, SEEK_END);
    size = ftell(file);
    (void)fclose(file);
    return size;
}

static void expect_refusal(enum status status, const char *says)
{
    cr_assert(eq(int, (int)venue_load(other, path, pit->now_ns, &err), (int)status));
    cr_assert(strstr(err.text, path) && strstr(err.text, says), "%s", err.text);
    cr_assert(eq(i64, venue_wallet(other, VENUE_MARKET, USDT).balance_e8, 0));
    cr_assert(eq(ptr, (void *)venue_order(other, 1), NULL));
}

Test(venue_state, orders_go_on_where_they_were)
{
    struct venue_new wanted = {.account = CID,
                               .instrument = PERP,
                               .side = SIDE_BUY,
                               .price_ticks = 10000,
                               .qty_lots = 100};
    uint64_t no;

    cr_assert(eq(int, (int)venue_load(other, path, pit->now_ns, &err), OK), "%s", err.text);
    cr_assert(eq(int, venue_create(other, &wanted, pit->now_ns, &no), VENUE_OK));
    cr_assert(eq(u64, no, 4)); /* numbers go on as well */
    cr_assert(eq(int, venue_order(other, no)->status, VENUE_ORDER_FILLED));
    cr_assert(eq(i64, venue_order(other, 1)->filled_lots, 500));
    cr_assert(eq(u64, venue_next_execution(other, CID, 0)->no, 3));
    cr_assert(gt(u64, venue_seq(other, PERP), venue_seq(pit->venue, PERP)));
}

Test(venue_state, any_changed_byte_is_found)
{
    long size = size_of_file();

    for (long at = 0; at < size; at += 1 + size / 500) {
        change(at, 0x10);
        cr_assert(ne(int, (int)venue_load(other, path, pit->now_ns, &err), OK), "byte %ld", at);
        change(at, 0x10);
    }
    change(size - 1, 1);
    expect_refusal(ERR_DAMAGED, "checksum mismatch");
}

Test(venue_state, a_cut_file_is_refused)
{
    cr_assert(eq(int, truncate(path, size_of_file() - 8), 0));
    expect_refusal(ERR_DAMAGED, "cut short");
    cr_assert(eq(int, truncate(path, 20), 0));
    expect_refusal(ERR_DAMAGED, "cut short in its head");
    cr_assert(eq(int, truncate(path, 0), 0));
    expect_refusal(ERR_DAMAGED, "cut short in its head");
}

Test(venue_state, another_version_or_another_kind_of_file_is_refused)
{
    change(offsetof(struct state_head, version), 2);
    expect_refusal(ERR_DAMAGED, "another version");
    change(0, 1);
    expect_refusal(ERR_DAMAGED, "not a state file");
    (void)unlink(path);
    expect_refusal(ERR_NOT_FOUND, "No such file");
}

Test(venue_state, a_market_of_other_instruments_is_refused)
{
    struct venue_config config;

    venue_close(other);
    pit_config(&config);
    config.instruments = 1;
    other = venue_open(&config);
    expect_refusal(ERR_DAMAGED, "not those of the market");
}

Test(venue_state, a_venue_that_has_traded_takes_none)
{
    struct venue_new wanted = {.instrument = PERP, .price_ticks = 10000, .qty_lots = 100};
    uint64_t no;

    cr_assert(eq(int, venue_create(other, &wanted, pit->now_ns, &no), VENUE_OK));
    cr_assert(eq(int, (int)venue_load(other, path, pit->now_ns, &err), (int)ERR_CONFLICT));
}

Test(venue_state, what_cannot_be_written_is_said)
{
    cr_assert(eq(int, (int)venue_save(pit->venue, "/nowhere/at/all", &err), (int)ERR_IO));
    cr_assert(strstr(err.text, "/nowhere/at/all") != NULL);
}

Test(venue_state, a_changed_grid_and_a_closed_market_come_back)
{
    struct instrument grid = venue_instrument(pit->venue, PERP)->grid;

    grid.tick_units = 5;
    grid.tick_value_e8 *= 5;
    venue_set_grid(pit->venue, PERP, &grid, pit->now_ns);
    venue_set_status(pit->venue, SPOT, VENUE_CLOSED);
    cr_assert(eq(int, (int)venue_save(pit->venue, path, &err), OK));
    cr_assert(eq(int, (int)venue_load(other, path, pit->now_ns, &err), OK), "%s", err.text);
    cr_assert(eq(i64, venue_instrument(other, PERP)->grid.tick_units, 5));
    cr_assert(eq(int, venue_instrument(other, SPOT)->status, VENUE_CLOSED));
    cr_assert(eq(i64, venue_ticker(other, PERP).last_ticks, 2000));
}
