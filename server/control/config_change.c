#include "control/config_change.h"

#include "control/inside.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

#define KIND "setting"
#define KIND_VERSION "setting_version"
static const char in_force[] = "in_force";

enum { VERSIONS_MAX = 500, VERSION_TEXT_MAX = 24 };

/* --- what is stored --- */

struct wanted {
    const char *key;
    json_t *found; /* owned */
};

static void take_wanted(void *ctx, const char *key, const json_t *value)
{
    struct wanted *wanted = ctx;

    if (strcmp(key, wanted->key) == 0) {
        json_decref(wanted->found);
        wanted->found = json_deep_copy(value);
    }
}

/* *found is a new reference; NULL: it is not there. */
static enum status find(struct keep *keep, const char *kind, const char *key, json_t **found,
                        struct err *err)
{
    struct wanted wanted = {.key = key};
    enum status status = keep_each(keep, kind, take_wanted, &wanted, err);

    *found = wanted.found;
    return status;
}

static enum status store(struct keep *keep, const json_t *stored, struct err *err)
{
    static const char *const kind[] = {KIND_VERSION, KIND};
    char version[VERSION_TEXT_MAX];
    const char *const key[] = {version, in_force};
    struct err ignored;
    enum status status;

    (void)snprintf(version, sizeof version, "%lld",
                   (long long)json_integer_value(json_object_get(stored, "version")));
    status = keep_put_both(keep, kind, key, stored, err);
    /* It is stored; that an old version stays too is no failure of the change. */
    if (status == OK && keep_trim(keep, KIND_VERSION, VERSIONS_MAX, &ignored) != OK)
        log_line(LOG_ERROR, "control", "old versions of the settings were not removed", NULL);
    return status;
}

enum status config_change_open(struct keep *keep, struct config *config,
                               struct overrides **overrides, struct err *err)
{
    json_t *stored = NULL;
    enum status status = find(keep, KIND, in_force, &stored, err);

    if (status == OK)
        status = overrides_open(overrides, config, stored, err);
    json_decref(stored);
    return status;
}

enum status config_change_forget(struct keep *keep, const char *path, bool *found, struct err *err)
{
    json_t *stored = NULL;
    enum status status = find(keep, KIND, in_force, &stored, err);
    json_t *version = json_object_get(stored, "version");

    *found = json_object_del(json_object_get(stored, "settings"), path) == 0;
    if (status == OK && *found) {
        json_object_set_new(stored, "version", json_integer(json_integer_value(version) + 1));
        status = store(keep, stored, err);
    }
    json_decref(stored);
    return status;
}

/* --- a change --- */

struct config_change {
    struct settings_change settings;
    struct settings_effect effect;
    uint64_t base;
    char reason[REASON_MAX];
    const char *request_id;
};

static enum status reply_now(struct control *control, int *http, json_t **reply, struct err *err)
{
    *reply = overrides_json(control->from.overrides);
    *http = 200;
    return *reply ? OK : err_set(err, ERR_INTERNAL, "out of memory");
}

static json_t *diff_json(const struct settings_effect *effect)
{
    json_t *diff = json_array();
    const char *path;
    json_t *value;

    json_object_foreach(effect->old_value, path, value)
        json_array_append_new(diff, json_pack("{s:s, s:O, s:O}", "name", path, "old", value, "new",
                                              json_object_get(effect->new_value, path)));
    return diff;
}

static enum status check_halted(struct control *control, const struct settings_effect *effect,
                                struct err *err)
{
    const struct setting_text *rows;

    if (effect->needs_halt == SETTINGS_NONE ||
        view_state(control->from.view, scope_of_firm()).state == STATE_HALTED)
        return OK;
    (void)config_settings(&rows);
    return err_format(err, ERR_CONFLICT, "%s changes only while the firm is HALTED",
                      rows[effect->needs_halt].path);
}

static bool text_put(char *out, size_t size, const json_t *json)
{
    size_t length = json_dumpb(json, out, size - 1, JSON_COMPACT);

    out[length < size ? length : 0] = '\0';
    return length < size;
}

static enum status propose(struct control *control, const struct actor *actor,
                           const struct config_change *change, int *http, json_t **reply,
                           struct err *err)
{
    struct approval proposal = {
        .kind = APPROVAL_CONFIG, .scope = scope_of_firm(), .base = change->base};
    json_t *asked = settings_change_json(&change->settings);
    json_t *diff = diff_json(&change->effect);
    bool fits = text_put(proposal.settings, sizeof proposal.settings, asked) &&
                text_put(proposal.settings_diff, sizeof proposal.settings_diff, diff);

    json_decref(asked);
    json_decref(diff);
    if (!fits)
        return err_set(err, ERR_MALFORMED, "too many settings for one proposal");
    (void)snprintf(proposal.scope_name, sizeof proposal.scope_name, "config");
    memcpy(proposal.reason, change->reason, sizeof proposal.reason);
    return control_propose(control, actor, &proposal, change->request_id, http, reply, err);
}

/* The record said that it would be; this one, that it was not. */
static void record_failure(struct control *control, const struct config_change *change)
{
    struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    struct control_fact fact = {.kind = "config",
                                .scope = "config",
                                .reason = "not applied: it could not be stored",
                                .request_id = change->request_id,
                                .new_value = json_incref(change->effect.old_value)};
    struct err ignored;
    uint64_t seq;

    (void)control_record(control, &actor, &fact, 0, &seq, &ignored);
}

static enum status keep_and_commit(struct control *control, const struct config_change *change,
                                   struct err *err)
{
    struct overrides *overrides = control->from.overrides;
    json_t *stored = overrides_stored(overrides, &change->settings);
    enum status status = store(control->from.keep, stored, err);

