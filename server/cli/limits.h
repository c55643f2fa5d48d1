/* What the words of `pitwall limits` share. Main thread. */
#ifndef PITWALL_CLI_LIMITS_H
#define PITWALL_CLI_LIMITS_H

#include "cli/client.h"

/* Names, units and types; the answer is the caller's. */
enum status limits_get_schema(const struct client_target *target, struct client_answer *schema,
                              struct err *err);
/* The verb's words NAME=VALUE, into an object as the API wants it. ERR_USAGE: not such a pair, or
 * given twice; ERR_UNKNOWN_LIMIT: with the name that was probably meant. */
enum status limits_read_pairs(const struct client_target *target, const json_t *schema,
                              json_t *limits, struct err *err);

/* {name: value} of before and after, as a list of differences: of all that `is` names. */
json_t *limits_differences(const json_t *was, const json_t *is);

/* The words of limits_past.c; the exit code. */
int limits_diff_verb(int argc, char **argv);
int limits_revert_verb(int argc, char **argv);
int limits_what_if_verb(int argc, char **argv);

#endif
