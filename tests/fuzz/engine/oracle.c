/* What must hold of the engine after each step, whatever it was told. */
#include "fuzz/engine/world.h"

#include <string.h>

struct known *known_find(struct world *world, uint64_t id)
{
    for (uint32_t at = 0; at < world->order_count; at++)
        if (world->order[at].id == id)
            return &world->order[at];
    return NULL;
}

static struct order_scopes scopes_of(const struct world *world, uint16_t strategy,
                                     uint16_t instrument)
{
    struct scope_map map = world->config.scopes;

    return (struct order_scopes){
        .firm = scope_of_firm(),
        .venue = scope_of_venue(map, world->config.instrument[instrument].venue),
        .strategy = scope_of_strategy(map, strategy),
        .instrument = scope_of_instrument(map, instrument)};
}

/* ---- what it was told ------------------------------------------------------------------- */

/* Each execution counts once; ids are the venue's, fills and funding share them. */
static bool was_told_before(const struct world *world, const struct execution *told)
{
    uint32_t times = 0;

    for (uint32_t at = 0; at < world->exec_count; at++)
        times += world->exec[at].exec_id == told->exec_id &&
                 world->config.instrument[world->exec[at].instrument].venue ==
                     world->config.instrument[told->instrument].venue;
    return times > 1;
}

static __int128 magnitude(__int128 value)
{
    return value < 0 ? -value : value;
}

/* No figure of an instrument can be larger than what all its fills are worth, and their fees. */
static void add_turnover(struct world *world, const struct execution *told)
{
    const struct instrument *row = &world->config.instrument[told->instrument];
    __int128 value = row->inverse
                         ? (__int128)told->qty_lots * row->inverse_value_e8_ticks
                         : (__int128)told->qty_lots * told->price_ticks * row->tick_value_e8;

    world->turnover_e8[told->instrument] += value + magnitude(told->fee_e8);
}

/* What lots are worth at the mark, for a linear instrument; an inverse one's worth falls with it.
 * */
static __int128 worth(const struct world *world, uint16_t instrument, __int128 lots)
{
    const struct instrument *row = &world->config.instrument[instrument];
    int64_t mark = world->engine->oms.accounts.mark_e8_ticks[instrument];

    return row->inverse ? 0 : magnitude(lots) * mark / PRICE_ONE_E8 * row->tick_value_e8;
}

static bool can_be_counted(const struct world *world, uint16_t instrument, __int128 lots)
{
    return magnitude(lots) <= MAX_LOTS && worth(world, instrument, lots) < MAX_MONEY_E8 / 4;
}

/* A fill that no longer can be counted is refused, and then nobody may trade. */
static bool was_refused(struct world *world, const struct execution *told, int64_t lots)
{
    const struct oms *oms = &world->engine->oms;
    int64_t total = world->lots[FUZZ_TOTAL][told->instrument] + lots;
    int64_t own = world->lots[told->strategy][told->instrument] + lots;

    if (oms->accounts.total[told->instrument].lots == total)
        return false;
    assert(world->turnover_e8[told->instrument] > MAX_MONEY_E8 / 4 ||
           !can_be_counted(world, told->instrument, total) ||
           !can_be_counted(world, told->instrument, own));
    assert(oms->states[scope_of_firm()].state == STATE_HALTED);
    return true;
}

static void count_told(struct world *world)
{
    const struct execution *told = world->told;
    struct known *order;
    int64_t lots;

    if (!told || was_told_before(world, told))
        return;
    if (world->exec_count == FUZZ_EXECS_MAX) {
        world->in.left = 0; /* what is told from here on cannot be remembered */
        return;
    }
    add_turnover(world, told);
    if (told->report != REPORT_FILL_PART)
        return;
    order = known_find(world, told->order_id);
    if (order)
        order->filled_lots += told->qty_lots;
    lots = told->side == SIDE_BUY ? told->qty_lots : -told->qty_lots;
    if (was_refused(world, told, lots))
        return;
    world->lots[FUZZ_TOTAL][told->instrument] += lots;
    world->lots[told->strategy][told->instrument] += lots;
}

/* ---- what it says ----------------------------------------------------------------------- */

static bool was_killed(const struct world *world, struct order_scopes scopes)
{
    return world->killed[scopes.firm] || world->killed[scopes.venue] ||
           world->killed[scopes.strategy] || world->killed[scopes.instrument];
}

static uint8_t strictest(const struct world *world, struct order_scopes scopes)
{
    const uint16_t numbers[] = {scopes.firm, scopes.venue, scopes.strategy, scopes.instrument};
    uint8_t state = STATE_ACTIVE;

    for (unsigned at = 0; at < 4; at++)
        if (world->scope[numbers[at]].state > state)
            state = world->scope[numbers[at]].state;
    return state;
}

