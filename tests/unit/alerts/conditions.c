/* Each condition, by a table: what is seen, and what it is taken for. */
#include "unit/alerts/fixture.h"

#include "alerts/collect.h"

#include <criterion/criterion.h>

#include <stddef.h>
#include <string.h>

/* One figure of the inputs, put to a value. */
struct story {
    enum alert_id alert;
    size_t offset, size;
    int64_t value;
    enum alert_verdict verdict;
};

#define FIGURE(member)                                                                             \
    offsetof(struct alert_inputs, member), sizeof(((struct alert_inputs *)0)->member)

static const struct story stories[] = {
    {ALERT_KILL_ACTIVE, FIGURE(scope[1].is_killed), true, ALERT_BREACH},
    {ALERT_SCOPE_HALTED, FIGURE(scope[1].state), STATE_HALTED, ALERT_BREACH},
    {ALERT_SCOPE_HALTED, FIGURE(scope[1].state), STATE_REDUCING, ALERT_CLEAR},
    {ALERT_SCOPE_REDUCING, FIGURE(scope[1].state), STATE_REDUCING, ALERT_BREACH},
    {ALERT_POSITION_DRIFT, FIGURE(instrument[0].drift_e8), 1000000, ALERT_BREACH},
    {ALERT_POSITION_DRIFT, FIGURE(instrument[0].drift_e8), 990000, ALERT_NEAR},
    {ALERT_POSITION_DRIFT, FIGURE(instrument[0].drift_e8), 900000, ALERT_CLEAR},
    {ALERT_STREAM_DOWN, FIGURE(venue[BYBIT].down_ms), 30000, ALERT_BREACH},
    {ALERT_STREAM_DOWN, FIGURE(venue[BYBIT].down_ms), 29000, ALERT_NEAR},
    {ALERT_STREAM_DOWN, FIGURE(venue[BYBIT].down_ms), 20000, ALERT_CLEAR},
    {ALERT_DATA_STALE, FIGURE(instrument[1].bad_ms), 5000, ALERT_BREACH},
    {ALERT_DATA_STALE, FIGURE(instrument[1].bad_ms), 4000, ALERT_CLEAR},
    {ALERT_CLOCK_OFFSET, FIGURE(venue[BYBIT].clock_offset_ms), 250, ALERT_BREACH},
    {ALERT_CLOCK_OFFSET, FIGURE(venue[BYBIT].clock_offset_ms), 200, ALERT_CLEAR},
    {ALERT_CLOCK_OFFSET, FIGURE(venue[BYBIT].clock_offset_ms), ALERT_NOT_KNOWN, ALERT_UNKNOWN},
    {ALERT_ENGINE_SILENT, FIGURE(engine_silent_ms), 1000, ALERT_BREACH},
    {ALERT_ENGINE_SILENT, FIGURE(engine_silent_ms), 1, ALERT_CLEAR},
    {ALERT_JOURNAL_SUSPECT, FIGURE(is_journal_suspect), true, ALERT_BREACH},
    {ALERT_STORAGE_LOW, FIGURE(is_storage_low), true, ALERT_BREACH},
    {ALERT_JOURNAL_LATE, FIGURE(journal_late_ms), 1000, ALERT_BREACH},
    {ALERT_JOURNAL_LATE, FIGURE(journal_late_ms), 60, ALERT_CLEAR},
    {ALERT_AUDIT_SUSPECT, FIGURE(is_audit_suspect), true, ALERT_BREACH},
    {ALERT_AUDIT_LATE, FIGURE(audit_late_ms), 5000, ALERT_BREACH},
    {ALERT_ANCHOR_LATE, FIGURE(anchor_late_ms), 180000, ALERT_BREACH},
    {ALERT_ANCHOR_LATE, FIGURE(anchor_late_ms), 60000, ALERT_CLEAR},
    {ALERT_DISK_LOW, FIGURE(disk_free_e8), 19000000, ALERT_BREACH},
    {ALERT_DISK_LOW, FIGURE(disk_free_e8), 20500000, ALERT_NEAR},
    {ALERT_DISK_LOW, FIGURE(disk_free_e8), 30000000, ALERT_CLEAR},
    {ALERT_DISK_LOW, FIGURE(disk_free_e8), ALERT_NOT_KNOWN, ALERT_UNKNOWN},
    {ALERT_CERTIFICATE, FIGURE(certificate_days), 20, ALERT_BREACH},
    {ALERT_CERTIFICATE, FIGURE(certificate_days), -1, ALERT_BREACH},
    {ALERT_CERTIFICATE, FIGURE(certificate_days), 60, ALERT_CLEAR},
    {ALERT_RESTART_LOOP, FIGURE(unclean_starts), 3, ALERT_BREACH},
    {ALERT_RESTART_LOOP, FIGURE(unclean_starts), 2, ALERT_CLEAR},
    {ALERT_AUDIT_FACTS_LOST, FIGURE(facts_lost), 1, ALERT_BREACH},
    {ALERT_RATE_BUDGET, FIGURE(rate_used_e8[1]), 70000000, ALERT_BREACH},
    {ALERT_RATE_BUDGET, FIGURE(rate_used_e8[1]), 50000000, ALERT_CLEAR},
    {ALERT_LIMIT_USE, FIGURE(scope[0].used_e8[LIMIT_MAX_OPEN_ORDERS]), 80000000, ALERT_BREACH},
    {ALERT_LIMIT_USE, FIGURE(scope[0].used_e8[LIMIT_MAX_OPEN_ORDERS]), 79000000, ALERT_NEAR},
    {ALERT_LIMIT_USE, FIGURE(scope[0].used_e8[LIMIT_MAX_OPEN_ORDERS]), 10000000, ALERT_CLEAR},
    {ALERT_LIMIT_USE, FIGURE(scope[0].used_e8[LIMIT_MAX_DAILY_LOSS]), ALERT_NOT_KNOWN,
     ALERT_UNKNOWN},
    {ALERT_LOSS_LIMIT, FIGURE(scope[0].used_e8[LIMIT_MAX_DAILY_LOSS]), 100000000, ALERT_BREACH},
    {ALERT_LOSS_LIMIT, FIGURE(scope[0].used_e8[LIMIT_MAX_DRAWDOWN_RATIO]), 100000000, ALERT_BREACH},
    {ALERT_LOSS_LIMIT, FIGURE(scope[0].used_e8[LIMIT_MAX_DAILY_LOSS]), 80000000, ALERT_CLEAR},
    {ALERT_LOSS_LIMIT, FIGURE(scope[0].used_e8[LIMIT_MAX_DAILY_LOSS]), ALERT_NOT_KNOWN,
     ALERT_UNKNOWN},
};

