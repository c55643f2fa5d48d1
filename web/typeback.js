// What is typed a second time before it is sent: a value that hurts when it has a digit too many. It stands
// behind the hard limits and before a second person, and takes the place of neither.
//
// An order is large from half of what the tightest limit on a single order lets pass; a change of limits is when what
// may pass at least doubles, or was bounded by nothing. Never asked for: what only shrinks a position, and what is above
// the limit, which the gate denies anyhow.

import { decimalCompare, decimalMultiply, nameText } from "./format.js";
import { page } from "./state.js";

/** @import { LimitRow, Limits } from "./types/shapes.js" */

/** @typedef {{label: string, value: string}} Back a value, and what it is called where it is typed again */

/** @param {string} instrument @param {string} name of a limit on single orders @returns {string | null} null: none is known */
function tightest(instrument, name) {
  const scopes = ["firm", `venue/${instrument.split(":")[0]}`, "strategy/manual", `instrument/${instrument}`];
  const set = scopes.flatMap((scope) => {
    const value = page.limits.get(scope)?.limits[name] ?? null;
    return value === null ? [] : [String(value)];
  });
  return set.reduce((least, value) => (least === null || decimalCompare(value, least) === -1 ? value : least), /** @type {string | null} */ (null));
}

/** @param {string | null} part @param {string | null} whole @returns {"small" | "large" | "denied"} small: or not known */
function sizeOf(part, whole) {
  if (part === null || whole === null) {
    return "small";
  }
  if (decimalCompare(part, whole) === 1) {
    return "denied";
  }
  return (decimalCompare(decimalMultiply(part, "2"), whole) ?? -1) >= 0 ? "large" : "small";
}

/**
 * @param {{instrument: string, qty: string, reduceOnly: boolean}} order
 * @param {string | null} value in the currency of settlement; null: it cannot be said
 * @returns {Back[]}
 */
export function orderBack({ instrument, qty, reduceOnly }, value) {
  const row = page.instruments.get(instrument);
  if (!row || reduceOnly) {
    return [];
  }
  const lots = tightest(instrument, "max_order_lots");
  const notional = row.settle === page.pnl?.currency && !row.inverse ? tightest(instrument, "max_order_notional") : null;
  const sizes = [sizeOf(qty, lots && decimalMultiply(lots, row.lot_size)), sizeOf(value, notional)];
  return sizes.includes("large") && !sizes.includes("denied") ? [{ label: "Quantity", value: qty }] : [];
}

/** @param {LimitRow} row @param {unknown} old @param {string} next */
function doubles(row, old, next) {
  if (old === null) {
    return true;
  }
  const [less, more] = row.sense === "min" ? [next, String(old)] : [String(old), next];
  const twice = decimalMultiply(less, "2");
  return twice !== null && (decimalCompare(twice, more) ?? 1) <= 0;
}

/**
 * Of what loosens.
 * @param {LimitRow[]} loosened
 * @param {Limits} limits as they stand
 * @param {Record<string, string>} edits
 * @returns {Back[]}
 */
export function limitsBack(loosened, limits, edits) {
  return loosened
    .filter((row) => doubles(row, limits.limits[row.name] ?? null, edits[row.name]))
    .map((row) => ({ label: nameText(row.name), value: edits[row.name] }));
}
