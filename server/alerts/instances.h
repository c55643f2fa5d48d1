/* The life of each alert: a condition that holds in one place becomes an instance, fires when it
 * has held for for_s, and is resolved when it has been over for keep_s.
 *
 * One that comes back within ten minutes keeps its place twice as long each time, up to ten
 * minutes: what flaps becomes one alert that stays. A sample that is NEAR or UNKNOWN changes
 * nothing; a place that is no longer looked at counts as over. Fixed table: what fires is never
 * forgotten, the oldest resolved one makes room; when all fire, a new one is counted as lost.
 * No clock, no allocation; the caller has the lock. */
#ifndef PITWALL_ALERTS_INSTANCES_H
#define PITWALL_ALERTS_INSTANCES_H

#include "alerts/conditions.h"

enum { ALERT_INSTANCES = 256, ALERT_ID_MAX = 24, ALERT_NOTE_MAX = 512 };

/* Who has taken it over; `at_ns` 0: nobody. `id` is that of the alert that was acknowledged: of
 * the run before, when it has fired again at once after a restart. */
struct alert_acknowledgement {
    int64_t at_ns;
    char id[ALERT_ID_MAX], by[MAX_NAME], person[MAX_NAME], note[ALERT_NOTE_MAX];
};

enum alert_state { ALERT_FREE, ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };
struct alert_instance {
    enum alert_state state;
    uint64_t number; /* epoch in the upper 32 bits, as that of a kill; 0: has not fired */
    struct alert_sample sample;
    int64_t since_ns, resolved_ns; /* real clock: when it began to hold, and was over */
    int64_t began_mono_ns, clear_mono_ns, told_mono_ns, resolved_mono_ns; /* clear 0: it holds */
    uint32_t returns; /* times that it came back */
    uint64_t look;    /* the newest in which it was seen */
    char says[ALERT_SAYS_MAX];
    struct alert_acknowledgement acknowledgement;
};

struct alert_instances {
    struct alert_instance instance[ALERT_INSTANCES];
    uint32_t live[ALERT_COUNT]; /* pending or firing */
    uint32_t firing[ALERT_COUNT];
    uint64_t fired[ALERT_COUNT];  /* times, since the start */
    uint64_t looks, number, lost; /* number: of the newest */
};

struct alert_change {
    uint16_t at; /* the instance */
    bool fired;  /* else resolved */
};
enum { ALERT_CHANGES_MAX = 2 * ALERT_INSTANCES };

/* `epoch` of this run, which is above those of earlier ones. */
void alert_instances_init(struct alert_instances *all, uint64_t epoch);
/* Takes in a look; gives what changed, and whether anything did that people see. */
bool alert_instances_take(struct alert_instances *all, const struct alert_inputs *in,
                          const struct alert_look *look, int64_t mono_ns, int64_t real_ns,
                          struct alert_change changes[ALERT_CHANGES_MAX], uint32_t *count);
/* NULL: there is none of that number, or no longer. */
struct alert_instance *alert_instances_find(struct alert_instances *all, uint64_t number);

#endif
