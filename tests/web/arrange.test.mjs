// Tables as a person arranges them: sorted, with chosen columns, filtered, in low or high rows; kept by user, and
// never so that a part passes for the whole.

import assert from "node:assert/strict";
import { bound, go, logIn, pause, screenshot, textOf, until } from "./browser.mjs";
import { story, VIEWS } from "./story.mjs";

bound(400000);

const STORE = "pitwall-layout";
const PHONE = { width: 390, height: 844 };
const PRICES = ["65000.10", "9999.9", null, "65000.1", "100000", "90071992547409931", "90071992547409930"];

const orders = (page) => page.$$eval("[data-order]", (rows) => rows.map((row) => row.dataset.order));
const ordered = (page, ids) => until(`orders ${ids}`, async () => (await orders(page)).join() === ids.join());
const sortOf = (page, id) => page.getAttribute(`.orders-grid .col-${id}[aria-sort]`, "aria-sort");
const heads = (page, table) => page.$$eval(`.${table}-grid thead th`, (all) => all.map((th) => th.className.match(/col-(\w+)/)[1]));
const away = (page) => page.mouse.move(5, 5);

/** Nothing trades, and of the orders only these work: o0, o1, .. */
async function only(page, { desk }, parts) {
  desk.trade = () => {};
  const one = desk.orders.find((row) => row.state === "WORKING");
  const rows = parts.map((part, at) => ({ ...one, id: `o${at}`, seq: 900000 + at, ...part }));
  for (const row of desk.orders.filter(({ state }) => state === "WORKING")) {
    row.state = "CANCELLED";
    desk.touched.push(row);
  }
  desk.orders.unshift(...rows);
  desk.touched.push(...rows);
  await away(page); // a pointer over the rows would hold them
  await until("these alone", async () => (await textOf(page, "[data-panel=orders] .tab")) === `Working ${rows.length}`);
}

async function again(page, view) {
  await page.reload();
  await until(view, () => page.isVisible(`[data-view-open=${view}] [data-panel][data-stale=no]`));
}

async function change(page, user, view) {
  await page.click("text=Log out");
  await until("the log-in form", () => page.isVisible("#user"));
  await logIn(page, user, "demo");
  await go(page, view);
}

story("orders are sorted by their heads: exact, unknown last, by mouse and by keyboard", { view: "orders" }, async (page, server) => {
  await only(page, server, PRICES.map((price) => ({ price })));
  const newest = ["o6", "o5", "o4", "o3", "o2", "o1", "o0"];
  await ordered(page, newest);
  assert.equal(await sortOf(page, "price"), "none");
  await page.hover("[data-order=o3] .col-qty");
  await until("they are held", () => page.isVisible("[data-panel=orders] [data-held=yes]"));
  await page.focus("[data-sort=price]");
  await page.keyboard.press("Enter");
  await ordered(page, ["o1", "o3", "o0", "o4", "o6", "o5", "o2"]);
  await away(page);
  assert.equal(await sortOf(page, "price"), "ascending");
  await screenshot(page, "orders-sorted");
  await page.focus("[data-sort=price]");
  await page.keyboard.press("Enter");
  await ordered(page, ["o5", "o6", "o4", "o3", "o0", "o1", "o2"]);
  assert.equal(await sortOf(page, "price"), "descending");
  await again(page, "orders");
  await ordered(page, ["o5", "o6", "o4", "o3", "o0", "o1", "o2"]);
  await page.focus("[data-sort=price]");
  await page.keyboard.press("Space");
  await ordered(page, newest);
  assert.equal(await sortOf(page, "price"), "none");
  await page.click("[data-sort=price]");
  await page.click("[data-sort=qty]");
  assert.deepEqual([await sortOf(page, "price"), await sortOf(page, "qty")], ["none", "ascending"]);
});

