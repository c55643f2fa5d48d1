// bybit-api's WebSockets: books kept from the stream equal the book by HTTP, private topics tell what the
// account did, orders go in by /v5/trade, and what the venue drops comes back.

import assert from "node:assert/strict";
import test from "node:test";
import { until } from "../venue/venue.mjs";
import { Book } from "./book.mjs";
import { dataOf, Desk, eventually, listening, overBoth, PEOPLE, updateOf } from "./desk.mjs";

const LINEAR = { category: "linear", symbol: "BTCUSDT" };
const PRIVATE = ["order", "execution", "position", "wallet"];

function well(answer) {
  assert.equal(answer.retCode, 0, `${answer.retCode} ${answer.retMsg}`);
  return answer.result ?? answer.data;
}

function limit(side, price, qty, more = {}) {
  return { ...LINEAR, side, orderType: "Limit", price, qty, timeInForce: "GTC", ...more };
}

/** Asks by HTTP until the answer's u is one that the streamed book had, and compares the two. */
async function assertSameBook(socket, topic, ask) {
  let answer;
  const kept = await until(
    `a book of ${topic} with the u of the answer`,
    async () => {
      answer = (await ask()).result;
      return Book.at(socket.updates.filter((update) => update.topic === topic), answer.u);
    },
    8000,
  );
  assert.deepEqual({ b: kept.top("b", answer.b.length), a: kept.top("a", answer.a.length) }, { b: answer.b, a: answer.a });
  assert.ok(answer.b.length > 20 && answer.a.length > 20);
  assert.equal(kept.seq, answer.seq);
}

