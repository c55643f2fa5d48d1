#include "engine_state.h"

#include "base/assert.h"

#include <string.h>

static size_t aligned(size_t size)
{
    return (size + CACHE_LINES_APART - 1) & ~(size_t)(CACHE_LINES_APART - 1);
}

size_t engine_size(const struct engine_config *config)
{
    return aligned(sizeof(struct engine)) + config->scopes.instruments * aligned(book_size());
}

/* --- start --- */

static void init_books(struct engine *engine, uint8_t *memory)
{
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++) {
        engine->books[at] = (struct book *)(void *)(memory + at * aligned(book_size()));
        book_init(engine->books[at], at);
        engine->shown_update_id[at] = -1;
    }
}

static void init_oms(struct engine *engine)
{
    const struct engine_config *config = &engine->config;
    struct oms *oms = &engine->oms;

    oms->scopes = config->scopes;
    oms->instruments = config->instrument;
    oms->gateways = config->gateways;
    memcpy(oms->venue_gateway, config->venue_gateway, sizeof oms->venue_gateway);
    oms->events = engine->io.events;
    memcpy(oms->rings, engine->io.orders, sizeof oms->rings);
    oms->order_ack = engine->io.order_ack;
    oms->fill_latency = engine->io.fill_latency;
    memcpy(oms->limits, config->limits, sizeof oms->limits);
    memcpy(oms->caps, config->caps, sizeof oms->caps);
    memcpy(oms->limits_generation, config->limits_generation, sizeof oms->limits_generation);
    oms->generation = config->generation;
    oms->id_prefix = (uint64_t)config->instance << 20 | config->epoch;
    oms->rules = (struct oms_rules){
        .self_match =
            config->rules.cancel_old_on_self_match ? SELF_MATCH_CANCEL_OLD : SELF_MATCH_CANCEL_NEW,
        .ack_timeout_ns = config->rules.ack_timeout_ns,
        .query_every_ns = config->rules.query_every_ns,
        .void_after_ns = config->rules.void_after_ns,
        .batch_messages = config->rules.batch_messages,
        .batch_wait_ns = config->rules.batch_wait_ns,
        .virtual_time = config->rules.virtual_time,
    };
    memcpy(oms->rules.trigger, config->rules.trigger, sizeof oms->rules.trigger);
    seen_init(&oms->seen, engine->io.kill, engine->io.events, LANE_RESERVE_BYTES);
    for (uint16_t at = 0; at < config->scopes.strategies; at++)
        memcpy(oms->permitted[at], config->strategy[at].instruments, sizeof oms->permitted[at]);
    accounts_init(&oms->accounts, config->scopes, config->instrument, config->currency,
                  config->currencies, config->capital_e8, config->day_start_ns);
    oms->tally.day_start_ns = config->day_start_ns;
    order_pool_init(&oms->pool);
}

/* What was in force when the program last ran is in force again, and said. */
static void restore_scopes(struct engine *engine)
{
    struct oms *oms = &engine->oms;

    for (uint16_t scope = 0; scope < scope_count(engine->config.scopes); scope++) {
        struct event_limits_applied limits = {.generation = oms->limits_generation[scope],
                                              .scope = scope,
                                              .limits = oms->limits[scope]};
        struct event_state_changed state = {.incident = engine->config.initial[scope].incident,
                                            .version = engine->config.initial[scope].version,
                                            .scope = scope,
                                            .state = (uint8_t)engine->config.initial[scope].state};

        oms->states[scope] = (struct scope_state){.state = engine->config.initial[scope].state,
                                                  .version = state.version,
                                                  .incident = state.incident,
                                                  .served = state.incident};
        oms_emit(oms, EVENT_LIMITS_APPLIED, &limits, sizeof limits);
        oms_emit(oms, EVENT_STATE_CHANGED, &state, sizeof state);
    }
}

