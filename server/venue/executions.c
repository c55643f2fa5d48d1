/* What was traded: executions of accounts, public trades and the figures of 24 hours. */
#include "venue/inside.h"

enum { DONE_MASK = VENUE_EXECUTIONS_MAX - 1, TRADE_MASK = VENUE_TRADES_KEPT - 1 };
#define MINUTE_NS 60000000000LL

/* ---- executions ------------------------------------------------------------------------- */

static const struct venue_done *done(const struct venue *venue, uint64_t no)
{
    const struct venue_done *row = &venue->done[no & DONE_MASK];

    return no != 0 && row->execution.no == no ? row : NULL;
}

void venue_record(struct venue *venue, struct venue_execution *execution)
{
    struct venue_account *account = &venue->account[execution->account];

    execution->no = ++venue->executions;
    if (execution->life == 0) /* else it is of a former one, out of the state */
        execution->life = venue->life;
    venue->done[execution->no & DONE_MASK] =
        (struct venue_done){.execution = *execution, .older = account->newest_execution};
    account->newest_execution = execution->no;
    if (venue->listener.execution)
        venue->listener.execution(venue->listener.ctx, execution);
}

const struct venue_execution *venue_next_execution(const struct venue *venue, uint16_t account,
                                                   uint64_t before)
{
    const struct venue_done *row = done(venue, before);

    assert(account < venue->accounts);
    row = done(venue, row && row->execution.account == account
                          ? row->older
                          : venue->account[account].newest_execution);
    while (row && before != 0 && row->execution.no >= before)
        row = done(venue, row->older);
    return row ? &row->execution : NULL;
}

/* ---- public trades ---------------------------------------------------------------------- */

static void add_capped(int64_t *sum, int64_t amount)
{
    if (__builtin_add_overflow(*sum, amount, sum))
        *sum = INT64_MAX;
}

static void count_trade(struct venue *venue, uint16_t instrument, int64_t ticks, int64_t lots)
{
    int64_t minute = venue->call.now_ns / MINUTE_NS + 1;
    struct venue_minute *row = &venue->book[instrument].minute[minute % VENUE_MINUTES];
    int64_t value_e8 = 0;

    if (row->minute != minute)
        *row = (struct venue_minute){
            .minute = minute, .open_ticks = ticks, .high_ticks = ticks, .low_ticks = ticks};
    if (ticks > row->high_ticks)
        row->high_ticks = ticks;
    if (ticks < row->low_ticks)
        row->low_ticks = ticks;
    add_capped(&row->lots, lots);
    if (instrument_value_e8(&venue->instrument[instrument].grid, ticks, lots, &value_e8))
        add_capped(&row->value_e8, value_e8);
}

void venue_record_trade(struct venue *venue, uint16_t instrument, int64_t ticks, int64_t lots,
                        enum side taker_side)
{
    struct venue_book *book = &venue->book[instrument];
    struct venue_trade *trade = &book->trade[++book->trades & TRADE_MASK];

    book->seq++;
    *trade = (struct venue_trade){.no = book->trades,
                                  .price_ticks = ticks,
                                  .lots = lots,
                                  .at_ns = venue->call.now_ns,
                                  .seq = book->seq,
                                  .taker_side = (uint8_t)taker_side};
    book->last_ticks = ticks;
    count_trade(venue, instrument, ticks, lots);
    if (venue->listener.trade)
        venue->listener.trade(venue->listener.ctx, instrument, trade);
}

uint32_t venue_trades(const struct venue *venue, uint16_t instrument, struct venue_trade *trades,
                      uint32_t most)
{
    const struct venue_book *book = &venue->book[instrument];
    uint32_t count = 0;

    assert(instrument < venue->instruments);
    while (count < most && count < VENUE_TRADES_KEPT && count < book->trades - book->trades_from) {
        trades[count] = book->trade[(book->trades - count) & TRADE_MASK];
        count++;
    }
    return count;
}

/* ---- the ticker ------------------------------------------------------------------------- */

static void add_minute(struct venue_ticker *ticker, const struct venue_minute *row)
{
    if (ticker->open_ticks == 0)
        ticker->open_ticks = row->open_ticks;
    if (row->high_ticks > ticker->high_ticks)
        ticker->high_ticks = row->high_ticks;
    if (ticker->low_ticks == 0 || row->low_ticks < ticker->low_ticks)
        ticker->low_ticks = row->low_ticks;
    add_capped(&ticker->volume_lots, row->lots);
    add_capped(&ticker->turnover_e8, row->value_e8);
}

static int64_t open_interest(const struct venue *venue, uint16_t instrument)
{
    int64_t lots = 0;

    for (uint16_t at = 0; at < venue->accounts; at++) {
        int64_t held = venue->account[at].position[instrument].lots;

        lots += held > 0 ? held : 0;
    }
    return lots;
}

struct venue_ticker venue_ticker(const struct venue *venue, uint16_t instrument)
{
    const struct venue_book *book = &venue->book[instrument];
    int64_t newest = venue->call.now_ns / MINUTE_NS + 1;
    struct venue_ticker ticker = {
        .last_ticks = book->last_ticks,
        .mark_ticks = venue_mark_ticks(venue, instrument),
        .index_ticks = venue_mark_ticks(venue, instrument),
        .open_interest_lots = open_interest(venue, instrument),
        .funding_rate_e8 = venue->instrument[instrument].grid.funding_rate_e8,
        .next_funding_ns = book->next_funding_ns,
    };

    for (int64_t minute = newest - VENUE_MINUTES + 1; minute <= newest; minute++)
        if (minute > 0 && book->minute[minute % VENUE_MINUTES].minute == minute)
            add_minute(&ticker, &book->minute[minute % VENUE_MINUTES]);
    return ticker;
}
