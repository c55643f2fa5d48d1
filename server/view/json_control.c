/* Trading states, limits and kill receipts. */
#include "view/shapes.h"

#include <string.h>

/* --- trading states --- */

static json_t *state_json(struct view *view, uint16_t scope)
{
    const struct view_scope *row = &view->scope[scope];
    struct model_author by = model_author(view, scope);

    return json_pack("{s:o, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "scope", shape_scope(view, scope),
                     "state", trading_state_name(model_state(view, scope)), "effective",
                     trading_state_name(model_effective(view, scope)), "version",
                     (json_int_t)row->version, "incident",
                     shape_incident(model_incident(view, scope)), "cause", shape_text(by.cause),
                     "actor", shape_text(by.actor), "since_ns", json_ns_or_null(by.since_ns));
}

json_t *view_trading_states(struct view *view)
{
    json_t *items = json_array();

    view_enter(view);
    for (uint16_t i = 0; i < scope_count(view->from.config->scopes); i++)
        json_array_append_new(items, state_json(view, i));
    view_leave(view);
    return shape_list(items, 0);
}

json_t *view_trading_state(struct view *view, uint16_t scope)
{
    json_t *json;

    view_enter(view);
    json = state_json(view, scope);
    view_leave(view);
    return json;
}

/* --- limits --- */

json_t *limit_value_json(enum limit_id id, int64_t value)
{
    if (value == LIMIT_UNSET || value == LIMIT_DENY)
        return json_null();
    if (limit_row(id)->type == LIMIT_INTEGER)
        return json_integer(value);
    return shape_decimal(value, 8);
}

json_t *view_limits_json(struct view *view, uint16_t scope)
{
    json_t *limits = json_object(), *json;

    view_enter(view);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit_id id = (enum limit_id)i;

        json_object_set_new(limits, limit_row(id)->name,
                            limit_value_json(id, view->scope[scope].limits.value[i]));
    }
    json = json_pack("{s:o, s:I, s:o}", "scope", shape_scope(view, scope), "generation",
                     (json_int_t)view->scope[scope].generation, "limits", limits);
    view_leave(view);
    return json;
}

json_t *view_used_percent(enum limit_id id, int64_t limit, int64_t measured)
{
    char text[DECIMAL_TEXT_MAX];
    int64_t ratio_e8;

    if (limit == LIMIT_UNSET || measured == INT64_MAX)
        return json_null();
    ratio_e8 = view_used_ratio_e8(id, view_limit_shown(id, limit), measured);
    /* A hundredth of one per cent is 10^4 of 10^-8. */
    decimal_print(text, ratio_e8 / 10000 + (ratio_e8 % 10000 != 0), 2, false);
    return json_string(text);
}

json_t *view_used_json(struct view *view, uint16_t scope, const struct view_use *use)
{
    json_t *used = json_object();
    struct limits limits;
    uint64_t generation;

    view_limits(view, scope, &limits, &generation);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit_id id = (enum limit_id)i;

        json_object_set_new(used, limit_row(id)->name,
                            view_used_percent(id, limits.value[i], use->measured[i]));
    }
    return used;
}

static json_t *limit_schema(enum limit_id id)
{
    const struct limit_row *row = limit_row(id);

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s}", "name", row->name, "unit", row->unit,
                     "type", row->type == LIMIT_INTEGER ? "integer" : "decimal", "min",
                     limit_value_json(id, row->min), "max", limit_value_json(id, row->max), "sense",
                     row->sense == LIMIT_MOST ? "max" : "min", "says", row->says);
}

/* What is set, by name. */
static json_t *caps_json(const struct limits *caps)
{
    json_t *json = json_object();

    for (int id = 0; id < LIMIT_COUNT; id++)
        if (caps->value[id] != LIMIT_UNSET)
            json_object_set_new(json, limit_row((enum limit_id)id)->name,
                                limit_value_json((enum limit_id)id, caps->value[id]));
    return json;
}

json_t *view_limits_schema(struct view *view)
{
    const struct config *config = view->from.config;
    json_t *limits = json_array(), *scopes = json_array(), *caps = json_object();
    char name[SCOPE_TEXT_MAX];

    for (int id = 0; id < LIMIT_COUNT; id++)
        json_array_append_new(limits, limit_schema((enum limit_id)id));
    for (uint16_t i = 0; i < scope_count(config->scopes); i++) {
        config_scope_name(config, i, name);
        json_array_append_new(scopes, json_string(name));
        json_object_set_new(caps, name, caps_json(&config->caps[i]));
    }
    return json_pack("{s:o, s:o, s:o}", "limits", limits, "scopes", scopes, "caps", caps);
}

/* --- receipts --- */

/* What only the engine's event tells is null until it has come. */
static json_t *seen_count(const struct view_kill *kill, uint64_t count)
{
    return kill->seen ? json_integer((json_int_t)count) : json_null();
}

static const char *flatten_refusal(uint8_t refused)
{
    switch (refused) {
    case FLATTEN_NOT_KILLED:
        return "the kill does not hold the scope any more";
    case FLATTEN_FULL:
        return "too many flattenings at once";
    case FLATTEN_GAVE_UP:
        return "exits were denied or left unfilled too often: look at the positions";
    default:
        return NULL;
    }
}

static json_t *flatten_json(const struct view_kill *kill)
{
    const char *refused = flatten_refusal(kill->flattened.refused);

    if (!kill->flatten)
        return json_null();
    return json_pack("{s:i, s:b, s:s?}", "orders", (int)kill->flattened.orders, "done",
                     kill->flattened.done && !refused, "refused", refused);
}

/* A trigger's kill is the engine's own: durable when the journal has its event. */
static bool is_durable(const struct view *view, const struct view_kill *kill)
{
    return kill->durable ||
           (kill->seen && strncmp(kill->actor, "trigger/", 8) == 0 &&
            journal_durable_seq(view->from.journal, JOURNAL_ENGINE) >= kill->seen_seq);
}

static json_t *receipt_json(struct view *view, const struct view_kill *kill)
{
    json_t *cancels =
        json_pack("{s:o, s:o, s:o, s:o}", "sent", seen_count(kill, kill->sent), "confirmed",
                  seen_count(kill, kill->confirmed), "refused", seen_count(kill, kill->refused),
                  "unknown", seen_count(kill, kill->unknown));

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
                     "incident", shape_incident(kill->incident), "scope",
                     shape_scope(view, kill->scope), "actor", shape_text(kill->actor), "reason",
                     shape_text(kill->reason), "at_ns", json_ns_or_null(kill->at_ns), "ns_to_block",
                     kill->ns_to_block < 0 ? json_null() : shape_decimal(kill->ns_to_block, 0),
                     "last_order_seq", seen_count(kill, kill->last_order_seq), "unsent",
                     seen_count(kill, kill->unsent), "resting", seen_count(kill, kill->resting),
                     "cancels", cancels, "flatten", flatten_json(kill), "durable",
                     (int)is_durable(view, kill), "complete",
                     (int)model_kill_is_complete(view, kill));
}

json_t *view_receipt(struct view *view, uint64_t incident)
{
    const struct view_kill *kill;
    json_t *json;

    view_enter(view);
    kill = model_kill(view, incident);
    json = kill ? receipt_json(view, kill) : NULL;
    view_leave(view);
    return json;
}

json_t *view_receipts(struct view *view)
{
    json_t *items = json_array();

    view_enter(view);
    for (uint32_t at = view->kill_count; at > 0; at--)
        json_array_append_new(items, receipt_json(view, &view->kills[at - 1]));
    view_leave(view);
    return shape_list(items, 0);
}
