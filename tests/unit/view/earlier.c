/* What the lists show of earlier runs, and what nothing else may see of them. */
#include "store/past.h"
#include "thread/clock.h"
#include "unit/store/desk.h"
#include "view/view.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT = 4096, FIRST_RUN = 1, SECOND_RUN = 2 };

static const int64_t second_ns = 1000000000;
static struct desk desk;
static struct journal *journal;
static struct store *store;
static struct view *view;
static struct view_sources sources;
static struct store_saved saved;
static struct gateway gateway;
static struct histogram histogram;
static int64_t now_ns, first_ns;

/* As the server starts: the store has caught up before the view looks, and writes only after. */
static void start(void)
{
    char recovered[ERR_TEXT_MAX];
    struct err err = {.text = ""};

    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK, "%s",
                 err.text);
    cr_assert_eq(store_open(&store, desk.dir, &desk.config, journal, &saved, &err), OK, "%s",
                 err.text);
    gateway = (struct gateway){
        .io = {.instruments = desk.config.instrument, .instrument_count = desk.config.instruments}};
    sources = (struct view_sources){.config = &desk.config,
                                    .journal = journal,
                                    .store = store,
                                    .dir = desk.dir,
                                    .saved = &saved,
                                    .gateways = 1,
                                    .gateway = {&gateway},
                                    .step = &histogram,
                                    .tick_to_order = &histogram,
                                    .order_ack = &histogram,
                                    .fill_latency = &histogram,
                                    .started_ns = clock_real_ns()};
    cr_assert_eq(view_open(&view, &sources, &err), OK, "%s", err.text);
    cr_assert_eq(journal_start(journal, &err), OK, "%s", err.text);
    cr_assert_eq(store_start(store, &err), OK, "%s", err.text);
    now_ns = sources.started_ns;
}

static void say_bytes(enum event_kind kind, const void *payload, uint32_t length)
{
    struct lane *lane = journal_lane(journal, JOURNAL_ENGINE);

    while (lane_room(lane) < 4 * LANE_RECORD_MAX)
        usleep(100);
    lane_append(lane, (uint16_t)kind, now_ns, 0, payload, length);
}
#define SAY(kind, value) say_bytes(kind, &(value), sizeof(value))

static void say_names(void)
{
    struct input_names names;

    config_names(&desk.config, &names);
    say_bytes((enum event_kind)INPUT_NAMES, &names, sizeof names);
}

static void stop(void)
{
    view_close(view);
    store_close(store);
    journal_close(journal);
}

static void start_again(void)
{
    stop();
    start();
    say_names();
}

static void open_first(void)
{
    desk_open(&desk);
    desk.config.money.day_roll_hour =
        (int32_t)((clock_real_ns() / (TRADING_DAY_NS / 24) + 12) % 24); /* half of it is over */
    start();
    first_ns = now_ns;
    say_names();
}

static void close_last(void)
{
    stop();
    desk_close(&desk);
}

TestSuite(view_earlier, .init = open_first, .fini = close_last, .timeout = 60);

/* --- what runs say --- */

static uint64_t id_of(uint64_t run, uint64_t number)
{
    return run << 32 | number;
}

static void say_sent(uint64_t run, uint64_t number)
{
    struct event_order_sent sent = desk_order(id_of(run, number), 10000, 20);

    now_ns += 1000;
    SAY(EVENT_ORDER_SENT, sent);
}

static void say_state(uint64_t run, uint64_t number, enum order_state state, enum report report,
                      int64_t filled_lots)
{
    struct event_order_state event = {
        .order_id = id_of(run, number),
        .filled_lots = filled_lots,
        .leaves_lots = order_state_is_terminal(state) ? 0 : 20 - filled_lots,
        .filled_price_e8_ticks = filled_lots ? 10000333333333 / 10 : 0,
        .state = (uint8_t)state,
        .report = (uint8_t)report,
        .price_ticks = 10000,
        .qty_lots = 20};

    now_ns += 1000;
    SAY(EVENT_ORDER_STATE, event);
}

