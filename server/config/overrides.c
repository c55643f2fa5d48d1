#include "config/overrides.h"

#include "thread/log.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct overrides {
    pthread_mutex_t lock;
    uint64_t version;
    bool is_set[SETTINGS_MAX];
    struct config file, next, running; /* scalar settings only are looked at */
};

static const char *path_of(int number)
{
    const struct setting_text *rows;

    assert(number >= 0 && (uint32_t)number < config_settings(&rows));
    return rows[number].path;
}

static int settings_count(void)
{
    const struct setting_text *rows;

    return (int)config_settings(&rows);
}

static json_t *text_json(int number, const struct config *config)
{
    char text[CONFIG_TEXT_MAX];

    setting_print(number, config, text);
    return json_string(text);
}

static bool differs(int number, const struct config *a, const struct config *b)
{
    char left[CONFIG_TEXT_MAX];
    char right[CONFIG_TEXT_MAX];

    setting_print(number, a, left);
    setting_print(number, b, right);
    return strcmp(left, right) != 0;
}

static void copy_setting(int number, const struct config *from, struct config *to)
{
    char text[CONFIG_TEXT_MAX];
    struct err err;

    setting_print(number, from, text);
    if (setting_read(number, text, to, &err) != OK)
        panic(__FILE__, __LINE__, "a setting that was read can be read again");
}

/* --- the hash --- */

/* {path: text} of all overrides, in the order of the table. */
static json_t *set_json(const struct overrides *overrides, const struct config *config)
{
    json_t *settings = json_object();

    for (int at = 0; at < settings_count(); at++)
        if (overrides->is_set[at])
            json_object_set_new(settings, path_of(at), text_json(at, config));
    return settings;
}

/* Of what the next start will run with, or of what is in force. */
static bool hash(const struct overrides *overrides, const struct config *config, uint8_t out[32])
{
    json_t *settings = set_json(overrides, config);
    char *text = json_dumps(settings, JSON_COMPACT);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done = text && digest;

    if (done && json_object_size(settings) == 0)
        memcpy(out, overrides->file.hash_bytes, 32);
    else if (done)
        done = EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
               EVP_DigestUpdate(digest, overrides->file.hash_bytes, 32) == 1 &&
               EVP_DigestUpdate(digest, text, strlen(text)) == 1 &&
               EVP_DigestFinal_ex(digest, out, NULL) == 1;
    EVP_MD_CTX_free(digest);
    free(text);
    json_decref(settings);
    return done;
}

static enum status set_hash(const struct overrides *overrides, struct config *config,
                            struct err *err)
{
    if (!hash(overrides, config, config->hash_bytes))
        return err_set(err, ERR_INTERNAL, "SHA-256 is not available");
    config->hash = 0;
    for (unsigned at = 0; at < 8; at++)
        config->hash = config->hash << 8 | config->hash_bytes[at];
    for (unsigned at = 0; at < 32; at++)
        (void)snprintf(config->hash_text + (size_t)2 * at, 3, "%02x", config->hash_bytes[at]);
    return OK;
}

/* --- at the start --- */

static enum status take_stored(struct overrides *overrides, const char *path, const json_t *value,
                               struct err *err)
{
    int number = setting_number(path);
    const char *text = json_string_value(value);
    struct err inner;

    if (number == SETTINGS_NONE)
        err_set(&inner, ERR_CONFIG, "there is no such setting any more");
    else if (setting_looser(number) == LOOSER_FILE)
        err_set(&inner, ERR_CONFIG, "only the file sets it now");
    else if (!text)
        err_set(&inner, ERR_CONFIG, "it is no text");
    else if (setting_read(number, text, &overrides->next, &inner) == OK) {
        overrides->is_set[number] = true;
        return OK;
    }
    return err_format(err, ERR_CONFIG,
                      "the override of %s, set by the API, is refused: %s; remove it with `pitwall "
                      "check --config FILE --data DIR --forget %s`",
                      path, inner.text, path);
}

static enum status take_all(struct overrides *overrides, const json_t *stored, struct err *err)
{
    const char *path;
    json_t *value;

    overrides->version = (uint64_t)json_integer_value(json_object_get(stored, "version"));
    json_object_foreach(json_object_get(stored, "settings"), path, value)
    {
        enum status status = take_stored(overrides, path, value, err);

        if (status != OK)
            return status;
    }
    return set_hash(overrides, &overrides->next, err);
}

enum status overrides_open(struct overrides **out, struct config *config, const json_t *stored,
                           struct err *err)
{
    struct overrides *overrides = calloc(1, sizeof *overrides);
    enum status status;

    if (!overrides)
        return err_set(err, ERR_INTERNAL, "out of memory");
    pthread_mutex_init(&overrides->lock, NULL);
    overrides->file = overrides->next = *config;
    status = take_all(overrides, stored, err);
    if (status != OK) {
        overrides_close(overrides);
        return status;
    }
    *config = overrides->running = overrides->next;
    *out = overrides;
    return OK;
}

