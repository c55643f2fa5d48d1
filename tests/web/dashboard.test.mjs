// The dashboard in a real browser over a fake server: what it shows, what it lets people do, and what it
// does when the server lies still, skips, repeats or is gone.

import assert from "node:assert/strict";
import {
  bound,
  logIn,
  openPage,
  pause,
  screenshot,
  textOf,
  until,
} from "./browser.mjs";
import { browser, staleness, story } from "./story.mjs";

const STALE_S = 2;
bound(400000);

const limitsValue = (page, name) => textOf(page, `[data-limit=${name}] [data-test=in-force]`);
const notice = (page, words) =>
  until(`a notice: ${words}`, async () => (await page.textContent(".notices")).includes(words));

async function killWith(page, reason) {
  await page.fill("#at-kill", reason);
  await page.click("#kill");
}

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
    await page.keyboard.press("Enter");
    await until("the desk", () => page.isVisible(".desk"));
    const change = server.seen.find((request) => request.method === "PATCH");
    assert.deepEqual(change.body, { password: "demo", new_password: "a better one" });
  },
);

story("numbers move and carry an age", {}, async (page) => {
  const bid = () => textOf(page, "[data-instrument='sim:BTCUSDT'] td:nth-child(4)");
  const first = await bid();
  await until("another bid", async () => (await bid()) !== first);
  const total = await textOf(page, "[data-test=pnl-total]");
  await until("another PnL", async () => (await textOf(page, "[data-test=pnl-total]")) !== total);
  for (const age of await page.$$eval(".panel .age", (ages) =>
    ages.map((item) => item.textContent),
  )) {
    assert.match(age, /^\d+(\.\d)?\u202fs$/);
  }
  await screenshot(page, "dashboard");
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
  {},
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
        .map((item) => item.id),
    );
    assert.deepEqual(usable, ["kill-scope", "kill-flatten", "at-kill"]);
    await page.fill("#at-kill", "armed");
    assert.equal(await page.isEnabled("#kill"), true);
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
    await until("the halt in words", async () =>
      (await textOf(page, "[data-test=trading]")).includes("halted"),
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
    assert.equal(await page.inputValue("#at-kill"), "nobody there");
    assert.equal(await page.isVisible("[data-test=receipt]"), false);
    server.fault.dead = false;
    await until(
      "it comes back by itself",
      async () => !(await page.isVisible("[data-test=banner]")),
      9000,
    );
  },
);

story("kill: a typed reason, one press, a receipt that fills in", {}, async (page, server) => {
  assert.equal(await page.isDisabled("#kill"), true);
  await page.fill("#at-kill", "   ");
  assert.equal(await page.isDisabled("#kill"), true);
  await page.fill("#at-kill", "fat finger");
  await page.click("#kill");
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
  await until("the scope's state", () => page.isVisible("[data-scope=firm][data-state=HALTED]"));
  await until(
    "the whole receipt",
    () => page.isVisible("[data-test=receipt][data-complete=true]"),
    9000,
  );
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
  desk.setState("firm", "ACTIVE", "risk2", null, null);
  await page.reload();
  await until("it is resumed", () => page.isVisible("[data-test=resumed]"));
});

story("a venue that is down greys its rows and is named", {}, async (page, server) => {
  const { desk } = server;
  const status = desk.status.bind(desk);
  desk.status = () => ({
    ...status(),
    venues: [{ venue: "sim", state: "DOWN", age_ns: "9000000000" }],
  });
  await until("the badge", async () =>
    (await textOf(page, ".market-grid [data-instrument='sim:ETHUSDT']")).includes("DOWN"),
  );
  assert.match(await textOf(page, ".venues"), /sim DOWN/);
  assert.ok(await page.$(".positions-grid .row-stale"));
  assert.match(await textOf(page, "[data-panel=orders] tbody"), /USDT sim/);
});

story("kill by keyboard alone", { user: "trader" }, async (page) => {
  await page.keyboard.press("k");
  await page.keyboard.type("keys only");
  await page.keyboard.press("Enter");
  await until("the receipt", async () =>
    (await textOf(page, "[data-test=receipt]")).includes("keys only"),
  );
});

