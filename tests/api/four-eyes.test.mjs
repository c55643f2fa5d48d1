// Four eyes against one admin alone: what the second person sees is whom and what is given, and by whom.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";

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