static void put(struct alert_inputs *in, const struct story *story)
{
    memcpy((char *)in + story->offset, &story->value, story->size); /* little endian */
}

Test(alert_conditions, each_is_taken_for_what_it_is)
{
    for (size_t at = 0; at < sizeof stories / sizeof *stories; at++) {
        const struct story *story = &stories[at];
        struct alert_inputs *in = well_inputs();

        put(in, story);
        cr_assert_geq(judged(in, story->alert, story->verdict), 1, "story %zu, %s", at,
                      alert_row(story->alert)->code);
        if (story->verdict != ALERT_BREACH)
            cr_assert_eq(judged(in, story->alert, ALERT_BREACH), 0, "story %zu", at);
    }
}

Test(alert_conditions, when_all_is_well_only_the_watchdog_holds)
{
    struct alert_inputs *in = well_inputs();

    for (int alert = 0; alert < ALERT_COUNT; alert++) {
        cr_assert_eq(judged(in, (enum alert_id)alert, ALERT_BREACH), alert == ALERT_WATCHDOG, "%s",
                     alert_row((enum alert_id)alert)->code);
        cr_assert_eq(judged(in, (enum alert_id)alert, ALERT_UNKNOWN), 0);
    }
}

Test(alert_conditions, an_engine_that_parks_is_not_judged_by_its_sleep)
{
    struct alert_inputs *in = well_inputs();
    struct config parked = *in->config;

    in->tick_orders = 10;
    in->tick_p99_ns = 20000;
    cr_assert_eq(judged(in, ALERT_TICK_TO_ORDER, ALERT_BREACH), 1);
    parked.engine.idle = IDLE_PARK;
    in->config = &parked;
    cr_assert_eq(judged(in, ALERT_TICK_TO_ORDER, ALERT_BREACH), 0);
    cr_assert_eq(alert_threshold(&parked, ALERT_TICK_TO_ORDER), 0);
}

Test(alert_conditions, a_restart_loop_is_over_an_hour_later)
{
    const int64_t minute = 60 * 1000000000LL;
    static struct collector collector;

    collector.unclean_starts = 3;
    for (int at = 0; at < 3; at++)
        collector.unclean_ns[at] = at * minute;
    cr_assert_eq(collect_unclean_starts(&collector, 3 * minute), 3);
    cr_assert_eq(collect_unclean_starts(&collector, 61 * minute), 1);
    cr_assert_eq(collect_unclean_starts(&collector, 120 * minute), 0);
}

