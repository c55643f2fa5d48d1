// Amending a working order: a new price, a new total quantity, or both.
//
// The dialog shows the order as it is now, judges what is typed by tick and lot, and says in words what
// will be asked. A refusal stays in it, so that it can be mended. Once the gate has let the amend pass, the
// dialog closes, and the venue's answer comes as a notice: asked for by REST, so that it also comes when
// the stream is down. Like all dialogs it leaves the kill switch free.

import { orderAmend, orderRead } from "../api.js";
import { ACTIONS, actionRefusal } from "../actions.js";
import {
  decimalCompare,
  decimalMultiply,
  decimalText,
  idText,
  orderStateText,
} from "../format.js";
import { useSubmit } from "../once.js";
import { denialText, engineMayHave, stepFault } from "../orderform.js";
import { perform, problemText } from "../perform.js";
import { amendOpen, notify, orderIsAmendable, orderIsWorking, page, role, stale } from "../state.js";
import { orderBack } from "../typeback.js";
import { useTyped } from "../typed.js";
import { html, useState } from "../vendor/preact-htm.js";
import { Dialog } from "./dialog.js";
import { placesOf } from "./market.js";
import { ActionButton, fieldOf } from "./parts.js";

/** @import { Order, Problem } from "../types/shapes.js" */

/** @typedef {{price?: string, qty?: string}} Change */

const FOLLOW_MS = 250;
const FOLLOW_TRIES = 40;
const CONFLICT = 409;
const DENIED = 422;

/** @param {Order} order @param {Change} [change] buy 0.030 at 64000.0 */
function orderText(order, change = {}) {
  const places = placesOf(order.instrument);
  const qty = decimalText(change.qty ?? order.qty, places.qty);
  return `${order.side} ${qty} at ${decimalText(change.price ?? order.price, places.price)}`;
}

/** @param {Order} order @param {string} typed */
function quantityFault(order, typed) {
  const wrong = stepFault(typed, page.instruments.get(order.instrument)?.lot_size, "lot");
  if (wrong || decimalCompare(typed, order.filled) === 1) {
    return wrong;
  }
  return `above ${decimalText(order.filled)}: so much is filled`;
}

/** Only what differs from the order as it is. @param {Order} order @param {{price: string, qty: string}} typed */
function changeOf(order, typed) {
  /** @type {Change} */
  const change = {};
  if (decimalCompare(typed.price, order.price) !== 0) {
    change.price = typed.price;
  }
  if (decimalCompare(typed.qty, order.qty) !== 0) {
    change.qty = typed.qty;
  }
  return change;
}

/** Why it was not amended, in words. @param {number} status @param {Problem | null} problem */
function refusalText(status, problem) {
  if (engineMayHave(status, problem)) {
    const says = status === 0 ? "Nobody answered" : problemText(problem);
    return `${says}: it is not known whether the order was amended. Look at it before you try again.`;
  }
  if (status === DENIED) {
    return `Denied by the gate, the order stays as it was. ${denialText(problem)}`;
  }
  if (status === CONFLICT) {
    return `Not amended: ${problem?.detail ?? problem?.title ?? "the order cannot be amended now"}.`;
  }
  return `Not amended: ${problemText(problem)}`;
}

/** What became of it, in words. @param {Order} order as it is now @param {Change} change @returns {["good" | "warn" | "bad", string]} */
function outcome(order, change) {
  const name = `Order ${order.id}`;
  if (order.state === "PENDING_AMEND") {
    return ["warn", `${name}: the venue has not answered the amend yet. Its state is in the table.`];
  }
  if (order.state === "UNKNOWN") {
    return ["bad", `${name}: it is not known what the venue made of the amend. It counts in full.`];
  }
  if (!orderIsWorking(order) || order.state === "PENDING_CANCEL") {
    return ["warn", `${name} is ${orderStateText(order.state)}: the amend came too late.`];
  }
  return Object.keys(changeOf(order, { price: order.price ?? "", qty: order.qty, ...change })).length === 0
    ? ["good", `${name} is amended: ${orderText(order)}`]
    : ["bad", `${name}: the venue refused the amend. It stays as it was: ${orderText(order)}`];
}

/** Waits for the venue's answer and says it. @param {Order} order as it was answered @param {Change} change */
async function follow(order, change) {
  let now = order;
  for (let tries = 0; now.state === "PENDING_AMEND" && tries < FOLLOW_TRIES; tries++) {
    await new Promise((done) => setTimeout(done, FOLLOW_MS));
    now = (await orderRead(order.id)).body ?? now;
  }
  const [tone, text] = outcome(now, change);
  notify(tone, text);
}

/** @param {{id: string, label: string, typed: string, wrong: string, off: boolean, first?: boolean, onInput: (typed: string) => void}} props */
function Field({ id, label, typed, wrong, off, first = false, onInput }) {
  return html`<div>
    <label for=${id}>${label}</label>
    <input
      id=${id}
      data-first=${first ? "" : undefined}
      inputmode="decimal"
      autocomplete="off"
      required
      ...${fieldOf("orderAmend", off ? "The order works no more" : "")}
      aria-invalid=${wrong !== ""}
      aria-describedby=${`${id}-says`}
      value=${typed}
      onInput=${(/** @type {any} */ event) => onInput(event.target.value.trim())}
    />
    <p id=${`${id}-says`} class="field-says">${wrong}</p>
  </div>`;
}

