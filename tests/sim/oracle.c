/* What the engine has said and what it has been told.
 *
 * Built from the records of the event lane and from the reports that the venue model hands over;
 * nothing in here comes out of the engine's own memory. */
#include "sim/world.h"

#include <string.h>

/* ---- orders ----------------------------------------------------------------------------- */

static uint32_t home_of(uint64_t id)
{
    return (uint32_t)((id * 0x9E3779B97F4A7C15ULL) >> 32) % SIM_ORDER_SLOTS;
}

static uint32_t slot_of(const struct world *world, uint64_t id)
{
    uint32_t slot = home_of(id);

    while (world->slots[slot] != SIM_NONE && world->placed[world->slots[slot]].id != id)
        slot = (slot + 1) % SIM_ORDER_SLOTS;
    return slot;
}

struct placed *oracle_order(struct world *world, uint64_t id)
{
    uint32_t at = world->slots[slot_of(world, id)];

    return at == SIM_NONE ? NULL : &world->placed[at];
}

static uint32_t place_of(const struct world *world, const struct placed *order)
{
    return (uint32_t)(order - world->placed);
}

void oracle_index(struct world *world, struct placed *order)
{
    world->slots[slot_of(world, order->id)] = place_of(world, order);
}

int64_t oracle_exposed(const struct placed *order)
{
    int64_t qty = order->amend_qty_lots > order->qty_lots ? order->amend_qty_lots : order->qty_lots;

    if (order->open_at == SIM_NONE)
        return 0;
    return qty > order->told_lots ? qty - order->told_lots : 0;
}

void oracle_open_order(struct world *world, struct placed *order)
{
    order->open_at = world->open_count;
    world->open[world->open_count++] = place_of(world, order);
}

static void close_order(struct world *world, struct placed *order)
{
    uint32_t last;

    if (order->open_at == SIM_NONE)
        return;
    last = world->open[world->open_count - 1];
    world->open[order->open_at] = last;
    world->placed[last].open_at = order->open_at;
    world->open_count--;
    order->open_at = SIM_NONE;
}

void oracle_resting(struct world *world, struct placed *order, bool rests)
{
    uint32_t last;

    if (rests == (order->resting_at != SIM_NONE))
        return;
    if (rests) {
        order->resting_at = world->resting_count;
        world->resting[world->resting_count++] = place_of(world, order);
        return;
    }
    last = world->resting[world->resting_count - 1];
    world->resting[order->resting_at] = last;
    world->placed[last].resting_at = order->resting_at;
    world->resting_count--;
    order->resting_at = SIM_NONE;
}

static void note_message(struct world *world, const struct order_scopes *scopes)
{
    world->messages[world->message_count++ % SIM_MESSAGES_MAX] =
        (struct message_said){.at_ns = world->now_ns, .scopes = *scopes};
}

/* ---- what the engine says --------------------------------------------------------------- */

static void hear_sent(struct world *world, uint64_t seq, const struct event_order_sent *event)
{
    struct scope_map map = world->config.scopes;
    struct placed *order = &world->placed[world->placed_count];

    check_drawn_id(world, event->order_id);
    if (event->order_seq != world->newest_order_seq + 1)
        violate(world, "I4", "order number %llu follows %llu", (unsigned long long)event->order_seq,
                (unsigned long long)world->newest_order_seq);
    world->newest_order_seq = event->order_seq;
    *order = (struct placed){.id = event->order_id,
                             .seq = event->order_seq,
                             .life = world->life,
                             .open_at = SIM_NONE,
                             .resting_at = SIM_NONE,
                             .instrument = event->instrument,
                             .strategy = event->strategy,
                             .venue = world->config.instrument[event->instrument].venue,
                             .side = event->side,
                             .tif = event->tif,
                             .flags = event->flags,
                             .state = ORDER_PENDING_NEW,
                             .sent_ns = world->now_ns,
                             .price_ticks = event->price_ticks,
                             .qty_lots = event->qty_lots,
                             .asked_price_ticks = event->price_ticks,
                             .asked_qty_lots = event->qty_lots,
                             .venue_price_ticks = event->price_ticks,
                             .venue_qty_lots = event->qty_lots};
    order->scopes = (struct order_scopes){
        .firm = scope_of_firm(),
        .venue = scope_of_venue(map, order->venue),
        .strategy = scope_of_strategy(map, event->strategy),
        .instrument = scope_of_instrument(map, event->instrument),
    };
    world->placed_count++;
    oracle_index(world, order);
    check_sent(world, order, seq, &event->verdict);
    oracle_open_order(world, order);
    note_message(world, &order->scopes);
    world->scopes[order->scopes.firm].orders_today++;
    world->scopes[order->scopes.venue].orders_today++;
    world->scopes[order->scopes.strategy].orders_today++;
    world->scopes[order->scopes.instrument].orders_today++;
}

