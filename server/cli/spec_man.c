/* pitwall spec man: the manual page, from the tables of verbs and errors. */
#include "cli/grammar.h"
#include "cli/spec.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

/* Text with what means something to roff escaped. */
static void put(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text != '\0'; text++) {
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '`')
            continue;
        else
            putchar(*text);
    }
}

static void put_bold(const char *text)
{
    fputs("\\fB", stdout);
    put(text);
    fputs("\\fR", stdout);
}

static void put_value(const char *text)
{
    fputs(" \\fI", stdout);
    put(text);
    fputs("\\fR", stdout);
}

static void put_row(const struct grammar_row *row)
{
    printf(".TP\n");
    if (row->kind == ROW_ARG) {
        fputs("\\fI", stdout);
        put(row->name);
        fputs("\\fR", stdout);
    } else {
        put_bold(row->name);
    }
    if (row->value[0] != '\0')
        put_value(row->value);
    putchar('\n');
    put(row->says);
    printf(row->kind == ROW_NEED ? " (needed).\n" : ".\n");
}

static void put_form(const struct grammar_form *form)
{
    printf(".PP\n\\fBpitwall %s", form->verb->name);
    if (form->word && form->word->name[0] != '\0')
        printf(" %s", form->word->name);
    printf("\\fR\n.RS 4\n");
    if (form->word) {
        put(form->word->says);
        printf(".\n");
    }
    for (size_t at = 0; at < form->rows; at++)
        put_row(form->row[at]);
    if (form->is_server)
        printf(".PP\nAnd the options of a server.\n");
    printf(".RE\n");
}

static void put_heading(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
}

static void put_verbs(void)
{
    const struct grammar_row *verb;
    struct grammar_form form;

    for (int group = 0; group < GROUP_COUNT; group++) {
        printf(".SH \"");
        put_heading(grammar_group_says((enum grammar_group)group));
        printf("\"\n");
        for (size_t n = 0; (verb = grammar_verb(n)); n++) {
            if (verb->group != (enum grammar_group)group)
                continue;
            printf(".SS \"%s\"\n", verb->name);
            put(verb->says);
            printf(".\n");
            for (size_t at = 0; grammar_form(verb, at, &form); at++)
                put_form(&form);
        }
    }
}

static void put_ends(void)
{
    static const char *const codes[][2] = {
        {"0", "well"},
        {"1", "found what it looks for: damage, a difference"},
        {"64", "usage"},
        {"65", "damaged input; what was usable is still printed"},
        {"69", "unavailable: no server, or refused by the present state"},
        {"70", "internal"},
        {"75", "the data directory is in use"},
        {"77", "not permitted"},
        {"78", "configuration, or a secret that others can read"}};

    printf(".SH \"EXIT STATUS\"\n");
    for (size_t at = 0; at < sizeof codes / sizeof codes[0]; at++)
        printf(".TP\n.B %s\n%s.\n", codes[at][0], codes[at][1]);
    printf(".SH FILES\n.TP\n.I DIR/control.sock\nthe socket of a running server; its owner, and "
           "root, may speak there.\n.TP\n.I DIR/run.json\nwhere it listens.\n"
           ".SH \"SEE ALSO\"\ndocs/cli.md and docs/RUNBOOK.md of the source.\n");
}

int spec_man(void)
{
    const struct grammar_row *row;

    printf(".\\\" Printed by `pitwall spec man`: do not edit.\n.TH PITWALL 1 \"\" \"pitwall ");
    put(pitwall_version);
    printf(
        "\" \"Pitwall\"\n.SH NAME\npitwall \\- an engine that trades, and the desk's hold on it\n"
        ".SH SYNOPSIS\n.B pitwall\n.I verb\n.RI [ word ]\n.RI [ options ]\n.br\n.B pitwall help\n"
        ".RI [ verb ]\n.SH DESCRIPTION\nOne program: the server that trades, and the verbs that "
        "speak to it.\nA verb that reads prints an aligned table, times in UTC; what is not "
        "known is a dash, never zero.\nWith\n.B \\-\\-json\nit prints what the API "
        "answered.\n.SH \"OPTIONS OF A SERVER\"\nEither the data directory or the address must "
        "be there.\n");
    for (size_t n = 0; (row = grammar_server_row(n)); n++)
        put_row(row);
    put_verbs();
    put_ends();
    return 0;
}