void overrides_close(struct overrides *overrides)
{
    if (!overrides)
        return;
    pthread_mutex_destroy(&overrides->lock);
    free(overrides);
}

/* --- reading a change --- */

static enum status refuse_path(const char *path, struct err *err)
{
    static const char *const others[] = {"caps",        "limits",     "venues",   "first_day",
                                         "instruments", "strategies", "triggers", "recorded"};
    size_t length = strcspn(path, ".");

    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++)
        if (strlen(others[at]) == length && strncmp(path, others[at], length) == 0)
            return err_format(err, ERR_NOT_SUPPORTED,
                              "%.64s: only the configuration file changes %s%s", path, others[at],
                              at == 0   ? ", and no API call goes above a cap"
                              : at == 1 ? " at the first start; then PUT /limits/{scope} does"
                                        : "");
    return err_format(err, ERR_UNKNOWN_SETTING,
                      "there is no setting \"%.64s\"; GET /api/v1/config lists them", path);
}

/* As the file would have it. False: no such value, or too long for one. */
static bool text_of(const json_t *value, char out[OVERRIDE_TEXT_MAX])
{
    int length = -1;

    if (json_is_string(value) && json_string_length(value) == strlen(json_string_value(value)))
        length = snprintf(out, OVERRIDE_TEXT_MAX, "%s", json_string_value(value));
    else if (json_is_integer(value))
        length = snprintf(out, OVERRIDE_TEXT_MAX, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        length = snprintf(out, OVERRIDE_TEXT_MAX, "%s", json_is_true(value) ? "true" : "false");
    return length >= 0 && length < OVERRIDE_TEXT_MAX;
}

static enum status item_parse(const char *path, const json_t *value, struct settings_change *change,
                              struct config *scratch, struct err *err)
{
    int number = setting_number(path);
    struct err inner;

    if (number == SETTINGS_NONE)
        return refuse_path(path, err);
    if (setting_looser(number) == LOOSER_FILE)
        return err_format(err, ERR_NOT_SUPPORTED, "%s: only the configuration file changes it",
                          path);
    change->item[change->count].number = number;
    change->item[change->count].to_file = json_is_null(value);
    if (!json_is_null(value) && !text_of(value, change->item[change->count].text))
        return err_format(err, ERR_MALFORMED,
                          "%s: wanted a text (\"8 MiB\", \"0.5\"), a whole number, true, false, or "
                          "null for what the file says",
                          path);
    if (!json_is_null(value) &&
        setting_read(number, change->item[change->count].text, scratch, &inner) != OK)
        return err_set(err, ERR_OUT_OF_RANGE, inner.text);
    change->count++;
    return OK;
}

enum status settings_change_parse(const json_t *settings, struct settings_change *change,
                                  struct err *err)
{
    struct config *scratch = calloc(1, sizeof *scratch);
    enum status status = OK;
    const char *path;
    json_t *value;

    *change = (struct settings_change){.count = 0};
    if (!scratch)
        status = err_set(err, ERR_INTERNAL, "out of memory");
    else if (!json_is_object(settings) || json_object_size(settings) == 0 ||
             json_object_size(settings) > CHANGES_MAX)
        status = err_set(err, ERR_MALFORMED,
                         "\"settings\" must be an object of 1 to 32 members, path: value");
    else
        json_object_foreach((json_t *)settings, path, value) if (status == OK) status =
            item_parse(path, value, change, scratch, err);
    free(scratch);
    return status;
}

json_t *settings_change_json(const struct settings_change *change)
{
    json_t *json = json_object();

    for (uint32_t at = 0; at < change->count; at++)
        json_object_set_new(json, path_of(change->item[at].number),
                            change->item[at].to_file ? json_null()
                                                     : json_string(change->item[at].text));
    return json;
}

enum status settings_change_to(struct overrides *overrides, const json_t *settings,
                               struct settings_change *change, struct err *err)
{
    json_t *asked = json_object();
    enum status status;

    pthread_mutex_lock(&overrides->lock);
    for (int at = 0; at < settings_count(); at++)
        if (overrides->is_set[at])
            json_object_set_new(asked, path_of(at), json_null());
    pthread_mutex_unlock(&overrides->lock);
    json_object_update(asked, (json_t *)settings);
    *change = (struct settings_change){.count = 0};
    status = json_object_size(asked) == 0 ? OK : settings_change_parse(asked, change, err);
    json_decref(asked);
    return status;
}

/* --- a change --- */

static void put(struct config *to, const struct overrides *overrides,
                const struct settings_change *change, uint32_t at)
{
    int number = change->item[at].number;
    struct err err;

    if (change->item[at].to_file)
        copy_setting(number, &overrides->file, to);
    else if (setting_read(number, change->item[at].text, to, &err) != OK)
        panic(__FILE__, __LINE__, "a setting that was parsed can be read again");
}

/* Whether a restart keeps it counts too: an override that says what the file says is one. */
static bool moves(const struct overrides *overrides, const struct settings_change *change,
                  uint32_t at, const struct config *after)
{
    int number = change->item[at].number;

    return differs(number, &overrides->next, after) ||
           overrides->is_set[number] == change->item[at].to_file;
}

enum status overrides_weigh(struct overrides *overrides, const struct settings_change *change,
                            struct settings_effect *effect, struct err *err)
{
    struct config *after = malloc(sizeof *after);

    *effect = (struct settings_effect){.needs_halt = SETTINGS_NONE};
    if (!after)
        return err_set(err, ERR_INTERNAL, "out of memory");
    effect->old_value = json_object();
    effect->new_value = json_object();
    *after = overrides->next;
    for (uint32_t at = 0; at < change->count; at++) {
        int number = change->item[at].number;

        put(after, overrides, change, at);
        if (!moves(overrides, change, at, after))
            continue;
        effect->moves++;
        effect->loosens |= setting_loosens(number, &overrides->next, after);
        if (setting_change(number) == SETTING_NEEDS_HALT)
            effect->needs_halt = number;
        json_object_set_new(effect->old_value, path_of(number),
                            text_json(number, &overrides->next));
        json_object_set_new(effect->new_value, path_of(number), text_json(number, after));
    }
    free(after);
    return OK;
}

json_t *overrides_stored(struct overrides *overrides, const struct settings_change *change)
{
    json_t *settings = set_json(overrides, &overrides->next);

    for (uint32_t at = 0; at < change->count; at++)
        if (change->item[at].to_file)
            json_object_del(settings, path_of(change->item[at].number));
        else
            json_object_set_new(settings, path_of(change->item[at].number),
                                json_string(change->item[at].text));
    return json_pack("{s:I, s:o}", "version", (json_int_t)overrides->version + 1, "settings",
                     settings);
}

void overrides_commit(struct overrides *overrides, const struct settings_change *change)
{
    struct err err;

    pthread_mutex_lock(&overrides->lock);
    for (uint32_t at = 0; at < change->count; at++) {
        int number = change->item[at].number;

        put(&overrides->next, overrides, change, at);
        overrides->is_set[number] = !change->item[at].to_file;
        if (setting_change(number) != SETTING_NEEDS_RESTART)
            copy_setting(number, &overrides->next, &overrides->running);
    }
    overrides->version++;
    if (set_hash(overrides, &overrides->next, &err) != OK)
        log_line(LOG_ERROR, "config", "the hash is not known", NULL);
    pthread_mutex_unlock(&overrides->lock);
}

const struct config *overrides_running(const struct overrides *overrides)
{
    return &overrides->running;
}

/* --- what is shown --- */

uint64_t overrides_version(struct overrides *overrides)
{
    uint64_t version;

    pthread_mutex_lock(&overrides->lock);
    version = overrides->version;
    pthread_mutex_unlock(&overrides->lock);
    return version;
}

static bool is_pending(const struct overrides *overrides, int number)
{
    return differs(number, &overrides->next, &overrides->running);
}

static bool any_pending(const struct overrides *overrides)
{
    for (int at = 0; at < settings_count(); at++)
        if (is_pending(overrides, at))
            return true;
    return false;
}

bool overrides_pending(struct overrides *overrides)
{
    bool pending;

    pthread_mutex_lock(&overrides->lock);
    pending = any_pending(overrides);
    pthread_mutex_unlock(&overrides->lock);
    return pending;
}

void overrides_hash(struct overrides *overrides, char out[HASH_TEXT_MAX])
{
    pthread_mutex_lock(&overrides->lock);
    memcpy(out, overrides->next.hash_text, HASH_TEXT_MAX);
    pthread_mutex_unlock(&overrides->lock);
}

static const char *source_of(const struct overrides *overrides, int number)
{
    if (overrides->is_set[number])
        return "override";
    return overrides->file.from_file[number] ? "file" : "default";
}

static json_t *item_json(const struct overrides *overrides, int number)
{
    static const char *const changes[] = {"live", "needs_halt", "needs_restart"};
    const struct setting_text *rows;

    (void)config_settings(&rows);
    return json_pack(
        "{s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "path", rows[number].path, "value",
        text_json(number, &overrides->running), "default", rows[number].fallback, "file",
        text_json(number, &overrides->file), "source", source_of(overrides, number), "change",
        changes[setting_change(number)], "looser", setting_looser_name(number), "says",
        rows[number].says, "range", rows[number].range, "pending",
        is_pending(overrides, number) ? text_json(number, &overrides->next) : json_null());
}

json_t *overrides_json(struct overrides *overrides)
{
    json_t *items = json_array();
    json_t *json;

    pthread_mutex_lock(&overrides->lock);
    for (int at = 0; at < settings_count(); at++)
        json_array_append_new(items, item_json(overrides, at));
    json = json_pack("{s:I, s:s, s:b, s:o}", "version", (json_int_t)overrides->version,
                     "config_hash", overrides->next.hash_text, "pending_restart",
                     any_pending(overrides), "items", items);
    pthread_mutex_unlock(&overrides->lock);
    return json;
}
