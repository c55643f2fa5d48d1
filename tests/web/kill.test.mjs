// The kill switch in a real browser over a fake server: from every view, over every dialog, without the
// stream, without a server, with half of the page broken.

import assert from "node:assert/strict";
import { bound, go, holdKill, killWith, pause, screenshot, textOf, until } from "./browser.mjs";
import { staleness, story, VIEWS } from "./story.mjs";

const STALE_S = 2;
bound(400000);

const notice = (page, words) =>
  until(`a notice: ${words}`, async () => (await page.textContent(".notices")).includes(words));

story(
  "a silent stream greys the page within 2 s and leaves only the kill",
  {},
  async (page, server) => {
    // The page's own clock judges: this machine may be too busy to look at it in time.
    await page.evaluate(() => {
      new MutationObserver(() => {
        const banner = document.querySelector("[data-test=banner]");
        globalThis.firstBanner ??= banner?.textContent;
      }).observe(document.body, { childList: true, subtree: true });
    });
    server.fault.mute = true;
    await until("the banner", () => page.isVisible("[data-test=banner]"));
    const said = await page.evaluate(() => globalThis.firstBanner);
    const seconds = Number(/No data for (\d+\.\d)/.exec(said)[1]);
    assert.ok(seconds >= 1 && seconds < STALE_S, `said after ${seconds} s`);
    assert.ok((await staleness(page)).every((stale) => stale === "yes"));
    const usable = await page.$$eval("button, input, select", (all) =>
      all
        .filter((item) => !item.disabled && !item.closest("[inert]") && !item.closest(".notices"))
        .filter((item) => item.offsetParent !== null)
        .map((item) => item.id),
    );
    assert.deepEqual(usable, ["kill-scope", "kill-flatten", "kill-reason", "kill", "at-kill"]);
    assert.match(await textOf(page, "[data-test=kill-words]"), /^Last known: The whole firm holds/);
    assert.match(await textOf(page, "[data-test=other-ways]"), /pitwall kill .*POST http:\/\/127\.0\.0\.1:9181\/api\/v1\/kill .*kill -USR1 PID/);
    await screenshot(page, "silent");
    await killWith(page, "market looks frozen");
    await until("a receipt without the stream", () => page.isVisible("[data-test=receipt]"));
    await until(
      "the receipt fills in without the stream",
      () => page.isVisible("[data-test=receipt][data-complete=true]"),
      9000,
    );
    server.fault.mute = false;
    await until("live again", async () => !(await page.isVisible("[data-test=banner]")), 8000);
    await until(
      "the halt in words",
      async () => (await textOf(page, "[data-test=trading]")).includes("halted"),
      9000,
    );
  },
);

story(
  "a dead server: the kill says it is not confirmed",
  { complaints: [/ERR_|Failed to load|WebSocket/] },
  async (page, server) => {
    server.fault.dead = true;
    server.clients.forEach((client) => client.socket.terminate());
    await until("the banner", () => page.isVisible("[data-test=banner]"));
    await killWith(page, "nobody there");
    await until(
      "the loud notice",
      async () => (await page.textContent(".notices")).includes("Kill is NOT confirmed"),
      9000,
    );
    assert.equal(await page.inputValue("#kill-reason"), "nobody there");
    assert.equal(await page.isVisible("[data-test=receipt]"), false);
    server.fault.dead = false;
    await until(
      "it comes back by itself",
      async () => !(await page.isVisible("[data-test=banner]")),
      9000,
    );
  },
);

story("kill: a press that lasts, and a receipt that fills in", {}, async (page, server) => {
  await page.fill("#kill-reason", "fat finger");
  await holdKill(page);
  await until("the receipt", () => page.isVisible("[data-test=receipt]"));
  assert.match(
    await textOf(page, "[data-test=receipt]"),
    /risk1 killed the whole firm .*fat finger/,
  );
  const sent = server.seen.find((request) => request.path === "/kill");
  assert.deepEqual(sent.body, { scope: "firm", reason: "fat finger", flatten: false });
  assert.ok(sent.headers["x-csrf-token"] && sent.headers["idempotency-key"]);
  await until("the state in words", async () =>
    (await textOf(page, "[data-test=trading]")).includes("halted"),
  );
  await go(page, "kill");
  await until("the scope's state", () => page.isVisible("[data-scope=firm][data-state=HALTED]"));
  await until(
    "the whole receipt",
    () => page.isVisible("[data-test=receipt][data-complete=true]"),
    9000,
  );
  assert.match(await textOf(page, "[data-receipt='1']"), /risk1 .*fat finger.* of .*complete/);
  await go(page, "audit");
  await until("the audit row", () => page.isVisible("[data-kind=kill]"));
  await page.focus("[data-kind=kill] button");
  await page.keyboard.press("Enter");
  assert.match(
    await textOf(page, "[data-test=audit-detail]"),
    /Reason ?fat finger.*Old ?ACTIVE.*New ?HALTED.*Request ?r\d+.*Sequence ?\d+.*Hash ?\S+/,
  );
  await screenshot(page, "killed");
});

