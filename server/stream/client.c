#include "stream/client.h"

#include "thread/clock.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MESSAGE_MAX = 4096,  /* of what a client says */
    FRAME_MAX = 4 << 20, /* of what we say, to an empty queue */
    FRAME_HEADER_MAX = 10,
    CLOSE_WAIT_MS = 1000
};

/* --- the queue --- */

static bool queue_reserve(struct client *client, size_t more)
{
    size_t wanted = client->queue_length + more;
    char *grown;

    if (client->queue_start) {
        memmove(client->queue, client->queue + client->queue_start, client->queue_length);
        client->queue_start = 0;
    }
    if (wanted <= client->queue_size)
        return true;
    grown = realloc(client->queue, wanted + wanted / 2);
    if (!grown)
        return false;
    client->queue = grown;
    client->queue_size = wanted + wanted / 2;
    return true;
}

static bool queue_has_room(const struct client *client, size_t more)
{
    return client->queue_length == 0 ? more <= FRAME_MAX : client->queue_length + more <= QUEUE_MAX;
}

static void queue_put(struct client *client, const void *bytes, size_t length)
{
    memcpy(client->queue + client->queue_start + client->queue_length, bytes, length);
    client->queue_length += length;
}

static void queue_release(struct client *client)
{
    /* What one large snapshot needed is not kept for ever. */
    if (client->queue_size <= QUEUE_MAX)
        return;
    free(client->queue);
    client->queue = NULL;
    client->queue_size = 0;
}

static size_t frame_header(unsigned char out[FRAME_HEADER_MAX], size_t length)
{
    size_t size = 2;

    out[0] = 0x81; /* final, text; a server does not mask */
    if (length < 126) {
        out[1] = (unsigned char)length;
        return size;
    }
    out[1] = length < 65536 ? 126 : 127;
    for (int shift = length < 65536 ? 8 : 56; shift >= 0; shift -= 8)
        out[size++] = (unsigned char)((uint64_t)length >> shift);
    return size;
}

/* head and data and "}" as one text frame. */
static bool frame_queue(struct client *client, const char *head, const char *data)
{
    size_t head_length = strlen(head), data_length = strlen(data);
    size_t length = head_length + data_length + 1;
    unsigned char header[FRAME_HEADER_MAX];
    size_t header_length = frame_header(header, length);

    if (!queue_has_room(client, header_length + length) ||
        !queue_reserve(client, header_length + length))
        return false;
    queue_put(client, header, header_length);
    queue_put(client, head, head_length);
    queue_put(client, data, data_length);
    queue_put(client, "}", 1);
    return true;
}

bool client_send(struct client *client, enum topic_id topic, const char *type, int64_t ts_ns,
                 const char *data)
{
    char head[160];

    snprintf(head, sizeof head,
             "{\"topic\":\"%s\",\"type\":\"%s\",\"seq\":%llu,\"ts_ns\":\"%lld\",\"data\":",
             topic_name(topic), type, (unsigned long long)client->topic[topic].seq + 1,
             (long long)ts_ns);
    if (!frame_queue(client, head, data)) {
        client->topic[topic].wants_snapshot = true;
        client->drops++;
        return false;
    }
    client->topic[topic].seq++;
    return true;
}

static void error_send(struct client *client, const char *code, const char *detail)
{
    char head[160];
    json_t *data = json_pack("{s:s, s:s}", "code", code, "detail", detail);
    char *text = json_dumps(data, JSON_COMPACT);

    snprintf(head, sizeof head,
             "{\"topic\":\"error\",\"type\":\"delta\",\"seq\":%llu,\"ts_ns\":\"%lld\",\"data\":",
             (unsigned long long)++client->error_seq, (long long)clock_real_ns());
    /* Who sends rubbish and does not read the answers is not waited for. */
    if (text && !frame_queue(client, head, text))
        client->gone = true;
    free(text);
    json_decref(data);
}

/* --- what a client says --- */

static void topic_subscribe(struct client *client, const char *name, bool subscribe)
{
    enum topic_id topic = name ? topic_find(name) : TOPIC_COUNT;

    if (topic == TOPIC_COUNT) {
        error_send(client, "unknown_topic", name ? "no such topic" : "topics are strings");
    } else if (!subscribe) {
        client->topic[topic].subscribed = client->topic[topic].wants_snapshot = false;
    } else if (!topic_is_for(topic, &client->actor)) {
        error_send(client, "forbidden", topic_name(topic));
    } else {
        client->topic[topic].subscribed = client->topic[topic].wants_snapshot = true;
    }
}

static void message_obey(struct client *client, json_t *message)
{
    const char *op = NULL;
    json_t *topics = NULL, *since = NULL, *name;
    json_error_t error;
    size_t i;

    if (json_unpack_ex(message, &error, JSON_STRICT, "{s:s, s:o, s?o}", "op", &op, "topics",
                       &topics, "since", &since) != 0) {
        error_send(client, "malformed", error.text);
        return;
    }
    if (!json_is_array(topics) || json_array_size(topics) > 2 * TOPIC_COUNT ||
        (since && !json_is_object(since)) ||
        (strcmp(op, "subscribe") != 0 && strcmp(op, "unsubscribe") != 0)) {
        error_send(client, "malformed",
                   "{\"op\":\"subscribe|unsubscribe\",\"topics\":[..],\"since\"?:{..}}");
        return;
    }
    json_array_foreach(topics, i, name)
        topic_subscribe(client, json_string_value(name), strcmp(op, "subscribe") == 0);
}