struct engine *engine_init(void *memory, const struct engine_config *config, struct engine_io io,
                           int64_t now_ns)
{
    struct engine *engine = memory;
    struct event_start start = {.epoch = config->epoch, .config_hash = config->config_hash};

    assert(((uintptr_t)memory & (CACHE_LINES_APART - 1)) == 0);
    assert(config->scopes.instruments <= MAX_INSTRUMENTS && config->gateways <= MAX_GATEWAYS);
    assert(config->scopes.venues <= MAX_VENUES && config->scopes.strategies <= MAX_STRATEGIES);
    assert(config->epoch < MAX_EPOCH && config->instance < MAX_INSTANCE);
    assert(config->scopes.strategies >= 1 && config->currencies <= MAX_CURRENCIES);
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        assert(gate_limits_hold(&config->limits[scope]) && gate_limits_hold(&config->caps[scope]));
    memset(engine, 0, sizeof *engine);
    engine->config = *config;
    engine->io = io;
    init_books(engine, (uint8_t *)memory + aligned(sizeof *engine));
    init_oms(engine);
    engine->oms.now_ns = now_ns;
    engine_record_start(engine, now_ns);
    start.scopes = scope_count(config->scopes);
    oms_emit(&engine->oms, EVENT_START, &start, sizeof start);
    restore_scopes(engine);
    engine_state_strategies(engine);
    return engine;
}

/* --- a step --- */

static inline void note_input(struct engine *engine, enum input_kind kind, const void *payload,
                              size_t length, int64_t now_ns)
{
    if (engine->config.rules.record != RECORD_NONE)
        engine_record(engine, kind, payload, length, now_ns);
}

static void begin(struct engine *engine, int64_t now_ns, uint64_t cause)
{
    engine->oms.now_ns = now_ns;
    engine->oms.cause = cause;
    engine->oms.sent_in_step = 0;
    engine->ran = 0;
    seen_begin(&engine->oms.seen, now_ns);
    oms_kill(&engine->oms);
}

uint64_t engine_kill(struct engine *engine, int64_t now_ns)
{
    note_input(engine, INPUT_KILL, NULL, 0, now_ns);
    begin(engine, now_ns, 0);
    oms_publish(&engine->oms);
    return engine->oms.seen.doorbell;
}

void engine_publish_kill(struct engine *engine, uint64_t doorbell, int64_t block_ns)
{
    struct kill_page *page = engine->io.kill;

    oms_publish_all(&engine->oms);
    for (uint16_t at = 0; at < engine->config.gateways; at++)
        atomic_store_explicit(&page->block_at[at], ring_published(engine->io.orders[at]),
                              memory_order_relaxed);
    atomic_store_explicit(&page->last_order_seq, engine->oms.order_seq, memory_order_relaxed);
    atomic_store_explicit(&page->engine_seen_ns, block_ns, memory_order_relaxed);
    /* Pairs with the acquire of whoever waits for the answer: all of the above is there. */
    atomic_store_explicit(&page->engine_seen, doorbell, memory_order_release);
}

bool engine_has_room(struct engine *engine)
{
    return lane_has_room(engine->io.events, LANE_STEP_BYTES);
}

static struct reference reference_of(const struct engine *engine, uint16_t instrument)
{
    const struct book *book = engine->books[instrument];
    struct touch touch = book_touch(book);

    return (struct reference){.bid_ticks = touch.bid.price_ticks,
                              .ask_ticks = touch.ask.price_ticks,
                              .book_ns = book_received_ns(book),
                              .venue_ns = engine->venue_ns[instrument],
                              .venue_moved_ns = engine->venue_moved_ns[instrument],
                              .stale = book_is_stale(book),
                              .lost = book_status(book) == BOOK_LOST};
}

/* --- strategies --- */

/* Its own working orders in an instrument; returns how many. */
static uint32_t look_at_orders(struct engine *engine, uint16_t strategy, uint16_t instrument,
                               struct working working[WORKING_MAX])
{
    struct order_pool *pool = &engine->oms.pool;
    uint32_t count = 0;

    for (struct order *order = order_cell_first(pool, strategy, instrument);
         order && count < WORKING_MAX; order = order_cell_next(pool, order))
        working[count++] = (struct working){.order_id = order->id,
                                            .price_ticks = order->price_ticks,
                                            .leaves_lots = order_leaves_lots(order),
                                            .filled_lots = order->filled_lots,
                                            .sent_ns = order->sent_ns,
                                            .side = order->side,
                                            .state = order->state};
    return count;
}

