// What the forms that send and change orders share: judging what is typed, and what an answer leaves open.

import { decimalIsMultiple, decimalSign, decimalText, isDecimal, nameText } from "./format.js";

/** @import { Problem } from "./types/shapes.js" */

const BUSY = "unavailable";

/**
 * What is wrong with a typed price or quantity, in words; empty when nothing is.
 * @param {string} typed
 * @param {string | undefined} step
 * @param {string} stepName
 */
export function stepFault(typed, step, stepName) {
  if (!isDecimal(typed) || decimalSign(typed) !== 1) {
    return "a decimal above 0, please";
  }
  return step && !decimalIsMultiple(typed, step)
    ? `a multiple of the ${stepName}, ${decimalText(step)}`
    : "";
}

/** The gate judges a person's order by what manual orders hold as well, which a strategy's position is no part of. */
const REDUCING_SAYS =
  "the order could enlarge what is held, or what manual orders hold. What strategies hold a person closes without " +
  "Reduce only while it may trade, with it once it is HALTED, or by a kill with Flatten";

/** Why the gate denied an order, in words. @param {Problem | null} problem */
export function denialText(problem) {
  const code = problem?.code ?? "";
  const says = problem?.detail ?? problem?.title ?? "";
  const plain = says.startsWith(`${code} `) ? says.slice(code.length + 1) : says;
  const next = code === "self_match" ? "; cancel that, or stop the strategy that quotes there" : "";
  return `${nameText(code)}: ${code === "reducing_only" ? REDUCING_SAYS : plain}${next}`;
}

/** It was told and has not answered, or its answer was lost. @param {number} status @param {Problem | null} problem */
export function engineMayHave(status, problem) {
  return status === 0 || (status >= 500 && problem?.code !== BUSY);
}
