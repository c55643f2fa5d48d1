/* The state of the engine, from its journal: snapshots, what is wrong with them, and what the fold
 * does when the engine says something else. */
#include "journal/state_fold.h"

#include "thread/thread.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static struct config config;
static struct journal *journal;
static struct state_fold *fold;
static struct state_found found;
static _Atomic uint64_t differed;

static void open_dir(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-fold-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    config = (struct config){.journal = {.hot_bytes = 1 << 20, .sync_ms = 2}};
    differed = 0;
}

static void remove_dir(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

TestSuite(state_fold, .init = open_dir, .fini = remove_dir);

static void note(void *ctx, uint64_t seq)
{
    (void)ctx;
    differed = seq;
}

static void run(int64_t every)
{
    char says[ERR_TEXT_MAX];
    struct err err;

    cr_assert(eq(int, journal_open(&journal, dir, &config, says, &err), OK), "%s", err.text);
    cr_assert(eq(int, state_fold_open(&fold, dir, journal, every, &found, &err), OK), "%s",
              err.text);
    state_fold_on_difference(fold, note, NULL);
}

static void go(void)
{
    struct err err;

    cr_assert(eq(int, journal_start(journal, &err), OK));
}

static void append(uint16_t kind, const void *payload, uint32_t length)
{
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);

    while (lane_room(lane) < 4 * LANE_RECORD_MAX)
        usleep(100);
    (void)lane_append(lane, kind, 1, 0, payload, length);
    /* The audit's gate is nobody's here. */
    atomic_store(&lane->shared->gate[JOURNAL_GATE_AUDIT], atomic_load(&lane->shared->head));
}

static void name_all(void)
{
    struct input_names names = {.venues = 1, .strategies = 1, .instruments = 1};

    (void)snprintf(names.venue[0], MAX_NAME, "sim");
    (void)snprintf(names.strategy[0], MAX_NAME, "manual");
    (void)snprintf(names.instrument[0].name, MAX_NAME, "sim:A");
    append(INPUT_NAMES, &names, sizeof names);
}

static void hold(int64_t lots)
{
    struct event_position position = {.lots = lots, .strategy = UINT16_MAX};

    append(EVENT_POSITION, &position, sizeof position);
}

static void end(void)
{
    uint64_t last = lane_head_seq(journal_lane(journal, JOURNAL_ENGINE));

    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, last, 5000));
    journal_close(journal);
    state_fold_close(fold);
}

/* As a SIGKILL would leave it: no last snapshot. */
static void vanish(void)
{
    uint64_t last = lane_head_seq(journal_lane(journal, JOURNAL_ENGINE));

    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, last, 5000));
    journal_close(journal);
}

static uint32_t snapshots(char newest[512])
{
    char folder[128];
    struct dirent *entry;
    uint32_t count = 0;
    DIR *listing;

    newest[0] = '\0';
    (void)snprintf(folder, sizeof folder, "%s/journal", dir);
    listing = opendir(folder);
    while ((entry = readdir(listing)) != NULL) {
        char path[512];

        if (!strstr(entry->d_name, ".snp"))
            continue;
        count++;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(path, newest) > 0)
            (void)snprintf(newest, 512, "%s", path);
    }
    closedir(listing);
    return count;
}

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    int byte;

    cr_assert_not_null(file);
    fseek(file, at, SEEK_SET);
    byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

Test(state_fold, a_new_directory_has_no_state)
{
    run(1000);
    cr_assert(found.is_sure);
    cr_assert(eq(u64, found.seq, 0));
    cr_assert_null(carry_names(found.carry));
    end();
}

