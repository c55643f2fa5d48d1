// The order ticket: a manual order through the gate, and every order of a scope cancelled in one move.
//
// What is typed is judged by tick and lot, and the value of the order is computed exactly and shown in the
// button's own words before anything is sent. A refusal of the gate stays beside the ticket, with the check
// that denied it; the form keeps what was typed, so that it can be mended.

import { newKey, orderPlace, ordersCancelAll } from "../api.js";
import {
  DASH,
  decimalMultiply,
  decimalText,
  decimalWords,
  idText,
  isDecimal,
  scopeText,
} from "../format.js";
import { workingIn } from "../inscope.js";
import { denialText, engineMayHave, stepFault } from "../orderform.js";
import { perform, problemText } from "../perform.js";
import { notify, page, stale, ticketFill } from "../state.js";
import { orderBack } from "../typeback.js";
import { useTyped } from "../typed.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { placesOf, select } from "./market.js";
import { ActionButton, fieldOf, Options, Panel } from "./parts.js";

/** @import { OrderNew, Problem } from "../types/shapes.js" */

/**
 * @typedef {object} Typed
 * @property {string} instrument
 * @property {"buy" | "sell"} side
 * @property {"limit" | "market"} type
 * @property {string} qty
 * @property {string} price
 * @property {"GTC" | "IOC" | "FOK"} tif
 * @property {boolean} postOnly
 * @property {boolean} reduceOnly
 */

const DENIED = 422;
/** A first try under the same key runs, or ran, and how it ended is not told here. */
const TRIED = ["conflict", "outcome_unknown", "answer_not_kept"];
/** @type {Typed["tif"][]} */
const LIMIT_TIFS = ["GTC", "IOC", "FOK"];
/** @type {Typed["tif"][]} */
const MARKET_TIFS = ["IOC", "FOK"];

/** @type {Typed} */
const BLANK = {
  instrument: "",
  side: "buy",
  type: "limit",
  qty: "",
  price: "",
  tif: "GTC",
  postOnly: false,
  reduceOnly: false,
};

/** Best price that this side would meet; null while the book is stale. @param {Typed} typed */
function touch({ instrument, side }) {
  const book = page.books.get(instrument);
  const level = side === "buy" ? book?.asks?.[0] : book?.bids?.[0];
  return stale() || !book || book.stale || !level ? null : level[0];
}

/**
 * What the order is worth at its price, or at the touch when it has none. Inverse contracts are worth
 * what their number says.
 * @param {Typed} typed
 * @returns {string} in words; empty when it cannot be said
 */
function valueWords(typed) {
  const value = valueOf(typed);
  if (value === null) {
    return "";
  }
  const about = typed.type === "market" ? "about " : "";
  return `${about}${decimalWords(decimalText(trimmed(value), 2))} ${page.instruments.get(typed.instrument)?.settle}`;
}

/** In the currency of settlement; null: it cannot be said. @param {Typed} typed */
function valueOf(typed) {
  const row = page.instruments.get(typed.instrument);
  if (!row || !isDecimal(typed.qty) || row.inverse) {
    return null;
  }
  return decimalMultiply(typed.qty, typed.type === "limit" ? typed.price : touch(typed));
}

