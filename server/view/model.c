#include "view/model.h"

#include "store/past.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

/* A mark older than this says nothing about now. */
static const int64_t mark_fresh_ns = 5 * 1000000000LL;

void model_touched(struct view *view)
{
    /* Pairs with the acquire in view_changes: who sees the new number looks at the new state. */
    atomic_fetch_add_explicit(&view->changes, 1, memory_order_release);
}

void model_changed(struct view *view, enum view_topic topic)
{
    atomic_fetch_add_explicit(&view->versions[topic], 1, memory_order_release);
    model_touched(view);
}

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "");
}

static void restore_counts(struct view_kill *kill, const struct saved_kill *saved)
{
    kill->seen = saved->is_seen;
    kill->last_order_seq = saved->last_order_seq;
    kill->resting = saved->resting;
    kill->unsent = saved->unsent;
    kill->sent = saved->sent;
    kill->confirmed = saved->confirmed;
    kill->refused = saved->refused;
    kill->unknown = saved->unknown;
    kill->flatten = saved->flatten;
    kill->flattened = saved->flattened;
}

/* A kill that outlived its run, as far as it had come; who and why are in the audit, unless that
 * run was gone before its record was: then nothing on disk answers for it. */
static void restore_kill(struct view *view, uint16_t scope)
{
    struct view_scope *row = &view->scope[scope];
    struct view_kill *kill = model_kill_open(view, row->incident, scope);

    if (row->cause[0] == '\0')
        copy_text(row->cause, sizeof row->cause,
                  "killed when the last run ended; by whom is not on record");
    kill->noted = kill->is_earlier = true;
    kill->durable = view->from.saved->scope[scope].is_named;
    kill->at_ns = view->from.saved->scope[scope].killed_ns;
    if (kill->at_ns == 0)
        kill->at_ns = row->since_ns;
    copy_text(kill->actor, sizeof kill->actor, row->actor);
    copy_text(kill->reason, sizeof kill->reason, row->cause);
    restore_counts(kill, &view->from.saved->scope[scope].kill);
}

/* As engine_room.c gives them to the engine. */
static void init_strategy(struct view *view, uint16_t at)
{
    const struct store_saved *saved = view->from.saved;
    const struct config *config = view->from.config;
    struct view_switch *row = &view->strategy[at];
    bool known = saved && saved->strategy[at].version != 0;

    row->now.enabled = known ? saved->strategy[at].enabled : config->strategy[at].enabled;
    row->now.version = known ? saved->strategy[at].version : 1;
    memcpy(row->now.params, known ? saved->strategy[at].params : config->strategy[at].params,
           sizeof row->now.params);
    if (!known)
        return;
    row->since_ns = saved->strategy[at].since_ns;
    copy_text(row->actor, sizeof row->actor, saved->strategy[at].actor);
    copy_text(row->reason, sizeof row->reason, saved->strategy[at].reason);
}

void model_init(struct view *view)
{
    const struct store_saved *saved = view->from.saved;
    uint16_t scopes = scope_count(view->from.config->scopes);

    view_orders_init(&view->orders);
    for (uint16_t at = 0; at < view->from.config->strategies; at++)
        init_strategy(view, at);
    for (uint16_t i = 0; i < scopes; i++) {
        struct view_scope *scope = &view->scope[i];

        scope->limits = view->from.config->limits[i];
        if (!saved || !saved->scope[i].state_found)
            continue;
        scope->state = saved->scope[i].state;
        scope->version = saved->scope[i].version;
        scope->incident = saved->scope[i].incident;
        scope->since_ns = saved->scope[i].since_ns;
        copy_text(scope->actor, sizeof scope->actor, saved->scope[i].actor);
        copy_text(scope->cause, sizeof scope->cause, saved->scope[i].cause);
        if (scope->incident != 0)
            restore_kill(view, i);
    }
}

int64_t model_now_ns(const struct view *view)
{
    int64_t virtual_ns = view->from.gateways == 1 ? gateway_virtual_ns(view->from.gateway[0]) : 0;

    return virtual_ns != 0 ? virtual_ns : clock_real_ns();
}

struct model_today model_today(const struct view *view)
{
    struct model_today today = {.now_ns = model_now_ns(view)};

