/* pitwall audit verify --data DIR [--json]: exit 0 when the chain holds, 1 when it is broken. Reads
 * the database only, so it works while a server runs and when none does. */
#include "cli/cli.h"

#include "store/store.h"

#include <stdio.h>
#include <string.h>

struct audit_options {
    const char *dir;
    bool json;
};

/* NULL: well; else what is wrong. */
static const char *options_read(struct audit_options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            options->json = true;
        else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
            options->dir = argv[++i];
        else if (strcmp(argv[i], "--anchor") == 0)
            return "--anchor is not supported yet: there are no anchors to compare with";
        else
            return "unknown argument, or one without its value";
    }
    return options->dir ? NULL : "--data is missing";
}

static void print_plain(const json_t *report)
{
    long long rows = json_integer_value(json_object_get(report, "rows"));
    const json_t *bad = json_object_get(report, "first_bad_seq");

    if (json_is_integer(bad))
        printf("damaged: the chain breaks at row %lld; %lld rows there\n",
               (long long)json_integer_value(bad), rows);
    else
        printf("well: %lld rows, head %lld %s\n", rows,
               (long long)json_integer_value(json_object_get(report, "head_seq")),
               json_string_value(json_object_get(report, "head_hash")));
}

int cli_audit(int argc, char **argv)
{
    struct audit_options options = {0};
    struct err err = {0};
    const char *problem;
    json_t *report;
    bool well;

    if (argc < 1 || strcmp(argv[0], "verify") != 0)
        return cli_usage("audit", "say what: verify");
    problem = options_read(&options, argc, argv);
    if (problem)
        return cli_usage("audit", problem);
    if (store_audit_verify(options.dir, &report, &err) != OK)
        return cli_fail("audit", &err);
    if (options.json) {
        json_dumpf(report, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        print_plain(report);
    }
    well = json_is_true(json_object_get(report, "ok"));
    json_decref(report);
    return well ? 0 : 1;
}
