// One life of the program: from its start to the signal that ends it.

import { spawn } from "node:child_process";
import { BIN, Caller } from "../api/server.mjs";

const READY_MS = 60000;
const living = new Set();

/** Whoever waits for the end of a life that goes on goes on too. */
export function endAll() {
  for (const life of living) {
    life.ending = true;
    life.process.kill("SIGKILL");
  }
}

process.on("exit", endAll);

export class Life {
  out = "";
  err = "";
  code = null;
  readyMs = null;

  constructor({ dir, config, market, speed }) {
    this.begunNs = BigInt(Date.now()) * 1000000n;
    const begun = performance.now();
    this.process = spawn(BIN, ["run", "--demo", "--config", config, "--data", dir, "--listen", "127.0.0.1:0",
      "--kill-listen", "127.0.0.1:0", "--recording", market, "--speed", speed]);
    living.add(this);
    this.ready = new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`not ready in ${READY_MS} ms: ${this.err}`)), READY_MS);
      this.process.stdout.on("data", (text) => {
        this.out += text;
        this.url ??= /^ready (\S+)$/m.exec(this.out)?.[1];
        if (this.url && this.readyMs === null) {
          this.readyMs = performance.now() - begun;
          clearTimeout(late);
          done(this.url);
        }
      });
      this.process.on("exit", (code) => {
        clearTimeout(late);
        fail(new Error(`exit ${code} instead of ready: ${this.err.slice(-2000)}`));
      });
    });
    this.ready.catch(() => {}); // who waits for it is told
    this.process.stderr.on("data", (text) => (this.err += text));
    this.exited = new Promise((done) => {
      this.process.on("close", (code, signal) => {
        living.delete(this);
        this.code = signal ?? code;
        done(this.code);
      });
    });
  }

  signal(name) {
    this.process.kill(name);
  }

  async end(name) {
    this.signal(name);
    return this.exited;
  }

  caller(token) {
    return Object.assign(new Caller(this.url), { token });
  }

  async person(user, password) {
    const caller = Object.assign(new Caller(this.url), { user });
    await caller.logIn(password);
    return caller;
  }

  /** Numbers in a line of its log. */
  logged(pattern) {
    return [...this.err.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
  }
}
