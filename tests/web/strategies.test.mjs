// The strategies' panel: told at once, switched off at once, switched on by two people.

import assert from "node:assert/strict";
import { bound, go, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(200000);

const notice = (page, words) =>
  until(`a notice: ${words}`, async () => (await page.textContent(".notices")).includes(words));
const parameterValue = (page, name) =>
  textOf(page, `[data-parameter=${name}] [data-test=in-force]`);

story("a strategy is told one instrument's parameters at once", { view: "strategies" }, async (page, server) => {
  await until("strategies", async () => (await parameterValue(page, "order_lots")) === "differs");
  assert.equal(await parameterValue(page, "risk_aversion"), "0.0005");
  await page.selectOption("#at-strategyChange", "sim:BTCUSDT");
  assert.equal(await parameterValue(page, "order_lots"), "20");
  await page.fill("#parameter-order_lots", "0");
  assert.match(await textOf(page, "[data-parameter=order_lots]"), /not below 1/);
  await page.fill("#parameter-order_lots", "7");
  await page.fill("#parameter-risk_aversion", "0.001");
  assert.equal(await page.isDisabled("#strategy-apply"), true, "a reason is missing");
  await page.fill("#strategies-reason", "thin");
  await page.click("#strategy-apply");
  await notice(page, "maker is in force as version 2");
  await until("the new value", async () => (await parameterValue(page, "order_lots")) === "7");
  const put = server.seen.find((request) => request.method === "PUT");
  assert.equal(put.path, "/strategies/maker");
  assert.equal(put.headers["if-match"], '"1"');
  assert.deepEqual(put.body, {
    per_instrument: { "sim:BTCUSDT": { order_lots: 7, risk_aversion: "0.001" } },
    reason: "thin",
  });
  await screenshot(page, "strategies");
});

story("a strategy is stopped beside its row, on the desk's own view, after one question", { view: "trading", complaints: [/412/] }, async (page, server) => {
  const row = "[data-panel=strategy-list] [data-strategy=maker]";
  await page.click(`${row} [data-action=strategyStop]`);
  assert.match(await textOf(page, ".dialog"), /maker is asked for nothing more; its \d+ open orders are cancelled/);
  assert.match(await textOf(page, ".dialog"), /takes a second person/);
  await page.keyboard.press("Escape");
  assert.equal(await page.isVisible(".dialog"), false);
  assert.equal(server.seen.some(({ method }) => method === "PUT"), false, "who steps back has done nothing");
  await page.click(`${row} [data-action=strategyStop]`);
  const maker = server.desk.strategies.find(({ strategy }) => strategy === "maker");
  Object.assign(maker, { version: maker.version + 1, open_orders: 41 }); // while the question stands
  await until("the page knows", async () => (await textOf(page, `${row} td:nth-of-type(4)`)) === "41");
  maker.version += 1; // which the page cannot know yet
  await page.click("#dialog-yes");
  await until("it is off", async () => (await textOf(page, `${row} [data-test=switch]`)) === "disabled");
  const put = server.seen.findLast(({ method }) => method === "PUT");
  assert.equal(put.path, "/strategies/maker");
  assert.deepEqual(put.body, { enabled: false, reason: "stopped by hand, from its row" });
  await notice(page, `maker is stopped: it is disabled as version ${maker.version}`);
  assert.equal(await page.isVisible(`${row} [data-action=strategyStop]`), false, "what is off has no stop");
  await page.click(`${row} .link`);
  await until("its parameters", async () => /^maker, version/.test(await textOf(page, "[data-test=version]")));
});

for (const [width, height] of [[390, 844], [1280, 800]]) {
  story(`Stop and what a limit bounds are to be seen at ${width}`, { view: "trading", viewport: { width, height } }, async (page) => {
    for (const view of ["trading", "strategies"]) {
      await go(page, view);
      await until("the row", () => page.isVisible("[data-strategy=maker]"));
      const place = await page.$eval("main [data-strategy=maker] [data-action=strategyStop]", (button) => {
        const { left, right } = button.getBoundingClientRect();
        const panel = button.closest("[data-panel]").getBoundingClientRect();
        const room = button.closest("tr").querySelector("td.minor").clientWidth;
        return { in: left >= panel.left && right <= panel.right, room };
      });
      assert.equal(place.in, true, `${view}: in sight without scrolling`);
      assert.ok(place.room >= 80, `${view}: ${place.room} px for the last change`);
    }
    await go(page, "risk");
    const room = await page.$eval("#limit-max_order_lots-says", (cell) => cell.clientWidth);
    assert.ok(room >= 150, `${room} px for what a limit bounds`);
    await go(page, "strategies");
    const foot = await page.$eval(".strategies-foot", (one) => one.getBoundingClientRect().right);
    assert.ok(foot <= width, `the form ends at ${foot}`);
  });
}

story("a strategy is switched off at once and on by two", { view: "strategies" }, async (page) => {
  const row = (name) => textOf(page, `[data-strategy=${name}] [data-test=switch]`);
  await until("strategies", () => page.isVisible("[data-strategy=momentum]"));
  await page.fill("#strategies-reason", "odd fills");
  await page.click("#strategy-disable");
  await until("it is off", async () => (await row("maker")) === "disabled");
  await page.click("[data-strategy=momentum] button");
  await page.fill("#strategies-reason", "looked at");
  await page.click("#strategy-enable");
  assert.match(await textOf(page, ".dialog"), /momentum will trade again/);
  await page.click("#dialog-yes");
  await notice(page, "approval 1 waits for a second person");
  await until("it waits", async () => /disabled.*approval 1 waits/.test(await row("momentum")));
  await go(page, "approvals");
  assert.match(await textOf(page, "[data-approval='1']"), /Enabled.*false \u2192 true/);
});
