/* Our fills against the venue's list, one by one: what differs, and what nobody can know. */
#include "thread/clock.h"
#include "unit/store/desk.h"
#include "view/view.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 4096 };

static const int64_t second_ns = 1000000000;
static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct view_sources sources;
static struct store_saved saved;
static struct gateway gateway;
static int64_t now_ns;

static void open_all(void)
{
    char recovered[ERR_TEXT_MAX];
    struct err err;

    desk_open(&desk);
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK);
    gateway = (struct gateway){
        .io = {.instruments = desk.config.instrument, .instrument_count = desk.config.instruments}};
    sources = (struct view_sources){.config = &desk.config,
                                    .journal = journal,
                                    .dir = desk.dir,
                                    .saved = &saved,
                                    .gateways = 1,
                                    .gateway = {&gateway}};
    cr_assert_eq(view_open(&view, &sources, &err), OK);
    now_ns = clock_real_ns();
    desk.config.money.day_roll_hour = (int32_t)(now_ns / (TRADING_DAY_NS / 24) % 24) - 12;
    if (desk.config.money.day_roll_hour < 0) /* the day is half over, whenever this runs */
        desk.config.money.day_roll_hour += 24;
}

static void close_all(void)
{
    view_close(view);
    journal_close(journal);
    desk_close(&desk);
}

TestSuite(fill_pairs, .init = open_all, .fini = close_all);

/* The same fill on both sides, unless a test changes one. */
static struct event_fill ours(uint64_t exec_id, int64_t venue_ns)
{
    return (struct event_fill){.order_id = 9,
                               .exec_id = exec_id,
                               .price_ticks = 10012,
                               .qty_lots = 2,
                               .fee_e8 = 25000000,
                               .venue_ns = venue_ns,
                               .instrument = ETH,
                               .strategy = MAKER,
                               .side = SIDE_SELL};
}

static struct dropcopy_fill theirs(uint64_t exec_id, int64_t venue_ns)
{
    return (struct dropcopy_fill){.exec_id = exec_id,
                                  .order_id = 9,
                                  .price_ticks = 10012,
                                  .qty_lots = 2,
                                  .fee_e8 = 25000000,
                                  .venue_ns = venue_ns,
                                  .noted_ns = venue_ns,
                                  .instrument = ETH,
                                  .side = SIDE_SELL};
}

static void book(struct event_fill fill, int64_t at_ns)
{
    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_FILL, at_ns, 0, &fill, sizeof fill);
}

static void list(struct dropcopy_fill fill)
{
    gateway_list_fill(&gateway, &fill);
}

static json_t *ask(uint32_t states, uint64_t cursor, uint32_t limit)
{
    struct view_pairs asked = {
        .instrument = ETH, .states = states, .cursor = cursor, .limit = limit};

    return view_fill_pairs(view, &asked);
}

/* Member of an answer as it is written; valid until the next. */
static const char *says(json_t *json, const char *name)
{
    static char text[2048];
    char *dump = json_dumps(json_object_get(json, name), JSON_ENCODE_ANY | JSON_COMPACT);

    (void)snprintf(text, sizeof text, "%s", dump);
    free(dump);
    json_decref(json);
    return text;
}

/* The only item that there is. */
static const char *only(const char *name)
{
    json_t *json = ask(VIEW_PAIRS_ANY, 0, 10);
    json_t *items = json_object_get(json, "items");
    json_t *item = json_incref(json_array_get(items, 0));

    cr_assert_eq(json_array_size(items), 1);
    json_decref(json);
    return says(item, name);
}

static const char *counts(void)
{
    return says(ask(VIEW_PAIRS_ANY, 0, 1), "counts");
}

#define COUNTS(both, differs, ours_only, venue_only, unknown)                                      \
    "{\"both\":" #both ",\"differs\":" #differs ",\"ours_only\":" #ours_only                       \
    ",\"venue_only\":" #venue_only ",\"unknown\":" #unknown "}"

#define TERMS "{\"side\":\"sell\",\"qty\":\"0.002\",\"price\":\"100.12\",\"fee\":\"0.25\"}"

