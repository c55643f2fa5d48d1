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
