/* The view on a journal of its own: what events become in the shapes that people read. */
#include "unit/store/desk.h"
#include "view/view.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct store_saved saved;
static struct kill_page kills;
static struct ring telemetry;
static uint8_t *telemetry_bytes;

enum { TELEMETRY_BYTES = 1 << 16, KEPT_MAX = 64 };

static json_t *kept[KEPT_MAX];
static int kept_count;

/* Also again, on what was saved meanwhile. */
static void begin(void)
{
    struct err err;

    cr_assert_eq(view_open(&view,
                           &(struct view_sources){.config = &desk.config,
                                                  .journal = journal,
                                                  .telemetry = &telemetry,
                                                  .kill = &kills,
                                                  .dir = desk.dir,
                                                  .saved = &saved},
                           &err),
                 OK);
}

static void open_view(void)
{
    char recovered[ERR_TEXT_MAX];
    struct err err;

    desk_open(&desk);
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK, "%s",
                 err.text);
    telemetry_bytes = aligned_alloc(128, TELEMETRY_BYTES);
    ring_init(&telemetry, telemetry_bytes, TELEMETRY_BYTES);
    begin();
}

static void close_view(void)
{
    while (kept_count > 0)
        json_decref(kept[--kept_count]);
    view_close(view);
    journal_close(journal);
    free(telemetry_bytes);
    desk_close(&desk);
}

TestSuite(view, .init = open_view, .fini = close_view);

#define SAY(kind, cause, value)                                                                    \
    lane_append(journal_lane(journal, JOURNAL_ENGINE), kind, 1000, cause, &(value), sizeof(value))

/* Released at the end of the test. NULL passes. */
static json_t *keep(json_t *json)
{
    cr_assert_lt(kept_count, KEPT_MAX);
    kept[kept_count++] = json;
    return json;
}

/* The member as compact JSON; valid until the next call. */
static const char *at(const json_t *json, const char *name)
{
    static char text[1024];
    size_t length = json_dumpb(json_object_get(json, name), text, sizeof text - 1,
                               JSON_COMPACT | JSON_ENCODE_ANY);

    cr_assert(length > 0 && length < sizeof text, "%s", name);
    text[length] = '\0';
    return text;
}

static json_t *item(json_t *list, size_t index)
{
    return json_array_get(json_object_get(list, "items"), index);
}

static void tell_marks(int64_t btc_ticks)
{
    struct telemetry_book *book = ring_reserve(&telemetry, sizeof *book);
    struct telemetry_pnl *pnl;

    memset(book, 0, sizeof *book);
    book->kind = TELEMETRY_BOOK;
    book->status = BOOK_OK;
    ring_publish(&telemetry);
    pnl = ring_reserve(&telemetry, sizeof *pnl);
    memset(pnl, 0, sizeof *pnl);
    pnl->kind = TELEMETRY_PNL;
    pnl->peak_e8 = 1000 * MONEY_ONE_E8;
    pnl->marks[BTC].mark_e8_ticks = btc_ticks * 100000000;
    ring_publish(&telemetry);
}

static void tell_position(uint16_t strategy, int64_t fee_e8, int64_t rebate_e8, int64_t funding_e8)
{
    struct event_position position = {.lots = 10,
                                      .cost_e8 = 1000 * 10 * 1000, /* 10 lots at 1000 ticks */
                                      .realised_e8 = 5 * MONEY_ONE_E8,
                                      .fee_e8 = fee_e8,
                                      .instrument = BTC,
                                      .strategy = strategy,
                                      .rebate_e8 = rebate_e8,
                                      .funding_e8 = funding_e8};

    SAY(EVENT_POSITION, 0, position);
}

Test(view, an_order_from_sent_to_filled)
{
    struct event_order_sent sent = desk_order(0x100000001, 6512345, 20);
    struct event_order_state acked = {.order_id = sent.order_id,
                                      .leaves_lots = 20,
                                      .state = ORDER_WORKING,
                                      .report = REPORT_VENUE_ACK};
    struct event_order_state filled = {.order_id = sent.order_id,
                                       .filled_lots = 20,
                                       .filled_price_e8_ticks = 651234500000000,
                                       .state = ORDER_FILLED,
                                       .report = REPORT_FILL_LAST};
    struct view_counters counters;
    json_t *order;

    view_note_command(view, 9, "trader", "by hand");
    SAY(EVENT_ORDER_SENT, 9, sent);
    order = keep(view_order(view, sent.order_id));
    cr_assert_str_eq(at(order, "id"), "\"PW1-1X\"");
    cr_assert_str_eq(at(order, "actor"), "\"trader\"");
    cr_assert_str_eq(at(order, "price"), "\"65123.45\"");
    cr_assert_str_eq(at(order, "avg_price"), "null");
    cr_assert_str_eq(at(order, "acked_ns"), "null");
    SAY(EVENT_ORDER_STATE, 0, acked);
    view_counters(view, &counters);
    cr_assert_eq(counters.open_orders, 1);
    SAY(EVENT_ORDER_STATE, 0, filled);
    order = keep(view_order(view, sent.order_id));
    cr_assert_str_eq(at(order, "acked_ns"), "\"1000\"");
    cr_assert_str_eq(at(order, "filled"), "\"0.02\"");
    cr_assert_str_eq(at(order, "leaves"), "\"0\"");
    cr_assert_str_eq(at(order, "avg_price"), "\"65123.45\"");
    view_counters(view, &counters);
    cr_assert_eq(counters.open_orders, 0);
    cr_assert_null(keep(view_order(view, 77)));
}

