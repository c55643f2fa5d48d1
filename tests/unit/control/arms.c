/* Arming in mode live: off at the start, armed by two people, held down, remembered. Control, view,
 * journal and control.db are real; the engine is the test. */
#include "control/inside.h"
#include "thread/clock.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_BYTES = 1 << 16, PATIENCE_MS = 20000, TOLD_MAX = 64 };
enum { LOTS = LIMIT_MAX_ORDER_LOTS, ORDERS = LIMIT_MAX_OPEN_ORDERS };

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct control *control;
static struct keep *keep;
static struct store_saved saved;
static struct kill_page kills;
static struct ring commands;
static uint8_t *command_bytes;
static uint16_t scope;

/* --- the engine: does what it is told, unless a test has it refuse or keep silent --- */

static pthread_t engine;
static _Atomic bool engine_stops;
static _Atomic int limits_refused; /* enum status that SET_LIMITS gets */
static _Atomic bool limits_silent; /* SET_LIMITS is done, and the answer waits */
static struct event_command_done late;
static struct command told[TOLD_MAX];
static _Atomic uint32_t told_count;
static uint64_t generation, version;

static void say(uint32_t kind, const void *event, uint32_t length)
{
    lane_append(journal_lane(journal, JOURNAL_ENGINE), kind, clock_real_ns(), 0, event, length);
}

static enum status set_limits(const struct command_set_limits *command)
{
    struct event_limits_applied event = {.scope = command->scope, .limits = command->limits};

    if (atomic_load(&limits_refused) != OK)
        return (enum status)atomic_load(&limits_refused);
    if (command->base != generation)
        return ERR_STALE_VERSION;
    event.generation = ++generation;
    say(EVENT_LIMITS_APPLIED, &event, sizeof event);
    return OK;
}

static enum status set_strategy(const struct command_set_strategy *command)
{
    struct event_strategy event = {.strategy = command->strategy, .enabled = command->enabled};

    if (command->base != version)
        return ERR_STALE_VERSION;
    event.version = ++version;
    say(EVENT_STRATEGY, &event, sizeof event);
    return OK;
}

static char watched[32], seen_state[32]; /* a proposal, and how it was kept at the last command */

static void look_at_kept(void)
{
    json_t *kept = NULL;
    struct err err;

    if (watched[0] == '\0' || keep_get(keep, "proposal", watched, &kept, &err) != OK)
        return;
    (void)snprintf(seen_state, sizeof seen_state, "%s",
                   json_string_value(json_object_get(kept, "state")));
    json_decref(kept);
}

static void obey(const struct command *command)
{
    struct event_command_done done = {.command_id = command->id};
    uint32_t count = atomic_load(&told_count);

    if (command->kind != COMMAND_SET_LIMITS && command->kind != COMMAND_SET_STRATEGY)
        return;
    look_at_kept();
    cr_assert_lt(count, TOLD_MAX);
    told[count] = *command;
    done.status =
        (uint8_t)(command->kind == COMMAND_SET_LIMITS ? set_limits(&command->set_limits)
                                                      : set_strategy(&command->set_strategy));
    if (command->kind == COMMAND_SET_LIMITS && atomic_load(&limits_silent))
        late = done;
    else
        say(EVENT_COMMAND_DONE, &done, sizeof done);
    atomic_store(&told_count, count + 1);
}

static void *run_engine(void *ctx)
{
    const struct command *command;
    size_t length;

    while (!atomic_load(&engine_stops)) {
        while ((command = ring_peek(&commands, &length))) {
            obey(command);
            ring_release(&commands);
        }
        usleep(500);
    }
    return ctx;
}

/* What stands of the limits of the strategy, as the engine says. */
static void stand(int64_t lots, int64_t orders)
{
    struct event_limits_applied event = {.scope = scope, .generation = ++generation};

    for (int id = 0; id < LIMIT_COUNT; id++)
        event.limits.value[id] = 1000;
    event.limits.value[LOTS] = lots;
    event.limits.value[ORDERS] = orders;
    say(EVENT_LIMITS_APPLIED, &event, sizeof event);
}

