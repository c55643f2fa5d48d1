// The program: how it is called, how it starts and ends, state, TLS, disconnect cancels, silence.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { BIN, Bot, Venue, scratch, sleep, until } from "./venue.mjs";

const call = (...args) => spawnSync(BIN, ["venue", ...args], { encoding: "utf8", timeout: 20000 });

test("a wrong call says what is wrong and exits 64; a wrong file 78", () => {
  for (const args of [
    [],
    ["--listen", "nowhere"],
    ["--listen", "127.0.0.1:0", "--speed", "fast"],
    ["--listen", "127.0.0.1:0", "--cert", "x"],
    ["--listen", "127.0.0.1:0", "--protocol", "fix"],
    ["--listen", "127.0.0.1:0", "--bogus"],
    ["--listen", "127.0.0.1:0", "--tls-dir", "x"],
    ["--listen", "0.0.0.0:0"],
  ]) {
    const { status, stderr } = call(...args);
    assert.equal(status, 64, `${args}: ${stderr}`);
    assert.match(stderr, /^pitwall venue: .*--.*\n/, "the first line names the option");
  }
  const file = join(scratch(), "accounts.json");
  writeFileSync(file, '[{"uid":1,"keys":[{"key":"k","secret":"s","permissions":["Fly"]}]}]');
  const { status, stderr } = call("--listen", "127.0.0.1:0", "--accounts", file);
  assert.equal(status, 78);
  assert.match(stderr, /account 1: there is no permission 'Fly'/);
});

test("a name is listened on as an address is", async () => {
  const venue = new Venue("--market", "none");
  venue.listen = "localhost:0";
  await venue.start();
  assert.match(venue.url, /^http:\/\/localhost:\d+$/);
  assert.equal((await fetch(`${venue.url}/v5/market/time`)).status, 200);
  await venue.stop();
});

test("a port that is taken is said so", async () => {
  const venue = await Venue.start("--market", "none");
  const { status, stderr } = call("--listen", new URL(venue.url).host);
  assert.equal(status, 69, stderr);
  assert.match(stderr, /^pitwall venue: --listen: cannot listen on 127\.0\.0\.1:\d+: Address already in use; .*\n$/);
  await venue.stop();
});

test("a certificate that is none is said so, in one line", async () => {
  const dir = scratch();
  const venue = await Venue.start("--market", "none", "--tls", "--tls-dir", join(dir, "tls"));
  await venue.stop();
  const cert = join(dir, "tls/cert.pem");
  const other = join(dir, "tls/key.pem");
  const bad = join(dir, "bad.pem");
  writeFileSync(bad, "nothing");
  for (const [files, says] of [
    [["--cert", bad, "--key", other], /bad\.pem: not a certificate in PEM\n$/],
    [["--cert", cert, "--key", bad], /bad\.pem: not the PEM private key of .*cert\.pem\n$/],
    [["--cert", `${cert}.none`, "--key", other], /cert\.pem\.none: No such file/],
  ]) {
    const { status, stderr } = call("--listen", "127.0.0.1:0", "--tls", ...files);
    assert.equal(status, 78, stderr);
    assert.match(stderr, says);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
});

test("off loopback accounts are needed, and a warning says who can trade", async () => {
  const file = join(scratch(), "accounts.json");
  writeFileSync(file, '[{"uid":1,"keys":[{"key":"k","secret":"s"}]}]');
  const venue = await Venue.start("--market", "none", "--listen", "0.0.0.0:0", "--accounts", file);
  assert.match(venue.err, /^pitwall venue: warning: --listen 0\.0\.0\.0:0: anybody who reaches this address/m);
  await venue.stop();
});

test("SIGTERM and SIGINT end it well, with sockets open", async () => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const venue = await Venue.start("--market", "none");
    const socket = await venue.socket("/v5/public/linear");
    assert.equal(await venue.stop(signal), 0);
    await until("the close", () => socket.closed !== null);
  }
});

test("state survives a restart: orders by their ids, positions, balances", async () => {
  const file = join(scratch(), "state");
  const args = ["--state", file, "--limits", "off", "--seed", "3"];
  const first = await Venue.start(...args);
  const bot = first.bot();
  const created = await bot.create({ price: "50000", orderLinkId: "kept" });
  await bot.create({ orderType: "Market", qty: "0.003" });
  const before = (await bot.call("GET", "/sim/state")).accounts[0];
  assert.equal(await first.stop(), 0);
  assert.ok(existsSync(file));
  const second = await Venue.start(...args);
  const after = (await second.bot().call("GET", "/sim/state")).accounts[0];
  assert.deepEqual(after.balances, before.balances);
  assert.deepEqual(after.positions.map(({ size, side }) => [size, side]), [["0.003", "Buy"]]);
  assert.deepEqual(after.orders.map(({ orderId }) => orderId), [created.result.orderId]);
  const which = { category: "linear", symbol: "BTCUSDT", orderId: created.result.orderId };
  assert.equal((await second.bot().post("/v5/order/cancel", which)).body.retCode, 0);
  await second.stop();
});

