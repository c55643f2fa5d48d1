/* Sockets of a net against a peer that the test scripts. */
#include "peer.h"

#include <errno.h>
#include <netinet/tcp.h>

enum { HEARD_MAX = 64 };

struct heard {
    struct net *net;
    struct net_socket *socket;
    uint32_t opened, closed, frames;
    uint64_t epoch; /* of the last callback */
    enum net_why why;
    int http_status;
    char says[256];
    char text[HEARD_MAX][128];
    size_t length;
    char *whole; /* a copy of the last frame */
    const char *answer_with;
    bool drop_in_frame, close_in_frame, close_in_closed, sent;
    int watch_fd; /* of the peer: was it readable while the callback ran? */
    bool at_once;
};

static void on_opened(void *ctx, uint64_t epoch)
{
    struct heard *heard = ctx;

    heard->opened++;
    heard->epoch = epoch;
}

static void answer(struct heard *heard, uint64_t epoch)
{
    struct pollfd peer = {.fd = heard->watch_fd, .events = POLLIN};

    heard->sent = net_send(heard->socket, epoch, heard->answer_with, strlen(heard->answer_with));
    heard->at_once = poll(&peer, 1, 100) == 1;
}

static void on_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    struct heard *heard = ctx;

    cr_assert_eq(text[length], '\0');
    for (int at = 0; at < NET_PADDING; at++)
        cr_assert_eq(text[length + (size_t)at], '\0');
    cr_assert(received_ns <= clock_real_ns() && received_ns > clock_real_ns() - 10000000000LL);
    snprintf(heard->text[heard->frames++ % HEARD_MAX], 128, "%.100s", text);
    heard->length = length;
    heard->epoch = epoch;
    free(heard->whole);
    heard->whole = strdup(text);
    if (heard->answer_with)
        answer(heard, epoch);
    if (heard->drop_in_frame)
        net_socket_drop(heard->socket, 0);
    if (heard->close_in_frame)
        net_socket_close(heard->socket);
}

static void on_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                      const char *text)
{
    struct heard *heard = ctx;

    heard->closed++;
    heard->epoch = epoch;
    heard->why = why;
    heard->http_status = http_status;
    snprintf(heard->says, sizeof heard->says, "%s", text);
    if (heard->close_in_closed)
        net_socket_close(heard->socket);
}

static struct net *open_net(uint32_t connects_max)
{
    struct net_config config = {.ca_file = NULL, .connects_max = connects_max, .seed = 1};
    struct net *net;
    struct err err;

    cr_assert_eq(net_open(&net, &config, &err), OK, "%s", err.text);
    return net;
}

static struct net_socket_config config_of(struct heard *heard, char url[64], uint16_t port)
{
    snprintf(url, 64, "ws://127.0.0.1:%u/v5/public/linear?x=1", port);
    return (struct net_socket_config){
        .url = url, .ctx = heard, .opened = on_opened, .frame = on_frame, .closed = on_closed};
}

struct stage {
    struct heard heard;
    struct net *net;
    uint16_t port;
    int listening, peer;
};

static void raise_stage(struct stage *stage, const struct net_socket_config *extra)
{
    char url[64];
    struct net_socket_config config;
    struct err err;

    stage->net = open_net(0);
    stage->listening = peer_listen(&stage->port);
    config = config_of(&stage->heard, url, stage->port);
    if (extra) {
        config.heartbeat = extra->heartbeat;
        config.heartbeat_ns = extra->heartbeat_ns;
        config.silence_ns = extra->silence_ns;
        config.frame_max = extra->frame_max;
    }
    cr_assert_eq(net_socket_open(stage->net, &stage->heard.socket, &config, &err), OK);
    stage->peer = peer_accept(stage->net, stage->listening);
    peer_upgrade(stage->net, stage->peer);
    TURN_UNTIL(stage->net, stage->heard.opened == 1);
    stage->heard.watch_fd = stage->peer;
}

