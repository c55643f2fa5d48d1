#include "strategy/parameters.h"

#include "base/assert.h"

#include <stddef.h>
#include <string.h>

#define MS_NS 1000000LL
/* With these, what a lot earns fits 128 bits at every price: 1e9 * 1e10 * 1e10 * 1.5e8. */
#define LOT_RATIO_MAX 10000000000LL
#define LEG_TICK_VALUE_MAX_E8 10000000000LL

enum { INTEGER = PARAMETER_INTEGER, MS = PARAMETER_MS };
enum { RATIO = PARAMETER_RATIO, INSTRUMENT = PARAMETER_INSTRUMENT };
enum {
    UP = PARAMETER_LOOSER_UP,
    DOWN = PARAMETER_LOOSER_DOWN,
    EITHER = PARAMETER_LOOSER_EITHER,
    NEITHER = PARAMETER_LOOSER_NEITHER
};
enum {
    ALL = ~(1 << STRATEGY_KIND_MANUAL),
#define STRATEGY(ID, ...) ID = 1 << STRATEGY_KIND_##ID,
#include "tables/strategies.def"
#undef STRATEGY
};

static const struct parameter_row rows[PARAMETER_COUNT] = {
#define PARAMETER(ID, name, kinds, type, field, min, max, fallback, looser, unit, says)            \
    {#name,                                                                                        \
     unit,                                                                                         \
     says,                                                                                         \
     (enum parameter_type)(type),                                                                  \
     (enum parameter_looser)(looser),                                                              \
     (uint32_t)(kinds),                                                                            \
     offsetof(struct strategy_params, field),                                                      \
     min,                                                                                          \
     max,                                                                                          \
     fallback},
#include "tables/parameters.def"
#undef PARAMETER
};

static const struct {
    const char *name, *says;
    int legs;
} kind_rows[STRATEGY_KIND_COUNT] = {
    {"manual", "people's own orders", 1},
#define STRATEGY(ID, name, legs, says) {#name, says, legs},
#include "tables/strategies.def"
#undef STRATEGY
};

static bool same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *strategy_kind_name(enum strategy_kind kind)
{
    assert((unsigned)kind < STRATEGY_KIND_COUNT);
    return kind_rows[kind].name;
}

const char *strategy_kind_says(enum strategy_kind kind)
{
    assert((unsigned)kind < STRATEGY_KIND_COUNT);
    return kind_rows[kind].says;
}

enum strategy_kind strategy_kind_find(const char *name)
{
    for (uint32_t kind = STRATEGY_KIND_MANUAL + 1; kind < STRATEGY_KIND_COUNT; kind++)
        if (same_text(kind_rows[kind].name, name))
            return (enum strategy_kind)kind;
    return STRATEGY_KIND_COUNT;
}

bool strategy_kind_has_other(enum strategy_kind kind)
{
    assert((unsigned)kind < STRATEGY_KIND_COUNT);
    return kind_rows[kind].legs > 1;
}

const struct parameter_row *parameter_row(enum parameter_id id)
{
    assert((unsigned)id < PARAMETER_COUNT);
    return &rows[id];
}

enum parameter_id parameter_find(enum strategy_kind kind, const char *name)
{
    for (uint32_t id = 0; id < PARAMETER_COUNT; id++)
        if (parameter_is_of((enum parameter_id)id, kind) && same_text(rows[id].name, name))
            return (enum parameter_id)id;
    return PARAMETER_COUNT;
}

bool parameter_loosens(enum parameter_id id, int64_t now, int64_t next)
{
    switch (parameter_row(id)->looser) {
    case PARAMETER_LOOSER_UP:
        return next > now;
    case PARAMETER_LOOSER_DOWN:
        return next < now;
    case PARAMETER_LOOSER_EITHER:
        return next != now;
    case PARAMETER_LOOSER_NEITHER:
        break;
    }
    return false;
}

int64_t parameter_get(const struct strategy_params *params, enum parameter_id id)
{
    int64_t value;

    memcpy(&value, (const uint8_t *)params + parameter_row(id)->offset, sizeof value);
    return value;
}

