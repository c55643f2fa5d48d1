#include "cli/drift.h"

#include "cli/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LASTING_MS = 2000 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_halted(const json_t *states, const char *instrument)
{
    char scope[CLI_VALUE_MAX];
    json_t *item;
    size_t at;

    snprintf(scope, sizeof scope, "instrument/%s", instrument);
    json_array_foreach(states, at, item)
    {
        if (strcmp(cli_text(item, "scope"), scope) == 0)
            return strcmp(cli_text(item, "effective"), "HALTED") == 0;
    }
    return false;
}

/* What is known of it after this look. */
static const json_t *note(struct drift *drift, const char *instrument, const json_t *lots)
{
    const json_t *before = json_object_get(drift->seen, instrument);
    bool is_same = before && json_equal(json_object_get(before, "drift"), lots);

    if (!is_same)
        json_object_set_new(drift->seen, instrument,
                            json_pack("{s:O,s:I,s:b}", "drift", lots, "since_ms",
                                      (json_int_t)now_ms(), "moved", before != NULL));
    return json_object_get(drift->seen, instrument);
}

bool drift_look(struct drift *drift, json_t *positions, const json_t *states)
{
    bool is_unsure = false;
    json_t *position;
    size_t at;

    if (!drift->seen)
        drift->seen = json_object();
    json_array_foreach(positions, at, position)
    {
        const char *instrument = cli_text(position, "instrument");
        json_t *lots = json_object_get(position, "drift");
        char value[CLI_VALUE_MAX], text[CLI_VALUE_MAX + 16];
        const json_t *known = note(drift, instrument, lots ? lots : json_null());
        bool is_moment =
            json_integer_value(lots) != 0 && !is_halted(states, instrument) &&
            now_ms() - json_integer_value(json_object_get(known, "since_ms")) < LASTING_MS;

        snprintf(text, sizeof text, "%s%s", cli_value(lots, value), is_moment ? " on its way" : "");
        json_object_set_new(position, "cli_drift", json_string(text));
        is_unsure |= is_moment && !json_is_true(json_object_get(known, "moved"));
    }
    return is_unsure;
}

void drift_wait(void)
{
    const struct timespec span = {.tv_nsec = DRIFT_LOOK_MS * 1000000L};

    nanosleep(&span, NULL);
}

void drift_end(struct drift *drift)
{
    json_decref(drift->seen);
    *drift = (struct drift){0};
}
