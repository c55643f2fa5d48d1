#include "control/timebox.h"

#include "thread/log.h"
#include "view/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLEW_NS 1000000000LL

static int64_t tighter(enum limit_id id, int64_t a, int64_t b)
{
    return limit_loosens(id, a, b) ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ------------------------------------------------------------------------------- one box */

bool timebox_make(struct timebox *box, const struct limits_change *change, const struct limits *now,
                  const struct limits *firm)
{
    bool raises = false;

    *box = (struct timebox){0};
    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit_id id = (enum limit_id)i;

        if (!change->named[i] ||
            !limit_change_loosens(id, now->value[i], change->asked.value[i], firm))
            continue;
        box->named[i] = raises = true;
        box->value.value[i] = change->asked.value[i];
        /* What nobody set denied, and so does null; what is set later elsewhere does not change
         * that. */
        box->back_to.value[i] = now->value[i] == LIMIT_UNSET ? LIMIT_DENY : now->value[i];
    }
    return raises;
}

void timebox_start(struct timebox *box, int64_t duration_ns, struct instant now)
{
    box->set_ns = now.wall_ns;
    box->until_ns = now.wall_ns + duration_ns;
    box->mono_until_ns = now.mono_ns + duration_ns;
    timebox_note(box, now);
}

void timebox_resume(struct timebox *box, struct instant now)
{
    int64_t left_ns = smaller(box->left_ns, box->until_ns - now.wall_ns);

    if (now.wall_ns < box->noted_ns)
        left_ns = 0;
    box->mono_until_ns = now.mono_ns + left_ns;
}

int64_t timebox_left_ns(const struct timebox *box, struct instant now)
{
    return smaller(box->until_ns - now.wall_ns, box->mono_until_ns - now.mono_ns);
}

/* Never more than was noted before; the moment only moves on. */
void timebox_note(struct timebox *box, struct instant now)
{
    box->left_ns = timebox_left_ns(box, now);
    if (now.wall_ns > box->noted_ns)
        box->noted_ns = now.wall_ns;
}

/* ----------------------------------------------------------------------------- all of them */

struct timebox *timeboxes_add(struct timeboxes *boxes, const struct timebox *box)
{
    for (int i = 0; i < TIMEBOXES_MAX; i++)
        if (boxes->row[i].approval == 0) {
            boxes->row[i] = *box;
            return &boxes->row[i];
        }
    return NULL;
}

static bool is_over(const struct timebox *box, struct instant now)
{
    return timebox_left_ns(box, now) <= 0;
}

bool timeboxes_due(const struct timeboxes *boxes, uint16_t scope, struct instant now)
{
    for (int i = 0; i < TIMEBOXES_MAX; i++)
        if (boxes->row[i].approval != 0 && boxes->row[i].scope == scope &&
            is_over(&boxes->row[i], now))
            return true;
    return false;
}

/* It came after `box`, still runs, and holds that limit. */
static bool runs_on(const struct timebox *later, const struct timebox *box, int id,
                    struct instant now)
{
    return later->approval > box->approval && later->scope == box->scope && later->named[id] &&
           !is_over(later, now);
}

/* What may stand of that limit when `box` is over. */
static int64_t permitted(const struct timeboxes *boxes, const struct timebox *box, int id,
                         struct instant now)
{
    const struct timebox *newest = NULL;

    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        const struct timebox *row = &boxes->row[i];

        if (runs_on(row, box, id, now) && (!newest || row->approval > newest->approval))
            newest = row;
    }
    return newest ? newest->value.value[id] : box->back_to.value[id];
}

bool timeboxes_return(const struct timeboxes *boxes, uint16_t scope, struct instant now,
                      const struct limits *stands, struct limits *next)
{
    bool differs = false;

    *next = *stands;
    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        const struct timebox *box = &boxes->row[i];

        if (box->approval == 0 || box->scope != scope || !is_over(box, now))
            continue;
        for (int id = 0; id < LIMIT_COUNT; id++)
            if (box->named[id])
                next->value[id] =
                    tighter((enum limit_id)id, permitted(boxes, box, id, now), next->value[id]);
    }
    for (int id = 0; id < LIMIT_COUNT; id++)
        differs |= next->value[id] != stands->value[id];
    return differs;
}