    today.day_ns = day_start_ns(today.now_ns, view->from.config->money.day_roll_hour);
    today.since_ns = view->from.started_ns > today.day_ns ? view->from.started_ns : today.day_ns;
    return today;
}

bool model_money_is_fresh(const struct view *view)
{
    return view->pnl.kind != 0 && clock_mono_ns() - view->telemetry_mono_ns <= mark_fresh_ns;
}

int64_t model_mark_e8_ticks(const struct view *view, uint16_t instrument)
{
    const struct telemetry_mark *mark = &view->pnl.marks[instrument];
    bool needs_book = mark->source != MARK_VENUE;

    if (!model_money_is_fresh(view) || (needs_book && view->books[instrument].status != BOOK_OK) ||
        view->pnl.now_ns - mark->mark_ns > mark_fresh_ns)
        return 0;
    return mark->mark_e8_ticks;
}

/* The gateways go by the page, so a kill that a silent engine has not obeyed holds all the same;
 * also over a HALTED that was set by hand, which names no kill. */
static bool is_killed_unsaid(const struct view *view, uint16_t scope)
{
    return view->from.kill &&
           (view->scope[scope].state != STATE_HALTED || view->scope[scope].incident == 0) &&
           kill_page_is_killed(view->from.kill, scope);
}

enum trading_state model_state(const struct view *view, uint16_t scope)
{
    return is_killed_unsaid(view, scope) ? STATE_HALTED : view->scope[scope].state;
}

uint64_t model_incident(const struct view *view, uint16_t scope)
{
    return is_killed_unsaid(view, scope)
               ? atomic_load_explicit(&view->from.kill->word[scope], memory_order_acquire)
               : view->scope[scope].incident;
}

/* A kill that nobody has noted is the program's own: the watchdog's. */
struct model_author model_author(struct view *view, uint16_t scope)
{
    const struct view_scope *row = &view->scope[scope];
    const struct view_kill *kill;

    if (!is_killed_unsaid(view, scope))
        return (struct model_author){row->actor, row->cause, row->since_ns};
    kill = model_kill(view, model_incident(view, scope));
    if (!kill || !kill->noted)
        return (struct model_author){.cause = "killed on the kill page, not yet obeyed"};
    return (struct model_author){kill->actor, kill->reason, kill->at_ns};
}

enum trading_state model_effective(const struct view *view, uint16_t scope)
{
    const struct config *config = view->from.config;
    enum trading_state strictest = model_state(view, scope);
    uint16_t index;

    if (model_state(view, scope_of_firm()) > strictest)
        strictest = model_state(view, scope_of_firm());
    if (scope_kind_of(config->scopes, scope, &index) == SCOPE_INSTRUMENT) {
        uint16_t venue = scope_of_venue(config->scopes, config->instrument[index].venue);

        if (model_state(view, venue) > strictest)
            strictest = model_state(view, venue);
    }
    return strictest;
}

/* --- who asked --- */

static const struct view_command *command_of(const struct view *view, uint64_t id)
{
    uint64_t kept = view->command_count < KEPT_COMMANDS ? view->command_count : KEPT_COMMANDS;

    for (uint64_t back = 1; id != 0 && back <= kept; back++) {
        const struct view_command *command =
            &view->commands[(view->command_count - back) % KEPT_COMMANDS];

        if (command->id == id)
            return command;
    }
    return NULL;
}

/* --- orders --- */

static uint16_t venue_of(const struct view *view, uint16_t instrument)
{
    return view->from.config->instrument[instrument % MAX_INSTRUMENTS].venue;
}

static struct order_scopes scopes_of(const struct view *view, uint16_t strategy,
                                     uint16_t instrument)
{
    struct scope_map map = view->from.config->scopes;

    return (struct order_scopes){scope_of_firm(), scope_of_venue(map, venue_of(view, instrument)),
                                 scope_of_strategy(map, strategy % MAX_STRATEGIES),
                                 scope_of_instrument(map, instrument % MAX_INSTRUMENTS)};
}

/* Events come in the order in which they were stated, so the limits in force now are those that the
 * gate compared with: it has the numbers, the view puts the limits beside them. */
