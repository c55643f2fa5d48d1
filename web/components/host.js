// What the host does to latency: the rows of the audit that warn or fail, and what to do about them.

import { latencyAuditRead } from "../api.js";
import { countText, DASH, decimalText } from "../format.js";
import { problemText } from "../perform.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { EmptyRow, Panel } from "./parts.js";

/** @import { LatencyAudit, LatencyAuditRow } from "../types/shapes.js" */

const WRONG = ["fail", "warn"];

/** @param {{row: LatencyAuditRow}} props */
function Row({ row }) {
  return html`<tr data-host=${row.name}>
    <th scope="row">${row.area} ${row.name.replaceAll("_", " ")}</th>
    <td><span class=${`chip ${row.verdict === "fail" ? "chip-bad" : "chip-warn"}`}>${row.verdict}</span></td>
    <td>${row.found ?? DASH}</td>
    <td>${row.hint}</td>
  </tr>`;
}

/** @param {{audit: LatencyAudit}} props */
function Summary({ audit }) {
  const { ok, warn, fail, unknown } = audit.counts;
  return html`<p data-test="host-summary">
    Core ${decimalText(audit.core)}: ${countText(ok)} ok, ${countText(warn)} warn, ${countText(fail)} fail,${" "}
    ${countText(unknown)} unknown. <code>pitwall latency-audit</code> also measures; it takes the engine's core.
  </p>`;
}

export function HostPanel() {
  const [told, setTold] = useState(/** @type {{audit: LatencyAudit, at: number} | null} */ (null));
  const [refusal, setRefusal] = useState("");
  const audit = told?.audit ?? null;
  const wrong = WRONG.flatMap((verdict) => (audit?.results ?? []).filter((row) => row.verdict === verdict));

  async function load() {
    const answer = await latencyAuditRead();
    if (answer.ok && answer.body) {
      setTold({ audit: answer.body, at: performance.now() });
    }
    setRefusal(answer.ok ? "" : problemText(answer.problem));
  }
  // Knobs do not turn by themselves: once, when somebody looks.
  useEffect(() => {
    load();
  }, []);

  return html`<${Panel}
    id="host"
    title="Host"
    topic="status"
    told=${told === null ? null : performance.now() - told.at}
    extra=${html`<button type="button" class="button" onClick=${load}>Look again</button>`}
  >
    ${audit ? html`<${Summary} audit=${audit} />` : null}
    <div class="scroll" tabindex="0" role="group" aria-label="What the host does to latency">
      <table class="grid host-grid">
        <thead>
          <tr>
            <th scope="col">Check</th>
            <th scope="col">Verdict</th>
            <th scope="col">Found</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          ${wrong.map((row) => html`<${Row} key=${`${row.area} ${row.name}`} row=${row} />`)}
          ${wrong.length === 0
            ? html`<${EmptyRow} span=${4} text=${audit ? "Nothing that files tell is in the way" : "Asking\u2026"} />`
            : null}
        </tbody>
      </table>
    </div>
    <p class="refusal" role="alert">${refusal}</p>
  <//>`;
}
