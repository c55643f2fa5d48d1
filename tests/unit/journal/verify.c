/* Every kind of damage is found, and named by the first sequence that is not whole where it
 * belongs. */
#include "journal/journal.h"
#include "thread/clock.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 400, PAYLOAD_MAX = 300, FILE_BYTES = 16384, HEADER = 64, TAIL = 40, ROUNDS = 400 };

static char dir[64];
static unsigned seed;

static uint32_t length_of(uint64_t seq)
{
    return (uint32_t)(seq * 2654435761U % PAYLOAD_MAX);
}

static long size_of(uint64_t seq)
{
    return 32 + (long)((length_of(seq) + 7) & ~7U) + TAIL;
}

static void write_journal(void)
{
    struct config config = {
        .journal = {.hot_bytes = 1 << 20, .sync_ms = 2, .file_bytes = FILE_BYTES}};
    struct journal *journal = NULL;
    char says[ERR_TEXT_MAX];
    struct lane *lane;
    struct err err;

    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-verify-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(journal_open(&journal, dir, &config, says, &err), OK, "%s", err.text);
    cr_assert_eq(journal_start(journal, &err), OK);
    lane = journal_lane(journal, JOURNAL_ENGINE);
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        uint8_t payload[PAYLOAD_MAX];

        for (uint32_t at = 0; at < PAYLOAD_MAX; at++)
            payload[at] = (uint8_t)(seq * 7 + at);
        cr_assert_eq(lane_append(lane, 7, 1000, 0, payload, length_of(seq)), seq);
    }
    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, RECORDS, 5000));
    journal_close(journal);
    seed = (unsigned)clock_real_ns();
    cr_log_info("seed %u", seed);
}

static void shell(const char *command)
{
    cr_assert_eq(system(command), 0, "%s", command); /* NOLINT(cert-env33-c): our own directory */
}

static void remove_journal(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    shell(command);
}

static void forget_memory(void)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/hot-engine.lane", dir);
    cr_assert_eq(unlink(path), 0);
}

static struct journal_report verify_against(const struct journal_head *head)
{
    struct journal_report report;
    struct err err;

    cr_assert_eq(journal_verify(dir, JOURNAL_ENGINE, head, &report, &err), OK, "%s", err.text);
    return report;
}

static struct journal_report verify(void)
{
    return verify_against(NULL);
}

/* --- the files, held in memory while they are damaged --- */

struct file {
    char path[256];
    uint64_t first, last;
    long length;
    uint8_t bytes[2 * FILE_BYTES];
};

/* The file that holds `seq`. */
static struct file load(uint64_t seq)
{
    struct file file = {.first = 1};
    uint64_t at = 1;
    FILE *in;

    for (;;) {
        struct stat info;

        (void)snprintf(file.path, sizeof file.path, "%s/journal/engine-%020" PRIu64 ".jnl", dir,
                       file.first);
        cr_assert_eq(stat(file.path, &info), 0, "%s", file.path);
        file.length = HEADER;
        while (at <= RECORDS && file.length < info.st_size)
            file.length += size_of(at++);
        cr_assert_eq(file.length, info.st_size);
        file.last = at - 1;
        if (seq <= file.last)
            break;
        file.first = at;
    }
    in = fopen(file.path, "re");
    cr_assert_eq(fread(file.bytes, 1, sizeof file.bytes, in), (size_t)file.length);
    (void)fclose(in);
    return file;
}

static void store(const struct file *file, const uint8_t *bytes, long length)
{
    FILE *out = fopen(file->path, "we");

    cr_assert_eq(fwrite(bytes, 1, (size_t)length, out), (size_t)length);
    cr_assert_eq(fclose(out), 0);
}

static void put_back(const struct file *file)
{
    store(file, file->bytes, file->length);
}

static long place_in(const struct file *file, uint64_t seq)
{
    long at = HEADER;

    for (uint64_t before = file->first; before < seq; before++)
        at += size_of(before);
    return at;
}

static uint64_t any_seq(void)
{
    return 1 + (uint64_t)rand_r(&seed) % RECORDS;
}

Test(journal_verify, a_whole_one_is_well, .init = write_journal, .fini = remove_journal)
{
    struct journal_report report = verify();
    struct file last = load(RECORDS);

    cr_assert_eq(report.first_bad_seq, 0, "%s", report.why);
    cr_assert_eq(report.first_seq, 1);
    cr_assert_eq(report.head.seq, RECORDS);
    cr_assert_eq(report.records, RECORDS);
    cr_assert_eq(report.torn_bytes, 0);
    cr_assert_gt(last.first, 1, "several files");
    cr_assert_eq(memcmp(report.head.hash, last.bytes + last.length - 32, 32), 0);
}

Test(journal_verify, any_one_bit_names_its_sequence, .init = write_journal, .fini = remove_journal,
     .timeout = 120)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct file file = load(any_seq());
        long at = rand_r(&seed) % file.length;
        uint8_t bit = (uint8_t)(1 << rand_r(&seed) % 8);
        uint64_t expected = file.first;
        struct journal_report report;
        uint8_t damaged[2 * FILE_BYTES];

        while (at >= HEADER && expected < file.last && place_in(&file, expected + 1) <= at)
            expected++;
        memcpy(damaged, file.bytes, sizeof damaged);
        damaged[at] ^= bit;
        store(&file, damaged, file.length);
        report = verify();
        cr_assert_eq(report.first_bad_seq, expected,
                     "%s: byte %ld bit %x: %" PRIu64 " instead of %" PRIu64, file.path, at, bit,
                     report.first_bad_seq, expected);
        put_back(&file);
    }
    cr_assert_eq(verify().first_bad_seq, 0);
}