/* --- a run of the program --- */

static enum status open_control(struct err *err)
{
    struct control_sources sources = {
        .config = &desk.config, .kill = &kills, .commands = &commands, .epoch = 2};
    char recovered[ERR_TEXT_MAX];
    enum status status;

    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, err), OK, "%s",
                 err->text);
    cr_assert_eq(view_open(&view,
                           &(struct view_sources){.config = &desk.config,
                                                  .journal = journal,
                                                  .kill = &kills,
                                                  .dir = desk.dir,
                                                  .saved = &saved},
                           err),
                 OK);
    cr_assert_eq(keep_open(&keep, desk.dir, err), OK, "%s", err->text);
    memset(command_bytes, 0, COMMAND_BYTES);
    ring_init(&commands, command_bytes, COMMAND_BYTES);
    generation = version = 1;
    stand(50, 5);
    sources.journal = journal;
    sources.view = view;
    sources.keep = keep;
    status = control_open(&control, &sources, err);
    return status;
}

static void run(void)
{
    struct err err;

    cr_assert_eq(journal_start(journal, &err), OK);
    cr_assert_eq(view_start(view, &err), OK);
    cr_assert_eq(control_start(control, &err), OK);
    atomic_store(&told_count, 0);
    atomic_store(&engine_stops, false);
    cr_assert_eq(pthread_create(&engine, NULL, run_engine, NULL), 0);
}

static void start(void)
{
    struct err err;

    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    run();
}

static void close_control(void)
{
    control_close(control);
    view_close(view);
    keep_close(keep);
    journal_close(journal);
}

static void stop(void)
{
    atomic_store(&engine_stops, true);
    cr_assert_eq(pthread_join(engine, NULL), 0);
    close_control();
}

static void begin(void)
{
    desk_open(&desk);
    desk.config.mode = MODE_LIVE;
    desk.config.strategy[MAKER].enabled = true;
    scope = desk_scope(&desk, "strategy/maker");
    for (int id = 0; id < LIMIT_COUNT; id++) {
        desk.config.first_day[scope].value[id] = desk.config.caps[scope].value[id] = LIMIT_UNSET;
        desk.config.limits[scope_of_firm()].value[id] = 1000000;
    }
    desk.config.first_day[scope].value[LOTS] = 20;
    command_bytes = aligned_alloc(128, COMMAND_BYTES);
}

static void end(void)
{
    free(command_bytes);
    desk_close(&desk);
}

TestSuite(arms, .init = begin, .fini = end, .timeout = 120);

/* --- what people do --- */

struct errand {
    const char *approval; /* to be approved; else: */
    const char *strategy_body, *limits_body, *rejected;
    enum status status;
    int http;
    json_t *reply;
    struct err err;
    _Atomic bool done;
};

static void run_errand(void *job)
{
    struct errand *errand = job;
    struct actor risk1 = {.name = "risk1", .person = "risk1", .role = ROLE_RISK};
    struct actor risk2 = {.name = "risk2",
                          .person = "risk2",
                          .role = ROLE_RISK,
                          .is_session = true,
                          .reauth_until_ns = INT64_MAX};
    struct view_strategy switched;
    struct limits limits;
    uint64_t base;
    json_t *body = NULL;

    view_strategy(view, MAKER, &switched);
    view_limits(view, scope, &limits, &base);
    if (errand->rejected) {
        errand->status = control_reject(control, &risk2, errand->rejected, NULL, "r-2",
                                        &errand->reply, &errand->err);
    } else if (errand->approval) {
        errand->status = control_approve(control, &risk2, errand->approval, NULL, "r-2",
                                         &errand->reply, &errand->err);
    } else if (errand->strategy_body) {
        body = json_loads(errand->strategy_body, 0, NULL);
        errand->status = control_strategy_put(control, &risk1, "maker", switched.version, body,
                                              "r-1", &errand->http, &errand->reply, &errand->err);
    } else {
        body = json_loads(errand->limits_body, 0, NULL);
        errand->status = control_limits_put(control, &risk1, "strategy/maker", base, body, "r-1",
                                            &errand->http, &errand->reply, &errand->err);
    }
    json_decref(body);
    atomic_store(&errand->done, true);
}

