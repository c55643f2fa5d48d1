// Accounts, tokens and sessions: made, changed and ended by REST; what gives more takes two people.

import assert from "node:assert/strict";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { setTimeout } from "node:timers/promises";
import { configWith, QUIET, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const PASSWORD = "correct horse battery";
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

/** Makes an account on the machine, as the directory's owner. */
function owner(name, role, ...more) {
  const file = join(scratch(), "password");
  writeFileSync(file, `${PASSWORD}\n`, { mode: 0o600 });
  const args = ["--data", server.dir, "--name", name, "--role", role, "--password-file", file, ...more];
  const made = verb("user", "create", ...args);
  assert.equal(made.code, 0, made.err);
}

async function patch(user, change, by = admin) {
  const { headers } = await admin.get(`/users/${user}`);
  return by.patch(`/users/${user}`, change, { "If-Match": headers.etag });
}

function approve(reply, by) {
  return by.post(`/approvals/${reply.body.id}/approve`, {});
}

test("a viewer is made by one admin and must choose a password", async () => {
  const reply = await admin.post("/users", { user: "vera", role: "viewer", password: PASSWORD });
  assert.equal(reply.status, 201, reply.text);
  assert.equal(reply.headers.location, "/api/v1/users/vera");
  assert.equal(reply.body.person, "vera");
  const vera = await server.person("vera", PASSWORD);
  assert.equal((await vera.get("/status")).body.code, "password_change_required");
  assert.equal((await admin.post("/users", { user: "vera", role: "viewer", password: PASSWORD })).status, 409);
});

test("choosing a password forgets one's own first one alone", async () => {
  const vera = await server.person("vera", PASSWORD);
  assert.equal((await vera.patch("/me", { password: PASSWORD, new_password: "a horse of her own choice" })).status, 200);
  assert.ok(server.passwords().risk1, "the first passwords of others are still there");
  assert.equal((await vera.get("/status")).status, 200);
});

const WRONG = [
  [{ name: "t", scope: "kill", days: 0 }, 422, /1 to 3650 days/],
  [{ name: "t", scope: "kill", days: "3" }, 400, /"days" must be a whole number/],
  [{ name: 7, scope: "kill" }, 400, /"name" must be a string/],
  [{ name: "t", scope: "kill", forever: true }, 400, /unknown member: forever/],
];
for (const [body, status, says] of WRONG) {
  test(`a token is refused with what is wrong: ${JSON.stringify(body)}`, async () => {
    const reply = await admin.post("/tokens", body);
    assert.equal(reply.status, status, reply.text);
    assert.match(reply.body.detail, says);
  });
}

const REFUSED = [
  ["a weak password", { user: "x", role: "viewer", password: "short" }, 422, "weak_password"],
  ["no role of that name", { user: "x", role: "king", password: PASSWORD }, 422, "out_of_range"],
  ["a name with a slash", { user: "a/b", role: "viewer", password: PASSWORD }, 422, "out_of_range"],
  ["no password", { user: "x", role: "viewer" }, 400, "malformed"],
  ["no name", { role: "viewer", password: PASSWORD }, 400, "malformed"],
  ["an unknown field", { user: "x", role: "viewer", password: PASSWORD, hash: "$" }, 400, "unknown_field"],
];
for (const [what, body, status, code] of REFUSED) {
  test(`an account is refused: ${what}`, async () => {
    const reply = await admin.post("/users", body);
    assert.deepEqual([reply.status, reply.body.code], [status, code], reply.text);
    assert.equal((await admin.get("/users/x")).status, 404);
  });
}

test("a role above viewer waits for another person and shows no password", async () => {
  const body = { user: "bob", role: "risk", password: PASSWORD, must_change_password: false, reason: "second officer" };
  const reply = await admin.post("/users", body);
  assert.equal(reply.status, 202, reply.text);
  assert.equal(reply.headers.location, `/api/v1/approvals/${reply.body.id}`);
  assert.equal(reply.body.kind, "role");
  assert.equal(reply.body.scope, "user/bob");
  assert.deepEqual(reply.body.diff[0], { name: "role", old: null, new: "risk" });
  assert.equal((await admin.get("/users/bob")).status, 404);
  const own = await approve(reply, admin);
  assert.deepEqual([own.status, own.body.code], [403, "self_approval"]);
  const given = await approve(reply, risk1);
  assert.equal(given.status, 200, given.text);
  assert.equal(given.body.state, "applied");
  const bob = await server.person("bob", PASSWORD);
  assert.equal((await bob.get("/approvals")).status, 200);
  assert.doesNotMatch((await risk1.get("/approvals")).text, /argon2|correct horse/);
  await until("the audit row", async () => {
    const { text, body: rows } = await risk1.get("/audit?limit=1000");
    assert.doesNotMatch(text, /argon2|correct horse/);
    return rows.items.some((row) => row.kind === "user" && row.scope === "user/bob" && row.person === "risk1");
  });
});

test("an admin decides about roles and about nothing else", async () => {
  owner("admin2", "admin");
  const other = await server.person("admin2", PASSWORD);
  const reply = await patch("vera", { role: "trader", reason: "learns" });
  assert.equal(reply.status, 202, reply.text);
  assert.equal((await approve(reply, other)).status, 200);
  assert.equal((await admin.get("/users/vera")).body.role, "trader");
  const { body } = await risk1.get("/limits/firm");
  const raise = { limits: { max_order_lots: body.limits.max_order_lots + 1 }, reason: "more" };
  const looser = await risk1.put("/limits/firm", raise, body.generation);
  assert.equal(looser.status, 202, looser.text);
  const wrong = await approve(looser, other);
  assert.deepEqual([wrong.status, wrong.body.code], [403, "forbidden"]);
});

test("two accounts of one person do not make two people", async () => {
  owner("risk1.second", "risk", "--person", "risk1");
  const second = await server.person("risk1.second", PASSWORD);
  const robot = server.program("risk1-robot", ["--role", "risk", "--person", "risk1"]);
  for (const proposer of [risk1, robot]) {
    const { body } = await risk1.get("/limits/firm");
    const raise = { limits: { max_order_lots: body.limits.max_order_lots + 1 }, reason: "more" };
    const reply = await proposer.put("/limits/firm", raise, body.generation);
    assert.equal(reply.status, 202, reply.text);
    for (const own of [risk1, second]) {
      assert.equal((await approve(reply, own)).body.code, "self_approval");
    }
    assert.equal((await approve(reply, robot)).body.code, "approval_needs_person");
    assert.equal((await risk2.post(`/approvals/${reply.body.id}/reject`, {})).status, 200);
  }
});

test("nobody approves what is given to oneself, or moves into another", async () => {
  owner("carl", "viewer");
  const raise = await patch("risk2", { role: "admin" });
  assert.equal(raise.status, 202, raise.text);
  assert.equal((await approve(raise, risk2)).body.code, "self_approval");
  const move = await patch("carl", { person: "risk2" });
  assert.equal(move.status, 202, move.text);
  assert.equal((await approve(move, risk2)).body.code, "self_approval");
  assert.equal((await admin.get("/users/carl")).body.person, "carl");
});

test("a proposal whose account has changed is stale", async () => {
  owner("dora", "viewer");
  const raise = await patch("dora", { role: "trader" });
  assert.equal((await patch("dora", { must_change_password: true })).status, 200);
  const late = await approve(raise, risk1);
  assert.deepEqual([late.status, late.body.code], [412, "stale_version"]);
  assert.equal((await admin.get("/users/dora")).body.role, "viewer");
});

test("a change is of the version that was read", async () => {
  const blind = await admin.patch("/users/dora", { disabled: true });
  assert.equal(blind.status, 428);
  const stale = await admin.patch("/users/dora", { disabled: true }, { "If-Match": '"999999"' });
  assert.equal(stale.status, 412);
  assert.equal(stale.body.user, "dora");
  const { headers } = await admin.get("/users/dora");
  const both = [{ disabled: true }, { must_change_password: false }];
  const replies = await Promise.all(both.map((body) => admin.patch("/users/dora", body, { "If-Match": headers.etag })));
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 412]);
  assert.equal((await admin.patch("/users/dora", {}, { "If-Match": headers.etag })).status, 400);
});

