#include "api/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { QUALITY_ONE = 1000, QUALITY_UNSAID = -1 };

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* "0.25" -> 250, as far as the third decimal; NULL: not a qvalue. */
static const char *quality_read(const char *at, int *quality)
{
    int digit_worth = 100;

    if (*at != '0' && *at != '1')
        return NULL;
    *quality = *at == '1' ? QUALITY_ONE : 0;
    if (*++at != '.')
        return at;
    for (at++; *at >= '0' && *at <= '9'; at++, digit_worth /= 10) {
        if (digit_worth == 0)
            return NULL;
        *quality += (*at - '0') * digit_worth;
    }
    return *quality <= QUALITY_ONE ? at : NULL;
}

/* Reads ";q=0.5" and the end of the element behind it; NULL: neither. */
static const char *weight_read(const char *at, int *quality)
{
    *quality = QUALITY_ONE;
    at = skip_blanks(at);
    if (*at == ';') {
        at = skip_blanks(at + 1);
        if ((*at != 'q' && *at != 'Q') || at[1] != '=')
            return NULL;
        at = quality_read(at + 2, quality);
        at = at ? skip_blanks(at) : NULL;
    }
    return at && (*at == ',' || *at == '\0') ? at : NULL;
}

static bool is_named(const char *name, size_t length, const char *coding)
{
    return strlen(coding) == length && strncasecmp(name, coding, length) == 0;
}

bool accepts_gzip(const char *at)
{
    int gzip = QUALITY_UNSAID, any = QUALITY_UNSAID, identity = QUALITY_UNSAID, quality;

    for (at = at ? at : ""; *(at += strspn(at, " \t,"));) {
        const char *name = at;
        size_t length = strcspn(at, " \t,;");

        at = weight_read(at + length, &quality);
        if (!at || length == 0)
            return false;
        if (is_named(name, length, "gzip") || is_named(name, length, "x-gzip"))
            gzip = quality;
        else if (is_named(name, length, "identity"))
            identity = quality;
        else if (is_named(name, length, "*"))
            any = quality;
    }
    if (gzip == QUALITY_UNSAID)
        gzip = any;
    return gzip > 0 && gzip >= identity;
}

/* An element of Accept. */
struct media {
    const char *name; /* "text/plain" */
    size_t length;
    bool other_version; /* than 1.0.0 */
    int quality;
};

/* The value of a parameter, with or without quotes; NULL: the quotes are not closed. */
static const char *value_read(const char *at, const char **value, size_t *length)
{
    const char *end;

    *value = at;
    *length = strcspn(at, " \t,;");
    if (*at != '"')
        return at + *length;
    end = strchr(at + 1, '"');
    if (!end)
        return NULL;
    *value = at + 1;
    *length = (size_t)(end - at - 1);
    return end + 1;
}

/* Reads one ";name=value"; NULL: it is none. */
static const char *parameter_read(const char *at, struct media *media)
{
    const char *name = skip_blanks(at + 1), *value;
    size_t length = strcspn(name, "=,; \t"), value_length;

    if (name[length] != '=')
        return NULL;
    if (is_named(name, length, "q"))
        return quality_read(name + length + 1, &media->quality);
    at = value_read(name + length + 1, &value, &value_length);
    if (at && is_named(name, length, "version"))
        media->other_version = !is_named(value, value_length, "1.0.0");
    return at;
}

/* Reads an element, up to the comma or the end behind it; NULL: it is none. */
static const char *media_read(const char *at, struct media *media)
{
    *media = (struct media){.name = at, .length = strcspn(at, " \t,;"), .quality = QUALITY_ONE};
    at = skip_blanks(at + media->length);
    while (at && *at == ';') {
        at = parameter_read(at, media);
        at = at ? skip_blanks(at) : NULL;
    }
    return at && media->length != 0 && (*at == ',' || *at == '\0') ? at : NULL;
}

bool accepts_openmetrics(const char *at)
{
    int open = 0, text = QUALITY_UNSAID, any = 0;
    struct media media;

    for (at = at ? at : ""; *(at += strspn(at, " \t,"));) {
        at = media_read(at, &media);
        if (!at)
            return false;
        if (is_named(media.name, media.length, "application/openmetrics-text")) {
            if (!media.other_version && media.quality > open)
                open = media.quality;
        } else if (is_named(media.name, media.length, "text/plain")) {
            text = media.quality > text ? media.quality : text;
        } else if (is_named(media.name, media.length, "text/*") ||
                   is_named(media.name, media.length, "*/*")) {
            any = media.quality > any ? media.quality : any;
        }
    }
    return open > 0 && open >= (text == QUALITY_UNSAID ? any : text);
}

bool none_match_names(const char *at, const char *tag)
{
    size_t wanted = strlen(tag);
    bool found = false;

    if (!at || at[0] == '\0')
        return false;
    at = skip_blanks(at);
    if (*at == '*')
        return *skip_blanks(at + 1) == '\0';
    for (; *(at += strspn(at, " \t,"));) {
        if (at[0] == 'W' && at[1] == '/')
            at += 2;
        if (*at != '"')
            return false;
        const char *end = strchr(at + 1, '"');
        if (!end)
            return false;
        found |= (size_t)(end - at - 1) == wanted && strncmp(at + 1, tag, wanted) == 0;
        at = skip_blanks(end + 1);
        if (*at != ',' && *at != '\0')
            return false;
    }
    return found;
}

bool match_version(const char *if_match, uint64_t *version)
{
    size_t digits = *if_match == '"' ? strspn(if_match + 1, "0123456789") : 0;

    if (digits == 0 || digits > 18 || strcmp(if_match + 1 + digits, "\"") != 0)
        return false;
    *version = strtoull(if_match + 1, NULL, 10);
    return true;
}
