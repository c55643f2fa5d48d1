/* Executions, positions and balances (reports.h); what is counted of them is counts.c. */
#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>
#include <string.h>

struct fill_row {
    struct bybit_symbol *symbol;
    const char *type, *id;
    int64_t price_ticks, lots, fee_e8, at_ms;
    int64_t base_fee_e8; /* of it, what was charged in the base coin, in 1e-8 of that */
    uint8_t side;
    bool maker;
};

/* ---- what it cost ----------------------------------------------------------------------- */

/* An amount of the base coin at a price, in the quote's 1e-8; rounded up. */
static bool in_quote(const struct bybit_symbol *symbol, int64_t base_e8, int64_t price_ticks,
                     int64_t *quote_e8)
{
    __int128 scaled = (__int128)base_e8 * price_ticks * symbol->row->tick_units;
    __int128 one = 1;

    for (uint32_t at = 0; at < symbol->row->price_decimals; at++)
        one *= 10;
    scaled = scaled > 0 ? (scaled + one - 1) / one : scaled / one;
    if (scaled > MAX_MONEY_E8 || scaled < -MAX_MONEY_E8)
        return false;
    *quote_e8 = (int64_t)scaled;
    return true;
}

/* Charged in a coin that is neither side of the instrument: what the configuration has for it. */
static bool by_rate(const struct fill_row *fill, int64_t *fee_e8)
{
    const struct instrument *row = fill->symbol->row;
    int64_t value_e8;

    return instrument_value_e8(row, fill->price_ticks, fill->lots, &value_e8) &&
           money_scale_up(value_e8, row->taker_fee_e8 > 0 ? row->taker_fee_e8 : 0, fee_e8);
}

/* In the settlement currency. Bybit charges a spot buyer in the coin that was bought. */
static bool read_fee(const json_t *json, struct fill_row *fill)
{
    const char *amount;
    const char *coin = json_string_value(json_object_get(json, "feeCurrency"));
    const char *name = fill->symbol->name;
    size_t length = coin ? strlen(coin) : 0;

    if (!bybit_text(json, "execFee", &amount) || !bybit_money_up(amount, &fill->fee_e8))
        return false;
    if (!fill->symbol->is_spot || length == 0 || length >= strlen(name) ||
        strcmp(name + strlen(name) - length, coin) == 0)
        return true;
    if (strncmp(name, coin, length) == 0) {
        fill->base_fee_e8 = fill->fee_e8;
        return in_quote(fill->symbol, fill->base_fee_e8, fill->price_ticks, &fill->fee_e8);
    }
    return by_rate(fill, &fill->fee_e8);
}

/* ---- an execution ----------------------------------------------------------------------- */

static bool is_fill(const char *type)
{
    static const char *const types[] = {"Trade",    "AdlTrade", "BustTrade",    "BlockTrade",
                                        "Delivery", "Settle",   "MovePosition", "FutureSpread"};

    for (size_t at = 0; at < sizeof types / sizeof types[0]; at++)
        if (strcmp(type, types[at]) == 0)
            return true;
    return false;
}

static bool read_fill(const json_t *json, struct fill_row *fill)
{
    const char *side;

    if (!bybit_text(json, "side", &side) ||
        !bybit_ticks(fill->symbol, json, "execPrice", &fill->price_ticks) ||
        fill->price_ticks == 0 || !bybit_lots(fill->symbol, json, "execQty", &fill->lots) ||
        fill->lots == 0 || !json_is_boolean(json_object_get(json, "isMaker")))
        return false;
    fill->maker = json_is_true(json_object_get(json, "isMaker"));
    fill->side = strcmp(side, "Buy") == 0 ? SIDE_BUY : SIDE_SELL;
    return (fill->side == SIDE_BUY || strcmp(side, "Sell") == 0) && read_fee(json, fill);
}

