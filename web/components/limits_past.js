// What stands beside the limits in force: what was told and is not answered, raises that return by
// themselves, and who changed what when, to be brought back.

import { limitsHistory, limitsRevert } from "../api.js";
import { serverNow } from "../clock.js";
import { ageText, countText, DASH, millisecondsOf, momentText, nameText, scopeText, valueText, whenText } from "../format.js";
import { perform } from "../perform.js";
import { notify, page } from "../state.js";
import { useTyped } from "../typed.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ActionButton, EmptyRow, fieldOf, Options, Panel } from "./parts.js";

/** @import { Limits, LimitsPast, TimeBox } from "../types/shapes.js" */

const ACCEPTED = 202;

/** @param {Record<string, unknown>} values */
function valuesText(values) {
  return Object.entries(values)
    .map(([name, value]) => `${nameText(name)} ${valueText(value)}`)
    .join(", ");
}

/** @param {{box: TimeBox, now: unknown}} props now: in force, which somebody may have changed since */
function Box({ box, now }) {
  const until = millisecondsOf(box.until_ns);
  const left = until === null ? DASH : ageText(Math.max(0, until - serverNow()));
  return html`<li data-timebox=${box.name} title=${`until ${momentText(box.until_ns)}`}>
    <b>${nameText(box.name)}</b> ${now === box.value ? "" : `${valueText(now)} in force, raised to `}${valueText(box.value)} returns to ${valueText(box.back_to)} in${" "}
    <span class="num">${left}</span> <span class="minor">(${box.approval})</span>
  </li>`;
}

/** @param {{limits: Limits | undefined}} props */
export function LimitsNotes({ limits }) {
  const asked = limits?.requested;
  const boxes = limits?.timeboxes ?? [];
  return html`${
      asked
        ? html`<p class="requested" role="alert" data-test="requested">
            Asked for by ${asked.by} and not answered by the engine: ${valuesText(asked.limits)}. What is
            shown below is in force.
          </p>`
        : null
    }
    ${boxes.length > 0 ? html`<ul class="timeboxes">${boxes.map((box) => html`<${Box} key=${box.approval + box.name} box=${box} now=${limits?.limits[box.name]} />`)}</ul>` : null}`;
}

/** @param {{row: LimitsPast, limits: Limits, reason: string, onAsked: () => void}} props */
function PastRow({ row, limits, reason, onAsked }) {
  const now = row.generation === limits.generation;

  async function bringBack() {
    const lines = [`${scopeText(limits.scope, true)}: the limits of generation ${row.generation}.`, `Reason: ${reason}`];
    const answer = await perform("limitsRevert", lines, () =>
      limitsRevert(limits.scope, row.generation, reason, limits.generation),
    );
    if (answer?.ok) {
      onAsked();
      const body = /** @type {any} */ (answer.body);
      notify(
        answer.status === ACCEPTED ? "warn" : "good",
        answer.status === ACCEPTED
          ? `Approval ${body?.id} waits for a second person`
          : `Generation ${countText(body?.generation)} is in force, as ${row.generation} was`,
      );
    }
  }

  return html`<tr data-generation=${row.generation}>
    <td class="end num">${countText(row.generation)}</td>
    <td title=${momentText(row.at_ns)}>${whenText(row.at_ns, serverNow())}</td>
    <td>${row.actor ?? DASH}</td>
    <td>
      ${Object.keys(row.new).map(
        (name) => html`<div key=${name}>${nameText(name)}: ${valueText(row.old[name])} \u2192 ${valueText(row.new[name])}</div>`,
      )}
    </td>
    <td>${row.reason ?? DASH}${row.approval ? html` <span class="minor">(${row.approval})</span>` : null}</td>
    <td class="row-buttons">
      ${
        now
          ? html`<span class="minor">in force</span>`
          : html`<${ActionButton} action="limitsRevert" off=${reason === "" ? "Type a reason above first" : ""} onPress=${bringBack} />`
      }
    </td>
  </tr>`;
}

/** @param {{limits: Limits}} props */
function Past({ limits }) {
  const [rows, setRows] = useState(/** @type {LimitsPast[] | null} */ (null));
  const [next, setNext] = useState(/** @type {string | null} */ (null));

  async function load(/** @type {string | null} */ cursor, /** @type {LimitsPast[]} */ before) {
    const answer = await limitsHistory(limits.scope, cursor);
    if (answer.ok && answer.body) {
      setRows([...before, ...answer.body.items]);
      setNext(answer.body.next);
    }
  }
  useEffect(() => {
    load(null, []);
  }, [limits.generation]);

  const [reason, setReason] = useTyped(`revert-reason ${limits.scope}`, "");
  return html`<div class="one-line">
      <label for="revert-reason">Reason to bring one back</label>
      <input id="revert-reason" ...${fieldOf("limitsRevert")} autocomplete="off" maxlength="200" value=${reason}
        onInput=${(/** @type {any} */ event) => setReason(event.target.value)} />
    </div>
    <div class="scroll" tabindex="0" role="group" aria-label="Changes of the limits">
      <table class="grid past-grid">
        <thead>
          <tr>
            <th scope="col" class="end">Generation</th>
            <th scope="col">At (UTC)</th>
            <th scope="col">By</th>
            <th scope="col">Change</th>
            <th scope="col">Why</th>
            <th scope="col">Bring back</th>
          </tr>
        </thead>
        <tbody>
          ${(rows ?? []).map((row) => html`<${PastRow} key=${row.seq} row=${row} limits=${limits} reason=${reason.trim()} onAsked=${() => setReason("")} />`)}
          ${rows === null ? html`<${EmptyRow} span=${6} text="Asking\u2026" />` : null}
          ${rows?.length === 0 ? html`<${EmptyRow} span=${6} text="Nobody has changed them" />` : null}
        </tbody>
      </table>
    </div>
    ${next ? html`<button type="button" class="button button-plain" onClick=${() => load(next, rows ?? [])}>Older</button>` : null}`;
}

export function LimitsPastPanel() {
  const [scope, setScope] = useTyped("past-scope", "firm");
  const limits = page.limits.get(scope);
  const extra = html`<label class="unseen" for="past-scope">Scope of the history</label>
    <select id="past-scope" value=${scope} onChange=${(/** @type {any} */ event) => setScope(event.target.value)}>
      <${Options} names=${page.schema?.scopes ?? ["firm"]} />
    </select>`;
  return html`<${Panel} id="limits-past" title="History of limits" topic="limits" extra=${extra}>
    ${limits ? html`<${Past} key=${scope} limits=${limits} />` : html`<p class="nothing">Waiting for data\u2026</p>`}
  <//>`;
}
