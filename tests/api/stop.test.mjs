// SIGTERM while orders rest: nothing new, all cancelled, a final record, exit 0; and who else wants the directory.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { configWith, DEMO_CONFIG, QUIET, scratch, Server, verb } from "./server.mjs";
import { pause, until } from "./wait.mjs";

// What goes into the engine stands beside what it says.
const INPUTS = "part names start carry market execution command timer overran kill seen".split(" ");

/** A desk with orders at the venue, whose answers take `latency`, and its ledger. */
async function desk(latency) {
  const dir = scratch();
  const ledger = join(dir, "ledger.ndjson");
  const slow = [/ack_latency_ms: 0\.8.*/, `ack_latency_ms: ${latency}\n  ledger: "${ledger}"`];
  const server = await Server.start({ config: configWith(dir, QUIET, slow) });
  const trader = await server.person("trader");
  await until("a market", async () => (await trader.get("/books/sim:ETHUSDT")).body.bids.length > 0, 15000);
  const { body } = await trader.get("/books/sim:ETHUSDT?depth=1");
  const orders = [];
  for (const away of [0.99, 0.988, 0.986]) {
    const price = (Math.floor(Number(body.bids[0][0]) * away * 10) / 10).toFixed(1);
    const order = { instrument: "sim:ETHUSDT", side: "buy", qty: "0.10", price, type: "limit", tif: "GTC" };
    const reply = await trader.post("/orders", order);
    assert.equal(reply.status, 201, reply.text);
    orders.push({ ...order, id: reply.body.id });
  }
  await until("they rest", async () => {
    const { items } = (await trader.get("/orders?state=open")).body;
    return items.length === 3 && items.every(({ state }) => state === "WORKING");
  });
  return { server, trader, orders, ledger };
}

function lines(ledger) {
  return readFileSync(ledger, "utf8").trim().split("\n").map((line) => JSON.parse(line));
}

test("a stop cancels what rests, lets nothing new out, and its last record is STOP", async () => {
  const { server, trader, orders, ledger } = await desk("400");
  const asked = Date.now();
  const stopped = server.stop("SIGTERM");
  await pause(50);
  const late = await trader.post("/orders", orders[0]).catch(() => ({ status: 0 }));
  assert.ok(late.status !== 201, `${late.status} while it stops`);
  assert.equal(await stopped, 0, server.err);
  assert.ok(Date.now() - asked < 5000);
  const said = lines(ledger);
  const newest = said.filter(({ kind }) => kind === "new");
  assert.equal(newest.length, orders.length);
  for (const { id } of orders) {
    const of = said.filter((line) => line.order_link_id === id).map(({ kind }) => kind);
    assert.deepEqual(of, ["new", "ack", "cancel", "cancelled"], id);
  }
  const { out } = verb("journal", "dump", "--data", server.dir, "--lane", "engine", "--json");
  const events = out.trim().split("\n").map((line) => JSON.parse(line)).filter(({ kind }) => !INPUTS.includes(kind));
  assert.equal(events.at(-1).kind, "stop");
  assert.equal(events.at(-1).fields.open_orders, 0);
});

test("a second signal does not wait: exit 1, and the next start asks for the orders", async () => {
  const { server, orders } = await desk("2000");
  server.process.kill("SIGTERM");
  await pause(300); // one wish may come twice within a tenth of a second
  const asked = Date.now();
  assert.equal(await server.stop("SIGINT"), 1);
  assert.ok(Date.now() - asked < 1000, `${Date.now() - asked} ms`);
  const again = await Server.start({ dir: server.dir, config: configWith(scratch(), QUIET) });
  assert.match(again.out, new RegExp(`${orders.length} orders? of before asked for`));
  assert.equal(await again.stop(), 0);
});

test("a second process on the directory is 75 and names the first", async () => {
  const server = await Server.start();
  const done = verb("run", "--config", DEMO_CONFIG, "--data", server.dir, "--listen", "127.0.0.1:0",
    "--kill-listen", "127.0.0.1:0");
  assert.equal(done.code, 75, done.err);
  assert.ok(done.err.includes(`in use by process ${server.process.pid}`), done.err);
  await server.stop();
});
