/* Old files go only when audit and snapshots are past them; whoever reads is told. */
#include "journal/inside.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 900, FILE_BYTES = 16384, KEEP_BYTES = 40000, PAYLOAD = 100 };

static char dir[64];
static struct config config;
static struct journal *journal;

static void append(uint64_t count)
{
    static const uint8_t payload[PAYLOAD];
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);

    for (uint64_t at = 0; at < count; at++)
        lane_append(lane, 7, 1, 0, payload, PAYLOAD);
    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, lane_head_seq(lane), 5000));
}

static void open_journal(void)
{
    char says[ERR_TEXT_MAX];
    struct err err;

    cr_assert_eq(journal_open(&journal, dir, &config, says, &err), OK, "%s", err.text);
}

static void start(void)
{
    struct err err;

    cr_assert_eq(journal_start(journal, &err), OK);
}

/* The audit store has all up to `seq`. */
static void audit_up_to(uint64_t seq)
{
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);

    atomic_store(&lane->shared->gate_seq[JOURNAL_GATE_AUDIT], seq);
}

/* Written, and opened again without a persister: the tests look in its place. */
static void begin(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-keep-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    config = (struct config){.journal = {.hot_bytes = 1 << 20,
                                         .sync_ms = 2,
                                         .file_bytes = FILE_BYTES,
                                         .keep_bytes = KEEP_BYTES}};
    open_journal();
    start();
    append(RECORDS);
    journal_close(journal);
    open_journal();
    audit_up_to(0);
}

static void end(void)
{
    char command[128];

    journal_close(journal);
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

static void snapshot(uint64_t seq)
{
    char path[160];
    int fd;

    (void)snprintf(path, sizeof path, "%s/journal/snapshot-%020" PRIu64 ".snp", dir, seq);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    (void)close(fd);
}

static uint64_t first_seq(void)
{
    uint64_t first = 0;
    struct err err;

    cr_assert_eq(journal_first_seq(dir, JOURNAL_ENGINE, &first, &err), OK);
    return first;
}

static uint64_t first_after_a_look(void)
{
    retention_look(journal);
    return first_seq();
}

static uint64_t last_read(uint64_t from)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    uint64_t last = 0;
    struct err err;

    cr_assert_eq(journal_reader_open(&reader, dir, JOURNAL_ENGINE, from, &err), OK, "%s", err.text);
    while (journal_reader_next(reader, &record, &payload, &err) == OK)
        last = record.commit;
    journal_reader_close(reader);
    return last;
}

Test(journal_retention, nothing_goes_before_its_time, .init = begin, .fini = end)
{
    cr_assert_eq(first_after_a_look(), 1, "no audit, no snapshot");
    audit_up_to(RECORDS);
    cr_assert_eq(first_after_a_look(), 1, "no snapshot");
    snapshot(200);
    snapshot(RECORDS);
    cr_assert_gt(first_after_a_look(), 1);
    cr_assert_leq(first_seq(), 201, "the older snapshot is kept, so what follows it is");
}

Test(journal_retention, the_audit_holds_them, .init = begin, .fini = end)
{
    snapshot(RECORDS);
    audit_up_to(150);
    (void)first_after_a_look();
    cr_assert_leq(first_seq(), 151);
}

Test(journal_retention, what_is_left_is_whole_and_goes_on, .init = begin, .fini = end)
{
    struct journal_reader *reader;
    struct journal_report report;
    char says[ERR_TEXT_MAX];
    struct err err;
    uint64_t first;

    snapshot(RECORDS);
    audit_up_to(RECORDS);
    first = first_after_a_look();
    cr_assert_gt(first, 1);
    cr_assert_eq(journal_verify(dir, JOURNAL_ENGINE, NULL, &report, &err), OK);
    cr_assert_eq(report.first_bad_seq, 0, "%s", report.why);
    cr_assert_eq(report.first_seq, first);
    cr_assert_leq(report.bytes, KEEP_BYTES);
    cr_assert_eq(journal_reader_open(&reader, dir, JOURNAL_ENGINE, first - 1, &err), ERR_REMOVED);
    (void)snprintf(says, sizeof says, "the first that is there is %" PRIu64, first);
    cr_assert_not_null(strstr(err.text, says), "%s", err.text);
    cr_assert_eq(last_read(first), RECORDS);
    /* And a start is none the wiser. */
    journal_close(journal);
    open_journal();
    cr_assert_eq(lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)), RECORDS);
    start();
    append(10);
    cr_assert_eq(last_read(0), RECORDS + 10);
}

Test(journal_retention, a_reader_is_told_when_its_next_file_goes, .init = begin, .fini = end)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    struct err err;
    enum status status;

    cr_assert_eq(journal_reader_open(&reader, dir, JOURNAL_ENGINE, 1, &err), OK);
    cr_assert_eq(journal_reader_next(reader, &record, &payload, &err), OK);
    snapshot(RECORDS);
    audit_up_to(RECORDS);
    (void)first_after_a_look();
    while ((status = journal_reader_next(reader, &record, &payload, &err)) == OK)
        ;
    cr_assert_eq(status, ERR_REMOVED);
    journal_reader_close(reader);
}

/* A reader at the end goes on into files that were begun since. */
Test(journal_retention, following_over_files, .init = begin, .fini = end)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    struct err err;
    uint64_t last = 0;

    cr_assert_eq(journal_reader_open(&reader, dir, JOURNAL_ENGINE, 1, &err), OK);
    start();
    for (int round = 0; round < 5; round++) {
        while (journal_reader_next(reader, &record, &payload, &err) == OK)
            cr_assert_eq(record.commit, ++last);
        append(200);
        cr_assert_eq(journal_reader_again(reader, &err), OK, "%s", err.text);
    }
    while (journal_reader_next(reader, &record, &payload, &err) == OK)
        cr_assert_eq(record.commit, ++last);
    cr_assert_eq(last, RECORDS + 1000);
    journal_reader_close(reader);
}
