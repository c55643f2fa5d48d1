#include "config/config.h"
#include "config/parts.h"

#include "thread/log.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

const char *mode_name(enum mode mode)
{
    static const char *const names[] = {"sim", "replay", "backtest", "paper", "live"};

    assert((unsigned)mode < sizeof names / sizeof names[0]);
    return names[mode];
}

enum status config_check_speed(const char *speed, struct err *err)
{
    int64_t times;

    if (strcmp(speed, "real") == 0 || strcmp(speed, "max") == 0)
        return OK;
    if (speed[0] == 'x' && decimal_parse(speed + 1, strlen(speed + 1), 0, &times) && times >= 1 &&
        times <= 1000)
        return OK;
    return err_format(err, ERR_CONFIG, "speed '%s' is none of real, x1 to x1000, max", speed);
}

enum status config_check_at_end(const char *at_end, struct err *err)
{
    if (strcmp(at_end, "hold") == 0 || strcmp(at_end, "loop") == 0 || strcmp(at_end, "exit") == 0)
        return OK;
    return err_format(err, ERR_CONFIG, "at_end '%s' is none of hold, loop, exit", at_end);
}

bool host_is_loopback(const char *host, size_t length)
{
    static const char *const names[] = {"localhost", "[::1]", "::1"};
    char text[64];

    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (length == strlen(names[at]) && memcmp(host, names[at], length) == 0)
            return true;
    if (length < 4 || length >= sizeof text || memcmp(host, "127.", 4) != 0)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    return strspn(text, "0123456789.") == length; /* not 127.example.org */
}

enum status config_check_listen(const char *listen, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    int64_t port;

    if (!colon || colon == listen || !decimal_parse(colon + 1, strlen(colon + 1), 0, &port) ||
        port < 0 || port > 65535)
        return err_format(err, ERR_CONFIG, "'%s' is not ADDRESS:PORT", listen);
    return OK;
}

bool config_uses_tls(const struct config *config, const char *listen)
{
    const char *colon = strrchr(listen, ':');

    return config->tls.always || !colon || !host_is_loopback(listen, (size_t)(colon - listen));
}

static enum status check_tls_pair(const struct config *config, struct err *err)
{
    bool has_cert = config->tls.cert_file[0] != '\0', has_key = config->tls.key_file[0] != '\0';

    if (has_cert == has_key)
        return OK;
    return err_format(err, ERR_CONFIG,
                      "tls.%s is set and tls.%s is not: give both, or neither for a self-signed "
                      "certificate",
                      has_cert ? "cert_file" : "key_file", has_cert ? "key_file" : "cert_file");
}

enum status config_check_tls(const struct config *config, struct err *err)
{
    if (config->tls.client_ca_file[0] != '\0' && !config_uses_tls(config, config->listen))
        return err_format(err, ERR_CONFIG,
                          "tls.client_ca_file asks clients for certificates, and '%s' is plain "
                          "HTTP on loopback; set tls.always: true, or take it out",
                          config->listen);
    return OK;
}

enum status config_secret_path(const char *key, const char *value, char path[CONFIG_TEXT_MAX * 2],
                               struct err *err)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");

    if (strchr(value, '/')) {
        (void)snprintf(path, CONFIG_TEXT_MAX * 2, "%s", value);
        return OK;
    }
    if (!credentials || credentials[0] == '\0')
        return err_format(err, ERR_CONFIG,
                          "%s '%s' has no slash, so it is a credential of the service, and "
                          "$CREDENTIALS_DIRECTORY is not set: start it as a service, or give a "
                          "path",
                          key, value);
    if (strlen(credentials) >= CONFIG_TEXT_MAX)
        return err_set(err, ERR_CONFIG, "$CREDENTIALS_DIRECTORY is too long");
    (void)snprintf(path, CONFIG_TEXT_MAX * 2, "%s/%s", credentials, value);
    return OK;
}

/* What one row cannot tell by itself. */
static enum status check_whole(const struct config *config, struct yaml_file *file, struct err *err)
{
    enum status status = OK;

    if (config->mode == MODE_BACKTEST)
        return yaml_refuse(file, yaml_find(file, yaml_file_root(file), "mode"), err,
                           "mode backtest is not there: sim, replay, paper and live are");
    if ((status = config_check_listen(config->listen, err)) != OK)
        return err_wrap(err, status, "listen");
    if ((status = config_check_listen(config->kill_listen, err)) != OK)
        return err_wrap(err, status, "kill_listen");
    if (config->metrics_listen[0] != '\0' &&
        (status = config_check_listen(config->metrics_listen, err)) != OK)
        return err_wrap(err, status, "metrics_listen");
    if (config->metrics_token_file[0] != '\0' && config->metrics_listen[0] == '\0')
        return yaml_refuse(file, yaml_find(file, yaml_file_root(file), "metrics_token_file"), err,
                           "metrics_token_file opens metrics_listen only, and that is not set");
    if ((status = config_check_speed(config->market.speed, err)) != OK)
        return err_wrap(err, status, "market.speed");
    return check_tls_pair(config, err);
}