/* It cannot cross zero: the other side, and no more than is held. */
static bool only_leaves(const struct world *world, const struct event_order_sent *sent)
{
    unsigned whose = (sent->flags & ORDER_EXIT_OWN) != 0 ? sent->strategy : FUZZ_TOTAL;
    int64_t held = world->lots[whose][sent->instrument];

    return sent->side == SIDE_BUY ? held <= -sent->qty_lots : held >= sent->qty_lots;
}

static void hear_sent(struct world *world, const struct event_order_sent *sent)
{
    struct order_scopes scopes = scopes_of(world, sent->strategy, sent->instrument);
    struct known *order = &world->order[world->order_count];

    assert(sent->verdict.denial == DENIAL_NONE);
    assert(sent->qty_lots > 0 && sent->price_ticks > 0);
    assert(sent->order_seq == ++world->last_seq && !known_find(world, sent->order_id));
    if (strictest(world, scopes) == STATE_HALTED || was_killed(world, scopes))
        assert((sent->flags & ORDER_EXIT) != 0);
    if ((sent->flags & ORDER_EXIT) != 0)
        assert((sent->flags & ORDER_REDUCE_ONLY) != 0 && only_leaves(world, sent));
    if (strictest(world, scopes) == STATE_REDUCING)
        assert(only_leaves(world, sent));
    if (!world->enabled[sent->strategy]) /* a person's, or a flatten's */
        assert(world->command.kind != COMMAND_NONE || (sent->flags & ORDER_EXIT) != 0);
    *order = (struct known){.id = sent->order_id,
                            .seq = sent->order_seq,
                            .instrument = sent->instrument,
                            .strategy = sent->strategy,
                            .side = sent->side,
                            .flags = sent->flags,
                            .state = ORDER_PENDING_NEW,
                            .price_ticks = sent->price_ticks,
                            .qty_lots = sent->qty_lots};
    world->order_count++;
}

static void hear_external(struct world *world, const struct event_order_external *found)
{
    struct known *order = &world->order[world->order_count++];

    *order = (struct known){.id = found->order_id,
                            .instrument = found->instrument,
                            .strategy = found->strategy,
                            .side = found->side,
                            .flags = ORDER_EXTERNAL,
                            .state = ORDER_WORKING,
                            .price_ticks = found->price_ticks,
                            .qty_lots = found->qty_lots};
}

static void hear_amend(struct world *world, const struct event_order_amend *amend)
{
    struct known *order = known_find(world, amend->order_id);

    assert(order && amend->verdict.denial == DENIAL_NONE && amend->qty_lots > order->filled_lots);
    assert(strictest(world, scopes_of(world, order->strategy, order->instrument)) != STATE_HALTED);
    assert(!was_killed(world, scopes_of(world, order->strategy, order->instrument)));
    order->amend_price_ticks = amend->price_ticks;
    order->amend_qty_lots = amend->qty_lots;
    order->amend_no++;
}

static void hear_order_state(struct world *world, const struct event_order_state *said)
{
    struct known *order = known_find(world, said->order_id);

    assert(order && said->state < ORDER_STATE_COUNT && said->report < REPORT_COUNT);
    assert(said->leaves_lots >= 0 && said->filled_lots >= 0);
    if (order_state_is_terminal((enum order_state)order->state))
        assert(order_state_is_terminal((enum order_state)said->state) && said->leaves_lots == 0);
    fuzz_trace("  said %llx %s by %s, %lld of %lld filled", (unsigned long long)said->order_id,
               order_state_name((enum order_state)said->state),
               report_name((enum report)said->report), (long long)said->filled_lots,
               (long long)said->qty_lots);
    order->state = said->state;
    order->price_ticks = said->price_ticks;
    order->qty_lots = said->qty_lots;
}

/* Looser only by the command that asks for it; a kill only by its own incident. */
static void hear_state(struct world *world, const struct event_state_changed *said)
{
    struct said_scope *scope = &world->scope[said->scope];
    const struct command_set_state *asked = &world->command.set_state;

    assert(said->scope < FUZZ_SCOPES && said->state <= STATE_HALTED);
    assert(said->version == scope->version + 1 || scope->version == 0);
    if (said->state < scope->state) {
        assert(world->command.kind == COMMAND_SET_STATE && asked->scope == said->scope);
        assert(asked->state == said->state && asked->base == scope->version);
        assert(scope->incident == 0 || asked->clears == scope->incident);
    }
    *scope = (struct said_scope){
        .state = said->state, .version = said->version, .incident = said->incident};
}

