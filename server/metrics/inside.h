/* What the files of metrics/ share: one rendering. Inside this folder only.
 *
 * metrics.c: what runs, states, limits, orders, money.
 * system.c: venues, latency, rings, journal. */
#ifndef PITWALL_METRICS_INSIDE_H
#define PITWALL_METRICS_INSIDE_H

#include "metrics/exposition.h"
#include "metrics/metrics.h"

/* What one rendering reads; JSON shapes are taken once and used by several families. */
struct rendering {
    struct exposition *page;
    struct view *view;
    const struct view_sources *from;
    const struct config *config;
    struct view_watch watch;
    int64_t real_ns, mono_ns; /* now, on both clocks */
    json_t *positions, *pnl;
};

/* A family of one sample without labels. */
void render_one(const struct rendering *r, enum metric_id id, uint64_t value);
/* One sample a venue, by the configuration's order. */
void render_by_venue(const struct rendering *r, enum metric_id id, const uint64_t *counts);
/* A time of the monotonic clock, as people's clocks tell it. */
int64_t render_real_ns(const struct rendering *r, int64_t mono_ns);

void render_market(const struct rendering *r);
void render_latency(const struct rendering *r);
void render_rings(const struct rendering *r);
void render_journal(const struct rendering *r);

#endif
