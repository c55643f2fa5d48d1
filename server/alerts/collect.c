#include "alerts/collect.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static const int64_t ms_ns = 1000000LL;
static const int64_t second_ns = 1000000000LL, hour_ns = 3600 * 1000000000LL;
static const int64_t minute_ns = 60 * 1000000000LL;
static const int64_t day_s = 86400;
/* Over so long is counted how many messages leave a second. */
static const int64_t rate_ns = 10 * 1000000000LL;
static const int64_t tick_ns = 10 * 1000000000LL;
/* After a fill the venue's count may be from before it. */
static const int64_t drift_quiet_ns = 2 * 1000000000LL;

void collect_init(struct collector *collector, const struct view_sources *from, struct view *view,
                  struct control *control)
{
    memset(collector, 0, sizeof *collector);
    collector->from = from;
    collector->view = view;
    collector->control = control;
}

/* What there was before the first look was well. */
static void begin(struct collector *collector, int64_t mono_ns, int64_t real_ns)
{
    if (collector->started_mono_ns != 0)
        return;
    collector->started_mono_ns = mono_ns;
    collector->started_ns = real_ns;
    for (int at = 0; at < MAX_VENUES; at++)
        collector->venue_well_ns[at] = mono_ns;
    for (int at = 0; at < MAX_INSTRUMENTS; at++)
        collector->book_good_ns[at] = real_ns;
    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        collector->lane_well_ns[lane] = mono_ns;
}

static int64_t ms_since(int64_t now_ns, int64_t then_ns)
{
    return now_ns > then_ns ? (now_ns - then_ns) / ms_ns : 0;
}

/* --- scopes and limits --- */

static bool leaves_something(enum limit_id id)
{
    return id == LIMIT_MAX_OPEN_ORDERS || id == LIMIT_MAX_POSITION_LOTS ||
           id == LIMIT_MAX_GROSS_NOTIONAL || id == LIMIT_MAX_NET_NOTIONAL ||
           id == LIMIT_MAX_DAILY_LOSS || id == LIMIT_MAX_DRAWDOWN_RATIO ||
           id == LIMIT_MAX_MARGIN_RATIO || id == LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO;
}

static int64_t use_of(enum limit_id id, int64_t limit, int64_t measured)
{
    int64_t shown = view_limit_shown(id, limit);

    if (limit == LIMIT_UNSET || !leaves_something(id))
        return ALERT_NONE;
    if (measured == INT64_MAX && id == LIMIT_MIN_LIQUIDATION_DISTANCE_RATIO)
        return ALERT_NONE; /* nothing is held that could be liquidated */
    if (measured == INT64_MAX)
        return ALERT_NOT_KNOWN;
    if (shown <= 0 && measured <= 0)
        return 0; /* closed by a person, and nothing is there */
    return view_used_ratio_e8(id, shown, measured);
}

static void collect_scopes(struct collector *collector, struct alert_inputs *in)
{
    struct kill_page *kill = collector->from->kill;

    view_limit_use(collector->view, collector->use);
    for (uint16_t scope = 0; scope < scope_count(in->config->scopes); scope++) {
        struct view_state state = view_state(collector->view, scope);
        struct limits limits;
        uint64_t generation;

        view_limits(collector->view, scope, &limits, &generation);
        in->scope[scope].is_killed = kill ? kill_page_is_killed(kill, scope)
                                          : state.state == STATE_HALTED && state.incident != 0;
        in->scope[scope].state = state.state;
        in->scope[scope].incident = state.incident;
        for (int id = 0; id < LIMIT_COUNT; id++)
            in->scope[scope].used_e8[id] =
                use_of((enum limit_id)id, limits.value[id], collector->use[scope].measured[id]);
    }
}

/* --- venues and instruments --- */

static bool is_simulated(const struct alert_inputs *in, uint16_t venue)
{
    return in->config->venue_settings[venue].kind == GATEWAY_SIMULATED;
}

static bool is_over(const struct collector *collector)
{
    return collector->watch.is_virtual || collector->watch.has_ended;
}

/* A measure is expected of a real venue that is well; without it, it is not known. */
static int64_t clock_offset_ms(const struct alert_inputs *in, const struct gateway *gateway,
                               uint16_t venue, enum gateway_state state)
{
    int64_t offset_ns = gateway ? atomic_load(&gateway->clock_offset_ns) : INT64_MIN;

    if (offset_ns != INT64_MIN)
        return llabs(offset_ns) / ms_ns;
    return is_simulated(in, venue) || state != GATEWAY_READY ? ALERT_NONE : ALERT_NOT_KNOWN;
}

