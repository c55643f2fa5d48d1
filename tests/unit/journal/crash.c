/* A writer that is killed at any moment: nothing that it committed is lost, torn or given twice. */
#include "journal/journal.h"
#include "thread/clock.h"
#include "thread/thread.h"

#include "journal/hot.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, PAYLOAD_MAX = 400 };

static char dir[64];
static struct config config;

static void open_dir(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-journal-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    config = (struct config){.journal = {.hot_bytes = 1 << 20, .sync_ms = 2}};
}

static void remove_dir(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

/* The payload says its sequence, in a length and bytes derived from it. */
static uint32_t payload_of(uint64_t seq, uint8_t payload[PAYLOAD_MAX])
{
    uint32_t length = (uint32_t)(seq * 2654435761U % PAYLOAD_MAX);

    for (uint32_t at = 0; at < length; at++)
        payload[at] = (uint8_t)(seq * 31 + at);
    return length;
}

static struct journal *open_journal(char says[ERR_TEXT_MAX])
{
    struct journal *journal = NULL;
    struct err err;

    cr_assert_eq(journal_open(&journal, dir, &config, says, &err), OK, "%s", err.text);
    return journal;
}

static void append(struct lane *lane, uint64_t seq)
{
    uint8_t payload[PAYLOAD_MAX];
    uint32_t length = payload_of(seq, payload);

    cr_assert_eq(lane_append(lane, 7, (int64_t)seq, seq / 2, payload, length), seq);
}

/* The audit gate is nobody's here: it follows the head, so that only the persister gates. */
static void release_audit(struct lane *lane, struct lane_reader *audit)
{
    static struct lane_record record;
    static uint8_t payload[LANE_RECORD_MAX];

    while (lane_read(audit, &record, payload) == LANE_RECORD)
        ;
    lane_gate_release(audit, JOURNAL_GATE_AUDIT);
    (void)lane;
}

/* Reads all of a lane from disk; returns the last sequence. */
static uint64_t read_all(enum journal_lane which)
{
    struct journal_reader *reader;
    struct lane_record record;
    uint8_t expected[PAYLOAD_MAX];
    const void *payload;
    uint64_t seq = 0;
    struct err err;

    cr_assert_eq(journal_reader_open(&reader, dir, which, 0, &err), OK, "%s", err.text);
    for (;;) {
        enum status status = journal_reader_next(reader, &record, &payload, &err);

        if (status == ERR_NOT_FOUND)
            break;
        cr_assert_eq(status, OK, "%s", err.text);
        cr_assert_eq(record.commit, ++seq);
        cr_assert_eq(record.length, payload_of(seq, expected));
        cr_assert_eq(memcmp(payload, expected, record.length), 0, "torn at %" PRIu64, seq);
        cr_assert_eq(record.at_ns, (int64_t)seq);
    }
    journal_reader_close(reader);
    return seq;
}

/* Shared with the child: the sequence that it has committed. */
static _Atomic uint64_t *committed;

static void child_writes(void)
{
    char says[ERR_TEXT_MAX];
    struct journal *journal = open_journal(says);
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);
    struct lane_reader audit;
    struct err err;

    lane_reader_init(&audit, lane, true);
    cr_assert_eq(journal_start(journal, &err), OK);
    for (uint64_t seq = lane_head_seq(lane) + 1;; seq++) {
        while (lane_room(lane) < LANE_RECORD_MAX) {
            uint32_t turns = 1000;

            release_audit(lane, &audit);
            thread_idle(IDLE_PARK, &turns);
        }
        append(lane, seq);
        atomic_store(committed, seq);
    }
}

Test(journal_crash, killed_writers_lose_nothing, .init = open_dir, .fini = remove_dir,
     .timeout = 120)
{
    unsigned seed = (unsigned)clock_real_ns();
    uint64_t last = 0;

    cr_log_info("seed %u", seed);
    committed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < ROUNDS; round++) {
        char says[ERR_TEXT_MAX];
        struct journal *journal;
        uint64_t told;
        pid_t child = fork();

        if (child == 0) {
            child_writes();
            _exit(0);
        }
        thread_sleep_ms(5 + rand_r(&seed) % 60);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        told = atomic_load(committed);
        journal = open_journal(says);
        cr_assert_geq(lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)), told, "seed %u", seed);
        cr_assert_leq(lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)), told + 1);
        journal_close(journal);
        last = read_all(JOURNAL_ENGINE);
        cr_assert_geq(last, told);
        atomic_store(committed, last);
    }
    cr_assert_gt(last, ROUNDS, "the writers wrote");
}

