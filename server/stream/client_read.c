/* What a client says: messages of {"op","topics","since"?}, pings, its close. */
#include "stream/client.h"

#include "thread/clock.h"
#include "view/json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The most that one read can be answered with: pongs are shorter than their pings, WRONG_MAX
 * answers with a text of jansson's (160 bytes, escaped), and a close frame. */
enum { WRONG_BYTES = 1280, OWN_MAX = READ_PER_TICK + WRONG_MAX * WRONG_BYTES + 256 };

static const char usage[] = "{\"op\":\"subscribe|unsubscribe\",\"topics\":[..],\"since\"?:{..}}";

/* --- answers --- */

static void own_put(struct client *client, const void *bytes, size_t length)
{
    if (!client->own)
        client->own = frame_blank(OWN_MAX);
    if (!client->own || client->own->length + length > OWN_MAX) {
        client->gone = true;
        return;
    }
    memcpy(client->own->bytes + client->own->length, bytes, length);
    client->own->length += length;
}

/* Into the queue, in a piece that is no larger than what it holds. */
static void own_queue(struct client *client)
{
    struct frame *own = client->own, *fits;

    client->own = NULL;
    if (!own)
        return;
    fits = realloc(own, sizeof *own + own->length);
    client_queue_own(client, fits ? fits : own);
}

static void error_send(struct client *client, const char *code, const char *detail)
{
    json_t *data = json_pack("{s:s, s:o}", "code", code, "detail", json_string_of(detail));
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    struct frame *frame =
        text ? frame_make("error", "delta", ++client->error_seq, clock_real_ns(), text) : NULL;

    /* Who says so much that is wrong does not read the answers. */
    if (++client->wrong > WRONG_MAX)
        client_close(client, CLOSE_PROTOCOL, clock_mono_ns());
    else if (frame)
        own_put(client, frame->bytes, frame->length);
    frame_release(frame);
    free(text);
    json_decref(data);
}

/* --- messages --- */

static bool since_is_right(struct client *client, const json_t *topics, json_t *since)
{
    const char *name;
    json_t *seq;

    json_object_foreach(since, name, seq)
    {
        bool asked = false;

        for (size_t i = 0; i < json_array_size(topics) && !asked; i++) {
            const char *topic = json_string_value(json_array_get(topics, i));
            asked = topic && strcmp(topic, name) == 0;
        }
        if (asked && json_is_integer(seq) && json_integer_value(seq) >= 0)
            continue;
        error_send(client, "malformed",
                   asked ? "since: a seq is a whole number"
                         : "since: a topic that is not asked for");
        return false;
    }
    return true;
}

static void topic_take(struct client *client, const char *name, bool subscribe, const json_t *since)
{
    enum topic_id topic = name ? topic_find(name) : TOPIC_COUNT;

    if (topic == TOPIC_COUNT)
        error_send(client, "unknown_topic", name ? "no such topic" : "topics are strings");
    else if (!subscribe)
        client->topic[topic] = (struct client_topic){0};
    else if (!topic_is_for(topic, &client->actor))
        error_send(client, "forbidden", topic_name(topic));
    else
        client_subscribe(client, topic, (uint64_t)json_integer_value(json_object_get(since, name)));
}

