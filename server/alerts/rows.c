/* The rows of tables/alerts.def, and what an instance of one says. */
#include "alerts/conditions.h"

#include "store/store.h"
#include "thread/thread.h"

#include <stdio.h>
#include <string.h>

static const struct alert_row rows[ALERT_COUNT] = {
#define ALERT(ID, title, name, level, for_s, keep_s, places, told_by, key, text, heading)          \
    [ALERT_##ID] = {.code = #title,                                                                \
                    .rule = #name,                                                                 \
                    .severity = ALERT_##level,                                                     \
                    .for_ns = (for_s)*1000000000LL,                                                \
                    .keep_ns = (keep_s)*1000000000LL,                                              \
                    .decimals = places,                                                            \
                    .labels = ALERT_LABELS_##told_by,                                              \
                    .setting = key,                                                                \
                    .says = text,                                                                  \
                    .runbook = heading},
#include "tables/alerts.def"
#undef ALERT
};

const struct alert_row *alert_row(enum alert_id alert)
{
    assert(alert < ALERT_COUNT);
    return &rows[alert];
}

int64_t alert_threshold(const struct config *config, enum alert_id alert)
{
    enum { MS_OF_S = 1000, NS_OF_MS = 1000000 };
    const struct alerts_config *of = &config->alerts;

    switch (alert) {
    case ALERT_UNKNOWN_ORDERS:
        return of->unknown_s * MS_OF_S;
    case ALERT_POSITION_DRIFT:
        return of->drift_ratio_e8;
    case ALERT_LIMIT_USE:
        return of->limit_use_ratio_e8;
    case ALERT_STREAM_DOWN:
        return of->stream_down_s * MS_OF_S;
    case ALERT_DATA_STALE:
        return of->data_stale_s * MS_OF_S;
    case ALERT_CLOCK_OFFSET:
        return of->clock_offset_ns / NS_OF_MS;
    case ALERT_ENGINE_SILENT:
        return of->engine_silent_ns / NS_OF_MS;
    case ALERT_JOURNAL_LATE:
        return of->journal_late_ns / NS_OF_MS;
    case ALERT_AUDIT_LATE:
        return of->audit_late_s * MS_OF_S;
    case ALERT_ANCHOR_LATE:
        return of->anchor_late_s * MS_OF_S;
    case ALERT_DISK_LOW:
        return of->disk_free_ratio_e8;
    case ALERT_NO_FILLS:
        return of->no_fills_s;
    case ALERT_FILL_LATENCY:
        return of->fill_latency_ns / NS_OF_MS;
    case ALERT_REJECT_RATIO:
        return of->reject_ratio_e8;
    case ALERT_RATE_BUDGET:
        return of->rate_budget_ratio_e8;
    case ALERT_TICK_TO_ORDER:
        return thread_idle_policy(config->engine.idle) == IDLE_PARK ? 0 : of->tick_to_order_ns;
    case ALERT_CERTIFICATE:
        return of->certificate_days;
    case ALERT_RESTART_LOOP:
        return of->restart_count;
    default:
        return ALERT_NONE;
    }
}

const char *alert_severity_name(enum alert_severity severity)
{
    return severity == ALERT_PAGE ? "page" : "notify";
}

const char *alert_labels_text(enum alert_labels labels)
{
    static const char *const names[] = {"",        "scope",       "venue",    "instrument",
                                        "gateway", "scope limit", "condition"};

    return names[labels];
}

static uint32_t one_label(struct alert_label *label, const char *name, const char *value)
{
    label->name = name;
    (void)snprintf(label->value, sizeof label->value, "%s", value);
    return 1;
}

uint32_t alert_labels_of(const struct config *config, const struct alert_sample *sample,
                         struct alert_label labels[ALERT_LABELS_MAX])
{
    char scope[SCOPE_TEXT_MAX];

