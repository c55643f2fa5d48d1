#include "gateway/bybit/inside.h"

#include <stdio.h>
#include <string.h>

enum { PAGES_MAX = 200, PAGE_MAX = 100 }; /* of one order's executions; rows of one */
#define END_OF_WAY_NS (10 * SECOND_NS)
#define AGAIN_NS (300 * MS_NS)
#define AGAIN_MOST_NS (30 * SECOND_NS)

static void took(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply);

static void give_up(struct bybit *bybit, struct bybit_query *query)
{
    struct bybit_known *known = bybit_known_find(&bybit->known, query->order_id);

    if (known)
        known->is_asked = false;
    query->order_id = 0;
}

static void note_try(const struct bybit *bybit, struct bybit_again *again)
{
    int64_t wait_ns = AGAIN_NS;

    for (uint32_t at = 0; at < again->tries && wait_ns < AGAIN_MOST_NS; at++)
        wait_ns *= 2;
    again->tries++;
    again->due_ns = bybit->mono_ns + (wait_ns < AGAIN_MOST_NS ? wait_ns : AGAIN_MOST_NS);
}

/* It was answered: the next question is a new one. */
static void settle(struct bybit *bybit, struct bybit_query *query, struct bybit_known *known)
{
    known->again = (struct bybit_again){0};
    give_up(bybit, query);
}

/* ---- asking ----------------------------------------------------------------------------- */

static void name_order(char *out, size_t size, const struct bybit_known *known)
{
    char link[ORDER_ID_TEXT_MAX];

    if (known->venue_id[0] != '\0') {
        snprintf(out, size, "orderId=%s", known->venue_id);
        return;
    }
    order_id_print(link, known->id);
    snprintf(out, size, "orderLinkId=%s", link);
}

static bool request(struct bybit *bybit, struct bybit_query *query, const char *cursor)
{
    static const char *const paths[] = {[BYBIT_REALTIME] = "/v5/order/realtime",
                                        [BYBIT_HISTORY] = "/v5/order/history",
                                        [BYBIT_EXECUTIONS] = "/v5/execution/list"};
    struct bybit_known *known = bybit_known_find(&bybit->known, query->order_id);
    struct bybit_symbol *symbol = bybit_symbol_at(bybit, known->instrument);
    char name[96];
    char text[BYBIT_PATH_MAX - 64];

    name_order(name, sizeof name, known);
    snprintf(text, sizeof text, "category=%s&symbol=%s&%s%s%s%s",
             bybit_category(bybit->config.is_spot), symbol->name, name,
             query->stage == BYBIT_EXECUTIONS ? "&limit=100" : "",
             cursor[0] == '\0' ? "" : "&cursor=", cursor);
    return bybit_get(bybit, paths[query->stage], text, true, took,
                     (struct bybit_about){query->order_id, 0, query->number});
}

static bool begin(struct bybit *bybit, struct bybit_known *known, struct bybit_query query)
{
    struct bybit_again *again = query.fills_only ? &known->fills_again : &known->again;
    struct bybit_query *free_one = NULL;

    if (bybit->mono_ns < again->due_ns)
        return false;
    for (uint32_t at = 0; at < BYBIT_QUERIES_MAX && !free_one; at++)
        if (bybit->queries.query[at].order_id == 0)
            free_one = &bybit->queries.query[at];
    if (!free_one)
        return false;
    *free_one = query;
    free_one->order_id = known->id;
    free_one->number = ++bybit->queries.number;
    if (!request(bybit, free_one, "")) {
        free_one->order_id = 0;
        return false;
    }
    known->is_asked = true;
    note_try(bybit, again);
    return true;
}

static struct bybit_query *under_way(struct bybit *bybit, uint64_t order_id)
{
    for (uint32_t at = 0; at < BYBIT_QUERIES_MAX; at++)
        if (bybit->queries.query[at].order_id == order_id)
            return &bybit->queries.query[at];
    return NULL;
}

bool bybit_ask(struct bybit *bybit, struct bybit_known *known, uint32_t amend_no, bool for_engine)
{
    if (known->is_asked)
        return true;
    return begin(bybit, known,
                 (struct bybit_query){
                     .amend_no = amend_no, .stage = BYBIT_REALTIME, .for_engine = for_engine});
}

bool bybit_ask_fills(struct bybit *bybit, struct bybit_known *known)
{
    if (known->is_asked)
        return true;
    return begin(bybit, known, (struct bybit_query){.stage = BYBIT_EXECUTIONS, .fills_only = true});
}

/* ---- the answers ------------------------------------------------------------------------ */

/* Twice absent, and no longer on its way: the engine voids it. Should it turn up after all, it is
 * an order that nobody sent. */
static void count_absence(struct bybit *bybit, struct bybit_known *known)
{
    int64_t window_ns = 2 * bybit->config.recv_window_ms * MS_NS + END_OF_WAY_NS;

    if (known->absences < UINT8_MAX)
        known->absences++;
    if (known->absences >= 2 && bybit->mono_ns - known->sent_ns > window_ns)
        known->live = false;
}

