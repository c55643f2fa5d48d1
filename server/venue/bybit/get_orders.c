/* Orders, executions and positions of an account, newest first, page by page: the cursor is the
 * number of the last one shown. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_MS (7LL * 86400 * 1000)
#define DAY_MS (86400LL * 1000)
#define TIME_MAX_MS (1LL << 43) /* of the year 2248 */

enum { ORDERS_PAGE_MAX = 50, EXECUTIONS_PAGE_MAX = 100, CLOSED_MAX = 500 };

struct filter {
    const char *symbol, *base, *settle, *link, *status, *id, *exec_type;
    uint64_t order_no, before;
    int64_t from_ms, to_ms, limit;
    char rooms[7][64];
};

static bool is_time(int64_t ms)
{
    return ms >= 0 && ms <= TIME_MAX_MS;
}

static bool read_times(struct call *call, struct filter *filter)
{
    filter->from_ms = arg_whole(call, "startTime", 0);
    filter->to_ms = arg_whole(call, "endTime", 0);
    if (!is_time(filter->from_ms) || !is_time(filter->to_ms)) {
        call_refuse(call, CODE_PARAMS, "startTime or endTime is no time in milliseconds");
        return false;
    }
    if (filter->from_ms && !filter->to_ms)
        filter->to_ms = filter->from_ms + WEEK_MS;
    if (filter->to_ms && !filter->from_ms)
        filter->from_ms = filter->to_ms - WEEK_MS;
    if (filter->to_ms - filter->from_ms <= WEEK_MS)
        return true;
    call_refuse(call, CODE_PARAMS,
                "The time range between startTime and endTime cannot exceed 7 "
                "days");
    return false;
}

static bool read_filter(struct call *call, struct filter *filter, int64_t usual, int64_t most)
{
    char room[64];

    if (!arg_category(call))
        return false;
    filter->symbol = arg_text(call, "symbol", filter->rooms[0]);
    filter->base = arg_text(call, "baseCoin", filter->rooms[1]);
    filter->settle = arg_text(call, "settleCoin", filter->rooms[2]);
    filter->link = arg_text(call, "orderLinkId", filter->rooms[3]);
    filter->status = arg_text(call, "orderStatus", filter->rooms[4]);
    filter->id = arg_text(call, "orderId", filter->rooms[5]);
    filter->exec_type = arg_text(call, "execType", filter->rooms[6]);
    filter->before = strtoull(arg_text(call, "cursor", room), NULL, 10);
    filter->limit = arg_whole(call, "limit", usual);
    if (filter->limit < 1 || filter->limit > most)
        filter->limit = most;
    if (*filter->id && !order_id_find(call->bybit, filter->id, &filter->order_no))
        filter->order_no = UINT64_MAX; /* none has it */
    return read_times(call, filter);
}

static bool fits_instrument(struct call *call, const struct filter *filter, uint16_t instrument)
{
    const struct venue_instrument *row = venue_instrument(call->bybit->venue, instrument);
    struct venue *venue = call->bybit->venue;

    return row->category == call->category &&
           (!*filter->symbol || strcmp(filter->symbol, row->symbol) == 0) &&
           (!*filter->base || strcmp(filter->base, venue_coin(venue, row->base)) == 0) &&
           (!*filter->settle || row->category == VENUE_SPOT ||
            strcmp(filter->settle, venue_coin(venue, row->settle)) == 0);
}

static bool fits_time(struct call *call, const struct filter *filter, int64_t at_ns)
{
    int64_t at_ms = wire_ms(call->bybit, at_ns);

    return !filter->from_ms || (at_ms >= filter->from_ms && at_ms <= filter->to_ms);
}

static bool is_active(const struct venue_order *order)
{
    return order->status == VENUE_ORDER_NEW || order->status == VENUE_ORDER_PARTLY_FILLED;
}

static bool fits_order(struct call *call, const struct filter *filter,
                       const struct venue_order *order)
{
    return fits_instrument(call, filter, order->instrument) &&
           (!filter->order_no || filter->order_no == order->no) &&
           (!*filter->link || strcmp(filter->link, order->link) == 0);
}

static void end_page(struct call *call, uint64_t last)
{
    text_put(call->result, "],\"nextPageCursor\":\"");
    if (last)
        text_put(call->result, "%" PRIu64, last);
    text_put(call->result, "\",\"category\":\"%s\"}", category_name(call->category));
}

/* Which states a page shows. */
enum shown { SHOW_ACTIVE, SHOW_RECENT, SHOW_ENDED };

