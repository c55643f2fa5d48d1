/* The pages of `pitwall spec` that are no Markdown; each prints and returns the exit code. */
#ifndef PITWALL_CLI_SPEC_H
#define PITWALL_CLI_SPEC_H

/* pitwall(1), for man(1). */
int spec_man(void);
/* bash, zsh or fish. */
int spec_completions(const char *shell);

#endif