void timeboxes_hand_over(struct timeboxes *boxes, const struct timebox *over, struct instant now,
                         bool changed[TIMEBOXES_MAX])
{
    for (int i = 0; i < TIMEBOXES_MAX; i++) {
        struct timebox *box = &boxes->row[i];

        for (int id = 0; id < LIMIT_COUNT; id++) {
            int64_t *back_to = &box->back_to.value[id];

            if (!over->named[id] || !runs_on(box, over, id, now) ||
                !limit_loosens((enum limit_id)id, over->back_to.value[id], *back_to))
                continue;
            *back_to = over->back_to.value[id];
            changed[i] = true;
        }
    }
}

/* ---------------------------------------------------------------------------------- JSON */

static json_t *whole_json(int64_t value)
{
    return json_sprintf("%" PRId64, value);
}

json_t *timebox_kept(const struct timebox *box, const char *scope)
{
    json_t *limits = json_object();

    for (int id = 0; id < LIMIT_COUNT; id++)
        if (box->named[id])
            json_object_set_new(limits, limit_row((enum limit_id)id)->name,
                                json_pack("{s:o,s:o}", "value", whole_json(box->value.value[id]),
                                          "back_to", whole_json(box->back_to.value[id])));
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", "scope", scope, "limits", limits, "set_ns",
                     whole_json(box->set_ns), "until_ns", whole_json(box->until_ns), "left_ns",
                     whole_json(box->left_ns), "noted_ns", whole_json(box->noted_ns));
}

static bool whole_read(const json_t *object, const char *name, int64_t *value)
{
    const char *text = json_string_value(json_object_get(object, name));
    char *end = NULL;

    *value = text ? strtoll(text, &end, 10) : 0;
    return text && end != text && *end == '\0';
}

static enum status limit_read(struct timebox *box, const char *name, const json_t *values,
                              struct err *err)
{
    enum limit_id id = limit_find(name, (uint32_t)strlen(name));

    if (id == LIMIT_COUNT)
        return err_format(err, ERR_NOT_FOUND, "there is no limit \"%.64s\"", name);
    box->named[id] = true;
    if (whole_read(values, "value", &box->value.value[id]) &&
        whole_read(values, "back_to", &box->back_to.value[id]))
        return OK;
    return err_format(err, ERR_DAMAGED, "control.db: a time box has no values of %s", name);
}

enum status timebox_read(struct timebox *box, const struct config *config, const char *key,
                         const json_t *kept, struct err *err)
{
    const char *scope = json_string_value(json_object_get(kept, "scope"));
    const char *name;
    json_t *values;
    enum status status = OK;

    *box = (struct timebox){0};
    if (key[0] != 'A' || (box->approval = strtoull(key + 1, NULL, 10)) == 0 || !scope ||
        !whole_read(kept, "set_ns", &box->set_ns) ||
        !whole_read(kept, "until_ns", &box->until_ns) ||
        !whole_read(kept, "left_ns", &box->left_ns) ||
        !whole_read(kept, "noted_ns", &box->noted_ns))
        return err_format(err, ERR_DAMAGED, "control.db: time box %.32s is not readable", key);
    if (!config_scope_find(config, scope, &box->scope))
        return err_format(err, ERR_NOT_FOUND, "there is no scope \"%.64s\"", scope);
    json_object_foreach(json_object_get(kept, "limits"), name, values)
    {
        if (status == OK)
            status = limit_read(box, name, values, err);
    }
    return status;
}

/* The wall clock as it is to be read at the end; what clocks differ by of themselves is not
 * shown. */
static int64_t shown_until_ns(const struct timebox *box, struct instant now)
{
    int64_t by_mono_ns = now.wall_ns + (box->mono_until_ns - now.mono_ns);

    return box->until_ns - by_mono_ns > SLEW_NS ? by_mono_ns : box->until_ns;
}

void timebox_show(const struct timebox *box, json_t *rows, struct instant now)
{
    for (int i = 0; i < LIMIT_COUNT; i++) {
        enum limit_id id = (enum limit_id)i;

        if (box->named[i])
            json_array_append_new(rows,
                                  json_pack("{s:s,s:o,s:o,s:o,s:o}", "name", limit_row(id)->name,
                                            "value", limit_value_json(id, box->value.value[i]),
                                            "back_to", limit_value_json(id, box->back_to.value[i]),
                                            "until_ns", whole_json(shown_until_ns(box, now)),
                                            "approval", json_sprintf("A%" PRIu64, box->approval)));
    }
}
