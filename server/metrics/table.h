/* The rows of tables/metrics.def: what the renderer prints HELP and TYPE from, and the reference
 * page (pitwall spec metrics) is made of. Constant; any thread. */
#ifndef PITWALL_METRICS_TABLE_H
#define PITWALL_METRICS_TABLE_H

enum metric_id {
#define METRIC(ID, name, type, unit, labels, says) METRIC_##ID,
#include "tables/metrics.def"
#undef METRIC
    METRIC_COUNT
};

enum metric_type { METRIC_IS_GAUGE, METRIC_IS_COUNTER, METRIC_IS_HISTOGRAM, METRIC_IS_INFO };

struct metric_row {
    const char *name; /* of its samples; "pitwall_fills_total" */
    enum metric_type type;
    const char *unit, *labels, *says;
};

const struct metric_row *metric_row(enum metric_id id);
const char *metric_type_name(enum metric_type type); /* "counter" */

#endif
