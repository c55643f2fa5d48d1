/* The venue, both of them: what rests, what was executed (the ledger), and the two lines between it
 * and us, each of which may lose, repeat and overtake. */
#include "sim/world.h"

#include <string.h>

/* ---- the lines -------------------------------------------------------------------------- */

static struct outbound *put_report(struct world *world, uint64_t order_id, enum report report)
{
    const struct placed *order = oracle_order(world, order_id);
    struct outbound *out = &world->outbound[world->outbound_count];

    if (world->outbound_count++ == SIM_QUEUE_MAX)
        violate(world, "sim", "too many reports on their way");
    *out = (struct outbound){.report = {.report = (uint8_t)report,
                                        .side = order->side,
                                        .instrument = order->instrument,
                                        .strategy = order->strategy,
                                        .order_id = order_id,
                                        .venue_ns = world->now_ns},
                             .exec = SIM_NONE};
    return out;
}

void venue_hold_back(struct world *world, const struct order_message *message)
{
    bool amends = message->kind == ORDER_MESSAGE_AMEND;
    struct outbound *out =
        put_report(world, message->order_id, amends ? REPORT_AMEND_REJECT : REPORT_KILLED_UNSENT);

    out->report.amend_no = message->amend_no;
    out->internal = true;
}

static void deliver(struct world *world, uint32_t at, bool keep)
{
    struct outbound out = world->outbound[at];

    out.report.received_ns = world->now_ns;
    if (!engine_has_room(world->live.engine))
        return;
    if (!keep) {
        world->outbound_count--;
        memmove(&world->outbound[at], &world->outbound[at + 1],
                (world->outbound_count - at) * sizeof out);
    }
    say(world, "the engine hears %s of %llx", report_name((enum report)out.report.report),
        (unsigned long long)out.report.order_id);
    oracle_tell(world, &out);
    feed_execution(world, &out.report);
}

/* ---- executions ------------------------------------------------------------------------- */

static void execute(struct world *world, struct placed *order, int64_t lots, bool maker)
{
    const struct instrument *row = &world->config.instrument[order->instrument];
    struct exec *exec = &world->execs[world->exec_count];
    struct outbound *out;
    int64_t value = 0;

    if (world->exec_count == SIM_EXECS_MAX)
        violate(world, "sim", "the ledger is full");
    out = put_report(world, order->id, REPORT_FILL_PART);
    out->report.exec_id = ++world->exec_ids[order->venue]; /* of two venues alike */
    out->report.price_ticks = order->venue_price_ticks;
    out->report.qty_lots = lots;
    out->report.maker = maker;
    (void)instrument_value_e8(row, order->venue_price_ticks, lots, &value);
    (void)money_scale(value, maker ? row->maker_fee_e8 : row->taker_fee_e8, &out->report.fee_e8);
    out->exec = world->exec_count++;
    *exec = (struct exec){.report = out->report, .order = (uint32_t)(order - world->placed)};
    order->filled_lots += lots;
    world->venue_lots[order->instrument] += order->side == SIDE_BUY ? lots : -lots;
    say(world, "the venue fills %lld of %llx", (long long)lots, (unsigned long long)order->id);
    if (order->filled_lots < order->venue_qty_lots)
        return;
    order->where = GONE;
    oracle_resting(world, order, false);
}

static void end(struct world *world, struct placed *order, enum report report)
{
    order->where = GONE;
    order->ended_by = (uint8_t)report;
    oracle_resting(world, order, false);
    put_report(world, order->id, report);
    say(world, "the venue: %s of %llx", report_name(report), (unsigned long long)order->id);
}

static int64_t leaves(const struct placed *order)
{
    return order->venue_qty_lots - order->filled_lots;
}

/* ---- what arrives ----------------------------------------------------------------------- */

static void take_new(struct world *world, struct placed *order)
{
    bool fills_first = chance(world, 150);

    if (chance(world, 50)) {
        end(world, order, REPORT_VENUE_REJECT);
        return;
    }
    order->where = RESTING;
    oracle_resting(world, order, true);
    if (fills_first)
        execute(world, order, draw_from(world, 1, leaves(order)), false);
    put_report(world, order->id, REPORT_VENUE_ACK);
    if (order->where == RESTING && order->tif == TIF_FOK && !fills_first && chance(world, 500))
        execute(world, order, leaves(order), false);
    else if (order->where == RESTING && order->tif == TIF_IOC && chance(world, 600))
        execute(world, order, draw_from(world, 1, leaves(order)), false);
    if (order->where == RESTING && order->tif != TIF_GTC)
        end(world, order, REPORT_VENUE_EXPIRE);
}

