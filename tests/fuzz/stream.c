/* Fuzz target: what a client of the stream sends after the handshake. Bytes as they are, or (the
 * first byte odd) lines, each of which becomes a text frame as a client masks it. What comes back
 * is whole frames of a server, JSON in those of text; nobody's rights grow; what is queued stays in
 * its bounds; and a client that is closed is closed with a code that the protocol has. */
#include "fuzz/fuzz.h"
#include "stream/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAID_MAX = 1 << 20, TURNS = 8, HEARD_MAX = 16 * 1024 };
#define NOW_NS 1795000000000000000LL

static uint8_t said[SAID_MAX];
static size_t said_length;
static int peer;

static void hear(struct client *client)
{
    ssize_t got;

    client->blocked = false;
    client_flush(client, NOW_NS);
    while ((got = recv(peer, said + said_length, SAID_MAX - said_length, MSG_DONTWAIT)) > 0) {
        said_length += (size_t)got;
        assert(said_length < SAID_MAX);
        client->blocked = false;
        client_flush(client, NOW_NS);
    }
}

static void check_close(const uint8_t *payload, size_t length)
{
    unsigned code = length >= 2 ? (unsigned)(payload[0] << 8 | payload[1]) : 0;

    assert(length == 0 || length >= 2);
    assert(length == 0 || (code >= 1000 && code < 5000 && code != 1005 && code != 1006));
}

/* RFC 6455: final, not masked, as short as it can be. What is cut at the end is only that. */
static void check_said(bool whole)
{
    size_t at = 0;

    while (at + 2 <= said_length) {
        uint8_t opcode = said[at] & 15;
        size_t length = said[at + 1], head = length == 126 ? 4 : 2;
        json_t *json;

        assert((said[at] & 0xf0) == 0x80 && length <= 126);
        assert(opcode == 1 || opcode == 8 || opcode == 10);
        if (at + head > said_length)
            break;
        length = head == 4 ? (size_t)said[at + 2] << 8 | said[at + 3] : length;
        if (at + head + length > said_length)
            break;
        if (opcode == 1) {
            json = json_loadb((char *)said + at + head, length, JSON_REJECT_DUPLICATES, NULL);
            assert(json_is_string(json_object_get(json, "topic")));
            assert(json_is_string(json_object_get(json_object_get(json, "data"), "detail")));
            json_decref(json);
        } else if (opcode == 8) {
            check_close(said + at + head, length);
        }
        at += head + length;
    }
    assert(!whole || at == said_length);
}

static void check_client(const struct client *client)
{
    assert(client->queue_count <= CLIENT_FRAMES && client->wrong <= WRONG_MAX + 1);
    assert(client->read_left <= READ_PER_TICK && !client->own);
    assert(client->actor.role == ROLE_VIEWER);
    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        assert(!client->topic[topic].subscribed ||
               topic_is_for((enum topic_id)topic, &client->actor));
}

/* Lines into frames, with a mask that changes nothing. */
static size_t frames_of_lines(struct bytes *in, uint8_t *out)
{
    size_t used = 0;

    while (in->left > 0) {
        const uint8_t *end = memchr(in->at, '\n', in->left);
        size_t length = end ? (size_t)(end - in->at) : in->left;

        if (used + length + 8 > HEARD_MAX)
            break;
        out[used++] = 0x81;
        out[used++] = (uint8_t)(0x80 | (length < 126 ? length : 126));
        if (length >= 126) {
            out[used++] = (uint8_t)(length >> 8);
            out[used++] = (uint8_t)length;
        }
        memset(out + used, 0, 4);
        memcpy(out + used + 4, in->at, length);
        used += 4 + length;
        length += end != NULL;
        in->at += length;
        in->left -= length;
    }
    return used;
}

static void tell(struct client *client, const uint8_t *heard, size_t length, size_t extra)
{
    size_t at = extra;

    for (int turn = 0; turn < TURNS && !client->gone; turn++) {
        ssize_t sent = send(peer, heard + at, length - at, MSG_DONTWAIT | MSG_NOSIGNAL);

        at += sent > 0 ? (size_t)sent : 0;
        client->read_left = READ_PER_TICK;
        client_read(client, NOW_NS);
        check_client(client);
        hear(client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t heard[HEARD_MAX];
    static const struct actor viewer = {.name = "viewer", .role = ROLE_VIEWER};
    struct stream_counters counters = {0};
    struct bytes in = {.at = data, .left = size};
    uint8_t how = take_byte(&in);
    size_t extra = take_byte(&in), length;
    struct client *client;
    int pair[2], made;

    if (how & 1)
        length = frames_of_lines(&in, heard);
    else {
        length = in.left < HEARD_MAX ? in.left : HEARD_MAX;
        memcpy(heard, in.at, length);
    }
    extra = extra < length ? extra : length;
    made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    assert(made == 0);
    peer = pair[1];
    said_length = 0;
    client = client_open(NULL, pair[0], heard, extra, &viewer, &counters);
    assert(client != NULL);
    tell(client, heard, length, extra);
    check_said(!client->gone);
    client_free(client);
    close(peer);
    return 0;
}
