#include "gateway/fault_script.h"

#include "thread/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1000000
#define MS_MAX 86400000

enum { LINE_MAX_BYTES = 4096 };

/* Where we are, and the rule that the line becomes. */
struct script {
    const struct fault_words *words;
    const json_t *line;
    struct fault_rule rule;
    struct err *err;
};

static bool is_known(const char *key)
{
    static const char *const keys[] = {"on", "nth", "every", "p",    "symbol",
                                       "do", "ms",  "code",  "times"};

    for (size_t at = 0; at < sizeof keys / sizeof keys[0]; at++)
        if (strcmp(keys[at], key) == 0)
            return true;
    return false;
}

static enum status check_keys(struct script *script)
{
    for (void *at = json_object_iter((json_t *)script->line); at;
         at = json_object_iter_next((json_t *)script->line, at))
        if (!is_known(json_object_iter_key(at)))
            return err_format(script->err, ERR_CONFIG, "unknown key '%s'",
                              json_object_iter_key(at));
    return OK;
}

static enum status read_text(struct script *script, const char *key, const char **text)
{
    *text = json_string_value(json_object_get(script->line, key));
    if (!*text)
        return err_format(script->err, ERR_CONFIG, "\"%s\" wants a text", key);
    return OK;
}

/* OK and *found false: the key is not there. */
static enum status read_whole(struct script *script, const char *key, int64_t low, int64_t high,
                              int64_t *value, bool *found)
{
    const json_t *given = json_object_get(script->line, key);

    *found = given != NULL;
    if (!given)
        return OK;
    *value = json_integer_value(given);
    if (!json_is_integer(given) || *value < low || *value > high)
        return err_format(script->err, ERR_CONFIG, "\"%s\" wants a whole number %lld..%lld", key,
                          (long long)low, (long long)high);
    return OK;
}

static enum status read_kind_and_verb(struct script *script)
{
    const char *on = NULL;
    const char *does = NULL;
    enum status status = read_text(script, "on", &on);

    if (status == OK)
        status = read_text(script, "do", &does);
    return status == OK
               ? script->words->begin(script->words->ctx, on, does, &script->rule, script->err)
               : status;
}

static enum status read_symbol(struct script *script)
{
    const char *symbol = NULL;
    uint32_t found = 0;
    enum status status;

    if (!json_object_get(script->line, "symbol"))
        return OK;
    status = read_text(script, "symbol", &symbol);
    if (status == OK)
        found = script->words->find(script->words->ctx, symbol, &script->rule.instrument);
    if (status == OK && found != 1)
        return err_format(script->err, ERR_CONFIG,
                          found == 0 ? "\"symbol\": there is no '%s'"
                                     : "\"symbol\": more than one venue has '%s'",
                          symbol);
    return status;
}

static enum status read_probability(struct script *script, bool *found)
{
    const json_t *given = json_object_get(script->line, "p");
    double probability = json_number_value(given);

    *found = given != NULL;
    if (!given)
        return OK;
    if (!json_is_number(given) || !(probability > 0 && probability <= 1))
        return err_set(script->err, ERR_CONFIG, "\"p\" wants a number above 0, at most 1");
    script->rule.probability_e8 = (uint32_t)(probability * (double)RATIO_ONE_E8 + 0.5);
    return OK;
}

static enum status read_when(struct script *script)
{
    bool has_nth = false;
    bool has_every = false;
    bool has_p = false;
    bool has_times = false;
    int64_t nth = 0;
    int64_t every = 0;
    int64_t times = 0;
    enum status status = read_whole(script, "nth", 1, UINT32_MAX, &nth, &has_nth);

    if (status == OK)
        status = read_whole(script, "every", 1, UINT32_MAX, &every, &has_every);
    if (status == OK)
        status = read_whole(script, "times", 1, UINT32_MAX, &times, &has_times);
    if (status == OK)
        status = read_probability(script, &has_p);
    if (status == OK && has_nth + has_every + has_p != 1)
        return err_set(script->err, ERR_CONFIG, "wanted one of \"nth\", \"every\", \"p\"");
    script->rule.nth = (uint32_t)nth;
    script->rule.every = (uint32_t)every;
    script->rule.times = (uint32_t)times;
    return status;
}

static enum status read_parameters(struct script *script)
{
    struct fault_rule *rule = &script->rule;
    int64_t low = script->words->code_low(rule);
    int64_t ms = 0;
    int64_t code = 0;
    bool has_ms = false;
    bool has_code = false;
    enum status status = read_whole(script, "ms", 0, MS_MAX, &ms, &has_ms);

    if (status == OK)
        status = read_whole(script, "code", low, MAX_LOTS, &code, &has_code);
    if (has_ms)
        rule->for_ns = ms * NS_PER_MS;
    if (has_code)
        rule->code = code;
    return status;
}

static enum status read_rule(struct script *script)
{
    enum status status;

