/* Trading states, limits and kills of each scope. */
#include "base/assert.h"
#include "oms/oms.h"

enum trading_state oms_effective_state(const struct oms *oms, struct order_scopes scopes)
{
    enum trading_state strictest = oms->states[scopes.firm].state;

    if (oms->states[scopes.venue].state > strictest)
        strictest = oms->states[scopes.venue].state;
    if (oms->states[scopes.strategy].state > strictest)
        strictest = oms->states[scopes.strategy].state;
    if (oms->states[scopes.instrument].state > strictest)
        strictest = oms->states[scopes.instrument].state;
    return strictest;
}

static struct incident *incident_of(struct oms *oms, uint64_t number)
{
    for (uint32_t at = 0; at < MAX_INCIDENTS; at++)
        if (oms->incidents[at].number == number)
            return &oms->incidents[at];
    return NULL;
}

static struct incident *incident_open(struct oms *oms, uint64_t number, uint16_t scope)
{
    struct incident *incident = &oms->incidents[oms->next_incident];

    oms->next_incident = (oms->next_incident + 1) % MAX_INCIDENTS;
    *incident =
        (struct incident){.number = number, .last_order_seq = oms->order_seq, .scope = scope};
    return incident;
}

static void emit_progress(struct oms *oms, const struct incident *incident)
{
    struct event_kill_progress event = {.incident = incident->number,
                                        .unsent = incident->unsent,
                                        .sent = incident->sent,
                                        .confirmed = incident->confirmed,
                                        .refused = incident->refused,
                                        .unknown = incident->unknown};

    oms_emit(oms, EVENT_KILL_PROGRESS, &event, sizeof event);
}

static uint32_t *counter(struct incident *incident, enum cancel_outcome outcome)
{
    switch (outcome) {
    case OUTCOME_UNSENT:
        return &incident->unsent;
    case OUTCOME_CONFIRMED:
        return &incident->confirmed;
    case OUTCOME_REFUSED:
        return &incident->refused;
    case OUTCOME_UNKNOWN:
        return &incident->unknown;
    case OUTCOME_NONE:
        break;
    }
    return NULL;
}

/* Of an order that is live or just ends: it was live at the kill unless it was sent after it. */
static bool is_claimed(const struct incident *incident, const struct order *order)
{
    return incident->number != 0 && order->seq <= incident->last_order_seq &&
           order_is_in_scope(order, incident->scope);
}

void oms_count_outcome(struct oms *oms, struct order *order, enum cancel_outcome outcome)
{
    enum cancel_outcome was = (enum cancel_outcome)order->cancel_outcome;

    if (order->incident == 0 || was == outcome)
        return;
    order->cancel_outcome = (uint8_t)outcome;
    for (uint32_t at = 0; at < MAX_INCIDENTS; at++) {
        struct incident *incident = &oms->incidents[at];

        if (!is_claimed(incident, order))
            continue;
        if (was != OUTCOME_NONE)
            (*counter(incident, was))--;
        if (outcome != OUTCOME_NONE)
            (*counter(incident, outcome))++;
        emit_progress(oms, incident);
    }
}

static void emit_state(struct oms *oms, uint16_t scope)
{
    struct event_state_changed event = {.incident = oms->states[scope].incident,
                                        .version = oms->states[scope].version,
                                        .scope = scope,
                                        .state = (uint8_t)oms->states[scope].state};

    oms_emit(oms, EVENT_STATE_CHANGED, &event, sizeof event);
}

static void change_state(struct oms *oms, uint16_t scope, enum trading_state state,
                         uint64_t incident)
{
    oms->states[scope].state = state;
    oms->states[scope].incident = incident;
    oms->states[scope].version++;
    emit_state(oms, scope);
}

/* Claims every live order of the scope for the incident, whatever older incident counts it too, and
 * returns how many there are. */
static uint32_t claim_orders(struct oms *oms, struct incident *incident)
{
    uint32_t resting = 0;

    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];

        if (!order_is_in_scope(order, incident->scope) || (order->flags & ORDER_EXTERNAL))
            continue;
        resting++;
        if (order->incident == 0)
            order->cancel_outcome = order->state == ORDER_UNKNOWN ? OUTCOME_UNKNOWN : OUTCOME_NONE;
        order->incident = incident->number;
        if (order->cancel_outcome != OUTCOME_NONE)
            (*counter(incident, (enum cancel_outcome)order->cancel_outcome))++;
    }
    return resting;
}

/* Block first, then say so, then cancel: the state is set before anything else can be sent. */
static void block(struct oms *oms, uint16_t scope, uint64_t number)
{
    struct incident *incident = incident_open(oms, number, scope);
    struct event_kill_seen seen = {.incident = number,
                                   .last_order_seq = oms->order_seq,
                                   .position_in_step = oms->sent_in_step,
                                   .scope = scope};

    oms->states[scope].state = STATE_HALTED;
    oms->states[scope].served = number;
    seen.resting = claim_orders(oms, incident);
    oms_emit(oms, EVENT_KILL_SEEN, &seen, sizeof seen);
    change_state(oms, scope, STATE_HALTED, number);
    incident->sent = seen.resting - oms_cancel_scope(oms, scope);
    emit_progress(oms, incident);
}

