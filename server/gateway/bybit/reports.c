#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* How long an end waits for its fills before they are asked for, and before it is said anyway. */
#define ASK_FILLS_NS (300 * MS_NS)
#define END_ANYWAY_NS (10 * SECOND_NS)
#define AHEAD_MOST_MS 60000

static struct execution about(const struct bybit_known *known, enum report report,
                              uint32_t amend_no, int64_t received_ns)
{
    return (struct execution){.report = (uint8_t)report,
                              .side = known->side,
                              .instrument = known->instrument,
                              .strategy = known->strategy,
                              .amend_no = amend_no,
                              .order_id = known->id,
                              .received_ns = received_ns};
}

void bybit_say_of(struct bybit *bybit, const struct bybit_known *known, enum report report,
                  uint32_t amend_no, int64_t received_ns)
{
    struct execution execution = about(known, report, amend_no, received_ns);

    bybit_say(bybit, &execution);
}

static void say_standing(struct bybit *bybit, const struct bybit_known *known, enum report report,
                         uint32_t amend_no, int64_t received_ns)
{
    struct execution execution = about(known, report, amend_no, received_ns);

    execution.price_ticks = known->price_ticks;
    execution.qty_lots = known->qty_lots;
    bybit_say(bybit, &execution);
}

/* ---- what is refused -------------------------------------------------------------------- */

/* Too many of late. The oldest of those that are remembered is the one that is overwritten next. */
static bool is_too_bad(const struct bybit *bybit)
{
    const struct bybit_reports *reports = &bybit->reports;

    return reports->bad >= BYBIT_BAD_MAX &&
           bybit->mono_ns - reports->bad_ns[reports->bad % BYBIT_BAD_MAX] < BYBIT_BAD_WITHIN_NS &&
           (reports->stopped_ns == 0 ||
            bybit->mono_ns - reports->stopped_ns >= BYBIT_BAD_WITHIN_NS);
}

void bybit_refuse(struct bybit *bybit, const char *what, const char *text)
{
    struct bybit_reports *reports = &bybit->reports;
    char shown[96];

    gateway_add(&bybit->base.refused_frames, 1);
    log_line(LOG_ERROR, "gateway", "a row of the venue was refused", "venue=%s row=%s text=%s",
             bybit->name, what, log_escape(shown, sizeof shown, text ? text : ""));
    bybit->reconcile.is_wanted = true;
    reports->bad_ns[reports->bad++ % BYBIT_BAD_MAX] = bybit->mono_ns;
    if (!is_too_bad(bybit))
        return;
    reports->stopped_ns = bybit->mono_ns;
    bybit_stop_venue(bybit, "the private stream is not understood: its rows are refused");
}

static bool refuse_row(struct bybit *bybit, const char *what, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    bybit_refuse(bybit, what, text);
    free(text);
    return false;
}

/* ---- whose order ------------------------------------------------------------------------ */

/* Ours of an earlier start, when the engine was given it; *fill has its strategy then. */
static bool is_carried(struct bybit *bybit, uint64_t id, uint64_t exec_id, uint16_t *strategy)
{
    struct execution fill = {0};

    *strategy = STRATEGY_MANUAL;
    if (!bybit->config.is_news ||
        !bybit->config.is_news(bybit->config.is_news_ctx, id, exec_id, &fill))
        return false;
    *strategy = fill.strategy;
    return true;
}

/* *free_id: what one that is met now gets. An order of others that ended and rises again is another
 * one to the engine, so it gets the next number. */
static struct bybit_known *find_foreign(struct bybit *bybit, const char *venue_id,
                                        uint64_t *free_id)
{
    struct bybit_known *known = NULL;
    struct bybit_known *found;

    *free_id = BYBIT_FOREIGN_BIT | bybit_hash(venue_id);
    while ((found = bybit_known_find(&bybit->known, *free_id))) {
        known = found;
        *free_id = BYBIT_FOREIGN_BIT | (*free_id + 1);
    }
    return known;
}

