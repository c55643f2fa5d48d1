/* The audit trail as a file: CSV or NDJSON, oldest first, a piece at a time.
 *
 * NDJSON: one audit item a line. CSV: a line of names (the members of an item, in their order),
 * then one a row, ended by CR LF, quoted as RFC 4180 has it; `old` and `new` are JSON texts. A
 * value that a spreadsheet would take for a formula (it begins with = + - @, tab or CR) gets an
 * apostrophe in front: whoever reads such a file by program takes it off again, or takes NDJSON.
 *
 * Each piece reads a page of its own: no long read transaction that would keep the write-ahead log
 * from being emptied. What comes to the trail after the opening is not in it. Memory: a page of
 * rows. One thread at a time. */
#ifndef PITWALL_STORE_EXPORT_H
#define PITWALL_STORE_EXPORT_H

#include "store/store.h"

enum export_format { EXPORT_CSV, EXPORT_NDJSON };

struct export;

/* Filters as in a query; copied, its limit and cursors aside. ERR_MALFORMED as query_check(). */
enum status export_open(struct export **opened, const char *dir, const struct store_query *query,
                        enum export_format format, struct err *err);
/* The next piece, valid until the next call; *length 0: the end. */
enum status export_next(struct export *export, const char **bytes, size_t *length, struct err *err);
void export_close(struct export *export);

/* "csv", "ndjson"; false: neither. */
bool export_format_read(const char *text, enum export_format *format);

#endif
