#include "store/past.h"

#include "store/database.h"
#include "store/inside.h"
#include "thread/clock.h"

#include <string.h>

enum { PROGRESS_STEPS = 1000 };

/* Without a look into rows of before sent_seq: the index leaves them out. */
static const char orders_sql[] =
    "SELECT sent_seq, id, order_seq, instrument, strategy, actor, side, type, tif, flags, price,"
    " qty, filled, avg_price, state, reason, sent_ns, acked_ns FROM orders"
    " WHERE sent_seq < ?1 ORDER BY sent_seq DESC LIMIT ?2";
static const char fills_sql[] =
    "SELECT lane_seq, exec_id, order_id, instrument, strategy, side, price, qty, fee, maker, at_ns"
    " FROM fills WHERE lane_seq < ?1 ORDER BY seq DESC LIMIT ?2";

enum {
    ORDER_SENT_SEQ,
    ORDER_ID,
    ORDER_SEQ,
    ORDER_INSTRUMENT,
    ORDER_STRATEGY,
    ORDER_ACTOR,
    ORDER_SIDE,
    ORDER_TYPE,
    ORDER_TIF,
    ORDER_FLAGS,
    ORDER_PRICE,
    ORDER_QTY,
    ORDER_FILLED_QTY,
    ORDER_AVERAGE,
    ORDER_STATE_NAME,
    ORDER_REASON,
    ORDER_SENT_NS,
    ORDER_ACKED_NS
};
enum {
    FILL_LANE_SEQ,
    FILL_EXEC_ID,
    FILL_ORDER_ID,
    FILL_INSTRUMENT,
    FILL_STRATEGY,
    FILL_SIDE,
    FILL_PRICE,
    FILL_QTY,
    FILL_FEE,
    FILL_MAKER,
    FILL_AT_NS
};

bool past_is_venue_report(uint8_t report)
{
    return report != REPORT_CANCEL_SENT && report != REPORT_KILLED_UNSENT &&
           report != REPORT_TIMEOUT && report != REPORT_AMEND_SENT && report != REPORT_VOID &&
           report != REPORT_QUERY_ABSENT;
}

/* --- from text --- */

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = column_text(row, column);

    return text ? text : "";
}

/* In units of `step` of 10^-decimals. False: it is no whole number of them. */
static bool read_steps(const char *text, uint32_t decimals, int64_t step, int64_t most,
                       int64_t *steps)
{
    int64_t units;

    if (step <= 0 || !decimal_parse(text, strlen(text), decimals, &units) || units % step != 0)
        return false;
    *steps = units / step;
    return *steps >= 0 && *steps <= most;
}

static bool read_price(sqlite3_stmt *row, int column, const struct instrument *instrument,
                       int64_t *price_ticks)
{
    return read_steps(text_at(row, column), instrument->price_decimals, instrument->tick_units,
                      MAX_PRICE_TICKS, price_ticks);
}

static bool read_qty(sqlite3_stmt *row, int column, const struct instrument *instrument,
                     int64_t *lots)
{
    return read_steps(text_at(row, column), instrument->qty_decimals, instrument->lot_units,
                      MAX_LOTS, lots);
}

/* average_print() the other way: what it prints again is the same text. */
static bool read_average(sqlite3_stmt *row, int column, const struct instrument *instrument,
                         int64_t *average_e8_ticks)
{
    const char *text = text_at(row, column);
    const char *point = strchr(text, '.');
    uint32_t decimals = point ? (uint32_t)strlen(point + 1) : 0;
    uint32_t scale = instrument->price_decimals + 8;
    int64_t units;
    __int128 wide;

    if (*text == '\0')
        return true;
    if (decimals > 18 || decimals > scale || !decimal_parse(text, strlen(text), decimals, &units) ||
        units < 0)
        return false;
    wide = (__int128)units * decimal_one(scale - decimals) + instrument->tick_units - 1;
    wide /= instrument->tick_units;
    if (wide > (__int128)MAX_PRICE_TICKS * PRICE_ONE_E8)
        return false;
    *average_e8_ticks = (int64_t)wide;
    return true;
}

#define READ_NAME(kind, count, name_of)                                                            \
    static bool read_##kind(sqlite3_stmt *row, int column, uint8_t *value)                         \
    {                                                                                              \
        const char *text = text_at(row, column);                                                   \
        int at = 0;                                                                                \
                                                                                                   \
        while (at < (count) && strcmp(text, name_of((enum kind)at)) != 0)                          \
            at++;                                                                                  \
        *value = (uint8_t)at;                                                                      \
        return at < (count);                                                                       \
    }
READ_NAME(side, SIDE_SELL + 1, side_name)
READ_NAME(order_type, TYPE_MARKET + 1, order_type_name)
READ_NAME(tif, TIF_FOK + 1, tif_name)
READ_NAME(order_state, ORDER_STATE_COUNT, order_state_name)
READ_NAME(denial, DENIAL_COUNT, denial_name)
#undef READ_NAME

/* NULL: it is not among those of this run. */
static const struct instrument *read_instrument(const struct past_reader *reader, sqlite3_stmt *row,
                                                int column, uint16_t *number)
{
    if (!config_instrument_find(reader->config, text_at(row, column), number))
        return NULL;
    return &reader->config->instrument[*number];
}

