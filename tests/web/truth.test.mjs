// What the page says stays true when the server stood still, the browser's clock is wrong, a hand slips or a frame is
// broken: what was said is taken back, times are the server's, one press is one request.

import assert from "node:assert/strict";
import test from "node:test";
import { clockHear, clockOff, serverNow } from "../../web/clock.js";
import { bound, go, holdKill, pause, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const HOUR_MS = 3600000;
const sent = (server, method, path) =>
  server.seen.filter((request) => request.method === method && request.path.startsWith(path)).length;
const notices = (page) => textOf(page, ".notices");

/** Answers a kill as a proxy does whose server stands still. */
const standStill = (page) => page.route("**/api/v1/kill", (route) => route.fulfill({ status: 504, body: "" }));

story("a kill that nobody confirmed is taken back when the stream tells it", { complaints: [/504/] }, async (page, { desk }) => {
  desk.kill("firm", "long over", false, "risk2");
  desk.setState("firm", "ACTIVE", "risk2", null, null);
  await standStill(page);
  await holdKill(page);
  await until("the alarm", async () => /Kill is NOT confirmed/.test(await notices(page)));
  desk.kill("venue/sim", "another scope", false, "risk2");
  await pause(1000);
  assert.match(await notices(page), /NOT confirmed/, "an incident that is over, or of another scope, proves nothing");
  assert.doesNotMatch(await notices(page), /after all/);
  desk.receipts.shift();
  desk.kill("firm", "read late", false, "risk1");
  await until("it is taken back", async () => !/NOT confirmed/.test(await notices(page)));
  assert.match(await notices(page), /confirmed after all: the whole firm, incident 2 by risk1/);
  assert.match(await textOf(page, "[data-test=receipt]"), /read late/);
});

story("a kill to flatten is not confirmed by one that only stops", { complaints: [/504/] }, async (page, { desk }) => {
  await standStill(page);
  await page.check("#kill-flatten");
  await holdKill(page);
  await until("the alarm", async () => /NOT confirmed/.test(await notices(page)));
  desk.kill("firm", "stops", false, "risk2");
  await until("halted", async () => /halted/.test(await textOf(page, "[data-test=trading]")));
  await pause(600);
  assert.match(await notices(page), /NOT confirmed/);
  desk.kill("firm", "and flattens", true, "risk2");
  await until("it is taken back", async () => !/NOT confirmed/.test(await notices(page)));
});

story("a press that is answered takes the alarm before it back", { complaints: [/504/] }, async (page, server) => {
  await standStill(page);
  server.fault.mute = true;
  await until("the banner", () => page.isVisible("[data-test=banner]"));
  await holdKill(page);
  await until("the alarm", async () => /NOT confirmed/.test(await notices(page)));
  await page.unroute("**/api/v1/kill");
  await page.selectOption("#kill-scope", "venue/sim");
  await holdKill(page);
  await page.waitForSelector("[data-test=receipt]");
  await pause(300);
  assert.match(await notices(page), /NOT confirmed/, "that was another scope");
  await page.selectOption("#kill-scope", "firm");
  await holdKill(page);
  await page.waitForSelector("[data-test=receipt]");
  await until("it is taken back", async () => !/NOT confirmed/.test(await notices(page)));
});

for (const [what, change] of [
  ["the scope", () => {
    const choice = document.getElementById("kill-scope");
    choice.value = "strategy/maker";
    choice.dispatchEvent(new Event("change", { bubbles: true }));
  }],
  ["flattening", () => document.getElementById("kill-flatten").click()],
]) {
  story(`a press ends when ${what} changes under it`, {}, async (page, server) => {
    const label = await textOf(page, "#kill .kill-label");
    await page.hover("#kill");
    await page.mouse.down();
    await until("the press begins", () => page.isVisible("#kill[data-held=yes]"));
    await page.evaluate(change);
    await until("it is over", () => page.isVisible("#kill[data-held=no]"));
    assert.notEqual(await textOf(page, "#kill .kill-label"), label);
    await pause(1300);
    await page.mouse.up();
    assert.equal(sent(server, "POST", "/kill"), 0);
  });
}

story("a reason that is typed under a press goes with it", {}, async (page, server) => {
  await page.hover("#kill");
  await page.mouse.down();
  await until("the press begins", () => page.isVisible("#kill[data-held=yes]"));
  await page.evaluate(() => {
    const field = document.getElementById("kill-reason");
    field.value = "typed late";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await until("killed", async () => sent(server, "POST", "/kill") === 1);
  await page.mouse.up();
  assert.equal(server.desk.receipts[0].reason, "typed late");
});

for (const [what, view, button, method, path] of [
  ["Cancel", "orders", "[data-panel=orders] [data-order] [data-action=orderCancel]", "DELETE", "/orders/"],
  ["Cancel all", "trading", "[data-action=ordersCancelAll]", "POST", "/orders/cancel-all"],
]) {
  story(`a double click on ${what} sends one request`, { view }, async (page, server) => {
    await page.route(`**/api/v1${path}**`, async (route) => {
      await pause(400);
      await route.continue();
    });
    await page.dblclick(button);
    await until("it is sent", async () => sent(server, method, path) > 0);
    await pause(600);
    assert.equal(sent(server, method, path), 1);
    await page.click(button);
    await until("another press is another one", async () => sent(server, method, path) === 2);
  });
}

story("Enter twice makes one token", { view: "system", user: "admin" }, async (page, server) => {
  await page.route("**/api/v1/tokens", async (route) => {
    await pause(400);
    await route.continue();
  });
  await page.fill("#token-name", "scraper-2");
  await page.press("#token-name", "Enter");
  await page.press("#token-name", "Enter");
  await until("it is sent", async () => sent(server, "POST", "/tokens") > 0);
  await pause(600);
  assert.equal(sent(server, "POST", "/tokens"), 1);
});

story("Enter twice in a form of words sends one request", { view: "alerts" }, async (page, server) => {
  await page.route("**/api/v1/alerts/note", async (route) => {
    await pause(400);
    await route.continue();
  });
  await page.fill("#hand-over-note", "maker stays off");
  await page.press("#hand-over-note", "Enter");
  await page.press("#hand-over-note", "Enter");
  await until("it is sent", async () => sent(server, "POST", "/alerts/note") > 0);
  await pause(600);
  assert.equal(sent(server, "POST", "/alerts/note"), 1);
});

story("who approves a resume reads what was stopped, why, and what is left in it", {}, async (page, { desk }) => {
  desk.kill("firm", "bad fills", false, "risk2");
  desk.propose("state", "firm", [{ name: "state", old: "HALTED", new: "ACTIVE" }], 1, "drill is over", "risk2");
  await go(page, "approvals");
  await page.click("[data-panel=approvals] [data-action=approve]");
  const says = await textOf(page, ".dialog");
  assert.match(says, /The whole firm is HALTED since 20\d\d-\S+ \S+ UTC: operator, by risk2, incident 1\./);
  assert.match(says, /killed: \u201cbad fills\u201d/);
  assert.match(says, /The whole firm holds .*notional .*; \d+ open orders?\./);
  assert.match(says, /Asked by risk2: \u201cdrill is over\u201d/);
});

story("a frame that cannot be applied does not count", { complaints: [/null/] }, async (page, server) => {
  const { snapshotOf, deltaOf } = server;
  const gaps = async () => Number(/(\d+) gaps/.exec(await page.getAttribute(".connection", "title"))[1]);
  let asked = 0;
  const broken = (topic) => topic === "positions" && { items: [null] };
  server.deltaOf = (topic) => broken(topic) || deltaOf.call(server, topic);
  server.snapshotOf = (topic) => {
    asked += topic === "positions";
    return broken(topic) || snapshotOf.call(server, topic);
  };
  await until("it is out of step", async () => (await gaps()) > 0);
  server.deltaOf = deltaOf;
  await until("it goes on asking", async () => asked > 2);
  asked = 0;
  await pause(2000);
  assert.ok(asked < 8, `asked ${asked} times in two seconds`);
  await until("the panel is grey", () => page.isVisible("[data-panel=positions][data-stale=yes]"));
  server.snapshotOf = snapshotOf;
  await until("and in step again", () => page.isVisible("[data-panel=positions][data-stale=no]"));
});

for (const [way, off] of [
  ["ahead", HOUR_MS],
  ["behind", -HOUR_MS],
]) {
  story(`a browser whose clock is an hour ${way} shows the server's time`, {}, async (page, { desk }) => {
    assert.equal(await page.isVisible("[data-test=clock-off]"), false, "a clock that is right is no word worth");
    await page.addInitScript((ms) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
    }, off);
    desk.propose("limits", "firm", [{ name: "max_order_lots", old: 1, new: 2 }], 1, "more", "risk2");
    const soon = (ms) => String(BigInt(Date.now() + ms) * 1000000n);
    const box = { name: "max_order_lots", value: 9, back_to: 8, until_ns: soon(1795000), approval: "A1" };
    desk.limitsOf("firm").timeboxes = [box];
    desk.venue = { state: "BANNED", banned_until_ns: soon(900000), since_ns: soon(-1000) };
    await page.reload();
    await until("it says so", () => page.isVisible("[data-test=clock-off]"));
    assert.match(await textOf(page, "[data-test=clock-off]"), new RegExp(`(59|60)\\smin ${way}`));
    const shown = await textOf(page, ".facts .fact:has(.fact-label:text('UTC')) .fact-value");
    const apart = Math.abs(Date.parse(`${new Date().toISOString().slice(0, 10)}T${shown}Z`) - Date.now());
    assert.ok(apart < 4000 || apart > 86390000, `UTC ${shown}`);
    await go(page, "approvals");
    await until("14 min are left", async () => /expires in 14\smin/.test(await textOf(page, "[data-approval]")));
    await go(page, "alerts");
    const ages = await page.$$eval("[data-alert] .age", (all) => all.map((age) => age.textContent));
    assert.ok(ages.length > 0 && ages.every((age) => /^\d+(\.\d)?\ss ago$/.test(age)), `${ages}`);
    await go(page, "risk");
    assert.match(await textOf(page, "[data-timebox]"), /in 29\smin/);
    await go(page, "market");
    await until("the ban", () => page.isVisible("[data-trouble=sim]"));
    assert.match(await textOf(page, "[data-trouble=sim]"), /, (900|8\d\d)\ss left.*\(\d+(\.\d)?\ss\)/);
    desk.kill("firm", "drill", false, "risk2");
    await go(page, "kill");
    await until("it is of this run", async () => /complete/.test(await textOf(page, "[data-receipt='1']")));
    await go(page, "system");
    await page.waitForSelector("[data-session]");
    assert.match(await textOf(page, "[data-session] td:nth-of-type(3)"), /^\d+\.\d\ss ago$/);
    for (const width of [1100, 390]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await page.isVisible("[data-test=clock-off]"), true, `said at ${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} wide at ${width}`);
    }
  });
}

test("the frame that came fastest tells the time, whatever is done to the browser's clock", (t) => {
  let [mono, wall] = [0, 5_000_000];
  t.mock.method(performance, "now", () => mono);
  t.mock.method(Date, "now", () => wall);
  const hear = (ms) => clockHear(String(BigInt(ms) * 1_000_000n));
  assert.equal(serverNow(), wall, "nothing heard yet");
  hear(1_000_000);
  hear(990_000); // came ten seconds late
  assert.equal(serverNow(), 1_000_000);
  assert.equal(clockOff(), 4_000_000);
  wall = 1_004_000;
  assert.equal(clockOff(), 0, "too little to say");
  mono = 30_000;
  assert.equal(serverNow(), 1_030_000);
  clockHear(null);
  clockHear("0");
  assert.equal(serverNow(), 1_030_000);
  for (mono = 61_000; mono < 200_000; mono += 1000) {
    hear(500_000 + mono); // it was set back
  }
  assert.equal(serverNow(), 500_000 + mono);
});

story("a check without a limit is not said to have passed", { view: "orders" }, async (page, { desk }) => {
  const why = desk.why.bind(desk);
  desk.why = (id) => {
    const verdict = why(id);
    Object.assign(verdict.checks[0], { limit: null, headroom: null, passed: true });
    return verdict;
  };
  await page.click("text=Recent");
  await page.click("[data-panel=orders] [data-order] button:text('Why')");
  await until("the checks", () => page.isVisible(".why-grid tbody tr"));
  const words = await page.$$eval(".why-grid tbody tr td:last-child", (cells) => cells.map((cell) => cell.textContent));
  assert.equal(words[0], "no limit");
  assert.ok(words.slice(1).includes("passed"));
});
