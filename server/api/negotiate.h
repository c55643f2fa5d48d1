/* What a reader says of the answer it wants (RFC 9110): which coding it takes, and what it has.
 *
 * Pure functions of header values; any thread, no memory. A value that cannot be read counts as
 * not sent: the reader then gets the whole answer, uncoded. */
#ifndef PITWALL_API_NEGOTIATE_H
#define PITWALL_API_NEGOTIATE_H

#include <stdbool.h>
#include <stdint.h>

/* Accept-Encoding (12.5.3) takes gzip, and no less gladly than the plain bytes. NULL: does not. */
bool accepts_gzip(const char *accept_encoding);

/* Accept (12.5.1) takes OpenMetrics of version 1.0.0 (or of none said), and no less gladly than
 * plain text. NULL, and who takes anything: does not. */
bool accepts_openmetrics(const char *accept);

/* If-None-Match (13.1.2): `*`, or a list that names `tag` (without quotes), compared weakly. */
bool none_match_names(const char *if_none_match, const char *tag);

/* If-Match (13.1.1) as a version: only `"N"`, at most 18 digits. A list, a weak tag or `*` would
 * let a change through that has not been looked at. False: it is none, *version is as it was. */
bool match_version(const char *if_match, uint64_t *version);

#endif
