#include "control/inside.h"

#include "control/record.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"
#include "view/json_text.h"

#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 100, KILL_TICK_MS = 5, RECORD_TEXT_MAX = LANE_RECORD_MAX - 256 };
enum { JOBS_MAX = 64, JOBS_OF_ONE = JOBS_MAX / 2, JOBS_OWN_MAX = 320 };

/* -------------------------------------------------------------------------------- records */

static json_t *text_or_null(const char *text)
{
    return text && text[0] != '\0' ? json_string_of(text) : json_null();
}

json_t *record_make(const struct actor *actor, const struct control_fact *fact)
{
    return json_pack("{s:o,s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "actor", json_string_of(actor->name),
                     "person", json_string_of(actor->person), "role", role_name(actor->role),
                     "kind", fact->kind, "scope", text_or_null(fact->scope), "old",
                     fact->old_value ? fact->old_value : json_null(), "new",
                     fact->new_value ? fact->new_value : json_null(), "reason",
                     text_or_null(fact->reason), "request_id", text_or_null(fact->request_id));
}

/* One line that fits a lane record; what is too long loses its values and says so. */
static char *record_text(json_t *record)
{
    char *text = json_dumps(record, JSON_COMPACT);

    if (text && strlen(text) <= RECORD_TEXT_MAX)
        return text;
    free(text);
    json_object_set_new(record, "old", json_null());
    json_object_set_new(record, "new", json_string("too long to record"));
    json_object_set_new(record, "reason", json_null());
    return json_dumps(record, JSON_COMPACT);
}

/* What people do is one line on the terminal as well; orders and refusals are too many for that. */
static void log_record(const json_t *record)
{
    static const char *const kinds[] = {"kill",     "limits", "state", "strategy",
                                        "approval", "user",   "token", "config"};
    const char *kind = json_string_value(json_object_get(record, "kind"));
    const char *scope = json_string_value(json_object_get(record, "scope"));
    const char *reason = json_string_value(json_object_get(record, "reason"));
    char actor[64];
    char where[64];
    char why[160];

    for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++)
        if (kind && strcmp(kind, kinds[at]) == 0)
            log_line(LOG_INFO, "control", kinds[at], "actor=%s scope=%s reason=%s",
                     log_escape(actor, sizeof actor,
                                json_string_value(json_object_get(record, "actor"))),
                     log_escape(where, sizeof where, scope ? scope : "-"),
                     log_escape(why, sizeof why, reason ? reason : "-"));
}

void control_touch(struct control *control)
{
    atomic_fetch_add(&control->version, 1);
}

/* Steals the record. */
static enum status append(struct control *control, json_t *record, int64_t at_ns, uint64_t cause,
                          uint64_t *seq, struct err *err)
{
    struct journal *journal = control->from.journal;
    struct lane *lane = journal_lane(journal, JOURNAL_CONTROL);
    enum status status = OK;
    char *text;

    log_record(record);
    json_object_set_new(record, "engine_seq", json_integer((json_int_t)journal_compose(journal)));
    text = record_text(record);
    json_decref(record);
    if (!text)
        status = err_set(err, ERR_MALFORMED, "the audit cannot hold this text");
    else if (lane_room(lane) < LANE_RECORD_MAX)
        status = err_set(err, ERR_STORAGE, "the journal takes no more: storage is suspect");
    else
        *seq = lane_append(lane, CONTROL_RECORD, at_ns, cause, text, (uint32_t)strlen(text));
    journal_composed(journal);
    free(text);
    if (status == OK)
        control_touch(control);
    return status;
}

enum status control_record(struct control *control, const struct actor *actor,
                           const struct control_fact *fact, uint64_t cause, uint64_t *seq,
                           struct err *err)
{
    json_t *record = record_make(actor, fact);

    if (!record)
        return err_set(err, ERR_MALFORMED, "the audit cannot hold this text");
    return append(control, record, clock_real_ns(), cause, seq, err);
}

static void lose_note(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    control->notes_lost++;
    pthread_mutex_unlock(&control->lock);
    log_line(LOG_ERROR, "control", "a fact for the audit was lost: journal full", NULL);
}

enum status control_refuse(struct control *control, const struct actor *actor,
                           const struct control_fact *fact, struct err *err)
{
    struct err ignored;
    uint64_t seq;

    if (control_record(control, actor, fact, 0, &seq, &ignored) != OK)
        lose_note(control);
    else
        (void)control_wait_record(control, seq, &ignored);
    return err->status;
}

