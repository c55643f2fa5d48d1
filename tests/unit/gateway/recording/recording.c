#include "gateway/recording/recording.h"

#include "gateway/recording/lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[] = "/tmp/recording-XXXXXX";
static struct err err;

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[80];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
    static char paths[4][64];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const void *bytes, size_t length)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "ab");

    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    return write_file(name, text, strlen(text));
}

/* One more gzip member at the end of the file. */
static const char *write_gzip(const char *name, const char *text, size_t cut)
{
    uint8_t packed[4096];
    z_stream packer = {0};

    deflateInit2(&packer, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    packer.next_in = (uint8_t *)(uintptr_t)text;
    packer.avail_in = (uInt)strlen(text);
    packer.next_out = packed;
    packer.avail_out = sizeof packed;
    cr_assert_eq(deflate(&packer, Z_FINISH), Z_STREAM_END);
    deflateEnd(&packer);
    return write_file(name, packed, sizeof packed - packer.avail_out - cut);
}

static void expect_line(struct lines *lines, const char *want, uint64_t number)
{
    const char *text = "";
    size_t length = 0;

    cr_assert_eq(lines_next(lines, &text, &length), LINES_LINE);
    cr_assert_eq(length, strlen(want));
    cr_assert_arr_eq(text, want, length);
    cr_assert((unsigned char)text[length] < ' ');
    cr_assert_eq(lines_number(lines), number);
}

static enum lines_result next_result(struct lines *lines)
{
    const char *text;
    size_t length;

    return lines_next(lines, &text, &length);
}

TestSuite(recording_lines, .init = make_folder, .fini = remove_folder);
TestSuite(recording, .init = make_folder, .fini = remove_folder);

Test(recording_lines, plain_text_with_carriage_returns_blanks_and_no_last_newline)
{
    struct lines *lines = lines_create();

    cr_assert_eq(lines_open(lines, write_text("a", "one\r\n\ntwo\nthree"), &err), OK);
    expect_line(lines, "one", 1);
    expect_line(lines, "two", 3);
    expect_line(lines, "three", 4);
    cr_assert_eq(next_result(lines), LINES_END);
    cr_assert_eq(next_result(lines), LINES_END);
    lines_destroy(lines);
}

Test(recording_lines, members_of_a_gzip_may_split_a_line)
{
    struct lines *lines = lines_create();

    write_gzip("a", "one\ntw", 0);
    write_gzip("a", "", 0);
    cr_assert_eq(lines_open(lines, write_gzip("a", "o\nthree\n", 0), &err), OK);
    expect_line(lines, "one", 1);
    expect_line(lines, "two", 2);
    expect_line(lines, "three", 3);
    cr_assert_eq(next_result(lines), LINES_END);
    lines_destroy(lines);
}

Test(recording_lines, a_cut_gzip_is_said_after_its_whole_lines)
{
    struct lines *lines = lines_create();

    cr_assert_eq(lines_open(lines, write_gzip("a", "one\ntwo\n", 4), &err), OK);
    expect_line(lines, "one", 1);
    expect_line(lines, "two", 2);
    cr_assert_eq(next_result(lines), LINES_BAD);
    cr_assert_not_null(strstr(lines_damage(lines), "cut gzip"));
    cr_assert_eq(next_result(lines), LINES_END);
    lines_destroy(lines);
}

Test(recording_lines, what_follows_a_gzip_is_said)
{
    struct lines *lines = lines_create();

    write_gzip("a", "one\n", 0);
    cr_assert_eq(lines_open(lines, write_text("a", "plain"), &err), OK);
    expect_line(lines, "one", 1);
    cr_assert_eq(next_result(lines), LINES_BAD);
    cr_assert_eq(next_result(lines), LINES_END);
    lines_destroy(lines);
}

Test(recording_lines, the_longest_line_passes_and_a_longer_one_is_skipped)
{
    struct lines *lines = lines_create();
    char *text = malloc(2 * LINES_MAX + 16);
    const char *at;
    size_t length = 0;

    memset(text, 'x', 2 * LINES_MAX + 16);
    text[LINES_MAX] = '\n';
    text[2 * LINES_MAX + 10] = '\n';
    write_file("a", text, 2 * LINES_MAX + 11);
    cr_assert_eq(lines_open(lines, write_text("a", "end\n"), &err), OK);
    cr_assert_eq(lines_next(lines, &at, &length), LINES_LINE);
    cr_assert_eq(length, LINES_MAX);
    cr_assert_eq(next_result(lines), LINES_BAD);
    cr_assert_eq(lines_number(lines), 2);
    expect_line(lines, "end", 3);
    cr_assert_eq(next_result(lines), LINES_END);
    free(text);
    lines_destroy(lines);
}

/* ---- the feed ---- */

static const char *const market =
    "1723161256000000000 {\"e\":\"depthUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"U\":9,\"u\":12,"
    "\"b\":[[\"99.50\",\"2.000\"]],\"a\":[]}\n"
    "1723161256000000005 "
    "{\"lastUpdateId\":10,\"bids\":[[\"99.00\",\"1\"]],\"asks\":[[\"101\",\"3\"]]}\n"
    "1723161256000000003 "
    "{\"u\":12,\"s\":\"BTCUSDT\",\"b\":\"99.5\",\"B\":\"2\",\"a\":\"101\",\"A\":\"3\"}\n"
    "1723161256000000009 "
    "{\"e\":\"trade\",\"E\":1,\"s\":\"BTCUSDT\",\"t\":4,\"p\":\"101\",\"q\":\"0.125\","
    "\"m\":false}\n";

static struct feed *open_one(const char *path)
{
    struct feed *feed = NULL;

    cr_assert_eq(recording_open(&path, 1, &feed, &err), OK, "%s", err.text);
    return feed;
}

static void expect_market(struct feed *feed)
{
    static const uint8_t kinds[] = {MARKET_SNAPSHOT, MARKET_DELTA, MARKET_TICKER, MARKET_TRADE};
    static const int64_t times[] = {5, 5, 5, 9}; /* a clock that went back stands still */

    for (size_t i = 0; i < 4; i++) {
        const struct market_update *update = feed_next(feed);

        cr_assert_not_null(update);
        cr_assert_eq(update->kind, kinds[i]);
        cr_assert_eq(update->received_ns, 1723161256000000000 + times[i]);
    }
    cr_assert_null(feed_next(feed));
}

Test(recording, a_market_is_told_from_its_frames_and_plays_again_after_a_rewind)
{
    struct feed *feed = open_one(write_text("a.txt", market));
    const struct instrument *row = &feed->instruments->row[0];

    cr_assert_eq(feed->instruments->count, 1);
    cr_assert_str_eq(row->name, "binance-spot:BTCUSDT");
    cr_assert_str_eq(feed->instruments->venue[0], "binance-spot");
    cr_assert_str_eq(feed->instruments->currency[0], "USDT");
    cr_assert_eq(row->price_decimals, 1);
    cr_assert_eq(row->qty_decimals, 3);
    cr_assert_eq(row->tick_value_e8, 10000);
    expect_market(feed);
    cr_assert_eq(feed->ops->rewind(feed, &err), OK);
    expect_market(feed);
    cr_assert_eq(recording_counts(feed, 0).lines, 4);
    feed->ops->close(feed);
}

Test(recording, contracts_of_coin_m_are_inverse)
{
    struct feed *feed = open_one(write_text(
        "a.txt",
        "1723161256000000000 {\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"ETHUSD_PERP\","
        "\"ps\":\"ETHUSD\",\"U\":9,\"u\":12,\"pu\":8,\"b\":[[\"2681.07\",\"2\"]],\"a\":[]}\n"));
    const struct instrument *row = &feed->instruments->row[0];

    cr_assert_str_eq(row->name, "binance-coinm:ETHUSD_PERP");
    cr_assert_str_eq(feed->instruments->currency[0], "ETH");
    cr_assert(row->inverse);
    cr_assert_eq(row->inverse_value_e8_ticks, 10 * 100000000LL * 100);
    feed->ops->close(feed);
}

Test(recording, a_folder_gives_its_recordings)
{
    struct feed *feed;

    write_text("a.txt", market);
    write_text("notes.md", "nothing to read");
    feed = open_one(folder);
    expect_market(feed);
    feed->ops->close(feed);
}

static uint64_t said;

static void count_damage(void *ctx, uint16_t instrument, const char *path, uint64_t line,
                         const char *says)
{
    cr_assert_null(ctx);
    cr_assert_eq(instrument, 0);
    cr_assert_not_null(strstr(path, "a.txt"));
    cr_assert_eq(line, 6);
    cr_assert_not_null(strstr(says, "price off the grid of ticks: \"99.512\""), "%s", says);
    said++;
}

static uint64_t play_all(struct feed *feed)
{
    uint64_t updates = 0;

    while (feed_next(feed))
        updates++;
    return updates;
}

/* Behind the first MiB a finer price turns up: refused and counted, never rounded; after a refine
 * it plays. */
Test(recording, a_value_off_the_grid_is_refused_until_the_grid_is_refined)
{
    struct feed *feed;
    char *blanks = malloc(LINES_MAX);

    memset(blanks, ' ', LINES_MAX);
    memcpy(blanks, "1723161256000000010 {\"x\":1", 26);
    blanks[LINES_MAX - 2] = '}';
    blanks[LINES_MAX - 1] = '\n';
    write_text("a.txt", market);
    write_file("a.txt", blanks, LINES_MAX);
    free(blanks);
    feed = open_one(write_text("a.txt", "1723161256000000011 {\"u\":14,\"s\":\"BTCUSDT\",\"b\":"
                                        "\"99.512\",\"B\":\"2\",\"a\":\"101\",\"A\":\"3\"}\n"));
    recording_on_damage(feed, count_damage, NULL);
    cr_assert_eq(feed->instruments->row[0].price_decimals, 1);
    cr_assert_eq(play_all(feed), 4);
    cr_assert_eq(said, 1);
    cr_assert_eq(recording_counts(feed, 0).off_grid, 1);
    cr_assert(recording_refine(feed));
    cr_assert_eq(feed->instruments->row[0].price_decimals, 3);
    cr_assert_eq(feed->ops->rewind(feed, &err), OK);
    cr_assert_eq(play_all(feed), 5);
    cr_assert_eq(said, 1);
    cr_assert_not(recording_refine(feed));
    feed->ops->close(feed);
}

Test(recording, paths_that_cannot_be_used_are_refused_by_name)
{
    const char *nowhere = path_of("nowhere.gz");
    struct feed *feed = NULL;

    cr_assert_eq(recording_open(&nowhere, 1, &feed, &err), ERR_NOT_FOUND);
    cr_assert_not_null(strstr(err.text, "nowhere.gz: No such file"));
    nowhere = folder;
    cr_assert_eq(recording_open(&nowhere, 1, &feed, &err), ERR_NOT_FOUND);
    nowhere = write_text("b.txt", "1723161256000000000 {}\n");
    cr_assert_eq(recording_open(&nowhere, 1, &feed, &err), ERR_DAMAGED);
    cr_assert_null(feed);
}
