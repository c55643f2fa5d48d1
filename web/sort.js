// The order of rows and which of them are wanted: exact, stable, and cheap enough for two thousand rows that change
// ten times a second. What is not known stands last, whichever way the rest is turned.

import { decimalColumn } from "./format.js";

/** As code points rank: what is beyond the first plane is written with units below its end. @param {number} unit */
function rank(unit) {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** By code point, alike in each browser and language. @param {string} a @param {string} b */
export function textCompare(a, b) {
  const both = Math.min(a.length, b.length);
  for (let at = 0; at < both; at++) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) {
      return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
    }
  }
  return a.length - b.length;
}

/** @param {bigint} a @param {bigint} b */
function integerCompare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @typedef {string | null | undefined} Key decimals as they came, or text */
/** @typedef {{as: "decimal" | "text", down: boolean}} Way */

/** Places of the rows in order; equal ones stay as they were, turned or not. @param {Key[]} keys @param {Way} way */
export function orderOf(keys, { as, down }) {
  const values = as === "decimal" ? decimalColumn(keys) : keys.map((key) => key ?? null);
  /** @type {(a: any, b: any) => number} */
  const compare = as === "decimal" ? integerCompare : textCompare;
  const places = keys.map((_, at) => at);
  const known = places.filter((at) => values[at] !== null);
  known.sort((a, b) => (down ? compare(values[b], values[a]) : compare(values[a], values[b])));
  return [...known, ...places.filter((at) => values[at] === null)];
}

/**
 * Sorts again only when a key has changed: between, the places found before are good for the new rows.
 * @template T
 * @returns {(rows: T[], key: (row: T) => Key, way: Way) => T[]}
 */
export function sorterMake() {
  /** @type {Key[]} */
  let keys = [];
  /** @type {number[]} */
  let places = [];
  let turned = "";
  return (rows, key, way) => {
    const fresh = rows.map(key);
    const turn = `${way.as} ${way.down}`;
    if (turn !== turned || fresh.length !== keys.length || fresh.some((now, at) => now !== keys[at])) {
      places = orderOf(fresh, way);
      keys = fresh;
      turned = turn;
    }
    return places.map((at) => rows[at]);
  };
}

/**
 * Rows that hold each word of the filter, in either case; all when it is blank.
 * @template T
 * @param {T[]} rows
 * @param {string} filter
 * @param {(row: T) => (string | null)[]} words
 */
export function filtered(rows, filter, words) {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return wanted.length === 0
    ? rows
    : rows.filter((row) => {
        const text = words(row).join(" ").toLowerCase();
        return wanted.every((word) => text.includes(word));
      });
}
