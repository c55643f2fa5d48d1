#include "venue/faults.h"

#include "gateway/fault_script.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1000000LL

#define VENUE_TRADING                                                                              \
    (VENUE_BIT(NEW) | VENUE_BIT(CANCEL) | VENUE_BIT(AMEND) | VENUE_BIT(CANCEL_ALL))
#define VENUE_REFUSABLE (VENUE_TRADING | VENUE_BIT(QUERY) | VENUE_BIT(AUTH) | VENUE_BIT(SUBSCRIBE))
#define VENUE_ASKED (VENUE_REFUSABLE | VENUE_BIT(PING))
#define VENUE_PUSHES                                                                               \
    (VENUE_BIT(ORDER) | VENUE_BIT(FILL) | VENUE_BIT(POSITION) | VENUE_BIT(WALLET) |                \
     VENUE_BIT(BOOK) | VENUE_BIT(TRADE) | VENUE_BIT(TICKER))
#define VENUE_MESSAGES (VENUE_ASKED | VENUE_PUSHES)
#define VENUE_ALL (VENUE_MESSAGES | VENUE_BIT(CONNECT))

struct venue_faults {
    struct faults drawn; /* the engine's own counting and drawing, with our kinds and verbs */
    const struct venue *venue;
};

struct verb_row {
    const char *name;
    uint32_t kinds;
    int64_t ms, code;
};

static const struct verb_row verbs[VENUE_VERB_COUNT] = {
    [VENUE_FAULT_NONE] = {"", 0, 0, 0},
#define VERB(ID, name, kinds, ms, code, says) [VENUE_FAULT_##ID] = {name, kinds, ms, code},
#include "venue/fault_verbs.def"
#undef VERB
};

static const char *const kinds[VENUE_KIND_COUNT] = {
#define KIND(ID, name, says) [VENUE_ON_##ID] = name,
#include "venue/fault_kinds.def"
#undef KIND
};

const char *venue_fault_kind_name(enum venue_fault_kind kind)
{
    assert(kind < VENUE_KIND_COUNT);
    return kinds[kind];
}

uint32_t venue_fault_kinds(enum venue_fault_verb verb)
{
    assert(verb < VENUE_VERB_COUNT);
    return verbs[verb].kinds;
}

static enum status begin_rule(void *ctx, const char *on, const char *does, struct fault_rule *rule,
                              struct err *err)
{
    uint8_t kind = 0;
    uint8_t verb = 1;

    (void)ctx;
    while (kind < VENUE_KIND_COUNT && strcmp(kinds[kind], on) != 0)
        kind++;
    while (verb < VENUE_VERB_COUNT && strcmp(verbs[verb].name, does) != 0)
        verb++;
    if (kind == VENUE_KIND_COUNT)
        return err_format(err, ERR_CONFIG, "\"on\": there is no '%s'", on);
    if (verb == VENUE_VERB_COUNT)
        return err_format(err, ERR_CONFIG, "\"do\": there is no '%s'", does);
    if (!(verbs[verb].kinds & (1U << kind)))
        return err_format(err, ERR_CONFIG, "'%s' cannot be done on '%s'", does, on);
    *rule = (struct fault_rule){.on = kind,
                                .verb = verb,
                                .instrument = FAULT_ANY_INSTRUMENT,
                                .for_ns = verbs[verb].ms * NS_PER_MS,
                                .code = verbs[verb].code};
    return OK;
}

/* A symbol can be of both categories: "BTCUSDT" is then the linear one, "spot:BTCUSDT" the other.
 */
static uint32_t find_symbol(void *ctx, const char *symbol, uint16_t *instrument)
{
    const struct venue *venue = ((struct venue_faults *)ctx)->venue;

    if (strncmp(symbol, "spot:", 5) == 0)
        return venue_find(venue, VENUE_SPOT, symbol + 5, instrument);
    if (strncmp(symbol, "linear:", 7) == 0)
        return venue_find(venue, VENUE_LINEAR, symbol + 7, instrument);
    return venue_find(venue, VENUE_LINEAR, symbol, instrument) ||
           venue_find(venue, VENUE_SPOT, symbol, instrument);
}

static int64_t least_code(const struct fault_rule *rule)
{
    return rule->verb == VENUE_FAULT_POSITION_OVERRIDE || rule->verb == VENUE_FAULT_CLOCK_OFFSET
               ? -MAX_LOTS
               : 1;
}

static struct fault_words words_of(struct venue_faults *faults)
{
    return (struct fault_words){
        .ctx = faults, .begin = begin_rule, .find = find_symbol, .code_low = least_code};
}

enum status venue_faults_open(struct venue_faults **opened, const char *path,
                              const struct venue *venue, uint64_t seed, struct err *err)
{
    struct venue_faults *faults = calloc(1, sizeof *faults);
    struct fault_words words;
    enum status status = OK;

    if (!faults)
        return err_set(err, ERR_INTERNAL, "no memory for faults");
    faults->venue = venue;
    faults->drawn.random = seed;
    words = words_of(faults);
    if (path)
        status = fault_script_file(path, &words, faults->drawn.rules, &faults->drawn.count, err);
    if (status != OK)
        free(faults);
    else
        *opened = faults;
    return status;
}

void venue_faults_close(struct venue_faults *faults)
{
    free(faults);
}

enum status venue_faults_add(struct venue_faults *faults, const char *line, struct err *err)
{
    struct fault_words words = words_of(faults);
    struct fault_rule rule;
    enum status status = fault_script_line(line, &words, &rule, err);

    if (status != OK)
        return status;
    if (faults->drawn.count == FAULT_RULES_MAX)
        return err_format(err, ERR_CONFIG, "more than %d rules", FAULT_RULES_MAX);
    faults->drawn.seen[faults->drawn.count] = 0;
    faults->drawn.fired[faults->drawn.count] = 0;
    faults->drawn.rules[faults->drawn.count++] = rule;
    return OK;
}

void venue_faults_clear(struct venue_faults *faults)
{
    faults->drawn.count = 0;
}

struct venue_fault venue_faults_draw(struct venue_faults *faults, enum venue_fault_kind kind,
                                     uint16_t instrument)
{
    const struct fault_rule *rule = faults_draw(&faults->drawn, (enum fault_kind)kind, instrument);

    if (!rule)
        return (struct venue_fault){.verb = VENUE_FAULT_NONE};
    return (struct venue_fault){.verb = rule->verb, .for_ns = rule->for_ns, .code = rule->code};
}
