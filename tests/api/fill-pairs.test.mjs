// Our fills and the venue's own list, one by one: the same, one that we were never told, and what nobody can know yet.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

const NAME = "sim:BTCUSDT";
const PATH = `/reconciliation/${NAME}/fills`;
const NONE = { both: 0, differs: 0, ours_only: 0, venue_only: 0, unknown: 0 };
let server;
let viewer;
let trader;

// The second fill happens at the venue and is told to nobody who does not ask; no count of positions gives it away.
before(async () => {
  const dir = scratch();
  const script = join(dir, "faults.jsonl");
  writeFileSync(script, `${JSON.stringify({ on: "fill", nth: 2, do: "lost_fill", symbol: "BTCUSDT" })}\n`);
  const config = configWith(dir, QUIET, [/^market:\n/m, "market:\n  position_interval_ms: 0\n"]);
  server = await Server.start({ config, args: ["--faults", script] });
  viewer = await server.person("viewer");
  trader = await server.person("trader");
  await until("a market", async () => (await viewer.get(`/books/${NAME}`)).body.bids.length > 0, 15000);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

const pairs = async (query = "") => (await viewer.get(`${PATH}${query}`)).body;

/** Two at one price within 5 ms are one too many. */
async function buy(above) {
  const { body } = await viewer.get(`/books/${NAME}?depth=1`);
  const price = (Math.ceil(Number(body.asks[0][0]) * above * 10) / 10).toFixed(1);
  const order = { instrument: NAME, side: "buy", qty: "0.001", price, type: "limit", tif: "IOC" };
  const reply = await trader.post("/orders", order);
  assert.equal(reply.status, 201, reply.text);
  return reply.body.id;
}

const row = async () => {
  const [{ instruments }] = (await viewer.get("/reconciliation")).body.items;
  return instruments.find((one) => one.instrument === NAME);
};

test("before any fill there is none on either side, and the venue has said so", async () => {
  const told = await pairs();
  assert.deepEqual([told.counts, told.items, told.next, told.currency], [NONE, [], null, "USDT"]);
  assert.match(told.told_ns, /^\d+$/);
  assert.match(told.age_ns, /^\d+$/);
});

test("a fill stands on both sides as it was booked", async () => {
  const order = await buy(1.002);
  const told = await until("it is on both", async () => {
    const now = await pairs();
    return now.counts.both === 1 && now;
  });
  assert.deepEqual(shapes.differences(told, shapes.FILL_PAIRS), []);
  const [fill] = (await viewer.get("/fills")).body.items;
  const terms = { side: fill.side, qty: fill.qty, price: fill.price, fee: fill.fee };
  const { at_ns, ...pair } = told.items[0];
  assert.deepEqual(pair, { id: fill.id, state: "both", why: null, order, ours: terms, venue: terms });
  assert.ok(BigInt(at_ns) >= BigInt(told.since_ns), at_ns);
  assert.ok(Math.abs(Number(BigInt(at_ns) - BigInt(fill.at_ns))) < 2e9, "by the venue's clock");
  assert.deepEqual(told.counts, { ...NONE, both: 1 });
});

test("one that we were not told is the venue's alone, until it is asked for", async () => {
  const order = await buy(1.003);
  const seen = new Set();
  const lone = await until("it is missed", async () => {
    const { items } = await pairs();
    seen.add(items[0].state === "unknown" ? items[0].why : items[0].state);
    return items[0].state === "venue_only" && items[0];
  });
  assert.deepEqual([...seen].filter((state) => !["both", "on_its_way", "venue_only"].includes(state)), []);
  assert.deepEqual([lone.ours, lone.why, lone.order], [null, null, order]);
  assert.equal(Number(lone.venue.qty), 0.001);
  const counts = await row();
  assert.deepEqual([counts.fills, counts.venue_fills], [1, 2], "as the counts have it");
  assert.deepEqual((await pairs()).counts, { ...NONE, both: 1, venue_only: 1 });
  await until("the engine doubts: the venue has nothing to cancel", async () => {
    await trader.call("DELETE", `/v1/orders/${order}`);
    return ["UNKNOWN", "FILLED"].includes((await trader.get(`/orders/${order}`)).body.state);
  });
  const caught = await until("it has asked, and is caught up", async () => {
    const { items } = await pairs();
    return items[0].state === "both" && items[0];
  });
  assert.equal(caught.id, lone.id);
  assert.deepEqual(caught.ours, lone.venue);
  assert.deepEqual((await pairs()).counts, { ...NONE, both: 2 });
});

test("what is listed is chosen by its state, in pages, and all are counted", async () => {
  const all = await pairs();
  assert.equal(all.items.length, 2);
  assert.ok(BigInt(all.items[0].at_ns) > BigInt(all.items[1].at_ns), "the newest first");
  const first = await pairs("?limit=1&state=both");
  assert.deepEqual([first.items, first.next], [[all.items[0]], "1"]);
  const rest = await pairs(`?limit=1&state=both&cursor=${first.next}`);
  assert.deepEqual([rest.items, rest.next], [[all.items[1]], null]);
  for (const state of ["apart", "differs", "ours_only", "venue_only", "unknown"]) {
    const none = await pairs(`?state=${state}`);
    assert.deepEqual([none.items, none.counts], [[], { ...NONE, both: 2 }], state);
  }
});

test("what is asked wrongly is refused", async () => {
  assert.equal((await viewer.get(`${PATH}?state=all`)).status, 400);
  assert.equal((await viewer.get(`${PATH}?limit=0`)).status, 400);
  assert.equal((await viewer.get(`${PATH}?side=buy`)).status, 400);
  assert.equal((await viewer.get("/reconciliation/sim:NOPE/fills")).status, 404);
  assert.equal((await server.anonymous().get(PATH)).status, 401);
});
