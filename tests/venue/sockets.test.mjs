// WebSockets: public topics, log-in, private topics, orders over /v5/trade, pings.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";

import { Book } from "../clients/book.mjs";
import { Venue, sleep, until } from "./venue.mjs";

let venue;
let bot;

before(async () => {
  venue = await Venue.start("--limits", "off", "--seed", "7");
  bot = venue.bot();
});
after(() => venue.stop());

const sign = (expires, secret = bot.key.secret) => createHmac("sha256", secret).update(`GET/realtime${expires}`).digest("hex");

/** Every level that a delta takes away was there. */
function deletesWhatIsThere(book, { type, data }) {
  return (
    type === "snapshot" ||
    ["b", "a"].every((side) => {
      const there = new Set(book.top(side, 2000).map(([price]) => price));
      return data[side].every(([price, size]) => size !== "0" || there.has(price));
    })
  );
}

for (const category of ["linear", "spot"]) {
  test(`${category}: deltas of every depth build the book that a late subscriber gets as a snapshot`, async () => {
    const depths = [50, 200, 1000];
    const socket = await venue.socket(`/v5/public/${category}`);
    await socket.subscribe(...depths.map((depth) => `orderbook.${depth}.BTCUSDT`));
    await sleep(1500);
    const late = await venue.socket(`/v5/public/${category}`);
    await late.subscribe(...depths.map((depth) => `orderbook.${depth}.BTCUSDT`));
    await sleep(300);
    for (const depth of depths) {
      const topic = `orderbook.${depth}.BTCUSDT`;
      const frames = socket.frames.filter((frame) => frame.topic === topic);
      const greeting = late.frames.find((frame) => frame.topic === topic);
      assert.equal(frames[0].type, "snapshot");
      assert.ok(frames.slice(1).every(({ type }) => type === "delta"));
      assert.ok(frames.length > 4, `${frames.length} frames`);
      const book = new Book();
      for (const frame of frames) {
        assert.ok(deletesWhatIsThere(book, frame));
        book.take(frame);
        assert.ok(Number(book.top("b", 1)[0][0]) < Number(book.top("a", 1)[0][0]), "not crossed");
        assert.ok(book.size("b") <= depth && book.size("a") <= depth);
        if (frame.data.u === greeting.data.u) {
          assert.deepEqual(book.top("b", depth), greeting.data.b);
          assert.deepEqual(book.top("a", depth), greeting.data.a);
        }
      }
      assert.equal(book.gaps, 0);
      assert.ok(frames.some(({ data }) => data.u === greeting.data.u));
    }
    socket.close();
    late.close();
  });
}