/* An alert with a setting has a threshold that follows it, one without has none. */
Test(alert_conditions, each_threshold_is_the_settings)
{
    const struct config *config = well_inputs()->config;

    for (int at = 0; at < ALERT_COUNT; at++)
        cr_assert_eq(alert_threshold(config, (enum alert_id)at) > 0,
                     alert_row((enum alert_id)at)->setting[0] != '\0', "%s",
                     alert_row((enum alert_id)at)->code);
}

Test(alert_conditions, a_kill_is_no_mere_halt)
{
    struct alert_inputs *in = well_inputs();

    in->scope[0].is_killed = true;
    in->scope[0].state = STATE_HALTED;
    cr_assert_eq(judged(in, ALERT_SCOPE_HALTED, ALERT_BREACH), 0);
    cr_assert_eq(judged(in, ALERT_KILL_ACTIVE, ALERT_BREACH), 1);
}

Test(alert_conditions, an_unknown_order_counts_by_its_age)
{
    struct alert_inputs *in = well_inputs();

    in->venue[SIM].unknown = 2;
    in->venue[SIM].oldest_unknown_ms = 4000;
    cr_assert_eq(judged(in, ALERT_UNKNOWN_ORDERS, ALERT_BREACH), 0);
    in->venue[SIM].oldest_unknown_ms = 5000;
    cr_assert_eq(judged(in, ALERT_UNKNOWN_ORDERS, ALERT_BREACH), 1);
    in->venue[SIM].oldest_unknown_ms = ALERT_NOT_KNOWN;
    cr_assert_eq(judged(in, ALERT_UNKNOWN_ORDERS, ALERT_UNKNOWN), 1);
}

Test(alert_conditions, while_fills_are_under_way_a_drift_is_not_judged)
{
    struct alert_inputs *in = well_inputs();

    in->instrument[0].drift_e8 = 50000000;
    in->instrument[0].drift_moves = true;
    cr_assert_eq(judged(in, ALERT_POSITION_DRIFT, ALERT_BREACH), 0);
    cr_assert_eq(judged(in, ALERT_POSITION_DRIFT, ALERT_NEAR), 1);
}

Test(alert_conditions, no_fills_needs_orders)
{
    struct alert_inputs *in = well_inputs();

    in->venue[SIM].sent_long = 0;
    in->venue[SIM].filled_long = 0;
    cr_assert_eq(judged(in, ALERT_NO_FILLS, ALERT_BREACH), 0, "a quiet night");
    in->venue[SIM].sent_long = 7;
    cr_assert_eq(judged(in, ALERT_NO_FILLS, ALERT_BREACH), 1);
    in->venue[SIM].filled_long = 1;
    cr_assert_eq(judged(in, ALERT_NO_FILLS, ALERT_BREACH), 0);
}

Test(alert_conditions, few_orders_make_no_ratio)
{
    struct alert_inputs *in = well_inputs();

    in->venue[SIM].sent_minute = 9;
    in->venue[SIM].rejected_minute = 9;
    cr_assert_eq(judged(in, ALERT_REJECT_RATIO, ALERT_BREACH), 0);
    in->venue[SIM].sent_minute = 100;
    in->venue[SIM].rejected_minute = 3;
    cr_assert_eq(judged(in, ALERT_REJECT_RATIO, ALERT_BREACH), 1);
    in->venue[SIM].sent_minute = 0;
    in->venue[SIM].rejected_minute = 12;
    cr_assert_eq(judged(in, ALERT_REJECT_RATIO, ALERT_BREACH), 1, "refused late");
}

Test(alert_conditions, latencies_need_some_orders)
{
    struct alert_inputs *in = well_inputs();

    in->taken = in->tick_orders = 9;
    in->taken_p99_ms = 2000;
    in->tick_p99_ns = 20000;
    cr_assert_eq(judged(in, ALERT_FILL_LATENCY, ALERT_BREACH), 0);
    cr_assert_eq(judged(in, ALERT_TICK_TO_ORDER, ALERT_BREACH), 0);
    in->taken = in->tick_orders = 10;
    cr_assert_eq(judged(in, ALERT_FILL_LATENCY, ALERT_BREACH), 1);
    cr_assert_eq(judged(in, ALERT_TICK_TO_ORDER, ALERT_BREACH), 1);
}

