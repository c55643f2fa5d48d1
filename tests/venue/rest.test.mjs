// Requests by HTTP: who may ask, what is answered, what is refused and how.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Venue, scratch, sleep } from "./venue.mjs";

let venue;
let bot;

const ACCOUNTS = [
  {
    uid: 7,
    keys: [
      { key: "all", secret: "s1", permissions: ["ContractTrade", "Spot", "Wallet", "Withdraw"] },
      { key: "reads", secret: "s2" },
      { key: "spot-only", secret: "s3", permissions: ["Spot"] },
      { key: "elsewhere", secret: "s4", ips: ["10.1.2.3"] },
      { key: "expired", secret: "s5", expires_ms: 1 },
    ],
    balances: { USDT: "5000", BTC: "1" },
  },
  { uid: 8, keys: [{ key: "other", secret: "s6", permissions: ["ContractTrade"] }], balances: { USDT: "100" } },
];

before(async () => {
  const file = join(scratch(), "accounts.json");
  writeFileSync(file, JSON.stringify(ACCOUNTS));
  venue = await Venue.start("--accounts", file);
  venue.keys = ACCOUNTS.flatMap(({ uid, keys }) => keys.map(({ key, secret }) => ({ uid: String(uid), key, secret })));
  bot = venue.bot();
});
after(() => venue.stop());

const code = (answer) => answer.body.retCode;
const keyed = (name) => venue.bot(venue.keys.findIndex(({ key }) => key === name));

test("time is told twice, and the envelope has it too", async () => {
  const { body, status } = await bot.send("GET", "/v5/market/time");
  assert.equal(status, 200);
  assert.equal(body.retCode, 0);
  assert.ok(Math.abs(Number(body.result.timeSecond) * 1000 - Date.now()) < 2000);
  assert.equal(body.result.timeNano.slice(0, 10), body.result.timeSecond);
  assert.equal(typeof body.time, "number");
});

test("an unknown path is 404, a request without its headers 401", async () => {
  for (const path of ["/v5/market/nothing", "/sim/nothing", "/"]) {
    const { status, body } = await bot.send("GET", path);
    assert.equal(status, 404);
    assert.deepEqual(Object.keys(body), ["retCode", "retMsg", "result", "retExtInfo", "time"]);
    assert.equal(body.retCode, 10404);
  }
  assert.equal((await bot.send("GET", "/v5/account/info")).status, 401);
  assert.equal((await bot.send("POST", "/v5/market/time")).status, 404);
});

test("a signature covers the query as it was sent, percent signs and order included", async () => {
  const query = "category=linear&symbol=BTCUSDT&cursor=a%3A1%2Cb&limit=5";
  assert.equal(code(await bot.get("/v5/order/realtime", query)), 0);
  const moved = "symbol=BTCUSDT&category=linear&cursor=a%3A1%2Cb&limit=5";
  const headers = bot.signed(query);
  assert.equal(code(await bot.send("GET", `/v5/order/realtime?${moved}`, { headers })), 10004);
  const decoded = query.replace("%3A", ":");
  assert.equal(code(await bot.send("GET", `/v5/order/realtime?${decoded}`, { headers })), 10004);
});

test("a signature covers the body's bytes, blanks included", async () => {
  const body = '{"category": "linear",  "symbol": "BTCUSDT", "buyLeverage": "7", "sellLeverage": "7"}';
  assert.equal(code(await bot.post("/v5/position/set-leverage", body)), 0);
  const headers = bot.signed(body.replaceAll(" ", ""));
  assert.equal(code(await bot.send("POST", "/v5/position/set-leverage", { headers, body })), 10004);
});

test("keys are refused for what is wrong with them", async () => {
  const info = (name, options) => keyed(name).get("/v5/account/info", "", options);
  assert.equal(code(await bot.get("/v5/account/info", "", { key: { key: "nobody", secret: "x" } })), 10003);
  assert.equal(code(await bot.get("/v5/account/info", "", { key: { key: "all", secret: "x" } })), 10004);
  assert.equal(code(await info("elsewhere")), 10010);
  assert.equal(code(await info("expired")), 33004);
  assert.equal(code(await info("reads")), 0);
  const order = { category: "linear", symbol: "BTCUSDT", side: "Buy", orderType: "Limit", qty: "0.001", price: "50000" };
  assert.equal(code(await keyed("reads").post("/v5/order/create", order)), 10005);
  assert.equal(code(await keyed("spot-only").post("/v5/order/create", order)), 10005);
  assert.equal(code(await keyed("spot-only").post("/v5/order/create", { ...order, category: "spot" })), 0);
});

