/* What is measured between two cores; the parts of `duels`. */
#ifndef PITWALL_TESTS_BENCH_DUELS_H
#define PITWALL_TESTS_BENCH_DUELS_H

#include "duel.h"

/* Each adds its figures, or says on stderr why it could not and returns false. */
bool duel_rings(struct bench *bench, struct duel *duel);

#endif
