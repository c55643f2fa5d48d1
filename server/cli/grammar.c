#include "cli/grammar.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static const struct grammar_row table[] = {
#define VERB(ID, typed, in, text) {ROW_VERB, in, typed, "", text},
#define WORD(word, text) {ROW_WORD, GROUP_DESK, word, "", text},
#define SERVER() {ROW_SERVER, GROUP_DESK, "", "", ""},
#define NEED(option, wants, text) {ROW_NEED, GROUP_DESK, option, wants, text},
#define OPTION(option, wants, text) {ROW_OPTION, GROUP_DESK, option, wants, text},
#define ARG(wants, text) {ROW_ARG, GROUP_DESK, wants, "", text},
#include "tables/verbs.def"
};

static const size_t table_rows = sizeof table / sizeof table[0];

static const struct grammar_row server_rows[] = {
    {ROW_OPTION, GROUP_DESK, "--data", "DIR", "the server of this data directory, by its socket"},
    {ROW_OPTION, GROUP_DESK, "--url", "URL", "a server by its address, http://H:P or https://H:P"},
    {ROW_OPTION, GROUP_DESK, "--token-file", "FILE", "with --url: a token, a file of mode 0600"},
    {ROW_OPTION, GROUP_DESK, "--ca-file", "FILE", "with https: whom to trust, PEM"},
    {ROW_OPTION, GROUP_DESK, "--cert", "FILE", "with https: who we are, where it asks, PEM"},
    {ROW_OPTION, GROUP_DESK, "--key", "FILE", "with --cert: its key, a file of mode 0600"},
    {ROW_OPTION, GROUP_DESK, "--json", "", "print JSON"},
};

static const char *const group_texts[GROUP_COUNT] = {[GROUP_DESK] = "On the desk",
                                                     [GROUP_RUN] = "The program and its data",
                                                     [GROUP_PEOPLE] = "People and programs",
                                                     [GROUP_RECORD] = "The record",
                                                     [GROUP_TOOL] = "Tools"};

const char *grammar_group_says(enum grammar_group group)
{
    return group_texts[group];
}

const struct grammar_row *grammar_server_row(size_t n)
{
    return n < sizeof server_rows / sizeof server_rows[0] ? &server_rows[n] : NULL;
}

/* ----------------------------------------------------------------------------------- rows */

const struct grammar_row *grammar_verb(size_t n)
{
    for (size_t at = 0; at < table_rows; at++)
        if (table[at].kind == ROW_VERB && n-- == 0)
            return &table[at];
    return NULL;
}

const struct grammar_row *grammar_verb_find(const char *name)
{
    for (size_t at = 0; at < table_rows; at++)
        if (table[at].kind == ROW_VERB && strcmp(table[at].name, name) == 0)
            return &table[at];
    return NULL;
}

static bool is_of_verb(const struct grammar_row *row)
{
    return row < table + table_rows && row->kind != ROW_VERB;
}

static bool is_of_word(const struct grammar_row *row)
{
    return is_of_verb(row) && row->kind != ROW_WORD;
}

static const struct grammar_row *add_rows(struct grammar_form *form, const struct grammar_row *row)
{
    for (; is_of_word(row); row++) {
        if (row->kind == ROW_SERVER) {
            form->is_server = true;
            continue;
        }
        assert(form->rows < FORM_ROWS_MAX);
        form->row[form->rows++] = row;
    }
    return row;
}

bool grammar_form(const struct grammar_row *verb, size_t n, struct grammar_form *form)
{
    const struct grammar_row *row;

    *form = (struct grammar_form){.verb = verb};
    row = add_rows(form, verb + 1);
    if (!is_of_verb(row))
        return n == 0;
    for (; is_of_verb(row); row++)
        if (row->kind == ROW_WORD && n-- == 0) {
            form->word = row;
            add_rows(form, row + 1);
            return true;
        }
    return false;
}

