// Small parts that panels share: the frame of a panel with its age, numbers, chips, buttons of actions.

import { ACTIONS, actionRefusal } from "../actions.js";
import { ageText, DASH, decimalGroups, decimalSign, decimalText, venueText } from "../format.js";
import { layout, layoutFold, layoutTab } from "../layout.js";
import { useOnce } from "../once.js";
import { changed, role, stale, topicAge, topicSynced } from "../state.js";
import { html, useMemo } from "../vendor/preact-htm.js";

/** @import { Topic } from "../types/shapes.js" */

const BRIGHT = 2;
/** Longer numbers may break into two lines in a narrow column, so they carry their text as a title. */
const LONG = 11;
/** Where wide tables scroll in their panels, which a keyboard must reach too. */
const narrow = matchMedia("(max-width: 1099px)");
const MOVES = ["down fell", "", "up rose"];

/**
 * A section with a title and the age of what it shows. While the stream is down or the topic is out of
 * step it is grey and cannot be used; `open` panels (the kill switch) stay usable.
 * @param {{id: string, title: string, topic: Topic, told?: number | null, open?: boolean, action?: string, extra?: any, children?: any}} props
 *   action: the one that this panel is for, whose key leads here
 *   told: how long ago what it shows was told, in ms, where that was not by the topic
 */
