// Mode live, whole, on a venue of ours: HALTED until two people arm it, then orders are real.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Bot, Venue } from "../venue/venue.mjs";
import { bybitInstead, configWith, QUIET, scratch, Server, verb } from "./server.mjs";
import { Teller } from "./teller.mjs";
import { until } from "./wait.mjs";

const NAME = "bybit-linear:BTCUSDT";
let venue;
let teller;
let server;
let trader;
let keyFile;

function configOf(stream) {
  const where = `environment: custom, rest: "${venue.url}", stream: "${stream}", reconcile_ms: 3000`;
  return configWith(
    scratch(),
    QUIET,
    ["mode: sim", "mode: live"],
    ...bybitInstead(NAME, `${where}, key_file: "${keyFile}"`),
  );
}

before(async () => {
  venue = await Venue.start();
  teller = await Teller.start(venue.url.replace("http", "ws"));
  const [{ key, secret }] = venue.keys;
  keyFile = join(scratch(), "key.json");
  writeFileSync(keyFile, JSON.stringify({ key, secret }), { mode: 0o600 });
  server = await Server.start({ config: configOf(teller.url) });
  trader = await server.person("trader");
});

after(async () => {
  assert.equal(await server.stop(), 0);
  teller.stop();
  await venue.stop();
});

async function stateOf(scope) {
  const { items } = (await trader.get("/trading-state")).body;
  return items.find((row) => row.scope === scope);
}

const order = async (price, tif, more = {}) =>
  trader.post("/orders", { instrument: NAME, side: "buy", qty: "0.001", price, type: "limit", tif, ...more });

test("it comes up HALTED, whatever the file says, and says that it is live", async () => {
  assert.equal((await stateOf("firm")).state, "HALTED");
  assert.equal((await trader.get("/status")).body.mode, "live");
  await until("ready", async () => (await trader.get("/venues")).body.items[0].state === "READY", 15000);
});

test("armed by two people, an order is real", async () => {
  const risk1 = await server.person("risk1");
  const risk2 = await server.person("risk2");
  const proposed = await risk1.post("/resume", { scope: "firm", incident: null, reason: "armed" });
  assert.equal(proposed.status, 202, proposed.text);
  assert.equal((await risk2.post(`/approvals/${proposed.body.id}/approve`, {})).status, 200);
  const { body: book } = await trader.get(`/books/${NAME}`);
  const reply = await order((Number(book.asks[0][0]) * 1.002).toFixed(1), "IOC");
  assert.equal(reply.status, 201, reply.text);
  const done = await until("the fill", async () => {
    const { body } = await trader.get(`/orders/${reply.body.id}`);
    return body.state === "FILLED" && body;
  }, 10000);
  assert.equal(done.simulated, false);
  await until("the venue's count", async () => (await trader.get("/positions")).body.items[0].venue_lots === 1, 10000);
  assert.equal((await trader.get("/positions")).body.items[0].drift, 0);
});

test("balance, fills and fees are what the venue says, beside ours", async () => {
  const item = await until("the venue's count", async () => {
    const [row] = (await trader.get("/reconciliation")).body.items;
    return row.balance && row.instruments[0].venue_fills === 1 && row.instruments[0].fills_since_told === 0 && row;
  }, 60000);
  assert.equal(item.simulated, false);
  const { equity, wallet, available, currency, told_ns, venue_ns } = item.balance;
  assert.equal(currency, "USD");
  assert.ok(Number(available) > 0 && Number(available) <= Number(equity), `${available} of ${equity}`);
  assert.ok(Math.abs(Number(equity) - Number(wallet)) < 100, "one lot moves it by little");
  assert.ok(Math.abs(Number(BigInt(told_ns) - BigInt(venue_ns))) < 60e9);
  const [btc] = item.instruments;
  assert.equal(btc.fills, 1);
  assert.equal(btc.fee, btc.venue_fee);
  assert.ok(Number(btc.fee) > 0);
});

