/* Prometheus text format 0.0.4: families, samples, escaped labels. Writes to a stream in memory. */
#ifndef PITWALL_METRICS_EXPOSITION_H
#define PITWALL_METRICS_EXPOSITION_H

#include "engine.h"

#include <stdio.h>

/* HELP and TYPE; all samples of the family must follow. */
void family(FILE *out, const char *name, const char *type, const char *help);

struct label {
    const char *name, *value;
};

/* One sample line. `labels` ends with a NULL name; NULL: no labels. */
void sample(FILE *out, const char *name, const struct label *labels, const char *value);
void sample_count(FILE *out, const char *name, const struct label *labels, uint64_t value);
/* units * 10^-scale, exact. */
void sample_decimal(FILE *out, const char *name, const struct label *labels, int64_t units,
                    uint32_t scale);
/* Buckets in seconds at powers of two from 250 ns to about 17 s; one label at most. */
void sample_histogram(FILE *out, const char *name, const struct label *label,
                      struct histogram *histogram);

#endif
