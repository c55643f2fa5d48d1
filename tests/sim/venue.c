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

void venue_answer(struct world *world, const struct order_message *message, enum report report)
{
    put_report(world, message->order_id, report);
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
    out->report.price_ticks = order->price_ticks;
    out->report.qty_lots = lots;
    out->report.maker = maker;
    (void)instrument_value_e8(row, order->price_ticks, lots, &value);
    (void)money_scale(value, maker ? row->maker_fee_e8 : row->taker_fee_e8, &out->report.fee_e8);
    out->exec = world->exec_count++;
    *exec = (struct exec){.report = out->report, .order = (uint32_t)(order - world->placed)};
    order->filled_lots += lots;
    say(world, "the venue fills %lld of %llx", (long long)lots, (unsigned long long)order->id);
    if (order->filled_lots < order->qty_lots)
        return;
    order->where = GONE;
    oracle_resting(world, order, false);
}

static void end(struct world *world, struct placed *order, enum report report)
{
    order->where = GONE;
    oracle_resting(world, order, false);
    put_report(world, order->id, report);
    say(world, "the venue: %s of %llx", report_name(report), (unsigned long long)order->id);
}

static int64_t leaves(const struct placed *order)
{
    return order->qty_lots - order->filled_lots;
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

void venue_arrive(struct world *world, const struct order_message *message)
{
    struct placed *order = oracle_order(world, message->order_id);

    if (message->kind == ORDER_MESSAGE_NEW)
        take_new(world, order);
    else if (message->kind == ORDER_MESSAGE_CANCEL)
        take_cancel(world, order);
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

    if (world->inbound_count == 0)
        return;
    message = take_inbound(world, 0);
    venue_arrive(world, &message);
}

void op_venue_swap(struct world *world)
{
    struct order_message message;

    if (world->inbound_count < 2)
        return;
    message = take_inbound(world, (uint32_t)draw_from(world, 1, world->inbound_count - 1));
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
    } else if (world->outbound_count > 0) {
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

    if (order && order->where != ON_RING)
        put_report(world, order->id, REPORT_TIMEOUT);
}

void op_venue_late_fill(struct world *world)
{
    struct placed *order;

    if (world->placed_count == 0)
        return;
    order = &world->placed[draw(world) % world->placed_count];
    if (order->where == GONE && order->news > 0)
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

        if (order->venue == venue && order->where != ON_RING)
            put_report(world, order->id, REPORT_TIMEOUT);
    }
}
