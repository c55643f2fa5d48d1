// How this person likes the page: kept in the browser, read back with distrust.
//
// What is not one of the known values is dropped, so that neither an older page nor a broken store can
// keep the desk from opening. Nothing here is secret and nothing here is about trading.

const STORE = "pitwall-layout";
const THEMES = ["system", "dark", "light"];
const NAMES_MAX = 100;

/** @typedef {"system" | "dark" | "light"} Theme */
/** @typedef {{nav: "open" | "folded", theme: Theme, selected: string | null, keys: boolean, pager: boolean}} Layout */

/** @param {any} kept @returns {Layout} */
function layoutOf(kept) {
  const name = kept?.selected;
  return {
    nav: kept?.nav === "folded" ? "folded" : "open",
    theme: THEMES.includes(kept?.theme) ? kept.theme : "system",
    selected: typeof name === "string" && name.length <= NAMES_MAX ? name : null,
    keys: kept?.keys !== false,
    pager: kept?.pager === true,
  };
}

/** @returns {Layout} */
function layoutRead() {
  try {
    return layoutOf(JSON.parse(localStorage.getItem(STORE) ?? "{}"));
  } catch {
    return layoutOf(null); // not JSON, or no store at all: the page as it comes
  }
}

export const layout = layoutRead();

const light = matchMedia("(prefers-color-scheme: light)");

/** The theme in effect. @returns {"dark" | "light"} */
export function themeNow() {
  return layout.theme === "system" ? (light.matches ? "light" : "dark") : layout.theme;
}

/** Tells the style sheets. */
export function layoutShow() {
  Object.assign(document.documentElement.dataset, { theme: themeNow(), nav: layout.nav });
}

/** @param {Partial<Layout>} change */
export function layoutSet(change) {
  Object.assign(layout, change);
  try {
    localStorage.setItem(STORE, JSON.stringify(layout));
  } catch {
    // A full or forbidden store: the choice holds until the page is closed.
  }
  layoutShow();
}

export function themeNext() {
  const at = THEMES.indexOf(layout.theme);
  layoutSet({ theme: /** @type {Theme} */ (THEMES[(at + 1) % THEMES.length]) });
}

/** @param {() => void} callback after the system's theme has changed */
export function layoutOnTheme(callback) {
  light.addEventListener("change", () => {
    layoutShow();
    callback();
  });
}
