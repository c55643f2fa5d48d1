/* splitmix64: the chance of the simulated venue. A state of 64 bits, any value; equal states give
 * equal histories. */
#ifndef PITWALL_SIM_RANDOM_H
#define PITWALL_SIM_RANDOM_H

#include <stdint.h>

static inline uint64_t random_draw(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15ULL;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

#endif
