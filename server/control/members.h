/* Reading the members of a request's body: strictly, with an answer that names what is wrong.
 * Any thread; no allocation. */
#ifndef PITWALL_CONTROL_MEMBERS_H
#define PITWALL_CONTROL_MEMBERS_H

#include "engine.h"

#include <jansson.h>

enum { REASON_MAX = 256 };

/* ERR_MALFORMED unless `body` is an object, ERR_UNKNOWN_FIELD when a member is not among `names`
 * (NULL-terminated). */
enum status members_check(const json_t *body, const char *const *names, struct err *err);
/* A member "reason": plain text of 1 to 255 bytes with something in it. */
enum status reason_parse(const json_t *reason, char out[REASON_MAX], struct err *err);
/* Of valid UTF-8: no control character, no line break, nothing that turns the direction of text
 * (U+200E, U+202E and their kind), so that everybody reads what was written. */
bool text_is_plain(const char *text);
/* As much of a text as fits, no half of a character, and "?" where it is not plain: of texts that
 * must be taken as they come (a kill's reason, the name that a log-in failed with). */
void text_copy_plain(char *out, size_t size, const char *text);
/* Optional minus, digits, at most one point with digits on both sides. */
bool text_is_decimal(const char *text);

#endif
