/* The operations: what the bytes make people, venues and clocks do. */
#include "fuzz/engine/world.h"

#include <string.h>

/* ---- numbers ---------------------------------------------------------------------------- */

static bool chance(struct world *world, uint32_t one_in)
{
    return take_below(&world->in, one_in) == one_in - 1;
}

static uint16_t some_instrument(struct world *world)
{
    return (uint16_t)take_below(&world->in, FUZZ_INSTRUMENTS);
}

static uint16_t some_strategy(struct world *world)
{
    return (uint16_t)take_below(&world->in, FUZZ_STRATEGIES);
}

static uint16_t some_scope(struct world *world)
{
    return (uint16_t)take_below(&world->in, FUZZ_SCOPES);
}

/* Anything that the API lets through, and one beyond: small, or at the edge of something. */
static int64_t wild_number(struct world *world)
{
    static const int64_t edges[] = {0,         -1,           1,
                                    MAX_LOTS,  MAX_LOTS + 1, MAX_PRICE_TICKS,
                                    -MAX_LOTS, MAX_LOTS / 2, MAX_PRICE_TICKS + 1};
    uint8_t choice = take_byte(&world->in);

    if (choice < sizeof edges / sizeof edges[0])
        return edges[choice];
    return (int64_t)(take_number(&world->in, choice % 6 + 1) % (MAX_LOTS + 2)) *
           ((choice & 128) != 0 ? -1 : 1);
}

/* What a gateway may say: above 0, and in bounds; mostly small. */
static int64_t bounded(struct world *world, int64_t most)
{
    int64_t number = take_byte(&world->in);

    if (number >= 250)
        number = number == 255 ? most : (int64_t)(take_number(&world->in, 6) % (uint64_t)most);
    return number < 1 ? 1 : number;
}

static int64_t near_price(struct world *world, uint16_t instrument)
{
    int64_t price = world->price_ticks[instrument] + take_byte(&world->in) - 128;

    return price < 1 ? 1 : price;
}

static struct known *some_order(struct world *world)
{
    uint32_t back;

    if (world->order_count == 0)
        return NULL;
    back = take_byte(&world->in) % world->order_count;
    return &world->order[world->order_count - 1 - back];
}

/* ---- the market ------------------------------------------------------------------------- */

static void give_book(struct world *world, uint8_t kind, uint16_t instrument, int64_t prev_id)
{
    static _Alignas(8) uint8_t space[sizeof(struct market_update) + 4 * sizeof(struct level)];
    struct market_update *update = (struct market_update *)(void *)space;
    int64_t mid = near_price(world, instrument);
    int64_t spread = take_below(&world->in, 8); /* 0 crosses it */

    *update = (struct market_update){.kind = kind,
                                     .instrument = instrument,
                                     .bid_count = 2,
                                     .ask_count = 2,
                                     .received_ns = world->now_ns,
                                     .venue_ns = world->now_ns,
                                     .prev_update_id = prev_id,
                                     .update_id = ++world->book_id[instrument]};
    world->price_ticks[instrument] = mid;
    for (int level = 0; level < 2; level++) {
        int64_t bid = mid - level;

        update->levels[level] = (struct level){bid < 1 ? 1 : bid, take_byte(&world->in)};
        update->levels[2 + level] = (struct level){mid + spread + level, take_byte(&world->in)};
    }
    engine_market(world->engine, update, world->now_ns);
}

static void op_book(struct world *world)
{
    give_book(world, MARKET_SNAPSHOT, some_instrument(world), 0);
}

static void op_delta(struct world *world)
{
    uint16_t instrument = some_instrument(world);

    give_book(world, MARKET_DELTA, instrument, world->book_id[instrument] - chance(world, 8));
}

static void op_market_lost(struct world *world)
{
    struct market_update update = {.kind = chance(world, 4) ? MARKET_ENDED : MARKET_LOST,
                                   .instrument = some_instrument(world),
                                   .received_ns = world->now_ns};

    engine_market(world->engine, &update, world->now_ns);
}

/* ---- people ----------------------------------------------------------------------------- */

static void ask(struct world *world, uint8_t kind)
{
    world->command.kind = kind;
    world->command.id = ++world->commands;
    engine_command(world->engine, &world->command, world->now_ns);
}

static void op_order(struct world *world)
{
    struct intent *intent = &world->command.new_order.intent;
    uint8_t choice = take_byte(&world->in);

    intent->instrument = some_instrument(world);
    intent->side = choice & 1;
    intent->type = (choice & 2) != 0 ? TYPE_MARKET : TYPE_LIMIT;
    intent->tif = (uint8_t)((choice >> 2) % 3);
    intent->flags = (uint8_t)(choice >> 4 & ORDER_ASKED_FLAGS);
    intent->strategy = (choice & 0x80) != 0 ? some_strategy(world) : STRATEGY_MANUAL;
    intent->price_ticks = near_price(world, intent->instrument);
    intent->qty_lots = take_byte(&world->in) % 64;
    ask(world, COMMAND_NEW_ORDER);
}

