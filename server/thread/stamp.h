#ifndef STAMP_H
#define STAMP_H
#include <stdint.h>
#include <x86intrin.h>
extern volatile uint64_t stamp_at[16];
#define STAMP(n) (stamp_at[n] = __rdtsc())
#endif