Test(view, pages_go_on_where_the_cursor_says)
{
    struct view_filter filter = {.instrument = -1, .strategy = -1, .state = -1, .limit = 2};
    json_t *page;

    for (uint64_t n = 1; n <= 3; n++) {
        struct event_order_sent sent = desk_order(n, 100, 1);

        SAY(EVENT_ORDER_SENT, 0, sent);
    }
    page = keep(view_orders(view, &filter));
    cr_assert_str_eq(at(item(page, 0), "seq"), "3");
    filter.cursor = strtoull(json_string_value(json_object_get(page, "next")), NULL, 10);
    page = keep(view_orders(view, &filter));
    cr_assert_str_eq(at(item(page, 0), "seq"), "1");
    cr_assert_str_eq(at(page, "next"), "null");
    filter.state = ORDER_FILLED;
    cr_assert_eq(json_array_size(json_object_get(keep(view_orders(view, &filter)), "items")), 0);
}

Test(view, a_denied_order_can_say_why)
{
    struct event_limits_applied applied = {.scope = 0, .generation = 3};
    struct event_order_denied denied = {.order_id = 5, .instrument = BTC};
    json_t *why, *check;

    for (int id = 0; id < LIMIT_COUNT; id++)
        applied.limits.value[id] = LIMIT_UNSET;
    for (applied.scope = MAX_SCOPES - 1; applied.scope > 0; applied.scope--)
        SAY(EVENT_LIMITS_APPLIED, 0, applied);
    applied.limits.value[LIMIT_MAX_ORDER_LOTS] = 10;
    denied.verdict = (struct verdict){.generation = 3,
                                      .book_age_ns = -1,
                                      .rate_age_ns = 5,
                                      .denial = DENY_MAX_ORDER_LOTS,
                                      .denied_by = LIMIT_MAX_ORDER_LOTS,
                                      .refused = BIT_DENY_STALE_DATA};
    denied.verdict.wide[WIDE_ORDER_LOTS] = 11;
    SAY(EVENT_LIMITS_APPLIED, 0, applied);
    SAY(EVENT_ORDER_DENIED, 0, denied);
    applied.limits.value[LIMIT_MAX_ORDER_LOTS] = 20; /* what comes later explains nothing */
    applied.generation = 4;
    SAY(EVENT_LIMITS_APPLIED, 0, applied);
    why = keep(view_order_why(view, 5));
    cr_assert_eq(json_array_size(json_object_get(why, "checks")),
                 LIMIT_COUNT + LAST_OUTRIGHT - FIRST_OUTRIGHT + 1);
    check = json_array_get(json_object_get(why, "checks"),
                           LIMIT_COUNT + DENY_STALE_DATA - FIRST_OUTRIGHT);
    cr_assert_str_eq(at(check, "name"), "\"stale_data\"");
    cr_assert_str_eq(at(check, "passed"), "false");
    cr_assert_str_eq(at(why, "denied_by"), "\"max_order_lots\"");
    cr_assert_str_eq(at(json_object_get(why, "ages_ns"), "rate"), "\"5\"");
    check = json_array_get(json_object_get(why, "checks"), LIMIT_MAX_ORDER_LOTS);
    cr_assert_str_eq(at(why, "passed"), "false");
    cr_assert_str_eq(at(why, "reason"), "\"max_order_lots\"");
    cr_assert_str_eq(at(json_object_get(why, "ages_ns"), "book"), "null");
    cr_assert_str_eq(at(check, "headroom"), "-1");
    cr_assert_str_eq(at(check, "scope"), "\"firm\"");
    check = json_array_get(json_object_get(why, "checks"), LIMIT_MAX_DAILY_LOSS);
    cr_assert_str_eq(at(check, "limit"), "null");
}

Test(view, what_has_no_fresh_mark_is_null_and_not_zero)
{
    json_t *row, *pnl;

    tell_position(UINT16_MAX, 0, 0, 0);
    row = item(keep(view_positions(view)), BTC);
    cr_assert_str_eq(at(row, "lots"), "10");
    cr_assert_str_eq(at(row, "avg_price"), "\"10\"");
    cr_assert_str_eq(at(row, "mark"), "null");
    cr_assert_str_eq(at(row, "unrealised"), "null");
    pnl = keep(view_pnl(view));
    cr_assert_str_eq(at(pnl, "realised"), "\"5\"");
    cr_assert_str_eq(at(pnl, "total"), "null");
    cr_assert_str_eq(at(pnl, "equity"), "null");
    cr_assert_str_eq(at(pnl, "drawdown_ratio"), "null");
    row = item(keep(view_positions(view)), ETH); /* flat: nothing to mark */
    cr_assert_str_eq(at(row, "unrealised"), "\"0\"");
}

