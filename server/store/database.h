/* The database file: opening it for writing or reading, and bringing it to this version. */
#ifndef PITWALL_STORE_DATABASE_H
#define PITWALL_STORE_DATABASE_H

#include "engine.h"

#include <sqlite3.h>

enum { DATABASE_APPLICATION_ID = 0x50574155 }; /* "PWAU" */

/* Opens or makes DIR/audit.db with the pragmas of the one writer and runs the migrations, each in
 * a transaction of its own together with its version. Refuses a file that is not ours and one that
 * a newer program has made. */
enum status database_open_writer(const char *dir, sqlite3 **db, struct err *err);
/* The same for a file of any name. *is_damaged: refused because SQLite cannot read it. */
enum status database_open_file(const char *path, sqlite3 **db, bool *is_damaged, struct err *err);
/* The version that the database has; refuses as above, and changes nothing. */
enum status database_version(const char *dir, int64_t *version, struct err *err);
/* True when SQLite last said that what is in the file is no database, or a damaged one. */
bool database_is_damaged(sqlite3 *db);
/* Read-only; waits at most 1 s for a lock. ERR_NOT_FOUND when there is no database. */
enum status database_open_reader(const char *dir, sqlite3 **db, struct err *err);

enum status database_fail(sqlite3 *db, const char *doing, struct err *err);
enum status database_run(sqlite3 *db, const char *sql, struct err *err);
/* Runs a statement that answers no row, and makes it ready for the next time. */
bool statement_run(sqlite3_stmt *statement);
void statement_text(sqlite3_stmt *statement, int index, const char *text); /* NULL: null */
void statement_id(sqlite3_stmt *statement, int index, uint64_t id);
const char *column_text(sqlite3_stmt *statement, int column); /* NULL: null */

#endif
