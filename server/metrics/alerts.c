/* The series of the alerts: how many fire, how many have, and whether anybody looks. */
#include "metrics/alerts.h"

#include "metrics/exposition.h"

static void render_by_alert(FILE *out, const struct alerts_counts *counts)
{
    family(out, "pitwall_alert_firing", "gauge", "Places in which an alert fires.");
    for (int at = 0; at < ALERT_COUNT; at++) {
        const struct alert_row *row = alert_row((enum alert_id)at);
        const struct label labels[] = {
            {"alert", row->code}, {"severity", alert_severity_name(row->severity)}, {NULL, NULL}};

        sample_count(out, "pitwall_alert_firing", labels, counts->firing[at]);
    }
    family(out, "pitwall_alerts_fired_total", "counter", "Times that an alert has fired.");
    for (int at = 0; at < ALERT_COUNT; at++) {
        const struct label labels[] = {{"alert", alert_row((enum alert_id)at)->code}, {NULL, NULL}};

        sample_count(out, "pitwall_alerts_fired_total", labels, counts->fired[at]);
    }
}

static void render_one(FILE *out, const char *name, const char *type, const char *help,
                       int64_t units, uint32_t scale)
{
    family(out, name, type, help);
    sample_decimal(out, name, NULL, units, scale);
}

void metrics_alerts(struct alerts *alerts, FILE *out)
{
    struct alerts_counts counts;

    alerts_counts(alerts, &counts);
    render_by_alert(out, &counts);
    render_one(out, "pitwall_alerts_last_evaluation_timestamp_seconds", "gauge",
               "When alerts were last looked at; 0: not yet.", alerts_evaluated_ns(alerts), 9);
    render_one(out, "pitwall_alerts_evaluation_max_seconds", "gauge",
               "The longest that a look has taken.", counts.latency_ns_max, 9);
    render_one(out, "pitwall_alerts_not_audited_total", "counter",
               "Facts about alerts that were over the bound of the audit.",
               (int64_t)counts.not_audited, 0);
    render_one(out, "pitwall_alerts_lost_total", "counter",
               "Alerts that found no place: too many at once.", (int64_t)counts.lost, 0);
}