static void say_fill(uint64_t run, uint64_t number, uint64_t exec_id)
{
    struct event_fill fill = {.order_id = id_of(run, number),
                              .exec_id = exec_id,
                              .price_ticks = 10012,
                              .qty_lots = 2,
                              .fee_e8 = -25000000,
                              .venue_ns = now_ns,
                              .instrument = ETH,
                              .strategy = MAKER,
                              .side = SIDE_SELL,
                              .expected = 1};

    now_ns += 1000;
    SAY(EVENT_FILL, fill);
}

/* Sent, acknowledged, filled in part, and ended. */
static void say_life(uint64_t run, uint64_t number)
{
    say_sent(run, number);
    say_state(run, number, ORDER_WORKING, REPORT_VENUE_ACK, 0);
    say_fill(run, number, 1000 * run + number);
    say_state(run, number, ORDER_PARTLY_FILLED, REPORT_FILL_PART, 2);
    say_state(run, number, ORDER_CANCELLED, REPORT_VENUE_CANCEL, 2);
}

static void say_carried(uint64_t number, int64_t sent_ns)
{
    struct event_order_carried carried = {.order_id = id_of(FIRST_RUN, number),
                                          .order_seq = number,
                                          .price_ticks = 10000,
                                          .qty_lots = 20,
                                          .sent_ns = sent_ns,
                                          .acked_ns = sent_ns + 1,
                                          .instrument = BTC,
                                          .strategy = MAKER,
                                          .state = ORDER_UNKNOWN};

    SAY(EVENT_ORDER_CARRIED, carried);
}

/* --- what the lists show --- */

static const struct view_filter all = {
    .instrument = -1, .strategy = -1, .state = -1, .limit = 2 * KEPT};

static json_t *list_of(json_t *(*list)(struct view *view, const struct view_filter *filter),
                       int32_t state)
{
    struct view_filter filter = all;
    json_t *answer, *items;

    filter.state = state;
    answer = list(view, &filter);
    items = json_incref(json_object_get(answer, "items"));
    json_decref(answer);
    return items;
}

/* One member of each item, joined by blanks; valid until the next call. */
static const char *members(json_t *items, const char *name)
{
    static char text[4096];
    size_t used = 0, i;
    json_t *item;

    text[0] = '\0';
    json_array_foreach(items, i, item)
    {
        json_t *value = json_object_get(item, name);

        cr_assert(used < sizeof text - 32);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", i ? " " : "");
        if (json_is_string(value))
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s", json_string_value(value));
        else
            used += json_dumpb(value, text + used, sizeof text - used - 1, JSON_ENCODE_ANY);
        text[used] = '\0';
    }
    json_decref(items);
    return text;
}

static const char *orders(const char *name)
{
    return members(list_of(view_orders, -1), name);
}

static const char *fills(const char *name)
{
    return members(list_of(view_fills, -1), name);
}

static char *dump_without_earlier(json_t *items, bool earlier)
{
    size_t i;
    json_t *item;
    char *text;

    json_array_foreach(items, i, item)
    {
        cr_assert_eq(json_is_true(json_object_get(item, "earlier")), earlier);
        json_object_del(item, "earlier");
    }
    text = json_dumps(items, JSON_COMPACT);
    json_decref(items);
    return text;
}

static void check_same_as(char *before[2])
{
    char *now[2] = {dump_without_earlier(list_of(view_orders, -1), true),
                    dump_without_earlier(list_of(view_fills, -1), true)};

    for (int at = 0; at < 2; at++) {
        cr_expect_str_eq(now[at], before[at]);
        free(now[at]);
    }
}

