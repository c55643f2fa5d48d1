// What the forms that send and change orders share: judging what is typed, and what an answer leaves open.

import { decimalIsMultiple, decimalSign, decimalText, isDecimal } from "./format.js";

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

/** It was told and has not answered, or its answer was lost. @param {number} status @param {Problem | null} problem */
export function engineMayHave(status, problem) {
  return status === 0 || (status >= 500 && problem?.code !== BUSY);
}
