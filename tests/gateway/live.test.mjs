// Mode live, whole: engine, strategies and the gateway trade at the venue server while it fails; at the
// end both sides have the same orders and position, and nothing is unknown.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { bybitInstead, configWith, QUIET, scratch, Server } from "../api/server.mjs";
import { until, Venue } from "./desk.mjs";

const NAME = "bybit-linear:BTCUSDT";
const open = [];

function configure(venue, ...more) {
  const dir = scratch();
  const key = join(dir, "key");
  writeFileSync(key, JSON.stringify({ key: "demo-key-one", secret: "demo-secret-one" }), { mode: 0o600 });
  const where = `environment: custom, rest: "${venue.url}", stream: "${venue.url.replace("http", "ws")}"`;
  const often = "reconcile_ms: 2000, dcp_ms: 3000, heartbeat_ms: 2000, private_silence_ms: 6000, orders_per_s: 10";
  return configWith(
    dir,
    ["mode: sim", "mode: live"],
    ...bybitInstead(NAME, `key_file: "${key}", ${often}, ${where}`),
    ...more,
  );
}

async function begin(rules, ...more) {
  const venue = await new Venue(rules).start();
  const server = await Server.start({ config: configure(venue, ...more) });
  open.push([venue, server]);
  const trader = await server.person("trader");
  await until(
    () => `READY: ${server.err.slice(-2000)}`,
    async () => (await trader.get("/venues")).body.items[0].state === "READY",
    20000,
  );
  return [venue, server, trader];
}

/** Two people switch on what was never armed in this data directory. */
async function switchOn(risk1, risk2) {
  const { items } = (await risk1.get("/strategies")).body;
  for (const { strategy, version } of items.filter(({ enabled, armed }) => !enabled && armed === null)) {
    const asked = await risk1.put(`/strategies/${strategy}`, { enabled: true, reason: "armed" }, version);
    assert.equal(asked.status, 202, asked.text);
    const done = await risk2.post(`/approvals/${asked.body.id}/approve`, { reason: "seen" });
    assert.equal(done.status, 200, done.text);
  }
}

/** Live comes up halted: two people arm it. */
async function arm(server, trades = false) {
  const risk1 = await server.person("risk1");
  const risk2 = await server.person("risk2");
  if (trades) {
    await switchOn(risk1, risk2);
  }
  const { items } = (await risk1.get("/trading-state")).body;
  const firm = items.find(({ scope }) => scope === "firm");
  if (firm.state === "ACTIVE") {
    return firm.state;
  }
  const asked = await risk1.put("/trading-state/firm", { state: "ACTIVE", reason: "reconciled" }, firm.version);
  assert.equal(asked.status, 202, asked.text);
  const done = await risk2.post(`/approvals/${asked.body.id}/approve`, { reason: "seen" });
  assert.equal(done.status, 200, done.text);
  return firm.state;
}

async function place(trader, order) {
  const reply = await trader.post("/orders", { instrument: NAME, type: "limit", tif: "GTC", ...order });
  assert.equal(reply.status, 201, reply.text);
  return reply.body.id;
}

const becomes = (server, trader, id, state) =>
  until(
    () => `${id} ${state}: ${server.err.slice(-3000)}`,
    async () => (await trader.get(`/orders/${id}`)).body.state === state,
    20000,
  );

const lotsOf = async (trader) =>
  (await trader.get("/positions")).body.items.find(({ instrument }) => instrument === NAME)?.lots ?? 0;

async function venueLots(venue) {
  const rows = await until("a position", async () => (await venue.get("/v5/position/list", "category=linear&symbol=BTCUSDT"))?.list);
  return Math.round(Number(rows[0]?.size ?? 0) * 1000) * (rows[0]?.side === "Sell" ? -1 : 1);
}

