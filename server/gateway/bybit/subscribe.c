#include "gateway/bybit/subscribe.h"

#include <stdio.h>
#include <string.h>

enum { SPOT_TOPICS_MAX = 10, TOPICS_BYTES_MAX = 21000, TOPIC_BYTES_MAX = MAX_NAME + 24 };

/* One request in the making. */
struct request {
    struct net_socket *socket;
    uint64_t epoch;
    const char *op;
    uint32_t number, topics, topics_max;
    size_t used;
    char text[TOPICS_BYTES_MAX + 128];
};

static bool finish(struct request *request)
{
    bool sent;

    if (request->topics == 0)
        return true;
    request->used +=
        (size_t)snprintf(request->text + request->used, sizeof request->text - request->used, "]}");
    sent = net_send(request->socket, request->epoch, request->text, request->used);
    request->topics = 0;
    return sent;
}

static bool put_topic(struct request *request, const char *topic)
{
    if (request->topics == request->topics_max ||
        (request->topics > 0 && request->used + TOPIC_BYTES_MAX > TOPICS_BYTES_MAX))
        if (!finish(request))
            return false;
    if (request->topics == 0)
        request->used = (size_t)snprintf(request->text, sizeof request->text,
                                         "{\"req_id\":\"%.1s%u\",\"op\":\"%s\",\"args\":[",
                                         request->op, ++request->number, request->op);
    request->used +=
        (size_t)snprintf(request->text + request->used, sizeof request->text - request->used,
                         "%s\"%s\"", request->topics == 0 ? "" : ",", topic);
    request->topics++;
    return true;
}

static bool put_symbol(struct request *request, const char *symbol, uint16_t depth)
{
    char topic[TOPIC_BYTES_MAX];

    snprintf(topic, sizeof topic, "orderbook.%u.%s", depth, symbol);
    if (!put_topic(request, topic))
        return false;
    snprintf(topic, sizeof topic, "publicTrade.%s", symbol);
    if (!put_topic(request, topic))
        return false;
    snprintf(topic, sizeof topic, "tickers.%s", symbol);
    return put_topic(request, topic);
}

bool bybit_subscribe_all(struct net_socket *socket, uint64_t epoch, bool spot, uint16_t depth,
                         const char *(*next)(void *ctx, uint16_t index), void *ctx)
{
    struct request request = {.socket = socket,
                              .epoch = epoch,
                              .op = "subscribe",
                              .topics_max = spot ? SPOT_TOPICS_MAX : UINT32_MAX};
    const char *symbol;

    for (uint16_t at = 0; (symbol = next(ctx, at)) != NULL; at++)
        if (!put_symbol(&request, symbol, depth))
            return false;
    return finish(&request);
}

bool bybit_subscribe_again(struct net_socket *socket, uint64_t epoch, const char *symbol,
                           uint16_t depth)
{
    static const char *const ops[] = {"unsubscribe", "subscribe"};
    char text[TOPIC_BYTES_MAX + 64];

    for (int at = 0; at < 2; at++) {
        int length = snprintf(text, sizeof text, "{\"op\":\"%s\",\"args\":[\"orderbook.%u.%s\"]}",
                              ops[at], depth, symbol);

        if (!net_send(socket, epoch, text, (size_t)length))
            return false;
    }
    return true;
}

/* Replies are compact, or have a blank behind the colon. */
bool bybit_reply_is_fine(const char *text, size_t length)
{
    return !memmem(text, length, "\"success\":false", 15) &&
           !memmem(text, length, "\"success\": false", 16);
}

bool bybit_topic_is_book(struct scan_text topic)
{
    static const char name[] = "orderbook.";

    return topic.length > sizeof name - 1 && memcmp(topic.at, name, sizeof name - 1) == 0;
}

struct scan_text bybit_topic_symbol(struct scan_text topic)
{
    const char *dot = topic.at ? memrchr(topic.at, '.', topic.length) : NULL;

    if (!dot)
        return (struct scan_text){.at = NULL};
    return (struct scan_text){.at = dot + 1,
                              .length = (uint32_t)(topic.at + topic.length - dot - 1)};
}
