/* Fills, funding, and the sums over them. */
#include "position/accounts.h"

#include "base/assert.h"
#include "domain/day.h"
#include "position/accounts_inside.h"

_Static_assert(MAX_INSTRUMENTS <= 32 && MAX_STRATEGIES <= 32 && MAX_CURRENCIES <= 32,
               "a set is a word of bits");

static void init_currencies(struct accounts *accounts)
{
    for (uint16_t at = 0; at < accounts->currency_count; at++) {
        const struct currency *currency = &accounts->currencies[at];

        if (currency->fixed) {
            assert(currency->rate_e8 > 0 && currency->rate_e8 <= MAX_MONEY_E8);
            accounts->rate_e8[at] = currency->rate_e8;
            accounts->rate_ns[at] = INT64_MAX;
        } else {
            accounts->converts[currency->rate_instrument] |= bit(at);
        }
    }
}

void accounts_init(struct accounts *accounts, struct scope_map scopes,
                   const struct instrument *instruments, const struct currency *currencies,
                   uint16_t currency_count, int64_t capital_e8, int64_t day_start_ns)
{
    assert(capital_e8 >= 0 && capital_e8 <= MAX_MONEY_E8);
    *accounts = (struct accounts){.scopes = scopes,
                                  .instruments = instruments,
                                  .currencies = currencies,
                                  .currency_count = currency_count,
                                  .capital_e8 = capital_e8,
                                  .day_start_ns = day_start_ns,
                                  .peak_e8 = capital_e8};
    init_currencies(accounts);
    for (uint16_t at = 0; at < scopes.instruments; at++) {
        assert(instrument_is_within_bounds(&instruments[at]));
        assert(instruments[at].currency < currency_count);
        accounts->settles[instruments[at].currency] |= bit(at);
    }
}

/* --- sums --- */

static bool sum_fits(int64_t sum_e8, int64_t change_e8)
{
    int64_t next_e8;

    return !__builtin_add_overflow(sum_e8, change_e8, &next_e8) && next_e8 <= MAX_MONEY_E8 &&
           next_e8 >= -MAX_MONEY_E8;
}

bool accounts_post_total(struct accounts *accounts, uint16_t instrument, int64_t change_e8)
{
    uint16_t venue = accounts->instruments[instrument].venue;
    int64_t *firm_e8 = &accounts->scope_e8[scope_of_firm()];
    int64_t *venue_e8 = &accounts->scope_e8[scope_of_venue(accounts->scopes, venue)];
    int64_t *own_e8 = &accounts->scope_e8[scope_of_instrument(accounts->scopes, instrument)];

    if (!sum_fits(*firm_e8, change_e8) || !sum_fits(*venue_e8, change_e8) ||
        !sum_fits(*own_e8, change_e8))
        return false;
    *firm_e8 += change_e8;
    *venue_e8 += change_e8;
    *own_e8 += change_e8;
    return true;
}

bool accounts_post_own(struct accounts *accounts, uint16_t strategy, int64_t change_e8)
{
    int64_t *sum_e8 = &accounts->scope_e8[scope_of_strategy(accounts->scopes, strategy)];

    if (!sum_fits(*sum_e8, change_e8))
        return false;
    *sum_e8 += change_e8;
    return true;
}

void accounts_raise_peak(struct accounts *accounts)
{
    int64_t equity_e8 = accounts_equity_e8(accounts);

    if (equity_e8 > accounts->peak_e8)
        accounts->peak_e8 = equity_e8;
}

static bool reconvert_total(struct accounts *accounts, uint16_t instrument)
{
    int64_t next_e8;

    if (!convert(accounts, instrument, position_total_e8(&accounts->total[instrument]), &next_e8) ||
        !accounts_post_total(accounts, instrument, next_e8 - accounts->total_e8[instrument]))
        return false;
    accounts->total_e8[instrument] = next_e8;
    return true;
}

static bool reconvert_own(struct accounts *accounts, uint16_t strategy, uint16_t instrument)
{
    const struct position *own = &accounts->own[strategy][instrument];
    int64_t next_e8;

    if (!convert(accounts, instrument, position_total_e8(own), &next_e8) ||
        !accounts_post_own(accounts, strategy, next_e8 - accounts->own_e8[strategy][instrument]))
        return false;
    accounts->own_e8[strategy][instrument] = next_e8;
    return true;
}

