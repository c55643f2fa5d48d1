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
import { rowPx } from "../layout.js";
import { textCompare } from "../sort.js";
import { notify, page, stale, ticketFill, topicAge } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { rowCount, RowBlocks } from "./blocks.js";
import { agreementText, DriftRow } from "./drift.js";
import { instrumentTrouble, placesOf, StaleBadge } from "./market.js";
import { ActionButton, EmptyRow, emptyText, InstrumentName, Num, Panel } from "./parts.js";
import { cellsOf, useKeptPlaces, useTable } from "./table.js";

/** @import { Position } from "../types/shapes.js" */
/** @import { Column } from "./table.js" */

/** Above a row of a list, about: it has two lines, and one of margin or of the venue's count below it. */
const MORE_PX = 35;

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

/** @param {{position: Position, index: number, columns: number}} props */
function PositionEnd({ position, index, columns }) {
  const text = endText(position);
  return text === ""
    ? null
    : html`<tr class="position-end" data-end-of=${position.instrument} aria-rowindex=${index}>
        <td colspan=${columns}>${text}</td>
      </tr>`;
}

/** Nothing but a person's exit leaves there. @param {string} scope */
function isHalted(scope) {
  return page.tradingStates.get(scope)?.effective === "HALTED";
}

/**
 * Fills in the ticket with the order that closes it; the person sends it. Reduce-only is the way out of a HALTED
 * scope; where it may trade the gate would deny that, for most of what is held is a strategy's.
 * @param {Position} position
 */
function close(position) {
  const halted = isHalted(`instrument/${position.instrument}`) || isHalted("strategy/manual");
  if (!halted) {
    notify("warn", `${position.instrument} may trade: this order is not reduce-only. Stop first what trades there: it moves the position, and its quotes are in the way`);
  }
  ticketFill({
    instrument: position.instrument,
    side: decimalSign(position.qty) === 1 ? "sell" : "buy",
    type: "market",
    tif: "IOC",
    qty: String(position.qty).replace("-", ""),
    price: "",
    reduce_only: halted,
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

/** @param {(position: Position) => unknown} value */
function priceCell(value) {
  return (/** @type {Position} */ position) => {
    const { price } = placesOf(position.instrument);
    return html`<${Num} value=${value(position)} places=${price} bright=${price} />`;
  };
}

/** @param {"unrealised" | "realised"} name */
function moneyCell(name) {
  return (/** @type {Position} */ position) => html`<${Num} value=${position[name]} places=${2} signed=${true} />`;
}

/** @type {Column<Position>[]} */
const COLUMNS = [
  {
    id: "instrument",
    label: "Instrument",
    names: true,
    key: ({ instrument }) => instrument,
    cell: ({ instrument }) =>
      html`<${InstrumentName} name=${instrument} badge=${html`<${StaleBadge} instrument=${instrument} />`} />`,
  },
  {
    id: "qty",
    label: "Qty",
    look: "end",
    as: "decimal",
    key: ({ qty }) => qty,
    title: ({ lots }) => `${countText(lots)} lots`,
    cell: ({ instrument, qty }) =>
      html`<${Num} value=${qty} places=${placesOf(instrument).qty} bright=${8} signed=${true} />`,
  },
  {
    id: "average",
    label: "Average",
    look: "end",
    as: "decimal",
    key: ({ avg_price }) => avg_price,
    title: ({ avg_price }) => avg_price,
    cell: priceCell(({ instrument, avg_price }) => inTicks(instrument, avg_price)),
  },
  {
    id: "mark",
    label: "Mark",
    look: "end",
    as: "decimal",
    key: ({ mark }) => mark,
    title: ({ mark }) => (mark === null ? "No fresh mark" : null),
    cell: priceCell(({ mark }) => mark),
  },
  {
    id: "unrealised",
    label: "Unrealised",
    look: "end",
    as: "decimal",
    key: ({ unrealised }) => unrealised,
    cell: moneyCell("unrealised"),
  },
  {
    id: "realised",
    label: "Realised",
    look: "end",
    as: "decimal",
    key: ({ realised }) => realised,
    cell: moneyCell("realised"),
  },
  { id: "currency", label: "In", look: "start unit", key: ({ currency }) => currency, cell: ({ currency }) => currency },
  {
    id: "age",
    label: "Age",
    look: "end age-cell",
    as: "decimal",
    key: ({ age_ns }) => age_ns,
    cell: (position) => ageText(positionAge(position)),
  },
  {
    id: "close",
    label: "Order",
    look: "row-buttons",
    acts: true,
    cell: (position) => html`<${CloseButton} position=${position} />`,
  },
];

/** @param {{position: Position, index: number, columns: Column<Position>[]}} props */
function PositionRow({ position, index, columns }) {
  return html`
  <tr
    class=${instrumentTrouble(position.instrument) ? "row-stale" : ""}
    data-instrument=${position.instrument}
    aria-rowindex=${index}
  >
    ${cellsOf(columns, position)}
  </tr>
  <${PositionEnd} position=${position} columns=${columns.length} index=${index} />
  <${DriftRow} position=${position} columns=${columns.length} index=${index} />`;
}

export function PositionsPanel() {
  const all = [...page.positions.values()].sort((a, b) => textCompare(a.instrument, b.instrument));
  const table = useTable({
    name: "positions",
    topic: "positions",
    columns: COLUMNS,
    all,
    words: ({ instrument, currency }) => [instrument, currency],
  });
  const { columns } = table;
  const { rows, held, on } = useKeptPlaces(
    table.rows,
    (row) => page.positions.get(row.instrument) ?? row,
    [stale(), table.asked, all.length],
  );
  const empty = emptyText("positions", table.isFiltered ? "No position matches the filter" : "No position");
  return html`<${Panel}
    id="positions"
    title="Positions"
    topic="positions"
    extra=${html`${table.tools}${held && table.sorted ? html`<span class="held">rows stay while you are here</span>` : null}`}
  >
    ${table.notes}
    <table class="grid positions-grid" aria-rowcount=${rowCount(rows)} ...${on}>
      ${table.head}
      <${RowBlocks}
        rows=${rows}
        columns=${columns.length}
        rowPx=${rowPx() + MORE_PX}
        nameOf=${(/** @type {Position} */ row) => row.instrument}
        stays=${(/** @type {Position} */ row) => Boolean(row.drift)}
        draw=${(/** @type {Position} */ row, /** @type {number} */ index) => html`<${PositionRow} key=${row.instrument} index=${index} columns=${columns} position=${row} />`}
      />
      ${rows.length === 0 ? html`<tbody><${EmptyRow} span=${columns.length} text=${empty} /></tbody>` : null}
    </table>
  <//>`;
}
