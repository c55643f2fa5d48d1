// The report of one kill, to be printed: the receipt, what people and the program did around it, and what
// became of the orders, all from the audit trail.

import { auditSearch } from "../api.js";
import { roleReaches } from "../actions.js";
import { auditSideText, changeText, countText, DASH, dateTimeText, momentText, timeText } from "../format.js";
import { problemText } from "../perform.js";
import { auditIsAction, incidentOpen, page, role } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ReceiptCard } from "./receipts.js";

/** @import { AuditRow, Receipt } from "../types/shapes.js" */

const NS_OF_S = 1000000000n;
const BEFORE_S = 30n;
const AFTER_S = 300n;
const ROWS_MAX = 1000;

/** @param {{rows: AuditRow[], empty: string}} props oldest first */
function Rows({ rows, empty }) {
  return html`<table class="grid report-grid">
    <thead>
      <tr>
        <th scope="col">At (UTC)</th>
        <th scope="col">Kind</th>
        <th scope="col">Who</th>
        <th scope="col">Scope</th>
        <th scope="col">What, why</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) => html`<tr key=${row.seq} data-report-row=${row.kind}>
          <td class="time" title=${momentText(row.at_ns)}>${timeText(row.at_ns)}</td>
          <td>${row.kind.replaceAll("_", " ")}</td>
          <td>${row.actor ?? DASH}</td>
          <td>${row.scope ?? DASH}</td>
          <td>${row.reason ? html`<q>${row.reason}</q> ` : null}${changeText(row.old, row.new) || auditSideText(row.new)}</td>
        </tr>`,
      )}
      ${rows.length === 0 ? html`<tr class="empty"><td colspan="5">${empty}</td></tr>` : null}
    </tbody>
  </table>`;
}

/** @param {{receipt: Receipt}} props */
function Trail({ receipt }) {
  const [rows, setRows] = useState(/** @type {AuditRow[] | null} */ (null));
  const [says, setSays] = useState("Asking\u2026");
  const at = BigInt(receipt.at_ns);

  useEffect(() => {
    const span = { from: String(at - BEFORE_S * NS_OF_S), to: String(at + AFTER_S * NS_OF_S) };
    auditSearch(span, null, ROWS_MAX).then((answer) => {
      setRows(answer.body ? [...answer.body.items].reverse() : null);
      const cut = answer.body?.next ? `Only the newest ${countText(ROWS_MAX)} rows are shown.` : "";
      setSays(answer.ok ? cut : problemText(answer.problem));
    });
  }, [receipt.incident, receipt.complete]);

  const all = rows ?? [];
  return html`<p class="refusal" role="status">${says}</p>
    <h3>What was done, from ${String(BEFORE_S)} s before to ${String(AFTER_S)} s after</h3>
    <${Rows} rows=${all.filter(auditIsAction)} empty="Nothing" />
    <h3>Orders and fills</h3>
    <${Rows} rows=${all.filter((row) => !auditIsAction(row))} empty="None" />`;
}

/** @param {{receipt: Receipt}} props */
function Report({ receipt }) {
  const mode = page.status?.mode?.toUpperCase() ?? DASH;
  return html`<section class="panel panel-incident" aria-labelledby="incident-title" data-test="incident-report">
    <header class="panel-head">
      <h2 id="incident-title">Incident ${receipt.incident}</h2>
      <span class="minor">${`${mode} ${page.status?.instance ?? DASH}, ${dateTimeText(receipt.at_ns)}, printed by ${page.session?.user}`}</span>
      <button type="button" class="button button-small no-print" onClick=${() => window.print()}>Print</button>
      <button type="button" class="button button-small no-print" onClick=${() => incidentOpen(null)}>Close</button>
    </header>
    <div class="panel-body report">
      <${ReceiptCard} receipt=${receipt} />
      ${roleReaches(role(), "risk") ? html`<${Trail} receipt=${receipt} />` : html`<p class="nothing">What was done around it needs role risk</p>`}
    </div>
  </section>`;
}

export function IncidentPanel() {
  const receipt = page.incident === null ? undefined : page.receipts.get(page.incident);
  return receipt ? html`<${Report} key=${receipt.incident} receipt=${receipt} />` : null;
}
