// Who may do what: log-in, roles, CSRF, Origin, and the whole table of routes times everybody.

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, ROOT, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

let server;
const who = {};

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
  who.nobody = server.anonymous();
  who.stranger = Object.assign(server.anonymous(), { token: "pw_nobodyknowsthistoken" });
  for (const user of ["viewer", "trader", "risk1", "admin"]) {
    who[user] = await server.person(user);
  }
  for (const scope of ["metrics", "kill", "audit-read"]) {
    who[scope] = server.program(`t-${scope}`, ["--scope", scope]);
  }
  who.manager = server.program("t-manager", ["--role", "admin"]);
  who.robot = server.program("t-robot", ["--role", "risk"]);
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

/** The callers that a row's role lets in, as the head of routes.def says. */
const LETS = {
  NONE: Object.keys,
  ANY: () => ["viewer", "trader", "risk1", "admin", "manager", "robot", "metrics", "kill", "audit-read"],
  PERSON: () => ["viewer", "trader", "risk1", "admin"],
  VIEWER: () => ["viewer", "trader", "risk1", "admin", "manager", "robot"],
  TRADER: () => ["trader", "risk1", "admin", "manager", "robot"],
  RISK: () => ["risk1", "admin", "manager", "robot"],
  ADMIN: () => ["admin", "manager"],
  MANAGES: () => ["admin"],
  DECIDES: () => ["risk1", "admin"], // which of them: by the kind of what is decided
  METRICS: () => ["admin", "manager", "metrics"],
  KILL: () => ["trader", "risk1", "admin", "manager", "robot", "kill"],
  AUDIT: () => ["risk1", "admin", "manager", "robot", "audit-read"],
};

const ROUTES = [
  ...readFileSync(join(ROOT, "server/tables/routes.def"), "utf8").matchAll(
    /^ROUTE\((\w+),\s*"([^"]+)",\s*(\w+),\s*(\w+),/gm,
  ),
].map(([, method, path, role, where]) => ({ method, path, role, where }));

/** A path that exists as a route but changes nothing: names in it are of nothing. */
function harmless(path) {
  return path.replace("{scope}", "venue/none").replace("{instrument}", "none:NONE").replace(/\{\w+\}/, "K0-0");
}

test("the table of routes is not empty", () => {
  assert.ok(ROUTES.length > 40);
});

for (const { method, path, role, where } of ROUTES) {
  // These two are told apart by what they carry, not by who asks; and a log-out would end the test.
  if (where === "STREAM" || role === "NONE" || (method === "DELETE" && /\/sessions?$/.test(path))) {
    continue;
  }
  test(`${method} ${path.slice(1).replaceAll("/", " ")} lets in ${role} and nobody else`, async () => {
    const body = method === "GET" || method === "DELETE" ? undefined : { nonsense: true };
    const allowed = LETS[role](who);
    for (const [name, caller] of Object.entries(who)) {
      const reply = await caller.call(method, harmless(path), body);
      const refused = reply.status === 401 || (reply.status === 403 && reply.body.code !== "reauth_required");
      const detail = `${name}: ${reply.status} ${reply.text}`;
      if (name === "nobody" || name === "stranger") {
        assert.equal(reply.status, 401, detail);
        assert.equal(reply.headers["www-authenticate"], "Bearer");
      } else if (allowed.includes(name)) {
        assert.ok(!refused || (path === "/api/v1/me" && method === "PATCH"), detail);
      } else {
        assert.equal(reply.status, 403, detail);
      }
    }
  });
}

