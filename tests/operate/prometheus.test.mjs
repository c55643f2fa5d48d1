// Debian's Prometheus, node exporter and Alertmanager with the files that are shipped, beside a demo that listens as
// prod.yaml says, and a second program that trades live on a venue of ours and is scraped as compose scrapes, over TLS:
// every metric that a rule or a dashboard names is there, and a kill of the demo arrives as a page. In the copies of the
// files only ports and paths are others, the intervals a second, and the job for the second program is added.

import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { parse, stringify } from "yaml";
import { bybitInstead, configWith, QUIET, ROOT, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";
import { Venue } from "../venue/venue.mjs";
import { Daemon, DEPLOY, freePort, shippedRules, without } from "./tools.mjs";

const PROD = parse(readFileSync(join(ROOT, "deploy/config/prod.yaml"), "utf8"));
const COMPOSE_JOB = parse(readFileSync(join(DEPLOY, "docker/prometheus.yaml"), "utf8")).scrape_configs.find(
  ({ job_name: name }) => name === "pitwall",
);
const TOKEN = "f".repeat(64);

const listening = (settings) => [/^seed:/m, `${stringify(settings)}seed:`];
/** What prod.yaml says of its listeners, on ports of this test; the two that are given on the command line left out. */
const { metrics_listen, metrics_token_file, tls } = PROD;
const LIKE_PROD = listening({ metrics_listen: metrics_listen.replace(/:\d+$/, ":0"), metrics_token_file, tls });

/**
 * Samples of these come only with what they are about, and here is none: an order of unknown fate, a position that
 * could be liquidated, a backup. Their families are there all the same.
 */
const BY_INCIDENT = new Set([
  "pitwall_orders_unknown_oldest_timestamp_seconds",
  "pitwall_liquidation_distance_ratio",
  "pitwall_backup_last_timestamp_seconds",
]);

/** Some kernels do not count how long a task waits for its core. */
const BY_THE_KERNEL = new Set(existsSync("/proc/schedstat") ? [] : ["node_schedstat_waiting_seconds_total"]);

/** What a starved machine makes true: not for the moment of a test to judge. */
const BY_THE_CLOCK = new Set([
  "PitwallEngineSilent",
  "PitwallJournalLate",
  "PitwallDataStale",
  "PitwallAuditLate",
  "PitwallAlertsSilent",
  "PitwallClockOffset",
]);

let server;
let exporter;
let venue;
let live;
let prometheus;
let alertmanager;
let sink;
const arrived = []; // {way, alert}: what Alertmanager has sent, and where

const sentBy = (way) => arrived.filter((one) => one.way === way).map(({ alert }) => alert.labels.alertname);

/** Stands in for pager, chat and dead man's switch. */
async function startSink() {
  sink = createServer((request, answer) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      JSON.parse(text).alerts.forEach((alert) => arrived.push({ way: request.url.slice(1), alert }));
      answer.end();
    });
  });
  await new Promise((done) => sink.listen(0, "127.0.0.1", done));
  return sink.address().port;
}

