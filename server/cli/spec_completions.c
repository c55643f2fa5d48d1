/* pitwall spec completions: verbs, words, options and choices for bash, zsh and fish.
 *
 * One function for bash; zsh runs the same by bashcompinit. Files complete after options that want
 * a FILE, folders after DIR, choices after `a|b`. */
#include "cli/cli.h"
#include "cli/grammar.h"
#include "cli/spec.h"

#include <stdio.h>
#include <string.h>

typedef void (*visit)(const struct grammar_form *form, const struct grammar_row *row);

static void each_row(const struct grammar_form *form, visit see)
{
    const struct grammar_row *row;

    for (size_t at = 0; at < form->rows; at++)
        if (form->row[at]->kind != ROW_ARG)
            see(form, form->row[at]);
    for (size_t n = 0; form->is_server && (row = grammar_server_row(n)); n++)
        see(form, row);
}

static void print_name(const struct grammar_form *form, const struct grammar_row *row)
{
    (void)form;
    printf(" %s", row->name);
}

/* "a|b|c" as words: choices are written in small letters only. */
static void print_choices(const char *value)
{
    for (; *value != '\0'; value++)
        putchar(*value == '|' ? ' ' : *value);
}

static bool is_choice(const char *value)
{
    return strchr(value, '|') && strcspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(value);
}

/* ----------------------------------------------------------------------------------- bash */

static void bash_value(const struct grammar_form *form, const struct grammar_row *row)
{
    const char *word = form->word ? form->word->name : "";

    if (is_choice(row->value)) {
        printf("    '%s %s %s') COMPREPLY=($(compgen -W '", form->verb->name, word, row->name);
        print_choices(row->value);
        printf("' -- \"$cur\")); return ;;\n");
    }
}

static void bash_words(const struct grammar_row *verb)
{
    struct grammar_form form;

    printf("    %s) words='", verb->name);
    for (size_t at = 0; grammar_form(verb, at, &form); at++)
        if (form.word && form.word->name[0] != '\0')
            printf("%s ", form.word->name);
    printf("' ;;\n");
}

static void bash_options(const struct grammar_row *verb)
{
    struct grammar_form form;

    for (size_t at = 0; grammar_form(verb, at, &form); at++) {
        printf("    '%s %s') opts='", verb->name, form.word ? form.word->name : "");
        each_row(&form, print_name);
        printf(" --help' ;;\n");
    }
}

/* Whether an option takes a value, and of which sort, is the same wherever it has that value. */
static void bash_sorts(const char *sort, const char *wanted)
{
    const struct grammar_row *verb;
    struct grammar_form form;
    const char *seen[64];
    size_t count = 0;

    for (size_t n = 0; (verb = grammar_verb(n)); n++)
        for (size_t f = 0; grammar_form(verb, f, &form); f++)
            for (size_t r = 0; r < form.rows; r++) {
                const struct grammar_row *row = form.row[r];
                size_t at = 0;

                while (at < count && strcmp(seen[at], row->name) != 0)
                    at++;
                if (row->kind == ROW_ARG || strcmp(row->value, wanted) != 0 || at < count ||
                    count == 64)
                    continue;
                seen[count++] = row->name;
            }
    printf("    --%s", sort); /* a name that no option has, so that the list is never empty */
    for (size_t at = 0; at < count; at++)
        printf("|%s", seen[at]);
}

