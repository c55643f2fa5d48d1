// A page whose name was made to mean this machine (DNS rebinding) gets nothing on loopback; what a proxy sends is set.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";

const EVIL = ["evil.example", "evil.example:8080", "127.0.0.1.example", "localhost.example:80", "192.0.2.1"];
const OWN = ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:9", "127.1.2.3:8080", "[::1]:8080"];
const LOG_IN = { user: "risk1", password: "a wrong password" };
let server;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

function logIn(host, origin = `http://${host}`, of = server) {
  const headers = { Host: host, Origin: origin, "Sec-Fetch-Site": "same-origin" };
  return of.anonymous().call("POST", "/api/v1/session", LOG_IN, headers);
}

test("a name that is not this machine's reaches neither page nor log-in nor a session nor a kill", async () => {
  const risk1 = await server.person("risk1");
  const killer = server.program("killer", ["--scope", "kill"], server.killUrl);
  for (const Host of EVIL) {
    const replies = [
      await logIn(Host),
      await server.anonymous().call("GET", "/", undefined, { Host }),
      await risk1.get("/me", { Host }),
      await killer.call("POST", "/api/v1/kill", { scope: "strategy/maker", reason: "x" }, { Host }),
    ];
    for (const { status, body } of replies) {
      assert.deepEqual([status, body.code], [403, "foreign_origin"], Host);
    }
  }
});

test("the names of this machine do, whatever the port; health asks for none", async () => {
  for (const Host of OWN) {
    assert.equal((await server.anonymous().call("GET", "/", undefined, { Host })).status, 200, Host);
  }
  assert.equal((await logIn("localhost:8080")).body.code, "bad_credentials");
  assert.equal((await server.anonymous().call("GET", "/health/live", undefined, { Host: "probe" })).status, 200);
});

test("a proxy's name is set, and its page may be https", async () => {
  const hosts = [/^seed:/m, "listen_hosts: desk.example  tunnel.example\nseed:"];
  const behind = await Server.start({ config: configWith(scratch(), QUIET, hosts) });
  for (const host of ["desk.example", "Desk.Example:8443", "tunnel.example:80"]) {
    for (const scheme of ["http", "https"]) {
      assert.notEqual((await logIn(host, `${scheme}://${host}`, behind)).status, 403, `${scheme} ${host}`);
    }
  }
  for (const host of ["evil.example", "esk.example", "desk.example.evil", "desk", "example"]) {
    assert.equal((await logIn(host, `http://${host}`, behind)).body.code, "foreign_origin", host);
  }
  assert.equal((await logIn("desk.example", "https://evil.example", behind)).body.code, "foreign_origin");
  assert.equal(await behind.stop(), 0);
});
