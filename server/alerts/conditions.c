#include "alerts/conditions.h"

#include <assert.h>

enum { RATIO_ORDERS_LEAST = 10, FILLS_LEAST = 10 };

static void say(struct alert_look *look, enum alert_id alert, enum alert_verdict verdict,
                struct alert_sample at)
{
    if (look->count == ALERT_SAMPLES_MAX) {
        look->lost++;
        return;
    }
    at.alert = (uint8_t)alert;
    at.verdict = (uint8_t)verdict;
    look->sample[look->count++] = at;
}

/* At or above the threshold; near it within a twentieth. */
static enum alert_verdict above(int64_t value, int64_t threshold)
{
    if (value == ALERT_NOT_KNOWN)
        return ALERT_UNKNOWN;
    if (value >= threshold)
        return ALERT_BREACH;
    return value >= threshold - threshold / 20 ? ALERT_NEAR : ALERT_CLEAR;
}

static enum alert_verdict below(int64_t value, int64_t threshold)
{
    if (value == ALERT_NOT_KNOWN)
        return ALERT_UNKNOWN;
    if (value < threshold)
        return ALERT_BREACH;
    return value < threshold + threshold / 20 ? ALERT_NEAR : ALERT_CLEAR;
}

static enum alert_verdict holds(bool breached)
{
    return breached ? ALERT_BREACH : ALERT_CLEAR;
}

/* A threshold of 0 is an alert that is switched off; ALERT_NONE does not apply. */
static void say_above(struct alert_look *look, enum alert_id alert, uint16_t place, int64_t value,
                      int64_t threshold)
{
    struct alert_sample at = {.place = place, .value = value, .threshold = threshold};

    if (threshold > 0 && value != ALERT_NONE)
        say(look, alert, above(value, threshold), at);
}

static void say_whether(struct alert_look *look, enum alert_id alert, uint16_t place, bool breached)
{
    say(look, alert, holds(breached),
        (struct alert_sample){.place = place, .value = ALERT_NONE, .threshold = ALERT_NONE});
}

static uint16_t scopes_of(const struct alert_inputs *in)
{
    return scope_count(in->config->scopes);
}

/* --- what people and triggers have stopped --- */

static void condition_kill_active(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < scopes_of(in); at++)
        say_whether(look, ALERT_KILL_ACTIVE, at, in->scope[at].is_killed);
}

static void condition_scope_halted(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < scopes_of(in); at++)
        say_whether(look, ALERT_SCOPE_HALTED, at,
                    !in->scope[at].is_killed && in->scope[at].state == STATE_HALTED);
}

static void condition_scope_reducing(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < scopes_of(in); at++)
        say_whether(look, ALERT_SCOPE_REDUCING, at, in->scope[at].state == STATE_REDUCING);
}

/* --- orders and positions --- */

static void condition_unknown_orders(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < in->config->venues; at++)
        say_above(look, ALERT_UNKNOWN_ORDERS, at,
                  in->venue[at].unknown == 0 ? 0 : in->venue[at].oldest_unknown_ms,
                  alert_threshold(in->config, ALERT_UNKNOWN_ORDERS));
}

static void condition_position_drift(const struct alert_inputs *in, struct alert_look *look)
{
    int64_t threshold = alert_threshold(in->config, ALERT_POSITION_DRIFT);

    for (uint16_t at = 0; at < in->config->instruments; at++) {
        struct alert_sample sample = {.place = at, .threshold = threshold};

        sample.value = in->instrument[at].drift_e8;
        if (threshold <= 0 || sample.value == ALERT_NONE)
            continue;
        say(look, ALERT_POSITION_DRIFT,
            in->instrument[at].drift_moves ? ALERT_NEAR : above(sample.value, threshold), sample);
    }
}

static void condition_no_fills(const struct alert_inputs *in, struct alert_look *look)
{
    int64_t threshold = alert_threshold(in->config, ALERT_NO_FILLS);

    for (uint16_t at = 0; at < in->config->venues && threshold > 0; at++) {
        int64_t sent = in->venue[at].sent_long, filled = in->venue[at].filled_long;

        if (sent != ALERT_NONE)
            say(look, ALERT_NO_FILLS, holds(sent > 0 && filled == 0),
                (struct alert_sample){.place = at, .value = sent, .threshold = threshold});
    }
}

static void condition_reject_ratio(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < in->config->venues; at++) {
        uint64_t sent = in->venue[at].sent_minute, rejected = in->venue[at].rejected_minute;

        /* An order may be refused after the minute in which it was sent. */
        sent = sent > rejected ? sent : rejected;
        say_above(look, ALERT_REJECT_RATIO, at,
                  sent < RATIO_ORDERS_LEAST ? 0
                                            : (int64_t)((__int128)rejected * RATIO_ONE_E8 / sent),
                  alert_threshold(in->config, ALERT_REJECT_RATIO));
    }
}

static void condition_rate_budget(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < in->gateways; at++)
        say_above(look, ALERT_RATE_BUDGET, at, in->rate_used_e8[at],
                  alert_threshold(in->config, ALERT_RATE_BUDGET));
}

/* --- limits --- */

static bool is_loss(int limit)
{
    return limit == LIMIT_MAX_DAILY_LOSS || limit == LIMIT_MAX_DRAWDOWN_RATIO;
}

static void say_use(struct alert_look *look, enum alert_id alert, uint16_t scope, int limit,
                    int64_t used_e8, int64_t threshold)
{
    struct alert_sample at = {
        .place = scope, .limit = (uint16_t)limit, .value = used_e8, .threshold = threshold};

    if (threshold > 0 && used_e8 != ALERT_NONE)
        say(look, alert, above(used_e8, threshold), at);
}

