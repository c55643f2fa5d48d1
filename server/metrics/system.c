/* The venues and the program itself: streams, latency, rings, journal, audit. */
#include "metrics/inside.h"

#include <stdio.h>
#include <sys/stat.h>

/* --- market --- */

static void render_updates(const struct rendering *r)
{
    family(r->page, METRIC_LAST_UPDATE);
    for (uint16_t i = 0; i < r->config->instruments && r->from->gateways > 0; i++) {
        const struct instrument *row = &r->config->instrument[i];
        const struct label labels[] = {
            {"venue", r->config->venue[row->venue]}, {"instrument", row->name}, {NULL, NULL}};
        int64_t update_ns = gateway_last_update_ns(view_gateway_of(r->from, row->venue), i);

        if (update_ns != 0)
            sample_decimal(r->page, METRIC_LAST_UPDATE, labels, update_ns, 9);
    }
}

static void render_books(const struct rendering *r)
{
    family(r->page, METRIC_BOOK_OK);
    for (uint16_t i = 0; i < r->config->instruments; i++) {
        const struct instrument *row = &r->config->instrument[i];
        const struct label labels[] = {
            {"venue", r->config->venue[row->venue]}, {"instrument", row->name}, {NULL, NULL}};

        sample_count(r->page, METRIC_BOOK_OK, labels,
                     r->watch.instrument[i].book_ns != 0 && r->watch.instrument[i].book == BOOK_OK);
    }
    render_one(r, METRIC_MARKET_ENDED, r->watch.has_ended || r->watch.is_virtual);
}

/* A simulated venue is there while its market plays. */
static bool is_connected(const struct view_sources *from, uint16_t venue)
{
    const struct gateway *gateway = view_gateway_of(from, venue);

    if (!gateway)
        return false;
    if (from->config->venue_settings[venue].kind == GATEWAY_SIMULATED)
        return gateway_market_state(gateway) == MARKET_STATE_PLAYING;
    return gateway_state(gateway) == GATEWAY_READY;
}

static uint64_t reconnects_of(const struct view_sources *from, uint16_t venue)
{
    struct gateway_counters counters = {0};

    if (view_gateway_of(from, venue))
        counters = gateway_counters(view_gateway_of(from, venue));
    return counters.connects - counters.first_connects;
}

static void render_connected(const struct rendering *r)
{
    uint64_t connected[MAX_VENUES], reconnects[MAX_VENUES];

    for (uint16_t i = 0; i < r->config->venues; i++) {
        connected[i] = is_connected(r->from, i);
        reconnects[i] = reconnects_of(r->from, i);
    }
    render_by_venue(r, METRIC_STREAM_CONNECTED, connected);
    render_by_venue(r, METRIC_RECONNECTS, reconnects);
}

static void render_account(const struct rendering *r)
{
    family(r->page, METRIC_ACCOUNT_UPDATE);
    for (uint16_t i = 0; i < r->config->venues; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};
        int64_t told_ns = view_account_update_ns(r->from, i);

        if (told_ns != 0)
            sample_decimal(r->page, METRIC_ACCOUNT_UPDATE, labels, told_ns, 9);
    }
}

static void render_clock(const struct rendering *r)
{
    family(r->page, METRIC_CLOCK_OFFSET);
    for (uint16_t i = 0; i < r->config->venues && r->from->gateways > 0; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};
        int64_t offset_ns = atomic_load(&view_gateway_of(r->from, i)->clock_offset_ns);

        if (offset_ns != INT64_MIN)
            sample_decimal(r->page, METRIC_CLOCK_OFFSET, labels, offset_ns, 9);
    }
}

static void render_drift(const struct rendering *r)
{
    family(r->page, METRIC_DRIFT);
    for (uint16_t i = 0; i < r->config->instruments; i++) {
        const json_t *row = json_array_get(json_object_get(r->positions, "items"), i);
        const struct instrument *instrument = &r->config->instrument[i];
        const struct label labels[] = {{"venue", r->config->venue[instrument->venue]},
                                       {"instrument", instrument->name},
                                       {NULL, NULL}};
        int64_t ours = json_integer_value(json_object_get(row, "lots"));
        int64_t venues;

        if (json_is_integer(json_object_get(row, "venue_lots"))) {
            venues = json_integer_value(json_object_get(row, "venue_lots"));
            sample_decimal(r->page, METRIC_DRIFT, labels, view_drift_ratio_e8(ours, venues), 8);
        }
    }
}

/* NULL: a simulated venue, which has nothing to fetch. */
static struct gateway *reconciling(const struct rendering *r, uint16_t venue)
{
    bool is_simulated = r->config->venue_settings[venue].kind == GATEWAY_SIMULATED;

    return r->from->gateways == 0 || is_simulated ? NULL
                                                  : r->from->gateway[r->from->venue_gateway[venue]];
}

