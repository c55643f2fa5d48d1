/* The configuration: one YAML file, read once, checked whole, then read-only.
 *
 * server/tables/settings.def names every scalar setting: path, type, range, default, when it may
 * change, what it means; parsing, checking and `pitwall spec config` walk that table
 * (settings.c). Lists (venues, instruments, strategies) and the limits, caps and recorded maps have
 * a parser each (venues.c, lists.c, strategies.c, limits.c, recorded.c); currencies.c finds how
 * each settlement currency becomes the reporting one. Anything unknown, double, mistyped or out of
 * range is refused with file, line and reason; nothing is half applied. Main thread, at start;
 * afterwards any thread may read. */
#ifndef PITWALL_CONFIG_CONFIG_H
#define PITWALL_CONFIG_CONFIG_H

#include "engine.h"

#include <stdbool.h>

enum { CONFIG_TEXT_MAX = 256, SETTINGS_MAX = 128 };

enum mode { MODE_SIM, MODE_REPLAY, MODE_BACKTEST, MODE_PAPER, MODE_LIVE };
enum idle { IDLE_AUTO, IDLE_SPIN, IDLE_YIELD, IDLE_PARK };
enum matching_kind { MATCHING_L2, MATCHING_L3 };

/* How a venue is reached. */
enum gateway_kind { GATEWAY_SIMULATED, GATEWAY_BYBIT };
struct venue_settings {
    enum gateway_kind kind;
    char environment[16]; /* testnet | live | custom: gave rest and stream unless they were said */
    char rest[CONFIG_TEXT_MAX], stream[CONFIG_TEXT_MAX];
    char key_file[CONFIG_TEXT_MAX]; /* mode 0600; a name without '/': a service credential */
    char ca_file[CONFIG_TEXT_MAX];  /* empty: the system's authorities */
    char record[CONFIG_TEXT_MAX];   /* folder; empty: the market is not recorded */
    bool standby;                   /* two public connections, first arrival wins */
    int64_t depth, recv_window_ms, orders_per_s, connects_max;
    int64_t stale_ns, private_silence_ns, heartbeat_ns;
    int64_t reconcile_ns, reference_ns, dcp_ns, clock_alarm_ns;
};

struct config {
    char path[CONFIG_TEXT_MAX];
    char instance[MAX_NAME];
    enum mode mode;
    uint64_t seed;
    char listen[CONFIG_TEXT_MAX], kill_listen[CONFIG_TEXT_MAX], metrics_listen[CONFIG_TEXT_MAX];
    char metrics_token_file[CONFIG_TEXT_MAX]; /* empty: none but those of the program */
    char listen_hosts[CONFIG_TEXT_MAX]; /* names that a Host may say on loopback besides its own */
    struct {
        bool always;                                                /* on loopback too */
        char cert_file[CONFIG_TEXT_MAX], key_file[CONFIG_TEXT_MAX]; /* empty: self-signed */
        char client_ca_file[CONFIG_TEXT_MAX];                       /* empty: no mutual TLS */
    } tls;
    struct {
        int32_t core; /* -1: choose one without disk interrupts */
        enum idle idle;
        bool inline_gateway; /* the gateway runs in the engine's thread */
        int64_t step_budget_ns, stuck_ns, silent_ns;
    } engine;
    struct {
        char reporting_currency[16];
        int64_t capital_e8;
        int32_t day_roll_hour; /* UTC */
    } money;
    struct {
        char speed[16];  /* real | xN | max */
        char at_end[16]; /* hold | loop | exit */
        int64_t order_latency_ns, ack_latency_ns, data_latency_ns, jitter_ns;
        int32_t matching;    /* enum matching_kind */
        int32_t queue_model; /* enum queue_kind */
        int64_t queue_power, queue_decay_e8;
        int64_t adverse_probability_e8, adverse_ticks;
        int64_t position_interval_ns, funding_interval_ns;
        char faults[CONFIG_TEXT_MAX]; /* empty: none */
        char ledger[CONFIG_TEXT_MAX]; /* empty: none */
    } market;
    struct {
        int64_t hot_bytes;             /* of the engine lane; power of two */
        int64_t sync_ms;               /* the disk copy is at most this far behind */
        char hot_dir[CONFIG_TEXT_MAX]; /* empty: the data directory */
        int32_t inputs;                /* enum record_inputs */
        int64_t file_bytes;            /* a new file is begun above; 0: the default */
        int64_t keep_bytes, keep_days; /* of old files; 0: all, for ever */
        int64_t low_water;             /* free bytes; 0: not watched */
        int64_t snapshot_records;      /* of the engine's lane, between two snapshots */
    } journal;
    struct {
        char anchor_file[CONFIG_TEXT_MAX]; /* empty: DIR/anchors.ndjson */
        int64_t anchor_s, keep_days;
    } audit;
    struct {
        int32_t level;  /* enum log_level */
        int32_t format; /* enum log_format */
    } log;
    struct alerts_config { /* thresholds; 0: that alert is off */
        int64_t limit_use_ratio_e8, drift_ratio_e8, disk_free_ratio_e8;
        int64_t reject_ratio_e8, rate_budget_ratio_e8;
        int64_t unknown_s, stream_down_s, data_stale_s, audit_late_s, anchor_late_s, no_fills_s;
        int64_t clock_offset_ns, engine_silent_ns, journal_late_ns, fill_latency_ns;
        int64_t tick_to_order_ns;
        int64_t certificate_days, restart_count;
    } alerts;
    uint16_t venues;
    char venue[MAX_VENUES][MAX_NAME];
    struct venue_settings venue_settings[MAX_VENUES];
    uint16_t instruments;
    struct instrument instrument[MAX_INSTRUMENTS];
    uint16_t currencies, reporting;
    struct currency currency[MAX_CURRENCIES];
    uint16_t strategies; /* [0] is "manual" */
    struct {
        char name[MAX_NAME];
        enum strategy_kind kind;
        bool enabled;
        bool instruments[MAX_INSTRUMENTS];
        struct strategy_params base; /* of the file; params start from it */
        struct strategy_params params[MAX_INSTRUMENTS];
    } strategy[MAX_STRATEGIES];
    struct scope_map scopes;
    struct limits limits[MAX_SCOPES]; /* in force at the first start of a data directory */
    struct limits caps[MAX_SCOPES];   /* no API call can go above */
    /* Of strategy scopes: what stays the most for a day after one was first switched on, in mode
     * live. LIMIT_UNSET: what stands then. */
    struct limits first_day[MAX_SCOPES];
    enum trading_state initial_state;
    struct {
        char self_match[16]; /* cancel_new | cancel_old */
        int64_t ack_timeout_ns, query_every_ns, void_after_ns;
        int64_t batch_messages, batch_wait_ns;
    } rules;
    struct trigger_rule trigger[TRIGGER_COUNT];
    bool from_file[SETTINGS_MAX]; /* by row of settings.def: the file names it */
    uint64_t hash;                /* of the file's bytes: first 8 bytes of its SHA-256 */
    char hash_text[65];
    uint8_t hash_bytes[32]; /* SHA-256 of the file: hash and hash_text are of these */
};

