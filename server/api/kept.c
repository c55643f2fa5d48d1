#include "api/kept.h"

#include "api/variant.h"
#include "thread/clock.h"

#include <stdlib.h>
#include <string.h>

static const int64_t moment_ns = 1000000;
static const int64_t metrics_moment_ns = 10000000;

/* A bit each for packed and for OpenMetrics. */
enum { PACKED = 1, OPENMETRICS = 2, VARIANTS = 4 };

struct kept {
    struct kept_answer answer[ROUTES_MAX][VARIANTS];
};

struct kept *kept_open(void)
{
    return calloc(1, sizeof(struct kept));
}

static void answer_drop(struct kept_answer *answer)
{
    if (answer->response)
        MHD_destroy_response(answer->response);
    answer->response = NULL;
}

void kept_close(struct kept *kept)
{
    for (uint32_t i = 0; kept && i < ROUTES_MAX; i++)
        for (uint32_t variant = 0; variant < VARIANTS; variant++)
            answer_drop(&kept->answer[i][variant]);
    free(kept);
}

/* Only what depends on nothing but the view, its sources and the time: not on who asks. */
static bool is_kept_route(const struct route *route)
{
    return route->handler == handle_positions_get || route->handler == handle_pnl_get ||
           route->handler == handle_status_get || route->handler == handle_latest_get ||
           route->handler == handle_orders_get || route->handler == handle_fills_get ||
           route->handler == handle_venues_get || route->handler == handle_instruments_get ||
           route->handler == handle_trading_state_get || route->handler == handle_latency_get ||
           route->handler == handle_limits_schema || route->handler == handle_metrics;
}

bool kept_begin(struct exchange *exchange)
{
    exchange->keeps = exchange->listener->kept && !exchange->query && !exchange->close_after &&
                      variant_is_read(exchange) && is_kept_route(exchange->route);
    if (!exchange->keeps)
        return false;
    exchange->view_changes = view_changes(exchange->request.view);
    exchange->begun_mono_ns = clock_mono_ns();
    exchange->wants_packed = variant_wants_packed(exchange);
    exchange->wants_openmetrics = variant_wants_openmetrics(exchange);
    return true;
}

static struct kept_answer *answer_of(const struct exchange *exchange)
{
    uint32_t variant =
        (exchange->wants_packed ? PACKED : 0) | (exchange->wants_openmetrics ? OPENMETRICS : 0);

    return &exchange->listener->kept->answer[exchange->route - routes][variant];
}

static bool is_fresh(const struct exchange *exchange, const struct kept_answer *answer)
{
    int64_t age_ns = exchange->begun_mono_ns - answer->made_mono_ns;

    if (exchange->route->handler == handle_metrics)
        return age_ns < metrics_moment_ns;
    return age_ns < moment_ns && answer->changes == exchange->view_changes;
}

const struct kept_answer *kept_find(struct exchange *exchange)
{
    struct kept_answer *answer = answer_of(exchange);

    return answer->response && is_fresh(exchange, answer) ? answer : NULL;
}

void kept_put(struct exchange *exchange, struct MHD_Response *response)
{
    struct kept_answer *answer = answer_of(exchange);

    answer_drop(answer);
    *answer = (struct kept_answer){.response = response,
                                   .made_mono_ns = exchange->begun_mono_ns,
                                   .changes = exchange->view_changes};
    memcpy(answer->etag, exchange->reply.etag, sizeof answer->etag);
}
