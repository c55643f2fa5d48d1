/* Order frames: read back by another parser they are what was meant, to the last decimal. */
#include "gateway/bybit/encode.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OURS 0x0011000100000005ULL

static struct instrument row;
static struct bybit_symbol symbol;

static void open_symbol(const char *name, bool is_spot)
{
    row = (struct instrument){
        .price_decimals = 1, .tick_units = 5, .qty_decimals = 3, .lot_units = 2};
    strcpy(row.name, name);
    cr_assert(bybit_symbol_init(&symbol, &row, 0, is_spot));
}

static struct order_message order(enum order_message_kind kind)
{
    return (struct order_message){.kind = (uint8_t)kind,
                                  .side = SIDE_BUY,
                                  .type = TYPE_LIMIT,
                                  .tif = TIF_GTC,
                                  .order_id = OURS,
                                  .price_ticks = 200001,
                                  .qty_lots = 7};
}

static const struct bybit_stamp stamp = {7000000000000000123ULL, 1711001595207, 5000};

static json_t *frame_of(const struct order_message *message, const char *venue_id)
{
    char out[BYBIT_ORDER_MAX];
    size_t length = bybit_encode_frame(out, &symbol, message, venue_id, stamp);
    json_t *frame;

    cr_assert(eq(sz, strlen(out), length));
    frame = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
    cr_assert(frame != NULL, "%s", out);
    return frame;
}

static void says(const json_t *object, const char *key, const char *expected)
{
    const char *found = json_string_value(json_object_get(object, key));

    if (!expected)
        cr_assert(found == NULL, "%s is %s", key, found);
    else
        cr_assert(found && strcmp(found, expected) == 0, "%s is %s and not %s", key,
                  found ? found : "absent", expected);
}

static bool is_of(const json_t *object, const char *key, json_type type)
{
    const json_t *member = json_object_get(object, key);

    return member && json_typeof(member) == type;
}

static const json_t *args_of(const json_t *frame)
{
    const json_t *args = json_object_get(frame, "args");

    cr_assert(eq(sz, json_array_size(args), 1));
    return json_array_get(args, 0);
}

Test(bybit_encode, a_new_order)
{
    struct order_message message = order(ORDER_MESSAGE_NEW);
    json_t *frame;
    const json_t *args;

    open_symbol("bybit-linear:BTCUSDT", false);
    frame = frame_of(&message, NULL);
    args = args_of(frame);
    says(frame, "reqId", "7000000000000000123");
    says(frame, "op", "order.create");
    says(json_object_get(frame, "header"), "X-BAPI-TIMESTAMP", "1711001595207");
    says(json_object_get(frame, "header"), "X-BAPI-RECV-WINDOW", "5000");
    says(args, "category", "linear");
    says(args, "symbol", "BTCUSDT");
    says(args, "side", "Buy");
    says(args, "orderType", "Limit");
    says(args, "qty", "0.014");
    says(args, "price", "100000.5");
    says(args, "timeInForce", "GTC");
    says(args, "orderId", NULL);
    cr_assert(is_of(args, "positionIdx", JSON_INTEGER));
    cr_assert(json_object_get(args, "reduceOnly") == NULL);
    json_decref(frame);
}

Test(bybit_encode, the_client_id_is_ours_and_fits)
{
    struct order_message message = order(ORDER_MESSAGE_NEW);
    json_t *frame;
    const char *text;
    uint64_t id;

    open_symbol("bybit-linear:BTCUSDT", false);
    message.order_id = 0x7fffffffffffffffULL;
    frame = frame_of(&message, NULL);
    text = json_string_value(json_object_get(args_of(frame), "orderLinkId"));
    cr_assert(text && strlen(text) <= 36 && order_id_parse(text, &id));
    cr_assert(eq(u64, id, message.order_id));
    json_decref(frame);
}

static void check_tif(uint8_t tif, uint8_t flags, const char *expected)
{
    struct order_message message = order(ORDER_MESSAGE_NEW);
    json_t *frame;

    message.tif = tif;
    message.flags = flags;
    frame = frame_of(&message, NULL);
    says(args_of(frame), "timeInForce", expected);
    json_decref(frame);
}

Test(bybit_encode, times_in_force)
{
    open_symbol("bybit-linear:BTCUSDT", false);
    check_tif(TIF_GTC, 0, "GTC");
    check_tif(TIF_IOC, 0, "IOC");
    check_tif(TIF_FOK, 0, "FOK");
    check_tif(TIF_GTC, ORDER_POST_ONLY, "PostOnly");
}

