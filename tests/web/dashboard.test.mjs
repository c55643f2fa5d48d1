// The dashboard in a real browser over a fake server: what it shows, what it lets people do, and what it
// does when the server skips, repeats or lies.

import assert from "node:assert/strict";
import { bound, go, logIn, pause, screenshot, textOf, until } from "./browser.mjs";
import { story, VIEWS } from "./story.mjs";

bound(400000);

story(
  "a wrong password is refused in words, the right one opens the desk",
  { user: null, complaints: [/401/] },
  async (page) => {
    await page.fill("#user", "risk1");
    await page.fill("#password", "wrong");
    await page.click("button[type=submit]");
    await until(
      "the refusal",
      async () => (await textOf(page, "#log-in-refusal")) === "User or password is not right.",
    );
    await logIn(page, "risk1", "demo");
    await until("the mode", async () => (await textOf(page, ".mode")) === "SIM");
    await until("the instance", async () => (await textOf(page, ".instance")) === "mock-desk");
    await page.reload();
    await until("still logged in after a reload", () => page.isVisible(".desk"));
    await until("the stream again", () => page.isVisible(".connection:not(.connection-dead)"));
    await page.click("text=Log out");
    await until("the log-in form", () => page.isVisible("#user"));
    await page.reload();
    await until("still logged out after a reload", () => page.isVisible("#user"));
  },
);

story(
  "a forced password change comes before anything else",
  { user: null },
  async (page, server) => {
    server.fault.mustChange = true;
    await page.fill("#user", "admin");
    await page.fill("#password", "demo");
    await page.keyboard.press("Enter");
    await page.fill("#old-password", "demo");
    await page.fill("#new-password", "a better one");
    await page.fill("#again-password", "a bettr one");
    await page.keyboard.press("Enter");
    await until("a slip is told", async () => /not typed twice alike/.test(await textOf(page, ".refusal")));
    assert.ok(!server.seen.some((request) => request.method === "PATCH"), "nothing was sent");
    await page.fill("#again-password", "a better one");
    await page.keyboard.press("Enter");
    await until("the desk", () => page.isVisible(".desk"));
    const change = server.seen.find((request) => request.method === "PATCH");
    assert.deepEqual(change.body, { password: "demo", new_password: "a better one" });
  },
);

story("numbers move and carry an age", {}, async (page) => {
  const total = await textOf(page, "[data-test=pnl-total]");
  await until("another PnL", async () => (await textOf(page, "[data-test=pnl-total]")) !== total);
  for (const age of await page.$$eval(".panel .age", (ages) =>
    ages.map((item) => item.textContent),
  )) {
    assert.match(age, /^\d+(\.\d)?\u202fs$/);
  }
  await screenshot(page, "dashboard");
  await go(page, "market");
  const bid = () => textOf(page, "[data-instrument='sim:BTCUSDT'] td:nth-child(4)");
  const first = await bid();
  await until("another bid", async () => (await bid()) !== first);
});

story("a margined position says where it ends and what holding it costs", {}, async (page, server) => {
  const { desk } = server;
  const end = "[data-end-of='sim:BTCUSDT']";
  assert.equal(await page.$(end), null, "nothing is said of what is not margined");
  const funding = { funding: "-1.25", funding_due: "-0.06" };
  const distance = { liquidation_price: "50251.2", liquidation_distance_ratio: "0.1624" };
  desk.markets[0].margin = { margin_ratio: "0.0312", ...distance, ...funding };
  await until("the line", async () => (await page.$(end)) !== null);
  const text = await textOf(page, end);
  assert.match(text, /Margin 3\.12\s%/);
  assert.match(text, /liquidation at 50251\.2, 16\.24\s% away . funding .1\.25 . next funding .0\.06/);
  desk.markets[0].margin = { margin_ratio: "0.0312" };
  await until("no end", async () => /no liquidation price/.test(await textOf(page, end)));
});

