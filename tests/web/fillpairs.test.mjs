// Reconciliation, fill by fill: what differs first, whose value is whose, and what is not known in words. The last
// story is of the real program, its venue keeping one fill to itself.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { configWith, QUIET, scratch, Server } from "../api/server.mjs";
import { bound, go, logIn, openPage, screenshot, textOf, until } from "./browser.mjs";
import { pairOf } from "./mock-venue.mjs";
import { browser, story } from "./story.mjs";

bound(240000);

const BTC = "sim:BTCUSDT";
const ETH = "sim:ETHUSDT";
const WIDE = { width: 1500, height: 950 };
const VIEW = { view: "reconciliation", viewport: WIDE };
const PANEL = "[data-panel=recon-pairs]";

/** Each row as it is read, the values of one cell with a bar between. */
const rows = (page) =>
  page.$$eval("[data-pair]", (found) => {
    const text = (part) => part.textContent.replace(/\s+/g, " ").trim();
    const lines = (cell) => [...cell.querySelectorAll("div")].map(text).join("|") || text(cell);
    return found.map((row) => [...row.cells].map(lines));
  });

async function open(page, instrument) {
  await page.click(`[data-recon-fills='${instrument}'] .pick`);
  await until("it is open", () => page.isVisible(`${PANEL} table`));
}

const tab = (page, words) => page.click(`${PANEL} .tab:has-text("${words}")`);
const says = (page, words) => until(String(words), async () => words.test(await textOf(page, `${PANEL} tbody`)), 9000);

