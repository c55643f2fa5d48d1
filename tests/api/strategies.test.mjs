// Strategies while they run: told at once, switched off at once, switched on by two people, and as they were after a restart.

import assert from "node:assert/strict";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, DEMO_CONFIG, scratch, Server, verb } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

const MAKER = "/strategies/maker";
const BTC = "sim:BTCUSDT";
const dir = join(scratch(), "data");
let server;
let risk1;
let risk2;
let viewer;

/** Ends every session; who is named logs in again. */
async function start(config = DEMO_CONFIG, users = ["risk1", "risk2"]) {
  server = await Server.start({ dir, config });
  const people = await Promise.all(users.map((user) => server.person(user)));
  risk1 = people[0];
  risk2 = people[1] ?? null;
  viewer = people[2] ?? risk1;
}

before(() => start(DEMO_CONFIG, ["risk1", "risk2", "viewer"]));

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function look(path = MAKER) {
  const reply = await risk1.get(path);
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers.etag, `"${reply.body.version}"`);
  return reply.body;
}

/** Puts a change by somebody who has just looked. */
async function change(who, body, path = MAKER) {
  const { version } = await look(path);
  return who.put(path, { reason: "a test", ...body }, version);
}

/** The same of something that loosens: proposed by risk1, approved by risk2; the strategy afterwards. */
async function loosen(body, path = MAKER) {
  const proposed = await change(risk1, body, path);
  assert.equal(proposed.status, 202, proposed.text);
  const done = await risk2.post(`/approvals/${proposed.body.id}/approve`, {});
  assert.equal(done.status, 200, done.text);
  return look(path);
}

async function openOrders(strategy, instrument = "") {
  const { items } = (await viewer.get(`/orders?state=open&strategy=${strategy}${instrument && `&instrument=${instrument}`}`)).body;
  return items;
}

test("each strategy is listed with its parameters and what they may be", async () => {
  const { items, next } = (await viewer.get("/strategies")).body;
  assert.equal(next, null);
  assert.deepEqual(
    items.map((item) => [item.strategy, item.kind, item.enabled, item.state]),
    [
      ["maker", "maker", true, "ACTIVE"],
      ["momentum", "momentum", true, "ACTIVE"],
    ],
  );
  items.forEach((item) => assert.deepEqual(shapes.differences(item, shapes.STRATEGY), []));
  assert.deepEqual(items[1].instruments, [BTC, "sim:ETHUSDT"]);
  assert.deepEqual(Object.keys(items[1].parameters), items[1].instruments);
  assert.equal(items[0].parameters[BTC].order_lots, 20);
  assert.equal(items[1].parameters[BTC].entry_ratio, "0.0004");
  const names = items[0].schema.map((row) => row.name);
  assert.deepEqual(Object.keys(items[0].parameters[BTC]), names);
  assert.ok(names.includes("risk_aversion") && !names.includes("fast_ms"));
});

test("a tighter parameter is in force when the answer comes, and the next quotes have it", async () => {
  const old = await look();
  const reply = await risk1.put(MAKER, { parameters: { order_lots: 7 }, reason: "smaller" }, old.version);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.STRATEGY), []);
  assert.equal(reply.body.version, old.version + 1);
  assert.equal(reply.headers.etag, `"${old.version + 1}"`);
  assert.equal(reply.body.actor, "risk1");
  assert.equal(reply.body.reason, "smaller");
  assert.deepEqual(
    Object.values(reply.body.parameters).map((values) => values.order_lots),
    [7, 7, 7],
  );
  await until("a quote of the new size", async () => (await openOrders("maker", BTC)).some(({ qty }) => Number(qty) === 0.007));
});

test("one instrument may have its own, and it comes after what is for all", async () => {
  const now = await loosen({
    parameters: { order_lots: 8, half_spread_ticks: 14 },
    per_instrument: { [BTC]: { order_lots: 9 } },
  });
  assert.deepEqual(
    Object.values(now.parameters).map((values) => [values.order_lots, values.half_spread_ticks]),
    [
      [9, 14],
      [8, 14],
      [8, 14],
    ],
  );
});

test("the change is in the audit, value by value, with who and why", async () => {
  const rows = await until("the audit rows", async () => {
    const { items } = (await risk1.get("/audit?kind=strategy&limit=50")).body;
    const mine = items.filter((row) => row.reason === "smaller");
    return mine.length === 4 && mine;
  });
  rows.forEach((row) => assert.deepEqual([row.person, row.scope], ["risk1", "strategy/maker"]));
  const event = rows.find((row) => row.new.instrument === BTC);
  assert.deepEqual([event.old.order_lots, event.new.order_lots], ["20", "7"]);
});

