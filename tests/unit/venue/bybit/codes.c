#include "venue/bybit/codes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(venue_codes, every_answer_of_the_core_has_a_code_and_a_text_in_each_category)
{
    for (uint32_t answer = VENUE_OK; answer <= VENUE_FULL; answer++)
        for (uint8_t category = 0; category < VENUE_CATEGORY_COUNT; category++) {
            struct code_row row = code_of_answer((enum venue_answer)answer, category);

            cr_assert(row.text != NULL, "answer %u of category %u", answer, category);
            cr_assert(answer == VENUE_OK ? row.code == 0 : row.code >= 10000, "answer %u", answer);
        }
}

Test(venue_codes, the_ones_that_clients_act_on)
{
    cr_assert(eq(int, code_of_answer(VENUE_NO_ORDER, VENUE_LINEAR).code, 110001));
    cr_assert(eq(int, code_of_answer(VENUE_NO_ORDER, VENUE_SPOT).code, 170213));
    cr_assert(eq(int, code_of_answer(VENUE_NO_FUNDS, VENUE_LINEAR).code, 110007));
    cr_assert(eq(int, code_of_answer(VENUE_DUPLICATE_LINK, VENUE_LINEAR).code, 110072));
    cr_assert(eq(int, code_of_answer(VENUE_DUPLICATE_LINK, VENUE_SPOT).code, 170141));
    cr_assert(eq(int, code_row(CODE_RATE).code, 10006));
    cr_assert(eq(int, code_row(CODE_WINDOW).code, 10002));
}
