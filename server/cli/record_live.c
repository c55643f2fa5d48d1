/* pitwall record --venue bybit --url wss://HOST --symbols A,B --seconds S --out DIR
 *                [--category linear|spot] [--depth N] [--ca-file PEM]
 *
 * Subscribes books, trades and tickers and writes each frame as it comes, with the time of our
 * clock; a lost connection is made again, and begins with fresh snapshots. Ends after S seconds or
 * with SIGINT or SIGTERM, with whole files. */
#include "cli/record_live.h"

#include "cli/cli.h"
#include "gateway/bybit/recorder.h"
#include "gateway/bybit/subscribe.h"
#include "gateway/net/net.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000LL

enum { SECONDS_MAX = 7 * 86400, IDLE_NS = 200000 };

struct live {
    const char *url, *out, *ca_file;
    bool is_spot;
    uint16_t depth, count;
    int64_t seconds;
    char names[MAX_INSTRUMENTS][MAX_NAME];
    const char *symbols[MAX_INSTRUMENTS + 1]; /* NULL behind the last */
    struct net *net;
    struct net_socket *socket;
    struct bybit_recorder *recorder;
    uint64_t frames, connects;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* ---- the connection --------------------------------------------------------------------- */

static const char *symbol_at(void *ctx, uint16_t index)
{
    const struct live *live = ctx;

    return live->symbols[index];
}

static void on_opened(void *ctx, uint64_t epoch)
{
    struct live *live = ctx;

    live->connects++;
    if (!bybit_subscribe_all(live->socket, epoch, live->is_spot, live->depth, symbol_at, live))
        net_socket_drop(live->socket, 0);
}

static void on_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    struct live *live = ctx;
    char says[160];

    (void)epoch;
    if (bybit_recorder_write(live->recorder, received_ns, text, length))
        live->frames++;
    else if (!bybit_reply_is_fine(text, length))
        log_line(LOG_WARN, "record", "the venue refused a request", "reply=%s",
                 log_escape(says, sizeof says, text));
}

static void on_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                      const char *text)
{
    char says[160];

    (void)ctx;
    (void)epoch;
    log_line(LOG_WARN, "record", "connection ended", "why=%d http_status=%d says=\"%s\"", (int)why,
             http_status, log_escape(says, sizeof says, text));
}

static enum status connect_live(struct live *live, struct err *err)
{
    struct net_config net = {.ca_file = live->ca_file, .seed = (uint64_t)clock_real_ns()};
    char url[NET_URL_MAX];
    struct net_socket_config socket = {.url = url,
                                       .ctx = live,
                                       .opened = on_opened,
                                       .frame = on_frame,
                                       .closed = on_closed,
                                       .heartbeat = "{\"op\":\"ping\"}",
                                       .heartbeat_ns = 20 * SECOND_NS,
                                       .silence_ns = 30 * SECOND_NS,
                                       .frame_max = 4 << 20};
    enum status status = net_open(&live->net, &net, err);

    snprintf(url, sizeof url, "%.200s/v5/public/%s", live->url, live->is_spot ? "spot" : "linear");
    return status == OK ? net_socket_open(live->net, &live->socket, &socket, err) : status;
}

static void write_until(struct live *live, int64_t until_ns)
{
    const struct timespec idle = {.tv_nsec = IDLE_NS};

    while (!stop && clock_mono_ns() < until_ns)
        if (net_poll(live->net) == 0)
            nanosleep(&idle, NULL);
}

static enum status record(struct live *live, struct err *err)
{
    struct bybit_recorder_config config = {.folder = live->out,
                                           .is_spot = live->is_spot,
                                           .symbols = live->symbols,
                                           .count = live->count,
                                           .start_ns = clock_real_ns()};
    enum status status = bybit_recorder_open(&live->recorder, &config, err);
    enum status closed;

    if (status != OK)
        return status;
    status = connect_live(live, err);
    if (status == OK)
        write_until(live, clock_mono_ns() + live->seconds * SECOND_NS);
    if (live->net)
        net_close(live->net);
    closed = bybit_recorder_close(live->recorder, err);
    if (status == OK && closed == OK && live->frames == 0)
        return err_format(err, ERR_UNAVAILABLE, "%.200s: no frame came", live->url);
    return status != OK ? status : closed;
}

/* ---- the verb --------------------------------------------------------------------------- */

static const char *take_symbols(struct live *live, const char *list)
{
    for (const char *at = list; *at != '\0';) {
        size_t length = strcspn(at, ",");

        if (length == 0 || length >= MAX_NAME || live->count == MAX_INSTRUMENTS)
            return "--symbols takes 1 to 32 names, with commas between";
        memcpy(live->names[live->count], at, length);
        live->symbols[live->count] = live->names[live->count];
        live->count++;
        at += length + (at[length] == ',');
    }
    return NULL;
}

static const char *take_number(const char *text, int64_t most, int64_t *value, const char *wrong)
{
    return decimal_parse(text, strlen(text), 0, value) && *value > 0 && *value <= most ? NULL
                                                                                       : wrong;
}

/* NULL, or what is wrong. */
static const char *take_option(struct live *live, const char *name, const char *value)
{
    int64_t number;
    const char *wrong;

    if (strcmp(name, "--venue") == 0)
        return strcmp(value, "bybit") == 0 ? NULL : "--venue takes bybit";
    if (strcmp(name, "--seconds") == 0)
        return take_number(value, SECONDS_MAX, &live->seconds, "--seconds takes 1 to 604800");
    if (strcmp(name, "--symbols") == 0)
        return take_symbols(live, value);
    if (strcmp(name, "--depth") == 0) {
        wrong = take_number(value, 1000, &number, "--depth takes 1, 50, 200 or 1000");
        live->depth = (uint16_t)(wrong ? 0 : number);
        return wrong;
    }
    if (strcmp(name, "--category") == 0) {
        live->is_spot = strcmp(value, "spot") == 0;
        return live->is_spot || strcmp(value, "linear") == 0 ? NULL
                                                             : "--category takes linear or spot";
    }
    if (strcmp(name, "--url") == 0)
        live->url = value;
    else if (strcmp(name, "--out") == 0)
        live->out = value;
    else if (strcmp(name, "--ca-file") == 0)
        live->ca_file = value;
    else
        return "unknown option";
    return NULL;
}

int record_live(int argc, char **argv)
{
    static struct live live = {.depth = 50};
    struct sigaction action = {.sa_handler = on_signal};
    struct err err;

    for (int at = 0; at < argc; at += 2) {
        const char *wrong = at + 1 == argc ? "an option lacks its value"
                                           : take_option(&live, argv[at], argv[at + 1]);

        if (wrong)
            return cli_usage("record", wrong);
    }
    if (!live.url || !live.out || live.count == 0 || live.seconds == 0)
        return cli_usage("record", "--url, --symbols, --seconds and --out are needed");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (record(&live, &err) != OK)
        return cli_fail("record", &err);
    printf("%" PRIu64 " frames of %u symbols, %" PRIu64 " connections\n", live.frames, live.count,
           live.connects);
    return 0;
}
