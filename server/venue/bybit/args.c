/* What a request asks for, and ids and numbers as they stand on the wire. */
#include "venue/bybit/inside.h"

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const categories[CATEGORY_NONE + 1] = {"linear", "spot", "inverse", "option",
                                                          ""};

const char *category_name(uint8_t category)
{
    return categories[category < CATEGORY_NONE ? category : CATEGORY_NONE];
}

uint8_t category_find(const char *name)
{
    uint8_t at = 0;

    while (at < CATEGORY_NONE && strcmp(categories[at], name) != 0)
        at++;
    return at;
}

bool arg_is(struct call *call, const char *name)
{
    const json_t *value = json_object_get(call->args, name);
    const char *text = json_string_value(value);

    return value && !json_is_null(value) && (!text || *text);
}

const char *arg_text(struct call *call, const char *name, char room[64])
{
    const json_t *value = json_object_get(call->args, name);

    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        snprintf(room, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) /* a client's number where the venue wants a text */
        snprintf(room, 64, "%.12g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(room, 64, "%s", json_is_true(value) ? "true" : "false");
    else
        room[0] = '\0';
    return room;
}

int64_t arg_whole(struct call *call, const char *name, int64_t otherwise)
{
    char room[64];
    const char *text = arg_text(call, name, room);
    char *end;
    long long value = strtoll(text, &end, 10);

    return *text && !*end ? value : otherwise;
}

bool arg_category(struct call *call)
{
    char room[64];
    const char *name = arg_text(call, "category", room);

    call->category = category_find(name);
    if (call->category != CATEGORY_NONE)
        return true;
    call_refuse(call, CODE_PARAMS, *name ? "Illegal category" : "Request parameter error.");
    return false;
}

bool arg_instrument(struct call *call, uint16_t *instrument)
{
    char room[64];
    const char *symbol = arg_text(call, "symbol", room);

    if (call->category < VENUE_CATEGORY_COUNT &&
        venue_find(call->bybit->venue, (enum venue_category)call->category, symbol, instrument))
        return true;
    call_answer(call, VENUE_NO_INSTRUMENT);
    return false;
}

bool units_read(const char *text, uint32_t decimals, int64_t unit, int64_t *units)
{
    int64_t value;

    if (!decimal_parse(text, strlen(text), decimals, &value) || value % unit != 0)
        return false;
    *units = value / unit;
    return true;
}

int64_t wire_ms(const struct bybit *bybit, int64_t ns)
{
    return (ns + bybit->clock_offset_ns) / NS_PER_MS;
}

/* ---- ids ------------------------------------------------------------------------------ */

/* 19 digits: kind, start of this venue, number. */
#define SPOT_ID_KIND 1000000000000000000ULL
#define SPOT_ID_STARTS 100000000ULL
#define SPOT_ID_NUMBERS 10000000000ULL

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

/* Linear: a UUID whose last twelve digits are the number; spot: a number. Another life of the venue
 * makes other ids of the same numbers: what it had not yet saved when it died repeats none. */
const char *id_text(const struct bybit *bybit, char out[WIRE_ID_MAX], uint8_t category,
                    struct id_parts parts)
{
    uint64_t start = venue_salt(bybit->venue) + parts.life * 7919ULL;
    uint64_t front = mix(mix(start) + parts.no * 8 + parts.kind);

    if (category == VENUE_SPOT)
        snprintf(out, WIRE_ID_MAX, "%llu",
                 parts.kind * SPOT_ID_KIND + start % SPOT_ID_STARTS * SPOT_ID_NUMBERS + parts.no);
    else
        snprintf(out, WIRE_ID_MAX, "%08x-%04x-4%03x-%04x-%012llx", (uint32_t)(front >> 32),
                 (uint32_t)(front >> 16 & 0xffff), (uint32_t)(front & 0xfff),
                 (uint32_t)(0x8000 | (front >> 12 & 0x3fff)), parts.no & 0xffffffffffffULL);
    return out;
}

const char *order_id_text(const struct bybit *bybit, char out[WIRE_ID_MAX],
                          const struct venue_order *order)
{
    uint8_t category = venue_instrument(bybit->venue, order->instrument)->category;

    return id_text(bybit, out, category, (struct id_parts){order->no, order->life, ID_ORDER});
}

bool order_id_find(const struct bybit *bybit, const char *text, uint64_t *no)
{
    char right[WIRE_ID_MAX];
    size_t length = strlen(text);
    const struct venue_order *order;

    *no = length == 36   ? strtoull(text + 24, NULL, 16)
          : length == 19 ? strtoull(text + 9, NULL, 10)
                         : 0;
    order = *no ? venue_order(bybit->venue, *no) : NULL;
    return order && strcmp(order_id_text(bybit, right, order), text) == 0;
}

/* ---- numbers -------------------------------------------------------------------------- */

/* Spot shows no trailing zeros, derivatives do. */
void put_price(struct text *text, const struct venue_instrument *row, int64_t ticks)
{
    text_decimal(text, ticks * row->grid.tick_units, row->grid.price_decimals,
                 row->category == VENUE_SPOT);
}

void put_qty(struct text *text, const struct venue_instrument *row, int64_t lots)
{
    if (lots == 0)
        text_put(text, "\"0\"");
    else
        text_decimal(text, lots * row->grid.lot_units, row->grid.qty_decimals,
                     row->category == VENUE_SPOT);
}

void put_average(struct text *text, const struct venue_instrument *row, int64_t value_e8,
                 int64_t lots)
{
    __int128 scaled = value_e8;

    for (uint32_t at = 0; at < row->grid.qty_decimals; at++)
        scaled *= 10;
    if (lots == 0)
        text_put(text, "\"0\"");
    else
        text_decimal(text, (int64_t)(scaled / ((__int128)lots * row->grid.lot_units)), 8, true);
}
