// What is answered is on record, also when the program is killed at the next moment; and after a restart no
// answer of before it is taken for one of now.

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import { until } from "./wait.mjs";

const PASSWORD = "a long and dull sentence";
const CONFIG = configWith(scratch(), QUIET);

/** Keeps the one door busy, so that what is only queued behind it is late. */
function flood(caller) {
  let goes = true;
  const order = { instrument: "sim:BTCUSDT", side: "buy", type: "limit", qty: "0.001", price: "1" };
  const one = async () => {
    while (goes) {
      await caller.post("/orders", order).catch(() => (goes = false));
    }
  };
  const all = Array.from({ length: 24 }, one);
  return async () => {
    goes = false;
    await Promise.all(all);
  };
}

/** The rows of a name's facts, after a restart. */
async function rowsOf(dir, scope, query = `scope=${scope}`) {
  const server = await Server.start({ dir, config: CONFIG });
  const reader = server.program("reader", ["--scope", "audit-read"]);
  const rows = (await reader.get(`/audit?${query}`)).body.items;
  const admin = await server.person("admin");
  const users = (await admin.get("/users")).body.items.map((row) => row.user);
  const tokens = (await admin.get("/tokens")).body.items.map((row) => row.name);
  await server.stop("SIGKILL");
  return { rows, users, tokens };
}

const GIVEN = [
  ["an account", "user/eve", (admin) => admin.post("/users", { user: "eve", role: "viewer", password: PASSWORD })],
  ["a token", "token/eve", (admin) => admin.post("/tokens", { name: "eve", role: "trader" })],
];

for (const [what, scope, make] of GIVEN) {
  test(`${what} that was answered is in the audit after a kill -9`, { timeout: 120000 }, async () => {
    for (let round = 0; round < 3; round++) {
      const dir = join(scratch(), "data");
      const server = await Server.start({ dir, config: CONFIG });
      const admin = await server.person("admin");
      const end = flood(server.program("flooder", ["--role", "trader"]));
      const made = await make(admin);
      const killed = server.stop("SIGKILL");
      assert.equal(made.status, 201, made.text);
      await killed;
      await end();
      const { rows, users, tokens } = await rowsOf(dir, scope);
      assert.ok([...users, ...tokens].includes("eve"), "what was answered is there");
      assert.equal(rows.filter((row) => row.actor === "admin").length, 1, `round ${round}: ${JSON.stringify(rows)}`);
    }
  });
}

const TAKEN = [
  ["a token that was ended", "token/flooder", (admin) => admin.delete("/tokens/flooder")],
  ["an account that was removed", "user/viewer", (admin) => admin.delete("/users/viewer")],
];

for (const [what, scope, end] of TAKEN) {
  test(`${what} is in the audit after a kill -9`, { timeout: 120000 }, async () => {
    const dir = join(scratch(), "data");
    const server = await Server.start({ dir, config: CONFIG });
    const admin = await server.person("admin");
    const flooder = server.program("flooder", ["--role", "trader"]);
    const ends = flood(server.program("other", ["--role", "trader"]));
    assert.ok(flooder.token);
    const ended = await end(admin);
    const killed = server.stop("SIGKILL");
    assert.equal(ended.status, 204, ended.text);
    await killed;
    await ends();
    const { rows } = await rowsOf(dir, scope);
    assert.equal(rows.filter((row) => row.actor === "admin").length, 1, JSON.stringify(rows));
  });
}

test("who took the trail away is in it, also after a kill -9 at the first byte", { timeout: 120000 }, async () => {
  const dir = join(scratch(), "data");
  const server = await Server.start({ dir, config: CONFIG });
  const taker = server.program("taker", ["--scope", "audit-read"]);
  const end = flood(server.program("flooder", ["--role", "trader"]));
  const took = await taker.call("GET", "/v1/audit/export");
  const killed = server.stop("SIGKILL");
  assert.equal(took.status, 200);
  await killed;
  await end();
  const { rows } = await rowsOf(dir, "", "kind=export");
  assert.deepEqual(rows.map((row) => row.actor), ["taker"]);
});

test("after a restart a version is not told to be had that stood for another body before", async () => {
  const dir = join(scratch(), "data");
  let server = await Server.start({ dir, config: CONFIG });
  let risk1 = await server.person("risk1");
  const firm = async (headers) => risk1.get("/limits/firm", headers);
  const { generation, limits } = (await firm()).body;
  const wanted = { limits: { max_open_orders: limits.max_open_orders + 1 }, reason: "more" };
  assert.equal((await risk1.put("/limits/firm", wanted, generation)).status, 202);
  const held = await firm();
  assert.ok(held.body.pending);
  await server.stop("SIGKILL");
  server = await Server.start({ dir, config: CONFIG });
  risk1 = await server.person("risk1");
  const other = await server.person("risk2");
  for (let at = 0; at < 3; at++) {
    assert.equal((await other.get("/limits/firm")).body.pending, null, "proposals do not outlive a restart");
  }
  const now = await firm({ "If-None-Match": held.headers.etag });
  assert.equal(now.headers.etag, held.headers.etag, "the version is the same");
  assert.equal(now.status, 200, "who holds the proposal is told that it is gone");
  await until("a change", async () => {
    const { generation: base } = (await firm()).body;
    const less = { limits: { max_open_orders: limits.max_open_orders - 1 }, reason: "less" };
    return (await risk1.put("/limits/firm", less, base)).status === 200;
  });
  const fresh = await firm();
  await firm();
  assert.equal((await firm({ "If-None-Match": fresh.headers.etag })).status, 304, "of a version born in this run");
  await server.stop("SIGKILL");
});