static enum status do_errand(struct errand *errand)
{
    cr_assert(control_submit(control, run_errand, errand));
    for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&errand->done); ms++)
        usleep(1000);
    cr_assert(atomic_load(&errand->done));
    return errand->status;
}

/* A proposal that is accepted, and its id. */
static void propose(struct errand *errand, char id[32])
{
    cr_assert_eq(do_errand(errand), OK, "%s", errand->err.text);
    cr_assert_eq(errand->http, 202);
    (void)snprintf(id, 32, "%s", json_string_value(json_object_get(errand->reply, "id")));
    json_decref(errand->reply);
}

static void propose_on(char id[32])
{
    propose(&(struct errand){.strategy_body = "{\"enabled\":true,\"reason\":\"go\"}"}, id);
}

static enum status approve(const char *id)
{
    struct errand errand = {.approval = id};
    enum status status = do_errand(&errand);

    json_decref(errand.reply);
    return status;
}

static enum status reject(const char *id)
{
    struct errand errand = {.rejected = id};
    enum status status = do_errand(&errand);

    json_decref(errand.reply);
    return status;
}

/* What is held down by itself meanwhile is waited for. */
static enum status approve_when_free(const char *id)
{
    enum status status = ERR_CONFLICT;

    for (int ms = 0; ms < PATIENCE_MS && status == ERR_CONFLICT; ms++) {
        status = approve(id);
        usleep(1000);
    }
    return status;
}

static enum status put_lots(const char *body, struct err *err)
{
    struct errand errand = {.limits_body = body};
    enum status status = do_errand(&errand);

    json_decref(errand.reply);
    *err = errand.err;
    return status;
}

static bool is_on(void)
{
    struct view_strategy now;

    view_strategy(view, MAKER, &now);
    return now.enabled;
}

static int64_t stands_of(int id)
{
    struct limits limits;
    uint64_t at;

    view_limits(view, scope, &limits, &at);
    return limits.value[id];
}

static void until_told(uint32_t count)
{
    for (int ms = 0; ms < PATIENCE_MS && atomic_load(&told_count) < count; ms++)
        usleep(1000);
    cr_assert_geq(atomic_load(&told_count), count);
}

static void until_off(void)
{
    for (int ms = 0; ms < PATIENCE_MS && is_on(); ms++)
        usleep(1000);
    cr_assert(!is_on());
}

/* Approves while the engine looks into control.db at each command. */
static void while_told(const char *id, const char *state)
{
    (void)snprintf(watched, sizeof watched, "%s", id);
    cr_assert_eq(approve_when_free(id), OK);
    cr_assert_str_eq(seen_state, state);
}

static void arm(void)
{
    char id[32];

    until_off();
    propose_on(id);
    cr_assert_eq(approve(id), OK);
    cr_assert(is_on());
}

/* The only command that waits, before anything runs. */
static struct command waiting(void)
{
    struct command command = {0};
    const void *place;
    size_t length;

#ifndef __clang_analyzer__ /* it takes the ring for one without memory */
    if ((place = ring_peek(&commands, &length))) {
        memcpy(&command, place, sizeof command);
        ring_release(&commands);
    }
    cr_assert_null(ring_peek(&commands, &length), "one command");
#else
    (void)place, (void)length;
#endif
    return command;
}

/* --- the start --- */

Test(arms, what_was_never_armed_is_off_before_anything_runs)
{
    struct command command;
    struct err err;

    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    command = waiting();
    cr_assert_eq(command.kind, COMMAND_SET_STRATEGY);
    cr_assert_eq(command.set_strategy.strategy, MAKER);
    cr_assert_eq(command.set_strategy.enabled, 0);
    close_control();
}