/* Every member, but that they are earlier. The amended one shows what it was amended to. */
Test(view_earlier, the_lists_begin_with_what_they_held)
{
    struct event_order_state amended = {.order_id = id_of(FIRST_RUN, 2),
                                        .leaves_lots = 15,
                                        .state = ORDER_WORKING,
                                        .report = REPORT_VENUE_AMEND,
                                        .acked = 1,
                                        .price_ticks = 10100,
                                        .qty_lots = 15};
    struct event_order_state ended = amended;
    char *before[2];

    say_life(FIRST_RUN, 1);
    say_sent(FIRST_RUN, 2);
    SAY(EVENT_ORDER_STATE, amended);
    ended.state = ORDER_EXPIRED;
    ended.leaves_lots = 0;
    ended.report = REPORT_VENUE_EXPIRE;
    SAY(EVENT_ORDER_STATE, ended);
    say_sent(FIRST_RUN, 3);
    say_state(FIRST_RUN, 3, ORDER_CANCELLED, REPORT_KILLED_UNSENT, 0);
    say_life(FIRST_RUN, 4);
    before[0] = dump_without_earlier(list_of(view_orders, -1), false);
    before[1] = dump_without_earlier(list_of(view_fills, -1), false);
    start_again();
    check_same_as(before);
    cr_expect_str_eq(orders("state"), "CANCELLED CANCELLED EXPIRED CANCELLED");
    cr_expect_str_eq(orders("price"), "100 100 101 100");
    cr_expect_not_null(strstr(orders("acked_ns"), " null "), "the gateway sent nothing of it");
    start_again();
    check_same_as(before);
    free(before[0]);
    free(before[1]);
}

static bool is_zero(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    while (length > 0 && *at == 0) {
        at++;
        length--;
    }
    return length == 0;
}

static json_int_t number_in(json_t *json, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(json, name));

    json_decref(json);
    return number;
}

static json_t *eth_of(json_t *reconciliation)
{
    json_t *venue = json_array_get(json_object_get(reconciliation, "items"), 0);
    json_t *row = json_incref(json_array_get(json_object_get(venue, "instruments"), ETH));

    json_decref(reconciliation);
    return row;
}

static json_t *pairs(void)
{
    struct view_pairs asked = {.instrument = ETH, .states = VIEW_PAIRS_ANY, .limit = 10};

    return view_fill_pairs(view, &asked);
}

static void check_counters(uint64_t open_orders)
{
    struct view_counters counters;

    view_counters(view, &counters);
    cr_expect_eq(counters.open_orders, open_orders);
    cr_expect_eq(counters.unknown_orders, open_orders);
    counters.open_orders = counters.unknown_orders = 0;
    cr_expect(is_zero(&counters, sizeof counters), "no count begins with what was");
}

static void check_watch(uint64_t open_orders)
{
    struct view_watch watch;
    struct view_taking takings[4];

    view_watch(view, &watch);
    cr_expect_eq(watch.taken, 0);
    cr_expect_eq(watch.instrument[ETH].filled_ns, 0);
    cr_expect_eq(watch.venue[0].unknown, open_orders);
    cr_expect_eq(view_takings(view, takings, 4), 0);
    cr_expect_eq(histogram_summarise(view_taken(view)).count, 0);
}

static void check_limit_use(uint64_t open_orders)
{
    struct view_use uses[MAX_SCOPES];

    view_limit_use(view, uses);
    cr_expect_eq(uses[0].measured[LIMIT_MAX_OPEN_ORDERS], (int64_t)open_orders);
    cr_expect_eq(uses[0].measured[LIMIT_MAX_ORDERS_PER_DAY], 0);
    cr_expect_eq(uses[0].measured[LIMIT_MAX_MESSAGES_PER_S], 0);
    cr_expect_eq(uses[0].measured[LIMIT_MAX_REPEATED_EXECUTIONS], 0);
    cr_expect_eq(uses[0].measured[LIMIT_MAX_POSITION_LOTS], 20 * (int64_t)open_orders);
}

/* Those that are open are of unknown fate. */
static void check_uncounted(uint64_t open_orders)
{
    json_t *open = list_of(view_orders, -2);

    cr_expect_eq(json_array_size(open), open_orders);
    json_decref(open);
    cr_expect_eq(number_in(view_strategy_json(view, MAKER, false), "open_orders"),
                 (json_int_t)open_orders);
    check_counters(open_orders);
    check_watch(open_orders);
    check_limit_use(open_orders);
}

