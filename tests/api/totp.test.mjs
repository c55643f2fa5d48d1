// The second factor: a code is good once.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import { code } from "./totp.mjs";

let server;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET) });
});

after(async () => {
  assert.equal(await server.stop(), 0);
});

function logIn(user, totp, password = server.passwords()[user]) {
  return server.anonymous().post("/session", { user, password, ...(totp ? { totp } : {}) });
}

test("begun, confirmed, wanted at log-in, and removed", async () => {
  const risk1 = await server.person("risk1");
  assert.equal((await risk1.post("/me/totp/confirm", { code: "000000" })).status, 409);
  const { status, body } = await risk1.post("/me/totp");
  assert.equal(status, 200);
  assert.match(body.uri, /^otpauth:\/\/totp\/Pitwall:risk1\?secret=[A-Z2-7]{32}&/);
  assert.equal((await risk1.post("/me/totp/confirm", { code: "abc" })).status, 401);
  assert.equal((await risk1.post("/me/totp/confirm", { code: code(body.secret, -1) })).status, 204);
  assert.equal((await risk1.post("/me/totp")).status, 409);

  assert.equal((await logIn("risk1", undefined, "not the password")).body.code, "bad_credentials");
  const missing = await logIn("risk1");
  assert.deepEqual([missing.status, missing.body.code], [401, "totp_required"]);
  const now = code(body.secret);
  assert.equal((await logIn("risk1", now)).status, 200);
  assert.equal((await logIn("risk1", now)).body.code, "bad_credentials");

  const { text } = await (await server.person("admin")).get("/users");
  assert.doesNotMatch(text, new RegExp(body.secret));
  assert.equal((await risk1.delete("/me/totp")).status, 204);
  assert.equal((await logIn("risk1")).status, 200);
});

test("an admin removes what somebody has lost", async () => {
  const risk2 = await server.person("risk2");
  const { body } = await risk2.post("/me/totp");
  assert.equal((await risk2.post("/me/totp/confirm", { code: code(body.secret) })).status, 204);
  const admin = await server.person("admin");
  assert.equal((await admin.get("/users/risk2")).body.totp, true);
  assert.equal((await admin.delete("/users/risk2/totp")).status, 204);
  assert.equal((await admin.delete("/users/risk2/totp")).status, 404);
  assert.equal((await logIn("risk2")).status, 200);
});
