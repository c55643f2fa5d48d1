/* What an answer of the venue means. */
#include "gateway/bybit/outcome.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void check(int64_t code, enum bybit_class class)
{
    cr_assert(eq(int, bybit_class_of(code), class), "code %ld", (long)code);
}

Test(bybit_outcome, the_classes_of_codes)
{
    check(0, BYBIT_DONE);
    check(10001, BYBIT_REFUSED);
    check(10004, BYBIT_REFUSED);
    check(110007, BYBIT_REFUSED);
    check(110020, BYBIT_REFUSED);
    check(110072, BYBIT_THERE);
    check(170141, BYBIT_THERE);
    check(20006, BYBIT_THERE);
    check(10002, BYBIT_VOID);
    check(10006, BYBIT_LIMITED);
    check(10429, BYBIT_LIMITED);
    check(110001, BYBIT_ABSENT);
    check(170213, BYBIT_ABSENT);
    check(10000, BYBIT_UNKNOWN);
    check(10016, BYBIT_UNKNOWN);
    check(10019, BYBIT_UNKNOWN);
}

/* What was taken, or may have been, is refused for no reason; all else for one. */
Test(bybit_outcome, every_refusal_has_a_reason)
{
    for (uint32_t at = 0; bybit_code_row(at); at++) {
        const struct bybit_code *row = bybit_code_row(at);

        cr_assert(eq(int, row->refusal == REFUSAL_NONE,
                     row->class == BYBIT_DONE || row->class == BYBIT_UNKNOWN),
                  "%ld", (long)row->number);
    }
    cr_assert(eq(int, bybit_refusal_of(110007, BYBIT_REFUSED), REFUSAL_BALANCE));
    cr_assert(eq(int, bybit_refusal_of(110001, BYBIT_ABSENT), REFUSAL_LATE));
    cr_assert(eq(int, bybit_refusal_of(-1, BYBIT_LIMITED), REFUSAL_RATE));
    cr_assert(eq(int, bybit_refusal_of(-1, BYBIT_UNSENT), REFUSAL_NONE));
    cr_assert(eq(int, bybit_refusal_of(999999, BYBIT_UNKNOWN), REFUSAL_NONE));
}

Test(bybit_outcome, a_code_that_is_not_in_the_table_is_not_known)
{
    check(-1, BYBIT_UNKNOWN);
    check(999999, BYBIT_UNKNOWN);
    check(110999, BYBIT_UNKNOWN);
}

Test(bybit_outcome, no_code_has_two_rows)
{
    for (uint32_t at = 1; bybit_code_row(at); at++)
        cr_assert(bybit_code_row(at - 1)->number < bybit_code_row(at)->number, "%ld",
                  (long)bybit_code_row(at)->number);
}

Test(bybit_outcome, answers_without_a_body)
{
    cr_assert(eq(int, bybit_class_of_http(0, true), BYBIT_UNSENT));
    cr_assert(eq(int, bybit_class_of_http(0, false), BYBIT_UNKNOWN));
    cr_assert(eq(int, bybit_class_of_http(500, false), BYBIT_UNKNOWN));
    cr_assert(eq(int, bybit_class_of_http(502, false), BYBIT_UNKNOWN));
    cr_assert(eq(int, bybit_class_of_http(200, false), BYBIT_UNKNOWN));
    cr_assert(eq(int, bybit_class_of_http(403, false), BYBIT_BANNED));
    cr_assert(eq(int, bybit_class_of_http(429, false), BYBIT_LIMITED));
}

/* Whatever comes: only what says that it did nothing ends an order or an amend. */
Test(bybit_outcome, only_a_definite_refusal_ends_an_order)
{
    for (int class = 0; class < BYBIT_CLASS_COUNT; class ++) {
        bool definite = class == BYBIT_REFUSED || class == BYBIT_VOID || class == BYBIT_LIMITED ||
                        class == BYBIT_BANNED || class == BYBIT_UNSENT;
        struct bybit_outcome outcome =
            bybit_outcome_of(ORDER_MESSAGE_NEW, (enum bybit_class) class);

        cr_assert(eq(int, outcome.deed == BYBIT_REPORT && outcome.report == REPORT_VENUE_REJECT,
                     definite),
                  "%s", bybit_class_name((enum bybit_class) class));
    }
}

Test(bybit_outcome, a_cancel_is_tried_again_or_asked_about)
{
    cr_assert(eq(int, bybit_outcome_of(ORDER_MESSAGE_CANCEL, BYBIT_LIMITED).deed, BYBIT_AGAIN));
    cr_assert(eq(int, bybit_outcome_of(ORDER_MESSAGE_CANCEL, BYBIT_VOID).deed, BYBIT_AGAIN));
    cr_assert(eq(int, bybit_outcome_of(ORDER_MESSAGE_CANCEL, BYBIT_BANNED).deed, BYBIT_AGAIN));
    cr_assert(eq(int, bybit_outcome_of(ORDER_MESSAGE_CANCEL, BYBIT_ABSENT).deed, BYBIT_ASK));
    cr_assert(eq(int, bybit_outcome_of(ORDER_MESSAGE_CANCEL, BYBIT_REFUSED).report,
                 REPORT_CANCEL_REJECT));
}

Test(bybit_outcome, a_duplicate_is_about_the_request)
{
    cr_assert(
        eq(int, bybit_outcome_of(ORDER_MESSAGE_NEW, BYBIT_THERE).report, REPORT_DUPLICATE_ID));
}
