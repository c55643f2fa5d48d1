/* Requests wait in a small table until a connection ("link") of their base is free. A link carries
 * one request at a time and is kept for the next; there are at most four for each base. */
#include "gateway/net/answer.h"
#include "gateway/net/inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FIRST = 64 << 10, TEXT_MAX = 256 << 10 };
#define LINK_IDLE_NS 20000000000LL

struct link;

struct net_exchange {
    bool open;
    uint64_t serial;   /* older ones first */
    struct link *link; /* NULL: waits */
    struct url url;
    char *text; /* NET_HEADROOM bytes in front; spoiled by no one: raw bytes are not masked */
    size_t length;
    bool is_get, sent, repeated;
    int64_t deadline_ns;
    void *ctx;
    void (*done)(void *ctx, const struct net_answer *answer);
};

struct link {
    struct link *next;
    struct net *net;
    struct url url;
    struct conn *conn; /* NULL: over */
    struct net_exchange *exchange;
    bool up, used, resolving;
    uint32_t address, tried;
    int64_t since_ns; /* of the attempt, or of the last answer */
    struct answer answer;
    char *in;
    size_t in_length, in_size;
};

static bool is_same_base(const struct url *one, const struct url *other)
{
    return one->tls == other->tls && one->port == other->port &&
           strcmp(one->host, other->host) == 0;
}

/* ---- the end of a request --------------------------------------------------------------- */

static void finish(struct net *net, struct net_exchange *exchange, const struct net_answer *answer)
{
    struct net_exchange over = *exchange;

    *exchange = (struct net_exchange){.open = false};
    net->exchanges_open--;
    net->callbacks++;
    over.done(over.ctx, answer);
    free(over.text);
}

static void fail(struct net *net, struct net_exchange *exchange, const char *text)
{
    char empty[1] = "";
    struct net_answer answer = {.http_status = 0,
                                .never_sent = !exchange->sent,
                                .body = empty,
                                .length = 0,
                                .limit = -1,
                                .limit_left = -1,
                                .limit_reset_ms = -1,
                                .retry_after_s = -1,
                                .text = text};

    finish(net, exchange, &answer);
}

/* No connection can be made: all that wait for one hear of it. */
static void fail_waiting(struct net *net, const struct url *url, const char *text)
{
    for (uint32_t at = 0; at < NET_REQUESTS_MAX; at++) {
        struct net_exchange *exchange = &net->exchanges[at];

        if (exchange->open && !exchange->link && is_same_base(&exchange->url, url))
            fail(net, exchange, text);
    }
}

static void link_drop(struct link *link)
{
    if (link->conn)
        conn_abandon(link->conn);
    link->conn = NULL;
    link->up = link->resolving = false;
    if (link->exchange)
        link->exchange->link = NULL;
    link->exchange = NULL;
}

/* ---- sending ---------------------------------------------------------------------------- */

static void give(struct link *link, struct net_exchange *exchange)
{
    link->exchange = exchange;
    exchange->link = link;
    exchange->sent = true;
    link->in_length = 0;
    answer_begin(&link->answer);
    conn_write(link->conn, exchange->text + NET_HEADROOM, exchange->length);
}

static struct net_exchange *oldest_waiting(struct net *net, const struct url *url)
{
    struct net_exchange *oldest = NULL;

    for (uint32_t at = 0; at < NET_REQUESTS_MAX; at++) {
        struct net_exchange *exchange = &net->exchanges[at];

        if (exchange->open && !exchange->link && is_same_base(&exchange->url, url) &&
            (!oldest || exchange->serial < oldest->serial))
            oldest = exchange;
    }
    return oldest;
}

static void link_serve(struct link *link)
{
    struct net_exchange *exchange;

    if (!link->up || link->exchange)
        return;
    exchange = oldest_waiting(link->net, &link->url);
    if (exchange)
        give(link, exchange);
}

/* ---- the connection --------------------------------------------------------------------- */

static void link_up(void *owner)
{
    struct link *link = owner;

    link->up = true;
    link->since_ns = link->net->now_ns;
    link_serve(link);
}

static void answered(struct link *link, bool left_over)
{
    struct net_exchange *exchange = link->exchange;
    struct net_answer answer = link->answer.told;
    bool keep = link->answer.keep_alive && !left_over;
    char *bytes = link->in;

    link->exchange = NULL;
    exchange->link = NULL;
    link->used = true;
    link->since_ns = link->net->now_ns;
    answer.body = bytes + link->answer.head_length;
    answer.length = link->answer.body_length;
    answer.body[answer.length] = '\0';
    link->up = false; /* the body lies in its buffer */
    finish(link->net, exchange, &answer);
    link->up = keep;
    if (keep)
        link_serve(link);
    else
        link_drop(link);
}

