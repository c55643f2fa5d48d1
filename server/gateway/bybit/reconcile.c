#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AGAIN_NS (1 * SECOND_NS)
#define OVERLAP_MS 10000 /* executions are asked for from so much earlier */

static void request_step(struct bybit *bybit);

static void forget_page(struct bybit *bybit)
{
    struct bybit_page *page = &bybit->reconcile.page;

    json_decref(page->rows);
    *page = (struct bybit_page){0};
    bybit->reconcile.is_unasked = false;
}

static void fail(struct bybit *bybit, const char *why)
{
    struct bybit_reconcile *run = &bybit->reconcile;
    char shown[96];

    if (!run->has_failed)
        log_line(LOG_WARN, "gateway", "the account cannot be read: again in a second",
                 "venue=%s step=%u why=%s", bybit->name, run->step,
                 log_escape(shown, sizeof shown, why));
    run->has_failed = true;
    run->is_running = false;
    forget_page(bybit);
    run->due_ns = bybit->mono_ns + AGAIN_NS;
}

/* The list of executions holds whatever there was when it was begun. */
static void tell_fills(struct bybit *bybit)
{
    int64_t begun_ns = bybit->real_ns - (bybit->mono_ns - bybit->reconcile.begun_ns);

    for (uint16_t at = 0; at < bybit->symbol_count; at++)
        gateway_tell_fills(&bybit->base, bybit->symbol[at].instrument, begun_ns);
}

static void finish(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;

    if (!run->is_done)
        log_line(LOG_INFO, "gateway", "orders, executions and positions are read", "venue=%s",
                 bybit->name);
    run->is_running = run->has_failed = false;
    run->is_done = true;
    tell_fills(bybit);
    run->since_ms = run->begun_ms - OVERLAP_MS;
    run->due_ns = bybit->mono_ns + bybit->config.reconcile_ns;
    run->runs++;
}

static void begin_step(struct bybit *bybit, enum bybit_step step)
{
    bybit->reconcile.step = (uint8_t)step;
    bybit->reconcile.at = 0;
    if (step != BYBIT_STEP_MISSING)
        request_step(bybit);
}

/* ---- the rows --------------------------------------------------------------------------- */

static bool take_open(struct bybit *bybit, const json_t *json, int64_t received_ns)
{
    struct bybit_order_row row;

    if (!bybit_read_order(bybit, json, &row))
        return false;
    if (row.known)
        row.known->seen = bybit->reconcile.number;
    bybit_take_order(bybit, &row, received_ns);
    return true;
}

static bool take_row(struct bybit *bybit, const json_t *json)
{
    int64_t received_ns = bybit->reconcile.page.received_ns;
    int64_t time_ms = bybit->reconcile.page.time_ms;

    switch ((enum bybit_step)bybit->reconcile.step) {
    case BYBIT_STEP_OPEN:
        return take_open(bybit, json, received_ns);
    case BYBIT_STEP_FILLS:
        return bybit_take_execution(bybit, json, true, received_ns);
    case BYBIT_STEP_POSITIONS:
        if (bybit->config.is_spot)
            bybit_balance_take(bybit, json, time_ms, received_ns);
        return bybit->config.is_spot
                   ? bybit_take_wallet(bybit, json,
                                       (struct bybit_wallet_read){true, time_ms, received_ns})
                   : bybit_take_position(bybit, json, true, received_ns);
    case BYBIT_STEP_MISSING:
        break;
    }
    return false;
}

static bool is_by_instrument(const struct bybit *bybit)
{
    return bybit->reconcile.step == BYBIT_STEP_OPEN ||
           (bybit->reconcile.step == BYBIT_STEP_POSITIONS && !bybit->config.is_spot);
}

/* The page was the last of this instrument, or of the step. */
static void go_on(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;

    if (is_by_instrument(bybit) && ++run->at < bybit->symbol_count)
        request_step(bybit);
    else
        begin_step(bybit, (enum bybit_step)(run->step + 1));
}

static void end_page(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;
    size_t count = json_array_size(run->page.rows);
    bool is_last = run->page.cursor[0] == '\0' || count == 0 || run->step == BYBIT_STEP_POSITIONS;

    if (run->step == BYBIT_STEP_POSITIONS && !bybit->config.is_spot && count == 0)
        bybit_take_flat(bybit, &bybit->symbol[run->at], run->page.received_ns);
    json_decref(run->page.rows);
    run->page.rows = NULL;
    if (is_last) {
        run->page.cursor[0] = '\0';
        go_on(bybit);
    } else if (++run->pages > BYBIT_PAGES_MAX) {
        fail(bybit, "its pages do not end");
    } else {
        request_step(bybit);
    }
}