Test(view, pnl_is_the_sum_of_its_components)
{
    json_t *pnl, *maker, *venue, *row;

    /* 3 paid in fees, 2 received as rebates, 0.5 paid as funding. */
    tell_position(UINT16_MAX, 3 * MONEY_ONE_E8, 2 * MONEY_ONE_E8, MONEY_ONE_E8 / 2);
    tell_position(MAKER, 3 * MONEY_ONE_E8, 2 * MONEY_ONE_E8, MONEY_ONE_E8 / 2);
    tell_marks(900); /* 10 lots, 100 ticks down: -0.01 */
    pnl = keep(view_pnl(view));
    cr_assert_str_eq(at(pnl, "unrealised"), "\"-0.01\"");
    cr_assert_str_eq(at(pnl, "price"), "\"4.99\"");
    cr_assert_str_eq(at(pnl, "fee"), "\"-3\"");
    cr_assert_str_eq(at(pnl, "rebate"), "\"2\"");
    cr_assert_str_eq(at(pnl, "funding"), "\"-0.5\"");
    cr_assert_str_eq(at(pnl, "total"), "\"3.49\"");
    cr_assert_str_eq(at(pnl, "equity"), "\"1003.49\"");
    cr_assert_str_eq(at(pnl, "peak"), "\"1003.49\"");
    maker = json_array_get(json_object_get(pnl, "by_strategy"), MAKER);
    cr_assert_str_eq(at(maker, "total"), "\"3.49\"");
    cr_assert_str_eq(at(maker, "funding"), "\"-0.5\"");
    venue = json_array_get(json_object_get(pnl, "by_venue"), 0);
    cr_assert_str_eq(at(venue, "venue"), "\"sim\"");
    cr_assert_str_eq(at(venue, "rebate"), "\"2\"");
    row = item(keep(view_positions(view)), BTC); /* in its own currency */
    cr_assert_str_eq(at(row, "fee"), "\"-3\"");
    cr_assert_str_eq(at(row, "funding"), "\"-0.5\"");
    cr_assert_str_eq(at(row, "liquidation_price"), "null", "spot is not margined");
}

static void tell_margin(int64_t equity_e8, int64_t ratio_e8)
{
    struct telemetry_book *book = ring_reserve(&telemetry, sizeof *book);
    struct telemetry_pnl *pnl;

    *book = (struct telemetry_book){.kind = TELEMETRY_BOOK, .status = BOOK_OK};
    ring_publish(&telemetry);
    pnl = ring_reserve(&telemetry, sizeof *pnl);
    memset(pnl, 0, sizeof *pnl);
    pnl->kind = TELEMETRY_PNL;
    pnl->complete = true;
    pnl->equity_e8 = equity_e8;
    pnl->peak_e8 = 1000 * MONEY_ONE_E8;
    pnl->margin_e8 = 5 * MONEY_ONE_E8;
    pnl->margin_ratio_e8 = ratio_e8;
    pnl->day_e8[desk_scope(&desk, "instrument/sim:BTCUSDT")] = -7 * MONEY_ONE_E8;
    pnl->marks[BTC] = (struct telemetry_mark){.mark_e8_ticks = 1000 * PRICE_ONE_E8,
                                              .margin_e8 = 5 * MONEY_ONE_E8,
                                              .liquidation_e8_ticks = 850 * PRICE_ONE_E8,
                                              .liquidation_distance_e8 = 15000000,
                                              .source = MARK_VENUE};
    ring_publish(&telemetry);
}

Test(view, a_margined_position_says_how_far_its_end_is)
{
    json_t *row;

    desk.config.instrument[BTC].maintenance_margin_e8 = 1000000;
    tell_position(UINT16_MAX, 0, 0, 0);
    row = item(keep(view_positions(view)), BTC);
    cr_assert_str_eq(at(row, "margin_ratio"), "null", "nothing is known yet");
    tell_margin(500 * MONEY_ONE_E8, 2000000);
    row = item(keep(view_positions(view)), BTC);
    cr_assert_str_eq(at(row, "mark_source"), "\"venue\"");
    cr_assert_str_eq(at(row, "margin"), "\"5\"");
    cr_assert_str_eq(at(row, "margin_ratio"), "\"0.01\"", "its share of the equity");
    cr_assert_str_eq(at(row, "liquidation_price"), "\"8.5\"");
    cr_assert_str_eq(at(row, "liquidation_distance_ratio"), "\"0.15\"");
    cr_assert_str_eq(at(row, "day_pnl"), "\"-7\"");
    cr_assert_str_eq(at(keep(view_pnl(view)), "margin_ratio"), "\"0.02\"", "the firm's");
    tell_margin(0, INT64_MAX); /* no equity is left: the worst figure, not an unknown one */
    cr_assert_str_eq(at(keep(view_pnl(view)), "margin_ratio"), "\"92233720368.54775807\"");
    row = item(keep(view_positions(view)), BTC);
    cr_assert_str_eq(at(row, "margin_ratio"), "\"92233720368.54775807\"");
}

