// Orders and fills over a restart: the lists go on, and nothing else counts anything of them again.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { configWith, QUIET, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const INSTRUMENTS = ["sim:BTCUSDT", "sim:ETHUSDT", "sim:SOLUSDT"];
const ENDED = ["FILLED", "CANCELLED", "REJECTED", "EXPIRED"];
// An order of unknown fate is settled within seconds instead of a quarter of a minute.
const QUICK = [/idle: auto/, "idle: auto\n  query_every_ms: 100\n  void_after_ms: 1000\n  #"];
const COUNTERS = ["orders_sent_total", "orders_rejected_total", "fills_total", "taker_fill_latency_seconds_count",
  "fill_latency_seconds_count", "order_ack_seconds_count", "messages_refused_total"];

async function ready(server) {
  const trader = await server.person("trader");
  for (const instrument of INSTRUMENTS) {
    await until(`a market of ${instrument}`, async () =>
      (await trader.get(`/books/${instrument}`)).body.bids.length > 0);
  }
  return trader;
}

async function place(trader, order, states) {
  const reply = await trader.post("/orders", order);
  assert.equal(reply.status, 201, reply.text);
  return until(`${order.instrument} is ${states}`, async () => {
    const { body } = await trader.get(`/orders/${reply.body.id}`);
    return states.includes(body.state) && body;
  });
}

const take = (trader, instrument, side, qty) =>
  place(trader, { instrument, side, qty, type: "market", tif: "IOC" }, ENDED);

async function rest(trader, instrument) {
  const { body } = await trader.get(`/books/${instrument}?depth=1`);
  const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
  return place(trader, { instrument, side: "buy", qty: "0.10", price, type: "limit", tif: "GTC" }, ["WORKING"]);
}

/** Fills on both sides, an order that was amended and cancelled, and one that rests. */
async function trade(trader) {
  await take(trader, "sim:BTCUSDT", "buy", "0.050");
  await take(trader, "sim:BTCUSDT", "sell", "0.020");
  await take(trader, "sim:ETHUSDT", "sell", "0.30");
  const { id } = await rest(trader, "sim:ETHUSDT");
  const amended = await trader.call("PATCH", `/api/v1/orders/${id}`, { qty: "0.08" });
  assert.equal(amended.status, 202, amended.text);
  await until("it is amended", async () => (await trader.get(`/orders/${id}`)).body.state === "WORKING");
  assert.equal((await trader.call("DELETE", `/api/v1/orders/${id}`)).status, 202);
  await until("it has ended", async () => (await trader.get(`/orders/${id}`)).body.state === "CANCELLED");
  return { ended: id, resting: (await rest(trader, "sim:ETHUSDT")).id };
}

async function lists(caller) {
  const [orders, fills] = [await caller.get("/orders?limit=1000"), await caller.get("/fills?limit=1000")];
  return { orders: orders.body.items, fills: fills.body.items };
}

const less = (items) => items.map(({ earlier: _, ...item }) => item);
const ended = (orders, resting) => less(orders.filter(({ id, state }) => id !== resting && ENDED.includes(state)));

/** What the fills come to is what is held; quantities as numbers of the smallest step. */
async function checkSums(caller) {
  const { fills } = await lists(caller);
  for (const { instrument, qty } of (await caller.get("/positions")).body.items) {
    const sum = fills
      .filter((fill) => fill.instrument === instrument)
      .reduce((held, fill) => held + (fill.side === "buy" ? 1 : -1) * Math.round(Number(fill.qty) * 1e6), 0);
    assert.equal(sum, Math.round(Number(qty) * 1e6), instrument);
  }
}

async function checkUncounted(server, caller) {
  const { text } = await (await server.person("admin")).call("GET", "/metrics");
  for (const name of COUNTERS) {
    const samples = [...text.matchAll(new RegExp(`^pitwall_${name}(?:{[^}]*})? (\\S+)$`, "gm"))];
    assert.ok(samples.length > 0 || name === "messages_refused_total", name);
    samples.forEach(([line, value]) => assert.equal(Number(value), 0, line));
  }
  for (const venue of (await caller.get("/reconciliation")).body.items) {
    for (const row of venue.instruments) {
      assert.equal(row.fills, 0, row.instrument);
      assert.equal(Number(row.fee), 0, row.instrument);
      const { counts } = (await caller.get(`/reconciliation/${row.instrument}/fills`)).body;
      assert.deepEqual(Object.values(counts).filter((count) => count !== 0), [], row.instrument);
    }
  }
}

/** Before the carried order has got its answer and after: it is open once, or not at all. */
async function checkOpen(server, caller, resting) {
  await until("the order is settled", async () => {
    const { body: order } = await caller.get(`/orders/${resting}`);
    const open = (await caller.get("/orders?state=open")).body.items;
    const { orders } = await lists(caller);
    assert.equal(orders.filter(({ id }) => id === resting).length, 1, "it is shown once");
    assert.ok(open.every(({ id, earlier }) => id === resting && !earlier), JSON.stringify(open));
    return ENDED.includes(order.state);
  });
  assert.deepEqual((await caller.get("/orders?state=open")).body.items, []);
  const { text } = await (await server.person("admin")).call("GET", "/metrics");
  assert.match(text, /^pitwall_open_orders 0$/m);
  assert.match(text, /^pitwall_orders_unknown 0$/m);
  assert.ok((await caller.get("/strategies")).body.items.every(({ open_orders }) => open_orders === 0));
}

