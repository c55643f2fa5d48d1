/* What a line does. */
#include "scenario/words.h"

#include <stdio.h>
#include <string.h>

/* ---- shaping the day -------------------------------------------------------------------- */

static void verb_latency(struct story *story, struct words *words)
{
    story->rig->order_latency_ns = words_time(story, words);
    story->rig->ack_latency_ns = words_time(story, words);
}

static void verb_fees(struct story *story, struct words *words)
{
    int64_t maker = words_decimal(story, words, "a ratio");
    int64_t taker = words_decimal(story, words, "a ratio");

    for (unsigned at = 0; at < RIG_INSTRUMENTS; at++) {
        story->rig->config.instrument[at].maker_fee_e8 = maker;
        story->rig->config.instrument[at].taker_fee_e8 = taker;
    }
}

static void verb_patience(struct story *story, struct words *words)
{
    struct engine_rules *rules = &story->rig->config.rules;

    rules->ack_timeout_ns = rules->query_every_ns = words_time(story, words);
    rules->void_after_ns = words_time(story, words);
}

/* The venue is fed by the rig, not the engine by the venue: no fault can be on data. */
static struct fault_rule fault_of(struct story *story, struct words *words)
{
    const char *on = words_next(story, words, "what the fault is on");
    const char *does = words_next(story, words, "what the fault does");
    enum fault_kind kind;
    enum fault_verb verb;

    if (!fault_kind_find(on, &kind) || !fault_verb_find(does, &verb) ||
        !(fault_verb_row(verb)->kinds & ~FAULTS_DATA & (1U << kind)))
        story_fail(story, "no fault '%s' on '%s'", does, on);
    return fault_rule(kind, verb);
}

static void verb_fault(struct story *story, struct words *words)
{
    struct rig *rig = story->rig;
    struct fault_rule rule = fault_of(story, words);

    rule.nth = 1;
    if (words_take(words, "nth"))
        rule.nth = (uint32_t)words_integer(story, words, "which of them");
    if (words_take(words, "for"))
        rule.for_ns = words_time(story, words);
    if (words_take(words, "code"))
        rule.code = words_integer(story, words, "a code");
    if (rig->fault_count == RIG_FAULTS_MAX)
        story_fail(story, "more than %d faults", RIG_FAULTS_MAX);
    rig->faults[rig->fault_count++] = rule;
}

static void set_param(struct story *story, struct strategy_params *params, const char *key,
                      const char *value)
{
    const struct {
        const char *key;
        int64_t *param;
        uint32_t scale;
        int64_t unit;
    } rows[] = {{"order", &params->order_lots, 0, 1},
                {"max", &params->max_position_lots, 0, 1},
                {"half_spread", &params->half_spread_ticks, 0, 1},
                {"requote", &params->requote_ticks, 0, 1},
                {"life_ms", &params->min_quote_life_ns, 0, 1000000},
                {"fast_ms", &params->fast_ns, 0, 1000000},
                {"slow_ms", &params->slow_ns, 0, 1000000},
                {"entry", &params->entry_e8, 8, 1},
                {"cooldown_ms", &params->cooldown_ns, 0, 1000000}};

    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++)
        if (strcmp(rows[at].key, key) == 0) {
            *rows[at].param = parse_decimal(story, value, rows[at].scale, key) * rows[at].unit;
            return;
        }
    story_fail(story, "a strategy has no '%s'", key);
}

static void verb_strategy(struct story *story, struct words *words)
{
    uint16_t strategy = words_strategy(story, words);
    struct engine_config *config = &story->rig->config;

    config->strategy[strategy].enabled = true;
    while (words_left(words)) {
        char *pair = words->word[words->at++];
        char *equals = strchr(pair, '=');

        if (!equals)
            story_fail(story, "key=value expected, not '%s'", pair);
        *equals = '\0';
        for (unsigned at = 0; at < RIG_INSTRUMENTS; at++)
            set_param(story, &config->strategy[strategy].params[at], pair, equals + 1);
    }
}

static void verb_permit(struct story *story, struct words *words)
{
    uint16_t strategy = words_strategy(story, words);
    bool none = words_take(words, "none");
    uint16_t instrument = none ? 0 : words_instrument(story, words);

    for (unsigned at = 0; at < RIG_INSTRUMENTS; at++)
        story->rig->config.strategy[strategy].instruments[at] = !none && at == instrument;
}