story("what the page does not hold whole is not sorted, and a filter of it says so", { view: "orders" }, async (page) => {
  await page.click("[data-sort=price]");
  for (const tab of ["Recent", "Fills"]) {
    await page.click(`[data-panel=orders] .tab:text-is("${tab}")`);
    await until(tab, async () => (await page.$$("[data-panel=orders] [data-sort]")).length === 0);
    assert.equal((await page.$$("[data-panel=orders] [aria-sort]")).length, 0);
    const ids = (await orders(page)).map(Number);
    assert.deepEqual(ids, [...ids].sort((a, b) => b - a), "newest first");
    const table = tab === "Fills" ? "fills" : "orders";
    await page.fill(`#filter-${table}`, "btcusdt");
    const note = () => textOf(page, `[data-test=filtered-${table}]`);
    await until("the note", async () => /^filtered: \d+ of \d+ that this page holds with/.test(await note()));
  }
  const seqs = await page.$$eval("[data-panel=orders] .col-at", (all) => all.slice(1).map((cell) => cell.textContent));
  assert.deepEqual(seqs, [...seqs].sort().reverse(), "newest first");
});

story("sorted rows keep their places under the pointer, and their values go on", {}, async (page, { desk }) => {
  let round = 0;
  const positions = desk.positions.bind(desk);
  desk.positions = () => positions().map((row, at) => ({ ...row, unrealised: String(((at + round) % 3) * 10) }));
  const names = () => page.$$eval(".positions-grid [data-instrument]", (rows) => rows.map((row) => row.dataset.instrument).join());
  const first = () => textOf(page, ".positions-grid [data-instrument] .col-unrealised");
  await page.click(".positions-grid [data-sort=unrealised]");
  await page.click(".positions-grid [data-sort=unrealised]");
  await away(page);
  await until("the greatest first", async () => (await first()) === "20.00");
  await page.hover(".positions-grid tbody tr .col-qty");
  await until("they are held", () => page.isVisible(".positions-grid[data-held=yes]"));
  const held = await names();
  round = 1;
  await until("values go on", async () => (await first()) !== "20.00");
  assert.equal(await names(), held);
  await away(page);
  await until("the greatest first again", async () => (await first()) === "20.00");
  assert.notEqual(await names(), held);
});

