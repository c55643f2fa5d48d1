/* What if these limits had been in force: recent orders judged again.
 *
 * Each verdict in the journal holds what the gate measured; the lines are compiled anew with the
 * proposed limits over those that were in force then, and compared. Nothing is run and the engine
 * is not touched. Exact for each order as it stood; what would have followed from a denial (a
 * smaller position, another quote) is not guessed at. New orders are judged, amends are not: their
 * verdicts do not say whose they are. Pure, one thread; about 1 us an order. */
#ifndef PITWALL_VIEW_WHAT_IF_H
#define PITWALL_VIEW_WHAT_IF_H

#include "engine.h"

#include <jansson.h>

enum { WHAT_IF_SAMPLES = 20 };

struct what_if {
    struct scope_map scopes;
    uint16_t venue[MAX_INSTRUMENTS]; /* of an instrument */
    bool named[MAX_SCOPES][LIMIT_COUNT];
    struct limits proposed[MAX_SCOPES]; /* where named */
    struct limits now[MAX_SCOPES];      /* as the journal has said so far */
    uint64_t generation;                /* counts changes of `now` */
    int64_t since_ns;                   /* what is older is not judged */
    struct gate_table table[MAX_STRATEGIES][MAX_INSTRUMENTS];
    uint64_t judged, passed, denied; /* as it was */
    uint64_t would_deny, would_pass; /* of those that passed, of those that a limit denied */
    uint64_t by_limit[LIMIT_COUNT];  /* would_deny, by the first limit that stops it */
    int64_t used_e8[LIMIT_COUNT];    /* highest measured / limit; -1: nothing to compare */
    struct what_if_sample {
        uint64_t order_id;
        struct check check;
        enum limit_id limit;
    } sample[WHAT_IF_SAMPLES]; /* the first of would_deny */
    uint32_t samples;
};

void what_if_init(struct what_if *what_if, const struct input_names *names, int64_t since_ns);
/* A value that the proposal names; LIMIT_DENY is null. */
void what_if_propose(struct what_if *what_if, uint16_t scope, enum limit_id id, int64_t value);
/* The limits that were in force before the first record, when that is not the start of a run. */
void what_if_in_force(struct what_if *what_if, uint16_t scope, const struct limits *limits);
/* A record of the engine's lane; others pass by. */
void what_if_take(struct what_if *what_if, const struct lane_record *record, const void *payload);
/* {"judged","passed","denied","would_deny","would_pass","by_limit","used_ratio","examples"}. */
json_t *what_if_json(const struct what_if *what_if);

#endif
