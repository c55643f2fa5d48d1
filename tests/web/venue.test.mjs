// The desk at a venue: counts that differ and who decides, a venue in trouble, figures that fit.

import assert from "node:assert/strict";
import { bound, go, killWith, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const BTC = "sim:BTCUSDT";
const ROW = `[data-drift-of='${BTC}']`;
const END = `[data-end-of='${BTC}']`;
const WIDE = { width: 1500, height: 950 };

/** We hold so many lots, the venue counts so many, and nothing trades. */
function differ(desk, lots, venue_lots) {
  desk.trade = () => {};
  desk.markets[0].lots = lots;
  desk.markets[0].margin = { venue_lots, venue_age_ns: "1500000000", drift: lots - venue_lots };
}

function says(page, selector, words, ms = 9000) {
  return until(`${selector}: ${words}`, async () => words.test(await textOf(page, selector)), ms);
}

function halt(desk, cause = "the venue counts another position than we do") {
  desk.setState(`instrument/${BTC}`, "HALTED", "trigger/position_drift", cause, "K1-1");
}

const settled = (server) => server.seen.find(({ path }) => /adopt$/.test(path))?.body;

story("counts that agree say so", { mode: "live" }, async (page, { desk }) => {
  differ(desk, 12, 12);
  await says(page, END, /venue agrees, told \d\.\d\ss ago/);
  assert.equal(await page.$(ROW), null);
  desk.markets[0].margin = { venue_lots: null, venue_age_ns: null, drift: null };
  await says(page, END, /venue has not told its count/);
});

story("a difference: both figures, and a person adopts", { mode: "live", viewport: WIDE, complaints: [/403/] }, async (page, server) => {
  const { desk } = server;
  differ(desk, 12, 9);
  await says(page, ROW, /DRIFT We count 12 lots, the venue counts 9 lots: 3 lots more here/);
  await page.fill(`${ROW} input`, "the venue lists a fill we never heard of");
  const adopt = `${ROW} button:text("Adopt the venue's count: 9 lots")`;
  assert.equal(await page.isDisabled(adopt), true, "it trades yet");
  assert.match(await textOf(page, ROW), /Adopting wants the instrument HALTED/);
  halt(desk);
  await until("it may be adopted", () => page.isEnabled(adopt));
  await screenshot(page, "drift");
  server.fault.reauth = true;
  await page.click(adopt);
  assert.match(
    await textOf(page, ".dialog"),
    /sim:BTCUSDT, mode LIVE\. We count 12 lots, the venue counts 9 lots\.Our position becomes 9 lots/,
  );
  assert.equal(settled(server), undefined, "nothing is sent before the second yes");
  await screenshot(page, "drift-dialog");
  await page.click("#dialog-yes");
  await page.fill("#dialog-password", "demo");
  await page.click("#dialog-yes");
  await until("it is settled", async () => (await page.$(ROW)) === null);
  assert.deepEqual(settled(server), { choice: "adopt", reason: "the venue lists a fill we never heard of" });
  const shown = page.getAttribute(`.positions-grid [data-instrument='${BTC}'] td`, "title");
  assert.equal(await shown, `${desk.positions()[0].lots} lots`);
});

story("what is kept stays marked, until it changes", { mode: "live", viewport: WIDE }, async (page, server) => {
  const { desk } = server;
  differ(desk, -2, -1);
  halt(desk);
  await page.fill(`${ROW} input`, "theirs is late");
  await page.click(`${ROW} button:text("Keep ours: -2 lots")`);
  assert.match(await textOf(page, ".dialog"), /Our position stays -2 lots\. The difference of 1 lot stops nothing/);
  await page.click("#dialog-yes");
  await says(page, ROW, /KEPT: 1 lot still differ.*We count -2 lots, the venue counts -1 lot: 1 lot fewer here/);
  assert.equal(settled(server).choice, "keep");
  await screenshot(page, "drift-kept");
  differ(desk, -2, 3);
  await says(page, ROW, /DRIFT We count -2 lots, the venue counts 3 lots: 5 lots fewer here/);
});

story("a trader sees the difference and decides nothing", { user: "trader" }, async (page, { desk }) => {
  differ(desk, 12, 9);
  await says(page, ROW, /DRIFT.*Role risk decides/);
  assert.equal(await page.$(`${ROW} button`), null);
});

story("a ban, its end, the clock: at a glance", { mode: "live", viewport: WIDE }, async (page, { desk }) => {
  const ns = (ms) => String(BigInt(Date.now() + ms) * 1000000n);
  desk.venue = { state: "READY", since_ns: ns(-60000), clock_offset_ns: "99000000", reconnects: 0 };
  await go(page, "market");
  await says(page, ".facts", /^venueREADY/);
  assert.equal(await page.$("[data-trouble]"), null, "no line for what is well");
  desk.venue = {
    ...{ state: "BANNED", since_ns: ns(-5000), banned_until_ns: ns(595000) },
    ...{ clock_offset_ns: "-340000000", reconnects: 3 },
  };
  await says(page, "[data-trouble=sim]", /BANNED sim banned until \d\d:\d\d:\d\d UTC, 59\d\ss left . since/);
  assert.match(await textOf(page, "[data-trouble=sim]"), /clock is 340\sms behind ours . 3 reconnects/);
  assert.match(await textOf(page, ".facts"), /^venueBANNED 59\d\ss/);
  await screenshot(page, "banned");
  for (const state of ["DOWN", "CONNECTING", "SYNCING", "STALE"]) {
    desk.venue = { state, since_ns: ns(-5000) };
    await says(page, "[data-trouble=sim]", new RegExp(`${state} sim since`));
    await says(page, ".facts", new RegExp(`^venue${state}`));
  }
});

story("prices in ticks, far ends, whole causes", { viewport: WIDE }, async (page, { desk }) => {
  const far = { liquidation_price: "1234.56789", liquidation_distance_ratio: "10.01" };
  differ(desk, 12, 12);
  Object.assign(desk.markets[0].margin, { margin_ratio: "0.0312", ...far });
  await says(page, END, /liquidation at 1234\.6, far . venue agrees/);
  Object.assign(desk.markets[0].margin, { liquidation_distance_ratio: "10" });
  await says(page, END, /1,?000\s% away/);
  const average = await textOf(page, `.positions-grid [data-instrument='${BTC}'] td:nth-child(3)`);
  assert.equal(average, "65000.1", `of ${desk.positions()[0].avg_price}`);
  const cutOff = (selector) => page.$eval(selector, (found) => found.scrollWidth > found.clientWidth);
  assert.equal(await cutOff(`${END} td`), false, "the line is whole");
  const below = await page.$eval("[data-panel=pnl] .figures tr:last-child", (row) =>
    row.getBoundingClientRect().bottom - row.closest(".panel").getBoundingClientRect().bottom,
  );
  assert.ok(below <= 0, `the margin ratio ends ${below} px below its panel`);
  halt(desk, "the venue counts another position than we do, and has said so three times in a row");
  await go(page, "kill");
  const why = `[data-scope='instrument/${BTC}'] .state-why`;
  await says(page, why, /three times in a row, trigger\/position_drift, incident K1-1/);
  assert.equal(await cutOff(why), false, "the cause is whole");
});

story("my kill's receipt stays until I dismiss it", {}, async (page, { desk }) => {
  await killWith(page, "mine");
  const receipt = () => textOf(page, "[data-test=receipt]");
  await until("mine", async () => /Incident 1.*“?mine/.test(await receipt()));
  Object.assign(desk.kill(`instrument/${BTC}`, "drift", false, "trigger/position_drift"), { ns_to_block: "0" });
  await until("the newer one is named", async () =>
    /Incident 1.*Newer: incident 2, trigger\/position_drift/.test(await receipt()),
  );
  await page.click("[aria-label='Dismiss this receipt']");
  await until("the newer one", async () => /Incident 2.*To block\s?by itself/.test(await receipt()));
});
