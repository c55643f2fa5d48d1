/* Limits, trading states, and the approvals that loosening takes (of strategies too). */
#include "control/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <string.h>

static enum status find_scope(const struct control *control, const char *name, uint16_t *scope,
                              struct err *err)
{
    if (config_scope_find(control->from.config, name, scope))
        return OK;
    return err_format(err, ERR_UNKNOWN_SCOPE, "there is no scope \"%.64s\"", name);
}

/* ------------------------------------------------------------------------------ proposing */

#define PROPOSAL_KIND "proposal"

/* So that a start can say what became of it. What cannot be kept or forgotten costs one row. */
static void keep_proposal(struct control *control, const struct approval *approval, bool pending)
{
    char id[32];
    struct err err;
    json_t *json;
    enum status status;

    if (!control->from.keep)
        return;
    approval_id(approval, id);
    json = approval_json(approval);
    status = pending ? keep_put(control->from.keep, PROPOSAL_KIND, id, json, &err)
                     : keep_delete(control->from.keep, PROPOSAL_KIND, id, &err);
    json_decref(json);
    if (status != OK)
        log_line(LOG_ERROR, "control", "control.db did not take a proposal", "id=%s", id);
}

static void decide(struct control *control, struct approval *approval, enum approval_state state,
                   const char *decider, const char *decision)
{
    approval_decide(&control->approvals, approval, state, decider, decision, clock_real_ns());
    keep_proposal(control, approval, false);
}

