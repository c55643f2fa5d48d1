/* pitwall alerts [ack ID]: what pages, and that somebody has seen it. */
#include "cli/login.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>

static const char alerts_path[] = "/api/v1/alerts";

static void print_alerts(const json_t *list)
{
    static const struct table_column columns[] = {
        {"ID", false},    {"ALERT", false},        {"SEVERITY", false}, {"STATE", false},
        {"SINCE", false}, {"ACKNOWLEDGED", false}, {"SAYS", false}};
    struct table table;
    json_t *item;
    size_t at;

    table_begin(&table, columns, sizeof columns / sizeof columns[0], NULL);
    json_array_foreach(json_object_get(list, "items"), at, item)
    {
        char since[CLI_TIME_MAX];

        table_add(&table, cli_text(item, "id"));
        table_add(&table, cli_text(item, "alert"));
        table_add(&table, cli_text(item, "severity"));
        table_add(&table, cli_text(item, "state"));
        table_add(&table, cli_time(item, "since_ns", since));
        table_add(&table, cli_text(json_object_get(item, "acknowledged"), "by"));
        table_add(&table, cli_text(item, "says"));
    }
    if (table.cells == 0)
        fprintf(stderr, "no alert is firing\n");
    else
        table_print(&table, stdout, 0, SIZE_MAX);
    table_end(&table);
}

static int acknowledge(const struct client_target *target, const struct login_how *how,
                       const char *note)
{
    char one[CLI_PATH_MAX], path[CLI_PATH_MAX + 16];
    struct client_answer answer = {0};
    struct login login;
    struct err err = {0};
    json_t *body = json_pack("{s:s}", "note", note);
    enum status status;

    if (!body)
        return cli_usage("alerts", "the note is not UTF-8");
    cli_path(one, "/api/v1/alerts/", target->word[0]);
    snprintf(path, sizeof path, "%s/acknowledge", one);
    status = login_begin(&login, target, how, &err);
    if (status == OK) {
        status = login_call(&login, "POST", path, body, &answer, &err);
        login_end(&login);
    }
    json_decref(body);
    if (status == OK && target->json)
        cli_print_json(answer.json);
    else if (status == OK)
        printf("acknowledged %s, by %s: %s\n", cli_text(answer.json, "id"),
               cli_text(json_object_get(answer.json, "acknowledged"), "by"),
               cli_text(answer.json, "says"));
    json_decref(answer.json);
    return status == OK ? 0 : cli_fail("alerts", &err);
}

int cli_alerts(int argc, char **argv)
{
    bool acks = argc > 0 && strcmp(argv[0], "ack") == 0, is_all = false;
    const char *note = NULL;
    struct login_how how = {0};
    const struct cli_option table[] = {{"--all", NULL, &is_all},
                                       {"--note", &note, NULL},
                                       {"--user", &how.user, NULL},
                                       {"--password-file", &how.password_file, NULL},
                                       {"--totp-file", &how.totp_file, NULL},
                                       {NULL, NULL, NULL}};
    struct client_target target = {.words_max = acks ? 1 : 0};
    const char *problem = cli_options_read(argc - acks, argv + acks, &target, table);
    char path[CLI_PATH_MAX];

    if (!problem)
        problem = acks ? login_target_check(&target) : cli_target_check(&target);
    if (problem)
        return cli_usage("alerts", problem);
    if (acks)
        return acknowledge(&target, &how, note);
    snprintf(path, sizeof path, "%s?limit=1000%s", alerts_path, is_all ? "" : "&state=firing");
    return cli_read_all("alerts", &target, path, print_alerts);
}
