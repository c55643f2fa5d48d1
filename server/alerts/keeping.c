/* What of the alerts outlives a restart: who had which, what was handed over, how runs ended. */
#include "alerts/inside.h"

#include "control/members.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "view/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What fires so soon after the start goes on from the run before. */
static const int64_t carry_ns = 300 * 1000000000LL;

static const char *text_of(const json_t *value, const char *name)
{
    const char *text = json_string_value(json_object_get(value, name));

    return text ? text : "";
}

static int64_t ns_of(const json_t *value, const char *name)
{
    return strtoll(text_of(value, name), NULL, 10);
}

/* --- starts --- */

static void take_start(void *ctx, const char *key, const json_t *value)
{
    struct collector *collector = ctx;

    (void)key;
    if (!json_is_true(json_object_get(value, "ended")) && collector->unclean_starts < STARTS_KEPT)
        collector->unclean_ns[collector->unclean_starts++] = ns_of(value, "at_ns");
}

static enum status put_start(struct alerts *alerts, bool ended, struct err *err)
{
    char key[24];
    json_t *value = json_pack("{s:o, s:b}", "at_ns", json_ns(clock_real_ns()), "ended", (int)ended);
    enum status status;

    (void)snprintf(key, sizeof key, "%" PRIu64, alerts->from.epoch);
    status = keep_put(alerts->from.keep, "start", key, value, err);
    json_decref(value);
    return status;
}

static enum status open_starts(struct alerts *alerts, struct err *err)
{
    enum status status = keep_each(alerts->from.keep, "start", take_start, &alerts->collector, err);

    if (status == OK)
        status = put_start(alerts, false, err);
    return status == OK ? keep_trim(alerts->from.keep, "start", STARTS_KEPT, err) : status;
}

void keeping_close(struct alerts *alerts)
{
    struct err err;

    if (put_start(alerts, true, &err) != OK)
        log_line(LOG_WARN, "alerts", "this run will look as if it had not ended in order", NULL);
}

/* --- acknowledgements --- */

/* An entry of the hand-over, as people are shown it. */
static json_t *entry_of(const json_t *value)
{
    json_t *entry = json_copy((json_t *)value);

    json_object_del(entry, "resolved_ns");
    return entry;
}

static void read_carried(struct alerts *alerts, const json_t *value)
{
    struct carried *carried;
    char *labels;

    if (json_object_get(value, "resolved_ns") || alerts->carried_count == CARRIED_MAX)
        return;
    labels = json_dumps(json_object_get(value, "labels"), JSON_COMPACT | JSON_SORT_KEYS);
    carried = &alerts->carried[alerts->carried_count++];
    (void)snprintf(carried->alert, sizeof carried->alert, "%s", text_of(value, "alert"));
    (void)snprintf(carried->labels, sizeof carried->labels, "%s", labels ? labels : "");
    free(labels);
    carried->acknowledgement.at_ns = ns_of(value, "at_ns");
    (void)snprintf(carried->acknowledgement.id, ALERT_ID_MAX, "%s", text_of(value, "id"));
    (void)snprintf(carried->acknowledgement.by, MAX_NAME, "%s", text_of(value, "by"));
    (void)snprintf(carried->acknowledgement.person, MAX_NAME, "%s", text_of(value, "person"));
    (void)snprintf(carried->acknowledgement.note, ALERT_NOTE_MAX, "%s", text_of(value, "note"));
}

static void read_kept(void *ctx, const char *key, const json_t *value)
{
    struct alerts *alerts = ctx;

    (void)key;
    json_array_append_new(alerts->hand_over, entry_of(value));
    if (strcmp(text_of(value, "what"), "acknowledged") == 0)
        read_carried(alerts, value);
}

enum status keeping_open(struct alerts *alerts, struct err *err)
{
    enum status status = open_starts(alerts, err);

    alerts->hand_over_first = 1;
    if (status == OK)
        status = keep_trim(alerts->from.keep, "alert", HAND_OVER_MAX, err);
    return status == OK ? keep_each(alerts->from.keep, "alert", read_kept, alerts, err) : status;
}

void keeping_carry(struct alerts *alerts, struct alert_instance *one, int64_t mono_ns)
{
    json_t *json = alert_labels_json(alerts, &one->sample);
    char *labels = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    const char *code = alert_row((enum alert_id)one->sample.alert)->code;

    for (uint32_t at = 0; labels && at < alerts->carried_count; at++) {
        const struct carried *carried = &alerts->carried[at];

        if (mono_ns - alerts->began_mono_ns < carry_ns && strcmp(carried->alert, code) == 0 &&
            strcmp(carried->labels, labels) == 0)
            one->acknowledgement = carried->acknowledgement; /* the newest comes last */
    }
    free(labels);
    json_decref(json);
}

