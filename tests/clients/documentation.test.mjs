// What the venue answers has every member that the examples of Bybit's documentation have, of the same JSON
// type, so that a client that reads more than bybit-api and ccxt do finds it. The examples are not ours to
// keep: DATA_DIR names a folder that has them in wire/bybit/official-docs, one JSON file for each.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { until } from "../venue/venue.mjs";
import { Desk } from "./desk.mjs";

const DATA = process.env.DATA_DIR;
const DOCS = join(DATA ?? "", "wire/bybit/official-docs");
const why = !DATA ? "DATA_DIR not given" : !existsSync(DOCS) ? "no wire/bybit/official-docs in DATA_DIR" : false;

const LINEAR = "category=linear&symbol=BTCUSDT";
const typeOf = (value) => (Array.isArray(value) ? "list" : value === null ? "null" : typeof value);

/** Members that are coins, or of which documentation and its tables differ. */
const PASSED_OVER = /\.cumFeeDetail\.|\.mmrSysUpdateTime: /;

/** Where `ours` lacks what the example has, or has it of another type. */
function lacks(sample, ours, at) {
  return differences(sample, ours, at).filter((line) => !PASSED_OVER.test(line));
}

function differences(sample, ours, at) {
  if (typeOf(sample) === "null" || typeOf(ours) === "null" || ours === "") return []; // there is none
  if (typeOf(sample) !== typeOf(ours)) return [`${at}: ${typeOf(ours)}, documented ${typeOf(sample)}`];
  if (typeOf(sample) === "list") {
    if (typeOf(sample[0]) !== "object" && typeOf(sample[0]) !== "list") return [];
    return ours.length === 0 ? [`${at}: empty, cannot be compared`] : differences(sample[0], ours[0], `${at}[0]`);
  }
  if (typeOf(sample) !== "object") return [];
  return Object.entries(sample).flatMap(([name, value]) =>
    name in ours ? differences(value, ours[name], `${at}.${name}`) : [`${at}.${name}: missing`],
  );
}

/** The first example of a page that is an answer. */
function example(page, fits = ({ retCode, result }) => retCode === 0 && result?.category !== "option") {
  const files = readdirSync(DOCS).filter((name) => name.startsWith(`${page}__`)).sort();
  const samples = files.map((name) => JSON.parse(readFileSync(join(DOCS, name), "utf8")));
  return samples.find(fits);
}

/** page -> path and query */
const GETS = {
  market_time: ["/v5/market/time", ""],
  market_instrument: ["/v5/market/instruments-info", "category=spot&symbol=BTCUSDT"],
  market_orderbook: ["/v5/market/orderbook", LINEAR],
  "market_recent-trade": ["/v5/market/recent-trade", LINEAR],
  market_tickers: ["/v5/market/tickers", LINEAR],
  "account_wallet-balance": ["/v5/account/wallet-balance", "accountType=UNIFIED"],
  "account_account-info": ["/v5/account/info", ""],
  "account_fee-rate": ["/v5/account/fee-rate", LINEAR],
  "account_dcp-info": ["/v5/account/query-dcp-info", ""],
  "order_open-order": ["/v5/order/realtime", `${LINEAR}&openOnly=0`],
  "order_order-list": ["/v5/order/history", LINEAR],
  order_execution: ["/v5/execution/list", LINEAR],
  position_position: ["/v5/position/list", LINEAR],
  "user_apikey-info": ["/v5/user/query-api", ""],
};

const ORDER = { category: "linear", symbol: "BTCUSDT", side: "Buy", orderType: "Limit", price: "59000", qty: "0.01" };
/** page -> path and body, in this order */
const POSTS = {
  "order_create-order": ["/v5/order/create", { ...ORDER, orderLinkId: "doc" }],
  "order_amend-order": ["/v5/order/amend", { category: "linear", symbol: "BTCUSDT", orderLinkId: "doc", qty: "0.02" }],
  "order_cancel-order": ["/v5/order/cancel", { category: "linear", symbol: "BTCUSDT", orderLinkId: "doc" }],
  "order_batch-place": ["/v5/order/create-batch", { category: "linear", request: [ORDER] }],
  "order_cancel-all": ["/v5/order/cancel-all", { category: "linear", symbol: "BTCUSDT" }],
  position_leverage: ["/v5/position/set-leverage", { category: "linear", symbol: "BTCUSDT", buyLeverage: "7", sellLeverage: "7" }],
  order_dcp: ["/v5/order/disconnected-cancel-all", { product: "DERIVATIVES", timeWindow: 10 }],
};

