// The tape of the Market view: public trades of the chosen instrument, as the API tells them, and their age.

import assert from "node:assert/strict";
import { bound, pause, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(240000);

const BTC = "sim:BTCUSDT";
const ETH = "sim:ETHUSDT";
const WIDE = { width: 1500, height: 950 };

function trade(seq, instrument, side, price, qty, age_ns = "300000000") {
  return { seq, id: `v${seq}`, instrument, side, qty, price, at_ns: "1790000068748950248", venue_ns: null, age_ns };
}

function stand(desk, instrument, ...trades) {
  desk.tapeStands = true;
  desk.tapes ??= new Map();
  desk.tapes.set(instrument, trades);
}

/** The cells of each row, as they are read. */
const rows = (page) =>
  page.$$eval("[data-panel=tape] [data-trade]", (found) =>
    found.map((row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent.replaceAll("\u202f", "").trim())),
  );

const asked = (server) => server.seen.filter(({ path }) => path === "/trades").length;

story("trades as the API tells them: words, ticks, newest first", { view: "market", viewport: WIDE }, async (page, { desk }) => {
  stand(desk, BTC, trade(1208, BTC, "sell", "65000.1", "0.031"), trade(1207, BTC, "buy", "65000", "1.5"));
  await until("both", async () => (await rows(page)).length === 2);
  assert.deepEqual(await rows(page), [
    ["14:14:28.748", "seller took", "65000.1", "0.031"],
    ["14:14:28.748", "buyer took", "65000.0", "1.500"],
  ]);
  assert.match(await textOf(page, "[data-panel=tape] header"), /^Trades of BTCUSDT sim.*1,?.?208 since the start/);
  stand(desk, BTC, trade(1209, BTC, "buy", "65000.2", "0.004"), trade(1208, BTC, "sell", "65000.1", "0.031"));
  await until("the next", async () => (await rows(page))[0][2] === "65000.2");
  assert.equal((await rows(page)).length, 2, "what the answer no longer has is gone");
  stand(desk, BTC);
  await until("none", async () => /No trade since the start/.test(await textOf(page, "[data-panel=tape] tbody")));
});

story("another instrument has another tape", { view: "market", viewport: WIDE }, async (page, server) => {
  const { desk } = server;
  stand(desk, BTC, trade(1, BTC, "sell", "65000.1", "0.031"));
  stand(desk, ETH, trade(9, ETH, "buy", "3420.17", "2.5"));
  await until("that of the first", async () => (await rows(page))[0]?.[2] === "65000.1");
  await page.click(`.market-grid [data-instrument='${ETH}'] button`);
  await until("that of the other", async () => (await rows(page))[0]?.[2] === "3420.17");
  assert.match(await textOf(page, "[data-panel=tape] h2"), /^Trades of ETHUSDT/);
  desk.tapeStands = false;
  await until("a full one", async () => (await rows(page)).length >= 4, 9000);
  await screenshot(page, "tape");
  await page.click("[data-view=orders]");
  await until("orders", () => page.isVisible("[data-view-open=orders]"));
  const before = asked(server);
  await pause(2500);
  assert.equal(asked(server), before, "nobody looks, so nobody asks");
});

story("a tape that is not answered goes grey and says so", { view: "market", viewport: WIDE, complaints: [/503/] }, async (page, server) => {
  stand(server.desk, BTC, trade(5, BTC, "sell", "65000.1", "0.031", "1000000000"));
  await until("the trade", async () => (await rows(page)).length === 1);
  server.fault.asked = [503, "unavailable"];
  const head = "[data-panel=tape] header";
  await until("it says old", async () => /Old: not answered for \d\.\d\ss/.test(await textOf(page, head)), 9000);
  assert.equal(await page.isVisible("[data-panel=tape] table.row-stale"), true);
  assert.equal((await rows(page)).length, 1, "what was told is still to be read");
  const age = () => page.$eval("[data-panel=tape] .age-cell", (cell) => parseFloat(cell.textContent));
  await until("the trade ages by what passes", async () => (await age()) >= 4, 9000);
  server.fault.asked = null;
  await until("it is told again", async () => !/Old/.test(await textOf(page, head)));
});
