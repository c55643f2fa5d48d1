#include "gateway/bybit/symbol.h"

#include <stdio.h>
#include <string.h>

bool bybit_symbol_is_fine(const char *symbol)
{
    size_t length = strspn(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    return length > 0 && length < BYBIT_SYMBOL_MAX && symbol[length] == '\0';
}

bool bybit_symbol_init(struct bybit_symbol *symbol, const struct instrument *row,
                       uint16_t instrument, bool is_spot)
{
    const char *colon = strchr(row->name, ':');

    *symbol = (struct bybit_symbol){.row = row, .instrument = instrument, .is_spot = is_spot};
    if (!colon || !bybit_symbol_is_fine(colon + 1))
        return false;
    memcpy(symbol->name, colon + 1, strlen(colon + 1) + 1);
    symbol->args_length =
        (size_t)snprintf(symbol->args, sizeof symbol->args, "\"category\":\"%s\",\"symbol\":\"%s\"",
                         bybit_category(is_spot), symbol->name);
    assert(symbol->args_length < sizeof symbol->args);
    return true;
}

bool bybit_text(const json_t *object, const char *key, const char **text)
{
    *text = json_string_value(json_object_get(object, key));
    return *text != NULL;
}

bool bybit_whole(const json_t *object, const char *key, int64_t *value)
{
    const json_t *member = json_object_get(object, key);

    if (json_is_integer(member)) {
        *value = json_integer_value(member);
        return true;
    }
    return json_is_string(member) &&
           decimal_parse(json_string_value(member), json_string_length(member), 0, value);
}

/* A decimal as so many steps of step_units * 10^-decimals. */
static bool on_grid(const char *text, uint32_t decimals, int64_t step_units, int64_t most,
                    int64_t *steps)
{
    int64_t units;

    if (!decimal_parse(text, strlen(text), decimals, &units) || units < 0 ||
        units % step_units != 0 || units / step_units > most)
        return false;
    *steps = units / step_units;
    return true;
}

bool bybit_ticks(const struct bybit_symbol *symbol, const json_t *object, const char *key,
                 int64_t *ticks)
{
    const char *text;

    return bybit_text(object, key, &text) &&
           on_grid(text, symbol->row->price_decimals, symbol->row->tick_units, MAX_PRICE_TICKS,
                   ticks);
}

bool bybit_lots(const struct bybit_symbol *symbol, const json_t *object, const char *key,
                int64_t *lots)
{
    const char *text;

    return bybit_text(object, key, &text) &&
           on_grid(text, symbol->row->qty_decimals, symbol->row->lot_units, MAX_LOTS, lots);
}

/* Cuts a decimal to `scale` decimals; *finer: something that is not zero was cut. */
static bool cut(const char *text, uint32_t scale, int64_t *units, bool *finer)
{
    const char *point = strchr(text, '.');
    size_t length = strlen(text);
    size_t kept = length;

    *finer = false;
    if (point && length - (size_t)(point + 1 - text) > scale) {
        const char *rest = point + 1 + scale;

        if (rest[strspn(rest, "0123456789")] != '\0')
            return false;
        *finer = rest[strspn(rest, "0")] != '\0';
        kept = scale == 0 ? (size_t)(point - text) : (size_t)(rest - text);
    }
    return decimal_parse(text, kept, scale, units);
}

static bool cut_money(const char *text, int64_t *value_e8, bool *finer)
{
    return cut(text, 8, value_e8, finer) && *value_e8 <= MAX_MONEY_E8 && *value_e8 >= -MAX_MONEY_E8;
}

bool bybit_money_up(const char *text, int64_t *value_e8)
{
    bool finer;

    if (!cut_money(text, value_e8, &finer))
        return false;
    *value_e8 += finer && text[0] != '-';
    return true;
}

bool bybit_money_down(const char *text, int64_t *value_e8)
{
    bool finer;

    return cut_money(text, value_e8, &finer);
}
