/* Arming a strategy in mode live, in the running program: one that two people have never switched
 * on in this data directory is off, and for a day after they did its limits stay at or below a
 * ceiling. What `pitwall/arming` does by itself only takes away. */
#include "control/inside.h"

#include "thread/log.h"

#include <stdio.h>
#include <string.h>

#define KIND "armed"
#define RETRY_NS 1000000000LL

static const struct actor *guard(void)
{
    static const struct actor actor = {
        .name = "pitwall/arming", .person = "pitwall", .role = ROLE_ADMIN};

    return &actor;
}

static bool is_live(const struct control *control)
{
    return control->from.config->mode == MODE_LIVE;
}

static const char *name_of(const struct control *control, uint16_t strategy)
{
    return control->from.config->strategy[strategy].name;
}

static uint16_t scope_name(const struct control *control, uint16_t strategy,
                           char out[SCOPE_TEXT_MAX])
{
    uint16_t scope = scope_of_strategy(control->from.config->scopes, strategy);

    config_scope_name(control->from.config, scope, out);
    return scope;
}

static enum status keep_day(struct control *control, uint16_t strategy, const struct first_day *day,
                            struct err *err)
{
    json_t *kept = first_day_kept(day);
    enum status status = keep_put(control->from.keep, KIND, name_of(control, strategy), kept, err);

    json_decref(kept);
    return status;
}

/* The day of what a person may change, while it runs. */
static const struct first_day *running_day(struct control *control, uint16_t scope,
                                           struct instant now)
{
    uint16_t strategy;
    const struct first_day *day;

    if (scope_kind_of(control->from.config->scopes, scope, &strategy) != SCOPE_STRATEGY)
        return NULL;
    day = &control->day[strategy];
    return day->at_ns != 0 && first_day_left_ns(day, now) > 0 ? day : NULL;
}

enum status control_check_first_day(struct control *control, uint16_t scope,
                                    const struct limits_change *change, struct err *err)
{
    const struct first_day *day = running_day(control, scope, instant_now());
    char name[SCOPE_TEXT_MAX], until[32], whose[SCOPE_TEXT_MAX + 64];
    enum limit_id over;

    over = day ? limits_change_over_cap(change, &day->ceiling) : LIMIT_COUNT;
    if (over == LIMIT_COUNT)
        return OK;
    config_scope_name(control->from.config, scope, name);
    first_day_until(day, until);
    snprintf(whose, sizeof whose, "until %s the first-day ceiling of %s", until, name);
    return limits_over(over, change, &day->ceiling, whose, err);
}

/* ------------------------------------------------------------------------------- held down */

struct holding {
    char name[SCOPE_TEXT_MAX];
    struct limits_change change;
    struct command command;
    struct control_fact intent;
};

/* What holds the scope down; false: nothing stands above the ceiling. */
static bool make_holding(struct control *control, uint16_t strategy, struct holding *made)
{
    uint16_t scope = scope_name(control, strategy, made->name);
    struct limits firm, stands, next;
    uint64_t generation;

    view_limits(control->from.view, scope_of_firm(), &firm, &generation);
    view_limits(control->from.view, scope, &stands, &generation);
    if (!first_day_holds_down(&control->day[strategy], &stands, &firm, &next))
        return false;
    made->command =
        (struct command){.kind = COMMAND_SET_LIMITS,
                         .set_limits = {.base = generation, .scope = scope, .limits = next}};
    made->change = (struct limits_change){.asked = next};
    for (int id = 0; id < LIMIT_COUNT; id++)
        made->change.named[id] = stands.value[id] != next.value[id];
    made->intent = (struct control_fact){.kind = "limits",
                                         .scope = made->name,
                                         .reason = "live: the ceiling of its first day",
                                         .old_value = limits_named(&made->change, &stands),
                                         .new_value = limits_named(&made->change, &next)};
    return true;
}

/* A command of ours that is not answered. */
static bool is_on_its_way(struct control *control, uint16_t strategy)
{
    struct arm_turn *turn = &control->arm_turn[strategy];
    struct event_command_done done;

    if (turn->command_id != 0 &&
        view_command_is_answered(control->from.view, turn->command_id, &done))
        turn->command_id = 0;
    return turn->command_id != 0;
}

/* A change of its limits, by anybody, is not answered. */
static bool limits_are_open(struct control *control, uint16_t strategy)
{
    return is_on_its_way(control, strategy) ||
           control_limits_are_open(control,
                                   scope_of_strategy(control->from.config->scopes, strategy));
}

/* Waits. What the engine has not answered in time only restricts, whatever it answers: the approval
 * stays pending and can be given again. */
static enum status hold_down(struct control *control, uint16_t strategy, struct err *err)
{
    struct holding made;
    struct event_command_done done;
    enum status status;

