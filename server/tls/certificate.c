#include "tls/certificate.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* What the key may be used for is said only where nobody has to take the certificate as its own
 * authority: there a use that leaves out signing makes some verifiers refuse it. */
static bool add_extensions(X509 *cert, X509 *issuer, const struct certificate_wanted *wanted)
{
    return add_extension(cert, issuer, NID_basic_constraints,
                         wanted->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
           (wanted->is_authority || add_extension(cert, issuer, NID_ext_key_usage, "serverAuth")) &&
           (!wanted->alt_names ||
            add_extension(cert, issuer, NID_subject_alt_name, wanted->alt_names));
}

static bool fill_cert(X509 *cert, const struct certificate_wanted *wanted, EVP_PKEY *key)
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
           add_extensions(cert, issuer, wanted) &&
           X509_sign(cert, wanted->issuer_key ? wanted->issuer_key : key, EVP_sha256()) > 0;
}

X509 *certificate_make(const struct certificate_wanted *wanted, EVP_PKEY **key)
{
    X509 *cert = X509_new();

    *key = EVP_EC_gen("P-256");
    if (cert && *key && fill_cert(cert, wanted, *key))
        return cert;
    ERR_clear_error();
    X509_free(cert);
    EVP_PKEY_free(*key);
    *key = NULL;
    return NULL;
}

enum status certificate_write(const char *path, X509 *cert, struct err *err)
{
    FILE *file = fopen(path, "we");
    bool written = file && PEM_write_X509(file, cert) == 1;

    if (file && fclose(file) != 0)
        written = false;
    return written ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

enum status certificate_write_key(const char *path, EVP_PKEY *key, struct err *err)
{
    int fd;
    FILE *file;
    bool written;

    if (unlink(path) != 0 && errno != ENOENT) /* its mode, and who has it open, are unknown */
        return err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && !file)
        close(fd);
    written = file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (file && fclose(file) != 0)
        written = false;
    return written ? OK : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

X509 *certificate_read(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file)
        fclose(file);
    ERR_clear_error();
    return cert;
}

void certificate_fingerprint(const X509 *cert, char out[FINGERPRINT_MAX])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    out[0] = '\0';
    if (X509_digest(cert, EVP_sha256(), digest, &length) != 1)
        return;
    for (unsigned at = 0; at < length && at < FINGERPRINT_MAX / 3; at++)
        (void)snprintf(out + (size_t)3 * at, 4, "%02X%s", digest[at],
                       at + 1 < FINGERPRINT_MAX / 3 ? ":" : "");
}

int64_t certificate_expiry_s(const X509 *cert)
{
    struct tm ends = {0};

    return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &ends) == 1 ? (int64_t)timegm(&ends) : 0;
}
