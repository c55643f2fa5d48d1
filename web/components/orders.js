// Orders that work, recent orders, and fills, newest first.

import { orderCancel } from "../api.js";
import { countText, nameText, orderStateText, timeText } from "../format.js";
import { layout } from "../layout.js";
import { perform } from "../perform.js";
import {
  amendOpen,
  lookAtVerdict,
  notify,
  orderIsAmendable,
  orderIsWorking,
  page,
  stale,
} from "../state.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { useWindowed } from "../windowed.js";
import { placesOf } from "./market.js";
import { ActionButton, EmptyRow, emptyText, InstrumentName, Num, Panel, Side, Tab, tabOpen } from "./parts.js";

/** @import { Fill, Order } from "../types/shapes.js" */

const FILLS_SHOWN = 200;
const COLUMNS = 12;
/** Rows of a table count from one, its head among them. */
const HEAD_ROWS = 2;
/** As high as `--row` in the style sheets says. */
const ROW_PX = 25;

/** @param {Order} order */
async function cancel(order) {
  const answer = await perform("orderCancel", [], () => orderCancel(order.id));
  if (answer?.ok) {
    notify("good", `Cancel of order ${order.id} is on its way`);
  }
}

/** @param {{order: Order, index: number}} props */
function OrderRow({ order, index }) {
  const places = placesOf(order.instrument);
  const cancellable = orderIsWorking(order) && order.state !== "PENDING_CANCEL";
  return html`<tr
    class=${orderIsWorking(order) ? "" : "row-done"}
    data-order=${order.id}
    aria-rowindex=${index + HEAD_ROWS}
  >
    <td class="time">${timeText(order.sent_ns)}</td>
    <th scope="row"><${InstrumentName} name=${order.instrument} /></th>
    <td title=${`${order.type} ${order.tif}`}><${Side} side=${order.side} /></td>
    <td class="minor">${order.type} ${order.tif}</td>
    <td class="end"><${Num} value=${order.qty} places=${places.qty} bright=${8} /></td>
    <td class="end">
      <${Num} value=${order.price} places=${places.price} bright=${places.price} />
    </td>
    <td class="end"><${Num} value=${order.filled} places=${places.qty} bright=${8} /></td>
    <td class="end"><${Num} value=${order.leaves} places=${places.qty} bright=${8} /></td>
    <td class="end">
      <${Num} value=${order.avg_price} places=${places.price} bright=${places.price} />
    </td>
    <td>
      <span
        class=${`order-state order-${order.state.toLowerCase()}`}
        title=${order.reason ? nameText(order.reason) : `by ${order.strategy ?? order.actor}`}
        >${orderStateText(order.state)}</span
      >
    </td>
    <td class="cut" title=${order.reason ?? ""}>
      ${order.reason ? nameText(order.reason) : html`<span class="minor">${order.strategy ?? order.actor}</span>`}
    </td>
    <td class="end">
      ${
        cancellable
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
            </button>`
      }
    </td>
  </tr>`;
}

/** @param {{height: number}} props stands for rows that are not drawn */
function Pad({ height }) {
  return height === 0
    ? null
    : html`<tr class="pad" aria-hidden="true">
        <td colspan=${COLUMNS} style=${{ height: `${height}px` }}></td>
      </tr>`;
}

/** @param {{rows: Order[], span: import("../windowed.js").Span, empty: string}} props draws the rows of the span */
function OrderTable({ rows, span, empty }) {
  const drawn = rows.slice(span.from, span.to);
  const below = Math.max(0, rows.length - span.to);
  return html`<table class="grid orders-grid" aria-rowcount=${rows.length + 1}>
    <thead>
      <tr>
        <th scope="col">Sent (UTC)</th>
        <th scope="col">Instrument</th>
        <th scope="col">Side</th>
        <th scope="col">Type</th>
        <th scope="col" class="end">Qty</th>
        <th scope="col" class="end">Price</th>
        <th scope="col" class="end">Filled</th>
        <th scope="col" class="end">Leaves</th>
        <th scope="col" class="end">Average</th>
        <th scope="col">State</th>
        <th scope="col">By, or why not</th>
        <th scope="col"><span class="unseen">Action</span></th>
      </tr>
    </thead>
    <tbody>
      <${Pad} height=${Math.min(span.from, rows.length) * ROW_PX} />
      ${drawn.map(
        (order, at) => html`<${OrderRow} key=${order.id} order=${order} index=${span.from + at} />`,
      )}
      <${Pad} height=${below * ROW_PX} />
      ${rows.length === 0 ? html`<${EmptyRow} span=${COLUMNS} text=${emptyText("orders", empty)} />` : null}
    </tbody>
  </table>`;
}

/** @param {{fill: Fill}} props */
function FillRow({ fill }) {
  const places = placesOf(fill.instrument);
  return html`<tr>
    <td class="time">${timeText(fill.at_ns)}</td>
    <th scope="row"><${InstrumentName} name=${fill.instrument} /></th>
    <td><${Side} side=${fill.side} /></td>
    <td class="end"><${Num} value=${fill.qty} places=${places.qty} bright=${8} /></td>
    <td class="end">
      <${Num} value=${fill.price} places=${places.price} bright=${places.price} />
    </td>
    <td class="end"><${Num} value=${fill.fee} places=${2} /></td>
    <td class="unit">${fill.fee_currency}</td>
    <td class="minor">${fill.maker ? "maker" : "taker"}</td>
    <td class="minor cut" title=${fill.order}>order ${fill.order}</td>
  </tr>`;
}

/** @param {{rows: Fill[]}} props */
function FillTable({ rows }) {
  return html`<table class="grid fills-grid">
    <thead>
      <tr>
        <th scope="col">At (UTC)</th>
        <th scope="col">Instrument</th>
        <th scope="col">Side</th>
        <th scope="col" class="end">Qty</th>
        <th scope="col" class="end">Price</th>
        <th scope="col" class="end">Fee</th>
        <th scope="col">In</th>
        <th scope="col">Made or took</th>
        <th scope="col">Order</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map((fill) => html`<${FillRow} key=${fill.id} fill=${fill} />`)}
      ${rows.length === 0 ? html`<${EmptyRow} span=${9} text=${emptyText("fills", "No fill yet")} />` : null}
    </tbody>
  </table>`;
}

/** @param {Map<string, any>} map @returns {any[]} */
function newest(map) {
  return [...map.values()].sort((a, b) => b.seq - a.seq);
}

// A quoting strategy replaces orders faster than a hand moves: while the pointer is over the table, or the
// keyboard's focus in it, its rows keep their places (their states go on), so that nobody cancels the order
// that slid under the pointer. By its moves, not its entry: it may be there before the rows are, or a stream
// that comes back finds it there.
export function OrdersPanel() {
  const { orders: tab } = layout.tabs;
  const setTab = (/** @type {string} */ id) => tabOpen("orders", id);
  const [held, setHeld] = useState(/** @type {Order[] | null} */ (null));
  // A grey panel hears no pointer leave.
  const behind = stale();
  useEffect(() => setHeld(null), [behind, tab]);
  const { box, span } = useWindowed(ROW_PX);
  const orders = newest(page.orders);
  const working = orders.filter(orderIsWorking);
  const listed = tab === "working" ? working : orders;
  const rows = held?.map((order) => page.orders.get(order.id) ?? order) ?? listed;
  const empty = tab === "working" ? "No order is working" : "No order yet";
  const tabs = html`<div
    class="tabs"
    role="group"
    aria-label="Which orders"
    id="at-orderCancel"
    tabindex="-1"
  >
    <${Tab}
      id="working"
      chosen=${tab}
      label=${`Working ${countText(working.length)}`}
      onChoose=${setTab}
    />
    <${Tab} id="recent" chosen=${tab} label="Recent" onChoose=${setTab} />
    <${Tab} id="fills" chosen=${tab} label="Fills" onChoose=${setTab} />
    ${held && tab !== "fills" ? html`<span class="held">rows stay while you are here</span>` : null}
  </div>`;
  return html`<${Panel}
    id="orders"
    title="Orders"
    action="orderCancel"
    topic=${tab === "fills" ? "fills" : "orders"}
    extra=${tabs}
  >
    <div
      ref=${box}
      class="scroll"
      tabindex="0"
      role="region"
      aria-label="Rows of orders"
      onMouseMove=${() => setHeld((now) => now ?? listed)}
      onMouseLeave=${() => setHeld(null)}
      onFocusCapture=${(/** @type {any} */ event) => {
        if (event.target.matches(":focus-visible")) {
          setHeld((now) => now ?? listed);
        }
      }}
      onBlurCapture=${(/** @type {any} */ event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setHeld(null);
        }
      }}
      data-held=${held ? "yes" : "no"}
    >
      ${
        tab === "fills"
          ? html`<${FillTable} rows=${newest(page.fills).slice(0, FILLS_SHOWN)} />`
          : html`<${OrderTable} rows=${rows} span=${span} empty=${empty} />`
      }
    </div>
  <//>`;
}
