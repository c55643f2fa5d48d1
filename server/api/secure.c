/* What TLS changes for the listeners: who we are, a front before each daemon that does not accept
 * by itself, the session cookie's name, metrics. */
#include "api/exchange.h"

#include "thread/log.h"

#include <string.h>

static const char *const front_names[LISTENERS] = {[LISTENER_MAIN] = "front",
                                                   [LISTENER_KILL] = "front-kill",
                                                   [LISTENER_METRICS] = "front-metrics"};

/* --- opening --- */

/* An alert looks at its end. */
static void tell_expiry(const struct http *http)
{
    struct identity_facts facts;

    if (http_certificate(http, &facts))
        alerts_note_certificate(http->sources.alerts, facts.expiry_s * 1000000000);
}

static void note_certificate(void *ctx, bool taken, const char *says)
{
    struct http *http = ctx;
    struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};

    control_note(http->sources.control, &actor,
                 &(struct control_fact){.kind = "config",
                                        .scope = "firm",
                                        .reason = says,
                                        .new_value = json_string(taken ? "taken" : "refused")});
    if (taken)
        tell_expiry(http);
}

static enum status files_find(const struct http *http, const char *listen,
                              struct identity_files *files, struct err *err)
{
    const struct config *config = http->sources.config;
    char host[64], port[8];

    *files = (struct identity_files){0};
    (void)snprintf(files->client_ca, sizeof files->client_ca, "%s", config->tls.client_ca_file);
    if (config->tls.cert_file[0] != '\0') {
        (void)snprintf(files->cert, sizeof files->cert, "%s", config->tls.cert_file);
        return config_secret_path("tls.key_file", config->tls.key_file, files->key, err);
    }
    if (!address_cut(listen, host, port))
        return err_format(err, ERR_CONFIG, "%s: not an address; write HOST:PORT", listen);
    return own_certificate_make(files, http->sources.dir, host, err);
}

/* The address that a certificate of our own is for: of the first listener that speaks TLS. */
static const char *address_under_tls(const struct http *http)
{
    const struct config *config = http->sources.config;

    if (http->listeners[LISTENER_MAIN].is_tls)
        return config->listen;
    if (http->listeners[LISTENER_KILL].is_tls)
        return config->kill_listen;
    return http->listeners[LISTENER_METRICS].is_tls ? config->metrics_listen : NULL;
}

enum status secure_open(struct http *http, struct err *err)
{
    const char *address = address_under_tls(http);
    struct identity_files files;
    enum status status;

    if (!address)
        return OK;
    status = files_find(http, address, &files, err);
    if (status == OK)
        status = identity_open(&http->identity, &files, err);
    if (status == OK)
        tell_expiry(http);
    return status == OK ? identity_watch(http->identity, note_certificate, http, err) : status;
}

enum status secure_front(struct listener *listener, struct err *err)
{
    struct front_settings settings = {.name = front_names[listener->kind],
                                      .listen_fd = listener->fd,
                                      .identity = listener->http->identity,
                                      .daemon = listener->daemon,
                                      .links_max = connections_max(listener)};

    return listener->is_tls ? front_open(&listener->front, &settings, err) : OK;
}

/* --- who we are --- */

bool http_certificate(const struct http *http, struct identity_facts *facts)
{
    if (!http->identity)
        return false;
    identity_facts(http->identity, facts);
    return true;
}

void http_reload_certificate(struct http *http)
{
    if (http->identity)
        identity_reload(http->identity);
    else
        log_line(LOG_INFO, "tls", "SIGHUP: no listener speaks TLS, nothing is read again", NULL);
}

/* --- cookies --- */

const char *session_cookie_name(const struct exchange *exchange)
{
    return exchange->listener->is_tls ? "__Host-pitwall_session" : "pitwall_session";
}

void session_cookie_print(const struct exchange *exchange, const char *value, char *out,
                          size_t size)
{
    (void)snprintf(
        out, size, "%s=%s; HttpOnly; SameSite=Strict; Path=/%s%s", session_cookie_name(exchange),
        value, exchange->listener->is_tls ? "; Secure" : "", value[0] != '\0' ? "" : "; Max-Age=0");
}

/* --- metrics --- */

static void print_counts(FILE *out, const char *listener, const struct front *front)
{
    struct front_counts counts;

    front_count(front, &counts);
    fprintf(out,
            "pitwall_tls_handshakes_total{listener=\"%s\",result=\"done\"} %llu\n"
            "pitwall_tls_handshakes_total{listener=\"%s\",result=\"failed\"} %llu\n"
            "pitwall_tls_handshakes_total{listener=\"%s\",result=\"turned_away\"} %llu\n"
            "pitwall_tls_handshakes_total{listener=\"%s\",result=\"displaced\"} %llu\n",
            listener, (unsigned long long)counts.handshakes, listener,
            (unsigned long long)counts.failed, listener, (unsigned long long)counts.turned_away,
            listener, (unsigned long long)counts.displaced);
}

static void print_links(FILE *out, const char *listener, const struct front *front)
{
    struct front_counts counts;

    front_count(front, &counts);
    fprintf(out, "pitwall_tls_connections{listener=\"%s\"} %llu\n", listener,
            (unsigned long long)counts.links);
}

static void print_each(struct http *http, FILE *out,
                       void (*print)(FILE *, const char *, const struct front *))
{
    if (http->listeners[LISTENER_MAIN].front)
        print(out, "main", http->listeners[LISTENER_MAIN].front);
    if (http->listeners[LISTENER_KILL].front)
        print(out, "kill", http->listeners[LISTENER_KILL].front);
    if (http->listeners[LISTENER_METRICS].front)
        print(out, "metrics", http->listeners[LISTENER_METRICS].front);
}

void secure_metrics(struct http *http, FILE *out)
{
    struct identity_facts facts;

    if (!http_certificate(http, &facts))
        return;
    fprintf(out,
            "# HELP pitwall_tls_certificate_expiry_timestamp_seconds When the certificate ends.\n"
            "# TYPE pitwall_tls_certificate_expiry_timestamp_seconds gauge\n"
            "pitwall_tls_certificate_expiry_timestamp_seconds %lld\n"
            "# HELP pitwall_tls_handshakes_total TLS connections by what became of them.\n"
            "# TYPE pitwall_tls_handshakes_total counter\n",
            (long long)facts.expiry_s);
    print_each(http, out, print_counts);
    fprintf(out, "# HELP pitwall_tls_connections TLS connections now, handshakes included.\n"
                 "# TYPE pitwall_tls_connections gauge\n");
    print_each(http, out, print_links);
}
