#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "risk/throttle.h"

static const struct order_scopes scopes = {.firm = 0, .venue = 1, .strategy = 2, .instrument = 3};

Test(throttle, counts_each_scope_and_forgets_after_a_second_not_before)
{
    static struct throttle throttle;

    throttle_advance(&throttle, 5000000000);
    throttle_record(&throttle, scopes);
    throttle_record(&throttle, scopes);
    cr_assert(eq(u32, throttle_count(&throttle, 0), 2));
    cr_assert(eq(u32, throttle_count(&throttle, 3), 2));
    cr_assert(eq(u32, throttle_count(&throttle, 4), 0));
    throttle_advance(&throttle, 5999999999);
    cr_assert(eq(u32, throttle_count(&throttle, 0), 2));
    throttle_advance(&throttle, 6100000000);
    cr_assert(eq(u32, throttle_count(&throttle, 0), 0));
}

Test(throttle, a_long_silence_or_a_clock_that_steps_back_is_harmless)
{
    static struct throttle throttle;

    throttle_advance(&throttle, 1723161600000000000);
    throttle_record(&throttle, scopes);
    throttle_advance(&throttle, 1723161500000000000); /* back: nothing is forgotten */
    cr_assert(eq(u32, throttle_count(&throttle, 0), 1));
    throttle_advance(&throttle, 1823161600000000000);
    cr_assert(eq(u32, throttle_count(&throttle, 0), 0));
}