enum status control_wait_record(struct control *control, uint64_t seq, struct err *err)
{
    if (journal_wait_durable(control->from.journal, JOURNAL_CONTROL, seq, COMMAND_WAIT_MS))
        return OK;
    return err_set(err, ERR_STORAGE, "it was recorded, but is not durable: storage is suspect");
}

/* Steals the note's record. False: it was lost. The last places are for kills alone. */
static bool queue(struct control *control, const struct note *note, bool is_kill)
{
    bool lost = true;

    pthread_mutex_lock(&control->lock);
    if (control->note_count < (is_kill ? NOTES_ROOM : NOTES_MAX)) {
        control->note[(control->note_at + control->note_count++) % NOTES_ROOM] = *note;
        lost = false;
        pthread_cond_signal(&control->wake);
    } else {
        control->notes_lost++;
    }
    pthread_mutex_unlock(&control->lock);
    if (lost) {
        json_decref(note->record);
        log_line(LOG_ERROR, "control", "a fact for the audit was lost: queue full", NULL);
    }
    return !lost;
}

void control_queue_kill_note(struct control *control, json_t *record, const struct kill_note *kill)
{
    struct note note = {.record = record, .at_ns = clock_real_ns()};

    if (!record)
        return;
    if (kill)
        note.kill = *kill;
    (void)queue(control, &note, true);
}

bool control_queue_kill(struct control *control, const struct kill_note *kill)
{
    struct note note = {.at_ns = kill->at_ns, .kill = *kill};

    return queue(control, &note, true);
}

void control_note(struct control *control, const struct actor *actor,
                  const struct control_fact *fact)
{
    struct note note = {.record = record_make(actor, fact), .at_ns = clock_real_ns()};

    if (note.record)
        (void)queue(control, &note, false);
}

uint64_t control_notes_lost(struct control *control)
{
    uint64_t lost;

    pthread_mutex_lock(&control->lock);
    lost = control->notes_lost;
    pthread_mutex_unlock(&control->lock);
    return lost;
}

/* ------------------------------------------------------------------------------- commands */

static enum status send_command(struct control *control, const struct command *command,
                                struct err *err)
{
    void *place = ring_reserve(control->from.commands, sizeof *command);

    if (!place)
        return err_set(err, ERR_UNAVAILABLE, "the engine's command ring is full");
    memcpy(place, command, sizeof *command);
    ring_publish(control->from.commands);
    return OK;
}

/* Cancels are served while storage is suspect; everything else is refused. */
static bool is_cancel(const struct command *command)
{
    return command->kind == COMMAND_CANCEL_ORDER || command->kind == COMMAND_CANCEL_ALL ||
           command->kind == COMMAND_STOP;
}

static enum status await(struct control *control, const struct command *command,
                         uint64_t intent_seq, struct event_command_done *done, struct err *err)
{
    struct journal *journal = control->from.journal;
    uint64_t event_seq;

    if (!view_wait_command(control->from.view, command->id, COMMAND_WAIT_MS, done, &event_seq))
        return err_set(err, ERR_NOT_APPLIED,
                       "the engine has not answered within 1 s; look before you try again");
    if (is_cancel(command) && journal_is_suspect(journal))
        log_line(LOG_ERROR, "control", "a cancel is not durable: storage is suspect", NULL);
    else if (!journal_wait_durable(journal, JOURNAL_ENGINE, event_seq, COMMAND_WAIT_MS))
        return err_set(err, ERR_STORAGE, "the engine answered, but the journal is not durable");
    else if (control_wait_record(control, intent_seq, err) != OK)
        return err->status;
    if (done->status == OK)
        return OK;
    return err_format(err, (enum status)done->status, "the engine refused: %s",
                      status_title((enum status)done->status));
}

void control_say_trouble(const char *what, const struct err *err)
{
    char text[3 * ERR_TEXT_MAX];

    log_line(LOG_ERROR, "control", what, "why=%s", log_escape(text, sizeof text, err->text));
}

