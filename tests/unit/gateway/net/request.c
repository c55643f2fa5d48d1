/* Requests of a net against a peer that the test scripts. */
#include "peer.h"

#include <errno.h>

struct told {
    uint32_t done;
    int http_status;
    bool never_sent;
    char body[256], says[128];
    size_t length;
    int64_t limit, limit_left, limit_reset_ms, retry_after_s;
    struct net *net; /* asks again from within */
    const struct net_request *then;
};

static void on_done(void *ctx, const struct net_answer *answer)
{
    struct told *told = ctx;

    told->done++;
    told->http_status = answer->http_status;
    told->never_sent = answer->never_sent;
    told->length = answer->length;
    told->limit = answer->limit;
    told->limit_left = answer->limit_left;
    told->limit_reset_ms = answer->limit_reset_ms;
    told->retry_after_s = answer->retry_after_s;
    snprintf(told->body, sizeof told->body, "%s", answer->body);
    snprintf(told->says, sizeof told->says, "%s", answer->text);
    cr_assert_eq(strlen(answer->body), answer->length);
    if (told->then) {
        const struct net_request *then = told->then;

        told->then = NULL;
        cr_assert(net_request(told->net, then));
    }
}

struct stage {
    struct net *net;
    uint16_t port;
    int listening;
    char base[64];
    struct told told;
    struct net_request get, post;
};

static const struct net_header headers[] = {{"x-bapi-sign:", "abc"}, {"x-bapi-timestamp:", "17"}};

static struct stage *raise_stage(uint32_t connects_max)
{
    static struct stage stage;
    struct net_config config = {.connects_max = connects_max, .seed = 1};
    struct err err;

    cr_assert_eq(net_open(&stage.net, &config, &err), OK);
    stage.listening = peer_listen(&stage.port);
    snprintf(stage.base, sizeof stage.base, "http://127.0.0.1:%u", stage.port);
    stage.get = (struct net_request){.base = stage.base,
                                     .method = "GET",
                                     .path = "/v5/market/time?a=b%20c",
                                     .headers = headers,
                                     .header_count = 2,
                                     .deadline_ns = PEER_PATIENCE_NS,
                                     .ctx = &stage.told,
                                     .done = on_done};
    stage.post = stage.get;
    stage.post.method = "POST";
    stage.post.path = "/v5/order/create";
    stage.post.body = "{\"qty\":\"1\"}";
    return &stage;
}

static void strike(struct stage *stage)
{
    net_close(stage->net);
    close(stage->listening);
}

static void hear_request(struct stage *stage, int peer, const char *first_line)
{
    char head[4096], body[64];
    const char *length;

    peer_read_until(stage->net, peer, "\r\n\r\n", head, sizeof head);
    cr_assert_eq(strncmp(head, first_line, strlen(first_line)), 0, "%s", head);
    length = strstr(head, "content-length: ");
    if (length)
        cr_assert(peer_read(stage->net, peer, body, (size_t)atoi(length + 16)));
}

Test(net_request, a_get_and_a_post_go_over_one_connection)
{
    struct stage *stage = raise_stage(0);
    char head[4096], body[64] = {0};
    int peer;

    cr_assert(net_request(stage->net, &stage->get));
    cr_assert_eq(net_requests_open(stage->net), 1);
    peer = peer_accept(stage->net, stage->listening);
    peer_read_until(stage->net, peer, "\r\n\r\n", head, sizeof head);
    cr_assert_eq(strncmp(head, "GET /v5/market/time?a=b%20c HTTP/1.1\r\n", 38), 0);
    cr_assert_not_null(strstr(head, "\r\nx-bapi-sign: abc\r\nx-bapi-timestamp: 17\r\n"));
    peer_says(stage->net, peer,
              "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-Bapi-Limit: 10\r\n"
              "X-Bapi-Limit-Status: 9\r\nX-Bapi-Limit-Reset-Timestamp: 1700000000123\r\n\r\n"
              "{\"time\":17}");
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert_eq(stage->told.http_status, 200);
    cr_assert_str_eq(stage->told.body, "{\"time\":17}");
    cr_assert_eq(stage->told.limit, 10);
    cr_assert_eq(stage->told.limit_left, 9);
    cr_assert_eq(stage->told.limit_reset_ms, 1700000000123);
    cr_assert_eq(stage->told.retry_after_s, -1);
    cr_assert_eq(net_requests_open(stage->net), 0);

    cr_assert(net_request(stage->net, &stage->post));
    peer_read_until(stage->net, peer, "\r\n\r\n", head, sizeof head);
    cr_assert_not_null(strstr(head, "content-type: application/json\r\ncontent-length: 11\r\n"));
    cr_assert(peer_read(stage->net, peer, body, 11));
    cr_assert_str_eq(body, "{\"qty\":\"1\"}");
    peer_says(stage->net, peer,
              "HTTP/1.1 403 Forbidden\r\nRetry-After: 600\r\n"
              "Transfer-Encoding: chunked\r\n\r\n5\r\nhel");
    net_poll(stage->net);
    peer_says(stage->net, peer, "lo\r\n6;x=y\r\n world\r\n0\r\n\r\n");
    TURN_UNTIL(stage->net, stage->told.done == 2);
    cr_assert_eq(stage->told.http_status, 403);
    cr_assert_str_eq(stage->told.body, "hello world");
    cr_assert_eq(stage->told.retry_after_s, 600);
    close(peer);
    strike(stage);
}