void accounts_reconvert(struct accounts *accounts, uint16_t instrument)
{
    uint32_t traders = accounts->traders[instrument];
    bool fits = reconvert_total(accounts, instrument);

    while (traders != 0)
        fits &= reconvert_own(accounts, take_lowest(&traders), instrument);
    if (!fits)
        accounts->overflowed = true;
    accounts_raise_peak(accounts);
}

/* --- bookings: what they would make of a position, and then all of it at once --- */

struct booking {
    struct position position;
    int64_t converted_e8;
};

static bool finish_booking(const struct accounts *accounts, uint16_t instrument,
                           struct booking *booking)
{
    int64_t mark_e8_ticks = accounts->mark_e8_ticks[instrument];

    if (mark_e8_ticks != 0 &&
        !position_mark(&booking->position, &accounts->instruments[instrument], mark_e8_ticks))
        return false;
    return convert(accounts, instrument, position_total_e8(&booking->position),
                   &booking->converted_e8);
}

static void note_holder(struct accounts *accounts, uint16_t strategy, uint16_t instrument)
{
    accounts->traders[instrument] |= bit(strategy);
    if (accounts->own[strategy][instrument].lots != 0)
        accounts->holders[instrument] |= bit(strategy);
    else
        accounts->holders[instrument] &= ~bit(strategy);
}

static void commit_own(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                       const struct booking *booking)
{
    accounts->own[strategy][instrument] = booking->position;
    accounts->own_e8[strategy][instrument] = booking->converted_e8;
    note_holder(accounts, strategy, instrument);
}

static void commit_total(struct accounts *accounts, uint16_t instrument,
                         const struct booking *booking)
{
    accounts->total[instrument] = booking->position;
    accounts->total_e8[instrument] = booking->converted_e8;
    accounts->traded |= bit(instrument);
    if (booking->position.lots != 0)
        accounts->held |= bit(instrument);
    else
        accounts->held &= ~bit(instrument);
    accounts_margin_refresh(accounts, instrument);
    accounts_raise_peak(accounts);
}

/* Puts the change of the total and of each strategy in `who` on the scopes; all or none. */
static bool post_bookings(struct accounts *accounts, uint16_t instrument,
                          const struct booking *total, const struct booking *own, uint32_t who)
{
    int64_t change_e8 = total->converted_e8 - accounts->total_e8[instrument];
    uint32_t todo = who;

    if (!accounts_post_total(accounts, instrument, change_e8))
        return false;
    while (todo != 0) {
        uint16_t strategy = take_lowest(&todo);

        if (accounts_post_own(accounts, strategy,
                              own[strategy].converted_e8 - accounts->own_e8[strategy][instrument]))
            continue;
        todo = who & (bit(strategy) - 1); /* those that have been posted */
        while (todo != 0) {
            strategy = take_lowest(&todo);
            accounts->scope_e8[scope_of_strategy(accounts->scopes, strategy)] -=
                own[strategy].converted_e8 - accounts->own_e8[strategy][instrument];
        }
        (void)accounts_post_total(accounts, instrument, -change_e8);
        return false;
    }
    return true;
}

static bool commit(struct accounts *accounts, uint16_t instrument, const struct booking *total,
                   const struct booking *own, uint32_t who)
{
    if (!post_bookings(accounts, instrument, total, own, who))
        return false;
    while (who != 0) {
        uint16_t strategy = take_lowest(&who);

        commit_own(accounts, strategy, instrument, &own[strategy]);
    }
    commit_total(accounts, instrument, total);
    return true;
}

bool accounts_fill(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                   enum side side, int64_t price_ticks, int64_t lots, int64_t fee_e8)
{
    const struct instrument *row = &accounts->instruments[instrument];
    struct booking total = {.position = accounts->total[instrument]};
    struct booking own[MAX_STRATEGIES];

    own[strategy].position = accounts->own[strategy][instrument];
    if (!position_fill(&total.position, row, side, price_ticks, lots, fee_e8) ||
        !position_fill(&own[strategy].position, row, side, price_ticks, lots, fee_e8) ||
        !finish_booking(accounts, instrument, &total) ||
        !finish_booking(accounts, instrument, &own[strategy]))
        return false;
    return commit(accounts, instrument, &total, own, bit(strategy));
}

bool accounts_carry(struct accounts *accounts, uint16_t strategy, uint16_t instrument,
                    const struct position *position)
{
    struct booking booking = {.position = *position};

    booking.position.unrealised_e8 = 0;
    if (!finish_booking(accounts, instrument, &booking))
        return false;
    if (strategy == UINT16_MAX) {
        if (!accounts_post_total(accounts, instrument,
                                 booking.converted_e8 - accounts->total_e8[instrument]))
            return false;
        commit_total(accounts, instrument, &booking);
        return true;
    }
    if (!accounts_post_own(accounts, strategy,
                           booking.converted_e8 - accounts->own_e8[strategy][instrument]))
        return false;
    commit_own(accounts, strategy, instrument, &booking);
    return true;
}

