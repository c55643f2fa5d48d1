#include "journal/crc32c.h"

#include <criterion/criterion.h>

Test(crc32c, known_answers)
{
    static const uint8_t zeros[32];

    cr_assert_eq(crc32c(0, "123456789", 9), 0xe3069283);
    cr_assert_eq(crc32c(0, zeros, sizeof zeros), 0x8a9136aa); /* RFC 3720 B.4 */
    cr_assert_eq(crc32c(0, "", 0), 0);
}

Test(crc32c, table_and_instruction_agree)
{
    uint8_t bytes[257];

    for (unsigned at = 0; at < sizeof bytes; at++)
        bytes[at] = (uint8_t)(at * 7 + 3);
    for (unsigned length = 0; length <= sizeof bytes; length++)
        cr_assert_eq(crc32c(length, bytes, length), crc32c_by_table(length, bytes, length));
}
