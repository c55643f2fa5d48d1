// The whole program before the whole venue: `pitwall run` in mode live, armed by two people through the
// API, on `pitwall venue` with what a test makes it do. What is true is what the venue's ledger and its
// GET /sim/state say, never what Pitwall says of itself.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, Server } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";
import { Book, Journal } from "../crash/evidence.mjs";
import { Bot, scratch, Venue } from "../venue/venue.mjs";

export const KEY = "demo-key-one";
export const SECRET = "demo-secret-one";
export const LINEAR = "bybit-linear";
export const BTC = `${LINEAR}:BTCUSDT`;
export const ETH = `${LINEAR}:ETHUSDT`;
const PROD = join(ROOT, "deploy/config/prod.yaml");
const LOTS = { BTCUSDT: 0.001, ETHUSDT: 0.01 };
const ENDED = new Set(["FILLED", "CANCELLED", "REJECTED", "EXPIRED"]);
const CALM_MS = 20000;
const DISK_MS = 15000;

/** A venue that can go and come back: on its port, with its ledger and its accounts. */
export class Exchange extends Venue {
  static async open(...args) {
    const dir = scratch();
    const kept = ["--limits", "off", "--dcp-delay-ms", "0", "--state", join(dir, "state"), ...args];
    const exchange = await Exchange.start(...kept);
    exchange.again = [...kept, "--ledger", exchange.ledgerFile, "--listen", exchange.url.replace(/^\w+:\/\//, "")];
    return exchange;
  }

  /** The same venue in a new process. */
  async reopen() {
    const { ledgerFile, again } = this;
    Object.assign(this, await Exchange.start(...again), { ledgerFile, again });
  }

  /** The tests' door; a fault of connections meets it too, then again. */
  async sim(method, path, args) {
    let answer = null;
    await until(`an answer of /sim/${path}`, async () => {
      answer = await new Bot(this, null, 2000).call(method, `/sim/${path}`, args).catch(() => null);
      return answer;
    }, 10000);
    return answer;
  }

  fault(line) {
    return this.sim("POST", "fault", line);
  }

  async account() {
    return (await this.sim("GET", "state")).accounts[0];
  }

  /** Orders of ours that rest there. */
  async resting() {
    return (await this.account()).orders.filter(({ orderLinkId }) => orderLinkId.startsWith("PW"));
  }

  /** A line of a fault script must be taken; what is fired is gone with clear(). */
  async befall(...lines) {
    for (const line of lines) {
      assert.deepEqual(await this.fault(line), {}, JSON.stringify(line));
    }
  }

  clear() {
    return this.sim("POST", "clear");
  }

  asked(kind) {
    return this.ledger().filter((line) => line.dir === "in" && line.kind === kind);
  }
}

/** Replaces each text, once or wherever; one that is not there is a mistake of the test. */
function replaced(text, pairs) {
  return pairs.reduce((before, [from, to]) => {
    const after = before.replace(from, to);
    assert.notEqual(after, before, `the config has no ${from}`);
    return after;
  }, text);
}

const MOMENTUM = `
  - strategy: momentum
    kind: momentum
    enabled: true
    instruments: ["${BTC}", "${ETH}"]
    order_lots: 5
    max_position_lots: 20
    fast_ms: 100
    slow_ms: 1000
    entry_ratio: "0.00002"
    cooldown_ms: 300
`;

// A strategy that a fault makes the venue refuse goes on here: the table of faults is about orders. Drift
// and overfill stop, as they do by default.
const TRIGGERS = `
triggers:
  reject_rate: off
  venue_down: off
`;

const venueRow = (name, url, stream, keyFile, more) => `
  - venue: ${name}
    gateway: bybit-v5
    environment: custom
    rest: "${url}"
    stream: "${stream}"
    key_file: ${keyFile}
    orders_per_s: 50
    recv_window_ms: 3000
    reconcile_ms: 2000
    dcp_ms: 10000
    connects_max: 300
    reference_ms: 10000
${more}`;

/** The production's config, on venues of ours and in a hurry. */
export function liveConfig(dir, venues, ...changes) {
  const keyFile = join(dir, "key.json");
  writeFileSync(keyFile, JSON.stringify({ key: KEY, secret: SECRET }), { mode: 0o600 });
  const rows = venues
    .map(({ name, url, stream = url.replace("http", "ws"), more = "" }) => venueRow(name, url, stream, keyFile, more))
    .join("");
  const text = replaced(readFileSync(PROD, "utf8") + TRIGGERS, [
    [/\n {2}- venue: bybit-linear[^]*?\n\n/, `${rows}\n`],
    ["metrics_listen: 127.0.0.1:9464", "metrics_listen: 127.0.0.1:0"],
    [/idle: \w+/, "idle: park"],
    ["initial_state: HALTED", "initial_state: HALTED\n  silent_ms: 30000\n  ack_timeout_ms: 1000\n  query_every_ms: 300\n  void_after_ms: 4000"],
    ["half_spread_ticks: 20", "half_spread_ticks: 3"],
    ["min_quote_life_ms: 500\n", `min_quote_life_ms: 200\n${MOMENTUM}`],
    ["max_messages_per_s: 50", "max_messages_per_s: 40"],
    ["max_daily_loss: \"2000\"", "max_daily_loss: \"9000\""],
    ["max_daily_loss: \"1000\"", "max_daily_loss: \"9000\""],
    ...changes,
  ]);
  const file = join(dir, "live.yaml");
  writeFileSync(file, text);
  return file;
}

const authority = ({ ca }) => (ca ? `    ca_file: ${ca}\n` : "");

export class Story {
  /** Venue and program, armed and trading; `venue` options are those of the verb. */
  static async begin({ venue = [], changes = [], more = "" } = {}) {
    const story = new Story();
    story.venue = await Exchange.open(...venue);
    story.dir = scratch();
    story.config = liveConfig(story.dir, [{ name: LINEAR, url: story.venue.url, more: more + authority(story.venue) }], ...changes);
    story.initial = await story.venue.account();
    await story.start();
    await story.arm();
    return story;
  }

  /** The program: it comes up HALTED. Also the second time, with what is in its data directory. */
  async start() {
    this.server = await Server.start({ config: this.config, dir: join(this.dir, "data") });
    for (const user of ["risk1", "risk2"]) {
      this[user] = await this.server.person(user);
    }
  }

  async end() {
    await this.server.stop();
    await this.venue.stop();
  }

  async states() {
    return (await this.risk1.get("/trading-state")).body.items;
  }

  async state(scope) {
    return (await this.states()).find((row) => row.scope === scope);
  }

  async venueState(name = LINEAR) {
    return (await this.risk1.get("/venues")).body.items.find((row) => row.venue === name).state;
  }

  async ready(name = LINEAR, ms = CALM_MS) {
    const is = async () => (await this.venueState(name)) === "READY";
    await until(`${name} READY`, is, ms).catch((error) => this.fail(error));
  }

  /** With what the program says of itself, for whoever reads it; nothing is judged by it. */
  fail(error, seen = {}) {
    const said = this.server.err.split("\n").filter((line) => !line.includes("audit head signed") && !line.includes("not sent"));
    throw new Error(`${error.message}: ${JSON.stringify(seen)}\n${said.slice(-40).join("\n")}`);
  }

  /** Arms what has stopped meanwhile, when the venue can be traded on. */
  async armed() {
    const stopped = (await this.states()).some(({ state }) => state !== "ACTIVE");
    if (stopped && (await this.venueState()) === "READY") {
      await this.arm();
    }
  }

  /** A log-in is good for five minutes of approvals. */
  async approve(id) {
    const post = () => this.risk2.post(`/approvals/${id}/approve`, { reason: "seen" });
    const done = await post();
    if (done.body.code !== "reauth_required") {
      return done;
    }
    await this.risk2.logIn(this.server.passwords().risk2);
    return post();
  }

  /** A strategy that was never armed in this data directory is off: two people switch it on, once. */
  async switchOn() {
    const { items } = (await this.risk1.get("/strategies")).body;
    for (const row of items.filter(({ enabled, armed }) => !enabled && armed === null)) {
      const asked = await this.risk1.put(`/strategies/${row.strategy}`, { enabled: true, reason: "armed" }, row.version);
      assert.equal(asked.status, 202, asked.text);
      const done = await this.approve(asked.body.id);
      assert.equal(done.status, 200, done.text);
    }
  }

  /** What is halted trades again: one person asks, another confirms. */
  async arm(fits = () => true) {
    await this.ready();
    await this.switchOn();
    for (const row of (await this.states()).filter(({ scope, state }) => state !== "ACTIVE" && fits(scope))) {
      const asked = await this.risk1.post("/resume", { scope: row.scope, incident: row.incident, reason: "armed" });
      assert.equal(asked.status, 202, asked.text);
      const done = await this.approve(asked.body.id);
      assert.equal(done.status, 200, done.text);
    }
  }

  async kill(scope = "firm") {
    const reply = await this.risk1.post("/kill", { scope, reason: "a story" });
    assert.equal(reply.status, 200, reply.text);
    return reply.body;
  }

  /** Until the venue has been asked for so many more orders. */
  async trade(orders = 10, ms = CALM_MS) {
    const before = this.venue.asked("new").length;
    const are = () => this.venue.asked("new").length >= before + orders;
    await until(`${orders} orders`, are, ms).catch((error) => this.fail(error));
  }

  /** A person's order that rests: too far from the market to be filled. */
  async rest() {
    let placed = null; // cancels may have used up this second's messages
    const isTaken = async () => {
      const { bids } = (await this.risk1.get(`/books/${BTC}?depth=1`)).body;
      const price = (Number(bids[0][0]) * 0.992).toFixed(1);
      const order = { instrument: BTC, side: "buy", type: "limit", tif: "GTC", qty: "0.001", price };
      placed = await this.risk1.post("/orders", order);
      return placed.status === 201;
    };
    await until("an order of a person", isTaken).catch((error) => this.fail(error, placed?.text));
    const { id } = placed.body;
    await until("it rests", async () => (await this.venue.resting()).some((row) => row.orderLinkId === id));
  }

  async position(instrument) {
    return (await this.risk1.get("/positions")).body.items.find((row) => row.instrument === instrument);
  }

  async alive() {
    const { items } = (await this.risk1.get("/orders?limit=1000")).body;
    return items.filter(({ state }) => !ENDED.has(state));
  }

  /** Lots that the venue counts, and lots that we do. */
  async counts(instrument) {
    const symbol = instrument.split(":")[1];
    const { positions } = await this.venue.account();
    const row = positions.find((one) => one.symbol === symbol);
    const size = Math.round(Number(row?.size ?? 0) / LOTS[symbol]);
    const ours = await this.position(instrument);
    return { theirs: row?.side === "Sell" ? -size : size, ours: ours?.lots, told: ours?.venue_lots };
  }

  async metrics() {
    return (await (await this.server.person("admin")).call("GET", "/metrics")).text;
  }

  /** An order of others on our account, which no kill cancels: a person does. */
  async cancelForeign(alive, asked) {
    const foreign = ({ id, strategy, state }) => strategy === "manual" && state === "WORKING" && !asked.has(id);
    for (const { id } of alive.filter(foreign)) {
      asked.add(id);
      await this.risk1.delete(`/orders/${id}`);
    }
  }

  /** No order is alive anywhere, and both sides count the same lots. */
  async calm(instruments = [BTC, ETH]) {
    await this.ready();
    await this.kill();
    let seen = null;
    const asked = new Set();
    const same = async () => {
      const counts = await Promise.all(instruments.map((name) => this.counts(name)));
      const alive = await this.alive();
      const resting = (await this.venue.account()).orders;
      await this.cancelForeign(alive, asked);
      seen = { counts, alive: alive.map(({ id, state }) => `${id} ${state}`), resting: resting.length };
      return alive.length + resting.length === 0 && counts.every(({ theirs, ours, told }) => theirs === ours && ours === told);
    };
    await until("both sides to be the same", same, CALM_MS).catch((error) => this.fail(error, seen));
  }

  /**
   * What the engine has journalled, read by nobody's code but the tests': from disk, where it comes a moment
   * later than orders leave, and much later while the disk is slow.
   */
  async journal(hasAll = () => true) {
    const book = new Book();
    const journal = new Journal(this.server.dir, "engine", (line, seq) => book.take(line, seq));
    const end = Date.now() + DISK_MS;
    for (;;) {
      await journal.read();
      if (hasAll(book) || Date.now() > end) {
        return book; // what is missing then is said by who asks
      }
      await pause(200);
    }
  }

  /** The whole account: after calm(). `extra` lots are there by other ways than fills of ours. */
  async settle() {
    const ledger = this.venue.ledger();
    const ids = ledger.filter(({ dir, kind }) => dir === "in" && kind === "new").map((line) => line.order_link_id);
    assert.equal(new Set(ids).size, ids.length, "a client id was sent as new twice");
    const { executions } = await this.venue.account();
    const book = await this.journal(({ orders, fills }) => fills.size === executions && ids.every((id) => orders.has(id)));
    assert.deepEqual(book.wrong, []);
    assert.deepEqual(ids.filter((id) => !book.orders.has(id)), [], "orders that the journal does not know");
    assert.equal(book.fills.size, executions, "executions, journalled and at the venue");
    await this.money();
  }

  /**
   * What the wallet has lost is what we have booked. What is realised depends on the order in which fills are
   * heard; less what the position has cost, it does not.
   */
  async money() {
    const account = await this.venue.account();
    const sum = (values) => values.reduce((all, value) => all + value, 0);
    const sign = ({ side }) => (side === "Sell" ? -1 : 1);
    const held = account.positions.map((row) => sign(row) * Number(row.size) * Number(row.avgPrice));
    const change = Number(account.balances.USDT) - Number(this.initial.balances.USDT) - sum(held);
    const { items } = (await this.risk1.get("/positions")).body;
    const booked = items.map(
      ({ realised, fee, rebate, qty, avg_price: price }) =>
        Number(realised ?? 0) + Number(fee) + Number(rebate) - Number(qty ?? 0) * Number(price ?? 0),
    );
    assert.ok(Math.abs(change - sum(booked)) < 0.001, `the venue's money changed by ${change}, ours by ${sum(booked)}`);
  }
}

export { pause, until };
