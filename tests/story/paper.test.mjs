// Mode paper on the venue: its market, simulated fills that say so everywhere, and not one private request.
// And what `pitwall record` wrote of that market plays again.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { gunzipSync } from "node:zlib";
import { BIN, Server, verb } from "../api/server.mjs";
import { scratch } from "../venue/venue.mjs";
import { Exchange, LINEAR, liveConfig, until } from "./story.mjs";

const PUBLIC = new Set(["connect", "subscribe", "ping", "book", "trade", "ticker"]);
const SECONDS = 4;
let venue;
let server;
let person;
let config;
let dir;
let files;
const ends = new Map(); // instrument -> its book at the end

before(async () => {
  venue = await Exchange.open("--ledger-public");
  dir = scratch();
  config = liveConfig(
    dir,
    [{ name: LINEAR, url: venue.url }],
    ["mode: live", "mode: paper"],
    ["initial_state: HALTED", "initial_state: ACTIVE"],
  );
  server = await Server.start({ config, dir: join(dir, "data") });
  person = await server.person("risk1");
});

after(async () => {
  await server?.stop();
  await venue?.stop();
});

test("strategies trade on the market, and each order, fill and the status say that it is simulated", async () => {
  const fills = await until("fills", async () => {
    const { items } = (await person.get("/fills")).body;
    return items.length >= 3 && items;
  }, 60000);
  assert.ok(fills.every(({ simulated }) => simulated === true));
  const { items } = (await person.get("/orders")).body;
  assert.ok(items.length > 0 && items.every(({ simulated }) => simulated === true));
  assert.equal((await person.get("/status")).body.mode, "paper");
  assert.match(server.out, /^pitwall \S+, paper, /m);
});

test("the venue has never been asked anything with a key", async () => {
  const lines = venue.ledger();
  assert.ok(lines.length > 10);
  assert.deepEqual(lines.filter(({ kind, account }) => account !== null || !PUBLIC.has(kind)).map(({ kind }) => kind), []);
  const account = await venue.account();
  assert.deepEqual([account.orders, account.executions], [[], 0]);
});

/** The book of a symbol at an update, as a client of its own heard it. */
function heard(socket, symbol, last) {
  const frames = socket.frames.filter(({ topic, data }) => topic === `orderbook.50.${symbol}` && data.u <= last);
  const sides = { b: new Map(), a: new Map() };
  for (const { type, data } of frames) {
    for (const [side, levels] of Object.entries(sides)) {
      if (type === "snapshot") {
        levels.clear();
      }
      data[side].forEach(([price, size]) => (Number(size) === 0 ? levels.delete(price) : levels.set(price, size)));
    }
  }
  assert.equal(frames.at(-1).data.u, last);
  const sorted = (levels, sign) => [...levels].map((level) => level.map(Number)).sort((one, two) => sign * (one[0] - two[0]));
  return { bids: sorted(sides.b, -1), asks: sorted(sides.a, 1) };
}

/** The newest update of a symbol's book in the recording. */
function lastUpdate(symbol) {
  const texts = files.map((file) => (file.endsWith(".gz") ? gunzipSync(readFileSync(file)) : readFileSync(file)).toString());
  const lines = texts.flatMap((text) => text.split("\n")).filter((line) => line.includes(`orderbook.50.${symbol}`));
  return Number(/"u":(\d+)/.exec(lines.at(-1))[1]);
}

/** The verb to its end, while this process goes on. */
function run(...args) {
  const child = spawn(BIN, args);
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  return new Promise((done) => child.on("exit", (code) => done({ code, err })));
}

test("record, then play: the market is the same", async () => {
  const out = join(dir, "recorded");
  const socket = await venue.socket("/v5/public/linear");
  await socket.subscribe("orderbook.50.BTCUSDT", "orderbook.50.ETHUSDT");
  const recorded = await run(
    ...["record", "--venue", "bybit", "--url", venue.url.replace("http", "ws"), "--symbols", "BTCUSDT,ETHUSDT"],
    ...["--seconds", String(SECONDS), "--out", out],
  );
  assert.equal(recorded.code, 0, recorded.err);
  files = readdirSync(out).map((name) => join(out, name));
  assert.ok(files.length > 0);
  const played = verb("replay", "--venue", "bybit", ...files, "--json");
  assert.equal(played.code, 0, played.err);
  const report = JSON.parse(played.out);
  for (const [name, row] of Object.entries(report.instruments)) {
    const { final_bbo: bbo, final_levels: levels } = row;
    assert.ok(row.applied >= 10 && row.sequence_gaps === 0 && row.damaged === 0, played.out);
    const symbol = name.split(":")[1];
    const { bids, asks } = heard(socket, symbol, lastUpdate(symbol));
    assert.deepEqual([bids.length, asks.length], [levels.bids, levels.asks]);
    assert.deepEqual([...bids[0], ...asks[0]], [bbo.bid, bbo.bidqty, bbo.ask, bbo.askqty].map(Number));
    ends.set(name, { bids, asks });
  }
  assert.equal(ends.size, 2);
  socket.close();
});

test("a run on the recording ends with the same books", async () => {
  const recordings = files.flatMap((file) => ["--recording", file]);
  const replay = await Server.start({ args: [...recordings, "--speed", "x4", "--at-end", "hold"] });
  const viewer = await replay.person("viewer");
  await until("the end", async () => (await viewer.get("/status")).body.market.state === "ended", 20000);
  for (const [name, { bids, asks }] of ends) {
    const wanted = JSON.stringify([bids.slice(0, 10), asks.slice(0, 10)]);
    let shown = "";
    await until("the same book", async () => {
      const { body } = await viewer.get(`/books/${name}?depth=10`);
      shown = JSON.stringify([body.bids, body.asks].map((side) => side.map((level) => level.map(Number))));
      return shown === wanted;
    }).catch(() => assert.equal(shown, wanted, name));
  }
  await replay.stop();
});
