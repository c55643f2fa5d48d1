/* One frame of `pitwall watch`: what was read, and how it is laid out. */
#ifndef PITWALL_CLI_WATCH_FRAME_H
#define PITWALL_CLI_WATCH_FRAME_H

#include "cli/drift.h"
#include "cli/show.h"

/* The newest answers; each NULL when there was none yet, alerts also when the last look at them
 * failed. */
struct watch_data {
    json_t *latest, *orders, *alerts;
    struct drift drift;
    bool is_unsure;  /* what drift_look() said */
    int64_t read_ns; /* monotonic: when they came */
    bool is_old;     /* the last call failed */
    char why[ERR_TEXT_MAX];
};

/* Widths of the tables, kept so that columns do not jump. */
struct watch_widths {
    struct table worth, parts, positions, venues, orders;
};

/* Where a frame goes. */
struct watch_page {
    FILE *out;
    int rows, columns; /* rows: about so many. columns: 0: as wide as it is */
    bool is_styled;    /* lines have a style of screen.h in front */
};

/* Lines by '\n'. In a narrow page long ones go on below, and tables leave out what counts least. */
void watch_frame(const struct watch_page *page, const struct watch_data *data,
                 struct watch_widths *widths);
/* The same in one line. */
void watch_line(FILE *out, const struct watch_data *data);

#endif
