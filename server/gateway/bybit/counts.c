#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>
#include <string.h>

#define COUNT_WAITS_NS (500 * MS_NS)

void bybit_counts_init(struct bybit *bybit)
{
    for (uint32_t at = 0; at < MAX_INSTRUMENTS; at++)
        bybit->counts.count[at].net_lots = bybit->config.opening_lots[at];
}

static void publish(struct bybit *bybit, uint16_t instrument, int64_t lots, int64_t received_ns)
{
    atomic_store_explicit(&bybit->base.venue_lots[instrument], lots, memory_order_relaxed);
    atomic_store_explicit(&bybit->base.venue_lots_ns[instrument], received_ns,
                          memory_order_release);
    bybit_say(bybit, &(struct execution){.report = REPORT_POSITION,
                                         .instrument = instrument,
                                         .qty_lots = lots,
                                         .received_ns = received_ns});
}

static void tell(struct bybit *bybit, uint16_t instrument, int64_t received_ns)
{
    struct bybit_count *count = &bybit->counts.count[instrument];

    if (count->is_based && count->lots == count->base_lots + count->net_lots) {
        count->waits_ns = 0;
        publish(bybit, instrument, count->lots, received_ns);
    } else if (count->waits_ns == 0) {
        count->waits_ns = bybit->mono_ns;
    }
}

void bybit_count_take(struct bybit *bybit, uint16_t instrument, int64_t lots, bool is_queried,
                      int64_t received_ns)
{
    struct bybit_count *count = &bybit->counts.count[instrument];

    count->lots = lots;
    if (is_queried) {
        count->base_lots = lots - count->net_lots;
        count->is_based = true;
    }
    tell(bybit, instrument, received_ns);
}

void bybit_counts_turn(struct bybit *bybit)
{
    for (uint16_t at = 0; at < bybit->symbol_count; at++) {
        int64_t waits_ns = bybit->counts.count[bybit->symbol[at].instrument].waits_ns;

        if (waits_ns != 0 && bybit->mono_ns - waits_ns >= COUNT_WAITS_NS)
            bybit->reconcile.is_wanted = true;
    }
}

/* ---- a coin ----------------------------------------------------------------------------- */

static uint16_t leader_of(const struct bybit *bybit, uint16_t at)
{
    uint16_t leader = 0;

    while (strcmp(bybit->symbol[leader].base_coin, bybit->symbol[at].base_coin) != 0)
        leader++;
    return leader;
}

bool bybit_count_leads(const struct bybit *bybit, uint16_t at)
{
    return bybit->symbol[at].base_coin[0] != '\0' && leader_of(bybit, at) == at;
}

static int64_t lot_e8(const struct bybit_symbol *symbol)
{
    int64_t value_e8 = symbol->row->lot_units;

    assert(symbol->row->qty_decimals <= 8);
    for (uint32_t at = symbol->row->qty_decimals; at < 8; at++)
        value_e8 *= 10;
    return value_e8;
}

static __int128 ours_e8(const struct bybit *bybit, uint16_t at)
{
    const struct bybit_symbol *symbol = &bybit->symbol[at];

    return (__int128)bybit->counts.count[symbol->instrument].net_lots * lot_e8(symbol);
}

/* Of the balance, what is neither ours nor the holding; *least: the smallest lot. */
static __int128 drift_e8(const struct bybit *bybit, uint16_t leader, int64_t *least)
{
    const struct bybit_coin *coin = &bybit->counts.coin[leader];
    __int128 rest = (__int128)coin->balance_e8 - coin->holding_e8;

    *least = INT64_MAX;
    for (uint16_t at = leader; at < bybit->symbol_count; at++) {
        if (leader_of(bybit, at) != leader)
            continue;
        rest -= ours_e8(bybit, at);
        if (lot_e8(&bybit->symbol[at]) < *least)
            *least = lot_e8(&bybit->symbol[at]);
    }
    return rest;
}

/* To the nearest. */
static int64_t in_lots(__int128 amount_e8, int64_t lot)
{
    __int128 lots = amount_e8 < 0 ? -((-amount_e8 + lot / 2) / lot) : (amount_e8 + lot / 2) / lot;

    return lots > MAX_LOTS ? MAX_LOTS : lots < -MAX_LOTS ? -MAX_LOTS : (int64_t)lots;
}