Test(arms, other_modes_know_nothing_of_it)
{
    struct err err;
    char id[32];

    desk.config.mode = MODE_PAPER;
    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    cr_assert_eq(waiting().kind, 0);
    close_control();
    desk.config.strategy[MAKER].enabled = false;
    start();
    propose_on(id);
    cr_assert_eq(approve(id), OK);
    cr_assert(is_on());
    cr_assert(json_is_null(control_armed(control, MAKER)));
    cr_assert_eq(stands_of(LOTS), 50);
    stop();
}

Test(arms, a_damaged_fact_ends_the_start)
{
    struct err err;
    json_t *kept = json_pack("{s:s}", "at_ns", "5");

    cr_assert_eq(keep_open(&keep, desk.dir, &err), OK);
    cr_assert_eq(keep_put(keep, "armed", "maker", kept, &err), OK);
    keep_close(keep);
    json_decref(kept);
    cr_assert_eq(open_control(&err), ERR_DAMAGED);
    cr_assert_not_null(strstr(err.text, "strategy maker"), "%s", err.text);
    control = NULL;
    close_control();
}

/* --- arming --- */

Test(arms, the_fact_is_kept_then_limits_come_down_then_it_is_on)
{
    json_t *kept, *ceiling;
    struct err err;

    start();
    arm();
    until_told(3);
    cr_assert_eq(told[1].kind, COMMAND_SET_LIMITS);
    cr_assert_eq(told[1].set_limits.limits.value[LOTS], 20);
    cr_assert_eq(told[1].set_limits.limits.value[ORDERS], 5);
    cr_assert_eq(told[2].kind, COMMAND_SET_STRATEGY);
    cr_assert_eq(told[2].set_strategy.enabled, 1);
    cr_assert_eq(keep_get(keep, "armed", "maker", &kept, &err), OK);
    cr_assert_str_eq(json_string_value(json_object_get(kept, "by")), "risk2");
    cr_assert_str_eq(json_string_value(json_object_get(kept, "proposer")), "risk1");
    ceiling = json_object_get(kept, "ceiling");
    cr_assert_str_eq(json_string_value(json_object_get(ceiling, "max_order_lots")), "20");
    cr_assert_str_eq(json_string_value(json_object_get(ceiling, "max_open_orders")), "5");
    json_decref(kept);
    stop();
}

