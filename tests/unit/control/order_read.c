#include "control/order_read.h"

#include <criterion/criterion.h>

#include <string.h>

static struct config config;
static struct intent intent;
static enum denial denial;
static struct err err;

/* Tick 0.05, lot 0.002. */
static void one_instrument(void)
{
    config.instruments = 1;
    config.instrument[0] = (struct instrument){.name = "sim:BTCUSDT",
                                               .price_decimals = 2,
                                               .qty_decimals = 3,
                                               .tick_units = 5,
                                               .lot_units = 2};
}

TestSuite(order_read, .init = one_instrument);

static enum status read_order(const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    enum status status;

    cr_assert(body, "%s", text);
    status = order_read(&config, body, &intent, &denial, &err);
    json_decref(body);
    return status;
}

#define ORDER(rest) "{\"instrument\":\"sim:BTCUSDT\",\"side\":\"sell\"," rest "}"

Test(order_read, a_limit_order_is_read_into_ticks_and_lots)
{
    cr_assert_eq(read_order(ORDER("\"qty\":\"0.010\",\"price\":\"100.05\",\"type\":\"limit\","
                                  "\"tif\":\"GTC\",\"post_only\":true,\"reduce_only\":false")),
                 OK, "%s", err.text);
    cr_assert_eq(denial, DENIAL_NONE);
    cr_assert_eq(intent.kind, INTENT_NEW);
    cr_assert_eq(intent.side, SIDE_SELL);
    cr_assert_eq(intent.type, TYPE_LIMIT);
    cr_assert_eq(intent.price_ticks, 2001);
    cr_assert_eq(intent.qty_lots, 5);
    cr_assert_eq(intent.flags, ORDER_POST_ONLY);
    cr_assert_eq(intent.strategy, STRATEGY_MANUAL);
}

Test(order_read, a_market_order_needs_no_price_and_never_rests)
{
    cr_assert_eq(read_order(ORDER("\"qty\":\"0.010\",\"type\":\"market\"")), OK);
    cr_assert_eq(intent.tif, TIF_IOC);
    cr_assert_eq(read_order(ORDER("\"qty\":\"0.010\",\"type\":\"market\",\"tif\":\"GTC\"")), OK);
    cr_assert_eq(intent.tif, TIF_IOC);
    cr_assert_eq(read_order(ORDER("\"qty\":\"0.010\",\"type\":\"market\",\"tif\":\"FOK\"")), OK);
    cr_assert_eq(intent.tif, TIF_FOK);
    cr_assert_eq(intent.price_ticks, 0);
}

Test(order_read, what_does_not_fit_the_instrument_is_denied_by_name)
{
    static const struct {
        const char *body;
        enum denial denial;
    } rows[] = {
        {ORDER("\"qty\":\"0.01\",\"price\":\"100.01\",\"type\":\"limit\""), DENY_OFF_TICK},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100.001\",\"type\":\"limit\""), DENY_OFF_TICK},
        {ORDER("\"qty\":\"0.01\",\"price\":\"0\",\"type\":\"limit\""), DENY_OFF_TICK},
        {ORDER("\"qty\":\"0.01\",\"price\":\"-100\",\"type\":\"limit\""), DENY_OFF_TICK},
        {ORDER("\"qty\":\"0.01\",\"price\":\"99999999999999999\",\"type\":\"limit\""),
         DENY_OFF_TICK},
        {ORDER("\"qty\":\"0.011\",\"price\":\"100\",\"type\":\"limit\""), DENY_OFF_LOT},
        {ORDER("\"qty\":\"0\",\"price\":\"100\",\"type\":\"limit\""), DENY_OFF_LOT},
        {ORDER("\"qty\":\"0.0011\",\"type\":\"market\""), DENY_OFF_LOT},
        {"{\"instrument\":\"sim:DOGE\",\"side\":\"buy\",\"qty\":\"1\",\"type\":\"market\"}",
         DENY_UNKNOWN_INSTRUMENT},
        {ORDER("\"qty\":\"0.0100\",\"price\":\"100.050\",\"type\":\"limit\""), DENIAL_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(read_order(rows[i].body), OK, "%s: %s", rows[i].body, err.text);
        cr_expect_eq(denial, rows[i].denial, "%s: %s", rows[i].body, denial_name(denial));
    }
}

Test(order_read, what_is_malformed_is_refused)
{
    static const struct {
        const char *body;
        enum status status;
    } rows[] = {
        {ORDER("\"qty\":0.01,\"price\":\"100\",\"type\":\"limit\""), ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":100,\"type\":\"limit\""), ERR_MALFORMED},
        {ORDER("\"qty\":\"1e2\",\"price\":\"100\",\"type\":\"limit\""), ERR_MALFORMED},
        {ORDER("\"qty\":\" 1\",\"price\":\"100\",\"type\":\"limit\""), ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"type\":\"limit\""), ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100\",\"type\":\"market\""), ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100\",\"type\":\"stop\""), ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100\",\"type\":\"limit\",\"tif\":\"DAY\""),
         ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100\",\"type\":\"limit\",\"post_only\":1"),
         ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100\",\"type\":\"limit\",\"tif\":\"IOC\","
               "\"post_only\":true"),
         ERR_MALFORMED},
        {ORDER("\"qty\":\"0.01\",\"price\":\"100\",\"type\":\"limit\",\"leverage\":3"),
         ERR_UNKNOWN_FIELD},
        {"{\"instrument\":\"sim:BTCUSDT\",\"side\":\"BUY\",\"qty\":\"1\",\"type\":\"market\"}",
         ERR_MALFORMED},
        {"{\"side\":\"buy\",\"qty\":\"1\",\"type\":\"market\"}", ERR_MALFORMED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(read_order(rows[i].body), rows[i].status, "%s: %s", rows[i].body, err.text);
}

static enum status read_amend(const char *text, struct command_amend_order *amend)
{
    json_t *body = json_loads(text, 0, NULL);
    enum status status;

    cr_assert(body, "%s", text);
    status = amend_read(&config.instrument[0], body, amend, &denial, &err);
    json_decref(body);
    return status;
}

Test(order_read, an_amend_leaves_what_it_does_not_give_and_what_is_denied)
{
    struct command_amend_order amend = {0};

    cr_assert_eq(read_amend("{\"qty\":\"0.010\"}", &amend), OK);
    cr_assert_eq(denial, DENIAL_NONE);
    cr_assert_eq(amend.price_ticks, 0);
    cr_assert_eq(amend.qty_lots, 5);
    cr_assert_eq(read_amend("{\"price\":\"90000000000000.05\"}", &amend), OK);
    cr_assert_eq(denial, DENY_OFF_TICK, "more than MAX_PRICE_TICKS");
    cr_assert_eq(amend.price_ticks, 0);
    cr_assert_eq(read_amend("{\"qty\":\"0.001\"}", &amend), OK);
    cr_assert_eq(denial, DENY_OFF_LOT);
    cr_assert_eq(read_amend("{}", &amend), ERR_MALFORMED);
}
