/* Where our position and the venue's count differ: a person adopts the venue's count, or lets the
 * difference be. The engine gets both figures, as the person's request found them, and refuses when
 * either has moved since. */
#include "control/inside.h"

#include "control/members.h"
#include "thread/log.h"

#include <string.h>

/* Of the instrument, as people are shown it; new reference. */
static json_t *position_row(struct control *control, uint16_t instrument)
{
    json_t *list = view_positions(control->from.view);
    json_t *row = json_incref(json_array_get(json_object_get(list, "items"), instrument));

    json_decref(list);
    return row;
}

static enum status read_body(const json_t *body, uint8_t *adopt, char reason[REASON_MAX],
                             struct err *err)
{
    static const char *const members[] = {"choice", "reason", NULL};
    const char *choice = json_string_value(json_object_get(body, "choice"));
    enum status status = members_check(body, members, err);

    if (status != OK)
        return status;
    if (!choice || (strcmp(choice, "adopt") != 0 && strcmp(choice, "keep") != 0))
        return err_set(err, ERR_MALFORMED, "\"choice\" must be \"adopt\" or \"keep\"");
    *adopt = strcmp(choice, "adopt") == 0;
    return reason_parse(json_object_get(body, "reason"), reason, err);
}

static enum status read_drift(struct control *control, struct command_settle_drift *settle,
                              struct err *err)
{
    json_t *row = position_row(control, settle->instrument);
    const json_t *venues = json_object_get(row, "venue_lots");
    bool is_known = json_is_integer(venues);

    settle->our_lots = json_integer_value(json_object_get(row, "lots"));
    settle->venue_lots = json_integer_value(venues);
    json_decref(row);
    if (!is_known)
        return err_set(err, ERR_CONFLICT, "the venue has not told its count of this position");
    if (settle->our_lots == settle->venue_lots)
        return err_format(err, ERR_CONFLICT, "nothing differs: both count %lld lots",
                          (long long)settle->our_lots);
    return OK;
}

static enum status say_refusal(const struct command_settle_drift *settle, enum status status,
                               struct err *err)
{
    if (status == ERR_CONFLICT && settle->adopt)
        return err_set(err, ERR_CONFLICT,
                       "adopting wants the instrument HALTED, and both counts as they were a "
                       "moment ago: stop it, look again");
    if (status == ERR_CONFLICT)
        return err_set(err, ERR_CONFLICT, "one of the counts has moved: look again");
    if (status == ERR_UNAVAILABLE && settle->adopt)
        return err_set(err, ERR_UNAVAILABLE,
                       "adopting books the difference at the mark, and there is none yet");
    return status;
}

enum status control_settle_drift(struct control *control, const struct actor *actor,
                                 const char *instrument, const json_t *body, const char *request_id,
                                 json_t **reply, struct err *err)
{
    struct command command = {.kind = COMMAND_SETTLE_DRIFT};
    struct command_settle_drift *settle = &command.settle_drift;
    char reason[REASON_MAX], scope[SCOPE_TEXT_MAX];
    struct control_fact fact = {
        .kind = "position", .scope = scope, .reason = reason, .request_id = request_id};
    struct event_command_done done;
    enum status status;

    if (!config_instrument_find(control->from.config, instrument, &settle->instrument))
        return err_format(err, ERR_NOT_FOUND, "there is no instrument \"%.64s\"", instrument);
    status = read_body(body, &settle->adopt, reason, err);
    if (status == OK)
        status = read_drift(control, settle, err);
    if (status != OK)
        return status;
    config_scope_name(control->from.config,
                      scope_of_instrument(control->from.config->scopes, settle->instrument), scope);
    fact.old_value = json_pack("{s:I,s:I}", "lots", (json_int_t)settle->our_lots, "venue_lots",
                               (json_int_t)settle->venue_lots);
    fact.new_value = json_pack("{s:s}", "choice", settle->adopt ? "adopt" : "keep");
    status = control_command(control, &command, actor, &fact, &done, err);
    if (status != OK)
        return say_refusal(settle, status, err);
    *reply = position_row(control, settle->instrument);
    return *reply ? OK : err_set(err, ERR_INTERNAL, "no memory");
}
