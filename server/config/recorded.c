/* What a recording trades takes the place of the file's venues and instruments.
 *
 * The `recorded:` map gives each recorded instrument, by name or by "*" for those not named, what
 * its lots and ticks make different: fees, margins, limits, caps, parameters of the strategies.
 * Firm and
 * strategy scopes keep their limits; those of the file's own venues and instruments go. */
#include "config/parts.h"

#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

static enum status read_strategies(struct config *config, struct yaml_file *file,
                                   const yaml_node_t *map, uint16_t instrument, struct err *err)
{
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, map, "strategies of `recorded`", err);

    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        uint16_t strategy;

        if (!strategy_find(config, pair.key, &strategy) || strategy == STRATEGY_MANUAL)
            return yaml_refuse(file, pair.key_node, err, "unknown strategy '%s'", pair.key);
        status = strategy_params_read(config, file, pair.value, config->strategy[strategy].kind,
                                      true, &config->strategy[strategy].params[instrument], err);
    }
    return status;
}

static enum status read_key(struct config *config, struct yaml_file *file,
                            const struct yaml_pair *pair, uint16_t instrument, struct err *err)
{
    uint16_t scope = scope_of_instrument(config->scopes, instrument);
    enum status status = instrument_setting_read(file, pair, &config->instrument[instrument], err);

    if (status != ERR_NOT_FOUND)
        return status;
    if (strcmp(pair->key, "caps") == 0)
        return OK; /* read before the limits */
    if (strcmp(pair->key, "limits") == 0)
        return limits_map_read(file, pair->value, &config->caps[scope], &config->limits[scope],
                               err);
    if (strcmp(pair->key, "strategies") == 0)
        return read_strategies(config, file, pair->value, instrument, err);
    return yaml_refuse(file, pair->key_node, err, "unknown key '%s' of a recorded instrument",
                       pair->key);
}

static enum status apply(struct config *config, struct yaml_file *file, const yaml_node_t *entry,
                         uint16_t instrument, struct err *err)
{
    uint16_t scope = scope_of_instrument(config->scopes, instrument);
    const yaml_node_t *caps;
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, entry, "an entry of `recorded`", err);

    if (status != OK)
        return status;
    caps = yaml_find(file, entry, "caps");
    if (caps)
        status = limits_map_read(file, caps, NULL, &config->caps[scope], err);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, entry, at, &pair); at++)
        status = read_key(config, file, &pair, instrument, err);
    return status == OK ? instrument_check(file, entry, &config->instrument[instrument], err)
                        : status;
}

/* Applies every entry to a copy that is thrown away: a mistake is refused on every start, not on
 * the first one with such a recording. */
static enum status check_all(const struct config *config, struct yaml_file *file,
                             const yaml_node_t *map, struct err *err)
{
    struct config *copy = malloc(sizeof *copy);
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, map, "recorded", err);

    if (!copy)
        return err_set(err, ERR_INTERNAL, "out of memory");
    for (uint32_t at = 0; status == OK && yaml_map_at(file, map, at, &pair); at++) {
        *copy = *config;
        if (strcmp(pair.key, "*") != 0 && !name_is_fit(pair.key, true))
            status = yaml_refuse(file, pair.key_node, err, "'%s' is not VENUE:SYMBOL or \"*\"",
                                 pair.key);
        else
            status = apply(copy, file, pair.value, 0, err);
    }
    free(copy);
    return status;
}

static uint16_t venue_number(struct config *config, const char *name)
{
    uint16_t venue = 0;

    while (venue < config->venues && strcmp(config->venue[venue], name) != 0)
        venue++;
    if (venue < config->venues || venue == MAX_VENUES)
        return venue;
    venue_defaults(&config->venue_settings[venue]); /* simulated */
    (void)snprintf(config->venue[config->venues++], MAX_NAME, "%s", name);
    return venue;
}

static void clear_scope(struct config *config, uint32_t scope)
{
    for (uint32_t id = 0; id < LIMIT_COUNT; id++)
        config->limits[scope].value[id] = config->caps[scope].value[id] =
            config->first_day[scope].value[id] = LIMIT_UNSET;
}

/* Strategies keep their limits, at their new places among the scopes; what plays a recording is not
 * live, and has no first day. */
static void renumber_scopes(struct config *config)
{
    struct scope_map before = config->scopes;
    struct scope_map after = {config->venues, config->strategies, config->instruments};
    struct limits limits[MAX_STRATEGIES];
    struct limits caps[MAX_STRATEGIES];

    for (uint16_t strategy = 0; strategy < config->strategies; strategy++) {
        limits[strategy] = config->limits[scope_of_strategy(before, strategy)];
        caps[strategy] = config->caps[scope_of_strategy(before, strategy)];
    }
    for (uint32_t scope = 1; scope < MAX_SCOPES; scope++)
        clear_scope(config, scope);
    for (uint16_t strategy = 0; strategy < config->strategies; strategy++) {
        config->limits[scope_of_strategy(after, strategy)] = limits[strategy];
        config->caps[scope_of_strategy(after, strategy)] = caps[strategy];
    }
    config->scopes = after;
}

/* Steps and fees are the recording's; margins and funding the fallbacks of the table. */
static struct instrument recorded_row(const struct instrument *recorded)
{
    struct instrument row = *recorded;

    instrument_defaults(&row);
    row.maker_fee_e8 = recorded->maker_fee_e8;
    row.taker_fee_e8 = recorded->taker_fee_e8;
    return row;
}

static enum status take(struct config *config, const struct feed_instruments *recorded,
                        struct err *err)
{
    config->venues = 0;
    config->instruments = 0;
    config->currencies = 0;
    for (uint16_t at = 0; at < recorded->count; at++) {
        struct instrument *row = &config->instrument[config->instruments++];

        *row = recorded_row(&recorded->row[at]);
        row->venue = venue_number(config, recorded->venue[at]);
        row->currency = currency_number(config, recorded->currency[at]);
        if (row->venue == MAX_VENUES || row->currency == MAX_CURRENCIES)
            return err_format(err, ERR_CONFIG,
                              "the recording has more than %d venues or %d "
                              "currencies",
                              MAX_VENUES, MAX_CURRENCIES);
    }
    renumber_scopes(config);
    for (uint16_t strategy = 1; strategy < config->strategies; strategy++)
        for (uint16_t at = 0; at < config->instruments; at++) {
            config->strategy[strategy].instruments[at] = true;
            config->strategy[strategy].params[at] = config->strategy[strategy].base;
            config->strategy[strategy].params[at].other = NO_INSTRUMENT; /* one of the file's */
        }
    return OK;
}

enum status recorded_read(struct config *config, struct yaml_file *file,
                          const struct feed_instruments *recorded, struct err *err)
{
    const yaml_node_t *map = yaml_find(file, yaml_file_root(file), "recorded");
    enum status status = OK;

    if (map && !yaml_is_null(map))
        status = check_all(config, file, map, err);
    if (status != OK || !recorded)
        return status;
    status = take(config, recorded, err);
    for (uint16_t at = 0; status == OK && map && at < config->instruments; at++) {
        const yaml_node_t *entry = yaml_find(file, map, config->instrument[at].name);

        if (!entry)
            entry = yaml_find(file, map, "*");
        if (entry)
            status = apply(config, file, entry, at, err);
    }
    return status;
}
