/* A front of eight places before a daemon that answers everything with 204. */
#include "api/front/front.h"
#include "api/front/link.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 8, OF_ONE = 7, MORE_THAN_SILENT_MS = 1200 };

#define HEAD_BEGINS "GET / HTTP/1.1\r\nHost: x\r\nA: "
#define HEAD_ENDS "b\r\n\r\n"

struct client {
    int fd;
    SSL *ssl;
};

static char dir[] = "/tmp/pitwall-front-XXXXXX";
static struct identity *identity;
static struct front *front;
static struct MHD_Daemon *daemon_;
static SSL_CTX *trusting;
static struct sockaddr_in address;
static struct client clients[PLACES + 1];

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **slot)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)ctx, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*slot) {
        *slot = connection;
        return MHD_YES;
    }
    response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    result = MHD_queue_response(connection, 204, response);
    MHD_destroy_response(response);
    return result;
}

static int listen_somewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof address;

    address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fd, 64), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return fd;
}

static void open_front(void)
{
    struct identity_files files = {0};
    struct front_settings settings = {.name = "front", .links_max = PLACES};
    struct err err;

    signal(SIGPIPE, SIG_IGN); /* to be cut off is what is looked at */
    cr_assert(mkdtemp(dir));
    cr_assert_eq(own_certificate_make(&files, dir, "127.0.0.1", &err), OK, "%s", err.text);
    cr_assert_eq(identity_open(&identity, &files, &err), OK, "%s", err.text);
    daemon_ =
        MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC, 0,
                         NULL, NULL, answer, NULL, MHD_OPTION_END);
    cr_assert(daemon_);
    settings.listen_fd = listen_somewhere();
    settings.identity = identity;
    settings.daemon = daemon_;
    cr_assert_eq(front_open(&front, &settings, &err), OK, "%s", err.text);
    trusting = SSL_CTX_new(TLS_client_method());
    cr_assert(trusting);
}

static void remove_files(void)
{
    static const char *const names[] = {"tls/cert.pem", "tls/key.pem"};
    char path[64];

    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[at]);
        cr_assert_eq(unlink(path), 0);
    }
    (void)snprintf(path, sizeof path, "%s/tls", dir);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(rmdir(dir), 0);
}

static void close_front(void)
{
    MHD_stop_daemon(daemon_);
    front_close(front);
    identity_close(identity);
    SSL_CTX_free(trusting);
    remove_files();
}

TestSuite(front, .init = open_front, .fini = close_front, .timeout = 60);

static void come(struct client *client)
{
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(client->fd, (struct sockaddr *)&address, sizeof address), 0);
    client->ssl = SSL_new(trusting);
    SSL_set_fd(client->ssl, client->fd);
    cr_assert_eq(SSL_connect(client->ssl), 1);
}

static void go(struct client *client)
{
    SSL_free(client->ssl);
    close(client->fd);
}

