// The dashboard under its load: 200 positions and 2,000 orders, all of which change ten times a second.
//
// Wants a quiet machine: what it measures is time. SPEED_WINDOW_S (10) is how long it looks at each view, and
// SPEED_WINDOWS (3) how often; the median counts. Each figure is printed with the load of the machine.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { bound, builtPage, go, launch, logIn, openPage, pause, until } from "../web/browser.mjs";
import { LOAD, LoadServer } from "./load-server.mjs";
import { longTasks, machineLoad, median, moduleAddress, usedSeconds, watchLongTasks } from "./measure.mjs";

const WINDOW_MS = Number(process.env.SPEED_WINDOW_S ?? 10) * 1000;
const WINDOWS = Number(process.env.SPEED_WINDOWS ?? 3);
const WARM_MS = 5000;
const CORE_MAX = 0.4;
/** The views that show what the load is of. */
const VIEWS = ["overview", "orders", "trading"];
bound(VIEWS.length * (WINDOWS * WINDOW_MS * 2 + 60000));

let browser;
let server;
let opened;
let page;

before(async () => {
  browser = await launch();
  server = new LoadServer(builtPage());
  opened = await openPage(browser, await server.start());
  page = opened.page;
  await logIn(page, "risk1", "demo");
  await watchLongTasks(page);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** One window: the share of a core of all of the browser's processes, and the long tasks of the page. */
async function measure() {
  await longTasks(page);
  const [before_, at, round] = [await usedSeconds(browser), performance.now(), server.round];
  await pause(WINDOW_MS);
  const seconds = (performance.now() - at) / 1000;
  const after_ = await usedSeconds(browser);
  const shares = Object.entries(after_).map(([type, used]) => [type, (used - (before_[type] ?? 0)) / seconds]);
  return {
    shares: Object.fromEntries(shares),
    core: shares.reduce((sum, [, share]) => sum + share, 0),
    long: await longTasks(page),
    rate: (server.round - round) / seconds,
  };
}

const percent = (share) => `${(share * 100).toFixed(1)} %`;

function windowText({ shares, core, long, rate }) {
  const parts = Object.entries(shares).filter(([, share]) => share >= 0.001);
  const by = parts.map(([type, share]) => `${type.split(".")[0]} ${percent(share)}`).join(", ");
  const worst = long.length === 0 ? "" : `, longest ${Math.max(...long)} ms`;
  return `${percent(core)} of a core (${by}), ${long.length} long tasks${worst}, ${rate.toFixed(1)} updates a second`;
}

for (const view of VIEWS) {
  test(`${view} bears ten updates a second`, async (t) => {
    await go(page, view);
    await pause(WARM_MS);
    const windows = [];
    for (let at = 0; at < WINDOWS; at++) {
      windows.push(await measure());
      t.diagnostic(`${view}: ${windowText(windows[at])}; machine load ${machineLoad()}`);
    }
    assert.ok(median(windows.map(({ rate }) => rate)) > LOAD.UPDATES_PER_S * 0.9, "the server kept its pace");
    const core = median(windows.map((window) => window.core));
    assert.ok(core <= CORE_MAX, `${percent(core)} of a core, at most ${percent(CORE_MAX)}`);
    assert.equal(median(windows.map(({ long }) => long.length)), 0, "tasks over 50 ms in a window");
  });
}

/** Writes down each frame that the page takes in, by its own stream, from now on. */
async function noteFrames(address) {
  await page.evaluate(async (name) => {
    const { stream } = (await import(name)).page;
    const take = stream.onFrame;
    globalThis.taken = { positions: [], orders: [] };
    stream.onFrame = (frame) => {
      globalThis.taken[frame.topic]?.push(frame.seq);
      take(frame);
    };
  }, address);
}

const held = (address) =>
  page.evaluate(async (name) => {
    const { page: state } = await import(name);
    const of = (topic) => ({ seq: state.stream.topic(topic).seq, items: [...state[topic].values()] });
    const gaps = state.stream.gaps;
    return { gaps, taken: globalThis.taken, positions: of("positions"), orders: of("orders") };
  }, address);

const byId = (items) => new Map(items.map((item) => [item.id ?? item.instrument, item]));

test("no update is lost: what the page holds and shows is what the server sent last", async (t) => {
  const address = await moduleAddress(page, "state.js");
  await go(page, "trading");
  await noteFrames(address);
  const first = { positions: server.last.positions.seq, orders: server.last.orders.seq };
  await pause(WINDOW_MS);
  server.paused = true;
  const sent = server.last;
  await until("the last frame", async () => (await held(address)).orders.seq === sent.orders.seq);
  await until("what it shows", async () => {
    const shown = await page.$$eval("[data-order] td:nth-child(7)", (cells) => cells.map((cell) => cell.textContent));
    const ids = await page.$$eval("[data-order]", (rows) => rows.map((row) => row.dataset.order));
    const orders = byId(sent.orders.items);
    const wrong = ids.filter((id, at) => Number(shown[at]) !== Number(orders.get(id).filled));
    return ids.length > 20 && wrong.length === 0;
  });
  const { gaps, taken, ...topics } = await held(address);
  assert.equal(gaps, 0);
  for (const topic of ["positions", "orders"]) {
    assert.equal(topics[topic].seq, sent[topic].seq);
    assert.deepEqual(byId(topics[topic].items), byId(sent[topic].items));
    const missed = taken[topic].filter((seq, at) => at > 0 && seq !== taken[topic][at - 1] + 1);
    assert.deepEqual(missed, [], `${topic} in sequence`);
    assert.ok(taken[topic][0] <= first[topic] + 2 && taken[topic].at(-1) === sent[topic].seq, "from first to last");
    t.diagnostic(`${topic}: ${taken[topic].length} frames in sequence, the last is ${sent[topic].seq}`);
  }
  assert.equal(topics.positions.items.length, LOAD.POSITIONS);
  assert.equal(topics.orders.items.length, LOAD.ORDERS);
  assert.deepEqual(await opened.complaints(), []);
});

test("each of 200 positions can be scrolled to and shows what the server sent last", async () => {
  assert.equal(server.paused, true, "nothing moves meanwhile");
  await go(page, "overview");
  for (const { instrument, mark, unrealised } of server.last.positions.items) {
    const row = page.locator(`.positions-grid [data-instrument='${instrument}']`);
    for (let turns = 0; (await row.count()) === 0; turns++) {
      assert.ok(turns < 20, `${instrument} is drawn when the page is scrolled`);
      await page.mouse.wheel(0, 400);
      await pause(60);
    }
    const number = async (column) => Number(await row.locator(`td:nth-child(${column})`).textContent());
    assert.equal(await number(4), Number(mark), instrument);
    assert.equal(await number(5), Number(unrealised), instrument);
  }
});