/* --- rows --- */

static bool read_order(const struct past_reader *reader, sqlite3_stmt *row,
                       struct past_order *order)
{
    const struct instrument *instrument;

    *order = (struct past_order){.id = (uint64_t)sqlite3_column_int64(row, ORDER_ID),
                                 .seq = (uint64_t)sqlite3_column_int64(row, ORDER_SEQ),
                                 .sent_ns = sqlite3_column_int64(row, ORDER_SENT_NS),
                                 .acked_ns = sqlite3_column_int64(row, ORDER_ACKED_NS),
                                 .flags = (uint8_t)sqlite3_column_int(row, ORDER_FLAGS),
                                 .strategy = text_at(row, ORDER_STRATEGY),
                                 .actor = column_text(row, ORDER_ACTOR)};
    instrument = read_instrument(reader, row, ORDER_INSTRUMENT, &order->instrument);
    if (column_text(row, ORDER_REASON) && !read_denial(row, ORDER_REASON, &order->reason))
        return false;
    return instrument && order->id != 0 && read_side(row, ORDER_SIDE, &order->side) &&
           read_order_type(row, ORDER_TYPE, &order->type) &&
           read_tif(row, ORDER_TIF, &order->tif) &&
           read_order_state(row, ORDER_STATE_NAME, &order->state) &&
           read_price(row, ORDER_PRICE, instrument, &order->price_ticks) &&
           read_qty(row, ORDER_QTY, instrument, &order->qty_lots) &&
           read_qty(row, ORDER_FILLED_QTY, instrument, &order->filled_lots) &&
           read_average(row, ORDER_AVERAGE, instrument, &order->average_e8_ticks);
}

static bool read_fill(const struct past_reader *reader, sqlite3_stmt *row, struct past_fill *fill)
{
    const char *fee = text_at(row, FILL_FEE);
    const struct instrument *instrument;

    *fill = (struct past_fill){.seq = (uint64_t)sqlite3_column_int64(row, FILL_LANE_SEQ),
                               .exec_id = (uint64_t)sqlite3_column_int64(row, FILL_EXEC_ID),
                               .order_id = (uint64_t)sqlite3_column_int64(row, FILL_ORDER_ID),
                               .at_ns = sqlite3_column_int64(row, FILL_AT_NS),
                               .maker = sqlite3_column_int(row, FILL_MAKER) != 0,
                               .strategy = text_at(row, FILL_STRATEGY)};
    instrument = read_instrument(reader, row, FILL_INSTRUMENT, &fill->instrument);
    return instrument && read_side(row, FILL_SIDE, &fill->side) &&
           read_price(row, FILL_PRICE, instrument, &fill->price_ticks) &&
           read_qty(row, FILL_QTY, instrument, &fill->qty_lots) &&
           decimal_parse(fee, strlen(fee), 8, &fill->fee_e8);
}

/* --- walks --- */

static bool tell_order(struct past_reader *reader, sqlite3_stmt *row)
{
    struct past_order order;

    if (read_order(reader, row, &order))
        return reader->take_order(reader->ctx, &order);
    reader->skipped++;
    return true;
}

static bool tell_fill(struct past_reader *reader, sqlite3_stmt *row)
{
    struct past_fill fill;

    if (read_fill(reader, row, &fill))
        return reader->take_fill(reader->ctx, &fill);
    reader->skipped++;
    return true;
}

/* Both kinds have the sequence of their record first. What is not below the one told before is of
 * records that are gone: the journal was cut there, and went on with the same numbers. */
static int walk(struct past_reader *reader, sqlite3_stmt *row,
                bool (*tell)(struct past_reader *reader, sqlite3_stmt *row))
{
    uint64_t before_seq = reader->before_seq;
    int answer;

    while ((answer = sqlite3_step(row)) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(row, 0);

        if (seq >= before_seq)
            continue;
        before_seq = seq;
        if (!tell(reader, row))
            return SQLITE_DONE;
    }
    return answer;
}

static int over_time(void *ctx)
{
    return clock_mono_ns() > ((const struct past_reader *)ctx)->until_ns;
}

static enum status read_kind(sqlite3 *db, const char *sql, struct past_reader *reader,
                             bool (*tell)(struct past_reader *reader, sqlite3_stmt *row),
                             struct err *err)
{
    sqlite3_stmt *row;
    int answer;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return database_fail(db, "earlier orders and fills", err);
    statement_id(row, 1, reader->before_seq);
    sqlite3_bind_int64(row, 2, reader->most);
    answer = walk(reader, row, tell);
    if (answer == SQLITE_INTERRUPT)
        reader->is_cut = true;
    else if (answer != SQLITE_DONE)
        (void)database_fail(db, "earlier orders and fills", err);
    sqlite3_finalize(row);
    return answer == SQLITE_DONE || answer == SQLITE_INTERRUPT ? OK : err->status;
}

enum status past_read(struct store *store, struct past_reader *reader, struct err *err)
{
    enum status status;

    sqlite3_progress_handler(store->db, PROGRESS_STEPS, over_time, reader);
    status = read_kind(store->db, fills_sql, reader, tell_fill, err);
    if (status == OK)
        status = read_kind(store->db, orders_sql, reader, tell_order, err);
    sqlite3_progress_handler(store->db, 0, NULL, NULL);
    return status;
}
