#include "venue/tls.h"

#include "thread/log.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VALID_DAYS = 825, DAY_S = 86400 };

/* What a certificate says. `issuer` NULL: it signs itself. */
struct wanted {
    const char *name, *alt_names;
    bool is_authority;
    int64_t from_s, to_s; /* from now */
    X509 *issuer;
    EVP_PKEY *issuer_key;
};

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool added;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    added = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *cert)
{
    uint64_t serial;

    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) == 1;
}

static bool fill_cert(X509 *cert, const struct wanted *wanted, EVP_PKEY *key)
{
    X509 *issuer = wanted->issuer ? wanted->issuer : cert;
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_set_version(cert, 2) == 1 && set_serial(cert) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), wanted->from_s) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), wanted->to_s) &&
           X509_set_pubkey(cert, key) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)wanted->name,
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
           add_extension(cert, issuer, NID_basic_constraints,
                         wanted->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
           (!wanted->alt_names ||
            add_extension(cert, issuer, NID_subject_alt_name, wanted->alt_names)) &&
           X509_sign(cert, wanted->issuer_key ? wanted->issuer_key : key, EVP_sha256()) > 0;
}

/* NULL: OpenSSL would not. *key is made too. */
static X509 *make_cert(const struct wanted *wanted, EVP_PKEY **key)
{
    X509 *cert = X509_new();

    *key = EVP_EC_gen("P-256");
    if (cert && *key && fill_cert(cert, wanted, *key))
        return cert;
    X509_free(cert);
    EVP_PKEY_free(*key);
    *key = NULL;
    return NULL;
}

static enum status write_cert(const char *path, X509 *cert, struct err *err)
{
    FILE *file = fopen(path, "we");
    bool written = file && PEM_write_X509(file, cert) == 1;

    if (file && fclose(file) != 0)
        written = false;
    return written ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

static enum status write_key(const char *path, EVP_PKEY *key, struct err *err)
{
    mode_t mask = umask(077);
    FILE *file = fopen(path, "we");
    bool written = file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;

    umask(mask);
    if (file && fclose(file) != 0)
        written = false;
    return written ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

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
    struct wanted ca_wanted = {.name = "pitwall venue simulator, private authority",
                               .is_authority = true,
                               .to_s = (int64_t)VALID_DAYS * DAY_S};
    struct wanted wanted = {
        .name = "pitwall venue simulator", .alt_names = alt_names, .to_s = ca_wanted.to_s};
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    enum status status = OK;

    alt_names_of(alt_names, address);
    wanted.issuer = make_cert(&ca_wanted, &wanted.issuer_key);
    if (wanted.issuer)
        cert = make_cert(&wanted, &key);
    if (!cert)
        status = err_set(err, ERR_INTERNAL, "OpenSSL could not make a certificate");
    if (status == OK)
        status = write_key(files->key, key, err);
    if (status == OK)
        status = write_cert(files->cert, cert, err);
    if (status == OK)
        status = write_cert(files->ca, wanted.issuer, err);
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
    const struct wanted wanted = {.name = "elsewhere.invalid",
                                  .alt_names = "DNS:elsewhere.invalid",
                                  .from_s = -2 * DAY_S,
                                  .to_s = -DAY_S};
    EVP_PKEY *key = NULL;
    X509 *cert;
    bool used;

    (void)unused;
    if (!is_bad)
        return 1;
    cert = make_cert(&wanted, &key);
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
