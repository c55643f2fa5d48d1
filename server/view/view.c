#include "view/earlier.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PUMP_RECORDS = 4096, POLL_US = 1000 };
static const int64_t second_ns = 1000000000LL;

enum status view_open(struct view **view, const struct view_sources *sources, struct err *err)
{
    struct view *opened = calloc(1, sizeof *opened);
    pthread_condattr_t monotonic;

    *view = opened;
    if (!opened)
        return err_set(err, ERR_INTERNAL, "out of memory");
    opened->from = *sources;
    pthread_mutex_init(&opened->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&opened->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    lane_reader_init(&opened->reader, journal_lane(sources->journal, JOURNAL_ENGINE), false);
    opened->expected_seq = opened->reader.next_seq;
    opened->durable_mono_ns = opened->second_mono_ns = clock_mono_ns();
    model_init(opened);
    earlier_take(opened);
    return OK;
}

/* --- taking in what the engine says --- */

static void take_record(struct view *view, const struct lane_record *record, const void *payload)
{
    model_event(view, record, payload);
    model_touched(view);
    view->expected_seq = record->commit + 1;
}

/* After an overrun: reads the missing records from disk, as far as the persister has come. Nothing
 * newer is taken from memory before that, so the order of events holds. */
static void recover(struct view *view)
{
    struct journal_reader *disk;
    struct lane_record record;
    const void *payload;
    struct err err;
    enum status status;

    if (!view->from.dir)
        return;
    status = journal_reader_open(&disk, view->from.dir, JOURNAL_ENGINE, view->expected_seq, &err);
    if (status == ERR_REMOVED) {
        log_line(LOG_ERROR, "view", "events were removed before they were read",
                 "expected=%llu next=%llu", (unsigned long long)view->expected_seq,
                 (unsigned long long)view->reader.next_seq);
        view->expected_seq = view->reader.next_seq;
    }
    if (status != OK)
        return;
    while (view->expected_seq < view->reader.next_seq &&
           journal_reader_next(disk, &record, &payload, &err) == OK)
        take_record(view, &record, payload);
    journal_reader_close(disk);
}

static void overrun(struct view *view)
{
    view->counters.overruns++;
    log_line(LOG_WARN, "view", "overrun, reading the journal on disk", "expected=%llu next=%llu",
             (unsigned long long)view->expected_seq, (unsigned long long)view->reader.next_seq);
    if (!view->from.dir) /* nothing to read from: the figures of lost events stay lost */
        view->expected_seq = view->reader.next_seq;
}

static void pump_events(struct view *view)
{
    struct lane_record record;

    for (int i = 0; i < PUMP_RECORDS; i++) {
        enum lane_result result;

        if (view->expected_seq < view->reader.next_seq)
            recover(view);
        if (view->expected_seq < view->reader.next_seq)
            return;
        result = lane_read(&view->reader, &record, view->payload);
        if (result == LANE_EMPTY)
            return;
        if (result == LANE_OVERRUN)
            overrun(view);
        else
            take_record(view, &record, view->payload);
    }
}

static void pump_telemetry(struct view *view)
{
    struct ring *ring = view->from.telemetry;
    const void *message;
    size_t length;

    while (ring && (message = ring_peek(ring, &length)) != NULL) {
        model_telemetry(view, message);
        model_touched(view);
        ring_release(ring);
    }
}

/* How long the disk copy has not moved although there is something to copy. */
static void watch_journal(struct view *view, int64_t now_ns)
{
    uint64_t durable = journal_durable_seq(view->from.journal, JOURNAL_ENGINE);

    if (durable == view->durable_seen &&
        durable < lane_head_seq(journal_lane(view->from.journal, JOURNAL_ENGINE)))
        return;
    view->durable_seen = durable;
    view->durable_mono_ns = now_ns;
}

void view_enter(struct view *view)
{
    pthread_mutex_lock(&view->lock);
    pump_events(view);
    pump_telemetry(view);
}

void view_leave(struct view *view)
{
    pthread_mutex_unlock(&view->lock);
}

void view_note_kill_url(struct view *view, const char *url)
{
    (void)snprintf(view->kill_url, sizeof view->kill_url, "%s", url);
    /* Pairs with the acquire in kill_url_json: the text is there. */
    atomic_store_explicit(&view->has_kill_url, true, memory_order_release);
}

bool view_answers(struct view *view, int64_t patience_ns)
{
    int64_t until_ns = clock_mono_ns() + patience_ns;
    struct timespec until = {.tv_sec = until_ns / second_ns, .tv_nsec = until_ns % second_ns};

    if (pthread_mutex_clocklock(&view->lock, CLOCK_MONOTONIC, &until) != 0)
        return false;
    pthread_mutex_unlock(&view->lock);
    return true;
}

static void *view_thread(void *ctx)
{
    struct view *view = ctx;

    while (!atomic_load_explicit(&view->stop, memory_order_acquire)) {
        int64_t now_ns = clock_mono_ns();

        view_enter(view);
        watch_journal(view, now_ns);
        if (now_ns - view->second_mono_ns >= second_ns) {
            view->second_mono_ns = now_ns;
            model_changed(view, VIEW_STATUS);
            model_changed(view, VIEW_LATENCY);
        }
        view_leave(view);
        usleep(POLL_US);
    }
    return NULL;
}

enum status view_start(struct view *view, struct err *err)
{
    enum status status =
        thread_start(&view->thread, "view", false, IDLE_PARK, view_thread, view, err);