Test(state_fold, it_goes_on_from_the_snapshot_and_the_records_after_it)
{
    char newest[512];

    run(1000);
    go();
    name_all();
    for (int64_t lots = 1; lots <= 5000; lots++)
        hold(lots);
    vanish();
    cr_assert(ge(u32, snapshots(newest), 1));
    cr_assert(le(u32, snapshots(newest), 2));
    run(1000);
    cr_assert(found.is_sure, "%s", found.says);
    cr_assert(gt(u64, found.from_snapshot, 0));
    cr_assert(eq(u64, found.from_snapshot + found.read, 5001));
    cr_assert(eq(i64, carry_lots(found.carry, 0), 5000));
    end();
}

Test(state_fold, a_damaged_snapshot_gives_way_to_the_one_before_and_then_to_the_journal)
{
    char newest[512];

    run(1000);
    go();
    name_all();
    for (int64_t lots = 1; lots <= 3000; lots++)
        hold(lots);
    end();
    run(1000);
    go();
    hold(7);
    end();
    cr_assert(eq(u32, snapshots(newest), 2));
    flip(newest, 100);
    run(1000);
    cr_assert(eq(u64, found.from_snapshot, 3001));
    cr_assert(found.is_sure);
    cr_assert_not_null(strstr(found.says, "damaged"));
    cr_assert(eq(i64, carry_lots(found.carry, 0), 7));
    vanish();
    cr_assert(eq(int, unlink(newest), 0));
    cr_assert(eq(u32, snapshots(newest), 1));
    flip(newest, 200);
    run(1000);
    cr_assert(eq(u64, found.from_snapshot, 0));
    cr_assert(found.is_sure);
    cr_assert(eq(i64, carry_lots(found.carry, 0), 7));
    end();
}

/* Each byte of it counts. */
Test(state_fold, no_byte_of_a_snapshot_can_change_unseen)
{
    char newest[512];

    run(1000);
    go();
    name_all();
    hold(3);
    end();
    cr_assert(eq(u32, snapshots(newest), 1));
    for (long at = 0; at < 4000; at += 97) {
        flip(newest, at);
        run(1000);
        cr_assert(eq(u64, found.from_snapshot, 0), "byte %ld", at);
        vanish();
        flip(newest, at);
    }
}

Test(state_fold, a_snapshot_of_another_journal_is_refused)
{
    char newest[512], kept[128], command[1300];

    run(1000);
    go();
    name_all();
    hold(3);
    end();
    cr_assert(eq(u32, snapshots(newest), 1));
    (void)snprintf(kept, sizeof kept, "%s/kept", dir);
    (void)snprintf(command, sizeof command, "mv %s %s && rm -rf %s/journal %s/hot-*", newest, kept,
                   dir, dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
    run(1000);
    go();
    name_all();
    hold(4);
    vanish();
    (void)snprintf(command, sizeof command, "mv %s %s", kept, newest);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
    run(1000);
    cr_assert_not_null(strstr(found.says, "does not belong"));
    cr_assert(eq(i64, carry_lots(found.carry, 0), 4));
    end();
}

Test(state_fold, records_that_are_missing_make_it_unsure)
{
    char command[256], newest[512];

    run(1000);
    go();
    name_all();
    hold(3);
    end();
    snapshots(newest);
    (void)snprintf(command, sizeof command, "rm -f %s/journal/*", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
    run(1000);                        /* the hot file still has given those sequences away */
    cr_assert(not(found.is_sure));
    cr_assert_not_null(strstr(found.says, "missing"));
    end();
}

Test(state_fold, another_hash_of_the_engine_is_told_once_and_never_handed_on)
{
    struct event_state_hash wrong = {.events = 3, .hash = 1};
    char newest[512];

    run(1000);
    go();
    name_all();
    hold(3);
    append(EVENT_STATE_HASH, &wrong, sizeof wrong);
    hold(4);
    append(EVENT_STATE_HASH, &wrong, sizeof wrong);
    end();
    cr_assert(eq(u64, differed, 3));
    cr_assert(eq(u32, snapshots(newest), 0));
    run(1000); /* what is read again differs again: nobody is sure of it */
    cr_assert(not(found.is_sure));
    end();
}
