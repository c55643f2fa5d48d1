/* The tests' own door, on the same port and for this machine only:
 *   GET  /sim/state        accounts with positions, active orders and balances, from the core
 *   POST /sim/fault        one line of a fault script, from now on
 *   POST /sim/instrument   {"category","symbol","status"?,"tickSize"?,"qtyStep"?}
 *   POST /sim/clear        no more fault rules, and what they did to the venue as a whole ends */
#include "venue/bybit/inside.h"
#include "venue/saver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_here(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0;
}

static void answer_text(struct venue_conn *conn, int status, const char *text)
{
    venue_conn_answer(conn, status, "", text, strlen(text), NULL);
}

static void answer_error(struct bybit *bybit, struct venue_conn *conn, const char *says)
{
    text_clear(&bybit->out);
    text_put(&bybit->out, "{\"error\":");
    text_json(&bybit->out, says);
    text_put(&bybit->out, "}");
    venue_conn_answer(conn, 400, "", bybit->out.at, bybit->out.length, NULL);
}

/* ---- state ---------------------------------------------------------------------------- */

static void put_positions(struct bybit *bybit, struct text *text, uint16_t account)
{
    bool first = true;

    text_put(text, "\"positions\":[");
    for (uint16_t at = 0; at < venue_instruments(bybit->venue); at++) {
        if (venue_position(bybit->venue, account, at)->lots == 0)
            continue;
        text_add(text, ",", !first);
        first = false;
        put_position(bybit, text, account, at, false);
    }
    text_put(text, "],");
}

static void put_active(struct bybit *bybit, struct text *text, uint16_t account)
{
    const struct venue_order *order = NULL;
    uint64_t before = 0;
    bool first = true;

    text_put(text, "\"orders\":[");
    while ((order = venue_next_order(bybit->venue, account, before))) {
        before = order->no;
        if (order->status != VENUE_ORDER_NEW && order->status != VENUE_ORDER_PARTLY_FILLED)
            continue;
        text_add(text, ",", !first);
        first = false;
        put_order(bybit, text, order, true);
    }
    text_put(text, "],");
}

static void put_balances(struct bybit *bybit, struct text *text, uint16_t account)
{
    text_put(text, "\"balances\":{");
    for (uint16_t coin = 0; coin < bybit->coins; coin++) {
        text_put(text, "%s\"%s\":", coin ? "," : "", venue_coin(bybit->venue, coin));
        text_decimal(text, venue_wallet(bybit->venue, account, coin).balance_e8, 8, true);
    }
    text_put(text, "},");
}

static void put_executions(struct bybit *bybit, struct text *text, uint16_t account)
{
    const struct venue_execution *execution;
    uint64_t before = 0;
    uint64_t count = 0;

    while ((execution = venue_next_execution(bybit->venue, account, before))) {
        before = execution->no;
        count++;
    }
    text_put(text, "\"executions\":%llu", (unsigned long long)count);
}

static void get_state(struct bybit *bybit, struct venue_conn *conn)
{
    struct text *text = &bybit->out;

    text_clear(text);
    text_put(text, "{\"accounts\":[");
    for (uint16_t account = 1; account <= bybit->keys.accounts; account++) {
        text_put(text, "%s{\"uid\":\"%llu\",", account > 1 ? "," : "",
                 (unsigned long long)keys_of_account(&bybit->keys, account)->uid);
        put_positions(bybit, text, account);
        put_active(bybit, text, account);
        put_balances(bybit, text, account);
        put_executions(bybit, text, account);
        text_put(text, "}");
    }
    text_put(text, "]}");
    venue_conn_answer(conn, 200, "", text->at, text->length, NULL);
}

/* ---- changes -------------------------------------------------------------------------- */

static void post_fault(struct bybit *bybit, struct venue_conn *conn, const char *line)
{
    struct err err = {0};

    if (venue_faults_add(bybit->faults, line, &err) == OK)
        answer_text(conn, 200, "{}");
    else
        answer_error(bybit, conn, err.text);
}

static void post_clear(struct bybit *bybit, struct venue_conn *conn)
{
    venue_faults_clear(bybit->faults);
    bybit->ban_until_ns = bybit->maintenance_until_ns = bybit->ratelimit_until_ns = 0;
    bybit->refuse_until_ns = bybit->stall_until_ns = 0;
    bybit->clock_offset_ns = 0;
    answer_text(conn, 200, "{}");
}