test("TLS: its own authority vouches for it, nobody else; a bad certificate for a while", async () => {
  const venue = await Venue.start("--tls", "--tls-dir", join(scratch(), "tls"), "--limits", "off");
  const bot = venue.bot();
  assert.match(venue.url, /^https:/);
  assert.equal((await bot.get("/v5/account/info")).body.retCode, 0);
  const stream = await bot.listen("order");
  await bot.create({ price: "50000", orderLinkId: "safe" });
  await stream.topic("order");
  const stranger = new Bot({ url: venue.url }, bot.key);
  await assert.rejects(stranger.get("/v5/account/info"), /self-signed|unable to verify/);
  await venue.fault({ on: "query", nth: 1, do: "tls_bad_cert", ms: 400 });
  await bot.get("/v5/account/info");
  await assert.rejects(venue.socket("/v5/public/linear"), /expired/);
  await sleep(420);
  (await venue.socket("/v5/public/linear")).close();
  stream.close();
  await venue.stop();
});

test("disconnect cancels: per product, when the last socket that carries it has been gone for the window", async () => {
  const venue = await Venue.start("--limits", "off", "--dcp-delay-ms", "200");
  const bot = venue.bot();
  const set = async (args) => (await bot.post("/v5/order/disconnected-cancel-all", args)).body;
  const read = async () => (await bot.get("/v5/account/query-dcp-info")).body.result.dcpInfos;
  assert.equal((await set({ timeWindow: 2 })).retCode, 10001);
  assert.equal((await set({ timeWindow: 3, product: "DERIVATIVES" })).retMsg, "success");
  assert.deepEqual(await read(), [], "not yet");
  await sleep(250);
  assert.deepEqual(await read(), [{ product: "DERIVATIVES", dcpStatus: "ON", timeWindow: "3" }]);
  const carriers = [await bot.listen("dcp.future"), await bot.listen("dcp.future")];
  const watcher = await bot.listen("order");
  await bot.create({ price: "50000", orderLinkId: "derivative" });
  await bot.create({ category: "spot", price: "50000", orderLinkId: "spot" });
  carriers[0].close();
  await sleep(3300);
  assert.ok(!watcher.frames.some(({ data }) => data?.[0].orderStatus === "Cancelled"), "one is still there");
  carriers[1].close();
  await sleep(1500);
  const back = await bot.listen("dcp.future");
  await sleep(2000);
  assert.ok(!watcher.frames.some(({ data }) => data?.[0].orderStatus === "Cancelled"), "it came back in time");
  back.close();
  const cancelled = await watcher.topic("order", ({ data }) => data[0].orderStatus === "Cancelled", 4000);
  assert.deepEqual([cancelled.data[0].orderLinkId, cancelled.data[0].cancelType], ["derivative", "CancelByDCP"]);
  await sleep(100);
  const left = (await bot.call("GET", "/sim/state")).accounts[0].orders;
  assert.deepEqual(left.map(({ orderLinkId }) => orderLinkId), ["spot"]);
  watcher.close();
  await venue.stop();
});

test("500 sockets in five minutes from one address, then no more; 600 requests in 5 s, then a ban", async () => {
  const venue = await Venue.start("--market", "none");
  const bot = venue.bot();
  for (let n = 0; n < 500; n++) {
    (await venue.socket("/v5/public/linear")).close();
  }
  await assert.rejects(venue.socket("/v5/public/linear"), /403/);
  let status = 200;
  let asked = 0;
  for (; status === 200 && asked < 700; asked++) {
    ({ status } = await bot.send("GET", "/v5/market/time"));
  }
  assert.equal(status, 403);
  assert.ok(asked > 590, `${asked} requests`);
  await sleep(5200);
  assert.equal((await bot.send("GET", "/v5/market/time")).status, 403, "for ten minutes");
  await venue.stop();
});

test("the same seed makes the same market", async () => {
  const books = [];
  for (let n = 0; n < 2; n++) {
    const venue = await Venue.start("--seed", "99", "--market", "synthetic");
    books.push((await venue.bot().send("GET", "/v5/market/instruments-info?category=linear")).text.replace(/"time":\d+/, ""));
    await venue.stop();
  }
  assert.equal(books[0], books[1]);
});