static bool read_row(struct bybit *bybit, const json_t *json, struct fill_row *fill)
{
    const char *name;
    const char *category = json_string_value(json_object_get(json, "category"));
    const char *fee;

    if (!bybit_text(json, "symbol", &name))
        return false;
    if (category && strcmp(category, bybit_category(bybit->config.is_spot)) != 0)
        return true;
    fill->symbol = bybit_symbol_named(bybit, name);
    if (!fill->symbol)
        return true;
    if (!bybit_text(json, "execId", &fill->id) || fill->id[0] == '\0' ||
        !bybit_whole(json, "execTime", &fill->at_ms) || fill->at_ms <= 0 ||
        fill->at_ms > BYBIT_TIME_MAX_MS)
        return false;
    fill->type = json_string_value(json_object_get(json, "execType"));
    if (!fill->type)
        fill->type = "Trade";
    if (strcmp(fill->type, "Funding") == 0)
        return bybit_text(json, "execFee", &fee) && bybit_money_up(fee, &fill->fee_e8);
    return !is_fill(fill->type) || read_fill(json, fill);
}

static struct execution as_execution(const struct fill_row *fill, uint64_t exec_id,
                                     int64_t received_ns)
{
    return (struct execution){.report = REPORT_FILL_PART,
                              .side = fill->side,
                              .maker = fill->maker,
                              .instrument = fill->symbol->instrument,
                              .strategy = STRATEGY_MANUAL,
                              .exec_id = exec_id,
                              .price_ticks = fill->price_ticks,
                              .qty_lots = fill->lots,
                              .fee_e8 = fill->fee_e8,
                              .venue_ns = fill->at_ms * MS_NS,
                              .received_ns = received_ns};
}

/* It is booked where the venue says it happened, and is no fill of that order. */
static void note_stranger(struct bybit *bybit, const struct bybit_known *known)
{
    log_line(LOG_ERROR, "gateway", "a fill of another instrument or side than its order",
             "venue=%s order=%016" PRIx64, bybit->name, known->id);
    bybit->reconcile.is_wanted = true;
}

/* Whose fill it is. False: of an earlier run that the engine has booked, or of a time that nobody
 * has told us anything about. */
static bool attribute(struct bybit *bybit, const struct bybit_symbol *symbol, const json_t *json,
                      struct execution *execution, bool is_queried)
{
    const char *venue_id = json_string_value(json_object_get(json, "orderId"));
    struct execution found = {0};
    uint64_t ours;
    struct bybit_known *known = bybit_find_order(bybit, json, &ours);

    if (known && !bybit_is_about(known, symbol, execution->side)) {
        note_stranger(bybit, known);
        known = NULL;
        ours = 0;
    }
    if (known) {
        execution->strategy = known->strategy;
        known->filled_lots += execution->qty_lots;
    }
    execution->order_id = known       ? known->id
                          : ours != 0 ? ours
                                      : BYBIT_FOREIGN_BIT | bybit_hash(venue_id ? venue_id : "");
    if (ours != 0 && bybit->config.is_news &&
        bybit->config.is_news(bybit->config.is_news_ctx, ours, execution->exec_id, &found)) {
        execution->strategy = found.strategy;
        return true;
    }
    return !is_queried || execution->venue_ns >= bybit->opened_ns;
}

static void after_fill(struct bybit *bybit, uint64_t order_id, int64_t received_ns)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, order_id);

    if (known && known->ending != 0 && known->filled_lots >= known->cum_lots)
        bybit_end_order(bybit, known, received_ns);
}

static void take_funding(struct bybit *bybit, const struct fill_row *fill, uint64_t exec_id,
                         bool is_queried, int64_t received_ns)
{
    struct execution execution = as_execution(fill, exec_id, received_ns);

    if (is_queried && execution.venue_ns < bybit->opened_ns)
        return; /* of an earlier run; what was not booked then is for people to book */
    execution.report = REPORT_FUNDING;
    execution.price_ticks = execution.qty_lots = 0;
    bybit_say(bybit, &execution);
}

