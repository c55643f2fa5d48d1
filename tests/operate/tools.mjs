// Prometheus and its tools, as Debian has them: run to their end, or on ports of their own while a test lasts.

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../api/server.mjs";
import { until } from "../api/wait.mjs";

export const DEPLOY = join(ROOT, "deploy");
export const RULES = join(DEPLOY, "prometheus/rules");

function isThere(program) {
  return process.env.PATH.split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false; // the next folder may have it
    }
  });
}

/** For test(): why it cannot be run here, or false. */
export function without(...programs) {
  const missing = programs.filter((program) => !isThere(program));
  return missing.length > 0 && `no ${missing.join(", ")} here; make deps-operate installs it`;
}

/** Runs to the end: {code, out, said}; `said` is what it wrote anywhere. */
export function run(program, args, { input = "", env = {} } = {}) {
  const done = spawnSync(program, args, { input, encoding: "utf8", timeout: 60000, env: { ...process.env, ...env } });
  if (done.error) {
    throw done.error;
  }
  return { code: done.status, out: done.stdout, said: `${done.stdout}${done.stderr}` };
}

/** All rules that are shipped: the file's name without its end, and what stands in it. */
export function shippedRules() {
  return readdirSync(RULES)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) =>
      parse(readFileSync(join(RULES, name), "utf8")).groups.flatMap(({ rules }) =>
        rules.map((rule) => ({ file: name.replace(/\.yaml$/, ""), ...rule })),
      ),
    );
}

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** A program that serves HTTP on loopback until stop(). */
export class Daemon {
  said = "";
  code = null;

  static async start(program, args, { port, cwd, ready }) {
    const daemon = new Daemon();
    daemon.url = `http://127.0.0.1:${port}`;
    daemon.child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    daemon.child.stdout.on("data", (text) => (daemon.said += text));
    daemon.child.stderr.on("data", (text) => (daemon.said += text));
    daemon.ended = new Promise((done) =>
      daemon.child.on("close", (code, signal) => {
        daemon.code = signal ?? code;
        done();
      }),
    );
    process.on("exit", () => daemon.code === null && daemon.child.kill("SIGKILL"));
    await until(
      `${program} to be ready`,
      async () => {
        if (daemon.code !== null) {
          throw new Error(`${program} ended with ${daemon.code}: ${daemon.said}`);
        }
        return fetch(daemon.url + ready).then(({ ok }) => ok, () => false);
      },
      20000,
    );
    return daemon;
  }

  /** The answer's `data`; throws when it is no success. */
  async ask(path, args = {}) {
    const answer = await fetch(`${this.url}${path}?${new URLSearchParams(args)}`);
    const body = await answer.json();
    if (body.status !== "success") {
      throw new Error(`${path} ${JSON.stringify(args)}: ${JSON.stringify(body)}`);
    }
    return body.data;
  }

  /** What an instant query answers: [{metric, value}]. */
  async query(query) {
    const { result } = await this.ask("/api/v1/query", { query });
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async stop() {
    if (this.code === null) {
      this.child.kill("SIGTERM");
    }
    await this.ended;
  }
}
