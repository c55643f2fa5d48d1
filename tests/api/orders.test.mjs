// Manual orders: through the same gate as everybody's, denied by name, cancelled, explained.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import * as shapes from "./shape.mjs";
import { until } from "./wait.mjs";

let server;
let trader;
let risk1;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  trader = await server.person("trader");
  risk1 = await server.person("risk1");
  await until("a market", async () => (await trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, 15000);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** A buy far enough below the market to rest, near enough for the collar. */
async function restingBuy(more = {}) {
  const { body } = await trader.get("/books/sim:BTCUSDT?depth=1");
  const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
  return { instrument: "sim:BTCUSDT", side: "buy", qty: "0.010", price, type: "limit", tif: "GTC", ...more };
}

function settled(id, fits) {
  return until(`order ${id}`, async () => {
    const { body } = await trader.get(`/orders/${id}`);
    return fits(body) && body;
  });
}

test("a resting order is sent, acknowledged, shown and cancelled", async () => {
  const wanted = await restingBuy();
  const reply = await trader.post("/orders", wanted);
  assert.equal(reply.status, 201, reply.text);
  assert.deepEqual(shapes.differences(reply.body, shapes.ORDER), []);
  assert.equal(reply.headers.location, `/api/v1/orders/${reply.body.id}`);
  assert.equal(Number(reply.body.qty), Number(wanted.qty));
  assert.equal(Number(reply.body.price), Number(wanted.price));
  assert.equal(reply.body.strategy, "manual");
  assert.equal(reply.body.actor, "trader");
  await settled(reply.body.id, (order) => order.state === "WORKING");

  const why = (await trader.get(`/orders/${reply.body.id}/why`)).body;
  assert.equal(why.passed, true);
  assert.ok(why.checks.every((check) => check.passed));

  const gone = await trader.delete(`/orders/${reply.body.id}`);
  assert.equal(gone.status, 202, gone.text);
  assert.equal(gone.body.id, reply.body.id);
  await settled(reply.body.id, (order) => order.state === "CANCELLED");
  const again = await trader.delete(`/orders/${reply.body.id}`);
  assert.ok([404, 409].includes(again.status), again.text);
});

test("a market order fills, moves the position and costs a fee", async () => {
  const reply = await trader.post("/orders", {
    instrument: "sim:ETHUSDT", side: "sell", qty: "0.05", type: "market", tif: "IOC",
  });
  assert.equal(reply.status, 201, reply.text);
  const order = await settled(reply.body.id, ({ state }) => state === "FILLED");
  assert.equal(Number(order.leaves), 0);
  const fill = await until("the fill", async () =>
    (await trader.get("/fills?limit=50")).body.items.find((row) => row.order === order.id));
  assert.equal(fill.maker, false);
  const position = (await trader.get("/positions")).body.items.find((row) => row.instrument === "sim:ETHUSDT");
  assert.equal(Number(position.qty), -0.05);
  const { body: pnl } = await trader.get("/pnl");
  const parts = ["price", "fee", "funding", "rebate"].reduce((sum, name) => sum + Number(pnl[name]), 0);
  assert.ok(Math.abs(Number(pnl.total) - parts) < 1e-6, JSON.stringify(pnl));
  assert.ok(Number(pnl.fee) < 0);
});

async function deniedFor(reason) {
  const admin = await server.person("admin");
  const { text } = await admin.call("GET", "/metrics");
  return Number(new RegExp(`^pitwall_orders_denied_total\\{reason="${reason}"\\} (\\d+)$`, "m").exec(text)[1]);
}

const DENIED = [
  ["too many lots", { qty: "50" }, "max_order_lots"],
  ["a price outside the collar", { price: "1000.0" }, "price_collar_ratio"],
  ["a price off the tick", { price: "60000.05" }, "off_tick"],
  ["a size off the lot", { qty: "0.0105" }, "off_lot"],
];
for (const [what, more, code] of DENIED) {
  test(`${what} is denied as ${code} and can be explained`, async () => {
    const counted = await deniedFor(code);
    const reply = await trader.post("/orders", await restingBuy(more));
    assert.equal(reply.status, 422, reply.text);
    assert.equal(reply.body.code, code);
    if (reply.body.order) {
      const why = await until("the checks", async () => {
        const answer = await trader.get(`/orders/${reply.body.order}/why`);
        return answer.status === 200 && answer.body;
      });
      assert.equal(why.passed, false);
      assert.equal(why.reason, code);
    } else {
      assert.ok(["off_tick", "off_lot"].includes(code), "a denial by the gate names its order");
      assert.equal(reply.body.order, null);
    }
    assert.doesNotMatch(reply.body.detail, /"/, "figures as people read them");
    assert.ok((await deniedFor(code)) > counted, "every denial is counted");
  });
}

const MALFORMED = [
  ["an unknown member", { leverage: 5 }, "unknown_field"],
  ["a number for a price", { price: 60000.5 }, "malformed"],
  ["an unknown side", { side: "long" }, "malformed"],
  ["an unknown type", { type: "stop" }, "malformed"],
  ["an unknown time in force", { tif: "DAY" }, "malformed"],
  ["a price that is no decimal", { price: "6e4" }, "malformed"],
  ["a negative size", { qty: "-1" }, null],
  ["a limit order without price", { price: undefined }, "malformed"],
];
for (const [what, more, code] of MALFORMED) {
  test(`${what} is refused`, async () => {
    const reply = await trader.post("/orders", await restingBuy(more));
    assert.ok([400, 422].includes(reply.status), reply.text);
    assert.ok(code === null || reply.body.code === code, reply.text);
  });
}

test("an unknown instrument is denied by name", async () => {
  const counted = await deniedFor("unknown_instrument");
  const reply = await trader.post("/orders", await restingBuy({ instrument: "sim:NOPE" }));
  assert.equal(reply.status, 422, reply.text);
  assert.equal(reply.body.code, "unknown_instrument");
  assert.equal(await deniedFor("unknown_instrument"), counted + 1);
});

test("the same Idempotency-Key sends one order", async () => {
  const body = await restingBuy();
  const key = { "Idempotency-Key": "order-1" };
  const [first, second] = [await trader.post("/orders", body, key), await trader.post("/orders", body, key)];
  assert.equal(first.status, 201, first.text);
  assert.equal(second.status, 201);
  assert.equal(second.body.id, first.body.id);
});

test("cancel-all leaves nothing open", async () => {
  for (let i = 0; i < 3; i++) {
    assert.equal((await trader.post("/orders", await restingBuy({ qty: `0.02${i}` }))).status, 201);
  }
  const reply = await trader.post("/orders/cancel-all", { scope: "firm" });
  assert.equal(reply.status, 202, reply.text);
  assert.ok(reply.body.orders >= 3, reply.text);
  await until("nothing open", async () => (await trader.get("/orders?state=open")).body.items.length === 0);
});

test("a halted desk denies new orders but takes cancels", async () => {
  const resting = await trader.post("/orders", await restingBuy({ qty: "0.031" }));
  assert.equal(resting.status, 201, resting.text);
  const { items } = (await risk1.get("/trading-state")).body;
  const { version } = items.find((item) => item.scope === "firm");
  const halted = await risk1.put("/trading-state/firm", { state: "HALTED", reason: "lunch" }, version);
  assert.equal(halted.status, 200, halted.text);
  assert.equal(halted.body.state, "HALTED");
  assert.equal(halted.headers.etag, `"${halted.body.version}"`);

  const denied = await trader.post("/orders", await restingBuy());
  assert.equal(denied.status, 422);
  assert.equal(denied.body.code, "halted");
  assert.match(denied.body.detail, /^by firm: /);
  const gone = await trader.delete(`/orders/${resting.body.id}`);
  assert.ok([202, 409].includes(gone.status), gone.text);
  await settled(resting.body.id, (order) => order.state === "CANCELLED");

  const stale = await risk1.put("/trading-state/firm", { state: "HALTED", reason: "late" }, version);
  assert.equal(stale.status, 412);
  const looser = await risk1.put("/trading-state/firm", { state: "REDUCING", reason: "back" }, halted.body.version);
  assert.equal(looser.status, 202, looser.text);
  const risk2 = await server.person("risk2");
  assert.equal((await risk2.post(`/approvals/${looser.body.id}/approve`, {})).status, 200);
});

test("fills, denials and state changes are in the audit, and the chain holds", async () => {
  for (const kind of ["fill", "denial", "state", "order", "approval"]) {
    await until(`a row of kind ${kind}`, async () => (await risk1.get(`/audit?kind=${kind}&limit=1`)).body.items.length === 1);
  }
  const verify = await risk1.get("/audit/verify");
  assert.equal(verify.body.ok, true, verify.text);
});
