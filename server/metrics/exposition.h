/* A page of metrics: families, samples, escaped labels; in the Prometheus text format 0.0.4 or in
 * OpenMetrics 1.0.0. The two differ in what a family is called (without `_total` and `_info`), in
 * the UNIT lines, in the type of an info, in exemplars and in the `# EOF`; the samples are the
 * same, so that a reader may change from one to the other and finds the same series.
 *
 * The page belongs to whoever has it open, one thread; it grows as it is written. Out of memory it
 * takes no more, and exposition_close() says so. */
#ifndef PITWALL_METRICS_EXPOSITION_H
#define PITWALL_METRICS_EXPOSITION_H

#include "engine.h"
#include "metrics/table.h"

#include <stddef.h>

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

struct exposition {
    enum exposition_format format;
    char *text;
    size_t length, room;
    bool failed;
};

void exposition_open(struct exposition *page, enum exposition_format format);
/* The whole page, which the caller frees; NULL: out of memory. */
char *exposition_close(struct exposition *page);
const char *exposition_type(enum exposition_format format); /* for Content-Type */

/* HELP and TYPE; all samples of the family must follow. */
void family(struct exposition *page, enum metric_id id);

struct label {
    const char *name, *value;
};

/* One sample line. `labels` ends with a NULL name; NULL: no labels. */
void sample(struct exposition *page, enum metric_id id, const struct label *labels,
            const char *value);
void sample_count(struct exposition *page, enum metric_id id, const struct label *labels,
                  uint64_t value);
/* units * 10^-scale, exact. */
void sample_decimal(struct exposition *page, enum metric_id id, const struct label *labels,
                    int64_t units, uint32_t scale);
/* Buckets in seconds at powers of two from 250 ns to about 17 s; one label at most. The counts are
 * read as they stand: who writes them notices nothing, and a page may be a few of them apart. */
void sample_histogram(struct exposition *page, enum metric_id id, const struct label *label,
                      struct histogram *histogram);

/* One of those that were counted: which order it was. */
struct exemplar {
    uint64_t order_id;
    int64_t value_ns, at_ns; /* at_ns: real clock */
};
/* The same with exemplars, newest first: of each bucket the first that lies in it. Only OpenMetrics
 * has a place for them. */
void sample_histogram_with(struct exposition *page, enum metric_id id, const struct label *label,
                           struct histogram *histogram, const struct exemplar *exemplars,
                           uint32_t count);

#endif
