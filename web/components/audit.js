// The audit trail's newest rows: who did what, from what to what, and why.

import { roleReaches } from "../actions.js";
import { auditSideText, changeText } from "../audit_words.js";
import { serverNow } from "../clock.js";
import { countText, DASH, dateTimeText, momentText, whenText } from "../format.js";
import { layout } from "../layout.js";
import { auditIsAction, page, role } from "../state.js";
import { html, useState } from "../vendor/preact-htm.js";
import { EmptyRow, emptyText, Panel, Tab, tabOpen } from "./parts.js";

/** @import { AuditRow } from "../types/shapes.js" */

const SHOWN = 80;

/** @param {{row: AuditRow}} props everything the trail holds of one row */
function Detail({ row }) {
  const facts = [
    ["At", dateTimeText(row.at_ns)],
    ["Role", row.role ?? DASH],
    ["Scope", row.scope ?? DASH],
    ["Reason", row.reason ?? DASH],
    ["Old", auditSideText(row.old)],
    ["New", auditSideText(row.new)],
    ["Request", row.request_id ?? DASH],
    ["Sequence", countText(row.seq)],
    ["Hash", row.hash ?? DASH],
  ];
  return html`<tr class="audit-detail" data-test="audit-detail">
    <td colspan="6">
      <dl>
        ${facts.map(
          ([label, text]) =>
            html`<div key=${label}>
              <dt>${label}</dt>
              <dd>${text}</dd>
            </div>`,
        )}
      </dl>
    </td>
  </tr>`;
}

/** @param {{row: AuditRow, open: boolean, onToggle: () => void}} props */
function Row({ row, open, onToggle }) {
  const change = changeText(row.old, row.new);
  return html`<tr
      class=${`audit-row ${open ? "chosen" : ""}`}
      data-kind=${row.kind}
      onClick=${onToggle}
    >
      <td class="end minor">
        <button type="button" class="pick" aria-expanded=${open} title="Show the whole row">
          ${countText(row.seq)}
        </button>
      </td>
      <td class="time" title=${momentText(row.at_ns)}>${whenText(row.at_ns, serverNow())}</td>
      <td><span class=${`kind kind-${row.kind}`}>${row.kind.replaceAll("_", " ")}</span></td>
      <th scope="row" title=${row.actor ?? ""}>${row.actor ?? DASH}</th>
      <td class="cut" title=${row.scope ?? ""}>${row.scope ?? DASH}</td>
      <td class="cut" title=${`${change}${row.reason ? `\n${row.reason}` : ""}`}>
        ${row.reason ? html`<q>${row.reason}</q> ` : null}<span class="minor">${change}</span>
      </td>
    </tr>
    ${open ? html`<${Detail} row=${row} />` : null}`;
}

/** @param {{rows: AuditRow[], empty: string}} props one of them may be open */
export function AuditRows({ rows, empty }) {
  const [open, setOpen] = useState(/** @type {number | null} */ (null));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Rows of the audit trail">
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
        ${rows.map(
          (row) =>
            html`<${Row}
              key=${row.seq}
              row=${row}
              open=${open === row.seq}
              onToggle=${() => setOpen(open === row.seq ? null : row.seq)}
            />`,
        )}
        ${rows.length === 0 ? html`<${EmptyRow} span=${6} text=${empty} />` : null}
      </tbody>
    </table>
  </div>`;
}

export function AuditPanel() {
  const allowed = roleReaches(role(), "risk");
  const { audit: tab } = layout.tabs;
  const setTab = (/** @type {string} */ id) => tabOpen("audit", id);
  const chosen = [...page.audit.values()].filter((row) => tab === "all" || auditIsAction(row));
  const rows = chosen.sort((a, b) => b.seq - a.seq).slice(0, SHOWN);
  const tabs = html`<div class="tabs" role="group" aria-label="Which rows">
    <${Tab} id="actions" chosen=${tab} label="Actions" onChoose=${setTab} />
    <${Tab} id="all" chosen=${tab} label="All" onChoose=${setTab} />
  </div>`;
  const empty = allowed ? emptyText("audit", "No row yet") : "The audit trail needs role risk";
  return html`<${Panel}
    id="audit"
    title="Audit trail"
    topic=${allowed ? "audit" : "status"}
    extra=${tabs}
  >
    <${AuditRows} rows=${rows} empty=${empty} />
  <//>`;
}
