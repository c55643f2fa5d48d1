#include "view/what_if.h"

#include "view/shapes.h"

#include <string.h>

void what_if_init(struct what_if *what_if, const struct input_names *names, int64_t since_ns)
{
    memset(what_if, 0, sizeof *what_if);
    what_if->scopes = (struct scope_map){names->venues, names->strategies, names->instruments};
    what_if->since_ns = since_ns;
    for (unsigned at = 0; at < MAX_INSTRUMENTS; at++)
        what_if->venue[at] = names->instrument[at].venue;
    for (unsigned scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            what_if->now[scope].value[id] = LIMIT_UNSET;
    for (unsigned id = 0; id < LIMIT_COUNT; id++)
        what_if->used_e8[id] = -1;
}

void what_if_propose(struct what_if *what_if, uint16_t scope, enum limit_id id, int64_t value)
{
    assert(scope < MAX_SCOPES && id < LIMIT_COUNT);
    what_if->named[scope][id] = true;
    what_if->proposed[scope].value[id] = value;
}

void what_if_in_force(struct what_if *what_if, uint16_t scope, const struct limits *limits)
{
    if (scope >= MAX_SCOPES)
        return;
    what_if->now[scope] = *limits;
    what_if->generation++;
}

static void compile(const struct what_if *what_if, uint16_t strategy, uint16_t instrument,
                    bool exit, struct gate_table *table)
{
    struct scope_map map = what_if->scopes;
    struct limits merged[GATE_SCOPES];
    /* margined: where a margin was not measured it was 0, which is below any limit. */
    struct gate_limits limits = {
        .number = {scope_of_firm(), scope_of_venue(map, what_if->venue[instrument]),
                   scope_of_strategy(map, strategy), scope_of_instrument(map, instrument)},
        .generation = what_if->generation,
        .margined = true,
        .exit = exit};

    for (unsigned at = 0; at < GATE_SCOPES; at++) {
        uint16_t scope = limits.number[at];

        merged[at] = what_if->now[scope];
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            if (what_if->named[scope][id])
                merged[at].value[id] = what_if->proposed[scope].value[id];
        limits.scope[at] = &merged[at];
    }
    gate_compile(&limits, table);
}

static bool applies(const struct what_if *what_if, uint16_t strategy, uint16_t instrument,
                    enum limit_id id)
{
    struct scope_map map = what_if->scopes;

    return what_if->named[scope_of_firm()][id] ||
           what_if->named[scope_of_venue(map, what_if->venue[instrument])][id] ||
           what_if->named[scope_of_strategy(map, strategy)][id] ||
           what_if->named[scope_of_instrument(map, instrument)][id];
}

static void note_use(struct what_if *what_if, enum limit_id id, const struct check *check)
{
    int64_t ratio_e8;

    if (!check_has_limit(check) || check->limit == 0 || check->measured < 0 ||
        check->measured == INT64_MAX || limit_row(id)->sense != LIMIT_MOST)
        return;
    ratio_e8 = (int64_t)((__int128)check->measured * RATIO_ONE_E8 / check->limit);
    if (ratio_e8 > what_if->used_e8[id])
        what_if->used_e8[id] = ratio_e8;
}

/* The first of the proposed limits that stops it; LIMIT_COUNT: none does. */
static enum limit_id stops(struct what_if *what_if, uint16_t strategy, uint16_t instrument,
                           const struct gate_table *table, const struct verdict *verdict,
                           struct check *by)
{
    enum limit_id first = LIMIT_COUNT;

    for (int at = 0; at < LIMIT_COUNT; at++) {
        enum limit_id id = (enum limit_id)at;
        struct check check;

        if (!applies(what_if, strategy, instrument, id))
            continue;
        check = explain_limit(table, verdict, id);
        note_use(what_if, id, &check);
        if (check.passed || first != LIMIT_COUNT)
            continue;
        first = id;
        *by = check;
    }
    return first;
}

static void judge(struct what_if *what_if, uint64_t order_id, uint16_t strategy,
                  uint16_t instrument, uint8_t flags, const struct verdict *verdict)
{
    struct gate_table *table, for_exit;
    struct check by = {0};
    enum limit_id limit;
    bool exit = (flags & ORDER_EXIT) != 0;

    if (strategy >= what_if->scopes.strategies || instrument >= what_if->scopes.instruments)
        return;
    table = exit ? &for_exit : &what_if->table[strategy][instrument];
    if (exit || !table->made || table->generation != what_if->generation)
        compile(what_if, strategy, instrument, exit, table);
    what_if->judged++;
    limit = stops(what_if, strategy, instrument, table, verdict, &by);
    if (verdict->denial != DENIAL_NONE) {
        what_if->denied++;
        /* Only what a proposed limit alone had denied would now pass. */
        what_if->would_pass +=
            limit == LIMIT_COUNT && verdict->refused == 0 && verdict->denied_by < LIMIT_COUNT &&
            applies(what_if, strategy, instrument, (enum limit_id)verdict->denied_by);
        return;
    }
    what_if->passed++;
    if (limit == LIMIT_COUNT)
        return;
    what_if->would_deny++;
    what_if->by_limit[limit]++;
    if (what_if->samples < WHAT_IF_SAMPLES)
        what_if->sample[what_if->samples++] =
            (struct what_if_sample){.order_id = order_id, .check = by, .limit = limit};
}

void what_if_take(struct what_if *what_if, const struct lane_record *record, const void *payload)
{
    struct event_limits_applied limits;
    struct event_order_sent sent;
    struct event_order_denied denied;

    if (record->kind == EVENT_LIMITS_APPLIED && record->length >= sizeof limits) {
        memcpy(&limits, payload, sizeof limits);
        what_if_in_force(what_if, limits.scope, &limits.limits);
    } else if (record->at_ns < what_if->since_ns) {
        return;
    } else if (record->kind == EVENT_ORDER_SENT && record->length >= sizeof sent) {
        memcpy(&sent, payload, sizeof sent);
        judge(what_if, sent.order_id, sent.strategy, sent.instrument, sent.flags, &sent.verdict);
    } else if (record->kind == EVENT_ORDER_DENIED && record->length >= sizeof denied) {
        memcpy(&denied, payload, sizeof denied);
        if (denied.amends == 0)
            judge(what_if, denied.order_id, denied.strategy, denied.instrument, denied.flags,
                  &denied.verdict);
    }
}

/* --- as JSON --- */

static json_t *value_json(enum limit_id id, int64_t value)
{
    if (limit_row(id)->type == LIMIT_INTEGER)
        return json_integer(value);
    return shape_decimal(value, 8);
}

static json_t *sample_json(const struct what_if_sample *sample)
{
    char order[ORDER_ID_TEXT_MAX];

    order_id_print(order, sample->order_id);
    return json_pack(
        "{s:s, s:s, s:o, s:o}", "order", order, "limit", limit_row(sample->limit)->name, "measured",
        sample->check.measured == INT64_MAX ? json_null()
                                            : value_json(sample->limit, sample->check.measured),
        "value",
        check_has_limit(&sample->check) ? value_json(sample->limit, sample->check.limit)
                                        : json_null());
}

json_t *what_if_json(const struct what_if *what_if)
{
    json_t *by_limit = json_object();
    json_t *used = json_object();
    json_t *examples = json_array();

    for (int id = 0; id < LIMIT_COUNT; id++) {
        const char *name = limit_row((enum limit_id)id)->name;

        if (what_if->by_limit[id] != 0)
            json_object_set_new(by_limit, name, json_integer((json_int_t)what_if->by_limit[id]));
        if (what_if->used_e8[id] >= 0)
            json_object_set_new(used, name, shape_decimal(what_if->used_e8[id], 8));
    }
    for (uint32_t at = 0; at < what_if->samples; at++)
        json_array_append_new(examples, sample_json(&what_if->sample[at]));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "judged",
                     (json_int_t)what_if->judged, "passed", (json_int_t)what_if->passed, "denied",
                     (json_int_t)what_if->denied, "would_deny", (json_int_t)what_if->would_deny,
                     "would_pass", (json_int_t)what_if->would_pass, "by_limit", by_limit,
                     "used_ratio", used, "examples", examples);
}