static void say(struct client *client, const char *text)
{
    cr_assert_eq(SSL_write(client->ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* The code of the answer; 0: the connection has ended. */
static int hear(struct client *client)
{
    char text[512];
    int length = SSL_read(client->ssl, text, sizeof text - 1);

    if (length <= 0)
        return 0;
    text[length] = '\0';
    cr_assert_eq(strncmp(text, "HTTP/1.1 ", 9), 0, "%s", text);
    return (int)strtol(text + 9, NULL, 10);
}

static void let_all_grow_silent(void)
{
    nanosleep(&(struct timespec){.tv_sec = MORE_THAN_SILENT_MS / 1000,
                                 .tv_nsec = MORE_THAN_SILENT_MS % 1000 * 1000000},
              NULL);
}

/* As many as one address may have, each answered once, in order. */
static void fill(void)
{
    for (int i = 0; i < OF_ONE; i++) {
        come(&clients[i]);
        say(&clients[i], HEAD_BEGINS HEAD_ENDS);
        cr_assert_eq(hear(&clients[i]), 204);
    }
    let_all_grow_silent();
}

static void leave_all(void)
{
    for (int i = 0; i <= OF_ONE; i++)
        go(&clients[i]);
}

static uint64_t displaced(void)
{
    struct front_counts counts;

    front_count(front, &counts);
    return counts.displaced;
}

Test(front, a_request_just_begun_is_not_cut_for_a_newcomer)
{
    fill();
    say(&clients[0], HEAD_BEGINS);
    come(&clients[OF_ONE]);
    say(&clients[OF_ONE], HEAD_BEGINS HEAD_ENDS);
    cr_assert_eq(hear(&clients[OF_ONE]), 204);
    cr_assert_eq(displaced(), 1);
    say(&clients[0], HEAD_ENDS);
    cr_assert_eq(hear(&clients[0]), 204, "it was idle the longest, and then asked");
    cr_assert_eq(hear(&clients[1]), 0, "it was idle the longest of the others");
    leave_all();
}

Test(front, more_bytes_of_a_head_do_not_keep_its_place)
{
    fill();
    say(&clients[0], HEAD_BEGINS);
    let_all_grow_silent();
    for (int i = 1; i < OF_ONE; i++) {
        say(&clients[i], HEAD_BEGINS HEAD_ENDS);
        cr_assert_eq(hear(&clients[i]), 204);
    }
    say(&clients[0], "c");
    come(&clients[OF_ONE]);
    say(&clients[OF_ONE], HEAD_BEGINS HEAD_ENDS);
    cr_assert_eq(hear(&clients[OF_ONE]), 204);
    cr_assert_eq(hear(&clients[0]), 0);
    leave_all();
}

/* --- one link by itself --- */

static struct link link_;
static int plain_end, client_end;
static SSL *client_ssl;

static void join(void)
{
    SSL_CTX *context = identity_context(identity);
    int tcp[2], plain[2];
    bool done = false;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, tcp), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, plain), 0);
    cr_assert(link_open(&link_, context, tcp[0], 1));
    SSL_CTX_free(context);
    client_end = tcp[1];
    client_ssl = SSL_new(trusting);
    SSL_set_fd(client_ssl, client_end);
    for (int i = 0; !done && i < 100; i++) {
        (void)SSL_connect(client_ssl);
        done = link_shake(&link_, 1);
    }
    cr_assert(done);
    link_join(&link_, plain[0], 10);
    plain_end = plain[1];
}

static void part(void)
{
    SSL_free(client_ssl);
    close(client_end);
    close(plain_end);
    link_close(&link_);
}

static void client_says(const char *bytes, int length, int64_t now_ns)
{
    cr_assert_eq(SSL_write(client_ssl, bytes, length), length);
    link_move(&link_, true, false, now_ns);
}

static void we_say(const char *bytes, int64_t now_ns)
{
    cr_assert_eq(send(plain_end, bytes, strlen(bytes), 0), (ssize_t)strlen(bytes));
    link_move(&link_, false, true, now_ns);
}

static void passed_on(const char *bytes, size_t length)
{
    char got[256];

    cr_assert_eq(recv(plain_end, got, sizeof got, MSG_DONTWAIT), (ssize_t)length);
    cr_assert_eq(memcmp(got, bytes, length), 0);
}

Test(front, a_link_waits_since_its_last_answer_or_the_first_byte_after_it)
{
    join();
    cr_assert_eq(link_waits_since_ns(&link_), 10);
    client_says("G", 1, 50);
    cr_assert_eq(link_waits_since_ns(&link_), 50);
    client_says("E", 1, 60);
    cr_assert_eq(link_waits_since_ns(&link_), 50, "more bytes change nothing");
    we_say("HTTP/1.1 204 \r\n\r\n", 70);
    cr_assert_eq(link_waits_since_ns(&link_), 70);
    client_says("G", 1, 90);
    cr_assert_eq(link_waits_since_ns(&link_), 90);
    part();
}

Test(front, a_nul_is_passed_on_as_one_until_the_stream_has_the_connection)
{
    static const char dirty[] = "A: b\0\nC: \0\0d\r\n", clean[] = "A: b\1\nC: \1\1d\r\n";

    join();
    client_says(dirty, sizeof dirty - 1, 20);
    passed_on(clean, sizeof clean - 1);
    we_say("HTTP/1.1 200 OK\r\n\r\n", 30);
    client_says(dirty, sizeof dirty - 1, 40);
    passed_on(clean, sizeof clean - 1);
    we_say("HTTP/1.1 101 Switching Protocols\r\n\r\n", 50);
    client_says(dirty, sizeof dirty - 1, 60);
    passed_on(dirty, sizeof dirty - 1);
    part();
}
