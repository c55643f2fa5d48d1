/* The guide's example: it does what docs/strategies.md says, and the page shows what it is. */
#include "unit/strategy/table.h"

#include <stdio.h>

static struct intent intents[MAX_INTENTS];
static struct strategy_params params;

static void open_joiner(void)
{
    table_open();
    parameters_default(&params);
    params.order_lots = 5;
    params.max_position_lots = 8;
}

TestSuite(joiner, .init = open_joiner, .fini = table_close);
TestSuite(guide);

static uint32_t step(void)
{
    return strategy_step(STRATEGY_KIND_JOINER, &params, &state, &view, intents);
}

static void check(enum side side, int64_t price, int64_t lots)
{
    cr_assert(eq(u32, step(), 1));
    cr_assert(eq(int, intents[0].kind, INTENT_NEW));
    cr_assert(eq(int, intents[0].side, side));
    cr_assert(eq(int, intents[0].flags, ORDER_POST_ONLY));
    cr_assert(eq(i64, intents[0].price_ticks, price));
    cr_assert(eq(i64, intents[0].qty_lots, lots));
}

Test(joiner, buys_at_the_bid_until_it_holds_enough_then_sells_at_the_ask_until_it_is_flat)
{
    check(SIDE_BUY, 1000, 5);
    view.position_lots = 5;
    check(SIDE_BUY, 1000, 3);
    view.position_lots = 8;
    check(SIDE_SELL, 1002, 5);
    view.position_lots = 3;
    check(SIDE_SELL, 1002, 3);
    view.position_lots = 0;
    check(SIDE_BUY, 1000, 5);
}

Test(joiner, follows_the_touch_and_waits_for_its_cancel)
{
    table_work(view.working, &view.working_count, 1, SIDE_BUY, 1000, 5, ORDER_WORKING, 200 * MS);
    cr_assert(eq(u32, step(), 0), "it rests where it wants to");
    table_levels(book, 1001, 10, 1003, 10);
    cr_assert(eq(u32, step(), 1));
    cr_assert(eq(int, intents[0].kind, INTENT_CANCEL));
    cr_assert(eq(u64, intents[0].order_id, 1));
    view.working[0].state = ORDER_PENDING_CANCEL;
    cr_assert(eq(u32, step(), 0));
    view.working_count = 0;
    check(SIDE_BUY, 1001, 5);
}

Test(joiner, leaves_a_young_order_and_pulls_all_from_a_stale_book)
{
    table_work(view.working, &view.working_count, 1, SIDE_BUY, 999, 5, ORDER_WORKING, 99 * MS);
    cr_assert(eq(u32, step(), 0));
    view.stale = true;
    cr_assert(eq(u32, step(), 1));
    cr_assert(eq(int, intents[0].kind, INTENT_CANCEL));
}

static char *whole_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, 65536);

    cr_assert_not_null(file, "%s: run from the root of the tree", path);
    cr_assert_lt(fread(text, 1, 65535, file), 65535);
    (void)fclose(file);
    return text;
}

/* Every line of C on the page stands in the sources, so that it cannot rot. */
Test(guide, shows_the_sources_as_they_are)
{
    static const char *const sources[] = {"engine/strategy/joiner.c", "engine/strategy/strategy.h",
                                          "engine/tables/strategies.def",
                                          "engine/tables/parameters.def"};
    char *page = whole_file("docs/strategies.md");
    int found = 0;

    for (char *block = strstr(page, "```c\n"); block; block = strstr(block, "```c\n")) {
        char *end = strstr(block += 5, "```");
        bool known = false;

        cr_assert_not_null(end);
        *end = '\0';
        for (size_t at = 0; at < sizeof sources / sizeof sources[0] && !known; at++) {
            char *source = whole_file(sources[at]);

            known = at == 0 ? strcmp(source, block) == 0 : strstr(source, block) != NULL;
            free(source);
        }
        cr_assert(known, "not in the sources as it stands on the page:\n%s", block);
        block = end + 1;
        found++;
    }
    cr_assert_eq(found, 4);
    free(page);
}
