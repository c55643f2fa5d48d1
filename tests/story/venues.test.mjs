// Two venues, each a process of its own: what befalls one is not seen at the other.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { clearInterval, setInterval } from "node:timers";
import { WebSocketServer } from "../node_modules/ws/wrapper.mjs";
import { scratch } from "../venue/venue.mjs";
import { BTC, ETH, Exchange, LINEAR, liveConfig, pause, Story, until } from "./story.mjs";

const SPOT = "bybit-spot";
const SOL = `${SPOT}:SOLUSDT`; // the account has none, so that there is nothing to adopt
const JUNK = ["{}", "not JSON", "[1,2,3]", '{"topic":"orderbook.50.SOLUSDT","data":{"b":[[', "\u0000\uffff", "9".repeat(300)];

// What is looked at here is that venues do not touch each other; drifts are the gateway's tests.
const CHANGES = [
  ["venue_down: off", "venue_down: off\n  position_drift: notify"],
  [
    "maintenance_margin: \"0.005\"}\n\nstrategies:",
    `maintenance_margin: "0.005"}
  - {instrument: "${SOL}", tick: "0.01", lot: "0.1", currency: USDT, maker_fee: "0.001", taker_fee: "0.001"}

strategies:`,
  ],
  [/"bybit-linear:ETHUSDT"\]\n {4}order_lots: 10/, `"bybit-linear:ETHUSDT", "${SOL}"]\n    order_lots: 10`],
];

let spot;
let story;

/** Junk to whoever connects, as fast as it is read. */
class Flood {
  static async open() {
    const flood = new Flood();
    flood.sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    flood.sockets.on("connection", (socket) => {
      const clock = setInterval(() => flood.#send(socket), 2);
      socket.on("close", () => clearInterval(clock));
    });
    await until("the flood", () => flood.sockets.address());
    flood.url = `ws://127.0.0.1:${flood.sockets.address().port}`;
    return flood;
  }

  sent = 0;

  #send(socket) {
    for (let at = 0; at < 40 && socket.bufferedAmount < 1 << 20; at++) {
      socket.send(JUNK[this.sent++ % JUNK.length]);
    }
  }

  close() {
    this.sockets.clients.forEach((socket) => socket.terminate());
    this.sockets.close();
  }
}

async function begin(spotStream) {
  const begun = new Story();
  begun.venue = await Exchange.open();
  begun.dir = scratch();
  const venues = [{ name: LINEAR, url: begun.venue.url }, { name: SPOT, url: spot.url, stream: spotStream }];
  begun.config = liveConfig(begun.dir, venues, ...CHANGES);
  begun.initial = await begun.venue.account();
  await begun.start();
  return begun;
}

before(async () => {
  spot = await Exchange.open("--seed", "2");
  story = await begin();
  await story.ready(SPOT);
  await story.arm();
});

after(async () => {
  await story?.end();
  await spot?.stop();
});

const news = (exchange, seq = 0) => exchange.asked("new").filter((line) => line.seq > seq);

async function trades(exchange, orders = 6) {
  const { seq } = exchange.ledger().at(-1);
  await until(`${orders} orders`, () => news(exchange, seq).length >= orders, 20000);
}

const categories = (exchange) => {
  const names = news(exchange).map(({ body }) => `${body.args[0].category} ${body.args[0].symbol}`);
  return [...new Set(names)].sort();
};

/** What the account has traded there by the venue's own list: of a fill that nobody listened to, no message tells. */
async function executions(exchange) {
  const bot = exchange.bot();
  const fills = [];
  for (let cursor = ""; cursor !== null; ) {
    const { result } = (await bot.get("/v5/execution/list", `category=spot&limit=100${cursor}`)).body;
    fills.push(...result.list);
    cursor = result.nextPageCursor ? `&cursor=${encodeURIComponent(result.nextPageCursor)}` : null;
  }
  return fills;
}

test("control: both trade, and nothing of one is seen at the other", async () => {
  await Promise.all([trades(story.venue, 12), trades(spot, 4)]);
  await until("a fill of spot", () => spot.ledger().some(({ kind }) => kind === "fill"), 120000);
  assert.deepEqual(categories(story.venue), ["linear BTCUSDT", "linear ETHUSDT"]);
  assert.deepEqual(categories(spot), ["spot SOLUSDT"]);
  const here = new Set(news(story.venue).map((line) => line.order_link_id));
  assert.deepEqual(news(spot).filter((line) => here.has(line.order_link_id)), []);
});

test("a kill of one venue leaves the other trading", async () => {
  await story.kill(`venue/${SPOT}`);
  await until("nothing to rest there", async () => (await spot.resting()).length === 0);
  const { seq } = spot.ledger().at(-1);
  await trades(story.venue);
  assert.deepEqual(news(spot, seq), []);
  await story.arm();
  await trades(spot, 2);
});

test("one dies: the other trades on; it comes back and trades again", async () => {
  await spot.stop(); // SIGKILL takes its accounts with it, which a real one does not lose
  await until("its end to be seen", async () => (await story.venueState(SPOT)) !== "READY");
  await trades(story.venue, 10);
  assert.equal(await story.venueState(LINEAR), "READY");
  assert.equal((await story.state(`venue/${LINEAR}`)).state, "ACTIVE");
  await spot.reopen();
  await story.ready(SPOT, 30000);
  await story.arm();
  await trades(spot, 2);
});

test("calm: both sides are the same, on each venue", async () => {
  await story.calm([BTC, ETH]);
  await until("nothing to rest", async () => (await spot.resting()).length === 0);
  const fills = await executions(spot);
  const bought = fills.map(({ side, execQty }) => Number(execQty) * (side === "Buy" ? 1 : -1));
  const fees = fills.map(({ feeCurrency, execFee }) => (feeCurrency === "SOL" ? Number(execFee) : 0));
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  const { balances } = await spot.account();
  assert.ok(fills.length > 0, "spot was traded");
  const lots = Math.round(sum(bought) * 10);
  await until(`${lots} lots to be ours too`, async () => (await story.position(SOL)).lots === lots);
  assert.ok(Math.abs(Number(balances.SOL) - sum(bought) + sum(fees)) < 1e-6, `${balances.SOL} ${sum(bought)} ${sum(fees)}`);
});

test("one floods junk: the other trades on", async (t) => {
  await story.server.stop();
  await story.venue.stop();
  const flood = await Flood.open();
  t.after(() => flood.close());
  story = await begin(flood.url);
  await story.arm();
  await trades(story.venue, 20);
  await pause(1000);
  assert.ok(flood.sent > 1000, `${flood.sent}`);
  assert.notEqual(await story.venueState(SPOT), "READY");
  assert.equal(await story.venueState(LINEAR), "READY");
  await story.calm([BTC, ETH]);
  await story.settle();
});
