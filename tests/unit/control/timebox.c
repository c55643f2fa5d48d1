/* Raises that return by themselves: when, and to what. */
#include "control/timebox.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LOTS = LIMIT_MAX_ORDER_LOTS, ORDERS = LIMIT_MAX_OPEN_ORDERS };
enum { WINDOW = LIMIT_DUPLICATE_WINDOW_MS }; /* the larger the tighter */
#define SECOND_NS 1000000000LL
#define HOUR_NS (3600 * SECOND_NS)

static const struct instant start = {.wall_ns = 1800000000 * SECOND_NS, .mono_ns = 5 * HOUR_NS};
static struct timeboxes boxes;
static struct limits stands, next;
static bool changed[TIMEBOXES_MAX];

static struct instant after(int64_t wall_ns, int64_t mono_ns)
{
    return (struct instant){start.wall_ns + wall_ns, start.mono_ns + mono_ns};
}

static struct instant later(int64_t ns)
{
    return after(ns, ns);
}

static void fresh(void)
{
    memset(&boxes, 0, sizeof boxes);
    memset(changed, 0, sizeof changed);
    for (int id = 0; id < LIMIT_COUNT; id++)
        stands.value[id] = 10;
}

TestSuite(timebox, .init = fresh);

/* Raises what stands of one limit of scope 3 for that long, as control does. */
static struct timebox *raise(uint64_t approval, int id, int64_t value, int64_t ns,
                             struct instant now)
{
    struct limits_change change = {0};
    struct timebox box;

    change.named[id] = true;
    change.asked.value[id] = value;
    cr_assert(timebox_make(&box, &change, &stands, NULL));
    box.approval = approval;
    box.scope = 3;
    timebox_start(&box, ns, now);
    stands.value[id] = value;
    return timeboxes_add(&boxes, &box);
}

/* Ends what is over, as control does. */
static bool end(struct instant now)
{
    bool differs = timeboxes_return(&boxes, 3, now, &stands, &next);

    for (int id = 0; id < LIMIT_COUNT; id++)
        cr_expect(!limit_loosens((enum limit_id)id, stands.value[id], next.value[id]),
                  "a return never loosens");
    stands = next;
    for (int i = 0; i < TIMEBOXES_MAX; i++)
        if (boxes.row[i].approval != 0 && timebox_left_ns(&boxes.row[i], now) <= 0) {
            timeboxes_hand_over(&boxes, &boxes.row[i], now, changed);
            boxes.row[i].approval = 0;
        }
    return differs;
}

Test(timebox, a_raise_returns_to_what_stood_before)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    cr_assert(!timeboxes_due(&boxes, 3, later(HOUR_NS - 1)));
    cr_assert(!timeboxes_due(&boxes, 2, later(HOUR_NS)), "another scope");
    cr_assert(timeboxes_due(&boxes, 3, later(HOUR_NS)));
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], 10);
}

Test(timebox, where_the_larger_is_the_tighter_too)
{
    raise(1, WINDOW, 4, HOUR_NS, start);
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[WINDOW], 10);
}

Test(timebox, only_what_loosens_is_in_the_box)
{
    struct limits_change change = {.named[LOTS] = true,
                                   .named[ORDERS] = true,
                                   .asked.value[LOTS] = 20,
                                   .asked.value[ORDERS] = 5};
    struct timebox box;

    cr_assert(timebox_make(&box, &change, &stands, NULL));
    cr_assert(box.named[LOTS] && !box.named[ORDERS]);
    change.asked.value[LOTS] = 10;
    cr_assert(!timebox_make(&box, &change, &stands, NULL), "nothing loosens");
}

Test(timebox, what_was_tightened_meanwhile_stays)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    stands.value[LOTS] = 3;
    cr_assert(!end(later(HOUR_NS)), "nothing changes");
    cr_assert_eq(stands.value[LOTS], 3);
}

Test(timebox, what_was_denied_meanwhile_stays_denied)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    stands.value[LOTS] = LIMIT_DENY;
    cr_assert(!end(later(HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], LIMIT_DENY);
}

Test(timebox, other_limits_are_not_touched)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    stands.value[ORDERS] = 99;
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[ORDERS], 99);
}

Test(timebox, what_nobody_had_set_goes_back_to_denying)
{
    stands.value[LOTS] = LIMIT_UNSET;
    raise(1, LOTS, 20, HOUR_NS, start);
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], LIMIT_DENY);
}

/* ---------------------------------------------------------------------------------- clocks */

Test(timebox, a_wall_clock_set_back_gives_no_time)
{
    const struct timebox *box = raise(1, LOTS, 20, HOUR_NS, start);

    cr_assert_eq(timebox_left_ns(box, after(-10 * HOUR_NS, HOUR_NS / 2)), HOUR_NS / 2);
    cr_assert_eq(timebox_left_ns(box, after(-10 * HOUR_NS, HOUR_NS)), 0);
}

Test(timebox, a_wall_clock_set_forward_ends_it)
{
    const struct timebox *box = raise(1, LOTS, 20, HOUR_NS, start);

    cr_assert_leq(timebox_left_ns(box, after(HOUR_NS, 1)), 0);
}

static struct timebox restarted(int64_t noted_after_ns, struct instant now)
{
    struct timebox box;

    fresh();
    box = *raise(1, LOTS, 20, HOUR_NS, start);
    timebox_note(&box, later(noted_after_ns));
    box.mono_until_ns = 0; /* of another boot */
    timebox_resume(&box, now);
    return box;
}

