#include "engine.h"

#include <criterion/criterion.h>
#include <string.h>

Test(error, the_sentence_reads_outward)
{
    struct err err;

    err_set(&err, ERR_DAMAGED, "frame ");
    err_add_int(&err, -17);
    err_add(&err, " is torn");
    cr_assert_eq(err_wrap(&err, ERR_IO, "day.jnl"), ERR_IO);
    cr_assert_str_eq(err.text, "day.jnl: frame -17 is torn");
    cr_assert_eq(err.status, ERR_IO);
}

Test(error, too_long_is_cut_not_overrun)
{
    char prefix[ERR_TEXT_MAX * 2];
    struct err err;

    memset(prefix, 'p', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    err_set(&err, ERR_IO, prefix);
    cr_assert_eq(strlen(err.text), ERR_TEXT_MAX - 1);
    err_wrap(&err, ERR_IO, "x");
    cr_assert_eq(strncmp(err.text, "x: ppp", 6), 0);
    cr_assert_eq(strlen(err.text), ERR_TEXT_MAX - 1);
}

Test(error, smallest_integer)
{
    struct err err;

    err_set(&err, OK, "");
    err_add_int(&err, INT64_MIN);
    cr_assert_str_eq(err.text, "-9223372036854775808");
}

Test(error, exit_codes_of_the_contract)
{
    cr_assert_eq(status_exit(OK), 0);
    cr_assert_eq(status_exit(ERR_CONFIG), 78);
    cr_assert_eq(status_exit(ERR_BUSY_DATA), 75);
    cr_assert_eq(status_http(ERR_STALE_VERSION), 412);
    cr_assert_str_eq(status_code(ERR_OVER_CAP), "over_cap");
}
