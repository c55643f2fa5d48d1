// A desk in the engine's place: the driver (driver.c) holds the gateway, this keeps the orders. What
// has no answer is unknown and asked about; nothing is sent twice. PITWALL_BIN names the program that
// is the venue, GATEWAY_DRIVER the driver.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as venues from "../venue/venue.mjs";

export { scratch, sleep } from "../venue/venue.mjs";
const DRIVER = process.env.GATEWAY_DRIVER ?? join(venues.ROOT, "build/debug/tests/gateway/driver");
const ACK_MS = 1000;
const ASK_MS = 300;
const ANSWER_MS = 2000; // of the venue to the test: a fault may have taken it
const VOID_MS = 3500; // the receive window of the driver, and a margin
const KEY = { key: "demo-key-one", secret: "demo-secret-one" };
const running = new Set();

process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

// Seldom enough that the venue, when it is asked, does not find that too often.
export const until = (what, check, ms = 15000) => venues.until(what, check, ms, 30);

function start(program, args, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  running.add(child);
  child.said = "";
  child.stderr.on("data", (text) => (child.said += text));
  child.ended = new Promise((done) => child.on("exit", (code) => done(running.delete(child) && code)));
  return child;
}

/** The venue of an account that keeps its state; `rules` is its fault script. */
export class Venue extends venues.Venue {
  constructor(rules = [], args = []) {
    const dir = venues.scratch();
    const faults = join(dir, "faults");
    super("--dcp-delay-ms", "0", "--state", join(dir, "state"), ...args);
    this.dir = dir;
    if (rules.length > 0) {
      writeFileSync(faults, rules.map((rule) => `${JSON.stringify(rule)}\n`).join(""));
      this.args.push("--faults", faults);
    }
  }
  /** The result of a request that our key signs; null when a fault has met it. */
  async ask(method, path, args) {
    this.asker ??= new venues.Bot(this, KEY, ANSWER_MS);
    try {
      return (await this.asker[method](path, args)).body?.result ?? null;
    } catch {
      return null;
    }
  }
  get(path, query) {
    return this.ask("get", path, query);
  }
  post(path, args) {
    return this.ask("post", path, args);
  }
}

const ENDS = new Set(["VENUE_REJECT", "VENUE_CANCEL", "VENUE_EXPIRE", "KILLED_UNSENT"]);