story("columns are chosen by keyboard, kept by user, and what a row is stays", { view: "trading" }, async (page) => {
  const all = await heads(page, "positions");
  await page.focus("[data-columns=positions]");
  await page.keyboard.press("Enter");
  await until("the choice", () => page.isVisible("#columns-positions"));
  for (const fixed of ["instrument", "close"]) {
    assert.equal(await page.isDisabled(`#columns-positions [data-column=${fixed}]`), true, fixed);
  }
  await screenshot(page, "columns");
  const chosen = all.filter((id) => id !== "instrument" && id !== "close");
  await page.focus(`[data-column=${chosen[0]}]`);
  for (const id of chosen) {
    assert.equal(await page.evaluate(() => document.activeElement.dataset.column), id);
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Escape");
  await until("it is closed", async () => !(await page.isVisible("#columns-positions")));
  assert.equal(await page.evaluate(() => document.activeElement.dataset.columns), "positions");
  assert.deepEqual(await heads(page, "positions"), ["instrument", "close"]);
  assert.equal((await page.$$(".positions-grid [data-instrument] .col-qty")).length, 0);
  assert.equal(await page.isVisible(".positions-grid [data-instrument] [data-action=orderPlace]"), true);
  await again(page, "trading");
  assert.deepEqual(await heads(page, "positions"), ["instrument", "close"]);
  await change(page, "trader", "trading");
  assert.deepEqual(await heads(page, "positions"), all);
  await change(page, "risk1", "trading");
  assert.deepEqual(await heads(page, "positions"), ["instrument", "close"]);
});

story("each column of orders and fills can be left out and comes back", { view: "orders" }, async (page) => {
  for (const [tab, table, fixed] of [["Working", "orders", ["instrument", "action"]], ["Fills", "fills", ["instrument"]]]) {
    await page.click(`[data-panel=orders] .tab:has-text("${tab}")`);
    const all = await heads(page, table);
    await page.click(`[data-columns=${table}]`);
    for (const id of all.filter((one) => !fixed.includes(one))) {
      await page.uncheck(`[data-column=${id}]`);
    }
    assert.deepEqual(await heads(page, table), fixed);
    await again(page, "orders");
    assert.deepEqual(await heads(page, table), fixed);
    await page.click(`[data-columns=${table}]`);
    await page.check(`[data-column=${all[0]}]`);
    assert.deepEqual(await heads(page, table), [all[0], ...fixed]);
    await page.click(`[data-columns=${table}]`);
  }
});

story("a sorted column that is left out sorts no more", { view: "orders" }, async (page, server) => {
  await only(page, server, PRICES.map((price) => ({ price })));
  await page.click("[data-sort=price]");
  await away(page);
  await until("sorted", async () => (await orders(page))[0] === "o1");
  await page.click("[data-columns=orders]");
  await page.uncheck("[data-column=price]");
  await away(page);
  await until("newest first", async () => (await orders(page))[0] === "o6");
  await page.check("[data-column=price]");
  assert.equal(await sortOf(page, "price"), "none");
});

story("what rows are sorted by is not left out where a view is narrow", { view: "orders", viewport: { width: 1900, height: 900 } }, async (page) => {
  const seen = (id) => page.isVisible(`.orders-grid [data-order] .col-${id}`);
  await page.click("[data-sort=filled]");
  await page.setViewportSize({ width: 1400, height: 900 });
  await until("others are", async () => !(await seen("average")));
  assert.equal(await seen("filled"), true);
});

story("before rows are known, a kept filter counts none", { view: "orders" }, async (page, server) => {
  await page.fill("#filter-orders", "buy");
  server.fault.mute = true;
  await page.reload();
  await until("the note", async () => /^filtered: \u2014 of \u2014 with buy/.test(await textOf(page, "[data-test=filtered-orders]")));
  assert.match(await textOf(page, ".orders-grid .empty"), /^Waiting for data/);
});

story("a filter that was kept says so, and never passes for the whole", { view: "orders" }, async (page, server) => {
  const [eth, btc] = ["sim:ETHUSDT", "sim:BTCUSDT"];
  await only(page, server, [{ instrument: eth, side: "buy" }, { instrument: btc, side: "sell" }, { instrument: eth, side: "sell" }]);
  await page.fill("#filter-orders", "ethusdt SELL");
  await ordered(page, ["o2"]);
  await again(page, "orders");
  await ordered(page, ["o2"]);
  const note = () => textOf(page, "[data-test=filtered-orders]");
  assert.match(await note(), /^filtered: 1 of 3 with ethusdt SELL ?Show all$/);
  assert.equal(await page.getAttribute(".orders-grid", "aria-rowcount"), "2");
  await screenshot(page, "orders-filtered");
  await page.fill("#filter-orders", "nothing of the kind");
  await until("none", async () => /^filtered: 0 of 3/.test(await note()));
  assert.equal(await textOf(page, ".orders-grid .empty"), "No order matches the filter");
  await change(page, "trader", "orders");
  assert.equal((await orders(page)).length, 3);
  assert.equal(await page.isVisible("[data-test=filtered-orders]"), false);
  await change(page, "risk1", "orders");
  await page.click("[data-test=filtered-orders] button");
  await away(page);
  await ordered(page, ["o2", "o1", "o0"]);
  assert.equal(await page.inputValue("#filter-orders"), "");
  await go(page, "trading");
  await page.fill("#filter-positions", "nothing of the kind");
  await until("no position", async () => (await textOf(page, ".positions-grid .empty")) === "No position matches the filter");
  assert.match(await textOf(page, "[data-test=filtered-positions]"), /^filtered: 0 of 3/);
});

story("the search of the audit trail is kept, and says what it leaves out", { view: "audit" }, async (page) => {
  await page.selectOption("#audit-kind", "login");
  await page.fill("#audit-actor", "risk1");
  await again(page, "audit");
  assert.equal(await page.inputValue("#audit-kind"), "login");
  const note = () => textOf(page, "[data-test=filtered-audit]");
  assert.match(await note(), /^filtered by kind, actor once you search ?Show all$/);
  await page.click("#audit-search");
  const kinds = () => page.$$eval("[data-panel=audit-search] [data-kind]", (rows) => [...new Set(rows.map((row) => row.dataset.kind))]);
  await until("log-ins alone", async () => (await kinds()).join() === "login");
  await until("of which it says so", async () => /^filtered by kind, actor these rows/.test(await note()));
  await page.click("[data-test=filtered-audit] button");
  await until("all", async () => (await kinds()).length > 1);
  assert.equal(await page.isVisible("[data-test=filtered-audit]"), false);
  assert.equal(await page.inputValue("#audit-kind"), "");
});

story("two thousand sorted, filtered orders: each row knows its place", { view: "orders" }, async (page, server) => {
  const many = Array.from({ length: 2000 }, (_, at) => ({ price: String((at * 7) % 2000), side: at % 2 ? "buy" : "sell" }));
  await only(page, server, many);
  await page.click("[data-sort=price]");
  await page.fill("#filter-orders", "buy");
  await away(page);
  await until("the cheapest that buys", async () => (await textOf(page, "[data-order] .col-price")).startsWith("1."));
  const wanted = many.flatMap(({ price, side }, at) => (side === "buy" ? [[Number(price), `o${at}`]] : [])).sort((a, b) => a[0] - b[0]);
  const places = () => page.$$eval("[data-order]", (rows) => rows.map((row) => [Number(row.ariaRowIndex), row.dataset.order]));
  const right = async () => {
    const found = await places();
    assert.ok(found.length < 80, `${found.length} rows are drawn`);
    return found.every(([at, id]) => wanted[at - 2][1] === id) && found;
  };
  assert.equal(await page.getAttribute(".orders-grid", "aria-rowcount"), "1001");
  await until("their places", right);
  await page.click("[data-test=density]");
  await page.$eval("[data-panel=orders] .scroll", (box) => (box.scrollTop = 500 * 33));
  await until("the middle", async () => (await right()).some(([at]) => at === 502));
  const top = await page.$eval("[data-panel=orders] .scroll", (box) => {
    const row = box.querySelector("[aria-rowindex='502']").getBoundingClientRect();
    return [row.height, Math.round(row.top - box.querySelector("thead th").getBoundingClientRect().bottom)];
  });
  assert.deepEqual(top, [33, 0], "a row is as high as the list counts it");
});

story("density is kept, and the reset takes back all of it", {}, async (page) => {
  const high = () => page.$eval(".positions-grid [data-instrument]", (row) => row.getBoundingClientRect().height);
  const low = await high();
  await page.click("[data-test=density]");
  await until("higher rows", async () => (await high()) === low + 8);
  await screenshot(page, "comfortable");
  await page.click(".positions-grid [data-sort=qty]");
  await page.click("[data-columns=positions]");
  await page.uncheck("[data-column=mark]");
  await page.fill("#filter-positions", "eth");
  await again(page, "overview");
  assert.equal(await high(), low + 8);
  assert.equal((await heads(page, "positions")).includes("mark"), false);
  await until("filtered", () => page.isVisible("[data-test=filtered-positions]"));
  await page.keyboard.press("?");
  await page.click("[data-test=layout-reset]");
  await page.keyboard.press("Escape");
  const asItComes = async () => {
    assert.equal(await high(), low);
    assert.equal((await heads(page, "positions")).includes("mark"), true);
    assert.equal(await page.isVisible("[data-test=filtered-positions]"), false);
    assert.equal((await page.$$(".positions-grid [aria-sort$=ending]")).length, 0);
  };
  await until("low rows", async () => (await high()) === low);
  await asItComes();
  await again(page, "overview");
  await asItComes();
});

const HOSTILE = [
  "{",
  "[]",
  '{"last":"risk1","users":{"risk1":7}}',
  JSON.stringify({
    last: "risk1",
    users: {
      risk1: {
        density: { toString: "x" },
        tables: { positions: { sort: { by: "__proto__" }, hidden: ["instrument", "close", 7], filter: ["x"] }, orders: 7 },
        search: { kind: "<img src=x onerror=alert(1)>", q: 7 },
      },
      other: "x".repeat(100000),
    },
  }),
];

story("foreign content of the store breaks nothing, hides no row's name, and is replaced", {}, async (page) => {
  const all = await heads(page, "positions");
  for (const text of HOSTILE) {
    await page.evaluate(([store, content]) => localStorage.setItem(store, content), [STORE, text]);
    await again(page, "overview");
    assert.deepEqual(await heads(page, "positions"), all);
    await until("each name", async () => (await page.$$(".positions-grid [data-instrument] th")).length === 3);
    const kept = JSON.parse(await page.evaluate((store) => localStorage.getItem(store), STORE));
    assert.equal(kept.users.risk1.density, "compact");
    assert.ok(JSON.stringify(kept).length < 5000);
  }
  await go(page, "audit");
  await until("the search", () => page.isVisible("#audit-kind"));
  assert.equal(await page.isVisible("[data-test=filtered-audit]"), false, "a kind that there is not");
});

story("a reason that is being given goes with its row", { view: "trading" }, async (page, { desk }) => {
  const one = desk.positions()[0];
  let lots = 1;
  const row = (at) => ({ ...one, instrument: `sim:N${String(at).padStart(2, "0")}`, lots: at, qty: String(at), venue_lots: null, drift: 0 });
  desk.positions = () => [
    { ...row(0), lots, qty: String(lots), venue_lots: lots - 1, venue_age_ns: "1000", drift: 1 },
    ...Array.from({ length: 24 }, (_, at) => row(at + 2)),
  ];
  await page.click(".positions-grid [data-sort=qty]");
  const input = "[id='drift-reason-sim:N00']";
  await until("the question", () => page.isVisible(input));
  await page.fill(input, "the venue is right");
  await page.focus("h1");
  await away(page);
  lots = 90;
  const place = () => page.getAttribute("[data-instrument='sim:N00']", "aria-rowindex");
  await until("it stands last", async () => Number(await place()) > 20);
  await until("what was typed", async () => (await page.inputValue(input)) === "the venue is right");
});

for (const theme of ["dark", "light"]) {
  story(`a phone's panel heads: title first, the rest beneath, ${theme}`, { viewport: PHONE, mode: "live", timeout: 150000 }, async (page, { desk }) => {
    await page.emulateMedia({ colorScheme: theme });
    desk.propose("limits", "firm", [{ name: "max_order_lots", old: 500, new: 600 }], 7, "room", "risk2");
    for (const view of VIEWS) {
      await go(page, view);
      await pause(300);
      assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth), PHONE.width, `${view} scrolls sideways`);
      const astray = await page.$$eval(".view .panel > .panel-head", (all) =>
        all.flatMap((head) => {
          const box = head.getBoundingClientRect();
          const title = head.querySelector("h2").getBoundingClientRect();
          const rest = [...head.querySelectorAll("*")].map((part) => [part, part.getBoundingClientRect()]).filter(([, at]) => at.width > 1);
          const out = rest.filter(([, at]) => at.right > box.right + 1 || at.left < box.left - 1 || at.bottom > box.bottom + 1);
          const tools = [...head.querySelectorAll(".panel-extra")].filter((part) => part.offsetHeight > 0);
          const above = tools.filter((part) => part.getBoundingClientRect().top < title.bottom - 1);
          return [...out.map(([part]) => `out: ${part.outerHTML}`), ...above.map((part) => `above: ${part.outerHTML}`)];
        }),
      );
      assert.deepEqual(astray, [], view);
      await page.evaluate(() => scrollTo(0, 0));
      await screenshot(page, `phone-${view}-${theme}`);
    }
  });
}