static int64_t other_of(const struct engine *engine, uint16_t strategy, uint16_t instrument)
{
    return strategy_other(engine->config.strategy[strategy].kind,
                          &engine->config.strategy[strategy].params[instrument], instrument);
}

static void look_at_other(struct engine *engine, uint16_t strategy, uint16_t instrument,
                          struct strategy_leg *leg)
{
    leg->instrument = instrument;
    leg->row = &engine->config.instrument[instrument];
    leg->book = engine->books[instrument];
    leg->position_lots = engine->oms.accounts.own[strategy][instrument].lots;
    leg->working_count = look_at_orders(engine, strategy, instrument, leg->working);
}

static void look(struct engine *engine, uint16_t strategy, uint16_t instrument, bool stale,
                 struct strategy_view *view)
{
    int64_t other = other_of(engine, strategy, instrument);

    view->now_ns = engine->oms.now_ns;
    view->strategy = strategy;
    view->instrument = instrument;
    view->row = &engine->config.instrument[instrument];
    view->book = engine->books[instrument];
    view->stale = stale;
    view->position_lots = engine->oms.accounts.own[strategy][instrument].lots;
    view->working_count = look_at_orders(engine, strategy, instrument, view->working);
    view->has_other = other != NO_INSTRUMENT;
    if (view->has_other)
        look_at_other(engine, strategy, (uint16_t)other, &view->other);
}

static void cancel_intent(struct engine *engine, const struct intent *intent)
{
    struct order *order = order_find(&engine->oms.pool, intent->order_id);

    if (order && order->strategy == intent->strategy)
        oms_cancel(&engine->oms, order); /* a full ring: it will want the same on the next update */
}

/* False when the gate has denied. */
static bool amend_intent(struct engine *engine, const struct intent *intent,
                         const struct reference *reference)
{
    struct order *order = order_find(&engine->oms.pool, intent->order_id);
    struct command_amend_order amend = {.order_id = intent->order_id,
                                        .price_ticks = intent->price_ticks,
                                        .qty_lots = intent->qty_lots};
    struct verdict verdict;
    uint64_t denial_id;

    if (!order || order->strategy != intent->strategy)
        return true; /* it has ended: nothing to amend */
    return oms_amend(&engine->oms, order, &amend, reference, &denial_id, &verdict) != ERR_DENIED;
}

/* False when the gate has denied: the rest of what it wanted is not asked. `reference` is that of
 * the instrument whose update this is; an intent for the other leg takes its own. */
static bool obey_intent(struct engine *engine, struct intent *intent, uint16_t instrument,
                        const struct reference *reference)
{
    struct reference own;
    struct verdict verdict;
    uint64_t order_id;

    if (intent->kind == INTENT_CANCEL) {
        cancel_intent(engine, intent);
        return true;
    }
    assert(intent->instrument < engine->config.scopes.instruments);
    /* A journal that is nearly full is not asked: each denial would be one more record in it, and
     * at full speed those alone would keep it full. Cancels went through above. */
    if (!oms_journal_is_ready(&engine->oms))
        return false;
    if (intent->instrument != instrument) {
        own = reference_of(engine, intent->instrument);
        reference = &own;
    }
    if (intent->kind == INTENT_AMEND)
        return amend_intent(engine, intent, reference);
    intent->flags &= ORDER_ASKED_FLAGS;
    return oms_submit(&engine->oms, intent, reference, &order_id, &verdict) == SUBMIT_SENT;
}

static bool may_act(const struct engine *engine, uint16_t strategy, uint16_t instrument)
{
    return !engine->oms.stopping &&
           engine_effective_state(engine, instrument, strategy) != STATE_HALTED &&
           engine->cells[strategy][instrument].paused_until_ns <= engine->oms.now_ns;
}

/* In every instrument that it trades from there. */
static bool may_trade(const struct engine *engine, uint16_t strategy, uint16_t instrument)
{
    int64_t other = other_of(engine, strategy, instrument);

    return may_act(engine, strategy, instrument) &&
           (other == NO_INSTRUMENT || may_act(engine, strategy, (uint16_t)other));
}

