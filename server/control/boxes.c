/* Time boxes in the running program: kept before the raise is commanded, returned by a command of
 * `pitwall/timebox` when they are over, forgotten when the journal holds that. */
#include "control/inside.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIND "timebox"
#define RETRY_NS 1000000000LL
#define NOTE_NS 60000000000LL

struct instant instant_now(void)
{
    return (struct instant){.wall_ns = clock_real_ns(), .mono_ns = clock_mono_ns()};
}

static uint16_t scopes(const struct control *control)
{
    return (uint16_t)scope_count(control->from.config->scopes);
}

static void key_of(const struct timebox *box, char key[32])
{
    (void)snprintf(key, 32, "A%" PRIu64, box->approval);
}

static enum status keep_box(struct control *control, const struct timebox *box, struct err *err)
{
    char scope[SCOPE_TEXT_MAX], key[32];
    enum status status;
    json_t *kept;

    config_scope_name(control->from.config, box->scope, scope);
    key_of(box, key);
    kept = timebox_kept(box, scope);
    status = keep_put(control->from.keep, KIND, key, kept, err);
    json_decref(kept);
    return status;
}

static enum status forget_box(struct control *control, struct timebox *box, struct err *err)
{
    char key[32];
    enum status status;

    key_of(box, key);
    status = keep_delete(control->from.keep, KIND, key, err);
    if (status != OK)
        return status;
    pthread_mutex_lock(&control->promised);
    box->approval = 0;
    pthread_mutex_unlock(&control->promised);
    control_touch(control);
    return OK;
}

/* ------------------------------------------------------------------------ around the raise */

/* Of an earlier try of the same raise, which the engine has not answered. */
static struct timebox *box_of(struct control *control, uint64_t approval)
{
    for (int i = 0; i < TIMEBOXES_MAX; i++)
        if (control->boxes.row[i].approval == approval)
            return &control->boxes.row[i];
    return NULL;
}

enum status control_box_begin(struct control *control, const struct approval *approval,
                              struct timebox **box, struct err *err)
{
    const struct limits_change *change = &approval->change;
    struct limits firm;
    struct timebox made;
    uint64_t generation;
    enum status status;

    *box = NULL;
    if (change->expires_s == 0 || box_of(control, approval->number))
        return OK;
    view_limits(control->from.view, scope_of_firm(), &firm, &generation);
    if (!timebox_make(&made, change, &approval->before,
                      approval->scope == scope_of_firm() ? NULL : &firm))
        return err_set(err, ERR_CONFLICT, "it does not loosen anything any more; propose anew");
    made.approval = approval->number;
    made.scope = approval->scope;
    timebox_start(&made, change->expires_s * 1000000000LL, instant_now());
    if ((status = keep_box(control, &made, err)) != OK)
        return status;
    pthread_mutex_lock(&control->promised);
    *box = timeboxes_add(&control->boxes, &made);
    pthread_mutex_unlock(&control->promised);
    if (*box)
        return OK;
    forget_box(control, &made, err);
    return err_format(err, ERR_UNAVAILABLE, "%d raises with an end are in force already",
                      TIMEBOXES_MAX);
}

/* One that cannot be forgotten stays and ends by itself, which loosens nothing. */
void control_box_drop(struct control *control, struct timebox *box)
{
    struct err err;

    if (box && forget_box(control, box, &err) != OK)
        control_say_trouble("a time box could not be dropped", &err);
}

void control_box_drop_of(struct control *control, const struct approval *approval)
{
    control_box_drop(control, box_of(control, approval->number));
}

static bool unname(struct timebox *box, const struct timebox *stays, bool *empty)
{
    bool changed = false;

    *empty = true;
    for (int id = 0; id < LIMIT_COUNT; id++) {
        changed |= box->named[id] && stays->named[id];
        box->named[id] = box->named[id] && !stays->named[id];
        *empty = *empty && !box->named[id];
    }
    return changed;
}

static json_t *find_named(const json_t *rows, const char *name)
{
    size_t at;
    json_t *row, *found = NULL;

    json_array_foreach((json_t *)rows, at, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            found = row; /* of boxes the newest decides */
    }
    return found;
}

/* What the approval raises for good. False: nothing. */
static bool raises_for_good(struct control *control, const struct approval *approval,
                            struct timebox *stays)
{
    struct limits firm;
    uint64_t generation;

    view_limits(control->from.view, scope_of_firm(), &firm, &generation);
    return approval->change.expires_s == 0 &&
           timebox_make(stays, &approval->change, &approval->before,
                        approval->scope == scope_of_firm() ? NULL : &firm);
}

