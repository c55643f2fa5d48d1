#include "alerts/instances.h"

#include <string.h>

enum { RETURNS_MAX = 6 };
static const int64_t second_ns = 1000000000LL;
/* Within this a new one is the old one come back; and the longest that it is kept then. */
static const int64_t return_ns = 600 * 1000000000LL;
/* While it fires its figures are told anew so often: each is a message to every page. */
static const int64_t retell_ns = 10 * 1000000000LL;

void alert_instances_init(struct alert_instances *all, uint64_t epoch)
{
    *all = (struct alert_instances){.number = epoch << 32};
}

struct alert_instance *alert_instances_find(struct alert_instances *all, uint64_t number)
{
    for (uint32_t at = 0; at < ALERT_INSTANCES; at++)
        if (all->instance[at].state != ALERT_FREE && all->instance[at].number == number &&
            number != 0)
            return &all->instance[at];
    return NULL;
}

static bool is_live(const struct alert_instance *one)
{
    return one->state == ALERT_PENDING || one->state == ALERT_FIRING;
}

static bool is_same(const struct alert_sample *one, const struct alert_sample *other)
{
    return one->alert == other->alert && one->place == other->place && one->limit == other->limit;
}

static struct alert_instance *find_live(struct alert_instances *all,
                                        const struct alert_sample *sample)
{
    if (all->live[sample->alert] == 0)
        return NULL;
    for (uint32_t at = 0; at < ALERT_INSTANCES; at++)
        if (is_live(&all->instance[at]) && is_same(&all->instance[at].sample, sample))
            return &all->instance[at];
    return NULL;
}

/* A free place, or that of the oldest resolved one. */
static struct alert_instance *take_place(struct alert_instances *all)
{
    struct alert_instance *oldest = NULL;

    for (uint32_t at = 0; at < ALERT_INSTANCES; at++) {
        struct alert_instance *one = &all->instance[at];

        if (one->state == ALERT_FREE)
            return one;
        if (one->state == ALERT_RESOLVED && (!oldest || one->number < oldest->number))
            oldest = one;
    }
    return oldest;
}

/* How often this one has come back within ten minutes. */
static uint32_t returns_of(const struct alert_instances *all, const struct alert_sample *sample,
                           int64_t mono_ns)
{
    uint32_t returns = 0;

    for (uint32_t at = 0; at < ALERT_INSTANCES; at++) {
        const struct alert_instance *one = &all->instance[at];

        if (one->state == ALERT_RESOLVED && is_same(&one->sample, sample) &&
            mono_ns - one->resolved_mono_ns < return_ns && one->returns + 1 > returns)
            returns = one->returns + 1;
    }
    return returns < RETURNS_MAX ? returns : RETURNS_MAX;
}

static struct alert_instance *begin(struct alert_instances *all, const struct alert_sample *sample,
                                    int64_t mono_ns, int64_t real_ns)
{
    uint32_t returns = returns_of(all, sample, mono_ns);
    struct alert_instance *one = take_place(all);

    if (!one) {
        all->lost++;
        return NULL;
    }
    *one = (struct alert_instance){.state = ALERT_PENDING,
                                   .sample = *sample,
                                   .since_ns = real_ns,
                                   .began_mono_ns = mono_ns,
                                   .returns = returns};
    all->live[sample->alert]++;
    return one;
}

static void forget(struct alert_instances *all, struct alert_instance *one)
{
    all->live[one->sample.alert]--;
    one->state = ALERT_FREE;
}

static int64_t keep_ns(const struct alert_instance *one)
{
    int64_t base_ns = alert_row((enum alert_id)one->sample.alert)->keep_ns;
    int64_t kept_ns = (base_ns > second_ns ? base_ns : second_ns) << one->returns;

    if (one->returns == 0)
        return base_ns;
    return kept_ns < return_ns ? kept_ns : return_ns;
}

/* One look at the whole of it. */
struct turn {
    struct alert_instances *all;
    const struct alert_inputs *in;
    int64_t mono_ns, real_ns;
    struct alert_change *changes;
    uint32_t count;
    bool is_seen; /* something that people see has changed */
};

static void change(struct turn *turn, const struct alert_instance *one, bool fired)
{
    turn->changes[turn->count++] =
        (struct alert_change){.at = (uint16_t)(one - turn->all->instance), .fired = fired};
    turn->is_seen = true;
}

static void tell(struct turn *turn, struct alert_instance *one, const struct alert_sample *sample)
{
    one->sample = *sample;
    one->told_mono_ns = turn->mono_ns;
    alert_says(turn->in, sample, one->says);
    turn->is_seen = true;
}

static void breach(struct turn *turn, struct alert_instance *one, const struct alert_sample *sample)
{
    if (!one)
        one = begin(turn->all, sample, turn->mono_ns, turn->real_ns);
    if (!one)
        return;
    one->clear_mono_ns = 0;
    one->look = turn->all->looks;
    if (one->state == ALERT_PENDING &&
        turn->mono_ns - one->began_mono_ns >= alert_row((enum alert_id)sample->alert)->for_ns) {
        one->state = ALERT_FIRING;
        one->number = ++turn->all->number;
        turn->all->firing[sample->alert]++;
        turn->all->fired[sample->alert]++;
        tell(turn, one, sample);
        change(turn, one, true);
    } else if (one->state == ALERT_FIRING && turn->mono_ns - one->told_mono_ns >= retell_ns &&
               one->sample.value != sample->value) {
        tell(turn, one, sample);
    }
}

static void well(struct turn *turn, struct alert_instance *one)
{
    if (one->state == ALERT_PENDING) {
        forget(turn->all, one);
        return;
    }
    if (one->clear_mono_ns == 0)
        one->clear_mono_ns = turn->mono_ns;
    if (turn->mono_ns - one->clear_mono_ns < keep_ns(one))
        return;
    one->state = ALERT_RESOLVED;
    one->resolved_ns = turn->real_ns;
    one->resolved_mono_ns = turn->mono_ns;
    turn->all->live[one->sample.alert]--;
    turn->all->firing[one->sample.alert]--;
    change(turn, one, false);
}

static void take_sample(struct turn *turn, const struct alert_sample *sample)
{
    struct alert_instance *one = find_live(turn->all, sample);

    if (sample->verdict == ALERT_BREACH) {
        breach(turn, one, sample);
    } else if (one) {
        one->look = turn->all->looks;
        if (sample->verdict == ALERT_CLEAR)
            well(turn, one);
        else
            one->clear_mono_ns = 0;
    }
}

bool alert_instances_take(struct alert_instances *all, const struct alert_inputs *in,
                          const struct alert_look *look, int64_t mono_ns, int64_t real_ns,
                          struct alert_change changes[ALERT_CHANGES_MAX], uint32_t *count)
{
    struct turn turn = {.all = all, .in = in, .mono_ns = mono_ns, .real_ns = real_ns};

    turn.changes = changes;
    all->looks++;
    for (uint32_t at = 0; at < look->count; at++)
        take_sample(&turn, &look->sample[at]);
    for (uint32_t at = 0; at < ALERT_INSTANCES; at++)
        if (is_live(&all->instance[at]) && all->instance[at].look != all->looks)
            well(&turn, &all->instance[at]);
    *count = turn.count;
    return turn.is_seen;
}
