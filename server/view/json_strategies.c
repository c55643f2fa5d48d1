/* Strategies: switch, parameters by instrument, and what may be set. */
#include "config/parameters.h"
#include "view/shapes.h"

json_t *view_parameter_json(const struct config *config, enum parameter_id id, int64_t value)
{
    char text[PARAMETER_TEXT_MAX];

    switch (parameter_row(id)->type) {
    case PARAMETER_INTEGER:
        return json_integer(value);
    case PARAMETER_MS:
        return json_integer(value / 1000000);
    case PARAMETER_INSTRUMENT:
        if (value == NO_INSTRUMENT)
            return json_null();
        break;
    case PARAMETER_RATIO:
        break;
    }
    parameter_print(id, value, parameter_other(config, id, value), text);
    return json_string(text);
}

static json_t *parameters_json(const struct config *config, enum strategy_kind kind,
                               const struct strategy_params *params)
{
    json_t *json = json_object();

    for (int i = 0; i < PARAMETER_COUNT; i++) {
        enum parameter_id id = (enum parameter_id)i;

        if (parameter_is_of(id, kind))
            json_object_set_new(json, parameter_row(id)->name,
                                view_parameter_json(config, id, parameter_get(params, id)));
    }
    return json;
}

/* Instruments have no order: their bounds are null. */
static json_t *bound_json(const struct config *config, enum parameter_id id, int64_t value)
{
    return parameter_row(id)->type == PARAMETER_INSTRUMENT ? json_null()
                                                           : view_parameter_json(config, id, value);
}

static json_t *schema_json(const struct config *config, enum strategy_kind kind)
{
    json_t *rows = json_array();

    for (int i = 0; i < PARAMETER_COUNT; i++) {
        enum parameter_id id = (enum parameter_id)i;
        const struct parameter_row *row = parameter_row(id);

        if (!parameter_is_of(id, kind))
            continue;
        json_array_append_new(
            rows,
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s}", "name", row->name, "unit",
                      row->unit, "type", parameter_type_name(row->type), "min",
                      bound_json(config, id, row->min), "max", bound_json(config, id, row->max),
                      "default", view_parameter_json(config, id, row->fallback), "looser",
                      parameter_looser_name(row->looser), "says", row->says));
    }
    return rows;
}

static int open_orders(struct view *view, uint16_t strategy)
{
    int open = 0;

    for (struct view_order *order = view_orders_newest(&view->orders); order;
         order = view_orders_older(&view->orders, order))
        open += order->strategy == strategy && view_order_is_live(order);
    return open;
}

static void add_instruments(const struct view *view, uint16_t strategy, json_t *json)
{
    const struct config *config = view->from.config;
    json_t *instruments = json_array(), *parameters = json_object();

    for (uint16_t i = 0; i < config->instruments; i++) {
        if (!config->strategy[strategy].instruments[i])
            continue;
        json_array_append_new(instruments, json_string(config->instrument[i].name));
        json_object_set_new(parameters, config->instrument[i].name,
                            parameters_json(config, config->strategy[strategy].kind,
                                            &view->strategy[strategy].now.params[i]));
    }
    json_object_set_new(json, "instruments", instruments);
    json_object_set_new(json, "parameters", parameters);
}

json_t *view_strategy_json(struct view *view, uint16_t strategy, bool with_schema)
{
    const struct config *config = view->from.config;
    enum strategy_kind kind = config->strategy[strategy].kind;
    uint16_t scope = scope_of_strategy(config->scopes, strategy);
    const struct view_switch *row = &view->strategy[strategy];
    json_t *json;

    view_enter(view);
    json = json_pack("{s:s, s:s, s:s, s:b, s:I, s:s, s:o, s:i, s:o, s:o, s:o, s:o}", "strategy",
                     config->strategy[strategy].name, "kind", strategy_kind_name(kind), "says",
                     strategy_kind_says(kind), "enabled", (int)row->now.enabled, "version",
                     (json_int_t)row->now.version, "state",
                     trading_state_name(model_effective(view, scope)), "scope",
                     shape_scope(view, scope), "open_orders", open_orders(view, strategy), "pnl",
                     shape_strategy_total(view, strategy), "actor", shape_text(row->actor),
                     "reason", shape_text(row->reason), "since_ns", json_ns_or_null(row->since_ns));
    add_instruments(view, strategy, json);
    view_leave(view);
    if (with_schema)
        json_object_set_new(json, "schema", schema_json(config, kind));
    return json;
}
