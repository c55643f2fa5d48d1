#include "alerts/inside.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY_MS = 500, FACTS_AT_ONCE = 60 };
static const int64_t fact_every_ns = 1000000000LL;

/* ------------------------------------------------------------------------- what is told */

/* One a second on the average, sixty at once: an hour of flapping cannot flood the trail. */
static bool may_audit(struct alerts *alerts, int64_t mono_ns)
{
    int64_t earliest_ns = mono_ns - FACTS_AT_ONCE * fact_every_ns;

    if (alerts->allowed_mono_ns < earliest_ns)
        alerts->allowed_mono_ns = earliest_ns;
    if (alerts->allowed_mono_ns > mono_ns)
        return false;
    alerts->allowed_mono_ns += fact_every_ns;
    return true;
}

static void scope_text(const struct alerts *alerts, const struct alert_sample *sample,
                       char out[SCOPE_TEXT_MAX])
{
    struct alert_label labels[ALERT_LABELS_MAX];

    if (alert_labels_of(alerts->from.view_sources->config, sample, labels) == 0)
        (void)snprintf(out, SCOPE_TEXT_MAX, "firm");
    else if (strcmp(labels[0].name, "scope") == 0)
        (void)snprintf(out, SCOPE_TEXT_MAX, "%s", labels[0].value);
    else
        (void)snprintf(out, SCOPE_TEXT_MAX, "%s/%.47s", labels[0].name, labels[0].value);
}

static void tell_audit(struct alerts *alerts, const struct alert_instance *one, json_t *json)
{
    struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    char scope[SCOPE_TEXT_MAX];

    scope_text(alerts, &one->sample, scope);
    control_note(alerts->from.control, &actor,
                 &(struct control_fact){
                     .kind = "alert", .scope = scope, .reason = one->says, .new_value = json});
}

static void tell_log(const struct alert_instance *one)
{
    const struct alert_row *row = alert_row((enum alert_id)one->sample.alert);
    char text[2 * ALERT_SAYS_MAX];

    log_line(one->state == ALERT_FIRING && row->severity == ALERT_PAGE ? LOG_WARN : LOG_INFO,
             "alerts", one->state == ALERT_FIRING ? "firing" : "resolved",
             "alert=%s severity=%s text=%s", row->code, alert_severity_name(row->severity),
             log_escape(text, sizeof text, one->says));
}

/* The alerts thread is the only one that writes instances, but for the acknowledgement. */
static void tell(struct alerts *alerts, const struct alert_change *change, int64_t mono_ns)
{
    struct alert_instance one;
    json_t *json;

    pthread_mutex_lock(&alerts->lock);
    one = alerts->instances.instance[change->at];
    json = alert_json(alerts, &one);
    pthread_mutex_unlock(&alerts->lock);
    if ((one.state == ALERT_FIRING) != change->fired) {
        json_decref(json); /* its place is another's by now */
        return;
    }
    tell_log(&one);
    if (!change->fired && one.acknowledgement.at_ns != 0)
        keeping_resolved(alerts, &one);
    if (may_audit(alerts, mono_ns)) {
        tell_audit(alerts, &one, json);
        return;
    }
    json_decref(json);
    pthread_mutex_lock(&alerts->lock);
    alerts->not_audited++;
    pthread_mutex_unlock(&alerts->lock);
}

/* ---------------------------------------------------------------------------- one look */

static bool take(struct alerts *alerts, int64_t mono_ns, int64_t real_ns, uint32_t *count)
{
    bool is_seen;

    pthread_mutex_lock(&alerts->lock);
    is_seen = alert_instances_take(&alerts->instances, &alerts->inputs, &alerts->look, mono_ns,
                                   real_ns, alerts->changes, count);
    for (uint32_t at = 0; at < *count; at++)
        if (alerts->changes[at].fired)
            keeping_carry(alerts, &alerts->instances.instance[alerts->changes[at].at], mono_ns);
    alerts->instances.lost += alerts->look.lost;
    alerts->unclean_starts = alerts->inputs.unclean_starts;
    pthread_mutex_unlock(&alerts->lock);
    return is_seen;
}

