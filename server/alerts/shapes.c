/* The JSON of alerts. */
#include "alerts/inside.h"

#include "view/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "AL<epoch>-<n>". */
void alert_id_print(char out[ALERT_ID_MAX], uint64_t number)
{
    (void)snprintf(out, ALERT_ID_MAX, "AL%" PRIu32 "-%" PRIu32, (uint32_t)(number >> 32),
                   (uint32_t)number);
}

bool alert_id_parse(const char *text, uint64_t *number)
{
    char again[ALERT_ID_MAX];
    char *end;
    unsigned long epoch, n;

    if (strncmp(text, "AL", 2) != 0)
        return false;
    epoch = strtoul(text + 2, &end, 10);
    if (*end != '-' || epoch > UINT32_MAX)
        return false;
    n = strtoul(end + 1, &end, 10);
    if (*end != '\0' || n == 0 || n > UINT32_MAX)
        return false;
    *number = (uint64_t)epoch << 32 | n;
    alert_id_print(again, *number); /* "AL01-+2" is none */
    return strcmp(again, text) == 0;
}

static json_t *value_json(const struct alert_instance *one, int64_t value)
{
    char text[DECIMAL_TEXT_MAX];

    alert_value_text((enum alert_id)one->sample.alert, value, text);
    return text[0] != '\0' ? json_string(text) : json_null();
}

json_t *alert_labels_json(const struct alerts *alerts, const struct alert_sample *sample)
{
    struct alert_label labels[ALERT_LABELS_MAX];
    uint32_t count = alert_labels_of(alerts->from.view_sources->config, sample, labels);
    json_t *json = json_object();

    for (uint32_t at = 0; at < count; at++)
        json_object_set_new(json, labels[at].name, json_string(labels[at].value));
    return json;
}

json_t *acknowledgement_json(const struct alert_acknowledgement *acknowledgement)
{
    if (acknowledgement->at_ns == 0)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:o, s:s}", "id", acknowledgement->id, "by",
                     acknowledgement->by, "person", acknowledgement->person, "at_ns",
                     json_ns_or_null(acknowledgement->at_ns), "note", acknowledgement->note);
}

json_t *alert_json(const struct alerts *alerts, const struct alert_instance *one)
{
    const struct alert_row *row = alert_row((enum alert_id)one->sample.alert);
    char id[ALERT_ID_MAX], runbook[64];

    alert_id_print(id, one->number);
    (void)snprintf(runbook, sizeof runbook, "docs/RUNBOOK.md#%s", row->runbook);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "id", id,
                     "alert", row->code, "severity", alert_severity_name(row->severity), "state",
                     one->state == ALERT_FIRING ? "firing" : "resolved", "labels",
                     alert_labels_json(alerts, &one->sample), "value",
                     value_json(one, one->sample.value), "threshold",
                     value_json(one, one->sample.threshold), "says", one->says, "runbook", runbook,
                     "since_ns", json_ns_or_null(one->since_ns), "resolved_ns",
                     json_ns_or_null(one->resolved_ns), "acknowledged",
                     acknowledgement_json(&one->acknowledgement));
}

/* --- lists --- */

static bool is_wanted(const struct alert_instance *one, const struct alerts_filter *filter)
{
    if (one->state != ALERT_FIRING && one->state != ALERT_RESOLVED)
        return false;
    if (filter->cursor != 0 && one->number >= filter->cursor)
        return false;
    return filter->state == 0 || (filter->state == 1) == (one->state == ALERT_FIRING);
}

static int newer_first(const void *one, const void *other)
{
    const struct alert_instance *const *a = one, *const *b = other;

    return ((*a)->number < (*b)->number) - ((*a)->number > (*b)->number);
}

/* Those that are wanted, newest first; returns how many. */
static uint32_t choose(const struct alerts *alerts, const struct alerts_filter *filter,
                       const struct alert_instance *chosen[ALERT_INSTANCES])
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < ALERT_INSTANCES; at++)
        if (is_wanted(&alerts->instances.instance[at], filter))
            chosen[count++] = &alerts->instances.instance[at];
    qsort(chosen, count, sizeof *chosen, newer_first);
    return count;
}

static json_t *cursor_json(uint64_t cursor)
{
    char text[24];

    if (cursor == 0)
        return json_null();
    (void)snprintf(text, sizeof text, "%" PRIu64, cursor);
    return json_string(text);
}

json_t *alerts_list(struct alerts *alerts, const struct alerts_filter *filter)
{
    const struct alert_instance *chosen[ALERT_INSTANCES];
    json_t *items = json_array();
    uint64_t last = 0;
    uint32_t count;

    pthread_mutex_lock(&alerts->lock);
    count = choose(alerts, filter, chosen);
    for (uint32_t at = 0; at < count && at < filter->limit; at++) {
        json_array_append_new(items, alert_json(alerts, chosen[at]));
        last = chosen[at]->number;
    }
    pthread_mutex_unlock(&alerts->lock);
    return json_pack("{s:o, s:o, s:o}", "items", items, "next",
                     cursor_json(count > filter->limit ? last : 0), "evaluated_ns",
                     json_ns_or_null(alerts_evaluated_ns(alerts)));
}

json_t *alerts_topic(struct alerts *alerts)
{
    const struct alerts_filter all = {.limit = ALERT_INSTANCES};
    json_t *list = alerts_list(alerts, &all);

    json_object_del(list, "evaluated_ns");
    json_object_del(list, "next");
    return list;
}

json_t *alerts_one(struct alerts *alerts, const char *id)
{
    const struct alert_instance *one;
    json_t *json = NULL;
    uint64_t number;

    if (!alert_id_parse(id, &number))
        return NULL;
    pthread_mutex_lock(&alerts->lock);
    one = alert_instances_find(&alerts->instances, number);
    if (one)
        json = alert_json(alerts, one);
    pthread_mutex_unlock(&alerts->lock);
    return json;
}

json_t *alerts_hand_over(struct alerts *alerts, uint64_t cursor, uint32_t limit)
{
    json_t *items = json_array();
    uint64_t number, next = 0;

    pthread_mutex_lock(&alerts->lock);
    number = alerts->hand_over_first + json_array_size(alerts->hand_over);
    if (cursor != 0 && cursor < number)
        number = cursor;
    while (number > alerts->hand_over_first && json_array_size(items) < limit) {
        const json_t *entry =
            json_array_get(alerts->hand_over, (size_t)(--number - alerts->hand_over_first));

        json_array_append_new(items, json_deep_copy(entry)); /* answered outside the lock */
    }
    if (number > alerts->hand_over_first)
        next = number;
    pthread_mutex_unlock(&alerts->lock);
    return json_pack("{s:o, s:o}", "items", items, "next", cursor_json(next));
}
