#include "server_inside.h"

#include "api/http.h"
#include "control/config_change.h"
#include "data_dir.h"
#include "journal/hot.h"
#include "kill_file.h"
#include "stream/stream.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/panic.h"
#include "thread/service.h"
#include "thread/thread.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_TRIES = 25 }; /* half a second */

#define STOP_TRADING_MS 3000
/* For the gateways to cancel at the venue before a program that does not trust itself ends. */
#define LEAVE_PATIENCE_NS 1000000000LL
#define SAME_SIGNAL_NS 100000000LL

/* --- starting --- */

static void say_found(const struct state_found *found, int64_t began_ns)
{
    char text[3 * ERR_TEXT_MAX];

    log_line(found->is_sure ? LOG_INFO : LOG_ERROR, "journal", "state recovered",
             "seq=%" PRIu64 " snapshot=%" PRIu64 " records=%" PRIu64 " ms=%" PRId64
             " sure=%d passed_over=%s",
             found->seq, found->from_snapshot, found->read, (clock_mono_ns() - began_ns) / 1000000,
             found->is_sure, log_escape(text, sizeof text, found->says));
}

static enum status open_fold(struct server *server, struct err *err)
{
    int64_t began_ns = clock_mono_ns();
    enum status status =
        state_fold_open(&server->fold, server->options->dir, server->journal,
                        server->config.journal.snapshot_records, &server->found, err);

    if (status == OK)
        say_found(&server->found, began_ns);
    return status;
}

/* An older copy of the file: every id since would be given twice. */
static enum status check_epoch(const struct server *server, struct err *err)
{
    uint64_t newest = carry_epoch(server->found.carry);

    if (server->epoch > newest)
        return OK;
    return err_format(
        err, ERR_DAMAGED,
        "%s/epoch: this would be start %" PRIu64 ", and the journal has a start %" PRIu64
        ": ids would repeat; write a number into it that is above that of every start "
        "so far",
        server->options->dir, server->epoch, newest);
}

static bool heads_were_signed(const struct server *server)
{
    const char *configured = server->config.audit.anchor_file;
    char path[DATA_PATH_MAX];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s%s", configured[0] ? configured : server->options->dir,
                   configured[0] ? "" : "/anchors.ndjson");
    return stat(path, &info) == 0 && info.st_size > 0;
}

/* A journal that lost its end tells of an earlier moment: what was held since is not in it. */
static void weigh_store(struct server *server)
{
    struct state_found *found = &server->found;

    if (found->seq == 0 && heads_were_signed(server)) {
        found->is_sure = false;
        journal_say(found->says, "the journal is empty, and heads of an audit were signed here");
    }
    if (server->saved.engine_seq_gone == 0)
        return;
    found->is_sure = false;
    journal_say(found->says,
                "audit.db has rows of records up to %" PRIu64 ", and the journal ends at %" PRIu64,
                server->saved.engine_seq_gone, found->seq);
}

/* A verb or a backup that looks at a stopped directory is gone in a moment; a server is not. */
static enum status lock_soon(const char *dir, int *lock_fd, struct err *err)
{
    static const struct timespec step = {.tv_nsec = 20000000};
    enum status status;

    for (int left = LOCK_TRIES; (status = data_dir_lock(dir, lock_fd, err)) == ERR_BUSY_DATA;
         left--) {
        if (left == 0)
            return status;
        nanosleep(&step, NULL);
    }
    return status;
}

static enum status open_truth(struct server *server, struct err *err)
{
    const char *dir = server->options->dir;
    char recovered[ERR_TEXT_MAX] = "";
    int lock_fd; /* stays open: the lock goes with the process */
    enum status status = data_dir_not_for_root(dir, err);

    if (status == OK)
        status = lock_soon(dir, &lock_fd, err);
    if (status == OK)
        status = data_dir_keep_apart(dir, server->config.mode == MODE_LIVE, err);
    if (status == OK)
        status = keep_open(&server->keep, dir, err);
    if (status == OK) /* what people set is in force before anything looks at the settings */
        status = config_change_open(server->keep, &server->config, &server->overrides, err);
    if (status == OK) {
        log_least((enum log_level)server->config.log.level);
        log_as((enum log_format)server->config.log.format);
    }
    if (status == OK)
        status = data_dir_next_epoch(dir, &server->epoch, err);
    if (status == OK)
        status = journal_open(&server->journal, dir, &server->config, recovered, err);
    if (status == OK && recovered[0] != '\0') /* our own words: no escaping needed */
        log_line(LOG_INFO, "journal", "recovered", "what=\"%s\"", recovered);
    if (status == OK)
        status = open_fold(server, err);
    if (status == OK)
        status = check_epoch(server, err);
    if (status == OK)
        status =
            store_open(&server->store, dir, &server->config, server->journal, &server->saved, err);
    if (status == OK) {
        weigh_store(server);
        status = kill_file_open(&server->kills, dir, &server->config, &server->saved, err);
    }
    if (status == OK)
        store_name_kills(server->store, &server->saved);
    return status;
}