bool bybit_parse_link(const struct bybit *bybit, const char *link, uint64_t *id)
{
    return order_id_parse(link, id) && !(*id & BYBIT_FOREIGN_BIT) && *id != 0 &&
           (!bybit->config.is_ours || bybit->config.is_ours(bybit->config.is_ours_ctx, *id));
}

struct bybit_known *bybit_find_order(struct bybit *bybit, const json_t *json, uint64_t *ours)
{
    const char *link;
    const char *venue_id;
    uint64_t free_id;
    struct bybit_known *known = NULL;
    struct bybit_known *other = NULL;

    if (bybit_text(json, "orderLinkId", &link) && bybit_parse_link(bybit, link, ours))
        known = bybit_known_find(&bybit->known, *ours);
    else
        *ours = 0;
    if ((!known || !known->live) && bybit_text(json, "orderId", &venue_id))
        other = find_foreign(bybit, venue_id, &free_id);
    return other ? other : known;
}

/* It goes into paths, queries and JSON as it is. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
            return false;
    return true;
}

static void keep_venue_id(struct bybit_known *known, const json_t *json)
{
    const char *venue_id;

    if (known && bybit_text(json, "orderId", &venue_id) &&
        strlen(venue_id) < sizeof known->venue_id && is_plain(venue_id))
        memcpy(known->venue_id, venue_id, strlen(venue_id) + 1);
}

static bool read_side(const json_t *json, uint8_t *side)
{
    const char *text;

    if (!bybit_text(json, "side", &text))
        return false;
    *side = strcmp(text, "Buy") == 0 ? SIDE_BUY : SIDE_SELL;
    return *side == SIDE_BUY || strcmp(text, "Sell") == 0;
}

bool bybit_is_about(const struct bybit_known *known, const struct bybit_symbol *symbol,
                    uint8_t side)
{
    return known->instrument == symbol->instrument && known->side == side;
}

/* A live order that we do not know yet: carried over, or of others. NULL: there is no room. */
static struct bybit_known *meet(struct bybit *bybit, const struct bybit_order_row *row,
                                const json_t *json, uint64_t ours)
{
    const char *venue_id = json_string_value(json_object_get(json, "orderId"));
    uint16_t strategy;
    uint64_t id;
    bool carried = ours != 0 && is_carried(bybit, ours, 0, &strategy);
    struct bybit_known *known;

    if (!venue_id || venue_id[0] == '\0')
        return NULL;
    (void)find_foreign(bybit, venue_id, &id);
    known = bybit_known_take(&bybit->known, carried ? ours : id);
    if (!known)
        return NULL;
    known->instrument = row->symbol->instrument;
    known->strategy = carried ? strategy : STRATEGY_MANUAL;
    known->flags = carried ? 0 : ORDER_EXTERNAL;
    known->acked = !carried;
    known->price_ticks = row->price_ticks;
    known->qty_lots = row->qty_lots;
    (void)read_side(json, &known->side);
    if (!carried)
        say_standing(bybit, known, REPORT_FOREIGN, 0, bybit->real_ns);
    return known;
}

/* ---- an order's row --------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool read_status(const char *status, enum bybit_standing *standing)
{
    static const char *const live[] = {"New",       "PartiallyFilled", "Untriggered",
                                       "Triggered", "Created",         NULL};
    static const char *const ended[] = {"Cancelled", "PartiallyFilledCanceled", "Deactivated",
                                        NULL};

    *standing = strcmp(status, "Filled") == 0 ? BYBIT_FILLED
                : is_one_of(status, live)     ? BYBIT_LIVE
                : is_one_of(status, ended)    ? BYBIT_CANCELLED
                                              : BYBIT_REJECTED;
    return *standing != BYBIT_REJECTED || strcmp(status, "Rejected") == 0;
}

static bool is_expiry(const json_t *json)
{
    static const char *const reasons[] = {"EC_NoImmediateQtyToFill", "EC_CancelForNoFullFill",
                                          NULL};
    static const char *const person[] = {"CancelByUser", "CancelByAdmin", "CancelByDCP", NULL};
    const char *reason = json_string_value(json_object_get(json, "rejectReason"));
    const char *type = json_string_value(json_object_get(json, "cancelType"));
    const char *tif = json_string_value(json_object_get(json, "timeInForce"));

    if (reason && is_one_of(reason, reasons))
        return true;
    return tif && (strcmp(tif, "IOC") == 0 || strcmp(tif, "FOK") == 0) &&
           !(type && is_one_of(type, person));
}

/* It may be called cancelled: an order that may only make and would have taken never rested. */
static enum refusal refusal_of_row(const json_t *json, enum bybit_standing standing)
{
    static const char *const taking[] = {"EC_PostOnlyWillTakeLiquidity", NULL};
    const char *reason = json_string_value(json_object_get(json, "rejectReason"));

