// Alerts: found out inside the process within seconds, acknowledged by a named person, kept, streamed, audited.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, ROOT, scratch, Server, verb } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

const THRESHOLDS = /^alerts:\n.*$/m;
const PATIENCE_MS = 60000; // the machine may be busy; how long it really took is printed
let server;
let viewer;
let trader;
let risk1;
let risk2;
let config;
let killed; // the alert of the kill

/** A machine that is late must not look like an engine that is silent: that would kill the firm. */
const PATIENT = [/^engine:$/m, "engine:\n  silent_ms: 60000\n  stuck_ms: 30000"];

function thresholds(lines) {
  return [THRESHOLDS, ["alerts:", "  tick_to_order_ms: 0", ...lines.map((line) => `  ${line}`)].join("\n")];
}

async function alerts(query = "") {
  const reply = await trader.get(`/alerts${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.body.items;
}

function fits(alert, code, labels) {
  return alert.alert === code && Object.entries(labels).every(([name, value]) => alert.labels[name] === value);
}

/** Waits for it, in any state when that is "", and says how long that took. */
async function fired(code, labels = {}, state = "firing") {
  const began = Date.now();
  const found = await until(
    `${code} ${state}`,
    async () => (await alerts(state && `?state=${state}`)).find((alert) => fits(alert, code, labels)),
    PATIENCE_MS,
  );
  return { alert: found, ms: Date.now() - began };
}

/** A log-in waits its turn, and on a busy machine longer than a caller does. */
async function person(user, tries = 4) {
  try {
    return await server.person(user);
  } catch (error) {
    if (tries === 0) {
      throw error;
    }
    return person(user, tries - 1);
  }
}

async function logIn() {
  viewer = await person("viewer");
  trader = await person("trader");
  risk1 = await person("risk1");
  risk2 = await person("risk2");
  await until("a market", async () => (await trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, PATIENCE_MS);
}

async function start(args = {}) {
  server = await Server.start({ config, ...args });
  await logIn();
}

before(async () => {
  config = configWith(scratch(), QUIET, PATIENT, thresholds([]));
  await start();
});

after(async () => {
  await server.stop("SIGKILL");
});

test("the watchdog always fires, and an alert has its shape", async () => {
  const { alert } = await fired("watchdog");
  assert.deepEqual(shapes.differences(alert, shapes.ALERT), []);
  assert.deepEqual([alert.severity, alert.state, alert.acknowledged], ["notify", "firing", null]);
  assert.match(alert.id, /^AL\d+-\d+$/);
  assert.deepEqual((await viewer.get(`/alerts/${alert.id}`)).body, alert);
  assert.equal((await viewer.get("/alerts/AL1-999999")).status, 404);
  assert.equal((await viewer.get("/alerts?state=odd")).status, 400);
});

test("a kill pages within five seconds; the page names scope and incident", async (t) => {
  const reply = await trader.post("/kill", { scope: "strategy/maker", reason: "drill" });
  assert.equal(reply.status, 200, reply.text);
  const { alert, ms } = await fired("kill_active", { scope: "strategy/maker" });
  killed = alert;
  t.diagnostic(`kill to alert: ${ms} ms`);
  assert.equal(alert.severity, "page");
  assert.match(alert.says, new RegExp(`strategy/maker is killed: incident ${reply.body.incident}`));
  const { body } = await viewer.get("/status");
  assert.ok(body.alerts.page >= 1);
});

test("a second kill is an alert of its own, and the list is paged, newest first", async () => {
  await trader.post("/kill", { scope: "strategy/momentum", reason: "drill" });
  await fired("kill_active", { scope: "strategy/momentum" });
  const all = await alerts();
  const seen = [];
  let path = "/alerts?limit=1";
  while (path && seen.length < 50) {
    const { body } = await viewer.get(path);
    seen.push(...body.items);
    path = body.next && `/alerts?limit=1&cursor=${body.next}`;
  }
  assert.deepEqual(seen.map((one) => one.id), all.map((one) => one.id));
  const numbers = all.map((one) => Number(one.id.split("-")[1]));
  assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
});

/** Whoever comes next would read something else than what was written. */
const UNREADABLE = ["one\ntwo", "one\rtwo", "tab\there", "bell\u0007", "gone\u007f", "c1\u0085", "halted\u202eevitca", "a\u2066b", "a\u2028b"];

test("what may not be acknowledged, and by whom", async () => {
  const path = `/alerts/${killed.id}/acknowledge`;
  const program = server.program("bot", ["--role", "trader"]);
  const byToken = await program.post(path, { note: "mine" });
  assert.deepEqual([byToken.status, byToken.body.code], [403, "approval_needs_person"], byToken.text);
  assert.equal((await viewer.post(path, { note: "mine" })).status, 403);
  for (const body of [{}, { note: "" }, { note: " \n" }, { note: 7 }, { note: "x".repeat(512) }, { note: "x", more: 1 }]) {
    assert.equal((await trader.post(path, body)).status, 400, JSON.stringify(body).slice(0, 40));
  }
  for (const note of UNREADABLE) {
    const refused = await trader.post(path, { note });
    assert.deepEqual([refused.status, refused.body.code], [400, "malformed"], JSON.stringify(note));
    assert.match(refused.body.detail, /turns the direction of text/);
  }
  assert.equal((await trader.post("/alerts/AL1-999999/acknowledge", { note: "x" })).status, 404);
  assert.equal((await trader.post("/alerts/nonsense/acknowledge", { note: "x" })).status, 404);
  assert.equal((await trader.get(`/alerts/${killed.id}`)).body.acknowledged, null);
});

test("a named person acknowledges, once; it goes on firing, and the stream says so", async () => {
  const socket = await viewer.stream();
  socket.subscribe("alerts");
  const first = await socket.next("alerts", (frame) => frame.type === "snapshot");
  assert.ok(first.data.items.some((item) => item.id === killed.id));
  const reply = await trader.post(`/alerts/${killed.id}/acknowledge`, { note: "I have it, bad fills" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.state, "firing");
  const { by, person: who, note, id } = reply.body.acknowledged;
  assert.deepEqual([by, who, note, id], ["trader", "trader", "I have it, bad fills", killed.id]);
  const told = await socket.next("alerts", (frame) => frame.type === "delta" && frame.data.items.some((item) => item.acknowledged));
  assert.equal(told.data.items.find((item) => item.id === killed.id).acknowledged.by, "trader");
  socket.close();
  const again = await risk1.post(`/alerts/${killed.id}/acknowledge`, { note: "me too" });
  assert.deepEqual([again.status, again.body.code], [409, "conflict"]);
  assert.match(again.body.detail, /trader has acknowledged it/);
});

test("the hand-over has acknowledgements and notes, newest first", async () => {
  assert.equal((await server.program("bot2", ["--role", "risk"]).post("/alerts/note", { note: "x" })).status, 403);
  for (const note of UNREADABLE) {
    assert.equal((await risk1.post("/alerts/note", { note })).status, 400, JSON.stringify(note));
  }
  const reply = await risk1.post("/alerts/note", { note: "maker stays off until the venue answers" });
  assert.equal(reply.status, 201, reply.text);
  const { items, next } = (await viewer.get("/alerts/hand-over")).body;
  assert.deepEqual(items.map(({ what, by }) => [what, by]), [["note", "risk1"], ["acknowledged", "trader"]]);
  assert.deepEqual([items[1].alert, items[1].labels.scope, items[1].note], ["kill_active", "strategy/maker", "I have it, bad fills"]);
  assert.equal(next, null);
  const page = (await viewer.get("/alerts/hand-over?limit=1")).body;
  assert.equal(page.items[0].what, "note");
  assert.equal((await viewer.get(`/alerts/hand-over?cursor=${page.next}`)).body.items[0].what, "acknowledged");
});

test("a limit that is nearly used is told, and resolved when it is not", async () => {
  const { body: book } = await trader.get("/books/sim:BTCUSDT?depth=1");
  const price = (Math.floor(Number(book.bids[0][0]) * 0.985 * 10) / 10).toFixed(1);
  const { body: limits } = await risk1.get("/limits/instrument/sim:BTCUSDT");
  const put = await risk1.put("/limits/instrument/sim:BTCUSDT", { limits: { max_position_lots: 10 }, reason: "test" }, limits.generation);
  assert.equal(put.status, 200, put.text);
  const order = { instrument: "sim:BTCUSDT", side: "buy", qty: "0.009", price, type: "limit", tif: "GTC" };
  const placed = await trader.post("/orders", order);
  assert.equal(placed.status, 201, placed.text);
  const labels = { scope: "instrument/sim:BTCUSDT", limit: "max_position_lots" };
  const { alert } = await fired("limit_use", labels);
  assert.deepEqual([alert.value, alert.threshold, alert.severity], ["0.9", "0.8", "notify"]);
  await trader.delete(`/orders/${placed.body.id}`);
  const { alert: over } = await fired("limit_use", labels, "resolved");
  assert.deepEqual([over.id, over.resolved_ns > over.since_ns], [alert.id, true]);
});

test("the trail has what fired, what was over and who had it", async () => {
  const rows = await until("audit rows", async () => {
    const { items } = (await risk1.get("/audit?kind=alert&limit=1000")).body;
    return items.some((row) => row.new.state === "resolved" && row.new.alert === "limit_use") && items;
  });
  const fires = rows.find((row) => row.new.id === killed.id && row.new.state === "firing");
  assert.deepEqual([fires.actor, fires.scope], ["pitwall", "strategy/maker"]);
  const taken = rows.find((row) => row.actor === "trader");
  assert.deepEqual([taken.new.what, taken.new.id, taken.reason], ["acknowledged", killed.id, "I have it, bad fills"]);
  assert.ok(rows.some((row) => row.actor === "risk1" && row.new.what === "note"));
});

test("metrics and health tell when alerts were last looked at", async () => {
  const { text } = await (await person("admin")).call("GET", "/metrics");
  assert.match(text, /^pitwall_alert_firing\{alert="kill_active",severity="page"\} 2$/m);
  assert.match(text, /^pitwall_alert_firing\{alert="engine_silent",severity="page"\} \d+$/m);
  assert.match(text, /^pitwall_alerts_fired_total\{alert="kill_active"\} 2$/m);
  const [, stamp] = /^pitwall_alerts_last_evaluation_timestamp_seconds (\S+)$/m.exec(text);
  assert.ok(Math.abs(Date.now() / 1000 - Number(stamp)) < 20, stamp);
  const { body } = await viewer.call("GET", "/health");
  assert.ok(Number(body.alerts_evaluated_ns) > 0);
});

test("after a crash the same condition fires again, under a new id, and still says who had it", async () => {
  const { dir } = server;
  await server.stop("SIGKILL");
  await start({ dir });
  const { alert } = await fired("kill_active", { scope: "strategy/maker" });
  assert.notEqual(alert.id, killed.id);
  assert.deepEqual([alert.acknowledged.by, alert.acknowledged.id], ["trader", killed.id]);
  const { alert: other } = await fired("kill_active", { scope: "strategy/momentum" });
  assert.equal(other.acknowledged, null);
  const { items } = (await viewer.get("/alerts/hand-over")).body;
  assert.deepEqual(items.map(({ what }) => what), ["note", "acknowledged"]);
});

test("resumed, it is resolved; killed once more, it is nobody's", async () => {
  const proposed = await risk1.post("/resume", {
    scope: "strategy/maker",
    incident: (await risk1.get("/trading-state")).body.items.find((row) => row.scope === "strategy/maker").incident,
    reason: "explained",
  });
  assert.equal(proposed.status, 202, proposed.text);
  assert.equal((await risk2.post(`/approvals/${proposed.body.id}/approve`, {})).status, 200);
  await fired("kill_active", { scope: "strategy/maker" }, "resolved");
  await trader.post("/kill", { scope: "strategy/maker", reason: "again" });
  await fired("kill_active", { scope: "strategy/maker" });
  const { dir } = server;
  assert.equal(await server.stop(), 0);
  await start({ dir });
  const { alert } = await fired("kill_active", { scope: "strategy/maker" });
  assert.equal(alert.acknowledged, null, JSON.stringify(alert));
});

test("three crashes within an hour page", async () => {
  const { dir } = server;
  await server.stop("SIGKILL");
  await start({ dir });
  await server.stop("SIGKILL");
  await start({ dir });
  const { alert } = await fired("restart_loop");
  assert.deepEqual([alert.severity, alert.value], ["page", "3"]);
});

test("an order with an unknown fate and a drift of the position page", async (t) => {
  await server.stop("SIGKILL");
  const dir = scratch();
  const script = join(dir, "faults.jsonl");
  const rules = [
    { on: "new", nth: 1, do: "position_override", code: 7, symbol: "SOLUSDT" },
    { on: "new", nth: 2, do: "drop_req" },
  ];
  writeFileSync(script, rules.map((rule) => `${JSON.stringify(rule)}\n`).join(""));
  config = configWith(dir, QUIET, PATIENT, thresholds(["unknown_s: 1"]));
  await start({ args: ["--faults", script] });
  const order = async (instrument, qty) => {
    const { body } = await trader.get(`/books/${instrument}?depth=1`);
    const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
    const reply = await trader.post("/orders", { instrument, side: "buy", qty, price, type: "limit", tif: "GTC" });
    assert.equal(reply.status, 201, reply.text);
  };
  await order("sim:SOLUSDT", "0.1");
  const drift = await fired("position_drift", { instrument: "sim:SOLUSDT" });
  t.diagnostic(`drift to alert: ${drift.ms} ms`);
  assert.deepEqual([drift.alert.severity, drift.alert.value, drift.alert.threshold], ["page", "1", "0.01"]);
  await order("sim:BTCUSDT", "0.001");
  const unknown = await fired("unknown_orders", { venue: "sim" });
  t.diagnostic(`sent to "unknown for 1 s" alert (of which 3 s ack timeout, 1 s threshold): ${unknown.ms} ms`);
  assert.equal(unknown.alert.severity, "page");
  assert.match(unknown.alert.says, /^1 order\(s\) at sim with an unknown fate/);
  await fired("unknown_orders", { venue: "sim" }, "resolved");
});

test("a book that stands still pages, and a venue whose books all do", async (t) => {
  await server.stop("SIGKILL");
  const dir = scratch();
  const script = join(dir, "faults.jsonl");
  // Trades go on while the book of ETHUSDT stands still; later nothing at all comes for a while.
  const rules = [
    { on: "book", nth: 100, symbol: "ETHUSDT", do: "stale_book", ms: 6000 },
    { on: "book", nth: 600, symbol: "BTCUSDT", do: "delay", ms: 15000 },
  ];
  writeFileSync(script, rules.map((rule) => `${JSON.stringify(rule)}\n`).join(""));
  config = configWith(dir, QUIET, PATIENT, thresholds(["data_stale_s: 2", "stream_down_s: 3"]));
  await start({ args: ["--faults", script] });
  // By now it may be over: people had to log in first.
  const stale = await fired("data_stale", { instrument: "sim:ETHUSDT" }, "");
  assert.equal(stale.alert.severity, "page");
  const down = await fired("stream_down", { venue: "sim" }, "");
  assert.deepEqual([down.alert.severity, down.alert.threshold], ["page", "3"]);
  assert.match(down.alert.says, /^sim is (STALE|DOWN) for/);
  t.diagnostic(`stream_down told at ${down.alert.value} s, threshold 3 s`);
  await fired("stream_down", { venue: "sim" }, "resolved");
});

test("the table of alerts, its rules and the runbook say the same", () => {
  const { out } = verb("spec", "alerts");
  const rows = [...out.matchAll(/^\| `(\w+)` \| `(Pitwall\w+)` \| (page|notify) \|.*\| docs\/RUNBOOK\.md#(\S+) \|$/gm)];
  assert.ok(rows.length >= 25, out);
  const headings = readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8").match(/^#+ .*$/gm);
  const anchors = headings.map((line) => line.replace(/^#+ /, "").toLowerCase().replace(/[^\w -]/g, "").replace(/ /g, "-"));
  rows.forEach(([, , , , anchor]) => assert.equal(anchors.filter((one) => one === anchor).length, 1, anchor));
});