static bool is_shown(struct call *call, const struct filter *filter,
                     const struct venue_order *order, enum shown shown, uint32_t closed)
{
    if (!fits_order(call, filter, order))
        return false;
    if (shown == SHOW_ACTIVE)
        return is_active(order);
    if (shown == SHOW_RECENT)
        return is_active(order) || closed < CLOSED_MAX;
    if (!fits_time(call, filter, order->created_ns))
        return false;
    /* What was cancelled without a fill is forgotten after a day: documented. */
    if ((order->status == VENUE_ORDER_CANCELLED || order->status == VENUE_ORDER_REJECTED) &&
        order->filled_lots == 0 && call->now_ns - order->updated_ns > DAY_MS * NS_PER_MS)
        return false;
    return !is_active(order);
}

static void put_orders(struct call *call, const struct filter *filter, enum shown shown)
{
    const struct venue_order *order;
    uint64_t before = filter->before;
    int64_t put = 0;
    uint32_t closed = 0;
    uint64_t last = 0;

    text_put(call->result, "{\"list\":[");
    while (call->category < VENUE_CATEGORY_COUNT &&
           (order = venue_next_order(call->bybit->venue, call->key->account, before))) {
        before = order->no;
        closed += !is_active(order);
        if (!is_shown(call, filter, order, shown, closed))
            continue;
        if (put == filter->limit) {
            end_page(call, last);
            return;
        }
        text_put(call->result, put++ ? "," : "");
        put_order(call->bybit, call->result, order, false);
        last = order->no;
    }
    end_page(call, 0);
}

void get_orders(struct call *call)
{
    struct filter filter = {0};
    bool by_id;

    if (!read_filter(call, &filter, 20, ORDERS_PAGE_MAX))
        return;
    by_id = *filter.id || *filter.link;
    if (call->category == VENUE_LINEAR && !by_id && !*filter.symbol && !*filter.base &&
        !*filter.settle) {
        call_refuse(call, CODE_PARAMS, "symbol, baseCoin or settleCoin is required");
        return;
    }
    put_orders(call, &filter,
               by_id || arg_whole(call, "openOnly", 0) == 1 ? SHOW_RECENT : SHOW_ACTIVE);
}

void get_history(struct call *call)
{
    struct filter filter = {0};

    if (read_filter(call, &filter, 20, ORDERS_PAGE_MAX))
        put_orders(call, &filter, SHOW_ENDED);
}

static bool fits_execution(struct call *call, const struct filter *filter,
                           const struct venue_execution *execution)
{
    return fits_instrument(call, filter, execution->instrument) &&
           (!filter->order_no || filter->order_no == execution->order_no) &&
           (!*filter->link || strcmp(filter->link, execution->link) == 0) &&
           fits_time(call, filter, execution->at_ns) &&
           (!*filter->exec_type || (strcmp(filter->exec_type, "Trade") == 0) ==
                                       (execution->exec_type == VENUE_EXEC_TRADE));
}

void get_executions(struct call *call)
{
    struct filter filter = {0};
    const struct venue_execution *execution;
    int64_t put = 0;
    uint64_t last = 0;

    if (!read_filter(call, &filter, 50, EXECUTIONS_PAGE_MAX))
        return;
    text_put(call->result, "{\"list\":[");
    while (
        call->category < VENUE_CATEGORY_COUNT &&
        (execution = venue_next_execution(call->bybit->venue, call->key->account, filter.before))) {
        filter.before = execution->no;
        if (!fits_execution(call, &filter, execution))
            continue;
        if (put == filter.limit) {
            end_page(call, last);
            return;
        }
        text_put(call->result, put++ ? "," : "");
        put_execution(call->bybit, call->result, execution, false);
        last = execution->no;
    }
    end_page(call, 0);
}

void get_positions(struct call *call)
{
    struct filter filter = {0};
    struct bybit *bybit = call->bybit;
    bool first = true;

    if (!read_filter(call, &filter, 20, 200))
        return;
    if (call->category == VENUE_LINEAR && !*filter.symbol && !*filter.settle) {
        call_refuse(call, CODE_PARAMS, "symbol or settleCoin is required");
        return;
    }
    text_put(call->result, "{\"list\":[");
    for (uint16_t at = 0; at < venue_instruments(bybit->venue); at++) {
        bool open = venue_position(bybit->venue, call->key->account, at)->lots != 0;

        if (call->category != VENUE_LINEAR || !fits_instrument(call, &filter, at) ||
            (!open && !*filter.symbol))
            continue;
        text_put(call->result, first ? "" : ",");
        first = false;
        put_position(bybit, call->result, call->key->account, at, false);
    }
    end_page(call, 0);
}
