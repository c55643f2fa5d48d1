// Kill, whatever happens: each way to kill, while the server is under attack or in trouble. A way that
// the trouble itself takes away (the main listener when all its places are held) is not asked.
//
// Judged by the clock of the caller for REST and the socket; for the signal by the journal's own time of
// the state. The bounds are those of the product: 50 ms in trouble, p99 10 ms without. Not a part of
// `make test`, because a busy machine breaks such bounds by itself: `make attack`.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join, resolve } from "node:path";
import test, { after } from "node:test";
import { BIN, ROOT, scratch, Server } from "../api/server.mjs";
import { pause, until } from "../api/wait.mjs";

const TROUBLE = process.env.TROUBLE ?? join(dirname(resolve(BIN)), "debug/tests/attack/trouble");
const UNDER_ATTACK_MS = 50;
const IN_PEACE_MS = 10;
const ROUNDS_IN_PEACE = 100;
const STOPPED_AT_WORK = 10;

const nowMs = () => performance.timeOrigin + performance.now();

/** A process that makes trouble until it is ended; waits until the trouble stands. */
async function begin(program, args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  await until(`${program} ${args.join(" ")}`, () => {
    assert.equal(child.exitCode, null, err);
    return out.includes("ready");
  }, 120000);
  return async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.stdin.end();
    await ended;
  };
}

/** `paths` and `token` are for what asks by right. */
const attacker = (kind, count, url, paths = [], token = "") =>
  begin(process.execPath, [join(ROOT, "tests/attack/attacker.mjs"), kind, String(count), url, paths.join(" "), token]);

