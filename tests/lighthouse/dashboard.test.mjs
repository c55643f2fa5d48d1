// Lighthouse looks at the log-in page and at views of the real program, and each category gets 95 or more.
//
// Its desktop preset with the network and processor as they are ("provided" throttling): the desk sits beside its
// server, here on loopback, so a simulated slow line would measure the simulation. Each page is loaded from an empty
// HTTP cache five times, the views with the cookie of one log-in; the median of each category counts. A page with a
// live stream never falls silent, so each look ends 15 s after the load. Nothing of Lighthouse is left out. What it leaves out by itself: loopback counts as secure, so plain HTTP is no fault here
// (elsewhere the server insists on TLS), and without a robots.txt there is none to judge.
// PITWALL_BIN names the program, LIGHTHOUSE_RUNS how often each page is loaded.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { after, before } from "node:test";
import lighthouse, { desktopConfig } from "lighthouse";
import { BIN, Server } from "../api/server.mjs";
import { median } from "../bench/program.mjs";
import { Chrome } from "../speed/chrome.mjs";
import { machineLoad } from "../speed/measure.mjs";
import { bound } from "../web/browser.mjs";

const RUNS = Number(process.env.LIGHTHOUSE_RUNS ?? 5);
const TRIES = 3;
const LOOK_MS = 15000;
const SCORE_MIN = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const VIEWS = [
  ...["overview", "market", "orders", "trading", "risk", "kill"],
  ...["approvals", "strategies", "reconciliation", "alerts", "audit", "system"],
];
/** Of role risk: sees every view but the accounts. */
const USER = "risk1";
const REPORTS = join(dirname(BIN), "lighthouse");
bound(RUNS * (VIEWS.length + 1) * 60000 + 60000);

let server;
let chrome;

before(async () => {
  mkdirSync(REPORTS, { recursive: true });
  server = await Server.start();
  chrome = await Chrome.launch();
});

after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** One load: what Lighthouse found, with its report kept for eyes; nothing when it could not look. */
async function lookOnce(name, url) {
  const how = { throttlingMethod: "provided", maxWaitForLoad: LOOK_MS };
  const flags = { port: chrome.port, ...how, output: "html", logLevel: "error" };
  const { lhr, report } = await lighthouse(url, flags, desktopConfig);
  if (lhr.runtimeError) {
    throw new Error(lhr.runtimeError.message);
  }
  writeFileSync(join(REPORTS, `${name}.html`), report);
  return lhr;
}

/** On a busy host Lighthouse misses the begin of a load and says "please run again"; that is no finding on the page. */
async function look(name, url) {
  for (let tries = 1; ; tries++) {
    try {
      return await lookOnce(name, url);
    } catch (error) {
      console.log(`    ${name}: Lighthouse did not get to look: ${error.message ?? JSON.stringify(error)}`);
      if (tries === TRIES) {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      }
    }
  }
}

/** Audits that cost a category points, with what they say. */
function faults(lhr, category) {
  return lhr.categories[category].auditRefs
    .filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 1)
    .map(({ id }) => `${id} ${lhr.audits[id].displayValue ?? lhr.audits[id].title}`);
}

/** Median of each category; the table's row, and why where it is too low. */
async function judge(name, url) {
  const looks = [];
  for (let run = 0; run < RUNS; run++) {
    looks.push(await look(name, url));
  }
  const { finalDisplayedUrl, categories } = looks[0];
  assert.equal(finalDisplayedUrl, url);
  assert.deepEqual(Object.keys(categories).sort(), [...CATEGORIES].sort(), "no category is left unjudged");
  const medians = CATEGORIES.map((id) => median(looks.map((lhr) => Math.round(lhr.categories[id].score * 100))));
  const figures = ["largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"].map(
    (id) => `${id} ${median(looks.map((lhr) => lhr.audits[id].numericValue ?? NaN)).toFixed(3)}`,
  );
  console.log(`${name.padEnd(15)}${medians.map((score) => String(score).padStart(6)).join("")}   ${figures.join(", ")}`);
  const low = CATEGORIES.flatMap((id, at) => {
    const why = faults(looks.at(-1), id).join("; ");
    if (why) console.log(`    ${id}: ${why}`);
    return medians[at] >= SCORE_MIN ? [] : [`${id} ${medians[at]}: ${why}`];
  });
  assert.deepEqual(low, [], `${name}: at least ${SCORE_MIN} each, not ${low.join(", ")}`);
}

test("the log-in page", async () => {
  console.log(`median of ${RUNS}: ${CATEGORIES.join(", ")}; ${machineLoad()}`);
  await judge("log-in", `${server.url}/`);
});

test("each view, for somebody who is logged in", async (t) => {
  const page = await chrome.open(server.url, { apart: false });
  await page.logIn(USER, server.passwords()[USER]);
  await page.close();
  for (const view of VIEWS) {
    await t.test(view, () => judge(view, `${server.url}/#/${view}`));
  }
});
