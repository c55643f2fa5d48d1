#include "store/projection.h"

#include "store/migrations.h"
#include "store/saved.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct desk desk;
static struct projection *projection;
static sqlite3 *db;
static uint64_t seq;

static void open_projection(void)
{
    struct err err;

    desk_open(&desk);
    projection = calloc(1, sizeof *projection);
    seq = 0;
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(projection_open(projection, db, &err), OK, "%s", err.text);
    cr_assert_eq(projection_begin_run(projection, &desk.config, &err), OK, "%s", err.text);
}

static void close_projection(void)
{
    projection_close(projection);
    free(projection);
    sqlite3_close(db);
    desk_close(&desk);
}

TestSuite(store_projection, .init = open_projection, .fini = close_projection);

static void event(enum event_kind kind, uint64_t cause, const void *payload, size_t length)
{
    struct lane_record record = {
        .length = (uint32_t)length, .kind = (uint16_t)kind, .cause = cause};

    record.commit = ++seq;
    record.at_ns = 1000 + (int64_t)seq;

    cr_assert(projection_engine(projection, &record, payload), "%s", sqlite3_errmsg(db));
}

static void control(uint64_t cause, const char *json)
{
    struct lane_record record = {
        .commit = ++seq, .length = (uint32_t)strlen(json), .kind = 1, .at_ns = 5, .cause = cause};

    cr_assert(projection_control(projection, &record, json), "%s", sqlite3_errmsg(db));
}

#define EVENT_OF(kind, cause, value) event(kind, cause, &(value), sizeof(value))

static void limits_event(uint64_t cause, uint64_t generation, int64_t lots)
{
    struct event_limits_applied applied = {.generation = generation};

    for (int i = 0; i < LIMIT_COUNT; i++)
        applied.limits.value[i] = LIMIT_UNSET;
    applied.limits.value[LIMIT_MAX_ORDER_LOTS] = lots;
    EVENT_OF(EVENT_LIMITS_APPLIED, cause, applied);
}

Test(store_projection, an_order_lives_in_rows_and_in_its_table)
{
    struct event_order_sent sent = desk_order(0x100000001, 6512345, 20);
    struct event_order_state part = {.order_id = sent.order_id,
                                     .filled_lots = 5,
                                     .leaves_lots = 15,
                                     .filled_price_e8_ticks = 651234550000000,
                                     .state = ORDER_PARTLY_FILLED,
                                     .report = REPORT_FILL_PART};

    EVENT_OF(EVENT_ORDER_SENT, 0, sent);
    EVENT_OF(EVENT_ORDER_STATE, 0, part);
    cr_assert_str_eq(desk_ask(&desk, "SELECT kind || '/' || actor || '/' || scope FROM audit"
                                     " WHERE seq = 1"),
                     "order/strategy/maker/instrument/sim:BTCUSDT");
    cr_assert_str_eq(desk_ask(&desk, "SELECT new ->> '$.price' FROM audit WHERE seq = 1"),
                     "65123.45");
    cr_assert_str_eq(desk_ask(&desk, "SELECT (old ->> '$.state') || ' ' || (new ->> '$.avg_price')"
                                     " FROM audit WHERE seq = 2"),
                     "PENDING_NEW 65123.455");
    cr_assert_str_eq(desk_ask(&desk, "SELECT state || ' ' || filled || ' ' || qty FROM orders"),
                     "PARTLY_FILLED 0.005 0.02");
}

Test(store_projection, the_state_of_an_order_is_found_after_a_restart_too)
{
    struct event_order_sent sent = desk_order(0x100000001, 100, 1);
    struct event_order_state gone = {.order_id = sent.order_id, .state = ORDER_CANCELLED};
    struct err err;

    EVENT_OF(EVENT_ORDER_SENT, 0, sent);
    cr_assert_eq(projection_load(projection, &err), OK); /* forgets what it had in memory */
    EVENT_OF(EVENT_ORDER_STATE, 0, gone);
    cr_assert_str_eq(desk_ask(&desk, "SELECT old ->> '$.state' FROM audit WHERE seq = 2"),
                     "PENDING_NEW");
}

