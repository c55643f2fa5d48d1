/* What a row of the audit changed, in words: "max_open_orders 50 -> 49". What is not known is left
 * out, and so is what the row says already. Main thread. */
#ifndef PITWALL_CLI_AUDIT_WORDS_H
#define PITWALL_CLI_AUDIT_WORDS_H

#include <jansson.h>
#include <stdio.h>

/* Writes at the start of `out`. */
void audit_words(FILE *out, const json_t *item);

#endif
