// Every view, in both themes, on a desk and on a phone, as axe sees it: no violation of WCAG 2.2 A and AA.
// A screenshot of each is left for eyes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { bound, go, holdKill, screenshot, until } from "./browser.mjs";
import { pairOf } from "./mock-venue.mjs";
import { story, VIEWS } from "./story.mjs";

bound(1100000);

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** What axe complains about, one line for each element. */
async function complaintsOf(page) {
  const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: "tag", values } }), TAGS);
  return violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)} (${node.any[0]?.message ?? rule.help})`),
  );
}

/** In force before the page's own scripts: its policy lets nobody add one later. */
const withAxe = (page) => page.evaluate(AXE);

async function look(page, name) {
  await screenshot(page, name);
  return (await complaintsOf(page)).map((line) => `${name}: ${line}`);
}

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const theme of ["dark", "light"]) {
    story(`axe: each view, ${theme}, ${size}`, { viewport, mode: "live", timeout: 280000 }, async (page, { desk }) => {
      await page.emulateMedia({ colorScheme: theme });
      await withAxe(page);
      const change = [{ name: "max_order_lots", old: 500, new: 600 }];
      desk.propose("limits", "firm", change, 7, "room", "risk2");
      desk.markets[0].margin = { venue_lots: 9, venue_age_ns: "1500000000", drift: 3 };
      desk.markets[1].stale = true;
      desk.pairs = { [desk.markets[0].instrument]: [pairOf(2, "differs", {}, { fee: "0.14" }), pairOf(1, "ours_only", {}, null)] };
      await holdKill(page);
      await until("the drift", () => page.isVisible("[data-badge=reconciliation]"), 9000);
      const found = [];
      for (const view of VIEWS) {
        await go(page, view);
        if (view === "reconciliation") {
          await page.press(`[data-recon-fills='${desk.markets[0].instrument}'] .pick`, "Enter");
          await until("its fills", () => page.isVisible("[data-pair]"), 9000);
        }
        found.push(...(await look(page, `${view}-${theme}-${size}`)));
      }
      await go(page, "orders");
      await page.click("[data-columns=orders]");
      await page.fill("#filter-orders", "btcusdt");
      await page.click("[data-sort=instrument]");
      await until("arranged", () => page.isVisible("[data-test=filtered-orders]"));
      found.push(...(await look(page, `arranged-${theme}-${size}`)));
      await page.focus("h1"); // where keys are not typed
      await page.keyboard.press("?");
      await until("the list of keys", () => page.isVisible("[data-test=help-dialog]"));
      found.push(...(await look(page, `help-${theme}-${size}`)));
      assert.deepEqual(found, []);
    });
  }
}
