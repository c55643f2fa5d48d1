/* The venue's own account of us: positions, funding, and orders that we did not send. */
#include "sim/venue.h"

#include "base/assert.h"

enum { POSITION_REPEAT = 10 }; /* every so many rounds, what has not changed is told too */

void sim_account_fill(struct sim *sim, const struct execution *fill)
{
    struct sim_account *account = &sim->accounts[fill->instrument];

    account->lots += fill->side == SIDE_BUY ? fill->qty_lots : -fill->qty_lots;
    account->traded = true;
}

void sim_open_position(struct sim *sim, uint16_t instrument, int64_t lots)
{
    assert(instrument < sim->config.instruments);
    sim->accounts[instrument] = (struct sim_account){.lots = lots, .traded = lots != 0};
}

int64_t sim_position_lots(const struct sim *sim, uint16_t instrument)
{
    assert(instrument < sim->config.instruments);
    return sim->accounts[instrument].lots;
}

static void tell_position(struct sim *sim, uint16_t instrument, int64_t venue_ns)
{
    struct sim_account *account = &sim->accounts[instrument];
    struct execution execution = {.report = REPORT_POSITION,
                                  .instrument = instrument,
                                  .qty_lots = account->lots,
                                  .venue_ns = venue_ns};

    account->told_lots = account->lots;
    sim_report_news(sim, &execution);
}

static void tell_positions(struct sim *sim, int64_t venue_ns)
{
    bool all = sim->position_rounds++ % POSITION_REPEAT == 0;

    for (uint16_t at = 0; at < sim->config.instruments; at++) {
        const struct sim_account *account = &sim->accounts[at];

        if (account->traded && (all || account->lots != account->told_lots))
            tell_position(sim, at, venue_ns);
    }
}

/* Of the position at the mid; a long pays a positive rate. Without a fresh book there is no mark,
 * and nothing is charged. */
static void charge_funding(struct sim *sim, uint16_t instrument, int64_t venue_ns)
{
    const struct instrument *row = &sim->config.instrument_rows[instrument];
    int64_t lots = sim->accounts[instrument].lots;
    struct touch touch = book_touch(sim->markets[instrument].book);
    int64_t mid_e8 = (touch.bid.price_ticks + touch.ask.price_ticks) * (PRICE_ONE_E8 / 2);
    struct execution execution = {
        .report = REPORT_FUNDING, .instrument = instrument, .venue_ns = venue_ns};
    int64_t value = 0;

    if (lots == 0 || row->funding_rate_e8 == 0 || book_is_stale(sim->markets[instrument].book) ||
        !instrument_value_between_e8(row, mid_e8, lots > 0 ? lots : -lots, &value) ||
        !money_scale(value, row->funding_rate_e8, &execution.fee_e8))
        return;
    if (lots < 0)
        execution.fee_e8 = -execution.fee_e8;
    execution.exec_id = sim->config.epoch << 32 | ++sim->execs;
    sim_report_news(sim, &execution);
}

static int64_t next_whole(int64_t now_ns, int64_t interval_ns)
{
    return now_ns - now_ns % interval_ns + interval_ns;
}

void sim_account_tick(struct sim *sim, int64_t now_ns)
{
    int64_t position_ns = sim->config.position_interval_ns;
    int64_t funding_ns = sim->config.funding_interval_ns;

    if (position_ns > 0 && now_ns >= sim->position_due_ns && sim_can_report(sim)) {
        if (sim->position_due_ns != 0)
            tell_positions(sim, now_ns);
        sim->position_due_ns = next_whole(now_ns, position_ns);
    }
    if (funding_ns > 0 && sim->funding_due_ns == 0)
        sim->funding_due_ns = next_whole(now_ns, funding_ns);
    for (; funding_ns > 0 && now_ns >= sim->funding_due_ns && sim_can_report(sim);
         sim->funding_due_ns += funding_ns)
        for (uint16_t at = 0; at < sim->config.instruments; at++)
            charge_funding(sim, at, now_ns);
}

/* Joins the touch of one side; without a book there is nothing to join. */
static void add_foreign(struct sim *sim, const struct fault_rule *fault, uint16_t instrument,
                        int64_t venue_ns)
{
    struct sim_market *market = &sim->markets[instrument];
    struct touch touch = book_touch(market->book);
    enum side side = random_draw(&sim->faults.random) & 1 ? SIDE_SELL : SIDE_BUY;
    struct order_message message = {.kind = ORDER_MESSAGE_NEW,
                                    .side = (uint8_t)side,
                                    .flags = ORDER_EXTERNAL,
                                    .instrument = instrument,
                                    .venue = sim->config.instrument_rows[instrument].venue,
                                    .price_ticks = side == SIDE_BUY ? touch.bid.price_ticks
                                                                    : touch.ask.price_ticks,
                                    .qty_lots = fault->code};
    struct sim_order *order;

    if (book_is_stale(market->book) || market->ended)
        return;
    message.order_id = SIM_FOREIGN_BIT | sim->config.epoch << 32 | ++sim->foreign;
    order = sim_order_add(sim, &message);
    if (!order)
        return;
    sim_rest(market, order);
    sim_report_as_it_stands(sim, order, REPORT_FOREIGN, 0, venue_ns);
}

static void override_position(struct sim *sim, const struct fault_rule *fault, uint16_t instrument,
                              int64_t venue_ns)
{
    sim->accounts[instrument].lots = fault->code;
    sim->accounts[instrument].traded = true;
    tell_position(sim, instrument, venue_ns);
}

void sim_befall(struct sim *sim, const struct fault_rule *fault, uint16_t instrument,
                int64_t venue_ns)
{
    struct sim_refusal until = {venue_ns + fault->for_ns, fault->code};

    switch ((enum fault_verb)fault->verb) {
    case FAULT_FOREIGN_ORDER:
        add_foreign(sim, fault, instrument, venue_ns);
        break;
    case FAULT_POSITION_OVERRIDE:
        override_position(sim, fault, instrument, venue_ns);
        break;
    case FAULT_RATELIMIT:
        sim->limited = until;
        break;
    case FAULT_BAN:
        sim->banned = until;
        break;
    case FAULT_MAINTENANCE:
        sim->closed = until;
        break;
    default:
        break; /* of the one message */
    }
}
