// What an attacker, a bad proxy or an unlucky hand does to the page: another person in another tab, a browser whose
// store is full or forbidden, answers that are none, a tab that is switched under a press, a key that is held.

import assert from "node:assert/strict";
import { bound, go, holdKill, logIn, pause, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const kills = (server) => server.seen.filter(({ path }) => path.endsWith("/kill"));

/** Another tab of the same browser in which somebody else logs in. */
async function takeOver(page, user) {
  const other = await page.context().newPage();
  await other.addInitScript(() => localStorage.removeItem("pitwall-session"));
  await other.goto(page.url());
  await logIn(other, user, "demo");
  await other.close();
}

const TAKEN = { view: "alerts", complaints: [/403/] };

story("a page never acts for one person and names another", TAKEN, async (page, server) => {
  const noted = () => server.seen.filter(({ path }) => path.endsWith("/alerts/note")).length;
  await page.fill("#hand-over-note", "typed by risk1");
  await takeOver(page, "risk2");
  await page.press("#hand-over-note", "Enter");
  await until("the page says whose it is", async () => /risk2/.test(await textOf(page, ".who")));
  await until("and why", async () => /logged in as risk2/.test(await textOf(page, ".notices")));
  assert.equal(await page.inputValue("#hand-over-note"), "", "what risk1 typed is not risk2's to send");
  assert.equal(noted(), 1, "it was sent once, and refused");
});

story("a kill from a page that was taken over is carried out, and says in whose name", TAKEN, async (page, server) => {
  await takeOver(page, "risk2");
  await page.hover("#kill");
  await page.mouse.down();
  await until("the receipt", () => page.isVisible("[data-test=receipt]"));
  await page.mouse.up();
  assert.match(await textOf(page, "[data-test=receipt]"), /risk2 killed the whole firm/);
  assert.match(await textOf(page, ".who"), /risk2/);
  assert.equal(kills(server).length, 2);
});

for (const [what, spoil] of [
  ["forbidden", () => Object.defineProperty(globalThis, "localStorage", { get: () => document.no.store })],
  ["full", () => (Storage.prototype.setItem = () => document.no.room)],
]) {
  story(`a store that is ${what} keeps nobody out`, { user: null, complaints: [/401/] }, async (page) => {
    await page.addInitScript(spoil);
    await page.reload();
    await until("the log-in form", () => page.isVisible("#user"));
    await logIn(page, "risk1", "demo");
    assert.equal(await page.isEnabled("#kill"), true);
  });
}

for (const [what, answer, says] of [
  ["500", { status: 500, json: { code: "internal", title: "Internal error" } }, /NOT confirmed: Internal error/],
  ["an empty 504", { status: 504, body: "" }, /NOT confirmed: http_504/],
  ["an empty 200", { status: 200, body: "" }, /NOT confirmed: the answer holds no receipt/],
  ["a page of a proxy", { status: 200, body: "<p>log in to the network" }, /NOT confirmed: The answer was not JSON/],
]) {
  const name = `a kill that is answered by ${what} is not confirmed, and says so until it is closed`;
  story(name, { complaints: [/50\d/] }, async (page) => {
    await page.route("**/api/v1/kill", (route) => route.fulfill(answer));
    await holdKill(page);
    await until("the notice", async () => says.test(await textOf(page, ".notices")));
    await page.evaluate(() => {
      const now = performance.now.bind(performance);
      performance.now = () => now() + 60000;
    });
    await pause(500);
    assert.match(await textOf(page, ".notices"), says);
    assert.doesNotMatch(await textOf(page, ".notices"), /Killed/);
  });
}

story("a press ends when the window or the tab is left", {}, async (page, server) => {
  for (const leave of [
    () => dispatchEvent(new Event("blur")),
    () => document.dispatchEvent(new Event("visibilitychange")),
  ]) {
    await page.hover("#kill");
    await page.mouse.down();
    await until("the press begins", () => page.isVisible("#kill[data-held=yes]"));
    await page.evaluate(leave);
    await until("it is over", () => page.isVisible("#kill[data-held=no]"));
    await pause(1200);
    await page.mouse.up();
    await page.hover(".instance");
  }
  assert.equal(kills(server).length, 0);
});

story("a key that is held presses once", { view: "trading" }, async (page, server) => {
  await page.focus("[data-action=ordersCancelAll]");
  for (let times = 0; times < 10; times++) {
    await page.keyboard.down("Enter");
    await pause(30);
  }
  await page.keyboard.up("Enter");
  await until("it is sent", async () => server.seen.some(({ path }) => path.endsWith("/cancel-all")));
  assert.equal(server.seen.filter(({ path }) => path.endsWith("/cancel-all")).length, 1);
});

story("words about a kill that broke leave nothing old behind", {}, async (page, { desk }) => {
  const words = () => textOf(page, "[data-test=kill-words]");
  await until("what it meets", async () => /holds/.test(await words()));
  desk.positions = () => [{ ...desk.markets[0], instrument: null, lots: 1 }];
  await until("that alone", async () => (await words()) === "The whole firm: position and open orders are not known.");
  await go(page, "market");
});