Test(store_projection, a_denial_says_what_was_measured)
{
    struct event_order_denied denied = {
        .order_id = 7, .price_ticks = 100, .qty_lots = 11, .instrument = BTC, .strategy = MAKER};

    denied.verdict.denial = DENY_MAX_ORDER_LOTS;
    denied.verdict.denied_by = LIMIT_MAX_ORDER_LOTS;
    denied.verdict.line = WIDE_ORDER_LOTS;
    denied.verdict.wide[WIDE_ORDER_LOTS] = 11;
    denied.verdict.limit = 10;
    EVENT_OF(EVENT_ORDER_DENIED, 0, denied);
    denied.verdict.denial = DENY_HALTED;
    denied.verdict.denied_by = LIMIT_COUNT;
    denied.instrument = UINT16_MAX; /* not configured: still a row */
    EVENT_OF(EVENT_ORDER_DENIED, 0, denied);
    cr_assert_str_eq(desk_ask(&desk, "SELECT reason || ' ' || (new ->> '$.measured') || ' ' ||"
                                     " (new ->> '$.headroom') || ' ' || (new ->> '$.limit_scope')"
                                     " FROM audit WHERE seq = 1"),
                     "max_order_lots 11 -1 firm");
    cr_assert_str_eq(desk_ask(&desk, "SELECT kind || ' ' || reason || ' ' || coalesce(scope, '-')"
                                     " FROM audit WHERE seq = 2"),
                     "denial halted -");
}

Test(store_projection, a_fill_names_price_fee_and_order)
{
    struct event_fill fill = {.order_id = 0x100000001,
                              .exec_id = 9,
                              .price_ticks = 100,
                              .qty_lots = 3,
                              .fee_e8 = -150000,
                              .instrument = ETH,
                              .strategy = MAKER,
                              .maker = 1,
                              .expected = 1};

    EVENT_OF(EVENT_FILL, 0, fill);
    cr_assert_str_eq(desk_ask(&desk, "SELECT fee || ' ' || currency || ' ' || price FROM fills"),
                     "-0.0015 USDT 1");
    cr_assert_str_eq(desk_ask(&desk, "SELECT kind FROM audit"), "fill");
}

Test(store_projection, first_limits_are_no_change_and_a_change_names_both)
{
    limits_event(0, 1, 10);
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit"), "0");
    control(77, "{\"actor\":\"risk1\",\"person\":\"risk1\",\"role\":\"risk\",\"kind\":\"limits\","
                "\"scope\":\"firm\",\"reason\":\"calm\",\"request_id\":\"r1\"}");
    limits_event(77, 2, 5);
    limits_event(0, 2, 5); /* stated again at a start */
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit"), "2");
    cr_assert_str_eq(
        desk_ask(&desk, "SELECT actor || ' ' || role || ' ' || reason || ' ' || request_id || ' '"
                        " || old || ' ' || new FROM audit WHERE seq = 2"),
        "risk1 risk calm r1 {\"max_order_lots\":10,\"generation\":1} "
        "{\"max_order_lots\":5,\"generation\":2}");
    cr_assert_str_eq(desk_ask(&desk, "SELECT value FROM scope_limits"), "5");
}

Test(store_projection, a_limit_taken_away_stays_the_tightest)
{
    limits_event(0, 1, 10);
    limits_event(0, 2, LIMIT_DENY);
    cr_assert_str_eq(desk_ask(&desk, "SELECT value FROM scope_limits"), "null");
    limits_event(0, 3, LIMIT_UNSET);
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM scope_limits"), "0");
}

Test(store_projection, a_kill_is_named_after_it_was_done)
{
    uint64_t incident = (1ULL << 32) | 1;
    struct event_kill_seen seen = {.incident = incident, .last_order_seq = 12, .resting = 2};
    struct event_state_changed halted = {.incident = incident, .version = 1, .state = STATE_HALTED};
    struct event_kill_progress progress = {.incident = incident, .sent = 2};

    EVENT_OF(EVENT_KILL_SEEN, 0, seen);
    EVENT_OF(EVENT_STATE_CHANGED, 0, halted);
    EVENT_OF(EVENT_KILL_PROGRESS, 0, progress);
    control(0, "{\"actor\":\"trader\",\"kind\":\"kill\",\"scope\":\"firm\",\"reason\":\"fat"
               " finger\",\"new\":{\"incident\":\"K1-1\"}}");
    progress.confirmed = 2;
    EVENT_OF(EVENT_KILL_PROGRESS, 0, progress);
    EVENT_OF(EVENT_KILL_PROGRESS, 0, progress);
    cr_assert_str_eq(desk_ask(&desk, "SELECT kind FROM audit ORDER BY seq"),
                     "kill state kill kill");
    cr_assert_str_eq(desk_ask(&desk, "SELECT state || ' ' || actor || ' ' || cause FROM"
                                     " scope_states"),
                     "2 trader fat finger");
}