test("the window: up to recv_window old, less than a second ahead", async () => {
  const at = async (ms, window) =>
    code(await bot.get("/v5/account/info", "", { timestamp: Date.now() + ms, ...(window ? { window } : {}) }));
  assert.equal(await at(-4000), 0);
  assert.equal(await at(-5500), 10002);
  assert.equal(await at(-5500, 10000), 0);
  assert.equal(await at(500), 0);
  assert.equal(await at(1500), 10002);
});

test("a key tells its own rights", async () => {
  const { result } = (await bot.get("/v5/user/query-api")).body;
  assert.equal(result.apiKey, "all");
  assert.equal(result.readOnly, 0);
  assert.deepEqual(result.permissions.ContractTrade, ["Order", "Position"]);
  assert.ok(result.permissions.Wallet.includes("Withdraw"));
  const reads = (await keyed("reads").get("/v5/user/query-api")).body.result;
  assert.equal(reads.readOnly, 1);
  assert.deepEqual(reads.permissions.ContractTrade, []);
});

test("instruments: what is there, of both categories; inverse and option are empty", async () => {
  const list = async (query) => (await bot.send("GET", `/v5/market/instruments-info?${query}`)).body.result.list;
  const linear = await list("category=linear&limit=1000");
  const row = linear.find(({ symbol }) => symbol === "BTCUSDT");
  assert.equal(row.contractType, "LinearPerpetual");
  assert.equal(row.status, "Trading");
  assert.ok(row.priceFilter.tickSize && row.lotSizeFilter.qtyStep && row.leverageFilter.maxLeverage);
  const spot = await list("category=spot&symbol=BTCUSDT");
  assert.ok(spot[0].lotSizeFilter.basePrecision && spot[0].lotSizeFilter.minOrderAmt);
  for (const empty of ["category=inverse", "category=option&baseCoin=BTC", "category=linear&status=PreLaunch"]) {
    assert.deepEqual(await list(empty), []);
  }
  const wrong = (await bot.send("GET", "/v5/market/instruments-info?category=futures")).body;
  assert.equal(wrong.retCode, 10001);
});

test("book, trades and tickers agree on the touch", async () => {
  const book = (await bot.send("GET", "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50")).body.result;
  const [ticker] = (await bot.send("GET", "/v5/market/tickers?category=linear&symbol=BTCUSDT")).body.result.list;
  assert.equal(book.s, "BTCUSDT");
  assert.equal(book.b.length, 50);
  assert.ok(Number(book.b[0][0]) < Number(book.a[0][0]));
  assert.ok(Math.abs(Number(ticker.bid1Price) - Number(book.b[0][0])) < 20);
  assert.equal(typeof book.u, "number");
  const nothing = (await bot.send("GET", "/v5/market/orderbook?category=linear&symbol=NOSUCH")).body;
  assert.equal(nothing.retCode, 10001);
});