Test(fill_pairs, the_same_on_both_sides_agrees)
{
    book(ours(7, now_ns - 5), now_ns - 4);
    list(theirs(7, now_ns - 5));
    gateway_tell_fills(&gateway, ETH, now_ns);
    cr_assert_str_eq(only("state"), "\"both\"");
    cr_assert_str_eq(only("why"), "null");
    cr_assert_str_eq(only("id"), "\"0-7\"");
    cr_assert_str_eq(only("ours"), TERMS);
    cr_assert_str_eq(only("venue"), TERMS);
    cr_assert_str_eq(counts(), COUNTS(1, 0, 0, 0, 0));
}

Test(fill_pairs, whatever_is_not_the_same_differs)
{
    struct dropcopy_fill listed[4];

    for (uint64_t at = 0; at < 4; at++) {
        book(ours(at + 1, now_ns - 5), now_ns - 4);
        listed[at] = theirs(at + 1, now_ns - 5);
    }
    listed[0].side = SIDE_BUY;
    listed[1].qty_lots++;
    listed[2].price_ticks--;
    listed[3].fee_e8++;
    for (uint64_t at = 0; at < 4; at++)
        list(listed[at]);
    cr_assert_str_eq(counts(), COUNTS(0, 4, 0, 0, 0));
    cr_assert(ne(ptr,
                 strstr(says(ask(VIEW_PAIRS_APART, 1, 1), "items"), "\"venue\":{\"side\":\"buy\""),
                 NULL));
}

Test(fill_pairs, another_instrument_s_is_no_match)
{
    struct dropcopy_fill listed = theirs(7, now_ns - 5);
    struct event_fill booked = ours(8, now_ns - 5);

    listed.instrument = booked.instrument = BTC;
    list(listed);
    book(booked, now_ns - 4);
    book(ours(7, now_ns - 5), now_ns - 4);
    gateway_tell_fills(&gateway, ETH, now_ns);
    cr_assert_str_eq(counts(), COUNTS(0, 0, 1, 0, 0));
}

Test(fill_pairs, ours_alone_is_a_difference_once_the_venue_has_told_its_list_since)
{
    book(ours(7, now_ns - 50), now_ns - 40);
    cr_assert_str_eq(only("state"), "\"unknown\"");
    cr_assert_str_eq(only("why"), "\"never_told\"");
    cr_assert_str_eq(says(ask(VIEW_PAIRS_ANY, 0, 1), "told_ns"), "null");
    cr_assert_str_eq(says(ask(VIEW_PAIRS_ANY, 0, 1), "age_ns"), "null");
    gateway_tell_fills(&gateway, ETH, now_ns - 41);
    cr_assert_str_eq(only("state"), "\"unknown\"");
    cr_assert_str_eq(only("why"), "\"not_told_since\"");
    gateway_tell_fills(&gateway, ETH, now_ns - 40);
    cr_assert_str_eq(only("state"), "\"ours_only\"");
    cr_assert_str_eq(only("why"), "null");
    cr_assert_str_eq(only("venue"), "null");
    cr_assert_str_eq(only("ours"), TERMS);
}

Test(fill_pairs, the_venue_s_alone_is_a_difference_once_it_had_time_to_come)
{
    struct dropcopy_fill fresh = theirs(8, now_ns - 5);

    list(theirs(7, now_ns - 2 * second_ns));
    cr_assert_str_eq(only("state"), "\"venue_only\"");
    cr_assert_str_eq(only("ours"), "null");
    cr_assert_str_eq(only("venue"), TERMS);
    fresh.noted_ns = clock_real_ns() + second_ns; /* however slow this test is */
    list(fresh);
    cr_assert_str_eq(counts(), COUNTS(0, 0, 0, 1, 1));
    cr_assert(
        ne(ptr, strstr(says(ask(1U << VIEW_PAIR_UNKNOWN, 0, 1), "items"), "on_its_way"), NULL));
    book(ours(7, now_ns - 2 * second_ns), now_ns);
    book(ours(8, now_ns - 5), now_ns);
    cr_assert_str_eq(counts(), COUNTS(2, 0, 0, 0, 0));
}

Test(fill_pairs, an_order_that_the_venue_does_not_name_is_unknown)
{
    struct dropcopy_fill listed = theirs(7, now_ns - 2 * second_ns);

    listed.order_id = 0;
    list(listed);
    cr_assert_str_eq(only("order"), "null");
    book(ours(7, now_ns - 2 * second_ns), now_ns);
    cr_assert(ne(ptr, strstr(only("order"), "\"PW"), NULL));
}

