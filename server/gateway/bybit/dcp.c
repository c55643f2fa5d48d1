/* Disconnect-cancel-all (session.h): set for our product, and read back. */
#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DCP_AGAIN_NS (1 * SECOND_NS)
#define DCP_PATIENCE_NS (15 * SECOND_NS) /* the venue takes about ten to obey */

static const char *dcp_product(const struct bybit *bybit)
{
    return bybit->config.is_spot ? "SPOT" : "DERIVATIVES";
}

bool bybit_dcp_reads_as_set(const struct bybit *bybit, const json_t *result)
{
    const json_t *rows = json_object_get(result, "dcpInfos");

    for (size_t at = 0; at < json_array_size(rows); at++) {
        const json_t *row = json_array_get(rows, at);
        const char *product = json_string_value(json_object_get(row, "product"));
        const char *status = json_string_value(json_object_get(row, "dcpStatus"));
        int64_t window_s;

        if (product && status && strcmp(product, dcp_product(bybit)) == 0)
            return strcmp(status, "ON") == 0 && bybit_whole(row, "timeWindow", &window_s) &&
                   window_s == bybit->config.dcp_ns / SECOND_NS;
    }
    return false;
}

static void set_dcp(struct bybit *bybit);

static void note_dcp(struct bybit *bybit, const char *says)
{
    struct bybit_dcp *dcp = &bybit->session.dcp;
    char shown[96];

    if (bybit->mono_ns - dcp->wanted_ns < DCP_PATIENCE_NS || dcp->was_told)
        return;
    dcp->was_told = true;
    log_line(LOG_ERROR, "gateway", "disconnect-cancel-all does not read back: not ready",
             "venue=%s product=%s window_s=%" PRId64 " says=%s", bybit->name, dcp_product(bybit),
             bybit->config.dcp_ns / SECOND_NS, log_escape(shown, sizeof shown, says));
}

static void took_dcp(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    struct bybit_dcp *dcp = &bybit->session.dcp;

    (void)about;
    dcp->is_asked = false;
    dcp->due_ns = bybit->mono_ns + DCP_AGAIN_NS;
    if (reply->class == BYBIT_DONE && bybit_dcp_reads_as_set(bybit, reply->result)) {
        dcp->is_set = true;
        dcp->was_told = false;
        return;
    }
    note_dcp(bybit, reply->says);
    if (bybit->mono_ns >= dcp->set_again_ns)
        set_dcp(bybit);
}

static void read_dcp(struct bybit *bybit)
{
    struct bybit_dcp *dcp = &bybit->session.dcp;

    dcp->due_ns = bybit->mono_ns + DCP_AGAIN_NS;
    dcp->is_asked =
        bybit_get(bybit, "/v5/account/query-dcp-info", "", true, took_dcp, (struct bybit_about){0});
}

static void set_dcp_done(struct bybit *bybit, struct bybit_about about,
                         const struct bybit_reply *reply)
{
    (void)about;
    (void)reply; /* what it reads back as is what counts */
    read_dcp(bybit);
}

static void set_dcp(struct bybit *bybit)
{
    struct bybit_dcp *dcp = &bybit->session.dcp;
    char body[96];

    snprintf(body, sizeof body, "{\"product\":\"%s\",\"timeWindow\":%" PRId64 "}",
             dcp_product(bybit), bybit->config.dcp_ns / SECOND_NS);
    dcp->set_again_ns = bybit->mono_ns + DCP_PATIENCE_NS;
    dcp->is_asked = bybit_post(bybit, "/v5/order/disconnected-cancel-all", body, set_dcp_done,
                               (struct bybit_about){0});
}

void bybit_dcp_restart(struct bybit *bybit)
{
    bybit->session.dcp.due_ns = bybit->session.dcp.wanted_ns = bybit->mono_ns;
    bybit->session.dcp.set_again_ns = 0;
    bybit->session.dcp.is_set = bybit->config.dcp_ns == 0;
}

void bybit_dcp_turn(struct bybit *bybit)
{
    const struct bybit_dcp *dcp = &bybit->session.dcp;

    if (bybit->session.stream.is_in && !dcp->is_set && !dcp->is_asked &&
        bybit->mono_ns >= dcp->due_ns)
        read_dcp(bybit);
}
