/* The first day of a strategy that was armed: its ceiling, its clocks, and what is kept of it. */
#include "control/first_day.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LOTS = LIMIT_MAX_ORDER_LOTS, ORDERS = LIMIT_MAX_OPEN_ORDERS };
enum { WINDOW = LIMIT_DUPLICATE_WINDOW_MS }; /* the larger the tighter */
#define SECOND_NS 1000000000LL
#define HOUR_NS (3600 * SECOND_NS)

static const struct instant start = {.wall_ns = 1800000000 * SECOND_NS, .mono_ns = 5 * HOUR_NS};
static struct first_day day;
static struct limits named, stands, firm, next;

static struct instant after(int64_t wall_ns, int64_t mono_ns)
{
    return (struct instant){start.wall_ns + wall_ns, start.mono_ns + mono_ns};
}

static void fresh(void)
{
    memset(&day, 0, sizeof day);
    for (int id = 0; id < LIMIT_COUNT; id++) {
        named.value[id] = LIMIT_UNSET;
        stands.value[id] = 10;
        firm.value[id] = 100;
    }
    strcpy(day.by, "risk2");
    strcpy(day.proposer, "risk1");
    strcpy(day.approval, "A1000001");
}

TestSuite(first_day, .init = fresh);

static void arm(void)
{
    first_day_ceiling(&day.ceiling, &named, &stands, &firm);
    first_day_start(&day, start);
}

/* ----------------------------------------------------------------------------- the ceiling */

Test(first_day, what_is_not_named_may_not_rise_above_what_stood)
{
    arm();
    cr_assert(!first_day_holds_down(&day, &stands, &firm, &next));
    stands.value[LOTS] = 11;
    stands.value[ORDERS] = 9;
    cr_assert(first_day_holds_down(&day, &stands, &firm, &next));
    cr_assert_eq(next.value[LOTS], 10);
    cr_assert_eq(next.value[ORDERS], 9, "what is tighter stays");
}

Test(first_day, what_is_named_is_the_ceiling_looser_or_tighter)
{
    named.value[LOTS] = 4;
    named.value[ORDERS] = 20;
    arm();
    cr_assert(first_day_holds_down(&day, &stands, &firm, &next));
    cr_assert_eq(next.value[LOTS], 4);
    cr_assert_eq(next.value[ORDERS], 10, "a ceiling raises nothing");
}

Test(first_day, where_the_larger_is_the_tighter)
{
    arm();
    stands.value[WINDOW] = 9;
    cr_assert(first_day_holds_down(&day, &stands, &firm, &next));
    cr_assert_eq(next.value[WINDOW], 10);
    stands.value[WINDOW] = 11;
    cr_assert(!first_day_holds_down(&day, &stands, &firm, &next));
}

Test(first_day, a_named_limit_binds_a_scope_that_leaves_it_to_the_firm)
{
    stands.value[LOTS] = stands.value[ORDERS] = LIMIT_UNSET;
    named.value[LOTS] = 4;
    arm();
    cr_assert(first_day_holds_down(&day, &stands, &firm, &next));
    cr_assert_eq(next.value[LOTS], 4);
    cr_assert_eq(next.value[ORDERS], LIMIT_UNSET, "the firm's binds it as before");
}

Test(first_day, what_nobody_set_stays_denied)
{
    struct limits_change change = {.named[LOTS] = true, .asked.value[LOTS] = 1};

    stands.value[LOTS] = firm.value[LOTS] = LIMIT_UNSET;
    arm();
    cr_assert(!first_day_holds_down(&day, &stands, &firm, &next), "it denies already");
    cr_assert_eq(limits_change_over_cap(&change, &day.ceiling), LIMIT_MAX_ORDER_LOTS);
}

Test(first_day, what_is_denied_is_not_raised_to_the_ceiling)
{
    arm();
    stands.value[LOTS] = LIMIT_DENY;
    cr_assert(!first_day_holds_down(&day, &stands, &firm, &next));
    cr_assert_eq(next.value[LOTS], LIMIT_DENY);
}