static bool keep_bytes(struct link *link, const char *bytes, size_t length)
{
    size_t wanted = link->in_length + length + 1;

    if (wanted > NET_FRAME_MAX)
        return false;
    if (wanted > link->in_size) {
        size_t size = wanted < IN_FIRST ? IN_FIRST : wanted * 2;
        char *larger = realloc(link->in, size);

        if (!larger)
            return false;
        link->in = larger;
        link->in_size = size;
    }
    memcpy(link->in + link->in_length, bytes, length);
    link->in_length += length;
    return true;
}

static void link_take(struct link *link, const char *bytes, size_t length)
{
    struct net_exchange *exchange = link->exchange;
    enum answer_result result = ANSWER_BAD;
    bool left_over = false;

    if (!exchange) { /* nothing was asked */
        link_drop(link);
        return;
    }
    link->answer.wrong = "the answer is too long";
    if (keep_bytes(link, bytes, length))
        result = answer_read(&link->answer, link->in, link->in_length, &left_over);
    if (result == ANSWER_DONE)
        answered(link, left_over);
    if (result != ANSWER_BAD)
        return;
    link_drop(link);
    fail(link->net, exchange, link->answer.wrong);
}

static size_t link_received(void *owner, char *bytes, size_t length)
{
    link_take(owner, bytes, length);
    return length;
}

/* A kept connection may be closed by the peer just as it is used again: a GET is then asked once
 * more (RFC 9110, 9.2.2). */
static void link_cut(struct link *link, struct net_exchange *exchange, const char *text)
{
    bool again = exchange->is_get && link->used && link->in_length == 0 && !exchange->repeated;

    if (answer_ends_here(&link->answer)) {
        link->exchange = exchange;
        exchange->link = link;
        answered(link, true);
    } else if (again) {
        exchange->repeated = true;
    } else {
        fail(link->net, exchange, link->in_length > 0 ? "cut off in mid-answer" : text);
    }
}

static void link_ended(void *owner, enum net_why why, int http_status, const char *text)
{
    struct link *link = owner;
    struct net_exchange *exchange = link->exchange;
    bool was_up = link->up;

    (void)why;
    (void)http_status;
    link->conn = NULL;
    link_drop(link);
    if (exchange)
        link_cut(link, exchange, text);
    else if (!was_up && ++link->tried < link->address)
        link->resolving = true; /* the next address */
    else if (!was_up) {
        resolver_forget(link->net->resolver, link->url.host);
        fail_waiting(link->net, &link->url, text);
    }
}

static void link_writable(void *owner)
{
    (void)owner;
}

static const struct conn_ops link_ops = {
    .reads_at_once = false,
    .up = link_up,
    .received = link_received,
    .writable = link_writable,
    .ended = link_ended,
};

/* ---- turns ------------------------------------------------------------------------------ */

static void link_give_up(struct link *link, const char *text)
{
    link_drop(link);
    fail_waiting(link->net, &link->url, text);
}

static void link_connect(struct link *link)
{
    struct net *net = link->net;
    const struct addresses *addresses = resolver_ask(net->resolver, link->url.host, net->now_ns);
    int64_t free_ns;

    if (!addresses)
        return;
    if (addresses->count == 0) {
        link_give_up(link, addresses->why);
        return;
    }
    if (!budget_take(&net->request_budget, net->now_ns, &free_ns)) {
        link_give_up(link, "the budget of connections is used up; see connects_max");
        return;
    }
    link->resolving = false;
    link->address = addresses->count;
    link->conn = net_conn_open(net, &link->url, addresses->text[link->tried % addresses->count],
                               &link_ops, link);
    if (!link->conn)
        link_give_up(link, "no memory for a connection");
}

static void link_begin(struct net *net, const struct url *url)
{
    struct link *link = calloc(1, sizeof *link);

    if (!link) {
        fail_waiting(net, url, "no memory for a connection");
        return;
    }
    link->net = net;
    link->url = *url;
    link->resolving = true;
    link->since_ns = net->now_ns;
    link->next = net->links;
    net->links = link;
}

static void link_turn(struct link *link)
{
    int64_t age_ns = link->net->now_ns - link->since_ns;

    if (link->resolving)
        link_connect(link);
    if (link->up)
        link_serve(link);
    if (link->up && !link->exchange && age_ns > LINK_IDLE_NS)
        link_drop(link);
    if (!link->up && (link->conn || link->resolving) && age_ns > NET_CONNECT_NS)
        link_give_up(link, "no connection in time");
}

