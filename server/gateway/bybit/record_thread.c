#include "gateway/bybit/record_thread.h"

#include "gateway/recording/lines.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 5, FOLDER_BYTES = 256, RING_ALIGNMENT = 64 };

static const int64_t flush_ns = 1000000000;

struct copied_frame {
    int64_t received_ns;
    char text[];
};

struct record_thread {
    struct ring ring; /* of the gateway and the thread */
    void *bytes;
    _Atomic uint64_t dropped; /* the gateway's */
    _Atomic bool failed;      /* the thread's */
    _Atomic bool stopping;
    bool is_started;
    pthread_t thread;
    /* of the thread */
    struct bybit_recorder_config config;
    char folder[FOLDER_BYTES];
    char names[MAX_INSTRUMENTS][MAX_NAME];
    const char *symbols[MAX_INSTRUMENTS];
    struct bybit_recorder *recorder; /* NULL: it has failed */
    int64_t day;                     /* UTC, of its files */
    int64_t flushed_ns;              /* monotonic */
    uint64_t dropped_said;
};

/* ---- the gateway's side ----------------------------------------------------------------- */

void record_thread_take(struct record_thread *record, int64_t received_ns, const char *text,
                        size_t length)
{
    struct copied_frame *frame = NULL;

    if (atomic_load_explicit(&record->failed, memory_order_relaxed))
        return;
    if (length < LINES_MAX) /* a longer one no reader would take, nor the ring */
        frame = ring_reserve(&record->ring, sizeof *frame + length);
    if (!frame) {
        atomic_fetch_add_explicit(&record->dropped, 1, memory_order_relaxed);
        return;
    }
    frame->received_ns = received_ns;
    memcpy(frame->text, text, length);
    ring_publish(&record->ring);
}

uint64_t record_thread_dropped(const struct record_thread *record)
{
    return atomic_load_explicit(&record->dropped, memory_order_relaxed);
}

bool record_thread_has_failed(const struct record_thread *record)
{
    return atomic_load_explicit(&record->failed, memory_order_relaxed);
}

/* ---- the thread's side ------------------------------------------------------------------ */

static enum status end_files(struct record_thread *record, struct err *err)
{
    struct bybit_recorder *recorder = record->recorder;

    record->recorder = NULL;
    return recorder ? bybit_recorder_close(recorder, err) : OK;
}

static void give_up(struct record_thread *record, const struct err *why)
{
    char folder[FOLDER_BYTES];
    char says[ERR_TEXT_MAX];
    struct err after; /* the first failure is the one to tell */

    (void)end_files(record, &after);
    atomic_store_explicit(&record->failed, true, memory_order_relaxed);
    log_line(LOG_ERROR, "record", "recording has stopped until the next start; trading goes on",
             "folder=%s why=%s", log_escape(folder, sizeof folder, record->folder),
             log_escape(says, sizeof says, why->text));
}

static enum status begin_day(struct record_thread *record, int64_t received_ns, struct err *err)
{
    enum status status = end_files(record, err);

    record->day = received_ns / TRADING_DAY_NS;
    record->config.start_ns = received_ns;
    return status == OK ? bybit_recorder_open(&record->recorder, &record->config, err) : status;
}

/* A clock that is set back begins no day anew. */
static enum status write_frame(struct record_thread *record, const struct copied_frame *frame,
                               size_t length, struct err *err)
{
    enum status status = OK;

    if (frame->received_ns / TRADING_DAY_NS > record->day)
        status = begin_day(record, frame->received_ns, err);
    if (status == OK) /* what it cannot write its flush says */
        (void)bybit_recorder_write(record->recorder, frame->received_ns, frame->text,
                                   length - sizeof *frame);
    return status;
}

/* What is there now: what comes meanwhile is the next turn's, so that a flush is never late. */
static enum status drain(struct record_thread *record, struct err *err)
{
    uint64_t until = ring_published(&record->ring);
    const struct copied_frame *frame;
    enum status status = OK;
    size_t length;

    while (status == OK && ring_consumed(&record->ring) != until) {
        frame = ring_peek(&record->ring, &length);
        assert(frame);
        status = write_frame(record, frame, length, err);
        ring_release(&record->ring);
    }
    return status;
}

