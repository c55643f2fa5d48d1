/* What a reader says of the answer it wants. */
#include "api/negotiate.h"

#include <criterion/criterion.h>

Test(negotiate, gzip_is_sent_to_who_takes_it)
{
    static const char *const takes[] = {"gzip",
                                        "GZIP",
                                        "x-gzip",
                                        "gzip, deflate, br, zstd",
                                        "br;q=1.0, gzip;q=0.8, *;q=0.1",
                                        " deflate , gzip ; q=0.001 ",
                                        ",, gzip",
                                        "*",
                                        "identity;q=0, *",
                                        "identity;q=0.5, gzip;q=0.5",
                                        "gzip;q=1.000",
                                        "gzip;Q=1"};

    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++)
        cr_expect(accepts_gzip(takes[i]), "%s", takes[i]);
}

Test(negotiate, gzip_is_not_sent_to_who_does_not)
{
    static const char *const refuses[] = {"",
                                          "identity",
                                          "br, deflate",
                                          "gzip;q=0",
                                          "gzip;q=0.000, *",
                                          "*;q=0",
                                          "identity, gzip;q=0.5",
                                          "gzipped",
                                          "gzi",
                                          "not-gzip"};

    cr_expect_not(accepts_gzip(NULL));
    for (size_t i = 0; i < sizeof refuses / sizeof *refuses; i++)
        cr_expect_not(accepts_gzip(refuses[i]), "%s", refuses[i]);
}

Test(negotiate, what_cannot_be_read_asks_for_plain_bytes)
{
    static const char *const broken[] = {
        "gzip;q=2",     "gzip;q=1.001",  "gzip;q=0.0001", "gzip;q=",    "gzip;q=-1",
        "gzip;level=1", "gzip q=1",      "gzip;q=1;x",    "gzip, ;q=1", "gzip;q=.5",
        "gzip;",        "gzip;q=0.5 br", "gzip, br;q=abc"};

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        cr_expect_not(accepts_gzip(broken[i]), "%s", broken[i]);
}

Test(negotiate, openmetrics_is_sent_to_who_prefers_it)
{
    static const char *const takes[] = {
        "application/openmetrics-text",
        "application/openmetrics-text; version=1.0.0",
        "APPLICATION/OpenMetrics-Text;Version=\"1.0.0\";charset=utf-8",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;version=0.0.1;q=0.9,application/openmetrics-text;q=0.1",
        "application/openmetrics-text, */*",
        /* Prometheus 2.42 */
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
    };

    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++)
        cr_expect(accepts_openmetrics(takes[i]), "%s", takes[i]);
}

Test(negotiate, text_is_sent_to_everybody_else)
{
    static const char *const others[] = {
        "",
        "*/*",
        "application/*",
        "text/plain;version=0.0.4",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0.4, text/plain;q=0.5",
        "application/openmetrics-text;q=0.4, text/*;q=0.5",
        "application/openmetrics-text;q=0.4, */*",
        "application/openmetrics-text2",
        /* broken */
        "application/openmetrics-text;version=\"1.0.0",
        "application/openmetrics-text;version",
        "application/openmetrics-text;q=2",
        "application/openmetrics-text text/plain",
        "application/openmetrics-text, ;q=1",
    };

    cr_expect_not(accepts_openmetrics(NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(accepts_openmetrics(others[i]), "%s", others[i]);
}

Test(negotiate, a_tag_is_found_in_a_list_and_weakly)
{
    static const char *const names[] = {
        "*",
        " * ",
        "\"ab12\"",
        "W/\"ab12\"",
        "\"x\", \"ab12\"",
        "\"a,b\" ,W/\"ab12\",\"z\"",
        ",\"ab12\",",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect(none_match_names(names[i], "ab12"), "%s", names[i]);
}

Test(negotiate, another_tag_and_what_cannot_be_read_do_not_match)
{
    static const char *const others[] = {
        "",           "ab12",           "\"ab1\"",     "\"ab123\"",   "\"AB12\"",      "\"ab12",
        "w/\"ab12\"", "\"ab12\" \"x\"", "\"ab12\", x", "*, \"ab12\"", "\"ab12-gzip\"", "\"\"",
    };

    cr_expect_not(none_match_names(NULL, "ab12"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(none_match_names(others[i], "ab12"), "%s", others[i]);
}

Test(negotiate, one_version_in_quotes_is_matched_and_nothing_else)
{
    static const char *const others[] = {"",
                                         "*",
                                         "7",
                                         "\"\"",
                                         "\"7",
                                         "W/\"7\"",
                                         "\"7\", \"8\"",
                                         "\"7a\"",
                                         "\"-7\"",
                                         "\"1234567890123456789\""};
    uint64_t version = 4711;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(match_version(others[i], &version), "%s", others[i]);
    cr_expect_eq(version, 4711);
    cr_expect(match_version("\"123456789012345678\"", &version));
    cr_expect_eq(version, 123456789012345678);
}
