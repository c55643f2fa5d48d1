/* The verbs of the one program: `pitwall VERB ...`. Each gets the arguments after the verb and
 * returns the exit code (DESIGN section 5). main.c holds the table, server/tables/verbs.def. */
#ifndef PITWALL_CLI_CLI_H
#define PITWALL_CLI_CLI_H

#include "engine.h"

#define VERB(ID, ...) int cli_##ID(int argc, char **argv);
#include "tables/verbs.def"
#undef VERB

/* Which form of the verb was called, so that cli_usage says how that one is. */
struct grammar_form;
void cli_called(const struct grammar_form *form);
/* Says "pitwall VERB: what is wrong" on stderr, and how to call it; returns 64. */
int cli_usage(const char *verb, const char *problem);
/* Says "pitwall VERB: <err text>" on stderr; returns the exit code of the status. */
int cli_fail(const char *verb, const struct err *err);

#endif
