// When each alert of deploy/prometheus/rules fires, and when it does not, as series that come every 5 s. Each case is
// {says, at, series, fires}: `at` in seconds; `fires` the labels that tell the instances apart, [] when it is silent.
// Every alert has a case of either kind; rules.test.mjs holds that, and gives them to promtool.

/** A series of the one target; `more` are labels behind job and instance. */
const of = (name, more = "") => `${name}{job="pitwall",instance="a"${more && `,${more}`}}`;

// Values: 41 samples, 200 s, unless a case needs more.
const always = (value) => `${value}+0x40`;
const from = (samples, before, after) => `${before}+0x${samples - 1} ${after}+0x40`;
const fresh = "0+5x40"; // a time stamp of now, at each scrape
const frozen = "0+0x40"; // one that stands still: its age is the time of the test

/** So it fires, with these labels to tell the instances apart (null: there is no target that it is about).. */
const fires = (says, at, series, ...labels) => ({ says, at, series, fires: labels.length ? labels : [""] });
/** ..and so it is silent. */
const quiet = (says, at, series) => ({ says, at, series, fires: [] });

/** An alert on a figure that is 0 or 1, or crosses a threshold at once. */
const flag = (name, labels, bad, good) => [
  fires("it is so", 60, { [of(name, labels)]: always(bad) }, labels),
  quiet("it is not so", 60, { [of(name, labels)]: always(good) }),
];

/** A time stamp that goes on, then stands from 60 s on. */
const ages = (name, labels, seconds) => [
  fires("it stands still", 65 + seconds, { [of(name, labels)]: "0+5x12 60+0x40" }, labels),
  quiet("it goes on", 120, { [of(name, labels)]: fresh }),
];

/** Cumulative buckets in which all that comes, so much each 5 s, falls between the two bounds. */
function buckets(name, labels, each, below, bound) {
  const made = {};
  for (const [le, values] of [[below, "0+0x120"], [bound, `0+${each}x120`], ["+Inf", `0+${each}x120`]]) {
    made[of(`${name}_bucket`, [labels, `le="${le}"`].filter(Boolean).join(","))] = values;
  }
  made[of(`${name}_count`, labels)] = `0+${each}x120`;
  return made;
}

const latency = (name, labels, at, slow, fast) => [
  { says: "it is slow", at, series: buckets(name, labels, 10, ...slow), fires: [labels] },
  { says: "it is fast", at, series: buckets(name, labels, 10, ...fast), fires: [] },
  { says: "it is slow and next to nothing comes", at, series: buckets(name, labels, 0.1, ...slow), fires: [] },
];

const FIRM = 'scope="firm"';
const MAKER = 'scope="strategy/maker"';
const SIM = 'venue="sim"';
const BTC = 'venue="sim",instrument="sim:BTCUSDT"';
const OLDEST = of("pitwall_orders_unknown_oldest_timestamp_seconds", SIM);
const UPDATE = of("pitwall_market_data_last_update_timestamp_seconds", BTC);
const EXPIRY = of("pitwall_tls_certificate_expiry_timestamp_seconds");
const BEAT = of("pitwall_engine_heartbeat_timestamp_seconds");
const used = (scope, limit) => of("pitwall_limit_used_ratio", `${scope},limit="${limit}"`);
const LOGIN = of("pitwall_auth_failures_total", 'kind="login"');
const OVERFLOWS = of("pitwall_ring_overflows_total", 'ring="events_view"');
const saved = (step) => of("pitwall_backup_last_timestamp_seconds", `step="${step}"`);
const MADE = 'step="made"';
const ago = (seconds) => `${-seconds}+0x40`; // tests begin at 0
const START = of("pitwall_start_timestamp_seconds");
const LIVE = of("pitwall_build_info", 'version="1",mode="live"');
const SIMULATED = of("pitwall_build_info", 'version="1",mode="sim"');
const AUDIT = 'lane="engine",reader="audit"';
const QUEUE = of("pitwall_journal_queue_depth", AUDIT);
const TAKEN = of("pitwall_journal_taken_sequence", AUDIT);
const SENT = of("pitwall_orders_sent_total", SIM);
const REJECTED = of("pitwall_orders_rejected_total", SIM);
const VENUE_KILLED = of("pitwall_scope_killed", 'scope="venue/sim"');
const TAKER = "pitwall_taker_fill_latency_seconds";
const UNCLEAN = of("pitwall_unclean_starts");
const SENDER = 'up{job="alertmanager",instance="a"}';
const STARTED = of("pitwall_start_timestamp_seconds");
/** What the program itself judges by; 0: that alert is off. */
const threshold = (alert, value) => ({ [of("pitwall_alert_threshold", `alert="${alert}"`)]: always(value) });
const STALE_AFTER_5 = threshold("data_stale", 5);

