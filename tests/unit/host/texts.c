/* Lists, masks, fields and columns, as the kernel prints them. */
#include "host/inside.h"

#include <criterion/criterion.h>

#include <string.h>

Test(host_texts, a_list_of_cores_has_its_ranges_and_nothing_else)
{
    cr_assert(cores_have("0-3,8", 0));
    cr_assert(cores_have("0-3,8\n", 3));
    cr_assert(cores_have("0-3,8\n", 8));
    cr_assert_not(cores_have("0-3,8\n", 4));
    cr_assert_not(cores_have("0-3,8\n", 7));
    cr_assert_not(cores_have("\n", 0));
    cr_assert_not(cores_have("", 0));
    cr_assert_eq(cores_count("0-3,8\n"), 5);
    cr_assert_eq(cores_count("7"), 1);
    cr_assert_eq(cores_count("\n"), 0);
}

Test(host_texts, a_mask_is_read_from_the_right_over_its_commas)
{
    cr_assert(mask_has("3", 0));
    cr_assert(mask_has("3\n", 1));
    cr_assert_not(mask_has("3\n", 2));
    cr_assert(mask_has("00000001,00000000\n", 32));
    cr_assert_not(mask_has("00000001,00000000\n", 0));
    cr_assert(mask_has("F0", 7));
    cr_assert_not(mask_has("f0", 3));
    cr_assert_not(mask_has("ff", 64)); /* beyond its end */
}

Test(host_texts, a_field_is_the_rest_of_its_own_line)
{
    char out[16];

    cr_assert(field_of("A:\t1\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1 \n", "Cpus_allowed_list",
                       out, sizeof out));
    cr_assert_str_eq(out, "0-1");
    cr_assert_not(field_of("Cpus_allowed_list:\t0-1\n", "Cpus_allowed", out, sizeof out));
    cr_assert(field_of("A: 0123456789abcdefXX\n", "A", out, sizeof out));
    cr_assert_str_eq(out, "0123456789abcde");
}

static const char rows[] = "           CPU0       CPU2\n"
                           " 36:          1    3372703 PCI-MSIX  1-edge  virtio1-req.0\n"
                           "LOC:         10         20   Local timer interrupts\n"
                           "ERR:          7\n";

Test(host_texts, interrupts_are_those_of_the_core_s_own_column)
{
    cr_assert_eq(interrupts_of(rows, "LOC", 2), 20);
    cr_assert_eq(interrupts_of(rows, "36", 0), 1);
    cr_assert_eq(interrupts_of(rows, NULL, 2), 3372723);
    cr_assert_eq(interrupts_of(rows, "LOC", 1), -1); /* offline: it has no column */
    cr_assert_eq(interrupts_of(rows, "NMI", 0), -1);
    cr_assert_eq(interrupts_of("", "LOC", 0), -1);
}
