// Where our count of a position and the venue's differ: both figures, and which of them shall hold.
//
// A difference of a moment is a fill on its way, so nobody is asked about it: the question comes when it
// has lasted, or when the instrument stands still for it.

import { driftSettle } from "../api.js";
import { actionRefusal, ACTIONS } from "../actions.js";
import { serverNow } from "../clock.js";
import { ageText, countText, DASH, millisecondsOf } from "../format.js";
import { perform } from "../perform.js";
import { changed, driftKept, notify, page, role, topicAge } from "../state.js";
import { useTyped } from "../typed.js";
import { html, useState } from "../vendor/preact-htm.js";
import { ActionButton, fieldOf } from "./parts.js";

/** @import { AuditRow, Position } from "../types/shapes.js" */

const LASTING_MS = 2000;
const NOT_HALTED = "Adopting wants the instrument HALTED: kill it first";

/** @param {number | null | undefined} lots */
function lotsText(lots) {
  return `${countText(lots)} ${Math.abs(lots ?? 0) === 1 ? "lot" : "lots"}`;
}

/** How old the venue's count is. @param {Position} position */
function countAgeText({ venue_age_ns }) {
  const sent = millisecondsOf(venue_age_ns);
  const since = topicAge("positions");
  return sent === null || since === null ? "" : `, told ${ageText(sent + since)} ago`;
}

/** @param {Position} position */
function isHalted({ instrument }) {
  return page.tradingStates.get(`instrument/${instrument}`)?.effective === "HALTED";
}

/** @param {Position} position */
function isLasting(position) {
  const at = page.drifts.get(position.instrument)?.at ?? performance.now();
  return isHalted(position) || performance.now() - at > LASTING_MS;
}

/** Does the audit say that somebody let this difference be? @param {AuditRow} row @param {Position} position */
function keeps({ kind, scope, old, new: after, at_ns }, { instrument, drift }) {
  const [before, did] = /** @type {any[]} */ ([old, after]);
  const startedAt = serverNow() - (page.status?.uptime_s ?? 0) * 1000;
  return (
    kind === "position" &&
    scope === `instrument/${instrument}` &&
    (did?.choice === "keep" || did?.adopted === false) &&
    before?.lots - before?.venue_lots === drift &&
    (millisecondsOf(at_ns) ?? 0) >= startedAt - 1000 // a start anew asks again
  );
}

/** @param {Position} position */
export function driftIsKept(position) {
  return (
    page.kept.get(position.instrument) === position.drift ||
    [...page.audit.values()].some((row) => keeps(row, position))
  );
}

/** Does it wait for a person? @param {Position} position */
export function driftIsOpen(position) {
  return Boolean(position.drift) && isLasting(position) && !driftIsKept(position);
}

export function driftsOpen() {
  return [...page.positions.values()].filter(driftIsOpen).length;
}

/** In the line below a position, while there is nothing to decide. @param {Position} position */
export function agreementText(position) {
  const { venue_lots, drift } = position;
  if (venue_lots === null && page.status?.mode === "live") {
    return "venue has not told its count";
  }
  if (venue_lots === null || venue_lots === undefined) {
    return "";
  }
  if (drift === 0) {
    return `venue agrees${countAgeText(position)}`;
  }
  return isLasting(position)
    ? ""
    : `venue counts ${lotsText(venue_lots)}, a fill may be on its way`;
}

/** @param {Position} position @param {"adopt" | "keep"} choice */
function questionLines({ instrument, lots, venue_lots, drift }, choice) {
  const mode = page.status?.mode?.toUpperCase() ?? DASH;
  const figures = `We count ${lotsText(lots)}, the venue counts ${lotsText(venue_lots)}.`;
  const does =
    choice === "adopt"
      ? `Our position becomes ${lotsText(venue_lots)}. The manual strategy takes the difference on, at the mark, without a fee.`
      : `Our position stays ${lotsText(lots)}. The difference of ${lotsText(Math.abs(drift ?? 0))} stops nothing more until it changes or the program starts anew.`;
  return [`${instrument}, mode ${mode}. ${figures}`, does, "Neither resumes trading."];
}

/** @param {{position: Position}} props */
function DriftForm({ position }) {
  const { instrument, lots, venue_lots, drift } = position;
  const id = `drift-reason-${instrument}`;
  const [reason, setReason] = useTyped(id, "");
  const [busy, setBusy] = useState(false);

  async function settle(/** @type {"adopt" | "keep"} */ choice) {
    setBusy(true);
    const answer = await perform(
      choice === "adopt" ? "driftAdopt" : "driftKeep",
      questionLines(position, choice),
      () => driftSettle(instrument, choice, reason.trim()),
    );
    setBusy(false);
    if (!answer?.ok || !answer.body) {
      return;
    }
    setReason("");
    if (choice === "keep") {
      driftKept(instrument, drift ?? 0);
    }
    const holds = lotsText(answer.body.lots);
    notify("warn", `${instrument}: our position is ${holds}, ${choice === "adopt" ? "as the venue counts" : "kept"}`);
    changed();
  }

  return html`<div class="drift-form">
    <label class="unseen" for=${id}>Reason for the count of ${instrument}</label>
    <input
      id=${id}
      ...${fieldOf("driftAdopt")}
      autocomplete="off"
      maxlength="200"
      placeholder="why does this count hold?"
      value=${reason}
      onInput=${(/** @type {any} */ event) => setReason(event.target.value)}
    />
    <${ActionButton}
      action="driftAdopt"
      kind="small"
      label=${`Adopt the venue's count: ${lotsText(venue_lots)}`}
      off=${isHalted(position) ? "" : NOT_HALTED}
      busy=${busy || reason.trim() === ""}
      onPress=${() => settle("adopt")}
    />
    <${ActionButton}
      action="driftKeep"
      kind="small"
      label=${`Keep ours: ${lotsText(lots)}`}
      busy=${busy || reason.trim() === ""}
      onPress=${() => settle("keep")}
    />
    ${isHalted(position) ? null : html`<p class="drift-hint">${NOT_HALTED}.</p>`}
  </div>`;
}

/** @param {{position: Position, index: number, columns?: number}} props both counts, while they differ */
export function DriftRow({ position, index, columns = 9 }) {
  const { instrument, lots, venue_lots, drift } = position;
  if (!drift || !isLasting(position)) {
    return null;
  }
  const kept = driftIsKept(position);
  const mark = kept ? `KEPT: ${lotsText(Math.abs(drift))} still differ` : "DRIFT";
  const may = actionRefusal(ACTIONS.driftAdopt, role()) === "";
  return html`<tr class="position-drift" data-drift-of=${instrument} data-kept=${kept ? "yes" : "no"} aria-rowindex=${index}>
    <td colspan=${columns}>
      <p>
        <span class=${`chip ${kept ? "chip-warn" : "chip-bad"}`}>${mark}</span>${" "}
        We count <b>${lotsText(lots)}</b>, the venue counts <b>${lotsText(venue_lots)}</b
        >: ${lotsText(Math.abs(drift))} ${drift > 0 ? "more" : "fewer"} here${countAgeText(position)}.
        ${may || kept ? "" : " Role risk decides which count holds."}
      </p>
      ${may ? html`<${DriftForm} position=${position} />` : null}
    </td>
  </tr>`;
}
