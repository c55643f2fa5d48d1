/* Automatic triggers: their names, what they do, how many samples confirm them.
 *
 * Rows of tables/triggers.def. Configured per run, read-only after start; any thread. */
#ifndef PITWALL_DOMAIN_TRIGGER_H
#define PITWALL_DOMAIN_TRIGGER_H

#include <stdint.h>

enum trigger_id {
#define TRIGGER(ID, ...) TRIGGER_##ID,
#include "tables/triggers.def"
#undef TRIGGER
    TRIGGER_COUNT
};

enum trigger_action { TRIGGER_OFF, TRIGGER_NOTIFY, TRIGGER_REDUCE, TRIGGER_KILL, TRIGGER_ACTIONS };

struct trigger_rule {
    enum trigger_action action;
    uint8_t samples, window; /* 1 <= samples <= window <= 32 */
};

const char *trigger_name(enum trigger_id id);
const char *trigger_says(enum trigger_id id);
const char *trigger_action_name(enum trigger_action action); /* "off", "notify", .. */
struct trigger_rule trigger_default(enum trigger_id id);

#endif