static bool set_status(struct bybit *bybit, uint16_t instrument, const char *name)
{
    static const char *const names[] = {
        [VENUE_TRADING] = "Trading", [VENUE_PRELAUNCH] = "PreLaunch", [VENUE_CLOSED] = "Closed"};

    for (uint32_t at = 0; at < 3; at++)
        if (strcmp(names[at], name) == 0) {
            venue_set_status(bybit->venue, instrument, (enum venue_status)at);
            return true;
        }
    return false;
}

/* A step such as "0.5" as units at the least scale that shows it. */
static bool read_step(const char *text, uint32_t *decimals, int64_t *units)
{
    const char *point = strchr(text, '.');

    *decimals = point ? (uint32_t)strlen(point + 1) : 0;
    return decimal_parse(text, strlen(text), *decimals, units) && *units > 0 && *decimals <= 8;
}

/* The value of one tick of one lot follows from both steps: linear and spot are worth price times
 * size. False: finer than money is, or more than any. */
static bool set_tick_value(struct instrument *grid)
{
    int64_t value;
    int64_t decimals = 8 - (int64_t)grid->price_decimals - grid->qty_decimals;

    if (__builtin_mul_overflow(grid->tick_units, grid->lot_units, &value))
        return false;
    for (; decimals > 0; decimals--)
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    for (; decimals < 0; decimals++) {
        if (value % 10 != 0)
            return false;
        value /= 10;
    }
    grid->tick_value_e8 = value;
    return instrument_is_within_bounds(grid);
}

/* NULL: well. */
static const char *change_grid(struct bybit *bybit, uint16_t instrument, json_t *args)
{
    struct instrument grid = venue_instrument(bybit->venue, instrument)->grid;
    const char *tick = json_string_value(json_object_get(args, "tickSize"));
    const char *lot = json_string_value(json_object_get(args, "qtyStep"));

    if (tick && !read_step(tick, &grid.price_decimals, &grid.tick_units))
        return "tickSize wants a text such as \"0.5\"";
    if (lot && !read_step(lot, &grid.qty_decimals, &grid.lot_units))
        return "qtyStep wants a text such as \"0.001\"";
    if (!set_tick_value(&grid))
        return "one tick of one lot is finer than 1e-8, or out of bounds";
    saver_note(bybit->saver); /* its status too */
    if (tick || lot)
        venue_set_grid(bybit->venue, instrument, &grid, clock_real_ns());
    return NULL;
}

static void post_instrument(struct bybit *bybit, struct venue_conn *conn, json_t *args)
{
    const char *category = json_string_value(json_object_get(args, "category"));
    const char *symbol = json_string_value(json_object_get(args, "symbol"));
    const char *status = json_string_value(json_object_get(args, "status"));
    uint8_t which = category ? category_find(category) : CATEGORY_NONE;
    uint16_t instrument;
    const char *wrong = NULL;

    if (which >= VENUE_CATEGORY_COUNT || !symbol ||
        !venue_find(bybit->venue, (enum venue_category)which, symbol, &instrument))
        wrong = "there is no such category and symbol";
    else if (status && !set_status(bybit, instrument, status))
        wrong = "status is Trading, PreLaunch or Closed";
    else
        wrong = change_grid(bybit, instrument, args);
    if (wrong)
        answer_error(bybit, conn, wrong);
    else
        answer_text(conn, 200, "{}");
}

bool sim_request(struct bybit *bybit, struct venue_conn *conn, const struct wire_request *request)
{
    bool posts = strcmp(request->method, "POST") == 0;
    json_t *args;

    if (strncmp(request->path, "/sim/", 5) != 0 || !is_here(venue_conn_peer(conn)))
        return false;
    if (!posts && strcmp(request->path, "/sim/state") == 0) {
        get_state(bybit, conn);
    } else if (posts && strcmp(request->path, "/sim/fault") == 0) {
        post_fault(bybit, conn, request->body);
    } else if (posts && strcmp(request->path, "/sim/clear") == 0) {
        post_clear(bybit, conn);
    } else if (posts && strcmp(request->path, "/sim/instrument") == 0) {
        args = json_loadb(request->body, request->body_length, 0, NULL);
        post_instrument(bybit, conn, args);
        json_decref(args);
    } else {
        return false;
    }
    return true;
}
