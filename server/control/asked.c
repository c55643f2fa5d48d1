/* Requested, and in force: a change that was answered with "not applied" has been told to the
 * engine, which may still take it. Until the engine has answered, people see what was asked
 * beside what is in force. */
#include "control/inside.h"

#include "thread/clock.h"

#include <stdio.h>
#include <string.h>

static bool is_open(struct control *control, const struct asked *asked)
{
    struct event_command_done done;

    return asked->command_id != 0 &&
           !view_command_is_answered(control->from.view, asked->command_id, &done);
}

static void ask(struct control *control, struct asked *place, const struct asked *asked)
{
    pthread_mutex_lock(&control->promised);
    *place = *asked;
    pthread_mutex_unlock(&control->promised);
    control_touch(control);
}

static struct asked asked_by(const struct actor *actor, uint64_t command_id)
{
    struct asked asked = {.command_id = command_id, .at_ns = clock_real_ns()};

    (void)snprintf(asked.by, sizeof asked.by, "%s", actor->name);
    return asked;
}

void control_asked_limits(struct control *control, const struct actor *actor, uint16_t scope,
                          uint64_t command_id, const struct limits_change *change)
{
    struct asked asked = asked_by(actor, command_id);

    asked.change = *change;
    ask(control, &control->limits_asked[scope], &asked);
}

void control_asked_state(struct control *control, const struct actor *actor, uint16_t scope,
                         uint64_t command_id, enum trading_state state)
{
    struct asked asked = asked_by(actor, command_id);

    asked.state = state;
    ask(control, &control->state_asked[scope], &asked);
}

bool control_limits_are_open(struct control *control, uint16_t scope)
{
    return is_open(control, &control->limits_asked[scope]);
}

static void forget_answered(struct control *control, struct asked *asked)
{
    if (asked->command_id == 0 || is_open(control, asked))
        return;
    ask(control, asked, &(struct asked){0});
}

void control_turn_asked(struct control *control)
{
    for (uint16_t scope = 0; scope < scope_count(control->from.config->scopes); scope++) {
        forget_answered(control, &control->limits_asked[scope]);
        forget_answered(control, &control->state_asked[scope]);
    }
}

/* ----------------------------------------------------------------------- read by any thread */

static struct asked look(struct control *control, const struct asked *place)
{
    struct asked asked;

    pthread_mutex_lock(&control->promised);
    asked = *place;
    pthread_mutex_unlock(&control->promised);
    if (!is_open(control, &asked))
        asked.command_id = 0;
    return asked;
}

static json_t *at_json(int64_t ns)
{
    return json_sprintf("%lld", (long long)ns);
}

json_t *control_requested_limits(struct control *control, uint16_t scope)
{
    struct asked asked = look(control, &control->limits_asked[scope]);

    if (asked.command_id == 0)
        return json_null();
    return json_pack("{s:o,s:s,s:o}", "limits", limits_named(&asked.change, &asked.change.asked),
                     "by", asked.by, "at_ns", at_json(asked.at_ns));
}

json_t *control_requested_state(struct control *control, uint16_t scope)
{
    struct asked asked = look(control, &control->state_asked[scope]);

    if (asked.command_id == 0)
        return json_null();
    return json_pack("{s:s,s:s,s:o}", "state", trading_state_name(asked.state), "by", asked.by,
                     "at_ns", at_json(asked.at_ns));
}