static int64_t limit_value(struct story *story, struct words *words, enum limit_id id)
{
    if (words_take(words, "null"))
        return LIMIT_DENY;
    if (words_take(words, "unset"))
        return LIMIT_UNSET;
    return parse_decimal(story, words_next(story, words, "a value"),
                         limit_row(id)->type == LIMIT_INTEGER ? 0 : 8, "a value");
}

static void no_limits(struct story *story)
{
    if (story->started)
        story_fail(story, "'limits none' comes before the day starts");
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        story->rig->config.limits[0].value[id] = LIMIT_UNSET;
}

static void verb_limits(struct story *story, struct words *words)
{
    if (!words_take(words, "none"))
        story_fail(story, "'limits none' expected");
    no_limits(story);
}

static void verb_limit(struct story *story, struct words *words)
{
    const char *name = words_next(story, words, "a limit");
    enum limit_id id = limit_find(name, (uint32_t)strlen(name));
    struct command command = {.kind = COMMAND_SET_LIMITS};
    int64_t value;
    uint16_t scope;

    if (id == LIMIT_COUNT)
        story_fail(story, "no limit '%s'", name);
    value = limit_value(story, words, id);
    scope = words_scope(story, words);
    if (!story->started) {
        story->rig->config.limits[scope].value[id] = value;
        return;
    }
    command.set_limits = story->rig->limits[scope];
    command.set_limits.limits.value[id] = value;
    rig_command(story->rig, command);
}

/* ---- the market ------------------------------------------------------------------------- */

union update {
    struct market_update update;
    uint8_t bytes[sizeof(struct market_update) + 64 * sizeof(struct level)];
};

/* Reads PRICE/LOTS,PRICE/LOTS... or -; returns how many. */
static uint16_t read_levels(struct story *story, struct words *words, struct level *levels)
{
    char text[LINE_MAX_BYTES];
    char *rest = text;
    uint16_t count = 0;

    strcpy(text, words_next(story, words, "levels"));
    if (strcmp(text, "-") == 0)
        return 0;
    for (char *pair; (pair = strsep(&rest, ",")) != NULL; count++) {
        char *slash = strchr(pair, '/');

        if (!slash || count == 32)
            story_fail(story, "PRICE/LOTS expected, not '%s'", pair);
        *slash = '\0';
        levels[count].price_ticks = parse_decimal(story, pair, 0, "a price");
        levels[count].qty_lots = parse_decimal(story, slash + 1, 0, "lots");
    }
    return count;
}

static void start_update(struct story *story, union update *out, enum market_kind kind,
                         struct words *words)
{
    out->update = (struct market_update){.kind = (uint8_t)kind,
                                         .instrument = words_instrument(story, words),
                                         .received_ns = story->rig->now_ns,
                                         .venue_ns = story->rig->now_ns};
}

static void read_sides(struct story *story, struct words *words, struct market_update *update)
{
    update->bid_count = read_levels(story, words, update->levels);
    update->ask_count = read_levels(story, words, update->levels + update->bid_count);
}

static void verb_book(struct story *story, struct words *words)
{
    union update out;

    start_update(story, &out, MARKET_SNAPSHOT, words);
    read_sides(story, words, &out.update);
    out.update.update_id = ++story->rig->update_ids[out.update.instrument];
    rig_market(story->rig, &out.update);
}

static void verb_delta(struct story *story, struct words *words)
{
    union update out;
    int64_t *id;

    start_update(story, &out, MARKET_DELTA, words);
    read_sides(story, words, &out.update);
    id = &story->rig->update_ids[out.update.instrument];
    if (words_take(words, "gap"))
        ++*id;
    out.update.prev_update_id = *id;
    out.update.update_id = ++*id;
    rig_market(story->rig, &out.update);
}

static void verb_trade(struct story *story, struct words *words)
{
    union update out;

    start_update(story, &out, MARKET_TRADE, words);
    out.update.flags = words_side(story, words) == SIDE_SELL ? MARKET_BUYER_IS_MAKER : 0;
    out.update.bid_count = 1;
    words_lots_at(story, words, &out.update.levels[0].qty_lots, &out.update.levels[0].price_ticks);
    rig_market(story->rig, &out.update);
}

static void verb_lost(struct story *story, struct words *words)
{
    union update out;

    start_update(story, &out, MARKET_LOST, words);
    rig_market(story->rig, &out.update);
}

static void verb_ended(struct story *story, struct words *words)
{
    union update out;

    start_update(story, &out, MARKET_ENDED, words);
    rig_market(story->rig, &out.update);
}

