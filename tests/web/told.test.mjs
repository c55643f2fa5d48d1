// What a reader takes for the whole, for now, or for today, is that.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { ACTION_KINDS, AUDIT_KINDS } from "../../web/state.js";
import { ROOT, bound, go, logIn, pause, textOf, until } from "./browser.mjs";
import { story } from "./story.mjs";

const NS_OF_MS = 1000000n;
const DAY_MS = 86400000;
bound(240000);

/** Two days ago, and as the page is to say it. */
function dayBefore() {
  const at = new Date(Date.now() - 2 * DAY_MS);
  return { ns: String(BigInt(at.getTime()) * NS_OF_MS), words: new RegExp(`${at.toUTCString().slice(5, 11)} (\\d\\d:\\d\\d|20\\d\\d)`) };
}

test("the page knows every kind of row that the trail has", () => {
  const { schemas } = parse(readFileSync(join(ROOT, "api-spec/openapi.yaml"), "utf8")).components;
  assert.deepEqual([...AUDIT_KINDS].sort(), [...schemas.AuditKind.enum].sort());
});

story("what people did before the page was opened is asked for, whatever kind it is", {}, async (page, server) => {
  const asked = () => server.seen.flatMap(({ path, query }) => (path === "/audit" ? (/kind=(\w+)/.exec(query)?.[1] ?? []) : []));
  await until("all kinds of actions", async () => ACTION_KINDS.every((kind) => asked().includes(kind)));
});

story("a time of another day says which day", { view: "kill" }, async (page, { desk }) => {
  const { ns, words } = dayBefore();
  desk.kill("venue/sim", "old", false, "risk1");
  for (const row of [...desk.receipts, ...desk.states]) {
    Object.assign(row, row.incident ? { since_ns: ns, at_ns: ns } : {});
  }
  await page.reload();
  await until("the receipt", () => page.isVisible("[data-receipt] td:nth-child(2)"));
  assert.match(await textOf(page, "[data-receipt] td:nth-child(2)"), words);
  assert.match(await textOf(page, "[data-test=receipt] .receipt-words"), words);
  await go(page, "overview");
  assert.match(await textOf(page, "[data-state-of='venue/sim'] td:nth-child(3)"), words);
});

story("a raise for an hour and one for good are told apart before they are approved", { user: "risk2", view: "approvals" }, async (page, { desk }) => {
  const diff = [{ name: "max_order_lots", old: 500, new: 900 }];
  desk.propose("limits", "firm", diff, 7, "for an hour", "risk1").expires_s = 3600;
  desk.propose("limits", "venue/sim", diff, 7, "for good", "risk1");
  desk.propose("state", "firm", [{ name: "state", old: "HALTED", new: "ACTIVE" }], 7, "explained", "risk1");
  const card = (id) => `[data-approval='${id}']`;
  await until("all", () => page.isVisible(card(3)));
  assert.match(await textOf(page, card(1)), /For 60\s?min from the approval on, then it returns by itself/);
  assert.match(await textOf(page, card(2)), /It stays: nothing takes it back by itself/);
  assert.equal(await page.$(`${card(3)} [data-test=lasts]`), null);
  await page.click(`${card(1)} .button-approve`);
  assert.match(await textOf(page, ".dialog"), /For 60\s?min from the approval on/);
});

story("who is refused is told why", { user: "risk2", view: "approvals" }, async (page, server) => {
  server.desk.propose("limits", "firm", [{ name: "max_order_lots", old: 500, new: 900 }], 7, "more", "risk1");
  await until("the proposal", () => page.isVisible("#decision-1"));
  await page.fill("#decision-1", "not before the close");
  await page.click("[data-approval='1'] [data-action=reject]");
  await until("the decision", () => page.isVisible("[data-approval='1'] [data-test=decider]"));
  assert.equal(await textOf(page, "[data-approval='1'] [data-test=decider]"), "rejected by risk2: not before the close");
});

story("a list that is asked for says when no answers come", { view: "alerts", complaints: [/503/] }, async (page, server) => {
  const old = () => page.$(".hand-over .refusal");
  assert.equal(await old(), null);
  server.fault.lists = [503, "unavailable"];
  await until("it says so", async () => /Old: not answered for \d+ s/.test((await (await old())?.textContent())?.replace(/\s/g, " ") ?? ""), 20000);
  server.fault.lists = null;
  await until("it is told again", async () => (await old()) === null, 20000);
});

story("the report of a kill has the kill, however much was traded since", { view: "kill" }, async (page, { desk }) => {
  desk.kill("firm", "fat finger", false, "risk1");
  for (let order = 0; order < 1200; order++) {
    desk.note("order", "strategy/maker", { next: "WORKING" });
  }
  await until("the receipt", () => page.isVisible("[data-receipt] button"));
  await page.click("[data-receipt] button");
  const says = () => textOf(page, "[data-test=report-says]");
  await until("the answer", async () => /As of/.test(await says()));
  assert.match(await says(), /^As of \d\d:\d\d:\d\d UTC\. Only the newest 1000 rows of order are shown\.$/);
  assert.match(await textOf(page, "[data-report-row=kill]"), /risk1.*fat finger/);
  assert.equal((await page.$$("[data-report-row=order]")).length, 1000);
});

story("a report that was not answered is not one of nothing", { view: "kill", complaints: [/503/] }, async (page, server) => {
  server.desk.kill("firm", "fat finger", false, "risk1");
  await until("the receipt", () => page.isVisible("[data-receipt] button"));
  server.fault.audit = [503, "unavailable"];
  await page.click("[data-receipt] button");
  await until("it says so", async () => /Not known: kill, /.test(await textOf(page, "[data-test=report-says]")));
});

story("who logs out while the page still asks has left, and was not thrown out", { user: null }, async (page, server) => {
  server.fault.auditMs = 300;
  await logIn(page, "risk1", "demo");
  await page.click("text=Log out");
  await until("the log-in form", () => page.isVisible("#user"));
  await pause(400);
  assert.equal(await page.$(".card-says"), null);
});