/* The venue told its count when the run began: only what came since is compared. */
static void check_apart_since(json_int_t fills_now)
{
    json_t *answer, *counts;
    char since[24];

    gateway_tell_fills(&gateway, ETH, sources.started_ns);
    cr_expect_eq(number_in(eth_of(view_reconciliation(view)), "fills"), fills_now);
    cr_expect_eq(number_in(eth_of(view_reconciliation(view)), "fills_since_told"), fills_now);
    answer = pairs();
    counts = json_object_get(answer, "counts");
    for (int state = 0; state < VIEW_PAIR_STATES; state++)
        cr_expect_eq(
            json_integer_value(json_object_get(counts, view_pair_name((enum view_pair)state))),
            state == VIEW_PAIR_UNKNOWN ? fills_now : 0, "%s",
            view_pair_name((enum view_pair)state));
    (void)snprintf(since, sizeof since, "%lld", (long long)sources.started_ns);
    cr_expect_str_eq(json_string_value(json_object_get(answer, "since_ns")), since);
    json_decref(answer);
}

Test(view_earlier, nothing_but_the_lists_sees_them)
{
    say_life(FIRST_RUN, 1);
    say_sent(FIRST_RUN, 2);
    say_state(FIRST_RUN, 2, ORDER_WORKING, REPORT_VENUE_ACK, 0);
    start_again();
    cr_expect_str_eq(fills("order"), "PW1-1X");
    check_uncounted(0);
    check_apart_since(0);
    cr_expect_null(view_order_why(view, id_of(FIRST_RUN, 1)));
}

/* It may be filled once more, or be told of, though the engine does not hold it. */
Test(view_earlier, what_comes_late_of_an_earlier_order_moves_no_count)
{
    say_life(FIRST_RUN, 1);
    start_again();
    say_state(FIRST_RUN, 1, ORDER_REJECTED, REPORT_VENUE_REJECT, 2);
    check_uncounted(0);
    say_fill(FIRST_RUN, 1, 77);
    cr_expect_eq(histogram_summarise(view_taken(view)).count, 0);
    cr_expect_str_eq(orders("state"), "CANCELLED");
    cr_expect_str_eq(fills("earlier"), "false true");
}

/* --- the seam --- */

static void walk(json_t *(*list)(struct view *view, const struct view_filter *filter),
                 const char *wanted)
{
    struct view_filter filter = all;
    json_t *whole = json_array();

    filter.limit = 2;
    for (int pages = 0; pages < 10; pages++) {
        json_t *page = list(view, &filter);
        json_t *next = json_object_get(page, "next");

        json_array_extend(whole, json_object_get(page, "items"));
        filter.cursor = json_is_null(next) ? 0 : strtoull(json_string_value(next), NULL, 10);
        json_decref(page);
        if (filter.cursor == 0)
            break;
    }
    cr_expect_str_eq(members(whole, "id"), wanted);
}

Test(view_earlier, pages_go_on_over_the_seam)
{
    for (uint64_t number = 1; number <= 3; number++)
        say_life(FIRST_RUN, number);
    start_again();
    for (uint64_t number = 1; number <= 2; number++)
        say_life(SECOND_RUN, number);
    cr_expect_str_eq(orders("seq"), "2 1 3 2 1");
    walk(view_orders, "PW2-2R PW2-1T PW1-3T PW1-2V PW1-1X");
    walk(view_fills, "0-2002 0-2001 0-1003 0-1002 0-1001");
}

