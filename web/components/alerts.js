// Alerts: what pages people, who has it, and what the last hands left for the next.
//
// An acknowledgement says that a named person looks after it; it ends nothing. What stands and nobody has
// comes first, pages before the others.

import { alertAcknowledge, handOverNote, handOverRead } from "../api.js";
import { useAsked } from "../asked.js";
import { serverNow } from "../clock.js";
import { ageText, DASH, decimalText, millisecondsOf, momentText, nameText, whenText } from "../format.js";
import { useSubmit } from "../once.js";
import { perform } from "../perform.js";
import { notify, page } from "../state.js";
import { useTyped } from "../typed.js";
import { html } from "../vendor/preact-htm.js";
import { ActionButton, emptyText, fieldOf, Late, Panel } from "./parts.js";

/** @import { Alert, HandOver } from "../types/shapes.js" */

const RECENT_SHOWN = 30;
const LAST_SHOWN = 5;
/** It always stands: it shows that alerts arrive, and asks for nothing. */
const HEARTBEAT = "watchdog";

/** @param {Alert} alert */
function rank(alert) {
  if (alert.state === "resolved") {
    return 4;
  }
  return (alert.acknowledged ? 2 : 0) + (alert.severity === "page" ? 0 : 1);
}

/** @param {Alert} a @param {Alert} b */
function byUrgency(a, b) {
  const newer = BigInt(b.since_ns) > BigInt(a.since_ns) ? 1 : -1;
  return rank(a) - rank(b) || newer;
}

function shownAlerts() {
  return [...page.alerts.values()].filter((row) => row.alert !== HEARTBEAT).sort(byUrgency);
}

/** Those that stand and that nobody has. */
export function alertsUntaken() {
  return shownAlerts().filter((row) => row.state === "firing" && !row.acknowledged);
}

/** strategy/maker, max_position_lots @param {Record<string, string> | undefined} labels */
function labelsText(labels) {
  return Object.values(labels ?? {}).join(", ");
}

/** @param {{alert: Alert}} props */
function AlertChip({ alert }) {
  const over = alert.state === "resolved";
  const look = over ? "chip-quiet" : alert.severity === "page" ? "chip-bad" : "chip-warn";
  return html`<span class=${`chip ${look}`}>${over ? "over" : alert.severity}</span>`;
}

/** @param {Alert} alert */
function figures(alert) {
  if (alert.value === null) {
    return "";
  }
  const bound = alert.threshold === null ? "" : `, bound ${decimalText(alert.threshold)}`;
  return `now ${decimalText(alert.value)}${bound}`;
}

/** @param {{alert: Alert}} props */
function Taken({ alert }) {
  const taken = alert.acknowledged;
  return taken
    ? html`<p class="minor" data-test="taken">
        <b>${taken.by}</b> has it since ${whenText(taken.at_ns, serverNow())}: <q>${taken.note}</q>
      </p>`
    : null;
}

/**
 * A note in a line of its own, and what it is for.
 * @param {{id: string, label: string, placeholder: string, wanted: string, action: string, onNote: (note: string) => Promise<boolean>}} props
 *   wanted: why it cannot be sent without one; onNote: false: what was typed stays
 */
function NoteForm({ id, label, placeholder, wanted, action, onNote }) {
  const [note, setNote] = useTyped(id, "");

  const submit = useSubmit(async () => {
    if (note.trim() !== "" && (await onNote(note.trim()))) {
      setNote("");
    }
  });

  return html`<form class="one-line" onSubmit=${submit}>
    <label class="unseen" for=${id}>${label}</label>
    <input
      id=${id}
      autocomplete="off"
      maxlength="200"
      ...${fieldOf(action)}
      placeholder=${placeholder}
      value=${note}
      onInput=${(/** @type {any} */ event) => setNote(event.target.value)}
    />
    <${ActionButton} action=${action} submit=${true} off=${note.trim() === "" ? wanted : ""} />
  </form>`;
}

/** @param {{alert: Alert}} props */
function Acknowledge({ alert }) {
  async function acknowledge(/** @type {string} */ note) {
    const answer = await perform("alertAcknowledge", [], () => alertAcknowledge(alert.id, note));
    if (answer?.ok) {
      notify("good", `You have alert ${alert.id}`);
    }
    return answer?.ok ?? false;
  }

  return html`<${NoteForm}
    id=${`note-${alert.id}`}
    label=${`Note for ${alert.id}`}
    placeholder="what you do about it"
    wanted="Say in a few words what you do about it"
    action="alertAcknowledge"
    onNote=${acknowledge}
  />`;
}