static void on_message(wslay_event_context_ptr websocket,
                       const struct wslay_event_on_msg_recv_arg *arg, void *ctx)
{
    struct client *client = ctx;
    json_error_t error;
    json_t *message;

    (void)websocket;
    if (wslay_is_ctrl_frame(arg->opcode) || client->close_ns)
        return;
    if (arg->opcode != WSLAY_TEXT_FRAME) {
        error_send(client, "malformed", "text frames only");
        return;
    }
    message = json_loadb((const char *)arg->msg, arg->msg_length, JSON_REJECT_DUPLICATES, &error);
    if (message)
        message_obey(client, message);
    else
        error_send(client, "malformed", error.text);
    json_decref(message);
}

/* --- the socket --- */

static ssize_t extra_take(struct client *client, uint8_t *to, size_t length)
{
    size_t left = client->extra_length - client->extra_read;
    size_t takes = left < length ? left : length;

    memcpy(to, client->extra + client->extra_read, takes);
    client->extra_read += takes;
    return (ssize_t)takes;
}

static ssize_t on_receive(wslay_event_context_ptr websocket, uint8_t *to, size_t length, int flags,
                          void *ctx)
{
    struct client *client = ctx;
    ssize_t got;

    (void)flags;
    if (client->extra_read < client->extra_length)
        return extra_take(client, to, length);
    got = recv(client->fd, to, length, MSG_DONTWAIT);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        wslay_event_set_error(websocket, WSLAY_ERR_WOULDBLOCK);
    } else {
        wslay_event_set_error(websocket, WSLAY_ERR_CALLBACK_FAILURE);
        client->gone = true;
    }
    return -1;
}

/* libwslay's own frames (pong, close) go into our queue, always whole. */
static ssize_t on_send(wslay_event_context_ptr websocket, const uint8_t *bytes, size_t length,
                       int flags, void *ctx)
{
    struct client *client = ctx;

    (void)flags;
    if (client->queue_length + length > QUEUE_MAX + FRAME_MAX || !queue_reserve(client, length)) {
        wslay_event_set_error(websocket, WSLAY_ERR_CALLBACK_FAILURE);
        client->gone = true;
        return -1;
    }
    queue_put(client, bytes, length);
    return (ssize_t)length;
}

bool client_reads(const struct client *client)
{
    return wslay_event_get_read_enabled(client->websocket);
}

void client_read(struct client *client)
{
    if (wslay_event_recv(client->websocket) != 0)
        client->gone = true;
    if (wslay_event_want_write(client->websocket) && wslay_event_send(client->websocket) != 0)
        client->gone = true;
    /* Their close, or ours by libwslay (a message too long, a broken frame). */
    if (!client_reads(client) && !client->close_ns)
        client->close_ns = clock_mono_ns();
    /* A flood of pings that nobody reads the answers of. */
    if (client->queue_length > QUEUE_MAX + FRAME_MAX / 2)
        client->gone = true;
}

void client_flush(struct client *client, int64_t now_ns)
{
    while (client->queue_length > 0 && !client->gone) {
        ssize_t sent = send(client->fd, client->queue + client->queue_start, client->queue_length,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            client->gone |= errno != EAGAIN && errno != EWOULDBLOCK;
            return;
        }
        client->queue_start += (size_t)sent;
        client->queue_length -= (size_t)sent;
        client->wrote_ns = now_ns;
    }
    client->wrote_ns = now_ns;
    client->queue_start = 0;
    queue_release(client);
}

void client_close(struct client *client, uint16_t code, int64_t now_ns)
{
    if (client->close_ns || client->gone)
        return;
    client->close_ns = now_ns;
    if (wslay_event_queue_close(client->websocket, code, NULL, 0) != 0 ||
        wslay_event_send(client->websocket) != 0)
        client->gone = true;
    client_flush(client, now_ns);
}

bool client_is_done(const struct client *client, int64_t now_ns)
{
    if (client->gone)
        return true;
    if (!client->close_ns)
        return false;
    if (wslay_event_get_close_received(client->websocket) && client->queue_length == 0)
        return true;
    return now_ns - client->close_ns > (int64_t)CLOSE_WAIT_MS * 1000000;
}

struct client *client_open(struct MHD_UpgradeResponseHandle *handle, int fd, const void *extra,
                           size_t extra_length, const struct actor *actor)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_receive, .send_callback = on_send, .on_msg_recv_callback = on_message};
    struct client *client = calloc(1, sizeof *client);
    char *copy = extra_length ? malloc(extra_length) : NULL;

    if (!client || (extra_length && !copy) ||
        wslay_event_context_server_init(&client->websocket, &callbacks, client) != 0) {
        free(copy);
        free(client);
        return NULL;
    }
    wslay_event_config_set_max_recv_msg_length(client->websocket, MESSAGE_MAX);
    if (copy)
        memcpy(copy, extra, extra_length);
    client->extra = copy;
    client->extra_length = extra_length;
    client->handle = handle;
    client->fd = fd;
    client->actor = *actor;
    client->wrote_ns = clock_mono_ns();
    return client;
}

void client_free(struct client *client)
{
    wslay_event_context_free(client->websocket);
    MHD_upgrade_action(client->handle, MHD_UPGRADE_ACTION_CLOSE);
    free(client->extra);
    free(client->queue);
    free(client);
}
