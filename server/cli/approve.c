/* pitwall approve [list|show|reject] [ID]
 *
 * Four eyes: who approves is a person of role risk, other than the proposer, who logs in for this
 * and is logged out after it. Over --data the log-in goes to the address in DIR/run.json. */
#include "cli/ask.h"
#include "cli/login.h"
#include "cli/show.h"

#include "thread/log.h"

#include <stdio.h>
#include <string.h>

struct options {
    struct client_target target;
    struct login_how how;
    const char *reason;
    bool is_all;
};

static const char approvals_path[] = "/api/v1/approvals/";

static bool is_open(const json_t *approval)
{
    return strcmp(cli_text(approval, "state"), "pending") == 0;
}

/* ----------------------------------------------------------------------------------- list */

static void add_row(struct table *table, const json_t *approval)
{
    static const char *const members[] = {"id", "state", "kind", "scope", "proposer"};
    char when[CLI_TIME_MAX];

    for (size_t at = 0; at < sizeof members / sizeof members[0]; at++)
        table_add(table, cli_text(approval, members[at]));
    table_add(table, cli_time(approval, "expires_ns", when));
    table_add(table, cli_text(approval, "reason"));
}

static void print_list(const json_t *list, bool is_all)
{
    static const struct table_column columns[] = {
        {"ID", false},       {"STATE", false},   {"KIND", false},  {"SCOPE", false},
        {"PROPOSER", false}, {"EXPIRES", false}, {"REASON", false}};
    struct table table;
    json_t *approval;
    size_t at;

    table_begin(&table, columns, sizeof columns / sizeof columns[0], NULL);
    json_array_foreach(json_object_get(list, "items"), at, approval)
    {
        if (is_all || is_open(approval))
            add_row(&table, approval);
    }
    if (table.cells == 0)
        fprintf(stderr, is_all ? "there was no proposal\n" : "no proposal is open\n");
    else
        table_print(&table, stdout, 0, SIZE_MAX);
    table_end(&table);
}

/* As the API answers it, without those that are not asked for. */
static void keep_open(json_t *list)
{
    json_t *items = json_object_get(list, "items");

    for (size_t at = json_array_size(items); at-- > 0;)
        if (!is_open(json_array_get(items, at)))
            json_array_remove(items, at);
}

static int list(const struct options *options)
{
    struct client_answer answer;
    struct err err = {0};

    client_call_all(&options->target, "/api/v1/approvals?limit=1000", &answer, &err);
    if (err.status == OK && options->target.json) {
        if (!options->is_all)
            keep_open(answer.json);
        cli_print_json(answer.json);
    } else if (err.status == OK) {
        print_list(answer.json, options->is_all);
    }
    json_decref(answer.json);
    return err.status == OK ? 0 : cli_fail("approve", &err);
}

static void print_one(const json_t *approval)
{
    show_approval(stdout, approval);
}

/* --------------------------------------------------------------------------------- decide */

/* Whoever types a password sees first what it is for. */
static enum status confirm(struct login *login, const struct options *options, const char *path,
                           bool approves, struct err *err)
{
    struct client_answer answer;
    char question[192], said[16];
    enum status status;

    if (options->how.password_file)
        return OK;
    status = client_call(&login->person, "GET", path, NULL, NULL, &answer, err);
    if (status == OK)
        show_approval(stderr, answer.json);
    json_decref(answer.json);
    snprintf(question, sizeof question, "%s as %s? [yes/no] ", approves ? "Approve" : "Reject",
             login->user);
    if (status == OK && (!ask_terminal(question, false, said, sizeof said) ||
                         (strcmp(said, "yes") != 0 && strcmp(said, "y") != 0)))
        return err_format(err, ERR_FORBIDDEN, "not %s; nothing has changed",
                          approves ? "approved" : "rejected");
    return status;
}

static void print_decided(const json_t *approval)
{
    printf("%s %s: ", cli_text(approval, "state"), cli_text(approval, "id"));
    show_subject(stdout, approval);
    printf(", by %s\n", cli_text(approval, "decider"));
    show_diff(stdout, json_object_get(approval, "diff"), "FROM", "TO");
}

static int log_in_and_decide(const struct options *options, bool approves)
{
    struct client_answer answer = {0};
    char one[CLI_PATH_MAX], path[CLI_PATH_MAX + 16];
    struct login login;
    struct err err = {0};
    json_t *body = json_pack("{s:s*}", "reason", options->reason);
    enum status status;

    cli_path(one, approvals_path, options->target.word[0]);
    snprintf(path, sizeof path, "%s/%s", one, approves ? "approve" : "reject");
    status = login_begin(&login, &options->target, &options->how, &err);
    if (status == OK) {
        status = confirm(&login, options, one, approves, &err);
        if (status == OK)
            status = login_call(&login, "POST", path, body, &answer, &err);
        login_end(&login);
    }
    if (status == OK && options->target.json)
        cli_print_json(answer.json);
    else if (status == OK)
        print_decided(answer.json);
    json_decref(body);
    json_decref(answer.json);
    return status == OK ? 0 : cli_fail("approve", &err);
}

/* -------------------------------------------------------------------------------- options */

int cli_approve(int argc, char **argv)
{
    struct options options = {.target = {.words_max = 1}};
    const struct cli_option table[] = {{"--user", &options.how.user, NULL},
                                       {"--password-file", &options.how.password_file, NULL},
                                       {"--totp-file", &options.how.totp_file, NULL},
                                       {"--reason", &options.reason, NULL},
                                       {"--all", NULL, &options.is_all},
                                       {NULL, NULL, NULL}};
    static const char *const words[] = {"list", "show", "reject"};
    char path[CLI_PATH_MAX];
    const char *word = "", *problem;

    for (size_t at = 0; argc > 0 && at < sizeof words / sizeof words[0]; at++)
        if (strcmp(argv[0], words[at]) == 0)
            word = words[at];
    problem = cli_options_read(argc - (word[0] != '\0'), argv + (word[0] != '\0'), &options.target,
                               table);
    if (!problem)
        problem = word[0] == '\0' || word[0] == 'r' ? login_target_check(&options.target)
                                                    : cli_target_check(&options.target);
    if (!problem && options.target.words == 0 && word[0] != 'l')
        problem = "ID is missing: of the proposal; `pitwall approve list` shows them";
    if (problem)
        return cli_usage("approve", problem);
    if (word[0] == 'l')
        return list(&options);
    if (word[0] != 's')
        return log_in_and_decide(&options, word[0] == '\0');
    cli_path(path, approvals_path, options.target.word[0]);
    return cli_read("approve", &options.target, path, print_one);
}
