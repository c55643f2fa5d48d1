/* Marks, the rates that are marks, and what follows when one of them moves. */
#include "base/assert.h"
#include "position/accounts_inside.h"

/* A venue states its mark price at least every three seconds; after this long we go by the book. */
#define VENUE_MARK_FRESH_NS 10000000000LL

/* Value of one whole base coin at the mark, in quote currency; 0 when it does not fit. */
static int64_t price_e8(const struct instrument *row, int64_t mark_e8_ticks)
{
    static const int64_t power_of_ten[MAX_TICK_DECIMALS + 1] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000};
    __int128 price = (__int128)mark_e8_ticks * row->tick_units;

    if (price == (int64_t)price)
        price = (int64_t)price / power_of_ten[row->price_decimals];
    else
        price /= power_of_ten[row->price_decimals];
    return price > MAX_MONEY_E8 ? 0 : (int64_t)price;
}

static void refresh_lot_value(struct accounts *accounts, uint16_t instrument)
{
    const struct instrument *row = &accounts->instruments[instrument];
    int64_t mark_e8_ticks = accounts->mark_e8_ticks[instrument];

    accounts->lot_value_e8[instrument] =
        mark_e8_ticks == 0
            ? 0
            : instrument_lot_value_e8(row, mark_e8_ticks, accounts->rate_e8[row->currency]);
}

/* After the mark or the rate has moved. */
static void revalue(struct accounts *accounts, uint16_t instrument)
{
    refresh_lot_value(accounts, instrument);
    if ((accounts->traded & bit(instrument)) == 0)
        return;
    accounts_reconvert(accounts, instrument);
    accounts_margin_refresh(accounts, instrument);
}

static void convert_at(struct accounts *accounts, uint16_t currency, int64_t rate_e8,
                       int64_t now_ns)
{
    bool moved = accounts->rate_e8[currency] != rate_e8;

    accounts->rate_ns[currency] = now_ns;
    accounts->rate_e8[currency] = rate_e8;
    for (uint32_t todo = moved ? accounts->settles[currency] : 0; todo != 0;)
        revalue(accounts, take_lowest(&todo));
}

static void mark_positions(struct accounts *accounts, uint16_t instrument)
{
    const struct instrument *row = &accounts->instruments[instrument];
    int64_t mark_e8_ticks = accounts->mark_e8_ticks[instrument];
    uint32_t holders = accounts->holders[instrument];
    bool fits = position_mark(&accounts->total[instrument], row, mark_e8_ticks);

    while (holders != 0)
        fits &=
            position_mark(&accounts->own[take_lowest(&holders)][instrument], row, mark_e8_ticks);
    if (!fits)
        accounts->overflowed = true;
}

static void take_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                      enum mark_source source, int64_t now_ns)
{
    bool moved = accounts->mark_e8_ticks[instrument] != mark_e8_ticks;
    uint32_t converts = accounts->converts[instrument];

    assert(mark_e8_ticks > 0 && mark_e8_ticks / PRICE_ONE_E8 <= MAX_PRICE_TICKS);
    accounts->mark_ns[instrument] = now_ns;
    accounts->mark_source[instrument] = (uint8_t)source;
    accounts->mark_e8_ticks[instrument] = mark_e8_ticks;
    /* Flat over all, two strategies may still hold opposite positions. */
    if (moved && accounts->holders[instrument] != 0) {
        mark_positions(accounts, instrument);
        revalue(accounts, instrument);
    } else if (moved) {
        refresh_lot_value(accounts, instrument);
    }
    while (converts != 0)
        convert_at(accounts, take_lowest(&converts),
                   price_e8(&accounts->instruments[instrument], mark_e8_ticks), now_ns);
}

void accounts_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                   int64_t now_ns)
{
    if (accounts->mark_source[instrument] == MARK_VENUE &&
        now_ns - accounts->mark_ns[instrument] <= VENUE_MARK_FRESH_NS)
        return;
    take_mark(accounts, instrument, mark_e8_ticks, MARK_MID, now_ns);
}

void accounts_venue_mark(struct accounts *accounts, uint16_t instrument, int64_t mark_e8_ticks,
                         int64_t now_ns)
{
    take_mark(accounts, instrument, mark_e8_ticks, MARK_VENUE, now_ns);
}

/* --- conservative marks --- */

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