static void last_file(char path[256])
{
    char command[160];
    FILE *list;

    (void)snprintf(command, sizeof command, "ls %s/journal/engine-*.jnl | tail -1", dir);
    list = popen(command, "re"); /* NOLINT(cert-env33-c) */
    cr_assert_not_null(fgets(path, 256, list));
    path[strcspn(path, "\n")] = '\0';
    (void)pclose(list);
}

enum { GATE_AT = offsetof(struct lane_shared, gate[JOURNAL_GATE_PERSISTER]) };

static void write_some(uint64_t count)
{
    char says[ERR_TEXT_MAX];
    struct journal *journal = open_journal(says);
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);
    struct err err;

    cr_assert_eq(journal_start(journal, &err), OK);
    for (uint64_t at = 0; at < count; at++)
        append(lane, lane_head_seq(lane) + 1);
    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, lane_head_seq(lane), 5000));
    cr_assert_eq(journal_durable_seq(journal, JOURNAL_ENGINE), lane_head_seq(lane));
    journal_close(journal);
}

Test(journal_crash, a_torn_tail_is_cut_and_said, .init = open_dir, .fini = remove_dir)
{
    char path[256];
    char says[ERR_TEXT_MAX];
    char hot[128];
    struct stat info;
    struct journal *journal;

    write_some(100);
    last_file(path);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(truncate(path, info.st_size - 17), 0);
    (void)snprintf(hot, sizeof hot, "%s/hot-engine.lane", dir);
    cr_assert_eq(unlink(hot), 0);
    journal = open_journal(says);
    cr_assert_not_null(strstr(says, "torn tail"), "%s", says);
    cr_assert_eq(lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)), 99);
    journal_close(journal);
    write_some(10);
    cr_assert_eq(read_all(JOURNAL_ENGINE), 109);
}

Test(journal_crash, a_sequence_that_was_given_is_not_given_again, .init = open_dir,
     .fini = remove_dir)
{
    char path[256];
    char says[ERR_TEXT_MAX];
    struct journal *journal;

    write_some(50);
    last_file(path);
    cr_assert_eq(unlink(path), 0); /* the disk lost it, the hot file knows of it */
    journal = open_journal(says);
    cr_assert_not_null(strstr(says, "1 to 50 are lost"), "%s", says);
    cr_assert_eq(lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)), 50);
    journal_close(journal);
}

/* Writes 8 bytes over the hot file, after `count` records that the disk has lost. */
static void spoil_memory(uint64_t count, long at, uint64_t value)
{
    char path[256];
    FILE *file;

    write_some(count);
    last_file(path);
    cr_assert_eq(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/hot-engine.lane", dir);
    file = fopen(path, "r+e");
    cr_assert_not_null(file);
    /* As if the persister had not come to anything: its gate stands at the beginning. */
    cr_assert_eq(fseek(file, GATE_AT, SEEK_SET), 0);
    cr_assert_eq(fwrite(&(uint64_t){0}, 8, 1, file), 1);
    cr_assert_eq(fseek(file, at, SEEK_SET), 0);
    cr_assert_eq(fwrite(&value, 8, 1, file), 1);
    cr_assert_eq(fclose(file), 0);
}

static void expect_damage_is_said(uint64_t last)
{
    char says[ERR_TEXT_MAX];
    struct journal *journal = open_journal(says);

    cr_assert_not_null(strstr(says, "hot file is damaged"), "%s", says);
    cr_assert_not_null(strstr(says, "are lost"), "%s", says);
    cr_assert_eq(lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)), last);
    journal_close(journal);
}

Test(journal_crash, a_length_that_nobody_wrote_is_not_copied, .init = open_dir, .fini = remove_dir)
{
    spoil_memory(50, HOT_HEADER_BYTES + 8, (uint64_t)23 << 32 | UINT32_MAX);
    expect_damage_is_said(50);
}

Test(journal_crash, padding_that_is_a_lap_ends, .init = open_dir, .fini = remove_dir)
{
    spoil_memory(50, HOT_HEADER_BYTES + 8, 8); /* a pad, where none fits */
    expect_damage_is_said(50);
}