test("lowering and disabling hold at once, on REST and on an open stream", async () => {
  owner("emil", "risk");
  for (const change of [{ role: "viewer" }, { disabled: true }]) {
    const emil = await server.person("emil", PASSWORD);
    const socket = await emil.stream();
    assert.equal((await patch("emil", change)).status, 200);
    assert.equal((await emil.get("/me")).status, 401);
    await until("the stream ends", () => socket.closed !== null && socket.closed !== undefined, 5000);
  }
  const login = await server.anonymous().post("/session", { user: "emil", password: PASSWORD });
  assert.deepEqual([login.status, login.body.code], [401, "bad_credentials"]);
});

test("a removed account is gone with its tokens", async () => {
  owner("fred", "trader");
  const fred = await server.person("fred", PASSWORD);
  const robot = server.program("fred-robot", ["--role", "trader", "--person", "fred"]);
  assert.equal((await robot.get("/positions")).status, 200);
  assert.equal((await admin.delete("/users/fred")).status, 204);
  assert.equal((await fred.get("/me")).status, 401);
  assert.equal((await robot.get("/positions")).status, 401);
  assert.equal((await admin.delete("/users/fred")).status, 404);
});

test("the last admin stays", async () => {
  assert.equal((await admin.delete("/users/admin2")).status, 204);
  for (const change of [{ role: "viewer" }, { disabled: true }]) {
    assert.equal((await patch("admin", change)).status, 409);
  }
  assert.equal((await admin.delete("/users/admin")).status, 409);
});