/** One request on a connection of its own; ms until the answer is whole. */
function timed(where, path, token, body) {
  const text = JSON.stringify(body);
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
  if (token) {
    headers.Authorization = `Bearer ${token}`;
  }
  return new Promise((done, fail) => {
    const began = nowMs();
    const sent = request({ ...where, method: "POST", path, headers, agent: false, timeout: 5000 }, (answer) => {
      let said = "";
      answer.on("data", (chunk) => (said += chunk));
      answer.on("end", () => done({ ms: nowMs() - began, began, status: answer.statusCode, text: said }));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 5 s")));
    sent.on("error", fail);
    sent.end(text);
  });
}

const place = (url) => ({ host: new URL(url).hostname, port: new URL(url).port });

class Desk {
  static async start(dir = join(scratch(), "data")) {
    const desk = new Desk();
    desk.server = await Server.start({ dir });
    desk.token = desk.server.program("button", ["--role", "trader"]).token;
    desk.risk1 = await desk.server.person("risk1");
    desk.risk2 = await desk.server.person("risk2");
    return desk;
  }

  /** Each way of asking: ms until it was answered that nothing new can leave. */
  ways = {
    main: (scope) => this.rest(place(this.server.url), scope),
    reserved: (scope) => this.rest(place(this.server.killUrl), scope),
    socket: (scope) => this.rest({ socketPath: join(this.server.dir, "control.sock") }, scope, null),
    signal: (scope) => this.signal(scope),
  };

  async rest(where, scope, token = this.token) {
    const { ms, status, text } = await timed(where, "/api/v1/kill", token, { scope, reason: "trouble" });
    assert.equal(status, 200, text);
    const receipt = JSON.parse(text);
    assert.equal(receipt.engine, "blocked", text);
    return ms;
  }

  /** A signal kills the firm and nobody is answered. */
  async signal() {
    this.signalled = nowMs();
    process.kill(this.server.process.pid, "SIGUSR1");
  }

  /** Of that: the engine's own time of the state, which can be asked when the trouble is over. */
  async sinceSignal() {
    const firm = await until("the firm to be halted", async () => {
      const row = await this.state("firm");
      return row.state === "HALTED" && row.since_ns && row; // since_ns follows a moment later
    }, 5000);
    return Number(BigInt(firm.since_ns) / 1000n) / 1000 - this.signalled;
  }

  /** By the Unix socket: it is there when the others are not. */
  async state(scope) {
    const socketPath = join(this.server.dir, "control.sock");
    const text = await new Promise((done, fail) => {
      request({ socketPath, path: "/api/v1/trading-state", agent: false }, (answer) => {
        let said = "";
        answer.on("data", (chunk) => (said += chunk));
        answer.on("end", () => done(said));
      }).on("error", fail).end();
    });
    return JSON.parse(text).items.find((row) => row.scope === scope);
  }

  async resume(scope) {
    const row = await this.state(scope);
    if (row.state === "ACTIVE") {
      return;
    }
    const asked = await this.risk1.post("/resume", { scope, incident: row.incident, reason: "again" });
    assert.equal(asked.status, 202, asked.text);
    const done = await this.risk2.post(`/approvals/${asked.body.id}/approve`, {});
    assert.equal(done.status, 200, done.text);
  }

  /** Kills a scope of its own by each way, and the firm by signal last, because it covers the others. */
  async killEach(ways) {
    const scopes = ["strategy/maker", "strategy/momentum", "venue/sim"];
    this.killed = [];
    const took = {};
    for (const way of ways) {
      const scope = way === "signal" ? "firm" : scopes.shift();
      took[way] = await this.ways[way](scope);
      this.killed.push(scope);
    }
    return took;
  }

  /** The operating system's number of a thread of the server, by its name. */
  thread(name) {
    const tasks = `/proc/${this.server.process.pid}/task`;
    return readdirSync(tasks).find((tid) => readFileSync(join(tasks, tid, "comm"), "utf8").trim() === name);
  }

  stop() {
    return this.server.stop();
  }
}

/** In the trouble that `make` brings; it answers what ends it. */
function inTrouble(what, ways, make, options = {}) {
  test(what, { timeout: 300000, skip: options.skip }, async (context) => {
    const desk = await Desk.start(options.dir?.());
    let end = null;
    try {
      end = await make(desk);
      const took = await desk.killEach(ways);
      await pause(200); // the signal is taken while the trouble lasts
      await end();
      end = null;
      took.signal = await desk.sinceSignal();
      for (const scope of desk.killed) {
        assert.equal((await desk.state(scope)).state, "HALTED");
      }
      const shown = Object.entries(took).map(([way, ms]) => `${way} ${ms.toFixed(2)}`);
      context.diagnostic(`${what}: ${shown.join(", ")} ms`);
      for (const [way, ms] of Object.entries(took)) {
        assert.ok(ms <= UNDER_ATTACK_MS, `${way}: ${ms} ms`);
      }
    } finally {
      await end?.();
      await desk.stop();
    }
  });
}

const ALL = ["main", "reserved", "socket", "signal"];

test("in peace each way kills within 10 ms at p99", { timeout: 300000 }, async (context) => {
  const desk = await Desk.start();
  try {
    for (const way of ALL) {
      const took = [];
      for (let round = 0; round < ROUNDS_IN_PEACE; round++) {
        const scope = way === "signal" ? "firm" : "strategy/maker";
        took.push((await desk.ways[way](scope)) ?? (await desk.sinceSignal()));
        await desk.resume(scope);
      }
      took.sort((a, b) => a - b);
      const p99 = took[Math.ceil(took.length * 0.99) - 1];
      context.diagnostic(`${way}: p50 ${took[took.length >> 1].toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
      assert.ok(p99 <= IN_PEACE_MS, `${way}: p99 ${p99} ms`);
    }
  } finally {
    await desk.stop();
  }
});

inTrouble("300 connections with headers that never end", ALL, ({ server }) => attacker("slow", 300, server.url));
inTrouble("10,000 idle connections", ["reserved", "socket", "signal"], ({ server }) => attacker("idle", 10000, server.url));
inTrouble("a flood of log-ins", ALL, ({ server }) => attacker("logins", 100, server.url));
inTrouble("idle connections on the kill listener itself", ["main", "socket", "signal"], ({ server }) =>
  attacker("idle", 2000, server.killUrl));

inTrouble("databases locked by somebody else", ALL, async ({ server }) => {
  const files = ["audit.db", "access.db", "control.db"].map((name) => join(server.dir, name)).filter(existsSync);
  const ends = [];
  for (const file of files) {
    ends.push(await begin(TROUBLE, ["lock", file]));
  }
  return () => Promise.all(ends.map((end) => end()));
});

inTrouble("slow work: verifications, exports, searches, password hashes", ALL, async ({ server, token }) => {
  const reader = server.program("reader", ["--scope", "audit-read"]).token;
  const ends = [
    await attacker("work", 16, server.url, ["/api/v1/audit/verify", "/api/v1/audit/export?format=csv", "/api/v1/audit?q=order"], reader),
    await attacker("logins", 20, server.url),
    await attacker("work", 8, server.url, ["/api/v1/positions", "/api/v1/orders"], token),
  ];
  return () => Promise.all(ends.map((end) => end()));
});

inTrouble("the main listener's thread stopped", ["reserved", "socket", "signal"], (desk) =>
  begin(TROUBLE, ["hold", desk.thread("http")]));

// It may be stopped anywhere, also where it holds a lock that others want: hence often, and at work.
for (let round = 1; round <= STOPPED_AT_WORK; round++) {
  inTrouble(`the main listener's thread stopped at work, ${round}`, ["reserved", "socket", "signal"], async (desk) => {
    const paths = ["/api/v1/positions", "/api/v1/orders", "/api/v1/status", "/api/v1/latest"];
    const work = await attacker("work", 16, desk.server.url, paths, desk.token);
    const hold = await begin(TROUBLE, ["hold", desk.thread("http")]);
    return async () => {
      await hold();
      await work();
    };
  });
}

const SMALL = join(scratch(), "small");
const mounted = (() => {
  mkdirSync(SMALL, { recursive: true });
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=200m", "pitwall-attack", SMALL]).status === 0;
})();
after(() => mounted && spawnSync("umount", ["-l", SMALL]));

inTrouble(
  "a full disk",
  ALL,
  async ({ server }) => {
    const file = join(SMALL, "filler");
    for (let size = 1 << 20, written = 0; size >= 4096; ) {
      try {
        writeFileSync(file, Buffer.alloc(size), { flag: "a" });
        written += size;
      } catch (error) {
        assert.equal(error.code, "ENOSPC");
        size >>= 1;
      }
      assert.ok(written < 1 << 30);
    }
    await pause(1500);
    assert.equal((await (await server.person("viewer")).get("/status")).body.storage, "suspect");
    return () => {};
  },
  { dir: () => join(SMALL, "data"), skip: mounted ? false : "a small file system of its own takes root" },
);
