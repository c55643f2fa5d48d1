/* The parts of `pitwall audit`. Each gets the arguments after its word and returns the exit
 * code. */
#ifndef PITWALL_CLI_AUDIT_H
#define PITWALL_CLI_AUDIT_H

int audit_cli_verify(int argc, char **argv);  /* audit.c */
int audit_cli_rebuild(int argc, char **argv); /* audit.c */
int audit_cli_query(int argc, char **argv);   /* audit_read.c */
int audit_cli_export(int argc, char **argv);  /* audit_read.c */
int audit_cli_report(int argc, char **argv);  /* audit_report.c */

#endif
