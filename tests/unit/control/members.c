#include "control/inside.h"

#include <criterion/criterion.h>

#include <string.h>

static char reason[REASON_MAX];

Test(members, a_reason_that_fits_is_kept_whole)
{
    reason_copy(reason, "fat finger \342\202\254");
    cr_assert_str_eq(reason, "fat finger \342\202\254");
    reason_copy(reason, "");
    cr_assert_str_eq(reason, "");
}

Test(members, a_reason_is_cut_between_characters)
{
    char text[REASON_MAX + 4];

    for (size_t before = REASON_MAX - 4; before < REASON_MAX; before++) {
        memset(text, 'a', before);
        strcpy(text + before, "\342\202\254"); /* three bytes */
        reason_copy(reason, text);
        cr_expect_eq(strlen(reason), before + 3 < REASON_MAX ? before + 3 : before);
        cr_expect_eq(strncmp(text, reason, strlen(reason)), 0);
    }
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