static void tell_coin(struct bybit *bybit, uint16_t leader, bool is_queried, int64_t received_ns)
{
    int64_t least;
    __int128 rest = drift_e8(bybit, leader, &least);

    if (2 * rest < least && 2 * rest > -least)
        bybit->counts.coin[leader].holding_e8 += (int64_t)rest;
    for (uint16_t at = leader; at < bybit->symbol_count; at++) {
        const struct bybit_symbol *symbol = &bybit->symbol[at];

        if (leader_of(bybit, at) == leader)
            bybit_count_take(bybit, symbol->instrument,
                             bybit->counts.count[symbol->instrument].net_lots +
                                 in_lots(rest, lot_e8(symbol)),
                             is_queried, received_ns);
    }
}

/* What buying our lots has cost, at most, in the coin. */
static __int128 fees_e8(const struct bybit *bybit, uint16_t leader)
{
    __int128 sum = 0;

    for (uint16_t at = leader; at < bybit->symbol_count; at++) {
        __int128 ours = ours_e8(bybit, at);
        int64_t rate_e8 = bybit->symbol[at].row->taker_fee_e8;

        if (leader_of(bybit, at) == leader && ours > 0 && rate_e8 > 0)
            sum += ours * rate_e8 / RATIO_ONE_E8 + 1;
    }
    return sum;
}

/* An account without anything of its own has a holding of nothing, less those fees. */
static void take_holding(struct bybit *bybit, uint16_t leader, int64_t known_ms)
{
    struct bybit_coin *coin = &bybit->counts.coin[leader];
    int64_t least;
    __int128 rest = drift_e8(bybit, leader, &least);

    coin->is_known = true;
    coin->known_ms = known_ms;
    if (rest >= -fees_e8(bybit, leader)) {
        coin->holding_e8 = (int64_t)rest;
        return;
    }
    log_line(LOG_ERROR, "gateway", "the account holds less of a coin than our lots",
             "venue=%s coin=%s lacks_e8=%" PRId64, bybit->name, bybit->symbol[leader].base_coin,
             (int64_t)-rest);
}

void bybit_count_coin(struct bybit *bybit, uint16_t at, int64_t balance_e8,
                      const struct bybit_wallet_read *read)
{
    struct bybit_coin *coin = &bybit->counts.coin[at];

    if (!coin->is_known && !read->is_queried)
        return; /* executions of before may be on their way */
    coin->balance_e8 = balance_e8;
    if (!coin->is_known)
        take_holding(bybit, at, read->at_ms);
    tell_coin(bybit, at, read->is_queried, read->received_ns);
}

bool bybit_count_is_known(const struct bybit *bybit, uint16_t instrument)
{
    uint16_t at = 0;

    if (!bybit->config.is_spot)
        return true;
    while (bybit->symbol[at].instrument != instrument)
        at++;
    return bybit->symbol[at].base_coin[0] != '\0' &&
           bybit->counts.coin[leader_of(bybit, at)].is_known;
}

/* One of before the first reading is in that balance, fee and all: its lots were taken for the
 * account's own. */
static void count_in_coin(struct bybit *bybit, uint16_t at, const struct execution *fill,
                          int64_t base_fee_e8)
{
    struct bybit_coin *coin = &bybit->counts.coin[leader_of(bybit, at)];
    int64_t amount_e8 = fill->qty_lots * lot_e8(&bybit->symbol[at]);

    if (fill->venue_ns / MS_NS > coin->known_ms)
        coin->holding_e8 -= base_fee_e8;
    else
        coin->holding_e8 -= fill->side == SIDE_BUY ? amount_e8 : -amount_e8;
}

static bool is_waiting(const struct bybit *bybit, uint16_t leader)
{
    for (uint16_t at = leader; at < bybit->symbol_count; at++)
        if (leader_of(bybit, at) == leader &&
            bybit->counts.count[bybit->symbol[at].instrument].waits_ns != 0)
            return true;
    return false;
}

void bybit_count_fill(struct bybit *bybit, const struct execution *fill, int64_t base_fee_e8)
{
    struct bybit_count *count = &bybit->counts.count[fill->instrument];
    uint16_t at = 0;

    count->net_lots += fill->side == SIDE_BUY ? fill->qty_lots : -fill->qty_lots;
    if (!bybit->config.is_spot) {
        if (count->waits_ns != 0)
            tell(bybit, fill->instrument, fill->received_ns);
        return;
    }
    while (bybit->symbol[at].instrument != fill->instrument)
        at++;
    if (!bybit_count_is_known(bybit, fill->instrument))
        return; /* the first reading is yet to come */
    count_in_coin(bybit, at, fill, base_fee_e8);
    if (is_waiting(bybit, leader_of(bybit, at)))
        tell_coin(bybit, leader_of(bybit, at), false, fill->received_ns);
}
