// ccxt of npm, as it is: its unified calls by HTTP and its streams, against the venue's own state.

import assert from "node:assert/strict";
import test from "node:test";
import { until } from "../venue/venue.mjs";
import { Desk, overBoth, PEOPLE } from "./desk.mjs";

const SWAP = "BTC/USDT:USDT";
const SPOT = "ETH/USDT";

const short = (order) => [order.clientOrderId, order.status, order.side, order.price, order.amount, order.filled];

overBoth((name, how) => {
  test(`ccxt by HTTP, ${name}`, async (t) => {
    const venue = await Desk.start(t, how);
    const [alice, bob, carol] = ["alice", "bob", "carol"].map((person) => venue.ccxt(person));

    await t.test(`${name}, markets, time and currencies`, async () => {
      const markets = await alice.loadMarkets();
      assert.deepEqual(Object.keys(markets).sort(), [
        ...["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT", "ETH/USDT:USDT", "SOL/USDT", "SOL/USDT:USDT"],
      ]);
      const swap = markets[SWAP];
      assert.deepEqual(
        [swap.precision.price, swap.precision.amount, swap.linear, swap.active, swap.limits.leverage.max, swap.limits.cost.min],
        [0.1, 0.001, true, true, 100, 5],
      );
      assert.deepEqual([markets[SPOT].precision.price, markets[SPOT].precision.amount], [0.01, 0.01]);
      assert.ok(Math.abs((await alice.fetchTime()) - Date.now()) < 1000);
      assert.deepEqual(Object.keys(alice.currencies).sort(), ["BTC", "ETH", "SOL", "USDT"]);
    });

    await t.test(`${name}, an order's life`, async () => {
      const order = await alice.createOrder(SWAP, "limit", "buy", 0.01, 59000, { clientOrderId: "c-1" });
      assert.deepEqual(await venue.restingOf("alice"), [["c-1", 59000, 0.01, 0]]);
      await alice.editOrder(order.id, SWAP, "limit", "buy", 0.02, 59001);
      assert.deepEqual(await venue.restingOf("alice"), [["c-1", 59001, 0.02, 0]]);
      const [open] = await alice.fetchOpenOrders(SWAP);
      assert.deepEqual([open.id, ...short(open)], [order.id, "c-1", "open", "buy", 59001, 0.02, 0]);
      assert.equal((await alice.fetchOpenOrder(order.id, SWAP)).id, order.id);
      await alice.cancelOrder(order.id, SWAP);
      assert.deepEqual(await venue.restingOf("alice"), []);
      const [closed] = await alice.fetchCanceledOrders(SWAP);
      assert.deepEqual([closed.id, ...short(closed)], [order.id, "c-1", "canceled", "buy", 59001, 0.02, 0]);
      assert.equal((await alice.fetchOrder(order.id, SWAP, { acknowledged: true })).status, "canceled");
    });

    await t.test(`${name}, two accounts trade; trades, positions and balances agree with the venue`, async () => {
      await alice.createOrder(SWAP, "limit", "sell", 0.01, 60000, { clientOrderId: "ask", postOnly: true });
      const { id } = await bob.createOrder(SWAP, "market", "buy", 0.004);
      const [trade] = await bob.fetchMyTrades(SWAP);
      assert.deepEqual(
        [trade.order, trade.side, trade.price, trade.amount, trade.cost, trade.fee, trade.takerOrMaker],
        [id, "buy", 60000, 0.004, 240, { cost: 0.132, currency: "USDT", rate: 0.00055 }, "taker"],
      );
      assert.equal((await alice.fetchMyTrades(SWAP))[0].takerOrMaker, "maker");
      assert.deepEqual(await venue.positionsOf("bob"), [["BTCUSDT", "Buy", 0.004, 60000]]);
      const [position] = await bob.fetchPositions([SWAP]);
      assert.deepEqual([position.side, position.contracts, position.entryPrice, position.notional], ["long", 0.004, 60000, 240]);
      const balance = await bob.fetchBalance();
      assert.equal(balance.USDT.total, Number((await venue.of("bob")).balances.USDT));
      assert.equal(balance.USDT.total, 999999.868);
      assert.equal(balance.ETH.total, 100);
      const done = await bob.fetchClosedOrder(id, SWAP);
      assert.deepEqual([done.status, done.average, done.filled, done.fee.cost], ["closed", 60000, 0.004, 0.132]);
    });

    await t.test(`${name}, what everybody sees`, async () => {
      const anyone = venue.ccxt();
      const book = await anyone.fetchOrderBook(SWAP);
      assert.deepEqual([book.bids, book.asks], [[], [[60000, 0.006]]]);
      const ticker = await anyone.fetchTicker(SWAP);
      assert.deepEqual([ticker.last, ticker.ask, ticker.askVolume, ticker.baseVolume], [60000, 60000, 0.006, 0.004]);
      assert.deepEqual(Object.keys(await anyone.fetchTickers([SWAP, "ETH/USDT:USDT"])).length, 2);
      const [trade] = await anyone.fetchTrades(SWAP, undefined, 1);
      assert.deepEqual([trade.price, trade.amount, trade.side], [60000, 0.004, "buy"]);
      const funding = await anyone.fetchFundingRate(SWAP);
      assert.equal(funding.fundingRate, 0.0001);
    });

    await t.test(`${name}, batches, and all orders at once`, async () => {
      const wanted = [58000, 58001].map((price, at) => ({
        symbol: SWAP, type: "limit", side: "buy", amount: 0.001, price, params: { clientOrderId: `b-${at}` },
      }));
      const made = await carol.createOrders(wanted);
      assert.equal(made.length, 2);
      assert.deepEqual(await venue.restingOf("carol"), [["b-0", 58000, 0.001, 0], ["b-1", 58001, 0.001, 0]]);
      await carol.editOrders(made.map(({ id }, at) => ({ id, symbol: SWAP, type: "limit", side: "buy", amount: 0.002, price: 58002 + at })));
      assert.deepEqual(await venue.restingOf("carol"), [["b-0", 58002, 0.002, 0], ["b-1", 58003, 0.002, 0]]);
      await carol.cancelOrders([made[0].id], SWAP);
      assert.deepEqual(await venue.restingOf("carol"), [["b-1", 58003, 0.002, 0]]);
      await carol.createOrder(SWAP, "limit", "buy", 0.001, 58000);
      assert.equal((await carol.cancelAllOrders(SWAP)).length, 2);
      assert.deepEqual(await venue.restingOf("carol"), []);
    });

    await t.test(`${name}, history page by page`, async () => {
      const dave = venue.ccxt("dave");
      for (let at = 0; at < 4; at++) {
        const orders = Array.from({ length: 15 }, () => ({ symbol: SWAP, type: "limit", side: "buy", amount: 0.001, price: 59500 }));
        await dave.createOrders(orders);
      }
      await venue.ccxt("erin").createOrder(SWAP, "market", "sell", 0.06);
      assert.equal((await venue.of("dave")).executions, 60);
      const all = await dave.fetchMyTrades(SWAP, undefined, undefined, { paginate: true });
      assert.deepEqual([all.length, new Set(all.map(({ id }) => id)).size], [60, 60]);
      const orders = await dave.fetchClosedOrders(SWAP, undefined, undefined, { paginate: true });
      assert.deepEqual([orders.length, new Set(orders.map(({ id }) => id)).size], [60, 60]);
      assert.equal((await dave.fetchMyTrades(SWAP, undefined, 10)).length, 10);
    });

    await t.test(`${name}, leverage: set, refused, unchanged`, async () => {
      await carol.setLeverage(25, SWAP);
      const [position] = await carol.fetchPositions([SWAP]);
      assert.equal(position.leverage, 25);
      await assert.rejects(carol.setLeverage(25, SWAP), (error) => /110043/.test(error.message) && error.name === "BadRequest");
      await assert.rejects(carol.setPositionMode(false, SWAP), { name: "NoChange" });
      assert.equal((await carol.fetchTradingFee(SWAP)).taker, 0.00055);
    });

    await t.test(`${name}, spot`, async () => {
      await alice.createOrder(SPOT, "limit", "sell", 2, 2500, { clientOrderId: "eth" });
      const held = (await alice.fetchBalance()).ETH;
      assert.deepEqual([held.total, held.used, held.free], [100, 2, 98]);
      await bob.createOrder(SPOT, "limit", "buy", 0.5, 2500, { timeInForce: "IOC" });
      assert.deepEqual([(await venue.of("bob")).balances.ETH, (await venue.of("alice")).balances.ETH], ["100.4995", "99.5"]);
      await bob.createMarketBuyOrderWithCost(SPOT, 250);
      assert.equal((await venue.of("bob")).balances.ETH, "100.5994");
      await alice.cancelAllOrders(SPOT);
      assert.deepEqual(await alice.fetchOpenOrders(SPOT), []);
      const mine = await bob.fetchMyTrades(SPOT);
      assert.deepEqual(mine.map(({ amount, fee }) => [amount, fee.currency, fee.cost]), [[0.5, "ETH", 0.0005], [0.1, "ETH", 0.0001]]);
    });
  });

  test(`ccxt's public streams, ${name}`, async (t) => {
    const venue = await Desk.start(t, { ...how, market: "synthetic" });
    const exchange = await venue.pro();
    await exchange.loadMarkets();

    for (const symbol of [SWAP, SPOT]) {
      await t.test(`${name}, the book that ccxt keeps of a ${symbol === SPOT ? "spot" : "linear"} market equals the book by HTTP`, async () => {
        let same;
        await until(
          "equal books",
          async () => {
            const kept = await exchange.watchOrderBook(symbol, 1000);
            const asked = await exchange.fetchOrderBook(symbol, 1000);
            same = { kept: levels(kept), asked: levels(asked) };
            return same.kept.bids.length > 20 && JSON.stringify(same.kept) === JSON.stringify(same.asked);
          },
          8000,
        ).catch(() => assert.deepEqual(same.kept, same.asked));
      });
    }

    await t.test(`${name}, trades and tickers`, async () => {
      const trades = await exchange.watchTrades(SWAP);
      const told = new Map((await exchange.fetchTrades(SWAP, undefined, 1000)).map((trade) => [trade.id, trade]));
      for (const { id, price, amount, side, timestamp } of trades) {
        const other = told.get(id);
        assert.deepEqual([price, amount, side, timestamp], [other.price, other.amount, other.side, other.timestamp]);
      }
      const ticker = await exchange.watchTicker(SWAP);
      assert.ok(ticker.bid < ticker.ask && ticker.last > 0 && ticker.markPrice > 0);
      const touch = await exchange.watchBidsAsks([SWAP]);
      assert.ok(touch[SWAP].bid < touch[SWAP].ask);
      await exchange.unWatchTicker(SWAP);
    });

    await t.test(`${name}, a stream that the venue cuts is an error, and the next watch has a book again`, async () => {
      const symbol = "SOL/USDT:USDT";
      await exchange.watchOrderBook(symbol, 50);
      await venue.sim("fault", { on: "book", nth: 1, symbol: "SOLUSDT", do: "close" });
      await assert.rejects(async () => {
        for (;;) await exchange.watchOrderBook(symbol, 50);
      }, { name: "NetworkError" });
      await venue.sim("clear", {});
      const book = await exchange.watchOrderBook(symbol, 50);
      assert.ok(book.bids[0][0] < book.asks[0][0]);
    });

    await exchange.close();
  });

  test(`ccxt's private streams and orders over WebSocket, ${name}`, async (t) => {
    const venue = await Desk.start(t, how);
    const alice = await venue.pro("alice", { newUpdates: true });
    const bob = venue.ccxt("bob");
    await Promise.all([alice.loadMarkets(), bob.loadMarkets()]);

    await t.test(`${name}, orders, trades, position and balance are told as they come`, async () => {
      const seen = { orders: [], trades: [] };
      const positions = await alice.watchPositions([SWAP]); // the snapshot, by HTTP
      assert.deepEqual(positions.filter(({ contracts }) => contracts > 0), []);
      const watching = [
        alice.watchOrders(SWAP),
        alice.watchMyTrades(SWAP),
        alice.watchPositions([SWAP]),
        alice.watchBalance(),
      ];
      await until("subscriptions", () => subscriptions(venue, "alice").length >= 4);
      await alice.createOrderWs(SWAP, "limit", "sell", 0.01, 60000, { clientOrderId: "told" });
      seen.orders.push(...(await watching[0]).map(short));
      assert.deepEqual((await watching[2]).map(({ contracts }) => contracts), [0]); // told with each order
      const [filled, opened] = [alice.watchOrders(SWAP), alice.watchPositions([SWAP])];
      await bob.createOrder(SWAP, "market", "buy", 0.004);
      seen.orders.push(...(await filled).map(short));
      seen.trades.push(...(await watching[1]));
      assert.deepEqual(seen.orders, [
        ["told", "open", "sell", 60000, 0.01, 0],
        ["told", "open", "sell", 60000, 0.01, 0.004],
      ]);
      assert.deepEqual(
        seen.trades.map(({ price, amount, side, takerOrMaker, fee }) => [price, amount, side, takerOrMaker, fee.cost]),
        [[60000, 0.004, "sell", "maker", 0.048]],
      );
      assert.deepEqual((await opened).map((p) => [p.side, p.contracts, p.entryPrice]), [["short", 0.004, 60000]]);
      const balance = await watching[3];
      assert.equal(balance.USDT.total, Number((await venue.of("alice")).balances.USDT));
      await alice.cancelAllOrders(SWAP);
    });

    await t.test(`${name}, create, edit and cancel over WebSocket`, async () => {
      const order = await alice.createOrderWs(SWAP, "limit", "buy", 0.01, 59000, { clientOrderId: "ws" });
      assert.equal(order.clientOrderId, "ws");
      assert.deepEqual(await venue.restingOf("alice"), [["ws", 59000, 0.01, 0]]);
      await alice.editOrderWs(order.id, SWAP, "limit", "buy", 0.02, 59002);
      assert.deepEqual(await venue.restingOf("alice"), [["ws", 59002, 0.02, 0]]);
      assert.equal((await alice.cancelOrderWs(order.id, SWAP)).id, order.id);
      assert.deepEqual(await venue.restingOf("alice"), []);
      await assert.rejects(alice.cancelOrderWs(order.id, SWAP), { name: "InvalidOrder" });
      await assert.rejects(alice.cancelOrderWs("0", SWAP), { name: "OrderNotFound" });
      await assert.rejects(alice.createOrderWs(SWAP, "limit", "buy", 900, 59000), { name: "InsufficientFunds" });
      const spot = await alice.createOrderWs(SPOT, "limit", "buy", 1, 2400, { clientOrderId: "ws-spot" });
      assert.deepEqual(await venue.restingOf("alice"), [["ws-spot", 2400, 1, 0]]);
      await alice.cancelOrderWs(spot.id, SPOT);
    });

    await t.test(`${name}, pings are answered on each socket`, async () => {
      const sockets = Object.values(alice.clients);
      assert.equal(sockets.length, 2);
      for (const socket of sockets) {
        socket.lastPong = 0;
        await socket.send(alice.ping(socket));
        await until(`a pong of ${socket.url}`, () => socket.lastPong > 0);
      }
    });

    await alice.close();
  });
});

function levels({ bids, asks }) {
  const plain = (side) => [...side].map(([price, amount]) => [price, amount]);
  return { bids: plain(bids), asks: plain(asks) };
}

function subscriptions(venue, name) {
  const lines = venue.ledger({ kind: "subscribe", dir: "out", account: PEOPLE[name].uid });
  return lines.filter(({ body }) => body.success === true);
}
