/* Alerts: what pages people, found out inside the process.
 *
 * One thread, `alerts`, looks twice a second (collect.h), judges (conditions.h) and moves the
 * instances on (instances.h); it never waits for a disk and knows no SQLite. What fires or is
 * resolved is a fact for the audit (kind `alert`, at most about one a second, the rest counted), a
 * line in the log, and a change of the stream's topic. A look that does not come shows:
 * alerts_age_ns is in /health, the time of the newest look in /metrics.
 *
 * Acknowledging is a person's: it says who has it, resolves nothing, and is kept in control.db
 * (keep.h, kind "alert", key the alert's id: {"what":"acknowledged","id","alert","labels","by",
 * "person","at_ns","note","resolved_ns"}; and "note-<ns>": {"what":"note","by","person","at_ns",
 * "note"}), the newest 500. What was acknowledged and not resolved when the program ended stays
 * acknowledged when it fires again within five minutes of the start. How runs ended is kept as kind
 * "start", key the epoch: {"at_ns","ended"}.
 *
 * Alert: {"id","alert","severity","state","labels":{},"value","threshold","says","runbook",
 * "since_ns","resolved_ns","acknowledged":null|{"id","by","person","at_ns","note"}}. */
#ifndef PITWALL_ALERTS_ALERTS_H
#define PITWALL_ALERTS_ALERTS_H

#include "alerts/conditions.h"
#include "control/control.h"

struct alerts;

struct alerts_sources {
    const struct view_sources *view_sources; /* outlive the alerts */
    struct view *view;
    struct control *control;
    struct keep *keep;
    uint64_t epoch;
};

/* Main thread. Reads and writes control.db. */
enum status alerts_open(struct alerts **alerts, const struct alerts_sources *sources,
                        struct err *err);
enum status alerts_start(struct alerts *alerts, struct err *err);
/* Main thread, when nobody else uses it any more; before control_close(). NULL: nothing happens. */
void alerts_close(struct alerts *alerts);

/* --- any thread; short locks, no disk --- */

struct alerts_filter {
    int32_t state;   /* 1: firing, 2: resolved; 0: any */
    uint64_t cursor; /* 0: from the newest */
    uint32_t limit;
};
/* {"items","next","evaluated_ns"}; new reference, NULL: out of memory. */
json_t *alerts_list(struct alerts *alerts, const struct alerts_filter *filter);
json_t *alerts_one(struct alerts *alerts, const char *id); /* NULL: there is none */
/* What the stream shows: all that fire and the newest that are resolved, {"items"}. */
json_t *alerts_topic(struct alerts *alerts);
uint64_t alerts_version(const struct alerts *alerts); /* rises whenever an alert changed */
/* Acknowledgements and notes, newest first: {"items","next"}; `cursor` 0: from the newest. */
json_t *alerts_hand_over(struct alerts *alerts, uint64_t cursor, uint32_t limit);

/* Since the newest look, or since the opening; so long without one: nobody looks any more. */
#define ALERTS_SILENT_NS 10000000000LL
int64_t alerts_age_ns(const struct alerts *alerts);
int64_t alerts_evaluated_ns(const struct alerts *alerts); /* real clock; 0: not yet */
/* Until when the certificate that is served is good; 0: none is. */
void alerts_note_certificate(struct alerts *alerts, int64_t ends_ns);

struct alerts_counts {
    uint32_t firing[ALERT_COUNT];
    uint64_t fired[ALERT_COUNT];
    uint32_t pages, notifies;   /* firing, by severity, the watchdog left out */
    uint64_t not_audited, lost; /* facts over the bound; alerts that found no place */
    uint32_t unclean_starts;    /* runs within the last hour that did not end in order */
    int64_t latency_ns_max;     /* the longest that a look took */
};
void alerts_counts(struct alerts *alerts, struct alerts_counts *counts);

/* --- worker threads: they wait for the disk --- */

/* ERR_NEEDS_PERSON, ERR_NOT_FOUND, ERR_CONFLICT (somebody has it), ERR_MALFORMED (no note, or one
 * over 511 bytes), ERR_STORAGE. *reply is the alert. */
enum status alerts_acknowledge(struct alerts *alerts, const struct actor *actor, const char *id,
                               const char *note, const char *request_id, json_t **reply,
                               struct err *err);
/* A note for whoever comes next. *reply is the entry of the hand-over. */
enum status alerts_note(struct alerts *alerts, const struct actor *actor, const char *note,
                        const char *request_id, json_t **reply, struct err *err);

#endif