/* A link more where requests wait, as long as there are fewer than four. */
static void serve_waiting(struct net *net, const struct net_exchange *waiting)
{
    uint32_t links = 0;
    uint32_t coming = 0;
    uint32_t wanted = 0;

    for (const struct link *link = net->links; link; link = link->next)
        if (is_same_base(&link->url, &waiting->url) && (link->conn || link->resolving)) {
            links++;
            coming += !link->exchange;
        }
    for (uint32_t at = 0; at < NET_REQUESTS_MAX; at++)
        wanted += net->exchanges[at].open && !net->exchanges[at].link &&
                  is_same_base(&net->exchanges[at].url, &waiting->url);
    if (links < NET_LINKS_MAX && coming < wanted)
        link_begin(net, &waiting->url);
}

static void exchange_turn(struct net *net, struct net_exchange *exchange)
{
    if (net->now_ns < exchange->deadline_ns) {
        if (!exchange->link)
            serve_waiting(net, exchange);
        return;
    }
    if (exchange->link)
        link_drop(exchange->link);
    fail(net, exchange, "no answer within the deadline");
}

static void sweep_links(struct net *net)
{
    for (struct link **at = &net->links; *at;) {
        struct link *link = *at;

        if (link->conn || link->resolving) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        free(link->in);
        free(link);
    }
}

void requests_turn(struct net *net)
{
    for (uint32_t at = 0; net->exchanges_open > 0 && at < NET_REQUESTS_MAX; at++)
        if (net->exchanges[at].open)
            exchange_turn(net, &net->exchanges[at]);
    for (struct link *link = net->links; link; link = link->next)
        link_turn(link);
    sweep_links(net);
}

enum status requests_open(struct net *net, struct err *err)
{
    net->exchanges = calloc(NET_REQUESTS_MAX, sizeof *net->exchanges);
    return net->exchanges ? OK : err_set(err, ERR_INTERNAL, "no memory for requests");
}

void requests_close(struct net *net)
{
    for (struct link *link = net->links; link; link = link->next)
        link_drop(link);
    sweep_links(net);
    for (uint32_t at = 0; net->exchanges && at < NET_REQUESTS_MAX; at++)
        free(net->exchanges[at].text);
    free(net->exchanges);
}

/* ---- for the gateway -------------------------------------------------------------------- */

static bool is_one_line(const char *text)
{
    return text[strcspn(text, "\r\n")] == '\0';
}

static bool put_head(FILE *out, const struct net_request *request, const struct url *url)
{
    fprintf(out, "%s %s HTTP/1.1\r\nhost: %s\r\n", request->method, request->path, url->authority);
    for (uint32_t at = 0; at < request->header_count; at++) {
        const struct net_header *header = &request->headers[at];

        if (!is_one_line(header->name) || !is_one_line(header->value))
            return false;
        fprintf(out, "%s %s\r\n", header->name, header->value);
    }
    if (request->body)
        fprintf(out, "content-type: application/json\r\ncontent-length: %zu\r\n",
                strlen(request->body));
    fprintf(out, "\r\n%s", request->body ? request->body : "");
    return true;
}

static bool write_text(struct net_exchange *exchange, const struct net_request *request)
{
    size_t size;
    FILE *out = open_memstream(&exchange->text, &size);
    bool fine;

    if (!out)
        return false;
    fprintf(out, "%*s", NET_HEADROOM, "");
    fine = put_head(out, request, &exchange->url);
    fine = fclose(out) == 0 && fine && size <= TEXT_MAX;
    exchange->length = size - NET_HEADROOM;
    if (!fine)
        free(exchange->text);
    return fine;
}

static struct net_exchange *free_exchange(struct net *net)
{
    for (uint32_t at = 0; at < NET_REQUESTS_MAX; at++)
        if (!net->exchanges[at].open)
            return &net->exchanges[at];
    return NULL;
}

/* At once when a connection is kept for it; else the next turn makes one. */
static void serve_now(struct net *net, struct net_exchange *exchange)
{
    for (struct link *link = net->links; link && !exchange->link; link = link->next)
        if (is_same_base(&link->url, &exchange->url) && link->conn && link->conn->up)
            link_serve(link);
}

bool net_request(struct net *net, const struct net_request *request)
{
    struct net_exchange *exchange = free_exchange(net);
    struct net_exchange made = {.open = true,
                                .is_get = strcmp(request->method, "GET") == 0,
                                .ctx = request->ctx,
                                .done = request->done};

    assert(request->header_count <= NET_HEADERS_MAX && request->deadline_ns > 0);
    if (!exchange || url_parse(&made.url, request->base) != NULL || made.url.is_ws)
        return false;
    if (request->path[0] != '/' || request->path[strcspn(request->path, " \r\n")] != '\0' ||
        !write_text(&made, request))
        return false;
    made.serial = ++net->serial;
    made.deadline_ns = clock_mono_ns() + request->deadline_ns;
    *exchange = made;
    net->in_motion = true;
    net->exchanges_open++;
    serve_now(net, exchange);
    return true;
}

uint32_t net_requests_open(const struct net *net)
{
    return net->exchanges_open;
}
