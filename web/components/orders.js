// Orders that work, recent orders, and fills, newest first.

import { orderCancel } from "../api.js";
import { serverNow } from "../clock.js";
import { countText, DASH, decimalText, momentText, nameText, orderStateText, whenText } from "../format.js";
import { layout, rowPx } from "../layout.js";
import { perform } from "../perform.js";
import {
  amendOpen,
  byAge,
  lookAtVerdict,
  notify,
  orderIsAmendable,
  orderIsWorking,
  page,
  stale,
} from "../state.js";
import { html, useRef } from "../vendor/preact-htm.js";
import { useWindowed } from "../windowed.js";
import { placesOf } from "./market.js";
import { ActionButton, EmptyRow, emptyText, InstrumentName, Num, Panel, Side, Tab, tabOpen } from "./parts.js";
import { cellsOf, useKeptPlaces, useTable } from "./table.js";

/** @import { ColumnName } from "../layout.js" */
/** @import { Fill, Order } from "../types/shapes.js" */
/** @import { Arranged, Column } from "./table.js" */

const FILLS_SHOWN = 200;
/** Rows of a table count from one, its head among them. */
const HEAD_ROWS = 2;
/** Columns that an order's row always has. */
const LEAST_COLUMNS = 2;

/** @param {Order} order */
async function cancel(order) {
  const answer = await perform("orderCancel", [], () => orderCancel(order.id));
  if (answer?.ok) {
    notify("good", `Cancel of order ${order.id} is on its way`);
  }
}

/** What the gate lets through is asked of what rests no more. @param {{order: Order}} props */
function Buttons({ order }) {
  const cancellable = orderIsWorking(order) && order.state !== "PENDING_CANCEL";
  return cancellable
    ? html`<${ActionButton}
          action="orderAmend"
          kind="small"
          off=${orderIsAmendable(order) ? "" : "Only an order that rests, with no change of it under way"}
          onPress=${() => amendOpen(order)}
          says=${`Amend price or quantity of order ${order.id}`}
        />
        <${ActionButton}
          action="orderCancel"
          kind="small"
          onPress=${() => cancel(order)}
          says=${`Cancel order ${order.id}`}
        />`
    : html`<button
        type="button"
        class="button button-small"
        title=${`Why the gate let order ${order.id} pass, or did not`}
        onClick=${() => lookAtVerdict(order)}
      >
        Why
      </button>`;
}

/** @param {Order} order why it did not pass, or else whose it is */
function byText({ reason, strategy, actor }) {
  return reason ? nameText(reason) : (strategy ?? actor ?? DASH);
}

/**
 * @template {Order | Fill} T
 * @param {ColumnName} id
 * @param {string} label
 * @param {(row: T) => string | null} value
 * @param {"price" | "qty"} kind
 * @returns {Column<T>}
 */
function figure(id, label, value, kind) {
  const cell = (/** @type {T} */ row) => {
    const places = placesOf(row.instrument)[kind];
    return html`<${Num} value=${value(row)} places=${places} bright=${kind === "qty" ? 8 : places} />`;
  };
  return { id, label, look: "end", as: "decimal", key: value, cell };
}

/** @type {Column<any>} */
const INSTRUMENT = {
  id: "instrument",
  label: "Instrument",
  names: true,
  key: ({ instrument }) => instrument,
  cell: ({ instrument }) => html`<${InstrumentName} name=${instrument} />`,
};

