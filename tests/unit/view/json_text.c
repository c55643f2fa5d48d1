/* The same bytes as jansson writes. */
#include "view/json_text.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void expect_same(json_t *json)
{
    char *theirs = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t length = 0;
    char *ours = json_text(json, &length);

    cr_assert(json && theirs && ours);
    cr_expect_str_eq(ours, theirs);
    cr_expect_eq(length, strlen(theirs));
    free(ours);
    free(theirs);
    json_decref(json);
}

Test(json_text, shapes_are_written_as_jansson_does)
{
    expect_same(json_object());
    expect_same(json_array());
    expect_same(json_pack("{s:s, s:I, s:n, s:b, s:[i, {s:s}], s:[]}", "a", "1.50", "b",
                          (json_int_t)-7, "c", "d", 1, "e", 3, "f", "", "g"));
    expect_same(json_pack("[I, I, i, b]", (json_int_t)INT64_MAX, (json_int_t)INT64_MIN, 0, 0));
    expect_same(json_pack("[f, f]", 0.1, 1e300));
}

Test(json_text, every_byte_of_a_string)
{
    json_t *all = json_array();
    char text[4] = {0};

    for (int byte = 1; byte < 0x80; byte++) {
        snprintf(text, sizeof text, "%c!", byte);
        json_array_append_new(all, json_string(text));
    }
    json_array_append_new(all, json_stringn("a\0b", 3));
    json_array_append_new(all, json_string("f\303\274r \342\202\254 \360\237\233\221"));
    json_array_append_new(all, json_pack("{s:s}", "quo\"te\n", "back\\slash / \177"));
    expect_same(all);
}

Test(json_text, what_is_longer_than_its_first_room)
{
    json_t *all = json_array();

    for (int i = 0; i < 5000; i++)
        json_array_append_new(all, json_pack("{s:i, s:s}", "number", i, "text", "0123456789"));
    expect_same(all);
}

Test(json_text, a_text_that_was_cut_within_a_character_is_told_all_the_same)
{
    json_t *whole = json_string_of("f\303\274r"), *cut = json_string_of("f\303");

    cr_assert_str_eq(json_string_value(whole), "f\303\274r");
    cr_assert_str_eq(json_string_value(cut), "f?");
    cr_assert_null(json_string_of(NULL));
    json_decref(whole);
    json_decref(cut);
}