/** Why nothing can be sent now, in words; empty when it can. @param {Order} order @param {Change} change */
function hindrance(order, change) {
  if (stale()) {
    return "What you see is old: wait until data comes again.";
  }
  if (!page.orders.has(order.id)) {
    return "The order is not among those held here any more: look for it in Orders.";
  }
  if (!orderIsWorking(order)) {
    return `The order is ${orderStateText(order.state)}: it cannot be amended any more.`;
  }
  if (!orderIsAmendable(order)) {
    return `The order is ${orderStateText(order.state)}: wait for the venue's answer.`;
  }
  return Object.keys(change).length === 0 ? "Type a new price, a new quantity, or both." : "";
}

/** The order as it is now. @param {{order: Order}} props */
function Summary({ order }) {
  const filled = decimalText(order.filled, placesOf(order.instrument).qty);
  return html`<p>
      <b>${order.instrument}</b>${`: ${orderText(order)}, `}<span
        class=${`order-state order-${order.state.toLowerCase()}`}
        >${orderStateText(order.state)}</span
      >${`, ${filled} filled`}
    </p>`;
}

/** @param {{busy: boolean, ready: boolean, done: boolean}} props */
function Buttons({ busy, ready, done }) {
  return html`<div class="buttons">
      <${ActionButton}
        action="orderAmend"
        kind="primary"
        id="amend-send"
        submit=${true}
        busy=${!ready}
        label=${busy ? "Amending\u2026" : "Amend"}
      />
      <button type="button" class="button button-plain" onClick=${() => amendOpen(null)}>
        ${done ? "Close" : "Step back"}
      </button>
    </div>
    <p class="hint amend-hint">
      It passes the gate like a new order. Until the venue answers, the larger quantity counts.
    </p>`;
}

/** What is wrong with each changed field. @param {Order} order @param {Change} change */
function faultsOf(order, { price, qty }) {
  const tick = page.instruments.get(order.instrument)?.tick_size;
  return {
    price: price === undefined ? "" : stepFault(price, tick, "tick"),
    qty: qty === undefined ? "" : quantityFault(order, qty),
  };
}

/**
 * Sends it; the venue's answer comes later as a notice. False: it was refused.
 * @param {Order} order
 * @param {Change} change
 * @param {(words: string) => void} onRefused
 */
async function send(order, change, onRefused) {
  const qty = change.qty ?? order.qty;
  const value = decimalMultiply(qty, change.price ?? order.price);
  const grows = decimalCompare(qty, order.qty) === 1;
  const answer = await perform(
    "orderAmend",
    [`It becomes ${orderText(order, change)}. That is half of what one order may be, or more.`],
    () => orderAmend(order.id, change),
    ({ status, problem }) => onRefused(refusalText(status, problem)),
    grows ? orderBack({ instrument: order.instrument, qty, reduceOnly: order.reduce_only ?? false }, value) : [],
  );
  if (!answer?.ok || !answer.body) {
    return false;
  }
  const asked = orderText(order, change);
  notify("warn", `Amend of order ${order.id} is on its way to the venue: ${asked}`);
  follow(answer.body, change);
  return true;
}

/** @param {{opened: Order}} props */
function Amend({ opened }) {
  const order = page.orders.get(opened.id) ?? opened;
  const [typed, setTyped] = useTyped(`amend ${opened.id}`, { price: opened.price ?? "", qty: opened.qty }, true);
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const change = changeOf(order, typed);
  const wrong = faultsOf(order, change);
  const hindered = actionRefusal(ACTIONS.orderAmend, role()) || hindrance(order, change);
  const marked = wrong.price || wrong.qty ? "Mend what is marked." : "";
  const ready = !hindered && !marked && !busy;
  const done = !orderIsWorking(order);

  function type(/** @type {Change} */ part) {
    setTyped({ ...typed, ...part });
    setRefusal("");
  }

  const submit = useSubmit(async () => {
    if (!ready) {
      return;
    }
    setBusy(true);
    if (await send(order, change, setRefusal)) {
      amendOpen(null);
    }
    setBusy(false);
  });

  return html`<${Dialog}
    id="amend"
    title=${`Amend order ${idText(order.id)}`}
    test="amend"
    home="at-orderCancel"
    onClose=${() => amendOpen(null)}
    onSubmit=${submit}
  >
    <${Summary} order=${order} />
    <div class="amend-fields">
      <${Field}
        id="amend-price"
        label="Price"
        typed=${typed.price}
        wrong=${wrong.price}
        off=${done}
        first=${true}
        onInput=${(/** @type {string} */ price) => type({ price })}
      />
      <${Field}
        id="amend-qty"
        label="Total quantity"
        typed=${typed.qty}
        wrong=${wrong.qty}
        off=${done}
        onInput=${(/** @type {string} */ qty) => type({ qty })}
      />
    </div>
    <p data-test="amend-says">
      ${hindered || marked || `Will be: ${orderText(order, change)}`}
    </p>
    <p class="refusal" role="alert">${refusal}</p>
    <${Buttons} busy=${busy} ready=${ready} done=${done} />
  <//>`;
}

export function AmendHost() {
  return page.amending
    ? html`<${Amend} key=${page.amending.id} opened=${page.amending} />`
    : null;
}
