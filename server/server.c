#include "server.h"

#include "alerts/alerts.h"
#include "api/http.h"
#include "control/config_change.h"
#include "data_dir.h"
#include "engine_room.h"
#include "gateway/recording/recording.h"
#include "gateway/synthetic/synthetic.h"
#include "gateways.h"
#include "journal/hot.h"
#include "journal/state_fold.h"
#include "kill_file.h"
#include "stream/stream.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/panic.h"
#include "thread/service.h"
#include "thread/thread.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 25 }; /* half a second */

#define STOP_TRADING_MS 3000
/* For the gateways to cancel at the venue before a program that does not trust itself ends. */
#define LEAVE_PATIENCE_NS 1000000000LL
#define SAME_SIGNAL_NS 100000000LL

/* Everything that runs, in the order in which it was made. */
struct server {
    const struct server_options *options;
    struct config config;
    uint64_t epoch;
    struct journal *journal;
    struct state_fold *fold;
    struct state_found found;
    struct store *store;
    struct store_saved saved;
    struct kill_file *kills;
    struct engine_room room;
    struct view_sources view_sources;
    struct view *view;
    struct access *access;
    struct keep *keep;
    struct overrides *overrides;
    struct control *control;
    struct alerts *alerts;
    struct stream *stream;
    struct http *http;
    json_t *first_login;
    bool held[MAX_INSTRUMENTS]; /* at the start */
    uint32_t orders_carried;
};

/* --- what is played, and by which rules --- */

static enum status open_recording(const struct server_options *options, struct feed **feed,
                                  struct err *err)
{
    return recording_open(options->recordings, (uint32_t)options->recording_count, feed, err);
}

static void take_option(char out[16], const char *option)
{
    if (option)
        snprintf(out, 16, "%s", option);
}

static enum status take_seed(struct config *config, const char *seed, struct err *err)
{
    char *end;

    if (!seed)
        return OK;
    errno = 0;
    config->seed = strtoull(seed, &end, 10);
    if (seed[0] < '0' || seed[0] > '9' || *end != '\0' || errno != 0 || config->seed > INT64_MAX)
        return err_format(err, ERR_USAGE, "--seed wants a whole number, not '%s'", seed);
    return OK;
}

static enum status take_faults(struct config *config, const char *faults, struct err *err)
{
    if (faults && strlen(faults) >= sizeof config->market.faults)
        return err_set(err, ERR_USAGE, "--faults: the path is too long");
    if (faults)
        snprintf(config->market.faults, sizeof config->market.faults, "%s", faults);
    return OK;
}

/* What the command line says instead of the file. */
static enum status override(struct config *config, const struct server_options *options,
                            struct err *err)
{
    enum status status;

    take_option(config->market.speed, options->speed);
    take_option(config->market.at_end, options->at_end);
    if (options->listen)
        snprintf(config->listen, sizeof config->listen, "%s", options->listen);
    if (options->kill_listen)
        snprintf(config->kill_listen, sizeof config->kill_listen, "%s", options->kill_listen);
    if (options->recording_count > 0)
        config->mode = MODE_REPLAY;
    status = take_seed(config, options->seed, err);
    if (status == OK)
        status = take_faults(config, options->faults, err);
    if (status == OK && options->speed)
        status = config_check_speed(options->speed, err);
    if (status == OK && options->speed && strcmp(options->speed, "real") != 0 &&
        (config->mode == MODE_PAPER || config->mode == MODE_LIVE))
        status = err_format(err, ERR_USAGE, "--speed: mode %s runs in real time",
                            mode_name(config->mode));
    if (status == OK && options->at_end)
        status = config_check_at_end(options->at_end, err);
    if (status == OK)
        status = config_check_listen(config->listen, err);
    if (status == OK)
        status = config_check_listen(config->kill_listen, err);
    return status == OK ? config_check_tls(config, err) : status;
}

static enum status open_synthetic(const struct config *config, struct feed **feed, struct err *err)
{
    if (config->market.matching == MATCHING_L3)
        return synthetic_l3_open(config->seed, clock_real_ns(), feed, err);
    return synthetic_open(config->seed, clock_real_ns(), feed, err);
}

static void close_feed(struct feed *feed)
{
    if (feed)
        feed->ops->close(feed);
}

/* *feed is NULL where no venue is simulated. */
static enum status open_feed(struct server *server, struct feed **feed, struct err *err)
{
    const struct server_options *options = server->options;
    enum status status = OK;

    *feed = NULL;
    if (options->recording_count > 0)
        status = open_recording(options, feed, err);
    if (status == OK)
        status = config_load(&server->config, options->config_path,
                             *feed ? (*feed)->instruments : NULL, err);
    if (status == OK)
        status = override(&server->config, options, err);
    if (status == OK && *feed && server->config.market.matching == MATCHING_L3)
        status = err_set(err, ERR_CONFIG,
                         "market.matching: l3 is for the synthetic market: a recording has depth "
                         "and trades, not orders; set l2");
    if (status == OK && !*feed && gateways_want_feed(&server->config))
        status = open_synthetic(&server->config, feed, err);
    if (status != OK)
        close_feed(*feed);
    return status;
}

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

