#include "venue/tls.h"

#include "thread/log.h"
#include "tls/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "DNS:localhost,IP:127.0.0.1,IP:::1" and the address that is listened on. */
static void alt_names_of(char out[160], const char *address)
{
    const char *colon = strrchr(address, ':');
    int length = colon ? (int)(colon - address) : 0;
    bool is_known = length == 0 || strncmp(address, "127.0.0.1", (size_t)length) == 0 ||
                    strncmp(address, "localhost", (size_t)length) == 0;
    bool is_name = strspn(address, "0123456789.") < (size_t)length;

    snprintf(out, 160, "DNS:localhost,IP:127.0.0.1,IP:::1%s%.*s",
             is_known  ? ""
             : is_name ? ",DNS:"
                       : ",IP:",
             is_known ? 0 : length, address);
}

static enum status make_files(const struct tls_files *files, const char *address, struct err *err)
{
    char alt_names[160];
    struct certificate_wanted ca_wanted = {.name = "pitwall venue simulator, private authority",
                                           .is_authority = true,
                                           .to_s = (int64_t)CERTIFICATE_DAYS * CERTIFICATE_DAY_S};
    struct certificate_wanted wanted = {
        .name = "pitwall venue simulator", .alt_names = alt_names, .to_s = ca_wanted.to_s};
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    enum status status = OK;

    alt_names_of(alt_names, address);
    wanted.issuer = certificate_make(&ca_wanted, &wanted.issuer_key);
    if (wanted.issuer)
        cert = certificate_make(&wanted, &key);
    if (!cert)
        status = err_set(err, ERR_INTERNAL, "OpenSSL could not make a certificate");
    if (status == OK)
        status = certificate_write_key(files->key, key, err);
    if (status == OK)
        status = certificate_write(files->cert, cert, err);
    if (status == OK)
        status = certificate_write(files->ca, wanted.issuer, err);
    X509_free(cert);
    EVP_PKEY_free(key);
    X509_free(wanted.issuer);
    EVP_PKEY_free(wanted.issuer_key);
    return status;
}

enum status tls_make(struct tls_files *files, const char *folder, const char *address,
                     struct err *err)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%s: %s", folder, strerrordesc_np(errno));
    if (snprintf(files->ca, TLS_PATH_MAX, "%s/ca.pem", folder) >= TLS_PATH_MAX)
        return err_format(err, ERR_USAGE, "%s: the path is too long", folder);
    snprintf(files->cert, TLS_PATH_MAX, "%s/cert.pem", folder);
    snprintf(files->key, TLS_PATH_MAX, "%s/key.pem", folder);
    if (access(files->ca, R_OK) == 0 && access(files->cert, R_OK) == 0 &&
        access(files->key, R_OK) == 0)
        return OK;
    return make_files(files, address, err);
}

enum status tls_check(const char *cert_file, const char *key_file, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    enum status status = OK;

    if (!context)
        return err_set(err, ERR_INTERNAL, "OpenSSL: no context");
    if (access(cert_file, R_OK) != 0)
        status = err_format(err, ERR_CONFIG, "%s: %s", cert_file, strerrordesc_np(errno));
    else if (access(key_file, R_OK) != 0)
        status = err_format(err, ERR_CONFIG, "%s: %s", key_file, strerrordesc_np(errno));
    else if (SSL_CTX_use_certificate_chain_file(context, cert_file) != 1)
        status = err_format(err, ERR_CONFIG, "%s: not a certificate in PEM", cert_file);
    else if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
        status =
            err_format(err, ERR_CONFIG, "%s: not the PEM private key of %s", key_file, cert_file);
    SSL_CTX_free(context);
    ERR_clear_error();
    return status;
}

/* ---- the bad certificate -------------------------------------------------------------- */

static bool is_bad;

void tls_set_bad(bool bad)
{
    is_bad = bad;
}

/* Expired, of another host, signed by itself. */
static int choose_cert(SSL *ssl, void *unused)
{
    const struct certificate_wanted wanted = {.name = "elsewhere.invalid",
                                              .alt_names = "DNS:elsewhere.invalid",
                                              .from_s = -2 * CERTIFICATE_DAY_S,
                                              .to_s = -CERTIFICATE_DAY_S};
    EVP_PKEY *key = NULL;
    X509 *cert;
    bool used;

    (void)unused;
    if (!is_bad)
        return 1;
    cert = certificate_make(&wanted, &key);
    used = cert && SSL_use_certificate(ssl, cert) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return used;
}

int tls_prepare(void *ssl_ctx)
{
    SSL_CTX_set_cert_cb(ssl_ctx, choose_cert, NULL);
    return 0;
}