static void hear_order_state(struct world *world, const struct event_order_state *event)
{
    struct placed *order = oracle_order(world, event->order_id);

    if (!order)
        return;
    order->state = event->state;
    if (event->report == REPORT_CANCEL_SENT) {
        order->cancels_said++;
        note_message(world, &order->scopes);
    }
    /* The one end that the engine decides by itself; check_step sees whether it may. */
    if (event->report == REPORT_VOID)
        close_order(world, order);
}

/* Until it is answered the order counts with the larger of both quantities. */
static void hear_amend(struct world *world, uint64_t seq, const struct event_order_amend *event)
{
    struct placed *order = oracle_order(world, event->order_id);

    if (!order)
        violate(world, "I5", "an amend of an order of which no record tells");
    check_amend(world, order, seq, event);
    order->amend_price_ticks = event->price_ticks;
    order->amend_qty_lots = event->qty_lots;
    order->amend_no++;
    order->amend_ns = world->now_ns;
    note_message(world, &order->scopes);
}

/* A trigger kills by the page, as a person does. */
static void hear_trigger(struct world *world, uint64_t seq, const struct event_trigger *event)
{
    struct oracle_scope *scope = &world->scopes[event->scope];

    if (event->incident == 0)
        return;
    scope->kill_word_before = scope->kill_word;
    scope->kill_word = event->incident;
    if (scope->killed_at_seq == 0)
        scope->killed_at_seq = seq;
}

static void hear_limits(struct world *world, const struct event_limits_applied *event)
{
    struct oracle_scope *scope = &world->scopes[event->scope];

    scope->limits = event->limits;
    scope->limits_generation = event->generation;
    if (event->generation > world->newest_generation)
        world->newest_generation = event->generation;
}

/* A looser state clears the kills that were thrown before; one that comes at that very moment
 * holds on. */
static void hear_state(struct world *world, uint64_t seq, const struct event_state_changed *event)
{
    struct oracle_scope *scope = &world->scopes[event->scope];
    bool starts = world->live.engine == NULL;

    if (!starts && event->state < (unsigned)scope->state) {
        check_loosened(world, event, seq);
        scope->executions = 0; /* a person has looked */
        world->tally.resumed++;
        scope->acked_word = 0;
        scope->killed_at_seq = scope->struck_seq == seq ? seq : 0;
    }
    scope->state = (enum trading_state)event->state;
    scope->version = event->version;
    scope->incident = event->incident;
}

