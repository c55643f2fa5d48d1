/* Strategies through the one door: switched off and told at once, switched on by two people. */
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

    if (change) {
        command.set_strategy.count = change->count;
        memcpy(command.set_strategy.change, change->change, sizeof command.set_strategy.change);
    }
    return control_command(control, &command, actor, intent, &done, err);
}

static enum status propose_enabling(struct control *control, const struct actor *actor,
                                    uint16_t strategy, uint64_t base,
                                    const struct strategy_change *change, const char *request_id,
                                    int *http, json_t **reply, struct err *err)
{
    struct approval proposal = {.kind = APPROVAL_STRATEGY, .strategy = strategy, .base = base};

    if (change->count > 0)
        return err_set(err, ERR_MALFORMED,
                       "switching it on waits for a second person: set parameters by a request of "
                       "their own");
    proposal.scope = scope_of_strategy(control->from.config->scopes, strategy);
    config_scope_name(control->from.config, proposal.scope, proposal.scope_name);
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
    uint16_t strategy;
    bool enabled;
    enum status status;

    if (!strategy_named(config, name, &strategy))
        return err_format(err, ERR_NOT_FOUND, "there is no strategy \"%.48s\"", name);
    if ((status = strategy_change_parse(config, strategy, body, &change, err)) != OK)
        return status;
    view_strategy(control->from.view, strategy, &now);
    if (base != now.version)
        return stale(control, strategy, body, reply, err);
    if ((status = strategy_change_apply(config, strategy, &change, now.params, err)) != OK)
        return status;
    enabled = change.names_enabled ? change.enabled : now.enabled;
    if (enabled && !now.enabled)
        return propose_enabling(control, actor, strategy, base, &change, request_id, http, reply,
                                err);
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
