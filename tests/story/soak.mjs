// SOAK_MINUTES of trading with faults drawn by SOAK_SEED; each minute a calm in which both sides must be the
// same, and at the end the whole account. Of every verb that ends by itself; what stops is armed again.

import assert from "node:assert/strict";
import test from "node:test";
import { pause, Story } from "./story.mjs";

const MINUTES = Number(process.env.SOAK_MINUTES ?? 10);
const SEED = Number(process.env.SOAK_SEED || Date.now() % 100000);
const ROUND_MS = 30000;

/** mulberry32 */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const VERBS = [
  ["new cancel query", "drop_req"],
  ["new cancel query order fill position wallet book trade ticker", "drop_ack"],
  ["new cancel query order fill position book", "delay", { ms: 400 }],
  ["new cancel order fill position wallet book", "dup"],
  ["new cancel order fill position book", "reorder", { ms: 200 }],
  ["new cancel query book trade ticker", "corrupt_json"],
  ["new cancel query order fill book", "truncate"],
  ["new cancel query order fill book", "trickle", { ms: 1 }],
  ["new cancel order fill book", "half_open"],
  ["new cancel query order fill book connect auth subscribe", "close"],
  ["new cancel query order fill book connect auth subscribe", "rst"],
  ["new order", "refuse", { ms: 1500 }],
  ["ping new", "stall_pong", { ms: 3000 }],
  ["book", "stale_book", { ms: 1500 }],
  ["book", "seq_gap"],
  ["book", "seq_reset"],
  ["book", "crossed_book", { ms: 300 }],
  ["new cancel", "reject", { code: 10001 }],
  ["new", "reject", { code: 110007 }],
  ["cancel", "reject", { code: 110001 }],
  ["new cancel query auth subscribe", "reject", { code: 10016 }],
  ["new cancel", "reject", { code: 987654 }],
  ["new query", "ratelimit", { ms: 1000 }],
  ["cancel", "late_fill", { ms: 300, code: 1 }],
  ["fill", "late_fill", { ms: 400 }],
  ["new", "overfill", { code: 2 }],
  ["new", "fill_before_ack", { code: 1 }],
  ["fill", "lost_fill"],
  ["new cancel", "foreign_order", { code: 2 }],
  ["new", "maintenance", { ms: 1500 }],
];

/** How the two processes are. */
function ends({ venue, server }) {
  return `venue ${venue.code} ${venue.err.slice(-1500)}\nprogram ${server.code} ${server.err.slice(-3000)}`;
}

test(`${MINUTES} minutes of faults, seed ${SEED}`, async (t) => {
  const draw = random(SEED);
  const one = (list) => list[Math.floor(draw() * list.length)];
  const fault = () => {
    const [kinds, verb, more = {}] = one(VERBS);
    const nth = 1 + Math.floor(draw() * 8);
    return { on: one(kinds.split(" ")), nth, do: verb, ...more };
  };
  const story = await Story.begin({ more: "    heartbeat_ms: 2000\n" });
  const end = Date.now() + MINUTES * 60000;
  let faults = 0;
  let rounds = 0;
  while (Date.now() < end) {
    const log = [];
    for (const until = Math.min(end, Date.now() + ROUND_MS); Date.now() < until; await pause(100 + draw() * 900)) {
      const line = fault();
      log.push(`${new Date().toISOString()} ${JSON.stringify(line)}`);
      await story.venue.befall(line);
      faults++;
      await story.armed().catch((error) => assert.fail(`${error.message}\n${ends(story)}\n${log.join("\n")}`));
    }
    await story.venue.clear();
    await story.calm().catch((error) => assert.fail(`round ${rounds}: ${error.message}\n${log.join("\n")}`));
    await story.settle();
    await story.arm();
    rounds++;
  }
  await story.calm();
  await story.settle();
  const ledger = story.venue.ledger();
  const count = (dir, kind) => ledger.filter((line) => line.dir === dir && line.kind === kind).length;
  t.diagnostic(`${faults} faults, ${rounds} rounds, ${count("in", "new")} orders, ${count("out", "fill")} fills told`);
  await story.end();
});
