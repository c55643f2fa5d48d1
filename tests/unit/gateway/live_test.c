/* Paper: a simulated gateway whose feed is a market as it is now, beside another gateway. */
#include "gateway/simulated/simulated.h"

#include "thread/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 2, RING_BYTES = 1 << 16 };

/* A live feed that says what the test puts before it, once. */
struct live {
    struct feed feed;
    struct feed_instruments instruments;
    struct {
        struct market_update update;
        struct level levels[2];
    } next;
    bool has_next;
};

static struct live feeds[LINES];
static struct instrument rows[LINES];
static struct ring market[LINES], executions[LINES], orders[LINES];
static struct kill_page *page;
static struct gateway *gateway[LINES];

static const struct market_update *live_next(struct feed *feed)
{
    struct live *live = (struct live *)feed;

    if (!live->has_next)
        return NULL;
    live->has_next = false;
    gateway_set_state(feed->owner, GATEWAY_READY);
    return &live->next.update;
}

static void live_close(struct feed *feed)
{
    (void)feed;
}

static const struct feed_ops live_ops = {.next = live_next, .close = live_close};

static void make_ring(struct ring *ring)
{
    ring_init(ring, aligned_alloc(CACHE_LINES_APART, RING_BYTES), RING_BYTES);
}

static void name_row(uint16_t at, const char *name)
{
    rows[at] = (struct instrument){.price_decimals = 1,
                                   .tick_units = 1,
                                   .qty_decimals = 3,
                                   .lot_units = 1,
                                   .tick_value_e8 = 1,
                                   .venue = at};
    strcpy(rows[at].name, name);
}

/* Each gateway serves the venue, and so the instrument, of its own number. */
static void open_line(uint16_t at, bool is_live)
{
    struct simulated_config config = {.io = {.index = at,
                                             .instruments = rows,
                                             .instrument_count = LINES,
                                             .market = &market[at],
                                             .executions = &executions[at],
                                             .orders = &orders[at],
                                             .kill = page},
                                      .feed = &feeds[at].feed,
                                      .sim = {.position_interval_ns = 1}};
    struct err err;

    make_ring(&market[at]);
    make_ring(&executions[at]);
    make_ring(&orders[at]);
    feeds[at] = (struct live){.feed = {.ops = &live_ops, .is_live = is_live}};
    feeds[at].feed.instruments = &feeds[at].instruments;
    feeds[at].instruments.count = 1;
    feeds[at].instruments.row[0] = rows[at];
    config.served_elsewhere[1 - at] = true;
    config.opening_lots[at] = 5 + at;
    cr_assert(eq(int, simulated_open(&gateway[at], &config, &err), OK), "%s", err.text);
}

static void open_lines(void)
{
    page = aligned_alloc(CACHE_LINES_APART, sizeof *page);
    memset(page, 0, sizeof *page);
    name_row(0, "sim:BTCUSDT");
    name_row(1, "bybit-linear:BTCUSDT");
    open_line(0, false);
    open_line(1, true);
}

static void close_lines(void)
{
    for (int at = 0; at < LINES; at++) {
        gateway_close(gateway[at]);
        free(market[at].bytes);
        free(executions[at].bytes);
        free(orders[at].bytes);
    }
    free(page);
}

TestSuite(live_feed, .init = open_lines, .fini = close_lines);

static void say(uint16_t at, int64_t received_ns)
{
    feeds[at].next.update = (struct market_update){.kind = MARKET_SNAPSHOT,
                                                   .bid_count = 1,
                                                   .ask_count = 1,
                                                   .received_ns = received_ns,
                                                   .venue_ns = received_ns - 7,
                                                   .update_id = 1};
    feeds[at].next.levels[0] = (struct level){1000, 50};
    feeds[at].next.levels[1] = (struct level){1002, 50};
    feeds[at].has_next = true;
}

static const struct market_update *heard(uint16_t at)
{
    size_t length;

    return ring_peek(&market[at], &length);
}

Test(live_feed, nothing_now_is_not_the_end)
{
    const struct market_update *update;
    int64_t now_ns;

    cr_assert(eq(int, (int)gateway_state(gateway[1]), GATEWAY_DOWN), "until the feed says more");
    for (int turn = 0; turn < 100; turn++)
        gateway_poll(gateway[1]);
    cr_assert_null(heard(1));
    cr_assert(eq(int, (int)gateway_market_state(gateway[1]), MARKET_STATE_STARTING));
    now_ns = clock_real_ns();
    say(1, now_ns);
    gateway_poll(gateway[1]);
    update = heard(1);
    cr_assert_not_null(update);
    cr_assert(eq(int, update->kind, MARKET_SNAPSHOT));
    cr_assert(eq(int, (int)gateway_market_state(gateway[1]), MARKET_STATE_PLAYING));
    cr_assert(eq(int, (int)gateway_state(gateway[1]), GATEWAY_READY));
    ring_release(&market[1]);
    for (int turn = 0; turn < 100; turn++)
        gateway_poll(gateway[1]);
    cr_assert_null(heard(1), "and no MARKET_ENDED");
}

/* What a socket received during the turn is a little newer than the turn, and goes at once. */
Test(live_feed, times_are_not_shifted_and_nothing_waits)
{
    int64_t first_ns = clock_real_ns();
    int64_t second_ns = first_ns + 5000000000;

    say(1, first_ns);
    gateway_poll(gateway[1]);
    cr_assert(eq(i64, heard(1)->received_ns, first_ns));
    cr_assert(eq(i64, heard(1)->venue_ns, first_ns - 7));
    cr_assert(eq(int, heard(1)->instrument, 1), "the feed's first is our second");
    ring_release(&market[1]);
    say(1, second_ns);
    gateway_poll(gateway[1]);
    cr_assert_not_null(heard(1));
    cr_assert(eq(i64, heard(1)->received_ns, second_ns));
}

Test(live_feed, each_gateway_tells_of_its_own_instruments_only)
{
    const struct market_update *update;
    const struct execution *execution;
    size_t length;

    gateway_poll(gateway[0]); /* a feed with an end, and this is it */
    gateway_poll(gateway[1]);
    update = heard(0);
    cr_assert_not_null(update);
    cr_assert(eq(int, update->kind, MARKET_ENDED));
    cr_assert(eq(int, update->instrument, 0));
    ring_release(&market[0]);
    cr_assert_null(heard(0), "the other's book goes on");
    for (int at = 0; at < LINES; at++) {
        while ((execution = ring_peek(&executions[at], &length)) == NULL)
            gateway_poll(gateway[at]);
        for (; execution; execution = ring_peek(&executions[at], &length)) {
            cr_assert(eq(int, execution->report, REPORT_POSITION));
            cr_assert(eq(int, execution->instrument, at));
            cr_assert(eq(i64, execution->qty_lots, 5 + at));
            ring_release(&executions[at]);
        }
        cr_assert(eq(i64, atomic_load(&gateway[at]->venue_lots[at]), 5 + at));
        cr_assert(gt(i64, atomic_load(&gateway[at]->venue_lots_ns[at]), 0));
    }
}
