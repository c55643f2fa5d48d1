/* pitwall spec TABLE: the tables that the program runs by, as Markdown pages. */
#include "cli/cli.h"
#include "cli/grammar.h"
#include "cli/spec.h"
#include "config/settings.h"

#include "alerts/conditions.h"
#include "config/parameters.h"
#include "gateway/bybit/outcome.h"
#include "metrics/table.h"

#include "venue/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_limits(void)
{
    printf("| limit | unit | type | least | most | tighter is | exits | what is measured |\n"
           "| --- | --- | --- | ---: | ---: | --- | --- | --- |\n");
    for (int id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);
        uint32_t scale = row->type == LIMIT_INTEGER ? 0 : 8;
        char low[DECIMAL_TEXT_MAX];
        char high[DECIMAL_TEXT_MAX];

        (void)decimal_print(low, row->min, scale, true);
        (void)decimal_print(high, row->max, scale, true);
        printf("| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", row->name, row->unit,
               scale == 0 ? "integer" : "decimal string", low, high,
               row->sense == LIMIT_MOST ? "smaller" : "larger",
               row->exits == LIMIT_BINDS ? "bound" : "not bound", row->says);
    }
}

static void print_alerts(void)
{
    printf("| alert | rule | severity | holds s | kept s | by | threshold | says | runbook |\n"
           "| --- | --- | --- | ---: | ---: | --- | --- | --- | --- |\n");
    for (int at = 0; at < ALERT_COUNT; at++) {
        const struct alert_row *row = alert_row((enum alert_id)at);

        printf("| `%s` | `%s` | %s | %lld | %lld | %s | %s%s%s | %s | docs/RUNBOOK.md#%s |\n",
               row->code, row->rule, alert_severity_name(row->severity),
               (long long)(row->for_ns / 1000000000), (long long)(row->keep_ns / 1000000000),
               alert_labels_text(row->labels), row->setting[0] ? "`" : "", row->setting,
               row->setting[0] ? "`" : "", row->says, row->runbook);
    }
}

static void print_metrics(void)
{
    printf(
        "# Metrics\n\n"
        "`pitwall spec metrics` printed this page, from the table that `GET /metrics` is made by"
        " (server/tables/metrics.def).\n\n"
        "What is not known has no sample: a stale figure must not look like a fresh one. Times"
        " are time stamps, and an age is\n`timestamp(x) - x`: how old it was when it was"
        " scraped. Histograms have the buckets 2.5e-07, 5e-07, 1e-06 .. 16.777216\nseconds and"
        " their `_sum` and `_count`.\n"
        "Who asks for OpenMetrics (`Accept: application/openmetrics-text; version=1.0.0`) gets"
        " the same series in that format, and\nbehind buckets of"
        " `pitwall_taker_fill_latency_seconds` the newest order of the last minute that fell into"
        " each: an\nexemplar, which Prometheus keeps with"
        " `--enable-feature=exemplar-storage`.\n\n"
        "| metric | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (int at = 0; at < METRIC_COUNT; at++) {
        const struct metric_row *row = metric_row((enum metric_id)at);

        printf("| `%s` | %s | %s | %s | %s |\n", row->name, metric_type_name(row->type), row->unit,
               row->labels, row->says);
    }
}

static void print_denials(void)
{
    printf("| reason | says |\n| --- | --- |\n");
    for (int denial = 1; denial < DENIAL_COUNT; denial++)
        printf("| `%s` | %s |\n", denial_name((enum denial)denial),
               denial_says((enum denial)denial));
}

static void print_events(void)
{
    static const size_t bytes[] = {
#define EVENT(ID, name) sizeof(struct event_##name),
#include "tables/events.def"
#undef EVENT
    };

    printf("| number | event | bytes |\n| ---: | --- | ---: |\n");
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        printf("| %d | `%s` | %zu |\n", kind, event_name((enum event_kind)kind), bytes[kind - 1]);
}

static void print_commands(void)
{
    printf("| number | command | bytes |\n| ---: | --- | ---: |\n");
#define COMMAND(ID, name) printf("| %d | `%s` | %zu |\n", ID, #name, sizeof(struct command_##name));
#include "tables/commands.def"
#undef COMMAND
}

static void print_errors(void)
{
    printf("| code | HTTP | exit | title |\n| --- | ---: | ---: | --- |\n");
    for (int status = 0; status < STATUS_COUNT; status++)
        printf("| `%s` | %d | %d | %s |\n", status_code((enum status)status),
               status_http((enum status)status), status_exit((enum status)status),
               status_title((enum status)status));
}

