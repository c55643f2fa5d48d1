#include "cli/cli.h"

#include "config/overrides.h"
#include "control/config_change.h"
#include "data_dir.h"
#include "gateway/fault_script.h"
#include "gateways.h"
#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status check(struct config *config, const char *path, struct err *err)
{
    struct fault_rule rules[FAULT_RULES_MAX];
    uint32_t count;
    enum status status = config_load(config, path, NULL, err);

    if (status == OK)
        status = config_check_tls(config, err);
    if (status == OK && config->market.faults[0] != '\0')
        status = fault_script_read(config->market.faults, config->instrument, config->instruments,
                                   rules, &count, err);
    return status;
}

/* ---- the venues ------------------------------------------------------------------------- */

static void print_finding(void *ctx, enum bybit_finding finding, const char *what,
                          const char *found)
{
    static const char *const names[] = {
        [BYBIT_GOOD] = "good", [BYBIT_WARN] = "warn", [BYBIT_BAD] = "BAD"};

    printf("%-12s  %-4s  %-14s  %s\n", (const char *)ctx, names[finding], what, found);
    (void)fflush(stdout);
}

/* How many findings are bad; a key that cannot be read is one. */
static uint32_t connect_venue(struct config *config, uint16_t venue)
{
    const struct venue_settings *settings = &config->venue_settings[venue];
    char key_path[CONFIG_TEXT_MAX * 2];
    struct bybit_config bybit;
    struct err err;
    uint32_t bad = 1;
    enum status status;

    gateways_bybit_config(config, venue, &bybit);
    if (settings->key_file[0] == '\0') {
        print_finding(config->venue[venue], BYBIT_GOOD, "key",
                      "no key_file: on paper none is needed; what is public is asked");
        return bybit_check(&bybit, print_finding, config->venue[venue]);
    }
    status = gateways_key_path(settings, key_path, &err);
    if (status == OK)
        status = bybit_read_key(key_path, bybit.key, bybit.secret, &err);
    if (status == OK)
        bad = bybit_check(&bybit, print_finding, config->venue[venue]);
    else
        print_finding(config->venue[venue], BYBIT_BAD, "key", err.text);
    explicit_bzero(&bybit, sizeof bybit);
    return bad;
}

/* The exit code: 69 when something is bad, as for what is not available. */
static int connect_all(struct config *config)
{
    uint32_t asked = 0;
    uint32_t bad = 0;

    for (uint16_t at = 0; at < config->venues; at++) {
        if (config->venue_settings[at].kind == GATEWAY_SIMULATED)
            continue;
        bad += connect_venue(config, at);
        asked++;
    }
    if (asked == 0)
        printf("no venue is a real one: there is nothing to connect to\n");
    return bad == 0 ? 0 : status_exit(ERR_UNAVAILABLE);
}

/* ---- what people have set over the file -------------------------------------------------- */

struct check_options {
    const char *config, *data, *forget;
    bool connects;
};

static bool options_read(int argc, char **argv, struct check_options *options)
{
    *options = (struct check_options){.config = NULL};
    for (int at = 0; at < argc; at++) {
        const char **text = strcmp(argv[at], "--config") == 0   ? &options->config
                            : strcmp(argv[at], "--data") == 0   ? &options->data
                            : strcmp(argv[at], "--forget") == 0 ? &options->forget
                                                                : NULL;

        if (text && ++at < argc)
            *text = argv[at];
        else if (!text && strcmp(argv[at], "--connect") == 0)
            options->connects = true;
        else
            return false;
    }
    return options->config && (options->data || !options->forget);
}

static enum status forget(struct keep *keep, const struct check_options *options, struct err *err)
{
    bool found = false;
    int lock_fd;
    enum status status = data_dir_lock(options->data, &lock_fd, err); /* no server may run */

    if (status == OK)
        status = config_change_forget(keep, options->forget, &found, err);
    if (status == OK && !found)
        status = err_format(err, ERR_NOT_FOUND, "%s is not overridden", options->forget);
    if (status == OK)
        printf("override %s is forgotten: the file's value is next\n", options->forget);
    return status;
}

static void print_overrides(struct overrides *overrides)
{
    json_t *json = overrides_json(overrides);
    size_t at;
    json_t *item;

    json_array_foreach(
        json_object_get(json, "items"), at,
        item) if (strcmp(json_string_value(json_object_get(item, "source")), "override") == 0)
        printf("override %s = %s (the file says %s)\n",
               json_string_value(json_object_get(item, "path")),
               json_string_value(json_object_get(item, "value")),
               json_string_value(json_object_get(item, "file")));
    json_decref(json);
}

static enum status check_overrides(struct config *config, const struct check_options *options,
                                   struct err *err)
{
    char path[DATA_PATH_MAX];
    struct overrides *overrides = NULL;
    struct keep *keep = NULL;
    enum status status;

    (void)snprintf(path, sizeof path, "%s/control.db", options->data);
    if (access(path, F_OK) != 0) /* nothing is set there, and nothing shall be made there */
        return options->forget ? err_format(err, ERR_NOT_FOUND, "%s is not there", path) : OK;
    status = keep_open(&keep, options->data, err);
    if (status == OK && options->forget)
        status = forget(keep, options, err);
    if (status == OK)
        status = config_change_open(keep, config, &overrides, err);
    if (status == OK)
        print_overrides(overrides);
    overrides_close(overrides);
    keep_close(keep);
    return status;
}

int cli_check(int argc, char **argv)
{
    struct config *config = malloc(sizeof *config);
    struct check_options options;
    struct err err;
    int code = 0;

    if (!config || !options_read(argc, argv, &options)) {
        free(config);
        return cli_usage("check", "wanted --config FILE [--data DIR [--forget PATH]] [--connect]");
    }
    if (check(config, options.config, &err) != OK ||
        (options.data && check_overrides(config, &options, &err) != OK))
        code = cli_fail("check", &err);
    else
        printf("%s is well: mode %s, %u instruments, %u strategies, hash %.12s\n", options.config,
               mode_name(config->mode), config->instruments, config->strategies - 1U,
               config->hash_text);
    if (code == 0 && options.connects)
        code = connect_all(config);
    free(config);
    return code;
}
