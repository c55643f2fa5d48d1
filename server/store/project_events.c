/* Events of the engine that are neither an order's life cycle nor a state: one audit row each. */
#include "store/project_turn.h"

#include <stdio.h>

static void row_order_id(struct row_text *text, const char *name, uint64_t order_id)
{
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, order_id);
    row_string(text, name, id);
}

static void row_price(struct turn *turn, const char *name, uint16_t instrument, int64_t ticks)
{
    char text[DECIMAL_TEXT_MAX];

    price_print(text, turn_instrument(turn->projection, instrument), ticks);
    row_string(&turn->new_value, name, text);
}

static void row_qty(struct turn *turn, const char *name, uint16_t instrument, int64_t lots)
{
    char text[DECIMAL_TEXT_MAX];

    qty_print(text, turn_instrument(turn->projection, instrument), lots);
    row_string(&turn->new_value, name, text);
}

bool project_order_external(struct turn *turn, const struct event_order_external *event)
{
    row_open(&turn->new_value);
    row_order_id(&turn->new_value, "id", event->order_id);
    row_string(&turn->new_value, "external", side_name((enum side)event->side));
    row_price(turn, "price", event->instrument, event->price_ticks);
    row_qty(turn, "qty", event->instrument, event->qty_lots);
    turn->row.actor = "engine";
    return turn_append(turn, "order", turn_instrument_scope(turn->projection, event->instrument),
                       NULL, row_close(&turn->new_value));
}

bool project_denials(struct turn *turn, const struct event_denials *event)
{
    row_open(&turn->new_value);
    row_order_id(&turn->new_value, "first", event->order_id);
    row_order_id(&turn->new_value, "last", event->last_order_id);
    row_integer(&turn->new_value, "count", (int64_t)event->count);
    row_string(&turn->new_value, "side", side_name((enum side)event->side));
    turn->row.actor = turn_strategy_scope(turn->projection, event->strategy);
    turn->row.reason =
        event->reason < DENIAL_COUNT ? denial_name((enum denial)event->reason) : NULL;
    return turn_append(turn, "denial", turn_instrument_scope(turn->projection, event->instrument),
                       NULL, row_close(&turn->new_value));
}

/* Who fired is the actor; what it measured is the reason's numbers. */
bool project_trigger(struct turn *turn, const struct event_trigger *event)
{
    struct row_text *text = &turn->new_value;
    char incident[INCIDENT_TEXT_MAX];
    const char *name =
        event->trigger < TRIGGER_COUNT ? trigger_name((enum trigger_id)event->trigger) : "unknown";

    (void)snprintf(turn->actor, sizeof turn->actor, "trigger/%s", name);
    row_open(text);
    row_string(text, "trigger", name);
    row_string(text, "action", trigger_action_name((enum trigger_action)event->action));
    incident_print(incident, event->incident);
    row_string(text, "incident", event->incident != 0 ? incident : NULL);
    row_integer(text, "measured", event->measured);
    row_integer(text, "limit", event->limit);
    row_integer(text, "samples", event->samples);
    row_integer(text, "window", event->window);
    if (event->instrument != UINT16_MAX)
        row_string(text, "instrument", turn_instrument(turn->projection, event->instrument)->name);
    turn->row.actor = turn->actor;
    turn->row.reason =
        event->trigger < TRIGGER_COUNT ? trigger_says((enum trigger_id)event->trigger) : NULL;
    if (event->incident != 0 &&
        !turn_name_kill(turn, event->incident, turn->row.actor, turn->row.reason))
        return false;
    return turn_append(turn, event->incident != 0 ? "kill" : "state",
                       turn_scope(turn->projection, event->scope), NULL, row_close(text));
}

/* NULL: nothing was refused. */
static const char *flatten_refusal(uint8_t refused)
{
    switch (refused) {
    case FLATTEN_FINE:
        return NULL;
    case FLATTEN_NOT_KILLED:
        return "not_killed";
    case FLATTEN_FULL:
        return "full";
    case FLATTEN_GAVE_UP:
        return "gave_up";
    default:
        return "unknown";
    }
}

static bool set_kill_exits(struct projection *projection, const struct event_flatten *event)
{
    sqlite3_stmt *set = projection->set_kill_exits;

    statement_id(set, 1, event->incident);
    sqlite3_bind_int64(set, 2, event->orders);
    sqlite3_bind_int(set, 3, event->done);
    sqlite3_bind_int(set, 4, event->refused);
    return statement_run(set);
}

bool project_flatten(struct turn *turn, const struct event_flatten *event)
{
    char incident[INCIDENT_TEXT_MAX];

    if (!set_kill_exits(turn->projection, event))
        return false;
    incident_print(incident, event->incident);
    row_open(&turn->new_value);
    row_string(&turn->new_value, "incident", incident);
    row_integer(&turn->new_value, "orders", event->orders);
    row_bool(&turn->new_value, "done", event->done != 0);
    row_string(&turn->new_value, "refused", flatten_refusal(event->refused));
    turn_name_actor(turn, 0, turn->record->cause);
    if (!turn->row.actor)
        turn->row.actor = "engine";
    return turn_append(turn, "kill", turn_scope(turn->projection, event->scope), NULL,
                       row_close(&turn->new_value));
}

bool project_funding(struct turn *turn, const struct event_funding *event)
{
    row_open(&turn->new_value);
    row_id(&turn->new_value, "exec_id", event->exec_id);
    row_decimal(&turn->new_value, "funding", -event->amount_e8, 8);
    row_string(&turn->new_value, "currency", turn_currency(turn->projection, event->instrument));
    turn->row.actor = "venue";
    return project_moved(turn, event->instrument) &&
           turn_append(turn, "fill", turn_instrument_scope(turn->projection, event->instrument),
                       NULL, row_close(&turn->new_value));
}

bool project_drift(struct turn *turn, const struct event_drift *event)
{
    row_open(&turn->old_value);
    row_integer(&turn->old_value, "lots", event->our_lots);
    row_integer(&turn->old_value, "venue_lots", event->venue_lots);
    row_open(&turn->new_value);
    row_integer(&turn->new_value, "lots", event->adopted ? event->venue_lots : event->our_lots);
    row_bool(&turn->new_value, "adopted", event->adopted != 0);
    row_integer(&turn->new_value, "price_ticks", event->price_ticks);
    turn_name_actor(turn, 0, turn->record->cause);
    return project_moved(turn, event->instrument) &&
           turn_append(turn, "position", turn_instrument_scope(turn->projection, event->instrument),
                       row_close(&turn->old_value), row_close(&turn->new_value));
}
