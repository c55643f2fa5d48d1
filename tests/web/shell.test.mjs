// The frame around the views: addresses, keys, badges, themes, what is kept, long lists.

import assert from "node:assert/strict";
import { bound, go, openPage, textOf, until } from "./browser.mjs";
import { browser, story, VIEWS } from "./story.mjs";

bound(300000);

const open = (page) => page.getAttribute("[data-test=view]", "data-view-open");
const opened = (page, view) => until(`view ${view}`, async () => (await open(page)) === view);
const title = (page) => page.evaluate(() => document.title);
const focused = (page) => page.evaluate(() => document.activeElement.id);
const rootData = (page, name) => page.evaluate((key) => document.documentElement.dataset[key], name);

story("each view has an address, a key and a title, and survives a reload", {}, async (page) => {
  const links = await page.$$eval(".nav a", (all) => all.map((link) => link.dataset.view));
  assert.deepEqual(links, VIEWS);
  for (const view of VIEWS) {
    const link = `.nav a[data-view=${view}]`;
    const key = (await textOf(page, `${link} kbd`)).split(" ")[1].toLowerCase();
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await opened(page, view);
    assert.equal(await page.evaluate(() => location.hash), `#/${view}`);
    assert.equal(await page.getAttribute(link, "aria-current"), "page");
    assert.equal(await page.$$eval("[aria-current]", (all) => all.length), 1);
    assert.equal(await focused(page), "view-title");
    const name = await textOf(page, "h1");
    await until("the title says the view", async () => (await title(page)).startsWith(`${name} `));
    assert.ok((await textOf(page, ".view-head p")).length > 10, "what it shows");
  }
  await page.reload();
  await opened(page, VIEWS.at(-1));
  await page.goBack();
  await opened(page, VIEWS.at(-2));
  await page.evaluate(() => (location.hash = "#/nowhere/<b>"));
  await opened(page, "overview");
});

story("keys lead to what they are for, in its view", {}, async (page) => {
  for (const [key, view, goal] of [
    ["l", "risk", "at-limitsChange"],
    ["s", "strategies", "at-strategyChange"],
    ["o", "orders", "at-orderCancel"],
  ]) {
    await page.keyboard.press(key);
    await opened(page, view);
    await until(`the focus on ${goal}`, async () => (await focused(page)) === goal);
    await page.evaluate(() => document.activeElement.blur());
  }
  await page.keyboard.press("?");
  await until("the list of keys", () => page.isVisible("[data-test=help-dialog]"));
  assert.match(await textOf(page, ".keys"), /Go to: Kill, from everywhere/);
  assert.match(await textOf(page, "[data-test=dialog-where]"), /SIM mock-desk/);
  await page.uncheck("#keys-on");
  await page.keyboard.press("Escape");
  await until("it is closed", async () => !(await page.isVisible("[data-test=help-dialog]")));
  await page.keyboard.press("s");
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  assert.equal(await open(page), "orders", "single keys are off");
  await page.keyboard.press("Alt+k");
  assert.equal(await focused(page), "at-kill", "the kill's is not");
});

story("the first stops of the keyboard lead past the rest", {}, async (page) => {
  await page.reload();
  await until("the desk", () => page.isVisible(".connection:not(.connection-dead)"));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the view");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "kill");
  assert.equal(await page.evaluate(() => location.hash), "#/overview");
});

story("the theme follows the system, or the person, and is kept", {}, async (page) => {
  const plane = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await until("light", async () => (await rootData(page, "theme")) === "light");
  const light = await plane();
  await page.emulateMedia({ colorScheme: "dark" });
  await until("dark", async () => (await rootData(page, "theme")) === "dark");
  assert.notEqual(await plane(), light);
  await page.click("[data-test=theme]");
  await page.click("[data-test=theme]");
  await until("light by choice", async () => (await rootData(page, "theme")) === "light");
  await page.click("[data-test=fold]");
  await go(page, "market");
  await page.click("[data-instrument='sim:SOLUSDT'] button");
  await page.reload();
  await until("the chosen instrument", async () =>
    (await textOf(page, "[data-panel=depth] h2")).includes("SOLUSDT"),
  );
  assert.equal(await rootData(page, "theme"), "light");
  assert.equal(await rootData(page, "nav"), "folded");
  assert.equal(await page.isVisible(".nav .nav-word"), false);
});

story("what is kept is read with distrust", { user: null }, async (page) => {
  const wrong = '{"theme":"<x>","nav":[],"selected":{"a":1},"keys":"no","tabs":{"orders":7},"folded":[{},"x"]}';
  for (const kept of ["{", "7", "null", '{"users":[]}', `{"last":"risk1","users":{"risk1":${wrong}}}`]) {
    await page.evaluate((text) => localStorage.setItem("pitwall-layout", text), kept);
    await page.reload();
    await until("the page", () => page.isVisible("#user"));
    assert.equal(await rootData(page, "nav"), "open");
    assert.match(await rootData(page, "theme"), /^(dark|light)$/);
  }
});