/* The payload is copied: what a lane holds is aligned, what is being appended need not be. */
void oracle_hear(struct world *world, uint64_t seq, uint16_t kind, const void *payload,
                 uint32_t length)
{
    union {
#define EVENT(ID, name) struct event_##name name;
#include "tables/events.def"
#undef EVENT
    } event;

    memcpy(&event, payload, length < sizeof event ? length : sizeof event);
    world->tally.events[kind]++;
    switch (kind) {
    case EVENT_ORDER_SENT:
        hear_sent(world, seq, &event.order_sent);
        break;
    case EVENT_ORDER_DENIED:
        check_drawn_id(world, event.order_denied.order_id);
        world->tally.denials[event.order_denied.verdict.denial]++;
        break;
    case EVENT_ORDER_STATE:
        hear_order_state(world, &event.order_state);
        break;
    case EVENT_ORDER_AMEND:
        hear_amend(world, seq, &event.order_amend);
        break;
    case EVENT_TRIGGER:
        hear_trigger(world, seq, &event.trigger);
        break;
    case EVENT_STRATEGY:
        world->strategies[event.strategy.strategy].version = event.strategy.version;
        world->strategies[event.strategy.strategy].enabled = event.strategy.enabled != 0;
        break;
    case EVENT_DENIALS:
        world->ids_said += event.denials.count;
        break;
    case EVENT_FILL:
        check_fill_said(world, &event.fill);
        world->telling->said_seq = seq;
        break;
    case EVENT_FUNDING:
        world->telling->said_seq = seq;
        break;
    case EVENT_LIMITS_APPLIED:
        hear_limits(world, &event.limits_applied);
        break;
    case EVENT_STATE_CHANGED:
        hear_state(world, seq, &event.state_changed);
        break;
    case EVENT_COMMAND_DONE:
        world->done = event.command_done;
        world->answered_now = true;
        break;
    default:
        break;
    }
}

/* ---- what the engine is told ------------------------------------------------------------ */

void oracle_killed(struct world *world, uint16_t scope_number, uint64_t seq)
{
    struct oracle_scope *scope = &world->scopes[scope_number];
    struct kill_wait *wait = &world->kills[world->kill_count % SIM_KILLS_MAX];

    scope->kill_word_before = scope->kill_word;
    scope->kill_word = kill_page_set(&world->live.page, scope_number);
    scope->struck_seq = seq;
    if (scope->killed_at_seq == 0)
        scope->killed_at_seq = seq;
    *wait = (struct kill_wait){.doorbell = kill_page_doorbell(&world->live.page),
                               .word = scope->kill_word,
                               .scope = scope_number};
    world->kill_count++;
}

static void trade(struct traded *traded, const struct instrument *row,
                  const struct execution *execution)
{
    int64_t value = 0;
    int64_t lots = execution->side == SIDE_BUY ? execution->qty_lots : -execution->qty_lots;

    (void)instrument_value_e8(row, execution->price_ticks, execution->qty_lots, &value);
    traded->lots += lots;
    traded->value_e8 += lots > 0 ? value : -value;
    traded->fee_e8 += execution->fee_e8;
    traded->fills++;
}

static void count_execution(struct world *world, const struct execution *report)
{
    struct scope_map map = world->config.scopes;

    world->scopes[scope_of_firm()].executions++;
    world->scopes[scope_of_venue(map, world->config.instrument[report->instrument].venue)]
        .executions++;
    world->scopes[scope_of_strategy(map, report->strategy)].executions++;
    world->scopes[scope_of_instrument(map, report->instrument)].executions++;
}

static void tell_fill(struct world *world, const struct outbound *out)
{
    const struct execution *report = &out->report;
    const struct instrument *row = &world->config.instrument[report->instrument];
    struct exec *exec = &world->execs[out->exec];
    struct placed *order = oracle_order(world, report->order_id);

    if (exec->told_life == world->life)
        return; /* it has been booked */
    exec->told_life = world->life;
    world->telling = exec;
    world->execs_told++;
    trade(&world->total[report->instrument], row, report);
    trade(&world->own[report->strategy][report->instrument], row, report);
    if (report->strategy != STRATEGY_MANUAL)
        count_execution(world, report);
    if (!order)
        return;
    order->told_lots += report->qty_lots;
    if (oracle_exposed(order) == 0)
        close_order(world, order);
}

/* It now stands as the venue says; that may be no more than what is filled. */
static void settle(struct world *world, struct placed *order, int64_t price_ticks, int64_t qty_lots)
{
    order->price_ticks = price_ticks;
    order->qty_lots = qty_lots;
    order->amend_price_ticks = order->amend_qty_lots = 0;
    if (oracle_exposed(order) == 0)
        close_order(world, order);
}