static void take_cancel(struct world *world, struct placed *order)
{
    if (order->where == RESTING)
        end(world, order, REPORT_VENUE_CANCEL);
    else
        put_report(world, order->id, REPORT_CANCEL_REJECT);
}

static void take_amend(struct world *world, struct placed *order,
                       const struct order_message *message)
{
    bool takes =
        order->where == RESTING && message->qty_lots > order->filled_lots && !chance(world, 100);
    struct outbound *out;

    if (takes) {
        order->venue_price_ticks = message->price_ticks;
        order->venue_qty_lots = message->qty_lots;
    }
    out = put_report(world, order->id, takes ? REPORT_VENUE_AMEND : REPORT_AMEND_REJECT);
    out->report.amend_no = message->amend_no;
    out->report.price_ticks = order->venue_price_ticks;
    out->report.qty_lots = order->venue_qty_lots;
}

static void report_again(struct world *world, uint32_t exec)
{
    struct outbound *out = put_report(world, world->execs[exec].report.order_id, REPORT_FILL_PART);

    out->report = world->execs[exec].report;
    out->exec = exec;
}

/* Its executions again, and then what it is. */
static void take_query(struct world *world, struct placed *order, uint32_t amend_no)
{
    struct outbound *out;

    for (uint32_t at = 0; at < world->exec_count && world->outbound_count < SIM_QUEUE_MAX / 2; at++)
        if (world->execs[at].order == (uint32_t)(order - world->placed) &&
            world->execs[at].report.report == REPORT_FILL_PART)
            report_again(world, at);
    if (order->where == RESTING) {
        out = put_report(world, order->id, REPORT_VENUE_ACK);
        out->report.price_ticks = order->venue_price_ticks;
        out->report.qty_lots = order->venue_qty_lots;
        out->report.amend_no = amend_no;
    } else if (order->where == GONE && order->ended_by != 0)
        put_report(world, order->id, (enum report)order->ended_by);
    else if (order->where != GONE)
        put_report(world, order->id, REPORT_QUERY_ABSENT);
}

/* Too old by the stamp it carries: refused, or not even that. */
static bool is_too_old(struct world *world, struct placed *order,
                       const struct order_message *message)
{
    if (world->now_ns - message->sent_ns < SIM_VENUE_WINDOW_NS ||
        message->kind == ORDER_MESSAGE_QUERY)
        return false;
    if (message->kind != ORDER_MESSAGE_NEW)
        return true;
    if (chance(world, 500))
        end(world, order, REPORT_VENUE_REJECT);
    else
        order->where = LOST_ON_THE_WAY;
    return true;
}

void venue_arrive(struct world *world, const struct order_message *message)
{
    struct placed *order = oracle_order(world, message->order_id);

    if (is_too_old(world, order, message))
        return;
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW:
        take_new(world, order);
        break;
    case ORDER_MESSAGE_CANCEL:
        take_cancel(world, order);
        break;
    case ORDER_MESSAGE_AMEND:
        take_amend(world, order, message);
        break;
    case ORDER_MESSAGE_QUERY:
        take_query(world, order, message->amend_no);
        break;
    }
}

static struct order_message take_inbound(struct world *world, uint32_t at)
{
    struct order_message message = world->inbound[at].message;

    world->inbound_count--;
    memmove(&world->inbound[at], &world->inbound[at + 1],
            (world->inbound_count - at) * sizeof world->inbound[0]);
    return message;
}

/* What was on its way is lost or arrives all the same; the process that sent it hears no more of
 * it. What rests is cancelled by the venue, where it does that. */
void venue_disconnect(struct world *world, uint16_t venue, bool cancels)
{
    for (uint32_t at = world->inbound_count; at-- > 0;) {
        struct order_message message = world->inbound[at].message;

        if (message.venue != venue || chance(world, 300))
            continue;
        take_inbound(world, at);
        if (message.kind == ORDER_MESSAGE_NEW)
            oracle_order(world, message.order_id)->where = LOST_ON_THE_WAY;
    }
    for (uint32_t at = world->resting_count; cancels && at-- > 0;) {
        struct placed *order = &world->placed[world->resting[at]];

        if (order->venue == venue)
            end(world, order, REPORT_VENUE_CANCEL);
    }
}

