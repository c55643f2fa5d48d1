/* Disconnect cancels: per account and product, when every private connection that carries the
 * product's topic has been gone for the window. Setting it comes into force after a delay, as on
 * the real venue. */
#include "venue/bybit/inside.h"

#include <string.h>

enum { WINDOW_MIN_S = 3, WINDOW_MAX_S = 300 };

static const char *const products[PRODUCT_COUNT] = {"DERIVATIVES", "SPOT", "OPTIONS"};

void do_dcp(struct call *call)
{
    char room[64];
    const char *name = arg_text(call, "product", room);
    int64_t window_s = arg_whole(call, "timeWindow", 0);
    uint32_t product = 0;
    struct dcp *dcp;

    if (!*name)
        name = "OPTIONS"; /* documented */
    while (product < PRODUCT_COUNT && strcmp(products[product], name) != 0)
        product++;
    if (product == PRODUCT_COUNT) {
        call_refuse(call, CODE_PARAMS, "product is OPTIONS, DERIVATIVES or SPOT");
        return;
    }
    if (window_s < WINDOW_MIN_S || window_s > WINDOW_MAX_S) {
        call_refuse(call, CODE_PARAMS, "timeWindow must be %d..%d", WINDOW_MIN_S, WINDOW_MAX_S);
        return;
    }
    dcp = &call->bybit->dcp[call->key->account][product];
    dcp->set = true;
    dcp->next_window_s = window_s;
    dcp->armed_ns = call->now_ns + call->bybit->config.dcp_delay_ns;
    call->message = "success";
}

void get_dcp(struct call *call)
{
    const struct dcp *dcp = call->bybit->dcp[call->key->account];
    bool first = true;

    text_put(call->result, "{\"dcpInfos\":[");
    for (uint32_t at = 0; at < PRODUCT_COUNT; at++) {
        if (!dcp[at].window_s)
            continue;
        text_put(call->result,
                 "%s{\"product\":\"%s\",\"dcpStatus\":\"ON\",\"timeWindow\":\"%lld\"}",
                 first ? "" : ",", products[at], (long long)dcp[at].window_s);
        first = false;
    }
    text_put(call->result, "]}");
    call->message = "success";
}

void dcp_carrier_changed(struct bybit *bybit, uint16_t account, enum product product,
                         int64_t now_ns)
{
    struct dcp *dcp = &bybit->dcp[account][product];
    bool carried = false;

    for (const struct session *at = bybit->sessions; at; at = at->next)
        carried |= at->key && at->key->account == account && at->dcp[product];
    if (carried)
        dcp->lost_ns = 0;
    else if (dcp->carried)
        dcp->lost_ns = now_ns;
    dcp->carried = carried;
}

struct pick {
    const struct venue *venue;
    uint8_t category;
};

static bool is_of_category(void *ctx, const struct venue_order *order)
{
    const struct pick *pick = ctx;

    return venue_instrument(pick->venue, order->instrument)->category == pick->category;
}

static void turn_one(struct bybit *bybit, uint16_t account, enum product product, int64_t now_ns)
{
    static uint64_t nos[VENUE_ACTIVE_MAX];
    struct dcp *dcp = &bybit->dcp[account][product];
    struct pick pick = {.venue = bybit->venue,
                        .category = product == PRODUCT_SPOT ? VENUE_SPOT : VENUE_LINEAR};

    if (dcp->set && now_ns >= dcp->armed_ns) {
        dcp->set = false;
        dcp->window_s = dcp->next_window_s;
    }
    if (!dcp->window_s || !dcp->lost_ns || now_ns - dcp->lost_ns < dcp->window_s * NS_PER_S)
        return;
    dcp->lost_ns = 0;
    if (product != PRODUCT_OPTIONS)
        venue_cancel_those(bybit->venue, account, is_of_category, &pick, VENUE_END_BY_DCP, now_ns,
                           nos);
}

void dcp_turn(struct bybit *bybit, int64_t now_ns)
{
    for (uint16_t account = 1; account <= bybit->keys.accounts; account++)
        for (uint32_t product = 0; product < PRODUCT_COUNT; product++)
            turn_one(bybit, account, (enum product)product, now_ns);
}
