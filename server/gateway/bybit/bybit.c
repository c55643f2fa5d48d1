#include "gateway/bybit/bybit.h"

#include "gateway/bybit/inside.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the parts ask for ------------------------------------------------------------- */

struct bybit_symbol *bybit_symbol_named(struct bybit *bybit, const char *name)
{
    for (uint16_t at = 0; at < bybit->symbol_count; at++)
        if (strcmp(bybit->symbol[at].name, name) == 0)
            return &bybit->symbol[at];
    return NULL;
}

struct bybit_symbol *bybit_symbol_at(struct bybit *bybit, uint16_t instrument)
{
    for (uint16_t at = 0; at < bybit->symbol_count; at++)
        if (bybit->symbol[at].instrument == instrument)
            return &bybit->symbol[at];
    panic(__FILE__, __LINE__, "the engine sends each venue's orders to its own gateway");
}

struct order_scopes bybit_scopes_of(const struct bybit *bybit, const struct bybit_known *known)
{
    struct scope_map map = bybit->config.scopes;

    return (struct order_scopes){.firm = scope_of_firm(),
                                 .venue = scope_of_venue(map, bybit->config.venue),
                                 .strategy = scope_of_strategy(map, known->strategy),
                                 .instrument = scope_of_instrument(map, known->instrument)};
}

/* The queue is full while the engine takes nothing: its positions are wrong from here on. */
static void note_overflow(struct bybit *bybit)
{
    bybit->reconcile.is_wanted = true;
    if (bybit->outbox.has_lost)
        return;
    bybit->outbox.has_lost = true;
    log_line(LOG_ERROR, "gateway", "the engine takes nothing: a report was lost", "venue=%s",
             bybit->name);
    bybit_stop_venue(bybit, "the engine took no reports, and one was lost");
}

void bybit_say(struct bybit *bybit, const struct execution *execution)
{
    struct bybit_outbox *outbox = &bybit->outbox;

    if (outbox->last - outbox->first == BYBIT_OUTBOX_MAX) {
        note_overflow(bybit);
        return;
    }
    outbox->item[outbox->last++ % BYBIT_OUTBOX_MAX] = *execution;
    (void)bybit_outbox_flush(bybit);
}

bool bybit_outbox_flush(struct bybit *bybit)
{
    struct bybit_outbox *outbox = &bybit->outbox;
    struct ring *ring = bybit->base.io.executions;
    struct execution *slot;

    while (outbox->first != outbox->last && (slot = ring_reserve(ring, sizeof *slot))) {
        *slot = outbox->item[outbox->first++ % BYBIT_OUTBOX_MAX];
        ring_publish(ring);
        gateway_add(&bybit->base.executions, 1);
    }
    if (outbox->first != outbox->last)
        return false;
    outbox->has_lost = false;
    return true;
}

static void stop(struct bybit *bybit, uint16_t scope, const char *says)
{
    if (bybit->base.io.stop)
        bybit->base.io.stop(bybit->base.io.stop_ctx, scope, says);
}

void bybit_stop_instrument(struct bybit *bybit, uint16_t instrument, const char *says)
{
    stop(bybit, scope_of_instrument(bybit->config.scopes, instrument), says);
}

void bybit_stop_venue(struct bybit *bybit, const char *says)
{
    stop(bybit, scope_of_venue(bybit->config.scopes, bybit->config.venue), says);
}

void bybit_ban(struct bybit *bybit, int64_t until_mono_ns, const char *why)
{
    char shown[96];

    if (until_mono_ns <= bybit->banned_mono_ns)
        return;
    bybit->banned_mono_ns = until_mono_ns;
    atomic_store_explicit(&bybit->base.banned_until_ns,
                          bybit->real_ns + (until_mono_ns - bybit->mono_ns), memory_order_relaxed);
    log_line(LOG_ERROR, "gateway", "the venue bans us", "venue=%s seconds=%lld why=%s", bybit->name,
             (long long)((until_mono_ns - bybit->mono_ns) / SECOND_NS),
             log_escape(shown, sizeof shown, why));
}

int64_t bybit_venue_ms(const struct bybit *bybit, int64_t real_ns)
{
    return (real_ns + (bybit->session.clock.is_known ? bybit->session.clock.offset_ns : 0)) / MS_NS;
}

/* ---- the state -------------------------------------------------------------------------- */