json_t *control_boxes_diff(struct control *control, const struct approval *approval)
{
    json_t *diff = limits_diff(&approval->change, &approval->before, false);
    json_t *boxes = control_timeboxes(control, approval->scope);
    struct timebox stays;

    if (raises_for_good(control, approval, &stays))
        for (int id = 0; id < LIMIT_COUNT; id++) {
            const char *name = limit_row((enum limit_id)id)->name;
            json_t *box = stays.named[id] ? find_named(boxes, name) : NULL;

            if (box) {
                json_t *row = find_named(diff, name);

                json_object_set(row, "back_to", json_object_get(box, "back_to"));
                json_object_set(row, "until_ns", json_object_get(box, "until_ns"));
            }
        }
    json_decref(boxes);
    return diff;
}

void control_boxes_settle(struct control *control, const struct approval *approval)
{
    struct timebox stays;
    struct err err = {0};

    if (!raises_for_good(control, approval, &stays))
        return;
    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        struct timebox *box = &control->boxes.row[i];
        bool changed, empty;

        if (box->approval == 0 || box->scope != approval->scope)
            continue;
        pthread_mutex_lock(&control->promised);
        changed = unname(box, &stays, &empty);
        pthread_mutex_unlock(&control->promised);
        if (changed)
            control_touch(control);
        if (changed &&
            (empty ? forget_box(control, box, &err) : keep_box(control, box, &err)) != OK)
            control_say_trouble("a time box could not be changed", &err);
    }
}

/* ------------------------------------------------------------------------------ the return */

static const struct actor *returner(void)
{
    static const struct actor actor = {
        .name = "pitwall/timebox", .person = "pitwall", .role = ROLE_ADMIN};

    return &actor;
}

/* "A1000001, A1000002" */
static void name_due(struct control *control, uint16_t scope, struct instant now, char *out,
                     size_t size)
{
    size_t used = (size_t)snprintf(out, size, "time-boxed raise over:");

    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        const struct timebox *box = &control->boxes.row[i];

        if (box->approval != 0 && box->scope == scope && timebox_left_ns(box, now) <= 0 &&
            used < size)
            used += (size_t)snprintf(out + used, size - used, " A%" PRIu64, box->approval);
    }
}

static json_t *limits_that_differ(const struct limits *of, const struct limits *other)
{
    struct limits_change change = {0};

    for (int id = 0; id < LIMIT_COUNT; id++)
        change.named[id] = of->value[id] != other->value[id];
    return limits_named(&change, of);
}

static void send_return(struct control *control, uint16_t scope, struct instant now,
                        const struct limits *stands, const struct limits *next, uint64_t generation)
{
    char name[SCOPE_TEXT_MAX], why[REASON_MAX];
    struct control_fact intent = {.kind = "limits", .scope = name, .reason = why};
    struct command command = {.kind = COMMAND_SET_LIMITS,
                              .set_limits = {.base = generation, .scope = scope, .limits = *next}};
    struct scope_return *returning = &control->returning[scope];
    struct err err;

    returning->retry_ns = now.mono_ns + RETRY_NS;
    config_scope_name(control->from.config, scope, name);
    name_due(control, scope, now, why, sizeof why);
    intent.old_value = limits_that_differ(stands, next);
    intent.new_value = limits_that_differ(next, stands);
    if (control_tell(control, &command, returner(), &intent, &err) != OK)
        control_say_trouble("a time-boxed raise is not returned yet", &err);
    else
        returning->command_id = command.id;
}

/* Takes what those that run on need from those that are over, and forgets those. */
static enum status settle(struct control *control, uint16_t scope, struct instant now,
                          struct err *err)
{
    bool changed[TIMEBOXES_MAX] = {false};
    enum status status = OK;

    pthread_mutex_lock(&control->promised);
    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        const struct timebox *box = &control->boxes.row[i];

        if (box->approval != 0 && box->scope == scope && timebox_left_ns(box, now) <= 0)
            timeboxes_hand_over(&control->boxes, box, now, changed);
    }
    pthread_mutex_unlock(&control->promised);
    for (int i = 0; i < TIMEBOXES_MAX && status == OK; i++)
        if (changed[i])
            status = keep_box(control, &control->boxes.row[i], err);
    for (int i = 0; i < TIMEBOXES_MAX && status == OK; i++) {
        struct timebox *box = &control->boxes.row[i];

        if (box->approval != 0 && box->scope == scope && timebox_left_ns(box, now) <= 0)
            status = forget_box(control, box, err);
    }
    return status;
}

/* The audit says that a box has ended, also when nothing stood above what it goes back to. */
static void say_over(struct control *control, uint16_t scope, struct instant now)
{
    char name[SCOPE_TEXT_MAX], why[REASON_MAX];

    config_scope_name(control->from.config, scope, name);
    name_due(control, scope, now, why, sizeof why);
    control_note(control, returner(),
                 &(struct control_fact){.kind = "approval",
                                        .scope = name,
                                        .reason = why,
                                        .new_value = json_pack("{s:s}", "timebox", "over")});
}