static void condition_loss_limit(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t scope = 0; scope < scopes_of(in); scope++)
        for (int limit = 0; limit < LIMIT_COUNT; limit++)
            if (is_loss(limit))
                say_use(look, ALERT_LOSS_LIMIT, scope, limit, in->scope[scope].used_e8[limit],
                        RATIO_ONE_E8);
}

static void condition_limit_use(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t scope = 0; scope < scopes_of(in); scope++)
        for (int limit = 0; limit < LIMIT_COUNT; limit++)
            say_use(look, ALERT_LIMIT_USE, scope, limit, in->scope[scope].used_e8[limit],
                    alert_threshold(in->config, ALERT_LIMIT_USE));
}

/* --- market --- */

static void condition_stream_down(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < in->config->venues; at++)
        say_above(look, ALERT_STREAM_DOWN, at, in->venue[at].down_ms,
                  alert_threshold(in->config, ALERT_STREAM_DOWN));
}

static void condition_data_stale(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < in->config->instruments; at++)
        say_above(look, ALERT_DATA_STALE, at, in->instrument[at].bad_ms,
                  alert_threshold(in->config, ALERT_DATA_STALE));
}

static void condition_clock_offset(const struct alert_inputs *in, struct alert_look *look)
{
    for (uint16_t at = 0; at < in->config->venues; at++)
        say_above(look, ALERT_CLOCK_OFFSET, at, in->venue[at].clock_offset_ms,
                  alert_threshold(in->config, ALERT_CLOCK_OFFSET));
}

/* --- the program --- */

static void condition_engine_silent(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_ENGINE_SILENT, 0, in->engine_silent_ms,
              alert_threshold(in->config, ALERT_ENGINE_SILENT));
}

static void condition_journal_suspect(const struct alert_inputs *in, struct alert_look *look)
{
    say_whether(look, ALERT_JOURNAL_SUSPECT, 0, in->is_journal_suspect);
}

static void condition_storage_low(const struct alert_inputs *in, struct alert_look *look)
{
    say_whether(look, ALERT_STORAGE_LOW, 0, in->is_storage_low);
}

static void condition_journal_late(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_JOURNAL_LATE, 0, in->journal_late_ms,
              alert_threshold(in->config, ALERT_JOURNAL_LATE));
}

static void condition_audit_suspect(const struct alert_inputs *in, struct alert_look *look)
{
    say_whether(look, ALERT_AUDIT_SUSPECT, 0, in->is_audit_suspect);
}

static void condition_audit_late(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_AUDIT_LATE, 0, in->audit_late_ms,
              alert_threshold(in->config, ALERT_AUDIT_LATE));
}

static void condition_anchor_late(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_ANCHOR_LATE, 0, in->anchor_late_ms,
              alert_threshold(in->config, ALERT_ANCHOR_LATE));
}

static void condition_disk_low(const struct alert_inputs *in, struct alert_look *look)
{
    struct alert_sample at = {.value = in->disk_free_e8,
                              .threshold = alert_threshold(in->config, ALERT_DISK_LOW)};

    if (at.threshold > 0)
        say(look, ALERT_DISK_LOW, below(at.value, at.threshold), at);
}

static void condition_certificate(const struct alert_inputs *in, struct alert_look *look)
{
    struct alert_sample at = {.value = in->certificate_days,
                              .threshold = alert_threshold(in->config, ALERT_CERTIFICATE)};

    if (at.threshold > 0 && at.value != ALERT_NONE)
        say(look, ALERT_CERTIFICATE, below(at.value, at.threshold), at);
}

static void condition_restart_loop(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_RESTART_LOOP, 0, in->unclean_starts,
              alert_threshold(in->config, ALERT_RESTART_LOOP));
}

static void condition_audit_facts_lost(const struct alert_inputs *in, struct alert_look *look)
{
    say(look, ALERT_AUDIT_FACTS_LOST, holds(in->facts_lost > 0),
        (struct alert_sample){.value = (int64_t)in->facts_lost, .threshold = ALERT_NONE});
}

/* --- how fast --- */

static void condition_fill_latency(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_FILL_LATENCY, 0, in->taken < FILLS_LEAST ? 0 : in->taken_p99_ms,
              alert_threshold(in->config, ALERT_FILL_LATENCY));
}

static void condition_tick_to_order(const struct alert_inputs *in, struct alert_look *look)
{
    say_above(look, ALERT_TICK_TO_ORDER, 0, in->tick_orders < FILLS_LEAST ? 0 : in->tick_p99_ns,
              alert_threshold(in->config, ALERT_TICK_TO_ORDER));
}

/* --- about the alerts themselves --- */

static void condition_input_unknown(const struct alert_inputs *in, struct alert_look *look)
{
    int64_t unknown[ALERT_COUNT] = {0};

    (void)in;
    for (uint32_t at = 0; at < look->count; at++)
        unknown[look->sample[at].alert] += look->sample[at].verdict == ALERT_UNKNOWN;
    for (int alert = 0; alert < ALERT_COUNT; alert++)
        say(look, ALERT_INPUT_UNKNOWN, holds(unknown[alert] > 0),
            (struct alert_sample){
                .place = (uint16_t)alert, .value = unknown[alert], .threshold = ALERT_NONE});
}

static void condition_watchdog(const struct alert_inputs *in, struct alert_look *look)
{
    (void)in;
    say_whether(look, ALERT_WATCHDOG, 0, true);
}

void alert_look(const struct alert_inputs *in, struct alert_look *look)
{
    look->count = look->lost = 0;
#define ALERT(ID, code, ...) condition_##code(in, look);
#include "tables/alerts.def"
#undef ALERT
}
