/* `pitwall replay --explain ORDER`: what the engine saw when it decided on an order. */
#include "cli/replay_journal.h"
#include "view/json_text.h"

#include <string.h>

enum { LEVELS_SHOWN = 5 };

bool replay_order_of(const struct lane_record *record, const void *payload,
                     struct replay_order *order)
{
    struct event_order_sent sent;
    struct event_order_denied denied;

    *order = (struct replay_order){.seq = record->commit};
    if (record->kind == EVENT_ORDER_SENT && record->length >= sizeof sent) {
        memcpy(&sent, payload, sizeof sent);
        order->id = sent.order_id;
        order->strategy = sent.strategy;
        order->instrument = sent.instrument;
        order->side = sent.side;
        order->flags = sent.flags;
        order->price_ticks = sent.price_ticks;
        order->qty_lots = sent.qty_lots;
        order->passed = true;
        order->verdict = sent.verdict;
        return true;
    }
    if (record->kind != EVENT_ORDER_DENIED || record->length < sizeof denied)
        return false;
    memcpy(&denied, payload, sizeof denied);
    order->id = denied.order_id;
    order->strategy = denied.strategy;
    order->instrument = denied.instrument;
    order->side = denied.side;
    order->flags = denied.flags;
    order->price_ticks = denied.price_ticks;
    order->qty_lots = denied.qty_lots;
    order->verdict = denied.verdict;
    return true;
}

static json_t *decimal(int64_t units, uint32_t scale)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, units, scale, true);
    return json_string(text);
}

static json_t *price(const struct input_instrument *row, int64_t ticks)
{
    return decimal(ticks * row->tick_units, row->price_decimals);
}

static json_t *qty(const struct input_instrument *row, int64_t lots)
{
    return decimal(lots * row->lot_units, row->qty_decimals);
}

static json_t *input_json(struct rerun *replay, const struct input_names *names)
{
    const void *payload;
    size_t length;
    int64_t now_ns;
    uint16_t kind = rerun_waiting(replay, &payload, &length, &now_ns);
    json_t *json = json_pack("{s:s, s:o}", "kind", input_name((enum input_kind)kind), "now_ns",
                             json_ns(now_ns));

    if (kind == INPUT_MARKET) {
        const struct market_update *update = payload;
        uint16_t instrument = update->instrument % MAX_INSTRUMENTS;

        json_object_set_new(json, "instrument", json_string(names->instrument[instrument].name));
        json_object_set_new(json, "update_id", json_ns(update->update_id));
        json_object_set_new(json, "age_ns", json_ns(now_ns - update->received_ns));
        json_object_set_new(json, "levels", json_integer(update->bid_count + update->ask_count));
    } else if (kind == INPUT_EXECUTION) {
        const struct execution *execution = payload;
        char order[ORDER_ID_TEXT_MAX];

        order_id_print(order, execution->order_id);
        json_object_set_new(json, "report",
                            json_string(report_name((enum report)execution->report)));
        json_object_set_new(json, "order", json_string(order));
    } else if (kind == INPUT_COMMAND) {
        struct command command = {0};

        memcpy(&command, payload, length < sizeof command ? length : sizeof command);
        json_object_set_new(json, "command", json_integer(command.kind));
        json_object_set_new(json, "command_id", json_integer((json_int_t)command.id));
    }
    return json;
}

static json_t *working_json(const struct input_instrument *row, const struct strategy_view *view)
{
    json_t *list = json_array();

    for (uint32_t at = 0; at < view->working_count; at++) {
        const struct working *working = &view->working[at];
        char order[ORDER_ID_TEXT_MAX];

        order_id_print(order, working->order_id);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "order", order, "state",
                                              order_state_name((enum order_state)working->state),
                                              "side", side_name((enum side)working->side), "price",
                                              price(row, working->price_ticks), "leaves",
                                              qty(row, working->leaves_lots)));
    }
    return list;
}

json_t *replay_explain_before(struct rerun *replay, const struct input_names *names,
                              const struct replay_order *order)
{
    struct engine *engine = rerun_engine(replay);
    const struct input_instrument *row = &names->instrument[order->instrument % MAX_INSTRUMENTS];
    struct strategy_view view;

    engine_look(engine, order->strategy, order->instrument, &view);
    return json_pack(
        "{s:o, s:s, s:o, s:o, s:i, s:o}", "input", input_json(replay, names), "state",
        trading_state_name(engine_effective_state(engine, order->instrument, order->strategy)),
        "position", qty(row, engine_position(engine, order->instrument)->lots), "position_own",
        qty(row, view.position_lots), "open_orders", (int)engine_open_orders(engine), "working_own",
        working_json(row, &view));
}

