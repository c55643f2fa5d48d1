// Forms that are left before their answer has come, and forms that break: what was sent does not stand there to be
// sent once more, what was typed is not lost, what was said is not missed, and what one person typed is no other's.

import assert from "node:assert/strict";
import { bound, go, logIn, pause, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

const SOL = "instrument/sim:SOLUSDT";
const LATE_MS = 600;
bound(300000);

const value = (page, selector) => page.inputValue(selector, { timeout: 3000 });
const sent = ({ seen }, path) =>
  seen.filter((request) => request.method !== "GET" && request.path.endsWith(path)).length;

/** The server has it at once, its answer comes late. @param {(answered: object) => object} [spoil] */
async function answerLate(page, path, spoil) {
  await page.route(path, async (route) => {
    if (spoil) {
      await pause(LATE_MS);
      await route.fulfill(spoil());
      return;
    }
    const response = await route.fetch();
    await pause(LATE_MS);
    await route.fulfill({ response });
  });
}

async function typeTicket(page) {
  await page.selectOption("#at-orderPlace", "sim:BTCUSDT");
  await page.fill("#ticket-qty", "0.017");
  await page.fill("#ticket-price", "61234.5");
  await until("it can be sent", () => page.isEnabled("#ticket-send"));
}

const noticed = (page, words) => until(`${words}`, async () => words.test(await textOf(page, ".notices")));

for (const [when, back] of [
  ["after", async (page) => { await noticed(page, /was sent/); await go(page, "trading"); }],
  ["before", async (page) => { await go(page, "trading"); await noticed(page, /was sent/); }],
]) {
  story(`an order that is sent is not there to be sent again, for who looks elsewhere and is back ${when} its answer`, { view: "trading" }, async (page, server) => {
    await typeTicket(page);
    await answerLate(page, "**/api/v1/orders");
    await page.click("#ticket-send");
    await go(page, "orders");
    await back(page);
    assert.equal(await value(page, "#at-orderPlace"), "sim:BTCUSDT");
    assert.equal(await value(page, "#ticket-qty"), "", "its quantity has been sent");
    assert.equal(sent(server, "/orders"), 1);
  });
}

story("a refusal that comes while another view is open stands beside the order", { view: "trading", complaints: [/422/] }, async (page) => {
  await typeTicket(page);
  const denied = { status: 422, json: { code: "price_collar", title: "Denied", detail: "too far from the mid" } };
  await answerLate(page, "**/api/v1/orders", () => denied);
  await page.click("#ticket-send");
  await go(page, "orders");
  await pause(LATE_MS + 300);
  await go(page, "trading");
  assert.equal(await value(page, "#ticket-qty"), "0.017");
  assert.match(await textOf(page, "[data-test=ticket] .refusal"), /Denied by the gate, nothing was sent.*too far/);
});

story("limits that came into force while another view was open are not typed still", { view: "risk" }, async (page, server) => {
  await page.selectOption("#at-limitsChange", SOL);
  await page.fill("#limit-max_order_lots", "7");
  await page.fill("#limits-reason", "thin market");
  await answerLate(page, "**/api/v1/limits/**");
  await page.click("#limits-apply");
  await go(page, "orders");
  await noticed(page, /are in force as generation/);
  await go(page, "risk");
  assert.equal(await value(page, "#limit-max_order_lots"), "");
  assert.equal(await value(page, "#limits-reason"), "");
  assert.equal(sent(server, `/limits/${SOL}`), 1);
});

story("what was typed in one name is not found in another that came by another tab", { view: "risk", complaints: [/403/] }, async (page) => {
  await page.selectOption("#at-limitsChange", SOL);
  await page.fill("#limit-max_order_lots", "7");
  await page.fill("#limits-reason", "risk1's own reason");
  const other = await page.context().newPage();
  await other.addInitScript(() => localStorage.removeItem("pitwall-session"));
  await other.goto(page.url());
  await logIn(other, "risk2", "demo");
  await other.close();
  await page.click("#limits-apply");
  await until("the page says whose it is", async () => /risk2/.test(await textOf(page, ".who")));
  await page.selectOption("#at-limitsChange", SOL);
  assert.equal(await value(page, "#limit-max_order_lots"), "");
  assert.equal(await value(page, "#limits-reason"), "");
});

story("a token whose answer comes while another view is open is there to be noted", { user: "admin", view: "system" }, async (page) => {
  await page.fill("#token-name", "prometheus");
  await answerLate(page, "**/api/v1/tokens");
  await page.click("form:has(#token-name) button");
  await go(page, "orders");
  await pause(LATE_MS + 300);
  await go(page, "system");
  assert.match(await textOf(page, "[data-test=secret]"), /pw_shown_once/);
  await page.click("[data-test=secret] button");
  await go(page, "orders");
  await go(page, "system");
  assert.equal(await page.isVisible("[data-test=secret]"), false, "it was noted");
});

story("a panel that breaks, again and again, keeps what was typed in it", { view: "risk" }, async (page, { desk }) => {
  await page.fill("#limit-max_order_lots", "7");
  await page.fill("#limits-reason", "thin market");
  const firm = desk.limits.find(({ scope }) => scope === "firm");
  const { timeboxes } = firm;
  await page.evaluate(() => {
    globalThis.alerts = [];
    new MutationObserver((all) => {
      for (const node of all.flatMap(({ addedNodes }) => [...addedNodes])) {
        const said = node.matches?.("[role=alert]") ? node : node.querySelector?.("[role=alert]");
        if (said?.dataset.test === "broken") globalThis.alerts.push(said.textContent);
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  firm.timeboxes = [{ name: null }];
  await until("the fault", () => page.isVisible("main [data-test=broken]"));
  await page.focus("main [data-test=broken] button");
  await pause(7000); // it is tried after two seconds, and after four more
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Try again", "the focus stays");
  assert.equal(await page.evaluate(() => globalThis.alerts.length), 1, "it is told once");
  firm.timeboxes = timeboxes;
  await until("it heals", async () => {
    await page.click("main [data-test=broken] button", { timeout: 500 }).catch(() => {});
    return page.isVisible("[data-panel=limits]");
  });
  assert.equal(await value(page, "#limit-max_order_lots"), "7");
  assert.equal(await value(page, "#limits-reason"), "thin market");
});

story("a dialog that breaks keeps no question from being asked", { view: "trading" }, async (page, server) => {
  server.desk.why = () => ({ checks: null });
  await page.click("text=Recent");
  await page.click("[data-panel=orders] [data-order] button:text('Why')");
  await until("the fault", () => page.isVisible("[data-test=broken]"));
  await page.click("[data-panel=strategy-list] [data-strategy=maker] [data-action=strategyStop]");
  await until("the question", () => page.isVisible("#dialog-yes"));
  await page.click("#dialog-yes");
  await until("it is sent", async () => sent(server, "/strategies/maker") === 1);
  await page.click("[data-test=broken] button:text('Close')");
  await until("it is gone", async () => !(await page.isVisible("[data-test=broken]")));
});

story("a password that is proven after stepping back answers no other question", { view: "strategies", complaints: [/403/] }, async (page, server) => {
  await page.route("**/api/v1/strategies/maker", (route) =>
    route.fulfill({ status: 403, json: { code: "reauth_required", title: "Once more" } }), { times: 1 });
  const stop = (name) => page.click(`[data-strategy=${name}] [data-action=strategyStop]`);
  let answer = () => {};
  await page.route("**/api/v1/session", async (route) => {
    const response = await route.fetch();
    await new Promise((told) => (answer = () => told(route.fulfill({ response }))));
  });
  await stop("maker");
  await page.click("#dialog-yes");
  await until("the password is asked for", () => page.isVisible("#dialog-password"));
  await page.fill("#dialog-password", "demo");
  await page.press("#dialog-password", "Enter");
  await until("it is proven", async () => sent(server, "/session") === 2);
  await page.keyboard.press("Escape");
  await stop("maker");
  answer();
  await pause(LATE_MS);
  assert.equal(await page.isVisible("#dialog-yes"), true, "the question stands");
  await page.click("#dialog-yes");
  await until("it is sent", async () => sent(server, "/strategies/maker") === 1);
});

story("Enter twice logs in once", { user: null, complaints: [/401/] }, async (page, server) => {
  await answerLate(page, "**/api/v1/me");
  await page.fill("#user", "risk1");
  await page.fill("#password", "demo");
  await page.press("#password", "Enter");
  await until("it is sent", async () => sent(server, "/session") === 1);
  await pause(200);
  await page.press("#password", "Enter");
  await until("the desk", () => page.isVisible(".desk"));
  await pause(300);
  assert.equal(sent(server, "/session"), 1);
});
