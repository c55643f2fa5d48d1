// A session that ends while somebody types: what was typed is there after logging in again, for the same person in
// the same page, and for nobody else. Nothing that proves a person or a danger is kept, and nothing reaches a store.

import assert from "node:assert/strict";
import { bound, go, logIn, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

const ENDED = [/401/, /WebSocket/];
const SOL = "instrument/sim:SOLUSDT";
bound(300000);

/** The server forgets every session and closes their streams, as when an admin ends them. */
async function endSessions(page, server) {
  server.sessions.clear();
  server.clients.forEach((client) => client.socket.close(1008));
  await until("the log-in form", () => page.isVisible("#user"));
  assert.match(await textOf(page, ".card"), /Your session has ended/);
}

const value = (page, selector) => page.inputValue(selector, { timeout: 3000 });

/** What any store of the browser holds. */
const stored = (page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));

async function typeTicket(page) {
  await page.selectOption("#at-orderPlace", "sim:BTCUSDT");
  await page.check("input[name=ticket-side][value=sell]");
  await page.fill("#ticket-qty", "0.017");
  await page.fill("#ticket-price", "61234.5");
  await page.check("#ticket-reduce");
}

async function seeTicket(page) {
  assert.equal(await value(page, "#at-orderPlace"), "sim:BTCUSDT");
  assert.equal(await page.isChecked("input[name=ticket-side][value=sell]"), true);
  assert.equal(await value(page, "#ticket-qty"), "0.017");
  assert.equal(await value(page, "#ticket-price"), "61234.5");
  assert.equal(await page.isChecked("#ticket-reduce"), true);
}

story("an order that was being typed is there again, and can be sent", { view: "trading", complaints: ENDED }, async (page, server) => {
  await typeTicket(page);
  await page.fill("#kill-reason", "quotes look wrong");
  await page.selectOption("#kill-scope", SOL);
  await page.fill("#at-kill", "KIL");
  await page.check("#kill-flatten");
  await endSessions(page, server);
  assert.doesNotMatch(await stored(page), /0\.017|61234|quotes look/, "it is in no store");
  await logIn(page, "risk1", "demo");
  await seeTicket(page);
  assert.equal(await value(page, "#kill-reason"), "quotes look wrong");
  assert.equal(await value(page, "#kill-scope"), SOL);
  assert.equal(await value(page, "#at-kill"), "", "half a kill is not kept");
  assert.equal(await page.isChecked("#kill-flatten"), false, "nor is what makes it worse");
  await until("it can be sent", () => page.isEnabled("#ticket-send"));
  await page.click("#ticket-send");
  await until("it is sent", async () => server.seen.some(({ path, method }) => method === "POST" && path.endsWith("/orders")));
});

story("an order of unknown fate stays under its key over a look at another view", { view: "trading", complaints: [/ERR_|Failed to load/] }, async (page, server) => {
  await typeTicket(page);
  await until("it can be sent", () => page.isEnabled("#ticket-send"));
  await page.route("**/api/v1/orders", (route) => route.abort());
  const keys = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/orders")) keys.push(request.headers()["idempotency-key"]);
  });
  await page.click("#ticket-send");
  await until("its fate is unknown", async () => keys.length === 1);
  await go(page, "orders");
  await go(page, "trading");
  await seeTicket(page);
  await page.unroute("**/api/v1/orders");
  await until("it can be sent again", () => page.isEnabled("#ticket-send"));
  await page.click("#ticket-send");
  await until("it is sent", async () => server.seen.some(({ path, method }) => method === "POST" && path.endsWith("/orders")));
  assert.deepEqual(keys, [keys[0], keys[0]]);
});

story("limits keep their values, reason and the generation they were typed against", { view: "risk", complaints: ENDED }, async (page, server) => {
  await page.selectOption("#at-limitsChange", SOL);
  await page.fill("#limit-max_order_lots", "7");
  await page.fill("#limits-reason", "thin market");
  await endSessions(page, server);
  const limits = server.desk.limits.find(({ scope }) => scope === SOL);
  limits.generation += 1;
  await logIn(page, "risk1", "demo");
  assert.equal(await value(page, "#at-limitsChange"), SOL);
  assert.equal(await value(page, "#limit-max_order_lots"), "7");
  assert.equal(await value(page, "#limits-reason"), "thin market");
  await until("what moved meanwhile is said", async () => /moved to generation/.test(await textOf(page, ".moved")));
});

story("reasons and notes of other views wait until their view is open again", { view: "alerts", complaints: ENDED }, async (page, server) => {
  await page.fill("#hand-over-note", "watch SOL until noon");
  await endSessions(page, server);
  await page.evaluate(() => (location.hash = "#/overview"));
  await logIn(page, "risk1", "demo");
  await go(page, "alerts");
  assert.equal(await value(page, "#hand-over-note"), "watch SOL until noon");
  await go(page, "overview");
  await go(page, "alerts");
  assert.equal(await value(page, "#hand-over-note"), "watch SOL until noon", "over a look at another view as well");
});

story("an amend that was open is open again", { view: "orders", complaints: ENDED }, async (page, server) => {
  const order = server.desk.orders.find((row) => row.state === "WORKING" && row.price);
  await page.hover(".instance");
  await until("the order", () => page.isVisible(`[data-order="${order.id}"]`));
  await page.hover(`[data-order="${order.id}"] td`);
  await page.click(`[data-order="${order.id}"] [data-action=orderAmend]`);
  await page.fill("#amend-price", "12345.5");
  await endSessions(page, server);
  await logIn(page, "risk1", "demo");
  assert.equal(await value(page, "#amend-price"), "12345.5");
});

for (const [who, leave] of [
  ["another person", endSessions],
  ["who logged out", async (page) => page.click("text=Log out")],
]) {
  story(`${who} finds nothing of it`, { view: "trading", complaints: ENDED }, async (page, server) => {
    await typeTicket(page);
    await leave(page, server);
    await until("the log-in form", () => page.isVisible("#user"));
    await logIn(page, leave === endSessions ? "risk2" : "risk1", "demo");
    assert.equal(await value(page, "#ticket-qty"), "");
    assert.equal(await value(page, "#at-orderPlace"), "");
    if (leave === endSessions) {
      await endSessions(page, server);
      await logIn(page, "risk1", "demo");
      assert.equal(await value(page, "#ticket-qty"), "", "it is gone for good");
    }
  });
}

story("the log-in says how to kill without it", { user: null, complaints: ENDED }, async (page, server) => {
  const ways = () => textOf(page, "[data-test=other-ways]");
  assert.match(await ways(), /pitwall kill --data DIR --scope firm .*kill_listen.*127\.0\.0\.1:8081.*kill -USR1/);
  await logIn(page, "viewer", "demo");
  await endSessions(page, server);
  assert.match(await ways(), /POST http:\/\/127\.0\.0\.1:9181\/api\/v1\/kill/, "where it listens, as last told");
  await screenshot(page, "session-ended");
});