test("a looser parameter waits for a second person, with what it changes where", async () => {
  const old = await look();
  const reply = await change(risk1, { per_instrument: { [BTC]: { half_spread_ticks: 13, order_lots: 8 } }, reason: "closer" });
  assert.equal(reply.status, 202, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.APPROVAL), []);
  assert.deepEqual([reply.body.kind, reply.body.scope, reply.body.base], ["strategy", "strategy/maker", old.version]);
  // All or none: the tighter one waits with the looser one.
  assert.deepEqual(reply.body.diff, [
    { name: "order_lots", instrument: BTC, old: 9, new: 8 },
    { name: "half_spread_ticks", instrument: BTC, old: 14, new: 13 },
  ]);
  assert.deepEqual((await look()).parameters, old.parameters);
  assert.equal((await look()).pending.id, reply.body.id);
  assert.equal((await risk1.post(`/approvals/${reply.body.id}/approve`, {})).status, 403);
  assert.equal((await risk2.post(`/approvals/${reply.body.id}/approve`, {})).status, 200);
  const now = await look();
  assert.deepEqual([now.version, now.enabled, now.pending], [old.version + 1, true, null]);
  assert.deepEqual([now.parameters[BTC].half_spread_ticks, now.parameters[BTC].order_lots], [13, 8]);
  assert.equal(now.parameters["sim:ETHUSDT"].half_spread_ticks, 14);
});

test("two proposals over one version: the second is stale", async () => {
  const one = await change(risk1, { parameters: { max_position_lots: 700 } });
  const two = await change(risk2, { parameters: { max_position_lots: 800 } });
  assert.deepEqual([one.status, two.status], [202, 202]);
  assert.equal((await risk2.post(`/approvals/${one.body.id}/approve`, {})).status, 200);
  assert.equal((await risk1.post(`/approvals/${two.body.id}/approve`, {})).status, 412);
  assert.equal((await look()).parameters[BTC].max_position_lots, 700);
});

test("every parameter says which way is looser", async () => {
  for (const { schema } of (await viewer.get("/strategies")).body.items) {
    schema.forEach((row) => assert.match(row.looser, /^(up|down|either|neither)$/));
  }
});

test("a stale look is refused with what is, no look at all too", async () => {
  const reply = await risk1.put(MAKER, { parameters: { order_lots: 1 }, reason: "late" }, 0);
  assert.equal(reply.status, 412);
  assert.equal(reply.body.code, "stale_version");
  assert.equal((await risk1.put(MAKER, { parameters: { order_lots: 1 }, reason: "blind" })).status, 428);
});

const REFUSED = [
  ["an unknown parameter", { parameters: { order_lots: 3, nonsense: 1 } }, 422, "unknown_parameter", /"nonsense".*order_lots, max_position_lots/],
  ["another kind's parameter", { parameters: { fast_ms: 3 } }, 422, "unknown_parameter", /fast_ms/],
  ["a value out of range", { parameters: { requote_ticks: 2, order_lots: 0 } }, 422, "out_of_range", /order_lots must be from 1 to 1000000000000/],
  ["a ratio out of range", { parameters: { risk_aversion: "1.5" } }, 422, "out_of_range", /from 0 to 1/],
  ["a word for lots", { parameters: { order_lots: "many" } }, 400, "malformed", /an integer/],
  ["a number for a ratio", { parameters: { risk_aversion: 0.5 } }, 400, "malformed", /decimal string/],
  ["an instrument that it does not trade", { per_instrument: { "sim:NO": { order_lots: 3 } } }, 422, "out_of_range", /sim:NO/],
  ["nothing", {}, 400, "malformed", /parameters/],
  ["a word for enabled", { enabled: "yes" }, 400, "malformed", /true or false/],
  ["an unknown member", { parameters: { order_lots: 3 }, force: true }, 400, "unknown_field", /force/],
  ["parameters that are a list", { parameters: [1] }, 400, "malformed", /object/],
  ["no reason", { parameters: { order_lots: 3 }, reason: "" }, 400, "malformed", /reason/],
];
for (const [what, body, status, code, says] of REFUSED) {
  test(`${what} is refused and nothing is half applied`, async () => {
    const { pnl, open_orders, ...old } = await look();
    const reply = await change(risk1, body);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.body.code, code);
    assert.match(reply.body.detail, says);
    assert.deepEqual({ ...(await look()), pnl, open_orders }, { ...old, pnl, open_orders });
  });
}

