/* How long a start takes that finds ten million records in the engine's lane: opening the journal
 * (its last file is checked to the end) and folding the state from the newest snapshot on.
 *
 * A child writes them as a trading program does, through the lane, the persister and the fold, and
 * is gone without a last snapshot, as after a SIGKILL: orders that are sent, acknowledged, filled
 * and moved into positions, some hundred of them alive at any time. The folder's files are in the
 * page cache when they are read, as they are when a program restarts at once. */
#include "cli/bench.h"
#include "journal/state_fold.h"
#include "thread/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS = 10000000, RECORDS_QUICK = 500000, ROUNDS = 5, ALIVE = 200 };
#define SNAPSHOT_RECORDS 500000

struct writing {
    struct lane *lane;
    uint64_t written;
};

static void append(struct writing *writing, uint16_t kind, const void *payload, uint32_t length)
{
    while (lane_room(writing->lane) < 4 * LANE_RECORD_MAX)
        usleep(50);
    (void)lane_append(writing->lane, kind, (int64_t)++writing->written, 0, payload, length);
    /* Nobody audits here. */
    atomic_store(&writing->lane->shared->gate[JOURNAL_GATE_AUDIT],
                 atomic_load(&writing->lane->shared->head));
}

static void send_one(struct writing *writing, uint64_t id)
{
    struct event_order_sent sent = {.order_id = id,
                                    .order_seq = id,
                                    .price_ticks = 1000,
                                    .qty_lots = 10,
                                    .instrument = (uint16_t)(id % 4),
                                    .strategy = 1};
    struct event_order_state state = {.order_id = id,
                                      .leaves_lots = 10,
                                      .state = ORDER_WORKING,
                                      .report = REPORT_VENUE_ACK,
                                      .acked = 1,
                                      .price_ticks = 1000,
                                      .qty_lots = 10};

    append(writing, EVENT_ORDER_SENT, &sent, sizeof sent);
    append(writing, EVENT_ORDER_STATE, &state, sizeof state);
}

static void fill_one(struct writing *writing, uint64_t id)
{
    uint16_t instrument = (uint16_t)(id % 4);
    struct event_fill fill = {.order_id = id,
                              .exec_id = id,
                              .price_ticks = 1000,
                              .qty_lots = 10,
                              .instrument = instrument,
                              .strategy = 1};
    struct event_position position = {
        .lots = (int64_t)id, .instrument = instrument, .strategy = UINT16_MAX};
    struct event_order_state state = {.order_id = id,
                                      .filled_lots = 10,
                                      .state = ORDER_FILLED,
                                      .report = REPORT_FILL_LAST,
                                      .acked = 1,
                                      .price_ticks = 1000,
                                      .qty_lots = 10};

    append(writing, EVENT_FILL, &fill, sizeof fill);
    append(writing, EVENT_POSITION, &position, sizeof position);
    position.strategy = 1;
    append(writing, EVENT_POSITION, &position, sizeof position);
    append(writing, EVENT_ORDER_STATE, &state, sizeof state);
}

static void write_names(struct writing *writing)
{
    struct input_names names = {.venues = 1, .strategies = 2, .instruments = 4};

    (void)snprintf(names.venue[0], MAX_NAME, "sim");
    (void)snprintf(names.strategy[0], MAX_NAME, "manual");
    (void)snprintf(names.strategy[1], MAX_NAME, "maker");
    for (unsigned at = 0; at < 4; at++)
        (void)snprintf(names.instrument[at].name, MAX_NAME, "sim:%u", at);
    append(writing, INPUT_NAMES, &names, sizeof names);
}

/* The child's whole life. */
static _Noreturn void write_all(const char *dir, const struct config *config, uint64_t records)
{
    struct writing writing = {0};
    struct journal *journal;
    struct state_fold *fold;
    struct state_found found;
    char says[ERR_TEXT_MAX];
    struct err err;

    if (journal_open(&journal, dir, config, says, &err) != OK ||
        state_fold_open(&fold, dir, journal, SNAPSHOT_RECORDS, &found, &err) != OK ||
        journal_start(journal, &err) != OK) {
        fprintf(stderr, "pitwall bench: %s\n", err.text);
        _exit(1);
    }
    writing.lane = journal_lane(journal, JOURNAL_ENGINE);
    write_names(&writing);
    for (uint64_t id = 1; writing.written < records; id++) {
        send_one(&writing, id);
        if (id > ALIVE)
            fill_one(&writing, id - ALIVE);
    }
    _exit(journal_wait_durable(journal, JOURNAL_ENGINE, writing.written, 60000) ? 0 : 1);
}

static bool recover(const char *dir, const struct config *config, double *ms)
{
    struct journal *journal;
    struct state_fold *fold;
    struct state_found found;
    char says[ERR_TEXT_MAX];
    int64_t began_ns = clock_mono_ns();
    struct err err;

    if (journal_open(&journal, dir, config, says, &err) != OK ||
        state_fold_open(&fold, dir, journal, SNAPSHOT_RECORDS, &found, &err) != OK) {
        fprintf(stderr, "pitwall bench: recovery: %s\n", err.text);
        return false;
    }
    *ms = (double)(clock_mono_ns() - began_ns) / 1e6;
    if (!found.is_sure || carry_live_orders(found.carry) != ALIVE) {
        fprintf(stderr, "pitwall bench: recovery found %u orders alive: %s\n",
                carry_live_orders(found.carry), found.says);
        return false;
    }
    journal_close(journal);
    state_fold_drop(fold);
    return true;
}

static bool measure(struct bench *bench, const char *dir, const struct config *config)
{
    struct bench_figure figure = {
        .id = "i4.recovery_10m", .unit = "ms", .target = 2000, .sense = "max"};
    uint32_t rounds = bench->quick ? 1 : ROUNDS;
    double ms;

    for (uint32_t round = 0; round < rounds; round++) {
        if (!recover(dir, config, &ms))
            return false;
        bench_round(&figure, ms);
    }
    bench_add(bench, &figure);
    return true;
}

static bool child_is_well(pid_t child)
{
    int status;

    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool bench_recovery(struct bench *bench)
{
    struct config config = {.journal = {.hot_bytes = 8 << 20, .sync_ms = 20}};
    char dir[] = "/tmp/pitwall-recovery-XXXXXX";
    char command[64];
    bool well;
    pid_t child;

    if (!bench_wants(bench, "i4.recovery_10m"))
        return true;
    if (!mkdtemp(dir)) {
        fprintf(stderr, "pitwall bench: no folder in /tmp for 2 GB of journal\n");
        return false;
    }
    child = fork();
    if (child == 0)
        write_all(dir, &config, bench->quick ? RECORDS_QUICK : RECORDS);
    well = child_is_well(child) && measure(bench, dir, &config);
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 && well; /* NOLINT(cert-env33-c): our own folder */
}
