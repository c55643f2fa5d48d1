/* Gathers what the conditions look at: from the view, the journal, the store and the gateways, with
 * a memory of what was well when and of the counters of the last minutes. No SQLite, no disk. The
 * alerts thread's alone, but for certificate_ns. About 1 MB. */
#ifndef PITWALL_ALERTS_COLLECT_H
#define PITWALL_ALERTS_COLLECT_H

#include "alerts/conditions.h"
#include "control/control.h"

enum { HISTORY_POINTS = 1024, TICK_SNAPSHOTS = 8, STARTS_KEPT = 64 };

/* Counters as they stood at a second. */
struct history_point {
    int64_t mono_ns;
    uint64_t sent[MAX_VENUES], rejected[MAX_VENUES], filled[MAX_VENUES];
    uint64_t messages[MAX_GATEWAYS];
    uint64_t facts_lost;
};

struct collector {
    const struct view_sources *from;
    struct view *view;
    struct control *control;
    int64_t started_mono_ns, started_ns;
    uint32_t unclean_starts;         /* of runs before this one that did not end in order, */
    int64_t unclean_ns[STARTS_KEPT]; /* and when each began; real clock */
    int64_t certificate_ns;          /* 0: none */
    struct view_watch watch;
    struct view_use use[MAX_SCOPES];
    int64_t venue_well_ns[MAX_VENUES];     /* monotonic */
    int64_t book_good_ns[MAX_INSTRUMENTS]; /* real clock */
    int64_t lane_well_ns[JOURNAL_LANES];   /* monotonic: the audit has taken something, or all */
    uint64_t lane_taken[JOURNAL_LANES];
    int64_t anchor_ns, unsigned_ns; /* of the newest anchor; since when rows go unsigned, 0: none */
    uint64_t anchor_seq;            /* audit sequence then */
    uint64_t points;                /* ever; the newest are kept */
    struct history_point point[HISTORY_POINTS];
    int64_t tick_mono_ns;
    uint64_t ticks; /* snapshots ever */
    struct {
        int64_t mono_ns;
        uint64_t counts[HISTOGRAM_BUCKETS];
    } tick[TICK_SNAPSHOTS];
};

void collect_init(struct collector *collector, const struct view_sources *from, struct view *view,
                  struct control *control);
/* Runs before this one that began within the hour before real_ns and did not end in order: a loop
 * is over when nothing has ended so for an hour, not when the next run ends well. */
uint32_t collect_unclean_starts(const struct collector *collector, int64_t real_ns);
/* `in` is overwritten. Takes the view's lock a few times, about 0.2 ms in all. */
void collect(struct collector *collector, int64_t mono_ns, int64_t real_ns,
             struct alert_inputs *in);

#endif
