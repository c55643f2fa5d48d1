// The kill bench: how fast a kill by REST stops the engine, and whether anything leaves after it.
//
// The market runs in a loop at full speed (the recording, or the synthetic market without one).
// Each round waits until orders flow, kills the firm on the reserved listener, waits until its
// receipt is complete, and resumes by two people: risk1 proposes, risk2 approves. The judge is the
// venue's ledger, not our own counters: an order line stamped after the engine's block (at_ns +
// ns_to_block of the receipt) or after the acknowledgement, and before the approval was sent, is
// a leak. The gateway stamps an order before it reads the kill page, so the count must be exactly 0.
//
//   node tests/bench/kill.mjs [--bin build/pitwall] [--data DIR] [--rounds N] [--expect-fail]
//
// --expect-fail is for a program built with BREAK=gateway_ignores_kill: exit 0 as soon as it leaks
// (an order must lie on the ring at the very moment: about one kill in twenty).
import { execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const TARGET_BLOCK_NS = 1_000_000;
const LOG_IN_AGAIN_MS = 180_000; // a log-in is good for approving for five minutes
const ORDERS_BETWEEN_KILLS = 20;

export const ids = ["i1.kill_block_p99_ns", "i1.kill_block_p50_ns", "i1.orders_after_block", "i1.orders_after_ack", "i6.kill_path"];
const TARGET_PATH = 0.75;

const nowNs = () => BigInt(Date.now()) * 1_000_000n;

async function until(what, limitMs, check) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await sleep(2);
  }
}

function recordings(dataDir) {
  if (!dataDir) return [];
  const inside = join(dataDir, "binance-20240808");
  const dir = existsSync(inside) ? inside : dataDir;
  return readdirSync(dir).some((name) => name.endsWith(".gz")) ? [dir] : [];
}

// The demo's configuration, spinning, with a ledger. Below four cores the gateway runs inside the
// engine's thread: two spinning threads would leave no core for the kill's own way in. It comes up HALTED, so that nothing trades but
// between a resumption and the next kill.
function writeConfig(dir, ledger) {
  const demo = readFileSync(join(root, "deploy/config/dev.yaml"), "utf8");
  const config = demo
    .replace(/^( +)idle: auto\b/m, `$1inline_gateway: ${cpus().length < 4}\n$1idle: spin`)
    .replace(/^( +initial_state:) ACTIVE\b/m, "$1 HALTED")
    .replace(/max_daily_loss: "\d+"/g, 'max_daily_loss: "1000000000"') // hours of trading pass in a minute
    .replace(/max_drawdown_ratio: "[\d.]+"/g, 'max_drawdown_ratio: "1"')
    .replace(/^market:$/m, `market:\n  ledger: ${JSON.stringify(ledger)}`);
  if (!/idle: spin/.test(config) || !/initial_state: HALTED/.test(config) || !/ledger:/.test(config)) throw new Error("dev.yaml has changed its shape");
  const path = join(dir, "bench.yaml");
  writeFileSync(path, config);
  return path;
}

// Follows the ledger: the stamps of new orders, as they are appended.
class Ledger {
  constructor(path) {
    this.path = path;
    this.offset = 0;
    this.rest = "";
    this.buffer = Buffer.alloc(1 << 20);
  }

  newOrders() {
    if (!existsSync(this.path)) return [];
    const stamps = [];
    const file = openSync(this.path, "r");
    const end = fstatSync(file).size; // it grows while we read
    while (this.offset < end) {
      const read = readSync(file, this.buffer, 0, this.buffer.length, this.offset);
      this.offset += read;
      const lines = (this.rest + this.buffer.toString("latin1", 0, read)).split("\n");
      this.rest = lines.pop();
      for (const line of lines) {
        if (!line.includes('"dir":"in","kind":"new"')) continue; // most are answers; no time to parse them all
        stamps.push(BigInt(JSON.parse(line).at_ns));
      }
    }
    closeSync(file);
    return stamps;
  }
}

class Person {
  constructor(url, user, password) {
    Object.assign(this, { url, user, password, loggedInMs: 0 });
  }

