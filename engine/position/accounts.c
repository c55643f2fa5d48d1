#include "position/accounts.h"

#include "base/assert.h"

#define DAY_NS 86400000000000LL

void accounts_init(struct accounts *accounts, struct scope_map scopes,
                   const struct instrument *instruments, const struct currency *currencies,
                   uint16_t currency_count, int64_t capital_e8, int64_t day_start_ns)
{
    *accounts = (struct accounts){.scopes = scopes,
                                  .instruments = instruments,
                                  .currencies = currencies,
                                  .currency_count = currency_count,
                                  .capital_e8 = capital_e8,
                                  .day_start_ns = day_start_ns,
                                  .peak_e8 = capital_e8};
    for (uint16_t at = 0; at < currency_count; at++)
        if (currencies[at].fixed) {
            accounts->rate_e8[at] = currencies[at].rate_e8;
            accounts->rate_ns[at] = INT64_MAX;
        }
}

/* Brings one position's converted PnL up to date; returns what it has changed by. */
static int64_t reconvert(struct accounts *accounts, const struct position *position,
                         uint16_t currency, int64_t *converted_e8)
{
    int64_t next = 0;
    int64_t change;
    int64_t rate = accounts->rate_e8[currency];

    if (rate == MONEY_ONE_E8)
        next = position_total_e8(position);
    else if (!money_scale(position_total_e8(position), rate, &next))
        accounts->overflowed = true;
    change = next - *converted_e8;
    *converted_e8 = next;
    return change;
}

static void add(struct accounts *accounts, uint16_t scope, int64_t change_e8)
{
    if (__builtin_add_overflow(accounts->scope_e8[scope], change_e8, &accounts->scope_e8[scope]))
        accounts->overflowed = true;
}

static void refresh_total(struct accounts *accounts, uint16_t instrument)
{
    const struct instrument *row = &accounts->instruments[instrument];
    int64_t change = reconvert(accounts, &accounts->total[instrument], row->currency,
                               &accounts->total_e8[instrument]);

    if (change == 0)
        return;
    add(accounts, scope_of_firm(), change);
    add(accounts, scope_of_venue(accounts->scopes, row->venue), change);
    add(accounts, scope_of_instrument(accounts->scopes, instrument), change);
}

static void refresh_own(struct accounts *accounts, uint16_t strategy, uint16_t instrument)
{
    add(accounts, scope_of_strategy(accounts->scopes, strategy),
        reconvert(accounts, &accounts->own[strategy][instrument],
                  accounts->instruments[instrument].currency,
                  &accounts->own_e8[strategy][instrument]));
}

static void refresh(struct accounts *accounts, uint16_t instrument)
{
    int64_t equity;

    refresh_total(accounts, instrument);
    for (uint16_t strategy = 0; strategy < accounts->scopes.strategies; strategy++)
        refresh_own(accounts, strategy, instrument);
    equity = accounts_equity_e8(accounts);
    if (equity > accounts->peak_e8)
        accounts->peak_e8 = equity;
}

bool accounts_fill(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                   enum side side, int64_t price_ticks, int64_t lots, int64_t fee_e8)
{
    const struct instrument *row = &accounts->instruments[instrument];
    struct position total = accounts->total[instrument];
    struct position own = accounts->own[strategy][instrument];
    int64_t mark = accounts->mark_e8_ticks[instrument];

    if (!position_fill(&total, row, side, price_ticks, lots, fee_e8) ||
        !position_fill(&own, row, side, price_ticks, lots, fee_e8))
        return false;
    if (mark != 0 && (!position_mark(&total, row, mark) || !position_mark(&own, row, mark)))
        return false;
    accounts->total[instrument] = total;
    accounts->own[strategy][instrument] = own;
    refresh(accounts, instrument);
    return true;
}

static void mark_positions(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks)
{
    const struct instrument *row = &accounts->instruments[instrument];

    if (!position_mark(&accounts->total[instrument], row, mark_e8_ticks))
        accounts->overflowed = true;
    for (uint16_t strategy = 0; strategy < accounts->scopes.strategies; strategy++)
        if (accounts->own[strategy][instrument].lots != 0 &&
            !position_mark(&accounts->own[strategy][instrument], row, mark_e8_ticks))
            accounts->overflowed = true;
}

/* Value of one whole base coin at the mark, in quote currency: lots of one coin times ticks. */
static int64_t price_e8(const struct instrument *row, int64_t mark_e8_ticks)
{
    __int128 price = (__int128)mark_e8_ticks * row->tick_units;

    for (uint32_t decimal = 0; decimal < row->price_decimals; decimal++)
        price /= 10;
    return price > MAX_MONEY_E8 ? 0 : (int64_t)price;
}

