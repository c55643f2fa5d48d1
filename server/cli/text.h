/* What verbs print: texts of a server made harmless, times, ages, JSON.
 *
 * A server, or whoever named something in it, may say anything: control characters would move the
 * cursor, set the title or colour of the terminal, or turn text around. Printed as \xNN and
 * \u{NNNN} they do nothing. Outside a UTF-8 locale that goes for all that is not ASCII. */
#ifndef PITWALL_CLI_TEXT_H
#define PITWALL_CLI_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* True when the locale of the environment is UTF-8; sets LC_CTYPE at its first call. */
bool text_is_utf8(void);
/* Writes text to out, what is not harmless escaped; cut when it does not fit. */
void text_tame(char *out, size_t size, const char *text);
/* The same for every text and name within. */
void text_tame_json(json_t *json);
/* Columns that a text takes on the terminal. */
size_t text_width(const char *text);
/* How many of `length` bytes fit in so many columns. */
size_t text_fitting(const char *text, size_t length, size_t columns);

/* Prints JSON, indented, on stdout, in ASCII. */
void cli_print_json(const json_t *json);
/* A text member, or "-". */
const char *cli_text(const json_t *object, const char *name);
/* Text as it is, a number in digits, yes or no, other JSON compact; "-" for null or missing. */
enum { CLI_VALUE_MAX = 256 };
const char *cli_value(const json_t *value, char out[CLI_VALUE_MAX]);
/* A member of the same. */
const char *cli_member(const json_t *object, const char *name, char out[CLI_VALUE_MAX]);
/* "2026-11-21 06:10:02Z" of a *_ns member, or "-". */
enum { CLI_TIME_MAX = 24 };
const char *cli_time(const json_t *object, const char *name, char out[CLI_TIME_MAX]);
/* "06:10:02.123" of a *_ns member (UTC), of another day than today as cli_time(); or "-". */
const char *cli_clock(const json_t *object, const char *name, char out[CLI_TIME_MAX]);
/* ns since the epoch, or a span, of a *_ns member; -1: unknown. */
int64_t cli_ns(const json_t *object, const char *name);
/* "850us", "12ms", "3.4s", "5m12s", "2h05m", "3d04h"; "-" below 0. */
const char *cli_age(int64_t ns, char out[CLI_TIME_MAX]);

#endif