/* ---------------------------------------------------------------------------------- clocks */

Test(first_day, it_lasts_24_hours)
{
    arm();
    cr_assert_eq(first_day_left_ns(&day, after(HOUR_NS, HOUR_NS)), 23 * HOUR_NS);
    cr_assert_leq(first_day_left_ns(&day, after(24 * HOUR_NS, 24 * HOUR_NS)), 0);
}

Test(first_day, no_step_of_the_wall_clock_shortens_it)
{
    struct instant stepped = after(30 * HOUR_NS, SECOND_NS), now;

    arm();
    cr_assert_eq(first_day_left_ns(&day, stepped), 24 * HOUR_NS - SECOND_NS);
    cr_assert(first_day_is_due(&day, stepped), "or a restart would count the step");
    first_day_note(&day, stepped);
    now = (struct instant){stepped.wall_ns + HOUR_NS, 7};
    first_day_resume(&day, now);
    cr_assert_eq(first_day_left_ns(&day, now), 23 * HOUR_NS - SECOND_NS);
}

Test(first_day, it_is_noted_every_minute_and_after_a_step)
{
    arm();
    cr_assert(!first_day_is_due(&day, after(59 * SECOND_NS, 59 * SECOND_NS)));
    cr_assert(first_day_is_due(&day, after(60 * SECOND_NS, 60 * SECOND_NS)));
    cr_assert(!first_day_is_due(&day, after(3 * SECOND_NS, 2 * SECOND_NS)), "clocks differ");
    cr_assert(first_day_is_due(&day, after(-5 * SECOND_NS, SECOND_NS)));
    first_day_note(&day, after(60 * SECOND_NS, 60 * SECOND_NS));
    cr_assert(!first_day_is_due(&day, after(61 * SECOND_NS, 61 * SECOND_NS)));
}

Test(first_day, time_that_the_program_was_down_counts)
{
    struct instant now = {start.wall_ns + 5 * HOUR_NS, 7};

    arm();
    first_day_note(&day, after(2 * HOUR_NS, 2 * HOUR_NS));
    first_day_resume(&day, now);
    cr_assert_eq(first_day_left_ns(&day, now), 19 * HOUR_NS);
    now.wall_ns = start.wall_ns + 50 * HOUR_NS;
    first_day_resume(&day, now);
    cr_assert_leq(first_day_left_ns(&day, now), 0);
    cr_assert_gt(day.left_ns, 0, "that it is over is still to be told");
}

Test(first_day, a_wall_clock_set_back_while_it_was_down_takes_nothing_off)
{
    struct instant now = {start.wall_ns - HOUR_NS, 7};

    arm();
    first_day_note(&day, after(2 * HOUR_NS, 2 * HOUR_NS));
    first_day_resume(&day, now);
    cr_assert_eq(first_day_left_ns(&day, now), 22 * HOUR_NS);
}

Test(first_day, its_end_as_people_are_shown_it_moves_only_with_a_step)
{
    int64_t until_ns;

    arm();
    until_ns = day.until_ns;
    first_day_note(&day, after(HOUR_NS + SECOND_NS / 2, HOUR_NS));
    cr_assert_eq(day.until_ns, until_ns);
    first_day_note(&day, after(30 * HOUR_NS, HOUR_NS));
    cr_assert_eq(day.until_ns, start.wall_ns + 53 * HOUR_NS);
}

/* ------------------------------------------------------------------------------------ kept */

Test(first_day, what_is_kept_is_read_as_it_was)
{
    struct first_day back;
    struct err err;
    json_t *kept;

    named.value[ORDERS] = LIMIT_DENY;
    stands.value[WINDOW] = LIMIT_UNSET;
    arm();
    kept = first_day_kept(&day);
    cr_assert_eq(first_day_read(&back, "maker", kept, &err), OK, "%s", err.text);
    cr_assert_eq(memcmp(&back.ceiling, &day.ceiling, sizeof day.ceiling), 0);
    cr_assert(back.at_ns == day.at_ns && back.left_ns == day.left_ns &&
              back.noted_ns == day.noted_ns);
    cr_assert_str_eq(back.by, "risk2");
    cr_assert_str_eq(back.proposer, "risk1");
    cr_assert_str_eq(back.approval, "A1000001");
    json_decref(kept);
}

