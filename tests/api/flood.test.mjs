// Floods. One of log-ins keeps neither the people who are known nor the audit's readers waiting, and one of long
// lists by one caller takes a share of the threads that make them, not all.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import { pause, until } from "./wait.mjs";

const FLOODERS = 40;
const INSISTENT = 150;
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

test("one caller's refusals do not keep another's out of the audit", async () => {
  const viewer = await server.person("viewer");
  const trader = await server.person("trader");
  const risk1 = await server.person("risk1");
  const kill = { scope: "firm", reason: "not mine to do" };
  const state = { over: false };
  const refused = async () => {
    while (!state.over) {
      assert.equal((await viewer.post("/kill", kill)).status, 403);
    }
  };
  const floods = Array.from({ length: 8 }, refused);
  await pause(1200); // a whole second of it: every place of that second that one caller can have is taken
  for (let i = 0; i < 3; i++) {
    assert.equal((await trader.put("/limits/firm", {})).status, 403);
  }
  state.over = true;
  await Promise.all(floods);
  const rows = async () => (await risk1.get("/audit?kind=refused&actor=trader")).body.items;
  await until("each of the three", async () => (await rows()).length === 3);
});

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

/** Asks for the same over and over, the next before the last has been answered; answers how often each code came. */
async function insist(caller, path, state, codes) {
  while (!state.over) {
    const reply = await caller.get(path);
    codes[reply.status] = (codes[reply.status] ?? 0) + 1;
    if (reply.status === 429) {
      assert.equal(reply.body.code, "throttled");
      assert.ok(Number(reply.headers["retry-after"]) >= 1, reply.text);
    }
  }
}

for (const [pool, path, asked] of [
  ["workers", "/audit?limit=1000", "/audit?limit=10"],
  ["readers", "/limits", "/limits"],
]) {
  test(`one caller has half of the ${pool} at most: others are served`, async () => {
    const flooder = server.program(`flood-${pool}`, ["--role", "risk"]);
    const other = server.program(`other-${pool}`, ["--role", "risk"]);
    const state = { over: false };
    const codes = {};
    const all = Array.from({ length: INSISTENT }, () => insist(flooder, path, state, codes));
    try {
      await until("the flooder's share is full", () => codes[429] > 100);
      for (let i = 0; i < 30; i++) {
        const reply = await other.get(asked);
        assert.equal(reply.status, 200, reply.text);
      }
    } finally {
      state.over = true;
      await Promise.all(all);
    }
    assert.deepEqual(Object.keys(codes).sort(), ["200", "429"]);
    const { text } = await server.program(`scrape-${pool}`, ["--scope", "metrics"]).call("GET", "/metrics");
    assert.match(text, new RegExp(`pitwall_http_requests_total\\{route="[^"]*${path.split("?")[0]}",code="429"\\} [1-9]`));
  });
}

/** By the door itself; a slow disk may leave open whether a cancel is durable (503 `storage`), which is no refusal. */
const isTurnedAway = ({ body }) => ["throttled", "unavailable"].includes(body.code);

test("one caller's cancels keep nobody else's from the one door", async () => {
  const flooder = server.program("flood-door", ["--role", "trader"]);
  const other = server.program("other-door", ["--role", "trader"]);
  const all = { scope: "strategy/manual", reason: "all of it" };
  const state = { over: false };
  const codes = {};
  const floods = Array.from({ length: INSISTENT }, async () => {
    while (!state.over) {
      const { body } = await flooder.post("/orders/cancel-all", all);
      codes[body.code] = (codes[body.code] ?? 0) + 1;
    }
  });
  try {
    await until("the flooder's share is full", () => codes.throttled > 100);
    for (let i = 0; i < 20; i++) {
      const reply = await other.post("/orders/cancel-all", all);
      assert.ok(!isTurnedAway(reply), reply.text);
    }
  } finally {
    state.over = true;
    await Promise.all(floods);
  }
  assert.equal(codes.unavailable, undefined, "the whole queue was never full");
});
