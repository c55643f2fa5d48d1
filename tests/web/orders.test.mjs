// Amends of working orders: what is sent, what the gate and the venue answer, and in which words.

import assert from "node:assert/strict";
import { bound, go, screenshot, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

bound(300000);

const notice = (page, words) =>
  until(
    `a notice: ${words}`,
    async () => (await page.textContent(".notices")).includes(words),
    10000,
  );
const says = (page) => textOf(page, "[data-test=amend-says]");
const patches = (server) => server.seen.filter((request) => request.method === "PATCH");
const NARROW = { width: 1024, height: 768 };

/** Nothing trades any more, so the newest working order of BTCUSDT stays; its Amend button. */
async function restingOrder(page, server) {
  await go(page, "orders");
  await page.mouse.move(5, 5); // where it was left by the log-in, the table would keep its rows
  const { desk } = server;
  desk.trade = () => {};
  const working = desk.orders.filter((row) => row.state === "WORKING" && row.instrument === "sim:BTCUSDT");
  const order = working.sort((a, b) => b.seq - a.seq)[0]; // of a long list only the top is drawn
  Object.assign(order, { side: "buy", price: "64000.0", qty: "0.030", leaves: "0.030" });
  desk.touched.push(order);
  const row = `[data-order='${order.id}']`;
  const shown = async () => /0\.030.*64000\.0/.test(await textOf(page, row));
  await until("the order", shown, 15000);
  return { order, button: `${row} button:text("Amend")`, row };
}

story("an amend by keyboard alone, and the venue's answer", { user: "trader" }, async (page, server) => {
  const { order, button, row } = await restingOrder(page, server);
  await page.keyboard.press("o");
  for (let tabs = 0; tabs < 40; tabs++) {
    await page.keyboard.press("Tab");
    if (await page.$eval(button, (found) => found === document.activeElement)) {
      break;
    }
  }
  assert.equal(await page.isVisible("[data-panel=orders] [data-held=yes]"), true, "rows stay");
  await page.keyboard.press("Enter");
  await until("the price has the focus", () =>
    page.evaluate(() => document.activeElement.id === "amend-price"),
  );
  assert.equal(await says(page), "Type a new price, a new quantity, or both.");
  assert.equal(await page.isDisabled("#amend-send"), true);
  await page.keyboard.type("63999.5");
  await page.keyboard.press("Tab");
  await page.keyboard.type("0.040");
  assert.equal(await says(page), "Will be: buy 0.040 at 63999.5");
  await screenshot(page, "amend");
  await page.keyboard.press("Enter");
  await notice(page, `Amend of order ${order.id} is on its way to the venue: buy 0.040 at 63999.5`);
  assert.equal(await page.isVisible("[data-test=amend]"), false);
  const [sent] = patches(server);
  assert.equal(sent.path, `/orders/${order.id}`);
  assert.deepEqual(sent.body, { price: "63999.5", qty: "0.040" });
  assert.ok(sent.headers["x-csrf-token"] && sent.headers["idempotency-key"]);
  await notice(page, `Order ${order.id} is amended: buy 0.040 at 63999.5`);
  await until("the row shows it", async () => (await textOf(page, row)).includes("0.040"));
});

story("only what changed is sent; a change under way waits", {}, async (page, server) => {
  const { order, button, row } = await restingOrder(page, server);
  server.desk.amendMs = 1500;
  await page.click(button);
  await page.fill("#amend-qty", "0.020");
  await page.click("#amend-send");
  await until("it is pending", async () => (await textOf(page, row)).includes("pending amend"));
  assert.equal(await page.isDisabled(button), true);
  assert.deepEqual(patches(server)[0].body, { qty: "0.020" });
  await notice(page, `Order ${order.id} is amended: buy 0.020 at 64000.0`);
});

story(
  "a denied amend says the gate's numbers and can be mended in place",
  { complaints: [/422/] },
  async (page, server) => {
    const { button } = await restingOrder(page, server);
    await page.click(button);
    await page.fill("#amend-qty", "50");
    await page.keyboard.press("Enter");
    await until("the denial", async () =>
      (await textOf(page, ".dialog [role=alert]")).includes(
        "Denied by the gate, the order stays as it was. Max order lots: 50000 > 500 of firm",
      ),
    );
    await screenshot(page, "amend-denied");
    assert.equal(await page.inputValue("#amend-qty"), "50");
    assert.equal(await page.isEnabled("#at-kill"), true, "the kill stays free");
    await page.fill("#amend-qty", "0.050");
    assert.equal(await textOf(page, ".dialog [role=alert]"), "");
    await page.keyboard.press("Enter");
    await notice(page, "is amended: buy 0.050 at 64000.0");
  },
);

story("an amend that the venue refuses leaves the order, and says so", {}, async (page, server) => {
  const { order, button } = await restingOrder(page, server);
  server.desk.venueRefuses = true;
  await page.click(button);
  await page.fill("#amend-price", "63000");
  await page.keyboard.press("Enter");
  await notice(
    page,
    `Order ${order.id}: the venue refused the amend. It stays as it was: buy 0.030 at 64000.0`,
  );
});

story("an amend that makes it half of what one order may be is typed again", {}, async (page, server) => {
  const { button } = await restingOrder(page, server);
  await page.click(button);
  await page.fill("#amend-qty", "0.300");
  await page.click("#amend-send");
  await until("the question", () => page.isVisible("#dialog-again-0"));
  assert.match(await textOf(page, ".dialog:has(#dialog-again-0)"), /It becomes buy 0\.300 at 64000\.0\. That is half/);
  assert.deepEqual(patches(server), []);
  await page.fill("#dialog-again-0", "0.3");
  await page.click("#dialog-yes");
  await until("it is asked for", async () => patches(server).length === 1);
});

story("what is off tick, off lot or filled already is not sent", {}, async (page, server) => {
  const { order, button } = await restingOrder(page, server);
  Object.assign(order, { filled: "0.010", leaves: "0.020", state: "PARTLY_FILLED" });
  server.desk.touched.push(order);
  await page.click(button);
  for (const [field, typed, words] of [
    ["price", "63000.05", "a multiple of the tick, 0.10"],
    ["price", "-1", "a decimal above 0"],
    ["qty", "0.0205", "a multiple of the lot, 0.001"],
    ["qty", "0.010", "above 0.010: so much is filled"],
  ]) {
    await page.fill(`#amend-${field}`, typed);
    await until(words, async () => (await textOf(page, `#amend-${field}-says`)).includes(words));
    assert.equal(await page.isDisabled("#amend-send"), true);
    await page.fill(`#amend-${field}`, field === "price" ? "64000" : "0.03");
    assert.equal(await textOf(page, `#amend-${field}-says`), "");
  }
  Object.assign(order, { state: "FILLED", filled: "0.030", leaves: "0.000" });
  server.desk.touched.push(order);
  await until("it is filled", async () => /is filled: it cannot be amended/.test(await says(page)));
  await page.keyboard.press("Escape");
  await until("the dialog is gone", async () => !(await page.isVisible(".dialog")));
  assert.deepEqual(patches(server), []);
});

story(
  "an amend that nobody answers is not called refused",
  { complaints: [/ERR_|Failed to load|WebSocket/] },
  async (page, server) => {
    const { button } = await restingOrder(page, server);
    await page.click(button);
    await page.fill("#amend-qty", "0.020");
    server.fault.dead = true;
    await page.keyboard.press("Enter");
    await until("the warning", async () =>
      (await textOf(page, ".dialog [role=alert]")).includes("it is not known whether"),
    );
    server.fault.dead = false;
  },
);

story("a viewer cannot amend", { user: "viewer" }, async (page, server) => {
  const { button } = await restingOrder(page, server);
  assert.equal(await page.isDisabled(button), true);
  assert.equal(await page.getAttribute(button, "title"), "Needs role trader");
});

for (const viewport of [{ width: 1400, height: 900 }, NARROW]) {
  story(`the buttons of an order are whole at ${viewport.width}`, { viewport }, async (page, server) => {
    const { button, row } = await restingOrder(page, server);
    const cell = await (await page.$(`${row} td:last-child`)).boundingBox();
    for (const name of ["Amend", "Cancel"]) {
      const box = await (await page.$(`${row} button:text("${name}")`)).boundingBox();
      assert.ok(box.x >= cell.x && box.x + box.width <= cell.x + cell.width, name);
    }
    await page.click(button);
    const dialog = await (await page.$("[data-test=amend]")).boundingBox();
    const rail = await (await page.$(".rail")).boundingBox();
    const beside = dialog.x + dialog.width <= rail.x || dialog.y + dialog.height <= rail.y;
    assert.ok(beside, "the dialog leaves the kill switch free");
    await screenshot(page, `amend-${viewport.width}`);
  });
}

story("orders of an earlier run stand below this one's, and none of them works", {}, async (page, server) => {
  const { order } = await restingOrder(page, server);
  const away = (seconds) => String(BigInt(order.sent_ns) + seconds * 1000000000n);
  const past = (id, state, sent_ns) => ({ ...order, id, state, seq: order.seq + 900000, sent_ns, earlier: true });
  const gone = past("PW9-1X", "UNKNOWN", away(-3600n));
  const ahead = past("PW9-2V", "CANCELLED", away(3600n)); // by the clock of a recording that was played fast
  server.desk.orders.push(gone, ahead);
  server.desk.touched.push(...server.desk.orders.slice(-2));
  const rows = () => page.$$eval("[data-panel=orders] [data-order]", (all) => all.map((row) => row.dataset.order));
  Object.assign(order, { qty: "0.031", leaves: "0.031" });
  server.desk.touched.push(order);
  await until("what came with them", async () => (await textOf(page, `[data-order='${order.id}']`)).includes("0.031"));
  assert.ok(!(await rows()).includes(gone.id), "it is not among those that work");
  await page.click("[data-panel=orders] button:text('Recent')");
  await page.mouse.move(5, 5);
  await until("recent ones", async () => (await rows()).length > 0);
  assert.doesNotMatch((await rows())[0], /^PW9-/, "the newest is this run's");
  await page.fill("[data-panel=orders] input", gone.id);
  await until("it alone", async () => (await rows()).join() === gone.id);
  assert.equal(await page.isVisible(`[data-order='${gone.id}'] button:text("Why")`), true);
  assert.equal(await page.isVisible(`[data-order='${gone.id}'] button:text("Cancel")`), false);
});
