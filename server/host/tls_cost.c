#include "host/tls_cost.h"

#include "thread/clock.h"
#include "tls/certificate.h"

#include <openssl/ssl.h>

enum { HANDSHAKES = 10, RECORDS = 2000, RECORD_BYTES = 1024, STEPS_MAX = 32 };

struct pair {
    SSL *server, *client;
};

/* Each writes where the other reads. */
static bool pair_open(struct pair *pair, SSL_CTX *server, SSL_CTX *client)
{
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());

    *pair = (struct pair){.server = SSL_new(server), .client = SSL_new(client)};
    if (!up || !down || !pair->server || !pair->client) {
        BIO_free(up);
        BIO_free(down);
        return false;
    }
    BIO_up_ref(up);
    BIO_up_ref(down);
    SSL_set_bio(pair->server, up, down);
    SSL_set_bio(pair->client, down, up);
    SSL_set_accept_state(pair->server);
    SSL_set_connect_state(pair->client);
    return true;
}

static void pair_close(struct pair *pair)
{
    SSL_free(pair->server);
    SSL_free(pair->client);
}

static bool shake(struct pair *pair)
{
    for (int step = 0; step < STEPS_MAX; step++)
        if (SSL_do_handshake(pair->client) == 1 && SSL_do_handshake(pair->server) == 1)
            return true;
        else
            (void)SSL_do_handshake(pair->server); /* wants what the client has just written */
    return false;
}

static bool send_records(struct pair *pair, int64_t *each_ns)
{
    static const char sent[RECORD_BYTES];
    char got[RECORD_BYTES];
    int64_t began = clock_mono_ns();

    for (int at = 0; at < RECORDS; at++)
        if (SSL_write(pair->client, sent, RECORD_BYTES) != RECORD_BYTES ||
            SSL_read(pair->server, got, RECORD_BYTES) != RECORD_BYTES)
            return false;
    *each_ns = (clock_mono_ns() - began) / RECORDS;
    return true;
}

static bool measure(SSL_CTX *server, SSL_CTX *client, struct tls_cost *out)
{
    struct pair pair;
    bool is_well = true;

    out->handshake_ns = INT64_MAX;
    for (int at = 0; at < HANDSHAKES && is_well; at++) {
        int64_t began = clock_mono_ns();
        int64_t took_ns;

        is_well = pair_open(&pair, server, client) && shake(&pair);
        took_ns = clock_mono_ns() - began;
        if (took_ns < out->handshake_ns)
            out->handshake_ns = took_ns;
        if (is_well && at == HANDSHAKES - 1)
            is_well = send_records(&pair, &out->record_ns);
        pair_close(&pair);
    }
    return is_well;
}

bool tls_cost(struct tls_cost *out)
{
    const struct certificate_wanted wanted = {
        .name = "pitwall latency audit", .from_s = -60, .to_s = CERTIFICATE_DAY_S};
    EVP_PKEY *key = NULL;
    X509 *cert = certificate_make(&wanted, &key);
    SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
    bool is_well = cert && server && client && SSL_CTX_use_certificate(server, cert) == 1 &&
                   SSL_CTX_use_PrivateKey(server, key) == 1 &&
                   SSL_CTX_set_min_proto_version(client, TLS1_3_VERSION) == 1;

    if (is_well) {
        /* The client takes any certificate here: it is ours, and nothing is said. */
        SSL_CTX_set_verify(client, SSL_VERIFY_NONE, NULL);
        is_well = measure(server, client, out);
    }
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(cert);
    EVP_PKEY_free(key);
    return is_well;
}