/* False: of an earlier run, which has booked it. */
static bool take_fill(struct bybit *bybit, const json_t *json, const struct fill_row *fill,
                      uint64_t exec_id, bool is_queried, int64_t received_ns)
{
    struct execution execution = as_execution(fill, exec_id, received_ns);
    bool is_of_this_run = attribute(bybit, fill->symbol, json, &execution, is_queried);

    if (is_of_this_run) {
        bybit_say(bybit, &execution);
        bybit_count_fill(bybit, &execution, fill->base_fee_e8);
    }
    after_fill(bybit, execution.order_id, received_ns);
    return is_of_this_run;
}

/* 0: of no order that we know. */
static uint64_t order_of(struct bybit *bybit, const json_t *json)
{
    uint64_t ours;
    const struct bybit_known *known = bybit_find_order(bybit, json, &ours);

    return known ? known->id : ours;
}

/* The account's list is the venue's own count; the stream is how we heard of it. */
static void count_listed(struct bybit *bybit, const json_t *json, const struct fill_row *fill,
                         uint64_t exec_id, int64_t received_ns)
{
    struct dropcopy_fill listed = {.exec_id = exec_id,
                                   .order_id = order_of(bybit, json),
                                   .price_ticks = fill->price_ticks,
                                   .qty_lots = fill->lots,
                                   .fee_e8 = fill->fee_e8,
                                   .venue_ns = fill->at_ms * MS_NS,
                                   .noted_ns = received_ns,
                                   .instrument = fill->symbol->instrument,
                                   .side = fill->side};

    if (bybit_once_add(&bybit->listed, exec_id))
        gateway_list_fill(&bybit->base, &listed);
}

static void note_other(struct bybit *bybit, const char *type)
{
    char shown[48];

    log_line(LOG_WARN, "gateway", "an execution of a kind that is not known", "venue=%s kind=%s",
             bybit->name, log_escape(shown, sizeof shown, type));
    bybit->reconcile.is_wanted = true;
}

/* One that was not heard of before. False: a fill that an earlier run has booked. */
static bool take_news(struct bybit *bybit, const json_t *json, const struct fill_row *fill,
                      uint64_t exec_id, bool is_queried, int64_t received_ns)
{
    if (fill->at_ms > bybit->reports.newest_execution_ms)
        bybit->reports.newest_execution_ms = fill->at_ms;
    if (is_fill(fill->type))
        return take_fill(bybit, json, fill, exec_id, is_queried, received_ns);
    if (strcmp(fill->type, "Funding") == 0)
        take_funding(bybit, fill, exec_id, is_queried, received_ns);
    else
        note_other(bybit, fill->type);
    return true;
}

bool bybit_take_execution(struct bybit *bybit, const json_t *json, bool is_queried,
                          int64_t received_ns)
{
    struct fill_row fill = {0};
    uint64_t exec_id;

    if (!json_is_object(json) || !read_row(bybit, json, &fill)) {
        char *text = json_dumps(json, JSON_COMPACT);

        bybit_refuse(bybit, "execution", text);
        free(text);
        return false;
    }
    if (!fill.symbol)
        return true;
    exec_id = bybit_hash(fill.id);
    if (bybit_once_add(&bybit->executions, exec_id) && /* venues repeat themselves */
        !take_news(bybit, json, &fill, exec_id, is_queried, received_ns))
        (void)bybit_once_add(&bybit->listed, exec_id); /* and is none of this run's count */
    if (is_queried && is_fill(fill.type))
        count_listed(bybit, json, &fill, exec_id, received_ns);
    return true;
}

#define SEQ_MAX ((int64_t)1 << 53)

/* ---- positions and balances -------------------------------------------------------------- */