Test(net_request, at_most_four_connections_and_64_requests_at_a_time)
{
    struct stage *stage = raise_stage(0);
    int peers[5];

    for (int at = 0; at < 64; at++)
        cr_assert(net_request(stage->net, &stage->get));
    cr_assert_not(net_request(stage->net, &stage->get));
    for (int at = 0; at < 4; at++)
        peers[at] = peer_accept(stage->net, stage->listening);
    for (int at = 0; at < 1000; at++)
        net_poll(stage->net);
    cr_assert_lt(accept4(stage->listening, NULL, NULL, 0), 0);
    for (int at = 0; at < 64; at++) {
        hear_request(stage, peers[at % 4], "GET ");
        peer_says(stage->net, peers[at % 4], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        TURN_UNTIL(stage->net, stage->told.done == (uint32_t)at + 1);
    }
    cr_assert(net_request(stage->net, &stage->get));
    strike(stage);
}

Test(net_request, a_refused_connection_has_sent_nothing)
{
    struct stage *stage = raise_stage(0);

    close(stage->listening);
    cr_assert(net_request(stage->net, &stage->post));
    cr_assert(net_request(stage->net, &stage->get));
    TURN_UNTIL(stage->net, stage->told.done == 2);
    cr_assert_eq(stage->told.http_status, 0);
    cr_assert(stage->told.never_sent);
    cr_assert_gt(strlen(stage->told.says), 0);
    strike(stage);
}

Test(net_request, a_close_in_mid_answer_is_unknown)
{
    struct stage *stage = raise_stage(0);
    int peer;

    cr_assert(net_request(stage->net, &stage->post));
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "POST /v5/order/create HTTP/1.1\r\n");
    peer_says(stage->net, peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"retCode\":0");
    net_poll(stage->net);
    close(peer);
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert_eq(stage->told.http_status, 0);
    cr_assert_not(stage->told.never_sent);
    cr_assert_str_eq(stage->told.says, "cut off in mid-answer");
    strike(stage);
}

Test(net_request, a_close_before_the_answer_is_unknown)
{
    struct stage *stage = raise_stage(0);
    int peer;

    cr_assert(net_request(stage->net, &stage->post));
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "POST /v5/order/create HTTP/1.1\r\n");
    close(peer);
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert_eq(stage->told.http_status, 0);
    cr_assert_not(stage->told.never_sent);
    strike(stage);
}

/* A kept connection dies as it is used again: the GET goes out once more, the POST does not. */
Test(net_request, only_a_get_is_asked_again_on_a_fresh_connection)
{
    struct stage *stage = raise_stage(0);
    int peer, fresh;

    cr_assert(net_request(stage->net, &stage->get));
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "GET ");
    peer_says(stage->net, peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert(net_request(stage->net, &stage->get));
    hear_request(stage, peer, "GET ");
    close(peer);
    fresh = peer_accept(stage->net, stage->listening);
    hear_request(stage, fresh, "GET ");
    peer_says(stage->net, fresh, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{ }");
    TURN_UNTIL(stage->net, stage->told.done == 2);
    cr_assert_str_eq(stage->told.body, "{ }");
    cr_assert(net_request(stage->net, &stage->post));
    hear_request(stage, fresh, "POST ");
    close(fresh);
    TURN_UNTIL(stage->net,
               stage->told.done == 3 || (fresh = accept4(stage->listening, NULL, NULL, 0)) >= 0);
    cr_assert_lt(fresh, 0, "the POST was sent twice");
    cr_assert_eq(stage->told.http_status, 0);
    cr_assert_not(stage->told.never_sent);
    strike(stage);
}

Test(net_request, a_body_may_end_with_the_connection)
{
    struct stage *stage = raise_stage(0);
    int peer;

    cr_assert(net_request(stage->net, &stage->get));
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "GET ");
    peer_says(stage->net, peer, "HTTP/1.0 200 OK\r\n\r\n{\"a\":");
    net_poll(stage->net);
    peer_says(stage->net, peer, "1}");
    close(peer);
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert_eq(stage->told.http_status, 200);
    cr_assert_str_eq(stage->told.body, "{\"a\":1}");
    strike(stage);
}