/* ---- operations ------------------------------------------------------------------------- */

static struct placed *any_resting(struct world *world)
{
    if (world->resting_count == 0)
        return NULL;
    return &world->placed[world->resting[draw(world) % world->resting_count]];
}

void op_venue_take(struct world *world)
{
    struct order_message message;
    uint32_t at = 0;

    while (at < world->inbound_count && world->inbound[at].held_until_ns > world->now_ns)
        at++;
    if (at == world->inbound_count)
        return;
    message = take_inbound(world, at);
    venue_arrive(world, &message);
}

/* A message is slow on its way, for up to the receive window and beyond. */
void op_venue_hold(struct world *world)
{
    struct inbound *inbound;

    if (world->inbound_count == 0)
        return;
    inbound = &world->inbound[draw(world) % world->inbound_count];
    inbound->held_until_ns = world->now_ns + draw_from(world, 1, SIM_VENUE_WINDOW_NS * 5 / 4);
    say(world, "a message about %llx is slow", (unsigned long long)inbound->message.order_id);
}

/* Queries go by other ways than orders, and are the quickest. */
void op_venue_swap(struct world *world)
{
    struct order_message message;
    uint32_t at;

    if (world->inbound_count < 2)
        return;
    at = (uint32_t)draw_from(world, 1, world->inbound_count - 1);
    for (uint32_t other = 1; other < world->inbound_count && chance(world, 900); other++)
        if (world->inbound[other].message.kind == ORDER_MESSAGE_QUERY)
            at = other;
    message = take_inbound(world, at);
    say(world, "a message about %llx overtakes others", (unsigned long long)message.order_id);
    venue_arrive(world, &message);
}

void op_venue_fill(struct world *world)
{
    struct placed *order = any_resting(world);

    if (order)
        execute(world, order,
                chance(world, 400) ? leaves(order) : draw_from(world, 1, leaves(order)), true);
}

void op_venue_report(struct world *world)
{
    if (world->outbound_count > 0)
        deliver(world, 0, false);
}

void op_venue_reorder(struct world *world)
{
    if (world->outbound_count > 1)
        deliver(world, (uint32_t)draw_from(world, 1, world->outbound_count - 1), false);
}

/* One of the executions so far, this life's or an earlier one's, whether or not it was told. */
void op_venue_repeat(struct world *world)
{
    const struct exec *exec;
    uint32_t at;

    if (world->exec_count == 0 || world->outbound_count == SIM_QUEUE_MAX)
        return;
    at = (uint32_t)(draw(world) % world->exec_count);
    exec = &world->execs[at];
    world->outbound[world->outbound_count++] =
        (struct outbound){.report = exec->report, .exec = at};
    if (chance(world, 500))
        deliver(world, world->outbound_count - 1, chance(world, 200));
}

void op_venue_lose(struct world *world)
{
    if (world->inbound_count > 0 && chance(world, 500)) {
        struct order_message message =
            take_inbound(world, (uint32_t)(draw(world) % world->inbound_count));

        if (message.kind == ORDER_MESSAGE_NEW)
            oracle_order(world, message.order_id)->where = LOST_ON_THE_WAY;
        say(world, "a message about %llx is lost", (unsigned long long)message.order_id);
    } else if (world->outbound_count > 0 && !world->outbound[0].internal) {
        say(world, "a report of %llx is lost",
            (unsigned long long)world->outbound[0].report.order_id);
        world->outbound_count--;
        memmove(&world->outbound[0], &world->outbound[1],
                world->outbound_count * sizeof world->outbound[0]);
    }
}

static struct placed *any_open(struct world *world)
{
    if (world->open_count == 0)
        return NULL;
    return &world->placed[world->open[draw(world) % world->open_count]];
}

/* The gateway gives up waiting for an answer about an order that has left. */
void op_venue_timeout(struct world *world)
{
    struct placed *order = any_open(world);

    if (order && order->where != ON_RING && !(order->flags & ORDER_EXTERNAL))
        put_report(world, order->id, REPORT_TIMEOUT);
}

/* ---- what is not about our orders ------------------------------------------------------- */