/** A shipped file with other words in some places, each of which must be there. */
function changed(file, replacements) {
  let text = readFileSync(file, "utf8");
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

async function startAlertmanager(dir) {
  const [port, sinkPort] = [await freePort(), await startSink()];
  const config = join(dir, "alertmanager.yml");
  const shipped = join(DEPLOY, "alertmanager/alertmanager.yml");
  writeFileSync(config, changed(shipped, [["pager:9099", `127.0.0.1:${sinkPort}`]]));
  alertmanager = await Daemon.start(
    "prometheus-alertmanager",
    [
      ...[`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`],
      ...["--cluster.listen-address=", `--storage.path=${dir}/am`],
    ],
    { port, cwd: dir, ready: "/-/ready" },
  );
  return port;
}

/** Trades on a real venue, as the gateway sees it: with a clock, a drop copy and connections of its own. */
async function startLive(dir) {
  venue = await Venue.start();
  const [{ key, secret }] = venue.keys;
  const keyFile = join(dir, "key.json");
  writeFileSync(keyFile, JSON.stringify({ key, secret }), { mode: 0o600 });
  const stream = venue.url.replace("http", "ws");
  const where = `environment: custom, rest: "${venue.url}", stream: "${stream}", reconcile_ms: 3000`;
  const row = bybitInstead("bybit-linear:BTCUSDT", `${where}, key_file: "${keyFile}"`);
  const token = join(dir, "metrics-token");
  writeFileSync(token, TOKEN, { mode: 0o600 });
  const listens = listening({ metrics_listen: "127.0.0.1:0", metrics_token_file: token, tls: { always: true } });
  live = await Server.start({ config: configWith(scratch(), listens, QUIET, ["mode: sim", "mode: live"], ...row) });
}

const hostOf = ({ run }) => new URL(run.metrics_url).host;

/** Compose's job for the second program: its address, its token and its authority in their places. */
function liveJob(dir) {
  const job = structuredClone(COMPOSE_JOB);
  job.job_name = "live";
  job.tls_config.ca_file = join(live.dir, "tls/cert.pem");
  job.authorization.credentials_file = join(dir, "metrics-token");
  job.static_configs[0].targets = [hostOf(live)];
  return `  - ${JSON.stringify(job)}\n`;
}

/** The host's own figures, told what prometheus.yml says of it. */
async function startExporter() {
  const port = await freePort();
  const args = [`--web.listen-address=127.0.0.1:${port}`, "--collector.interrupts"];
  exporter = await Daemon.start("prometheus-node-exporter", args, { port, cwd: scratch(), ready: "/" });
  return port;
}

async function startPrometheus(dir) {
  const [port, alertPort, hostPort] = [await freePort(), await startAlertmanager(dir), await startExporter()];
  cpSync(join(DEPLOY, "prometheus"), dir, { recursive: true });
  writeFileSync(join(dir, "rules/slo.yaml"), changed(join(dir, "rules/slo.yaml"), [["interval: 5m", "interval: 1s"]]));
  writeFileSync(
    join(dir, "prometheus.yml"),
    changed(join(DEPLOY, "prometheus/prometheus.yml"), [
      ["127.0.0.1:9464", hostOf(server)],
      ["127.0.0.1:9093", `127.0.0.1:${alertPort}`],
      ["127.0.0.1:9090", `127.0.0.1:${port}`],
      ["127.0.0.1:9100", `127.0.0.1:${hostPort}`],
      ["scrape_configs:\n", `scrape_configs:\n${liveJob(dir)}`],
      ["_interval: 5s", "_interval: 1s"],
      ["_timeout: 4s", "_timeout: 1s"],
    ]),
  );
  prometheus = await Daemon.start(
    "prometheus",
    [
      ...[`--config.file=${dir}/prometheus.yml`, `--web.listen-address=127.0.0.1:${port}`],
      // What it has sent before it knew of the other is sent again a second later, not a minute.
      ...[`--storage.tsdb.path=${dir}/tsdb`, "--rules.alert.resend-delay=1s", "--enable-feature=exemplar-storage"],
    ],
    { port, cwd: dir, ready: "/-/ready" },
  );
}

/** Every `expr` of a dashboard, wherever it stands. */
function expressionsOf(value) {
  if (value === null || typeof value !== "object") {
    return [];
  }
  const own = typeof value.expr === "string" ? [value.expr] : [];
  return own.concat(...Object.values(value).map(expressionsOf));
}

function dashboards() {
  const folder = join(DEPLOY, "grafana");
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => ({ where: entry.name, file: join(entry.path ?? folder, entry.name) }))
    .flatMap(({ where, file }) =>
      expressionsOf(JSON.parse(readFileSync(file, "utf8"))).map((expr) => ({ where, expr })),
    );
}

/** {name, where} of every series that rules and dashboards read, recorded ones too. */
function namedSeries() {
  const rules = shippedRules().map(({ file, alert, record, expr }) => ({ where: `${file}: ${alert ?? record}`, expr }));
  return [...rules, ...dashboards()].flatMap(({ where, expr }) =>
    [...new Set(expr.match(/\b(?:pitwall[_:]|node_)[A-Za-z0-9_:]+/g) ?? [])].map((name) => ({ name, where })),
  );
}

const withoutEnd = (name) => name.replace(/_(total|info|bucket|sum|count)$/, "");