static void op_wild_order(struct world *world)
{
    struct intent *intent = &world->command.new_order.intent;

    intent->kind = take_byte(&world->in);
    intent->instrument = (uint16_t)take_below(&world->in, FUZZ_INSTRUMENTS + 2);
    intent->strategy = (uint16_t)take_below(&world->in, FUZZ_STRATEGIES + 2);
    intent->side = (uint8_t)take_below(&world->in, 3);
    intent->type = (uint8_t)take_below(&world->in, 2);
    intent->tif = (uint8_t)take_below(&world->in, 3);
    intent->flags = take_byte(&world->in);
    intent->price_ticks = wild_number(world);
    intent->qty_lots = wild_number(world);
    intent->order_id = take_byte(&world->in);
    ask(world, COMMAND_NEW_ORDER);
}

static void op_cancel(struct world *world)
{
    struct known *order = some_order(world);

    world->command.cancel_order.order_id = order ? order->id : take_byte(&world->in);
    ask(world, COMMAND_CANCEL_ORDER);
}

static void op_cancel_all(struct world *world)
{
    world->command.cancel_all.scope = (uint16_t)take_below(&world->in, FUZZ_SCOPES + 1);
    ask(world, COMMAND_CANCEL_ALL);
}

static void op_amend(struct world *world)
{
    struct command_amend_order *amend = &world->command.amend_order;
    struct known *order = some_order(world);
    bool wild = chance(world, 8);

    amend->order_id = order ? order->id : take_byte(&world->in);
    amend->price_ticks = wild || !order ? wild_number(world) : near_price(world, order->instrument);
    amend->qty_lots = wild ? wild_number(world) : take_byte(&world->in) % 64;
    ask(world, COMMAND_AMEND_ORDER);
}

static void op_set_state(struct world *world)
{
    struct command_set_state *change = &world->command.set_state;
    uint8_t choice = take_byte(&world->in);

    change->scope = some_scope(world);
    change->state = choice % 4;
    change->base = world->scope[change->scope].version - ((choice & 0x10) != 0);
    change->clears = world->scope[change->scope].incident - ((choice & 0x20) != 0);
    if ((choice & 0xC0) == 0xC0)
        change->scope = (uint16_t)(change->scope + FUZZ_SCOPES);
    ask(world, COMMAND_SET_STATE);
}

static void op_set_limits(struct world *world)
{
    struct command_set_limits *change = &world->command.set_limits;
    const struct oms *oms = &world->engine->oms;
    unsigned id = take_below(&world->in, LIMIT_COUNT);
    int64_t value = wild_number(world);

    change->scope = some_scope(world);
    change->base = oms->limits_generation[change->scope] - chance(world, 8);
    change->limits = oms->limits[change->scope];
    /* The control plane keeps values within the table's bounds. */
    if (value < limit_row((enum limit_id)id)->min || value > limit_row((enum limit_id)id)->max)
        value = value < 0 ? LIMIT_UNSET : LIMIT_DENY;
    change->limits.value[id] = value;
    ask(world, COMMAND_SET_LIMITS);
}

static void op_flatten(struct world *world)
{
    struct command_flatten *flatten = &world->command.flatten;

    flatten->scope = some_scope(world);
    flatten->incident = world->scope[flatten->scope].incident + chance(world, 8);
    ask(world, COMMAND_FLATTEN);
}

static void op_set_strategy(struct world *world)
{
    struct command_set_strategy *change = &world->command.set_strategy;
    struct parameter_change *parameter = &change->change[0];

    change->strategy = (uint16_t)take_below(&world->in, FUZZ_STRATEGIES + 1);
    change->enabled = (uint8_t)take_below(&world->in, 3);
    change->count = (uint8_t)take_below(&world->in, 2);
    change->base = change->strategy < FUZZ_STRATEGIES
                       ? world->engine->config.strategy[change->strategy].version
                       : 0;
    change->base -= chance(world, 8);
    if (change->count != 0) {
        parameter->parameter = (uint16_t)take_below(&world->in, PARAMETER_COUNT + 1);
        parameter->instrument = chance(world, 4) ? UINT16_MAX : some_instrument(world);
        parameter->value = wild_number(world);
    }
    ask(world, COMMAND_SET_STRATEGY);
}

static void op_overran(struct world *world)
{
    engine_overran(world->engine, world->now_ns);
}