    switch (rows[sample->alert].labels) {
    case ALERT_LABELS_NONE:
        return 0;
    case ALERT_LABELS_VENUE:
        return one_label(labels, "venue", config->venue[sample->place]);
    case ALERT_LABELS_INSTRUMENT:
        return one_label(labels, "instrument", config->instrument[sample->place].name);
    case ALERT_LABELS_GATEWAY:
        return one_label(labels, "gateway", config_gateway_name(config, sample->place));
    case ALERT_LABELS_CONDITION:
        return one_label(labels, "condition", rows[sample->place].code);
    case ALERT_LABELS_SCOPE:
    case ALERT_LABELS_SCOPE_LIMIT:
        break;
    }
    config_scope_name(config, sample->place, scope);
    (void)one_label(&labels[0], "scope", scope);
    if (rows[sample->alert].labels == ALERT_LABELS_SCOPE)
        return 1;
    return 1 + one_label(&labels[1], "limit", limit_row((enum limit_id)sample->limit)->name);
}

void alert_value_text(enum alert_id alert, int64_t value, char out[DECIMAL_TEXT_MAX])
{
    out[0] = '\0';
    if (value != ALERT_NONE && value != ALERT_NOT_KNOWN)
        (void)decimal_print(out, value, rows[alert].decimals, true);
}

/* What {why} stands for. */
static void why_print(const struct alert_inputs *in, const struct alert_sample *sample,
                      char out[64])
{
    char incident[INCIDENT_TEXT_MAX];

    out[0] = '\0';
    switch ((enum alert_id)sample->alert) {
    case ALERT_KILL_ACTIVE:
        incident_print(incident, in->scope[sample->place].incident);
        (void)snprintf(out, 64, "%s", incident);
        break;
    case ALERT_UNKNOWN_ORDERS:
        (void)snprintf(out, 64, "%u", in->venue[sample->place].unknown);
        break;
    case ALERT_POSITION_DRIFT:
        (void)snprintf(out, 64, "%lld", (long long)in->instrument[sample->place].drift_lots);
        break;
    case ALERT_STREAM_DOWN:
        (void)snprintf(out, 64, "%s", in->venue[sample->place].state);
        break;
    case ALERT_DATA_STALE:
        (void)snprintf(out, 64, "%s", in->instrument[sample->place].why);
        break;
    case ALERT_DISK_LOW:
        (void)snprintf(out, 64, "%lld", (long long)(in->disk_free_bytes >> 20));
        break;
    default:
        break;
    }
}

struct words {
    char why[64], value[DECIMAL_TEXT_MAX], threshold[DECIMAL_TEXT_MAX];
    struct alert_label label[ALERT_LABELS_MAX];
    uint32_t labels;
};

/* NULL: there is no such word. */
static const char *word_of(const struct words *words, const char *name, size_t length)
{
    const struct {
        const char *name, *value;
    } figures[] = {{"why", words->why}, {"value", words->value}, {"threshold", words->threshold}};

    for (size_t at = 0; at < sizeof figures / sizeof *figures; at++)
        if (strlen(figures[at].name) == length && memcmp(figures[at].name, name, length) == 0)
            return figures[at].value;
    for (uint32_t at = 0; at < words->labels; at++)
        if (strlen(words->label[at].name) == length &&
            memcmp(words->label[at].name, name, length) == 0)
            return words->label[at].value;
    return NULL;
}

static void fill_in(const struct words *words, const char *text, char out[ALERT_SAYS_MAX])
{
    size_t length = 0;

    while (*text && length + 1 < ALERT_SAYS_MAX) {
        size_t name = *text == '{' ? strcspn(text + 1, "}") : 0;
        const char *word = name > 0 ? word_of(words, text + 1, name) : NULL;

        if (!word) {
            out[length++] = *text++;
            continue;
        }
        length += (size_t)snprintf(out + length, ALERT_SAYS_MAX - length, "%s",
                                   word[0] != '\0' ? word : "?");
        length = length < ALERT_SAYS_MAX ? length : ALERT_SAYS_MAX - 1;
        text += name + 2;
    }
    out[length] = '\0';
}

void alert_says(const struct alert_inputs *in, const struct alert_sample *sample,
                char out[ALERT_SAYS_MAX])
{
    struct words words;

    why_print(in, sample, words.why);
    alert_value_text((enum alert_id)sample->alert, sample->value, words.value);
    alert_value_text((enum alert_id)sample->alert, sample->threshold, words.threshold);
    words.labels = alert_labels_of(in->config, sample, words.label);
    fill_in(&words, rows[sample->alert].says, out);
}
