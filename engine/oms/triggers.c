/* What stops trading by itself.
 *
 * PnL triggers go by the conservative mark: the worse of the mark and the touch that one would get
 * out at. A mark that is stale stays the last one known, and market_data says so.
 *
 * Ten times a second every trigger looks at every scope that it is about, and remembers whether
 * what it measured was in breach. When `samples` of the last `window` looks were, it fires once:
 * the event says what was measured, then the action follows. It can fire again when a person has
 * lifted the scope, or when a whole window was fine. A kill goes by the kill page like any other,
 * so the gateways have it at once. Nothing here ever loosens. */
#include "base/assert.h"
#include "oms/oms.h"

struct look {
    enum trigger_id trigger;
    uint16_t scope, instrument; /* instrument: UINT16_MAX when it is about none */
    int64_t measured, limit;
    int64_t data_age_ns; /* -1: none */
    bool breached;
};

enum { ABOUT_NONE = UINT16_MAX };

static void emit(struct oms *oms, const struct look *look, struct trigger_rule rule,
                 uint64_t incident, uint32_t samples)
{
    struct event_trigger event = {.incident = incident,
                                  .measured = look->measured,
                                  .limit = look->limit,
                                  .data_age_ns = look->data_age_ns,
                                  .scope = look->scope,
                                  .instrument = look->instrument,
                                  .trigger = (uint8_t)look->trigger,
                                  .action = (uint8_t)rule.action,
                                  .samples = (uint8_t)samples,
                                  .window = rule.window};

    oms_emit(oms, EVENT_TRIGGER, &event, sizeof event);
}

static void reduce(struct oms *oms, uint16_t scope)
{
    struct command_set_state command = {
        .base = oms->states[scope].version, .scope = scope, .state = STATE_REDUCING};

    if (oms->states[scope].state < STATE_REDUCING)
        oms_set_state(oms, &command);
}

/* What is halted already is not killed again: its incident stands. */
static void fire(struct oms *oms, const struct look *look, uint32_t samples)
{
    struct trigger_rule rule = oms->rules.trigger[look->trigger];
    bool kills = rule.action == TRIGGER_KILL && oms->states[look->scope].state != STATE_HALTED;
    uint64_t incident = kills ? seen_kill(&oms->seen, look->scope) : 0;

    emit(oms, look, rule, incident, samples);
    if (kills)
        oms_kill(oms);
    else if (rule.action == TRIGGER_REDUCE)
        reduce(oms, look->scope);
}

static void take(struct oms *oms, const struct look *look)
{
    struct trigger_rule rule = oms->rules.trigger[look->trigger];
    uint32_t *breached = &oms->looks.breached[look->trigger][look->scope];
    bool *fired = &oms->looks.fired[look->trigger][look->scope];
    uint32_t samples;

    if (rule.action == TRIGGER_OFF)
        return;
    *breached = (*breached << 1 | look->breached) & (uint32_t)((1ULL << rule.window) - 1);
    samples = (uint32_t)__builtin_popcount(*breached);
    if (samples == 0)
        *fired = false;
    if (samples < rule.samples || *fired)
        return;
    *fired = true;
    fire(oms, look, samples);
}

void oms_rearm(struct oms *oms, uint16_t scope)
{
    uint16_t index;

    for (unsigned trigger = 0; trigger < TRIGGER_COUNT; trigger++) {
        oms->looks.fired[trigger][scope] = false;
        oms->looks.breached[trigger][scope] = 0;
    }
    oms->tally.executions[scope] = 0;
    oms->looks.rejects.recent[scope] = 0;
    if (scope_kind_of(oms->scopes, scope, &index) == SCOPE_INSTRUMENT)
        oms->looks.overfilled[index] = false;
}

/* --- what they look at --- */

static bool is_set(int64_t limit)
{
    return limit != LIMIT_UNSET && limit != LIMIT_DENY;
}

static void look_at_scope(struct oms *oms, enum trigger_id trigger, uint16_t scope,
                          int64_t measured, int64_t data_age_ns, enum limit_id limit_id)
{
    int64_t limit = oms->limits[scope].value[limit_id];
    struct look look = {.trigger = trigger,
                        .scope = scope,
                        .instrument = ABOUT_NONE,
                        .measured = measured,
                        .limit = limit,
                        .data_age_ns = data_age_ns,
                        .breached = is_set(limit) && measured > limit};

    take(oms, &look);
}

static int64_t gross_e8(const struct oms *oms, uint16_t scope)
{
    return exposure_now(&oms->exposure, scope).gross_e8;
}

static int64_t net_e8(const struct oms *oms, uint16_t scope)
{
    return exposure_net_e8(exposure_now(&oms->exposure, scope));
}

