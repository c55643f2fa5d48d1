// What people do at the desk besides killing: orders by hand, alerts, limits, accounts, the audit trail.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { bound, go, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const sent = (server, method, path) =>
  server.seen.filter((request) => request.method === method && request.path.endsWith(path));
const lastBody = (server, method, path) => sent(server, method, path).at(-1)?.body;

story("an order by hand: judged, valued exactly, sent once", { user: "trader" }, async (page, server) => {
  await page.keyboard.press("t");
  await until("the ticket", () => page.isVisible("[data-view-open=trading] [data-test=ticket]"));
  await page.selectOption("#at-orderPlace", "sim:BTCUSDT");
  await page.fill("#ticket-qty", "0.0155");
  assert.match(await textOf(page, "#ticket-qty-says"), /multiple of the lot, 0\.001/);
  assert.ok(await page.isDisabled("#ticket-send"));
  await page.fill("#ticket-qty", "0.015");
  await page.fill("#ticket-price", "61675.9");
  assert.equal(await textOf(page, "[data-test=ticket-value]"), "925.1385 USDT");
  assert.match(await textOf(page, "#ticket-send"), /^Send: buy 0\.015 BTCUSDT at 61.?675\.9/);
  await screenshot(page, "ticket");
  await page.click("#ticket-send");
  await until("one order", async () => sent(server, "POST", "/orders").length === 1);
  assert.deepEqual(lastBody(server, "POST", "/orders"), {
    instrument: "sim:BTCUSDT", side: "buy", qty: "0.015", type: "limit", tif: "GTC", price: "61675.9",
  });
  await until("nothing more to send", () => page.isDisabled("#ticket-send"));
  assert.equal(sent(server, "POST", "/orders").length, 1);
});

story("a position fills in the order that closes it: reduce-only is the way out of a halted scope", { user: "trader" }, async (page, server) => {
  await go(page, "trading");
  server.desk.trade = () => {};
  server.desk.markets[0].lots = 25;
  const row = "[data-panel=positions] [data-instrument='sim:BTCUSDT']";
  await until("the position", async () => /0\.025/.test(await textOf(page, row)));
  await page.click(`${row} .row-buttons button`);
  await until("the ticket is filled in", () => page.isChecked("[name=ticket-side][value=sell]"));
  assert.ok(await page.isChecked("[name=ticket-type][value=market]"));
  assert.equal(await page.isChecked("#ticket-reduce"), false, "of a strategy's position the gate would deny that");
  await until("a word on it", async () => /this order is not reduce-only/.test(await page.textContent(".notices")));
  server.desk.setState("firm", "HALTED", "risk1", "operator", null);
  await until("halted", async () => /halted/i.test(await textOf(page, ".trading")));
  await page.click(`${row} .row-buttons button`);
  await until("reduce-only", () => page.isChecked("#ticket-reduce"));
  assert.equal(sent(server, "POST", "/orders").length, 0, "nothing is sent by that");
});

story("every order of a scope, cancelled in one move", { user: "trader" }, async (page, server) => {
  await go(page, "trading");
  await page.selectOption("#cancel-scope", "strategy/maker");
  await page.click("[data-test=cancel-all] button");
  await until("it was asked", async () => sent(server, "POST", "/orders/cancel-all").length === 1);
  assert.equal(lastBody(server, "POST", "/orders/cancel-all").scope, "strategy/maker");
});

story("alerts: the page first, taken by a named person, in the hand-over", { user: "trader" }, async (page, server) => {
  await until("two that nobody has", async () => /2/.test(await textOf(page, "[data-view=alerts]")));
  await go(page, "alerts");
  const codes = await page.$$eval("[data-alert]", (rows) => rows.map((row) => row.dataset.code));
  assert.deepEqual(codes, ["stream_down", "limit_use"], "pages first; the watchdog asks for nothing");
  assert.ok(await page.isDisabled("[data-code=stream_down] button"), "a note is wanted");
  await page.fill("[data-code=stream_down] input", "calling the venue");
  await page.click("[data-code=stream_down] button");
  await until("who has it", async () => /trader has it/.test(await textOf(page, "[data-code=stream_down] [data-test=taken]")));
  await until("the hand-over", async () => /calling the venue/.test(await textOf(page, "[data-test=hand-over]")));
  await screenshot(page, "alerts-taken");
  assert.equal(server.seen.filter(({ path }) => path.endsWith("/acknowledge")).length, 1);
});

