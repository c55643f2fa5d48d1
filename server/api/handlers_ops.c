/* Health and metrics. */
#include "api/exchange.h"

#include "api/variant.h"
#include "metrics/alerts.h"
#include "metrics/metrics.h"
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

static bool has_reason(const json_t *health, const char *reason)
{
    size_t i;
    json_t *value;

    json_array_foreach(json_object_get(health, "reasons"), i,
                       value) if (strcmp(json_string_value(value), reason) == 0) return true;
    return false;
}

/* Nobody looks whether something is wrong: that is wrong. */
static json_t *ready_json(const struct request *request, bool *ready)
{
    const struct alerts *alerts = request->http->sources.alerts;
    json_t *health = view_health(request->view, ready);
    int64_t evaluated_ns = alerts_evaluated_ns(alerts);
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)evaluated_ns);
    json_object_set_new(health, "alerts_evaluated_ns",
                        evaluated_ns == 0 ? json_null() : json_string(text));
    if (alerts_age_ns(alerts) <= ALERTS_SILENT_NS)
        return health;
    *ready = false;
    json_object_set_new(health, "ready", json_false());
    json_array_append_new(json_object_get(health, "reasons"), json_string("alerts_silent"));
    return health;
}

/* Alive means that the engine's loop makes progress, not that this thread can answer. */
static json_t *health_json(const struct request *request, bool *live, bool *ready)
{
    json_t *health = ready_json(request, ready);

    *live = !has_reason(health, "engine_silent");
    json_object_set_new(health, "live", json_boolean(*live));
    return health;
}

enum status handle_health_live(struct request *request, struct reply *reply)
{
    bool live, ready;
    json_t *health = health_json(request, &live, &ready);

    json_decref(health);
    reply->json = json_pack("{s:b}", "live", live);
    reply->http = live ? 200 : 503;
    return OK;
}

enum status handle_health_ready(struct request *request, struct reply *reply)
{
    bool ready;

    reply->json = ready_json(request, &ready);
    reply->http = ready ? 200 : 503;
    return OK;
}

/* null: no listener speaks TLS. */
static json_t *tls_json(const struct http *http)
{
    struct identity_facts facts;
    char expires[24];

    if (!http_certificate(http, &facts))
        return json_null();
    snprintf(expires, sizeof expires, "%lld000000000", (long long)facts.expiry_s);
    return json_pack("{s:s, s:s, s:b, s:b}", "expires_ns", expires, "sha256", facts.fingerprint,
                     "self_signed", facts.is_own, "client_certificates", facts.wants_client);
}

enum status handle_health(struct request *request, struct reply *reply)
{
    bool live, ready;

    reply->json = health_json(request, &live, &ready);
    json_object_set_new(reply->json, "tls", tls_json(request->http));
    reply->http = live && ready ? 200 : 503;
    return OK;
}

static void append_metrics(void *ctx, struct exposition *page)
{
    struct http *http = ctx;

    metrics_alerts(http->sources.alerts, http->sources.view_sources->config, page);
    reply_metrics(http, page);
}

enum status handle_metrics(struct request *request, struct reply *reply)
{
    const struct http_sources *sources = &request->http->sources;
    struct stream_counters streams = stream_counters(sources->stream);
    enum exposition_format format =
        variant_wants_openmetrics(request->exchange) ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
    struct metrics_extra extra = {.ws_clients = stream_clients(sources->stream),
                                  .ws_drops = streams.drops,
                                  .ws_laggards = streams.laggards,
                                  .ws_resumes = streams.resumes,
                                  .facts_lost = control_notes_lost(sources->control),
                                  .append = append_metrics,
                                  .ctx = request->http};

    reply->text = metrics_render(request->view, sources->view_sources, &extra, format);
    reply->type = exposition_type(format);
    return reply->text ? OK : err_set(&reply->err, ERR_INTERNAL, "out of memory");
}

enum status handle_stream_get(struct request *request, struct reply *reply)
{
    (void)request; /* upgrade.c answers this row before any handler is called */
    return err_set(&reply->err, ERR_INTERNAL, "not upgraded");
}
