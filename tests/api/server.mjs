// Starts the program under test the way a person does, with a data directory and ports of its own, and
// talks to it over HTTP. PITWALL_BIN names the program; without it build/pitwall is taken.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./wait.mjs";
import { Socket } from "./ws.mjs";

export const ROOT = resolve(fileURLToPath(new URL("../..", import.meta.url)));
export const BIN = process.env.PITWALL_BIN ?? join(ROOT, "build/pitwall");
export const DEMO_CONFIG = join(ROOT, "deploy/config/dev.yaml");
const COOKIE = /^((?:__Host-)?pitwall_session=[^;]+)/;
const running = new Set();
const folders = [];

process.on("exit", () => {
  running.forEach((server) => server.process.kill("SIGKILL"));
  folders.forEach((dir) => rmSync(dir, { recursive: true, force: true }));
});

/** A folder that is gone when the test process is. */
export function scratch() {
  folders.push(mkdtempSync(join(tmpdir(), "pitwall-api-")));
  return folders.at(-1);
}

/** Runs a verb to its end: {code, out, err}. */
export function verb(...args) {
  const done = spawnSync(BIN, args, { encoding: "utf8", timeout: 30000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** A config file made from the demo's by replacing text; throws when a text to replace is not there. */
export function configWith(dir, ...replacements) {
  let text = readFileSync(DEMO_CONFIG, "utf8");
  for (const [from, to] of replacements) {
    const changed = text.replace(from, to);
    if (changed === text) {
      throw new Error(`the demo's config has no ${from}`);
    }
    text = changed;
  }
  const file = join(dir, "test.yaml");
  writeFileSync(file, text);
  return file;
}

/** For configWith: one instrument of Bybit in place of the demo's three; `settings` are the venue's others. */
export function bybitInstead(name, settings) {
  return [
    ["  - venue: sim\n", `  - {venue: bybit-linear, gateway: bybit-v5, ${settings}}\n`],
    [/ {2}- \{instrument: "sim:BTCUSDT"/, `  - {instrument: "${name}"`],
    [/ {2}- \{instrument: "sim:ETH[^}]*\}\n/, ""],
    [/ {2}- \{instrument: "sim:SOL[^}]*\}\n/, ""],
    [/ {4}per_instrument:(\n {6}.*)+/, ""],
    ['instruments: ["sim:BTCUSDT", "sim:ETHUSDT"]', "instruments: all"],
    [/"instrument\/sim:BTCUSDT"/g, `"instrument/${name}"`],
    [/ {2}"instrument\/sim:(ETH|SOL)USDT":(\n {4}.*)+\n/g, ""],
  ];
}

/** No strategy trades: what moves, a test has moved. */
export const QUIET = [/enabled: true/g, "enabled: false"];

/** TLS on loopback too, by a certificate of the server's own. */
export const TLS = [/^seed:/m, "tls: { always: true }\nseed:"];

export class Server {
  /**
   * Starts and waits for `ready`; `bin` is another program than the one under test. `tls` is what callers trust and
   * show under https ({ca, cert, key}); by default the certificate that the server has made for itself.
   */
  static async start({
    bin = BIN,
    dir = join(scratch(), "data"),
    config = DEMO_CONFIG,
    demo = true,
    args = [],
    tls = null,
  } = {}) {
    const server = new Server(dir);
    server.process = spawn(bin, [
      ...["run", "--config", config, "--data", dir],
      ...["--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0"],
      ...(demo ? ["--demo"] : []),
      ...args,
    ]);
    running.add(server);
    // A test that fails leaves its server behind; that must not keep this process from ending.
    [server.process, server.process.stdout, server.process.stderr].forEach((handle) => handle.unref());
    server.process.stdout.on("data", (text) => (server.out += text));
    server.process.stderr.on("data", (text) => (server.err += text));
    server.exited = new Promise((done) => {
      server.process.on("exit", (code, signal) => {
        running.delete(server);
        server.code = signal ?? code;
        done(server.code);
      });
    });
    await until(
      "ready",
      () => {
        if (server.code !== null) {
          throw new Error(`exit ${server.code} instead of ready: ${server.err}`);
        }
        return /^ready (\S+)$/m.test(server.out);
      },
      Server.readyMs,
    ).catch((error) => {
      throw new Error(`${error.message}; it says: ${server.out}${server.err}`);
    });
    server.url = /^ready (\S+)$/m.exec(server.out)[1];
    server.run = JSON.parse(readFileSync(join(dir, "run.json"), "utf8"));
    server.killUrl = server.run.kill_url;
    server.tls = tls ?? (server.url.startsWith("https:") ? { ca: readFileSync(join(dir, "tls/cert.pem")) } : {});
    return server;
  }

  static readyMs = 60000; // a busy host may take many seconds to give the memory of five passwords
  out = "";
  err = "";
  code = null;
  tls = {};

  constructor(dir) {
    this.dir = dir;
  }

  passwords() {
    const { users } = JSON.parse(readFileSync(join(this.dir, "first-login"), "utf8"));
    return Object.fromEntries(users.map(({ user, password }) => [user, password]));
  }

  async stop(signal = "SIGTERM") {
    if (this.code === null) {
      this.process.ref();
      this.process.kill(signal);
    }
    return this.exited;
  }

  anonymous() {
    return new Caller(this.url, this.tls);
  }

  /** A person: logs in and keeps cookie and CSRF value. */
  async person(user, password = this.passwords()[user]) {
    const caller = new Caller(this.url, this.tls);
    caller.user = user;
    await caller.logIn(password);
    return caller;
  }

  /** A program: makes a token by the verb and sends it. */
  program(name, how, url = this.url) {
    const made = verb("token", "create", "--data", this.dir, "--name", name, ...how);
    if (made.code !== 0) {
      throw new Error(`token create: ${made.code} ${made.err}`);
    }
    const caller = new Caller(url, this.tls);
    caller.token = made.out.trim();
    return caller;
  }
}

export class Caller {
  static patienceMs = 15000;
  #agent;
  #tls;
  csrf = null;
  cookie = null;
  token = null;

  constructor(url, tls = {}) {
    this.url = url;
    this.#tls = tls;
    this.#agent = new this.#http.Agent({ keepAlive: true, ...tls });
  }

  get #http() {
    return this.url.startsWith("https:") ? https : http;
  }

  /** The same person or program, asking another listener. */
  at(url) {
    return Object.assign(new Caller(url, this.#tls), { csrf: this.csrf, cookie: this.cookie, token: this.token });
  }

  #headers(method, body, more) {
    const headers = {};
    if (this.cookie) {
      headers.Cookie = this.cookie;
      if (this.csrf && !["GET", "HEAD"].includes(method)) {
        headers["X-CSRF-Token"] = this.csrf;
      }
    }
    if (this.token) {
      headers.Authorization = `Bearer ${this.token}`;
    }
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      headers["Content-Length"] = Buffer.byteLength(body);
    }
    Object.entries(more).forEach(([name, value]) => {
      if (value === null) {
        delete headers[name];
      } else {
        headers[name] = value;
      }
    });
    return headers;
  }

  /** `body` is sent as JSON, a string as it is. Answers {status, headers, text, body}. */
  call(method, path, body, headers = {}) {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const url = new URL(this.url);
    return new Promise((done, fail) => {
      const sent = this.#http.request(
        {
          agent: this.#agent,
          host: url.hostname,
          port: url.port,
          method,
          path: path.startsWith("/api/") || !path.startsWith("/v1/") ? path : `/api${path}`,
          headers: this.#headers(method, text, headers),
          timeout: Caller.patienceMs,
        },
        (response) => {
          const chunks = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("end", () => done(answer(response, Buffer.concat(chunks).toString())));
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer`)));
      sent.on("error", fail);
      sent.end(text);
    });
  }

  get(path, headers) {
    return this.call("GET", `/v1${path}`, undefined, headers);
  }

  post(path, body, headers) {
    return this.call("POST", `/v1${path}`, body, headers);
  }

  put(path, body, version, headers = {}) {
    const match = version === undefined ? {} : { "If-Match": `"${version}"` };
    return this.call("PUT", `/v1${path}`, body, { ...match, ...headers });
  }

  patch(path, body, headers) {
    return this.call("PATCH", `/v1${path}`, body, headers);
  }

  delete(path, headers) {
    return this.call("DELETE", `/v1${path}`, undefined, headers);
  }

  /** Takes the session that a log-in has answered. */
  keep({ headers, body }) {
    this.cookie = COOKIE.exec(headers["set-cookie"]?.[0] ?? "")?.[1] ?? this.cookie;
    this.csrf = body.csrf;
  }

  async logIn(password) {
    const reply = await this.post("/session", { user: this.user, password });
    if (reply.status !== 200) {
      throw new Error(`log-in of ${this.user}: ${reply.status} ${reply.text}`);
    }
    this.keep(reply);
    return reply;
  }

  async stream() {
    const { body } = await this.post("/stream/ticket");
    return Socket.open(`${this.url}/api/v1/stream?ticket=${body.ticket}`, { tls: this.#tls });
  }
}

function answer(response, text) {
  let body = null;
  const plain = response.headers["content-encoding"] === undefined;
  if (plain && /[/+]json/.test(response.headers["content-type"] ?? "") && text) {
    body = JSON.parse(text);
  }
  return { status: response.statusCode, headers: response.headers, text, body };
}
