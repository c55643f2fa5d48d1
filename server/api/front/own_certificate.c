/* The certificate of a server that was given none; see identity.h. */
#include "api/front/identity.h"

#include "thread/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_MAX = 2048, RENEW_DAYS = 30, CLOCKS_DIFFER_S = 300 };

static bool is_address(const char *host)
{
    struct in6_addr any;

    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

static bool is_wildcard(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* Once each; what OpenSSL's parser could take for more than a name is left out. */
static void name_add(char names[NAMES_MAX], const char *host)
{
    char one[300];
    size_t length = strlen(names);
    const char *found;

    if (strlen(host) > 253 || host[0] == '\0' || strpbrk(host, ",;= \t\\\"%"))
        return;
    (void)snprintf(one, sizeof one, "%s:%s", is_address(host) ? "IP" : "DNS", host);
    for (found = strstr(names, one); found; found = strstr(found + 1, one))
        if (found[strlen(one)] == ',' || found[strlen(one)] == '\0')
            return;
    if (length + strlen(one) + 2 < NAMES_MAX)
        (void)snprintf(names + length, NAMES_MAX - length, "%s%s", length ? "," : "", one);
}

static void name_interface(char names[NAMES_MAX], const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
                  sizeof text);
    if (address && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        if (!IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
            inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    name_add(names, text);
}

static void names_of(char names[NAMES_MAX], const char *host)
{
    char machine[HOST_NAME_MAX + 1] = "";
    struct ifaddrs *all = NULL;

    names[0] = '\0';
    name_add(names, "localhost");
    name_add(names, "127.0.0.1");
    name_add(names, "::1");
    name_add(names, host);
    if (gethostname(machine, sizeof machine) == 0)
        name_add(names, machine);
    if (!is_wildcard(host) || getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next)
        name_interface(names, at->ifa_addr);
    freeifaddrs(all);
}

static bool is_for(X509 *cert, const char *host)
{
    return (is_address(host) ? X509_check_ip_asc(cert, host, 0)
                             : X509_check_host(cert, host, 0, 0, NULL)) == 1;
}

/* Why the pair that lies there will not do; NULL: it will. */
static const char *find_fault(const struct identity_files *files, const char *host)
{
    X509 *cert = certificate_read(files->cert);
    const char *fault = NULL;

    if (!cert || access(files->key, R_OK) != 0)
        fault = "none there";
    else if (certificate_expiry_s(cert) < time(NULL) + (int64_t)RENEW_DAYS * CERTIFICATE_DAY_S)
        fault = "about to end";
    else if (!is_for(cert, host))
        fault = "of another address";
    X509_free(cert);
    ERR_clear_error();
    return fault;
}

static enum status write_pair(const struct identity_files *files, const char *host, struct err *err)
{
    char names[NAMES_MAX];
    struct certificate_wanted wanted = {.name = "pitwall, self-signed",
                                        .alt_names = names,
                                        .from_s = -CLOCKS_DIFFER_S,
                                        .to_s = (int64_t)CERTIFICATE_DAYS * CERTIFICATE_DAY_S};
    EVP_PKEY *key;
    X509 *cert;
    enum status status;

    names_of(names, host);
    cert = certificate_make(&wanted, &key);
    if (!cert)
        return err_format(err, ERR_INTERNAL, "OpenSSL could not make a certificate for %s", names);
    status = certificate_write_key(files->key, key, err);
    if (status == OK)
        status = certificate_write(files->cert, cert, err);
    X509_free(cert);
    EVP_PKEY_free(key);
    return status;
}

enum status own_certificate_make(struct identity_files *files, const char *dir, const char *host,
                                 struct err *err)
{
    char folder[IDENTITY_PATH_MAX];
    const char *fault;

    if (strlen(dir) + sizeof "/tls/cert.pem" > IDENTITY_PATH_MAX)
        return err_format(err, ERR_CONFIG, "%s: the path is too long", dir);
    (void)snprintf(folder, sizeof folder, "%.*s/tls", IDENTITY_PATH_MAX - 16, dir);
    (void)snprintf(files->cert, IDENTITY_PATH_MAX, "%.*s/cert.pem", IDENTITY_PATH_MAX - 12, folder);
    (void)snprintf(files->key, IDENTITY_PATH_MAX, "%.*s/key.pem", IDENTITY_PATH_MAX - 12, folder);
    files->is_own = true;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%s: %s", folder, strerrordesc_np(errno));
    fault = find_fault(files, host);
    if (!fault)
        return OK;
    log_line(LOG_INFO, "tls", "making a self-signed certificate", "because=\"%s\"", fault);
    return write_pair(files, host, err);
}
