/* Parameters of strategies, by table: engine/tables/parameters.def.
 *
 * All are int64 in held units (INTEGER as it is, MS in ns, RATIO in 1e-8, INSTRUMENT its
 * number), one set per strategy and instrument. A set is only ever put in force whole: first each
 * value is held against its row, then strategy_fault() looks at what rows cannot say. Pure
 * functions over tables; any thread. */
#ifndef PITWALL_STRATEGY_PARAMETERS_H
#define PITWALL_STRATEGY_PARAMETERS_H

#include "domain/instrument.h"

enum strategy_kind {
    STRATEGY_KIND_MANUAL, /* people's own orders: no strategy runs, there are no parameters */
#define STRATEGY(ID, name, legs, says) STRATEGY_KIND_##ID,
#include "tables/strategies.def"
#undef STRATEGY
    STRATEGY_KIND_COUNT
};

const char *strategy_kind_name(enum strategy_kind kind); /* "maker" */
const char *strategy_kind_says(enum strategy_kind kind);
/* STRATEGY_KIND_COUNT when there is none of that name, and for "manual". */
enum strategy_kind strategy_kind_find(const char *name);
/* True when it trades a second instrument, the one that its parameter `other` names. */
bool strategy_kind_has_other(enum strategy_kind kind);

#define NO_INSTRUMENT (-1)

struct strategy_params {
#define PARAMETER(ID, name, kinds, type, field, ...) int64_t field;
#include "tables/parameters.def"
#undef PARAMETER
};

enum parameter_id {
#define PARAMETER(ID, ...) PARAMETER_##ID,
#include "tables/parameters.def"
#undef PARAMETER
    PARAMETER_COUNT
};

enum parameter_type { PARAMETER_INTEGER, PARAMETER_MS, PARAMETER_RATIO, PARAMETER_INSTRUMENT };
/* Which change lets the strategy risk more. */
enum parameter_looser {
    PARAMETER_LOOSER_UP,
    PARAMETER_LOOSER_DOWN,
    PARAMETER_LOOSER_EITHER,
    PARAMETER_LOOSER_NEITHER
};

struct parameter_row {
    const char *name, *unit, *says;
    enum parameter_type type;
    enum parameter_looser looser;
    uint32_t kinds;  /* bit by enum strategy_kind */
    uint32_t offset; /* of its field in struct strategy_params */
    int64_t min, max, fallback;
};

const struct parameter_row *parameter_row(enum parameter_id id);
/* PARAMETER_COUNT when that kind of strategy has none of that name. */
enum parameter_id parameter_find(enum strategy_kind kind, const char *name);
static inline bool parameter_is_of(enum parameter_id id, enum strategy_kind kind)
{
    return (parameter_row(id)->kinds >> kind & 1) != 0;
}

bool parameter_loosens(enum parameter_id id, int64_t now, int64_t next);

int64_t parameter_get(const struct strategy_params *params, enum parameter_id id);
void parameter_set(struct strategy_params *params, enum parameter_id id, int64_t value);
void parameters_default(struct strategy_params *params);

/* The second leg of a strategy in `instrument`; NO_INSTRUMENT when it has none there. */
int64_t strategy_other(enum strategy_kind kind, const struct strategy_params *params,
                       uint16_t instrument);

/* Lots of the other leg that balance one lot of this, as a fraction in lowest terms, each part at
 * most 1e10. False when they do not fit. */
struct lot_ratio {
    int64_t other_lots, lots;
};
bool lot_ratio_of(const struct instrument *row, const struct instrument *other, int64_t hedge_e8,
                  struct lot_ratio *ratio);

/* What a strategy is made of, for the check below. */
struct strategy_setup {
    enum strategy_kind kind;
    uint16_t instruments;                 /* how many there are */
    const bool *trades;                   /* MAX_INSTRUMENTS */
    const struct strategy_params *params; /* MAX_INSTRUMENTS */
    const struct instrument *rows;        /* MAX_INSTRUMENTS */
};
/* What is wrong with all of a strategy's parameters taken together; NULL: nothing. *instrument is
 * where. Values are within their rows. */
const char *strategy_fault(const struct strategy_setup *setup, uint16_t *instrument);

#endif
