// The kill by every way in, its receipt, and the way back: two people, and never by a restart.

import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import { Server, verb } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

let server;

afterEach(async () => {
  await server?.stop("SIGKILL");
});

async function tradingDesk() {
  server = await Server.start();
  const trader = await server.person("trader");
  await until("working orders", async () => (await openOrders(trader)).length > 2, 20000);
  return trader;
}

async function openOrders(who) {
  return (await who.get("/orders?state=open&limit=1000")).body.items;
}

async function stateOf(who, scope) {
  const { items } = (await who.get("/trading-state")).body;
  return items.find((item) => item.scope === scope);
}

async function newestOrder(who) {
  return (await who.get("/orders?limit=1")).body.items[0].seq;
}

function whole(who, incident) {
  return until("a complete receipt", async () => {
    const { body } = await who.get(`/kill/${incident}`);
    return body.complete && body.durable && body;
  });
}

/** Two people bring a killed scope back. */
async function resume(scope, incident) {
  const risk1 = await server.person("risk1");
  const risk2 = await server.person("risk2");
  const proposed = await risk1.post("/resume", { scope, incident, reason: "checked" });
  assert.equal(proposed.status, 202, proposed.text);
  assert.equal((await stateOf(risk1, scope)).state, "HALTED");
  const self = await risk1.post(`/approvals/${proposed.body.id}/approve`, {});
  assert.equal(self.body.code, "self_approval");
  const done = await risk2.post(`/approvals/${proposed.body.id}/approve`, {});
  assert.equal(done.status, 200, done.text);
  assert.equal((await stateOf(risk1, scope)).state, "ACTIVE");
}

test("a kill blocks, cancels, counts, is audited, and two people undo it", async () => {
  const trader = await tradingDesk();
  const reply = await trader.post("/kill", { scope: "firm", reason: "fat finger" });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.RECEIPT), []);
  assert.equal(reply.body.actor, "trader");
  assert.match(reply.body.incident, /^K\d+-\d+$/);

  const receipt = await whole(trader, reply.body.incident);
  assert.ok(receipt.resting > 0, JSON.stringify(receipt));
  assert.ok(Number(receipt.ns_to_block) > 0, JSON.stringify(receipt));
  assert.equal(receipt.cancels.sent, receipt.resting);
  assert.equal(receipt.cancels.confirmed + receipt.cancels.refused, receipt.cancels.sent);
  assert.equal((await openOrders(trader)).length, 0);
  assert.equal((await stateOf(trader, "firm")).state, "HALTED");
  assert.equal((await stateOf(trader, "strategy/maker")).effective, "HALTED");
  assert.ok((await newestOrder(trader)) <= receipt.last_order_seq);

  const again = await trader.post("/kill", { scope: "firm", reason: "to be sure" });
  assert.equal(again.status, 200);
  assert.equal(again.body.incident, reply.body.incident);

  const risk = await server.person("risk1");
  const rows = await until("the audit rows", async () => {
    const { items } = (await risk.get("/audit?kind=kill&limit=50")).body;
    return items.some((row) => row.reason === "to be sure") && items;
  });
  assert.ok(rows.some((row) => row.person === "trader" && row.reason === "fat finger" && row.scope === "firm"));

  await resume("firm", reply.body.incident);
  const seq = await newestOrder(trader);
  await until("new orders", async () => (await newestOrder(trader)) > seq, 15000);
  assert.deepEqual((await risk.get("/audit/verify")).body.ok, true);
});

test("a kill of one scope leaves the others trading", async () => {
  const trader = await tradingDesk();
  const reply = await trader.post("/kill", { scope: "instrument/sim:BTCUSDT", reason: "odd prints", flatten: false });
  assert.equal(reply.status, 200, reply.text);
  await whole(trader, reply.body.incident);
  assert.equal((await stateOf(trader, "firm")).state, "ACTIVE");
  assert.ok((await openOrders(trader)).every((order) => order.instrument !== "sim:BTCUSDT"));
  const seq = await newestOrder(trader);
  await until("orders elsewhere", async () => (await newestOrder(trader)) > seq, 15000);
});

test("bad kills are refused by name and kill nothing", async () => {
  const trader = await tradingDesk();
  const cases = [
    [{ scope: "venue/nope", reason: "x" }, 404, "unknown_scope"],
    [{ scope: "firm" }, 400, "malformed"],
    [{ scope: "firm", reason: "" }, 400, "malformed"],
    [{ scope: "firm", reason: "x", flatten: "yes" }, 400, "malformed"],
    [{ scope: "firm", reason: "x", now: true }, 400, "unknown_field"],
    ['{"scope":"firm","scope":"firm","reason":"x"}', 400, "malformed"],
    ['{"scope":"firm","reason":"x"} {}', 400, "malformed"],
    ['{"scope":"firm","reason":"x"', 400, "malformed"],
    ["[".repeat(5000), 400, "malformed"],
    ["[]", 400, "malformed"],
  ];
  for (const [body, status, code] of cases) {
    const reply = await trader.post("/kill", body);
    assert.equal(reply.status, status, `${JSON.stringify(body).slice(0, 80)}: ${reply.text}`);
    assert.equal(reply.body.code, code);
  }
  assert.equal((await stateOf(trader, "firm")).state, "ACTIVE");
});

