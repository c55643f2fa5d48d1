#include "unit/sim/floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct floor venue_floor;

static struct floor *const F = &venue_floor;

static bool hear(void *ctx, const struct execution *execution)
{
    (void)ctx;
    if (F->deaf || F->heard_count == FLOOR_MAX)
        return false;
    F->heard[F->heard_count++] = *execution;
    return true;
}

static bool take_data(void *ctx, const struct market_update *update)
{
    struct floor_update *kept = &F->updates[F->update_count];

    (void)ctx;
    if (F->deaf || F->update_count == FLOOR_MAX)
        return false;
    *kept = (struct floor_update){.kind = update->kind,
                                  .instrument = update->instrument,
                                  .bid_count = update->bid_count,
                                  .ask_count = update->ask_count,
                                  .received_ns = update->received_ns,
                                  .prev_update_id = update->prev_update_id,
                                  .update_id = update->update_id};
    if (update->bid_count > 0)
        kept->first_bid = update->levels[0];
    if (update->ask_count > 0)
        kept->first_ask = update->levels[update->bid_count];
    F->update_count++;
    return true;
}

static void keep_line(void *ctx, const struct sim_entry *entry)
{
    struct floor_line *line = &F->lines[F->line_count];

    (void)ctx;
    if (F->line_count == FLOOR_MAX)
        return;
    *line = (struct floor_line){entry->status,          entry->code, entry->at_ns,
                                entry->message != NULL, {0},         {0}};
    if (entry->message)
        line->message = *entry->message;
    else
        line->execution = *entry->execution;
    F->line_count++;
}

static void name_rows(void)
{
    for (int at = 0; at < 2; at++) {
        F->rows[at] = (struct instrument){.tick_units = 1,
                                          .lot_units = 1,
                                          .tick_value_e8 = MONEY_ONE_E8,
                                          .maker_fee_e8 = 100000,
                                          .taker_fee_e8 = 200000};
        snprintf(F->rows[at].name, MAX_NAME, "sim:%c", 'X' + at);
    }
}

void open_floor_with(struct sim_config config)
{
    free(F->sim);
    F->heard_count = F->update_count = F->line_count = 0;
    F->deaf = false;
    F->now_ns = 0;
    F->update_ids[0] = F->update_ids[1] = 0;
    if (F->rows[0].tick_units == 0)
        name_rows();
    config.epoch = EPOCH;
    config.instruments = 2;
    config.instrument_rows = F->rows;
    config.ledger = keep_line;
    F->sim = aligned_alloc(CACHE_LINES_APART, (sim_size(&config) + 127) / 128 * 128);
    sim_init(F->sim, &config, hear, NULL);
}

void open_floor(void)
{
    open_floor_with((struct sim_config){.seed = 1});
    tell_snapshot(99, 5, 101, 5);
}

void close_floor(void)
{
    free(F->sim);
    F->sim = NULL;
}

struct fault_rule on_first(enum fault_kind kind, enum fault_verb verb)
{
    struct fault_rule rule = fault_rule(kind, verb);

    rule.nth = 1;
    return rule;
}

void open_floor_with_data(struct sim_config config)
{
    config.data = take_data;
    open_floor_with(config);
}

void open_floor_with_fault(struct fault_rule rule)
{
    open_floor_with_data((struct sim_config){.seed = 1, .faults = &rule, .fault_count = 1});
    tell_snapshot(99, 5, 101, 5);
}

void pass_to(int64_t at_ns)
{
    F->now_ns = at_ns;
    sim_advance(F->sim, at_ns);
}

void pass_all(void)
{
    while (sim_next_ns(F->sim) != INT64_MAX)
        pass_to(sim_next_ns(F->sim));
}

static void tell(struct market_update *update)
{
    update->received_ns = F->now_ns;
    cr_assert(sim_market(F->sim, update, F->now_ns));
    sim_advance(F->sim, F->now_ns);
}

