// What the page looks like where that can mislead: numbers that are cut, states that colour alone tells, a view that the
// kill switch covers, times of nobody's clock.

import assert from "node:assert/strict";
import { bound, go, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(400000);

const SIZES = [[1440, 900], [1280, 800], [1024, 768], [390, 844]];
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
/** A desktop of 1440 by 900, magnified four times. */
const MAGNIFIED = { width: 360, height: 225 };
const LONG = "123456.789";

/** Cells with a number that is not whole, by what they say. */
const cutNumbers = (page) =>
  page.$$eval(".grid td:has(.num), .grid td.end, .use-value", (cells) =>
    cells
      .filter((cell) => cell.clientWidth > 0 && cell.scrollWidth > cell.clientWidth)
      .map((cell) => `${cell.closest("[data-panel]")?.dataset.panel} ${cell.className}: ${cell.textContent}`),
  );

/** An element's place lies within the window from left to right. */
const isInSight = (page, selector) =>
  page.$eval(selector, (element) => {
    const { left, right } = element.getBoundingClientRect();
    return left >= 0 && right <= innerWidth && right > left;
  });

story("no number is cut, however long, however narrow the view", { viewport: WIDE }, async (page, server) => {
  for (const order of server.desk.orders.filter((row) => row.state === "WORKING")) {
    order.qty = LONG;
    order.leaves = LONG;
    (server.desk.touched ??= []).push(order);
  }
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const view of ["overview", "market", "orders", "trading", "reconciliation", "risk"]) {
      await go(page, view);
      if (view === "orders") {
        await until("the long ones", async () => /123 ?456\.789/.test(await textOf(page, ".orders-grid")));
      }
      // Rows far from the window are not drawn.
      await page.$$eval('[data-panel="positions"]', ([panel]) => panel?.scrollIntoView());
      await until(`rows of ${view} at ${width}`, () =>
        page.$$eval(".grid tbody .end, .grid tbody .num", (cells) => cells.some((cell) => cell.offsetHeight > 0)),
      );
      assert.deepEqual(await cutNumbers(page), [], `${view} at ${width}`);
    }
  }
});

story("why: figures are whole, in groups of digits", { viewport: WIDE, view: "orders" }, async (page, server) => {
  const why = server.desk.why.bind(server.desk);
  server.desk.why = (id) => {
    const verdict = why(id);
    verdict.checks.forEach((check) => (check.headroom = "492645.53210000"));
    return verdict;
  };
  await page.click("button:text('Recent')");
  await page.click("tr.row-done button:text('Why')");
  await until("the checks", () => page.isVisible(".why-grid td"));
  assert.deepEqual(await cutNumbers(page), []);
  assert.equal(await page.$eval(".why-grid td:nth-child(5) .group", (group) => group.textContent), "645");
});

story("text stands under its head", { user: "admin", viewport: WIDE }, async (page) => {
  for (const view of ["system", "reconciliation"]) {
    await go(page, view);
    await until("rows", () => page.isVisible(view === "system" ? "[data-account]" : "[data-recon]"));
    const askew = await page.$$eval(".threads-grid, .sessions-grid, .accounts-grid, .tokens-grid, .recon-grid", (tables) =>
      tables.flatMap((table) => {
        const heads = [...table.querySelectorAll("thead th")];
        const isEnd = (cell) => getComputedStyle(cell).textAlign === "right";
        return [...table.querySelectorAll("tbody tr")]
          .filter((row) => row.cells.length === heads.length)
          .flatMap((row) => heads.filter((head, at) => isEnd(head) !== isEnd(row.cells[at]) && !row.cells[at].matches(".row-buttons")))
          .map((head) => head.textContent);
      }),
    );
    assert.deepEqual(askew, [], view);
  }
  await go(page, "system");
  await until("sessions", () => page.isVisible("[data-session]"));
  const since = await page.$eval("[data-session] td:nth-child(3)", (cell) => ({ cut: cell.scrollWidth > cell.clientWidth, title: cell.title }));
  assert.equal(since.cut, false);
  assert.match(since.title, /UTC, .* local .*\d{19} ns$/);
});

story("a chip says all it says", { viewport: WIDE }, async (page, server) => {
  Object.assign(server.desk.markets[0], { margin: { venue_lots: 5, drift: 3, drift_kept: true } });
  await go(page, "reconciliation");
  await until("they differ", async () => /differ/.test(await textOf(page, "[data-recon='sim:BTCUSDT']")));
  const cells = await page.$$eval("td:has(> .chip)", (all) => all.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent));
  assert.deepEqual(cells, []);
});

story("the same limit of two scopes is told apart", { viewport: WIDE }, async (page) => {
  await until("bars", () => page.isVisible("[data-use]"));
  const scopes = await page.$$eval(".use-scope", (all) =>
    all.map((scope) => {
      const [words, name] = [scope.getBoundingClientRect(), scope.closest(".use-name").getBoundingClientRect()];
      return { says: scope.textContent, whole: words.width > 0 && words.right <= name.right + 1 && words.bottom <= name.bottom + 1 };
    }),
  );
  assert.ok(scopes.length > 0 && scopes.every(({ says, whole }) => says && whole), JSON.stringify(scopes));
});

