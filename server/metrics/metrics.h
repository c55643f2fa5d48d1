/* The page of /metrics: every row of tables/metrics.def that applies, rendered on demand from the
 * view, the journal and the gateways. Nothing of it asks the engine: its histograms and its beat
 * are memory that it writes anyway. Any control-plane thread; about 1 ms. */
#ifndef PITWALL_METRICS_METRICS_H
#define PITWALL_METRICS_METRICS_H

#include "metrics/exposition.h"
#include "view/view.h"

/* What only the API and the stream know. */
struct metrics_extra {
    uint64_t ws_clients, ws_drops, ws_laggards, ws_resumes;
    uint64_t facts_lost; /* of the control thread */
    /* Appends its own families (http requests by route and code) to the page. */
    void (*append)(void *ctx, struct exposition *page);
    void *ctx;
};

/* `extra` NULL: without those. NULL: out of memory. */
char *metrics_render(struct view *view, const struct view_sources *sources,
                     const struct metrics_extra *extra, enum exposition_format format);

#endif