static const struct gate_table *table_of(struct view *view, uint16_t strategy, uint16_t instrument,
                                         bool exit, uint64_t generation)
{
    struct gate_table *table =
        &view->tables[strategy % MAX_STRATEGIES][instrument % MAX_INSTRUMENTS];
    struct scope_map map = view->from.config->scopes;
    struct gate_limits limits = {
        .number = {scope_of_firm(), scope_of_venue(map, venue_of(view, instrument)),
                   scope_of_strategy(map, strategy), scope_of_instrument(map, instrument)},
        .generation = generation,
        .margined =
            view->from.config->instrument[instrument % MAX_INSTRUMENTS].maintenance_margin_e8 != 0,
        .exit = exit};

    if (table->made && table->generation == generation && table->exit == exit)
        return table;
    for (unsigned at = 0; at < GATE_SCOPES; at++)
        limits.scope[at] = &view->scope[limits.number[at] % MAX_SCOPES].limits;
    gate_compile(&limits, table);
    return table;
}

static struct view_verdict explain(struct view *view, uint16_t strategy, uint16_t instrument,
                                   uint8_t flags, const struct verdict *verdict)
{
    const struct gate_table *table =
        table_of(view, strategy, instrument, (flags & ORDER_EXIT) != 0, verdict->generation);
    struct view_verdict why = {.verdict = *verdict};

    for (int id = 0; id < LIMIT_COUNT; id++)
        why.limit[id] = explain_limit(table, verdict, (enum limit_id)id);
    return why;
}

/* NULL: not known, or not to the engine of this run, whatever the list shows of it. */
static struct view_order *held_order(struct view *view, uint64_t id)
{
    struct view_order *order = view_orders_find(&view->orders, id);

    return order && !order->is_earlier ? order : NULL;
}

static void take_order_sent(struct view *view, const struct lane_record *record,
                            const struct event_order_sent *event)
{
    const struct view_command *command = command_of(view, record->cause);
    struct view_order *order = view_orders_find(&view->orders, event->order_id);

    if (order && !order->is_earlier)
        return; /* read twice, from memory and from disk */
    order = order ? view_orders_renew(&view->orders, order) /* another directory's audit.db */
                  : view_orders_add(&view->orders, event->order_id);
    order->seq = event->order_seq;
    order->price_ticks = event->price_ticks;
    order->qty_lots = order->leaves_lots = event->qty_lots;
    order->sent_ns = record->at_ns;
    order->instrument = event->instrument;
    order->strategy = event->strategy;
    order->side = event->side;
    order->type = event->type;
    order->tif = event->tif;
    order->flags = event->flags;
    order->state = ORDER_PENDING_NEW;
    order->why = explain(view, event->strategy, event->instrument, event->flags, &event->verdict);
    order->is_explained = true;
    copy_text(order->actor, sizeof order->actor,
              command ? command->actor : view->from.config->strategy[event->strategy].name);
    tallies_message(&view->tallies, scopes_of(view, event->strategy, event->instrument),
                    record->at_ns);
    tallies_count(view->tallies.orders_today, scopes_of(view, event->strategy, event->instrument));
    view->counters.orders_sent[venue_of(view, event->instrument)]++;
    view->counters.open_orders++;
    model_changed(view, VIEW_ORDERS);
}

static void take_order_denied(struct view *view, const struct lane_record *record,
                              const struct event_order_denied *event)
{
    (void)record;
    view->denials[view->denial_count++ % KEPT_DENIALS] =
        (struct view_denial){event->order_id, explain(view, event->strategy, event->instrument,
                                                      event->flags, &event->verdict)};
    if (event->verdict.denial < DENIAL_COUNT)
        view->counters.denied[event->verdict.denial]++;
}

static void count_state(struct view *view, const struct view_order *order, uint8_t next)
{
    bool was_open = !order_state_is_terminal((enum order_state)order->state);
    bool is_open = !order_state_is_terminal((enum order_state)next);

    view->counters.open_orders += (uint64_t)is_open - (uint64_t)was_open;
    view->counters.unknown_orders +=
        (uint64_t)(next == ORDER_UNKNOWN) - (uint64_t)(order->state == ORDER_UNKNOWN);
    if (next == ORDER_REJECTED && order->state != ORDER_REJECTED)
        view->counters.orders_rejected[venue_of(view, order->instrument)]++;
}

