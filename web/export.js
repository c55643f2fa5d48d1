// Files for people: what a chart shows as CSV or PNG. Values are the very decimals that the server sent.

import { isoText } from "./format.js";

/** @import { Series } from "./charts.js" */
/** @import { Sample } from "./state.js" */

/** A cell that a spreadsheet neither splits nor computes. @param {string} text */
function cell(text) {
  const safe = /^[=+@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * What is not known is an empty cell.
 * @param {Sample[]} samples
 * @param {Series[]} series
 */
export function csvOf(samples, series) {
  const head = ["time_utc", ...series.map((line) => line.label)];
  const rows = samples.map((sample) => [
    isoText(sample.x),
    ...series.map((line) => sample.texts[line.sample] ?? ""),
  ]);
  return [head, ...rows].map((row) => row.map(cell).join(",") + "\n").join("");
}

/** Offers it as a file. @param {string} name @param {string} address */
function offer(name, address) {
  const link = document.createElement("a");
  link.download = name;
  link.href = address;
  link.click();
}

/** @param {string} name @param {string} text */
export function saveCsv(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  offer(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 0);
}

/** @param {string} name @param {HTMLCanvasElement} canvas */
export function savePng(name, canvas) {
  offer(name, canvas.toDataURL("image/png"));
}
