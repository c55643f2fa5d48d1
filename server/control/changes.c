/* Limits and trading states: tightened at once, loosened by two people (proposals.c). */
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
    json_object_set_new(object, "first_day", control_first_day(control, scope));
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

/* No cap, and no ceiling of a first day, stands in the way; or audited. */
static enum status check_over(struct control *control, const struct actor *actor, uint16_t scope,
                              const struct limits_change *change, const char *request_id,
                              struct err *err)
{
    char name[SCOPE_TEXT_MAX];
    struct control_fact fact = {
        .kind = "refused", .scope = name, .reason = change->reason, .request_id = request_id};
    enum limit_id capped = limits_change_over_cap(change, &control->from.config->caps[scope]);

    if (capped == LIMIT_COUNT && control_check_first_day(control, scope, change, err) == OK)
        return OK;
    if (capped != LIMIT_COUNT)
        limits_over(capped, change, &control->from.config->caps[scope],
                    "the hard cap of the config file", err);
    config_scope_name(control->from.config, scope, name);
    fact.new_value = limits_named(change, &change->asked);
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
enum status control_apply_raise(struct control *control, const struct actor *actor,
                                const struct approval *approval, const struct control_fact *intent,
                                struct err *err)
{
    struct timebox *box;
    enum status status =
        check_over(control, actor, approval->scope, &approval->change, intent->request_id, err);

    if (status == OK)
        status = control_box_begin(control, approval, &box, err);
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

    if ((status = find_scope(control, name, &proposal.scope, err)) != OK ||
        (status = limits_change_parse(body, change, err)) != OK)
        return status;
    view_limits(control->from.view, proposal.scope, now, &proposal.base);
    if (base != proposal.base)
        return stale_limits(control, proposal.scope, change, now, reply, err);
    status = check_over(control, actor, proposal.scope, change, request_id, err);
    if (status != OK)
        return status;
    if (loosens(control, proposal.scope, change, now)) {
        config_scope_name(control->from.config, proposal.scope, proposal.scope_name);
        memcpy(proposal.reason, change->reason, sizeof proposal.reason);
        proposal.diff = control_boxes_diff(control, &proposal);
        return control_propose(control, actor, &proposal, request_id, http, reply, err);
    }
    if (change->expires_s != 0)
        return err_set(err, ERR_NOT_LOOSER,
                       "nothing here loosens, and a tightening never returns by itself: leave out "
                       "expires_s");
    if (!limits_change_nothing(change, now)) { /* else proposals of others would lose their base */
        intent.reason = change->reason;
        intent.old_value = limits_named(change, now);
        intent.new_value = limits_named(change, &change->asked);
        status = apply_limits(control, actor, proposal.scope, base, change, now, &intent, err);
    }
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

enum status control_apply_state(struct control *control, const struct actor *actor,
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
    if ((status = control_apply_state(control, actor, change, &intent, err)) != OK)
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
static enum status cause_check(const struct view_state *now, const char *scope,
                               const char *incident, struct err *err)
{
    const char *state = trading_state_name(now->state);
    uint64_t number = 0;
    char named[INCIDENT_TEXT_MAX];
    bool is_one = !incident || (incident_parse(incident, &number) && number != 0);

    if (now->state == STATE_ACTIVE)
        return err_format(err, ERR_CONFLICT, "%s is ACTIVE already", scope);
    if (is_one && number == now->incident)
        return OK;
    if (now->incident == 0)
        return err_format(err, ERR_CONFLICT, "%s is %s by no kill: leave out the incident", scope,
                          state);
    incident_print(named, now->incident);
    return err_format(err, ERR_CONFLICT, "%s is %s by incident %s: name that one, not \"%.32s\"",
                      scope, state, named, incident ? incident : "");
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
    if ((status = cause_check(&now, name, incident, err)) != OK)
        return status;
    return set_state(control, actor, &change, &now, request_id, http, reply, err);
}

/* --------------------------------------------------------------------- read by any thread */

json_t *control_trading_state(struct control *control, uint16_t scope)
{
    json_t *state = view_trading_state(control->from.view, scope);

    json_object_set_new(state, "requested", control_requested_state(control, scope));
    return state;
}