/* Currencies that are converted by this instrument's mark, and all that settles in them. */
static void rate(struct accounts *accounts, uint16_t instrument, int64_t now_ns)
{
    for (uint16_t at = 0; at < accounts->currency_count; at++) {
        if (accounts->currencies[at].fixed ||
            accounts->currencies[at].rate_instrument != instrument)
            continue;
        accounts->rate_e8[at] =
            price_e8(&accounts->instruments[instrument], accounts->mark_e8_ticks[instrument]);
        accounts->rate_ns[at] = now_ns;
        for (uint16_t other = 0; other < accounts->scopes.instruments; other++)
            if (accounts->instruments[other].currency == at &&
                (position_total_e8(&accounts->total[other]) != 0 || accounts->total_e8[other] != 0))
                refresh(accounts, other);
    }
}

void accounts_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                   int64_t now_ns)
{
    bool moved = accounts->mark_e8_ticks[instrument] != mark_e8_ticks;

    assert(mark_e8_ticks > 0);
    accounts->mark_ns[instrument] = now_ns;
    accounts->mark_e8_ticks[instrument] = mark_e8_ticks;
    if (moved && accounts->total[instrument].lots != 0) {
        mark_positions(accounts, instrument, mark_e8_ticks);
        refresh(accounts, instrument);
    } else if (moved) {
        /* Flat over all, yet two strategies may hold opposite positions. */
        mark_positions(accounts, instrument, mark_e8_ticks);
        for (uint16_t strategy = 0; strategy < accounts->scopes.strategies; strategy++)
            if (accounts->own[strategy][instrument].lots != 0)
                refresh_own(accounts, strategy, instrument);
    }
    rate(accounts, instrument, now_ns);
}

void accounts_roll(struct accounts *accounts, int64_t now_ns)
{
    if (now_ns < accounts->day_start_ns + DAY_NS)
        return;
    accounts->day_start_ns += (now_ns - accounts->day_start_ns) / DAY_NS * DAY_NS;
    for (uint16_t scope = 0; scope < scope_count(accounts->scopes); scope++)
        accounts->day_open_e8[scope] = accounts->scope_e8[scope];
}

int64_t accounts_equity_e8(const struct accounts *accounts)
{
    return accounts->capital_e8 + accounts->scope_e8[scope_of_firm()];
}

bool accounts_complete(const struct accounts *accounts)
{
    for (uint16_t at = 0; at < accounts->scopes.instruments; at++) {
        const struct position *position = &accounts->total[at];

        if (position->lots != 0 && accounts->mark_e8_ticks[at] == 0)
            return false;
        if ((position->lots != 0 || position_total_e8(position) != 0) &&
            accounts->rate_e8[accounts->instruments[at].currency] == 0)
            return false;
    }
    return true;
}

bool accounts_notional_e8(const struct accounts *accounts, uint16_t instrument, int64_t price_ticks,
                          int64_t lots, int64_t *notional_e8)
{
    const struct instrument *row = &accounts->instruments[instrument];
    int64_t rate_e8 = accounts->rate_e8[row->currency];
    int64_t value;

    if (rate_e8 == 0 || !instrument_value_e8(row, price_ticks, lots, &value))
        return false;
    if (rate_e8 == MONEY_ONE_E8) {
        *notional_e8 = value;
        return true;
    }
    return money_scale(value, rate_e8, notional_e8);
}

int64_t accounts_lot_value_e8(const struct accounts *accounts, uint16_t instrument)
{
    const struct instrument *row = &accounts->instruments[instrument];
    int64_t mark = accounts->mark_e8_ticks[instrument];
    int64_t rate_e8 = accounts->rate_e8[row->currency];
    int64_t value;

    if (mark == 0 || rate_e8 == 0 || !instrument_value_between_e8(row, mark, 1, &value) ||
        !money_scale(value, rate_e8, &value))
        return 0;
    return value + 1;
}

bool accounts_fund(struct accounts *accounts, uint16_t instrument, int64_t amount_e8)
{
    if (__builtin_add_overflow(accounts->total[instrument].fee_e8, amount_e8,
                               &accounts->total[instrument].fee_e8))
        return false;
    refresh(accounts, instrument);
    return true;
}

int64_t accounts_drawdown_e8(const struct accounts *accounts)
{
    __int128 fall = (__int128)accounts->peak_e8 - accounts_equity_e8(accounts);

    return accounts->peak_e8 <= 0 ? INT64_MAX : (int64_t)(fall * RATIO_ONE_E8 / accounts->peak_e8);
}