/* An answer to a query settles an amend when it is about that amend, and shows the amended order or
 * comes when the amend can no longer arrive. */
static bool settles_amend(const struct world *world, const struct placed *order,
                          const struct execution *report)
{
    if (order->amend_qty_lots == 0)
        return true;
    if (report->amend_no != order->amend_no)
        return false;
    return (report->qty_lots == order->amend_qty_lots &&
            report->price_ticks == order->amend_price_ticks) ||
           world->now_ns - order->amend_ns >= world->config.rules.void_after_ns;
}

static void tell_standing(struct world *world, struct placed *order, const struct execution *report)
{
    bool answers = order->amend_qty_lots != 0 && report->amend_no == order->amend_no;

    if (order->open_at == SIM_NONE)
        return;
    if (report->report == REPORT_VENUE_ACK && order->state == ORDER_UNKNOWN &&
        report->qty_lots > 0 && settles_amend(world, order, report))
        settle(world, order, report->price_ticks, report->qty_lots);
    else if (report->report == REPORT_VENUE_AMEND && answers)
        settle(world, order, report->price_ticks, report->qty_lots);
    else if (report->report == REPORT_AMEND_REJECT && answers)
        settle(world, order, order->price_ticks, order->qty_lots);
}

static void tell_foreign(struct world *world, struct placed *order)
{
    if (!order || order->life == world->life)
        return; /* it has been adopted */
    order->life = world->life;
    order->told_lots = 0;
    order->state = ORDER_WORKING;
    oracle_open_order(world, order);
}

static void tell_funding(struct world *world, const struct outbound *out)
{
    struct exec *exec = &world->execs[out->exec];

    if (exec->told_life == world->life)
        return;
    exec->told_life = world->life;
    world->telling = exec;
    world->total[out->report.instrument].fee_e8 += out->report.fee_e8;
}

void oracle_tell(struct world *world, const struct outbound *out)
{
    struct placed *order = oracle_order(world, out->report.order_id);

    world->tally.reports[out->report.report]++;
    switch (out->report.report) {
    case REPORT_FILL_PART:
        tell_fill(world, out);
        break;
    case REPORT_FUNDING:
        tell_funding(world, out);
        break;
    case REPORT_FOREIGN:
        tell_foreign(world, order);
        break;
    case REPORT_VENUE_ACK:
    case REPORT_VENUE_AMEND:
    case REPORT_AMEND_REJECT:
        if (order)
            tell_standing(world, order, &out->report);
        break;
    case REPORT_VENUE_REJECT:
    case REPORT_VENUE_CANCEL:
    case REPORT_VENUE_EXPIRE:
    case REPORT_KILLED_UNSENT:
        if (order)
            close_order(world, order);
        break;
    default:
        break;
    }
}

/* What was said of before, and is on the disk, is known over all lives. */
static void recall_execs(struct world *world)
{
    for (uint32_t at = 0; at < world->placed_count; at++)
        world->placed[at].told_lots = 0;
    for (uint32_t at = 0; at < world->exec_count; at++) {
        struct exec *exec = &world->execs[at];
        const struct execution *report = &exec->report;
        struct placed *order = oracle_order(world, report->order_id);

        if (exec->said_seq == 0 || exec->said_seq > world->last_seq) {
            exec->said_seq = exec->told_life = 0;
            continue;
        }
        exec->told_life = world->life;
        if (report->report == REPORT_FUNDING) {
            world->total[report->instrument].fee_e8 += report->fee_e8;
            continue;
        }
        trade(&world->total[report->instrument], &world->config.instrument[report->instrument],
              report);
        trade(&world->own[report->strategy][report->instrument],
              &world->config.instrument[report->instrument], report);
        if (order)
            order->told_lots += report->qty_lots;
    }
}

/* Orders are as the disk's records leave them (the fold, which is compared with each engine); what
 * is filled of them is by the ledger. */