/* Of a simulated venue that is not well: since its newest update, which is before it shows. */
static int64_t down_ms(const struct collector *collector, const struct alert_inputs *in,
                       uint16_t venue, int64_t mono_ns, int64_t real_ns)
{
    int64_t update_ns = view_venue_update_ns(collector->from, venue);

    if (is_over(collector))
        return ALERT_NONE;
    if (collector->venue_well_ns[venue] != mono_ns && is_simulated(in, venue) &&
        update_ns > collector->started_ns)
        return ms_since(real_ns, update_ns);
    return ms_since(mono_ns, collector->venue_well_ns[venue]);
}

static void collect_venue(struct collector *collector, struct alert_inputs *in, uint16_t venue,
                          int64_t mono_ns, int64_t real_ns)
{
    enum gateway_state state = view_venue_state(collector->from, venue);
    int64_t unknown_ns = collector->watch.venue[venue].oldest_unknown_ns;

    if (state == GATEWAY_READY)
        collector->venue_well_ns[venue] = mono_ns;
    in->venue[venue].down_ms = down_ms(collector, in, venue, mono_ns, real_ns);
    in->venue[venue].state = gateway_state_name(state);
    in->venue[venue].clock_offset_ms =
        clock_offset_ms(in, view_gateway_of(collector->from, venue), venue, state);
    in->venue[venue].unknown = collector->watch.venue[venue].unknown;
    in->venue[venue].oldest_unknown_ms = unknown_ns == 0 ? ALERT_NOT_KNOWN
                                         : collector->watch.is_virtual
                                             ? ALERT_NONE
                                             : ms_since(real_ns, unknown_ns);
}

/* By the engine's own book: trades and tickers go on while a book stands still. */
static void collect_book(struct collector *collector, struct alert_inputs *in, uint16_t instrument,
                         int64_t real_ns)
{
    enum book_status book = collector->watch.instrument[instrument].book;
    int64_t update_ns = collector->watch.instrument[instrument].book_ns;

    if (book == BOOK_OK && update_ns > collector->book_good_ns[instrument])
        collector->book_good_ns[instrument] = update_ns;
    in->instrument[instrument].why = book == BOOK_OK ? "no update comes" : book_status_name(book);
    in->instrument[instrument].bad_ms =
        is_over(collector) ? ALERT_NONE : ms_since(real_ns, collector->book_good_ns[instrument]);
}

static void collect_drift(struct collector *collector, struct alert_inputs *in, uint16_t instrument,
                          int64_t real_ns)
{
    int64_t ours = collector->watch.instrument[instrument].lots;
    int64_t filled_ns = collector->watch.instrument[instrument].filled_ns;
    int64_t venues, told_ns;

    in->instrument[instrument].drift_e8 = ALERT_NONE;
    if (collector->watch.is_virtual ||
        !view_venue_lots(collector->from, instrument, &venues, &told_ns))
        return;
    in->instrument[instrument].drift_lots = ours - venues;
    in->instrument[instrument].drift_e8 = view_drift_ratio_e8(ours, venues);
    in->instrument[instrument].drift_moves =
        ours != venues && (told_ns <= filled_ns || real_ns - filled_ns < drift_quiet_ns);
}

/* --- counters over time --- */

static struct history_point point_now(const struct collector *collector, int64_t mono_ns)
{
    const struct view_counters *counters = &collector->watch.counters;
    struct history_point point = {.mono_ns = mono_ns,
                                  .facts_lost = control_notes_lost(collector->control)};

    memcpy(point.sent, counters->orders_sent, sizeof point.sent);
    memcpy(point.rejected, counters->orders_rejected, sizeof point.rejected);
    memcpy(point.filled, counters->fills, sizeof point.filled);
    for (uint16_t at = 0; at < collector->from->gateways; at++) {
        struct gateway_counters sent = gateway_counters(collector->from->gateway[at]);

        point.messages[at] = sent.orders + sent.amends + sent.cancels;
    }
    return point;
}

static void keep_point(struct collector *collector, const struct history_point *point)
{
    const struct history_point *newest =
        collector->points == 0 ? NULL : &collector->point[(collector->points - 1) % HISTORY_POINTS];

    if (!newest || point->mono_ns - newest->mono_ns >= second_ns)
        collector->point[collector->points++ % HISTORY_POINTS] = *point;
}