story("where the system chooses the colours, what is chosen and how far a press is still show", { user: "trader", view: "trading", viewport: WIDE }, async (page) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.click("[name=ticket-side][value=sell]", { force: true });
  const plane = (selector) => page.$eval(selector, (element) => getComputedStyle(element).backgroundColor);
  const lit = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.backgroundColor = "Highlight";
    const { backgroundColor } = getComputedStyle(probe);
    probe.remove();
    return backgroundColor;
  });
  await until("sell is chosen", async () => (await plane(".choice-sell")) === lit);
  assert.notEqual(await plane(".choice-buy"), lit);
  assert.equal(await plane(".bar-bid"), lit);
  await page.hover("#kill");
  await page.mouse.down();
  await until("it is under way", () => page.isVisible("#kill[data-held=yes]"));
  assert.equal(await plane(".kill-held"), lit);
  await screenshot(page, "forced-colors");
  await page.mouse.up();
});

story("what a wider scope forces has no time of its own", { view: "kill" }, async (page, server) => {
  server.desk.setState("strategy/maker", "REDUCING", "risk1", "drawdown", null);
  server.desk.setState("firm", "HALTED", "risk1", "operator", "1");
  await until("forced", async () => /HALTED above/.test(await textOf(page, "[data-scope='venue/sim']")));
  assert.equal(await textOf(page, "[data-scope='venue/sim'] .state-since"), "wider scope");
  assert.match(await page.getAttribute("[data-scope='venue/sim'] .state-since", "title"), /^itself ACTIVE since /);
  assert.match(await textOf(page, "[data-scope='strategy/maker'] .state-why"), /^itself REDUCING, drawdown/);
  await go(page, "overview");
  assert.match(await textOf(page, "[data-state-of='strategy/maker']"), /by a wider scope; itself REDUCING since .*drawdown/);
});

story("a phone shows both prices, the field of a limit, and who looks", { viewport: PHONE }, async (page) => {
  assert.ok(await page.isVisible(".who"));
  assert.match(await textOf(page, ".who"), /^risk1/);
  await go(page, "market");
  await until("prices", () => page.isVisible(".market-grid .price .num"));
  for (const column of [4, 5]) {
    assert.ok(await isInSight(page, `.market-grid tbody td:nth-child(${column}) .num`), `price in column ${column}`);
  }
  const broken = await page.$$eval(".market-grid .num", (all) =>
    all.filter((number) => number.offsetHeight > 22).map((number) => number.textContent),
  );
  assert.deepEqual(broken, [], "each number in one line");
  await go(page, "risk");
  await until("limits", () => page.isVisible("#limit-max_order_lots"));
  assert.ok(await isInSight(page, "#limit-max_order_lots"));
  assert.ok(await page.isVisible("[data-limit=max_order_notional] .limit-unit"));
});

story("magnified four times, nothing stands over the view", { viewport: MAGNIFIED }, async (page, server) => {
  const floats = () =>
    page.$$eval(".top, .rail, .nav, .kill-form", (all) =>
      all.filter((one) => ["fixed", "sticky"].includes(getComputedStyle(one).position)).map((one) => one.className),
    );
  assert.deepEqual(await floats(), []);
  const before = await page.$eval("#kill", (button) => button.getBoundingClientRect().top + scrollY);
  await screenshot(page, "magnified");
  server.fault.mute = true;
  await until("the banner", () => page.isVisible("[data-test=banner]"));
  await until("the other ways", () => page.isVisible("[data-test=other-ways]"));
  await page.click(".kill-open");
  await until("all of the form", () => page.isVisible("#kill-reason"));
  const after = await page.$eval("#kill", (button) => button.getBoundingClientRect().top + scrollY);
  assert.equal(after, before, "what appears moves no button under a hand");
});

story("time is told in UTC and where the reader is", { viewport: WIDE }, async (page) => {
  const tools = await page.context().newCDPSession(page);
  await tools.send("Emulation.setTimezoneOverride", { timezoneId: "Asia/Kolkata" });
  const clocks = () => page.$$eval(".fact-clock .fact-value", (all) => all.map((clock) => clock.textContent));
  const seconds = (clock) => clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  await until("five hours and a half ahead", async () => {
    const [utc, local] = (await clocks()).map(seconds);
    return (local - utc + 86400) % 86400 === 19800;
  });
  await go(page, "orders");
  await until("an order", () => page.isVisible("[data-order] .col-sent"));
  assert.match(await page.getAttribute("[data-order] .col-sent", "title"), /UTC, \d\d:\d\d:\d\d local \(UTC\+05:30\), \d{19} ns$/);
});

story("what answered in the server's place is named by its status", { user: "trader", view: "trading", complaints: [/status of 502/] }, async (page) => {
  await page.route("**/orders/cancel-all", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
  await page.selectOption("#cancel-scope", "strategy/maker");
  await page.click("[data-test=cancel-all] button");
  await until("it is said", async () => /The answer was not JSON, so not this server's: HTTP status 502 \(http_502\)/.test(await textOf(page, ".notices")));
});

story("an address that leads nowhere says so, and is put right", {}, async (page) => {
  await page.evaluate(() => (location.hash = "#/orders/77"));
  await until("it is said", async () => /no place #\/orders\/77/.test(await textOf(page, ".notices")));
  assert.equal(await page.evaluate(() => location.hash), "#/overview");
  await page.evaluate(() => (location.hash = "#/risk"));
  await until("a known one", () => page.isVisible("[data-view-open=risk]"));
  assert.equal(await page.evaluate(() => location.hash), "#/risk");
});
