/* What `pitwall help` and `pitwall VERB --help` say, and how a verb is called. */
#include "cli/grammar.h"

#include <string.h>

enum { FOLD_AT = 92, OPTION_COLUMN = 26 };

/* One word of a synopsis; begins a new line when this one is full. */
static void put_word(FILE *out, const char *word, int *column, int indent)
{
    int length = (int)strlen(word);

    if (*column + 1 + length > FOLD_AT) {
        fprintf(out, "\n%*s", indent + 4, "");
        *column = indent + 4;
    } else {
        fputc(' ', out);
        (*column)++;
    }
    fputs(word, out);
    *column += length;
}

static void row_word(const struct grammar_row *row, char *word, size_t size)
{
    const char *space = row->value[0] ? " " : "";

    if (row->kind == ROW_OPTION)
        snprintf(word, size, "[%s%s%s]", row->name, space, row->value);
    else
        snprintf(word, size, "%s%s%s", row->name, space, row->value);
}

void grammar_print_synopsis(FILE *out, const struct grammar_form *form, int indent)
{
    char word[128];
    int column = indent + fprintf(out, "%*spitwall %s", indent, "", form->verb->name) - indent;

    if (form->word && form->word->name[0] != '\0')
        put_word(out, form->word->name, &column, indent);
    if (form->is_server)
        put_word(out, "(--data DIR | --url URL --token-file FILE)", &column, indent);
    for (int pass = 0; pass < 3; pass++)
        for (size_t at = 0; at < form->rows; at++) {
            static const enum grammar_kind order[] = {ROW_ARG, ROW_NEED, ROW_OPTION};

            if (form->row[at]->kind != order[pass])
                continue;
            row_word(form->row[at], word, sizeof word);
            put_word(out, word, &column, indent);
        }
    if (form->is_server)
        put_word(out, "[--json]", &column, indent);
    fputc('\n', out);
}

static void print_row(FILE *out, const struct grammar_row *row)
{
    char word[128];
    int length =
        snprintf(word, sizeof word, "%s%s%s", row->name, row->value[0] ? " " : "", row->value);

    fprintf(out, "    %s", word);
    if (length >= OPTION_COLUMN)
        fprintf(out, "\n    %*s", OPTION_COLUMN, "");
    else
        fprintf(out, "%*s", OPTION_COLUMN - length, "");
    fprintf(out, "%s\n", row->says);
}

void grammar_print_help(FILE *out, const struct grammar_row *verb)
{
    struct grammar_form form;
    const struct grammar_row *row;
    bool speaks = false;

    fprintf(out, "pitwall %s: %s\n", verb->name, verb->says);
    for (size_t n = 0; grammar_form(verb, n, &form); n++) {
        fputc('\n', out);
        grammar_print_synopsis(out, &form, 2);
        if (form.word)
            fprintf(out, "    %s\n", form.word->says);
        for (size_t at = 0; at < form.rows; at++)
            print_row(out, form.row[at]);
        speaks |= form.is_server;
    }
    if (speaks)
        fprintf(out, "\n  which server\n");
    for (size_t at = 0; speaks && (row = grammar_server_row(at)); at++)
        print_row(out, row);
}

void grammar_print_verbs(FILE *out)
{
    const struct grammar_row *verb;

    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, "\n%s\n", grammar_group_says((enum grammar_group)group));
        for (size_t n = 0; (verb = grammar_verb(n)); n++)
            if (verb->group == (enum grammar_group)group)
                fprintf(out, "  %-14s %s\n", verb->name, verb->says);
    }
}