describe("a real Prometheus", { skip: without("prometheus", "prometheus-alertmanager", "prometheus-node-exporter") }, () => {
  before(async () => {
    const dir = scratch();
    server = await Server.start({ config: configWith(dir, LIKE_PROD) });
    await startLive(dir);
    await startPrometheus(dir);
  });

  after(async () => {
    await prometheus?.stop();
    await alertmanager?.stop();
    await exporter?.stop();
    sink?.close();
    assert.equal(await live?.stop(), 0);
    await venue?.stop();
    assert.equal(await server?.stop(), 0);
  });

  test("scrapes what listens as prod.yaml says, and the other as compose does, over TLS by a token", async () => {
    const target = async (job) =>
      (await prometheus.ask("/api/v1/targets")).activeTargets.find(({ labels }) => labels.job === job);
    for (const [job, instance] of [["pitwall", PROD.instance], ["live", "compose"], ["host", PROD.instance]]) {
      await until(`${job} to be up`, async () => (await target(job))?.health === "up");
      const { lastError, labels } = await target(job);
      assert.equal(lastError, "", job);
      assert.equal(labels.instance, instance, job);
    }
    assert.match((await target("live")).scrapeUrl, /^https:/);
  });

  test("has asked for OpenMetrics and could read it", async () => {
    // Only there is a counter's family without its end.
    const { pitwall_fills: fills } = await prometheus.ask("/api/v1/metadata", { metric: "pitwall_fills" });
    assert.deepEqual(fills, [{ type: "counter", help: "Executions of our orders.", unit: "" }]);
  });

  test("has every metric that a rule or a dashboard names", async () => {
    const named = namedSeries().filter(({ name }) => !BY_THE_KERNEL.has(name));
    assert.ok(named.length > 50);
    const families = new Set(Object.keys(await prometheus.ask("/api/v1/metadata")));
    const isThere = async (name) =>
      (await prometheus.query(`count({__name__="${name}"})`)).length === 1 ||
      (BY_INCIDENT.has(name) && families.has(withoutEnd(name)));
    let missing = named;
    await until(
      "all of them",
      async () => {
        const there = await Promise.all(missing.map(({ name }) => isThere(name)));
        missing = missing.filter((_, at) => !there[at]);
        return missing.length === 0;
      },
      20000,
    ).catch(() => assert.fail(`not there: ${missing.map(({ name, where }) => `${name} (${where})`).join(", ")}`));
  });

  test("leads from the latency of a fill to its order", async () => {
    const trader = await server.person("trader");
    const order = { instrument: "sim:BTCUSDT", side: "buy", qty: "0.001", type: "market", tif: "IOC" };
    const body = await until("an order that meets another's than our maker's", async () => {
      const reply = await trader.post("/orders", order);
      assert.ok(reply.status === 201 || reply.body.code === "self_match", reply.text);
      return reply.status === 201 && reply.body;
    }, 20000);
    const asked = { query: "pitwall_taker_fill_latency_seconds_bucket", start: Date.now() / 1000 - 60 };
    await until("the order", async () => {
      const found = await prometheus.ask("/api/v1/query_exemplars", { ...asked, end: Date.now() / 1000 + 1 });
      return found.flatMap(({ exemplars }) => exemplars).some(({ labels }) => labels.order_id === body.id);
    });
    assert.equal((await trader.get(`/orders/${body.id}/why`)).status, 200);
  });

  test("evaluates every rule without an error", async () => {
    const rules = async () => (await prometheus.ask("/api/v1/rules")).groups.flatMap((group) => group.rules);
    assert.equal((await rules()).length, shippedRules().length);
    await until("all to be evaluated", async () => (await rules()).every(({ health }) => health !== "unknown"));
    const bad = (await rules()).filter(({ health }) => health !== "ok");
    assert.deepEqual(bad.map(({ name, lastError }) => `${name}: ${lastError}`), []);
  });

  test("pages nobody while the demo is well, and its watchdog arrives where it should", async () => {
    await until("the watchdog", () => sentBy("watchdog").includes("Watchdog"));
    assert.deepEqual(new Set(sentBy("watchdog")), new Set(["Watchdog"]));
    assert.deepEqual(sentBy("page").filter((alert) => !BY_THE_CLOCK.has(alert)), []);
  });

  test("a kill of the firm fires, and reaches the pager and nobody else", async () => {
    const killed = verb("kill", "--data", server.dir, "--scope", "firm", "--reason", "drill");
    assert.equal(killed.code, 0, killed.err);
    const states = async () =>
      (await prometheus.ask("/api/v1/alerts")).alerts.filter(({ labels }) => labels.alertname === "PitwallKillActive");
    await until("the alert to fire", async () => (await states()).some(({ state }) => state === "firing"));
    assert.deepEqual((await states()).map(({ labels }) => labels.scope), ["firm"]);
    await until("the page", () => sentBy("page").includes("PitwallKillActive"));
    const page = arrived.find(({ alert }) => alert.labels.alertname === "PitwallKillActive").alert;
    assert.equal(page.status, "firing");
    assert.equal(page.labels.instance, PROD.instance);
    assert.equal(page.annotations.runbook_url, "docs/RUNBOOK.md#alert-kill_active");
    assert.deepEqual(arrived.filter(({ way, alert }) => way !== "page" && alert.labels.severity === "page"), []);
    const kills = await prometheus.query("pitwall_kill_info");
    assert.deepEqual(kills.map(({ metric }) => [metric.scope, metric.by]), [["firm", "operator"]]);
    const halted = arrived.filter(({ alert }) => alert.labels.alertname === "PitwallScopeHalted");
    assert.ok(halted.every(({ alert }) => alert.labels.instance !== PROD.instance), "the page has told it already");
  });
});
