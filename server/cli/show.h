/* The tables that several verbs print, from what the API answered. */
#ifndef PITWALL_CLI_SHOW_H
#define PITWALL_CLI_SHOW_H

#include "cli/client.h"
#include "cli/table.h"

/* A verb that reads one path: prints the answer as JSON or by `print`; the exit code. */
int cli_read(const char *verb, const struct client_target *target, const char *path,
             void (*print)(const json_t *answer));
/* The same of a list that is printed whole. `path` has its "?". */
int cli_read_all(const char *verb, const struct client_target *target, const char *path,
                 void (*print)(const json_t *answer));

/* Columns by the names of members. */
struct show_column {
    struct table_column column;
    const char *member;
    enum { SHOW_VALUE, SHOW_CLOCK, SHOW_TIME, SHOW_AGE } how;
};

/* One row for each item. `before` as of table_begin(); the widths are left in `table`, which is
 * ended. */
void show_items(FILE *out, const json_t *items, const struct show_column *columns, size_t count,
                const struct table *before, struct table *table, size_t rows_max, int indent);

/* Positions after drift_look() (cli/drift.h), which says what stands under DRIFT. */
extern const struct show_column show_positions[], show_orders[], show_fills[], show_venues[];
enum { POSITION_COLUMNS = 11, ORDER_COLUMNS = 11, FILL_COLUMNS = 10, VENUE_COLUMNS = 5 };

/* The items of a list to stdout; `nothing` when there are none, and how to go on when there are
 * more. */
void show_list(const json_t *list, const struct show_column *columns, size_t count,
               const char *nothing);
/* "max_order_lots  100 -> 200" for each difference. */
void show_diff(FILE *out, const json_t *diff, const char *old_title, const char *new_title);
/* "limits of firm"; of what has no scope but itself, "config". */
void show_subject(FILE *out, const json_t *approval);
/* A proposal: what, who, why, until when; and who may approve it, while that is open. */
void show_approval(FILE *out, const json_t *approval);

#endif
