// What a row of the audit says, in words: its members by name, a change as what was and what is.

import { DASH, dateTimeText, valueText } from "./format.js";

/** @param {unknown} value @returns {Record<string, unknown> | null} a plain object, or null */
function objectOf(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? /** @type {Record<string, unknown>} */ (value)
    : null;
}

/** max_open_orders; the path of a setting as it is written. @param {string} name */
function wordsOf(name) {
  return name.includes(".") ? name : name.replaceAll("_", " ");
}

/** @param {unknown} value of the audit: changes and objects in words, the rest as it came @returns {string} */
function factText(value) {
  if (Array.isArray(value)) {
    return value.map(factText).join(", ");
  }
  const fact = objectOf(value);
  if (!fact) {
    return valueText(value);
  }
  if (typeof fact.name === "string" && "new" in fact) {
    return `${wordsOf(fact.name)} ${valueText(fact.old)} \u2192 ${valueText(fact.new)}`;
  }
  const names = Object.keys(fact).filter((name) => fact[name] !== null);
  return names.map((name) => factPartText(name, fact[name])).join(", ");
}

/** @param {string} name @param {unknown} value @returns {string} a change says its own names */
function factPartText(name, value) {
  if (name.endsWith("_ns")) {
    return `${name.slice(0, -3).replaceAll("_", " ")} ${dateTimeText(value)}`;
  }
  return name === "diff" ? factText(value) : `${wordsOf(name)} ${factText(value)}`;
}

/**
 * One side of what a row of the audit changed, whole.
 * @param {unknown} value
 * @returns {string}
 */
export function auditSideText(value) {
  return value === null || value === undefined ? DASH : factText(value);
}

/**
 * What a row of the audit changed: "max open orders 50 → 49", one part per member that differs.
 * @param {unknown} before
 * @param {unknown} after
 * @returns {string}
 */
export function changeText(before, after) {
  const [from, all] = [objectOf(before), objectOf(after)];
  const { settings, ...rest } = all ?? {};
  const to = objectOf(settings) ? { ...objectOf(settings), ...rest } : all; // each beside what it was
  if (!from && !to) {
    const known = [before, after].filter((value) => value !== null && value !== undefined);
    return known.map(factText).join(" \u2192 ");
  }
  const names = Object.keys({ ...from, ...to }).filter(
    (name) => JSON.stringify(from?.[name] ?? null) !== JSON.stringify(to?.[name] ?? null),
  );
  const parts = names.map((name) => {
    const [old, fresh] = [from?.[name] ?? null, to?.[name] ?? null];
    return old === null ? factPartText(name, fresh) : `${wordsOf(name)} ${factText(old)} \u2192 ${factText(fresh)}`;
  });
  return parts.join(", ");
}
