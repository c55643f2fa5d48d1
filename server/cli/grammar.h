/* server/tables/verbs.def as data: what help, the man page, the completions and the check of a
 * command line read. A form is a verb with one of its words, and the rows that go with them.
 * Main thread; nothing is allocated; texts are static. */
#ifndef PITWALL_CLI_GRAMMAR_H
#define PITWALL_CLI_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum grammar_group { GROUP_DESK, GROUP_RUN, GROUP_PEOPLE, GROUP_RECORD, GROUP_TOOL, GROUP_COUNT };
enum grammar_kind { ROW_VERB, ROW_WORD, ROW_SERVER, ROW_NEED, ROW_OPTION, ROW_ARG };

struct grammar_row {
    enum grammar_kind kind;
    enum grammar_group group; /* of a verb */
    const char *name;         /* as typed: cancel-all, --scope; of ROW_ARG what it stands for */
    const char *value, *says; /* value "": a flag */
};

enum { FORM_ROWS_MAX = 32 };

struct grammar_form {
    const struct grammar_row *verb, *word; /* word NULL: the verb has none */
    const struct grammar_row *row[FORM_ROWS_MAX];
    size_t rows; /* without those of a server */
    bool is_server;
};

const char *grammar_group_says(enum grammar_group group);
/* The n-th verb in the table's order; NULL: there are fewer. */
const struct grammar_row *grammar_verb(size_t n);
/* NULL: none of that name. */
const struct grammar_row *grammar_verb_find(const char *name);
/* The n-th form of a verb; false: it has fewer. */
bool grammar_form(const struct grammar_row *verb, size_t n, struct grammar_form *form);
/* --data, --url, --token-file, --ca-file, --cert, --key, --json; NULL after them. */
const struct grammar_row *grammar_server_row(size_t n);

/* The known word that was probably meant; NULL: none is near. */
const char *grammar_nearest(const char *given, const char *const *known, size_t count);

/* Which form this is; NULL and form filled, or what is wrong: no such word, unknown option, a value
 * or something needed is missing, too many arguments. Text lasts till the next call. */
const char *grammar_check(const struct grammar_row *verb, int argc, char **argv,
                          struct grammar_form *form);

/* "pitwall kill (--data DIR | ..) --scope SCOPE .."; folded at 92 columns behind `indent`. */
void grammar_print_synopsis(FILE *out, const struct grammar_form *form, int indent);
/* What `pitwall VERB --help` says. */
void grammar_print_help(FILE *out, const struct grammar_row *verb);
/* What `pitwall help` says. */
void grammar_print_verbs(FILE *out);

#endif