static uint32_t size_of_event(uint16_t kind)
{
    static const uint32_t sizes[EVENT_COUNT] = {
#define EVENT(ID, name) [ID] = sizeof(struct event_##name),
#include "tables/events.def"
#undef EVENT
    };

    return kind < EVENT_COUNT ? sizes[kind] : 0;
}

static void hear(struct world *world, uint16_t kind, const void *payload)
{
    union {
#define EVENT(ID, name) struct event_##name name;
#include "tables/events.def"
#undef EVENT
    } event;

    memcpy(&event, payload, size_of_event(kind));
    fuzz_trace("  event %s", event_name((enum event_kind)kind));
    switch (kind) {
    case EVENT_ORDER_SENT:
        hear_sent(world, &event.order_sent);
        break;
    case EVENT_ORDER_EXTERNAL:
        hear_external(world, &event.order_external);
        break;
    case EVENT_ORDER_AMEND:
        hear_amend(world, &event.order_amend);
        break;
    case EVENT_ORDER_STATE:
        hear_order_state(world, &event.order_state);
        break;
    case EVENT_STATE_CHANGED:
        hear_state(world, &event.state_changed);
        break;
    case EVENT_STRATEGY:
        world->enabled[event.strategy.strategy] = event.strategy.enabled;
        break;
    case EVENT_COMMAND_DONE:
        assert(event.command_done.command_id == world->command.id);
        world->status = event.command_done.status;
        world->answers++;
        break;
    default:
        break;
    }
}

static void listen(struct world *world)
{
    static _Alignas(16) uint8_t payload[LANE_RECORD_MAX];
    uint64_t next = world->reader.next_seq;
    struct lane_record header;
    enum lane_result result;

    while ((result = lane_read(&world->reader, &header, payload)) == LANE_RECORD) {
        assert(atomic_load(&header.commit) == next++);
        if (input_is_one(header.kind))
            continue;
        assert(header.length != 0 && (header.length == size_of_event(header.kind) ||
                                      header.kind == EVENT_MONEY)); /* rows follow it */
        hear(world, header.kind, payload);
    }
    assert(result == LANE_EMPTY && lane_head_seq(&world->lane) == next - 1);
    lane_gate_release(&world->reader, 0);
}

/* ---- what it sends ---------------------------------------------------------------------- */

void check_message(struct world *world, const struct order_message *message)
{
    struct known *order = known_find(world, message->order_id);
    uint16_t gateway = message->venue;

    assert(order && order->instrument == message->instrument && order->side == message->side);
    assert(gateway == world->config.instrument[message->instrument].venue);
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW: /* each once, in the order of their numbers */
        assert(order->seq != 0 && message->seq == order->seq);
        assert(message->seq > world->taken_seq[gateway]);
        world->taken_seq[gateway] = message->seq;
        assert(message->qty_lots > 0 && message->price_ticks > 0);
        break;
    case ORDER_MESSAGE_AMEND:
        assert(order->seq != 0 && message->amend_no <= order->amend_no && message->qty_lots > 0);
        break;
    case ORDER_MESSAGE_CANCEL:
    case ORDER_MESSAGE_QUERY:
        break;
    default:
        panic(__FILE__, __LINE__, "a message of no known kind");
    }
}

/* ---- what it holds ---------------------------------------------------------------------- */

static void check_positions(const struct world *world)
{
    const struct accounts *accounts = &world->engine->oms.accounts;

    for (unsigned instrument = 0; instrument < FUZZ_INSTRUMENTS; instrument++) {
        assert(accounts->total[instrument].lots == world->lots[FUZZ_TOTAL][instrument]);
        for (unsigned strategy = 0; strategy < FUZZ_STRATEGIES; strategy++)
            assert(accounts->own[strategy][instrument].lots == world->lots[strategy][instrument]);
    }
}

/* What it may still fill: as the oracle knows quantities and fills. While an amend is under way the
 * engine says so by its state or, behind a cancel or a time-out, keeps the larger of both. */
static int64_t exposed_lots(const struct known *known, const struct order *order)
{
    int64_t qty = known->qty_lots;

    if (order->amend_qty_lots != 0) {
        assert(order->amend_qty_lots == known->amend_qty_lots);
        qty = qty > known->amend_qty_lots ? qty : known->amend_qty_lots;
    } else {
        assert(known->state != ORDER_PENDING_AMEND);
    }
    return qty > known->filled_lots ? qty - known->filled_lots : 0;
}

