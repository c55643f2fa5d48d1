// Makes the pictures of the README on the real program: `make pictures`, or node tests/web/pictures.mjs [OUTDIR].
//
// The demo trades for a while, then one strategy is killed; PITWALL_BIN names the program.

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Server } from "../api/server.mjs";
import { bound, go, holdKill, launch, logIn, openPage, pause, ROOT, textOf, until } from "./browser.mjs";
import { pngInPalette } from "./png.mjs";

const OUT = resolve(process.argv[2] ?? join(ROOT, "docs/images"));
const SIZE = { width: 1600, height: 900 };
const TRADES_MS = Number(process.env.PICTURES_MS ?? 90000);
const MOST_BYTES = 150000;
bound(TRADES_MS + 120000);

async function picture(page, name) {
  const path = join(OUT, `${name}.png`);
  await page.mouse.move(0, 0);
  const png = pngInPalette(await page.screenshot());
  if (png.length > MOST_BYTES) {
    throw new Error(`${name}: ${png.length} bytes, above ${MOST_BYTES}`);
  }
  writeFileSync(path, png);
  console.log(`${path}: ${png.length} bytes`);
}

/** On a busy host the stream stalls, or the watchdog stops the firm: no picture of a desk that works. */
async function expectQuiet(page, words) {
  const says = await textOf(page, "[data-test=trading]");
  if (!words.test(says) || (await page.isVisible("[data-test=banner]"))) {
    throw new Error(`the demo says "${says}", and may be silent: try again on a quieter machine`);
  }
}

async function open(browser, server, user, colorScheme) {
  const opened = await openPage(browser, server.url, SIZE);
  await opened.page.emulateMedia({ colorScheme });
  await logIn(opened.page, user, server.passwords()[user]);
  return opened.page;
}

mkdirSync(OUT, { recursive: true });
const server = await Server.start();
const browser = await launch();
try {
  const overview = await open(browser, server, "trader", "dark");
  await go(overview, "overview");
  await pause(TRADES_MS);
  await expectQuiet(overview, /Trading is active/);
  await picture(overview, "overview");
  const kill = await open(browser, server, "risk1", "light");
  await go(kill, "kill");
  await kill.selectOption("#kill-scope", "strategy/maker");
  await kill.fill("#kill-reason", "quotes too wide after the news");
  await holdKill(kill);
  await until("its receipt is whole", () => kill.isVisible("[data-test=receipt][data-complete=true]"), 15000);
  await pause(1500);
  await expectQuiet(kill, /1 of its scopes HALTED/);
  await picture(kill, "kill");
} finally {
  await browser.close();
  await server.stop();
}
