/* The series of the alerts: how many fire, how many have, and whether anybody looks. */
#include "metrics/alerts.h"

static void render_by_alert(struct exposition *page, const struct alerts_counts *counts)
{
    family(page, METRIC_ALERT_FIRING);
    for (int at = 0; at < ALERT_COUNT; at++) {
        const struct alert_row *row = alert_row((enum alert_id)at);
        const struct label labels[] = {
            {"alert", row->code}, {"severity", alert_severity_name(row->severity)}, {NULL, NULL}};

        sample_count(page, METRIC_ALERT_FIRING, labels, counts->firing[at]);
    }
    family(page, METRIC_ALERTS_FIRED);
    for (int at = 0; at < ALERT_COUNT; at++) {
        const struct label labels[] = {{"alert", alert_row((enum alert_id)at)->code}, {NULL, NULL}};

        sample_count(page, METRIC_ALERTS_FIRED, labels, counts->fired[at]);
    }
}

/* So that what judges from outside holds the same number, and none where an alert is off. */
static void render_thresholds(struct exposition *page, const struct config *config)
{
    family(page, METRIC_ALERT_THRESHOLD);
    for (int at = 0; at < ALERT_COUNT; at++) {
        const struct alert_row *row = alert_row((enum alert_id)at);
        const struct label labels[] = {{"alert", row->code}, {NULL, NULL}};
        int64_t threshold = alert_threshold(config, (enum alert_id)at);

        if (threshold != ALERT_NONE)
            sample_decimal(page, METRIC_ALERT_THRESHOLD, labels, threshold, row->decimals);
    }
}

static void render_one(struct exposition *page, enum metric_id id, int64_t units, uint32_t scale)
{
    family(page, id);
    sample_decimal(page, id, NULL, units, scale);
}

void metrics_alerts(struct alerts *alerts, const struct config *config, struct exposition *page)
{
    struct alerts_counts counts;

    alerts_counts(alerts, &counts);
    render_by_alert(page, &counts);
    render_thresholds(page, config);
    render_one(page, METRIC_UNCLEAN_STARTS, counts.unclean_starts, 0);
    render_one(page, METRIC_ALERTS_EVALUATION, alerts_evaluated_ns(alerts), 9);
    render_one(page, METRIC_ALERTS_LONGEST, counts.latency_ns_max, 9);
    render_one(page, METRIC_ALERTS_NOT_AUDITED, (int64_t)counts.not_audited, 0);
    render_one(page, METRIC_ALERTS_LOST, (int64_t)counts.lost, 0);
}
