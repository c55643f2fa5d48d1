#include "view/orders.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct view_orders *orders;

static void open_orders(void)
{
    orders = malloc(sizeof *orders);
    view_orders_init(orders);
}

static void close_orders(void)
{
    free(orders);
}

TestSuite(view_orders, .init = open_orders, .fini = close_orders);

static void add(uint64_t id, enum order_state state)
{
    view_orders_add(orders, id)->state = (uint8_t)state;
}

static uint32_t listed(void)
{
    uint32_t count = 0;

    for (struct view_order *order = view_orders_newest(orders); order;
         order = view_orders_older(orders, order))
        count++;
    return count;
}

Test(view_orders, newest_come_first)
{
    add(1, ORDER_WORKING);
    add(2, ORDER_WORKING);
    cr_assert_eq(view_orders_newest(orders)->id, 2);
    cr_assert_eq(view_orders_older(orders, view_orders_newest(orders))->id, 1);
    cr_assert_null(view_orders_find(orders, 3));
}

Test(view_orders, the_oldest_finished_makes_room_and_the_live_stay)
{
    enum { TOTAL = 5 * KEPT_ORDERS };

    for (uint64_t id = 1; id <= TOTAL; id++)
        add(id << 32, id % 100 == 1 && id < KEPT_ORDERS ? ORDER_WORKING : ORDER_FILLED);
    cr_assert_eq(listed(), KEPT_ORDERS);
    for (uint64_t id = 1; id < KEPT_ORDERS; id += 100)
        cr_assert_not_null(view_orders_find(orders, id << 32), "live %lu is gone", id);
    cr_assert_null(view_orders_find(orders, 2ULL << 32));
    cr_assert_not_null(view_orders_find(orders, (uint64_t)TOTAL << 32));
}

/* Against a plain array: whatever is listed is found, whatever is not listed is not. */
Test(view_orders, index_and_list_always_agree)
{
    uint64_t seed = 20417, known[3 * KEPT_ORDERS];

    for (int i = 0; i < 3 * KEPT_ORDERS; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        known[i] = seed;
        add(seed, seed >> 63 ? ORDER_CANCELLED : i % 7 == 0 ? ORDER_WORKING : ORDER_FILLED);
        if (i % 7 == 0 && i >= 700)
            view_orders_find(orders, known[i - 700])->state = ORDER_FILLED;
    }
    for (struct view_order *order = view_orders_newest(orders); order;
         order = view_orders_older(orders, order))
        cr_assert_eq(view_orders_find(orders, order->id), order);
    for (int i = 0; i < KEPT_ORDERS; i++)
        cr_assert_null(view_orders_find(orders, known[i]));
}

/* Newest first, as "3 2 1"; places fall from each to the next, and none is 0. */
static const char *ids(void)
{
    static char text[128];
    size_t used = 0;
    uint64_t place = UINT64_MAX;

    for (struct view_order *order = view_orders_newest(orders); order;
         order = view_orders_older(orders, order)) {
        cr_expect(order->place < place && order->place != 0);
        place = order->place;
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%lu", used ? " " : "", order->id);
    }
    return text;
}

static void add_sent(uint64_t id, int64_t sent_ns)
{
    view_orders_add(orders, id)->sent_ns = sent_ns;
}

Test(view_orders, one_can_be_added_where_it_belongs)
{
    view_orders_add_oldest(orders, 5)->sent_ns = 50;
    cr_expect_str_eq(ids(), "5");
    view_orders_add_oldest(orders, 3)->sent_ns = 30;
    add_sent(7, 70);
    cr_expect_str_eq(ids(), "7 5 3");
    view_orders_add_aged(orders, 4, 40)->sent_ns = 40;
    view_orders_add_aged(orders, 2, 20)->sent_ns = 20;
    view_orders_add_aged(orders, 8, 80)->sent_ns = 80;
    view_orders_add_aged(orders, 6, 50)->sent_ns = 50;
    cr_expect_str_eq(ids(), "8 7 6 5 4 3 2");
    cr_expect_eq(view_orders_find(orders, 4)->sent_ns, 40);
}

Test(view_orders, one_that_is_renewed_is_the_newest_and_empty)
{
    add_sent(1, 10);
    cr_expect_eq(view_orders_renew(orders, view_orders_find(orders, 1))->sent_ns, 0);
    cr_expect_str_eq(ids(), "1");
    add_sent(2, 20);
    add_sent(3, 30);
    view_orders_renew(orders, view_orders_find(orders, 2));
    cr_expect_str_eq(ids(), "2 3 1");
    cr_expect_eq(view_orders_find(orders, 2)->sent_ns, 0);
}

/* It may be of any state: the engine does not hold it. */
Test(view_orders, an_earlier_one_makes_room)
{
    view_orders_add(orders, 1)->is_earlier = true;
    for (uint64_t id = 2; id <= KEPT_ORDERS + 1; id++)
        add(id, ORDER_FILLED);
    cr_expect_null(view_orders_find(orders, 1));
    cr_expect_not_null(view_orders_find(orders, 2));
}
