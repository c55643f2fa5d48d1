#include "stream/client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without a clock: the tests say what time it is. */
enum { FRAME_LENGTH = 20000 };
#define NOW_NS 1795000000000000000LL
#define SECOND_NS 1000000000LL

static int peer;
static struct client *client;
static struct channel books, fills;
static struct stream_counters counters;
static char text[FRAME_LENGTH + 1];

static const char *whole(void *ctx, int64_t *ts_ns)
{
    (void)ctx;
    *ts_ns = NOW_NS;
    return text;
}

static void open_channel(struct channel *channel, const char *name, enum channel_kind kind)
{
    cr_assert(channel_open(channel, name, kind, NOW_NS));
    channel->whole = whole;
}

static void open_client(void)
{
    int pair[2], size = 16384;

    memset(text, 'x', FRAME_LENGTH);
    counters = (struct stream_counters){0};
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    peer = pair[1];
    client = client_open(NULL, pair[0], NULL, 0, &(struct actor){.role = ROLE_VIEWER}, &counters);
    open_channel(&books, "books", CHANNEL_STATE);
    open_channel(&fills, "fills", CHANNEL_EVENT);
}

static void close_client(void)
{
    client_free(client);
    channel_close(&books);
    channel_close(&fills);
    close(peer);
}

TestSuite(client, .init = open_client, .fini = close_client);

static void tell(enum topic_id topic, struct channel *channel)
{
    channel_say(channel, NOW_NS, text);
    client_feed(client, topic, channel, NOW_NS);
    client_flush(client, NOW_NS);
}

/* What the other side can read now, byte by byte into frames: how many were whole, and the close
 * code. */
static struct read {
    unsigned char bytes[1 << 22];
    size_t length, at;
    uint32_t frames;
    uint16_t code;
} got;

static void read_frame(size_t header, size_t length)
{
    const unsigned char *payload = got.bytes + got.at + header;

    if (got.bytes[got.at] == 0x88)
        got.code = (uint16_t)(payload[0] << 8 | payload[1]);
    else
        cr_assert_eq(payload[length - 1], '}');
    got.frames++;
    got.at += header + length;
}

static void read_all(void)
{
    ssize_t count;

    do {
        count = recv(peer, got.bytes + got.length, sizeof got.bytes - got.length, MSG_DONTWAIT);
        got.length += count > 0 ? (size_t)count : 0;
        client->blocked = false;
        client_flush(client, NOW_NS);
    } while (count > 0);
    while (got.at + 2 <= got.length) {
        const unsigned char *head = got.bytes + got.at;
        bool wide = head[1] == 126;
        size_t length = wide ? (size_t)(head[2] << 8 | head[3]) : head[1];

        cr_assert(head[0] == 0x81 || head[0] == 0x88, "not at the beginning of a frame");
        if (got.at + (wide ? 4 : 2) + length > got.length)
            return;
        read_frame(wide ? 4 : 2, length);
    }
}

Test(client, a_subscriber_is_given_the_whole_and_then_what_changes)
{
    client_subscribe(client, TOPIC_BOOKS, 0);
    tell(TOPIC_BOOKS, &books);
    cr_assert_eq(client->topic[TOPIC_BOOKS].seq, books.seq);
    read_all();
    tell(TOPIC_BOOKS, &books);
    client_feed(client, TOPIC_BOOKS, &books, NOW_NS); /* twice is not told twice */
    client_flush(client, NOW_NS);
    read_all();
    cr_assert_eq(got.frames, 2);
    cr_assert_eq(counters.drops, 0);
}

Test(client, frames_are_shared_and_not_copied)
{
    client_subscribe(client, TOPIC_BOOKS, 0);
    client_feed(client, TOPIC_BOOKS, &books, NOW_NS);
    channel_say(&books, NOW_NS, text);
    client_feed(client, TOPIC_BOOKS, &books, NOW_NS);
    cr_assert_eq(client->queue_count, 2);
    cr_assert_eq(client->queue[1], channel_frame(&books, books.seq));
    cr_assert_eq(client->queue[1]->refs, 2);
}

