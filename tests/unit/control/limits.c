#include "control/limits.h"

#include <criterion/criterion.h>

static struct limits_change change;
static struct err err;

static enum status parse(const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    enum status status;

    cr_assert(body, "%s", text);
    status = limits_change_parse(body, &change, &err);
    json_decref(body);
    return status;
}

static struct limits all(int64_t value)
{
    struct limits limits;

    for (int id = 0; id < LIMIT_COUNT; id++)
        limits.value[id] = value;
    return limits;
}

Test(limits, a_change_is_read_exactly)
{
    cr_assert_eq(parse("{\"limits\":{\"max_order_lots\":5,\"max_daily_loss\":\"12.00000001\","
                       "\"price_collar_ratio\":null},\"reason\":\"calm\"}"),
                 OK, "%s", err.text);
    cr_assert(change.named[LIMIT_MAX_ORDER_LOTS] && change.named[LIMIT_PRICE_COLLAR_RATIO]);
    cr_assert(!change.named[LIMIT_MAX_OPEN_ORDERS]);
    cr_assert_eq(change.asked.value[LIMIT_MAX_ORDER_LOTS], 5);
    cr_assert_eq(change.asked.value[LIMIT_MAX_DAILY_LOSS], 1200000001);
    cr_assert_eq(change.asked.value[LIMIT_PRICE_COLLAR_RATIO], LIMIT_DENY);
    cr_assert_str_eq(change.reason, "calm");
}

Test(limits, what_is_wrong_has_its_own_answer)
{
    static const struct {
        const char *body;
        enum status status;
    } rows[] = {
        {"[]", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":5}}", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":5},\"reason\":\" \\t\"}", ERR_MALFORMED},
        {"{\"limits\":{},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":5},\"reason\":\"r\",\"force\":true}", ERR_UNKNOWN_FIELD},
        {"{\"limits\":{\"max_fun\":5},\"reason\":\"r\"}", ERR_UNKNOWN_LIMIT},
        {"{\"limits\":{\"max_order\":5},\"reason\":\"r\"}", ERR_UNKNOWN_LIMIT},
        {"{\"limits\":{\"max_order_lots\":5.0},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":\"5\"},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":true},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":-1},\"reason\":\"r\"}", ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_order_lots\":1000000000001},\"reason\":\"r\"}", ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_daily_loss\":5},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_daily_loss\":\"5.\"},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_daily_loss\":\"1e3\"},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_daily_loss\":\"\"},\"reason\":\"r\"}", ERR_MALFORMED},
        {"{\"limits\":{\"max_daily_loss\":\"-1\"},\"reason\":\"r\"}", ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_daily_loss\":\"0.000000001\"},\"reason\":\"r\"}", ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_daily_loss\":\"99999999999999999999\"},\"reason\":\"r\"}",
         ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"price_collar_ratio\":\"1.00000001\"},\"reason\":\"r\"}", ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_order_lots\":5},\"reason\":\"r\",\"expires_s\":0}", ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_order_lots\":5},\"reason\":\"r\",\"expires_s\":86401}",
         ERR_OUT_OF_RANGE},
        {"{\"limits\":{\"max_order_lots\":5},\"reason\":\"r\",\"expires_s\":60.0}", ERR_MALFORMED},
        {"{\"limits\":{\"max_order_lots\":5},\"reason\":\"r\",\"expires_s\":\"60\"}",
         ERR_MALFORMED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(parse(rows[i].body), rows[i].status, "%s: %s", rows[i].body,
                     status_code(err.status));
}

Test(limits, a_reason_has_a_length)
{
    char body[600];
    char reason[REASON_MAX + 1];

    for (int i = 0; i < REASON_MAX; i++)
        reason[i] = 'x';
    reason[REASON_MAX] = '\0';
    snprintf(body, sizeof body, "{\"limits\":{\"max_order_lots\":5},\"reason\":\"%s\"}", reason);
    cr_assert_eq(parse(body), ERR_MALFORMED);
    snprintf(body, sizeof body, "{\"limits\":{\"max_order_lots\":5},\"reason\":\"%s\"}",
             reason + 1);
    cr_assert_eq(parse(body), OK);
}

Test(limits, one_limit_looser_makes_the_change_loosen)
{
    struct limits now = all(10);
    struct limits next = all(10);

    cr_assert(!limits_loosen(&now, &next, NULL), "the same");
    next.value[LIMIT_MAX_ORDER_LOTS] = 9;
    next.value[LIMIT_MAX_OPEN_ORDERS] = LIMIT_DENY;
    cr_assert(!limits_loosen(&now, &next, NULL), "two tighter");
    next.value[LIMIT_MAX_DAILY_LOSS] = 11;
    cr_assert(limits_loosen(&now, &next, NULL), "two tighter, one looser");
}

Test(limits, taking_null_back_loosens)
{
    struct limits now = all(LIMIT_DENY);
    struct limits next = now;

    next.value[LIMIT_MAX_ORDER_LOTS] = 0;
    cr_assert(limits_loosen(&now, &next, NULL));
}

Test(limits, a_limit_nobody_sets_denied_so_setting_it_loosens)
{
    struct limits firm = all(10);
    struct limits now = all(LIMIT_UNSET);
    struct limits next = now;

    next.value[LIMIT_MAX_ORDER_LOTS] = 50;
    cr_assert(!limits_loosen(&now, &next, &firm), "the firm's still binds");
    firm.value[LIMIT_MAX_ORDER_LOTS] = LIMIT_UNSET;
    cr_assert(limits_loosen(&now, &next, &firm));
    cr_assert(limits_loosen(&now, &next, NULL), "the firm itself");
}

Test(limits, the_cap_is_the_last_value_allowed)
{
    struct limits caps = all(LIMIT_UNSET);

    caps.value[LIMIT_MAX_ORDER_LOTS] = 5;
    cr_assert_eq(
        parse("{\"limits\":{\"max_order_lots\":5,\"max_open_orders\":9},\"reason\":\"r\"}"), OK);
    cr_assert_eq(limits_change_over_cap(&change, &caps), LIMIT_COUNT);
    cr_assert_eq(parse("{\"limits\":{\"max_order_lots\":6},\"reason\":\"r\"}"), OK);
    cr_assert_eq(limits_change_over_cap(&change, &caps), LIMIT_MAX_ORDER_LOTS);
    cr_assert_eq(parse("{\"limits\":{\"max_order_lots\":null},\"reason\":\"r\"}"), OK);
    cr_assert_eq(limits_change_over_cap(&change, &caps), LIMIT_COUNT);
}

Test(limits, the_diff_names_what_changes)
{
    struct limits now = all(5);
    json_t *diff;
    json_t *row;

    cr_assert_eq(
        parse("{\"limits\":{\"max_order_lots\":5,\"max_daily_loss\":null},\"reason\":\"r\"}"), OK);
    diff = limits_diff(&change, &now, false);
    cr_assert_eq(json_array_size(diff), 1);
    row = json_array_get(diff, 0);
    cr_assert_str_eq(json_string_value(json_object_get(row, "name")), "max_daily_loss");
    cr_assert_str_eq(json_string_value(json_object_get(row, "old")), "0.00000005");
    cr_assert(json_is_null(json_object_get(row, "new")));
    json_decref(diff);
    diff = limits_diff(&change, &now, true);
    cr_assert_eq(json_array_size(diff), 2);
    json_decref(diff);
    now = limits_change_apply(&change, &now);
    cr_assert_eq(now.value[LIMIT_MAX_DAILY_LOSS], LIMIT_DENY);
    cr_assert_eq(now.value[LIMIT_MAX_OPEN_ORDERS], 5);
}
