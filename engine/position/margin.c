/* Maintenance margin and liquidation price of the firm as one cross-margined account.
 *
 * Of instrument i, in the reporting currency at its mark p: value N = |lots| * value of a lot,
 * maintenance margin m*N, side s = +1 long, -1 short. Let F(p) = equity - sum of margins, all other
 * marks fixed and fees of a closing trade left out. The venue liquidates at F(p) = 0. With p0 the
 * present mark and F = F(p0):
 *
 *   linear    profit is s*N, and N is proportional to p, so F(p) = F + (p/p0 - 1) * X with
 *             X = s*N - m*N. Zero at
 *                 p = p0 * (X - F) / X            distance F / |X|
 *   inverse   value and margin in coin are proportional to 1/p, and a long gains what the value
 *             loses: F(p) = F - (p0/p - 1) * Y with Y = s*N + m*N. Zero at
 *                 p = p0 * Y / (Y + F)            distance |F| / |Y + F|
 *
 * When the mark of i is also the rate of a coin (domain/instrument.h, struct currency), all that
 * settles in that coin moves with it and adds its converted PnL less its margins to X. An inverse
 * contract that is its own rate is worth a fixed number of quote units, so it is of the first
 * form: F(p) is linear in p, its value and margin are constant, and it adds its converted PnL plus
 * s*N. No price above zero may satisfy it: then there is none (a long with more equity than value,
 * an inverse short that is fully covered). */
#include "position/accounts_inside.h"

#include "base/assert.h"

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

/* False: not known, or it does not fit. */
static bool measure(const struct accounts *accounts, uint16_t instrument, int64_t *value_e8,
                    int64_t *margin_e8)
{
    const struct instrument *row = &accounts->instruments[instrument];
    int64_t lots = accounts->total[instrument].lots;
    int64_t mark_e8_ticks = accounts->mark_e8_ticks[instrument];

    *value_e8 = *margin_e8 = 0;
    if (lots == 0)
        return true;
    return mark_e8_ticks != 0 && accounts->rate_e8[row->currency] != 0 &&
           instrument_value_between_e8(row, mark_e8_ticks, magnitude(lots), value_e8) &&
           convert(accounts, instrument, *value_e8, value_e8) &&
           money_scale_up(*value_e8, row->maintenance_margin_e8, margin_e8);
}

void accounts_margin_measure(struct accounts *accounts, uint16_t instrument)
{
    int64_t others_e8 = accounts->margin_total_e8 - accounts->margin_e8[instrument];
    int64_t value_e8;
    int64_t margin_e8;

    accounts->margin_unknown &= ~bit(instrument);
    if (!measure(accounts, instrument, &value_e8, &margin_e8) ||
        others_e8 + margin_e8 > MAX_MONEY_E8) {
        accounts->margin_unknown |= bit(instrument);
        value_e8 = margin_e8 = 0;
    }
    accounts->value_e8[instrument] = value_e8;
    accounts->margin_e8[instrument] = margin_e8;
    accounts->margin_total_e8 = others_e8 + margin_e8;
}

int64_t accounts_margin_ratio_e8(const struct accounts *accounts)
{
    int64_t equity_e8 = accounts_equity_e8(accounts);

    if (accounts->margin_unknown != 0 || (equity_e8 <= 0 && accounts->held != 0))
        return INT64_MAX;
    return accounts->margin_total_e8 == 0 ? 0
                                          : money_ratio_up_e8(accounts->margin_total_e8, equity_e8);
}

/* --- liquidation --- */

/* What F(p) loses or gains, per whole p0, through the currencies that this mark is the rate of. */
static __int128 rate_part(const struct accounts *accounts, uint16_t instrument)
{
    __int128 sum = 0;

    for (uint32_t coins = accounts->converts[instrument]; coins != 0;)
        for (uint32_t todo = accounts->settles[take_lowest(&coins)]; todo != 0;) {
            uint16_t other = take_lowest(&todo);

            sum += accounts->total_e8[other];
            if (other != instrument)
                sum -= accounts->margin_e8[other];
        }
    return sum;
}

/* F(p) = 0 at p0 * above / below; above and below of one sign, or there is none. */
struct crossing {
    __int128 above, below;
};

static struct crossing crossing_of(const struct accounts *accounts, uint16_t instrument)
{
    const struct instrument *row = &accounts->instruments[instrument];
    bool own_rate = (accounts->converts[instrument] & bit(row->currency)) != 0;
    __int128 value = accounts->total[instrument].lots > 0 ? accounts->value_e8[instrument]
                                                          : -accounts->value_e8[instrument];
    __int128 margin = accounts->margin_e8[instrument];
    __int128 left = (__int128)accounts_equity_e8(accounts) - accounts->margin_total_e8;
    __int128 slope = value + rate_part(accounts, instrument) - (own_rate ? 0 : margin);

    if (row->inverse && !own_rate)
        return (struct crossing){value + margin, value + margin + left};
    return (struct crossing){slope - left, slope};
}

static bool can_be_liquidated(const struct accounts *accounts, uint16_t instrument)
{
    return accounts->value_e8[instrument] != 0;
}

static bool crosses(struct crossing *crossing)
{
    if (crossing->below < 0) {
        crossing->above = -crossing->above;
        crossing->below = -crossing->below;
    }
    return crossing->below > 0 && crossing->above > 0;
}

/* above is below 1e20, p0 at most 1e17: the product fits. */
int64_t accounts_liquidation_e8_ticks(const struct accounts *accounts, uint16_t instrument)
{
    struct crossing crossing = crossing_of(accounts, instrument);
    __int128 price;

    if (!can_be_liquidated(accounts, instrument) || !crosses(&crossing))
        return 0;
    price = accounts->mark_e8_ticks[instrument] * crossing.above;
    price = crossing.above < crossing.below ? (price + crossing.below - 1) / crossing.below
                                            : price / crossing.below;
    return price > (__int128)MAX_PRICE_TICKS * PRICE_ONE_E8 ? 0 : (int64_t)price;
}

int64_t accounts_liquidation_distance_e8(const struct accounts *accounts, uint16_t instrument)
{
    struct crossing crossing = crossing_of(accounts, instrument);
    __int128 gap;

    if ((accounts->margin_unknown & bit(instrument)) != 0)
        return 0;
    if (!can_be_liquidated(accounts, instrument))
        return INT64_MAX;
    if (accounts_equity_e8(accounts) <= accounts->margin_total_e8)
        return 0;
    if (!crosses(&crossing))
        return INT64_MAX;
    gap = crossing.above > crossing.below ? crossing.above - crossing.below
                                          : crossing.below - crossing.above;
    gap = gap * RATIO_ONE_E8 / crossing.below;
    return gap > INT64_MAX ? INT64_MAX : (int64_t)gap;
}