static void name_sources(struct server *server)
{
    struct engine_room *room = &server->room;

    server->view_sources = (struct view_sources){
        .config = &server->config,
        .overrides = server->overrides,
        .journal = server->journal,
        .store = server->store,
        .gateways = room->config.gateways,
        .telemetry = room->telemetry,
        .commands = room->commands,
        .kill = room->kill,
        .step = room->step,
        .tick_to_order = room->tick_to_order,
        .order_ack = room->order_ack,
        .fill_latency = room->fill_latency,
        .engine_beat_ns = &room->beat_ns,
        .dir = server->options->dir,
        .saved = &server->saved,
        .started_ns = clock_real_ns(),
    };
    memcpy(server->view_sources.venue_gateway, room->config.venue_gateway,
           sizeof server->view_sources.venue_gateway);
    for (uint16_t at = 0; at < room->config.gateways; at++)
        server->view_sources.gateway[at] = room->seat[at].gateway;
}

static void say_placement(const struct server *server, int core)
{
    const char *why = server->config.engine.idle != IDLE_AUTO ? "configured"
                      : server->room.idle == IDLE_PARK        ? "fewer_than_4_cores"
                      : server->room.idle == IDLE_YIELD       ? "speed_max"
                                                              : "4_cores_or_more";

    log_line(LOG_INFO, "thread", "engine placed", "core=%d cores=%d idle=%s why=%s", core,
             thread_cores(), idle_name(server->room.idle), why);
}

/* For the words at the start: the persister's thread has the fold by then. */
static void note_carried(struct server *server)
{
    const struct carry *carried = server->room.carried;

    if (!carried)
        return;
    server->orders_carried = carry_live_orders(carried);
    for (uint16_t at = 0; at < server->config.instruments; at++)
        server->held[at] = carry_lots(carried, at) != 0;
}

static enum status open_engine(struct server *server, struct feed *feed, struct err *err)
{
    struct engine_room *room = &server->room;
    int core;
    enum status status = thread_place_engine(server->config.engine.core, &core, err);

    /* Threads that libraries make inherit the main thread's cores: all but the engine's. */
    if (status == OK)
        thread_adopt("main");
    if (status == OK)
        status = engine_room_open(room, &server->config, &server->saved, &server->found,
                                  server->epoch, err);
    if (status == OK) {
        say_placement(server, core);
        note_carried(server);
    }
    if (status != OK) {
        close_feed(feed);
        return status;
    }
    status = engine_room_gateways(room, &server->config, feed, err);
    name_sources(server);
    if (status == OK)
        status = view_open(&server->view, &server->view_sources, err);
    if (status == OK)
        status = engine_room_engine(room, server->journal, err);
    return status;
}

static void note_kills(void *ctx)
{
    struct server *server = ctx;

    kill_file_note(server->kills, server->room.kill);
}

static void note_silence(void *ctx, uint64_t incident)
{
    control_note_silence(((struct server *)ctx)->control, incident);
}

/* Persister's thread. Where what is shown is not what the engine holds, nobody knows which of the
 * two is wrong: nothing new may be sent until a person has looked. */
static void note_difference(void *ctx, uint64_t seq)
{
    struct server *server = ctx;

    control_note_difference(server->control, kill_page_set(server->room.kill, scope_of_firm()),
                            seq);
}

/* What a failed assertion or a stuck strategy does before the program ends: for panic_on(), which
 * passes nothing. Written once, before the threads start. */
static struct server *to_leave;

static void leave(void)
{
    (void)kill_page_set(to_leave->room.kill, scope_of_firm());
    note_kills(to_leave);
    leave_safely(to_leave->room.kill, to_leave->room.config.gateways, LEAVE_PATIENCE_NS);
}

static void note_stop(void *ctx, uint64_t incident, uint16_t scope, const char *gateway,
                      const char *says)
{
    control_note_stop(((struct server *)ctx)->control, incident, scope, gateway, says);
}

static void outbound(void *ctx, uint64_t *orders, uint64_t *lots)
{
    engine_room_outbound(&((struct server *)ctx)->room, orders, lots);
}

static enum status open_alerts(struct server *server, struct err *err)
{
    struct alerts_sources sources = {.view_sources = &server->view_sources,
                                     .view = server->view,
                                     .control = server->control,
                                     .keep = server->keep,
                                     .epoch = server->epoch};

    return alerts_open(&server->alerts, &sources, err);
}

