// Each role in each view of the real program: what may be pressed is what the server would let it do.
//
// The oracle is not the page's: each action's request is sent by each role beside the page, in a form that does
// nothing, and what answers `forbidden` must be greyed with the role that may; api-spec says the same. Fields belong
// to an action too, and what shows only under a condition is brought about first: a venue that counts another position
// than ours, an alert that nobody has, an order that rests, a scope that is halted. Then real actions of each role,
// and a session that an admin ends while its page is open.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { parse } from "yaml";
import { scratch, Server } from "../api/server.mjs";
import { bound, go, launch, logIn, openPage, pause, ROOT, textOf, until } from "./browser.mjs";

const PEOPLE = { viewer: "viewer", trader: "trader", risk: "risk2", admin: "admin" };
const ROLES = Object.keys(PEOPLE);
const LIMIT = "max_open_orders";
const REASON = "a role test loosens";
const SCOPE = "instrument/sim:SOLUSDT";
const NOBODY = "nobody-of-that-name";
const BTC = "sim:BTCUSDT";
const SOL = "sim:SOLUSDT";
/** After the first order the venue counts 7 lots of SOL, whatever was filled. */
const DRIFTS = { on: "new", nth: 1, do: "position_override", code: 7, symbol: "SOLUSDT" };
bound(300000);

/** What a button of the page asks for: method, path of the specification, its argument, what is sent. */
const ASKS = {
  kill: ["POST", "/kill"],
  resume: ["POST", "/resume"],
  orderPlace: ["POST", "/orders"],
  orderAmend: ["PATCH", "/orders/{id}", "PW0-0"],
  orderCancel: ["DELETE", "/orders/{id}", "PW0-0"],
  ordersCancelAll: ["POST", "/orders/cancel-all", "", { scope: `strategy/${NOBODY}` }],
  alertAcknowledge: ["POST", "/alerts/{id}/acknowledge", "0"],
  handOverNote: ["POST", "/alerts/note"],
  limitsChange: ["PUT", "/limits/{scope}", SCOPE],
  limitsWhatIf: ["POST", "/limits/what-if"],
  limitsRevert: ["POST", "/limits/{scope}/revert", SCOPE],
  strategyChange: ["PUT", "/strategies/{strategy}", NOBODY],
  strategyDisable: ["PUT", "/strategies/{strategy}", NOBODY],
  strategyStop: ["PUT", "/strategies/{strategy}", NOBODY],
  strategyEnable: ["PUT", "/strategies/{strategy}", NOBODY],
  driftAdopt: ["POST", "/positions/{instrument}/adopt", "sim:SOLUSDT"],
  driftKeep: ["POST", "/positions/{instrument}/adopt", "sim:SOLUSDT"],
  accountMake: ["POST", "/users"],
  accountChange: ["PATCH", "/users/{name}", NOBODY],
  tokenMake: ["POST", "/tokens"],
  tokenEnd: ["DELETE", "/tokens/{name}", NOBODY],
  sessionEnd: ["DELETE", "/sessions/{id}", NOBODY],
  totpRemove: ["DELETE", "/me/totp"],
};
/** Roles of the specification that are no person's. */
const LEAST = { KILL: "trader", MANAGES: "admin", PERSON: "viewer" };
/** Everybody's own: asking would do it. */
const OWN = ["totpBegin", "logOut"];
/** Panels that a role may not even read: what they ask, and what they say instead. */
const READS = [
  ["approvals", "approvals", "/approvals", /needs? role risk/i],
  ["audit", "audit", "/audit", /needs? role risk/i],
  ["system", "accounts", "/users", /needs? role admin/i],
  ["system", "tokens", "/tokens", /needs? role admin/i],
];
/** What must have been seen, pressable or not, or the comparison has compared nothing; of the fields as well. */
const ALL_SEE = ["alertAcknowledge", "handOverNote", "orderAmend", "orderPlace", "limitsRevert", "strategyChange"];
const SEEN = {
  viewer: ALL_SEE,
  trader: ALL_SEE,
  risk: [...ALL_SEE, "driftAdopt", "driftKeep"],
  admin: [...ALL_SEE, "driftAdopt", "driftKeep", "accountChange", "accountMake", "tokenMake"],
};
const ALL_FIELDS = ["alertAcknowledge", "handOverNote", "kill", "limitsChange", "limitsRevert", "orderPlace", "ordersCancelAll", "strategyChange"];
const FIELDS = {
  viewer: ALL_FIELDS,
  trader: ALL_FIELDS,
  risk: [...ALL_FIELDS, "driftAdopt", "reject"],
  admin: [...ALL_FIELDS, "driftAdopt", "reject", "accountChange", "accountMake", "tokenMake"],
};
/** Fields that change what is looked at and nothing else. */
const LOOKS = ["kill-scope", "at-limitsChange", "past-scope", "at-strategyChange", /^audit-/, /^filter-/];
/** What must have been seen pressable. */
const PRESSABLE = {
  viewer: ["logOut", "totpBegin", "sessionEnd"],
  trader: ["kill", "orderCancel", "orderAmend", "ordersCancelAll"],
  risk: ["kill", "orderCancel", "orderAmend", "ordersCancelAll", "resume", "approve", "reject"],
  admin: ["kill", "orderCancel", "orderAmend", "ordersCancelAll", "resume"],
};

