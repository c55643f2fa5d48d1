// Every operation of api-spec/openapi.yaml, done on the real program with the request that the file shows: what
// comes back must be what the file says of that status, to the member.
//
// The tests are one story, in order; the last one says that no operation was left out. Where an example names what
// only a run can know (an id, an incident, a price near the market), the run's own is put in its place.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { at, examples, invalid, operations, place } from "./openapi.mjs";
import { configWith, scratch, Server } from "./server.mjs";
import { code } from "./totp.mjs";
import { until } from "./wait.mjs";

const BTC = "sim:BTCUSDT";
const ETH = "sim:ETHUSDT";
const SCOPE = `instrument/${BTC}`;
const done = new Set();
let server;
let anonymous;
let viewer;
let trader;
let risk1;
let risk2;
let admin;
let person;
let scraper;

before(async () => {
  const dir = scratch();
  const faults = join(dir, "faults.jsonl");
  // The venue counts another position of one instrument than we do: that can be adopted.
  writeFileSync(faults, `${JSON.stringify({ on: "new", nth: 1, do: "position_override", code: 7, symbol: "ETHUSDT" })}\n`);
  // A loaded machine must not halt the firm by itself.
  const config = configWith(dir, [/^engine:$/m, "engine:\n  silent_ms: 30000"]);
  server = await Server.start({ config, args: ["--faults", faults] });
  anonymous = server.anonymous();
  viewer = server.program("reader", ["--role", "viewer"]);
  trader = server.program("desk", ["--role", "trader"]);
  risk1 = server.program("officer", ["--role", "risk"]);
  scraper = server.program("scraper", ["--scope", "metrics"]);
  risk2 = await server.person("risk2");
  admin = await server.person("admin");
  person = server.anonymous();
  await until("a fill", async () => (await viewer.get("/fills?limit=1")).body.items.length > 0, 30000);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

const named = (name) => operations.find((one) => one.name === name) ?? assert.fail(`no operation ${name}`);

/** The path with the parameters that are given, and the file's examples for the rest. */
function pathOf(operation, given) {
  return operation.path.replace(/\{(\w+)\}/g, (_, name) => {
    const shared = [...(operation.what.parameters ?? []), ...(at(operation.at.slice(0, 2)).parameters ?? [])];
    const found = shared.map((one) => (one.$ref ? at(one.$ref.slice(2).split("/")) : one)).find((one) => one.name === name);
    return given?.[name] ?? found.example;
  });
}

function bodyOf(operation, given) {
  const body = operation.what.requestBody && at(place(...operation.at, "requestBody"));
  if (!body) {
    return undefined;
  }
  const sent = { ...examples(body.content["application/json"])[0], ...given };
  return Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined));
}

const OURS = ["etag", "location", "retry-after", "set-cookie"];

/** Fails unless the answer is one that the file describes. */
function check(operation, reply) {
  const what = `${operation.name} ${reply.status}: ${reply.text.slice(0, 2000)}`;
  const where = place(...operation.at, "responses", String(reply.status));
  assert.ok(where, `not described: ${what}`);
  const told = Object.keys(at(where).headers ?? {}).map((name) => name.toLowerCase());
  told.forEach((name) => assert.ok(name in reply.headers, `no ${name}: ${what}`));
  OURS.filter((name) => name in reply.headers).forEach((name) => assert.ok(told.includes(name), `${name} is not described: ${what}`));
  const type = reply.headers["content-type"]?.split(";")[0];
  if (!at(where).content) {
    assert.equal(reply.text, "", what);
    return;
  }
  assert.ok(at(where).content[type], `${type} is not described: ${what}`);
  assert.deepEqual(invalid(reply.body ?? reply.text, ...where, "content", type, "schema"), [], what);
}

/** Asks for an operation and looks at the answer. `body` is put over the example, undefined takes a member out. */
async function asks(name, who, status, { params, query = "", body, headers } = {}) {
  const operation = named(name);
  const reply = await who.call(operation.method, pathOf(operation, params) + query, bodyOf(operation, body), headers);
  assert.equal(reply.status, status, `${name}: ${reply.text}`);
  check(operation, reply);
  return reply;
}

