// The dashboard on the real program: log in, see numbers move, tighten a limit, kill, read both in the audit.
//
// PITWALL_BIN names the program (default build/pitwall). It gets a data directory of its own and free
// ports, and is gone when this ends, however it ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import test from "node:test";
import { bound, go, killWith, launch, logIn, openPage, ROOT, scratch, textOf, until } from "./browser.mjs";

const BINARY = resolve(ROOT, process.env.PITWALL_BIN ?? "build/pitwall");
const START_MS = 30000;
const STOP_MS = 5000;
const LIMIT_REASON = "browser test tightens";
const KILL_REASON = "browser test kills";
const RESUME_REASON = "browser test resumes";
bound(240000);

/** Starts the demo and waits for its line `ready http://A:P`. */
async function startProgram() {
  assert.ok(
    existsSync(BINARY),
    `${BINARY} is missing: build it first (make build) or set PITWALL_BIN`,
  );
  const data = join(scratch("live"), "data");
  const config = join(ROOT, "deploy/config/dev.yaml");
  const listen = ["--listen", "127.0.0.1:0", "--kill-listen", "127.0.0.1:0"];
  const child = spawn(BINARY, ["run", "--demo", "--config", config, "--data", data, ...listen], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.on("exit", () => child.kill("SIGKILL"));
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => (said.out += text));
  child.stderr.on("data", (text) => (said.err += text));
  const exited = new Promise((done) => child.on("exit", (code, signal) => done({ code, signal })));
  const ready = until(
    "the line `ready http://A:P`",
    async () => /^ready (http:\S+)$/m.exec(said.out)?.[1],
    START_MS,
  );
  const early = exited.then(({ code }) => {
    throw new Error(`exited with ${code} before it was ready: ${said.err.slice(-2000)}`);
  });
  const url = await Promise.race([ready, early]);
  early.catch(() => {});
  return {
    url,
    child,
    exited,
    users: JSON.parse(readFileSync(join(data, "first-login"), "utf8")).users,
  };
}

/** SIGTERM must end it well and in time. */
async function stopProgram({ child, exited }) {
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  child.kill("SIGTERM");
  const { code, signal } = await exited;
  clearTimeout(late);
  assert.deepEqual(
    { code, signal },
    { code: 0, signal: null },
    "SIGTERM ends it with 0 within 5 s",
  );
}

/** A whole-number limit that the firm sets and that can be tightened. */
async function tightenable(page) {
  const rows = await page.$$eval("[data-limit]", (found) =>
    found.map((row) => ({
      name: row.dataset.limit,
      value: row.querySelector("[data-test=in-force]").textContent.trim(),
      whole: row.querySelector("input").inputMode === "numeric",
    })),
  );
  return rows.find((row) => row.whole && /^\d+$/.test(row.value) && Number(row.value) > 10);
}

async function seeNumbersMove(page) {
  await go(page, "market");
  const bids = () =>
    page.$$eval(".market-grid .price", (cells) => cells.map((cell) => cell.textContent).join());
  await until("top of book", async () => /\d/.test(await bids()), 10000);
  const first = await bids();
  await until("the market moves", async () => (await bids()) !== first, 10000);
  await go(page, "orders");
  await until("orders of a strategy", () => page.isVisible("[data-order]"), 15000);
  await go(page, "overview");
  await until("PnL", async () => /\d/.test(await textOf(page, "[data-test=pnl-total]")), 10000);
}

async function tightenLimit(page) {
  const limit = await until("a limit to tighten", () => tightenable(page), 10000);
  const next = String(Number(limit.value) - 1);
  await page.fill(`#limit-${limit.name}`, next);
  await page.fill("#limits-reason", LIMIT_REASON);
  await page.click("#limits-apply");
  const inForce = () => textOf(page, `[data-limit=${limit.name}] [data-test=in-force]`);
  await until(
    `${limit.name} ${limit.value} becomes ${next}`,
    async () => (await inForce()) === next,
    10000,
  );
}

