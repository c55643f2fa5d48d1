/* Faults of the simulated venue: which message goes wrong, and how.
 *
 * A rule counts the messages of its kind (and instrument) and fires on the n-th, on every n-th, or
 * by chance from its own seeded stream; so a script and a seed give one history, and adding a rule
 * does not move the draws of latency. Of several rules that fire on one message the first acts; all
 * count it. What the verbs mean is in tables/fault_verbs.def, what they are about in
 * tables/fault_kinds.def; server/gateway/fault_script reads rules from a file, a test fills the
 * struct (fault_rule() gives the verb's defaults).
 *
 * Owner: the venue that draws. Pure, no allocation; without rules a draw costs one branch. */
#ifndef PITWALL_SIM_FAULTS_H
#define PITWALL_SIM_FAULTS_H

#include "domain/bounds.h"
#include "domain/market.h"
#include "domain/order.h"

#include <stddef.h>

enum fault_kind {
#define FAULT_KIND(ID, ...) FAULT_ON_##ID,
#include "tables/fault_kinds.def"
#undef FAULT_KIND
    FAULT_KIND_COUNT
};

enum fault_verb {
#define FAULT_VERB(ID, ...) FAULT_##ID,
#define FAULT_WIRE_VERB(name)
#include "tables/fault_verbs.def"
#undef FAULT_WIRE_VERB
#undef FAULT_VERB
    FAULT_VERB_COUNT
};

#define FAULT_BIT(KIND) (1U << FAULT_ON_##KIND)
#define FAULTS_REQUESTS (FAULT_BIT(NEW) | FAULT_BIT(CANCEL) | FAULT_BIT(AMEND) | FAULT_BIT(QUERY))
#define FAULTS_ANSWERS                                                                             \
    (FAULT_BIT(ACK) | FAULT_BIT(CANCELLED) | FAULT_BIT(EXPIRED) | FAULT_BIT(REJECTED) |            \
     FAULT_BIT(DUPLICATE_ID) | FAULT_BIT(CANCEL_REJECTED) | FAULT_BIT(AMENDED) |                   \
     FAULT_BIT(AMEND_REJECTED) | FAULT_BIT(ABSENT))
#define FAULTS_NEWS (FAULT_BIT(FOREIGN) | FAULT_BIT(POSITION) | FAULT_BIT(FUNDING))
#define FAULTS_DATA (FAULT_BIT(BOOK) | FAULT_BIT(TRADE) | FAULT_BIT(TICKER))
/* What befalls the whole venue: on anything but the news that it may itself cause. */
#define FAULTS_VENUE (FAULTS_REQUESTS | FAULTS_ANSWERS | FAULT_BIT(FILL) | FAULTS_DATA)
#define FAULTS_ALL (FAULTS_VENUE | FAULTS_NEWS)

enum { FAULT_RULES_MAX = 64, FAULT_ANY_INSTRUMENT = UINT16_MAX };

/* Fires by one of nth, every, probability_e8; the others are 0. */
struct fault_rule {
    uint8_t on, verb;
    uint16_t instrument;     /* FAULT_ANY_INSTRUMENT */
    uint32_t nth, every;     /* counted from 1 */
    uint32_t probability_e8; /* of each message */
    uint32_t times; /* fires at most so often, 0: no bound; nth: so many from the n-th on */
    int64_t for_ns; /* "ms" */
    int64_t code;   /* the venue's code, or lots, by verb */
};

struct fault_verb_row {
    const char *name;
    uint32_t kinds; /* bits that it can be on */
    int64_t ms, code;
    const char *says;
};

struct faults {
    uint32_t count;
    uint64_t random;
    struct fault_rule rules[FAULT_RULES_MAX];
    uint64_t seen[FAULT_RULES_MAX], fired[FAULT_RULES_MAX];
};

/* A rule with the verb's defaults, on any instrument; when it fires is still to be said. */
struct fault_rule fault_rule(enum fault_kind on, enum fault_verb verb);
/* Asserts at most FAULT_RULES_MAX rules, each on a kind that its verb allows, and copies them. */
void faults_init(struct faults *faults, const struct fault_rule *rules, uint32_t count,
                 uint64_t seed);
const struct fault_rule *faults_draw_any(struct faults *faults, enum fault_kind kind,
                                         uint16_t instrument);

/* The rule that acts on this message; NULL: none. */
static inline const struct fault_rule *faults_draw(struct faults *faults, enum fault_kind kind,
                                                   uint16_t instrument)
{
    return faults->count == 0 ? NULL : faults_draw_any(faults, kind, instrument);
}

enum fault_kind fault_kind_of_message(const struct order_message *message);
enum fault_kind fault_kind_of_report(uint8_t report);
/* False: a kind of update that nothing befalls (the end, a lost stream). */
bool fault_kind_of_update(const struct market_update *update, enum fault_kind *kind);

const char *fault_kind_name(enum fault_kind kind); /* "new" */
bool fault_kind_find(const char *name, enum fault_kind *kind);
const struct fault_verb_row *fault_verb_row(enum fault_verb verb);
bool fault_verb_find(const char *name, enum fault_verb *verb);
bool fault_verb_is_wire(const char *name);

#endif
