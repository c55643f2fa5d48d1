/* A gateway to Bybit with a test in the engine's place: what the test writes goes onto its rings,
 * and what comes off them is printed.
 *
 *   driver REST STREAM KEYFILE NAME PRICE_DECIMALS TICK_UNITS QTY_DECIMALS LOT_UNITS [EPOCH [CA]]
 *
 * NAME: "bybit-linear:BTCUSDT". Lines on stdin, n numbers the orders of this EPOCH from 1:
 *   new n buy|sell PRICE_TICKS LOTS gtc|ioc|fok|post|reduce     amend n NO PRICE_TICKS LOTS
 *   cancel n     query n NO     foreign ID (cancels it)     kill     sweep     beat on|off
 *   carry n (an earlier EPOCH's order n is alive, of strategy 2)     counters     quit
 * With CHECK in the environment: bybit_check(), and exit code 1 when something is bad. OPENING_LOTS
 * in it are ours from earlier runs, ORDERS_PER_S is the budget.
 * Lines on stdout, JSON: reports, states, the touch when asked ("touch"). */
#include "gateway/bybit/bybit.h"
#include "thread/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MARKET_BYTES = 1 << 22, RING_BYTES = 1 << 18, CARRIED_MAX = 64 };

static struct instrument row;
static struct ring market, executions, orders;
static struct kill_page kill_page;
static struct gateway *gateway;
static struct book *book;
static uint64_t epoch = 1, seq;
static uint64_t carried[CARRIED_MAX];
static uint32_t carried_count;
static _Atomic int64_t beat_ns;
static bool beats = true;

static uint64_t id_of(uint64_t of_epoch, uint64_t n)
{
    return 1ULL << 52 | of_epoch << 32 | n;
}

static void note_stop(void *ctx, uint16_t scope, const char *says)
{
    (void)ctx;
    printf("{\"stop\":%d,\"says\":\"%s\"}\n", scope, says);
}

static bool is_news(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill)
{
    (void)ctx;
    (void)exec_id;
    fill->strategy = 2;
    for (uint32_t at = 0; at < carried_count; at++)
        if (carried[at] == order_id)
            return true;
    return false;
}

static void *ring_room(struct ring *ring, size_t bytes)
{
    void *room = aligned_alloc(CACHE_LINES_APART, bytes);

    if (!room)
        exit(70);
    ring_init(ring, room, bytes);
    return room;
}

static int refuse(const struct err *err)
{
    fprintf(stderr, "%s\n", err->text);
    return status_exit(err->status);
}

static void take_row(char **arguments)
{
    snprintf(row.name, sizeof row.name, "%s", arguments[0]);
    row.price_decimals = (uint32_t)strtoul(arguments[1], NULL, 10);
    row.tick_units = strtoll(arguments[2], NULL, 10);
    row.qty_decimals = (uint32_t)strtoul(arguments[3], NULL, 10);
    row.lot_units = strtoll(arguments[4], NULL, 10);
    row.tick_value_e8 = 1;
    row.maker_fee_e8 = row.taker_fee_e8 = 100000;
}

static struct bybit_config config_of(char **arguments)
{
    struct bybit_config config = {.io = {.instruments = &row,
                                         .instrument_count = 1,
                                         .market = &market,
                                         .executions = &executions,
                                         .orders = &orders,
                                         .kill = &kill_page,
                                         .stop = note_stop},
                                  .scopes = {.venues = 1, .strategies = 4, .instruments = 1},
                                  .depth = 50,
                                  .recv_window_ms = 2000,
                                  .stale_ns = 5000000000,
                                  .private_silence_ns = 6000000000,
                                  .heartbeat_ns = 2000000000,
                                  .reconcile_ns = 3000000000,
                                  .reference_ns = 5000000000,
                                  .dcp_ns = 3000000000,
                                  .clock_alarm_ns = 250000000,
                                  .orders_per_s = 20,
                                  .is_news = is_news,
                                  .engine_beat_ns = &beat_ns};

    if (getenv("OPENING_LOTS"))
        config.opening_lots[0] = strtoll(getenv("OPENING_LOTS"), NULL, 10);
    if (getenv("ORDERS_PER_S"))
        config.orders_per_s = (uint32_t)strtoul(getenv("ORDERS_PER_S"), NULL, 10);
    snprintf(config.rest, sizeof config.rest, "%s", arguments[0]);
    snprintf(config.stream, sizeof config.stream, "%s", arguments[1]);
    config.is_spot = strncmp(row.name, "bybit-spot:", 11) == 0;
    return config;
}

