/* pitwall audit query and export. */
#include "cli/audit.h"

#include "cli/audit_words.h"
#include "cli/client.h"
#include "cli/table.h"
#include "store/export.h"
#include "store/query.h"
#include "thread/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, FILTERS = 6 };

struct filters {
    const char *from, *to, *actor, *kind, *scope, *q;
    const char *limit, *cursor;
    const char *format, *out;
};

/* --- filters --- */

/* "2026-11-26T08:00:00Z", "2026-11-26", or ns since the epoch. */
static bool time_read(const char *text, int64_t *ns)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%SZ", "%Y-%m-%d"};
    size_t digits = strspn(text, "0123456789");

    if (digits > 8 && text[digits] == '\0' && digits < 20) {
        *ns = strtoll(text, NULL, 10);
        return true;
    }
    for (size_t at = 0; at < sizeof forms / sizeof *forms; at++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[at], &tm);

        if (end && *end == '\0') {
            *ns = (int64_t)timegm(&tm) * 1000000000LL;
            return true;
        }
    }
    return false;
}

static bool number_read(const char *text, uint64_t most, uint64_t *value)
{
    char *end;

    if (!text)
        return true;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *value <= most;
}

/* NULL: well; else what is wrong. */
static const char *filters_read(const struct filters *filters, struct store_query *query)
{
    uint64_t limit = LIMIT_DEFAULT;

    *query = (struct store_query){
        .actor = filters->actor, .kind = filters->kind, .scope = filters->scope, .q = filters->q};
    if (filters->from && !time_read(filters->from, &query->from_ns))
        return "--from wants 2026-11-26, 2026-11-26T08:00:00Z or ns since the epoch";
    if (filters->to && !time_read(filters->to, &query->to_ns))
        return "--to wants 2026-11-26, 2026-11-26T08:00:00Z or ns since the epoch";
    if (!number_read(filters->limit, LIMIT_MAX, &limit) || limit == 0)
        return "--limit must be 1 to 1000";
    if (!number_read(filters->cursor, INT64_MAX, &query->before_seq))
        return "--cursor must be what `next` was";
    query->limit = (uint32_t)limit;
    return NULL;
}

/* --- query --- */

static void add_change(struct table *table, const json_t *item)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out) {
        audit_words(out, item);
        fclose(out);
    }
    table_add(table, text);
    free(text);
}

/* What changed comes last: it may be long. */
static void print_items(const json_t *list)
{
    static const struct table_column columns[] = {
        {"SEQ", true},    {"AT", false},     {"KIND", false},  {"ACTOR", false},
        {"SCOPE", false}, {"REASON", false}, {"CHANGE", false}};
    const json_t *items = json_object_get(list, "items");
    char text[CLI_VALUE_MAX], when[CLI_TIME_MAX];
    struct table table;
    json_t *item;
    size_t at;

    table_begin(&table, columns, sizeof columns / sizeof columns[0], NULL);
    json_array_foreach(items, at, item)
    {
        table_add(&table, cli_member(item, "seq", text));
        table_add(&table, cli_time(item, "at_ns", when));
        table_add(&table, cli_text(item, "kind"));
        table_add(&table, cli_text(item, "actor"));
        table_add(&table, cli_text(item, "scope"));
        table_add(&table, cli_text(item, "reason"));
        add_change(&table, item);
    }
    if (table.cells > 0)
        table_print(&table, stdout, 0, SIZE_MAX);
    else
        fprintf(stderr, "pitwall audit: no row fits\n");
    table_end(&table);
    if (json_is_string(json_object_get(list, "next")))
        fprintf(stderr, "more: --cursor %s\n", cli_text(list, "next"));
}

static enum status query_server(const struct client_target *target, const struct filters *filters,
                                const struct store_query *query, json_t **list, struct err *err)
{
    struct client_answer answer = {0};
    char path[2048], from[24], to[24];
    enum status status;

    (void)snprintf(path, sizeof path, "/api/v1/audit?limit=%u", query->limit);
    (void)snprintf(from, sizeof from, "%lld", (long long)query->from_ns);
    (void)snprintf(to, sizeof to, "%lld", (long long)query->to_ns);
    cli_path_add(path, sizeof path, "cursor", filters->cursor);
    cli_path_add(path, sizeof path, "from", filters->from ? from : NULL);
    cli_path_add(path, sizeof path, "to", filters->to ? to : NULL);
    cli_path_add(path, sizeof path, "actor", filters->actor);
    cli_path_add(path, sizeof path, "kind", filters->kind);
    cli_path_add(path, sizeof path, "scope", filters->scope);
    cli_path_add(path, sizeof path, "q", filters->q);
    status = client_call(target, "GET", path, NULL, NULL, &answer, err);
    *list = answer.json;
    return status;
}