test("the kill listener takes a token and answers nothing else", async () => {
  const trader = await tradingDesk();
  const robot = server.program("button", ["--scope", "kill"], server.killUrl);
  assert.equal((await server.anonymous().at(server.killUrl).call("GET", "/health/live")).status, 200);
  for (const path of ["/", "/health/ready", "/metrics", "/api/v1/status", "/api/v1/session", "/api/v1/trading-state"]) {
    assert.equal((await robot.call("GET", path)).status, 404, path);
  }
  const cookie = await trader.at(server.killUrl).post("/kill", { scope: "firm", reason: "by cookie" });
  assert.equal(cookie.status, 401);
  assert.equal((await robot.at(server.url).get("/status")).status, 403);
  const reply = await robot.post("/kill", { scope: "venue/sim", reason: "venue trouble" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.actor, "button");
  assert.equal(reply.headers.connection, "close", "an idle connection would time out under the next kill");
  assert.equal((await robot.get(`/kill/${reply.body.incident}`)).status, 200);
  assert.equal((await stateOf(trader, "venue/sim")).state, "HALTED");
});

test("the verb kills over the socket of the data directory and prints the receipt", async () => {
  const trader = await tradingDesk();
  const done = verb("kill", "--data", server.dir, "--scope", "strategy/maker", "--reason", "by hand", "--json");
  assert.equal(done.code, 0, done.err);
  const receipt = JSON.parse(done.out);
  assert.deepEqual(shapes.differences(receipt, shapes.RECEIPT), []);
  assert.match(receipt.actor, /^local:\d+$/);
  assert.equal((await stateOf(trader, "strategy/maker")).state, "HALTED");
  assert.equal(verb("kill", "--data", server.dir, "--scope", "venue/nope", "--reason", "x").code, 64);
});

test("the verb that flattens waits until nothing is held, or says that it is still filling in", async () => {
  await tradingDesk();
  const done = verb("kill", "--data", server.dir, "--scope", "firm", "--reason", "get out", "--flatten");
  assert.equal(done.code, 0, done.err);
  const [, end] = done.out.match(/^ {2}flatten {3}\d+ exits sent, (.*)$/m) ?? assert.fail(done.out);
  assert.match(done.out, end === "not done yet" ? /record {4}still filling in/ : /record {4}complete/);
});

test("SIGUSR1 kills the firm", async () => {
  const trader = await tradingDesk();
  server.process.kill("SIGUSR1");
  await until("HALTED", async () => (await stateOf(trader, "firm")).state === "HALTED");
  await until("no open orders", async () => (await openOrders(trader)).length === 0);
});

for (const [how, signal] of [["a clean stop", "SIGTERM"], ["a crash", "SIGKILL"]]) {
  test(`after ${how} a killed desk comes up HALTED with its incident`, async () => {
    const trader = await tradingDesk();
    const { body } = await trader.post("/kill", { scope: "firm", reason: "overnight" });
    await whole(trader, body.incident);
    await server.stop(signal);
    server = await Server.start({ dir: server.dir });
    assert.match(server.out + server.err, /HALTED/);
    const later = await server.person("trader");
    const state = await stateOf(later, "firm");
    assert.equal(state.state, "HALTED");
    assert.equal(state.incident, body.incident);
    assert.equal(state.actor, "trader");
    assert.equal((await openOrders(later)).length, 0);
    await resume("firm", body.incident);
  });
}

test("a kill that is joined, and a restart, move neither the time nor the name of the halt", async () => {
  const trader = await tradingDesk();
  const { body } = await trader.post("/kill", { scope: "firm", reason: "first" });
  const { reason, at_ns: killedNs } = await whole(trader, body.incident);
  const { since_ns: since, version } = await stateOf(trader, "firm");
  for (const user of ["risk1", "admin"]) {
    const who = await server.person(user);
    assert.equal((await who.post("/kill", { scope: "firm", reason: `also ${user}` })).body.joined, true);
  }
  const told = async (who) => {
    const halt = await stateOf(who, "firm");
    const receipt = (await who.get(`/kill/${body.incident}`)).body;
    return [halt.actor, halt.cause, halt.since_ns, receipt.actor, receipt.reason, receipt.at_ns];
  };
  const first = ["trader", "first", since, "trader", reason, killedNs];
  await until("the joins", async () => (await stateOf(trader, "firm")).version === version + 2);
  assert.deepEqual(await told(trader), first);
  await server.stop("SIGKILL");
  server = await Server.start({ dir: server.dir });
  assert.deepEqual(await told(await server.person("trader")), first);
});

test("a kill is never answered from a key: the same key kills again", async () => {
  const trader = await tradingDesk();
  const kill = () => trader.post("/kill", { scope: "firm", reason: "keyed" }, { "Idempotency-Key": "kill-1" });
  const first = await kill();
  await whole(trader, first.body.incident);
  await resume("firm", first.body.incident);
  const again = await kill();
  assert.equal(again.status, 200, again.text);
  assert.equal(again.headers["idempotency-replayed"], undefined);
  assert.notEqual(again.body.incident, first.body.incident);
  assert.equal((await stateOf(trader, "firm")).state, "HALTED");
});

test("a resume names the incident it clears", async () => {
  const trader = await tradingDesk();
  const { body } = await trader.post("/kill", { scope: "firm", reason: "x" });
  const risk1 = await server.person("risk1");
  const wrong = await risk1.post("/resume", { scope: "firm", incident: "K999-1", reason: "y" });
  assert.ok([404, 409, 412].includes(wrong.status), wrong.text);
  assert.equal((await stateOf(trader, "firm")).incident, body.incident);
  assert.equal((await trader.post("/resume", { scope: "firm", incident: body.incident, reason: "y" })).status, 403);
});