/* Calls a strategy in `instrument` because of an update of `updated`, which is that or its other
 * leg. */
static void run_strategy(struct engine *engine, uint16_t strategy, uint16_t instrument,
                         uint16_t updated, bool stale, const struct reference *reference)
{
    struct cell *cell = &engine->cells[strategy][instrument];
    struct intent intents[MAX_INTENTS];
    struct strategy_view view;
    uint32_t wanted;

    look(engine, strategy, instrument, stale, &view);
    engine->ran |= 1U << strategy;
    wanted = strategy_step(engine->config.strategy[strategy].kind,
                           &engine->config.strategy[strategy].params[instrument], &cell->state,
                           &view, intents);
    assert(wanted <= MAX_INTENTS);
    for (uint32_t at = 0; at < wanted; at++)
        if (!obey_intent(engine, &intents[at], updated, reference)) {
            cell->paused_until_ns = engine->oms.now_ns + DENIAL_PAUSE_NS;
            return;
        }
}

/* The first legs whose other leg has been updated. */
static void run_first_legs(struct engine *engine, uint16_t strategy, uint16_t updated, bool stale,
                           const struct reference *reference)
{
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        if (engine->oms.permitted[strategy][at] && other_of(engine, strategy, at) == updated &&
            (stale || may_trade(engine, strategy, at)))
            run_strategy(engine, strategy, at, updated, stale, reference);
}

static void run_strategies(struct engine *engine, uint16_t instrument, bool stale)
{
    struct reference reference = reference_of(engine, instrument);

    for (uint16_t at = STRATEGY_MANUAL + 1; at < engine->config.scopes.strategies; at++) {
        if (!engine->config.strategy[at].enabled || !engine->oms.permitted[at][instrument] ||
            !(stale || may_act(engine, at, instrument)))
            continue;
        if (stale || may_trade(engine, at, instrument))
            run_strategy(engine, at, instrument, instrument, stale, &reference);
        if (strategy_kind_has_other(engine->config.strategy[at].kind))
            run_first_legs(engine, at, instrument, stale, &reference);
    }
}

/* Nobody quotes on a book that is not there: strategies are told, and whatever they leave resting
 * is cancelled for them. People's orders stay. */
static void pull_quotes(struct engine *engine, uint16_t instrument)
{
    struct oms *oms = &engine->oms;

    run_strategies(engine, instrument, true);
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (order->instrument == instrument && order->strategy != STRATEGY_MANUAL)
            oms_cancel(oms, order);
    }
    engine->pulled[instrument] = true;
}

/* --- market --- */

static void say_status(struct engine *engine, uint16_t instrument, int64_t expected_id,
                       const struct market_update *update)
{
    struct event_book_status event = {.update_id = update->update_id,
                                      .expected_id = expected_id,
                                      .instrument = instrument,
                                      .status = (uint8_t)book_status(engine->books[instrument])};

    oms_emit(&engine->oms, EVENT_BOOK_STATUS, &event, sizeof event);
}

static void book_moved(struct engine *engine, uint16_t instrument)
{
    struct touch touch = book_touch(engine->books[instrument]);

    if (touch.bid.price_ticks > 0 && touch.ask.price_ticks > 0) {
        accounts_touch(&engine->oms.accounts, instrument, touch.bid.price_ticks,
                       touch.ask.price_ticks, engine->oms.now_ns);
        oms_mark(&engine->oms, instrument,
                 (touch.bid.price_ticks + touch.ask.price_ticks) * (PRICE_ONE_E8 / 2));
    }
    engine->pulled[instrument] = false;
    run_strategies(engine, instrument, false);
}

static void take_depth(struct engine *engine, const struct market_update *update)
{
    struct book *book = engine->books[update->instrument];
    enum book_status before = book_status(book);
    int64_t expected_id = book_update_id(book);
    enum book_result result = book_apply(book, update);

    if (result == BOOK_APPLIED && update->venue_ns > engine->venue_ns[update->instrument]) {
        engine->venue_ns[update->instrument] = update->venue_ns;
        engine->venue_moved_ns[update->instrument] = engine->oms.now_ns;
    }

    if (book_status(book) != before)
        say_status(engine, update->instrument, expected_id, update);
    if (result == BOOK_APPLIED && !book_is_stale(book))
        book_moved(engine, update->instrument);
    else if (book_is_stale(book) && !engine->pulled[update->instrument])
        pull_quotes(engine, update->instrument);
}

