#include "cli/show.h"

#include <string.h>

/* ----------------------------------------------------------------------------------- rows */

const struct show_column show_positions[POSITION_COLUMNS] = {
    {{"INSTRUMENT", false}, "instrument", SHOW_VALUE},
    {{"QTY", true}, "qty", SHOW_VALUE},
    {{"AVG PRICE", true}, "avg_price", SHOW_VALUE},
    {{"MARK", true}, "mark", SHOW_VALUE},
    {{"UNREALISED", true}, "unrealised", SHOW_VALUE},
    {{"REALISED", true}, "realised", SHOW_VALUE},
    {{"DAY PNL", true}, "day_pnl", SHOW_VALUE},
    {{"CCY", false}, "currency", SHOW_VALUE},
    {{"AGE", true}, "age_ns", SHOW_AGE},
    {{"VENUE LOTS", true}, "venue_lots", SHOW_VALUE},
    {{"DRIFT", true}, "cli_drift", SHOW_VALUE},
};

const struct show_column show_orders[ORDER_COLUMNS] = {
    {{"ID", false}, "id", SHOW_VALUE},
    {{"SENT", false}, "sent_ns", SHOW_CLOCK},
    {{"INSTRUMENT", false}, "instrument", SHOW_VALUE},
    {{"STRATEGY", false}, "strategy", SHOW_VALUE},
    {{"SIDE", false}, "side", SHOW_VALUE},
    {{"TYPE", false}, "type", SHOW_VALUE},
    {{"PRICE", true}, "price", SHOW_VALUE},
    {{"QTY", true}, "qty", SHOW_VALUE},
    {{"FILLED", true}, "filled", SHOW_VALUE},
    {{"STATE", false}, "state", SHOW_VALUE},
    {{"REASON", false}, "reason", SHOW_VALUE},
};

const struct show_column show_fills[FILL_COLUMNS] = {
    {{"AT", false}, "at_ns", SHOW_CLOCK},
    {{"ORDER", false}, "order", SHOW_VALUE},
    {{"INSTRUMENT", false}, "instrument", SHOW_VALUE},
    {{"STRATEGY", false}, "strategy", SHOW_VALUE},
    {{"SIDE", false}, "side", SHOW_VALUE},
    {{"QTY", true}, "qty", SHOW_VALUE},
    {{"PRICE", true}, "price", SHOW_VALUE},
    {{"FEE PAID", true}, "fee", SHOW_VALUE},
    {{"CCY", false}, "fee_currency", SHOW_VALUE},
    {{"MAKER", false}, "maker", SHOW_VALUE},
};

const struct show_column show_venues[VENUE_COLUMNS] = {
    {{"VENUE", false}, "venue", SHOW_VALUE}, {{"STATE", false}, "state", SHOW_VALUE},
    {{"AGE", true}, "age_ns", SHOW_AGE},     {{"RECONNECTS", true}, "reconnects", SHOW_VALUE},
    {{"GAPS", true}, "gaps", SHOW_VALUE},
};

static const char *cell(const json_t *item, const struct show_column *column,
                        char out[CLI_VALUE_MAX])
{
    switch (column->how) {
    case SHOW_CLOCK:
        return cli_clock(item, column->member, out);
    case SHOW_TIME:
        return cli_time(item, column->member, out);
    case SHOW_AGE:
        return cli_age(cli_ns(item, column->member), out);
    case SHOW_VALUE:
        break;
    }
    return cli_member(item, column->member, out);
}

void show_items(FILE *out, const json_t *items, const struct show_column *columns, size_t count,
                const struct table *before, struct table *table, size_t rows_max, int indent)
{
    struct table_column titles[TABLE_COLUMNS_MAX];
    char text[CLI_VALUE_MAX];
    json_t *item;
    size_t at;

    for (at = 0; at < count && at < TABLE_COLUMNS_MAX; at++)
        titles[at] = columns[at].column;
    table_begin(table, titles, count, before);
    json_array_foreach(items, at, item)
    {
        if (at == rows_max)
            break;
        for (size_t column = 0; column < count; column++)
            table_add(table, cell(item, &columns[column], text));
    }
    table_print(table, out, indent, rows_max);
    table_end(table);
    table->column = NULL; /* the titles end here; the widths stay */
}

void show_list(const json_t *list, const struct show_column *columns, size_t count,
               const char *nothing)
{
    const json_t *items = json_object_get(list, "items");
    struct table table;

    if (json_array_size(items) == 0)
        fprintf(stderr, "%s\n", nothing);
    else
        show_items(stdout, items, columns, count, NULL, &table, SIZE_MAX, 0);
    if (json_is_string(json_object_get(list, "next")))
        fprintf(stderr, "more: --cursor %s\n", cli_text(list, "next"));
}

/* -------------------------------------------------------------------------------- changes */

