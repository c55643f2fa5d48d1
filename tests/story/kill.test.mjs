// Kills in the middle of trading, by the venue's ledger: nothing new behind the block, all cancelled, the
// receipt's counts those of the ledger. Also with the venue away, and with the program killed.

import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { BTC, ETH, pause, Story, until } from "./story.mjs";

const ORDERS = new Set(["new", "amend", "cancel", "cancel_all"]);
let story;

before(async () => {
  story = await Story.begin();
});
beforeEach(() => story.arm());
after(() => story?.end());

/** When we sent a request, by its own stamp; ms. */
const sentMs = ({ body }) => Number(body.header["X-BAPI-TIMESTAMP"]);

const stateOf = ({ body }) => body.data[0].orderStatus;

/** Pushes of orders since then that say so. */
function told(status, sinceNs) {
  const pushes = story.venue.ledger().filter(({ dir, kind }) => dir === "out" && kind === "order");
  return pushes.filter((line) => BigInt(line.at_ns) >= sinceNs && stateOf(line) === status).map((line) => line.order_id);
}

const whole = (incident) =>
  until("the receipt to be complete", async () => {
    const { body } = await story.risk1.get(`/kill/${incident}`);
    return body.complete && body;
  }, 15000);

test("a kill in the middle: no order behind it, all is cancelled, and the receipt counts as the ledger", async () => {
  for (let round = 0; round < 4; round++) {
    await story.arm();
    await story.trade(8);
    const killed = await story.kill();
    const answeredMs = Date.now();
    const receipt = await whole(killed.incident);
    await until("nothing to rest", async () => (await story.venue.resting()).length === 0);
    await pause(300);
    const blockMs = Number((BigInt(receipt.at_ns) + BigInt(receipt.ns_to_block)) / 1000000n);
    const sent = story.venue.asked("new").map(sentMs);
    assert.deepEqual(sent.filter((ms) => ms > blockMs || ms > answeredMs), [], "orders behind the block");
    const { cancels, resting } = receipt;
    const cancelled = new Set(told("Cancelled", BigInt(receipt.at_ns)));
    const ends = `${JSON.stringify(receipt)}, cancelled in the ledger ${cancelled.size}`;
    assert.equal(cancels.unknown, 0, ends);
    assert.ok(cancels.confirmed >= resting - cancels.refused, ends);
    assert.ok(cancels.confirmed <= cancelled.size, ends);
    assert.ok(cancelled.size <= cancels.confirmed + receipt.unsent + 4, ends); // in flight at the block
  }
  await story.calm();
});

test("a kill of one strategy leaves the other trading", async () => {
  await story.trade(4);
  await story.kill("strategy/maker");
  await pause(300);
  const { seq } = story.venue.ledger().at(-1);
  await until("orders of momentum", () => story.venue.asked("new").filter((line) => line.seq > seq).length >= 2, 15000);
  const news = story.venue.asked("new").filter((line) => line.seq > seq);
  assert.ok(news.every(({ body }) => body.args[0].timeInForce !== "PostOnly"), "the maker is silent");
  await story.calm();
});

test("the venue is away when the kill comes, and comes back: cancels are the first that it hears", async () => {
  await story.trade(8);
  await story.rest(); // what no strategy takes back in the meantime
  await story.venue.stop();
  const { incident } = await story.kill();
  const { seq } = story.venue.ledger().at(-1);
  await story.venue.reopen();
  await until("nothing to rest", async () => (await story.venue.resting()).length === 0, 20000);
  const heard = story.venue.ledger().slice(seq).filter(({ dir, kind }) => dir === "in" && ORDERS.has(kind));
  assert.ok(heard.length > 0, "not one cancel, although an order rested");
  assert.ok(heard.every(({ kind }) => kind === "cancel"), heard.map(({ kind }) => kind).join(" "));
  const receipt = await whole(incident);
  assert.equal(receipt.cancels.unknown, 0, JSON.stringify(receipt));
  await story.calm();
});

test("SIGKILL with orders that rest: comes up HALTED, asks about each, and none is sent again", async () => {
  await story.trade(8);
  await story.rest(); // what no strategy takes back in the meantime
  await story.rest();
  await story.server.stop("SIGKILL");
  const left = (await story.venue.resting()).map(({ orderLinkId }) => orderLinkId);
  assert.ok(left.length >= 2);
  await story.start();
  assert.equal((await story.state("firm")).state, "HALTED");
  const { items } = (await story.risk1.get("/orders?limit=1000")).body;
  assert.deepEqual(left.filter((id) => !items.some((row) => row.id === id)), [], "orders that it does not carry");
  await story.ready();
  await until("no order unknown", async () => !(await story.alive()).some(({ state }) => state === "UNKNOWN"), 15000);
  const metrics = await story.metrics();
  assert.match(metrics, /^pitwall_orders_unknown 0$/m);
  await story.calm();
  await story.arm();
  await story.trade(8);
  await story.calm();
});

test("each execution, order and cent is on both sides", async () => {
  await story.calm([BTC, ETH]);
  await story.settle();
});