story("tightening applies at once and says its generation", {}, async (page, server) => {
  await until("limits", async () => (await limitsValue(page, "max_daily_loss")) === "20000.50");
  await page.fill("#limit-max_order_lots", "300");
  await page.fill("#limit-max_daily_loss", "15000.125");
  await page.fill("#limits-reason", "quiet day");
  assert.equal(await textOf(page, "#limits-apply"), "Tighten now");
  await page.click("#limits-apply");
  await notice(page, "are in force as generation 8");
  await until(
    "the new value",
    async () => (await limitsValue(page, "max_daily_loss")) === "15000.125",
  );
  assert.equal(await limitsValue(page, "max_order_lots"), "300");
  const put = server.seen.find((request) => request.method === "PUT");
  assert.equal(put.path, "/limits/firm");
  assert.equal(put.headers["if-match"], '"7"');
  assert.deepEqual(put.body, {
    limits: { max_order_lots: 300, max_daily_loss: "15000.125" },
    reason: "quiet day",
  });
  assert.equal(await page.inputValue("#limit-max_order_lots"), "");
});

story(
  "loosening waits for a second person, who proves who they are",
  { complaints: [/403/] },
  async (page, server) => {
    await page.fill("#limit-max_order_lots", "900");
    await page.fill("#limits-reason", "big client");
    assert.equal(await textOf(page, "#limits-apply"), "Ask for approval");
    await page.click("#limits-apply");
    await notice(page, "approval 1 waits for a second person");
    assert.equal(await limitsValue(page, "max_order_lots"), "500");
    await until("the approval", () => page.isVisible("[data-approval='1']"));
    assert.match(
      await textOf(page, "[data-approval='1']"),
      /Max order lots of the whole firm: 500 \u2192 900/,
    );
    assert.equal(await page.isDisabled("[data-approval='1'] .button-approve"), true);

    const url = page.url();
    const second = await openPage(browser, url);
    try {
      await logIn(second.page, "risk2", "demo");
      server.fault.reauth = true;
      await second.page.click("[data-approval='1'] .button-approve");
      assert.match(
        await textOf(second.page, ".dialog"),
        /Approve\?.*SIM mock-desk.*500 \u2192 900.*big client/,
      );
      await screenshot(second.page, "approve");
      await second.page.click("#dialog-yes");
      await until("the password is asked", () => second.page.isVisible("#dialog-password"));
      await second.page.fill("#dialog-password", "demo");
      await second.page.keyboard.press("Enter");
      await notice(second.page, "Approval 1: applied");
      await until(
        "the new value there",
        async () => (await limitsValue(second.page, "max_order_lots")) === "900",
      );
    } finally {
      await second.close();
    }
    await until("who approved", () => page.isVisible("[data-approval='1'] [data-test=decider]"));
    assert.equal(
      await textOf(page, "[data-approval='1'] [data-test=decider]"),
      "approved by risk2",
    );
    await until(
      "the new value here",
      async () => (await limitsValue(page, "max_order_lots")) === "900",
    );
  },
);

story(
  "a stale If-Match shows what moved and applies nothing",
  { complaints: [/412/] },
  async (page, server) => {
    await page.fill("#limit-max_order_lots", "300");
    await page.fill("#limits-reason", "too late");
    const limits = server.limits.bind(server);
    server.limits = (method, scope, call) => {
      if (method === "PUT") {
        server.desk.limitsMove("firm", "max_open_orders", 25);
        server.limits = limits;
      }
      limits(method, scope, call);
    };
    await page.click("#limits-apply");
    await until("what moved", async () =>
      (await textOf(page, ".moved")).includes("Max open orders 40 \u2192 25"),
    );
    assert.equal(await page.inputValue("#limit-max_order_lots"), "300");
    assert.equal(await limitsValue(page, "max_order_lots"), "500");
    await page.click("#limits-apply");
    await notice(page, "are in force as generation 9");
  },
);

story(
  "what was typed is judged by the generation it was typed against",
  { complaints: [/412/] },
  async (page, server) => {
    await page.fill("#limit-max_order_lots", "300");
    await page.fill("#limits-reason", "seen at seven");
    server.desk.limitsMove("firm", "max_open_orders", 25);
    await until("the warning", async () =>
      (await textOf(page, ".moved")).includes("moved to generation 8 while you were typing"),
    );
    await page.click("#limits-apply");
    await until("the refusal", async () =>
      (await textOf(page, ".moved")).includes("Nothing of yours was applied"),
    );
    assert.equal(
      server.seen.find((request) => request.method === "PUT").headers["if-match"],
      '"7"',
    );
    assert.equal(await limitsValue(page, "max_order_lots"), "500");
  },
);

