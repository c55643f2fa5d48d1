#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Test(log, hostile_values_cannot_forge_a_line)
{
    char out[64];

    cr_assert_str_eq(log_escape(out, sizeof out, "a b\n=\"\\\x7f\xc3z"),
                     "a\\x20b\\x0a\\x3d\\x22\\x5c\\x7f\\xc3z");
    cr_assert_str_eq(log_escape(out, 6, "ab\ncd"), "ab", "an escape is whole or not there");
    cr_assert_str_eq(log_escape(out, 3, "abcdef"), "ab");
    cr_assert_str_eq(log_escape(out, 1, "a"), "");
}

/* What a piece of code writes to stderr. */
static size_t captured(void (*speak)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t length;

    cr_assert_not_null(file);
    (void)fflush(stderr);
    cr_assert_geq(dup2(fileno(file), STDERR_FILENO), 0);
    speak();
    (void)fflush(stderr);
    cr_assert_geq(dup2(saved, STDERR_FILENO), 0);
    (void)close(saved);
    rewind(file);
    length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    (void)fclose(file);
    return length;
}

static void speak_repeatedly(void)
{
    for (int count = 0; count < 50; count++)
        log_line(LOG_WARN, "test", "again", "n=%d", 7);
    log_line(LOG_INFO, "test", "other", "forged=%s", "x\nlevel=error");
    log_flush();
}

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

Test(log, repeats_are_counted)
{
    static char text[8192];

    cr_assert_gt(captured(speak_repeatedly, text, sizeof text), 0);
    cr_assert_eq(lines_of(text), 3, "%s", text);
    cr_assert_not_null(strstr(text, "level=warn area=test says=\"again\" n=7\n"), "%s", text);
    cr_assert_not_null(strstr(text, "repeated=49\n"), "%s", text);
    cr_assert_null(strstr(text, "\nlevel=error"), "%s", text);
}

static void speak_quietly(void)
{
    log_least(LOG_ERROR);
    log_line(LOG_WARN, "test", "not said", NULL);
    log_least(LOG_INFO);
}

Test(log, below_the_least_nothing_is_said)
{
    static char text[1024];

    cr_assert_eq(captured(speak_quietly, text, sizeof text), 0, "%s", text);
}

Test(err_format, long_sentences_are_cut)
{
    struct err err;

    cr_assert_eq(err_format(&err, ERR_IO, "%0500d", 7), ERR_IO);
    cr_assert_eq(strlen(err.text), ERR_TEXT_MAX - 1);
    cr_assert_eq(err.status, ERR_IO);
}
