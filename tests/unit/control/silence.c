/* The watchdog's and a gateway's kill, from its word to a receipt that names it: control, view and
 * journal are real, the engine is whoever answers on the page. */
#include "control/inside.h"
#include "thread/clock.h"
#include "unit/store/desk.h"
#include "view/model.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_BYTES = 1 << 16, PATIENCE_MS = 20000 };

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct control *control;
static struct store_saved saved;
static struct kill_page kills;
static struct ring commands;
static uint8_t *command_bytes;

static void open_control(void)
{
    char recovered[ERR_TEXT_MAX];
    struct control_sources sources = {
        .config = &desk.config, .kill = &kills, .commands = &commands, .epoch = 2};
    struct err err;

    desk_open(&desk);
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK, "%s",
                 err.text);
    cr_assert_eq(view_open(&view,
                           &(struct view_sources){.config = &desk.config,
                                                  .journal = journal,
                                                  .kill = &kills,
                                                  .dir = desk.dir,
                                                  .saved = &saved},
                           &err),
                 OK);
    command_bytes = aligned_alloc(128, COMMAND_BYTES);
    ring_init(&commands, command_bytes, COMMAND_BYTES);
    sources.journal = journal;
    sources.view = view;
    cr_assert_eq(control_open(&control, &sources, &err), OK);
    cr_assert_eq(journal_start(journal, &err), OK);
    cr_assert_eq(control_start(control, &err), OK);
}

static void close_control(void)
{
    control_close(control);
    view_close(view);
    journal_close(journal);
    free(command_bytes);
    desk_close(&desk);
}

TestSuite(silence, .init = open_control, .fini = close_control, .timeout = 120);

/* As the watchdog does. */
static uint64_t kill_for_silence(void)
{
    uint64_t incident = kill_page_set(&kills, scope_of_firm());

    control_note_silence(control, incident);
    return incident;
}

/* The receipt once the member is that text (or true); released by the caller. */
static json_t *receipt_with(uint64_t incident, const char *name, const char *text)
{
    json_t *receipt = NULL;

    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        const json_t *value;

        receipt = view_receipt(view, incident);
        value = json_object_get(receipt, name);
        if (text ? json_is_string(value) && strcmp(json_string_value(value), text) == 0
                 : json_is_true(value))
            return receipt;
        json_decref(receipt);
        usleep(1000);
    }
    cr_assert_fail("the receipt never said %s", name);
    return NULL;
}

/* The newest fact of the control lane, once there is one; static memory. */
static const char *newest_fact(uint64_t seq)
{
    static char text[LANE_RECORD_MAX + 1];
    struct lane_reader reader;
    struct lane_record record;

    lane_reader_init(&reader, journal_lane(journal, JOURNAL_CONTROL), true);
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        while (lane_read(&reader, &record, text) == LANE_RECORD) {
            text[record.length] = '\0';
            if (record.commit == seq)
                return text;
        }
        usleep(1000);
    }
    cr_assert_fail("no fact came");
    return NULL;
}

Test(silence, has_a_name_and_is_durable_once_the_engine_answers)
{
    uint64_t incident = kill_for_silence();
    json_t *receipt = receipt_with(incident, "actor", "watchdog");
    const char *fact;

    cr_assert_str_eq(json_string_value(json_object_get(receipt, "reason")),
                     "the engine does not beat");
    cr_assert(json_is_false(json_object_get(receipt, "durable")), "the engine has not obeyed");
    json_decref(receipt);
    fact = newest_fact(1);
    cr_assert(strstr(fact, "\"actor\":\"watchdog\""), "%s", fact);
    cr_assert(strstr(fact, "\"kind\":\"kill\",\"scope\":\"firm\""), "%s", fact);
    cr_assert(strstr(fact, "\"incident\":\"K0-1\""), "%s", fact);
    kills.engine_seen_ns = clock_real_ns();
    atomic_store(&kills.engine_seen, kill_page_doorbell(&kills));
    json_decref(receipt_with(incident, "durable", NULL));
}

Test(silence, of_a_firm_that_is_halted_joins_the_incident_that_is_there)
{
    struct event_state_changed halted = {.version = 2, .state = STATE_HALTED};
    uint64_t first = kill_page_set(&kills, scope_of_firm());
    const char *fact;

    halted.incident = first;
    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_STATE_CHANGED, 1000, 0, &halted,
                sizeof halted);
    kill_for_silence();
    fact = newest_fact(1);
    cr_assert(strstr(fact, "\"joined\":\"K0-1\""), "%s", fact);
    cr_assert_null(view_receipt(view, first + 1));
}

static _Atomic bool is_busy;

static void run_again(void *job)
{
    usleep(1000);
    if (atomic_load(&is_busy))
        cr_assert(control_submit(control, run_again, job));
}

