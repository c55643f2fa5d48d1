/* A change that the engine does not answer: 504, shown as requested beside what is in force,
 * until the engine has answered. Control, view and journal are real; the engine is the test. */
#include "control/inside.h"
#include "thread/clock.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_BYTES = 1 << 16, PATIENCE_MS = 20000 };

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct control *control;
static struct keep *keep;
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
    cr_assert_eq(keep_open(&keep, desk.dir, &err), OK, "%s", err.text);
    command_bytes = aligned_alloc(128, COMMAND_BYTES);
    ring_init(&commands, command_bytes, COMMAND_BYTES);
    sources.journal = journal;
    sources.view = view;
    sources.keep = keep;
    cr_assert_eq(control_open(&control, &sources, &err), OK, "%s", err.text);
    cr_assert_eq(journal_start(journal, &err), OK);
    cr_assert_eq(control_start(control, &err), OK);
}

static void close_control(void)
{
    control_close(control);
    view_close(view);
    keep_close(keep);
    journal_close(journal);
    free(command_bytes);
    desk_close(&desk);
}

TestSuite(asked, .init = open_control, .fini = close_control, .timeout = 120);

struct put {
    bool is_state;
    enum status status;
    json_t *body, *reply;
    _Atomic bool done;
};

static void run_put(void *job)
{
    static const struct actor risk1 = {.name = "risk1", .person = "risk1", .role = ROLE_RISK};
    struct put *put = job;
    struct limits limits;
    struct err err;
    uint64_t generation;
    int http;

    view_limits(view, scope_of_firm(), &limits, &generation);
    put->status = put->is_state ? control_state_put(control, &risk1, "firm",
                                                    view_state(view, scope_of_firm()).version,
                                                    put->body, "r-1", &http, &put->reply, &err)
                                : control_limits_put(control, &risk1, "firm", generation, put->body,
                                                     "r-1", &http, &put->reply, &err);
    atomic_store(&put->done, true);
}

static enum status put(bool is_state, const char *text)
{
    struct put put = {.is_state = is_state, .body = json_loads(text, 0, NULL)};

    cr_assert(put.body);
    cr_assert(control_submit(control, run_put, &put));
    for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&put.done); ms++)
        usleep(1000);
    cr_assert(atomic_load(&put.done));
    json_decref(put.body);
    json_decref(put.reply);
    return put.status;
}

/* The command of that kind that waits in the ring. */
static uint64_t told(uint16_t kind)
{
    const struct command *command;
    uint64_t id = 0;
    size_t length;

    while ((command = ring_peek(&commands, &length))) {
        if (command->kind == kind)
            id = command->id;
        ring_release(&commands);
    }
    cr_assert_neq(id, 0, "the engine was told");
    return id;
}

static void answer_one(uint64_t command_id, enum status status)
{
    struct event_command_done done = {.command_id = command_id, .status = (uint8_t)status};

    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_COMMAND_DONE, clock_real_ns(),
                command_id, &done, sizeof done);
}

/* The engine answers it. */
static void answer(uint16_t kind, enum status status)
{
    answer_one(told(kind), status);
}

static json_t *until_null(json_t *(*look)(struct control *control, uint16_t scope))
{
    json_t *seen = look(control, scope_of_firm());

    for (int ms = 0; ms < PATIENCE_MS && !json_is_null(seen); ms++) {
        usleep(1000);
        json_decref(seen);
        seen = look(control, scope_of_firm());
    }
    return seen;
}

Test(asked, limits_are_requested_until_the_engine_has_answered)
{
    json_t *seen, *limits;

    cr_assert_eq(put(false, "{\"limits\":{\"max_order_lots\":null},\"reason\":\"calm\"}"),
                 ERR_NOT_APPLIED);
    limits = control_limits(control, scope_of_firm());
    seen = json_object_get(limits, "requested");
    cr_assert_str_eq(json_string_value(json_object_get(seen, "by")), "risk1");
    cr_assert(json_is_null(json_object_get(json_object_get(seen, "limits"), "max_order_lots")));
    cr_assert_eq(json_object_size(json_object_get(seen, "limits")), 1);
    cr_assert(control_limits_are_open(control, scope_of_firm()));
    json_decref(limits);
    answer(COMMAND_SET_LIMITS, OK);
    cr_assert(json_is_null(until_null(control_requested_limits)));
}

Test(asked, what_the_engine_refused_is_requested_no_more)
{
    cr_assert_eq(put(false, "{\"limits\":{\"max_order_lots\":null},\"reason\":\"calm\"}"),
                 ERR_NOT_APPLIED);
    answer(COMMAND_SET_LIMITS, ERR_STALE_VERSION);
    cr_assert(json_is_null(until_null(control_requested_limits)));
}

static uint64_t until_later(uint64_t version)
{
    for (int ms = 0; ms < PATIENCE_MS && control_approvals_version(control) == version; ms++)
        usleep(1000);
    return control_approvals_version(control);
}

/* The stream looks only when it has risen: between the record and the second that the engine is
 * waited for it has looked already. */
Test(asked, the_stream_is_told_when_it_is_requested_and_when_no_more)
{
    struct put put = {
        .body = json_loads("{\"limits\":{\"max_order_lots\":null},\"reason\":\"calm\"}", 0, NULL)};
    uint64_t looked = control_approvals_version(control);

    cr_assert(control_submit(control, run_put, &put));
    looked = until_later(looked); /* with the record */
    while (!atomic_load(&put.done))
        usleep(1000);
    json_decref(put.body);
    json_decref(put.reply);
    cr_assert_gt(control_approvals_version(control), looked);
    looked = control_approvals_version(control);
    answer(COMMAND_SET_LIMITS, ERR_STALE_VERSION);
    cr_assert_gt(until_later(looked), looked);
}

