// The way to the views, with what waits in them, and the page's own switches.

import { countText } from "../format.js";
import { densityNext, layout, layoutSet, themeNext } from "../layout.js";
import { pagerSwitch } from "../pager.js";
import { routeLink } from "../route.js";
import { changed, helpOpen, stale } from "../state.js";
import { html } from "../vendor/preact-htm.js";
import { VIEWS } from "../views.js";

const KEY_PREFIX = "g";

/** @param {{view: import("../views.js").View}} props */
function Badge({ view }) {
  const { count, says, bad = false } = view.badge?.() ?? { count: 0, says: "" };
  return count === 0
    ? null
    : html`<span class=${`badge ${bad ? "badge-bad" : ""}`} data-badge=${view.id}
        >${countText(count)}<span class="unseen"> ${says}</span></span
      >`;
}

/** @param {{view: import("../views.js").View, open: boolean}} props */
function ViewLink({ view, open }) {
  return html`<li>
    <a
      href=${routeLink(view.id)}
      aria-current=${open ? "page" : undefined}
      title=${`${view.title}: ${view.says} (${KEY_PREFIX} ${view.key})`}
      data-view=${view.id}
    >
      <kbd aria-hidden="true">${KEY_PREFIX} ${view.key}</kbd><span class="nav-word">${view.title}</span>
      <${Badge} view=${view} />
    </a>
  </li>`;
}

/** @param {{sign: string, label: string, says: string, test: string, onPress: () => void}} props */
function Tool({ sign, label, says, test, onPress }) {
  return html`<button type="button" class="nav-tool" title=${says} data-test=${test} onClick=${onPress}>
    <kbd aria-hidden="true">${sign}</kbd><span class="nav-word">${label}</span>
  </button>`;
}

/** @param {{open: string}} props the view that is open */
export function Nav({ open }) {
  const folded = layout.nav === "folded";
  const press = (/** @type {() => void} */ does) => () => {
    does();
    changed();
  };
  return html`<nav class="nav" aria-label="Views" inert=${stale()}>
    <ul>
      ${VIEWS.map((view) => html`<${ViewLink} key=${view.id} view=${view} open=${view.id === open} />`)}
    </ul>
    <div>
      <${Tool}
        sign="?"
        label="Keys"
        says="Which keys there are"
        test="help"
        onPress=${() => helpOpen(true)}
      />
      <${Tool}
        sign="\u266a"
        label=${`Pages: ${layout.pager ? "sound" : "silent"}`}
        says=${layout.pager ? "An alert that pages people sounds here and notifies. Press for silence" : "Press for a sound and a notification when an alert pages people"}
        test="pager"
        onPress=${press(() => void pagerSwitch())}
      />
      <${Tool}
        sign="\u25d0"
        label=${`Theme: ${layout.theme}`}
        says=${`Theme: ${layout.theme}. Press for the next of system, dark, light`}
        test="theme"
        onPress=${press(themeNext)}
      />
      <${Tool}
        sign="\u2261"
        label=${`Rows: ${layout.density}`}
        says=${`Rows: ${layout.density}. Press for ${layout.density === "compact" ? "comfortable" : "compact"} ones`}
        test="density"
        onPress=${press(densityNext)}
      />
      <${Tool}
        sign=${folded ? "\u00bb" : "\u00ab"}
        label=${folded ? "Unfold" : "Fold"}
        says=${folded ? "Show the names of the views" : "Show only the keys of the views"}
        test="fold"
        onPress=${press(() => layoutSet({ nav: folded ? "open" : "folded" }))}
      />
    </div>
  </nav>`;
}