Test(view, the_strictest_scope_is_the_effective_state)
{
    struct event_state_changed changed = {.version = 2, .state = STATE_REDUCING};
    uint16_t btc = desk_scope(&desk, "instrument/sim:BTCUSDT");
    uint16_t maker = desk_scope(&desk, "strategy/maker");

    changed.scope = desk_scope(&desk, "venue/sim");
    SAY(EVENT_STATE_CHANGED, 0, changed);
    cr_assert_eq(view_state(view, btc).effective, STATE_REDUCING);
    cr_assert_eq(view_state(view, maker).effective, STATE_ACTIVE);
    changed = (struct event_state_changed){.version = 1, .state = STATE_HALTED};
    SAY(EVENT_STATE_CHANGED, 0, changed);
    cr_assert_eq(view_state(view, maker).effective, STATE_HALTED);
    cr_assert_str_eq(at(keep(view_trading_state(view, btc)), "state"), "\"ACTIVE\"");
    cr_assert_str_eq(at(keep(view_trading_state(view, btc)), "effective"), "\"HALTED\"");
}

Test(view, what_a_trigger_has_reduced_bears_its_name)
{
    struct event_trigger trigger = {.scope = desk_scope(&desk, "instrument/sim:BTCUSDT"),
                                    .instrument = BTC,
                                    .trigger = TRIGGER_EXPOSURE,
                                    .action = TRIGGER_REDUCE};
    struct event_state_changed changed = {
        .version = 2, .state = STATE_REDUCING, .scope = trigger.scope};
    json_t *shown;

    SAY(EVENT_TRIGGER, 0, trigger);
    SAY(EVENT_STATE_CHANGED, 0, changed);
    shown = keep(view_trading_state(view, trigger.scope));
    cr_assert_str_eq(at(shown, "actor"), "\"trigger/exposure\"");
    cr_assert_str_neq(at(shown, "cause"), "null");
}

/* What taking in the event writes on stderr. */
static void captured_trigger(const struct event_trigger *trigger, char *text, size_t size)
{
    FILE *file = tmpfile();
    int stderr_fd = dup(STDERR_FILENO);
    struct view_counters counters;

    cr_assert_not_null(file);
    cr_assert_geq(dup2(fileno(file), STDERR_FILENO), 0);
    SAY(EVENT_TRIGGER, 0, *trigger);
    view_counters(view, &counters);
    cr_assert_geq(dup2(stderr_fd, STDERR_FILENO), 0);
    (void)close(stderr_fd);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    (void)fclose(file);
}

Test(view, a_trigger_that_fires_is_a_line_of_the_log)
{
    struct event_trigger trigger = {.incident = (2ULL << 32) | 4,
                                    .instrument = UINT16_MAX,
                                    .trigger = TRIGGER_DAILY_LOSS,
                                    .action = TRIGGER_KILL};
    char line[512];

    captured_trigger(&trigger, line, sizeof line);
    cr_assert(strstr(line, "level=warn area=trigger"), "%s", line);
    cr_assert(strstr(line, "name=daily_loss action=kill scope=firm incident=K2-4\n"), "%s", line);
    trigger = (struct event_trigger){.scope = desk_scope(&desk, "instrument/sim:BTCUSDT"),
                                     .trigger = TRIGGER_EXPOSURE,
                                     .action = TRIGGER_REDUCE};
    captured_trigger(&trigger, line, sizeof line);
    cr_assert(strstr(line, "scope=instrument/sim:BTCUSDT incident=-\n"), "%s", line);
}

Test(view, a_kill_that_the_engine_has_not_obeyed_is_shown_as_what_it_is)
{
    uint16_t maker = desk_scope(&desk, "strategy/maker");
    uint64_t incident = kill_page_set(&kills, maker);
    json_t *shown;

    cr_assert_eq(view_state(view, maker).state, STATE_HALTED);
    cr_assert_eq(view_state(view, maker).incident, incident);
    cr_assert_eq(view_state(view, scope_of_firm()).state, STATE_ACTIVE);
    view_note_kill(view, incident, maker, "watchdog", "the engine does not beat", 900, -1, false);
    shown = keep(view_trading_state(view, maker));
    cr_assert_str_eq(at(shown, "actor"), "\"watchdog\"");
    cr_assert_str_eq(at(shown, "cause"), "\"the engine does not beat\"");
    cr_assert_str_eq(at(shown, "since_ns"), "\"900\"");
}

