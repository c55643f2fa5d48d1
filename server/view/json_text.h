/* JSON as text, the same bytes as json_dumps(json, JSON_COMPACT) makes, in a fifth of its time: that
 * one decodes every character of every string, on the thread that answers everybody. */
#ifndef PITWALL_VIEW_JSON_TEXT_H
#define PITWALL_VIEW_JSON_TEXT_H

#include <jansson.h>

/* The caller's (free); *length without the NUL. NULL: out of memory. Any thread. */
char *json_text(const json_t *json, size_t *length);

#endif