static void print_states(void)
{
    printf("| state | ends | says |\n| --- | --- | --- |\n");
#define ORDER_STATE(ID, terminal, says)                                                            \
    printf("| `%s` | %s | %s |\n", #ID, (terminal) ? "yes" : "no", says);
#include "tables/order_states.def"
#undef ORDER_STATE
    printf("\n| from | report | to |\n| --- | --- | --- |\n");
#define TRANSITION(from, report, to) printf("| `%s` | `%s` | `%s` |\n", #from, #report, #to);
#include "tables/transitions.def"
#undef TRANSITION
}

static void print_triggers(void)
{
    printf("| trigger | does | samples | of | fires when |\n| --- | --- | --- | --- | --- |\n");
    for (unsigned at = 0; at < TRIGGER_COUNT; at++) {
        struct trigger_rule rule = trigger_default((enum trigger_id)at);

        printf("| `%s` | %s | %u | %u | %s |\n", trigger_name((enum trigger_id)at),
               trigger_action_name(rule.action), rule.samples, rule.window,
               trigger_says((enum trigger_id)at));
    }
}

static void print_routes(void)
{
    printf("| method | path | who | what |\n| --- | --- | --- | --- |\n");
#define ROUTE(method, path, role, where, confirm, body, query, handler, says)                      \
    printf("| %s | `%s` | %s | %s |\n", #method, path, #role, says);
#include "tables/routes.def"
#undef ROUTE
}

static void print_cell(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_form(const struct grammar_form *form)
{
    const char *word = form->word ? form->word->name : "";

    printf("| `%s%s%s` | %s | %s | |\n", form->verb->name, word[0] ? " " : "", word,
           form->word ? form->word->says : form->verb->says, form->is_server ? "of a server" : "");
    for (size_t at = 0; at < form->rows; at++) {
        printf("| | | `%s%s", form->row[at]->name, form->row[at]->value[0] ? " " : "");
        print_cell(form->row[at]->value);
        printf("`%s | %s |\n", form->row[at]->kind == ROW_NEED ? ", needed" : "",
               form->row[at]->says);
    }
}

static void print_verbs(void)
{
    const struct grammar_row *verb;
    struct grammar_form form;

    printf("| verb | what | option | says |\n| --- | --- | --- | --- |\n");
    for (size_t n = 0; (verb = grammar_verb(n)); n++)
        for (size_t at = 0; grammar_form(verb, at, &form); at++)
            print_form(&form);
}

static void print_rows(const struct setting_text *rows, uint32_t count, const char *last)
{
    printf("| key | type | range | default | %s | says |\n"
           "| --- | --- | --- | --- | --- | --- |\n",
           last);
    for (uint32_t at = 0; at < count; at++) {
        printf("| `%s` | %s | ", rows[at].path, rows[at].type);
        for (const char *byte = rows[at].range; *byte != '\0'; byte++)
            printf(*byte == '|' ? ", " : "%c", *byte);
        printf(" | `%s` | %s | %s |\n", rows[at].fallback, rows[at].change, rows[at].says);
    }
}

/* The kinds that have it, "maker, arb", or "all". */
static void print_kinds(enum parameter_id id)
{
    const char *comma = "";
    bool all = true;

    for (int kind = STRATEGY_KIND_MANUAL + 1; kind < STRATEGY_KIND_COUNT; kind++)
        all &= parameter_is_of(id, (enum strategy_kind)kind);
    if (all)
        printf("all");
    for (int kind = STRATEGY_KIND_MANUAL + 1; !all && kind < STRATEGY_KIND_COUNT; kind++)
        if (parameter_is_of(id, (enum strategy_kind)kind)) {
            printf("%s%s", comma, strategy_kind_name((enum strategy_kind)kind));
            comma = ", ";
        }
}

static void print_parameters(void)
{
    printf("| parameter | type | least | most | default | looser | unit | kinds | says |\n"
           "| --- | --- | ---: | ---: | ---: | --- | --- | --- | --- |\n");
    for (int at = 0; at < PARAMETER_COUNT; at++) {
        enum parameter_id id = (enum parameter_id)at;
        const struct parameter_row *row = parameter_row(id);
        char least[PARAMETER_TEXT_MAX], most[PARAMETER_TEXT_MAX], fallback[PARAMETER_TEXT_MAX];

        parameter_print(id, row->min, "", least);
        parameter_print(id, row->max, "", most);
        parameter_print(id, row->fallback, "", fallback);
        printf("| `%s` | %s | %s | %s | %s | %s | %s | ", row->name, parameter_type_name(row->type),
               least, most, fallback, parameter_looser_name(row->looser), row->unit);
        print_kinds(id);
        printf(" | %s |\n", row->says);
    }
}

static void print_strategies(void)
{
    printf("| kind | legs | what it does |\n| --- | ---: | --- |\n");
    for (int at = STRATEGY_KIND_MANUAL + 1; at < STRATEGY_KIND_COUNT; at++)
        printf("| `%s` | %d | %s |\n", strategy_kind_name((enum strategy_kind)at),
               strategy_kind_has_other((enum strategy_kind)at) ? 2 : 1,
               strategy_kind_says((enum strategy_kind)at));
    printf("\n");
    print_parameters();
}

/* Who may set it while it runs: one person, or two one way, or only the file. */
static const char *by_api(int number)
{
    static const char *const says[] = {
        [LOOSER_UP] = "one person; higher needs two",
        [LOOSER_DOWN] = "one person; lower needs two",
        [LOOSER_EITHER] = "two people",
        [LOOSER_NEITHER] = "one person",
        [LOOSER_FILE] = "no",
    };

    return says[setting_looser(number)];
}

static void print_settings(void)
{
    const struct setting_text *rows;
    uint32_t count = config_settings(&rows);

    printf(
        "What `PATCH /config` may change: `LIVE` at once, `NEEDS_HALT` at once while the firm is "
        "HALTED, `NEEDS_RESTART` from the next start on.\n\n"
        "| key | type | range | default | changes | by API | says |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (uint32_t at = 0; at < count; at++) {
        printf("| `%s` | %s | ", rows[at].path, rows[at].type);
        for (const char *byte = rows[at].range; *byte != '\0'; byte++)
            printf(*byte == '|' ? ", " : "%c", *byte);
        printf(" | `%s` | %s | %s | %s |\n", rows[at].fallback, rows[at].change, by_api((int)at),
               rows[at].says);
    }
}

static void print_config(void)
{
    const struct setting_text *rows;
    uint32_t count;

    print_settings();
    printf("\nSettings of an instrument, also of a recorded one:\n\n");
    count = config_instrument_settings(&rows);
    print_rows(rows, count, "changes");
    printf("\nSettings of a venue:\n\n");
    count = config_venue_settings(&rows);
    print_rows(rows, count, "changes");
    printf("\nParameters of a strategy:\n\n");
    print_parameters();
    printf(
        "\nLists and maps: `venues: [{venue, ..settings}]`, `instruments: [{instrument, tick, lot, "
        "currency, inverse, contract_value, ..settings}]`, `strategies: [{strategy, kind, "
        "enabled, instruments, per_instrument, ..parameters}]`, `limits`, `caps` and `first_day`: "
        "`{scope: {limit: value}}`, `recorded: {instrument or \"*\": {..settings, "
        "limits, caps, strategies: {strategy: {..parameters}}}}`, `engine.rates: {currency: "
        "rate}`, `triggers: {trigger: off|notify|reduce|kill or {action, samples, window}}`.\n");
}

static void print_memory(void)
{
    struct engine_config *engine = calloc(1, sizeof *engine);

    printf("| what | at most | bytes each | bytes |\n| --- | ---: | ---: | ---: |\n");
    printf("| books | %d | %zu | %zu |\n", MAX_INSTRUMENTS, book_size(),
           book_size() * MAX_INSTRUMENTS);
    printf("| orders | %d | %zu | %zu |\n", MAX_ORDERS, sizeof(struct order),
           sizeof(struct order) * MAX_ORDERS);
    printf("| kill page | 1 | %zu | %zu |\n", sizeof(struct kill_page), sizeof(struct kill_page));
    if (engine) {
        engine->scopes = (struct scope_map){1, 3, 3};
        engine->gateways = 1;
        printf("| engine of the demo, all told | 1 | %zu | %zu |\n", engine_size(engine),
               engine_size(engine));
    }
    free(engine);
}

static const char *const fault_says[FAULT_KIND_COUNT] = {
#define FAULT_KIND(ID, name, says) [FAULT_ON_##ID] = says,
#include "tables/fault_kinds.def"
#undef FAULT_KIND
};

static void print_fault_verb(const struct fault_verb_row *row)
{
    const char *before = "";

    printf("| `%s` | ", row->name);
    for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++)
        if (row->kinds & (1U << kind)) {
            printf("%s%s", before, fault_kind_name((enum fault_kind)kind));
            before = ", ";
        }
    printf(" | %lld | %lld | %s |\n", (long long)row->ms, (long long)row->code, row->says);
}

static void print_faults(void)
{
    printf("A fault script is a file of JSON lines, one rule each: `{\"on\":KIND, "
           "\"nth\":N|\"every\":N|\"p\":P, \"symbol\"?, \"do\":VERB, \"ms\"?, \"code\"?, "
           "\"times\"?}`.\n\n| on | says |\n| --- | --- |\n");
    for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++)
        printf("| `%s` | %s |\n", fault_kind_name((enum fault_kind)kind), fault_says[kind]);
    printf("\n| do | can be on | ms if not given | code if not given | says |\n"
           "| --- | --- | ---: | ---: | --- |\n");
    for (unsigned verb = 0; verb < FAULT_VERB_COUNT; verb++)
        print_fault_verb(fault_verb_row((enum fault_verb)verb));
}

static void print_venue_verb(enum venue_fault_verb verb, const char *name, int ms, int code,
                             const char *says)
{
    uint32_t kinds = venue_fault_kinds(verb);

    printf("| `%s` |", name);
    for (unsigned kind = 0; kind < VENUE_KIND_COUNT; kind++)
        if (kinds == (1U << VENUE_KIND_COUNT) - 1 && kind == 0)
            printf(" all");
        else if (kinds != (1U << VENUE_KIND_COUNT) - 1 && kinds >> kind & 1)
            printf(" %s", venue_fault_kind_name((enum venue_fault_kind)kind));
    printf(" | %d | %d | %s |\n", ms, code, says);
}

static void print_venue_faults(void)
{
    printf("Faults of `pitwall venue`: the same lines, with these kinds and verbs.\n\n"
           "| on | says |\n| --- | --- |\n");
#define KIND(ID, name, says) printf("| `%s` | %s |\n", name, says);
#include "venue/fault_kinds.def"
#undef KIND
    printf("\n| do | can be on | ms if not given | code if not given | says |\n"
           "| --- | --- | ---: | ---: | --- |\n");
#define VERB(ID, name, kinds, ms, code, says)                                                      \
    print_venue_verb(VENUE_FAULT_##ID, name, ms, code, says);
#include "venue/fault_verbs.def"
#undef VERB
}

static void print_venue(void)
{
    printf("REST surface of `pitwall venue --protocol bybit-v5`.\n\n"
           "| method | path | needs a key | rate limit | fault kind |\n"
           "| --- | --- | --- | --- | --- |\n");
#define ROUTE(method, path, is_private, rate, kind, handler)                                       \
    printf("| %s | `%s` | %s | %s | %s |\n", #method, path, is_private ? "yes" : "no", #rate,      \
           #kind);
#include "venue/bybit/routes.def"
#undef ROUTE
    printf("\n| rate limit | linear, a second | spot, a second |\n| --- | ---: | ---: |\n");
#define RATE(ID, linear, spot) printf("| %s | %d | %d |\n", #ID, linear, spot);
#include "venue/bybit/rates.def"
#undef RATE
    printf("\n| code | says |\n| ---: | --- |\n");
#define ANSWER(ID, linear, linear_text, spot, spot_text)                                           \
    printf("| %d | %s |\n| %d | %s |\n", linear, linear_text, spot, spot_text);
#define CODE(ID, code, text) printf("| %d | %s |\n", code, text);
#include "venue/bybit/codes.def"
#undef CODE
#undef ANSWER
    printf("\n");
    print_venue_faults();
}

static void print_codes(void)
{
    printf("What the gateway to Bybit takes an answer's code for; one that is not here is "
           "`unknown`, and the venue is asked.\n\n"
           "| code | class | why not | says |\n| ---: | --- | --- | --- |\n");
    for (uint32_t at = 0; bybit_code_row(at); at++) {
        const struct bybit_code *row = bybit_code_row(at);

        printf("| %lld | `%s` | %s | %s |\n", (long long)row->number, bybit_class_name(row->class),
               row->refusal == REFUSAL_NONE ? "" : refusal_name(row->refusal), row->says);
    }
}

int cli_spec(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } tables[] = {
        {"limits", print_limits},         {"denials", print_denials},   {"events", print_events},
        {"errors", print_errors},         {"commands", print_commands}, {"states", print_states},
        {"routes", print_routes},         {"verbs", print_verbs},       {"config", print_config},
        {"memory", print_memory},         {"triggers", print_triggers}, {"faults", print_faults},
        {"strategies", print_strategies}, {"venue", print_venue},       {"codes", print_codes},
        {"alerts", print_alerts},         {"metrics", print_metrics},
    };

    if (argc == 1 && strcmp(argv[0], "man") == 0)
        return spec_man();
    if (argc > 0 && strcmp(argv[0], "completions") == 0)
        return spec_completions(argc > 1 ? argv[1] : "bash");
    for (size_t at = 0; argc == 1 && at < sizeof tables / sizeof tables[0]; at++)
        if (strcmp(tables[at].name, argv[0]) == 0) {
            tables[at].print();
            return 0;
        }
    return cli_usage(
        "spec",
        "wanted one of limits denials events errors commands states routes "
        "verbs config memory triggers faults strategies venue codes alerts metrics; or man, "
        "or completions bash|zsh|fish");
}