static void look_at_exposure(struct oms *oms, uint16_t scope)
{
    int64_t gross = gross_e8(oms, scope);
    int64_t net = net_e8(oms, scope);
    int64_t gross_limit = oms->limits[scope].value[LIMIT_MAX_GROSS_NOTIONAL];
    int64_t net_limit = oms->limits[scope].value[LIMIT_MAX_NET_NOTIONAL];
    bool net_is_over = is_set(net_limit) && net > net_limit;
    struct look look = {.trigger = TRIGGER_EXPOSURE,
                        .scope = scope,
                        .instrument = ABOUT_NONE,
                        .measured = net_is_over ? net : gross,
                        .limit = net_is_over ? net_limit : gross_limit,
                        .data_age_ns = -1,
                        .breached = net_is_over || (is_set(gross_limit) && gross > gross_limit)};

    take(oms, &look);
}

static void look_at_money(struct oms *oms)
{
    struct stress firm = {0};

    for (uint16_t scope = 0; scope < scope_count(oms->scopes); scope++) {
        struct stress stress = accounts_stress(&oms->accounts, scope, oms->now_ns, MARK_FRESH_NS);

        if (scope == scope_of_firm())
            firm = stress;
        look_at_scope(oms, TRIGGER_DAILY_LOSS, scope, stress.day_e8 < 0 ? -stress.day_e8 : 0,
                      stress.age_ns, LIMIT_MAX_DAILY_LOSS);
        look_at_exposure(oms, scope);
        look_at_scope(oms, TRIGGER_REPEATED_EXECUTION, scope, oms->tally.executions[scope], -1,
                      LIMIT_MAX_REPEATED_EXECUTIONS);
    }
    look_at_scope(oms, TRIGGER_DRAWDOWN, scope_of_firm(),
                  accounts_drawdown_of_e8(&oms->accounts, oms->accounts.capital_e8 + firm.total_e8),
                  firm.age_ns, LIMIT_MAX_DRAWDOWN_RATIO);
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

/* The tightest of what firm, venue and instrument set for the total. */
static void look_at_position(struct oms *oms, uint16_t instrument)
{
    struct order_scopes scopes = oms_scopes(oms, STRATEGY_MANUAL, instrument);
    const uint16_t numbers[] = {scopes.firm, scopes.venue, scopes.instrument};
    struct look look = {.trigger = TRIGGER_POSITION,
                        .scope = scopes.instrument,
                        .instrument = instrument,
                        .measured = magnitude(oms->accounts.total[instrument].lots),
                        .limit = INT64_MAX,
                        .data_age_ns = -1};

    for (unsigned at = 0; at < sizeof numbers / sizeof numbers[0]; at++) {
        int64_t limit = oms->limits[numbers[at]].value[LIMIT_MAX_POSITION_LOTS];

        if (is_set(limit) && limit < look.limit)
            look.limit = limit;
    }
    look.breached = look.measured > look.limit;
    take(oms, &look);
}

static void look_at_drift(struct oms *oms, uint16_t instrument)
{
    const struct venue_count *count = &oms->venue_counts[instrument];
    struct look look = {.trigger = TRIGGER_POSITION_DRIFT,
                        .scope = scope_of_instrument(oms->scopes, instrument),
                        .instrument = instrument,
                        .measured = count->lots,
                        .limit = oms->accounts.total[instrument].lots,
                        .data_age_ns = count->known ? oms->now_ns - count->at_ns : -1};

    if (count->at_ns > oms->filled_ns[instrument] &&
        oms->now_ns - oms->filled_ns[instrument] > DRIFT_QUIET_NS) {
        if (oms_drift(oms, instrument) != oms->known_drift[instrument])
            oms->known_drift[instrument] = 0; /* another one is news */
        look.breached = oms_drift(oms, instrument) != oms->known_drift[instrument];
    }
    take(oms, &look);
}

static void look_at_book(struct oms *oms, uint16_t instrument, const struct reference *reference)
{
    int64_t held = oms->accounts.total[instrument].lots;
    bool works = oms->working_total[SIDE_BUY][instrument] != 0 ||
                 oms->working_total[SIDE_SELL][instrument] != 0;
    struct look look = {.trigger = TRIGGER_MARKET_DATA,
                        .scope = scope_of_instrument(oms->scopes, instrument),
                        .instrument = instrument,
                        .measured = held,
                        .data_age_ns =
                            reference->book_ns == 0 ? -1 : oms->now_ns - reference->book_ns,
                        .breached = reference->stale && (held != 0 || works)};

    take(oms, &look);
}

static void look_at_overfill(struct oms *oms, uint16_t instrument)
{
    struct look look = {.trigger = TRIGGER_OVERFILL,
                        .scope = scope_of_instrument(oms->scopes, instrument),
                        .instrument = instrument,
                        .measured = oms->looks.overfilled[instrument],
                        .data_age_ns = -1,
                        .breached = oms->looks.overfilled[instrument]};

    take(oms, &look);
}

static void look_at_venue(struct oms *oms, uint16_t venue, const struct reference *references)
{
    struct look look = {.trigger = TRIGGER_VENUE_DOWN,
                        .scope = scope_of_venue(oms->scopes, venue),
                        .instrument = ABOUT_NONE,
                        .data_age_ns = -1};

    for (uint16_t at = 0; at < oms->scopes.instruments; at++) {
        if (oms->instruments[at].venue != venue)
            continue;
        look.limit++;
        look.measured += references[at].lost;
    }
    look.breached = look.limit > 0 && look.measured == look.limit;
    take(oms, &look);
}

static void look_at_rejects(struct oms *oms)
{
    struct throttle_counts *rejects = &oms->looks.rejects;

    for (uint16_t scope = 0; scope < scope_count(oms->scopes); scope++) {
        uint16_t index;
        enum scope_kind kind = scope_kind_of(oms->scopes, scope, &index);
        struct look look = {.trigger = TRIGGER_REJECT_RATE,
                            .scope = scope,
                            .instrument = ABOUT_NONE,
                            .measured = rejects->recent[scope],
                            .limit = REJECTS_MAX,
                            .data_age_ns = -1,
                            .breached = rejects->recent[scope] > REJECTS_MAX};

        /* The strategy that sends what is refused is stopped, not everybody. */
        if (kind == SCOPE_STRATEGY)
            take(oms, &look);
    }
    if (oms->now_ns - rejects->since_ns < REJECT_WINDOW_NS)
        return;
    *rejects = (struct throttle_counts){.since_ns = oms->now_ns};
}

static void look_at_ourselves(struct oms *oms)
{
    struct look beat = {.trigger = TRIGGER_CONTROL_LOST,
                        .instrument = ABOUT_NONE,
                        .measured = oms->now_ns - oms->looks.beat_ns,
                        .limit = CONTROL_LOST_NS,
                        .data_age_ns = -1};
    struct look storage = {.trigger = TRIGGER_STORAGE,
                           .instrument = ABOUT_NONE,
                           .data_age_ns = -1,
                           .breached = (oms->seen.storage & SEEN_SUSPECT) != 0};
    struct look outbound = {.trigger = TRIGGER_CONSERVATION,
                            .instrument = ABOUT_NONE,
                            .measured = (int64_t)oms->looks.outbound_lots,
                            .limit = (int64_t)oms->sent_lots,
                            .data_age_ns = -1};

    beat.breached =
        oms->looks.beat_ns != 0 && !oms->rules.virtual_time && beat.measured > beat.limit;
    outbound.breached =
        oms->looks.outbound_lots > oms->sent_lots || oms->looks.outbound_orders > oms->order_seq ||
        oms->sent_lots > oms->intended_lots || oms->order_seq > oms->intended_orders;
    take(oms, &beat);
    take(oms, &storage);
    take(oms, &outbound);
}

void oms_look(struct oms *oms, const struct reference *references)
{
    /* Marks have been followed as they moved; conversion rates have not. */
    for (uint16_t at = 0; at < oms->scopes.instruments; at++)
        oms_revalue(oms, at);
    look_at_money(oms);
    for (uint16_t at = 0; at < oms->scopes.instruments; at++) {
        look_at_position(oms, at);
        look_at_drift(oms, at);
        look_at_book(oms, at, &references[at]);
        look_at_overfill(oms, at);
    }
    for (uint16_t at = 0; at < oms->scopes.venues; at++)
        look_at_venue(oms, at, references);
    look_at_rejects(oms);
    look_at_ourselves(oms);
}

/* --- what they are told --- */

void oms_note_reject(struct oms *oms, struct order_scopes scopes)
{
    oms->looks.rejects.recent[scopes.strategy]++;
}

/* At once: the next order must not go by a figure that is known to be wrong. */
void oms_note_overfill(struct oms *oms, uint16_t instrument)
{
    oms->looks.overfilled[instrument] = true;
    look_at_overfill(oms, instrument);
}

void oms_note_uncounted(struct oms *oms, uint16_t instrument)
{
    struct look look = {.trigger = TRIGGER_POSITION_DRIFT,
                        .scope = scope_of_instrument(oms->scopes, instrument),
                        .instrument = instrument,
                        .data_age_ns = 0};
    bool *fired = &oms->looks.fired[TRIGGER_POSITION_DRIFT][look.scope];

    if (*fired)
        return;
    *fired = true;
    fire(oms, &look, 1);
}

void oms_note_beat(struct oms *oms, const struct command_beat *beat)
{
    oms->looks.beat_ns = oms->now_ns;
    oms->looks.outbound_orders = beat->outbound_orders;
    oms->looks.outbound_lots = beat->outbound_lots;
}
