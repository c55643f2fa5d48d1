// Changing limits: tighter at once, looser by two people, never over the cap, never on a stale look.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

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

async function look(path = BTC) {
  const reply = await risk1.get(path);
  assert.equal(reply.headers.etag, `"${reply.body.generation}"`);
  return reply.body;
}

/** Puts limits by somebody who has just looked. */
async function change(who, limits, path = BTC) {
  const { generation } = await look(path);
  return who.put(path, { limits, reason: "a test" }, generation);
}

test("tightening is in force when the answer comes", async () => {
  const before_ = await look();
  const reply = await risk1.put(BTC, { limits: { max_order_lots: 400 }, reason: "quieter" }, before_.generation);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.LIMITS), []);
  assert.equal(reply.body.limits.max_order_lots, 400);
  assert.ok(reply.body.generation > before_.generation);
  assert.equal(reply.headers.etag, `"${reply.body.generation}"`);
  assert.deepEqual((await look()).limits, reply.body.limits);
});

test("the change is in the audit with old, new and reason", async () => {
  const item = await until("the audit row", async () => {
    const { items } = (await risk1.get("/audit?kind=limits&limit=10")).body;
    return items.find((row) => row.reason === "quieter");
  });
  assert.equal(item.person, "risk1");
  assert.equal(item.scope, "instrument/sim:BTCUSDT");
  assert.match(JSON.stringify(item.old), /500/);
  assert.match(JSON.stringify(item.new), /400/);
});

test("a stale look is refused with what differs", async () => {
  const reply = await risk1.put(BTC, { limits: { max_order_lots: 300 }, reason: "late" }, 0);
  assert.equal(reply.status, 412);
  assert.equal(reply.body.code, "stale_version");
  assert.equal((await look()).limits.max_order_lots, 400);
});

test("no look at all is refused", async () => {
  const reply = await risk1.put(BTC, { limits: { max_order_lots: 300 }, reason: "blind" });
  assert.equal(reply.status, 428);
});

for (const match of ["*", "5", 'W/"5"', '"5", "6"', '""', '"-1"', '"5']) {
  test(`If-Match ${match.replaceAll("/", " ")} is malformed`, async () => {
    const reply = await risk1.put(BTC, { limits: {}, reason: "x" }, undefined, { "If-Match": match });
    assert.equal(reply.status, 400);
  });
}

const REFUSED = [
  ["an unknown limit", { limits: { max_order_lots: 100, max_nonsense: 1 }, reason: "x" }, 422, "unknown_limit"],
  ["over the cap", { limits: { max_order_lots: 100, max_position_lots: 999999999999 }, reason: "x" }, 422, "over_cap"],
  ["a fraction for lots", { limits: { max_order_lots: 1.5 }, reason: "x" }, 400, "malformed"],
  ["a negative limit", { limits: { max_order_lots: -1 }, reason: "x" }, 422, "out_of_range"],
  ["a word for lots", { limits: { max_order_lots: "many" }, reason: "x" }, 400, "malformed"],
  ["no reason", { limits: { max_order_lots: 100 } }, 400, "malformed"],
  ["an unknown member", { limits: { max_order_lots: 100 }, reason: "x", force: true }, 400, "unknown_field"],
  ["limits that are a list", { limits: [1], reason: "x" }, 400, "malformed"],
  ["no body", undefined, 400, "malformed"],
];
for (const [what, body, status, code] of REFUSED) {
  test(`${what} is refused and nothing is half applied`, async () => {
    const old = await look();
    const reply = await risk1.put(BTC, body, old.generation);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.body.code, code);
    assert.deepEqual(await look(), old);
  });
}

test("the schema tells the hard caps of each scope, as a refusal names them", async () => {
  const { body } = await risk1.get("/limits/schema");
  assert.deepEqual(body.caps["instrument/sim:BTCUSDT"], { max_order_lots: 2000, max_position_lots: 10000 });
  assert.deepEqual(Object.keys(body.caps), body.scopes);
  const reply = await risk1.put(BTC, { limits: { max_order_lots: 2001 }, reason: "x" }, (await look()).generation);
  assert.match(reply.body.detail, /max_order_lots cannot be 2001: the hard cap of the config file is 2000/);
});

test("an unknown scope is 404", async () => {
  const reply = await risk1.put("/limits/venue/nope", { limits: { max_order_lots: 1 }, reason: "x" }, 1);
  assert.equal(reply.status, 404);
  assert.equal(reply.body.code, "unknown_scope");
});