/* --- funding --- */

static __int128 floor_divide(__int128 dividend, __int128 divisor)
{
    __int128 quotient = dividend / divisor;

    return quotient - (dividend % divisor < 0 ? 1 : 0);
}

/* amount * own / net to each holder: first rounded down, then the units that are left over one by
 * one to the largest remainders. They are fewer than the holders. net > 0, or all signs turned. */
static void share_out(const struct accounts *accounts, uint16_t instrument, int64_t amount_e8,
                      __int128 share[MAX_STRATEGIES])
{
    int64_t net = accounts->total[instrument].lots;
    int64_t sign = net < 0 ? -1 : 1;
    __int128 remainder[MAX_STRATEGIES] = {0};
    __int128 left = amount_e8;

    for (uint32_t todo = accounts->holders[instrument]; todo != 0;) {
        uint16_t strategy = take_lowest(&todo);
        __int128 part = (__int128)amount_e8 * (accounts->own[strategy][instrument].lots * sign);

        share[strategy] = floor_divide(part, net * sign);
        remainder[strategy] = part - share[strategy] * (net * sign);
        left -= share[strategy];
    }
    for (; left > 0; left--) {
        uint16_t largest = 0;

        for (uint16_t at = 1; at < accounts->scopes.strategies; at++)
            if (remainder[at] > remainder[largest])
                largest = at;
        share[largest]++;
        remainder[largest] = -1;
    }
}

static bool fund(const struct accounts *accounts, uint16_t instrument, __int128 amount_e8,
                 struct booking *booking)
{
    return amount_e8 == (int64_t)amount_e8 &&
           position_fund(&booking->position, (int64_t)amount_e8) &&
           finish_booking(accounts, instrument, booking);
}

bool accounts_fund(struct accounts *accounts, uint16_t instrument, int64_t amount_e8)
{
    __int128 share[MAX_STRATEGIES] = {0};
    struct booking total = {.position = accounts->total[instrument]};
    struct booking own[MAX_STRATEGIES];
    uint32_t who = accounts->holders[instrument];

    if (total.position.lots != 0) {
        share_out(accounts, instrument, amount_e8, share);
    } else {
        share[STRATEGY_MANUAL] = amount_e8;
        who = bit(STRATEGY_MANUAL);
    }
    if (!fund(accounts, instrument, amount_e8, &total))
        return false;
    for (uint32_t todo = who; todo != 0;) {
        uint16_t strategy = take_lowest(&todo);

        own[strategy].position = accounts->own[strategy][instrument];
        if (!fund(accounts, instrument, share[strategy], &own[strategy]))
            return false;
    }
    return commit(accounts, instrument, &total, own, who);
}

/* --- the day, equity, drawdown --- */

void accounts_roll(struct accounts *accounts, int64_t now_ns)
{
    if (now_ns < accounts->day_start_ns + TRADING_DAY_NS)
        return;
    accounts->day_start_ns += (now_ns - accounts->day_start_ns) / TRADING_DAY_NS * TRADING_DAY_NS;
    for (uint16_t scope = 0; scope < scope_count(accounts->scopes); scope++)
        accounts->day_open_e8[scope] = accounts->scope_e8[scope];
}

int64_t accounts_drawdown_of_e8(const struct accounts *accounts, int64_t equity_e8)
{
    __int128 drop = (__int128)accounts->peak_e8 - equity_e8;

    if (accounts->peak_e8 <= 0 || drop > INT64_MAX)
        return INT64_MAX;
    if (drop <= 0)
        return 0;
    return money_ratio_up_e8((int64_t)drop, accounts->peak_e8);
}

int64_t accounts_drawdown_e8(const struct accounts *accounts)
{
    return accounts_drawdown_of_e8(accounts, accounts_equity_e8(accounts));
}

bool accounts_complete(const struct accounts *accounts)
{
    for (uint32_t todo = accounts->traded; todo != 0;) {
        uint16_t at = take_lowest(&todo);
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
    int64_t value_e8;

    return accounts->rate_e8[row->currency] != 0 &&
           instrument_value_e8(row, price_ticks, lots, &value_e8) &&
           convert(accounts, instrument, value_e8, notional_e8);
}
