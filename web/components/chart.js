// A canvas with a Chart.js line chart; the sentence below it says the same to those who do not see it.

import { chartOpen } from "../charts.js";
import { html, useEffect, useRef } from "../vendor/preact-htm.js";

/** @import { Series } from "../charts.js" */
/** @import { Sample } from "../state.js" */

/**
 * @param {{label: string, samples: Sample[], series: Series[], logarithmic?: boolean,
 *   tickText: (value: number, step: number) => string, valueText: (text: string | null) => string}} props
 */
export function LineChart({ label, samples, series, logarithmic = false, tickText, valueText }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const chart = useRef(/** @type {ReturnType<typeof chartOpen> | null} */ (null));

  useEffect(() => {
    if (!canvas.current) {
      return undefined;
    }
    const opened = chartOpen(canvas.current, { samples, series, logarithmic, tickText, valueText });
    chart.current = opened;
    return () => opened.close();
  }, []);
  // Each draw of the page offers the chart a redraw; charts.js decides whether it is time.
  useEffect(() => chart.current?.draw());

  return html`<div class="chart">
    <canvas ref=${canvas} role="img" aria-label=${label}></canvas>
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