/** The same, of what is done: 2xx. */
async function does(name, who, status, more) {
  const reply = await asks(name, who, status, more);
  assert.ok(status < 300, name);
  done.add(name);
  return reply;
}

const match = (version) => ({ "If-Match": `"${version}"` });
const generation = async () => (await risk1.get(`/limits/${SCOPE}`)).body.generation;
const stateOf = async (scope) => (await viewer.get("/trading-state")).body.items.find((one) => one.scope === scope);

test("health, metrics and what a page reads", async () => {
  await does("GET /health/live", anonymous, 200);
  await does("GET /health/ready", anonymous, 200);
  await does("GET /health", anonymous, 200);
  await does("GET /metrics", scraper, 200);
  for (const path of ["status", "latest", "venues", "instruments", "positions", "reconciliation", "pnl", "limits", "limits/schema", "strategies"]) {
    await does(`GET /api/v1/${path}`, viewer, 200);
  }
  await does("GET /api/v1/latency", viewer, 200);
  await does("GET /api/v1/latency", viewer, 200, { query: "?buckets=true" });
  await does("GET /api/v1/latency-audit", viewer, 200);
  await does("GET /api/v1/books/{instrument}", viewer, 200);
  await does("GET /api/v1/trades", viewer, 200, { query: "?instrument=sim:BTCUSDT" });
  await does("GET /api/v1/reconciliation/{instrument}/fills", viewer, 200, { query: "?state=apart" });
  await does("GET /api/v1/trading-state", viewer, 200);
  await does("GET /api/v1/strategies/{strategy}", viewer, 200);
  await does("GET /api/v1/fills", viewer, 200);
  await does("GET /api/v1/config", viewer, 200);
});

test("who is asking", async () => {
  const password = server.passwords().viewer;
  person.keep(await does("POST /api/v1/session", person, 200, { body: { user: "viewer", password } }));
  await does("GET /api/v1/me", person, 200);
  await does("GET /api/v1/me", scraper, 200);
  const { body } = await does("GET /api/v1/sessions", admin, 200);
  const own = body.items.find((one) => one.user === "viewer");
  await does("DELETE /api/v1/sessions/{id}", admin, 204, { params: { id: own.id } });
  person.keep(await person.post("/session", { user: "viewer", password }));
  await does("PATCH /api/v1/me", person, 200, { body: { password } });
  await does("POST /api/v1/stream/ticket", viewer, 200);
  (await viewer.stream()).close();
  done.add("GET /api/v1/stream"); // it answered 101, else there were no socket
});

async function nearPrice(share) {
  const { body } = await trader.get(`/books/${BTC}?depth=1`);
  return String(Math.floor(Number(body.bids[0][0]) * share));
}

test("orders", async () => {
  const price = await nearPrice(0.99);
  const { body: order } = await does("POST /api/v1/orders", trader, 201, { body: { price } });
  await does("GET /api/v1/orders/{id}", viewer, 200, { params: { id: order.id } });
  await does("GET /api/v1/orders/{id}/why", viewer, 200, { params: { id: order.id } });
  await until("a resting order", async () => (await viewer.get(`/orders/${order.id}`)).body.state === "WORKING");
  await does("PATCH /api/v1/orders/{id}", trader, 202, { params: { id: order.id }, body: { price: undefined } });
  await until("the amend", async () => (await viewer.get(`/orders/${order.id}`)).body.state === "WORKING");
  await does("DELETE /api/v1/orders/{id}", trader, 202, { params: { id: order.id } });
  await asks("POST /api/v1/orders", trader, 422, { body: { price, qty: "400.000" } });
  await does("GET /api/v1/orders", viewer, 200, { query: "?limit=1000" });
  await does("POST /api/v1/orders/cancel-all", trader, 202);
});

