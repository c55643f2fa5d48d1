// A flood of log-ins: it keeps neither the people who are known nor the audit's readers waiting.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";

const FLOODERS = 40;
let server;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** Tries log-ins with all its might until it is told to stop; answers how often each code came. */
async function flood(number, state) {
  const caller = server.anonymous();
  const codes = {};
  for (let i = 0; !state.over; i++) {
    const reply = await caller.post("/session", { user: `guess-${number}-${i}`, password: "not the password" });
    codes[reply.status] = (codes[reply.status] ?? 0) + 1;
    if (reply.status === 429 || reply.status === 503) {
      assert.ok(Number(reply.headers["retry-after"]) >= 1, reply.text);
    }
  }
  return codes;
}

test("who is known confirms, reads the audit and changes accounts through a flood", async () => {
  const risk1 = await server.person("risk1");
  const admin = await server.person("admin");
  const state = { over: false };
  const floods = Array.from({ length: FLOODERS }, (_, number) => flood(number, state));
  for (let i = 0; i < 5; i++) {
    assert.equal((await risk1.get("/audit?limit=10")).status, 200);
    const again = await risk1.post("/session", { user: "risk1", password: server.passwords().risk1 });
    assert.equal(again.status, 200, again.text);
    const made = await admin.post("/users", { user: `u${i}`, role: "viewer", password: "a long password" });
    assert.equal(made.status, 201, made.text);
    assert.equal((await admin.delete(`/users/u${i}`)).status, 204);
  }
  state.over = true;
  const codes = (await Promise.all(floods)).reduce((sum, one) => {
    Object.entries(one).forEach(([code, count]) => (sum[code] = (sum[code] ?? 0) + count));
    return sum;
  }, {});
  assert.ok(codes[429] > 0, JSON.stringify(codes));
  assert.deepEqual(Object.keys(codes).filter((code) => !["401", "429", "503"].includes(code)), []);
});