static void op_beat(struct world *world)
{
    const struct oms *oms = &world->engine->oms;

    world->command.beat.outbound_orders = oms->order_seq + chance(world, 64);
    world->command.beat.outbound_lots = oms->sent_lots;
    ask(world, COMMAND_BEAT);
}

static void op_stop(struct world *world)
{
    world->command.stop.cancel_orders = chance(world, 2);
    ask(world, COMMAND_STOP);
}

/* ---- the venue -------------------------------------------------------------------------- */

static bool moves_position(uint8_t report)
{
    return report == REPORT_FILL_PART || report == REPORT_FUNDING;
}

static void tell(struct world *world, const struct execution *execution)
{
    static struct execution told;

    told = *execution;
    if (moves_position(told.report)) {
        world->told = &told;
        if (world->exec_count < FUZZ_EXECS_MAX)
            world->exec[world->exec_count++] = told;
    }
    fuzz_trace("  told %s of %llx: %lld @ %lld, amend %u", report_name((enum report)told.report),
               (unsigned long long)told.order_id, (long long)told.qty_lots,
               (long long)told.price_ticks, told.amend_no);
    engine_execution(world->engine, &told, world->now_ns);
}

static struct execution about(const struct world *world, const struct known *order, uint8_t report)
{
    return (struct execution){.report = report,
                              .side = order->side,
                              .instrument = order->instrument,
                              .strategy = order->strategy,
                              .order_id = order->id,
                              .amend_no = order->amend_no,
                              .price_ticks = order->price_ticks,
                              .qty_lots = order->qty_lots,
                              .venue_ns = world->now_ns,
                              .received_ns = world->now_ns};
}

/* What is said of one order, but for fills. Our own words among it: a gateway that passes them must
 * change nothing. */
static bool is_of_an_order(uint8_t report)
{
    switch (report) {
    case REPORT_FILL_LAST:
    case REPORT_FILL_PART:
    case REPORT_FOREIGN:
    case REPORT_POSITION:
    case REPORT_FUNDING:
        return false;
    default:
        return true;
    }
}

static void op_report(struct world *world)
{
    struct known *order = some_order(world);
    uint8_t report = (uint8_t)take_below(&world->in, REPORT_COUNT);
    uint8_t choice = take_byte(&world->in);
    struct execution execution;

    if (!order || !is_of_an_order(report))
        return;
    execution = about(world, order, report);
    if ((choice & 3) != 0 && order->amend_qty_lots != 0) {
        execution.price_ticks = order->amend_price_ticks;
        execution.qty_lots = order->amend_qty_lots;
    }
    if ((choice & 12) == 12) {
        execution.price_ticks = bounded(world, MAX_PRICE_TICKS);
        execution.qty_lots = bounded(world, MAX_LOTS);
    }
    if ((choice & 48) == 48)
        execution.price_ticks = execution.qty_lots = 0; /* says nothing of how it stands */
    execution.amend_no -= (choice & 192) == 192;
    tell(world, &execution);
}

static void op_fill(struct world *world)
{
    struct known *order = some_order(world);
    uint8_t choice = take_byte(&world->in);
    struct execution execution;

    if (!order)
        return;
    execution = about(world, order, REPORT_FILL_PART);
    execution.exec_id = ++world->next_exec;
    execution.maker = choice & 1;
    execution.fee_e8 = (int64_t)take_byte(&world->in) * 1000 - 50000;
    execution.qty_lots -= order->filled_lots;
    if ((choice & 6) != 0 || execution.qty_lots < 1)
        execution.qty_lots = bounded(world, MAX_LOTS);
    if ((choice & 24) == 24)
        execution.price_ticks = bounded(world, MAX_PRICE_TICKS);
    if ((choice & 224) == 224) { /* a venue that mixes things up */
        execution.side ^= 1;
        execution.strategy = some_strategy(world);
        execution.instrument = some_instrument(world);
    }
    tell(world, &execution);
}

static void op_repeat(struct world *world)
{
    struct execution *execution;

    if (world->exec_count == 0)
        return;
    execution = &world->exec[take_below(&world->in, world->exec_count)];
    tell(world, execution);
}

static void op_stray(struct world *world)
{
    uint8_t report = (uint8_t)take_below(&world->in, REPORT_COUNT);
    struct execution execution = {.report = report == REPORT_FILL_LAST ? REPORT_FILL_PART : report,
                                  .side = take_byte(&world->in) & 1,
                                  .instrument = some_instrument(world),
                                  .strategy = some_strategy(world),
                                  .order_id = take_number(&world->in, 2),
                                  .price_ticks = bounded(world, MAX_PRICE_TICKS),
                                  .qty_lots = bounded(world, MAX_LOTS),
                                  .received_ns = world->now_ns};

    if (!is_of_an_order(execution.report) && execution.report != REPORT_FILL_PART)
        return;
    execution.exec_id = ++world->next_exec;
    tell(world, &execution);
}