story("decimals are shown with every digit, unknown as a dash", {}, async (page, server) => {
  const { desk } = server;
  const pnl = desk.pnl.bind(desk);
  desk.pnl = () => ({
    ...pnl(),
    total: "1234567.123456789012345678",
    fee: null,
    drawdown_ratio: null,
  });
  desk.markets[0].stale = true;
  await until(
    "the exact total",
    async () => (await textOf(page, "[data-test=pnl-total]")) === "1234567.123456789012345678",
  );
  const row = (label) =>
    page.$eval(`.pairs tr:has(th:text-is("${label}")) td`, (cell) => cell.textContent.trim());
  assert.equal(await row("Fees"), "\u2014");
  assert.equal(await row("Drawdown"), "\u2014");
  await until("the stale book", () =>
    page.isVisible("[data-instrument='sim:BTCUSDT'] .chip-stale"),
  );
  const mark = await textOf(
    page,
    ".positions-grid [data-instrument='sim:BTCUSDT'] td:nth-child(4)",
  );
  assert.equal(mark, "\u2014");
  await screenshot(page, "stale");
});

story(
  "a lost frame is noticed and repaired, a repeated one is ignored",
  { view: "market" },
  async (page, server) => {
    const gaps = async () =>
      Number(/(\d+) gaps/.exec(await page.getAttribute(".connection", "title"))[1]);
    server.fault.twice = "books";
    await until("the frame was sent twice", async () => server.fault.twice === null);
    await pause(300);
    assert.equal(await gaps(), 0);
    server.fault.skip = "books";
    await until("the gap is seen", async () => (await gaps()) === 1);
    await until(
      "books are in step again",
      async () => (await page.getAttribute("[data-panel=market]", "data-stale")) === "no",
    );
    const bid = () => textOf(page, "[data-instrument='sim:BTCUSDT'] td:nth-child(4)");
    const first = await bid();
    await until("they move again", async () => (await bid()) !== first);
  },
);

story("a venue that is down greys its rows and is named", {}, async (page, server) => {
  const { desk } = server;
  const status = desk.status.bind(desk);
  desk.status = () => ({
    ...status(),
    venues: [{ venue: "sim", state: "DOWN", age_ns: "9000000000" }],
  });
  await until("grey positions", async () => (await page.$(".positions-grid .row-stale")) !== null);
  await go(page, "market");
  await until("the badge", async () =>
    (await textOf(page, ".market-grid [data-instrument='sim:ETHUSDT']")).includes("DOWN"),
  );
  assert.match(await textOf(page, ".venues"), /sim DOWN/);
  await go(page, "orders");
  assert.match(await textOf(page, "[data-panel=orders] tbody"), /USDT sim/);
});

story(
  "a trader cancels an order, and sees that audit and approvals need role risk",
  { view: "orders", user: "trader" },
  async (page, server) => {
    await page.hover("[data-panel=orders] tbody tr:nth-child(2)");
    await page.click('[data-panel=orders] button:text("Cancel")');
    await until("the cancel was sent", async () =>
      server.seen.some((request) => request.method === "DELETE"),
    );
    await go(page, "audit");
    assert.match(await textOf(page, "[data-panel=audit]"), /needs role risk/);
    await go(page, "approvals");
    assert.match(await textOf(page, "[data-panel=approvals]"), /need role risk/);
    await go(page, "risk");
    assert.equal(await page.isDisabled("#limit-max_order_lots"), true);
    assert.equal(await page.getAttribute("#limits-reason", "placeholder"), "Needs role risk");
    assert.equal(await page.isDisabled("#limits-apply"), true);
  },
);

story("rows keep their places while the pointer is over the orders", { view: "orders" }, async (page) => {
  const ids = () =>
    page.$$eval("[data-order]", (rows) => rows.map((row) => row.dataset.order).join());
  await page.hover("[data-panel=orders] tbody tr:nth-child(3)");
  await until("they are held", () => page.isVisible("[data-panel=orders] [data-held=yes]"));
  const first = await ids();
  await pause(1500);
  assert.equal(await ids(), first);
  await page.hover(".instance");
  await until("they move again", async () => (await ids()) !== first);
});

