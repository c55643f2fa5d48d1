#include "control/order_read.h"

#include "thread/log.h"

#include <string.h>

/* The words of an enumeration, in its order. */
static const char *const sides[] = {"buy", "sell", NULL};
static const char *const types[] = {"limit", "market", NULL};
static const char *const tifs[] = {"GTC", "IOC", "FOK", NULL};

static enum status read_word(const json_t *body, const char *member, const char *const *words,
                             uint8_t *value, struct err *err)
{
    const char *text = json_string_value(json_object_get(body, member));

    for (uint8_t at = 0; text && words[at]; at++)
        if (strcmp(text, words[at]) == 0) {
            *value = at;
            return OK;
        }
    return err_format(err, ERR_MALFORMED, "\"%s\" is missing or unknown", member);
}

static enum status read_flag(const json_t *body, const char *member, uint8_t bit, uint8_t *flags,
                             struct err *err)
{
    const json_t *value = json_object_get(body, member);

    if (value && !json_is_boolean(value))
        return err_format(err, ERR_MALFORMED, "\"%s\" must be true or false", member);
    if (json_is_true(value))
        *flags |= bit;
    return OK;
}

static enum status read_decimal(const json_t *body, const char *member, const char **text,
                                struct err *err)
{
    *text = json_string_value(json_object_get(body, member));
    if (*text && text_is_decimal(*text))
        return OK;
    return err_format(err, ERR_MALFORMED, "\"%s\" must be a decimal string", member);
}

/* True when `text` is a positive multiple of `unit` (in 10^-decimals), at most `max` of them; else
 * *count stays. */
static bool count_units(const char *text, uint32_t decimals, int64_t unit, int64_t max,
                        int64_t *count)
{
    int64_t value;

    if (!decimal_parse(text, strlen(text), decimals, &value) || value <= 0 || value % unit != 0 ||
        value / unit > max)
        return false;
    *count = value / unit;
    return true;
}

static enum status read_words(const json_t *body, struct intent *intent, struct err *err)
{
    enum status status;

    if ((status = read_word(body, "side", sides, &intent->side, err)) != OK ||
        (status = read_word(body, "type", types, &intent->type, err)) != OK ||
        (status = read_flag(body, "post_only", ORDER_POST_ONLY, &intent->flags, err)) != OK ||
        (status = read_flag(body, "reduce_only", ORDER_REDUCE_ONLY, &intent->flags, err)) != OK)
        return status;
    intent->tif = intent->type == TYPE_MARKET ? TIF_IOC : TIF_GTC;
    if (json_object_get(body, "tif") &&
        (status = read_word(body, "tif", tifs, &intent->tif, err)) != OK)
        return status;
    if (intent->type == TYPE_MARKET && intent->tif == TIF_GTC)
        intent->tif = TIF_IOC;
    if ((intent->flags & ORDER_POST_ONLY) && intent->tif != TIF_GTC)
        return err_set(err, ERR_MALFORMED, "only a GTC limit order can be \"post_only\"");
    return OK;
}

enum status order_read(const struct config *config, const json_t *body, struct intent *intent,
                       enum denial *denial, struct err *err)
{
    static const char *const members[] = {"instrument", "side",      "qty",         "price", "type",
                                          "tif",        "post_only", "reduce_only", NULL};
    const char *name = json_string_value(json_object_get(body, "instrument"));
    const char *qty, *price = NULL;
    const struct instrument *row;
    enum status status;

    *intent = (struct intent){.kind = INTENT_NEW, .strategy = STRATEGY_MANUAL};
    *denial = DENIAL_NONE;
    if ((status = members_check(body, members, err)) != OK ||
        (status = read_words(body, intent, err)) != OK ||
        (status = read_decimal(body, "qty", &qty, err)) != OK)
        return status;
    if (!name)
        return err_set(err, ERR_MALFORMED, "\"instrument\" must be a string");
    if (intent->type == TYPE_MARKET && json_object_get(body, "price"))
        return err_set(err, ERR_MALFORMED, "a market order has no \"price\"");
    if (intent->type == TYPE_LIMIT && (status = read_decimal(body, "price", &price, err)) != OK)
        return status;

    if (!config_instrument_find(config, name, &intent->instrument)) {
        *denial = DENY_UNKNOWN_INSTRUMENT;
        return OK;
    }
    row = &config->instrument[intent->instrument];
    if (price && !count_units(price, row->price_decimals, row->tick_units, MAX_PRICE_TICKS,
                              &intent->price_ticks))
        *denial = DENY_OFF_TICK;
    else if (!count_units(qty, row->qty_decimals, row->lot_units, MAX_LOTS, &intent->qty_lots))
        *denial = DENY_OFF_LOT;
    return OK;
}

enum status amend_read(const struct instrument *instrument, const json_t *body,
                       struct command_amend_order *amend, enum denial *denial, struct err *err)
{
    static const char *const members[] = {"price", "qty", NULL};
    const char *price = NULL, *qty = NULL;
    enum status status;

    *denial = DENIAL_NONE;
    if ((status = members_check(body, members, err)) != OK)
        return status;
    if (json_object_get(body, "price") && (status = read_decimal(body, "price", &price, err)) != OK)
        return status;
    if (json_object_get(body, "qty") && (status = read_decimal(body, "qty", &qty, err)) != OK)
        return status;
    if (!price && !qty)
        return err_set(err, ERR_MALFORMED,
                       "an amend gives \"price\", \"qty\" (the new total) or both");
    if (price && !count_units(price, instrument->price_decimals, instrument->tick_units,
                              MAX_PRICE_TICKS, &amend->price_ticks))
        *denial = DENY_OFF_TICK;
    else if (qty && !count_units(qty, instrument->qty_decimals, instrument->lot_units, MAX_LOTS,
                                 &amend->qty_lots))
        *denial = DENY_OFF_LOT;
    return OK;
}