/* Length and commit word of the very last record: no torn tail, although nothing follows. */
Test(journal_verify, each_bit_of_the_last_head_is_found, .init = write_journal,
     .fini = remove_journal, .timeout = 120)
{
    struct file file = load(RECORDS);
    long place = place_in(&file, RECORDS);

    forget_memory();
    for (long bit = 0; bit < 32 * 8; bit++) {
        uint8_t damaged[2 * FILE_BYTES];

        memcpy(damaged, file.bytes, sizeof damaged);
        damaged[place + bit / 8] ^= (uint8_t)(1 << bit % 8);
        store(&file, damaged, file.length);
        cr_assert_eq(verify().first_bad_seq, RECORDS, "bit %ld", bit);
    }
}

Test(journal_verify, a_removed_record, .init = write_journal, .fini = remove_journal)
{
    for (int round = 0; round < 40; round++) {
        uint64_t seq = any_seq();
        struct file file = load(seq);
        long at = place_in(&file, seq);
        uint8_t damaged[2 * FILE_BYTES];

        memcpy(damaged, file.bytes, (size_t)at);
        memcpy(damaged + at, file.bytes + at + size_of(seq),
               (size_t)(file.length - at - size_of(seq)));
        store(&file, damaged, file.length - size_of(seq));
        cr_assert_eq(verify().first_bad_seq, seq);
        put_back(&file);
    }
}

Test(journal_verify, a_repeated_record, .init = write_journal, .fini = remove_journal)
{
    for (int round = 0; round < 40; round++) {
        uint64_t seq = any_seq();
        struct file file = load(seq);
        long behind = place_in(&file, seq) + size_of(seq);
        uint8_t damaged[3 * FILE_BYTES];

        memcpy(damaged, file.bytes, (size_t)behind);
        memcpy(damaged + behind, file.bytes + behind - size_of(seq), (size_t)size_of(seq));
        memcpy(damaged + behind + size_of(seq), file.bytes + behind,
               (size_t)(file.length - behind));
        store(&file, damaged, file.length + size_of(seq));
        cr_assert_eq(verify().first_bad_seq, seq + 1, "of %" PRIu64, seq);
        put_back(&file);
    }
}

Test(journal_verify, two_records_that_changed_places, .init = write_journal, .fini = remove_journal)
{
    for (int round = 0; round < 40; round++) {
        uint64_t seq = any_seq();
        struct file file = load(seq);
        uint8_t damaged[2 * FILE_BYTES];
        long at;

        if (seq == file.last)
            continue;
        at = place_in(&file, seq);
        memcpy(damaged, file.bytes, sizeof damaged);
        memcpy(damaged + at, file.bytes + at + size_of(seq), (size_t)size_of(seq + 1));
        memcpy(damaged + at + size_of(seq + 1), file.bytes + at, (size_t)size_of(seq));
        store(&file, damaged, file.length);
        cr_assert_eq(verify().first_bad_seq, seq);
        put_back(&file);
    }
}

Test(journal_verify, a_removed_file, .init = write_journal, .fini = remove_journal)
{
    struct file first = load(1);
    struct file second = load(first.last + 1);
    struct file last = load(RECORDS);

    cr_assert_eq(unlink(second.path), 0);
    cr_assert_eq(verify().first_bad_seq, second.first);
    put_back(&second);
    cr_assert_eq(unlink(last.path), 0); /* memory still knows of it */
    cr_assert_eq(verify().first_bad_seq, last.first);
    put_back(&last);
    cr_assert_eq(unlink(first.path), 0); /* as retention does */
    cr_assert_eq(verify().first_bad_seq, 0);
    cr_assert_eq(verify().first_seq, second.first);
}

Test(journal_verify, a_tail_that_was_cut_off, .init = write_journal, .fini = remove_journal)
{
    struct journal_head head = verify().head;
    struct file file = load(RECORDS);
    long at = place_in(&file, RECORDS);

    store(&file, file.bytes, at);
    cr_assert_eq(verify().first_bad_seq, RECORDS, "memory knows that it was on the disk");
    forget_memory();
    cr_assert_eq(verify().first_bad_seq, 0, "nothing tells it any more");
    cr_assert_eq(verify_against(&head).first_bad_seq, RECORDS);
    head.seq = RECORDS - 1;
    cr_assert_eq(verify_against(&head).first_bad_seq, RECORDS - 1, "not the hash that was noted");
}

Test(journal_verify, a_torn_tail_is_no_damage, .init = write_journal, .fini = remove_journal,
     .timeout = 60)
{
    struct file file = load(RECORDS);
    long at = place_in(&file, RECORDS);

    forget_memory();
    for (long torn = 1; torn < size_of(RECORDS); torn++) {
        struct journal_report report;

        store(&file, file.bytes, at + torn);
        report = verify();
        cr_assert_eq(report.first_bad_seq, 0, "%ld: %s", torn, report.why);
        cr_assert_eq(report.torn_bytes, (uint64_t)torn);
        cr_assert_eq(report.head.seq, RECORDS - 1);
    }
}

Test(journal_verify, a_short_file_in_the_middle_is_damage, .init = write_journal,
     .fini = remove_journal)
{
    struct file file = load(1);

    store(&file, file.bytes, file.length - 5);
    cr_assert_eq(verify().first_bad_seq, file.last);
    store(&file, file.bytes, 20);
    cr_assert_eq(verify().first_bad_seq, 1);
}
