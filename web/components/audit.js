// The audit trail's newest rows: who did what, from what to what, and why.

import { roleReaches } from "../actions.js";
import { changeText, countText, dateTimeText, DASH, timeText } from "../format.js";
import { auditIsAction, page, role } from "../state.js";
import { html, useState } from "../vendor/preact-htm.js";
import { EmptyRow, Panel, Tab } from "./parts.js";

/** @import { AuditRow } from "../types/shapes.js" */

const SHOWN = 80;

/** @param {{row: AuditRow}} props */
function Row({ row }) {
  const change = changeText(row.old, row.new);
  return html`<tr
    data-kind=${row.kind}
    title=${`${dateTimeText(row.at_ns)}\nhash ${row.hash ?? DASH}\nrequest ${row.request_id ?? DASH}`}
  >
    <td class="end minor">${countText(row.seq)}</td>
    <td class="time">${timeText(row.at_ns).slice(0, 8)}</td>
    <td><span class=${`kind kind-${row.kind}`}>${row.kind.replaceAll("_", " ")}</span></td>
    <th scope="row">${row.actor ?? DASH}</th>
    <td class="cut">${row.scope ?? DASH}</td>
    <td class="cut" title=${`${change}${row.reason ? `\n${row.reason}` : ""}`}>
      ${row.reason ? html`<q>${row.reason}</q> ` : null}<span class="minor">${change}</span>
    </td>
  </tr>`;
}

export function AuditPanel() {
  const allowed = roleReaches(role(), "risk");
  const [tab, setTab] = useState("actions");
  const chosen = [...page.audit.values()].filter((row) => tab === "all" || auditIsAction(row));
  const rows = chosen.sort((a, b) => b.seq - a.seq).slice(0, SHOWN);
  const tabs = html`<div class="tabs" role="group" aria-label="Which rows">
    <${Tab} id="actions" chosen=${tab} label="Actions" onChoose=${setTab} />
    <${Tab} id="all" chosen=${tab} label="All" onChoose=${setTab} />
  </div>`;
  const empty = allowed ? "No row yet" : "The audit trail needs role risk";
  return html`<${Panel}
    id="audit"
    title="Audit trail"
    topic=${allowed ? "audit" : "status"}
    extra=${tabs}
  >
    <div class="scroll">
      <table class="grid audit-grid">
        <thead>
          <tr>
            <th scope="col" class="end">Seq</th>
            <th scope="col">At (UTC)</th>
            <th scope="col">Kind</th>
            <th scope="col">Actor</th>
            <th scope="col">Scope</th>
            <th scope="col">Why, what</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => html`<${Row} key=${row.seq} row=${row} />`)}
          ${rows.length === 0 ? html`<${EmptyRow} span=${6} text=${empty} />` : null}
        </tbody>
      </table>
    </div>
  <//>`;
}
