/* A gateway, in the steps of which the real one is made, so that a kill can come between any two:
 *
 *   begin    read the doorbell, publish it as seen
 *   look     take the next message off the ring, stamp it, look at the kill page
 *   send     to the venue, or back as KILLED_UNSENT (an amend: AMEND_REJECT); only then is its
 *            place on the ring released
 *
 * See server/gateway/gateway.c, take_order() and take_orders(). */
#include "sim/world.h"

#include <string.h>

void gateway_reset(struct world *world)
{
    memset(world->gateways, 0, sizeof world->gateways);
}

static void begin(struct world *world, uint16_t at)
{
    struct gateway_model *gateway = &world->gateways[at];

    atomic_store(&world->live.page.gateway[at].seen, kill_page_doorbell(&world->live.page));
    gateway->budget = (uint32_t)draw_from(world, 1, 8);
    gateway->at = GATEWAY_LOOKING;
}

static bool may_leave(struct world *world, const struct order_message *message)
{
    bool adds = message->kind == ORDER_MESSAGE_NEW || message->kind == ORDER_MESSAGE_AMEND;

    return !adds || (message->flags & ORDER_EXIT) != 0 ||
           !kill_page_blocks(&world->live.page, message->scopes);
}

static void look(struct world *world, uint16_t at)
{
    struct gateway_model *gateway = &world->gateways[at];
    size_t length;
    const struct order_message *message = ring_peek(&world->live.orders[at], &length);

    if (!message || gateway->budget-- == 0) {
        gateway->at = GATEWAY_IDLE;
        return;
    }
    gateway->message = *message;
    gateway->blocked = !may_leave(world, message);
    gateway->at = GATEWAY_SENDING;
}

static void put_in_flight(struct world *world, const struct order_message *message)
{
    if (world->inbound_count == SIM_QUEUE_MAX)
        violate(world, "sim", "too many messages on their way to the venue");
    world->inbound[world->inbound_count++] = (struct inbound){.message = *message};
}

static void send(struct world *world, uint16_t at)
{
    static const char *const kinds[] = {"?", "order", "cancel", "amend", "query"};
    struct gateway_model *gateway = &world->gateways[at];
    const struct order_message *message = &gateway->message;
    struct placed *order = oracle_order(world, message->order_id);

    if (!order)
        violate(world, "I5", "a message about an order of which no record tells");
    if (gateway->blocked) {
        if (message->kind == ORDER_MESSAGE_NEW)
            order->where = GONE;
        venue_hold_back(world, message);
    } else {
        check_arrival(world, order, message);
        if (message->kind == ORDER_MESSAGE_NEW) {
            order->where = IN_FLIGHT;
            world->orders_left++;
            world->lots_left += (uint64_t)message->qty_lots;
        }
        put_in_flight(world, message);
    }
    say(world, "%s of %llx %s", kinds[message->kind], (unsigned long long)order->id,
        gateway->blocked ? "is held back: killed" : "leaves");
    ring_release(&world->live.orders[at]);
    input_record(world, FED_TAKEN, &at, sizeof at);
    gateway->at = GATEWAY_LOOKING;
}

static void step(struct world *world, uint16_t at)
{
    switch (world->gateways[at].at) {
    case GATEWAY_IDLE:
        begin(world, at);
        break;
    case GATEWAY_LOOKING:
        look(world, at);
        break;
    case GATEWAY_SENDING:
        send(world, at);
        break;
    }
}

void op_gateway_step(struct world *world)
{
    step(world, (uint16_t)(draw(world) % SIM_GATEWAYS));
}

void op_gateway_turn(struct world *world)
{
    uint16_t at = (uint16_t)(draw(world) % SIM_GATEWAYS);

    do
        step(world, at);
    while (world->gateways[at].at != GATEWAY_IDLE);
}