/* The third had not ended either, and nobody holds it: it is not open. */
Test(view_earlier, an_order_that_goes_on_is_shown_once_as_it_is_now)
{
    int64_t sent_ns;

    say_sent(FIRST_RUN, 1);
    sent_ns = now_ns;
    say_state(FIRST_RUN, 1, ORDER_WORKING, REPORT_VENUE_ACK, 0);
    say_life(FIRST_RUN, 2);
    say_sent(FIRST_RUN, 3);
    start_again();
    cr_expect_str_eq(orders("state"), "UNKNOWN CANCELLED UNKNOWN");
    cr_expect_str_eq(orders("earlier"), "true true true");
    check_uncounted(0);
    say_carried(1, sent_ns);
    cr_expect_str_eq(orders("id"), "PW1-3T PW1-2V PW1-1X");
    cr_expect_str_eq(orders("earlier"), "true true false");
    check_uncounted(1);
    say_state(FIRST_RUN, 1, ORDER_CANCELLED, REPORT_VENUE_CANCEL, 0);
    cr_expect_str_eq(orders("state"), "UNKNOWN CANCELLED CANCELLED");
    check_uncounted(0);
}

/* Older than all that are listed, or sent between two of them, as an order of others is. */
Test(view_earlier, an_order_that_goes_on_and_is_not_listed_stands_by_its_age)
{
    int64_t between_ns;

    say_life(FIRST_RUN, 5);
    between_ns = now_ns;
    say_life(FIRST_RUN, 6);
    start_again();
    say_carried(1, between_ns - second_ns);
    say_carried(2, between_ns);
    say_carried(3, now_ns + second_ns);
    say_life(SECOND_RUN, 1);
    cr_expect_str_eq(orders("seq"), "1 3 6 2 5 1");
    walk(view_orders, "PW2-1T PW1-3T PW1-6N PW1-2V PW1-5P PW1-1X");
}

/* Another directory's audit.db: what this run sends is not taken for what that one had sent. */
Test(view_earlier, an_id_that_is_given_again_is_this_run_s)
{
    struct view_counters counters;

    say_life(FIRST_RUN, 1);
    say_life(FIRST_RUN, 2);
    start_again();
    say_sent(FIRST_RUN, 1);
    cr_expect_str_eq(orders("seq"), "1 2");
    cr_expect_str_eq(orders("state"), "PENDING_NEW CANCELLED");
    view_counters(view, &counters);
    cr_expect_eq(counters.open_orders, 1);
}

/* --- bounds --- */

static void check_full(uint64_t newest_exec)
{
    json_t *items = list_of(view_fills, -1);
    uint64_t oldest_exec;
    char wanted[24];

    cr_assert_eq(json_array_size(items), KEPT);
    (void)snprintf(wanted, sizeof wanted, "0-%llu", (unsigned long long)newest_exec);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(items, 0), "id")), wanted);
    oldest_exec = newest_exec - KEPT + 1;
    (void)snprintf(wanted, sizeof wanted, "0-%llu", (unsigned long long)oldest_exec);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(items, KEPT - 1), "id")),
                     wanted);
    json_decref(items);
    items = list_of(view_orders, -1);
    cr_expect_eq(json_array_size(items), KEPT);
    json_decref(items);
}

/* What an earlier run has booked gives way without a word: the venue's fill of that time, which
 * this run never had, is told as if no earlier one were listed. */
static void check_venue_alone(void)
{
    struct dropcopy_fill fill = {.exec_id = 5,
                                 .price_ticks = 10012,
                                 .qty_lots = 2,
                                 .venue_ns = first_ns,
                                 .noted_ns = first_ns - 2 * second_ns,
                                 .instrument = ETH};
    json_t *answer;

    gateway_list_fill(&gateway, &fill);
    answer = pairs();
    cr_expect_eq(
        json_integer_value(json_object_get(json_object_get(answer, "counts"), "venue_only")), 1);
    json_decref(answer);
}

/* The bound holds for both together, and what gives way to a new one is forgotten of no run that
 * compares itself with the venue. */
