// The running program, its anchor and its loads, for benches: starts them, gives tokens, and reads what
// CPU time their threads have taken.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const READY_MS = 120_000;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A first line of a child's output; rejects when it ends before. */
function firstLine(child, what) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`${what} ended with ${code} before it was ready`)));
  });
}

function gone(child) {
  return child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once("exit", resolve));
}

/** Nanoseconds of CPU that the threads of that name (all without one) have taken so far. */
export function cpuNs(pid, name) {
  let sum = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const of = `/proc/${pid}/task/${tid}`;
    if (name && readFileSync(`${of}/comm`, "utf8").trim() !== name) continue;
    sum += Number(readFileSync(`${of}/schedstat`, "utf8").split(" ")[0]);
  }
  return sum;
}

export class Program {
  /** The demo; `edits` are [pattern, text] on its configuration, of which each must be found. */
  static async start(bin, edits = []) {
    const program = new Program();
    program.bin = bin;
    program.dir = mkdtempSync(join(tmpdir(), "pitwall-bench-"));
    program.data = join(program.dir, "data");
    let text = readFileSync(join(root, "deploy/config/dev.yaml"), "utf8");
    for (const [pattern, to] of edits) {
      if (!pattern.test(text)) throw new Error(`dev.yaml has no ${pattern}`);
      text = text.replace(pattern, to);
    }
    writeFileSync(join(program.dir, "bench.yaml"), text);
    program.child = spawn(bin, ["run", "--demo", "--config", join(program.dir, "bench.yaml"), "--data", program.data,
      "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
    program.child.stderr.on("data", (chunk) => (program.log = (program.log + chunk).slice(-20_000)));
    const end = Date.now() + READY_MS;
    while (!existsSync(join(program.data, "run.json"))) {
      if (program.child.exitCode !== null || Date.now() > end) throw new Error(`the program is not ready: ${program.log}`);
      await sleep(20);
    }
    program.child.stdout.resume();
    const { url, kill_url: killUrl } = JSON.parse(readFileSync(join(program.data, "run.json"), "utf8"));
    Object.assign(program, { url, killUrl, pid: program.child.pid });
    try {
      program.viewer = program.token("bench-viewer", "--role", "viewer");
      program.engineCore = await program.findEngineCore();
    } catch (error) {
      await program.stop(); // else the bench would wait for its end
      throw error;
    }
    program.apiCore = program.engineCore === 0 ? 1 : 0;
    return program;
  }

  log = "";

  token(name, ...how) {
    return execFileSync(this.bin, ["token", "create", "--data", this.data, "--name", name, ...how], { encoding: "utf8" }).trim();
  }

  async findEngineCore() {
    const { threads } = JSON.parse((await this.get("/api/v1/status")).text);
    return threads.find(({ name }) => name === "engine").core;
  }

  get(path, token = this.viewer, url = this.url) {
    return new Promise((resolve, reject) => {
      request(url + path, { headers: { Authorization: `Bearer ${token}` } }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() }));
      }).on("error", reject).end();
    });
  }

  get port() {
    return new URL(this.url).port;
  }

  async stop() {
    if (this.child?.exitCode === null) {
      this.child.kill("SIGTERM");
      const late = setTimeout(() => this.child.kill("SIGKILL"), 8000);
      await gone(this.child);
      clearTimeout(late);
    }
    if (this.dir) rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The bare handler with a body of so many bytes. */
export async function startBare(benches, core, bytes) {
  const child = spawn(benches, ["http-bare", String(core), String(bytes)], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await firstLine(child, "the bare handler");
  return { port, pid: child.pid, stop: async () => { child.stdin.end(); await gone(child); } };
}

/** The request as it goes over the line; `kind` tells a reader's from a writer's. */
export function requestText(path, token, { method = "GET" } = {}) {
  const length = method === "POST" ? "Content-Length: 0\r\n" : "";
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nAccept: */*\r\n${length}\r\n`;
}

/** Starts a load; `done` is what it measured. */
export function startLoad(benches, { port, core, connections, depth = 1, ms, text }) {
  const child = spawn(benches, ["http-load", port, core, connections, depth, ms].map(String), { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(text);
  const done = new Promise((resolve, reject) => child.once("close", (code, signal) => {
    if (code !== 0) return reject(new Error(`http-load ended with ${signal ?? code}: ${err}`));
    const measured = JSON.parse(out);
    return measured.refused > 0 ? reject(new Error(`${measured.refused} of ${measured.answers} were refused`)) : resolve(measured);
  }));
  return { child, done };
}

/** One load against one process: {rate, cpuNs per answer}. */
export async function measureLoad(benches, { pid, thread, ...load }) {
  const before = cpuNs(pid, thread);
  const { answers, ns } = await startLoad(benches, load).done;
  return { rate: (answers / ns) * 1e9, cpuNs: (cpuNs(pid, thread) - before) / answers };
}

/** Streams, of which half do not read; ready when all are open. */
export async function startStreams(benches, { port, core, clients, token }) {
  const child = spawn(benches, ["ws-load", port, core, clients, 0].map(String), { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  child.stdin.write(requestText("/api/v1/stream/ticket", token, { method: "POST" }));
  await firstLine(child, "ws-load");
  return { stop: async () => { child.stdin.end(); await gone(child); } };
}