static void lose_book(struct engine *engine, const struct market_update *update,
                      enum book_status status)
{
    struct book *book = engine->books[update->instrument];
    int64_t expected_id = book_update_id(book);

    if (book_status(book) == status)
        return;
    book_mark(book, status);
    say_status(engine, update->instrument, expected_id, update);
    pull_quotes(engine, update->instrument);
}

void engine_market(struct engine *engine, const struct market_update *update, int64_t now_ns)
{
    assert(update->instrument < engine->config.scopes.instruments);
    note_input(engine, INPUT_MARKET, update, market_update_size(update), now_ns);
    begin(engine, now_ns, 0);
    switch (update->kind) {
    case MARKET_SNAPSHOT:
    case MARKET_DELTA:
        take_depth(engine, update);
        break;
    case MARKET_LOST:
        lose_book(engine, update, BOOK_LOST);
        break;
    case MARKET_ENDED:
        lose_book(engine, update, BOOK_ENDED);
        break;
    case MARKET_MARK:
        oms_venue_mark(&engine->oms, update->instrument, update->levels[0].price_ticks);
        break;
    default: /* trades and tickers serve the simulated venue and the self-check */
        break;
    }
    oms_publish(&engine->oms);
}

void engine_execution(struct engine *engine, const struct execution *execution, int64_t now_ns)
{
    note_input(engine, INPUT_EXECUTION, execution, sizeof *execution, now_ns);
    begin(engine, now_ns, 0);
    oms_report(&engine->oms, execution);
    oms_publish(&engine->oms);
}

/* --- commands --- */

/* A person's reduce-only order is the way out of a halted scope, but not of a program that ends. */
static uint8_t flags_of(const struct engine *engine, const struct intent *intent)
{
    uint8_t asked = intent->flags & ORDER_ASKED_FLAGS;
    bool halted =
        engine_effective_state(engine, intent->instrument, intent->strategy) == STATE_HALTED &&
        !engine->oms.stopping;

    return (asked & ORDER_REDUCE_ONLY) && halted && intent->strategy == STRATEGY_MANUAL
               ? asked | ORDER_EXIT
               : asked;
}

static enum status obey_new_order(struct engine *engine, const struct command *command,
                                  struct event_command_done *done)
{
    struct intent intent = command->new_order.intent;
    struct reference reference;
    struct verdict verdict;

    if (intent.instrument >= engine->config.scopes.instruments ||
        intent.strategy >= engine->config.scopes.strategies || intent.side > SIDE_SELL ||
        intent.type > TYPE_MARKET || intent.tif > TIF_FOK)
        return ERR_MALFORMED;
    intent.flags = flags_of(engine, &intent);
    intent.cause = command->id;
    reference = reference_of(engine, intent.instrument);
    if (oms_submit(&engine->oms, &intent, &reference, &done->value, &verdict) == SUBMIT_SENT)
        return OK;
    done->denial = verdict.denial;
    return ERR_DENIED;
}

static enum status obey_amend(struct engine *engine, const struct command *command,
                              struct event_command_done *done)
{
    const struct command_amend_order *amend = &command->amend_order;
    struct order *order = order_find(&engine->oms.pool, amend->order_id);
    struct reference reference;
    struct verdict verdict = {0};
    enum status status;

    done->value = amend->order_id;
    if (!order)
        return ERR_NOT_FOUND;
    reference = reference_of(engine, order->instrument);
    status = oms_amend(&engine->oms, order, amend, &reference, &done->value, &verdict);
    done->denial = verdict.denial;
    return status;
}

static enum status obey_cancel(struct engine *engine, const struct command *command,
                               struct event_command_done *done)
{
    struct order *order = order_find(&engine->oms.pool, command->cancel_order.order_id);

