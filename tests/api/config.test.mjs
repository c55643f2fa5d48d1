// Settings: read, changed at once or for the next start, by one person or two, found again after a restart.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

let server;
let risk1;
let risk2;
let viewer;
const folder = scratch();
const dir = join(folder, "data");
// A loaded machine must not halt the firm by itself.
const config = configWith(folder, QUIET, [/^engine:$/m, "engine:\n  silent_ms: 30000"]);

async function enter() {
  server = await Server.start({ dir, config });
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
  viewer = await server.person("viewer");
}

before(enter);
after(() => server.stop());

const look = async (person = viewer) => (await person.get("/config")).body;
const item = async (path) => (await look()).items.find((one) => one.path === path);

async function change(settings, { who = risk1, reason = "test", version, headers = {} } = {}) {
  const match = { "If-Match": `"${version ?? (await look()).version}"` };
  return who.patch("/config", { settings, reason }, { ...match, ...headers });
}

async function halt() {
  await until("a halt", async () => {
    const { items } = (await risk1.get("/trading-state")).body;
    const { version, state } = items.find(({ scope }) => scope === "firm");
    const wanted = { state: "HALTED", reason: "to change settings" };
    return state === "HALTED" || (await risk1.put("/trading-state/firm", wanted, version)).status === 200;
  });
}

test("every setting says what it is, where it comes from and when it may change", async () => {
  const reply = await viewer.get("/config");
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers.etag, `"${reply.body.version}"`);
  assert.match(reply.body.config_hash, /^[0-9a-f]{64}$/);
  assert.equal(reply.body.pending_restart, false);
  const printed = verb("spec", "config").out;
  for (const one of reply.body.items) {
    const members = "change,default,file,looser,path,pending,range,says,source,value";
    assert.equal(Object.keys(one).sort().join(), members);
    assert.ok(["live", "needs_halt", "needs_restart"].includes(one.change));
    assert.ok(["default", "file"].includes(one.source), one.path);
    assert.ok(printed.includes(`\`${one.path}\``), one.path);
  }
  assert.deepEqual(
    (({ value, source, change: when }) => ({ value, source, when }))(await item("journal.low_water")),
    { value: "64 MiB", source: "file", when: "live" },
  );
});

test("a change needs role risk, a version, a reason and a session that was confirmed", async () => {
  assert.equal((await change({ "log.level": "warn" }, { who: viewer })).status, 403);
  assert.equal((await risk1.patch("/config", { settings: { "log.level": "warn" }, reason: "x" })).status, 428);
  assert.equal((await change({ "log.level": "warn" }, { reason: "" })).status, 400);
  assert.equal((await change({ "log.level": "warn" }, { version: 4711 })).status, 412);
  assert.equal((await look()).version, 0);
});

const REFUSED = [
  ["an unknown path", { "audit.anchors": 5 }, 422, "unknown_setting", /"audit\.anchors"/],
  ["out of range", { "audit.anchor_s": 0 }, 422, "out_of_range", /^audit\.anchor_s: 0 is outside 1\.\.3600$/],
  ["no number", { "audit.anchor_s": "soon" }, 422, "out_of_range", /'soon' is not a whole number/],
  ["a choice that is none", { "log.level": "debug" }, 422, "out_of_range", /none of info\|warn\|error/],
  ["an object", { "log.level": {} }, 400, "malformed", /log\.level: wanted a text/],
  ["the address", { listen: "0.0.0.0:80" }, 422, "not_supported", /^listen: only the configuration file/],
  ["the mode", { mode: "live" }, 422, "not_supported", /^mode: /],
  ["a cap", { "caps.firm.max_order_lots": 9 }, 422, "not_supported", /no API call goes above a cap/],
  ["a limit", { "limits.firm": 9 }, 422, "not_supported", /PUT \/limits/],
  ["nothing", {}, 400, "malformed", /1 to 32 members/],
];
for (const [what, settings, status, code, detail] of REFUSED) {
  test(`${what} is refused by name, and nothing of it is applied`, async () => {
    const reply = await change(Object.keys(settings).length ? { "log.level": "warn", ...settings } : settings);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.body.code, code);
    assert.match(reply.body.detail, detail);
    assert.equal((await item("log.level")).value, "info");
  });
}