/* ---- people ----------------------------------------------------------------------------- */

static void name_order(struct story *story, const char *name, uint64_t id)
{
    if (story->named_count == NAMES_MAX || strlen(name) >= NAME_BYTES)
        story_fail(story, "too many orders, or too long a name");
    for (int at = 0; at < story->named_count; at++)
        if (strcmp(story->named[at].name, name) == 0)
            story_fail(story, "there is an order '%s' already", name);
    strcpy(story->named[story->named_count].name, name);
    story->named[story->named_count++].id = id;
    story->subject = id;
}

static void read_order_words(struct story *story, struct words *words, struct intent *intent)
{
    while (words_left(words)) {
        if (words_take(words, "ioc"))
            intent->tif = TIF_IOC;
        else if (words_take(words, "fok"))
            intent->tif = TIF_FOK;
        else if (words_take(words, "post"))
            intent->flags |= ORDER_POST_ONLY;
        else if (words_take(words, "reduce"))
            intent->flags |= ORDER_REDUCE_ONLY;
        else if (words_take(words, "by"))
            intent->strategy = words_strategy(story, words);
        else if (words_take(words, "in"))
            intent->instrument = words_instrument(story, words);
        else
            return; /* words_end says what is wrong */
    }
}

static void verb_submit(struct story *story, struct words *words)
{
    const char *name = words_next(story, words, "a name");
    struct command command = {.kind = COMMAND_NEW_ORDER};
    struct intent *intent = &command.new_order.intent;

    intent->kind = INTENT_NEW;
    intent->side = (uint8_t)words_side(story, words);
    intent->qty_lots = words_integer(story, words, "lots");
    if (words_take(words, "market"))
        intent->type = TYPE_MARKET;
    else if (words_take(words, "@"))
        intent->price_ticks = words_integer(story, words, "a price");
    else
        story_fail(story, "'@ PRICE' or 'market' expected");
    read_order_words(story, words, intent);
    name_order(story, name, rig_command(story->rig, command).value);
}

static void verb_cancel(struct story *story, struct words *words)
{
    struct command command = {.kind = COMMAND_CANCEL_ORDER};

    story->subject = command.cancel_order.order_id = words_order(story, words)->id;
    rig_command(story->rig, command);
}

static void verb_amend(struct story *story, struct words *words)
{
    struct command command = {.kind = COMMAND_AMEND_ORDER};

    story->subject = command.amend_order.order_id = words_order(story, words)->id;
    words_lots_at(story, words, &command.amend_order.qty_lots, &command.amend_order.price_ticks);
    rig_command(story->rig, command);
}

static void verb_cancel_all(struct story *story, struct words *words)
{
    struct command command = {.kind = COMMAND_CANCEL_ALL};

    command.cancel_all.scope = words_scope(story, words);
    rig_command(story->rig, command);
}

static void verb_kill(struct story *story, struct words *words)
{
    uint16_t scope;

    words_next(story, words, "a reason");
    scope = words_scope(story, words);
    rig_kill(story->rig, scope);
}

static void set_state(struct story *story, uint16_t scope, uint8_t state, uint64_t clears)
{
    struct command command = {.kind = COMMAND_SET_STATE};

    command.set_state = story->rig->states[scope];
    command.set_state.scope = scope;
    command.set_state.state = state;
    command.set_state.clears = clears;
    rig_command(story->rig, command);
}

static void verb_resume(struct story *story, struct words *words)
{
    uint16_t scope = words_scope(story, words);
    uint64_t clears = story->rig->states[scope].clears;

    if (words_take(words, "incident"))
        clears = (uint64_t)words_integer(story, words, "an incident");
    set_state(story, scope, STATE_ACTIVE, clears);
}

static void verb_state(struct story *story, struct words *words)
{
    uint16_t scope = words_scope(story, words);

    for (uint8_t state = STATE_ACTIVE; state <= STATE_HALTED; state++)
        if (words_take(words, trading_state_name((enum trading_state)state))) {
            set_state(story, scope, state, 0);
            return;
        }
    story_fail(story, "ACTIVE, REDUCING or HALTED expected");
}

static void verb_stop(struct story *story, struct words *words)
{
    struct command command = {.kind = COMMAND_STOP, .stop = {.cancel_orders = 1}};

    (void)words;
    rig_command(story->rig, command);
}

/* ---- the venue -------------------------------------------------------------------------- */