/* Which of the listeners a refusal is about. */
static const char *listen_key(const char *says)
{
    static const char *const keys[] = {"kill_listen", "metrics_listen"};

    for (size_t at = 0; at < sizeof keys / sizeof keys[0]; at++)
        if (strncmp(says, keys[at], strlen(keys[at])) == 0)
            return keys[at];
    return "listen";
}

/* The same refusals with the line of the key they are about. */
static enum status check_with_line(const struct config *config, struct yaml_file *file,
                                   struct err *err)
{
    const yaml_node_t *root = yaml_file_root(file);
    const yaml_node_t *node = NULL;
    struct err inner;
    enum status status = check_whole(config, file, &inner);

    if (status == OK)
        return OK;
    *err = inner;
    if (strncmp(inner.text, file->path, strlen(file->path)) == 0)
        return status;
    if (strncmp(inner.text, "market.", 7) == 0) {
        node = yaml_find(file, root, "market");
        node = node ? yaml_find(file, node, "speed") : NULL;
    } else if (strncmp(inner.text, "tls.", 4) == 0) {
        node = yaml_find(file, root, "tls");
    } else {
        node = yaml_find(file, root, listen_key(inner.text));
    }
    return node ? yaml_refuse(file, node, err, "%s", inner.text)
                : err_wrap(err, status, file->path);
}

static enum status hash_bytes(struct config *config, const struct yaml_file *file, struct err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (EVP_Digest(file->bytes, file->length, digest, &length, EVP_sha256(), NULL) != 1)
        return err_set(err, ERR_INTERNAL, "SHA-256 is not available");
    memcpy(config->hash_bytes, digest, sizeof config->hash_bytes);
    config->hash = 0;
    for (unsigned at = 0; at < 8; at++)
        config->hash = config->hash << 8 | digest[at];
    for (unsigned at = 0; at < length && at < 32; at++)
        (void)snprintf(config->hash_text + (size_t)2 * at, 3, "%02x", digest[at]);
    return OK;
}

static void start_empty(struct config *config, const char *path)
{
    *config = (struct config){0};
    (void)snprintf(config->path, sizeof config->path, "%s", path);
    settings_default(config);
    for (uint32_t scope = 0; scope < MAX_SCOPES; scope++)
        for (uint32_t id = 0; id < LIMIT_COUNT; id++)
            config->limits[scope].value[id] = config->caps[scope].value[id] =
                config->first_day[scope].value[id] = LIMIT_UNSET;
}

static enum status read_all(struct config *config, struct yaml_file *file,
                            const struct feed_instruments *recorded, struct err *err)
{
    enum status status = hash_bytes(config, file, err);

    if (status == OK)
        status = settings_read(config, file, err);
    if (status == OK)
        status = check_with_line(config, file, err);
    if (status == OK)
        status = lists_read(config, file, err);
    if (status == OK)
        status = strategies_read(config, file, err);
    if (status == OK)
        status = triggers_read(config, file, err);
    if (status != OK)
        return status;
    config->scopes = (struct scope_map){config->venues, config->strategies, config->instruments};
    status = limits_read(config, file, err);
    if (status == OK)
        status = recorded_read(config, file, recorded, err);
    if (status == OK)
        status = currencies_read(config, file, err);
    if (status == OK)
        status = strategies_check(config, file, err);
    if (status != OK)
        return status;
    limits_fill_from_caps(config);
    if (recorded)
        config->mode = MODE_REPLAY;
    return OK;
}

enum status config_load(struct config *config, const char *path,
                        const struct feed_instruments *recorded, struct err *err)
{
    struct yaml_file file;
    struct config *fresh = malloc(sizeof *fresh);
    enum status status;

    if (!fresh)
        return err_set(err, ERR_INTERNAL, "out of memory");
    status = yaml_file_open(&file, path, err);
    if (status == OK) {
        start_empty(fresh, path);
        status = read_all(fresh, &file, recorded, err);
        yaml_file_close(&file);
    }
    if (status == OK)
        *config = *fresh;
    free(fresh);
    return status;
}

