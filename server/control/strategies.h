/* Changing a strategy: reading what is asked.
 *
 * All or nothing: the change names parameters for all instruments of the strategy, for one, or
 * both; anything wrong with one of them refuses it whole. Pure functions; control thread and
 * tests. */
#ifndef PITWALL_CONTROL_STRATEGIES_H
#define PITWALL_CONTROL_STRATEGIES_H

#include "config/config.h"
#include "control/members.h"

struct strategy_change {
    bool names_enabled, enabled;
    uint8_t count;
    struct parameter_change change[PARAMETER_CHANGES_MAX];
    char reason[REASON_MAX];
};

/* Reads {"enabled"?,"parameters"?:{name:value},"per_instrument"?:{instrument:{name:value}},
 * "reason"}; at least one of the first three. What is for one instrument comes after what is for
 * all. ERR_MALFORMED, ERR_UNKNOWN_FIELD, ERR_UNKNOWN_PARAMETER (err names those that there are),
 * ERR_OUT_OF_RANGE (with the bounds; also an instrument that the strategy does not trade). */
enum status strategy_change_parse(const struct config *config, uint16_t strategy,
                                  const json_t *body, struct strategy_change *change,
                                  struct err *err);

/* `params` (MAX_INSTRUMENTS) after the change. ERR_OUT_OF_RANGE when they do not fit together. */
enum status strategy_change_apply(const struct config *config, uint16_t strategy,
                                  const struct strategy_change *change,
                                  struct strategy_params *params, struct err *err);

/* True when `next` lets the strategy risk more than `now` in any of its instruments, by any of its
 * parameters (the column LOOSER of parameters.def). */
bool strategy_loosens(const struct config *config, uint16_t strategy,
                      const struct strategy_params *now, const struct strategy_params *next);
/* [{"name","instrument","old","new"}] of what differs. */
json_t *strategy_diff(const struct config *config, uint16_t strategy,
                      const struct strategy_params *now, const struct strategy_params *next);

/* A strategy of the configuration by name; not `manual`, which nobody switches. */
bool strategy_named(const struct config *config, const char *name, uint16_t *strategy);

#endif