Test(client, states_that_a_laggard_missed_come_as_one_snapshot)
{
    client_subscribe(client, TOPIC_BOOKS, 0);
    for (int i = 0; i < 1000; i++)
        tell(TOPIC_BOOKS, &books);
    cr_assert_leq(client->queue_count, CLIENT_FRAMES_SHORT);
    cr_assert_leq(client->queue_bytes, CLIENT_BYTES_SHORT);
    cr_assert_lt(client->topic[TOPIC_BOOKS].seq, books.seq);
    read_all();
    client_feed(client, TOPIC_BOOKS, &books, NOW_NS);
    cr_assert_eq(client->topic[TOPIC_BOOKS].seq, books.seq);
    cr_assert_gt(counters.drops, 900);
    cr_assert_eq(client->close_ns, 0);
}

Test(client, events_are_given_whole_however_late)
{
    uint64_t first = fills.seq;

    client_subscribe(client, TOPIC_FILLS, 0);
    client_feed(client, TOPIC_FILLS, &fills, NOW_NS);
    for (int i = 0; i < 100; i++)
        tell(TOPIC_FILLS, &fills);
    cr_assert_leq(client->queue_bytes, CLIENT_BYTES);
    cr_assert_lt(client->topic[TOPIC_FILLS].seq, fills.seq);
    for (int i = 0; i < 100; i++) {
        read_all();
        client_feed(client, TOPIC_FILLS, &fills, NOW_NS);
    }
    cr_assert_eq(got.frames, 101);
    cr_assert_eq(client->topic[TOPIC_FILLS].seq, first + 100);
    cr_assert_eq(counters.drops, 0);
}

Test(client, events_that_left_the_window_close_with_1013_and_cost_no_memory)
{
    client_subscribe(client, TOPIC_FILLS, 0);
    client_feed(client, TOPIC_FILLS, &fills, NOW_NS);
    for (int i = 0; i < 400 && !client->close_ns; i++)
        tell(TOPIC_FILLS, &fills);
    cr_assert(client->close_ns);
    cr_assert_leq(client->queue_count, 2, "what was begun, and the close frame");
    cr_assert_eq(counters.laggards, 1);
    read_all();
    cr_assert_eq(got.code, CLOSE_TOO_SLOW);
    cr_assert_eq(got.at, got.length);
}

Test(client, a_resume_inside_the_window_is_given_what_it_missed)
{
    uint64_t since;

    for (int i = 0; i < 20; i++)
        tell(TOPIC_FILLS, &fills);
    since = fills.seq - 7;
    client_subscribe(client, TOPIC_FILLS, since);
    client_feed(client, TOPIC_FILLS, &fills, NOW_NS);
    cr_assert_eq(client->topic[TOPIC_FILLS].seq, fills.seq);
    client_flush(client, NOW_NS);
    read_all();
    cr_assert_eq(got.frames, 7);
    cr_assert_eq(counters.resumes, 1);
}

Test(client, a_resume_outside_the_window_is_given_the_whole)
{
    for (int i = 0; i < 300; i++)
        channel_say(&fills, NOW_NS, text);
    client_subscribe(client, TOPIC_FILLS, fills.seq - 299);
    client_feed(client, TOPIC_FILLS, &fills, NOW_NS);
    cr_assert_eq(client->queue_count, 1);
    cr_assert_eq(client->queue[0], channel_snapshot(&fills));
    cr_assert_eq(counters.resumes, 0);
}

Test(client, a_gap_is_made_good_by_the_whole)
{
    client_subscribe(client, TOPIC_FILLS, 0);
    tell(TOPIC_FILLS, &fills);
    channel_gap(&fills);
    client_feed(client, TOPIC_FILLS, &fills, NOW_NS);
    cr_assert_eq(client->topic[TOPIC_FILLS].seq, fills.seq);
    cr_assert_eq(client->close_ns, 0);
}