    if (reason && is_one_of(reason, taking))
        return REFUSAL_POST_ONLY;
    return standing == BYBIT_REJECTED ? REFUSAL_OTHER : REFUSAL_NONE;
}

/* Of another product than ours: the stream is the account's. */
static bool is_other_category(const struct bybit *bybit, const json_t *json)
{
    const char *category = json_string_value(json_object_get(json, "category"));

    return category && strcmp(category, bybit_category(bybit->config.is_spot)) != 0;
}

/* One far ahead of the venue's own clock would make all that is said of the order later an older
 * row. */
static bool read_figures(const struct bybit *bybit, const json_t *json, struct bybit_order_row *row)
{
    const char *status;

    return bybit_text(json, "orderStatus", &status) && read_status(status, &row->standing) &&
           bybit_ticks(row->symbol, json, "price", &row->price_ticks) &&
           bybit_lots(row->symbol, json, "qty", &row->qty_lots) && row->qty_lots > 0 &&
           bybit_lots(row->symbol, json, "cumExecQty", &row->cum_lots) &&
           bybit_whole(json, "updatedTime", &row->updated_ms) &&
           row->updated_ms <= bybit_venue_ms(bybit, bybit->real_ns) + AHEAD_MOST_MS;
}

/* It was taken for dead: refused, or void. The row is no late one, and it lives. */
static bool is_risen(const struct bybit_order_row *row)
{
    return row->standing == BYBIT_LIVE && !row->known->live && row->known->ending == 0 &&
           row->updated_ms > row->known->updated_ms;
}

bool bybit_read_order(struct bybit *bybit, const json_t *json, struct bybit_order_row *row)
{
    const char *name;
    const char *text;
    uint8_t side;
    uint64_t ours;

    *row = (struct bybit_order_row){0};
    if (!json_is_object(json) || !bybit_text(json, "symbol", &name))
        return refuse_row(bybit, "order", json);
    row->symbol = is_other_category(bybit, json) ? NULL : bybit_symbol_named(bybit, name);
    if (!row->symbol)
        return true;
    row->known = bybit_find_order(bybit, json, &ours);
    if (!row->known && bybit_text(json, "orderType", &text) && strcmp(text, "Limit") != 0)
        return true; /* of others, and it rests nowhere: its fills tell */
    if (!read_side(json, &side) || !read_figures(bybit, json, row) ||
        (row->known && !bybit_is_about(row->known, row->symbol, side)))
        return refuse_row(bybit, "order", json);
    row->is_expiry = is_expiry(json);
    row->refusal = refusal_of_row(json, row->standing);
    if (row->known && is_risen(row)) {
        log_line(LOG_ERROR, "gateway", "an order that was taken for dead lives",
                 "venue=%s order=%016" PRIx64, bybit->name, row->known->id);
        row->known =
            meet(bybit, row, json, 0); /* the engine is done with that id, so it counts so */
    } else if (!row->known && row->standing == BYBIT_LIVE) {
        row->known = meet(bybit, row, json, ours);
    }
    keep_venue_id(row->known, json);
    return true;
}

