#include "control/throttle.h"

#include <criterion/criterion.h>

#include <stdio.h>

Test(throttle, the_wait_doubles_up_to_five_minutes_and_is_forgiven)
{
    static struct throttle throttle;
    const int64_t second_ns = 1000000000;
    int64_t now_ns = 5 * second_ns;
    const int waits[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};

    cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), 0);
    cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), 0);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), 0);
        cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), waits[i]);
        cr_assert_eq(throttle_try(&throttle, "an", "na", now_ns), 0, "another pair");
        throttle_forgive(&throttle, "an", "na");
        now_ns += waits[i] * second_ns;
    }
    cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), 0);
    throttle_forgive(&throttle, "ann", "a");
    cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), 0);
    cr_assert_eq(throttle_try(&throttle, "ann", "a", now_ns), 0);
}

Test(throttle, a_full_table_forgets_the_longest_unused)
{
    static struct throttle throttle;
    char user[16];

    for (int i = 0; i < THROTTLE_ROWS + 1; i++) {
        snprintf(user, sizeof user, "u%d", i);
        for (int n = 0; n < THROTTLE_FREE; n++)
            throttle_try(&throttle, user, "a", i + 1);
    }
    cr_assert_eq(throttle_try(&throttle, "u0", "a", 1000), 0);
    cr_assert_gt(throttle_try(&throttle, "u256", "a", 1000), 0);
}