/* Clients that ask again as soon as they are answered. */
Test(silence, what_is_due_by_itself_comes_although_a_job_always_waits)
{
    uint64_t incident;

    atomic_store(&is_busy, true);
    cr_assert(control_submit(control, run_again, NULL));
    incident = kill_for_silence();
    kills.engine_seen_ns = clock_real_ns();
    atomic_store(&kills.engine_seen, kill_page_doorbell(&kills));
    json_decref(receipt_with(incident, "durable", NULL));
    atomic_store(&is_busy, false);
}

/* As if a snapshot of the view took longer than a kill waits. */
static json_t *kill_past_the_view(bool flatten)
{
    static const struct actor actor = {.name = "ops1", .person = "olga", .role = ROLE_RISK};
    json_t *receipt;
    struct err err;

    pthread_mutex_lock(&view->lock);
    cr_assert_eq(control_kill(control, &actor, "firm", "fat finger", flatten, clock_real_ns(),
                              "r-77", &receipt, &err),
                 OK);
    pthread_mutex_unlock(&view->lock);
    return receipt;
}

/* The incident that the engine is told to flatten. */
static uint64_t flatten_told(void)
{
    const struct command *command;
    uint64_t incident = 0;
    size_t length;

    for (int ms = 0; ms < PATIENCE_MS && incident == 0; ms++) {
        while ((command = ring_peek(&commands, &length))) {
            if (command->kind == COMMAND_FLATTEN)
                incident = command->flatten.incident;
            ring_release(&commands);
        }
        usleep(1000);
    }
    return incident;
}

Test(silence, of_the_view_a_kill_is_named_and_recorded_all_the_same)
{
    json_t *receipt = kill_past_the_view(false);
    const char *fact = newest_fact(1);

    cr_assert_str_eq(json_string_value(json_object_get(receipt, "incident")), "K0-1");
    cr_assert(json_is_null(json_object_get(receipt, "joined")));
    cr_assert(strstr(fact, "\"incident\":\"K0-1\""), "%s", fact);
    cr_assert(strstr(fact, "\"person\":\"olga\""), "%s", fact);
    cr_assert(strstr(fact, "\"request_id\":\"r-77\""), "%s", fact);
    json_decref(receipt);
    json_decref(receipt_with(atomic_load(&kills.word[scope_of_firm()]), "actor", "ops1"));
}

Test(silence, of_the_view_a_kill_of_what_is_halted_joins_and_flattens_the_earlier_incident)
{
    struct event_state_changed halted = {.version = 2, .state = STATE_HALTED};
    uint64_t first = kill_page_set(&kills, scope_of_firm());
    const char *fact;
    json_t *receipt;

    halted.incident = first;
    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_STATE_CHANGED, 1000, 0, &halted,
                sizeof halted);
    receipt = kill_past_the_view(true);
    cr_assert(json_is_null(json_object_get(receipt, "joined")));
    cr_assert(json_is_object(json_object_get(receipt, "flatten")));
    json_decref(receipt);
    fact = newest_fact(1);
    cr_assert(strstr(fact, "\"joined\":\"K0-1\""), "%s", fact);
    cr_assert(strstr(fact, "\"answered_as\":\"K0-2\""), "%s", fact);
    cr_assert(strstr(fact, "\"actor\":\"ops1\""), "%s", fact);
    cr_assert(strstr(fact, "\"flatten\":true"), "%s", fact);
    cr_assert_eq(flatten_told(), first);
    cr_assert_null(view_receipt(view, first + 1));
}

/* Nothing else in the trail says that its fills are simulated. */
Test(silence, of_a_paper_run_its_first_fact_says_that_it_is_one)
{
    const char *fact;

    desk.config.mode = MODE_PAPER;
    control_note_mode(control);
    fact = newest_fact(1);
    cr_assert(strstr(fact, "\"kind\":\"start\",\"scope\":\"firm\""), "%s", fact);
    cr_assert(strstr(fact, "{\"mode\":\"paper\",\"simulated_fills\":true,"), "%s", fact);
}

/* What only a gateway knows: a clock that is off, a venue that is not what we think. */
Test(silence, of_a_gateway_s_scope_bears_its_name_and_its_reason)
{
    uint16_t scope = scope_of_venue(desk.config.scopes, 0);
    uint64_t incident = kill_page_set(&kills, scope);
    const char *fact;

    control_note_stop(control, incident, scope, "bybit-linear", "the clock is 300 ms off");
    json_decref(receipt_with(incident, "actor", "gateway/bybit-linear"));
    json_decref(receipt_with(incident, "reason", "the clock is 300 ms off"));
    fact = newest_fact(1);
    cr_assert(strstr(fact, "\"actor\":\"gateway/bybit-linear\""), "%s", fact);
    cr_assert(strstr(fact, "\"kind\":\"kill\",\"scope\":\"venue/sim\""), "%s", fact);
    cr_assert(strstr(fact, "\"reason\":\"the clock is 300 ms off\""), "%s", fact);
}