    json_decref(stored);
    if (status != OK) {
        record_failure(control, change);
        return err_wrap(err, ERR_STORAGE, "the settings could not be stored");
    }
    overrides_commit(overrides, &change->settings);
    if (control->from.settings_apply)
        control->from.settings_apply(control->from.settings_ctx, overrides_running(overrides));
    return OK;
}

static enum status apply(struct control *control, const struct actor *actor,
                         const struct config_change *change, struct err *err)
{
    json_int_t version = (json_int_t)overrides_version(control->from.overrides) + 1;
    struct control_fact fact = {.kind = "config",
                                .scope = "config",
                                .reason = change->reason,
                                .request_id = change->request_id,
                                .old_value = json_incref(change->effect.old_value)};
    enum status status;
    uint64_t seq;

    fact.new_value =
        json_pack("{s:I, s:O}", "version", version, "settings", change->effect.new_value);
    if (journal_is_suspect(control->from.journal)) {
        json_decref(fact.old_value);
        json_decref(fact.new_value);
        return err_set(err, ERR_STORAGE, "storage is suspect: only kill and cancel are served");
    }
    status = control_record(control, actor, &fact, 0, &seq, err);
    if (status == OK)
        status = control_wait_record(control, seq, err);
    return status == OK ? keep_and_commit(control, change, err) : status;
}

static void change_free(struct config_change *change)
{
    json_decref(change->effect.old_value);
    json_decref(change->effect.new_value);
}

static enum status stale(struct control *control, const struct config_change *change,
                         json_t **reply, struct err *err)
{
    *reply =
        json_pack("{s:I, s:o}", "version", (json_int_t)overrides_version(control->from.overrides),
                  "diff", diff_json(&change->effect));
    return err_set(err, ERR_STALE_VERSION, "the settings have changed since you read");
}

static enum status change_run(struct control *control, const struct actor *actor,
                              struct config_change *change, int *http, json_t **reply,
                              struct err *err)
{
    enum status status =
        overrides_weigh(control->from.overrides, &change->settings, &change->effect, err);

    if (status == OK && change->base != overrides_version(control->from.overrides))
        status = stale(control, change, reply, err);
    else if (status == OK && change->effect.moves == 0)
        status = reply_now(control, http, reply, err);
    else if (status == OK && (status = check_halted(control, &change->effect, err)) == OK) {
        if (change->effect.loosens)
            status = propose(control, actor, change, http, reply, err);
        else if ((status = apply(control, actor, change, err)) == OK)
            status = reply_now(control, http, reply, err);
    }
    change_free(change);
    return status;
}

enum status control_config_patch(struct control *control, const struct actor *actor, uint64_t base,
                                 const json_t *body, const char *request_id, int *http,
                                 json_t **reply, struct err *err)
{
    static const char *const members[] = {"settings", "reason", NULL};
    struct config_change change = {.base = base, .request_id = request_id};
    enum status status = members_check(body, members, err);

    if (status == OK)
        status = reason_parse(json_object_get(body, "reason"), change.reason, err);
    if (status == OK)
        status = settings_change_parse(json_object_get(body, "settings"), &change.settings, err);
    return status == OK ? change_run(control, actor, &change, http, reply, err) : status;
}

/* {path: text} as it was in that version; 0: as the file alone has it. */
static enum status version_find(struct control *control, const json_t *to, json_t **settings,
                                struct err *err)
{
    char key[VERSION_TEXT_MAX];
    json_t *stored = NULL;
    enum status status;

    if (!json_is_integer(to) || json_integer_value(to) < 0)
        return err_set(err, ERR_MALFORMED, "\"to\" must be a version of GET /config/history, or 0");
    (void)snprintf(key, sizeof key, "%lld", (long long)json_integer_value(to));
    status = find(control->from.keep, KIND_VERSION, key, &stored, err);
    if (status == OK && !stored && strcmp(key, "0") != 0)
        return err_format(err, ERR_NOT_FOUND, "version %s of the settings is not kept", key);
    *settings = stored ? json_incref(json_object_get(stored, "settings")) : json_object();
    json_decref(stored);
    return status;
}

enum status control_config_revert(struct control *control, const struct actor *actor, uint64_t base,
                                  const json_t *body, const char *request_id, int *http,
                                  json_t **reply, struct err *err)
{
    static const char *const members[] = {"to", "reason", NULL};
    struct config_change change = {.base = base, .request_id = request_id};
    json_t *settings = NULL;
    enum status status = members_check(body, members, err);

    if (status == OK)
        status = reason_parse(json_object_get(body, "reason"), change.reason, err);
    if (status == OK)
        status = version_find(control, json_object_get(body, "to"), &settings, err);
    if (status == OK)
        status = settings_change_to(control->from.overrides, settings, &change.settings, err);
    json_decref(settings);
    return status == OK ? change_run(control, actor, &change, http, reply, err) : status;
}

/* --- what a second person agreed to --- */

bool control_config_has_moved(struct control *control, const struct approval *approval)
{
    return overrides_version(control->from.overrides) != approval->base;
}

enum status control_apply_config(struct control *control, const struct actor *actor,
                                 const struct approval *approval, const char *request_id,
                                 struct err *err)
{
    struct config_change change = {.base = approval->base, .request_id = request_id};
    json_t *settings = json_loads(approval->settings, 0, NULL);
    enum status status = settings_change_parse(settings, &change.settings, err);

    memcpy(change.reason, approval->reason, sizeof change.reason);
    json_decref(settings);
    if (status == OK)
        status = overrides_weigh(control->from.overrides, &change.settings, &change.effect, err);
    if (status == OK)
        status = check_halted(control, &change.effect, err);
    if (status == OK)
        status = apply(control, actor, &change, err);
    change_free(&change);
    return status;
}
