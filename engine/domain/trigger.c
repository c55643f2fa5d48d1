#include "domain/trigger.h"

#include "base/assert.h"

enum { OFF = TRIGGER_OFF, NOTIFY = TRIGGER_NOTIFY, REDUCE = TRIGGER_REDUCE, KILL = TRIGGER_KILL };

const char *trigger_name(enum trigger_id id)
{
    static const char *const names[TRIGGER_COUNT] = {
#define TRIGGER(ID, name, ...) #name,
#include "tables/triggers.def"
#undef TRIGGER
    };

    assert((unsigned)id < TRIGGER_COUNT);
    return names[id];
}

const char *trigger_says(enum trigger_id id)
{
    static const char *const says[TRIGGER_COUNT] = {
#define TRIGGER(ID, name, action, samples, window, text) text,
#include "tables/triggers.def"
#undef TRIGGER
    };

    assert((unsigned)id < TRIGGER_COUNT);
    return says[id];
}

const char *trigger_action_name(enum trigger_action action)
{
    static const char *const names[TRIGGER_ACTIONS] = {"off", "notify", "reduce", "kill"};

    assert((unsigned)action < TRIGGER_ACTIONS);
    return names[action];
}

struct trigger_rule trigger_default(enum trigger_id id)
{
    static const struct trigger_rule rules[TRIGGER_COUNT] = {
#define TRIGGER(ID, name, action, samples, window, says)                                           \
    {(enum trigger_action)(action), samples, window},
#include "tables/triggers.def"
#undef TRIGGER
    };

    assert((unsigned)id < TRIGGER_COUNT);
    return rules[id];
}
