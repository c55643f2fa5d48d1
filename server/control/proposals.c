/* Proposals to loosen something (limits, states, strategies, settings, roles): kept, decided by a
 * second person, and what becomes of those that nobody decides. */
#include "control/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------ proposing */

#define PROPOSAL_KIND "proposal"
#define PENDING "pending"
#define APPROVED "approved" /* and not known to be applied */

static json_t *decision_json(const struct approval *approval, const char *state)
{
    json_t *json = approval_json(approval);

    json_object_set_new(json, "state", json_string(state));
    return json;
}

/* So that a start can say what became of it: `state` is where it stands; NULL: it is decided. What
 * cannot be kept or forgotten costs one row. False: control.db did not take it, which may have
 * taken a second. */
static bool keep_proposal(struct control *control, const struct approval *approval,
                          const char *state)
{
    char id[32];
    struct err err;
    json_t *json;
    enum status status;

    if (!control->from.keep)
        return true;
    approval_id(approval, id);
    json = state ? decision_json(approval, state) : NULL;
    status = state ? keep_put(control->from.keep, PROPOSAL_KIND, id, json, &err)
                   : keep_delete(control->from.keep, PROPOSAL_KIND, id, &err);
    json_decref(json);
    if (status != OK)
        log_line(LOG_ERROR, "control", "control.db did not take a proposal", "id=%s", id);
    return status == OK;
}

static bool decide(struct control *control, struct approval *approval, enum approval_state state,
                   const char *decider, const char *decision)
{
    approval_decide(&control->approvals, approval, state, decider, decision, clock_real_ns());
    control_touch(control);
    if (state == APPROVAL_APPLIED)
        control_take_arming(control, approval);
    else
        control_disarm(control, approval);
    return keep_proposal(control, approval, NULL);
}

/* Of one that was just being applied nobody knows here whether the engine took it. */
static void say_gone(void *ctx, const char *key, const json_t *kept)
{
    static const struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    const char *state = json_string_value(json_object_get(kept, "state"));
    bool is_open = !state || strcmp(state, APPROVED) != 0;
    json_t *gone = json_deep_copy(kept);

    (void)key;
    if (is_open)
        json_object_set_new(gone, "state", json_string("expired"));
    control_note(ctx, &actor,
                 &(struct control_fact){
                     .kind = "approval",
                     .scope = json_string_value(json_object_get(kept, "scope")),
                     .reason = is_open ? "it was open when the program ended: propose anew"
                                       : "the program ended while it was being applied: "
                                         "look whether it is in force",
                     .old_value = json_pack("{s:s}", "state", PENDING),
                     .new_value = gone});
}

enum status control_proposals_open(struct control *control, struct err *err)
{
    enum status status = OK;

    if (!control->from.keep)
        return OK;
    status = keep_each(control->from.keep, PROPOSAL_KIND, say_gone, control, err);
    return status == OK ? keep_trim(control->from.keep, PROPOSAL_KIND, 0, err) : status;
}

/* Keeps the proposal and makes it durable before anybody hears of it. */
enum status control_propose(struct control *control, const struct actor *actor,
                            struct approval *proposal, const char *request_id, int *http,
                            json_t **reply, struct err *err)
{
    struct control_fact fact = {.kind = "approval",
                                .scope = proposal->scope_name,
                                .reason = proposal->reason,
                                .request_id = request_id};
    struct approval *kept;
    enum status status;
    uint64_t seq;

    memcpy(proposal->proposer, actor->name, sizeof proposal->proposer);
    memcpy(proposal->person, actor->person, sizeof proposal->person);
    access_origin(control->from.access, actor, &proposal->origin);
    kept = approvals_add(&control->approvals, proposal, instant_now());
    if (!kept) {
        json_decref(proposal->diff);
        return err_format(err, ERR_UNAVAILABLE,
                          "%d proposals are pending, or %d of %s; have some decided first",
                          APPROVALS_PENDING_MAX, APPROVALS_OF_PERSON, actor->person);
    }
    fact.new_value = approval_json(kept);
    if ((status = control_record(control, actor, &fact, 0, &seq, err)) != OK ||
        (status = control_wait_record(control, seq, err)) != OK) {
        approvals_forget(&control->approvals, kept);
        control_touch(control);
        return status;
    }
    keep_proposal(control, kept, PENDING);
    *reply = approval_json(kept);
    *http = 202;
    return OK;
}

/* -------------------------------------------------------------------------------- deciding */

static enum status decision_parse(const json_t *body, char reason[REASON_MAX], struct err *err)
{
    static const char *const members[] = {"reason", NULL};
    const json_t *text = json_object_get(body, "reason");
    enum status status;

    reason[0] = '\0';
    if (!body || json_is_null(body))
        return OK;
    if ((status = members_check(body, members, err)) != OK || !text)
        return status;
    return reason_parse(text, reason, err);
}