static void next_peer(struct stage *stage)
{
    close(stage->peer);
    stage->peer = peer_accept(stage->net, stage->listening);
    peer_upgrade(stage->net, stage->peer);
    TURN_UNTIL(stage->net, net_socket_is_up(stage->heard.socket));
    stage->heard.watch_fd = stage->peer;
}

static void strike(struct stage *stage)
{
    net_close(stage->net);
    close(stage->listening);
    close(stage->peer);
    free(stage->heard.whole);
}

Test(net_socket, frames_arrive_whole_and_in_order)
{
    struct stage stage = {0};
    char text[32];

    raise_stage(&stage, NULL);
    for (int at = 0; at < 50; at++) {
        snprintf(text, sizeof text, "{\"n\":%d}", at);
        peer_text(stage.net, stage.peer, text);
    }
    TURN_UNTIL(stage.net, stage.heard.frames == 50);
    for (int at = 0; at < 50; at++) {
        snprintf(text, sizeof text, "{\"n\":%d}", at);
        cr_assert_str_eq(stage.heard.text[at], text);
    }
    cr_assert_eq(stage.heard.epoch, net_socket_epoch(stage.heard.socket));
    strike(&stage);
}

Test(net_socket, fragments_and_large_frames_are_put_together)
{
    struct stage stage = {0};
    size_t size = 300000;
    char *large = malloc(size + 1);

    raise_stage(&stage, NULL);
    peer_frame(stage.net, stage.peer, 1, false, "first,", 6);
    peer_frame(stage.net, stage.peer, 9, true, "p", 1); /* a ping may come between */
    peer_frame(stage.net, stage.peer, 0, false, "second,", 7);
    peer_frame(stage.net, stage.peer, 0, true, "third", 5);
    TURN_UNTIL(stage.net, stage.heard.frames == 1);
    cr_assert_str_eq(stage.heard.whole, "first,second,third");
    for (size_t at = 0; at < size; at++)
        large[at] = (char)('a' + at % 26);
    large[size] = '\0';
    peer_frame(stage.net, stage.peer, 1, true, large, size);
    TURN_UNTIL(stage.net, stage.heard.frames == 2);
    cr_assert_eq(stage.heard.length, size);
    cr_assert_str_eq(stage.heard.whole, large);
    peer_frame(stage.net, stage.peer, 1, true, "", 0);
    peer_text(stage.net, stage.peer, "after");
    TURN_UNTIL(stage.net, stage.heard.frames >= 3 && strcmp(stage.heard.whole, "after") == 0);
    free(large);
    strike(&stage);
}

Test(net_socket, a_frame_beyond_the_bound_drops_the_connection)
{
    struct stage stage = {0};
    struct net_socket_config extra = {.frame_max = 1000};
    char large[1500];

    memset(large, 'x', sizeof large);
    raise_stage(&stage, &extra);
    peer_frame(stage.net, stage.peer, 1, true, large, 1000);
    TURN_UNTIL(stage.net, stage.heard.frames == 1);
    peer_frame(stage.net, stage.peer, 1, false, large, 600);
    peer_frame(stage.net, stage.peer, 0, true, large, 600);
    TURN_UNTIL(stage.net, stage.heard.closed == 1);
    cr_assert_eq(stage.heard.why, NET_TOO_LARGE);
    cr_assert_eq(stage.heard.frames, 1);
    strike(&stage);
}

Test(net_socket, an_answer_leaves_within_the_callback)
{
    struct stage stage = {0};
    char text[64];

    raise_stage(&stage, NULL);
    stage.heard.answer_with = "{\"op\":\"order.create\"}";
    peer_text(stage.net, stage.peer, "tick");
    TURN_UNTIL(stage.net, stage.heard.frames == 1);
    cr_assert(stage.heard.sent);
    cr_assert(stage.heard.at_once, "the answer waited for another turn");
    cr_assert_eq(peer_hears(stage.net, stage.peer, text, sizeof text), 1);
    cr_assert_str_eq(text, stage.heard.answer_with);
    strike(&stage);
}

