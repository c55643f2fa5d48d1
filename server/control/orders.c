/* Orders by people: through the same gate as a strategy's, as strategy `manual`. */
#include "control/inside.h"

#include "control/order_read.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

enum { FIGURE_MAX = 24, ASKED_MAX = 200 };

/* The row of /why that is about one limit; borrowed. */
static const json_t *row_of(const json_t *why, const char *name)
{
    size_t at;
    json_t *row;

    json_array_foreach(json_object_get(why, "checks"), at, row)
    {
        const char *check = json_string_value(json_object_get(row, "name"));

        if (check && name && strcmp(check, name) == 0)
            return row;
    }
    return NULL;
}

/* A figure of /why as people read it: a decimal without the quotes of JSON. */
static const char *figure(const json_t *row, const char *member, char text[FIGURE_MAX])
{
    const json_t *value = json_object_get(row, member);

    if (json_is_integer(value)) {
        (void)snprintf(text, FIGURE_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return text;
    }
    return json_string_value(value);
}

/* "max_order_lots 50000 > 500 of firm: lots of this order": what denied, with its numbers; or whose
 * trading state did. Nothing is said of any other denial. */
static void say_numbers(struct control *control, enum denial denial, uint64_t order_id,
                        struct err *err)
{
    json_t *why = order_id != 0 ? view_order_why(control->from.view, order_id) : NULL;
    const char *name = json_string_value(json_object_get(why, "denied_by"));
    const json_t *row = row_of(why, name);
    const char *scope = json_string_value(json_object_get(row, "scope"));
    const char *state_of = json_string_value(json_object_get(why, "state_of"));
    enum limit_id id = name ? limit_find(name, (uint32_t)strlen(name)) : LIMIT_COUNT;
    char texts[2][FIGURE_MAX];
    const char *measured = figure(row, "measured", texts[0]);
    const char *limit = figure(row, "limit", texts[1]);

    if (id != LIMIT_COUNT && limit)
        err_format(err, ERR_DENIED, "%s %s %s %s of %s: %s", denial_name(denial),
                   measured ? measured : "unknown", limit_row(id)->sense == LIMIT_MOST ? ">" : "<",
                   limit, scope, limit_row(id)->says);
    else if (id != LIMIT_COUNT)
        err_format(err, ERR_DENIED, "%s %s: %s", denial_name(denial), name, denial_says(denial));
    else if (state_of)
        err_format(err, ERR_DENIED, "%s by %s: %s", denial_name(denial), state_of,
                   denial_says(denial));
    json_decref(why);
}

static enum status say_denied(struct control *control, enum denial denial, uint64_t order_id,
                              json_t **reply, struct err *err)
{
    char id[ORDER_ID_TEXT_MAX] = "";

    if (order_id != 0)
        order_id_print(id, order_id);
    *reply = json_pack("{s:s?}", "order", order_id != 0 ? id : NULL);
    err_format(err, ERR_DENIED, "%s %s", denial_name(denial), denial_says(denial));
    say_numbers(control, denial, order_id, err);
    return ERR_DENIED;
}

/* What was asked for, for the audit: of a text that is longer than any name or figure its begin, so
 * that nobody fills the lane with it. */
static json_t *asked_json(const json_t *body)
{
    json_t *asked = json_copy((json_t *)body), *value;
    const char *name;
    char begin[ASKED_MAX];

    json_object_foreach((json_t *)body, name, value)
    {
        if (!json_is_string(value) || json_string_length(value) < sizeof begin)
            continue;
        text_copy_plain(begin, sizeof begin, json_string_value(value));
        json_object_set_new(asked, name, json_string(begin));
    }
    return asked;
}

/* Cannot be said in ticks and lots, so the engine never hears of it; the audit does. */
static enum status deny_here(struct control *control, const struct actor *actor, const json_t *body,
                             enum denial denial, const char *request_id, json_t **reply,
                             struct err *err)
{
    struct control_fact fact = {.kind = "denial",
                                .scope = "strategy/manual",
                                .reason = denial_name(denial),
                                .request_id = request_id,
                                .new_value = asked_json(body)};

    view_note_denial(control->from.view, denial);
    say_denied(control, denial, 0, reply, err);
    return control_refuse(control, actor, &fact, err);
}

enum status control_order_new(struct control *control, const struct actor *actor,
                              const json_t *body, const char *request_id, json_t **reply,
                              struct err *err)
{
    struct command command = {.kind = COMMAND_NEW_ORDER};
    struct intent *intent = &command.new_order.intent;
    struct control_fact fact = {
        .kind = "order", .scope = "strategy/manual", .request_id = request_id};
    struct event_command_done done;
    enum denial denial;
    enum status status;

    if ((status = order_read(control->from.config, body, intent, &denial, err)) != OK)
        return status;
    if (denial != DENIAL_NONE)
        return deny_here(control, actor, body, denial, request_id, reply, err);
    fact.new_value = asked_json(body);
    status = control_command(control, &command, actor, &fact, &done, err);
    if (done.denial != DENIAL_NONE && (status == ERR_DENIED || status == OK))
        return say_denied(control, (enum denial)done.denial, done.value, reply, err);
    if (status != OK)
        return status;
    *reply = view_order(control->from.view, done.value);
    return *reply ? OK : err_set(err, ERR_INTERNAL, "the order is sent, but the view lost it");
}

/* The row of an order's instrument, by what the view shows of it. */
static const struct instrument *instrument_of_order(struct control *control, const json_t *order)
{
    uint16_t instrument;
    const char *name = json_string_value(json_object_get(order, "instrument"));

    if (!name || !config_instrument_find(control->from.config, name, &instrument))
        return NULL;
    return &control->from.config->instrument[instrument];
}

enum status control_order_amend(struct control *control, const struct actor *actor, const char *id,
                                const json_t *body, const char *request_id, json_t **reply,
                                struct err *err)
{
    struct command command = {.kind = COMMAND_AMEND_ORDER};
    struct control_fact fact = {
        .kind = "order", .scope = "strategy/manual", .reason = "amend", .request_id = request_id};
    const struct instrument *instrument;
    struct event_command_done done;
    enum denial denial;
    enum status status;
    json_t *order;

    if (!order_id_parse(id, &command.amend_order.order_id) ||
        !(order = view_order(control->from.view, command.amend_order.order_id)))
        return err_format(err, ERR_NOT_FOUND, "there is no order \"%.32s\"", id);
    instrument = instrument_of_order(control, order);
    json_decref(order);
    if (!instrument)
        return err_set(err, ERR_CONFLICT, "the order's instrument is not configured");
    if ((status = amend_read(instrument, body, &command.amend_order, &denial, err)) != OK)
        return status;
    if (denial != DENIAL_NONE)
        return deny_here(control, actor, body, denial, request_id, reply, err);
    fact.new_value = json_pack("{s:s,s:o}", "amend", id, "to", asked_json(body));
    status = control_command(control, &command, actor, &fact, &done, err);
    if (status == ERR_DENIED) {
        say_denied(control, (enum denial)done.denial, done.value, reply, err);
        json_object_set(*reply, "denial", json_object_get(*reply, "order"));
        json_object_set_new(*reply, "order", json_string(id));
        return ERR_DENIED;
    }
    if (status == ERR_CONFLICT || status == ERR_NOT_FOUND)
        return err_set(err, ERR_CONFLICT,
                       "the order does not rest, is being changed already, or so much is filled");
    if (status != OK)
        return status;
    *reply = view_order(control->from.view, command.amend_order.order_id);
    return *reply ? OK : err_set(err, ERR_INTERNAL, "the amend is sent, but the view lost it");
}

enum status control_order_cancel(struct control *control, const struct actor *actor, const char *id,
                                 const char *request_id, json_t **reply, struct err *err)
{
    struct command command = {.kind = COMMAND_CANCEL_ORDER};
    struct control_fact fact = {
        .kind = "order", .scope = "strategy/manual", .reason = "cancel", .request_id = request_id};
    struct event_command_done done;
    enum status status;
    json_t *order;

    if (!order_id_parse(id, &command.cancel_order.order_id) ||
        !(order = view_order(control->from.view, command.cancel_order.order_id)))
        return err_format(err, ERR_NOT_FOUND, "there is no order \"%.32s\"", id);
    json_decref(order);
    fact.new_value = json_pack("{s:s}", "cancel", id);
    status = control_command(control, &command, actor, &fact, &done, err);
    if (status == ERR_CONFLICT || status == ERR_NOT_FOUND)
        return err_set(err, ERR_CONFLICT, "the order is finished");
    if (status != OK)
        return status;
    *reply = view_order(control->from.view, command.cancel_order.order_id);
    return OK;
}

enum status control_cancel_all(struct control *control, const struct actor *actor,
                               const json_t *body, const char *request_id, json_t **reply,
                               struct err *err)
{
    static const char *const members[] = {"scope", "reason", NULL};
    struct command command = {.kind = COMMAND_CANCEL_ALL};
    struct control_fact fact = {.kind = "order", .request_id = request_id};
    const json_t *scope = json_object_get(body, "scope");
    const json_t *why = json_object_get(body, "reason");
    struct event_command_done done;
    char reason[REASON_MAX] = "cancel all", name[SCOPE_TEXT_MAX];
    enum status status;

    if (body && (status = members_check(body, members, err)) != OK)
        return status;
    if (why && (status = reason_parse(why, reason, err)) != OK)
        return status;
    if (scope && !json_is_string(scope))
        return err_set(err, ERR_MALFORMED, "\"scope\" must be a string");
    if (scope && !config_scope_find(control->from.config, json_string_value(scope),
                                    &command.cancel_all.scope))
        return err_format(err, ERR_UNKNOWN_SCOPE, "there is no scope \"%.64s\"",
                          json_string_value(scope));
    config_scope_name(control->from.config, command.cancel_all.scope, name);
    fact.scope = name;
    fact.reason = reason;
    fact.new_value = json_pack("{s:s}", "cancel", "all");
    if ((status = control_command(control, &command, actor, &fact, &done, err)) != OK)
        return status;
    *reply = json_pack("{s:s,s:s,s:I}", "scope", name, "reason", reason, "orders",
                       (json_int_t)done.value);
    return *reply ? OK : err_set(err, ERR_INTERNAL, "no memory");
}
