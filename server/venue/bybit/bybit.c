#include "venue/bybit/bybit.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "venue/bybit/inside.h"
#include "venue/saver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_NS (10 * NS_PER_MS)

enum { PLAY_MOST = 4096 };

void bybit_log(struct bybit *bybit, const struct venue_ledger_line *line)
{
    struct venue_ledger_line stamped;

    if (!bybit->ledger)
        return;
    stamped = *line;
    if (!stamped.at_ns)
        stamped.at_ns = clock_real_ns();
    venue_ledger_write(bybit->ledger, &stamped);
}

/* ---- what the server asks ------------------------------------------------------------- */

static void log_connection(struct bybit *bybit, struct venue_conn *conn, const char *status)
{
    const char *peer = venue_conn_peer(conn);
    const struct venue_ledger_line line = {.conn = venue_conn_no(conn),
                                           .kind = "connect",
                                           .status = status,
                                           .body = peer,
                                           .body_length = strlen(peer)};

    bybit_log(bybit, &line);
}

static bool accepts(void *ctx, struct venue_conn *conn)
{
    struct bybit *bybit = ctx;
    struct venue_fault fault = venue_faults_draw(bybit->faults, VENUE_ON_CONNECT, UINT16_MAX);
    bool refused = fault.verb == VENUE_FAULT_RST || fault.verb == VENUE_FAULT_CLOSE;

    if (!refused)
        fault_apply(bybit, conn, 0, UINT16_MAX, &fault, clock_real_ns());
    refused |= clock_real_ns() < bybit->refuse_until_ns;
    log_connection(bybit, conn, refused ? "refused" : "opened");
    return !refused;
}

static bool pongs(void *ctx, struct venue_conn *conn)
{
    struct bybit *bybit = ctx;
    struct session *session = venue_conn_data(conn);

    if (session)
        session->heard_ns = clock_real_ns();
    return clock_real_ns() >= bybit->stall_until_ns;
}

static void on_closed(void *ctx, struct venue_conn *conn)
{
    log_connection(ctx, conn, "closed");
    session_closed(ctx, conn);
}

static int64_t on_turn(void *ctx, int64_t now_ns)
{
    struct bybit *bybit = ctx;
    int64_t next_ns = (now_ns / STEP_NS + 1) * STEP_NS;
    int64_t market_ns;

    if (bybit->bad_cert_until_ns && now_ns >= bybit->bad_cert_until_ns) {
        bybit->bad_cert_until_ns = 0;
        venue_server_bad_cert(bybit->server, false);
    }
    venue_market_play(bybit->market, bybit->venue, now_ns, PLAY_MOST);
    if (now_ns >= bybit->streams->next_ns) { /* each 10 ms */
        venue_advance(bybit->venue, now_ns);
        dcp_turn(bybit, now_ns);
        session_turn(bybit, now_ns);
    }
    saver_turn(bybit->saver, now_ns);
    pushes_flush(bybit, now_ns);
    streams_turn(bybit, now_ns);
    market_ns = venue_market_next_ns(bybit->market);
    return market_ns < next_ns ? market_ns : next_ns;
}

/* ---- open and close ------------------------------------------------------------------- */

static enum status open_core(struct bybit *bybit, struct err *err)
{
    struct venue_config config = {.listener = pushes_listener(bybit), .seed = bybit->config.seed};
    bool has_state = bybit->config.state_file && access(bybit->config.state_file, F_OK) == 0;
    enum status status = venue_market_open(&bybit->market, &bybit->config.market, err);

    if (status != OK)
        return status;
    venue_market_describe(bybit->market, &config);
    bybit->coins = config.coins;
    bybit->venue = venue_open(&config);
    if (!bybit->venue)
        return err_set(err, ERR_INTERNAL, "no memory for the venue");
    venue_set_salt(bybit->venue,
                   bybit->config.has_seed ? bybit->config.seed + 1 : (uint64_t)clock_real_ns());
    if (has_state)
        status = venue_load(bybit->venue, bybit->config.state_file, clock_real_ns(), err);
    if (status == OK)
        status =
            keys_open(&bybit->keys, bybit->config.accounts_file, bybit->venue, bybit->coins, err);
    if (status == OK && bybit->config.state_file)
        status = saver_open(&bybit->saver, bybit->venue, bybit->config.state_file, err);
    return status;
}

