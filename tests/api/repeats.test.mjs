// Idempotency-Key across restarts: what was done is answered again, what nobody knows the end of says so, and
// nothing is done twice, however the program ended.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { configWith, QUIET, scratch, Server } from "./server.mjs";
import { until } from "./wait.mjs";

const KEYS = 40;
const KILL_AFTER = 15;
/** Rows in memory, and some. */
const MORE_THAN_KEPT = 1100;
let server;
let trader;
let config;
let dir;

/** They never fill and do not rest; each has a size of its own, so that the trail can count them. */
async function orders(n, from = 100) {
  const { body } = await trader.get("/books/sim:BTCUSDT?depth=1");
  const price = (Math.floor(Number(body.bids[0][0]) * 0.99 * 10) / 10).toFixed(1);
  const order = { instrument: "sim:BTCUSDT", side: "buy", type: "limit", tif: "IOC", price };
  return Array.from({ length: n }, (_, i) => ({ ...order, qty: ((from + i) / 1000).toFixed(3) }));
}

async function restart(signal) {
  await server.stop(signal);
  server = await Server.start({ dir, config });
  trader = await server.person("trader");
  await until("a market", async () => (await trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, 15000);
}

before(async () => {
  const folder = scratch();
  dir = join(folder, "data");
  config = configWith(folder, QUIET);
  server = await Server.start({ dir, config });
  trader = await server.person("trader");
  await until("a market", async () => (await trader.get("/books/sim:BTCUSDT")).body.bids.length > 0, 15000);
});

after(() => server.stop());

test("a finished answer is given again after a restart, byte for byte", async () => {
  const [order] = await orders(1);
  const key = { "Idempotency-Key": "durable-1" };
  const first = await trader.post("/orders", order, key);
  assert.equal(first.status, 201, first.text);
  assert.equal(first.headers["idempotency-replayed"], undefined);
  await restart("SIGKILL");
  const again = await trader.post("/orders", order, key);
  assert.equal(again.status, 201, again.text);
  assert.equal(again.text, first.text);
  assert.equal(again.headers.location, first.headers.location);
  assert.equal(again.headers["idempotency-replayed"], "true");
  const other = await trader.post("/orders", { ...order, side: "sell" }, key);
  assert.equal(other.status, 409);
  assert.equal(other.body.code, "conflict");
});

/** Leaves of each key that it was begun, as a program does that is killed at that moment. */
function forgetAnswers(file) {
  const text = readFileSync(file, "latin1");
  writeFileSync(file, text.replaceAll('"state":"answered"', '"state":"begun..."'), "latin1");
}

/** How often each size was asked of the engine, by the trail. */
async function timesAsked(wanted) {
  const risk = await server.person("risk1");
  const items = [];
  let cursor = "";
  do {
    const { body } = await risk.get(`/audit?kind=order&actor=trader&limit=1000${cursor}`);
    items.push(...body.items);
    cursor = body.next === null ? "" : `&cursor=${body.next}`;
  } while (cursor !== "");
  const asked = items.map((item) => [Number(item.new?.qty), item.request_id]);
  return wanted.map(({ qty }) => new Set(asked.filter(([size, id]) => size === Number(qty) && id).map(([, id]) => id)).size);
}

test("a program killed among keyed writes does none of them twice", async () => {
  const wanted = await orders(KEYS, 1);
  const answers = new Map();
  const send = async (i) => {
    const reply = await trader.post("/orders", wanted[i], { "Idempotency-Key": `killed-${i}` }).catch(() => null);
    if (reply?.status === 201) {
      answers.set(i, reply);
    }
    if (answers.size === KILL_AFTER) {
      server.process.kill("SIGKILL");
    }
  };
  await Promise.all(wanted.map((_, i) => send(i)));
  await restart("SIGKILL");
  for (let i = 0; i < KEYS; i++) {
    const again = await trader.post("/orders", wanted[i], { "Idempotency-Key": `killed-${i}` });
    if (answers.has(i)) {
      assert.equal(again.text, answers.get(i).text);
      assert.equal(again.status, answers.get(i).status);
      assert.equal(again.headers["idempotency-replayed"], "true");
    } else {
      assert.ok(again.status === 201 || again.body.code === "outcome_unknown", again.text);
    }
  }
  const times = await until("the trail", async () => {
    const counted = await timesAsked(wanted);
    return answers.size <= counted.filter((n) => n > 0).length && counted;
  });
  assert.ok(times.every((n) => n <= 1), String(times));
});

test("a begun write whose end nobody knows says where to look", async () => {
  const [order] = await orders(1);
  const key = { "Idempotency-Key": "begun-1" };
  assert.equal((await trader.post("/orders", order, key)).status, 201);
  await server.stop("SIGKILL");
  forgetAnswers(join(dir, "control.db"));
  await restart("SIGKILL");
  const again = await trader.post("/orders", order, key);
  assert.equal(again.status, 409, again.text);
  assert.equal(again.body.code, "outcome_unknown");
  assert.match(again.body.detail, /request [0-9a-f]+-\d+.*\/audit.*new key/);
  assert.equal((await trader.post("/orders", { ...order, side: "sell" }, key)).body.code, "conflict");
});

test("two at once with one key: one is done", async () => {
  const [order] = await orders(1);
  const key = { "Idempotency-Key": "race-1" };
  const replies = await Promise.all([1, 2, 3, 4].map(() => trader.post("/orders", order, key)));
  const done = replies.filter(({ status }) => status === 201);
  assert.ok(done.length >= 1, replies[0].text);
  assert.equal(new Set(done.map(({ body }) => body.id)).size, 1);
  assert.ok(replies.every(({ status }) => [201, 409].includes(status)));
  assert.equal(done.filter(({ headers }) => !headers["idempotency-replayed"]).length, 1);
});

test("the same key of another person is another key", async () => {
  const [order] = await orders(1);
  const key = { "Idempotency-Key": "ours-1" };
  const risk1 = await server.person("risk1");
  const [mine, theirs] = [await trader.post("/orders", order, key), await risk1.post("/orders", { ...order, qty: "0.2" }, key)];
  assert.equal(mine.status, 201, mine.text);
  assert.equal(theirs.status, 201, theirs.text);
  assert.notEqual(theirs.body.id, mine.body.id);
});

test("a password is not stored, nor its hash; what was done with it is", async () => {
  const viewer = await server.person("viewer");
  const body = { password: server.passwords().viewer, new_password: "a new one for durable keys 7" };
  const key = { "Idempotency-Key": "secret-1" };
  const first = await viewer.patch("/me", body, key);
  assert.equal(first.status, 200, first.text);
  const now = await (await server.person("viewer", body.new_password)).patch("/me", body, key);
  assert.equal(now.status, 409, now.text);
  assert.equal(now.body.code, "answer_not_kept");
  await restart("SIGKILL");
  const db = readFileSync(join(dir, "control.db"));
  assert.ok(!db.includes(body.new_password) && !db.includes(body.password));
  const again = await (await server.person("viewer", body.new_password)).patch("/me", body, key);
  assert.equal(again.status, 409, again.text);
  assert.equal(again.body.code, "answer_not_kept");
});

/** Sends `count` keyed writes, ten at a time. */
async function flood(count, send) {
  const replies = [];
  for (let from = 0; from < count; from += 10) {
    const some = Array.from({ length: Math.min(10, count - from) }, (_, i) => from + i);
    replies.push(...(await Promise.all(some.map((n) => send({ "Idempotency-Key": `flood-${n}` })))));
  }
  return replies;
}

test("a flood of another's keys does not make an answered order run twice", async () => {
  const [order] = await orders(1);
  const key = { "Idempotency-Key": "flooded-1" };
  const first = await trader.post("/orders", order, key);
  assert.equal(first.status, 201, first.text);
  const viewer = server.program("flooder", ["--role", "viewer"]);
  const tickets = await flood(MORE_THAN_KEPT, (its) => viewer.post("/stream/ticket", undefined, its));
  assert.ok(tickets.every(({ status, headers }) => status < 500 && !headers["idempotency-replayed"]));
  const passwords = await flood(MORE_THAN_KEPT, (its) => viewer.patch("/me", {}, its));
  assert.ok(passwords.every(({ status }) => status < 500), passwords[0].text);
  const again = await trader.post("/orders", order, key);
  assert.equal(again.text, first.text);
  assert.equal(again.headers["idempotency-replayed"], "true");
  await restart("SIGKILL");
  assert.equal((await trader.post("/orders", order, key)).text, first.text);
});

test("the same key with another If-Match is another request", async () => {
  const risk1 = await server.person("risk1");
  const scope = "/limits/instrument/sim:BTCUSDT";
  const { generation } = (await risk1.get(scope)).body;
  const body = { limits: { max_order_lots: 400 }, reason: "quieter" };
  const key = { "Idempotency-Key": "match-1" };
  const first = await risk1.put(scope, body, generation, key);
  assert.equal(first.status, 200, first.text);
  const same = await risk1.put(scope, body, generation, key);
  assert.equal(same.text, first.text);
  assert.equal(same.headers["idempotency-replayed"], "true");
  const other = await risk1.put(scope, body, first.body.generation, key);
  assert.equal(other.status, 409, other.text);
  assert.match(other.body.detail, /another request/);
});

test("a log-out with a key costs no disk and is done", async () => {
  const viewer = await server.person("trader");
  const reply = await viewer.delete("/session", { "Idempotency-Key": "out-1" });
  assert.ok(reply.status < 300, reply.text);
});
