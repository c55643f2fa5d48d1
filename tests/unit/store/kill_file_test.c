/* What stands on the kill page outlives the process, by the scopes' names. */
#include "kill_file.h"
#include "restore.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct desk desk;
static struct kill_page page;
static struct store_saved saved;

static void open_desk(void)
{
    desk_open(&desk);
}

static void close_desk(void)
{
    desk_close(&desk);
}

TestSuite(kill_file, .init = open_desk, .fini = close_desk);

static void start_anew(void)
{
    saved = (struct store_saved){0};
    page = (struct kill_page){0};
}

static enum status run(struct kill_file **file)
{
    struct err err;

    return kill_file_open(file, desk.dir, &desk.config, &saved, &err);
}

/* A process that kills a scope and is gone. */
static uint64_t run_and_kill(const char *scope)
{
    struct kill_file *file;
    uint64_t incident;

    cr_assert(eq(int, run(&file), OK));
    incident = kill_page_set(&page, desk_scope(&desk, scope));
    kill_file_note(file, &page);
    kill_file_close(file);
    return incident;
}

Test(kill_file, a_fresh_directory_has_no_kills)
{
    struct kill_file *file;

    cr_assert(eq(int, run(&file), OK));
    cr_assert(not(saved.scope[0].state_found));
    kill_file_close(file);
}

Test(kill_file, a_kill_that_no_journal_knows_comes_up_halted_also_twice)
{
    uint64_t incident = run_and_kill("strategy/maker");
    uint16_t scope = desk_scope(&desk, "strategy/maker");
    struct kill_file *file;

    for (int start = 0; start < 2; start++) {
        start_anew();
        cr_assert(eq(int, run(&file), OK));
        cr_assert(eq(int, saved.scope[scope].state, STATE_HALTED));
        cr_assert(eq(u64, saved.scope[scope].incident, incident));
        cr_assert(not(saved.scope[0].state_found), "the firm was not killed");
        kill_file_close(file);
    }
}

Test(kill_file, scopes_are_known_by_name_not_by_number)
{
    struct kill_file *file;

    run_and_kill("strategy/maker");
    start_anew();
    snprintf(desk.config.strategy[0].name, MAX_NAME, "%s", "maker");
    snprintf(desk.config.strategy[1].name, MAX_NAME, "%s", "other");
    cr_assert(eq(int, run(&file), OK));
    cr_assert(eq(int, saved.scope[desk_scope(&desk, "strategy/maker")].state, STATE_HALTED));
    cr_assert(not(saved.scope[desk_scope(&desk, "strategy/other")].state_found));
    kill_file_close(file);
}

Test(kill_file, a_resume_is_kept_too)
{
    struct kill_file *file;

    cr_assert(eq(int, run(&file), OK));
    atomic_store(&page.cleared[0], kill_page_set(&page, 0));
    kill_file_note(file, &page);
    kill_file_close(file);
    start_anew();
    cr_assert(eq(int, run(&file), OK));
    cr_assert(not(saved.scope[0].state_found));
    kill_file_close(file);
}

Test(kill_file, the_journals_incident_stands)
{
    struct kill_file *file;

    run_and_kill("firm");
    start_anew();
    saved.scope[0].state_found = true;
    saved.scope[0].state = STATE_HALTED;
    saved.scope[0].incident = 7;
    saved.scope[0].version = 3;
    cr_assert(eq(int, run(&file), OK));
    cr_assert(eq(u64, saved.scope[0].incident, 7));
    cr_assert(eq(u64, saved.scope[0].version, 3));
    kill_file_close(file);
}

Test(kill_file, halted_by_hand_and_then_killed_comes_up_with_the_kill)
{
    uint64_t incident = run_and_kill("firm");
    struct kill_file *file;

    start_anew();
    saved.scope[0].state_found = true;
    saved.scope[0].state = STATE_HALTED;
    saved.scope[0].version = 3;
    cr_assert(eq(int, run(&file), OK));
    cr_assert(eq(u64, saved.scope[0].incident, incident));
    cr_assert(eq(u64, saved.scope[0].version, 3));
    kill_file_close(file);
}

/* As `strategies` of the configuration says at this start. */
static void configure(uint16_t strategies)
{
    desk.config.strategies = strategies;
    desk.config.scopes.strategies = strategies;
}

Test(kill_file, a_kill_outlives_starts_without_its_scope)
{
    uint64_t incident = run_and_kill("strategy/maker");
    struct kill_file *file;
    uint16_t scope;

    for (int start = 0; start < 2; start++) {
        start_anew();
        configure(1); /* manual alone */
        cr_assert(eq(int, run(&file), OK));
        for (scope = 0; scope < scope_count(desk.config.scopes); scope++)
            cr_assert(not(saved.scope[scope].state_found));
        atomic_store(&page.cleared[scope], UINT64_MAX); /* no scope of this run has that number */
        kill_file_note(file, &page);
        kill_file_close(file);
    }
    start_anew();
    configure(2);
    cr_assert(eq(int, run(&file), OK));
    scope = desk_scope(&desk, "strategy/maker");
    cr_assert(eq(int, saved.scope[scope].state, STATE_HALTED));
    cr_assert(eq(u64, saved.scope[scope].incident, incident));
    kill_file_close(file);
}