static void print_bash(void)
{
    const struct grammar_row *verb;
    struct grammar_form form;

    printf("# Completions of pitwall, printed by `pitwall spec completions bash`: do not edit.\n"
           "_pitwall() {\n"
           "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           "  local verb=\"${COMP_WORDS[1]}\" word='' words='' opts='' verbs='");
    for (size_t n = 0; (verb = grammar_verb(n)); n++)
        printf("%s ", verb->name);
    printf("help'\n"
           "  COMPREPLY=()\n"
           "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "    COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
           "    return\n"
           "  fi\n"
           "  if [ \"$verb\" = help ]; then\n"
           "    COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
           "    return\n"
           "  fi\n"
           "  case \"$verb\" in\n");
    for (size_t n = 0; (verb = grammar_verb(n)); n++)
        bash_words(verb);
    printf("  esac\n"
           "  if [ \"$COMP_CWORD\" -gt 2 ]; then\n"
           "    case \" $words\" in *\" ${COMP_WORDS[2]} \"*) word=\"${COMP_WORDS[2]}\" ;; esac\n"
           "  fi\n"
           "  case \"$verb $word $prev\" in\n");
    for (size_t n = 0; (verb = grammar_verb(n)); n++)
        for (size_t at = 0; grammar_form(verb, at, &form); at++)
            each_row(&form, bash_value);
    printf("  esac\n"
           "  case \"$prev\" in\n");
    bash_sorts("directory|--data", "DIR");
    printf(") COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n");
    bash_sorts("file|--token-file|--ca-file|--cert|--key", "FILE");
    printf(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
    bash_sorts("scope", "SCOPE");
    printf(
        ") COMPREPLY=($(compgen -W 'firm venue/ strategy/ instrument/' -- \"$cur\")); return ;;\n"
        "  esac\n"
        "  case \"$verb $word\" in\n");
    for (size_t n = 0; (verb = grammar_verb(n)); n++)
        bash_options(verb);
    printf("  esac\n"
           "  [ \"$COMP_CWORD\" -eq 2 ] && opts=\"$words $opts\"\n"
           "  COMPREPLY=($(compgen -W \"$opts\" -- \"$cur\"))\n"
           "}\n");
}

/* ----------------------------------------------------------------------------------- fish */

static void print_quoted(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void fish_row(const struct grammar_form *form, const struct grammar_row *row)
{
    bool has_word = form->word && form->word->name[0] != '\0';

    printf("complete -c pitwall -n '__fish_seen_subcommand_from %s%s%s' -l %s", form->verb->name,
           has_word ? "; and __fish_seen_subcommand_from " : "", has_word ? form->word->name : "",
           row->name + 2);
    if (is_choice(row->value)) {
        printf(" -xa '");
        print_choices(row->value);
        printf("'");
    } else if (row->value[0] != '\0') {
        printf(strcmp(row->value, "FILE") == 0 || strcmp(row->value, "DIR") == 0 ? " -rF" : " -x");
    }
    printf(" -d '");
    print_quoted(row->says);
    printf("'\n");
}

static void print_fish(void)
{
    const struct grammar_row *verb;
    struct grammar_form form;

    printf("# Completions of pitwall, printed by `pitwall spec completions fish`: do not edit.\n"
           "complete -c pitwall -f\n");
    for (size_t n = 0; (verb = grammar_verb(n)); n++) {
        printf("complete -c pitwall -n __fish_use_subcommand -a %s -d '", verb->name);
        print_quoted(verb->says);
        printf("'\n");
        for (size_t at = 0; grammar_form(verb, at, &form); at++) {
            if (form.word && form.word->name[0] != '\0') {
                printf("complete -c pitwall -n '__fish_seen_subcommand_from %s' -a %s -d '",
                       verb->name, form.word->name);
                print_quoted(form.word->says);
                printf("'\n");
            }
            each_row(&form, fish_row);
        }
    }
}

int spec_completions(const char *shell)
{
    if (strcmp(shell, "fish") == 0) {
        print_fish();
        return 0;
    }
    if (strcmp(shell, "bash") != 0 && strcmp(shell, "zsh") != 0)
        return cli_usage("spec", "completions are for bash, zsh or fish");
    if (strcmp(shell, "zsh") == 0)
        printf("#compdef pitwall\nautoload -U +X bashcompinit && bashcompinit\n");
    print_bash();
    printf("complete -F _pitwall pitwall\n");
    return 0;
}