overBoth((name, how) => {
  test(`bybit-api's public streams, ${name}`, async (t) => {
    const venue = await Desk.start(t, { ...how, market: "synthetic" });
    const rest = venue.rest();

    await t.test(`${name}, a book kept from orderbook.1000 equals the book by HTTP at the same u`, async () => {
      const socket = venue.stream("/v5/public/linear");
      await Promise.all(socket.subscribeV5("orderbook.1000.BTCUSDT", "linear"));
      await updateOf(socket, "orderbook.1000.BTCUSDT", ({ type }) => type === "delta");
      await assertSameBook(socket, "orderbook.1000.BTCUSDT", () => rest.getOrderbook({ ...LINEAR, limit: 1000 }));
      socket.closeAll(true);
    });

    await t.test(`${name}, so does spot`, async () => {
      const socket = venue.stream("/v5/public/spot");
      socket.subscribeV5("orderbook.1000.ETHUSDT", "spot");
      await updateOf(socket, "orderbook.1000.ETHUSDT", ({ type }) => type === "delta");
      const spot = { category: "spot", symbol: "ETHUSDT", limit: 200 };
      await assertSameBook(socket, "orderbook.1000.ETHUSDT", () => rest.getOrderbook(spot));
      socket.closeAll(true);
    });

    await t.test(`${name}, all depths at once: continuous, never crossed, in step`, async () => {
      const socket = venue.stream("/v5/public/linear");
      const topics = [1, 50, 200].map((depth) => `orderbook.${depth}.BTCUSDT`);
      await Promise.all(socket.subscribeV5([...topics, "publicTrade.BTCUSDT", "tickers.BTCUSDT"], "linear"));
      await Promise.all(topics.map((topic) => until(topic, () => socket.updates.filter((u) => u.topic === topic).length > 20, 8000)));
      for (const topic of topics) {
        const updates = socket.updates.filter((update) => update.topic === topic);
        const depth = Number(topic.split(".")[1]);
        const book = new Book();
        for (const update of updates) {
          book.take(update);
          const [bid, ask] = [book.top("b", 1)[0], book.top("a", 1)[0]];
          assert.ok(Number(bid[0]) < Number(ask[0]), `${topic}: ${bid} ${ask}`);
          assert.ok(book.size("b") <= depth && book.size("a") <= depth, `${topic}: more than ${depth} levels`);
        }
        assert.equal(book.gaps, 0, topic);
        assert.equal(updates[0].type, "snapshot");
        const types = new Set(updates.slice(1).map(({ type }) => type));
        assert.deepEqual([...types], [depth === 1 ? "snapshot" : "delta"], topic);
        assert.ok(updates.every(({ ts, cts }) => Number.isInteger(ts) && Number.isInteger(cts) && cts <= ts));
      }
      socket.closeAll(true);
    });

    await t.test(`${name}, trades and tickers are those that HTTP tells`, async () => {
      const socket = venue.stream("/v5/public/linear");
      socket.subscribeV5(["publicTrade.BTCUSDT", "tickers.BTCUSDT"], "linear");
      await until("trades", () => dataOf(socket, "publicTrade.BTCUSDT").length > 3, 15000);
      const { list } = well(await rest.getPublicTradingHistory({ ...LINEAR, limit: 1000 }));
      const told = new Map(list.map((trade) => [trade.execId, [trade.price, trade.size, trade.side, trade.time, trade.seq]]));
      for (const trade of dataOf(socket, "publicTrade.BTCUSDT").slice(0, 3)) {
        assert.deepEqual(told.get(trade.i), [trade.p, trade.v, trade.S, String(trade.T), String(trade.seq)]);
      }
      const first = await updateOf(socket, "tickers.BTCUSDT");
      assert.equal(first.type, "snapshot");
      await updateOf(socket, "tickers.BTCUSDT", ({ type }) => type === "delta");
      const ticker = await until("the ticker of a moment that HTTP tells too", async () => {
        const asked = well(await rest.getTickers(LINEAR)).list[0];
        const kept = Object.assign({}, ...socket.updates.filter((u) => u.topic === "tickers.BTCUSDT").map(({ data }) => data));
        return kept.lastPrice === asked.lastPrice && kept.bid1Price === asked.bid1Price && { kept, asked };
      });
      const only = Object.keys(ticker.kept).filter((field) => !(field in ticker.asked) && field !== "tickDirection");
      assert.deepEqual(only, [], "fields that HTTP does not tell");
      assert.ok(Object.keys(ticker.kept).length > 15);
      socket.closeAll(true);
    });

    await t.test(`${name}, no more comes after unsubscribing`, async () => {
      const socket = venue.stream("/v5/public/linear");
      await Promise.all(socket.subscribeV5("orderbook.50.BTCUSDT", "linear"));
      await updateOf(socket, "orderbook.50.BTCUSDT", ({ type }) => type === "delta");
      const replies = [];
      socket.on("response", (reply) => replies.push(reply));
      socket.unsubscribeV5("orderbook.50.BTCUSDT", "linear");
      const reply = await until("a reply", () => replies.find(({ op }) => op === "unsubscribe"));
      assert.equal(reply.success, true);
      const count = socket.updates.length;
      socket.subscribeV5("orderbook.1.BTCUSDT", "linear");
      await until("other updates", () => dataOfTopic(socket, "orderbook.1.BTCUSDT").length > 10);
      assert.equal(socket.updates.length - dataOfTopic(socket, "orderbook.1.BTCUSDT").length, count);
      socket.closeAll(true);
    });

    await t.test(`${name}, a stream that the venue cuts comes back with a snapshot`, async () => {
      const socket = venue.stream("/v5/public/linear");
      const reconnected = new Promise((done) => socket.once("reconnected", done));
      await Promise.all(socket.subscribeV5("orderbook.50.ETHUSDT", "linear"));
      await updateOf(socket, "orderbook.50.ETHUSDT", ({ type }) => type === "delta");
      await venue.sim("fault", { on: "book", nth: 1, symbol: "ETHUSDT", do: "close" });
      await reconnected;
      const before = socket.updates.length;
      await until("a snapshot again", () => socket.updates.slice(before).some(({ type }) => type === "snapshot"));
      await venue.sim("clear", {});
      const since = socket.updates.slice(before).filter(({ topic }) => topic === "orderbook.50.ETHUSDT");
      assert.equal(since[0].type, "snapshot");
      const book = new Book();
      await until("deltas on it", () => socket.updates.slice(before).length > 10);
      socket.updates.slice(before).forEach((update) => book.take(update));
      assert.equal(book.gaps, 0);
      socket.closeAll(true);
    });
  });

  test(`bybit-api's private streams, ${name}`, async (t) => {
    const venue = await Desk.start(t, how);
    const alice = venue.rest("alice");
    const bob = venue.rest("bob");

    await t.test(`${name}, order, execution, position and wallet of a trade, to each side its own`, async () => {
      const sockets = [venue.stream("/v5/private", "alice"), venue.stream("/v5/private", "bob")];
      await Promise.all(sockets.map((socket) => listening(socket, PRIVATE)));
      well(await alice.submitOrder(limit("Sell", "60000", "0.010", { orderLinkId: "ask" })));
      await updateOf(sockets[0], "order");
      well(await bob.submitOrder(limit("Buy", "60000.5", "0.004", { orderLinkId: "bid" })));
      await Promise.all(sockets.map((socket) => updateOf(socket, "wallet")));
      await updateOf(sockets[1], "order", ({ data }) => data.some(({ orderStatus }) => orderStatus === "Filled"));
      assert.deepEqual(
        dataOf(sockets[0], "order").map((o) => [o.orderLinkId, o.orderStatus, Number(o.cumExecQty), Number(o.leavesQty), o.category]),
        [
          ["ask", "New", 0, 0.01, "linear"],
          ["ask", "PartiallyFilled", 0.004, 0.006, "linear"],
        ],
      );
      const last = dataOf(sockets[1], "order").at(-1);
      assert.deepEqual(
        [last.orderLinkId, last.orderStatus, last.avgPrice, last.cumExecFee, last.rejectReason, last.cumFeeDetail],
        ["bid", "Filled", "60000", "0.132", "EC_NoError", { USDT: "0.132" }],
      );
      const executions = sockets.map((socket) => dataOf(socket, "execution"));
      assert.deepEqual(
        executions.map(([e, ...more]) => [e.orderLinkId, e.isMaker, e.execPrice, e.execQty, e.execFee, e.side, more.length]),
        [
          ["ask", true, "60000.0", "0.004", "0.048", "Sell", 0],
          ["bid", false, "60000.0", "0.004", "0.132", "Buy", 0],
        ],
      );
      const byHttp = well(await bob.getExecutionList(LINEAR)).list;
      assert.equal(byHttp[0].execId, executions[1][0].execId);
      const position = dataOf(sockets[1], "position").at(-1);
      assert.deepEqual([position.side, position.size, position.entryPrice, position.category], ["Buy", "0.004", "60000", "linear"]);
      assert.equal("avgPrice" in position, false);
      for (const [at, who] of ["alice", "bob"].entries()) {
        const usdt = dataOf(sockets[at], "wallet").at(-1).coin.find(({ coin }) => coin === "USDT");
        assert.equal(usdt.walletBalance, (await venue.of(who)).balances.USDT);
      }
      sockets.forEach((socket) => socket.closeAll(true));
      well(await alice.cancelAllOrders({ ...LINEAR }));
    });

    await t.test(`${name}, one category's topics, and the fast ones`, async () => {
      const socket = venue.stream("/v5/private", "alice");
      const eyes = ["order.spot", "execution.fast"];
      await listening(socket, eyes);
      well(await alice.submitOrder(limit("Sell", "60000", "0.001")));
      well(await bob.submitOrder(limit("Buy", "60000", "0.001")));
      const fast = (await updateOf(socket, "execution.fast")).data[0];
      assert.deepEqual([fast.execPrice, fast.execQty, fast.isMaker, "execFee" in fast], ["60000.0", "0.001", true, false]);
      const spot = { category: "spot", symbol: "ETHUSDT", side: "Buy", orderType: "Limit", price: "2400", qty: "1" };
      const { orderId } = well(await alice.submitOrder(spot));
      const update = await updateOf(socket, "order.spot");
      assert.deepEqual(update.data.map((o) => [o.orderId, o.category, o.orderStatus]), [[orderId, "spot", "New"]]);
      assert.deepEqual([...new Set(socket.updates.map(({ topic }) => topic))].sort(), ["execution.fast", "order.spot"]);
      well(await alice.cancelAllOrders({ category: "spot" }));
      socket.closeAll(true);
    });

    await t.test(`${name}, what an order ends by is told: post-only, immediate, fill-or-kill, cancel`, async () => {
      const socket = venue.stream("/v5/private", "carol");
      const carol = venue.rest("carol");
      await listening(socket, ["order"]);
      well(await alice.submitOrder(limit("Sell", "60000", "0.001")));
      const ends = {
        "post-only": [{ timeInForce: "PostOnly", qty: "0.002" }, "EC_PostOnlyWillTakeLiquidity"],
        immediate: [{ timeInForce: "IOC", price: "59990" }, "EC_NoImmediateQtyToFill"],
        whole: [{ timeInForce: "FOK", qty: "0.002" }, "EC_CancelForNoFullFill"],
      };
      for (const [orderLinkId, [more, reason]] of Object.entries(ends)) {
        well(await carol.submitOrder(limit("Buy", "60000", "0.001", { orderLinkId, ...more })));
        const fits = ({ data }) => data[0].orderLinkId === orderLinkId && data[0].rejectReason === reason;
        const { data } = await updateOf(socket, "order", fits);
        assert.ok(["Cancelled", "Rejected"].includes(data[0].orderStatus), `${orderLinkId}: ${data[0].orderStatus}`);
        assert.equal(Number(data[0].leavesQty), 0);
      }
      assert.deepEqual(await venue.positionsOf("carol"), []);
      well(await alice.cancelAllOrders({ ...LINEAR }));
      socket.closeAll(true);
    });

    await t.test(`${name}, a private stream that is cut logs in again and listens on`, async () => {
      const socket = venue.stream("/v5/private", "dave");
      const dave = venue.rest("dave");
      await listening(socket, ["order"]);
      let authenticated = 0;
      socket.on("authenticated", () => authenticated++);
      await venue.sim("fault", { on: "order", nth: 1, do: "rst" });
      well(await dave.submitOrder(limit("Buy", "59000", "0.001", { orderLinkId: "lost" })));
      await until("a log-in", () => authenticated === 1);
      await venue.sim("clear", {});
      const subscribed = () => venue.ledger({ kind: "subscribe", dir: "out", account: PEOPLE.dave.uid });
      await until("a subscription again", () => subscribed().filter(({ body }) => body.success).length === 2);
      well(await dave.amendOrder({ ...LINEAR, orderLinkId: "lost", qty: "0.002" }));
      await updateOf(socket, "order", ({ data }) => data[0].qty === "0.002");
      assert.equal(dataOf(socket, "order").at(-1).orderLinkId, "lost");
      well(await dave.cancelAllOrders({ ...LINEAR }));
      socket.closeAll(true);
    });
  });

  test(`bybit-api trades over WebSocket, ${name}`, async (t) => {
    const venue = await Desk.start(t, { ...how, limits: "on" });
    const trader = venue.trader("erin");
    const socket = venue.stream("/v5/private", "erin");
    await listening(socket, ["order"]);
    const created = await trader.submitNewOrder(limit("Buy", "59000", "0.010", { orderLinkId: "ws-1" }));
    assert.equal(created.retCode, 0);
    assert.equal(created.op, "order.create");
    assert.equal(created.data.orderLinkId, "ws-1");
    assert.deepEqual([created.header["X-Bapi-Limit"], created.header["X-Bapi-Limit-Status"]], ["10", "9"]);
    assert.deepEqual(await venue.restingOf("erin"), [["ws-1", 59000, 0.01, 0]]);
    const amended = await trader.amendOrder({ ...LINEAR, orderLinkId: "ws-1", price: "59001", qty: "0.020" });
    assert.equal(amended.data.orderId, created.data.orderId);
    assert.deepEqual(await venue.restingOf("erin"), [["ws-1", 59001, 0.02, 0]]);
    await assert.rejects(trader.submitNewOrder(limit("Buy", "59000", "0.010", { orderLinkId: "ws-1" })), { retCode: 110072 });
    await assert.rejects(trader.cancelOrder({ ...LINEAR, orderLinkId: "never" }), { retCode: 110001 });
    const orders = ["ws-2", "ws-3"].map((orderLinkId) => ({ ...limit("Buy", "58000", "0.001", { orderLinkId }), category: undefined }));
    const batch = await trader.batchSubmitOrders("linear", [...orders, { ...orders[0], qty: "-1", orderLinkId: "ws-4" }]);
    assert.deepEqual(batch.retExtInfo.list.map(({ code }) => code), [0, 0, 10001]);
    assert.deepEqual(batch.data.list.map(({ orderLinkId }) => orderLinkId), ["ws-2", "ws-3", "ws-4"]);
    const changes = ["ws-2", "ws-3"].map((orderLinkId) => ({ symbol: "BTCUSDT", orderLinkId, price: "58001" }));
    assert.deepEqual((await trader.batchAmendOrder("linear", changes)).retExtInfo.list.map(({ code }) => code), [0, 0]);
    const gone = ["ws-1", "ws-2"].map((orderLinkId) => ({ symbol: "BTCUSDT", orderLinkId }));
    assert.deepEqual((await trader.batchCancelOrder("linear", gone)).retExtInfo.list.map(({ code }) => code), [0, 0]);
    assert.deepEqual(await venue.restingOf("erin"), [["ws-3", 58001, 0.001, 0]]);
    const cancelled = await trader.cancelOrder({ ...LINEAR, orderLinkId: "ws-3" });
    assert.equal(cancelled.data.orderLinkId, "ws-3");
    await eventually(
      assert.deepEqual,
      () => dataOf(socket, "order").filter((o) => o.orderStatus === "Cancelled").map((o) => o.orderLinkId),
      ["ws-1", "ws-2", "ws-3"],
    );
    // bybit-api logs in on open and again on its first request: that harms nothing
    const auths = venue.ledger({ kind: "auth", dir: "out" }).map(({ body }) => body.retCode).filter((code) => code !== undefined);
    assert.ok(auths[0] === 0 && auths.slice(1).every((code) => code === 20001), String(auths));
    trader.getWSClient().closeAll(true);
    socket.closeAll(true);
  });
});

function dataOfTopic(socket, topic) {
  return socket.updates.filter((update) => update.topic === topic);
}
