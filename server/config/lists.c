/* Instruments, and the list of venues (venues.c).
 *
 * Ticks and lots are decimals; all money arithmetic of the engine rests on one integer per
 * instrument, the value of one tick of one lot (or its inverse), so that integer must be exact:
 * what does not divide is refused here, and no rounding can be hidden anywhere else. */
#include "config/parts.h"

#include "thread/log.h"

#include <string.h>

bool name_is_fit(const char *name, bool with_colon)
{
    size_t length = strlen(name);
    const char *colon = strchr(name, ':');

    if (length == 0 || length >= MAX_NAME)
        return false;
    if (with_colon != (colon != NULL))
        return false;
    if (colon && (colon == name || colon[1] == '\0' || strchr(colon + 1, ':')))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:") ==
           length;
}

uint16_t currency_number(struct config *config, const char *name)
{
    uint16_t number = 0;

    while (number < config->currencies && strcmp(config->currency[number].name, name) != 0)
        number++;
    if (number == MAX_CURRENCIES || number < config->currencies)
        return number;
    (void)snprintf(config->currency[number].name, sizeof config->currency[number].name, "%s", name);
    return config->currencies++;
}

/* What an entry of `instruments` says, before the arithmetic. */
struct entry {
    const yaml_node_t *node;
    const char *name, *currency, *tick, *lot, *contract_value;
    bool inverse;
    struct instrument row;
};

