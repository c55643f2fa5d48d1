// Two who write at once: exactly one of them wins, and the other is told so.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";

const ROUNDS = 12;
const BTC = "/limits/instrument/sim:BTCUSDT";
let server;
let risk1;
let risk2;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** Both at once; the statuses, sorted. */
async function both(one, two) {
  const replies = await Promise.all([one(), two()]);
  return replies.map((reply) => reply.status).sort((a, b) => a - b);
}

test("limits of one scope", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { generation, limits } = (await risk1.get(BTC)).body;
    const at = limits.max_order_lots;
    const change = (who, value) => () => who.put(BTC, { limits: { max_order_lots: value }, reason: "a race" }, generation);
    assert.deepEqual(await both(change(risk1, at - 1), change(risk2, at - 2)), [200, 412]);
    const now = (await risk1.get(BTC)).body;
    assert.equal(now.generation, generation + 1);
    assert.ok([at - 1, at - 2].includes(now.limits.max_order_lots));
  }
});

test("parameters of one strategy", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { version, parameters } = (await risk1.get("/strategies/momentum")).body;
    const at = parameters["sim:BTCUSDT"].cooldown_ms;
    const change = (who, value) => () => who.put("/strategies/momentum", { parameters: { cooldown_ms: value }, reason: "a race" }, version);
    assert.deepEqual(await both(change(risk1, at + 1), change(risk2, at + 2)), [200, 412]);
    assert.equal((await risk1.get("/strategies/momentum")).body.version, version + 1);
  }
});

async function stateOf(scope) {
  const { items } = (await risk1.get("/trading-state")).body;
  return items.find((item) => item.scope === scope);
}

test("the state of one scope", async () => {
  const scope = "instrument/sim:ETHUSDT";
  const { version } = await stateOf(scope);
  const change = (who, state) => () => who.put(`/trading-state/${scope}`, { state, reason: "a race" }, version);
  assert.deepEqual(await both(change(risk1, "REDUCING"), change(risk2, "HALTED")), [200, 412]);
  assert.equal((await stateOf(scope)).version, version + 1);
});

/** Back to where proposals of the next rounds loosen. */
async function settle() {
  const { generation, limits } = (await risk1.get(BTC)).body;
  if (limits.max_order_lots !== 400) {
    assert.equal((await risk1.put(BTC, { limits: { max_order_lots: 400 }, reason: "back" }, generation)).status, 200);
  }
}

async function propose(who, value) {
  const { generation } = (await who.get(BTC)).body;
  const reply = await who.put(BTC, { limits: { max_order_lots: value }, reason: "a race" }, generation);
  assert.equal(reply.status, 202, reply.text);
  return reply.body.id;
}

test("one proposal, approved and rejected at once", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await settle();
    const id = await propose(risk1, 480);
    const statuses = await both(() => risk2.post(`/approvals/${id}/approve`, {}), () => risk2.post(`/approvals/${id}/reject`, {}));
    assert.deepEqual(statuses, [200, 409]);
    assert.notEqual((await risk1.get(`/approvals/${id}`)).body.state, "pending");
  }
});

test("two proposals that cross: each approves the other's, one is stale", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await settle();
    const [one, two] = [await propose(risk1, 410), await propose(risk2, 420)];
    const statuses = await both(() => risk2.post(`/approvals/${one}/approve`, {}), () => risk1.post(`/approvals/${two}/approve`, {}));
    assert.deepEqual(statuses, [200, 412]);
    const states = await Promise.all([one, two].map(async (id) => (await risk1.get(`/approvals/${id}`)).body.state));
    assert.deepEqual(states.sort(), ["applied", "stale"]);
  }
});

test("approvals: those of a state, in pages that join", async () => {
  await settle();
  const id = await propose(risk1, 450);
  const pending = (await risk1.get("/approvals?state=pending")).body;
  assert.deepEqual(pending.items.map((item) => item.id), [id]);
  assert.equal(pending.next, null);
  const all = (await risk1.get("/approvals")).body.items.map((item) => item.id);
  const seen = [];
  let cursor = "";
  do {
    const { items, next } = (await risk1.get(`/approvals?limit=7${cursor && `&cursor=${cursor}`}`)).body;
    seen.push(...items.map((item) => item.id));
    cursor = next;
  } while (cursor);
  assert.deepEqual(seen, all);
  assert.equal((await risk1.get("/approvals?state=open")).status, 400);
});

test("what-if tells the engine nothing", async () => {
  const before_ = (await risk1.get(BTC)).body;
  const reply = await risk1.post("/limits/what-if", { limits: { "instrument/sim:BTCUSDT": { max_order_lots: 1 } }, minutes: 5 });
  assert.equal(reply.status, 200, reply.text);
  const now = (await risk1.get(BTC)).body;
  assert.deepEqual([now.generation, now.limits], [before_.generation, before_.limits]);
});
