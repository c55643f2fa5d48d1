// What is on disk: the venue's ledger, and the journal as `pitwall journal dump` prints it. Read once, from
// where the last reading ended.

import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { BIN } from "../api/server.mjs";
import { until } from "../api/wait.mjs";

const FLOW_BYTES = 64 << 10;
const SECOND_NS = 1000000000n;

// What goes into the engine stands beside what it says, and goes on for a moment after its last word.
const INPUTS = new Set("part names start carry market execution command timer overran kill seen".split(" "));

function text(line, name) {
  return new RegExp(`"${name}":"?([^",}]+)`).exec(line)?.[1] ?? null;
}

/** A fill's signed size. */
function signed(side, amount) {
  return side === "buy" ? amount : -amount;
}

export class Ledger {
  lines = 0;
  torn = 0;
  orders = []; // ids in the order of the file
  sent = new Map(); // id -> how often a new order of that id came
  fills = new Map(); // exec id -> {symbol, lots}
  unread = 0; // bytes of a line that is not whole
  #at = 0;

  constructor(file, lots) {
    this.file = file;
    this.lots = lots; // symbol -> decimals of a lot
  }

  /** Until orders flow: some hundred lines more than were read. */
  grows() {
    return until("orders in the ledger", () => existsSync(this.file) && statSync(this.file).size > this.#at + FLOW_BYTES);
  }

  /** All since the last time; answers the stamps of these lines. */
  read() {
    const stamps = [];
    if (!existsSync(this.file)) {
      return stamps;
    }
    const fd = openSync(this.file, "r");
    const left = fstatSync(fd).size - this.#at;
    if (left < 0) {
      throw new Error(`the ledger has lost ${-left} bytes`);
    }
    const bytes = Buffer.alloc(left);
    readSync(fd, bytes, 0, left, this.#at);
    closeSync(fd);
    const whole = bytes.lastIndexOf(10) + 1;
    this.unread = left - whole;
    this.torn += this.unread > 0;
    this.#at += whole;
    for (const line of bytes.toString("latin1", 0, whole).split("\n")) {
      if (line) {
        stamps.push(this.#take(line));
      }
    }
    return stamps;
  }

  #take(line) {
    this.lines++;
    if (line.includes('"kind":"new"')) {
      const id = text(line, "order_link_id");
      this.orders.push(id);
      this.sent.set(id, (this.sent.get(id) ?? 0) + 1);
    } else if (line.includes('"kind":"fill"')) {
      const symbol = text(line, "symbol");
      const lots = Math.round(Number(text(line, "qty")) * 10 ** this.lots[symbol]);
      this.fills.set(text(line, "exec_id"), { symbol, lots: signed(text(line, "side"), lots) });
    } else if (!line.startsWith('{"seq":') || !line.endsWith("}")) {
      throw new Error(`no line of a ledger: ${line}`);
    }
    return BigInt(text(line, "at_ns"));
  }

  /** symbol -> lots, of all that was ever filled. */
  positions() {
    const sums = {};
    for (const { symbol, lots } of this.fills.values()) {
      sums[symbol] = (sums[symbol] ?? 0) + lots;
    }
    return sums;
  }
}

/** Lines a second over the last second before the newest, or over what there is of it. */
export function rate(stamps, sinceNs) {
  const last = stamps.at(-1);
  const counted = stamps.filter((at) => at >= sinceNs && at > last - SECOND_NS);
  const spanNs = counted.length > 1 ? Number(last - counted[0]) : 0;
  return spanNs > 0 ? Math.round(((counted.length - 1) * 1e9) / spanNs) : 0;
}

/** One lane of the journal. `take(line, seq)` for each record; checks that no sequence is missing or twice. */
export class Journal {
  head = 0;

  constructor(dir, lane, take) {
    Object.assign(this, { dir, lane, take });
  }

  async read() {
    const dump = spawn(BIN, ["journal", "dump", "--data", this.dir, "--lane", this.lane, "--from",
      String(this.head + 1), "--json"]);
    let err = "";
    dump.stderr.on("data", (said) => (err += said));
    const exited = new Promise((done) => dump.on("close", done));
    for await (const line of createInterface({ input: dump.stdout })) {
      const seq = Number(text(line, "seq"));
      if (seq !== this.head + 1) {
        throw new Error(`${this.lane} lane: ${seq} follows ${this.head}`);
      }
      this.head = seq;
      this.take(line, seq);
    }
    const code = await exited;
    if (code !== 0) {
      throw new Error(`journal dump --lane ${this.lane}: ${code} ${err}`);
    }
  }
}

/** What the engine's lane comes to, by nobody's code but this. */
export class Book {
  orders = new Map(); // id -> seq of its record
  fills = new Map(); // exec id -> instrument
  lots = new Map(); // instrument number -> lots
  seen = new Map(); // seq -> line, of fills
  wrong = [];
  kinds = new Map();
  last = ""; // kind of the newest event

  take(line, seq) {
    const kind = /"kind":"([^"]+)"/.exec(line)[1];
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    this.last = INPUTS.has(kind) ? this.last : kind;
    if (kind === "order_sent") {
      this.#order(text(line, "order_id"), seq);
    } else if (kind === "fill") {
      this.#fill(line, seq);
    } else if (kind === "position" && line.includes('"strategy":null')) {
      this.#position(line, seq);
    }
  }

  #order(id, seq) {
    if (this.orders.has(id)) {
      this.wrong.push(`order ${id} is sent twice, at ${this.orders.get(id)} and ${seq}`);
    }
    this.orders.set(id, seq);
  }

  #fill(line, seq) {
    const exec = text(line, "exec_id");
    const instrument = Number(text(line, "instrument"));
    if (this.fills.has(exec)) {
      this.wrong.push(`execution ${exec} counts twice, the second time at ${seq}`);
    }
    this.fills.set(exec, instrument);
    this.seen.set(seq, line);
    const lots = signed(text(line, "side"), Number(text(line, "qty_lots")));
    this.lots.set(instrument, (this.lots.get(instrument) ?? 0) + lots);
  }

  #position(line, seq) {
    const instrument = Number(text(line, "instrument"));
    const lots = Number(text(line, "lots"));
    const sum = this.lots.get(instrument) ?? 0;
    if (lots !== sum) {
      this.wrong.push(`at ${seq} the position of ${instrument} is ${lots}, its fills come to ${sum}`);
    }
  }
}