static const struct value_row setting_rows[] = {
#define INSTRUMENT_SETTING(name, TYPE, field, range, fallback, says)                               \
    {#name, VALUE_##TYPE, offsetof(struct instrument, field), sizeof(int64_t), range, fallback},
#include "tables/instrument_settings.def"
#undef INSTRUMENT_SETTING
};

static const struct setting_text setting_texts[] = {
#define INSTRUMENT_SETTING(name, TYPE, field, range, fallback, says)                               \
    {#name, #TYPE, range, fallback, "NEEDS_RESTART", says},
#include "tables/instrument_settings.def"
#undef INSTRUMENT_SETTING
};

enum { SETTINGS = sizeof setting_rows / sizeof setting_rows[0] };

uint32_t config_instrument_settings(const struct setting_text **rows)
{
    *rows = setting_texts;
    return SETTINGS;
}

void instrument_defaults(struct instrument *row)
{
    struct err err;

    for (uint32_t at = 0; at < SETTINGS; at++)
        assert(value_read(&setting_rows[at], setting_rows[at].fallback, row, &err) == OK);
}

enum status instrument_setting_read(struct yaml_file *file, const struct yaml_pair *pair,
                                    struct instrument *row, struct err *err)
{
    for (uint32_t at = 0; at < SETTINGS; at++)
        if (strcmp(setting_rows[at].path, pair->key) == 0)
            return value_read_node(file, &setting_rows[at], pair->value, row, err);
    return ERR_NOT_FOUND;
}

enum status instrument_check(struct yaml_file *file, const yaml_node_t *node,
                             const struct instrument *row, struct err *err)
{
    if (row->initial_margin_e8 < row->maintenance_margin_e8)
        return yaml_refuse(file, node, err,
                           "%s: initial_margin is below maintenance_margin: what has just been "
                           "bought would be liquidated",
                           row->name);
    return OK;
}

static const struct value_row inverse_row = {
    "inverse",    VALUE_BOOL,   offsetof(struct instrument, inverse),
    sizeof(bool), "true|false", "false"};

static enum status take_text(struct yaml_file *file, const struct yaml_pair *pair,
                             const char **text, struct err *err)
{
    *text = yaml_text(pair->value);
    if (!*text || (*text)[0] == '\0')
        return yaml_refuse(file, pair->value, err, "%s: a value is missing", pair->key);
    return OK;
}

static enum status read_entry(struct yaml_file *file, struct entry *entry, struct err *err)
{
    struct yaml_pair pair;
    enum status status = yaml_check_map(file, entry->node, "an entry of instruments", err);

    for (uint32_t at = 0; status == OK && yaml_map_at(file, entry->node, at, &pair); at++) {
        if (strcmp(pair.key, "instrument") == 0)
            status = take_text(file, &pair, &entry->name, err);
        else if (strcmp(pair.key, "tick") == 0)
            status = take_text(file, &pair, &entry->tick, err);
        else if (strcmp(pair.key, "lot") == 0)
            status = take_text(file, &pair, &entry->lot, err);
        else if (strcmp(pair.key, "currency") == 0)
            status = take_text(file, &pair, &entry->currency, err);
        else if (strcmp(pair.key, "contract_value") == 0)
            status = take_text(file, &pair, &entry->contract_value, err);
        else if (strcmp(pair.key, "inverse") == 0)
            status = value_read_node(file, &inverse_row, pair.value, &entry->row, err);
        else if ((status = instrument_setting_read(file, &pair, &entry->row, err)) == ERR_NOT_FOUND)
            status = yaml_refuse(file, pair.key_node, err, "unknown key '%s' of an instrument",
                                 pair.key);
    }
    return status;
}

/* "0.010" is 1 unit at 2 decimals. */
static bool step_parse(const char *text, int64_t *units, uint32_t *decimals)
{
    assert(text); /* check_names() refused an entry without it */
    if (!decimal_parse(text, strlen(text), MAX_TICK_DECIMALS, units) || *units <= 0)
        return false;
    for (*decimals = MAX_TICK_DECIMALS; *decimals > 0 && *units % 10 == 0; (*decimals)--)
        *units /= 10;
    return true;
}

/* Both forms are one exact quotient (contract_e8 has the 1e8 of the result in it):
 *   linear   tick * lot * contract_value * 1e8    inverse  lot * contract_value * 1e8 / tick */
static bool values_fill(struct instrument *row, int64_t contract_e8)
{
    __int128 above = (__int128)row->lot_units * contract_e8;
    __int128 below = decimal_one(row->qty_decimals);
    int64_t *value = row->inverse ? &row->inverse_value_e8_ticks : &row->tick_value_e8;

    if (above > (__int128)MAX_MONEY_E8)
        return false;
    if (row->inverse) {
        above *= decimal_one(row->price_decimals);
        below *= row->tick_units;
    } else {
        above *= row->tick_units;
        below *= decimal_one(row->price_decimals);
    }
    if (above % below != 0 || above / below > (__int128)MAX_MONEY_E8)
        return false;
    *value = (int64_t)(above / below);
    return *value > 0;
}

static enum status fill_steps(struct yaml_file *file, struct entry *entry, struct err *err)
{
    struct instrument *row = &entry->row;
    const char *contract = entry->contract_value ? entry->contract_value : "1";
    int64_t contract_e8;

    if (!step_parse(entry->tick, &row->tick_units, &row->price_decimals) ||
        row->tick_units > MAX_PRICE_TICKS)
        return yaml_refuse(file, entry->node, err,
                           "%s: tick '%s' is not a positive decimal of at "
                           "most %d places",
                           entry->name, entry->tick, MAX_TICK_DECIMALS);
    if (!step_parse(entry->lot, &row->lot_units, &row->qty_decimals) || row->lot_units > MAX_LOTS)
        return yaml_refuse(file, entry->node, err,
                           "%s: lot '%s' is not a positive decimal of at "
                           "most %d places",
                           entry->name, entry->lot, MAX_TICK_DECIMALS);
    if (!decimal_parse(contract, strlen(contract), 8, &contract_e8) || contract_e8 <= 0)
        return yaml_refuse(file, entry->node, err,
                           "%s: contract_value '%s' is not a positive "
                           "decimal of at most 8 places",
                           entry->name, contract);
    if (!values_fill(row, contract_e8))
        return yaml_refuse(file, entry->node, err,
                           "%s: one tick of one lot (%s x %s x %s) is not a "
                           "whole number of 0.00000001 %s: the money would not be exact",
                           entry->name, entry->tick, entry->lot, contract, entry->currency);
    if (!instrument_is_within_bounds(row))
        return yaml_refuse(file, entry->node, err,
                           "%s: one tick of one lot (%s x %s x %s) is worth more than can be "
                           "counted exactly",
                           entry->name, entry->tick, entry->lot, contract);
    return OK;
}

static enum status check_names(struct config *config, struct yaml_file *file, struct entry *entry,
                               struct err *err)
{
    uint16_t known;

    if (!entry->name || !entry->tick || !entry->lot || !entry->currency)
        return yaml_refuse(file, entry->node, err,
                           "an instrument needs instrument, tick, lot and currency");
    if (!name_is_fit(entry->name, true))
        return yaml_refuse(file, entry->node, err, "instrument '%s' is not VENUE:SYMBOL",
                           entry->name);
    if (!config_venue_find(config, entry->name, strcspn(entry->name, ":"), &entry->row.venue))
        return yaml_refuse(file, entry->node, err, "instrument '%s': its venue is not in venues",
                           entry->name);
    if (config_instrument_find(config, entry->name, &known))
        return yaml_refuse(file, entry->node, err, "instrument '%s' is there twice", entry->name);
    if (!name_is_fit(entry->currency, false) ||
        strlen(entry->currency) >= sizeof config->currency[0].name)
        return yaml_refuse(file, entry->node, err, "currency '%s' is not a name", entry->currency);
    if (config->instruments == MAX_INSTRUMENTS)
        return yaml_refuse(file, entry->node, err, "more than %d instruments", MAX_INSTRUMENTS);
    return OK;
}

static enum status read_instrument(struct config *config, struct yaml_file *file,
                                   const yaml_node_t *item, struct err *err)
{
    struct entry entry = {.node = item};
    enum status status;

    instrument_defaults(&entry.row);
    status = read_entry(file, &entry, err);
    if (status == OK)
        status = check_names(config, file, &entry, err);
    if (status == OK)
        status = fill_steps(file, &entry, err);
    if (status != OK)
        return status;
    entry.row.currency = currency_number(config, entry.currency);
    if (entry.row.currency == MAX_CURRENCIES)
        return yaml_refuse(file, item, err, "more than %d currencies", MAX_CURRENCIES);
    (void)snprintf(entry.row.name, sizeof entry.row.name, "%s", entry.name);
    config->instrument[config->instruments++] = entry.row;
    return instrument_check(file, item, &entry.row, err);
}

static enum status read_list(struct config *config, struct yaml_file *file, const char *key,
                             enum status (*read)(struct config *, struct yaml_file *,
                                                 const yaml_node_t *, struct err *),
                             struct err *err)
{
    const yaml_node_t *list = yaml_find(file, yaml_file_root(file), key);
    const yaml_node_t *item;
    enum status status;

    if (!list)
        return err_format(err, ERR_CONFIG, "%s:1: `%s:` is missing", file->path, key);
    status = yaml_check_list(file, list, key, err);
    if (status == OK && !yaml_list_at(file, list, 0, &item))
        status = yaml_refuse(file, list, err, "%s is empty", key);
    for (uint32_t at = 0; status == OK && yaml_list_at(file, list, at, &item); at++)
        status = read(config, file, item, err);
    return status;
}

enum status lists_read(struct config *config, struct yaml_file *file, struct err *err)
{
    enum status status = read_list(config, file, "venues", venue_read, err);

    if (status == OK)
        status = venues_check(config, file, err);
    if (status == OK)
        status = read_list(config, file, "instruments", read_instrument, err);
    return status;
}
