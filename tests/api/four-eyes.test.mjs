// Four eyes against one admin alone: what the second person sees is whom and what is given, and by whom.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { setTimeout } from "node:timers/promises";
import { configWith, QUIET, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const PASSWORD = "correct horse battery";
const SCOPE = "/limits/instrument/sim:BTCUSDT";
let server;
let admin;
let risk1;
let risk2;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  admin = await server.person("admin");
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** @param {string} user @param {object} [more] */
async function viewer(user, more = {}) {
  const body = { user, role: "viewer", password: PASSWORD, must_change_password: false, ...more };
  const reply = await admin.post("/users", body);
  assert.equal(reply.status, 201, reply.text);
  return reply;
}

async function patch(user, change, by = admin) {
  const { headers } = await admin.get(`/users/${user}`);
  return by.patch(`/users/${user}`, change, { "If-Match": headers.etag });
}

function approve(reply, by) {
  return by.post(`/approvals/${reply.body.id}/approve`, {});
}

async function stateOf(reply) {
  return (await risk1.get(`/approvals/${reply.body.id}`)).body.state;
}

test("a grant is for the account that was looked at, not for one made anew under its name", async () => {
  await viewer("bob");
  const grant = await patch("bob", { role: "risk", reason: "joins risk" });
  assert.equal(grant.status, 202, grant.text);
  assert.equal((await admin.delete("/users/bob")).status, 204);
  const anew = await viewer("bob", { person: "somebody.else" });
  assert.ok(anew.body.version > grant.body.base, "a version that was comes back");
  const reply = await approve(grant, risk2);
  assert.equal(reply.status === 200, false, reply.text);
  assert.equal(await stateOf(grant), "stale");
  assert.equal((await admin.get("/users/bob")).body.role, "viewer");
});

test("removing an account ends what was proposed for it", async () => {
  await viewer("carl");
  const grant = await patch("carl", { role: "trader", reason: "learns" });
  assert.equal((await admin.delete("/users/carl")).status, 204);
  const reply = await approve(grant, risk2);
  assert.notEqual(reply.status, 200, reply.text);
  assert.equal(await stateOf(grant), "stale");
});

test("a grant shows whose account it is, made when and by whom", async () => {
  const made = await viewer("zed", { person: "ghost" });
  assert.equal(made.body.created_by, "admin");
  const grant = await patch("zed", { role: "risk", reason: "promoted" });
  assert.equal(grant.status, 202, grant.text);
  const { created_ns } = made.body;
  assert.deepEqual(grant.body.account, { user: "zed", person: "ghost", created_ns, created_by: "admin" });
  const text = verb("approve", "show", grant.body.id, "--data", server.dir).out;
  assert.match(text, /account {3}zed of person ghost, made 20\S+ \S+ by admin/);
  const fresh = await admin.post("/users", { user: "nora", role: "risk", person: "ghost", password: PASSWORD });
  assert.deepEqual(fresh.body.account, { user: "nora", person: "ghost", created_ns: null, created_by: null });
  assert.equal((await approve(fresh, risk2)).status, 200);
  assert.equal((await admin.get("/users/nora")).body.created_by, "admin");
  assert.equal((await admin.get("/users/risk1")).body.created_by, "pitwall");
});

async function raise(who) {
  const { generation, limits } = (await risk1.get(SCOPE)).body;
  const more = { limits: { max_order_lots: limits.max_order_lots + 1 }, reason: "more" };
  const reply = await who.put(SCOPE, more, generation);
  assert.equal(reply.status, 202, reply.text);
  return reply;
}

test("a proposal says who asks, as what", async () => {
  const asked = ({ body: { proposer, person, by, account } }) => ({ proposer, person, by, account });
  assert.deepEqual(asked(await raise(risk1)), { proposer: "risk1", person: "risk1", by: "session", account: null });
  const made = await admin.post("/tokens", { name: "sizer", role: "risk" });
  const sizer = Object.assign(server.anonymous(), { token: made.body.token });
  assert.deepEqual(asked(await raise(sizer)), { proposer: "sizer", person: "admin", by: "token", account: null });
  const args = ["limits", "set", "--data", server.dir, "--scope", "instrument/sim:ETHUSDT", "--reason", "more"];
  const local = verb(...args, "max_order_lots=1001");
  assert.match(local.out, /on the host itself: make sure that it was not you/, local.err);
  const newest = (await risk1.get("/approvals?state=pending")).body.items[0];
  assert.match(newest.proposer, /^local:/);
  assert.equal(newest.by, "local");
});

const TAKEN = [
  ["a user's", "risk2", 409],
  ["a user's in another case", "RISK2", 409],
  ["the watchdog's", "watchdog", 422],
  ["the program's", "Pitwall", 422],
  ["the engine's", "engine", 422],
  ["the journal's", "journal", 422],
  ["a signal's", "signal", 422],
  ["the socket's", "local", 422],
  ["the scraper's", "metrics_listen", 422],
  ["nobody's", "unknown", 422],
];
for (const [whose, name, status] of TAKEN) {
  test(`neither a token nor a user takes ${whose} name`, async () => {
    const token = await admin.post("/tokens", { name, role: "risk" });
    assert.equal(token.status, status, token.text);
    const user = await admin.post("/users", { user: name, role: "viewer", password: PASSWORD });
    assert.equal(user.status, status, user.text);
    const local = verb("token", "create", "--data", server.dir, "--name", name, "--scope", "kill");
    assert.notEqual(local.code, 0, local.out);
  });
}

test("no user takes the name of a token that stands, nor a person the program's", async () => {
  assert.equal((await admin.post("/tokens", { name: "feeder", role: "viewer" })).status, 201);
  const same = { user: "Feeder", role: "viewer", password: PASSWORD };
  assert.equal((await admin.post("/users", same)).status, 409);
  assert.equal((await admin.delete("/tokens/feeder")).status, 204);
  await viewer("Feeder");
  const other = await admin.post("/users", { user: "otto", role: "viewer", person: "watchdog", password: PASSWORD });
  assert.equal(other.status, 422, other.text);
  assert.equal((await patch("Feeder", { person: "pitwall", reason: "why not" })).status, 422);
});

/** An account above viewer and its log-in. */
async function officer(user, role = "risk") {
  const grant = await admin.post("/users", { user, role, password: PASSWORD, must_change_password: false });
  assert.equal((await approve(grant, risk1)).status, 200);
  return server.person(user, PASSWORD);
}

const GONE = [
  ["disabled", (name) => patch(name, { disabled: true, reason: "stolen" })],
  ["removed", (name) => admin.delete(`/users/${name}`)],
  ["lowered", (name) => patch(name, { role: "viewer", reason: "moves" })],
];
for (const [what, end] of GONE) {
  test(`nobody agrees to what was proposed by an account since ${what}`, async () => {
    const name = `officer.${what}`;
    const proposed = await raise(await officer(name));
    assert.ok((await end(name)).status < 300);
    assert.notEqual((await approve(proposed, risk2)).status, 200);
    assert.equal(await stateOf(proposed), "stale");
  });
}

test("nobody agrees to what was proposed by a token since revoked; a log-out changes nothing", async () => {
  const made = await admin.post("/tokens", { name: "thief", role: "risk" });
  const byToken = await raise(Object.assign(server.anonymous(), { token: made.body.token }));
  assert.equal((await admin.delete("/tokens/thief")).status, 204);
  assert.notEqual((await approve(byToken, risk2)).status, 200);
  assert.equal(await stateOf(byToken), "stale");
  const ona = await officer("ona");
  const byPerson = await raise(ona);
  assert.equal((await ona.delete("/session")).status, 204);
  assert.equal((await approve(byPerson, risk2)).status, 200);
});

test("a log-out is in the audit", async () => {
  await viewer("vic");
  const vic = await server.person("vic", PASSWORD);
  assert.equal((await vic.delete("/session")).status, 204);
  await until("its row", async () => {
    const { items } = (await risk1.get("/audit?kind=logout&limit=100")).body;
    return items.some(({ actor, person }) => actor === "vic" && person === "vic");
  });
});

/** Keeps control.db from being written, and so the control thread waiting; answers how to let go. */
async function holdControl() {
  const script = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()`;
  const held = spawn("python3", ["-c", script, join(server.dir, "control.db")]);
  await once(held.stdout, "data");
  return () => {
    held.stdin.end();
    return once(held, "exit");
  };
}

test("a revert and a grant that waited for the control thread need a session that stands", async () => {
  const tester = await officer("tester");
  const boss = await officer("boss", "admin");
  await viewer("gus");
  const first = (await risk1.get(SCOPE)).body;
  const less = { limits: { max_order_lots: first.limits.max_order_lots - 1 }, reason: "less" };
  const lower = (await risk1.put(SCOPE, less, first.generation)).body;
  const even = { limits: { max_order_lots: first.limits.max_order_lots - 2 }, reason: "less" };
  const lowest = (await risk1.put(SCOPE, even, lower.generation)).body;
  assert.equal((await approve(await raise(risk1), risk2)).status, 200);
  const now = (await risk1.get(SCOPE)).body;
  const letGo = await holdControl();
  const busy = risk2.put("/limits/firm", { limits: { max_order_lots: 100001 }, reason: "more" }, (await risk2.get("/limits/firm")).body.generation);
  await setTimeout(100);
  const revert = tester.post(`${SCOPE}/revert`, { to: lowest.generation, reason: "back" }, { "If-Match": `"${now.generation}"` });
  const grant = patch("gus", { role: "risk", reason: "joins" }, boss);
  await setTimeout(150);
  assert.equal((await admin.delete("/sessions?user=tester")).status, 204);
  assert.equal((await admin.delete("/sessions?user=boss")).status, 204);
  await letGo();
  assert.deepEqual([(await revert).status, (await grant).status], [401, 401]);
  await busy;
  assert.deepEqual((await risk1.get(SCOPE)).body.limits, now.limits);
});
