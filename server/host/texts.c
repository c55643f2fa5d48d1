/* Reading what the kernel prints: lists and masks of cores, fields, columns of interrupts. Pure. */
#include "host/inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Calls `each` for every range of "0-3,8"; stops at what is no number. */
static int cores_walk(const char *list, int core, bool *has)
{
    const char *at = list;
    int count = 0;

    *has = false;
    while (isdigit((unsigned char)*at)) {
        char *end;
        long first = strtol(at, &end, 10);
        long last = first;

        if (*end == '-' && isdigit((unsigned char)end[1]))
            last = strtol(end + 1, &end, 10);
        if (core >= first && core <= last)
            *has = true;
        count += (int)(last - first) + 1;
        at = *end == ',' ? end + 1 : end;
    }
    return count;
}

bool cores_have(const char *list, int core)
{
    bool has;

    (void)cores_walk(list, core, &has);
    return has;
}

int cores_count(const char *list)
{
    bool has;

    return cores_walk(list, -1, &has);
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)tolower((unsigned char)digit);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool mask_has(const char *mask, int core)
{
    size_t length = strcspn(mask, " \n");
    int first = 0; /* the core of the lowest bit of the digit, from the right */

    for (size_t at = length; at-- > 0;) {
        int digit = hex_digit(mask[at]);

        if (digit < 0) /* the comma between two words */
            continue;
        if (core >= first && core < first + 4)
            return (digit >> (core - first) & 1) != 0;
        first += 4;
    }
    return false;
}

static const char *line_of(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1;
    }
    return NULL;
}

bool field_of(const char *text, const char *name, char *out, size_t size)
{
    const char *at = line_of(text, name);
    size_t length;

    if (!at)
        return false;
    at += strspn(at, " \t");
    length = strcspn(at, "\n");
    while (length > 0 && isspace((unsigned char)at[length - 1]))
        length--;
    if (length >= size)
        length = size - 1;
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

/* Which column of the rows is the core's: "  CPU0  CPU2" has CPU2 in column 1. -1: none. */
static int column_of(const char *text, int core)
{
    size_t line = strcspn(text, "\n");
    int column = 0;

    for (const char *at = text; (at = strstr(at, "CPU")) && at < text + line; at += 3, column++)
        if (strtol(at + 3, NULL, 10) == core)
            return column;
    return -1;
}

static int64_t count_in(const char *counts, int column)
{
    char *end;

    for (int at = 0;; at++) {
        long long value = strtoll(counts, &end, 10);

        if (end == counts)
            return -1; /* the row has fewer: ERR and MIS have one */
        if (at == column)
            return value;
        counts = end;
    }
}

int64_t interrupts_of(const char *text, const char *row, int core)
{
    int column = column_of(text, core);
    int64_t sum = -1;

    for (const char *line = strchr(text, '\n'); column >= 0 && line && line[1];
         line = strchr(line + 1, '\n')) {
        const char *name = line + 1 + strspn(line + 1, " ");
        size_t length = strcspn(name, ":\n");
        int64_t count;

        if (name[length] != ':' ||
            (row && (strlen(row) != length || strncmp(name, row, length) != 0)))
            continue;
        count = count_in(name + length + 1, column);
        if (count >= 0)
            sum = (sum < 0 ? 0 : sum) + count;
    }
    return sum;
}