void parameter_set(struct strategy_params *params, enum parameter_id id, int64_t value)
{
    memcpy((uint8_t *)params + parameter_row(id)->offset, &value, sizeof value);
}

void parameters_default(struct strategy_params *params)
{
    for (uint32_t id = 0; id < PARAMETER_COUNT; id++)
        parameter_set(params, (enum parameter_id)id, rows[id].fallback);
}

int64_t strategy_other(enum strategy_kind kind, const struct strategy_params *params,
                       uint16_t instrument)
{
    if (!strategy_kind_has_other(kind) || params->other == instrument)
        return NO_INSTRUMENT;
    return params->other;
}

/* --- two legs --- */

static __int128 common_divisor(__int128 a, __int128 b)
{
    while (b != 0) {
        __int128 rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* A quantity is lots * lot_units * 10^-qty_decimals. */
bool lot_ratio_of(const struct instrument *row, const struct instrument *other, int64_t hedge_e8,
                  struct lot_ratio *ratio)
{
    __int128 other_lots = (__int128)hedge_e8 * row->lot_units;
    __int128 lots = (__int128)RATIO_ONE_E8 * other->lot_units;
    __int128 divisor;

    if (row->qty_decimals > 12 || other->qty_decimals > 12 || other_lots <= 0 || lots <= 0)
        return false;
    divisor = common_divisor(other_lots, lots);
    other_lots /= divisor;
    lots /= divisor;
    for (uint32_t at = 0; at < other->qty_decimals; at++)
        other_lots *= 10;
    for (uint32_t at = 0; at < row->qty_decimals; at++)
        lots *= 10;
    divisor = common_divisor(other_lots, lots);
    if (other_lots / divisor > LOT_RATIO_MAX || lots / divisor > LOT_RATIO_MAX)
        return false;
    *ratio = (struct lot_ratio){(int64_t)(other_lots / divisor), (int64_t)(lots / divisor)};
    return true;
}

static const char *leg_fault(const struct strategy_setup *setup, uint16_t instrument, int64_t other)
{
    const struct instrument *row = &setup->rows[instrument];
    const struct instrument *second = &setup->rows[other < setup->instruments ? other : 0];
    struct lot_ratio ratio;

    if (other >= setup->instruments || !setup->trades[other])
        return "`other` must be an instrument that the strategy may trade";
    if (strategy_other(setup->kind, &setup->params[other], (uint16_t)other) != NO_INSTRUMENT)
        return "`other` is the first leg of a pair of its own";
    for (uint16_t at = 0; at < setup->instruments; at++)
        if (at != instrument && setup->trades[at] &&
            strategy_other(setup->kind, &setup->params[at], at) == other)
            return "`other` is the second leg of two instruments";
    if (row->inverse || second->inverse)
        return "an inverse contract cannot be a leg";
    if (row->tick_value_e8 > LEG_TICK_VALUE_MAX_E8 || second->tick_value_e8 > LEG_TICK_VALUE_MAX_E8)
        return "a tick of a lot is worth too much for exact money";
    if (row->currency != second->currency)
        return "both legs must settle in one currency";
    if (!lot_ratio_of(row, second, setup->params[instrument].hedge_e8, &ratio))
        return "hedge_ratio does not make a plain ratio of these lots";
    return NULL;
}

const char *strategy_fault(const struct strategy_setup *setup, uint16_t *instrument)
{
    for (uint16_t at = 0; at < setup->instruments; at++) {
        const struct strategy_params *params = &setup->params[at];
        int64_t other = strategy_other(setup->kind, params, at);
        const char *fault = NULL;

        if (!setup->trades[at])
            continue;
        if (setup->kind == STRATEGY_KIND_MOMENTUM && params->fast_ns >= params->slow_ns)
            fault = "fast_ms must be less than slow_ms";
        else if (other != NO_INSTRUMENT)
            fault = leg_fault(setup, at, other);
        *instrument = at;
        if (fault)
            return fault;
    }
    return NULL;
}