test("a live setting is in force at once, in the history and in the trail", async () => {
  const before_ = await look();
  const reply = await change({ "journal.sync_ms": 15, "audit.anchor_s": 1 }, { reason: "quiet night" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.version, before_.version + 1);
  assert.equal(reply.headers.etag, `"${reply.body.version}"`);
  assert.notEqual(reply.body.config_hash, before_.config_hash);
  const { value, source, pending } = await item("journal.sync_ms");
  assert.deepEqual({ value, source, pending }, { value: "15", source: "override", pending: null });
  assert.equal((await viewer.get("/status")).body.config_hash, reply.body.config_hash);
  const first = await until("the history", async () => (await viewer.get("/config/history")).body.items[0]);
  assert.equal(first.version, reply.body.version);
  assert.equal(first.actor, "risk1");
  assert.equal(first.reason, "quiet night");
  assert.deepEqual(first.changes, [
    { path: "journal.sync_ms", old: "20", new: "15" },
    { path: "audit.anchor_s", old: "60", new: "1" },
  ]);
  assert.equal((await risk1.get("/audit?kind=config")).body.items[0].new.version, reply.body.version);
});

test("a quieter log needs a second person, a louder one does not", async () => {
  const proposed = await change({ "log.level": "warn" }, { reason: "too much of it" });
  assert.equal(proposed.status, 202, proposed.text);
  assert.deepEqual(proposed.body.diff, [{ name: "log.level", old: "info", new: "warn" }]);
  assert.equal((await risk2.post(`/approvals/${proposed.body.id}/approve`, {})).status, 200);
  assert.equal((await item("log.level")).value, "warn");
  const size = server.err.length;
  const { generation } = (await risk1.get("/limits/firm")).body;
  await risk1.put("/limits/firm", { limits: { max_open_orders: 40 }, reason: "is not logged now" }, generation);
  assert.ok(!server.err.slice(size).includes("is not logged now"));
  assert.equal((await change({ "log.level": "info" })).status, 200);
});

test("what loosens waits for a second person, and is dropped when something else has changed", async () => {
  const proposed = await change({ "engine.silent_ms": 50000 }, { reason: "slow machine" });
  assert.equal(proposed.status, 202, proposed.text);
  assert.equal(proposed.body.kind, "config");
  assert.equal(proposed.headers.location, `/api/v1/approvals/${proposed.body.id}`);
  assert.deepEqual(proposed.body.diff, [{ name: "engine.silent_ms", old: "30000", new: "50000" }]);
  assert.equal((await item("engine.silent_ms")).value, "30000");
  assert.equal((await risk1.post(`/approvals/${proposed.body.id}/approve`, {})).body.code, "self_approval");
  const approved = await risk2.post(`/approvals/${proposed.body.id}/approve`, { reason: "seen" });
  assert.equal(approved.status, 200, approved.text);
  assert.equal((await item("engine.silent_ms")).value, "50000");

  const late = await change({ "engine.silent_ms": 60000 });
  assert.equal((await change({ "journal.sync_ms": 14 })).status, 200);
  assert.equal((await risk2.post(`/approvals/${late.body.id}/approve`, {})).status, 412);
  const tighter = await change({ "engine.silent_ms": 40000 });
  assert.equal(tighter.status, 200, tighter.text);
});

test("two at once: one is told that it is stale", async () => {
  const { version } = await look();
  const both = [risk1, risk2].map((who, i) => change({ "journal.low_water": `${65 + i} MiB` }, { who, version }));
  const statuses = (await Promise.all(both)).map(({ status }) => status).sort();
  assert.deepEqual(statuses.filter((status) => status === 412).length, 1, String(statuses));
});

test("what needs a halt is refused while the firm trades", async () => {
  const reply = await change({ "engine.stuck_ms": 90 });
  assert.equal(reply.status, 409, reply.text);
  assert.match(reply.body.detail, /engine\.stuck_ms changes only while the firm is HALTED/);
});

test("what needs a restart waits for it and says so; after it all overrides are in force", async () => {
  await halt();
  assert.equal((await change({ "engine.stuck_ms": 90 })).status, 200);
  assert.equal((await item("engine.stuck_ms")).value, "90");
  const reply = await change({ "engine.step_budget_ms": "15.5" });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.body.pending_restart, true);
  assert.equal((await viewer.get("/status")).body.pending_restart, true);
  const { value, pending } = await item("engine.step_budget_ms");
  assert.deepEqual({ value, pending }, { value: "20", pending: "15.5" });
  const shown = await look();
  await server.stop("SIGKILL");
  await enter();
  const now = await look();
  assert.equal(now.version, shown.version);
  assert.equal(now.config_hash, shown.config_hash);
  assert.equal(now.pending_restart, false);
  assert.equal((await item("engine.step_budget_ms")).value, "15.5");
  assert.equal((await item("engine.silent_ms")).value, "40000");
});