test("keys stand in the order of the real venue, which differs by product and depth", async () => {
  const keys = (text) => text.match(/"(topic|type|ts|cts|data|cs)":/g).join("").replaceAll(/[":]/g, " ").trim().split(/ +/);
  const linear = await venue.socket("/v5/public/linear");
  await linear.subscribe("orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT");
  const spot = await venue.socket("/v5/public/spot");
  await spot.subscribe("orderbook.50.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT");
  await linear.topic("publicTrade.BTCUSDT");
  await spot.topic("publicTrade.BTCUSDT");
  const of = (socket, topic) => keys(socket.texts.find((text) => text.includes(`"topic":"${topic}"`)));
  assert.deepEqual(of(linear, "orderbook.50.BTCUSDT"), ["topic", "type", "ts", "data", "cts"]);
  assert.deepEqual(of(linear, "orderbook.1.BTCUSDT"), ["topic", "ts", "type", "data", "cts"]);
  assert.deepEqual(of(spot, "orderbook.50.BTCUSDT"), ["topic", "ts", "type", "data", "cts"]);
  assert.deepEqual(of(linear, "publicTrade.BTCUSDT"), ["topic", "type", "ts", "data"]);
  assert.deepEqual(of(spot, "publicTrade.BTCUSDT"), ["topic", "ts", "type", "data"]);
  assert.deepEqual(of(linear, "tickers.BTCUSDT"), ["topic", "type", "data", "cs", "ts"]);
  assert.deepEqual(of(spot, "tickers.BTCUSDT"), ["topic", "ts", "type", "cs", "data"]);
  linear.close();
  spot.close();
});

test("level 1 is snapshots only, and says itself again after three silent seconds", async () => {
  const quiet = await Venue.start("--market", "none");
  const socket = await quiet.socket("/v5/public/linear");
  await socket.subscribe("orderbook.1.BTCUSDT");
  const first = await socket.topic("orderbook.1.BTCUSDT");
  const again = await socket.topic("orderbook.1.BTCUSDT");
  assert.equal(again.data.u, first.data.u);
  assert.ok(again.ts - first.ts >= 2900 && again.ts - first.ts < 3500, `${again.ts - first.ts} ms`);
  assert.equal(again.type, "snapshot");
  await quiet.stop();
});

test("a linear ticker: a snapshot, then only what changed", async () => {
  const socket = await venue.socket("/v5/public/linear");
  await socket.subscribe("tickers.BTCUSDT");
  const first = await socket.topic("tickers.BTCUSDT");
  assert.equal(first.type, "snapshot");
  assert.ok(first.data.markPrice && first.data.fundingRate && first.data.bid1Price);
  const delta = await socket.topic("tickers.BTCUSDT");
  assert.equal(delta.type, "delta");
  assert.ok(Object.keys(delta.data).length < Object.keys(first.data).length);
  socket.close();
});

test("req_id comes back with its own JSON type", async () => {
  const socket = await venue.socket("/v5/public/linear");
  for (const id of ["text", 17, ""]) {
    socket.send({ op: "subscribe", args: ["publicTrade.ETHUSDT"], req_id: id });
    assert.strictEqual((await socket.next((frame) => frame.op === "subscribe")).req_id, id);
    socket.send({ op: "ping", req_id: id });
    assert.strictEqual((await socket.next((frame) => frame.op === "ping")).req_id, id);
  }
  socket.close();
});

test("subscriptions: what is wrong is refused, inverse and option take anything", async () => {
  const linear = await venue.socket("/v5/public/linear");
  assert.equal((await linear.subscribe("orderbook.50.NOSUCH")).success, false);
  assert.equal((await linear.subscribe("orderbook.7.BTCUSDT")).success, false);
  assert.equal((await linear.subscribe("publicTrade.BTCUSDT")).success, true);
  const spot = await venue.socket("/v5/public/spot");
  const many = Array.from({ length: 11 }, () => "publicTrade.BTCUSDT");
  assert.equal((await spot.subscribe(...many)).success, false);
  assert.equal((await spot.subscribe("publicTrade.BTCUSDT")).ret_msg, "subscribe");
  const inverse = await venue.socket("/v5/public/inverse");
  assert.equal((await inverse.subscribe("orderbook.50.BTCUSD")).success, true);
  await assert.rejects(venue.socket("/v5/public/futures"));
  linear.send({ op: "unsubscribe", args: ["publicTrade.BTCUSDT"] });
  await linear.next((frame) => frame.op === "unsubscribe");
  const count = linear.frames.length;
  await sleep(300);
  assert.equal(linear.frames.length, count);
  [linear, spot, inverse].forEach((socket) => socket.close());
});

test("pings: compact JSON, each socket in its own form; protocol pings too", async () => {
  const open = await venue.socket("/v5/public/linear");
  open.send('{"op":"ping"}');
  await open.next((frame) => frame.op === "ping");
  assert.match(open.texts.at(-1), /^\{"success":true,"ret_msg":"pong","conn_id":"[^"]+","req_id":"","op":"ping"\}$/);
  open.ws.ping("x");
  await until("a pong", () => open.pongs === 1);
  const closed = await bot.login();
  closed.send({ op: "ping", req_id: "p1" });
  const pong = await closed.next((frame) => frame.op === "pong");
  assert.equal(pong.req_id, "p1");
  assert.ok(Math.abs(Number(pong.args[0]) - Date.now()) < 1000);
  const trade = await bot.login("/v5/trade");
  trade.send({ op: "ping" });
  assert.equal((await trade.next((frame) => frame.op === "pong")).retCode, 0);
  [open, closed, trade].forEach((socket) => socket.close());
});

test("log-in: a late or wrong one is refused; expires may be a text; subscribing may follow at once", async () => {
  const refused = async (args) => {
    const socket = await venue.socket("/v5/private");
    socket.send({ op: "auth", args });
    const { success } = await socket.next((frame) => frame.op === "auth");
    socket.close();
    return !success;
  };
  const later = Date.now() + 5000;
  const past = Date.now() - 1;
  assert.ok(await refused([bot.key.key, past, sign(past)]));
  assert.ok(await refused([bot.key.key, later, sign(later, "wrong")]));
  assert.ok(await refused(["nobody", later, sign(later)]));
  assert.ok(await refused([]));
  const early = await venue.socket("/v5/private");
  assert.equal((await early.subscribe("order")).success, false);
  early.close();
  const socket = await venue.socket("/v5/private");
  socket.send({ op: "auth", args: [bot.key.key, String(later), sign(later)] });
  socket.send({ op: "subscribe", args: ["order", "wallet"] });
  assert.equal((await socket.next()).success, true);
  assert.deepEqual((({ success, op }) => ({ success, op }))(await socket.next()), { success: true, op: "subscribe" });
  socket.close();
});

test("an order's life on the private stream, after its answer", async () => {
  const stream = await bot.listen("order", "execution", "execution.fast", "position", "wallet");
  const created = await bot.create({ orderType: "Market", qty: "0.003", orderLinkId: "pushed-1" });
  const order = await stream.topic("order", ({ data }) => data[0].orderLinkId === "pushed-1");
  assert.equal(order.data[0].orderId, created.result.orderId);
  assert.equal(order.data[0].orderStatus, "Filled");
  const fills = stream.frames.filter(({ topic }) => topic === "execution").flatMap(({ data }) => data);
  const fast = stream.frames.filter(({ topic }) => topic === "execution.fast").flatMap(({ data }) => data);
  assert.deepEqual(fast.map(({ execId }) => execId), fills.map(({ execId }) => execId));
  assert.equal(fills.reduce((sum, { execQty }) => sum + Number(execQty), 0).toFixed(3), "0.003");
  const position = await stream.topic("position", ({ data }) => data[0].size !== "0");
  assert.ok("entryPrice" in position.data[0] && !("avgPrice" in position.data[0]));
  const wallet = stream.frames.find(({ topic }) => topic === "wallet");
  assert.equal(wallet.data[0].coin[0].coin, "USDT");
  const order2 = venue.bot(1);
  assert.equal(stream.frames.filter(({ topic }) => topic === "order").length, 1);
  await order2.create({ price: "50000" });
  await sleep(50);
  assert.equal(stream.frames.filter(({ topic }) => topic === "order").length, 1, "others' orders are not told");
  stream.close();
});

test("categorised topics tell their category alone, by their own name; both forms in one request are refused", async () => {
  const stream = await bot.listen("order.spot", "execution.linear");
  await bot.create({ price: "50000", orderLinkId: "linear-quiet" });
  await bot.create({ category: "spot", price: "50000", orderLinkId: "spot-told" });
  const told = await stream.topic("order.spot");
  assert.equal(told.data[0].orderLinkId, "spot-told");
  assert.ok(!stream.frames.some(({ data }) => data?.[0]?.orderLinkId === "linear-quiet"));
  stream.send({ op: "subscribe", args: ["order", "order.linear"] });
  assert.equal((await stream.next((frame) => frame.op === "subscribe")).success, false);
  stream.close();
});

test("orders over the trade socket: ids echoed, repeats found, rates told, window kept", async () => {
  const trade = await bot.login("/v5/trade");
  const send = async (frame) => {
    trade.send({ header: { "X-BAPI-TIMESTAMP": String(Date.now()), "X-BAPI-RECV-WINDOW": "5000" }, ...frame });
    return trade.next((answer) => answer.op === frame.op);
  };
  const order = { category: "linear", symbol: "BTCUSDT", side: "Buy", orderType: "Limit", qty: "0.001", price: "50000" };
  const created = await send({ op: "order.create", reqId: "r1", args: [{ ...order, orderLinkId: "ws-1" }] });
  assert.deepEqual([created.reqId, created.retCode, created.data.orderLinkId], ["r1", 0, "ws-1"]);
  assert.equal(created.header["X-Bapi-Limit"], "10");
  assert.ok(created.connId);
  assert.equal((await send({ op: "order.create", reqId: "r1", args: [order] })).retCode, 20006);
  const which = { category: "linear", symbol: "BTCUSDT", orderLinkId: "ws-1" };
  assert.equal((await send({ op: "order.amend", args: [{ ...which, price: "50001" }] })).retCode, 0);
  assert.equal((await send({ op: "order.cancel", args: [which] })).retCode, 0);
  const batch = { category: "linear", request: [{ ...order, orderLinkId: "wsb" }] };
  const made = await send({ op: "order.create-batch", args: [batch] });
  assert.deepEqual(made.retExtInfo.list, [{ code: 0, msg: "OK" }]);
  const late = { "X-BAPI-TIMESTAMP": Date.now() - 9000, "X-BAPI-RECV-WINDOW": 5000 };
  assert.equal((await send({ op: "order.cancel", header: late, args: [which] })).retCode, 10002);
  assert.equal((await send({ op: "order.dance", args: [{}] })).retCode, 10404);
  assert.equal((await send({ op: "order.create" })).retCode, 10001);
  const expires = Date.now() + 5000;
  trade.send({ op: "auth", args: [bot.key.key, expires, sign(expires)] });
  assert.equal((await trade.next((frame) => frame.op === "auth")).retCode, 20001);
  assert.equal((await send({ op: "order.create", args: [order] })).retCode, 0, "still open after a second log-in");
  trade.close();
  const stranger = await venue.socket("/v5/trade");
  stranger.send({ op: "order.create", reqId: "x", args: [order] });
  assert.notEqual((await stranger.next()).retCode, 0);
  stranger.close();
});

test("junk neither kills the venue nor is believed", async () => {
  const socket = await venue.socket("/v5/private");
  for (const text of ["", "{", "[]", "17", '{"op":5}', '{"op":"auth"}', '{"op":"subscribe","args":{}}', "\u0000", "x".repeat(100000)]) {
    socket.send(text);
  }
  socket.send('{"op":"ping"}');
  await socket.next((frame) => frame.op === "pong");
  socket.close();
  const trade = await bot.login("/v5/trade");
  trade.send({ op: "order.create", args: [[[[]]]] });
  trade.send({ op: "order.create", args: [{ category: [], symbol: {}, qty: null }] });
  assert.notEqual((await trade.next()).retCode, 0);
  trade.close();
  assert.equal((await bot.get("/v5/account/info")).body.retCode, 0);
});