test("a log-in gives a cookie that no script can read", async () => {
  const caller = server.anonymous();
  caller.user = "viewer";
  const reply = await caller.logIn(server.passwords().viewer);
  assert.match(reply.headers["set-cookie"][0], /^pitwall_session=[\w-]{40,}; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.deepEqual(Object.keys(reply.body).slice(0, 3), ["user", "role", "csrf"]);
  assert.match(reply.body.expires_ns, /^\d{19}$/);
  const { body } = await caller.get("/me");
  assert.equal(body.user, "viewer");
  assert.equal(body.csrf, reply.body.csrf);
});

test("a wrong password and an unknown user get the same answer", async () => {
  const wrong = await who.nobody.post("/session", { user: "trader", password: "not this one" });
  const unknown = await who.nobody.post("/session", { user: "nemo", password: "not this one" });
  assert.equal(wrong.status, 401);
  assert.equal(unknown.status, 401);
  assert.equal(wrong.body.code, "bad_credentials");
  assert.deepEqual({ ...wrong.body, request_id: "" }, { ...unknown.body, request_id: "" });
});

test("guessing is slowed down and says when to come back", async () => {
  const replies = [];
  for (let i = 0; i < 12; i++) {
    replies.push(await who.nobody.post("/session", { user: "risk2", password: `guess number ${i}` }));
  }
  const throttled = replies.find((reply) => reply.status === 429);
  assert.ok(throttled, "never throttled");
  assert.ok(Number(throttled.headers["retry-after"]) >= 1);
});

test("a write by cookie needs the session's CSRF value", async () => {
  const body = { scope: "firm", reason: "forged" };
  for (const token of [null, "", "wrong", who.viewer.csrf]) {
    const reply = await who.trader.post("/kill", body, { "X-CSRF-Token": token });
    assert.equal(reply.status, 403);
    assert.equal(reply.body.code, "csrf");
  }
});

test("a request from another site is refused, read or write", async () => {
  for (const headers of [
    { Origin: "http://evil.example" },
    { Origin: "null" },
    { Origin: server.url.replace("http", "https") },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" }, // another port of this machine gets the cookie too
  ]) {
    for (const reply of [
      await who.trader.post("/kill", { scope: "firm", reason: "forged" }, headers),
      await who.trader.get("/positions", headers),
      await who.nobody.post("/session", { user: "viewer", password: "x" }, headers),
    ]) {
      assert.equal(reply.status, 403);
      assert.equal(reply.body.code, "foreign_origin");
    }
  }
  const own = await who.trader.get("/positions", { Origin: server.url, "Sec-Fetch-Site": "same-origin" });
  assert.equal(own.status, 200);
});

for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", null]) {
  test(`what a form can send is not heard: ${type?.replaceAll("/", " ")}`, async () => {
    for (const [caller, path, body] of [
      [who.trader, "/kill", '{"scope":"firm","reason":"forged"}'],
      [who.admin, "/users", `{"user":"mallory","role":"viewer","password":"${"x1".repeat(9)}"}`],
      [who.nobody, "/session", '{"user":"viewer","password":"x"}'],
    ]) {
      const reply = await caller.post(path, body, { "Content-Type": type });
      assert.equal(reply.status, 415, reply.text);
      assert.equal(reply.body.code, "media_type");
    }
    assert.equal((await who.admin.get("/users/mallory")).status, 404);
    const { items } = (await who.trader.get("/trading-state")).body;
    assert.equal(items.find(({ scope }) => scope === "firm").state, "ACTIVE");
  });
}

test("a GET of what only a write may do changes nothing", async () => {
  for (const path of ["/kill?scope=firm&reason=x", "/session", "/me/totp", "/stream/ticket", "/resume"]) {
    const reply = await who.admin.get(path);
    assert.ok([400, 404, 405].includes(reply.status), `${path}: ${reply.status}`);
  }
  assert.equal((await who.admin.get("/me")).status, 200);
});

test("a log-out ends the session", async () => {
  const caller = await server.person("viewer");
  const reply = await caller.delete("/session");
  assert.equal(reply.status, 204);
  assert.match(reply.headers["set-cookie"][0], /Max-Age=0/);
  assert.equal((await caller.get("/me")).status, 401);
});

test("refusals are in the audit with who and what", async () => {
  await until("the audit row", async () => {
    // Again each time: so many a second are recorded, and the tests before have used them up.
    await who.viewer.post("/kill", { scope: "firm", reason: "not mine to do" });
    const { items } = (await who.risk1.get("/audit?kind=refused&actor=viewer")).body;
    return items.some((row) => /POST \/api\/v1\/kill: forbidden/.test(row.reason));
  });
  await until("the log-in that failed", async () => {
    const { items } = (await who.risk1.get("/audit?kind=login_failed")).body;
    return items.some((row) => row.actor === "nemo");
  });
});

test("without --demo there is an admin who must change the password first", async () => {
  const fresh = await Server.start({ config: configWith(scratch(), QUIET), demo: false });
  try {
    assert.deepEqual(Object.keys(fresh.passwords()), ["admin"]);
    assert.equal(statSync(join(fresh.dir, "first-login")).mode & 0o777, 0o600);
    const admin = await fresh.person("admin");
    const early = await admin.get("/status");
    assert.equal(early.status, 403);
    assert.equal(early.body.code, "password_change_required");
    const me = "/v1/me";
    const old = fresh.passwords().admin;
    const weak = await admin.call("PATCH", me, { password: old, new_password: "short" });
    assert.equal(weak.body.code, "weak_password");
    const wrong = await admin.call("PATCH", me, { password: "not the old", new_password: "a long new password" });
    assert.equal(wrong.status, 401);
    const done = await admin.call("PATCH", me, { password: old, new_password: "a long new password" });
    assert.equal(done.status, 200, done.text);
    assert.equal((await admin.get("/status")).status, 200);

    const file = join(scratch(), "password");
    writeFileSync(file, "another long password\n", { mode: 0o600 });
    const made = verb("user", "create", "--data", fresh.dir, "--name", "eve", "--role", "viewer", "--password-file", file);
    assert.equal(made.code, 0, made.err);
    await fresh.person("eve", "another long password");
  } finally {
    assert.equal(await fresh.stop(), 0);
  }
});

test("first-login and the socket are for the owner only", () => {
  assert.equal(statSync(server.dir).mode & 0o777, 0o700);
  assert.equal(statSync(join(server.dir, "control.sock")).mode & 0o777, 0o600);
});

test("what only the socket may ask is not there on the network", async () => {
  assert.equal((await who.admin.call("POST", "/local/users", { name: "x" })).status, 404);
});
