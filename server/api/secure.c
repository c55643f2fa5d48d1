/* What TLS changes for the listeners: who we are, a front before each daemon that does not accept
 * by itself, the session cookie's name, metrics. */
#include "api/exchange.h"

#include "metrics/exposition.h"
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

static void show_counts(struct exposition *page, const char *listener, const struct front *front)
{
    struct front_counts counts;

    front_count(front, &counts);
    const struct {
        const char *result;
        uint64_t count;
    } rows[] = {{"done", counts.handshakes},
                {"failed", counts.failed},
                {"turned_away", counts.turned_away},
                {"displaced", counts.displaced}};

    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        const struct label labels[] = {
            {"listener", listener}, {"result", rows[at].result}, {NULL, NULL}};

        sample_count(page, METRIC_HANDSHAKES, labels, rows[at].count);
    }
}

static void show_links(struct exposition *page, const char *listener, const struct front *front)
{
    const struct label labels[] = {{"listener", listener}, {NULL, NULL}};
    struct front_counts counts;

    front_count(front, &counts);
    sample_count(page, METRIC_TLS_CONNECTIONS, labels, counts.links);
}

static void show_each(struct http *http, struct exposition *page,
                      void (*show)(struct exposition *, const char *, const struct front *))
{
    static const char *const names[LISTENERS] = {
        [LISTENER_MAIN] = "main", [LISTENER_KILL] = "kill", [LISTENER_METRICS] = "metrics"};

    for (int at = 0; at < LISTENERS; at++)
        if (names[at] && http->listeners[at].front)
            show(page, names[at], http->listeners[at].front);
}

void secure_metrics(struct http *http, struct exposition *page)
{
    struct identity_facts facts;

    if (!http_certificate(http, &facts))
        return;
    family(page, METRIC_CERTIFICATE);
    sample_decimal(page, METRIC_CERTIFICATE, NULL, facts.expiry_s, 0);
    family(page, METRIC_HANDSHAKES);
    show_each(http, page, show_counts);
    family(page, METRIC_TLS_CONNECTIONS);
    show_each(http, page, show_links);
}
