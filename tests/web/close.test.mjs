// "Close\u2026" beside a position that a strategy holds, in a real browser before the real engine: what it fills in passes
// the gate, while trading goes on (by people, for what quotes there would be met) and once the instrument is killed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "../api/server.mjs";
import { bound, builtPage, go, launch, logIn, openPage, textOf, until } from "./browser.mjs";

const ROW = "[data-panel=positions] [data-instrument='sim:BTCUSDT']";
bound(180000);
let server;
let browser;

before(async () => {
  builtPage();
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const lotsOf = async (trader) =>
  (await trader.get("/positions")).body.items.find((row) => row.instrument === "sim:BTCUSDT").lots;

/** Presses Close and sends what stands in the ticket then; what was answered. */
async function closeIt(page) {
  await until("something is held", () => page.click(`${ROW} .row-buttons button:not([disabled])`, { timeout: 300 }).then(() => true), 30000);
  await until("the ticket", () => page.isEnabled("#ticket-send"));
  const answered = page.waitForResponse((response) => response.url().endsWith("/api/v1/orders") && response.request().method() === "POST");
  await page.click("#ticket-send");
  const response = await answered;
  return { status: response.status(), asked: response.request().postDataJSON(), refusal: await textOf(page, ".ticket .refusal") };
}

test("what Close fills in passes the gate", { timeout: 150000 }, async () => {
  const trader = await server.person("trader");
  const risk = await server.person("risk1");
  await until("a strategy holds something", async () => Math.abs((await lotsOf(trader)) ?? 0) > 0, 60000);
  for (const { strategy, version } of (await risk.get("/strategies")).body.items) {
    assert.equal((await risk.put(`/strategies/${strategy}`, { enabled: false, reason: "a test" }, version)).status, 200);
  }
  await until("nothing works", async () => (await trader.get("/orders?state=open")).body.items.length === 0);
  if ((await lotsOf(trader)) === 0) {
    return; // the last fill on its way was the one that closed it
  }
  const { page, close } = await openPage(browser, server.url);
  try {
    await logIn(page, "trader", server.passwords().trader);
    await go(page, "trading");
    const active = await closeIt(page);
    assert.equal(active.status, 201, active.refusal);
    assert.equal(active.asked.reduce_only, undefined);
    await until("nothing is held", async () => (await lotsOf(trader)) === 0);
    const again = { instrument: "sim:BTCUSDT", side: "buy", qty: "0.01", type: "market", tif: "IOC" };
    assert.equal((await trader.post("/orders", again)).status, 201);
    await until("held again", async () => (await lotsOf(trader)) > 0);
    const killed = await risk.post("/kill", { scope: "instrument/sim:BTCUSDT", reason: "a test" });
    assert.equal(killed.status, 200);
    await until("the page knows", async () => /1 of its scopes HALTED/.test(await textOf(page, "[data-test=trading]")));
    const halted = await closeIt(page);
    assert.equal(halted.status, 201, halted.refusal);
    assert.equal(halted.asked.reduce_only, true);
    await until("nothing is held", async () => (await lotsOf(trader)) === 0);
  } finally {
    await close();
  }
});
