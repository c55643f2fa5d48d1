#include "thread/clock.h"
#include "thread/log.h"
#include "thread/log_json.h"
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

static const char *json_of(const char *line)
{
    static char out[512];

    return log_json(out, sizeof out, line);
}

Test(log_json, a_line_is_one_object_of_strings)
{
    cr_assert_str_eq(
        json_of("time=2026 level=warn area=a says=\"two words\" n=7 why=x\\x20y\\x22\\x0az"),
        "{\"time\":\"2026\",\"level\":\"warn\",\"area\":\"a\",\"says\":\"two words\","
        "\"n\":\"7\",\"why\":\"x y\\\"\\u000az\"}");
    cr_assert_str_eq(json_of(""), "{}");
    cr_assert_str_eq(json_of("a= b=c"), "{\"a\":\"\",\"b\":\"c\"}");
}

Test(log_json, hostile_text_cannot_leave_its_value)
{
    cr_assert_str_eq(json_of("a=b\"c}\\ d=\x01\xc3"),
                     "{\"a\":\"b\\\"c}\\\\\",\"d\":\"\\u0001\\u00c3\"}");
    cr_assert_str_eq(json_of("a=b c d=e"), "{\"a\":\"b c\",\"d\":\"e\"}",
                     "a word goes on with its value");
    cr_assert_str_eq(json_of("a=\"b c=d"), "{\"a\":\"\\\"b\",\"c\":\"d\"}",
                     "a quote that nobody closes");
    cr_assert_str_eq(json_of("a=\\xc3\\xzz\\"), "{\"a\":\"\\\\xc3\\\\xzz\\\\\"}");
}

Test(log_json, what_does_not_fit_is_cut_to_a_whole_object)
{
    const char *line = "first=1234 second=\\x22\\x22\\x22 third=\"a b\"";
    char out[64], guard = '#';

    for (size_t size = 3; size <= sizeof out - 1; size++) {
        size_t length;

        out[size] = guard;
        length = strlen(log_json(out, size, line));
        cr_assert_lt(length, size);
        cr_assert_eq(out[size], guard, "size %zu", size);
        cr_assert_eq(out[0], '{');
        cr_assert_eq(out[length - 1], '}', "%s", out);
        cr_assert(length == 2 || out[length - 2] == '"', "%s", out);
    }
}

static void speak_json(void)
{
    log_as(LOG_JSON);
    for (int count = 0; count < 3; count++)
        log_line(LOG_WARN, "test", "as json", "n=%d", 7);
    log_flush();
    log_as(LOG_LOGFMT);
}

Test(log, the_same_facts_as_json)
{
    static char text[2048];

    cr_assert_gt(captured(speak_json, text, sizeof text), 0);
    cr_assert_eq(lines_of(text), 2, "%s", text);
    cr_assert_not_null(
        strstr(text, "\"level\":\"warn\",\"area\":\"test\",\"says\":\"as json\",\"n\":\"7\"}\n"),
        "%s", text);
    cr_assert_not_null(strstr(text, "\"n\":\"7\",\"repeated\":\"2\"}\n"), "%s", text);
}

Test(err_format, long_sentences_are_cut)
{
    struct err err;

    cr_assert_eq(err_format(&err, ERR_IO, "%0500d", 7), ERR_IO);
    cr_assert_eq(strlen(err.text), ERR_TEXT_MAX - 1);
    cr_assert_eq(err.status, ERR_IO);
}
