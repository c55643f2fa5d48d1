// Eight hours of the stream leave the page's heap as it was: ten minutes at fifty times the speed, while views
// are opened and left all the time. HEAP_MINUTES makes it shorter or longer.
//
// Two bounds. What scripts keep (objects, lists, strings, functions) must stay from the beginning: that is where a
// leak of ours would be. The whole heap has the compiled code in it as well, of which Chromium makes less and less:
// it must stay in the second half.

import assert from "node:assert/strict";
import test from "node:test";
import { bound, builtPage, pause, until } from "../web/browser.mjs";
import { Chrome } from "./chrome.mjs";
import { FastServer, SPEED } from "./fast-server.mjs";
import { machineLoad, moduleAddress } from "./measure.mjs";

const MINUTES = Number(process.env.HEAP_MINUTES ?? 10);
const LOOKS = 20;
/** Each view once, for what it keeps of itself, and lists as full as they get. */
const WARM_VIEWS = 36;
const VIEW_MS = 1200;
/** Of a whole heap of some ten thousand, in the second half. */
const GROWTH_MAX_KIB = 512;
/** Of some five thousand: lists that are cut when they are a quarter too long swing by less. */
const KEPT_GROWTH_MAX_KIB = 200;
const KEPT = ["array", "closure", "concatenated string", "number", "object", "object shape", "sliced string", "string"];
const WAITING_MAX_BYTES = 4 << 20;
bound(MINUTES * 60000 + 300000);

/** The charts' lines as long as they get, which takes a quarter of an hour of the page's own time. */
async function fillCharts(page) {
  await page.evaluate(async (address) => {
    const { page: state } = await import(address);
    for (const [samples, width] of [[state.pnlSamples, 2], [state.latencySamples, 3]]) {
      const texts = () => Array.from({ length: width }, (_, at) => `${100000 + at}.12345678`);
      while (samples.length < 900) {
        const made = texts();
        samples.push({ x: Date.now(), values: made.map(Number), texts: made });
      }
    }
  }, await moduleAddress(page, "state.js"));
}

/** What is alive, always seen in the same view, with no frame on its way. */
async function look(page, server) {
  await page.go("overview");
  server.hold();
  await pause(700);
  await page.send("HeapProfiler.collectGarbage");
  const { usedSize } = await page.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await page.send("Memory.getDOMCounters");
  const bytes = await page.heapByKind();
  server.goOn();
  const kept = KEPT.reduce((sum, kind) => sum + (bytes[kind] ?? 0), 0);
  return { kib: usedSize / 1024, kept: kept / 1024, code: bytes.code / 1024, nodes, listeners: jsEventListeners };
}

/** By how much the line rises that the values follow: the median slope of all pairs, which one odd look does not bend. */
function growth(values) {
  const slopes = [];
  for (let from = 0; from < values.length; from++) {
    for (let to = from + 1; to < values.length; to++) {
      slopes.push((values[to] - values[from]) / (to - from));
    }
  }
  slopes.sort((one, other) => one - other);
  return slopes[Math.floor(slopes.length / 2)] * (values.length - 1);
}

test(`${(MINUTES * SPEED) / 60} hours of the stream do not make the heap grow`, async () => {
  const chrome = await Chrome.launch();
  const server = new FastServer(builtPage());
  try {
    const page = await chrome.open(await server.start());
    await page.logIn("risk1", "demo");
    await fillCharts(page);
    const views = await page.evaluate(() =>
      [...document.querySelectorAll(".nav a")].map((link) => link.hash.slice(2)),
    );
    server.hurry();
    const show = async (turn) => {
      await page.go(views[turn % views.length]);
      await pause(VIEW_MS);
    };
    for (let turn = 0; turn < WARM_VIEWS; turn++) {
      await show(turn);
    }
    const [at, begun] = [performance.now(), server.seconds()];
    const looks = [];
    for (let turn = 0; looks.length < LOOKS; turn++) {
      await show(turn);
      if (performance.now() - at >= (MINUTES * 60000 * looks.length) / (LOOKS - 1)) {
        looks.push(await look(page, server));
        const { kib, kept, code, nodes, listeners } = looks.at(-1);
        const hours = ((server.seconds() - begun) / 3600).toFixed(2);
        const parts = `kept ${kept.toFixed(0)}, code ${code.toFixed(0)}`;
        console.log(`${hours} h: ${kib.toFixed(0)} KiB (${parts}), ${nodes} nodes, ${listeners} listeners; ${machineLoad()}`);
      }
    }
    const speed = (server.seconds() - begun) / ((performance.now() - at) / 1000);
    assert.ok(speed > SPEED * 0.9, `${speed.toFixed(1)} times the speed`);
    assert.ok(server.waiting() < WAITING_MAX_BYTES, "the page reads as fast as the server sends");
    const grown = growth(looks.slice(LOOKS / 2).map(({ kib }) => kib));
    const keptMore = growth(looks.map(({ kept }) => kept));
    const hours = ((server.seconds() - begun) / 3600).toFixed(1);
    console.log(`heap in ${hours} h: kept ${keptMore.toFixed(0)} KiB more; all in the second half ${grown.toFixed(0)} KiB`);
    assert.ok(keptMore < KEPT_GROWTH_MAX_KIB, `keeps ${keptMore.toFixed(0)} KiB more, at most ${KEPT_GROWTH_MAX_KIB}`);
    assert.ok(grown < GROWTH_MAX_KIB, `grew by ${grown.toFixed(0)} KiB in its second half, at most ${GROWTH_MAX_KIB}`);
    for (const kind of ["nodes", "listeners"]) {
      const more = growth(looks.map((seen) => seen[kind]));
      assert.ok(more < looks[0][kind] * 0.1, `${kind}: ${more.toFixed(0)} more than the ${looks[0][kind]} of the beginning`);
    }
    await until("the stream is whole", () => page.evaluate(() => document.querySelector(".connection-dead") === null));
  } finally {
    await chrome.close();
    await server.stop();
  }
});
