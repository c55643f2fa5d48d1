/* The conditions of the alerts: pure functions from what was seen to what holds.
 *
 * A look is a list of samples, one for each place where a condition was judged. A place that is not
 * in the list does not apply (a simulated venue has no clock of its own); one that cannot be judged
 * is ALERT_UNKNOWN, which neither fires nor resolves, and is itself counted by input_unknown.
 * ALERT_NEAR is between firing and well: hysteresis. Any thread; no allocation, no clock. */
#ifndef PITWALL_ALERTS_CONDITIONS_H
#define PITWALL_ALERTS_CONDITIONS_H

#include "config/config.h"
#include "gateway/gateway.h"

enum alert_id {
#define ALERT(ID, ...) ALERT_##ID,
#include "tables/alerts.def"
#undef ALERT
    ALERT_COUNT
};

enum alert_severity { ALERT_PAGE, ALERT_NOTIFY };
enum alert_labels {
    ALERT_LABELS_NONE,
    ALERT_LABELS_SCOPE,
    ALERT_LABELS_VENUE,
    ALERT_LABELS_INSTRUMENT,
    ALERT_LABELS_GATEWAY,
    ALERT_LABELS_SCOPE_LIMIT,
    ALERT_LABELS_CONDITION
};

struct alert_row {
    const char *code, *rule;
    enum alert_severity severity;
    int64_t for_ns, keep_ns;
    uint32_t decimals;
    enum alert_labels labels;
    const char *setting, *says, *runbook; /* runbook: heading of docs/RUNBOOK.md */
};
const struct alert_row *alert_row(enum alert_id alert);
const char *alert_severity_name(enum alert_severity severity); /* "page" */
const char *alert_labels_text(enum alert_labels labels);       /* "scope limit" */

enum { ALERT_SAMPLES_MAX = 2048 };
#define ALERT_NONE INT64_MIN      /* does not apply, or there is no such figure */
#define ALERT_NOT_KNOWN INT64_MAX /* it should be there, and is not */

/* Everything that is looked at; ALERT_NOT_KNOWN and ALERT_NONE where a figure may be missing. */
struct alert_inputs {
    const struct config *config; /* names, bounds and thresholds */
    uint16_t gateways;
    struct {
        bool is_killed;
        enum trading_state state; /* its own */
        uint64_t incident;
        int64_t used_e8[LIMIT_COUNT];
    } scope[MAX_SCOPES];
    struct {
        int64_t down_ms; /* since it was last well; NONE: not watched */
        const char *state;
        int64_t clock_offset_ms;
        uint32_t unknown;
        int64_t oldest_unknown_ms;
        uint64_t sent_minute, rejected_minute; /* in the last minute */
        int64_t sent_long, filled_long;        /* in alerts.no_fills_s; NONE: not so long here */
    } venue[MAX_VENUES];
    struct {
        int64_t bad_ms; /* since its book was last good; NONE: not watched */
        const char *why;
        int64_t drift_lots, drift_e8; /* drift_e8 NONE: the venue has told no count */
        bool drift_moves;             /* fills are under way: not to be judged now */
    } instrument[MAX_INSTRUMENTS];
    int64_t rate_used_e8[MAX_GATEWAYS]; /* NONE: no bound */
    int64_t engine_silent_ms;
    bool is_journal_suspect, is_storage_low, is_audit_suspect;
    int64_t journal_late_ms, audit_late_ms, anchor_late_ms;
    int64_t disk_free_e8, disk_free_bytes;
    uint64_t taken;       /* taking fills of the last minute, */
    int64_t taken_p99_ms; /* and from sending to them */
    uint64_t tick_orders; /* orders of the last minute that followed market data */
    int64_t tick_p99_ns;
    int64_t certificate_days; /* NONE: there is none */
    uint32_t unclean_starts;  /* within the last hour, the runs before this one */
    uint64_t facts_lost;      /* of the audit, in the last minute */
};

enum alert_verdict { ALERT_CLEAR, ALERT_NEAR, ALERT_BREACH, ALERT_UNKNOWN };
struct alert_sample {
    uint8_t alert, verdict;
    uint16_t place, limit;    /* scope, venue, instrument, gateway or condition; enum limit_id */
    int64_t value, threshold; /* ALERT_NONE: there is none */
};
struct alert_look {
    uint32_t count, lost; /* lost: did not fit, which a full configuration does not reach */
    struct alert_sample sample[ALERT_SAMPLES_MAX];
};

void alert_look(const struct alert_inputs *in, struct alert_look *look);

/* What an alert is judged by, in units of 10^-decimals of its row; 0: it is switched off, as
 * tick_to_order is for an engine that parks, whatever the configuration says: what would be
 * measured is its sleep. ALERT_NONE: it has no threshold. Any thread. */
int64_t alert_threshold(const struct config *config, enum alert_id alert);

/* The labels as text: {name, value} pairs, at most two; returns how many. */
struct alert_label {
    const char *name;
    char value[SCOPE_TEXT_MAX];
};
enum { ALERT_LABELS_MAX = 2 };
uint32_t alert_labels_of(const struct config *config, const struct alert_sample *sample,
                         struct alert_label labels[ALERT_LABELS_MAX]);
/* What an instance says, its figures filled in. */
enum { ALERT_SAYS_MAX = 224 };
void alert_says(const struct alert_inputs *in, const struct alert_sample *sample,
                char out[ALERT_SAYS_MAX]);
/* A value or threshold as decimal text; "" for ALERT_NONE and ALERT_NOT_KNOWN. */
void alert_value_text(enum alert_id alert, int64_t value, char out[DECIMAL_TEXT_MAX]);

#endif