/* Where what is asked would stay, although a raise that is in force would end by itself. */
static void show_ended_raises(FILE *out, const json_t *diff)
{
    char when[CLI_TIME_MAX], text[CLI_VALUE_MAX];
    json_t *row;
    size_t at;

    json_array_foreach(diff, at, row)
    {
        const json_t *back = json_object_get(row, "back_to");

        if (back)
            fprintf(out, "  for good  %s would go back to %s at %s; approved, it does not\n",
                    cli_text(row, "name"), json_is_null(back) ? "null" : cli_value(back, text),
                    cli_time(row, "until_ns", when));
    }
}

void show_diff(FILE *out, const json_t *diff, const char *old_title, const char *new_title)
{
    const struct table_column columns[] = {
        {"WHAT", false}, {old_title, true}, {"", false}, {new_title, true}};
    char text[CLI_VALUE_MAX];
    struct table table;
    json_t *row;
    size_t at;

    table_begin(&table, columns, 4, NULL);
    json_array_foreach(diff, at, row)
    {
        const json_t *was = json_object_get(row, "old"), *is = json_object_get(row, "new");

        table_add(&table, cli_text(row, "name"));
        table_add(&table, json_is_null(was) ? "null" : cli_value(was, text));
        table_add(&table, "->");
        table_add(&table, json_is_null(is) ? "null" : cli_value(is, text));
    }
    table_print(&table, out, 2, SIZE_MAX);
    table_end(&table);
    show_ended_raises(out, diff);
}

void show_subject(FILE *out, const json_t *approval)
{
    const char *kind = cli_text(approval, "kind"), *scope = cli_text(approval, "scope");

    if (strcmp(kind, scope) == 0)
        fprintf(out, "%s", kind);
    else
        fprintf(out, "%s of %s", kind, scope);
}

/* Who asks, as what; of a grant, whose account it is. */
static void show_people(FILE *out, const json_t *approval)
{
    const json_t *account = json_object_get(approval, "account");
    const char *name = cli_text(approval, "proposer"), *person = cli_text(approval, "person");
    const char *by = cli_text(approval, "by");
    bool is_other = person[0] != '\0' && strcmp(person, name) != 0;
    char when[CLI_TIME_MAX];

    fprintf(out, "  by        %s%s%s%s%s: %s\n", strcmp(by, "token") == 0 ? "token " : "", name,
            is_other ? " (person " : "", is_other ? person : "", is_other ? ")" : "",
            cli_text(approval, "reason"));
    if (strcmp(by, "local") == 0)
        fprintf(out, "  NOTE      proposed on the host itself: make sure that it was not you\n");
    if (!json_is_object(account))
        return;
    fprintf(out, "  account   %s of person %s, ", cli_text(account, "user"),
            cli_text(account, "person"));
    if (json_is_string(json_object_get(account, "created_ns")))
        fprintf(out, "made %s by %s\n", cli_time(account, "created_ns", when),
                json_is_string(json_object_get(account, "created_by"))
                    ? cli_text(account, "created_by")
                    : "whom is not known");
    else
        fprintf(out, "to be made\n");
}

void show_approval(FILE *out, const json_t *approval)
{
    const char *state = cli_text(approval, "state");
    bool is_open = strcmp(state, "pending") == 0;
    char when[CLI_TIME_MAX];

    fprintf(out, "%s %s: ", is_open ? "PROPOSED" : state, cli_text(approval, "id"));
    show_subject(out, approval);
    fprintf(out, "\n");
    show_people(out, approval);
    if (is_open)
        fprintf(out, "  until     %s; nothing has changed yet\n",
                cli_time(approval, "expires_ns", when));
    else
        fprintf(out, "  decided   by %s at %s: %s\n", cli_text(approval, "decider"),
                cli_time(approval, "decided_ns", when), cli_text(approval, "decision"));
    if (json_is_integer(json_object_get(approval, "expires_s")))
        fprintf(out, "  for       %lld s once approved; then it returns by itself\n",
                (long long)json_integer_value(json_object_get(approval, "expires_s")));
    show_diff(out, json_object_get(approval, "diff"), "FROM", "TO");
    if (is_open)
        fprintf(out,
                "A person of role risk%s, other than %s, must approve it: pitwall approve %s ..\n",
                strcmp(cli_text(approval, "kind"), "role") == 0 ? " or admin" : "",
                cli_text(approval, "proposer"), cli_text(approval, "id"));
}

static int say(const char *verb, const struct client_target *target, json_t *answer,
               void (*print)(const json_t *answer), const struct err *err)
{
    if (err->status == OK && target->json)
        cli_print_json(answer);
    else if (err->status == OK)
        print(answer);
    json_decref(answer);
    return err->status == OK ? 0 : cli_fail(verb, err);
}

int cli_read(const char *verb, const struct client_target *target, const char *path,
             void (*print)(const json_t *answer))
{
    struct client_answer answer;
    struct err err = {0};

    client_call(target, "GET", path, NULL, NULL, &answer, &err);
    return say(verb, target, answer.json, print, &err);
}

int cli_read_all(const char *verb, const struct client_target *target, const char *path,
                 void (*print)(const json_t *answer))
{
    struct client_answer answer;
    struct err err = {0};

    client_call_all(target, path, &answer, &err);
    return say(verb, target, answer.json, print, &err);
}
