#include "cli/table.h"

#include "cli/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t widest(size_t a, size_t b)
{
    return a > b ? a : b;
}

void table_begin(struct table *table, const struct table_column *column, size_t columns,
                 const struct table *before)
{
    assert(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){.column = column, .columns = columns};
    for (size_t at = 0; at < columns; at++)
        table->width[at] = widest(text_width(column[at].title), before ? before->width[at] : 0);
}

void table_add(struct table *table, const char *text)
{
    size_t column = table->cells % table->columns;
    char *copy = strdup(text && text[0] ? text : "-");

    if (table->cells == table->room) {
        table->room = table->room ? table->room * 2 : 64;
        table->cell = realloc(table->cell, table->room * sizeof *table->cell);
    }
    if (!copy || !table->cell)
        abort(); /* a verb that has no memory for a line can say nothing */
    table->width[column] = widest(table->width[column], text_width(copy));
    table->cell[table->cells++] = copy;
}

static void put(const struct table *table, FILE *out, size_t column, const char *text)
{
    int pad = (int)(table->width[column] - text_width(text));
    bool is_last = column + 1 == table->columns;

    if (column > 0)
        fputs("  ", out);
    if (table->column[column].is_number)
        fprintf(out, "%*s%s", pad, "", text);
    else
        fprintf(out, "%s%*s", text, is_last ? 0 : pad, "");
}

void table_print(const struct table *table, FILE *out, int indent, size_t rows_max)
{
    size_t rows = table->cells / table->columns;

    fprintf(out, "%*s", indent, "");
    for (size_t column = 0; column < table->columns; column++)
        put(table, out, column, table->column[column].title);
    fputc('\n', out);
    for (size_t row = 0; row < rows && row < rows_max; row++) {
        fprintf(out, "%*s", indent, "");
        for (size_t column = 0; column < table->columns; column++)
            put(table, out, column, table->cell[row * table->columns + column]);
        fputc('\n', out);
    }
}

void table_end(struct table *table)
{
    for (size_t at = 0; at < table->cells; at++)
        free(table->cell[at]);
    free(table->cell);
    table->cell = NULL;
    table->cells = table->room = 0;
}
