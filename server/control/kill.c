#include "control/kill_wait.h"

#include "control/inside.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "view/json_text.h"

#include <inttypes.h>
#include <stdio.h>

enum { JOINED_OF_ONE = 20, JOINED_NOTES_PER_S = 200 };
#define RECEIPT_WAIT_NS 5000000LL
/* A thread that makes one object of the view is done long before. */
#define VIEW_PATIENCE_NS 10000000LL

/* The view lags by about a millisecond: a moment later the receipt counts what was resting. NULL
 * when the view has not heard of the incident at all. */
static json_t *read_receipt(struct control *control, uint64_t incident)
{
    static const struct timespec step = {.tv_nsec = 200000};
    int64_t deadline_ns = clock_mono_ns() + RECEIPT_WAIT_NS;

    for (;;) {
        json_t *receipt = view_receipt(control->from.view, incident);

        if ((receipt && !json_is_null(json_object_get(receipt, "resting"))) ||
            clock_mono_ns() >= deadline_ns)
            return receipt;
        json_decref(receipt);
        nanosleep(&step, NULL);
    }
}

static json_t *ns_json(int64_t ns)
{
    return ns < 0 ? json_null() : json_ns(ns);
}

/* What can be said without the view. `kill` is NULL when it was of an earlier start. */
static json_t *bare_receipt(const char *scope, uint64_t incident, const struct kill_note *kill)
{
    char text[INCIDENT_TEXT_MAX];

    incident_print(text, incident);
    return json_pack("{s:s,s:s,s:s?,s:s?,s:o,s:o,s:n,s:n,s:n,s:{s:n,s:n,s:n,s:n},s:n,s:b,s:b}",
                     "incident", text, "scope", scope, "actor", kill ? kill->actor : NULL, "reason",
                     kill ? kill->reason : NULL, "at_ns", ns_json(kill ? kill->at_ns : -1),
                     "ns_to_block", ns_json(kill ? kill->ns_to_block : -1), "last_order_seq",
                     "unsent", "resting", "cancels", "sent", "confirmed", "refused", "unknown",
                     "flatten", "durable", 0, "complete", 0);
}

static void say_silence(json_t *receipt, const struct kill_result *result)
{
    json_object_set_new(receipt, "engine",
                        json_string(result->engine_answered ? "blocked" : "silent"));
    json_object_set_new(receipt, "gateways",
                        json_string(result->gateways_answered ? "blocked" : "silent"));
    if (result->engine_answered && result->gateways_answered)
        return;
    json_object_set_new(receipt, "complete", json_false());
    if (!result->engine_answered)
        json_object_set_new(receipt, "ns_to_block", json_null());
}

/* Asked of the engine by the control thread; the receipt fills in. */
static void ask_flatten(struct control *control, const struct kill_note *kill)
{
    struct flatten_want want = {.incident = kill->incident, .scope = kill->scope};

    snprintf(want.actor, sizeof want.actor, "%s", kill->actor);
    snprintf(want.reason, sizeof want.reason, "%s", kill->reason);
    control_want_flatten(control, &want);
    view_note_flatten(control->from.view, kill->incident);
}

static void say_flatten(json_t *receipt, const char *refused)
{
    json_object_set_new(receipt, "flatten",
                        json_pack("{s:i,s:b,s:s?}", "orders", 0, "done", 0, "refused", refused));
}

/* Leaves the note; the control thread then follows the kill until its receipt is finished. */
static void note(struct control *control, const struct actor *actor, const char *scope,
                 const char *request_id, const struct kill_note *kill, bool flatten, bool again)
{
    char text[INCIDENT_TEXT_MAX];
    struct control_fact fact = {
        .kind = "kill", .scope = scope, .reason = kill->reason, .request_id = request_id};

    incident_print(text, kill->incident);
    /* The store names an incident's actor by the record that carries "incident": the first one. */
    fact.new_value = json_pack("{s:s,s:s,s:s}", again ? "joined" : "incident", text, "state",
                               "HALTED", "engine", kill->answered ? "blocked" : "silent");
    if (!again) /* a restart takes it from here */
        json_object_set_new(fact.new_value, "at_ns", ns_json(kill->at_ns));
    if (flatten)
        json_object_set_new(fact.new_value, "flatten", json_true());
    if (again && kill->untold) {
        incident_print(text, kill->pressed);
        json_object_set_new(fact.new_value, "answered_as", json_string(text));
    }
    control_queue_kill_note(control, record_make(actor, &fact), again ? NULL : kill);
}

