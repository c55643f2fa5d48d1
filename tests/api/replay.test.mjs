// A recorded run again: `pitwall replay --data`, and what other limits would have done to its orders.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { configWith, scratch, Server, verb } from "./server.mjs";
import { pause, until } from "./wait.mjs";

const replay = (server, ...more) => verb("replay", "--data", server.dir, "--json", ...more);

/** Until the makers have sent some orders. */
async function traded(server) {
  const trader = await server.person("trader");
  await until("orders", async () => (await trader.get("/orders?limit=100")).body.items.length >= 10, 30000);
  return trader;
}

test("two killed runs come out the same to the byte, kills and limits included", async () => {
  const server = await Server.start();
  const trader = await traded(server);
  const killed = await trader.post("/kill", { scope: "strategy/momentum", reason: "a test" });
  assert.equal(killed.status, 200, killed.text);
  const risk = await server.person("risk1");
  const limits = await risk.get("/limits/strategy/maker");
  const change = await risk.put(
    "/limits/strategy/maker",
    { limits: { max_order_lots: 50 }, reason: "a test" },
    limits.body.generation,
  );
  assert.equal(change.status, 200, change.text);
  await pause(500);
  await server.stop("SIGKILL");

  const again = await Server.start({ dir: server.dir });
  await traded(again);
  await again.stop("SIGKILL");
  const last = await Server.start({ dir: server.dir }); // takes what the kill left in memory to the disk
  await last.stop("SIGTERM");

  const whole = replay(server);
  assert.equal(whole.code, 0, whole.out + whole.err);
  const report = JSON.parse(whole.out);
  assert.equal(report.runs, 3);
  assert.ok(report.inputs > 100 && report.events > 100, whole.out);

  const inputs = JSON.parse(replay(server, "--inputs-only").out);
  assert.equal(inputs.state_hash, report.state_hash);
  assert.equal(inputs.books_hash, report.books_hash);

  const half = JSON.parse(replay(server, "--until", String(Math.floor(report.to_seq / 2))).out);
  assert.ok(half.ok && half.to_seq < report.to_seq && half.books_hash !== report.books_hash);
});

test("what the engine saw when it decided on an order", async () => {
  const server = await Server.start();
  const trader = await traded(server);
  const order = (await trader.get("/orders?limit=100")).body.items.find(({ strategy }) => strategy === "maker");
  const why = (await trader.get(`/orders/${order.id}/why`)).body;
  await server.stop("SIGTERM");

  const told = replay(server, "--explain", order.id);
  assert.equal(told.code, 0, told.out + told.err);
  const { explain } = JSON.parse(told.out);
  assert.equal(explain.order, order.id);
  assert.equal(explain.instrument, order.instrument);
  assert.equal(explain.passed, true);
  assert.equal(explain.input.kind, "market");
  assert.equal(explain.bids.length, 5);
  assert.ok(Number(explain.bids[0][0]) < Number(explain.asks[0][0]));
  const lots = explain.checks.find(({ name }) => name === "max_order_lots");
  assert.equal(lots.measured, why.checks.find(({ name }) => name === "max_order_lots").measured);

  const none = replay(server, "--explain", "PW7FF00001-FF");
  assert.notEqual(none.code, 0);
  assert.match(none.err, /no such order/);
  assert.equal(replay(server, "--explain", "nonsense").code, 64);
});

test("other limits judge the orders of the run, by file and by REST alike", async () => {
  const server = await Server.start();
  const trader = await traded(server);
  const risk = await server.person("risk1");
  const proposal = { limits: { "strategy/maker": { max_order_lots: 1 } } };
  await until("they are on the disk", async () => {
    const reply = await risk.post("/limits/what-if", proposal);
    assert.equal(reply.status, 200, reply.text);
    return reply.body.would_deny >= 10;
  });
  const { body } = await risk.post("/limits/what-if", proposal);
  assert.deepEqual(Object.keys(body.by_limit), ["max_order_lots"]);
  assert.equal(body.by_limit.max_order_lots, body.would_deny);
  assert.ok(Number(body.used_ratio.max_order_lots) >= 20, "twenty lots against one");
  assert.equal((await risk.get("/limits/strategy/maker")).body.limits.max_order_lots !== 1, true, "nothing changed");
  assert.equal((await risk.post("/limits/what-if", { limits: { "strategy/none": { max_order_lots: 1 } } })).status, 404);
  assert.equal((await risk.post("/limits/what-if", { limits: { firm: { max_order_lot: 1 } } })).status, 422);
  assert.equal((await risk.post("/limits/what-if", { limits: {} })).status, 400);
  assert.equal((await trader.post("/limits/what-if", proposal)).status, 403);
  await server.stop("SIGTERM");

  const file = join(scratch(), "limits.yaml");
  writeFileSync(file, "limits:\n  strategy/maker: {max_order_lots: 1}\n");
  const report = JSON.parse(replay(server, "--what-if", file).out);
  assert.ok(report.ok && report.what_if.would_deny >= body.would_deny);
  assert.equal(report.what_if.passed, report.what_if.judged - report.what_if.denied);

  writeFileSync(file, "limits:\n  strategy/maker: {max_order_lot: 1}\n");
  const refused = replay(server, "--what-if", file);
  assert.equal(refused.code, 78);
  assert.match(refused.err, /limits.yaml:2: unknown limit 'max_order_lot'/);
});

test("a damaged journal, one without inputs, one of another build: told apart", async () => {
  const server = await Server.start();
  await traded(server);
  await server.stop("SIGTERM");
  const folder = join(server.dir, "journal");
  const name = readdirSync(folder).find((each) => each.startsWith("engine-"));
  const bytes = readFileSync(join(folder, name));
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  writeFileSync(join(folder, name), bytes);
  const damaged = replay(server);
  assert.equal(damaged.code, 65, damaged.out + damaged.err);
  assert.match(damaged.err, /sequence \d+ is damaged; what stands before it is replayed/);
  const told = JSON.parse(damaged.out);
  assert.deepEqual([told.ok, told.first_bad_seq], [false, told.to_seq + 1]);

  const config = configWith(scratch(), [/sync_ms: 20/, "sync_ms: 20\n  inputs: none"]);
  const silent = await Server.start({ config });
  await traded(silent);
  await silent.stop("SIGTERM");
  const nothing = replay(silent);
  assert.equal(nothing.code, 65);
  assert.match(nothing.err, /journal\.inputs/);
});