/** Without the zeros that nobody typed. @param {string} decimal */
function trimmed(decimal) {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

/** buy 0.010 BTCUSDT at 61 675.9 @param {Typed} typed */
function orderWords(typed) {
  const places = placesOf(typed.instrument);
  const symbol = typed.instrument.split(":")[1] ?? typed.instrument;
  const qty = decimalText(typed.qty, places.qty);
  const price = typed.type === "limit" ? ` at ${decimalText(typed.price, places.price)}` : " at the market";
  const extras = [
    typed.reduceOnly ? "reduce-only" : "",
    typed.type === "limit" && typed.postOnly ? "post-only" : "",
    typed.type === "limit" && typed.tif !== "GTC" ? typed.tif : "",
  ].filter(Boolean);
  return [`${typed.side} ${qty} ${symbol}${price}`, ...extras].join(", ");
}

/** @param {Typed} typed @returns {OrderNew} */
function orderOf(typed) {
  return {
    instrument: typed.instrument,
    side: typed.side,
    qty: typed.qty,
    type: typed.type,
    tif: typed.tif,
    ...(typed.type === "limit" ? { price: typed.price } : {}),
    ...(typed.type === "limit" && typed.postOnly ? { post_only: true } : {}),
    ...(typed.reduceOnly ? { reduce_only: true } : {}),
  };
}

/** @param {Partial<OrderNew>} order @returns {Typed} */
function typedOf(order) {
  return {
    ...BLANK,
    ...order,
    postOnly: order.post_only ?? false,
    reduceOnly: order.reduce_only ?? false,
  };
}

/** What is wrong with each field. @param {Typed} typed */
function faultsOf(typed) {
  const row = page.instruments.get(typed.instrument);
  return {
    qty: typed.qty === "" ? "" : stepFault(typed.qty, row?.lot_size, "lot"),
    price: typed.type === "limit" && typed.price !== "" ? stepFault(typed.price, row?.tick_size, "tick") : "",
  };
}

/** Why it cannot be sent, in words; empty when it can. @param {Typed} typed */
function hindrance(typed) {
  const wrong = faultsOf(typed);
  if (stale()) {
    return "What you see is old: wait until data comes again.";
  }
  if (!typed.instrument) {
    return "Choose an instrument.";
  }
  if (wrong.qty || wrong.price) {
    return "Mend what is marked.";
  }
  if (typed.qty === "") {
    return "Type a quantity.";
  }
  return typed.type === "limit" && typed.price === "" ? "Type a price." : "";
}

/** The engine may have it: it was told and has not answered, or its answer was lost. @param {number} status @param {Problem | null} problem */
function orderMaySend(status, problem) {
  return TRIED.includes(problem?.code ?? "") || engineMayHave(status, problem);
}

/** @param {number} status @param {Problem | null} problem */
function refusalText(status, problem) {
  if (orderMaySend(status, problem)) {
    const says = status === 0 ? "Nobody answered" : problemText(problem);
    return `${says}: it is not known whether the order was sent. Look at the orders; the same order pressed again is sent at most once.`;
  }
  if (status === DENIED && problem) {
    return `Denied by the gate, nothing was sent. ${denialText(problem)}`;
  }
  return `Not sent: ${problemText(problem)}`;
}

/** @param {{legend: string, name: string, choices: [string, string][], chosen: string, onChoose: (id: any) => void}} props */
function Choice({ legend, name, choices, chosen, onChoose }) {
  return html`<fieldset class="choice">
    <legend>${legend}</legend>
    ${choices.map(
      ([id, label]) =>
        html`<label key=${id} class=${`choice-${id}`}>
          <input
            type="radio"
            ...${fieldOf("orderPlace")}
            name=${name}
            value=${id}
            checked=${chosen === id}
            onChange=${() => onChoose(id)}
          />
          <span>${label}</span>
        </label>`,
    )}
  </fieldset>`;
}

/** @param {{id: string, label: string, typed: string, wrong: string, off?: boolean, hint?: string, onInput: (typed: string) => void}} props */
function Field({ id, label, typed, wrong, off = false, hint = "", onInput }) {
  return html`<div class="ticket-field">
    <label for=${id}>${label}</label>
    <input
      id=${id}
      inputmode="decimal"
      autocomplete="off"
      ...${fieldOf("orderPlace", off ? "A market order has no price" : "")}
      aria-invalid=${wrong !== ""}
      aria-describedby=${`${id}-says`}
      value=${off ? "" : typed}
      onInput=${(/** @type {any} */ event) => onInput(event.target.value.trim())}
    />
    <p id=${`${id}-says`} class=${wrong ? "field-says" : "field-hint"}>${wrong || hint}</p>
  </div>`;
}

/** @param {{id: string, label: string, checked: boolean, off?: boolean, onChange: (checked: boolean) => void}} props */
function Check({ id, label, checked, off = false, onChange }) {
  return html`<label class="check-plain" for=${id}>
    <input
      id=${id}
      type="checkbox"
      checked=${checked && !off}
      ...${fieldOf("orderPlace", off ? "Not with this type or time in force" : "")}
      onChange=${(/** @type {any} */ event) => onChange(event.target.checked)}
    />
    <span>${label}</span>
  </label>`;
}

/** @param {{typed: Typed, onType: (part: Partial<Typed>) => void}} props */
function InstrumentChoice({ typed, onType }) {
  return html`<div class="ticket-field ticket-instrument">
    <label for="at-orderPlace">Instrument</label>
    <select
      id="at-orderPlace"
      ...${fieldOf("orderPlace")}
      value=${typed.instrument}
      onChange=${(/** @type {any} */ event) => {
        onType({ instrument: event.target.value, price: "" });
        if (event.target.value) {
          select(event.target.value);
        }
      }}
    >
      <option value="">choose</option>
      <${Options} names=${[...page.instruments.keys()]} />
    </select>
  </div>`;
}

/** @param {{typed: Typed, onType: (part: Partial<Typed>) => void}} props */
function Fields({ typed, onType }) {
  const wrong = faultsOf(typed);
  const row = page.instruments.get(typed.instrument);
  const market = typed.type === "market";
  const best = touch(typed);
  const places = placesOf(typed.instrument);
  return html`<div class="ticket-fields">
    <${Field}
      id="ticket-qty"
      label="Quantity"
      typed=${typed.qty}
      wrong=${wrong.qty}
      hint=${row ? `lot ${decimalText(row.lot_size)}` : ""}
      onInput=${(/** @type {string} */ qty) => onType({ qty })}
    />
    <${Field}
      id="ticket-price"
      label="Price"
      typed=${typed.price}
      wrong=${wrong.price}
      off=${market}
      hint=${!row ? "" : best ? `${typed.side === "buy" ? "ask" : "bid"} ${decimalText(best, places.price)}` : "no fresh book"}
      onInput=${(/** @type {string} */ price) => onType({ price })}
    />
  </div>`;
}

/** @param {{typed: Typed, onType: (part: Partial<Typed>) => void}} props */
function Kinds({ typed, onType }) {
  const market = typed.type === "market";
  const tifs = market ? MARKET_TIFS : LIMIT_TIFS;
  return html`<div class="ticket-kinds">
    <${Choice} legend="Side" name="ticket-side" choices=${[["buy", "Buy"], ["sell", "Sell"]]}
      chosen=${typed.side} onChoose=${(/** @type {Typed["side"]} */ side) => onType({ side })} />
    <${Choice} legend="Type" name="ticket-type" choices=${[["limit", "Limit"], ["market", "Market"]]}
      chosen=${typed.type}
      onChoose=${(/** @type {Typed["type"]} */ type) => onType({ type, tif: type === "market" ? "IOC" : "GTC" })} />
    <${Choice} legend="In force" name="ticket-tif" choices=${tifs.map((tif) => [tif, tif])}
      chosen=${typed.tif} onChoose=${(/** @type {Typed["tif"]} */ tif) => onType({ tif, ...(tif === "GTC" ? {} : { postOnly: false }) })} />
    <${Check} id="ticket-post" label="Post only" checked=${typed.postOnly} off=${market || typed.tif !== "GTC"}
      onChange=${(/** @type {boolean} */ postOnly) => onType({ postOnly })} />
    <${Check} id="ticket-reduce" label="Reduce only" checked=${typed.reduceOnly}
      onChange=${(/** @type {boolean} */ reduceOnly) => onType({ reduceOnly })} />
  </div>`;
}

function Ticket() {
  const [typed, setTyped] = useTyped("ticket", BLANK);
  const [refusal, setRefusal] = useTyped("ticket-refusal", "");
  const [busy, setBusy] = useState(false);
  // One key for one order, however often it is pressed: a new one when the order is another one.
  const [key] = useTyped("ticket-key", useRef(newKey()));
  const hindered = hindrance(typed);
  const value = hindered ? "" : valueWords(typed);

  useEffect(() => {
    if (page.ticket) {
      key.current = newKey();
      setTyped(typedOf(page.ticket));
      setRefusal("");
      ticketFill(null);
    }
  }, [page.ticket]);

  function type(/** @type {Partial<Typed>} */ part) {
    key.current = newKey();
    setTyped({ ...typed, ...part });
    setRefusal("");
  }

  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    if (hindered || busy) {
      return;
    }
    setBusy(true);
    const answer = await perform(
      "orderPlace",
      [`${orderWords(typed)}: ${value || "its value is not known"}. That is half of what one order may be, or more.`],
      () => orderPlace(orderOf(typed), key.current),
      ({ status, problem }) => {
        if (!orderMaySend(status, problem)) {
          key.current = newKey();
        }
        setRefusal(refusalText(status, problem));
      },
      orderBack(typed, valueOf(typed)),
    );
    setBusy(false);
    if (answer?.ok && answer.body) {
      notify("good", `Order ${answer.body.id} was sent: ${orderWords(typed)}`);
      key.current = newKey();
      // A second press sends nothing; what was typed since stays.
      setTyped((now) => (now === typed ? { ...now, qty: "" } : now));
    }
  }

  return html`<form class="ticket" onSubmit=${submit} data-test="ticket" novalidate>
    <${InstrumentChoice} typed=${typed} onType=${type} />
    <${Kinds} typed=${typed} onType=${type} />
    <${Fields} typed=${typed} onType=${type} />
    <dl class="ticket-value">
      <dt>Value</dt>
      <dd data-test="ticket-value">${value || DASH}</dd>
    </dl>
    <${ActionButton}
      action="orderPlace"
      kind=${typed.side === "buy" ? "buy" : "sell"}
      id="ticket-send"
      submit=${true}
      busy=${busy}
      off=${hindered}
      label=${hindered ? `Send: ${hindered}` : `Send: ${orderWords(typed)}`}
    />
    <p class="refusal" role="alert">${refusal}</p>
  </form>`;
}

