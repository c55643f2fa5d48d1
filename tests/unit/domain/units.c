#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "engine.h"

#include <string.h>

static bool parse(const char *text, uint32_t scale, int64_t *units)
{
    return decimal_parse(text, strlen(text), scale, units);
}

Test(units, decimals_are_exact_both_ways)
{
    static const struct {
        const char *text;
        uint32_t scale;
        int64_t units;
    } rows[] = {{"0", 8, 0},
                {"61737.63", 2, 6173763},
                {"61737.63000000", 2, 6173763},
                {"-0.00000001", 8, -1},
                {"92233720368.54775807", 8, INT64_MAX},
                {"7", 0, 7},
                {"0.10", 1, 1}};
    char out[DECIMAL_TEXT_MAX];

    for (unsigned at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int64_t units = -99;
        int64_t again = -99;

        cr_assert(parse(rows[at].text, rows[at].scale, &units), "%s", rows[at].text);
        cr_assert(eq(i64, units, rows[at].units), "%s", rows[at].text);
        decimal_print(out, units, rows[at].scale, true);
        cr_assert(parse(out, rows[at].scale, &again), "%s", out);
        cr_assert(eq(i64, again, units), "%s", out);
    }
}

Test(units, what_is_not_exactly_a_decimal_is_refused_and_leaves_the_value)
{
    static const char *const bad[] = {"",
                                      "-",
                                      ".5",
                                      "5.",
                                      "1e5",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x10",
                                      "NaN",
                                      "1.23",
                                      "--1",
                                      "1..2",
                                      "1.2.3",
                                      "1,5",
                                      "-.1",
                                      "92233720368547758080",
                                      "9999999999999999999999999999999999"};
    int64_t units = 42;

    for (unsigned at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        cr_assert(not(parse(bad[at], 1, &units)), "%s", bad[at]);
        cr_assert(eq(i64, units, 42));
    }
}

Test(units, the_most_negative_number_is_printed_and_not_read)
{
    int64_t units = 42;

    cr_assert(parse("-9223372036854775807", 0, &units));
    cr_assert(eq(i64, units, -INT64_MAX));
    cr_assert(not(parse("-9223372036854775808", 0, &units)));
    cr_assert(not(parse("-92233720368.54775808", 8, &units)));
    cr_assert(not(parse("9223372036854775808", 0, &units)));
    cr_assert(eq(i64, units, -INT64_MAX));
}

Test(units, printing_trims_only_when_asked)
{
    char out[DECIMAL_TEXT_MAX];

    decimal_print(out, 1500000000, 8, true);
    cr_assert(eq(str, out, "15"));
    decimal_print(out, 1500000000, 8, false);
    cr_assert(eq(str, out, "15.00000000"));
    decimal_print(out, -5, 2, false);
    cr_assert(eq(str, out, "-0.05"));
    decimal_print(out, INT64_MIN, 0, false);
    cr_assert(eq(str, out, "-9223372036854775808"));
    decimal_print(out, 0, 8, true);
    cr_assert(eq(str, out, "0"));
}

Test(names, order_ids_read_back_and_nothing_else_does)
{
    char text[ORDER_ID_TEXT_MAX];
    uint64_t id = 0;

    order_id_print(text, 3ULL << 32 | 0xAB);
    cr_assert(eq(str, text, "PW3-ABR"));
    cr_assert(order_id_parse(text, &id));
    cr_assert(eq(u64, id, 3ULL << 32 | 0xAB));
    cr_assert(not(order_id_parse("PW3", &id)));
    cr_assert(not(order_id_parse("PW3-", &id)));
    cr_assert(not(order_id_parse("PW-1", &id)));
    cr_assert(not(order_id_parse("PW3-123456789", &id)));
    cr_assert(not(order_id_parse("PW3-ab", &id)));
    cr_assert(not(order_id_parse("", &id)));
    cr_assert(not(order_id_parse("PW3-AB", &id)), "B is not the check character of A");
}

/* ISO/IEC 7064 promises both; the check of PW3-AB was computed by another program. */
Test(names, an_order_id_with_a_wrong_or_swapped_character_is_none)
{
    char text[ORDER_ID_TEXT_MAX], wrong[ORDER_ID_TEXT_MAX];
    uint64_t id;

    order_id_print(text, 0x80012345ULL << 32 | 0x6789ABCD);
    for (size_t at = 2; text[at] != '\0'; at++)
        for (const char *other = "0123456789ABCDEF"; *other != '\0'; other++) {
            strcpy(wrong, text);
            wrong[at] = *other;
            cr_assert(eq(int, order_id_parse(wrong, &id), *other == text[at]), "%s", wrong);
        }
    for (size_t at = 2; text[at + 1] != '\0'; at++) {
        strcpy(wrong, text);
        wrong[at] = text[at + 1];
        wrong[at + 1] = text[at];
        cr_assert(eq(int, order_id_parse(wrong, &id), text[at] == text[at + 1]), "%s", wrong);
    }
}

Test(limits, null_is_the_tightest)
{
    enum limit_id id = LIMIT_MAX_ORDER_LOTS;

    cr_assert(limit_loosens(id, 5, 6));
    cr_assert(not(limit_loosens(id, 5, 5)));
    cr_assert(not(limit_loosens(id, 5, 4)));
    cr_assert(not(limit_loosens(id, 5, LIMIT_DENY)));
    cr_assert(limit_loosens(id, LIMIT_DENY, 0));
    cr_assert(limit_loosens(id, LIMIT_UNSET, 5));
    cr_assert(eq(int, limit_find("max_order_lots", 14), LIMIT_MAX_ORDER_LOTS));
    cr_assert(eq(int, limit_find("max_order_lot", 13), LIMIT_COUNT));
}

Test(scopes, every_number_goes_to_its_kind_and_back)
{
    struct scope_map map = {.venues = 2, .strategies = 3, .instruments = 4};
    uint16_t index;

    cr_assert(eq(int, scope_count(map), 10));
    for (uint16_t at = 0; at < 4; at++) {
        uint16_t scope = scope_of_instrument(map, at);

        cr_assert(eq(int, scope_kind_of(map, scope, &index), SCOPE_INSTRUMENT));
        cr_assert(eq(int, index, at));
    }
    cr_assert(eq(int, scope_kind_of(map, scope_of_strategy(map, 2), &index), SCOPE_STRATEGY));
    cr_assert(eq(int, index, 2));
    cr_assert(eq(int, scope_kind_of(map, scope_of_venue(map, 1), &index), SCOPE_VENUE));
    cr_assert(eq(int, index, 1));
}
