#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_instrument(struct instrument *row, const char *name, uint32_t price_decimals)
{
    *row = (struct instrument){.price_decimals = price_decimals,
                               .qty_decimals = 3,
                               .tick_units = 1,
                               .lot_units = 1,
                               .tick_value_e8 = 100000000 / 100 / 1000,
                               .maker_fee_e8 = -10000,
                               .taker_fee_e8 = 50000};
    (void)snprintf(row->name, sizeof row->name, "%s", name);
}

void desk_open(struct desk *desk)
{
    struct config *config = &desk->config;

    memset(desk, 0, sizeof *desk);
    strcpy(desk->dir, "/tmp/pitwall-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(desk->dir));
    strcpy(config->instance, "unit");
    strcpy(config->hash_text, "0123");
    config->venues = 1;
    strcpy(config->venue[0], "sim");
    config->instruments = 2;
    set_instrument(&config->instrument[BTC], "sim:BTCUSDT", 2);
    set_instrument(&config->instrument[ETH], "sim:ETHUSDT", 2);
    config->currencies = 1;
    strcpy(config->currency[0].name, "USDT");
    config->currency[0].fixed = true;
    config->currency[0].rate_e8 = MONEY_ONE_E8;
    config->money.capital_e8 = 1000 * MONEY_ONE_E8;
    config->strategies = 2;
    strcpy(config->strategy[MANUAL].name, "manual");
    strcpy(config->strategy[MAKER].name, "maker");
    config->scopes = (struct scope_map){.venues = 1, .strategies = 2, .instruments = 2};
    config->journal.hot_bytes = 1 << 20;
    config->journal.sync_ms = 10;
}

void desk_close(struct desk *desk)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", desk->dir);
    cr_assert_eq(system(command), 0);
}

uint16_t desk_scope(const struct desk *desk, const char *name)
{
    uint16_t scope = 0;

    cr_assert(config_scope_find(&desk->config, name, &scope), "no scope %s", name);
    return scope;
}

static sqlite3 *open_db(const struct desk *desk)
{
    char path[96];
    sqlite3 *db;

    (void)snprintf(path, sizeof path, "%s/audit.db", desk->dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    return db;
}

const char *desk_ask(const struct desk *desk, const char *sql)
{
    static char answer[8192];
    sqlite3 *db = open_db(desk);
    sqlite3_stmt *row;
    size_t used = 0;

    answer[0] = '\0';
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    while (sqlite3_step(row) == SQLITE_ROW && used < sizeof answer) {
        const char *text = (const char *)sqlite3_column_text(row, 0);

        used += (size_t)snprintf(answer + used, sizeof answer - used, "%s%s", used ? " " : "",
                                 text ? text : "null");
    }
    sqlite3_finalize(row);
    sqlite3_close(db);
    return answer;
}

void desk_tamper(const struct desk *desk, const char *sql)
{
    sqlite3 *db = open_db(desk);
    char *why = NULL;

    cr_assert_eq(sqlite3_exec(db,
                              "DROP TRIGGER IF EXISTS audit_no_update;"
                              "DROP TRIGGER IF EXISTS audit_no_delete;"
                              "DROP TRIGGER IF EXISTS audit_only_next;"
                              "DROP TRIGGER IF EXISTS audit_anchor_only_next",
                              NULL, NULL, &why),
                 SQLITE_OK, "%s", why);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &why), SQLITE_OK, "%s", why);
    sqlite3_close(db);
}

struct event_order_sent desk_order(uint64_t id, int64_t price_ticks, int64_t lots)
{
    return (struct event_order_sent){.order_id = id,
                                     .order_seq = id & 0xffffffff,
                                     .price_ticks = price_ticks,
                                     .qty_lots = lots,
                                     .instrument = BTC,
                                     .strategy = MAKER,
                                     .side = SIDE_BUY,
                                     .flags = ORDER_POST_ONLY,
                                     .verdict = {.generation = 1}};
}