static enum status open_rates(struct bybit *bybit, struct err *err)
{
    bybit->rates = calloc(VENUE_ACCOUNTS_MAX, sizeof *bybit->rates);
    bybit->ip_requests = calloc(BYBIT_IPS_MAX, sizeof *bybit->ip_requests);
    bybit->ip_sockets = calloc(BYBIT_IPS_MAX, sizeof *bybit->ip_sockets);
    bybit->ips = calloc(BYBIT_IPS_MAX, sizeof *bybit->ips);
    bybit->ip_banned_ns = calloc(BYBIT_IPS_MAX, sizeof *bybit->ip_banned_ns);
    return bybit->rates && bybit->ip_requests && bybit->ip_sockets && bybit->ips &&
                   bybit->ip_banned_ns
               ? OK
               : err_set(err, ERR_INTERNAL, "no memory for rate limits");
}

static enum status open_server(struct bybit *bybit, struct err *err)
{
    const struct venue_server_config config = {
        .address = bybit->config.listen,
        .cert_file = bybit->config.cert_file,
        .key_file = bybit->config.key_file,
        .ctx = bybit,
        .accepts = accepts,
        .request = rest_request,
        .upgrade = session_upgrade,
        .opened = session_opened,
        .message = session_message,
        .pongs = pongs,
        .closed = on_closed,
        .turn = on_turn,
    };

    return venue_server_open(&bybit->server, &config, err);
}

enum status bybit_serve(struct bybit **opened, const struct bybit_config *config, struct err *err)
{
    struct bybit *bybit = calloc(1, sizeof *bybit);
    enum status status;

    if (!bybit)
        return err_set(err, ERR_INTERNAL, "no memory");
    bybit->config = *config;
    status = streams_open(bybit, err);
    if (status == OK)
        status = open_rates(bybit, err);
    if (status == OK)
        status = open_core(bybit, err);
    if (status == OK)
        status =
            venue_faults_open(&bybit->faults, config->faults_file, bybit->venue, config->seed, err);
    if (status == OK && config->ledger_file)
        status = venue_ledger_open(&bybit->ledger, config->ledger_file, err);
    if (status == OK)
        status = open_server(bybit, err);
    if (status != OK)
        bybit_close(bybit);
    else
        *opened = bybit;
    return status;
}

enum status bybit_run(struct bybit *bybit, const volatile int *stop, struct err *err)
{
    venue_server_run(bybit->server, stop);
    saver_close(bybit->saver);
    bybit->saver = NULL;
    if (!bybit->config.state_file)
        return OK;
    return venue_save(bybit->venue, bybit->config.state_file, err);
}

void bybit_wake(struct bybit *bybit)
{
    venue_server_wake(bybit->server);
}

static void free_texts(struct bybit *bybit)
{
    text_free(&bybit->result);
    text_free(&bybit->ext);
    text_free(&bybit->out);
    text_free(&bybit->frame);
    text_free(&bybit->headers);
}

void bybit_close(struct bybit *bybit)
{
    if (!bybit)
        return;
    venue_server_close(bybit->server);
    saver_close(bybit->saver);
    venue_faults_close(bybit->faults);
    streams_close(bybit);
    if (bybit->venue)
        venue_close(bybit->venue);
    if (bybit->market)
        venue_market_close(bybit->market);
    venue_ledger_close(bybit->ledger);
    free_texts(bybit);
    free(bybit->pushes);
    free(bybit->rates);
    free(bybit->ip_requests);
    free(bybit->ip_sockets);
    free(bybit->ips);
    free(bybit->ip_banned_ns);
    free(bybit);
}

const char *bybit_url(const struct bybit *bybit)
{
    return venue_server_url(bybit->server);
}

bool bybit_key(const struct bybit *bybit, uint16_t at, uint64_t *uid, const char **key,
               const char **secret)
{
    if (at >= bybit->keys.count)
        return false;
    *uid = bybit->keys.key[at].uid;
    *key = bybit->keys.key[at].key;
    *secret = bybit->keys.key[at].secret;
    return true;
}
