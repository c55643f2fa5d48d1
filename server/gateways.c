#include "gateways.h"

#include "gateway/bybit/feed.h"
#include "gateway/simulated/simulated.h"
#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEDGER_PATH_MAX = CONFIG_TEXT_MAX + MAX_NAME };

bool gateways_want_feed(const struct config *config)
{
    for (uint16_t at = 0; at < config->venues; at++)
        if (config->venue_settings[at].kind == GATEWAY_SIMULATED)
            return true;
    return false;
}

/* ---- simulated -------------------------------------------------------------------------- */

static enum speed_kind speed_of(const char *text, uint32_t *times)
{
    *times = 1;
    if (strcmp(text, "max") == 0)
        return SPEED_MAX;
    if (text[0] != 'x')
        return SPEED_REAL;
    *times = (uint32_t)strtoul(text + 1, NULL, 10);
    return SPEED_TIMES;
}

static enum at_end at_end_of(const char *text)
{
    return strcmp(text, "loop") == 0   ? AT_END_LOOP
           : strcmp(text, "exit") == 0 ? AT_END_EXIT
                                       : AT_END_HOLD;
}

/* Each venue draws latencies of its own. */
static struct sim_config sim_of(const struct config *config, uint64_t epoch, uint16_t index)
{
    return (struct sim_config){.seed = config->seed + index,
                               .epoch = epoch,
                               .order_latency_ns = config->market.order_latency_ns,
                               .ack_latency_ns = config->market.ack_latency_ns,
                               .data_latency_ns = config->market.data_latency_ns,
                               .jitter_ns = config->market.jitter_ns,
                               .queue = {.kind = (uint8_t)config->market.queue_model,
                                         .power = (uint8_t)config->market.queue_power,
                                         .decay_e8 = (uint32_t)config->market.queue_decay_e8},
                               .adverse_probability_e8 =
                                   (uint32_t)config->market.adverse_probability_e8,
                               .adverse_ticks = config->market.adverse_ticks,
                               .position_interval_ns = config->market.position_interval_ns,
                               .funding_interval_ns = config->market.funding_interval_ns};
}

static bool is_news(void *ctx, uint64_t order_id, uint64_t exec_id, struct execution *fill)
{
    return carry_misses(ctx, order_id, exec_id, fill);
}

static bool serves(const struct gateways_plan *plan, uint16_t index, uint16_t instrument)
{
    return plan->engine->venue_gateway[plan->config->instrument[instrument].venue] == index;
}

/* Of the orders of several gateways each has its own file. */
static const char *ledger_path(const struct gateways_plan *plan, uint16_t index,
                               char path[LEDGER_PATH_MAX])
{
    const char *configured = plan->config->market.ledger;

    if (configured[0] == '\0')
        return NULL;
    (void)snprintf(path, LEDGER_PATH_MAX, "%s%s%s", configured,
                   plan->engine->gateways > 1 ? "." : "",
                   plan->engine->gateways > 1 ? config_gateway_name(plan->config, index) : "");
    return path;
}

static enum status open_simulated(struct gateway **gateway, const struct gateways_plan *plan,
                                  uint16_t index, struct feed *feed, struct err *err)
{
    const struct config *config = plan->config;
    char path[LEDGER_PATH_MAX];
    struct simulated_config simulated = {
        .io = plan->io[index],
        .feed = feed,
        .at_end = at_end_of(config->market.at_end),
        .sim = sim_of(config, plan->engine->epoch, index),
        .faults_path = config->market.faults[0] != '\0' ? config->market.faults : NULL,
        .ledger_path = ledger_path(plan, index, path)};

    if (plan->carried)
        simulated.is_news = is_news;
    simulated.is_news_ctx = plan->carried;
    for (uint16_t at = 0; at < config->instruments; at++) {
        simulated.served_elsewhere[at] = !serves(plan, index, at);
        if (plan->carried && serves(plan, index, at))
            simulated.opening_lots[at] = carry_lots(plan->carried, at);
    }
    simulated.speed = speed_of(config->market.speed, &simulated.times);
    return simulated_open(gateway, &simulated, err);
}

/* ---- Bybit ------------------------------------------------------------------------------ */

