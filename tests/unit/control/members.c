#include "control/inside.h"
#include "control/members.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

static enum status parse(const char *text)
{
    struct err err;
    char read[REASON_MAX];
    json_t *json = json_string(text);
    enum status status = reason_parse(json, read, &err);

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
                                      "up\xe2\x81\xa9",    "\xe2\x80\xaa",
                                      "\xd8\x9c"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(eq(int, parse(good[i]), OK), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(eq(int, parse(bad[i]), ERR_MALFORMED), "%s", bad[i]);
}

static char reason[REASON_MAX];

Test(members, a_reason_that_fits_is_kept_whole)
{
    text_copy_plain(reason, sizeof reason, "fat finger \342\202\254");
    cr_assert_str_eq(reason, "fat finger \342\202\254");
    text_copy_plain(reason, sizeof reason, "");
    cr_assert_str_eq(reason, "");
}

Test(members, a_reason_is_cut_between_characters)
{
    char text[REASON_MAX + 4];

    for (size_t before = REASON_MAX - 4; before < REASON_MAX; before++) {
        memset(text, 'a', before);
        strcpy(text + before, "\342\202\254"); /* three bytes */
        text_copy_plain(reason, sizeof reason, text);
        cr_expect_eq(strlen(reason), before + 3 < REASON_MAX ? before + 3 : before);
        cr_expect_eq(strncmp(text, reason, strlen(reason)), 0);
    }
}

Test(members, what_is_read_otherwise_than_written_is_marked)
{
    text_copy_plain(reason, sizeof reason,
                    "a\033b\nc \342\200\256d \342\202\254 \302\205e\342\200\256");
    cr_assert_str_eq(reason, "a?b?c ???d \342\202\254 ??e???");
    cr_assert(text_is_plain(reason));
}

/* Else a stranger picks a name that keeps a log-in out of the audit. */
Test(members, a_record_is_made_of_any_text)
{
    struct actor actor = {.name = "mallory \303", .person = "\303", .role = ROLE_NONE};
    json_t *record = record_make(
        &actor, &(struct control_fact){.kind = "login_failed", .reason = "half \342\202"});

    cr_assert_not_null(record);
    cr_expect_str_eq(json_string_value(json_object_get(record, "actor")), "mallory ?");
    cr_expect_str_eq(json_string_value(json_object_get(record, "reason")), "half ??");
    json_decref(record);
}
