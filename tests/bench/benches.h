/* `benches`: what is measured in C with things that the product does not depend on: another ring
 * beside ours, the gate alone, loops for a counter of instructions. */
#ifndef PITWALL_TESTS_BENCH_BENCHES_H
#define PITWALL_TESTS_BENCH_BENCHES_H

#include "cli/bench.h"

/* Each adds its figures, or says on stderr why it could not and returns false. `share`: what a
 * thread must have got of its core for a trial of two threads to count. */
bool bench_rings(struct bench *bench, double share); /* between two cores */
bool bench_paths(struct bench *bench);               /* tick to order, and its parts */
bool bench_wire(struct bench *bench);                /* over sockets, beside an echo */
bool bench_receive(struct bench *bench);             /* a stream, beside a bare callback */
bool bench_junk(struct bench *bench);                /* one venue babbles, the other trades */
bool bench_reconnect(struct bench *bench);           /* until the book is whole again */
bool bench_broadcast(struct bench *bench);           /* the stream, beside a loop of send() */

/* Runs the loop of that name `count` times; false: there is none. Deterministic: the same count
 * takes the same instructions. */
bool loops_run(const char *name, uint32_t count);
void loops_list(void);

#endif