/* ---- what the test writes --------------------------------------------------------------- */

static void put(struct order_message message)
{
    struct order_message *slot = ring_reserve(&orders, sizeof *slot);

    if (!slot)
        exit(70);
    message.strategy = 1;
    message.scopes = (struct order_scopes){0, 1, 3, 6};
    if (message.kind == ORDER_MESSAGE_NEW)
        message.seq = ++seq;
    *slot = message;
    ring_publish(&orders);
}

static void put_new(uint64_t n, const char *side, int64_t price_ticks, int64_t lots,
                    const char *kind)
{
    put((struct order_message){.kind = ORDER_MESSAGE_NEW,
                               .side = strcmp(side, "buy") == 0 ? SIDE_BUY : SIDE_SELL,
                               .tif = (uint8_t)(strcmp(kind, "ioc") == 0   ? TIF_IOC
                                                : strcmp(kind, "fok") == 0 ? TIF_FOK
                                                                           : TIF_GTC),
                               .flags = (uint8_t)(strcmp(kind, "post") == 0     ? ORDER_POST_ONLY
                                                  : strcmp(kind, "reduce") == 0 ? ORDER_REDUCE_ONLY
                                                                                : 0),
                               .order_id = id_of(epoch, n),
                               .price_ticks = price_ticks,
                               .qty_lots = lots});
}

static void print_counters(void)
{
    struct gateway_counters counters = gateway_counters(gateway);

    printf("{\"counters\":{\"orders\":%" PRIu64 ",\"unsent\":%" PRIu64 ",\"cancels\":%" PRIu64
           ",\"refused\":%" PRIu64 ",\"connects\":%" PRIu64 ",\"gaps\":%" PRIu64
           ",\"swept\":%s,\"offset_ns\":%" PRId64 ",\"venue_lots\":%" PRId64 "}}\n",
           counters.orders, counters.unsent, counters.cancels, counters.refused_frames,
           counters.connects, counters.gaps, gateway_sweep_wanted(gateway) == 0 ? "true" : "false",
           atomic_load(&gateway->clock_offset_ns), atomic_load(&gateway->venue_lots[0]));
}

static void print_touch(void)
{
    struct touch touch = book_touch(book);

    printf("{\"touch\":[%" PRId64 ",%" PRId64 "],\"stale\":%s}\n", touch.bid.price_ticks,
           touch.ask.price_ticks, book_is_stale(book) ? "true" : "false");
}

enum { WORDS_MAX = 6 };

/* Splits a line; words that are not there are empty. */
static void split(char *line, char *words[WORDS_MAX])
{
    static char none[] = "";

    for (int at = 0; at < WORDS_MAX; at++) {
        char *word = strsep(&line, " ");

        words[at] = word ? word : none;
    }
}

static uint64_t whole(const char *word)
{
    return strtoull(word, NULL, 10);
}

static void put_about(enum order_message_kind kind, char **words)
{
    put((struct order_message){.kind = (uint8_t)kind,
                               .amend_no = (uint32_t)whole(words[2]),
                               .order_id = id_of(epoch, whole(words[1])),
                               .price_ticks = (int64_t)whole(words[3]),
                               .qty_lots = (int64_t)whole(words[4])});
}

static bool obey_order(char **words)
{
    if (strcmp(words[0], "new") == 0)
        put_new(whole(words[1]), words[2], (int64_t)whole(words[3]), (int64_t)whole(words[4]),
                words[5]);
    else if (strcmp(words[0], "amend") == 0)
        put_about(ORDER_MESSAGE_AMEND, words);
    else if (strcmp(words[0], "cancel") == 0)
        put_about(ORDER_MESSAGE_CANCEL, words);
    else if (strcmp(words[0], "query") == 0)
        put_about(ORDER_MESSAGE_QUERY, words);
    else if (strcmp(words[0], "foreign") == 0)
        put((struct order_message){.kind = ORDER_MESSAGE_CANCEL, .order_id = whole(words[1])});
    else
        return false;
    return true;
}

static bool obey(char *line)
{
    char *words[WORDS_MAX];

    split(line, words);
    if (obey_order(words))
        return true;
    if (strcmp(words[0], "kill") == 0)
        kill_page_set(&kill_page, 0);
    else if (strcmp(words[0], "sweep") == 0)
        kill_page_sweep(&kill_page);
    else if (strcmp(words[0], "beat") == 0)
        beats = strcmp(words[1], "on") == 0;
    else if (strcmp(words[0], "counters") == 0)
        print_counters();
    else if (strcmp(words[0], "touch") == 0)
        print_touch();
    else if (strcmp(words[0], "carry") == 0 && carried_count < CARRIED_MAX)
        carried[carried_count++] = id_of(epoch - 1, whole(words[1]));
    else
        return false;
    return true;
}