/* Kinds of entries: see alerts.h. */
static json_t *kept_json(const struct alert_acknowledgement *acknowledgement, const char *alert,
                         json_t *labels)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:s}", "what", "acknowledged", "id",
                     acknowledgement->id, "alert", alert, "labels", labels, "by",
                     acknowledgement->by, "person", acknowledgement->person, "at_ns",
                     json_ns(acknowledgement->at_ns), "note", acknowledgement->note);
}

/* --- resolved: the control thread keeps it, so that the alerts thread waits for no disk --- */

struct resolved {
    struct keep *keep;
    json_t *value;
    char key[ALERT_ID_MAX];
};

static void keep_resolved(void *job)
{
    struct resolved *resolved = job;
    struct err err;

    if (keep_put(resolved->keep, "alert", resolved->key, resolved->value, &err) != OK)
        log_line(LOG_WARN, "alerts", "it is not kept that an acknowledged alert is over", NULL);
    json_decref(resolved->value);
    free(resolved);
}

void keeping_resolved(struct alerts *alerts, const struct alert_instance *one)
{
    struct resolved *resolved = malloc(sizeof *resolved);

    if (!resolved)
        return;
    resolved->keep = alerts->from.keep;
    resolved->value =
        kept_json(&one->acknowledgement, alert_row((enum alert_id)one->sample.alert)->code,
                  alert_labels_json(alerts, &one->sample));
    json_object_set_new(resolved->value, "resolved_ns", json_ns(one->resolved_ns));
    memcpy(resolved->key, one->acknowledgement.id, sizeof resolved->key);
    if (control_submit(alerts->from.control, keep_resolved, resolved))
        return;
    log_line(LOG_WARN, "alerts", "it is not kept that an acknowledged alert is over", NULL);
    json_decref(resolved->value);
    free(resolved);
}

/* --- by people; worker threads --- */

static enum status check_person(const struct actor *actor, struct err *err)
{
    if (actor->is_session)
        return OK;
    return err_set(err, ERR_NEEDS_PERSON, "a named person must say it: log in");
}

static enum status check_note(const char *note, struct err *err)
{
    if (!note || note[strspn(note, " \t\r\n")] == '\0')
        return err_set(err, ERR_MALFORMED, "\"note\" must say something");
    if (strlen(note) >= ALERT_NOTE_MAX)
        return err_format(err, ERR_MALFORMED, "\"note\" is longer than %d bytes",
                          ALERT_NOTE_MAX - 1);
    if (!text_is_plain(note))
        return err_set(err, ERR_MALFORMED,
                       "\"note\" holds a line break, another control character or a mark that "
                       "turns the direction of text: whoever comes next must read what you wrote");
    return OK;
}

/* Steals the entry. */
static void hand_over(struct alerts *alerts, json_t *entry)
{
    pthread_mutex_lock(&alerts->lock);
    json_array_append_new(alerts->hand_over, entry);
    if (json_array_size(alerts->hand_over) > HAND_OVER_MAX) {
        json_array_remove(alerts->hand_over, 0);
        alerts->hand_over_first++;
    }
    pthread_mutex_unlock(&alerts->lock);
}

/* Of which alert, and whether it is free. */
static enum status look_up(struct alerts *alerts, uint64_t number, json_t **labels,
                           const char **code, struct err *err)
{
    const struct alert_instance *one;
    enum status status = OK;

    pthread_mutex_lock(&alerts->lock);
    one = alert_instances_find(&alerts->instances, number);
    if (!one) {
        status = err_set(err, ERR_NOT_FOUND, "no such alert, or it is forgotten");
    } else if (one->acknowledgement.at_ns != 0) {
        status = err_format(err, ERR_CONFLICT, "%s has acknowledged it already",
                            one->acknowledgement.by);
    } else {
        *labels = alert_labels_json(alerts, &one->sample);
        *code = alert_row((enum alert_id)one->sample.alert)->code;
    }
    pthread_mutex_unlock(&alerts->lock);
    return status;
}

/* The alert may have been forgotten while the disk was written: then only the hand-over has it. */
static json_t *mark(struct alerts *alerts, uint64_t number,
                    const struct alert_acknowledgement *acknowledgement)
{
    struct alert_instance *one;
    bool is_over = false;
    json_t *json = NULL;
    struct alert_instance copy;

    pthread_mutex_lock(&alerts->lock);
    one = alert_instances_find(&alerts->instances, number);
    if (one) {
        one->acknowledgement = *acknowledgement;
        json = alert_json(alerts, one);
        is_over = one->state == ALERT_RESOLVED;
        copy = *one;
    }
    pthread_mutex_unlock(&alerts->lock);
    if (is_over)
        keeping_resolved(alerts, &copy);
    atomic_fetch_add(&alerts->version, 1);
    return json ? json
                : json_pack("{s:s, s:o}", "id", acknowledgement->id, "acknowledged",
                            acknowledgement_json(acknowledgement));
}