const withSeries = (list, more) => list.map((one) => ({ ...one, series: { ...one.series, ...more } }));

export const cases = {
  PitwallDown: [
    fires("the target does not answer", 30, { [of("up")]: from(2, 1, 0) }),
    quiet("for less than 15 s", 20, { [of("up")]: from(2, 1, 0) }),
    quiet("it answers", 60, { [of("up")]: always(1) }),
    fires("there is no target", 30, { other: always(1) }, null),
  ],
  PitwallKillActive: [
    ...flag("pitwall_scope_killed", FIRM, 1, 0),
    {
      says: "each scope for itself, at once", at: 5, fires: [MAKER],
      series: { [of("pitwall_scope_killed", FIRM)]: always(0), [of("pitwall_scope_killed", MAKER)]: from(1, 0, 1) },
    },
  ],
  PitwallUnknownOrders: [
    fires("for 10 s", 10, { [OLDEST]: frozen }, SIM),
    quiet("for 5 s", 5, { [OLDEST]: frozen }),
    quiet("it was answered", 60, { [OLDEST]: "0+0x3 stale" }),
  ],
  PitwallPositionDrift: [
    ...flag("pitwall_position_drift_ratio", BTC, 0.011, 0.01),
    quiet("a fill was ahead for a scrape", 60, { [of("pitwall_position_drift_ratio", BTC)]: "0+0x11 1 0+0x20" }),
  ],
  PitwallLossLimit: [
    ...flag("pitwall_limit_used_ratio", `${FIRM},limit="max_daily_loss"`, 1, 0.99),
    ...flag("pitwall_limit_used_ratio", `${MAKER},limit="max_drawdown_ratio"`, 1.2, 0),
    quiet("another limit", 60, { [used(FIRM, "max_open_orders")]: always(1) }),
  ],
  PitwallStreamDown: [
    ...flag("pitwall_stream_connected", SIM, 0, 1),
    quiet("for less than 30 s", 50, { [of("pitwall_stream_connected", SIM)]: from(6, 1, 0) }),
    {
      says: "the recording is over", at: 60, fires: [],
      series: { [of("pitwall_stream_connected", SIM)]: always(0), [of("pitwall_market_ended")]: always(1) },
    },
  ],
  PitwallDataStale: [
    ...withSeries(ages("pitwall_market_data_last_update_timestamp_seconds", BTC, 10), STALE_AFTER_5),
    ...withSeries(flag("pitwall_book_ok", BTC, 0, 1), STALE_AFTER_5),
    quiet("a quiet market, by the program's own threshold", 95, {
      [UPDATE]: "0+5x12 60+0x40", ...threshold("data_stale", 60),
    }),
    fires("and then longer than that", 135, { [UPDATE]: "0+5x12 60+0x40", ...threshold("data_stale", 60) }, BTC),
    quiet("the alert is off", 95, {
      [UPDATE]: frozen, [of("pitwall_book_ok", BTC)]: always(0), ...threshold("data_stale", 0),
    }),
    {
      says: "the recording is over", at: 60, fires: [],
      series: {
        ...STALE_AFTER_5,
        [UPDATE]: frozen,
        [of("pitwall_book_ok", BTC)]: always(0),
        [of("pitwall_market_ended")]: always(1),
      },
    },
  ],
  PitwallClockOffset: [
    ...flag("pitwall_clock_offset_seconds", SIM, 0.26, 0.25),
    ...flag("pitwall_clock_offset_seconds", SIM, -0.26, -0.25),
  ],
  PitwallEngineSilent: ages("pitwall_engine_heartbeat_timestamp_seconds", "", 0),
  PitwallJournalSuspect: flag("pitwall_storage_suspect", "", 1, 0),
  PitwallJournalLate: ages("pitwall_journal_durable_timestamp_seconds", "", 0),
  PitwallStorageLow: flag("pitwall_storage_low", "", 1, 0),
  PitwallAuditSuspect: flag("pitwall_audit_suspect", "", 1, 0),
  PitwallAuditLate: [
    {
      says: "records wait and none is taken", at: 60, fires: [AUDIT],
      series: { [QUEUE]: "5+1x40", [TAKEN]: always(7) },
    },
    {
      says: "records wait and it gets on", at: 60, fires: [],
      series: { [QUEUE]: always(900), [TAKEN]: "7+1x40" },
    },
    {
      says: "nothing waits", at: 60, fires: [],
      series: { [QUEUE]: always(0), [TAKEN]: always(7) },
    },
  ],
  PitwallAnchorLate: [
    {
      says: "rows come and no head does", at: 200, fires: [""],
      series: {
        [of("pitwall_audit_sequence")]: "1+3x50",
        [of("pitwall_audit_anchor_sequence")]: "1+0x50",
        [of("pitwall_audit_anchor_timestamp_seconds")]: "0+0x50",
      },
    },
    {
      says: "there was never one", at: 120, fires: [""],
      series: { [of("pitwall_audit_sequence")]: "1+3x50", [of("pitwall_audit_anchor_sequence")]: "0+0x50" },
    },
    {
      says: "rows come and heads do", at: 200, fires: [],
      series: {
        [of("pitwall_audit_sequence")]: "1+3x50",
        [of("pitwall_audit_anchor_sequence")]: "0+3x50",
        [of("pitwall_audit_anchor_timestamp_seconds")]: "0+5x50",
      },
    },
    {
      says: "nothing to sign for long, then a row", at: 200, fires: [],
      series: {
        [of("pitwall_audit_sequence")]: "4+0x37 5+0x20",
        [of("pitwall_audit_anchor_sequence")]: "4+0x50",
        [of("pitwall_audit_anchor_timestamp_seconds")]: "0+0x50",
      },
    },
  ],
  PitwallAuditFactsLost: [
    fires("one more within the minute", 60, { [of("pitwall_audit_facts_lost_total")]: from(8, 3, 4) }),
    quiet("long ago", 150, { [of("pitwall_audit_facts_lost_total")]: from(8, 3, 4) }),
  ],
  PitwallBackupOld: [
    fires("none for six hours", 0, { [saved("made")]: ago(21601) }, MADE),
    quiet("one six hours ago", 0, { [saved("made")]: ago(21600) }),
    quiet("nothing is known of backups here", 0, { [saved("sent")]: ago(21601) }),
  ],
  PitwallRestartLoop: [
    fires("three ended badly", 100, { [UNCLEAN]: always(3), ...threshold("restart_loop", 3) }),
    quiet("two did", 100, { [UNCLEAN]: always(2), ...threshold("restart_loop", 3) }),
    quiet("a deployment: each was stopped in order", 100, {
      [STARTED]: "1 1 2 2 3 3 4 4 5+0x20", [UNCLEAN]: always(0), ...threshold("restart_loop", 3),
    }),
    quiet("the alert is off", 100, { [UNCLEAN]: always(9), ...threshold("restart_loop", 0) }),
  ],
  PitwallAlertsSilent: ages("pitwall_alerts_last_evaluation_timestamp_seconds", "", 15),
  PitwallScopeHalted: [
    ...flag("pitwall_trading_state", MAKER, 2, 0),
    {
      says: "by its own kill", at: 60, fires: [],
      series: { [of("pitwall_trading_state", MAKER)]: always(2), [of("pitwall_scope_killed", MAKER)]: always(1) },
    },
    {
      says: "by that of the firm", at: 60, fires: [],
      series: { [of("pitwall_trading_state", MAKER)]: always(2), [of("pitwall_scope_killed", FIRM)]: always(1) },
    },
    {
      says: "while another is killed", at: 60, fires: [MAKER],
      series: { [of("pitwall_trading_state", MAKER)]: always(2), [VENUE_KILLED]: always(1) },
    },
  ],
  PitwallScopeReducing: flag("pitwall_trading_state", MAKER, 1, 2),
  PitwallLimitUse: [
    ...flag("pitwall_limit_used_ratio", `${FIRM},limit="max_open_orders"`, 0.8, 0.79),
    quiet("what only counts", 60, { [used(FIRM, "max_messages_per_s")]: always(1) }),
  ],
  PitwallDiskLow: [
    {
      says: "19 % are free", at: 60, fires: [""],
      series: { [of("pitwall_storage_free_bytes")]: always(19), [of("pitwall_storage_size_bytes")]: always(100) },
    },
    {
      says: "21 % are free", at: 60, fires: [],
      series: { [of("pitwall_storage_free_bytes")]: always(21), [of("pitwall_storage_size_bytes")]: always(100) },
    },
  ],
  PitwallBackupLate: [
    fires("none was made for two hours", 0, { [saved("made")]: ago(7201), [saved("sent")]: ago(7201) }, MADE),
    quiet("one was made two hours ago", 0, { [saved("made")]: ago(7200), [saved("sent")]: ago(93600) }),
    fires("none has left for 26 hours", 0, { [saved("made")]: ago(0), [saved("sent")]: ago(93601) }, 'step="sent"'),
    fires("heads stay here", 0, { [saved("heads")]: ago(601) }, 'step="heads"'),
    quiet("heads go", 0, { [saved("heads")]: ago(600) }),
    fires("real trading, never one, for a day", 0, { [START]: ago(86401), [LIVE]: always(1) }),
    fires("the same, started anew each day", 100, { [START]: "-86401+0x10 0+0x30", [LIVE]: always(1) }),
    quiet("restored into another directory, whose first backup is to come", 100, {
      [START]: "-86401+0x10 0+0x30", [LIVE]: always(1), [saved("made")]: "0+0x10 stale",
    }),
    quiet("the same, of a simulation", 0, { [START]: ago(86401), [SIMULATED]: always(1) }),
    quiet("with one", 0, { [START]: ago(86401), [LIVE]: always(1), [saved("made")]: ago(0) }),
  ],
  PitwallRestoreTestOld: [
    fires("none for 50 hours", 0, { [saved("tested")]: ago(180001) }, 'step="tested"'),
    quiet("one 50 hours ago", 0, { [saved("tested")]: ago(180000) }),
    fires("never one, though there are backups", 0, { [START]: ago(180001), [saved("made")]: ago(0) }),
    fires("never one, started anew each day", 100, { [START]: "-180001+0x10 0+0x30", [saved("made")]: always(0) }),
    quiet("never one, and no backup either", 0, { [START]: ago(180001) }),
  ],
  PitwallNoFills: [
    {
      says: "orders and no fill", at: 400, fires: [SIM],
      series: {
        [SENT]: "0+1x100", [of("pitwall_fills_total", SIM)]: "3+0x100",
        [of("pitwall_start_timestamp_seconds")]: "0+0x100",
      },
    },
    {
      says: "a quiet night", at: 400, fires: [],
      series: {
        [SENT]: "9+0x100", [of("pitwall_fills_total", SIM)]: "3+0x100",
        [of("pitwall_start_timestamp_seconds")]: "0+0x100",
      },
    },
    {
      says: "fills", at: 400, fires: [],
      series: {
        [SENT]: "0+1x100", [of("pitwall_fills_total", SIM)]: "3+0x60 4+0x40",
        [of("pitwall_start_timestamp_seconds")]: "0+0x100",
      },
    },
    {
      says: "started four minutes ago", at: 400, fires: [],
      series: {
        [SENT]: "0+1x100", [of("pitwall_fills_total", SIM)]: "3+0x100",
        [of("pitwall_start_timestamp_seconds")]: "160+0x100",
      },
    },
  ],
  PitwallFillLatency: latency(TAKER, "", 120, ["1.048576", "2.097152"], ["0.262144", "0.524288"]),
  PitwallOrderAck: latency("pitwall_order_ack_seconds", SIM, 400, ["0.524288", "1.048576"], ["0.131072", "0.262144"]),
  PitwallRejectRatio: [
    {
      says: "4 of 100", at: 120, fires: [SIM],
      series: { [REJECTED]: "0+4x40", [SENT]: "0+100x40" },
    },
    {
      says: "2 of 100", at: 120, fires: [],
      series: { [REJECTED]: "0+2x40", [SENT]: "0+100x40" },
    },
    {
      says: "half, of next to none", at: 120, fires: [],
      series: { [REJECTED]: "0+0.25x40", [SENT]: "0+0.5x40" },
    },
  ],
  PitwallRateBudget: [
    {
      says: "36 of 50 a second, amends and cancels counted", at: 120, fires: ['gateway="simulated"'],
      series: {
        [of("pitwall_messages_sent_total", 'gateway="simulated",message="new"')]: "0+60x40",
        [of("pitwall_messages_sent_total", 'gateway="simulated",message="amend"')]: "0+60x40",
        [of("pitwall_messages_sent_total", 'gateway="simulated",message="cancel"')]: "0+60x40",
        [of("pitwall_message_budget", 'gateway="simulated"')]: always(50),
      },
    },
    {
      says: "24 of 50 a second", at: 120, fires: [],
      series: {
        [of("pitwall_messages_sent_total", 'gateway="simulated",message="new"')]: "0+60x40",
        [of("pitwall_messages_sent_total", 'gateway="simulated",message="cancel"')]: "0+60x40",
        [of("pitwall_message_budget", 'gateway="simulated"')]: always(50),
      },
    },
  ],
  PitwallTickToOrder: [
    ...withSeries(
      latency("pitwall_tick_to_order_seconds", "", 120, ["1.6e-05", "3.2e-05"], ["2e-06", "4e-06"]),
      threshold("tick_to_order", 1e-5),
    ),
    quiet("the engine parks", 120, {
      ...buckets("pitwall_tick_to_order_seconds", "", 10, "1.6e-05", "3.2e-05"), ...threshold("tick_to_order", 0),
    }),
  ],
  PitwallCertificate: [
    fires("in 20 days", 0, { [EXPIRY]: always(20 * 86400) }),
    quiet("in 22 days", 0, { [EXPIRY]: always(22 * 86400) }),
  ],
  PitwallInputUnknown: [
    ...flag("pitwall_alert_firing", 'alert="input_unknown"', 2, 0),
    quiet("another one", 60, { [of("pitwall_alert_firing", 'alert="no_fills"')]: always(1) }),
  ],
  PitwallSlowViewers: [
    fires("states are left out", 400, { [of("pitwall_ws_drops_total")]: "0+10x80" }),
    quiet("one now and then", 400, { [of("pitwall_ws_drops_total")]: "0+1x80" }),
    fires("one was closed", 180, { [of("pitwall_ws_laggards_total")]: from(10, 0, 1) }),
  ],
  PitwallRingOverflow: [
    fires("once", 60, { [OVERFLOWS]: from(8, 0, 1) }, 'ring="events_view"'),
    quiet("never", 60, { [OVERFLOWS]: always(0) }),
  ],
  PitwallAuthFailures: [
    fires("one in five seconds", 400, { [LOGIN]: "0+1x80" }, 'kind="login"'),
    quiet("a few typing errors", 200, { [LOGIN]: from(10, 0, 5) }),
  ],
  PitwallSloBurn: [
    {
      says: "the engine was late at every tenth scrape of an hour, and is", at: 3600, fires: ['slo="engine"'],
      series: { [BEAT]: "0+5x647 3230+0x80" },
    },
    {
      says: "acknowledgements take half a second", at: 400, fires: ['slo="order_ack"'],
      series: buckets("pitwall_order_ack_seconds", "", 10, "0.262144", "0.524288"),
    },
    {
      says: "acknowledgements were slow at last after a quiet hour", at: 3600, fires: ['slo="order_ack"'],
      series: {
        [of("pitwall_order_ack_seconds_bucket", 'le="0.262144"')]: "0+0x720",
        [of("pitwall_order_ack_seconds_count")]: "0+0x660 0+9x60",
      },
    },
    {
      says: "all is well", at: 3600, fires: [],
      series: { [BEAT]: "0+5x740", ...buckets("pitwall_order_ack_seconds", "", 10, "0.131072", "0.262144") },
    },
    {
      says: "one answer of twenty is a 503", at: 400, fires: ['slo="http"'],
      series: {
        [of("pitwall_http_requests_total", 'route="GET /metrics",code="200"')]: "0+19x100",
        [of("pitwall_http_requests_total", 'route="GET /metrics",code="503"')]: "0+1x100",
      },
    },
    {
      says: "answers of other kinds", at: 400, fires: [],
      series: {
        [of("pitwall_http_requests_total", 'route="GET /metrics",code="200"')]: "0+19x100",
        [of("pitwall_http_requests_total", 'route="POST /api/v1/orders",code="422"')]: "0+5x100",
      },
    },
  ],
  PitwallWatcherDown: [
    fires("nobody sends alerts", 500, { [SENDER]: "1+0x20 0+0x100" }, null),
    quiet("for less than five minutes", 400, { [SENDER]: "1+0x20 0+0x100" }),
    quiet("it was started anew within five minutes", 500, { [SENDER]: "1+0x20 0+0x50 1+0x60" }),
    quiet("the program itself is down, which pages", 600, { [of("up")]: "0+0x130" }),
  ],
  Watchdog: [fires("always", 0, { other: always(1) }, null)],
};
