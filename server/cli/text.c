#include "cli/text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

enum { DAY_S = 86400 };

/* ---------------------------------------------------------------------------------- taming */

bool text_is_utf8(void)
{
    static int known = -1;

    if (known < 0) {
        setlocale(LC_CTYPE, "");
        known = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    }
    return known == 1;
}

/* Reads one code point; its length, or 0 when these bytes are none. */
static size_t code_point(const unsigned char *at, uint32_t *code)
{
    size_t length = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

    if (length == 0 || *at > 0xf4)
        return 0;
    *code = length == 1 ? *at : *at & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3fU);
    }
    return length;
}

/* Neither controls nor what turns text around, joins it or takes no room. */
static bool is_harmless(uint32_t code)
{
    if (code < 0x80)
        return code >= 0x20 && code != 0x7f;
    if (code < 0xa0 || code == 0xad || code == 0x61c || code == 0xfeff)
        return false;
    if ((code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
        (code >= 0x2060 && code <= 0x206f) || (code >= 0xd800 && code <= 0xf8ff) || code >= 0xe0000)
        return false;
    return text_is_utf8() && wcwidth((wchar_t)code) > 0;
}

void text_tame(char *out, size_t size, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;

    while (*at != '\0' && used + 12 < size) {
        uint32_t code = 0;
        size_t length = code_point(at, &code);

        if (length > 0 && is_harmless(code)) {
            memcpy(out + used, at, length);
            used += length;
        } else if (length <= 1) {
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", *at);
        } else {
            used += (size_t)snprintf(out + used, size - used, "\\u{%" PRIx32 "}", code);
        }
        at += length ? length : 1;
    }
    out[used] = '\0';
}

static bool is_tame(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7e)
            return false;
    return true;
}

/* The caller frees; NULL: no memory, or nothing to do. */
static char *tamed_copy(const char *text)
{
    size_t size = strlen(text) * 5 + 16; /* "\xNN" for each byte is the worst */
    char *copy = is_tame(text) ? NULL : malloc(size);

    if (copy)
        text_tame(copy, size, text);
    return copy;
}

/* At most one name of an object is changed in a pass: changing it moves what comes after. */
static bool tame_one_name(json_t *object)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, name, value)
    {
        char *copy = tamed_copy(name);
        bool is_new = copy && strcmp(copy, name) != 0;

        if (is_new) {
            json_object_set_nocheck(object, copy, value);
            json_object_del(object, name);
        }
        free(copy);
        if (is_new)
            return true;
    }
    return false;
}

void text_tame_json(json_t *json)
{
    const char *name;
    json_t *value;
    size_t at;

    if (json_is_string(json)) {
        char *copy = tamed_copy(json_string_value(json));

        if (copy)
            json_string_set_nocheck(json, copy);
        free(copy);
    }
    json_array_foreach(json, at, value) text_tame_json(value);
    if (!json_is_object(json))
        return;
    while (tame_one_name(json))
        continue;
    json_object_foreach(json, name, value) text_tame_json(value);
}

size_t text_width(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t columns = 0;

    while (*at != '\0') {
        uint32_t code = 0;
        size_t length = code_point(at, &code);
        int width = length > 1 ? wcwidth((wchar_t)code) : 1;

        columns += width > 0 ? (size_t)width : 0;
        at += length ? length : 1;
    }
    return columns;
}

size_t text_fitting(const char *text, size_t length, size_t columns)
{
    size_t at = 0, used = 0;

    while (at < length) {
        size_t next = at + 1;
        char one[8] = {0};

        while (next < length && ((unsigned char)text[next] & 0xc0) == 0x80)
            next++;
        memcpy(one, text + at, next - at < sizeof one ? next - at : sizeof one - 1);
        used += text_width(one);
        if (used > columns)
            break;
        at = next;
    }
    return at;
}

/* -------------------------------------------------------------------------------- printing */

void cli_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    putchar('\n');
}

const char *cli_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0] ? text : "-";
}

const char *cli_value(const json_t *value, char out[CLI_VALUE_MAX])
{
    char *dumped;

    if (json_is_string(value))
        return json_string_value(value)[0] ? json_string_value(value) : "-";
    if (!value || json_is_null(value))
        return "-";
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    snprintf(out, CLI_VALUE_MAX, "%s", dumped ? dumped : "-");
    free(dumped);
    return out;
}

const char *cli_member(const json_t *object, const char *name, char out[CLI_VALUE_MAX])
{
    return cli_value(json_object_get(object, name), out);
}

int64_t cli_ns(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);

    if (text && text[0] >= '0' && text[0] <= '9')
        return strtoll(text, NULL, 10);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

const char *cli_time(const json_t *object, const char *name, char out[CLI_TIME_MAX])
{
    time_t seconds = (time_t)(cli_ns(object, name) / 1000000000);
    struct tm utc;

    if (seconds <= 0 || !gmtime_r(&seconds, &utc) ||
        strftime(out, CLI_TIME_MAX, "%F %TZ", &utc) == 0)
        return "-";
    return out;
}

const char *cli_clock(const json_t *object, const char *name, char out[CLI_TIME_MAX])
{
    int64_t ns = cli_ns(object, name);
    time_t seconds = (time_t)(ns / 1000000000), now = time(NULL);
    struct tm utc;

    if (ns <= 0 || !gmtime_r(&seconds, &utc))
        return "-";
    if (seconds / DAY_S != now / DAY_S)
        return cli_time(object, name, out);
    snprintf(out, CLI_TIME_MAX, "%02d:%02d:%02d.%03d", utc.tm_hour % 24, utc.tm_min % 60,
             utc.tm_sec % 61, (int)(ns / 1000000 % 1000));
    return out;
}

const char *cli_age(int64_t ns, char out[CLI_TIME_MAX])
{
    int64_t s = ns / 1000000000;

    if (ns < 0)
        return "-";
    if (ns < 1000000)
        snprintf(out, CLI_TIME_MAX, "%" PRId64 "us", ns / 1000);
    else if (s == 0)
        snprintf(out, CLI_TIME_MAX, "%" PRId64 "ms", ns / 1000000);
    else if (s < 60)
        snprintf(out, CLI_TIME_MAX, "%" PRId64 ".%" PRId64 "s", s, ns / 100000000 % 10);
    else if (s < 3600)
        snprintf(out, CLI_TIME_MAX, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, CLI_TIME_MAX, "%" PRId64 "h%02" PRId64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(out, CLI_TIME_MAX, "%" PRId64 "d%02" PRId64 "h", s / 86400, s / 3600 % 24);
    return out;
}