void gateways_bybit_config(const struct config *config, uint16_t venue, struct bybit_config *out)
{
    const struct venue_settings *settings = &config->venue_settings[venue];

    *out = (struct bybit_config){
        .io = {.instruments = config->instrument, .instrument_count = config->instruments},
        .scopes = config->scopes,
        .venue = venue,
        .is_spot = strcmp(config->venue[venue], "bybit-spot") == 0,
        .standby = settings->standby,
        .depth = (uint16_t)settings->depth,
        .recv_window_ms = settings->recv_window_ms,
        .stale_ns = settings->stale_ns,
        .private_silence_ns = settings->private_silence_ns,
        .heartbeat_ns = settings->heartbeat_ns,
        .reconcile_ns = settings->reconcile_ns,
        .reference_ns = settings->reference_ns,
        .dcp_ns = settings->dcp_ns,
        .clock_alarm_ns = settings->clock_alarm_ns,
        .orders_per_s = (uint32_t)settings->orders_per_s,
        .connects_max = (uint32_t)settings->connects_max};
    (void)snprintf(out->rest, sizeof out->rest, "%s", settings->rest);
    (void)snprintf(out->stream, sizeof out->stream, "%s", settings->stream);
    (void)snprintf(out->ca_file, sizeof out->ca_file, "%s", settings->ca_file);
    (void)snprintf(out->record, sizeof out->record, "%s", settings->record);
}

enum status gateways_key_path(const struct venue_settings *settings, char path[CONFIG_TEXT_MAX * 2],
                              struct err *err)
{
    return config_secret_path("key_file", settings->key_file, path, err);
}

/* An order id of any run of this instance: its tag stands in front (domain/order.h). */
static bool is_ours(void *ctx, uint64_t order_id)
{
    const struct engine_config *engine = ctx;

    return order_id >> 52 == engine->instance;
}

static enum status open_paper(struct gateway **gateway, const struct gateways_plan *plan,
                              uint16_t index, struct err *err)
{
    struct bybit_config bybit;
    struct feed *feed;
    enum status status;

    gateways_bybit_config(plan->config, config_gateway_venue(plan->config, index), &bybit);
    status = (plan->live_feed ? plan->live_feed : bybit_feed_open)(&bybit, &feed, err);
    return status == OK ? open_simulated(gateway, plan, index, feed, err) : status;
}

static enum status open_bybit(struct gateway **gateway, const struct gateways_plan *plan,
                              uint16_t index, struct err *err)
{
    uint16_t venue = config_gateway_venue(plan->config, index);
    char key_path[CONFIG_TEXT_MAX * 2];
    struct bybit_config bybit;
    enum status status = gateways_key_path(&plan->config->venue_settings[venue], key_path, err);

    gateways_bybit_config(plan->config, venue, &bybit);
    bybit.io = plan->io[index];
    bybit.is_ours = is_ours;
    bybit.is_ours_ctx = (void *)plan->engine;
    if (plan->carried) {
        bybit.is_news = is_news;
        bybit.is_news_ctx = plan->carried;
        bybit.executions_since_ns = carry_oldest_order_ns(plan->carried);
        for (uint16_t at = 0; at < plan->config->instruments; at++)
            if (serves(plan, index, at))
                bybit.opening_lots[at] = carry_lots(plan->carried, at);
    }
    bybit.engine_beat_ns = plan->engine_beat_ns;
    if (status == OK)
        status = bybit_read_key(key_path, bybit.key, bybit.secret, err);
    if (status == OK)
        status = bybit_open(gateway, &bybit, err);
    explicit_bzero(&bybit, sizeof bybit); /* a copy of the key was in it */
    return status;
}

/* ---- all -------------------------------------------------------------------------------- */

static enum status open_one(struct gateway **gateway, const struct gateways_plan *plan,
                            uint16_t index, struct feed **feed, struct err *err)
{
    uint16_t venue = config_gateway_venue(plan->config, index);
    struct feed *taken = *feed;
    enum status status;

    if (plan->config->venue_settings[venue].kind == GATEWAY_SIMULATED) {
        *feed = NULL;
        return open_simulated(gateway, plan, index, taken, err);
    }
    status = plan->config->mode == MODE_PAPER ? open_paper(gateway, plan, index, err)
                                              : open_bybit(gateway, plan, index, err);
    return status == OK ? OK : err_wrap(err, status, plan->config->venue[venue]);
}

enum status gateways_open(struct gateway *gateway[MAX_GATEWAYS], const struct gateways_plan *plan,
                          struct feed *feed, struct err *err)
{
    enum status status = OK;

    for (uint16_t at = 0; status == OK && at < plan->engine->gateways; at++)
        status = open_one(&gateway[at], plan, at, &feed, err);
    if (status == OK)
        return OK;
    if (feed)
        feed->ops->close(feed);
    for (uint16_t at = 0; at < plan->engine->gateways; at++) {
        gateway_close(gateway[at]);
        gateway[at] = NULL;
    }
    return status;
}
