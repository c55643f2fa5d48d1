/* What the desk reads: everything here is one look at the view. */
#include "api/exchange.h"
#include "control/approvals.h"
#include "control/strategies.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

enum { BOOK_DEPTH_DEFAULT = 10 };

static enum status answer(struct reply *reply, json_t *json)
{
    reply->json = json;
    return json ? OK : err_set(&reply->err, ERR_INTERNAL, "out of memory");
}

static enum status answer_list(const struct request *request, struct reply *reply, json_t *list)
{
    enum status status = answer(reply, list);

    return status == OK ? reply_page(request, reply) : status;
}

static enum status answer_or_unknown(struct reply *reply, json_t *json, const char *what)
{
    reply->json = json;
    return json ? OK : err_set(&reply->err, ERR_NOT_FOUND, what);
}

static const struct config *config_of(const struct request *request)
{
    return request->http->sources.config;
}

/* With how many alerts fire, the watchdog left out. */
static json_t *status_json(const struct request *request)
{
    json_t *status = view_status(request->view);
    struct alerts_counts counts;

    alerts_counts(request->http->sources.alerts, &counts);
    json_object_set_new(
        status, "alerts",
        json_pack("{s:i, s:i}", "page", (int)counts.pages, "notify", (int)counts.notifies));
    return status;
}

enum status handle_status_get(struct request *request, struct reply *reply)
{
    return answer(reply, status_json(request));
}

enum status handle_latest_get(struct request *request, struct reply *reply)
{
    struct view *view = request->view;
    json_t *json = json_object();

    json_object_set_new(json, "status", status_json(request));
    json_object_set_new(json, "pnl", view_pnl(view));
    json_object_set_new(json, "positions", view_positions(view));
    json_object_set_new(json, "trading_state", view_trading_states(view));
    json_object_set_new(json, "latency", view_latency(view, false));
    return answer(reply, json);
}

enum status handle_venues_get(struct request *request, struct reply *reply)
{
    return answer_list(request, reply, view_venues(request->view));
}

enum status handle_instruments_get(struct request *request, struct reply *reply)
{
    return answer_list(request, reply, view_instruments(request->view));
}

enum status handle_book_get(struct request *request, struct reply *reply)
{
    const char *text = request_query(request, "depth");
    unsigned long depth = BOOK_DEPTH_DEFAULT;
    uint16_t instrument;

    if (text) {
        depth = text[strspn(text, "0123456789")] ? 0 : strtoul(text, NULL, 10);
        if (depth < 1 || depth > 1000)
            return err_set(&reply->err, ERR_MALFORMED, "depth must be 1 to 1000");
    }
    if (depth > BOOK_TOP_LEVELS)
        depth = BOOK_TOP_LEVELS;
    if (!config_instrument_find(config_of(request), request->arg[0], &instrument))
        return err_set(&reply->err, ERR_NOT_FOUND, "no such instrument");
    return answer(reply, view_book(request->view, instrument, (uint32_t)depth));
}

enum status handle_trades_get(struct request *request, struct reply *reply)
{
    const char *name = request_query(request, "instrument");
    uint16_t instrument;
    uint64_t cursor;
    uint32_t limit;
    enum status status = request_page(request, &limit, &cursor, &reply->err);

    if (status != OK)
        return status;
    if (!name)
        return err_set(&reply->err, ERR_MALFORMED, "instrument: say whose trades");
    if (!config_instrument_find(config_of(request), name, &instrument))
        return err_set(&reply->err, ERR_MALFORMED, "instrument: there is none of that name");
    return answer(reply, view_trades(request->view, instrument, limit));
}

enum status handle_positions_get(struct request *request, struct reply *reply)
{
    return answer_list(request, reply, view_positions(request->view));
}

enum status handle_reconciliation_get(struct request *request, struct reply *reply)
{
    return answer_list(request, reply, view_reconciliation(request->view));
}

