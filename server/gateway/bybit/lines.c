/* The connections of the market session, what is asked on them, and how old the books are. */
#include "gateway/bybit/market_inside.h"

#include "gateway/bybit/subscribe.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ASK_AGAIN_NS 1000000000LL     /* between two requests for a snapshot */
#define SNAPSHOT_WAIT_NS 5000000000LL /* then it is asked for again */
#define BAN_NS 600000000000LL         /* protocol fact: ten minutes at least */

void market_ask_again(struct bybit_market *market, struct item *item, uint32_t index)
{
    struct line *line = &market->line[index];

    item->wanted[index] = true;
    if (!line->up || market->now_ns - item->asked_ns[index] < ASK_AGAIN_NS)
        return;
    item->wanted[index] = false;
    item->asked_ns[index] = market->now_ns;
    market->counters.resubscribed++;
    if (!bybit_subscribe_again(line->socket, line->epoch, item->symbol, market->config.depth))
        net_socket_drop(line->socket, 0); /* its queue is full: nothing will come of it */
}

void bybit_market_renew(struct bybit_market *market, uint16_t index)
{
    struct item *item = &market->item[index];

    assert(index < market->config.count);
    if (bybit_chain_drop(&item->chain))
        market_send_lost(market, item);
    for (uint32_t at = 0; at < market->lines; at++)
        market_ask_again(market, item, at);
}

static const char *symbol_at(void *ctx, uint16_t index)
{
    const struct bybit_market *market = ctx;

    return index < market->config.count ? market->item[index].symbol : NULL;
}

static void on_opened(void *ctx, uint64_t epoch)
{
    struct line *line = ctx;
    struct bybit_market *market = line->market;

    market->now_ns = clock_real_ns();
    market->counters.connects++;
    market->counters.first_connects += net_socket_connects(line->socket) == 1;
    line->banned_until_ns = 0;
    line->epoch = epoch;
    line->up = true;
    line->failed = false;
    for (uint16_t at = 0; at < market->config.count; at++) {
        market->item[at].asked_ns[line->index] = market->now_ns;
        market->item[at].wanted[line->index] = false;
    }
    if (!bybit_subscribe_all(line->socket, epoch, market->config.category == BYBIT_SPOT,
                             market->config.depth, symbol_at, market))
        net_socket_drop(line->socket, 0);
}

/* Going on would prolong it. */
static void note_ban(struct line *line, int http_status)
{
    if (http_status != 403 && http_status != 429)
        return;
    line->banned_until_ns = line->market->now_ns + BAN_NS;
    net_socket_drop(line->socket, BAN_NS);
}

static void on_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                      const char *text)
{
    struct line *line = ctx;
    struct bybit_market *market = line->market;
    char says[160];

    (void)epoch;
    market->now_ns = clock_real_ns();
    market->counters.disconnects += line->up;
    line->up = false;
    line->failed = true;
    note_ban(line, http_status);
    log_line(LOG_WARN, "bybit", "market connection ended",
             "connection=%u why=%d http_status=%d says=\"%s\"", line->index, (int)why, http_status,
             log_escape(says, sizeof says, text));
    for (uint16_t at = 0; at < market->config.count; at++)
        if (bybit_chain_cut(&market->item[at].chain, line->index))
            market_send_lost(market, &market->item[at]);
}

enum status market_open_line(struct bybit_market *market, struct net *net, uint32_t index,
                             struct err *err)
{
    struct line *line = &market->line[index];
    char url[NET_URL_MAX];
    struct net_socket_config config = {.url = url,
                                       .ctx = line,
                                       .opened = on_opened,
                                       .frame = market_frame,
                                       .closed = on_closed,
                                       .heartbeat = "{\"op\":\"ping\"}",
                                       .heartbeat_ns = market->config.heartbeat_ns,
                                       .silence_ns = market->config.heartbeat_ns / 2 * 3,
                                       .frame_max = 4 << 20,
                                       .hot = true};

    *line = (struct line){.market = market, .index = index};
    snprintf(url, sizeof url, "%.200s/v5/public/%s", market->config.url,
             market->config.category == BYBIT_SPOT ? "spot" : "linear");
    return net_socket_open(net, &line->socket, &config, err);
}

static void check_age(struct bybit_market *market, struct item *item)
{
    int64_t received_ns = market->now_ns - item->received_ns;
    int64_t progress_ns = market->now_ns - item->progress_ns;

    if (!item->chain.fresh || (received_ns <= market->config.stale_received_ns &&
                               progress_ns <= market->config.stale_progress_ns))
        return;
    item->late = true;
    log_line(LOG_WARN, "bybit", "a book does not move",
             "symbol=%s received_ms_ago=%lld progress_ms_ago=%lld", item->symbol,
             (long long)(received_ns / 1000000), (long long)(progress_ns / 1000000));
    bybit_market_renew(market, (uint16_t)(item - market->item));
}

static void check_waiting(struct bybit_market *market, struct item *item)
{
    for (uint32_t at = 0; at < market->lines; at++)
        if (!item->chain.link[at].whole &&
            (item->wanted[at] || market->now_ns - item->asked_ns[at] > SNAPSHOT_WAIT_NS))
            market_ask_again(market, item, at);
}

void bybit_market_turn(struct bybit_market *market, int64_t now_ns)
{
    market->now_ns = now_ns;
    for (uint16_t at = 0; at < market->config.count; at++) {
        check_age(market, &market->item[at]);
        check_waiting(market, &market->item[at]);
    }
}
