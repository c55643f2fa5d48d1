/* pitwall orders [show|why|cancel ID] and pitwall cancel-all. */
#include "cli/show.h"

#include "engine.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

static const char orders_path[] = "/api/v1/orders/";

/* ------------------------------------------------------------------------------- printing */

static void print_orders(const json_t *list)
{
    show_list(list, show_orders, ORDER_COLUMNS,
              "no order fits, of those that are kept; older ones: "
              "pitwall audit query --kind order");
}

/* Every member, in the server's order; times also as a date. */
static void print_order(const json_t *order)
{
    const char *name;
    json_t *value;
    char text[CLI_VALUE_MAX], when[CLI_TIME_MAX];

    json_object_foreach((json_t *)order, name, value)
    {
        size_t length = strlen(name);
        bool is_time = length > 3 && strcmp(name + length - 3, "_ns") == 0;

        printf("%-12s  %s%s%s\n", name, cli_value(value, text), is_time ? "  " : "",
               is_time ? cli_time(order, name, when) : "");
    }
}

/* What no scope bounds was not judged; what forbids outright has no bound. */
static const char *answer_word(const json_t *check)
{
    const char *name = cli_text(check, "name");

    if (!json_is_true(json_object_get(check, "passed")))
        return "DENIED";
    return json_is_null(json_object_get(check, "limit")) &&
                   limit_find(name, (uint32_t)strlen(name)) < LIMIT_COUNT
               ? "no limit"
               : "passed";
}

static void print_checks(const json_t *checks)
{
    static const struct table_column columns[] = {{"CHECK", false},   {"SCOPE", false},
                                                  {"MEASURED", true}, {"LIMIT", true},
                                                  {"HEADROOM", true}, {"ANSWER", false}};
    static const char *const members[] = {"name", "scope", "measured", "limit", "headroom"};
    char text[CLI_VALUE_MAX];
    struct table table;
    json_t *check;
    size_t at;

    table_begin(&table, columns, 6, NULL);
    json_array_foreach(checks, at, check)
    {
        for (size_t member = 0; member < 5; member++)
            table_add(&table, cli_member(check, members[member], text));
        table_add(&table, answer_word(check));
    }
    table_print(&table, stdout, 0, SIZE_MAX);
    table_end(&table);
}

static void print_ages(const json_t *ages)
{
    const char *name, *before = "ages: ";
    json_t *value;
    char age[CLI_TIME_MAX];

    json_object_foreach((json_t *)ages, name, value)
    {
        printf("%s%s %s", before, name, cli_age(cli_ns(ages, name), age));
        before = ", ";
    }
    printf("\n");
}

static void print_why(const json_t *why)
{
    char generation[CLI_VALUE_MAX];

    if (json_is_true(json_object_get(why, "passed")))
        printf("%s passed the gate", cli_text(why, "order"));
    else
        printf("%s was denied: %s", cli_text(why, "order"), cli_text(why, "reason"));
    printf(", by the limits of generation %s\n", cli_member(why, "generation", generation));
    print_checks(json_object_get(why, "checks"));
    print_ages(json_object_get(why, "ages_ns"));
}

/* --------------------------------------------------------------------------------- verbs */

/* An order that the gate denied is none, but its verdict may be there. */
static enum status say_missing(const struct client_target *target, const char *path,
                               struct err *err)
{
    const char *id = target->word[0];
    char why[CLI_PATH_MAX + 8];
    struct client_answer answer;
    struct err none;

    snprintf(why, sizeof why, "%s/why", path);
    if (client_call(target, "GET", why, NULL, NULL, &answer, &none) == OK &&
        json_is_false(json_object_get(answer.json, "passed")))
        err_format(err, ERR_NOT_FOUND,
                   "the gate denied %.40s: %s; `pitwall orders why %.40s` says more", id,
                   cli_text(answer.json, "reason"), id);
    else
        err_set(err, ERR_NOT_FOUND,
                "no such order is kept; older ones: pitwall audit query --kind order");
    json_decref(answer.json);
    return err->status;
}

