/* One way to say what went wrong: a status for the program, a sentence for the operator.
 *
 * The sentence reads outward: the innermost fact first, each caller puts its own name in front
 * (`day.jnl: frame 17: checksum mismatch`). No allocation; text that does not fit is cut.
 * Any thread; the struct belongs to the caller. */
#ifndef PITWALL_BASE_ERROR_H
#define PITWALL_BASE_ERROR_H

#include <stdint.h>

enum status {
#define ERROR(ID, code, http, exit_code, title) ID,
#include "tables/errors.def"
#undef ERROR
    STATUS_COUNT
};

enum { ERR_TEXT_MAX = 400 };

struct err {
    enum status status;
    char text[ERR_TEXT_MAX];
};

/* The stable lower_snake code of problem details, e.g. "over_cap". */
const char *status_code(enum status status);
/* A short title for people, e.g. "Over the hard cap". */
const char *status_title(enum status status);
/* The HTTP status that answers it, e.g. 422. */
int status_http(enum status status);
/* The exit code of a verb that ends with it, e.g. 78. */
int status_exit(enum status status);

/* Starts the sentence anew; returns `status` so that it can be returned in one line. */
enum status err_set(struct err *err, enum status status, const char *text);
/* Puts "prefix: " in front of the sentence. */
enum status err_wrap(struct err *err, enum status status, const char *prefix);
/* Appends to the sentence. */
void err_add(struct err *err, const char *text);
void err_add_int(struct err *err, int64_t value);

#endif
