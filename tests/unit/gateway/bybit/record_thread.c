/* What a gateway records beside its trading: what becomes of it when the ring, the day or the disk
 * ends. */
#include "gateway/bybit/record_thread.h"
#include "gateway/recording/files.h"
#include "gateway/recording/recording.h"
#include "thread/clock.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define MIDNIGHT_NS 1700006400000000000LL /* 2023-11-15T00:00:00Z */

enum { LARGE = 1000000, RING_HOLDS = 8, TAKEN = 12 };

static char folder[64];
static char out[80]; /* in it: what is to be made */
static struct err err;

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/pitwall-record-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(out, sizeof out, "%s/out", folder);
}

static void remove_folder(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

TestSuite(record_thread, .init = make_folder, .fini = remove_folder);

static struct record_thread *open_at(int64_t start_ns)
{
    static const char *const symbols[] = {"BTCUSDT", "ETHUSDT"};
    struct bybit_recorder_config config = {
        .folder = out, .symbols = symbols, .count = 2, .start_ns = start_ns};
    struct record_thread *record;

    cr_assert_eq(record_thread_open(&record, &config, &err), OK, "%s", err.text);
    return record;
}

/* A book of BTCUSDT; blanks make it as long as is wanted. */
static void take_book(struct record_thread *record, int64_t at_ns, int64_t u, size_t length)
{
    static char text[LARGE + 512];
    int used = snprintf(text, sizeof text,
                        "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"%s\",\"ts\":%" PRId64
                        ",\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"100.0\",\"1.00\"]],\"a\":[[\"100.5"
                        "\",\"2.00\"]],\"u\":%" PRId64 ",\"seq\":%" PRId64 "},\"cts\":%" PRId64,
                        u == 1 ? "snapshot" : "delta", at_ns / 1000000, u, u * 10, at_ns / 1000000);

    for (; (size_t)used + 1 < length; used++)
        text[used] = ' ';
    text[used++] = '}';
    record_thread_take(record, at_ns, text, (size_t)used);
}

static uint32_t count_files(void)
{
    static char *found[RECORDING_FILES_MAX];
    const char *path = out;
    uint32_t count;

    cr_assert_eq(files_find(&path, 1, found, &count, &err), OK, "%s", err.text);
    for (uint32_t at = 0; at < count; at++)
        free(found[at]);
    return count;
}

static struct recording_counts play(void)
{
    const char *path = out;
    struct recording_counts counts;
    struct feed *feed;

    cr_assert_eq(recording_open(&path, 1, &feed, &err), OK, "%s", err.text);
    while (feed_next(feed))
        continue;
    counts = recording_counts(feed, 0);
    cr_assert_eq(recording_unusable(feed), 0);
    feed->ops->close(feed);
    return counts;
}

Test(record_thread, what_is_taken_is_played)
{
    struct record_thread *record = open_at(MIDNIGHT_NS);
    struct recording_counts counts;

    cr_assert_eq(record_thread_start(record, &err), OK, "%s", err.text);
    for (int64_t u = 1; u <= 1000; u++)
        take_book(record, MIDNIGHT_NS + u, u, 0);
    record_thread_close(record);
    counts = play();
    cr_assert_eq(counts.lines, 1000);
    cr_assert(counts.snapshots == 1 && counts.sequence_gaps == 0 && counts.damaged == 0);
    cr_assert_eq(count_files(), 1, "an instrument without a frame has no file");
}

Test(record_thread, a_full_ring_drops_frames_counts_them_and_a_reader_sees_it)
{
    struct record_thread *record = open_at(MIDNIGHT_NS);
    struct recording_counts counts;

    for (int64_t u = 1; u <= TAKEN; u++)
        take_book(record, MIDNIGHT_NS + u, u, LARGE);
    cr_assert_eq(record_thread_dropped(record), TAKEN - RING_HOLDS);
    cr_assert(record_thread_turn(record, SECOND_NS));
    take_book(record, MIDNIGHT_NS + TAKEN + 1, TAKEN + 1, 0);
    cr_assert_eq(record_thread_dropped(record), TAKEN - RING_HOLDS);
    record_thread_close(record);
    counts = play();
    cr_assert(counts.lines == RING_HOLDS + 1 && counts.damaged == 0);
    cr_assert_eq(counts.sequence_gaps, 1);
}

Test(record_thread, a_frame_that_no_reader_takes_is_dropped)
{
    static char text[5 << 20];
    struct record_thread *record = open_at(MIDNIGHT_NS);

    memset(text, ' ', sizeof text);
    record_thread_take(record, MIDNIGHT_NS, text, sizeof text);
    cr_assert_eq(record_thread_dropped(record), 1);
    record_thread_close(record);
}

Test(record_thread, a_day_begins_a_file_and_the_chain_goes_on_in_it)
{
    struct record_thread *record = open_at(MIDNIGHT_NS - 5);
    struct recording_counts counts;
    char path[128];

    for (int64_t u = 1; u <= 9; u++)
        take_book(record, MIDNIGHT_NS - 5 + u, u, 0);
    take_book(record, MIDNIGHT_NS - 1, 10, 0); /* a clock that goes back */
    cr_assert(record_thread_turn(record, SECOND_NS));
    record_thread_close(record);
    cr_assert_eq(count_files(), 2);
    snprintf(path, sizeof path, "%s/bybit-linear_btcusdt_20231114T235959Z.gz", out);
    cr_assert_eq(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/bybit-linear_btcusdt_20231115T000000Z.gz", out);
    cr_assert_eq(access(path, R_OK), 0);
    counts = play();
    cr_assert(counts.lines == 10 && counts.sequence_gaps == 0 && counts.damaged == 0);
}

Test(record_thread, nothing_is_overwritten)
{
    for (int turn = 0; turn < 3; turn++) {
        struct record_thread *record = open_at(MIDNIGHT_NS);

        take_book(record, MIDNIGHT_NS + turn, 1, 0);
        record_thread_close(record);
    }
    cr_assert_eq(count_files(), 3);
    cr_assert_eq(play().snapshots, 3);
}

/* The disk takes so many bytes of a file, and no more. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(record_thread, a_disk_that_is_full_ends_the_recording_and_nothing_else)
{
    struct record_thread *record = open_at(MIDNIGHT_NS);
    struct recording_counts counts;

    take_book(record, MIDNIGHT_NS, 1, 0);
    cr_assert(record_thread_turn(record, SECOND_NS));
    limit_files(300);
    for (int64_t u = 2; u < 2000; u++)
        take_book(record, MIDNIGHT_NS + u, u, 0);
    cr_assert(record_thread_turn(record, SECOND_NS + 1));
    cr_assert_not(record_thread_turn(record, 2 * SECOND_NS), "a flush must notice");
    cr_assert(record_thread_has_failed(record));
    for (int64_t u = 1; u <= 2 * TAKEN; u++) /* nobody drains, and nothing is counted */
        take_book(record, MIDNIGHT_NS + u, u, LARGE);
    cr_assert_eq(record_thread_dropped(record), 0);
    cr_assert_not(record_thread_turn(record, 3 * SECOND_NS));
    record_thread_close(record);
    limit_files(RLIM_INFINITY);
    counts = play();
    cr_assert(counts.lines >= 1 && counts.snapshots == 1 && counts.damaged == 1);
}

Test(record_thread, a_folder_that_cannot_be_written_is_refused)
{
    static const char *const symbols[] = {"BTCUSDT"};
    struct bybit_recorder_config config = {
        .folder = "/dev/null/frames", .symbols = symbols, .count = 1, .start_ns = MIDNIGHT_NS};
    struct record_thread *record = NULL;

    cr_assert_eq(record_thread_open(&record, &config, &err), ERR_CONFIG);
    cr_assert_str_eq(err.text, "record: /dev/null/frames: cannot be written: Not a directory");
    config.folder = "/dev/null";
    cr_assert_eq(record_thread_open(&record, &config, &err), ERR_CONFIG);
    cr_assert_str_eq(err.text, "record: /dev/null: cannot be written: Not a directory");
    cr_assert_null(record);
}

/* Killed a moment after a flush: what was flushed is there, the file's end counts as damaged. */
Test(record_thread, what_was_flushed_survives_a_kill)
{
    struct recording_counts counts;
    int code;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0) {
        struct record_thread *record = open_at(MIDNIGHT_NS);

        for (int64_t u = 1; u <= 500; u++)
            take_book(record, MIDNIGHT_NS + u, u, 0);
        (void)record_thread_turn(record, SECOND_NS);
        for (int64_t u = 501; u <= 600; u++)
            take_book(record, MIDNIGHT_NS + u, u, 0);
        (void)record_thread_turn(record, SECOND_NS + 1);
        raise(SIGKILL);
    }
    cr_assert_eq(waitpid(child, &code, 0), child);
    cr_assert(WIFSIGNALED(code));
    counts = play();
    cr_assert_geq(counts.depth_events + counts.snapshots, 500);
    cr_assert_leq(counts.depth_events + counts.snapshots, 600);
    cr_assert(counts.damaged == 1 && counts.sequence_gaps == 0);
}