/* A kill of a scope that is killed already joins its incident. The version moves, so a resume that
 * was proposed before it is stale: nobody is told "blocked" and then resumed past. */
static void join(struct oms *oms, uint16_t scope, uint64_t word)
{
    oms->states[scope].served = word;
    change_state(oms, scope, STATE_HALTED, oms->states[scope].incident);
    oms_cancel_scope(oms, scope);
}

void oms_obey_page(struct oms *oms)
{
    seen_take_page(&oms->seen);
    for (uint16_t scope = 0; scope < scope_count(oms->scopes); scope++) {
        uint64_t word = oms->seen.word[scope];

        if (!seen_is_killed(&oms->seen, scope) || word == oms->states[scope].served)
            continue;
        if (oms->states[scope].incident != 0)
            join(oms, scope, word);
        else
            block(oms, scope, word);
    }
}

static bool is_killed(const struct oms *oms, const struct order *order)
{
    return seen_is_killed(&oms->seen, order->scopes.firm) ||
           seen_is_killed(&oms->seen, order->scopes.venue) ||
           seen_is_killed(&oms->seen, order->scopes.strategy) ||
           seen_is_killed(&oms->seen, order->scopes.instrument);
}

/* An order of unknown fate may need its cancel again: the first may have been lost with it. */
static bool wants_cancel(const struct oms *oms, const struct order *order)
{
    if (order->state == ORDER_PENDING_CANCEL || (order->flags & (ORDER_EXTERNAL | ORDER_EXIT)))
        return false;
    return order->state != ORDER_UNKNOWN || oms->now_ns - order->cancel_ns >= CANCEL_AGAIN_NS;
}

void oms_chase_killed(struct oms *oms)
{
    for (uint32_t at = 0; at < oms->pool.live_count; at++) {
        struct order *order = &oms->pool.order[oms->pool.live[at]];
        bool again = order->cancel_ns != 0;
        struct incident *incident;

        if (!wants_cancel(oms, order) || !is_killed(oms, order) || !oms_cancel(oms, order))
            continue;
        incident = incident_of(oms, order->incident);
        if (incident && !again && order->cancel_outcome == OUTCOME_NONE) {
            incident->sent++;
            emit_progress(oms, incident);
        }
    }
}

/* A kill is cleared only by a command that names its incident, and only while no other kill of the
 * scope has come since. */
static bool clears_kill(struct oms *oms, const struct command_set_state *command)
{
    const struct scope_state *now = &oms->states[command->scope];
    uint64_t word = oms->seen.word[command->scope];

    if (!seen_is_killed(&oms->seen, command->scope))
        return true;
    if (command->clears != now->incident || word != now->served)
        return false;
    /* Pairs with the acquire in kill_page_is_killed. A kill that has come since the page was taken
     * over has raised the word beyond this, so it still holds. */
    atomic_store_explicit(&oms->seen.page->cleared[command->scope], word, memory_order_release);
    return true;
}

enum status oms_set_state(struct oms *oms, const struct command_set_state *command)
{
    struct scope_state *now;

    if (command->scope >= scope_count(oms->scopes) || command->state > STATE_HALTED)
        return ERR_UNKNOWN_SCOPE;
    now = &oms->states[command->scope];
    if (command->state < (unsigned)now->state)
        oms_kill(oms); /* one that has just come makes the version of the proposal an old one */
    if (command->base != now->version)
        return ERR_STALE_VERSION;
    if (command->state < (unsigned)now->state && !clears_kill(oms, command))
        return ERR_STALE_VERSION;
    /* A stricter state leaves the kill as it is. A looser one has cleared it; a kill that comes at
     * this very moment is the next one's, and opens an incident of its own. */
    if (command->state < (unsigned)now->state)
        oms_rearm(oms, command->scope);
    change_state(oms, command->scope, (enum trading_state)command->state,
                 command->state < (unsigned)now->state ? 0 : now->incident);
    return OK;
}

static bool is_over_cap(enum limit_id id, int64_t value, int64_t cap)
{
    if (cap == LIMIT_UNSET || value == LIMIT_UNSET || value == LIMIT_DENY)
        return false;
    return limit_row(id)->sense == LIMIT_MOST ? value > cap : value < cap;
}

enum status oms_set_limits(struct oms *oms, const struct command_set_limits *command,
                           uint64_t *generation)
{
    struct event_limits_applied event = {.scope = command->scope, .limits = command->limits};

    if (command->scope >= scope_count(oms->scopes))
        return ERR_UNKNOWN_SCOPE;
    if (command->base != oms->limits_generation[command->scope])
        return ERR_STALE_VERSION;
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        if (is_over_cap((enum limit_id)id, command->limits.value[id],
                        oms->caps[command->scope].value[id]))
            return ERR_OVER_CAP;
    oms->limits[command->scope] = command->limits;
    oms->limits_generation[command->scope] = event.generation = *generation = ++oms->generation;
    oms_emit(oms, EVENT_LIMITS_APPLIED, &event, sizeof event);
    return OK;
}
