#include "gateway/bybit/chain.h"

#include <assert.h>

static bool is_carried_by_other(const struct bybit_chain *chain, uint32_t link)
{
    for (uint32_t at = 0; at < CHAIN_LINKS; at++)
        if (at != link && chain->link[at].whole)
            return true;
    return false;
}

bool bybit_chain_drop(struct bybit_chain *chain)
{
    bool was_fresh = chain->fresh;

    chain->fresh = false;
    for (uint32_t at = 0; at < CHAIN_LINKS; at++)
        chain->link[at].whole = false;
    return was_fresh;
}

bool bybit_chain_cut(struct bybit_chain *chain, uint32_t link)
{
    bool was_fresh = chain->fresh;

    assert(link < CHAIN_LINKS);
    chain->link[link].whole = false;
    if (is_carried_by_other(chain, link))
        return false;
    chain->fresh = false;
    return was_fresh;
}

static enum chain_step broken(struct bybit_chain *chain, uint32_t link)
{
    chain->gaps++;
    return bybit_chain_cut(chain, link) ? CHAIN_LOST : CHAIN_BROKEN;
}

/* A restarted service may count from anywhere; within a chain the venue's time only rises. */
static bool has_moved(const struct bybit_chain *chain, const struct bybit_frame *frame,
                      enum market_kind kind)
{
    if (frame->seq == 0 && frame->cts_ms == 0)
        return frame->u != chain->u;
    if (kind == MARKET_SNAPSHOT)
        return frame->seq != chain->seq || frame->cts_ms != chain->cts_ms;
    return frame->seq > chain->seq || frame->cts_ms > chain->cts_ms;
}

static enum chain_step out(struct bybit_chain *chain, const struct bybit_frame *frame,
                           struct market_update *update, enum market_kind kind)
{
    update->kind = (uint8_t)kind;
    update->prev_update_id = kind == MARKET_DELTA ? chain->u : 0;
    update->update_id = frame->u;
    chain->moved = has_moved(chain, frame, kind);
    chain->fresh = true;
    chain->u = frame->u;
    chain->seq = frame->seq;
    chain->cts_ms = frame->cts_ms;
    return CHAIN_OUT;
}

static enum chain_step copy(struct bybit_chain *chain)
{
    chain->copies++;
    return CHAIN_COPY;
}

static enum chain_step repeat(struct bybit_chain *chain)
{
    chain->repeats++;
    return CHAIN_COPY;
}

static enum chain_step take_snapshot(struct bybit_chain *chain, uint32_t link,
                                     const struct bybit_frame *frame, struct market_update *update)
{
    bool repeated = chain->link[link].whole && chain->link[link].u == frame->u;
    bool older =
        frame->u < chain->u && frame->seq <= chain->seq && !(frame->u == 1 && frame->seq == 0);

    chain->link[link].whole = true;
    chain->link[link].u = frame->u;
    if (chain->fresh && repeated)
        return repeat(chain);
    if (chain->fresh && frame->u == chain->u && frame->seq <= chain->seq)
        return copy(chain);
    if (chain->fresh && older && is_carried_by_other(chain, link))
        return copy(chain);
    if (chain->fresh && frame->u < chain->u)
        chain->resets++;
    return out(chain, frame, update, MARKET_SNAPSHOT);
}

static enum chain_step take_delta(struct bybit_chain *chain, uint32_t link,
                                  const struct bybit_frame *frame, struct market_update *update)
{
    if (!chain->link[link].whole)
        return CHAIN_WAITING;
    if (frame->u == chain->link[link].u)
        return repeat(chain);
    if (frame->u != chain->link[link].u + 1)
        return broken(chain, link);
    chain->link[link].u = frame->u;
    if (frame->u == chain->u + 1)
        return out(chain, frame, update, MARKET_DELTA);
    if (frame->u <= chain->u || frame->seq <= chain->seq)
        return copy(chain); /* a slower connection; or one that has not heard of a restart */
    return broken(chain, link);
}

enum chain_step bybit_chain_take(struct bybit_chain *chain, uint32_t link,
                                 const struct bybit_frame *frame, struct market_update *update)
{
    assert(link < CHAIN_LINKS);
    assert(frame->kind == BYBIT_SNAPSHOT || frame->kind == BYBIT_DELTA);
    update->bid_count = frame->bid_count;
    update->ask_count = frame->ask_count;
    if (frame->kind == BYBIT_SNAPSHOT || (frame->u == 1 && chain->link[link].u != 1))
        return take_snapshot(chain, link, frame, update);
    return take_delta(chain, link, frame, update);
}