/* False: it is over. */
static bool read_lines(void)
{
    static char text[4096];
    static size_t length;
    ssize_t got = read(0, text + length, sizeof text - 1 - length);
    char *end;

    if (got == 0)
        return false;
    length += got > 0 ? (size_t)got : 0;
    text[length] = '\0';
    while ((end = strchr(text, '\n'))) {
        *end = '\0';
        if (strcmp(text, "quit") == 0)
            return false;
        if (!obey(text))
            fprintf(stderr, "not a command: %s\n", text);
        length -= (size_t)(end + 1 - text);
        memmove(text, end + 1, length + 1);
    }
    return true;
}

/* ---- what comes of it ------------------------------------------------------------------- */

static void print_report(const struct execution *said)
{
    bool ours = said->order_id >> 52 == 1;

    printf("{\"report\":\"%s\",\"n\":%" PRIu64 ",\"epoch\":%" PRIu64 ",\"id\":\"%" PRIu64
           "\",\"side\":\"%s\",\"price\":%" PRId64 ",\"lots\":%" PRId64 ",\"amend\":%u,"
           "\"fee_e8\":%" PRId64 ",\"maker\":%s,\"exec\":\"%" PRIu64 "\",\"strategy\":%u}\n",
           report_name((enum report)said->report), ours ? said->order_id & UINT32_MAX : 0,
           ours ? said->order_id >> 32 & (MAX_EPOCH - 1) : 0, said->order_id,
           side_name((enum side)said->side), said->price_ticks, said->qty_lots, said->amend_no,
           said->fee_e8, said->maker ? "true" : "false", said->exec_id, said->strategy);
}

static void take_update(const struct market_update *update)
{
    if (update->kind == MARKET_LOST)
        book_mark(book, BOOK_LOST);
    else if (update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA)
        (void)book_apply(book, update);
}

static void drain(void)
{
    size_t length;
    const void *item;

    while ((item = ring_peek(&executions, &length))) {
        print_report(item);
        ring_release(&executions);
    }
    while ((item = ring_peek(&market, &length))) {
        take_update(item);
        ring_release(&market);
    }
}

static void run(void)
{
    enum gateway_state before = GATEWAY_STATE_COUNT;

    while (read_lines()) {
        if (beats)
            atomic_store(&beat_ns, clock_mono_ns());
        if (gateway_poll(gateway) == 0)
            usleep(200);
        drain();
        if (gateway_state(gateway) != before) {
            before = gateway_state(gateway);
            printf("{\"state\":\"%s\"}\n", gateway_state_name(before));
        }
        fflush(stdout);
    }
}

static void say_finding(void *ctx, enum bybit_finding finding, const char *what, const char *found)
{
    static const char *const names[] = {"good", "warn", "bad"};

    (void)ctx;
    printf("{\"finding\":\"%s\",\"what\":\"%s\",\"found\":\"%s\"}\n", names[finding], what, found);
}

int main(int argc, char **argv)
{
    struct bybit_config config;
    struct err err;

    if (argc < 9) {
        fprintf(stderr, "usage: see the source\n");
        return 64;
    }
    take_row(argv + 4);
    epoch = argc > 9 ? strtoull(argv[9], NULL, 10) : 1;
    (void)ring_room(&market, MARKET_BYTES);
    (void)ring_room(&executions, RING_BYTES);
    (void)ring_room(&orders, RING_BYTES);
    config = config_of(argv + 1);
    if (argc > 10)
        snprintf(config.ca_file, sizeof config.ca_file, "%s", argv[10]);
    if (bybit_read_key(argv[3], config.key, config.secret, &err) != OK)
        return refuse(&err);
    if (getenv("CHECK"))
        return bybit_check(&config, say_finding, NULL) == 0 ? 0 : 1;
    if (bybit_open(&gateway, &config, &err) != OK)
        return refuse(&err);
    book = aligned_alloc(CACHE_LINES_APART, book_size());
    if (!book)
        return 70;
    book_init(book, 0);
    (void)fcntl(0, F_SETFL, O_NONBLOCK);
    run();
    gateway_close(gateway);
    return 0;
}
