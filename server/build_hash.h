/* SHA-256 of the program that runs: what was recorded is run again by the same one. Any thread;
 * reads the program's file, some ms. False: it cannot be read. */
#ifndef PITWALL_BUILD_HASH_H
#define PITWALL_BUILD_HASH_H

#include <stdbool.h>
#include <stdint.h>

enum { BUILD_HASH_BYTES = 32 };

bool build_hash(uint8_t hash[BUILD_HASH_BYTES]);

#endif
