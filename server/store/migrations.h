/* Migrations: the files of migrations/, in order, inside the program. */
#ifndef PITWALL_STORE_MIGRATIONS_H
#define PITWALL_STORE_MIGRATIONS_H

enum { MIGRATIONS = 6 };

/* The SQL that takes the database from version `index` to `index + 1`. */
const char *migration_sql(int index);

#endif