static void recall_orders(struct world *world)
{
    const struct order_pool *left = &world->on_disk->orders;

    for (uint32_t at = 0; at < left->live_count; at++) {
        const struct order *live = &left->order[left->live[at]];
        struct placed *order = oracle_order(world, live->id);

        if (!order)
            violate(world, "I3", "order %llx was never sent", (unsigned long long)live->id);
        if (live->flags & ORDER_EXTERNAL)
            order->told_lots = live->filled_lots; /* since it was adopted */
        if (order->told_lots != live->filled_lots)
            violate(world, "I3", "order %llx: filled %lld, distinct fills sum to %lld",
                    (unsigned long long)live->id, (long long)live->filled_lots,
                    (long long)order->told_lots);
        order->life = world->life;
        order->state = (live->flags & ORDER_EXTERNAL) ? ORDER_WORKING : ORDER_UNKNOWN;
        order->price_ticks = order->asked_price_ticks = live->price_ticks;
        order->qty_lots = order->asked_qty_lots = live->qty_lots;
        order->amend_price_ticks = live->amend_price_ticks;
        order->amend_qty_lots = live->amend_qty_lots;
        order->amend_no = order->amends_left = live->amend_no;
        order->amend_ns = live->amend_ns;
        order->cancels_said = order->cancels_left = 0; /* the ring is another */
        oracle_open_order(world, order);
        if (oracle_exposed(order) == 0)
            close_order(world, order);
    }
}

/* The day goes on, or began anew while nobody was there. */
static void recall_money(struct world *world)
{
    const struct carry *left = world->on_disk;
    bool same_day = left->money.day_start_ns >= world->config.day_start_ns;

    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        world->books[at].mark_e8_ticks = left->mark[at].mark_e8_ticks;
        world->books[at].mark_ns = left->mark[at].mark_ns;
    }
    if (same_day && left->money.day_start_ns != 0)
        world->day_start_ns = left->money.day_start_ns;
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++) {
        world->scopes[scope].executions = left->scope[scope].executions;
        world->scopes[scope].orders_today = same_day ? left->scope[scope].orders_today : 0;
        world->scopes[scope].day_open_e8 = same_day ? left->scope[scope].day_open_e8
                                           : oracle_worth_is_known(world)
                                               ? oracle_pnl_e8(world, scope)
                                               : INT64_MIN;
    }
    world->peak_e8 = world->config.capital_e8 + left->money.peak_e8 - left->money.capital_e8;
    if (world->peak_e8 < world->config.capital_e8)
        world->peak_e8 = world->config.capital_e8;
    oracle_note_peak(world);
}

/* A restarted engine knows what the journal on the disk says. */
void oracle_new_life(struct world *world)
{
    memset(world->total, 0, sizeof world->total);
    memset(world->own, 0, sizeof world->own);
    while (world->open_count > 0)
        close_order(world, &world->placed[world->open[0]]);
    world->message_count = 0;
    world->execs_told = world->fills_said = world->ids_said = 0;
    world->orders_left = world->lots_left = 0;
    world->newest_id = world->newest_order_seq = 0;
    world->pnl_due = world->pnl_seen = world->telemetry_walked = 0;
    world->slow_timer_ns = 0;
    world->day_start_ns = world->config.day_start_ns;
    world->newest_generation = 0;
    world->peak_e8 = world->config.capital_e8;
    world->awaiting_count = 0;
    memset(world->proposals, 0, sizeof world->proposals); /* they live in the control plane */
    world->kill_count = 0;
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++) {
        world->scopes[scope].day_open_e8 = 0;
        world->scopes[scope].orders_today = world->scopes[scope].executions = 0;
        world->scopes[scope].killed_at_seq = world->scopes[scope].struck_seq = 0;
        world->scopes[scope].kill_word = atomic_load(&world->live.page.word[scope]);
    }
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++)
        world->books[at] = (struct oracle_book){.price_ticks = world->books[at].price_ticks};
    recall_execs(world);
    recall_orders(world);
    recall_money(world);
}