static void count_refusal(struct view *view, const struct view_order *order, uint8_t report)
{
    uint64_t *refused = view->counters.refused[venue_of(view, order->instrument)];

    if (report == REPORT_VENUE_REJECT)
        refused[VIEW_MESSAGE_NEW]++;
    else if (report == REPORT_AMEND_REJECT)
        refused[VIEW_MESSAGE_AMEND]++;
    else if (report == REPORT_CANCEL_REJECT)
        refused[VIEW_MESSAGE_CANCEL]++;
}

/* An amend that was sent may still reach it. */
static bool may_be_amended_yet(const struct view_order *order)
{
    return order->state == ORDER_PENDING_AMEND || order->state == ORDER_PENDING_CANCEL ||
           order->state == ORDER_UNKNOWN;
}

static void take_order_state(struct view *view, const struct lane_record *record,
                             const struct event_order_state *event)
{
    struct view_order *order = held_order(view, event->order_id);

    if (!order)
        return; /* finished and forgotten */
    if (event->report == REPORT_CANCEL_SENT || event->report == REPORT_AMEND_SENT)
        tallies_message(&view->tallies, scopes_of(view, order->strategy, order->instrument),
                        record->at_ns);
    count_state(view, order, event->state);
    count_refusal(view, order, event->report);
    if (event->state == ORDER_UNKNOWN && order->state != ORDER_UNKNOWN)
        order->unknown_ns = record->at_ns;
    order->state = event->state;
    order->reason = event->reason;
    order->filled_lots = event->filled_lots;
    order->leaves_lots = event->leaves_lots;
    order->average_e8_ticks = event->filled_price_e8_ticks;
    if (event->qty_lots != 0) { /* 0: from before an amend could move them */
        order->price_ticks = event->price_ticks;
        order->qty_lots = event->qty_lots;
    }
    if (!may_be_amended_yet(order))
        order->amend_qty_lots = 0;
    if (order->acked_ns == 0 && past_is_venue_report(event->report))
        order->acked_ns = record->at_ns;
    model_changed(view, VIEW_ORDERS);
}

int64_t model_taken_ns(struct view *view, const struct view_fill *fill)
{
    const struct view_order *order = held_order(view, fill->order_id);

    if (fill->maker || !order || order->sent_ns == 0 || fill->at_ns < order->sent_ns)
        return -1;
    return fill->at_ns - order->sent_ns;
}

static void time_fill(struct view *view, const struct view_fill *fill)
{
    int64_t taken_ns = model_taken_ns(view, fill);

    if (taken_ns >= 0)
        histogram_record(&view->taken, taken_ns);
}

/* Of the day in which the venue has it, as the venue counts. */
static void tally_fill(struct view *view, const struct view_fill *fill)
{
    gateway_tally_add(&view->tally[fill->instrument],
                      day_start_ns(fill->venue_ns, view->from.config->money.day_roll_hour),
                      fill->fee_e8);
}

/* A new one may take the place of the oldest, which is remembered by its time: of this run's. */
static void keep_fill(struct view *view, const struct view_fill *fill)
{
    struct view_fill *slot = &view->fills[view->fill_count++ % KEPT_FILLS];
    int64_t *forgotten_ns = &view->fills_forgotten_ns[slot->instrument];

    if (model_fills_forgotten(view) && slot->venue_ns > *forgotten_ns)
        *forgotten_ns = slot->venue_ns;
    *slot = *fill;
}

static void take_fill(struct view *view, const struct lane_record *record,
                      const struct event_fill *event)
{
    uint16_t instrument = event->instrument % MAX_INSTRUMENTS;

    struct view_fill fill = {.seq = record->commit,
                             .order_id = event->order_id,
                             .exec_id = event->exec_id,
                             .price_ticks = event->price_ticks,
                             .qty_lots = event->qty_lots,
                             .fee_e8 = event->fee_e8,
                             .at_ns = record->at_ns,
                             .venue_ns = event->venue_ns > 0 ? event->venue_ns : record->at_ns,
                             .instrument = instrument,
                             .strategy = event->strategy,
                             .side = event->side,
                             .maker = event->maker};

    keep_fill(view, &fill);
    time_fill(view, &fill);
    tally_fill(view, &fill);
    if (event->strategy != STRATEGY_MANUAL) /* as the engine: what acts by itself */
        tallies_count(view->tallies.executions, scopes_of(view, event->strategy, instrument));
    view->counters.fills[venue_of(view, instrument)]++;
    model_changed(view, VIEW_FILLS);
}