enum mark_quality accounts_conservative_mark(const struct accounts *accounts, uint16_t instrument,
                                             bool is_long, int64_t now_ns, int64_t max_age_ns,
                                             int64_t *mark_e8_ticks)
{
    int64_t mark = accounts->mark_e8_ticks[instrument];
    int64_t touch_ticks =
        is_long ? accounts->bid_ticks[instrument] : accounts->ask_ticks[instrument];
    int64_t touch = touch_ticks * PRICE_ONE_E8;

    if (mark == 0 || touch == 0)
        return MARK_MISSING;
    *mark_e8_ticks = (touch < mark) == is_long ? touch : mark;
    return now_ns - earlier(accounts->mark_ns[instrument], accounts->touch_ns[instrument]) >
                   max_age_ns
               ? MARK_STALE
               : MARK_FRESH;
}

struct stressing {
    const struct accounts *accounts;
    int64_t now_ns, max_age_ns, oldest_ns;
    __int128 change_e8;
    enum mark_quality quality;
};

static void worsen(struct stressing *stressing, enum mark_quality quality)
{
    if (quality > stressing->quality)
        stressing->quality = quality;
}

/* The mark's and the rate's age count as one: a figure is as old as its oldest input. */
static void note_age(struct stressing *stressing, uint16_t instrument)
{
    const struct accounts *accounts = stressing->accounts;
    int64_t at_ns = earlier(earlier(accounts->mark_ns[instrument], accounts->touch_ns[instrument]),
                            accounts_rate_ns(accounts, instrument));

    stressing->oldest_ns = earlier(stressing->oldest_ns, at_ns);
    if (stressing->now_ns - at_ns > stressing->max_age_ns)
        worsen(stressing, MARK_STALE);
}

/* Adds what a position would lose between its mark and its conservative one. */
static void stress_position(struct stressing *stressing, uint16_t instrument,
                            const struct position *position, int64_t converted_e8)
{
    const struct accounts *accounts = stressing->accounts;
    struct position stressed = *position;
    int64_t mark_e8_ticks = 0;
    int64_t stressed_e8;
    enum mark_quality quality =
        accounts_conservative_mark(accounts, instrument, position->lots > 0, stressing->now_ns,
                                   stressing->max_age_ns, &mark_e8_ticks);

    if (quality == MARK_MISSING || accounts_rate_ns(accounts, instrument) == 0 ||
        !position_mark(&stressed, &accounts->instruments[instrument], mark_e8_ticks) ||
        !convert(accounts, instrument, position_total_e8(&stressed), &stressed_e8)) {
        worsen(stressing, MARK_MISSING);
        return;
    }
    note_age(stressing, instrument);
    stressing->change_e8 += stressed_e8 - converted_e8;
}

static void stress_totals(struct stressing *stressing, enum scope_kind kind, uint16_t index)
{
    const struct accounts *accounts = stressing->accounts;

    for (uint32_t todo = accounts->held; todo != 0;) {
        uint16_t at = take_lowest(&todo);
        bool counts = kind == SCOPE_FIRM ||
                      (kind == SCOPE_VENUE && accounts->instruments[at].venue == index) ||
                      (kind == SCOPE_INSTRUMENT && at == index);

        if (counts)
            stress_position(stressing, at, &accounts->total[at], accounts->total_e8[at]);
    }
}

static void stress_own(struct stressing *stressing, uint16_t strategy)
{
    const struct accounts *accounts = stressing->accounts;

    for (uint16_t at = 0; at < accounts->scopes.instruments; at++)
        if ((accounts->holders[at] & bit(strategy)) != 0)
            stress_position(stressing, at, &accounts->own[strategy][at],
                            accounts->own_e8[strategy][at]);
}

static int64_t clamp(__int128 wide)
{
    return wide > MAX_MONEY_E8    ? MAX_MONEY_E8
           : wide < -MAX_MONEY_E8 ? -MAX_MONEY_E8
                                  : (int64_t)wide;
}

struct stress accounts_stress(const struct accounts *accounts, uint16_t scope, int64_t now_ns,
                              int64_t max_age_ns)
{
    struct stressing stressing = {
        .accounts = accounts, .now_ns = now_ns, .max_age_ns = max_age_ns, .oldest_ns = INT64_MAX};
    uint16_t index;
    enum scope_kind kind = scope_kind_of(accounts->scopes, scope, &index);

    if (kind == SCOPE_STRATEGY)
        stress_own(&stressing, index);
    else
        stress_totals(&stressing, kind, index);
    return (struct stress){
        .total_e8 = clamp(accounts->scope_e8[scope] + stressing.change_e8),
        .day_e8 = clamp((__int128)accounts_day_e8(accounts, scope) + stressing.change_e8),
        .age_ns = stressing.oldest_ns == INT64_MAX ? -1 : now_ns - stressing.oldest_ns,
        .quality = stressing.quality};
}