/* ---- measures --------------------------------------------------------------------------- */

int64_t oracle_position(const struct world *world, const struct placed *order, uint16_t scope)
{
    return scope == order->scopes.strategy ? world->own[order->strategy][order->instrument].lots
                                           : world->total[order->instrument].lots;
}

/* Lots that could still fill, on the order's side of its instrument. */
int64_t oracle_working(const struct world *world, const struct placed *order, uint16_t scope)
{
    int64_t working = 0;

    for (uint32_t at = 0; at < world->open_count; at++) {
        const struct placed *other = &world->placed[world->open[at]];

        if (other->id == order->id || other->instrument != order->instrument ||
            other->side != order->side)
            continue;
        if (scope == order->scopes.strategy && other->strategy != order->strategy)
            continue;
        working += oracle_exposed(other);
    }
    return working;
}

static bool is_in(const struct order_scopes *scopes, uint16_t scope)
{
    return scope == scopes->firm || scope == scopes->venue || scope == scopes->strategy ||
           scope == scopes->instrument;
}

uint32_t oracle_open(const struct world *world, uint16_t scope)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < world->open_count; at++)
        count += is_in(&world->placed[world->open[at]].scopes, scope);
    return count;
}

uint32_t oracle_messages(const struct world *world, uint16_t scope, int64_t window_ns)
{
    uint32_t count = 0;

    for (uint32_t back = 1; back <= world->message_count && back <= SIM_MESSAGES_MAX; back++) {
        const struct message_said *message =
            &world->messages[(world->message_count - back) % SIM_MESSAGES_MAX];

        if (world->now_ns - message->at_ns >= window_ns)
            break;
        count += is_in(&message->scopes, scope);
    }
    return count;
}

enum trading_state oracle_state(const struct world *world, const struct order_scopes *scopes)
{
    const uint16_t numbers[] = {scopes->firm, scopes->venue, scopes->strategy, scopes->instrument};
    enum trading_state strictest = STATE_ACTIVE;

    for (unsigned at = 0; at < 4; at++)
        if (world->scopes[numbers[at]].state > strictest)
            strictest = world->scopes[numbers[at]].state;
    return strictest;
}

/* ---- money ------------------------------------------------------------------------------ */

/* Of what was traded in an instrument, at its mark, in the reporting currency. */
static int64_t worth_e8(const struct world *world, uint16_t instrument, const struct traded *traded)
{
    const struct instrument *row = &world->config.instrument[instrument];
    int64_t mark = world->books[instrument].mark_e8_ticks;
    int64_t lots = traded->lots < 0 ? -traded->lots : traded->lots;
    int64_t open = 0;
    __int128 total;

    if (lots != 0 && mark != 0)
        (void)instrument_value_between_e8(row, mark, lots, &open);
    if (traded->lots < 0)
        open = -open;
    total = (row->inverse ? traded->value_e8 - open : open - traded->value_e8) - traded->fee_e8;
    if (row->currency != 0)
        total = total * (world->books[0].mark_e8_ticks / 100) / MONEY_ONE_E8;
    return (int64_t)total;
}

int64_t oracle_pnl_e8(const struct world *world, uint16_t scope)
{
    uint16_t index;
    enum scope_kind kind = scope_kind_of(world->config.scopes, scope, &index);
    int64_t sum = 0;

    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        if (kind == SCOPE_STRATEGY)
            sum += worth_e8(world, at, &world->own[index][at]);
        else if (kind == SCOPE_FIRM || (kind == SCOPE_INSTRUMENT && index == at) ||
                 (kind == SCOPE_VENUE && world->config.instrument[at].venue == index))
            sum += worth_e8(world, at, &world->total[at]);
    }
    return sum;
}

bool oracle_worth_is_known(const struct world *world)
{
    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++)
        if (world->total[at].fills != 0 && world->books[at].mark_e8_ticks == 0)
            return false;
    return world->total[2].fills == 0 || world->books[0].mark_e8_ticks != 0;
}

