// Each verb of a fault script does what its table says, and the ledger tells.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { ROOT, Venue, scratch, sleep, until } from "./venue.mjs";

let venue;
let bot;
let links = 0;

before(async () => {
  venue = await Venue.start("--limits", "off", "--seed", "11");
  bot = venue.bot();
});
beforeEach(async () => {
  await bot.call("POST", "/sim/clear");
  await bot.post("/v5/order/cancel-all", { category: "linear", settleCoin: "USDT" });
});
after(() => venue.stop());

const fault = async (line) => assert.deepEqual(await venue.fault({ nth: 1, ...line }), {});
const order = (more = {}) => ({ price: "50000", orderLinkId: `f-${++links}`, ...more });
const which = (link) => ({ category: "linear", symbol: "BTCUSDT", orderLinkId: link });
const state = async (account = 0) => (await bot.call("GET", "/sim/state")).accounts[account];

/** Fails when the promise settles within `ms`. */
async function silent(promise, ms = 300) {
  const outcome = await Promise.race([promise.then(() => "answered", () => "failed"), sleep(ms)]);
  assert.equal(outcome, undefined, "nothing is heard");
}

/** A socket on the trade path and how to send an order on it. */
async function desk() {
  const socket = await bot.login("/v5/trade");
  const send = (args, op = "order.create") =>
    socket.send({ op, header: { "X-BAPI-TIMESTAMP": String(Date.now()) }, args: [{ ...which(), ...args }] });
  const limit = { side: "Buy", orderType: "Limit", qty: "0.001" };
  return { socket, create: (more) => send({ ...limit, ...order(more) }), send };
}

test("a script that makes no sense is refused, with the line", async () => {
  for (const [line, says] of [
    [{ on: "nothing", nth: 1, do: "delay" }, /there is no 'nothing'/],
    [{ on: "new", nth: 1, do: "dance" }, /there is no 'dance'/],
    [{ on: "new", nth: 1, do: "seq_gap" }, /cannot be done on 'new'/],
    [{ on: "new", do: "delay" }, /wanted one of/],
    [{ on: "book", nth: 1, do: "seq_gap", symbol: "NOSUCH" }, /there is no 'NOSUCH'/],
  ]) {
    assert.match((await venue.fault(line)).error, says);
  }
  const script = join(scratch(), "faults");
  writeFileSync(script, '# fine\n{"on":"new","nth":1,"do":"reject","code":110007}\n{"on":"new"}\n');
  await assert.rejects(Venue.start("--faults", script), /faults:3: /);
});

test("drop_req: nothing happens; drop_ack: it happens and is not answered", async () => {
  await fault({ on: "new", do: "drop_req" });
  const dropped = order();
  await silent(venue.bot().create(dropped));
  assert.ok(!(await state()).orders.some(({ orderLinkId }) => orderLinkId === dropped.orderLinkId));
  await fault({ on: "new", do: "drop_ack" });
  const lost = order();
  await silent(venue.bot().create(lost));
  assert.ok((await state()).orders.some(({ orderLinkId }) => orderLinkId === lost.orderLinkId));
  const lines = venue.ledger();
  assert.ok(lines.some(({ order_link_id: id, status }) => id === dropped.orderLinkId && status === "dropped"));
  assert.ok(lines.some(({ order_link_id: id, status }) => id === lost.orderLinkId && status === "lost"));
});

test("reject, ratelimit: the code, for a while; what was refused did not happen", async () => {
  await fault({ on: "new", do: "reject", code: 110007 });
  assert.equal((await bot.create(order())).retCode, 110007);
  assert.equal((await bot.create(order())).retCode, 0);
  await fault({ on: "new", do: "ratelimit", ms: 200 });
  assert.equal((await bot.create(order())).retCode, 10006);
  assert.equal((await bot.create(order())).retCode, 10006);
  await sleep(220);
  assert.equal((await bot.create(order())).retCode, 0);
});

