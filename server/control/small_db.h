/* A small database of the control plane: access.db, control.db. Its own file in the data directory,
 * readable by the owner alone. Rollback journal, so that no memory is mapped in the process, and
 * synchronous=FULL: what a write has answered OK to is on disk. Forward-only migrations by
 * user_version; a newer file is refused. One caller at a time: its owner's lock. */
#ifndef PITWALL_CONTROL_SMALL_DB_H
#define PITWALL_CONTROL_SMALL_DB_H

#include "engine.h"

#include <sqlite3.h>

/* Opens or makes DIR/NAME. migrations[n] brings user_version n to n + 1 and says so itself.
 * ERR_IO, ERR_CONFIG (made by a newer program). */
enum status small_db_open(const char *dir, const char *name, const char *const *migrations,
                          int count, sqlite3 **db, struct err *err);
/* What SQLite last said, with the file's name; ERR_IO. */
enum status small_db_fail(sqlite3 *db, struct err *err);
/* Runs a statement that answers no row, once, and frees it. */
enum status small_db_finish(sqlite3 *db, sqlite3_stmt *statement, struct err *err);

#endif
