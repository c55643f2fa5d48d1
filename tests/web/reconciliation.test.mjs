// Reconciliation beyond positions: fills and fees of the day and balances, as the venue tells them, beside ours.

import assert from "node:assert/strict";
import { bound, screenshot, textOf, until } from "./browser.mjs";
import { fillsOf } from "./mock-venue.mjs";
import { story } from "./story.mjs";

bound(240000);

const BTC = "sim:BTCUSDT";
const WIDE = { width: 1500, height: 950 };
const VIEW = { view: "reconciliation", viewport: WIDE };
const UNTOLD = { venue_fills: null, venue_fee: null, fills_since_told: null, told_ns: null, age_ns: null };

function balance(more = {}) {
  return {
    currency: "USD", equity: "100012.5", wallet: "100000", available: "98410.25", venue_ns: "1790000068748950248",
    told_ns: "1790000068749950248", age_ns: "2000000000", ...more,
  };
}

/** One venue with one instrument; what is said of either. */
function account(desk, fills = {}, said = balance()) {
  desk.accounts = [{ venue: "bybit-linear", simulated: false, balance: said, instruments: [fillsOf(BTC, fills)] }];
}

const says = (page, selector, words) =>
  until(`${selector}: ${words}`, async () => words.test(await textOf(page, selector)), 20000);

const row = `[data-recon-fills='${BTC}']`;

story("fills and fees side by side, and what they come to", VIEW, async (page, { desk }) => {
  account(desk);
  await says(page, row, /BTCUSDT sim ?12 ?12 ?.1\.25 ?.1\.25 ?USDT ?\d\.\d ?s ?agree$/);
  account(desk, { fills: 14, fills_since_told: 2, fee: "-1.5" });
  await says(page, row, /agree, as far as told$/);
  account(desk, { fills: 14, fills_since_told: 1 });
  await says(page, row, /differ: 1 more here$/);
  account(desk, { venue_fills: 15 });
  await says(page, row, /differ: 3 more there$/);
  await screenshot(page, "reconciliation-differ");
  account(desk, { venue_fee: "-1.249" });
  await says(page, row, /fees differ$/);
  account(desk, { fee: "-1.250", venue_fee: "-1.25" });
  await says(page, row, /agree$/);
});

story("what the venue has not told is unknown, not nothing", VIEW, async (page, { desk }) => {
  account(desk, UNTOLD, balance({ available: null }));
  await says(page, row, /^BTCUSDT sim ?12 ?[–—] ?.1\.25 ?[–—] ?USDT ?[–—] ?venue has not told$/);
  await says(page, "[data-balance=bybit-linear]", /100012\.50 ?100000\.00 ?[–—] ?USD/);
  account(desk, {}, null);
  await says(page, "[data-balance=bybit-linear]", /unknown: the venue has not told it yet$/);
  desk.accounts = undefined;
  await says(page, "[data-balance=sim]", /unknown: the simulated venue keeps no balance$/);
});

story("a balance with the venue's time, beside what we count", VIEW, async (page, { desk }) => {
  account(desk);
  await says(page, "[data-balance=bybit-linear]", /100012\.50 ?100000\.00 ?98410\.25 ?USD ?14:14:28\.748 ?\d\.\d ?s$/);
  const shown = await until("our equity", async () => /[\d.]{6,}/.exec((await textOf(page, "[data-balance=ours]"))));
  assert.ok(Math.abs(Number(shown[0]) - desk.money.equity / 1e8) < 1000, `${shown} of ${desk.money.equity}`);
  await screenshot(page, "reconciliation");
  account(desk, {}, balance({ age_ns: "120000000000" }));
  await until("it is old", () => page.isVisible("[data-balance=bybit-linear].row-stale"), 9000);
});

story("a server that does not answer greys what it told", { ...VIEW, complaints: [/503/] }, async (page, server) => {
  account(server.desk);
  await says(page, "[data-balance=bybit-linear]", /100012\.50/);
  server.fault.asked = [503, "unavailable"];
  await until("the fills are grey", () => page.isVisible(`${row}.row-stale`), 20000);
  await says(page, "[data-panel=recon-fills] header", /Old: not answered for/);
  await until("and the balance", () => page.isVisible("[data-balance=bybit-linear].row-stale"), 20000);
});
