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

struct exposure_figures exposure_of(struct exposure_lots lots, int64_t lot_value_e8)
{
    struct exposure_figures figures = {
        .long_e8 = clamp(((__int128)lots.position + lots.buys) * lot_value_e8),
        .short_e8 = clamp(((__int128)lots.position - lots.sells) * lot_value_e8),
    };
    int64_t up = magnitude(figures.long_e8);
    int64_t down = magnitude(figures.short_e8);

    figures.gross_e8 = up > down ? up : down;
    return figures;
}

static struct exposure_sums moved(struct exposure_sums sum, struct exposure_figures now,
                                  struct exposure_figures then)
{
    sum.long_e8 += then.long_e8 - (__int128)now.long_e8;
    sum.short_e8 += then.short_e8 - (__int128)now.short_e8;
    sum.gross_e8 += then.gross_e8 - (__int128)now.gross_e8;
    return sum;
}

struct exposure_figures exposure_if(const struct exposure *exposure, uint16_t scope,
                                    struct exposure_figures now, struct exposure_figures then)
{
    struct exposure_sums sum = moved(exposure->scope[scope], now, then);

    return (struct exposure_figures){.long_e8 = clamp(sum.long_e8),
                                     .short_e8 = clamp(sum.short_e8),
                                     .gross_e8 = clamp(sum.gross_e8)};
}

void exposure_set_total(struct exposure *exposure, const struct order_scopes *scopes,
                        uint16_t instrument, struct exposure_figures figures)
{
    const uint16_t touched[] = {scopes->firm, scopes->venue, scopes->instrument};
    struct exposure_figures *now = &exposure->total[instrument];

    for (unsigned at = 0; at < sizeof touched / sizeof touched[0]; at++)
        exposure->scope[touched[at]] = moved(exposure->scope[touched[at]], *now, figures);
    *now = figures;
}

void exposure_set_own(struct exposure *exposure, const struct order_scopes *scopes,
                      uint16_t strategy, uint16_t instrument, struct exposure_figures figures)
{
    struct exposure_figures *now = &exposure->own[strategy][instrument];

    exposure->scope[scopes->strategy] = moved(exposure->scope[scopes->strategy], *now, figures);
    *now = figures;
}