/* While the engine is silent, and also where people had halted the scope before. */
Test(view, a_kill_that_the_engine_has_not_obeyed_bears_the_name_of_who_killed)
{
    struct event_state_changed halted = {.version = 2, .state = STATE_HALTED};
    uint64_t incident;
    json_t *shown;

    view_note_command(view, 9, "risk1", "lunch");
    SAY(EVENT_STATE_CHANGED, 9, halted);
    cr_assert_str_eq(at(keep(view_trading_state(view, 0)), "actor"), "\"risk1\"");
    incident = kill_page_set(&kills, 0);
    shown = keep(view_trading_state(view, 0));
    cr_assert_str_eq(at(shown, "actor"), "null", "the watchdog's has no receipt");
    cr_assert_str_eq(at(shown, "since_ns"), "null");
    view_note_kill(view, incident, 0, "trader", "fat finger", 900, -1, false);
    shown = keep(view_trading_state(view, 0));
    cr_assert_str_eq(at(shown, "incident"), "\"K0-1\"");
    cr_assert_str_eq(at(shown, "actor"), "\"trader\"");
    cr_assert_str_eq(at(shown, "cause"), "\"fat finger\"");
    cr_assert_str_eq(at(shown, "since_ns"), "\"900\"");
    atomic_store(&kills.cleared[0], incident);
    cr_assert_str_eq(at(keep(view_trading_state(view, 0)), "actor"), "\"risk1\"");
}

static void say_halted(int64_t at_ns, uint64_t version, uint64_t incident)
{
    struct event_state_changed halted = {
        .incident = incident, .version = version, .state = STATE_HALTED};

    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_STATE_CHANGED, at_ns, 0, &halted,
                sizeof halted);
}

Test(view, a_kill_that_joins_moves_the_version_and_nothing_else)
{
    uint64_t incident = (2ULL << 32) | 4;
    json_t *firm;

    say_halted(1000, 2, incident);
    view_note_kill(view, incident, 0, "trader", "fat finger", 900, 18000, false);
    say_halted(2000, 3, incident);
    firm = keep(view_trading_state(view, 0));
    cr_assert_str_eq(at(firm, "version"), "3");
    cr_assert_str_eq(at(firm, "since_ns"), "\"1000\"");
    cr_assert_str_eq(at(firm, "actor"), "\"trader\"");
    cr_assert_str_eq(at(firm, "cause"), "\"fat finger\"");
    say_halted(3000, 4, incident + 1);
    cr_assert_str_eq(at(keep(view_trading_state(view, 0)), "since_ns"), "\"3000\"");
}

Test(view, the_receipt_of_a_kill_that_holds_outlives_those_that_are_over)
{
    enum { RECEIPTS = 64 };
    uint64_t old = 1ULL << 32;
    uint64_t page = kill_page_set(&kills, 2);
    struct event_state_changed halted = {
        .version = 2, .state = STATE_HALTED, .scope = 1, .incident = old};

    view_note_kill(view, old, 1, "trader", "stands", 900, 1, true);
    SAY(EVENT_STATE_CHANGED, 0, halted);
    view_note_kill(view, page, 2, "trader", "stands, unobeyed", 900, -1, true);
    for (uint64_t n = 1; n <= 2 * RECEIPTS; n++)
        view_note_kill(view, old + n, 0, "trader", "over", 900, 1, true);
    cr_assert_str_eq(at(keep(view_receipt(view, old)), "reason"), "\"stands\"");
    cr_assert_str_eq(at(keep(view_receipt(view, page)), "reason"), "\"stands, unobeyed\"");
    cr_assert_not_null(keep(view_receipt(view, old + 2 * RECEIPTS)));
    cr_assert_not_null(keep(view_receipt(view, old + RECEIPTS + 3)));
    cr_assert_null(keep(view_receipt(view, old + RECEIPTS + 2)), "the oldest that was over");
    cr_assert_eq(json_array_size(json_object_get(keep(view_receipts(view)), "items")), RECEIPTS);
    cr_assert_str_eq(at(item(keep(view_receipts(view)), 0), "incident"), "\"K1-128\"");
    halted.state = STATE_ACTIVE; /* resumed: it is the oldest of those that are over */
    halted.incident = 0;
    SAY(EVENT_STATE_CHANGED, 0, halted);
    view_note_kill(view, 2 * old, 0, "trader", "over", 900, 1, true);
    cr_assert_null(keep(view_receipt(view, old)));
}

static json_t *receipt_after_restart(const char *actor, const char *cause, bool is_named)
{
    view_close(view);
    saved.scope[0].state_found = true;
    saved.scope[0].state = STATE_HALTED;
    saved.scope[0].version = 2;
    saved.scope[0].incident = 1ULL << 32;
    saved.scope[0].is_named = is_named;
    strcpy(saved.scope[0].actor, actor);
    strcpy(saved.scope[0].cause, cause);
    begin();
    return keep(view_receipt(view, 1ULL << 32));
}