static int show(const struct client_target *target, const char *path)
{
    struct client_answer answer;
    struct err err = {0};

    if (client_call(target, "GET", path, NULL, NULL, &answer, &err) == ERR_NOT_FOUND)
        say_missing(target, path, &err);
    if (err.status == OK && target->json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        print_order(answer.json);
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("orders", &err);
}

static int cancel(const struct client_target *target, const char *path)
{
    struct client_answer answer;
    struct err err = {0};
    char leaves[CLI_VALUE_MAX];

    client_call(target, "DELETE", path, NULL, NULL, &answer, &err);
    if (err.status == OK && target->json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        printf("cancelling %s: %s, %s still working; the venue has the last word\n",
               cli_text(answer.json, "id"), cli_text(answer.json, "state"),
               cli_member(answer.json, "leaves", leaves));
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("orders", &err);
}

static int one_order(int argc, char **argv)
{
    static const struct cli_option none[] = {{NULL, NULL, NULL}};
    struct client_target target = {.words_max = 1};
    const char *problem = cli_options_read(argc - 1, argv + 1, &target, none);
    char path[CLI_PATH_MAX];

    if (!problem)
        problem = cli_target_check(&target);
    if (!problem && target.words == 0)
        problem = "ID is missing: of the order";
    if (problem)
        return cli_usage("orders", problem);
    cli_path(path, orders_path, target.word[0]);
    if (strcmp(argv[0], "cancel") == 0)
        return cancel(&target, path);
    if (strcmp(argv[0], "show") == 0)
        return show(&target, path);
    if (strlen(path) + 5 > sizeof path)
        return cli_usage("orders", "that is no order");
    return cli_read("orders", &target, strcat(path, "/why"), print_why);
}

int cli_orders(int argc, char **argv)
{
    const char *instrument = NULL, *strategy = NULL, *limit = NULL, *cursor = NULL;
    bool is_open = false;
    const struct cli_option table[] = {
        {"--instrument", &instrument, NULL}, {"--strategy", &strategy, NULL},
        {"--limit", &limit, NULL},           {"--cursor", &cursor, NULL},
        {"--open", NULL, &is_open},          {NULL, NULL, NULL}};
    struct client_target target = {0};
    char path[CLI_PATH_MAX * 2] = "/api/v1/orders?";
    const char *problem;

    if (argc > 0 && argv[0][0] != '-')
        return one_order(argc, argv);
    problem = cli_options_read(argc, argv, &target, table);
    if (!problem)
        problem = cli_target_check(&target);
    if (problem)
        return cli_usage("orders", problem);
    cli_path_add(path, sizeof path, "limit", limit ? limit : "100");
    cli_path_add(path, sizeof path, "state", is_open ? "open" : NULL);
    cli_path_add(path, sizeof path, "instrument", instrument);
    cli_path_add(path, sizeof path, "strategy", strategy);
    cli_path_add(path, sizeof path, "cursor", cursor);
    return cli_read("orders", &target, path, print_orders);
}

int cli_cancel_all(int argc, char **argv)
{
    const char *scope = NULL, *reason = NULL;
    const struct cli_option table[] = {
        {"--scope", &scope, NULL}, {"--reason", &reason, NULL}, {NULL, NULL, NULL}};
    struct client_target target = {0};
    const char *problem = cli_options_read(argc, argv, &target, table);
    struct client_answer answer;
    struct err err = {0};
    char orders[CLI_VALUE_MAX];
    json_t *body;

    if (!problem)
        problem = cli_target_check(&target);
    body = problem ? NULL : json_pack("{s:s,s:s}", "scope", scope, "reason", reason);
    if (!problem && !body)
        problem = "the scope or the reason is not UTF-8";
    if (problem)
        return cli_usage("cancel-all", problem);
    client_call(&target, "POST", "/api/v1/orders/cancel-all", body, NULL, &answer, &err);
    json_decref(body);
    if (err.status == OK && target.json)
        cli_print_json(answer.json);
    else if (err.status == OK)
        printf("cancelling %s orders of %s; trading goes on (`pitwall kill` stops it)\n",
               cli_member(answer.json, "orders", orders), cli_text(answer.json, "scope"));
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("cancel-all", &err);
}