test("values that do not fit together are refused", async () => {
  const reply = await change(risk1, { per_instrument: { [BTC]: { fast_ms: 30000 } } }, "/strategies/momentum");
  assert.equal(reply.status, 422, reply.text);
  assert.match(reply.body.detail, /fast_ms must be less than slow_ms/);
  const both = await change(risk1, { per_instrument: { [BTC]: { fast_ms: 30000, slow_ms: 60000 } } }, "/strategies/momentum");
  assert.equal(both.status, 202, both.text);
});

test("an unknown strategy is 404, and so are people's own orders", async () => {
  for (const name of ["nope", "manual"]) {
    const reply = await risk1.put(`/strategies/${name}`, { enabled: false, reason: "x" }, 1);
    assert.equal(reply.status, 404);
    assert.equal((await viewer.get(`/strategies/${name}`)).status, 404);
  }
});

test("a viewer reads and changes nothing", async () => {
  assert.equal((await viewer.get(MAKER)).status, 200);
  assert.equal((await change(viewer, { enabled: false })).status, 403);
});

test("the stream sends what changed, without the schema", async () => {
  const stream = await viewer.stream();
  stream.subscribe("strategies");
  const snapshot = await stream.next("strategies", (frame) => frame.type === "snapshot");
  assert.deepEqual(
    snapshot.data.items.map((item) => item.strategy),
    ["maker", "momentum"],
  );
  assert.equal(snapshot.data.items[0].schema, undefined);
  await loosen({ parameters: { requote_ticks: 5 } });
  await stream.next("strategies", ({ data }) => data.items.some((item) => item.parameters[BTC].requote_ticks === 5));
  stream.close();
});

test("disabling is at once and leaves nothing resting", async () => {
  await until("quotes", async () => (await openOrders("maker")).length > 0);
  const reply = await change(risk1, { enabled: false, parameters: { order_lots: 6 }, reason: "odd fills" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.enabled, false);
  assert.equal(reply.body.parameters[BTC].order_lots, 6);
  await until("its quotes gone", async () => (await openOrders("maker")).length === 0);
  const row = await until("the audit row", async () => {
    const { items } = (await risk1.get("/audit?kind=strategy&limit=50")).body;
    return items.find((item) => item.new.enabled === false && item.new.version !== undefined);
  });
  assert.deepEqual([row.person, row.reason, row.old.enabled], ["risk1", "odd fills", true]);
});

test("a disabled strategy and what it was told are so after a restart", async () => {
  const { version, parameters } = await look();
  assert.equal(await server.stop(), 0);
  await start();
  const now = await look();
  assert.deepEqual([now.enabled, now.version, now.actor, now.reason], [false, version, "risk1", "odd fills"]);
  assert.deepEqual(now.parameters, parameters);
  assert.equal((await look("/strategies/momentum")).enabled, true);
  assert.equal((await openOrders("maker")).length, 0);
});

test("switching on waits for a second person", async () => {
  const reply = await change(risk1, { enabled: true });
  assert.equal(reply.status, 202, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.APPROVAL), []);
  assert.deepEqual([reply.body.kind, reply.body.scope, reply.body.state], ["strategy", "strategy/maker", "pending"]);
  assert.deepEqual(reply.body.diff, [{ name: "enabled", old: "false", new: "true" }]);
  assert.equal(reply.headers.location, `/api/v1/approvals/${reply.body.id}`);
  const waits = await look();
  assert.deepEqual([waits.enabled, waits.pending.id], [false, reply.body.id]);

  assert.equal((await risk1.post(`/approvals/${reply.body.id}/approve`, {})).status, 403);
  const done = await risk2.post(`/approvals/${reply.body.id}/approve`, { reason: "seen" });
  assert.equal(done.status, 200, done.text);
  const now = await look();
  assert.deepEqual([now.enabled, now.pending], [true, null]);
  await until("quotes again", async () => (await openOrders("maker")).length > 0);
});

test("a proposal to switch on goes stale when the strategy is told something else", async () => {
  assert.equal((await change(risk1, { enabled: false })).status, 200);
  const { body } = await change(risk1, { enabled: true });
  assert.equal((await change(risk2, { parameters: { order_lots: 5 } })).status, 200);
  const reply = await risk2.post(`/approvals/${body.id}/approve`, {});
  assert.equal(reply.status, 412, reply.text);
  assert.equal((await look()).enabled, false);
});

test("parameters do not ride on a proposal to switch on", async () => {
  const reply = await change(risk1, { enabled: true, parameters: { order_lots: 5 } });
  assert.equal(reply.status, 400, reply.text);
});

