// Sound and a notification of the browser when an alert begins that pages people; only for who asked for it.
//
// What stood already when the page was opened is not told again, and neither is one that somebody has: the
// page shows those. The server is what pages people who are not looking; this is for who looks elsewhere.

import { layout, layoutSet } from "./layout.js";
import { page } from "./state.js";

/** @import { Alert } from "./types/shapes.js" */

const TONES_HZ = [880, 660, 880];
const TONE_S = 0.16;
const LOUD = 0.2;

/** Ids that were told or stood before; null before the first look. @type {Set<string> | null} */
let known = null;
/** @type {AudioContext | null} */
let audio = null;

/** Browsers let a page sound only after a press. */
function sound() {
  audio ??= new AudioContext();
  const start = audio.currentTime;
  TONES_HZ.forEach((hz, at) => {
    const tone = /** @type {AudioContext} */ (audio).createOscillator();
    const gain = /** @type {AudioContext} */ (audio).createGain();
    tone.frequency.value = hz;
    gain.gain.value = LOUD;
    tone.connect(gain).connect(/** @type {AudioContext} */ (audio).destination);
    tone.start(start + at * TONE_S);
    tone.stop(start + (at + 1) * TONE_S * 0.9);
  });
  audio.resume();
}

/** @param {Alert} alert */
function tell(alert) {
  sound();
  if (globalThis.Notification?.permission === "granted") {
    const where = `${page.status?.mode?.toUpperCase() ?? ""} ${page.status?.instance ?? ""}`.trim();
    new Notification(`Pitwall ${where}: ${alert.alert}`, { body: alert.says, tag: alert.id });
  }
}

/** A look at what stands, after each frame of the alerts. */
export function pagerLook() {
  const pages = [...page.alerts.values()].filter((row) => row.state === "firing" && row.severity === "page");
  const before = known;
  known = new Set(pages.map((row) => row.id));
  if (before && layout.pager) {
    pages.filter((row) => !before.has(row.id) && !row.acknowledged).forEach(tell);
  }
}

/** Another session begins. */
export function pagerForget() {
  known = null;
}

/** By a press: only then may a page ask for the permission, and sound. */
export async function pagerSwitch() {
  layoutSet({ pager: !layout.pager });
  if (layout.pager) {
    sound();
    await globalThis.Notification?.requestPermission();
  }
}
