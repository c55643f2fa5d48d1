/* Aligned tables of text: numbers to the right, columns as wide as their widest cell. Main thread;
 * what was added is copied. */
#ifndef PITWALL_CLI_TABLE_H
#define PITWALL_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 16 };

struct table_column {
    const char *title;
    bool is_number; /* to the right */
};

struct table {
    const struct table_column *column;
    size_t columns;
    size_t width[TABLE_COLUMNS_MAX]; /* may be kept for the next one, so that nothing jumps */
    char **cell;
    size_t cells, room;
    /* Where width_max is less than all take, columns go: by title, in this order, NULL ends it. */
    size_t width_max; /* 0: as wide as it is */
    const char *const *yields;
};

/* `before`: a table whose widths are the least, and whose width_max and yields hold; may be NULL,
 * or the same table. Columns must outlive the table. */
void table_begin(struct table *table, const struct table_column *column, size_t columns,
                 const struct table *before);
/* The next cell, from left to right and top to bottom; NULL and "" are "-". */
void table_add(struct table *table, const char *text);
/* With `indent` spaces in front; no more than `rows_max` rows; the last column is not padded. */
void table_print(const struct table *table, FILE *out, int indent, size_t rows_max);
/* Widths stay. */
void table_end(struct table *table);

#endif
