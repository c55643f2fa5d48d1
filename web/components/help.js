// Which keys there are, and a switch for those who type by voice or by accident.

import { ACTIONS } from "../actions.js";
import { layout, layoutReset, layoutSet } from "../layout.js";
import { changed, helpOpen, page } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { viewOfAction, VIEWS } from "../views.js";
import { Dialog } from "./dialog.js";

/** @param {{keys: string[], says: string}} props */
function Row({ keys, says }) {
  return html`<dt>${keys.map((key) => html`<kbd key=${key}>${key}</kbd> `)}</dt>
    <dd>${says}</dd>`;
}

function Help() {
  const close = () => helpOpen(false);
  const actions = Object.entries(ACTIONS).filter(([, row]) => row.key !== null);
  return html`<${Dialog} id="help" title="Keys" test="help-dialog" onClose=${close}>
    <dl class="keys">
      ${actions.map(([id, row]) => {
        const view = viewOfAction(id);
        const where = view ? `, in ${view.title}` : ", from everywhere";
        return html`<${Row} key=${id} keys=${[row.key ?? ""]} says=${`Go to: ${row.label}${where}`} />`;
      })}
      <${Row} keys=${["alt", "k"]} says="The kill switch, also while you type" />
      ${VIEWS.map((view) => html`<${Row} key=${view.id} keys=${["g", view.key]} says=${`${view.title}: ${view.says}`} />`)}
      <${Row} keys=${["?"]} says="This list" />
      <${Row} keys=${["esc"]} says="Step back from a dialog" />
    </dl>
    <label class="help-keys" for="keys-on">
      <input
        id="keys-on"
        type="checkbox"
        checked=${layout.keys}
        onChange=${(/** @type {any} */ event) => {
          layoutSet({ keys: event.target.checked });
          changed();
        }}
      />${" "}Single keys are on (Alt and K always is)
    </label>
    <div class="buttons">
      <button type="button" class="button button-primary" data-first onClick=${close}>Close</button>
      <button
        type="button"
        class="button button-plain"
        data-test="layout-reset"
        title="Theme, density, navigation, instrument, tabs, folded panels, columns, sorting, filters, keys and sound, as the page comes; yours alone"
        onClick=${() => {
          layoutReset();
          changed();
        }}
      >
        Reset layout
      </button>
    </div>
  <//>`;
}

export function HelpHost() {
  return page.help ? html`<${Help} />` : null;
}