static void tell(struct alerts *alerts, const struct actor *actor, const char *request_id,
                 const json_t *entry)
{
    char by[64], note[ALERT_NOTE_MAX];

    log_line(LOG_INFO, "alerts", text_of(entry, "what"), "by=%s id=%s note=%s",
             log_escape(by, sizeof by, actor->name), text_of(entry, "id"),
             log_escape(note, sizeof note, text_of(entry, "note")));
    control_note(alerts->from.control, actor,
                 &(struct control_fact){.kind = "alert",
                                        .reason = text_of(entry, "note"),
                                        .request_id = request_id,
                                        .new_value = entry_of(entry)});
}

/* Holding one_writer. */
static enum status keep_entry(struct alerts *alerts, const char *key, json_t *entry,
                              struct err *err)
{
    enum status status = keep_put(alerts->from.keep, "alert", key, entry, err);

    if (status == OK)
        status = keep_trim(alerts->from.keep, "alert", HAND_OVER_MAX, err);
    return status;
}

static void fill_in(struct alert_acknowledgement *acknowledgement, const struct actor *actor,
                    uint64_t number, const char *note)
{
    *acknowledgement = (struct alert_acknowledgement){.at_ns = clock_real_ns()};
    alert_id_print(acknowledgement->id, number);
    (void)snprintf(acknowledgement->by, MAX_NAME, "%s", actor->name);
    (void)snprintf(acknowledgement->person, MAX_NAME, "%s", actor->person);
    (void)snprintf(acknowledgement->note, ALERT_NOTE_MAX, "%s", note);
}

static enum status acknowledge(struct alerts *alerts, const struct actor *actor, uint64_t number,
                               const char *note, const char *request_id, json_t **reply,
                               struct err *err)
{
    struct alert_acknowledgement acknowledgement;
    json_t *labels = NULL, *entry;
    const char *code = NULL;
    enum status status = look_up(alerts, number, &labels, &code, err);

    if (status != OK)
        return status;
    fill_in(&acknowledgement, actor, number, note);
    entry = kept_json(&acknowledgement, code, labels);
    if (!entry)
        return err_set(err, ERR_MALFORMED, "\"note\" is no text that can be kept");
    status = keep_entry(alerts, acknowledgement.id, entry, err);
    if (status != OK) {
        json_decref(entry);
        return status;
    }
    *reply = mark(alerts, number, &acknowledgement);
    tell(alerts, actor, request_id, entry);
    hand_over(alerts, entry);
    return OK;
}

enum status alerts_acknowledge(struct alerts *alerts, const struct actor *actor, const char *id,
                               const char *note, const char *request_id, json_t **reply,
                               struct err *err)
{
    uint64_t number = 0;
    enum status status = check_person(actor, err);

    if (status == OK)
        status = check_note(note, err);
    if (status == OK && !alert_id_parse(id, &number))
        status = err_set(err, ERR_NOT_FOUND, "no such alert");
    if (status != OK)
        return status;
    pthread_mutex_lock(&alerts->one_writer);
    status = acknowledge(alerts, actor, number, note, request_id, reply, err);
    pthread_mutex_unlock(&alerts->one_writer);
    return status;
}

enum status alerts_note(struct alerts *alerts, const struct actor *actor, const char *note,
                        const char *request_id, json_t **reply, struct err *err)
{
    int64_t now_ns = clock_real_ns();
    char key[32];
    json_t *entry = NULL;
    enum status status = check_person(actor, err);

    if (status == OK)
        status = check_note(note, err);
    if (status == OK)
        entry = json_pack("{s:s, s:s, s:s, s:o, s:s}", "what", "note", "by", actor->name, "person",
                          actor->person, "at_ns", json_ns(now_ns), "note", note);
    if (status == OK && !entry)
        status = err_set(err, ERR_MALFORMED, "\"note\" is no text that can be kept");
    if (status != OK)
        return status;
    (void)snprintf(key, sizeof key, "note-%" PRId64, now_ns);
    pthread_mutex_lock(&alerts->one_writer);
    status = keep_entry(alerts, key, entry, err);
    pthread_mutex_unlock(&alerts->one_writer);
    if (status != OK) {
        json_decref(entry);
        return status;
    }
    *reply = json_deep_copy(entry); /* counts of references are one thread's */
    tell(alerts, actor, request_id, entry);
    hand_over(alerts, entry);
    return OK;
}