/* -------------------------------------------------------------------------------- nearest */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours. */
static size_t distance(const char *a, const char *b)
{
    enum { WORD_MAX = 40 };
    size_t row[3][WORD_MAX + 1];
    size_t rows = strlen(a), columns = strlen(b);

    if (rows > WORD_MAX || columns > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= columns; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            now[j] =
                least(least(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return row[rows % 3][columns];
}

const char *grammar_nearest(const char *given, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(given), nearest = length / 3 + 1;

    for (size_t at = 0; at < count; at++) {
        size_t off = distance(given, known[at]);

        if (length > 2 && strncmp(known[at], given, length) == 0)
            off = 1; /* begun, not ended */
        if (off <= nearest && (!best || off < nearest)) {
            nearest = off;
            best = known[at];
        }
    }
    return best;
}

/* ---------------------------------------------------------------------------------- check */

static char problem[240];

static const char *say(const char *what, const char *given, const char *const *known, size_t count)
{
    const char *meant = grammar_nearest(given, known, count);

    snprintf(problem, sizeof problem, "%s %.60s%s%s%s", what, given, meant ? "; did you mean " : "",
             meant ? meant : "", meant ? "?" : "");
    return problem;
}

static size_t words_of(const struct grammar_row *verb, const char **words)
{
    struct grammar_form form;
    size_t count = 0;

    for (size_t n = 0; n < FORM_ROWS_MAX && grammar_form(verb, n, &form); n++)
        if (form.word && form.word->name[0] != '\0')
            words[count++] = form.word->name;
    return count;
}

static const char *which_word(const char *given, const char *const *words, size_t count)
{
    size_t used;

    if (given) {
        say("there is no word", given, words, count);
        used = strlen(problem);
        snprintf(problem + used, sizeof problem - used, "%s it has",
                 problem[used - 1] == '?' ? "" : ";");
    } else {
        snprintf(problem, sizeof problem, "say what:");
    }
    for (size_t at = 0; at < count; at++) {
        used = strlen(problem);
        snprintf(problem + used, sizeof problem - used, "%s %s",
                 at == 0          ? ""
                 : at + 1 < count ? ","
                                  : " or",
                 words[at]);
    }
    return problem;
}

static bool takes_arguments(const struct grammar_form *form)
{
    for (size_t at = 0; at < form->rows; at++)
        if (form->row[at]->kind == ROW_ARG)
            return true;
    return false;
}

/* NULL and *skip the arguments that name the form; or what is wrong. */
static const char *find_form(const struct grammar_row *verb, int argc, char **argv,
                             struct grammar_form *form, int *skip)
{
    const char *words[FORM_ROWS_MAX];
    const char *given = argc > 0 && argv[0][0] != '-' ? argv[0] : NULL;
    size_t count = words_of(verb, words);

    *skip = 1;
    for (size_t n = 0; given && grammar_form(verb, n, form); n++)
        if (form->word && strcmp(form->word->name, given) == 0)
            return NULL;
    *skip = 0;
    for (size_t n = 0; grammar_form(verb, n, form); n++)
        if (!form->word || form->word->name[0] == '\0')
            return !given || takes_arguments(form) || count == 0 ? NULL
                                                                 : which_word(given, words, count);
    return which_word(given, words, count);
}

static const struct grammar_row *find_row(const struct grammar_form *form, const char *name)
{
    const struct grammar_row *row;

    for (size_t at = 0; at < form->rows; at++)
        if (form->row[at]->kind != ROW_ARG && strcmp(form->row[at]->name, name) == 0)
            return form->row[at];
    for (size_t at = 0; form->is_server && (row = grammar_server_row(at)); at++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static const char *unknown_option(const struct grammar_form *form, const char *given)
{
    const char *known[FORM_ROWS_MAX + 8];
    const struct grammar_row *row;
    size_t count = 0;

    for (size_t at = 0; at < form->rows; at++)
        if (form->row[at]->kind != ROW_ARG)
            known[count++] = form->row[at]->name;
    for (size_t at = 0; form->is_server && (row = grammar_server_row(at)); at++)
        known[count++] = row->name;
    return say("unknown option", given, known, count);
}

static const char *check_arguments(const struct grammar_form *form, size_t given, const char *last)
{
    size_t needed = 0, most = 0;

    for (size_t at = 0; at < form->rows; at++) {
        const struct grammar_row *row = form->row[at];

        if (row->kind != ROW_ARG)
            continue;
        needed += row->name[0] != '[';
        most = strstr(row->name, "..") ? SIZE_MAX : most + (most < SIZE_MAX);
        if (given < needed) {
            snprintf(problem, sizeof problem, "%s is missing: %s", row->name, row->says);
            return problem;
        }
    }
    if (given <= most)
        return NULL;
    snprintf(problem, sizeof problem, "unknown argument %.60s", last);
    return problem;
}

static bool is_given(const struct grammar_row *row, int argc, char **argv)
{
    for (int at = 0; at < argc; at++)
        if (strcmp(argv[at], row->name) == 0)
            return true;
    return false;
}

static const char *check_needed(const struct grammar_form *form, int argc, char **argv)
{
    for (size_t at = 0; at < form->rows; at++)
        if (form->row[at]->kind == ROW_NEED && !is_given(form->row[at], argc, argv)) {
            snprintf(problem, sizeof problem, "%s is missing: %s", form->row[at]->name,
                     form->row[at]->says);
            return problem;
        }
    return NULL;
}

const char *grammar_check(const struct grammar_row *verb, int argc, char **argv,
                          struct grammar_form *form)
{
    size_t arguments = 0;
    const char *wrong, *last = "";
    int at;

    wrong = find_form(verb, argc, argv, form, &at);
    if (wrong)
        form->verb = NULL; /* none of its forms was meant */
    for (; !wrong && at < argc; at++) {
        const struct grammar_row *row = find_row(form, argv[at]);

        if (!row && argv[at][0] == '-' && argv[at][1] != '\0')
            return unknown_option(form, argv[at]);
        if (!row) {
            last = argv[at];
            arguments++;
        } else if (row->value[0] != '\0' && (++at == argc || argv[at][0] == '\0')) {
            snprintf(problem, sizeof problem, "%s needs a value, %s: %s", row->name, row->value,
                     row->says);
            return problem;
        }
    }
    if (!wrong)
        wrong = check_arguments(form, arguments, last);
    return wrong ? wrong : check_needed(form, argc, argv);
}