test("limits: at once, by two, back, and what if", async () => {
  const first = await generation();
  await does("PUT /api/v1/limits/{scope}", risk1, 200, { headers: match(first) });
  const loose = { limits: { max_order_lots: 500 }, reason: "event over", expires_s: 3600 };
  const { body } = await does("PUT /api/v1/limits/{scope}", risk1, 202, { headers: match(await generation()), body: loose });
  await does("GET /api/v1/limits/{scope}", viewer, 200);
  await does("GET /api/v1/approvals", risk1, 200);
  await does("GET /api/v1/approvals/{id}", risk1, 200, { params: { id: body.id } });
  await does("POST /api/v1/approvals/{id}/approve", risk2, 200, { params: { id: body.id } });
  await does("GET /api/v1/limits/{scope}", viewer, 200);
  await does("GET /api/v1/limits/{scope}/history", viewer, 200);
  await does("GET /api/v1/limits/{scope}/diff", viewer, 200, { query: `?from=${first}` });
  await does("PUT /api/v1/limits/{scope}", risk1, 200, { headers: match(await generation()), body: { limits: { max_order_lots: 300 } } });
  await does("POST /api/v1/limits/{scope}/revert", risk1, 202, { headers: match(await generation()), body: { to: first } });
  const { body: list } = await risk1.get("/approvals?state=pending");
  await does("POST /api/v1/approvals/{id}/reject", risk2, 200, { params: { id: list.items[0].id } });
  const { body: answer } = await does("POST /api/v1/limits/what-if", risk1, 200);
  assert.deepEqual(answer.present["strategy/maker"].max_order_lots, { in_force: null, used_percent: null, proposed: 10, would_use_percent: null });
});

test("settings and strategies", async () => {
  const version = async () => (await risk1.get("/config")).body.version;
  const looser = { settings: { "engine.step_budget_ms": "40" } };
  await does("PATCH /api/v1/config", risk1, 200, { headers: match(await version()) });
  await does("PATCH /api/v1/config", risk1, 202, { headers: match(await version()), body: looser });
  await does("GET /api/v1/config", viewer, 200);
  await does("POST /api/v1/config/revert", risk1, 202, { headers: match(await version()), body: { to: 0 } });
  await until("the change in the audit", async () => (await viewer.get("/config/history")).body.items.length > 0);
  await does("GET /api/v1/config/history", viewer, 200);
  const { body } = await viewer.get("/strategies/maker");
  await does("PUT /api/v1/strategies/{strategy}", risk1, 200, { headers: match(body.version) });
  await does("GET /api/v1/strategies/{strategy}", viewer, 200);
});

test("people, second factors and tokens", async () => {
  await does("GET /api/v1/users", admin, 200);
  await does("POST /api/v1/users", admin, 202);
  const { body: clerk } = await does("POST /api/v1/users", admin, 201, { body: { user: "clerk", role: "viewer" } });
  await does("GET /api/v1/users/{name}", admin, 200, { params: { name: "clerk" } });
  await does("PATCH /api/v1/users/{name}", admin, 200, { params: { name: "clerk" }, headers: match(clerk.version), body: { role: undefined, disabled: true } });
  await does("DELETE /api/v1/users/{name}", admin, 204, { params: { name: "clerk" } });
  for (const remove of ["own", "admin"]) {
    const { body } = await does("POST /api/v1/me/totp", person, 200);
    await does("POST /api/v1/me/totp/confirm", person, 204, { body: { code: code(body.secret) } });
    await (remove === "own" ? does("DELETE /api/v1/me/totp", person, 204) : does("DELETE /api/v1/users/{name}/totp", admin, 204, { params: { name: "viewer" } }));
  }
  const { body } = await does("POST /api/v1/tokens", admin, 201);
  await does("GET /api/v1/tokens", admin, 200);
  await does("DELETE /api/v1/tokens/{name}", admin, 204, { params: { name: body.name } });
});

