/* What a killed venue's ledger has and the engine never heard of. */
#include "gateway/simulated/ledger.h"
#include "gateway/simulated/owed.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINE 0x0011000100000005ULL /* an order that may be alive */
#define DONE 0x0011000100000006ULL /* one that is not */

static char path[64];
static struct instrument rows[2];
static struct ledger *ledger;
static uint64_t known; /* execution that the engine has booked */

static void name_row(struct instrument *row, const char *name)
{
    *row = (struct instrument){
        .price_decimals = 1, .tick_units = 5, .qty_decimals = 3, .lot_units = 2};
    strcpy(row->name, name);
}

static void open_file(void)
{
    int fd;
    struct err err;

    strcpy(path, "/tmp/owed-XXXXXX");
    fd = mkstemp(path);
    cr_assert(ge(int, fd, 0));
    close(fd);
    name_row(&rows[0], "sim:AAA");
    name_row(&rows[1], "sim:BBB");
    known = 0;
    cr_assert(eq(int, ledger_open(&ledger, path, rows, &err), OK));
}

static void close_file(void)
{
    ledger_close(ledger);
    unlink(path);
}

static void write_fill(uint64_t order_id, uint64_t exec_id, enum sim_status status)
{
    struct execution fill = {.report = REPORT_FILL_PART,
                             .side = SIDE_SELL,
                             .maker = true,
                             .instrument = 1,
                             .order_id = order_id,
                             .exec_id = exec_id,
                             .price_ticks = 1001,
                             .qty_lots = 7,
                             .fee_e8 = -12345};

    ledger_write(ledger, &(struct sim_entry){status, 0, 0, NULL, &fill}, 1700000000000000123);
}

static void append(const char *text)
{
    FILE *file = fopen(path, "a");

    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
}

static bool is_news(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill)
{
    (void)ctx;
    fill->instrument = 1;
    fill->strategy = 3;
    return order_id == MINE && exec_id != known;
}

static struct owed ask(void)
{
    struct owed owed;
    struct err err;

    ledger_flush(ledger);
    cr_assert(eq(int, owed_read(&owed, path, rows, is_news, NULL, &err), OK), "%s", err.text);
    return owed;
}

TestSuite(owed, .init = open_file, .fini = close_file);

Test(owed, a_fill_that_was_never_told_comes_back_as_it_was)
{
    struct owed owed;

    write_fill(MINE, 41, SIM_PLAIN);
    owed = ask();
    cr_assert(eq(u32, owed.count, 1));
    cr_assert(eq(int, owed.fill->report, REPORT_FILL_PART));
    cr_assert(eq(u64, owed.fill->order_id, MINE));
    cr_assert(eq(u64, owed.fill->exec_id, 41));
    cr_assert(eq(int, owed.fill->side, SIDE_SELL));
    cr_assert(eq(int, owed.fill->instrument, 1));
    cr_assert(eq(int, owed.fill->strategy, 3));
    cr_assert(eq(i64, owed.fill->price_ticks, 1001));
    cr_assert(eq(i64, owed.fill->qty_lots, 7));
    cr_assert(eq(i64, owed.fill->fee_e8, -12345));
    cr_assert(owed.fill->maker);
    cr_assert(eq(i64, owed.fill->venue_ns, 1700000000000000123));
    free(owed.fill);
}

Test(owed, what_is_known_or_of_an_order_that_has_ended_is_not_owed)
{
    struct owed owed;

    known = 41;
    write_fill(MINE, 41, SIM_PLAIN);
    write_fill(DONE, 42, SIM_PLAIN);
    owed = ask();
    cr_assert(eq(u32, owed.count, 0));
}

Test(owed, what_is_there_twice_is_owed_once_and_what_was_lost_is_owed_too)
{
    struct owed owed;

    write_fill(MINE, 41, SIM_PLAIN);
    write_fill(MINE, 41, SIM_REPEATED);
    write_fill(MINE, 43, SIM_LOST);
    owed = ask();
    cr_assert(eq(u32, owed.count, 2));
    cr_assert(eq(u64, owed.fill[1].exec_id, 43));
    free(owed.fill);
}

Test(owed, only_the_end_is_read)
{
    struct owed owed;

    write_fill(MINE, 40, SIM_PLAIN);
    for (uint64_t at = 0; at < OWED_REACH / 200; at++)
        write_fill(DONE, 1000 + at, SIM_PLAIN);
    write_fill(MINE, 41, SIM_PLAIN);
    owed = ask();
    cr_assert(eq(u32, owed.count, 1));
    cr_assert(eq(u64, owed.fill->exec_id, 41));
    free(owed.fill);
}

/* What is remembered must reach further back than what is read. */
Test(owed, no_more_fills_fit_into_the_end_than_the_engine_remembers)
{
    FILE *file;
    long size;

    write_fill(MINE, 1, SIM_PLAIN);
    ledger_flush(ledger);
    file = fopen(path, "r");
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    cr_assert(le(long, OWED_REACH / 16384, size), "%ld bytes a fill", size);
}

Test(owed, a_torn_line_is_not_owed_and_is_cut_at_the_next_start)
{
    struct owed owed;
    struct err err;

    write_fill(MINE, 41, SIM_PLAIN);
    ledger_close(ledger);
    append("{\"seq\":2,\"at_ns\":\"17000");
    cr_assert(eq(int, ledger_open(&ledger, path, rows, &err), OK), "%s", err.text);
    write_fill(MINE, 42, SIM_PLAIN);
    owed = ask();
    cr_assert(eq(u32, owed.count, 2));
    free(owed.fill);
}

Test(owed, a_file_that_is_no_ledger_is_left_as_it_is)
{
    struct err err;

    ledger_close(ledger);
    ledger = NULL;
    append("a letter to my aunt");
    cr_assert(eq(int, ledger_open(&ledger, path, rows, &err), ERR_CONFIG));
    cr_assert(strstr(err.text, "give another file") != NULL, "%s", err.text);
    ledger = NULL;
}

Test(owed, a_line_that_makes_no_sense_is_passed_over)
{
    struct owed owed;

    append("{\"kind\":\"fill\"\n{\"kind\":\"fill\",\"dir\":\"out\"}\n");
    write_fill(MINE, 41, SIM_PLAIN);
    owed = ask();
    cr_assert(eq(u32, owed.count, 1));
    free(owed.fill);
}

Test(owed, without_a_file_nothing_is_owed)
{
    struct owed owed;
    struct err err;

    cr_assert(eq(int, owed_read(&owed, "/tmp/there/is/none", rows, is_news, NULL, &err), OK));
    cr_assert(eq(u32, owed.count, 0));
}