const char *bybit_not_ready(const struct bybit *bybit, uint16_t instrument)
{
    const struct bybit_session *session = &bybit->session;

    return bybit_is_banned(bybit)                     ? "the venue bans us"
           : !session->trade.is_in                    ? "the trade socket is down"
           : !session->stream.is_in                   ? "the private stream is down"
           : !session->clock.is_known                 ? "the venue's clock is not known"
           : session->clock.is_off                    ? "our clock is off"
           : session->clock.is_old                    ? "the clocks are being compared"
           : !session->dcp.is_set                     ? "disconnect-cancel-all is not set"
           : !bybit->reconcile.is_done                ? "orders and positions are being read"
           : !bybit_count_is_known(bybit, instrument) ? "the balance was not read yet"
           : !bybit->reference.is_fine[instrument]
               ? "the instrument is not as configured, or was not compared yet"
               : NULL;
}

static bool is_any_ready(const struct bybit *bybit)
{
    for (uint16_t at = 0; at < bybit->symbol_count; at++)
        if (!bybit_not_ready(bybit, bybit->symbol[at].instrument))
            return true;
    return false;
}

static enum gateway_state state_of(const struct bybit *bybit)
{
    const struct bybit_session *session = &bybit->session;

    if (bybit_is_banned(bybit))
        return GATEWAY_BANNED;
    if (session->stream.was_refused || session->trade.was_refused || session->is_cut)
        return GATEWAY_DOWN;
    if (!session->stream.is_in || !session->trade.is_in)
        return GATEWAY_CONNECTING;
    return is_any_ready(bybit) ? bybit_public_state(bybit) : GATEWAY_SYNCING;
}

static void tell_state(struct bybit *bybit)
{
    enum gateway_state before = gateway_state(&bybit->base);
    enum gateway_state state = state_of(bybit);

    if (!bybit_is_banned(bybit) && bybit->banned_mono_ns != 0) {
        bybit->banned_mono_ns = 0;
        atomic_store_explicit(&bybit->base.banned_until_ns, 0, memory_order_relaxed);
    }
    if (state == before)
        return;
    gateway_set_state(&bybit->base, state);
    log_line(state == GATEWAY_READY ? LOG_INFO : LOG_WARN, "gateway", "state",
             "venue=%s state=%s before=%s", bybit->name, gateway_state_name(state),
             gateway_state_name(before));
}

/* ---- the turn --------------------------------------------------------------------------- */

/* What no frame and no order waits for. */
static void keep(struct bybit *bybit)
{
    bybit->kept_ns = bybit->mono_ns;
    bybit_public_turn(bybit);
    bybit_session_turn(bybit);
    bybit_reports_turn(bybit);
    bybit_reconcile_turn(bybit);
    bybit_reference_turn(bybit);
    bybit_balance_turn(bybit);
    tell_state(bybit);
}

static uint32_t bybit_send(struct gateway *gateway)
{
    return bybit_orders_turn((struct bybit *)gateway);
}

static uint32_t bybit_poll(struct gateway *gateway)
{
    struct bybit *bybit = (struct bybit *)gateway;
    uint32_t moved;

    bybit->mono_ns = clock_mono_ns();
    bybit->real_ns = clock_real_ns();
    moved = bybit_orders_turn(bybit);
    /* While the engine takes nothing, the sockets hold what comes. */
    if (bybit_outbox_flush(bybit))
        moved += net_poll(bybit->net);
    if (bybit->mono_ns - bybit->kept_ns >= NET_KEEP_LATEST_NS)
        keep(bybit);
    return moved;
}

/* ---- opening and closing ---------------------------------------------------------------- */

static bool send_order(void *ctx, char *text, size_t length)
{
    struct bybit *bybit = ctx;
    struct bybit_link *trade = &bybit->session.trade;

    return net_send_now(trade->socket, trade->epoch, text, length);
}

static bool is_drained(void *ctx)
{
    const struct bybit *bybit = ctx;

    return !bybit->session.trade.socket || net_socket_is_drained(bybit->session.trade.socket);
}

static bool send_request(void *ctx, const struct net_request *request)
{
    struct bybit *bybit = ctx;

    return net_request(bybit->net, request);
}

static void bybit_close(struct gateway *gateway)
{
    struct bybit *bybit = (struct bybit *)gateway;

    bybit_public_close(bybit);
    if (bybit->net)
        net_close(bybit->net);
    bybit_unmake(bybit);
}

static const struct gateway_ops bybit_ops = {
    .poll = bybit_poll, .send = bybit_send, .close = bybit_close};

static enum status take_symbols(struct bybit *bybit, struct err *err)
{
    const struct gateway_io *io = &bybit->config.io;

