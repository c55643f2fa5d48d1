/* Venues: how each is reached, and whether that fits the mode.
 *
 * The point of the checks is that nobody trades real money by mistake, or believes to: testnet and
 * live are told apart by host, a simulated venue never stands beside a real one in mode live, and
 * nothing goes over a network in the clear. */
#include "config/parts.h"

#include "gateway/net/url.h"
#include "thread/log.h"

#include <string.h>

#define FIELD_SIZE(field) sizeof(((struct venue_settings *)0)->field)
static const int64_t dcp_least_ns = 3000000000LL;
static const int64_t second_ns = 1000000000LL;
static const int64_t ms_ns = 1000000LL;

static const struct value_row setting_rows[] = {
#define VENUE_SETTING(name, TYPE, field, range, fallback, says)                                    \
    {#name, VALUE_##TYPE, offsetof(struct venue_settings, field), FIELD_SIZE(field),               \
     range, fallback},
#include "tables/venue_settings.def"
#undef VENUE_SETTING
};

static const struct setting_text setting_texts[] = {
#define VENUE_SETTING(name, TYPE, field, range, fallback, says)                                    \
    {#name, #TYPE, range, fallback, "NEEDS_RESTART", says},
#include "tables/venue_settings.def"
#undef VENUE_SETTING
};

enum { SETTINGS = sizeof setting_rows / sizeof setting_rows[0] };

uint32_t config_venue_settings(const struct setting_text **rows)
{
    *rows = setting_texts;
    return SETTINGS;
}

void venue_defaults(struct venue_settings *settings)
{
    struct err err;

    for (uint32_t at = 0; at < SETTINGS; at++)
        assert(value_read(&setting_rows[at], setting_rows[at].fallback, settings, &err) == OK);
}

bool config_venue_find(const struct config *config, const char *name, size_t length,
                       uint16_t *venue)
{
    for (*venue = 0; *venue < config->venues; (*venue)++)
        if (strlen(config->venue[*venue]) == length &&
            memcmp(config->venue[*venue], name, length) == 0)
            return true;
    return false;
}

/* ---- one entry -------------------------------------------------------------------------- */

static enum status read_setting(struct yaml_file *file, const struct yaml_pair *pair,
                                struct venue_settings *settings, struct err *err)
{
    for (uint32_t at = 0; at < SETTINGS; at++)
        if (strcmp(setting_rows[at].path, pair->key) == 0)
            return value_read_node(file, &setting_rows[at], pair->value, settings, err);
    return yaml_refuse(file, pair->key_node, err, "unknown key '%s' of a venue", pair->key);
}

static enum status read_entry(struct yaml_file *file, const yaml_node_t *item, const char **name,
                              struct venue_settings *settings, struct err *err)
{
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, item, "an entry of venues", err);

    venue_defaults(settings);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, item, at, &pair); at++) {
        if (strcmp(pair.key, "venue") == 0)
            *name = yaml_text(pair.value);
        else
            status = read_setting(file, &pair, settings, err);
    }
    return status;
}

enum status venue_read(struct config *config, struct yaml_file *file, const yaml_node_t *item,
                       struct err *err)
{
    struct venue_settings settings = {0};
    const char *name = NULL;
    uint16_t known;
    enum status status = read_entry(file, item, &name, &settings, err);

    if (status != OK)
        return status;
    if (!name || !name_is_fit(name, false))
        return yaml_refuse(file, item, err,
                           "a venue needs `venue:`, a name of letters, digits, '-'");
    if (config_venue_find(config, name, strlen(name), &known))
        return yaml_refuse(file, item, err, "venue '%s' is there twice", name);
    if (config->venues == MAX_VENUES)
        return yaml_refuse(file, item, err, "more than %d venues", MAX_VENUES);
    config->venue_settings[config->venues] = settings;
    (void)snprintf(config->venue[config->venues++], MAX_NAME, "%s", name);
    return OK;
}

/* ---- where it is ------------------------------------------------------------------------ */

/* A refusal and what it is about. */
struct about {
    struct yaml_file *file;
    const yaml_node_t *item; /* the entry */
    const char *venue;
    struct venue_settings *settings;
};

/* Of a key of the entry; of the entry when the key is not there. */
static const yaml_node_t *node_of(const struct about *about, const char *key)
{
    const yaml_node_t *node = yaml_find(about->file, about->item, key);

    return node ? node : about->item;
}

static const struct environment {
    const char *name, *rest, *stream;
} environments[] = {
    {"testnet", "https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com"},
    {"live", "https://api.bybit.com", "wss://stream.bybit.com"},
};

static enum status fill_urls(const struct about *about, struct err *err)
{
    struct venue_settings *settings = about->settings;

    for (size_t at = 0; at < sizeof environments / sizeof environments[0]; at++) {
        if (strcmp(settings->environment, environments[at].name) != 0)
            continue;
        if (settings->rest[0] == '\0')
            (void)snprintf(settings->rest, CONFIG_TEXT_MAX, "%s", environments[at].rest);
        if (settings->stream[0] == '\0')
            (void)snprintf(settings->stream, CONFIG_TEXT_MAX, "%s", environments[at].stream);
    }
    if (settings->rest[0] == '\0' || settings->stream[0] == '\0')
        return yaml_refuse(about->file, node_of(about, "environment"), err,
                           "venue %s: environment custom needs rest and stream", about->venue);
    return OK;
}

