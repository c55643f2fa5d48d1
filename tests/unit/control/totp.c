#include "control/totp.h"

#include <criterion/criterion.h>

#include <stdio.h>

static const uint8_t secret[] = "12345678901234567890";

/* RFC 6238, appendix B, the rows of SHA-1. */
Test(totp, the_vectors_of_the_rfc)
{
    static const struct {
        int64_t at_s;
        uint32_t code;
    } rows[] = {{59, 94287082},         {1111111109, 7081804},  {1111111111, 14050471},
                {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(totp_code(secret, rows[i].at_s / TOTP_STEP_S, 8), rows[i].code);
        cr_expect_eq(totp_code(secret, rows[i].at_s / TOTP_STEP_S, 6), rows[i].code % 1000000);
    }
}

static bool at(int64_t now_s, int64_t code_step, int64_t used, int64_t *step)
{
    char code[16];

    snprintf(code, sizeof code, "%06u", totp_code(secret, code_step, 6));
    return totp_matches(secret, code, now_s * 1000000000, used, step);
}

Test(totp, one_step_to_either_side_and_no_more)
{
    int64_t step = 0;

    cr_assert(!at(3000, 98, 0, &step));
    for (int64_t near = 99; near <= 101; near++) {
        cr_assert(at(3000, near, 0, &step));
        cr_assert_eq(step, near);
    }
    cr_assert(!at(3000, 102, 0, &step));
}

Test(totp, a_used_step_and_those_before_it_are_over)
{
    int64_t step = 0;

    cr_assert(!at(3000, 100, 100, &step));
    cr_assert(!at(3000, 99, 100, &step));
    cr_assert(at(3000, 101, 100, &step));
}

Test(totp, six_digits_and_nothing_else)
{
    int64_t step = 0;

    cr_assert(!totp_matches(secret, "", 0, -2, &step));
    cr_assert(!totp_matches(secret, "7551", 0, -2, &step));
    cr_assert(totp_matches(secret, "755224", 0, -2, &step), "RFC 4226's first");
    cr_assert(!totp_matches(secret, "0755224", 0, -2, &step));
}

Test(totp, base_32)
{
    char text[TOTP_BASE32_MAX];

    totp_base32(secret, text);
    cr_assert_str_eq(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}
