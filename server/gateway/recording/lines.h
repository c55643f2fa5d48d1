/* Lines of a file, plain or gzip with any number of members, one after the other.
 *
 * Memory is taken once by lines_create and serves one file after the other; a line is given in
 * place, followed by a control character (its own end, or NUL) and LINES_PADDING readable bytes.
 * The longest line is LINES_MAX; a longer one is skipped and said. What is wrong with the file
 * (cut gzip, bad check sum, read error) is said once, after all lines that came before it.
 * One thread. */
#ifndef PITWALL_GATEWAY_RECORDING_LINES_H
#define PITWALL_GATEWAY_RECORDING_LINES_H

#include "engine.h"

enum { LINES_MAX = 1 << 20, LINES_PADDING = 64 };

struct lines;

enum lines_result {
    LINES_LINE,
    LINES_BAD, /* a line or the file's rest is lost: lines_damage() says why; go on */
    LINES_END,
};

/* NULL when memory is short. */
struct lines *lines_create(void);
void lines_destroy(struct lines *lines);

/* Opens a file (and closes the one before). `path` is borrowed. */
enum status lines_open(struct lines *lines, const char *path, struct err *err);

/* *text is valid until the next call. Empty lines are passed over, but counted as numbers. */
enum lines_result lines_next(struct lines *lines, const char **text, size_t *length);

/* Number of the line given or refused last, from 1. */
uint64_t lines_number(const struct lines *lines);
const char *lines_damage(const struct lines *lines);

#endif
