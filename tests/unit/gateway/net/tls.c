/* TLS: whom a net talks to, and in what words it refuses. The other end is a server of
 * libwebsockets in a thread; the certificates are made on the spot. */
#include "peer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct pair {
    EVP_PKEY *key;
    X509 *cert;
};

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    cr_assert_not_null(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

/* Signed by `ca`, or by itself. Valid from yesterday until `until_s` from now. */
static struct pair make_pair(const struct pair *ca, const char *name, const char *alternative,
                             long until_s)
{
    static long serial = 1;
    struct pair made = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
    const struct pair *issuer = ca ? ca : &made;
    X509_NAME *subject = X509_get_subject_name(made.cert);

    X509_set_version(made.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.cert), -86400);
    X509_gmtime_adj(X509_getm_notAfter(made.cert), until_s);
    X509_set_pubkey(made.cert, made.key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made.cert, X509_get_subject_name(issuer->cert));
    if (alternative)
        extend(made.cert, issuer->cert, NID_subject_alt_name, alternative);
    else
        extend(made.cert, issuer->cert, NID_basic_constraints, "critical,CA:TRUE");
    cr_assert_gt(X509_sign(made.cert, issuer->key, EVP_sha256()), 0);
    return made;
}

static void free_pair(struct pair *pair)
{
    EVP_PKEY_free(pair->key);
    X509_free(pair->cert);
}

static void write_cert(const char *folder, const char *name, X509 *cert, char path[128])
{
    FILE *file;

    snprintf(path, 128, "%s/%s", folder, name);
    file = fopen(path, "w");
    PEM_write_X509(file, cert);
    fclose(file);
}

static void write_key(const char *folder, EVP_PKEY *key, char path[128])
{
    FILE *file;

    snprintf(path, 128, "%s/key.pem", folder);
    file = fopen(path, "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

/* ---- the server ------------------------------------------------------------------------- */

struct server {
    struct lws_context *context;
    pthread_t thread;
    atomic_bool stop;
};

static int serve(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                 size_t length)
{
    unsigned char text[LWS_PRE + 512];

    (void)user;
    if (reason == LWS_CALLBACK_RECEIVE && length <= 256) {
        memcpy(text + LWS_PRE, in, length);
        return lws_write(wsi, text + LWS_PRE, length, LWS_WRITE_TEXT) < 0 ? -1 : 0;
    }
    if (reason == LWS_CALLBACK_HTTP) {
        lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, "nothing here");
        return -1;
    }
    return 0;
}

static void *serve_main(void *arg)
{
    struct server *server = arg;

    while (!atomic_load(&server->stop))
        lws_service(server->context, 0);
    return NULL;
}

static void server_start(struct server *server, uint16_t *port, const char *cert, const char *key)
{
    static const struct lws_protocols protocols[] = {
        {.name = "serve", .callback = serve, .rx_buffer_size = 4096}, {0}};
    struct lws_context_creation_info info = {.iface = "127.0.0.1",
                                             .protocols = protocols,
                                             .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                                                        LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                             .ssl_cert_filepath = cert,
                                             .ssl_private_key_filepath = key,
                                             .gid = -1,
                                             .uid = -1};
    struct lws_vhost *vhost;

    lws_set_log_level(0, NULL);
    server->context = lws_create_context(&info);
    vhost = lws_create_vhost(server->context, &info);
    cr_assert_not_null(vhost);
    *port = (uint16_t)lws_get_vhost_listen_port(vhost);
    cr_assert_eq(pthread_create(&server->thread, NULL, serve_main, server), 0);
}

static void server_stop(struct server *server)
{
    atomic_store(&server->stop, true);
    lws_cancel_service(server->context);
    pthread_join(server->thread, NULL);
    lws_context_destroy(server->context);
}

/* ---- the client ------------------------------------------------------------------------- */

struct heard {
    struct net_socket *socket;
    uint32_t opened, frames, closed, done;
    enum net_why why;
    char says[256], text[64];
    int http_status;
    bool never_sent;
};

static void on_opened(void *ctx, uint64_t epoch)
{
    struct heard *heard = ctx;

    heard->opened++;
    cr_assert(net_send(heard->socket, epoch, "hello", 5));
}

static void on_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns)
{
    struct heard *heard = ctx;

    (void)epoch;
    (void)length;
    (void)received_ns;
    heard->frames++;
    snprintf(heard->text, sizeof heard->text, "%s", text);
}

static void on_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                      const char *text)
{
    struct heard *heard = ctx;

    (void)epoch;
    (void)http_status;
    heard->closed++;
    heard->why = why;
    snprintf(heard->says, sizeof heard->says, "%s", text);
}

static void on_done(void *ctx, const struct net_answer *answer)
{
    struct heard *heard = ctx;

    heard->done++;
    heard->http_status = answer->http_status;
    heard->never_sent = answer->never_sent;
    snprintf(heard->says, sizeof heard->says, "%s", answer->text);
}

struct world {
    char folder[64], ca_path[128], cert_path[128], key_path[128];
    struct server server;
    uint16_t port;
    struct pair ca, pair;
    struct net *net;
    struct heard heard;
};

static void raise_world(struct world *world, struct pair ca, struct pair pair, X509 *trusted)
{
    struct net_config config = {.ca_file = world->ca_path, .seed = 1};
    struct err err;

    world->ca = ca;
    world->pair = pair;
    snprintf(world->folder, sizeof world->folder, "/tmp/pitwall-tls-XXXXXX");
    cr_assert_not_null(mkdtemp(world->folder));
    write_cert(world->folder, "ca.pem", trusted, world->ca_path);
    write_cert(world->folder, "cert.pem", pair.cert, world->cert_path);
    write_key(world->folder, pair.key, world->key_path);
    server_start(&world->server, &world->port, world->cert_path, world->key_path);
    cr_assert_eq(net_open(&world->net, &config, &err), OK, "%s", err.text);
}

