/* A line of the log as JSON. Any thread; pure. */
#ifndef PITWALL_THREAD_LOG_JSON_H
#define PITWALL_THREAD_LOG_JSON_H

#include <stddef.h>

/* `line` is key=value pairs with a blank between; a value may stand in quotes, and has what
 * log_escape made of it as \xNN. Out comes one object whose values are all strings, with \xNN read
 * back where that is ASCII. A word without `=` goes on with the value before it. Cut to fit, always
 * a whole object; `size` is at least 3. Returns out. */
char *log_json(char *out, size_t size, const char *line);

#endif