static void take_position(struct view *view, const struct lane_record *record,
                          const struct event_position *event)
{
    uint16_t instrument = event->instrument % MAX_INSTRUMENTS;
    struct position *position = event->strategy == UINT16_MAX
                                    ? &view->total[instrument]
                                    : &view->own[event->strategy % MAX_STRATEGIES][instrument];

    (void)record;
    *position = (struct position){.lots = event->lots,
                                  .cost_e8 = event->cost_e8,
                                  .realised_e8 = event->realised_e8,
                                  .fee_e8 = event->fee_e8,
                                  .rebate_e8 = event->rebate_e8,
                                  .funding_e8 = event->funding_e8};
    model_changed(view, VIEW_POSITIONS);
}

/* --- limits, states, kills --- */

static void take_limits_applied(struct view *view, const struct lane_record *record,
                                const struct event_limits_applied *event)
{
    struct view_scope *scope = &view->scope[event->scope % MAX_SCOPES];

    (void)record;
    scope->limits = event->limits;
    scope->generation = event->generation;
    model_changed(view, VIEW_LIMITS);
}

static void name_state(struct view_scope *scope, const struct view_command *command,
                       const struct view_kill *kill)
{
    copy_text(scope->actor, sizeof scope->actor,
              command               ? command->actor
              : kill && kill->noted ? kill->actor
                                    : "");
    copy_text(scope->cause, sizeof scope->cause,
              command               ? command->reason
              : kill && kill->noted ? kill->reason
                                    : "");
}

/* A trigger says that it fires, and reduces in the same step. */
static bool is_by_trigger(const struct view *view, const struct lane_record *record,
                          const struct event_state_changed *event)
{
    return view->trigger_ns != 0 && view->trigger_ns == record->at_ns &&
           view->trigger.scope == event->scope && view->trigger.incident == 0;
}

/* A state stands since it was set: said again, at a start or when a kill joins the one that is
 * there, it keeps its actor and its time, and only the version moves. */
static void take_state_changed(struct view *view, const struct lane_record *record,
                               const struct event_state_changed *event)
{
    struct view_scope *scope = &view->scope[event->scope % MAX_SCOPES];
    const struct view_command *command = command_of(view, record->cause);
    const struct view_kill *kill = event->incident ? model_kill(view, event->incident) : NULL;

    model_changed(view, VIEW_STATUS);
    model_changed(view, VIEW_KILL); /* the stream's topic kill carries the states */
    if (scope->version != 0 && event->state < (unsigned)scope->state)
        view->tallies.executions[event->scope % MAX_SCOPES] = 0; /* who lifts has looked */
    scope->version = event->version;
    if (scope->since_ns != 0 && scope->incident == event->incident &&
        scope->state == (enum trading_state)event->state)
        return;
    scope->state = (enum trading_state)event->state;
    scope->incident = event->incident;
    scope->since_ns = record->at_ns;
    name_state(scope, command, kill);
    if (!command && !kill && is_by_trigger(view, record, event)) {
        (void)snprintf(scope->actor, sizeof scope->actor, "trigger/%s",
                       trigger_name((enum trigger_id)view->trigger.trigger));
        copy_text(scope->cause, sizeof scope->cause,
                  trigger_says((enum trigger_id)view->trigger.trigger));
    }
}

struct view_kill *model_kill(struct view *view, uint64_t incident)
{
    for (uint32_t i = 0; i < view->kill_count; i++) {
        if (incident != 0 && view->kills[i].incident == incident)
            return &view->kills[i];
    }
    return NULL;
}

static bool holds_a_scope(const struct view *view, uint64_t incident)
{
    for (uint16_t scope = 0; scope < scope_count(view->from.config->scopes); scope++)
        if (model_incident(view, scope) == incident)
            return true;
    return false;
}

