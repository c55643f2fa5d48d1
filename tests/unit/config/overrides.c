/* What people set over the file: every row of the table can be shown and read again; a change is
 * all or none; the looser direction is found; what waits for a restart is told apart. */
#include "config/overrides.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct config config;
static struct overrides *overrides;
static struct err err;

static void open_with(const char *stored)
{
    json_t *json = stored ? json_loads(stored, 0, NULL) : NULL;

    memset(&config, 0, sizeof config);
    settings_default(&config);
    cr_assert_eq(overrides_open(&overrides, &config, json, &err), OK, "%s", err.text);
    json_decref(json);
}

static void open_empty(void)
{
    open_with(NULL);
}

static void close_it(void)
{
    overrides_close(overrides);
}

TestSuite(overrides, .init = open_empty, .fini = close_it);

static enum status parse(const char *settings, struct settings_change *change)
{
    json_t *json = json_loads(settings, 0, NULL);
    enum status status = settings_change_parse(json, change, &err);

    json_decref(json);
    return status;
}

static struct settings_effect weigh(const char *settings)
{
    struct settings_change change;
    struct settings_effect effect;

    cr_assert_eq(parse(settings, &change), OK, "%s", err.text);
    cr_assert_eq(overrides_weigh(overrides, &change, &effect, &err), OK);
    json_decref(effect.old_value);
    json_decref(effect.new_value);
    return effect;
}

static void commit(const char *settings)
{
    struct settings_change change;

    cr_assert_eq(parse(settings, &change), OK, "%s", err.text);
    overrides_commit(overrides, &change);
}

Test(overrides, every_row_is_shown_as_the_file_would_have_it)
{
    const struct setting_text *rows;
    uint32_t count = config_settings(&rows);

    for (int at = 0; at < (int)count; at++) {
        char shown[CONFIG_TEXT_MAX];
        char again[CONFIG_TEXT_MAX];

        cr_assert_eq(setting_number(rows[at].path), at);
        setting_print(at, &config, shown);
        cr_assert_eq(setting_read(at, shown, &config, &err), OK, "%s: %s", rows[at].path, err.text);
        setting_print(at, &config, again);
        cr_assert_str_eq(again, shown);
    }
}

Test(overrides, the_looser_way_is_found)
{
    cr_assert(weigh("{\"log.level\": \"error\"}").loosens, "it hides warnings");
    commit("{\"log.level\": \"error\"}");
    cr_assert_not(weigh("{\"log.level\": \"info\"}").loosens);
    cr_assert(weigh("{\"engine.silent_ms\": 2001}").loosens);
    cr_assert_not(weigh("{\"engine.silent_ms\": 1999}").loosens);
    cr_assert(weigh("{\"journal.low_water\": \"255 MiB\"}").loosens);
    cr_assert_not(weigh("{\"journal.low_water\": \"257 MiB\"}").loosens);
    cr_assert(weigh("{\"audit.keep_days\": 30}").loosens);
    cr_assert(weigh("{\"log.level\": \"info\", \"engine.silent_ms\": 2001}").loosens);
    cr_assert_not(weigh("{\"engine.batch_messages\": 4}").loosens);
}

Test(overrides, what_changes_nothing_moves_nothing)
{
    commit("{\"engine.silent_ms\": 1500}");
    cr_assert_eq(weigh("{\"engine.silent_ms\": \"1500.0\"}").moves, 0);
    cr_assert_eq(weigh("{\"engine.stuck_ms\": null}").moves, 0);
    cr_assert_eq(weigh("{\"engine.silent_ms\": null}").moves, 1);
    cr_assert_eq(weigh("{\"engine.stuck_ms\": 50}").needs_halt, setting_number("engine.stuck_ms"));
}

Test(overrides, a_bad_one_refuses_all)
{
    struct settings_change change;

    cr_assert_eq(parse("{\"log.level\": \"warn\", \"audit.anchor_s\": 0}", &change),
                 ERR_OUT_OF_RANGE);
    cr_assert_eq(parse("{\"log.level\": \"warn\", \"log.levels\": 0}", &change),
                 ERR_UNKNOWN_SETTING);
    cr_assert_eq(parse("{\"listen\": \"127.0.0.1:1\"}", &change), ERR_NOT_SUPPORTED);
    cr_assert_eq(parse("{\"log.level\": 1.5}", &change), ERR_MALFORMED);
    cr_assert_eq(parse("[]", &change), ERR_MALFORMED);
}

Test(overrides, what_needs_a_restart_waits_and_the_next_start_has_it)
{
    struct settings_change change;
    char hash[HASH_TEXT_MAX];
    char after[HASH_TEXT_MAX];
    json_t *stored;
    char *text;

    overrides_hash(overrides, hash);
    cr_assert_eq(parse("{\"engine.step_budget_ms\": \"15.5\"}", &change), OK);
    stored = overrides_stored(overrides, &change);
    text = json_dumps(stored, JSON_COMPACT);
    overrides_commit(overrides, &change);
    cr_assert(overrides_pending(overrides));
    cr_assert_eq(overrides_running(overrides)->engine.step_budget_ns, 20000000);
    overrides_hash(overrides, after);
    cr_assert_str_neq(after, hash);
    overrides_close(overrides);
    open_with(text);
    cr_assert_eq(config.engine.step_budget_ns, 15500000);
    cr_assert_eq(overrides_version(overrides), 1);
    cr_assert_not(overrides_pending(overrides));
    cr_assert_str_eq(config.hash_text, after);
    json_decref(stored);
    free(text);
}

Test(overrides, one_that_no_longer_fits_is_named_and_nothing_is_taken)
{
    static const char *const bad[] = {
        "{\"version\": 1, \"settings\": {\"audit.anchor_s\": \"0\"}}",
        "{\"version\": 1, \"settings\": {\"audit.gone\": \"5\"}}",
        "{\"version\": 1, \"settings\": {\"mode\": \"live\"}}",
    };

    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        struct overrides *none = NULL;
        json_t *json = json_loads(bad[at], 0, NULL);

        cr_assert_eq(overrides_open(&none, &config, json, &err), ERR_CONFIG);
        cr_assert(strstr(err.text, "--forget"), "%s", err.text);
        cr_assert_null(none);
        cr_assert_eq(config.mode, MODE_SIM);
        json_decref(json);
    }
}