test("switching off does not wait with what has to wait", async () => {
  const { body } = await change(risk1, { enabled: true });
  assert.equal((await risk2.post(`/approvals/${body.id}/approve`, {})).status, 200);
  const reply = await change(risk1, { enabled: false, parameters: { order_lots: 60 } });
  assert.equal(reply.status, 400, reply.text);
  assert.match(reply.body.detail, /two requests/);
  assert.equal((await change(risk1, { enabled: false })).status, 200);
});

test("the verb lists and changes", async () => {
  const listed = verb("strategies", "--data", dir);
  assert.equal(listed.code, 0, listed.err);
  assert.match(listed.out, /^maker {2}maker, disabled, ACTIVE, version \d+/m);
  assert.match(listed.out, /sim:ETHUSDT: order_lots=5 /);
  const set = verb(...["strategies", "set", "--data", dir, "--strategy", "momentum", "--enabled", "false"], ...["--parameters", "entry_ratio=0.001,cooldown_ms=6000", "--instrument", BTC, "--reason", "by hand", "--json"]);
  assert.equal(set.code, 0, set.err);
  const changed = JSON.parse(set.out);
  assert.deepEqual([changed.enabled, changed.parameters[BTC].entry_ratio, changed.parameters[BTC].cooldown_ms], [false, "0.001", 6000]);
  assert.equal(changed.parameters["sim:ETHUSDT"].entry_ratio, "0.0004");
  const on = verb("strategies", "set", "--data", dir, "--strategy", "momentum", "--enabled", "true", "--reason", "again");
  assert.equal(on.code, 0, on.err);
  assert.match(on.out, /^PROPOSED A\d+: change strategy\/momentum.*\n {2}strategy\/momentum enabled: "false" -> "true"/);
  const wrong = verb("strategies", "set", "--data", dir, "--strategy", "momentum", "--parameters", "order_lots=0", "--reason", "x");
  assert.equal(wrong.code, 64);
  assert.match(wrong.err, /order_lots must be from 1/);
  assert.equal(verb("strategies", "set", "--data", dir, "--strategy", "nope", "--enabled", "false", "--reason", "x").code, 69);
});

test("a file that has come to say otherwise does not switch on what was switched off, nor keep on what it switches off", async () => {
  const quiet = configWith(scratch(), [/kind: momentum\n {4}enabled: true/, "kind: momentum\n    enabled: false"]);
  assert.equal(await server.stop(), 0);
  await start(quiet);
  assert.equal((await look("/strategies/momentum")).enabled, false);
  const { body } = await change(risk1, { enabled: true }, "/strategies/momentum");
  assert.equal((await risk2.post(`/approvals/${body.id}/approve`, {})).status, 200);
  assert.equal(await server.stop(), 0);
  await start(quiet, ["risk1"]);
  assert.equal((await look("/strategies/momentum")).enabled, true, "two people have decided it over this file");
  assert.equal((await look()).enabled, false);
  assert.equal(await server.stop(), 0);
  await start(DEMO_CONFIG, ["risk1"]);
  assert.equal((await change(risk1, { parameters: { order_lots: 4 } }, "/strategies/momentum")).status, 200);
  assert.equal(await server.stop(), 0);
  await start(quiet, ["risk1"]);
  assert.equal((await look("/strategies/momentum")).enabled, false, "the file has come to say otherwise");
});

test("an arb between two instruments is told its other leg, and only one that fits", async () => {
  const pair = configWith(scratch(), [
    "strategies:\n",
    'strategies:\n  - {strategy: pair, kind: arb, enabled: true, instruments: ["sim:BTCUSDT", "sim:ETHUSDT"]}\n',
  ]);
  assert.equal(await server.stop(), 0);
  await start(pair);
  const path = "/strategies/pair";
  assert.equal((await look(path)).parameters[BTC].other, null);
  const set = await loosen({ per_instrument: { [BTC]: { other: "sim:ETHUSDT", hedge_ratio: "20" } } }, path);
  assert.deepEqual([set.parameters[BTC].other, set.parameters[BTC].hedge_ratio], ["sim:ETHUSDT", "20"]);
  const back = await change(risk1, { per_instrument: { "sim:ETHUSDT": { other: BTC } } }, path);
  assert.equal(back.status, 422, back.text);
  assert.match(back.body.detail, /pair of its own/);
  assert.equal((await change(risk1, { per_instrument: { [BTC]: { other: "sim:SOLUSDT" } } }, path)).status, 422);
  assert.equal((await change(risk1, { per_instrument: { [BTC]: { other: "sim:NO" } } }, path)).status, 422);
  assert.equal(await server.stop(), 0);
  await start(pair, ["risk1"]);
  assert.equal((await look(path)).parameters[BTC].other, "sim:ETHUSDT", "kept by its name");
});
