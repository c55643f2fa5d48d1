/* JSON as text: the same bytes as json_dumps(json, JSON_COMPACT), without decoding every character
 * of every string as that does, on the thread that answers everybody. */
#ifndef PITWALL_VIEW_JSON_TEXT_H
#define PITWALL_VIEW_JSON_TEXT_H

#include <jansson.h>
#include <stdint.h>

/* The caller's (free); *length without the NUL. NULL: out of memory. Any thread. */
char *json_text(const json_t *json, size_t *length);

/* A string of a text that may have been cut within a character, or that a stranger has sent:
 * when it is no UTF-8, each byte that is not ASCII becomes a question mark, so that there is
 * always a string to tell. NULL: `text` is NULL, or out of memory. Any thread. */
json_t *json_string_of(const char *text);

/* A time or a duration as the contract tells them, text of whole nanoseconds; NULL: out of memory.
 * The second is null for 0, which is no time: it did not happen yet. Any thread. */
json_t *json_ns(int64_t ns);
json_t *json_ns_or_null(int64_t ns);

#endif