Test(net_socket, the_socket_sends_without_delay)
{
    struct stage stage = {0};
    char text[NET_HEADROOM + 16] = {0};
    char got[64];

    raise_stage(&stage, NULL);
    memcpy(text + NET_HEADROOM, "in place", 8);
    cr_assert(net_send_now(stage.heard.socket, stage.heard.epoch, text + NET_HEADROOM, 8));
    cr_assert_eq(peer_hears(stage.net, stage.peer, got, sizeof got), 1);
    cr_assert_str_eq(got, "in place");
    strike(&stage);
}

/* The peer does not read: the socket fills, then the queue, then net_send() says no. What it took
 * arrives whole and in order. */
Test(net_socket, what_a_choked_socket_takes_arrives_in_order)
{
    struct stage stage = {0};
    char *text = malloc(20001);
    char *got = malloc(20100);
    uint32_t sent = 0;

    raise_stage(&stage, NULL);
    for (;; sent++) {
        memset(text, 'a', 20000);
        snprintf(text, 20001, "%08u", sent);
        text[8] = '-';
        if (!net_send(stage.heard.socket, stage.heard.epoch, text, 20000))
            break;
        cr_assert_lt(sent, 100000);
    }
    cr_assert_gt(sent, 12);
    cr_assert(net_socket_is_up(stage.heard.socket));
    /* What must leave now or not at all does not. */
    cr_assert_not(net_socket_is_drained(stage.heard.socket));
    cr_assert_not(net_send_now(stage.heard.socket, stage.heard.epoch, text + NET_HEADROOM, 8));
    for (uint32_t at = 0; at < sent; at++) {
        cr_assert_eq(peer_hears(stage.net, stage.peer, got, 20100), 1);
        cr_assert_eq(strtoul(got, NULL, 10), at);
        cr_assert_eq(strlen(got), 20000);
    }
    cr_assert(net_socket_is_drained(stage.heard.socket));
    cr_assert(net_send(stage.heard.socket, stage.heard.epoch, "again", 5));
    cr_assert_eq(peer_hears(stage.net, stage.peer, got, 20100), 1);
    cr_assert_str_eq(got, "again");
    free(text);
    free(got);
    strike(&stage);
}

Test(net_socket, a_connection_is_made_again_and_old_epochs_do_not_send)
{
    struct stage stage = {0};
    uint64_t first;

    raise_stage(&stage, NULL);
    first = stage.heard.epoch;
    next_peer(&stage);
    cr_assert_eq(stage.heard.closed, 1);
    cr_assert_eq(stage.heard.why, NET_CLOSED);
    cr_assert_gt(stage.heard.epoch, first);
    cr_assert_eq(net_socket_connects(stage.heard.socket), 2);
    cr_assert_not(net_send(stage.heard.socket, first, "late", 4));
    cr_assert(net_send(stage.heard.socket, stage.heard.epoch, "now", 3));
    strike(&stage);
}

Test(net_socket, frames_of_a_dropped_connection_are_not_heard)
{
    struct stage stage = {0};
    char bytes[200];
    size_t length = peer_frame_bytes(bytes, 1, true, "one", 3);

    raise_stage(&stage, NULL);
    stage.heard.drop_in_frame = true;
    length += peer_frame_bytes(bytes + length, 1, true, "two", 3);
    peer_write(stage.net, stage.peer, bytes, length);
    TURN_UNTIL(stage.net, stage.heard.closed == 1);
    cr_assert_eq(stage.heard.why, NET_DROPPED);
    stage.heard.drop_in_frame = false;
    next_peer(&stage);
    peer_text(stage.net, stage.peer, "three");
    TURN_UNTIL(stage.net, stage.heard.frames == 2);
    cr_assert_str_eq(stage.heard.text[1], "three");
    cr_assert_eq(stage.heard.closed, 1);
    strike(&stage);
}

