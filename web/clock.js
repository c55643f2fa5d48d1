// The server's clock, as far as the page can tell: times of the server are compared with it alone, for the
// browser's own may be an hour off.
//
// Frames say when the server wrote them, and come later by what the way took: the one that came fastest is
// nearest to the truth. The newest minute or two of them count, so that a server whose clock is set back is
// followed. Between frames the page's monotonic clock goes on, whatever is done to the browser's.

import { millisecondsOf } from "./format.js";

const WINDOW_MS = 60000;
/** Less is no word worth: stamps of snapshots are as old as what they hold. */
const OFF_MS = 5000;

/** What is to be added to the monotonic clock, in this window and in the one before. */
let best = -Infinity;
let before = -Infinity;
let begun = -Infinity;

/** @param {unknown} ns since the epoch, when the server wrote what has just come */
export function clockHear(ns) {
  const ms = millisecondsOf(ns);
  const now = performance.now();
  if (ms === null || ms <= 0) {
    return;
  }
  if (now - begun > WINDOW_MS) {
    [before, best, begun] = [now - begun > 2 * WINDOW_MS ? -Infinity : best, -Infinity, now];
  }
  best = Math.max(best, ms - now);
}

/** ms since the epoch by the server's clock; by the browser's until a frame has told better */
export function serverNow() {
  const ahead = Math.max(best, before);
  return Number.isFinite(ahead) ? performance.now() + ahead : Date.now();
}

/** @returns {number} ms that the browser's clock is ahead of the server's; negative: behind; 0: too little to say */
export function clockOff() {
  const off = Date.now() - serverNow();
  return Math.abs(off) > OFF_MS ? off : 0;
}
