/* Prometheus text of everything DESIGN section 5 "Metrics" names that exists so far, rendered on
 * demand from the view. Any control-plane thread; about 1 ms; the caller frees the text. */
#ifndef PITWALL_METRICS_METRICS_H
#define PITWALL_METRICS_METRICS_H

#include "view/view.h"

/* What only the API and the stream know. */
struct metrics_extra {
    uint64_t ws_clients, ws_drops, ws_laggards, ws_resumes;
    /* Appends its own series (http requests by route and code) to `out`. */
    void (*append)(void *ctx, FILE *out);
    void *ctx;
};

char *metrics_render(struct view *view, const struct view_sources *sources,
                     const struct metrics_extra *extra);

#endif