story("a viewer can do nothing, and is told why", { user: "viewer" }, async (page, server) => {
  assert.equal(await page.isDisabled("#kill"), true);
  assert.equal(await textOf(page, "[data-panel=kill] .hint"), "Needs role trader");
  assert.equal(await page.isDisabled("#at-kill"), true);
  assert.equal(await page.getAttribute("#at-kill", "title"), "Needs role trader");
  await page.$eval("#at-kill", (field) => {
    field.disabled = false; // as somebody might who knows the browser's tools
  });
  await page.fill("#at-kill", "KILL");
  await page.keyboard.press("Enter");
  await go(page, "orders");
  assert.equal(await page.isDisabled("[data-panel=orders] .button-small"), true);
  assert.ok(!server.seen.some(({ path }) => path === "/kill"), "the typed word does nothing either");
});

story("a denied order says why, with its numbers", { view: "orders", user: "viewer" }, async (page, server) => {
  const { desk } = server;
  desk.trade = () => {};
  const [denied] = desk.orders;
  Object.assign(denied, { state: "REJECTED", reason: "price_collar_ratio", leaves: "0" });
  desk.touched.push(denied);
  await page.click("text=Recent");
  await page.click(`[data-order='${denied.id}'] button`);
  await until("the checks", async () =>
    /Denied: Price collar ratio, judged by limits of generation 7.*0\.0371.*-0\.0246/.test(
      await textOf(page, ".dialog"),
    ),
  );
  await screenshot(page, "why");
  await page.keyboard.press("Escape");
  await until("it is closed", async () => !(await page.isVisible(".dialog")));
});

story("what people did stays in sight under a flood of orders", { view: "audit" }, async (page, server) => {
  const { desk } = server;
  desk.note("kill", "risk2", { scope: "firm", reason: "before the flood" });
  for (let row = 0; row < 400; row++) {
    desk.note("order", null, { scope: "firm", next: { id: String(row), state: "WORKING" } });
  }
  server.audited = desk.audit.length;
  await page.reload();
  const tail = () => textOf(page, "[data-panel=audit]");
  await until("the kill of before", async () => (await tail()).includes("before the flood"));
  await page.click("[data-panel=audit] >> text=All");
  await until("the flood", async () => (await tail()).includes("id 399, state WORKING"));
});

story("hostile text stays text", { view: "audit" }, async (page, server) => {
  const evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  server.desk.note("kill", evil, { scope: evil, reason: evil });
  server.desk.propose(
    "limits",
    "firm",
    [{ name: "max_order_lots", old: 1, new: evil }],
    7,
    evil,
    evil,
  );
  await until("it is shown as text", async () =>
    (await page.textContent("[data-panel=audit]")).includes(evil),
  );
  await go(page, "approvals");
  await until("there too", async () =>
    (await page.textContent("[data-panel=approvals]")).includes(evil),
  );
  assert.equal(await page.$$eval("#page img, #page script", (found) => found.length), 0);
});

story(
  "a session that ended leads to the log-in",
  { complaints: [/401/, /WebSocket/] },
  async (page, server) => {
    server.sessions.clear();
    server.clients.forEach((client) => client.socket.close(1008));
    await until("the log-in form", () => page.isVisible("#user"));
    assert.match(await textOf(page, ".card"), /Your session has ended/);
  },
);

story("columns do not jump when numbers change", { view: "market" }, async (page) => {
  const edges = () =>
    page.$$eval(".panel th, #kill", (cells) =>
      cells.map((cell) => Math.round(cell.getBoundingClientRect().left)),
    );
  const first = await edges();
  for (let look = 0; look < 8; look++) {
    await pause(150);
    assert.deepEqual(await edges(), first);
  }
});

story("every field has a name and live is not sim", { mode: "live" }, async (page) => {
  for (const view of VIEWS) {
    await go(page, view);
    const nameless = await page.$$eval("input, select", (fields) =>
      fields
        .filter((field) => field.labels.length === 0 && !field.ariaLabel)
        .map((field) => field.outerHTML),
    );
    assert.deepEqual(nameless, [], view);
    assert.equal(await textOf(page, ".mode"), "LIVE");
    assert.equal(await textOf(page, ".instance"), "mock-desk");
  }
  const colour = await page.$eval(".mode", (chip) => getComputedStyle(chip).backgroundColor);
  assert.equal(colour, "rgb(196, 22, 44)");
  assert.ok(await page.$("[role=alert], [aria-live]"));
});