/* Control thread: what can change while it runs goes to those who read it. */
static void settings_apply(void *ctx, const struct config *running)
{
    struct server *server = ctx;
    struct watchdog *watchdog = &server->room.watchdog;

    log_least((enum log_level)running->log.level);
    log_as((enum log_format)running->log.format);
    journal_tune(server->journal, running);
    store_tune(server->store, running);
    atomic_store(&watchdog->silent_ns, running->engine.silent_ns);
    atomic_store(&watchdog->stuck_ns, running->engine.stuck_ns);
}

static enum status open_control(struct server *server, struct err *err)
{
    struct control_sources sources = {
        .config = &server->config,
        .keep = server->keep,
        .overrides = server->overrides,
        .settings_apply = settings_apply,
        .settings_ctx = server,
        .journal = server->journal,
        .view = server->view,
        .kill = server->room.kill,
        .commands = server->room.commands,
        .gateways = server->room.config.gateways,
        .epoch = server->epoch,
        .outbound = outbound,
        .outbound_ctx = server,
        .note_kills = note_kills,
        .note_ctx = server,
    };
    enum status status = access_open(&server->access, server->options->dir, err);

    for (uint16_t at = 0; at < sources.gateways; at++)
        sources.order_rings[at] = server->room.seat[at].orders;
    sources.access = server->access;
    if (status == OK)
        status = access_first_run(server->access, server->options->dir, server->options->demo,
                                  &server->first_login, err);
    if (status == OK)
        status = control_open(&server->control, &sources, err);
    return status == OK ? open_alerts(server, err) : status;
}

static enum status start_threads(struct server *server, struct err *err)
{
    struct stream_sources sources;
    enum status status;

    state_fold_on_difference(server->fold, note_difference, server);
    status = journal_start(server->journal, err);
    if (status == OK)
        status = store_start(server->store, err);
    server->room.watchdog.note_kills = note_kills;
    server->room.watchdog.note_silence = note_silence;
    server->room.watchdog.note_ctx = server;
    server->room.note_stop = note_stop;
    server->room.note_ctx = server;
    to_leave = server;
    panic_on(leave);
    if (status == OK)
        status = engine_room_start(&server->room, err);
    if (status == OK)
        status = view_start(server->view, err);
    if (status == OK)
        status = control_start(server->control, err);
    if (status == OK)
        status = alerts_start(server->alerts, err);
    if (status == OK)
        control_note_mode(server->control);
    sources = (struct stream_sources){.view = server->view,
                                      .control = server->control,
                                      .access = server->access,
                                      .store = server->store,
                                      .alerts = server->alerts};
    if (status == OK)
        status = stream_open(&server->stream, &sources, err);
    return status == OK ? stream_start(server->stream, err) : status;
}

/* The dashboard lies beside the program: BUILD/web beside BUILD/pitwall. */
static void find_web(char path[DATA_PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, DATA_PATH_MAX - 8);
    char *slash;

    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    snprintf(slash ? slash : path, 8, "%s", "/web");
}

static enum status open_http(struct server *server, struct err *err)
{
    char web_dir[DATA_PATH_MAX];
    struct http_sources sources = {.config = &server->config,
                                   .control = server->control,
                                   .view = server->view,
                                   .access = server->access,
                                   .keep = server->keep,
                                   .overrides = server->overrides,
                                   .store = server->store,
                                   .view_sources = &server->view_sources,
                                   .dir = server->options->dir,
                                   .web_dir = web_dir,
                                   .stream = server->stream,
                                   .alerts = server->alerts};

    find_web(web_dir);
    return http_open(&server->http, &sources, err);
}

/* --- running --- */

static sigset_t signals_of_ours(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGHUP);
    return set;
}

static int64_t first_signal_ns;

/* timeout(1) and process groups deliver one wish to stop twice within microseconds. */
static void leave_at_once(int number)
{
    (void)number;
    if (clock_mono_ns() - first_signal_ns > SAME_SIGNAL_NS)
        _exit(1);
}

