/* pitwall audit verify|query|export|report|rebuild. All but a query over --url read the directory
 * themselves, so they work while a server runs and when none does. */
#include "cli/audit.h"

#include "cli/client.h"
#include "store/store.h"
#include "store/verify.h"

#include <stdio.h>
#include <string.h>

static void print_verdict(const json_t *report)
{
    long long rows = json_integer_value(json_object_get(report, "rows"));
    long long anchors = json_integer_value(json_object_get(report, "anchors"));
    const json_t *bad = json_object_get(report, "first_bad_seq");

    if (json_is_true(json_object_get(report, "ok")))
        printf("well: %lld rows, %lld signed heads, head %lld %s\n", rows, anchors,
               (long long)json_integer_value(json_object_get(report, "head_seq")),
               cli_text(report, "head_hash"));
    else if (json_is_integer(bad))
        printf("damaged: at row %lld: %s; %lld rows there\n", (long long)json_integer_value(bad),
               cli_text(report, "reason"), rows);
    else
        printf("damaged: %s; %lld rows there\n", cli_text(report, "reason"), rows);
}

int audit_cli_verify(int argc, char **argv)
{
    struct verify_sources from = {0};
    struct client_target target = {0};
    const struct cli_option options[] = {
        {"--anchor", &from.anchor_file, NULL}, {"--key", &from.key_file, NULL}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct err err = {0};
    json_t *report;
    bool well;

    if (!problem && !target.dir)
        problem = "--data is missing";
    if (problem)
        return cli_usage("audit", problem);
    from.dir = target.dir;
    if (audit_verify(&from, &report, &err) != OK)
        return cli_fail("audit", &err);
    if (target.json) {
        json_dumpf(report, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        print_verdict(report);
    }
    well = json_is_true(json_object_get(report, "ok"));
    json_decref(report);
    return well ? 0 : 1;
}

int audit_cli_rebuild(int argc, char **argv)
{
    struct client_target target = {0};
    const char *out = NULL;
    const struct cli_option options[] = {{"--out", &out, NULL}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct err err = {0};
    int64_t rows;

    if (!problem && !target.dir)
        problem = "--data is missing";
    if (!problem && !out)
        problem = "--out is missing: the file of the new database";
    if (problem)
        return cli_usage("audit", problem);
    if (store_rebuild(target.dir, out, &rows, &err) != OK)
        return cli_fail("audit", &err);
    if (target.json)
        printf("{\"rows\":%lld}\n", (long long)rows);
    else
        printf("%lld rows made from the journal of %s\n", (long long)rows, target.dir);
    return 0;
}

int cli_audit(int argc, char **argv)
{
    static const struct {
        const char *word;
        int (*run)(int argc, char **argv);
    } words[] = {{"verify", audit_cli_verify},
                 {"query", audit_cli_query},
                 {"export", audit_cli_export},
                 {"report", audit_cli_report},
                 {"rebuild", audit_cli_rebuild}};

    for (size_t at = 0; argc > 0 && at < sizeof words / sizeof *words; at++)
        if (strcmp(argv[0], words[at].word) == 0)
            return words[at].run(argc - 1, argv + 1);
    return cli_usage("audit", "say what: verify, query, export, report or rebuild");
}