Test(net_socket, a_socket_may_be_closed_from_its_callbacks)
{
    struct stage stage = {0};
    char text[64];

    raise_stage(&stage, NULL);
    stage.heard.close_in_frame = true;
    peer_text(stage.net, stage.peer, "one");
    TURN_UNTIL(stage.net, stage.heard.frames == 1);
    while (peer_hears(stage.net, stage.peer, text, sizeof text) >= 0)
        ;
    for (int at = 0; at < 100; at++)
        net_poll(stage.net);
    cr_assert_eq(stage.heard.closed, 0, "nothing is called after the close");
    strike(&stage);
}

Test(net_socket, a_socket_may_be_closed_as_it_hears_of_its_end)
{
    struct stage stage = {0};

    raise_stage(&stage, NULL);
    stage.heard.close_in_closed = true;
    close(stage.peer);
    TURN_UNTIL(stage.net, stage.heard.closed == 1);
    for (int at = 0; at < 100; at++)
        net_poll(stage.net);
    stage.peer = -1;
    strike(&stage);
}

Test(net_socket, heartbeats_are_sent_and_silence_is_noticed)
{
    struct stage stage = {0};
    struct net_socket_config extra = {
        .heartbeat = "{\"op\":\"ping\"}", .heartbeat_ns = 20000000, .silence_ns = 500000000};
    char text[64];
    int64_t up_ns;

    raise_stage(&stage, &extra);
    up_ns = clock_mono_ns();
    for (int at = 0; at < 3; at++) {
        cr_assert_eq(peer_hears(stage.net, stage.peer, text, sizeof text), 1);
        cr_assert_str_eq(text, "{\"op\":\"ping\"}");
    }
    TURN_UNTIL(stage.net, stage.heard.closed == 1);
    cr_assert_eq(stage.heard.why, NET_SILENT);
    cr_assert_geq(clock_mono_ns() - up_ns, 450000000);
    strike(&stage);
}

Test(net_socket, pongs_are_no_silence)
{
    struct stage stage = {0};
    struct net_socket_config extra = {.heartbeat_ns = 60000000, .silence_ns = 600000000};
    char text[64];

    raise_stage(&stage, &extra);
    for (int at = 0; at < 15; at++) {
        cr_assert_eq(peer_hears(stage.net, stage.peer, text, sizeof text), 9);
        peer_frame(stage.net, stage.peer, 10, true, "", 0);
    }
    cr_assert_eq(stage.heard.closed, 0);
    strike(&stage);
}

