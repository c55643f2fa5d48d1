// `pitwall health`: what a container's health check goes by is the exit code.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test from "node:test";
import { BIN, configWith, QUIET, scratch, Server, verb } from "../api/server.mjs";
import { until } from "../api/wait.mjs";

const health = (dir, ...more) => verb("health", "--data", dir, ...more);

test("0 while the engine makes progress, and with --ready once it could trade; HALTED or not", async () => {
  const server = await Server.start({ config: configWith(scratch(), QUIET) });
  await until("ready", () => health(server.dir, "--ready").code === 0);
  assert.equal(health(server.dir).out, "live yes, ready yes\n");
  assert.equal(verb("kill", "--data", server.dir, "--scope", "firm", "--reason", "x").code, 0);
  assert.equal(health(server.dir, "--ready").code, 0);
  const { live, ready, reasons } = JSON.parse(health(server.dir, "--json").out);
  assert.deepEqual([live, ready, reasons], [true, true, []]);
  assert.equal(await server.stop(), 0);
  assert.equal(health(server.dir).code, 69, "nobody answers");
});

test("a program that hangs as a whole is not waited for", async () => {
  const server = await Server.start({ config: configWith(scratch(), QUIET) });
  server.process.kill("SIGSTOP");
  const start = performance.now();
  assert.equal(health(server.dir).code, 69);
  assert.ok(performance.now() - start < 3000, "less than the 3 s that the image gives it");
  server.process.kill("SIGCONT");
  await server.stop("SIGKILL");
});

/** Answers as a server would on the socket of a data directory. */
async function told(http, body, ...more) {
  const dir = join(scratch(), "data");
  mkdirSync(dir);
  const server = createServer((_request, response) => {
    const text = JSON.stringify(body);
    const headers = { "Content-Length": text.length, "Content-Type": "application/json", Connection: "close" };
    response.writeHead(http, headers);
    response.end(text);
  });
  server.listen(join(dir, "control.sock"));
  await once(server, "listening");
  const child = spawn(BIN, ["health", "--data", dir, ...more]);
  let out = "";
  child.stdout.on("data", (text) => (out += text));
  const [code] = await once(child, "exit");
  server.close();
  return { code, out };
}

test("1 when the engine does not move, when it is not ready and that was asked; 69 for no such answer", async () => {
  const silent = { live: false, ready: false, reasons: ["engine_silent", "journal_lag"] };
  assert.deepEqual(await told(503, silent), { code: 1, out: "live no, ready no: engine_silent, journal_lag\n" });
  const stale = { live: true, ready: false, reasons: ["market_stale"] };
  assert.deepEqual(await told(503, stale), { code: 0, out: "live yes, ready no: market_stale\n" });
  assert.equal((await told(503, stale, "--ready")).code, 1);
  assert.equal((await told(503, { code: "unavailable", title: "no" })).code, 69);
  assert.equal((await told(200, {})).code, 69);
});