static void say_dropped(struct record_thread *record)
{
    uint64_t dropped = record_thread_dropped(record);

    if (dropped != record->dropped_said)
        log_line(LOG_WARN, "record", "the disk is too slow: frames were left out",
                 "frames=%" PRIu64 " all=%" PRIu64, dropped - record->dropped_said, dropped);
    record->dropped_said = dropped;
}

bool record_thread_turn(struct record_thread *record, int64_t mono_ns)
{
    struct err err;
    enum status status;

    if (!record->recorder)
        return false;
    status = drain(record, &err);
    if (status == OK && mono_ns - record->flushed_ns >= flush_ns) {
        record->flushed_ns = mono_ns;
        say_dropped(record);
        status = bybit_recorder_flush(record->recorder, &err);
    }
    if (status != OK)
        give_up(record, &err);
    return status == OK;
}

static void *run(void *ctx)
{
    struct record_thread *record = ctx;

    while (!atomic_load_explicit(&record->stopping, memory_order_acquire) &&
           record_thread_turn(record, clock_mono_ns()))
        thread_sleep_ms(DRAIN_MS);
    return NULL;
}

/* ---- opening and closing ---------------------------------------------------------------- */

static void copy_config(struct record_thread *record, const struct bybit_recorder_config *config)
{
    assert(config->count <= MAX_INSTRUMENTS);
    record->config = *config;
    (void)snprintf(record->folder, sizeof record->folder, "%s", config->folder);
    for (uint16_t at = 0; at < config->count; at++) {
        (void)snprintf(record->names[at], MAX_NAME, "%s", config->symbols[at]);
        record->symbols[at] = record->names[at];
    }
    record->config.folder = record->folder;
    record->config.symbols = record->symbols;
}

enum status record_thread_open(struct record_thread **opened,
                               const struct bybit_recorder_config *config, struct err *err)
{
    struct record_thread *record = aligned_alloc(alignof(struct record_thread), sizeof *record);
    enum status status;

    assert(strlen(config->folder) < FOLDER_BYTES);
    if (!record)
        return err_set(err, ERR_INTERNAL, "no memory for the recording");
    memset(record, 0, sizeof *record);
    copy_config(record, config);
    record->bytes = aligned_alloc(RING_ALIGNMENT, RECORD_RING_BYTES);
    status = record->bytes ? begin_day(record, config->start_ns, err)
                           : err_set(err, ERR_INTERNAL, "no memory for the recording");
    if (status != OK) {
        record_thread_close(record);
        return err_wrap(err, status == ERR_IO ? ERR_CONFIG : status, "record");
    }
    memset(record->bytes, 0, RECORD_RING_BYTES); /* the gateway meets no fresh page */
    ring_init(&record->ring, record->bytes, RECORD_RING_BYTES);
    *opened = record;
    return OK;
}

enum status record_thread_start(struct record_thread *record, struct err *err)
{
    enum status status =
        thread_start(&record->thread, "record", false, IDLE_PARK, run, record, err);

    record->is_started = status == OK;
    return status;
}

enum status record_thread_begin(struct record_thread **record, const struct bybit_config *config,
                                const struct bybit_listing *listings, uint16_t count,
                                struct err *err)
{
    const char *symbols[MAX_INSTRUMENTS];
    struct bybit_recorder_config recorder = {.folder = config->record,
                                             .is_spot = config->is_spot,
                                             .symbols = symbols,
                                             .count = count,
                                             .start_ns = clock_real_ns()};
    enum status status;

    if (config->record[0] == '\0')
        return OK;
    for (uint16_t at = 0; at < count; at++)
        symbols[at] = listings[at].symbol;
    status = record_thread_open(record, &recorder, err);
    return status == OK ? record_thread_start(*record, err) : status;
}

void record_thread_close(struct record_thread *record)
{
    struct err err;

    if (!record)
        return;
    atomic_store_explicit(&record->stopping, true, memory_order_release);
    if (record->is_started)
        pthread_join(record->thread, NULL);
    if (record->recorder && (drain(record, &err) != OK || end_files(record, &err) != OK))
        give_up(record, &err);
    say_dropped(record);
    free(record->bytes);
    free(record);
}
