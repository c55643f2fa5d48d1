// Limits as they were: history, what two generations differ in, and the way back.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";

const BTC = "/limits/instrument/sim:BTCUSDT";
let server;
let risk1;
let risk2;
let first;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
  first = (await risk1.get(BTC)).body.generation;
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function look() {
  return (await risk1.get(BTC)).body;
}

async function tighten(limits, reason) {
  const { generation } = await look();
  const reply = await risk1.put(BTC, { limits, reason }, generation);
  assert.equal(reply.status, 200, reply.text);
  return reply.body.generation;
}

async function revert(to, version, reason = "back") {
  return risk1.post(`${BTC}/revert`, { to, reason }, { "If-Match": `"${version ?? (await look()).generation}"` });
}

let second;
let third;

test("history names who, when, why, old and new, newest first, as soon as the change is answered", async () => {
  second = await tighten({ max_order_lots: 400 }, "quieter");
  third = await tighten({ max_order_lots: 300, max_position_lots: 900 }, "quieter still");
  const { status, body } = await risk1.get(`${BTC}/history`);
  assert.equal(status, 200);
  assert.equal(body.next, null);
  assert.deepEqual(body.items.map((item) => [item.generation, item.base, item.person, item.reason, item.approval, item.old, item.new]), [
    [third, second, "risk1", "quieter still", null, { max_order_lots: 400, max_position_lots: 1000 }, { max_order_lots: 300, max_position_lots: 900 }],
    [second, first, "risk1", "quieter", null, { max_order_lots: 500 }, { max_order_lots: 400 }],
  ]);
  body.items.forEach((item) => assert.match(item.at_ns, /^\d{19}$/));
});

test("its pages join without a gap or a repeat", async () => {
  const one = (await risk1.get(`${BTC}/history?limit=1`)).body;
  assert.deepEqual(one.items.map((item) => item.generation), [third]);
  const two = (await risk1.get(`${BTC}/history?limit=1&cursor=${one.next}`)).body;
  assert.deepEqual([two.items.map((item) => item.generation), two.next], [[second], null]);
  assert.equal((await risk1.get(`${BTC}/history?limit=0`)).status, 400);
  assert.equal((await risk1.get(`${BTC}/history?cursor=x`)).status, 400);
});

test("another scope has its own", async () => {
  assert.deepEqual((await risk1.get("/limits/firm/history")).body.items, []);
  assert.equal((await risk1.get("/limits/venue/nope/history")).status, 404);
});

test("two generations differ in what changed between them", async () => {
  assert.deepEqual((await risk1.get(`${BTC}/diff?from=${first}&to=${second}`)).body,
    { scope: "instrument/sim:BTCUSDT", from: first, to: second, diff: [{ name: "max_order_lots", old: 500, new: 400 }] });
  const { diff } = (await risk1.get(`${BTC}/diff?from=${first}`)).body;
  assert.deepEqual(diff, [
    { name: "max_order_lots", old: 500, new: 300 },
    { name: "max_position_lots", old: 1000, new: 900 },
  ]);
  assert.equal((await risk1.get(`${BTC}/diff`)).status, 400);
  assert.equal((await risk1.get(`${BTC}/diff?from=999999`)).status, 404);
  assert.equal((await risk1.get(`${BTC}/diff?from=-1`)).status, 400);
});

test("a revert that loosens waits for a second person, and the history names the approval", async () => {
  const reply = await revert(first);
  assert.equal(reply.status, 202, reply.text);
  assert.equal(reply.headers.location, `/api/v1/approvals/${reply.body.id}`);
  assert.deepEqual(reply.body.diff, [
    { name: "max_order_lots", old: 300, new: 500 },
    { name: "max_position_lots", old: 900, new: 1000 },
  ]);
  assert.equal((await risk2.post(`/approvals/${reply.body.id}/approve`, {})).status, 200);
  assert.deepEqual([(await look()).limits.max_order_lots, (await look()).limits.max_position_lots], [500, 1000]);
  const [newest] = (await risk1.get(`${BTC}/history`)).body.items;
  assert.deepEqual([newest.approval, newest.person], [reply.body.id, "risk2"]);
});

test("one that tightens is at once", async () => {
  const reply = await revert(second);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual([reply.body.limits.max_order_lots, reply.body.limits.max_position_lots], [400, 1000]);
  assert.equal(reply.headers.etag, `"${reply.body.generation}"`);
});

test("what a revert wants", async () => {
  assert.equal((await risk1.post(`${BTC}/revert`, { to: first, reason: "x" })).status, 428);
  assert.equal((await revert(first, 0)).status, 412);
  assert.equal((await revert(999999)).status, 404);
  assert.equal((await revert("x")).status, 400);
  assert.equal((await revert(first, undefined, "")).status, 400);
  const same = await revert((await look()).generation);
  assert.equal(same.status, 409, same.text);
  const viewer = await server.person("viewer");
  assert.equal((await viewer.get(`${BTC}/history`)).status, 200);
  assert.equal((await viewer.post(`${BTC}/revert`, { to: first, reason: "x" }, { "If-Match": '"1"' })).status, 403);
});

test("what was null then is not guessed at", async () => {
  const start = (await look()).generation;
  const { generation } = await look();
  const added = await risk1.put(BTC, { limits: { max_open_orders: 5 }, reason: "own" }, generation);
  assert.equal(added.status, 200, added.text);
  const reply = await revert(start);
  assert.equal(reply.status, 409, reply.text);
  assert.match(reply.body.detail, /max_open_orders/);
});