test("an order lives, is amended and cancelled; each state is found", async () => {
  const created = await bot.create({ price: "50000", orderLinkId: "life-1" });
  assert.equal(created.retCode, 0);
  const { orderId } = created.result;
  assert.match(orderId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  const find = async (query) => (await bot.get("/v5/order/realtime", `category=linear&${query}`)).body.result.list;
  assert.equal((await find("symbol=BTCUSDT"))[0].orderId, orderId);
  const which = { category: "linear", symbol: "BTCUSDT", orderLinkId: "life-1" };
  assert.equal(code(await bot.post("/v5/order/amend", { ...which, price: "50001", qty: "0.002" })), 0);
  const [amended] = await find("orderLinkId=life-1");
  assert.deepEqual([amended.price, amended.qty, amended.orderStatus], ["50001.0", "0.002", "New"]);
  assert.equal(code(await bot.post("/v5/order/amend", { ...which, price: "50001" })), 10001);
  assert.equal(code(await bot.post("/v5/order/cancel", which)), 0);
  assert.equal((await find(`orderId=${orderId}`))[0].orderStatus, "Cancelled");
  assert.deepEqual(await find("symbol=BTCUSDT"), []);
  assert.equal(code(await bot.post("/v5/order/cancel", which)), 110010);
  const history = (await bot.get("/v5/order/history", "category=linear&symbol=BTCUSDT")).body.result.list;
  assert.equal(history[0].cancelType, "CancelByUser");
});

test("an order's refusals", async () => {
  await sleep(1000);
  const refused = async (order) => {
    await sleep(105); // ten a second
    return (await bot.create({ price: "50000", ...order })).retCode;
  };
  assert.equal(await refused({ symbol: "NOSUCH" }), 10001);
  assert.equal(await refused({ side: "buy" }), 10001);
  assert.equal(await refused({ orderType: "Stop" }), 10001);
  assert.equal(await refused({ price: "50000.05" }), 10001);
  assert.equal(await refused({ price: "1e5" }), 10001);
  assert.equal(await refused({ qty: "0.0001" }), 110017);
  assert.equal(await refused({ qty: "0.0015" }), 10001);
  assert.equal(await refused({ price: "90000" }), 110003);
  assert.equal(await refused({ qty: "100" }), 110007);
  assert.equal(await refused({ qty: "0.001", price: "100" }), 110094);
  assert.equal(await refused({ orderLinkId: "x".repeat(37) }), 10001);
  assert.equal(await refused({ orderLinkId: "with blank" }), 10001);
  assert.equal(await refused({ positionIdx: 1 }), 10001);
  assert.equal(await refused({ takeProfit: "70000" }), 10001);
  assert.equal(await refused({ side: "Sell", price: "90000", reduceOnly: true }), 110017);
  assert.equal(await refused({ orderLinkId: "twice" }), 0);
  assert.equal(await refused({ orderLinkId: "twice" }), 110072);
  const spot = { category: "spot", orderLinkId: "spot-twice", side: "Buy", qty: "0.001" };
  assert.equal(await refused(spot), 0);
  assert.equal(await refused(spot), 170141);
  assert.equal(await refused({ ...spot, orderLinkId: "big", qty: "5" }), 170131);
  assert.equal(code(await bot.post("/v5/order/cancel", { category: "spot", symbol: "BTCUSDT", orderId: "1" })), 170213);
});

test("JSON of the wrong type is refused by the name of the field", async () => {
  for (const [field, value] of [
    ["reduceOnly", "true"],
    ["reduceOnly", 1],
    ["closeOnTrigger", "false"],
    ["timeInForce", 1],
    ["timeInForce", "Never"],
    ["positionIdx", "0"],
    ["positionIdx", 3],
    ["positionIdx", 0.5],
    ["qty", 0.001],
    ["price", 50000],
    ["orderLinkId", 7],
  ]) {
    await sleep(105);
    const body = await bot.create({ price: "50000", [field]: value });
    assert.equal(body.retCode, 10001, `${field} ${value}`);
    assert.match(body.retMsg, new RegExp(`^params error: ${field} wants `));
  }
  await sleep(105);
  const market = await bot.create({ orderType: "Market", timeInForce: "Never" });
  assert.equal(market.retCode, 10001, "of a market order too");
});

test("coin= of the wallet is a list of whole names", async () => {
  const coins = async (list) =>
    (await bot.get("/v5/account/wallet-balance", `accountType=UNIFIED&coin=${list}`)).body.result.list[0].coin.map(
      ({ coin }) => coin,
    );
  assert.deepEqual(await coins("XBTCX"), []);
  assert.deepEqual((await coins("USDT,BTC")).sort(), ["BTC", "USDT"]);
});

test("the trade socket says why a log-in fails", async () => {
  const says = async (name, expires = Date.now() + 10000) => {
    const at = venue.keys.find(({ key }) => key === name) ?? { key: name, secret: "x" };
    const socket = await venue.socket("/v5/trade");
    const sign = createHmac("sha256", at.secret).update(`GET/realtime${expires}`).digest("hex");
    socket.send({ op: "auth", args: [at.key, expires, sign] });
    const { retCode } = await socket.next((frame) => frame.op === "auth");
    socket.close();
    return retCode;
  };
  assert.equal(await says("all"), 0);
  assert.equal(await says("nobody"), 10003);
  assert.equal(await says("expired"), 33004);
  assert.equal(await says("elsewhere"), 10010);
});

test("the eleventh order of a second is too many, and the header says when to come back", async () => {
  await sleep(1100);
  const answers = await Promise.all(
    Array.from({ length: 12 }, () =>
      venue.bot().post("/v5/order/cancel", { category: "linear", symbol: "BTCUSDT", orderLinkId: "none" }),
    ),
  );
  const codes = answers.map(code);
  assert.equal(codes.filter((c) => c === 110001).length, 10);
  assert.equal(codes.filter((c) => c === 10006).length, 2);
  const late = answers.find((answer) => code(answer) === 10006).headers;
  assert.equal(late["x-bapi-limit"], "10");
  assert.equal(late["x-bapi-limit-status"], "0");
  const wait = Number(late["x-bapi-limit-reset-timestamp"]) - Date.now();
  assert.ok(wait > 0 && wait <= 1000, `${wait} ms`);
  await sleep(wait + 20);
  assert.equal(code(await bot.post("/v5/order/cancel", { category: "linear", symbol: "BTCUSDT", orderLinkId: "n" })), 110001);
});

test("batches: two lists side by side, limits of their own", async () => {
  await sleep(1100);
  const order = { symbol: "BTCUSDT", side: "Buy", orderType: "Limit", qty: "0.001", price: "50000" };
  const request = [
    { ...order, orderLinkId: "b1" },
    { ...order, orderLinkId: "b1" },
    { ...order, orderLinkId: "b3" },
  ];
  const { body } = await bot.post("/v5/order/create-batch", { category: "linear", request });
  assert.equal(body.retCode, 0);
  assert.deepEqual(body.retExtInfo.list.map((one) => one.code), [0, 110072, 0]);
  assert.deepEqual(body.result.list.map((one) => one.orderId !== ""), [true, false, true]);
  const which = ["b1", "b3", "b9"].map((orderLinkId) => ({ symbol: "BTCUSDT", orderLinkId }));
  const gone = (await bot.post("/v5/order/cancel-batch", { category: "linear", request: which })).body;
  assert.deepEqual(gone.retExtInfo.list.map((one) => one.code), [0, 0, 110001]);
  const many = Array.from({ length: 21 }, () => order);
  assert.equal(code(await bot.post("/v5/order/create-batch", { category: "linear", request: many })), 10001);
  assert.equal(code(await bot.post("/v5/order/create-batch", { category: "spot", request: many.slice(10) })), 10001);
});

test("cancel-all wants to know of what; one account does not touch another", async () => {
  await sleep(1100);
  await bot.create({ price: "50000", orderLinkId: "mine" });
  const theirs = await keyed("other").create({ price: "50000", orderLinkId: "theirs" });
  assert.equal(theirs.retCode, 0);
  assert.equal(code(await bot.post("/v5/order/cancel-all", { category: "linear" })), 10001);
  const { result } = (await bot.post("/v5/order/cancel-all", { category: "linear", settleCoin: "USDT" })).body;
  assert.equal(result.success, "1");
  assert.ok(result.list.some(({ orderLinkId }) => orderLinkId === "mine"));
  const left = (await keyed("other").get("/v5/order/realtime", "category=linear&settleCoin=USDT")).body.result.list;
  assert.deepEqual(left.map(({ orderLinkId }) => orderLinkId), ["theirs"]);
  const foreign = { category: "linear", symbol: "BTCUSDT", orderId: theirs.result.orderId };
  assert.equal(code(await bot.post("/v5/order/cancel", foreign)), 110001);
});

test("a fill shows in executions, position and wallet, exactly", async () => {
  await sleep(1100);
  const [wasWallet] = (await bot.get("/v5/account/wallet-balance", "accountType=UNIFIED&coin=USDT")).body.result.list;
  const created = await bot.create({ orderType: "Market", qty: "0.002" });
  assert.equal(created.retCode, 0);
  const query = `category=linear&orderId=${created.result.orderId}`;
  const fills = (await bot.get("/v5/execution/list", query)).body.result.list;
  const qty = fills.reduce((sum, { execQty }) => sum + Number(execQty), 0);
  assert.equal(qty.toFixed(3), "0.002");
  const fee = fills.reduce((sum, { execFee }) => sum + BigInt(Math.round(Number(execFee) * 1e8)), 0n);
  const [isWallet] = (await bot.get("/v5/account/wallet-balance", "accountType=UNIFIED&coin=USDT")).body.result.list;
  const units = (wallet) => BigInt(Math.round(Number(wallet.coin[0].walletBalance) * 1e8));
  assert.equal(units(wasWallet) - units(isWallet), fee);
  const [position] = (await bot.get("/v5/position/list", "category=linear&symbol=BTCUSDT")).body.result.list;
  assert.deepEqual([position.side, position.size], ["Buy", "0.002"]);
  const open = (await bot.get("/v5/position/list", "category=linear&settleCoin=USDT&limit=200")).body.result.list;
  assert.equal(open.length, 1);
  assert.deepEqual((await bot.get("/v5/position/list", "category=inverse")).body.result.list, []);
  const [flat] = (await bot.get("/v5/position/list", "category=linear&symbol=ETHUSDT")).body.result.list;
  assert.deepEqual([flat.side, flat.size], ["", "0"]);
});

test("pages end, and their cursor goes on where they ended", async () => {
  await sleep(1100);
  for (let n = 0; n < 5; n++) {
    await bot.create({ price: `${50000 + n}`, orderLinkId: `page-${n}` });
  }
  const seen = [];
  let cursor = "";
  do {
    const query = `category=linear&symbol=BTCUSDT&limit=2${cursor && `&cursor=${cursor}`}`;
    const { result } = (await bot.get("/v5/order/realtime", query)).body;
    assert.ok(result.list.length <= 2);
    seen.push(...result.list.map(({ orderLinkId }) => orderLinkId));
    cursor = result.nextPageCursor;
  } while (cursor);
  assert.deepEqual(seen.slice(0, 5), [4, 3, 2, 1, 0].map((n) => `page-${n}`));
  assert.equal(new Set(seen).size, seen.length);
});

test("a time that is none is refused", async () => {
  for (const [from, to] of [["-9223372036854775808", "9223372036854775807"], ["-1", "1"], ["9223372036854775807", "0"]]) {
    const { body } = await bot.get("/v5/execution/list", `category=linear&startTime=${from}&endTime=${to}`);
    assert.equal(body.retCode, 10001);
  }
});

test("leverage, mode, fees, coins, account", async () => {
  const set = (leverage) =>
    bot.post("/v5/position/set-leverage", {
      category: "linear",
      symbol: "ETHUSDT",
      buyLeverage: leverage,
      sellLeverage: leverage,
    });
  assert.equal(code(await set("5")), 0);
  assert.equal(code(await set("5")), 110043);
  assert.notEqual(code(await set("5000")), 0);
  const mode = { category: "linear", symbol: "BTCUSDT", mode: 0 };
  assert.equal(code(await bot.post("/v5/position/switch-mode", mode)), 110025);
  const fees = (await bot.get("/v5/account/fee-rate", "category=linear&symbol=BTCUSDT")).body.result.list;
  assert.equal(fees.length, 1);
  assert.ok(Number(fees[0].takerFeeRate) > 0);
  const { rows } = (await bot.get("/v5/asset/coin/query-info")).body.result;
  assert.ok(rows.some(({ coin }) => coin === "USDT"));
  assert.equal((await bot.get("/v5/account/info")).body.result.unifiedMarginStatus, 5);
});

test("the ledger has each request and answer with a key, and no other", async () => {
  const lines = venue.ledger();
  const created = lines.find(({ kind, dir, order_link_id: link }) => kind === "new" && dir === "in" && link === "life-1");
  const answered = lines.find(({ kind, dir, order_link_id: link }) => kind === "new" && dir === "out" && link === "life-1");
  assert.equal(created.account, "7");
  assert.deepEqual([created.symbol, created.side, created.qty, created.price], ["BTCUSDT", "Buy", "0.001", "50000"]);
  assert.equal(created.body.orderLinkId, "life-1");
  assert.ok(BigInt(answered.at_ns) > BigInt(created.at_ns));
  assert.equal(answered.order_id, answered.body.result.orderId);
  assert.ok(lines.some(({ status, dir, kind }) => status === "refused-110072" && dir === "out" && kind === "new"));
  assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, at) => at + 1));
  assert.ok(!lines.some(({ body }) => String(body).includes("market/time")));
});