/** @param {{alert: Alert}} props */
function AlertRow({ alert }) {
  const began = millisecondsOf(alert.since_ns);
  const firing = alert.state === "firing";
  return html`<li class=${`alert alert-${alert.state}`} data-alert=${alert.id} data-code=${alert.alert}>
    <header>
      <${AlertChip} alert=${alert} />
      <b>${nameText(alert.alert)}</b>
      <span class="minor">${labelsText(alert.labels)}</span>
      <span class="age" title=${momentText(alert.since_ns)}
        >${began === null ? DASH : `${ageText(serverNow() - began)} ago`}</span
      >
    </header>
    <p>${alert.says}</p>
    <p class="minor">
      ${[figures(alert), firing ? "" : `over since ${whenText(alert.resolved_ns, serverNow())}`, `RUNBOOK: ${alert.runbook}`]
        .filter(Boolean)
        .join(" \u00b7 ")}
    </p>
    <${Taken} alert=${alert} />
    ${firing && !alert.acknowledged ? html`<${Acknowledge} alert=${alert} />` : null}
  </li>`;
}

/** @param {{row: HandOver}} props */
function HandOverRow({ row }) {
  const about = row.what === "acknowledged" ? `took ${nameText(row.alert ?? "")} ${labelsText(row.labels)}` : "left a note";
  return html`<li>
    <span class="minor" title=${momentText(row.at_ns)}>${whenText(row.at_ns, serverNow())}</span> <b>${row.by}</b>
    <span>${` ${about}: `}<q>${row.note}</q></span>
  </li>`;
}

/** The hand-over log is not streamed: it is asked for. */
function HandOverLog() {
  const [rows, load, old] = useAsked(handOverRead);

  async function leave(/** @type {string} */ note) {
    const answer = await perform("handOverNote", [], () => handOverNote(note));
    if (answer?.ok) {
      load();
    }
    return answer?.ok ?? false;
  }

  return html`<section class="hand-over" aria-labelledby="hand-over-title">
    <h3 id="hand-over-title">Hand-over</h3>
    <${NoteForm}
      id="hand-over-note"
      label="Note for whoever comes next"
      placeholder="for whoever comes next"
      wanted="Write a note first"
      action="handOverNote"
      onNote=${leave}
    />
    <${Late} old=${old} />
    <ul data-test="hand-over">
      ${(rows ?? []).map((row) => html`<${HandOverRow} key=${`${row.at_ns}${row.by}`} row=${row} />`)}
    </ul>
    ${rows?.length === 0 ? html`<p class="nothing">Nobody has left a note</p>` : null}
  </section>`;
}

/** @param {{count: number}} props */
function UntakenChip({ count }) {
  return count > 0 ? html`<span class="chip chip-bad">${`${count} without a hand`}</span>` : null;
}

export function AlertsPanel() {
  const rows = shownAlerts();
  const standing = rows.filter((row) => row.state === "firing");
  const over = rows.filter((row) => row.state === "resolved").slice(0, RECENT_SHOWN);
  return html`<${Panel}
    id="alerts"
    title="Alerts"
    topic="alerts"
    action="alertAcknowledge"
    extra=${html`<${UntakenChip} count=${alertsUntaken().length} />`}
  >
    <ul class="alerts" id="at-alertAcknowledge" tabindex="-1" aria-live="polite">
      ${[...standing, ...over].map((row) => html`<${AlertRow} key=${row.id} alert=${row} />`)}
    </ul>
    ${
      standing.length === 0
        ? html`<p class="nothing" data-test="no-alert">${emptyText("alerts", "No alert stands")}</p>`
        : null
    }
    <${HandOverLog} />
  <//>`;
}

/** The most urgent few, for the overview. */
export function LastAlerts() {
  const rows = shownAlerts().slice(0, LAST_SHOWN);
  return html`<${Panel} id="last-alerts" title="Last alerts" topic="alerts" extra=${html`<${UntakenChip} count=${alertsUntaken().length} />`}>
    <ul class="alerts alerts-short">
      ${rows.map(
        (row) => html`<li key=${row.id} class=${`alert alert-${row.state}`} data-code=${row.alert}>
          <${AlertChip} alert=${row} /> <span>${row.says}</span>
          <span class="minor">${row.acknowledged ? `${row.acknowledged.by} has it` : ""}</span>
        </li>`,
      )}
    </ul>
    ${rows.length === 0 ? html`<p class="nothing">${emptyText("alerts", "No alert stands")}</p>` : null}
  <//>`;
}
