#include "cli/cli.h"

#include "config/config.h"
#include "gateway/fault_script.h"
#include "gateways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int cli_check(int argc, char **argv)
{
    struct config *config = malloc(sizeof *config);
    bool connects = argc == 3 && strcmp(argv[2], "--connect") == 0;
    struct err err;
    int code = 0;

    if ((argc != 2 && !connects) || strcmp(argv[0], "--config") != 0 || !config) {
        free(config);
        return cli_usage("check", "wanted --config FILE [--connect]");
    }
    if (check(config, argv[1], &err) != OK)
        code = cli_fail("check", &err);
    else
        printf("%s is well: mode %s, %u instruments, %u strategies, hash %.12s\n", argv[1],
               mode_name(config->mode), config->instruments, config->strategies - 1U,
               config->hash_text);
    if (code == 0 && connects)
        code = connect_all(config);
    free(config);
    return code;
}