/* As far as the command ring. *intent_seq is the intent's place in the control lane. */
static enum status tell(struct control *control, struct command *command, const struct actor *actor,
                        const struct control_fact *intent, uint64_t *intent_seq, struct err *err)
{
    *intent_seq = 0;
    command->id = control->from.epoch << 32 | ++control->commands;
    if (command->kind == COMMAND_NEW_ORDER)
        command->new_order.intent.cause = command->id;
    if (journal_is_suspect(control->from.journal) && !is_cancel(command)) {
        json_decref(intent->old_value);
        json_decref(intent->new_value);
        return err_set(err, ERR_STORAGE, "storage is suspect: only kill and cancel are served");
    }
    if (control_record(control, actor, intent, command->id, intent_seq, err) != OK &&
        !is_cancel(command))
        return err->status;
    view_note_command(control->from.view, command->id, actor->name, intent->reason);
    return send_command(control, command, err);
}

enum status control_tell(struct control *control, struct command *command,
                         const struct actor *actor, const struct control_fact *intent,
                         struct err *err)
{
    uint64_t intent_seq;

    return tell(control, command, actor, intent, &intent_seq, err);
}

enum status control_command(struct control *control, struct command *command,
                            const struct actor *actor, const struct control_fact *intent,
                            struct event_command_done *done, struct err *err)
{
    uint64_t intent_seq;
    enum status status = tell(control, command, actor, intent, &intent_seq, err);

    *done = (struct event_command_done){0};
    if (status != OK)
        return status;
    status = await(control, command, intent_seq, done, err);
    if (status == ERR_NOT_APPLIED || status == ERR_STORAGE)
        control->unsure = command->id;
    return status;
}

enum status control_stop_engine(struct control *control, struct err *err)
{
    struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    struct control_fact intent = {.kind = "stop", .scope = "firm", .reason = "the program stops"};
    struct command command = {.kind = COMMAND_STOP, .stop = {.cancel_orders = 1}};
    struct event_command_done done;

    return control_command(control, &command, &actor, &intent, &done, err);
}

/* Without waiting for the answer: a kill's own command, and the beat. */
static bool tell_by_itself(struct control *control, struct command *command)
{
    struct err err;

    command->id = control->from.epoch << 32 | ++control->commands;
    return send_command(control, command, &err) == OK;
}

/* There is a place for every scope, so that none is ever turned away. */
static void want_flatten(struct control *control, const struct flatten_want *want, bool is_newer)
{
    uint32_t at = 0;

    pthread_mutex_lock(&control->lock);
    while (at < control->flatten_count && control->flatten[at].scope != want->scope)
        at++;
    assert(at < MAX_SCOPES);
    if (at == control->flatten_count || is_newer)
        control->flatten[at] = *want;
    if (at == control->flatten_count)
        control->flatten_count++;
    pthread_cond_signal(&control->wake);
    pthread_mutex_unlock(&control->lock);
}

void control_want_flatten(struct control *control, const struct flatten_want *want)
{
    want_flatten(control, want, true);
}

static bool take_want(struct control *control, struct flatten_want *want)
{
    bool taken;

    pthread_mutex_lock(&control->lock);
    if ((taken = control->flatten_count > 0))
        *want = control->flatten[--control->flatten_count];
    pthread_mutex_unlock(&control->lock);
    return taken;
}

/* What a full command ring does not take now is wanted again on the next turn. */
static void send_flattens(struct control *control)
{
    struct flatten_want want;

    while (take_want(control, &want)) {
        struct command command = {.kind = COMMAND_FLATTEN,
                                  .flatten = {.incident = want.incident, .scope = want.scope}};

        if (!tell_by_itself(control, &command)) {
            want_flatten(control, &want, false);
            return;
        }
        view_note_flatten(control->from.view, want.incident);
        view_note_command(control->from.view, command.id, want.actor, want.reason);
    }
}

/* The engine stops the firm when it has not heard of us for a while, or when more has left than it
 * meant to send. A full ring is no matter: the next beat comes. */
static void beat(struct control *control)
{
    struct command command = {.kind = COMMAND_BEAT};
    int64_t now_ns = clock_mono_ns();

    if (now_ns - control->beat_ns < BEAT_NS)
        return;
    control->beat_ns = now_ns;
    if (control->from.outbound)
        control->from.outbound(control->from.outbound_ctx, &command.beat.outbound_orders,
                               &command.beat.outbound_lots);
    (void)tell_by_itself(control, &command);
}

void control_beat_on(struct control *control)
{
    if (control->beat_ns != 0)
        beat(control);
}

/* ------------------------------------------------------------------------------ the thread */

static bool take_note(struct control *control, struct note *note)
{
    bool taken;

    pthread_mutex_lock(&control->lock);
    if ((taken = control->note_count > 0)) {
        *note = control->note[control->note_at];
        control->note_at = (control->note_at + 1) % NOTES_ROOM;
        control->note_count--;
    }
    pthread_mutex_unlock(&control->lock);
    return taken;
}