    if (limits_are_open(control, strategy))
        return err_set(err, ERR_CONFLICT,
                       "a change of its limits is not answered yet: approve again in a moment");
    if (!make_holding(control, strategy, &made))
        return OK;
    status = control_command(control, &made.command, guard(), &made.intent, &done, err);
    control->unsure = 0;
    control_beat_on(control);
    if (status == ERR_NOT_APPLIED)
        control_asked_limits(control, guard(), made.command.set_limits.scope, made.command.id,
                             &made.change);
    if (status == ERR_STALE_VERSION)
        return err_set(err, ERR_CONFLICT, "its limits have changed meanwhile: approve again");
    return status;
}

/* --------------------------------------------------------------------------------- arming */

static enum status make_day(struct control *control, const struct actor *actor,
                            const struct approval *approval, struct err *err)
{
    const struct config *config = control->from.config;
    struct first_day made = {0};
    struct limits firm, stands;
    uint64_t generation;
    enum status status;

    view_limits(control->from.view, scope_of_firm(), &firm, &generation);
    view_limits(control->from.view, approval->scope, &stands, &generation);
    first_day_ceiling(&made.ceiling, &config->first_day[approval->scope], &stands, &firm);
    memcpy(made.by, actor->name, sizeof made.by);
    memcpy(made.proposer, approval->proposer, sizeof made.proposer);
    approval_id(approval, made.approval);
    first_day_start(&made, instant_now());
    status = keep_day(control, approval->strategy, &made, err);
    if (status != OK)
        return status;
    pthread_mutex_lock(&control->promised);
    control->day[approval->strategy] = made;
    pthread_mutex_unlock(&control->promised);
    return OK;
}

static bool is_off(struct control *control, uint16_t strategy)
{
    struct view_strategy stands;

    view_strategy(control->from.view, strategy, &stands);
    return !stands.enabled;
}

enum status control_arm(struct control *control, const struct actor *actor,
                        const struct approval *approval, struct err *err)
{
    const struct first_day *day = &control->day[approval->strategy];
    enum status status = OK;

    if (!is_live(control) || !approval->told.enabled)
        return OK;
    if (day->at_ns == 0 && !is_off(control, approval->strategy))
        return err_set(err, ERR_CONFLICT, "it was never armed, and is being switched off");
    if (day->at_ns == 0)
        status = make_day(control, actor, approval, err);
    if (status == OK && first_day_left_ns(day, instant_now()) > 0)
        status = hold_down(control, approval->strategy, err);
    return status;
}

static bool is_pending(struct control *control, const char *id)
{
    const struct approval *approval = approvals_find(&control->approvals, id);

    return approval && approval->state == APPROVAL_PENDING;
}

void control_take_arming(struct control *control, const struct approval *approval)
{
    struct first_day *day = &control->day[approval->strategy];
    char id[32];
    struct err err;

    approval_id(approval, id);
    if (approval->kind != APPROVAL_STRATEGY || !approval->told.enabled || day->at_ns == 0 ||
        strcmp(day->approval, id) == 0 || !is_pending(control, day->approval))
        return;
    pthread_mutex_lock(&control->promised);
    memcpy(day->approval, id, sizeof day->approval);
    memcpy(day->by, approval->decider, sizeof day->by);
    memcpy(day->proposer, approval->proposer, sizeof day->proposer);
    pthread_mutex_unlock(&control->promised);
    if (keep_day(control, approval->strategy, day, &err) != OK)
        control_say_trouble("who has armed it could not be kept", &err);
}

/* A fact that cannot be forgotten stays: it only restricts. */
void control_disarm(struct control *control, const struct approval *approval)
{
    struct first_day *day = &control->day[approval->strategy];
    char id[32];
    struct err err;

    approval_id(approval, id);
    if (approval->kind != APPROVAL_STRATEGY || day->at_ns == 0 || strcmp(day->approval, id) != 0)
        return;
    if (keep_delete(control->from.keep, KIND, name_of(control, approval->strategy), &err) != OK) {
        control_say_trouble("what was not armed after all could not be forgotten", &err);
        return;
    }
    pthread_mutex_lock(&control->promised);
    *day = (struct first_day){0};
    pthread_mutex_unlock(&control->promised);
    control->arm_turn[approval->strategy].is_off = false; /* looked at again: it may run no more */
}

/* --------------------------------------------------------------------------- at each turn */

/* One at a time, and one a second. */
static void tell(struct control *control, struct arm_turn *turn, struct command *command,
                 const struct control_fact *intent, struct instant now)
{
    struct err err;

    turn->retry_ns = now.mono_ns + RETRY_NS;
    if (control_tell(control, command, guard(), intent, &err) != OK)
        control_say_trouble("what arming asks for is not told yet", &err);
    else
        turn->command_id = command->id;
}