/* As the counts of the day: an earlier one is over. */
Test(fill_pairs, yesterday_s_are_not_listed)
{
    book(ours(1, now_ns - TRADING_DAY_NS), now_ns - 50);
    list(theirs(2, now_ns - TRADING_DAY_NS));
    gateway_tell_fills(&gateway, ETH, now_ns);
    cr_assert_str_eq(counts(), COUNTS(0, 0, 0, 0, 0));
}

Test(fill_pairs, what_the_venue_s_list_has_forgotten_is_not_known)
{
    int64_t first_ns = now_ns - 3600 * second_ns;

    book(ours(1, first_ns), first_ns);
    book(ours(2, first_ns + 1), first_ns + 1);
    for (uint64_t at = 0; at < DROPCOPY_FILLS + 1; at++) /* none of them ours */
        list(theirs(100 + at, first_ns + (int64_t)at));
    gateway_tell_fills(&gateway, ETH, now_ns);
    cr_assert_str_eq(counts(), COUNTS(0, 0, 1, 4096, 1));
    cr_assert(ne(ptr, strstr(says(ask(1U << VIEW_PAIR_UNKNOWN, 0, 1), "items"), "venue_forgotten"),
                 NULL));
}

Test(fill_pairs, what_we_have_forgotten_is_not_known)
{
    int64_t first_ns = now_ns - 3600 * second_ns;

    list(theirs(1, first_ns));
    list(theirs(2, first_ns + 2));
    for (uint64_t at = 1; at <= KEPT + 2; at++) {
        book(ours(100 + at, first_ns + (int64_t)at - 1), first_ns + (int64_t)at);
        if (at % 500 == 0)
            (void)counts(); /* they are read before the lane goes round */
    }
    cr_assert_str_eq(counts(), COUNTS(0, 0, 0, 1, 4097));
    cr_assert(
        ne(ptr, strstr(says(ask(1U << VIEW_PAIR_UNKNOWN, 1, 1), "items"), "ours_forgotten"), NULL));
}

static uint64_t left_after(json_t *page)
{
    const char *next = json_string_value(json_object_get(page, "next"));
    uint64_t left = next ? strtoull(next, NULL, 10) : 0;

    json_decref(page);
    return left;
}

static const char *first_of(json_t *page)
{
    json_t *item = json_incref(json_array_get(json_object_get(page, "items"), 0));

    json_decref(page);
    return says(item, "id");
}

Test(fill_pairs, pages_go_on_where_the_one_before_ended_though_newer_fills_came)
{
    uint64_t left;

    for (uint64_t at = 1; at <= 5; at++)
        list(theirs(at, now_ns - (20 - (int64_t)at) * second_ns));
    book(ours(4, now_ns - 16 * second_ns), now_ns - second_ns);
    cr_assert_str_eq(first_of(ask(VIEW_PAIRS_ANY, 0, 2)), "\"0-5\"");
    left = left_after(ask(VIEW_PAIRS_ANY, 0, 2));
    list(theirs(6, now_ns - 10 * second_ns));
    cr_assert_str_eq(first_of(ask(VIEW_PAIRS_ANY, left, 2)), "\"0-3\"");
    left = left_after(ask(VIEW_PAIRS_ANY, left, 2));
    cr_assert_str_eq(first_of(ask(VIEW_PAIRS_ANY, left, 2)), "\"0-1\"");
    cr_assert(eq(u64, left_after(ask(VIEW_PAIRS_ANY, left, 2)), 0));
    cr_assert_str_eq(first_of(ask(VIEW_PAIRS_APART, 3, 2)), "\"0-3\"", "of those alone");
    cr_assert_str_eq(first_of(ask(1U << VIEW_PAIR_BOTH, 0, 2)), "\"0-4\"");
}

Test(fill_pairs, without_a_gateway_nothing_of_the_venue_is_known)
{
    json_t *answer;

    view_close(view);
    sources.gateways = 0;
    cr_assert_eq(view_open(&view, &sources, &(struct err){0}), OK);
    book(ours(7, now_ns - 50), now_ns - 40);
    answer = ask(VIEW_PAIRS_ANY, 0, 10);
    cr_assert_str_eq(says(json_incref(answer), "counts"), COUNTS(0, 0, 0, 0, 1));
    cr_assert_str_eq(says(answer, "told_ns"), "null");
}