void oracle_roll_day(struct world *world)
{
    if (world->now_ns < world->day_start_ns + SIM_DAY_NS)
        return;
    world->day_start_ns += (world->now_ns - world->day_start_ns) / SIM_DAY_NS * SIM_DAY_NS;
    for (uint16_t scope = 0; scope < SIM_SCOPES; scope++) {
        world->scopes[scope].orders_today = 0;
        world->scopes[scope].day_open_e8 =
            oracle_worth_is_known(world) ? oracle_pnl_e8(world, scope) : INT64_MIN;
    }
}

void oracle_note_peak(struct world *world)
{
    int64_t equity = world->config.capital_e8 + oracle_pnl_e8(world, scope_of_firm());

    if (oracle_worth_is_known(world) && equity > world->peak_e8)
        world->peak_e8 = equity;
}

/* ---- exposure --------------------------------------------------------------------------- */

/* Lots that work on one side of an instrument, of one strategy or (SIM_NONE) of all. */
static int64_t side_lots(const struct world *world, uint16_t instrument, uint32_t strategy,
                         enum side side)
{
    int64_t lots = 0;

    for (uint32_t at = 0; at < world->open_count; at++) {
        const struct placed *order = &world->placed[world->open[at]];

        if (order->instrument == instrument && order->side == side &&
            (strategy == SIM_NONE || order->strategy == strategy))
            lots += oracle_exposed(order);
    }
    return lots;
}

/* At the mark, in the reporting currency, a little too small rather than too large. What has no
 * value is worth more than any limit. */
static int64_t lots_worth_e8(const struct world *world, uint16_t instrument, int64_t lots)
{
    const struct instrument *row = &world->config.instrument[instrument];
    int64_t mark = world->books[instrument].mark_e8_ticks;
    int64_t value = 0;

    if (lots == 0)
        return 0;
    if (mark == 0 || (row->currency != 0 && world->books[0].mark_e8_ticks == 0))
        return lots < 0 ? -SIM_NO_VALUE : SIM_NO_VALUE;
    (void)instrument_value_between_e8(row, mark, lots < 0 ? -lots : lots, &value);
    if (row->currency != 0)
        value = (int64_t)((__int128)value * (world->books[0].mark_e8_ticks / 100) / MONEY_ONE_E8);
    value -= value > 2 ? 2 : 0;
    return lots < 0 ? -value : value;
}

static int64_t larger(int64_t a, int64_t b)
{
    a = a < 0 ? -a : a;
    b = b < 0 ? -b : b;
    return a > b ? a : b;
}

/* Of a scope, with the order. */
struct oracle_exposure oracle_exposure(const struct world *world, const struct placed *order,
                                       uint16_t scope)
{
    uint16_t index;
    enum scope_kind kind = scope_kind_of(world->config.scopes, scope, &index);
    uint32_t strategy = kind == SCOPE_STRATEGY ? index : SIM_NONE;
    struct oracle_exposure sum = {0};
    int64_t longs = 0;
    int64_t shorts = 0;

    for (uint16_t at = 0; at < SIM_INSTRUMENTS; at++) {
        int64_t position =
            kind == SCOPE_STRATEGY ? world->own[index][at].lots : world->total[at].lots;
        int64_t buys = side_lots(world, at, strategy, SIDE_BUY);
        int64_t sells = side_lots(world, at, strategy, SIDE_SELL);
        int64_t up, down;

        if ((kind == SCOPE_INSTRUMENT && index != at) ||
            (kind == SCOPE_VENUE && world->config.instrument[at].venue != index))
            continue;
        if (at == order->instrument)
            *(order->side == SIDE_BUY ? &buys : &sells) += order->qty_lots;
        up = lots_worth_e8(world, at, position + buys);
        down = lots_worth_e8(world, at, position - sells);
        sum.gross_e8 += larger(up, down);
        longs += up;
        shorts += down;
    }
    sum.net_e8 = larger(longs, shorts);
    return sum;
}
