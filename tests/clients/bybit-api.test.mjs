// bybit-api of npm, as it is, by HTTP: every call's effect is checked against the venue's own state.

import assert from "node:assert/strict";
import test from "node:test";
import { Desk, overBoth, PEOPLE } from "./desk.mjs";

const LINEAR = { category: "linear", symbol: "BTCUSDT" };
const SPOT = { category: "spot", symbol: "ETHUSDT" };

function limit(side, price, qty, more = {}) {
  return { ...LINEAR, side, orderType: "Limit", price, qty, timeInForce: "GTC", ...more };
}

function market(side, qty, more = {}) {
  return { ...LINEAR, side, orderType: "Market", qty, ...more };
}

/** The result of an answer that is well. */
function well(answer) {
  assert.equal(answer.retCode, 0, `${answer.retCode} ${answer.retMsg}`);
  return answer.result;
}

overBoth((name, how) => {
  test(`bybit-api by HTTP, ${name}`, async (t) => {
    const venue = await Desk.start(t, how);
    const alice = venue.rest("alice");
    const bob = venue.rest("bob");

    await t.test(`${name}, time, instruments and an empty book`, async () => {
      const anyone = venue.rest();
      const time = await anyone.getServerTime();
      assert.equal(Math.floor(time.time / 1000), Number(time.result.timeSecond));
      assert.equal(time.result.timeNano.length, 19);
      assert.ok(Math.abs(time.time - Date.now()) < 1000);
      const { list } = well(await anyone.getInstrumentsInfo({ category: "linear" }));
      assert.deepEqual(list.map(({ symbol }) => symbol), ["BTCUSDT", "ETHUSDT", "SOLUSDT"]);
      assert.deepEqual(
        [list[0].priceFilter.tickSize, list[0].lotSizeFilter.qtyStep, list[0].lotSizeFilter.minNotionalValue],
        ["0.1", "0.001", "5"],
      );
      const spot = well(await anyone.getInstrumentsInfo({ category: "spot", symbol: "ETHUSDT" })).list;
      assert.deepEqual([spot.length, spot[0].priceFilter.tickSize, spot[0].lotSizeFilter.basePrecision], [1, "0.01", "0.01"]);
      assert.deepEqual(well(await anyone.getInstrumentsInfo({ category: "inverse" })).list, []);
      const book = well(await anyone.getOrderbook(LINEAR));
      assert.deepEqual([book.s, book.b, book.a], ["BTCUSDT", [], []]);
      assert.ok(Number.isInteger(book.u) && Number.isInteger(book.seq) && Number.isInteger(book.ts));
    });

    await t.test(`${name}, an order rests, is amended by either id, and is cancelled`, async () => {
      const { orderId } = well(await alice.submitOrder(limit("Buy", "59000", "0.010", { orderLinkId: "a-1" })));
      assert.deepEqual(await venue.restingOf("alice"), [["a-1", 59000, 0.01, 0]]);
      assert.equal(well(await alice.amendOrder({ ...LINEAR, orderId, price: "59000.5" })).orderLinkId, "a-1");
      assert.equal(well(await alice.amendOrder({ ...LINEAR, orderLinkId: "a-1", qty: "0.007" })).orderId, orderId);
      assert.deepEqual(await venue.restingOf("alice"), [["a-1", 59000.5, 0.007, 0]]);
      const { list } = well(await alice.getActiveOrders(LINEAR));
      assert.deepEqual(
        list.map((o) => [o.orderId, o.orderLinkId, o.orderStatus, o.price, o.qty, o.leavesQty, o.side]),
        [[orderId, "a-1", "New", "59000.5", "0.007", "0.007", "Buy"]],
      );
      assert.deepEqual(well(await bob.getActiveOrders({ ...LINEAR, orderId })).list, []);
      assert.deepEqual(well(await alice.cancelOrder({ ...LINEAR, orderLinkId: "a-1" })), { orderId, orderLinkId: "a-1" });
      assert.deepEqual(await venue.restingOf("alice"), []);
      const [gone] = well(await alice.getHistoricOrders({ ...LINEAR, orderId })).list;
      assert.deepEqual(
        [gone.orderStatus, gone.cancelType, gone.rejectReason, Number(gone.cumExecQty)],
        ["Cancelled", "CancelByUser", "EC_PerCancelRequest", 0],
      );
    });

    await t.test(`${name}, two accounts trade, and both pay what the fees say`, async () => {
      const maker = well(await alice.submitOrder(limit("Sell", "60000", "0.010", { orderLinkId: "ask-1" })));
      const taker = well(await bob.submitOrder(market("Buy", "0.004")));
      assert.deepEqual(await venue.positionsOf("bob"), [["BTCUSDT", "Buy", 0.004, 60000]]);
      assert.deepEqual(await venue.positionsOf("alice"), [["BTCUSDT", "Sell", 0.004, 60000]]);
      assert.deepEqual(await venue.restingOf("alice"), [["ask-1", 60000, 0.01, 0.004]]);
      // 240 USDT: 0.055 % for who takes, 0.02 % for who made
      assert.equal((await venue.of("bob")).balances.USDT, "999999.868");
      assert.equal((await venue.of("alice")).balances.USDT, "999999.952");
      const [bought] = well(await bob.getExecutionList(LINEAR)).list;
      assert.deepEqual(
        [bought.orderId, bought.side, bought.execPrice, bought.execQty, bought.execValue, bought.execFee, bought.feeRate],
        [taker.orderId, "Buy", "60000.0", "0.004", "240", "0.132", "0.00055"],
      );
      assert.deepEqual([bought.isMaker, bought.execType, Number(bought.leavesQty), bought.feeCurrency], [false, "Trade", 0, "USDT"]);
      const [sold] = well(await alice.getExecutionList({ ...LINEAR, orderId: maker.orderId })).list;
      assert.deepEqual([sold.orderLinkId, sold.isMaker, sold.execFee, sold.leavesQty], ["ask-1", true, "0.048", "0.006"]);
      assert.equal(sold.seq, bought.seq);
      assert.notEqual(sold.execId, bought.execId);
      const [done] = well(await bob.getHistoricOrders(LINEAR)).list;
      assert.deepEqual([done.orderStatus, done.avgPrice, done.cumExecFee, done.timeInForce], ["Filled", "60000", "0.132", "IOC"]);
    });

    await t.test(`${name}, what everybody sees of that trade`, async () => {
      const anyone = venue.rest();
      const book = well(await anyone.getOrderbook({ ...LINEAR, limit: 5 }));
      assert.deepEqual([book.b, book.a], [[], [["60000.0", "0.006"]]]);
      const [trade] = well(await anyone.getPublicTradingHistory({ ...LINEAR, limit: 1 })).list;
      assert.deepEqual([trade.price, trade.size, trade.side], ["60000.0", "0.004", "Buy"]);
      const [ticker] = well(await anyone.getTickers(LINEAR)).list;
      assert.deepEqual(
        [ticker.lastPrice, ticker.ask1Price, ticker.ask1Size, ticker.bid1Price, ticker.volume24h],
        ["60000.0", "60000.0", "0.006", "", "0.004"],
      );
      const all = well(await anyone.getTickers({ category: "linear" })).list;
      assert.deepEqual(all.map(({ symbol }) => symbol), ["BTCUSDT", "ETHUSDT", "SOLUSDT"]);
    });

    await t.test(`${name}, positions, by symbol also flat, by coin only open`, async () => {
      const [own] = well(await bob.getPositionInfo(LINEAR)).list;
      assert.deepEqual(
        [own.side, own.size, own.avgPrice, own.positionValue, own.positionIdx],
        ["Buy", "0.004", "60000", "240", 0],
      );
      assert.equal(own.cumRealisedPnl, "-0.132");
      const flat = well(await bob.getPositionInfo({ category: "linear", symbol: "ETHUSDT" })).list;
      assert.deepEqual([flat.length, flat[0].side, Number(flat[0].size)], [1, "", 0]);
      const open = well(await bob.getPositionInfo({ category: "linear", settleCoin: "USDT" })).list;
      assert.deepEqual(open.map(({ symbol }) => symbol), ["BTCUSDT"]);
    });

    await t.test(`${name}, leverage is set, kept, and unchanged is 110043`, async () => {
      const twenty = { ...LINEAR, buyLeverage: "20", sellLeverage: "20" };
      well(await bob.setLeverage(twenty));
      const state = (await venue.of("bob")).positions[0];
      assert.deepEqual([state.leverage, state.positionIM], ["20", "12"]);
      assert.equal((await bob.setLeverage(twenty)).retCode, 110043);
      assert.equal((await bob.setLeverage({ ...twenty, sellLeverage: "10" })).retCode, 10001);
      assert.notEqual((await bob.setLeverage({ ...LINEAR, buyLeverage: "500", sellLeverage: "500" })).retCode, 0);
      assert.equal((await bob.switchPositionMode({ ...LINEAR, mode: 0 })).retCode, 110025);
    });

    await t.test(`${name}, reduce-only closes and never turns round`, async () => {
      well(await bob.submitOrder(limit("Buy", "59990", "0.020", { orderLinkId: "bid-1" })));
      well(await alice.cancelAllOrders({ category: "linear", settleCoin: "USDT" }));
      const sells = well(await bob.submitOrder(market("Sell", "0.004", { reduceOnly: true, smpType: "CancelTaker" })));
      const [self] = well(await bob.getHistoricOrders({ ...LINEAR, orderId: sells.orderId })).list;
      assert.deepEqual([self.orderStatus, self.rejectReason], ["Cancelled", "EC_BySelfMatch"]);
      const carol = venue.rest("carol");
      assert.equal((await carol.submitOrder(market("Sell", "0.004", { reduceOnly: true }))).retCode, 110017);
      well(await alice.submitOrder(market("Buy", "0.001")));
      well(await bob.cancelAllOrders({ category: "linear", symbol: "BTCUSDT" }));
      well(await carol.submitOrder(limit("Sell", "60010", "0.020", { orderLinkId: "ask-2" })));
      well(await alice.submitOrder(market("Buy", "0.010", { reduceOnly: true })));
      assert.deepEqual(await venue.positionsOf("alice"), []);
      well(await carol.cancelOrder({ ...LINEAR, orderLinkId: "ask-2" }));
      // alice: sold 0.004 at 60000, bought them at 60010: -0.04, and fees 0.048 + 0.132022
      assert.equal((await venue.of("alice")).balances.USDT, "999999.779978");
    });

    await t.test(`${name}, batches: each order by itself, in two lists`, async () => {
      const carol = venue.rest("carol");
      const orders = ["58000", "58000.01", "58001"].map((price, at) => ({
        ...limit("Buy", price, "0.001", { orderLinkId: `batch-${at}` }),
        category: undefined,
      }));
      const created = await carol.batchSubmitOrders("linear", orders);
      well(created);
      assert.deepEqual(created.retExtInfo.list.map(({ code }) => code), [0, 10001, 0]);
      assert.deepEqual(created.result.list.map(({ orderId }) => orderId !== ""), [true, false, true]);
      assert.deepEqual(await venue.restingOf("carol"), [
        ["batch-0", 58000, 0.001, 0],
        ["batch-2", 58001, 0.001, 0],
      ]);
      const amended = await carol.batchAmendOrders("linear", [
        { symbol: "BTCUSDT", orderLinkId: "batch-0", price: "58002" },
        { symbol: "BTCUSDT", orderLinkId: "batch-1", price: "58002" },
      ]);
      assert.deepEqual(amended.retExtInfo.list.map(({ code }) => code), [0, 110001]);
      const cancelled = await carol.batchCancelOrders("linear", [
        { symbol: "BTCUSDT", orderLinkId: "batch-2" },
        { symbol: "BTCUSDT", orderLinkId: "never" },
      ]);
      assert.deepEqual(cancelled.retExtInfo.list.map(({ code }) => code), [0, 110001]);
      assert.deepEqual(await venue.restingOf("carol"), [["batch-0", 58002, 0.001, 0]]);
      const all = well(await carol.cancelAllOrders({ category: "linear", settleCoin: "USDT" }));
      assert.deepEqual([all.success, all.list.map(({ orderLinkId }) => orderLinkId)], ["1", ["batch-0"]]);
      assert.deepEqual(await venue.restingOf("carol"), []);
    });

    await t.test(`${name}, queries page by page miss nothing and repeat nothing`, async () => {
      const dave = venue.rest("dave");
      const erin = venue.rest("erin");
      const links = Array.from({ length: 25 }, (_, at) => `page-${at}`);
      for (let at = 0; at < links.length; at += 5) {
        const orders = links.slice(at, at + 5).map((orderLinkId) => ({ ...limit("Buy", "59500", "0.001", { orderLinkId }), category: undefined }));
        well(await dave.batchSubmitOrders("linear", orders));
      }
      const open = await pages((cursor) => dave.getActiveOrders({ ...LINEAR, limit: 10, cursor }));
      assert.deepEqual(open.map((page) => page.length), [10, 10, 5]);
      assert.deepEqual(open.flat().map(({ orderLinkId }) => orderLinkId), links.toReversed());
      well(await erin.submitOrder(market("Sell", "0.025")));
      const executions = await pages((cursor) => dave.getExecutionList({ ...LINEAR, limit: 20, cursor }));
      assert.deepEqual(executions.map((page) => page.length), [20, 5]);
      assert.equal(new Set(executions.flat().map(({ execId }) => execId)).size, 25);
      assert.equal((await venue.of("dave")).executions, 25);
      const history = await pages((cursor) => dave.getHistoricOrders({ ...LINEAR, limit: 50, orderStatus: "Filled", cursor }));
      assert.deepEqual(history.flat().map(({ orderLinkId }) => orderLinkId), links.toReversed());
      assert.deepEqual(await venue.positionsOf("dave"), [["BTCUSDT", "Buy", 0.025, 59500]]);
      const past = Date.now() - 8 * 86400000;
      const wide = await dave.getHistoricOrders({ ...LINEAR, startTime: past, endTime: Date.now() });
      assert.equal(wide.retCode, 10001);
      assert.deepEqual(well(await dave.getHistoricOrders({ ...LINEAR, startTime: past, endTime: past + 86400000 })).list, []);
    });

    await t.test(`${name}, spot: coins change hands, fees in the coin that is got`, async () => {
      const carol = venue.rest("carol");
      const dave = venue.rest("dave");
      const ask = { ...SPOT, side: "Sell", orderType: "Limit", price: "2500", qty: "2", orderLinkId: "spot-ask" };
      well(await carol.submitOrder(ask));
      assert.equal(lockedOf(well(await carol.getWalletBalance({ accountType: "UNIFIED", coin: "ETH" })), "ETH"), "2");
      const before = await venue.of("dave");
      // a market buy says how much of the quote coin to spend
      well(await dave.submitOrder({ ...SPOT, side: "Buy", orderType: "Market", qty: "1250" }));
      const after = await venue.of("dave");
      assert.equal(Number(after.balances.USDT), Number(before.balances.USDT) - 1250);
      assert.equal(after.balances.ETH, "100.4995");
      const carols = await venue.of("carol");
      assert.equal(carols.balances.ETH, "99.5");
      const [spent] = well(await dave.getExecutionList(SPOT)).list;
      assert.deepEqual([spent.execQty, spent.execFee, spent.feeCurrency], ["0.5", "0.0005", "ETH"]);
      well(await carol.cancelAllOrders(SPOT));
      assert.equal(lockedOf(well(await carol.getWalletBalance({ accountType: "UNIFIED", coin: "ETH" })), "ETH"), "0");
      const [left] = well(await carol.getHistoricOrders(SPOT)).list;
      assert.deepEqual([left.orderStatus, left.cumExecQty], ["PartiallyFilledCanceled", "0.5"]);
      assert.equal((await dave.submitOrder({ ...ask, side: "Buy", orderLinkId: "spot-bad", qty: "0.001" })).retCode, 170137);
    });

    await t.test(`${name}, wallet and account`, async () => {
      const [wallet] = well(await bob.getWalletBalance({ accountType: "UNIFIED" })).list;
      const state = await venue.of("bob");
      assert.equal(wallet.accountType, "UNIFIED");
      assert.deepEqual(
        Object.fromEntries(wallet.coin.map((coin) => [coin.coin, coin.walletBalance])),
        Object.fromEntries(Object.entries(state.balances).filter(([, amount]) => amount !== "0")),
      );
      const usdt = wallet.coin.find(({ coin }) => coin === "USDT");
      assert.equal(usdt.unrealisedPnl, state.positions[0].unrealisedPnl);
      assert.equal((await bob.getWalletBalance({ accountType: "SPOT" })).retCode, 10001);
      assert.equal(well(await bob.getAccountInfo()).unifiedMarginStatus, 5);
      const [fees] = well(await bob.getFeeRate(LINEAR)).list;
      assert.deepEqual([fees.symbol, fees.takerFeeRate, fees.makerFeeRate], ["BTCUSDT", "0.00055", "0.0002"]);
      const key = well(await bob.getQueryApiKey());
      assert.deepEqual([key.apiKey, String(key.userID), key.readOnly, key.ips], [PEOPLE.bob.key, PEOPLE.bob.uid, 0, ["*"]]);
      assert.deepEqual(key.permissions.ContractTrade, ["Order", "Position"]);
    });

    await t.test(`${name}, the ledger has every request and answer, and has them first`, async () => {
      const frank = venue.rest("frank");
      const { orderId } = well(await frank.submitOrder(limit("Buy", "59001", "0.002", { orderLinkId: "told" })));
      await frank.cancelOrder({ ...LINEAR, orderId: "0" });
      well(await frank.cancelOrder({ ...LINEAR, orderId }));
      const lines = venue.ledger({ account: PEOPLE.frank.uid });
      assert.deepEqual(
        lines.map(({ dir, kind, status }) => [dir, kind, status]),
        [
          ["in", "new", null],
          ["out", "new", null],
          ["in", "cancel", null],
          ["out", "cancel", "refused-110001"],
          ["in", "cancel", null],
          ["out", "cancel", null],
        ],
      );
      assert.deepEqual(
        [lines[0].order_link_id, lines[0].symbol, lines[0].side, lines[0].qty, lines[0].price, lines[1].order_id],
        ["told", "BTCUSDT", "Buy", "0.002", "59001", orderId],
      );
      assert.ok(lines.every((line, at) => at === 0 || line.seq > lines[at - 1].seq));
    });
  });
});

function lockedOf({ list }, coin) {
  return list[0].coin.find((row) => row.coin === coin).locked;
}

/** The lists of all pages. */
async function pages(ask) {
  const lists = [];
  let cursor;
  do {
    const { list, nextPageCursor } = well(await ask(cursor));
    lists.push(list);
    cursor = nextPageCursor;
  } while (cursor && lists.length < 20);
  return lists;
}
