// A table of faults, played on one venue and one program: for each row some trading while things go
// wrong, some after it, then a kill, and both sides have the same.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { pause, Story } from "./story.mjs";

const PUSHES = new Set(["order", "fill", "position", "wallet"]);
const QUICK = new Set(["book", "trade", "ticker", "ping", "connect", "auth", "subscribe"]);

/** How many messages of that kind there have been; those of the public streams are in no ledger. */
function count(ledger, kind) {
  const dir = PUSHES.has(kind) ? "out" : "in";
  return ledger.filter((line) => line.kind === kind && line.dir === dir).length;
}

/** Until each line had the message that it waits for. */
async function fired(story, lines, ledger, ms) {
  const deadline = Date.now() + ms;
  for (const { on, nth, every } of lines.filter((line) => !QUICK.has(line.on))) {
    const wanted = count(ledger, on) + (nth ?? every);
    while (count(story.venue.ledger(), on) < wanted) {
      assert.ok(Date.now() < deadline, `no ${nth ?? every} messages of kind ${on}: ${story.server.err.slice(-2500)}`);
      await pause(30);
    }
  }
}

/** `lines` are those of a fault script, `for` how long it goes on (ms), `may` what it may stop, which people
 * start again. */
async function row(story, { lines, for: ms = 1500, may = null }) {
  await story.arm();
  await story.trade(4);
  const ledger = story.venue.ledger();
  await story.venue.befall(...lines.map((line) => ({ times: 3, ...line, ...(line.nth ? { times: undefined } : {}) })));
  await fired(story, lines, ledger, 15000);
  await pause(ms);
  await story.venue.clear();
  const halted = (await story.states()).filter(({ state }) => state !== "ACTIVE");
  assert.deepEqual(halted.filter(({ scope, cause }) => !may?.test(`${scope}: ${cause}`)), []);
  await story.arm();
  await story.trade(4);
  await story.calm();
}

export function play(rows, options) {
  let story;
  before(async () => {
    story = await Story.begin(options);
  });
  after(() => story?.end());
  for (const [name, what] of Object.entries(rows)) {
    if (name.includes(process.env.ONLY ?? "")) {
      test(name, () => row(story, what));
    }
  }
  test("each execution, order and cent is on both sides", () => story.settle());
}