/* As it stood `back_ns` ago, or at the first look when that was later. */
static const struct history_point *point_before(const struct collector *collector, int64_t mono_ns,
                                                int64_t back_ns)
{
    uint64_t kept = collector->points < HISTORY_POINTS ? collector->points : HISTORY_POINTS;
    const struct history_point *found = NULL;

    for (uint64_t back = 1; back <= kept; back++) {
        found = &collector->point[(collector->points - back) % HISTORY_POINTS];
        if (mono_ns - found->mono_ns >= back_ns)
            break;
    }
    return found;
}

static void collect_counts(struct collector *collector, struct alert_inputs *in,
                           const struct history_point *now)
{
    int64_t long_ns = in->config->alerts.no_fills_s * second_ns;
    const struct history_point *minute = point_before(collector, now->mono_ns, minute_ns);
    const struct history_point *then = point_before(collector, now->mono_ns, long_ns);
    bool is_long = now->mono_ns - collector->started_mono_ns >= long_ns;

    for (uint16_t at = 0; at < in->config->venues; at++) {
        in->venue[at].sent_minute = now->sent[at] - minute->sent[at];
        in->venue[at].rejected_minute = now->rejected[at] - minute->rejected[at];
        in->venue[at].sent_long = is_long ? (int64_t)(now->sent[at] - then->sent[at]) : ALERT_NONE;
        in->venue[at].filled_long =
            is_long ? (int64_t)(now->filled[at] - then->filled[at]) : ALERT_NONE;
    }
    in->facts_lost = now->facts_lost - minute->facts_lost;
}

static void collect_rates(struct collector *collector, struct alert_inputs *in,
                          const struct history_point *now)
{
    const struct history_point *then = point_before(collector, now->mono_ns, rate_ns);
    int64_t took_ns = now->mono_ns - then->mono_ns;

    for (uint16_t at = 0; at < collector->from->gateways; at++) {
        int64_t budget = view_message_budget(collector->view, at);
        uint64_t left = now->messages[at] - then->messages[at];

        in->rate_used_e8[at] = ALERT_NONE;
        if (budget > 0)
            in->rate_used_e8[at] =
                took_ns < rate_ns
                    ? 0
                    : (int64_t)((__int128)left * second_ns * RATIO_ONE_E8 / took_ns / budget);
    }
}

/* --- tick to order: the histogram only grows, so the last minute is a difference --- */

static void keep_ticks(struct collector *collector, int64_t mono_ns)
{
    uint64_t slot = collector->ticks % TICK_SNAPSHOTS;

    if (collector->ticks != 0 && mono_ns - collector->tick_mono_ns < tick_ns)
        return;
    for (uint32_t at = 0; at < HISTOGRAM_BUCKETS; at++)
        collector->tick[slot].counts[at] =
            atomic_load_explicit(&collector->from->tick_to_order->counts[at], memory_order_relaxed);
    collector->tick[slot].mono_ns = collector->tick_mono_ns = mono_ns;
    collector->ticks++;
}

static const uint64_t *ticks_before(const struct collector *collector, int64_t mono_ns)
{
    uint64_t kept = collector->ticks < TICK_SNAPSHOTS ? collector->ticks : TICK_SNAPSHOTS;
    uint64_t slot = 0;

    for (uint64_t back = 1; back <= kept; back++) {
        slot = (collector->ticks - back) % TICK_SNAPSHOTS;
        if (mono_ns - collector->tick[slot].mono_ns >= minute_ns)
            break;
    }
    return collector->tick[slot].counts;
}

static void collect_ticks(struct collector *collector, struct alert_inputs *in, int64_t mono_ns)
{
    struct histogram *all = collector->from->tick_to_order;
    struct histogram_summary summary;
    struct histogram minute;
    const uint64_t *before;

    if (!all)
        return;
    keep_ticks(collector, mono_ns);
    before = ticks_before(collector, mono_ns);
    memset(&minute, 0, sizeof minute);
    for (uint32_t at = 0; at < HISTOGRAM_BUCKETS; at++)
        atomic_store_explicit(&minute.counts[at],
                              atomic_load_explicit(&all->counts[at], memory_order_relaxed) -
                                  before[at],
                              memory_order_relaxed);
    atomic_store(&minute.max_ns, atomic_load(&all->max_ns));
    summary = histogram_summarise(&minute);
    in->tick_orders = summary.count;
    in->tick_p99_ns = summary.p99_ns;
}

/* --- the program --- */