story("badges count what waits for a person", { mode: "live" }, async (page, { desk }) => {
  assert.equal(await page.$("[data-badge=approvals], [data-badge=reconciliation]"), null);
  const change = [{ name: "max_order_lots", old: 500, new: 600 }];
  desk.propose("limits", "firm", change, 7, "room", "risk2");
  desk.propose("limits", "venue/sim", change, 7, "room", "risk2");
  await until("two wait", async () =>
    (await textOf(page, "[data-badge=approvals]")) === "2 wait for approval",
  );
  desk.trade = () => {};
  desk.markets[0].lots = 12;
  desk.markets[0].margin = { venue_lots: 9, venue_age_ns: "1500000000", drift: 3 };
  await until("one drifts", async () =>
    (await textOf(page, "[data-badge=reconciliation]")) === "1 counts differ", 9000);
  await go(page, "reconciliation");
  assert.match(await textOf(page, "[data-recon='sim:BTCUSDT']"), /BTCUSDT sim ?12 ?9 ?\d\.\d\ss ?differ ?ACTIVE/);
  assert.match(await textOf(page, "[data-recon='sim:ETHUSDT']"), /venue has not told/);
  assert.match(await textOf(page, "[data-drift-of='sim:BTCUSDT']"), /DRIFT We count 12 lots/);
});

story("of two thousand orders only those in sight are drawn", { view: "orders" }, async (page, { desk }) => {
  desk.trade = () => {};
  const one = desk.orders.find((row) => row.state === "WORKING");
  const many = Array.from({ length: 2000 }, (_, at) => ({ ...one, id: `m${at}`, seq: 100000 + at }));
  desk.orders = [...many];
  desk.touched.push(...many);
  const tab = () => textOf(page, "[data-panel=orders] .tab");
  await until("all of them", async () => /Working 20\d\d/.test(await tab()));
  const ids = () => page.$$eval("[data-order]", (rows) => rows.map((row) => row.dataset.order));
  assert.ok((await ids()).length < 80, `${(await ids()).length} rows are drawn`);
  assert.equal((await ids())[0], "m1999");
  const height = await page.$eval(".orders-grid", (table) => table.getBoundingClientRect().height);
  assert.ok(Math.abs(height - (2000 * 25 + 24)) < 500, `the table is ${height} high`);
  await page.$eval("[data-panel=orders] .scroll", (box) => (box.scrollTop = 1000 * 25));
  await until("the middle", async () => (await ids()).includes("m999"));
  assert.ok((await ids()).length < 80);
  const index = await page.getAttribute("[data-order=m999]", "aria-rowindex");
  assert.equal(index, "1002");
  await page.$eval("[data-panel=orders] .scroll", (box) => (box.scrollTop = box.scrollHeight));
  await until("the end", async () => (await ids()).includes("m0"));
});

story("a phone: watch, and kill", { viewport: { width: 390, height: 844 } }, async (page, server) => {
  assert.equal(await page.isVisible("[data-test=trading]"), true);
  assert.equal(await page.isVisible(".mode"), true);
  assert.equal(await page.isVisible("#at-kill"), false);
  const place = async () => (await page.$("#kill")).boundingBox();
  const before = await place();
  await page.click(".kill-open");
  assert.deepEqual(await place(), before, "what unfolds does not move the button");
  await page.fill("#kill-reason", "from the train");
  await page.hover("#kill");
  await page.mouse.down();
  await until("it lasts", () => page.isVisible("#kill[data-held=done]"));
  await page.mouse.up();
  await until("the receipt", () => page.isVisible("[data-test=receipt]"));
  assert.equal(server.seen.find(({ path }) => path === "/kill").body.reason, "from the train");
  assert.deepEqual(await place(), before, "nor does the receipt");
  server.fault.mute = true;
  await until("the banner", () => page.isVisible("[data-test=banner]"));
  assert.equal(await page.isVisible("[data-test=other-ways]"), true);
  assert.deepEqual(await place(), before, "nor do the other ways");
});

story("each person's page opens with what their role may do", { user: "viewer" }, async (page, server) => {
  const second = await openPage(browser, `${page.url().split("#")[0]}#/audit`);
  try {
    await second.page.fill("#user", "risk1");
    await second.page.fill("#password", "demo");
    await second.page.click("button[type=submit]");
    await until("the view of the address", () => second.page.isVisible("[data-panel=audit] [data-kind]"));
  } finally {
    await second.close();
  }
  await go(page, "audit");
  assert.match(await textOf(page, "[data-panel=audit]"), /needs role risk/);
  assert.equal(server.fault.dead, false);
});
