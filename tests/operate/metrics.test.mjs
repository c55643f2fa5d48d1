// /metrics of a running demo, in both formats: what the tools of others say of it, what the table says of it, and
// docs/metrics.md, which the table prints.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { ROOT, Server, verb } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";
import { run, without } from "./tools.mjs";

const OPEN = "application/openmetrics-text; version=1.0.0";
const PROMETHEUS =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PYTHON = "/usr/bin/python3"; // Debian's, which has Debian's packages
const PAGE = join(ROOT, "docs/metrics.md");

/** DESIGN, "Metrics": what must exist. Some have samples only with a real venue. */
const PROMISED = `build_info trading_state kill_switch_active
  orders_sent_total orders_denied_total orders_rejected_total orders_unknown open_orders fills_total
  position_lots position_drift_ratio pnl limit limit_used_ratio
  market_data_last_update_timestamp_seconds stream_connected stream_reconnects_total tick_to_order_seconds
  order_ack_seconds fill_latency_seconds engine_step_seconds ring_depth ring_overflows_total journal_sequence
  audit_sequence audit_anchor_timestamp_seconds clock_offset_seconds ws_clients ws_drops_total http_requests_total`;

let server;
let scraper;

before(async () => {
  server = await Server.start();
  scraper = server.program("scraper", ["--scope", "metrics"]);
  await until("orders and fills", async () => /^pitwall_fills_total\{.*\} [1-9]/m.test((await scrape()).text));
});

after(() => server.stop());

const scrape = (accept) => scraper.call("GET", "/metrics", undefined, accept ? { Accept: accept } : {});

