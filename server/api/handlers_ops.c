/* Health and metrics. */
#include "api/exchange.h"

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

/* Alive means that the engine's loop makes progress, not that this thread can answer. */
static json_t *health_json(const struct request *request, bool *live, bool *ready)
{
    json_t *health = view_health(request->view, ready);

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

    reply->json = view_health(request->view, &ready);
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

enum status handle_metrics(struct request *request, struct reply *reply)
{
    const struct http_sources *sources = &request->http->sources;
    struct stream_counters streams = stream_counters(sources->stream);
    struct metrics_extra extra = {.ws_clients = stream_clients(sources->stream),
                                  .ws_drops = streams.drops,
                                  .ws_laggards = streams.laggards,
                                  .ws_resumes = streams.resumes,
                                  .append = reply_metrics,
                                  .ctx = request->http};

    reply->text = metrics_render(request->view, sources->view_sources, &extra);
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    return reply->text ? OK : err_set(&reply->err, ERR_INTERNAL, "out of memory");
}

enum status handle_stream_get(struct request *request, struct reply *reply)
{
    (void)request; /* upgrade.c answers this row before any handler is called */
    return err_set(&reply->err, ERR_INTERNAL, "not upgraded");
}
