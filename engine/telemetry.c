#include "engine_state.h"

#include <string.h>

static void *reserve(struct engine *engine, size_t length)
{
    void *place = ring_reserve(engine->io.telemetry, length);

    if (!place)
        engine->telemetry_dropped++;
    return place;
}

static void send_book(struct engine *engine, uint16_t instrument, int64_t now_ns)
{
    const struct book *book = engine->books[instrument];
    struct telemetry_book *message;

    if (engine->shown_update_id[instrument] == book_update_id(book) &&
        engine->shown_status[instrument] == book_status(book))
        return;
    message = reserve(engine, sizeof *message);
    if (!message)
        return;
    *message = (struct telemetry_book){.kind = TELEMETRY_BOOK,
                                       .status = (uint8_t)book_status(book),
                                       .instrument = instrument,
                                       .update_id = book_update_id(book),
                                       .received_ns = book_received_ns(book),
                                       .now_ns = now_ns};
    message->bid_count = (uint16_t)book_levels(book, SIDE_BUY, message->levels, BOOK_TOP_LEVELS);
    message->ask_count = (uint16_t)book_levels(
        book, SIDE_SELL, message->levels + message->bid_count, BOOK_TOP_LEVELS);
    engine->shown_update_id[instrument] = message->update_id;
    engine->shown_status[instrument] = message->status;
}

static void fill_mark(const struct accounts *accounts, uint16_t instrument,
                      struct telemetry_mark *mark)
{
    *mark = (struct telemetry_mark){
        .mark_e8_ticks = accounts->mark_e8_ticks[instrument],
        .mark_ns = accounts->mark_ns[instrument],
        .margin_e8 = accounts->margin_e8[instrument],
        .liquidation_e8_ticks = accounts_liquidation_e8_ticks(accounts, instrument),
        .liquidation_distance_e8 = accounts_liquidation_distance_e8(accounts, instrument),
        .source = accounts->mark_source[instrument]};
}

static void send_pnl(struct engine *engine, int64_t now_ns)
{
    const struct accounts *accounts = &engine->oms.accounts;
    struct telemetry_pnl *message = reserve(engine, sizeof *message);

    if (!message)
        return;
    memset(message, 0, sizeof *message);
    message->kind = TELEMETRY_PNL;
    message->instruments = accounts->scopes.instruments;
    message->now_ns = now_ns;
    message->equity_e8 = accounts_equity_e8(accounts);
    message->peak_e8 = accounts->peak_e8;
    message->margin_e8 = accounts->margin_total_e8;
    message->margin_ratio_e8 = accounts_margin_ratio_e8(accounts);
    message->complete = accounts_complete(accounts);
    for (uint16_t at = 0; at < accounts->scopes.instruments; at++)
        fill_mark(accounts, at, &message->marks[at]);
    for (uint16_t at = 0; at < scope_count(accounts->scopes); at++)
        message->day_e8[at] = accounts_day_e8(accounts, at);
}

void telemetry_send(struct engine *engine, int64_t now_ns)
{
    if (!engine->io.telemetry)
        return;
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        send_book(engine, at, now_ns);
    send_pnl(engine, now_ns);
    ring_publish(engine->io.telemetry);
}