static void say_absent(struct bybit *bybit, const struct bybit_query *query,
                       struct bybit_known *known, int64_t received_ns)
{
    if (query->for_engine) {
        bybit_say_of(bybit, known, REPORT_QUERY_ABSENT, query->amend_no, received_ns);
        count_absence(bybit, known);
    } else if (known->flags & ORDER_EXTERNAL) {
        known->ending = REPORT_VENUE_CANCEL; /* of others, and gone: nobody asks */
        known->live = false;
        bybit_end_order(bybit, known, received_ns);
    } else if (known->live && !known->was_absent) {
        known->was_absent = true;
        bybit_say_of(bybit, known, REPORT_TIMEOUT, 0, received_ns);
    }
}

/* It rests. What the stream has told since is newer than this answer, and the engine asks again. */
static void say_live(struct bybit *bybit, const struct bybit_query *query,
                     struct bybit_known *known, int64_t received_ns)
{
    const struct bybit_order_row *row = &query->row;

    if (!query->for_engine || row->updated_ms < known->updated_ms || !known->live) {
        bybit_take_order(bybit, row, received_ns);
        return;
    }
    known->updated_ms = row->updated_ms;
    known->acked = true;
    known->was_absent = false;
    known->absences = 0;
    known->price_ticks = row->price_ticks;
    known->qty_lots = row->qty_lots;
    if (row->price_ticks == known->amend_price_ticks && row->qty_lots == known->amend_qty_lots)
        known->amend_qty_lots = 0;
    bybit_say(bybit, &(struct execution){.report = REPORT_VENUE_ACK,
                                         .side = known->side,
                                         .instrument = known->instrument,
                                         .strategy = known->strategy,
                                         .amend_no = query->amend_no,
                                         .order_id = known->id,
                                         .price_ticks = row->price_ticks,
                                         .qty_lots = row->qty_lots,
                                         .received_ns = received_ns});
}

static void next_stage(struct bybit *bybit, struct bybit_query *query, enum bybit_stage stage)
{
    query->stage = (uint8_t)stage;
    if (!request(bybit, query, ""))
        give_up(bybit, query);
}

static void take_row(struct bybit *bybit, struct bybit_query *query, struct bybit_known *known,
                     const json_t *json, int64_t received_ns)
{
    if (!bybit_read_order(bybit, json, &query->row) || query->row.known != known) {
        give_up(bybit, query); /* it is another's, or cannot be read: no answer */
        return;
    }
    if (query->row.standing != BYBIT_LIVE) {
        next_stage(bybit, query, BYBIT_EXECUTIONS);
        return;
    }
    say_live(bybit, query, known, received_ns);
    settle(bybit, query, known);
}

static void took_order(struct bybit *bybit, struct bybit_query *query, struct bybit_known *known,
                       const struct bybit_reply *reply)
{
    const json_t *rows = bybit_rows(reply);

    if (reply->class == BYBIT_DONE && rows && json_array_size(rows) > 0) {
        take_row(bybit, query, known, json_array_get(rows, 0), reply->received_ns);
        return;
    }
    if (reply->class != BYBIT_ABSENT && (reply->class != BYBIT_DONE || !rows)) {
        give_up(bybit, query);
        return;
    }
    if (query->stage == BYBIT_REALTIME) {
        next_stage(bybit, query, BYBIT_HISTORY);
        return;
    }
    say_absent(bybit, query, known, reply->received_ns);
    settle(bybit, query, known);
}

static void took_fills(struct bybit *bybit, struct bybit_query *query, struct bybit_known *known,
                       const struct bybit_reply *reply)
{
    const json_t *rows = bybit_rows(reply);
    char cursor[BYBIT_CURSOR_MAX];

    if (reply->class != BYBIT_DONE || !rows || json_array_size(rows) > PAGE_MAX ||
        !bybit_cursor(reply, cursor)) {
        give_up(bybit, query);
        return;
    }
    for (size_t at = 0; at < json_array_size(rows); at++)
        (void)bybit_take_execution(bybit, json_array_get(rows, at), true, reply->received_ns);
    if (cursor[0] != '\0' && json_array_size(rows) > 0) {
        if (++query->pages > PAGES_MAX || !request(bybit, query, cursor))
            give_up(bybit, query);
        return;
    }
    if (query->for_engine)
        known->live = true; /* it has not heard of the end, so that is said again */
    if (!query->fills_only)
        bybit_take_order(bybit, &query->row, reply->received_ns);
    else if (known->filled_lots >= known->cum_lots)
        bybit_end_order(bybit, known, reply->received_ns);
    if (known->filled_lots < known->cum_lots) {
        give_up(bybit, query); /* in vain, this time */
        return;
    }
    known->fills_again = (struct bybit_again){0};
    settle(bybit, query, known);
}

static void took(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    struct bybit_query *query = under_way(bybit, about.order_id);
    struct bybit_known *known = bybit_known_find(&bybit->known, about.order_id);

    assert(query && known && query->number == about.number); /* a row that is asked stays */
    if (query->stage == BYBIT_EXECUTIONS)
        took_fills(bybit, query, known, reply);
    else
        took_order(bybit, query, known, reply);
}
