// The machine room: threads and their cores, rings, how far journal, disk and audit are apart.

import { countText, DASH, decimalText, durationText, nameText, uptimeText } from "../format.js";
import { page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { EmptyRow, Panel } from "./parts.js";

const MIB = 2 ** 20;

/** How far behind, in records. @param {number | undefined} head @param {number | undefined} at */
function lagText(head, at) {
  return head === undefined || at === undefined ? DASH : countText(Math.max(0, head - at));
}

/** @param {{name: string, value: string, says?: string}} props */
function Fact({ name, value, says }) {
  return html`<div title=${says}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** How far journal, disk and audit are apart. */
function Trails() {
  const status = page.status;
  return html`<${Fact} name="Journal" value=${countText(status?.journal_seq)} says="newest record of the engine" />
    <${Fact} name="Not on disk" value=${lagText(status?.journal_seq, status?.durable_seq)} says="records that are not durable yet" />
    <${Fact} name="Audit" value=${countText(status?.audit_seq)} says="newest row of the audit trail" />
    <${Fact} name="Not in the audit" value=${countText(status?.audit_behind)} says="records of the journal that are no rows yet" />`;
}

function Facts() {
  const status = page.status;
  const free = status?.storage_free_bytes;
  return html`<dl class="facts-grid" data-test="system-facts">
    <${Fact} name="Version" value=${status?.version ?? DASH} />
    <${Fact} name="Configuration" value=${status?.config_hash?.slice(0, 12) ?? DASH} says=${status?.config_hash} />
    <${Fact} name="Up" value=${uptimeText(status?.uptime_s)} />
    <${Fact} name="Storage" value=${status?.storage_state ?? DASH} />
    <${Fact} name="Free" value=${typeof free === "number" ? `${countText(Math.floor(free / MIB))} MiB` : DASH} />
    <${Trails} />
    <${Fact} name="Clock offset" value=${status?.clock_offset_ns ? durationText(status.clock_offset_ns) : DASH} says="of the venues' clocks the one that is farthest off ours" />
    <${Fact} name="Restart" value=${status ? (status.pending_restart ? "a setting waits for it" : "nothing waits") : DASH} />
  </dl>`;
}

function Threads() {
  const threads = page.status?.threads ?? [];
  return html`<table class="grid threads-grid">
    <thead>
      <tr>
        <th scope="col">Thread</th>
        <th scope="col" class="end">Core</th>
        <th scope="col">When idle</th>
      </tr>
    </thead>
    <tbody>
      ${threads.map(
        (row) => html`<tr key=${row.name}>
          <th scope="row">${row.name}</th>
          <td class="end">${row.core === null ? "any" : decimalText(row.core)}</td>
          <td>${row.idle}</td>
        </tr>`,
      )}
      ${threads.length === 0 ? html`<${EmptyRow} span=${3} text="Waiting for data\u2026" />` : null}
    </tbody>
  </table>`;
}

function Rings() {
  const rings = Object.entries(page.status?.rings ?? {});
  return html`<table class="grid rings-grid">
    <thead>
      <tr>
        <th scope="col">Ring</th>
        <th scope="col" class="end">Bytes waiting</th>
      </tr>
    </thead>
    <tbody>
      ${rings.map(
        ([name, bytes]) => html`<tr key=${name}>
          <th scope="row">${nameText(name)}</th>
          <td class="end num">${countText(bytes)}</td>
        </tr>`,
      )}
      ${rings.length === 0 ? html`<${EmptyRow} span=${2} text="Waiting for data\u2026" />` : null}
    </tbody>
  </table>`;
}

export function SystemPanel() {
  return html`<${Panel} id="system" title="System" topic="status">
    <div class=${page.status ? "" : "system-waiting"}>
      <${Facts} />
      <div class="side-by-side"><${Threads} /><${Rings} /></div>
    </div>
  <//>`;
}
