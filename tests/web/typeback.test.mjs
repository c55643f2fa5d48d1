// Dangerous values are typed back: an order of half of what one may be, a limit that at least doubles.

import assert from "node:assert/strict";
import { bound, go, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const sent = (server, method, path) =>
  server.seen.filter((request) => request.method === method && request.path.endsWith(path));
const asked = (page) => page.isVisible("#dialog-again-0");

async function order(page, qty, price = "61675.9") {
  await page.selectOption("#at-orderPlace", "sim:BTCUSDT");
  await page.fill("#ticket-qty", qty);
  await page.fill("#ticket-price", price);
  await page.click("#ticket-send");
}

story("an order of half of what one may be is sent once its quantity was typed again", { user: "trader" }, async (page, server) => {
  await go(page, "trading");
  await order(page, "0.249");
  await until("a smaller one is not asked about", async () => sent(server, "POST", "/orders").length === 1);
  assert.equal(await asked(page), false);
  await order(page, "0.250");
  await until("the question", () => asked(page));
  const words = await textOf(page, "[role=dialog]");
  assert.match(words, /buy 0\.250 BTCUSDT at 61.?675\.9: 15.?418\.975 USDT\. That is half of what one order may be, or more/);
  await screenshot(page, "typed-back");
  await page.keyboard.press("Enter");
  await until("nothing typed is not it", async () => /that is not what you typed before/.test(await textOf(page, "[role=dialog]")));
  await page.keyboard.type("0.025");
  await page.keyboard.press("Enter");
  assert.equal(sent(server, "POST", "/orders").length, 1, "a digit too many or too few sends nothing");
  await page.evaluate(() => {
    const paste = new Event("paste", { bubbles: true, cancelable: true });
    document.querySelector("#dialog-again-0").dispatchEvent(paste);
    document.body.dataset.pasted = String(!paste.defaultPrevented);
  });
  assert.equal(await page.getAttribute("body", "data-pasted"), "false", "typed, not pasted");
  await page.fill("#dialog-again-0", "");
  await page.keyboard.type("0.25");
  await page.keyboard.press("Enter");
  await until("it is sent", async () => sent(server, "POST", "/orders").length === 2);
  assert.equal(sent(server, "POST", "/orders")[1].body.qty, "0.250");
});

story("by value as well, and not when it only shrinks a position", { user: "trader" }, async (page, server) => {
  await go(page, "trading");
  await order(page, "0.200", "650000");
  await until("130,000 of 250,000", () => asked(page));
  await page.keyboard.press("Escape");
  await page.check("#ticket-reduce");
  await page.click("#ticket-send");
  await until("it is sent", async () => sent(server, "POST", "/orders").length === 1);
  assert.equal(await asked(page), false);
});

story("a limit that at least doubles is typed again, a smaller raise is not", { view: "risk" }, async (page, server) => {
  await page.fill("#limits-reason", "big client");
  await page.fill("#limit-max_order_lots", "1000");
  await page.fill("#limit-max_open_orders", "79");
  await page.click("#limits-apply");
  await until("the question", () => asked(page));
  assert.match(await textOf(page, "[role=dialog]"), /Limits of the whole firm: at least twice as much may pass as now\..*Max order lots, once more/s);
  assert.equal(await page.isVisible("#dialog-again-1"), false, "79 is less than twice 40");
  await page.keyboard.type("10000");
  await page.click("#dialog-yes");
  assert.equal(sent(server, "PUT", "/limits/firm").length, 0);
  await page.fill("#dialog-again-0", "1000");
  await page.click("#dialog-yes");
  await until("it was asked", async () => sent(server, "PUT", "/limits/firm").length === 1);
  assert.deepEqual(sent(server, "PUT", "/limits/firm")[0].body.limits, { max_order_lots: 1000, max_open_orders: 79 });
});
