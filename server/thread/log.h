/* The log: one key=value line a fact, on stderr; repeats within a second are counted, not
 * repeated. Values are escaped: a hostile symbol or header cannot forge a line. Any thread but the
 * engine's; one lock, held for one write to stderr. */
#ifndef PITWALL_THREAD_LOG_H
#define PITWALL_THREAD_LOG_H

#include "engine.h"

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

/* log_line(LOG_WARN, "gateway", "sequence gap", "instrument=%s expected=%lld", ...): `pairs` is a
 * printf format whose string arguments were passed through log_escape. NULL: none. A line that
 * was written within the last second is only counted; the count follows as repeated=N. */
void log_line(enum log_level level, const char *area, const char *says, const char *pairs, ...)
    __attribute__((format(printf, 4, 5)));

/* Lines below `level` are left out. At start. */
void log_least(enum log_level level);

/* How lines are written from now on: key=value, or the same facts as one JSON object a line. A
 * failed assertion's last line is key=value in any case: it must not need anything that may be
 * broken. */
void log_as(enum log_format format);

/* Writes the counts of what was repeated; at the end of the program. */
void log_flush(void);

/* Printable ASCII without blanks, quotes and control bytes (\xNN); cut to fit. Returns out. */
char *log_escape(char *out, size_t size, const char *text);

/* printf into an err; see base/error.h. */
enum status err_format(struct err *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
