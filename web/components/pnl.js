// PnL of the firm by component, with its line over time.

import { axisText, clockText, decimalSign, decimalText, percentText, venueText } from "../format.js";
import { layout } from "../layout.js";
import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { LineChart } from "./chart.js";
import { Num, Panel, Tab, tabOpen } from "./parts.js";

// Apart, for one is a sum and the other a change: on one scale either would be a flat line.
/** @type {Record<string, import("../charts.js").Series[]>} */
const SERIES = {
  pnl: [{ label: "Total PnL", colour: "--accent", sample: 0, fill: true }],
  equity: [{ label: "Equity", colour: "--violet", sample: 1, fill: true }],
};

/** @type {{name: "price" | "fee" | "funding" | "rebate" | "realised" | "unrealised", label: string}[]} */
const ROWS = [
  { name: "price", label: "Price" },
  { name: "fee", label: "Fees" },
  { name: "funding", label: "Funding" },
  { name: "rebate", label: "Rebates" },
  { name: "realised", label: "Realised" },
  { name: "unrealised", label: "Unrealised" },
];

/** @param {import("../charts.js").Series} series */
function chartWords({ label, sample: at }) {
  const known = page.pnlSamples.filter((sample) => sample.texts[at] !== null);
  if (known.length === 0) {
    return `${label} over time: nothing known yet`;
  }
  const [first, last] = [known[0], known[known.length - 1]];
  const unit = page.pnl?.currency ?? "";
  return `${label} over time: from ${first.texts[at]} to ${last.texts[at]} ${unit} since ${clockText(first.x)} UTC`;
}

/** Sums over a position without a fresh mark are unknown; this says whose mark is missing. */
function missingMarks() {
  const names = [...page.positions.values()]
    .filter((row) => row.mark === null && decimalSign(row.qty) !== 0)
    .map((row) => row.instrument.split(":"))
    .map(([venue, symbol]) => `${symbol} ${venueText(venue)}`);
  return names.length > 0 ? `Not known: no fresh mark for ${names.join(", ")}` : "";
}

export function PnlPanel() {
  const { pnl: tab } = layout.tabs;
  const setTab = (/** @type {string} */ id) => tabOpen("pnl", id);
  const series = SERIES[tab];
  const pnl = page.pnl;
  const missing = pnl && pnl.total === null ? missingMarks() : "";
  return html`<${Panel}
    id="pnl"
    title="PnL"
    topic="pnl"
    extra=${html`<div class="tabs" role="group" aria-label="Which line">
      <${Tab} id="pnl" chosen=${tab} label="Total PnL" onChoose=${setTab} />
      <${Tab} id="equity" chosen=${tab} label="Equity" onChoose=${setTab} />
    </div>`}
  >
    <div class="split">
      <div class="figures">
        <div class="headline">
          <span class="headline-value" data-test="pnl-total">
            <${Num} value=${pnl?.total} places=${2} signed=${true} />
          </span>
          <span class="unit">${pnl?.currency ?? ""}</span>
        </div>
        <p class="pnl-why" title=${missing}>${missing}</p>
        <table class="pairs">
          <tbody>
            ${ROWS.map(
              (row) =>
                html`<tr key=${row.name} class=${row.name === "realised" ? "rule" : ""}>
                  <th scope="row">${row.label}</th>
                  <td><${Num} value=${pnl?.[row.name]} places=${2} signed=${true} /></td>
                </tr>`,
            )}
            <tr class="rule">
              <th scope="row">Today</th>
              <td><${Num} value=${pnl?.day_pnl} places=${2} signed=${true} /></td>
            </tr>
            <tr class="rule">
              <th scope="row">Equity</th>
              <td><${Num} value=${pnl?.equity} places=${2} /></td>
            </tr>
            <tr>
              <th scope="row">Peak</th>
              <td><${Num} value=${pnl?.peak} places=${2} /></td>
            </tr>
            <tr>
              <th scope="row">Drawdown</th>
              <td><span class="num">${percentText(pnl?.drawdown_ratio)}</span></td>
            </tr>
            <tr title="Maintenance margins as a share of equity; at 100 % the venue liquidates">
              <th scope="row">Margin ratio</th>
              <td><span class="num">${percentText(pnl?.margin_ratio)}</span></td>
            </tr>
          </tbody>
        </table>
      </div>
      <${LineChart}
        name=${`pitwall-${tab}`}
        label=${chartWords(series[0])}
        samples=${page.pnlSamples}
        series=${series}
        tickText=${axisText}
        valueText=${(/** @type {string | null} */ text) => decimalText(text)}
      />
    </div>
  <//>`;
}
