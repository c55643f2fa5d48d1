/* The gate alone: one order that passes every check, and its judgement. */
#ifndef PITWALL_TESTS_BENCH_GATE_CASE_H
#define PITWALL_TESTS_BENCH_GATE_CASE_H

#include <stdint.h>

/* Judges it `count` times, a little different each time; asserts that it passes. Returns something
 * made of the verdicts, so that no judgement can be left out. */
uint64_t gate_case_run(uint32_t count);

#endif
