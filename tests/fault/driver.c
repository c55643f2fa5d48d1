/* Drives a journal while calls fail (tests/fault/layer.c), and looks at what is left afterwards.
 *
 *   driver work DIR [PATIENCE_MS]
 *                      opens the journal, appends to both lanes in small groups, waits for each to
 *                      be durable, and at the end until all is. What was committed and what was
 *                      answered as durable is noted in DIR.told, a mapping that survives
 *   driver check DIR   no faults: opens, and finds all that was noted, whole and in its place; goes
 *                      on behind it
 *
 * Exit: 0 well, 3 storage is suspect and stayed so, else the code of the status that refused, said
 * on stderr. Anything else is a failure of the test. */
#include "journal/journal.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GROUPS = 4, GROUP = 12, PAYLOAD_MAX = 200, PATIENCE_MS = 10000, EXIT_SUSPECT = 3 };
enum { EXIT_WRONG = 99, FILE_BYTES = 4096 };

struct told {
    _Atomic uint64_t committed[JOURNAL_LANES], durable[JOURNAL_LANES];
};
static struct told *told;

static struct config config = {
    .journal = {
        .hot_bytes = 1 << 20, .sync_ms = 2, .file_bytes = FILE_BYTES, .low_water = 16 << 20}};

static void map_told(const char *dir)
{
    char path[256];
    int fd;

    (void)snprintf(path, sizeof path, "%s.told", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0)
        exit(EXIT_WRONG);
    told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (told == MAP_FAILED)
        exit(EXIT_WRONG);
    (void)close(fd);
}

static uint32_t payload_of(uint64_t seq, int lane, uint8_t payload[PAYLOAD_MAX])
{
    uint32_t length = (uint32_t)(seq * 2654435761U % PAYLOAD_MAX);

    for (uint32_t at = 0; at < length; at++)
        payload[at] = (uint8_t)(seq * 31 + at + (uint64_t)lane);
    return length;
}

static void append_group(struct journal *journal, int lane)
{
    struct lane *target = journal_lane(journal, (enum journal_lane)lane);

    for (int at = 0; at < GROUP; at++) {
        uint64_t seq = lane_head_seq(target) + 1;
        uint8_t payload[PAYLOAD_MAX];
        uint32_t length = payload_of(seq, lane, payload);

        if (lane_append(target, 7, (int64_t)seq, 0, payload, length) != seq)
            exit(EXIT_WRONG);
        atomic_store(&told->committed[lane], seq);
    }
}

static bool wait_durable(struct journal *journal, int lane)
{
    uint64_t head = lane_head_seq(journal_lane(journal, (enum journal_lane)lane));
    bool durable = journal_wait_durable(journal, (enum journal_lane)lane, head, 100);

    if (durable)
        atomic_store(&told->durable[lane], head);
    return durable;
}

/* Nobody reads here as the audit store does: its gate follows the persister's. */
static enum status fail(const struct err *err)
{
    fprintf(stderr, "driver: %s\n", err->text);
    return err->status;
}

static int64_t patience_ms = PATIENCE_MS;

static bool until_well(struct journal *journal)
{
    int64_t until_ns = clock_mono_ns() + patience_ms * 1000000LL;
    bool well = false;

    while (!well && clock_mono_ns() < until_ns) {
        well = !journal_is_suspect(journal);
        for (int lane = 0; lane < JOURNAL_LANES; lane++)
            well = wait_durable(journal, lane) && well;
        thread_sleep_ms(well ? 0 : 20);
    }
    return well;
}

static int work(const char *dir)
{
    struct journal *journal;
    char says[ERR_TEXT_MAX];
    struct err err = {0};
    bool well;

    if (journal_open(&journal, dir, &config, says, &err) != OK)
        return status_exit(fail(&err));
    if (journal_start(journal, &err) != OK)
        return status_exit(fail(&err));
    for (int group = 0; group < GROUPS; group++) {
        for (int lane = 0; lane < JOURNAL_LANES; lane++) {
            append_group(journal, lane);
            (void)wait_durable(journal, lane);
        }
    }
    well = until_well(journal);
    journal_close(journal);
    return well ? 0 : EXIT_SUSPECT;
}

/* --- afterwards --- */

static int wrong(const char *what, int lane, uint64_t seq, const char *why)
{
    fprintf(stderr, "driver: %s: %s lane, sequence %" PRIu64 " %s\n", what,
            journal_lane_name((enum journal_lane)lane), seq, why);
    return EXIT_WRONG;
}

static int check_lane(const char *dir, int lane, uint64_t head)
{
    struct journal_reader *reader;
    struct lane_record record;
    uint8_t expected[PAYLOAD_MAX];
    const void *payload;
    struct err err = {0};
    uint64_t seq = 0;
    enum status status;

    if (journal_reader_open(&reader, dir, (enum journal_lane)lane, 1, &err) != OK)
        return wrong("cannot be read", lane, 1, err.text);
    while ((status = journal_reader_next(reader, &record, &payload, &err)) == OK) {
        if (record.commit != ++seq || record.length != payload_of(seq, lane, expected) ||
            memcmp(payload, expected, record.length) != 0)
            return wrong("not what was written", lane, seq, "");
    }
    journal_reader_close(reader);
    if (status != ERR_NOT_FOUND)
        return wrong("damaged", lane, seq, err.text);
    return seq == head ? 0 : wrong("on disk it ends early", lane, seq, "");
}

static int check(const char *dir)
{
    struct journal *journal;
    char says[ERR_TEXT_MAX];
    struct err err = {0};
    uint64_t heads[JOURNAL_LANES];
    int code = 0;

    if (journal_open(&journal, dir, &config, says, &err) != OK)
        return wrong("does not open", 0, 0, err.text);
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        uint64_t head = lane_head_seq(journal_lane(journal, (enum journal_lane)lane));

        if (head < told->committed[lane] || head < told->durable[lane])
            return wrong("a committed record is lost", lane, told->committed[lane], says);
    }
    if (journal_start(journal, &err) != OK)
        return wrong("does not start", 0, 0, err.text);
    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        append_group(journal, lane);
    if (!until_well(journal))
        return wrong("not well without faults", 0, 0, "");
    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        heads[lane] = lane_head_seq(journal_lane(journal, (enum journal_lane)lane));
    journal_close(journal);
    for (int lane = 0; lane < JOURNAL_LANES && code == 0; lane++) {
        struct journal_report report;

        code = check_lane(dir, lane, heads[lane]);
        if (code == 0 && (journal_verify(dir, (enum journal_lane)lane, NULL, &report, &err) != OK ||
                          report.first_bad_seq != 0))
            code = wrong("does not verify", lane, report.first_bad_seq, report.why);
    }
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    if (argc == 4)
        patience_ms = strtol(argv[3], NULL, 10);
    map_told(argv[2]);
    return strcmp(argv[1], "work") == 0 ? work(argv[2]) : check(argv[2]);
}