static void collect_lane(struct collector *collector, struct alert_inputs *in, int lane,
                         int64_t mono_ns)
{
    const struct lane *of = journal_lane(collector->from->journal, (enum journal_lane)lane);
    uint64_t taken = lane_taken_seq(of, JOURNAL_GATE_AUDIT);
    int64_t late_ms;

    if (taken != collector->lane_taken[lane] || taken >= lane_head_seq(of))
        collector->lane_well_ns[lane] = mono_ns;
    collector->lane_taken[lane] = taken;
    late_ms = ms_since(mono_ns, collector->lane_well_ns[lane]);
    if (late_ms > in->audit_late_ms)
        in->audit_late_ms = late_ms;
}

/* Since when there are rows that no signed head covers. */
static void collect_anchor(struct collector *collector, struct alert_inputs *in, int64_t mono_ns)
{
    int64_t anchor_ns = store_anchor_ns(collector->from->store);
    uint64_t seq = store_audit_seq(collector->from->store);

    if (anchor_ns != collector->anchor_ns) {
        collector->anchor_ns = anchor_ns;
        collector->anchor_seq = seq;
        collector->unsigned_ns = 0;
    }
    if (seq > collector->anchor_seq && collector->unsigned_ns == 0)
        collector->unsigned_ns = mono_ns;
    in->anchor_late_ms =
        collector->unsigned_ns == 0 ? 0 : ms_since(mono_ns, collector->unsigned_ns);
}

static void collect_disk(const struct collector *collector, struct alert_inputs *in)
{
    int64_t total = journal_total_bytes(collector->from->journal);

    in->disk_free_bytes = journal_free_bytes(collector->from->journal);
    in->disk_free_e8 = in->disk_free_bytes < 0 || total <= 0
                           ? ALERT_NOT_KNOWN
                           : (int64_t)((__int128)in->disk_free_bytes * RATIO_ONE_E8 / total);
}

static void collect_storage(struct collector *collector, struct alert_inputs *in, int64_t mono_ns)
{
    enum journal_storage storage = journal_storage(collector->from->journal);

    in->is_journal_suspect = storage == STORAGE_SUSPECT;
    in->is_storage_low = storage == STORAGE_LOW;
    in->journal_late_ms = ms_since(mono_ns, collector->watch.durable_mono_ns);
    if (in->journal_late_ms > ms_since(mono_ns, collector->started_mono_ns))
        in->journal_late_ms = 0; /* the view has not looked since the start */
    collect_disk(collector, in);
    if (!collector->from->store)
        return;
    in->is_audit_suspect = store_is_suspect(collector->from->store);
    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        collect_lane(collector, in, lane, mono_ns);
    collect_anchor(collector, in, mono_ns);
}

uint32_t collect_unclean_starts(const struct collector *collector, int64_t real_ns)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < collector->unclean_starts; at++)
        count += real_ns - collector->unclean_ns[at] < hour_ns;
    return count;
}

static void collect_program(struct collector *collector, struct alert_inputs *in, int64_t mono_ns,
                            int64_t real_ns)
{
    const _Atomic int64_t *beat = collector->from->engine_beat_ns;
    int64_t ends_ns = collector->certificate_ns;

    in->engine_silent_ms =
        beat ? ms_since(mono_ns, atomic_load_explicit(beat, memory_order_relaxed)) : ALERT_NONE;
    in->unclean_starts = collect_unclean_starts(collector, real_ns);
    in->certificate_days = ends_ns == 0 ? ALERT_NONE : (ends_ns - real_ns) / second_ns / day_s;
    in->taken = collector->watch.taken;
    in->taken_p99_ms = collector->watch.taken_p99_ns / ms_ns;
    collect_storage(collector, in, mono_ns);
    collect_ticks(collector, in, mono_ns);
}

void collect(struct collector *collector, int64_t mono_ns, int64_t real_ns, struct alert_inputs *in)
{
    struct history_point point;

    memset(in, 0, sizeof *in);
    in->config = collector->from->config;
    in->gateways = collector->from->gateways;
    begin(collector, mono_ns, real_ns);
    view_watch(collector->view, &collector->watch);
    collect_scopes(collector, in);
    for (uint16_t at = 0; at < in->config->venues; at++)
        collect_venue(collector, in, at, mono_ns, real_ns);
    for (uint16_t at = 0; at < in->config->instruments; at++) {
        collect_book(collector, in, at, real_ns);
        collect_drift(collector, in, at, real_ns);
    }
    point = point_now(collector, mono_ns);
    keep_point(collector, &point);
    collect_counts(collector, in, &point);
    collect_rates(collector, in, &point);
    collect_program(collector, in, mono_ns, real_ns);
}
