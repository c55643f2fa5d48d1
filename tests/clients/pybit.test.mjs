// A third client, with other habits than the two of npm (pybit.mjs), on the same venue; and what Bybit's
// documentation promises beyond what any of the three happens to use.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import test from "node:test";
import { until } from "../venue/venue.mjs";
import { Desk, overBoth, PEOPLE } from "./desk.mjs";
import { Pybit, pythonJson } from "./pybit.mjs";

const LINEAR = { category: "linear", symbol: "BTCUSDT" };

function limit(side, price, qty, more = {}) {
  return { ...LINEAR, side, orderType: "Limit", price, qty, ...more };
}

test("Python's JSON is what it says", () => {
  assert.equal(pythonJson({ a: [1, "b"], c: { d: true, e: undefined } }), '{"a": [1, "b"], "c": {"d": true}}');
});

overBoth((name, how) => {
  test(`a client like pybit, ${name}`, async (t) => {
    const desk = await Desk.start(t, how);
    const as = (person) => new Pybit(desk, PEOPLE[person]);
    const [alice, bob] = [as("alice"), as("bob")];

    await t.test(`${name}, sorted queries and bodies with blanks are signed as they are sent`, async () => {
      const { retCode, result } = await alice.ask("POST", "/v5/order/create", limit("Buy", "59000", "0.010", { orderLinkId: "py" }));
      assert.equal(retCode, 0);
      const [body] = desk.ledger({ kind: "new", dir: "in" }).map((line) => line.body);
      assert.equal(body.orderLinkId, "py");
      const open = await alice.ask("GET", "/v5/order/realtime", { symbol: "BTCUSDT", orderId: result.orderId, category: "linear", openOnly: 0 });
      assert.deepEqual(open.result.list.map(({ orderLinkId }) => orderLinkId), ["py"]);
      const unknown = await alice.ask("GET", "/v5/order/realtime", { category: "linear", symbol: "BTCUSDT", cursor: "1:2,3 4" });
      assert.equal(typeof unknown.retCode, "number");
      const both = { ...LINEAR, orderId: result.orderId, orderLinkId: "another" };
      assert.equal((await alice.ask("POST", "/v5/order/cancel", both)).retCode, 0, "orderId wins");
      assert.deepEqual(await desk.restingOf("alice"), []);
    });

    await t.test(`${name}, a log-in good for one second, subscriptions behind it, replies in order`, async () => {
      const ids = [randomUUID(), randomUUID()];
      const socket = await alice.open(
        "/v5/private",
        { op: "subscribe", args: ["order", "execution"], req_id: ids[0] },
        { op: "subscribe", args: ["wallet"], req_id: ids[1] },
        { op: "ping" },
      );
      const replies = [await socket.next(), await socket.next(), await socket.next(), await socket.next()];
      assert.deepEqual(replies.map(({ op, success }) => [op, success]), [
        ["auth", true],
        ["subscribe", true],
        ["subscribe", true],
        ["pong", undefined],
      ]);
      assert.deepEqual(replies.slice(1, 3).map(({ req_id: id }) => id), ids);
      assert.match(replies[3].args[0], /^\d{13}$/);
      socket.ws.ping("are you there");
      await until("a pong frame", () => socket.pongs === 1);
      await bob.ask("POST", "/v5/order/create", limit("Sell", "60000", "0.003", { orderLinkId: "maker" }));
      await alice.ask("POST", "/v5/order/create", limit("Buy", "60000", "0.003", { orderLinkId: "taker" }));
      const { data } = await socket.topic("execution");
      assert.deepEqual(data.map((e) => [e.orderLinkId, e.execQty, e.execFee]), [["taker", "0.003", "0.099"]]);
      assert.deepEqual(await desk.positionsOf("alice"), [["BTCUSDT", "Buy", 0.003, 60000]]);
      socket.close();
    });

    await t.test(`${name}, orders by a trade socket with numbers in the header`, async () => {
      const socket = await bob.open("/v5/trade", { op: "ping" });
      const first = [await socket.next(), await socket.next()];
      assert.deepEqual(first.map(({ op, retCode }) => [op, retCode]), [["auth", 0], ["pong", 0]]);
      const asked = Array.from({ length: 5 }, (_, at) => bob.order(socket, "order.create", limit("Sell", `6100${at}`, "0.001", { orderLinkId: `t-${at}` })));
      assert.deepEqual((await Promise.all(asked)).map(({ retCode, data }) => [retCode, data.orderLinkId]), [
        ...[[0, "t-0"], [0, "t-1"], [0, "t-2"], [0, "t-3"], [0, "t-4"]],
      ]);
      assert.deepEqual((await desk.restingOf("bob")).map(([link]) => link), ["t-0", "t-1", "t-2", "t-3", "t-4"]);
      assert.equal((await bob.order(socket, "order.amend", { ...LINEAR, orderLinkId: "t-0", qty: "0.002" })).retCode, 0);
      assert.equal((await bob.order(socket, "order.cancel", { ...LINEAR, orderLinkId: "t-1" })).retCode, 0);
      assert.equal((await bob.order(socket, "order.nonsense", LINEAR)).retCode, 10404);
      socket.close();
      const { result } = await bob.ask("POST", "/v5/order/cancel-all", { category: "linear", settleCoin: "USDT" });
      assert.deepEqual([result.success, result.list.length], ["1", 4]);
    });

    await t.test(`${name}, a subscription in pieces, and a long one`, async () => {
      const socket = await desk.socket("/v5/public/linear");
      const text = pythonJson({ op: "subscribe", args: ["orderbook.1.BTCUSDT"], req_id: "pieces" });
      for (let at = 0; at < text.length; at += 10) {
        socket.ws.send(text.slice(at, at + 10), { fin: at + 10 >= text.length });
      }
      assert.deepEqual((await socket.next(({ op }) => op === "subscribe")).success, true);
      const topics = ["BTCUSDT", "ETHUSDT", "SOLUSDT"].flatMap((symbol) =>
        [1, 50, 200, 1000].map((depth) => `orderbook.${depth}.${symbol}`).concat(`publicTrade.${symbol}`, `tickers.${symbol}`),
      );
      assert.equal((await socket.subscribe(...topics)).success, true);
      assert.equal((await socket.subscribe("orderbook.50.NOPEUSDT")).success, false);
      const many = Array.from({ length: 900 }, () => "orderbook.50.BTCUSDT");
      assert.equal((await socket.subscribe(...many)).success, true, "20,000 characters");
      assert.equal((await socket.subscribe(...many, ...many)).success, false, "40,000 characters");
      const spot = await desk.socket("/v5/public/spot?max_active_time=5m");
      assert.deepEqual(await pick(spot.subscribe("tickers.BTCUSDT"), "success", "ret_msg", "req_id", "op"), [true, "subscribe", "s", "subscribe"]);
      const eleven = Array.from({ length: 11 }, () => "tickers.BTCUSDT");
      assert.equal((await spot.subscribe(...eleven)).success, false);
      socket.close();
      spot.close();
    });

    await t.test(`${name}, self-match: only the arriving order's word counts`, async () => {
      const carol = as("carol");
      const rests = async () => (await desk.restingOf("carol")).map(([link]) => link);
      const create = (side, link, smpType) => carol.ask("POST", "/v5/order/create", limit(side, "60000", "0.001", { orderLinkId: link, smpType }));
      const cases = { CancelMaker: ["arrives-0"], CancelTaker: ["rests-1"], CancelBoth: [] };
      for (const [at, [smp, left]] of Object.entries(cases).entries()) {
        await create("Sell", `rests-${at}`, "CancelBoth");
        await create("Buy", `arrives-${at}`, smp);
        assert.deepEqual(await rests(), left, smp);
        await carol.ask("POST", "/v5/order/cancel-all", LINEAR);
      }
      assert.deepEqual(await desk.positionsOf("carol"), []);
    });
  });
});

test("a client that heeds the reset header places all its orders", async (t) => {
  const desk = await Desk.start(t, { limits: "on" });
  const dave = new Pybit(desk, PEOPLE.dave);
  const began = Date.now();
  for (let at = 0; at < 25; at++) {
    const { retCode } = await dave.ask("POST", "/v5/order/create", limit("Buy", "59000", "0.001", { orderLinkId: `patient-${at}` }));
    assert.equal(retCode, 0, `order ${at}`);
  }
  assert.equal((await desk.restingOf("dave")).length, 25);
  assert.ok(dave.waits >= 1 && dave.waits <= 12, `${dave.waits} waits`);
  assert.ok(Date.now() - began >= 2000 - 50, "ten a second");
});

async function pick(promise, ...names) {
  const frame = await promise;
  return names.map((name) => frame[name]);
}
