/* Our orders against the market: taking when they arrive, resting and being filled afterwards.
 *
 * The market does not know of us, so what we take stays displayed; the venue remembers it per
 * level until the market updates that level, and does not sell it twice. */
#include "sim/venue.h"

#include "base/assert.h"

static enum side opposite(uint8_t side)
{
    return side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

/* True when an order of `side` at `price_ticks` accepts the opposite price. */
static bool accepts(uint8_t side, int64_t price_ticks, int64_t opposite_ticks)
{
    return side == SIDE_BUY ? opposite_ticks <= price_ticks : opposite_ticks >= price_ticks;
}

static int64_t opposite_touch_ticks(const struct sim_market *market, uint8_t side)
{
    struct touch touch = book_touch(market->book);

    return side == SIDE_BUY ? touch.ask.price_ticks : touch.bid.price_ticks;
}

static struct sim_consumed *consumed_at(struct sim_market *market, enum side side, int64_t price)
{
    for (uint32_t at = 0; at < market->consumed_count; at++)
        if (market->consumed[at].side == side && market->consumed[at].price_ticks == price)
            return &market->consumed[at];
    return NULL;
}

/* What a level still has for us. With the memory full, an unknown level has nothing. */
static int64_t available(struct sim_market *market, enum side side, struct level level)
{
    const struct sim_consumed *consumed = consumed_at(market, side, level.price_ticks);

    if (!consumed)
        return market->consumed_count < SIM_CONSUMED_MAX ? level.qty_lots : 0;
    return level.qty_lots > consumed->lots ? level.qty_lots - consumed->lots : 0;
}

static void consume(struct sim_market *market, enum side side, int64_t price, int64_t lots)
{
    struct sim_consumed *consumed = consumed_at(market, side, price);

    if (!consumed) {
        assert(market->consumed_count < SIM_CONSUMED_MAX);
        consumed = &market->consumed[market->consumed_count++];
        *consumed = (struct sim_consumed){.price_ticks = price, .side = (uint8_t)side};
    }
    consumed->lots += lots;
}

static void restore(struct sim_market *market, enum side side, int64_t price)
{
    struct sim_consumed *consumed = consumed_at(market, side, price);

    if (consumed)
        *consumed = market->consumed[--market->consumed_count];
}

/* The levels that an order could take now, best first. */
static uint32_t takeable(struct sim_market *market, const struct order_message *message,
                         struct level levels[SIM_TAKE_LEVELS_MAX])
{
    uint32_t count;
    uint32_t at = 0;

