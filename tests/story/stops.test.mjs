// Faults that must stop something: what is stopped, what goes on, what people are shown and can do.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { BTC, ETH, LINEAR, pause, Story, until } from "./story.mjs";

const ACTIVE = "ACTIVE";
let story;

before(async () => {
  story = await Story.begin();
});
after(() => story?.end());

const scopeOf = (instrument) => `instrument/${instrument}`;

const halted = (scope, ms = 30000) =>
  until(`${scope} HALTED`, async () => (await story.state(scope)).state === "HALTED", ms);

/** News of a symbol, since a line of the ledger. */
const news = (symbol, seq) => story.venue.asked("new").filter((line) => line.symbol === symbol && line.seq > seq);

/** BTC is stopped and stays so; ETH trades on. */
async function onlyOther() {
  await until("no order of BTC rests", async () => !(await story.venue.resting()).some((row) => row.symbol === "BTCUSDT"));
  const { seq } = story.venue.ledger().at(-1);
  await until("orders of ETH", () => news("ETHUSDT", seq).length >= 4, 15000);
  assert.deepEqual(news("BTCUSDT", seq), []);
  assert.equal((await story.state(scopeOf(ETH))).state, ACTIVE);
}

/** BTC trades again as soon as its row has been read anew. */
async function again() {
  await story.arm();
  const { seq } = story.venue.ledger().at(-1);
  await until("orders of BTC", () => news("BTCUSDT", seq).length >= 2, 20000);
}

test("control: nothing stops by itself", async () => {
  await story.trade(20);
  const states = await story.states();
  assert.ok(states.every(({ state }) => state === ACTIVE), JSON.stringify(states));
});

test("overfill: the instrument stops, the fill counts on both sides, people start it again", async () => {
  await story.venue.befall({ on: "new", nth: 1, do: "overfill", code: 3, symbol: "BTCUSDT" });
  await halted(scopeOf(BTC));
  assert.match((await story.state(scopeOf(BTC))).cause, /more was filled than was ordered/);
  await onlyOther();
  await until("the same count", async () => {
    const { theirs, ours } = await story.counts(BTC);
    return theirs === ours && theirs !== 0;
  });
  await story.arm();
  await story.trade(4);
});

test("a tick that changes stops that instrument at once, and says so", async () => {
  await story.venue.sim("POST", "instrument", { category: "linear", symbol: "BTCUSDT", tickSize: "0.5" });
  await halted(scopeOf(BTC), 15000); // reference_ms is 10 s
  const { cause } = await story.state(scopeOf(BTC));
  assert.match(cause, /0\.5/, cause);
  assert.match(cause, /0\.1/, cause);
  await onlyOther();
  await story.venue.sim("POST", "instrument", { category: "linear", symbol: "BTCUSDT", tickSize: "0.1" });
});

test("a status that is not Trading stops that instrument, and says so", async () => {
  await again();
  await story.venue.sim("POST", "instrument", { category: "linear", symbol: "BTCUSDT", status: "Closed" });
  await halted(scopeOf(BTC), 15000);
  const { cause } = await story.state(scopeOf(BTC));
  assert.match(cause, /Closed/, cause);
  await onlyOther();
  await story.venue.sim("POST", "instrument", { category: "linear", symbol: "BTCUSDT", status: "Trading" });
  await again();
});

test("clock_offset: no new order while the clocks differ, and the figure is shown", async () => {
  await story.trade(4);
  await story.venue.befall({ on: "new", nth: 1, do: "clock_offset", code: 6000 });
  const row = async () => (await story.risk1.get("/venues")).body.items[0];
  await until("the offset", async () => Math.abs(Number((await row()).clock_offset_ns) - 6e9) < 1e9, 15000);
  await pause(500);
  const { seq } = story.venue.ledger().at(-1);
  await pause(1000);
  assert.deepEqual(story.venue.asked("new").filter((line) => line.seq > seq), []);
  await story.venue.clear();
  await story.ready();
  await story.trade(4);
});

test("a private stream that is not JSON stops the venue until people start it", async () => {
  await story.venue.befall({ on: "order", every: 1, do: "corrupt_json", times: 8 });
  await halted(`venue/${LINEAR}`, 15000);
  await story.venue.clear();
  await story.calm();
  await story.arm();
  await story.trade(4);
});

test("the books balance until here", async () => {
  await story.calm();
  await story.settle();
});

test("position_override: both figures are shown, a person adopts the venue's", async () => {
  await story.arm();
  await story.trade(4);
  await story.venue.befall({ on: "new", nth: 1, do: "position_override", code: 77, symbol: "BTCUSDT" });
  await halted(scopeOf(BTC));
  await onlyOther();
  const row = await until("a drift", async () => {
    const found = await story.position(BTC);
    return found.drift !== 0 && found;
  });
  const { theirs } = await story.counts(BTC);
  assert.deepEqual([row.venue_lots, row.drift], [theirs, row.lots - theirs]);
  const reply = await story.risk1.post(`/positions/${BTC}/adopt`, { choice: "adopt", reason: "the venue is right" });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual([reply.body.lots, reply.body.drift], [theirs, 0]);
  await story.arm();
  await story.trade(4);
  await story.calm();
});

test("ban: the venue is not asked anything any more, and the other states say so", async () => {
  await story.arm();
  await story.trade(4);
  await story.venue.befall({ on: "new", nth: 1, do: "ban", ms: 3000 });
  await until("BANNED", async () => (await story.venueState()) === "BANNED", 10000);
  const { body } = await story.risk1.get("/venues");
  assert.notEqual(body.items[0].banned_until_ns, null);
  await pause(500);
  const { seq } = story.venue.ledger().at(-1);
  await pause(4000);
  const lines = story.venue.ledger().filter((line) => line.seq > seq && line.dir === "in");
  assert.deepEqual(lines.filter(({ kind }) => kind !== "connect" && kind !== "ping"), []);
});