test("delay holds what is behind it, reorder does not, dup comes twice", async () => {
  const { socket, create } = await desk();
  await fault({ on: "new", do: "delay", ms: 150 });
  const start = Date.now();
  create({ orderLinkId: "first" });
  create({ orderLinkId: "second" });
  assert.equal((await socket.next()).data.orderLinkId, "first");
  assert.ok(Date.now() - start >= 140);
  assert.equal((await socket.next()).data.orderLinkId, "second");
  await fault({ on: "new", do: "reorder", ms: 150 });
  create({ orderLinkId: "third" });
  create({ orderLinkId: "fourth" });
  assert.equal((await socket.next()).data.orderLinkId, "fourth");
  assert.equal((await socket.next()).data.orderLinkId, "third");
  await fault({ on: "new", do: "dup" });
  create({ orderLinkId: "fifth" });
  assert.equal((await socket.next()).data.orderLinkId, "fifth");
  assert.equal((await socket.next()).data.orderLinkId, "fifth");
  socket.close();
});

test("corrupt_json, truncate, trickle: the bytes", async () => {
  const { socket, create } = await desk();
  await fault({ on: "new", do: "corrupt_json" });
  create();
  assert.ok((await socket.next()).notJson);
  await fault({ on: "query", do: "corrupt_json" });
  assert.equal((await bot.get("/v5/account/info")).body, null);
  await fault({ on: "query", do: "trickle", ms: 1 });
  const start = Date.now();
  assert.equal((await bot.get("/v5/account/info")).body.retCode, 0);
  assert.ok(Date.now() - start > 200);
  await fault({ on: "query", do: "truncate" });
  await assert.rejects(bot.get("/v5/account/info"));
  await fault({ on: "new", do: "truncate" });
  create();
  await until("the close", () => socket.closed !== null);
});

test("half_open, close, rst, refuse: the connection", async () => {
  for (const verb of ["close", "rst"]) {
    const { socket, create } = await desk();
    await fault({ on: "new", do: verb });
    create();
    await until(verb, () => socket.closed !== null);
  }
  const { socket, create } = await desk();
  await fault({ on: "new", do: "half_open" });
  create();
  socket.send({ op: "ping" });
  await silent(socket.next());
  assert.equal(socket.closed, null);
  await fault({ on: "query", do: "refuse", ms: 200 });
  await bot.get("/v5/account/info");
  await assert.rejects(venue.socket("/v5/public/linear"));
  await sleep(220);
  (await venue.socket("/v5/public/linear")).close();
  await fault({ on: "connect", do: "rst" });
  await assert.rejects(venue.socket("/v5/public/linear"));
  socket.close();
});

test("stall_pong: no pong of either kind for a while", async () => {
  const socket = await venue.socket("/v5/public/linear");
  await fault({ on: "ping", do: "stall_pong", ms: 250 });
  socket.send({ op: "ping" });
  socket.ws.ping();
  await sleep(200);
  assert.deepEqual([socket.frames.length, socket.pongs], [0, 0]);
  await sleep(100);
  socket.send({ op: "ping" });
  assert.equal((await socket.next()).ret_msg, "pong");
  socket.close();
});

test("ban and maintenance: 403 and 503, sockets closed and refused, then all is well", async () => {
  for (const [verb, status] of [["ban", 403], ["maintenance", 503]]) {
    const socket = await venue.socket("/v5/public/linear");
    await fault({ on: "query", do: verb, ms: 300 });
    await bot.get("/v5/account/info");
    await until("the close", () => socket.closed !== null);
    assert.equal((await bot.send("GET", "/v5/market/time")).status, status);
    await assert.rejects(venue.socket("/v5/public/linear"), new RegExp(status));
    await sleep(320);
    assert.equal((await bot.get("/v5/account/info")).body.retCode, 0);
  }
});

