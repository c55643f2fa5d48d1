/* Who may read a file of secrets.
 *
 * One that the desk keeps is ours alone: mode 0600 or stricter. One in $CREDENTIALS_DIRECTORY was
 * put there by what started us (systemd, a container's volume of secrets), which makes files that
 * are root's, lets our group read them, and puts links in front of them so that it can exchange
 * them all at once: that much is allowed there. Never that others may read, or that anybody but the
 * owner may write. Any thread. */
#ifndef PITWALL_CONFIG_CREDENTIAL_H
#define PITWALL_CONFIG_CREDENTIAL_H

#include <stdbool.h>
#include <sys/stat.h>

/* True when `path` is that of a file in $CREDENTIALS_DIRECTORY. */
bool credential_is(const char *path);
/* NULL, or what is wrong with owner and mode of the file that was opened as `path`; static. */
const char *credential_fault(const char *path, const struct stat *about);

#endif