/* The incident that halts the scope now: the engine's, which may be that of an earlier or of a
 * simultaneous kill; while the engine is silent, what the page says. */
static uint64_t incident_of(struct control *control, uint16_t scope)
{
    uint64_t incident = view_state(control->from.view, scope).incident;

    if (incident != 0)
        return incident;
    return atomic_load_explicit(&control->from.kill->word[scope], memory_order_acquire);
}

/* A token that kills what is killed, over and over, must not fill the disk with it; nor may it keep
 * another's kill from the record, or one that also closes positions. */
static bool is_recorded(struct control *control, const struct kill_note *kill, bool flatten)
{
    char actor[3 * MAX_NAME];

    if (budget_spend(&control->joined, fair_who(kill->actor, flatten), kill->at_ns, JOINED_OF_ONE,
                     JOINED_NOTES_PER_S))
        return true;
    log_line(LOG_WARN, "control", "joined kills beyond what is recorded", "actor=%s",
             log_escape(actor, sizeof actor, kill->actor));
    return false;
}

/* Names the kill there, unless it joins another, and reads what there is of its receipt. */
static json_t *tell_view(struct control *control, const struct kill_note *kill, bool again)
{
    if (!again)
        view_note_kill(control->from.view, kill->incident, kill->scope, kill->actor, kill->reason,
                       kill->at_ns, kill->ns_to_block, false);
    return read_receipt(control, kill->incident);
}

/* The view cannot be asked now whether this kill joins an earlier one: the control thread will ask
 * it, and names, records and flattens as this call would have. The answer says what is known. */
static json_t *leave_kill(struct control *control, const struct actor *actor,
                          struct kill_note *kill, const char *scope, bool flatten,
                          const char *request_id)
{
    json_t *receipt = bare_receipt(scope, kill->incident, kill);
    bool is_left;

    kill->untold = true;
    kill->pressed = kill->incident;
    kill->flatten = flatten;
    kill->role = actor->role;
    (void)snprintf(kill->person, sizeof kill->person, "%s", actor->person);
    (void)snprintf(kill->request_id, sizeof kill->request_id, "%s", request_id ? request_id : "");
    is_left = control_queue_kill(control, kill);
    if (flatten)
        say_flatten(receipt, is_left ? NULL : "busy");
    json_object_set_new(receipt, "joined", json_null());
    return receipt;
}

/* The same while the view answers. */
static json_t *finish_kill(struct control *control, const struct actor *actor,
                           struct kill_note *kill, const char *scope, bool flatten,
                           const char *request_id)
{
    uint64_t incident = incident_of(control, kill->scope);
    bool again = incident != kill->incident;
    json_t *receipt;

    kill->incident = incident;
    receipt = tell_view(control, kill, again);
    if (!receipt)
        receipt = bare_receipt(scope, incident, again ? NULL : kill);
    if (flatten) {
        ask_flatten(control, kill);
        say_flatten(receipt, NULL);
    }
    if (again)
        json_object_set_new(receipt, "joined", json_true());
    if (!again || is_recorded(control, kill, flatten))
        note(control, actor, scope, request_id, kill, flatten, again);
    return receipt;
}