Test(journal_crash, a_gate_between_records_is_not_believed, .init = open_dir, .fini = remove_dir)
{
    spoil_memory(50, GATE_AT, 0x3FFFFFFFFFFFFFFB);
    expect_damage_is_said(50);
}

Test(journal_crash, a_number_that_was_never_given_is_not_believed, .init = open_dir,
     .fini = remove_dir)
{
    spoil_memory(50, (long)offsetof(struct lane_shared, head_seq), UINT64_MAX);
    expect_damage_is_said(51);
}

static void flip_bit(const char *path, long at)
{
    FILE *file = fopen(path, "r+e");
    int byte;

    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, at, SEEK_SET), 0);
    byte = fgetc(file);
    cr_assert_eq(fseek(file, at, SEEK_SET), 0);
    cr_assert_eq(fputc(byte ^ 4, file), byte ^ 4);
    cr_assert_eq(fclose(file), 0);
}

/* Where the record of a sequence begins: header, padded payload and tail of all before it. */
static long place_of(uint64_t seq)
{
    uint8_t payload[PAYLOAD_MAX];
    long at = 64;

    for (uint64_t before = 1; before < seq; before++)
        at += 32 + (long)((payload_of(before, payload) + 7) & ~7U) + 40;
    return at;
}

Test(journal_crash, a_flipped_bit_is_found_by_its_sequence, .init = open_dir, .fini = remove_dir)
{
    struct journal_reader *reader;
    struct lane_record record;
    struct journal *journal;
    const void *payload;
    char says[ERR_TEXT_MAX];
    char path[256];
    struct err err;
    enum status status;
    uint64_t seq = 0;

    write_some(60);
    last_file(path);
    flip_bit(path, place_of(41) + 16); /* its time */
    cr_assert_eq(journal_reader_open(&reader, dir, JOURNAL_ENGINE, 1, &err), OK);
    while ((status = journal_reader_next(reader, &record, &payload, &err)) == OK)
        seq++;
    journal_reader_close(reader);
    cr_assert_eq(status, ERR_DAMAGED);
    cr_assert_eq(seq, 40);
    cr_assert_not_null(strstr(err.text, "41"), "%s", err.text);
    /* And it is not taken for a torn tail at the next start. */
    cr_assert_eq(journal_open(&journal, dir, &config, says, &err), ERR_DAMAGED);
}

Test(journal_crash, reading_starts_where_it_is_asked_to, .init = open_dir, .fini = remove_dir)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    struct err err;

    write_some(60);
    cr_assert_eq(journal_reader_open(&reader, dir, JOURNAL_ENGINE, 37, &err), OK);
    cr_assert_eq(journal_reader_next(reader, &record, &payload, &err), OK);
    cr_assert_eq(record.commit, 37);
    journal_reader_close(reader);
}

Test(journal_crash, a_failing_disk_makes_it_suspect_until_it_works, .init = open_dir,
     .fini = remove_dir)
{
    char says[ERR_TEXT_MAX];
    struct journal *journal = open_journal(says);
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);
    struct journal_trouble trouble;
    char folder[96];
    struct err err;

    (void)snprintf(folder, sizeof folder, "%s/journal", dir);
    cr_assert_eq(rmdir(folder), 0); /* the first file cannot be made */
    cr_assert_eq(journal_start(journal, &err), OK);
    append(lane, 1);
    cr_assert_not(journal_wait_durable(journal, JOURNAL_ENGINE, 1, 2000));
    cr_assert(journal_is_suspect(journal));
    cr_assert(lane_is_suspect(lane));
    cr_assert_eq(journal_durable_seq(journal, JOURNAL_ENGINE), 0);
    journal_trouble(journal, &trouble);
    cr_assert_eq(trouble.count, 1);
    cr_assert_not_null(strstr(trouble.why, "No such file"), "%s", trouble.why);
    append(lane, 2);
    cr_assert_eq(mkdir(folder, 0700), 0);
    while (journal_is_suspect(journal))
        thread_sleep_ms(5);
    cr_assert_not(lane_is_suspect(lane));
    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, 2, 2000));
    append(lane, 3);
    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, 3, 2000));
    journal_close(journal);
    cr_assert_eq(read_all(JOURNAL_ENGINE), 3);
}
