#include "cli/selfcheck.h"

enum { MASK = SELFCHECK_KEPT - 1 };

_Static_assert((SELFCHECK_KEPT & MASK) == 0, "positions wrap by a mask");

static bool same_price(struct touch a, struct touch b)
{
    return a.bid.price_ticks == b.bid.price_ticks && a.ask.price_ticks == b.ask.price_ticks;
}

static bool same(struct touch a, struct touch b)
{
    return same_price(a, b) && a.bid.qty_lots == b.bid.qty_lots && a.ask.qty_lots == b.ask.qty_lots;
}

/* The newest kept ticker at or below an id; NULL: none. */
static const struct quoted *ticker_below(const struct selfcheck *check, int64_t update_id)
{
    uint64_t oldest = check->tickers > SELFCHECK_KEPT ? check->tickers - SELFCHECK_KEPT : 0;

    for (uint64_t at = check->tickers; at > oldest; at--)
        if (check->ticker[(at - 1) & MASK].update_id <= update_id)
            return &check->ticker[(at - 1) & MASK];
    return NULL;
}

static void decide(struct selfcheck *check, const struct quoted *diff)
{
    const struct quoted *ticker = ticker_below(check, diff->update_id);

    if (!ticker)
        return;
    check->checks++;
    check->price_equal += same_price(ticker->touch, diff->touch);
    check->equal += same(ticker->touch, diff->touch);
}

void selfcheck_ticker(struct selfcheck *check, const struct market_update *ticker)
{
    const struct quoted *newest =
        check->tickers > 0 ? &check->ticker[(check->tickers - 1) & MASK] : NULL;

    if (newest && ticker->update_id < newest->update_id)
        return;
    while (check->diffs_done < check->diffs_taken &&
           check->diff[check->diffs_done & MASK].update_id < ticker->update_id)
        decide(check, &check->diff[check->diffs_done++ & MASK]);
    check->ticker[check->tickers++ & MASK] =
        (struct quoted){.update_id = ticker->update_id,
                        .touch = {.bid = ticker->levels[0], .ask = ticker->levels[1]}};
}

void selfcheck_diff(struct selfcheck *check, int64_t update_id, struct touch touch)
{
    struct quoted diff = {.update_id = update_id, .touch = touch};

    if (check->tickers > 0 && check->ticker[(check->tickers - 1) & MASK].update_id > update_id) {
        decide(check, &diff); /* a later ticker is here: nothing below the diff can come any more */
        return;
    }
    if (check->diffs_taken - check->diffs_done == SELFCHECK_KEPT)
        decide(check, &check->diff[check->diffs_done++ & MASK]);
    check->diff[check->diffs_taken++ & MASK] = diff;
}

void selfcheck_finish(struct selfcheck *check)
{
    while (check->diffs_done < check->diffs_taken)
        decide(check, &check->diff[check->diffs_done++ & MASK]);
}
