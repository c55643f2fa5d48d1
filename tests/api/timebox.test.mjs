// Raises that return by themselves: shown, over, over a restart, over a kill, and what they leave alone.

import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { pause, until } from "./wait.mjs";

const BTC = "/limits/instrument/sim:BTCUSDT";
const ETH = "/limits/instrument/sim:ETHUSDT";
const dir = join(scratch(), "data");
const config = configWith(scratch(), QUIET);
let server;
let risk1;
let risk2;

async function start() {
  server = await Server.start({ dir, config });
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
}

before(start);

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function look(path = BTC) {
  const reply = await risk1.get(path);
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

async function put(limits, more = {}, path = BTC) {
  const { generation } = await look(path);
  return risk1.put(path, { limits, reason: "a test", ...more }, generation);
}

/** Raises by two people; the approval. */
async function raise(limits, more = {}, path = BTC) {
  const proposed = await put(limits, more, path);
  assert.equal(proposed.status, 202, proposed.text);
  const done = await risk2.post(`/approvals/${proposed.body.id}/approve`, {});
  assert.equal(done.status, 200, done.text);
  return proposed.body;
}

async function returned(name, value, path = BTC) {
  return until(`${name} to be ${value} again`, async () => {
    const body = await look(path);
    return body.limits[name] === value && body.timeboxes.length === 0 && body;
  }, 20_000);
}

test("a raise for a time is proposed, shown with its end, and returns", async () => {
  const approval = await raise({ max_order_lots: 800 }, { expires_s: 4 });
  assert.deepEqual(shapes.differences(approval, shapes.APPROVAL), []);
  assert.equal(approval.expires_s, 4);
  const raised = await look();
  assert.equal(raised.limits.max_order_lots, 800);
  assert.equal(raised.requested, null);
  const [box] = raised.timeboxes;
  assert.deepEqual({ ...box, until_ns: "" },
    { name: "max_order_lots", value: 800, back_to: 500, until_ns: "", approval: approval.id });
  const leftMs = Number(BigInt(box.until_ns) / 1000000n) - Date.now();
  assert.ok(leftMs > 0 && leftMs <= 4000, `${leftMs}`);
  const back = await returned("max_order_lots", 500);
  assert.ok(back.generation > raised.generation, "the engine's own change");
});

test("its return is in the audit, by the program, with the approval it ends", async () => {
  const row = await until("the audit row", async () => {
    const { items } = (await risk1.get("/audit?kind=limits&limit=20")).body;
    return items.find((item) => item.actor === "pitwall/timebox" && item.old.max_order_lots === 800 && item.new.generation);
  });
  assert.equal(row.scope, "instrument/sim:BTCUSDT");
  assert.equal(row.new.max_order_lots, 500);
  assert.match(row.reason, /time-boxed raise over: A\d+/);
});

test("a tightening has no end, nor has what changes nothing", async () => {
  for (const value of [400, 500]) {
    const old = await look();
    const reply = await put({ max_order_lots: value }, { expires_s: 60 });
    assert.equal(reply.status, 422, reply.text);
    assert.equal(reply.body.code, "not_looser");
    assert.match(reply.body.detail, /never returns by itself/);
    assert.deepEqual(await look(), old);
  }
});

for (const [expires, status, code] of [[0, 422, "out_of_range"], [86401, 422, "out_of_range"], [-1, 422, "out_of_range"],
  ["60", 400, "malformed"], [1.5, 400, "malformed"], [null, 400, "malformed"]]) {
  test(`expires_s ${JSON.stringify(expires)} is refused`, async () => {
    const reply = await put({ max_order_lots: 600 }, { expires_s: expires });
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.body.code, code);
  });
}

test("what was tightened meanwhile stays, and what else was changed too", async () => {
  await raise({ max_order_lots: 900 }, { expires_s: 3 });
  assert.equal((await put({ max_order_lots: 300, max_position_lots: 700 })).status, 200);
  const back = await returned("max_order_lots", 300);
  assert.equal(back.limits.max_position_lots, 700);
});

test("of two over one limit the later goes back to what was before the earlier", async () => {
  await raise({ max_order_lots: 1500 }, { expires_s: 2 }, ETH);
  await raise({ max_order_lots: 1800 }, { expires_s: 6 }, ETH);
  const one = await until("the first to be over", async () => {
    const body = await look(ETH);
    return body.timeboxes.length === 1 && body;
  }, 20_000);
  assert.equal(one.limits.max_order_lots, 1800, "two people have decided on that until later");
  assert.equal(one.timeboxes[0].back_to, 1000);
  await returned("max_order_lots", 1000, ETH);
});

test("a raise that two people let stay ends the box of that limit", async () => {
  await raise({ max_order_lots: 1500 }, { expires_s: 3600 }, ETH);
  await raise({ max_order_lots: 1600 }, {}, ETH);
  const now = await look(ETH);
  assert.deepEqual([now.limits.max_order_lots, now.timeboxes], [1600, []]);
});

test("who is asked to let a raise stay sees what it would have gone back to, and when", async () => {
  await raise({ max_order_lots: 1700 }, { expires_s: 3600 }, ETH);
  const { until_ns: end } = (await look(ETH)).timeboxes[0];
  assert.equal((await put({ max_order_lots: 1690 }, {}, ETH)).status, 200);
  const { body } = await put({ max_order_lots: 1700, max_position_lots: 2001 }, {}, ETH);
  const rows = Object.fromEntries(body.diff.map((row) => [row.name, row]));
  assert.equal(rows.max_order_lots.back_to, 1600);
  assert.ok(Math.abs(Number(BigInt(rows.max_order_lots.until_ns) - BigInt(end))) < 1e9, rows.max_order_lots.until_ns);
  assert.equal(rows.max_position_lots.back_to, undefined);
  const again = await put({ max_order_lots: 1710 }, { expires_s: 60 }, ETH);
  assert.equal(again.body.diff[0].back_to, undefined, "that one does not stay");
});

test("it returns also while the firm is killed", async () => {
  await raise({ max_position_lots: 900 }, { expires_s: 2 });
  const killed = await risk1.post("/kill", { scope: "firm", reason: "a test" });
  assert.equal(killed.status, 200, killed.text);
  await returned("max_position_lots", 700);
});

test("one that runs on survives a kill -9, one that is over returns before anybody can look", async () => {
  await raise({ max_order_lots: 400 }, { expires_s: 3600 });
  await raise({ max_position_lots: 950 }, { expires_s: 4 });
  const { timeboxes } = await look();
  assert.equal(timeboxes.length, 2);
  await server.stop("SIGKILL");
  await pause(4500);
  await start();
  const now = await look();
  assert.deepEqual([now.limits.max_order_lots, now.limits.max_position_lots], [400, 700]);
  const left = await until("the one over to be forgotten", async () => {
    const body = await look();
    return body.timeboxes.length === 1 && body.timeboxes;
  }, 20_000);
  assert.deepEqual(left[0], timeboxes.find((box) => box.name === "max_order_lots"));
});

test("a proposal that was open when the program ended is gone, and the audit says so", async () => {
  const { body } = await put({ max_order_lots: 450 });
  assert.equal(await server.stop(), 0);
  await start();
  assert.equal((await risk2.get(`/approvals/${body.id}`)).status, 404);
  const row = await until("the audit row", async () => {
    const { items } = (await risk1.get("/audit?kind=approval&limit=20")).body;
    return items.find((item) => item.new?.id === body.id && item.new.state === "expired");
  });
  assert.equal(row.actor, "pitwall");
  assert.match(row.reason, /open when the program ended/);
});
