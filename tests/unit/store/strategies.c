/* Strategies in the database: what is a row, and what a restart takes from it. */
#include "config/parameters.h"
#include "store/projection.h"
#include "store/saved.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct desk desk;
static struct projection *projection;
static struct store_saved *saved;
static sqlite3 *db;
static uint64_t seq;

static void begin_run(void)
{
    struct err err;

    cr_assert_eq(projection_begin_run(projection, &desk.config, &err), OK, "%s", err.text);
}

static void open_strategies(void)
{
    struct err err;

    desk_open(&desk);
    desk.config.strategy[MAKER].kind = STRATEGY_KIND_MAKER;
    desk.config.strategy[MAKER].enabled = true;
    for (int at = 0; at < 2; at++) {
        desk.config.strategy[MAKER].instruments[at] = true;
        parameters_default(&desk.config.strategy[MAKER].params[at]);
    }
    projection = calloc(1, sizeof *projection);
    saved = calloc(1, sizeof *saved);
    seq = 0;
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(projection_open(projection, db, &err), OK, "%s", err.text);
    begin_run();
}

static void close_strategies(void)
{
    projection_close(projection);
    free(projection);
    free(saved);
    sqlite3_close(db);
    desk_close(&desk);
}

TestSuite(store_strategies, .init = open_strategies, .fini = close_strategies);

static void event(enum event_kind kind, uint64_t cause, const void *payload, size_t length)
{
    struct lane_record record = {
        .length = (uint32_t)length, .kind = (uint16_t)kind, .cause = cause, .at_ns = 77};

    record.commit = ++seq;
    cr_assert(projection_engine(projection, &record, payload), "%s", sqlite3_errmsg(db));
}

static void says(bool enabled, uint64_t version)
{
    struct event_strategy strategy = {.strategy = MAKER, .enabled = enabled, .version = version};

    event(EVENT_STRATEGY, 5, &strategy, sizeof strategy);
}

static void sets(enum parameter_id id, int64_t old, int64_t value)
{
    struct event_parameters set = {.value = value,
                                   .old = old,
                                   .strategy = MAKER,
                                   .instrument = ETH,
                                   .parameter = (uint16_t)id};

    event(EVENT_PARAMETERS, 5, &set, sizeof set);
}

static bool restored(void)
{
    struct err err;

    begin_run();
    cr_assert_eq(saved_fill(projection, &desk.config, saved, &err), OK, "%s", err.text);
    return saved->strategy[MAKER].enabled;
}

Test(store_strategies, what_it_comes_up_with_is_no_change)
{
    says(true, 1);
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit"), "0");
    cr_assert(restored());
    cr_assert_eq(saved->strategy[MAKER].version, 1);
    cr_assert_eq(saved->strategy[MAKER].since_ns, 0);
}

Test(store_strategies, a_switch_is_a_row_and_holds)
{
    says(false, 2);
    cr_assert_str_eq(
        desk_ask(&desk, "SELECT kind || ' ' || scope || ' ' || old || ' ' || new FROM audit"),
        "strategy strategy/maker {\"enabled\":true} {\"enabled\":false,\"version\":2}");
    cr_assert_not(restored());
    cr_assert_eq(saved->strategy[MAKER].version, 2);
    says(false, 2); /* stated at the next start */
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit"), "1");
}

Test(store_strategies, a_value_is_a_row_by_name_and_holds_in_its_instrument)
{
    sets(PARAMETER_RISK_AVERSION, 10000, 250000);
    says(true, 2);
    cr_assert_str_eq(desk_ask(&desk, "SELECT old || ' ' || new FROM audit"),
                     "{\"risk_aversion\":\"0.0001\"} "
                     "{\"instrument\":\"sim:ETHUSDT\",\"risk_aversion\":\"0.0025\"}");
    cr_assert(restored());
    cr_assert_eq(saved->strategy[MAKER].params[ETH].risk_aversion_e8, 250000);
    cr_assert_eq(saved->strategy[MAKER].params[BTC].risk_aversion_e8, 10000);
}

Test(store_strategies, the_file_wins_when_it_has_come_to_switch_off)
{
    says(false, 2);
    says(true, 3); /* two people: over a file that says true */
    cr_assert(restored());
    desk.config.strategy[MAKER].enabled = false;
    cr_assert_not(restored());
    says(true, 4); /* two people again: over the file that says false */
    cr_assert(restored());
    desk.config.strategy[MAKER].enabled = true;
    cr_assert(restored());
}

Test(store_strategies, what_does_not_fit_any_more_is_passed_over)
{
    sets(PARAMETER_ORDER_LOTS, 1, 7);
    sets(PARAMETER_REQUOTE_TICKS, 1, 3);
    cr_assert_eq(
        sqlite3_exec(db, "UPDATE strategy_parameters SET value = '0' WHERE name = 'order_lots'",
                     NULL, NULL, NULL),
        SQLITE_OK);
    restored();
    cr_assert_eq(saved->strategy[MAKER].params[ETH].order_lots, 1);
    cr_assert_eq(saved->strategy[MAKER].params[ETH].requote_ticks, 3);
}