Test(view, a_receipt_of_an_earlier_run_is_durable_where_a_record_names_it)
{
    json_t *receipt = receipt_after_restart("trader", "fat finger", true);

    cr_assert_str_eq(at(receipt, "durable"), "true");
    cr_assert_str_eq(at(receipt, "reason"), "\"fat finger\"");
    receipt = receipt_after_restart("kill page", "not yet obeyed", false);
    cr_assert_str_eq(at(receipt, "durable"), "false");
    cr_assert_str_eq(at(receipt, "reason"), "\"not yet obeyed\"");
    receipt = receipt_after_restart("", "", false);
    cr_assert_str_eq(at(receipt, "durable"), "false");
    cr_assert_str_eq(at(receipt, "actor"), "null");
    cr_assert_str_eq(at(receipt, "reason"),
                     "\"killed when the last run ended; by whom is not on record\"");
    cr_assert_str_eq(at(receipt, "complete"), "true");
}

Test(view, a_receipt_fills_in_until_nothing_is_open)
{
    uint64_t incident = (1ULL << 32) | 1;
    struct event_kill_seen seen = {.incident = incident, .last_order_seq = 12, .resting = 2};
    struct event_kill_progress progress = {.incident = incident, .sent = 2, .confirmed = 1};
    json_t *receipt;

    view_note_kill(view, incident, 0, "trader", "fat finger", 900, 18000, false);
    receipt = keep(view_receipt(view, incident));
    cr_assert_str_eq(at(receipt, "resting"), "null"); /* the engine has not said it yet */
    cr_assert_str_eq(at(receipt, "complete"), "false");
    SAY(EVENT_KILL_SEEN, 0, seen);
    SAY(EVENT_KILL_PROGRESS, 0, progress);
    receipt = keep(view_receipt(view, incident));
    cr_assert_str_eq(at(receipt, "resting"), "2");
    cr_assert_str_eq(at(receipt, "complete"), "false");
    progress.refused = 1; /* filled before the cancel came */
    SAY(EVENT_KILL_PROGRESS, 0, progress);
    view_kill_durable(view, incident);
    receipt = keep(view_receipt(view, incident));
    cr_assert_str_eq(at(receipt, "incident"), "\"K1-1\"");
    cr_assert_str_eq(at(receipt, "ns_to_block"), "\"18000\"");
    cr_assert_str_eq(at(receipt, "complete"), "true");
    cr_assert_str_eq(at(receipt, "durable"), "true");
    cr_assert_null(keep(view_receipt(view, incident + 1)));
}

Test(view, limits_are_shown_in_their_types)
{
    struct event_limits_applied applied = {.generation = 7};
    json_t *limits;

    for (int id = 0; id < LIMIT_COUNT; id++)
        applied.limits.value[id] = LIMIT_UNSET;
    applied.limits.value[LIMIT_MAX_ORDER_LOTS] = 10;
    applied.limits.value[LIMIT_PRICE_COLLAR_RATIO] = 2000000;
    applied.limits.value[LIMIT_MAX_DAILY_LOSS] = LIMIT_DENY;
    SAY(EVENT_LIMITS_APPLIED, 0, applied);
    limits = keep(view_limits_json(view, 0));
    cr_assert_str_eq(at(limits, "generation"), "7");
    limits = json_object_get(limits, "limits");
    cr_assert_eq(json_object_size(limits), LIMIT_COUNT);
    cr_assert_str_eq(at(limits, "max_order_lots"), "10");
    cr_assert_str_eq(at(limits, "price_collar_ratio"), "\"0.02\"");
    cr_assert_str_eq(at(limits, "max_daily_loss"), "null");
    cr_assert_str_eq(at(limits, "max_open_orders"), "null");
}

static void *answer_later(void *ctx)
{
    struct event_command_done done = {.command_id = 42, .value = 5};

    (void)ctx;
    usleep(20000);
    SAY(EVENT_COMMAND_DONE, 42, done);
    return NULL;
}

Test(view, a_command_is_waited_for_and_one_without_answer_is_given_up)
{
    struct event_command_done done;
    pthread_t engine;
    struct err err;
    uint64_t seq;

    cr_assert_eq(view_start(view, &err), OK, "%s", err.text);
    pthread_create(&engine, NULL, answer_later, NULL);
    cr_assert(view_wait_command(view, 42, 2000, &done, &seq));
    cr_assert_eq(done.value, 5);
    cr_assert_eq(seq, 1);
    cr_assert(!view_wait_command(view, 43, 20, &done, &seq));
    pthread_join(engine, NULL);
}

/* The view looks away while the engine laps it: the missing events come from the disk. */
Test(view, an_overrun_is_made_good_from_the_journal_on_disk)
{
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);
    struct lane_reader audit;
    struct lane_record record;
    static uint8_t payload[LANE_RECORD_MAX];
    struct view_counters counters;
    struct err err;
    enum { ORDERS = 8000 };

    lane_reader_init(&audit, lane, true);
    cr_assert_eq(journal_start(journal, &err), OK);
    for (uint64_t n = 1; n <= ORDERS; n++) {
        struct event_order_sent sent = desk_order(n, 100, 1);
        struct event_order_state gone = {.order_id = n, .state = ORDER_CANCELLED};

        while (lane_room(lane) < LANE_RECORD_MAX)
            usleep(100);
        SAY(EVENT_ORDER_SENT, 0, sent);
        SAY(EVENT_ORDER_STATE, 0, gone);
        while (lane_read(&audit, &record, payload) == LANE_RECORD)
            ;
        lane_gate_release(&audit, JOURNAL_GATE_AUDIT);
    }
    cr_assert(journal_wait_durable(journal, JOURNAL_ENGINE, lane_head_seq(lane), 5000));
    for (int i = 0; i < 20; i++)
        view_counters(view, &counters);
    cr_assert_gt(counters.overruns, 0);
    cr_assert_eq(counters.orders_sent[0], ORDERS);
    cr_assert_eq(counters.open_orders, 0);
}