enum status control_kill(struct control *control, const struct actor *actor, const char *scope_name,
                         const char *reason, bool flatten, int64_t read_ns, const char *request_id,
                         json_t **receipt, struct err *err)
{
    struct kill_target target = {.page = control->from.kill,
                                 .order_rings = control->from.order_rings,
                                 .gateways = control->from.gateways,
                                 .patience_ns = KILL_DEADLINE_NS};
    struct kill_result result;
    struct kill_note kill = {.at_ns = read_ns};

    if (!config_scope_find(control->from.config, scope_name, &target.scope))
        return err_format(err, ERR_UNKNOWN_SCOPE, "there is no scope \"%.64s\"", scope_name);
    /* Always a kill of its own on the page, also when the scope is killed already: it makes a
     * resume that is on its way stale. It then joins the incident that is there. */
    result = kill_and_wait(&target);
    if (!result.engine_answered && control->from.note_kills)
        control->from.note_kills(control->from.note_ctx); /* no journal says it now */
    kill.incident = result.incident;
    kill.doorbell = result.doorbell;
    kill.scope = target.scope;
    kill.answered = result.engine_answered;
    kill.ns_to_block = result.engine_answered ? result.block_ns - read_ns : -1;
    snprintf(kill.actor, sizeof kill.actor, "%s", actor->name);
    text_copy_plain(kill.reason, sizeof kill.reason, reason);
    *receipt = view_answers(control->from.view, VIEW_PATIENCE_NS)
                   ? finish_kill(control, actor, &kill, scope_name, flatten, request_id)
                   : leave_kill(control, actor, &kill, scope_name, flatten, request_id);
    say_silence(*receipt, &result);
    if (!result.engine_answered)
        log_line(LOG_ERROR, "control", "kill: the engine is silent", NULL);
    return OK;
}

void control_note_silence(struct control *control, uint64_t incident)
{
    struct kill_note kill = {.incident = incident,
                             .doorbell = kill_page_doorbell(control->from.kill),
                             .scope = scope_of_firm(),
                             .at_ns = clock_real_ns(),
                             .ns_to_block = -1,
                             .actor = "watchdog",
                             .reason = "the engine does not beat"};

    (void)control_queue_kill(control, &kill);
}

void control_note_difference(struct control *control, uint64_t incident, uint64_t seq)
{
    struct kill_note kill = {.incident = incident,
                             .doorbell = kill_page_doorbell(control->from.kill),
                             .scope = scope_of_firm(),
                             .at_ns = clock_real_ns(),
                             .ns_to_block = -1,
                             .actor = "journal"};

    (void)snprintf(kill.reason, sizeof kill.reason,
                   "the read model differs from the engine at sequence %" PRIu64, seq);
    (void)control_queue_kill(control, &kill);
}

void control_note_stop(struct control *control, uint64_t incident, uint16_t scope,
                       const char *gateway, const char *says)
{
    struct kill_note kill = {.incident = incident,
                             .doorbell = kill_page_doorbell(control->from.kill),
                             .scope = scope,
                             .at_ns = clock_real_ns(),
                             .ns_to_block = -1};

    (void)snprintf(kill.actor, sizeof kill.actor, "gateway/%.*s", MAX_NAME - 9, gateway);
    (void)snprintf(kill.reason, sizeof kill.reason, "%.*s", REASON_MAX - 1, says);
    (void)control_queue_kill(control, &kill);
}

/* The control thread's share of it, which may wait for the view: of the program's own kills, and of
 * a person's that the view had no time for. One of a scope that is halted already joins the
 * incident that is there. */
void control_name_kill(struct control *control, struct kill_note *kill)
{
    struct actor actor = {.role = kill->untold ? kill->role : ROLE_ADMIN, .is_local = true};
    uint64_t incident = incident_of(control, kill->scope);
    bool again = incident != kill->incident;
    char scope[SCOPE_TEXT_MAX];

    snprintf(actor.name, sizeof actor.name, "%s", kill->actor);
    snprintf(actor.person, sizeof actor.person, "%s", kill->untold ? kill->person : kill->actor);
    config_scope_name(control->from.config, kill->scope, scope);
    kill->incident = incident;
    if (!again)
        view_note_kill(control->from.view, incident, kill->scope, kill->actor, kill->reason,
                       kill->at_ns, kill->ns_to_block, false);
    if (kill->flatten)
        ask_flatten(control, kill);
    if (!again || !kill->untold || is_recorded(control, kill, kill->flatten))
        note(control, &actor, scope, kill->request_id, kill, kill->flatten, again);
}