Test(view_earlier, the_newest_are_kept)
{
    for (uint64_t number = 1; number <= KEPT + 10; number++) {
        say_sent(FIRST_RUN, number);
        say_fill(FIRST_RUN, number, number);
        say_state(FIRST_RUN, number, ORDER_FILLED, REPORT_FILL_LAST, 20);
    }
    start_again();
    check_full(KEPT + 10);
    for (uint64_t number = 1; number <= 3; number++) {
        say_sent(SECOND_RUN, number);
        say_fill(SECOND_RUN, number, KEPT + 10 + number);
        say_state(SECOND_RUN, number, ORDER_FILLED, REPORT_FILL_LAST, 20);
    }
    check_full(KEPT + 13);
    check_apart_since(3);
    check_venue_alone();
}

/* --- what is on the disk is not as it should be --- */

static void tamper_between(const char *sql)
{
    stop();
    desk_tamper(&desk, sql);
    start();
    say_names();
}

Test(view_earlier, a_row_that_cannot_be_read_is_left_out)
{
    for (uint64_t number = 1; number <= 3; number++)
        say_life(FIRST_RUN, number);
    tamper_between("UPDATE fills SET price = '1e5' WHERE exec_id = 1002;"
                   "UPDATE orders SET state = 'SOLD' WHERE order_seq = 3;"
                   "UPDATE orders SET qty = '0.0005' WHERE order_seq = 1");
    cr_expect_str_eq(fills("id"), "0-1003 0-1001");
    cr_expect_str_eq(orders("seq"), "2");
    check_uncounted(0);
}

Test(view_earlier, rows_of_before_the_lists_went_on_are_left_out)
{
    say_life(FIRST_RUN, 1);
    tamper_between("UPDATE orders SET sent_seq = NULL");
    cr_expect_str_eq(fills("id"), "0-1001");
    cr_expect_str_eq(orders("id"), "");
}

/* Garbage over the root of the index: SQLite says so when the orders are looked for, not before. */
static void damage_index(void)
{
    long page = strtol(desk_ask(&desk, "SELECT rootpage FROM sqlite_schema"
                                       " WHERE name = 'orders_sent_seq'"),
                       NULL, 10);
    char path[96], garbage[4096];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/audit.db", desk.dir);
    memset(garbage, 0x5a, sizeof garbage);
    file = fopen(path, "r+");
    cr_assert(file && page > 1 && fseek(file, (page - 1) * 4096, SEEK_SET) == 0 &&
              fwrite(garbage, sizeof garbage, 1, file) == 1 && fclose(file) == 0);
}

Test(view_earlier, a_damaged_database_makes_the_lists_shorter_and_stops_no_start)
{
    say_life(FIRST_RUN, 1);
    stop();
    damage_index();
    start();
    cr_expect_str_eq(fills("id"), "0-1001");
    cr_expect_str_eq(orders("id"), "");
    check_uncounted(0);
}

/* The journal was cut and has given its numbers again: positions are those of what it has now. */
Test(view_earlier, rows_whose_records_the_journal_lost_are_left_out)
{
    for (uint64_t number = 1; number <= 3; number++)
        say_life(FIRST_RUN, number);
    tamper_between("UPDATE fills SET lane_seq = (SELECT lane_seq + 1 FROM fills"
                   " WHERE exec_id = 1002) WHERE exec_id = 1001;"
                   "UPDATE fills SET lane_seq = 1000000 WHERE exec_id = 1003;"
                   "UPDATE orders SET sent_seq = 1000000 WHERE order_seq = 3");
    cr_expect_str_eq(fills("id"), "0-1002");
    cr_expect_str_eq(orders("seq"), "2 1");
}

/* --- another configuration --- */

Test(view_earlier, a_strategy_that_is_gone_keeps_its_name_and_an_instrument_its_rows)
{
    say_life(FIRST_RUN, 1);
    stop();
    strcpy(desk.config.strategy[MAKER].name, "other");
    start();
    say_names();
    cr_expect_str_eq(fills("strategy"), "maker");
    cr_expect_str_eq(orders("strategy"), "maker");
    cr_expect_str_eq(orders("actor"), "maker");
    check_uncounted(0);
    stop();
    desk.config.instrument[BTC].tick_units = 3; /* the orders'; the fills are of the other */
    strcpy(desk.config.instrument[ETH].name, "sim:XRPUSDT");
    start();
    say_names();
    cr_expect_str_eq(fills("id"), "");
    cr_expect_str_eq(orders("id"), "");
}

