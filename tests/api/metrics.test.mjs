// The listener of metrics_listen: a scrape by nobody in particular on loopback, and nothing else; elsewhere TLS and a token.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { afterEach } from "node:test";
import { Caller, configWith, QUIET, scratch, Server, TLS, verb } from "./server.mjs";

const METRICS = [/^seed:/m, "metrics_listen: 127.0.0.1:0\nseed:"];
let server;

afterEach(async () => {
  assert.equal((await server?.stop()) ?? 0, 0);
  server = undefined;
});

async function start(...replacements) {
  server = await Server.start({ config: configWith(scratch(), QUIET, ...replacements) });
  return new Caller(server.run.metrics_url, server.tls);
}

const scrape = (caller, headers) => caller.call("GET", "/metrics", undefined, headers);

test("on loopback it asks nobody who they are, and says where it is", async () => {
  const nobody = await start(METRICS);
  assert.match(server.run.metrics_url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(server.out.includes(`Metrics    ${server.run.metrics_url}/metrics\n`), server.out);
  const { status, text, headers } = await scrape(nobody);
  assert.equal(status, 200, text);
  assert.match(text, /^pitwall_build_info\{/m);
  assert.match(headers["content-type"], /^text\/plain/);
  assert.equal((await nobody.call("HEAD", "/metrics")).status, 200);
  assert.equal((await scrape(server.anonymous())).status, 401, "the main listener still asks");
});

test("nothing else is there, whoever asks", async () => {
  const nobody = await start(METRICS);
  const admin = (await server.person("admin")).at(server.run.metrics_url);
  for (const caller of [nobody, admin]) {
    for (const path of ["/", "/health/live", "/api/v1/status", "/api/v1/session", "/docs", "/metrics/"]) {
      assert.equal((await caller.call("GET", path)).status, 404, path);
    }
    assert.equal((await caller.post("/kill", { scope: "firm", reason: "x" })).status, 404);
  }
  const wrong = await nobody.call("POST", "/metrics", {});
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, "GET, HEAD");
});

test("a page whose name was made to mean this machine reads nothing", async () => {
  const nobody = await start(METRICS);
  for (const host of ["desk.example.org", "desk.example.org:9090", "127.0.0.1.example.org", "192.0.2.1"]) {
    const { status, body } = await scrape(nobody, { Host: host });
    assert.equal(status, 403, host);
    assert.equal(body.code, "foreign_origin");
  }
  for (const host of ["localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:9090"]) {
    assert.equal((await scrape(nobody, { Host: host })).status, 200, host);
  }
  assert.equal((await scrape(nobody, { "Sec-Fetch-Site": "cross-site" })).status, 403);
});

test("where TLS is spoken it takes a token of scope metrics, and no session", async () => {
  const nobody = await start(METRICS, TLS);
  assert.match(server.run.metrics_url, /^https:/);
  assert.equal((await scrape(nobody)).status, 401);
  assert.equal((await scrape((await server.person("admin")).at(server.run.metrics_url))).status, 401);
  const other = server.program("other", ["--role", "viewer"], server.run.metrics_url);
  assert.equal((await scrape(other)).status, 403);
  const scraper = server.program("scraper", ["--scope", "metrics"], server.run.metrics_url);
  const { status, text } = await scrape(scraper);
  assert.equal(status, 200, text);
  assert.match(text, /^pitwall_tls_connections\{listener="metrics"\} [1-9]/m);
});

test("without the setting there is none, and run.json says nothing of it", async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  assert.equal(JSON.parse(readFileSync(join(server.dir, "run.json"), "utf8")).metrics_url, undefined);
});

test("what is no address is refused with the line of its key", () => {
  const checked = verb("check", "--config", configWith(scratch(), [/^seed:/m, "metrics_listen: 9100\nseed:"]));
  assert.equal(checked.code, 78, checked.err);
  assert.match(checked.err, /test\.yaml:\d+: metrics_listen: '9100' is not ADDRESS:PORT/);
});
