/* CRC32C (Castagnoli), by the SSE4.2 instruction where the machine has it, else by table. Any
 * thread; no state. */
#ifndef PITWALL_JOURNAL_CRC32C_H
#define PITWALL_JOURNAL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`, 0 at the start. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);
/* The table form, for the test that compares both. */
uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t length);

#endif