static bool take_job(struct control *control, struct fair_job *job)
{
    bool taken;

    pthread_mutex_lock(&control->lock);
    taken = fair_take(&control->jobs, NULL, NULL, job);
    pthread_mutex_unlock(&control->lock);
    return taken;
}

static void follow_kill(struct control *control, const struct kill_note *kill, uint64_t control_seq)
{
    struct kill_note *kept;

    if (control->kill_count == KILLS_MAX)
        return; /* that receipt stays `durable: false`: never a claim too many */
    kept = &control->kill[control->kill_count++];
    *kept = *kill;
    kept->control_seq = control_seq;
    /* The engine stated the kill before it answered: what it has said by now covers that. */
    kept->engine_seq = lane_head_seq(journal_lane(control->from.journal, JOURNAL_ENGINE));
}

static void write_notes(struct control *control)
{
    struct note note;
    struct err err;
    uint64_t seq;

    while (take_note(control, &note)) {
        if (!note.record)
            control_name_kill(control, &note.kill);
        else if (append(control, note.record, note.at_ns, 0, &seq, &err) != OK)
            lose_note(control);
        else if (note.kill.incident != 0)
            follow_kill(control, &note.kill, seq);
    }
}

/* An engine that was silent may answer late; then the receipt learns when. */
static bool has_answered(struct control *control, struct kill_note *kill)
{
    struct kill_page *page = control->from.kill;

    if (kill->answered)
        return true;
    if (atomic_load_explicit(&page->engine_seen, memory_order_acquire) < kill->doorbell)
        return false;
    view_note_kill(
        control->from.view, kill->incident, kill->scope, kill->actor, kill->reason, kill->at_ns,
        atomic_load_explicit(&page->engine_seen_ns, memory_order_relaxed) - kill->at_ns, false);
    kill->engine_seq = lane_head_seq(journal_lane(control->from.journal, JOURNAL_ENGINE));
    kill->answered = true;
    return true;
}

static void settle_kills(struct control *control)
{
    struct journal *journal = control->from.journal;
    uint64_t engine_seq = journal_durable_seq(journal, JOURNAL_ENGINE);
    uint64_t control_seq = journal_durable_seq(journal, JOURNAL_CONTROL);

    for (uint32_t i = 0; i < control->kill_count;) {
        struct kill_note *kill = &control->kill[i];

        if (!has_answered(control, kill) || kill->engine_seq > engine_seq ||
            kill->control_seq > control_seq) {
            i++;
            continue;
        }
        view_kill_durable(control->from.view, kill->incident);
        control->kill[i] = control->kill[--control->kill_count];
    }
}

static void wait_for_work(struct control *control)
{
    struct timespec until;
    int64_t wait_ms = control->kill_count > 0 ? KILL_TICK_MS : TICK_MS;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&control->lock);
    if (control->jobs.count == 0 && control->note_count == 0 && control->flatten_count == 0 &&
        !control->stopping)
        pthread_cond_timedwait(&control->wake, &control->lock, &until);
    pthread_mutex_unlock(&control->lock);
}

static bool is_stopping(struct control *control)
{
    bool stopping;

    pthread_mutex_lock(&control->lock);
    stopping = control->stopping;
    pthread_mutex_unlock(&control->lock);
    return stopping;
}

/* What is due by itself. */
static void turn(struct control *control)
{
    control->turned_ns = clock_mono_ns();
    control_turn_approvals(control);
    control_expire(control);
    control_turn_asked(control);
    control_turn_boxes(control);
    control_turn_arms(control);
    control_watch_storage(control);
    settle_kills(control);
}

/* Clients that always have a job waiting do not keep a raise in force past its end. */
static void run_job(struct control *control, const struct fair_job *job)
{
    job->run(job->job);
    beat(control);
    send_flattens(control);
    write_notes(control);
    if (clock_mono_ns() - control->turned_ns >= TICK_MS * 1000000LL)
        turn(control);
}

static void *run(void *ctx)
{
    struct control *control = ctx;
    struct fair_job job;
    bool last;

    do {
        last = is_stopping(control);
        beat(control);
        send_flattens(control);
        write_notes(control);
        while (take_job(control, &job))
            run_job(control, &job);
        turn(control);
        if (!last)
            wait_for_work(control);
    } while (!last);
    return NULL;
}