Test(bybit_encode, reduce_only_is_said_where_there_are_positions)
{
    struct order_message message = order(ORDER_MESSAGE_NEW);
    json_t *frame;

    message.flags = ORDER_REDUCE_ONLY;
    message.side = SIDE_SELL;
    open_symbol("bybit-linear:BTCUSDT", false);
    frame = frame_of(&message, NULL);
    cr_assert(is_of(args_of(frame), "reduceOnly", JSON_TRUE));
    says(args_of(frame), "side", "Sell");
    json_decref(frame);
    open_symbol("bybit-spot:BTCUSDT", true);
    frame = frame_of(&message, NULL);
    cr_assert(json_object_get(args_of(frame), "reduceOnly") == NULL);
    says(args_of(frame), "category", "spot");
    json_decref(frame);
}

Test(bybit_encode, an_amend_has_the_new_price_and_total)
{
    struct order_message message = order(ORDER_MESSAGE_AMEND);
    json_t *frame;

    open_symbol("bybit-linear:BTCUSDT", false);
    frame = frame_of(&message, NULL);
    says(frame, "op", "order.amend");
    says(args_of(frame), "qty", "0.014");
    says(args_of(frame), "price", "100000.5");
    says(args_of(frame), "side", NULL);
    says(args_of(frame), "timeInForce", NULL);
    json_decref(frame);
}

Test(bybit_encode, a_cancel_names_the_order_and_nothing_else)
{
    struct order_message message = order(ORDER_MESSAGE_CANCEL);
    json_t *frame;

    open_symbol("bybit-linear:BTCUSDT", false);
    frame = frame_of(&message, NULL);
    says(frame, "op", "order.cancel");
    cr_assert(eq(sz, json_object_size(args_of(frame)), 3));
    json_decref(frame);
    frame = frame_of(&message, "c6f055d9-7f21-4079-913d-e6523a9cfffa");
    says(args_of(frame), "orderId", "c6f055d9-7f21-4079-913d-e6523a9cfffa");
    says(args_of(frame), "orderLinkId", NULL);
    json_decref(frame);
}

Test(bybit_encode, a_body_is_what_the_frame_holds)
{
    struct order_message message = order(ORDER_MESSAGE_NEW);
    char body[BYBIT_ORDER_MAX];
    json_t *frame;
    json_t *alone;

    open_symbol("bybit-linear:BTCUSDT", false);
    frame = frame_of(&message, NULL);
    cr_assert(eq(sz, bybit_encode_body(body, &symbol, &message, NULL), strlen(body)));
    alone = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    cr_assert(json_equal(alone, args_of(frame)));
    json_decref(alone);
    json_decref(frame);
    cr_assert(eq(str, (char *)bybit_order_path(ORDER_MESSAGE_CANCEL), "/v5/order/cancel"));
}

static int64_t draw(uint64_t *random, int64_t most)
{
    *random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
    return 1 + (int64_t)((*random >> 20) % (uint64_t)most);
}

/* What the text of a decimal is worth, computed by its digits alone. */
static __int128 worth(const char *text, uint32_t scale)
{
    __int128 value = 0;
    bool after = false;
    uint32_t decimals = 0;

    for (; *text != '\0'; text++) {
        if (*text == '.') {
            after = true;
            continue;
        }
        value = value * 10 + (*text - '0');
        decimals += after;
    }
    cr_assert(le(u32, decimals, scale));
    for (; decimals < scale; decimals++)
        value *= 10;
    return value;
}

Test(bybit_encode, decimals_are_exact_on_any_grid)
{
    const char *seed = getenv("SEED");
    uint64_t random = seed ? strtoull(seed, NULL, 10) : 20417;

    fprintf(stderr, "SEED=%" PRIu64 "\n", random);
    open_symbol("bybit-linear:BTCUSDT", false);
    for (int round = 0; round < 20000; round++) {
        struct order_message message = order(ORDER_MESSAGE_NEW);
        json_t *frame;
        const json_t *args;

        row.price_decimals = (uint32_t)draw(&random, 10) - 1;
        row.qty_decimals = (uint32_t)draw(&random, 10) - 1;
        row.tick_units = draw(&random, 5000);
        row.lot_units = draw(&random, 5000);
        message.price_ticks = draw(&random, MAX_PRICE_TICKS);
        message.qty_lots = draw(&random, MAX_LOTS);
        frame = frame_of(&message, NULL);
        args = args_of(frame);
        cr_assert(worth(json_string_value(json_object_get(args, "price")), row.price_decimals) ==
                  (__int128)message.price_ticks * row.tick_units);
        cr_assert(worth(json_string_value(json_object_get(args, "qty")), row.qty_decimals) ==
                  (__int128)message.qty_lots * row.lot_units);
        json_decref(frame);
    }
}