    for (uint16_t at = 0; at < io->instrument_count; at++) {
        const struct instrument *row = &io->instruments[at];

        if (row->venue != bybit->config.venue)
            continue;
        if (!bybit_symbol_init(&bybit->symbol[bybit->symbol_count], row, at, bybit->config.is_spot))
            return err_format(err, ERR_CONFIG,
                              "%s: not an instrument of Bybit: <venue>:<SYMBOL> is wanted",
                              row->name);
        if (row->inverse)
            return err_format(err, ERR_CONFIG, "%s: inverse contracts are not traded on Bybit",
                              row->name);
        if (bybit->config.is_spot && row->qty_decimals > 8)
            return err_format(err, ERR_CONFIG, "%s: lot: Bybit counts coins in 8 decimals at most",
                              row->name);
        bybit->symbol_count++;
    }
    if (bybit->symbol_count == 0)
        return err_set(err, ERR_CONFIG, "the venue has no instruments in the configuration");
    return OK;
}

static enum status check_config(const struct bybit_config *config, struct err *err)
{
    if (config->rest[0] == '\0' || config->stream[0] == '\0')
        return err_set(err, ERR_CONFIG, "rest and stream: the addresses of the venue are wanted");
    if (config->orders_per_s < 2 || config->orders_per_s > BYBIT_PACE_MAX)
        return err_format(err, ERR_CONFIG, "orders_per_s: 2 to %d", BYBIT_PACE_MAX);
    if (config->dcp_ns != 0 && (config->dcp_ns < 3 * SECOND_NS || config->dcp_ns > 300 * SECOND_NS))
        return err_set(err, ERR_CONFIG, "dcp: 3 to 300 seconds, or 0");
    if (config->recv_window_ms <= 0 || config->heartbeat_ns <= 0 || config->reconcile_ns <= 0 ||
        config->reference_ns <= 0 || config->clock_alarm_ns <= 0)
        return err_set(err, ERR_CONFIG, "receive window and intervals: above 0");
    if (config->private_silence_ns != 0 && config->private_silence_ns <= config->heartbeat_ns)
        return err_set(err, ERR_CONFIG,
                       "private_silence: above heartbeat, or each pause is a silence");
    return OK;
}

static void name_venue(struct bybit *bybit)
{
    const char *name = bybit->symbol[0].row->name;
    size_t length = (size_t)(strchr(name, ':') - name);

    memcpy(bybit->name, name, length);
}

enum status bybit_make(struct bybit **out, const struct bybit_config *config, struct err *err)
{
    struct bybit *bybit;
    enum status status = check_config(config, err);

    if (status != OK)
        return status;
    bybit = calloc(1, sizeof *bybit);
    if (!bybit)
        return err_set(err, ERR_INTERNAL, "no memory for the gateway");
    gateway_init(&bybit->base, &bybit_ops, &config->io);
    bybit->base.balance_currency = "USD"; /* the totals of an account */
    bybit->config = *config;
    bybit->mono_ns = clock_mono_ns();
    bybit->real_ns = bybit->opened_ns = clock_real_ns();
    status = take_symbols(bybit, err);
    if (status != OK) {
        bybit_unmake(bybit);
        return status;
    }
    name_venue(bybit);
    bybit_signer_init(&bybit->signer, config->secret);
    bybit->reconcile.since_ms =
        (config->executions_since_ns > 0 ? config->executions_since_ns : bybit->opened_ns) / MS_NS;
    bybit_orders_init(bybit);
    bybit_counts_init(bybit);
    *out = bybit;
    return OK;
}

void bybit_unmake(struct bybit *bybit)
{
    bybit_reconcile_close(bybit);
    bybit_signer_wipe(&bybit->signer);
    explicit_bzero(bybit->config.secret, sizeof bybit->config.secret);
    explicit_bzero(bybit->config.key, sizeof bybit->config.key);
    free(bybit);
}

enum status bybit_connect(struct bybit *bybit, struct err *err)
{
    bybit->port = (struct bybit_port){bybit, send_order, is_drained, send_request};
    return net_open(&bybit->net,
                    &(struct net_config){.ca_file = bybit->config.ca_file,
                                         .connects_max = bybit->config.connects_max,
                                         .seed = (uint64_t)bybit->mono_ns},
                    err);
}

enum status bybit_open(struct gateway **gateway, const struct bybit_config *config, struct err *err)
{
    struct bybit *bybit;
    enum status status;

    if (config->key[0] == '\0' || config->secret[0] == '\0')
        return err_set(err, ERR_CONFIG, "key_file: key and secret are wanted");
    status = bybit_make(&bybit, config, err);
    if (status != OK)
        return status;
    status = bybit_connect(bybit, err);
    if (status == OK)
        status = bybit_session_open(bybit, err);
    if (status == OK)
        status = bybit_public_open(bybit, err);
    if (status != OK) {
        bybit_close(&bybit->base);
        return status;
    }
    *gateway = &bybit->base;
    return OK;
}