/** An order by the session's own REST, far from the market, amended in the dialog. */
async function amendOrder(page) {
  const order = await page.evaluate(async () => {
    const read = async (path) => (await fetch(`/api/v1${path}`)).json();
    const { csrf } = await read("/me");
    const bid = Number((await read("/books/sim:BTCUSDT?depth=1")).bids[0][0]);
    const wanted = { instrument: "sim:BTCUSDT", side: "buy", type: "limit", tif: "GTC" };
    const answer = await fetch("/api/v1/orders", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify({ ...wanted, qty: "0.020", price: (bid * 0.99).toFixed(1) }),
    });
    return answer.json();
  });
  await page.hover(".instance"); // over the table it would hold the rows as they are
  const row = `[data-order="${order.id}"]`;
  await until("the order works", async () => (await textOf(page, row)).includes("working"), 10000);
  await page.hover(`${row} td`);
  await page.click(`${row} button:text("Amend")`);
  await page.fill("#amend-qty", "0.010");
  await page.keyboard.press("Enter");
  const said = async () => (await page.textContent(".notices")).replace(/\s+/g, " ");
  await until("the venue's answer", async () => /is amended: buy 0.010 at/.test(await said()), 15000);
}

async function killFirm(page) {
  await page.check("#kill-flatten");
  await killWith(page, KILL_REASON);
  await until("the receipt", () => page.isVisible("[data-test=receipt]"), 10000);
  assert.ok((await textOf(page, "[data-test=receipt]")).includes(KILL_REASON));
  await until(
    "HALTED in words",
    async () => /halted/i.test(await textOf(page, "[data-test=trading]")),
    5000,
  );
  await until(
    "the firm's state",
    () => page.isVisible("[data-scope=firm][data-state=HALTED]"),
    5000,
  );
  await until(
    "the whole receipt",
    () => page.isVisible("[data-test=receipt][data-complete=true]"),
    15000,
  );
  const exits = () => textOf(page, "[data-test=flatten]");
  await until("flat", async () => /Flat: nothing is held/.test(await exits()), 20000);
}

/** The first person asks, the second approves, and the first one's page says so. */
async function resumeByTwo(page, openSecond) {
  await go(page, "kill");
  await page.click("[data-scope=firm] button");
  await page.fill("#resume-reason", RESUME_REASON);
  await page.keyboard.press("Enter");
  await page.click("#dialog-yes");
  await go(page, "approvals");
  await until("the approval", () => page.isVisible(".approval-pending"), 10000);
  assert.equal(await page.isDisabled(".approval-pending .button-approve"), true);
  const second = await openSecond();
  await go(second, "approvals");
  await until(
    "the approval there",
    () => second.isEnabled(".approval-pending .button-approve"),
    10000,
  );
  await second.click(".approval-pending .button-approve");
  assert.ok((await textOf(second, ".dialog")).includes(RESUME_REASON));
  await second.click("#dialog-yes");
  for (const each of [second, page]) {
    const words = async () => /active/i.test(await textOf(each, "[data-test=trading]"));
    await until("trading is active in words", words, 10000);
  }
}

function auditRow(page, kind, reason) {
  const shown = async () => (await page.textContent("[data-panel=audit]")).includes(reason);
  return until(
    `audit row ${kind}: ${reason}`,
    async () => (await page.isVisible(`[data-kind=${kind}]`)) && shown(),
    10000,
  );
}

test("the desk in a browser, on the real program", { timeout: 200000 }, async () => {
  const program = await startProgram();
  const browser = await launch();
  try {
    const { page, complaints } = await openPage(browser, program.url);
    const [who, other] = program.users.filter((row) => row.role === "risk");
    await logIn(page, who.user, who.password);
    await until("all panels in step", () =>
      page.$$eval("[data-panel]", (all) => all.every((panel) => panel.dataset.stale === "no")),
    );
    await seeNumbersMove(page);
    await go(page, "risk");
    await tightenLimit(page);
    await go(page, "orders");
    await amendOrder(page);
    await go(page, "kill");
    await killFirm(page);
    await go(page, "audit");
    await auditRow(page, "limits", LIMIT_REASON);
    await auditRow(page, "kill", KILL_REASON);
    const pictures = process.env.SCREENSHOTS ?? join(dirname(BINARY), "screenshots");
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, "live.png") });
    await resumeByTwo(page, async () => {
      const second = await openPage(browser, program.url);
      await logIn(second.page, other.user, other.password);
      return second.page;
    });
    assert.deepEqual(await complaints(), []);
  } finally {
    await browser.close();
    await stopProgram(program);
  }
});