static bool read_position(const struct bybit_symbol *symbol, const json_t *json, int64_t *lots,
                          int64_t *index)
{
    const char *side;

    if (!bybit_text(json, "side", &side) || !bybit_lots(symbol, json, "size", lots) ||
        !bybit_whole(json, "positionIdx", index) || *index < 0 || *index >= BYBIT_SIDES)
        return false;
    if (strcmp(side, "Sell") == 0)
        *lots = -*lots;
    else if (strcmp(side, "Buy") != 0)
        return *lots == 0;
    return true;
}

bool bybit_take_position(struct bybit *bybit, const json_t *json, bool is_queried,
                         int64_t received_ns)
{
    const char *name;
    const char *category = json_string_value(json_object_get(json, "category"));
    struct bybit_symbol *symbol;
    int64_t lots;
    int64_t index;
    int64_t seq = 0;
    int64_t *side_lots;
    int64_t *newest;

    if (category && strcmp(category, bybit_category(bybit->config.is_spot)) != 0)
        return true;
    if (!bybit_text(json, "symbol", &name)) {
        bybit_refuse(bybit, "position", "no symbol");
        return false;
    }
    symbol = bybit_symbol_named(bybit, name);
    if (!symbol)
        return true;
    if (!read_position(symbol, json, &lots, &index)) {
        bybit_refuse(bybit, "position", name);
        return false;
    }
    (void)bybit_whole(json, "seq", &seq);
    if (seq > SEQ_MAX) { /* all later rows would be older ones */
        bybit_refuse(bybit, "position", "seq");
        return false;
    }
    newest = &bybit->reports.side_seq[symbol->instrument][index];
    if (seq > 0 && seq < *newest)
        return true;
    *newest = seq;
    side_lots = bybit->reports.side_lots[symbol->instrument];
    side_lots[index] = lots;
    bybit_count_take(bybit, symbol->instrument, side_lots[0] + side_lots[1] + side_lots[2],
                     is_queried, received_ns);
    return true;
}

void bybit_take_flat(struct bybit *bybit, struct bybit_symbol *symbol, int64_t received_ns)
{
    memset(bybit->reports.side_lots[symbol->instrument], 0,
           sizeof bybit->reports.side_lots[symbol->instrument]);
    bybit_count_take(bybit, symbol->instrument, 0, true, received_ns);
}

/* NULL: the wallet has no row of it. */
static const json_t *row_of_coin(const json_t *coins, const char *coin)
{
    for (size_t at = 0; at < json_array_size(coins); at++) {
        const json_t *row = json_array_get(coins, at);
        const char *name;

        if (bybit_text(row, "coin", &name) && strcmp(name, coin) == 0)
            return row;
    }
    return NULL;
}

/* A coin that the whole account has no row of is not held; a row of the stream may leave it out. */
static bool take_coin(struct bybit *bybit, const json_t *coins, uint16_t at,
                      const struct bybit_wallet_read *read)
{
    const json_t *row = row_of_coin(coins, bybit->symbol[at].base_coin);
    const char *balance = "0";
    int64_t balance_e8;

    if (!row && !read->is_queried)
        return true;
    if ((row && !bybit_text(row, "walletBalance", &balance)) ||
        !bybit_money_down(balance, &balance_e8))
        return false;
    bybit_count_coin(bybit, at, balance_e8, read);
    return true;
}

bool bybit_take_wallet(struct bybit *bybit, const json_t *json, struct bybit_wallet_read read)
{
    const json_t *coins = json_object_get(json, "coin");
    bool fine = json_is_array(coins);

    if (read.at_ms > 0 && read.at_ms < bybit->reports.wallet_ms)
        return true;
    bybit->reports.wallet_ms = read.at_ms;
    for (uint16_t at = 0; fine && at < bybit->symbol_count; at++)
        if (bybit_count_leads(bybit, at))
            fine = take_coin(bybit, coins, at, &read);
    if (!fine)
        bybit_refuse(bybit, "wallet", "coin or walletBalance");
    return fine;
}
