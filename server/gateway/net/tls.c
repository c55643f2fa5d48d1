#include "gateway/net/tls.h"

#include "thread/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_trust {
    SSL_CTX *ctx;
};

struct tls {
    SSL *ssl; /* owns both ends */
    BIO *in, *out;
    char why[128];
};

static bool trust_whom(SSL_CTX *ctx, const char *ca_file)
{
    if (ca_file[0] != '\0')
        return SSL_CTX_load_verify_locations(ctx, ca_file, NULL) == 1;
    return SSL_CTX_set_default_verify_paths(ctx) == 1;
}

enum status tls_trust_open(struct tls_trust **opened, const char *ca_file, struct err *err)
{
    struct tls_trust *trust = calloc(1, sizeof *trust);

    if (!trust || !(trust->ctx = SSL_CTX_new(TLS_client_method()))) {
        free(trust);
        return err_set(err, ERR_INTERNAL, "no memory for TLS");
    }
    SSL_CTX_set_verify(trust->ctx, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_min_proto_version(trust->ctx, TLS1_2_VERSION) != 1 ||
        !trust_whom(trust->ctx, ca_file)) {
        tls_trust_close(trust);
        ERR_clear_error();
        return err_format(err, ERR_CONFIG, "ca_file %s: it holds no certificate to trust", ca_file);
    }
    *opened = trust;
    return OK;
}

enum status tls_trust_show(struct tls_trust *trust, const char *cert_file, const char *key_file,
                           struct err *err)
{
    bool taken = SSL_CTX_use_certificate_chain_file(trust->ctx, cert_file) == 1 &&
                 SSL_CTX_use_PrivateKey_file(trust->ctx, key_file, SSL_FILETYPE_PEM) == 1 &&
                 SSL_CTX_check_private_key(trust->ctx) == 1;

    ERR_clear_error();
    return taken ? OK
                 : err_format(err, ERR_CONFIG, "%s and %s: not a certificate and its key, in PEM",
                              cert_file, key_file);
}

void tls_trust_close(struct tls_trust *trust)
{
    SSL_CTX_free(trust->ctx);
    free(trust);
}

static bool expect_host(SSL *ssl, const char *host)
{
    struct in6_addr any;

    if (inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls *tls_open(struct tls_trust *trust, const char *host)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (!tls)
        return NULL;
    tls->ssl = SSL_new(trust->ctx);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->in || !tls->out || !expect_host(tls->ssl, host)) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        SSL_free(tls->ssl);
        free(tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void tls_close(struct tls *tls)
{
    SSL_free(tls->ssl);
    free(tls);
}

bool tls_feed(struct tls *tls, const char *bytes, size_t length)
{
    return BIO_write(tls->in, bytes, (int)length) == (int)length;
}

static enum tls_result say_why(struct tls *tls, int answer)
{
    long verdict = SSL_get_verify_result(tls->ssl);
    int error = SSL_get_error(tls->ssl, answer);
    unsigned long code;

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return TLS_BLOCKED;
    if (error == SSL_ERROR_ZERO_RETURN)
        return TLS_ENDED;
    code = ERR_get_error();
    if (verdict != X509_V_OK)
        snprintf(tls->why, sizeof tls->why, "certificate refused: %s",
                 X509_verify_cert_error_string(verdict));
    else
        snprintf(tls->why, sizeof tls->why, "TLS failed: %s",
                 code != 0 ? ERR_reason_error_string(code) : "broken off");
    ERR_clear_error();
    return TLS_FAILED;
}

enum tls_result tls_shake(struct tls *tls)
{
    int answer;

    ERR_clear_error();
    answer = SSL_do_handshake(tls->ssl);
    return answer == 1 ? TLS_FINE : say_why(tls, answer);
}

enum tls_result tls_read(struct tls *tls, char *into, size_t size, size_t *got)
{
    int answer;

    ERR_clear_error();
    answer = SSL_read_ex(tls->ssl, into, size, got);
    return answer == 1 ? TLS_FINE : say_why(tls, answer);
}

bool tls_write(struct tls *tls, const char *bytes, size_t length)
{
    size_t written;

    ERR_clear_error();
    return SSL_write_ex(tls->ssl, bytes, length, &written) == 1 && written == length;
}

size_t tls_drain(struct tls *tls, char *into, size_t size)
{
    int length = BIO_read(tls->out, into, (int)size);

    return length > 0 ? (size_t)length : 0;
}

const char *tls_why(const struct tls *tls)
{
    return tls->why;
}
