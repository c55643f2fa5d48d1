// Mode live: a strategy is off until two people arm it, and for a day its limits stay below a ceiling.

import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Venue } from "../venue/venue.mjs";
import { bybitInstead, configWith, scratch, Server, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const NAME = "bybit-linear:BTCUSDT";
const MAKER = "/limits/strategy/maker";
const DAY_MS = 24 * 3600 * 1000;
const dir = join(scratch(), "data");
let venue;
let server;
let config;
let risk1;
let risk2;
let armed;

async function start() {
  server = await Server.start({ dir, config });
  risk1 = await server.person("risk1");
  risk2 = await server.person("risk2");
}

before(async () => {
  venue = await Venue.start();
  const [{ key, secret }] = venue.keys;
  const keyFile = join(scratch(), "key.json");
  writeFileSync(keyFile, JSON.stringify({ key, secret }), { mode: 0o600 });
  const where = `environment: custom, rest: "${venue.url}", stream: "${venue.url.replace("http", "ws")}"`;
  config = configWith(
    scratch(),
    ["mode: sim", "mode: live"],
    ...bybitInstead(NAME, `${where}, key_file: "${keyFile}"`),
  );
  appendFileSync(config, "\nfirst_day:\n  strategy/maker: {max_order_lots: 30, max_open_orders: 10}\n");
  await start();
});

after(async () => {
  assert.equal(await server.stop(), 0);
  await venue.stop();
});

async function strategy(name) {
  const reply = await risk1.get(`/strategies/${name}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

const limits = async (path = MAKER) => (await risk1.get(path)).body;

async function put(values, path = MAKER) {
  return risk1.put(path, { limits: values, reason: "a test" }, (await limits(path)).generation);
}

async function proposeOn(name) {
  const { version } = await strategy(name);
  const reply = await risk1.put(`/strategies/${name}`, { enabled: true, reason: "armed" }, version);
  assert.equal(reply.status, 202, reply.text);
  return reply.body;
}

const approve = (id) => risk2.post(`/approvals/${id}/approve`, {});

async function row(kind, fits) {
  return until(`an audit row of ${kind}`, async () => {
    const { items } = (await risk1.get(`/audit?kind=${kind}&limit=100`)).body;
    return items.find(fits);
  }, 10000);
}

function assertOverCeiling(reply, name = "maker") {
  assert.equal(reply.status, 422, reply.text);
  assert.equal(reply.body.code, "over_cap");
  assert.match(reply.body.detail, /^max_\w+ cannot be \d+: until \d{4}-\d\d-\d\dT[\d:]{8}Z the first-day ceiling of strategy\/\w+ is \d+$/);
  assert.ok(reply.body.detail.includes(`strategy/${name} `), reply.body.detail);
}

test("what was never armed is off, whatever the file says, and the audit says why", async () => {
  for (const name of ["maker", "momentum"]) {
    const { enabled, armed: is } = await strategy(name);
    assert.deepEqual([enabled, is], [false, null]);
    const off = await row("strategy", ({ scope, actor }) => scope === `strategy/${name}` && actor === "pitwall/arming");
    assert.match(off.reason, /not armed yet: two people switch it on/);
  }
  assert.equal((await limits()).first_day, null);
});

test("armed by two people: limits come down first, then it is on, and both are shown", async () => {
  const raise = await put({ max_open_orders: 25 });
  assert.equal(raise.status, 202, raise.text);
  const { id } = await proposeOn("maker");
  const done = await approve(id);
  assert.equal(done.status, 200, done.text);
  const is = await strategy("maker");
  armed = is.armed;
  assert.equal(is.enabled, true);
  assert.equal(armed.by, "risk2");
  const leftMs = Number(BigInt(armed.first_day_until_ns) / 1000000n) - Date.now();
  assert.ok(leftMs > DAY_MS - 60000 && leftMs <= DAY_MS, `${leftMs}`);
  const now = await limits();
  assert.equal(now.limits.max_order_lots, 30, "the firm's bound it before");
  assert.equal(now.limits.max_open_orders, 10);
  assert.equal(now.first_day.until_ns, armed.first_day_until_ns);
  assert.deepEqual(now.first_day.ceiling, { ...now.first_day.ceiling, max_order_lots: 30, max_open_orders: 10, max_messages_per_s: 100 });
  assert.equal((await strategy("momentum")).armed, null);
  const down = await row("limits", ({ scope, actor }) => scope === "strategy/maker" && actor === "pitwall/arming");
  assert.equal(down.new.max_open_orders, 10);
  assert.equal((await approve(raise.body.id)).status, 412, "what it builds on has changed");
});

test("no limit of it is raised above the ceiling, also not one that is not named", async () => {
  assertOverCeiling(await put({ max_open_orders: 11 }));
  assertOverCeiling(await put({ max_messages_per_s: 101 }));
  assert.equal((await put({ max_open_orders: 8 })).status, 200);
  const raise = await put({ max_open_orders: 10 });
  assert.equal(raise.status, 202, raise.text);
  assert.equal((await approve(raise.body.id)).status, 200);
  assert.equal((await limits()).limits.max_open_orders, 10);
  assert.equal((await put({ max_order_lots: 40 }, "/limits/strategy/momentum")).status, 200, "another's day is not this one's");
});

test("a raise that was proposed before it was armed is not approved above the ceiling, nor is a way back", async () => {
  const path = "/limits/strategy/momentum";
  const { generation: first } = await limits(path);
  assert.equal((await put({ max_messages_per_s: 10 }, path)).status, 200);
  const raise = await put({ max_messages_per_s: 15 }, path);
  assert.equal(raise.status, 202, raise.text);
  assert.equal((await approve((await proposeOn("momentum")).id)).status, 200);
  assertOverCeiling(await approve(raise.body.id), "momentum");
  assert.equal((await risk2.get(`/approvals/${raise.body.id}`)).body.state, "pending");
  const refused = await row("refused", ({ scope }) => scope === "strategy/momentum");
  assert.equal(refused.actor, "risk2");
  const { generation } = await limits(path);
  const back = { to: first, reason: "a test" };
  assertOverCeiling(await risk1.post(`${path}/revert`, back, { "If-Match": `"${generation}"` }), "momentum");
  assert.equal((await limits(path)).limits.max_messages_per_s, 10);
});

test("after a kill -9 within the day it is on, and the ceiling the same", async () => {
  const earlier = (await limits()).first_day;
  await server.stop("SIGKILL");
  await start();
  const is = await strategy("maker");
  assert.equal(is.enabled, true, "armed once, a restart leaves it as it was");
  assert.equal(is.armed.at_ns, armed.at_ns);
  const now = (await limits()).first_day;
  assert.deepEqual(now.ceiling, earlier.ceiling);
  const movedMs = Math.abs(Number((BigInt(now.until_ns) - BigInt(earlier.until_ns)) / 1000000n));
  assert.ok(movedMs < 1000, `its end has moved by ${movedMs} ms`);
  assertOverCeiling(await put({ max_open_orders: 11 }));
});

test("switched off and on again it has no second day", async () => {
  const { version } = await strategy("maker");
  assert.equal((await risk1.put("/strategies/maker", { enabled: false, reason: "a test" }, version)).status, 200);
  assert.equal((await approve((await proposeOn("maker")).id)).status, 200);
  const is = await strategy("maker");
  assert.deepEqual([is.enabled, is.armed.at_ns], [true, armed.at_ns]);
});

test("the command line shows both", () => {
  const shown = verb("strategies", "--data", dir);
  assert.match(shown.out, /armed \S+ \S+ by risk2, first day until \S+/, shown.out + shown.err);
  const { out, err } = verb("limits", "get", "--data", dir, "--scope", "strategy/maker");
  assert.match(out, /First day of strategy\/maker, until .*max_open_orders=10/, out + err);
});