test("stale_book, seq_gap, seq_reset, crossed_book: the book", async () => {
  const topic = "orderbook.50.BTCUSDT";
  const socket = await venue.socket("/v5/public/linear");
  await socket.subscribe(topic);
  await socket.topic(topic);
  await fault({ on: "book", do: "seq_gap", symbol: "BTCUSDT" });
  await until("a gap", () => {
    const us = socket.frames.filter((frame) => frame.topic === topic).map(({ data }) => data.u);
    return us.some((u, at) => at > 0 && u === us[at - 1] + 2);
  });
  socket.read = socket.frames.length;
  await fault({ on: "book", do: "seq_reset", symbol: "BTCUSDT" });
  const reset = await socket.topic(topic, ({ type }) => type === "snapshot");
  assert.equal(reset.data.u, 1);
  const asks = new Map(reset.data.a);
  const bids = new Map(reset.data.b);
  const next = async () => {
    const { data } = await socket.topic(topic);
    data.a.forEach(([price, size]) => (size === "0" ? asks.delete(price) : asks.set(price, size)));
    data.b.forEach(([price, size]) => (size === "0" ? bids.delete(price) : bids.set(price, size)));
    return data.u;
  };
  assert.equal(await next(), 2);
  await fault({ on: "book", do: "crossed_book", symbol: "BTCUSDT" });
  let crossed = false;
  await until("a crossed book, and its end", async () => {
    await next();
    const now = Math.max(...[...bids.keys()].map(Number)) >= Math.min(...[...asks.keys()].map(Number));
    crossed ||= now;
    return crossed && !now;
  });
  await fault({ on: "book", do: "stale_book", ms: 400, symbol: "BTCUSDT" });
  await sleep(100);
  const count = socket.frames.length;
  await sleep(250);
  assert.equal(socket.frames.length, count, "nothing of it comes");
  socket.read = count;
  assert.equal((await socket.topic(topic)).type, "snapshot");
  socket.close();
});

test("fill_before_ack, overfill: fills that should not be so", async () => {
  const stream = await bot.listen("order", "execution");
  const { socket, create } = await desk();
  await fault({ on: "new", do: "fill_before_ack", code: 1 });
  create({ qty: "0.002", orderLinkId: "early" });
  const fill = await stream.topic("execution");
  assert.deepEqual([fill.data[0].orderLinkId, fill.data[0].execQty, fill.data[0].leavesQty], ["early", "0.001", "0.001"]);
  await socket.next();
  const lines = venue.ledger().filter(({ order_link_id: id, dir }) => id === "early" && dir === "out");
  assert.deepEqual([...new Set(lines.map(({ kind }) => kind))].slice(-1), ["new"], "the answer is last");
  await fault({ on: "new", do: "overfill", code: 2 });
  create({ orderLinkId: "over" });
  const over = await stream.topic("execution", ({ data }) => data[0].orderLinkId === "over");
  assert.equal(over.data[0].execQty, "0.003");
  socket.close();
  stream.close();
});

test("lost_fill, dup, late_fill: how a fill is told", async () => {
  const stream = await bot.listen("execution");
  const market = (link) => bot.create({ orderType: "Market", qty: "0.001", orderLinkId: link });
  await fault({ on: "fill", do: "lost_fill" });
  await market("lost");
  await market("told");
  assert.equal((await stream.topic("execution")).data[0].orderLinkId, "told");
  const { list } = (await bot.get("/v5/execution/list", "category=linear&orderLinkId=lost")).body.result;
  assert.equal(list.length, 1);
  await fault({ on: "fill", do: "dup" });
  await market("twice");
  const first = await stream.topic("execution");
  const second = await stream.topic("execution");
  assert.equal(first.data[0].execId, second.data[0].execId);
  await fault({ on: "fill", do: "late_fill", ms: 150 });
  await market("late");
  await market("soon");
  assert.equal((await stream.topic("execution")).data[0].orderLinkId, "soon");
  assert.equal((await stream.topic("execution")).data[0].orderLinkId, "late");
  stream.close();
});

test("late_fill on a cancel: cancelled, and a fill from before comes afterwards", async () => {
  const stream = await bot.listen("order", "execution");
  await bot.create(order({ qty: "0.002", orderLinkId: "raced" }));
  await fault({ on: "cancel", do: "late_fill", ms: 150, code: 1 });
  assert.equal((await bot.post("/v5/order/cancel", which("raced"))).body.retCode, 0);
  const fill = await stream.topic("execution");
  assert.equal(fill.data[0].execQty, "0.001");
  const told = stream.frames.slice(0, stream.frames.indexOf(fill));
  assert.ok(told.some(({ topic, data }) => topic === "order" && data[0].orderStatus === "Cancelled"));
  stream.close();
});

test("a cancel that loses its race for good: two Filled, the second says so", async () => {
  const stream = await bot.listen("order");
  await bot.create(order({ orderLinkId: "gone" }));
  await fault({ on: "cancel", do: "late_fill", ms: 0, code: 1 });
  assert.equal((await bot.post("/v5/order/cancel", which("gone"))).body.retCode, 0);
  const seen = await until("two", () => {
    const orders = stream.frames.filter(({ data }) => data?.[0].orderLinkId === "gone").map(({ data }) => data[0]);
    const filled = orders.filter(({ orderStatus }) => orderStatus === "Filled");
    return filled.length === 2 && filled;
  });
  assert.deepEqual(seen.map((one) => one.orderStatus), ["Filled", "Filled"]);
  assert.deepEqual([seen[1].cancelType, seen[1].rejectReason], ["CancelByUser", "EC_OrigClOrdIDDoesNotExist"]);
  stream.close();
});