  async logIn() {
    if (Date.now() - this.loggedInMs < LOG_IN_AGAIN_MS) return;
    const answer = await fetch(`${this.url}/api/v1/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: this.user, password: this.password }),
    });
    if (answer.status !== 200) throw new Error(`${this.user} cannot log in: ${await answer.text()}`);
    this.cookie = answer.headers.get("set-cookie").split(";")[0];
    this.csrf = (await answer.json()).csrf;
    this.loggedInMs = Date.now();
  }

  async send(method, path, body, expected, headers = {}) {
    await this.logIn();
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf, Cookie: this.cookie, ...headers },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status !== expected) throw new Error(`${this.user} ${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }
}

// Calls that are timed to the byte, by a program in C: our own way to a socket takes longer than a kill.
class TimedCaller {
  constructor(benches, killUrl, token) {
    this.child = spawn(benches, ["kill-call", new URL(killUrl).port, "-1"], { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.child.stdin.write(`${token}\n`);
  }

  async call(body) {
    this.child.stdin.write(`${JSON.stringify(body)}\n`);
    const { value } = await this.lines.next();
    const [, ns, receipt] = /^(\d+) (.*)$/.exec(value);
    if (ns === "0") throw new Error(`a timed kill failed: ${receipt}`);
    return { ...JSON.parse(receipt), roundTripNs: Number(ns) };
  }

  stop() {
    this.child.stdin.end();
  }
}

class Desk {
  async start(bin, dataDir, benches) {
    this.dir = mkdtempSync(join(tmpdir(), "pitwall-kill-"));
    this.data = join(this.dir, "data");
    this.ledger = new Ledger(join(this.dir, "ledger.jsonl"));
    const config = writeConfig(this.dir, this.ledger.path);
    const found = recordings(dataDir);
    this.market = found.length > 0 ? "recording" : "synthetic";
    this.log = openSync(join(this.dir, "log"), "w");
    this.child = spawn(bin, ["run", "--demo", "--config", config, "--data", this.data,
      "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0", "--speed", "max", "--at-end", "loop",
      ...found.flatMap((path) => ["--recording", path])], { stdio: ["ignore", this.log, this.log] });
    this.gone = new Promise((resolve) => this.child.once("exit", (code) => resolve(code ?? 1)));
    await until("the program is ready", 30_000, () => {
      if (this.child.exitCode !== null) throw new Error(`it ended:\n${readFileSync(join(this.dir, "log"), "utf8")}`);
      return existsSync(join(this.data, "run.json"));
    });
    const { url, kill_url: killUrl } = JSON.parse(readFileSync(join(this.data, "run.json"), "utf8"));
    this.killUrl = killUrl;
    this.token = execFileSync(bin, ["token", "create", "--data", this.data, "--name", "bench", "--scope", "kill"],
      { encoding: "utf8" }).trim();
    this.timed = benches && existsSync(benches) ? new TimedCaller(benches, this.killUrl, this.token) : null;
    const { users } = JSON.parse(readFileSync(join(this.data, "first-login"), "utf8"));
    const person = (name) => new Person(url, name, users.find((user) => user.user === name).password);
    this.risk1 = person("risk1");
    this.risk2 = person("risk2");
    await this.arm();
  }

  // The first start is HALTED by the configuration, not by a kill.
  async arm() {
    const approval = await this.risk1.send("PUT", "/api/v1/trading-state/firm",
      { state: "ACTIVE", reason: "the bench begins" }, 202, { "If-Match": '"1"' });
    await this.risk2.send("POST", `/api/v1/approvals/${approval.id}/approve`, {}, 200);
  }

  // Why nothing flows, in the server's own words.
  async why() {
    const get = async (path) => (await fetch(`${this.risk1.url}/api/v1/${path}`,
      { headers: { Cookie: this.risk1.cookie } })).text();
    return `${await get("trading-state")}\n${await get("audit?kind=denial&limit=1")}\n${await get("status")}`;
  }

  async killCall(method, path, body) {
    const answer = await fetch(`${this.killUrl}${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  kill(body) {
    return this.timed ? this.timed.call(body) : this.killCall("POST", "/api/v1/kill", body);
  }

  async stop() {
    this.timed?.stop();
    if (this.child && this.child.exitCode === null) {
      this.child.kill("SIGTERM");
      const late = sleep(8000, undefined, { ref: false }).then(() => this.child.kill("SIGKILL"));
      await Promise.race([this.gone, late.then(() => this.gone)]);
    }
    if (this.log) closeSync(this.log);
    if (this.dir) rmSync(this.dir, { recursive: true, force: true });
  }
}

// One kill and its resumption; returns when what was measured and the window in which nothing may leave.
async function killOnce(desk, round) {
  const receipt = await desk.kill({ scope: "firm", reason: `kill bench ${round}`, flatten: false });
  const ackNs = nowNs() + 1_000_000n; // our clock shows whole milliseconds: never before the truth
  let last;
  const settled = await until(`receipt of round ${round} is complete`, 5000, async () => {
    const now = await desk.killCall("GET", `/api/v1/kill/${receipt.incident}`);
    last = now;
    return now.complete && now.ns_to_block !== null && now; // a silent engine answers late
  }).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last)}, at first ${JSON.stringify(receipt)}`);
  });
  const blockNs = BigInt(settled.at_ns) + BigInt(settled.ns_to_block);
  const approval = await desk.risk1.send("POST", "/api/v1/resume",
    { scope: "firm", incident: receipt.incident, reason: "the bench goes on" }, 202);
  await desk.risk2.logIn();
  const untilNs = nowNs();
  await desk.risk2.send("POST", `/api/v1/approvals/${approval.id}/approve`, { reason: "seen" }, 200);
  return { nsToBlock: Number(settled.ns_to_block), silent: receipt.engine === "silent", roundTripNs: receipt.roundTripNs, blockNs, ackNs, untilNs };
}

export async function killRounds({ bin, benches, dataDir, rounds, stopAtLeak = false }) {
  const desk = new Desk();
  const outcome = { nsToBlock: [], roundTripNs: [], silent: 0, afterBlock: 0, afterAck: 0, orders: 0 };
  let window = null;
  const judge = () => {
    const stamps = desk.ledger.newOrders();
    outcome.orders += stamps.length;
    for (const at of stamps) {
      if (!window || at >= window.untilNs) continue;
      if (at > window.blockNs) outcome.afterBlock++;
      if (at > window.ackNs && !window.silent) outcome.afterAck++;
    }
    return stamps.length;
  };
  try {
    await desk.start(bin, dataDir, benches);
    for (let round = 0; round < rounds && !(stopAtLeak && outcome.afterBlock > 0); round++) {
      let flowing = 0;
      await until(`orders flow before round ${round}`, 20_000, () => (flowing += judge()) >= ORDERS_BETWEEN_KILLS)
        .catch(async (error) => { throw new Error(`${error.message}\n${await desk.why()}`); });
      window = await killOnce(desk, round);
      outcome.nsToBlock.push(window.nsToBlock);
      if (window.roundTripNs) outcome.roundTripNs.push(window.roundTripNs);
      outcome.silent += window.silent;
    }
    judge();
  } finally {
    await desk.stop();
  }
  return { ...outcome, market: desk.market };
}

function percentile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];
}

// From the request read to the engine stopped, as a share of the call's round trip.
function pathResult({ nsToBlock, roundTripNs }, note) {
  if (roundTripNs.length === 0) return [];
  const middle = (list) => percentile([...list].sort((a, b) => a - b), 0.5);
  const value = middle(nsToBlock) / middle(roundTripNs);
  return [{ id: ids[4], value, unit: "x", target: TARGET_PATH, sense: "max", met: value <= TARGET_PATH,
    anchor: "round trip of the call, ns", anchor_value: middle(roundTripNs),
    rounds: nsToBlock.map((ns, i) => ns / roundTripNs[i]), note }];
}

export async function bench({ bin, benches, dataDir, rounds, stopAtLeak }) {
  const outcome = await killRounds({ bin, benches, dataDir, rounds, stopAtLeak });
  const sorted = [...outcome.nsToBlock].sort((a, b) => a - b);
  const note = `${sorted.length} kills, ${outcome.market} market at full speed, ${outcome.orders} orders in the ledger, ${outcome.silent} times silent for 10 ms`;
  const result = (id, value, unit, target, list) => (
    { id, value, unit, target, sense: "max", met: target === null || value <= target, rounds: list, note });
  return [
    result(ids[0], percentile(sorted, 0.99), "ns", TARGET_BLOCK_NS, outcome.nsToBlock),
    result(ids[1], percentile(sorted, 0.5), "ns", null, outcome.nsToBlock),
    result(ids[2], outcome.afterBlock, "orders", 0, [outcome.afterBlock]),
    result(ids[3], outcome.afterAck, "orders", 0, [outcome.afterAck]),
    ...pathResult(outcome, note),
  ];
}

async function main(argv) {
  const options = { bin: join(root, "build/pitwall"), dataDir: process.env.DATA_DIR ?? "", rounds: 50, expectFail: false };
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === "--expect-fail") options.expectFail = true;
    else if (argv[i] === "--bin") options.bin = argv[++i];
    else if (argv[i] === "--data") options.dataDir = argv[++i];
    else if (argv[i] === "--rounds") options.rounds = Number(argv[++i]);
    else throw new Error(`kill.mjs: what is ${argv[i]}?`);
  }
  const results = await bench({ ...options, stopAtLeak: options.expectFail });
  for (const { id, value, unit, target, met, note } of results)
    console.log(`${id}  ${value} ${unit}${target === null ? "" : `  target <= ${target}  ${met ? "met" : "NOT MET"}`}  (${note})`);
  const leaks = results.filter(({ unit }) => unit === "orders").some(({ value }) => value > 0);
  const failed = options.expectFail ? !leaks : results.some(({ met }) => !met);
  if (options.expectFail) console.log(leaks ? "it leaks, as expected" : "NOTHING LEAKED: the bench would not notice");
  return failed ? 1 : 0;
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) process.exit(await main(process.argv.slice(2)));