Test(timebox, time_that_the_program_was_down_counts)
{
    struct instant now = {start.wall_ns + HOUR_NS / 2, 7};
    struct timebox box = restarted(0, now);

    cr_assert_eq(timebox_left_ns(&box, now), HOUR_NS / 2);
    now = (struct instant){start.wall_ns + 2 * HOUR_NS, 7};
    box = restarted(0, now);
    cr_assert_leq(timebox_left_ns(&box, now), 0);
}

Test(timebox, a_wall_clock_set_back_while_it_was_down_ends_it)
{
    struct instant now = {start.wall_ns - 1, 7};
    struct timebox box = restarted(0, now);

    cr_assert_leq(timebox_left_ns(&box, now), 0);
    now = (struct instant){start.wall_ns + HOUR_NS / 4, 7};
    box = restarted(HOUR_NS / 2, now);
    cr_assert_leq(timebox_left_ns(&box, now), 0, "before the moment that was noted last");
}

Test(timebox, what_was_left_when_noted_is_never_given_again)
{
    struct instant set_back = after(-HOUR_NS / 2, HOUR_NS / 2);
    struct timebox box = *raise(1, LOTS, 20, HOUR_NS, start);
    struct instant now = {start.wall_ns + 1, 7};

    timebox_note(&box, set_back); /* half of it is spent, whatever the wall clock says */
    timebox_resume(&box, now);
    cr_assert_eq(timebox_left_ns(&box, now), HOUR_NS / 2);
}

/* ----------------------------------------------------------------------------- overlapping */

Test(timebox, the_later_ends_first)
{
    raise(1, LOTS, 20, 2 * HOUR_NS, start);
    raise(2, LOTS, 30, HOUR_NS, start);
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], 20);
    cr_assert(end(later(2 * HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], 10);
}

Test(timebox, the_earlier_ends_first)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    raise(2, LOTS, 30, 2 * HOUR_NS, start);
    cr_assert(!end(later(HOUR_NS)), "two people have decided on 30 until later");
    cr_assert_eq(stands.value[LOTS], 30);
    cr_assert(changed[1] && !changed[0]);
    cr_assert(end(later(2 * HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], 10, "not 20, which is over");
}

Test(timebox, both_over_at_once)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    raise(2, LOTS, 30, HOUR_NS, start);
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], 10);
}

Test(timebox, one_over_another_limit_does_not_hold_this_one)
{
    raise(1, LOTS, 20, HOUR_NS, start);
    raise(2, ORDERS, 30, 2 * HOUR_NS, start);
    cr_assert(end(later(HOUR_NS)));
    cr_assert_eq(stands.value[LOTS], 10);
    cr_assert_eq(stands.value[ORDERS], 30);
}

/* Any order of raises, tightenings, ends: never looser by a return, and at the end of all boxes
 * nothing above what two people have let stay. */
Test(timebox, any_order_of_things)
{
    uint32_t seed = 20417;

    for (int run = 0; run < 2000; run++) {
        int64_t now_ns = 0;
        int64_t lasting = 10;

        fresh();
        for (uint64_t step = 1; step <= 12; step++) {
            seed = seed * 1664525U + 1013904223U;
            now_ns += (seed >> 8) % 40;
            (void)end(later(now_ns));
            if ((seed >> 28) < 10) {
                raise(step, LOTS, stands.value[LOTS] + 1 + (seed >> 20) % 9, 1 + (seed >> 16) % 90,
                      later(now_ns));
            } else if (stands.value[LOTS] > 1) {
                stands.value[LOTS]--;
                lasting = stands.value[LOTS] < lasting ? stands.value[LOTS] : lasting;
            }
        }
        (void)end(later(now_ns + 1000));
        cr_assert_leq(stands.value[LOTS], 10, "seed 20417 run %d: %lld", run,
                      (long long)stands.value[LOTS]);
        cr_assert_leq(stands.value[LOTS], lasting, "seed 20417 run %d", run);
    }
}

/* ------------------------------------------------------------------------------------ kept */

Test(timebox, what_is_kept_is_read_as_it_was)
{
    static struct config config = {.scopes = {.venues = 1, .strategies = 1, .instruments = 1},
                                   .venues = 1,
                                   .strategies = 1,
                                   .instruments = 1};
    struct timebox box = *raise(1000001, LOTS, INT64_MAX / 2, HOUR_NS, start), back;
    struct err err;
    json_t *kept = timebox_kept(&box, "firm");

    cr_assert_eq(timebox_read(&back, &config, "A1000001", kept, &err), OK, "%s", err.text);
    box.scope = scope_of_firm();
    box.mono_until_ns = 0;
    cr_assert_eq(back.approval, box.approval);
    cr_assert_eq(memcmp(back.named, box.named, sizeof box.named), 0);
    cr_assert_eq(back.value.value[LOTS], box.value.value[LOTS]);
    cr_assert_eq(back.back_to.value[LOTS], 10);
    cr_assert(back.until_ns == box.until_ns && back.left_ns == box.left_ns &&
              back.noted_ns == box.noted_ns && back.set_ns == box.set_ns);
    json_object_del(kept, "until_ns");
    cr_assert_eq(timebox_read(&back, &config, "A1000001", kept, &err), ERR_DAMAGED);
    json_object_set_new(kept, "until_ns", json_string("5"));
    json_object_set_new(kept, "scope", json_string("venue/gone"));
    cr_assert_eq(timebox_read(&back, &config, "A1000001", kept, &err), ERR_NOT_FOUND);
    json_decref(kept);
}