story("a receipt of an earlier run or of a resumed scope says so", {}, async (page, server) => {
  const { desk } = server;
  const receipt = desk.kill("firm", "before the restart", false, "risk1");
  Object.assign(receipt, { at_ns: "1700000000000000000", resting: null, cancels: null });
  desk.confirm = () => {};
  await page.reload();
  const words = () => textOf(page, "[data-test=receipt]");
  await until("the earlier run", async () => (await words()).includes("from an earlier run"));
  assert.equal(await page.isVisible("[data-test=resumed]"), false);
  Object.assign(receipt, { complete: true, durable: true });
  await page.reload();
  await until("still that: its figures are not known", async () => (await words()).includes("from an earlier run"));
  desk.setState("firm", "ACTIVE", "risk2", null, null);
  await page.reload();
  await until("it is resumed", () => page.isVisible("[data-test=resumed]"));
});

story("kill by keyboard alone: the word and Enter", { user: "trader" }, async (page, server) => {
  const sent = () => server.seen.filter((request) => request.path === "/kill");
  await page.keyboard.press("k");
  await page.keyboard.type("kil");
  await page.keyboard.press("Enter");
  await pause(300);
  assert.deepEqual(sent(), [], "half a word kills nothing");
  await page.keyboard.type("l");
  await page.keyboard.press("Enter");
  await until("the receipt", async () =>
    (await textOf(page, "[data-test=receipt]")).includes("by hand, no reason given"),
  );
  assert.equal(sent().length, 1);
  assert.equal(await page.inputValue("#at-kill"), "", "the next one is typed anew");
});

story("a press that is short, or left, kills nothing", {}, async (page, server) => {
  const sent = () => server.seen.filter((request) => request.path === "/kill");
  const held = () => page.getAttribute("#kill", "data-held");
  await page.click("#kill");
  await page.click("#kill");
  await page.hover("#kill");
  await page.mouse.down();
  await until("it begins", async () => (await held()) === "yes");
  await page.hover(".instance");
  await until("leaving ends it", async () => (await held()) === "no");
  await page.hover("#kill");
  await pause(1500);
  assert.equal(await held(), "no", "coming back does not go on");
  await page.mouse.up();
  await page.focus("#kill");
  await page.keyboard.down("Enter");
  await until("a key begins it", async () => (await held()) === "yes");
  await page.keyboard.up("Enter");
  await pause(1500);
  assert.deepEqual(sent(), []);
  await page.keyboard.down(" ");
  await until("a key that stays down kills", async () => sent().length === 1, 9000);
  await page.keyboard.up(" ");
  await until("the receipt", () => page.isVisible("[data-test=receipt]"));
});

story("what a kill meets stands above the button, by scope", {}, async (page, { desk }) => {
  desk.trade = () => {};
  [desk.markets[0].lots, desk.markets[1].lots, desk.markets[2].lots] = [12, -250, 0];
  desk.markets.slice(0, 2).forEach((market) => (market.at = market.mid));
  desk.step = () => {};
  const words = () => textOf(page, "[data-test=kill-words]");
  const working = (of) => desk.orders.filter((row) => row.state === "WORKING" && of(row)).length;
  // 0.012 times 65000.1, and 2.50 times 3420.17.
  const all = `The whole firm holds BTCUSDT 0.012, ETHUSDT -2.50, notional 9 330.42 USDT; ${working(() => true)} open orders.`;
  await until("the firm", async () => (await words()) === all);
  await page.selectOption("#kill-scope", "instrument/sim:BTCUSDT");
  const btc = working((row) => row.instrument === "sim:BTCUSDT");
  await until("one instrument", async () =>
    (await words()).endsWith(`holds BTCUSDT 0.012, notional 780.00 USDT; ${btc} open orders.`),
  );
  await page.selectOption("#kill-scope", "strategy/maker");
  const maker = working((row) => row.strategy === "maker");
  await until("a strategy", async () =>
    (await words()).endsWith(`holds what is not counted apart; ${maker} open orders.`),
  );
  await page.selectOption("#kill-scope", "firm");
  desk.markets[0].stale = true;
  await until("an unknown mark is no zero", async () =>
    (await words()).includes("notional an unknown sum of USDT"),
  );
});