struct exposed {
    int64_t own[2][FUZZ_STRATEGIES][FUZZ_INSTRUMENTS];
    int64_t best[2][FUZZ_INSTRUMENTS];
    uint32_t open[FUZZ_SCOPES];
    uint32_t live;
};

static void better(struct exposed *exposed, const struct known *known, int64_t price_ticks)
{
    int64_t *best = &exposed->best[known->side][known->instrument];

    if (price_ticks != 0 &&
        (*best == 0 || (known->side == SIDE_BUY ? price_ticks > *best : price_ticks < *best)))
        *best = price_ticks;
}

static void add_order(const struct world *world, struct exposed *exposed, const struct known *known)
{
    struct oms *oms = &world->engine->oms;
    const struct order *order = order_find(&oms->pool, known->id);
    struct order_scopes scopes = scopes_of(world, known->strategy, known->instrument);

    assert(order && order->state == known->state && order->filled_lots == known->filled_lots);
    if (order_state_is_terminal((enum order_state)known->state))
        return;
    exposed->own[known->side][known->strategy][known->instrument] += exposed_lots(known, order);
    exposed->live++;
    exposed->open[scopes.firm]++;
    exposed->open[scopes.venue]++;
    exposed->open[scopes.strategy]++;
    exposed->open[scopes.instrument]++;
    better(exposed, known, known->price_ticks);
    better(exposed, known, order->amend_price_ticks);
}

static void check_side(const struct oms *oms, const struct exposed *exposed, unsigned side)
{
    for (unsigned instrument = 0; instrument < FUZZ_INSTRUMENTS; instrument++) {
        int64_t total = 0;

        for (unsigned strategy = 0; strategy < FUZZ_STRATEGIES; strategy++) {
            total += exposed->own[side][strategy][instrument];
            assert(oms->working_own[side][strategy][instrument] ==
                   exposed->own[side][strategy][instrument]);
        }
        assert(oms->working_total[side][instrument] == total);
        assert(oms->own_book.best_ticks[side][instrument] == exposed->best[side][instrument]);
    }
}

static void check_orders(const struct world *world)
{
    const struct oms *oms = &world->engine->oms;
    struct exposed exposed = {0};

    for (uint32_t at = 0; at < world->order_count; at++)
        add_order(world, &exposed, &world->order[at]);
    assert(engine_open_orders(world->engine) == exposed.live);
    for (unsigned scope = 0; scope < FUZZ_SCOPES; scope++)
        assert(oms->open_orders[scope] == exposed.open[scope]);
    check_side(oms, &exposed, SIDE_BUY);
    check_side(oms, &exposed, SIDE_SELL);
}

/* The page is obeyed at the start of each step. Any bell, also that of a trigger, lets the engine
 * find every word. */
static void check_states(struct world *world)
{
    const struct oms *oms = &world->engine->oms;

    if (world->bell != kill_page_doorbell(&world->page))
        memset(world->half_killed, 0, sizeof world->half_killed);
    for (uint16_t scope = 0; scope < FUZZ_SCOPES; scope++) {
        uint64_t cleared = atomic_load(&world->page.cleared[scope]);

        assert(oms->states[scope].state == world->scope[scope].state);
        assert(oms->states[scope].version == world->scope[scope].version);
        if (cleared != world->cleared[scope])
            assert(world->command.kind == COMMAND_SET_STATE && world->status == OK &&
                   world->command.set_state.scope == scope);
        if (world->half_killed[scope]) /* no resume gets past it */
            assert(kill_page_is_killed(&world->page, scope));
        else if (oms->seen.doorbell == kill_page_doorbell(&world->page) &&
                 kill_page_is_killed(&world->page, scope))
            assert(world->scope[scope].state == STATE_HALTED && world->scope[scope].incident != 0);
    }
}

void world_before(struct world *world)
{
    for (uint16_t scope = 0; scope < FUZZ_SCOPES; scope++) {
        world->cleared[scope] = atomic_load(&world->page.cleared[scope]);
        world->killed[scope] =
            kill_page_is_killed(&world->page, scope) && !world->half_killed[scope];
    }
    world->bell = kill_page_doorbell(&world->page);
    world->command = (struct command){0};
    world->told = NULL;
    world->answers = 0;
    world->status = OK;
}

void world_after(struct world *world)
{
    bool asked = world->command.kind != COMMAND_NONE && world->command.kind != COMMAND_BEAT;

    count_told(world);
    listen(world);
    assert(world->answers == asked);
    check_positions(world);
    check_orders(world);
    check_states(world);
    if (world->order_count + 64 > FUZZ_ORDERS_MAX)
        world->in.left = 0; /* no room to follow what a step could send */
}