story("the nearest to its limit comes first", {}, async (page) => {
  await until("bars", () => page.isVisible("[data-use]"));
  const uses = await page.$$eval("[data-use]", (rows) => rows.map((row) => row.dataset.use));
  assert.deepEqual(uses, ["firm max_daily_loss", "firm max_open_orders", "firm max_position_lots"]);
  assert.match(await textOf(page, "[data-use='firm max_daily_loss']"), /100\.00 % ?reached/);
});

story("a raise with an end, foretold before it is asked for", {}, async (page, server) => {
  await go(page, "risk");
  await page.fill("#limit-max_order_lots", "600");
  await page.click("#limits-what-if");
  await until("what it would have done", async () => /7 that passed would have been denied \(Max order lots 7\)/.test(await textOf(page, "[data-test=what-if]")));
  await page.selectOption("#limits-lasts", "3600");
  await page.fill("#limits-reason", "an event");
  await page.click("#limits-apply");
  await until("it was asked", async () => sent(server, "PUT", "/limits/firm").length === 1);
  assert.equal(lastBody(server, "PUT", "/limits/firm").expires_s, 3600);
});

const REFUSED = [/status of 401/];

story("a second factor: its code is asked for once the password was right", { user: null, complaints: REFUSED }, async (page, server) => {
  server.fault.totp = "123456";
  await page.fill("#user", "risk1");
  await page.fill("#password", "demo");
  await page.click("button[type=submit]");
  await until("the code's field", () => page.isVisible("#code"));
  await page.fill("#code", "123456");
  await page.click("button[type=submit]");
  await page.waitForSelector(".desk");
});

story("accounts and tokens: said twice, with a reason; a secret is shown once", { user: "admin" }, async (page, server) => {
  await go(page, "system");
  await until("accounts", () => page.isVisible("[data-account=trader]"));
  assert.ok(await page.isDisabled("[data-account=trader] button"), "a reason is wanted");
  await page.fill("#account-reason", "left the desk");
  await page.click("[data-account=trader] button");
  await page.click("#dialog-yes");
  await until("it was sent", async () => sent(server, "PATCH", "/users/trader").length === 1);
  assert.deepEqual(lastBody(server, "PATCH", "/users/trader"), { disabled: true, reason: "left the desk" });
  await until("the reason goes with it", async () => (await page.inputValue("#account-reason")) === "");
  await page.fill("#token-name", "prometheus");
  await page.selectOption("#token-role", "metrics");
  await page.click("form:has(#token-name) button");
  await until("the secret", async () => /pw_shown_once/.test(await textOf(page, "[data-test=secret]")));
  await screenshot(page, "system-admin");
});

story("the host: what fails stands first, with what to do; what is unknown or well is only counted", {}, async (page, server) => {
  await go(page, "system");
  await until("rows", () => page.isVisible("[data-host=governor]"));
  const names = await page.$$eval("[data-host]", (rows) => rows.map((row) => row.dataset.host));
  assert.deepEqual(names, ["governor", "isolated"]);
  assert.match(await textOf(page, "[data-host=governor]"), /fail.*powersave.*tune\.sh/s);
  assert.match((await textOf(page, "[data-test=host-summary]")).replace(/\s+/g, " "), /Core 1: 50 ok, 1 warn, 1 fail, 1 unknown/);
  await page.click("button:text('Look again')");
  await until("it was asked again", async () => sent(server, "GET", "/latency-audit").length === 2);
  await screenshot(page, "system-host");
});

story("the audit trail is searched, and its chain verified", {}, async (page, server) => {
  await go(page, "audit");
  await page.selectOption("#audit-kind", "login");
  await page.click("#audit-search");
  await until("the rows", () => page.isVisible("[data-panel=audit-search] [data-kind=login]"));
  assert.equal(await page.isVisible("[data-panel=audit-search] [data-kind=kill]"), false);
  await page.click("[data-panel=audit-search] button:text('Verify')");
  await until("the verdict", async () => /^Whole: /.test(await textOf(page, "[data-test=audit-verdict]")));
  assert.ok(sent(server, "GET", "/audit/verify").length >= 1);
});

story("an order's life stands beside why it passed", {}, async (page, server) => {
  await go(page, "orders");
  await page.click("button:text('Recent')");
  const done = server.desk.orders.find((row) => row.state === "FILLED" && row.acked_ns);
  assert.ok(done, "the fake desk has filled something");
  await page.hover("h1");
  await page.click(`[data-order='${done.id}'] button:text('Why')`);
  await until("its stages", () => page.isVisible("[data-stage^=Decided]"));
  const stages = await page.$$eval("[data-stage]", (rows) => rows.map((row) => row.dataset.stage));
  assert.ok(stages.includes("Decided, judged, sent") && stages.includes("Acknowledged"), stages.join());
  await screenshot(page, "order-life");
});

