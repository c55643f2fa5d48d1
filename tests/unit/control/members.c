#include "control/members.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static enum status parse(const char *text)
{
    struct err err;
    char reason[REASON_MAX];
    json_t *json = json_string(text);
    enum status status = reason_parse(json, reason, &err);

    json_decref(json);
    return status;
}

Test(members, a_reason_is_read_as_it_was_written)
{
    static const char *const good[] = {"quiet night",  "caf\xc3\xa9, \xe2\x82\xac 5",
                                       "\xc2\xa0x",    "\xe6\x97\xa5\xe6\x9c\xac",
                                       "\xe2\x80\x94", "\xe2\x81\xaa"};
    static const char *const bad[] = {"two\nlines",        "a\rb",
                                      "tab\there",         "bell\a",
                                      "del\x7f",           "\xc2\x85next line",
                                      "\xe2\x80\xaeright", "\xe2\x80\x8fmark",
                                      "\xe2\x80\xa8line",  "\xe2\x81\xa6isolate",
                                      "up\xe2\x81\xa9",    "\xe2\x80\xaa"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(eq(int, parse(good[i]), OK), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(eq(int, parse(bad[i]), ERR_MALFORMED), "%s", bad[i]);
}