static void run_refused(void *job)
{
    static const struct actor trader = {.name = "trader", .person = "trader", .role = ROLE_TRADER};
    struct put *refused = job;
    struct err err;

    refused->status =
        control_order_new(control, &trader, refused->body, "r-2", &refused->reply, &err);
    cr_assert_eq(journal_durable_seq(journal, JOURNAL_CONTROL),
                 lane_head_seq(journal_lane(journal, JOURNAL_CONTROL)), "it is on disk");
    atomic_store(&refused->done, true);
}

/* Else who is refused without end fills the lane, and others' changes find no room in it. */
Test(asked, a_refusal_is_on_disk_before_the_next_one)
{
    struct put refused = {.body = json_pack("{s:s,s:s,s:s,s:s}", "instrument", "sim:NONE", "side",
                                            "buy", "type", "market", "qty", "1")};

    cr_assert(control_submit(control, run_refused, &refused));
    for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&refused.done); ms++)
        usleep(1000);
    cr_assert_eq(refused.status, ERR_DENIED);
    json_decref(refused.body);
    json_decref(refused.reply);
}

/* Its answer came, and more since than are kept. */
Test(asked, what_was_answered_too_long_ago_is_requested_no_more)
{
    cr_assert_eq(put(false, "{\"limits\":{\"max_order_lots\":null},\"reason\":\"calm\"}"),
                 ERR_NOT_APPLIED);
    answer_one(told(COMMAND_SET_LIMITS) + 1, OK);
    cr_assert(json_is_null(until_null(control_requested_limits)));
}

Test(asked, a_state_is_requested_too)
{
    json_t *seen;

    cr_assert_eq(put(true, "{\"state\":\"HALTED\",\"reason\":\"calm\"}"), ERR_NOT_APPLIED);
    seen = control_requested_state(control, scope_of_firm());
    cr_assert_str_eq(json_string_value(json_object_get(seen, "state")), "HALTED");
    json_decref(seen);
    answer(COMMAND_SET_STATE, OK);
    cr_assert(json_is_null(until_null(control_requested_state)));
}

/* ------------------------------------------------------------- what two people have agreed to */

struct decision {
    const char *id;
    bool approve;
    enum status status;
    _Atomic bool done;
};

static void run_decision(void *job)
{
    struct actor risk2 = {.name = "risk2",
                          .person = "risk2",
                          .role = ROLE_RISK,
                          .is_session = true,
                          .reauth_until_ns = INT64_MAX};
    struct decision *decision = job;
    json_t *reply = NULL;
    struct err err;

    decision->status =
        decision->approve
            ? control_approve(control, &risk2, decision->id, NULL, "r-2", &reply, &err)
            : control_reject(control, &risk2, decision->id, NULL, "r-2", &reply, &err);
    json_decref(reply);
    atomic_store(&decision->done, true);
}

static enum status decide(const char *id, bool approve)
{
    struct decision decision = {.id = id, .approve = approve};

    cr_assert(control_submit(control, run_decision, &decision));
    for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&decision.done); ms++)
        usleep(1000);
    cr_assert(atomic_load(&decision.done));
    return decision.status;
}

/* A resume that somebody has proposed, and its id. */
static void propose(char id[32])
{
    struct event_state_changed halted = {.version = 2, .state = STATE_HALTED};
    json_t *list;

    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_STATE_CHANGED, 1000, 0, &halted,
                sizeof halted);
    cr_assert_eq(put(true, "{\"state\":\"ACTIVE\",\"reason\":\"go on\"}"), OK);
    list = control_approvals(control, APPROVAL_PENDING, 0, 1);
    (void)snprintf(id, 32, "%s",
                   json_string_value(
                       json_object_get(json_array_get(json_object_get(list, "items"), 0), "id")));
    json_decref(list);
}

static void expect_state(const char *id, const char *state)
{
    char seen[32] = "";

    for (int ms = 0; ms < PATIENCE_MS && strcmp(seen, state) != 0; ms++) {
        json_t *approval = control_approval(control, id);

        (void)snprintf(seen, sizeof seen, "%s",
                       json_string_value(json_object_get(approval, "state")));
        json_decref(approval);
        usleep(1000);
    }
    cr_assert_str_eq(seen, state);
}

Test(asked, what_was_approved_is_decided_by_nobody_else_until_the_engine_has_answered)
{
    char id[32];

    propose(id);
    cr_assert_eq(decide(id, true), ERR_NOT_APPLIED);
    cr_assert_eq(decide(id, true), ERR_CONFLICT);
    cr_assert_eq(decide(id, false), ERR_CONFLICT);
    expect_state(id, "pending");
    answer(COMMAND_SET_STATE, OK);
    expect_state(id, "applied");
}

Test(asked, what_was_approved_and_answered_late_as_stale_is_stale)
{
    char id[32];

    propose(id);
    cr_assert_eq(decide(id, true), ERR_NOT_APPLIED);
    answer(COMMAND_SET_STATE, ERR_STALE_VERSION);
    expect_state(id, "stale");
}

Test(asked, what_was_approved_and_refused_late_is_pending_again)
{
    char id[32];

    propose(id);
    cr_assert_eq(decide(id, true), ERR_NOT_APPLIED);
    answer(COMMAND_SET_STATE, ERR_CONFLICT);
    for (int ms = 0; ms < PATIENCE_MS && decide(id, false) == ERR_CONFLICT; ms++)
        usleep(1000);
    expect_state(id, "rejected");
}