static struct control_fact decision_fact(const struct approval *approval, const char *state,
                                         const char *reason, const char *request_id)
{
    return (struct control_fact){.kind = "approval",
                                 .scope = approval->scope_name,
                                 .reason = reason[0] == '\0' ? approval->reason : reason,
                                 .request_id = request_id,
                                 .old_value = json_pack("{s:s}", "state", PENDING),
                                 .new_value = decision_json(approval, state)};
}

static bool base_has_moved(struct control *control, const struct approval *approval)
{
    struct limits limits;
    uint64_t generation;

    if (approval->kind == APPROVAL_CONFIG)
        return control_config_has_moved(control, approval);
    if (approval->kind == APPROVAL_STATE) {
        struct view_state now = view_state(control->from.view, approval->scope);

        return now.version != approval->base || now.incident != approval->incident;
    }
    if (approval->kind == APPROVAL_ROLE)
        return grant_base_moved(control->from.access, &approval->grant);
    if (approval->kind == APPROVAL_STRATEGY) {
        struct view_strategy now;

        view_strategy(control->from.view, approval->strategy, &now);
        return now.version != approval->base;
    }
    view_limits(control->from.view, approval->scope, &limits, &generation);
    return generation != approval->base;
}

static bool is_stale(struct control *control, const struct approval *approval)
{
    return !access_origin_stands(control->from.access, &approval->origin) ||
           base_has_moved(control, approval);
}

static enum status go_stale(struct control *control, const struct actor *actor,
                            struct approval *approval, const char *request_id, struct err *err)
{
    struct control_fact fact = decision_fact(approval, "stale", "", request_id);
    uint64_t seq;

    if (control_record(control, actor, &fact, 0, &seq, err) != OK)
        return err->status;
    decide(control, approval, APPROVAL_STALE, actor->name, "");
    return err_set(err, ERR_STALE_VERSION, APPROVAL_STALE_SAYS);
}

/* Two records: who agreed, and what then changed. */
static enum status apply_config(struct control *control, const struct actor *actor,
                                const struct approval *approval, const struct control_fact *intent,
                                const char *request_id, struct err *err)
{
    uint64_t seq;
    enum status status = control_record(control, actor, intent, 0, &seq, err);

    return status == OK ? control_apply_config(control, actor, approval, request_id, err) : status;
}

static enum status apply_strategy(struct control *control, const struct actor *actor,
                                  const struct approval *approval,
                                  const struct control_fact *intent, struct err *err)
{
    enum status status = control_arm(control, actor, approval, err);

    if (status != OK) {
        json_decref(intent->old_value);
        json_decref(intent->new_value);
        return status;
    }
    return control_apply_strategy(control, actor, approval->strategy, approval->base,
                                  approval->told.enabled, &approval->told, intent, err);
}

static enum status apply(struct control *control, const struct actor *actor,
                         struct approval *approval, const char *reason, const char *request_id,
                         struct err *err)
{
    struct control_fact intent = decision_fact(approval, APPROVED, reason, request_id);

    if (approval->kind == APPROVAL_CONFIG)
        return apply_config(control, actor, approval, &intent, request_id, err);
    if (approval->kind == APPROVAL_STATE)
        return control_apply_state(control, actor, approval, &intent, err);
    if (approval->kind == APPROVAL_ROLE)
        return grant_apply(control, actor, &approval->grant, &intent, err);
    if (approval->kind == APPROVAL_STRATEGY)
        return apply_strategy(control, actor, approval, &intent, err);
    return control_apply_raise(control, actor, approval, &intent, err);
}

/* Who may not decide is refused with 403, and the router audits that. */
static enum status find_to_decide(struct control *control, const struct actor *actor,
                                  const char *id, bool approve, struct approval **approval,
                                  struct err *err)
{
    control_turn_approvals(control);
    control_expire(control);
    *approval = approvals_find(&control->approvals, id);
    if (!*approval)
        return err_format(err, ERR_NOT_FOUND, "there is no approval \"%.32s\"", id);
    if (grant_may_decide(*approval, actor, err) != OK)
        return err->status;
    if ((*approval)->command_id != 0)
        return err_format(err, ERR_CONFLICT,
                          "%s has approved it and the engine was told, but has not answered yet: "
                          "look again in a moment",
                          (*approval)->told_by);
    return approval_may_decide(*approval, actor, approve, instant_now(), err);
}

/* It was told, unless the command is 0, and may be in force: nobody decides it again. */
static void leave_open(struct approval *approval, uint64_t command_id, const struct actor *actor,
                       const char *reason)
{
    approval->command_id = command_id;
    (void)snprintf(approval->told_by, sizeof approval->told_by, "%s", actor->name);
    (void)snprintf(approval->told_why, sizeof approval->told_why, "%s", reason);
}

/* Applied when the engine has taken it, stale when it builds on what has moved, also when the
 * answer is not kept any more; else pending again. */
static enum approval_state answered_state(struct control *control, const struct approval *approval,
                                          const struct event_command_done *done)
{
    if (done->command_id == 0)
        return base_has_moved(control, approval) ? APPROVAL_STALE : APPROVAL_PENDING;
    if (done->status == OK)
        return APPROVAL_APPLIED;
    return done->status == ERR_STALE_VERSION ? APPROVAL_STALE : APPROVAL_PENDING;
}

