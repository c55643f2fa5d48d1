#include "control/first_day.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "view/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_NS 60000000000LL
#define SLEW_NS 1000000000LL

/* ------------------------------------------------------------------------------ the ceiling */

static int64_t ceiling_of(int id, const struct limits *named, const struct limits *stands,
                          const struct limits *firm)
{
    if (named->value[id] != LIMIT_UNSET)
        return named->value[id];
    if (stands->value[id] == LIMIT_UNSET && firm->value[id] == LIMIT_UNSET)
        return LIMIT_DENY;
    return stands->value[id];
}

void first_day_ceiling(struct limits *ceiling, const struct limits *named,
                       const struct limits *stands, const struct limits *firm)
{
    for (int id = 0; id < LIMIT_COUNT; id++)
        ceiling->value[id] = ceiling_of(id, named, stands, firm);
}

/* What the scope does not set is bounded by the firm alone, if by anything: nothing passes a limit
 * that nobody sets. */
static bool is_above(int id, int64_t ceiling, int64_t stands, const struct limits *firm)
{
    if (ceiling == LIMIT_UNSET)
        return false;
    if (stands == LIMIT_UNSET)
        return firm->value[id] != LIMIT_UNSET;
    return limit_loosens((enum limit_id)id, ceiling, stands);
}

bool first_day_holds_down(const struct first_day *day, const struct limits *stands,
                          const struct limits *firm, struct limits *next)
{
    bool differs = false;

    *next = *stands;
    for (int id = 0; id < LIMIT_COUNT; id++) {
        if (!is_above(id, day->ceiling.value[id], stands->value[id], firm))
            continue;
        next->value[id] = day->ceiling.value[id];
        differs = true;
    }
    return differs;
}

/* ------------------------------------------------------------------------------- the clocks */

static void run_on(struct first_day *day, int64_t left_ns, struct instant now)
{
    day->noted_mono_ns = now.mono_ns;
    day->mono_until_ns = now.mono_ns + left_ns;
    day->until_ns = now.wall_ns + left_ns;
}

void first_day_start(struct first_day *day, struct instant now)
{
    day->at_ns = day->noted_ns = now.wall_ns;
    day->left_ns = FIRST_DAY_NS;
    run_on(day, FIRST_DAY_NS, now);
}

/* What was noted stays: an end that came while the program was down is still to be told. */
void first_day_resume(struct first_day *day, struct instant now)
{
    int64_t down_ns = now.wall_ns - day->noted_ns;
    int64_t left_ns = day->left_ns - (down_ns > 0 ? down_ns : 0);

    run_on(day, left_ns > 0 ? left_ns : 0, now);
}

int64_t first_day_left_ns(const struct first_day *day, struct instant now)
{
    return day->mono_until_ns - now.mono_ns;
}

static bool is_step(int64_t ns)
{
    return ns > SLEW_NS || ns < -SLEW_NS;
}

/* A step that is not noted would count as time that the program was down. */
bool first_day_is_due(const struct first_day *day, struct instant now)
{
    int64_t mono_ns = now.mono_ns - day->noted_mono_ns;

    return mono_ns >= NOTE_NS || is_step(now.wall_ns - day->noted_ns - mono_ns);
}

void first_day_note(struct first_day *day, struct instant now)
{
    int64_t left_ns = first_day_left_ns(day, now);

    day->left_ns = left_ns > 0 ? left_ns : 0;
    day->noted_ns = now.wall_ns;
    day->noted_mono_ns = now.mono_ns;
    if (is_step(now.wall_ns + left_ns - day->until_ns))
        day->until_ns = now.wall_ns + left_ns;
}

/* ------------------------------------------------------------------------------------- JSON */

static json_t *whole_json(int64_t value)
{
    return json_sprintf("%" PRId64, value);
}

