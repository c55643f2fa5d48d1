// Starts the venue simulator as a person does and talks to it as a bot does: signed requests by HTTP,
// WebSockets. PITWALL_BIN names the program; without it build/pitwall is taken.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { Agent, request } from "node:http";
import { request as requestTls } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const { WebSocket } = createRequire(import.meta.url)("ws");
export const ROOT = resolve(fileURLToPath(new URL("../..", import.meta.url)));
export const BIN = process.env.PITWALL_BIN ?? join(ROOT, "build/pitwall");
const READY_MS = 20000;
const WAIT_MS = 5000;
const ANSWER_MS = 10000; // a fault script may lose an answer: no test waits for it for ever
const running = new Set();
const folders = [];

process.on("exit", () => {
  running.forEach((venue) => venue.process.kill("SIGKILL"));
  folders.forEach((dir) => rmSync(dir, { recursive: true, force: true }));
});

/** A folder that is gone when the test process is. */
export function scratch() {
  folders.push(mkdtempSync(join(tmpdir(), "pitwall-venue-")));
  return folders.at(-1);
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until `check()` gives something; throws with `what`, or what it gives, when it takes too long. */
export async function until(what, check, ms = WAIT_MS, every_ms = 5) {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${ms} ms for ${typeof what === "function" ? what() : what}`);
    }
    await sleep(every_ms);
  }
}

const hmac = (secret, text) => createHmac("sha256", secret).update(text).digest("hex");

export class Venue {
  /** Starts and waits for `ready`. */
  static start(...args) {
    return new this(...args).start();
  }

  constructor(...args) {
    this.args = args;
    this.listen = "127.0.0.1:0";
    this.ledgerFile = join(scratch(), "ledger");
  }

  /** Also again, behind stop(): on the same port, with the same ledger. */
  async start() {
    Object.assign(this, { out: "", err: "", code: null });
    const child = spawn(BIN, [
      ...["venue", "--protocol", "bybit-v5", "--listen", this.listen, "--ledger", this.ledgerFile],
      ...this.args,
    ]);
    this.process = child;
    running.add(this);
    [child, child.stdout, child.stderr].forEach((handle) => handle.unref());
    child.stdout.on("data", (text) => (this.out += text));
    child.stderr.on("data", (text) => (this.err += text));
    this.exited = new Promise((done) => {
      child.on("exit", (code, signal) => {
        running.delete(this);
        this.code = signal ?? code;
        done(this.code);
      });
    });
    await until(
      "ready",
      () => {
        if (this.code !== null) {
          throw new Error(`exit ${this.code} instead of ready: ${this.err}`);
        }
        return /^ready (\S+)\n/m.test(this.out);
      },
      READY_MS,
    );
    this.url = /^ready (\S+)$/m.exec(this.out)[1];
    this.listen = this.url.replace(/^\w+:\/\//, "");
    this.ca = /^ca (\S+)$/m.exec(this.out)?.[1];
    await sleep(20); // the keys are printed behind it
    this.keys = [...this.out.matchAll(/^account (\d+) key (\S+) secret (\S+)$/gm)].map(([, uid, key, secret]) => ({
      uid,
      key,
      secret,
    }));
    return this;
  }

  async stop(signal = "SIGTERM") {
    if (this.code === null) {
      this.process.ref();
      this.process.kill(signal);
    }
    return this.exited;
  }

  /** The ledger's lines; one that is being written is not there yet. */
  ledger() {
    const text = readFileSync(this.ledgerFile, "utf8");
    return text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  bot(at = 0) {
    return new Bot(this, this.keys[at]);
  }

  fault(line) {
    return new Bot(this, null).call("POST", "/sim/fault", line);
  }

  socket(path) {
    return Socket.open(this, path);
  }
}

export class Bot {
  agent = new Agent({ keepAlive: true });

  constructor(venue, key, answer_ms = ANSWER_MS) {
    this.venue = venue;
    this.key = key;
    this.answer_ms = answer_ms;
  }

  /** One request as it is: {status, headers, text, body}; fails when no answer comes in time. */
  send(method, path, { headers = {}, body } = {}) {
    const tls = this.venue.url.startsWith("https");
    const options = { method, headers: { "Content-Type": "application/json", ...headers } };
    if (tls) {
      options.ca = this.venue.ca && readFileSync(this.venue.ca);
    } else {
      options.agent = this.agent;
    }
    return new Promise((done, failed) => {
      const out = (tls ? requestTls : request)(this.venue.url + path, options, (answer) => {
        let text = "";
        answer.on("data", (part) => (text += part));
        answer.on("error", failed);
        answer.on("end", () => {
          let parsed = null;
          try {
            parsed = JSON.parse(text);
          } catch {
            // a test that wants JSON sees null
          }
          done({ status: answer.statusCode, headers: answer.headers, text, body: parsed });
        });
      });
      out.on("error", failed);
      out.setTimeout(this.answer_ms, () => out.destroy(new Error(`no answer to ${method} ${path}`)));
      out.end(body);
    });
  }

  async call(method, path, args) {
    const body = method === "POST" ? JSON.stringify(args ?? {}) : undefined;
    return (await this.send(method, path, { body })).body;
  }

  signed(payload, { timestamp = Date.now(), window = 5000, key = this.key } = {}) {
    return {
      "X-BAPI-API-KEY": key.key,
      "X-BAPI-TIMESTAMP": String(timestamp),
      "X-BAPI-RECV-WINDOW": String(window),
      "X-BAPI-SIGN": hmac(key.secret, `${timestamp}${key.key}${window}${payload}`),
    };
  }

  get(path, query = "", options) {
    return this.send("GET", query ? `${path}?${query}` : path, { headers: this.signed(query, options) });
  }

  post(path, args, options) {
    const body = typeof args === "string" ? args : JSON.stringify(args);
    return this.send("POST", path, { headers: this.signed(body, options), body });
  }

  async create(order) {
    return (
      await this.post("/v5/order/create", {
        category: "linear",
        symbol: "BTCUSDT",
        side: "Buy",
        orderType: "Limit",
        qty: "0.001",
        ...order,
      })
    ).body;
  }

  /** A private or trade socket that is logged in. */
  async login(path = "/v5/private") {
    const socket = await this.venue.socket(path);
    const expires = Date.now() + 10000;
    socket.send({ op: "auth", args: [this.key.key, expires, hmac(this.key.secret, `GET/realtime${expires}`)] });
    await socket.next((frame) => frame.op === "auth");
    return socket;
  }

  async listen(...topics) {
    const socket = await this.login();
    socket.send({ op: "subscribe", args: topics, req_id: "topics" });
    await socket.next((frame) => frame.op === "subscribe");
    return socket;
  }
}

export class Socket {
  static open(venue, path) {
    const socket = new Socket();
    const options = { ca: venue.ca && readFileSync(venue.ca), perMessageDeflate: false };
    socket.ws = new WebSocket(venue.url.replace("http", "ws") + path, options);
    socket.ws.on("message", (data) => {
      socket.texts.push(String(data));
      try {
        socket.frames.push(JSON.parse(String(data)));
      } catch {
        socket.frames.push({ notJson: String(data) });
      }
    });
    socket.ws.on("pong", () => socket.pongs++);
    socket.ws.on("close", (code) => (socket.closed = code));
    return new Promise((done, failed) => {
      socket.ws.on("open", () => done(socket));
      socket.ws.on("error", failed);
    });
  }

  texts = [];
  frames = [];
  pongs = 0;
  closed = null;
  read = 0;

  send(frame) {
    this.ws.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next frame that fits, of those not yet returned or passed over. */
  next(fits = () => true, ms = WAIT_MS) {
    return until(
      `a frame like ${fits}`,
      () => {
        while (this.read < this.frames.length) {
          const frame = this.frames[this.read++];
          if (fits(frame)) {
            return frame;
          }
        }
        return null;
      },
      ms,
    );
  }

  topic(name, fits = () => true, ms = WAIT_MS) {
    return this.next((frame) => frame.topic === name && fits(frame), ms);
  }

  async subscribe(...args) {
    this.send({ op: "subscribe", args, req_id: "s" });
    return this.next((frame) => frame.op === "subscribe");
  }

  close() {
    this.ws.terminate();
  }
}