/* --- what a person reads --- */

/* To a person at a terminal, and of a demo. Elsewhere what we print is a log that others read. */
static void print_log_ins(const json_t *first_login, const struct server_options *options)
{
    size_t at;
    json_t *user;

    if (!options->demo && !isatty(STDOUT_FILENO)) {
        printf("\nLog-ins: in %s/first-login, mode 0600\n", options->dir);
        return;
    }
    printf("\nLog-ins (kept in the data directory's file first-login, mode 0600):\n");
    json_array_foreach(json_object_get(first_login, "users"), at, user)
        printf("  %-8s %-8s %s\n", json_string_value(json_object_get(user, "user")),
               json_string_value(json_object_get(user, "role")),
               json_string_value(json_object_get(user, "password")));
}

static void print_halted(const struct server *server)
{
    for (uint16_t scope = 0; scope < scope_count(server->config.scopes); scope++) {
        char name[SCOPE_TEXT_MAX];
        char incident[INCIDENT_TEXT_MAX];
        const char *actor = server->saved.scope[scope].actor;
        const char *cause = server->saved.scope[scope].cause;

        if (server->room.config.initial[scope].state == STATE_ACTIVE)
            continue;
        config_scope_name(&server->config, scope, name);
        printf("\n%s is %s", name, trading_state_name(server->room.config.initial[scope].state));
        if (server->room.config.initial[scope].incident == 0) {
            printf(".\n");
            continue;
        }
        incident_print(incident, server->room.config.initial[scope].incident);
        printf(" since incident %s (%s%s%s).\n"
               "  To resume: one person of role risk proposes it on the dashboard (or `pitwall "
               "resume`), another approves.\n",
               incident, cause[0] != '\0' ? cause : "no reason on record",
               actor[0] != '\0' ? ", by " : "", actor);
    }
}

static void print_carried(const struct server *server)
{
    const struct state_found *found = &server->found;
    uint32_t held = 0;

    if (!found->is_sure)
        printf("\nIt is not sure what is held: %s.\n  The firm is HALTED; compare positions and "
               "orders with the venue before resuming.\n",
               found->says);
    if (!server->room.carried) {
        if (found->seq != 0)
            printf("\nThe journal is of a version that did not name its instruments: positions and "
                   "PnL begin at zero;\nwhat earlier runs did is in the audit.\n");
        return;
    }
    for (uint16_t at = 0; at < server->config.instruments; at++)
        held += server->held[at];
    printf("\nPositions, PnL and the day's figures go on: %u instrument%s held, %u order%s of "
           "before asked for at the venue.\n",
           held, held == 1 ? "" : "s", server->orders_carried,
           server->orders_carried == 1 ? "" : "s");
}

/* A restored directory has the people, but not the file with their first passwords. */
static void print_where_log_ins_are(const char *dir)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/first-login", dir);
    if (access(path, F_OK) == 0)
        printf("\nLog-ins as before: %s\n", path);
    else
        printf("\nLog-ins as before; %s, which tells them, is not there\n", path);
}

static void print_certificate(const struct server *server)
{
    struct identity_facts facts;

    if (http_certificate(server->http, &facts))
        printf("Certificate, SHA-256%s:\n  %s\n",
               facts.is_own ? ", self-signed (compare before you trust it)" : "",
               facts.fingerprint);
    printf("\n");
}

/* What is listened on at every address is told by a name that a browser can open. */
static void print_address(const char *label, const char *url, const char *path)
{
    const char *host = strstr(url, "://") + 3;
    const char *port = strrchr(host, ':');
    char name[HOST_NAME_MAX + 1] = "";

    if ((strncmp(host, "0.0.0.0:", 8) != 0 && strncmp(host, "[::]:", 5) != 0) ||
        gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        printf("%-9s  %s%s\n", label, url, path);
    else
        printf("%-9s  %.*s%s%s%s  (any address of this machine)\n", label, (int)(host - url), url,
               name, port, path);
}

static void print_ready(const struct server *server)
{
    printf("pitwall %s, %s, instance %s\n", pitwall_version, mode_name(server->config.mode),
           server->config.instance);
    if (server->first_login)
        print_log_ins(server->first_login, server->options);
    else if (server->options->demo)
        print_where_log_ins_are(server->options->dir);
    print_halted(server);
    print_carried(server);
    printf("\n");
    print_address("Dashboard", http_url(server->http), "");
    print_address("Kill", http_kill_url(server->http), "/api/v1/kill");
    if (http_metrics_url(server->http))
        print_address("Metrics", http_metrics_url(server->http), "/metrics");
    print_certificate(server);
    printf("ready %s\n", http_url(server->http));
    fflush(stdout);
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
