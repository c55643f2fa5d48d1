/* What the engine counts for limits, counted again from what it says. */
#include "view/tallies.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS 1000000LL

static const struct order_scopes scopes = {0, 1, 3, 5};
static struct view_tallies tallies;

static void forget(void)
{
    memset(&tallies, 0, sizeof tallies);
}

TestSuite(tallies, .init = forget);

Test(tallies, messages_are_those_of_the_last_second)
{
    int64_t now_ns = 1790000000000 * MS;

    for (int i = 0; i < 30; i++) /* one every 100 ms, for 3 s */
        tallies_message(&tallies, scopes, now_ns + i * 100 * MS);
    cr_assert_eq(tallies_messages(&tallies, 0, now_ns + 2900 * MS), 11);
    cr_assert_eq(tallies_messages(&tallies, 5, now_ns + 2900 * MS), 11);
    cr_assert_eq(tallies_messages(&tallies, 4, now_ns + 2900 * MS), 0);
    cr_assert_eq(tallies_messages(&tallies, 0, now_ns + 3900 * MS), 1);
    cr_assert_eq(tallies_messages(&tallies, 0, now_ns + 4000 * MS), 0);
}

Test(tallies, a_message_that_is_read_late_is_none_of_this_second)
{
    int64_t now_ns = 1790000000000 * MS;

    tallies_message(&tallies, scopes, now_ns);
    tallies_message(&tallies, scopes, now_ns - 100 * MS); /* within it all the same */
    tallies_message(&tallies, scopes, now_ns - 1100 * MS);
    tallies_message(&tallies, scopes, now_ns - 60000 * MS);
    cr_assert_eq(tallies_messages(&tallies, 0, now_ns), 2);
}

Test(tallies, what_the_engine_states_replaces_what_was_counted)
{
    struct {
        struct event_money money;
        struct money_mark mark;
        struct money_scope row[2];
    } said = {
        .money = {.marks = 1, .scopes = 2},
        .row = {{.orders_today = 7, .executions = 3, .scope = 0}, {.orders_today = 2, .scope = 5}}};

    tallies_count(tallies.orders_today, scopes);
    tallies_count(tallies.executions, scopes);
    tallies_stated(&tallies, &said, sizeof said);
    cr_assert_eq(tallies.orders_today[0], 7);
    cr_assert_eq(tallies.orders_today[5], 2);
    cr_assert_eq(tallies.orders_today[3], 0, "a scope that is not told has none");
    cr_assert_eq(tallies.executions[0], 3);
    said.row[0].orders_today = 9;
    tallies_stated(&tallies, &said, sizeof said - sizeof said.row[1]); /* cut */
    cr_assert_eq(tallies.orders_today[0], 9);
    cr_assert_eq(tallies.orders_today[5], 0);
}
