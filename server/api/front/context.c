/* One SSL_CTX by our rules; see identity.h. */
#include "api/front/identity.h"

#include "config/credential.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLIENT_CHAIN_MAX = 16 * 1024 };

static const char ciphers[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
static const char groups[] = "X25519:P-256:P-384";

/* Who offers protocols must offer HTTP/1.1: we speak no other, and a message of one must not be
 * taken for one of another. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *in, unsigned in_length, void *ctx)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)ctx;
    if (SSL_select_next_proto((unsigned char **)out, out_length, ours, sizeof ours - 1, in,
                              in_length) == OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_OK;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_rules(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY); /* a flood of key updates gets no loop */
    SSL_CTX_set_max_cert_list(context, CLIENT_CHAIN_MAX);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, ciphers) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1;
}

/* The file that was opened is the one that is looked at. A link is followed: that is how mounted
 * secrets are exchanged. */
static enum status open_key(const char *path, FILE **file, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    const char *fault = NULL;
    enum status status = OK;

    if (fd < 0 || fstat(fd, &about) != 0)
        status = err_format(err, ERR_CONFIG, "%s: %s", path, strerrordesc_np(errno));
    else if (!S_ISREG(about.st_mode))
        status = err_format(err, ERR_CONFIG, "%s: not a regular file", path);
    else if (credential_is(path))
        fault = credential_fault(path, &about);
    else if ((about.st_mode & 077) != 0)
        status = err_format(err, ERR_CONFIG, "%s: mode %04o lets others read the key; chmod 600 it",
                            path, (unsigned)about.st_mode & 07777);
    if (fault)
        status = err_format(err, ERR_CONFIG, "%s: %s", path, fault);
    *file = status == OK ? fdopen(fd, "r") : NULL;
    if (status == OK && !*file)
        status = err_format(err, ERR_CONFIG, "%s: %s", path, strerrordesc_np(errno));
    if (status != OK && fd >= 0)
        close(fd);
    return status;
}

/* Nobody is here to be asked for one. */
static int no_password(char *out, int size, int is_write, void *ctx)
{
    (void)out;
    (void)size;
    (void)is_write;
    (void)ctx;
    return 0;
}

static enum status use_key(SSL_CTX *context, const struct identity_files *files, struct err *err)
{
    FILE *file;
    EVP_PKEY *key;
    enum status status = open_key(files->key, &file, err);

    if (status != OK)
        return status;
    key = PEM_read_PrivateKey(file, NULL, no_password, NULL);
    fclose(file);
    if (!key)
        status = err_format(err, ERR_CONFIG, "%s: not a private key in PEM without a password",
                            files->key);
    else if (SSL_CTX_use_PrivateKey(context, key) != 1)
        status = err_format(err, ERR_CONFIG, "%s: not the key of %s", files->key, files->cert);
    EVP_PKEY_free(key);
    return status;
}

static enum status use_cert(SSL_CTX *context, const struct identity_files *files, struct err *err)
{
    if (access(files->cert, R_OK) != 0)
        return err_format(err, ERR_CONFIG, "%s: %s", files->cert, strerrordesc_np(errno));
    if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
        return err_format(err, ERR_CONFIG,
                          "%s: not a certificate in PEM that may be used (RSA: 2048 bits or more)",
                          files->cert);
    return OK;
}

static enum status use_client_ca(SSL_CTX *context, const struct identity_files *files,
                                 struct err *err)
{
    STACK_OF(X509_NAME) * names;

    if (files->client_ca[0] == '\0')
        return OK;
    if (access(files->client_ca, R_OK) != 0)
        return err_format(err, ERR_CONFIG, "%s: %s", files->client_ca, strerrordesc_np(errno));
    names = SSL_load_client_CA_file(files->client_ca);
    if (!names || SSL_CTX_load_verify_file(context, files->client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return err_format(err, ERR_CONFIG, "%s: holds no certificate of an authority in PEM",
                          files->client_ca);
    }
    SSL_CTX_set_client_CA_list(context, names); /* now the context's */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return OK;
}

static void fill_facts(const SSL_CTX *context, const struct identity_files *files,
                       struct identity_facts *facts)
{
    const X509 *cert = SSL_CTX_get0_certificate(context);

    *facts = (struct identity_facts){.expiry_s = certificate_expiry_s(cert),
                                     .is_own = files->is_own,
                                     .wants_client = files->client_ca[0] != '\0'};
    certificate_fingerprint(cert, facts->fingerprint);
    X509_NAME_oneline(X509_get_subject_name(cert), facts->subject, IDENTITY_SUBJECT_MAX);
}

enum status context_make(const struct identity_files *files, SSL_CTX **made,
                         struct identity_facts *facts, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    enum status status = OK;

    if (!context || !set_rules(context))
        status = err_set(err, ERR_INTERNAL, "OpenSSL does not know the rules of our TLS");
    if (status == OK)
        status = use_cert(context, files, err);
    if (status == OK)
        status = use_key(context, files, err);
    if (status == OK)
        status = use_client_ca(context, files, err);
    ERR_clear_error();
    if (status != OK) {
        SSL_CTX_free(context);
        return status;
    }
    fill_facts(context, files, facts);
    *made = context;
    return OK;
}