const spec = parse(readFileSync(join(ROOT, "api-spec/openapi.yaml"), "utf8"));
let server;
let browser;
let callers;
let pending;
let looser;

before(async () => {
  const script = join(scratch(), "faults.jsonl");
  writeFileSync(script, `${JSON.stringify(DRIFTS)}\n`);
  server = await Server.start({ args: ["--faults", script] });
  browser = await launch();
  const pairs = await Promise.all(ROLES.map(async (role) => [role, await server.person(PEOPLE[role])]));
  callers = Object.fromEntries(pairs);
  const proposer = await server.person("risk1");
  let { body: firm } = await proposer.get("/limits/firm");
  looser = firm.limits[LIMIT];
  // Twice: what is in force cannot be brought back, what was before can.
  for (const tighter of [looser - 1, looser - 2]) {
    const change = { limits: { [LIMIT]: tighter }, reason: "a role test tightens" };
    const done = await proposer.put("/limits/firm", change, firm.generation);
    assert.equal(done.status, 200, done.text);
    firm = done.body;
  }
  const asked = await proposer.put("/limits/firm", { limits: { [LIMIT]: looser }, reason: REASON }, firm.generation);
  assert.equal(asked.status, 202, asked.text);
  pending = asked.body.id;
  const killed = await callers.trader.post("/kill", { scope: SCOPE, reason: "a role test kills" });
  assert.equal(killed.status, 200, killed.text);
  await until("an order rests", async () => (await restingOrder()).status === 201, 20000);
  await until("the venue counts otherwise", async () => Boolean((await positionOf(SOL))?.drift), 20000);
  await until("an alert stands", async () => (await alertsUntaken()).length > 0, 60000);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** By the trader, far from the market: it rests until somebody cancels it. */
async function restingOrder() {
  const { bids } = (await callers.trader.get(`/books/${BTC}?depth=1`)).body;
  const price = String(Math.round(Number(bids[0]?.[0]) * 0.99));
  return callers.trader.post("/orders", { instrument: BTC, side: "buy", type: "limit", tif: "GTC", qty: "0.010", price });
}

async function positionOf(instrument) {
  return (await callers.risk.get("/positions")).body.items.find((row) => row.instrument === instrument);
}

async function alertsUntaken() {
  const { items } = (await callers.trader.get("/alerts")).body;
  return items.filter(({ alert, state, acknowledged }) => state === "firing" && alert !== "watchdog" && !acknowledged);
}

const isForbidden = ({ status, body }) => status === 403 && body.code === "forbidden";

/** Does the specification name this role, or a lower one? */
function specified(role, method, path) {
  const least = spec.paths[`/api/v1${path}`][method.toLowerCase()]["x-role"];
  return ROLES.indexOf(role) >= ROLES.indexOf(LEAST[least] ?? least.toLowerCase());
}

/** What the server lets a role do: action -> true or false. */
async function allowed(role) {
  const may = Object.fromEntries(OWN.map((action) => [action, true]));
  for (const [action, [method, path, argument, body = {}]] of Object.entries(ASKS)) {
    const there = path.replace(/\{\w+\}/, argument);
    const reply = await callers[role].call(method, `/v1${there}`, method === "DELETE" ? undefined : body, {
      "If-Match": '"0"',
    });
    assert.ok(reply.status >= 400, `${method} ${there} did nothing: ${reply.status}`);
    may[action] = !isForbidden(reply);
    assert.equal(may[action], specified(role, method, path), `${role}, ${method} ${path}: spec and server`);
  }
  // Nobody in role risk is asked: he would approve. That he may, one of them does below.
  const decided = role === "risk" ? null : await callers[role].post(`/approvals/${pending}/approve`, {});
  may.approve = may.reject = decided === null || decided.status !== 403;
  return may;
}

/** All buttons of actions on the page. */
function controls(page) {
  return page.$$eval("[data-action]", (buttons) =>
    buttons.map((button) => ({ action: button.dataset.action, off: button.disabled, title: button.title })),
  );
}

/** All fields of the view and the rail, with the action that each belongs to. */
function fields(page) {
  return page.$$eval(".desk :is(input, select, textarea)", (all) =>
    all.map(({ id, name, dataset, disabled, title }) => ({ id: id || name, action: dataset.field ?? null, off: disabled, title })),
  );
}

const onlyLooks = (id) => LOOKS.some((known) => (known instanceof RegExp ? known.test(id) : known === id));

/** A field says no where its button would: nobody types what the server will not take from him. */
async function compareFields(page, where, may, seen) {
  for (const { id, action, off, title } of await fields(page)) {
    const what = `${where}, field ${id}: ${title}`;
    if (action === null) {
      assert.ok(onlyLooks(id), `${what}: a field that belongs to no action`);
      continue;
    }
    assert.ok(action in may, `${what}: an action that the test does not know`);
    assert.ok(off || may[action], what);
    assert.equal(saysWhoMay(title), !may[action], what);
    seen.add(action);
  }
}

const saysWhoMay = (title) => /\brole (trader|risk|admin)\b/.test(title);

async function compareViews(page, role, may) {
  const pressable = new Set();
  const seen = new Set();
  const typable = new Set();
  const views = await page.$$eval(".nav a", (links) => links.map((link) => link.hash.slice(2)));
  assert.equal(views.length, 12);
  for (const view of views) {
    await go(page, view);
    await until("panels in step", () =>
      page.$$eval(".view [data-panel]", (all) => all.every((panel) => panel.dataset.stale === "no")),
    );
    await pause(400); // what a view asks for comes after it
    for (const { action, off, title } of await controls(page)) {
      const where = `${role}, ${view}, ${action}: ${title}`;
      assert.ok(action in may, `${where}: an action that the test does not know`);
      assert.equal(saysWhoMay(title), !may[action], where);
      assert.ok(off || may[action], where);
      seen.add(action);
      if (!off) {
        pressable.add(action);
      }
    }
    await compareFields(page, `${role}, ${view}`, may, typable);
    for (const [, panel, path, words] of READS.filter(([there]) => there === view)) {
      const refused = isForbidden(await callers[role].get(path));
      assert.equal(words.test(await textOf(page, `[data-panel=${panel}]`)), refused, `${role}, ${panel}`);
    }
  }
  const missing = (wanted, found) => wanted.filter((action) => !found.has(action));
  assert.deepEqual(missing(PRESSABLE[role], pressable), [], `${role}: seen pressable in some view`);
  assert.deepEqual(missing(SEEN[role], seen), [], `${role}: seen in some view`);
  assert.deepEqual(missing(FIELDS[role], typable), [], `${role}: fields seen in some view`);
  const drifts = ["driftAdopt", "driftKeep"].filter((action) => !may[action] && seen.has(action));
  assert.deepEqual(drifts, [], `${role}: what asks for a decision asks only who may take it`);
}

/** One thing that each role does by the page; the server says that it is done. */
const DOES = {
  async viewer(page) {
    await go(page, "system");
    await page.click("[data-action=sessionEnd]");
    const gone = async () => (await callers.viewer.get("/me")).status === 401;
    await until("the other session is ended", gone);
  },
  async trader(page) {
    const { body } = await restingOrder();
    await go(page, "orders");
    await page.hover(".instance"); // over the table it would hold the rows as they are
    await until("the order", () => page.isVisible(`[data-order="${body.id}"] [data-action=orderCancel]:enabled`));
    await page.hover(`[data-order="${body.id}"] td`);
    await page.click(`[data-order="${body.id}"] [data-action=orderAmend]`);
    await page.fill("#amend-qty", "0.020");
    await page.click("#amend-send");
    const qty = async () => (await callers.trader.get(`/orders/${body.id}`)).body.qty;
    await until("it is amended", async () => Number(await qty()) === 0.02, 15000);
    await page.hover(".instance");
    await until("it rests again", () => page.isVisible(`[data-order="${body.id}"] [data-action=orderAmend]:enabled`), 15000);
    await page.hover(`[data-order="${body.id}"] td`);
    await page.click(`[data-order="${body.id}"] [data-action=orderCancel]`);
    const state = async () => (await callers.trader.get(`/orders/${body.id}`)).body.state;
    await until("it is cancelled", async () => (await state()) === "CANCELLED");
    const [{ id }] = await alertsUntaken();
    await go(page, "alerts");
    await page.fill(`[data-alert="${id}"] input`, "a role test looks after it");
    await page.click(`[data-alert="${id}"] [data-action=alertAcknowledge]`);
    await until("the trader has it", async () => (await alertsUntaken()).every((row) => row.id !== id));
  },
  async risk(page) {
    await go(page, "approvals");
    await page.click("[data-action=approve]:enabled");
    await page.click("#dialog-yes");
    const inForce = async () => (await callers.risk.get("/limits/firm")).body.limits[LIMIT];
    await until("the limit is in force", async () => (await inForce()) === looser);
    await go(page, "reconciliation");
    const row = `[data-drift-of="${SOL}"]`;
    await page.fill(`${row} input`, "a role test keeps it");
    await page.click(`${row} [data-action=driftKeep]:enabled`);
    await page.click("#dialog-yes");
    await until("it is kept", () => page.isVisible(`${row}[data-kept=yes]`));
  },
  async admin(page) {
    await go(page, "system");
    await page.fill("#token-name", "role-test");
    await page.click("[data-action=tokenMake]");
    const names = async () => (await callers.admin.get("/tokens")).body.items.map(({ name }) => name);
    await until("the token", async () => (await names()).includes("role-test"));
  },
};

// The one in role risk approves what the others must see waiting: the last.
for (const role of ["viewer", "trader", "admin", "risk"]) {
  test(`${role} may press what the server lets ${role} do, and does one thing`, { timeout: 120000 }, async () => {
    const may = await allowed(role);
    const { page, complaints, close } = await openPage(browser, server.url);
    await logIn(page, PEOPLE[role], server.passwords()[PEOPLE[role]]);
    await compareViews(page, role, may);
    await DOES[role](page);
    assert.deepEqual(await complaints(), []);
    await close();
  });
}

test("a session that an admin ends leads to the log-in, and back to the same view", { timeout: 60000 }, async () => {
  const password = server.passwords().risk1;
  const { page, close } = await openPage(browser, server.url);
  await logIn(page, "risk1", password);
  await go(page, "risk");
  for (const { id, user } of (await callers.admin.get("/sessions?limit=1000")).body.items) {
    if (user === "risk1") {
      assert.equal((await callers.admin.delete(`/sessions/${id}`)).status, 204);
    }
  }
  await until("the log-in form", () => page.isVisible("#user"), 10000);
  assert.match(await textOf(page, ".card"), /Your session has ended/);
  assert.equal(await page.$("[data-panel]"), null, "no figure is left to be taken for a fresh one");
  await logIn(page, "risk1", password);
  await until("the view of before", () => page.isVisible("[data-view-open=risk]"));
  await close();
});
