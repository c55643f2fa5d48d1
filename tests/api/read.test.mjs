// Every GET answers the shape that DESIGN section 5 fixes, on a market that moves and a strategy that trades.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

let server;
let viewer;
let risk;
let admin;

before(async () => {
  server = await Server.start();
  viewer = await server.person("viewer");
  risk = await server.person("risk1");
  admin = await server.person("admin");
  await until("a fill", async () => (await viewer.get("/fills?limit=1")).body.items.length > 0, 20000);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

const { list } = shapes;
const READS = {
  "/status": shapes.STATUS,
  "/latest": { status: shapes.STATUS, pnl: shapes.PNL, positions: list(shapes.POSITION), trading_state: list(shapes.STATE) },
  "/venues": list(shapes.VENUE),
  "/instruments": list({ instrument: "instrument", venue: "text", symbol: "text", tick_size: "decimal", lot_size: "decimal", settle: "text" }),
  "/books/sim:BTCUSDT": shapes.BOOK,
  "/books/sim%3AETHUSDT?depth=3": shapes.BOOK,
  "/trades?instrument=sim:BTCUSDT": list(shapes.TRADE),
  "/positions": list(shapes.POSITION),
  "/reconciliation": list(shapes.VENUE_ACCOUNT),
  "/reconciliation/sim:BTCUSDT/fills?state=both": shapes.FILL_PAIRS,
  "/pnl": shapes.PNL,
  "/orders": list(shapes.ORDER),
  "/orders?state=open&strategy=maker&instrument=sim:BTCUSDT": list(shapes.ORDER),
  "/fills": list(shapes.FILL),
  "/trading-state": list(shapes.STATE),
  "/limits": list(shapes.LIMITS),
  "/limits/firm": shapes.LIMITS,
  "/limits/venue/sim": shapes.LIMITS,
  "/limits/venue%2Fsim": shapes.LIMITS,
  "/limits/instrument/sim:BTCUSDT": shapes.LIMITS,
  "/limits/instrument%2Fsim%3ABTCUSDT": shapes.LIMITS,
  "/limits/schema": { limits: [{ name: "text", unit: "text" }], scopes: ["text"], caps: { map: { map: "count|decimal" } } },
  "/latency": shapes.LATENCY,
  "/me": { user: "text", role: "text", csrf: "text", must_change_password: "bool", reauth_until_ns: "null|ns" },
};

/** The reporter ends a name at a slash. */
const words = (path) => path.slice(1).replaceAll("/", " ");

for (const [path, shape] of Object.entries(READS)) {
  test(`${words(path)} has its shape`, async () => {
    const reply = await viewer.get(path);
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(shapes.differences(reply.body, shape), []);
    assert.equal(reply.headers["content-type"], "application/json");
    assert.equal(reply.headers["cache-control"], "no-store");
  });
}

const RISK_READS = {
  "/approvals": list(shapes.APPROVAL),
  "/audit": list(shapes.AUDIT),
  "/audit/verify": shapes.VERIFY,
};

for (const [path, shape] of Object.entries(RISK_READS)) {
  test(`${words(path)} has its shape for risk`, async () => {
    const reply = await risk.get(path);
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(shapes.differences(reply.body, shape), []);
  });
}

test("people and tokens are listed without their secrets", async () => {
  server.program("reader", ["--role", "viewer"]);
  const users = await admin.get("/users");
  const tokens = await admin.get("/tokens");
  assert.deepEqual(
    users.body.items.map((row) => row.user).sort(),
    ["admin", "risk1", "risk2", "trader", "viewer"],
  );
  assert.equal(tokens.body.items[0].name, "reader");
  assert.doesNotMatch(users.text + tokens.text, /argon2|hash|secret|pw_/);
});

test("the status says where the reserved listener answers the kill", async () => {
  const { kill_url } = (await viewer.get("/status")).body;
  assert.equal(kill_url, server.run.kill_url);
  assert.equal((await fetch(`${kill_url}/health/live`)).status, 200);
});

test("health tells of the engine and needs no log-in", async () => {
  const caller = server.anonymous();
  assert.equal((await caller.call("GET", "/health/live")).status, 200);
  const ready = await caller.call("GET", "/health/ready");
  assert.equal(ready.status, 200);
  assert.deepEqual([ready.body.ready, ready.body.reasons], [true, []]);
  assert.equal((await caller.call("GET", "/health")).body.live, true);
});

test("a query argument that a route does not have is refused, and named", async () => {
  for (const [path, named] of [
    ["/positions?limt=1", "limt"],
    ["/orders?limit=1&venue=sim", "venue"],
    ["/audit?actor=risk1&knid=kill", "knid"],
    ["/status?=1", ""],
    ["/kill/I1-1?x", "x"],
  ]) {
    const reply = await (path.startsWith("/audit") ? risk : viewer).get(path);
    const status = path.startsWith("/kill") ? 403 : 400; // who may not call it is not told what it takes
    assert.equal(reply.status, status, `${path}: ${reply.text}`);
    assert.ok(status === 403 || reply.body.detail.includes(`"${named}"`), reply.text);
  }
  assert.equal((await viewer.get("/orders?&limit=2&")).status, 200);
});

test("the tape is the market's: numbered, newest first, at prices of the tick", async () => {
  const ask = async (more = "") => (await viewer.get(`/trades?instrument=sim:BTCUSDT${more}`)).body.items;
  await until("trades", async () => (await ask()).length >= 5, 20000);
  const tape = await ask();
  tape.slice(1).forEach((trade, at) => assert.equal(trade.seq, tape[at].seq - 1));
  assert.ok(tape.every((trade) => trade.instrument === "sim:BTCUSDT" && Number(trade.qty) > 0));
  const { tick_size } = (await viewer.get("/instruments")).body.items.find((row) => row.instrument === "sim:BTCUSDT");
  const mid = Number((await viewer.get("/books/sim:BTCUSDT?depth=1")).body.bids[0][0]);
  for (const { price } of tape) {
    assert.ok(Math.abs(Number(price) / Number(tick_size) - Math.round(Number(price) / Number(tick_size))) < 1e-6, price);
    assert.ok(Math.abs(Number(price) / mid - 1) < 0.05, `${price} at a bid of ${mid}`);
  }
  assert.equal((await ask("&limit=3")).length, 3);
  const other = (await viewer.get("/trades?instrument=sim:ETHUSDT")).body.items;
  assert.ok(other.every((trade) => trade.instrument === "sim:ETHUSDT"));
  for (const query of ["", "?instrument=sim:NOPE", "?instrument=sim:BTCUSDT&limit=0"]) {
    assert.equal((await viewer.get(`/trades${query}`)).status, 400, query);
  }
});

test("what the venue did today is what we booked, fill for fill and fee for fee", async () => {
  const today = async () => {
    const [{ instruments }] = (await viewer.get("/reconciliation")).body.items;
    return instruments.find((row) => row.instrument === "sim:BTCUSDT");
  };
  await until("fills", async () => (await today()).fills >= 3, 20000);
  const row = await until("both counts of one moment", async () => {
    const both = await today();
    return both.fills === both.venue_fills && both.fills_since_told >= 0 && both;
  });
  assert.ok(row.fills - row.fills_since_told <= row.venue_fills);
  assert.equal(row.fee, row.venue_fee);
  assert.notEqual(Number(row.fee), 0);
});

test("a short list is answered whole, or in pages by the place", async () => {
  const whole = (await viewer.get("/instruments")).body;
  assert.equal(whole.next, null);
  const first = (await viewer.get("/instruments?limit=2")).body;
  assert.deepEqual([first.items, first.next], [whole.items.slice(0, 2), "2"]);
  const rest = (await viewer.get(`/instruments?limit=2&cursor=${first.next}`)).body;
  assert.deepEqual([rest.items, rest.next], [whole.items.slice(2), null]);
  assert.deepEqual((await viewer.get("/instruments?cursor=99")).body.items, []);
  assert.equal((await viewer.get("/instruments?limit=0")).status, 400);
});

test("HEAD answers like GET without a body", async () => {
  const reply = await viewer.call("HEAD", "/v1/status");
  assert.equal(reply.status, 200);
  assert.equal(reply.text, "");
  assert.ok(Number(reply.headers["content-length"]) > 100);
});

test("lists are paged, newest first, without a gap or a repeat", async () => {
  const whole = (await viewer.get("/fills?limit=1000")).body.items.map((fill) => fill.seq);
  const first = (await viewer.get("/fills?limit=1")).body;
  assert.equal(first.items.length, 1);
  const seen = [first.items[0].seq];
  for (let next = first.next; next; ) {
    const page = (await viewer.get(`/fills?limit=2&cursor=${next}`)).body;
    seen.push(...page.items.map((fill) => fill.seq));
    next = page.next;
  }
  assert.deepEqual(seen, [...seen].sort((a, b) => b - a));
  assert.deepEqual(seen.filter((seq) => whole.includes(seq)), whole);
});

for (const query of ["limit=0", "limit=1001", "limit=x", "cursor=-1", "limit=1&limit=2", "limit=%zz"]) {
  test(`a page of ${query} is malformed`, async () => {
    const reply = await viewer.get(`/orders?${query}`);
    assert.equal(reply.status, 400);
    assert.equal(reply.body.code, "malformed");
  });
}

test("an order says why it passed", async () => {
  const reply = await until("an order's checks", async () => {
    const { items } = (await viewer.get("/orders?limit=5")).body;
    const answer = items[0] && (await viewer.get(`/orders/${items[0].id}/why`));
    return answer?.status === 200 && answer;
  });
  const check = { name: "text", scope: "null|text", measured: "any", limit: "any", headroom: "any", passed: "bool" };
  const shape = { order: "text", passed: "bool", reason: "null|text", denied_by: "null|text", state_of: "null|text", generation: "count", checks: [check], ages_ns: { map: "null|ns" } };
  assert.deepEqual(shapes.differences(reply.body, shape), []);
  assert.equal(reply.body.passed, true);
  const names = reply.body.checks.map((row) => row.name);
  for (const name of ["max_order_lots", "max_gross_notional", "max_margin_ratio", "halted", "self_match", "balance"]) {
    assert.ok(names.includes(name), name);
  }
  for (const age of ["book", "venue", "rate"]) {
    assert.ok(age in reply.body.ages_ns, age);
  }
});

test("what is not there is 404 with problem details", async () => {
  for (const path of ["/orders/PW9-9", "/orders/PW9-9/why", "/books/sim:NOPE", "/limits/venue/nope", "/nope", "/kill/K9-9"]) {
    const reply = await risk.get(path);
    assert.equal(reply.status, 404, path);
    assert.equal(reply.headers["content-type"], "application/problem+json");
    assert.deepEqual(shapes.differences(reply.body, shapes.PROBLEM), []);
    assert.equal(reply.body.request_id, reply.headers["x-request-id"]);
  }
});

test("metrics name what DESIGN says must exist", async () => {
  const { status, text } = await admin.call("GET", "/metrics");
  assert.equal(status, 200);
  for (const name of [
    'pitwall_build_info{', 'pitwall_trading_state{scope="firm"} 0', "pitwall_kill_switch_active 0",
    'pitwall_orders_sent_total{venue="sim"}', 'pitwall_orders_denied_total{reason="halted"}',
    'pitwall_fills_total{venue="sim"}', 'pitwall_position_lots{instrument="sim:BTCUSDT"}', 'pitwall_pnl{component="total"}',
    'pitwall_pnl{component="fee"}', 'pitwall_pnl{component="rebate"}', 'pitwall_pnl{component="funding"}', "pitwall_equity ",
    "pitwall_equity_peak ", "pitwall_drawdown_ratio ", "pitwall_day_pnl ", "pitwall_margin_ratio ", "# TYPE pitwall_liquidation_distance_ratio",
    'pitwall_limit{scope="firm",limit="max_order_lots"} 100000', "pitwall_open_orders", "pitwall_orders_unknown",
    'pitwall_limit_used_ratio{scope="firm",limit="max_open_orders"} ', 'pitwall_limit_used_ratio{scope="firm",limit="max_position_lots"} ',
    'pitwall_limit_used_ratio{scope="firm",limit="max_messages_per_s"} ', 'pitwall_limit_used_ratio{scope="firm",limit="max_orders_per_day"} ',
    'pitwall_limit_used_ratio{scope="firm",limit="max_repeated_executions"} ',
    'pitwall_limit_used_ratio{scope="firm",limit="max_daily_loss"} ', 'pitwall_trigger_fired_total{trigger="daily_loss"} 0',
    "pitwall_tick_to_order_seconds_bucket", 'pitwall_order_ack_seconds_bucket{venue="sim"', "pitwall_engine_step_seconds",
    'pitwall_ring_depth{ring="market",gateway="simulated"}', 'pitwall_ring_depth{ring="commands"}',
    'pitwall_stream_connected{venue="sim"} 1', 'pitwall_stream_reconnects_total{venue="sim"} 0', "# TYPE pitwall_clock_offset_seconds gauge",
    "# TYPE pitwall_position_drift_ratio gauge", "pitwall_journal_sequence", "pitwall_audit_sequence", "pitwall_ws_clients 0",
    'pitwall_http_requests_total{route="GET /api/v1/status",code="200"}',
  ]) {
    assert.ok(text.includes(name), `no ${name}`);
  }
});

test("the page carries the strict policy and its files never change under their name", async () => {
  const page = await server.anonymous().call("GET", "/");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-security-policy"], /^default-src 'none'; script-src 'self'; .*require-trusted-types-for 'script'$/);
  assert.equal(page.headers["cache-control"], "no-store");
  const file = /\/static\/[0-9a-f]+\/[\w./-]+\.js/.exec(page.text)?.[0];
  if (file) {
    const script = await server.anonymous().call("GET", file);
    assert.equal(script.status, 200);
    assert.equal(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert.match(script.headers["cache-control"], /immutable/);
  } else {
    assert.match(page.text, /make web/);
  }
});