    view->running = status == OK;
    return status;
}

void view_close(struct view *view)
{
    if (!view)
        return;
    atomic_store_explicit(&view->stop, true, memory_order_release);
    if (view->running)
        pthread_join(view->thread, NULL);
    pthread_cond_destroy(&view->answered);
    pthread_mutex_destroy(&view->lock);
    free(view);
}

/* --- what control tells and asks --- */

void view_note_command(struct view *view, uint64_t command_id, const char *actor,
                       const char *reason)
{
    struct view_command *command;

    pthread_mutex_lock(&view->lock);
    command = &view->commands[view->command_count++ % KEPT_COMMANDS];
    command->id = command_id;
    (void)snprintf(command->actor, sizeof command->actor, "%s", actor ? actor : "");
    (void)snprintf(command->reason, sizeof command->reason, "%s", reason ? reason : "");
    model_touched(view);
    pthread_mutex_unlock(&view->lock);
}

/* The first to kill names the incident; the state that it set gets its name, if it has come. */
void view_note_kill(struct view *view, uint64_t incident, uint16_t scope, const char *actor,
                    const char *reason, int64_t at_ns, int64_t ns_to_block, bool durable)
{
    struct view_kill *kill;

    view_enter(view);
    kill = model_kill_open(view, incident, scope);
    if (!kill->noted) {
        kill->noted = true;
        kill->at_ns = at_ns;
        kill->ns_to_block = ns_to_block;
        kill->durable = durable;
        (void)snprintf(kill->actor, sizeof kill->actor, "%s", actor ? actor : "");
        (void)snprintf(kill->reason, sizeof kill->reason, "%s", reason ? reason : "");
        if (view->scope[scope].incident == incident) {
            memcpy(view->scope[scope].actor, kill->actor, sizeof kill->actor);
            memcpy(view->scope[scope].cause, kill->reason, sizeof kill->reason);
        }
    } else if (kill->ns_to_block < 0) {
        kill->ns_to_block = ns_to_block; /* the engine was silent, and has answered now */
    }
    model_changed(view, VIEW_KILL);
    model_changed(view, VIEW_STATUS);
    view_leave(view);
}

void view_note_denial(struct view *view, enum denial denial)
{
    assert(denial > DENIAL_NONE && denial < DENIAL_COUNT);
    pthread_mutex_lock(&view->lock);
    view->counters.denied[denial]++;
    model_touched(view);
    pthread_mutex_unlock(&view->lock);
}

void view_note_flatten(struct view *view, uint64_t incident)
{
    struct view_kill *kill;

    view_enter(view);
    kill = model_kill(view, incident);
    if (kill)
        kill->flatten = true;
    model_changed(view, VIEW_KILL);
    view_leave(view);
}

void view_kill_durable(struct view *view, uint64_t incident)
{
    struct view_kill *kill;

    pthread_mutex_lock(&view->lock);
    kill = model_kill(view, incident);
    if (kill) {
        kill->durable = true;
        model_changed(view, VIEW_KILL);
    }
    pthread_mutex_unlock(&view->lock);
}

static const struct view_answer *answer_of(const struct view *view, uint64_t command_id)
{
    uint64_t kept = view->answer_count < KEPT_COMMANDS ? view->answer_count : KEPT_COMMANDS;

    for (uint64_t back = 1; back <= kept; back++) {
        const struct view_answer *answer =
            &view->answers[(view->answer_count - back) % KEPT_COMMANDS];

        if (answer->done.command_id == command_id)
            return answer;
    }
    return NULL;
}

bool view_wait_command(struct view *view, uint64_t command_id, int64_t timeout_ms,
                       struct event_command_done *done, uint64_t *event_seq)
{
    int64_t deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    struct timespec deadline = {.tv_sec = deadline_ns / second_ns,
                                .tv_nsec = deadline_ns % second_ns};
    const struct view_answer *answer;
    int waited = 0;

    view_enter(view);
    while (!(answer = answer_of(view, command_id)) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&view->answered, &view->lock, &deadline);
    if (answer) {
        *done = answer->done;
        *event_seq = answer->seq;
    }
    view_leave(view);
    return answer != NULL;
}

bool view_command_is_answered(struct view *view, uint64_t command_id,
                              struct event_command_done *done)
{
    const struct view_answer *answer;
    bool answered;

    view_enter(view);
    answer = answer_of(view, command_id);
    answered = answer || view->answered_id > command_id;
    *done = answer ? answer->done : (struct event_command_done){0};
    view_leave(view);
    return answered;
}

void view_limits(struct view *view, uint16_t scope, struct limits *limits, uint64_t *generation)
{
    view_enter(view);
    *limits = view->scope[scope].limits;
    *generation = view->scope[scope].generation;
    view_leave(view);
}

struct view_state view_state(struct view *view, uint16_t scope)
{
    struct view_state state;

    view_enter(view);
    state = (struct view_state){.state = model_state(view, scope),
                                .effective = model_effective(view, scope),
                                .version = view->scope[scope].version,
                                .incident = model_incident(view, scope)};
    view_leave(view);
    return state;
}

void view_strategy(struct view *view, uint16_t strategy, struct view_strategy *out)
{
    view_enter(view);
    *out = view->strategy[strategy].now;
    view_leave(view);
}

uint16_t view_strategy_count(const struct view *view)
{
    return view->from.config->strategies;
}

uint64_t view_version(struct view *view, enum view_topic topic)
{
    return atomic_load_explicit(&view->versions[topic], memory_order_acquire);
}

uint64_t view_changes(struct view *view)
{
    return atomic_load_explicit(&view->changes, memory_order_acquire);
}

void view_counters(struct view *view, struct view_counters *counters)
{
    view_enter(view);
    *counters = view->counters;
    view_leave(view);
}