static void render_reconciling(const struct rendering *r)
{
    family(r->page, METRIC_RECONCILE);
    for (uint16_t i = 0; i < r->config->venues; i++)
        if (reconciling(r, i))
            sample_histogram(r->page, METRIC_RECONCILE,
                             &(struct label){"venue", r->config->venue[i]},
                             &reconciling(r, i)->reconcile);
    family(r->page, METRIC_RECONCILE_FAILURES);
    for (uint16_t i = 0; i < r->config->venues; i++) {
        const struct label labels[] = {{"venue", r->config->venue[i]}, {NULL, NULL}};

        if (reconciling(r, i))
            sample_count(r->page, METRIC_RECONCILE_FAILURES, labels,
                         atomic_load(&reconciling(r, i)->reconcile_failures));
    }
}

static void render_gateways(const struct rendering *r)
{
    struct gateway_counters all = {0};

    if (r->from->gateways == 0)
        return;
    for (uint16_t at = 0; at < r->from->gateways; at++) {
        struct gateway_counters counters = gateway_counters(r->from->gateway[at]);

        all.updates += counters.updates;
        all.refused_frames += counters.refused_frames;
        all.unsent += counters.unsent;
    }
    render_one(r, METRIC_MARKET_UPDATES, all.updates);
    render_one(r, METRIC_FRAMES_REFUSED, all.refused_frames);
    render_one(r, METRIC_UNSENT, all.unsent);
}

void render_market(const struct rendering *r)
{
    render_updates(r);
    render_books(r);
    render_connected(r);
    render_account(r);
    render_clock(r);
    render_drift(r);
    render_reconciling(r);
    render_gateways(r);
    render_one(r, METRIC_GAPS, r->watch.counters.gaps);
}

/* --- latency, rings --- */

/* The engine measures all venues together. */
static void render_histogram(const struct rendering *r, enum metric_id id,
                             struct histogram *histogram, bool by_venue)
{
    const struct label venue = {"venue", r->config->venues == 1 ? r->config->venue[0] : "all"};

    if (!histogram)
        return;
    family(r->page, id);
    sample_histogram(r->page, id, by_venue ? &venue : NULL, histogram);
}

/* A slow fill leads to its order, and that to `GET /orders/{id}/why`. */
static void render_taken(const struct rendering *r)
{
    enum { TAKINGS = 64 };
    struct view_taking takings[TAKINGS];
    struct exemplar exemplars[TAKINGS];
    uint32_t count = r->page->format == EXPOSITION_OPENMETRICS && !r->watch.is_virtual
                         ? view_takings(r->view, takings, TAKINGS)
                         : 0;

    for (uint32_t at = 0; at < count; at++)
        exemplars[at] =
            (struct exemplar){takings[at].order_id, takings[at].taken_ns, takings[at].at_ns};
    family(r->page, METRIC_TAKER_LATENCY);
    sample_histogram_with(r->page, METRIC_TAKER_LATENCY, NULL, view_taken(r->view), exemplars,
                          count);
}

void render_latency(const struct rendering *r)
{
    if (r->from->engine_beat_ns) {
        int64_t beat_ns = atomic_load_explicit(r->from->engine_beat_ns, memory_order_relaxed);

        family(r->page, METRIC_ENGINE_BEAT);
        sample_decimal(r->page, METRIC_ENGINE_BEAT, NULL, render_real_ns(r, beat_ns), 9);
    }
    render_histogram(r, METRIC_STEP, r->from->step, false);
    render_histogram(r, METRIC_TICK_TO_ORDER, r->from->tick_to_order, false);
    render_histogram(r, METRIC_ORDER_ACK, r->from->order_ack, true);
    render_histogram(r, METRIC_FILL_LATENCY, r->from->fill_latency, true);
    render_taken(r);
}

static void render_ring(const struct rendering *r, const char *ring, const char *gateway,
                        struct ring *of)
{
    const struct label labels[] = {
        {"ring", ring}, {gateway ? "gateway" : NULL, gateway}, {NULL, NULL}};

    sample_count(r->page, METRIC_RING_DEPTH, labels, ring_depth(of));
}

void render_rings(const struct rendering *r)
{
    family(r->page, METRIC_RING_DEPTH);
    for (uint16_t at = 0; at < r->from->gateways; at++) {
        const struct gateway_io *io = &r->from->gateway[at]->io;
        const char *name = config_gateway_name(r->config, at);

        render_ring(r, "market", name, io->market);
        render_ring(r, "executions", name, io->executions);
        render_ring(r, "orders", name, io->orders);
    }
    if (r->from->commands)
        render_ring(r, "commands", NULL, r->from->commands);
    family(r->page, METRIC_RING_OVERFLOWS);
    sample_count(r->page, METRIC_RING_OVERFLOWS,
                 (const struct label[]){{"ring", "events_view"}, {NULL, NULL}},
                 r->watch.counters.overruns);
}

/* --- journal, audit --- */

