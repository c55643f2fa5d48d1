#include "store/store.h"

#include <criterion/criterion.h>

Test(store_incident, text_and_number_go_both_ways)
{
    char text[INCIDENT_TEXT_MAX];
    uint64_t back = 0;

    incident_print(text, (7ULL << 32) | 3);
    cr_assert_str_eq(text, "K7-3");
    cr_assert(incident_parse(text, &back) && back == ((7ULL << 32) | 3));
    incident_print(text, UINT64_MAX);
    cr_assert(incident_parse(text, &back) && back == UINT64_MAX);
}

Test(store_incident, anything_else_is_refused)
{
    static const char *const bad[] = {"",      "K",      "K1",    "K1-",   "k1-1",         "K01-1",
                                      "K1-1x", "K 1- 1", "K-1-1", "K1--1", "K4294967296-1"};
    uint64_t untouched = 42;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!incident_parse(bad[i], &untouched), "%s", bad[i]);
    cr_assert_eq(untouched, 42);
}