/* --- receipts --- */

static int count_of(const json_t *object, const char *name) /* -1: null */
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static const char *flatten_of(const json_t *flatten)
{
    if (json_is_null(flatten))
        return "as it is";
    if (json_is_string(json_object_get(flatten, "refused")))
        return "not flat";
    return json_is_true(json_object_get(flatten, "done")) ? "flat" : "flattening";
}

/* Of the first run's kill: confirmed of resting, what is held, and whether it is complete. */
static const char *receipt(void)
{
    static char text[64];
    json_t *json = view_receipt(view, id_of(FIRST_RUN, 1));

    cr_assert_not_null(json);
    (void)snprintf(text, sizeof text, "%d/%d %s %s",
                   count_of(json_object_get(json, "cancels"), "confirmed"),
                   count_of(json, "resting"), flatten_of(json_object_get(json, "flatten")),
                   json_is_true(json_object_get(json, "complete")) ? "complete" : "open");
    json_decref(json);
    return text;
}

static void say_killed(uint32_t confirmed)
{
    uint64_t incident = id_of(FIRST_RUN, 1);
    struct event_kill_seen seen = {.incident = incident, .last_order_seq = 12, .resting = 2};
    struct event_kill_progress progress = {.incident = incident, .sent = 2, .confirmed = confirmed};
    struct event_state_changed halted = {.state = STATE_HALTED, .version = 2, .incident = incident};

    SAY(EVENT_STATE_CHANGED, halted);
    SAY(EVENT_KILL_SEEN, seen);
    SAY(EVENT_KILL_PROGRESS, progress);
}

Test(view_earlier, a_receipt_says_after_its_run_what_it_said_in_it)
{
    struct event_flatten flat = {.incident = id_of(FIRST_RUN, 1), .orders = 3, .done = 1};

    say_killed(2);
    cr_expect_str_eq(receipt(), "2/2 as it is complete");
    start_again();
    cr_expect_str_eq(receipt(), "2/2 as it is complete");
    SAY(EVENT_FLATTEN, flat);
    cr_expect_str_eq(receipt(), "2/2 flat complete");
    start_again();
    cr_expect_str_eq(receipt(), "2/2 flat complete");
    flat.done = 1;
    flat.refused = FLATTEN_GAVE_UP;
    SAY(EVENT_FLATTEN, flat);
    start_again();
    cr_expect_str_eq(receipt(), "2/2 not flat complete");
}

/* What that run had not confirmed, this one asks the venue about. */
Test(view_earlier, a_receipt_is_open_as_long_as_an_order_that_it_cancelled_may_live)
{
    int64_t sent_ns = now_ns + 1000;

    say_sent(FIRST_RUN, 1);
    say_killed(1);
    cr_expect_str_eq(receipt(), "1/2 as it is open");
    start_again();
    say_carried(1, sent_ns);
    cr_expect_str_eq(receipt(), "1/2 as it is open");
    say_state(FIRST_RUN, 1, ORDER_CANCELLED, REPORT_VENUE_CANCEL, 0);
    cr_expect_str_eq(receipt(), "1/2 as it is complete");
}

Test(view_earlier, the_receipt_of_one_strategy_does_not_wait_for_another)
{
    uint64_t incident = id_of(FIRST_RUN, 1);
    struct event_state_changed halted = {.scope = desk_scope(&desk, "strategy/manual"),
                                         .state = STATE_HALTED,
                                         .version = 2,
                                         .incident = incident};
    struct event_kill_seen seen = {.incident = incident, .scope = halted.scope, .resting = 1};

    say_sent(FIRST_RUN, 1);
    SAY(EVENT_STATE_CHANGED, halted);
    SAY(EVENT_KILL_SEEN, seen);
    start_again();
    say_carried(1, now_ns);
    cr_expect_str_eq(receipt(), "0/1 as it is complete", "maker's order");
}