static void op_foreign(struct world *world)
{
    struct execution execution = {.report = REPORT_FOREIGN,
                                  .side = take_byte(&world->in) & 1,
                                  .instrument = some_instrument(world),
                                  .order_id = 1ULL << 63 | take_byte(&world->in) % 32,
                                  .qty_lots = bounded(world, MAX_LOTS),
                                  .received_ns = world->now_ns};

    execution.price_ticks =
        chance(world, 8) ? wild_number(world) : near_price(world, execution.instrument);
    tell(world, &execution);
}

static void op_venue_position(struct world *world)
{
    struct execution execution = {.report = REPORT_POSITION,
                                  .instrument = some_instrument(world),
                                  .received_ns = world->now_ns};

    execution.qty_lots = world->lots[FUZZ_TOTAL][execution.instrument] + chance(world, 4);
    tell(world, &execution);
}

static void op_funding(struct world *world)
{
    struct execution execution = {.report = REPORT_FUNDING,
                                  .instrument = some_instrument(world),
                                  .exec_id = ++world->next_exec,
                                  .received_ns = world->now_ns};

    execution.fee_e8 = bounded(world, MAX_MONEY_E8) * (chance(world, 2) ? 1 : -1);
    tell(world, &execution);
}

/* ---- kill page, gateway, time ----------------------------------------------------------- */

static void op_kill(struct world *world)
{
    kill_page_set(&world->page, some_scope(world));
}

static void op_half_kill(struct world *world)
{
    uint16_t scope = some_scope(world);

    atomic_store(&world->page.word[scope], atomic_fetch_add(&world->page.ticket, 1) + 1);
    world->half_killed[scope] = true;
}

static void op_answer_kill(struct world *world)
{
    uint64_t doorbell = engine_kill(world->engine, world->now_ns);

    assert(doorbell == kill_page_doorbell(&world->page));
    engine_publish_kill(world->engine, doorbell, world->now_ns);
    assert(atomic_load(&world->page.engine_seen) == doorbell);
}

/* As server/gateway/gateway.c: a killed order or amend goes back, unless it is an exit. */
static void send_back(struct world *world, const struct order_message *message)
{
    struct execution execution = {
        .report = message->kind == ORDER_MESSAGE_NEW ? REPORT_KILLED_UNSENT : REPORT_AMEND_REJECT,
        .side = message->side,
        .instrument = message->instrument,
        .strategy = message->strategy,
        .amend_no = message->amend_no,
        .order_id = message->order_id,
        .received_ns = world->now_ns};

    tell(world, &execution);
}

static void op_gateway(struct world *world)
{
    struct ring *ring = &world->orders[take_below(&world->in, FUZZ_VENUES)];
    uint32_t most = take_byte(&world->in) % 64;
    const struct order_message *peeked;
    size_t length;

    while (most-- > 0 && (peeked = ring_peek(ring, &length)) != NULL) {
        struct order_message message = *peeked;

        assert(length == sizeof message);
        ring_release(ring);
        check_message(world, &message);
        if ((message.kind == ORDER_MESSAGE_NEW || message.kind == ORDER_MESSAGE_AMEND) &&
            !(message.flags & ORDER_EXIT) && kill_page_blocks(&world->page, message.scopes))
            send_back(world, &message);
    }
}

static void op_wait(struct world *world)
{
    static const int64_t waits_ns[] = {1000,       1000000,     100000000,      1000000000,
                                       5000000000, 70000000000, 86400000000000, -1000000};

    world->now_ns += waits_ns[take_below(&world->in, sizeof waits_ns / sizeof waits_ns[0])];
}

static void op_timer(struct world *world)
{
    world->now_ns += 100000000;
    engine_timer(world->engine, world->now_ns);
}

static void op_suspect(struct world *world)
{
    if (chance(world, 8))
        lane_distrust(&world->lane);
}

/* ---- the table -------------------------------------------------------------------------- */

void world_op(struct world *world)
{
    static const struct {
        void (*run)(struct world *);
        const char *says;
    } ops[] = {
#define OP(name, says) {op_##name, says},
#include "fuzz/engine/ops.def"
#undef OP
    };
    unsigned op = take_byte(&world->in) % (sizeof ops / sizeof ops[0]);

    fuzz_trace("%lld ms: %s", (long long)(world->now_ns / 1000000 % 1000000000), ops[op].says);
    ops[op].run(world);
}
