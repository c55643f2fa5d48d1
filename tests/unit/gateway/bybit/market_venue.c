/* The market session against `pitwall venue` with faults: whenever the sink's book is whole and of
 * the same moment as the venue's own answer, they are equal. Wants a pitwall beside this program
 * that knows the verb; skips without it. */
#include "../net/peer.h"
#include "gateway/bybit/market_inside.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { SYMBOLS = 2, LEVELS = 50 };

static const char *const symbols[SYMBOLS] = {"BTCUSDT", "ETHUSDT"};

static const char faults[] = "{\"on\":\"book\",\"every\":40,\"do\":\"seq_gap\"}\n"
                             "{\"on\":\"book\",\"every\":170,\"do\":\"seq_reset\"}\n"
                             "{\"on\":\"book\",\"every\":90,\"do\":\"crossed_book\"}\n"
                             "{\"on\":\"book\",\"every\":130,\"do\":\"corrupt_json\"}\n"
                             "{\"on\":\"book\",\"every\":33,\"do\":\"dup\"}\n"
                             "{\"on\":\"book\",\"every\":110,\"do\":\"reorder\"}\n"
                             "{\"on\":\"book\",\"every\":25,\"do\":\"delay\",\"ms\":60}\n"
                             "{\"on\":\"book\",\"every\":310,\"do\":\"rst\"}\n"
                             "{\"on\":\"trade\",\"every\":7,\"do\":\"dup\"}\n"
                             "{\"on\":\"ticker\",\"every\":150,\"do\":\"truncate\"}\n";

struct stage {
    pid_t venue;
    char folder[64], base[64], url[64];
    struct net *net;
    struct bybit_market *market;
    struct book *book[SYMBOLS];
    struct trade_ids *trades[SYMBOLS];
    bool expects_snapshot[SYMBOLS], asking;
    uint32_t updates, equal, lost;
};

/* "PATH/pitwall" beside this program; false: it is not there or has no venue. */
static bool find_pitwall(char path[4096])
{
    char command[4200];
    ssize_t length = readlink("/proc/self/exe", path, 4000);
    char *slash;

    if (length <= 0)
        return false;
    path[length] = '\0';
    slash = strrchr(path, '/');
    snprintf(slash + 1, 16, "pitwall");
    snprintf(command, sizeof command, "%s help venue >/dev/null 2>&1", path);
    return access(path, X_OK) == 0 && system(command) == 0;
}

static void read_address(struct stage *stage, int from)
{
    char text[512] = {0};
    size_t used = 0;
    char *at = NULL;

    while (used + 1 < sizeof text && (!at || !strchr(at, '\n'))) {
        ssize_t got = read(from, text + used, 1);

        cr_assert_eq(got, 1, "the venue ended: %s", text);
        used++;
        at = strstr(text, "http://");
    }
    snprintf(stage->base, sizeof stage->base, "%.*s", (int)strcspn(at, "\n"), at);
    snprintf(stage->url, sizeof stage->url, "ws%.50s", stage->base + 4);
}