json_t *first_day_kept(const struct first_day *day)
{
    json_t *ceiling = json_object();

    for (int id = 0; id < LIMIT_COUNT; id++)
        if (day->ceiling.value[id] != LIMIT_UNSET)
            json_object_set_new(ceiling, limit_row((enum limit_id)id)->name,
                                whole_json(day->ceiling.value[id]));
    return json_pack("{s:o,s:s,s:s,s:s,s:o,s:o,s:o}", "at_ns", whole_json(day->at_ns), "by",
                     day->by, "proposer", day->proposer, "approval", day->approval, "left_ns",
                     whole_json(day->left_ns), "noted_ns", whole_json(day->noted_ns), "ceiling",
                     ceiling);
}

static bool whole_read(const json_t *json, int64_t *value)
{
    const char *text = json_string_value(json);
    char *end = NULL;

    *value = text ? strtoll(text, &end, 10) : 0;
    return text && end != text && *end == '\0';
}

static bool time_read(const json_t *kept, const char *name, int64_t least, int64_t *value)
{
    return whole_read(json_object_get(kept, name), value) && *value >= least;
}

static bool text_read(const json_t *kept, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(kept, name));

    return text && snprintf(out, size, "%s", text) < (int)size;
}

static bool ceiling_read(struct limits *ceiling, const json_t *kept)
{
    const char *name;
    json_t *value;
    bool is_fit = json_is_object(kept);

    for (int id = 0; id < LIMIT_COUNT; id++)
        ceiling->value[id] = LIMIT_UNSET;
    json_object_foreach((json_t *)kept, name, value)
    {
        enum limit_id id = limit_find(name, (uint32_t)strlen(name));

        if (id != LIMIT_COUNT)
            is_fit = is_fit && whole_read(value, &ceiling->value[id]);
    }
    return is_fit;
}

enum status first_day_read(struct first_day *day, const char *strategy, const json_t *kept,
                           struct err *err)
{
    *day = (struct first_day){0};
    if (time_read(kept, "at_ns", 1, &day->at_ns) && time_read(kept, "left_ns", 0, &day->left_ns) &&
        day->left_ns <= FIRST_DAY_NS && time_read(kept, "noted_ns", 1, &day->noted_ns) &&
        text_read(kept, "by", day->by, sizeof day->by) &&
        text_read(kept, "proposer", day->proposer, sizeof day->proposer) &&
        text_read(kept, "approval", day->approval, sizeof day->approval) &&
        ceiling_read(&day->ceiling, json_object_get(kept, "ceiling")))
        return OK;
    return err_format(err, ERR_DAMAGED,
                      "control.db: when strategy %.48s was armed, and its ceiling, is not readable",
                      strategy);
}

static bool is_running(const struct first_day *day, struct instant now)
{
    return day->at_ns != 0 && first_day_left_ns(day, now) > 0;
}

json_t *first_day_armed_json(const struct first_day *day, struct instant now)
{
    if (day->at_ns == 0)
        return json_null();
    return json_pack("{s:o,s:s,s:o}", "at_ns", whole_json(day->at_ns), "by", day->by,
                     "first_day_until_ns",
                     is_running(day, now) ? whole_json(day->until_ns) : json_null());
}

json_t *first_day_json(const struct first_day *day, struct instant now)
{
    json_t *ceiling;

    if (!is_running(day, now))
        return json_null();
    ceiling = json_object();
    for (int id = 0; id < LIMIT_COUNT; id++)
        if (day->ceiling.value[id] != LIMIT_UNSET)
            json_object_set_new(ceiling, limit_row((enum limit_id)id)->name,
                                limit_value_json((enum limit_id)id, day->ceiling.value[id]));
    return json_pack("{s:o,s:o}", "until_ns", whole_json(day->until_ns), "ceiling", ceiling);
}

void first_day_until(const struct first_day *day, char out[32])
{
    if (!clock_print_utc(out, day->until_ns / 1000000000))
        (void)snprintf(out, 32, "%" PRId64, day->until_ns);
}