function CancelAll() {
  const [scope, setScope] = useTyped("cancel-scope", "firm");
  const count = workingIn(scope).length;
  const scopes = page.schema?.scopes ?? ["firm"];

  async function cancel() {
    const answer = await perform("ordersCancelAll", [], () =>
      ordersCancelAll(scope, "cancelled from the dashboard"),
    );
    if (answer?.ok && answer.body) {
      notify("good", `${scopeText(scope, true)}: ${answer.body.orders} orders are being cancelled`);
    }
  }

  return html`<div class="cancel-all" data-test="cancel-all">
    <label for="cancel-scope">Cancel all of</label>
    <select
      id="cancel-scope"
      ...${fieldOf("ordersCancelAll")}
      value=${scope}
      onChange=${(/** @type {any} */ event) => setScope(event.target.value)}
    >
      <${Options} names=${scopes} />
    </select>
    <${ActionButton}
      action="ordersCancelAll"
      label=${stale() ? "Cancel its orders" : `Cancel ${idText(count)} ${count === 1 ? "order" : "orders"} of ${scope}`}
      onPress=${cancel}
    />
  </div>`;
}

export function TicketPanel() {
  return html`<${Panel} id="ticket" title="Order ticket" topic="books" action="orderPlace">
    <${Ticket} />
    <${CancelAll} />
  <//>`;
}
