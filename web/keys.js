// Keys: one leads to an action's first field, `g` and another to a view, `?` to the list of all. A key never
// fires an action. Alt and K leads to the kill switch from everywhere, also out of a field or a dialog.

import { actionOfKey } from "./actions.js";
import { layout } from "./layout.js";
import { routeOpen } from "./route.js";
import { helpOpen, page } from "./state.js";
import { viewOfAction, VIEWS } from "./views.js";

const PREFIX = "g";
const PREFIX_MS = 1500;

let prefixAt = -Infinity;

/** @param {string} id of an element; false when it is not there to be seen */
function focusOn(id) {
  const goal = document.getElementById(id);
  if (!goal || goal.offsetParent === null || goal.matches(":disabled")) {
    return false;
  }
  goal.focus();
  goal.scrollIntoView({ block: "nearest" });
  return true;
}

/** On a narrow screen the word is folded away, the button is not. */
function leadToKill() {
  return focusOn("at-kill") || focusOn("kill");
}

/** @param {string} action */
function leadTo(action) {
  const view = viewOfAction(action);
  if (action === "kill" || !view) {
    leadToKill();
  } else if (!focusOn(`at-${action}`)) {
    routeOpen(view.id);
    // The address changes first, then the page is drawn, then there is something to look at.
    addEventListener("hashchange", () => focusOn(`at-${action}`), { once: true });
  }
}

/** @param {KeyboardEvent} event @returns {boolean} a view's key after the prefix? */
function viewKey({ key }) {
  const view = VIEWS.find((row) => row.key === key);
  const isSecond = performance.now() - prefixAt < PREFIX_MS;
  prefixAt = key === PREFIX && !isSecond ? performance.now() : -Infinity;
  if (isSecond && view) {
    routeOpen(view.id);
  }
  return key === PREFIX || (isSecond && view !== undefined);
}

/** @param {KeyboardEvent} event @returns {boolean} does it mean something to the page? */
function pressed(event) {
  const action = actionOfKey(event.key);
  if (viewKey(event)) {
    return true;
  }
  if (event.key === "?") {
    helpOpen(!page.help);
    return true;
  }
  if (action) {
    leadTo(action);
  }
  return action !== null;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
  if (page.view !== "in" || event.ctrlKey || event.metaKey) {
    return;
  }
  if (event.altKey) {
    if (event.code === "KeyK" && leadToKill()) {
      event.preventDefault();
    }
    return;
  }
  if (!typing && layout.keys && pressed(event)) {
    event.preventDefault();
  }
}

export function keysListen() {
  document.addEventListener("keydown", onKey);
}
