/* pitwall venue: the venue simulator in the foreground. Prints `ready URL` and, of the demo's two
 * accounts, the keys; SIGTERM or SIGINT ends it, and saves the state when one is kept. */
#include "cli/cli.h"

#include "thread/log.h"
#include "venue/bybit/bybit.h"
#include "venue/tls.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1000000LL

enum { PATHS_MAX = 64, SPEED_MAX = 1000, DELAY_MS_MAX = 600000 };

struct options {
    struct bybit_config venue;
    const char *protocol, *market, *speed, *seed, *dcp_delay, *limits, *tls_dir;
    const char *paths[PATHS_MAX];
    uint32_t path_count;
    bool tls;
};

/* Where the value of an option goes; NULL: there is no such option. */
static const char **place_of(struct options *options, const char *option)
{
    struct {
        const char *option;
        const char **place;
    } rows[] = {
        {"--protocol", &options->protocol},
        {"--listen", &options->venue.listen},
        {"--cert", &options->venue.cert_file},
        {"--key", &options->venue.key_file},
        {"--tls-dir", &options->tls_dir},
        {"--market", &options->market},
        {"--speed", &options->speed},
        {"--accounts", &options->venue.accounts_file},
        {"--state", &options->venue.state_file},
        {"--faults", &options->venue.faults_file},
        {"--seed", &options->seed},
        {"--ledger", &options->venue.ledger_file},
        {"--dcp-delay-ms", &options->dcp_delay},
        {"--limits", &options->limits},
    };

    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++)
        if (strcmp(rows[at].option, option) == 0)
            return rows[at].place;
    return NULL;
}

/* NULL: all was taken; else what is wrong. */
static const char *read_options(struct options *options, int argc, char **argv)
{
    static char problem[160];

    for (int at = 0; at < argc; at++) {
        const char **place = place_of(options, argv[at]);

        if (strcmp(argv[at], "--tls") == 0) {
            options->tls = true;
        } else if (strcmp(argv[at], "--ledger-public") == 0) {
            options->venue.ledger_public = true;
        } else if (!place || at + 1 == argc || argv[at + 1][0] == '\0') {
            snprintf(problem, sizeof problem,
                     place ? "%.64s lacks its value"
                           : "there is no option %.64s: see docs/venue.md",
                     argv[at]);
            return problem;
        } else {
            *place = argv[++at];
            if (place == &options->market && options->path_count < PATHS_MAX)
                options->paths[options->path_count++] = *place;
        }
    }
    return NULL;
}

/* False: not a whole number of that range. NULL text: *value stays. */
static bool read_whole(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    char *end;
    unsigned long long read;

    if (!text)
        return true;
    read = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || read < low || read > high)
        return false;
    *value = read;
    return true;
}

static void choose_market(struct options *options)
{
    struct venue_market_options *market = &options->venue.market;

    market->seed = options->venue.seed;
    if (!options->market || strcmp(options->market, "synthetic") == 0) {
        market->kind = VENUE_MARKET_SYNTHETIC;
    } else if (strcmp(options->market, "none") == 0) {
        market->kind = VENUE_MARKET_NONE;
    } else {
        market->kind = VENUE_MARKET_RECORDING;
        market->paths = options->paths;
        market->path_count = options->path_count;
    }
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "localhost:", 10) == 0 ||
           strncmp(address, "[::1]:", 6) == 0 || strncmp(address, "::1:", 4) == 0;
}

static const char *check_options(struct options *options)
{
    uint64_t times = 1;
    uint64_t delay_ms = 10000;
    const char *speed = options->speed;

    if (options->protocol && strcmp(options->protocol, "bybit-v5") != 0)
        return "--protocol is bybit-v5";
    if (!options->venue.listen)
        return "wanted --listen ADDRESS:PORT, such as 127.0.0.1:9700";
    if (!is_loopback(options->venue.listen) && !options->venue.accounts_file)
        return "--listen lets others in and everybody knows the demo's keys: name --accounts FILE, "
               "or listen on 127.0.0.1";
    if (!options->venue.cert_file != !options->venue.key_file)
        return "--cert and --key go together";
    if (!options->tls && (options->venue.cert_file || options->tls_dir))
        return "--cert, --key and --tls-dir want --tls";
    if (speed && !read_whole(*speed == 'x' ? speed + 1 : "", 1, SPEED_MAX, &times))
        return "--speed is x1 to x1000";
    if (!read_whole(options->seed, 0, INT64_MAX, &options->venue.seed))
        return "--seed is a whole number";
    if (!read_whole(options->dcp_delay, 0, DELAY_MS_MAX, &delay_ms))
        return "--dcp-delay-ms is 0 to 600000";
    if (options->limits && strcmp(options->limits, "off") != 0)
        return "--limits is off";
    options->venue.has_seed = options->seed != NULL;
    options->venue.no_limits = options->limits != NULL;
    options->venue.dcp_delay_ns = (int64_t)delay_ms * NS_PER_MS;
    options->venue.market.times = (uint32_t)times;
    choose_market(options);
    return NULL;
}

/* ---- until a signal ------------------------------------------------------------------- */

static volatile int stop;
static struct bybit *running;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop = 1;
    if (running)
        bybit_wake(running);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void say_ready(const struct options *options, const struct tls_files *files)
{
    uint64_t uid;
    const char *key;
    const char *secret;

    printf("ready %s\n", bybit_url(running));
    if (options->tls && !options->tls_dir)
        printf("cert %s\n", options->venue.cert_file);
    else if (options->tls)
        printf("ca %s\n", files->ca);
    for (uint16_t at = 0;
         !options->venue.accounts_file && bybit_key(running, at, &uid, &key, &secret); at++)
        printf("account %" PRIu64 " key %s secret %s\n", uid, key, secret);
    fflush(stdout);
}

static enum status prepare_tls(struct options *options, struct tls_files *files, struct err *err)
{
    enum status status;

    if (!options->tls) {
        options->venue.cert_file = options->venue.key_file = NULL;
        return OK;
    }
    if (options->venue.cert_file) {
        options->tls_dir = NULL;
        return OK;
    }
    if (!options->tls_dir)
        options->tls_dir = "venue-tls";
    status = tls_make(files, options->tls_dir, options->venue.listen, err);
    options->venue.cert_file = files->cert;
    options->venue.key_file = files->key;
    return status;
}

/* One line: it names the option. */
static int wrong_call(const char *problem)
{
    fprintf(stderr, "pitwall venue: %s\n", problem);
    return status_exit(ERR_USAGE);
}

int cli_venue(int argc, char **argv)
{
    struct options options = {0};
    struct tls_files files;
    struct err err = {0};
    const char *problem = read_options(&options, argc, argv);
    enum status status;

    if (!problem)
        problem = check_options(&options);
    if (problem)
        return wrong_call(problem);
    if (!is_loopback(options.venue.listen))
        fprintf(stderr,
                "pitwall venue: warning: --listen %s: anybody who reaches this address can trade "
                "here%s\n",
                options.venue.listen, options.tls ? "" : ", and keys travel in the clear");
    catch_signals();
    status = prepare_tls(&options, &files, &err);
    if (status == OK)
        status = bybit_serve(&running, &options.venue, &err);
    if (status != OK)
        return cli_fail("venue", &err);
    say_ready(&options, &files);
    status = bybit_run(running, &stop, &err);
    bybit_close(running);
    log_flush();
    return status == OK ? 0 : cli_fail("venue", &err);
}
