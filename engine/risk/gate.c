#include "risk/gate.h"

#include "base/assert.h"

static int64_t measure_max_order_lots(const struct gate_input *in, unsigned scope)
{
    (void)scope;
    return in->qty_lots;
}

static int64_t measure_max_order_notional(const struct gate_input *in, unsigned scope)
{
    (void)scope;
    return in->notional_e8;
}

/* Worst case of this side: everything that works on it fills, nothing of the other side does. */
static int64_t measure_max_position_lots(const struct gate_input *in, unsigned scope)
{
    int64_t signed_position =
        in->side == SIDE_BUY ? in->position_lots[scope] : -in->position_lots[scope];
    int64_t worst = signed_position + in->working_lots[scope] + in->qty_lots;

    return worst > 0 ? worst : 0;
}

static int64_t measure_max_open_orders(const struct gate_input *in, unsigned scope)
{
    return (int64_t)in->open_orders[scope] + 1;
}

static int64_t measure_max_messages_per_s(const struct gate_input *in, unsigned scope)
{
    return (int64_t)in->messages[scope] + 1;
}

/* Rounded up, so that a price just outside is never taken for one on the bound. */
static int64_t measure_price_collar_ratio(const struct gate_input *in, unsigned scope)
{
    __int128 distance = (__int128)in->price_ticks * PRICE_ONE_E8 - in->mid_e8_ticks;
    __int128 ratio;

    (void)scope;
    if (in->mid_e8_ticks <= 0)
        return INT64_MAX;
    if (distance < 0)
        distance = -distance;
    ratio = (distance * RATIO_ONE_E8 + in->mid_e8_ticks - 1) / in->mid_e8_ticks;
    return ratio > INT64_MAX ? INT64_MAX : (int64_t)ratio;
}

/* By our own clock; rounded up. A clock that stepped back gives 0, not a negative age. */
static int64_t measure_max_data_age_ms(const struct gate_input *in, unsigned scope)
{
    (void)scope;
    if (in->book_ns == 0)
        return INT64_MAX;
    return in->now_ns > in->book_ns ? (in->now_ns - in->book_ns + 999999) / 1000000 : 0;
}

static int64_t measure_max_daily_loss(const struct gate_input *in, unsigned scope)
{
    return in->day_pnl_e8[scope] < 0 ? -in->day_pnl_e8[scope] : 0;
}

/* How far below its limit a measure stays; negative: over it. Saturates. */
static int64_t headroom(enum limit_id id, int64_t limit, int64_t measured)
{
    int64_t room;
    bool least = limit_row(id)->sense == LIMIT_LEAST;

    if (limit == LIMIT_DENY)
        return INT64_MIN;
    if (__builtin_sub_overflow(least ? measured : limit, least ? limit : measured, &room))
        return INT64_MIN;
    return room;
}

static void add_row(struct verdict *verdict, enum limit_id id,
                    int64_t (*measure)(const struct gate_input *, unsigned),
                    const struct gate_limits *limits, const struct gate_input *in)
{
    struct check *row = &verdict->checks[id];
    int64_t least = INT64_MAX;

    *row = (struct check){.limit = LIMIT_UNSET, .measured = measure(in, GATE_FIRM)};
    for (unsigned scope = 0; scope < GATE_SCOPES; scope++) {
        int64_t limit = limits->scope[scope]->value[id];
        int64_t measured = measure(in, scope);
        int64_t room = headroom(id, limit, measured);

        if (limit == LIMIT_UNSET || (row->limit != LIMIT_UNSET && room >= least))
            continue;
        least = room;
        *row = (struct check){.measured = measured,
                              .limit = limit,
                              .scope = limits->number[scope],
                              .passed = room >= 0};
    }
    if (row->passed || verdict->denial != DENIAL_NONE)
        return;
    verdict->denial = (uint8_t)(row->limit == LIMIT_UNSET || row->limit == LIMIT_DENY
                                    ? (unsigned)DENY_LIMIT_NOT_SET
                                    : (unsigned)id + 1);
}

/* An order that cannot enlarge the position, with everything that already works on its side. */
static bool only_reduces(const struct gate_input *in)
{
    for (unsigned scope = GATE_STRATEGY; scope <= GATE_INSTRUMENT; scope++)
        if ((in->side == SIDE_BUY ? in->position_lots[scope] : -in->position_lots[scope]) +
                in->working_lots[scope] + in->qty_lots >
            0)
            return false;
    return true;
}

static enum denial outright(const struct gate_input *in)
{
    if (in->state == STATE_HALTED)
        return DENY_HALTED;
    if (in->price_ticks <= 0 || in->price_ticks > MAX_PRICE_TICKS)
        return DENY_OFF_TICK;
    if (in->qty_lots <= 0 || in->qty_lots > MAX_LOTS)
        return DENY_OFF_LOT;
    if (!in->permitted)
        return DENY_NOT_PERMITTED;
    if ((in->state == STATE_REDUCING || in->reduce_only) && !only_reduces(in))
        return DENY_REDUCING_ONLY;
    if (in->busy)
        return DENY_BUSY;
    if (in->book_stale)
        return DENY_STALE_DATA;
    return in->reference_known ? DENIAL_NONE : DENY_NO_REFERENCE;
}

struct verdict gate_check(const struct gate_limits *limits, const struct gate_input *in)
{
    struct verdict verdict = {.generation = limits->generation,
                              .data_age_ns = in->book_ns == 0 ? -1 : in->now_ns - in->book_ns,
                              .denial = (uint8_t)outright(in)};

#define LIMIT(ID, name, ...) add_row(&verdict, LIMIT_##ID, measure_##name, limits, in);
#include "tables/limits.def"
#undef LIMIT
    return verdict;
}