static void connect_to(struct world *world, const char *host)
{
    char url[64];
    struct net_socket_config config = {.url = url,
                                       .ctx = &world->heard,
                                       .opened = on_opened,
                                       .frame = on_frame,
                                       .closed = on_closed};
    struct err err;

    snprintf(url, sizeof url, "wss://%s:%u/v5/public/linear", host, world->port);
    cr_assert_eq(net_socket_open(world->net, &world->heard.socket, &config, &err), OK);
    TURN_UNTIL(world->net, world->heard.frames + world->heard.closed >= 1);
}

static void ask(struct world *world, const char *host)
{
    char base[64];
    struct net_request request = {.base = base,
                                  .method = "GET",
                                  .path = "/v5/market/time",
                                  .deadline_ns = PEER_PATIENCE_NS,
                                  .ctx = &world->heard,
                                  .done = on_done};

    snprintf(base, sizeof base, "https://%s:%u", host, world->port);
    cr_assert(net_request(world->net, &request));
    TURN_UNTIL(world->net, world->heard.done == 1);
}

static void strike(struct world *world)
{
    net_close(world->net);
    server_stop(&world->server);
    unlink(world->ca_path);
    unlink(world->cert_path);
    unlink(world->key_path);
    rmdir(world->folder);
    free_pair(&world->ca);
    free_pair(&world->pair);
}

static void expect_refusal(struct world *world, const char *host, const char *reason)
{
    connect_to(world, host);
    cr_assert_eq(world->heard.opened, 0);
    cr_assert_eq(world->heard.why, NET_BAD_TLS, "%d %s", world->heard.why, world->heard.says);
    cr_assert_not_null(strstr(world->heard.says, reason), "%s", world->heard.says);
    ask(world, host);
    cr_assert_eq(world->heard.http_status, 0);
    cr_assert(world->heard.never_sent);
    cr_assert_not_null(strstr(world->heard.says, reason), "%s", world->heard.says);
}

Test(net_tls, a_private_authority_and_the_right_host_are_trusted)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);

    raise_world(&world, ca, make_pair(&ca, "venue", "DNS:localhost,IP:127.0.0.1", 3600), ca.cert);
    connect_to(&world, "localhost");
    cr_assert_eq(world.heard.frames, 1, "%s", world.heard.says);
    cr_assert_str_eq(world.heard.text, "hello");
    ask(&world, "localhost");
    cr_assert_eq(world.heard.http_status, 404, "%s", world.heard.says);
    strike(&world);
}

Test(net_tls, an_address_is_checked_as_one)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);

    raise_world(&world, ca, make_pair(&ca, "venue", "IP:127.0.0.1", 3600), ca.cert);
    connect_to(&world, "127.0.0.1");
    cr_assert_eq(world.heard.frames, 1, "%s", world.heard.says);
    strike(&world);
}

Test(net_tls, a_wrong_host_is_refused)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);

    raise_world(&world, ca, make_pair(&ca, "venue", "DNS:venue.example", 3600), ca.cert);
    expect_refusal(&world, "localhost", "ost");
    strike(&world);
}

Test(net_tls, a_foreign_authority_is_refused)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);
    struct pair other = make_pair(NULL, "another authority", NULL, 3600);

    raise_world(&world, ca, make_pair(&ca, "venue", "DNS:localhost", 3600), other.cert);
    expect_refusal(&world, "localhost", "unable to get local issuer certificate");
    free_pair(&other);
    strike(&world);
}

Test(net_tls, an_expired_certificate_is_refused)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);

    raise_world(&world, ca, make_pair(&ca, "venue", "DNS:localhost", -60), ca.cert);
    expect_refusal(&world, "localhost", "expired");
    strike(&world);
}

Test(net_tls, a_self_signed_certificate_is_refused)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);

    raise_world(&world, ca, make_pair(NULL, "venue", "DNS:localhost", 3600), ca.cert);
    expect_refusal(&world, "localhost", "self");
    strike(&world);
}

Test(net_tls, a_plain_server_is_no_tls_server)
{
    struct world world = {0};
    struct pair ca = make_pair(NULL, "test authority", NULL, 3600);
    char url[64];
    struct net_socket_config config = {.url = url,
                                       .ctx = &world.heard,
                                       .opened = on_opened,
                                       .frame = on_frame,
                                       .closed = on_closed};
    struct err err;
    uint16_t port = 0;
    int listening = peer_listen(&port);
    int peer;

    raise_world(&world, ca, make_pair(&ca, "venue", "DNS:localhost", 3600), ca.cert);
    snprintf(url, sizeof url, "wss://127.0.0.1:%u/", port);
    cr_assert_eq(net_socket_open(world.net, &world.heard.socket, &config, &err), OK);
    peer = peer_accept(world.net, listening);
    peer_says(world.net, peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
    TURN_UNTIL(world.net, world.heard.closed == 1);
    cr_assert_eq(world.heard.opened, 0);
    cr_assert_gt(strlen(world.heard.says), 0);
    close(peer);
    close(listening);
    strike(&world);
}

Test(net_tls, an_authority_that_cannot_be_read_is_said)
{
    struct net_config config = {.ca_file = "/tmp/pitwall-no-such-ca.pem", .seed = 1};
    struct net *net;
    struct err err;

    cr_assert_eq(net_open(&net, &config, &err), ERR_CONFIG);
    cr_assert_not_null(strstr(err.text, "/tmp/pitwall-no-such-ca.pem: No such file"), "%s",
                       err.text);
}