/* What stands is what should: once the journal holds that, the boxes can go. */
static void end_boxes(struct control *control, uint16_t scope, struct instant now)
{
    struct journal *journal = control->from.journal;
    struct scope_return *returning = &control->returning[scope];
    struct err err;

    if (returning->settled_seq == 0)
        returning->settled_seq = lane_head_seq(journal_lane(journal, JOURNAL_ENGINE));
    if (journal_durable_seq(journal, JOURNAL_ENGINE) < returning->settled_seq)
        return;
    say_over(control, scope, now);
    if (settle(control, scope, now, &err) != OK) {
        returning->retry_ns = now.mono_ns + RETRY_NS;
        control_say_trouble("a time box that is over could not be forgotten", &err);
        return;
    }
    *returning = (struct scope_return){0};
}

/* A command that is on its way is waited for, however long the engine takes: a second one would
 * only be stale. */
static bool is_on_its_way(struct control *control, struct scope_return *returning)
{
    struct event_command_done done;

    if (returning->command_id == 0)
        return false;
    if (!view_command_is_answered(control->from.view, returning->command_id, &done))
        return true;
    returning->command_id = 0;
    if (done.status == OK || done.status == ERR_STALE_VERSION)
        returning->retry_ns = 0;
    return false;
}

static void return_scope(struct control *control, uint16_t scope, struct instant now)
{
    struct scope_return *returning = &control->returning[scope];
    struct limits stands, next;
    uint64_t generation;

    if (is_on_its_way(control, returning) || now.mono_ns < returning->retry_ns ||
        control_limits_are_open(control, scope))
        return;
    view_limits(control->from.view, scope, &stands, &generation);
    if (!timeboxes_return(&control->boxes, scope, now, &stands, &next)) {
        end_boxes(control, scope, now);
        return;
    }
    returning->settled_seq = 0;
    send_return(control, scope, now, &stands, &next, generation);
}

/* So that a clock that is set back while the program is down gives no time that was spent. A
 * database that does not answer is asked once: each try may take a second, and the engine is to
 * hear from us meanwhile. */
static void note_boxes(struct control *control, struct instant now)
{
    struct err err;

    if (now.mono_ns - control->boxes_noted_ns < NOTE_NS)
        return;
    control->boxes_noted_ns = now.mono_ns;
    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        struct timebox *box = &control->boxes.row[i];

        if (box->approval == 0 || timebox_left_ns(box, now) <= 0)
            continue;
        timebox_note(box, now);
        if (keep_box(control, box, &err) != OK) {
            control_say_trouble("time boxes could not be noted", &err);
            return;
        }
        control_beat_on(control);
    }
}

void control_turn_boxes(struct control *control)
{
    struct instant now = instant_now();

    for (uint16_t scope = 0; scope < scopes(control); scope++)
        if (timeboxes_due(&control->boxes, scope, now))
            return_scope(control, scope, now);
    note_boxes(control, now);
}

/* --------------------------------------------------------------------------------- at a start */

struct reading {
    struct control *control;
    struct instant now;
    enum status status;
    struct err *err;
};

/* One of a scope or limit that the configuration has no more binds nothing, and stays where it
 * is. */
static void read_box(void *ctx, const char *key, const json_t *kept)
{
    struct reading *reading = ctx;
    struct timebox box;
    struct err err;
    enum status status = timebox_read(&box, reading->control->from.config, key, kept, &err);

    if (status == ERR_NOT_FOUND) {
        control_say_trouble("a time box is passed over", &err);
        return;
    }
    timebox_resume(&box, reading->now);
    if (status == OK && !timeboxes_add(&reading->control->boxes, &box))
        status = err_set(&err, ERR_DAMAGED, "control.db: more time boxes than there can be");
    if (status != OK && reading->status == OK) {
        reading->status = status;
        *reading->err = err;
    }
}

enum status control_boxes_open(struct control *control, struct err *err)
{
    struct reading reading = {.control = control, .now = instant_now(), .err = err};
    enum status status;

    if (!control->from.keep)
        return OK;
    status = keep_each(control->from.keep, KIND, read_box, &reading, err);
    if (status == OK)
        status = reading.status;
    if (status == OK)
        control_turn_boxes(control);
    return status;
}

/* ------------------------------------------------------------------------ read by any thread */

json_t *control_timeboxes(struct control *control, uint16_t scope)
{
    struct instant now = instant_now();
    json_t *rows = json_array();

    pthread_mutex_lock(&control->promised);
    for (int i = 0; i < TIMEBOXES_MAX; i++)
        if (control->boxes.row[i].approval != 0 && control->boxes.row[i].scope == scope)
            timebox_show(&control->boxes.row[i], rows, now);
    pthread_mutex_unlock(&control->promised);
    return rows;
}