/** @type {Column<Order>[]} */
const ORDER_COLUMNS = [
  {
    id: "sent",
    label: "Sent (UTC)",
    look: "time",
    as: "decimal",
    key: ({ sent_ns }) => sent_ns,
    title: ({ sent_ns }) => momentText(sent_ns),
    cell: ({ sent_ns }) => whenText(sent_ns, serverNow(), true),
  },
  INSTRUMENT,
  {
    id: "side",
    label: "Side",
    look: "start",
    key: ({ side }) => side,
    title: ({ type, tif }) => `${type} ${tif}`,
    cell: ({ side }) => html`<${Side} side=${side} />`,
  },
  {
    id: "type",
    label: "Type",
    look: "minor",
    key: ({ type, tif }) => `${type} ${tif}`,
    cell: ({ type, tif }) => `${type} ${tif}`,
  },
  figure("qty", "Qty", ({ qty }) => qty, "qty"),
  figure("price", "Price", ({ price }) => price, "price"),
  figure("filled", "Filled", ({ filled }) => filled, "qty"),
  figure("leaves", "Leaves", ({ leaves }) => leaves, "qty"),
  figure("average", "Average", ({ avg_price }) => avg_price, "price"),
  {
    id: "state",
    label: "State",
    look: "start",
    key: ({ state }) => orderStateText(state),
    cell: (order) =>
      html`<span
        class=${`order-state order-${order.state.toLowerCase()}`}
        title=${order.reason ? nameText(order.reason) : `by ${order.strategy ?? order.actor}`}
        >${orderStateText(order.state)}</span
      >`,
  },
  {
    id: "by",
    label: "By, or why not",
    look: "cut",
    key: byText,
    title: ({ reason }) => reason ?? "",
    cell: (order) => (order.reason ? byText(order) : html`<span class="minor">${byText(order)}</span>`),
  },
  {
    id: "action",
    label: "Action",
    look: "end",
    acts: true,
    bare: true,
    cell: (order) => html`<${Buttons} order=${order} />`,
  },
];

/** @type {Column<Fill>[]} never sorted: the page holds the newest of many */
const FILL_COLUMNS = [
  { id: "at", label: "At (UTC)", look: "time", title: ({ at_ns }) => momentText(at_ns), cell: ({ at_ns }) => whenText(at_ns, serverNow(), true) },
  INSTRUMENT,
  { id: "side", label: "Side", look: "start", cell: ({ side }) => html`<${Side} side=${side} />` },
  figure("qty", "Qty", ({ qty }) => qty, "qty"),
  figure("price", "Price", ({ price }) => price, "price"),
  { id: "fee", label: "Fee paid", look: "end", cell: ({ fee }) => html`<${Num} value=${fee} places=${2} />` },
  { id: "currency", label: "In", look: "unit", cell: ({ fee_currency }) => fee_currency },
  { id: "liquidity", label: "Made or took", look: "minor", cell: ({ maker }) => makerText(maker) },
  { id: "order", label: "Order", look: "minor cut", title: ({ order }) => order, cell: ({ order }) => `order ${order}` },
];

/** @param {boolean} maker */
function makerText(maker) {
  return maker ? "maker" : "taker";
}

/** @param {Order} order */
function orderWords({ id, instrument, side, type, tif, state, strategy, actor, reason }) {
  return [id, instrument, side, type, tif, orderStateText(state), strategy, actor, reason && nameText(reason)];
}

/** @param {Fill} fill */
function fillWords({ order, instrument, side, fee_currency, maker }) {
  return [order, instrument, side, fee_currency, makerText(maker)];
}

/**
 * Stands for rows that are not drawn. One cell: a wider one would make columns where a narrow view leaves some out.
 * @param {{height: number}} props
 */
function Pad({ height }) {
  return height === 0
    ? null
    : html`<tr class="pad" aria-hidden="true">
        <td style=${{ height: `${height}px` }}></td>
      </tr>`;
}

/**
 * Characters of the longest quantity and price drawn so far, for the widths of their columns: no number is cut, and
 * none jumps, for a column never gets narrower again.
 * @param {Order[]} drawn
 */
function useWidest(drawn) {
  const widest = useRef({ qty: 0, price: 0 }).current;
  for (const { instrument, qty, filled, leaves, price, avg_price } of drawn) {
    const places = placesOf(instrument);
    const most = (/** @type {"qty" | "price"} */ kind, /** @type {unknown[]} */ values) =>
      values.reduce((/** @type {number} */ now, value) => Math.max(now, decimalText(value, places[kind]).length), widest[kind]);
    widest.qty = most("qty", [qty, filled, leaves]);
    widest.price = most("price", [price, avg_price]);
  }
  return { "--qty-chars": widest.qty, "--price-chars": widest.price };
}

