// Positions by instrument, marked as the engine marks them.

import {
  ageText,
  countText,
  decimalCompare,
  decimalRound,
  decimalSign,
  decimalText,
  millisecondsOf,
  percentText,
} from "../format.js";
import { page, stale, ticketFill, topicAge } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { rowCount, RowBlocks } from "./blocks.js";
import { agreementText, DriftRow } from "./drift.js";
import { instrumentTrouble, placesOf, StaleBadge } from "./market.js";
import { ActionButton, EmptyRow, emptyText, InstrumentName, Num, Panel } from "./parts.js";

/** @import { Position } from "../types/shapes.js" */

/** About; with a line of margin or of the venue's count below it. */
const ROW_PX = 60;

/** @param {Position} position */
function positionAge(position) {
  const sent = millisecondsOf(position.age_ns);
  const since = topicAge("positions");
  return sent === null || since === null ? null : sent + since;
}

/** Ten times the price away: no move of the market gets there. */
const FAR_RATIO = "10";

/** @param {string} instrument @param {unknown} price */
function inTicks(instrument, price) {
  return decimalRound(price, page.instruments.get(instrument)?.tick_size);
}

/** @param {unknown} ratio */
function distanceText(ratio) {
  return (decimalCompare(ratio, FAR_RATIO) ?? 0) > 0 ? "far" : `${percentText(ratio)} away`;
}

/**
 * Margin and funding, in words: most positions have neither, and a column each would crowd out the
 * figures that all have.
 * @param {Position} position
 */
function endText(position) {
  const parts = [];
  if (position.margin_ratio !== null) {
    parts.push(`Margin ${percentText(position.margin_ratio)}`);
    parts.push(
      position.liquidation_price === null
        ? "no liquidation price"
        : `liquidation at ${decimalText(inTicks(position.instrument, position.liquidation_price))}, ${distanceText(position.liquidation_distance_ratio)}`,
    );
  }
  if (decimalSign(position.funding) !== 0) {
    parts.push(`funding ${decimalText(position.funding)}`);
  }
  if (position.funding_due !== null && decimalSign(position.funding_due) !== 0) {
    parts.push(`next funding ${decimalText(position.funding_due)}`);
  }
  return [...parts, agreementText(position)].filter(Boolean).join(" \u00b7 ");
}

/** @param {{position: Position, index: number}} props */
function PositionEnd({ position, index }) {
  const text = endText(position);
  return text === ""
    ? null
    : html`<tr class="position-end" data-end-of=${position.instrument} aria-rowindex=${index}>
        <td colspan="9">${text}</td>
      </tr>`;
}

/**
 * Fills in the ticket with the order that closes it, reduce-only; the person sends it.
 * @param {Position} position
 */
function close(position) {
  ticketFill({
    instrument: position.instrument,
    side: decimalSign(position.qty) === 1 ? "sell" : "buy",
    type: "market",
    tif: "IOC",
    qty: String(position.qty).replace("-", ""),
    price: "",
    reduce_only: true,
  });
  location.hash = "#/trading";
}

/** @param {{position: Position}} props */
function CloseButton({ position }) {
  const flat = position.qty === null || decimalSign(position.qty) === 0;
  const off = flat ? "Nothing is held" : stale() ? "What you see is old" : "";
  return html`<${ActionButton} action="orderPlace" label="Close\u2026" kind="quiet" off=${off}
    says="Fill in the order ticket with the order that closes it; nothing is sent yet"
    onPress=${() => close(position)} />`;
}

/** @param {{position: Position, index: number}} props */
function PositionRow({ position, index }) {
  const places = placesOf(position.instrument);
  const badge = html`<${StaleBadge} instrument=${position.instrument} />`;
  return html`
  <tr
    class=${instrumentTrouble(position.instrument) ? "row-stale" : ""}
    data-instrument=${position.instrument}
    aria-rowindex=${index}
  >
    <th scope="row"><${InstrumentName} name=${position.instrument} badge=${badge} /></th>
    <td title=${`${countText(position.lots)} lots`}>
      <${Num} value=${position.qty} places=${places.qty} bright=${8} signed=${true} />
    </td>
    <td title=${position.avg_price ?? undefined}><${Num} value=${inTicks(position.instrument, position.avg_price)} places=${places.price} bright=${places.price} /></td>
    <td title=${position.mark === null ? "No fresh mark" : undefined}><${Num} value=${position.mark} places=${places.price} bright=${places.price} /></td>
    <td><${Num} value=${position.unrealised} places=${2} signed=${true} /></td>
    <td><${Num} value=${position.realised} places=${2} signed=${true} /></td>
    <td class="start unit">${position.currency}</td>
    <td class="age-cell">${ageText(positionAge(position))}</td>
    <td class="row-buttons"><${CloseButton} position=${position} /></td>
  </tr>
  <${PositionEnd} position=${position} index=${index} />
  <${DriftRow} position=${position} columns=${9} index=${index} />`;
}

export function PositionsPanel() {
  const rows = [...page.positions.values()].sort((a, b) =>
    a.instrument.localeCompare(b.instrument),
  );
  return html`<${Panel} id="positions" title="Positions" topic="positions">
    <table class="grid positions-grid" aria-rowcount=${rowCount(rows)}>
      <thead>
        <tr>
          <th scope="col">Instrument</th>
          <th scope="col" class="end">Qty</th>
          <th scope="col" class="end">Average</th>
          <th scope="col" class="end">Mark</th>
          <th scope="col" class="end">Unrealised</th>
          <th scope="col" class="end">Realised</th>
          <th scope="col">In</th>
          <th scope="col" class="end">Age</th>
          <th scope="col">Order</th>
        </tr>
      </thead>
      <${RowBlocks}
        rows=${rows}
        columns=${9}
        rowPx=${ROW_PX}
        nameOf=${(/** @type {Position} */ row) => row.instrument}
        stays=${(/** @type {Position} */ row) => Boolean(row.drift)}
        draw=${(/** @type {Position} */ row, /** @type {number} */ index) => html`<${PositionRow} key=${row.instrument} index=${index} position=${row} />`}
      />
      ${rows.length === 0 ? html`<tbody><${EmptyRow} span=${9} text=${emptyText("positions", "No position")} /></tbody>` : null}
    </table>
  <//>`;
}
