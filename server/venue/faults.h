/* Faults of the venue simulator: what goes wrong with which message, by a script in the form of
 * gateway/fault_script.h with the kinds of fault_kinds.def and every verb of fault_verbs.def. What
 * a verb does to bytes is server.h's (struct venue_delivery), the rest the protocol's.
 *
 * Seeded: a script and a seed give one history. One thread. */
#ifndef PITWALL_VENUE_FAULTS_H
#define PITWALL_VENUE_FAULTS_H

#include "venue/venue.h"

enum venue_fault_kind {
#define KIND(ID, ...) VENUE_ON_##ID,
#include "venue/fault_kinds.def"
#undef KIND
    VENUE_KIND_COUNT
};

enum venue_fault_verb {
    VENUE_FAULT_NONE,
#define VERB(ID, ...) VENUE_FAULT_##ID,
#include "venue/fault_verbs.def"
#undef VERB
    VENUE_VERB_COUNT
};

#define VENUE_BIT(KIND) (1U << VENUE_ON_##KIND)

/* What befalls one message. */
struct venue_fault {
    uint8_t verb; /* enum venue_fault_verb; NONE: nothing */
    int64_t for_ns, code;
};

struct venue_faults;

/* Of an opened venue, for its symbols. NULL path: no rule, until one is added. */
enum status venue_faults_open(struct venue_faults **faults, const char *path,
                              const struct venue *venue, uint64_t seed, struct err *err);
void venue_faults_close(struct venue_faults *faults);
/* One script line from now on. */
enum status venue_faults_add(struct venue_faults *faults, const char *line, struct err *err);
void venue_faults_clear(struct venue_faults *faults);

/* UINT16_MAX: of no instrument. */
struct venue_fault venue_faults_draw(struct venue_faults *faults, enum venue_fault_kind kind,
                                     uint16_t instrument);
const char *venue_fault_kind_name(enum venue_fault_kind kind);
/* VENUE_BIT() of each kind that the verb can be on. */
uint32_t venue_fault_kinds(enum venue_fault_verb verb);

#endif
