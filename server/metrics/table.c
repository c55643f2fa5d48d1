#include "metrics/table.h"

#include <assert.h>

static const struct metric_row rows[METRIC_COUNT] = {
#define METRIC(ID, name, type, unit, labels, says)                                                 \
    [METRIC_##ID] = {#name, METRIC_IS_##type, unit, labels, says},
#include "tables/metrics.def"
#undef METRIC
};

const struct metric_row *metric_row(enum metric_id id)
{
    assert((unsigned)id < METRIC_COUNT);
    return &rows[id];
}

const char *metric_type_name(enum metric_type type)
{
    static const char *const names[] = {[METRIC_IS_GAUGE] = "gauge",
                                        [METRIC_IS_COUNTER] = "counter",
                                        [METRIC_IS_HISTOGRAM] = "histogram",
                                        [METRIC_IS_INFO] = "info"};

    return names[type];
}
