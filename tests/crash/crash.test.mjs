// SIGKILL at any instant, again and again on one data directory, while the venue's ledger grows by ten
// thousand lines a second: what any reader, client or venue has seen is there afterwards, and counts once.
//
//   CRASH_KILLS=50 CRASH_LAP=50   kills in all, and on one directory
//   CRASH_SEED=n                   of the chance
//   CRASH_KEEP=DIR                 where the directories are left, to look at them

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import process from "node:process";
import test from "node:test";
import { scratch } from "../api/server.mjs";
import { CHECKS, Crash, summary } from "./loop.mjs";

const KILLS = Number(process.env.CRASH_KILLS ?? 50);
const LAP = Number(process.env.CRASH_LAP ?? 50);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1000000);

function folder(lap) {
  if (!process.env.CRASH_KEEP) {
    return scratch();
  }
  const dir = `${process.env.CRASH_KEEP}/lap-${lap}`;
  mkdirSync(dir, { recursive: true });
  return dir;
}

console.log(`crash: seed ${SEED}, ${KILLS} kills`);
const laps = [];
let failed = null;
for (let kills = 0; kills < KILLS && !failed; kills += LAP) {
  const crash = new Crash(folder(laps.length), SEED + laps.length);
  laps.push(crash);
  try {
    await crash.run(Math.min(LAP, KILLS - kills));
  } catch (error) {
    failed = error;
  }
  crash.done();
}
console.log(`crash: ${summary(laps)}`);

test(`${KILLS} kills come to their end`, () => {
  assert.equal(failed, null, failed?.stack);
  assert.equal(laps.reduce((sum, { kills }) => sum + kills, 0), KILLS);
});
for (const [check, says] of Object.entries(CHECKS)) {
  test(says, () => {
    const wrong = laps.flatMap((lap) => lap.wrong[check]);
    assert.equal(wrong.length, 0, `${wrong.length}, the first: ${wrong.slice(0, 5).join("; ")}`);
  });
}
test("the kills came at more than ten thousand events a second", () => {
  const rates = laps.flatMap((lap) => lap.rates).sort((a, b) => a - b);
  assert.ok(rates[rates.length >> 1] >= 10000, `median ${rates[rates.length >> 1]} of ${rates.length}`);
});
