/* What the engine takes from an earlier life, and what it says so that the next one can. */
#include "carry.h"
#include "engine_state.h"
#include "state_hash.h"

#include "base/assert.h"

#include <string.h>

/* --- what it says --- */

/* Marks that outlive a run: of what was ever traded, and of what a currency is converted by. */
static bool is_worth_saying(const struct accounts *accounts, uint16_t instrument)
{
    return accounts->mark_e8_ticks[instrument] != 0 &&
           ((accounts->traded & 1U << instrument) != 0 || accounts->converts[instrument] != 0);
}

static void fill_marks(const struct accounts *accounts, struct money_said *said)
{
    for (uint16_t at = 0; at < accounts->scopes.instruments; at++)
        if (is_worth_saying(accounts, at))
            said->mark[said->money.marks++] =
                (struct money_mark){.mark_e8_ticks = accounts->mark_e8_ticks[at],
                                    .mark_ns = accounts->mark_ns[at],
                                    .bid_ticks = accounts->bid_ticks[at],
                                    .ask_ticks = accounts->ask_ticks[at],
                                    .touch_ns = accounts->touch_ns[at],
                                    .instrument = at,
                                    .source = accounts->mark_source[at]};
}

static void fill_scopes(const struct oms *oms, struct money_said *said)
{
    const struct accounts *accounts = &oms->accounts;

    for (uint16_t at = 0; at < scope_count(oms->scopes); at++) {
        struct money_scope row = {.day_open_e8 = accounts->day_open_e8[at],
                                  .total_e8 = accounts->scope_e8[at],
                                  .orders_today = oms->tally.orders_today[at],
                                  .executions = oms->tally.executions[at],
                                  .scope = at};

        if ((row.day_open_e8 | row.total_e8) != 0 || (row.orders_today | row.executions) != 0)
            said->scope[said->money.scopes++] = row;
    }
}

static void fill_money(const struct oms *oms, struct money_said *said)
{
    memset(said, 0, sizeof *said);
    said->money = (struct event_money){.day_start_ns = oms->accounts.day_start_ns,
                                       .capital_e8 = oms->accounts.capital_e8,
                                       .peak_e8 = oms->accounts.peak_e8,
                                       .generation = oms->generation};
    fill_marks(&oms->accounts, said);
    fill_scopes(oms, said);
}

/* The rows follow the head and each other without gaps. */
static void emit_money(struct oms *oms, const struct money_said *said)
{
    uint8_t bytes[sizeof *said];
    size_t marks = said->money.marks * sizeof said->mark[0];
    size_t scopes = said->money.scopes * sizeof said->scope[0];

    memcpy(bytes, &said->money, sizeof said->money);
    memcpy(bytes + sizeof said->money, said->mark, marks);
    memcpy(bytes + sizeof said->money + marks, said->scope, scopes);
    oms_emit(oms, EVENT_MONEY, bytes, (uint32_t)(sizeof said->money + marks + scopes));
}

void engine_say_money(struct engine *engine)
{
    fill_money(&engine->oms, &engine->money_said);
    engine->money_ns = engine->oms.now_ns;
    emit_money(&engine->oms, &engine->money_said);
}

uint64_t engine_state_hash(const struct engine *engine)
{
    const struct oms *oms = &engine->oms;
    struct state_parts parts = {.orders = &oms->pool,
                                .scopes = oms->scopes,
                                .total = oms->accounts.total,
                                .own = oms->accounts.own,
                                .limits = oms->limits,
                                .limits_generation = oms->limits_generation,
                                .states = oms->states};

    return state_hash(&parts);
}

uint64_t engine_books_hash(const struct engine *engine)
{
    uint64_t hash = 0;

    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        hash = (hash ^ hash >> 29) * 0x9E3779B97F4A7C15ULL + book_hash(engine->books[at]);
    return hash;
}

void engine_say_hash(struct engine *engine)
{
    struct event_state_hash event = {.events = engine->oms.said,
                                     .hash = engine_state_hash(engine),
                                     .books = engine_books_hash(engine)};

    engine->hash_said = engine->oms.said;
    oms_emit(&engine->oms, EVENT_STATE_HASH, &event, sizeof event);
}

void engine_say_state(struct engine *engine)
{
    struct money_said now;

    if (engine->oms.now_ns - engine->money_ns >= MONEY_EVERY_NS) {
        fill_money(&engine->oms, &now);
        if (memcmp(&now, &engine->money_said, sizeof now) != 0)
            engine_say_money(engine);
    }
    if (engine->oms.said - engine->hash_said >= HASH_EVERY_EVENTS)
        engine_say_hash(engine);
}

/* --- what it takes --- */

static bool take_names(const struct engine *engine, const struct input_names *names)
{
    const struct scope_map *map = &engine->config.scopes;

    return names->venues == map->venues && names->strategies == map->strategies &&
           names->instruments == map->instruments;
}

