// How long the engine's step takes: percentiles over time, and all stages as a table.

import { countText, durationText, durationTickText } from "../format.js";
import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { Legend, LineChart } from "./chart.js";
import { EmptyRow, emptyText, Panel } from "./parts.js";

/** @type {import("../charts.js").Series[]} */
const SERIES = [
  { label: "p50", colour: "--good", sample: 0 },
  { label: "p99", colour: "--warn", sample: 1 },
  { label: "p99.9", colour: "--bad", sample: 2 },
];

function chartWords() {
  const step = page.latency?.stages?.step;
  return `Engine step over time; now p50 ${durationText(step?.p50_ns)}, p99 ${durationText(step?.p99_ns)}, p99.9 ${durationText(step?.p999_ns)}`;
}

export function LatencyPanel() {
  const stages = Object.entries(page.latency?.stages ?? {});
  return html`<${Panel}
    id="latency"
    title="Engine latency"
    topic="latency"
    extra=${html`<${Legend} series=${SERIES} />`}
  >
    <${LineChart}
      name="pitwall-engine-step"
      label=${chartWords()}
      samples=${page.latencySamples}
      series=${SERIES}
      logarithmic=${true}
      tickText=${durationTickText}
      valueText=${durationText}
    />
    <div class="scroll" tabindex="0" role="group" aria-label="Stages of the engine's step">
      <table class="grid latency-grid">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col" class="end">p50</th>
            <th scope="col" class="end">p99</th>
            <th scope="col" class="end">p99.9</th>
            <th scope="col" class="end">Max</th>
            <th scope="col" class="end">Count</th>
          </tr>
        </thead>
        <tbody>
          ${stages.map(
            ([name, stage]) =>
              html`<tr key=${name}>
                <th scope="row">${name.replaceAll("_", " ")}</th>
                <td>${durationText(stage.p50_ns)}</td>
                <td>${durationText(stage.p99_ns)}</td>
                <td>${durationText(stage.p999_ns)}</td>
                <td>${durationText(stage.max_ns)}</td>
                <td>${countText(stage.count)}</td>
              </tr>`,
          )}
          ${stages.length === 0 ? html`<${EmptyRow} span=${6} text=${emptyText("latency", "Nothing measured yet")} />` : null}
        </tbody>
      </table>
    </div>
  <//>`;
}
