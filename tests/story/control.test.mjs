// Without faults, over TLS: what the venue saw keeps each limit, and the key is nowhere but in its file. Then
// a certificate that must not pass.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { KEY, pause, SECRET, Story, until } from "./story.mjs";

const SECOND_NS = 1000000000n;
const ENDED = new Set(["Filled", "Cancelled", "Rejected", "PartiallyFilledCanceled", "Deactivated"]);
const READS = `/status /venues /instruments /positions /pnl /fills /orders /limits/firm /trading-state /strategies
  /approvals /audit /latency /latest /me /books/bybit-linear:BTCUSDT`.split(/\s+/);
let story;

before(async () => {
  story = await Story.begin({ venue: ["--tls"] });
});
after(() => story?.end());

test("eighty orders keep each limit, by the ledger", async () => {
  await story.trade(80, 60000);
  await story.calm();
  const ledger = story.venue.ledger();
  const open = new Set();
  const stamps = [];
  let most = 0;
  let fastest = 0;
  for (const { dir, kind, at_ns: at, order_link_id: id, symbol, qty, status, body } of ledger) {
    if (dir === "in" && kind === "new") {
      assert.ok(Number(qty) <= (symbol === "BTCUSDT" ? 0.1 : 1), `${qty} of ${symbol} are more than 100 lots`);
      open.add(id);
      stamps.push(BigInt(at));
      fastest = Math.max(fastest, stamps.filter((stamp) => BigInt(at) - stamp < SECOND_NS).length);
    } else if (dir === "out" && kind === "order" && ENDED.has(body.data[0].orderStatus)) {
      open.delete(id);
    }
    assert.notEqual(status, "refused-10006", "too many requests");
    most = Math.max(most, open.size);
  }
  assert.ok(most >= 3 && most <= 20, `${most} orders were open`);
  assert.ok(fastest <= 40, `${fastest} orders in a second`);
});

test("positions keep their limit at each fill", () => {
  const lots = {};
  const fills = new Map();
  for (const { dir, kind, exec_id: id, symbol, side, qty } of story.venue.ledger()) {
    if (dir === "out" && kind === "fill" && !fills.has(id)) {
      fills.set(id, true);
      const size = Math.round(Number(qty) / (symbol === "BTCUSDT" ? 0.001 : 0.01));
      lots[symbol] = (lots[symbol] ?? 0) + (side === "Buy" ? size : -size);
      assert.ok(Math.abs(lots[symbol]) <= 500, `${symbol}: ${lots[symbol]} lots`);
    }
  }
  assert.ok(fills.size > 5, `${fills.size} fills`);
});

test("each execution, order and cent is on both sides", () => story.settle());

/** All files below a folder. */
function files(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    const found = statSync(path);
    return found.isDirectory() ? files(path) : found.isFile() ? [path] : [];
  });
}

test("key and secret are in no file, no log, no answer, and nowhere in the process's description", async () => {
  const places = new Map(files(story.server.dir).map((path) => [path, readFileSync(path)]));
  const { pid } = story.server.process;
  for (const name of ["environ", "cmdline"]) {
    places.set(name, readFileSync(`/proc/${pid}/${name}`));
  }
  places.set("stdout", story.server.out).set("stderr", story.server.err);
  for (const path of READS) {
    const { status, text } = await story.risk1.get(path);
    assert.equal(status, 200, `${path}: ${text}`);
    places.set(path, text);
  }
  places.set("metrics", await story.metrics());
  assert.ok(places.size > 20);
  for (const [name, text] of places) {
    assert.ok(!text.includes(SECRET), `the secret is in ${name}`);
    assert.ok(!text.includes(KEY), `the key is in ${name}`);
  }
});

test("tls_bad_cert: nothing is said to who has it; with the right one trading goes on", async () => {
  await story.arm();
  await story.trade(4);
  await story.venue.befall({ on: "order", nth: 1, do: "tls_bad_cert", ms: 3000 }, { on: "order", nth: 2, do: "close" });
  await until("the connection to be lost", async () => (await story.venueState()) !== "READY");
  const { seq } = story.venue.ledger().at(-1);
  await pause(1500);
  const said = story.venue.ledger().filter((line) => line.seq > seq && line.dir === "in" && line.kind === "auth");
  assert.deepEqual(said, []);
  await story.ready();
  await story.arm();
  await story.trade(4);
  await story.calm();
  await story.settle();
});