test("an earlier version comes back, and a null goes back to the file", async () => {
  const { version } = await look();
  assert.equal((await change({ "engine.batch_messages": 4 })).status, 200);
  assert.equal((await item("engine.batch_messages")).pending, "4");
  const revert = (to, at) => risk1.post("/config/revert", { to, reason: "as it was" }, { "If-Match": `"${at}"` });
  const back = await revert(version, version + 1);
  assert.equal(back.status, 200, back.text);
  assert.equal(back.body.version, version + 2);
  assert.equal(back.body.pending_restart, false);
  assert.equal((await item("engine.batch_messages")).source, "default");
  const free = await change({ "engine.step_budget_ms": null }, { version: version + 2 });
  assert.equal(free.status, 202, free.text);
  const none = await revert(9999, version + 2);
  assert.equal(none.status, 404, none.text);
  const loosens = await revert(0, version + 2);
  assert.equal(loosens.status, 202, loosens.text);
});

test("the history is paged by key", async () => {
  const all = (await viewer.get("/config/history?limit=100")).body.items;
  const first = (await viewer.get("/config/history?limit=2")).body;
  assert.equal(first.items.length, 2);
  const second = (await viewer.get(`/config/history?limit=2&cursor=${first.next}`)).body;
  assert.deepEqual([...first.items, ...second.items], all.slice(0, 4));
});

test("a run with overrides is replayed to the byte", async () => {
  await server.stop();
  const replayed = verb("replay", "--data", dir);
  assert.equal(replayed.code, 0, replayed.out + replayed.err);
  assert.match(replayed.out, /the same to the byte/);
  await enter();
});

test("check shows the overrides, and a start refuses one that no longer fits until it is forgotten", async () => {
  await server.stop();
  const shown = verb("check", "--config", config, "--data", dir);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /override engine\.silent_ms = 40000/);
  const file = join(dir, "control.db");
  const text = readFileSync(file, "latin1");
  writeFileSync(file, text.replaceAll('"engine.silent_ms":"40000"', '"engine.silent_ms":"00040"'), "latin1");
  const refused = verb("run", "--config", config, "--data", dir, "--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0");
  assert.equal(refused.code, 78, refused.err);
  assert.match(refused.err, /override of engine\.silent_ms.*00040 is outside 100\.\.60000.*--forget engine\.silent_ms/);
  assert.equal(verb("check", "--config", config, "--data", dir).code, 78);
  const forgot = verb("check", "--config", config, "--data", dir, "--forget", "engine.silent_ms");
  assert.equal(forgot.code, 0, forgot.err);
  assert.doesNotMatch(verb("check", "--config", config, "--data", dir).out, /engine\.silent_ms/);
  await enter();
  assert.equal((await item("engine.silent_ms")).value, "30000");
});
