/* Orders: create, amend, cancel, cancel-all. The answer says that the request was taken; the state
 * follows on the private stream. */
#include "venue/bybit/inside.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LINK_CHARS_MAX = 36 };

static bool refuse(struct call *call, const char *name)
{
    call_refuse(call, CODE_PARAMS, "params error: %s invalid", name);
    return false;
}

static bool wants(struct call *call, const char *name, const char *what)
{
    call_refuse(call, CODE_PARAMS, "params error: %s wants %s", name, what);
    return false;
}

/* What is there has the type that the documentation gives it: nothing is guessed. */
static bool check_types(struct call *call)
{
    static const char *const texts[] = {"symbol",     "side",        "orderType", "qty",
                                        "price",      "timeInForce", "orderId",   "orderLinkId",
                                        "smpType",    "marketUnit",  "orderIv",   "triggerPrice",
                                        "takeProfit", "stopLoss"};
    static const char *const flags[] = {"reduceOnly", "closeOnTrigger"};
    const json_t *index = json_object_get(call->args, "positionIdx");

    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        const json_t *value = json_object_get(call->args, texts[at]);

        if (value && !json_is_string(value) && !json_is_null(value))
            return wants(call, texts[at], "a text");
    }
    for (size_t at = 0; at < sizeof flags / sizeof flags[0]; at++) {
        const json_t *value = json_object_get(call->args, flags[at]);

        if (value && !json_is_boolean(value) && !json_is_null(value))
            return wants(call, flags[at], "true or false");
    }
    if (index && !json_is_null(index) &&
        (!json_is_integer(index) || json_integer_value(index) < 0 || json_integer_value(index) > 2))
        return wants(call, "positionIdx", "the number 0, 1 or 2");
    return true;
}

static bool read_side_and_type(struct call *call, struct venue_new *wanted)
{
    char room[64];
    const char *side = arg_text(call, "side", room);

    if (strcmp(side, "Buy") != 0 && strcmp(side, "Sell") != 0) {
        call_refuse(call, CODE_PARAMS, "Side invalid");
        return false;
    }
    wanted->side = side[0] == 'B' ? SIDE_BUY : SIDE_SELL;
    side = arg_text(call, "orderType", room);
    if (strcasecmp(side, "Limit") != 0 && strcasecmp(side, "Market") != 0) {
        call_refuse(call, CODE_PARAMS, "OrderType invalid");
        return false;
    }
    wanted->type = strcasecmp(side, "Limit") == 0 ? TYPE_LIMIT : TYPE_MARKET;
    return true;
}

static bool read_tif(struct call *call, struct venue_new *wanted)
{
    char room[64];
    const char *tif = arg_text(call, "timeInForce", room);

    if (strcmp(tif, "IOC") == 0)
        wanted->tif = TIF_IOC;
    else if (!*tif || strcmp(tif, "GTC") == 0)
        wanted->tif = TIF_GTC;
    else if (strcmp(tif, "FOK") == 0)
        wanted->tif = TIF_FOK;
    else if (strcmp(tif, "PostOnly") == 0)
        wanted->flags |= ORDER_POST_ONLY;
    else
        return wants(call, "timeInForce", "GTC, IOC, FOK or PostOnly");
    if (wanted->type == TYPE_MARKET) { /* whatever it says: documented */
        wanted->tif = TIF_IOC;
        wanted->flags = 0;
    }
    return true;
}

static bool read_smp(struct call *call, struct venue_new *wanted)
{
    static const char *const names[] = {"None", "CancelMaker", "CancelTaker", "CancelBoth"};
    char room[64];
    const char *smp = arg_text(call, "smpType", room);

    if (!*smp)
        return true;
    while (wanted->smp < 4 && strcmp(smp, names[wanted->smp]) != 0)
        wanted->smp++;
    return wanted->smp < 4 || refuse(call, "smpType");
}

static bool read_link(struct call *call, struct venue_new *wanted, char link[VENUE_LINK_MAX])
{
    char room[64];
    const char *given = arg_text(call, "orderLinkId", room);
    size_t length = strlen(given);

    if (length > LINK_CHARS_MAX)
        return refuse(call, "orderLinkId (more than 36 characters)");
    for (size_t at = 0; at < length; at++)
        if (!isalnum((unsigned char)given[at]) && given[at] != '-' && given[at] != '_')
            return refuse(call, "orderLinkId (letters, digits, - and _ only)");
    strcpy(link, given);
    wanted->link = link;
    return true;
}

static bool is_nothing(const char *text)
{
    return strspn(text, "0.") == strlen(text);
}

/* What the simulator does not do is refused, not forgotten. */
static bool asks_no_more(struct call *call)
{
    static const char *const names[] = {"triggerPrice", "takeProfit", "stopLoss", "orderIv"};
    char room[64];

    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (!is_nothing(arg_text(call, names[at], room))) {
            call_refuse(call, CODE_PARAMS, "%s: not supported by the venue simulator", names[at]);
            return false;
        }
    if (arg_whole(call, "positionIdx", 0) == 0)
        return true;
    call_refuse(call, CODE_PARAMS, "position idx not match position mode");
    return false;
}