    if (book_is_stale(market->book) ||
        !accepts(message->side, message->price_ticks, opposite_touch_ticks(market, message->side)))
        return 0;
    count = book_levels(market->book, opposite(message->side), levels, SIM_TAKE_LEVELS_MAX);
    while (at < count && accepts(message->side, message->price_ticks, levels[at].price_ticks))
        at++;
    return at;
}

/* The levels that it could take now; on an l3 only whether there is one. */
static uint32_t reachable(struct sim *sim, const struct order_message *message,
                          struct level levels[SIM_TAKE_LEVELS_MAX])
{
    if (sim->config.l3) {
        levels[0] = (struct level){0}; /* nobody looks at it: the exchange knows its own */
        return sim_l3_takes(sim, message);
    }
    return takeable(&sim->markets[message->instrument], message, levels);
}

static bool can_fill_whole(struct sim_market *market, const struct sim_order *order,
                           const struct level *levels, uint32_t count)
{
    int64_t wanted = order->leaves_lots;

    for (uint32_t at = 0; at < count && wanted > 0; at++)
        wanted -= available(market, opposite(order->message.side), levels[at]);
    return wanted <= 0;
}

static void take(struct sim *sim, struct sim_order *order, const struct level *levels,
                 uint32_t count, int64_t venue_ns)
{
    struct sim_market *market = &sim->markets[order->message.instrument];
    enum side side = opposite(order->message.side);
    int64_t leaves = order->leaves_lots;

    for (uint32_t at = 0; at < count && leaves > 0; at++) {
        int64_t lots = available(market, side, levels[at]);

        lots = lots < leaves ? lots : leaves;
        if (lots == 0)
            continue;
        consume(market, side, levels[at].price_ticks, lots);
        leaves -= lots;
        sim_fill(sim, order, levels[at].price_ticks, lots, false, venue_ns);
    }
}

static bool meets_own(const struct sim *sim, const struct order_message *message)
{
    uint32_t at = sim->markets[message->instrument].first;

    for (; at != SIM_NONE; at = sim->orders[at].next) {
        const struct order_message *own = &sim->orders[at].message;

        if (own->side != message->side &&
            accepts(message->side, message->price_ticks, own->price_ticks))
            return true;
    }
    return false;
}

static bool is_within_bounds(const struct order_message *message)
{
    return message->qty_lots > 0 && message->qty_lots <= MAX_LOTS && message->price_ticks > 0 &&
           message->price_ticks <= MAX_PRICE_TICKS;
}

void sim_rest(const struct sim_market *market, struct sim_order *order)
{
    const struct order_message *message = &order->message;

    order->shown_lots =
        book_level_lots(market->book, (enum side)message->side, message->price_ticks);
    order->queue_lots = book_is_stale(market->book) ? SIM_QUEUE_UNKNOWN : order->shown_lots;
    order->traded_lots = 0;
}

/* The part after the acknowledgement. */
static void enter(struct sim *sim, struct sim_order *order, const struct level *levels,
                  uint32_t count, int64_t venue_ns)
{
    struct sim_market *market = &sim->markets[order->message.instrument];

    if (sim->config.l3) {
        sim_l3_enter(sim, order, venue_ns);
        return;
    }
    if (order->message.tif != TIF_FOK || can_fill_whole(market, order, levels, count))
        take(sim, order, levels, count, venue_ns);
    if (order->ended != 0)
        return; /* filled whole */
    if (order->message.tif == TIF_GTC) {
        sim_rest(market, order);
        return;
    }
    sim_report(sim, &order->message, REPORT_VENUE_EXPIRE, venue_ns);
    sim_order_end(sim, order, REPORT_VENUE_EXPIRE);
}

/* It never lives: said, and remembered. */
static void turn_away(struct sim *sim, const struct order_message *message, enum report report,
                      int64_t venue_ns)
{
    sim_report(sim, message, report, venue_ns);
    sim_order_remember(sim, message, report);
}

/* Some lots at its own price, whatever the market shows; told ahead of the acknowledgement. */
static void fill_early(struct sim *sim, struct sim_order *order, int64_t lots, int64_t venue_ns)
{
    lots = lots < order->leaves_lots ? lots : order->leaves_lots;
    sim_fill(sim, order, order->message.price_ticks, lots, false, venue_ns);
}

static void live(struct sim *sim, struct sim_order *order, const struct level *levels,
                 uint32_t count, int64_t venue_ns)
{
    struct order_message message = order->message;

    if (sim->fault && sim->fault->verb == FAULT_FILL_BEFORE_ACK)
        fill_early(sim, order, sim->fault->code, venue_ns);
    sim_report(sim, &message, REPORT_VENUE_ACK, venue_ns);
    if (order->ended == 0)
        enter(sim, order, levels, count, venue_ns);
}

void sim_arrive_new(struct sim *sim, const struct order_message *message, int64_t venue_ns)
{
    struct level levels[SIM_TAKE_LEVELS_MAX];
    struct sim_market *market = &sim->markets[message->instrument];
    struct sim_order *order;
    uint32_t count;

    assert(message->instrument < sim->config.instruments);
    if (sim_order_known(sim, message->order_id)) {
        sim_report(sim, message, REPORT_DUPLICATE_ID, venue_ns);
        return; /* what is known of the id stays */
    }
    if (!is_within_bounds(message) || market->ended) {
        turn_away(sim, message, REPORT_VENUE_REJECT, venue_ns);
        return;
    }
    count = reachable(sim, message, levels);
    if (meets_own(sim, message) || (count > 0 && (message->flags & ORDER_POST_ONLY))) {
        turn_away(sim, message, REPORT_VENUE_CANCEL, venue_ns);
        return;
    }
    order = sim_order_add(sim, message);
    if (order)
        live(sim, order, levels, count, venue_ns);
    else
        turn_away(sim, message, REPORT_VENUE_REJECT, venue_ns);
}

/* ---- amending --------------------------------------------------------------------------- */

static void set(struct sim_order *order, const struct order_message *wanted)
{
    order->leaves_lots += wanted->qty_lots - order->message.qty_lots;
    order->message.price_ticks = wanted->price_ticks;
    order->message.qty_lots = wanted->qty_lots;
    order->message.amend_no = wanted->amend_no;
}

/* At another price or with more lots it is as a new order: last in the queue, or taking. */
static bool set_anew(struct sim *sim, struct sim_order *order, const struct order_message *wanted,
                     int64_t venue_ns)
{
    struct level levels[SIM_TAKE_LEVELS_MAX];
    uint32_t count = reachable(sim, wanted, levels);

    if (meets_own(sim, wanted) || (count > 0 && (wanted->flags & ORDER_POST_ONLY)))
        return false;
    set(order, wanted);
    sim_order_requeue(sim, order);
    sim_report_as_it_stands(sim, order, REPORT_VENUE_AMEND, order->message.amend_no, venue_ns);
    enter(sim, order, levels, count, venue_ns);
    return true;
}

bool sim_amend(struct sim *sim, struct sim_order *order, const struct order_message *message,
               int64_t venue_ns)
{
    struct order_message wanted = order->message;
    int64_t filled_lots = order->message.qty_lots - order->leaves_lots;

    wanted.price_ticks = message->price_ticks;
    wanted.qty_lots = message->qty_lots;
    wanted.amend_no = message->amend_no;
    if (wanted.qty_lots <= filled_lots) {
        sim_report(sim, &order->message, REPORT_VENUE_CANCEL, venue_ns);
        sim_order_end(sim, order, REPORT_VENUE_CANCEL);
        return true;
    }
    if (!is_within_bounds(&wanted))
        return false;
    if (wanted.price_ticks != order->message.price_ticks ||
        wanted.qty_lots > order->message.qty_lots)
        return set_anew(sim, order, &wanted, venue_ns);
    set(order, &wanted);
    if (sim->config.l3)
        sim_l3_shrink(sim, order);
    sim_report_as_it_stands(sim, order, REPORT_VENUE_AMEND, order->message.amend_no, venue_ns);
    return true;
}

/* ---- resting ---------------------------------------------------------------------------- */

/* A trade of `lots` at our price: first what is queued ahead of us, then us. `own_lots` is what
 * our earlier orders at this price took of it. */
static int64_t fill_by_trade(struct sim *sim, struct sim_order *order, int64_t lots,
                             int64_t own_lots, int64_t venue_ns)
{
    int64_t others = lots - own_lots;
    int64_t mine = others > order->queue_lots ? others - order->queue_lots : 0;

    if (order->queue_lots == SIM_QUEUE_UNKNOWN)
        return 0;
    order->queue_lots -= others < order->queue_lots ? others : order->queue_lots;
    order->traded_lots += lots;
    mine = mine < order->leaves_lots ? mine : order->leaves_lots;
    if (mine > 0)
        sim_fill(sim, order, order->message.price_ticks, mine, true, venue_ns);
    return mine;
}

static void match_trade(struct sim *sim, struct sim_market *market,
                        const struct market_update *update, int64_t venue_ns)
{
    struct level trade = update->levels[0];
    uint8_t passive = update->flags & MARKET_BUYER_IS_MAKER ? SIDE_BUY : SIDE_SELL;
    int64_t own_lots = 0;
    uint32_t next;

    for (uint32_t at = market->first; at != SIM_NONE && sim_can_report(sim); at = next) {
        struct sim_order *order = &sim->orders[at];
        int64_t price = order->message.price_ticks;

        next = order->next;
        if (price != trade.price_ticks && accepts(order->message.side, price, trade.price_ticks))
            sim_fill(sim, order, price, order->leaves_lots, true, venue_ns);
        else if (price == trade.price_ticks && order->message.side == passive)
            own_lots += fill_by_trade(sim, order, trade.qty_lots, own_lots, venue_ns);
    }
}

/* The opposite touch at our price trades with us as far as it is shown, one through our price
 * fills us whole: its owner would have met us first. */
static void fill_by_touch(struct sim *sim, struct sim_order *order, struct level touch,
                          int64_t venue_ns)
{
    struct sim_market *market = &sim->markets[order->message.instrument];
    enum side side = opposite(order->message.side);
    int64_t lots = order->leaves_lots;

    if (touch.price_ticks == 0 ||
        !accepts(order->message.side, order->message.price_ticks, touch.price_ticks))
        return;
    if (touch.price_ticks == order->message.price_ticks) {
        int64_t shown = available(market, side, touch);

        lots = lots < shown ? lots : shown;
        if (lots == 0)
            return;
        consume(market, side, touch.price_ticks, lots);
    }
    sim_fill(sim, order, order->message.price_ticks, lots, true, venue_ns);
}

static void match_touch(struct sim *sim, struct sim_market *market, struct touch touch,
                        int64_t venue_ns)
{
    uint32_t next;

    for (uint32_t at = market->first; at != SIM_NONE && sim_can_report(sim); at = next) {
        struct sim_order *order = &sim->orders[at];

        next = order->next;
        fill_by_touch(sim, order, order->message.side == SIDE_BUY ? touch.ask : touch.bid,
                      venue_ns);
    }
}

/* What left the level beyond the trades that we saw: how much of it was ahead of us. */
static void move_up(struct sim *sim, struct sim_order *order, int64_t shown_lots)
{
    int64_t left_lots = order->shown_lots - shown_lots - order->traded_lots;
    int64_t behind_lots = order->shown_lots - order->traded_lots - order->queue_lots;

    if (left_lots <= 0)
        return;
    order->queue_lots -=
        queue_left_ahead(&sim->config.queue, order->queue_lots, behind_lots > 0 ? behind_lots : 0,
                         left_lots, random_draw(&sim->chance));
}

static void shorten_queues(struct sim *sim, struct sim_market *market)
{
    for (uint32_t at = market->first; at != SIM_NONE; at = sim->orders[at].next) {
        struct sim_order *order = &sim->orders[at];
        int64_t shown = book_level_lots(market->book, (enum side)order->message.side,
                                        order->message.price_ticks);

        if (sim->config.queue.kind != QUEUE_FRONT && order->queue_lots != SIM_QUEUE_UNKNOWN)
            move_up(sim, order, shown);
        if (order->queue_lots > shown)
            order->queue_lots = shown; /* whatever the model says: no more are there */
        order->shown_lots = shown;
        order->traded_lots = 0;
    }
}

/* The touch of our side went away from us: whoever moved it may have traded with us first. */
static bool is_picked_off(struct sim *sim, const struct sim_order *order, struct touch before,
                          struct touch after)
{
    bool buys = order->message.side == SIDE_BUY;
    int64_t was = buys ? before.bid.price_ticks : before.ask.price_ticks;
    int64_t is = buys ? after.bid.price_ticks : after.ask.price_ticks;
    int64_t moved_ticks = buys ? was - is : is - was;

