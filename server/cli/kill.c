/* pitwall kill (--data DIR | --url U --token-file F) --scope S --reason T [--flatten] [--json]
 *
 * Prints the receipt once it is complete and durable, and the flattening done or refused; or as it
 * stands after two seconds, and says that it is still filling in. Exit 0; 69 when nobody answers,
 * or when the engine did not: then the gateways alone have blocked. */
#include "cli/client.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { POLLS = 40 };

struct kill_options {
    struct client_target target;
    const char *scope, *reason;
    bool flatten;
};

static const char *read_options(int argc, char **argv, struct kill_options *options)
{
    const struct cli_option table[] = {{"--scope", &options->scope, NULL},
                                       {"--reason", &options->reason, NULL},
                                       {"--flatten", NULL, &options->flatten},
                                       {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &options->target, table);

    options->target.is_token_lax = true; /* a kill must not fail over the mode of a file */
    if (!problem)
        problem = cli_target_check(&options->target);
    if (!problem && !options->scope)
        problem = "--scope is missing (firm, venue/V, strategy/S, instrument/V:SYMBOL)";
    return problem ? problem : options->reason ? NULL : "--reason is missing";
}

static bool is_flattening(const json_t *receipt)
{
    const json_t *flatten = json_object_get(receipt, "flatten");

    return json_is_object(flatten) && !json_is_true(json_object_get(flatten, "done")) &&
           !json_is_string(json_object_get(flatten, "refused"));
}

static bool is_settled(const json_t *receipt)
{
    return json_is_true(json_object_get(receipt, "complete")) &&
           json_is_true(json_object_get(receipt, "durable")) && !is_flattening(receipt);
}

/* The receipt fills in as confirmations come. */
static void follow(const struct client_target *target, json_t **receipt)
{
    static const struct timespec step = {.tv_nsec = 50000000};
    struct client_answer answer;
    char path[CLI_PATH_MAX];
    struct err err;

    cli_path(path, "/api/v1/kill/", cli_text(*receipt, "incident"));
    for (int poll = 0; poll < POLLS && !is_settled(*receipt); poll++) {
        nanosleep(&step, NULL);
        if (client_call(target, "GET", path, NULL, NULL, &answer, &err) != OK) {
            json_decref(answer.json);
            return; /* what we have is still true */
        }
        json_object_update(*receipt, answer.json);
        json_decref(answer.json);
    }
}

/* Integers as they are, ids and times as text; "?" for what is not known. */
static const char *figure(const json_t *object, const char *name, char out[24])
{
    const json_t *value = json_object_get(object, name);

    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_integer(value))
        return "?";
    snprintf(out, 24, "%lld", (long long)json_integer_value(value));
    return out;
}

static void print_cancels(const json_t *receipt)
{
    const json_t *cancels = json_object_get(receipt, "cancels");
    char a[24], b[24], c[24], d[24], e[24], f[24];

    printf("  orders    %s resting, %s stopped before sending\n", figure(receipt, "resting", a),
           figure(receipt, "unsent", b));
    printf("  cancels   %s sent, %s confirmed, %s refused, %s unknown\n",
           figure(cancels, "sent", c), figure(cancels, "confirmed", d),
           figure(cancels, "refused", e), figure(cancels, "unknown", f));
}

static void print_flatten(const json_t *receipt)
{
    const json_t *flatten = json_object_get(receipt, "flatten");
    const json_t *refused = json_object_get(flatten, "refused");
    char orders[24];

    if (!json_is_object(flatten))
        return;
    printf("  flatten   %s exits sent, %s\n", figure(flatten, "orders", orders),
           json_is_string(refused)  ? json_string_value(refused)
           : is_flattening(receipt) ? "not done yet"
                                    : "nothing is held any more");
}

static void print_plain(const struct kill_options *options, const json_t *receipt)
{
    char at[CLI_TIME_MAX], ns[24], seq[24];
    bool complete = json_is_true(json_object_get(receipt, "complete")) && !is_flattening(receipt);
    bool durable = json_is_true(json_object_get(receipt, "durable"));

    printf("KILLED %s, incident %s\n", cli_text(receipt, "scope"), cli_text(receipt, "incident"));
    printf("  by        %s at %s: %s\n", cli_text(receipt, "actor"), cli_time(receipt, "at_ns", at),
           cli_text(receipt, "reason"));
    printf("  blocked   within %s ns; the last order sent was number %s\n",
           figure(receipt, "ns_to_block", ns), figure(receipt, "last_order_seq", seq));
    if (json_is_true(json_object_get(receipt, "joined")))
        printf("  joined    the scope was halted already: this is the earlier incident; your call "
               "is audited\n");
    else if (json_is_null(json_object_get(receipt, "joined")))
        printf("  joined    not known yet whether the scope was halted already: its trading state "
               "names\n            the incident to resume\n");
    print_cancels(receipt);
    print_flatten(receipt);
    printf("  record    %s, %s\n", complete ? "complete" : "still filling in",
           durable ? "durable" : "not durable yet");
    /* The address of a kill may be the kill listener, which resumes nothing. */
    printf("To trade again: pitwall resume %s %s --scope %s --incident %s --reason WHY,\n"
           "and the approval of a second person.\n",
           options->target.dir ? "--data" : "--token-file FILE --url",
           options->target.dir ? options->target.dir : "MAIN-LISTENER", cli_text(receipt, "scope"),
           cli_text(receipt, "incident"));
}

int cli_kill(int argc, char **argv)
{
    struct kill_options options = {0};
    const char *problem = read_options(argc, argv, &options);
    struct client_answer answer;
    struct err err = {0};
    json_t *body;
    bool silent;

    if (problem)
        return cli_usage("kill", problem);
    body = json_pack("{s:s,s:s,s:b}", "scope", options.scope, "reason", options.reason, "flatten",
                     options.flatten);
    if (!body)
        return cli_usage("kill", "the scope or the reason is not UTF-8");
    client_call(&options.target, "POST", "/api/v1/kill", body, NULL, &answer, &err);
    json_decref(body);
    if (err.status != OK) {
        json_decref(answer.json);
        return cli_fail("kill", &err);
    }
    silent = strcmp(cli_text(answer.json, "engine"), "silent") == 0;
    follow(&options.target, &answer.json);
    if (options.target.json)
        cli_print_json(answer.json);
    else
        print_plain(&options, answer.json);
    /* A receipt that is complete was completed by the engine: it was late, not silent. */
    silent = silent && !json_is_true(json_object_get(answer.json, "complete"));
    json_decref(answer.json);
    if (!silent)
        return 0;
    err =
        (struct err){.status = ERR_UNAVAILABLE, .text = "the engine is silent; the gateways block"};
    return cli_fail("kill", &err);
}