/* The oldest that is over; when every one still holds its scope, the oldest. */
static void forget_kill(struct view *view)
{
    uint32_t at = 0;

    while (at < KEPT_KILLS && holds_a_scope(view, view->kills[at].incident))
        at++;
    if (at == KEPT_KILLS)
        at = 0;
    view->kill_count--;
    memmove(&view->kills[at], &view->kills[at + 1],
            (view->kill_count - at) * sizeof view->kills[at]);
}

/* Whoever knows of it first opens the receipt: the caller who killed, or the engine's event. */
struct view_kill *model_kill_open(struct view *view, uint64_t incident, uint16_t scope)
{
    struct view_kill *kill = model_kill(view, incident);

    if (kill)
        return kill;
    if (view->kill_count == KEPT_KILLS)
        forget_kill(view);
    kill = &view->kills[view->kill_count++];
    *kill = (struct view_kill){.incident = incident, .scope = scope, .ns_to_block = -1};
    return kill;
}

static bool covers(const struct view *view, uint16_t scope, const struct view_order *order)
{
    struct scope_map map = view->from.config->scopes;
    uint16_t instrument = order->instrument % MAX_INSTRUMENTS;
    uint16_t index;

    if (scope_kind_of(map, scope, &index) == SCOPE_STRATEGY)
        return order->strategy == index;
    return scope_has_instrument(map, scope, instrument,
                                view->from.config->instrument[instrument].venue);
}

/* What an earlier run had not confirmed this one asks the venue about, and counts under no kill. */
static bool nothing_lives(struct view *view, uint16_t scope)
{
    for (const struct view_order *order = view_orders_newest(&view->orders); order;
         order = view_orders_older(&view->orders, order))
        if (view_order_is_live(order) && covers(view, scope, order))
            return false;
    return true;
}

bool model_kill_is_complete(struct view *view, const struct view_kill *kill)
{
    if (kill->seen && kill->unsent + kill->confirmed + kill->refused >= kill->resting)
        return true;
    return kill->is_earlier && nothing_lives(view, kill->scope);
}

static void take_kill_seen(struct view *view, const struct lane_record *record,
                           const struct event_kill_seen *event)
{
    struct view_kill *kill = model_kill_open(view, event->incident, event->scope);

    if (!kill->noted)
        kill->at_ns = record->at_ns;
    kill->seen = true;
    kill->seen_seq = record->commit;
    kill->last_order_seq = event->last_order_seq;
    kill->resting = event->resting;
    model_changed(view, VIEW_KILL);
}

static void take_kill_progress(struct view *view, const struct lane_record *record,
                               const struct event_kill_progress *event)
{
    struct view_kill *kill = model_kill(view, event->incident);

    (void)record;
    if (!kill)
        return;
    kill->unsent = event->unsent;
    kill->sent = event->sent;
    kill->confirmed = event->confirmed;
    kill->refused = event->refused;
    kill->unknown = event->unknown;
    model_changed(view, VIEW_KILL);
}

/* --- the rest --- */

static void take_command_done(struct view *view, const struct lane_record *record,
                              const struct event_command_done *event)
{
    view->answers[view->answer_count++ % KEPT_COMMANDS] =
        (struct view_answer){record->commit, *event};
    if (event->command_id > view->answered_id)
        view->answered_id = event->command_id;
    pthread_cond_broadcast(&view->answered);
}

static void take_book_status(struct view *view, const struct lane_record *record,
                             const struct event_book_status *event)
{
    (void)record;
    if (event->status == BOOK_GAPPED)
        view->counters.gaps++;
    model_changed(view, VIEW_STATUS);
}

static void take_anomaly(struct view *view, const struct lane_record *record,
                         const struct event_anomaly *event)
{
    (void)record, (void)event;
    view->counters.anomalies++;
}

static void take_start(struct view *view, const struct lane_record *record,
                       const struct event_start *event)
{
    (void)record, (void)event;
    model_changed(view, VIEW_STATUS);
}