test("a token is shown once, belongs to its maker, and ends at once", async () => {
  const made = await admin.post("/tokens", { name: "dog", scope: "kill", days: 1 });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.body.person, "admin");
  const { text, body } = await admin.get("/tokens");
  assert.doesNotMatch(text, new RegExp(made.body.token));
  assert.equal(body.items.find(({ name }) => name === "dog").state, "valid");
  const dog = Object.assign(server.anonymous(), { token: made.body.token });
  assert.equal((await dog.get("/me")).status, 200);
  assert.equal((await admin.post("/tokens", { name: "dog", scope: "kill" })).status, 409);
  assert.equal((await admin.post("/tokens", { name: "both", scope: "kill", role: "risk" })).status, 400);
  assert.equal((await admin.post("/tokens", { name: "hers", role: "risk", person: "risk1" })).status, 403);
  const robot = server.program("admin-robot", ["--role", "admin"]);
  for (const refused of [
    await robot.post("/tokens", { name: "more", role: "risk" }),
    await robot.delete("/tokens/dog"),
    await robot.post("/users", { user: "nora", role: "viewer", password: PASSWORD }),
    await patch("risk2", { disabled: true }, robot),
    await robot.delete("/users/risk2"),
    await robot.delete("/users/risk2/totp"),
    await robot.delete("/sessions?user=risk2"),
  ]) {
    assert.deepEqual([refused.status, refused.body.code], [403, "forbidden"], refused.text);
    assert.match(refused.body.detail, /a person's session, not a token/);
  }
  assert.equal((await robot.get("/tokens")).status, 200);
  assert.equal((await admin.delete("/tokens/dog")).status, 204);
  assert.equal((await dog.get("/me")).status, 401);
  assert.equal((await admin.delete("/tokens/dog")).status, 404);
});

test("a person sees and ends the own sessions, an admin all", async () => {
  const here = await server.person("trader");
  const there = await server.person("trader");
  const { items } = (await here.get("/sessions")).body;
  assert.ok(items.length >= 2 && items.every(({ user }) => user === "trader"));
  assert.equal(items.filter(({ own }) => own).length, 1);
  const foreign = (await admin.get("/sessions")).body.items.find(({ user }) => user === "risk2");
  assert.equal((await here.delete(`/sessions/${foreign.id}`)).status, 404);
  assert.equal((await here.delete("/sessions?user=risk2")).status, 403);
  assert.equal((await here.delete(`/sessions/${items.find(({ own }) => !own).id}`)).status, 204);
  assert.equal((await there.get("/me")).status, 401);
  assert.equal((await here.delete("/sessions")).status, 204);
  assert.equal((await here.get("/me")).status, 401);
  const again = await server.person("trader");
  assert.equal((await admin.delete("/sessions?user=trader")).status, 204);
  assert.equal((await again.get("/me")).status, 401);
});