story("what differs comes first, with both values and whose they are", VIEW, async (page, { desk }) => {
  desk.pairs = {
    [BTC]: [
      pairOf(5, "unknown", {}, null, { why: "not_told_since" }),
      pairOf(4, "differs", { fee: "0.13" }, { fee: "0.14", side: "sell" }),
      pairOf(3, "ours_only", { price: "65000" }, null),
      pairOf(2, "venue_only", null, { qty: "1.5" }, { order: null }),
      pairOf(1, "both", {}, {}),
    ],
  };
  assert.match(await textOf(page, PANEL), /Press an instrument's name above/);
  await open(page, BTC);
  await until("three", async () => (await rows(page)).length === 3);
  assert.deepEqual(await rows(page), [
    ["14:14:28.748", "differ: side, fee", "ours buy|venue sell", "0.004", "65000.1", "ours 0.13|venue 0.14", "PW1-2A5"],
    ["14:14:28.748", "ours only: not on the venue's list", "ours buy", "ours 0.004", "ours 65000.0", "ours 0.13", "PW1-2A5"],
    ["14:14:28.748", "venue only: not booked by us", "venue buy", "venue 1.500", "venue 65000.1", "venue 0.13", "\u2014"],
  ]);
  assert.match(await textOf(page, `${PANEL} thead`), /Fee, USDT/);
  assert.match(await textOf(page, `${PANEL} .tabs`), /Differences 3 ?Not known 1 ?All 5/);
  assert.match(await textOf(page, "[data-test=pairs-window]"), /^the venue told its list \d\.\d s ago; whole since 2026-09-21 /);
  await screenshot(page, "fill-pairs");
  await tab(page, "Not known");
  await until("one", async () => (await rows(page)).length === 1);
  assert.equal((await rows(page))[0][1], "not known: the venue has not told its list since");
  await tab(page, "All");
  await until("five", async () => (await rows(page)).length === 5);
  assert.deepEqual((await rows(page))[4].slice(1, 6), ["agree", "buy", "0.004", "65000.1", "0.13"]);
});

story("nothing, not told and not answered are three things, in words", { ...VIEW, complaints: [/503/] }, async (page, server) => {
  const { desk } = server;
  desk.pairs = { [BTC]: [pairOf(2, "both", {}, {}), pairOf(1, "unknown", {}, null, { why: "never_told" })] };
  await open(page, BTC);
  await says(page, /^None differs: 1 agree, 1 not known$/);
  desk.pairs = {};
  await says(page, /^No fill today, on neither side$/);
  desk.pairsSaid = { told_ns: null, age_ns: null };
  await says(page, /^No fill of ours today; not known of the venue, which has not told its list$/);
  assert.match(await textOf(page, "[data-test=pairs-window]"), /^the venue has not told its list$/);
  server.fault.asked = [503, "unavailable"];
  await until("it is old", async () => /^Old: not answered for/.test(await textOf(page, "[data-test=pairs-window]")), 20000);
  assert.equal(await page.isVisible(`${PANEL} table.row-stale`), true);
  await page.click(`[data-recon-fills='${ETH}'] .pick`);
  await says(page, /^Not known: .*\(unavailable\)$/);
  assert.match(await textOf(page, `${PANEL} h2`), /^Fills of ETHUSDT, one by one$/);
  server.fault.asked = null;
  await says(page, /not told its list$/);
});

story("a long list says how much of it is shown, and shows more", VIEW, async (page, server) => {
  server.desk.pairs = { [BTC]: Array.from({ length: 130 }, (_, at) => pairOf(130 - at, "ours_only", {}, null)) };
  await open(page, BTC);
  await until("a page", async () => (await rows(page)).length === 100);
  assert.match(await textOf(page, PANEL), /The newest 100 of 130 are shown\. Show more$/);
  await page.click(`${PANEL} button:has-text("Show more")`);
  await until("all", async () => (await rows(page)).length === 130);
  assert.doesNotMatch(await textOf(page, PANEL), /are shown/);
  await page.click(`[data-recon-fills='${BTC}'] .pick`);
  await until("it is closed", async () => /Press an instrument's name above/.test(await textOf(page, PANEL)));
});

/** Two at one price within 5 ms are one too many. */
async function buy(trader, above) {
  const { body } = await trader.get(`/books/${BTC}?depth=1`);
  const price = (Math.ceil(Number(body.asks[0][0]) * above * 10) / 10).toFixed(1);
  const reply = await trader.post("/orders", { instrument: BTC, side: "buy", qty: "0.001", price, type: "limit", tif: "IOC" });
  assert.equal(reply.status, 201, reply.text);
}

/** A pair of the API as the page should show it. */
const drawn = ({ ours, venue, order }) => {
  const [one, whose] = ours ? [ours, ""] : [venue, "venue "];
  return [one.side, one.qty, one.price, one.fee].map((value) => whose + value).concat(order);
};

/** Numbers as numbers: the page adds zeros up to the tick. */
const plain = (cells) => cells.map((cell) => cell.replace(/\d+\.\d+$/, (digits) => String(Number(digits))));

test("what the page shows is what the API answers, of a venue that keeps a fill to itself", { timeout: 90000 }, async () => {
  const dir = scratch();
  const script = join(dir, "faults.jsonl");
  writeFileSync(script, `${JSON.stringify({ on: "fill", nth: 2, do: "lost_fill", symbol: "BTCUSDT" })}\n`);
  const config = configWith(dir, QUIET, [/^market:\n/m, "market:\n  position_interval_ms: 0\n"]);
  const server = await Server.start({ config, args: ["--faults", script] });
  const trader = await server.person("trader");
  const pairs = async () => (await trader.get(`/reconciliation/${BTC}/fills`)).body;
  await until("a market", async () => (await trader.get(`/books/${BTC}`)).body.bids.length > 0, 15000);
  await buy(trader, 1.002);
  await until("the first", async () => (await pairs()).counts.both === 1);
  await buy(trader, 1.003);
  await until("the second is missed", async () => (await pairs()).counts.venue_only === 1, 9000);
  const { page, complaints, close } = await openPage(browser, server.url, WIDE);
  await logIn(page, "viewer", server.passwords().viewer);
  await go(page, "reconciliation");
  await open(page, BTC);
  await until("the missed one", async () => (await rows(page)).length === 1, 9000);
  assert.match((await rows(page))[0][1], /^venue only/);
  await tab(page, "All");
  await until("both", async () => (await rows(page)).length === 2, 9000);
  const { items } = await pairs();
  assert.deepEqual((await rows(page)).map((row) => plain(row.slice(2))), items.map((pair) => plain(drawn(pair))));
  assert.deepEqual(await page.$$eval("[data-pair]", (all) => all.map((row) => row.dataset.state)), ["venue_only", "both"]);
  await screenshot(page, "fill-pairs-live");
  assert.deepEqual(await complaints(), []);
  await close();
  assert.equal(await server.stop(), 0);
});