static void take_strategy(struct view *view, const struct lane_record *record,
                          const struct event_strategy *event)
{
    struct view_switch *row = &view->strategy[event->strategy % MAX_STRATEGIES];
    const struct view_command *command = command_of(view, record->cause);

    model_changed(view, VIEW_STRATEGIES);
    row->now.enabled = event->enabled != 0;
    if (event->version == row->now.version)
        return; /* a start: who changed it last is known */
    row->now.version = event->version;
    row->since_ns = record->at_ns;
    copy_text(row->actor, sizeof row->actor, command ? command->actor : "engine");
    copy_text(row->reason, sizeof row->reason, command ? command->reason : "");
}

static void take_stop(struct view *view, const struct lane_record *record,
                      const struct event_stop *event)
{
    (void)record, (void)event;
    model_changed(view, VIEW_STATUS);
}

static void take_order_amend(struct view *view, const struct lane_record *record,
                             const struct event_order_amend *event)
{
    struct view_order *order = held_order(view, event->order_id);

    (void)record;
    if (order) {
        order->amend_qty_lots = event->qty_lots;
        order->is_explained = true;
        order->why = /* of the newest thing that was asked for */
            explain(view, order->strategy, order->instrument, order->flags, &event->verdict);
    }
    model_changed(view, VIEW_ORDERS);
}

static void take_order_external(struct view *view, const struct lane_record *record,
                                const struct event_order_external *event)
{
    struct view_order *order;

    if (view_orders_find(&view->orders, event->order_id))
        return;
    order = view_orders_add(&view->orders, event->order_id);
    order->price_ticks = event->price_ticks;
    order->qty_lots = order->leaves_lots = event->qty_lots;
    order->sent_ns = order->acked_ns = record->at_ns;
    order->instrument = event->instrument;
    order->strategy = event->strategy;
    order->side = event->side;
    order->flags = ORDER_EXTERNAL;
    order->state = ORDER_WORKING;
    copy_text(order->actor, sizeof order->actor, "external");
    view->counters.open_orders++;
    model_changed(view, VIEW_ORDERS);
}

/* Denials that were counted instead of said one by one. */
static void take_denials(struct view *view, const struct lane_record *record,
                         const struct event_denials *event)
{
    (void)record;
    if (event->reason < DENIAL_COUNT)
        view->counters.denied[event->reason] += event->count;
}

static void log_trigger(const struct view *view, const struct event_trigger *event)
{
    char scope[SCOPE_TEXT_MAX];
    char escaped[SCOPE_TEXT_MAX];
    char incident[INCIDENT_TEXT_MAX] = "-"; /* of one that does not kill, or finds it killed */

    config_scope_name(view->from.config, event->scope, scope);
    if (event->incident != 0)
        incident_print(incident, event->incident);
    log_line(LOG_WARN, "trigger", trigger_says((enum trigger_id)event->trigger),
             "name=%s action=%s scope=%s incident=%s",
             trigger_name((enum trigger_id)event->trigger),
             trigger_action_name((enum trigger_action)event->action),
             log_escape(escaped, sizeof escaped, scope), incident);
}

/* A trigger's kill has a name before its KILL_SEEN comes. */
static void take_trigger(struct view *view, const struct lane_record *record,
                         const struct event_trigger *event)
{
    struct view_kill *kill;

    if (event->trigger >= TRIGGER_COUNT)
        return;
    log_trigger(view, event);
    view->counters.triggers[event->trigger]++;
    view->trigger = *event;
    view->trigger_ns = record->at_ns;
    model_changed(view, VIEW_STATUS);
    if (event->incident == 0)
        return;
    kill = model_kill_open(view, event->incident, event->scope);
    kill->noted = true;
    kill->at_ns = record->at_ns;
    kill->ns_to_block = 0; /* the engine itself blocked, in the step that saw it */
    (void)snprintf(kill->actor, sizeof kill->actor, "trigger/%s",
                   trigger_name((enum trigger_id)event->trigger));
    copy_text(kill->reason, sizeof kill->reason, trigger_says((enum trigger_id)event->trigger));
    model_changed(view, VIEW_KILL);
}

static void take_flatten(struct view *view, const struct lane_record *record,
                         const struct event_flatten *event)
{
    struct view_kill *kill = model_kill(view, event->incident);

    (void)record;
    if (!kill)
        return;
    kill->flatten = true;
    kill->flattened = *event;
    model_changed(view, VIEW_KILL);
}