    if (!json_is_object(script->line))
        return err_set(script->err, ERR_CONFIG, "wanted an object");
    status = check_keys(script);
    if (status == OK)
        status = read_kind_and_verb(script);
    if (status == OK)
        status = read_symbol(script);
    if (status == OK)
        status = read_when(script);
    return status == OK ? read_parameters(script) : status;
}

static enum status read_line(struct script *script, const char *text)
{
    json_error_t problem;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    enum status status;

    if (!line)
        return err_format(script->err, ERR_CONFIG, "not JSON: %s", problem.text);
    script->line = line;
    status = read_rule(script);
    json_decref(line);
    return status;
}

static bool says_nothing(const char *text)
{
    text += strspn(text, " \t\r\n");
    return *text == '\0' || *text == '#';
}

static enum status read_lines(FILE *file, struct script *script,
                              struct fault_rule rules[FAULT_RULES_MAX], uint32_t *count,
                              uint32_t *number)
{
    char text[LINE_MAX_BYTES];
    enum status status = OK;

    *count = 0;
    for (*number = 1; status == OK && fgets(text, sizeof text, file); ++*number) {
        if (strlen(text) + 1 == sizeof text)
            return err_set(script->err, ERR_CONFIG, "the line is too long");
        if (says_nothing(text))
            continue;
        if (*count == FAULT_RULES_MAX)
            return err_format(script->err, ERR_CONFIG, "more than %d rules", FAULT_RULES_MAX);
        status = read_line(script, text);
        if (status != OK)
            return status;
        rules[(*count)++] = script->rule;
    }
    return ferror(file) ? err_set(script->err, ERR_IO, "cannot be read") : OK;
}

enum status fault_script_line(const char *text, const struct fault_words *words,
                              struct fault_rule *rule, struct err *err)
{
    struct script script = {.words = words, .err = err};
    enum status status = read_line(&script, text);

    if (status == OK)
        *rule = script.rule;
    return status;
}

enum status fault_script_file(const char *path, const struct fault_words *words,
                              struct fault_rule rules[FAULT_RULES_MAX], uint32_t *count,
                              struct err *err)
{
    struct script script = {.words = words, .err = err};
    FILE *file = fopen(path, "re");
    char where[512];
    uint32_t number;
    enum status status;

    if (!file)
        return err_format(err, ERR_CONFIG, "%s: %s", path, strerrordesc_np(errno));
    status = read_lines(file, &script, rules, count, &number);
    if (fclose(file) != 0 && status == OK)
        status = err_set(err, ERR_IO, "cannot be read");
    if (status == OK)
        return OK;
    snprintf(where, sizeof where, "%s:%u", path, number);
    return err_wrap(err, status, where);
}

/* ---- the words of the in-process venue ----------------------------------------------------- */

struct instruments {
    const struct instrument *row;
    uint16_t count;
};

static enum status begin_rule(void *ctx, const char *on, const char *does, struct fault_rule *rule,
                              struct err *err)
{
    enum fault_kind kind;
    enum fault_verb verb;

    (void)ctx;
    if (!fault_kind_find(on, &kind))
        return err_format(err, ERR_CONFIG, "\"on\": there is no '%s'", on);
    if (fault_verb_is_wire(does))
        return err_format(err, ERR_CONFIG, "\"do\": '%s' needs the wire simulator", does);
    if (!fault_verb_find(does, &verb))
        return err_format(err, ERR_CONFIG, "\"do\": there is no '%s'", does);
    if (!(fault_verb_row(verb)->kinds & (1U << kind)))
        return err_format(err, ERR_CONFIG, "'%s' cannot be done on '%s'", does, on);
    *rule = fault_rule(kind, verb);
    return OK;
}

static const char *symbol_of(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon ? colon + 1 : name;
}

static uint32_t find_symbol(void *ctx, const char *symbol, uint16_t *instrument)
{
    const struct instruments *instruments = ctx;
    uint32_t found = 0;

    for (uint16_t at = 0; at < instruments->count; at++) {
        const char *name = instruments->row[at].name;

        if (strcmp(name, symbol) != 0 && strcmp(symbol_of(name), symbol) != 0)
            continue;
        *instrument = at;
        found++;
    }
    return found;
}

/* `code` is the number of lots in some verbs; of those only the position can be zero or negative.
 */
static int64_t least_code(const struct fault_rule *rule)
{
    return rule->verb == FAULT_POSITION_OVERRIDE ? -MAX_LOTS : 1;
}

enum status fault_script_read(const char *path, const struct instrument *instruments,
                              uint16_t instrument_count, struct fault_rule rules[FAULT_RULES_MAX],
                              uint32_t *count, struct err *err)
{
    struct instruments known = {.row = instruments, .count = instrument_count};
    const struct fault_words words = {
        .ctx = &known, .begin = begin_rule, .find = find_symbol, .code_low = least_code};

    return fault_script_file(path, &words, rules, count, err);
}
