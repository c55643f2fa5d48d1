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

/* From many addresses: one alone would have to wait. */
Test(throttle, a_full_table_forgets_the_longest_unused_but_not_those_known)
{
    static struct throttle throttle;
    char user[16], address[40];

    throttle_try(&throttle, "ann", "home", 1);
    throttle_forgive(&throttle, "ann", "home");
    for (int i = 0; i < THROTTLE_ROWS + 1; i++) {
        snprintf(user, sizeof user, "u%d", i);
        snprintf(address, sizeof address, "10.0.%d.%d", i / 16, i % 16);
        for (int n = 0; n < THROTTLE_FREE; n++)
            throttle_try(&throttle, user, address, i + 2);
    }
    cr_assert_eq(throttle_try(&throttle, "u0", "10.0.0.0", 1000), 0);
    cr_assert_gt(throttle_try(&throttle, "u256", "10.0.16.0", 1000), 0);
    for (int i = 0; i < THROTTLE_ADDRESS_FREE; i++)
        throttle_try(&throttle, user, "home", 1000 + i * 1000000000LL * 400);
    cr_assert_eq(throttle_try(&throttle, "ann", "home", 2000), 0, "still known");
}

static int guess(struct throttle *throttle, int number, const char *address, int64_t now_ns)
{
    char user[16];

    snprintf(user, sizeof user, "user%d", number);
    return throttle_try(throttle, user, address, now_ns);
}

Test(throttle, an_address_that_guesses_at_many_waits_and_nobody_else)
{
    static struct throttle throttle;
    const int64_t second_ns = 1000000000, now_ns = 5 * second_ns;

    throttle_try(&throttle, "ann", "evil", now_ns); /* ann sits behind the same gateway */
    throttle_forgive(&throttle, "ann", "evil");
    for (int i = 0; i < THROTTLE_ADDRESS_FREE; i++)
        cr_assert_eq(guess(&throttle, i, "evil", now_ns), 0);
    cr_assert_eq(guess(&throttle, 100, "evil", now_ns), 1);
    cr_assert_eq(guess(&throttle, 100, "elsewhere", now_ns), 0);
    cr_assert_eq(throttle_try(&throttle, "ann", "evil", now_ns), 0, "known here");
    cr_assert_eq(guess(&throttle, 100, "evil", now_ns + 2 * second_ns), 0);
    cr_assert_gt(guess(&throttle, 101, "evil", now_ns + 2 * second_ns), 1, "it grows");
    cr_assert_eq(guess(&throttle, 101, "evil", now_ns + 2000 * second_ns), 0, "and ends");
    cr_assert_eq(guess(&throttle, 102, "evil", now_ns + 2000 * second_ns), 0);
}

Test(throttle, an_address_of_ipv6_is_its_network)
{
    static struct throttle throttle;
    char address[32];

    for (int i = 0; i < THROTTLE_ADDRESS_FREE; i++) {
        snprintf(address, sizeof address, "2001:db8::%x", i + 1);
        cr_assert_eq(guess(&throttle, i, address, 1), 0);
    }
    cr_assert_gt(guess(&throttle, 99, "2001:db8::ffff", 1), 0);
    cr_assert_eq(guess(&throttle, 99, "2001:db8:1::1", 1), 0);
}

Test(throttle, wrong_codes_of_one_account_make_no_other_wait)
{
    static struct throttle throttle;
    const int64_t minute_ns = 60000000000;
    int64_t now_ns = minute_ns;
    int waits = 0;

    for (int i = 0; i < 3 * THROTTLE_ADDRESS_FREE; i++, now_ns += minute_ns / 60)
        waits += throttle_try_pair(&throttle, "ann", "totp", now_ns) > 0;
    cr_assert_gt(waits, 0);
    cr_assert_eq(throttle_try_pair(&throttle, "bob", "totp", now_ns), 0);
    for (int i = 0; i < 3 * THROTTLE_ADDRESS_FREE; i++) {
        char user[16];

        snprintf(user, sizeof user, "u%d", i);
        cr_assert_eq(throttle_try_pair(&throttle, user, "totp", now_ns), 0, "%s", user);
    }
}
