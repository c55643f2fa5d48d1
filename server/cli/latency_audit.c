/* pitwall latency-audit [--core N | --config FILE] [--json]: what this host does to latency, and
 * what to do. `--config` is for the core that `run` would take of it: engine.core, chosen of the
 * cores that this process may use. It needs no server, and must not run beside one that trades: it
 * takes the engine's core for two seconds. Exit code 1 when a row fails. */
#include "cli/client.h"
#include "cli/table.h"
#include "config/config.h"
#include "host/audit.h"
#include "thread/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND_SHOWN = 36 };

/* Configurations are large, and this process ends soon. */
static enum status configured_core(const char *path, int *core, struct err *err)
{
    static struct config config;
    enum status status = config_load(&config, path, NULL, err);

    if (status == OK)
        *core = config.engine.core;
    return status;
}

/* `by` is who named the core. A made-up tree is read for a core that this machine need not have,
 * and is not measured. */
static enum status look(struct host_audit *audit, int core, const char *by, const char *root,
                        struct err *err)
{
    enum status status;

    if (root) {
        audit->core = core < 0 ? 0 : core;
        host_files(audit, root);
        return OK;
    }
    status = thread_place_engine(core, &audit->core, err);
    if (status != OK)
        return err_wrap(err, status, by);
    if (audit->core < 0) /* the one core that there is */
        audit->core = 0;
    host_files(audit, "");
    host_calls(audit);
    return host_measure(audit, err);
}

/* ---- for people --------------------------------------------------------------------------- */

static void print_rows(const struct host_audit *audit)
{
    static const struct table_column columns[] = {
        {"VERDICT", false}, {"CHECK", false}, {"FOUND", false}, {"WANTED", false}};
    struct table table;

    table_begin(&table, columns, sizeof columns / sizeof *columns, NULL);
    for (size_t at = 0; at < audit->rows; at++) {
        const struct host_row *row = &audit->row[at];
        char found[HOST_FOUND_MAX], name[64];

        (void)snprintf(name, sizeof name, "%s.%s", row->area, row->name);
        (void)snprintf(found, sizeof found, "%.*s%s", FOUND_SHOWN, row->found,
                       strlen(row->found) > FOUND_SHOWN ? ".." : "");
        table_add(&table, host_verdict_name(row->verdict));
        table_add(&table, name);
        table_add(&table, found);
        table_add(&table, strcmp(row->wanted, "reported") == 0 ? "" : row->wanted);
    }
    table_print(&table, stdout, 0, SIZE_MAX);
    table_end(&table);
}

static void print_hints(const struct host_audit *audit, enum host_verdict verdict)
{
    for (size_t at = 0; at < audit->rows; at++) {
        const struct host_row *row = &audit->row[at];

        if (row->verdict == verdict)
            printf("%s  %s.%s: %s\n", host_verdict_name(verdict), row->area, row->name, row->hint);
    }
}

static void print_text(const struct host_audit *audit)
{
    print_rows(audit);
    printf("\n");
    print_hints(audit, HOST_FAIL);
    print_hints(audit, HOST_WARN);
    printf("core %d: %zu ok, %zu warn, %zu fail, %zu unknown (not there, or not to be read here)\n",
           audit->core, host_count(audit, HOST_OK), host_count(audit, HOST_WARN),
           host_count(audit, HOST_FAIL), host_count(audit, HOST_UNKNOWN));
}

/* ---- the verb ------------------------------------------------------------------------------ */

static bool core_of(const char *text, int *core)
{
    char *end;
    long value;

    *core = -1;
    if (!text)
        return true;
    errno = 0;
    value = strtol(text, &end, 10);
    *core = (int)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value <= 1023;
}

int cli_latency_audit(int argc, char **argv)
{
    struct client_target target = {0};
    const char *core_text = NULL, *config = NULL, *root = NULL;
    const struct cli_option options[] = {{"--core", &core_text, NULL},
                                         {"--config", &config, NULL},
                                         {"--root", &root, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct host_audit *audit;
    struct err err = {0};
    int core, code;

    if (!problem && (target.dir || target.url))
        problem = "it looks at this machine, and takes neither --data nor --url";
    if (!problem && !core_of(core_text, &core))
        problem = "--core wants the number of a core, 0 to 1023";
    if (!problem && core_text && config)
        problem = "--core and --config both name the core; give one";
    if (problem)
        return cli_usage("latency-audit", problem);
    audit = calloc(1, sizeof *audit);
    if (!audit)
        return cli_usage("latency-audit", "out of memory");
    if ((config && configured_core(config, &core, &err) != OK) ||
        look(audit, core, config ? config : "--core", root, &err) != OK) {
        code = cli_fail("latency-audit", &err);
    } else {
        json_t *json = target.json ? host_json(audit) : NULL;

        if (json)
            cli_print_json(json);
        else
            print_text(audit);
        json_decref(json);
        code = host_worst(audit) == HOST_FAIL;
    }
    free(audit);
    return code;
}
