// The first view of the real program: how soon after the log-in it can be used, and what it takes to get there.
//
// The second begins when the log-in is answered: that a password takes long to check is what it is made for.
// PITWALL_BIN names the program. Each look is a browser context of its own, so nothing is kept from before; the
// median of five counts.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Server } from "../api/server.mjs";
import { median } from "../bench/program.mjs";
import { bound, pause } from "../web/browser.mjs";
import { Chrome } from "./chrome.mjs";
import { machineLoad } from "./measure.mjs";

const LOOKS = 5;
const USABLE_MAX_MS = 1000;
const PACKED_MAX_BYTES = 250000;
bound(180000);

let chrome;
let server;

before(async () => {
  server = await Server.start();
  chrome = await Chrome.launch();
});

after(async () => {
  await chrome?.close();
  await server?.stop();
});

/** The page itself, its modules, styles and all that it asked for since; bytes as they came, without heads. */
function transferred(page) {
  return page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(
      ({ name, transferSize, encodedBodySize, decodedBodySize, responseEnd }) => ({
        name: new URL(name).pathname,
        bytes: encodedBodySize,
        packed: encodedBodySize < decodedBodySize,
        cached: transferSize === 0,
        at: responseEnd,
      }),
    ),
  );
}

test("the first view can be used within a second of the log-in, for 250 kB", async () => {
  const password = server.passwords().risk1;
  const looks = [];
  for (let at = 0; at < LOOKS; at++) {
    const page = await chrome.open(server.url);
    const { pressedAt, usableAt } = await page.logIn("risk1", password);
    await pause(500);
    const files = await transferred(page);
    const answeredAt = files.find(({ name }) => name.endsWith("/session")).at;
    looks.push({ ms: usableAt - answeredAt, bytes: files.reduce((sum, file) => sum + file.bytes, 0) });
    const { ms, bytes } = looks.at(-1);
    const since = `${ms.toFixed(0)} ms after the answer, ${(usableAt - pressedAt).toFixed(0)} ms after the press`;
    console.log(`usable ${since}; ${files.length} files, ${bytes} bytes; ${machineLoad()}`);
    assert.ok(files.some(({ name, packed }) => name.endsWith("/app.js") && packed), "modules come packed");
    assert.ok(files.every(({ cached }) => !cached), "nothing came out of a cache");
    await page.close();
  }
  const bytes = median(looks.map((look) => look.bytes));
  const ms = median(looks.map((look) => look.ms));
  assert.ok(bytes <= PACKED_MAX_BYTES, `${bytes} bytes, at most ${PACKED_MAX_BYTES}`);
  assert.ok(ms <= USABLE_MAX_MS, `${ms.toFixed(0)} ms, at most ${USABLE_MAX_MS}`);
});