    return was != 0 && is != 0 && moved_ticks >= sim->config.adverse_ticks && moved_ticks > 0 &&
           accepts((uint8_t)opposite(order->message.side), was, order->message.price_ticks) &&
           random_draw(&sim->chance) % RATIO_ONE_E8 < sim->config.adverse_probability_e8;
}

static void match_adverse(struct sim *sim, struct sim_market *market, struct touch before,
                          int64_t venue_ns)
{
    struct touch after = book_touch(market->book);
    uint32_t next;

    for (uint32_t at = market->first; at != SIM_NONE && sim_can_report(sim); at = next) {
        struct sim_order *order = &sim->orders[at];

        next = order->next;
        if (is_picked_off(sim, order, before, after))
            sim_fill(sim, order, order->message.price_ticks, order->leaves_lots, true, venue_ns);
    }
}

static void match_book(struct sim *sim, struct sim_market *market,
                       const struct market_update *update, int64_t venue_ns)
{
    uint32_t levels = (uint32_t)update->bid_count + update->ask_count;
    bool was_fresh = !book_is_stale(market->book);
    struct touch before = book_touch(market->book);

    if (update->kind == MARKET_SNAPSHOT) {
        market->ended = false; /* a recording that starts again */
        market->consumed_count = 0;
    }
    for (uint32_t at = 0; at < levels && market->consumed_count > 0; at++)
        restore(market, at < update->bid_count ? SIDE_BUY : SIDE_SELL,
                update->levels[at].price_ticks);
    if (book_apply(market->book, update) != BOOK_APPLIED || book_is_stale(market->book) ||
        sim->config.l3)
        return;
    shorten_queues(sim, market);
    if (sim_is_closed(sim, venue_ns))
        return;
    match_touch(sim, market, book_touch(market->book), venue_ns);
    if (was_fresh && sim->config.adverse_probability_e8 > 0)
        match_adverse(sim, market, before, venue_ns);
}

/* A ticker is quicker than the diffs, but says nothing of the levels behind it: only a touch that
 * is through our price, and newer than the book, counts. */
static void match_ticker(struct sim *sim, struct sim_market *market,
                         const struct market_update *update, int64_t venue_ns)
{
    struct level bid = update->levels[0];
    struct level ask = update->levels[1];
    uint32_t next;

    if (update->update_id < book_update_id(market->book))
        return;
    for (uint32_t at = market->first; at != SIM_NONE && sim_can_report(sim); at = next) {
        struct sim_order *order = &sim->orders[at];
        int64_t price = order->message.price_ticks;
        struct level touch = order->message.side == SIDE_BUY ? ask : bid;

        next = order->next;
        if (touch.qty_lots > 0 && touch.price_ticks != price &&
            accepts(order->message.side, price, touch.price_ticks))
            sim_fill(sim, order, price, order->leaves_lots, true, venue_ns);
    }
}

void sim_close_market(struct sim *sim, struct sim_market *market, int64_t venue_ns)
{
    while (market->first != SIM_NONE && sim_can_report(sim)) {
        struct sim_order *order = &sim->orders[market->first];

        sim_report(sim, &order->message, REPORT_VENUE_CANCEL, venue_ns);
        sim_order_end(sim, order, REPORT_VENUE_CANCEL);
    }
}

void sim_match_update(struct sim *sim, const struct market_update *update, int64_t venue_ns)
{
    struct sim_market *market = &sim->markets[update->instrument];

    switch ((enum market_kind)update->kind) {
    case MARKET_SNAPSHOT:
    case MARKET_DELTA:
        match_book(sim, market, update, venue_ns);
        break;
    case MARKET_TRADE:
        if (!sim->config.l3 && !sim_is_closed(sim, venue_ns))
            match_trade(sim, market, update, venue_ns);
        break;
    case MARKET_TICKER:
        if (!sim->config.l3 && !sim_is_closed(sim, venue_ns))
            match_ticker(sim, market, update, venue_ns);
        break;
    case MARKET_MARK: /* fills go by the book */
        break;
    case MARKET_LOST:
        book_mark(market->book, BOOK_LOST);
        break;
    case MARKET_ENDED:
        book_mark(market->book, BOOK_ENDED);
        market->ended = true;
        sim_close_market(sim, market, venue_ns);
        break;
    }
}
