/* The judges of host.def: is the text of a file as wanted? Those of this file look at nothing but
 * the text; judges_more.c has those that read further files. */
#include "host/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum host_answer answer(bool is_as_wanted)
{
    return is_as_wanted ? HOST_YES : HOST_NO;
}

/* Is `word` one of "a|b|c"? */
static bool among(const char *choices, const char *word, size_t length)
{
    for (const char *at = choices; *at; at += *at == '|') {
        size_t choice = strcspn(at, "|");

        if (choice == length && strncmp(at, word, length) == 0)
            return true;
        at += choice;
    }
    return false;
}

JUDGE(told)
{
    (void)look;
    host_tame(found, text);
    return HOST_YES;
}

JUDGE(told_field)
{
    char value[HOST_FOUND_MAX];

    if (!field_of(text, look->argument, value, sizeof value))
        return HOST_CANNOT_TELL;
    host_tame(found, value);
    return HOST_YES;
}

JUDGE(one_of)
{
    host_tame(found, text);
    return answer(among(look->argument, found, strlen(found)));
}

/* "always [madvise] never" */
JUDGE(chosen)
{
    const char *open = strchr(text, '[');
    const char *close = open ? strchr(open, ']') : NULL;

    if (!close)
        return HOST_CANNOT_TELL;
    (void)snprintf(found, HOST_FOUND_MAX, "%.*s", (int)(close - open - 1), open + 1);
    return answer(among(look->argument, found, strlen(found)));
}

static bool number_of(const char *text, long long *value)
{
    char *end;

    *value = strtoll(text, &end, 10);
    return end != text;
}

JUDGE(at_most)
{
    long long value;

    host_tame(found, text);
    return number_of(text, &value) ? answer(value <= strtoll(look->argument, NULL, 10))
                                   : HOST_CANNOT_TELL;
}

JUDGE(at_least)
{
    long long value;

    host_tame(found, text);
    return number_of(text, &value) ? answer(value >= strtoll(look->argument, NULL, 10))
                                   : HOST_CANNOT_TELL;
}

static void say_list(char found[HOST_FOUND_MAX], const char *text)
{
    host_tame(found, text);
    if (found[0] == '\0')
        (void)snprintf(found, HOST_FOUND_MAX, "no core");
}

JUDGE(list_has_core)
{
    say_list(found, text);
    return answer(cores_have(text, look->core));
}

JUDGE(list_spares_core)
{
    say_list(found, text);
    return answer(!cores_have(text, look->core));
}

JUDGE(field_has_core)
{
    char list[HOST_FOUND_MAX];

    if (!field_of(text, look->argument, list, sizeof list))
        return HOST_CANNOT_TELL;
    say_list(found, list);
    return answer(cores_have(list, look->core));
}

/* An option of the kernel's command line. That it is not there says the same as an empty list. */
JUDGE(option_has_core)
{
    size_t length = strlen(look->argument);

    for (const char *at = text; *at; at += strcspn(at, " \n"), at += strspn(at, " \n"))
        if (strncmp(at, look->argument, length) == 0 && at[length] == '=') {
            const char *list = at + length + 1;

            (void)snprintf(found, HOST_FOUND_MAX, "%.*s", (int)strcspn(list, " \n"), list);
            return answer(cores_have(list, look->core) || strncmp(list, "all", 3) == 0);
        }
    (void)snprintf(found, HOST_FOUND_MAX, "not given");
    return HOST_NO;
}

JUDGE(mask_spares_core)
{
    host_tame(found, text);
    return found[0] ? answer(!mask_has(text, look->core)) : HOST_CANNOT_TELL;
}

/* The siblings of the core: it alone is as wanted. */
JUDGE(alone)
{
    host_tame(found, text);
    return cores_have(text, look->core) ? answer(cores_count(text) == 1) : HOST_CANNOT_TELL;
}

/* /proc/swaps: a head, and a line for each area. */
JUDGE(one_line)
{
    const char *second = strchr(text, '\n');

    (void)look;
    if (!second || second[1] == '\0') {
        (void)snprintf(found, HOST_FOUND_MAX, "none");
        return HOST_YES;
    }
    (void)snprintf(found, HOST_FOUND_MAX, "%.*s", (int)strcspn(second + 1, " \t\n"), second + 1);
    return HOST_NO;
}

static bool has_word(const char *text, const char *word, size_t length)
{
    for (const char *at = text; (at = strstr(at, word)); at++)
        if ((at == text || strchr(" \t\n:", at[-1])) && strchr(" \n", at[length]))
            return true;
    return false;
}

JUDGE(has_words)
{
    char word[32];

    found[0] = '\0';
    for (const char *at = look->argument; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");

        (void)snprintf(word, sizeof word, "%.*s", (int)length, at);
        at += length;
        if (!has_word(text, word, length)) {
            (void)snprintf(found, HOST_FOUND_MAX, "no %s", word);
            return HOST_NO;
        }
    }
    (void)snprintf(found, HOST_FOUND_MAX, "%s", look->argument);
    return HOST_YES;
}

/* /proc/self/limits: "Max locked memory  8388608  8388608  bytes". The first is in force. */
static const char *limit_of(const char *text, const char *name, size_t length)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            return line + length + strspn(line + length, " ");
    }
    return NULL;
}

JUDGE(limit_told)
{
    const char *limit = limit_of(text, look->argument, strlen(look->argument));

    if (!limit)
        return HOST_CANNOT_TELL;
    (void)snprintf(found, HOST_FOUND_MAX, "%.*s", (int)strcspn(limit, " \n"), limit);
    return HOST_YES;
}

/* The argument is "Max locked memory|67108864". */
JUDGE(limit_at_least)
{
    size_t length = strcspn(look->argument, "|");
    const char *limit = limit_of(text, look->argument, length);
    long long value;

    if (!limit)
        return HOST_CANNOT_TELL;
    (void)snprintf(found, HOST_FOUND_MAX, "%.*s", (int)strcspn(limit, " \n"), limit);
    if (strcmp(found, "unlimited") == 0)
        return HOST_YES;
    return number_of(limit, &value)
               ? answer(value >= strtoll(look->argument + length + 1, NULL, 10))
               : HOST_CANNOT_TELL;
}

/* Four bytes, not text. Reading does not hold it; 2,000,000,000 is what nobody's wish gives. */
JUDGE(dma_latency)
{
    int32_t us;

    (void)look;
    memcpy(&us, text, sizeof us);
    if (us >= 2000000000)
        (void)snprintf(found, HOST_FOUND_MAX, "nobody asks");
    else
        (void)snprintf(found, HOST_FOUND_MAX, "%" PRId32 " us", us);
    return HOST_YES;
}

/* Only those that are vulnerable are told: the others fill a page. */
JUDGE(vulnerable)
{
    (void)look;
    found[0] = '\0';
    if (strncmp(text, "Vulnerable", strlen("Vulnerable")) == 0)
        host_tame(found, text);
    return HOST_YES;
}