// Its list is asked for now and then: until it is, a fill of ours is neither there nor missing.
test("a fill is not known to be on the venue's list before that is told", async () => {
  const pairs = async () => (await trader.get(`/reconciliation/${NAME}/fills`)).body;
  const [first] = (await pairs()).items;
  assert.deepEqual([first.state, first.venue], ["both", first.ours]);
  await until("a list of just now, so that the next is some way off", async () => Number((await pairs()).age_ns) < 1e9);
  const { body: book } = await trader.get(`/books/${NAME}`);
  assert.equal((await order((Number(book.asks[0][0]) * 1.002).toFixed(1), "IOC")).status, 201);
  const seen = new Set();
  const told = await until("the list", async () => {
    const now = await pairs();
    const [newest] = now.items;
    seen.add(newest.id === first.id ? "" : (newest.why ?? newest.state));
    return now.counts.both === 2 && now;
  }, 60000);
  assert.deepEqual([...seen].filter((state) => !["", "not_told_since", "both"].includes(state)), []);
  assert.ok(seen.has("not_told_since"), [...seen].join());
  const [newest] = told.items;
  assert.deepEqual(newest.venue, newest.ours);
  await until("it is told to be whole", async () => BigInt((await pairs()).told_ns) > BigInt(newest.at_ns));
  assert.deepEqual(told.counts, { both: 2, differs: 0, ours_only: 0, venue_only: 0, unknown: 0 });
});

/** The private stream tells another fee than the venue's list has. */
function dearer(frame) {
  if (frame.topic === "execution") {
    frame.data.forEach((row) => (row.execFee = "9.5"));
  }
  return frame;
}

test("a fill that the stream and the list tell differently differs, in what we booked and what the list says", async () => {
  const pairs = async (state) => (await trader.get(`/reconciliation/${NAME}/fills?state=${state}`)).body;
  const { body: book } = await trader.get(`/books/${NAME}`);
  teller.retell = dearer;
  const { status, body } = await order((Number(book.asks[0][0]) * 1.003).toFixed(1), "IOC");
  assert.equal(status, 201);
  const { items, counts } = await until("the list", async () => {
    const now = await pairs("apart");
    return now.items.length > 0 && now;
  }, 60000);
  assert.deepEqual(counts, { both: 2, differs: 1, ours_only: 0, venue_only: 0, unknown: 0 });
  const [{ state, ours, venue: theirs, order: id }] = items;
  assert.deepEqual([state, id, Number(ours.fee)], ["differs", body.id, 9.5]);
  assert.ok(Number(theirs.fee) > 0 && Number(theirs.fee) < 1, theirs.fee);
  assert.deepEqual({ ...ours, fee: "" }, { ...theirs, fee: "" });
});

test("what the venue does not take is counted by why", async () => {
  const admin = await server.person("admin");
  const counted = async (why) => {
    const { text } = await admin.call("GET", "/metrics");
    return Number(new RegExp(`^pitwall_refusals_by_class_total\\{.*class="${why}"\\} (\\d+)$`, "m").exec(text)[1]);
  };
  const had = { balance: await counted("balance"), post_only: await counted("post_only") };
  // At two prices: an equal order within 5 ms is denied as a duplicate.
  const taking = async (far) => (Number((await trader.get(`/books/${NAME}`)).body.asks[0][0]) * far).toFixed(1);
  const fault = { on: "new", nth: 1, do: "reject", code: 110007 };
  assert.deepEqual(await new Bot(venue, null).call("POST", "/sim/fault", fault), {});
  const poor = await order(await taking(1.002), "IOC");
  assert.equal(poor.status, 201, poor.text);
  await until("balance", async () => (await counted("balance")) === had.balance + 1, 10000);
  assert.equal((await trader.get(`/orders/${poor.body.id}`)).body.state, "REJECTED");
  const crossing = await order(await taking(1.0015), "GTC", { post_only: true });
  assert.equal(crossing.status, 201, crossing.text);
  await until("post_only", async () => (await counted("post_only")) === had.post_only + 1, 10000);
  assert.equal(await counted("balance"), had.balance + 1);
});

test("check --connect asks it without trading", () => {
  const config = configOf(venue.url.replace("http", "ws")); // this process stands still meanwhile, and so does the teller
  const { code, out } = verb("check", "--config", config, "--connect");
  assert.equal(code, 0, out);
  assert.match(out, /bybit-linear +good +clock/);
});
