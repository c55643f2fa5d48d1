// The files under deploy/prometheus and deploy/alertmanager, as the tools of their makers read them; and each alert,
// given series that it must fire on and series that it must not.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { describe } from "node:test";
import { ROOT, scratch, verb } from "../api/server.mjs";
import { parse } from "yaml";
import { cases } from "./cases.mjs";
import { DEPLOY, run, RULES, shippedRules, without } from "./tools.mjs";

const alerts = shippedRules().filter(({ alert }) => alert);
const NO_PROMTOOL = { skip: without("promtool") };
const NO_AMTOOL = { skip: without("amtool") };
const ALERTMANAGER = join(DEPLOY, "alertmanager/alertmanager.yml");

/** A headline's anchor, as the sites that show Markdown make it. */
const anchorOf = (heading) =>
  heading
    .replace(/^#+ /, "")
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-");

test("promtool takes every rule", NO_PROMTOOL, () => {
  const files = ["page", "notify", "slo"].map((name) => join(RULES, `${name}.yaml`));
  const { code, said } = run("promtool", ["check", "rules", "--lint=all", "--lint-fatal", ...files]);
  assert.equal(code, 0, said);
});

test("promtool takes the configuration, with the files that it names", NO_PROMTOOL, () => {
  const { code, said } = run("promtool", ["check", "config", join(DEPLOY, "prometheus/prometheus.yml")]);
  assert.equal(code, 0, said);
  assert.match(said, /SUCCESS: 3 rule files found/);
});

test("what deploy/systemd/README.md installs is whole where it lies", { skip: without("promtool", "amtool") }, () => {
  const text = readFileSync(join(DEPLOY, "systemd/README.md"), "utf8");
  const [, block] = /## What watches it\n[^]*?```\n([^`]+)```/.exec(text);
  const host = scratch();
  mkdirSync(join(host, "etc/default"), { recursive: true });
  const lines = block.split("\n").filter((line) => !/^(apt-get|systemctl) /.test(line));
  const { code, said } = run("bash", ["-ec", `cd '${ROOT}'\n${lines.join("\n").replaceAll("/etc/", `${host}/etc/`)}`]);
  assert.equal(code, 0, said);
  assert.match(said, /SUCCESS: 3 rule files found/);
  assert.match(said, /3 receivers/);
  for (const name of ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter"]) {
    const given = readFileSync(join(host, "etc/default", name), "utf8");
    assert.match(given, /^ARGS="--web\.listen-address=127\.0\.0\.1:\d+ /);
  }
});

test("page and notify are apart, and every alert says what, why and where to read on", () => {
  const anchors = new Set(readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8").match(/^#+ .*$/gm).map(anchorOf));
  assert.ok(alerts.length >= 30);
  for (const { alert, file, labels, annotations } of alerts) {
    assert.equal(labels.severity, file === "slo" ? "notify" : file, alert);
    for (const name of ["summary", "description"]) {
      assert.ok(annotations[name]?.length > 10, `${alert}: ${name}`);
    }
    const [page, anchor] = annotations.runbook_url.split("#");
    assert.equal(page, "docs/RUNBOOK.md", alert);
    assert.ok(anchors.has(anchor), `${alert}: the runbook has no #${anchor}`);
  }
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length, "no name comes twice");
});

test("what the program judges itself is judged from outside too, as severe and with the same page", () => {
  const rows = [...verb("spec", "alerts").out.matchAll(/^\| `\w+` \| `(\w+)` \| (\w+) \|.* (\S+) \|$/gm)];
  assert.ok(rows.length > 25);
  for (const [, name, severity, runbook] of rows) {
    const rule = alerts.find(({ alert }) => alert === name);
    assert.ok(rule, `no rule ${name}`);
    assert.equal(rule.labels.severity, severity, name);
    assert.equal(rule.annotations.runbook_url, runbook, name);
  }
});

/** A time stamp that moves on each so many seconds, at scrapes of 5 s; promtool wants each value. */
const stairs = (scrapes, every) =>
  Array.from({ length: scrapes }, (_, at) => Math.floor((at * 5) / every) * every).join(" ");

/** Of alerts that are about no target of the program: what tells theirs. */
const OTHERS = { PitwallDown: 'job="pitwall"', PitwallWatcherDown: 'job="alertmanager",instance="a"' };

const exactly = (labels, job) => {
  const target = labels === null ? job : `job="pitwall",instance="a"${labels && `,${labels}`}`;
  return target && `,${target}`;
};

/** A file for `promtool test rules` (JSON is YAML): one test of one case. */
function testFile(alert, severity, { says, at, series, fires }) {
  const expected = fires.map((labels) => {
    const whose = exactly(labels, OTHERS[alert] ?? "");
    return { labels: `ALERTS{alertname="${alert}",alertstate="firing",severity="${severity}"${whose}}`, value: 1 };
  });
  return {
    rule_files: ["page", "notify", "slo"].map((name) => join(RULES, `${name}.yaml`)),
    evaluation_interval: "5s",
    tests: [
      {
        name: `${alert}: ${says}`,
        interval: "5s",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: [
          { expr: `ALERTS{alertname="${alert}",alertstate="firing"}`, eval_time: `${at}s`, exp_samples: expected },
        ],
      },
    ],
  };
}

describe("each alert fires when it should and is silent when it should", NO_PROMTOOL, () => {
  test("has a case of either kind, and no case is about none", () => {
    assert.deepEqual(Object.keys(cases).sort(), alerts.map(({ alert }) => alert).sort());
    for (const [alert, list] of Object.entries(cases)) {
      assert.ok(list.some(({ fires }) => fires.length > 0), `${alert} never fires`);
      assert.ok(alert === "Watchdog" || list.some(({ fires }) => fires.length === 0), `${alert} is never silent`);
    }
  });
  for (const { alert, labels } of alerts) {
    test(alert, () => {
      const dir = scratch();
      const files = cases[alert].map((one, at) => {
        const file = join(dir, `${at}.json`);
        writeFileSync(file, JSON.stringify(testFile(alert, labels.severity, one)));
        return file;
      });
      const { code, said } = run("promtool", ["test", "rules", ...files]);
      assert.equal(code, 0, said);
    });
  }
});

/** A night on a quiet testnet: an engine that parks, no order, a book that moves each 20 s, two deployments. */
const QUIET_NIGHT = {
  up: "1+0x720",
  pitwall_start_timestamp_seconds: "1+0x100 500+0x100 1000+0x520",
  pitwall_unclean_starts: "0+0x720",
  'pitwall_alert_threshold{alert="data_stale"}': "60+0x720",
  'pitwall_alert_threshold{alert="tick_to_order"}': "0+0x720",
  'pitwall_alert_threshold{alert="restart_loop"}': "3+0x720",
  'pitwall_market_data_last_update_timestamp_seconds{venue="v",instrument="v:A"}': "0 0 0 0 20 20 20 20 40+5x716",
  'pitwall_market_data_last_update_timestamp_seconds{venue="v",instrument="v:B"}': `${stairs(720, 20)}`,
  'pitwall_book_ok{venue="v",instrument="v:B"}': "1+0x720",
  'pitwall_stream_connected{venue="v"}': "1+0x720",
  'pitwall_clock_offset_seconds{venue="v"}': "0.003+0x720",
  'pitwall_orders_sent_total{venue="v"}': "0+0x720",
  'pitwall_orders_rejected_total{venue="v"}': "0+0x720",
  'pitwall_fills_total{venue="v"}': "0+0x720",
  pitwall_engine_heartbeat_timestamp_seconds: "0+5x720",
  pitwall_journal_durable_timestamp_seconds: "0+5x720",
  pitwall_alerts_last_evaluation_timestamp_seconds: "0+5x720",
  pitwall_audit_sequence: "4+0x720",
  pitwall_audit_anchor_sequence: "4+0x720",
  pitwall_audit_anchor_timestamp_seconds: "0+0x720",
  'pitwall_order_ack_seconds_bucket{venue="v",le="0.262144"}': "0+0x720",
  'pitwall_order_ack_seconds_count{venue="v"}': "0+0x720",
  'pitwall_tick_to_order_seconds_bucket{le="1.6e-05"}': "0+0x720",
  'pitwall_tick_to_order_seconds_bucket{le="3.2e-05"}': "0+2x720",
  'pitwall_tick_to_order_seconds_bucket{le="+Inf"}': "0+2x720",
  pitwall_tick_to_order_seconds_count: "0+2x720",
  'pitwall_http_requests_total{route="GET /metrics",code="200"}': "0+1x720",
};

test("a quiet night wakes nobody, and the promises have figures after it", NO_PROMTOOL, () => {
  const labelled = (name) => `${name.replace(/\}$/, "")}${name.includes("{") ? "," : "{"}job="pitwall",instance="a"}`;
  const promises = (name, says) => ({ expr: name, eval_time: "3600s", exp_samples: says });
  const file = testFile("Watchdog", "notify", { says: "a quiet night", at: 0, series: {}, fires: [] });
  const [night] = file.tests;
  night.input_series = Object.entries(QUIET_NIGHT).map(([name, values]) => ({ series: labelled(name), values }));
  night.promql_expr_test = [
    ...[300, 600, 1200, 2400, 3600].map((at) => ({
      expr: 'ALERTS{alertstate="firing",alertname!="Watchdog"}', eval_time: `${at}s`, exp_samples: [],
    })),
    // Nothing was sent, so nothing is said of it: not a figure that is no number.
    promises('pitwall:slo_errors:ratio_rate1h{slo="order_ack"}', []),
    promises("pitwall:rejects:ratio_rate5m", []),
    promises("pitwall:order_ack_seconds:p99_5m", []),
    promises('pitwall:slo_errors:ratio_rate1h{slo="engine"}', [
      { labels: 'pitwall:slo_errors:ratio_rate1h{job="pitwall",instance="a",slo="engine"}', value: 0 },
    ]),
    promises('pitwall:slo_errors:ratio_rate30d{slo="http"}', [
      { labels: 'pitwall:slo_errors:ratio_rate30d{job="pitwall",instance="a",slo="http"}', value: 0 },
    ]),
  ];
  const path = join(scratch(), "night.json");
  writeFileSync(path, JSON.stringify(file));
  const { code, said } = run("promtool", ["test", "rules", path]);
  assert.equal(code, 0, said);
});

test("who keeps the figures keeps them longer than a rule looks back", () => {
  const days = (text) => Math.max(...[...text.matchAll(/\[(\d+)d[\]:]/g)].map(([, count]) => Number(count)));
  const longest = days(readFileSync(join(RULES, "slo.yaml"), "utf8"));
  assert.equal(longest, 30);
  const { services } = parse(readFileSync(join(DEPLOY, "docker/compose.yaml"), "utf8"), { merge: true });
  const kept = services.prometheus.command.join(" ").match(/--storage\.tsdb\.retention\.time=(\d+)d/);
  assert.ok(Number(kept?.[1]) > longest, `compose keeps ${kept?.[1]} days`);
});

test("a page reads as meant: labels and figures are filled in", NO_PROMTOOL, () => {
  const one = testFile("PitwallKillActive", "page", cases.PitwallKillActive[0]);
  delete one.tests[0].promql_expr_test;
  one.tests[0].alert_rule_test = [
    {
      eval_time: "60s",
      alertname: "PitwallKillActive",
      exp_alerts: [
        {
          exp_labels: { severity: "page", job: "pitwall", instance: "a", scope: "firm" },
          exp_annotations: {
            summary: "firm is killed on a",
            description: "No new order passes there until two people resume it. pitwall_kill_info tells by whom.",
            runbook_url: "docs/RUNBOOK.md#alert-kill_active",
          },
        },
      ],
    },
  ];
  const file = join(scratch(), "page.json");
  writeFileSync(file, JSON.stringify(one));
  const { code, said } = run("promtool", ["test", "rules", file]);
  assert.equal(code, 0, said);
});

test("amtool takes the configuration of Alertmanager", NO_AMTOOL, () => {
  const { code, said } = run("amtool", ["check-config", ALERTMANAGER]);
  assert.equal(code, 0, said);
  assert.match(said, /3 receivers/);
});

test("every alert goes to whom its severity says, the watchdog to its own", NO_AMTOOL, () => {
  for (const { alert, labels } of alerts) {
    const receiver = alert === "Watchdog" ? "watchdog" : labels.severity;
    const { code, said } = run("amtool", [
      ...["config", "routes", "test", `--config.file=${ALERTMANAGER}`, `--verify.receivers=${receiver}`],
      ...[`alertname=${alert}`, `severity=${labels.severity}`, "instance=a", "job=pitwall"],
    ]);
    assert.equal(code, 0, `${alert}: ${said}`);
  }
  const { out } = run("amtool", ["config", "routes", "test", `--config.file=${ALERTMANAGER}`, "alertname=Else"]);
  assert.equal(out.trim(), "notify", "what nobody has thought of wakes nobody, and is not lost");
});