/* What query and export are narrowed by. */
#define FILTER_OPTIONS(filters)                                                                    \
    {"--from", &(filters).from, NULL}, {"--to", &(filters).to, NULL},                              \
        {"--actor", &(filters).actor, NULL}, {"--kind", &(filters).kind, NULL},                    \
        {"--scope", &(filters).scope, NULL},                                                       \
    {                                                                                              \
        "--q", &(filters).q, NULL                                                                  \
    }

static enum status query_directory(const char *dir, const struct store_query *query, json_t **list,
                                   struct err *err)
{
    sqlite3 *db;
    enum status status = database_open_reader(dir, &db, err);

    if (status != OK)
        return status;
    status = query_run(db, query, list, err);
    sqlite3_close(db);
    return status;
}

int audit_cli_query(int argc, char **argv)
{
    struct filters filters = {0};
    struct client_target target = {0};
    const struct cli_option options[] = {FILTER_OPTIONS(filters),
                                         {"--limit", &filters.limit, NULL},
                                         {"--cursor", &filters.cursor, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    struct store_query query;
    struct err err = {0};
    json_t *list = NULL;
    enum status status;

    if (!problem)
        problem = cli_target_check(&target);
    if (!problem)
        problem = filters_read(&filters, &query);
    if (problem)
        return cli_usage("audit", problem);
    status = target.url ? query_server(&target, &filters, &query, &list, &err)
                        : query_directory(target.dir, &query, &list, &err);
    if (status != OK)
        return cli_fail("audit", &err);
    if (target.json) {
        cli_print_json(list);
    } else {
        text_tame_json(list);
        print_items(list);
    }
    json_decref(list);
    return 0;
}

/* --- export --- */

/* An export is an act like any other: a running server notes it. With none, nothing may be written
 * to a journal that no engine leads. */
static void note_export(const char *dir, const char *format)
{
    struct client_target target = {.dir = dir};
    struct client_answer answer = {0};
    json_t *body;
    struct err err;

    if (!client_is_server_there(dir)) {
        fprintf(stderr, "pitwall audit: no server runs: this export is not in the audit\n");
        return;
    }
    body = json_pack("{s:s}", "format", format);
    if (client_call(&target, "POST", "/local/audit-exports", body, NULL, &answer, &err) != OK)
        fprintf(stderr, "pitwall audit: this export is not in the audit: %s\n", err.text);
    json_decref(answer.json);
    json_decref(body);
}

static enum status copy_pieces(struct export *export, FILE *out, const char *path, struct err *err)
{
    const char *bytes;
    size_t length;
    enum status status;

    while ((status = export_next(export, &bytes, &length, err)) == OK && length > 0)
        if (fwrite(bytes, 1, length, out) != length)
            return err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    if (status == OK && fflush(out) != 0)
        return err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    return status;
}

static enum status run_export(const char *dir, const struct filters *filters,
                              enum export_format format, const struct store_query *query,
                              struct err *err)
{
    struct export *export;
    enum status status = export_open(&export, dir, query, format, err);
    FILE *out = stdout;

    if (status != OK)
        return status;
    if (filters->out && !(out = fopen(filters->out, "wxe")))
        status = err_format(err, errno == EEXIST ? ERR_USAGE : ERR_IO, "%s: %s", filters->out,
                            strerrordesc_np(errno));
    if (status == OK) {
        note_export(dir, filters->format ? filters->format : "csv");
        status = copy_pieces(export, out, filters->out ? filters->out : "stdout", err);
    }
    if (out && out != stdout && fclose(out) != 0 && status == OK)
        status = err_format(err, ERR_IO, "%s: %s", filters->out, strerrordesc_np(errno));
    export_close(export);
    return status;
}

int audit_cli_export(int argc, char **argv)
{
    struct filters filters = {0};
    struct client_target target = {0};
    const struct cli_option options[] = {FILTER_OPTIONS(filters),
                                         {"--format", &filters.format, NULL},
                                         {"--out", &filters.out, NULL},
                                         {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &target, options);
    enum export_format format = EXPORT_CSV;
    struct store_query query;
    struct err err = {0};

    if (!problem && !target.dir)
        problem = "--data is missing (over the network: GET /api/v1/audit/export)";
    if (!problem && filters.format && !export_format_read(filters.format, &format))
        problem = "--format is csv or ndjson";
    if (!problem)
        problem = filters_read(&filters, &query);
    if (problem)
        return cli_usage("audit", problem);
    if (run_export(target.dir, &filters, format, &query, &err) != OK)
        return cli_fail("audit", &err);
    return 0;
}