/* Somebody trades in our account by other means. */
void op_venue_foreign(struct world *world)
{
    struct scope_map map = world->config.scopes;
    struct placed *order = &world->placed[world->placed_count];
    uint16_t instrument = (uint16_t)(draw(world) % SIM_INSTRUMENTS);
    struct outbound *out;

    *order = (struct placed){.id = 1ULL << 63 | ++world->foreign_count,
                             .open_at = SIM_NONE,
                             .resting_at = SIM_NONE,
                             .instrument = instrument,
                             .strategy = STRATEGY_MANUAL,
                             .venue = world->config.instrument[instrument].venue,
                             .flags = ORDER_EXTERNAL,
                             .side = (uint8_t)(draw(world) % 2),
                             .where = RESTING,
                             .price_ticks = world->books[instrument].price_ticks,
                             .qty_lots = draw_from(world, 1, 20)};
    order->venue_price_ticks = order->price_ticks;
    order->venue_qty_lots = order->qty_lots;
    order->scopes = (struct order_scopes){
        .firm = scope_of_firm(),
        .venue = scope_of_venue(map, order->venue),
        .strategy = scope_of_strategy(map, STRATEGY_MANUAL),
        .instrument = scope_of_instrument(map, instrument),
    };
    world->placed_count++;
    oracle_index(world, order);
    oracle_resting(world, order, true);
    out = put_report(world, order->id, REPORT_FOREIGN);
    out->report.price_ticks = order->price_ticks;
    out->report.qty_lots = order->qty_lots;
    say(world, "somebody else places %lld of %s: %llx", (long long)order->qty_lots,
        instrument_text(instrument), (unsigned long long)order->id);
}

/* The venue's count of our position, sometimes wrong. */
void op_venue_position(struct world *world)
{
    uint16_t instrument = (uint16_t)(draw(world) % SIM_INSTRUMENTS);
    struct outbound *out = &world->outbound[world->outbound_count++];

    *out = (struct outbound){
        .report = {.report = REPORT_POSITION,
                   .instrument = instrument,
                   .qty_lots = world->venue_lots[instrument] - world->venue_base[instrument] +
                               (chance(world, 20) ? draw_from(world, -3, 3) : 0),
                   .venue_ns = world->now_ns},
        .exec = SIM_NONE};
}

void op_venue_funding(struct world *world)
{
    uint16_t instrument = (uint16_t)(draw(world) % SIM_INSTRUMENTS);
    struct exec *exec = &world->execs[world->exec_count];
    struct outbound *out = &world->outbound[world->outbound_count++];

    *out = (struct outbound){
        .report = {.report = REPORT_FUNDING,
                   .instrument = instrument,
                   .exec_id = ++world->exec_ids[world->config.instrument[instrument].venue],
                   .fee_e8 = draw_from(world, -MONEY_ONE_E8, MONEY_ONE_E8),
                   .venue_ns = world->now_ns},
        .exec = world->exec_count++};
    *exec = (struct exec){.report = out->report, .order = SIM_NONE};
}

void op_venue_late_fill(struct world *world)
{
    struct placed *order;

    if (world->placed_count == 0)
        return;
    order = &world->placed[draw(world) % world->placed_count];
    if (order->where == GONE && order->ended_by != REPORT_VENUE_REJECT && order->news > 0)
        execute(world, order, draw_from(world, 1, 5), true);
}

void op_venue_overfill(struct world *world)
{
    struct placed *order = any_resting(world);

    if (order)
        execute(world, order, leaves(order) + draw_from(world, 1, 5), true);
}

void op_venue_expire(struct world *world)
{
    struct placed *order = any_resting(world);

    if (order)
        end(world, order, chance(world, 500) ? REPORT_VENUE_EXPIRE : REPORT_VENUE_CANCEL);
}

void op_venue_disconnect(struct world *world)
{
    uint16_t venue = (uint16_t)(draw(world) % SIM_VENUES);

    say(world, "the connection to venue %u breaks", venue);
    venue_disconnect(world, venue, chance(world, 500));
    for (uint32_t at = 0; at < world->open_count; at++) {
        struct placed *order = &world->placed[world->open[at]];

        if (order->venue == venue && order->where != ON_RING && !(order->flags & ORDER_EXTERNAL))
            put_report(world, order->id, REPORT_TIMEOUT);
    }
}