static void break_keep(void)
{
    char path[96];
    sqlite3 *db;

    (void)snprintf(path, sizeof path, "%s/control.db", desk.dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "DROP TABLE fact", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

Test(arms, if_the_fact_is_not_kept_it_is_not_switched_on)
{
    char id[32];

    start();
    until_off();
    propose_on(id);
    break_keep();
    cr_assert_neq(approve(id), OK);
    cr_assert(!is_on());
    cr_assert(json_is_null(control_armed(control, MAKER)));
    stop();
}

Test(arms, if_the_limits_do_not_come_down_it_is_not_switched_on)
{
    char id[32];

    start();
    until_off();
    propose_on(id);
    atomic_store(&limits_refused, ERR_OVER_CAP);
    cr_assert_eq(approve(id), ERR_OVER_CAP);
    cr_assert(!is_on());
    atomic_store(&limits_refused, ERR_STALE_VERSION);
    cr_assert_eq(approve(id), ERR_CONFLICT, "and the approval is not stale");
    cr_assert(!is_on());
    atomic_store(&limits_refused, OK);
    cr_assert_eq(approve_when_free(id), OK);
    cr_assert(is_on());
    stop();
}

Test(arms, what_came_to_nothing_has_armed_nothing)
{
    char id[32];
    json_t *kept = NULL, *armed;
    struct err err;

    start();
    until_off();
    propose_on(id);
    atomic_store(&limits_refused, ERR_OVER_CAP);
    cr_assert_eq(approve(id), ERR_OVER_CAP);
    armed = control_armed(control, MAKER);
    cr_assert(json_is_object(armed), "it holds down while the approval is open");
    json_decref(armed);
    atomic_store(&limits_refused, OK);
    cr_assert_eq(reject(id), OK);
    cr_assert(json_is_null(control_armed(control, MAKER)));
    cr_assert_eq(keep_get(keep, "armed", "maker", &kept, &err), ERR_NOT_FOUND);
    cr_assert(!is_on());
    stop();
}

/* Else the strategy would run without its ceiling, and a restart would not know it armed. */
Test(arms, what_a_stale_proposal_began_and_another_ended_stays_armed)
{
    char first[32], second[32];
    json_t *kept = NULL, *armed, *day;
    struct err err;

    start();
    until_off();
    propose_on(first);
    propose_on(second);
    atomic_store(&limits_refused, ERR_OVER_CAP);
    cr_assert_eq(approve(first), ERR_OVER_CAP);
    atomic_store(&limits_refused, OK);
    cr_assert_eq(approve_when_free(second), OK);
    cr_assert(is_on());
    cr_assert_neq(reject(first), OK, "what it builds on has moved");
    armed = control_armed(control, MAKER);
    cr_assert(json_is_object(armed));
    json_decref(armed);
    day = control_first_day(control, scope);
    cr_assert(json_is_object(day), "it has its ceiling");
    json_decref(day);
    cr_assert_eq(keep_get(keep, "armed", "maker", &kept, &err), OK);
    cr_assert_str_eq(json_string_value(json_object_get(kept, "approval")), second);
    json_decref(kept);
    stop();
}

/* Killed between the engine's answer and ours: the audit must not say that nobody decided. */
Test(arms, what_was_being_applied_when_the_program_ended_is_not_called_expired)
{
    json_t *gone;
    struct err err;

    cr_assert_eq(keep_open(&keep, desk.dir, &err), OK);
    for (int at = 0; at < 2; at++) {
        json_t *kept = json_pack("{s:s,s:s,s:s}", "id", "A7", "scope", "firm", "state",
                                 at == 0 ? "approved" : "pending");

        cr_assert_eq(keep_put(keep, "proposal", at == 0 ? "A7" : "A8", kept, &err), OK);
        json_decref(kept);
    }
    keep_close(keep);
    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    cr_assert_eq(control->note_count, 2);
    gone = control->note[0].record;
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(gone, "new"), "state")),
                     "approved");
    cr_assert(strstr(json_string_value(json_object_get(gone, "reason")), "in force"));
    gone = control->note[1].record;
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(gone, "new"), "state")),
                     "expired");
    close_control();
}

/* The engine looks while it is being told: what is kept then is what a start would find. */
Test(arms, it_is_kept_that_it_is_being_applied_before_the_engine_hears_of_it)
{
    char id[32];
    json_t *kept = NULL;
    struct err err;

    start();
    until_off();
    propose_on(id);
    atomic_store(&limits_refused, ERR_OVER_CAP);
    cr_assert_eq(approve(id), ERR_OVER_CAP);
    cr_assert_eq(keep_get(keep, "proposal", id, &kept, &err), OK);
    cr_assert_str_eq(json_string_value(json_object_get(kept, "state")), "pending");
    json_decref(kept);
    atomic_store(&limits_refused, OK);
    while_told(id, "approved");
    stop();
}

Test(arms, an_answer_that_comes_late_switches_nothing_on)
{
    char id[32];
    json_t *approval;

    start();
    until_off();
    propose_on(id);
    atomic_store(&limits_silent, true);
    cr_assert_eq(approve(id), ERR_NOT_APPLIED);
    cr_assert_eq(approve(id), ERR_CONFLICT, "while nobody knows");
    atomic_store(&limits_silent, false);
    say(EVENT_COMMAND_DONE, &late, sizeof late);
    for (int ms = 0; ms < PATIENCE_MS && control_limits_are_open(control, scope); ms++)
        usleep(1000);
    approval = control_approval(control, id);
    cr_assert_str_eq(json_string_value(json_object_get(approval, "state")), "pending");
    json_decref(approval);
    cr_assert(!is_on());
    cr_assert_eq(approve_when_free(id), OK);
    cr_assert(is_on());
    stop();
}

/* --- the first day --- */