Test(net_request, what_is_no_answer_is_said)
{
    static const char *const bad[] = {
        "220 smtp ready\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
    struct stage *stage = raise_stage(0);

    for (uint32_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        int peer;

        cr_assert(net_request(stage->net, &stage->get));
        peer = peer_accept(stage->net, stage->listening);
        hear_request(stage, peer, "GET ");
        peer_says(stage->net, peer, bad[at]);
        TURN_UNTIL(stage->net, stage->told.done == at + 1);
        cr_assert_eq(stage->told.http_status, 0);
        cr_assert_not(stage->told.never_sent);
        close(peer);
    }
    strike(stage);
}

Test(net_request, a_deadline_ends_the_wait)
{
    struct stage *stage = raise_stage(0);
    int peer;

    stage->post.deadline_ns = 50000000;
    cr_assert(net_request(stage->net, &stage->post));
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "POST ");
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert_eq(stage->told.http_status, 0);
    cr_assert_not(stage->told.never_sent);
    cr_assert_not_null(strstr(stage->told.says, "deadline"));
    peer_says(stage->net, peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    for (int at = 0; at < 100; at++)
        net_poll(stage->net);
    cr_assert_eq(stage->told.done, 1, "late answers are nobody's");
    close(peer);
    strike(stage);
}

Test(net_request, a_budget_used_up_is_said_and_nothing_was_sent)
{
    struct stage *stage = raise_stage(1);
    int peer;

    cr_assert(net_request(stage->net, &stage->get));
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "GET ");
    cr_assert(net_request(stage->net, &stage->post));
    TURN_UNTIL(stage->net, stage->told.done == 1);
    cr_assert(stage->told.never_sent);
    cr_assert_not_null(strstr(stage->told.says, "budget"));
    close(peer);
    strike(stage);
}

static void on_opened(void *ctx, uint64_t epoch)
{
    (void)ctx;
    (void)epoch;
}

static void on_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    (void)ctx;
    (void)epoch;
    (void)text;
    (void)length;
    (void)received_ns;
}

static void on_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                      const char *text)
{
    (void)ctx;
    (void)epoch;
    (void)why;
    (void)http_status;
    (void)text;
}

/* A peer that closes after each answer uses up the one of requests alone. */
Test(net_request, a_budget_used_up_leaves_the_sockets_theirs)
{
    struct stage *stage = raise_stage(1);
    struct net_socket_config config = {
        .ctx = stage, .opened = on_opened, .frame = on_frame, .closed = on_closed};
    struct net_socket *socket;
    struct err err;
    char url[64];
    int peer;

    cr_assert(net_request(stage->net, &stage->get));
    close(peer_accept(stage->net, stage->listening));
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/v5/trade", stage->port);
    config.url = url;
    cr_assert_eq(net_socket_open(stage->net, &socket, &config, &err), OK);
    peer = peer_accept(stage->net, stage->listening);
    hear_request(stage, peer, "GET /v5/trade ");
    close(peer);
    strike(stage);
}

Test(net_request, an_answer_may_ask_the_next_question)
{
    struct stage *stage = raise_stage(0);
    int peer;

    stage->told.net = stage->net;
    stage->told.then = &stage->get;
    cr_assert(net_request(stage->net, &stage->get));
    peer = peer_accept(stage->net, stage->listening);
    for (uint32_t at = 1; at <= 2; at++) {
        hear_request(stage, peer, "GET ");
        peer_says(stage->net, peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        TURN_UNTIL(stage->net, stage->told.done == at);
    }
    close(peer);
    strike(stage);
}

Test(net_request, requests_that_would_smuggle_are_refused)
{
    struct stage *stage = raise_stage(0);
    struct net_header evil = {"x:", "a\r\nhost: b"};
    struct net_request request = stage->get;

    request.headers = &evil;
    request.header_count = 1;
    cr_assert_not(net_request(stage->net, &request));
    request = stage->get;
    request.path = "/a HTTP/1.1\r\n";
    cr_assert_not(net_request(stage->net, &request));
    request.path = "/";
    request.base = "ws://127.0.0.1:1";
    cr_assert_not(net_request(stage->net, &request));
    cr_assert_eq(net_requests_open(stage->net), 0);
    strike(stage);
}