test("a session that ends while its approval waits for the control thread approves nothing", async () => {
  const trader = await server.person("trader");
  const order = { instrument: "sim:BTCUSDT", side: "buy", qty: "0.01", price: "1", type: "limit", tif: "IOC" };
  const callers = Array.from({ length: 40 }, () =>
    Object.assign(server.anonymous().at(trader.url), { cookie: trader.cookie, csrf: trader.csrf }));
  let round = 0;
  await until("an approval that came too late", async () => {
    const approver = await server.person("risk2");
    const { body } = await risk1.get("/limits/firm");
    const raise = { limits: { max_order_lots: body.limits.max_order_lots + 1 }, reason: "more" };
    const proposal = await risk1.put("/limits/firm", raise, body.generation);
    // These keep the control thread for a while, whatever becomes of them.
    const busy = callers.map((one) => one.post("/orders", order));
    const elsewhere = approver.at(approver.url);
    await elsewhere.get("/me"); // connected
    const late = approve(proposal, approver);
    await setTimeout(1 + round++ % 10); // how soon is soon enough depends on the machine
    const ended = await elsewhere.delete("/session");
    assert.equal(ended.status, 204);
    const { status, body: answer } = await late;
    await Promise.all(busy);
    const now = (await risk1.get(`/approvals/${proposal.body.id}`)).body.state;
    assert.equal(now, status === 200 ? "applied" : "pending");
    return answer.detail === "the session or token has ended"; // and not refused when it came
  }, 60000);
});

async function removed(person, user) {
  const path = `/audit?kind=user&scope=user/${user}`;
  const facts = async () => (await person.get(path)).body.items ?? [];
  await until("the audit says that it is gone", async () =>
    (await facts()).some(({ reason }) => /removed/.test(reason)), 10000);
  return (await facts()).find(({ reason }) => /removed/.test(reason));
}

test("what takes away holds though access.db fails, and the audit has it", async () => {
  owner("gina", "trader");
  const gina = await server.person("gina", PASSWORD);
  const obstacle = join(server.dir, "access.db-journal");
  rmSync(obstacle, { force: true });
  mkdirSync(obstacle);
  try {
    const reply = await admin.delete("/users/gina");
    assert.deepEqual([reply.status, reply.body.code], [500, "io"], reply.text);
    assert.equal((await gina.get("/me")).status, 401);
    const fact = await removed(risk1, "gina");
    assert.deepEqual(fact.new, { stored: false }, JSON.stringify(fact));
  } finally {
    rmdirSync(obstacle);
  }
});

test("while storage is suspect accounts and tokens are only taken away", async () => {
  const other = await Server.start({ config: configWith(scratch(), QUIET) });
  const boss = await other.person("admin");
  assert.equal((await boss.post("/users", { user: "vera", role: "viewer", password: PASSWORD })).status, 201);
  assert.equal((await boss.post("/tokens", { name: "dog", scope: "kill" })).status, 201);
  const etag = async (user) => ({ "If-Match": (await boss.get(`/users/${user}`)).headers.etag });
  rmSync(join(other.dir, "journal"), { recursive: true });
  await until("storage suspect", async () => (await boss.get("/status")).body.storage === "suspect", 10000);
  for (const refused of [
    await boss.post("/users", { user: "nora", role: "viewer", password: PASSWORD }),
    await boss.post("/users", { user: "nora", role: "risk", password: PASSWORD }),
    await boss.post("/tokens", { name: "cat", scope: "kill" }),
    await boss.patch("/users/vera", { role: "trader" }, await etag("vera")),
    await boss.delete("/users/vera/totp"),
    await boss.delete("/me/totp"),
  ]) {
    assert.deepEqual([refused.status, refused.body.code], [503, "storage"], refused.text);
  }
  const made = verb("token", "create", "--data", other.dir, "--name", "cat", "--scope", "kill");
  assert.deepEqual([made.code, made.out], [69, ""], made.err);
  assert.equal((await boss.patch("/users/trader", { role: "viewer" }, await etag("trader"))).status, 200);
  assert.equal((await boss.delete("/users/vera")).status, 204);
  assert.equal((await boss.delete("/tokens/dog")).status, 204);
  await other.stop("SIGKILL");
});