static void say(struct story *story, struct words *words, enum report report)
{
    const struct rig_order *order = words_order(story, words);
    struct execution execution = {.report = (uint8_t)report,
                                  .side = order->side,
                                  .instrument = order->instrument,
                                  .strategy = order->strategy,
                                  .order_id = order->id,
                                  .venue_ns = story->rig->now_ns,
                                  .received_ns = story->rig->now_ns};

    story->subject = order->id;
    if (report == REPORT_FILL_PART) {
        words_lots_at(story, words, &execution.qty_lots, &execution.price_ticks);
        /* Far from what the simulated venue gives out. */
        execution.exec_id = words_take(words, "exec")
                                ? (uint64_t)words_integer(story, words, "an exec id")
                                : 1000000000000 + ++story->execs;
    }
    rig_execution(story->rig, &execution);
}

static void verb_ack(struct story *story, struct words *words)
{
    say(story, words, REPORT_VENUE_ACK);
}

static void verb_reject(struct story *story, struct words *words)
{
    say(story, words, REPORT_VENUE_REJECT);
}

static void verb_cancelled(struct story *story, struct words *words)
{
    say(story, words, REPORT_VENUE_CANCEL);
}

static void verb_expired(struct story *story, struct words *words)
{
    say(story, words, REPORT_VENUE_EXPIRE);
}

static void verb_cancel_rejected(struct story *story, struct words *words)
{
    say(story, words, REPORT_CANCEL_REJECT);
}

static void verb_timeout(struct story *story, struct words *words)
{
    say(story, words, REPORT_TIMEOUT);
}

static void verb_fill(struct story *story, struct words *words)
{
    say(story, words, REPORT_FILL_PART);
}

static void verb_gateway(struct story *story, struct words *words)
{
    story->rig->gateway_stopped = words_take(words, "stops");
    if (!story->rig->gateway_stopped && !words_take(words, "goes"))
        story_fail(story, "stops or goes expected");
    rig_settle(story->rig);
}

static void verb_venue(struct story *story, struct words *words)
{
    story->rig->venue_silent = words_take(words, "silent");
    if (!story->rig->venue_silent && !words_take(words, "answers"))
        story_fail(story, "silent or answers expected");
}

static void verb_advance(struct story *story, struct words *words)
{
    rig_advance(story->rig, words_time(story, words));
}

/* ---- the table -------------------------------------------------------------------------- */

static const struct {
    const char *word;
    bool shapes; /* only before the day starts */
    void (*tell)(struct story *story, struct words *words);
} verbs[] = {
    {"latency", true, verb_latency},
    {"fees", true, verb_fees},
    {"fault", true, verb_fault},
    {"patience", true, verb_patience},
    {"strategy", true, verb_strategy},
    {"permit", true, verb_permit},
    {"limits", true, verb_limits},
    {"book", false, verb_book},
    {"delta", false, verb_delta},
    {"trade", false, verb_trade},
    {"lost", false, verb_lost},
    {"ended", false, verb_ended},
    {"submit", false, verb_submit},
    {"cancel", false, verb_cancel},
    {"amend", false, verb_amend},
    {"cancel-all", false, verb_cancel_all},
    {"kill", false, verb_kill},
    {"resume", false, verb_resume},
    {"state", false, verb_state},
    {"stop", false, verb_stop},
    {"ack", false, verb_ack},
    {"reject", false, verb_reject},
    {"cancelled", false, verb_cancelled},
    {"expired", false, verb_expired},
    {"cancel-rejected", false, verb_cancel_rejected},
    {"timeout", false, verb_timeout},
    {"fill", false, verb_fill},
    {"gateway", false, verb_gateway},
    {"venue", false, verb_venue},
    {"advance", false, verb_advance},
};

static void start_day(struct story *story)
{
    if (story->started)
        return;
    story->started = true;
    rig_start(story->rig);
}

bool verb_tell(struct story *story, const char *verb, struct words *words)
{
    story->subject = 0;
    if (strcmp(verb, "limit") == 0) { /* shapes the day, and may change within it */
        if (story->started)
            rig_forget(story->rig);
        verb_limit(story, words);
        return true;
    }
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++) {
        if (strcmp(verbs[at].word, verb) != 0)
            continue;
        if (verbs[at].shapes && story->started)
            story_fail(story, "'%s' comes before the day starts", verb);
        if (!verbs[at].shapes)
            start_day(story);
        if (story->started)
            rig_forget(story->rig);
        verbs[at].tell(story, words);
        return true;
    }
    return false;
}
