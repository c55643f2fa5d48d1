// The report of one kill, to be printed: the receipt, what people and the program did around it, and what
// became of the orders, all from the audit trail.

import { auditSearch } from "../api.js";
import { roleReaches } from "../actions.js";
import { auditSideText, changeText } from "../audit_words.js";
import { serverNow } from "../clock.js";
import { clockText, countText, DASH, dateTimeText, momentText, timeText } from "../format.js";
import { problemText } from "../perform.js";
import { ACTION_KINDS, BUSY_KINDS, incidentOpen, page, role } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ReceiptCard } from "./receipts.js";

/** @import { AuditRow, Receipt } from "../types/shapes.js" */

const NS_OF_S = 1000000000n;
const BEFORE_S = 30n;
const AFTER_S = 300n;
/** Orders and fills come by the thousand: of these what the kill met and what became of it. */
const ORDERS_BEFORE_S = 5n;
const ORDERS_AFTER_S = 10n;
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

/**
 * Kind by kind, or the newest orders of a busy desk would leave no room for the kill itself.
 * @param {string[]} kinds @param {bigint} at @param {bigint} before @param {bigint} after in seconds
 * @returns {Promise<{rows: AuditRow[], says: string[]}>} oldest first; what is not whole
 */
async function trailOf(kinds, at, before, after) {
  const span = { from: String(at - before * NS_OF_S), to: String(at + after * NS_OF_S) };
  const rows = [];
  const says = [];
  for (const kind of kinds) {
    const answer = await auditSearch({ ...span, kind }, null, ROWS_MAX);
    rows.push(...(answer.body?.items ?? []));
    if (!answer.ok) {
      says.push(`Not known: ${kind}, ${problemText(answer.problem)}.`);
    } else if (answer.body?.next) {
      says.push(`Only the newest ${countText(ROWS_MAX)} rows of ${kind} are shown.`);
    }
  }
  return { rows: rows.sort((a, b) => a.seq - b.seq), says };
}

/** @param {{receipt: Receipt}} props */
function Trail({ receipt }) {
  const [told, setTold] = useState(/** @type {{acts: AuditRow[], orders: AuditRow[], asOf: string, says: string} | null} */ (null));
  const at = BigInt(receipt.at_ns);

  useEffect(() => {
    let looking = true;
    const asOf = `As of ${clockText(serverNow())} UTC.`;
    async function load() {
      const acts = await trailOf(ACTION_KINDS, at, BEFORE_S, AFTER_S);
      const orders = await trailOf(BUSY_KINDS, at, ORDERS_BEFORE_S, ORDERS_AFTER_S);
      if (looking) {
        setTold({ acts: acts.rows, orders: orders.rows, asOf, says: [...acts.says, ...orders.says].join(" ") });
      }
    }
    load();
    return () => {
      looking = false;
    };
  }, [receipt.incident, receipt.complete]);

  const empty = told ? "Nothing" : "Asking\u2026";
  return html`<p role="status" data-test="report-says">${told?.asOf ?? empty}${" "}<b class="refusal">${told?.says ?? ""}</b></p>
    <h3>What was done, from ${String(BEFORE_S)} s before to ${String(AFTER_S)} s after</h3>
    <${Rows} rows=${told?.acts ?? []} empty=${empty} />
    <h3>Orders and fills, from ${String(ORDERS_BEFORE_S)} s before to ${String(ORDERS_AFTER_S)} s after</h3>
    <${Rows} rows=${told?.orders ?? []} empty=${empty} />`;
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