static void say_gone(void *ctx, const char *key, const json_t *kept)
{
    static const struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    json_t *gone = json_deep_copy(kept);

    (void)key;
    json_object_set_new(gone, "state", json_string("expired"));
    control_note(
        ctx, &actor,
        &(struct control_fact){.kind = "approval",
                               .scope = json_string_value(json_object_get(kept, "scope")),
                               .reason = "it was open when the program ended: propose anew",
                               .old_value = json_pack("{s:s}", "state", "pending"),
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
    kept = approvals_add(&control->approvals, proposal, instant_now());
    if (!kept) {
        json_decref(proposal->diff);
        return err_format(err, ERR_UNAVAILABLE, "%d proposals are pending; decide some first",
                          APPROVALS_PENDING_MAX);
    }
    fact.new_value = approval_json(kept);
    if ((status = control_record(control, actor, &fact, 0, &seq, err)) != OK ||
        (status = control_wait_record(control, seq, err)) != OK) {
        approvals_forget(&control->approvals, kept);
        return status;
    }
    keep_proposal(control, kept, true);
    *reply = approval_json(kept);
    *http = 202;
    return OK;
}

/* ---------------------------------------------------------------------------------- limits */

json_t *control_limits(struct control *control, uint16_t scope)
{
    json_t *object = view_limits_json(control->from.view, scope);
    char name[SCOPE_TEXT_MAX];

    config_scope_name(control->from.config, scope, name);
    json_object_set_new(object, "pending",
                        approvals_pending(&control->approvals, APPROVAL_LIMITS, name));
    json_object_set_new(object, "timeboxes", control_timeboxes(control, scope));
    json_object_set_new(object, "requested", control_requested_limits(control, scope));
    return object;
}

static enum status stale_limits(struct control *control, uint16_t scope,
                                const struct limits_change *change, const struct limits *now,
                                json_t **reply, struct err *err)
{
    *reply = control_limits(control, scope);
    json_object_set_new(*reply, "diff", limits_diff(change, now, true));
    return err_set(err, ERR_STALE_VERSION, "the limits of this scope have changed since you read");
}

static enum status over_cap(struct control *control, const struct actor *actor, const char *name,
                            const struct limits_change *change, enum limit_id id,
                            const char *request_id, struct err *err)
{
    struct control_fact fact = {
        .kind = "refused", .scope = name, .reason = change->reason, .request_id = request_id};

    fact.new_value = limits_named(change, &change->asked);
    err_format(err, ERR_OVER_CAP, "%s is over the hard cap of the config file",
               limit_row(id)->name);
    return control_refuse(control, actor, &fact, err);
}

static enum status apply_limits(struct control *control, const struct actor *actor, uint16_t scope,
                                uint64_t base, const struct limits_change *change,
                                const struct limits *now, const struct control_fact *intent,
                                struct err *err)
{
    struct command command = {
        .kind = COMMAND_SET_LIMITS,
        .set_limits = {.base = base, .scope = scope, .limits = limits_change_apply(change, now)}};
    struct event_command_done done;
    enum status status = control_command(control, &command, actor, intent, &done, err);

    if (status == ERR_NOT_APPLIED)
        control_asked_limits(control, actor, scope, command.id, change);
    return status;
}

/* An answer that leaves open whether the raise is in force leaves its box, which then ends by
 * itself: there is never a raise without one. */
static enum status apply_raise(struct control *control, const struct actor *actor,
                               const struct approval *approval, const struct control_fact *intent,
                               struct err *err)
{
    struct timebox *box;
    enum status status = control_box_begin(control, approval, &box, err);

    if (status != OK) {
        json_decref(intent->old_value);
        json_decref(intent->new_value);
        return status;
    }
    status = apply_limits(control, actor, approval->scope, approval->base, &approval->change,
                          &approval->before, intent, err);
    if (status == OK)
        control_boxes_settle(control, approval);
    else if (status != ERR_NOT_APPLIED && status != ERR_STORAGE)
        control_box_drop(control, box);
    return status;
}

static bool loosens(struct control *control, uint16_t scope, const struct limits_change *change,
                    const struct limits *now)
{
    struct limits next = limits_change_apply(change, now);
    struct limits firm;
    uint64_t generation;

    view_limits(control->from.view, scope_of_firm(), &firm, &generation);
    return limits_loosen(now, &next, scope == scope_of_firm() ? NULL : &firm);
}

enum status control_limits_put(struct control *control, const struct actor *actor, const char *name,
                               uint64_t base, const json_t *body, const char *request_id, int *http,
                               json_t **reply, struct err *err)
{
    struct approval proposal = {.kind = APPROVAL_LIMITS};
    struct limits_change *change = &proposal.change;
    struct limits *now = &proposal.before;
    struct control_fact intent = {.kind = "limits", .scope = name, .request_id = request_id};
    enum status status;
    enum limit_id capped;

    if ((status = find_scope(control, name, &proposal.scope, err)) != OK ||
        (status = limits_change_parse(body, change, err)) != OK)
        return status;
    view_limits(control->from.view, proposal.scope, now, &proposal.base);
    if (base != proposal.base)
        return stale_limits(control, proposal.scope, change, now, reply, err);
    capped = limits_change_over_cap(change, &control->from.config->caps[proposal.scope]);
    if (capped != LIMIT_COUNT)
        return over_cap(control, actor, name, change, capped, request_id, err);
    if (loosens(control, proposal.scope, change, now)) {
        config_scope_name(control->from.config, proposal.scope, proposal.scope_name);
        memcpy(proposal.reason, change->reason, sizeof proposal.reason);
        return control_propose(control, actor, &proposal, request_id, http, reply, err);
    }
    if (change->expires_s != 0)
        return err_set(err, ERR_NOT_LOOSER,
                       "nothing here loosens, and a tightening never returns by itself: leave out "
                       "expires_s");
    intent.reason = change->reason;
    intent.old_value = limits_named(change, now);
    intent.new_value = limits_named(change, &change->asked);
    status = apply_limits(control, actor, proposal.scope, base, change, now, &intent, err);
    if (status != OK)
        return status;
    *http = 200;
    *reply = control_limits(control, proposal.scope);
    return OK;
}

/* ---------------------------------------------------------------------------------- states */

static bool state_find(const char *name, enum trading_state *state)
{
    for (int at = STATE_ACTIVE; at <= STATE_HALTED; at++) {
        *state = (enum trading_state)at;
        if (strcmp(name, trading_state_name(*state)) == 0)
            return true;
    }
    return false;
}

static enum status state_parse(const json_t *body, enum trading_state *state,
                               char reason[REASON_MAX], struct err *err)
{
    static const char *const members[] = {"state", "reason", NULL};
    const char *name = json_string_value(json_object_get(body, "state"));
    enum status status;

    if ((status = members_check(body, members, err)) != OK ||
        (status = reason_parse(json_object_get(body, "reason"), reason, err)) != OK)
        return status;
    if (!name)
        return err_set(err, ERR_MALFORMED, "\"state\" must be a string");
    if (!state_find(name, state))
        return err_set(err, ERR_OUT_OF_RANGE, "states are ACTIVE, REDUCING, HALTED");
    return OK;
}

static enum status apply_state(struct control *control, const struct actor *actor,
                               const struct approval *change, const struct control_fact *intent,
                               struct err *err)
{
    struct command command = {.kind = COMMAND_SET_STATE,
                              .set_state = {.base = change->base,
                                            .clears = change->incident,
                                            .scope = change->scope,
                                            .state = (uint8_t)change->to}};
    struct event_command_done done;
    enum status status = control_command(control, &command, actor, intent, &done, err);

    if (status == ERR_NOT_APPLIED)
        control_asked_state(control, actor, change->scope, command.id, change->to);
    return status;
}

/* `change` holds scope, the state wanted and the reason. */
static enum status set_state(struct control *control, const struct actor *actor,
                             struct approval *change, const struct view_state *now,
                             const char *request_id, int *http, json_t **reply, struct err *err)
{
    struct control_fact intent = {.kind = "state",
                                  .scope = change->scope_name,
                                  .reason = change->reason,
                                  .request_id = request_id};
    enum status status;

    change->kind = APPROVAL_STATE;
    change->base = now->version;
    change->incident = now->incident;
    change->from = now->state;
    if (change->to < change->from)
        return control_propose(control, actor, change, request_id, http, reply, err);
    intent.old_value = json_pack("{s:s}", "state", trading_state_name(change->from));
    intent.new_value = json_pack("{s:s}", "state", trading_state_name(change->to));
    if ((status = apply_state(control, actor, change, &intent, err)) != OK)
        return status;
    *http = 200;
    *reply = control_trading_state(control, change->scope);
    return OK;
}

enum status control_state_put(struct control *control, const struct actor *actor, const char *name,
                              uint64_t base, const json_t *body, const char *request_id, int *http,
                              json_t **reply, struct err *err)
{
    struct approval change = {.kind = APPROVAL_STATE};
    struct view_state now;
    enum status status;

    if ((status = find_scope(control, name, &change.scope, err)) != OK ||
        (status = state_parse(body, &change.to, change.reason, err)) != OK)
        return status;
    config_scope_name(control->from.config, change.scope, change.scope_name);
    now = view_state(control->from.view, change.scope);
    if (base == now.version)
        return set_state(control, actor, &change, &now, request_id, http, reply, err);
    *reply = control_trading_state(control, change.scope);
    json_object_set_new(*reply, "diff",
                        json_pack("[{s:s,s:s,s:s}]", "name", "state", "old",
                                  trading_state_name(now.state), "new",
                                  trading_state_name(change.to)));
    return err_set(err, ERR_STALE_VERSION, "the state of this scope has changed since you read");
}

/* Who resumes names what it undoes: the incident of a kill, or none where no kill has set the state
 * (a trigger that reduces, or the configuration). */
static bool names_cause(const struct view_state *now, const char *incident)
{
    uint64_t number = 0;

    if (incident && (!incident_parse(incident, &number) || number == 0))
        return false;
    return now->state != STATE_ACTIVE && number == now->incident;
}

enum status control_resume(struct control *control, const struct actor *actor, const json_t *body,
                           const char *request_id, int *http, json_t **reply, struct err *err)
{
    static const char *const members[] = {"scope", "incident", "reason", NULL};
    const char *name = json_string_value(json_object_get(body, "scope"));
    const json_t *cause = json_object_get(body, "incident");
    const char *incident = json_string_value(cause);
    struct approval change = {.kind = APPROVAL_STATE, .to = STATE_ACTIVE};
    struct view_state now;
    enum status status;

    if ((status = members_check(body, members, err)) != OK ||
        (status = reason_parse(json_object_get(body, "reason"), change.reason, err)) != OK)
        return status;
    if (!name || !(incident || !cause || json_is_null(cause)))
        return err_set(err, ERR_MALFORMED,
                       "\"scope\" must be a string, \"incident\" a string or null");
    if ((status = find_scope(control, name, &change.scope, err)) != OK)
        return status;
    config_scope_name(control->from.config, change.scope, change.scope_name);
    now = view_state(control->from.view, change.scope);
    if (!names_cause(&now, incident))
        return err_format(err, ERR_CONFLICT, "%s is %s, %s \"%.32s\"", name,
                          trading_state_name(now.state),
                          now.incident != 0 ? "and not by incident" : "but by no kill: incident",
                          incident ? incident : "null");
    return set_state(control, actor, &change, &now, request_id, http, reply, err);
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

static json_t *decision_json(const struct approval *approval, const char *state)
{
    json_t *json = approval_json(approval);

    json_object_set_new(json, "state", json_string(state));
    return json;
}

static struct control_fact decision_fact(const struct approval *approval, const char *state,
                                         const char *reason, const char *request_id)
{
    return (struct control_fact){.kind = "approval",
                                 .scope = approval->scope_name,
                                 .reason = reason[0] == '\0' ? approval->reason : reason,
                                 .request_id = request_id,
                                 .old_value = json_pack("{s:s}", "state", "pending"),
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

static enum status go_stale(struct control *control, const struct actor *actor,
                            struct approval *approval, const char *request_id, struct err *err)
{
    struct control_fact fact = decision_fact(approval, "stale", "", request_id);
    uint64_t seq;

    if (control_record(control, actor, &fact, 0, &seq, err) != OK)
        return err->status;
    decide(control, approval, APPROVAL_STALE, actor->name, "");
    return err_set(err, ERR_STALE_VERSION,
                   "what this proposal builds on has changed; propose anew");
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

static enum status apply(struct control *control, const struct actor *actor,
                         struct approval *approval, const char *reason, const char *request_id,
                         struct err *err)
{
    struct control_fact intent = decision_fact(approval, "approved", reason, request_id);

    if (approval->kind == APPROVAL_CONFIG)
        return apply_config(control, actor, approval, &intent, request_id, err);
    if (approval->kind == APPROVAL_STATE)
        return apply_state(control, actor, approval, &intent, err);
    if (approval->kind == APPROVAL_ROLE)
        return grant_apply(control, actor, &approval->grant, &intent, err);
    if (approval->kind == APPROVAL_STRATEGY)
        return control_apply_strategy(control, actor, approval->strategy, approval->base,
                                      approval->told.enabled, &approval->told, &intent, err);
    return apply_raise(control, actor, approval, &intent, err);
}

/* Who may not decide is refused with 403, and the router audits that. */
static enum status find_to_decide(struct control *control, const struct actor *actor,
                                  const char *id, bool approve, struct approval **approval,
                                  struct err *err)
{
    control_expire(control);
    *approval = approvals_find(&control->approvals, id);
    if (!*approval)
        return err_format(err, ERR_NOT_FOUND, "there is no approval \"%.32s\"", id);
    if (grant_may_decide(*approval, actor, err) != OK)
        return err->status;
    return approval_may_decide(*approval, actor, approve, instant_now(), err);
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
    if (base_has_moved(control, approval))
        return go_stale(control, actor, approval, request_id, err);
    status = apply(control, actor, approval, reason, request_id, err);
    if (status == ERR_STALE_VERSION)
        return go_stale(control, actor, approval, request_id, err);
    if (status != OK)
        return status;
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

void control_expire(struct control *control)
{
    struct actor actor = {.name = "pitwall", .person = "pitwall"};
    struct approval *approval;
    struct err err;
    uint64_t seq;

    while ((approval = approvals_expired(&control->approvals, instant_now()))) {
        struct control_fact fact = decision_fact(approval, "expired", "", NULL);

        decide(control, approval, APPROVAL_EXPIRED, actor.name, "");
        if (control_record(control, &actor, &fact, 0, &seq, &err) != OK)
            log_line(LOG_ERROR, "control", "an expiry was not recorded: journal full", NULL);
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

json_t *control_trading_state(struct control *control, uint16_t scope)
{
    json_t *state = view_trading_state(control->from.view, scope);

    json_object_set_new(state, "requested", control_requested_state(control, scope));
    return state;
}

uint64_t control_approvals_version(struct control *control)
{
    return atomic_load(&control->version);
}