/** @param {{table: Arranged<Order>, rows: Order[], span: import("../windowed.js").Span, empty: string}} props draws the rows of the span */
function OrderTable({ table, rows, span, empty }) {
  const { columns } = table;
  const drawn = rows.slice(span.from, span.to);
  const below = Math.max(0, rows.length - span.to);
  const widths = useWidest(drawn);
  return html`<table class="grid orders-grid" style=${widths} aria-rowcount=${rows.length + 1} data-sorted=${table.sorted}>
    ${table.head}
    <tbody>
      <${Pad} height=${Math.min(span.from, rows.length) * rowPx()} />
      ${drawn.map(
        (order, at) =>
          html`<tr
            key=${order.id}
            class=${orderIsWorking(order) ? "" : "row-done"}
            data-order=${order.id}
            aria-rowindex=${span.from + at + HEAD_ROWS}
          >
            ${cellsOf(columns, order)}
          </tr>`,
      )}
      <${Pad} height=${below * rowPx()} />
      ${rows.length === 0 ? html`<${EmptyRow} span=${LEAST_COLUMNS} text=${empty} />` : null}
    </tbody>
  </table>`;
}

/** @param {{table: Arranged<Fill>, empty: string}} props */
function FillTable({ table: { columns, rows, head }, empty }) {
  return html`<table class="grid fills-grid">
    ${head}
    <tbody>
      ${rows.map((fill) => html`<tr key=${fill.id}>${cellsOf(columns, fill)}</tr>`)}
      ${rows.length === 0 ? html`<${EmptyRow} span=${columns.length} text=${empty} />` : null}
    </tbody>
  </table>`;
}

/** @param {Map<string, any>} map @returns {any[]} */
function newest(map) {
  return [...map.values()].sort((a, b) => byAge(b, a));
}

const EMPTY = { working: "No order is working", recent: "No order yet", fills: "No fill yet" };
/** Of these the page holds the newest; of the orders that work it holds all. */
const PART = " that this page holds";

/** @param {string} tab @param {Order[]} orders newest first @param {Order[]} working @returns {any} */
function listOf(tab, orders, working) {
  if (tab === "fills") {
    const all = newest(page.fills).slice(0, FILLS_SHOWN);
    return { name: "fills", topic: "fills", columns: FILL_COLUMNS, all, words: fillWords, part: PART };
  }
  const rows = { name: "orders", topic: "orders", columns: ORDER_COLUMNS, words: orderWords };
  return tab === "working" ? { ...rows, all: working } : { ...rows, all: orders, part: PART };
}

/** @param {{tab: string, working: number, held: boolean}} props */
function Tabs({ tab, working, held }) {
  const setTab = (/** @type {string} */ id) => tabOpen("orders", id);
  return html`<div class="tabs" role="group" aria-label="Which orders" id="at-orderCancel" tabindex="-1">
    <${Tab} id="working" chosen=${tab} label=${`Working ${countText(working)}`} onChoose=${setTab} />
    <${Tab} id="recent" chosen=${tab} label="Recent" onChoose=${setTab} />
    <${Tab} id="fills" chosen=${tab} label="Fills" onChoose=${setTab} />
    ${held ? html`<span class="held">rows stay while you are here</span>` : null}
  </div>`;
}

// A quoting strategy replaces orders faster than a hand moves: the rows are held under it.
export function OrdersPanel() {
  const { orders: tab } = layout.tabs;
  const topic = tab === "fills" ? "fills" : "orders";
  const { box, span } = useWindowed(rowPx());
  const orders = newest(page.orders);
  const working = orders.filter(orderIsWorking);
  const table = useTable(listOf(tab, orders, working));
  // A grey panel hears no pointer leave.
  const hold = useKeptPlaces(table.rows, (row) => page[topic].get(row.id) ?? row, [stale(), tab, table.asked]);
  const none = `No ${tab === "fills" ? "fill" : "order"} matches the filter`;
  const empty = emptyText(topic, table.isFiltered ? none : EMPTY[/** @type {keyof typeof EMPTY} */ (tab)]);
  const held = hold.held && tab !== "fills";
  return html`<${Panel}
    id="orders"
    title="Orders"
    action="orderCancel"
    topic=${topic}
    extra=${html`<${Tabs} tab=${tab} working=${working.length} held=${held} />${table.tools}`}
  >
    ${table.notes}
    <div ref=${box} class="scroll" tabindex="0" role="region" aria-label="Rows of orders" ...${hold.on}>
      ${
        tab === "fills"
          ? html`<${FillTable} table=${table} empty=${empty} />`
          : html`<${OrderTable} table=${table} rows=${hold.rows} span=${span} empty=${empty} />`
      }
    </div>
  <//>`;
}