Test(net_socket, an_answer_other_than_101_is_told)
{
    struct heard heard = {0};
    struct net *net = open_net(0);
    uint16_t port = 0;
    int listening = peer_listen(&port);
    char url[64], head[4096];
    struct net_socket_config config = config_of(&heard, url, port);
    struct err err;
    int peer;

    cr_assert_eq(net_socket_open(net, &heard.socket, &config, &err), OK);
    peer = peer_accept(net, listening);
    peer_read_until(net, peer, "\r\n\r\n", head, sizeof head);
    cr_assert_not_null(strstr(head, "GET /v5/public/linear?x=1 HTTP/1.1"));
    peer_says(net, peer, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    TURN_UNTIL(net, heard.closed == 1);
    cr_assert_eq(heard.why, NET_REFUSED, "%d %s", heard.why, heard.says);
    cr_assert_eq(heard.http_status, 403);
    close(peer);
    close(listening);
    net_close(net);
}

Test(net_socket, refusals_and_unknown_names_are_told_apart)
{
    struct heard heard = {0}, nowhere = {0};
    struct net *net = open_net(0);
    uint16_t port = 0;
    int listening = peer_listen(&port);
    char url[64];
    struct net_socket_config config = config_of(&heard, url, port);
    struct err err;

    close(listening);
    cr_assert_eq(net_socket_open(net, &heard.socket, &config, &err), OK);
    config.url = "ws://no-such-host.invalid:1/";
    config.ctx = &nowhere;
    cr_assert_eq(net_socket_open(net, &nowhere.socket, &config, &err), OK);
    TURN_UNTIL(net, heard.closed >= 1 && nowhere.closed >= 1);
    cr_assert_eq(heard.why, NET_FAILED, "%s", heard.says);
    cr_assert_eq(nowhere.why, NET_NO_NAME, "%s", nowhere.says);
    cr_assert_not_null(strstr(nowhere.says, "no-such-host.invalid"));
    net_close(net);
}

Test(net_socket, a_name_is_resolved_and_each_of_its_addresses_tried)
{
    struct heard heard = {0};
    struct net *net = open_net(0);
    uint16_t port = 0;
    int listening = peer_listen(&port); /* 127.0.0.1 alone; ::1 may come first */
    char url[64];
    struct net_socket_config config = config_of(&heard, url, port);
    struct err err;
    int peer;

    snprintf(url, sizeof url, "ws://localhost:%u", port);
    cr_assert_eq(net_socket_open(net, &heard.socket, &config, &err), OK);
    peer = peer_accept(net, listening);
    peer_upgrade(net, peer);
    TURN_UNTIL(net, heard.opened == 1);
    close(peer);
    close(listening);
    net_close(net);
}

Test(net_socket, attempts_stop_when_the_budget_is_used_up)
{
    struct heard heard = {0};
    struct net *net = open_net(2);
    uint16_t port = 0;
    int listening = peer_listen(&port);
    char url[64];
    struct net_socket_config config = config_of(&heard, url, port);
    struct err err;
    int64_t until_ns;

    close(listening);
    cr_assert_eq(net_socket_open(net, &heard.socket, &config, &err), OK);
    TURN_UNTIL(net, heard.closed == 2);
    for (until_ns = clock_mono_ns() + 600000000; clock_mono_ns() < until_ns;)
        net_poll(net);
    cr_assert_eq(heard.closed, 2);
    net_close(net);
}

Test(net_socket, a_flood_is_read_in_bounded_turns)
{
    struct stage stage = {0};
    char *flood = malloc(5000 * 4);
    size_t length = 0;
    uint32_t before;
    int64_t until_ns = clock_mono_ns() + PEER_PATIENCE_NS;

    raise_stage(&stage, NULL);
    for (int at = 0; at < 5000; at++)
        length += peer_frame_bytes(flood + length, 1, true, "x", 1);
    cr_assert_eq(send(stage.peer, flood, length, 0), (ssize_t)length);
    while (stage.heard.frames < 5000) {
        before = stage.heard.frames;
        net_poll(stage.net);
        cr_assert_leq(stage.heard.frames - before, 256);
        cr_assert_lt(clock_mono_ns(), until_ns, "%u", stage.heard.frames);
    }
    free(flood);
    strike(&stage);
}

Test(net_socket, bad_addresses_are_refused_with_a_reason)
{
    static const char *const bad[] = {"",          "127.0.0.1:1", "ftp://a/",     "ws://",
                                      "ws://a:0/", "ws://a:x/",   "ws://a:70000", "ws://a b/",
                                      "ws://u@h/", "ws://[::1/",  "http://a/"};
    struct heard heard = {0};
    struct net *net = open_net(0);
    struct err err;

    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        struct net_socket_config config = {.url = bad[at],
                                           .ctx = &heard,
                                           .opened = on_opened,
                                           .frame = on_frame,
                                           .closed = on_closed};

        cr_assert_eq(net_socket_open(net, &heard.socket, &config, &err), ERR_CONFIG, "%s", bad[at]);
        cr_assert_not_null(strstr(err.text, "url "));
    }
    net_close(net);
}