/* A desk whose scopes fill the file, by names of their own. */
static void configure_all(const char *prefix)
{
    struct config *config = &desk.config;

    config->scopes = (struct scope_map){MAX_VENUES, MAX_STRATEGIES, MAX_INSTRUMENTS};
    config->venues = MAX_VENUES;
    config->strategies = MAX_STRATEGIES;
    config->instruments = MAX_INSTRUMENTS;
    for (int at = 0; at < MAX_VENUES; at++)
        snprintf(config->venue[at], MAX_NAME, "%s%d", prefix, at);
    for (int at = 0; at < MAX_STRATEGIES; at++)
        snprintf(config->strategy[at].name, MAX_NAME, "%s%d", prefix, at);
    for (int at = 0; at < MAX_INSTRUMENTS; at++)
        snprintf(config->instrument[at].name, MAX_NAME, "%s:%d", prefix, at);
}

Test(kill_file, a_kill_that_cannot_be_kept_is_no_start_and_not_lost)
{
    struct kill_file *file;
    struct err err;

    run_and_kill("strategy/maker");
    start_anew();
    configure_all("a");
    cr_assert(eq(int, kill_file_open(&file, desk.dir, &desk.config, &saved, &err), ERR_CONFIG));
    cr_assert_not_null(strstr(err.text, "strategy/maker"), "%s", err.text);
    snprintf(desk.config.strategy[3].name, MAX_NAME, "%s", "maker");
    cr_assert(eq(int, run(&file), OK));
    cr_assert(eq(int, saved.scope[desk_scope(&desk, "strategy/maker")].state, STATE_HALTED));
    kill_file_close(file);
}

/* One bit of the file, at its byte of that number. */
static void flip(long at, int mask)
{
    char path[128];
    FILE *file;
    int byte;

    snprintf(path, sizeof path, "%s/kills", desk.dir);
    file = fopen(path, "r+");
    cr_assert_not_null(file);
    fseek(file, at, SEEK_SET);
    byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ mask, file);
    fclose(file);
}

/* What is written once: magic, count and checksum, and the first name. */
enum { FIRST_NAME = 16, FIRST_WORD = FIRST_NAME + SCOPE_TEXT_MAX, FIRST_CLEARED = FIRST_WORD + 8 };

Test(kill_file, one_wrong_bit_is_no_start)
{
    struct kill_file *file;

    run_and_kill("firm");
    for (long at = 0; at < FIRST_WORD; at++) {
        flip(at, 1);
        start_anew();
        cr_assert(eq(int, run(&file), ERR_DAMAGED), "byte %ld", at);
        flip(at, 1);
    }
    flip(FIRST_CLEARED + 7, 0x80); /* cleared what never was */
    cr_assert(eq(int, run(&file), ERR_DAMAGED));
    flip(FIRST_CLEARED + 7, 0x80);
    flip(FIRST_WORD + 7, 0x80); /* of no start that can be */
    cr_assert(eq(int, run(&file), ERR_DAMAGED));
    flip(FIRST_WORD + 7, 0x80);
    cr_assert(eq(int, run(&file), OK));
    cr_assert(eq(int, saved.scope[0].state, STATE_HALTED));
    kill_file_close(file);
}

Test(kill_file, a_new_kill_is_newer_than_what_a_newer_start_has_left)
{
    static struct engine_config engine;
    uint16_t scope = desk_scope(&desk, "strategy/maker");
    struct kill_file *file;
    uint64_t incident;

    atomic_store(&page.ticket, 9ULL << 32);
    incident = run_and_kill("strategy/maker");
    start_anew(); /* from a copy of the directory whose epoch was 4 */
    cr_assert(eq(int, run(&file), OK));
    engine.scopes = desk.config.scopes;
    restore_scopes(&engine, &page, &saved, STATE_ACTIVE, 5);
    cr_assert(ge(u64, atomic_load(&page.ticket), incident));
    cr_assert(gt(u64, kill_page_set(&page, scope), incident));
    start_anew();
    restore_scopes(&engine, &page, &saved, STATE_ACTIVE, 10);
    cr_assert(eq(u64, atomic_load(&page.ticket), 10ULL << 32));
    kill_file_close(file);
}

Test(kill_file, a_damaged_file_is_no_start)
{
    char path[128];
    struct kill_file *file;

    run_and_kill("firm");
    snprintf(path, sizeof path, "%s/kills", desk.dir);
    cr_assert(eq(int, truncate(path, 100), 0));
    start_anew();
    cr_assert(eq(int, run(&file), ERR_DAMAGED));
}