async function agree(venue, server, trader) {
  let seen = [];
  await until(
    () => `agreement: ${JSON.stringify(seen)} ${server.err.slice(-3000)}`,
    async () => {
      const rest = (await venue.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT"))?.list?.length;
      const states = (await trader.get("/orders?limit=1000")).body.items.map(({ state }) => state);
      seen = [await lotsOf(trader), await venueLots(venue), rest, states.filter((state) => !/FILLED$|CANCELLED|REJECTED|EXPIRED/.test(state))];
      return seen[0] === seen[1] && rest === 0 && seen[3].length === 0;
    },
    60000,
  );
}

after(async () => {
  for (const [venue, server] of open) {
    await server.stop();
    await venue.stop();
  }
});

test("orders of people: rest, fill, are amended and cancelled at the venue", async () => {
  const [venue, server, trader] = await begin([], QUIET);
  await arm(server);
  await until("a market", async () => (await trader.get(`/books/${NAME}`)).body.stale === false);
  const { body: book } = await trader.get(`/books/${NAME}`);
  const bid = Number(book.bids[0][0]);
  const resting = await place(trader, { side: "buy", qty: "0.005", price: (bid - 200).toFixed(1) });
  await becomes(server, trader, resting, "WORKING");
  const amended = await trader.patch(`/orders/${resting}`, { qty: "0.006", price: (bid - 201).toFixed(1) });
  assert.ok([200, 202].includes(amended.status), amended.text);
  await until("the amend", async () => {
    const { body } = await trader.get(`/orders/${resting}`);
    return body.state === "WORKING" && Number(body.qty) === 0.006;
  });
  const taking = await place(trader, { side: "buy", qty: "0.002", price: (bid + 100).toFixed(1), tif: "IOC" });
  await becomes(server, trader, taking, "FILLED");
  assert.equal((await trader.delete(`/orders/${resting}`)).status, 202);
  await becomes(server, trader, resting, "CANCELLED");
  await agree(venue, server, trader);
  assert.equal(await lotsOf(trader), 2);
});

test("a kill cancels at the venue what rests there", async () => {
  const [venue, server, trader] = await begin([], QUIET);
  await arm(server);
  await until("a market", async () => (await trader.get(`/books/${NAME}`)).body.stale === false);
  const bid = Number((await trader.get(`/books/${NAME}`)).body.bids[0][0]);
  const resting = await place(trader, { side: "buy", qty: "0.005", price: (bid - 200).toFixed(1) });
  await becomes(server, trader, resting, "WORKING");
  const receipt = await trader.post("/kill", { scope: "firm", reason: "test" });
  assert.equal(receipt.status, 200, receipt.text);
  await becomes(server, trader, resting, "CANCELLED");
  await agree(venue, server, trader);
});

const CHANCES = [
  { on: "new", p: 0.03, do: "drop_req" },
  { on: "new", p: 0.03, do: "drop_ack" },
  { on: "new", p: 0.02, do: "fill_before_ack" },
  { on: "new", p: 0.02, do: "reject", code: 10016 },
  { on: "amend", p: 0.05, do: "drop_ack" },
  { on: "cancel", p: 0.03, do: "drop_ack" },
  { on: "cancel", p: 0.03, do: "drop_req" },
  { on: "order", p: 0.03, do: "drop_ack" },
  { on: "order", p: 0.03, do: "reorder", ms: 100 },
  { on: "order", p: 0.005, do: "rst" },
  { on: "fill", p: 0.1, do: "lost_fill" },
  { on: "fill", p: 0.1, do: "dup" },
];

test("strategies trade at a venue that fails by chance; after a kill both sides agree", async () => {
  const [venue, server, trader] = await begin(CHANCES);
  await arm(server, true);
  const seconds = Number(process.env.SOAK_S ?? 30);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  await trader.post("/kill", { scope: "firm", reason: "the end of the test" });
  await agree(venue, server, trader);
  const sent = venue.ledger().filter((line) => line.dir === "in" && line.kind === "new").map((line) => line.order_link_id);
  assert.equal(new Set(sent).size, sent.length, "an order was sent twice");
  if (process.env.SHOW) {
    console.log(server.err.slice(-9000));
  }
  assert.ok(sent.length > seconds, `${sent.length} orders`);
  console.log(`${sent.length} orders, position ${await lotsOf(trader)}`);
});
