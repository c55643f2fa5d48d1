/* Ours against the venue's: balances, and the fills and fees of the trading day. */
#include "view/shapes.h"

#include "thread/clock.h"

static json_t *known_money(int64_t amount_e8)
{
    return shape_money(amount_e8 != GATEWAY_UNKNOWN, amount_e8);
}

/* Null: the venue keeps none, or has not told it. */
static json_t *balance_json(const struct gateway *gateway)
{
    struct gateway_balance balance;

    if (!gateway || !gateway->balance_currency || !gateway_balance(gateway, &balance))
        return json_null();
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "currency", gateway->balance_currency, "equity",
        known_money(balance.equity_e8), "wallet", known_money(balance.wallet_e8), "available",
        known_money(balance.available_e8), "venue_ns", json_ns_or_null(balance.venue_ns), "told_ns",
        json_ns_or_null(balance.told_ns), "age_ns", shape_age(clock_real_ns(), balance.told_ns));
}

/* A count of an earlier day says that there is none of today. */
static struct gateway_tally of_today(const struct gateway_tally *tally,
                                     const struct model_today *today)
{
    return tally->day_ns >= today->day_ns
               ? *tally
               : (struct gateway_tally){.day_ns = today->day_ns, .told_ns = tally->told_ns};
}

/* The venue's; false: it has not told its count of today. */
static bool venue_tally(const struct gateway *gateway, uint16_t instrument,
                        const struct model_today *today, struct gateway_tally *tally)
{
    if (!gateway || !gateway_tally(gateway, instrument, tally) || tally->told_ns < today->day_ns)
        return false;
    *tally = of_today(tally, today);
    return true;
}

/* What the venue has told of its count of today, and how many of our fills it need not hold yet. */
struct venue_count {
    bool told;
    struct gateway_tally tally;
    json_int_t after;
};

/* One walk over the kept fills for all instruments, the newest first. The time of the oldest when
 * older ones are forgotten that nobody has counted: of a venue that told before it, no number is
 * known. */
static int64_t count_after(const struct view *view, struct venue_count told[MAX_INSTRUMENTS])
{
    uint64_t kept = model_fills_kept(view);
    int64_t earliest_ns = INT64_MAX;

    for (uint16_t at = 0; at < view->from.config->instruments; at++)
        if (told[at].told && told[at].tally.told_ns < earliest_ns)
            earliest_ns = told[at].tally.told_ns;
    for (uint64_t back = 1; back <= kept; back++) {
        const struct view_fill *fill = &view->fills[(view->fill_count - back) % KEPT_FILLS];
        struct venue_count *of = &told[fill->instrument];

        if (fill->at_ns <= earliest_ns)
            return INT64_MIN;
        of->after += fill->at_ns > of->tally.told_ns;
        if (back == kept && model_fills_forgotten(view))
            return fill->at_ns;
    }
    return INT64_MIN;
}

static json_t *instrument_json(const struct view *view, uint16_t instrument,
                               const struct model_today *today, const struct venue_count *of,
                               int64_t forgotten_ns)
{
    const struct config *config = view->from.config;
    const struct instrument *row = &config->instrument[instrument];
    struct gateway_tally ours = of_today(&view->tally[instrument], today);
    const struct gateway_tally *theirs = &of->tally;
    bool told = of->told;

    return json_pack(
        "{s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "instrument", row->name, "currency",
        config->currency[row->currency].name, "since_ns", json_ns_or_null(today->since_ns), "fills",
        (json_int_t)ours.fills, "fee", known_money(ours.fee_e8), "fills_since_told",
        told && theirs->told_ns >= forgotten_ns ? json_integer(of->after) : json_null(),
        "venue_fills", told ? json_integer((json_int_t)theirs->fills) : json_null(), "venue_fee",
        told ? known_money(theirs->fee_e8) : json_null(), "told_ns",
        json_ns_or_null(theirs->told_ns), "age_ns", shape_age(today->now_ns, theirs->told_ns));
}

static json_t *venue_json(const struct view *view, uint16_t venue, const struct model_today *today,
                          const struct venue_count told[MAX_INSTRUMENTS], int64_t forgotten_ns)
{
    const struct config *config = view->from.config;
    json_t *rows = json_array();

    for (uint16_t at = 0; at < config->instruments; at++)
        if (config->instrument[at].venue == venue)
            json_array_append_new(rows, instrument_json(view, at, today, &told[at], forgotten_ns));
    return json_pack(
        "{s:s, s:b, s:o, s:o}", "venue", config->venue[venue], "simulated",
        config->venue_settings[venue].kind == GATEWAY_SIMULATED || config->mode != MODE_LIVE,
        "balance", balance_json(view_gateway_of(&view->from, venue)), "instruments", rows);
}

json_t *view_reconciliation(struct view *view)
{
    struct venue_count told[MAX_INSTRUMENTS] = {0};
    json_t *items = json_array();
    struct model_today today;
    int64_t forgotten_ns;

    view_enter(view);
    today = model_today(view);
    for (uint16_t at = 0; at < view->from.config->instruments; at++)
        told[at].told =
            venue_tally(view_gateway_of(&view->from, view->from.config->instrument[at].venue), at,
                        &today, &told[at].tally);
    forgotten_ns = count_after(view, told);
    for (uint16_t at = 0; at < view->from.config->venues; at++)
        json_array_append_new(items, venue_json(view, at, &today, told, forgotten_ns));
    view_leave(view);
    return shape_list(items, 0);
}