Test(arms, nothing_is_proposed_above_the_ceiling)
{
    struct err err;

    start();
    arm();
    cr_assert_eq(put_lots("{\"limits\":{\"max_order_lots\":21},\"reason\":\"x\"}", &err),
                 ERR_OVER_CAP);
    cr_assert_not_null(strstr(err.text, "the first-day ceiling of strategy/maker"), "%s", err.text);
    cr_assert_eq(put_lots("{\"limits\":{\"max_open_orders\":6},\"reason\":\"x\"}", &err),
                 ERR_OVER_CAP);
    cr_assert_eq(put_lots("{\"limits\":{\"max_order_lots\":19},\"reason\":\"x\"}", &err), OK);
    cr_assert_eq(put_lots("{\"limits\":{\"max_order_lots\":20},\"reason\":\"x\"}", &err), OK,
                 "up to the ceiling two people raise it");
    stop();
}

Test(arms, what_was_proposed_before_is_not_approved_above_it)
{
    char on[32], raise[32];
    json_t *approval;

    desk.config.first_day[scope].value[LOTS] = LIMIT_UNSET;
    start();
    until_off();
    propose(
        &(struct errand){.limits_body = "{\"limits\":{\"max_order_lots\":51},\"reason\":\"x\"}"},
        raise);
    propose_on(on);
    cr_assert_eq(approve(on), OK);
    cr_assert_eq(approve(raise), ERR_OVER_CAP);
    cr_assert_eq(stands_of(LOTS), 50);
    approval = control_approval(control, raise);
    cr_assert_str_eq(json_string_value(json_object_get(approval, "state")), "pending");
    json_decref(approval);
    stop();
}

/* The journal is gone, or the configuration says more: what stands is above the ceiling again. */
Test(arms, a_restart_within_the_day_holds_it_down_and_leaves_it_on)
{
    struct command command;
    struct err err;

    start();
    arm();
    stop();
    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    command = waiting();
    cr_assert_eq(command.kind, COMMAND_SET_LIMITS, "and no switch");
    cr_assert_eq(command.set_limits.scope, scope);
    cr_assert_eq(command.set_limits.limits.value[LOTS], 20);
    close_control();
}

Test(arms, what_rises_above_it_is_brought_down_again)
{
    start();
    arm();
    until_told(3);
    stand(40, 5);
    until_told(4);
    cr_assert_eq(told[3].kind, COMMAND_SET_LIMITS);
    cr_assert_eq(told[3].set_limits.limits.value[LOTS], 20);
    stop();
}

Test(arms, a_cap_that_has_come_down_binds_the_ceiling)
{
    struct err err;

    start();
    arm();
    stop();
    desk.config.caps[scope].value[LOTS] = 8;
    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    cr_assert_eq(waiting().set_limits.limits.value[LOTS], 8);
    close_control();
}

Test(arms, when_the_day_is_over_nothing_happens_but_a_row)
{
    json_t *kept;
    struct err err;

    start();
    arm();
    stop();
    cr_assert_eq(keep_open(&keep, desk.dir, &err), OK);
    cr_assert_eq(keep_get(keep, "armed", "maker", &kept, &err), OK);
    json_object_set_new(kept, "left_ns", json_string("1"));
    cr_assert_eq(keep_put(keep, "armed", "maker", kept, &err), OK);
    json_decref(kept);
    keep_close(keep);
    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    cr_assert_eq(waiting().kind, 0, "limits stay, and it is not switched off");
    cr_assert_eq(control->note_count, 1);
    cr_assert_str_eq(json_string_value(json_object_get(control->note[0].record, "reason")),
                     "the first day of strategy/maker is over");
    cr_assert_eq(keep_get(keep, "armed", "maker", &kept, &err), OK);
    cr_assert_str_eq(json_string_value(json_object_get(kept, "left_ns")), "0");
    json_decref(kept);
    close_control();
    cr_assert_eq(open_control(&err), OK, "%s", err.text);
    cr_assert_eq(control->note_count, 0, "told once");
    run();
    cr_assert_eq(put_lots("{\"limits\":{\"max_order_lots\":51},\"reason\":\"x\"}", &err), OK);
    stop();
}
