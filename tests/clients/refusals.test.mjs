// What the venue refuses, as the clients' own error classes; and that a refused order changes nothing.

import assert from "node:assert/strict";
import { Agent, get } from "node:http";
import test from "node:test";
import { sleep, until } from "../venue/venue.mjs";
import { Desk, PEOPLE } from "./desk.mjs";

const LINEAR = { category: "linear", symbol: "BTCUSDT" };
const SPOT = { category: "spot", symbol: "ETHUSDT" };
const SWAP = "BTC/USDT:USDT";
const HOUR_MS = 3600000;

const OTHERS = [
  { uid: 3001, key: "reads-only", permissions: [] },
  { uid: 3002, key: "spot-only", permissions: ["Spot"] },
  { uid: 3003, key: "elsewhere", permissions: ["ContractTrade"], ips: ["192.0.2.1"] },
  { uid: 3004, key: "expired", permissions: ["ContractTrade"], expires_ms: Date.now() - HOUR_MS },
].map(({ uid, ...key }) => ({ uid, keys: [{ secret: "s", ...key }], balances: { USDT: "100" } }));

function limit(side, price, qty, more = {}) {
  return { ...LINEAR, side, orderType: "Limit", price, qty, ...more };
}

/** retCode of a call that must be refused and must leave no order behind. */
async function code(call) {
  const { retCode, retMsg, result } = await call;
  assert.notEqual(retCode, 0);
  assert.equal(typeof retMsg, "string");
  assert.deepEqual(result, {});
  return retCode;
}

test("who one is", async (t) => {
  const venue = await Desk.start(t, { accounts: OTHERS });
  const order = limit("Buy", "59000", "0.001");
  const as = (key, secret = "s") => venue.rest(undefined, { key, secret });
  const ccxtAs = (apiKey, secret = "s") => venue.ccxt(undefined, { apiKey, secret });

  await t.test("an unknown key is 10003, a wrong secret 10004", async () => {
    assert.equal(await code(as("nobody").submitOrder(order)), 10003);
    assert.equal(await code(as(PEOPLE.alice.key).submitOrder(order)), 10004);
    await assert.rejects(ccxtAs("nobody").fetchBalance(), { name: "AuthenticationError" });
    await assert.rejects(ccxtAs(PEOPLE.alice.key).fetchBalance(), { name: "AuthenticationError" });
    assert.deepEqual(venue.ledger({ kind: "new" }), []);
  });

  await t.test("a key does what it may: 10005, 10010, 33004", async () => {
    assert.equal(await code(as("reads-only").submitOrder(order)), 10005);
    assert.equal(await code(as("reads-only").setLeverage({ ...LINEAR, buyLeverage: "5", sellLeverage: "5" })), 10005);
    assert.equal((await as("reads-only").getWalletBalance({ accountType: "UNIFIED" })).retCode, 0);
    assert.equal((await as("reads-only").getQueryApiKey()).result.readOnly, 1);
    assert.equal(await code(as("spot-only").submitOrder(order)), 10005);
    assert.equal((await as("spot-only").getActiveOrders(LINEAR)).retCode, 0);
    assert.equal(await code(as("elsewhere").submitOrder(order)), 10010);
    assert.equal(await code(as("expired").submitOrder(order)), 33004);
    await assert.rejects(ccxtAs("reads-only").createOrder(SWAP, "limit", "buy", 0.001, 59000), { name: "PermissionDenied" });
    await assert.rejects(ccxtAs("elsewhere").fetchBalance(), { name: "PermissionDenied" });
  });

  await t.test("a clock that is off is 10002; bybit-api that asks the venue's time is well", async () => {
    const late = venue.ccxt("alice", { nonce: () => Date.now() - 6000 });
    await assert.rejects(late.fetchBalance(), { name: "InvalidNonce" });
    const fast = venue.ccxt("alice", { nonce: () => Date.now() + 1500 });
    await assert.rejects(fast.fetchBalance(), { name: "InvalidNonce" });
    await venue.ccxt("alice", { nonce: () => Date.now() + 500 }).fetchBalance();
    await venue.ccxt("alice", { nonce: () => Date.now() - 6000, options: { recvWindow: 10000 } }).fetchBalance();
    await venue.sim("fault", { on: "query", nth: 1, do: "clock_offset", code: 10000 });
    await venue.rest("alice").getAccountInfo();
    assert.equal(await code(venue.rest("alice").getAccountInfo()), 10002);
    const synchronised = venue.rest("alice", { syncTimeBeforePrivateRequests: true });
    assert.equal((await synchronised.getAccountInfo()).retCode, 0);
    const own = venue.ccxt("alice", { options: { adjustForTimeDifference: true } });
    await own.loadTimeDifference();
    await own.fetchBalance();
    await venue.sim("clear", {});
  });

  await t.test("log-ins by WebSocket that are wrong", async () => {
    const socket = venue.stream("/v5/private", undefined, { key: PEOPLE.alice.key, secret: "wrong" });
    const refused = new Promise((done) => socket.on("exception", done));
    socket.subscribeV5("order", "linear", true);
    const reply = await refused;
    assert.deepEqual([reply.success, reply.op], [false, "auth"]);
    socket.closeAll(true);
    const options = { enableUnifiedMargin: false, enableUnifiedAccount: true };
    const exchange = await venue.pro(undefined, { apiKey: PEOPLE.alice.key, secret: "wrong", options });
    exchange.has.fetchCurrencies = false; // else it fails by HTTP before it comes to the socket
    await exchange.loadMarkets();
    await assert.rejects(exchange.watchOrders(SWAP), { name: "ExchangeError" });
    await assert.rejects(exchange.createOrderWs(SWAP, "limit", "buy", 0.001, 59000), { name: "AuthenticationError" });
    await exchange.close();
    const trader = venue.trader("alice", { secret: "wrong" });
    await assert.rejects(trader.submitNewOrder(order));
    trader.getWSClient().closeAll(true);
    assert.deepEqual(await venue.restingOf("alice"), []);
    assert.deepEqual(venue.ledger({ kind: "new", account: PEOPLE.alice.uid }), []);
  });
});

