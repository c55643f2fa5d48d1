// Receipts of kills: of one that also flattens (off unless ticked, one move all the same), and of a late answer.

import assert from "node:assert/strict";
import { bound, holdKill, killWith, pause, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const notice = (page, words) =>
  until(
    `a notice: ${words}`,
    async () => (await page.textContent(".notices")).includes(words),
    10000,
  );

for (const viewport of [
  { width: 1400, height: 900 },
  { width: 1024, height: 768 },
]) {
  story(`kill and flatten at ${viewport.width}`, { user: "trader", viewport }, async (page, server) => {
    const { desk } = server;
    desk.trade = () => {};
    desk.markets[0].lots = 12;
    desk.markets[1].lots = -5;
    desk.markets[2].lots = 0;
    desk.flattenHeld = true;
    assert.equal(await page.isChecked("#kill-flatten"), false, "off unless somebody ticks it");
    if (viewport.width < 1100) {
      await page.click(".kill-open");
    }
    const box = async () => (await page.$("#kill")).boundingBox();
    const before = await box();
    await page.check("#kill-flatten");
    await page.fill("#kill-reason", "get out");
    assert.deepEqual(await box(), before, "the button did not move");
    assert.equal(await textOf(page, "#kill"), "Hold to kill and flatten the whole firm");
    assert.match(
      await textOf(page, "[data-panel=kill] .hint"),
      /cancels, then closes what the whole firm holds at the market, reduce-only.*Does not ask again/,
    );
    await screenshot(page, `kill-flatten-armed-${viewport.width}`);
    await holdKill(page);
    const sent = server.seen.find((request) => request.path === "/kill");
    assert.deepEqual(sent.body, { scope: "firm", reason: "get out", flatten: true });
    await notice(page, "Killed the whole firm: incident 1, flattening");
    assert.equal(await page.isChecked("#kill-flatten"), false, "the next kill starts without");
    const receipt = () => textOf(page, "[data-test=receipt]");
    await until(
      "what is still held",
      async () =>
        /reduce-only\. Still held: BTCUSDT 0\.012, ETHUSDT -0\.05 ?0 exits sent/.test(await receipt()),
      10000,
    );
    await until("flattening in words", async () => /flattening/.test(await receipt()), 9000);
    await screenshot(page, `kill-flatten-receipt-${viewport.width}`);
    desk.flattenHeld = false;
    await until(
      "flat",
      async () => /complete.*Flat: nothing is held ?2 exits sent/.test(await receipt()),
      10000,
    );
    await screenshot(page, `kill-flatten-done-${viewport.width}`);
  });
}

story("a flattening that was given up says so, loudly", {}, async (page, server) => {
  const { desk } = server;
  const refused = "exits were denied or left unfilled too often: look at the positions";
  desk.markets.forEach((market, at) => (market.lots = at === 0 ? 7 : 0));
  desk.trade = () => {};
  const receipt = desk.kill("venue/sim", "one wave", true, "risk1");
  receipt.flatten = { orders: 3, done: false, refused };
  desk.flatten = () => {};
  const words = () => textOf(page, "[data-test=receipt]");
  await until(
    "not flat",
    async () =>
      /not flat.*Not flat: exits were denied .*Still held: BTCUSDT 0\.007 ?3 exits sent/.test(await words()),
    10000,
  );
});

story("flattening what is killed already joins its incident", {}, async (page, server) => {
  server.desk.flattenHeld = true;
  await killWith(page, "first");
  await notice(page, "Killed the whole firm: incident 1");
  assert.equal(await page.isVisible("[data-test=flatten]"), false);
  await page.selectOption("#kill-scope", "strategy/maker");
  await killWith(page, "second");
  await notice(page, "Killed strategy maker: incident 2");
  await page.selectOption("#kill-scope", "firm");
  await page.check("#kill-flatten");
  await killWith(page, "out of it");
  await notice(page, "The whole firm was killed already: joined incident 1, flattening");
  await until("the older receipt", async () =>
    /Incident 1.*Selling or buying back/.test(await textOf(page, "[data-test=receipt]")),
  );
});

story("an answer that comes after the stream's news does not undo them", {}, async (page) => {
  await page.route("**/api/v1/kill", async (route) => {
    const answer = await route.fetch();
    await until("the stream's receipt", () =>
      page.isVisible("[data-test=receipt][data-complete=true]"),
    );
    await page.evaluate(() => {
      globalThis.undone = false;
      new MutationObserver(() => {
        globalThis.undone ||= document.querySelector("[data-test=receipt][data-complete=false]");
      }).observe(document.body, { subtree: true, attributes: true, childList: true });
    });
    await route.fulfill({ response: answer });
  });
  await killWith(page, "slow answer");
  await until("the answer", async () => (await page.inputValue("#kill-reason")) === "", 15000);
  await pause(300);
  assert.equal(await page.evaluate(() => Boolean(globalThis.undone)), false);
});
