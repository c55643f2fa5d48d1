/* Commands: what the control thread asks of the engine, one ring, one producer. */
#ifndef PITWALL_DOMAIN_COMMAND_H
#define PITWALL_DOMAIN_COMMAND_H

#include "domain/limit.h"
#include "domain/order.h"
#include "domain/scope.h"

#include <stddef.h>

enum command_kind {
    COMMAND_NONE,
#define COMMAND(ID, name) ID,
#include "tables/commands.def"
#undef COMMAND
    COMMAND_COUNT
};

/* All values of the scope, after the change; refused as a whole when `base` has moved. */
struct command_set_limits {
    uint64_t base;
    uint16_t scope;
    struct limits limits;
};

/* `clears` names the kill generation that a resume clears (0: the state was not set by a kill);
 * refused when the version or the kill has moved. */
struct command_set_state {
    uint64_t base;
    uint64_t clears;
    uint16_t scope;
    uint8_t state;
};

struct command_new_order {
    struct intent intent;
};

struct command_cancel_order {
    uint64_t order_id;
};

struct command_cancel_all {
    uint16_t scope;
};

struct command_stop {
    uint8_t cancel_orders;
};

/* qty_lots is the new total, what is filled included; 0 leaves price or quantity as it is. */
struct command_amend_order {
    uint64_t order_id;
    int64_t price_ticks, qty_lots;
};

/* Sells or buys back what the scope holds. Bound to the kill it belongs to: refused when that no
 * longer holds the scope, and never done again after a restart. */
struct command_flatten {
    uint64_t incident;
    uint16_t scope;
};

/* The control plane lives, and this is what it saw leave: new orders and their lots, counted by the
 * gateways. Not answered. */
struct command_beat {
    uint64_t outbound_orders, outbound_lots;
};

/* Switches a strategy on or off and sets parameters, all or none; refused as a whole when `base` is
 * not its version any more. `enabled` is as it shall be, also when that is no change. */
enum { PARAMETER_CHANGES_MAX = 64 };

struct command_set_strategy {
    uint64_t base;
    uint16_t strategy;
    uint8_t enabled;
    uint8_t count;
    struct parameter_change {
        int64_t value;       /* in held units */
        uint16_t instrument; /* UINT16_MAX: all that it may trade */
        uint16_t parameter;  /* row of parameters.def */
    } change[PARAMETER_CHANGES_MAX];
};

/* What a person decides where our position and the venue's count differ. Refused when either is not
 * what the person saw.
 *   adopt  its count is our position from now on; only while the instrument is HALTED
 *   else   the difference is known and stops nothing, until it changes or the program starts
 *          anew */
struct command_settle_drift {
    int64_t our_lots, venue_lots;
    uint16_t instrument;
    uint8_t adopt;
};

struct command {
    uint64_t id; /* never repeats within a data directory */
    uint8_t kind;
    union {
#define COMMAND(ID, name) struct command_##name name;
#include "tables/commands.def"
#undef COMMAND
    };
};

/* Bytes that a command of its kind has. */
static inline size_t command_size(const struct command *command)
{
    switch (command->kind) {
#define COMMAND(ID, name)                                                                          \
    case ID:                                                                                       \
        return offsetof(struct command, name) + sizeof command->name;
#include "tables/commands.def"
#undef COMMAND
    default:
        return sizeof *command;
    }
}

#endif