/* Once it is off, only an approval switches it on, and that arms it first. */
static void keep_off(struct control *control, uint16_t strategy, struct instant now)
{
    struct arm_turn *turn = &control->arm_turn[strategy];
    char name[SCOPE_TEXT_MAX];
    struct control_fact intent = {.kind = "strategy",
                                  .scope = name,
                                  .reason = "live: not armed yet: two people switch it on"};
    struct command command = {.kind = COMMAND_SET_STRATEGY, .set_strategy = {.strategy = strategy}};
    struct view_strategy stands;

    if (turn->is_off || now.mono_ns < turn->retry_ns || is_on_its_way(control, strategy))
        return;
    view_strategy(control->from.view, strategy, &stands);
    turn->is_off = !stands.enabled;
    if (turn->is_off)
        return;
    (void)scope_name(control, strategy, name);
    command.set_strategy.base = stands.version;
    intent.old_value = json_pack("{s:b}", "enabled", true);
    intent.new_value = json_pack("{s:b}", "enabled", false);
    tell(control, turn, &command, &intent, now);
}

static void keep_down(struct control *control, uint16_t strategy, struct instant now)
{
    struct arm_turn *turn = &control->arm_turn[strategy];
    struct holding made;

    if (now.mono_ns < turn->retry_ns || limits_are_open(control, strategy))
        return;
    if (make_holding(control, strategy, &made))
        tell(control, turn, &made.command, &made.intent, now);
}

/* Limits stay where they are. */
static void say_over(struct control *control, uint16_t strategy)
{
    char name[SCOPE_TEXT_MAX], why[REASON_MAX];

    (void)scope_name(control, strategy, name);
    (void)snprintf(why, sizeof why, "the first day of %s is over", name);
    control_note(control, guard(),
                 &(struct control_fact){.kind = "approval",
                                        .scope = name,
                                        .reason = why,
                                        .new_value = json_pack("{s:s}", "first_day", "over")});
}

/* What the database does not take is noted again in a minute; an end that it does not take is told
 * again after the next start. */
static void note_day(struct control *control, uint16_t strategy, struct instant now)
{
    struct first_day *day = &control->day[strategy];
    bool was_running = day->left_ns > 0;
    struct err err;

    pthread_mutex_lock(&control->promised);
    first_day_note(day, now);
    pthread_mutex_unlock(&control->promised);
    if (was_running && day->left_ns == 0)
        say_over(control, strategy);
    if (keep_day(control, strategy, day, &err) != OK)
        control_say_trouble("a first day could not be noted", &err);
    control_beat_on(control);
}

static void turn_one(struct control *control, uint16_t strategy, struct instant now)
{
    const struct first_day *day = &control->day[strategy];
    bool runs = first_day_left_ns(day, now) > 0;

    if (day->at_ns == 0)
        keep_off(control, strategy, now);
    else if (runs)
        keep_down(control, strategy, now);
    if (day->at_ns != 0 && day->left_ns > 0 && (!runs || first_day_is_due(day, now)))
        note_day(control, strategy, now);
}

void control_turn_arms(struct control *control)
{
    struct instant now = instant_now();

    if (!is_live(control))
        return;
    for (uint16_t at = STRATEGY_MANUAL + 1; at < control->from.config->strategies; at++)
        turn_one(control, at, now);
}

/* ------------------------------------------------------------------------------ at a start */

/* A cap that has come down since binds the ceiling too. */
static void bound(struct limits *ceiling, const struct limits *caps)
{
    for (int id = 0; id < LIMIT_COUNT; id++)
        if (ceiling->value[id] != LIMIT_UNSET && caps->value[id] != LIMIT_UNSET &&
            limit_loosens((enum limit_id)id, caps->value[id], ceiling->value[id]))
            ceiling->value[id] = caps->value[id];
}

static enum status read_day(struct control *control, uint16_t strategy, struct err *err)
{
    const struct config *config = control->from.config;
    struct first_day *day = &control->day[strategy];
    json_t *kept;
    enum status status =
        keep_get(control->from.keep, KIND, config->strategy[strategy].name, &kept, err);

    if (status == ERR_NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    status = first_day_read(day, config->strategy[strategy].name, kept, err);
    json_decref(kept);
    if (status != OK)
        return status;
    bound(&day->ceiling, &config->caps[scope_of_strategy(config->scopes, strategy)]);
    first_day_resume(day, instant_now());
    return OK;
}

enum status control_arms_open(struct control *control, struct err *err)
{
    enum status status = OK;

    if (!is_live(control))
        return OK;
    for (uint16_t at = STRATEGY_MANUAL + 1; status == OK && at < control->from.config->strategies;
         at++)
        status = read_day(control, at, err);
    if (status == OK)
        control_turn_arms(control);
    return status;
}

/* ------------------------------------------------------------------------ read by any thread */

json_t *control_armed(struct control *control, uint16_t strategy)
{
    struct instant now = instant_now();
    json_t *armed;

    pthread_mutex_lock(&control->promised);
    armed = first_day_armed_json(&control->day[strategy], now);
    pthread_mutex_unlock(&control->promised);
    return armed;
}

json_t *control_first_day(struct control *control, uint16_t scope)
{
    uint16_t strategy;
    struct instant now = instant_now();
    json_t *day;

    if (scope_kind_of(control->from.config->scopes, scope, &strategy) != SCOPE_STRATEGY)
        return json_null();
    pthread_mutex_lock(&control->promised);
    day = first_day_json(&control->day[strategy], now);
    pthread_mutex_unlock(&control->promised);
    return day;
}
