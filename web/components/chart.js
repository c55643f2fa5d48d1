// A canvas with a Chart.js line chart; the sentence below it says the same to those who do not see it, and its
// values can be had as a table, as CSV and as a picture.

import { chartOpen } from "../charts.js";
import { csvOf, saveCsv, savePng } from "../export.js";
import { clockText, DASH } from "../format.js";
import { themeNow } from "../layout.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

/** @import { Series } from "../charts.js" */
/** @import { Sample } from "../state.js" */

const TABLE_ROWS = 120;

/** @param {{samples: Sample[], series: Series[], valueText: (text: string | null) => string}} props newest first */
function ValueTable({ samples, series, valueText }) {
  const rows = samples.slice(-TABLE_ROWS).reverse();
  return html`<div class="scroll chart-table" tabindex="0" role="group" aria-label="Values of the chart">
    <table class="grid">
      <thead>
        <tr>
          <th scope="col">At (UTC)</th>
          ${series.map((line) => html`<th key=${line.label} scope="col" class="end">${line.label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (sample) => html`<tr key=${sample.x}>
            <th scope="row">${clockText(sample.x)}</th>
            ${series.map((line) => html`<td key=${line.label} class="end num">${sample.texts[line.sample] === null ? DASH : valueText(sample.texts[line.sample])}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/**
 * `name`: of the files.
 * @param {{name: string, label: string, samples: Sample[], series: Series[], logarithmic?: boolean,
 *   tickText: (value: number, step: number) => string, valueText: (text: string | null) => string}} props
 */
export function LineChart({ name, label, samples, series, logarithmic = false, tickText, valueText }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const chart = useRef(/** @type {ReturnType<typeof chartOpen> | null} */ (null));
  const [table, setTable] = useState(false);
  const lines = series.map((line) => line.label).join();

  // A line needs two points; before that Chart.js would draw axes of nothing.
  const drawable = samples.filter((sample) => sample.values.some((value) => value !== null));
  const early = drawable.length < 2;

  useEffect(() => {
    if (!canvas.current || early) {
      return undefined;
    }
    const opened = chartOpen(canvas.current, { samples, series, logarithmic, tickText, valueText });
    chart.current = opened;
    return () => {
      opened.close();
      chart.current = null;
    };
  }, [themeNow(), lines, table, early]); // its colours are those of when it was opened
  // Each draw of the page offers the chart a redraw; charts.js decides whether it is time.
  useEffect(() => chart.current?.draw());

  return html`<div class=${`chart ${early ? "chart-early" : ""}`}>
    ${
      table
        ? html`<${ValueTable} samples=${samples} series=${series} valueText=${valueText} />`
        : html`<canvas ref=${canvas} role="img" aria-label=${label}></canvas>`
    }
    <div class="chart-tools">
      <button type="button" class="link" aria-pressed=${table} onClick=${() => setTable(!table)}>${table ? "Line" : "Table"}</button>
      <button type="button" class="link" onClick=${() => saveCsv(`${name}.csv`, csvOf(samples, series))}>CSV</button>
      ${
        table
          ? null
          : html`<button type="button" class="link" onClick=${() => canvas.current && savePng(`${name}.png`, canvas.current)}>PNG</button>`
      }
    </div>
    ${early ? html`<p>The line begins when this page has seen two values.</p>` : null}
  </div>`;
}

/** @param {{series: Series[]}} props */
export function Legend({ series }) {
  return html`<ul class="legend">
    ${series.map(
      (line) =>
        html`<li key=${line.label}>
          <span class=${`swatch swatch${line.colour}`} aria-hidden="true"></span>${line.label}
        </li>`,
    )}
  </ul>`;
}
