/* What is played, and by which rules: the configuration with what the command line says instead. */
#include "server_inside.h"

#include "gateway/recording/recording.h"
#include "gateway/synthetic/synthetic.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status open_recording(const struct server_options *options, struct feed **feed,
                                  struct err *err)
{
    return recording_open(options->recordings, (uint32_t)options->recording_count, feed, err);
}

static void take_option(char out[16], const char *option)
{
    if (option)
        snprintf(out, 16, "%s", option);
}

static enum status take_seed(struct config *config, const char *seed, struct err *err)
{
    char *end;

    if (!seed)
        return OK;
    errno = 0;
    config->seed = strtoull(seed, &end, 10);
    if (seed[0] < '0' || seed[0] > '9' || *end != '\0' || errno != 0 || config->seed > INT64_MAX)
        return err_format(err, ERR_USAGE, "--seed wants a whole number, not '%s'", seed);
    return OK;
}

static enum status take_faults(struct config *config, const char *faults, struct err *err)
{
    if (faults && strlen(faults) >= sizeof config->market.faults)
        return err_set(err, ERR_USAGE, "--faults: the path is too long");
    if (faults)
        snprintf(config->market.faults, sizeof config->market.faults, "%s", faults);
    return OK;
}

/* The file's own values are good by now: what is wrong is the option's. */
static enum status of_option(const char *option, enum status status, struct err *err)
{
    return status == OK ? OK : err_wrap(err, ERR_USAGE, option);
}

/* What the command line says instead of the file. */
static enum status override(struct config *config, const struct server_options *options,
                            struct err *err)
{
    enum status status;

    take_option(config->market.speed, options->speed);
    take_option(config->market.at_end, options->at_end);
    if (options->listen)
        snprintf(config->listen, sizeof config->listen, "%s", options->listen);
    if (options->kill_listen)
        snprintf(config->kill_listen, sizeof config->kill_listen, "%s", options->kill_listen);
    if (options->recording_count > 0)
        config->mode = MODE_REPLAY;
    status = take_seed(config, options->seed, err);
    if (status == OK)
        status = take_faults(config, options->faults, err);
    if (status == OK)
        status = of_option("--speed", config_check_speed(config->market.speed, err), err);
    if (status == OK && options->speed && strcmp(options->speed, "real") != 0 &&
        (config->mode == MODE_PAPER || config->mode == MODE_LIVE))
        status = err_format(err, ERR_USAGE, "--speed: mode %s runs in real time",
                            mode_name(config->mode));
    if (status == OK)
        status = of_option("--at-end", config_check_at_end(config->market.at_end, err), err);
    if (status == OK)
        status = of_option("--listen", config_check_listen(config->listen, err), err);
    if (status == OK)
        status = of_option("--kill-listen", config_check_listen(config->kill_listen, err), err);
    return status == OK ? config_check_tls(config, err) : status;
}

static enum status open_synthetic(const struct config *config, struct feed **feed, struct err *err)
{
    if (config->market.matching == MATCHING_L3)
        return synthetic_l3_open(config->seed, clock_real_ns(), feed, err);
    return synthetic_open(config->seed, clock_real_ns(), feed, err);
}

void close_feed(struct feed *feed)
{
    if (feed)
        feed->ops->close(feed);
}

/* *feed is NULL where no venue is simulated. */
enum status open_feed(struct server *server, struct feed **feed, struct err *err)
{
    const struct server_options *options = server->options;
    enum status status = OK;

    *feed = NULL;
    if (options->recording_count > 0)
        status = open_recording(options, feed, err);
    if (status == OK)
        status = config_load(&server->config, options->config_path,
                             *feed ? (*feed)->instruments : NULL, err);
    if (status == OK)
        status = override(&server->config, options, err);
    if (status == OK && *feed && server->config.market.matching == MATCHING_L3)
        status = err_set(err, ERR_CONFIG,
                         "market.matching: l3 is for the synthetic market: a recording has depth "
                         "and trades, not orders; set l2");
    if (status == OK && !*feed && gateways_want_feed(&server->config))
        status = open_synthetic(&server->config, feed, err);
    if (status != OK)
        close_feed(*feed);
    return status;
}