    done->value = command->cancel_order.order_id;
    if (!order)
        return ERR_NOT_FOUND;
    if (order_state_is_terminal((enum order_state)order->state))
        return ERR_CONFLICT;
    return oms_cancel(&engine->oms, order) ? OK : ERR_UNAVAILABLE;
}

static enum status obey_cancel_all(struct engine *engine, const struct command *command,
                                   struct event_command_done *done)
{
    struct oms *oms = &engine->oms;
    uint16_t scope = command->cancel_all.scope;

    if (scope >= scope_count(engine->config.scopes))
        return ERR_UNKNOWN_SCOPE;
    done->value = oms_live_in_scope(oms, scope);
    return oms_cancel_scope(oms, scope) == 0 ? OK : ERR_UNAVAILABLE;
}

static void refer(const struct engine *engine, struct reference references[MAX_INSTRUMENTS])
{
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        references[at] = reference_of(engine, at);
}

static enum status obey_flatten(struct engine *engine, const struct command *command)
{
    struct reference references[MAX_INSTRUMENTS];
    enum status status = oms_flatten(&engine->oms, &command->flatten);

    if (status != OK)
        return status;
    refer(engine, references);
    oms_flatten_turn(&engine->oms, references);
    return OK;
}

/* While it may trade, what is adopted may be a fill that is on its way: it would count twice. */
static enum status obey_settle_drift(struct engine *engine,
                                     const struct command_settle_drift *settle)
{
    if (settle->instrument >= engine->config.scopes.instruments)
        return ERR_NOT_FOUND;
    if (settle->adopt &&
        engine_effective_state(engine, settle->instrument, STRATEGY_MANUAL) != STATE_HALTED)
        return ERR_CONFLICT;
    return oms_settle_drift(&engine->oms, settle);
}

static enum status obey_stop(struct engine *engine, const struct command *command)
{
    engine->oms.stopping = true;
    if (command->stop.cancel_orders)
        oms_cancel_scope(&engine->oms, scope_of_firm());
    return OK;
}

/* The last word of a command to stop, and of the last such command the last of the run. */
static void say_stop(struct engine *engine)
{
    struct event_stop event = {.last_order_seq = engine->oms.order_seq,
                               .open_orders = engine->oms.pool.live_count};

    engine_say_money(engine);
    engine_say_hash(engine);
    oms_emit(&engine->oms, EVENT_STOP, &event, sizeof event);
}

static enum status obey(struct engine *engine, const struct command *command,
                        struct event_command_done *done)
{
    switch (command->kind) {
    case COMMAND_SET_LIMITS:
        return oms_set_limits(&engine->oms, &command->set_limits, &done->value);
    case COMMAND_SET_STATE:
        return oms_set_state(&engine->oms, &command->set_state);
    case COMMAND_NEW_ORDER:
        return obey_new_order(engine, command, done);
    case COMMAND_CANCEL_ORDER:
        return obey_cancel(engine, command, done);
    case COMMAND_CANCEL_ALL:
        return obey_cancel_all(engine, command, done);
    case COMMAND_STOP:
        return obey_stop(engine, command);
    case COMMAND_AMEND_ORDER:
        return obey_amend(engine, command, done);
    case COMMAND_FLATTEN:
        return obey_flatten(engine, command);
    case COMMAND_SET_STRATEGY:
        return engine_set_strategy(engine, &command->set_strategy, &done->value);
    case COMMAND_SETTLE_DRIFT:
        return obey_settle_drift(engine, &command->settle_drift);
    default:
        return ERR_NOT_IMPLEMENTED;
    }
}

void engine_command(struct engine *engine, const struct command *command, int64_t now_ns)
{
    struct event_command_done done = {.command_id = command->id};

    note_input(engine, INPUT_COMMAND, command, command_size(command), now_ns);
    begin(engine, now_ns, command->id);
    if (command->kind == COMMAND_BEAT) {
        oms_note_beat(&engine->oms, &command->beat);
    } else {
        done.status = (uint8_t)obey(engine, command, &done);
        oms_emit(&engine->oms, EVENT_COMMAND_DONE, &done, sizeof done);
    }
    if (command->kind == COMMAND_STOP)
        say_stop(engine);
    oms_publish(&engine->oms);
}

