// What each venue says of itself, by word and colour: one chip each, and a line for one that is in trouble.

import { serverNow } from "../clock.js";
import { ageText, clockText, countText, durationText, millisecondsOf, momentText, venueText } from "../format.js";
import { page, topicAge } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { EmptyRow, emptyText, Panel } from "./parts.js";

/** @import { Venue } from "../types/shapes.js" */

/** The worst first. @type {Record<string, string>} */
const TONES = {
  BANNED: "chip-bad",
  DOWN: "chip-bad",
  STALE: "chip-warn",
  SYNCING: "chip-warn",
  CONNECTING: "chip-warn",
};
const OFFSET_MS = 100;

/** @param {string} state */
function badness(state) {
  const at = Object.keys(TONES).indexOf(state);
  return at < 0 ? Infinity : at;
}

/** @param {Venue} venue @returns {string} how long a ban lasts yet; empty without one */
function banLeftText({ banned_until_ns }) {
  const until = millisecondsOf(banned_until_ns);
  const left = until === null ? 0 : Math.ceil((until - serverNow()) / 1000);
  return left > 0 ? `${countText(left)}\u202fs` : "";
}

/** @param {Venue} venue @returns {string} empty while it is as good as ours */
function offsetText({ clock_offset_ns }) {
  const offset = millisecondsOf(clock_offset_ns);
  if (offset === null || Math.abs(offset) <= OFFSET_MS) {
    return "";
  }
  const size = durationText(String(clock_offset_ns).replace("-", ""));
  return `its clock is ${size} ${offset > 0 ? "ahead of" : "behind"} ours`;
}

/** All that is worth a word, longest first. @param {Venue} venue */
function partsOf(venue) {
  const left = banLeftText(venue);
  const until = millisecondsOf(venue.banned_until_ns);
  const since = millisecondsOf(venue.since_ns);
  return [
    left && until !== null ? `banned until ${clockText(until)} UTC, ${left} left` : "",
    since === null ? "" : `since ${clockText(since)} UTC (${ageText(serverNow() - since)})`,
    offsetText(venue),
    venue.reconnects ? `${countText(venue.reconnects)} reconnects` : "",
  ].filter(Boolean);
}

/** @param {Venue} venue */
function titleOf(venue) {
  const update = `last update ${ageText(millisecondsOf(venue.age_ns))} ago`;
  const since = venue.since_ns ? `, since ${momentText(venue.since_ns)}` : "";
  return [`${venue.venue}: ${venue.state}${since}`, update, ...partsOf(venue)].join(" \u00b7 ");
}

/** @returns {Venue[]} */
function venues() {
  return page.status?.venues ?? [];
}

/** Chips, for the head of the market panel. */
export function Venues() {
  return html`<ul class="venues" aria-label="Venues">
    ${venues().map(
      (row) =>
        html`<li key=${row.venue} title=${titleOf(row)} data-venue=${row.venue}>
          ${venueText(row.venue)} <b class=${`chip ${TONES[row.state] ?? ""}`}>${row.state}</b>
        </li>`,
    )}
  </ul>`;
}

/** One line for each venue that is not as it should be. */
export function VenueTroubles() {
  const rows = venues().filter((row) => row.state in TONES || offsetText(row) || banLeftText(row));
  return rows.length === 0
    ? null
    : html`<ul class="venue-troubles" role="status" aria-label="Venues in trouble">
        ${rows.map(
          (row) =>
            html`<li key=${row.venue} class=${`trouble-${row.state.toLowerCase()}`} data-trouble=${row.venue}>
              <b class=${`chip ${TONES[row.state] ?? "chip-warn"}`}>${row.state}</b>${" "}
              <b>${row.venue}</b> ${partsOf(row).join(" \u00b7 ")}
            </li>`,
        )}
      </ul>`;
}

/** The venue that is worst off, for the top line. */
export function worstVenue() {
  const [worst] = [...venues()].sort((a, b) => badness(a.state) - badness(b.state));
  if (!worst) {
    return null;
  }
  const left = banLeftText(worst);
  const name = venues().length > 1 && worst.state in TONES ? `${venueText(worst.venue)} ` : "";
  const text = `${name}${worst.state}${left ? ` ${left}` : ""}`;
  return { text, warn: worst.state in TONES, title: venues().map(titleOf).join("\n") };
}

/** @param {{venue: Venue}} props */
function VenueRow({ venue }) {
  const sent = millisecondsOf(venue.age_ns);
  const told = topicAge("status");
  const age = sent === null || told === null ? null : sent + told;
  const says = partsOf(venue).join(" \u00b7 ");
  return html`<tr data-venue-row=${venue.venue}>
    <th scope="row">${venue.venue}</th>
    <td><b class=${`chip ${TONES[venue.state] ?? "chip-good"}`}>${venue.state}</b></td>
    <td class="age-cell">${ageText(age)}</td>
    <td title=${says}>${says}</td>
  </tr>`;
}

/** Each venue with the state of its stream and how old its data is. */
export function VenuesPanel() {
  return html`<${Panel} id="venues" title="Venues" topic="status">
    <table class="grid venues-grid">
      <thead>
        <tr>
          <th scope="col">Venue</th>
          <th scope="col">Stream</th>
          <th scope="col">Data age</th>
          <th scope="col">Since, clock</th>
        </tr>
      </thead>
      <tbody>
        ${venues().map((row) => html`<${VenueRow} key=${row.venue} venue=${row} />`)}
        ${venues().length === 0 ? html`<${EmptyRow} span=${4} text=${emptyText("status", "No venue is configured")} />` : null}
      </tbody>
    </table>
  <//>`;
}
