/* One frame of `pitwall watch`: what was read, and how it is laid out. */
#ifndef PITWALL_CLI_WATCH_FRAME_H
#define PITWALL_CLI_WATCH_FRAME_H

#include "cli/show.h"

/* The newest answers; each NULL when there was none yet. */
struct watch_data {
    json_t *latest, *orders, *alerts;
    int64_t read_ns; /* monotonic: when they came */
    bool is_old;     /* the last call failed */
    char why[ERR_TEXT_MAX];
};

/* Widths of the tables, kept so that columns do not jump. */
struct watch_widths {
    struct table pnl, positions, venues, orders;
};

/* Lines by '\n', some with a style of screen.h in front when `styled`; about `rows` of them. */
void watch_frame(FILE *out, const struct watch_data *data, struct watch_widths *widths, int rows,
                 bool styled);
/* The same in one line. */
void watch_line(FILE *out, const struct watch_data *data);

#endif
