// The loop: starts, kills, and looks from outside at what is left.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BIN, verb } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";
import { Desk, Watchers } from "./desk.mjs";
import { Book, Journal, Ledger, rate } from "./evidence.mjs";
import { endAll, Life } from "./life.mjs";
import { configFile, INSTRUMENTS, record, SPEED } from "./market.mjs";

export const CHECKS = {
  journal: "the journal is whole: nothing torn, missing or twice",
  orders: "no order that the venue's ledger has is missing in the journal, and they came in its order",
  fills: "every fill of the ledger counts, and counts once",
  positions: "positions are the sum of the ledger's fills",
  seen: "what a reader was shown is there",
  acknowledged: "what people were told is done stands",
  audit: "the audit has each record once, and is what the journal makes of it",
  replay: "every run comes out the same again",
};
const QUIET_EVERY = 10;
const LOT_DECIMALS = { BTCUSDT: 3, ETHUSDT: 2, SOLUSDT: 1 };

/** mulberry32 */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A verb that goes through all that was ever written. */
function long(...args) {
  const done = spawnSync(BIN, args, { encoding: "utf8", timeout: 600000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

function symbolOf(instrument) {
  return instrument.replace(/^[^:]*:/, "");
}

export class Crash {
  kills = 0;
  phases = { run: 0, start: 0, stop: 0 };
  rates = [];
  readyMs = [];
  recovered = 0; // records from memory
  cut = 0; // torn tails of the journal
  owed = 0; // executions that only the ledger had
  tamper = null; // called after each kill, for the tests of this test
  wrong = Object.fromEntries(Object.keys(CHECKS).map((check) => [check, []]));
  #due = { orders: [], fills: [], seen: new Map(), lines: new Map(), highest: 0, reasons: [] };
  #lastOrder = 0;
  #control = "";

  constructor(dir, seed) {
    this.dir = dir;
    this.data = join(dir, "data");
    this.random = chance(seed);
    this.ledger = new Ledger(join(dir, "ledger.ndjson"), LOT_DECIMALS);
    this.book = new Book();
    this.journal = new Journal(this.data, "engine", (line, seq) => this.book.take(line, seq));
    this.lane = new Journal(this.data, "control", (line) => (this.#control += line));
    this.market = record(dir);
    this.loud = configFile(dir, "loud", { ledger: this.ledger.file, enabled: true });
    this.quiet = configFile(dir, "quiet", { ledger: this.ledger.file, enabled: false });
  }

  async run(kills) {
    await this.#first();
    while (this.kills < kills) {
      await this.#round();
      this.kills++;
      if (this.kills % QUIET_EVERY === 0) {
        await this.#look();
      }
    }
    await this.#look();
    this.#replay();
  }

  done() {
    endAll();
    this.wrong.journal.push(...this.book.wrong.filter((what) => what.startsWith("order")));
    this.wrong.fills.push(...this.book.wrong.filter((what) => what.startsWith("execution")));
    this.wrong.positions.push(...this.book.wrong.filter((what) => what.startsWith("at ")));
  }

  #life(config) {
    return new Life({ dir: this.data, config, market: this.market, speed: SPEED });
  }

  /** Makes the directory, its people, and a token that lasts. */
  async #first() {
    const life = this.#life(this.quiet);
    await life.ready;
    const made = verb("token", "create", "--data", this.data, "--name", "crash", "--role", "risk");
    this.token = made.out.trim();
    const { users } = JSON.parse(readFileSync(join(this.data, "first-login"), "utf8"));
    this.desk = new Desk({
      dir: this.data,
      random: this.random,
      passwords: Object.fromEntries(users.map(({ user, password }) => [user, password])),
    });
    await life.end("SIGTERM");
  }

  async #round() {
    const dice = this.random();
    const phase = dice < 0.1 ? "start" : dice < 0.2 ? "stop" : "run";
    const life = this.#life(this.loud);
    let watchers = null;
    this.phases[phase]++;
    if (phase === "start") {
      await pause(this.random() * 1.2 * (this.readyMs.at(-1) ?? 300));
      life.ending = true;
      await life.end("SIGKILL");
    } else {
      watchers = await this.#trade(life, phase);
    }
    await this.#after(life, watchers, phase);
    this.tamper?.();
  }

  /** Trades, with people and readers, until it is killed. */
  async #trade(life, phase) {
    const watchers = new Watchers();
    await life.ready;
    this.readyMs.push(life.readyMs);
    this.wrong.acknowledged.push(...(await this.desk.inForce(life, this.token)));
    const busy = [
      this.desk.act(life, this.token),
      watchers.stream(life, this.token),
      watchers.status(life, this.token),
      watchers.follow(life, this.data, this.journal.head + 1),
    ];
    await this.ledger.grows();
    life.flowsNs = BigInt(Date.now()) * 1000000n;
    await Promise.race([pause(50 + this.random() * 750), life.exited, Promise.all(busy)]);
    if (life.code !== null) {
      throw new Error(`it ended by itself: ${life.code} ${life.err.slice(-2000)}`);
    }
    life.ending = true;
    if (phase === "stop") {
      life.signal("SIGTERM");
      await pause(this.random() * 300);
    }
    await life.end("SIGKILL");
    await Promise.all(busy);
    return watchers;
  }

  /** Reads what is on disk now, and looks in it for all that was known before this life ended. */
  async #after(life, watchers, phase) {
    const stamps = this.ledger.read();
    const fresh = { orders: this.ledger.orders.splice(0), fills: [...this.ledger.fills.keys()] };
    this.recovered += life.logged(/(\d+) records recovered from memory/g);
    this.cut += life.logged(/a torn tail of (\d+) bytes/g) > 0;
    this.owed += life.logged(/never heard of.*count=(\d+)/g);
    if (phase === "run") {
      this.rates.push(rate(stamps, life.flowsNs));
    }
    await this.journal.read();
    await this.lane.read();
    if (life.readyMs !== null) {
      this.#checkDue();
    }
    for (const exec of this.book.fills.keys()) {
      if (!this.ledger.fills.has(exec)) {
        this.wrong.fills.push(`execution ${exec} is in the journal and not in the ledger`);
      }
    }
    this.#note(fresh, watchers);
  }

  #note({ orders, fills }, watchers) {
    const due = this.#due;
    due.orders.push(...orders);
    due.fills = fills;
    due.reasons.push(...this.desk.reasons.splice(0));
    watchers?.fills.forEach((exec, seq) => due.seen.set(seq, exec));
    watchers?.lines.forEach((line, seq) => due.lines.set(seq, line));
    due.highest = Math.max(due.highest, watchers?.highest ?? 0);
  }

  /** The life that has just ended has recovered what was left by the one before. */
  #checkDue() {
    const due = this.#due;
    for (const id of due.orders.splice(0)) {
      const seq = this.book.orders.get(id) ?? 0;
      if (seq <= this.#lastOrder) {
        this.wrong.orders.push(`${id} is ${seq === 0 ? "not in the journal" : "out of turn"}`);
      }
      this.#lastOrder = Math.max(seq, this.#lastOrder);
    }
    for (const exec of due.fills.splice(0)) {
      if (!this.book.fills.has(exec)) {
        this.wrong.fills.push(`execution ${exec} is in the ledger and not in the journal`);
      }
    }
    for (const [seq, exec] of due.seen) {
      if (!this.book.seen.get(seq)?.includes(`"exec_id":"${exec}",`)) {
        this.wrong.seen.push(`the stream showed execution ${exec} at ${seq}`);
      }
    }
    for (const [seq, line] of due.lines) {
      if (this.book.seen.get(seq) !== line) {
        this.wrong.seen.push(`the journal's follower showed at ${seq} ${line}`);
      }
    }
    if (due.highest > this.journal.head) {
      this.wrong.seen.push(`sequence ${due.highest} was shown, the journal ends at ${this.journal.head}`);
    }
    for (const reason of due.reasons.splice(0)) {
      if (!this.#control.includes(`"${reason}"`)) {
        this.wrong.acknowledged.push(`"${reason}" is not in the control lane`);
      }
    }
    due.seen.clear();
    due.lines.clear();
  }

  /** Nothing trades: positions against the ledger, people resume, and it stops in good order. */
  async #look() {
    const life = this.#life(this.quiet);
    await life.ready;
    this.wrong.acknowledged.push(...(await this.desk.inForce(life, this.token)));
    const caller = life.caller(this.token);
    const wanted = this.ledger.positions();
    let held;
    const same = await until("positions", async () => {
      held = (await caller.get("/positions")).body.items;
      return INSTRUMENTS.every((name) =>
        (held.find(({ instrument }) => instrument === name)?.lots ?? 0) === (wanted[symbolOf(name)] ?? 0));
    }, 2000).catch(() => false);
    if (!same) {
      const said = JSON.stringify(held.map(({ instrument, lots }) => [instrument, lots]));
      this.wrong.positions.push(`after ${this.kills} kills ${said}, by the ledger ${JSON.stringify(wanted)}`);
    }
    await this.desk.resume(life);
    life.ending = true;
    const code = await life.end("SIGTERM");
    if (code !== 0) {
      throw new Error(`SIGTERM: ${code} ${life.err.slice(-2000)}`);
    }
    await this.#after(life, null, "look");
    this.#checkDue();
    this.#verify();
  }

  #say(check, what, { code, out, err }) {
    if (code !== 0) {
      this.wrong[check].push(`after ${this.kills} kills ${what}: ${code} ${out.slice(-500)} ${err.slice(-500)}`);
    }
  }

  #verify() {
    this.#say("journal", "journal verify", long("journal", "verify", "--data", this.data));
    this.#say("audit", "audit verify", long("audit", "verify", "--data", this.data));
    if (this.book.last !== "stop") {
      this.wrong.journal.push(`after a stop the last event is ${this.book.last}`);
    }
  }

  /** Once, at the end: it takes as long as all the runs. */
  #replay() {
    const again = join(this.dir, "again");
    this.#say("replay", "replay", long("replay", "--data", this.data));
    rmSync(again, { recursive: true, force: true });
    mkdirSync(again);
    this.#say("audit", "audit rebuild", long("audit", "rebuild", "--data", this.data, "--out", join(again, "audit.db")));
    ["audit.pub", "anchors.ndjson"].forEach((name) => copyFileSync(join(this.data, name), join(again, name)));
    const [ours, made] = [this.data, again].map((dir) => long("audit", "verify", "--data", dir, "--json"));
    this.#say("audit", "audit verify of the rebuilt", made);
    const parts = [ours, made].map(({ out }) => /"rows":.*?"head_hash":"\w+"/.exec(out)?.[0]);
    if (parts[0] !== parts[1] || !parts[0]) {
      this.wrong.audit.push(`the audit ends ${parts[0]}, made anew it ends ${parts[1]}`);
    }
  }
}