static void render_readers(const struct rendering *r, enum metric_id id,
                           uint64_t (*figure)(const struct lane *lane, int gate))
{
    static const char *const readers[JOURNAL_GATES] = {
        [JOURNAL_GATE_PERSISTER] = "persister", [JOURNAL_GATE_AUDIT] = "audit"};

    family(r->page, id);
    for (int lane = 0; lane < JOURNAL_LANES; lane++)
        for (int gate = 0; gate < JOURNAL_GATES; gate++) {
            const struct label labels[] = {{"lane", journal_lane_name((enum journal_lane)lane)},
                                           {"reader", readers[gate]},
                                           {NULL, NULL}};

            if (gate == JOURNAL_GATE_AUDIT && !r->from->store)
                continue;
            sample_count(r->page, id, labels,
                         figure(journal_lane(r->from->journal, (enum journal_lane)lane), gate));
        }
}

static void render_syncs(const struct rendering *r)
{
    family(r->page, METRIC_JOURNAL_SYNC);
    for (int lane = 0; lane < JOURNAL_LANES; lane++) {
        const struct label labels[] = {{"lane", journal_lane_name((enum journal_lane)lane)},
                                       {NULL, NULL}};
        int64_t took_ns = journal_sync_took_ns(r->from->journal, (enum journal_lane)lane);

        if (took_ns >= 0)
            sample_decimal(r->page, METRIC_JOURNAL_SYNC, labels, took_ns, 9);
    }
}

static void render_storage(const struct rendering *r)
{
    struct journal *journal = r->from->journal;
    struct journal_trouble trouble;

    journal_trouble(journal, &trouble);
    render_one(r, METRIC_STORAGE_SUSPECT, journal_is_suspect(journal));
    render_one(r, METRIC_STORAGE_LOW, trouble.storage == STORAGE_LOW);
    render_one(r, METRIC_STORAGE_TROUBLES, trouble.count);
    if (journal_free_bytes(journal) >= 0)
        render_one(r, METRIC_STORAGE_FREE, (uint64_t)journal_free_bytes(journal));
    if (journal_total_bytes(journal) > 0)
        render_one(r, METRIC_STORAGE_SIZE, (uint64_t)journal_total_bytes(journal));
}

static void render_audit(const struct rendering *r)
{
    int64_t anchor_ns;

    if (!r->from->store)
        return;
    render_one(r, METRIC_AUDIT_SEQUENCE, store_audit_seq(r->from->store));
    render_one(r, METRIC_AUDIT_SUSPECT, store_is_suspect(r->from->store));
    render_one(r, METRIC_ANCHOR_SEQUENCE, store_anchor_seq(r->from->store));
    family(r->page, METRIC_AUDIT_ANCHOR);
    anchor_ns = store_anchor_ns(r->from->store);
    if (anchor_ns != 0)
        sample_decimal(r->page, METRIC_AUDIT_ANCHOR, NULL, anchor_ns, 9);
}

/* The scripts of deploy/backup leave a file behind each time that all went well; how old it is
 * tells when that was. They are other processes, perhaps of a timer that nobody has enabled: a
 * program that looks itself is what notices that they do not come. */
static void render_backups(const struct rendering *r)
{
    static const struct {
        const char *step, *file;
    } steps[] = {{"made", "backup.made"},
                 {"sent", "backup.sent"},
                 {"tested", "backup.tested"},
                 {"heads", "anchors.sent"}};

    family(r->page, METRIC_BACKUP_TIME);
    if (!r->from->dir)
        return;
    for (size_t at = 0; at < sizeof steps / sizeof *steps; at++) {
        const struct label labels[] = {{"step", steps[at].step}, {NULL, NULL}};
        char path[4096];
        struct stat about;

        (void)snprintf(path, sizeof path, "%s/%s", r->from->dir, steps[at].file);
        if (stat(path, &about) == 0)
            sample_decimal(r->page, METRIC_BACKUP_TIME, labels,
                           about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec, 9);
    }
}

void render_journal(const struct rendering *r)
{
    struct journal *journal = r->from->journal;

    render_one(r, METRIC_JOURNAL_SEQUENCE, lane_head_seq(journal_lane(journal, JOURNAL_ENGINE)));
    render_one(r, METRIC_DURABLE_SEQUENCE, journal_durable_seq(journal, JOURNAL_ENGINE));
    family(r->page, METRIC_DURABLE_TIME);
    if (r->watch.durable_mono_ns != 0)
        sample_decimal(r->page, METRIC_DURABLE_TIME, NULL,
                       render_real_ns(r, r->watch.durable_mono_ns), 9);
    render_readers(r, METRIC_JOURNAL_QUEUE, lane_waiting);
    render_readers(r, METRIC_JOURNAL_TAKEN, lane_taken_seq);
    render_syncs(r);
    render_storage(r);
    render_audit(r);
    render_backups(r);
}
