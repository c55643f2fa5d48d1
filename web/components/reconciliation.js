// Ours against the venue's: positions by instrument, what each venue says of its connection, and the fills
// and fees that this page has seen of each instrument.

import { ageText, countText, DASH, millisecondsOf } from "../format.js";
import { page, topicAge } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { agreementText, DriftRow } from "./drift.js";
import { EmptyRow, emptyText, InstrumentName, Num, Panel } from "./parts.js";

/** @import { Fill, Position } from "../types/shapes.js" */

const COLUMNS = 7;

/** @param {Position} position */
function toldText(position) {
  const sent = millisecondsOf(position.venue_age_ns);
  const since = topicAge("positions");
  return sent === null || since === null ? DASH : `${ageText(sent + since)} ago`;
}

/** @param {{position: Position}} props */
function Verdict({ position }) {
  const { venue_lots: told, drift } = position;
  if (told === null || told === undefined) {
    return html`<span class="chip chip-quiet">not told</span>`;
  }
  return drift === 0
    ? html`<span class="chip chip-good">agrees</span>`
    : html`<span class="chip chip-bad">differs</span>`;
}

/** @param {{position: Position, fills: Fill[]}} props */
function Row({ position, fills }) {
  const says = agreementText(position);
  return html`<tr data-reconciled=${position.instrument}>
      <th scope="row"><${InstrumentName} name=${position.instrument} /></th>
      <td class="end num">${countText(position.lots)}</td>
      <td class="end num">${countText(position.venue_lots)}</td>
      <td class="end num">${countText(position.drift)}</td>
      <td title=${says}><${Verdict} position=${position} /></td>
      <td class="end">${toldText(position)}</td>
      <td class="end">
        <${Num} value=${position.fee} places=${2} signed=${true} />
        <span class="minor">${` ${position.currency}, ${countText(fills.length)} fills here`}</span>
      </td>
    </tr>
    <${DriftRow} position=${position} span=${COLUMNS} />`;
}

export function ReconciliationPanel() {
  const rows = [...page.positions.values()].sort((a, b) => a.instrument.localeCompare(b.instrument));
  const fills = [...page.fills.values()];
  return html`<${Panel} id="reconciliation" title="Ours against the venue's" topic="positions">
    <table class="grid reconciliation-grid">
      <thead>
        <tr>
          <th scope="col">Instrument</th>
          <th scope="col" class="end">We count, lots</th>
          <th scope="col" class="end">Venue counts</th>
          <th scope="col" class="end">Difference</th>
          <th scope="col">Verdict</th>
          <th scope="col" class="end">Venue told</th>
          <th scope="col" class="end">Fees</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<${Row} key=${row.instrument} position=${row} fills=${fills.filter((fill) => fill.instrument === row.instrument)} />`,
        )}
        ${rows.length === 0 ? html`<${EmptyRow} span=${COLUMNS} text=${emptyText("positions", "No position")} />` : null}
      </tbody>
    </table>
  <//>`;
}
