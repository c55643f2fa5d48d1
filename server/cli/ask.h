/* Questions to a person at the terminal, not at stdin: a pipe cannot answer them. */
#ifndef PITWALL_CLI_ASK_H
#define PITWALL_CLI_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* Shows the question and reads a line into out; with `is_secret` nothing that is typed is shown.
 * false: there is no terminal, or no line. The terminal is as it was afterwards, also when Ctrl-C
 * ends the program. Main thread. */
bool ask_terminal(const char *question, bool is_secret, char *out, size_t size);

#endif
