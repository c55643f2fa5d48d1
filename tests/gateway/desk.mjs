// A desk in the engine's place: the driver (driver.c) holds the gateway, this keeps the orders. What
// has no answer is unknown and asked about; nothing is sent twice. PITWALL_BIN names the program that
// is the venue, GATEWAY_DRIVER the driver.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const BIN = process.env.PITWALL_BIN ?? join(ROOT, "build/pitwall");
const DRIVER = process.env.GATEWAY_DRIVER ?? join(ROOT, "build/debug/tests/gateway/driver");
const ACK_MS = 1000;
const ASK_MS = 300;
const VOID_MS = 3500; // the receive window of the driver, and a margin
const running = new Set();
const folders = [];

process.on("exit", () => {
  running.forEach((child) => child.kill("SIGKILL"));
  folders.forEach((dir) => rmSync(dir, { recursive: true, force: true }));
});

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, check, ms = 15000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${ms} ms for ${typeof what === "function" ? what() : what}`);
    }
    await sleep(30);
  }
}

function start(program, args, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  running.add(child);
  child.said = "";
  child.stderr.on("data", (text) => (child.said += text));
  child.ended = new Promise((done) => child.on("exit", (code) => done(running.delete(child) && code)));
  return child;
}

export function scratch() {
  folders.push(mkdtempSync(join(tmpdir(), "pitwall-gateway-")));
  return folders.at(-1);
}

/** A venue process; `rules` is its fault script. It may be stopped and started again on its port. */
export class Venue {
  constructor(rules = [], args = []) {
    this.dir = scratch();
    this.ledgerFile = join(this.dir, "ledger");
    this.listen = "127.0.0.1:0";
    this.args = ["--dcp-delay-ms", "0", "--state", join(this.dir, "state"), ...args];
    if (rules.length > 0) {
      writeFileSync(join(this.dir, "faults"), rules.map((rule) => `${JSON.stringify(rule)}\n`).join(""));
      this.args.push("--faults", join(this.dir, "faults"));
    }
  }
  async start() {
    const args = ["venue", "--protocol", "bybit-v5", "--listen", this.listen];
    this.child = start(BIN, [...args, "--ledger", this.ledgerFile, ...this.args]);
    this.url = await new Promise((done, fail) => {
      const lines = createInterface({ input: this.child.stdout });
      lines.on("line", (line) => line.startsWith("ready ") && done(line.slice(6)));
      this.child.ended.then((code) => fail(new Error(`venue: exit ${code}: ${this.child.said}`)));
    });
    this.listen = this.url.replace(/^\w+:\/\//, "");
    return this;
  }
  async stop(signal = "SIGTERM") {
    this.child.kill(signal);
    await this.child.ended;
  }
  async #ask(path, text, options) {
    const stamp = String(Date.now());
    const headers = {
      "Content-Type": "application/json",
      "X-BAPI-API-KEY": "demo-key-one",
      "X-BAPI-TIMESTAMP": stamp,
      "X-BAPI-RECV-WINDOW": "5000",
      "X-BAPI-SIGN": createHmac("sha256", "demo-secret-one").update(`${stamp}demo-key-one5000${text}`).digest("hex"),
    };
    try {
      return (await (await fetch(this.url + path, { headers, ...options })).json()).result;
    } catch {
      return null; // a fault has met it
    }
  }
  get(path, query) {
    return this.#ask(`${path}?${query}`, query);
  }
  post(path, args) {
    const body = JSON.stringify(args);
    return this.#ask(path, body, { method: "POST", body });
  }
  ledger() {
    const lines = readFileSync(this.ledgerFile, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line));
  }
}

const ENDS = new Set(["VENUE_REJECT", "VENUE_CANCEL", "VENUE_EXPIRE", "KILLED_UNSENT"]);

/** The driver with its orders. Prices and sizes are in ticks and lots: 0.1 and 0.001. */
export class Desk {
  constructor(venue, { epoch = 1, name = "bybit-linear:BTCUSDT", ca = "", opening = 0 } = {}) {
    const key = join(venue.dir, "key");
    writeFileSync(key, JSON.stringify({ key: "demo-key-one", secret: "demo-secret-one" }), { mode: 0o600 });
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