static void start_venue(struct stage *stage, char *pitwall, const char *script)
{
    char path[96];
    int out[2];
    FILE *file;

    snprintf(stage->folder, sizeof stage->folder, "/tmp/pitwall-market-XXXXXX");
    cr_assert_not_null(mkdtemp(stage->folder));
    snprintf(path, sizeof path, "%s/faults", stage->folder);
    file = fopen(path, "w");
    fputs(script, file);
    fclose(file);
    cr_assert_eq(pipe(out), 0);
    stage->venue = fork();
    if (stage->venue == 0) {
        dup2(out[1], 1);
        close(out[0]);
        execl(pitwall, "pitwall", "venue", "--protocol", "bybit-v5", "--listen", "127.0.0.1:0",
              "--faults", path, "--seed", "7", "--limits", "off", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    read_address(stage, out[0]);
    close(out[0]);
}

static void remove_folder(const struct stage *stage)
{
    char path[96];

    snprintf(path, sizeof path, "%s/faults", stage->folder);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(stage->folder), 0);
}

/* ---- the sink --------------------------------------------------------------------------- */

static void take_book(struct stage *stage, const struct market_update *update)
{
    struct book *book = stage->book[update->instrument];
    bool *expects = &stage->expects_snapshot[update->instrument];

    if (update->kind == MARKET_SNAPSHOT)
        *expects = false;
    cr_assert_not(*expects, "a delta after a loss");
    if (update->kind == MARKET_DELTA)
        cr_assert_eq(update->prev_update_id, book_update_id(book));
    if (book_apply(book, update) != BOOK_APPLIED) {
        cr_assert_eq(book_status(book), BOOK_CROSSED);
        *expects = true;
    }
}

static void on_update(void *ctx, const struct market_update *update)
{
    struct stage *stage = ctx;

    stage->updates++;
    if (update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA)
        take_book(stage, update);
    if (update->kind == MARKET_TRADE)
        cr_assert(trade_ids_add(stage->trades[update->instrument], (uint64_t)update->update_id));
    if (update->kind == MARKET_LOST) {
        stage->lost++;
        stage->expects_snapshot[update->instrument] = true;
    }
}

/* ---- the oracle ------------------------------------------------------------------------- */

static void compare_side(const struct stage *stage, enum side side, const json_t *list,
                         uint32_t price_decimals)
{
    struct level levels[LEVELS];
    uint32_t count = book_levels(stage->book[0], side, levels, LEVELS);

    cr_assert_eq(count, json_array_size(list));
    for (uint32_t at = 0; at < count; at++) {
        const json_t *row = json_array_get(list, at);
        const char *price = json_string_value(json_array_get(row, 0));
        const char *qty = json_string_value(json_array_get(row, 1));
        int64_t ticks, lots;

        cr_assert(decimal_parse(price, strlen(price), price_decimals, &ticks));
        cr_assert(decimal_parse(qty, strlen(qty), 3, &lots));
        cr_assert_eq(levels[at].price_ticks, ticks, "level %u", at);
        cr_assert_eq(levels[at].qty_lots, lots, "level %u", at);
    }
}

static void on_answer(void *ctx, const struct net_answer *answer)
{
    struct stage *stage = ctx;
    const struct bybit_chain *chain = &stage->market->item[0].chain;
    json_t *root = json_loadb(answer->body, answer->length, 0, NULL);
    const json_t *result = json_object_get(root, "result");

    stage->asking = false;
    if (answer->http_status == 200 && chain->fresh &&
        json_integer_value(json_object_get(result, "seq")) == chain->seq) {
        compare_side(stage, SIDE_BUY, json_object_get(result, "b"), 1);
        compare_side(stage, SIDE_SELL, json_object_get(result, "a"), 1);
        stage->equal++;
    }
    json_decref(root);
}

static void ask(struct stage *stage)
{
    struct net_request request = {.base = stage->base,
                                  .method = "GET",
                                  .path = "/v5/market/orderbook?category=linear&symbol=BTCUSDT"
                                          "&limit=50",
                                  .deadline_ns = 2000000000,
                                  .ctx = stage,
                                  .done = on_answer};

    if (!stage->asking)
        stage->asking = net_request(stage->net, &request);
}

static void run(struct stage *stage, int64_t for_ns)
{
    const struct timespec nap = {.tv_nsec = 500000};

    for (int64_t until_ns = clock_mono_ns() + for_ns; clock_mono_ns() < until_ns;) {
        if (net_poll(stage->net) == 0)
            nanosleep(&nap, NULL);
        bybit_market_turn(stage->market, clock_real_ns());
        ask(stage);
    }
}

static void check_against_venue(bool standby, const char *script)
{
    struct stage *stage;
    struct net_config net_config = {.seed = 1, .connects_max = 500};
    struct bybit_listing listings[SYMBOLS];
    struct bybit_market_config config;
    char pitwall[4096];
    struct err err;

    if (!find_pitwall(pitwall))
        cr_skip_test("no pitwall with a venue beside this program");
    stage = calloc(1, sizeof *stage);
    start_venue(stage, pitwall, script);
    cr_assert_eq(net_open(&stage->net, &net_config, &err), OK);
    for (uint16_t at = 0; at < SYMBOLS; at++) {
        listings[at] = (struct bybit_listing){.symbol = symbols[at],
                                              .grid = {.price_decimals = at == 0 ? 1 : 2,
                                                       .qty_decimals = at == 0 ? 3 : 2,
                                                       .tick_units = 1,
                                                       .lot_units = 1,
                                                       .instrument = at}};
        stage->book[at] = aligned_alloc(128, (book_size() + 127) & ~(size_t)127);
        book_init(stage->book[at], at);
        stage->trades[at] = calloc(1, sizeof *stage->trades[at]);
    }
    config = (struct bybit_market_config){.url = stage->url,
                                          .category = BYBIT_LINEAR,
                                          .listings = listings,
                                          .count = SYMBOLS,
                                          .standby = standby,
                                          .ctx = stage,
                                          .update = on_update};
    cr_assert_eq(bybit_market_open(&stage->market, stage->net, &config, &err), OK, "%s", err.text);
    run(stage, 6000000000);
    kill(stage->venue, SIGKILL);
    waitpid(stage->venue, NULL, 0);
    {
        struct bybit_market_counters counters = bybit_market_counters(stage->market);

        cr_log_info("updates %lu gaps %lu resets %lu crossed %lu lost %lu asked %lu refused %lu "
                    "connects %lu copies %lu compared %u",
                    counters.updates, counters.gaps, counters.resets, counters.crossed,
                    counters.lost, counters.resubscribed, counters.refused, counters.connects,
                    counters.copies, stage->equal);
        cr_assert_gt(stage->updates, 100);
        cr_assert_gt(stage->equal, 5);
        if (script[0] == '\0')
            cr_assert_eq(counters.lost + counters.gaps + counters.refused, 0);
        else
            cr_assert_gt(counters.gaps, 2);
    }
    bybit_market_close(stage->market);
    net_close(stage->net);
    remove_folder(stage);
    for (uint16_t at = 0; at < SYMBOLS; at++) {
        free(stage->book[at]);
        free(stage->trades[at]);
    }
    free(stage);
}

Test(bybit_market_venue, without_faults_nothing_is_lost)
{
    check_against_venue(false, "");
}

Test(bybit_market_venue, with_faults_the_book_is_the_venues)
{
    check_against_venue(false, faults);
}

Test(bybit_market_venue, with_faults_and_a_standby_the_book_is_the_venues)
{
    check_against_venue(true, faults);
}
