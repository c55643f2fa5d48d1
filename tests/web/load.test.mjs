// Two hundred positions and two thousand orders, all of which change ten times a second: no update is lost, and
// what is not drawn because nobody sees it is there when it is scrolled to. How fast that is, tests/speed asks.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { LOAD, openLoaded } from "../speed/load-server.mjs";
import { moduleAddress } from "../speed/measure.mjs";
import { bound, pause } from "./browser.mjs";

const LISTEN_MS = 4000;
const MOVES = ["positions", "orders"];
bound(120000);

let chrome;
let server;
let page;

before(async () => {
  ({ chrome, server, page } = await openLoaded());
});

after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** Writes down each frame that the page takes in, by its own stream, from now on. */
function noteFrames(address) {
  return page.evaluate(async (name) => {
    const { stream } = (await import(name)).page;
    const take = stream.onFrame;
    globalThis.taken = { positions: [], orders: [] };
    stream.onFrame = (frame) => {
      globalThis.taken[frame.topic]?.push(frame.seq);
      take(frame);
    };
  }, address);
}

/** What the page holds. */
function held(address) {
  return page.evaluate(async (name) => {
    const { page: state } = await import(name);
    const of = (topic) => ({ seq: state.stream.topic(topic).seq, items: [...state[topic].values()] });
    const topics = { positions: of("positions"), orders: of("orders") };
    return { gaps: state.stream.gaps, taken: globalThis.taken, ...topics };
  }, address);
}

/** What the page shows: [name, figures..] of each row that is drawn. */
function shown(rows, name, columns) {
  return page.evaluate(
    (selector, key, at) =>
      [...document.querySelectorAll(selector)].map((row) => [
        row.dataset[key],
        ...at.map((column) => Number(row.children[column].textContent)),
      ]),
    rows,
    name,
    columns,
  );
}

/** Of the table of positions: how many rows it says there are, and [place, name] of each line that is drawn. */
function places() {
  return page.evaluate(() => {
    const table = document.querySelector(".positions-grid");
    const nameOf = ({ dataset, textContent }) => dataset.instrument ?? dataset.endOf ?? dataset.driftOf ?? textContent.trim().split(" to ")[0];
    const lines = [...table.tBodies].flatMap(({ rows }) => [...rows]);
    return { count: table.ariaRowCount, lines: lines.map((row) => [Number(row.ariaRowIndex), nameOf(row)]) };
  });
}

const byId = (items) => new Map(items.map((item) => [item.id ?? item.instrument, item]));

test("no update is lost - what the page holds and shows is what the server sent last", async (t) => {
  const address = await moduleAddress(page, "state.js");
  await page.go("trading");
  await noteFrames(address);
  const first = { positions: server.last.positions.seq, orders: server.last.orders.seq };
  await pause(LISTEN_MS);
  server.paused = true;
  const sent = server.last;
  await page.until("the last frame", async () => (await held(address)).orders.seq === sent.orders.seq);
  const orders = byId(sent.orders.items);
  await page.until("what it shows", async () => {
    const rows = await shown("[data-order]", "order", [6, 7]);
    const right = ([id, filled, leaves]) =>
      filled === Number(orders.get(id).filled) && leaves === Number(orders.get(id).leaves);
    return rows.length > 20 && rows.every(right);
  });
  const { gaps, taken, ...topics } = await held(address);
  assert.equal(gaps, 0);
  for (const topic of MOVES) {
    assert.equal(topics[topic].seq, sent[topic].seq);
    assert.deepEqual(byId(topics[topic].items), byId(sent[topic].items));
    const missed = taken[topic].filter((seq, at) => at > 0 && seq !== taken[topic][at - 1] + 1);
    assert.deepEqual(missed, [], `${topic} in sequence`);
    assert.ok(taken[topic][0] <= first[topic] + 2, `${topic} from the first`);
    assert.equal(taken[topic].at(-1), sent[topic].seq, `${topic} to the last`);
    t.diagnostic(`${topic}: ${taken[topic].length} frames in sequence, the last is ${sent[topic].seq}`);
  }
  assert.equal(topics.positions.items.length, LOAD.POSITIONS);
  assert.equal(topics.orders.items.length, LOAD.ORDERS);
});

test("the kill switch names some positions, and says how many more and what they come to", async () => {
  const words = await page.evaluate(() => document.querySelector("[data-panel=kill]").textContent);
  const sent = server.last.positions.items.filter(({ lots }) => lots !== 0);
  const found = new RegExp(`and ${sent.length - 8} more, notional ([\\d.\u202f]+) USDT; ${LOAD.ORDERS} open orders`).exec(words);
  const cents = sent.reduce((sum, { lots, mark }) => sum + Math.abs(lots) * Math.round(Number(mark) * 100), 0);
  assert.equal(Number(found?.[1].replaceAll("\u202f", "")), cents / 100, words);
});

test("each of 200 positions is drawn when it is scrolled to, with what the server sent last", async () => {
  assert.equal(server.paused, true, "nothing moves meanwhile");
  await page.go("overview");
  const seen = new Map();
  const names = server.last.positions.items.map(({ instrument }) => instrument).sort((a, b) => a.localeCompare(b));
  const end = () => page.evaluate(() => scrollY + innerHeight >= document.documentElement.scrollHeight - 1);
  do {
    const rows = await shown(".positions-grid [data-instrument]", "instrument", [3, 4]);
    assert.ok(rows.length < LOAD.POSITIONS / 2, "only those near the window are drawn");
    rows.forEach(([name, ...figures]) => seen.set(name, figures));
    const { count, lines } = await places();
    assert.equal(count, String(LOAD.POSITIONS + 1), "a screen reader is told of all, and of the head");
    assert.deepEqual(lines.filter(([at, name]) => names[at - 2] !== name), [], "and where each line stands among them");
    await page.evaluate(() => scrollBy(0, 300));
    await pause(300);
  } while (!(await end()));
  const last = await shown(".positions-grid [data-instrument]", "instrument", [3, 4]);
  last.forEach(([name, ...figures]) => seen.set(name, figures));
  const sent = server.last.positions.items;
  assert.deepEqual(seen, new Map(sent.map((row) => [row.instrument, [Number(row.mark), Number(row.unrealised)]])));
});
