// The verbs that look at what was, put it back, and ask what if: limits and settings, over the Unix socket.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { QUIET, Server, configWith, scratch, verb } from "./server.mjs";
import { until } from "./wait.mjs";

const BTC = ["--scope", "instrument/sim:BTCUSDT"];
const WHY = ["--reason", "a test"];
let server;

before(async () => {
  server = await Server.start({ config: configWith(scratch(), QUIET, [/^engine:$/m, "engine:\n  silent_ms: 30000"]) });
});
after(() => server?.stop());

const local = (...args) => verb(...args, "--data", server.dir);

function json(...args) {
  const done = local(...args, "--json");
  assert.equal(done.code, 0, `${args.join(" ")}: ${done.err}`);
  return JSON.parse(done.out);
}

const inForce = () => json("limits", "get", ...BTC);

test("limits: what two generations differ in, and the way back", () => {
  const { generation } = json("limits", "set", ...BTC, ...WHY, "max_order_lots=400");
  assert.equal(local("limits", "set", ...BTC, ...WHY, "max_order_lots=300").code, 0);
  const diff = json("limits", "diff", ...BTC, "--from", String(generation));
  assert.deepEqual(diff.diff, [{ name: "max_order_lots", old: 400, new: 300 }]);
  assert.match(local("limits", "diff", ...BTC, "--from", String(generation)).out, /max_order_lots +400 +-> +300/);
  assert.match(local("limits", "diff", ...BTC, "--from", String(generation), "--to", String(generation)).out, /are the same/);
  assert.equal(local("limits", "diff", ...BTC).code, 64);

  const looser = local("limits", "revert", ...BTC, ...WHY, "--to", String(generation));
  assert.equal(looser.code, 0, looser.err);
  assert.match(looser.out, /max_order_lots +300 +-> +400/);
  assert.equal(inForce().limits.max_order_lots, 300, "it waits for a second person");
  assert.match(local("limits", "revert", ...BTC, ...WHY, "--to", "x").err, /--to is a number/);
  assert.equal(local("limits", "revert", ...BTC, ...WHY, "--to", String(generation), "--if-generation", "0").code, 69);
});

test("limits: present use stands beside each, and what if is told without a change", () => {
  assert.match(local("limits", "get").out, /^SCOPE +LIMIT +VALUE +UNIT +USED %\n/);
  const firm = json("limits", "get").items.find(({ scope }) => scope === "firm");
  assert.match(firm.used_percent.max_open_orders, /^\d+\.\d\d$/);
  assert.equal(firm.used_percent.max_order_lots, null, "of single orders nothing stays");
  const before_ = inForce();
  const answer = json("limits", "what-if", "--scope", "firm", "--minutes", "5", "max_open_orders=10", "max_net_notional=100");
  assert.equal(answer.minutes_asked, 5);
  assert.ok(answer.minutes >= 1 && answer.minutes <= 5, "those that there were");
  const { max_open_orders: use } = answer.present.firm;
  assert.deepEqual([use.in_force, use.proposed], [50, 10]);
  assert.match(use.would_use_percent, /^\d+\.\d\d$/);
  assert.match(local("limits", "what-if", "--scope", "firm", "max_open_orders=10").out, /firm +max_open_orders +50 +\S+ +10/);
  assert.deepEqual(inForce(), before_);
  assert.match(local("limits", "what-if", "--scope", "firm", "max_open_order=10").err, /did you mean max_open_orders/);
  assert.match(local("limits", "what-if", "--scope", "firm", "--minutes", "x", "max_open_orders=1").err, /--minutes is a number/);
});

test("settings: looked at, set at once or proposed, and taken back", async () => {
  assert.match(local("config", "get", "log.level").out, /log\.level +info +- +file +live/);
  assert.equal(local("config", "get", "log.levels").code, 64);
  const set = local("config", "set", "engine.batch_messages=4", ...WHY);
  assert.equal(set.code, 0, set.err);
  assert.match(set.out, /CHANGED, version 1\n.*\nengine\.batch_messages +0 +4 +override/);
  const looser = local("config", "set", "engine.step_budget_ms=40", ...WHY);
  assert.equal(looser.code, 0, looser.err);
  assert.match(looser.out, /engine\.step_budget_ms +20 +-> +40/);
  assert.equal(local("config", "set", "log.level=error", ...WHY, "--if-version", "0").code, 69);
  assert.match(local("config", "set", "log.level", ...WHY).err, /wanted SETTING=VALUE/);
  assert.match(local("config", "set", "log.level=a", "log.level=b", ...WHY).err, /given twice/);
  await until("the change in the audit", () => /engine\.batch_messages +0 -> 4/.test(local("config", "history").out));
  const back = local("config", "revert", "--to", "0", ...WHY);
  assert.equal(back.code, 0, back.err);
  assert.match(local("config", "get", "engine.batch_messages").out, /engine\.batch_messages +0 +- +default/);
});