static void decide_late(struct control *control, struct approval *approval,
                        const struct event_command_done *done)
{
    static const struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    enum approval_state state = answered_state(control, approval, done);
    struct control_fact fact = decision_fact(approval, approval_state_name(state), "", NULL);
    struct err err;
    uint64_t seq;

    approval->command_id = 0;
    if (approval->kind == APPROVAL_LIMITS && state == APPROVAL_APPLIED)
        control_boxes_settle(control, approval);
    else if (approval->kind == APPROVAL_LIMITS && done->command_id != 0)
        control_box_drop_of(control, approval);
    if (state != APPROVAL_PENDING)
        decide(control, approval, state, approval->told_by, approval->told_why);
    else
        keep_proposal(control, approval, PENDING);
    fact.reason = "the engine has answered late";
    if (control_record(control, &actor, &fact, 0, &seq, &err) != OK)
        log_line(LOG_ERROR, "control", "a late answer was not recorded: journal full", NULL);
}

void control_turn_approvals(struct control *control)
{
    struct event_command_done done;

    for (int i = 0; i < APPROVALS_MAX; i++) {
        struct approval *row = &control->approvals.row[i];

        if (row->number != 0 && row->state == APPROVAL_PENDING && row->command_id != 0 &&
            view_command_is_answered(control->from.view, row->command_id, &done))
            decide_late(control, row, &done);
    }
}

enum status control_approve(struct control *control, const struct actor *actor, const char *id,
                            const json_t *body, const char *request_id, json_t **reply,
                            struct err *err)
{
    struct approval *approval;
    char reason[REASON_MAX];
    enum status status;

    if ((status = decision_parse(body, reason, err)) != OK ||
        (status = find_to_decide(control, actor, id, true, &approval, err)) != OK)
        return status;
    if (is_stale(control, approval))
        return go_stale(control, actor, approval, request_id, err);
    control->unsure = 0;
    keep_proposal(control, approval, APPROVED);
    control_beat_on(control);
    status = apply(control, actor, approval, reason, request_id, err);
    if (status == ERR_STALE_VERSION)
        return go_stale(control, actor, approval, request_id, err);
    if (status != OK) {
        leave_open(approval, control->unsure, actor, reason);
        if (control->unsure == 0)
            keep_proposal(control, approval, PENDING);
        return status;
    }
    decide(control, approval, APPROVAL_APPLIED, actor->name, reason);
    *reply = approval_json(approval);
    return OK;
}

enum status control_reject(struct control *control, const struct actor *actor, const char *id,
                           const json_t *body, const char *request_id, json_t **reply,
                           struct err *err)
{
    struct approval *approval;
    struct control_fact fact;
    char reason[REASON_MAX];
    enum status status;
    uint64_t seq;

    if ((status = decision_parse(body, reason, err)) != OK ||
        (status = find_to_decide(control, actor, id, false, &approval, err)) != OK)
        return status;
    fact = decision_fact(approval, "rejected", reason, request_id);
    if ((status = control_record(control, actor, &fact, 0, &seq, err)) != OK)
        return status;
    decide(control, approval, APPROVAL_REJECTED, actor->name, reason);
    if ((status = control_wait_record(control, seq, err)) != OK)
        return status;
    *reply = approval_json(approval);
    return OK;
}

/* Ended by nobody. False: the rest must wait for the next turn, or a database that is locked would
 * keep this thread for a second with each. */
static bool lapse(struct control *control, struct approval *approval, enum approval_state state)
{
    static const struct actor actor = {.name = "pitwall", .person = "pitwall"};
    struct control_fact fact = decision_fact(approval, approval_state_name(state), "", NULL);
    bool is_kept = decide(control, approval, state, actor.name, "");
    struct err err;
    uint64_t seq;

    if (control_record(control, &actor, &fact, 0, &seq, &err) != OK)
        log_line(LOG_ERROR, "control", "a proposal's end was not recorded: journal full", NULL);
    control_beat_on(control);
    return is_kept;
}

void control_expire(struct control *control)
{
    struct approval *approval;
    bool goes_on = true;

    while (goes_on && (approval = approvals_expired(&control->approvals, instant_now())))
        goes_on = lapse(control, approval, APPROVAL_EXPIRED);
    for (int i = 0; i < APPROVALS_MAX && goes_on; i++) {
        struct approval *row = &control->approvals.row[i];

        if (row->number != 0 && row->state == APPROVAL_PENDING && row->command_id == 0 &&
            is_stale(control, row))
            goes_on = lapse(control, row, APPROVAL_STALE);
    }
}

/* --------------------------------------------------------------------- read by any thread */

json_t *control_approvals(struct control *control, int state, uint64_t cursor, uint32_t limit)
{
    return approvals_list(&control->approvals, state, cursor, limit);
}

json_t *control_approval(struct control *control, const char *id)
{
    return approvals_one(&control->approvals, id);
}

uint64_t control_approvals_version(struct control *control)
{
    return atomic_load(&control->version);
}