/* --- time --- */

static void pull_quiet_books(struct engine *engine, int64_t now_ns)
{
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        if (!engine->pulled[at] && book_received_ns(engine->books[at]) != 0 &&
            now_ns - book_received_ns(engine->books[at]) > QUIET_BOOK_NS)
            pull_quotes(engine, at);
}

static void look_around(struct engine *engine, int64_t now_ns)
{
    struct reference references[MAX_INSTRUMENTS];

    refer(engine, references);
    oms_resolve(&engine->oms);
    oms_chase_killed(&engine->oms);
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        oms_trim_reduce_only(&engine->oms, at); /* what found the ring full */
    engine_chase_disabled(engine);
    pull_quiet_books(engine, now_ns);
    oms_look(&engine->oms, references);
    oms_flatten_turn(&engine->oms, references);
    oms_flush_denials(&engine->oms);
    engine_say_state(engine);
    telemetry_send(engine, now_ns);
}

/* Else time alone changes nothing. What is run again was due: it has been recorded. */
static bool is_due(const struct engine *engine, int64_t now_ns)
{
    const struct oms *oms = &engine->oms;
    bool batched = false;

    for (uint16_t at = 0; at < engine->config.gateways; at++)
        batched |= oms->outbox[at].messages != 0;
    return batched || oms->seen.script || now_ns - engine->slow_timer_ns >= SLOW_TIMER_NS ||
           now_ns >= oms->accounts.day_start_ns + TRADING_DAY_NS ||
           kill_page_doorbell(oms->seen.page) != oms->seen.doorbell;
}

void engine_timer(struct engine *engine, int64_t now_ns)
{
    int64_t day_start_ns = engine->oms.accounts.day_start_ns;

    if (!is_due(engine, now_ns))
        return;
    note_input(engine, INPUT_TIMER, NULL, 0, now_ns);
    begin(engine, now_ns, 0);
    accounts_roll(&engine->oms.accounts, now_ns);
    tally_roll(&engine->oms.tally, engine->oms.accounts.day_start_ns);
    if (engine->oms.accounts.day_start_ns != day_start_ns)
        engine_say_money(engine);
    if (now_ns - engine->slow_timer_ns >= SLOW_TIMER_NS) {
        engine->slow_timer_ns = now_ns;
        look_around(engine, now_ns);
    }
    oms_publish(&engine->oms);
}

void engine_overran(struct engine *engine, int64_t now_ns)
{
    uint32_t ran = engine->ran;

    note_input(engine, INPUT_OVERRAN, NULL, 0, now_ns);
    begin(engine, now_ns, 0);
    for (uint16_t at = STRATEGY_MANUAL + 1; at < engine->config.scopes.strategies; at++)
        if (ran & 1U << at)
            engine_enable_strategy(engine, at, false);
    oms_publish(&engine->oms);
}

/* --- plain reads --- */

void engine_look(struct engine *engine, uint16_t strategy, uint16_t instrument,
                 struct strategy_view *view)
{
    look(engine, strategy, instrument, book_is_stale(engine->books[instrument]), view);
}

const struct book *engine_book(const struct engine *engine, uint16_t instrument)
{
    return engine->books[instrument];
}

const struct position *engine_position(const struct engine *engine, uint16_t instrument)
{
    return &engine->oms.accounts.total[instrument];
}

uint64_t engine_orders_sent(const struct engine *engine)
{
    return engine->oms.order_seq;
}

uint32_t engine_open_orders(const struct engine *engine)
{
    return engine->oms.pool.live_count;
}

enum trading_state engine_effective_state(const struct engine *engine, uint16_t instrument,
                                          uint16_t strategy)
{
    struct scope_map map = engine->config.scopes;
    struct order_scopes scopes = {
        .firm = scope_of_firm(),
        .venue = scope_of_venue(map, engine->config.instrument[instrument].venue),
        .strategy = scope_of_strategy(map, strategy),
        .instrument = scope_of_instrument(map, instrument),
    };

    return oms_effective_state(&engine->oms, scopes);
}
