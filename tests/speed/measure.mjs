// What a page was busy with, and what the reader of a figure must know beside it.

import { loadavg } from "node:os";

/** Starts to note each task of the page's main thread that took longer than 50 ms. */
export function watchLongTasks(page) {
  return page.evaluate(() => {
    globalThis.longTasks = [];
    const watcher = new PerformanceObserver((list) => {
      globalThis.longTasks.push(...list.getEntries().map((entry) => entry.duration));
    });
    watcher.observe({ type: "longtask" });
  });
}

/** What was noted since it was last asked. */
export function longTasks(page) {
  return page.evaluate(() => globalThis.longTasks.splice(0));
}

/** A module of the page, the very one that it runs: what it holds can be read, and nothing is in its way. */
export function moduleAddress(page, name) {
  return page.evaluate(
    (file) => new URL(file, document.querySelector("script[type=module]").src).href,
    name,
  );
}

export const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** Of the whole machine. */
export function machineLoad() {
  return `machine load ${loadavg()[0].toFixed(2)}`;
}
