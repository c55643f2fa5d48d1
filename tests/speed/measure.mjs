// What a browser's processes use, as the kernel counts it, and what the page's main thread was busy with.

import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { spawnSync } from "node:child_process";

const TICKS_PER_S = Number(spawnSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).stdout);

/** Seconds of processor time of a process so far: utime and stime of /proc/PID/stat. @param {number} pid */
function processorSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** All processes of the browser by kind: browser, renderer, GPU, utility. */
export async function usedSeconds(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const used = {};
  for (const { type, id } of processInfo) {
    used[type] = (used[type] ?? 0) + processorSeconds(id);
  }
  return used;
}

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

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** How busy the whole machine was meanwhile, as the reader of a figure must know. */
export function machineLoad() {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(" ");
}
