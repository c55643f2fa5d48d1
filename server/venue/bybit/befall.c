/* What a fault does besides changing how its message leaves. */
#include "venue/bybit/inside.h"

#include "thread/clock.h"

#include <string.h>

bool fault_silences(const struct venue_fault *fault)
{
    switch ((enum venue_fault_verb)fault->verb) {
    case VENUE_FAULT_DROP_ACK:
    case VENUE_FAULT_LOST_FILL:
    case VENUE_FAULT_HALF_OPEN:
    case VENUE_FAULT_CLOSE:
    case VENUE_FAULT_RST:
        return true;
    default:
        return false;
    }
}

struct venue_delivery fault_delivery(const struct venue_fault *fault)
{
    struct venue_delivery how = {0};

    switch ((enum venue_fault_verb)fault->verb) {
    case VENUE_FAULT_DELAY:
        how.delay_ns = fault->for_ns;
        break;
    case VENUE_FAULT_REORDER:
        how.delay_ns = fault->for_ns;
        how.aside = true;
        break;
    case VENUE_FAULT_TRUNCATE:
        how.percent = 50;
        how.after = VENUE_AFTER_CLOSE;
        break;
    case VENUE_FAULT_TRICKLE:
        how.trickle_ns = fault->for_ns ? fault->for_ns : NS_PER_MS;
        break;
    default:
        break;
    }
    return how;
}

/* Sockets of everybody. */
static void close_sockets(struct bybit *bybit)
{
    struct session *next;

    for (struct session *at = bybit->sessions; at; at = next) {
        next = at->next;
        venue_conn_close(at->conn, false);
    }
}

static void befall_clock(struct bybit *bybit, const struct venue_fault *fault, int64_t real_ns)
{
    switch ((enum venue_fault_verb)fault->verb) {
    case VENUE_FAULT_REFUSE:
        bybit->refuse_until_ns = real_ns + fault->for_ns;
        break;
    case VENUE_FAULT_STALL_PONG:
        bybit->stall_until_ns = real_ns + fault->for_ns;
        break;
    case VENUE_FAULT_RATELIMIT:
        bybit->ratelimit_until_ns = real_ns + fault->for_ns;
        bybit->ratelimit_code = code_row(CODE_RATE);
        bybit->ratelimit_code.code = (int)fault->code;
        break;
    case VENUE_FAULT_BAN:
        bybit->ban_until_ns = real_ns + fault->for_ns;
        close_sockets(bybit);
        break;
    case VENUE_FAULT_MAINTENANCE:
        bybit->maintenance_until_ns = real_ns + fault->for_ns;
        close_sockets(bybit);
        break;
    case VENUE_FAULT_CLOCK_OFFSET:
        bybit->clock_offset_ns = fault->code * NS_PER_MS;
        break;
    case VENUE_FAULT_TLS_BAD_CERT:
        bybit->bad_cert_until_ns = real_ns + fault->for_ns;
        venue_server_bad_cert(bybit->server, true);
        break;
    default:
        break;
    }
}

/* An order that joins the touch, of the account and without a link of its client. */
static void add_foreign(struct bybit *bybit, uint16_t account, uint16_t instrument, int64_t lots,
                        int64_t now_ns)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    struct level best = {0};
    struct venue_new wanted = {.account = account,
                               .instrument = instrument,
                               .side = SIDE_BUY,
                               .type = TYPE_LIMIT,
                               .tif = TIF_GTC,
                               .link = "",
                               .qty_lots = lots > row->min_lots ? lots : row->min_lots};
    uint64_t no;

    if (venue_levels(bybit->venue, instrument, SIDE_BUY, &best, 1) == 0)
        best.price_ticks = venue_ticker(bybit->venue, instrument).mark_ticks;
    wanted.price_ticks = best.price_ticks;
    /* Refused (no funds, no price): then there is none, as for anybody. */
    (void)venue_create(bybit->venue, &wanted, now_ns, &no);
}

void fault_apply(struct bybit *bybit, struct venue_conn *conn, uint16_t account,
                 uint16_t instrument, const struct venue_fault *fault, int64_t now_ns)
{
    if (fault->verb == VENUE_FAULT_NONE)
        return;
    befall_clock(bybit, fault, clock_real_ns());
    if (fault->verb == VENUE_FAULT_HALF_OPEN)
        venue_conn_silence(conn);
    else if (fault->verb == VENUE_FAULT_CLOSE)
        venue_conn_close(conn, false);
    else if (fault->verb == VENUE_FAULT_RST)
        venue_conn_close(conn, true);
    if (account == VENUE_MARKET || instrument == UINT16_MAX)
        return;
    if (fault->verb == VENUE_FAULT_FOREIGN_ORDER)
        add_foreign(bybit, account, instrument, fault->code, now_ns);
    else if (fault->verb == VENUE_FAULT_POSITION_OVERRIDE)
        venue_override_position(bybit->venue, account, instrument, fault->code, now_ns);
}