struct address {
    const char *key, *text;
    const char *secure, *plain; /* schemes */
    bool is_ws;
    struct url url;
};

/* False: not SCHEME://HOST[:PORT]. */
static bool address_parse(struct address *address)
{
    const char *scheme = strstr(address->text, "://");

    return !url_parse(&address->url, address->text) && address->url.is_ws == address->is_ws &&
           !strchr(scheme + 3, '/');
}

static bool host_has(const struct address *address, const char *part)
{
    return strstr(address->url.host, part) != NULL;
}

static bool is_here(const struct address *address)
{
    return host_is_loopback(address->url.host, strlen(address->url.host));
}

static bool is_bybits_own(const struct address *address)
{
    return host_has(address, "bybit.") || host_has(address, "bytick.");
}

/* What is wrong with a host in an environment; NULL: nothing. */
static const char *misplaced(const struct address *address, const char *environment)
{
    bool is_testnet = host_has(address, "testnet");

    if (strcmp(environment, "custom") == 0)
        return is_bybits_own(address) ? "is Bybit's own: say environment testnet or live" : NULL;
    if (is_here(address))
        return "is on this machine: say environment custom";
    if (strcmp(environment, "live") == 0)
        return is_testnet ? "is of the testnet, and the environment is live" : NULL;
    return is_testnet ? NULL : "is not of the testnet, and the environment is testnet";
}

static enum status check_address(const struct about *about, struct address address, struct err *err)
{
    const yaml_node_t *node = node_of(about, address.key);
    const char *wrong;

    if (!address_parse(&address))
        return yaml_refuse(about->file, node, err, "venue %s: %s '%s' is not %sHOST or %sHOST:PORT",
                           about->venue, address.key, address.text, address.secure, address.secure);
    if (!address.url.tls && !is_here(&address))
        return yaml_refuse(about->file, node, err,
                           "venue %s: %s '%s' would go in the clear: %s is for loopback only, use "
                           "%s",
                           about->venue, address.key, address.text, address.plain, address.secure);
    wrong = misplaced(&address, about->settings->environment);
    if (wrong)
        return yaml_refuse(about->file, node, err, "venue %s: %s '%s' %s", about->venue,
                           address.key, address.text, wrong);
    return OK;
}

static enum status check_addresses(const struct about *about, struct err *err)
{
    const struct venue_settings *settings = about->settings;
    enum status status = fill_urls(about, err);

    if (status == OK)
        status = check_address(
            about,
            (struct address){
                .key = "rest", .text = settings->rest, .secure = "https://", .plain = "http://"},
            err);
    if (status == OK)
        status = check_address(about,
                               (struct address){.key = "stream",
                                                .text = settings->stream,
                                                .secure = "wss://",
                                                .plain = "ws://",
                                                .is_ws = true},
                               err);
    return status;
}

/* ---- what no row can tell ---------------------------------------------------------------- */

static enum status check_numbers(const struct about *about, int64_t void_after_ns, struct err *err)
{
    const struct venue_settings *settings = about->settings;

    if (settings->depth != 1 && settings->depth != 50 && settings->depth != 200 &&
        settings->depth != 1000)
        return yaml_refuse(about->file, node_of(about, "depth"), err,
                           "venue %s: depth %lld is none of 1, 50, 200, 1000", about->venue,
                           (long long)settings->depth);
    if (settings->private_silence_ns <= settings->heartbeat_ns)
        return yaml_refuse(about->file, node_of(about, "private_silence_ms"), err,
                           "venue %s: private_silence_ms must be above heartbeat_ms: between two "
                           "pings a stream may well say nothing",
                           about->venue);
    if (settings->dcp_ns != 0 &&
        (settings->dcp_ns < dcp_least_ns || settings->dcp_ns % second_ns != 0))
        return yaml_refuse(about->file, node_of(about, "dcp_ms"), err,
                           "venue %s: dcp_ms must be 0 or whole seconds from 3000 on",
                           about->venue);
    if (void_after_ns <= settings->recv_window_ms * ms_ns)
        return yaml_refuse(about->file, node_of(about, "recv_window_ms"), err,
                           "venue %s: recv_window_ms must be below engine.void_after_ms: an order "
                           "would be given up that the venue may still take",
                           about->venue);
    return OK;
}

/* A key that a simulated venue has no use for was meant for something. */
static enum status check_simulated(const struct about *about, struct err *err)
{
    struct yaml_pair pair;

    for (uint32_t at = 0; yaml_map_at(about->file, about->item, at, &pair); at++)
        if (strcmp(pair.key, "venue") != 0 && strcmp(pair.key, "gateway") != 0)
            return yaml_refuse(about->file, pair.key_node, err,
                               "venue %s: '%s' is of gateway bybit-v5, and this venue is simulated",
                               about->venue, pair.key);
    return OK;
}