void config_engine(const struct config *config, struct engine_config *engine)
{
    *engine = (struct engine_config){
        .scopes = config->scopes,
        .currencies = config->currencies,
        .reporting = config->reporting,
        .capital_e8 = config->money.capital_e8,
        .config_hash = config->hash,
    };
    engine->gateways = config_gateways(config, engine->venue_gateway);
    memcpy(engine->currency, config->currency, sizeof engine->currency);
    memcpy(engine->instrument, config->instrument, sizeof engine->instrument);
    memcpy(engine->limits, config->limits, sizeof engine->limits);
    memcpy(engine->caps, config->caps, sizeof engine->caps);
    for (uint32_t at = 0; at < config->strategies; at++) {
        engine->strategy[at].kind = config->strategy[at].kind;
        engine->strategy[at].enabled = config->strategy[at].enabled;
        engine->strategy[at].version = 1;
        memcpy(engine->strategy[at].instruments, config->strategy[at].instruments,
               sizeof engine->strategy[at].instruments);
        memcpy(engine->strategy[at].params, config->strategy[at].params,
               sizeof engine->strategy[at].params);
    }
    engine->initial[scope_of_firm()].state = config->initial_state;
    engine->rules = (struct engine_rules){
        .record = (enum record_inputs)config->journal.inputs,
        .cancel_old_on_self_match = strcmp(config->rules.self_match, "cancel_old") == 0,
        .virtual_time = strcmp(config->market.speed, "max") == 0,
        .ack_timeout_ns = config->rules.ack_timeout_ns,
        .query_every_ns = config->rules.query_every_ns,
        .void_after_ns = config->rules.void_after_ns,
        .batch_messages = (uint32_t)config->rules.batch_messages,
        .batch_wait_ns = config->rules.batch_wait_ns,
    };
    memcpy(engine->config_sha256, config->hash_bytes, sizeof engine->config_sha256);
    memcpy(engine->rules.trigger, config->trigger, sizeof engine->rules.trigger);
}

static void name_instrument(const struct config *config, uint16_t at, struct input_instrument *out)
{
    const struct instrument *row = &config->instrument[at];

    *out = (struct input_instrument){.tick_units = row->tick_units,
                                     .lot_units = row->lot_units,
                                     .price_decimals = row->price_decimals,
                                     .qty_decimals = row->qty_decimals,
                                     .venue = row->venue};
    (void)snprintf(out->name, sizeof out->name, "%s", row->name);
    (void)snprintf(out->currency, sizeof out->currency, "%s", config->currency[row->currency].name);
}

void config_names(const struct config *config, struct input_names *names)
{
    *names = (struct input_names){.venues = config->venues,
                                  .strategies = config->strategies,
                                  .instruments = config->instruments};
    for (uint16_t at = 0; at < config->venues; at++)
        (void)snprintf(names->venue[at], MAX_NAME, "%s", config->venue[at]);
    for (uint16_t at = 0; at < config->strategies; at++) {
        (void)snprintf(names->strategy[at], MAX_NAME, "%s", config->strategy[at].name);
        if (config->strategy[at].enabled)
            names->enabled |= (uint16_t)(1U << at);
    }
    for (uint16_t at = 0; at < config->instruments; at++)
        name_instrument(config, at, &names->instrument[at]);
}

void config_scope_name(const struct config *config, uint16_t scope, char out[SCOPE_TEXT_MAX])
{
    uint16_t index;

    assert(scope < scope_count(config->scopes));
    switch (scope_kind_of(config->scopes, scope, &index)) {
    case SCOPE_FIRM:
        (void)snprintf(out, SCOPE_TEXT_MAX, "firm");
        break;
    case SCOPE_VENUE:
        (void)snprintf(out, SCOPE_TEXT_MAX, "venue/%s", config->venue[index]);
        break;
    case SCOPE_STRATEGY:
        (void)snprintf(out, SCOPE_TEXT_MAX, "strategy/%s", config->strategy[index].name);
        break;
    case SCOPE_INSTRUMENT:
        (void)snprintf(out, SCOPE_TEXT_MAX, "instrument/%s", config->instrument[index].name);
        break;
    }
}

bool config_scope_find(const struct config *config, const char *name, uint16_t *scope)
{
    char here[SCOPE_TEXT_MAX];

    for (uint16_t at = 0; at < scope_count(config->scopes); at++) {
        config_scope_name(config, at, here);
        if (strcmp(here, name) == 0) {
            *scope = at;
            return true;
        }
    }
    return false;
}

bool config_instrument_find(const struct config *config, const char *name, uint16_t *instrument)
{
    for (uint16_t at = 0; at < config->instruments; at++)
        if (strcmp(config->instrument[at].name, name) == 0) {
            *instrument = at;
            return true;
        }
    return false;
}
