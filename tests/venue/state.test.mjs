// What is kept by --state: through kill -9, by uid, with ids that never come again.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { BIN, Venue, scratch, sleep } from "./venue.mjs";

const call = (...args) =>
  spawnSync(BIN, ["venue", "--listen", "127.0.0.1:0", ...args], { encoding: "utf8", timeout: 3000 });

const account = (uid, usdt) => ({
  uid,
  keys: [{ key: `k${uid}`, secret: "s", permissions: ["ContractTrade", "Spot"] }],
  balances: { USDT: usdt },
});

function accounts(...list) {
  const file = join(scratch(), "accounts.json");
  writeFileSync(file, JSON.stringify(list));
  return file;
}

const balances = async (venue) =>
  Object.fromEntries(
    (await venue.bot().call("GET", "/sim/state")).accounts.map(({ uid, balances }) => [uid, Number(balances.USDT)]),
  );

const orders = async (venue) =>
  (await venue.bot().call("GET", "/sim/state")).accounts[0].orders.map(({ orderId }) => orderId);

async function executions(bot) {
  return (await bot.get("/v5/execution/list", "category=linear&limit=100")).body.result.list.map(({ execId }) => execId);
}

test("kill -9 loses at most a second, and no id of a life comes again in the next", async () => {
  const args = ["--state", join(scratch(), "state"), "--limits", "off", "--seed", "3"];
  const seen = new Set();
  let kept = [];
  for (let life = 0; life < 3; life++) {
    const venue = await Venue.start(...args);
    const bot = venue.bot();
    assert.deepEqual(await orders(venue), kept);
    const made = [];
    for (let n = 0; n < 3; n++) {
      made.push((await bot.create({ price: "50000" })).result.orderId);
      made.push((await bot.create({ category: "spot", price: "50000" })).result.orderId);
      await bot.create({ orderType: "Market" });
    }
    kept = await orders(venue);
    const old = new Set(await executions(bot));
    await sleep(1100);
    for (let n = 0; n < 3; n++) {
      made.push((await bot.create({ price: "50000" })).result.orderId); // these may be lost
      await bot.create({ orderType: "Market" });
    }
    made.push(...(await executions(bot)).filter((id) => !old.has(id)));
    made.forEach((id) => {
      assert.ok(!seen.has(id), `${id} again in life ${life + 1}`);
      seen.add(id);
    });
    await venue.stop("SIGKILL");
    const next = await Venue.start(...args);
    const found = await orders(next);
    kept.forEach((id) => assert.ok(found.includes(id), `${id} is lost`));
    kept = found;
    await next.stop("SIGKILL");
  }
});

test("without a seed ids differ from start to start, with one they do not", async () => {
  const first = async (...args) => {
    const venue = await Venue.start("--market", "none", ...args);
    const { orderId } = (await venue.bot().create({ category: "spot", price: "50000" })).result;
    await venue.stop();
    return orderId;
  };
  assert.notEqual(await first(), await first());
  assert.equal(await first("--seed", "5"), await first("--seed", "5"));
});

test("a state that cannot be written is refused at once", () => {
  const { status, stderr } = call("--state", "/proc/state");
  assert.equal(status, 78, stderr);
  assert.match(stderr, /^pitwall venue: --state wants a file in a folder that can be written: \/proc\/state.*\n$/);
});

test("accounts of a state are found by uid; one that is missing is refused, a new one gets its balances", async () => {
  const file = join(scratch(), "state");
  const first = await Venue.start("--state", file, "--accounts", accounts(account(7, "700"), account(8, "800")));
  await first.stop();
  assert.ok(existsSync(file));
  const turned = accounts(account(9, "900"), account(8, "1"), account(7, "1"));
  const second = await Venue.start("--state", file, "--accounts", turned);
  assert.deepEqual(await balances(second), { 7: 700, 8: 800, 9: 900 });
  await second.stop();
  const { status, stderr } = call("--state", file, "--accounts", accounts(account(7, "700"), account(9, "900")));
  assert.equal(status, 78);
  assert.match(stderr, /uid 8 of the state is not among the accounts/);
});

test("an accounts file is refused by what is wrong in it", () => {
  const one = account(7, "1");
  const key = one.keys[0];
  for (const [list, says] of [
    [[one, { ...account(8, "1"), uid: 7 }], /account 2: uid 7 is there twice/],
    [[one, { ...one, uid: 8 }], /account 2: key 'k7' is there twice/],
    [[{ ...one, ip: "1.2.3.4" }], /account 1: there is no member "ip"/],
    [[{ ...one, keys: [{ ...key, ip: "1.2.3.4" }] }], /account 1: there is no member "ip"/],
    [[{ ...one, keys: [] }], /account 1: "keys" wants a list of at least one/],
    [[{ ...one, keys: [{ ...key, permissions: ["Fly"] }] }], /no permission 'Fly', but ContractTrade, Spot, Wallet and W/],
    [[{ ...one, balances: { DOGE: "1" } }], /balances: there is no coin 'DOGE', but USDT/],
    [[{ ...one, balances: { USDT: 1 } }], /balance of USDT: wanted a text/],
  ]) {
    const { status, stderr } = call("--accounts", accounts(...list));
    assert.equal(status, 78);
    assert.match(stderr, says);
  }
  const file = join(scratch(), "accounts.json");
  writeFileSync(file, '[\n{"uid":7,}]');
  assert.match(call("--accounts", file).stderr, /accounts\.json:2: /);
  assert.match(call("--accounts", `${file}.none`).stderr, /accounts\.json\.none: cannot be read: No such file/);
});
