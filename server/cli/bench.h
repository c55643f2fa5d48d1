/* What the parts of `pitwall bench` share: how a figure is kept and reported.
 *
 * A result is the median of its rounds. Rounds of two things that are compared are interleaved by
 * whoever measures, so that both see the same noise. */
#ifndef PITWALL_CLI_BENCH_H
#define PITWALL_CLI_BENCH_H

#include "engine.h"

#include <jansson.h>

enum { BENCH_ROUNDS_MAX = 64 };

struct bench {
    json_t *results;
    const char *recordings; /* folder or file; NULL: none */
    const char *name;       /* only ids that hold it; NULL: all */
    bool quick;
};

struct bench_figure {
    const char *id, *unit;
    const char *anchor; /* what stands beside it; NULL: nothing */
    double anchor_value;
    double target;
    const char *sense; /* "max" or "min"; NULL: no target */
    uint32_t rounds;
    double round[BENCH_ROUNDS_MAX];
};

bool bench_wants(const struct bench *bench, const char *id);
void bench_round(struct bench_figure *figure, double value);
double bench_median(const double *values, uint32_t count);
void bench_add(struct bench *bench, const struct bench_figure *figure);

/* The parts. Each adds its figures, or says on stderr why it could not and returns false. */
bool bench_parts(struct bench *bench);    /* ring, lane, gate, book */
bool bench_matching(struct bench *bench); /* the exchange on workload A */
bool bench_step(struct bench *bench);     /* the engine's step over a market */
bool bench_emit(struct bench *bench);     /* a record into the lane, beside a store */
bool bench_burst(struct bench *bench);    /* a million orders, from the gate to the disk */
bool bench_recovery(struct bench *bench); /* the state from ten million records */
bool bench_audit(struct bench *bench);    /* ingest, pages and verify of the audit trail */
bool bench_bybit(struct bench *bench);    /* its decoder against jansson, and with the book */
bool bench_recorded(struct bench *bench); /* decoder and whole replay against jansson */

#endif
