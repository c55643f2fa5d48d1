#include "tls/certificate.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static X509 *make(const char *alt_names, EVP_PKEY **key)
{
    struct certificate_wanted wanted = {
        .name = "test", .alt_names = alt_names, .to_s = CERTIFICATE_DAY_S};

    return certificate_make(&wanted, key);
}

Test(certificate, it_signs_itself_and_names_its_hosts)
{
    EVP_PKEY *key;
    X509 *cert = make("DNS:localhost,IP:127.0.0.1,IP:::1", &key);

    cr_assert(cert);
    cr_assert_eq(X509_verify(cert, key), 1);
    cr_assert_eq(X509_check_private_key(cert, key), 1);
    cr_assert_eq(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    cr_assert_eq(X509_check_ip_asc(cert, "::1", 0), 1);
    cr_assert_eq(X509_check_ip_asc(cert, "127.0.0.2", 0), 0);
    cr_assert_eq(X509_check_ca(cert), 0);
    cr_assert_lt(llabs(certificate_expiry_s(cert) - time(NULL) - CERTIFICATE_DAY_S), 60);
    X509_free(cert);
    EVP_PKEY_free(key);
}

Test(certificate, what_is_no_list_of_names_makes_none)
{
    EVP_PKEY *key;

    cr_assert_null(make("DNS:a,rubbish", &key));
    cr_assert_null(key);
}

Test(certificate, files_come_back_and_the_key_is_the_owners)
{
    char dir[] = "/tmp/pitwall-certificate-XXXXXX", path[64], key_path[64];
    char one[FINGERPRINT_MAX], other[FINGERPRINT_MAX];
    EVP_PKEY *key;
    X509 *cert = make(NULL, &key), *read;
    struct stat about;
    struct err err;

    cr_assert(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/cert.pem", dir);
    snprintf(key_path, sizeof key_path, "%s/key.pem", dir);
    fclose(fopen(key_path, "w")); /* one that others could read lies there */
    chmod(key_path, 0644);
    cr_assert_eq(certificate_write(path, cert, &err), OK);
    cr_assert_eq(certificate_write_key(key_path, key, &err), OK);
    cr_assert_eq(stat(key_path, &about), 0);
    cr_assert_eq(about.st_mode & 0777, 0600);
    read = certificate_read(path);
    cr_assert(read);
    certificate_fingerprint(cert, one);
    certificate_fingerprint(read, other);
    cr_assert_eq(strlen(one), 32 * 3 - 1);
    cr_assert_str_eq(one, other);
    cr_assert_null(certificate_read(key_path));
    cr_assert_eq(certificate_write(dir, cert, &err), ERR_IO);
    unlink(path);
    unlink(key_path);
    rmdir(dir);
    X509_free(read);
    X509_free(cert);
    EVP_PKEY_free(key);
}