/* Reads and checks. On refusal err reads `FILE:LINE: what is wrong`. `recorded` is NULL or what a
 * recording holds: it then replaces venues and instruments of the file, strategies trade all of
 * it, limits named for instruments or venues that are not there are left out, and the file's
 * `recorded:` map gives each recorded instrument (or "*", the fall-back) its fees, limits, caps and
 * strategy parameters. */
struct feed_instruments;
enum status config_load(struct config *config, const char *path,
                        const struct feed_instruments *recorded, struct err *err);

/* Copies what the engine needs. */
void config_engine(const struct config *config, struct engine_config *engine);

/* The names behind this run's numbers, as the journal holds them. */
void config_names(const struct config *config, struct input_names *names);

/* "firm", "venue/sim", "strategy/maker", "instrument/sim:BTCUSDT" and back. */
enum { SCOPE_TEXT_MAX = 16 + MAX_NAME };
void config_scope_name(const struct config *config, uint16_t scope, char out[SCOPE_TEXT_MAX]);
bool config_scope_find(const struct config *config, const char *name, uint16_t *scope);
bool config_instrument_find(const struct config *config, const char *name, uint16_t *instrument);

const char *mode_name(enum mode mode); /* "sim" */

/* What the command line may say instead of the file; err names no line. */
enum status config_check_speed(const char *speed, struct err *err);
enum status config_check_at_end(const char *at_end, struct err *err);
/* "127.0.0.1:8080", "[::1]:0", "localhost:80", "0.0.0.0:443". */
enum status config_check_listen(const char *listen, struct err *err);
/* localhost, ::1, [::1], 127.x.x.x; no port. */
bool host_is_loopback(const char *host, size_t length);
/* Plain HTTP stays at home: whether what listens there speaks TLS. */
bool config_uses_tls(const struct config *config, const char *listen);
/* When the addresses are final: what of tls.* would be without effect although it must have one. */
enum status config_check_tls(const struct config *config, struct err *err);
/* Where a file of secrets is: a name without a slash is a credential of the service. ERR_CONFIG:
 * there are none; err begins with `key`, the setting's name. */
enum status config_secret_path(const char *key, const char *value, char path[CONFIG_TEXT_MAX * 2],
                               struct err *err);

/* A file of nothing but `limits:`, for the scopes that `names` has; what it does not name is
 * LIMIT_UNSET. */
enum status config_read_limits(struct config *names, const char *path,
                               struct limits limits[MAX_SCOPES], struct err *err);

/* How many gateways there are, and which serves each venue: one simulated gateway all simulated
 * venues together, and each other venue one of its own. */
uint16_t config_gateways(const struct config *config, uint16_t venue_gateway[MAX_VENUES]);
/* The first venue that it serves, and what it is called: "bybit-linear", or "simulated" of the one
 * that serves all simulated venues. */
uint16_t config_gateway_venue(const struct config *config, uint16_t gateway);
const char *config_gateway_name(const struct config *config, uint16_t gateway);

/* The rows of settings.def, instrument_settings.def, venue_settings.def: `pitwall spec config`. */
struct setting_text {
    const char *path, *type, *range, *fallback, *change, *says;
};
uint32_t config_settings(const struct setting_text **rows);
uint32_t config_instrument_settings(const struct setting_text **rows);
uint32_t config_venue_settings(const struct setting_text **rows);

#endif
