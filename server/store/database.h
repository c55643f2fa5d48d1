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