static void settle(struct bybit *bybit, struct bybit_known *known,
                   const struct bybit_order_row *row, uint32_t amend_no, int64_t received_ns)
{
    known->price_ticks = row->price_ticks;
    known->qty_lots = row->qty_lots;
    say_standing(bybit, known, REPORT_VENUE_AMEND, amend_no, received_ns);
}

static bool stands_as_asked(const struct bybit_known *known, const struct bybit_order_row *row)
{
    return known->amend_qty_lots != 0 && row->price_ticks == known->amend_price_ticks &&
           row->qty_lots == known->amend_qty_lots;
}

static void take_live(struct bybit *bybit, const struct bybit_order_row *row, int64_t received_ns)
{
    struct bybit_known *known = row->known;

    known->was_absent = false;
    known->absences = 0;
    if (!known->acked) {
        known->acked = true;
        bybit_say_of(bybit, known, REPORT_VENUE_ACK, 0, received_ns);
    }
    if (stands_as_asked(known, row)) {
        known->amend_qty_lots = 0;
        settle(bybit, known, row, known->amend_no, received_ns);
    } else if ((known->flags & ORDER_EXTERNAL) &&
               (row->price_ticks != known->price_ticks || row->qty_lots != known->qty_lots)) {
        settle(bybit, known, row, 0, received_ns);
    }
}

/* What an order that others sent is ended by, when it is filled and not all of its fills are known:
 * those of before we met it. */
static enum report ending_of(const struct bybit_order_row *row)
{
    switch (row->standing) {
    case BYBIT_REJECTED:
        return REPORT_VENUE_REJECT;
    case BYBIT_FILLED:
        return row->known->flags & ORDER_EXTERNAL ? REPORT_VENUE_CANCEL : REPORT_FILL_LAST;
    case BYBIT_CANCELLED:
        return row->is_expiry || row->known->is_immediate ? REPORT_VENUE_EXPIRE
                                                          : REPORT_VENUE_CANCEL;
    case BYBIT_LIVE:
        break;
    }
    return REPORT_VENUE_ACK;
}

static bool has_its_fills(const struct bybit_known *known)
{
    return known->filled_lots >= known->cum_lots;
}

void bybit_end_order(struct bybit *bybit, struct bybit_known *known, int64_t received_ns)
{
    enum report ending = (enum report)known->ending;

    if (ending == 0)
        return;
    known->ending = 0;
    /* FILL_LAST: its executions have said so, or will; nobody but the engine counts them. */
    if (ending == REPORT_FILL_LAST ||
        (ending == REPORT_VENUE_CANCEL && known->filled_lots >= known->qty_lots))
        return;
    bybit_say_of(bybit, known, ending, 0, received_ns);
}

/* Its end waits too, if it has one. */
static void wait_for_fills(struct bybit *bybit, struct bybit_known *known)
{
    struct bybit_reports *reports = &bybit->reports;

    for (uint32_t at = 0; at < reports->held_count; at++)
        if (reports->held[at] == known->id)
            return;
    known->ending_ns = bybit->mono_ns;
    if (reports->held_count < BYBIT_HELD_MAX)
        reports->held[reports->held_count++] = known->id;
    else
        bybit_end_order(bybit, known, bybit->real_ns);
}

static void take_end(struct bybit *bybit, const struct bybit_order_row *row, int64_t received_ns)
{
    struct bybit_known *known = row->known;

    if (!known->live)
        return; /* its end was taken */
    known->live = false;
    known->amend_qty_lots = 0;
    known->ending = (uint8_t)ending_of(row);
    gateway_count_refusal(&bybit->base, row->refusal);
    if (has_its_fills(known))
        bybit_end_order(bybit, known, received_ns);
    else
        wait_for_fills(bybit, known);
}

void bybit_take_order(struct bybit *bybit, const struct bybit_order_row *row, int64_t received_ns)
{
    struct bybit_known *known = row->known;

    if (!row->symbol || !known || row->updated_ms < known->updated_ms)
        return;
    known->updated_ms = row->updated_ms;
    if (row->cum_lots > known->cum_lots)
        known->cum_lots = row->cum_lots;
    if (row->standing != BYBIT_LIVE)
        take_end(bybit, row, received_ns);
    else if (known->live)
        take_live(bybit, row, received_ns);
    if (known->live && !has_its_fills(known))
        wait_for_fills(bybit, known);
}