test("the trail", async () => {
  await does("GET /api/v1/audit", risk1, 200);
  await does("GET /api/v1/audit", risk1, 200, { query: "?limit=1000&kind=config" });
  await does("GET /api/v1/audit/verify", risk1, 200);
  await does("GET /api/v1/audit/export", risk1, 200);
  await does("GET /api/v1/audit/export", risk1, 200, { query: "?format=ndjson" });
  await does("GET /api/v1/audit/report", risk1, 200);
});

test("a difference with the venue is adopted", async () => {
  await until("a halt", async () => (await stateOf(`instrument/${ETH}`)).state === "HALTED", 30000);
  await does("POST /api/v1/positions/{instrument}/adopt", risk1, 200, { params: { instrument: ETH } });
  await does("GET /api/v1/positions", viewer, 200);
});

test("kill, alerts and the way back", async () => {
  const { version } = await stateOf(`venue/sim`);
  await does("PUT /api/v1/trading-state/{scope}", risk1, 200, { params: { scope: "venue/sim" }, headers: match(version) });
  const { body: receipt } = await does("POST /api/v1/kill", trader, 200, { body: { flatten: true } });
  await does("POST /api/v1/kill", trader, 200);
  await until("a finished kill", async () => (await trader.get(`/kill/${receipt.incident}`)).body.complete, 30000);
  await does("GET /api/v1/kill/{incident}", trader, 200, { params: { incident: receipt.incident } });
  await does("POST /api/v1/resume", risk1, 202, { body: { incident: receipt.incident } });
  await does("GET /api/v1/trading-state", viewer, 200);
  await does("GET /api/v1/latest", viewer, 200);
  const alert = await until("an alert", async () => (await viewer.get("/alerts?state=firing")).body.items.find((one) => one.alert === "kill_active"));
  await does("GET /api/v1/alerts/{id}", viewer, 200, { params: { id: alert.id } });
  await does("POST /api/v1/alerts/{id}/acknowledge", risk2, 200, { params: { id: alert.id } });
  await does("GET /api/v1/alerts", viewer, 200);
  await does("POST /api/v1/alerts/note", risk2, 201);
  await does("GET /api/v1/alerts/hand-over", viewer, 200);
  await does("GET /api/v1/approvals", risk1, 200);
});

test("the way out", async () => {
  await does("DELETE /api/v1/session", risk2, 204);
  await does("DELETE /api/v1/sessions", person, 204);
});

test("who is not known, or may not, gets a problem that is described", async () => {
  for (const operation of operations.filter((one) => !one.what.security)) {
    const nobody = await anonymous.call(operation.method, pathOf(operation, {}), bodyOf(operation, {}));
    assert.equal(nobody.status, 401, operation.name);
    check(operation, nobody);
    if (!["ANY", "METRICS"].includes(operation.what["x-role"])) {
      const stranger = await scraper.call(operation.method, pathOf(operation, {}), bodyOf(operation, {}));
      assert.equal(stranger.status, 403, operation.name);
      check(operation, stranger);
    }
  }
});

test("what is refused gets a problem that is described", async () => {
  const limits = "PUT /api/v1/limits/{scope}";
  await asks(limits, risk1, 428);
  await asks(limits, risk1, 412, { headers: match(0) });
  await asks(limits, risk1, 422, { headers: match(await generation()), body: { limits: { max_order_lot: 1 } } });
  await asks(limits, risk1, 400, { headers: match(await generation()), body: { colour: "red" } });
  await asks(limits, risk1, 404, { headers: match(0), params: { scope: "strategy/none" } });
  await asks("POST /api/v1/session", anonymous, 401);
  await asks("POST /api/v1/session", anonymous, 415, { headers: { "Content-Type": "text/plain" } });
  await asks("POST /api/v1/tokens", admin, 409, { body: { name: "officer" } });
  await asks("POST /api/v1/resume", risk1, 409, { body: { scope: "strategy/momentum", incident: null } });
  await asks("POST /api/v1/orders", trader, 422);
  await asks("GET /api/v1/orders/{id}", viewer, 404);
});

test("every operation has been done", () => {
  assert.deepEqual(operations.map((one) => one.name).filter((name) => !done.has(name)), []);
});
