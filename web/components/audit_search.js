// The audit trail, searched at the server: filters, pages, the rows as a file, and the chain verified.

import { auditExportAddress, auditSearch, auditVerify } from "../api.js";
import { roleReaches } from "../actions.js";
import { countText, DASH } from "../format.js";
import { layout, layoutSet } from "../layout.js";
import { problemText } from "../perform.js";
import { AUDIT_KINDS, changed, role } from "../state.js";
import { html, useState } from "../vendor/preact-htm.js";
import { AuditRows } from "./audit.js";
import { Panel } from "./parts.js";

/** @import { Search as Wanted } from "../layout.js" */
/** @import { AuditRow, AuditVerdict } from "../types/shapes.js" */

const PAGE_ROWS = 100;
const NS_OF_MS = 1000000n;

/** @type {Wanted} */
const NOTHING = { from: "", to: "", actor: "", kind: "", scope: "", q: "" };

/** What the browser's field gives is local time without a zone. @param {string} typed */
function nanoseconds(typed) {
  const ms = typed === "" ? Number.NaN : new Date(typed).getTime();
  return Number.isNaN(ms) ? "" : String(BigInt(ms) * NS_OF_MS);
}

/** @param {Wanted} typed */
function filtersOf(typed) {
  const kind = AUDIT_KINDS.includes(typed.kind) ? typed.kind : "";
  return { ...typed, kind, from: nanoseconds(typed.from), to: nanoseconds(typed.to) };
}

/** @param {{id: keyof Wanted, label: string, typed: Wanted, type?: string, onType: (part: Partial<Wanted>) => void}} props */
function Filter({ id, label, typed, type = "text", onType }) {
  return html`<div class="filter">
    <label for=${`audit-${id}`}>${label}</label>
    <input id=${`audit-${id}`} type=${type} maxlength="100" autocomplete="off" spellcheck=${false} value=${typed[id]}
      onInput=${(/** @type {any} */ event) => onType({ [id]: event.target.value })} />
  </div>`;
}

/** @param {{typed: Wanted, onType: (part: Partial<Wanted>) => void}} props */
function Filters({ typed, onType }) {
  return html`<${Filter} id="q" label="Text" typed=${typed} onType=${onType} />
    <div class="filter">
      <label for="audit-kind">Kind</label>
      <select id="audit-kind" value=${filtersOf(typed).kind} onChange=${(/** @type {any} */ event) => onType({ kind: event.target.value })}>
        <option value="">all</option>
        ${AUDIT_KINDS.map((kind) => html`<option key=${kind} value=${kind}>${kind}</option>`)}
      </select>
    </div>
    <${Filter} id="actor" label="Actor" typed=${typed} onType=${onType} />
    <${Filter} id="scope" label="Scope" typed=${typed} onType=${onType} />
    <${Filter} id="from" label="From (local)" type="datetime-local" typed=${typed} onType=${onType} />
    <${Filter} id="to" label="To (local)" type="datetime-local" typed=${typed} onType=${onType} />`;
}

/** @type {Record<string, string>} */
const NAMES = { q: "text", kind: "kind", actor: "actor", scope: "scope", from: "time from", to: "time to" };

/** So that what was kept from another day does not pass for the whole. @param {{wanted: Wanted, found: boolean, onAll: () => void}} props */
function Narrowed({ wanted, found, onAll }) {
  const names = Object.entries(filtersOf(wanted)).flatMap(([name, value]) => (value === "" ? [] : [NAMES[name]]));
  return names.length === 0
    ? null
    : html`<p class="filtered" data-test="filtered-audit">
        <b>${`filtered by ${names.join(", ")}`}</b> ${found ? "these rows" : "once you search"}
        <button type="button" class="button button-plain" onClick=${onAll}>Show all</button>
      </p>`;
}

/** @param {AuditVerdict} verdict */
function verdictText(verdict) {
  return verdict.ok
    ? `Whole: ${countText(verdict.rows)} rows, ${countText(verdict.anchors)} signed heads, newest ${countText(verdict.head_seq)}`
    : `NOT whole: ${verdict.reason ?? "the chain does not hold"}, first bad row ${verdict.first_bad_seq ?? DASH}`;
}

function Verify() {
  const [says, setSays] = useState("");
  const [bad, setBad] = useState(false);
  const [busy, setBusy] = useState(false);

  async function verify() {
    setBusy(true);
    setSays("Computing the whole chain again\u2026");
    const answer = await auditVerify();
    setBusy(false);
    setBad(!answer.body?.ok);
    setSays(answer.body ? verdictText(answer.body) : problemText(answer.problem));
  }

  return html`<button type="button" class="button button-plain" disabled=${busy} onClick=${verify}>Verify</button>
    <span class=${bad ? "verdict verdict-bad" : "verdict"} role="status" data-test="audit-verdict">${says}</span>`;
}

/** @param {{filters: Record<string, string>}} props */
function Exports({ filters }) {
  return html`${/** @type {const} */ (["csv", "ndjson"]).map(
    (format) => html`<a key=${format} class="button button-plain" download=${`audit.${format}`}
      href=${auditExportAddress(filters, format)}>${format.toUpperCase()}</a>`,
  )}`;
}

function Search() {
  const typed = layout.search;
  const [rows, setRows] = useState(/** @type {AuditRow[] | null} */ (null));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const [says, setSays] = useState("");

  // "Older" goes on with the search that was made, whatever has been typed since.
  const [searched, setSearched] = useState(NOTHING);

  async function load(/** @type {string | null} */ cursor, /** @type {AuditRow[]} */ before, wanted = searched) {
    setSearched(wanted);
    const answer = await auditSearch(filtersOf(wanted), cursor, PAGE_ROWS);
    setSays(answer.ok ? "" : problemText(answer.problem));
    if (answer.ok && answer.body) {
      setRows([...before, ...answer.body.items]);
      setNext(answer.body.next);
    }
  }

  function type(/** @type {Partial<Wanted>} */ part) {
    layoutSet({ search: { ...layout.search, ...part } });
    changed();
  }

  return html`<form class="filters" onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      load(null, [], typed);
    }}>
      <${Filters} typed=${typed} onType=${type} />
      <button type="submit" class="button button-primary" id="audit-search">Search</button>
      <${Exports} filters=${filtersOf(typed)} />
    </form>
    <${Narrowed}
      wanted=${rows ? searched : typed}
      found=${rows !== null}
      onAll=${() => {
        type(NOTHING);
        load(null, [], NOTHING);
      }}
    />
    <div class="one-line"><${Verify} /></div>
    <p class="refusal" role="alert">${says}</p>
    ${rows ? html`<${AuditRows} rows=${rows} empty="No row matches" />` : null}
    ${next ? html`<button type="button" class="button button-plain" onClick=${() => load(next, rows ?? [])}>Older rows</button>` : null}`;
}

export function AuditSearchPanel() {
  const allowed = roleReaches(role(), "risk");
  return html`<${Panel} id="audit-search" title="Search the audit trail" topic="status">
    ${allowed ? html`<${Search} />` : html`<p class="nothing">The audit trail needs role risk</p>`}
  <//>`;
}