/** The rows of the reference page: [{name, type, unit, labels, says}]. */
function rowsOf(page) {
  return [...page.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(
    ([, name, type, unit, labels, says]) => ({ name, type, unit, labels: labels.split(" ").filter(Boolean), says }),
  );
}

/** Which orders of the last minute fell into a bucket: only OpenMetrics says it. */
const withoutExemplars = (text) => text.replaceAll(/ # \{order_id="PW[0-9A-Z-]+"\} \S+ \S+$/gm, "");

/** Series of a page: name and labels, without values. */
const seriesOf = (text) =>
  withoutExemplars(text)
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.replace(/ \S+$/, ""));

/** OpenMetrics names a counter's and an info's family without the end; the text format with it. */
function asText(open) {
  let end = "";
  return withoutExemplars(open)
    .split("\n")
    .filter((line) => !/^# (UNIT|EOF)/.test(line))
    .join("\n")
    .replace(/^# HELP (\w+) (.*)\n# TYPE \1 (\w+)$/gm, (_, name, says, type) => {
      end = { counter: "_total", info: "_info" }[type] ?? "";
      return `# HELP ${name}${end} ${says}\n# TYPE ${name}${end} ${type === "info" ? "gauge" : type}`;
    });
}

for (const [format, accept, change] of [["text", undefined, (text) => text], ["OpenMetrics", OPEN, asText]]) {
  test(`promtool has nothing to say against the ${format}`, { skip: without("promtool") }, async () => {
    const { text, status } = await scrape(accept);
    assert.equal(status, 200);
    const { code, said } = run("promtool", ["check", "metrics"], { input: change(text) });
    assert.equal(said, "");
    assert.equal(code, 0);
  });
}

test("the strict parser of OpenMetrics' own makers takes it", { skip: noParser() }, async () => {
  const program =
    "import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse; " +
    "print(sum(len(family.samples) for family in parse(sys.stdin.read())))";
  const { text } = await scrape(OPEN);
  const { code, said } = run(PYTHON, ["-c", program], { input: text });
  assert.equal(code, 0, said);
  assert.equal(Number(said), seriesOf(text).length);
  assert.notEqual(run(PYTHON, ["-c", program], { input: text.replace("# EOF\n", "") }).code, 0, "it is strict");
});

function noParser() {
  const has = existsSync(PYTHON) && run(PYTHON, ["-c", "import prometheus_client.openmetrics.parser"]).code === 0;
  return !has && "no python3-prometheus-client here; make deps-operate installs it";
}

test("who asks for OpenMetrics gets it, everybody else the text", async () => {
  const open = await scrape(OPEN);
  assert.equal(open.headers["content-type"], `${OPEN}; charset=utf-8`);
  assert.ok(open.text.endsWith("\n# EOF\n"));
  assert.match((await scrape(PROMETHEUS)).headers["content-type"], /^application\/openmetrics-text/);
  for (const accept of [undefined, "*/*", "text/plain", "application/openmetrics-text; version=0.0.1", "nonsense;;"]) {
    const { headers, text, status } = await scrape(accept);
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8", accept);
    assert.doesNotMatch(text, /^# EOF/m);
  }
});

test("caches are told what it depends on, and no reader gets the other's bytes", async () => {
  const answers = await Promise.all([scrape(), scrape(OPEN), scrape(), scrape(OPEN)]);
  for (const [at, { headers }] of answers.entries()) {
    assert.equal(headers.vary, "Accept, Accept-Encoding");
    assert.equal(headers["content-type"].startsWith("application/"), at % 2 === 1);
  }
  assert.notEqual(answers[0].headers.etag, answers[1].headers.etag);
  const packed = await scraper.call("GET", "/metrics", undefined, { Accept: OPEN, "Accept-Encoding": "gzip" });
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(packed.headers["content-type"], `${OPEN}; charset=utf-8`);
});

test("both have the same series", async () => {
  // Between two scrapes a series may come, so text is asked for before and after.
  let pages = [];
  await until("nothing new to come", async () => {
    pages = [];
    for (const accept of [undefined, OPEN, undefined]) {
      pages.push(seriesOf((await scrape(accept)).text).join("\n"));
      await pause(11); // longer than an answer is kept
    }
    return pages[0] === pages[2];
  });
  assert.equal(pages[1], pages[0]);
});

test("every series is of a row, has that row's labels and no others, and every row says what it is", async () => {
  const { text } = await scrape();
  const rows = new Map(rowsOf(verb("spec", "metrics").out).map((row) => [row.name, row]));
  const found = new Map();
  for (const series of seriesOf(text)) {
    const [, name, labels] = /^(\w+)(?:\{(.*)\})?$/.exec(series);
    const row = rows.get(name) ?? rows.get(name.replace(/_(bucket|sum|count)$/, ""));
    assert.ok(row, `no row for ${series}`);
    const had = [...(labels ?? "").matchAll(/(?:^|,)(?!le=)(\w+)="/g)].map(([, label]) => label);
    const strange = had.filter((label) => !row.labels.includes(label));
    assert.deepEqual(strange, [], series);
    found.set(row.name, new Set([...(found.get(row.name) ?? []), ...had]));
  }
  for (const [name, labels] of found) {
    assert.deepEqual([...labels].sort(), [...rows.get(name).labels].sort(), `${name} has labels that nothing shows`);
  }
  for (const [, name, says] of text.matchAll(/^# HELP (\w+) (.*)$/gm)) {
    assert.equal(says, rows.get(name)?.says, name);
  }
});

test("what DESIGN promises is there", async () => {
  const { text } = await scrape();
  for (const name of PROMISED.split(/\s+/)) {
    assert.match(text, new RegExp(`^# TYPE pitwall_${name} `, "m"));
  }
});

test("what the program's alerts are judged by is told to who judges from outside, in base units; 0 is off", async () => {
  const { text } = await scrape();
  const told = (alert) =>
    Number(new RegExp(`^pitwall_alert_threshold\\{alert="${alert}"\\} (\\S+)$`, "m").exec(text)?.[1]);
  const wanted = { data_stale: 5, position_drift: 0.01, journal_late: 1, restart_loop: 3, tick_to_order: 0 };
  for (const [alert, value] of Object.entries(wanted)) assert.equal(told(alert), value, alert);
  assert.ok(Number.isNaN(told("kill_active")), "it has none");
  assert.match(text, /^pitwall_unclean_starts 0$/m);
});

test("a time is a time stamp of now, and an age is nowhere", async () => {
  const { text } = await scrape();
  const now = Date.now() / 1000;
  for (const name of ["engine_heartbeat", "journal_durable", "alerts_last_evaluation", "market_data_last_update"]) {
    const value = Number(new RegExp(`^pitwall_${name}_timestamp_seconds\\S* (\\S+)$`, "m").exec(text)?.[1]);
    assert.ok(Math.abs(now - value) < 5, `${name}: ${now - value} s`);
  }
  assert.doesNotMatch(text, /^pitwall_\w*_age/m);
});

test("who was turned away is counted by what was wrong", async () => {
  const count = async (kind) =>
    Number(new RegExp(`^pitwall_auth_failures_total\\{kind="${kind}"\\} (\\d+)$`, "m").exec((await scrape()).text)[1]);
  const kinds = ["login", "credentials", "permission"];
  const counts = () => Promise.all(kinds.map(count));
  const had = await counts();
  const stranger = server.anonymous();
  assert.equal((await stranger.post("/session", { user: "viewer", password: "not this one" })).status, 401);
  assert.equal((await stranger.get("/positions", { Authorization: "Bearer nothing" })).status, 401);
  assert.equal((await stranger.get("/positions")).status, 401, "without credentials: asked for some, and not counted");
  assert.equal((await scraper.get("/positions")).status, 403);
  await until("a page that is made anew", async () => (await counts()).join() === had.map((n) => n + 1).join(), 2000);
});

test("docs/metrics.md is what `pitwall spec metrics` prints", () => {
  assert.equal(readFileSync(PAGE, "utf8"), verb("spec", "metrics").out, "build/pitwall spec metrics > docs/metrics.md");
});