static enum place submit(struct control *control, enum job_kind kind, uint64_t who,
                         void (*job_run)(void *job), void *job)
{
    enum place place = PLACE_ALL_FULL;

    pthread_mutex_lock(&control->lock);
    if (!control->stopping)
        place = fair_put(&control->jobs, kind, who, job_run, job);
    if (place == PLACE_TAKEN)
        pthread_cond_signal(&control->wake);
    pthread_mutex_unlock(&control->lock);
    return place;
}

enum place control_submit_for(struct control *control, uint64_t who, void (*job_run)(void *job),
                              void *job)
{
    return submit(control, JOBS_OF_PEOPLE, who, job_run, job);
}

bool control_submit(struct control *control, void (*job_run)(void *job), void *job)
{
    return submit(control, JOBS_OF_PROGRAM, FAIR_NOBODY, job_run, job) == PLACE_TAKEN;
}

/* ---------------------------------------------------------------------------- open, close */

enum status control_open(struct control **control, const struct control_sources *sources,
                         struct err *err)
{
    struct control *made = calloc(1, sizeof *made);
    pthread_condattr_t attributes;
    enum status status;

    if (!made)
        return err_set(err, ERR_INTERNAL, "control: no memory");
    made->from = *sources;
    made->jobs.kind[JOBS_OF_PEOPLE] = (struct fair_kind){JOBS_MAX, JOBS_OF_ONE, false};
    made->jobs.kind[JOBS_OF_PROGRAM] = (struct fair_kind){JOBS_OWN_MAX, JOBS_OWN_MAX, true};
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->promised, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    approvals_open(&made->approvals, sources->epoch);
    status = control_boxes_open(made, err);
    if (status == OK)
        status = control_arms_open(made, err);
    if (status == OK)
        status = control_proposals_open(made, err);
    if (status != OK) {
        control_close(made);
        return status;
    }
    *control = made;
    return OK;
}

enum status control_start(struct control *control, struct err *err)
{
    enum status status =
        thread_start(&control->thread, "control", false, IDLE_PARK, run, control, err);

    control->started = status == OK;
    return status;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_signal(&control->wake);
    pthread_mutex_unlock(&control->lock);
    if (control->started)
        pthread_join(control->thread, NULL);
    while (control->note_count > 0) { /* never started: nobody has written them */
        json_decref(control->note[control->note_at].record);
        control->note_at = (control->note_at + 1) % NOTES_ROOM;
        control->note_count--;
    }
    approvals_close(&control->approvals);
    pthread_cond_destroy(&control->wake);
    pthread_mutex_destroy(&control->lock);
    pthread_mutex_destroy(&control->promised);
    free(control);
}

/* ------------------------------------------------------------------------------- stopping */

struct stop_job {
    struct control *control;
    struct err *err;
    enum status status;
    _Atomic bool done;
};

static void run_stop(void *ctx)
{
    struct stop_job *stop = ctx;

    stop->status = control_stop_engine(stop->control, stop->err);
    /* Pairs with the acquire in control_stop_trading. */
    atomic_store_explicit(&stop->done, true, memory_order_release);
}

static uint64_t open_orders(struct control *control)
{
    struct view_counters counters;

    view_counters(control->from.view, &counters);
    return counters.open_orders;
}

enum status control_stop_trading(struct control *control, int64_t timeout_ms, struct err *err)
{
    static const struct timespec step = {.tv_nsec = 1000000};
    struct stop_job stop = {.control = control, .err = err};
    int64_t deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    uint64_t seq;

    if (!control_submit(control, run_stop, &stop))
        return err_set(err, ERR_UNAVAILABLE, "control takes no more jobs");
    /* Bounded by itself: a command waits at most 1 s for each of its answers. */
    while (!atomic_load_explicit(&stop.done, memory_order_acquire))
        nanosleep(&step, NULL);
    if (stop.status != OK)
        return stop.status;
    while (open_orders(control) > 0 && clock_mono_ns() < deadline_ns)
        nanosleep(&step, NULL);
    if (open_orders(control) > 0)
        return err_format(err, ERR_NOT_APPLIED, "%llu orders have not confirmed their cancel",
                          (unsigned long long)open_orders(control));
    seq = lane_head_seq(journal_lane(control->from.journal, JOURNAL_ENGINE));
    if (!journal_wait_durable(control->from.journal, JOURNAL_ENGINE, seq, COMMAND_WAIT_MS))
        return err_set(err, ERR_STORAGE, "the last events are not durable");
    return OK;
}