test("foreign_order, position_override: what the client did not do", async () => {
  const stream = await bot.listen("order", "position");
  await fault({ on: "new", do: "foreign_order", code: 5 });
  await bot.create(order());
  const foreign = await stream.topic("order", ({ data }) => data[0].orderLinkId === "");
  assert.equal(foreign.data[0].qty, "0.005");
  await fault({ on: "new", do: "position_override", code: -7 });
  await bot.create(order());
  await stream.topic("position", ({ data }) => data[0].side === "Sell" && data[0].size === "0.007");
  const [position] = (await bot.get("/v5/position/list", "category=linear&symbol=BTCUSDT")).body.result.list;
  assert.deepEqual([position.side, position.size], ["Sell", "0.007"]);
  stream.close();
});

test("clock_offset: the venue's clock is off, and requests with the right time are too old", async () => {
  await fault({ on: "query", do: "clock_offset", code: 6000 });
  await bot.get("/v5/account/info");
  const { time, result } = (await bot.send("GET", "/v5/market/time")).body;
  for (const told of [time, Number(result.timeSecond) * 1000, Number(result.timeNano) / 1e6]) {
    assert.ok(Math.abs(told - Date.now() - 6000) < 1500, `${told}`);
  }
  assert.equal((await bot.get("/v5/account/info")).body.retCode, 10002);
});

test("a tick that changes, an instrument that halts", async () => {
  const change = (more) => bot.call("POST", "/sim/instrument", { category: "linear", symbol: "ETHUSDT", ...more });
  const row = async () =>
    (await bot.send("GET", "/v5/market/instruments-info?category=linear&symbol=ETHUSDT")).body.result.list[0];
  assert.deepEqual(await change({ tickSize: "0.5" }), {});
  assert.equal((await row()).priceFilter.tickSize, "0.5");
  assert.equal((await bot.create({ symbol: "ETHUSDT", qty: "0.1", price: "3000.1" })).retCode, 10001);
  assert.deepEqual(await change({ status: "Closed" }), {});
  assert.equal((await row()).status, "Closed");
  assert.equal((await bot.create({ symbol: "ETHUSDT", qty: "0.1", price: "3000" })).retCode, 110074);
  assert.deepEqual(await change({ status: "Trading" }), {});
  assert.match((await change({ tickSize: "a" })).error, /tickSize/);
  for (const step of ["1000000000000", "100000000000000000", "9223372036854775807"]) {
    assert.match((await change({ qtyStep: step })).error, /out of bounds/);
  }
  assert.equal((await row()).status, "Trading");
});

test("the two examples of docs/venue.md do what it says", async () => {
  const text = readFileSync(join(ROOT, "docs/venue.md"), "utf8");
  const lines = text.split("\n").filter((line) => /^\{"on":.*"(position_override|lost_fill)"/.test(line));
  assert.equal(lines.length, 2);
  const file = join(scratch(), "faults");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const venue = await Venue.start("--faults", file, "--limits", "off");
  const bot = venue.bot();
  const stream = await bot.listen("execution");
  const size = async () =>
    (await bot.get("/v5/position/list", "category=linear&symbol=BTCUSDT")).body.result.list[0].size;
  await bot.create({ price: "50000" });
  assert.equal(Number(await size()), 0);
  await bot.create({ price: "50000" });
  assert.equal(await size(), "0.007");
  await bot.create({ symbol: "ETHUSDT", orderType: "Market", qty: "0.1", orderLinkId: "lost" });
  const told = (await bot.get("/v5/execution/list", "category=linear&symbol=ETHUSDT")).body.result.list;
  assert.equal(told[0].orderLinkId, "lost");
  await bot.create({ symbol: "ETHUSDT", orderType: "Market", qty: "0.1", orderLinkId: "told" });
  const pushed = await stream.topic("execution", ({ data }) => data[0].symbol === "ETHUSDT");
  assert.equal(pushed.data[0].orderLinkId, "told");
  stream.close();
  await venue.stop();
});
