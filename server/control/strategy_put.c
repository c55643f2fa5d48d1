/* Strategies through the one door: switched off and told something tighter at once; switched on and
 * told something looser by two people. */
#include "control/inside.h"

#include "control/strategies.h"
#include "thread/log.h"

#include <string.h>

json_t *control_strategy(struct control *control, uint16_t strategy)
{
    json_t *json = view_strategy_json(control->from.view, strategy, true);

    json_object_set_new(json, "pending",
                        approvals_pending(&control->approvals, APPROVAL_STRATEGY,
                                          json_string_value(json_object_get(json, "scope"))));
    json_object_set_new(json, "armed", control_armed(control, strategy));
    return json;
}

/* What a person asked of something that has moved: the thing as it is, and what is asked. */
static enum status stale(struct control *control, uint16_t strategy, const json_t *body,
                         json_t **reply, struct err *err)
{
    *reply = control_strategy(control, strategy);
    json_object_set_new(*reply, "asked", json_deep_copy(body));
    return err_set(err, ERR_STALE_VERSION, "this strategy has changed since you read");
}

/* What is asked, without its reason, which has a place of its own. */
static json_t *asked_json(const json_t *body)
{
    json_t *asked = json_deep_copy(body);

    json_object_del(asked, "reason");
    return asked;
}

/* Parameters as they are, of those that are named. */
static json_t *before_json(struct control *control, uint16_t strategy, const json_t *body)
{
    json_t *now = view_strategy_json(control->from.view, strategy, false);
    json_t *before = json_pack("{s:O, s:O}", "enabled", json_object_get(now, "enabled"), "version",
                               json_object_get(now, "version"));

    if (json_object_get(body, "parameters") || json_object_get(body, "per_instrument"))
        json_object_set(before, "parameters", json_object_get(now, "parameters"));
    json_decref(now);
    return before;
}

enum status control_apply_strategy(struct control *control, const struct actor *actor,
                                   uint16_t strategy, uint64_t base, bool enabled,
                                   const struct strategy_change *change,
                                   const struct control_fact *intent, struct err *err)
{
    struct command command = {
        .kind = COMMAND_SET_STRATEGY,
        .set_strategy = {.base = base, .strategy = strategy, .enabled = enabled}};
    struct event_command_done done;

    command.set_strategy.count = change->count;
    memcpy(command.set_strategy.change, change->change, sizeof command.set_strategy.change);
    return control_command(control, &command, actor, intent, &done, err);
}

/* What is at once for one person and what waits for a second do not ride on each other: one of them
 * would be half of what was asked. */
static enum status check_apart(const struct view_strategy *now, bool enabled, bool loosens,
                               const struct strategy_change *change, struct err *err)
{
    if (enabled && !now->enabled && change->count > 0)
        return err_set(err, ERR_MALFORMED,
                       "switching it on waits for a second person: set parameters by a request of "
                       "their own");
    if (now->enabled && !enabled && loosens)
        return err_set(err, ERR_MALFORMED,
                       "switching it off is at once, looser parameters wait for a second person: "
                       "send two requests");
    return OK;
}

/* `now` and `next`: parameters by instrument. */
static enum status propose(struct control *control, const struct actor *actor, uint16_t strategy,
                           const struct view_strategy *now, const struct strategy_params *next,
                           const struct strategy_change *change, bool enabled,
                           const char *request_id, int *http, json_t **reply, struct err *err)
{
    const struct config *config = control->from.config;
    struct approval proposal = {
        .kind = APPROVAL_STRATEGY, .strategy = strategy, .base = now->version, .told = *change};

    proposal.told.enabled = enabled;
    if (change->count > 0)
        proposal.diff = strategy_diff(config, strategy, now->params, next);
    proposal.scope = scope_of_strategy(config->scopes, strategy);
    config_scope_name(config, proposal.scope, proposal.scope_name);
    memcpy(proposal.reason, change->reason, sizeof proposal.reason);
    return control_propose(control, actor, &proposal, request_id, http, reply, err);
}

enum status control_strategy_put(struct control *control, const struct actor *actor,
                                 const char *name, uint64_t base, const json_t *body,
                                 const char *request_id, int *http, json_t **reply, struct err *err)
{
    const struct config *config = control->from.config;
    char scope[SCOPE_TEXT_MAX];
    struct control_fact intent = {.kind = "strategy", .scope = scope, .request_id = request_id};
    struct strategy_change change;
    struct view_strategy now;
    struct strategy_params next[MAX_INSTRUMENTS];
    uint16_t strategy;
    bool enabled, loosens;
    enum status status;

    if (!strategy_named(config, name, &strategy))
        return err_format(err, ERR_NOT_FOUND, "there is no strategy \"%.48s\"", name);
    if ((status = strategy_change_parse(config, strategy, body, &change, err)) != OK)
        return status;
    view_strategy(control->from.view, strategy, &now);
    if (base != now.version)
        return stale(control, strategy, body, reply, err);
    memcpy(next, now.params, sizeof next);
    if ((status = strategy_change_apply(config, strategy, &change, next, err)) != OK)
        return status;
    enabled = change.names_enabled ? change.enabled : now.enabled;
    loosens = strategy_loosens(config, strategy, now.params, next);
    if ((status = check_apart(&now, enabled, loosens, &change, err)) != OK)
        return status;
    if (loosens || (enabled && !now.enabled))
        return propose(control, actor, strategy, &now, next, &change, enabled, request_id, http,
                       reply, err);
    config_scope_name(config, scope_of_strategy(config->scopes, strategy), scope);
    intent.reason = change.reason;
    intent.old_value = before_json(control, strategy, body);
    intent.new_value = asked_json(body);
    status = control_apply_strategy(control, actor, strategy, base, enabled, &change, &intent, err);
    if (status != OK)
        return status;
    *http = 200;
    *reply = control_strategy(control, strategy);
    return OK;
}