static void take_funding(struct view *view, const struct lane_record *record,
                         const struct event_funding *event)
{
    (void)record, (void)event;
    model_changed(view, VIEW_PNL);
}

/* The positions say it themselves. */
static void take_drift(struct view *view, const struct lane_record *record,
                       const struct event_drift *event)
{
    (void)record, (void)event;
    model_changed(view, VIEW_POSITIONS);
}

static void take_parameters(struct view *view, const struct lane_record *record,
                            const struct event_parameters *event)
{
    struct view_switch *row = &view->strategy[event->strategy % MAX_STRATEGIES];

    (void)record;
    if (event->parameter < PARAMETER_COUNT)
        parameter_set(&row->now.params[event->instrument % MAX_INSTRUMENTS],
                      (enum parameter_id)event->parameter, event->value);
    model_changed(view, VIEW_STRATEGIES);
}

/* An order of an earlier run that may be alive: from now on one of this run. What the gate answered
 * then is in the audit, and so is who sent it, unless the list has it still. */
static void take_order_carried(struct view *view, const struct lane_record *record,
                               const struct event_order_carried *event)
{
    struct view_order *order = view_orders_find(&view->orders, event->order_id);

    if (order && !order->is_earlier)
        return;
    if (!order)
        order = view_orders_add_aged(&view->orders, event->order_id, event->sent_ns);
    order->is_earlier = false;
    order->seq = event->order_seq;
    order->price_ticks = event->price_ticks;
    order->qty_lots = event->qty_lots;
    order->filled_lots = event->filled_lots;
    order->leaves_lots =
        event->qty_lots > event->filled_lots ? event->qty_lots - event->filled_lots : 0;
    order->amend_qty_lots = event->amend_qty_lots;
    order->sent_ns = event->sent_ns;
    order->acked_ns = event->acked_ns;
    order->instrument = event->instrument;
    order->strategy = event->strategy;
    order->side = event->side;
    order->type = event->type;
    order->tif = event->tif;
    order->flags = event->flags;
    order->state = event->state;
    order->average_e8_ticks = carried_average_e8_ticks(event);
    if (order->actor[0] == '\0')
        copy_text(order->actor, sizeof order->actor,
                  event->flags & ORDER_EXTERNAL
                      ? "external"
                      : view->from.config->strategy[event->strategy].name);
    view->counters.open_orders++;
    view->counters.unknown_orders += event->state == ORDER_UNKNOWN;
    order->unknown_ns = record->at_ns;
    model_changed(view, VIEW_ORDERS);
}

/* Telemetry shows the figures, and newer ones; the counts behind them are taken from its rows. */
static void take_money(struct view *view, const struct lane_record *record,
                       const struct event_money *event)
{
    (void)view, (void)record, (void)event;
}

static void take_state_hash(struct view *view, const struct lane_record *record,
                            const struct event_state_hash *event)
{
    (void)view, (void)record, (void)event;
}

/* Copied out: a payload read from disk need not be aligned. */
void model_event(struct view *view, const struct lane_record *record, const void *payload)
{
    union {
#define EVENT(ID, name) struct event_##name name;
#include "tables/events.def"
#undef EVENT
    } event;

    memset(&event, 0, sizeof event);
    memcpy(&event, payload, record->length < sizeof event ? record->length : sizeof event);
    if (record->kind == EVENT_MONEY)
        tallies_stated(&view->tallies, payload, record->length);
    switch (record->kind) {
#define EVENT(ID, name)                                                                            \
    case ID:                                                                                       \
        take_##name(view, record, &event.name);                                                    \
        break;
#include "tables/events.def"
#undef EVENT
    default:
        break;
    }
}

void model_telemetry(struct view *view, const void *message)
{
    uint8_t kind = *(const uint8_t *)message;

    view->telemetry_mono_ns = clock_mono_ns();
    if (kind == TELEMETRY_BOOK) {
        const struct telemetry_book *book = message;

        view->books[book->instrument % MAX_INSTRUMENTS] = *book;
        model_changed(view, VIEW_BOOKS);
    } else if (kind == TELEMETRY_PNL) {
        view->pnl = *(const struct telemetry_pnl *)message;
        model_changed(view, VIEW_PNL);
        model_changed(view, VIEW_POSITIONS);
    }
}