story("an alert that pages people sounds and notifies once, for who asked for it", {}, async (page, server) => {
  await until("alerts", async () => /2/.test(await textOf(page, "[data-view=alerts]")));
  await page.evaluate(() => {
    globalThis.told = [];
    globalThis.Notification = class {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(title, { body }) {
        globalThis.told.push(`${title}: ${body}`);
      }
    };
  });
  await page.click("[data-test=pager]");
  const again = { ...server.desk.people.alerts[2], id: "AL1-9", alert: "kill_active", says: "firm is killed" };
  server.desk.people.alerts.push(again);
  const told = () => page.evaluate(() => globalThis.told);
  await until("it is told", async () => (await told()).length > 0);
  again.acknowledged = { id: again.id, by: "risk2", person: "risk2", at_ns: again.since_ns, note: "mine" };
  await until("who has it", async () => /^2/.test(await textOf(page, "[data-badge=alerts]")));
  assert.deepEqual(await told(), ["Pitwall SIM mock-desk: kill_active: firm is killed"]);
});

story("a chart's values as a table and as a file, to the digit", {}, async (page) => {
  await until("a line", async () => !(await page.isVisible("[data-panel=pnl] .chart-early")), 15000);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click("[data-panel=pnl] .chart-tools button:text('CSV')"),
  ]);
  const lines = readFileSync(await file.path(), "utf8").trim().split("\n");
  assert.equal(file.suggestedFilename(), "pitwall-pnl.csv");
  assert.equal(lines[0], "time_utc,Total PnL");
  assert.match(lines.at(-1), /^\d{4}-\d\d-\d\dT[\d:.]+Z,-?\d+\.\d+$/);
  await page.click("[data-panel=pnl] .chart-tools button:text('Table')");
  const values = await page.$$eval("[data-panel=pnl] .chart-table td", (cells) => cells.map((one) => one.textContent));
  const plain = (text) => text.replace(/[\s\u202f\u2009]/g, "");
  assert.ok(values.some((value) => plain(value) === lines.at(-1).split(",")[1]), `${values} ${lines.at(-1)}`);
});

story("the report of a kill: receipt and trail, and on paper nothing else", {}, async (page, server) => {
  server.desk.kill("firm", "a drill", false, "risk1");
  await go(page, "kill");
  await until("its row", () => page.isVisible("[data-receipt]"));
  await page.click("[data-receipt] button:text('Report')");
  await until("the trail", () => page.isVisible("[data-report-row=kill]"));
  const asked = sent(server, "GET", "/audit").at(-1);
  assert.ok(asked, "the rows around it were asked for");
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.isVisible("[data-test=incident-report]"));
  for (const part of [".nav", ".rail", ".top", "[data-panel=receipts]"]) {
    assert.equal(await page.isVisible(part), false, `${part} is on paper`);
  }
  await screenshot(page, "incident-print");
});

story("an order that the engine may have is not called unsent, and pressed again it is the same one", { user: "trader", complaints: [/status of 504/] }, async (page, server) => {
  server.fault.orders = [504, "not_applied"];
  await go(page, "trading");
  await page.selectOption("#at-orderPlace", "sim:BTCUSDT");
  await page.fill("#ticket-qty", "0.010");
  await page.fill("#ticket-price", "60000.0");
  await page.click("#ticket-send");
  await until("the words", async () => /not known whether the order was sent/.test(await textOf(page, ".ticket .refusal")));
  server.fault.orders = null;
  await page.click("#ticket-send");
  await until("a second try", async () => sent(server, "POST", "/orders").length === 2);
  const keys = sent(server, "POST", "/orders").map((request) => request.headers["idempotency-key"]);
  assert.equal(keys[0], keys[1]);
  await page.fill("#ticket-qty", "0.020");
  await page.click("#ticket-send");
  await until("another order", async () => sent(server, "POST", "/orders").length === 3);
  assert.notEqual(sent(server, "POST", "/orders")[2].headers["idempotency-key"], keys[0]);
});

story("what was typed while an order was on its way stays", { user: "trader" }, async (page, server) => {
  await go(page, "trading");
  await page.selectOption("#at-orderPlace", "sim:BTCUSDT");
  await page.fill("#ticket-qty", "0.010");
  await page.fill("#ticket-price", "60000.0");
  server.fault.slowOrders = 700;
  await page.click("#ticket-send");
  await page.check("[name=ticket-side][value=sell]", { force: true });
  await until("the notice", async () => /was sent/.test(await page.textContent(".notices")), 8000);
  assert.ok(await page.isChecked("[name=ticket-side][value=sell]"));
});