function median(values) {
  return values.length === 0 ? 0 : [...values].sort((a, b) => a - b)[values.length >> 1];
}

export function summary(laps) {
  const sum = (read) => laps.reduce((all, lap) => all + read(lap), 0);
  const rates = laps.flatMap((lap) => lap.rates);
  const told = (kind) => sum((lap) => lap.desk?.told[kind] ?? 0);
  const lost = sum((lap) => Object.values(lap.wrong).reduce((all, wrong) => all + wrong.length, 0));
  return [
    `${sum((lap) => lap.kills)} kills (${["run", "start", "stop"]
      .map((phase) => `${sum((lap) => lap.phases[phase])} in ${phase}`).join(", ")})`,
    `events/s median ${median(rates)}, min ${Math.min(...rates)}, at least 10000 in ${rates.filter((at) => at >= 10000).length} of ${rates.length}`,
    `ready in ${Math.round(median(laps.flatMap((lap) => lap.readyMs)))} ms`,
    `${sum((lap) => lap.recovered)} records recovered from memory`,
    `${sum((lap) => lap.cut)} torn tails cut in the journal, ${sum((lap) => lap.ledger.torn)} in the ledger`,
    `${sum((lap) => lap.book.orders.size)} orders`,
    `${sum((lap) => lap.book.fills.size)} fills (${sum((lap) => lap.owed)} known to the ledger alone)`,
    `${sum((lap) => lap.desk?.acked ?? 0)} acknowledged actions (${["limits", "kill", "resume", "token"]
      .map((kind) => `${told(kind)} ${kind}`).join(", ")})`,
    `lost or wrong: ${lost}`,
  ].join("; ");
}
