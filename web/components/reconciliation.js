// Ours against the venue's: both counts of each position side by side, and who decides where they differ.

import { ageText, countText, DASH, millisecondsOf } from "../format.js";
import { rowPx } from "../layout.js";
import { textCompare } from "../sort.js";
import { page, topicAge } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { rowCount, RowBlocks } from "./blocks.js";
import { driftIsKept, driftIsOpen, DriftRow } from "./drift.js";
import { EmptyRow, emptyText, InstrumentName, Panel, StateChip } from "./parts.js";
import { PlainHead } from "./table.js";

/** @import { Position } from "../types/shapes.js" */

const HEADS = ["Instrument", ">Our lots", ">Venue's lots", ">Told", "Counts", "Trading"];

/** @param {Position} position */
function verdictOf(position) {
  if (position.venue_lots === null || position.venue_lots === undefined) {
    return { text: "venue has not told", tone: "" };
  }
  if (!position.drift) {
    return { text: "agree", tone: "chip-good" };
  }
  if (driftIsOpen(position)) {
    return { text: "differ", tone: "chip-bad" };
  }
  return { text: driftIsKept(position) ? "differ: kept" : "differ: a fill may be on its way", tone: "chip-warn" };
}

/** @param {Position} position */
function toldText({ venue_age_ns }) {
  const sent = millisecondsOf(venue_age_ns);
  const since = topicAge("positions");
  return sent === null || since === null ? DASH : ageText(sent + since);
}

/** @param {{position: Position, index: number}} props */
function Row({ position, index }) {
  const verdict = verdictOf(position);
  const state = page.tradingStates.get(`instrument/${position.instrument}`)?.effective;
  return html`<tr data-recon=${position.instrument} aria-rowindex=${index}>
      <th scope="row"><${InstrumentName} name=${position.instrument} /></th>
      <td class="end">${countText(position.lots)}</td>
      <td class="end">${countText(position.venue_lots)}</td>
      <td class="end">${toldText(position)}</td>
      <td><span class=${`chip ${verdict.tone}`}>${verdict.text}</span></td>
      <td><${StateChip} state=${state} /></td>
    </tr>
    <${DriftRow} position=${position} columns=${HEADS.length} index=${index} />`;
}

export function ReconciliationPanel() {
  const rows = [...page.positions.values()].sort((a, b) => textCompare(a.instrument, b.instrument));
  return html`<${Panel} id="reconciliation" title="Positions, ours and the venue's" topic="positions">
    <table class="grid recon-grid" aria-rowcount=${rowCount(rows)}>
      <${PlainHead} labels=${HEADS} />
      <${RowBlocks}
        rows=${rows}
        columns=${HEADS.length}
        rowPx=${rowPx()}
        nameOf=${(/** @type {Position} */ row) => row.instrument}
        stays=${(/** @type {Position} */ row) => Boolean(row.drift)}
        draw=${(/** @type {Position} */ row, /** @type {number} */ index) => html`<${Row} key=${row.instrument} index=${index} position=${row} />`}
      />
      ${rows.length === 0 ? html`<tbody><${EmptyRow} span=${HEADS.length} text=${emptyText("positions", "No position")} /></tbody>` : null}
    </table>
  <//>`;
}