void tell_book(enum market_kind kind, uint16_t instrument, struct level bid, struct level ask)
{
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + FLOOR_LEVELS_MAX * sizeof(struct level)];
    } out = {.update = {.kind = (uint8_t)kind,
                        .instrument = instrument,
                        .prev_update_id = F->update_ids[instrument]}};
    struct level *level = out.update.levels;

    out.update.update_id = ++F->update_ids[instrument];
    if (bid.price_ticks > 0) {
        *level++ = bid;
        out.update.bid_count = 1;
    }
    if (ask.price_ticks > 0) {
        *level = ask;
        out.update.ask_count = 1;
    }
    tell(&out.update);
}

void tell_snapshot(int64_t bid, int64_t bid_lots, int64_t ask, int64_t ask_lots)
{
    tell_book(MARKET_SNAPSHOT, 0, (struct level){bid, bid_lots}, (struct level){ask, ask_lots});
}

void tell_delta(int64_t bid, int64_t bid_lots, int64_t ask, int64_t ask_lots)
{
    tell_book(MARKET_DELTA, 0, (struct level){bid, bid_lots}, (struct level){ask, ask_lots});
}

void tell_trade(bool buyer_is_maker, int64_t lots, int64_t price)
{
    union {
        struct market_update update;
        uint8_t bytes[sizeof(struct market_update) + sizeof(struct level)];
    } out = {.update = {.kind = MARKET_TRADE,
                        .flags = buyer_is_maker ? MARKET_BUYER_IS_MAKER : 0,
                        .bid_count = 1}};

    out.update.levels[0] = (struct level){price, lots};
    tell(&out.update);
}

void ask_message(struct order_message message)
{
    sim_order(F->sim, &message, F->now_ns);
    sim_advance(F->sim, F->now_ns);
}

void ask_new(uint64_t counter, enum side side, int64_t lots, int64_t price)
{
    ask_message((struct order_message){.kind = ORDER_MESSAGE_NEW,
                                       .side = (uint8_t)side,
                                       .strategy = 1,
                                       .order_id = ID(counter),
                                       .price_ticks = price,
                                       .qty_lots = lots});
}

void ask_cancel(uint64_t counter)
{
    ask_message((struct order_message){.kind = ORDER_MESSAGE_CANCEL, .order_id = ID(counter)});
}

void ask_amend(uint64_t counter, int64_t lots, int64_t price)
{
    ask_message((struct order_message){.kind = ORDER_MESSAGE_AMEND,
                                       .order_id = ID(counter),
                                       .price_ticks = price,
                                       .qty_lots = lots});
}

void ask_query(uint64_t counter)
{
    ask_message((struct order_message){.kind = ORDER_MESSAGE_QUERY, .order_id = ID(counter)});
}

const char *heard_about(uint64_t counter)
{
    static char text[512];

    text[0] = '\0';
    for (uint32_t at = 0; at < F->heard_count; at++)
        if (F->heard[at].order_id == ID(counter)) {
            size_t length = strlen(text);

            snprintf(text + length, sizeof text - length, "%s%s", length ? " " : "",
                     fault_kind_name(fault_kind_of_report(F->heard[at].report)));
        }
    return text;
}

const struct execution *heard_last(void)
{
    cr_assert(gt(u32, F->heard_count, 0));
    return &F->heard[F->heard_count - 1];
}

static bool is_first(uint32_t at)
{
    for (uint32_t before = 0; before < at; before++)
        if (F->heard[before].exec_id == F->heard[at].exec_id)
            return false;
    return true;
}

int64_t heard_filled(uint64_t counter)
{
    int64_t lots = 0;

    for (uint32_t at = 0; at < F->heard_count; at++)
        if (F->heard[at].order_id == ID(counter) && F->heard[at].report == REPORT_FILL_PART &&
            is_first(at))
            lots += F->heard[at].qty_lots;
    return lots;
}

void forget_heard(void)
{
    F->heard_count = 0;
}

const struct floor_line *line_of(enum fault_kind kind, uint32_t n)
{
    for (uint32_t at = 0; at < F->line_count; at++) {
        const struct floor_line *line = &F->lines[at];
        enum fault_kind is = line->in ? fault_kind_of_message(&line->message)
                                      : fault_kind_of_report(line->execution.report);

        if (is == kind && n-- == 0)
            return line;
    }
    return NULL;
}
