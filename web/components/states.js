// Trading state of each scope in words, and how a scope is let trade again.

import { resume } from "../api.js";
import { serverNow } from "../clock.js";
import { DASH, idText, momentText, scopeText, whenText } from "../format.js";
import { stoppedLines } from "../inscope.js";
import { useSubmit } from "../once.js";
import { perform } from "../perform.js";
import { notify, page } from "../state.js";
import { useTyped } from "../typed.js";
import { html, useEffect, useRef } from "../vendor/preact-htm.js";
import { ActionButton, EmptyRow, emptyText, fieldOf, Panel, StateChip } from "./parts.js";

/** @import { TradingState } from "../types/shapes.js" */

/** @param {{row: TradingState, onDone: () => void}} props */
function ResumeForm({ row, onDone }) {
  const [reason, setReason] = useTyped(`resume-reason ${row.scope}`, "", true);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);

  const submit = useSubmit(async () => {
    const incident = row.incident ?? null;
    const lines = [
      ...stoppedLines(row.scope),
      `A second person will be asked to set it ACTIVE again${incident ? ` and so clear incident ${idText(incident)}` : ""}.`,
    ];
    const answer = await perform("resume", lines, () => resume(row.scope, incident, reason.trim()));
    if (answer?.ok) {
      notify(
        "warn",
        `Resume of ${scopeText(row.scope)} waits for a second person: approval ${answer.body?.id ?? ""}`,
      );
      onDone();
    }
  });

  return html`<form class="resume-form" onSubmit=${submit}>
    <label class="unseen" for="resume-reason">Reason to resume ${row.scope}</label>
    <input
      id="resume-reason"
      ...${fieldOf("resume")}
      autocomplete="off"
      required
      ref=${field}
      placeholder=${`why may ${row.scope} trade again?`}
      value=${reason}
      onInput=${(/** @type {any} */ event) => setReason(event.target.value)}
    />
    <${ActionButton}
      action="resume"
      kind="small"
      submit=${true}
      label="Ask for approval"
      busy=${reason.trim() === ""}
    />
    <button type="button" class="button button-small" onClick=${onDone}>Close</button>
  </form>`;
}

/** @param {{row: TradingState, resuming: boolean, onResume: (scope: string | null) => void}} props */
function StateRow({ row, resuming, onResume }) {
  const above = row.effective !== row.state;
  const own = above ? `itself ${row.state}` : "";
  const why = [own, row.cause, row.actor, row.incident ? `incident ${row.incident}` : ""].filter(Boolean).join(", ");
  const note = row.state === "ACTIVE" ? "" : why;
  return html`<li class="state-row" data-scope=${row.scope} data-state=${row.state}>
    <span class="state-scope" title=${row.scope}>${row.scope.replace("instrument/", "")}</span>
    <${StateChip} state=${row.effective} above=${above} />
    ${
      row.state === "ACTIVE"
        ? html`<span class="state-since" title=${`${above ? `itself ${row.state} ` : ""}since ${momentText(row.since_ns)}`}
            >${above ? "wider scope" : whenText(row.since_ns, serverNow())}</span
          >`
        : html`<${ActionButton}
            action="resume"
            kind="small"
            says=${`Ask to resume ${row.scope}`}
            onPress=${() => onResume(resuming ? null : row.scope)}
          />`
    }
    ${note ? html`<span class="state-why" title=${why}>${note}</span>` : null}
    ${resuming ? html`<${ResumeForm} row=${row} onDone=${() => onResume(null)} />` : null}
  </li>`;
}

export function StatesPanel() {
  const [resuming, setResuming] = useTyped("resuming", /** @type {string | null} */ (null));
  return html`<${Panel} id="states" title="Trading state of each scope" topic="kill">
    <ul class="states">
      ${[...page.tradingStates.values()].map(
        (row) =>
          html`<${StateRow}
            key=${row.scope}
            row=${row}
            resuming=${resuming === row.scope && row.state !== "ACTIVE"}
            onResume=${setResuming}
          />`,
      )}
    </ul>
  <//>`;
}

/** @type {Record<string, string>} */
const MAY = {
  ACTIVE: "may trade",
  REDUCING: "may only shrink positions",
  HALTED: "may not trade",
};

/** @param {TradingState} row what a person would say of it */
function stateWords({ state, effective, cause, actor, since_ns, incident }) {
  const may = MAY[effective] ?? "its state is unknown";
  const above = effective === state ? "" : ", by a wider scope";
  const own = above && `; itself ${state}`; // whose time and cause follow
  if (state === "ACTIVE") {
    return may + above;
  }
  const why = [cause, actor ? `by ${actor}` : "", incident ? `incident ${idText(incident)}` : ""];
  const since = since_ns ? ` since ${whenText(since_ns, serverNow())}` : "";
  return `${may}${above}${own}${since}: ${why.filter(Boolean).join(", ") || DASH}`;
}

/** @param {{row: TradingState}} props */
function ScopeRow({ row }) {
  const words = stateWords(row);
  return html`<tr data-state-of=${row.scope} data-state=${row.effective}>
    <th scope="row">${scopeText(row.scope, true)}</th>
    <td><${StateChip} state=${row.effective} above=${row.effective !== row.state} /></td>
    <td title=${words}>${words}</td>
  </tr>`;
}

/** The worst first. @type {string[]} */
const ORDER = ["HALTED", "REDUCING", "ACTIVE"];

/** For a glance: every scope, what is not active first. */
export function ScopesPanel() {
  const rows = [...page.tradingStates.values()].sort(
    (a, b) => ORDER.indexOf(a.effective) - ORDER.indexOf(b.effective),
  );
  return html`<${Panel} id="scopes" title="May it trade?" topic="kill">
    <div class="scroll" tabindex="0" role="group" aria-label="Trading state of each scope">
      <table class="grid scopes-grid">
        <thead>
          <tr>
            <th scope="col">Scope</th>
            <th scope="col">State</th>
            <th scope="col">In words</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => html`<${ScopeRow} key=${row.scope} row=${row} />`)}
          ${rows.length === 0 ? html`<${EmptyRow} span=${3} text=${emptyText("kill", "No scope")} />` : null}
        </tbody>
      </table>
    </div>
  <//>`;
}