async function walk(caller, list) {
  const ids = [];
  let next = "";
  do {
    const { body } = await caller.get(`/${list}?limit=2${next}`);
    ids.push(...body.items.map(({ id }) => id));
    next = body.next && `&cursor=${body.next}`;
  } while (next);
  return ids;
}

/** An ended order answers alike, of whichever run it is. */
async function checkEnded(caller, id) {
  const answers = [];
  for (const [method, body] of [["DELETE", undefined], ["PATCH", { qty: "0.05" }]]) {
    const { status, body: problem } = await caller.call(method, `/api/v1/orders/${id}`, body);
    answers.push([status, problem.code, problem.detail]);
  }
  return answers;
}

async function checkStream(caller, { orders, fills }) {
  const socket = await caller.stream();
  socket.subscribe("orders", "fills");
  for (const [topic, items] of Object.entries({ orders, fills })) {
    const frame = await socket.next(topic);
    assert.equal(frame.type, "snapshot");
    assert.deepEqual(frame.data.items, items, topic);
  }
  const { id } = await take(caller, "sim:SOLUSDT", "buy", "2");
  const delta = await socket.next("fills", (frame) => frame.type === "delta");
  assert.ok(delta.data.items.every(({ order, earlier }) => order === id && !earlier), JSON.stringify(delta));
  await socket.next("orders", ({ data }) => data.items.some((order) => order.id === id && order.state === "FILLED"));
  socket.close();
}

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`after a ${signal} the lists go on, and nothing is counted again`, async () => {
    const file = configWith(scratch(), QUIET, QUICK);
    const server = await Server.start({ config: file });
    const trader = await ready(server);
    const { ended: one, resting } = await trade(trader);
    const before = await lists(trader);
    assert.ok(before.fills.length >= 3 && before.orders.length === 5, JSON.stringify(before.orders));
    assert.ok([...before.orders, ...before.fills].every(({ earlier }) => earlier === false));
    await checkSums(trader);
    const answers = await checkEnded(trader, one);
    await server.stop(signal);

    const again = await Server.start({ dir: server.dir, config: file });
    const later = await ready(again);
    await checkUncounted(again, later);
    const now = await lists(later);
    assert.deepEqual(less(now.fills), less(before.fills));
    assert.ok(now.fills.every(({ earlier }) => earlier));
    assert.deepEqual(ended(now.orders, resting), ended(before.orders, resting));
    assert.deepEqual(now.orders.map(({ id }) => id), before.orders.map(({ id }) => id));
    await checkSums(later);
    await checkOpen(again, later, resting);
    assert.deepEqual((await later.get(`/orders/${one}`)).body.qty, "0.08");
    assert.deepEqual(await checkEnded(later, one), answers);
    assert.equal((await later.get(`/orders/${one}/why`)).status, 404);
    const local = JSON.parse(verb("fills", "--data", again.dir, "--json").out);
    assert.deepEqual(local.items, now.fills);

    await checkStream(later, await lists(later));
    const both = await lists(later);
    assert.deepEqual(both.fills.slice(-now.fills.length), now.fills);
    assert.equal(both.orders[0].seq, 1, "the newest is this run's first");
    assert.deepEqual(await walk(later, "orders"), both.orders.map(({ id }) => id));
    assert.deepEqual(await walk(later, "fills"), both.fills.map(({ id }) => id));
    await checkSums(later);
    assert.equal(await again.stop(), 0);

    const third = await Server.start({ dir: server.dir, config: file });
    const last = await third.person("viewer");
    assert.deepEqual(less((await lists(last)).fills), less(both.fills));
    assert.deepEqual((await lists(last)).orders.map(({ id }) => id), both.orders.map(({ id }) => id));
    await checkSums(last);
    assert.equal(await third.stop(), 0);
  });
}

test("without audit.db they are made again from the journal, with the rest of it", async () => {
  const file = configWith(scratch(), QUIET, QUICK);
  const server = await Server.start({ config: file });
  const trader = await ready(server);
  await trade(trader);
  const before = await lists(trader);
  assert.equal(await server.stop(), 0);
  ["", "-wal", "-shm"].forEach((end) => rmSync(join(server.dir, `audit.db${end}`), { force: true }));
  const again = await Server.start({ dir: server.dir, config: file });
  const now = await lists(await again.person("viewer"));
  assert.deepEqual(less(now.fills), less(before.fills));
  assert.deepEqual(now.orders.map(({ id }) => id), before.orders.map(({ id }) => id));
  assert.equal(await again.stop(), 0);
});

test("the receipt of a kill says after a restart what it said before", async () => {
  const file = configWith(scratch(), QUIET, QUICK);
  const server = await Server.start({ config: file });
  const trader = await ready(server);
  await take(trader, "sim:ETHUSDT", "buy", "0.30");
  await rest(trader, "sim:ETHUSDT");
  const { incident } = (await trader.post("/kill", { scope: "firm", reason: "drill", flatten: true })).body;
  const receipt = (caller) => async () => {
    const { body } = await caller.get(`/kill/${incident}`);
    return body.complete && body.durable && body.flatten?.done && body;
  };
  const before = await until("a receipt that is complete", receipt(trader));
  assert.ok(before.resting > 0 && before.flatten.orders > 0, JSON.stringify(before));
  await server.stop("SIGKILL");
  const again = await Server.start({ dir: server.dir, config: file });
  const now = await until("it is complete still", receipt(await again.person("trader")));
  // How long the block took is told by the call, and kept nowhere.
  assert.deepEqual({ ...now, ns_to_block: null }, { ...before, ns_to_block: null });
  assert.equal(now.ns_to_block, null);
  assert.equal(await again.stop(), 0);
});