static bool take_money(struct engine *engine, const struct event_money *money)
{
    struct oms *oms = &engine->oms;

    if (money->day_start_ns != 0)
        oms->accounts.day_start_ns = oms->tally.day_start_ns = money->day_start_ns;
    engine->carried_peak_e8 = money->peak_e8 - money->capital_e8;
    if (money->generation > oms->generation)
        oms->generation = money->generation;
    return true;
}

/* Limits and trading states came in with the configuration: whoever made it has weighed them
 * against what else was known. */
static bool take_scope(struct engine *engine, const struct carry_scope *scope)
{
    struct oms *oms = &engine->oms;
    uint16_t at = scope->money.scope;

    if (at >= scope_count(oms->scopes))
        return false;
    oms->accounts.day_open_e8[at] = scope->money.day_open_e8;
    oms->tally.orders_today[at] = scope->money.orders_today;
    oms->tally.executions[at] = scope->money.executions;
    return true;
}

/* As old as it was when it came: the triggers and the gate know what to make of it. */
static bool take_mark(struct engine *engine, const struct money_mark *mark)
{
    struct accounts *accounts = &engine->oms.accounts;

    if (mark->instrument >= engine->config.scopes.instruments || mark->mark_e8_ticks <= 0 ||
        mark->mark_e8_ticks / PRICE_ONE_E8 > MAX_PRICE_TICKS)
        return false;
    if (mark->source == MARK_VENUE)
        accounts_venue_mark(accounts, mark->instrument, mark->mark_e8_ticks, mark->mark_ns);
    else
        accounts_mark(accounts, mark->instrument, mark->mark_e8_ticks, mark->mark_ns);
    accounts_touch(accounts, mark->instrument, mark->bid_ticks, mark->ask_ticks, mark->touch_ns);
    return true;
}

static bool is_nothing(const struct position *position)
{
    return (position->lots | position->cost_e8 | position->realised_e8 | position->fee_e8 |
            position->rebate_e8 | position->funding_e8) == 0;
}

static bool take_position(struct engine *engine, const struct event_position *event)
{
    struct position position = position_of_said(event);

    if (event->instrument >= engine->config.scopes.instruments ||
        (event->strategy != UINT16_MAX && event->strategy >= engine->config.scopes.strategies) ||
        (!is_nothing(&position) &&
         !accounts_carry(&engine->oms.accounts, event->strategy, event->instrument, &position)))
        return false;
    oms_emit_position(&engine->oms, event->instrument, event->strategy, &position);
    return true;
}

static bool take_fills(struct engine *engine, const struct fill_key *keys, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        if (keys[at].venue == 0 || keys[at].venue > MAX_VENUES + 1)
            return false;
        (void)fill_set_add(&engine->oms.fills, (uint16_t)(keys[at].venue - 1), keys[at].exec_id);
    }
    return true;
}

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The day goes on, or has ended while nobody was there: then the new one begins with what is there.
 * The peak goes with the capital, should somebody have changed that. */
static bool finish(struct engine *engine)
{
    struct oms *oms = &engine->oms;
    struct accounts *accounts = &oms->accounts;

    if (engine->config.day_start_ns > accounts->day_start_ns) {
        accounts->day_start_ns = engine->config.day_start_ns;
        memcpy(accounts->day_open_e8, accounts->scope_e8, sizeof accounts->day_open_e8);
        tally_roll(&oms->tally, accounts->day_start_ns);
    }
    accounts->peak_e8 =
        largest(accounts->capital_e8, largest(accounts_equity_e8(accounts),
                                              accounts->capital_e8 + engine->carried_peak_e8));
    for (uint16_t at = 0; at < engine->config.scopes.instruments; at++)
        oms_revalue(oms, at);
    engine_say_money(engine);
    return !accounts->overflowed;
}

bool engine_carry(struct engine *engine, const void *bytes, uint32_t length, int64_t now_ns)
{
    struct {
        struct carry_row head;
        union {
            struct input_names names;
            struct event_money money;
            struct carry_scope scope;
            struct money_mark mark;
            struct event_position position;
            struct event_order_carried order;
            struct fill_key fills[INPUT_PART_MAX / sizeof(struct fill_key)];
        };
    } row;

    if (length < sizeof row.head || length > INPUT_PART_MAX)
        return false;
    engine_record(engine, INPUT_CARRY, bytes, length, now_ns);
    memset(&row, 0, sizeof row);
    memcpy(&row, bytes, length);
    engine->oms.now_ns = now_ns;
    engine->oms.cause = 0;
    switch (row.head.kind) {
    case CARRY_NAMES:
        return take_names(engine, &row.names);
    case CARRY_MONEY:
        return take_money(engine, &row.money);
    case CARRY_SCOPE:
        return take_scope(engine, &row.scope);
    case CARRY_MARK:
        return take_mark(engine, &row.mark);
    case CARRY_POSITION:
        return take_position(engine, &row.position);
    case CARRY_ORDER:
        return oms_carry_order(&engine->oms, &row.order);
    case CARRY_FILLS:
        return row.head.count * sizeof row.fills[0] <= length - sizeof row.head &&
               take_fills(engine, row.fills, row.head.count);
    case CARRY_END:
        return finish(engine);
    default:
        return true; /* of a newer version */
    }
}
