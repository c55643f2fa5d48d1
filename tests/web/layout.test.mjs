// How a person likes the page is kept by user in this browser, and can be had as it comes.

import assert from "node:assert/strict";
import { bound, go, logIn, screenshot, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(200000);

const pressed = (page, panel, words) =>
  page.getAttribute(`[data-panel=${panel}] .tab:text-is("${words}")`, "aria-pressed", { timeout: 3000 });
const isFolded = async (page, panel) => (await page.$(`[data-panel=${panel}] .panel-body`)) === null;
const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme);

async function arrange(page) {
  await page.click("[data-fold=venues]");
  await until("it is folded", () => isFolded(page, "venues"));
  await page.click('[data-panel=pnl] .tab:text-is("Equity")');
  await page.click("[data-test=theme]");
  await page.click("[data-test=theme]");
  await go(page, "orders");
  await page.click('[data-panel=orders] .tab:text-is("Fills")');
  await until("the fills", async () => (await pressed(page, "orders", "Fills")) === "true");
  await go(page, "overview");
}

async function isArranged(page) {
  assert.equal(await isFolded(page, "venues"), true);
  assert.equal(await isFolded(page, "positions"), false);
  assert.equal(await pressed(page, "pnl", "Equity"), "true");
  assert.equal(await theme(page), "light");
  await go(page, "orders");
  assert.equal(await pressed(page, "orders", "Fills"), "true");
  await go(page, "overview");
}

async function isAsItComes(page) {
  assert.equal(await isFolded(page, "venues"), false);
  assert.equal(await pressed(page, "pnl", "Total PnL"), "true");
  assert.equal(await theme(page), "dark");
}

async function change(page, user) {
  await page.click("text=Log out");
  await until("the log-in form", () => page.isVisible("#user"));
  await logIn(page, user, "demo");
  await go(page, "overview");
}

story("folded panels, open tabs and theme are each person's own", {}, async (page) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await arrange(page);
  await screenshot(page, "folded");
  await page.reload();
  await until("the desk", () => page.isVisible("[data-panel=pnl]"));
  await isArranged(page);
  await change(page, "trader");
  await isAsItComes(page);
  await change(page, "risk1");
  await isArranged(page);
  await page.keyboard.press("?");
  await page.click("[data-test=layout-reset]");
  await page.keyboard.press("Escape");
  await isAsItComes(page);
  await page.reload();
  await until("the desk again", () => page.isVisible("[data-panel=pnl]"));
  await isAsItComes(page);
});

story("orders that were folded when the page was opened scroll as others do", { view: "orders" }, async (page, { desk }) => {
  await page.click("[data-fold=orders]");
  await until("it is folded", () => isFolded(page, "orders"));
  await page.reload();
  await until("the panel", () => page.isVisible("[data-fold=orders]"));
  desk.trade = () => {};
  const one = desk.orders.find((row) => row.state === "WORKING");
  const many = Array.from({ length: 300 }, (_, at) => ({ ...one, id: `m${at}`, seq: 100000 + at }));
  desk.orders = many;
  desk.touched.push(...many);
  await page.click("[data-fold=orders]");
  await until("the newest", () => page.isVisible("[data-order=m299]"));
  await page.$eval("[data-panel=orders] .scroll", (box) => (box.scrollTop = box.scrollHeight));
  await until("the oldest", () => page.isVisible("[data-order=m0]"));
});

story("the kill switch cannot be folded, and a key leads to what is", { view: "trading" }, async (page) => {
  assert.equal(await page.$("[data-fold=kill]"), null);
  await page.click("[data-fold=ticket]");
  await until("it is folded", () => isFolded(page, "ticket"));
  await page.focus("h1");
  await page.keyboard.press("t");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.fold), "ticket");
  await page.keyboard.press("Enter");
  await until("it is open", () => page.isVisible("#ticket-qty"));
  assert.equal(await page.$$eval("#at-orderPlace", (all) => all.length), 1);
});