static void take_page(struct bybit *bybit)
{
    struct bybit_page *page = &bybit->reconcile.page;

    for (; page->at < json_array_size(page->rows); page->at++) {
        if (!bybit_outbox_flush(bybit))
            return;
        if (!take_row(bybit, json_array_get(page->rows, page->at))) {
            fail(bybit, "a row was refused");
            return;
        }
    }
    end_page(bybit);
}

static void took(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    struct bybit_reconcile *run = &bybit->reconcile;
    json_t *rows = json_object_get(reply->result, "list");

    if (!run->is_running || about.number != run->number)
        return; /* of one that was given up */
    if (reply->class != BYBIT_DONE || !json_is_array(rows) ||
        !bybit_cursor(reply, run->page.cursor)) {
        fail(bybit, reply->says);
        return;
    }
    run->page.rows = json_incref(rows);
    run->page.at = 0;
    run->page.time_ms = reply->time_ms;
    run->page.received_ns = reply->received_ns;
    take_page(bybit);
}

/* ---- the requests ----------------------------------------------------------------------- */

static const char *write_step(struct bybit *bybit, char *text, size_t size)
{
    const struct bybit_reconcile *run = &bybit->reconcile;
    const char *category = bybit_category(bybit->config.is_spot);
    const char *name = bybit->symbol[run->at < bybit->symbol_count ? run->at : 0].name;

    switch ((enum bybit_step)run->step) {
    case BYBIT_STEP_OPEN:
        snprintf(text, size, "category=%s&symbol=%s&limit=50", category, name);
        return "/v5/order/realtime";
    case BYBIT_STEP_FILLS:
        snprintf(text, size, "category=%s&startTime=%" PRId64 "&limit=100", category,
                 run->since_ms);
        return "/v5/execution/list";
    case BYBIT_STEP_POSITIONS:
        if (bybit->config.is_spot) {
            snprintf(text, size, "accountType=UNIFIED");
            return "/v5/account/wallet-balance";
        }
        snprintf(text, size, "category=%s&symbol=%s", category, name);
        break;
    case BYBIT_STEP_MISSING:
        break;
    }
    return "/v5/position/list";
}

/* The page behind the cursor. */
static void request_step(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;
    char text[BYBIT_PATH_MAX - 64];
    char step[160];
    const char *path = write_step(bybit, step, sizeof step);
    const char *cursor = run->page.cursor;

    snprintf(text, sizeof text, "%s%s%s", step, cursor[0] == '\0' ? "" : "&cursor=", cursor);
    run->is_unasked =
        !bybit_get(bybit, path, text, true, took, (struct bybit_about){.number = run->number});
    if (run->is_unasked && bybit_is_banned(bybit))
        fail(bybit, "banned");
}

/* ---- what is missing -------------------------------------------------------------------- */

static bool is_missing(const struct bybit *bybit, const struct bybit_known *known)
{
    return known->live && !known->was_absent && known->seen != bybit->reconcile.number &&
           known->sent_ns < bybit->reconcile.begun_ns;
}

/* As many as may be asked about at a time. */
static void ask_missing(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;

    for (; run->at < bybit->known.used; run->at++) {
        struct bybit_known *known = &bybit->known.row[run->at];

        if (is_missing(bybit, known) && !bybit_ask(bybit, known, 0, false)) {
            if (bybit_is_banned(bybit))
                fail(bybit, "banned");
            return;
        }
    }
    finish(bybit);
}

/* ---- the turn --------------------------------------------------------------------------- */

void bybit_reconcile_restart(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;

    forget_page(bybit);
    run->is_done = run->is_running = false;
    run->is_wanted = true;
}

static void begin(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;

    forget_page(bybit);
    /* The stream's rows are in order, and this is asked for after them. */
    memset(bybit->reports.side_seq, 0, sizeof bybit->reports.side_seq);
    bybit->reports.wallet_ms = 0;
    run->is_wanted = false;
    run->is_running = true;
    run->number++;
    run->pages = 0;
    run->begun_ns = bybit->mono_ns;
    run->begun_ms = bybit_venue_ms(bybit, bybit->real_ns);
    begin_step(bybit, BYBIT_STEP_OPEN);
}

void bybit_reconcile_turn(struct bybit *bybit)
{
    struct bybit_reconcile *run = &bybit->reconcile;

    if (run->is_running && run->page.rows)
        take_page(bybit);
    else if (run->is_running && run->is_unasked)
        request_step(bybit);
    if (run->is_running && run->step == BYBIT_STEP_MISSING)
        ask_missing(bybit);
    if (run->is_running || !bybit_session_can_read(bybit) || bybit_is_banned(bybit))
        return;
    if (bybit->mono_ns < run->due_ns && (run->has_failed || !run->is_wanted))
        return;
    begin(bybit);
}

void bybit_reconcile_close(struct bybit *bybit)
{
    forget_page(bybit);
}