/* What a start takes is the first kill's, however often it was pressed again. */
Test(store_projection, a_kill_that_joins_moves_no_time_and_no_name)
{
    uint64_t incident = (1ULL << 32) | 1;
    struct event_state_changed halted = {.incident = incident, .version = 1, .state = STATE_HALTED};
    struct store_saved *saved = calloc(1, sizeof *saved);
    struct err err;

    EVENT_OF(EVENT_STATE_CHANGED, 0, halted);
    control(0, "{\"actor\":\"trader\",\"kind\":\"kill\",\"scope\":\"firm\",\"reason\":\"first\","
               "\"new\":{\"incident\":\"K1-1\",\"at_ns\":\"777\"}}");
    control(0, "{\"actor\":\"watchdog\",\"kind\":\"kill\",\"scope\":\"firm\",\"reason\":\"again\","
               "\"new\":{\"joined\":\"K1-1\"}}");
    halted.version = 2;
    EVENT_OF(EVENT_STATE_CHANGED, 0, halted);
    cr_assert_str_eq(desk_ask(&desk, "SELECT version || ' ' || since_ns || ' ' || actor || ' ' ||"
                                     " cause FROM scope_states"),
                     "2 1001 trader first");
    cr_assert_eq(saved_fill(projection, &desk.config, saved, &err), OK);
    cr_assert_eq(saved->scope[0].since_ns, 1001);
    cr_assert_eq(saved->scope[0].killed_ns, 777);
    free(saved);
}

/* A database in which a join had moved the time. */
Test(store_projection, the_migration_puts_the_time_of_a_kill_back)
{
    struct event_state_changed halted = {
        .incident = (3ULL << 32) | 4, .version = 1, .state = STATE_HALTED};

    EVENT_OF(EVENT_STATE_CHANGED, 0, halted);
    halted.version = 2;
    EVENT_OF(EVENT_STATE_CHANGED, 0, halted);
    desk_tamper(&desk, "UPDATE scope_states SET since_ns = 1002;"
                       "ALTER TABLE actors DROP COLUMN at_ns");
    desk_tamper(&desk, migration_sql(3));
    cr_assert_str_eq(desk_ask(&desk, "SELECT since_ns FROM scope_states"), "1001");
}

Test(store_projection, an_unreadable_control_record_is_still_a_row)
{
    control(0, "{\"actor\":");
    cr_assert_str_eq(desk_ask(&desk, "SELECT kind || ' ' || reason FROM audit"),
                     "storage unreadable control record");
}

Test(store_projection, only_bad_books_are_gaps)
{
    struct event_book_status status = {.instrument = BTC, .status = BOOK_OK};

    EVENT_OF(EVENT_BOOK_STATUS, 0, status);
    status.status = BOOK_GAPPED;
    EVENT_OF(EVENT_BOOK_STATUS, 0, status);
    cr_assert_str_eq(desk_ask(&desk, "SELECT kind FROM audit"), "gap");
}

Test(store_projection, a_flatten_names_its_incident_as_people_do)
{
    struct event_flatten flatten = {.incident = (2ULL << 32) | 4, .orders = 2, .done = 1};

    EVENT_OF(EVENT_FLATTEN, 0, flatten);
    cr_assert_str_eq(desk_ask(&desk, "SELECT new FROM audit"),
                     "{\"incident\":\"K2-4\",\"orders\":2,\"done\":true,\"refused\":null}");
    flatten.refused = FLATTEN_GAVE_UP;
    EVENT_OF(EVENT_FLATTEN, 0, flatten);
    cr_assert(strstr(desk_ask(&desk, "SELECT new FROM audit"), "\"refused\":\"gave_up\"}"));
}