story("a value out of the schema's range cannot be sent", {}, async (page) => {
  await page.fill("#limits-reason", "typo");
  for (const [wrong, words] of [
    ["0", "not below 1"],
    ["1.5", "a whole number"],
    ["9e9", "a whole number"],
    ["99999999", "not above"],
  ]) {
    await page.fill("#limit-max_order_lots", wrong);
    await until(words, async () =>
      (await textOf(page, "#limit-max_order_lots-says")).includes(words),
    );
    assert.equal(await page.isDisabled("#limits-apply"), true);
  }
});

story("resuming asks twice, Escape steps back, and it opens an approval", {}, async (page) => {
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
  await until("the approval", async () =>
    (await textOf(page, "[data-panel=approvals]")).includes("HALTED \u2192 ACTIVE"),
  );
});

story(
  "a trader cancels an order, and sees that audit and approvals need role risk",
  { user: "trader" },
  async (page, server) => {
    await page.hover("[data-panel=orders] tbody tr:nth-child(2)");
    await page.click('[data-panel=orders] button:text("Cancel")');
    await until("the cancel was sent", async () =>
      server.seen.some((request) => request.method === "DELETE"),
    );
    assert.match(await textOf(page, "[data-panel=audit]"), /needs role risk/);
    assert.match(await textOf(page, "[data-panel=approvals]"), /need role risk/);
    assert.equal(await page.isDisabled("#limit-max_order_lots"), true);
    assert.equal(await page.getAttribute("#limits-reason", "placeholder"), "Needs role risk");
    assert.equal(await page.isDisabled("#limits-apply"), true);
  },
);

story("rows keep their places while the pointer is over the orders", {}, async (page) => {
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

story("a viewer can do nothing, and is told why", { user: "viewer" }, async (page) => {
  await page.fill("#at-kill", "may I?");
  assert.equal(await page.isDisabled("#kill"), true);
  assert.equal(await textOf(page, "[data-panel=kill] .hint"), "Needs role trader");
  assert.equal(await page.isDisabled("[data-panel=orders] .button-small"), true);
});

story(
  "an administrator sees approvals and cannot decide them",
  { user: "admin" },
  async (page, server) => {
    server.desk.propose(
      "limits",
      "firm",
      [{ name: "max_order_lots", old: 500, new: 600 }],
      7,
      "room",
      "risk1",
    );
    await until("the approval", () => page.isVisible("[data-approval='1']"));
    assert.equal(await page.isDisabled("[data-approval='1'] .button-approve"), true);
  },
);

story("a denied order says why, with its numbers", { user: "viewer" }, async (page, server) => {
  const denied = await until("a denial", async () =>
    server.desk.orders.find((order) => order.state === "REJECTED"),
  );
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

story("what people did stays in sight under a flood of orders", {}, async (page, server) => {
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

story("hostile text stays text", {}, async (page, server) => {
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

for (const viewport of [
  { width: 1400, height: 900 },
  { width: 1024, height: 768 },
]) {
  story(
    `nothing scrolls sideways at ${viewport.width} and the kill stays on the screen`,
    { viewport },
    async (page) => {
      const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok((await wide()) <= viewport.width, `page is ${await wide()} wide`);
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      const box = await (await page.$("#kill")).boundingBox();
      assert.ok(
        box.y >= 0 && box.y + box.height <= viewport.height && box.x + box.width <= viewport.width,
      );
      await screenshot(page, `width-${viewport.width}`);
    },
  );
}

story("columns do not jump when numbers change", {}, async (page) => {
  const edges = () =>
    page.$$eval("[data-panel=market] th, [data-panel=positions] th, #kill", (cells) =>
      cells.map((cell) => Math.round(cell.getBoundingClientRect().left)),
    );
  const first = await edges();
  for (let look = 0; look < 8; look++) {
    await pause(150);
    assert.deepEqual(await edges(), first);
  }
});

story("every field has a name and live is not sim", { mode: "live" }, async (page) => {
  const nameless = await page.$$eval("input, select", (fields) =>
    fields
      .filter((field) => field.labels.length === 0 && !field.ariaLabel)
      .map((field) => field.outerHTML),
  );
  assert.deepEqual(nameless, []);
  const colour = await page.$eval(".mode", (chip) => getComputedStyle(chip).backgroundColor);
  assert.equal(await textOf(page, ".mode"), "LIVE");
  assert.equal(colour, "rgb(255, 102, 115)");
  assert.ok(await page.$("[role=alert], [aria-live]"));
});