/** The driver with its orders. Prices and sizes are in ticks and lots: 0.1 and 0.001. */
export class Desk {
  constructor(venue, { epoch = 1, name = "bybit-linear:BTCUSDT", ca = "", opening = 0 } = {}) {
    const key = join(venue.dir, `key-${epoch}`); // one may start while another reads its own
    writeFileSync(key, JSON.stringify(KEY), { mode: 0o600 });
    this.epoch = epoch;
    this.orders = new Map();
    this.reports = [];
    this.states = [];
    this.stops = [];
    this.foreign = new Map();
    this.position = 0;
    this.executions = new Set();
    this.venueLots = null;
    this.child = start(DRIVER, [venue.url, venue.url.replace("http", "ws"), key, name, "1", "1", "3", "1", `${epoch}`, ca], { OPENING_LOTS: `${opening}` });
    createInterface({ input: this.child.stdout }).on("line", (line) => this.#take(JSON.parse(line)));
    this.timer = setInterval(() => this.#look(), 50);
  }
  #take(line) {
    if (line.state) {
      this.states.push(line.state);
    } else if (line.report) {
      this.reports.push(line);
      this.#report(line);
    } else if (line.stop !== undefined) {
      this.stops.push(line);
    } else {
      this.answer = line;
    }
  }
  #report(said) {
    const order = said.epoch === this.epoch ? this.orders.get(said.n) : undefined;
    if (said.report === "POSITION") {
      this.venueLots = said.lots;
    } else if (said.report === "FOREIGN") {
      this.foreign.set(said.id, "live");
    } else if (this.foreign.has(said.id) && ENDS.has(said.report)) {
      this.foreign.set(said.id, "ended");
    }
    if (said.report === "FILL_PART") {
      this.#fill(said, order);
    } else if (order && order.state !== "ended") {
      this.#move(order, said);
    }
  }
  #fill(said, order) {
    if (this.executions.has(said.exec)) {
      return;
    }
    this.executions.add(said.exec);
    this.position += said.side === "buy" ? said.lots : -said.lots;
    if (order) {
      order.filled += said.lots;
      order.state = order.filled >= (order.most ?? order.qty) ? "ended" : order.state === "pending" ? "live" : order.state;
    }
  }
  #move(order, said) {
    if (ENDS.has(said.report)) {
      order.state = "ended";
    } else if (said.report === "VENUE_ACK" || said.report === "VENUE_AMEND") {
      order.state = "live";
      order.absent = 0;
      order.qty = said.lots > 0 ? said.lots : order.qty;
      order.askedAt = said.lots > 0 && order.cancelled ? 0 : order.askedAt; // cancel it anew
    } else if (["TIMEOUT", "DUPLICATE_ID", "CANCEL_REJECT"].includes(said.report)) {
      order.state = "unknown";
    } else if (said.report === "QUERY_ABSENT" && Date.now() - order.sentAt > VOID_MS && ++order.absent >= 2) {
      order.state = "ended";
    }
    if (said.report === "VENUE_AMEND" || said.report === "AMEND_REJECT") {
      order.most = undefined;
    }
    if (order.filled >= (order.most ?? order.qty)) {
      order.state = "ended";
    }
  }
  /** What an engine does on its timer. */
  #look() {
    const now = Date.now();
    for (const order of this.orders.values()) {
      const waits = order.state === "pending" || (order.state === "live" && order.cancelled);
      if (waits && now - order.askedAt > ACK_MS && order.askedAt > 0) {
        order.state = "unknown";
      }
      if (order.state === "unknown" && now - order.askedAt > ASK_MS) {
        order.askedAt = now;
        this.say(`query ${order.n} 0`);
      } else if (order.state === "live" && order.cancelled && order.askedAt === 0) {
        this.cancel(order.n);
      }
    }
  }
  say(text) {
    this.child.stdin.write(`${text}\n`);
  }
  place(side, price, qty, kind = "gtc") {
    const n = this.orders.size + 1;
    this.orders.set(n, { n, side, price, qty, filled: 0, state: "pending", absent: 0, sentAt: Date.now(), askedAt: Date.now() });
    this.say(`new ${n} ${side} ${price} ${qty} ${kind}`);
    return this.orders.get(n);
  }
  cancel(n) {
    const order = this.orders.get(n);
    order.cancelled = true;
    order.askedAt = Date.now();
    this.say(`cancel ${n}`);
  }
  amend(n, price, qty) {
    const order = this.orders.get(n);
    order.amends = (order.amends ?? 0) + 1;
    order.most = Math.max(order.most ?? order.qty, qty); // what it may fill until that is answered
    this.say(`amend ${n} ${order.amends} ${price} ${qty}`);
  }
  async ask(what) {
    this.answer = undefined;
    this.say(what);
    return until(`an answer to ${what}`, () => this.answer);
  }
  ready(ms) {
    return until(() => `READY: ${this.states.join(" ")} ${this.child.said}`, () => this.states.at(-1) === "READY", ms);
  }
  live() {
    return [...this.orders.values()].filter((order) => order.state !== "ended");
  }
  /** Cancels all, and waits until each order's fate is known. */
  async flat(ms = 30000) {
    this.live().forEach((order) => this.cancel(order.n));
    await until(() => `all to end: ${JSON.stringify(this.live())}\n${this.child.said.slice(-4000)}`, () => this.live().length === 0, ms);
  }
  async quit() {
    clearInterval(this.timer);
    this.child.stdin.end();
    return this.child.ended;
  }
}
