#include "venue/bybit/sign.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* RFC 4231, test case 2, in two parts. */
Test(venue_sign, is_hmac_sha256_in_lower_case_hex)
{
    const struct sign_part parts[] = {{"what do ya want ", 16}, {"for nothing?", 12}};
    char out[SIGN_TEXT_MAX];

    sign_parts(out, "Jefe", parts, 2);
    cr_assert(eq(str, out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

/* The string of Bybit's guide: time stamp, key, window, query. */
Test(venue_sign, parts_are_one_text)
{
    const struct sign_part parts[] = {
        {"1658384314791", 13}, {"XXXXXXXXXX", 10}, {"5000", 4}, {"category=option", 15}};
    const struct sign_part whole = {"1658384314791XXXXXXXXXX5000category=option", 42};
    char apart[SIGN_TEXT_MAX];
    char joined[SIGN_TEXT_MAX];

    sign_parts(apart, "secret", parts, 4);
    sign_parts(joined, "secret", &whole, 1);
    cr_assert(eq(str, apart, joined));
    cr_assert(sign_equals(apart, joined));
    apart[63] ^= 1;
    cr_assert(not(sign_equals(apart, joined)));
    cr_assert(not(sign_equals("", joined)));
}

Test(venue_sign, the_window_is_closed_behind_and_open_ahead)
{
    cr_assert(sign_in_window(95000, 5000, 100000));
    cr_assert(not(sign_in_window(94999, 5000, 100000)));
    cr_assert(sign_in_window(100999, 5000, 100000));
    cr_assert(not(sign_in_window(101000, 5000, 100000)));
}
