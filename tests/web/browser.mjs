// Debian's Chromium driven by playwright-core, and what the browser tests share.
//
// The page's policy forbids eval, so nothing here uses waitForFunction: `until` polls with evaluate. Every
// page collects what it complained about; a test ends by asking for that list.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const CHROMIUM_ARGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"];

/** Ends the whole test program, so that nothing can hang: playwright takes the browser down with it. */
export function bound(ms) {
  const timer = setTimeout(() => {
    console.error(`not done after ${ms / 1000} s, giving up`);
    process.exit(1);
  }, ms);
  timer.unref();
}

/** A folder that is gone when the program ends. */
export function scratch(name) {
  const dir = mkdtempSync(join(tmpdir(), `pitwall-${name}-`));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The built page: PITWALL_WEB, or built here. */
export function builtPage() {
  if (process.env.PITWALL_WEB) {
    return resolve(process.env.PITWALL_WEB);
  }
  const out = scratch("web");
  const build = spawnSync("sh", [join(ROOT, "web/build.sh"), out], { encoding: "utf8" });
  if (build.status !== 0) {
    throw new Error(`web/build.sh failed: ${build.stderr}`);
  }
  return out;
}

export async function launch() {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no Chromium at ${CHROMIUM} (apt-get install chromium, or set CHROMIUM)`);
  }
  return chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Polls until `probe` gives something true; says what it was waiting for when it does not come. */
export async function until(what, probe, ms = 15000) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    last = await probe().catch((error) => `error: ${error.message.split("\n")[0]}`);
    if (last && !String(last).startsWith("error:")) {
      return last;
    }
    await pause(40);
  }
  throw new Error(`waited ${ms} ms for: ${what} (last: ${JSON.stringify(last)})`);
}

/** A fresh session's page that keeps what went wrong in it: console errors, exceptions, policy violations. */
export async function openPage(browser, url, viewport = { width: 1400, height: 900 }) {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(url);
  const allComplaints = async () => [
    ...complaints,
    ...(await page.evaluate(() => globalThis.violations)),
  ];
  return { page, complaints: allComplaints, close: () => context.close() };
}

export async function logIn(page, user, password) {
  await page.fill("#user", user);
  await page.fill("#password", password);
  await page.click("button[type=submit]");
  await page.waitForSelector(".desk");
  await until("the stream is live", () => page.isVisible(".connection:not(.connection-dead)"));
}

/** Opens a view by its address and waits until it is drawn. */
export async function go(page, view) {
  await page.evaluate((id) => (location.hash = `#/${id}`), view);
  await until(`view ${view}`, () => page.isVisible(`[data-view-open=${view}]`));
}

/** Presses the kill button until the press has lasted long enough. */
export async function holdKill(page) {
  await page.hover("#kill");
  await page.mouse.down();
  await until("the press lasts", () => page.isVisible("#kill[data-held=done]"));
  await page.mouse.up();
}

export async function killWith(page, reason) {
  await page.fill("#kill-reason", reason);
  await holdKill(page);
}

/** Text of an element, one space between words. */
export async function textOf(page, selector) {
  const text = await page.textContent(selector, { timeout: 3000 });
  return text.replace(/\s+/g, " ").trim();
}

/** The folder that the caller named with SCREENSHOTS, or one beside the program that is tested. */
function screenshotFolder() {
  const { SCREENSHOTS, PITWALL_BIN } = process.env;
  return SCREENSHOTS ?? (PITWALL_BIN ? join(dirname(resolve(PITWALL_BIN)), "screenshots") : null);
}

/** Leaves a picture for eyes, where there is a folder for it. */
export async function screenshot(page, name) {
  const dir = screenshotFolder();
  if (dir) {
    mkdirSync(dir, { recursive: true });
    await page.screenshot({ path: join(dir, `${name}.png`) });
  }
}
