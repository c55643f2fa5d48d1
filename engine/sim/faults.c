#include "sim/faults.h"

#include "base/assert.h"
#include "sim/random.h"

#include <string.h>

#define NS_PER_MS 1000000

static const struct fault_verb_row verbs[FAULT_VERB_COUNT] = {
#define FAULT_VERB(ID, name, kinds, ms, code, says) [FAULT_##ID] = {name, kinds, ms, code, says},
#define FAULT_WIRE_VERB(name)
#include "tables/fault_verbs.def"
#undef FAULT_WIRE_VERB
#undef FAULT_VERB
};

struct fault_rule fault_rule(enum fault_kind on, enum fault_verb verb)
{
    return (struct fault_rule){.on = (uint8_t)on,
                               .verb = (uint8_t)verb,
                               .instrument = FAULT_ANY_INSTRUMENT,
                               .for_ns = verbs[verb].ms * NS_PER_MS,
                               .code = verbs[verb].code};
}

void faults_init(struct faults *faults, const struct fault_rule *rules, uint32_t count,
                 uint64_t seed)
{
    assert(count <= FAULT_RULES_MAX);
    memset(faults, 0, sizeof *faults);
    faults->count = count;
    faults->random = seed;
    for (uint32_t at = 0; at < count; at++) {
        assert(rules[at].verb < FAULT_VERB_COUNT && rules[at].on < FAULT_KIND_COUNT);
        assert(verbs[rules[at].verb].kinds & (1U << rules[at].on));
        assert(rules[at].for_ns >= 0);
        faults->rules[at] = rules[at];
    }
}

static bool is_due(struct faults *faults, const struct fault_rule *rule, uint64_t seen)
{
    if (rule->nth > 0)
        return seen >= rule->nth && seen < (uint64_t)rule->nth + (rule->times ? rule->times : 1);
    if (rule->every > 0)
        return seen % rule->every == 0;
    return random_draw(&faults->random) % RATIO_ONE_E8 < rule->probability_e8;
}

const struct fault_rule *faults_draw_any(struct faults *faults, enum fault_kind kind,
                                         uint16_t instrument)
{
    const struct fault_rule *acts = NULL;

    for (uint32_t at = 0; at < faults->count; at++) {
        const struct fault_rule *rule = &faults->rules[at];

        if (rule->on != kind ||
            (rule->instrument != FAULT_ANY_INSTRUMENT && rule->instrument != instrument))
            continue;
        if (!is_due(faults, rule, ++faults->seen[at]) || acts ||
            (rule->times > 0 && faults->fired[at] == rule->times))
            continue;
        faults->fired[at]++;
        acts = rule;
    }
    return acts;
}

enum fault_kind fault_kind_of_message(const struct order_message *message)
{
    switch ((enum order_message_kind)message->kind) {
    case ORDER_MESSAGE_NEW:
        return FAULT_ON_NEW;
    case ORDER_MESSAGE_CANCEL:
        return FAULT_ON_CANCEL;
    case ORDER_MESSAGE_AMEND:
        return FAULT_ON_AMEND;
    case ORDER_MESSAGE_QUERY:
        break;
    }
    return FAULT_ON_QUERY;
}

enum fault_kind fault_kind_of_report(uint8_t report)
{
    static const uint8_t kinds[REPORT_COUNT] = {
        [REPORT_VENUE_ACK] = FAULT_ON_ACK,
        [REPORT_FILL_PART] = FAULT_ON_FILL,
        [REPORT_FILL_LAST] = FAULT_ON_FILL,
        [REPORT_VENUE_CANCEL] = FAULT_ON_CANCELLED,
        [REPORT_VENUE_EXPIRE] = FAULT_ON_EXPIRED,
        [REPORT_VENUE_REJECT] = FAULT_ON_REJECTED,
        [REPORT_DUPLICATE_ID] = FAULT_ON_DUPLICATE_ID,
        [REPORT_CANCEL_REJECT] = FAULT_ON_CANCEL_REJECTED,
        [REPORT_VENUE_AMEND] = FAULT_ON_AMENDED,
        [REPORT_AMEND_REJECT] = FAULT_ON_AMEND_REJECTED,
        [REPORT_QUERY_ABSENT] = FAULT_ON_ABSENT,
        [REPORT_FOREIGN] = FAULT_ON_FOREIGN,
        [REPORT_POSITION] = FAULT_ON_POSITION,
        [REPORT_FUNDING] = FAULT_ON_FUNDING,
    };

    assert(report < REPORT_COUNT && kinds[report] != 0); /* what a venue can say */
    return (enum fault_kind)kinds[report];
}

bool fault_kind_of_update(const struct market_update *update, enum fault_kind *kind)
{
    switch ((enum market_kind)update->kind) {
    case MARKET_SNAPSHOT:
    case MARKET_DELTA:
        *kind = FAULT_ON_BOOK;
        return true;
    case MARKET_TRADE:
        *kind = FAULT_ON_TRADE;
        return true;
    case MARKET_TICKER:
        *kind = FAULT_ON_TICKER;
        return true;
    case MARKET_LOST:
    case MARKET_ENDED:
    case MARKET_MARK:
        break;
    }
    return false;
}

static const char *const kind_names[FAULT_KIND_COUNT] = {
#define FAULT_KIND(ID, name, says) [FAULT_ON_##ID] = name,
#include "tables/fault_kinds.def"
#undef FAULT_KIND
};

static const char *const wire_verbs[] = {
#define FAULT_VERB(ID, ...)
#define FAULT_WIRE_VERB(name) name,
#include "tables/fault_verbs.def"
#undef FAULT_WIRE_VERB
#undef FAULT_VERB
};

/* The engine has no strcmp. */
static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *fault_kind_name(enum fault_kind kind)
{
    assert(kind < FAULT_KIND_COUNT);
    return kind_names[kind];
}

bool fault_kind_find(const char *name, enum fault_kind *kind)
{
    for (unsigned at = 0; at < FAULT_KIND_COUNT; at++)
        if (same(kind_names[at], name)) {
            *kind = (enum fault_kind)at;
            return true;
        }
    return false;
}

const struct fault_verb_row *fault_verb_row(enum fault_verb verb)
{
    assert(verb < FAULT_VERB_COUNT);
    return &verbs[verb];
}

bool fault_verb_find(const char *name, enum fault_verb *verb)
{
    for (unsigned at = 0; at < FAULT_VERB_COUNT; at++)
        if (same(verbs[at].name, name)) {
            *verb = (enum fault_verb)at;
            return true;
        }
    return false;
}

bool fault_verb_is_wire(const char *name)
{
    for (size_t at = 0; at < sizeof wire_verbs / sizeof wire_verbs[0]; at++)
        if (same(wire_verbs[at], name))
            return true;
    return false;
}
