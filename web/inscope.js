// What a kill of a scope would meet, as far as the page knows: what is held, for how much, what works.

import {
  countText,
  DASH,
  dateTimeText,
  decimalMultiply,
  decimalSign,
  decimalSubtract,
  decimalText,
  decimalWords,
  idText,
  scopeText,
} from "./format.js";
import { orderIsWorking, page, stale, topicAge, topicSynced } from "./state.js";

/** @import { Order, Position } from "./types/shapes.js" */

const MINUS = "-";
/** Positions that are named; more would push notional and open orders out of sight. */
const NAMED = 8;

/** @param {string} scope @returns {[string, string]} venue/sim: venue and sim */
function scopeParts(scope) {
  const at = scope.indexOf("/");
  return at < 0 ? [scope, ""] : [scope.slice(0, at), scope.slice(at + 1)];
}

/** @param {string} instrument @param {string} kind @param {string} name */
function holds(instrument, kind, name) {
  return kind === "firm" || (kind === "venue" ? instrument.startsWith(`${name}:`) : instrument === name);
}

/**
 * Positions that are not flat, those that nobody knows among them; null where the page cannot say: it has
 * no positions by strategy.
 * @param {string} scope
 * @returns {Position[] | null}
 */
export function heldIn(scope) {
  const [kind, name] = scopeParts(scope);
  return kind === "strategy"
    ? null
    : [...page.positions.values()].filter((row) => row.lots !== 0 && holds(row.instrument, kind, name));
}

/** Positions in words. @param {Position[]} held */
export function heldText(held) {
  return held.map(({ instrument, qty }) => `${instrument.split(":")[1]} ${decimalText(qty)}`).join(", ");
}

/** @param {Position} position quantity times mark, never negative; null when not known */
function notionalOf({ instrument, qty, mark }) {
  const row = page.instruments.get(instrument);
  const notional = !row || row.inverse ? null : decimalMultiply(qty, mark);
  return notional?.replace(MINUS, "") ?? null;
}

/** By currency; an unknown part makes its sum unknown. @param {Position[]} held */
function notionals(held) {
  /** @type {Map<string, string | null>} */
  const sums = new Map();
  for (const position of held) {
    const currency = page.instruments.get(position.instrument)?.settle ?? position.currency;
    const part = notionalOf(position);
    const sum = sums.has(currency) ? (sums.get(currency) ?? null) : "0";
    sums.set(currency, part === null || sum === null ? null : decimalSubtract(sum, MINUS + part));
  }
  return sums;
}

/** @param {Position[]} held */
export function notionalText(held) {
  const parts = [...notionals(held)].map(([currency, sum]) =>
    sum === null ? `an unknown sum of ${currency}` : `${shortened(sum)} ${currency}`,
  );
  return parts.join(", ");
}

/** Money in words needs no more than two places. @param {string} sum */
function shortened(sum) {
  return decimalWords(sum.replace(/(\.\d\d)\d+$/, "$1"));
}

/** Orders that work in a scope. @param {string} scope @returns {Order[]} */
export function workingIn(scope) {
  const [kind, name] = scopeParts(scope);
  return [...page.orders.values()].filter(
    (row) =>
      orderIsWorking(row) &&
      (kind === "strategy" ? row.strategy === name : holds(row.instrument, kind, name)),
  );
}

/** @param {string} scope */
function heldWords(scope) {
  const held = heldIn(scope);
  if (held === null) {
    return "holds what is not counted apart";
  }
  if (held.length === 0) {
    return "holds nothing";
  }
  const unknown = held.some((row) => decimalSign(row.qty) === null) ? ", some of it unknown" : "";
  const more = held.length > NAMED ? ` and ${countText(held.length - NAMED)} more` : "";
  return `holds ${heldText(held.slice(0, NAMED))}${more}, notional ${notionalText(held)}${unknown}`;
}

/** @param {string} scope what a kill of it meets, in words; what is old says so */
export function scopeWords(scope) {
  const count = workingIn(scope).length;
  const name = scopeText(scope, true);
  if (topicAge("positions") === null || topicAge("orders") === null) {
    return `${name}: position and open orders are not known.`;
  }
  const known = !stale() && topicSynced("positions") && topicSynced("orders");
  const orders = `${countText(count)} open ${count === 1 ? "order" : "orders"}`;
  return `${known ? "" : "Last known: "}${name} ${heldWords(scope)}; ${orders}.`.replaceAll(DASH, "unknown");
}

/**
 * What whoever lets a scope trade again must know: since when, why and by whom it is stopped, what is left in it.
 * @param {string} scope
 * @returns {string[]} sentences
 */
export function stoppedLines(scope) {
  const row = page.tradingStates.get(scope);
  const name = scopeText(scope, true);
  if (!row) {
    return [`${name}: its state is not known.`, scopeWords(scope)];
  }
  const why = [row.cause, row.actor ? `by ${row.actor}` : "", row.incident ? `incident ${idText(row.incident)}` : ""];
  const says = why.filter(Boolean).join(", ");
  const known = !stale() && topicSynced("kill") ? "" : "Last known: ";
  const reason = page.receipts.get(row.incident ?? "")?.reason;
  return [
    `${known}${name} is ${row.state} since ${dateTimeText(row.since_ns)}${says ? `: ${says}` : ""}.`,
    ...(reason ? [`Said when it was killed: \u201c${reason}\u201d`] : []),
    scopeWords(scope),
  ];
}
