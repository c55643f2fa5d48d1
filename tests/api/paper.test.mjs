// Mode paper, whole: a market that is there now, spoken by a server of ours as Bybit speaks it, and fills
// that are simulated and say so everywhere.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { clearInterval, setInterval } from "node:timers";
import { WebSocketServer } from "../node_modules/ws/wrapper.mjs";
import { bybitInstead, configWith, QUIET, scratch, Server } from "./server.mjs";
import { until } from "./wait.mjs";

const NAME = "bybit-linear:BTCUSDT";
let venue;
let server;
let trader;

/** Books of BTCUSDT to whoever subscribes: a snapshot, then deltas in sequence. */
class Venue {
  id = 1;

  constructor() {
    this.sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    this.sockets.on("connection", (socket) => {
      socket.on("message", (text) => this.#answer(socket, JSON.parse(text)));
    });
    this.clock = setInterval(() => this.#tell(), 50);
  }

  get url() {
    return `ws://127.0.0.1:${this.sockets.address().port}`;
  }

  #answer(socket, { op, req_id, args = [] }) {
    socket.send(JSON.stringify({ success: true, ret_msg: op === "ping" ? "pong" : "", conn_id: "c", req_id, op }));
    if (op === "subscribe" && args.includes("tickers.BTCUSDT")) {
      const data = { symbol: "BTCUSDT", markPrice: "60007.25" };
      socket.send(JSON.stringify({ topic: "tickers.BTCUSDT", type: "snapshot", data, cs: 1, ts: Date.now() }));
    }
    if (op === "subscribe" && args.includes("orderbook.50.BTCUSDT")) {
      socket.isFed = true;
      socket.send(this.#book("snapshot", [["60000.0", "5"], ["59999.9", "7"]], [["60000.1", "5"], ["60000.2", "7"]]));
    }
  }

  #book(type, b, a) {
    const now = Date.now();
    const data = { s: "BTCUSDT", b, a, u: this.id, seq: 1000 + this.id };
    return JSON.stringify({ topic: "orderbook.50.BTCUSDT", type, ts: now, data, cts: now });
  }

  #tell() {
    this.id++;
    const frame = this.#book("delta", [["59999.9", String(7 + (this.id % 3))]], []);
    this.sockets.clients.forEach((socket) => socket.isFed && socket.send(frame));
  }

  drop() {
    this.sockets.clients.forEach((socket) => socket.terminate());
  }

  close() {
    clearInterval(this.clock);
    this.drop();
    this.sockets.close();
  }
}

before(async () => {
  venue = new Venue();
  await until("the venue", () => venue.sockets.address());
  const where = `environment: custom, rest: "http://127.0.0.1:9", stream: "${venue.url}"`;
  server = await Server.start({
    config: configWith(
      scratch(),
      QUIET,
      ["mode: sim", "mode: paper"],
      ...bybitInstead(NAME, where),
    ),
  });
  trader = await server.person("trader");
});

after(async () => {
  assert.equal(await server.stop(), 0);
  venue.close();
});

const venueRow = async () => (await trader.get("/venues")).body.items[0];

test("the venue's market is there, and the mode is said", async () => {
  await until("a market", async () => (await trader.get(`/books/${NAME}`)).body.stale === false, 15000);
  const { body: book } = await trader.get(`/books/${NAME}`);
  assert.deepEqual(book.bids[0].map(Number), [60000, 5]);
  const { body: status } = await trader.get("/status");
  assert.equal(status.mode, "paper");
  assert.equal(status.market.state, "playing");
  await until("ready", async () => (await venueRow()).state === "READY");
  assert.notEqual((await venueRow()).since_ns, null);
  assert.match(server.out, /^pitwall \S+, paper, /m);
});

test("an order is filled against it, and nothing of it is real", async () => {
  const reply = await trader.post("/orders", {
    instrument: NAME, side: "buy", qty: "0.001", price: "60000.5", type: "limit", tif: "IOC",
  });
  assert.equal(reply.status, 201, reply.text);
  const order = await until("the fill", async () => {
    const { body } = await trader.get(`/orders/${reply.body.id}`);
    return body.state === "FILLED" && body;
  });
  assert.equal(order.simulated, true);
  assert.equal(Number(order.avg_price), 60000.1);
  assert.equal((await trader.get("/fills")).body.items[0].simulated, true);
  const [account] = (await trader.get("/reconciliation")).body.items;
  assert.deepEqual([account.simulated, account.balance], [true, null]);
  const [held] = (await trader.get("/positions")).body.items;
  assert.deepEqual([held.lots, held.mark_source, Number(held.mark)], [1, "venue", 60007.25]);
});

test("the trail begins with the mode", async () => {
  const risk = await server.person("risk1");
  const row = await until("the row", async () => {
    const { items } = (await risk.get("/audit?kind=start")).body;
    return items.find(({ new: fact }) => fact.mode);
  });
  assert.equal(row.new.mode, "paper");
  assert.equal(row.new.simulated_fills, true);
  assert.equal(row.new.venues[0].stream, venue.url);
});

test("a dropped connection is made anew, with a fresh book, and counted", async () => {
  const earlier = (await venueRow()).reconnects;
  venue.drop();
  await until("a reconnect", async () => (await venueRow()).reconnects > earlier, 10000);
  await until("ready", async () => (await venueRow()).state === "READY", 10000);
  await until("a market", async () => (await trader.get(`/books/${NAME}`)).body.stale === false, 10000);
  const metrics = await (await server.person("admin")).call("GET", "/metrics");
  assert.match(metrics.text, /pitwall_stream_reconnects_total\{venue="bybit-linear"\} [1-9]/);
  assert.match(metrics.text, /pitwall_ring_depth\{ring="market",gateway="bybit-linear"\} /);
});