static bool read_price(struct call *call, const struct venue_instrument *row, int64_t *ticks)
{
    char room[64];
    const char *text = arg_text(call, "price", room);

    if (!*text)
        return true;
    if (units_read(text, row->grid.price_decimals, row->grid.tick_units, ticks))
        return true;
    call_answer(call, VENUE_BAD_PRICE);
    return false;
}

/* A size below one lot: the venue cuts it to zero. */
static bool is_below_lot(const char *text, const struct venue_instrument *row)
{
    int64_t units;
    int64_t scale = 1;

    for (uint32_t at = row->grid.qty_decimals; at < 12; at++)
        scale *= 10;
    return decimal_parse(text, strlen(text), 12, &units) && units > 0 &&
           units / scale < row->grid.lot_units;
}

static bool read_qty(struct call *call, const struct venue_instrument *row, int64_t *lots)
{
    char room[64];
    const char *text = arg_text(call, "qty", room);

    if (units_read(text, row->grid.qty_decimals, row->grid.lot_units, lots))
        return true;
    call_answer(call, VENUE_BAD_QTY);
    if (call->category == VENUE_LINEAR && is_below_lot(text, row))
        call->code = code_of_answer(VENUE_NOT_REDUCING, VENUE_LINEAR).code; /* stands for both */
    return false;
}

/* A spot market buy says how much of the quote coin to spend, unless told otherwise. */
static bool read_size(struct call *call, const struct venue_instrument *row,
                      struct venue_new *wanted)
{
    char room[64];
    const char *unit = arg_text(call, "marketUnit", room);
    char qty_room[64];
    const char *qty = arg_text(call, "qty", qty_room);

    wanted->in_quote = call->category == VENUE_SPOT && wanted->type == TYPE_MARKET &&
                       wanted->side == SIDE_BUY && strcmp(unit, "baseCoin") != 0;
    if (!wanted->in_quote)
        return read_qty(call, row, &wanted->qty_lots);
    if (decimal_parse(qty, strlen(qty), 8, &wanted->qty_value_e8))
        return true;
    call_answer(call, VENUE_BAD_QTY);
    return false;
}

static bool read_new(struct call *call, struct venue_new *wanted, char link[VENUE_LINK_MAX])
{
    const struct venue_instrument *row;

    if (!arg_category(call) || !call_may_trade(call) || !check_types(call) ||
        !arg_instrument(call, &wanted->instrument))
        return false;
    row = venue_instrument(call->bybit->venue, wanted->instrument);
    wanted->account = call->key->account;
    if (!read_side_and_type(call, wanted) || !read_tif(call, wanted) || !read_smp(call, wanted) ||
        !read_link(call, wanted, link) || !asks_no_more(call) || !read_size(call, row, wanted))
        return false;
    if (json_is_true(json_object_get(call->args, "reduceOnly")) && call->category == VENUE_LINEAR)
        wanted->flags |= ORDER_REDUCE_ONLY;
    return wanted->type == TYPE_MARKET || read_price(call, row, &wanted->price_ticks);
}

static void put_ids(struct call *call)
{
    char id[WIRE_ID_MAX];
    const struct venue_order *order = venue_order(call->bybit->venue, call->order_no);

    text_put(call->result, "{\"orderId\":\"%s\",\"orderLinkId\":",
             order ? order_id_text(call->bybit, id, order) : "");
    text_json(call->result, order ? order->link : "");
    text_put(call->result, "}");
}

/* What a fault makes of a new order. */
static void befall_new(struct call *call)
{
    struct venue *venue = call->bybit->venue;
    const struct venue_order *order = venue_order(venue, call->order_no);

    if (call->fault.verb == VENUE_FAULT_FILL_BEFORE_ACK && order) {
        venue_force_fill(venue, call->order_no, call->fault.code, false, call->now_ns);
        pushes_flush(call->bybit, call->now_ns);
    } else if (call->fault.verb == VENUE_FAULT_OVERFILL && order) {
        venue_force_fill(venue, call->order_no,
                         order->qty_lots - order->filled_lots + call->fault.code, true,
                         call->now_ns);
    }
}

void do_create(struct call *call)
{
    struct venue_new wanted = {.link = ""};
    char link[VENUE_LINK_MAX];
    enum venue_answer answer;

    if (!read_new(call, &wanted, link))
        return;
    answer = venue_create(call->bybit->venue, &wanted, call->now_ns, &call->order_no);
    if (answer != VENUE_OK) {
        call_answer(call, answer);
        return;
    }
    befall_new(call);
    put_ids(call);
}