static int64_t use_of(const char *scope, enum limit_id id)
{
    struct view_use uses[MAX_SCOPES];

    view_limit_use(view, uses);
    return uses[desk_scope(&desk, scope)].measured[id];
}

/* As the gate measures: the worse side if all of it fills, a strategy by its own. */
Test(view, what_is_in_use_counts_everything_that_works)
{
    struct event_order_sent buy = desk_order(1, 100, 4), sell = desk_order(2, 100, 30);
    struct event_order_state gone = {
        .order_id = 2, .state = ORDER_CANCELLED, .report = REPORT_VENUE_CANCEL};

    buy.strategy = MAKER;
    sell.strategy = MANUAL;
    sell.side = SIDE_SELL;
    tell_position(UINT16_MAX, 0, 0, 0); /* +10 */
    tell_position(MAKER, 0, 0, 0);
    SAY(EVENT_ORDER_SENT, 0, buy);
    SAY(EVENT_ORDER_SENT, 0, sell);
    cr_assert_eq(use_of("firm", LIMIT_MAX_OPEN_ORDERS), 2);
    cr_assert_eq(use_of("strategy/maker", LIMIT_MAX_OPEN_ORDERS), 1);
    cr_assert_eq(use_of("instrument/sim:ETHUSDT", LIMIT_MAX_OPEN_ORDERS), 0);
    cr_assert_eq(use_of("firm", LIMIT_MAX_POSITION_LOTS), 20);
    cr_assert_eq(use_of("strategy/maker", LIMIT_MAX_POSITION_LOTS), 14);
    cr_assert_eq(use_of("strategy/manual", LIMIT_MAX_POSITION_LOTS), 30);
    cr_assert_eq(use_of("firm", LIMIT_MAX_GROSS_NOTIONAL), INT64_MAX, "there is no mark");
    cr_assert_eq(use_of("instrument/sim:ETHUSDT", LIMIT_MAX_GROSS_NOTIONAL), 0);
    cr_assert_eq(use_of("firm", LIMIT_MAX_ORDER_LOTS), INT64_MAX);
    SAY(EVENT_ORDER_STATE, 0, gone);
    cr_assert_eq(use_of("firm", LIMIT_MAX_POSITION_LOTS), 14);
}

/* As the engine: a person's own executions are no machine gone wild, and who lifts has looked. */
Test(view, orders_of_the_day_and_executions_are_counted_as_the_engine_does)
{
    struct event_order_sent first = desk_order(1, 100, 4), second = desk_order(2, 100, 4);
    struct event_fill by_maker = {.exec_id = 1, .qty_lots = 1, .strategy = MAKER};
    struct event_fill by_hand = {.exec_id = 2, .qty_lots = 1, .strategy = MANUAL};
    struct event_state_changed state = {.version = 1};

    SAY(EVENT_STATE_CHANGED, 0, state);
    SAY(EVENT_ORDER_SENT, 0, first);
    SAY(EVENT_ORDER_SENT, 0, second);
    SAY(EVENT_FILL, 0, by_maker);
    SAY(EVENT_FILL, 0, by_hand);
    cr_assert_eq(use_of("firm", LIMIT_MAX_ORDERS_PER_DAY), 2);
    cr_assert_eq(use_of("strategy/maker", LIMIT_MAX_ORDERS_PER_DAY), 2);
    cr_assert_eq(use_of("strategy/manual", LIMIT_MAX_ORDERS_PER_DAY), 0);
    cr_assert_eq(use_of("firm", LIMIT_MAX_REPEATED_EXECUTIONS), 1);
    cr_assert_eq(use_of("strategy/maker", LIMIT_MAX_REPEATED_EXECUTIONS), 1);
    cr_assert_eq(use_of("firm", LIMIT_MAX_MESSAGES_PER_S), 0, "they were long ago");
    state.version = 2;
    state.state = STATE_HALTED;
    SAY(EVENT_STATE_CHANGED, 0, state);
    cr_assert_eq(use_of("firm", LIMIT_MAX_REPEATED_EXECUTIONS), 1);
    state.version = 3;
    state.state = STATE_ACTIVE;
    SAY(EVENT_STATE_CHANGED, 0, state);
    cr_assert_eq(use_of("firm", LIMIT_MAX_REPEATED_EXECUTIONS), 0);
    cr_assert_eq(use_of("strategy/maker", LIMIT_MAX_REPEATED_EXECUTIONS), 1, "the firm's alone");
}