test("what one may not order", async (t) => {
  const venue = await Desk.start(t);
  const [alice, bob] = [venue.rest("alice"), venue.rest("bob")];
  const exchange = venue.ccxt("alice");
  await alice.submitOrder(limit("Sell", "60000", "0.002", { orderLinkId: "there" }));
  await bob.submitOrder(limit("Buy", "60000", "0.001", { orderLinkId: "done" }));
  const before = JSON.stringify([await venue.of("alice"), await venue.of("bob")]);
  const spot = { ...SPOT, side: "Buy", orderType: "Limit", price: "2500", qty: "1" };

  await t.test("by code, for linear and for spot", async () => {
    const linear = (more) => alice.submitOrder(limit("Buy", "59000", "0.001", more));
    const asks = [
      [110072, () => linear({ orderLinkId: "there" })],
      [110007, () => linear({ qty: "300" })],
      [10001, () => linear({ qty: "0.0015" })],
      [10001, () => linear({ qty: "-1" })],
      [10001, () => linear({ qty: "1e3" })],
      [10001, () => linear({ qty: "" })],
      [110017, () => linear({ qty: "0.0004" })],
      [110094, () => linear({ price: "4000" })],
      [10001, () => linear({ price: "59000.05" })],
      [10001, () => linear({ price: "0" })],
      [10001, () => linear({ price: undefined })],
      [10001, () => linear({ side: "buy" })],
      [10001, () => linear({ orderType: "Stop" })],
      [10001, () => linear({ timeInForce: "GTD" })],
      [10001, () => linear({ orderLinkId: "x".repeat(37) })],
      [10001, () => linear({ orderLinkId: "with blank" })],
      [10001, () => linear({ symbol: "NOPEUSDT" })],
      [10001, () => linear({ category: "nope" })],
      [10001, () => linear({ positionIdx: 1 })],
      [110003, () => linear({ price: "70000" })],
      [110017, () => bob.submitOrder(limit("Buy", "59000", "0.001", { reduceOnly: true }))],
      [110001, () => alice.cancelOrder({ ...LINEAR, orderLinkId: "never" })],
      [110001, () => alice.amendOrder({ ...LINEAR, orderLinkId: "never", price: "59000" })],
      [110001, () => bob.cancelOrder({ ...LINEAR, orderLinkId: "there" })],
      [10001, () => alice.cancelOrder(LINEAR)],
      [10001, () => alice.cancelAllOrders({ category: "linear" })],
      [10001, () => alice.getActiveOrders({ category: "linear" })],
      [110007, () => alice.amendOrder({ ...LINEAR, orderLinkId: "there", qty: "300" })],
      [10001, () => alice.amendOrder({ ...LINEAR, orderLinkId: "there", qty: "0.001" })],
      [170131, () => alice.submitOrder({ ...spot, qty: "500" })],
      [170131, () => alice.submitOrder({ ...spot, side: "Sell", qty: "101" })],
      [170140, () => alice.submitOrder({ ...spot, price: "0.50" })],
      [170213, () => alice.cancelOrder({ ...SPOT, orderId: "1" })],
    ];
    for (const [wanted, ask] of asks) assert.equal(await code(ask()), wanted, String(ask));
    const late = await code(bob.cancelOrder({ ...LINEAR, orderLinkId: "done" }));
    assert.ok([110001, 110008].includes(late), `${late}`);
    await alice.cancelAllOrders(LINEAR);
  });

  await t.test("nothing of that has changed an account", async () => {
    await bob.cancelAllOrders(LINEAR);
    const { orders, ...rest } = await venue.of("alice");
    const [was] = JSON.parse(before);
    delete was.orders;
    assert.deepEqual(rest, was);
    assert.deepEqual(orders, []);
  });

  await t.test("by ccxt's classes", async () => {
    const refused = (call, name) => assert.rejects(call, { name });
    await refused(exchange.createOrder(SWAP, "limit", "buy", 300, 59000), "InsufficientFunds");
    await refused(exchange.createOrder("ETH/USDT", "limit", "sell", 101, 2500), "InsufficientFunds");
    await refused(exchange.cancelOrder("12345", SWAP), "OrderNotFound");
    await refused(exchange.cancelOrder("12345", "ETH/USDT"), "OrderNotFound");
    await refused(exchange.createOrder(SWAP, "limit", "buy", 0.001, 59000, { clientOrderId: "there" }), "InvalidOrder");
    await refused(exchange.createOrder(SWAP, "limit", "buy", 0.001, 4000), "InvalidOrder");
    await refused(exchange.createOrder(SWAP, "limit", "buy", 0.001, 70000), "InvalidOrder");
    await refused(exchange.createOrder(SWAP, "limit", "buy", 0.001, 59000, { clientOrderId: "with blank" }), "BadRequest");
    await refused(exchange.createOrder(SWAP, "limit", "buy", 0.001, 59000, { triggerPrice: 61000, triggerDirection: "ascending" }), "BadRequest");
    assert.deepEqual(await venue.restingOf("alice"), []);
  });

  await t.test("the 501st active order is 110020, and 500 go at once", async () => {
    const carol = venue.rest("carol");
    const orders = Array.from({ length: 20 }, () => ({ symbol: "BTCUSDT", side: "Buy", orderType: "Limit", price: "58000", qty: "0.001" }));
    for (let at = 0; at < 25; at++) assert.equal((await carol.batchSubmitOrders("linear", orders)).retCode, 0);
    assert.equal((await venue.of("carol")).orders.length, 500);
    assert.equal(await code(carol.submitOrder(limit("Buy", "58000", "0.001"))), 110020);
    assert.equal((await carol.cancelAllOrders({ category: "linear", settleCoin: "USDT" })).result.list.length, 500);
    assert.equal((await venue.of("carol")).orders.length, 0);
    assert.equal(await code(carol.batchSubmitOrders("linear", [...orders, orders[0]])), 10001);
  });

  await t.test("an instrument that is not live trades nothing: 110074", async () => {
    await venue.sim("instrument", { category: "linear", symbol: "SOLUSDT", status: "Closed" });
    const order = { ...limit("Buy", "150", "1"), symbol: "SOLUSDT" };
    assert.equal(await code(alice.submitOrder(order)), 110074);
    const [row] = (await alice.getInstrumentsInfo({ category: "linear", symbol: "SOLUSDT" })).result.list;
    assert.equal(row.status, "Closed");
    await venue.sim("instrument", { category: "linear", symbol: "SOLUSDT", status: "Trading" });
    assert.equal((await alice.submitOrder(order)).retCode, 0);
  });
});

