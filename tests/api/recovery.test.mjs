// What one run leaves to the next: after a SIGKILL, after a stop, and when the configuration has changed.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { configWith, QUIET, scratch, Server, verb } from "./server.mjs";
import { pause, until } from "./wait.mjs";

// An order of unknown fate is settled within seconds instead of a quarter of a minute.
const QUICK = [/idle: auto/, "idle: auto\n  query_every_ms: 100\n  void_after_ms: 1000\n  #"];
// The venue says every 100 ms what it counts; each difference would kill.
const COUNTED = [/jitter_ms: 0\.5/, "jitter_ms: 0.5\n  position_interval_ms: 100"];
const config = (...more) => configWith(scratch(), QUIET, QUICK, COUNTED, ...more);

async function ready(server) {
  const trader = await server.person("trader");
  await until("a market", async () => (await trader.get("/books/sim:ETHUSDT")).body.bids.length > 0, 15000);
  await until("the other", async () => (await trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, 15000);
  return trader;
}

async function trade(trader, instrument, side, qty) {
  const reply = await trader.post("/orders", { instrument, side, qty, type: "market", tif: "IOC" });
  assert.equal(reply.status, 201, reply.text);
  return until(`fill of ${instrument}`, async () => {
    const { body } = await trader.get(`/orders/${reply.body.id}`);
    return ["FILLED", "EXPIRED"].includes(body.state) && Number(body.filled) > 0 && body;
  });
}

async function rest(trader, instrument) {
  const { body } = await trader.get(`/books/${instrument}?depth=1`);
  const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
  const order = { instrument, side: "buy", qty: "0.10", price, type: "limit", tif: "GTC" };
  const reply = await trader.post("/orders", order);
  assert.equal(reply.status, 201, reply.text);
  return until("it rests", async () => {
    const { body: now } = await trader.get(`/orders/${reply.body.id}`);
    return now.state === "WORKING" && now;
  });
}

/** What no mark moves. */
async function held(caller) {
  const positions = (await caller.get("/positions")).body.items;
  const pnl = (await caller.get("/pnl")).body;
  return {
    positions: positions
      .map(({ instrument, lots, qty, avg_price, realised }) => ({ instrument, lots, qty, avg_price, realised }))
      .sort((a, b) => a.instrument.localeCompare(b.instrument)),
    pnl: Object.fromEntries(["fee", "funding", "rebate", "realised"].map((name) => [name, pnl[name]])),
  };
}

async function rows(caller, kind) {
  return (await caller.get(`/audit?kind=${kind}&limit=1000`)).body.items;
}

/** Long and short, something realised, something resting; and the day's figures said. */
async function build(trader) {
  await trade(trader, "sim:BTCUSDT", "buy", "0.050");
  await trade(trader, "sim:BTCUSDT", "sell", "0.020");
  await trade(trader, "sim:ETHUSDT", "sell", "0.30");
  const order = await rest(trader, "sim:ETHUSDT");
  await pause(1200);
  return order;
}

test("after a SIGKILL positions, PnL and orders go on, and nothing counts twice", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  const trader = await ready(server);
  const order = await build(trader);
  const before = await held(trader);
  const peak = Number((await trader.get("/pnl")).body.peak);
  assert.ok(before.positions.some(({ lots }) => lots > 0) && before.positions.some(({ lots }) => lots < 0));
  const auditor = await server.person("risk1");
  await until("the audit has the fills", async () => (await rows(auditor, "fill")).length >= 3);
  const fills = (await rows(auditor, "fill")).length;
  await server.stop("SIGKILL");

  const again = await Server.start({ dir: server.dir, config: file });
  assert.match(again.out, /Positions, PnL and the day's figures go on: 2 instruments held, 1 order of before/);
  const later = await again.person("trader");
  assert.deepEqual(await held(later), before);
  const carried = (await later.get(`/orders/${order.id}`)).body;
  assert.ok(["UNKNOWN", "CANCELLED"].includes(carried.state), carried.state);
  assert.equal(carried.price, order.price);
  await until("the order is settled", async () => (await later.get(`/orders/${order.id}`)).body.state === "CANCELLED", 15000);
  assert.ok(Number((await later.get("/pnl")).body.peak) >= peak - 1);
  assert.deepEqual(await held(later), before);
  assert.equal((await rows(await again.person("risk1"), "fill")).length, fills);
  // It trades on from there; the venue counts it, too, and nobody is stopped. The next life agrees again.
  await trade(later, "sim:BTCUSDT", "buy", "0.010");
  const then = await held(later);
  await pause(2000);
  const states = (await later.get("/trading-state")).body.items;
  assert.ok(states.every(({ state }) => state === "ACTIVE"), JSON.stringify(states));
  assert.doesNotMatch(again.err, /position_drift|differs from the engine/);
  assert.equal(await again.stop(), 0);
  const third = await Server.start({ dir: server.dir, config: file });
  assert.deepEqual(await held(await third.person("viewer")), then);
  assert.equal(await third.stop(), 0);
});

test("a kill stays, and so does what is held", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  const trader = await ready(server);
  await build(trader);
  const before = await held(trader);
  const killed = await trader.post("/kill", { scope: "firm", reason: "it stays" });
  assert.equal(killed.status, 200, killed.text);
  await server.stop("SIGKILL");
  const again = await Server.start({ dir: server.dir, config: file });
  const later = await again.person("trader");
  const firm = (await later.get("/trading-state")).body.items.find(({ scope }) => scope === "firm");
  assert.equal(firm.state, "HALTED");
  assert.equal(firm.incident, killed.body.incident);
  assert.deepEqual(await held(later), before);
  await again.stop();
});

