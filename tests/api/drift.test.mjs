// The venue counts another position than we do: the instrument stops, and a person decides.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { pause, until } from "./wait.mjs";

const NAME = "sim:BTCUSDT";
const PATH = `/positions/${NAME}/adopt`;
let server;
let trader;
let risk1;
let risk2;

// The first order makes the venue count 7 lots, the second 9, whatever was filled.
before(async () => {
  const dir = scratch();
  const script = join(dir, "faults.jsonl");
  writeFileSync(script, [
    { on: "new", nth: 1, do: "position_override", code: 7, symbol: "BTCUSDT" },
    { on: "new", nth: 2, do: "position_override", code: 9, symbol: "BTCUSDT" },
  ].map((rule) => `${JSON.stringify(rule)}\n`).join(""));
  server = await Server.start({ config: configWith(dir, QUIET), args: ["--faults", script] });
  trader = await server.person("trader");
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
  await until("a market", async () => (await trader.get(`/books/${NAME}`)).body.bids.length > 0, 15000);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function position() {
  const { items } = (await trader.get("/positions")).body;
  return items.find((row) => row.instrument === NAME);
}

async function rest() {
  const { body } = await trader.get(`/books/${NAME}?depth=1`);
  const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
  const order = { instrument: NAME, side: "buy", qty: "0.001", price, type: "limit", tif: "GTC" };
  const reply = await trader.post("/orders", order);
  assert.equal(reply.status, 201, reply.text);
}

async function state() {
  const { items } = (await trader.get("/trading-state")).body;
  return items.find((row) => row.scope === `instrument/${NAME}`);
}

async function resume() {
  const { incident } = await state();
  const proposed = await risk1.post("/resume", { scope: `instrument/${NAME}`, incident, reason: "settled" });
  assert.equal(proposed.status, 202, proposed.text);
  const done = await risk2.post(`/approvals/${proposed.body.id}/approve`, {});
  assert.equal(done.status, 200, done.text);
}

test("without a count of the venue there is nothing to adopt", async () => {
  assert.deepEqual([(await position()).venue_lots, (await position()).drift], [null, null]);
  const reply = await risk1.post(PATH, { choice: "adopt", reason: "x" });
  assert.equal(reply.status, 409, reply.text);
  assert.match(reply.body.detail, /has not told its count/);
});

test("what is asked for must be whole, and by role risk", async () => {
  const whole = { choice: "adopt", reason: "x" };
  for (const body of [{ ...whole, choice: "take" }, { reason: "x" }, { choice: "adopt" }, { ...whole, lots: 3 }]) {
    const reply = await risk1.post(PATH, body);
    assert.equal(reply.status, 400, reply.text);
  }
  assert.equal((await trader.post(PATH, { choice: "adopt", reason: "x" })).status, 403);
  assert.equal((await risk1.post("/positions/sim:NO/adopt", { choice: "adopt", reason: "x" })).status, 404);
});

test("a drift stops the instrument, its figures are shown, and adopted it is our position", async () => {
  await rest();
  await until("halted", async () => (await state()).state === "HALTED", 10000);
  const stopped = await position();
  assert.deepEqual([stopped.lots, stopped.venue_lots, stopped.drift], [0, 7, -7]);
  const metrics = await (await server.person("admin")).call("GET", "/metrics");
  assert.match(metrics.text, /pitwall_position_drift_ratio\{venue="sim",instrument="sim:BTCUSDT"\} 1/);
  const reply = await risk1.post(PATH, { choice: "adopt", reason: "the venue's history has it" });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.POSITION), []);
  assert.deepEqual([reply.body.lots, reply.body.drift], [7, 0]);
  assert.equal((await state()).state, "HALTED");
  const again = await risk1.post(PATH, { choice: "adopt", reason: "twice" });
  assert.equal(again.status, 409, again.text);
  assert.match(again.body.detail, /nothing differs/);
});

test("the trail has both counts, who decided, and why", async () => {
  const rows = await until("the engine's row", async () => {
    const { items } = (await risk1.get("/audit?kind=position")).body;
    return items.length === 2 && items;
  });
  assert.deepEqual(rows.map((row) => [row.actor, row.scope, row.old]), [
    ["risk1", `instrument/${NAME}`, { lots: 0, venue_lots: 7 }],
    ["risk1", `instrument/${NAME}`, { lots: 0, venue_lots: 7 }],
  ]);
  const asked = rows.find((row) => row.new.choice);
  assert.equal(asked.reason, "the venue's history has it");
  const done = rows.find((row) => row.new.adopted);
  assert.equal(done.new.lots, 7);
});

test("kept, it stops nothing after people have resumed", async () => {
  await resume();
  await rest();
  await until("halted", async () => (await state()).state === "HALTED", 10000);
  const reply = await risk1.post(PATH, { choice: "keep", reason: "the venue looks into it" });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual([reply.body.lots, reply.body.venue_lots, reply.body.drift], [7, 9, -2]);
  await resume();
  await pause(1500);
  assert.equal((await state()).state, "ACTIVE");
  const trading = await risk1.post(PATH, { choice: "adopt", reason: "while it trades" });
  assert.equal(trading.status, 409, trading.text);
  assert.match(trading.body.detail, /wants the instrument HALTED/);
});