test("what the venue itself cannot do", async (t) => {
  const venue = await Desk.start(t);
  const exchange = venue.ccxt("alice");
  await exchange.loadMarkets();
  const create = () => exchange.createOrder(SWAP, "limit", "buy", 0.001, 59000);
  const faults = [
    [{ on: "new", nth: 1, do: "reject", code: 10016 }, "ExchangeError"],
    [{ on: "new", nth: 1, do: "reject", code: 10000 }, "ExchangeError"],
    [{ on: "new", nth: 1, do: "reject", code: 110007 }, "InsufficientFunds"],
    [{ on: "new", nth: 1, do: "close" }, "NetworkError"],
  ];
  for (const [fault, name] of faults) {
    await t.test(`${fault.do} ${fault.code ?? ""}`.trim(), async () => {
      await venue.sim("fault", fault);
      await assert.rejects(create(), { name });
      await venue.sim("clear", {});
      await exchange.cancelAllOrders(SWAP);
    });
  }

  await t.test("maintenance is an exchange that is not available, and passes", async () => {
    await venue.sim("fault", { on: "new", nth: 1, do: "maintenance", ms: 300 });
    await assert.rejects(create());
    await assert.rejects(exchange.fetchBalance(), { name: "ExchangeNotAvailable" });
    await until("the end of it", () => exchange.fetchBalance().catch(() => false));
  });

  await t.test("a ban is 403 for everything, and passes", async () => {
    await venue.sim("fault", { on: "new", nth: 1, do: "ban", ms: 300 });
    await create().catch(() => {});
    assert.equal((await fetch(`${venue.url}/v5/market/time`)).status, 403);
    await assert.rejects(exchange.fetchBalance());
    await until("the end of it", () => exchange.fetchBalance().catch(() => false));
  });
});

