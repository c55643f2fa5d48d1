#include "api/keyed.h"

#include <criterion/criterion.h>

enum { FLOODER = 1, PERSON = 2 };

static struct keyed keyed;

Test(keyed, one_asker_has_half_and_what_has_left_makes_room)
{
    keyed_open(&keyed);
    for (int i = 0; i < KEYED_OF_ONE; i++)
        cr_assert_eq(keyed_enter(&keyed, FLOODER), PLACE_TAKEN);
    cr_assert_eq(keyed_enter(&keyed, FLOODER), PLACE_SHARE_FULL);
    cr_assert_eq(keyed_enter(&keyed, PERSON), PLACE_TAKEN);
    keyed_leave(&keyed, PERSON);
    cr_assert_eq(keyed_enter(&keyed, FLOODER), PLACE_SHARE_FULL, "another's place");
    keyed_leave(&keyed, FLOODER);
    cr_assert_eq(keyed_enter(&keyed, FLOODER), PLACE_TAKEN);
    keyed_close(&keyed);
}

Test(keyed, there_are_no_more_than_the_clerks_can_hold)
{
    keyed_open(&keyed);
    for (uint64_t i = 0; i < KEYED_MAX; i++)
        cr_assert_eq(keyed_enter(&keyed, 100 + i), PLACE_TAKEN);
    cr_assert_eq(keyed_enter(&keyed, PERSON), PLACE_ALL_FULL);
    keyed_leave(&keyed, 100);
    cr_assert_eq(keyed_enter(&keyed, PERSON), PLACE_TAKEN);
    keyed_close(&keyed);
}