/* ?state= a state of a pair, or `apart`: whatever differs or one side alone has. */
static bool pair_states_find(const char *name, uint32_t *states)
{
    *states = !name ? VIEW_PAIRS_ANY : strcmp(name, "apart") == 0 ? VIEW_PAIRS_APART : 0;
    for (int state = 0; name && state < VIEW_PAIR_STATES; state++)
        if (strcmp(name, view_pair_name((enum view_pair)state)) == 0)
            *states = 1U << state;
    return *states != 0;
}

enum status handle_fill_pairs_get(struct request *request, struct reply *reply)
{
    struct view_pairs asked;
    enum status status = request_page(request, &asked.limit, &asked.cursor, &reply->err);

    if (status != OK)
        return status;
    if (!pair_states_find(request_query(request, "state"), &asked.states))
        return err_set(&reply->err, ERR_MALFORMED,
                       "state: both, differs, ours_only, venue_only, unknown, or apart");
    if (!config_instrument_find(config_of(request), request->arg[0], &asked.instrument))
        return err_set(&reply->err, ERR_NOT_FOUND, "no such instrument");
    return answer(reply, view_fill_pairs(request->view, &asked));
}

enum status handle_pnl_get(struct request *request, struct reply *reply)
{
    return answer(reply, view_pnl(request->view));
}

enum status handle_latency_get(struct request *request, struct reply *reply)
{
    const char *buckets = request_query(request, "buckets");

    if (buckets && strcmp(buckets, "true") != 0 && strcmp(buckets, "false") != 0)
        return err_set(&reply->err, ERR_MALFORMED, "buckets must be true or false");
    return answer(reply, view_latency(request->view, buckets && strcmp(buckets, "true") == 0));
}

static int32_t strategy_find(const struct config *config, const char *name)
{
    for (uint16_t i = 0; i < config->strategies; i++)
        if (strcmp(config->strategy[i].name, name) == 0)
            return i;
    return -1;
}