/* A position is not what we think it is. Of one that was filled nobody can say the end but its
 * fills: it is in doubt, and the engine asks. */
static void end_anyway(struct bybit *bybit, struct bybit_known *known)
{
    bool is_in_doubt = known->ending == REPORT_FILL_LAST;

    bybit_end_order(bybit, known, bybit->real_ns);
    if (known->lacks_fills || (known->flags & ORDER_EXTERNAL))
        return; /* it was said; and of others the oldest fills are not to be had */
    known->lacks_fills = true;
    log_line(LOG_ERROR, "gateway", "fills of an order are not found: its instrument is stopped",
             "venue=%s order=%016" PRIx64 " filled=%" PRId64 " venue_says=%" PRId64, bybit->name,
             known->id, known->filled_lots, known->cum_lots);
    bybit_stop_instrument(bybit, known->instrument,
                          "the venue counts fills of an order, and does not tell them");
    if (is_in_doubt)
        bybit_say_of(bybit, known, REPORT_TIMEOUT, 0, bybit->real_ns);
}

static bool still_waits(struct bybit *bybit, struct bybit_known *known)
{
    int64_t waited_ns = bybit->mono_ns - known->ending_ns;

    if (has_its_fills(known))
        return false;
    if (waited_ns >= END_ANYWAY_NS) {
        end_anyway(bybit, known);
        return false;
    }
    if (waited_ns >= ASK_FILLS_NS)
        (void)bybit_ask_fills(bybit, known);
    return true;
}

void bybit_reports_turn(struct bybit *bybit)
{
    struct bybit_reports *reports = &bybit->reports;
    uint32_t kept = 0;

    for (uint32_t at = 0; at < reports->held_count; at++) {
        struct bybit_known *known = bybit_known_find(&bybit->known, reports->held[at]);

        if (known && still_waits(bybit, known))
            reports->held[kept++] = known->id;
    }
    reports->held_count = kept;
    bybit_counts_turn(bybit);
}

/* ---- a frame ---------------------------------------------------------------------------- */

static bool take_wallet(struct bybit *bybit, const json_t *json, int64_t at_ms, int64_t received_ns)
{
    bybit_balance_take(bybit, json, at_ms, received_ns);
    return !bybit->config.is_spot ||
           bybit_take_wallet(bybit, json, (struct bybit_wallet_read){false, at_ms, received_ns});
}

static bool take_row(struct bybit *bybit, const char *topic, const json_t *json, int64_t at_ms,
                     int64_t received_ns)
{
    struct bybit_order_row row;

    if (strcmp(topic, "execution") == 0)
        return bybit_take_execution(bybit, json, false, received_ns);
    if (strcmp(topic, "position") == 0)
        return bybit->config.is_spot || bybit_take_position(bybit, json, false, received_ns);
    if (strcmp(topic, "wallet") == 0)
        return take_wallet(bybit, json, at_ms, received_ns);
    if (strcmp(topic, "order") != 0)
        return true; /* dcp and what else may come */
    if (!bybit_read_order(bybit, json, &row))
        return false;
    bybit_take_order(bybit, &row, received_ns);
    return true;
}

bool bybit_private_frame(struct bybit *bybit, const json_t *frame, int64_t received_ns)
{
    const char *topic;
    const json_t *rows = json_object_get(frame, "data");
    int64_t at_ms = 0;
    bool fine = true;

    (void)bybit_whole(frame, "creationTime", &at_ms);
    if (!bybit_text(frame, "topic", &topic) || (!json_is_array(rows) && !json_is_object(rows)))
        return refuse_row(bybit, "frame", frame);
    for (size_t at = 0; at < json_array_size(rows); at++)
        fine = take_row(bybit, topic, json_array_get(rows, at), at_ms, received_ns) && fine;
    return fine;
}
