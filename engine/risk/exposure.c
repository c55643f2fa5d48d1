#include "risk/exposure.h"

/* Within +-INT64_MAX, so that the sign can always be turned. */
static int64_t clamp(__int128 wide)
{
    if (wide > INT64_MAX)
        return INT64_MAX;
    return wide < -INT64_MAX ? -INT64_MAX : (int64_t)wide;
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

/* In 64 bits as long as it fits: twice on the way of every order. */
static int64_t worth(__int128 lots, int64_t lot_value_e8)
{
    int64_t narrow = (int64_t)lots;
    int64_t product;

    if (narrow != lots || __builtin_mul_overflow(narrow, lot_value_e8, &product) ||
        product == INT64_MIN)
        return clamp(lots * lot_value_e8);
    return product;
}

struct exposure_figures exposure_of(struct exposure_lots lots, int64_t lot_value_e8)
{
    struct exposure_figures figures = {
        .long_e8 = worth((__int128)lots.position + lots.buys, lot_value_e8),
        .short_e8 = worth((__int128)lots.position - lots.sells, lot_value_e8),
    };
    int64_t up = magnitude(figures.long_e8);
    int64_t down = magnitude(figures.short_e8);

    figures.gross_e8 = up > down ? up : down;
    return figures;
}

struct exposure_sums exposure_change(struct exposure_figures now, struct exposure_figures then)
{
    return (struct exposure_sums){.long_e8 = then.long_e8 - (__int128)now.long_e8,
                                  .short_e8 = then.short_e8 - (__int128)now.short_e8,
                                  .gross_e8 = then.gross_e8 - (__int128)now.gross_e8};
}

static void add(struct exposure_sums *sum, const struct exposure_sums *change)
{
    sum->long_e8 += change->long_e8;
    sum->short_e8 += change->short_e8;
    sum->gross_e8 += change->gross_e8;
}

struct exposure_figures exposure_now(const struct exposure *exposure, uint16_t scope)
{
    return exposure_if(exposure, scope, &(struct exposure_sums){0});
}

struct exposure_figures exposure_if(const struct exposure *exposure, uint16_t scope,
                                    const struct exposure_sums *change)
{
    struct exposure_sums sum = exposure->scope[scope];

    add(&sum, change);
    return (struct exposure_figures){.long_e8 = clamp(sum.long_e8),
                                     .short_e8 = clamp(sum.short_e8),
                                     .gross_e8 = clamp(sum.gross_e8)};
}

void exposure_set_total(struct exposure *exposure, const struct order_scopes *scopes,
                        uint16_t instrument, struct exposure_figures figures)
{
    const uint16_t touched[] = {scopes->firm, scopes->venue, scopes->instrument};
    struct exposure_figures *now = &exposure->total[instrument];
    struct exposure_sums change = exposure_change(*now, figures);

    for (unsigned at = 0; at < sizeof touched / sizeof touched[0]; at++)
        add(&exposure->scope[touched[at]], &change);
    *now = figures;
}

void exposure_set_own(struct exposure *exposure, const struct order_scopes *scopes,
                      uint16_t strategy, uint16_t instrument, struct exposure_figures figures)
{
    struct exposure_figures *now = &exposure->own[strategy][instrument];
    struct exposure_sums change = exposure_change(*now, figures);

    add(&exposure->scope[scopes->strategy], &change);
    *now = figures;
}