Test(client, a_socket_that_takes_nothing_for_ten_seconds_has_stalled)
{
    client_subscribe(client, TOPIC_BOOKS, 0);
    for (int i = 0; i < 10; i++)
        tell(TOPIC_BOOKS, &books);
    cr_assert_not(client_is_stalled(client, NOW_NS + 10 * SECOND_NS));
    cr_assert(client_is_stalled(client, NOW_NS + 10 * SECOND_NS + 1));
    read_all();
    cr_assert_not(client_is_stalled(client, NOW_NS + 10 * SECOND_NS + 1), "it has read");
}

Test(client, a_close_waits_a_second_for_its_answer)
{
    client_close(client, CLOSE_STOP, NOW_NS);
    client_close(client, CLOSE_SESSION_GONE, NOW_NS + 1);
    cr_assert_not(client_is_done(client, NOW_NS + SECOND_NS));
    cr_assert(client_is_done(client, NOW_NS + SECOND_NS + 1));
    read_all();
    cr_assert_eq(got.frames, 1);
    cr_assert_eq(got.code, CLOSE_STOP);
}

/* Frames of a client that does not bother about masks. */
static void client_says(unsigned char opcode, const char *payload)
{
    unsigned char bytes[128] = {(unsigned char)(0x80 | opcode),
                                (unsigned char)(0x80 | strlen(payload))};

    memcpy(bytes + 6, payload, strlen(payload));
    cr_assert_gt(send(peer, bytes, 6 + strlen(payload), 0), 0);
}

Test(client, answers_join_the_queue_behind_a_frame_that_was_begun)
{
    client_subscribe(client, TOPIC_BOOKS, 0);
    for (int i = 0; i < 10; i++)
        tell(TOPIC_BOOKS, &books);
    cr_assert_gt(client->head_sent, 0, "one is on its way");
    client_says(9, "ping");
    client_says(1, "{");
    client_read(client, NOW_NS);
    client_close(client, CLOSE_STOP, NOW_NS);
    read_all(); /* asserts that frames begin where others end */
    cr_assert_eq(got.code, CLOSE_STOP);
    cr_assert_eq(got.at, got.length);
}

Test(client, who_talks_without_end_is_read_a_share_at_a_time)
{
    for (int i = 0; i < 100; i++)
        client_says(
            9, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    client_read(client, NOW_NS);
    cr_assert_eq(client->read_left, 0);
    cr_assert_not(client_reads(client));
    client->read_left = READ_PER_TICK;
    cr_assert(client_reads(client));
}

/* A text of 126 bytes to 65535, in a frame whose mask changes nothing. */
static void hear_of(const char *message)
{
    uint8_t frame[256] = {0x81, 0x80 | 126};
    size_t length = strlen(message);

    cr_assert(length >= 126 && length < sizeof frame - 8);
    frame[2] = (uint8_t)(length >> 8);
    frame[3] = (uint8_t)length;
    memcpy(frame + 8, message, length);
    cr_assert_eq(send(peer, frame, 8 + length, 0), (ssize_t)(8 + length));
}

Test(client, what_is_wrong_is_answered_up_to_the_bound_and_then_it_is_closed)
{
    static const char topics[] =
        "{\"op\":\"subscribe\",\"topics\":[\"nope a\",\"nope b\",\"nope c\",\"nope d\",\"nope e\","
        "\"nope f\",\"nope g\",\"nope h\",\"nope i\",\"nope j\",\"nope k\",\"nope l\",\"nope m\","
        "\"nope n\",\"nope o\",\"nope p\",\"nope q\",\"nope r\"]}";

    hear_of(topics);
    hear_of(topics);
    client_read(client, NOW_NS);
    cr_assert_eq(client->wrong, WRONG_MAX + 1);
    cr_assert_neq(client->close_ns, 0);
}