Test(alert_conditions, a_threshold_of_nothing_switches_off)
{
    struct alert_inputs *in = well_inputs();
    struct config *config = (struct config *)in->config;

    in->engine_silent_ms = 60000;
    in->disk_free_e8 = 0;
    in->certificate_days = 0;
    in->venue[SIM].down_ms = 3600000;
    in->venue[SIM].sent_long = 1;
    in->venue[SIM].filled_long = 0;
    memset(&config->alerts, 0, sizeof config->alerts);
    for (int alert = 0; alert < ALERT_COUNT; alert++)
        cr_assert_eq(judged(in, (enum alert_id)alert, ALERT_BREACH), alert == ALERT_WATCHDOG, "%s",
                     alert_row((enum alert_id)alert)->code);
}

Test(alert_conditions, what_cannot_be_known_is_said)
{
    struct alert_inputs *in = well_inputs();

    in->scope[0].used_e8[LIMIT_MAX_GROSS_NOTIONAL] = ALERT_NOT_KNOWN;
    in->disk_free_e8 = ALERT_NOT_KNOWN;
    cr_assert_eq(judged(in, ALERT_INPUT_UNKNOWN, ALERT_BREACH), 2);
}

Test(alert_conditions, a_full_configuration_fits_one_look)
{
    struct alert_inputs *in = well_inputs();
    struct config *config = (struct config *)in->config;

    config->venues = MAX_VENUES;
    config->instruments = MAX_INSTRUMENTS;
    config->strategies = MAX_STRATEGIES;
    config->scopes = (struct scope_map){MAX_VENUES, MAX_STRATEGIES, MAX_INSTRUMENTS};
    in->gateways = MAX_GATEWAYS;
    memset(in->scope, 0, sizeof in->scope);
    (void)judged(in, ALERT_WATCHDOG, ALERT_BREACH);
    cr_assert_eq(latest_look()->lost, 0);
    cr_assert_gt(latest_look()->count, 700);
}

/* --- words --- */

static void says(const struct alert_inputs *in, enum alert_id alert, const char *wanted)
{
    const struct alert_look *look;
    char text[ALERT_SAYS_MAX] = "";

    cr_assert_geq(judged(in, alert, ALERT_BREACH), 1);
    look = latest_look();
    for (uint32_t at = 0; at < look->count; at++)
        if (look->sample[at].alert == alert && look->sample[at].verdict == ALERT_BREACH)
            alert_says(in, &look->sample[at], text);
    cr_assert_str_eq(text, wanted);
}

Test(alert_conditions, words_hold_the_figures)
{
    struct alert_inputs *in = well_inputs();

    in->scope[scope_of_strategy(in->config->scopes, 1)].is_killed = true;
    in->scope[scope_of_strategy(in->config->scopes, 1)].incident = (7ULL << 32) | 2;
    in->venue[SIM].unknown = 2;
    in->venue[SIM].oldest_unknown_ms = 6500;
    in->venue[BYBIT].down_ms = 31000;
    in->venue[BYBIT].state = "CONNECTING";
    in->scope[0].used_e8[LIMIT_MAX_OPEN_ORDERS] = 85000000;
    says(in, ALERT_KILL_ACTIVE, "strategy/maker is killed: incident K7-2");
    says(in, ALERT_UNKNOWN_ORDERS, "2 order(s) at sim with an unknown fate, the oldest for 6.5 s");
    says(in, ALERT_STREAM_DOWN, "bybit-linear is CONNECTING for 31 s");
    says(in, ALERT_LIMIT_USE, "firm: 0.85 of max_open_orders is used");
}

Test(alert_conditions, every_row_is_whole)
{
    struct alert_inputs *in = well_inputs();
    const struct setting_text *settings;
    uint32_t count = config_settings(&settings);

    for (int alert = 0; alert < ALERT_COUNT; alert++) {
        const struct alert_row *row = alert_row((enum alert_id)alert);
        struct alert_sample sample = {.alert = (uint8_t)alert, .value = 1, .threshold = 1};
        char text[ALERT_SAYS_MAX];
        bool found = row->setting[0] == '\0';

        for (uint32_t at = 0; at < count; at++)
            found = found || strcmp(settings[at].path, row->setting) == 0;
        cr_assert(found, "%s: no setting %s", row->code, row->setting);
        alert_says(in, &sample, text);
        cr_assert_null(strpbrk(text, "{}"), "%s says %s", row->code, text);
        cr_assert_str_eq(row->runbook + strlen("alert-"), row->code);
    }
}
