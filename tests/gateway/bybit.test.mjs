// The gateway to Bybit against the venue server, whose ledger and account are the oracle.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { Desk, scratch, sleep, until, Venue } from "./desk.mjs";

const FAR = 2000; // ticks below the touch: it rests
const open = [];

async function begin(rules = [], args = [], options = {}) {
  const venue = await new Venue(rules, args).start();
  const desk = new Desk(venue, options);
  open.push([venue, desk]);
  await desk.ready();
  return [venue, desk];
}

async function touch(desk) {
  const { touch: found } = await until("a touch", async () => {
    const said = await desk.ask("touch");
    return said.touch && !said.stale && said;
  }, 60000);
  return found;
}

async function positionOf(venue) {
  const list = await until("a position", async () => (await venue.get("/v5/position/list", "category=linear&symbol=BTCUSDT"))?.list);
  const row = list[0];
  return Math.round(Number(row?.size ?? 0) * 1000) * (row?.side === "Sell" ? -1 : 1);
}

const openOrders = (venue) =>
  until("orders", async () => (await venue.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT"))?.list);

const of = (desk, n) => desk.reports.filter((said) => said.n === n).map((said) => said.report);

const heard = (desk, n, report) =>
  until(() => `${report} of ${n}: ${of(desk, n).join(" ")}\n${desk.child.said}`, () => of(desk, n).includes(report));

after(async () => {
  for (const [venue, desk] of open) {
    await desk.quit();
    await venue.stop();
  }
});

test("an order's life: taken, amended, cancelled, as the ledger has it", async () => {
  const [venue, desk] = await begin();
  const [bid] = await touch(desk);
  const order = desk.place("buy", bid - FAR, 5, "post");
  await heard(desk, 1, "VENUE_ACK");
  assert.equal((await openOrders(venue)).length, 1);
  desk.say(`amend 1 1 ${bid - FAR + 3} 7`);
  await heard(desk, 1, "VENUE_AMEND");
  const amended = desk.reports.find((said) => said.report === "VENUE_AMEND");
  assert.deepEqual([amended.price, amended.lots, amended.amend], [bid - FAR + 3, 7, 1]);
  desk.cancel(1);
  await heard(desk, 1, "VENUE_CANCEL");
  assert.equal(order.state, "ended");
  assert.equal((await openOrders(venue)).length, 0);
  const sent = venue.ledger().filter((line) => line.dir === "in" && ["new", "amend", "cancel"].includes(line.kind));
  assert.deepEqual(sent.map((line) => line.kind), ["new", "amend", "cancel"]);
});

test("fills: booked once, the position is the venue's", async () => {
  const [venue, desk] = await begin();
  const [, ask] = await touch(desk);
  desk.place("buy", ask + 500, 4, "ioc");
  await heard(desk, 1, "FILL_PART");
  await until("the position", () => desk.venueLots === desk.position);
  assert.equal(desk.position, await positionOf(venue));
  assert.ok(desk.position > 0);
  const fill = desk.reports.find((said) => said.report === "FILL_PART");
  assert.ok(fill.fee_e8 > 0 && !fill.maker && fill.strategy === 1);
});

test("what an IOC order leaves expires; a FOK order that cannot fill does; post-only does not take", async () => {
  const [, desk] = await begin();
  const [bid, ask] = await touch(desk);
  desk.place("buy", bid - FAR, 4, "ioc");
  desk.place("buy", bid - FAR, 4, "fok");
  desk.place("buy", ask + 500, 4, "post");
  await heard(desk, 1, "VENUE_EXPIRE");
  await heard(desk, 2, "VENUE_EXPIRE");
  await heard(desk, 3, "VENUE_CANCEL");
  assert.equal(desk.position, 0);
});

test("a refusal is one: reduce-only without a position, and a price out of the band", async () => {
  const [, desk] = await begin();
  const [bid] = await touch(desk);
  desk.place("sell", bid, 4, "reduce");
  desk.place("buy", bid * 2, 4, "ioc");
  await heard(desk, 1, "VENUE_REJECT");
  await heard(desk, 2, "VENUE_REJECT");
});

test("a kill: no order leaves behind it, and a sweep cancels what rests", async () => {
  const [venue, desk] = await begin();
  const [bid] = await touch(desk);
  [1, 2, 3].forEach((n) => desk.place("buy", bid - FAR - n, 5));
  await Promise.all([1, 2, 3].map((n) => heard(desk, n, "VENUE_ACK")));
  desk.say("kill");
  desk.place("buy", bid - FAR, 5);
  await heard(desk, 4, "KILLED_UNSENT");
  desk.say("sweep");
  await Promise.all([1, 2, 3].map((n) => heard(desk, n, "VENUE_CANCEL")));
  assert.equal((await desk.ask("counters")).counters.swept, true);
  assert.equal((await openOrders(venue)).length, 0);
  assert.equal(venue.ledger().filter((line) => line.dir === "in" && line.kind === "new").length, 3);
});

test("the venue goes away and comes back: READY again, and the orders are known", async (t) => {
  const [venue, desk] = await begin();
  const [bid] = await touch(desk);
  desk.place("buy", bid - FAR, 5);
  await heard(desk, 1, "VENUE_ACK");
  await venue.stop();
  await until("the loss", () => desk.states.at(-1) !== "READY");
  desk.place("buy", bid - FAR, 5);
  await heard(desk, 2, "VENUE_REJECT"); // unsent: nothing waits for a venue that is gone
  await venue.start();
  const began = Date.now();
  await desk.ready(40000);
  t.diagnostic(`READY ${Date.now() - began} ms after the venue`); // a second and what the machine adds
  await desk.flat();
  assert.equal((await openOrders(venue)).length, 0);
});

test("an order of an earlier run is taken up, one of nobody is told of as foreign", async () => {
  const [venue, desk] = await begin();
  const [bid] = await touch(desk);
  desk.place("buy", bid - FAR, 5);
  desk.place("buy", bid - FAR, 6);
  await heard(desk, 1, "VENUE_ACK");
  await heard(desk, 2, "VENUE_ACK");
  const next = new Desk(venue, { epoch: 2 });
  open.push([venue, next]);
  next.say("carry 1");
  await next.ready();
  await until("the carried one", () => next.reports.some((said) => said.epoch === 1 && said.n === 1 && said.report === "VENUE_ACK"));
  assert.equal(next.foreign.size, 1);
  next.say(`foreign ${[...next.foreign.keys()][0]}`);
  await until("its end", () => [...next.foreign.values()][0] === "ended");
  assert.equal((await openOrders(venue)).length, 1);
  await desk.flat();
});

test("a silent engine: the private connection goes, and the venue cancels", async () => {
  const [venue, desk] = await begin();
  const [bid] = await touch(desk);
  desk.place("buy", bid - FAR, 5);
  await heard(desk, 1, "VENUE_ACK");
  desk.say("beat off");
  await until("DCP", async () => (await openOrders(venue)).length === 0, 30000);
  desk.say("beat on");
  await desk.ready(30000);
  await heard(desk, 1, "VENUE_CANCEL");
});

test("spot: what the account holds is not ours, and fees in the coin are no drift", async () => {
  const accounts = join(scratch(), "accounts");
  const key = { key: "demo-key-one", secret: "demo-secret-one", permissions: ["Spot"] };
  writeFileSync(accounts, JSON.stringify([{ uid: 7, keys: [key], balances: { USDT: "1000000", BTC: "1.2345678" } }]));
  const [venue, desk] = await begin([], ["--accounts", accounts], { name: "bybit-spot:BTCUSDT" });
  const told = (lots) => until(() => `${lots()} lots: ${desk.venueLots}\n${desk.child.said}`, () => desk.venueLots === lots());
  await told(() => 0);
  await until("two lots of fees", async () => {
    const [, ask] = await touch(desk);
    desk.place("buy", ask + 2000, 500, "ioc");
    await told(() => desk.position);
    return desk.position > 2000;
  });
  const [fill] = desk.reports.filter((said) => said.report === "FILL_PART");
  const value = (fill.price / 10) * (fill.lots / 1000);
  assert.ok(Math.abs(fill.fee_e8 / 1e8 - value * 0.001) < value * 1e-6 + 1e-6, `${fill.fee_e8} of ${value}`);
  const [bid] = await touch(desk);
  desk.place("sell", bid - 2000, 300, "ioc");
  const before = desk.position;
  await until("a sale", () => desk.position < before);
  await told(() => desk.position);

  // A trade by hand: the engine hears of it as one of nobody's, and the count is the account's.
  const ours = desk.position;
  await venue.post("/v5/order/create", { category: "spot", symbol: "BTCUSDT", side: "Sell", orderType: "Market", qty: "0.05" });
  await told(() => ours - 50);
  assert.equal(desk.position, ours - 50);
  const lots = desk.position;
  await desk.quit();

  const next = new Desk(venue, { epoch: 2, name: "bybit-spot:BTCUSDT", opening: lots });
  const poorer = new Desk(venue, { epoch: 3, name: "bybit-spot:BTCUSDT", opening: lots + 5000 });
  open.push([venue, next], [venue, poorer]);
  await until(() => `${lots} carried lots: ${next.venueLots}\n${next.child.said}`, () => next.venueLots === lots);
  await until("a drift", () => poorer.venueLots !== null && poorer.venueLots < lots + 5000);
  assert.match(poorer.child.said, /the account holds less of a coin than our lots/);
});

test("TLS: by its authority alone", async () => {
  const dir = scratch();
  const venue = await new Venue([], ["--tls", "--tls-dir", dir]).start();
  const desk = new Desk(venue, { ca: `${dir}/ca.pem` });
  const stranger = new Desk(venue, { epoch: 2 });
  open.push([venue, desk], [venue, stranger]);
  await desk.ready();
  const [bid] = await touch(desk);
  desk.place("buy", bid - FAR, 5);
  await heard(desk, 1, "VENUE_ACK");
  assert.ok(!stranger.states.includes("READY"), stranger.child.said);
  await desk.flat();
});

// ---- faults: after each, both sides have the same orders and position ---------------------------

/** A stretch of trading; ends flat of orders, with every fate known. */
async function trade(desk, steps) {
  for (let step = 0; step < steps; step++) {
    const [bid, ask] = await touch(desk);
    const kind = step % 4;
    if (kind === 0) {
      desk.place("buy", bid - FAR, 5);
    } else if (kind === 1) {
      desk.place("sell", ask + FAR, 5, "post");
    } else if (kind === 2) {
      desk.place(step % 8 < 4 ? "buy" : "sell", step % 8 < 4 ? ask + 300 : bid - 300, 3, "ioc");
    } else if (step % 8 === 3) {
      desk.live().forEach((order) => order.state === "live" && desk.amend(order.n, order.price + 1, order.qty + 1));
    } else {
      desk.live().forEach((order) => order.state === "live" && desk.cancel(order.n));
    }
    await sleep(120);
  }
}

function noOrderTwice(venue) {
  const ids = venue.ledger().filter((line) => line.dir === "in" && line.kind === "new").map((line) => line.order_link_id);
  assert.equal(new Set(ids).size, ids.length, "an order was sent twice");
}

async function agree(venue, desk) {
  await until(
    () => `positions: ours ${desk.position}, the venue's ${desk.venueLots}\n${desk.child.said.slice(-3000)}`,
    async () => desk.position === (await positionOf(venue)) && desk.venueLots === desk.position,
    20000,
  );
  const rest = (await openOrders(venue)).filter((order) => order.orderLinkId.startsWith("PW"));
  assert.deepEqual(rest, []);
  noOrderTwice(venue);
}

const FAULTS = {
  "requests that never arrive": [{ on: "new", every: 3, do: "drop_req" }, { on: "cancel", every: 2, do: "drop_req" }],
  "answers that are lost": [{ on: "new", every: 2, do: "drop_ack" }, { on: "cancel", every: 2, do: "drop_ack" }],
  "states of orders that are lost": [{ on: "order", every: 2, do: "drop_ack" }],
  "fills that are lost": [{ on: "fill", every: 2, do: "lost_fill" }],
  "fills that come late and twice": [{ on: "fill", every: 2, do: "late_fill", ms: 300 }, { on: "fill", every: 3, do: "dup" }],
  "states that come twice and in the wrong order": [{ on: "order", every: 2, do: "dup" }, { on: "order", every: 3, do: "reorder", ms: 200 }],
  "fills before acknowledgements": [{ on: "new", every: 2, do: "fill_before_ack" }],
  "a fill that a cancel met": [{ on: "cancel", every: 2, do: "late_fill", ms: 200, code: 1 }],
  "refusals that say nothing": [{ on: "new", every: 3, do: "reject", code: 10016 }, { on: "cancel", every: 3, do: "reject", code: 10016 }],
  "too many requests": [{ on: "new", nth: 3, do: "ratelimit", ms: 1500 }],
  "connections that are reset": [{ on: "new", every: 5, do: "rst" }, { on: "fill", nth: 2, do: "rst" }],
  "connections that close": [{ on: "cancel", every: 3, do: "close" }, { on: "order", every: 9, do: "close" }],
  "frames that are cut off": [{ on: "order", every: 6, do: "truncate" }],
  "a connection that is half open": [{ on: "order", nth: 5, do: "half_open" }],
  "slow bytes": [{ on: "fill", every: 2, do: "trickle", ms: 1 }],
  "a venue in maintenance": [{ on: "new", nth: 5, do: "maintenance", ms: 2000, times: 1 }],
  "orders of others": [{ on: "new", nth: 3, do: "foreign_order", code: 2 }],
};

async function suffer(name, rules) {
  const [venue, desk] = await begin(rules.map((rule) => ({ times: 4, ...rule })));
  await trade(desk, 24);
  await desk.ready(60000);
  await desk.flat(60000);
  await agree(venue, desk);
  if (process.env.SHOW) {
    const counts = {};
    desk.reports.forEach((said) => (counts[said.report] = (counts[said.report] ?? 0) + 1));
    console.log(name, JSON.stringify(counts), desk.states.join(" "), desk.position);
  }
  await desk.quit();
  await venue.stop();
}

// They mostly wait, each for a venue of its own.
test("faults", { concurrency: 4 }, async (t) => {
  await Promise.all(Object.entries(FAULTS).map(([name, rules]) => t.test(name, () => suffer(name, rules))));
});

const CHANCES = [
  { on: "new", p: 0.04, do: "drop_req" },
  { on: "new", p: 0.04, do: "drop_ack" },
  { on: "new", p: 0.04, do: "fill_before_ack" },
  { on: "new", p: 0.03, do: "reject", code: 10016 },
  { on: "amend", p: 0.1, do: "drop_ack" },
  { on: "amend", p: 0.1, do: "drop_req" },
  { on: "cancel", p: 0.05, do: "drop_ack" },
  { on: "cancel", p: 0.05, do: "drop_req" },
  { on: "cancel", p: 0.05, do: "late_fill", ms: 100 },
  { on: "order", p: 0.05, do: "drop_ack" },
  { on: "order", p: 0.05, do: "dup" },
  { on: "order", p: 0.05, do: "reorder", ms: 100 },
  { on: "order", p: 0.01, do: "rst" },
  { on: "order", p: 0.01, do: "half_open" },
  { on: "fill", p: 0.1, do: "lost_fill" },
  { on: "fill", p: 0.1, do: "dup" },
  { on: "fill", p: 0.1, do: "late_fill", ms: 200 },
  { on: "fill", p: 0.02, do: "close" },
  { on: "query", p: 0.02, do: "drop_ack" },
  { on: "query", p: 0.02, do: "delay", ms: 400 },
];

test("faults: whatever chance brings", async () => {
  const seed = process.env.SEED ?? "20417";
  const [venue, desk] = await begin(CHANCES, ["--seed", seed]);
  console.log(`SEED=${seed}`);
  await trade(desk, Number(process.env.SOAK_STEPS ?? 120));
  await desk.ready(60000);
  await desk.flat(90000);
  await agree(venue, desk);
  console.log(`${desk.orders.size} orders, ${desk.executions.size} fills, position ${desk.position}`);
});

test("a stream that is not JSON stops the venue, and trading on it", async () => {
  const [, desk] = await begin([{ on: "order", every: 1, do: "corrupt_json", times: 6 }]);
  const [bid] = await touch(desk);
  [1, 2, 3, 4].forEach((n) => desk.place("buy", bid - FAR - n, 5));
  await until("a stop", () => desk.stops.length > 0);
  assert.equal(desk.stops[0].stop, 1);
  await desk.flat(60000);
});