static json_t *levels_json(const struct input_instrument *row, const struct book *book,
                           enum side side)
{
    struct level levels[LEVELS_SHOWN];
    uint32_t count = book_levels(book, side, levels, LEVELS_SHOWN);
    json_t *list = json_array();

    for (uint32_t at = 0; at < count; at++)
        json_array_append_new(list, json_pack("[o, o]", price(row, levels[at].price_ticks),
                                              qty(row, levels[at].qty_lots)));
    return list;
}

static json_t *held(enum limit_id id, bool known, int64_t value)
{
    if (!known)
        return json_null();
    return limit_row(id)->type == LIMIT_INTEGER ? json_integer(value) : decimal(value, 8);
}

static void scope_text(const struct input_names *names, uint16_t scope, char out[SCOPE_TEXT_MAX])
{
    struct scope_map map = {names->venues, names->strategies, names->instruments};
    uint16_t index;

    switch (scope_kind_of(map, scope, &index)) {
    case SCOPE_FIRM:
        (void)snprintf(out, SCOPE_TEXT_MAX, "firm");
        break;
    case SCOPE_VENUE:
        (void)snprintf(out, SCOPE_TEXT_MAX, "venue/%s", names->venue[index]);
        break;
    case SCOPE_STRATEGY:
        (void)snprintf(out, SCOPE_TEXT_MAX, "strategy/%s", names->strategy[index]);
        break;
    case SCOPE_INSTRUMENT:
        (void)snprintf(out, SCOPE_TEXT_MAX, "instrument/%s",
                       index < MAX_INSTRUMENTS ? names->instrument[index].name : "?");
        break;
    }
}

static json_t *checks_json(const struct input_names *names, const struct limits *limits,
                           const struct replay_order *order)
{
    struct scope_map map = {names->venues, names->strategies, names->instruments};
    uint16_t venue = names->instrument[order->instrument % MAX_INSTRUMENTS].venue;
    struct gate_limits from = {.number = {scope_of_firm(), scope_of_venue(map, venue),
                                          scope_of_strategy(map, order->strategy),
                                          scope_of_instrument(map, order->instrument)},
                               .generation = order->verdict.generation,
                               .margined = true,
                               .exit = (order->flags & ORDER_EXIT) != 0};
    struct gate_table table;
    json_t *list = json_array();

    for (unsigned at = 0; at < GATE_SCOPES; at++)
        from.scope[at] = &limits[from.number[at] % MAX_SCOPES];
    gate_compile(&from, &table);
    for (int at = 0; at < LIMIT_COUNT; at++) {
        enum limit_id id = (enum limit_id)at;
        struct check check = explain_limit(&table, &order->verdict, id);
        char scope[SCOPE_TEXT_MAX] = "";

        if (check_has_limit(&check))
            scope_text(names, check.scope, scope);
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:o, s:b}", "name", limit_row(id)->name, "scope", scope,
                      "measured", held(id, check.measured != INT64_MAX, check.measured), "limit",
                      held(id, check_has_limit(&check), check.limit), "passed", (int)check.passed));
    }
    for (int at = FIRST_OUTRIGHT; at <= LAST_OUTRIGHT; at++)
        json_array_append_new(
            list, json_pack("{s:s, s:b}", "name", denial_name((enum denial)at), "passed",
                            (int)explain_outright(&order->verdict, (enum denial)at)));
    return list;
}

json_t *replay_explain_after(struct rerun *replay, const struct input_names *names,
                             const struct limits *limits, const struct replay_order *order)
{
    const struct input_instrument *row = &names->instrument[order->instrument % MAX_INSTRUMENTS];
    const struct book *book = engine_book(rerun_engine(replay), order->instrument);
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, order->id);
    return json_pack(
        "{s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:I, s:o, s:o, s:o, s:b, s:o}", "order", id,
        "seq", (json_int_t)order->seq, "instrument", row->name, "strategy",
        names->strategy[order->strategy % MAX_STRATEGIES], "side",
        side_name((enum side)order->side), "price", price(row, order->price_ticks), "qty",
        qty(row, order->qty_lots), "passed", (int)order->passed, "reason",
        order->passed ? json_null() : json_string(denial_name((enum denial)order->verdict.denial)),
        "generation", (json_int_t)order->verdict.generation, "book_age_ns",
        order->verdict.book_age_ns < 0 ? json_null() : json_ns(order->verdict.book_age_ns), "bids",
        levels_json(row, book, SIDE_BUY), "asks", levels_json(row, book, SIDE_SELL), "stale",
        (int)book_is_stale(book), "checks", checks_json(names, limits, order));
}