const PUSHES = ["order", "execution", "position", "wallet", "execution.fast"];

/** topic -> page; of tickers there is a spot example only */
const TOPICS = { "orderbook.50.BTCUSDT": "orderbook", "publicTrade.BTCUSDT": "trade", "tickers.BTCUSDT": "ticker" };

test("the documentation's examples", { skip: why }, async (t) => {
  const desk = await Desk.start(t, { args: ["--dcp-delay-ms", "0"] });
  const market = await Desk.start(t, { market: "synthetic" });
  const [alice, bob] = [desk.bot(0), desk.bot(1)];
  const eyes = await alice.listen(...PUSHES);

  for (const [page, [path, body]] of Object.entries(POSTS)) {
    await t.test(`of ${page}`, async () => {
      const answer = await alice.post(path, body);
      assert.equal(answer.body.retCode, 0, answer.text);
      assert.deepEqual(lacks(example(page), answer.body, page), []);
    });
  }

  await alice.post("/v5/order/create", { ...ORDER, side: "Sell", price: "60000", orderLinkId: "ask" });
  await bob.post("/v5/order/create", { ...ORDER, price: "60000", qty: "0.004" });
  await bob.post("/v5/order/create", { ...ORDER, price: "59000" });

  for (const [page, [path, query]] of Object.entries(GETS)) {
    await t.test(`of ${page}`, async () => {
      const { body } = await alice.get(path, query);
      assert.equal(body.retCode, 0, JSON.stringify(body));
      assert.deepEqual(lacks(example(page), body, page), []);
    });
  }

  for (const topic of PUSHES) {
    await t.test(`of the topic ${topic}`, async () => {
      const page = topic === "execution.fast" ? "fast-execution" : topic;
      const wanted = example(`websocket_private_${page}`, (sample) => "topic" in sample);
      const ours = await until(`${topic}`, () => eyes.frames.findLast((frame) => frame.topic === topic));
      assert.deepEqual(lacks(wanted, ours, topic), []);
    });
  }

  for (const [topic, page] of Object.entries(TOPICS)) {
    await t.test(`of the topic ${topic}`, async () => {
      const socket = await market.socket(topic.startsWith("tickers") ? "/v5/public/spot" : "/v5/public/linear");
      await socket.subscribe(topic);
      const wanted = example(`websocket_public_${page}`, ({ topic: of }) => of && (of === topic || !topic.startsWith("tickers")));
      const ours = await until(topic, () => socket.frames.find((frame) => frame.topic === topic), 15000);
      assert.deepEqual(lacks(wanted, ours, topic), []);
      socket.close();
    });
  }

  await t.test("of /v5/trade", async () => {
    const trade = await alice.login("/v5/trade");
    const header = { "X-BAPI-TIMESTAMP": String(Date.now()) };
    trade.send({ reqId: "doc-1", op: "order.create", header, args: [ORDER] });
    const created = await trade.next(({ op }) => op === "order.create");
    assert.deepEqual(lacks(example("websocket_trade_guideline", ({ reqId, data }) => reqId && data), created, "create"), []);
    trade.send({ reqId: "doc-2", op: "order.create-batch", header, args: [{ category: "linear", request: [ORDER] }] });
    const batch = await trade.next(({ op }) => op === "order.create-batch");
    const wanted = example("websocket_trade_guideline", ({ op, data }) => op === "order.create-batch" && data);
    assert.deepEqual(lacks(wanted, batch, "batch"), []);
    trade.send({ op: "ping" });
    const pong = await trade.next(({ op }) => op === "pong");
    assert.deepEqual(lacks(example("websocket_trade_guideline", ({ op }) => op === "pong"), pong, "pong"), []);
    trade.close();
  });

  eyes.close();
});