test("loosening waits for a second person", async () => {
  const reply = await change(risk1, { max_order_lots: 450 });
  assert.equal(reply.status, 202, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.APPROVAL), []);
  assert.equal(reply.body.state, "pending");
  assert.equal(reply.body.proposer, "risk1");
  assert.equal(reply.headers.location, `/api/v1/approvals/${reply.body.id}`);
  assert.equal((await look()).limits.max_order_lots, 400);
  assert.equal((await look()).pending.id, reply.body.id);

  const own = await risk1.post(`/approvals/${reply.body.id}/approve`, {});
  assert.equal(own.status, 403);
  assert.equal(own.body.code, "self_approval");

  const done = await risk2.post(`/approvals/${reply.body.id}/approve`, { reason: "seen" });
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.state, "applied");
  assert.equal((await look()).limits.max_order_lots, 450);
  assert.equal((await look()).pending, null);

  const again = await risk2.post(`/approvals/${reply.body.id}/approve`, {});
  assert.equal(again.status, 409);
});

test("a rejected proposal changes nothing", async () => {
  const { body } = await change(risk1, { max_order_lots: 460 });
  const reply = await risk2.post(`/approvals/${body.id}/reject`, { reason: "no" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.state, "rejected");
  assert.equal((await look()).limits.max_order_lots, 450);
});

test("a proposal goes stale when the limits move under it", async () => {
  const { body } = await change(risk1, { max_order_lots: 470 });
  assert.equal((await change(risk2, { max_order_lots: 440 })).status, 200);
  const reply = await risk2.post(`/approvals/${body.id}/approve`, {});
  assert.ok([409, 412].includes(reply.status), reply.text);
  assert.equal((await look()).limits.max_order_lots, 440);
});

test("a proposal whose base has moved is stale at once, for everybody", async () => {
  const { body } = await change(risk1, { max_order_lots: 471 });
  assert.equal((await change(risk2, { max_order_lots: 439 })).status, 200);
  await until("it to be stale", async () => (await risk1.get(`/approvals/${body.id}`)).body.state === "stale");
  assert.equal((await look()).pending, null);
  const late = await risk2.post(`/approvals/${body.id}/approve`, {});
  assert.deepEqual([late.status, late.body.code], [412, "stale_version"]);
});

test("a limit set to what it is changes nothing, and leaves others' proposals alone", async () => {
  const { body } = await change(risk1, { max_order_lots: 472 });
  const { generation } = await look();
  const same = await change(risk2, { max_order_lots: 439 });
  assert.deepEqual([same.status, same.body.generation], [200, generation]);
  assert.equal(same.body.pending.id, body.id);
  assert.equal((await risk2.post(`/approvals/${body.id}/approve`, {})).status, 200);
  assert.equal((await change(risk1, { max_order_lots: 439 })).status, 200);
});

test("null is the tightest", async () => {
  const reply = await change(risk1, { max_order_lots: null }, "/limits/instrument/sim:SOLUSDT");
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.limits.max_order_lots, null);
});

test("a token may propose but not approve", async () => {
  const program = server.program("robot", ["--role", "risk"]);
  const proposed = await change(program, { max_order_lots: 445 });
  assert.equal(proposed.status, 202, proposed.text);
  const other = server.program("robot2", ["--role", "risk"]);
  const reply = await other.post(`/approvals/${proposed.body.id}/approve`, {});
  assert.equal(reply.status, 403);
  assert.equal(reply.body.code, "approval_needs_person");
  assert.equal((await risk1.post(`/approvals/${proposed.body.id}/approve`, {})).status, 200);
});

test("the same Idempotency-Key does it once and answers the same", async () => {
  const { generation } = await look();
  const body = { limits: { max_order_lots: 420 }, reason: "once" };
  const key = { "Idempotency-Key": "limits-1" };
  const first = await risk1.put(BTC, body, generation, key);
  const second = await risk1.put(BTC, body, generation, key);
  assert.equal(first.status, 200, first.text);
  assert.equal(second.status, 200, second.text);
  assert.deepEqual(second.body, first.body);
  assert.equal(second.headers.etag, first.headers.etag);
  const other = await risk1.put(BTC, { ...body, reason: "twice" }, generation, key);
  assert.equal(other.status, 409);
});
