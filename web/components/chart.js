// A canvas with a Chart.js line chart; the sentence below it says the same to those who do not see it.

import { chartOpen } from "../charts.js";
import { themeNow } from "../layout.js";
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
  const lines = series.map((line) => line.label).join();

  useEffect(() => {
    if (!canvas.current) {
      return undefined;
    }
    const opened = chartOpen(canvas.current, { samples, series, logarithmic, tickText, valueText });
    chart.current = opened;
    return () => opened.close();
  }, [themeNow(), lines]); // its colours are those of when it was opened
  // Each draw of the page offers the chart a redraw; charts.js decides whether it is time.
  useEffect(() => chart.current?.draw());

  // A line needs two points; before that Chart.js would draw axes of nothing.
  const drawable = samples.filter((sample) => sample.values.some((value) => value !== null));
  const early = drawable.length < 2;
  return html`<div class=${`chart ${early ? "chart-early" : ""}`}>
    <canvas ref=${canvas} role="img" aria-label=${label}></canvas>
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