static void look(struct alerts *alerts)
{
    int64_t mono_ns = clock_mono_ns(), real_ns = clock_real_ns();
    uint32_t count = 0;
    int64_t took_ns;

    alerts->collector.certificate_ns = atomic_load(&alerts->certificate_ns);
    collect(&alerts->collector, mono_ns, real_ns, &alerts->inputs);
    alert_look(&alerts->inputs, &alerts->look);
    if (take(alerts, mono_ns, real_ns, &count))
        atomic_fetch_add(&alerts->version, 1);
    for (uint32_t at = 0; at < count; at++)
        tell(alerts, &alerts->changes[at], mono_ns);
    atomic_store(&alerts->evaluated_ns, real_ns);
    atomic_store(&alerts->evaluated_mono_ns, mono_ns);
    took_ns = clock_mono_ns() - mono_ns;
    pthread_mutex_lock(&alerts->lock);
    if (took_ns > alerts->latency_ns_max)
        alerts->latency_ns_max = took_ns;
    pthread_mutex_unlock(&alerts->lock);
}

static void *run(void *ctx)
{
    struct alerts *alerts = ctx;

    while (!atomic_load(&alerts->stop)) {
        look(alerts);
        thread_sleep_ms(LOOK_EVERY_MS);
    }
    return NULL;
}

/* --------------------------------------------------------------------------- life */

enum status alerts_open(struct alerts **out, const struct alerts_sources *sources, struct err *err)
{
    struct alerts *alerts = calloc(1, sizeof *alerts);

    *out = alerts;
    if (!alerts)
        return err_set(err, ERR_INTERNAL, "no memory for the alerts");
    alerts->from = *sources;
    alerts->began_mono_ns = clock_mono_ns();
    atomic_store(&alerts->evaluated_mono_ns, alerts->began_mono_ns);
    pthread_mutex_init(&alerts->lock, NULL);
    pthread_mutex_init(&alerts->one_writer, NULL);
    alerts->hand_over = json_array();
    collect_init(&alerts->collector, sources->view_sources, sources->view, sources->control);
    alert_instances_init(&alerts->instances, sources->epoch);
    return keeping_open(alerts, err);
}

enum status alerts_start(struct alerts *alerts, struct err *err)
{
    enum status status =
        thread_start(&alerts->thread, "alerts", false, IDLE_PARK, run, alerts, err);

    alerts->started = status == OK;
    return status;
}

void alerts_close(struct alerts *alerts)
{
    if (!alerts)
        return;
    atomic_store(&alerts->stop, true);
    if (alerts->started) {
        pthread_join(alerts->thread, NULL);
        keeping_close(alerts);
    }
    json_decref(alerts->hand_over);
    pthread_mutex_destroy(&alerts->one_writer);
    pthread_mutex_destroy(&alerts->lock);
    free(alerts);
}

/* ------------------------------------------------------------------------- who looks */

uint64_t alerts_version(const struct alerts *alerts)
{
    return atomic_load(&alerts->version);
}

int64_t alerts_age_ns(const struct alerts *alerts)
{
    return clock_mono_ns() - atomic_load(&alerts->evaluated_mono_ns);
}

int64_t alerts_evaluated_ns(const struct alerts *alerts)
{
    return atomic_load(&alerts->evaluated_ns);
}

void alerts_note_certificate(struct alerts *alerts, int64_t ends_ns)
{
    atomic_store(&alerts->certificate_ns, ends_ns);
}

void alerts_counts(struct alerts *alerts, struct alerts_counts *counts)
{
    *counts = (struct alerts_counts){0};
    pthread_mutex_lock(&alerts->lock);
    memcpy(counts->firing, alerts->instances.firing, sizeof counts->firing);
    memcpy(counts->fired, alerts->instances.fired, sizeof counts->fired);
    counts->not_audited = alerts->not_audited;
    counts->unclean_starts = alerts->unclean_starts;
    counts->lost = alerts->instances.lost;
    counts->latency_ns_max = alerts->latency_ns_max;
    pthread_mutex_unlock(&alerts->lock);
    for (int at = 0; at < ALERT_COUNT; at++) {
        if (alert_row((enum alert_id)at)->severity == ALERT_PAGE)
            counts->pages += counts->firing[at];
        else if (at != ALERT_WATCHDOG)
            counts->notifies += counts->firing[at];
    }
}
