// The dashboard under its load: 200 positions and 2,000 orders, all of which change ten times a second.
//
// Wants a quiet machine: what it measures is time. SPEED_WINDOW_S (10) is how long it looks at each view, and
// SPEED_WINDOWS (3) how often; the median counts. Each figure is printed with the load of the machine.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { bound, pause } from "../web/browser.mjs";
import { median } from "../bench/program.mjs";
import { LOAD, openLoaded } from "./load-server.mjs";
import { longTasks, machineLoad, percent, watchLongTasks } from "./measure.mjs";

const WINDOW_MS = Number(process.env.SPEED_WINDOW_S ?? 10) * 1000;
const WINDOWS = Number(process.env.SPEED_WINDOWS ?? 3);
const WARM_MS = 5000;
const CORE_MAX = 0.4;
/** The views that show what the load is of, and a column of which each value changes with each update, to sort by. */
const VIEWS = [["overview"], ["orders"], ["trading"], ["orders", "filled"], ["overview", "unrealised"]];
bound(VIEWS.length * (WINDOWS * WINDOW_MS * 2 + 60000));

let chrome;
let server;
let page;

before(async () => {
  ({ chrome, server, page } = await openLoaded());
  await watchLongTasks(page);
});

after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** One window: the share of a core of all of the browser's processes, and the long tasks of the page. */
async function measure() {
  await longTasks(page);
  const [earlier, at, round] = [await chrome.usedSeconds(), performance.now(), server.round];
  await pause(WINDOW_MS);
  const seconds = (performance.now() - at) / 1000;
  const now = await chrome.usedSeconds();
  const shares = Object.entries(now).map(([type, used]) => [type, (used - (earlier[type] ?? 0)) / seconds]);
  return {
    shares: shares.filter(([, share]) => share >= 0.001),
    core: shares.reduce((sum, [, share]) => sum + share, 0),
    long: await longTasks(page),
    rate: (server.round - round) / seconds,
  };
}

function windowText({ shares, core, long, rate }) {
  const by = shares.map(([type, share]) => `${type.split(".")[0]} ${percent(share)}`).join(", ");
  const worst = long.length === 0 ? "" : `, longest ${Math.max(...long)} ms`;
  return `${percent(core)} of a core (${by}), ${long.length} long tasks${worst}, ${rate.toFixed(1)} updates a second`;
}

/** Presses the column's head, or presses it back. */
async function turn(column, way) {
  const wanted = { column, way };
  await page.until(`${column} ${way}`, () =>
    page.evaluate(({ column: id, way: goal }) => {
      const button = document.querySelector(`[data-sort=${id}]`);
      const now = button.closest("th").ariaSort;
      if (now !== goal) {
        button.click();
      }
      return now === goal;
    }, wanted),
  );
}

for (const [view, column] of VIEWS) {
  test(`${view}${column ? ` sorted by ${column}` : ""} bears ten updates a second`, async () => {
    await page.go(view);
    if (column) {
      await turn(column, "descending");
    }
    await pause(WARM_MS);
    const windows = [];
    for (let at = 0; at < WINDOWS; at++) {
      windows.push(await measure());
      console.log(`${view}: ${windowText(windows[at])}; ${machineLoad()}`);
    }
    assert.ok(median(windows.map(({ rate }) => rate)) > LOAD.UPDATES_PER_S * 0.9, "the server kept its pace");
    const core = median(windows.map((window) => window.core));
    assert.ok(core <= CORE_MAX, `${percent(core)} of a core, at most ${percent(CORE_MAX)}`);
    assert.equal(median(windows.map(({ long }) => long.length)), 0, "tasks over 50 ms in a window");
    if (column) {
      await turn(column, "none");
    }
  });
}