static int32_t order_state_find(const char *name)
{
    static const char *const names[] = {
#define ORDER_STATE(ID, terminal, says) #ID,
#include "tables/order_states.def"
#undef ORDER_STATE
    };

    if (strcmp(name, "open") == 0)
        return -2;
    for (int32_t i = 0; i < (int32_t)(sizeof names / sizeof names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* ?instrument= &strategy= &state= (an order state, or `open`: not finished) and the page. */
static enum status filter_parse(const struct request *request, struct view_filter *filter,
                                struct err *err)
{
    const char *instrument = request_query(request, "instrument");
    const char *strategy = request_query(request, "strategy");
    const char *state = request_query(request, "state");
    uint16_t found;

    *filter = (struct view_filter){.instrument = -1, .strategy = -1, .state = -1};
    if (instrument) {
        if (!config_instrument_find(config_of(request), instrument, &found))
            return err_set(err, ERR_MALFORMED, "instrument: there is none of that name");
        filter->instrument = found;
    }
    if (strategy && (filter->strategy = strategy_find(config_of(request), strategy)) == -1)
        return err_set(err, ERR_MALFORMED, "strategy: there is none of that name");
    if (state && (filter->state = order_state_find(state)) == -1)
        return err_set(err, ERR_MALFORMED, "state: an order state, or open");
    return request_page(request, &filter->limit, &filter->cursor, err);
}

enum status handle_orders_get(struct request *request, struct reply *reply)
{
    struct view_filter filter;
    enum status status = filter_parse(request, &filter, &reply->err);

    return status == OK ? answer(reply, view_orders(request->view, &filter)) : status;
}

enum status handle_fills_get(struct request *request, struct reply *reply)
{
    struct view_filter filter;
    enum status status = filter_parse(request, &filter, &reply->err);

    return status == OK ? answer(reply, view_fills(request->view, &filter)) : status;
}

static uint64_t order_id(const struct request *request)
{
    uint64_t id;

    return order_id_parse(request->arg[0], &id) ? id : 0;
}

enum status handle_order_get(struct request *request, struct reply *reply)
{
    return answer_or_unknown(reply, view_order(request->view, order_id(request)), "no such order");
}

enum status handle_order_why_get(struct request *request, struct reply *reply)
{
    return answer_or_unknown(reply, view_order_why(request->view, order_id(request)),
                             "no such order, or its verdict is no longer held");
}

enum status handle_trading_state_get(struct request *request, struct reply *reply)
{
    json_t *items = json_array();

    for (uint16_t scope = 0; scope < scope_count(config_of(request)->scopes); scope++)
        json_array_append_new(items, control_trading_state(request->control, scope));
    return answer_list(request, reply, json_pack("{s:o, s:n}", "items", items, "next"));
}

enum status handle_limits_list(struct request *request, struct reply *reply)
{
    json_t *items = json_array();
    struct view_use uses[MAX_SCOPES];

    view_limit_use(request->view, uses);
    for (uint16_t scope = 0; scope < scope_count(config_of(request)->scopes); scope++) {
        json_t *limits = control_limits(request->control, scope);

        json_object_set_new(limits, "used_percent",
                            view_used_json(request->view, scope, &uses[scope]));
        json_array_append_new(items, limits);
    }
    return answer_list(request, reply, json_pack("{s:o, s:n}", "items", items, "next"));
}

enum status handle_limits_schema(struct request *request, struct reply *reply)
{
    return answer(reply, view_limits_schema(request->view));
}

enum status handle_limits_get(struct request *request, struct reply *reply)
{
    uint16_t scope;

    if (!config_scope_find(config_of(request), request->arg[0], &scope))
        return err_format(&reply->err, ERR_UNKNOWN_SCOPE, "there is no scope \"%.64s\"",
                          request->arg[0]);
    reply->json = control_limits(request->control, scope);
    if (!reply->json)
        return err_set(&reply->err, ERR_INTERNAL, "out of memory");
    snprintf(reply->etag, sizeof reply->etag, "%lld",
             (long long)json_integer_value(json_object_get(reply->json, "generation")));
    return OK;
}

/* Number 0 is people's own orders: not a strategy that anybody switches. */
enum status handle_strategies_get(struct request *request, struct reply *reply)
{
    json_t *items = json_array();

    for (uint16_t at = STRATEGY_MANUAL + 1; at < config_of(request)->strategies; at++)
        json_array_append_new(items, control_strategy(request->control, at));
    return answer_list(request, reply, json_pack("{s:o, s:n}", "items", items, "next"));
}

enum status handle_strategy_get(struct request *request, struct reply *reply)
{
    uint16_t strategy;

    if (!strategy_named(config_of(request), request->arg[0], &strategy))
        return err_format(&reply->err, ERR_NOT_FOUND, "there is no strategy \"%.48s\"",
                          request->arg[0]);
    reply->json = control_strategy(request->control, strategy);
    if (!reply->json)
        return err_set(&reply->err, ERR_INTERNAL, "out of memory");
    snprintf(reply->etag, sizeof reply->etag, "%lld",
             (long long)json_integer_value(json_object_get(reply->json, "version")));
    return OK;
}

enum status handle_approvals_get(struct request *request, struct reply *reply)
{
    const char *name = request_query(request, "state");
    int state = name ? approval_state_find(name) : -1;
    uint64_t cursor;
    uint32_t limit;
    enum status status = request_page(request, &limit, &cursor, &reply->err);

    if (status == OK && name && state < 0)
        status = err_set(&reply->err, ERR_MALFORMED,
                         "state: pending, applied, rejected, expired or stale");
    if (status != OK)
        return status;
    return answer(reply, control_approvals(request->control, state, cursor, limit));
}

enum status handle_approval_get(struct request *request, struct reply *reply)
{
    return answer_or_unknown(reply, control_approval(request->control, request->arg[0]),
                             "no such proposal");
}

enum status handle_kill_get(struct request *request, struct reply *reply)
{
    uint64_t incident;

    if (!incident_parse(request->arg[0], &incident))
        return err_set(&reply->err, ERR_NOT_FOUND, "no such incident");
    return answer_or_unknown(reply, view_receipt(request->view, incident), "no such incident");
}