/* Category, instrument and the order that is meant: by number, else by link in *link. */
static bool read_which(struct call *call, uint16_t *instrument, const char **link, char room[64])
{
    char id_room[64];
    const char *id = arg_text(call, "orderId", id_room);
    const struct venue_order *order;

    if (!arg_category(call) || !call_may_trade(call) || !check_types(call) ||
        !arg_instrument(call, instrument))
        return false;
    *link = arg_text(call, "orderLinkId", room);
    if (!*id && !**link) {
        call_refuse(call, CODE_PARAMS, "orderId or orderLinkId is required");
        return false;
    }
    if (*id && !order_id_find(call->bybit, id, &call->order_no)) {
        call_answer(call, VENUE_NO_ORDER);
        return false;
    }
    order = *id ? venue_order(call->bybit->venue, call->order_no)
                : venue_order_by_link(call->bybit->venue, call->key->account, *link);
    if (order && order->account == call->key->account && order->instrument == *instrument)
        return true;
    call->order_no = 0;
    call_answer(call, VENUE_NO_ORDER);
    return false;
}

void do_amend(struct call *call)
{
    char room[64];
    const char *link;
    const struct venue_instrument *row;
    uint16_t instrument;
    int64_t price_ticks = 0;
    int64_t qty_lots = 0;
    enum venue_answer answer;

    if (!read_which(call, &instrument, &link, room) || !asks_no_more(call))
        return;
    row = venue_instrument(call->bybit->venue, instrument);
    if (!read_price(call, row, &price_ticks) ||
        (arg_is(call, "qty") && !read_qty(call, row, &qty_lots)))
        return;
    answer = venue_amend(call->bybit->venue, call->key->account, &call->order_no, link, price_ticks,
                         qty_lots, call->now_ns);
    if (answer == VENUE_OK)
        put_ids(call);
    else
        call_answer(call, answer);
}

/* The order was filled just before the cancel came, and that is told later. */
static void befall_cancel(struct call *call, const char *link)
{
    struct bybit *bybit = call->bybit;
    const struct venue_order *order =
        call->order_no ? venue_order(bybit->venue, call->order_no)
                       : venue_order_by_link(bybit->venue, call->key->account, link);

    if (call->fault.verb != VENUE_FAULT_LATE_FILL || !order)
        return;
    bybit->late_fill_ns = call->fault.for_ns;
    venue_force_fill(bybit->venue, order->no, call->fault.code, false, call->now_ns);
    pushes_flush(bybit, call->now_ns);
    bybit->late_fill_ns = 0;
}

void do_cancel(struct call *call)
{
    char room[64];
    const char *link;
    uint16_t instrument;
    enum venue_answer answer;

    if (!read_which(call, &instrument, &link, room))
        return;
    befall_cancel(call, link);
    answer = venue_cancel(call->bybit->venue, call->key->account, &call->order_no, link,
                          VENUE_END_BY_USER, call->now_ns);
    /* Taken before the venue knew of the fill: both states are told, Filled twice. */
    if (answer == VENUE_OK ||
        (answer == VENUE_ALREADY_FILLED && call->fault.verb == VENUE_FAULT_LATE_FILL))
        put_ids(call);
    else
        call_answer(call, answer);
}

/* ---- all ------------------------------------------------------------------------------ */

struct pick {
    const struct venue *venue;
    uint8_t category;
    const char *symbol, *base, *settle; /* the first that is given counts */
};

static bool is_picked(void *ctx, const struct venue_order *order)
{
    const struct pick *pick = ctx;
    const struct venue_instrument *row = venue_instrument(pick->venue, order->instrument);

    if (row->category != pick->category)
        return false;
    if (*pick->symbol)
        return strcmp(pick->symbol, row->symbol) == 0;
    if (*pick->base)
        return strcmp(pick->base, venue_coin(pick->venue, row->base)) == 0;
    return !*pick->settle || strcmp(pick->settle, venue_coin(pick->venue, row->settle)) == 0;
}

void do_cancel_all(struct call *call)
{
    static uint64_t nos[VENUE_ACTIVE_MAX];
    char room[3][64];
    char id[WIRE_ID_MAX];
    uint16_t instrument;
    struct pick pick = {.venue = call->bybit->venue,
                        .symbol = arg_text(call, "symbol", room[0]),
                        .base = arg_text(call, "baseCoin", room[1]),
                        .settle = arg_text(call, "settleCoin", room[2])};
    uint32_t count = 0;

    if (!arg_category(call) || !call_may_trade(call) || !check_types(call) ||
        (*pick.symbol && call->category < VENUE_CATEGORY_COUNT &&
         !arg_instrument(call, &instrument)))
        return;
    pick.category = call->category;
    if (call->category == VENUE_LINEAR && !*pick.symbol && !*pick.base && !*pick.settle) {
        call_refuse(call, CODE_PARAMS, "symbol, baseCoin or settleCoin is required");
        return;
    }
    if (call->category < VENUE_CATEGORY_COUNT)
        count = venue_cancel_those(call->bybit->venue, call->key->account, is_picked, &pick,
                                   VENUE_END_BY_CANCEL_ALL, call->now_ns, nos);
    text_put(call->result, "{\"list\":[");
    for (uint32_t at = 0; at < count; at++) {
        const struct venue_order *order = venue_order(call->bybit->venue, nos[at]);

        text_put(call->result, "%s{\"orderId\":\"%s\",\"orderLinkId\":", at ? "," : "",
                 order_id_text(call->bybit, id, order));
        text_json(call->result, order->link);
        text_put(call->result, "}");
    }
    text_put(call->result, "],\"success\":\"1\"}");
}
