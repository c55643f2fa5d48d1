/* What the files of alerts/ share. */
#ifndef PITWALL_ALERTS_INSIDE_H
#define PITWALL_ALERTS_INSIDE_H

#include "alerts/alerts.h"
#include "alerts/collect.h"
#include "alerts/instances.h"

#include <pthread.h>
#include <stdatomic.h>

enum { HAND_OVER_MAX = 500, CARRIED_MAX = 64, LABELS_TEXT_MAX = 192 };

/* Acknowledged in an earlier run, and not resolved when that ended. */
struct carried {
    char alert[32], labels[LABELS_TEXT_MAX];
    struct alert_acknowledgement acknowledgement;
};

struct alerts {
    struct alerts_sources from;
    pthread_t thread;
    bool started;
    _Atomic bool stop;
    _Atomic int64_t evaluated_ns, evaluated_mono_ns, certificate_ns;
    _Atomic uint64_t version;
    int64_t began_mono_ns;

    /* The alerts thread's alone. */
    struct collector collector;
    struct alert_inputs inputs;
    struct alert_look look;
    struct alert_change changes[ALERT_CHANGES_MAX];
    int64_t allowed_mono_ns; /* audit: facts are allowed from here on, one a second */
    uint64_t looks_lost;

    pthread_mutex_t one_writer; /* of acknowledgements and notes; held over a write to the disk */
    pthread_mutex_t lock;       /* all below; held for no longer than it takes to make a list */
    struct alert_instances instances;
    struct carried carried[CARRIED_MAX];
    uint32_t carried_count;
    json_t *hand_over;        /* array, oldest first */
    uint64_t hand_over_first; /* number of its first */
    uint64_t not_audited;
    uint32_t unclean_starts; /* by the newest look */
    int64_t latency_ns_max;
};

/* shapes.c; under the lock; new references. */
json_t *alert_json(const struct alerts *alerts, const struct alert_instance *one);
json_t *alert_labels_json(const struct alerts *alerts, const struct alert_sample *sample);
json_t *acknowledgement_json(const struct alert_acknowledgement *acknowledgement);
void alert_id_print(char out[ALERT_ID_MAX], uint64_t number);
bool alert_id_parse(const char *text, uint64_t *number);

/* keeping.c */
enum status keeping_open(struct alerts *alerts, struct err *err); /* main thread */
void keeping_close(struct alerts *alerts);                        /* main thread */
/* Under the lock: an alert that fires soon after the start takes over who had it. */
void keeping_carry(struct alerts *alerts, struct alert_instance *one, int64_t mono_ns);
/* Not under the lock: what was acknowledged is resolved; the control thread keeps that. */
void keeping_resolved(struct alerts *alerts, const struct alert_instance *one);

#endif