test("rate limits", async (t) => {
  const venue = await Desk.start(t, { limits: "on" });
  const alice = venue.rest("alice");

  await t.test("ten orders a second: headers count down, then 10006 and when to come again", async () => {
    const answers = [];
    for (let at = 0; at < 11; at++) answers.push(await alice.submitOrder(limit("Buy", "59000", "0.001")));
    assert.deepEqual(answers.map(({ retCode }) => retCode), [...Array(10).fill(0), 10006]);
    assert.deepEqual(answers.map(({ rateLimitApi }) => rateLimitApi.remainingRequests), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
    const { maxRequests, resetAtTimestamp } = answers[10].rateLimitApi;
    assert.equal(maxRequests, 10);
    const wait = resetAtTimestamp - Date.now();
    assert.ok(wait > -1000 && wait <= 1000, `${wait}`);
    assert.equal((await venue.of("alice")).orders.length, 10);
    await sleep(Math.max(0, wait) + 20);
    assert.equal((await alice.submitOrder(limit("Buy", "59000", "0.001"))).retCode, 0);
  });

  await t.test("another account, category or endpoint has its own; the WebSocket has not", async () => {
    const trader = venue.trader("alice");
    const ten = () => Promise.all(Array.from({ length: 10 }, () => trader.submitNewOrder(limit("Buy", "59000", "0.001"))));
    let left = null;
    for (let tries = 0; left !== "0" && tries < 5; tries++) { // ten orders may fall into two seconds of the venue's
      await sleep(1050);
      left = (await ten()).at(-1).header["X-Bapi-Limit-Status"];
    }
    assert.equal(left, "0");
    assert.equal(await code(alice.submitOrder(limit("Buy", "59000", "0.001"))), 10006);
    await assert.rejects(trader.submitNewOrder(limit("Buy", "59000", "0.001")), { retCode: 10006 });
    assert.equal((await venue.rest("bob").submitOrder(limit("Buy", "59000", "0.001"))).retCode, 0);
    const spot = await alice.submitOrder({ ...SPOT, side: "Buy", orderType: "Limit", price: "2500", qty: "1" });
    assert.deepEqual([spot.retCode, spot.rateLimitApi.maxRequests], [0, 20]);
    assert.equal((await alice.cancelAllOrders(LINEAR)).retCode, 0);
    trader.getWSClient().closeAll(true);
  });

  await t.test("a batch counts its orders", async () => {
    const orders = Array.from({ length: 8 }, () => ({ symbol: "BTCUSDT", side: "Buy", orderType: "Limit", price: "58000", qty: "0.001" }));
    const carol = venue.rest("carol");
    assert.equal((await carol.batchSubmitOrders("linear", orders)).rateLimitApi.remainingRequests, 2);
    assert.equal(await code(carol.batchSubmitOrders("linear", orders)), 10006);
  });

  await t.test("ccxt: RateLimitExceeded", async () => {
    const dave = venue.ccxt("dave");
    await dave.loadMarkets();
    const asks = Array.from({ length: 12 }, () => dave.createOrder(SWAP, "limit", "buy", 0.001, 59000));
    const done = await Promise.allSettled(asks);
    const refused = done.filter(({ status }) => status === "rejected");
    assert.deepEqual(refused.map(({ reason }) => reason.name), ["RateLimitExceeded", "RateLimitExceeded"]);
  });

  await t.test("the 601st request in five seconds is 403, and so is all that follows", async (inner) => {
    const { url } = await Desk.start(inner, { limits: "on" });
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const status = () =>
      new Promise((done, fail) => {
        get(`${url}/v5/market/time`, { agent }, (answer) => answer.resume().on("end", () => done(answer.statusCode))).on("error", fail);
      });
    const passed = []; // when
    let refused = false;
    const ask = async () => {
      while (!refused && passed.length < 5000) {
        const said = await status();
        if (said === 200) passed.push(Date.now());
        else refused = said;
      }
    };
    await Promise.all(Array.from({ length: 10 }, ask));
    assert.equal(refused, 403);
    const lately = passed.filter((at) => at > passed.at(-1) - 5000).length;
    assert.ok(lately >= 590 && lately <= 610, `${lately} of ${passed.length} passed in the last five seconds`);
    assert.equal(await status(), 403);
    agent.destroy();
  });
});