export function Panel({ id, title, topic, told, open = false, action, extra = null, children }) {
  const behind = stale() || !topicSynced(topic);
  const age = told === undefined ? topicAge(topic) : told;
  const keyHint = action ? ACTIONS[action].key : null;
  const folded = !open && layout.folded.includes(id);
  const says = age === null ? "nothing received yet" : `last update ${ageText(age)} ago`;
  return html`<section
    class=${`panel panel-${id} ${behind && !open ? "is-stale" : ""} ${folded ? "is-folded" : ""}`}
    aria-labelledby=${`title-${id}`}
    data-panel=${id}
    data-stale=${behind ? "yes" : "no"}
  >
    <header class="panel-head" inert=${behind && !open}>
      <h2 id=${`title-${id}`}>${title}</h2>
      ${keyHint ? html`<kbd title=${`Press ${keyHint} to get here`}>${keyHint}</kbd>` : null}
      ${folded || !extra ? null : html`<div class="panel-extra">${extra}</div>`}
      <span class=${`age ${behind ? "age-late" : ""}`} title=${says}>${ageText(age)}</span>
      ${open ? null : html`<${Fold} panel=${id} title=${title} folded=${folded} action=${action} />`}
    </header>
    ${folded ? null : html`<${Body} id=${id} inert=${behind && !open}>${children}<//>`}
  </section>`;
}

/** @param {{id: string, inert: boolean, children?: any}} props */
function Body({ id, inert, children }) {
  return html`<div
    class="panel-body"
    inert=${inert}
    tabindex=${narrow.matches ? 0 : undefined}
    role=${narrow.matches ? "group" : undefined}
    aria-labelledby=${narrow.matches ? `title-${id}` : undefined}
  >
    ${children}
  </div>`;
}

/** While it is folded, the key of the panel's action leads here. @param {{panel: string, title: string, folded: boolean, action?: string}} props */
function Fold({ panel, title, folded, action }) {
  const words = `${folded ? "Unfold" : "Fold"} ${title}`;
  return html`<button
    type="button"
    class="fold"
    id=${folded && action ? `at-${action}` : undefined}
    data-fold=${panel}
    aria-expanded=${!folded}
    aria-label=${words}
    title=${words}
    onClick=${() => {
      layoutFold(panel);
      changed();
    }}
  >
    <span aria-hidden="true">${folded ? "\u25b8" : "\u25be"}</span>
  </button>`;
}

/**
 * A decimal exactly as it came; what is copied from the page is the plain number.
 * @param {{value: unknown, places?: number, bright?: number, signed?: boolean, move?: number}} props
 */
export function Num({ value, places = 0, bright = BRIGHT, signed = false, move = 0 }) {
  const text = decimalText(value, places);
  const parts = decimalGroups(text, bright);
  if (!parts) {
    return html`<span class="num unknown">${DASH}</span>`;
  }
  const sign = signed ? (decimalSign(value) ?? 0) : 0;
  const tone = sign > 0 ? "up plus" : sign < 0 ? "down" : MOVES[Math.sign(move) + 1];
  const [first, ...rest] = parts.groups;
  return html`<span class=${`num ${tone}`} title=${text.length > LONG ? text : undefined}
    >${parts.sign}${first}${rest.map((group) => html`<span class="group">${group}</span>`)}${
      parts.head || parts.tail ? "." : ""
    }${parts.head}${parts.tail ? html`<span class="fine">${parts.tail}</span>` : null}</span
  >`;
}

/**
 * The state in effect; `above` when a wider scope forces it and the scope's own state is looser.
 * @param {{state: string | null | undefined, above?: boolean}} props
 */
export function StateChip({ state, above = false }) {
  const look = `chip state-${String(state ?? "unknown").toLowerCase()} ${above ? "state-above" : ""}`;
  return html`<span class=${look}>${state ?? DASH}${above ? " above" : ""}</span>`;
}

/**
 * An instrument by symbol and short venue: the same symbol trades at several venues.
 * @param {{name: string, badge?: any}} props
 */
export function InstrumentName({ name, badge = null }) {
  const [venue, symbol] = name.split(":");
  return html`<span class="instrument" title=${name}
    ><b>${symbol ?? name}</b> <span class="venue">${venueText(venue)}</span>${badge}</span
  >`;
}

/** @param {{side: string}} props */
export function Side({ side }) {
  return html`<span class=${`side side-${side}`}>${side}</span>`;
}

/**
 * A button of the list of actions; greyed, with the reason in words, for a role that may not. What it does is not
 * begun again until it has ended; the button stays as it is meanwhile, for a dialog gives it the focus back.
 * @param {{action: string, label?: string, kind?: string, busy?: boolean, off?: string, submit?: boolean, id?: string, says?: string, onPress?: () => unknown}} props
 */
export function ActionButton({
  action,
  label,
  kind = "plain",
  busy = false,
  off = "",
  submit = false,
  id,
  says,
  onPress,
}) {
  const row = ACTIONS[action];
  const refusal = actionRefusal(row, role()) || off;
  const press = useOnce(() => onPress?.());
  // A key that is held presses once.
  function once(/** @type {KeyboardEvent} */ event) {
    if (event.repeat && [" ", "Enter"].includes(event.key)) {
      event.preventDefault();
    }
  }
  return html`<button
    type=${submit ? "submit" : "button"}
    id=${id}
    class=${`button button-${kind}`}
    data-action=${action}
    disabled=${busy || refusal !== ""}
    title=${refusal || says || row.says}
    onKeyDown=${once}
    onClick=${submit ? undefined : () => press()}
  >
    ${label ?? row.label}
  </button>`;
}

/**
 * What a field carries that belongs to an action: greyed, with the reason, for a role that may not.
 * @param {string} action
 * @param {string} [off] why it cannot be used now
 */
export function fieldOf(action, off = "") {
  const refusal = actionRefusal(ACTIONS[action], role()) || off;
  return { "data-field": action, disabled: refusal !== "", title: refusal || undefined };
}

/** Opens a part of a panel, and the next time too. @param {import("../layout.js").Tabbed} panel @param {string} id */
export function tabOpen(panel, id) {
  layoutTab(panel, id);
  changed();
}

/** @param {{id: string, chosen: string, label: string, onChoose: (id: string) => void}} props */
export function Tab({ id, chosen, label, onChoose }) {
  return html`<button
    type="button"
    class="tab"
    aria-pressed=${chosen === id}
    onClick=${() => onChoose(id)}
  >
    ${label}
  </button>`;
}

/**
 * Nothing is known to be there only once the topic has been heard.
 * @param {Topic} topic
 * @param {string} text
 */
export function emptyText(topic, text) {
  return topicAge(topic) === null ? "Waiting for data\u2026" : text;
}

/** Above a list that is asked for: that no answers come. @param {{old: string}} props empty: they come */
export function Late({ old }) {
  return old ? html`<p class="refusal" role="status">${old}</p>` : null;
}

/** @param {{names: string[]}} props the choices of a select: hundreds, and hardly ever others */
export function Options({ names }) {
  return useMemo(
    () => names.map((name) => html`<option key=${name} value=${name}>${name}</option>`),
    [names.join()],
  );
}

/** @param {{text: string, span: number}} props a table row that says why there are no others */
export function EmptyRow({ text, span }) {
  return html`<tr class="empty">
    <td colspan=${span}>${text}</td>
  </tr>`;
}