static enum status check_bybit(const struct about *about, int64_t void_after_ns, struct err *err)
{
    enum status status;

    if (strcmp(about->venue, "bybit-linear") != 0 && strcmp(about->venue, "bybit-spot") != 0)
        return yaml_refuse(about->file, about->item, err,
                           "venue %s: gateway bybit-v5 serves venues named bybit-linear or "
                           "bybit-spot: the name says which of its markets",
                           about->venue);
    status = check_addresses(about, err);
    return status == OK ? check_numbers(about, void_after_ns, err) : status;
}

/* ---- mode ------------------------------------------------------------------------------- */

static enum status check_mode_of(const struct about *about, enum mode mode, struct err *err)
{
    bool is_real = about->settings->kind == GATEWAY_BYBIT;

    if (is_real && (mode == MODE_SIM || mode == MODE_REPLAY))
        return yaml_refuse(about->file, node_of(about, "gateway"), err,
                           "venue %s: gateway bybit-v5 is for modes paper and live, and the mode "
                           "is %s",
                           about->venue, mode_name(mode));
    if (!is_real && mode == MODE_LIVE)
        return yaml_refuse(about->file, about->item, err,
                           "venue %s: it is simulated, and mode live has real venues only: take it "
                           "out, or use mode paper",
                           about->venue);
    if (mode == MODE_LIVE && about->settings->key_file[0] == '\0')
        return yaml_refuse(about->file, about->item, err,
                           "venue %s: mode live needs key_file, the file of key and secret",
                           about->venue);
    return OK;
}

/* What is only played back or made up does not mix with a market that is there now. */
static enum status check_market(const struct config *config, struct yaml_file *file,
                                const yaml_node_t *mode, struct err *err)
{
    if (strcmp(config->market.speed, "real") != 0)
        return yaml_refuse(file, mode, err, "mode %s runs in real time: market.speed must be real",
                           mode_name(config->mode));
    if (config->market.matching != MATCHING_L2)
        return yaml_refuse(file, mode, err,
                           "mode %s: market.matching l3 is for the synthetic market: set l2",
                           mode_name(config->mode));
    if (config->mode == MODE_LIVE && config->market.faults[0] != '\0')
        return yaml_refuse(file, mode, err,
                           "mode live: market.faults is for the simulated venue: take it out");
    return OK;
}

static enum status check_together(const struct config *config, struct yaml_file *file,
                                  struct err *err)
{
    const yaml_node_t *mode = yaml_find(file, yaml_file_root(file), "mode");
    uint32_t real = 0;

    if (config->mode != MODE_PAPER && config->mode != MODE_LIVE)
        return OK;
    for (uint16_t at = 0; at < config->venues; at++)
        real += config->venue_settings[at].kind == GATEWAY_BYBIT;
    if (real == 0)
        return yaml_refuse(file, mode, err,
                           "mode %s wants at least one venue with gateway: bybit-v5",
                           mode_name(config->mode));
    return check_market(config, file, mode, err);
}

enum status venues_check(struct config *config, struct yaml_file *file, struct err *err)
{
    const yaml_node_t *list = yaml_find(file, yaml_file_root(file), "venues");
    struct about about = {.file = file};
    enum status status = OK;

    for (uint16_t at = 0; status == OK && at < config->venues; at++) {
        about.settings = &config->venue_settings[at];
        about.venue = config->venue[at];
        assert(yaml_list_at(file, list, at, &about.item));
        status = about.settings->kind == GATEWAY_BYBIT
                     ? check_bybit(&about, config->rules.void_after_ns, err)
                     : check_simulated(&about, err);
        if (status == OK)
            status = check_mode_of(&about, config->mode, err);
    }
    return status == OK ? check_together(config, file, err) : status;
}

/* ---- gateways --------------------------------------------------------------------------- */

uint16_t config_gateways(const struct config *config, uint16_t venue_gateway[MAX_VENUES])
{
    uint16_t gateways = 0;
    uint16_t simulated = MAX_GATEWAYS;

    for (uint16_t at = 0; at < config->venues; at++) {
        bool is_simulated = config->venue_settings[at].kind == GATEWAY_SIMULATED;

        if (is_simulated && simulated == MAX_GATEWAYS)
            simulated = gateways++;
        else if (!is_simulated)
            venue_gateway[at] = gateways++;
        if (is_simulated)
            venue_gateway[at] = simulated;
    }
    assert(gateways > 0 && gateways <= MAX_GATEWAYS);
    return gateways;
}

uint16_t config_gateway_venue(const struct config *config, uint16_t gateway)
{
    uint16_t venue_gateway[MAX_VENUES] = {0};
    uint16_t venue = 0;

    assert(gateway < config_gateways(config, venue_gateway));
    while (venue_gateway[venue] != gateway)
        venue++;
    return venue;
}

const char *config_gateway_name(const struct config *config, uint16_t gateway)
{
    uint16_t venue = config_gateway_venue(config, gateway);

    return config->venue_settings[venue].kind == GATEWAY_SIMULATED ? "simulated"
                                                                   : config->venue[venue];
}