for (const viewport of [
  { width: 1400, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
]) {
  story(`the kill is on the screen of every view at ${viewport.width}`, { viewport }, async (page) => {
    for (const view of VIEWS) {
      await go(page, view);
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      const hit = await page.$eval("#kill", (button) => {
        const box = button.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        return box.bottom <= innerHeight && button.contains(document.elementFromPoint(x, y));
      });
      assert.ok(hit, `${view}: nothing covers the kill`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= viewport.width, `${view} is ${wide} wide`);
    }
  });
}

story("a dialog takes the focus, and the kill stays above it", { view: "orders", mode: "live" }, async (page, server) => {
  await page.click("text=Recent");
  await page.click("[data-panel=orders] [data-order] button:text('Why')");
  const inside = () => page.evaluate(() => document.activeElement.closest(".dialog") !== null);
  await until("the dialog has the focus", inside);
  assert.equal(await textOf(page, "[data-test=dialog-where]"), "LIVE mock-desk");
  for (let tabs = 0; tabs < 3; tabs++) {
    await page.keyboard.press("Tab");
    assert.ok(await inside(), "it keeps the focus");
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.setViewportSize({ width: 1024, height: 600 });
  for (const size of [{ width: 390, height: 600 }, { width: 1024, height: 600 }, { width: 1400, height: 900 }]) {
    await page.setViewportSize(size);
    const free = await page.$eval("#kill", (button) => {
      const box = button.getBoundingClientRect();
      const spots = [box.left + 2, box.left + box.width / 2, box.right - 2];
      return spots.every((x) => button.contains(document.elementFromPoint(x, box.top + box.height / 2)));
    });
    assert.ok(free, `nothing covers it at ${size.width}`);
  }
  await page.keyboard.press("k");
  assert.equal(await page.evaluate(() => document.activeElement.id), "at-kill");
  await page.keyboard.type("KILL");
  await page.keyboard.press("Enter");
  await until("killed over an open dialog", async () =>
    server.seen.some((request) => request.path === "/kill"),
  );
});

story("a panel that breaks says so, the rest stays, and it heals by itself", {}, async (page, server) => {
  const { desk } = server;
  const latency = desk.latency.bind(desk);
  desk.latency = () => ({ stages: { step: null } });
  await until("the fault", () => page.isVisible("main [data-test=broken]"));
  assert.match(await textOf(page, "main [data-test=broken]"), /A panel of Overview cannot be shown.*kill switch/);
  assert.equal(await page.isVisible("[data-panel=positions]"), true, "the other panels stay");
  await screenshot(page, "broken");
  await go(page, "market");
  await until("another view", () => page.isVisible("[data-panel=market]"));
  desk.positions = () => [{ ...desk.markets[0], instrument: null, lots: 1 }];
  await until("words that broke say that nothing is known", async () =>
    (await textOf(page, "[data-test=kill-words]")).includes("are not known"),
  );
  await killWith(page, "all is broken");
  await until("the receipt", () => page.isVisible("[data-test=receipt]"));
  await go(page, "system");
  await until("the fault again", () => page.isVisible("main [data-test=broken]"));
  desk.latency = latency;
  await until("it is whole again, by itself", () => page.isVisible("[data-panel=latency]"));
  await go(page, "overview");
  desk.latency = () => ({ stages: { step: null } });
  await until("the third fault", () => page.isVisible("main [data-test=broken]"));
  desk.latency = latency;
  await until("it is whole at a press", async () => {
    await page.click("main [data-test=broken] button", { timeout: 1000 });
    return page.isVisible("[data-panel=latency]");
  });
});

story("resuming asks twice, Escape steps back, and it opens an approval", {}, async (page) => {
  await go(page, "kill");
  await killWith(page, "drill");
  await until("halted", () => page.isVisible("[data-scope=firm] button"));
  await page.click("[data-scope=firm] button");
  await until("the focus in the reason", () =>
    page.evaluate(() => document.activeElement.id === "resume-reason"),
  );
  await page.fill("#resume-reason", "drill is over");
  await page.keyboard.press("Enter");
  assert.match(await textOf(page, ".dialog"), /The whole firm is HALTED.*incident 1/);
  assert.equal(await textOf(page, "#dialog-yes"), "Ask for approval");
  assert.equal(await page.isEnabled("#at-kill"), true);
  await page.keyboard.press("Escape");
  await until("the dialog is gone", async () => !(await page.isVisible(".dialog")));
  assert.equal(await page.evaluate(() => document.activeElement.id), "resume-reason");
  await page.keyboard.press("Enter");
  await page.click("#dialog-yes");
  await notice(page, "waits for a second person");
  await until("the badge", () => page.isVisible("[data-badge=approvals]"));
  await go(page, "approvals");
  await until("the approval", async () =>
    (await textOf(page, "[data-panel=approvals]")).includes("HALTED \u2192 ACTIVE"),
  );
});

story("a finger that slides off does not kill", { viewport: { width: 390, height: 844 } }, async (page, server) => {
  const box = await (await page.$("#kill")).boundingBox();
  const touch = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
  await until("the press begins", () => page.isVisible("#kill[data-held=yes]"));
  await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: at.x, y: 40 }] });
  await until("the press is over", () => page.isVisible("#kill[data-held=no]"));
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  assert.equal(server.seen.filter(({ path }) => path.endsWith("/kill")).length, 0);
});