Test(first_day, a_limit_that_is_not_known_any_more_is_left_out)
{
    struct first_day back;
    struct err err;
    json_t *kept;

    arm();
    kept = first_day_kept(&day);
    json_object_set_new(json_object_get(kept, "ceiling"), "max_gone", json_string("5"));
    cr_assert_eq(first_day_read(&back, "maker", kept, &err), OK, "%s", err.text);
    json_decref(kept);
}

struct damage {
    const char *name;
    const char *value; /* NULL: it is missing */
};

/* Read as if nothing were wrong, each would be a day without a ceiling, or none. */
Test(first_day, a_damaged_fact_is_refused)
{
    static const struct damage damages[] = {
        {"at_ns", NULL},    {"at_ns", "0"},    {"by", NULL},       {"left_ns", NULL},
        {"left_ns", "x"},   {"left_ns", "-1"}, {"noted_ns", NULL}, {"left_ns", "86400000000001"},
        {"ceiling", NULL},  {"ceiling", "10"}, {"approval", NULL}, {"noted_ns", ""},
        {"proposer", NULL},
    };

    arm();
    for (size_t at = 0; at < sizeof damages / sizeof damages[0]; at++) {
        const struct damage *damage = &damages[at];
        json_t *kept = first_day_kept(&day);
        struct first_day back;
        struct err err;

        if (damage->value)
            json_object_set_new(kept, damage->name, json_string(damage->value));
        else
            json_object_del(kept, damage->name);
        cr_assert_eq(first_day_read(&back, "maker", kept, &err), ERR_DAMAGED, "%s %s", damage->name,
                     damage->value ? damage->value : "is missing");
        cr_assert_not_null(strstr(err.text, "strategy maker"), "%s", err.text);
        json_decref(kept);
    }
}

Test(first_day, a_damaged_value_of_the_ceiling_is_refused)
{
    struct first_day back;
    struct err err;
    json_t *kept;

    arm();
    kept = first_day_kept(&day);
    json_object_set_new(json_object_get(kept, "ceiling"), "max_order_lots", json_string("ten"));
    cr_assert_eq(first_day_read(&back, "maker", kept, &err), ERR_DAMAGED);
    json_decref(kept);
}

/* ----------------------------------------------------------------------------------- shown */

Test(first_day, it_is_shown_while_it_runs)
{
    struct instant over = after(24 * HOUR_NS, 24 * HOUR_NS);
    json_t *armed, *shown;
    char until[32];

    cr_assert(json_is_null(first_day_armed_json(&day, start)));
    cr_assert(json_is_null(first_day_json(&day, start)));
    arm();
    armed = first_day_armed_json(&day, start);
    shown = first_day_json(&day, start);
    cr_assert_str_eq(json_string_value(json_object_get(armed, "by")), "risk2");
    cr_assert_str_eq(json_string_value(json_object_get(armed, "first_day_until_ns")),
                     "1800086400000000000");
    cr_assert_str_eq(json_string_value(json_object_get(shown, "until_ns")), "1800086400000000000");
    cr_assert_eq(
        json_integer_value(json_object_get(json_object_get(shown, "ceiling"), "max_order_lots")),
        10);
    json_decref(armed);
    json_decref(shown);
    first_day_until(&day, until);
    cr_assert_str_eq(until, "2027-01-16T08:00:00Z");
    armed = first_day_armed_json(&day, over);
    cr_assert(json_is_null(json_object_get(armed, "first_day_until_ns")));
    cr_assert(json_is_null(first_day_json(&day, over)));
    json_decref(armed);
}
