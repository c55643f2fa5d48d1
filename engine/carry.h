/* What one life of the engine leaves to the next: a fold over the events of its lane.
 *
 * It is built from what the engine said, never from its inputs or its memory, so that a program of
 * another version can go on from it, and so that it is a second opinion: each STATE_HASH is
 * compared with the fold's own. It holds total and own positions, live orders whole, the newest
 * execution ids, limits and trading states of each scope, marks, and the day's figures. The numbers
 * in it are those of the newest INPUT_NAMES, which gives new ones by name; what came before the
 * first of them is not known by name and is left out.
 *
 * As rows it is the snapshot on disk and the INPUT_CARRY records of the next life: each is a struct
 * carry_row and what its kind says, at most INPUT_PART_MAX bytes. A row that a newer version has
 * made longer is read up to what is known.
 *
 *   CARRY_NAMES     struct input_names; the first
 *   CARRY_MONEY     struct event_money; marks and scopes are rows of their own
 *   CARRY_SCOPE     struct carry_scope
 *   CARRY_MARK      struct money_mark
 *   CARRY_POSITION  struct event_position
 *   CARRY_ORDER     struct event_order_carried
 *   CARRY_FILLS     `count` of struct fill_key, oldest first
 *   CARRY_PENDING   struct carry_pending; absent when nothing is
 *   CARRY_END       struct carry_end; the last
 *
 * Flattens are not carried: each belongs to one incident of one life. Pure; about 3 MB, the
 * caller's; one thread at a time. An order's event costs tens of ns. */
#ifndef PITWALL_CARRY_H
#define PITWALL_CARRY_H

#include "domain/event.h"
#include "domain/input.h"
#include "domain/instrument.h"

#include <stddef.h>

struct carry;

enum carry_kind {
    CARRY_NAMES = 1,
    CARRY_MONEY,
    CARRY_SCOPE,
    CARRY_MARK,
    CARRY_POSITION,
    CARRY_ORDER,
    CARRY_FILLS,
    CARRY_PENDING,
    CARRY_END
};

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct carry_row {
    uint16_t kind;
    uint8_t reserved[2];
    uint32_t count;
};

struct carry_scope {
    struct money_scope money;
    struct event_state_changed state;
    uint64_t generation;
    uint32_t limits; /* so many of them follow; what is not among them is not set */
    uint8_t reserved[4];
    int64_t value[LIMIT_COUNT];
};

/* An execution whose consequences have not all been said: the engine ended in the middle of a step.
 * They are said in this order. */
struct carry_pending {
    struct event_fill fill;
    struct event_funding funding;
    uint8_t total, own,
        order;      /* 1: its position, and its order, have not moved with the fill yet */
    uint8_t funded; /* 1: nor the total with the funding */
    uint8_t reserved[4];
};

struct carry_end {
    uint64_t hash; /* state_hash() of all that came before */
    uint64_t epoch;
};

#pragma GCC diagnostic pop

size_t carry_size(void);
/* `memory` is aligned as malloc does it. */
struct carry *carry_init(void *memory);

/* What it holds now, in memory of its own: for whoever looks while the fold goes on. */
struct carry *carry_copy(void *memory, const struct carry *carry);

enum carry_result {
    CARRY_TAKEN,
    CARRY_DIFFERS /* the engine's STATE_HASH is not what its events come to */
};
/* The next record of the lane. Kinds that it does not know pass by. */
enum carry_result carry_take(struct carry *carry, uint16_t kind, int64_t at_ns, const void *payload,
                             uint32_t length);

/* state_hash.h */
uint64_t carry_hash(const struct carry *carry);

/* NULL: no name has come yet, so there is nothing to go on from. */
const struct input_names *carry_names(const struct carry *carry);
/* Of the newest start that it has heard of; 0: none. One that is not above it would repeat ids. */
uint64_t carry_epoch(const struct carry *carry);
/* version 0: its state was never said; generation 0: nor its limits. */
struct carry_scope carry_scope(const struct carry *carry, uint16_t scope);
uint64_t carry_generation(const struct carry *carry); /* of limits, the newest */
int64_t carry_lots(const struct carry *carry, uint16_t instrument);
uint32_t carry_live_orders(const struct carry *carry);
/* When the oldest order was sent that may be alive; 0: there is none. Of an execution before that
 * nobody needs to be told. */
int64_t carry_oldest_order_ns(const struct carry *carry);
/* Whether an execution of an order of ours that may be alive has never been said; then *fill has
 * the order's instrument and strategy. */
bool carry_misses(struct carry *carry, uint64_t order_id, uint64_t exec_id, struct execution *fill);

/* Gives numbers by these names; what is the same by name keeps its state. What a strategy that is
 * gone has earned and paid is the manual one's; what carry_fault() would name is lost. */
void carry_rename(struct carry *carry, const struct input_names *names);
/* False: counts or numbers that no run has. To be asked of names that come from a disk. */
bool carry_names_fit(const struct input_names *names);

/* Makes up for what an engine that ended in the middle of a step did not come to say: an execution
 * that it had said reaches the positions and its order. `rows` by the numbers of the names. After
 * carry_rename(), before carry_each(). False: a figure does not fit. */
bool carry_settle(struct carry *carry, const struct instrument *rows);

/* Why the state cannot go on under these names: something that is held or has live orders is gone
 * or is another thing now. */
struct carry_fault {
    enum carry_fault_kind {
        CARRY_FITS,
        CARRY_NO_INSTRUMENT,
        CARRY_OTHER_VENUE,
        CARRY_OTHER_CURRENCY,
        CARRY_OTHER_STEP, /* tick or lot */
        CARRY_NO_STRATEGY
    } kind;
    const char *name; /* of the instrument or strategy; in the carry */
    int64_t lots;
    uint32_t orders;
};
struct carry_fault carry_fault(const struct carry *carry, const struct input_names *names);

/* All rows, in order; stops and answers false when `take` does. */
typedef bool (*carry_row_fn)(void *ctx, const void *row, uint32_t length);
bool carry_each(const struct carry *carry, carry_row_fn take, void *ctx);
/* Takes a row back, into what carry_init() has made. False: it is none, or does not fit; of the
 * last: the hash is another. */
bool carry_put(struct carry *carry, const void *row, uint32_t length);

#endif
