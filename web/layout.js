// How each person likes the page: kept in the browser by user, read back with distrust.
//
// What is not one of the known values is dropped, so that neither an older page nor a broken store can
// keep the desk from opening. Nothing here is secret and nothing here is about trading. Before a log-in the
// page looks as it did for whoever was here last.

const STORE = "pitwall-layout";
/** Only a hint that asking who we are makes sense: the session itself is a cookie no script can read. */
const HINT = "pitwall-session";
const USERS_MAX = 20;
const THEMES = ["system", "dark", "light"];
const NAMES_MAX = 100;
const FOLDED_MAX = 50;
/** Which part of a panel is open: the first is what it opens with. */
const TABS = {
  orders: ["working", "recent", "fills"],
  pnl: ["pnl", "equity"],
  audit: ["actions", "all"],
};

/** @typedef {"system" | "dark" | "light"} Theme */
/** @typedef {keyof typeof TABS} Tabbed */
/** @typedef {{nav: "open" | "folded", theme: Theme, selected: string | null, keys: boolean, pager: boolean, tabs: Record<Tabbed, string>, folded: string[]}} Layout */

/** @param {unknown} value @returns {value is string} */
function isName(value) {
  return typeof value === "string" && value.length <= NAMES_MAX;
}

/** @param {any} kept @returns {Record<Tabbed, string>} */
function tabsOf(kept) {
  const pairs = Object.entries(TABS).map(([panel, known]) => [panel, known.includes(kept?.[panel]) ? kept[panel] : known[0]]);
  return Object.fromEntries(pairs);
}

/** @param {any} kept @returns {Layout} */
export function layoutOf(kept) {
  return {
    nav: kept?.nav === "folded" ? "folded" : "open",
    theme: THEMES.includes(kept?.theme) ? kept.theme : "system",
    selected: isName(kept?.selected) ? kept.selected : null,
    keys: kept?.keys !== false,
    pager: kept?.pager === true,
    tabs: tabsOf(kept?.tabs),
    folded: Array.isArray(kept?.folded) ? kept.folded.filter(isName).slice(0, FOLDED_MAX) : [],
  };
}

/** All that is kept: the layout of each user, and who was here last. @returns {{last: string, users: Record<string, unknown>}} */
function storeRead() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    const users = kept?.users;
    return { last: isName(kept?.last) ? kept.last : "", users: users && typeof users === "object" && !Array.isArray(users) ? users : {} };
  } catch {
    return { last: "", users: {} }; // not JSON, or no store at all: the page as it comes
  }
}

const first = storeRead();
let owner = first.last;
export const layout = layoutOf(first.users[owner]);

const light = matchMedia("(prefers-color-scheme: light)");

/** The theme in effect. @returns {"dark" | "light"} */
export function themeNow() {
  return layout.theme === "system" ? (light.matches ? "light" : "dark") : layout.theme;
}

/** Tells the style sheets. */
export function layoutShow() {
  Object.assign(document.documentElement.dataset, { theme: themeNow(), nav: layout.nav });
}

function keep() {
  const { users } = storeRead(); // another tab may have written
  const others = Object.entries(users).filter(([name]) => name !== owner);
  const all = [...others.slice(1 - USERS_MAX), [owner, layout]];
  try {
    localStorage.setItem(STORE, JSON.stringify({ last: owner, users: Object.fromEntries(all) }));
  } catch {
    // A full or forbidden store: the choice holds until the page is closed.
  }
  layoutShow();
}

/** May there be a session? A store that cannot be read does not say no. */
export function hintHeld() {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return true;
  }
}

/** @param {boolean} held a store that cannot be written keeps nobody out: they log in again after a reload */
export function hintSet(held) {
  try {
    if (held) {
      localStorage.setItem(HINT, "yes");
    } else {
      localStorage.removeItem(HINT);
    }
  } catch {
    // A full or forbidden store, as in keep().
  }
}

/** Somebody is in: the page as this user left it. @param {string} user */
export function layoutEnter(user) {
  owner = user;
  Object.assign(layout, layoutOf(storeRead().users[user]));
  keep();
}

/** @param {Partial<Layout>} change */
export function layoutSet(change) {
  Object.assign(layout, change);
  keep();
}

/** The page as it comes, for this user. */
export function layoutReset() {
  layoutSet(layoutOf(null));
}

/** @param {Tabbed} panel @param {string} id */
export function layoutTab(panel, id) {
  layoutSet({ tabs: { ...layout.tabs, [panel]: id } });
}

/** Folds a panel to its head, or unfolds it. @param {string} panel */
export function layoutFold(panel) {
  const others = layout.folded.filter((id) => id !== panel);
  layoutSet({ folded: others.length < layout.folded.length ? others : [...others, panel] });
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