test("what is held must be configured as it was: 78, and it says what to do", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  await build(await ready(server));
  assert.equal(await server.stop(), 0);
  const start = (changed) =>
    verb("run", "--config", changed, "--data", server.dir, "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0");
  const without = start(config([/ {2}- \{instrument: "sim:ETHUSDT"[\s\S]*?\}\n/, ""],
    [/, "sim:ETHUSDT"\]/, "]"], [/ {6}"sim:ETHUSDT": \{[\s\S]*?\}\n/, ""],
    [/ {2}"instrument\/sim:ETHUSDT":\n.*\n.*\n/, ""], [/ {2}"instrument\/sim:ETHUSDT":\n.*\n.*\n/, ""]));
  assert.equal(without.code, 78, without.err);
  assert.match(without.err, /sim:ETHUSDT holds -30 lots .* not among the instruments any more: .*get flat/);
  const stepped = start(config([/tick: "0\.1", lot/, 'tick: "0.2", lot']));
  assert.equal(stepped.code, 78, stepped.err);
  assert.match(stepped.err, /sim:BTCUSDT holds 30 lots .* tick or lot is another one now/);
  const again = await Server.start({ dir: server.dir, config: file });
  assert.equal(await again.stop(), 0);
});

test("a damaged snapshot is passed over, and said", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  const trader = await ready(server);
  await build(trader);
  const before = await held(trader);
  assert.equal(await server.stop(), 0);
  const folder = join(server.dir, "journal");
  const snapshot = join(folder, readdirSync(folder).filter((name) => name.endsWith(".snp")).sort().at(-1));
  const bytes = readFileSync(snapshot);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(snapshot, bytes);
  const again = await Server.start({ dir: server.dir, config: file });
  assert.match(again.err, /state recovered.*snapshot=0 .*sure=1.*damaged/);
  assert.deepEqual(await held(await again.person("viewer")), before);
  assert.equal(await again.stop(), 0);
});

test("a journal that lost its end is not believed: the firm comes up HALTED, also the next time", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  await build(await ready(server));
  assert.equal(await server.stop(), 0);
  rmSync(join(server.dir, "journal"), { recursive: true });
  for (const lane of ["engine", "control"]) rmSync(join(server.dir, `hot-${lane}.lane`));
  for (let start = 0; start < 2; start++) {
    const again = await Server.start({ dir: server.dir, config: file });
    if (start === 0) assert.match(again.out, /not sure what is held: .*audit\.db has rows .*the journal ends at 0/);
    const viewer = await again.person("viewer");
    const firm = (await viewer.get("/trading-state")).body.items.find(({ scope }) => scope === "firm");
    assert.equal(firm.state, "HALTED");
    assert.equal(await again.stop(), 0);
  }
});

test("a directory in use that lost its epoch is refused: ids would repeat", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  assert.equal(await server.stop(), 0);
  rmSync(join(server.dir, "epoch"));
  const run = verb("run", "--config", file, "--data", server.dir, "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0");
  assert.equal(run.code, 65, run.err);
  assert.match(run.err, /epoch: missing, .*ids would repeat/);
});

test("an older epoch is refused; a directory whose journal and audit are gone comes up HALTED", async () => {
  const file = config();
  const server = await Server.start({ config: file });
  await ready(server);
  await server.stop("SIGTERM");
  const again = await Server.start({ dir: server.dir, config: file });
  await again.stop("SIGTERM");

  writeFileSync(join(server.dir, "epoch"), "1\n");
  const refused = verb("run", "--config", file, "--data", server.dir, "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0");
  assert.equal(refused.code, 65, refused.out + refused.err);
  assert.match(refused.err, /epoch: this would be start 2, and the journal has a start 2: ids would repeat/);

  writeFileSync(join(server.dir, "epoch"), "7\n");
  for (const name of readdirSync(server.dir).filter((each) => /^(journal|hot-|audit\.db)/.test(each))) {
    rmSync(join(server.dir, name), { recursive: true });
  }
  const empty = await Server.start({ dir: server.dir, config: file });
  const trader = await empty.person("trader");
  const firm = (await trader.get("/trading-state")).body.items.find(({ scope }) => scope === "firm");
  assert.equal(firm.state, "HALTED");
  await empty.stop("SIGTERM");
});

test("a journal that somebody removes while it is written is noticed", async () => {
  const server = await Server.start({ config: config() });
  const trader = await ready(server);
  rmSync(join(server.dir, "journal"), { recursive: true });
  await until("storage suspect", async () => (await trader.get("/status")).body.storage === "suspect", 10000);
  const order = { instrument: "sim:BTCUSDT", side: "buy", qty: "0.010", type: "market", tif: "IOC" };
  assert.equal((await trader.post("/orders", order)).status, 503);
  assert.equal((await trader.post("/kill", { scope: "firm", reason: "a test" })).status, 200);
  await server.stop("SIGKILL");
});