static const char *percent(enum limit_id id, int64_t limit, int64_t measured)
{
    const char *text = json_string_value(keep(view_used_percent(id, limit, measured)));

    return text ? text : "null";
}

/* Never shown smaller than it is, and never where nobody knows. */
Test(view, use_is_told_per_cent_rounded_up)
{
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, 50, 0), "0.00");
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, 50, 5), "10.00");
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, 3, 1), "33.34");
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, 2, 3), "150.00");
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, LIMIT_DENY, 0), "100.00");
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, LIMIT_UNSET, 5), "null");
    cr_assert_str_eq(percent(LIMIT_MAX_OPEN_ORDERS, 50, INT64_MAX), "null");
    /* The larger the tighter: half of what is asked for is left. */
    cr_assert_str_eq(percent(LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO, 5000000, 10000000), "50.00");
}

Test(view, an_amend_under_way_counts_with_the_larger_quantity)
{
    struct event_order_sent sent = desk_order(1, 100, 4);
    struct event_order_amend amend = {.order_id = 1, .price_ticks = 100, .qty_lots = 9};
    struct event_order_state pending = {.order_id = 1,
                                        .price_ticks = 100,
                                        .qty_lots = 4,
                                        .leaves_lots = 4,
                                        .state = ORDER_PENDING_AMEND,
                                        .report = REPORT_AMEND_SENT};
    struct event_order_state refused = pending;

    refused.state = ORDER_WORKING;
    refused.report = REPORT_AMEND_REJECT;
    SAY(EVENT_ORDER_SENT, 0, sent);
    SAY(EVENT_ORDER_AMEND, 0, amend);
    SAY(EVENT_ORDER_STATE, 0, pending);
    cr_assert_eq(use_of("firm", LIMIT_MAX_POSITION_LOTS), 9);
    SAY(EVENT_ORDER_STATE, 0, refused);
    cr_assert_eq(use_of("firm", LIMIT_MAX_POSITION_LOTS), 4);
}

/* Money is the engine's, while it is fresh and nothing lacks a mark. */
Test(view, the_money_in_use_is_what_the_engine_says)
{
    struct event_order_sent sent = desk_order(1, 100, 10);
    struct telemetry_pnl *pnl;

    SAY(EVENT_ORDER_SENT, 0, sent);
    cr_assert_eq(use_of("firm", LIMIT_MAX_DAILY_LOSS), INT64_MAX);
    tell_marks(2000);
    cr_assert_eq(use_of("firm", LIMIT_MAX_DAILY_LOSS), INT64_MAX, "not complete");
    pnl = ring_reserve(&telemetry, sizeof *pnl);
    memset(pnl, 0, sizeof *pnl);
    pnl->kind = TELEMETRY_PNL;
    pnl->complete = true;
    pnl->peak_e8 = 1000 * MONEY_ONE_E8;
    pnl->equity_e8 = 950 * MONEY_ONE_E8;
    pnl->day_e8[0] = -50 * MONEY_ONE_E8;
    pnl->day_e8[1] = 7 * MONEY_ONE_E8;
    pnl->marks[BTC].mark_e8_ticks = 2000 * 100000000LL;
    pnl->margin_ratio_e8 = INT64_MAX;
    ring_publish(&telemetry);
    cr_assert_eq(use_of("firm", LIMIT_MAX_DAILY_LOSS), 50 * MONEY_ONE_E8);
    cr_assert_eq(use_of("venue/sim", LIMIT_MAX_DAILY_LOSS), 0, "a profit");
    cr_assert_eq(use_of("firm", LIMIT_MAX_DRAWDOWN_RATIO), 5000000);
    cr_assert_eq(use_of("firm", LIMIT_MAX_MARGIN_RATIO), INT64_MAX - 1, "no equity is left");
    /* 10 lots of 0.001 at 20.00 */
    cr_assert_eq(use_of("firm", LIMIT_MAX_GROSS_NOTIONAL), 20000000);
    cr_assert_eq(use_of("firm", LIMIT_MAX_NET_NOTIONAL), 20000000);
}

Test(view, use_far_beyond_a_limit_is_said_by_one_number_and_never_by_a_sentinel)
{
    enum limit_id gross = LIMIT_MAX_GROSS_NOTIONAL, least = LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO;

    cr_assert_eq(view_used_ratio_e8(gross, 0, 1), 1000 * RATIO_ONE_E8, "closed, and not empty");
    cr_assert_eq(view_used_ratio_e8(gross, 0, 0), RATIO_ONE_E8);
    cr_assert_eq(view_used_ratio_e8(gross, 1, INT64_MAX - 1), 1000 * RATIO_ONE_E8);
    cr_assert_eq(view_used_ratio_e8(gross, 2, 1999), 1999 * RATIO_ONE_E8 / 2);
    cr_assert_eq(view_used_ratio_e8(least, 1, 0), 1000 * RATIO_ONE_E8);
}