static void message_obey(struct client *client, json_t *message)
{
    const char *op = NULL;
    json_t *topics = NULL, *since = NULL, *name;
    json_error_t error;
    bool subscribe;
    size_t i;

    if (json_unpack_ex(message, &error, JSON_STRICT, "{s:s, s:o, s?o}", "op", &op, "topics",
                       &topics, "since", &since) != 0) {
        error_send(client, "malformed", error.text);
        return;
    }
    subscribe = strcmp(op, "subscribe") == 0;
    if ((!subscribe && strcmp(op, "unsubscribe") != 0) || !json_is_array(topics) ||
        json_array_size(topics) > (size_t)2 * TOPIC_COUNT || (since && !subscribe) ||
        (since && !json_is_object(since))) {
        error_send(client, "malformed", usage);
        return;
    }
    if (!since_is_right(client, topics, since))
        return;
    json_array_foreach(topics, i, name)
    {
        if (client->close_ns)
            return; /* one topic too many was wrong */
        topic_take(client, json_string_value(name), subscribe, since);
    }
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

/* Pieces of one byte each would cost libwslay a hundred times their size. */
static void on_frame(wslay_event_context_ptr websocket,
                     const struct wslay_event_on_frame_recv_start_arg *arg, void *ctx)
{
    struct client *client = ctx;

    (void)websocket;
    if (wslay_is_ctrl_frame(arg->opcode))
        return;
    client->message_frames =
        arg->opcode == WSLAY_CONTINUATION_FRAME ? client->message_frames + 1 : 1;
    if (client->message_frames > MESSAGE_FRAMES_MAX)
        client_close(client, CLOSE_TOO_BIG, clock_mono_ns());
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

static ssize_t receive(struct client *client, uint8_t *to, size_t length)
{
    ssize_t got;

    if (client->extra_read < client->extra_length)
        return extra_take(client, to, length);
    do
        got = recv(client->fd, to, length, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got;
}

/* One piece a call, so that whoever talks without end does not hold up the others. */
static ssize_t on_receive(wslay_event_context_ptr websocket, uint8_t *to, size_t length, int flags,
                          void *ctx)
{
    struct client *client = ctx;
    ssize_t got;

    (void)flags;
    if (client->read_left == 0 || client->own || client->gone) {
        wslay_event_set_error(websocket, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    got = receive(client, to, length < client->read_left ? length : client->read_left);
    if (got > 0) {
        client->read_left -= (uint32_t)got;
        return got;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        wslay_event_set_error(websocket, WSLAY_ERR_WOULDBLOCK);
    } else {
        wslay_event_set_error(websocket, WSLAY_ERR_CALLBACK_FAILURE);
        client->gone = true;
    }
    return -1;
}

/* libwslay's own frames, pongs and close: gathered, so that they join the queue whole. */
static ssize_t on_send(wslay_event_context_ptr websocket, const uint8_t *bytes, size_t length,
                       int flags, void *ctx)
{
    struct client *client = ctx;

    (void)flags;
    own_put(client, bytes, length);
    if (!client->gone)
        return (ssize_t)length;
    wslay_event_set_error(websocket, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void answers_send(struct client *client)
{
    if (wslay_event_want_write(client->websocket) && wslay_event_send(client->websocket) != 0)
        client->gone = true;
    own_queue(client);
}

bool client_read_open(struct client *client)
{
    static const struct wslay_event_callbacks callbacks = {.recv_callback = on_receive,
                                                           .send_callback = on_send,
                                                           .genmask_callback = NULL,
                                                           .on_frame_recv_start_callback = on_frame,
                                                           .on_frame_recv_chunk_callback = NULL,
                                                           .on_frame_recv_end_callback = NULL,
                                                           .on_msg_recv_callback = on_message};

    if (wslay_event_context_server_init(&client->websocket, &callbacks, client) != 0)
        return false;
    wslay_event_config_set_max_recv_msg_length(client->websocket, MESSAGE_MAX);
    client->read_left = READ_PER_TICK;
    return true;
}

bool client_reads(const struct client *client)
{
    return client->read_left > 0 && client->queue_count <= CLIENT_FRAMES - CLIENT_FRAMES_OWN &&
           wslay_event_get_read_enabled(client->websocket);
}

void client_read(struct client *client, int64_t now_ns)
{
    if (!client_reads(client))
        return;
    client->wrong = 0;
    if (wslay_event_recv(client->websocket) != 0)
        client->gone = true;
    answers_send(client);
    /* Their close, or ours by libwslay (a message too long, a broken frame). */
    if (!wslay_event_get_read_enabled(client->websocket) && !client->close_ns)
        client->close_ns = now_ns;
}

void client_say_close(struct client *client, uint16_t code)
{
    if (wslay_event_queue_close(client->websocket, code, NULL, 0) != 0)
        client->gone = true;
    answers_send(client);
}
