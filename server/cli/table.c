#include "cli/table.h"

#include "cli/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GAP "  "

static size_t widest(size_t a, size_t b)
{
    return a > b ? a : b;
}

void table_begin(struct table *table, const struct table_column *column, size_t columns,
                 const struct table *before)
{
    const struct table kept = before ? *before : (struct table){0};

    assert(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){
        .column = column, .columns = columns, .width_max = kept.width_max, .yields = kept.yields};
    for (size_t at = 0; at < columns; at++)
        table->width[at] = widest(text_width(column[at].title), kept.width[at]);
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

/* The columns that are shown, from left to right. */
struct shown {
    size_t column[TABLE_COLUMNS_MAX], count;
};

static size_t width_of(const struct table *table, const struct shown *shown)
{
    size_t width = (shown->count - 1) * strlen(GAP);

    for (size_t at = 0; at < shown->count; at++)
        width += table->width[shown->column[at]];
    return width;
}

static void take_away(const struct table *table, struct shown *shown, const char *title)
{
    size_t kept = 0;

    for (size_t at = 0; at < shown->count; at++)
        if (strcmp(table->column[shown->column[at]].title, title) != 0)
            shown->column[kept++] = shown->column[at];
    assert(kept > 0); /* somebody must stay */
    shown->count = kept;
}

static struct shown choose(const struct table *table, size_t indent)
{
    struct shown shown = {.count = table->columns};
    const char *const *title = table->yields;

    for (size_t at = 0; at < table->columns; at++)
        shown.column[at] = at;
    for (; table->width_max > 0 && title && *title; title++)
        if (indent + width_of(table, &shown) > table->width_max)
            take_away(table, &shown, *title);
    return shown;
}

static void put(const struct table *table, FILE *out, size_t column, const char *text, bool is_last)
{
    int pad = (int)(table->width[column] - text_width(text));

    if (table->column[column].is_number)
        fprintf(out, "%*s%s", pad, "", text);
    else
        fprintf(out, "%s%*s", text, is_last ? 0 : pad, "");
}

void table_print(const struct table *table, FILE *out, int indent, size_t rows_max)
{
    struct shown shown = choose(table, (size_t)indent);
    size_t rows = table->cells / table->columns;

    for (size_t line = 0; line <= rows && line <= rows_max; line++) {
        fprintf(out, "%*s", indent, "");
        for (size_t at = 0; at < shown.count; at++) {
            size_t column = shown.column[at];

            fputs(at > 0 ? GAP : "", out);
            put(table, out, column,
                line == 0 ? table->column[column].title
                          : table->cell[(line - 1) * table->columns + column],
                at + 1 == shown.count);
        }
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