/* A second SIGTERM or SIGINT does not wait for the first. */
static void arm_second_signal(void)
{
    struct sigaction action = {.sa_handler = leave_at_once};
    sigset_t set = signals_of_ours();

    first_signal_ns = clock_mono_ns();
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigdelset(&set, SIGUSR1);
    sigdelset(&set, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void kill_by_signal(struct server *server)
{
    struct actor actor = {.name = "signal", .person = "signal", .role = ROLE_ADMIN};
    json_t *receipt = NULL;
    struct err err;

    actor.is_local = true;
    if (control_kill(server->control, &actor, "firm", "SIGUSR1", false, clock_real_ns(), NULL,
                     &receipt, &err) != OK)
        log_line(LOG_ERROR, "server", "kill by signal failed", NULL);
    log_line(LOG_WARN, "server", "killed by SIGUSR1", NULL);
    json_decref(receipt);
}

/* SIGHUP comes when somebody wants the certificate read again, and when the terminal in which this
 * was started is closed: then nobody sees what goes on any more, and it ends as by SIGTERM. */
static bool is_terminal_gone(bool had_terminal)
{
    return had_terminal && !isatty(STDIN_FILENO);
}

/* What `systemctl status` shows. */
static void say_ready(const struct server *server, const struct service *service)
{
    char text[512];

    (void)snprintf(text, sizeof text, "READY=1\nSTATUS=%s, instance %s, %s",
                   mode_name(server->config.mode), server->config.instance, http_url(server->http));
    service_say(service, text);
}

/* Until somebody stops it. */
static void wait_for_end(struct server *server, struct service *service)
{
    sigset_t set = signals_of_ours();
    bool had_terminal = isatty(STDIN_FILENO);

    while (!engine_room_wants_exit(&server->room)) {
        struct timespec at_most = {.tv_nsec = 100000000};
        int number = sigtimedwait(&set, NULL, &at_most);

        if (number == SIGUSR1)
            kill_by_signal(server);
        else if (number == SIGTERM || number == SIGINT ||
                 (number == SIGHUP && is_terminal_gone(had_terminal)))
            return;
        else if (number == SIGHUP)
            http_reload_certificate(server->http);
        service_feed(service, atomic_load_explicit(&server->room.beat_ns, memory_order_relaxed),
                     clock_mono_ns());
    }
}

/* An engine that does not beat does not end either, and nobody can wait for it. */
static void leave_silent_engine(const struct server *server, bool stopped_trading)
{
    if (!engine_room_can_stop(&server->room, stopped_trading))
        panic(__FILE__, __LINE__, "the engine beats, so it can be stopped");
}

/* Whatever was made is taken down, in reverse; what was not is NULL. */
static void stop(struct server *server)
{
    bool stopped = true;
    struct err err;

    if (server->stream)
        stream_close(server->stream);
    if (server->http)
        http_close(server->http);
    stream_free(server->stream);
    if (server->http)
        stopped = control_stop_trading(server->control, STOP_TRADING_MS, &err) == OK;
    if (!stopped)
        log_line(LOG_WARN, "server", "stopped with orders open", NULL);
    leave_silent_engine(server, stopped);
    alerts_close(server->alerts);
    watchdog_stop(&server->room.watchdog); /* it tells control what it kills */
    state_fold_quiet(server->fold);        /* so does it */
    control_close(server->control);        /* its beat asks the gateway, which the room closes */
    atomic_store(&thread_stopping, true);
    engine_room_stop(&server->room);
    if (server->kills && server->room.kill)
        note_kills(server);
    kill_file_close(server->kills);
    view_close(server->view);
    store_close(server->store);
    journal_close(server->journal);
    state_fold_close(server->fold);
    keep_close(server->keep);
    overrides_close(server->overrides);
    access_close(server->access);
    data_dir_remove_run(server->options->dir);
    json_decref(server->first_login);
    log_flush();
}

static enum status start(struct server *server, struct err *err)
{
    struct feed *feed;
    enum status status = open_feed(server, &feed, err);

    if (status != OK)
        return status;
    status = open_truth(server, err);
    if (status != OK) {
        close_feed(feed);
        return status;
    }
    status = open_engine(server, feed, err);
    if (status == OK)
        status = open_control(server, err);
    if (status == OK)
        status = start_threads(server, err);
    if (status == OK)
        status = open_http(server, err);
    if (status == OK)
        view_note_kill_url(server->view, http_kill_url(server->http));
    if (status == OK)
        status = data_dir_write_run(server->options->dir, http_url(server->http),
                                    http_kill_url(server->http), http_metrics_url(server->http),
                                    mode_name(server->config.mode), err);
    return status;
}

int server_run(const struct server_options *options)
{
    static struct server server;
    sigset_t set = signals_of_ours();
    struct service service;
    struct err err;
    enum status status;

    server.options = options;
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread: all inherit it */
    thread_keep_memory();
    service_open(&service);
    status = start(&server, &err);
    service_started();
    if (status != OK) {
        fprintf(stderr, "pitwall run: %s\n", err.text);
    } else {
        print_ready(&server);
        say_ready(&server, &service);
        wait_for_end(&server, &service);
        log_line(LOG_INFO, "server", "stopping", NULL);
        service_say(&service, "STOPPING=1\nSTATUS=stopping: no new order, what rests is cancelled");
    }
    arm_second_signal();
    if (server.journal)
        stop(&server);
    return status_exit(status);
}
