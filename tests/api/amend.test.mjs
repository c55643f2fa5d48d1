// Amends of resting orders, through the same gate; and the way out of a killed scope.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

let server;
let trader;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  trader = await server.person("trader");
  await until("a market", async () => (await trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, 15000);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

async function priceAt(ratio) {
  const { body } = await trader.get("/books/sim:BTCUSDT?depth=1");
  return (Math.floor(Number(body.bids[0][0]) * ratio * 10) / 10).toFixed(1);
}

function settled(id, fits) {
  return until(`order ${id}`, async () => {
    const { body } = await trader.get(`/orders/${id}`);
    return fits(body) && body;
  });
}

async function resting(qty) {
  const reply = await trader.post("/orders", {
    instrument: "sim:BTCUSDT", side: "buy", qty, price: await priceAt(0.99), type: "limit", tif: "GTC",
  });
  assert.equal(reply.status, 201, reply.text);
  return settled(reply.body.id, (order) => order.state === "WORKING");
}

async function held(instrument) {
  const { items } = (await trader.get("/positions")).body;
  return Number(items.find((row) => row.instrument === instrument)?.qty ?? 0);
}

test("price and quantity of a resting order are changed", async () => {
  const order = await resting("0.020");
  const price = await priceAt(0.985);
  const reply = await trader.patch(`/orders/${order.id}`, { price, qty: "0.030" });
  assert.equal(reply.status, 202, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.ORDER), []);
  const amended = await settled(order.id, (row) => row.state === "WORKING" && Number(row.qty) === 0.03);
  assert.equal(Number(amended.price), Number(price));
  assert.equal(Number(amended.leaves), 0.03);
  const only = await trader.patch(`/orders/${order.id}`, { qty: "0.010" });
  assert.equal(only.status, 202, only.text);
  const shrunk = await settled(order.id, (row) => row.state === "WORKING" && Number(row.qty) === 0.01);
  assert.equal(Number(shrunk.price), Number(price));
  assert.equal((await trader.delete(`/orders/${order.id}`)).status, 202);
});

test("an amend that the gate denies leaves the order as it was, and says why", async () => {
  const order = await resting("0.021");
  const reply = await trader.patch(`/orders/${order.id}`, { qty: "50" });
  assert.equal(reply.status, 422, reply.text);
  assert.equal(reply.body.code, "max_order_lots");
  assert.match(reply.body.detail, /^50000 > \d+ of /);
  assert.equal(reply.body.order, order.id);
  const why = await trader.get(`/orders/${reply.body.denial}/why`);
  assert.equal(why.body.denied_by, "max_order_lots");
  const { body } = await trader.get(`/orders/${order.id}`);
  assert.equal(body.state, "WORKING");
  assert.equal(Number(body.qty), 0.021);
  assert.equal((await trader.delete(`/orders/${order.id}`)).status, 202);
});

const REFUSED = [
  ["nothing to change", {}, 400, "malformed"],
  ["an unknown member", { side: "sell" }, 400, "unknown_field"],
  ["a number for a quantity", { qty: 0.02 }, 400, "malformed"],
  ["a price off the tick", { price: "60000.05" }, 422, "off_tick"],
  ["a size off the lot", { qty: "0.0105" }, 422, "off_lot"],
];
for (const [at, [what, body, status, code]] of REFUSED.entries()) {
  test(`${what} is refused`, async () => {
    const order = await resting(`0.04${at}`); // an equal order so soon would be a duplicate
    const reply = await trader.patch(`/orders/${order.id}`, body);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.body.code, code);
    assert.equal((await trader.delete(`/orders/${order.id}`)).status, 202);
  });
}

test("a finished or unknown order cannot be amended", async () => {
  const order = await resting("0.050");
  await trader.delete(`/orders/${order.id}`);
  await settled(order.id, (row) => row.state === "CANCELLED");
  assert.equal((await trader.patch(`/orders/${order.id}`, { qty: "0.010" })).status, 409);
  assert.equal((await trader.patch("/orders/PW9-9", { qty: "0.010" })).status, 404);
});

test("a kill with flatten gets out of what is held, and its receipt counts the exits", async () => {
  const bought = await trader.post("/orders", {
    instrument: "sim:BTCUSDT", side: "buy", qty: "0.050", type: "market", tif: "IOC",
  });
  assert.equal(bought.status, 201, bought.text);
  await settled(bought.body.id, ({ state }) => state === "FILLED");
  assert.ok(Math.abs((await held("sim:BTCUSDT")) - 0.05) < 1e-9);

  const kill = await trader.post("/kill", { scope: "firm", reason: "get out", flatten: true });
  assert.equal(kill.status, 200, kill.text);
  assert.deepEqual(shapes.differences(kill.body, shapes.RECEIPT), []);
  assert.equal(kill.body.flatten.done, false);
  const receipt = await until("flat", async () => {
    const { body } = await trader.get(`/kill/${kill.body.incident}`);
    return body.flatten?.done && body;
  }, 10000);
  assert.equal(receipt.flatten.orders, 1);
  assert.equal(await held("sim:BTCUSDT"), 0);
});

test("in a killed scope only a reduce-only order leaves, and never past zero", async () => {
  const denied = await trader.post("/orders", {
    instrument: "sim:BTCUSDT", side: "buy", qty: "0.010", price: await priceAt(0.99), type: "limit", tif: "GTC",
  });
  assert.equal(denied.body.code, "halted");
  const flat = await trader.post("/orders", {
    instrument: "sim:BTCUSDT", side: "sell", qty: "0.010", type: "market", tif: "IOC", reduce_only: true,
  });
  assert.equal(flat.status, 422, flat.text);
  assert.equal(flat.body.code, "reducing_only");
});
